//! The words that may stand as a value: choices, actions, events, workflows, connections, steps, types, and lengths
//! of time and schedules as people write them.

use super::{Cursor, ItemKind, Offer, snippets};
use crate::ast::Step;
use crate::catalog::{Action, Event, Signature};
use crate::ide::at::{self, Role};
use crate::ide::{Connection, Read, describe, holds, scope};
use crate::shape::Shape;
use crate::types::{NAMES, Type};
use crate::yaml::{Entry, Kind};

const DURATIONS: [(&str, &str); 6] = [
    ("10s", "ten seconds"),
    ("1m", "a minute"),
    ("15m", "a quarter of an hour"),
    ("1h", "an hour"),
    ("1d", "a day"),
    ("1w", "a week"),
];

const SCHEDULES: [(&str, &str); 5] = [
    ("*/15 * * * *", "every quarter of an hour"),
    ("0 * * * *", "every hour"),
    ("0 9 * * *", "every day at nine"),
    ("0 9 * * MON-FRI", "every working day at nine"),
    ("0 9 1 * *", "on the first of each month at nine"),
];

/// The words for a value with this role.
pub fn offers(cursor: &Cursor<'_>, role: &Role<'_>) -> Vec<Offer> {
    match role {
        Role::Value(key, shape, _) => of_shape(cursor, key, shape),
        Role::Parameter(field) => of_type(&field.ty),
        Role::Type => NAMES.iter().map(|(name, _)| Offer::new(*name, ItemKind::Type)).collect(),
        Role::Top | Role::Step(_) | Role::Trigger(_) | Role::Given(_) | Role::Free => vec![],
    }
}

fn of_shape(cursor: &Cursor<'_>, key: &str, shape: &Shape) -> Vec<Offer> {
    let catalog = &*cursor.document.catalog;
    match shape {
        Shape::Choice(words) => in_order(words.iter().copied()),
        Shape::Boolean => in_order(["true", "false"]),
        Shape::Action => {
            let offer = |action: &Action| {
                let offer = Offer::new(&*action.id, ItemKind::Action).detail(&*action.about);
                let snippet =
                    if key == "use" { snippets::call(cursor, &action.id, &action.input) } else { None };
                offer.about(describe::action(action)).snippet(snippet)
            };
            catalog.all_actions().into_iter().map(offer).collect()
        }
        Shape::Cron => {
            let samples = SCHEDULES.iter().enumerate();
            let quoted = quoted(cursor);
            let text = |sample: &str| if quoted { sample.to_owned() } else { format!("\"{sample}\"") };
            samples.map(|(at, (sample, about))| self::sample(at, sample, about).text(text(sample))).collect()
        }
        Shape::Duration => {
            let samples = DURATIONS.iter().enumerate();
            samples.map(|(at, (sample, about))| self::sample(at, sample, about)).collect()
        }
        Shape::Workflow if key == "call" => {
            let known = catalog.workflows.iter().flatten();
            let offer = |(name, signature): (&String, &Signature)| {
                let snippet = snippets::call(cursor, name, &signature.inputs);
                Offer::new(name, ItemKind::Workflow).snippet(snippet)
            };
            known.map(offer).collect()
        }
        Shape::Name if key == "after" => steps(cursor),
        Shape::Text if key == "event" => {
            let offer = |event: &Event| {
                let snippet = snippets::call(cursor, &event.id, &event.input);
                Offer::new(&*event.id, ItemKind::Event).detail(&*event.about).snippet(snippet)
            };
            catalog.all_events().into_iter().map(offer).collect()
        }
        Shape::Text if key == "connection" => connections(cursor),
        Shape::Text if names_a_connection(cursor) => named(cursor, key),
        Shape::Either(shapes) => shapes.iter().flat_map(|shape| of_shape(cursor, key, shape)).collect(),
        Shape::Any
        | Shape::Cases
        | Shape::Expression
        | Shape::Fields(_)
        | Shape::Holes
        | Shape::Integer(..)
        | Shape::List(_)
        | Shape::Map(_)
        | Shape::Name
        | Shape::Nothing
        | Shape::Number(..)
        | Shape::OneOf(_)
        | Shape::Parameters
        | Shape::Steps
        | Shape::Template
        | Shape::Text
        | Shape::Time
        | Shape::Triggers
        | Shape::Type
        | Shape::Types
        | Shape::Workflow => vec![],
    }
}

fn of_type(ty: &Type) -> Vec<Offer> {
    match &*ty.without_null() {
        Type::Enum(words) => in_order(words.iter().map(String::as_str)),
        Type::Boolean => in_order(["true", "false"]),
        Type::Duration => {
            DURATIONS.iter().enumerate().map(|(at, (text, about))| sample(at, text, about)).collect()
        }
        Type::Union(arms) => arms.iter().flat_map(of_type).collect(),
        _ => vec![],
    }
}

/// Words in the order of their list, which means something.
fn in_order<'w>(words: impl IntoIterator<Item = &'w str>) -> Vec<Offer> {
    let words = words.into_iter().enumerate();
    words.map(|(at, word)| Offer::new(word, ItemKind::Choice).rank(place(at))).collect()
}

fn sample(at: usize, text: &str, about: &str) -> Offer {
    Offer::new(text, ItemKind::Sample).detail(about).rank(place(at))
}

fn place(at: usize) -> u8 {
    u8::try_from(at.min(9)).unwrap_or(9)
}

fn quoted(cursor: &Cursor<'_>) -> bool {
    let before = cursor.document.text[..cursor.at].rsplit('\n').next().unwrap_or_default();
    before.contains(['"', '\''])
}

/// The steps that can come before the one at the cursor.
fn steps(cursor: &Cursor<'_>) -> Vec<Offer> {
    let probe = cursor.probe;
    let read = Read::new(&probe.text, probe.root.clone(), &cursor.document.catalog, None);
    let steps = scope::at(&read.ast, cursor.at).steps;
    let offer = |step: &Step| Offer::new(&*step.name.value, ItemKind::Step).detail(describe::does(step));
    steps.into_iter().map(offer).collect()
}

/// The names of connections: those that the workflow gives to its connectors, and those that there are for the
/// connector of the step.
fn connections(cursor: &Cursor<'_>) -> Vec<Offer> {
    let root = &cursor.probe.root;
    let mut offers = vec![];
    if let Some(Kind::Map(entries)) = root.get("connections").map(|node| &node.kind) {
        let name = |entry: &Entry| Some(entry.value.scalar()?.text.clone());
        let names = entries.iter().filter_map(name);
        offers.extend(names.map(|name| Offer::new(name, ItemKind::Connection)));
    }
    let step = at::step(root, cursor.at + 1, &cursor.document.catalog);
    let action = step.and_then(|step| Some(step.get("use")?.scalar()?.text.as_str()));
    if let Some((connector, _)) = action.and_then(|action| action.split_once('.')) {
        offers.extend(named(cursor, connector));
    }
    offers
}

/// True if the cursor stands behind a connector in the `connections` of the workflow.
fn names_a_connection(cursor: &Cursor<'_>) -> bool {
    let names = cursor.probe.root.get("connections");
    names.is_some_and(|node| holds(node.span, cursor.at + 1))
}

/// The connections that there are for a connector.
fn named(cursor: &Cursor<'_>, connector: &str) -> Vec<Offer> {
    let all = cursor.connections.iter().filter(|known| known.connector == connector);
    let offer = |known: &Connection| {
        Offer::new(&*known.name, ItemKind::Connection).detail(format!("a connection of `{connector}`"))
    };
    all.map(offer).collect()
}
