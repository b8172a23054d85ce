//! Functions over data formats.

use std::sync::Arc;

use super::{Function, value};
use crate::value::{Hole, Value};

pub const DATA: &[Function] = &[
    Function {
        name: "json",
        parameters: &[value("value")],
        about: "The value as compact JSON.",
        example: "json({ a: [1, 'x'] }) => '{\"a\":[1,\"x\"]}'",
        body: |call| {
            let value = call.any(0);
            let value = call.machine.whole(&value)?;
            Ok(Value::text(value.to_json().to_string()))
        },
    },
    Function {
        name: "secret",
        parameters: &[value("name")],
        about: "The place of a secret; it is filled in when a call leaves the process.",
        example: "type(secret('TOKEN')) => 'secret'",
        body: |call| Ok(Value::Hole(Arc::new(Hole::Name(call.text(0)?.to_string())))),
    },
    Function {
        name: "type",
        parameters: &[value("value")],
        about: "The name of the value's type.",
        example: "type([]) => 'list'",
        body: |call| Ok(Value::text(call.any(0).type_name())),
    },
];
