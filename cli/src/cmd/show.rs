//! `keyway show`: what happened in a run, step by step.

mod gantt;
mod models;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args as ClapArgs;
use dsl::value::Value;
use dsl::workflow::TURN;
use server::engine::run::{Hold, RunId, Status};
use server::engine::story::{Moment, Story};
use server::engine::view::{Entry, Reused, Shown, Timeline};
use server::history::History;
use server::home::Home;

use super::runs::shown;
use super::{Data, data_flag};
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT, STRONG};
use crate::progress::{length, mark, word};
use crate::waits;

/// A value is shown so far; `--full` and `--json` show all of it.
const SHORT: usize = 72;

/// Show what happened in a run
#[derive(ClapArgs)]
pub struct Args {
    /// The run
    run: String,
    /// Show values to their end, and every step of every item
    #[arg(long)]
    full: bool,
    /// Draw when each step ran and waited
    #[arg(long, conflicts_with_all = ["events", "full"])]
    gantt: bool,
    /// List all that happened, one line each
    #[arg(long, conflicts_with = "full")]
    events: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let run = RunId(args.run.as_str().into());
    let home = args.data.home()?;
    let history = History::open(&home).map_err(server::error::Error::from)?;
    if args.gantt || args.events {
        let story = history.story(&run).map_err(server::error::Error::from)?;
        match (args.gantt, args.json) {
            (true, true) => output::json(&gantt::json(&story)),
            (true, false) => output::result(&gantt::page(&story)),
            (false, true) => output::json(&story.moments().iter().map(Moment::to_json).collect()),
            (false, false) => output::result(&events(&story)),
        }
        return Ok(Exit::Done);
    }
    let timeline = history.whole(&run).map_err(server::error::Error::from)?;
    let calls = server::usage::of_run(&home, &history, &run)?;
    if args.json {
        let mut json = timeline.to_json();
        if let (false, Some(entries)) = (calls.is_empty(), json.as_object_mut()) {
            entries.insert("calls".into(), calls.iter().map(models::to_json).collect());
        }
        output::json(&json);
    } else {
        output::result(&(page(&timeline, &home, args.full) + &models::page(&calls)));
    }
    Ok(Exit::Done)
}

fn page(timeline: &Timeline, home: &Home, full: bool) -> String {
    let data = data_flag(home);
    let mut page = head(timeline);
    for line in waits::origins(timeline) {
        page += &format!("{line}\n");
    }
    if let Some(held) = waits::held(timeline, &data) {
        page += &format!("{BUSY}{held}{BUSY:#}\n");
    }
    if let (false, false, Some(run)) = (timeline.status().has_ended(), home.is_owned(), timeline.run()) {
        page += &format!(
            "{BUSY}no process moves it just now; `keyway resume {run}{data}` goes on with it{BUSY:#}\n"
        );
    }
    page += "\n";
    let with_tools = with_tools(timeline);
    let mut shown_steps: Vec<(&String, &Entry)> = timeline
        .steps()
        .iter()
        .filter(|(path, entry)| full || visible(path, &with_tools) || entry.waits.is_some())
        .collect();
    nest(&mut shown_steps);
    let width = shown_steps.iter().map(|(path, _)| indented(path).chars().count()).max().unwrap_or(0).min(48);
    let hidden = timeline.steps().len() - shown_steps.len();
    for (path, entry) in shown_steps {
        page += &step(path, entry, timeline, width, full);
        if let Some(waiting) = waits::of(timeline, path, entry, &data) {
            waits::lines(&waiting, 6).iter().for_each(|line| page += &format!("{line}\n"));
        }
    }
    if hidden > 0 {
        page += &format!(
            "  {FAINT}and {} of further items; `--full` shows them{FAINT:#}\n",
            waits::count(hidden, "step")
        );
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

/// The run, its workflow, how it stands, when it began and how long it took.
pub fn head(timeline: &Timeline) -> String {
    let json = timeline.to_json();
    let (run, workflow) = (text(&json["run"]), text(&json["workflow"]));
    let state = match timeline.hold() {
        Some(Hold::Paused) => "paused",
        Some(Hold::Queued) => "queued",
        None => text(&json["status"]),
    };
    let mut head = format!("{STRONG}{workflow}{STRONG:#} {FAINT}run{FAINT:#} {run}  {state}");
    if let Some(started) = timeline.started() {
        head += &format!("  {FAINT}started{FAINT:#} {}", shown(started));
        if let Some(ended) = timeline.ended() {
            head += &format!("  {FAINT}took{FAINT:#} {}", length(ended.duration_since(started)));
        }
    }
    head + "\n"
}

/// All that happened, one line each.
fn events(story: &Story) -> String {
    let mut page = head(story.timeline()) + "\n";
    let moments = story.moments();
    let width = moments.iter().map(|moment| moment.step.chars().count()).max().unwrap_or(0).clamp(3, 32);
    for moment in moments {
        let step = if moment.step.is_empty() { "run" } else { &moment.step };
        let fact: String = moment.fact.to_string().replace('\n', " ");
        let fact = cut(&fact, SHORT);
        page += &format!("  {FAINT}{:.3}{FAINT:#}  {step:<width$}  {fact}\n", moment.time);
    }
    page
}

/// Puts the steps of a block behind the block; else the order in which they came stays.
pub fn nest(steps: &mut [(&String, &Entry)]) {
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

/// Of a block that runs many times, the first two items say what the others do. Of a model with tools each turn and each
/// call is another.
pub fn visible(path: &str, with_tools: &BTreeSet<&str>) -> bool {
    for (open, _) in path.match_indices('[') {
        if with_tools.contains(&path[..open]) {
            return true;
        }
        if !matches!(path[open + 1..].split(']').next(), Some("0" | "1")) {
            return false;
        }
    }
    true
}

/// The paths of the models with tools that have begun.
pub fn with_tools(timeline: &Timeline) -> BTreeSet<&str> {
    let turns = timeline.steps().iter().filter(|(_, entry)| entry.action.as_deref() == Some(TURN));
    turns.filter_map(|(path, _)| Some(path.rsplit_once('.')?.0.rsplit_once('[')?.0)).collect()
}

/// The last part of a path, as deep as it stands.
pub fn indented(path: &str) -> String {
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

fn step(path: &str, entry: &Entry, timeline: &Timeline, width: usize, full: bool) -> String {
    let (sign, style) = mark(entry.state);
    let mut line = format!("  {style}{sign}{style:#} {:<width$}  {:<11}", indented(path), word(entry.state));
    if let (Some(start), Some(from)) = (entry.started, timeline.started()) {
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
    match entry.reused {
        Some(Reused::Run) => {
            let of = timeline.past().map(|past| format!("run {}, ", past.of)).unwrap_or_default();
            more("from", format!("{of}taken over"));
        }
        Some(Reused::Answer(from)) => {
            more("from", format!("the answer of {} to the same call, used again", shown(from)));
        }
        None => {}
    }
    if let Some(child) = timeline.child(entry) {
        more("run", child.to_string());
    }
    if let Some(spent) = &entry.spent {
        more("ai", models::taken(spent));
    }
    if entry.batch {
        more("for", "its batch; when its time is up, it is asked at once".into());
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
    format!("{} {FAINT}({} bytes){FAINT:#}", cut(&text, SHORT), text.len())
}

/// The first so many letters of a text.
fn cut(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

fn text(json: &serde_json::Value) -> &str {
    json.as_str().unwrap_or_default()
}
