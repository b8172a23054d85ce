//! `fail` fails its step with a message: caught like any failure, else it ends the run.

use crate::ast::Op;
use crate::fields::Fields;
use crate::verb::{Field, Verb};

/// The verb.
pub const VERB: Verb = Verb {
    key: "fail",
    about: "Fail with a message; a `catch` around it takes it, else it ends the run.",
    fields: &[Field::required("fail", "string", "The message.")],
    example: "stop: { fail: \"no orders today\" }",
    read,
};

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("fail", "the step")?;
    step.reader.text(node, "`fail`")?;
    let message = step.arg("fail")?;
    Some(Op::Fail { message })
}
