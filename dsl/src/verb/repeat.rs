//! `repeat` runs a block at most so many times, as for polling. It is always bounded.

use crate::ast::{Block, Op};
use crate::fields::Fields;
use crate::parse;
use crate::shape::{Field, Shape};
use crate::verb::Verb;
use crate::workflow::Phase;
use crate::yaml::Kind;

/// The verb.
pub const VERB: Verb = Verb {
    key: "repeat",
    about: "Run a block at most so many times, until a condition is met.",
    fields: &[
        Field::required(
            "repeat",
            Shape::Either(&[Shape::Integer(1, MOST), Shape::Expression]),
            "At most so many rounds; `round` counts from 1, `last` is the value of the round before.",
        ),
        Field::optional(
            "every",
            Shape::Duration,
            "The pause between the end of a round and the start of the next.",
        ),
        Field::optional(
            "until",
            Shape::Expression,
            "Asked after each round; not met at the end, the step fails (kind `exhausted`).",
        ),
        Field::required("steps", Shape::Steps, "The block."),
        Field::optional("output", Shape::Any, "What a round gives; the step's value is the last round's."),
    ],
    example: "poll: { repeat: 3, every: 10s, until: round == 2, steps: { say: { set: { number: \"{{ round }}\" } } } }",
    read,
};

/// More rounds than anybody waits for.
const MOST: i64 = 1_000_000;

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("repeat", "the step")?;
    let literal = matches!(&node.kind, Kind::Scalar(scalar) if scalar.text.trim().parse::<f64>().is_ok());
    let rounds = if literal || node.scalar().is_none() {
        step.reader.integer(node, "repeat", 1..=MOST).map(|rounds| crate::ast::Arg::value(rounds, node.span))
    } else {
        step.reader.head(node, "repeat")
    };
    let until = match step.take("until") {
        Some(node) => step.reader.expr(node, "until").map(Some),
        None => Some(None),
    };
    let every = step.duration("every");
    let steps = parse::inner(step, "steps", "`repeat`", Phase::Body);
    let output = step.arg("output");
    Some(Op::Repeat { rounds: rounds?, until: until?, every, body: Block { steps: steps?, output } })
}
