//! The types of what every expression can read bare.

use crate::ast::Ast;
use crate::catalog::{Catalog, FailureKind};
use crate::check::outside;
use crate::types::{Field, Type};

/// The types of `inputs`, `run`, `trigger` and of what is told of steps.
pub struct Roots {
    /// What a failure looks like in `error`.
    pub error: Type,
    /// `errors.NAME`
    pub failure: Type,
    /// `meta.NAME` of a step that has run.
    pub meta: Type,
    /// `meta.NAME` of any other.
    pub meta_or_null: Type,
    inputs: Type,
    run: Type,
    /// `trigger`
    pub trigger: Type,
}

impl Roots {
    /// The types for one workflow.
    pub fn new(ast: &Ast, catalog: &Catalog) -> Roots {
        let error = error();
        let meta = meta();
        Roots {
            failure: error.clone().or_null(),
            error,
            meta_or_null: meta.clone().or_null(),
            meta,
            inputs: inputs(ast),
            run: Type::object([
                ("id", Type::String),
                ("started", Type::Time),
                ("version", Type::String),
                ("workflow", Type::String),
            ]),
            trigger: outside::of_trigger(&ast.triggers, catalog),
        }
    }

    /// The type of a bare name; nothing where it is none of these.
    pub fn name(&self, name: &str) -> Option<&Type> {
        match name {
            "inputs" => Some(&self.inputs),
            "run" => Some(&self.run),
            "trigger" => Some(&self.trigger),
            _ => None,
        }
    }
}

/// An input is always there: null where it was left out and has no default.
fn inputs(ast: &Ast) -> Type {
    let field = |input: &crate::ast::Input| {
        let known = input.field.default.as_ref().is_some_and(|value| !value.is_null());
        let ty = input.field.ty.clone().filled();
        Field {
            min: input.field.min,
            ..Field::required(
                &input.field.name,
                if known || !input.field.optional { ty } else { ty.or_null() },
                "",
            )
        }
    };
    Type::Object(ast.inputs.iter().map(field).collect())
}

fn error() -> Type {
    let kinds = FailureKind::ALL.iter().map(|kind| kind.name().to_owned()).collect();
    Type::Object(vec![
        Field::required("message", Type::String, ""),
        Field::required("kind", Type::Enum(kinds), ""),
        Field::required("step", Type::String, ""),
        Field::required("attempts", Type::Integer, ""),
        Field::optional("status", Type::Integer, ""),
    ])
}

fn meta() -> Type {
    Type::object([("attempts", Type::Integer), ("started", Type::Time), ("duration", Type::Duration)])
}
