//! `keyway pause`: a run starts nothing new until it is resumed.

use clap::Args as ClapArgs;
use server::engine::run::RunId;
use server::session::Session;
use server::words::Word;

use super::{Data, data_flag};
use crate::error::{Exit, Trouble};
use crate::output;

/// Pause a run: calls under way finish, nothing new starts
#[derive(ClapArgs)]
pub struct Args {
    /// The run
    run: String,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let run = RunId(args.run.into());
    let home = args.data.home()?;
    let data = data_flag(&home);
    let mut session = Session::open(home).await?;
    session.say(&run, Word::Pause, false).await?;
    output::note(&format!("paused; `keyway resume {run}{data}` goes on with it"));
    Ok(Exit::Done)
}
