//! The expression language: everything between `{{` and `}}` and every bare expression field.
//! Pure, total and bounded.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Failure;
use crate::diagnostic::Diagnostic;
use crate::span::{Span, SpanMap};
use crate::value::{Hash, Value};

/// A parsed expression. Its spans are places in the workflow's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
}

/// What an expression can see. The engine implements it for a place in a run; tests with a map.
pub trait Scope {
    /// A bare name that is not `steps`, `errors` or `meta`: `inputs`, `trigger`, `run`, `error`, `round`,
    /// `last`, `index`, a loop variable. Nothing if there is none.
    fn name(&self, name: &str) -> Option<Value>;
    /// `steps.NAME`, found in this block or the nearest one outside.
    fn step(&self, name: &str) -> Seen;
    /// `errors.NAME`: the failure of a step that was continued, as an object, else null.
    fn error(&self, name: &str) -> Value;
    /// `meta.NAME`: attempts, started, duration, as an object, else null.
    fn meta(&self, name: &str) -> Value;
    /// A large value by its hash.
    fn big(&self, hash: &Hash) -> Option<Value>;
    /// `now()`: fixed when the step started.
    fn now(&self) -> Timestamp;
    /// What `uuid()` and `random()` are drawn from: fixed for the step's attempt.
    fn seed(&self) -> [u8; 32];
}

/// What a step looks like to its reader.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// It succeeded with this value.
    Value(Value),
    /// It gave nothing: skipped, failed and continued, in a branch not taken, or never started.
    Absent,
}

/// Why an evaluation gave no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Halt {
    /// A hard reference to a step that gave nothing: the reader is skipped.
    Skip {
        /// The name of that step.
        step: String,
    },
    /// The values do not fit: kind `type` or `limit`.
    Failure(Failure),
}

/// A read of a step that an expression contains.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Through which root.
    pub root: Root,
    /// The step's name.
    pub step: String,
    /// The place of the name.
    pub span: Span,
    /// True for a read that takes null, or may not be reached.
    pub soft: bool,
}

/// The three roots that name steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `steps.NAME`
    Steps,
    /// `errors.NAME`
    Errors,
    /// `meta.NAME`
    Meta,
}

/// Parses an expression. `map` tells where its bytes stand in the workflow's text.
///
/// # Errors
/// Everything that is wrong with its grammar, unknown functions and wrong counts of arguments included.
pub fn parse(text: &str, map: &SpanMap) -> Result<Expr, Vec<Diagnostic>> {
    let _ = (text, map);
    Err(vec![])
}

/// Evaluates an expression.
///
/// # Errors
/// `Halt::Skip` where a hard reference found nothing, `Halt::Failure` where the values do not fit.
pub fn eval(expr: &Expr, scope: &dyn Scope) -> Result<Value, Halt> {
    let _ = (expr, scope);
    Ok(Value::Null)
}

impl Expr {
    /// The steps that it reads, in the order of the text; names of lambdas do not count.
    pub fn reads(&self) -> Vec<Read> {
        vec![]
    }
}
