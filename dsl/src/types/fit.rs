//! Whether a value fits a type. Nothing is converted, but for times and durations that came as text
//! and bytes that came in Base64.

use std::fmt;
use std::sync::Arc;

use crate::duration;
use crate::fields::{a, listed};
use crate::types::{Field, Type};
use crate::value::{File, Object, Value};

/// Why a value does not fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit {
    /// The way to the part that does not, outermost first: fields and numbers of items.
    pub path: Vec<String>,
    /// What is the case.
    pub message: String,
}

impl Misfit {
    fn new(message: impl Into<String>) -> Misfit {
        Misfit { path: vec![], message: message.into() }
    }

    fn wanted(ty: &Type, value: &Value) -> Misfit {
        Misfit::new(format!("{} is wanted, and here stands {}", ty.wanted(), shown(value)))
    }

    fn within(mut self, part: impl Into<String>) -> Misfit {
        self.path.insert(0, part.into());
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path.join("."))?;
        }
        f.write_str(&self.message)
    }
}

impl Type {
    /// The type as what is wanted, with its article.
    pub fn wanted(&self) -> String {
        match self {
            Type::Boolean
            | Type::Integer
            | Type::Number
            | Type::String
            | Type::Time
            | Type::Duration
            | Type::AnyObject => a(&self.to_string()),
            Type::Any | Type::Null | Type::Bytes => self.to_string(),
            Type::Enum(texts) => {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                format!("one of {}", listed(&texts))
            }
            Type::List(_) | Type::Object(_) | Type::Nullable(_) | Type::Union(_) => format!("`{self}`"),
        }
    }
}

/// A value for messages: itself where it is short.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) if text.chars().count() <= 40 => format!("the text `{text}`"),
        Value::Null => "null".into(),
        Value::Bool(_) | Value::Int(_) | Value::Number(_) => format!("`{value}`"),
        other => a(other.type_name()),
    }
}

/// Checks a value against a type and gives it back: texts turned into the times and durations they stand for, and
/// null for each field that may be left out and is.
///
/// # Errors
/// The first part that does not fit.
pub fn fit(value: &Value, ty: &Type) -> Result<Value, Misfit> {
    let wrong = || Err(Misfit::wanted(ty, value));
    match (ty, value) {
        (_, Value::Big(big)) => match &big.value {
            Some(inner) => fit(inner, ty),
            None => Ok(value.clone()),
        },
        (Type::Any, _) | (Type::Null, Value::Null) | (Type::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (Type::Integer, Value::Int(_)) | (Type::Number, Value::Int(_) | Value::Number(_)) => {
            Ok(value.clone())
        }
        (Type::String, Value::Text(_) | Value::Hole(_)) | (Type::AnyObject, Value::Object(_)) => {
            Ok(value.clone())
        }
        (Type::Time, Value::Time(_)) | (Type::Duration, Value::Duration(_)) => Ok(value.clone()),
        (Type::Bytes, Value::File(_) | Value::Hole(_)) => Ok(value.clone()),
        (Type::Bytes, _) => {
            File::from_plain(value).map_or_else(wrong, |file| Ok(Value::File(Arc::new(file))))
        }
        (Type::Time, Value::Text(text)) => text.trim().parse().map(Value::Time).or_else(|_| wrong()),
        (Type::Duration, Value::Text(text)) => {
            duration::parse(text.trim()).map(Value::Duration).map_or_else(wrong, Ok)
        }
        (Type::Enum(texts), Value::Text(text)) if texts.iter().any(|choice| **choice == **text) => {
            Ok(value.clone())
        }
        (Type::Nullable(_), Value::Null) => Ok(Value::Null),
        (Type::Nullable(inner), _) => fit(value, inner),
        (Type::Union(arms), _) => arms.iter().find_map(|arm| fit(value, arm).ok()).map_or_else(wrong, Ok),
        (Type::List(item), Value::List(items)) => {
            let fitted = items
                .iter()
                .enumerate()
                .map(|(at, value)| fit(value, item).map_err(|e| e.within(at.to_string())));
            Ok(Value::list(fitted.collect::<Result<_, _>>()?))
        }
        (Type::Object(fields), Value::Object(entries)) => fit_object(entries, fields),
        _ => wrong(),
    }
}

fn fit_object(entries: &Arc<Object>, fields: &[Field]) -> Result<Value, Misfit> {
    let mut fitted = Object::new();
    for field in fields {
        match (entries.get(&*field.name), &field.default) {
            (Some(value), _) => {
                let value = fit_field(value, field).map_err(|wrong| wrong.within(&*field.name))?;
                fitted.insert(field.name.as_str().into(), value);
            }
            (None, Some(default)) => {
                fitted.insert(field.name.as_str().into(), default.clone());
            }
            (None, None) if field.optional => {
                fitted.insert(field.name.as_str().into(), Value::Null);
            }
            (None, None) => return Err(Misfit::new(format!("the field `{}` is missing", field.name))),
        }
    }
    match entries.keys().find(|key| fields.iter().all(|field| field.name != ***key)) {
        Some(key) => Err(Misfit::new(format!("the field `{key}` is unknown"))),
        None => Ok(Value::Object(Arc::new(fitted))),
    }
}

/// As `fit`, and against the bounds of a field.
///
/// # Errors
/// The first part that does not fit.
pub fn fit_field(value: &Value, field: &Field) -> Result<Value, Misfit> {
    if value.is_null() && field.optional {
        return Ok(Value::Null);
    }
    let value = fit(value, &field.ty)?;
    let (size, counted) = match &value {
        Value::Int(number) => (Some(*number as f64), None),
        Value::Number(number) => (Some(*number), None),
        Value::Text(text) => (Some(text.chars().count() as f64), Some("character")),
        Value::List(items) => (Some(items.len() as f64), Some("item")),
        _ => (None, None),
    };
    if let (Some(size), Some(least)) = (size, field.min)
        && size < least
    {
        return Err(beyond("at least", least, size, counted));
    }
    if let (Some(size), Some(most)) = (size, field.max)
        && size > most
    {
        return Err(beyond("at most", most, size, counted));
    }
    if let (Value::Text(text), Some(pattern)) = (&value, &field.pattern) {
        let fits = regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text));
        if !fits {
            return Err(Misfit::new(format!("`{text}` does not match the pattern `{pattern}`")));
        }
    }
    Ok(value)
}

/// A number beyond a bound, or a length, which counts something.
fn beyond(which: &str, bound: f64, size: f64, counted: Option<&str>) -> Misfit {
    let is = |number: f64| if counted.is_none() || number == 1.0 { "is" } else { "are" };
    let unit = match counted {
        Some(noun) if bound == 1.0 => format!(" {noun}"),
        Some(noun) => format!(" {noun}s"),
        None => String::new(),
    };
    let (wanted, found) = (is(bound), is(size));
    Misfit::new(format!("{which} {bound}{unit} {wanted} wanted, and here {found} {size}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_converted_but_times_and_durations() {
        assert!(fit(&Value::text("3"), &Type::Integer).is_err());
        assert!(fit(&Value::Int(3), &Type::String).is_err());
        assert_eq!(fit(&Value::Int(3), &Type::Number), Ok(Value::Int(3)));
        let length = fit(&Value::text("5m"), &Type::Duration).unwrap();
        assert!(matches!(length, Value::Duration(length) if length.as_secs() == 300));
        assert!(matches!(fit(&Value::text("2026-01-02T03:04:05Z"), &Type::Time), Ok(Value::Time(_))));
    }

    #[test]
    fn the_part_that_does_not_fit_is_named() {
        let ty = Type::Object(vec![Field::required("a", Type::List(Box::new(Type::Integer)), "")]);
        let value = Value::object([("a", Value::list(vec![Value::Int(1), Value::text("x")]))]);
        let wrong = fit(&value, &ty).unwrap_err();
        assert_eq!(wrong.to_string(), "`a.1`: an integer is wanted, and here stands the text `x`");
    }

    #[test]
    fn bounds_count_numbers_characters_and_items() {
        let field = |ty| Field { min: Some(2.0), max: Some(3.0), ..Field::required("a", ty, "") };
        assert!(fit_field(&Value::Int(1), &field(Type::Integer)).is_err());
        assert!(fit_field(&Value::text("üöä"), &field(Type::String)).is_ok());
        assert!(
            fit_field(&Value::list(vec![Value::Null; 4]), &field(Type::List(Box::new(Type::Any)))).is_err()
        );
    }
}
