//! What stands at a place of the tree, and what the mapping around it may hold: from the tables of keys, verbs
//! and shapes, and from the catalog.

use crate::catalog::Catalog;
use crate::ide::holds;
use crate::keys;
use crate::shape::{Field as Key, Shape};
use crate::types::{self, Type};
use crate::verb::{self, Verb};
use crate::yaml::{Entry, Kind, Node, Scalar};

/// What a node is for.
#[derive(Clone, Debug)]
pub enum Role<'n> {
    /// The workflow.
    Top,
    /// A step.
    Step(&'n Node),
    /// A trigger.
    Trigger(&'n Node),
    /// What stands behind a key of the language: the key, what it takes, and what it is for.
    Value(&'n str, Shape, &'static str),
    /// What a call is given.
    Given(Vec<types::Field>),
    /// What stands for a parameter.
    Parameter(types::Field),
    /// A type.
    Type,
    /// Anything.
    Free,
}

/// What stands at a place.
#[derive(Clone, Debug)]
pub enum Spot<'n> {
    /// A key of a mapping.
    Key {
        /// What the mapping is for.
        role: Role<'n>,
        /// The mapping.
        entries: &'n [Entry],
        /// The key with its value.
        entry: &'n Entry,
    },
    /// A scalar that is no key.
    Value {
        /// What it is for.
        role: Role<'n>,
        /// The scalar and its node.
        node: &'n Node,
        /// It once more.
        scalar: &'n Scalar,
    },
}

/// Finds what stands at a place.
pub fn find<'n>(root: &'n Node, at: usize, catalog: &Catalog) -> Option<Spot<'n>> {
    walk(root, at, catalog, &mut |_| {})
}

/// The innermost step around a place.
pub fn step<'n>(root: &'n Node, at: usize, catalog: &Catalog) -> Option<&'n Node> {
    let mut found = None;
    walk(root, at, catalog, &mut |role| {
        if let Role::Step(step) = role {
            found = Some(*step);
        }
    });
    found
}

/// Goes down to a place, and tells what each node on the way is for.
fn walk<'n>(
    root: &'n Node,
    at: usize,
    catalog: &Catalog,
    passed: &mut dyn FnMut(&Role<'n>),
) -> Option<Spot<'n>> {
    let mut role = Role::Top;
    let mut node = root;
    // The tree is as deep as YAML may nest.
    loop {
        passed(&role);
        match &node.kind {
            Kind::Scalar(scalar) => return Some(Spot::Value { role, node, scalar }),
            Kind::List(items) => {
                node = items.iter().find(|item| holds(item.span, at))?;
                role = role.item(node);
            }
            Kind::Map(entries) => {
                if let Some(entry) = entries.iter().find(|entry| holds(entry.key.span(), at)) {
                    return Some(Spot::Key { role, entries, entry });
                }
                let entry = entries.iter().find(|entry| holds(entry.value.span, at))?;
                role = role.below(entry, catalog);
                node = &entry.value;
            }
        }
    }
}

impl<'n> Role<'n> {
    /// What an item of a list with this role is for.
    fn item(self, item: &'n Node) -> Role<'n> {
        match self {
            Role::Value(key, shape, about) => match listed(&shape) {
                Some(Shape::Triggers) => Role::Trigger(item),
                Some(shape) => Role::Value(key, shape, about),
                None => Role::Free,
            },
            Role::Parameter(field) => match field.ty.without_null().into_owned() {
                Type::List(ty) => Role::Parameter(types::Field { ty: *ty, ..field }),
                _ => Role::Free,
            },
            Role::Type => Role::Type,
            Role::Top | Role::Step(_) | Role::Trigger(_) | Role::Given(_) | Role::Free => Role::Free,
        }
    }

    /// What stands behind a key of a mapping with this role.
    fn below(self, entry: &'n Entry, catalog: &Catalog) -> Role<'n> {
        let key = entry.key.text.as_str();
        match self {
            Role::Top => value(key, keys::TOP.iter()),
            Role::Step(step) => match (given(step, catalog), key) {
                (Some(fields), "with") => Role::Given(fields),
                _ => match verb_of(step) {
                    Some(verb) => value(key, verb.beside()),
                    None => {
                        value(key, verb::STEP.iter().chain(verb::VERBS.iter().flat_map(|verb| verb.fields)))
                    }
                },
            },
            Role::Trigger(trigger) => match (payload(trigger, catalog), key) {
                (Some(fields), "with") => Role::Given(fields),
                _ => value(key, keys_of_trigger(trigger)),
            },
            Role::Value(_, Shape::Steps, _) => Role::Step(&entry.value),
            Role::Value(_, Shape::Types, _) => Role::Type,
            Role::Value(_, shape, about) => match within(&shape, key, about) {
                Some((shape, about)) => Role::Value(key, shape, about),
                None => Role::Free,
            },
            Role::Given(fields) => match fields.into_iter().find(|field| field.name == key) {
                Some(field) => Role::Parameter(field),
                None => Role::Free,
            },
            Role::Parameter(field) => match field.ty.without_null().into_owned() {
                Type::Object(fields) => match fields.into_iter().find(|field| field.name == key) {
                    Some(field) => Role::Parameter(field),
                    None => Role::Free,
                },
                _ => Role::Free,
            },
            Role::Type => match key {
                "default" | "description" | "max" | "min" | "optional" | "pattern" | "enum" => Role::Free,
                _ => Role::Type,
            },
            Role::Free => Role::Free,
        }
    }

    /// The keys that a mapping with this role may have.
    pub fn keys(&self) -> Vec<&'static Key> {
        match self {
            Role::Top => keys::TOP.iter().collect(),
            Role::Step(step) => match verb_of(step) {
                Some(verb) => verb.beside().collect(),
                None => verb::STEP.iter().collect(),
            },
            Role::Trigger(trigger) => keys_of_trigger(trigger).collect(),
            Role::Value(_, shape, _) => fields(shape),
            Role::Given(_) | Role::Parameter(_) | Role::Type | Role::Free => vec![],
        }
    }
}

/// The verb of a step, once it has one.
pub fn verb_of(step: &Node) -> Option<&'static Verb> {
    let Kind::Map(entries) = &step.kind else { return None };
    entries.iter().find_map(|entry| verb::find(&entry.key.text))
}

/// The kind of a trigger, once it has one.
pub fn kind_of(trigger: &Node) -> Option<&'static keys::Kind> {
    keys::TRIGGERS.iter().find(|kind| trigger.get(kind.key).is_some())
}

fn keys_of_trigger(trigger: &Node) -> impl Iterator<Item = &'static Key> {
    kind_of(trigger).into_iter().flat_map(|kind| kind.fields)
}

/// What the call in a step is given.
fn given(step: &Node, catalog: &Catalog) -> Option<Vec<types::Field>> {
    let named = |key| Some(step.get(key)?.scalar()?.text.as_str());
    if let Some(action) = named("use") {
        return Some(catalog.get(action)?.input.clone());
    }
    let workflows = catalog.workflows.as_ref()?;
    Some(workflows.get(named("call")?)?.inputs.clone())
}

/// The parameters of the event that a trigger waits for.
fn payload(trigger: &Node, catalog: &Catalog) -> Option<Vec<types::Field>> {
    let event = &trigger.get("event")?.scalar()?.text;
    Some(catalog.event(event)?.input.clone())
}

fn value<'n>(key: &'n str, mut fields: impl Iterator<Item = &'static Key>) -> Role<'n> {
    match fields.find(|field| field.name == key) {
        Some(field) => Role::Value(key, field.shape, field.about),
        None => Role::Free,
    }
}

/// The keys that a mapping of this shape has.
fn fields(shape: &Shape) -> Vec<&'static Key> {
    match shape {
        Shape::Fields(fields) | Shape::OneOf(fields) => fields.iter().collect(),
        Shape::Either(shapes) => shapes.iter().flat_map(fields).collect(),
        _ => vec![],
    }
}

/// The shape of the items of a list.
fn listed(shape: &Shape) -> Option<Shape> {
    match shape {
        Shape::List(item) => Some(**item),
        Shape::Triggers => Some(Shape::Triggers),
        Shape::Either(shapes) => shapes.iter().find_map(listed),
        _ => None,
    }
}

/// The shape of what stands behind a key of a mapping, and what it is for: `about`, where it has no words of its own.
fn within(shape: &Shape, key: &str, about: &'static str) -> Option<(Shape, &'static str)> {
    match shape {
        Shape::Fields(fields) | Shape::OneOf(fields) => {
            fields.iter().find(|field| field.name == key).map(|field| (field.shape, field.about))
        }
        Shape::Map(value) => Some((**value, about)),
        Shape::Cases => Some((Shape::Steps, about)),
        Shape::Either(shapes) => shapes.iter().find_map(|shape| within(shape, key, about)),
        _ => None,
    }
}
