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
mod fields;
pub mod format;
pub mod graph;
pub mod inputs;
pub mod json;
mod lower;
mod parse;
pub mod render;
pub mod span;
pub mod template;
pub mod types;
pub mod value;
pub mod verb;
pub mod workflow;
mod yaml;

use catalog::Catalog;
use diagnostic::{Diagnostic, Severity};
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

/// Checks a text against what can be called. Never fails: what is wrong is in the diagnostics.
pub fn check(text: &str, catalog: &Catalog) -> Checked {
    let (root, mut diagnostics) = yaml::read(text);
    let mut workflow = None;
    if let Some(root) = root {
        let (ast, wrong) = parse::parse(text, &root);
        diagnostics.extend(wrong);
        let (resolved, all) = check::run(text, &ast, catalog, diagnostics);
        diagnostics = all;
        if diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error) {
            workflow = lower::lower(&ast, &resolved, catalog);
        }
    }
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
    // An alias reads the same text again.
    diagnostics.dedup();
    Checked { workflow, diagnostics }
}
