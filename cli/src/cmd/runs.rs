//! `keyway runs`: what has run and what is not finished.

use clap::Args as ClapArgs;
use jiff::Timestamp;
use server::history::History;
use server::{State, Summary};

use super::Data;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT, GOOD, STRONG};
use crate::progress::length;

/// List runs, latest first
#[derive(ClapArgs)]
pub struct Args {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let history = History::open(&args.data.home()?).map_err(server::error::Error::from)?;
    let runs = history.runs().map_err(server::error::Error::from)?;
    if args.json {
        output::json(&runs.iter().map(json).collect());
    } else if runs.is_empty() {
        output::note("there are no runs yet; `keyway run FILE` starts one");
    } else {
        let width = runs.iter().map(|run| run.workflow.chars().count()).max().unwrap_or(0).max(8);
        let mut table = format!(
            "{STRONG}{:<17}{:<width$}  {:<10} {:<20}  TOOK{STRONG:#}\n",
            "RUN", "WORKFLOW", "STATE", "STARTED"
        );
        runs.iter().for_each(|run| table += &row(run, width));
        output::result(&table);
    }
    Ok(Exit::Done)
}

fn row(run: &Summary, width: usize) -> String {
    let style = match run.state {
        State::Running => BUSY,
        State::Succeeded => GOOD,
        State::Failed | State::Cancelled => BAD,
    };
    let took = run.ended.map(|ended| length(ended.duration_since(run.started))).unwrap_or_default();
    format!(
        "{:<17}{:<width$}  {style}{:<10}{style:#} {:<20}  {FAINT}{took}{FAINT:#}\n",
        run.run.to_string(),
        run.workflow,
        run.state.name(),
        shown(run.started),
    )
}

/// A moment to the second.
pub fn shown(time: Timestamp) -> String {
    format!("{time:.0}")
}

fn json(run: &Summary) -> serde_json::Value {
    serde_json::json!({
        "run": run.run.to_string(),
        "workflow": run.workflow,
        "status": run.state.name(),
        "started": run.started.to_string(),
        "ended": run.ended.map(|time| time.to_string()),
    })
}
