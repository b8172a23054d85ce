//! A text with a mark at the cursor that can be read, made from one that cannot.
//!
//! A text is rarely right while somebody writes in it. The mark, a word that nobody uses, is put at the cursor in
//! a few ways until YAML is read: as it is, as a key, or with what the line leaves open closed and the rest of it
//! left out. Where another line stops the reader, it is blanked out and reading starts again; at last all that
//! follows the line of the cursor is left out. All bytes before the cursor keep their places, unless their line
//! was blanked, which keeps its length.

use crate::diagnostic::Severity;
use crate::expr::scan::is_name;
use crate::yaml::{self, Node};

/// The word at the cursor.
pub const MARK: &str = "kw__here";

/// How often a text is read at most.
const MOST_READINGS: usize = 16;

/// A text that was read with the mark in it.
#[derive(Debug)]
pub struct Probe {
    /// The text.
    pub text: String,
    /// Its tree.
    pub root: Node,
}

/// The texts with the mark at a cursor that can be read, the likeliest first.
pub fn probes(text: &str, at: usize) -> impl Iterator<Item = Probe> {
    let mut readings = MOST_READINGS;
    let line = Line::around(text, at);
    let candidates = line.candidates();
    let after = text[line.end..].to_owned();
    let before = text[..line.start].to_owned();
    let start = line.start;
    let whole = candidates.clone().into_iter().map(move |line| (line, after.clone()));
    let cut = candidates.into_iter().map(|line| (line, String::new()));
    whole.chain(cut).filter_map(move |(line, after)| {
        let own = start..start + line.len();
        readable(format!("{before}{line}{after}"), own, &mut readings)
    })
}

/// Reads a text, without the lines that stop the reader; `own` is the line that must stay.
fn readable(mut text: String, own: std::ops::Range<usize>, readings: &mut usize) -> Option<Probe> {
    while *readings > 0 {
        *readings -= 1;
        let (root, wrong) = yaml::read(&text);
        if let Some(root) = root {
            return Some(Probe { text, root });
        }
        let at = wrong.iter().find(|wrong| wrong.severity == Severity::Error)?.span.start as usize;
        let start = text.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        if (start < own.end && own.start < end) || text[start..end].trim().is_empty() {
            return None;
        }
        text.replace_range(start..end, &" ".repeat(end - start));
    }
    None
}

/// The line of the cursor.
struct Line<'t> {
    start: usize,
    end: usize,
    before: &'t str,
    /// What follows the word at the cursor.
    after: &'t str,
}

impl<'t> Line<'t> {
    fn around(text: &'t str, at: usize) -> Line<'t> {
        let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
        let end = text[at..].find(['\n', '\r']).map_or(text.len(), |end| at + end);
        Line { start, end, before: &text[start..at], after: text[at..end].trim_start_matches(is_name) }
    }

    /// The line with the mark in it, the likeliest first.
    fn candidates(&self) -> Vec<String> {
        let Line { before, after, .. } = self;
        let closers = closers(before);
        let plain = format!("{before}{MARK}{after}");
        let cut = format!("{before}{MARK}{closers}");
        let key = format!("{before}{MARK}: {closers}");
        if after.trim_start().starts_with(':') {
            return vec![plain, key];
        }
        match self.may_be_key() {
            true if after.trim().is_empty() => vec![key, plain, cut],
            true => vec![plain, key, cut],
            false => vec![plain, cut, key],
        }
    }

    /// True where nothing but the beginning of a key stands before the cursor.
    fn may_be_key(&self) -> bool {
        let head = self.before.trim_end_matches(|char| is_name(char) || char == '-');
        let head = head.trim_end_matches([' ', '\t']);
        head.trim_start_matches([' ', '-']).is_empty() || head.ends_with(['{', ',']) && !head.ends_with("{{")
    }
}

/// What closes the quotes, holes and brackets that the beginning of a line leaves open.
pub fn closers(line: &str) -> String {
    let mut open: Vec<&str> = vec![];
    let bytes = line.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let quote = open.iter().find(|closer| matches!(**closer, "\"" | "'")).copied();
        let hole = open.contains(&"}}");
        let begins = at == 0 || matches!(bytes[at - 1], b' ' | b'[' | b'{' | b',' | b'(');
        match byte {
            b'\\' if quote == Some("\"") => at += 1,
            b'{' if bytes.get(at + 1) == Some(&b'{') && !hole => {
                open.push("}}");
                at += 1;
            }
            b'}' if bytes.get(at + 1) == Some(&b'}') && open.last() == Some(&"}}") => {
                open.pop();
                at += 1;
            }
            b'"' | b'\'' if quote.is_some_and(|quote| quote.as_bytes()[0] == *byte) => {
                while open.pop().is_some_and(|closer| Some(closer) != quote) {}
            }
            b'"' if quote.is_none() && begins => open.push("\""),
            b'\'' if quote.is_none() && begins => open.push("'"),
            b'(' if hole => open.push(")"),
            b'[' if hole || quote.is_none() => open.push("]"),
            b'{' if hole || quote.is_none() => open.push("}"),
            b')' | b']' | b'}' if open.last().is_some_and(|closer| closer.as_bytes() == [*byte]) => {
                open.pop();
            }
            b'#' if quote.is_none() && !hole && at > 0 && bytes[at - 1] == b' ' => break,
            _ => {}
        }
        at += 1;
    }
    open.iter().rev().copied().collect()
}
