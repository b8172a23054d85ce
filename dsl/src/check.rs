//! Runs the passes over a workflow as it was written. Each pass is one file; they see the whole file and what
//! the passes before them found out, and report everything at once.

mod actions;
mod braces;
mod conditions;
mod graph;
mod names;
mod scope;
mod secrets;
mod skips;
mod triggers;
mod types;
mod unused;

use crate::ast::Ast;
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;

pub use scope::{Edge, Resolved};

/// What a pass has in hand.
pub struct Checking<'a> {
    /// The whole text.
    pub text: &'a str,
    /// The workflow as it was written.
    pub ast: &'a Ast,
    /// What can be called.
    pub catalog: &'a Catalog,
    /// Which step reads which; known after the first pass.
    pub resolved: Resolved,
    /// What was found so far, reading included.
    pub diagnostics: Vec<Diagnostic>,
}

/// The passes in their order: names first, since the others build on what was resolved.
const PASSES: &[fn(&mut Checking<'_>)] = &[
    names::check,
    graph::check,
    actions::check,
    conditions::check,
    secrets::check,
    skips::check,
    triggers::check,
    unused::check,
];

/// Runs all passes; what reading found is given to them.
pub fn run(text: &str, ast: &Ast, catalog: &Catalog, found: Vec<Diagnostic>) -> (Resolved, Vec<Diagnostic>) {
    let mut checking = Checking { text, ast, catalog, resolved: Resolved::default(), diagnostics: found };
    PASSES.iter().for_each(|pass| pass(&mut checking));
    (checking.resolved, checking.diagnostics)
}
