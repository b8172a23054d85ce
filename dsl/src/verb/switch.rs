//! `switch` runs one of several blocks.

use crate::ast::{Block, Op};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::parse;
use crate::shape::{Field, Shape};
use crate::span::{Span, Spanned};
use crate::value::Value;
use crate::verb::Verb;
use crate::workflow::Phase;
use crate::yaml::{Kind, Node};

/// The verb.
pub const VERB: Verb = Verb {
    key: "switch",
    about: "Run one of several blocks, by a value or a condition.",
    fields: &[
        Field::required(
            "switch",
            Shape::Either(&[Shape::Expression, Shape::List(&Shape::Any), Shape::Map(&Shape::Any)]),
            "The value that decides.",
        ),
        Field::required(
            "cases",
            Shape::Cases,
            "A block for each value, compared with `==`; a condition has `true` and `false`.",
        ),
        Field::optional("default", Shape::Steps, "The block where no case matches."),
        Field::optional(
            "output",
            Shape::Any,
            "What the block that ran gives; without it, the map of its steps' values.",
        ),
    ],
    example: "route: { switch: run.id == \"\", cases: { true: { none: { set: { color: grey } } }, false: {} } }",
    read,
};

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let on = step.required("switch", "the step")?;
    let on = step.reader.head(on, "switch");
    let cases = step.required("cases", "`switch`").and_then(|node| cases(step, node));
    let default =
        step.take("default").and_then(|node| parse::block(step.reader, node, "`default`", Phase::Body));
    let default = default.map(|steps| Block { steps, output: None });
    let output = step.arg("output");
    Some(Op::Switch { on: on?, cases: cases?, default, output })
}

fn cases(step: &mut Fields<'_, '_, '_>, node: &Node) -> Option<Vec<(Spanned<Value>, Block)>> {
    let Kind::Map(entries) = &node.kind else {
        let message =
            format!("`cases` is a mapping of values to blocks, and here stands {}", node.describe());
        step.reader.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
        return None;
    };
    let mut cases: Vec<(Spanned<Value>, Block)> = vec![];
    for entry in entries {
        let (key, span): (Value, Span) = (entry.key.literal(), entry.key.span());
        if !matches!(key, Value::Text(_) | Value::Int(_) | Value::Bool(_)) {
            let message =
                format!("a case is a text, an integer or a boolean, and `{}` is none", entry.key.text);
            let wrong = Diagnostic::error(Code::WrongType, span, message);
            step.reader.diagnostics.push(wrong.help("put it in quotes if a text is meant"));
        }
        if let Some((first, _)) = cases.iter().find(|(case, _)| case.value == key) {
            let first = first.span;
            let wrong = Diagnostic::error(
                Code::DuplicateCase,
                span,
                format!("the case `{}` stands twice", entry.key.text),
            );
            step.reader.diagnostics.push(wrong.label(first, "first here"));
        }
        let what = format!("the case `{}`", entry.key.text);
        if let Some(steps) = parse::block(step.reader, &entry.value, &what, Phase::Body) {
            cases.push((Spanned::new(key, span), Block { steps, output: None }));
        }
    }
    Some(cases)
}
