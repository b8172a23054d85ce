//! YAML as data: read, written and read again.
#![no_main]

#[path = "../../dsl/tests/shared/mod.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|text: &str| shared::properties::yaml(text));
