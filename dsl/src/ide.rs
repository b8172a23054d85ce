//! What an editor asks about a text: what may stand here, what is this, where is it declared, call it otherwise.
//!
//! Pure functions of a `Document`, which reads and checks one version of a text once. Places are bytes of the
//! text; lines and the units of a protocol are the caller's. A text that cannot be read at this moment has no
//! tree: completion mends it around the cursor for itself (see `complete/probe.rs`), the other questions have
//! no answer until it can be read.

mod at;
mod complete;
mod definition;
mod describe;
mod folds;
mod hints;
mod hover;
mod links;
mod rename;
mod scope;
mod symbols;
mod tokens;

use std::ops::Deref;
use std::sync::Arc;

use crate::ast::{Ast, Step};
use crate::catalog::Catalog;
use crate::check;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::expr::types::{Absence, Manner, Seen, Strictness, Watch};
use crate::parse;
use crate::span::Span;
use crate::types::Type;
use crate::yaml::{self, Node};

pub use complete::{Item, ItemKind};
pub use folds::{Fold, FoldKind};
pub use hints::{Hint, HintKind};
pub use hover::Hover;
pub use symbols::{Symbol, SymbolKind};
pub use tokens::{Token, TokenKind};

/// One version of a text, with all that is known of it.
#[derive(Debug)]
pub struct Document<'c> {
    /// The text.
    pub text: String,
    /// All that is wrong with it, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    catalog: Held<'c>,
    read: Option<Read>,
}

/// What can be called: lent by whoever asks, or shared with what outlives the question.
#[derive(Clone, Debug)]
pub enum Held<'c> {
    /// Lent.
    Lent(&'c Catalog),
    /// Shared.
    Shared(Arc<Catalog>),
}

impl Deref for Held<'_> {
    type Target = Catalog;

    fn deref(&self) -> &Catalog {
        match self {
            Held::Lent(catalog) => catalog,
            Held::Shared(catalog) => catalog,
        }
    }
}

impl<'c> From<&'c Catalog> for Held<'c> {
    fn from(catalog: &'c Catalog) -> Held<'c> {
        Held::Lent(catalog)
    }
}

impl From<Arc<Catalog>> for Held<'_> {
    fn from(catalog: Arc<Catalog>) -> Self {
        Held::Shared(catalog)
    }
}

/// A connection that somebody has: the connector, and what they called it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The connector.
    pub connector: String,
    /// Its name.
    pub name: String,
}

/// A text that could be read.
#[derive(Debug)]
struct Read {
    root: Node,
    ast: Ast,
    /// The types of the steps, by id.
    types: Vec<Type>,
    /// Whether a step may give nothing, by id.
    absence: Vec<Absence>,
    /// Steps by id that read plainly what may have given nothing, with the ids of what they read.
    doubtful: Vec<(usize, usize)>,
}

impl<'c> Document<'c> {
    /// Reads and checks a text.
    pub fn new(text: impl Into<String>, catalog: impl Into<Held<'c>>) -> Document<'c> {
        let (text, catalog) = (text.into(), catalog.into());
        let (root, mut diagnostics) = yaml::read(&text);
        let read = root.map(|root| {
            let (ast, wrong) = parse::parse(&text, &root);
            diagnostics.extend(wrong);
            let found = std::mem::take(&mut diagnostics);
            let found = check::run(&text, &ast, &catalog, Strictness::Gradual, found);
            diagnostics = found.diagnostics;
            Read::of(root, ast, found.typed)
        });
        Document { diagnostics: crate::in_order(diagnostics), text, catalog, read }
    }

    /// Takes a text as it is, without reading it: for completion, which reads it in a way of its own. To the other
    /// questions there is no answer.
    pub fn unread(text: impl Into<String>, catalog: impl Into<Held<'c>>) -> Document<'c> {
        Document { text: text.into(), diagnostics: vec![], catalog: catalog.into(), read: None }
    }

    /// What may stand at a place, in the order in which it should be offered.
    pub fn complete(&self, at: usize) -> Vec<Item> {
        self.complete_with(at, &[])
    }

    /// As `complete`, where it is known which connections there are.
    pub fn complete_with(&self, at: usize, connections: &[Connection]) -> Vec<Item> {
        complete::complete(self, self.inside(at), connections)
    }

    /// What stands at a place, for people.
    pub fn hover(&self, at: usize) -> Option<Hover> {
        hover::hover(self, self.read.as_ref()?, self.inside(at))
    }

    /// Where that is declared which is named at a place.
    pub fn definition(&self, at: usize) -> Option<Span> {
        definition::definition(self, self.inside(at))
    }

    /// All places that name what is named at a place, the declaration first.
    pub fn references(&self, at: usize) -> Vec<Span> {
        definition::references(self, self.inside(at))
    }

    /// The name at a place that can be changed.
    ///
    /// # Errors
    /// Why there is none.
    pub fn renamable(&self, at: usize) -> Result<Span, String> {
        rename::renamable(self, self.inside(at))
    }

    /// The edits that call by another name what is named at a place.
    ///
    /// # Errors
    /// Why it cannot be called that.
    pub fn rename(&self, at: usize, to: &str) -> Result<Vec<Edit>, String> {
        rename::rename(self, self.inside(at), to)
    }

    /// The changes that would mend what is wrong at a place.
    pub fn fixes(&self, place: Span) -> Vec<&Fix> {
        let touched = self.diagnostics.iter().filter(|wrong| touch(wrong.span, place));
        touched.flat_map(|wrong| &wrong.fixes).collect()
    }

    /// What can be folded, in the order of the text.
    pub fn folds(&self) -> Vec<Fold> {
        folds::folds(&self.text, self.read.as_ref().map(|read| &read.root))
    }

    /// What is shown beside the steps: what they give, and why they may give nothing.
    pub fn hints(&self) -> Vec<Hint> {
        self.read.as_ref().map_or(vec![], |read| hints::hints(&self.text, read))
    }

    /// The words of all expressions, in the order of the text.
    pub fn tokens(&self) -> Vec<Token> {
        self.read.as_ref().map_or(vec![], |read| tokens::tokens(&read.ast))
    }

    /// The steps and inputs as a tree.
    pub fn symbols(&self) -> Vec<Symbol> {
        self.read.as_ref().map_or(vec![], |read| symbols::symbols(&read.ast))
    }

    /// The nearest place that is within the text and between two characters.
    fn inside(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

impl Read {
    /// Reads a text that an editor has mended, as far as types need it.
    fn new(text: &str, root: Node, catalog: &Catalog, watch: Option<&Watch>) -> Read {
        let (ast, _) = parse::parse(text, &root);
        let typed = check::look(text, &ast, catalog, watch);
        Read::of(root, ast, typed)
    }

    fn of(root: Node, ast: Ast, typed: check::Typed) -> Read {
        let plain = typed.doubtful.iter().filter(|found| found.read.manner == Manner::Plain);
        let mut doubtful: Vec<(usize, usize)> = plain.map(|found| (found.reader, found.target)).collect();
        doubtful.sort_unstable();
        doubtful.dedup();
        Read { root, ast, types: typed.steps, absence: typed.absence, doubtful }
    }

    /// The types of the parts of the expression at a place.
    fn seen(&self, text: &str, catalog: &Catalog, at: usize) -> Seen {
        let watch = Watch::new(Span::new(at, at).start);
        check::look(text, &self.ast, catalog, Some(&watch));
        watch.seen()
    }

    fn type_of(&self, step: &Step) -> &Type {
        self.types.get(step.id).unwrap_or(&Type::Any)
    }
}

/// True where two places share a byte, or the end of one is the beginning of the other.
fn touch(one: Span, other: Span) -> bool {
    one.start <= other.end && other.start <= one.end
}

/// True where a place is within a span or at one of its ends.
fn holds(span: Span, at: usize) -> bool {
    span.range().start <= at && at <= span.range().end
}

/// The name within a place: without the quotes around it.
fn bare(text: &str, span: Span) -> Span {
    match text.get(span.range()) {
        Some(name) if name.len() >= 2 && name.starts_with(['"', '\'']) => {
            Span { start: span.start + 1, end: span.end - 1 }
        }
        Some(_) | None => span,
    }
}
