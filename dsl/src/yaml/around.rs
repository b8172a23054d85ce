//! What stands around a place in a text that could not be read as YAML: its line, the value and the key it belongs
//! to. Nothing is sure there, so this looks at one line and gives what an author would see in it.

use crate::span::Span;

/// A value that begins on a line, with its key.
#[derive(Debug, PartialEq)]
pub struct Value<'t> {
    /// The key before it.
    pub key: &'t str,
    /// The value to its end: the end of the line, or within brackets the next comma or bracket.
    pub span: Span,
    /// True within brackets.
    pub flow: bool,
}

/// How far a line is looked at to either side: one line may be the whole file, with a trap in each word.
const LONGEST: usize = 2048;

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line<'t> {
    /// Where it begins.
    pub start: usize,
    /// Its text.
    pub text: &'t str,
}

impl<'t> Line<'t> {
    /// The line of a place.
    pub fn at(text: &'t str, at: usize) -> Line<'t> {
        let at = at.min(text.len());
        let from = text.floor_char_boundary(at.saturating_sub(LONGEST));
        let to = text.ceil_char_boundary(at.saturating_add(LONGEST).min(text.len()));
        let start = text[from..at].rfind('\n').map_or(from, |newline| from + newline + 1);
        let line = text[start..to].split('\n').next().unwrap_or("");
        Line { start, text: line.strip_suffix('\r').unwrap_or(line) }
    }

    /// The line above that is not empty, if there is one.
    pub fn above(self, text: &'t str) -> Option<Line<'t>> {
        let mut line = self;
        while line.start > 0 {
            line = Line::at(text, line.start - 1);
            if !line.text.trim().is_empty() {
                return Some(line);
            }
        }
        None
    }

    /// How many blanks it begins with.
    pub fn indent(self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    /// Where it ends.
    pub fn end(self) -> usize {
        self.start + self.text.len()
    }
}

/// An open bracket of a line, or the line itself.
struct Level {
    entry: usize,
    key: (usize, usize),
    value: Option<usize>,
}

/// The innermost value around a place. Where a place is only reached by blanks, the line above is meant.
pub fn value(text: &str, at: usize) -> Option<Value<'_>> {
    let at = at.min(text.len());
    let mut line = Line::at(text, at);
    if text[line.start..at].trim().is_empty() {
        line = line.above(text)?;
    }
    value_in(line, at)
}

fn value_in(line: Line<'_>, at: usize) -> Option<Value<'_>> {
    let bytes = line.text.as_bytes();
    let place = at.saturating_sub(line.start).min(bytes.len());
    let content = line.text.trim_start_matches([' ', '-', '\t']);
    let mut at = line.text.len() - content.len();
    let mut levels = vec![Level { entry: at, key: (at, at), value: None }];
    // True where a value or a key may begin: there quotes and brackets mean something.
    let mut fresh = true;
    while at < bytes.len() {
        let depth = levels.len();
        let level = levels.last_mut()?;
        let byte = bytes[at];
        if at >= place && level.value.is_some() {
            break;
        }
        match byte {
            b' ' | b'\t' => {
                at += 1;
                continue;
            }
            b'{' if fresh && line.text[at..].starts_with("{{") => {
                at = line.text[at..].find("}}").map_or(bytes.len(), |end| at + end + 2);
                fresh = false;
                continue;
            }
            b'{' | b'[' if fresh => {
                levels.push(Level { entry: at + 1, key: (at, at), value: None });
                at += 1;
                continue;
            }
            b'}' | b']' if depth > 1 => {
                levels.pop();
                fresh = false;
            }
            b',' if depth > 1 => {
                *level = Level { entry: at + 1, key: (at, at), value: None };
                fresh = true;
            }
            b'"' | b'\'' if fresh => {
                let close = line.text[at + 1..].find(char::from(byte)).map(|end| at + 1 + end);
                match close.filter(|close| *close < place) {
                    Some(close) => at = close,
                    None if level.value.is_some() => break,
                    None => {}
                }
                fresh = false;
            }
            b'(' => {
                at += until_bracket(&line.text[at..]).max(1);
                fresh = false;
                continue;
            }
            b':' if level.value.is_none() && matches!(bytes.get(at + 1), None | Some(b' ' | b'\t')) => {
                level.key = (level.entry, at);
                let rest = &line.text[at + 1..];
                level.value = Some(at + 1 + rest.len() - rest.trim_start().len());
                fresh = true;
            }
            _ => fresh = false,
        }
        at += 1;
    }
    let depth = levels.iter().rposition(|level| level.value.is_some())?;
    let (level, flow) = (&levels[depth], depth > 0);
    let start = level.value?;
    let rest = &line.text[start..];
    let length = if flow { until_bracket(rest) } else { rest.len() };
    let length = rest[..length].trim_end().len();
    let key = line.text[level.key.0..level.key.1].trim().trim_matches(['"', '\'']);
    Some(Value { key, span: Span::new(line.start + start, line.start + start + length), flow })
}

/// How long a value within brackets is: to the comma or bracket that is its own business no more.
fn until_bracket(text: &str) -> usize {
    let mut open = 0_usize;
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(own), byte) if own == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{' | b'[' | b'(') => open += 1,
            (None, b'}' | b']' | b')') if open == 0 => return at,
            (None, b'}' | b']' | b')') => open -= 1,
            (None, b',') if open == 0 => return at,
            (None, _) => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::value;

    fn found(text: &str) -> Option<(&str, &str)> {
        let at = text.find('^').unwrap();
        let value = value(text, at)?;
        Some((value.key, &text[value.span.range()]))
    }

    #[test]
    fn the_innermost_value_is_found() {
        for (text, wanted) in [
            ("if: a ? 1 ^: 2", ("if", "a ? 1 ^: 2")),
            ("f: { if: a ? 1 ^: 2, set: {} }", ("if", "a ? 1 ^: 2")),
            ("f: { a: 1, text: Hi ^{{ x }} }", ("text", "Hi ^{{ x }}")),
            ("f: { a: f(1, ^2), b: 3 }", ("a", "f(1, ^2)")),
            ("- when: \"a\" ^== b", ("when", "\"a\" ^== b")),
            ("f: [1, ^2]", ("f", "[1, ^2]")),
        ] {
            assert_eq!(found(text), Some(wanted), "{text}");
        }
        assert_eq!(found("no colon ^here"), None);
    }
}
