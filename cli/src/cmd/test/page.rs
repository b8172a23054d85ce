//! What came of tests, for people: a line for each case, and for one that failed what was expected and what came.

use std::time::Duration;

use dsl::diagnostic::Severity;
use dsl::render::{Color, text};
use server::engine::view::{Entry, Shown};
use server::rehearse::{Tried, Unmet};
use similar::{ChangeTag, TextDiff};

use super::{Count, Played};
use crate::cmd::check::plural;
use crate::output::{self, BAD, BUSY, FAINT, GOOD, STRONG};

/// Values that are longer than this are compared line by line.
const SHORT: usize = 60;

/// A case that is played for longer than this is told so.
const SLOW: Duration = Duration::from_millis(500);

/// Of more steps or cases than this, those that matter are shown.
const MANY: usize = 20;

/// Prints it.
pub fn show(played: &[Played], count: &Count, took: Duration) {
    for file in played {
        output::result(&page(file));
        let workflow = file.tested.workflow.iter();
        for (path, source, found) in workflow.filter(|_| file.is_broken()) {
            let errors: Vec<_> = found.iter().filter(|it| it.severity == Severity::Error).cloned().collect();
            output::diagnostics(&path.display().to_string(), source, &errors);
        }
        output::diagnostics(&file.file, &file.text, &file.tested.diagnostics);
        for tried in &file.tested.cases {
            output::diagnostics(&file.file, &file.text, &tried.warnings);
        }
    }
    output::result(&(failures(played) + &summary(count, took.as_secs_f64())));
}

/// The cases that failed once more, where there are so many cases that they are out of sight, and how to go on.
fn failures(played: &[Played]) -> String {
    let failed = played.iter().flat_map(|file| {
        file.tested.cases.iter().filter(|tried| !tried.passed()).map(move |tried| (file, tried))
    });
    let failed: Vec<(&Played, &Tried)> = failed.collect();
    let Some((file, first)) = failed.first() else { return String::new() };
    let mut page = String::from("\n");
    if played.iter().map(|file| file.tested.cases.len()).sum::<usize>() > MANY {
        page += &format!("{STRONG}failed{STRONG:#}\n");
        for (file, tried) in &failed {
            let message = tried.unmet.first().map_or("", |unmet| unmet.diagnostic.message.as_str());
            page += &format!("  {BAD}✗{BAD:#} {}: {} {FAINT}{message}{FAINT:#}\n", file.file, tried.name);
        }
        page.push('\n');
    }
    let quoted = crate::waits::quoted(&first.name);
    page += &format!("{FAINT}one alone: keyway test {} --case {quoted}{FAINT:#}\n", file.file);
    let all_written = failed.iter().all(|(_, tried)| tried.unmet.iter().all(|it| !it.rewrites.is_empty()));
    if all_written {
        page += &format!("{FAINT}if what came is right: keyway test --update writes it down{FAINT:#}\n");
    }
    page
}

fn summary(count: &Count, seconds: f64) -> String {
    let mut parts = vec![];
    if count.passed > 0 || count.failed + count.broken == 0 {
        parts.push(format!("{GOOD}{} passed{GOOD:#}", plural(count.passed, "case")));
    }
    if count.failed > 0 {
        parts.push(format!("{BAD}{} failed{BAD:#}", plural(count.failed, "case")));
    }
    if count.broken > 0 {
        parts.push(format!("{BAD}{} not played{BAD:#}", plural(count.broken, "file")));
    }
    format!("{} {FAINT}in {seconds:.2} s{FAINT:#}\n", parts.join(", "))
}

fn page(played: &Played) -> String {
    let mut page = format!("{STRONG}{}{STRONG:#}\n", played.file);
    for tried in &played.tested.cases {
        let mut took = match tried.came.took.is_zero() {
            true => String::new(),
            false => format!(" {FAINT}{}{FAINT:#}", dsl::value::Value::Duration(tried.came.took)),
        };
        if tried.came.cost > 0 {
            took += &format!(" {FAINT}{} USD{FAINT:#}", server::engine::spent::dollars(tried.came.cost));
        }
        // A case that takes long is worth a look; the others take no time to speak of.
        if tried.played > SLOW {
            took += &format!(" {BUSY}played for {:.1} s{BUSY:#}", tried.played.as_secs_f64());
        }
        let mark = if tried.passed() { format!("{GOOD}✓{GOOD:#}") } else { format!("{BAD}✗{BAD:#}") };
        page += &format!("  {mark} {}{took}\n", tried.name);
        if !tried.passed() {
            page += &story(played, tried);
        }
    }
    page
}

/// Why a case failed.
fn story(played: &Played, tried: &Tried) -> String {
    let mut story = String::from("\n");
    for unmet in &tried.unmet {
        story += &text(&played.file, &played.text, std::slice::from_ref(&unmet.diagnostic), Color::Always);
        story += &difference(unmet);
        story.push('\n');
    }
    story + &steps(tried)
}

/// How the steps stand: all, or of many those that did not just succeed.
fn steps(tried: &Tried) -> String {
    let steps = &tried.came.steps;
    if steps.is_empty() {
        return String::new();
    }
    let matters = |path: &str, entry: &Entry| {
        steps.len() <= MANY || entry.state != Shown::Succeeded || !path.contains(['.', '['])
    };
    let mut page = format!("{FAINT}steps{FAINT:#}\n");
    let mut left = 0;
    for (path, entry) in steps {
        if !matters(path, entry) {
            left += 1;
            continue;
        }
        let style = match entry.state {
            Shown::Succeeded => GOOD,
            Shown::Failed | Shown::InDoubt | Shown::Cancelled => BAD,
            Shown::Running | Shown::Waiting => BUSY,
            Shown::Skipped | Shown::NotStarted => FAINT,
        };
        let why = match (&entry.error, &entry.why) {
            (Some(failure), _) => format!(" {FAINT}{}{FAINT:#}", failure.failure),
            (None, Some(why)) => format!(" {FAINT}{why}{FAINT:#}"),
            (None, None) => String::new(),
        };
        page += &format!("  {style}{:<11}{style:#} {path}{why}\n", entry.state.name());
    }
    if left > 0 {
        page += &format!("  {FAINT}and {left} more succeeded{FAINT:#}\n");
    }
    page + "\n"
}

/// What was expected and what came, where that is too much for a message.
fn difference(unmet: &Unmet) -> String {
    let pretty = |json| serde_json::to_string_pretty(json).unwrap_or_default();
    let (expected, got) = (pretty(&unmet.expected), pretty(&unmet.got));
    if unmet.expected.is_null() || (expected.len() <= SHORT && got.len() <= SHORT) {
        return String::new();
    }
    let mut page = format!("  {BAD}- expected{BAD:#}\n  {GOOD}+ came{GOOD:#}\n");
    for change in TextDiff::from_lines(&(expected + "\n"), &(got + "\n")).iter_all_changes() {
        let line = change.value().trim_end_matches('\n');
        page += &match change.tag() {
            ChangeTag::Delete => format!("  {BAD}- {line}{BAD:#}\n"),
            ChangeTag::Insert => format!("  {GOOD}+ {line}{GOOD:#}\n"),
            ChangeTag::Equal => format!("    {line}\n"),
        };
    }
    page
}
