//! Runs the passes over a workflow as it was written. Each pass is one file; they see the whole file and what
//! the passes before them found out, and report everything at once.

mod actions;
mod braces;
mod calls;
mod conditions;
mod fits;
mod flow;
mod graph;
mod names;
mod outside;
mod scope;
mod secrets;
mod skips;
mod statements;
mod triggers;
mod types;
mod untrusted;
mod unused;

use crate::ast::Ast;
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::expr::types::{Strictness, Watch};

pub use outside::signature;
pub use scope::{Edge, Frame, Resolved, find as find_step};
pub use triggers::{invalid_time, unknown_zone};
pub use types::Typed;

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
    /// The types of its values; known after the third pass.
    pub typed: Typed,
    /// Whether reads of what nothing is known of are reported.
    pub strictness: Strictness,
    /// The place that an editor asks about.
    pub watch: Option<&'a Watch>,
    /// What was found so far, reading included.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Checking<'a> {
    /// Before the first pass.
    pub fn new(text: &'a str, ast: &'a Ast, catalog: &'a Catalog) -> Checking<'a> {
        Checking {
            text,
            ast,
            catalog,
            resolved: Resolved::default(),
            typed: Typed::default(),
            strictness: Strictness::default(),
            watch: None,
            diagnostics: vec![],
        }
    }
}

/// The passes in their order: names and types first, since the others build on them.
const PASSES: &[fn(&mut Checking<'_>)] = &[
    names::check,
    graph::check,
    types::check,
    actions::check,
    calls::check,
    conditions::check,
    fits::check,
    secrets::check,
    skips::check,
    statements::check,
    triggers::check,
    untrusted::check,
    unused::check,
];

/// The passes that an editor needs for a place.
const LOOKING: &[fn(&mut Checking<'_>)] = &[names::check, graph::check, types::check];

/// Runs the passes that find names and types, with what an editor asks about, if anything.
pub fn look<'a>(text: &'a str, ast: &'a Ast, catalog: &'a Catalog, watch: Option<&'a Watch>) -> Typed {
    let mut checking = Checking { watch, ..Checking::new(text, ast, catalog) };
    LOOKING.iter().for_each(|pass| pass(&mut checking));
    checking.typed
}

/// What the passes found out.
pub struct Found {
    /// Which step reads which.
    pub resolved: Resolved,
    /// The types of its values.
    pub typed: Typed,
    /// What is wrong, reading included.
    pub diagnostics: Vec<Diagnostic>,
}

/// Runs all passes; what reading found is given to them.
pub fn run(
    text: &str,
    ast: &Ast,
    catalog: &Catalog,
    strictness: Strictness,
    found: Vec<Diagnostic>,
) -> Found {
    let mut checking = Checking { strictness, diagnostics: found, ..Checking::new(text, ast, catalog) };
    PASSES.iter().for_each(|pass| pass(&mut checking));
    let Checking { resolved, typed, diagnostics, .. } = checking;
    Found { resolved, typed, diagnostics }
}
