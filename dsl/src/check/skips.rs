//! Plain reads of steps that may have given nothing although they ran: they would skip their reader.

use crate::ast::{Block, Step};
use crate::check::Checking;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::workflow::{NeedKind, OnError};

/// Looks at every plain read.
pub fn check(checking: &mut Checking<'_>) {
    let mut steps: Vec<Option<&Step>> = vec![None; checking.ast.steps];
    let root: &Block = &checking.ast.root;
    root.each(&mut |step| steps[step.id] = Some(step));
    let mut found = vec![];
    for edge in checking.resolved.edges.iter().flatten().filter(|edge| edge.own && edge.plain) {
        let Some(target) = steps[edge.id] else { continue };
        let name = &target.name.value;
        if edge.kind == NeedKind::Soft {
            let message =
                format!("`{name}` may have failed or never started, and a plain read skips this step then");
            let wrong = Diagnostic::warning(Code::HardReadOfBody, edge.span, message);
            found.push(wrong.help(format!("write `steps.{name}?.…` or `steps.{name} ?? …`")));
        } else if target.on_error.value == OnError::Continue {
            let message = format!("`{name}` may fail and go on, and a plain read skips this step then");
            let wrong = Diagnostic::warning(Code::HardReadOfContinued, edge.span, message);
            let wrong = wrong.label(target.on_error.span, "it goes on here");
            found.push(wrong.help(format!("write `steps.{name}?.…` or `steps.{name} ?? …`")));
        }
    }
    checking.diagnostics.extend(found);
}
