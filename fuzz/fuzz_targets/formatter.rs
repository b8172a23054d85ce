//! The canonical layout: what comes out means the same, keeps its comments and stays as it is.
#![no_main]

#[path = "../../dsl/tests/shared/mod.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|text: &str| shared::properties::formatter(text));
