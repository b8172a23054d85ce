//! What an editor asks of one place: the types of all parts of the expression that stands there.

use std::cell::RefCell;
use std::sync::Arc;

use crate::expr::Expr;
use crate::span::Span;
use crate::types::Type;

/// A place of which the types are wanted, and what was seen there. Where a text is read again by an alias, the
/// last reading counts.
#[derive(Debug)]
pub struct Watch {
    at: u32,
    seen: RefCell<Seen>,
}

/// What was seen at a place.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The parts of the expression in the file, inner ones first, with their types.
    pub parts: Vec<(Span, Type)>,
    /// The names that blocks of the text around it give, innermost last.
    pub locals: Vec<(Arc<str>, Type)>,
}

impl Watch {
    /// Of the expression at this byte.
    pub fn new(at: u32) -> Watch {
        Watch { at, seen: RefCell::default() }
    }

    /// What was seen.
    pub fn seen(self) -> Seen {
        self.seen.into_inner()
    }

    pub(super) fn wants(&self, expr: &Expr) -> bool {
        let whole = expr.place(Span::new(0, expr.source().len()));
        whole.start <= self.at && self.at <= whole.end
    }

    pub(super) fn take(&self, parts: Vec<(Span, Type)>, locals: &[(Arc<str>, Type)]) {
        self.seen.replace(Seen { parts, locals: locals.to_vec() });
    }
}
