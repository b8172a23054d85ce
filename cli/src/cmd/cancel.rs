//! `keyway cancel`: ends a run, its `finally` blocks included.

use clap::Args as ClapArgs;
use server::engine::run::RunId;
use server::session::Session;

use super::Data;
use crate::error::{Exit, Trouble};
use crate::progress::{self, Want};

/// Cancel a run; its `finally` blocks still run
#[derive(ClapArgs)]
pub struct Args {
    /// The run
    run: String,
    /// Let the calls of its `finally` blocks go to private addresses
    #[arg(long)]
    allow_private: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let home = args.data.home()?;
    let run = RunId(args.run.into());
    let mut session = Session::open(home.clone()).await?;
    session.cancel(&run, args.allow_private).await?;
    let want = Want { json: args.json, no_wait: false, allow_private: args.allow_private };
    progress::cancelled(&mut session, &home, &run, &want).await
}
