//! Reads of steps that may have given nothing: plain ones skip their reader, often without being meant to.

use std::collections::BTreeMap;

use crate::ast::{Block, Step};
use crate::check::Checking;
use crate::check::types::DoubtfulRead;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::types::{Absence, Manner};

/// Looks at every read of a step that may be absent.
pub fn check(checking: &mut Checking<'_>) {
    let mut steps: Vec<Option<&Step>> = vec![None; checking.ast.steps];
    let root: &Block = &checking.ast.root;
    root.each(&mut |step| steps[step.id] = Some(step));
    let mut found = vec![];
    let mut pairs: BTreeMap<(usize, usize), Vec<&DoubtfulRead>> = BTreeMap::new();
    for doubtful in &checking.typed.doubtful {
        pairs.entry((doubtful.reader, doubtful.target)).or_default().push(doubtful);
        let target = steps.get(doubtful.target).copied().flatten();
        found.extend(target.and_then(|target| plain(doubtful, target)));
    }
    found.extend(pairs.values().filter_map(|reads| mixed(reads)));
    checking.diagnostics.extend(found);
}

/// A plain read of what may have failed, or never started. One of a step that was skipped is what is meant.
fn plain(doubtful: &DoubtfulRead, target: &Step) -> Option<Diagnostic> {
    let name = &doubtful.read.step;
    if doubtful.read.manner == Manner::Soft {
        return None;
    }
    let wrong = match doubtful.read.absence {
        Absence::Earlier => {
            let message =
                format!("`{name}` may have failed or never started, and a plain read skips this step then");
            Diagnostic::warning(Code::HardReadOfBody, doubtful.read.span, message)
        }
        Absence::Continued | Absence::Either => {
            let message = format!("`{name}` may fail and go on, and a plain read skips this step then");
            let wrong = Diagnostic::warning(Code::HardReadOfContinued, doubtful.read.span, message);
            wrong.label(target.on_error.span, "it goes on here")
        }
        Absence::Never | Absence::Skipped => return None,
    };
    Some(wrong.help(format!("write `steps.{name}?.…` or `steps.{name} ?? …`")))
}

/// A step that takes null of another in one place, and is skipped by it in a second.
fn mixed(reads: &[&DoubtfulRead]) -> Option<Diagnostic> {
    let soft = reads.iter().find(|one| one.read.manner == Manner::Soft)?;
    let plain =
        reads.iter().find(|one| one.read.manner == Manner::Plain && one.read.absence == Absence::Skipped)?;
    let name = &soft.read.step;
    let message = format!("`{name}` is read softly here, and plainly in the same step");
    let wrong = Diagnostic::warning(Code::MixedReads, soft.read.span, message);
    let wrong = wrong.label(plain.read.span, "where it was skipped, this plain read skips the step");
    Some(wrong.help("read it softly in both places, or plainly in both"))
}
