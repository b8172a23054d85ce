//! Names with `-` in them, which are none.

use super::Builder;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::ast::{Ix, Kind, Node, Part};
use crate::expr::scan;
use crate::span::Span;

impl Builder<'_> {
    /// `steps.a-b` is a subtraction that nobody means.
    pub(super) fn check_hyphen(&self, left: Ix, sign: Span, right: Ix) {
        let (start, end) = (sign.start as usize, sign.end as usize);
        let (before, after) = (&self.text[..start], &self.text[end..]);
        let touching = before.ends_with(scan::is_name) && after.starts_with(scan::is_name);
        let mut state = self.state.borrow_mut();
        let at_field = match &state.nodes[usize::from(left)].kind {
            Kind::Step(_) => true,
            Kind::Path(_, parts) => matches!(parts.last(), Some(Part::Field(..) | Part::SoftField(..))),
            _ => false,
        };
        // `b` of `a-b`, or of `a-b.c`.
        let first = match &state.nodes[usize::from(right)].kind {
            Kind::Path(base, _) => *base,
            _ => right,
        };
        let name = match &state.nodes[usize::from(first)] {
            Node { kind: Kind::Name(name), span } if span.start as usize == end => name.clone(),
            _ => return,
        };
        if !touching || !at_field {
            return;
        }
        let from = before.rfind(|char| !scan::is_name(char)).map_or(0, |at| at + 1);
        let whole = format!("{}-{name}", &before[from..]);
        let span = Span::new(from, end + name.len());
        let is_step = matches!(state.nodes[usize::from(left)].kind, Kind::Step(_));
        let fault = Diagnostic::error(
            Code::HyphenName,
            span,
            format!("`{whole}` is read as a subtraction of `{name}`"),
        );
        state.faults.push(if is_step {
            fault.help("names have letters, digits and `_`").help("write spaces around `-` to subtract")
        } else {
            let dotted = before[..from].ends_with('.') && !before[..from].ends_with("?.");
            let spaced = "write spaces around `-` to subtract";
            match dotted {
                true => fault.help(format!("read the key as `[\"{whole}\"]`, or {spaced}")).fix(
                    format!("write `[\"{whole}\"]`"),
                    Span::new(from - 1, end + name.len()),
                    format!("[\"{whole}\"]"),
                ),
                false => fault.help(spaced),
            }
        });
    }
}
