//! Actions and their parameters: unknown and missing ones, and those of the wrong type.

use crate::ast::{Act, ArgKind, Op, Step};
use crate::catalog::Action;
use crate::check::{Checking, fits};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::fields::{a, listed};
use crate::span::Span;
use crate::spelling;
use crate::types::Field;

/// Compares every call with the catalog.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    checking.ast.root.each(&mut |step| {
        if let Some(Op::Act(act)) = &step.op
            && !act.checked
        {
            call(checking, step, act, &mut found);
        }
        settings(step, &mut found);
    });
    checking.diagnostics.extend(found);
}

fn call(checking: &Checking<'_>, step: &Step, act: &Act, found: &mut Vec<Diagnostic>) {
    let id = &act.action.value;
    let known = || checking.catalog.actions.keys().map(String::as_str);
    let action = match checking.catalog.get(id) {
        Some(action) => action,
        None => {
            let wrong = unknown(checking, id, act.action.span);
            found.push(wrong);
            match nearest(id, known()).and_then(|near| checking.catalog.get(near)) {
                Some(near) => near,
                None => return,
            }
        }
    };
    parameters(checking, step.verb, act, action, found);
}

/// Says that there is no such action.
pub fn unknown(checking: &Checking<'_>, id: &str, span: Span) -> Diagnostic {
    let known = || checking.catalog.actions.keys().map(String::as_str);
    let wrong = Diagnostic::error(Code::UnknownAction, span, format!("there is no action `{id}`"));
    if let Some(near) = nearest(id, known()) {
        return wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near);
    }
    let Some((connector, _)) = id.split_once('.') else {
        return wrong.help("an action is written `connector.action`, as in `file.read`");
    };
    let mut connectors: Vec<&str> =
        known().filter_map(|id| id.split_once('.')).map(|(name, _)| name).collect();
    connectors.dedup();
    let prefix = format!("{connector}.");
    let siblings: Vec<&str> = known().filter(|id| id.starts_with(&prefix)).take(8).collect();
    if !siblings.is_empty() {
        return wrong.help(format!("`{connector}` has {}", listed(&siblings)));
    }
    match nearest(connector, connectors.iter().copied()) {
        Some(near) => wrong.help(format!("did you mean the connector `{near}`?")),
        None => wrong.help(format!("connectors are {}", listed(&connectors))),
    }
}

/// Compares what is given with what an action takes; a missing parameter is reported at the verb, `at`.
pub fn parameters(
    checking: &Checking<'_>,
    at: Span,
    act: &Act,
    action: &Action,
    found: &mut Vec<Diagnostic>,
) {
    let mut given: Vec<&str> = vec![];
    for (key, value) in &act.args {
        let field = match action.input.iter().find(|field| field.name == key.value) {
            Some(field) => field,
            None => {
                let message = format!("`{}` has no parameter `{}`", action.id, key.value);
                let wrong = Diagnostic::error(Code::UnknownParameter, key.span, message);
                let free = || {
                    let taken = |name: &str| act.args.iter().any(|(key, _)| key.value == name);
                    action.input.iter().map(|field| field.name.as_str()).filter(move |name| !taken(name))
                };
                let near = nearest(&key.value, free()).or_else(|| only_missing(act, action));
                found.push(match near {
                    Some(near) => wrong.help(format!("did you mean `{near}`?")).fix(
                        format!("write `{near}`"),
                        key.span,
                        near,
                    ),
                    None => {
                        let names: Vec<&str> = action.input.iter().map(|field| field.name.as_str()).collect();
                        wrong.help(format!("its parameters are {}", listed(&names)))
                    }
                });
                match near.and_then(|near| action.input.iter().find(|field| field.name == near)) {
                    Some(field) => field,
                    None => continue,
                }
            }
        };
        given.push(&field.name);
        if let Some(wrong) = fits::misfit(&checking.typed, value, field) {
            let message = format!("the parameter `{}`: {}", field.name, wrong.message);
            let wrong = Diagnostic { message, ..wrong };
            found.push(match &value.kind {
                ArgKind::Value(value) => spelling::mended(checking.text, wrong, value, &field.ty),
                ArgKind::Expr(_)
                | ArgKind::Text(_)
                | ArgKind::List(_)
                | ArgKind::Object(_)
                | ArgKind::Wrong => wrong,
            });
        }
    }
    for field in &action.input {
        if !field.optional && field.default.is_none() && !given.contains(&field.name.as_str()) {
            let message = format!("`{}` needs the parameter `{}`", action.id, field.name);
            let wrong = Diagnostic::error(Code::MissingParameter, at, message);
            found.push(if field.about.is_empty() {
                wrong
            } else {
                wrong.help(format!(
                    "`{}`, {}: {}",
                    field.name,
                    a(&field.ty.to_string()),
                    field.about.trim_end_matches('.')
                ))
            });
        }
    }
}

/// The one required parameter that is missing where one is given that there is not: the two are probably one.
fn only_missing<'a>(act: &Act, action: &'a Action) -> Option<&'a str> {
    let given = |name: &str| act.args.iter().any(|(key, _)| key.value == name);
    let known = |name: &str| action.input.iter().any(|field| field.name == name);
    let required = |field: &&Field| !field.optional && field.default.is_none() && !given(&field.name);
    let missing: Vec<&Field> = action.input.iter().filter(required).collect();
    let unknown = act.args.iter().filter(|(key, _)| !known(&key.value)).count();
    match (&missing[..], unknown) {
        ([field], 1) => Some(&field.name),
        _ => None,
    }
}

/// Settings that have no effect where they stand.
fn settings(step: &Step, found: &mut Vec<Diagnostic>) {
    let acts = matches!(step.op, Some(Op::Act(_)) | None);
    if step.retry.value.is_some() && !acts {
        let wrong = Diagnostic::warning(
            Code::UselessSetting,
            step.retry.span,
            "only calls of actions are tried again",
        );
        found.push(wrong.help("put `retry` on the calls, or into `defaults`"));
    }
}
