//! `fail` fails its step with a message: caught like any failure, else it ends the run.

use crate::ast::Op;
use crate::fields::Fields;
use crate::shape::{Field, Shape};
use crate::verb::Verb;

/// The verb.
pub const VERB: Verb = Verb {
    key: "fail",
    about: "Fail with a message; a `catch` around it takes it, else it ends the run.",
    fields: &[Field::required("fail", Shape::Template, "The message.")],
    example: "stop: { fail: \"no orders today\" }",
    read,
};

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    step.required("fail", "the step")?;
    let message = step.template("fail")?;
    Some(Op::Fail { message })
}
