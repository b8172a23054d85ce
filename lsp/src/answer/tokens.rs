//! The colours of words in expressions.

use serde_json::{Value, json};

use dsl::ide::TokenKind;
use dsl::span::Span;

use super::Asked;
use crate::lines::Position;
use crate::message::Refusal;

/// What words are, in the protocol's words, in the order of their numbers.
pub const TYPES: [&str; 9] =
    ["property", "function", "keyword", "variable", "number", "operator", "namespace", "class", "string"];

fn number(kind: TokenKind) -> usize {
    match kind {
        TokenKind::Field => 0,
        TokenKind::Function => 1,
        TokenKind::Keyword => 2,
        TokenKind::Name => 3,
        TokenKind::Number => 4,
        TokenKind::Operator => 5,
        TokenKind::Root => 6,
        TokenKind::Step => 7,
        TokenKind::Text => 8,
    }
}

/// The words of the whole text.
pub fn full(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let all = Span::new(0, asked.file.text.len());
    Ok(within(asked, all))
}

/// The words of a range.
pub fn range(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let span = asked.span()?;
    Ok(within(asked, span))
}

/// Each word as five numbers: lines and columns from the word before, its width, what it is, and nothing more.
fn within(asked: &mut Asked<'_>, span: Span) -> Value {
    let mut found = asked.document().tokens();
    found.retain(|token| span.start <= token.span.start && token.span.end <= span.end);
    let (text, lines) = (&asked.file.text, &asked.file.lines);
    let mut data: Vec<usize> = vec![];
    let mut last = Position { line: 0, column: 0 };
    for token in found {
        let piece = text.get(token.span.range()).unwrap_or_default();
        // A word of several lines cannot be told.
        if piece.contains(['\n', '\r']) {
            continue;
        }
        let at = lines.position(text, token.span.range().start);
        let column = if at.line == last.line { at.column - last.column } else { at.column };
        data.extend([at.line - last.line, column, lines.encoding().measure(piece), number(token.kind), 0]);
        last = at;
    }
    json!({ "data": data })
}
