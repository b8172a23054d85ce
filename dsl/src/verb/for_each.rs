//! `for_each` runs a block once for each item and keeps the order.

use std::sync::Arc;

use crate::ast::{Block, Op};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::{self, Fields};
use crate::parse;
use crate::shape::{Field, Shape};
use crate::span::Spanned;
use crate::verb::{ON_ERROR, Verb};
use crate::workflow::Phase;

/// The verb.
pub const VERB: Verb = Verb {
    key: "for_each",
    about: "Run a block once for each item of a list, or each entry of an object.",
    fields: &[
        Field::required(
            "for_each",
            Shape::Either(&[Shape::Expression, Shape::List(&Shape::Any), Shape::Map(&Shape::Any)]),
            "What it runs over; of an object the items are `{ key, value }`.",
        ),
        Field::optional(
            "as",
            Shape::Name,
            "The name of the item in the block, by default `item`; `index` counts from 0.",
        ),
        Field::optional(
            "parallel",
            Shape::Integer(1, 10_000),
            "How many calls may be under way at once, by default 1.",
        ),
        Field::optional(
            "on_error",
            Shape::Choice(ON_ERROR),
            "What happens where an item fails: the step fails (the default), its value is null, or the failure is \
             its value, as `{ error }`.",
        ),
        Field::required("steps", Shape::Steps, "The block."),
        Field::optional(
            "output",
            Shape::Any,
            "What each item gives; without it, the map of its steps' values.",
        ),
    ],
    example: "pages: { for_each: [1, 2, 3], as: page, parallel: 2, steps: { say: { set: { number: \"{{ page }}\" } } } }",
    read,
};

/// Names that are read bare and belong to the language.
pub const RESERVED: &[&str] = &[
    "and", "error", "errors", "event", "false", "in", "index", "inputs", "key", "last", "meta", "not",
    "null", "or", "round", "run", "secret", "steps", "this", "trigger", "true", "value",
];

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let items = step.required("for_each", "the step")?;
    let items = step.reader.head(items, "for_each");
    let name = match step.take("as") {
        Some(node) => item_name(step, node),
        None => Spanned::new("item".into(), step.owner),
    };
    let parallel = step.integer("parallel", 1..=10_000);
    let steps = parse::inner(step, "steps", "`for_each`", Phase::Body);
    let output = step.arg("output");
    Some(Op::Each {
        items: items?,
        name,
        parallel: parallel.and_then(|number| u32::try_from(number).ok()).unwrap_or(1),
        body: Block { steps: steps?, output },
    })
}

fn item_name(step: &mut Fields<'_, '_, '_>, node: &crate::yaml::Node) -> Spanned<Arc<str>> {
    let Some(scalar) = node.scalar() else {
        step.reader.text(node, "`as`");
        return Spanned::new("item".into(), node.span);
    };
    let name = fields::name(step.reader, scalar, "an item");
    if RESERVED.contains(&&*name) {
        let message = format!("`{name}` belongs to the language and cannot name an item");
        step.reader.diagnostics.push(Diagnostic::error(Code::ReservedItem, node.span, message));
    }
    Spanned::new(name.into(), node.span)
}
