//! Steps without effects that nobody reads: they could be left out.

use crate::ast::{Block, Op, Step};
use crate::catalog::Safety;
use crate::check::Checking;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Severity};

/// Looks at every block whose value is not the map of its steps' values.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    steps(checking, &checking.ast.root, true, &mut found);
    checking.diagnostics.extend(found);
}

fn steps(checking: &Checking<'_>, block: &Block, read_by_name: bool, found: &mut Vec<Diagnostic>) {
    for step in &block.steps {
        let unused = read_by_name && !checking.resolved.read[step.id] && without_effects(checking, step);
        if unused && !mentioned(checking, step) && !wrong_itself(checking, step) {
            let message = format!("nothing reads `{}`, and it has no effects", step.name.value);
            let wrong = Diagnostic::warning(Code::Unused, step.name.span, message);
            found.push(wrong.help("read it somewhere, as in `output:`, or remove it"));
            continue;
        }
        let output = match &step.op {
            Some(Op::Switch { output, .. }) => output.is_some(),
            _ => false,
        };
        for inner in step.blocks() {
            // Without `output` the steps' values are the value of the block.
            steps(checking, inner, output || inner.output.is_some(), found);
        }
    }
}

fn without_effects(checking: &Checking<'_>, step: &Step) -> bool {
    match &step.op {
        Some(Op::Set { .. }) => true,
        Some(Op::Act(act)) => {
            let safety =
                act.safety.or_else(|| checking.catalog.get(&act.action.value).map(|action| action.safety));
            safety == Some(Safety::Read)
        }
        Some(Op::Switch { .. } | Op::Each { .. } | Op::Repeat { .. } | Op::Try { .. }) => {
            step.blocks().iter().all(|block| block.steps.iter().all(|step| without_effects(checking, step)))
        }
        // A wait or a failure is an effect on the run itself; an unread step was reported.
        Some(Op::Child { .. } | Op::Wait(_) | Op::Fail { .. }) | None => false,
    }
}

/// True if a part that could not be read names the step.
fn mentioned(checking: &Checking<'_>, step: &Step) -> bool {
    let name = &step.name.value;
    let ways = ["steps", "errors", "meta"].map(|root| format!("{root}.{name}"));
    let texts = checking.ast.unread.iter().filter_map(|span| checking.text.get(span.range()));
    // `steps.a-b` was a subtraction, and may be meant for `a_b`.
    let hyphens = ways.clone().map(|way| way.replace('_', "-"));
    let brackets = ["'", "\"", "\\\""].map(|quote| format!("steps[{quote}{name}{quote}]"));
    let ways = [ways, hyphens, brackets].concat();
    texts.into_iter().any(|text| {
        ways.iter().any(|way| text.contains(way.as_str()))
            || text.trim_matches(['"', '\'']) == &*step.name.value
    })
}

/// True if something in the step is wrong; whoever mends it sees the warning then.
fn wrong_itself(checking: &Checking<'_>, step: &Step) -> bool {
    checking.diagnostics.iter().any(|diagnostic| {
        diagnostic.severity == Severity::Error
            && step.whole.start <= diagnostic.span.start
            && diagnostic.span.end <= step.whole.end
    })
}
