//! The expression language: everything between `{{` and `}}` and every bare expression field.
//! Pure, total and bounded.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Failure;
use crate::diagnostic::Diagnostic;
use crate::span::{self, Span, SpanMap};
use crate::value::{Hash, Value};

pub mod ast;
mod call;
pub(crate) mod eval;
pub(crate) mod fault;
pub mod functions;
mod grammar;
mod literal;
pub(crate) mod operate;
pub(crate) mod parse;
pub(crate) mod place;
mod reads;
mod reword;
pub(crate) mod scan;
pub mod types;
mod warnings;

pub use reads::Name;

use ast::{Ix, Kind, Node, Part};

/// The longest expression, in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;

/// The deepest nesting of an expression.
pub const MAX_DEPTH: usize = 64;

/// Names that mean something where they are read bare: no lambda parameter or loop variable has one.
pub const RESERVED: [&str; 22] = [
    "and", "error", "errors", "event", "false", "in", "index", "inputs", "key", "last", "meta", "not",
    "null", "or", "round", "run", "secret", "steps", "this", "trigger", "true", "value",
];

/// A parsed expression. Its spans are places in the workflow's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Expr {
    /// Where it stands.
    #[serde(with = "ast::pair")]
    pub span: Span,
    /// Its text, which messages quote.
    #[serde(rename = "text")]
    source: Arc<str>,
    /// Where the bytes of the text stand in the file, as in `SpanMap`.
    #[serde(rename = "map")]
    points: Vec<(u32, u32)>,
    /// Its nodes; the root is the last.
    nodes: Vec<Node>,
}

/// The stored form, before it is known that its nodes form a tree.
#[derive(Deserialize)]
struct Unchecked {
    #[serde(with = "ast::pair")]
    span: Span,
    text: Arc<str>,
    map: Vec<(u32, u32)>,
    nodes: Vec<Node>,
}

impl TryFrom<Unchecked> for Expr {
    type Error = String;

    fn try_from(stored: Unchecked) -> Result<Expr, String> {
        let mut depths: Vec<usize> = Vec::with_capacity(stored.nodes.len());
        for node in &stored.nodes {
            let mut depth = Some(0);
            node.kind.each_child(&mut |child| {
                depth = depth.and_then(|depth: usize| Some(depth.max(depths.get(usize::from(child))? + 1)));
            });
            match depth {
                Some(depth) if depth <= 2 * MAX_DEPTH => depths.push(depth),
                _ => return Err("the nodes of a stored expression are no tree".into()),
            }
        }
        if stored.nodes.is_empty() || stored.nodes.len() > usize::from(Ix::MAX) {
            return Err("a stored expression without nodes".into());
        }
        let Unchecked { span, text, map, nodes } = stored;
        Ok(Expr { span, source: text, points: map, nodes })
    }
}

/// What an expression can see. The engine implements it for a place in a run; tests with a map. By itself there are
/// neither steps nor large values: who wraps another one hands those on.
pub trait Scope {
    /// A bare name that is not `steps`, `errors` or `meta`: `inputs`, `trigger`, `run`, `error`, `round`,
    /// `last`, `index`, a loop variable. Nothing if there is none.
    fn name(&self, name: &str) -> Option<Cow<'_, Value>>;
    /// `steps.NAME`, found in this block or the nearest one outside.
    fn step(&self, _: &str) -> Seen<'_> {
        Seen::Absent
    }
    /// `errors.NAME`: the failure of a step that was continued, as an object, else null.
    fn error(&self, _: &str) -> Value {
        Value::Null
    }
    /// `meta.NAME`: attempts, started, duration, as an object, else null.
    fn meta(&self, _: &str) -> Value {
        Value::Null
    }
    /// A large value by its hash.
    fn big(&self, _: &Hash) -> Option<Value> {
        None
    }
    /// `now()`: fixed when the step started.
    fn now(&self) -> Timestamp;
    /// What `uuid()` and `random()` are drawn from: fixed for the step's attempt.
    fn seed(&self) -> [u8; 32];
}

/// What a step looks like to its reader.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen<'s> {
    /// It succeeded with this value.
    Value(Cow<'s, Value>),
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
    Failure(Box<Failure>),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Halt {
        Halt::Failure(Box::new(failure))
    }
}

/// A read of a step that an expression contains.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Through which root.
    pub root: Root,
    /// The step's name.
    pub step: Arc<str>,
    /// The place of the name.
    pub span: Span,
    /// True for a read that takes null, or may not be reached.
    pub soft: bool,
}

/// The three roots that name steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Root {
    /// `steps.NAME`
    Steps,
    /// `errors.NAME`
    Errors,
    /// `meta.NAME`
    Meta,
}

impl Root {
    /// As authors write it.
    pub fn name(self) -> &'static str {
        match self {
            Root::Steps => "steps",
            Root::Errors => "errors",
            Root::Meta => "meta",
        }
    }
}

/// Parses an expression. `map` tells where its bytes stand in the workflow's text. A `{{ }}` around the whole
/// is taken off.
///
/// # Errors
/// Everything that is wrong with its grammar, unknown functions and wrong counts of arguments included.
pub fn parse(text: &str, map: &SpanMap) -> Result<Expr, Vec<Diagnostic>> {
    parse::parse(text, map, 0)
}

/// Evaluates an expression.
///
/// # Errors
/// `Halt::Skip` where a hard reference found nothing, `Halt::Failure` where the values do not fit.
pub fn eval(expr: &Expr, scope: &dyn Scope) -> Result<Value, Halt> {
    eval::eval(expr, scope)
}

impl Expr {
    /// Its text as the author wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its nodes, children before parents; the root is the last.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The place of the root in `nodes`.
    pub fn root(&self) -> Ix {
        Ix::try_from(self.nodes.len().saturating_sub(1)).unwrap_or(Ix::MAX)
    }

    /// The place in the file of a span of the source.
    pub fn place(&self, at: Span) -> Span {
        span::place(&self.points, self.span, at)
    }

    /// The text of a node, shortened where it is long.
    pub fn quote(&self, at: Ix) -> String {
        const LONGEST: usize = 60;
        let text = self.node(at).and_then(|node| self.source.get(node.span.range())).unwrap_or_default();
        let text: Vec<&str> = text.split_whitespace().collect();
        let text = text.join(" ");
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }

    /// The constant, if it is nothing but one.
    pub fn constant(&self) -> Option<&Value> {
        match &self.node(self.root())?.kind {
            Kind::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The text of a path up to a part, that part included.
    pub(crate) fn beginning(&self, base: Ix, parts: &[Part], last: usize) -> String {
        let Some(start) = self.node(base).map(|node| node.span.start as usize) else {
            return String::new();
        };
        let end = match parts.get(last) {
            Some(Part::Field(_, at) | Part::SoftField(_, at)) => at.end as usize,
            Some(Part::Index(at) | Part::SoftIndex(at)) => {
                let end = self.node(*at).map_or(start, |node| node.span.end as usize);
                let rest = self.source.get(end..).unwrap_or_default();
                end + rest.find(']').map_or(0, |at| at + 1)
            }
            None => start,
        };
        self.source.get(start..end).unwrap_or_default().to_owned()
    }

    fn node(&self, at: Ix) -> Option<&Node> {
        self.nodes.get(usize::from(at))
    }
}
