//! Results go to stdout, everything else to stderr; both take colour away where it is not wanted.

use std::io::Write;

use anstyle::{AnsiColor, Style};

use crate::error::Exit;

/// What went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What went wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What is under way.
pub const BUSY: Style = AnsiColor::Cyan.on_default();
/// What matters less.
pub const FAINT: Style = Style::new().dimmed();
/// What matters more.
pub const STRONG: Style = Style::new().bold();

/// Writes a result to stdout. Where nobody reads it any more, that is the reader's wish.
pub fn result(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Writes a line for a person to stderr.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Asks a person for a line, behind a mark on a line of its own.
pub fn ask() {
    let mut stderr = anstream::stderr().lock();
    let _ = write!(stderr, "{BUSY}>{BUSY:#} ").and_then(|()| stderr.flush());
}

/// Writes an error, and what to do about it.
pub fn error(message: &str, help: Option<&str>) {
    let mut lines = message.lines();
    note(&format!("{BAD}error{BAD:#}{STRONG}: {}{STRONG:#}", lines.next().unwrap_or_default()));
    lines.for_each(|line| note(&format!("       {line}")));
    if let Some(help) = help {
        note(&format!("  {BUSY}help{BUSY:#}: {help}"));
    }
}

/// Writes what is wrong with a workflow's text.
pub fn diagnostics(file: &str, text: &str, found: &[dsl::diagnostic::Diagnostic]) {
    if !found.is_empty() {
        note(&dsl::render::text(file, text, found, dsl::render::Color::Always));
    }
}

/// Writes JSON as a result, indented.
pub fn json(value: &serde_json::Value) {
    result(&serde_json::to_string_pretty(value).expect("a value has only text keys"));
}

/// Tells how a command ended that may have failed.
pub fn told(outcome: Result<Exit, crate::error::Trouble>) -> Exit {
    outcome.unwrap_or_else(|trouble| trouble.tell())
}
