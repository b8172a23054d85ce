//! `keyway cron explain`: a cron expression in plain words.

use clap::Args as ClapArgs;

use crate::error::Exit;
use crate::output;

/// Say a cron expression in plain words
#[derive(ClapArgs)]
pub struct Args {
    /// The expression in quotes, as in "0 9 * * MON-FRI"
    #[arg(value_name = "EXPR")]
    expression: String,
}

/// Carries the command out.
pub fn main(args: &Args) -> Exit {
    let Some(schedule) = super::schedule(&args.expression) else { return Exit::No };
    output::result(&schedule.explain());
    if !schedule.comes() {
        output::note("it never comes: no year has such a day");
    }
    Exit::Done
}
