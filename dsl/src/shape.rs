//! What may stand behind a key. One description: hints, pages, completion and the JSON Schema come from it.

use std::fmt;

/// A key of a mapping, with what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// True if it must be there.
    pub required: bool,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// What may stand there.
    pub shape: Shape,
}

impl Field {
    /// A key that must be there.
    pub const fn required(name: &'static str, shape: Shape, about: &'static str) -> Field {
        Field { name, required: true, about, shape }
    }

    /// A key that may be left out.
    pub const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Field {
        Field { name, required: false, about, shape }
    }
}

/// What may stand behind a key.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// The id of an action, `connector.action`.
    Action,
    /// Any value, with holes or without.
    Any,
    /// True or false, written out.
    Boolean,
    /// A block for each of several values.
    Cases,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A cron expression.
    Cron,
    /// A length of time, written out.
    Duration,
    /// Any of these.
    Either(&'static [Shape]),
    /// An expression, with braces around it or without.
    Expression,
    /// A mapping with these keys.
    Fields(&'static [Field]),
    /// A text with at least one hole.
    Holes,
    /// A whole number from the first to the second, written out.
    Integer(i64, i64),
    /// A list of these.
    List(&'static Shape),
    /// A mapping of any names to these.
    Map(&'static Shape),
    /// The name of a step, an input or an item.
    Name,
    /// Nothing at all.
    Nothing,
    /// A number from the first to the second, written out.
    Number(f64, f64),
    /// A mapping with exactly one of these keys.
    OneOf(&'static [Field]),
    /// The parameters of the action that the step calls.
    Parameters,
    /// A map of steps.
    Steps,
    /// A text with holes or without.
    Template,
    /// A text without holes.
    Text,
    /// A moment: RFC 3339, or local time without an offset.
    Time,
    /// The triggers: a list of mappings, each with one of the kinds.
    Triggers,
    /// A type.
    Type,
    /// A mapping of names to types.
    Types,
    /// The name of a workflow.
    Workflow,
}

/// The names of keys, for reading a mapping.
pub fn names(fields: &[Field]) -> Vec<&'static str> {
    fields.iter().map(|field| field.name).collect()
}

/// As authors call it.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Action => f.write_str("action"),
            Shape::Any => f.write_str("any"),
            Shape::Boolean => f.write_str("true | false"),
            Shape::Cases => f.write_str("mapping of values to steps"),
            Shape::Choice(words) => f.write_str(&words.join(" | ")),
            Shape::Cron => f.write_str("cron expression"),
            Shape::Duration => f.write_str("duration"),
            Shape::Either(shapes) => {
                let shapes: Vec<String> = shapes.iter().map(Shape::to_string).collect();
                f.write_str(&shapes.join(" or "))
            }
            Shape::Expression => f.write_str("expression"),
            Shape::Fields(fields) => write!(f, "{{ {} }}", names(fields).join(", ")),
            Shape::Holes => f.write_str("text with a hole"),
            Shape::Integer(least, i64::MAX) => write!(f, "integer from {least}"),
            Shape::Integer(least, most) => write!(f, "integer from {least} to {most}"),
            Shape::List(Shape::Any) => f.write_str("list"),
            Shape::List(item) => write!(f, "list of {item}"),
            Shape::Map(Shape::Any) => f.write_str("mapping"),
            Shape::Map(value) => write!(f, "mapping of names to {value}"),
            Shape::Name => f.write_str("name"),
            Shape::Nothing => f.write_str("nothing"),
            Shape::Number(least, f64::MAX) => write!(f, "number from {least}"),
            Shape::Number(least, most) => write!(f, "number from {least} to {most}"),
            Shape::OneOf(fields) => {
                let ways: Vec<String> = fields.iter().map(|field| format!("{{ {} }}", field.name)).collect();
                f.write_str(&ways.join(" or "))
            }
            Shape::Parameters => f.write_str("mapping"),
            Shape::Steps => f.write_str("steps"),
            Shape::Template => f.write_str("text with holes"),
            Shape::Text => f.write_str("text"),
            Shape::Time => f.write_str("time"),
            Shape::Triggers => f.write_str("list of triggers"),
            Shape::Type => f.write_str("type"),
            Shape::Types => f.write_str("mapping of names to types"),
            Shape::Workflow => f.write_str("name of a workflow"),
        }
    }
}
