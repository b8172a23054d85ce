#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, dead_code)]
#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../benches/texts.rs"]
mod texts;
use std::hint::black_box;
use std::time::Instant;
use dsl::expr::{Scope, Seen};
use dsl::span::SpanMap;
use dsl::value::{Hash, Value};
struct Numbers(Value);
impl Scope for Numbers {
    fn name(&self, name: &str) -> Option<Value> { (name == "inputs").then(|| self.0.clone()) }
    fn step(&self, _: &str) -> Seen { Seen::Absent }
    fn error(&self, _: &str) -> Value { Value::Null }
    fn meta(&self, _: &str) -> Value { Value::Null }
    fn big(&self, _: &Hash) -> Option<Value> { None }
    fn now(&self) -> jiff::Timestamp { jiff::Timestamp::UNIX_EPOCH }
    fn seed(&self) -> [u8; 32] { [0; 32] }
}
fn best(n: usize, mut f: impl FnMut()) -> f64 {
    (0..n).map(|_| { let s = Instant::now(); f(); s.elapsed().as_secs_f64() * 1e6 }).fold(f64::MAX, f64::min)
}
fn main() {
    let what = std::env::args().nth(1).unwrap_or_default();
    let n: usize = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(1);
    let catalog = support::catalog();
    let all = what == "all";
    for (name, text) in [("large", texts::large()), ("ten", texts::small(10)), ("thousand", texts::small(1000))] {
        if all || what == name {
            let many = if name == "ten" { n * 20 } else { n };
            println!("{name}: {:.1} µs", best(many, || { black_box(dsl::check(black_box(&text), &catalog)); }));
        }
    }
    let map = SpanMap::plain(0, texts::TEN_OPERATIONS.len());
    if all || what == "parse" {
        println!("parse: {:.2} µs", best(n * 10, || { for _ in 0..10 { black_box(dsl::expr::parse(black_box(texts::TEN_OPERATIONS), &map).unwrap()); } }) / 10.0);
    }
    if all || what == "eval" {
        let expr = dsl::expr::parse(texts::TEN_OPERATIONS, &map).unwrap();
        let scope = Numbers(Value::object([("n", Value::Int(7)), ("m", Value::Number(2.5))]));
        println!("eval: {:.3} µs", best(n * 100, || { for _ in 0..100 { black_box(dsl::expr::eval(black_box(&expr), &scope).unwrap()); } }) / 100.0);
    }
}
