//! Changes that an editor offers: the fixes of what is wrong at a place, and all at once that need no choice.

use serde_json::{Value, json};

use dsl::diagnostic::Diagnostic;
use dsl::mend;

use super::{Asked, diagnostics, format};
use crate::file::Kind;
use crate::message::Refusal;

/// The kind of the action that mends all.
pub const ALL: &str = "source.fixAll.keyway";

/// The actions for a range.
pub fn actions(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let place = asked.span()?;
    let only = asked.params["context"]["only"].as_array().cloned();
    // A kind stands for those below it.
    let wanted = |kind: &str| {
        let below = |it: &str| it.is_empty() || kind == it || kind.starts_with(&format!("{it}."));
        only.as_ref().is_none_or(|only| only.iter().filter_map(Value::as_str).any(below))
    };
    let found = asked.file.diagnostics(asked.world);
    let mut actions = vec![];
    if wanted("quickfix") {
        let touched = |found: &&Diagnostic| found.span.start <= place.end && place.start <= found.span.end;
        for problem in found.iter().filter(touched) {
            let about = diagnostics::one(asked.file, asked.client, problem);
            actions.extend(problem.fixes.iter().map(|fix| {
                json!({
                    "title": fix.title,
                    "kind": "quickfix",
                    "diagnostics": [about],
                    "isPreferred": problem.fixes.len() == 1,
                    "edit": asked.change(&fix.edits),
                })
            }));
        }
    }
    let mendable = found.iter().filter(|found| found.fixes.len() == 1).count();
    let said = only.is_some() && wanted(ALL);
    // To know what all of them change takes several checks: only who asks for it waits for it.
    if mendable > 0
        && asked.file.kind == Kind::Workflow
        && wanted(ALL)
        && (said || asked.client.resolves_actions)
    {
        let mut action = json!({
            "title": "Mend all that needs no choice",
            "kind": ALL,
            "data": { "uri": asked.file.uri, "version": asked.file.version },
        });
        if !asked.client.resolves_actions {
            action["edit"] = mended(asked);
        }
        actions.push(action);
    }
    Ok(Value::Array(actions))
}

/// The edits of the action that mends all.
pub fn resolve(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let mut action = asked.params.clone();
    if action["data"]["version"] != asked.file.version {
        return Err(Refusal::failed("the text has changed since"));
    }
    action["edit"] = mended(asked);
    Ok(action)
}

fn mended(asked: &mut Asked<'_>) -> Value {
    let catalog = asked.file.catalog(asked.world);
    let mended = mend::mend(&asked.file.text, &catalog);
    asked.change(format::difference(&asked.file.text, &mended.text).iter())
}
