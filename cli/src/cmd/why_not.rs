//! `keyway why-not`: why a schedule started a run at a time, or did not.

use clap::Args as ClapArgs;
use dsl::cron;
use dsl::workflow::Moment;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use server::DriverError;
use server::engine::run::RunId;
use server::history::History;
use server::home::Home;
use server::kept::{Answer, Kept, Told};

use super::runs::shown;
use super::{Data, data_flag};
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, STRONG};

/// Say why a workflow did not run at a time, or that it did
#[derive(ClapArgs)]
pub struct Args {
    /// The workflow's name
    workflow: String,
    /// The time, to the minute: RFC 3339, or local time without an offset [default: the last time of each trigger]
    #[arg(long, value_name = "T")]
    at: Option<String>,
    /// Print the answers as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let home = args.data.home()?;
    let kept = Kept::open(&home)?;
    let now = Timestamp::now();
    let standing = kept.workflow(&args.workflow)?;
    let answers = match &args.at {
        Some(at) => kept.why(&args.workflow, time(at)?, now)?,
        None => kept.latest(&args.workflow, now)?,
    };
    if args.json {
        let json: Vec<_> = answers.iter().map(|(text, answer)| as_json(text, answer, &home)).collect();
        output::json(&json.into());
        return Ok(Exit::Done);
    }
    let mut callers = kept.callers()?;
    callers.retain(|caller| caller.workflow == args.workflow);
    if answers.is_empty() && callers.is_empty() {
        output::result(&format!("`{}` has no trigger with times", args.workflow));
    }
    for (text, answer) in &answers {
        output::result(&format!("{STRONG}{text}{STRONG:#}\n  {}", sentence(answer, &home)));
    }
    // What waits for something from outside has no times: how it stands says why nothing came.
    if args.at.is_none() {
        callers.iter().for_each(|caller| output::result(&super::webhooks::lines(caller, None)));
    }
    if !standing.enabled {
        let since = shown(Timestamp::from_nanosecond(i128::from(standing.changed)).unwrap_or_default());
        output::result(&format!(
            "the workflow is disabled since {since}; `keyway enable {}{}` lets its triggers start runs again",
            args.workflow,
            data_flag(&home)
        ));
    }
    Ok(Exit::Done)
}

/// A time as it is typed: local time is that of this machine's zone.
fn time(text: &str) -> Result<Timestamp, Trouble> {
    let instant = match Moment::parse(text.trim()) {
        Some(Moment::Exact(instant)) => Some(instant),
        Some(Moment::Local(local)) => cron::instant(local, &TimeZone::system()),
        None => None,
    };
    instant.ok_or_else(|| {
        Trouble::no(format!("`{text}` is not a time"))
            .help("write `2026-12-24T09:00`, or with an offset, as in `2026-12-24T09:00:00+01:00`")
    })
}

fn sentence(answer: &Answer, home: &Home) -> String {
    match answer {
        Answer::Decided(told) => format!("{}: {}{}", span(told), told.sentence(), fate(told, home)),
        Answer::NoTime { before, after } => {
            let around = [("the last before was", before), ("the next is", after)];
            let around =
                around.iter().filter_map(|(words, time)| Some(format!("{words} {}", shown((**time)?))));
            let around: Vec<String> = around.collect();
            match around.is_empty() {
                true => "no run: it has no time then, nor any after".into(),
                false => format!("no run: it has no time then; {}", around.join(", ")),
            }
        }
        Answer::ToCome(due) => format!("not yet: it is due at {}", shown(*due)),
        Answer::Undecided(instant) => format!(
            "{}: not decided yet, since nobody keeps schedules; `keyway serve{}` does, and `catch_up` says what \
             becomes of late times",
            shown(*instant),
            data_flag(home)
        ),
        Answer::Before(since) => format!("no run: the trigger is in force only since {}", shown(*since)),
        Answer::Forgotten(instant) => {
            format!("{}: it was decided, and what became of it has been cleaned away", shown(*instant))
        }
    }
}

fn span(told: &Told) -> String {
    let count = if told.count > 1 { format!(" ({} times)", told.count) } else { String::new() };
    if told.first == told.last {
        shown(told.first)
    } else {
        format!("{} to {}{count}", shown(told.first), shown(told.last))
    }
}

/// How the run stands that was started.
fn fate(told: &Told, home: &Home) -> String {
    let Some(run) = &told.run else { return String::new() };
    let late = told.decided.duration_since(told.last);
    let late = if late.as_secs() > 60 { format!(", at {}", shown(told.decided)) } else { String::new() };
    match state(run, home) {
        Some(state) => format!(" {FAINT}({state}{late}){FAINT:#}"),
        None => format!(" {FAINT}(cleaned away){FAINT:#}"),
    }
}

fn state(run: &str, home: &Home) -> Option<&'static str> {
    let run = RunId(run.into());
    let summary = History::open(home).and_then(|history| history.summary(&run));
    match summary {
        Ok(summary) => Some(summary.state.name()),
        Err(DriverError::NoRun(_)) => None,
        Err(_) => Some("it cannot be read"),
    }
}

fn as_json(text: &str, answer: &Answer, home: &Home) -> serde_json::Value {
    let told = match answer {
        Answer::Decided(told) => Some(told.to_json()),
        Answer::NoTime { .. }
        | Answer::ToCome(_)
        | Answer::Undecided(_)
        | Answer::Before(_)
        | Answer::Forgotten(_) => None,
    };
    let plain = anstream::adapter::strip_str(&sentence(answer, home)).to_string();
    json!({ "schedule": text, "answer": plain, "decided": told })
}
