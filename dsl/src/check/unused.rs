//! Steps without effects that nobody reads: they could be left out.

use crate::ast::{Op, Step};
use crate::catalog::Safety;
use crate::check::Checking;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::workflow::Phase;

/// Where the value of a step goes if no other names it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unnamed {
    /// Nowhere.
    Lost,
    /// Into the value of the block, which has no `output` and is the map of its steps' values.
    Kept,
}

/// Looks at every step whose value is not part of its block's.
pub fn check(checking: &mut Checking<'_>) {
    let root = &checking.ast.root;
    let mut found = vec![];
    for each in &root.steps {
        // A run that fails has no output, so that what `on_failure` gives is in none.
        let kept = root.output.is_none() && each.phase != Phase::Catch;
        step(checking, each, if kept { Unnamed::Kept } else { Unnamed::Lost }, &mut found);
    }
    checking.diagnostics.extend(found);
}

fn step(checking: &Checking<'_>, each: &Step, unnamed: Unnamed, found: &mut Vec<Diagnostic>) {
    let unread = unnamed == Unnamed::Lost && !checking.resolved.read[each.id];
    let unused = unread && without_effects(checking, each);
    if unused && !mentioned(checking, each) && !wrong_itself(checking, each) {
        let message = format!("nothing reads `{}`, and it has no effects", each.name.value);
        let wrong = Diagnostic::warning(Code::Unused, each.name.span, message);
        found.push(wrong.help("read it somewhere, as in `output:`, or remove it"));
        return;
    }
    let output = match &each.op {
        Some(Op::Switch { output, .. }) => output.is_some(),
        _ => false,
    };
    for block in each.blocks() {
        let lost = output || block.output.is_some();
        let unnamed = if lost { Unnamed::Lost } else { Unnamed::Kept };
        block.steps.iter().for_each(|inner| step(checking, inner, unnamed, found));
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
