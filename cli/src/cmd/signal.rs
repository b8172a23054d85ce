//! `keyway signal`: raises a signal for a step that waits for it.

use clap::Args as ClapArgs;
use dsl::value::Value;
use server::engine::command::Emitted;
use server::engine::run::RunId;
use server::order;
use server::session::Session;
use server::words::Word;

use super::{Data, answer};
use crate::error::{Exit, Trouble};
use crate::output;

/// Raise a signal: it wakes the step that has waited longest for it, and is kept until one does
#[derive(ClapArgs)]
pub struct Args {
    /// The signal's name
    name: String,
    /// Raise it for this run alone
    #[arg(long)]
    run: Option<String>,
    /// What it carries, as JSON
    #[arg(long, value_name = "JSON")]
    with: Option<String>,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let value = args.with.as_deref().map_or(Ok(Value::Null), answer::json)?;
    let name = args.name.into();
    let mut session = Session::open(args.data.home()?).await?;
    match args.run {
        Some(run) => {
            let run = RunId(run.into());
            session.say(&run, Word::Signal { name, value }, false).await?;
        }
        None => session.signal(Emitted { id: order::new_run().0, name, value, to: None }).await?,
    }
    output::note("raised");
    Ok(Exit::Done)
}
