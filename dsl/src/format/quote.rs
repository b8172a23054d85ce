//! Quotes around scalars: none where nobody can misread the text, double ones else, single ones where they save
//! backslashes.

use crate::span::SpanMap;
use crate::value::Value;
use crate::yaml::map::Form;
use crate::yaml::source::Layout;
use crate::yaml::{Scalar, Style};

/// Where a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// In brackets or not.
    pub layout: Layout,
    /// What the language reads there.
    pub reading: Reading,
}

/// What the language reads at a spot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// An expression, so that quotes and braces are noise.
    Expression,
    /// A value.
    Value,
}

impl Spot {
    /// Where a value stands in a block.
    pub const BLOCK: Spot = Spot { layout: Layout::Block, reading: Reading::Value };
    /// Where a value stands in brackets.
    pub const FLOW: Spot = Spot { layout: Layout::Flow, reading: Reading::Value };
}

/// How well a text stands without quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    /// Nobody misreads it.
    Well,
    /// YAML reads it; the author decides.
    Perhaps,
    /// It would be read as something else.
    Never,
}

/// Writes a scalar on one line. `source` is how the author wrote it.
pub fn scalar(text: &str, source: &str, form: Form, spot: Spot) -> String {
    if form == Form::Plain && !matches!(plain(text), Value::Text(_)) {
        return source.to_owned();
    }
    let bare = if spot.reading == Reading::Expression { without_braces(text) } else { text };
    let bare_now = bare.len() != text.len();
    let wrote_plain = form == Form::Plain && !bare_now;
    match stands(bare, spot) {
        Plain::Well => bare.to_owned(),
        Plain::Perhaps if wrote_plain || spot.reading == Reading::Expression => bare.to_owned(),
        // A plain text over several lines may have line breaks in it, which stand in quotes alone; before a blank, a lone
        // mark is none of a text.
        Plain::Perhaps | Plain::Never
            if wrote_plain
                && !bare.contains("{{")
                && !bare.contains('\n')
                && !matches!(bare, "?" | "-" | ":") =>
        {
            bare.to_owned()
        }
        Plain::Perhaps | Plain::Never if form == Form::Double && !bare_now && has_rare_escapes(source) => {
            source.to_owned()
        }
        Plain::Perhaps | Plain::Never => quoted(bare),
    }
}

/// The expression in `{{ }}`, where plain braces are all that is around it.
pub fn without_braces(text: &str) -> &str {
    let inner = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let is_plain = |inner: &&str| {
        !inner.starts_with(['~', '{', '#', '/', '!', '>', '&']) && !inner.ends_with(['~', '}'])
    };
    let bare = inner.filter(is_plain).map_or("", str::trim);
    if bare.is_empty() || bare.contains("{{") || bare.contains("}}") { text } else { bare }
}

/// What YAML makes of a text without quotes.
fn plain(text: &str) -> Value {
    Scalar { text: text.to_owned(), style: Style::Plain, map: SpanMap::default() }.literal()
}

fn stands(text: &str, spot: Spot) -> Plain {
    let first = text.chars().next().unwrap_or(' ');
    let second = text.chars().nth(1).unwrap_or(' ');
    let blank_ends = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    let indicator = ",[]{}#&*!|>'\"%@`".contains(first)
        || ("-?:".contains(first)
            && (second.is_whitespace() || (spot.layout == Layout::Flow && ",[]{}".contains(second))));
    let never = text.is_empty()
        || blank_ends
        || indicator
        || text.contains(": ")
        || text.contains(" #")
        || text.ends_with(':')
        || text.contains("{{")
        || text.chars().any(|char| char.is_control() || is_invisible(char))
        || text.starts_with("---")
        || text.starts_with("...")
        || matches!(text, "<<" | "=")
        || (spot.layout == Layout::Flow && text.contains([',', '[', ']', '{', '}']))
        || !matches!(plain(text), Value::Text(_));
    let well = (first.is_alphabetic() || first == '_' || first == '/')
        && text
            .chars()
            .all(|char| !char.is_ascii() || char.is_ascii_alphanumeric() || " _-./()'+=;,?!".contains(char))
        && !["yes", "no", "on", "off", "y", "n"].contains(&&*text.to_ascii_lowercase());
    match (never, well) {
        (true, _) => Plain::Never,
        (false, true) => Plain::Well,
        (false, false) => Plain::Perhaps,
    }
}

/// True for what an editor does not show.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// True where a text in double quotes spells out characters that would not be seen.
fn has_rare_escapes(source: &str) -> bool {
    let mut chars = source.chars();
    while let Some(char) = chars.next() {
        if char == '\\' && !chars.next().is_some_and(|next| "\\\"nt/".contains(next)) {
            return true;
        }
    }
    false
}

fn quoted(text: &str) -> String {
    let special = text.chars().any(|char| char.is_control() || is_invisible(char));
    let slashes = text.chars().filter(|char| matches!(char, '"' | '\\')).count();
    let single = text.chars().filter(|char| *char == '\'').count();
    if !special && slashes > single {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            char if char.is_control() || is_invisible(char) => {
                out.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            char => out.push(char),
        }
    }
    out + "\""
}
