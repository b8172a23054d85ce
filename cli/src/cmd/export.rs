//! `keyway export`: the whole history of a run as one JSON document.

use clap::Args as ClapArgs;
use server::engine::run::RunId;
use server::history::History;

use super::Data;
use crate::error::{Exit, Trouble};
use crate::output;

/// Print the whole history of a run as JSON: its log, its plan and its large values
#[derive(ClapArgs)]
pub struct Args {
    /// The run
    run: String,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let run = RunId(args.run.as_str().into());
    let history = History::open(&args.data.home()?).map_err(server::error::Error::from)?;
    output::json(&history.export(&run).map_err(server::error::Error::from)?);
    Ok(Exit::Done)
}
