//! How fast the language is: checking workflows of many sizes, and evaluating an expression.
//!
//! `cargo bench -p dsl` measures; `cargo run --release -p tests --bin language` does so too, and writes
//! `docs/measured/language.md`.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/support/mod.rs"]
mod support;
mod texts;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dsl::expr::{Scope, Seen};
use dsl::span::SpanMap;
use dsl::value::{Hash, Value};
use jiff::Timestamp;

/// What the measured expression reads: the inputs.
struct Numbers(Value);

impl Scope for Numbers {
    fn name(&self, name: &str) -> Option<Value> {
        (name == "inputs").then(|| self.0.clone())
    }

    fn step(&self, _: &str) -> Seen {
        Seen::Absent
    }

    fn error(&self, _: &str) -> Value {
        Value::Null
    }

    fn meta(&self, _: &str) -> Value {
        Value::Null
    }

    fn big(&self, _: &Hash) -> Option<Value> {
        None
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn seed(&self) -> [u8; 32] {
        [0; 32]
    }
}

fn checking(criterion: &mut Criterion) {
    let catalog = support::catalog();
    let mut group = criterion.benchmark_group("check");
    group.sample_size(20).measurement_time(Duration::from_secs(4));
    let mut texts: Vec<(String, String)> =
        texts::COUNTS.iter().map(|count| (format!("{count} steps"), texts::small(*count))).collect();
    texts.push(("1000 steps, 1 MB".into(), texts::large()));
    for (name, text) in &texts {
        let checked = dsl::check(text, &catalog);
        assert!(checked.workflow.is_some(), "{name}: {:#?}", checked.diagnostics);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), text, |bencher, text| {
            bencher.iter(|| black_box(dsl::check(black_box(text), &catalog)));
        });
    }
    group.finish();
}

fn evaluating(criterion: &mut Criterion) {
    let map = SpanMap::plain(0, texts::TEN_OPERATIONS.len());
    let expr = dsl::expr::parse(texts::TEN_OPERATIONS, &map).unwrap();
    let scope = Numbers(Value::object([("n", Value::Int(7)), ("m", Value::Number(2.5))]));
    assert_eq!(dsl::expr::eval(&expr, &scope), Ok(Value::Int(8)));
    let mut group = criterion.benchmark_group("expression");
    group.bench_function("parse", |bencher| {
        bencher.iter(|| dsl::expr::parse(black_box(texts::TEN_OPERATIONS), &map));
    });
    group.bench_function("evaluate", |bencher| bencher.iter(|| dsl::expr::eval(black_box(&expr), &scope)));
    group.finish();
}

criterion_group!(benches, checking, evaluating);
criterion_main!(benches);
