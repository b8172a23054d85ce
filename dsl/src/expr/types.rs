//! The type of an expression, and what is wrong with it, before it is evaluated.
//!
//! Gradual: where nothing is known, nothing is said. What passes here without a word gives a value of the type
//! that was found, or fails in a way that no type can tell: an index out of range, a division by zero, a limit.

mod calls;
mod facts;
mod operators;
mod path;
mod watch;

use std::borrow::Cow;
use std::sync::Arc;

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::ast::{Ix, Kind, Level, StepName};
use crate::expr::functions::shape::{self, Verdict, judge};
use crate::expr::{Expr, Root};
use crate::span::Span;
use crate::types::{Field, Type};
use crate::value::Value;

pub use facts::Facts;
pub use watch::{Seen, Watch};

/// What is known of what an expression can read.
pub trait Types {
    /// A bare name that is not `steps`, `errors` or `meta`.
    fn name(&self, name: &str) -> Option<&Type>;
    /// What `steps.NAME`, `errors.NAME` or `meta.NAME` gives.
    fn step(&self, root: Root, name: &str) -> Option<Known<'_>>;
}

/// What is known of a step.
#[derive(Clone, Copy, Debug)]
pub struct Known<'t> {
    /// The type of its value, where it gave one.
    pub ty: &'t Type,
    /// Whether it may have given nothing.
    pub absence: Absence,
}

/// Why a step may have given nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It always gives a value, or its reader never starts.
    Never,
    /// It may be skipped.
    Skipped,
    /// It may fail and go on.
    Continued,
    /// It may be skipped, and it may fail and go on.
    Either,
    /// It stands in an earlier part of the block, and may have failed or never started.
    Earlier,
}

/// How a step is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Plainly: where the step gave nothing, the reader is skipped.
    Plain,
    /// Where the step gave nothing, it is null.
    Soft,
}

/// A read of a step that may have given nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubtful {
    /// Its name.
    pub step: Arc<str>,
    /// Where it is named.
    pub span: Span,
    /// How it is read.
    pub manner: Manner,
    /// Why it may be absent.
    pub absence: Absence,
}

/// Whether reads of values of which nothing is known are reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// They are silent.
    #[default]
    Gradual,
    /// They are warnings.
    Strict,
}

/// Where an expression stands.
#[derive(Clone)]
pub struct Place<'t> {
    /// What it can read.
    pub scope: &'t dyn Types,
    /// Names that a block of the text around it gives, innermost last.
    pub locals: Vec<(Arc<str>, Type)>,
    /// What is known because conditions around it hold.
    pub facts: Facts,
    /// Whether reads of what is unknown are reported.
    pub strictness: Strictness,
    /// The place that an editor asks about.
    pub watch: Option<&'t Watch>,
}

/// What was found out about an expression.
#[derive(Clone, Debug)]
pub struct Inferred {
    /// Its type.
    pub ty: Type,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// The reads of steps that may have given nothing.
    pub doubtful: Vec<Doubtful>,
    /// Whether all that it is made of is known.
    pub certainty: Certainty,
}

/// Whether types could say everything of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The types of all parts are known.
    Full,
    /// Nothing is known of a part, so that it may fail in any way.
    Partial,
}

/// Finds the type of an expression.
pub fn infer(expr: &Expr, place: &Place<'_>) -> Inferred {
    let mut inference = Inference::new(expr, place);
    let ty = inference.node(expr.root()).into_owned();
    inference.done(ty)
}

/// Finds out what is wrong with an expression that is a condition; `key` names it, as `if`.
pub fn infer_condition(expr: &Expr, place: &Place<'_>, key: &str) -> Inferred {
    let mut inference = Inference::new(expr, place);
    let ty = inference.node(expr.root());
    inference.boolean(expr.root(), &ty, |_| format!("`{key}` is a condition, and this is"));
    inference.done(Type::Boolean)
}

/// The type of a value.
pub fn of_value(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Boolean,
        Value::Int(_) => Type::Integer,
        Value::Number(_) => Type::Number,
        Value::Text(_) | Value::Hole(_) => Type::String,
        Value::Time(_) => Type::Time,
        Value::Duration(_) => Type::Duration,
        Value::File(_) => Type::Bytes,
        Value::List(items) => Type::list(items.iter().map(of_value).fold(Type::NEVER, Type::or)),
        Value::Object(entries) => Type::object(entries.iter().map(|(key, value)| (&**key, of_value(value)))),
        Value::Big(big) => big.value.as_deref().map_or(Type::Any, of_value),
    }
}

/// A walk over the nodes of one expression.
struct Inference<'t> {
    expr: &'t Expr,
    place: &'t Place<'t>,
    facts: Facts,
    /// How many left sides of `??` stand around.
    soft: usize,
    /// The types of the parameters of the lambdas around.
    parameters: Vec<Type>,
    found: Vec<Diagnostic>,
    doubtful: Vec<Doubtful>,
    certainty: Certainty,
    /// The types of its parts, where an editor asks.
    watched: Option<Vec<(Span, Type)>>,
}

impl<'t> Inference<'t> {
    fn new(expr: &'t Expr, place: &'t Place<'t>) -> Inference<'t> {
        Inference {
            expr,
            place,
            facts: place.facts.clone(),
            soft: 0,
            parameters: vec![],
            found: vec![],
            doubtful: vec![],
            certainty: Certainty::Full,
            watched: place.watch.filter(|watch| watch.wants(expr)).map(|_| vec![]),
        }
    }

    fn done(self, ty: Type) -> Inferred {
        let Inference { found: diagnostics, doubtful, certainty, place, watched, .. } = self;
        if let (Some(watch), Some(parts)) = (place.watch, watched) {
            watch.take(parts, &place.locals);
        }
        Inferred { ty, diagnostics, doubtful, certainty }
    }

    fn node(&mut self, at: Ix) -> Cow<'t, Type> {
        let ty = self.typed(at);
        if ty.is_open() {
            self.certainty = Certainty::Partial;
        }
        if self.watched.is_some() {
            self.watched(self.span(at), &ty);
        }
        ty
    }

    /// Tells an editor the type of a part of the file.
    fn watched(&mut self, part: Span, ty: &Type) {
        if let Some(watched) = &mut self.watched {
            watched.push((part, ty.clone()));
        }
    }

    fn typed(&mut self, at: Ix) -> Cow<'t, Type> {
        let expr = self.expr;
        let Some(node) = expr.node(at) else { return Cow::Owned(Type::Any) };
        let ty = match &node.kind {
            // A text stands for itself, so that a choice between texts is an enum of them.
            Kind::Value(Value::Text(text)) => Cow::Owned(Type::Enum(vec![text.to_string()])),
            Kind::Value(value) => Cow::Owned(of_value(value)),
            Kind::Name(name) => self.name(name),
            Kind::Param(slot) => {
                Cow::Owned(self.parameters.get(usize::from(*slot)).cloned().unwrap_or_default())
            }
            Kind::Step(step) => return self.step(step, false),
            Kind::Path(base, parts) => return self.path(*base, parts),
            Kind::List(items) => {
                let items =
                    items.iter().map(|item| self.node(*item).into_owned()).fold(Type::NEVER, Type::beside);
                Cow::Owned(Type::list(items))
            }
            Kind::Object(entries) => {
                let mut fields: Vec<Field> = Vec::with_capacity(entries.len());
                for (key, item) in entries {
                    let ty = self.node(*item).into_owned();
                    fields.retain(|field| *field.name != **key);
                    fields.push(Field::required(key, ty, ""));
                }
                Cow::Owned(Type::Object(fields))
            }
            Kind::Negate(of) => self.negate(*of),
            Kind::Not(of) => {
                self.condition(*of);
                Cow::Owned(Type::Boolean)
            }
            Kind::Chain(first, rest) => match rest.first().map(|(operator, _)| operator.level()) {
                Some(Level::Coalesce) => self.coalesce(*first, rest),
                Some(Level::And) => self.logic(*first, rest, true),
                Some(Level::Or) => self.logic(*first, rest, false),
                Some(Level::Product | Level::Sum | Level::Comparison) | None => self.row(*first, rest),
            },
            Kind::Choose(condition, then, otherwise) => {
                self.condition(*condition);
                let then = self.given(*condition, true, *then).into_owned();
                Cow::Owned(then.or(self.given(*condition, false, *otherwise).into_owned()))
            }
            Kind::Call(function, arguments) => Cow::Owned(self.call(function.0, arguments)),
            Kind::Lambda(..) => Cow::Owned(Type::Any),
        };
        match self.facts.is_empty() {
            true => ty,
            false => match facts::key(self.expr, at) {
                Some(key) => self.facts.narrowed(&key, ty),
                None => ty,
            },
        }
    }

    fn name(&self, name: &str) -> Cow<'t, Type> {
        let local = self.place.locals.iter().rev().find(|(known, _)| **known == *name).map(|(_, ty)| ty);
        match local.or_else(|| self.place.scope.name(name)) {
            Some(ty) => Cow::Borrowed(ty),
            None => Cow::Owned(Type::Any),
        }
    }

    /// A step by itself or as the beginning of a path; `soft` where a `?.` follows.
    fn step(&mut self, step: &StepName, soft: bool) -> Cow<'t, Type> {
        let Some(known) = self.place.scope.step(step.root, &step.name) else { return Cow::Owned(Type::Any) };
        let ty = Cow::Borrowed(known.ty);
        if step.root != Root::Steps || known.absence == Absence::Never {
            return ty;
        }
        let manner = if soft || self.soft > 0 { Manner::Soft } else { Manner::Plain };
        let there = !self.facts.is_empty() && self.facts.is_there(&facts::step_key(step));
        if !there {
            let span = self.expr.place(step.at);
            self.doubtful.push(Doubtful { step: step.name.clone(), span, manner, absence: known.absence });
        }
        match manner {
            Manner::Soft if !there => Cow::Owned(ty.into_owned().or_null()),
            Manner::Soft | Manner::Plain => ty,
        }
    }

    /// A node that is evaluated where a condition is true, or where it is false.
    fn given(&mut self, condition: Ix, holds: bool, at: Ix) -> Cow<'t, Type> {
        let before = self.facts.len();
        self.facts.learn(self.expr, condition, holds);
        let ty = self.node(at);
        self.facts.truncate(before);
        ty
    }

    fn condition(&mut self, at: Ix) {
        let ty = self.node(at);
        self.boolean(at, &ty, |quote| format!("a condition is true or false, and `{quote}` is"));
    }

    /// Reports what is no boolean; `says` makes the beginning of the message.
    fn boolean(&mut self, at: Ix, ty: &Type, says: impl FnOnce(&str) -> String) {
        let verdict = judge(ty, shape::BOOLEANS);
        if verdict == Verdict::Fits {
            return;
        }
        let quote = self.expr.quote(at);
        let says = says(&quote);
        let quote = self.operand(at);
        let help = match verdict {
            Verdict::Null => format!("write `{quote} ?? false`"),
            Verdict::Fits | Verdict::Fraction | Verdict::Unfit => match *ty.without_null() {
                Type::List(_) | Type::String | Type::Enum(_) | Type::AnyObject | Type::Object(_)
                    if !ty.takes_null() =>
                {
                    format!("say what is asked, as in `len({quote}) > 0`")
                }
                Type::Integer | Type::Number => format!("compare it, as in `{quote} != 0`"),
                _ => format!("compare it, as in `{quote} != null`"),
            },
        };
        let wrong = self.error(Code::Condition, at, format!("{says} {}", ty.named()));
        self.found.push(wrong.help(help));
    }

    /// The text of a node as it may stand beside an operator.
    fn operand(&self, at: Ix) -> String {
        let quote = self.expr.quote(at);
        match self.expr.node(at).map(|node| &node.kind) {
            Some(Kind::Chain(..) | Kind::Choose(..) | Kind::Not(_)) => format!("({quote})"),
            // Behind a `|`, which is looser than every operator.
            Some(Kind::Call(function, _)) if !quote.starts_with(function.0.name) => format!("({quote})"),
            _ => quote,
        }
    }

    fn error(&self, code: Code, at: Ix, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.span(at), message)
    }

    fn warning(&self, code: Code, at: Ix, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(code, self.span(at), message)
    }

    /// The place of a node in the file.
    fn span(&self, at: Ix) -> Span {
        self.expr.node(at).map_or(self.expr.span, |node| self.expr.place(node.span))
    }
}
