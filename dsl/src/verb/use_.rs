//! `use` calls an action of a connector.

use crate::ast::{Act, Op};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::verb::{Field, Verb};
use crate::yaml::Kind;

/// The verb.
pub const VERB: Verb = Verb {
    key: "use",
    about: "Call an action of a connector.",
    fields: &[
        Field::required("use", "action", "The action, as `connector.action`."),
        Field::optional("with", "mapping", "Its parameters."),
    ],
    example: "orders: { use: file.read, with: { path: orders.csv } }",
    read,
};

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("use", "the step")?;
    let action = step.reader.text(node, "`use`");
    let args = match step.take("with") {
        None => vec![],
        Some(node) if node.is_null() => vec![],
        Some(node) => match &node.kind {
            Kind::Map(entries) => step.reader.entries(entries),
            Kind::List(_) | Kind::Scalar(_) => {
                let message =
                    format!("`with` is a mapping of parameters, and here stands {}", node.describe());
                step.reader.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
                return None;
            }
        },
    };
    Some(Op::Act(Act { action: action?, args, safety: None, checked: false }))
}
