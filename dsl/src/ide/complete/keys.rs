//! The keys that may stand in a mapping: from the tables of the language, the parameters of a call, the inputs of
//! the workflow.

use super::{Cursor, ItemKind, Offer, snippets};
use crate::ide::at::{self, Role};
use crate::ide::describe;
use crate::keys::TRIGGERS;
use crate::shape::{Field as Key, Shape};
use crate::types::{Field, LONG, Type};
use crate::verb::{STEP, VERBS};
use crate::yaml::{Entry, Kind};

/// Whether a colon follows the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colon {
    /// It does.
    There,
    /// It must be written too.
    Wanted,
}

/// The keys that are not there yet.
pub fn offers(cursor: &Cursor<'_>, role: &Role<'_>, entries: &[Entry], colon: Colon) -> Vec<Offer> {
    let mut offers = all(cursor, role);
    let there = |offer: &Offer| entries.iter().any(|entry| entry.key.text == offer.label);
    offers.retain(|offer| !there(offer));
    if colon == Colon::There {
        for offer in &mut offers {
            offer.text = offer.label.clone();
            offer.snippet = None;
        }
    }
    offers
}

fn all(cursor: &Cursor<'_>, role: &Role<'_>) -> Vec<Offer> {
    match role {
        Role::Step(step) if at::verb_of(step).is_none() => {
            let verb = |key: &'static str, about: &'static str| {
                Offer::new(key, ItemKind::Verb).about(about).text(format!("{key}: ")).rank(1)
            };
            let verbs = VERBS.iter().map(|one| {
                let offer = verb(one.key, one.about).snippet(snippets::verb(cursor, one));
                Offer { text: text(one.key, one.fields), ..offer }
            });
            verbs.chain(STEP.iter().map(key)).collect()
        }
        Role::Trigger(trigger) if at::kind_of(trigger).is_none() => TRIGGERS
            .iter()
            .map(|kind| {
                let offer = Offer::new(kind.key, ItemKind::Verb).about(kind.about).rank(1);
                offer.text(text(kind.key, kind.fields))
            })
            .collect(),
        Role::Value("connections", Shape::Map(_), _) => connectors(cursor),
        Role::Value("inputs", Shape::Map(_), _) => inputs(cursor),
        Role::Given(fields) => fields.iter().map(parameter).collect(),
        Role::Parameter(field) => match &*field.ty.without_null() {
            Type::Object(fields) => fields.iter().map(parameter).collect(),
            _ => vec![],
        },
        Role::Type => {
            LONG.iter().map(|name| Offer::new(*name, ItemKind::Key).text(format!("{name}: "))).collect()
        }
        Role::Top | Role::Step(_) | Role::Trigger(_) | Role::Value(..) | Role::Free => {
            role.keys().into_iter().map(key).collect()
        }
    }
}

fn key(field: &'static Key) -> Offer {
    Offer::new(field.name, ItemKind::Key)
        .detail(field.shape.to_string())
        .about(field.about)
        .text(written(field.name, &field.shape))
        .rank(if field.required { 2 } else { 3 })
}

fn text(key: &'static str, fields: &[Key]) -> String {
    let own = fields.iter().find(|field| field.name == key);
    own.map_or(format!("{key}: "), |field| written(key, &field.shape))
}

/// A key with its colon; what is a mapping or a list begins on the next line.
fn written(key: &str, shape: &Shape) -> String {
    match shape {
        Shape::Steps | Shape::Cases | Shape::Types | Shape::Triggers | Shape::Map(_) | Shape::Parameters => {
            format!("{key}:")
        }
        _ => format!("{key}: "),
    }
}

/// A parameter; those that must be given come first.
fn parameter(field: &Field) -> Offer {
    Offer::new(&*field.name, ItemKind::Parameter)
        .detail(describe::form(field))
        .about(describe::field(field))
        .text(format!("{}: ", field.name))
        .rank(if field.optional { 2 } else { 1 })
}

/// The services that the catalog knows.
fn connectors(cursor: &Cursor<'_>) -> Vec<Offer> {
    let catalog = &*cursor.document.catalog;
    let offer = |name: &str| Offer::new(name, ItemKind::Connection).text(format!("{name}: "));
    catalog.connectors().into_iter().map(offer).collect()
}

/// The inputs of the workflow, for a trigger that gives them.
fn inputs(cursor: &Cursor<'_>) -> Vec<Offer> {
    let inputs = cursor.probe.root.get("inputs");
    let Some(Kind::Map(entries)) = inputs.map(|inputs| &inputs.kind) else { return vec![] };
    let offer = |entry: &Entry| {
        let name = entry.key.text.as_str();
        Offer::new(name, ItemKind::Input).text(format!("{name}: "))
    };
    entries.iter().map(offer).collect()
}
