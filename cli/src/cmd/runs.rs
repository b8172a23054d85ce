//! `keyway runs`: what has run and what is not finished.

use anstyle::Style;
use clap::Args as ClapArgs;
use jiff::Timestamp;
use server::engine::event::Event;
use server::engine::run::{Hold, RunId};
use server::engine::story::who;
use server::engine::view::{Timeline, Waits};
use server::history::History;
use server::order::Note;
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

/// A run in the list.
struct Line {
    run: Summary,
    /// How it stands, more closely than the store says.
    state: &'static str,
    /// For whom or what it waits.
    waits: Vec<String>,
    called_by: Option<RunId>,
    version: Option<i64>,
    takes_over: Option<RunId>,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let history = History::open(&args.data.home()?).map_err(server::error::Error::from)?;
    let runs = history.runs().map_err(server::error::Error::from)?;
    let lines: Vec<Line> = runs.into_iter().map(|run| line(&history, run)).collect();
    if args.json {
        output::json(&lines.iter().map(json).collect());
    } else if lines.is_empty() {
        output::note("there are no runs yet; `keyway run FILE` starts one");
    } else {
        output::result(&table(&lines));
    }
    Ok(Exit::Done)
}

/// Only what is not finished is read whole; of the others, how they began.
fn line(history: &History, run: Summary) -> Line {
    let mut line = Line {
        state: run.state.name(),
        run,
        waits: vec![],
        called_by: None,
        version: None,
        takes_over: None,
    };
    let run = &line.run.run;
    if line.run.state == State::Running {
        match history.story(run) {
            Ok(story) => stand(&mut line, story.timeline()),
            // A run that cannot be read does not hide the others.
            Err(error) => line.waits.push(error.to_string()),
        }
    }
    // A run whose log is damaged is listed all the same.
    let first = history.first(&line.run.run).ok().flatten();
    if let Some(Event::RunStarted { parent, past, note, .. }) =
        first.and_then(|row| row.events.into_iter().next())
    {
        line.version = Note::of(&note).and_then(|note| note.version);
        line.called_by = parent.map(|parent| parent.run);
        line.takes_over = past.map(|past| past.of.clone());
    }
    line
}

/// How a run that is not finished stands.
fn stand(line: &mut Line, timeline: &Timeline) {
    line.waits = waits(timeline);
    line.state = match timeline.hold() {
        Some(Hold::Paused) => "paused",
        Some(Hold::Queued) => "queued",
        None if timeline.is_waiting() => "waiting",
        None => line.state,
    };
}

/// For whom or what its steps wait: the first of each kind.
fn waits(timeline: &Timeline) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    for (path, entry) in timeline.steps() {
        let text = match &entry.waits {
            Some(Waits::Person(asked)) => format!("`{path}` asks {}", who(&asked.who)),
            Some(Waits::Signal(name)) => format!("`{path}` for the signal `{name}`"),
            Some(Waits::Doubt) => format!("`{path}` is in doubt"),
            None => match entry.until {
                Some(until) => format!("`{path}` until {}", shown(until)),
                None => continue,
            },
        };
        found.push(text);
    }
    let more = found.len().saturating_sub(2);
    found.truncate(2);
    found.extend((more > 0).then(|| format!("and {more} more")));
    found
}

fn table(lines: &[Line]) -> String {
    let names = lines.iter().map(|line| line.run.workflow.chars().count()).max().unwrap_or(0).max(8);
    let ids = lines.iter().map(|line| line.run.run.0.chars().count()).max().unwrap_or(0).max(16);
    let mut table = format!(
        "{STRONG}{:<ids$}  {:<names$}  {:<10} {:<20}  TOOK{STRONG:#}\n",
        "RUN", "WORKFLOW", "STATE", "STARTED"
    );
    lines.iter().for_each(|line| table += &row(line, ids, names));
    table
}

fn row(line: &Line, ids: usize, names: usize) -> String {
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

fn json(line: &Line) -> serde_json::Value {
    let run = &line.run;
    let mut json = serde_json::json!({
        "run": run.run.to_string(),
        "workflow": run.workflow,
        "status": run.state.name(),
        "state": line.state,
        "started": run.started.to_string(),
        "ended": run.ended.map(|time| time.to_string()),
    });
    let more = [
        ("version", line.version.map(Into::into)),
        ("called_by", line.called_by.as_ref().map(|run| run.to_string().into())),
        ("takes_over_from", line.takes_over.as_ref().map(|run| run.to_string().into())),
        ("waits", (!line.waits.is_empty()).then(|| line.waits.clone().into())),
    ];
    if let Some(entries) = json.as_object_mut() {
        entries.extend(more.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    }
    json
}
