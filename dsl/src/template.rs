//! Text with `{{ }}` holes and blocks.

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::expr::{Halt, Read, Scope};
use crate::span::{Span, SpanMap};
use crate::value::Value;
use crate::workflow::Arg;

/// A parsed text with holes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Where it stands.
    pub span: Span,
}

/// What the text is for, which decides how the value of a hole is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Plain text.
    Text,
    /// A URL: a hole at the very start stands as it is, in the path it is one segment, in the query one value.
    Url,
}

/// Parses a text: without holes a value, exactly one hole an expression, else a template.
///
/// # Errors
/// Everything that is wrong with its holes and blocks.
pub fn parse(text: &str, map: &SpanMap, sink: Sink) -> Result<Arg, Vec<Diagnostic>> {
    let _ = (map, sink);
    Ok(Arg::Value(Value::text(text)))
}

/// Renders a text.
///
/// # Errors
/// As `expr::eval`.
pub fn render(template: &Template, scope: &dyn Scope) -> Result<Value, Halt> {
    let _ = (template, scope);
    Ok(Value::Null)
}

/// Evaluates a value with holes.
///
/// # Errors
/// As `expr::eval`.
pub fn fill(arg: &Arg, scope: &dyn Scope) -> Result<Value, Halt> {
    let _ = (arg, scope);
    Ok(Value::Null)
}

impl Template {
    /// The steps that its holes and blocks read.
    pub fn reads(&self) -> Vec<Read> {
        vec![]
    }
}
