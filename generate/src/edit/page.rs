//! The text that is changed: where its parts stand, and putting other ones in their place. What no piece is put in the place of
//! stays as it was, byte for byte.

use std::ops::Range;

use dsl::yaml::{Entry, Form, Kind, Node, read_as};

/// A text of a workflow with its parts.
pub struct Page<'a> {
    /// The text.
    pub text: &'a str,
    /// Its parts.
    pub root: Node,
}

/// Some bytes that others are put in the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Which.
    pub place: Range<usize>,
    /// By what.
    pub text: String,
}

/// A step where it stands.
#[derive(Clone, Copy)]
pub struct Placed<'a> {
    /// Its name and what it says.
    pub entry: &'a Entry,
    /// How many steps the block has that it stands in.
    pub beside: usize,
    /// True for those at the top.
    pub top: bool,
}

const FORM: Form =
    Form { what: "workflow", none: "there is no workflow in the file", begins: "a workflow has `steps:`" };

impl<'a> Page<'a> {
    /// Reads a text; nothing where it is no YAML, or where parts of it stand at more than one place.
    pub fn read(text: &'a str) -> Option<Page<'a>> {
        let root = read_as(text, &FORM).0?;
        let mut at = 0;
        in_order(&root, &mut at).then_some(Page { text, root })
    }

    /// A key at the top with its value.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        entry(&self.root, key)
    }

    /// The steps, those in blocks behind the one that holds them.
    pub fn steps(&self) -> Vec<Placed<'_>> {
        let mut found = vec![];
        for key in ["steps", "on_failure"] {
            if let Some(entry) = self.entry(key) {
                gather(&entry.value, key == "steps", &mut found);
            }
        }
        found
    }

    /// True for a mapping or a list in braces.
    pub fn in_braces(&self, node: &Node) -> bool {
        self.text[node.span.range().start..].starts_with(['{', '['])
    }

    /// Where the last byte of a value stands that says something.
    pub fn end_of(&self, node: &Node) -> usize {
        let range = node.span.range();
        match &node.kind {
            Kind::Map(_) | Kind::List(_) if self.in_braces(node) => range.end,
            Kind::Map(entries) => entries.last().map_or(range.end, |entry| self.end_of_entry(entry)),
            Kind::List(items) => items.last().map_or(range.end, |item| self.end_of(item)),
            Kind::Scalar(_) => {
                let start = range.start.min(range.end);
                start + self.text[start..range.end].trim_end().len()
            }
        }
    }

    /// Where an entry ends.
    pub fn end_of_entry(&self, entry: &Entry) -> usize {
        self.end_of(&entry.value).max(entry.key.span().range().end)
    }

    /// Where the line of a place begins.
    pub fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    /// Where the line of a place ends, without what ends it.
    pub fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..].find('\n').map_or(self.text.len(), |end| at + end);
        if self.text[at..end].ends_with('\r') { end - 1 } else { end }
    }

    /// The lines from one place to another, with the end of the last.
    pub fn lines(&self, from: usize, to: usize) -> Range<usize> {
        let end = self.text[to..].find('\n').map_or(self.text.len(), |end| to + end + 1);
        self.line_start(from)..end
    }

    /// How far a place is from the beginning of its line.
    pub fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }

    /// Lines as they stand in this text: so far in, with its ends.
    pub fn written(&self, lines: &str, drop: usize, pad: usize) -> String {
        let pad = " ".repeat(pad);
        let written: Vec<String> = lines
            .trim_end_matches('\n')
            .lines()
            .map(|line| {
                let line = line.get(drop..).unwrap_or_default();
                if line.is_empty() { String::new() } else { format!("{pad}{line}") }
            })
            .collect();
        written.join(self.end())
    }

    /// How its lines end.
    pub fn end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Lines behind the line of a place.
    pub fn behind(&self, at: usize, lines: &str) -> Piece {
        let at = self.line_end(at);
        Piece { place: at..at, text: format!("{}{lines}", self.end()) }
    }

    /// Another text with these pieces; nothing where two of them stand in each other's way.
    pub fn with(&self, mut pieces: Vec<Piece>) -> Option<String> {
        pieces.sort_by_key(|piece| (piece.place.start, piece.place.end));
        let mut out = String::with_capacity(self.text.len());
        let mut at = 0;
        for piece in pieces {
            out.push_str(self.text.get(at..piece.place.start)?);
            out.push_str(&piece.text);
            at = piece.place.end;
        }
        out.push_str(self.text.get(at..)?);
        Some(out)
    }
}

/// A key of a mapping with its value.
pub fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    let Kind::Map(entries) = &node.kind else { return None };
    entries.iter().find(|entry| entry.key.text == key)
}

fn gather<'n>(node: &'n Node, top: bool, found: &mut Vec<Placed<'n>>) {
    let Kind::Map(entries) = &node.kind else { return };
    for entry in entries {
        found.push(Placed { entry, beside: entries.len(), top });
        for key in ["steps", "try", "catch", "finally", "default"] {
            if let Some(inner) = entry.value.get(key) {
                gather(inner, false, found);
            }
        }
        if let Some(Kind::Map(cases)) = entry.value.get("cases").map(|cases| &cases.kind) {
            cases.iter().for_each(|case| gather(&case.value, false, found));
        }
    }
}

/// True where each part stands behind the one before: an alias shows what stands elsewhere.
fn in_order(node: &Node, at: &mut usize) -> bool {
    let mut step = |start: usize| {
        let behind = start >= *at;
        *at = start.max(*at);
        behind
    };
    if !step(node.span.range().start) {
        return false;
    }
    match &node.kind {
        Kind::Scalar(_) => true,
        Kind::List(items) => items.iter().all(|item| in_order(item, at)),
        Kind::Map(entries) => entries.iter().all(|entry| {
            let start = entry.key.span().range().start;
            let behind = start >= *at;
            *at = start.max(*at);
            behind && in_order(&entry.value, at)
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_value_ends_where_it_says_its_last_word() {
        let text = "name: x\nsteps:\n  a: # one\n    use: b.c # two\n\n  # three\n  d: { set: { n: 1 } }\n  e:\n    ai: |\n      one\n\n      two\n\noutput: 1\n";
        let page = Page::read(text).unwrap();
        let ends: Vec<&str> = page
            .steps()
            .iter()
            .map(|step| &text[step.entry.key.span().range().start..page.end_of_entry(step.entry)])
            .collect();
        assert_eq!(
            ends,
            ["a: # one\n    use: b.c", "d: { set: { n: 1 } }", "e:\n    ai: |\n      one\n\n      two"]
        );
    }

    #[test]
    fn a_text_with_aliases_is_not_changed() {
        assert!(Page::read("x-a: &a { set: { n: 1 } }\nname: x\nsteps:\n  a: *a\n").is_none());
        assert!(Page::read("x-a: &a { set: { n: 1 } }\nname: x\nsteps:\n  a: { set: { n: 2 } }\n").is_some());
    }

    #[test]
    fn pieces_leave_the_rest_and_do_not_overlap() {
        let page = Page::read("name: x\r\nsteps: {}\r\n").unwrap();
        let piece = |place, text: &str| Piece { place, text: text.into() };
        assert_eq!(page.with(vec![piece(6..7, "y")]).unwrap(), "name: y\r\nsteps: {}\r\n");
        assert_eq!(page.with(vec![piece(0..7, "y"), piece(6..8, "z")]), None);
        assert_eq!(page.behind(6, &page.written("  a\n  b\n", 2, 4)).text, "\r\n    a\r\n    b");
    }
}
