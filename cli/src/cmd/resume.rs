//! `keyway resume`: takes up what is not finished.

use clap::Args as ClapArgs;
use server::engine::run::RunId;
use server::session::Session;

use super::Data;
use crate::error::{Exit, Trouble};
use crate::output;
use crate::progress::{self, Want};

/// Take up a run that is not finished, or all of them
#[derive(ClapArgs)]
pub struct Args {
    /// The run; without one, all that are unfinished
    run: Option<String>,
    /// Let calls go to private addresses, such as this machine's
    #[arg(long)]
    allow_private: bool,
    /// Print the result of each run as JSON
    #[arg(long)]
    json: bool,
    /// Detach at the first long wait
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out. Several runs go on at once, and are followed one after another.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let home = args.data.home()?;
    let mut session = Session::open(home.clone()).await?;
    let wanted = args.run.map(|run| RunId(run.into()));
    let runs = session.resume(wanted.as_ref(), args.allow_private).await?;
    if runs.is_empty() {
        output::note("every run is finished");
    }
    let want = Want { json: args.json, no_wait: args.no_wait, allow_private: args.allow_private };
    let mut exit = Exit::Done;
    for run in runs {
        match progress::follow(&mut session, &home, run, &want).await? {
            Exit::Done => {}
            other => exit = other,
        }
    }
    Ok(exit)
}
