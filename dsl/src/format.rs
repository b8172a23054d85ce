//! Canonical layout: text in, text out. Order of keys, indentation, blank lines and quotes become the house's;
//! comments, anchors and what an author grouped stay. It never changes what a workflow means: what comes out is
//! read again and compared.

mod block;
mod order;
mod quote;
mod same;
mod write;

use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Severity};
use crate::yaml;
use crate::yaml::source;

/// Lines become no longer than this by keeping a short mapping in braces.
pub const WIDTH: usize = 100;

/// Why a text was not formatted.
#[derive(Debug)]
pub enum Refused {
    /// It cannot be read as YAML.
    Unreadable(Vec<Diagnostic>),
    /// What came out would mean something else: a fault of ours.
    Changed,
}

/// A text as a value in brackets: in quotes where somebody could misread it.
pub fn flow_text(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quote::scalar(text, &quoted, yaml::map::Form::Double, quote::Spot::FLOW)
}

/// Writes a workflow in the canonical layout. A text with mistakes is formatted too, as long as it is YAML.
///
/// # Errors
/// Where the text is no YAML, or what came out would mean anything else.
pub fn format(text: &str, catalog: &Catalog) -> Result<String, Refused> {
    let (root, diagnostics) = yaml::read(text);
    let wrong = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    let Some(before) = root.filter(|_| !wrong) else { return Err(Refused::Unreadable(diagnostics)) };
    let lines = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let root = source::read(&lines).ok_or(Refused::Changed)?;
    let out = write::page(&lines, &root);
    let kept =
        same::nodes(&before, &out) && same::comments(&root, &out) && same::workflows(text, &out, catalog);
    if kept { Ok(out) } else { Err(Refused::Changed) }
}
