//! Texts with holes: parsed, rendered and stored.
#![no_main]

#[path = "../../dsl/tests/shared/mod.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|text: &str| shared::properties::template(text));
