//! What of the language this version carries out. The one list: who starts runs asks it first.

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::workflow::{ASK, Act, Arg, Block, Op, Step, Workflow};

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
    if &*act.action == ASK && with_tools(&act.args) {
        let message =
            format!("this version cannot run `ai` with `tools` yet, as the step `{}` wants", step.name);
        found.push(Diagnostic::error(Code::VerbNotYet, step.span, message));
    }
    if act.connection.is_some() {
        let message = format!(
            "`connection` of the step `{}` has no effect in this version: there are no connections",
            step.name
        );
        found.push(Diagnostic::warning(Code::NotYet, step.span, message));
    }
}

fn with_tools(args: &Arg) -> bool {
    match args {
        Arg::Object(entries) => entries.iter().any(|(key, _)| &**key == "tools"),
        Arg::Value(value) => value.get("tools").is_some(),
        Arg::Expr(_) | Arg::Text(_) | Arg::List(_) => false,
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
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let checked = dsl::check(text, &dsl::catalog::Catalog::new([]));
        let workflow = checked.workflow.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics));
        lacks(&workflow).into_iter().map(|lack| format!("{} {}", lack.code.id(), lack.message)).collect()
    }

    #[test]
    fn verbs_that_come_later_are_named_with_their_step() {
        let text = "name: x\nsteps:\n  a: { ai: hi, tools: http.get }\n  b: { emit: done }\n  c: { call: other }\n  \
                    d: { approve: { message: ok } }\n  e: { wait: { signal: go } }\noutput: \"{{ steps.a }}\"\n";
        assert_eq!(
            told(text),
            ["KW0108 this version cannot run `ai` with `tools` yet, as the step `a` wants"]
        );
    }

    #[test]
    fn inner_steps_are_looked_at() {
        let text = "name: x\nsteps:\n  all: { for_each: [1], steps: { a: { ai: hi, tools: http.get } } }\noutput: \"{{ steps.all }}\"\n";
        assert_eq!(
            told(text),
            ["KW0108 this version cannot run `ai` with `tools` yet, as the step `a` wants"]
        );
    }

    #[test]
    fn what_runs_is_not_spoken_of() {
        let text = "name: x\ntriggers: [{ cron: \"0 9 * * *\" }]\nlimits: { timeout: 1h, steps: 10 }\n\
                    concurrency: { max: 1 }\nsteps:\n  a: { wait: { until: \"2026-12-24T09:00\" } }\n  \
                    b: { wait: 1s, timeout: 2s }\n  c: { ai: hi }\noutput: \"{{ steps.c }}\"\n";
        assert_eq!(told(text), [""; 0]);
    }
}
