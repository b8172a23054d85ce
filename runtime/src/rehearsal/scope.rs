//! What the expressions of a test file see.

use std::borrow::Cow;

use dsl::expr::{Scope, Seen};
use dsl::value::{Hash, Value};
use engine::spent;
use engine::view::Shown;
use jiff::Timestamp;

use super::Rehearsed;

/// Bare names alone.
pub(super) struct Bare<'a> {
    pub names: &'a [(&'a str, Value)],
    pub now: Timestamp,
    pub seed: u64,
}

impl Scope for Bare<'_> {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.names.iter().find(|(known, _)| *known == name).map(|(_, value)| Cow::Borrowed(value))
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn seed(&self) -> [u8; 32] {
        seeded(self.seed)
    }
}

/// What came of a case, as its conditions see it.
pub(super) struct Came<'a> {
    pub names: &'a [(&'a str, Value)],
    pub rehearsed: &'a Rehearsed,
    pub now: Timestamp,
}

impl Scope for Came<'_> {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.names.iter().find(|(known, _)| *known == name).map(|(_, value)| Cow::Borrowed(value))
    }

    fn step(&self, name: &str) -> Seen<'_> {
        match self.rehearsed.steps.get(name) {
            Some(entry) if entry.state == Shown::Succeeded => {
                Seen::Value(entry.value.as_ref().map_or(Cow::Owned(Value::Null), Cow::Borrowed))
            }
            _ => Seen::Absent,
        }
    }

    fn error(&self, name: &str) -> Value {
        let entry = self.rehearsed.steps.get(name).filter(|entry| entry.state != Shown::Succeeded);
        entry.and_then(|entry| entry.error.as_ref()).map_or(Value::Null, |failure| failure.to_value())
    }

    fn meta(&self, name: &str) -> Value {
        let Some(entry) = self.rehearsed.steps.get(name) else { return Value::Null };
        let Some(started) = entry.started else { return Value::Null };
        let until = entry.ended.unwrap_or(self.now);
        let of_all = [
            ("attempts", Value::Int(i64::from(entry.attempts))),
            ("started", Value::Time(started)),
            ("duration", Value::Duration(until.duration_since(started))),
        ];
        // Whether a step may read them the checker knows.
        Value::object(of_all.into_iter().chain(spent::told(entry.spent.as_deref())))
    }

    fn big(&self, _: &Hash) -> Option<Value> {
        None
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn seed(&self) -> [u8; 32] {
        seeded(0)
    }
}

fn seeded(seed: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes
}
