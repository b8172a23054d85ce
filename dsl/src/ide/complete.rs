//! What may stand at a cursor.
//!
//! The text is seldom right while somebody writes in it, so that a mark is put at the cursor and the text around it
//! mended until it can be read (`probe.rs`). Where the mark stands in the tree tells what is wanted: a key
//! (`keys.rs`), a word (`words.rs`), or a part of an expression (`expression.rs`). What has been written before
//! the cursor chooses among what may stand there.

mod expression;
mod keys;
mod probe;
mod snippets;
mod words;

use crate::expr::scan::is_name;
use crate::ide::at::{self, Role, Spot};
use crate::ide::{Connection, Document};
use crate::shape::Shape;
use crate::span::Span;
use probe::{MARK, Probe};

/// In how many ways a text with the mark is looked at.
const MOST_PROBES: usize = 3;

/// Something that may stand at a cursor.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What is shown, and what the author has begun to write.
    pub label: String,
    /// What it is.
    pub kind: ItemKind,
    /// Its form or type, in a few words.
    pub detail: String,
    /// Markdown.
    pub documentation: String,
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
    /// By what instead where the editor knows snippets: `$1` is where the cursor goes first, `$0` where last. Lines
    /// after the first are indented from the line of the cursor.
    pub snippet: Option<String>,
    /// Orders the items.
    pub sort: String,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// An action of the catalog.
    Action,
    /// One of a few words.
    Choice,
    /// A named connection, or a connector.
    Connection,
    /// An event of the catalog.
    Event,
    /// A field of a value.
    Field,
    /// A function.
    Function,
    /// An input of the workflow.
    Input,
    /// A key.
    Key,
    /// A word of the language.
    Keyword,
    /// A name that is read bare.
    Name,
    /// A parameter of a call.
    Parameter,
    /// A value as people write it.
    Sample,
    /// A step.
    Step,
    /// A type.
    Type,
    /// A verb or a kind of trigger.
    Verb,
    /// A workflow.
    Workflow,
}

/// An item before it is known where it goes.
struct Offer {
    label: String,
    kind: ItemKind,
    detail: String,
    documentation: String,
    text: String,
    snippet: Option<String>,
    rank: u8,
}

impl Offer {
    fn new(label: impl Into<String>, kind: ItemKind) -> Offer {
        let label = label.into();
        Offer {
            text: label.clone(),
            label,
            kind,
            detail: String::new(),
            documentation: String::new(),
            snippet: None,
            rank: 5,
        }
    }

    fn detail(self, detail: impl Into<String>) -> Offer {
        Offer { detail: detail.into(), ..self }
    }

    fn about(self, documentation: impl Into<String>) -> Offer {
        Offer { documentation: documentation.into(), ..self }
    }

    fn text(self, text: impl Into<String>) -> Offer {
        Offer { text: text.into(), ..self }
    }

    fn snippet(self, snippet: Option<String>) -> Offer {
        Offer { snippet, ..self }
    }

    fn rank(self, rank: u8) -> Offer {
        Offer { rank, ..self }
    }
}

/// Where the cursor stands in a text with the mark.
struct Cursor<'p> {
    document: &'p Document<'p>,
    probe: &'p Probe,
    at: usize,
    connections: &'p [Connection],
}

/// What may stand at a place, in the order in which it should be offered.
pub fn complete(document: &Document<'_>, at: usize, connections: &[Connection]) -> Vec<Item> {
    for probe in probe::probes(&document.text, at).take(MOST_PROBES) {
        let items = items(&Cursor { document, probe: &probe, at, connections });
        if !items.is_empty() {
            return items;
        }
    }
    vec![]
}

fn items(cursor: &Cursor<'_>) -> Vec<Item> {
    let Cursor { document, probe, at, .. } = *cursor;
    // Within the mark, and not at the end of what stands before it.
    match at::find(&probe.root, at + 1, &document.catalog) {
        Some(Spot::Key { role, entries, entry }) if entry.key.text.contains(MARK) => {
            let colon =
                document.text[at..].trim_start_matches(is_name).trim_start_matches(' ').starts_with(':');
            let offers = keys::offers(
                cursor,
                &role,
                entries,
                if colon { keys::Colon::There } else { keys::Colon::Wanted },
            );
            placed(cursor, entry.key.span().start as usize, offers)
        }
        Some(Spot::Value { role, node, scalar }) if scalar.text.contains(MARK) => {
            let start = node.span.start as usize;
            if let Some(from) = expression::start(&probe.text, &role, start, at) {
                let (from, offers) = expression::offers(cursor, node, from);
                return placed(cursor, from, offers);
            }
            placed(cursor, start, words::offers(cursor, &role))
        }
        Some(Spot::Key { .. } | Spot::Value { .. }) | None => vec![],
    }
}

/// The offers that go on with what stands between a place and the cursor.
fn placed(cursor: &Cursor<'_>, start: usize, offers: Vec<Offer>) -> Vec<Item> {
    let text = &cursor.document.text;
    let written = text.get(start..cursor.at).unwrap_or_default();
    let quote = written.len() - written.trim_start_matches(['"', '\'']).len();
    let start = (start + quote).min(cursor.at);
    let written = written[quote..].to_lowercase();
    let end = cursor.at + text[cursor.at..].len() - text[cursor.at..].trim_start_matches(is_name).len();
    let begins = |offer: &Offer| offer.label.to_lowercase().starts_with(&written);
    let any = offers.iter().any(begins);
    let fits = |offer: &Offer| begins(offer) || (!any && offer.label.to_lowercase().contains(&written));
    let mut items: Vec<Item> = offers
        .into_iter()
        .filter(fits)
        .map(|offer| Item {
            sort: format!("{}{}", offer.rank, offer.label),
            label: offer.label,
            kind: offer.kind,
            detail: offer.detail,
            documentation: offer.documentation,
            span: Span::new(start, end),
            text: offer.text,
            snippet: offer.snippet,
        })
        .collect();
    items.sort_by(|one, other| one.sort.cmp(&other.sort));
    items.dedup_by(|one, other| one.label == other.label);
    items
}

/// True where an expression may stand without braces.
fn takes_expression(role: &Role<'_>) -> bool {
    match role {
        Role::Value(_, shape, _) => expressive(shape),
        Role::Top
        | Role::Step(_)
        | Role::Trigger(_)
        | Role::Given(_)
        | Role::Parameter(_)
        | Role::Type
        | Role::Free => false,
    }
}

fn expressive(shape: &Shape) -> bool {
    match shape {
        Shape::Expression => true,
        Shape::Either(shapes) => shapes.iter().any(expressive),
        _ => false,
    }
}
