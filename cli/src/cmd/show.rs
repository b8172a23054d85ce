//! `keyway show`: what happened in a run, step by step.

use std::collections::BTreeMap;

use clap::Args as ClapArgs;
use dsl::value::Value;
use jiff::Timestamp;
use server::engine::run::{RunId, Status};
use server::engine::view::{Entry, Shown, Timeline};
use server::history::History;

use super::Data;
use super::runs::shown;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT, STRONG};
use crate::progress::{self, length, mark, word};

/// A value is shown so far; `--full` and `--json` show all of it.
const SHORT: usize = 100;

/// Show what happened in a run
#[derive(ClapArgs)]
pub struct Args {
    /// The run
    run: String,
    /// Show values to their end, and every step of every item
    #[arg(long)]
    full: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let run = RunId(args.run.as_str().into());
    let history = History::open(&args.data.home()?).map_err(server::error::Error::from)?;
    let mut timeline = history.timeline(&run).map_err(server::error::Error::from)?;
    for row in history.log(&run).map_err(server::error::Error::from)? {
        timeline.apply(&row);
    }
    let timeline = progress::loaded(&timeline, &history);
    if args.json {
        output::json(&timeline.to_json());
    } else {
        output::result(&page(&timeline, args.full));
    }
    Ok(Exit::Done)
}

fn page(timeline: &Timeline, full: bool) -> String {
    let json = timeline.to_json();
    let (run, workflow) = (text(&json["run"]), text(&json["workflow"]));
    let mut page =
        format!("{STRONG}{workflow}{STRONG:#} {FAINT}run{FAINT:#} {run}  {}", text(&json["status"]));
    let started = timeline.started();
    if let Some(started) = started {
        page += &format!("  {FAINT}started{FAINT:#} {}", shown(started));
        if let Some(ended) = timeline.ended() {
            page += &format!("  {FAINT}took{FAINT:#} {}", length(ended.duration_since(started)));
        }
    }
    page += "\n\n";
    let mut shown_steps: Vec<(&String, &Entry)> =
        timeline.steps().iter().filter(|(path, _)| full || visible(path)).collect();
    nest(&mut shown_steps);
    let width = shown_steps.iter().map(|(path, _)| indented(path).chars().count()).max().unwrap_or(0).min(48);
    for (path, entry) in shown_steps {
        page += &step(path, entry, started, width, full);
    }
    let hidden = timeline.steps().keys().filter(|path| !full && !visible(path)).count();
    if hidden > 0 {
        page += &format!("  {FAINT}and {hidden} steps of further items; `--full` shows them{FAINT:#}\n");
    }
    match timeline.status() {
        Status::Succeeded(value) if !value.is_null() => {
            page += &format!("\n{STRONG}output{STRONG:#} {}\n", brief(value, full));
        }
        Status::Failed(failure) => page += &format!("\n{BAD}failed{BAD:#} {}\n", failure.failure),
        Status::New | Status::Running | Status::Succeeded(_) | Status::Cancelled => {}
    }
    page
}

/// Puts the steps of a block behind the block; else the order in which they came stays.
fn nest(steps: &mut [(&String, &Entry)]) {
    let came: BTreeMap<String, usize> =
        steps.iter().enumerate().map(|(at, (path, _))| ((*path).clone(), at)).collect();
    // A step stands where the steps around it stand, from the outermost inward; items by their number.
    let place = |path: &str| -> Vec<(usize, usize)> {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        let around =
            ends.map(|end| match path[..end].strip_suffix(']').and_then(|part| part.rsplit_once('[')) {
                Some((owner, index)) => (owner, index.parse().unwrap_or(0)),
                None => (&path[..end], 0),
            });
        around.map(|(owner, index)| (came.get(owner).copied().unwrap_or(usize::MAX), index)).collect()
    };
    steps.sort_by_cached_key(|(path, _)| place(path));
}

/// Of a block that runs many times, the first two items say what the others do.
fn visible(path: &str) -> bool {
    path.split('[').skip(1).all(|part| matches!(part.split(']').next(), Some("0" | "1")))
}

/// The last part of a path, as deep as it stands.
fn indented(path: &str) -> String {
    let depth = path.matches('.').count();
    let name = match path.rsplit_once('.') {
        Some((block, name)) => match block.strip_suffix(']').and_then(|block| block.rsplit_once('[')) {
            Some((_, index)) => format!("[{index}] {name}"),
            None => name.to_owned(),
        },
        None => path.to_owned(),
    };
    format!("{}{name}", "  ".repeat(depth))
}

fn step(path: &str, entry: &Entry, run_started: Option<Timestamp>, width: usize, full: bool) -> String {
    let (sign, style) = mark(entry.state);
    let mut line = format!("  {style}{sign}{style:#} {:<width$}  {:<11}", indented(path), word(entry.state));
    if let (Some(start), Some(from)) = (entry.started, run_started) {
        line += &format!(" {FAINT}+{:<9}{FAINT:#}", length(start.duration_since(from)));
    }
    if let (Some(start), Some(end)) = (entry.started, entry.ended) {
        line += &format!(" {:<9}", length(end.duration_since(start)));
    }
    if entry.attempts > 1 {
        line += &format!(" {} attempts", entry.attempts);
    }
    if let Some(total) = entry.children_total {
        line += &format!(" {}/{total}", entry.children_done);
    }
    let mut line = format!("{}\n", line.trim_end());
    let mut more = |name: &str, text: String| line += &format!("      {FAINT}{name:<4}{FAINT:#} {text}\n");
    if let Some(why) = &entry.why {
        more("why", why.to_string());
    }
    if let Some(until) = entry.until {
        more("till", shown(until));
    }
    if let Some(args) = entry.args.as_ref().filter(|args| !args.is_null()) {
        more("in", brief(args, full));
    }
    if let Some(value) = entry.value.as_ref().filter(|value| !value.is_null()) {
        more("out", brief(value, full));
    }
    if let Some(error) = entry.error.as_ref().filter(|_| entry.state != Shown::Succeeded) {
        more("no", format!("{BAD}{}{BAD:#}", error.failure));
    }
    line
}

fn brief(value: &Value, full: bool) -> String {
    let text = value.to_json().to_string();
    if full || text.chars().count() <= SHORT {
        return text;
    }
    let start: String = text.chars().take(SHORT).collect();
    format!("{start}… {FAINT}({} bytes){FAINT:#}", text.len())
}

fn text(json: &serde_json::Value) -> &str {
    json.as_str().unwrap_or_default()
}
