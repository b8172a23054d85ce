//! Where the bytes of a scalar's value stand in the file: source and value are walked side by side.

use crate::span::{Span, SpanMap};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// Without quotes.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

/// Builds the map of a scalar. Where the two cannot be brought together, the rest falls back to the node.
pub fn build(text: &str, value: &str, form: Form, span: Span) -> SpanMap {
    let start = span.range().start;
    let source = text.get(span.range()).unwrap_or("");
    let points = match form {
        Form::Plain if source == value => return SpanMap::plain(start, value.len()),
        Form::Plain | Form::Single | Form::Double => flowing(source, value, start, form),
        Form::Literal => literal(text, value, span),
        Form::Folded => folded(text, value, span),
    };
    SpanMap { points, whole: span }
}

/// Collects points, leaving out those that say nothing new.
#[derive(Default)]
struct Points(Vec<(u32, u32)>);

impl Points {
    fn add(&mut self, value: usize, file: usize) {
        let (value, file) = (value as u32, file as u32);
        let goes_on = self
            .0
            .last()
            .is_some_and(|(at, place)| value.checked_sub(*at).is_some_and(|by| place + by == file));
        if !goes_on {
            self.0.push((value, file));
        }
    }
}

/// Plain and quoted scalars: escapes, doubled quotes, folded line breaks.
fn flowing(source: &str, value: &str, start: usize, form: Form) -> Vec<(u32, u32)> {
    let mut points = Points::default();
    let mut at = usize::from(form != Form::Plain);
    let mut done = 0;
    while let Some(wanted) = value[done..].chars().next() {
        let rest = &source[at..];
        let Some(next) = rest.chars().next() else { break };
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        if rest[..blanks].contains('\n') {
            // A fold: blanks around line breaks became one space, or as many line breaks as there were empty lines.
            points.add(done, start + at);
            let folded = value[done..].len() - value[done..].trim_start_matches('\n').len();
            done += folded.max(usize::from(wanted == ' '));
            at += blanks;
        } else if form == Form::Double && next == '\\' {
            let (taken, gives) = escape(&rest[1..]);
            if gives {
                points.add(done, start + at);
                done += wanted.len_utf8();
            }
            at += 1 + taken;
        } else if form == Form::Single && rest.starts_with("''") {
            points.add(done, start + at);
            (at, done) = (at + 2, done + 1);
        } else if next == wanted {
            points.add(done, start + at);
            (at, done) = (at + next.len_utf8(), done + next.len_utf8());
        } else {
            break;
        }
    }
    points.0
}

/// How many bytes an escape takes after its backslash, and whether it gives a character.
fn escape(rest: &str) -> (usize, bool) {
    let Some(kind) = rest.chars().next() else { return (0, true) };
    let digits = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        '\n' | '\r' => {
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            return (blanks, false);
        }
        _ => 0,
    };
    let mut taken = kind.len_utf8() + digits;
    // A pair of surrogates is one character.
    let code = rest.get(1..5).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    if kind == 'u' && code.is_some_and(|code| (0xD800..0xDC00).contains(&code)) {
        taken += 6;
    }
    let mut taken = taken.min(rest.len());
    while !rest.is_char_boundary(taken) {
        taken += 1;
    }
    (taken, true)
}

/// The lines of a block scalar, empty ones before its first text included, with their offsets.
fn lines(text: &str, span: Span) -> impl Iterator<Item = (usize, &str)> {
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let mut first = line_start(span.range().start.min(text.len()));
    // Above them stands the line with `|` or `>`, which is not empty.
    while first > 0 && text[line_start(first - 1)..first].trim().is_empty() {
        first = line_start(first - 1);
    }
    let end = span.range().end.min(text.len()).max(first);
    text[first..end].split_inclusive('\n').scan(first, |offset, line| {
        let start = *offset;
        *offset += line.len();
        Some((start, line.trim_end_matches(['\n', '\r'])))
    })
}

/// A literal block keeps its lines: each ends as the line of the file does.
fn literal(text: &str, value: &str, span: Span) -> Vec<(u32, u32)> {
    let mut points = Points::default();
    let mut done = 0;
    let mut source = lines(text, span);
    for line in value.split('\n') {
        let Some((start, wrote)) = source.next() else { break };
        if !wrote.ends_with(line) {
            break;
        }
        points.0.push((done as u32, (start + wrote.len() - line.len()) as u32));
        done += line.len() + 1;
    }
    points.0
}

/// A folded block joins its lines: each is found in the value after the blanks that joined it.
fn folded(text: &str, value: &str, span: Span) -> Vec<(u32, u32)> {
    let mut points = Points::default();
    let mut done = 0;
    let indent = lines(text, span).find(|(_, line)| !line.trim().is_empty());
    let indent = indent.map_or(0, |(_, line)| line.len() - line.trim_start_matches(' ').len());
    for (start, line) in lines(text, span) {
        let content = line.get(indent..).unwrap_or("");
        if content.is_empty() {
            continue;
        }
        while !value[done..].starts_with(content) && value[done..].starts_with([' ', '\n']) {
            done += 1;
        }
        if !value[done..].starts_with(content) {
            break;
        }
        points.0.push((done as u32, (start + indent) as u32));
        done += content.len();
    }
    points.0
}
