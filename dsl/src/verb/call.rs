//! `call` runs another workflow and takes its output.

use crate::ast::Op;
use crate::fields::{self, Fields};
use crate::shape::{Field, Shape};
use crate::verb::Verb;

/// The verb.
pub const VERB: Verb = Verb {
    key: "call",
    about: "Run another workflow; the value is its output.",
    fields: &[
        Field::required("call", Shape::Workflow, "The name of the workflow."),
        Field::optional("with", Shape::Map(&Shape::Any), "Its inputs."),
    ],
    example: "report: { call: weekly-report, with: { week: 48 } }",
    read,
};

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("call", "the step")?;
    let workflow = fields::workflow_name(step.reader, node, "`call`");
    let inputs = step.values("with");
    Some(Op::Child { workflow: workflow?, inputs })
}
