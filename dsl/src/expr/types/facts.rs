//! What a condition tells of the values that it asks about: `x != null` says that `x` is there.

use std::borrow::Cow;
use std::sync::Arc;

use crate::expr::Expr;
use crate::expr::ast::{Ix, Kind, Operator, Part, StepName};
use crate::types::Type;
use crate::value::Value;

/// What is known of values by their paths, as `steps.a.b`. Shared: each expression begins with what is known around
/// it, and few learn more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(Arc<Vec<(String, Fact)>>);

/// One thing that is known of a value.
#[derive(Clone, Debug, PartialEq)]
enum Fact {
    Null,
    NotNull,
    /// It has an item at least.
    Filled,
    /// Its type has this name.
    Is(String),
    /// Its type has another name.
    IsNot(String),
}

impl Facts {
    /// True if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How much is known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets what was learnt after a time when so much was known.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            Arc::make_mut(&mut self.0).truncate(len);
        }
    }

    /// Forgets what is known of names that mean something else from here on, as `steps.a` or `item`.
    pub fn forget(&mut self, name: &str) {
        if self.0.iter().any(|(key, _)| begins_with(key, name)) {
            Arc::make_mut(&mut self.0).retain(|(key, _)| !begins_with(key, name));
        }
    }

    /// Learns what an expression says where it is true as a whole.
    pub fn learn_all(&mut self, expr: &Expr, holds: bool) {
        self.learn(expr, expr.root(), holds);
    }

    /// Learns what a condition says where it holds, or where it does not.
    pub fn learn(&mut self, expr: &Expr, at: Ix, holds: bool) {
        let Some(node) = expr.node(at) else { return };
        match &node.kind {
            Kind::Not(of) => self.learn(expr, *of, !holds),
            Kind::Chain(first, rest) => match rest.first().map(|(operator, _)| *operator) {
                // All parts of a true `and` are true, all of a false `or` false.
                Some(Operator::And) if holds => self.learn_each(expr, *first, rest, true),
                Some(Operator::Or) if !holds => self.learn_each(expr, *first, rest, false),
                Some(operator) if rest.len() == 1 => self.compared(expr, *first, operator, rest[0].1, holds),
                _ => {}
            },
            _ => {}
        }
    }

    fn learn_each(&mut self, expr: &Expr, first: Ix, rest: &[(Operator, Ix)], holds: bool) {
        self.learn(expr, first, holds);
        rest.iter().for_each(|(_, at)| self.learn(expr, *at, holds));
    }

    fn compared(&mut self, expr: &Expr, left: Ix, operator: Operator, right: Ix, holds: bool) {
        self.counted(expr, left, operator, right, holds);
        let equal = match operator {
            Operator::Equal => holds,
            Operator::Unequal => !holds,
            // Null has no order, and a value that has one is there.
            Operator::Less | Operator::AtMost | Operator::More | Operator::AtLeast => {
                for at in [left, right] {
                    softly(expr, at).into_iter().for_each(|key| self.is(key, Fact::NotNull));
                }
                return;
            }
            _ => return,
        };
        for (asked, with) in [(left, right), (right, left)] {
            let Some(Kind::Value(constant)) = expr.node(with).map(|node| &node.kind) else { continue };
            match (constant, equal) {
                (Value::Null, true) => key(expr, asked).into_iter().for_each(|key| self.is(key, Fact::Null)),
                (Value::Null, false) => {
                    softly(expr, asked).into_iter().for_each(|key| self.is(key, Fact::NotNull));
                }
                (Value::Text(name), _) if self.type_asked(expr, asked, name, equal) => {}
                (_, true) => key(expr, asked).into_iter().for_each(|key| self.is(key, Fact::NotNull)),
                (_, false) => {}
            }
        }
    }

    /// Learns from `len(x) > 0` and its like that there is an item.
    fn counted(&mut self, expr: &Expr, left: Ix, operator: Operator, right: Ix, holds: bool) {
        let number = |at: Ix| match expr.node(at).map(|node| &node.kind) {
            Some(Kind::Value(Value::Int(number))) => Some(*number),
            _ => None,
        };
        let (of, operator, number) = match (number(left), number(right)) {
            (None, Some(number)) => (left, operator, number),
            (Some(number), None) => (right, mirrored(operator), number),
            _ => return,
        };
        let Some(Kind::Call(function, arguments)) = expr.node(of).map(|node| &node.kind) else { return };
        let Some(key) = arguments.first().filter(|_| function.0.name == "len").and_then(|at| key(expr, *at))
        else {
            return;
        };
        let some = match (operator, holds) {
            (Operator::More, true) | (Operator::AtMost, false) => number >= 0,
            (Operator::AtLeast, true) | (Operator::Less, false) => number >= 1,
            (Operator::Equal, true) | (Operator::Unequal, false) => number >= 1,
            (Operator::Equal, false) | (Operator::Unequal, true) => number == 0,
            _ => false,
        };
        if some {
            self.is(key, Fact::Filled);
        }
    }

    /// Learns from `type(x) == "string"`; true if it is one.
    fn type_asked(&mut self, expr: &Expr, at: Ix, name: &str, equal: bool) -> bool {
        let Some(Kind::Call(function, arguments)) = expr.node(at).map(|node| &node.kind) else {
            return false;
        };
        if function.0.name != "type" {
            return false;
        }
        let key = arguments.first().and_then(|argument| softly(expr, *argument));
        let fact = match (name, equal) {
            ("null", true) => Fact::Null,
            ("null", false) => Fact::NotNull,
            (name, true) => Fact::Is(name.into()),
            (name, false) => Fact::IsNot(name.into()),
        };
        key.into_iter().for_each(|key| self.is(key, fact.clone()));
        true
    }

    fn is(&mut self, key: String, fact: Fact) {
        Arc::make_mut(&mut self.0).push((key, fact));
    }

    /// True if the value at a path is known to be there: itself or a part of it is not null.
    pub fn is_there(&self, path: &str) -> bool {
        self.0.iter().any(|(key, fact)| match fact {
            Fact::NotNull | Fact::Is(_) | Fact::Filled => begins_with(key, path),
            Fact::Null | Fact::IsNot(_) => false,
        })
    }

    /// True if the list at a path is known to have an item.
    pub fn is_filled(&self, path: &str) -> bool {
        self.0.iter().any(|(key, fact)| *fact == Fact::Filled && key == path)
    }

    /// A type with what is known of the value at a path.
    pub fn narrowed<'t>(&self, path: &str, ty: Cow<'t, Type>) -> Cow<'t, Type> {
        let mut ty = ty;
        if self.is_there(path) && ty.takes_null() {
            ty = Cow::Owned(ty.without_null().into_owned());
        }
        for (_, fact) in self.0.iter().filter(|(key, _)| key == path) {
            match fact {
                Fact::NotNull | Fact::Filled => {}
                Fact::Null => ty = Cow::Owned(Type::Null),
                Fact::Is(name) => ty = Cow::Owned(only(&ty, name)),
                Fact::IsNot(name) => ty = Cow::Owned(without(&ty, name)),
            }
        }
        ty
    }
}

/// The comparison with its sides exchanged.
fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::More => Operator::Less,
        Operator::AtLeast => Operator::AtMost,
        Operator::Less => Operator::More,
        Operator::AtMost => Operator::AtLeast,
        other => other,
    }
}

fn begins_with(key: &str, path: &str) -> bool {
    key.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The path of a node, as the key by which it is known; nothing where it is none.
pub fn key(expr: &Expr, at: Ix) -> Option<String> {
    match &expr.node(at)?.kind {
        Kind::Step(step) => Some(step_key(step)),
        Kind::Name(name) => Some(name.to_string()),
        Kind::Param(slot) => Some(format!("${slot}")),
        Kind::Path(base, parts) => {
            let mut path = key(expr, *base)?;
            parts.iter().try_for_each(|part| extend(expr, &mut path, part))?;
            Some(path)
        }
        _ => None,
    }
}

/// The key of a step.
pub fn step_key(step: &StepName) -> String {
    format!("{}.{}", step.root.name(), step.name)
}

/// Adds a part to a path; nothing where it is not the same at every evaluation.
pub fn extend(expr: &Expr, path: &mut String, part: &Part) -> Option<()> {
    match part {
        Part::Field(name, _) | Part::SoftField(name, _) => {
            path.push('.');
            path.push_str(name);
        }
        Part::Index(at) | Part::SoftIndex(at) => match &expr.node(*at)?.kind {
            Kind::Value(Value::Int(index)) => path.push_str(&format!("[{index}]")),
            Kind::Value(Value::Text(name)) => {
                path.push('.');
                path.push_str(name);
            }
            _ => return None,
        },
    }
    Some(())
}

/// The path of a node, also of the left side of `?? null`.
fn softly(expr: &Expr, at: Ix) -> Option<String> {
    match &expr.node(at)?.kind {
        Kind::Chain(first, rest) => match &rest[..] {
            [(Operator::Coalesce, last)] => match expr.node(*last).map(|node| &node.kind) {
                Some(Kind::Value(Value::Null)) => key(expr, *first),
                _ => None,
            },
            _ => None,
        },
        _ => key(expr, at),
    }
}

/// The part of a type whose values have a type of this name.
fn only(ty: &Type, name: &str) -> Type {
    let arms = ty.arms().into_iter().filter_map(|arm| match (arm, name) {
        (Type::Any, _) => Some(named(name)),
        (Type::Integer | Type::Number, "integer") => Some(Type::Integer),
        (Type::Number, "number") => Some(Type::Number),
        (arm, name) => (name_of(arm) == name).then(|| arm.clone()),
    });
    arms.fold(Type::NEVER, Type::or)
}

/// The part of a type whose values may have a type of another name.
fn without(ty: &Type, name: &str) -> Type {
    let left = ty.arms().into_iter().filter(|arm| match arm {
        // A number may be whole, and a text a secret.
        Type::Number | Type::Any => true,
        arm => name_of(arm) != name,
    });
    left.cloned().fold(Type::NEVER, Type::or)
}

/// What the function `type` answers for an arm.
fn name_of(arm: &Type) -> &'static str {
    match arm {
        Type::Null => "null",
        Type::Boolean => "boolean",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::String | Type::Enum(_) => "string",
        Type::Time => "time",
        Type::Duration => "duration",
        Type::AnyObject | Type::Object(_) => "object",
        Type::List(_) => "list",
        Type::Bytes => "bytes",
        Type::Any | Type::Nullable(_) | Type::Union(_) => "",
    }
}

/// The type of values of which nothing but the name of their type is known.
fn named(name: &str) -> Type {
    match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "string" => Type::String,
        "time" => Type::Time,
        "duration" => Type::Duration,
        "bytes" => Type::Bytes,
        "object" => Type::AnyObject,
        "list" => Type::list(Type::Any),
        _ => Type::Any,
    }
}
