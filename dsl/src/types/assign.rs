//! Whether a value that is known by its type alone may stand where another type is wanted.

use crate::duration;
use crate::types::file::PLAIN;
use crate::types::{Field, Type};

/// Why a value of a type does not fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfit {
    /// The way to the part that does not, outermost first.
    pub path: Vec<String>,
    /// What is the case.
    pub why: Why,
}

/// What is the case where a type does not fit.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// It may be null, and null does not fit.
    Null,
    /// A text that is none of those wanted.
    Text(String),
    /// A number that need not be whole.
    Fraction,
    /// A field that is not there.
    Missing(String),
    /// A field that is not known.
    Unknown(String),
    /// Another type, in words.
    Other(String),
}

impl Unfit {
    fn new(why: Why) -> Unfit {
        Unfit { path: vec![], why }
    }

    fn within(mut self, part: &str) -> Unfit {
        self.path.insert(0, part.into());
        self
    }
}

/// How a value is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// As it is.
    Exactly,
    /// As a parameter of an action: whole numbers are integers, and what has one form as text is a text.
    AsParameter,
}

/// Compares the type of a value with the one that is wanted. Where nothing is known, everything fits: what a
/// text says, and how many items a list has, shows when it runs.
///
/// # Errors
/// The first part that does not fit.
pub fn assign(from: &Type, to: &Type, taking: Taking) -> Result<(), Unfit> {
    let takes_null = matches!(to, Type::Any) || to.takes_null();
    for arm in from.arms() {
        match arm {
            Type::Null if takes_null => {}
            Type::Null => return Err(Unfit::new(Why::Null)),
            arm => one(arm, to, taking)?,
        }
    }
    Ok(())
}

/// One arm, which is not null.
fn one(from: &Type, to: &Type, taking: Taking) -> Result<(), Unfit> {
    let mut first = None;
    for arm in to.arms() {
        match direct(from, arm, taking) {
            Ok(()) => return Ok(()),
            Err(unfit) => first = first.or(Some(unfit)),
        }
    }
    match (first, to) {
        (Some(unfit), Type::Union(_)) => Err(match unfit.why {
            Why::Fraction | Why::Text(_) => unfit,
            Why::Null | Why::Missing(_) | Why::Unknown(_) | Why::Other(_) => other(from),
        }),
        (Some(unfit), _) => Err(unfit),
        (None, _) => Ok(()),
    }
}

fn other(from: &Type) -> Unfit {
    Unfit::new(Why::Other(from.named()))
}

fn direct(from: &Type, to: &Type, taking: Taking) -> Result<(), Unfit> {
    match (from, to) {
        (Type::Any, _) | (_, Type::Any) => Ok(()),
        (Type::Integer, Type::Number) | (Type::AnyObject, Type::Object(_)) => Ok(()),
        (Type::Number, Type::Integer) if taking == Taking::AsParameter => Ok(()),
        (Type::Boolean | Type::Integer | Type::Number | Type::Time | Type::Duration, Type::String)
            if taking == Taking::AsParameter =>
        {
            Ok(())
        }
        (Type::Number, Type::Integer) => Err(Unfit::new(Why::Fraction)),
        (Type::Enum(texts), Type::Enum(wanted)) => {
            texts_fit(texts, &|text| wanted.iter().any(|one| one == text))
        }
        // What the text says is known when it runs.
        (Type::String, Type::Enum(_) | Type::Time | Type::Duration) => Ok(()),
        (Type::Enum(_), Type::String) => Ok(()),
        (Type::Enum(texts), Type::Duration) => {
            texts_fit(texts, &|text| duration::parse(text.trim()).is_some())
        }
        (Type::Enum(texts), Type::Time) => {
            texts_fit(texts, &|text| text.trim().parse::<jiff::Timestamp>().is_ok())
        }
        // In Base64, alone or with what is known of it.
        (Type::String | Type::Enum(_) | Type::AnyObject, Type::Bytes) => Ok(()),
        (Type::Object(given), Type::Bytes) => object(given, &PLAIN, taking),
        (Type::Object(_), Type::AnyObject) => Ok(()),
        (Type::Object(given), Type::Object(wanted)) => object(given, wanted, taking),
        (Type::List(given), Type::List(wanted)) => {
            assign(given, wanted, taking).map_err(|unfit| unfit.within("…"))
        }
        (from, to) if from == to => Ok(()),
        (from, _) => Err(other(from)),
    }
}

fn texts_fit(texts: &[String], fits: &dyn Fn(&str) -> bool) -> Result<(), Unfit> {
    match texts.iter().find(|text| !fits(text)) {
        Some(text) => Err(Unfit::new(Why::Text(text.clone()))),
        None => Ok(()),
    }
}

fn object(given: &[Field], wanted: &[Field], taking: Taking) -> Result<(), Unfit> {
    for field in given {
        let Some(want) = wanted.iter().find(|want| want.name == field.name) else {
            return Err(Unfit::new(Why::Unknown(field.name.clone())));
        };
        assign_field(&field.ty, want, taking).map_err(|unfit| unfit.within(&field.name))?;
    }
    let missing = wanted.iter().find(|want| {
        let given = given.iter().find(|field| field.name == want.name);
        !want.optional && want.default.is_none() && given.is_none_or(|field| field.optional)
    });
    match missing {
        Some(field) => Err(Unfit::new(Why::Missing(field.name.clone()))),
        None => Ok(()),
    }
}

/// As `assign`, for what may be left out.
///
/// # Errors
/// The first part that does not fit.
pub fn assign_field(from: &Type, to: &Field, taking: Taking) -> Result<(), Unfit> {
    let may_lack = to.optional || (to.default.is_some() && taking == Taking::AsParameter);
    match (may_lack, from) {
        (true, Type::Null) => Ok(()),
        (true, from) => assign(&from.without_null(), &to.ty, taking),
        (false, from) => assign(from, &to.ty, taking),
    }
}

impl Unfit {
    /// What is the case, where this type is wanted.
    pub fn message(&self, wanted: &Type) -> String {
        let wanted = if self.path.is_empty() { wanted.wanted() } else { "another type".into() };
        let says = match &self.why {
            Why::Null => "it may be null".into(),
            Why::Text(text) if self.path.is_empty() => {
                format!("{wanted} is wanted, and this may be the text `{text}`")
            }
            Why::Text(text) => format!("it may be the text `{text}`, which does not fit"),
            Why::Fraction => "an integer is wanted, and this is a number that need not be whole".into(),
            Why::Missing(name) => format!("the field `{name}` is missing"),
            Why::Unknown(name) => format!("the field `{name}` is unknown"),
            Why::Other(found) => format!("{wanted} is wanted, and this is {found}"),
        };
        if self.path.is_empty() { says } else { format!("`{}`: {says}", self.path.join(".")) }
    }

    /// What to do; `source` is the text of the value.
    pub fn help(&self, source: &str) -> Option<String> {
        match &self.why {
            Why::Null if self.path.is_empty() => Some(format!(
                "give a value for null, as in `{source} ?? …`, or skip the step by `if: {source} != null`"
            )),
            Why::Fraction if self.path.is_empty() => Some(format!("make it whole: `round({source})`")),
            Why::Null | Why::Fraction | Why::Text(_) | Why::Missing(_) | Why::Unknown(_) | Why::Other(_) => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Taking, Why, assign};
    use crate::types::parse;

    fn fits(from: &str, to: &str) -> Result<(), Why> {
        assign(&parse(from).unwrap(), &parse(to).unwrap(), Taking::Exactly).map_err(|unfit| unfit.why)
    }

    #[test]
    fn what_may_fit_is_taken_and_what_cannot_is_not() {
        for (from, to) in [
            ("any", "string"),
            ("integer", "number"),
            ("string", "{ enum: [a] }"),
            ("{ enum: [a] }", "{ enum: [a, b] }"),
            ("{ enum: [5m] }", "duration"),
            ("string", "string?"),
            ("null", "string?"),
            ("[integer]", "[number]"),
            ("object", "{ a: string }"),
            ("{ a: string }", "{ a: string, b: integer? }"),
            ("integer", "string | integer"),
            ("string", "bytes"),
            ("{ base64: string, name: string }", "bytes"),
        ] {
            assert_eq!(fits(from, to), Ok(()), "{from} to {to}");
        }
        assert_eq!(fits("string?", "string"), Err(Why::Null));
        assert_eq!(fits("number", "integer"), Err(Why::Fraction));
        assert_eq!(fits("{ enum: [a, c] }", "{ enum: [a, b] }"), Err(Why::Text("c".into())));
        assert_eq!(fits("{ a: string }", "{ a: string, b: integer }"), Err(Why::Missing("b".into())));
        assert_eq!(fits("{ c: string }", "{ a: string }"), Err(Why::Unknown("c".into())));
        assert_eq!(fits("bytes", "string"), Err(Why::Other("a file".into())));
        assert_eq!(fits("bytes", "object"), Err(Why::Other("a file".into())));
        assert_eq!(fits("integer", "bytes"), Err(Why::Other("an integer".into())));
        assert_eq!(fits("{ name: string }", "bytes"), Err(Why::Missing("base64".into())));
        assert_eq!(fits("boolean", "string | integer"), Err(Why::Other("a boolean".into())));
    }
}
