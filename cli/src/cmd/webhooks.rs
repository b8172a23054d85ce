//! `keyway webhooks`: what waits for something from outside, the addresses that others call, and what came last.

use clap::{Args as ClapArgs, Subcommand};
use serde_json::json;
use server::kept::{Caller, Kept};
use server::owner::callers::Address;
use server::owner::deploy::Outcome;
use server::protocol::{Act, Polled};
use server::session::Session;

use super::Data;
use super::runs::shown;
use super::secrets::timestamp;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT, STRONG};

/// Show what waits for calls, events and signals, and keep the addresses of webhooks
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List what waits for something from outside, and what came last; addresses are not shown
    List {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Show the addresses of a workflow: who knows one may call it
    Show(Named),
    /// Give a workflow other addresses: those before count no more from then on
    Rotate(Named),
}

#[derive(ClapArgs)]
struct Named {
    /// The workflow's name
    workflow: String,
    /// Only this trigger, as `keyway webhooks list` calls it
    #[arg(long, value_name = "TRIGGER")]
    trigger: Option<String>,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    match args.command {
        Command::List { json, data } => list(json, &data)?,
        Command::Show(named) => tell(named, Act::Tell).await?,
        Command::Rotate(named) => tell(named, Act::Do).await?,
    }
    Ok(Exit::Done)
}

async fn tell(named: Named, act: Act) -> Result<(), Trouble> {
    let mut session = Session::open(named.data.home()?).await?;
    let found = session.addresses(&named.workflow, named.trigger, act).await?;
    if named.json {
        output::json(&json!({ "workflow": named.workflow, "addresses": server::shown::addresses(&found) }));
        return Ok(());
    }
    for address in &found {
        output::result(&line(address));
    }
    if act == Act::Do {
        output::note("the addresses before count no more; tell whoever calls them");
    }
    Ok(())
}

fn list(json: bool, data: &Data) -> Result<(), Trouble> {
    let callers = Kept::open(&data.home()?)?.callers()?;
    if json {
        output::json(&json!({ "triggers": callers.iter().map(Caller::to_json).collect::<Vec<_>>() }));
    } else if callers.is_empty() {
        output::note("no workflow that is deployed waits for calls, events or signals");
    } else {
        output::result(&callers.iter().map(|caller| lines(caller, None)).collect::<String>());
    }
    Ok(())
}

/// A trigger and how it stands.
pub fn lines(caller: &Caller, now: Option<&Polled>) -> String {
    let mut page = format!("{STRONG}{}{STRONG:#}  {}\n", caller.workflow, caller.text);
    let mut line = |name: &str, text: String| page += &format!("  {FAINT}{name:<7}{FAINT:#} {text}\n");
    if !caller.enabled {
        line("state", format!("{BUSY}the workflow is disabled{BUSY:#}"));
    }
    if caller.hook.is_some() {
        line("address", format!("`keyway webhooks show {}` shows it", caller.workflow));
    }
    if let Some(poll) = &caller.poll {
        let answered = match poll.answered {
            0 => "the service has not answered yet".into(),
            time => format!("something was new at {}", shown(timestamp(time))),
        };
        line("new", answered);
        // Only who asks knows when.
        for (word, time) in now.iter().flat_map(|now| [("asked", &now.asked), ("next", &now.next)]) {
            let time = time.as_ref().and_then(|time| time.parse().ok());
            line(word, time.map_or_else(|| "not yet".into(), shown));
        }
        if poll.failures > 0 {
            line("failed", format!("{BAD}{} in a row{BAD:#}: {}", times(poll.failures), poll.why));
        }
    }
    if let Some(told) = &caller.subscription {
        line(
            "service",
            if told.kept.is_some() {
                "knows the address".into()
            } else {
                "does not know the address yet".into()
            },
        );
        if let Some(due) = told.due {
            let what = if !told.wanted {
                "taken back"
            } else if told.kept.is_some() {
                "told again"
            } else {
                "told"
            };
            line("next", format!("it is {what} at {}", shown(timestamp(due))));
        }
        if told.failures > 0 {
            line("failed", format!("{BAD}{} in a row{BAD:#}: {}", times(told.failures), told.why));
        }
    }
    match &caller.last {
        None => line("last", "nothing has come yet".into()),
        Some(last) => line("last", format!("{}: {}", shown(timestamp(last.time)), last.sentence())),
    }
    page
}

fn times(count: i64) -> String {
    crate::waits::count(usize::try_from(count).unwrap_or(usize::MAX), "time")
}

/// Tells the addresses that were made just now.
pub fn tell_fresh(outcome: &Outcome) {
    for address in outcome.addresses.iter().filter(|address| address.fresh) {
        output::note(&line(address));
    }
}

fn line(address: &Address) -> String {
    // Where nobody serves, nobody knows where it will be reached.
    let place = if address.url.starts_with('/') { " below the address of `keyway serve`" } else { "" };
    format!(
        "{STRONG}{}{STRONG:#} {FAINT}is called at{FAINT:#} {}{FAINT}{place}{FAINT:#}",
        address.trigger, address.url
    )
}
