//! The types of the values that steps give, and of what is written in them.

use std::collections::BTreeMap;

use crate::ast::{Act, Arg, ArgKind};
use crate::catalog::Catalog;
use crate::check::types::DoubtfulRead;
use crate::expr::Expr;
use crate::expr::functions::shape::value_of;
use crate::expr::types::{Absence, of_value};
use crate::types::{Field, Type};
use crate::value::Value;

/// The most parts that the type of a step has; of larger ones the inner parts are left unknown.
const MOST_PARTS: usize = 2_000;

/// How deep the type of a step is known that has more parts.
const DEEP: usize = 3;

/// What was found out about the values of a workflow.
#[derive(Debug, Default)]
pub struct Typed {
    /// The types of steps, by id.
    pub steps: Vec<Type>,
    /// Whether a step may give nothing, by id.
    pub absence: Vec<Absence>,
    /// Reads of steps that may have given nothing.
    pub doubtful: Vec<DoubtfulRead>,
    /// The types of expressions, by where they stand in memory: the same text may be read in several places.
    exprs: BTreeMap<*const Expr, Type>,
}

impl Typed {
    /// For so many steps, of which nothing is known.
    pub fn new(steps: usize) -> Typed {
        Typed { steps: vec![Type::Any; steps], absence: vec![Absence::Never; steps], ..Typed::default() }
    }

    /// Notes the type of an expression.
    pub fn note(&mut self, expr: &Expr, ty: Type) {
        if ty != Type::Any {
            self.exprs.insert(std::ptr::from_ref(expr), ty);
        }
    }

    /// The type of an expression.
    pub fn of_expr(&self, expr: &Expr) -> Type {
        self.exprs.get(&std::ptr::from_ref(expr)).cloned().unwrap_or_default()
    }

    /// The type of a value with holes.
    pub fn of_arg(&self, arg: &Arg) -> Type {
        match &arg.kind {
            ArgKind::Value(value) => of_value(value),
            ArgKind::Text(_) => Type::String,
            ArgKind::Expr(expr) => self.of_expr(expr),
            ArgKind::List(items) => {
                Type::list(items.iter().map(|item| self.of_arg(item)).fold(Type::NEVER, Type::beside))
            }
            ArgKind::Object(entries) => {
                Type::object(entries.iter().map(|(key, value)| (key.value.as_str(), self.of_arg(value))))
            }
            ArgKind::Wrong => Type::Any,
        }
    }
}

/// The type of what an action gives.
pub fn of_act(act: &Act, catalog: &Catalog) -> Type {
    let known = || catalog.get(&act.action.value).map(|action| action.output.clone());
    act.gives.clone().map(Type::filled).or_else(known).unwrap_or_default()
}

/// The type of the items that a `for_each` runs over.
pub fn items(ty: &Type) -> Type {
    let each = ty.arms().into_iter().map(|arm| match arm {
        Type::List(item) => (**item).clone(),
        Type::Object(_) | Type::AnyObject => Type::object([("key", Type::String), ("value", value_of(arm))]),
        _ => Type::Any,
    });
    each.fold(Type::NEVER, Type::or)
}

/// A single text that an author wrote stands for any text: another may be written there tomorrow.
pub fn widened(ty: Type) -> Type {
    match ty {
        Type::Enum(texts) if texts.len() == 1 => Type::String,
        Type::List(item) => Type::list(widened(*item)),
        Type::Nullable(inner) => widened(*inner).or_null(),
        Type::Object(fields) => {
            Type::Object(fields.into_iter().map(|field| Field { ty: widened(field.ty), ..field }).collect())
        }
        other => other,
    }
}

/// A type that is not so large that reading it again and again takes long.
pub fn bounded(ty: Type) -> Type {
    if ty.weight(MOST_PARTS) < MOST_PARTS { ty } else { flat(ty, DEEP) }
}

fn flat(ty: Type, deep: usize) -> Type {
    let Some(deep) = deep.checked_sub(1) else { return Type::Any };
    match ty {
        Type::List(item) => Type::list(flat(*item, deep)),
        Type::Nullable(inner) => flat(*inner, deep).or_null(),
        Type::Object(fields) if fields.len() < MOST_PARTS => Type::Object(
            fields.into_iter().map(|field| Field { ty: flat(field.ty, deep), ..field }).collect(),
        ),
        Type::Object(_) => Type::AnyObject,
        Type::Union(_) => Type::Any,
        other => other,
    }
}

/// True if every value of the type is one of the cases.
pub fn exhausted<'k>(ty: &Type, cases: impl Iterator<Item = &'k Value> + Clone) -> bool {
    let has = |wanted: &Value| cases.clone().any(|key| key == wanted);
    ty.arms().into_iter().all(|arm| match arm {
        Type::Boolean => has(&Value::Bool(true)) && has(&Value::Bool(false)),
        Type::Enum(texts) => texts.iter().all(|text| has(&Value::text(text.as_str()))),
        _ => false,
    })
}
