//! Where a name is declared, and where it is used: steps, inputs, items of loops, anchors.

use crate::fields;
use crate::ide::links::{self, Link, Manner};
use crate::ide::{Document, bare};
use crate::span::Span;

/// Where that is declared which is named at a place.
pub fn definition(document: &Document<'_>, at: usize) -> Option<Span> {
    if let Some(anchor) = anchor(&document.text, at) {
        return Some(anchor);
    }
    references(document, at).into_iter().next()
}

/// All places that name what is named at a place: declarations first, then uses in the order of the text.
pub fn references(document: &Document<'_>, at: usize) -> Vec<Span> {
    let Some(read) = &document.read else { return vec![] };
    let links = links::links(&read.ast);
    let Some(link) = links::at(&links, at) else { return vec![] };
    let mut same: Vec<&Link> = links::same(&links, &link.target);
    same.sort_by_key(|link| (link.manner == Manner::Used, link.span));
    same.iter().map(|link| bare(&document.text, link.span)).collect()
}

/// The anchor that an alias at a place names.
fn anchor(text: &str, at: usize) -> Option<Span> {
    let of_name = |char: char| {
        char == '-' || char == '*' || fields::is_name(char.encode_utf8(&mut [0; 4])) || char.is_numeric()
    };
    let start = text[..at]
        .char_indices()
        .rev()
        .take_while(|(_, char)| of_name(*char))
        .last()
        .map_or(at, |(at, _)| at);
    let word = text[start..].split(|char| !of_name(char)).next()?;
    let name = word.strip_prefix('*').filter(|name| !name.is_empty())?;
    let marked = format!("&{name}");
    let ends = |end: usize| !text[end..].starts_with(of_name);
    let found = text[..start].rmatch_indices(&marked).map(|(at, _)| at).find(|at| ends(at + marked.len()))?;
    Some(Span::new(found + 1, found + marked.len()))
}
