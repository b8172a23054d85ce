//! `keyway runs`: what has run and what is not finished.

use anstyle::Style;
use clap::Args as ClapArgs;
use jiff::Timestamp;
use server::State;
use server::history::{History, Listed};

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
    let lines: Vec<Listed> = runs.into_iter().map(|run| Listed::of(&history, run)).collect();
    if args.json {
        output::json(&lines.iter().map(Listed::to_json).collect());
    } else if lines.is_empty() {
        output::note("there are no runs yet; `keyway run FILE` starts one");
    } else {
        output::result(&table(&lines));
    }
    Ok(Exit::Done)
}

fn table(lines: &[Listed]) -> String {
    let names = lines.iter().map(|line| line.run.workflow.chars().count()).max().unwrap_or(0).max(8);
    let ids = lines.iter().map(|line| line.run.run.0.chars().count()).max().unwrap_or(0).max(16);
    let mut table = format!(
        "{STRONG}{:<ids$}  {:<names$}  {:<10} {:<20}  TOOK{STRONG:#}\n",
        "RUN", "WORKFLOW", "STATE", "STARTED"
    );
    lines.iter().for_each(|line| table += &row(line, ids, names));
    table
}

fn row(line: &Listed, ids: usize, names: usize) -> String {
    let run = &line.run;
    let style: Style = match run.state {
        State::Running => BUSY,
        State::Succeeded => GOOD,
        State::Failed | State::Cancelled => BAD,
    };
    let took = run.ended.map(|ended| length(ended.duration_since(run.started))).unwrap_or_default();
    let row = format!(
        "{:<ids$}  {:<names$}  {style}{:<10}{style:#} {:<20}  {FAINT}{took}{FAINT:#}\n",
        run.run.to_string(),
        run.workflow,
        line.state,
        shown(run.started),
    );
    let version = line.version.map(|version| format!("version {version}"));
    let called = line.called_by.as_ref().map(|run| format!("called by {run}"));
    let past = line.takes_over.as_ref().map(|run| format!("takes over from {run}"));
    let waits = (!line.waits.is_empty()).then(|| format!("waits: {}", line.waits.join(", ")));
    let more = [version, called, past, waits].into_iter().flatten();
    more.fold(row, |row, more| row + &format!("  {FAINT}{more}{FAINT:#}\n"))
}

/// A moment to the second.
pub fn shown(time: Timestamp) -> String {
    format!("{time:.0}")
}
