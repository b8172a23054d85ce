//! The expression as a tree. It is stored inside plans for ever, so it is flat: nodes in one list, children
//! before their parents. No depth of nesting can trouble whoever reads, walks or drops it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::expr::Root;
use crate::expr::functions::FunctionRef;
use crate::span::Span;
use crate::value::Value;

/// The place of a node in the list; a child's is smaller than its parent's.
pub type Ix = u16;

/// A node and where its text stands in the expression's own source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Bytes of the source.
    #[serde(rename = "at", with = "pair")]
    pub span: Span,
    /// What it is.
    #[serde(rename = "is")]
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A constant.
    Value(Value),
    /// A bare name that the scope knows.
    Name(Arc<str>),
    /// A parameter of a lambda around it: its place on the stack of parameters.
    Param(u16),
    /// A step by one of the three roots that name steps.
    Step(StepName),
    /// Fields and indexes of a value.
    Path(Ix, Vec<Part>),
    /// A list.
    List(Vec<Ix>),
    /// An object.
    Object(Vec<(Arc<str>, Ix)>),
    /// `-x`
    Negate(Ix),
    /// `not x`
    Not(Ix),
    /// A row of operators of one level, from left to right.
    Chain(Ix, Vec<(Operator, Ix)>),
    /// `c ? a : b`
    Choose(Ix, Ix, Ix),
    /// A call of a function.
    Call(FunctionRef, Vec<Ix>),
    /// A lambda: how many parameters it has, and its body. Only an argument.
    Lambda(u16, Ix),
}

/// `steps.a`, `errors.a` or `meta.a`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepName {
    /// Which of the three.
    pub root: Root,
    /// The step's name.
    pub name: Arc<str>,
    /// Where the name stands in the source.
    #[serde(with = "pair")]
    pub at: Span,
}

/// One part of a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// `.name`, and where the name stands.
    Field(Arc<str>, #[serde(with = "pair")] Span),
    /// `?.name`, and where the name stands.
    SoftField(Arc<str>, #[serde(with = "pair")] Span),
    /// `[x]`
    Index(Ix),
    /// `?.[x]`
    SoftIndex(Ix),
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    /// `??`
    #[serde(rename = "??")]
    Coalesce,
    /// `+`
    #[serde(rename = "+")]
    Add,
    /// `-`
    #[serde(rename = "-")]
    Subtract,
    /// `*`
    #[serde(rename = "*")]
    Multiply,
    /// `/`
    #[serde(rename = "/")]
    Divide,
    /// `%`
    #[serde(rename = "%")]
    Remainder,
    /// `==`
    #[serde(rename = "==")]
    Equal,
    /// `!=`
    #[serde(rename = "!=")]
    Unequal,
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    AtMost,
    /// `>`
    #[serde(rename = ">")]
    More,
    /// `>=`
    #[serde(rename = ">=")]
    AtLeast,
    /// `in`
    #[serde(rename = "in")]
    In,
    /// `not in`
    #[serde(rename = "not in")]
    NotIn,
    /// `and`
    #[serde(rename = "and")]
    And,
    /// `or`
    #[serde(rename = "or")]
    Or,
}

/// How tightly an operator binds, the tightest first; operators of one level form one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `* / %`
    Product,
    /// `+ -`
    Sum,
    /// `??`
    Coalesce,
    /// Comparisons, `in`, `not in`.
    Comparison,
    /// `and`
    And,
    /// `or`
    Or,
}

impl Operator {
    /// As authors write it.
    pub fn sign(self) -> &'static str {
        match self {
            Operator::Coalesce => "??",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Equal => "==",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::AtMost => "<=",
            Operator::More => ">",
            Operator::AtLeast => ">=",
            Operator::In => "in",
            Operator::NotIn => "not in",
            Operator::And => "and",
            Operator::Or => "or",
        }
    }

    /// Its level.
    pub fn level(self) -> Level {
        match self {
            Operator::Coalesce => Level::Coalesce,
            Operator::Add | Operator::Subtract => Level::Sum,
            Operator::Multiply | Operator::Divide | Operator::Remainder => Level::Product,
            Operator::Equal
            | Operator::Unequal
            | Operator::Less
            | Operator::AtMost
            | Operator::More
            | Operator::AtLeast
            | Operator::In
            | Operator::NotIn => Level::Comparison,
            Operator::And => Level::And,
            Operator::Or => Level::Or,
        }
    }
}

impl Kind {
    /// Calls `found` for each child, in the order of the text.
    pub fn each_child(&self, found: &mut dyn FnMut(Ix)) {
        match self {
            Kind::Value(_) | Kind::Name(_) | Kind::Param(_) | Kind::Step(_) => {}
            Kind::Path(base, parts) => {
                found(*base);
                for part in parts {
                    match part {
                        Part::Index(at) | Part::SoftIndex(at) => found(*at),
                        Part::Field(..) | Part::SoftField(..) => {}
                    }
                }
            }
            Kind::List(items) | Kind::Call(_, items) => items.iter().for_each(|item| found(*item)),
            Kind::Object(entries) => entries.iter().for_each(|(_, item)| found(*item)),
            Kind::Negate(of) | Kind::Not(of) | Kind::Lambda(_, of) => found(*of),
            Kind::Chain(first, rest) => {
                found(*first);
                rest.iter().for_each(|(_, item)| found(*item));
            }
            Kind::Choose(condition, then, otherwise) => {
                [condition, then, otherwise].into_iter().for_each(|item| found(*item));
            }
        }
    }

    /// Calls `found` for the place of each child, which it may change.
    pub fn each_child_mut(&mut self, found: &mut dyn FnMut(&mut Ix)) {
        match self {
            Kind::Value(_) | Kind::Name(_) | Kind::Param(_) | Kind::Step(_) => {}
            Kind::Path(base, parts) => {
                found(base);
                for part in parts {
                    match part {
                        Part::Index(at) | Part::SoftIndex(at) => found(at),
                        Part::Field(..) | Part::SoftField(..) => {}
                    }
                }
            }
            Kind::List(items) | Kind::Call(_, items) => items.iter_mut().for_each(&mut *found),
            Kind::Object(entries) => entries.iter_mut().for_each(|(_, item)| found(item)),
            Kind::Negate(of) | Kind::Not(of) | Kind::Lambda(_, of) => found(of),
            Kind::Chain(first, rest) => {
                found(first);
                rest.iter_mut().for_each(|(_, item)| found(item));
            }
            Kind::Choose(condition, then, otherwise) => {
                [condition, then, otherwise].into_iter().for_each(found);
            }
        }
    }
}

/// A span as two numbers.
pub(crate) mod pair {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::span::Span;

    pub fn serialize<S: Serializer>(span: &Span, to: S) -> Result<S::Ok, S::Error> {
        (span.start, span.end).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        let (start, end) = Deserialize::deserialize(from)?;
        Ok(Span { start, end })
    }
}
