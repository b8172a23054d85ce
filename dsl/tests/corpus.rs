//! What fuzzing kept in `fuzz/corpus`, and mutations of it, through the functions that fuzzing tests.
//!
//! It follows no coverage, and needs no more than a stable toolchain. `KEYWAY_SECONDS` sets how long each function is
//! tried, `KEYWAY_SEED` which mutations are made; without them it is the same short run each time.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod shared;

use std::path::Path;
use std::time::{Duration, Instant};

use shared::mutation::{Chance, mutated};
use shared::properties;

/// How many mutations are tried at least.
const FEWEST: usize = 200;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a whole number, and here stands {text:?}")))
}

/// The kept inputs of a target as it takes them, up to the first byte that is no text; their order is always the same.
fn kept(target: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| text(std::fs::read(path).unwrap())).collect()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|wrong| {
        let valid = wrong.utf8_error().valid_up_to();
        String::from_utf8_lossy(&wrong.as_bytes()[..valid]).into_owned()
    })
}

/// Asks one function of every kept input and of as many mutations as the time allows.
fn asked(target: &str, property: fn(&str)) {
    let ask = |what: &str, text: &str| {
        if std::panic::catch_unwind(|| property(text)).is_err() {
            panic!("{target}, {what}: {text:?}");
        }
    };
    let kept = kept(target);
    assert!(kept.len() >= 50, "{} inputs are kept for {target}", kept.len());
    kept.iter().for_each(|text| ask("a kept input", text));
    let seed = number("KEYWAY_SEED").unwrap_or(7);
    let end = Instant::now() + Duration::from_secs(number("KEYWAY_SECONDS").unwrap_or(0));
    let mut chance = Chance(seed);
    let mut rounds = 0;
    while rounds < FEWEST || Instant::now() < end {
        ask(&format!("seed {seed}, round {rounds}"), &mutated(&mut chance, &kept));
        rounds += 1;
    }
    println!("{target}: {} kept inputs, {rounds} mutations", kept.len());
}

#[test]
fn checker() {
    asked("checker", properties::checker);
}

#[test]
fn expression() {
    asked("expression", properties::expression);
}

#[test]
fn formatter() {
    asked("formatter", properties::formatter);
}

#[test]
fn template() {
    asked("template", properties::template);
}

#[test]
fn yaml() {
    asked("yaml", properties::yaml);
}
