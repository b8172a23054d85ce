//! `keyway enable`, `keyway disable` and `keyway rollback`: which version of a workflow is in force, and whether its
//! triggers start runs.

use clap::Args as ClapArgs;
use server::owner::deploy::{Outcome, Wish};
use server::session::Session;

use super::{Data, deploy};
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, GOOD};

/// Enable a deployed workflow: its triggers start runs again, from now on
#[derive(ClapArgs)]
pub struct EnableArgs {
    /// The workflow's name
    name: String,
    #[command(flatten)]
    data: Data,
}

/// Disable a deployed workflow: its triggers start no runs; those under way go on
#[derive(ClapArgs)]
pub struct DisableArgs {
    /// The workflow's name
    name: String,
    #[command(flatten)]
    data: Data,
}

/// Put an earlier version of a workflow in force again; runs under way stay with theirs
#[derive(ClapArgs)]
pub struct RollbackArgs {
    /// The workflow's name
    name: String,
    /// The version [default: the one before that in force]
    #[arg(long, value_name = "N")]
    to: Option<i64>,
    #[command(flatten)]
    data: Data,
}

/// Carries `enable` out.
pub async fn enable(args: EnableArgs) -> Result<Exit, Trouble> {
    let outcome = put(&args.data, &args.name, Wish::Enable).await?;
    tell(&outcome, "enabled");
    Ok(Exit::Done)
}

/// Carries `disable` out.
pub async fn disable(args: DisableArgs) -> Result<Exit, Trouble> {
    let outcome = put(&args.data, &args.name, Wish::Disable).await?;
    tell(&outcome, "disabled");
    Ok(Exit::Done)
}

/// Carries `rollback` out.
pub async fn rollback(args: RollbackArgs) -> Result<Exit, Trouble> {
    let outcome = put(&args.data, &args.name, Wish::Rollback { to: args.to }).await?;
    match outcome.version {
        Some(version) => {
            output::result(&deploy::behaviour(&outcome.change));
            output::note(&format!(
                "{GOOD}rolled back{GOOD:#} {} {FAINT}to version{FAINT:#} {version}",
                args.name
            ));
        }
        None => output::note("that version is in force already"),
    }
    Ok(Exit::Done)
}

async fn put(data: &Data, name: &str, wish: Wish) -> Result<Outcome, Trouble> {
    let mut session = Session::open(data.home()?).await?;
    Ok(session.put(name, wish).await?)
}

fn tell(outcome: &Outcome, word: &str) {
    match outcome.version {
        Some(_) => {
            output::note(&format!("{word} {}", outcome.workflow));
            super::webhooks::tell_fresh(outcome);
        }
        None => output::note(&format!("{} is {word} already", outcome.workflow)),
    }
}
