//! Text with `{{ }}` holes and blocks. What is in the braces is always the expression language; a rendered
//! value is never read again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::expr::ast::pair;
use crate::expr::eval::{Budget, measured};
use crate::expr::{Expr, Halt, Name, Read, Scope};
use crate::span::{Span, SpanMap};
use crate::value::Value;
use crate::workflow::Arg;

mod blocks;
mod parse;
mod render;
mod tokens;
mod types;

/// What `#each` gives without being asked.
const GIVEN: [&str; 3] = ["this", "index", "key"];

/// The deepest nesting of blocks in a text.
pub const MAX_DEPTH: usize = 32;

/// The most parts that a text has: pieces of text, holes, and the tags of blocks.
pub const MAX_PARTS: usize = 10_000;

/// The most tags of blocks that a text has. Handlebars takes time by the square of them.
pub const MAX_TAGS: usize = 1_000;

/// A parsed text with holes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Template {
    /// Where it stands.
    #[serde(with = "pair")]
    pub span: Span,
    /// Its parts in the order of the text; blocks are opened and ended by parts of their own.
    parts: Vec<Part>,
    /// What the blocks are rendered with.
    #[serde(skip)]
    frame: blocks::Frame,
}

/// The stored form, before it is known that its blocks are closed and bounded.
#[derive(Deserialize)]
struct Unchecked {
    #[serde(with = "pair")]
    span: Span,
    parts: Vec<Part>,
}

impl TryFrom<Unchecked> for Template {
    type Error = String;

    fn try_from(stored: Unchecked) -> Result<Template, String> {
        let mut depth = 0_usize;
        for part in &stored.parts {
            match part {
                Part::Text(_) | Part::Hole(_) | Part::Encoded(_) => {}
                Part::If(_) | Part::Unless(_) | Part::Each(..) | Part::With(..) => depth += 1,
                Part::ElseIf(_) | Part::Else if depth > 0 => {}
                Part::End if depth > 0 => depth -= 1,
                Part::ElseIf(_) | Part::Else | Part::End => {
                    return Err("a stored text with a stray tag".into());
                }
            }
            if depth > MAX_DEPTH {
                return Err("a stored text that nests too deep".into());
            }
        }
        if depth > 0 || stored.parts.len() > MAX_PARTS {
            return Err("a stored text with a block that is not closed, or with too many parts".into());
        }
        Ok(Template { span: stored.span, parts: stored.parts, frame: blocks::Frame::default() })
    }
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    /// Text as it stands.
    Text(Arc<str>),
    /// A value, rendered as it is.
    Hole(Expr),
    /// A value, percent-encoded.
    Encoded(Expr),
    /// `{{#if c}}`
    If(Expr),
    /// `{{#unless c}}`
    Unless(Expr),
    /// `{{#each xs as |x i|}}`, with the names of the item and of its index or key.
    Each(Expr, Vec<Arc<str>>),
    /// `{{#with x as |y|}}`
    With(Expr, Vec<Arc<str>>),
    /// `{{else if c}}`
    ElseIf(Expr),
    /// `{{else}}`
    Else,
    /// `{{/if}}` and the like.
    End,
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
    parse::parse(text, map, sink)
}

/// Renders a text.
///
/// # Errors
/// As `expr::eval`.
pub fn render(template: &Template, scope: &dyn Scope) -> Result<Value, Halt> {
    render::render(template, scope, &mut Budget::default())
}

/// Evaluates a value with holes.
///
/// # Errors
/// As `expr::eval`.
pub fn fill(arg: &Arg, scope: &dyn Scope) -> Result<Value, Halt> {
    let value = render::fill(arg, scope, &mut Budget::default())?;
    match arg {
        Arg::List(_) | Arg::Object(_) => measured(value),
        Arg::Value(_) | Arg::Expr(_) | Arg::Text(_) => Ok(value),
    }
}

impl Template {
    /// The steps that its holes and blocks read. What stands within a block may not be reached: it is soft.
    pub fn reads(&self) -> Vec<Read> {
        let mut reads = vec![];
        self.mentions(&mut reads, &mut vec![]);
        reads
    }

    /// The bare names that it reads; those that its own blocks give are left out.
    pub fn names(&self) -> Vec<Name> {
        let mut names = vec![];
        self.mentions(&mut vec![], &mut names);
        names
    }

    /// Adds the steps and the bare names that it reads.
    pub(crate) fn mentions(&self, reads: &mut Vec<Read>, names: &mut Vec<Name>) {
        let mut named = vec![];
        self.each_expr(&mut |expr, inside, given| {
            let read = reads.len();
            expr.mentions(reads, &mut named);
            reads[read..].iter_mut().for_each(|read| read.soft |= inside);
            names.extend(named.drain(..).filter(|name: &Name| !given.contains(&&*name.0)));
        });
    }

    /// What the item of the innermost `#each` or `#with` around a place is called: `this`, or the author's name.
    pub(crate) fn item_at(&self, at: Span) -> Option<String> {
        let mut item = None;
        self.each_expr(&mut |expr, _, given| {
            if expr.span.start <= at.start && at.end <= expr.span.end {
                // Names stand in the order of the blocks; those that an author chose follow `this`.
                let this = given.iter().rposition(|name| *name == "this");
                let own = this.and_then(|this| given[this..].iter().find(|name| !GIVEN.contains(name)));
                item = this.map(|_| own.map_or("this", |own| own).to_owned());
            }
        });
        item
    }

    /// True if it has blocks, and not holes alone.
    pub(crate) fn has_blocks(&self) -> bool {
        self.parts.iter().any(|part| !part.is_row())
    }

    /// Calls `found` for each expression, with whether it may not be reached and the names that blocks around
    /// it give.
    pub(crate) fn each_expr(&self, found: &mut dyn FnMut(&Expr, bool, &[&str])) {
        let mut depth = 0_usize;
        let mut given: Vec<&str> = vec![];
        let mut opened: Vec<usize> = vec![];
        for part in &self.parts {
            match part {
                Part::Text(_) => {}
                Part::Hole(expr) | Part::Encoded(expr) => found(expr, depth > 0, &given),
                // The condition of a further arm sees what stands around the block, and is asked last.
                Part::ElseIf(expr) => found(expr, true, &given),
                Part::If(expr) | Part::Unless(expr) | Part::Each(expr, _) | Part::With(expr, _) => {
                    found(expr, depth > 0, &given);
                    depth += 1;
                    opened.push(given.len());
                    given.extend(part.gives());
                }
                Part::Else => given.truncate(opened.last().copied().unwrap_or(0)),
                Part::End => {
                    depth = depth.saturating_sub(1);
                    given.truncate(opened.pop().unwrap_or(0));
                }
            }
        }
    }
}

impl Template {
    /// The expressions in it, in the order of the text.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(expr)
            | Part::Encoded(expr)
            | Part::If(expr)
            | Part::Unless(expr)
            | Part::Each(expr, _)
            | Part::With(expr, _)
            | Part::ElseIf(expr) => Some(expr),
            Part::Text(_) | Part::Else | Part::End => None,
        })
    }

    /// The text before anything is filled in, decided or repeated.
    pub fn start(&self) -> &str {
        match self.parts.first() {
            Some(Part::Text(plain)) => plain,
            _ => "",
        }
    }

    /// The text with `…` where something is filled in or repeated: for people who want to know what it is about.
    pub fn outline(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text += plain,
                Part::Hole(_) | Part::Encoded(_) => text.push('…'),
                Part::If(_)
                | Part::Unless(_)
                | Part::Each(..)
                | Part::With(..)
                | Part::ElseIf(_)
                | Part::Else
                | Part::End => {}
            }
        }
        text
    }
}

impl Part {
    /// True for what is neither the beginning, nor an arm, nor the end of a block.
    fn is_row(&self) -> bool {
        match self {
            Part::Text(_) | Part::Hole(_) | Part::Encoded(_) => true,
            Part::If(_)
            | Part::Unless(_)
            | Part::Each(..)
            | Part::With(..)
            | Part::ElseIf(_)
            | Part::Else
            | Part::End => false,
        }
    }

    /// The names that a block gives to what stands in it.
    fn gives(&self) -> Vec<&str> {
        match self {
            Part::Each(_, names) => GIVEN.into_iter().chain(names.iter().map(|name| &**name)).collect(),
            Part::With(_, names) => std::iter::once("this").chain(names.iter().map(|name| &**name)).collect(),
            Part::Text(_)
            | Part::Hole(_)
            | Part::Encoded(_)
            | Part::If(_)
            | Part::Unless(_)
            | Part::ElseIf(_)
            | Part::Else
            | Part::End => vec![],
        }
    }
}

impl Arg {
    /// The steps that it reads.
    pub fn reads(&self) -> Vec<Read> {
        match self {
            Arg::Value(_) => vec![],
            Arg::Expr(expr) => expr.reads(),
            Arg::Text(template) => template.reads(),
            Arg::List(items) => items.iter().flat_map(Arg::reads).collect(),
            Arg::Object(entries) => entries.iter().flat_map(|(_, item)| item.reads()).collect(),
        }
    }

    /// The bare names that it reads.
    pub fn names(&self) -> Vec<Name> {
        match self {
            Arg::Value(_) => vec![],
            Arg::Expr(expr) => expr.names(),
            Arg::Text(template) => template.names(),
            Arg::List(items) => items.iter().flat_map(Arg::names).collect(),
            Arg::Object(entries) => entries.iter().flat_map(|(_, item)| item.names()).collect(),
        }
    }

    /// What the item is called that a bare name at this place may be a field of: in `{{#each xs}}{{ title }}` it is
    /// `this`, and what was meant is `this.title`. Nothing outside of blocks.
    pub fn item_at(&self, at: Span) -> Option<String> {
        match self {
            Arg::Value(_) | Arg::Expr(_) => None,
            Arg::Text(template) => template.item_at(at),
            Arg::List(items) => items.iter().find_map(|item| item.item_at(at)),
            Arg::Object(entries) => entries.iter().find_map(|(_, item)| item.item_at(at)),
        }
    }
}
