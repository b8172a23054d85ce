//! `try` is a block with its handlers.

use crate::ast::{Block, Op};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::parse;
use crate::shape::{Field, Shape};
use crate::verb::Verb;
use crate::workflow::Phase;

/// The verb.
pub const VERB: Verb = Verb {
    key: "try",
    about: "Run a block, another where it fails, and a last one in any case.",
    fields: &[
        Field::required("try", Shape::Steps, "The block."),
        Field::optional("catch", Shape::Steps, "Runs where the block failed; sees `error`."),
        Field::optional("finally", Shape::Steps, "Runs at the end, however it came."),
        Field::optional(
            "output",
            Shape::Any,
            "What the whole gives; without it, the map of its steps' values.",
        ),
    ],
    example: "safe: { try: { risky: { fail: no } }, catch: { spare: { set: { body: \"{{ error.message }}\" } } } }",
    read,
};

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let body = parse::inner(step, "try", "`try`", Phase::Body);
    let (catch, last) = (step.take("catch"), step.take("finally"));
    if catch.is_none() && last.is_none() {
        let wrong = Diagnostic::error(Code::MissingKey, step.owner, "`try` needs `catch` or `finally`");
        step.reader.diagnostics.push(wrong.help("without a handler, write its steps where `try` stands"));
    }
    let catches = catch.is_some();
    let catch = catch.and_then(|node| parse::block(step.reader, node, "`catch`", Phase::Catch));
    let last = last.and_then(|node| parse::block(step.reader, node, "`finally`", Phase::Finally));
    let output = step.arg("output");
    let mut steps = body?;
    steps.extend(catch.into_iter().flatten());
    steps.extend(last.into_iter().flatten());
    Some(Op::Try { body: Block { steps, output }, catches })
}
