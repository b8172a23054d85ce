//! The types of a secret and of the hole that it fills.
//!
//! It opens nothing and stores nothing: who keeps secrets implements `Open`, and who sends them calls
//! `fill` at the last moment. Nothing here reads a file, a clock or an environment variable.

mod hole;
mod open;
mod value;

pub use hole::{Hole, fill};
pub use open::{NoVault, Open, Refused};
pub use value::Secret;
