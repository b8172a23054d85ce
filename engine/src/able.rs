//! What of the language this version carries out. The one list: who starts runs asks it first, and a step that
//! comes here all the same fails as refused.

use dsl::catalog::{Failure, FailureKind};
use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::value::Value;
use dsl::workflow::{ASK, Arg, Block, EMIT, Moment, OnDoubt, Op, Step, Wait, Workflow};

/// Why a run of a workflow cannot be started: an error for each step and setting that would not be kept. What
/// would be left out without harm is a warning.
pub fn lacks(workflow: &Workflow) -> Vec<Diagnostic> {
    let mut found = vec![];
    if let Some(concurrency) = &workflow.concurrency {
        let message = "this version cannot limit how many runs are under way at once yet";
        let wrong = Diagnostic::error(Code::NotYet, concurrency.span, message);
        found.push(wrong.help("leave `concurrency` out, and start one run at a time"));
    }
    if workflow.max_steps.is_some() {
        let message = "this version cannot keep `limits.steps` yet";
        found.push(Diagnostic::error(Code::NotYet, start(workflow), message).help("leave it out"));
    }
    block(&workflow.root, &mut found);
    found
}

/// A place for what has none of its own: the first step.
fn start(workflow: &Workflow) -> dsl::span::Span {
    workflow.root.steps.first().map(|step| step.span).unwrap_or_default()
}

fn block(inner: &Block, found: &mut Vec<Diagnostic>) {
    for step in &inner.steps {
        if let Some(verb) = later(&step.op) {
            let message = format!("this version cannot run `{verb}` yet, as the step `{}` wants", step.name);
            found.push(Diagnostic::error(Code::VerbNotYet, step.span, message));
        }
        settings(step, found);
        blocks(&step.op).into_iter().for_each(|block| self::block(block, found));
    }
}

/// The verb that an operation is made of, where this version cannot carry it out.
fn later(op: &Op) -> Option<&'static str> {
    match op {
        Op::Act(act) if &*act.action == ASK => Some("ai"),
        Op::Act(act) if &*act.action == EMIT => Some("emit"),
        Op::Child { .. } => Some(CALL),
        Op::Wait(wait) => later_wait(wait),
        Op::Act(_)
        | Op::Set { .. }
        | Op::Fail { .. }
        | Op::Each { .. }
        | Op::Repeat { .. }
        | Op::Switch { .. }
        | Op::Try { .. } => None,
    }
}

const CALL: &str = "call";

fn later_wait(wait: &Wait) -> Option<&'static str> {
    match wait {
        Wait::Person(_) => Some("approve"),
        Wait::Signal { .. } => Some("wait: { signal }"),
        Wait::Until { at: Arg::Value(Value::Text(text)) } => match Moment::parse(text) {
            Some(Moment::Local(_)) => Some("wait: { until } by local time"),
            Some(Moment::Exact(_)) | None => None,
        },
        Wait::For { .. } | Wait::Until { .. } => None,
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

/// What a step says beside its verb and is not heard yet.
fn settings(step: &Step, found: &mut Vec<Diagnostic>) {
    let mut warn = |key: &str, instead: &str| {
        let message = format!("`{key}` of the step `{}` has no effect in this version: {instead}", step.name);
        found.push(Diagnostic::warning(Code::NotYet, step.span, message));
    };
    if let Op::Act(act) = &step.op {
        if act.cache.is_some() {
            warn("cache", "the call is made each time");
        }
        if act.connection.is_some() {
            warn("connection", "there are no connections");
        }
    }
    match step.on_doubt {
        OnDoubt::Retry => warn("on_doubt", "a call in doubt fails"),
        OnDoubt::Ask | OnDoubt::Fail => {}
    }
}

/// How a step ends that should not have been started.
fn refused(verb: &str) -> Failure {
    Failure::new(FailureKind::Refused, format!("this version cannot run `{verb}` yet"))
}

/// How a call of another workflow ends.
pub(crate) fn refused_call() -> Failure {
    refused(CALL)
}

/// How a wait ends that is not for a time.
pub(crate) fn refused_wait(wait: &Wait) -> Failure {
    refused(later_wait(wait).unwrap_or("wait"))
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
        let text = "name: x\nsteps:\n  a: { ai: hi }\n  b: { emit: done }\n  c: { call: other }\n  \
                    d: { approve: { message: ok } }\n  e: { wait: { signal: go } }\noutput: \"{{ steps }}\"\n";
        let text = text.replace("\"{{ steps }}\"", "\"{{ steps.a }}\"");
        let found = told(&text);
        assert_eq!(found.len(), 5, "{found:?}");
        assert_eq!(found[0], "KW0108 this version cannot run `ai` yet, as the step `a` wants");
        assert!(found[4].contains("`wait: { signal }`"), "{found:?}");
    }

    #[test]
    fn inner_steps_are_looked_at() {
        let text = "name: x\nsteps:\n  all: { for_each: [1], steps: { a: { call: other } } }\n";
        assert_eq!(told(text), ["KW0108 this version cannot run `call` yet, as the step `a` wants"]);
    }

    #[test]
    fn what_runs_is_not_spoken_of() {
        let text = "name: x\ntriggers: [{ cron: \"0 9 * * *\" }]\nlimits: { timeout: 1h }\nsteps:\n  \
                    a: { wait: { until: \"2026-12-24T09:00:00Z\" } }\n  b: { wait: 1s, timeout: 2s }\n";
        assert_eq!(told(text), [""; 0]);
    }

    #[test]
    fn a_promise_that_would_be_broken_is_refused_and_a_comfort_is_not() {
        let text =
            "name: x\nconcurrency: { max: 1 }\nsteps: { a: { set: { b: 1 } } }\noutput: \"{{ steps.a }}\"\n";
        let checked = dsl::check(text, &dsl::catalog::Catalog::new([]));
        let found = lacks(&checked.workflow.unwrap());
        assert_eq!(found[0].severity, dsl::diagnostic::Severity::Error);
        let text = "name: x\nsteps: { a: { http: { url: \"https://example.com/\" }, cache: 1h } }\noutput: \"{{ steps.a }}\"\n";
        let checked = dsl::check(text, &dsl::catalog::Catalog::new([]));
        let found = lacks(&checked.workflow.unwrap());
        assert_eq!(found[0].severity, dsl::diagnostic::Severity::Warning);
    }
}
