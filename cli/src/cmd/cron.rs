//! `keyway cron`: what a cron expression says, and when it comes.

mod explain;
mod next;

use clap::{Args as ClapArgs, Subcommand};
use dsl::cron::Schedule;

use crate::error::{Exit, Trouble};
use crate::output;

/// Show what a cron expression says, and when it comes
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Explain(explain::Args),
    Next(next::Args),
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Explain(args) => Ok(explain::main(args)),
        Command::Next(args) => next::main(args),
    }
}

/// Reads an expression; what is wrong with it is told as it is of a workflow.
fn schedule(text: &str) -> Option<Schedule> {
    Schedule::parse(text).map_err(|wrong| output::diagnostics("expression", text, &wrong)).ok()
}
