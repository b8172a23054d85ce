//! Whole workflows: whatever the text, checking ends with a workflow or with diagnostics.
#![no_main]

#[path = "../../dsl/tests/shared/mod.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|text: &str| shared::properties::checker(text));
