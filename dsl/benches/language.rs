//! How fast the language is: checking workflows of many sizes, evaluating an expression, the times of a schedule.
//!
//! `cargo bench -p dsl` measures; `cargo run --release -p tests --bin language` does so too, and writes
//! `docs/measured/language.md`.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/support/mod.rs"]
mod support;
mod texts;

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dsl::cron::Schedule;
use dsl::expr::Scope;
use dsl::span::SpanMap;
use dsl::value::Value;
use jiff::Timestamp;
use mimalloc::MiMalloc;

// What the binary uses.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What the measured expression reads: the inputs.
struct Numbers(Value);

impl Scope for Numbers {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        (name == "inputs").then_some(Cow::Borrowed(&self.0))
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

/// The next time of a schedule where clocks change; one that never comes; reading one; putting one in words.
fn scheduling(criterion: &mut Criterion) {
    let zone = dsl::cron::zone("Europe/Berlin").unwrap();
    let after: Timestamp = "2026-11-29T12:34:56Z".parse().unwrap();
    let mut group = criterion.benchmark_group("schedule");
    for expression in
        ["* * * * *", "*/15 8-17 * * MON-FRI", "0 9 * * *", "30 6 * * FRIL", "0 0 29 2 *", "0 0 30 2 *"]
    {
        let schedule = Schedule::parse(expression).unwrap();
        group.bench_with_input(BenchmarkId::new("next", expression), &schedule, |bencher, schedule| {
            bencher.iter(|| schedule.next(black_box(after), &zone));
        });
    }
    let text = "*/15 8-17 * * MON-FRI";
    group.bench_function("read", |bencher| bencher.iter(|| Schedule::parse(black_box(text))));
    group.bench_function("read one that never comes", |bencher| {
        bencher.iter(|| Schedule::parse(black_box("0 0 30 2 *")));
    });
    let schedule = Schedule::parse(text).unwrap();
    group.bench_function("explain", |bencher| bencher.iter(|| black_box(&schedule).explain()));
    group.finish();
}

criterion_group!(benches, checking, evaluating, scheduling);
criterion_main!(benches);
