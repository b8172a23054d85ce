//! What follows a word in lines of its own: keys that must be there, each with a place for its value.

use std::fmt::Write;

use super::Cursor;
use crate::shape::{Field as Key, Shape};
use crate::types::{Field, Type};
use crate::verb::Verb;

/// A call with the parameters that must be given: `with` and a line for each.
pub fn call(cursor: &Cursor<'_>, word: &str, fields: &[Field]) -> Option<String> {
    let margin = margin(cursor, Before::Key)?;
    let needed: Vec<&Field> = fields.iter().filter(|field| !field.optional).collect();
    if needed.is_empty() || has(cursor, "with") {
        return None;
    }
    let mut text = format!("{}\n{margin}with:", escaped(word));
    for (at, field) in needed.into_iter().enumerate() {
        let _ = write!(text, "\n{margin}  {}: {}", escaped(&field.name), place(at + 1, &field.ty));
    }
    Some(text)
}

/// A verb with the keys that must stand below and beside it.
pub fn verb(cursor: &Cursor<'_>, verb: &Verb) -> Option<String> {
    let margin = margin(cursor, Before::Nothing)?;
    let own = verb.fields.iter().find(|field| field.name == verb.key)?;
    let beside: Vec<&Key> =
        verb.fields.iter().filter(|field| field.required && field.name != verb.key).collect();
    let below = below(&own.shape);
    if beside.is_empty() && below.is_empty() || beside.iter().any(|field| has(cursor, field.name)) {
        return None;
    }
    let mut places = 1..;
    let mut next = || places.next().unwrap_or_default();
    let mut text = format!("{}:", verb.key);
    match below.is_empty() {
        true => {
            let _ = write!(text, " ${}", next());
        }
        false => below.iter().for_each(|field| {
            let _ = write!(text, "\n{margin}  {}: ${}", field.name, next());
        }),
    }
    for field in beside {
        let gap = if is_block(&field.shape) { format!("\n{margin}  ") } else { " ".into() };
        let _ = write!(text, "\n{margin}{}:{gap}${}", field.name, next());
    }
    Some(text)
}

/// The keys that must be there in a mapping that is the only thing to stand there.
fn below(shape: &Shape) -> Vec<&'static Key> {
    match shape {
        Shape::Fields(fields) => fields.iter().filter(|field| field.required).collect(),
        _ => vec![],
    }
}

fn is_block(shape: &Shape) -> bool {
    matches!(shape, Shape::Steps | Shape::Cases | Shape::Types | Shape::Triggers | Shape::Map(_))
}

/// A place for a value; of a few words one can be chosen.
fn place(number: usize, ty: &Type) -> String {
    match ty {
        Type::Enum(words) if words.iter().all(|word| !word.contains([',', '|', '$', '}', '\\'])) => {
            format!("${{{number}|{}|}}", words.join(","))
        }
        _ => format!("${number}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}")
}

/// What may stand in the line before the word at the cursor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Blanks, and the dash of an item.
    Nothing,
    /// The key of the word, too.
    Key,
}

/// By how much the keys of the mapping around the cursor stand further in than its line; nothing where it is written
/// in braces, or where more follows in the line.
fn margin(cursor: &Cursor<'_>, may: Before) -> Option<&'static str> {
    let (line, word) = line(cursor);
    let text = &cursor.document.text;
    let after = text[cursor.at..].lines().next().unwrap_or_default();
    let head = line[..word].trim_start_matches(' ');
    let (head, margin) = match head.strip_prefix("- ") {
        Some(head) => (head, "  "),
        None => (head, ""),
    };
    let plain = match may {
        Before::Nothing => head.is_empty(),
        Before::Key => head
            .trim_end()
            .strip_suffix(':')
            .is_some_and(|key| key.chars().all(|char| char.is_alphanumeric())),
    };
    (plain && after.trim().is_empty()).then_some(margin)
}

/// The line of the cursor up to it, and where its last word begins.
fn line<'c>(cursor: &Cursor<'c>) -> (&'c str, usize) {
    let text = &cursor.document.text;
    let start = text[..cursor.at].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[start..cursor.at];
    let word = line.trim_end_matches(|char: char| char.is_alphanumeric() || matches!(char, '_' | '.' | '-'));
    // A dash that begins an item is no part of a word.
    let word = word.len().max(line.len() - line.trim_start_matches([' ', '-']).len());
    (line, word.min(line.len()))
}

/// True if a key stands in the mapping around the cursor, whose keys stand in one column.
fn has(cursor: &Cursor<'_>, key: &str) -> bool {
    let text = &cursor.document.text;
    let (line, _) = line(cursor);
    let start = cursor.at - line.len();
    let column = line.len() - line.trim_start_matches([' ', '-']).len();
    let end = start + text[start..].find('\n').map_or(text.len() - start, |end| end + 1);
    let beside = |line: &&str| {
        let inner = line.len() - line.trim_start_matches([' ', '-']).len();
        line.trim().is_empty() || inner >= column
    };
    let is_key = |line: &str| {
        line.get(column..).and_then(|rest| rest.strip_prefix(key)).is_some_and(|rest| rest.starts_with(':'))
            && line[..column].trim_matches([' ', '-']).is_empty()
    };
    text[end..].lines().take_while(beside).any(is_key)
        || text[..start].lines().rev().take_while(beside).any(is_key)
}
