//! Calls of other workflows, tools of models, and settings that belong to calls alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Act, Arg, ArgKind, Op, Step};
use crate::catalog::{Safety, Signature};
use crate::check::actions::{Given, Noun};
use crate::check::{Checking, actions};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::fields::is_workflow_name;
use crate::span::{Span, Spanned};
use crate::workflow::ASK;

/// Looks at every step.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    checking.ast.root.each(&mut |step| {
        match &step.op {
            Some(Op::Act(act)) if act.action.value == ASK => tools(checking, act, &mut found),
            Some(Op::Child { workflow, inputs }) => child(checking, step, workflow, inputs, &mut found),
            Some(
                Op::Act(_)
                | Op::Set { .. }
                | Op::Wait(_)
                | Op::Fail { .. }
                | Op::Each { .. }
                | Op::Repeat { .. }
                | Op::Switch { .. }
                | Op::Try { .. },
            )
            | None => {}
        }
        settings(checking, step, &mut found);
    });
    checking.diagnostics.extend(found);
}

fn tools(checking: &Checking<'_>, act: &Act, found: &mut Vec<Diagnostic>) {
    let Some(ArgKind::List(tools)) = act.arg("tools").map(|arg| &arg.kind) else { return };
    for tool in tools {
        if let ArgKind::Value(value) = &tool.kind
            && let Some(id) = value.as_text()
            && checking.catalog.get(id).is_none()
        {
            found.push(actions::unknown(checking, id, tool.span));
        }
    }
}

fn child(
    checking: &Checking<'_>,
    step: &Step,
    workflow: &Spanned<String>,
    inputs: &[(Spanned<String>, Arg)],
    found: &mut Vec<Diagnostic>,
) {
    let (own, name) = (checking.ast.name.as_ref().map(|name| name.value.as_str()), workflow.value.as_str());
    if own == Some(name) {
        let message = format!("`{name}` calls itself");
        let wrong = Diagnostic::error(Code::CallsItself, workflow.span, message);
        found.push(wrong.help("use `repeat` or `for_each` where something is done again"));
        return;
    }
    let known = checking.catalog.workflows.as_ref();
    // What cannot be a name was reported.
    let Some(workflows) = known.filter(|_| is_workflow_name(name)) else { return };
    let Some(signature) = workflows.get(name) else {
        found.push(unknown(workflows, name, workflow.span));
        return;
    };
    if let Some(way) = own.and_then(|own| way_back(workflows, name, own)) {
        let way: Vec<String> = own.into_iter().chain(way).map(|name| format!("`{name}`")).collect();
        let message = format!("these workflows call each other: {}", way.join(" -> "));
        let wrong = Diagnostic::error(Code::CallsItself, workflow.span, message);
        found.push(wrong.help("let one of them end without calling"));
        return;
    }
    let given = Given { to: name, noun: Noun::Input, at: step.verb, values: inputs };
    given.check(checking, &signature.inputs, found);
}

fn unknown(workflows: &BTreeMap<String, Signature>, name: &str, span: Span) -> Diagnostic {
    let message = format!("no workflow is called `{name}`");
    let wrong = Diagnostic::warning(Code::UnknownWorkflow, span, message);
    match nearest(name, workflows.keys().map(String::as_str)) {
        Some(near) => {
            wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near)
        }
        None => wrong.help("it must be there when this one is deployed"),
    }
}

/// The shortest chain of calls from one workflow to another, both named.
fn way_back<'w>(
    workflows: &'w BTreeMap<String, Signature>,
    from: &'w str,
    to: &'w str,
) -> Option<Vec<&'w str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut seen = BTreeSet::from([from]);
    let mut queue = std::collections::VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        if at == to {
            let mut way = vec![at];
            while let Some(previous) = way.last().and_then(|last| before.get(last)) {
                way.push(previous);
            }
            way.reverse();
            return Some(way);
        }
        for next in workflows.get(at).into_iter().flat_map(|signature| &signature.calls) {
            if seen.insert(next) {
                before.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    None
}

/// Settings that have no effect where they stand.
fn settings(checking: &Checking<'_>, step: &Step, found: &mut Vec<Diagnostic>) {
    let Some(op) = &step.op else { return };
    let act = match op {
        Op::Act(act) => Some(act),
        Op::Child { .. }
        | Op::Set { .. }
        | Op::Wait(_)
        | Op::Fail { .. }
        | Op::Each { .. }
        | Op::Repeat { .. }
        | Op::Switch { .. }
        | Op::Try { .. } => None,
    };
    let mut useless = |span, message: &str, help: &str| {
        found.push(Diagnostic::warning(Code::UselessSetting, span, message).help(help));
    };
    let catalog = |act: &Act| checking.catalog.get(&act.action.value).map(|action| action.safety);
    let safety = act.map(|act| act.safety.or_else(|| catalog(act)));
    match (&step.cache, safety) {
        (Some(cache), None) => {
            useless(cache.span, "only answers of calls are used again", "put `cache` on a call that reads");
        }
        (Some(cache), Some(Some(Safety::Idempotent | Safety::Keyed | Safety::Once))) => useless(
            cache.span,
            "this call has effects, so that its answer is not used again",
            "put `cache` on a call that reads",
        ),
        (Some(_), Some(Some(Safety::Read) | None)) | (None, _) => {}
    }
    if let Some(connection) = step.connection.as_ref().filter(|_| act.is_none_or(|act| act.checked)) {
        useless(connection.span, "only actions of connectors have a connection", "it stands beside `use`");
    }
    if step.on_doubt.value.is_some() && act.is_none() {
        useless(step.on_doubt.span, "only calls can be in doubt", "put `on_doubt` on a call");
    }
}
