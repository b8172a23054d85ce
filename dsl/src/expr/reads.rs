//! What an expression reads: steps, hard or soft, and bare names.

use std::sync::Arc;

use crate::expr::ast::{Ix, Kind, Level, Part};
use crate::expr::{Expr, Read, Root};
use crate::span::Span;

/// A field of a bare name that is read plainly: where it is not there, the expression fails.
pub type Needed = (Arc<str>, Arc<str>);

/// A bare name: itself, where it stands, and the field that is read of it at once.
pub type Name = (Arc<str>, Span, Option<(Arc<str>, Span)>);

/// What an expression reads.
#[derive(Default)]
struct Found {
    reads: Vec<Read>,
    names: Vec<Name>,
    needed: Vec<Needed>,
}

impl Expr {
    /// The steps that it reads, in the order of the text; names of lambdas do not count.
    pub fn reads(&self) -> Vec<Read> {
        let mut reads = vec![];
        self.mentions(&mut reads, &mut vec![]);
        reads
    }

    /// The bare names that it reads and that are not `steps`, `errors` or `meta`, in the order of the text;
    /// names of lambdas do not count.
    pub fn names(&self) -> Vec<Name> {
        let mut names = vec![];
        self.mentions(&mut vec![], &mut names);
        names
    }

    /// The fields of bare names that it reads plainly, neither behind `?.` nor where it may not be reached.
    pub fn needs(&self) -> Vec<Needed> {
        let mut found = Found::default();
        self.gather(self.root(), false, &mut found);
        found.needed
    }

    /// Adds the steps and the bare names that it reads.
    pub(crate) fn mentions(&self, reads: &mut Vec<Read>, names: &mut Vec<Name>) {
        let mut found = Found::default();
        self.gather(self.root(), false, &mut found);
        found.reads.sort_by_key(|read| read.span.start);
        found.names.sort_by_key(|name| name.1.start);
        reads.append(&mut found.reads);
        names.append(&mut found.names);
    }

    /// Walks the tree; its depth is bounded. `soft` holds where a read takes null or may not be reached.
    fn gather(&self, at: Ix, soft: bool, found: &mut Found) {
        let Some(node) = self.node(at) else { return };
        match &node.kind {
            Kind::Step(step) => found.reads.push(Read {
                root: step.root,
                step: step.name.clone(),
                span: self.place(step.at),
                soft: soft || step.root != Root::Steps,
            }),
            Kind::Name(name) => found.names.push((name.clone(), self.place(node.span), None)),
            Kind::Path(base, parts) => {
                let first = parts.first();
                match self.node(*base).map(|node| (&node.kind, node.span)) {
                    Some((Kind::Name(name), span)) => {
                        let field = match first {
                            Some(Part::Field(field, at) | Part::SoftField(field, at)) => {
                                Some((field.clone(), self.place(*at)))
                            }
                            _ => None,
                        };
                        if let (Some(Part::Field(field, _)), false) = (first, soft) {
                            found.needed.push((name.clone(), field.clone()));
                        }
                        found.names.push((name.clone(), self.place(span), field));
                    }
                    Some((Kind::Step(_), _)) => {
                        let takes_null = matches!(first, Some(Part::SoftField(..) | Part::SoftIndex(_)));
                        self.gather(*base, soft || takes_null, found);
                    }
                    _ => self.gather(*base, soft, found),
                }
                // What stands behind a `?.` may not be reached.
                let mut soft = soft;
                for part in parts {
                    match part {
                        Part::SoftField(..) => soft = true,
                        Part::Field(..) => {}
                        Part::Index(at) => self.gather(*at, soft, found),
                        Part::SoftIndex(at) => {
                            soft = true;
                            self.gather(*at, soft, found);
                        }
                    }
                }
            }
            Kind::Chain(first, rest) => {
                let first_soft = match rest.first().map(|(operator, _)| operator.level()) {
                    Some(Level::Coalesce) => true,
                    _ => soft,
                };
                let rest_soft = match rest.first().map(|(operator, _)| operator.level()) {
                    Some(Level::Coalesce | Level::And | Level::Or) => true,
                    _ => soft,
                };
                self.gather(*first, first_soft, found);
                rest.iter().for_each(|(_, item)| self.gather(*item, rest_soft, found));
            }
            Kind::Choose(condition, then, otherwise) => {
                self.gather(*condition, soft, found);
                self.gather(*then, true, found);
                self.gather(*otherwise, true, found);
            }
            // The body of a lambda is not reached where the list is empty.
            Kind::Lambda(_, body) => self.gather(*body, true, found),
            kind => kind.each_child(&mut |child| self.gather(child, soft, found)),
        }
    }
}
