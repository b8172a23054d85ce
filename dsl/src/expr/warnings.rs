//! What is right by the grammar and probably not meant.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::expr::ast::{Ix, Kind, Level, Operator};
use crate::span::Span;
use crate::value::Value;

impl Expr {
    /// What is probably not meant, at its places in the file.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let mut warnings = vec![];
        for node in &self.nodes {
            if let Kind::Value(Value::Text(text)) = &node.kind {
                warnings.extend(self.hole_in_text(text, node.span));
            }
            let Kind::Chain(first, rest) = &node.kind else { continue };
            if rest.first().is_none_or(|(operator, _)| *operator != Operator::Coalesce) {
                continue;
            }
            let last = rest.last().map_or(*first, |(_, last)| *last);
            if self.is_bare_arithmetic(*first) {
                warnings.push(self.mixed(*first, last, true));
            } else if let Some((_, at)) = rest.iter().find(|(_, at)| self.is_bare_arithmetic(*at)) {
                warnings.push(self.mixed(*first, *at, false));
            }
        }
        warnings.sort_by_key(|warning| warning.span.start);
        warnings
    }

    /// `"{{ x }}"` within an expression is that text.
    fn hole_in_text(&self, text: &str, at: Span) -> Option<Diagnostic> {
        let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
        let message = "a text in an expression has no holes: this is compared or passed on as it stands";
        let written = self.source.get(at.range()).is_some_and(|source| source.starts_with(['"', '\'']));
        let warning = Diagnostic::warning(Code::HoleInText, self.place(at), message);
        let help = format!("write `{inner}`");
        (written && !inner.is_empty()).then(|| match inner.contains(['"', '\'', '{', '}']) {
            true => warning.help(help),
            false => warning.help(help.clone()).fix(help, self.place(at), inner),
        })
    }

    /// `a + b ?? c` is `(a + b) ?? c`, while most who write it mean `a + (b ?? c)`.
    fn mixed(&self, first: Ix, last: Ix, left: bool) -> Diagnostic {
        let sum = if left { first } else { last };
        let (start, end) = (self.span_of(first), self.span_of(last));
        let message = "`??` is looser than arithmetic, and stands beside it without parentheses";
        let warning = Diagnostic::warning(Code::CoalesceMix, self.place(start.to(end)), message);
        let (operand, rest) = match self.node(sum).map(|node| &node.kind) {
            Some(Kind::Chain(first, rest)) => (*first, rest.as_slice()),
            _ => return warning,
        };
        let read = format!("({})", self.quote(sum));
        match (left, rest.last()) {
            (true, Some((operator, inner))) => {
                let before = self.between(operand, *inner);
                let sign = operator.sign();
                let inner = self.quote(*inner);
                warning.help(format!(
                    "it is read as `{read} ?? …`; `{before} {sign} ({inner} ?? …)` gives the value for `{inner}` alone"
                ))
            }
            _ => {
                let sign = rest.first().map_or("+", |(operator, _)| operator.sign());
                let inner = self.quote(operand);
                warning.help(format!(
                    "it is read as `… ?? {read}`; `(… ?? {inner}) {sign} …` is the other reading"
                ))
            }
        }
    }

    /// The text of a row of operators up to its last operand, without the operator before that.
    fn between(&self, first: Ix, last: Ix) -> String {
        let (start, end) = (self.span_of(first).start as usize, self.span_of(last).start as usize);
        let text = self.source.get(start..end).unwrap_or_default().trim_end();
        text.trim_end_matches(['+', '-', '*', '/', '%', '(']).trim_end().to_owned()
    }

    fn span_of(&self, at: Ix) -> Span {
        self.node(at).map_or(Span::default(), |node| node.span)
    }

    /// True for arithmetic that does not stand in parentheses.
    fn is_bare_arithmetic(&self, at: Ix) -> bool {
        let Some(node) = self.node(at) else { return false };
        let Kind::Chain(_, rest) = &node.kind else { return false };
        let arithmetic =
            rest.first().is_some_and(|(operator, _)| matches!(operator.level(), Level::Sum | Level::Product));
        let range = node.span.range();
        let (before, after) = (self.source.get(..range.start), self.source.get(range.end..));
        // An operand of `??` has the sign on one side at least, so that two brackets are its own.
        let opened = before.is_some_and(|text| text.trim_end().ends_with('('));
        let closed = after.is_some_and(|text| text.trim_start().starts_with(')'));
        arithmetic && !(opened && closed)
    }
}
