//! What is known of the values of steps and inputs, and whether a path through them can exist.

use crate::ast::{Act, Arg, ArgKind, Block, Op, Step};
use crate::catalog::Catalog;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::expr::Expr;
use crate::expr::ast::Part;
use crate::fields::{a, listed};
use crate::habits;
use crate::span::Span;
use crate::types::{Field, Type};
use crate::value::Value;
use crate::workflow::OnError;

/// The type of a step's value, as far as it can be known.
pub fn of_step(step: &Step, catalog: &Catalog) -> Type {
    match &step.op {
        Some(Op::Act(act)) => of_act(act, catalog),
        Some(Op::Set { value }) => of_arg(value),
        Some(Op::Each { .. }) if step.on_error.value != OnError::Fail => Type::List(Box::new(Type::Any)),
        Some(Op::Each { body, .. }) => Type::List(Box::new(of_block(body, catalog))),
        Some(Op::Repeat { body, .. } | Op::Try { body, .. }) => of_block(body, catalog),
        Some(Op::Switch { .. } | Op::Wait { .. } | Op::Fail { .. }) | None => Type::Any,
    }
}

fn of_act(act: &Act, catalog: &Catalog) -> Type {
    let field = |name: &str, ty| Field::required(name, ty, "");
    if !act.checked {
        return catalog.get(&act.action.value).map_or(Type::Any, |action| action.output.clone());
    }
    if act.args.iter().any(|(key, _)| key.value == "paginate") {
        return Type::Object(vec![
            field("items", Type::List(Box::new(Type::Any))),
            field("pages", Type::Integer),
        ]);
    }
    Type::Object(vec![
        field("status", Type::Integer),
        field("headers", Type::AnyObject),
        field("body", Type::Any),
        field("url", Type::String),
    ])
}

fn of_block(block: &Block, catalog: &Catalog) -> Type {
    match &block.output {
        Some(output) => of_arg(output),
        None => Type::Object(
            block
                .steps
                .iter()
                .map(|step| Field::required(&step.name.value, of_step(step, catalog), ""))
                .collect(),
        ),
    }
}

/// The type of a value with holes.
fn of_arg(arg: &Arg) -> Type {
    match &arg.kind {
        ArgKind::Value(value) => of_value(value),
        ArgKind::Text(_) => Type::String,
        ArgKind::List(_) => Type::List(Box::new(Type::Any)),
        ArgKind::Object(entries) => Type::Object(
            entries.iter().map(|(key, value)| Field::required(&key.value, of_arg(value), "")).collect(),
        ),
        ArgKind::Expr(_) | ArgKind::Wrong => Type::Any,
    }
}

fn of_value(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::Boolean,
        Value::Int(_) => Type::Integer,
        Value::Number(_) => Type::Number,
        Value::Text(_) => Type::String,
        Value::Time(_) => Type::Time,
        Value::Duration(_) => Type::Duration,
        Value::List(_) => Type::List(Box::new(Type::Any)),
        Value::Object(entries) => Type::Object(
            entries.iter().map(|(key, value)| Field::required(key, of_value(value), "")).collect(),
        ),
        Value::Null | Value::Hole(_) | Value::Big(_) => Type::Any,
    }
}

/// Follows a path through a type; the first part that can never be there is reported. `what` names its beginning.
pub fn follow(expr: &Expr, what: &str, ty: &Type, parts: &[Part]) -> Option<Diagnostic> {
    let mut ty = ty;
    let mut what = what.to_owned();
    for part in parts {
        if let Type::Nullable(inner) = ty {
            ty = inner;
        }
        let (name, at) = match part {
            Part::Field(name, at) | Part::SoftField(name, at) => (name, expr.place(*at)),
            Part::Index(_) | Part::SoftIndex(_) => match ty {
                Type::List(item) => {
                    ty = item;
                    what += "[…]";
                    continue;
                }
                _ => return None,
            },
        };
        match ty {
            Type::Object(fields) => match fields.iter().find(|field| *field.name == **name) {
                Some(field) => ty = &field.ty,
                None => return Some(no_field(&what, name, at, fields)),
            },
            Type::List(_) => {
                let message = format!("`{what}` is a list and has no field `{name}`");
                let help = match habits::field(name, &what) {
                    Some(ours) => format!("write `{ours}`"),
                    None => format!(
                        "take one item, as `{what}[0].{name}`, or all, as `{what} | map(x => x.{name})`"
                    ),
                };
                return Some(Diagnostic::error(Code::UnknownField, at, message).help(help));
            }
            Type::Boolean
            | Type::Integer
            | Type::Number
            | Type::String
            | Type::Time
            | Type::Duration
            | Type::Enum(_) => {
                let message = format!("`{what}` is {} and has no field `{name}`", a(&ty.to_string()));
                return Some(Diagnostic::error(Code::UnknownField, at, message));
            }
            Type::Any | Type::Null | Type::Bytes | Type::AnyObject | Type::Nullable(_) | Type::Union(_) => {
                return None;
            }
        }
        what = format!("{what}.{name}");
    }
    None
}

fn no_field(what: &str, name: &str, at: Span, fields: &[Field]) -> Diagnostic {
    let wrong = Diagnostic::error(Code::UnknownField, at, format!("`{what}` has no field `{name}`"));
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), at, near),
        None if names.is_empty() => wrong,
        None => wrong.help(format!("its fields are {}", listed(&names))),
    }
}
