//! Values as keys: what is equal in the language is one key, and keys have an order of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::expr::Halt;
use crate::expr::eval::Machine;
use crate::value::Value;

/// A value that can be looked up.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Null,
    Bool(bool),
    Int(i64),
    /// The bits of a number that is no integer of 64 bits.
    Number(u64),
    Text(Arc<str>),
    List(Vec<Key>),
    Object(BTreeMap<Arc<str>, Key>),
    Time(i128),
    Duration(i128),
    /// A file, or a secret, by its stored form.
    Stored(Vec<u8>),
}

impl Key {
    /// The key of a value; what it looks at is taken from the budget.
    pub fn of(machine: &mut Machine<'_>, value: &Value) -> Result<Key, Halt> {
        machine.spend(1)?;
        Ok(match value {
            Value::Null => Key::Null,
            Value::Bool(flag) => Key::Bool(*flag),
            Value::Int(number) => Key::Int(*number),
            Value::Number(number) if number.fract() == 0.0 && number.abs() < 9.2e18 => {
                Key::Int(*number as i64)
            }
            Value::Number(number) => Key::Number(number.to_bits()),
            Value::Text(text) => {
                machine.spend_bytes(text.len())?;
                Key::Text(text.clone())
            }
            Value::List(items) => {
                Key::List(items.iter().map(|item| Key::of(machine, item)).collect::<Result<_, _>>()?)
            }
            Value::Object(entries) => {
                let keys = entries.iter().map(|(name, item)| Ok((name.clone(), Key::of(machine, item)?)));
                Key::Object(keys.collect::<Result<_, Halt>>()?)
            }
            Value::Time(time) => Key::Time(time.as_nanosecond()),
            Value::Duration(length) => Key::Duration(length.as_nanos()),
            Value::File(file) => {
                machine.spend_bytes(file.bytes().map_or(0, |bytes| bytes.len()))?;
                Key::Stored(value.stored())
            }
            Value::Hole(_) => Key::Stored(value.stored()),
            Value::Big(_) => {
                let loaded = machine.loaded(value.clone())?;
                Key::of(machine, &loaded)?
            }
        })
    }
}
