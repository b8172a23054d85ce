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
    /// `meta.NAME` of a step that has asked a model.
    pub asked: Type,
    /// `meta.NAME` of one that may have.
    pub asked_or_null: Type,
    inputs: Type,
    run: Type,
    /// `trigger`
    pub trigger: Type,
}

impl Roots {
    /// The types for one workflow.
    pub fn new(ast: &Ast, catalog: &Catalog) -> Roots {
        let error = error();
        let (meta, asked) = (Type::Object(meta()), Type::Object(asked()));
        Roots {
            failure: error.clone().or_null(),
            error,
            meta_or_null: meta.clone().or_null(),
            meta,
            asked_or_null: asked.clone().or_null(),
            asked,
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
        Field::required("status", Type::Integer.or_null(), "The status of the answer, where there was one."),
    ])
}

fn meta() -> Vec<Field> {
    vec![
        Field::required("attempts", Type::Integer, ""),
        Field::required("started", Type::Time, ""),
        Field::required("duration", Type::Duration, ""),
    ]
}

fn asked() -> Vec<Field> {
    let counted = ["input", "cached", "reasoning", "output"].map(|name| (name, Type::Integer));
    // Nobody is asked where an answer is used again, and of some models the price is not known.
    let mut fields = meta();
    fields.extend([
        Field::required("model", Type::String.or_null(), "The model that was asked last."),
        Field::required("provider", Type::String.or_null(), "Who runs it."),
        Field::required("tokens", Type::object(counted), "How much was read and written."),
        Field::required("cost", Type::Number.or_null(), "What it cost, in US dollars, where that is known."),
        Field::required("paid_by", Type::String.or_null(), "Whose key paid for it."),
    ]);
    fields
}
