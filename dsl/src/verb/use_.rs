//! `use` calls an action of a connector.

use crate::ast::{Act, Op};
use crate::fields::Fields;
use crate::shape::{Field, Shape};
use crate::verb::Verb;

/// The verb.
pub const VERB: Verb = Verb {
    key: "use",
    about: "Call an action of a connector.",
    fields: &[
        Field::required("use", Shape::Action, "The action, as `connector.action`."),
        Field::optional("with", Shape::Parameters, "Its parameters."),
    ],
    example: "orders: { use: file.read, with: { path: orders.csv } }",
    read,
};

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("use", "the step")?;
    let action = step.reader.text(node, "`use`");
    let args = step.values("with");
    Some(Op::Act(Act { action: action?, args, safety: None, checked: false, check: None, gives: None }))
}
