//! Functions over objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Function, value, values};
use crate::expr::Halt;
use crate::expr::call::Call;
use crate::expr::fault::named;
use crate::value::{Object, Value};

pub const MAP: &[Function] = &[
    Function {
        name: "entries",
        parameters: &[value("object")],
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
        parameters: &[value("list")],
        about: "The object of a list of `{ key, value }`, or of pairs; a later entry wins.",
        example: "from_entries([{ key: 'a', value: 1 }, ['b', 2]]) => { a: 1, b: 2 }",
        body: from_entries,
    },
    Function {
        name: "keys",
        parameters: &[value("object")],
        about: "The keys of an object, in its order.",
        example: "keys({ b: 1, a: 2 }) => ['b', 'a']",
        body: |call| Ok(Value::list(call.object(0)?.keys().map(|key| Value::Text(key.clone())).collect())),
    },
    Function {
        name: "merge",
        parameters: &[value("object"), value("other"), values("more")],
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
        parameters: &[value("object"), value("key"), values("more")],
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
        parameters: &[value("object"), value("key"), values("more")],
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
        parameters: &[value("object")],
        about: "The values of an object, in its order.",
        example: "values({ b: 1, a: 2 }) => [1, 2]",
        body: |call| Ok(Value::list(call.object(0)?.values().cloned().collect())),
    },
];

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
