//! What the checker of workflows is told of a manifest.

use std::collections::BTreeMap;

use dsl::catalog::{Action, Event, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::Value;

use crate::manifest::request::Method;
use crate::manifest::{self, Manifest};

/// The action that every connector has: a request of the author's own.
pub const FREE: &str = "request";

/// The actions of a connector, by their ids.
pub(crate) fn actions(manifest: &Manifest) -> BTreeMap<String, Action> {
    let own = manifest.actions.iter().map(|action| told(manifest, action));
    let all = own.chain(free(manifest));
    all.map(|action| (action.id.clone(), action)).collect()
}

fn told(manifest: &Manifest, action: &manifest::Action) -> Action {
    Action {
        id: format!("{}.{}", manifest.id, action.name),
        about: action.about.clone(),
        safety: action.safety,
        input: action.input.clone(),
        // What may be null is null where it is not there, and never missing.
        output: action.answer.returns.clone().filled(),
        trust: action.trust,
    }
}

/// The events of a connector, by their ids.
pub(crate) fn events(manifest: &Manifest) -> BTreeMap<String, Event> {
    let told = |trigger: &manifest::trigger::Trigger| Event {
        id: format!("{}.{}", manifest.id, trigger.name),
        about: trigger.about.clone(),
        input: trigger.input.clone(),
        payload: trigger.returns.clone().filled(),
    };
    manifest.triggers.iter().map(told).map(|event| (event.id.clone(), event)).collect()
}

/// True if somebody has to sign in.
pub(crate) fn is_connected(manifest: &Manifest) -> bool {
    manifest.is_connected()
}

/// The action for a request of the author's own, if the manifest allows one.
fn free(manifest: &Manifest) -> Option<Action> {
    let methods: Vec<String> = manifest.free.iter().map(|method| method.name().to_owned()).collect();
    let first = methods.iter().find(|method| *method == Method::Get.name()).or(methods.first())?.clone();
    let method = Field {
        default: Some(Value::text(first)),
        ..Field::optional("method", Type::Enum(methods), "The method.")
    };
    Some(Action {
        id: format!("{}.{FREE}", manifest.id),
        about: format!("Send a request of your own to {}.", manifest.name),
        // Whether it changes anything is not known.
        safety: Safety::Once,
        input: vec![
            method,
            Field::required("path", Type::String, "The path below the connector's base, as in `/items/7`."),
            Field::optional("query", Type::AnyObject, "Values of the query."),
            Field::optional("headers", Type::AnyObject, "Headers."),
            Field::optional("json", Type::Any, "A body that is sent as JSON."),
            Field::optional("form", Type::AnyObject, "A body that is sent as a form."),
        ],
        output: Type::Object(vec![
            Field::required("status", Type::Integer, "The status."),
            Field::required("headers", Type::AnyObject, "The headers: names in lower case."),
            Field::required("body", Type::Any, "JSON as a value, text as text, else a file."),
        ]),
        trust: Trust::Untrusted,
    })
}
