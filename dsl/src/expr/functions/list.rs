//! Functions over lists.

use super::{Function, lambda, value};
use crate::value::Value;

pub const LIST: &[Function] = &[
    Function {
        name: "filter",
        parameters: &[value("list"), lambda("item")],
        about: "The items for which the lambda is true.",
        example: "[1, 2, 3] | filter(x => x > 1) => [2, 3]",
        body: |call| {
            let items = call.list(0)?;
            let mut kept = vec![];
            for (at, item) in items.iter().enumerate() {
                if call.asks(1, item, at)? {
                    kept.push(item.clone());
                }
            }
            Ok(Value::list(kept))
        },
    },
    Function {
        name: "len",
        parameters: &[value("of")],
        about: "How many characters a text has, items a list, keys an object.",
        example: "len('añb') => 3",
        body: |call| {
            let count = match call.any(0) {
                Value::Text(_) => call.text(0)?.chars().count(),
                Value::List(items) => items.len(),
                Value::Object(entries) => entries.len(),
                _ => return Err(call.wrong(0, "a text, a list or an object")),
            };
            Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
        },
    },
    Function {
        name: "map",
        parameters: &[value("list"), lambda("item")],
        about: "What the lambda makes of each item.",
        example: "[1, 2] | map(x => x * 10) => [10, 20]",
        body: |call| {
            let items = call.list(0)?;
            let mut made = Vec::with_capacity(items.len());
            for (at, item) in items.iter().enumerate() {
                made.push(call.apply(1, item, at)?);
            }
            Ok(Value::list(made))
        },
    },
];
