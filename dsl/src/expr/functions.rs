//! The functions of the language: one list, each entry with its parameters, a sentence and an example that
//! is a test.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::expr::Halt;
use crate::expr::call::Call;
use crate::types::Type;
use crate::value::Value;

mod chance;
mod csv;
pub(crate) mod data;
mod fold;
mod key;
mod list;
mod map;
mod number;
mod pages;
pub mod shape;
mod text;
mod time;
mod yaml;

use shape::{Filling, Given, Wants, written};

/// A function that expressions can call.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// What it is given; behind a `|` the first stands before the bar.
    pub parameters: &'static [Parameter],
    /// The type of what it gives, by the types of what it is given.
    pub gives: fn(&Given<'_>) -> Type,
    /// What it gives, in a sentence.
    pub about: &'static str,
    /// An expression and its value, joined by ` => `.
    pub example: &'static str,
    /// Computes it.
    pub(crate) body: fn(&mut Call<'_, '_>) -> Result<Value, Halt>,
}

/// One parameter of a function.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// How many values or lambdas may stand there.
    pub takes: Takes,
    /// What they are, or what the lambda gives.
    pub wants: Wants,
    /// Whether it must be given.
    pub presence: Presence,
}

/// Whether an argument must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// It may be left out.
    Optional,
    /// It may be left out, and the items must themselves be what the lambda would make of them.
    ElseItems,
}

/// What may stand for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A value.
    Value,
    /// A lambda of at most so many parameters.
    Lambda(usize),
    /// Any number of values, the last parameter.
    Values,
}

/// A parameter that must be given.
const fn value(name: &'static str, wants: Wants) -> Parameter {
    Parameter { name, takes: Takes::Value, wants, presence: Presence::Required }
}

/// A parameter that may be left out.
const fn optional(name: &'static str, wants: Wants) -> Parameter {
    Parameter { presence: Presence::Optional, ..value(name, wants) }
}

/// As many as one likes.
const fn values(name: &'static str, wants: Wants) -> Parameter {
    Parameter { takes: Takes::Values, ..optional(name, wants) }
}

/// A lambda over an item and its index.
const fn lambda(name: &'static str, gives: Wants) -> Parameter {
    Parameter { takes: Takes::Lambda(2), ..value(name, gives) }
}

/// A lambda that may be left out.
const fn optional_lambda(name: &'static str, gives: Wants) -> Parameter {
    Parameter { presence: Presence::Optional, ..lambda(name, gives) }
}

/// A lambda that may be left out where the items are themselves what it would give.
const fn or_items(name: &'static str, gives: Wants) -> Parameter {
    Parameter { presence: Presence::ElseItems, ..lambda(name, gives) }
}

static ALL: LazyLock<Vec<&'static Function>> = LazyLock::new(|| {
    let lists = [
        chance::CHANCE,
        data::DATA,
        fold::FOLD,
        list::LIST,
        map::MAP,
        number::NUMBER,
        text::TEXT,
        time::TIME,
    ];
    let mut all: Vec<&Function> = lists.into_iter().flatten().collect();
    all.sort_by_key(|function| function.name);
    all
});

/// All functions, by name.
pub fn all() -> &'static [&'static Function] {
    &ALL
}

/// The function with this name.
pub fn find(name: &str) -> Option<&'static Function> {
    ALL.binary_search_by_key(&name, |function| function.name).ok().map(|at| ALL[at])
}

/// The names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|function| function.name)
}

/// What other languages call a function of ours.
pub fn synonym(name: &str) -> Option<&'static str> {
    Some(match name {
        "length" | "size" | "strlen" => "len",
        "concat" => "join",
        "includes" | "has" => "contains",
        "lowercase" | "downcase" | "toLowerCase" => "lower",
        "uppercase" | "upcase" | "toUpperCase" => "upper",
        "strip" => "trim",
        "each" | "select" => "map",
        "some" => "any",
        "every" => "all",
        "average" | "mean" => "avg",
        "to_json" | "tojson" | "stringify" | "dump" => "json",
        "from_json" | "fromjson" => "parse_json",
        "str" | "string" | "text" | "to_string" => "json",
        "float" | "num" => "number",
        "integer" => "int",
        "substring" | "substr" => "slice",
        "distinct" | "uniq" => "unique",
        "sortBy" | "order_by" => "sort_by",
        "groupBy" => "group_by",
        "strftime" | "date" => "format_time",
        "coalesce" | "else" => "default",
        _ => return None,
    })
}

impl Function {
    /// The parameter at this place; nothing past the last.
    pub fn parameter(&self, at: usize) -> Option<&'static Parameter> {
        match (self.parameters.get(at), self.parameters.last()) {
            (Some(parameter), _) => Some(parameter),
            (None, Some(last @ Parameter { takes: Takes::Values, .. })) => Some(last),
            (None, _) => None,
        }
    }

    /// What its page says beyond this entry: details, more examples, and what is near to it.
    pub fn details(&self) -> &'static str {
        pages::find(self.name)
    }

    /// What may stand at this place; nothing past the last.
    pub fn takes(&self, at: usize) -> Option<Takes> {
        self.parameter(at).map(|parameter| match parameter.takes {
            Takes::Values => Takes::Value,
            takes => takes,
        })
    }

    /// The fewest arguments that it takes.
    pub fn fewest(&self) -> usize {
        self.parameters.iter().filter(|one| one.presence == Presence::Required).count()
    }

    /// The most arguments that it takes.
    pub fn most(&self) -> usize {
        match self.parameters.last() {
            Some(Parameter { takes: Takes::Values, .. }) => usize::MAX,
            _ => self.parameters.len(),
        }
    }

    /// How many arguments it takes, for messages.
    pub fn count(&self) -> String {
        match (self.fewest(), self.most()) {
            (fewest, usize::MAX) => format!("at least {}", arguments(fewest)),
            (fewest, most) if fewest == most => arguments(most),
            (fewest, most) => format!("{fewest} to {}", arguments(most)),
        }
    }

    /// How it is called, for messages: `replace(text: string, find: string, with: string) -> string`.
    pub fn form(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(Parameter::form).collect();
        let anything = vec![std::borrow::Cow::Owned(Type::Any); self.parameters.len()];
        let gives = (self.gives)(&Given { filling: Filling::Unknown, types: &anything, constants: &[] });
        format!("{}({}) -> {gives}", self.name, parameters.join(", "))
    }
}

impl Parameter {
    fn form(&self) -> String {
        let (name, wants) = (self.name, written(self.wants));
        let shown = match self.takes {
            Takes::Value => format!("{name}: {wants}"),
            Takes::Lambda(_) => format!("{name} => {wants}"),
            Takes::Values => format!("{name}: {wants}, …"),
        };
        match self.presence {
            Presence::Required => shown,
            Presence::Optional | Presence::ElseItems => format!("[{shown}]"),
        }
    }
}

fn arguments(count: usize) -> String {
    super::parse::plural(count, "argument")
}

/// A function by its name, which is all that is stored.
#[derive(Clone, Copy, Debug)]
pub struct FunctionRef(pub &'static Function);

impl PartialEq for FunctionRef {
    fn eq(&self, other: &FunctionRef) -> bool {
        self.0.name == other.0.name
    }
}

impl Serialize for FunctionRef {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for FunctionRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<FunctionRef, D::Error> {
        let name = String::deserialize(from)?;
        let found =
            find(&name).ok_or_else(|| serde::de::Error::custom(format!("no function is called `{name}`")))?;
        Ok(FunctionRef(found))
    }
}
