//! Diagnostics for people and for programs.

mod json;
mod sarif;
mod text;

pub use json::json;
pub use sarif::{Found, sarif};
pub use text::{Color, text};
