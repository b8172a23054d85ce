//! A scope of given values, for tests of expressions and templates.
#![allow(dead_code, reason = "each test file uses its part of this")]

pub mod catalog;
pub mod mutation;
pub mod properties;

use std::borrow::Cow;
use std::collections::BTreeMap;

use dsl::diagnostic::Diagnostic;
use dsl::expr::{self, Halt, Scope, Seen};
use dsl::span::SpanMap;
use dsl::value::{Hash, Value};
use jiff::Timestamp;

/// Names and steps that a test gives.
#[derive(Default)]
pub struct World {
    pub names: BTreeMap<String, Value>,
    pub steps: BTreeMap<String, Value>,
    pub errors: BTreeMap<String, Value>,
    pub big: BTreeMap<Hash, Value>,
}

impl World {
    /// `inputs`, the steps `got` and `empty`, and a step `gone` that gave nothing.
    pub fn new() -> World {
        let mut world = World::default();
        world.names.insert(
            "inputs".into(),
            json(r#"{ "n": 3, "name": "Ada", "xs": [1, 2, 3], "none": null, "rows": [{ "a": 1 }, { "a": 2 }] }"#),
        );
        world.steps.insert("got".into(), json(r#"{ "body": { "title": "T", "n": 1 }, "empty": null }"#));
        world.steps.insert("empty".into(), Value::Null);
        world.errors.insert("gone".into(), json(r#"{ "message": "no" }"#));
        world
    }
}

impl Scope for World {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.names.get(name).map(Cow::Borrowed)
    }

    fn step(&self, name: &str) -> Seen<'_> {
        self.steps.get(name).map_or(Seen::Absent, |value| Seen::Value(Cow::Borrowed(value)))
    }

    fn error(&self, name: &str) -> Value {
        self.errors.get(name).cloned().unwrap_or_default()
    }

    fn meta(&self, _: &str) -> Value {
        Value::Null
    }

    fn big(&self, hash: &Hash) -> Option<Value> {
        self.big.get(hash).cloned()
    }

    fn now(&self) -> Timestamp {
        "2026-03-05T14:30:00Z".parse().expect("a time")
    }

    fn seed(&self) -> [u8; 32] {
        [7; 32]
    }
}

/// A value from JSON.
pub fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The value of an expression in a world, or what stopped it.
pub fn run(text: &str, world: &World) -> Result<Value, String> {
    let parsed = expr::parse(text, &SpanMap::plain(0, text.len())).map_err(|faults| told(&faults))?;
    expr::eval(&parsed, world).map_err(|halt| halted(&halt))
}

/// Diagnostics in one line.
pub fn told(faults: &[Diagnostic]) -> String {
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| {
            format!("{} {}..{} {}", fault.code.id(), fault.span.start, fault.span.end, fault.message)
        })
        .collect();
    lines.join("; ")
}

/// A halt in one line.
pub fn halted(halt: &Halt) -> String {
    match halt {
        Halt::Skip { step } => format!("skip {step}"),
        Halt::Failure(failure) => format!("{}: {}", failure.kind.name(), failure.message),
    }
}

/// Checks that values are the same, and of the same type.
pub fn same(a: &Value, b: &Value) -> bool {
    let kinds = |value: &Value| std::mem::discriminant(value);
    a == b && kinds(a) == kinds(b)
}
