//! `keyway schema`: what editors need to help with workflows.

use clap::Args as ClapArgs;

use crate::error::Exit;
use crate::output;

/// Print the JSON Schema of workflows, for editors
#[derive(ClapArgs)]
pub struct Args {}

/// Carries the command out.
pub fn main(_: &Args) -> Exit {
    output::json(&dsl::schema::schema(&server::catalog()));
    Exit::Done
}
