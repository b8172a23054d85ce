//! The workflow language: text in, a checked workflow or diagnostics out.
//!
//! Pure: no I/O, no async, no clock, no order that changes from run to run. It knows no service: what can
//! be called is a `Catalog` that the caller gives.

pub mod ast;
pub mod catalog;
mod check;
pub mod codes;
pub mod cron;
pub mod diagnostic;
pub mod duration;
pub mod expr;
pub mod fields;
pub mod format;
pub mod graph;
mod habits;
pub mod ide;
pub mod inputs;
pub mod json;
pub mod keys;
mod lower;
pub mod mend;
mod parse;
pub mod render;
pub mod schema;
pub mod shape;
pub mod span;
mod spelling;
pub mod template;
pub mod test;
pub mod types;
pub mod value;
pub mod verb;
pub mod workflow;
pub mod xml;
pub mod yaml;

use catalog::{Catalog, Signature};
use diagnostic::{Diagnostic, Severity};
pub use expr::types::Strictness;
use workflow::Workflow;

/// What came of checking a text. With any error there is no workflow.
#[derive(Debug)]
pub struct Checked {
    /// The workflow, if there is no error.
    pub workflow: Option<Workflow>,
    /// All problems, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// True if any diagnostic is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// How strictly a text is checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether reads of values of which nothing is known are reported.
    pub strictness: Strictness,
}

/// Checks a text against what can be called. Never fails: what is wrong is in the diagnostics.
pub fn check(text: &str, catalog: &Catalog) -> Checked {
    check_with(text, catalog, &Options::default())
}

/// As `check`, with options.
pub fn check_with(text: &str, catalog: &Catalog, options: &Options) -> Checked {
    let (root, mut diagnostics) = yaml::read(text);
    let mut workflow = None;
    if let Some(root) = root {
        let (ast, wrong) = parse::parse(text, &root);
        diagnostics.extend(wrong);
        let found = check::run(text, &ast, catalog, options.strictness, diagnostics);
        diagnostics = found.diagnostics;
        if diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error) {
            workflow = lower::lower(ast, &found.resolved, catalog);
        }
    }
    Checked { workflow, diagnostics: in_order(diagnostics) }
}

/// Diagnostics in the order of the text, each once: an alias reads the same text again.
pub fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
    diagnostics.dedup();
    diagnostics
}

/// What a workflow looks like to others that call it, with its name; nothing where it has none that can be read.
pub fn signature(text: &str) -> Option<(String, Signature)> {
    let (ast, _) = parse::parse(text, &yaml::read(text).0?);
    let name = ast.name.as_ref()?.value.clone();
    Some((name, check::signature(&ast)))
}
