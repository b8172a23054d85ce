//! What a hook makes for an action: `made.NAME` in what is sent and in what is given.

use dsl::workflow::Arg;

use crate::hook::Hook;

/// A value that a hook makes.
#[derive(Clone, Debug)]
pub struct Made {
    /// What it is read as, within `made`.
    pub name: String,
    /// What makes it.
    pub hook: &'static Hook,
    /// What the hook is given: over `input` and `connection`, and over `response` where it comes after the answer.
    pub with: Vec<(String, Arg)>,
}
