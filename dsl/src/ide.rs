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
mod hover;
mod links;
mod rename;
mod scope;
mod symbols;

use crate::ast::{Ast, Step};
use crate::catalog::Catalog;
use crate::check;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::expr::types::{Absence, Seen, Strictness, Watch};
use crate::parse;
use crate::span::Span;
use crate::types::Type;
use crate::yaml::{self, Node};

pub use complete::{Item, ItemKind};
pub use hover::Hover;
pub use symbols::{Symbol, SymbolKind};

/// One version of a text, with all that is known of it.
#[derive(Debug)]
pub struct Document<'c> {
    /// The text.
    pub text: String,
    /// All that is wrong with it, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    catalog: &'c Catalog,
    read: Option<Read>,
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
}

impl<'c> Document<'c> {
    /// Reads and checks a text.
    pub fn new(text: impl Into<String>, catalog: &'c Catalog) -> Document<'c> {
        let text = text.into();
        let (root, mut diagnostics) = yaml::read(&text);
        let read = root.map(|root| {
            let (ast, wrong) = parse::parse(&text, &root);
            diagnostics.extend(wrong);
            let found = std::mem::take(&mut diagnostics);
            let found = check::run(&text, &ast, catalog, Strictness::Gradual, found);
            diagnostics = found.diagnostics;
            Read { root, ast, types: found.typed.steps, absence: found.typed.absence }
        });
        Document { diagnostics: crate::in_order(diagnostics), text, catalog, read }
    }

    /// What may stand at a place, in the order in which it should be offered.
    pub fn complete(&self, at: usize) -> Vec<Item> {
        complete::complete(self, self.inside(at))
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

    /// The name at a place, if it is one that can be changed.
    pub fn renamable(&self, at: usize) -> Option<Span> {
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
        let (types, absence) = (typed.steps, typed.absence);
        Read { root, ast, types, absence }
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
