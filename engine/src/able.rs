//! What of the language this version carries out. The one list: who starts runs asks it first.

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::workflow::{Act, Block, Op, Step, Workflow};

/// Why a run of a workflow cannot be started: an error for each step and setting that would not be kept. What
/// would be left out without harm is a warning.
pub fn lacks(workflow: &Workflow) -> Vec<Diagnostic> {
    let mut found = vec![];
    block(&workflow.root, &mut found);
    found
}

fn block(inner: &Block, found: &mut Vec<Diagnostic>) {
    for step in &inner.steps {
        if let Op::Act(act) = &step.op {
            self::act(step, act, found);
        }
        blocks(&step.op).into_iter().for_each(|block| self::block(block, found));
    }
}

fn act(step: &Step, act: &Act, found: &mut Vec<Diagnostic>) {
    if act.connection.is_some() {
        let message = format!(
            "`connection` of the step `{}` has no effect in this version: there are no connections",
            step.name
        );
        found.push(Diagnostic::warning(Code::NotYet, step.span, message));
    }
}

fn blocks(op: &Op) -> Vec<&Block> {
    match op {
        Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. } => vec![body],
        Op::Switch { cases, default, .. } => {
            cases.iter().map(|case| &case.block).chain(default.as_ref()).collect()
        }
        Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => vec![],
    }
}

#[cfg(test)]
mod tests {
    use dsl::catalog::{Action, Catalog, Safety, Trust};
    use dsl::types::Type;

    use super::*;

    fn told(text: &str) -> Vec<String> {
        let get = Action {
            id: "http.get".into(),
            about: String::new(),
            safety: Safety::Read,
            input: vec![],
            output: Type::Any,
            trust: Trust::Untrusted,
        };
        let checked = dsl::check(text, &Catalog::new([get]));
        let workflow = checked.workflow.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics));
        lacks(&workflow).into_iter().map(|lack| format!("{} {}", lack.code.id(), lack.message)).collect()
    }

    #[test]
    fn what_has_no_effect_is_named_with_its_step_also_in_a_block() {
        let text = "name: x\nsteps:\n  all: { for_each: [1], steps: { a: { use: http.get, connection: mine } } }\n\
                    output: \"{{ steps.all }}\"\n";
        let lack =
            "KW0117 `connection` of the step `a` has no effect in this version: there are no connections";
        assert_eq!(told(text), [lack]);
    }

    #[test]
    fn what_runs_is_not_spoken_of() {
        let text = "name: x\ntriggers: [{ cron: \"0 9 * * *\" }]\nlimits: { timeout: 1h, steps: 10 }\n\
                    concurrency: { max: 1 }\nsteps:\n  a: { wait: { until: \"2026-12-24T09:00\" } }\n  \
                    b: { wait: 1s, timeout: 2s }\n  c: { ai: hi, tools: http.get }\n  d: { emit: done }\n  e: { call: other }\n  \
                    f: { approve: { message: ok } }\noutput: \"{{ steps.c }}\"\n";
        assert_eq!(told(text), [""; 0]);
    }
}
