//! What can be folded: values that take more than a line, and comments of several lines.

use crate::yaml::{Kind, Node};

/// Something that can be folded: from the line of its first byte to the line of its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fold {
    /// A byte of the first line, which stays.
    pub start: usize,
    /// The end of the last line.
    pub end: usize,
    /// What it is.
    pub kind: FoldKind,
}

/// What can be folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoldKind {
    /// Lines of comment.
    Comment,
    /// A key with its value, or an item of a list.
    Value,
}

/// What can be folded, in the order of the text. Of a text that cannot be read these are its comments.
pub fn folds(text: &str, root: Option<&Node>) -> Vec<Fold> {
    let mut found = comments(text);
    if let Some(root) = root {
        within(text, root, &mut found);
    }
    found.sort_unstable();
    // An alias reads the same text again.
    found.dedup();
    found
}

fn within(text: &str, node: &Node, found: &mut Vec<Fold>) {
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter().for_each(|item| {
            put(text, item.span.range().start, item, found);
            within(text, item, found);
        }),
        Kind::Map(entries) => entries.iter().for_each(|entry| {
            put(text, entry.key.span().range().start, &entry.value, found);
            within(text, &entry.value, found);
        }),
    }
}

/// Takes what begins at a place and ends with a value, if that is on a further line.
fn put(text: &str, start: usize, value: &Node, found: &mut Vec<Fold>) {
    let Some(whole) = text.get(start..value.span.range().end) else { return };
    let end = start + whole.trim_end().len();
    if text[start..end].contains('\n') {
        found.push(Fold { start, end, kind: FoldKind::Value });
    }
}

fn comments(text: &str) -> Vec<Fold> {
    let mut found: Vec<Fold> = vec![];
    let mut open: Option<Fold> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.trim_end().len();
        open = match (open, line.trim_start().starts_with('#')) {
            (Some(fold), true) => Some(Fold { end, ..fold }),
            (None, true) => Some(Fold { start: at, end, kind: FoldKind::Comment }),
            (fold, false) => {
                found.extend(fold);
                None
            }
        };
        at += line.len();
    }
    found.extend(open);
    found.retain(|fold| text[fold.start..fold.end].contains('\n'));
    found
}
