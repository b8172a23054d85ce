//! `set` computes values. It has no effects.

use crate::ast::Op;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::shape::{Field, Shape};
use crate::verb::Verb;
use crate::yaml::Kind;

/// The verb.
pub const VERB: Verb = Verb {
    key: "set",
    about: "Compute values; they are read as `steps.NAME.KEY`.",
    fields: &[Field::required(
        "set",
        Shape::Map(&Shape::Any),
        "The values by name; they do not see one another.",
    )],
    example: "prices: { set: { net: 100, gross: \"{{ 100 * 1.19 }}\" } }",
    read,
};

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("set", "the step")?;
    if !matches!(node.kind, Kind::Map(_)) {
        let message = format!("`set` is a mapping of names to values, and here stands {}", node.describe());
        let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
        step.reader.fail(wrong.help("give the value a name: `set: { value: … }`"), node.span);
        return None;
    }
    let value = step.arg("set")?;
    Some(Op::Set { value })
}
