//! Golden histories: logs that some version wrote, kept for ever, each with its plan and, in a file beside it, with
//! what every later version must make of it. They are added and never rewritten.
#![allow(clippy::disallowed_methods, reason = "a test reads and writes its files")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use engine::command::Command;
use engine::event::Recorded;
use engine::plan::Plan;
use engine::run::{Run, Status};
use engine::view::Timeline;
use serde::Deserialize;

/// A log with the plan that it follows.
#[derive(Deserialize)]
pub struct Golden {
    /// The plan.
    pub plan: Plan,
    /// The log.
    pub log: Vec<Recorded>,
}

/// Where they are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Adds a history if `KEYWAY_GOLDEN` is set and there is none of this name.
pub fn add(name: &str, plan: &Plan, log: &[Recorded]) {
    let path = folder().join(format!("{name}.json"));
    if std::env::var("KEYWAY_GOLDEN").is_err() || path.exists() || log.is_empty() {
        return;
    }
    let rows: Vec<String> = log.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
    let plan_text = serde_json::to_string(plan).unwrap();
    let text = format!("{{\"plan\":{plan_text},\n\"log\":[\n{}\n]}}\n", rows.join(",\n"));
    fs::write(&path, text).unwrap();
    fs::write(path.with_extension("txt"), tell(plan, log)).unwrap();
}

/// The state at the end of a log, as text.
pub fn tell(plan: &Plan, log: &[Recorded]) -> String {
    let run = Run::fold(log).unwrap();
    let mut timeline = Timeline::new(plan);
    log.iter().for_each(|row| drop(timeline.apply(row)));
    let mut text = String::new();
    let mut line = |line: String| writeln!(text, "{line}").unwrap();
    line(format!("plan {}", plan.digest));
    let status = match &run.status {
        Status::New => "new".to_owned(),
        Status::Running if run.cancelled => "being cancelled".to_owned(),
        Status::Running => "running".to_owned(),
        Status::Succeeded(output) => format!("succeeded: {}", output.to_json()),
        Status::Failed(failure) => format!("failed: {}", failure.to_value().to_json()),
        Status::Cancelled => "cancelled".to_owned(),
    };
    let id = run.id.as_ref().map(ToString::to_string).unwrap_or_default();
    line(format!("run {id} after {} rows: {status}", run.seq));
    line(format!("{} steps begun, {} instances opened", run.steps, run.next));
    if let Some(hold) = run.hold {
        line(format!("held: {hold:?}"));
    }
    for (name, kept) in &run.signals {
        let values: Vec<String> = kept.iter().map(|value| value.to_json().to_string()).collect();
        line(format!("kept {name}: {}", values.join(", ")));
    }
    for (name, listening) in &run.listening {
        line(format!("who listens for {name}: {listening:?}"));
    }
    for command in run.outstanding() {
        line(match command {
            Command::Call(call) => {
                format!("outstanding: call {:?} #{} key {}", call.at, call.attempt, call.key)
            }
            Command::Wake(timer) => format!("outstanding: wake {timer:?}"),
            Command::Listen { at, name, since } => format!("outstanding: listen {at:?} {name} since {since}"),
            Command::Nudge => "outstanding: nudge".to_owned(),
            Command::Abort { .. } | Command::Emit(_) => "outstanding: what never is".to_owned(),
        });
    }
    for (path, entry) in timeline.steps() {
        let mut about = format!("{path}: {}, {} attempts", entry.state.name(), entry.attempts);
        let mut add = |what: &str, text: Option<String>| {
            if let Some(text) = text {
                write!(about, ", {what} {text}").unwrap();
            }
        };
        add("from", entry.started.map(|time| time.to_string()));
        add("to", entry.ended.map(|time| time.to_string()));
        add("until", entry.until.map(|time| time.to_string()));
        add("key", entry.key.as_ref().map(ToString::to_string));
        add("sent", entry.args.as_ref().map(|args| args.to_json().to_string()));
        add("because", entry.why.as_ref().map(ToString::to_string));
        add("waits for", entry.waits.as_ref().map(|waits| format!("{waits:?}")));
        add("reused", entry.reused.map(|reused| format!("{reused:?}")));
        add("error", entry.error.as_ref().map(|failure| failure.to_value().to_json().to_string()));
        add("value", entry.value.as_ref().map(|value| value.to_json().to_string()));
        line(about);
    }
    text
}
