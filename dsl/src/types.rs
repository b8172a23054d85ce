//! Types of inputs, outputs and parameters. Gradual: `Any` fits everything and says nothing.

mod arms;
mod assign;
mod file;
mod fit;
mod read;
mod relate;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::Value;

pub use arms::Arms;
pub use assign::{Taking, Unfit, Why, assign, assign_field};
pub use fit::{Misfit, fit, fit_field};
pub(crate) use read::{LONG, NAMES};
pub use read::{as_value, parse, read_field, read_fields};

/// What kind of value may stand somewhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Anything; nothing is known.
    #[default]
    Any,
    /// Null alone.
    Null,
    /// True or false.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// Any number.
    Number,
    /// Text.
    String,
    /// A moment.
    Time,
    /// A length of time.
    Duration,
    /// Bytes: a file, a body that is not text.
    Bytes,
    /// An object with any fields.
    AnyObject,
    /// An object with these fields.
    Object(Vec<Field>),
    /// A list with items of one type.
    List(Box<Type>),
    /// One of these texts.
    Enum(Vec<String>),
    /// The type, or null.
    Nullable(Box<Type>),
    /// Either of several.
    Union(Vec<Type>),
}

/// A field of an object, an input of a workflow or a parameter of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What may stand there.
    #[serde(rename = "type")]
    pub ty: Type,
    /// True if it may be left out.
    #[serde(default)]
    pub optional: bool,
    /// What stands there if it is left out.
    #[serde(default)]
    pub default: Option<Value>,
    /// Smallest number, or fewest characters or items.
    #[serde(default)]
    pub min: Option<f64>,
    /// Largest number, or most characters or items.
    #[serde(default)]
    pub max: Option<f64>,
    /// A regular expression that a text must match somewhere.
    #[serde(default)]
    pub pattern: Option<String>,
    /// True if a secret may stand there: the parameter leaves the process unseen and is never given back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
    /// How its text marks the places of values, which stand in `params`: what is in the text itself is fixed by the author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marks: Option<Marks>,
    /// What it is for.
    #[serde(default)]
    pub about: String,
}

impl Field {
    /// A field that must be given.
    pub fn required(name: &str, ty: Type, about: &str) -> Field {
        Field { optional: false, ..Field::optional(name, ty, about) }
    }

    /// A field that may be left out.
    pub fn optional(name: &str, ty: Type, about: &str) -> Field {
        Field {
            name: name.into(),
            ty,
            optional: true,
            default: None,
            min: None,
            max: None,
            pattern: None,
            secret: false,
            marks: None,
            about: about.into(),
        }
    }

    /// The same field, in which a secret may stand.
    pub fn secret(self) -> Field {
        Field { secret: true, ..self }
    }

    /// The same field, whose text the author fixes: a value is passed beside it.
    pub fn fixed(self, marks: Marks) -> Field {
        Field { marks: Some(marks), ..self }
    }
}

/// How a text marks the places of values that are passed beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marks {
    /// `$1`, `$2`, as PostgreSQL has it.
    Numbers,
    /// `?` for each, as MySQL and SQLite have it.
    Questions,
}

impl Marks {
    /// The mark of a place, which counts from 1.
    pub fn of(self, place: usize) -> String {
        match self {
            Marks::Numbers => format!("${place}"),
            Marks::Questions => "?".into(),
        }
    }
}

/// As authors write it: `[string]?`, `{ a: string, b: integer? }`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Any => f.write_str("any"),
            Type::Null => f.write_str("null"),
            Type::Boolean => f.write_str("boolean"),
            Type::Integer => f.write_str("integer"),
            Type::Number => f.write_str("number"),
            Type::String => f.write_str("string"),
            Type::Time => f.write_str("time"),
            Type::Duration => f.write_str("duration"),
            Type::Bytes => f.write_str("bytes"),
            Type::AnyObject => f.write_str("object"),
            Type::Object(fields) => {
                f.write_str("{ ")?;
                for (at, field) in fields.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    let mark =
                        if field.optional && !matches!(field.ty, Type::Nullable(_)) { "?" } else { "" };
                    write!(f, "{comma}{}: {}{mark}", field.name, field.ty)?;
                }
                f.write_str(" }")
            }
            Type::List(item) if **item == Type::NEVER => f.write_str("[]"),
            Type::List(item) => write!(f, "[{item}]"),
            Type::Union(arms) if arms.is_empty() => f.write_str("nothing"),
            Type::Enum(texts) => write!(f, "{{ enum: [{}] }}", texts.join(", ")),
            Type::Nullable(inner) => match **inner {
                Type::Union(_) => write!(f, "({inner})?"),
                _ => write!(f, "{inner}?"),
            },
            Type::Union(arms) => {
                let arms: Vec<String> = arms.iter().map(Type::to_string).collect();
                f.write_str(&arms.join(" | "))
            }
        }
    }
}
