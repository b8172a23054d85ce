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
pub mod types;
pub mod value;
pub mod verb;
pub mod workflow;
pub mod yaml;

use catalog::{Catalog, Signature};
use codes::Code;
use diagnostic::{Diagnostic, Severity};
pub use expr::types::Strictness;
use span::Span;
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
    Checked { workflow, diagnostics: in_order(text, diagnostics) }
}

/// Diagnostics in the order of the text, each once: an alias reads the same text again. A block whose only entry had
/// no key that can be one is empty for that reason, which was said.
fn in_order(text: &str, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let keys: Vec<Span> =
        diagnostics.iter().filter(|it| it.code == Code::ComplexKey).map(|it| it.span).collect();
    diagnostics.retain(|it| it.code != Code::NoSteps || !keys.iter().any(|key| follows(text, it.span, *key)));
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
    diagnostics.dedup();
    diagnostics
}

/// True if a key is the first thing in the value of another: what stood there was left out, and was not nothing.
fn follows(text: &str, outer: Span, key: Span) -> bool {
    let between = text.get(outer.range().end..key.range().start);
    between.is_some_and(|between| between.trim_matches([':', '{', '?', ' ', '\n', '\r']).is_empty())
}

/// What a workflow looks like to others that call it, with its name; nothing where it has none that can be read.
pub fn signature(text: &str) -> Option<(String, Signature)> {
    let (ast, _) = parse::parse(text, &yaml::read(text).0?);
    let name = ast.name.as_ref()?.value.clone();
    Some((name, check::signature(&ast)))
}

/// A file as plain data, aliases and merge keys resolved: for who judges its shape alone. Nothing where it
/// is not YAML.
pub fn data(text: &str) -> Option<value::Value> {
    let (root, diagnostics) = yaml::read(text);
    let readable = diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error);
    root.filter(|_| readable).map(|root| root.value())
}
