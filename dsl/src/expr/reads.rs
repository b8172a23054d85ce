//! What an expression reads: steps, hard or soft, and bare names.

use std::sync::Arc;

use crate::expr::ast::{Ix, Kind, Level, Part};
use crate::expr::{Expr, Read, Root};
use crate::span::Span;

/// A bare name: itself, where it stands, and the field that is read of it at once.
pub type Name = (Arc<str>, Span, Option<(Arc<str>, Span)>);

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

    /// Adds the steps and the bare names that it reads.
    pub(crate) fn mentions(&self, reads: &mut Vec<Read>, names: &mut Vec<Name>) {
        let (read, named) = (reads.len(), names.len());
        self.gather(self.root(), false, reads, names);
        reads[read..].sort_by_key(|read| read.span.start);
        names[named..].sort_by_key(|name| name.1.start);
    }

    /// Walks the tree; its depth is bounded. `soft` holds where a read takes null or may not be reached.
    fn gather(&self, at: Ix, soft: bool, reads: &mut Vec<Read>, names: &mut Vec<Name>) {
        let Some(node) = self.node(at) else { return };
        match &node.kind {
            Kind::Step(step) => reads.push(Read {
                root: step.root,
                step: step.name.clone(),
                span: self.place(step.at),
                soft: soft || step.root != Root::Steps,
            }),
            Kind::Name(name) => names.push((name.clone(), self.place(node.span), None)),
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
                        names.push((name.clone(), self.place(span), field));
                    }
                    Some((Kind::Step(_), _)) => {
                        let takes_null = matches!(first, Some(Part::SoftField(..) | Part::SoftIndex(_)));
                        self.gather(*base, soft || takes_null, reads, names);
                    }
                    _ => self.gather(*base, soft, reads, names),
                }
                // What stands behind a `?.` may not be reached.
                let mut soft = soft;
                for part in parts {
                    match part {
                        Part::SoftField(..) => soft = true,
                        Part::Field(..) => {}
                        Part::Index(at) => self.gather(*at, soft, reads, names),
                        Part::SoftIndex(at) => {
                            soft = true;
                            self.gather(*at, soft, reads, names);
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
                self.gather(*first, first_soft, reads, names);
                rest.iter().for_each(|(_, item)| self.gather(*item, rest_soft, reads, names));
            }
            Kind::Choose(condition, then, otherwise) => {
                self.gather(*condition, soft, reads, names);
                self.gather(*then, true, reads, names);
                self.gather(*otherwise, true, reads, names);
            }
            // The body of a lambda is not reached where the list is empty.
            Kind::Lambda(_, body) => self.gather(*body, true, reads, names),
            kind => kind.each_child(&mut |child| self.gather(child, soft, reads, names)),
        }
    }
}
