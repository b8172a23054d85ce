//! `keyway schema`: what editors need to help with workflows.

use clap::Args as ClapArgs;

use crate::error::Exit;
use crate::output;

/// Print the JSON Schema of workflows, for editors
#[derive(ClapArgs)]
pub struct Args {
    /// Print the schema of test files instead
    #[arg(long)]
    test: bool,
}

/// Carries the command out.
pub fn main(args: &Args) -> Exit {
    let catalog = server::catalog();
    output::json(&if args.test { dsl::schema::tests(&catalog) } else { dsl::schema::schema(&catalog) });
    Exit::Done
}
