//! `emit` raises a signal for other runs: sugar for the action `signal.emit`.

use crate::ast::{Act, Op};
use crate::catalog::Safety;
use crate::fields::{Fields, Owner};
use crate::shape::{Field, Shape, names};
use crate::span::Spanned;
use crate::types::Type;
use crate::verb::{Args, Verb, put};
use crate::workflow::EMIT;
use crate::yaml::Kind;

/// The verb.
pub const VERB: Verb = Verb {
    key: "emit",
    about: "Raise a signal: it wakes the run that has waited for it longest, and starts those with a trigger for it.",
    fields: &[Field::required(
        "emit",
        Shape::Either(&[Shape::Template, Shape::Fields(SIGNAL)]),
        "The name of the signal, or what else belongs to it.",
    )],
    example: "tell: { emit: { signal: order_paid, with: { order: 7 } } }",
    read,
};

/// The keys of a signal, sorted.
const SIGNAL: &[Field] = &[
    Field::optional("run", Shape::Template, "The id of the run that it is for; without it, any."),
    Field::required("signal", Shape::Template, "Its name."),
    Field::optional("with", Shape::Any, "What it carries."),
];

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("emit", "the step")?;
    let mut args: Args = vec![];
    match &node.kind {
        Kind::Map(_) => {
            let owner = Owner { what: "`emit`", span: step.owner };
            let mut signal = Fields::open(step.reader, node, &owner, &names(SIGNAL))?;
            signal.required("signal", "`emit`")?;
            put(&mut args, "signal", signal.template("signal")?);
            if let Some(run) = signal.template("run") {
                put(&mut args, "run", run);
            }
            if let Some(payload) = signal.arg("with") {
                put(&mut args, "with", payload);
            }
        }
        Kind::Scalar(_) | Kind::List(_) => put(&mut args, "signal", step.template("emit")?),
    }
    let action = Spanned::new(EMIT.into(), step.owner);
    Some(Op::Act(Act {
        action,
        args,
        safety: Some(Safety::Keyed),
        checked: true,
        check: None,
        gives: Some(Type::Null),
    }))
}
