//! Diagnostics as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the lines.

use serde_json::{Value, json};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::span::{Lines, Span};

/// One file that was checked.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Its path, with `/` between folders.
    pub file: &'a str,
    /// Its text.
    pub source: &'a str,
    /// What was found in it.
    pub diagnostics: &'a [Diagnostic],
}

/// Renders the diagnostics of all files as one log with one run. `version` is the program's.
pub fn sarif(found: &[Found<'_>], version: &str) -> Value {
    let mut codes: Vec<Code> =
        found.iter().flat_map(|file| file.diagnostics).map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let results: Vec<Value> = found
        .iter()
        .flat_map(|file| {
            let lines = Lines::new(file.source);
            let codes = &codes;
            file.diagnostics
                .iter()
                .map(move |diagnostic| result(file.file, &lines, codes, diagnostic))
                .collect::<Vec<_>>()
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "keyway",
                "semanticVersion": version,
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.id(),
        "name": format!("{code:?}"),
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": code.story() },
        "help": { "text": code.story(), "markdown": code.story() },
    })
}

fn result(file: &str, lines: &Lines<'_>, codes: &[Code], diagnostic: &Diagnostic) -> Value {
    let mut text = diagnostic.message.clone();
    for help in &diagnostic.help {
        text += &format!("\nhelp: {help}");
    }
    let mut value = json!({
        "ruleId": diagnostic.code.id(),
        "ruleIndex": codes.binary_search(&diagnostic.code).unwrap_or_default(),
        "level": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": { "text": text },
        "locations": [{ "physicalLocation": place(file, lines, diagnostic.span) }],
    });
    if !diagnostic.labels.is_empty() {
        let related = diagnostic.labels.iter().map(|label| {
            json!({ "message": { "text": label.message }, "physicalLocation": place(file, lines, label.span) })
        });
        value["relatedLocations"] = related.collect();
    }
    if !diagnostic.fixes.is_empty() {
        let fixes = diagnostic.fixes.iter().map(|fix| {
            let replacements: Vec<Value> = fix
                .edits
                .iter()
                .map(|edit| {
                    json!({ "deletedRegion": region(lines, edit.span), "insertedContent": { "text": edit.text } })
                })
                .collect();
            json!({
                "description": { "text": fix.title },
                "artifactChanges": [{ "artifactLocation": artifact(file), "replacements": replacements }],
            })
        });
        value["fixes"] = fixes.collect();
    }
    value
}

fn place(file: &str, lines: &Lines<'_>, span: Span) -> Value {
    json!({ "artifactLocation": artifact(file), "region": region(lines, span) })
}

/// A path as a reference to a URI: what may not stand in one is encoded.
fn artifact(file: &str) -> Value {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const NOT_IN_A_PATH: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}')
        .add(b'\\');
    json!({ "uri": utf8_percent_encode(file, NOT_IN_A_PATH).to_string() })
}

fn region(lines: &Lines<'_>, span: Span) -> Value {
    let (start, end) = (lines.place(span.range().start), lines.place(span.range().end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}
