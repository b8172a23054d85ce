//! Functions over objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::shape::{ANY, Given, OBJECTS, Shape, TEXTS, Wants, value_of};
use super::{Function, value, values};
use crate::expr::Halt;
use crate::expr::call::Call;
use crate::expr::fault::named;
use crate::types::{Field, Type};
use crate::value::{Object, Value};

const ENTRIES: Wants = &[Shape::List(&[Shape::Object, Shape::List(ANY)])];
const NAMES: Wants = &[Shape::String, Shape::List(TEXTS)];

pub const MAP: &[Function] = &[
    Function {
        name: "entries",
        parameters: &[value("object", OBJECTS)],
        gives: |given| {
            let entry = [("key", Type::String), ("value", value_of(&given.at(0)))];
            Type::list(Type::object(entry))
        },
        about: "The entries of an object as a list of `{ key, value }`.",
        example: "entries({ a: 1 }) => [{ key: 'a', value: 1 }]",
        body: |call| {
            let entries = call.object(0)?;
            let entry = |(key, value): (&Arc<str>, &Value)| {
                Value::object([("key", Value::Text(key.clone())), ("value", value.clone())])
            };
            Ok(Value::list(entries.iter().map(entry).collect()))
        },
    },
    Function {
        name: "from_entries",
        parameters: &[value("list", ENTRIES)],
        gives: |_| Type::AnyObject,
        about: "The object of a list of `{ key, value }`, or of pairs; a later entry wins.",
        example: "from_entries([{ key: 'a', value: 1 }, ['b', 2]]) => { a: 1, b: 2 }",
        body: from_entries,
    },
    Function {
        name: "keys",
        parameters: &[value("object", OBJECTS)],
        gives: |_| Type::list(Type::String),
        about: "The keys of an object, in its order.",
        example: "keys({ b: 1, a: 2 }) => ['b', 'a']",
        body: |call| Ok(Value::list(call.object(0)?.keys().map(|key| Value::Text(key.clone())).collect())),
    },
    Function {
        name: "merge",
        parameters: &[value("object", OBJECTS), value("other", OBJECTS), values("more", OBJECTS)],
        gives: merged,
        about: "Objects in one; where keys are the same, the later one wins.",
        example: "merge({ a: 1, b: 1 }, { b: 2 }) => { a: 1, b: 2 }",
        body: |call| {
            let mut whole = Object::new();
            for at in 0..call.count() {
                let entries = call.object(at)?;
                whole.extend(entries.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            Ok(Value::Object(Arc::new(whole)))
        },
    },
    Function {
        name: "omit",
        parameters: &[value("object", OBJECTS), value("key", NAMES), values("more", NAMES)],
        gives: |given| chosen(given, |names, name| !names.contains(&name)),
        about: "The object without these keys, given one by one or as a list.",
        example: "omit({ a: 1, b: 2, c: 3 }, 'a', 'b') => { c: 3 }",
        body: |call| {
            let (entries, names) = (call.object(0)?, names(call)?);
            let kept = entries.iter().filter(|(key, _)| !names.contains(*key));
            Ok(Value::Object(Arc::new(kept.map(|(key, value)| (key.clone(), value.clone())).collect())))
        },
    },
    Function {
        name: "pick",
        parameters: &[value("object", OBJECTS), value("key", NAMES), values("more", NAMES)],
        gives: |given| chosen(given, |names, name| names.contains(&name)),
        about: "The object with these keys alone, given one by one or as a list; what it has not is left out.",
        example: "pick({ a: 1, b: 2, c: 3 }, ['c', 'a']) => { a: 1, c: 3 }",
        body: |call| {
            let (entries, names) = (call.object(0)?, names(call)?);
            let kept = entries.iter().filter(|(key, _)| names.contains(*key));
            Ok(Value::Object(Arc::new(kept.map(|(key, value)| (key.clone(), value.clone())).collect())))
        },
    },
    Function {
        name: "values",
        parameters: &[value("object", OBJECTS)],
        gives: |given| Type::list(value_of(&given.at(0))),
        about: "The values of an object, in its order.",
        example: "values({ b: 1, a: 2 }) => [1, 2]",
        body: |call| Ok(Value::list(call.object(0)?.values().cloned().collect())),
    },
];

/// The type of several objects in one.
fn merged(given: &Given<'_>) -> Type {
    let mut whole: Vec<Field> = vec![];
    for at in 0..given.types.len() {
        let Some(fields) = given.fields(at) else { return Type::AnyObject };
        for field in fields {
            match whole.iter_mut().find(|known| known.name == field.name) {
                // What may be left out leaves what was there before.
                Some(known) if field.optional => {
                    known.ty = std::mem::take(&mut known.ty).or(field.ty.clone().or_null());
                }
                Some(known) => *known = field.clone(),
                None => whole.push(field.clone()),
            }
        }
    }
    Type::Object(whole)
}

/// The type of the part of an object that has some of its keys.
fn chosen(given: &Given<'_>, keep: fn(&[&str], &str) -> bool) -> Type {
    match (given.fields(0), given.names()) {
        (Some(fields), Some(names)) => {
            Type::Object(fields.iter().filter(|field| keep(&names, &field.name)).cloned().collect())
        }
        _ => Type::AnyObject,
    }
}

/// The keys that follow the first argument, one by one or as a list.
fn names(call: &mut Call<'_, '_>) -> Result<BTreeSet<Arc<str>>, Halt> {
    let mut names = BTreeSet::new();
    for at in 1..call.count() {
        if let Value::Text(_) = call.any(at) {
            names.insert(call.text(at)?);
            continue;
        }
        for item in call.list(at)?.iter() {
            match item {
                Value::Text(name) => names.insert(name.clone()),
                other => return Err(call.fail(format!("a key is a text, found {}", named(other)))),
            };
        }
    }
    Ok(names)
}

fn from_entries(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let items = call.list(0)?;
    let mut object = Object::with_capacity(items.len());
    for item in items.iter() {
        let (key, value) = match call.machine.loaded(item.clone())? {
            Value::Object(entry) => match (entry.get("key"), entry.get("value")) {
                (Some(key), value) => (key.clone(), value.cloned().unwrap_or_default()),
                (None, _) => return Err(call.fail("an entry has no `key`")),
            },
            Value::List(pair) if pair.len() == 2 => (pair[0].clone(), pair[1].clone()),
            other => {
                return Err(
                    call.fail(format!("an entry is `{{ key, value }}` or a pair, found {}", named(&other)))
                );
            }
        };
        match key {
            Value::Text(key) => object.insert(key, value),
            Value::Int(_) | Value::Bool(_) => object.insert(key.to_string().into(), value),
            other => return Err(call.fail(format!("a key is a text, found {}", named(&other)))),
        };
    }
    Ok(Value::Object(Arc::new(object)))
}
