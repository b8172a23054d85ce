//! Diagnostics as JSON: lines and columns from 1, columns in characters, byte offsets in edits.

use serde_json::{Value, json as object};

use crate::diagnostic::{Diagnostic, Fix, Label, Severity};
use crate::span::{Lines, Span};

/// Renders the diagnostics of one file.
pub fn json(file: &str, source: &str, diagnostics: &[Diagnostic]) -> Value {
    let lines = Lines::new(source);
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    object!({
        "diagnostics": diagnostics.iter().map(|diagnostic| one(file, &lines, diagnostic)).collect::<Vec<_>>(),
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
    })
}

fn one(file: &str, lines: &Lines<'_>, diagnostic: &Diagnostic) -> Value {
    let mut value = object!({
        "code": diagnostic.code.id(),
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": diagnostic.message,
        "file": file,
    });
    place(&mut value, lines, diagnostic.span);
    value["labels"] = diagnostic.labels.iter().map(|label| labelled(lines, label)).collect();
    value["help"] = diagnostic.help.iter().map(String::as_str).collect();
    value["fixes"] = diagnostic.fixes.iter().map(fix).collect();
    value
}

fn labelled(lines: &Lines<'_>, label: &Label) -> Value {
    let mut value = object!({ "message": label.message });
    place(&mut value, lines, label.span);
    value
}

fn place(value: &mut Value, lines: &Lines<'_>, span: Span) {
    let (start, end) = (lines.place(span.range().start), lines.place(span.range().end));
    value["line"] = start.line.into();
    value["column"] = start.column.into();
    value["end_line"] = end.line.into();
    value["end_column"] = end.column.into();
}

fn fix(fix: &Fix) -> Value {
    let edit = |edit: &crate::diagnostic::Edit| object!({ "start": edit.span.start, "end": edit.span.end, "text": edit.text });
    object!({ "title": fix.title, "edits": fix.edits.iter().map(edit).collect::<Vec<_>>() })
}
