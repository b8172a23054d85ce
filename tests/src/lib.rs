//! The product from outside: what the tests in `tests/` share, and the benchmark in `src/bin`.
//!
//! It starts the real binary, talks to it as a person or a service would, and judges what it left behind.
//! It holds no test double of a part of the product: those live beside the part.

pub mod authority;
pub mod browser;
pub mod canary;
pub mod chance;
pub mod chromium;
pub mod clock;
pub mod editor;
pub mod effects;
pub mod evidence;
pub mod faults;
pub mod journey;
pub mod keyway;
pub mod layers;
pub mod lying;
pub mod machine;
pub mod markdown;
pub mod models;
pub mod outcomes;
pub mod place;
pub mod planted;
pub mod port;
pub mod replay;
pub mod report;
pub mod served;
pub mod service;
pub mod ticks;
pub mod tool;
pub mod verdict;
pub mod walker;
pub mod web;
pub mod world;

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the repository").to_owned()
}
