//! Parameters of a call, checked against the fields that the catalog names. The checker of workflows has
//! looked at most of them before; what comes out of a run is only known here.

use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use dsl::diagnostic::nearest;
use dsl::types::{Field, Type};
use dsl::value::{Object, Value};
use jiff::SignedDuration;

/// Parameters that fit their fields. Null counts as left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    entries: Object,
}

impl Params {
    /// Takes entries that need no check.
    pub(crate) fn of(entries: Object) -> Params {
        Params { entries }
    }

    /// These and one more, or another in its place.
    pub(crate) fn with(&self, name: &str, value: Value) -> Params {
        let mut entries = self.entries.clone();
        entries.insert(name.into(), value);
        Params { entries }
    }

    /// Checks the parameters of an action.
    pub(crate) fn check(action: &str, fields: &[Field], args: &Value) -> Result<Params, Failure> {
        Params::checked(action, fields, args, Nulls::LeftOut)
    }

    /// As `check`, but a null for a parameter whose type has it stays: a manifest sends it.
    pub(crate) fn check_with_nulls(action: &str, fields: &[Field], args: &Value) -> Result<Params, Failure> {
        Params::checked(action, fields, args, Nulls::Kept)
    }

    fn checked(action: &str, fields: &[Field], args: &Value, nulls: Nulls) -> Result<Params, Failure> {
        let empty = Object::new();
        let given = match args {
            Value::Object(entries) => &**entries,
            Value::Null => &empty,
            other => return Err(wrong_type(&format!("the parameters of `{action}`"), "object", other)),
        };
        let entries = object(&format!("`{action}`"), "", fields, given, nulls)?;
        Ok(Params { entries })
    }

    /// A parameter, if it is given.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.entries.get(name)
    }

    /// A text that must not be a secret, if it is given.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Hole(_)) => Err(no_secret(name)),
            Some(other) => Err(wrong_type(&format!("`{name}`"), "string", other)),
        }
    }

    /// A text that is always given.
    pub(crate) fn required_text(&self, name: &str) -> Result<&str, Failure> {
        self.text(name)?.ok_or_else(|| missing("the action", name))
    }

    /// A whole number that is not negative, if it is given.
    pub(crate) fn count(&self, name: &str) -> Option<usize> {
        match self.get(name) {
            Some(Value::Int(number)) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A length of time, if it is given.
    pub(crate) fn duration(&self, name: &str) -> Option<SignedDuration> {
        match self.get(name) {
            Some(Value::Duration(length)) => Some(*length),
            _ => None,
        }
    }

    /// The fields of an object, if it is given.
    pub(crate) fn object(&self, name: &str) -> Option<Params> {
        match self.get(name) {
            Some(Value::Object(entries)) => Some(Params { entries: (**entries).clone() }),
            _ => None,
        }
    }

    /// All entries, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(name, value)| (&**name, value))
    }
}

/// What is said where a secret may not stand.
pub(crate) fn no_secret(name: &str) -> Failure {
    Failure::new(FailureKind::Refused, format!("a secret cannot stand in `{name}`"))
}

/// What becomes of a null that a type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nulls {
    /// It stays.
    Kept,
    /// It counts as not given.
    LeftOut,
}

fn object(
    owner: &str,
    path: &str,
    fields: &[Field],
    given: &Object,
    nulls: Nulls,
) -> Result<Object, Failure> {
    if let Some(unknown) = given.keys().find(|name| fields.iter().all(|field| field.name != ***name)) {
        let near = nearest(unknown, fields.iter().map(|field| field.name.as_str()));
        let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let message = format!("{owner} has no parameter `{path}{unknown}`{hint}");
        return Err(Failure::new(FailureKind::Invalid, message));
    }
    let mut entries = Object::new();
    for field in fields {
        let name = format!("{path}{}", field.name);
        let value = match given.get(field.name.as_str()) {
            Some(Value::Null) if nulls == Nulls::Kept && field.ty.takes_null() => Value::Null,
            None | Some(Value::Null) => match &field.default {
                Some(default) => default.clone(),
                None if field.optional || matches!(field.ty, Type::Nullable(_)) => continue,
                None => return Err(missing(owner, &name)),
            },
            Some(value) => checked(owner, &name, &field.ty, value, nulls)?,
        };
        bounds(&name, field, &value)?;
        entries.insert(Arc::from(field.name.as_str()), value);
    }
    Ok(entries)
}

/// The value as its type wants it: texts become durations and times, whole numbers integers. Where a text is
/// wanted, what has one form as text is rendered as it would be within a longer text.
fn checked(owner: &str, name: &str, ty: &Type, value: &Value, nulls: Nulls) -> Result<Value, Failure> {
    let wrong = || wrong_type(&format!("`{name}`"), &ty.to_string(), value);
    match (ty, value) {
        (Type::Any, _)
        | (Type::Null, Value::Null)
        | (Type::Boolean, Value::Bool(_))
        | (Type::Integer, Value::Int(_))
        | (Type::Number, Value::Int(_) | Value::Number(_))
        | (Type::String, Value::Text(_) | Value::Hole(_))
        | (Type::Time, Value::Time(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::Bytes, Value::File(_) | Value::Text(_) | Value::Object(_) | Value::Hole(_))
        | (Type::AnyObject, Value::Object(_)) => Ok(value.clone()),
        (Type::Integer, Value::Number(number)) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Ok(Value::Int(*number as i64))
        }
        (
            Type::String,
            Value::Bool(_) | Value::Int(_) | Value::Number(_) | Value::Time(_) | Value::Duration(_),
        ) => Ok(Value::text(value.to_string())),
        (Type::Time, Value::Text(text)) => text.parse().map(Value::Time).map_err(|_| wrong()),
        (Type::Duration, Value::Text(text)) => {
            dsl::duration::parse(text).map(Value::Duration).ok_or_else(wrong)
        }
        (Type::Object(fields), Value::Object(given)) => {
            object(owner, &format!("{name}."), fields, given, nulls)
                .map(|entries| Value::Object(Arc::new(entries)))
        }
        (Type::List(item), Value::List(items)) => {
            let item = |(at, value)| checked(owner, &format!("{name}[{at}]"), item, value, nulls);
            items.iter().enumerate().map(item).collect::<Result<Vec<_>, _>>().map(Value::list)
        }
        (Type::Enum(texts), Value::Text(text)) => {
            if texts.iter().any(|known| **known == **text) {
                return Ok(value.clone());
            }
            let message = format!("`{name}` is `{}`, not one of `{}`", short(text), texts.join("`, `"));
            Err(Failure::new(FailureKind::Invalid, message))
        }
        (Type::Nullable(_), Value::Null) => Ok(Value::Null),
        (Type::Nullable(inner), _) => checked(owner, name, inner, value, nulls),
        (Type::Union(arms), _) => {
            // An arm that takes the value as it is comes before one that would change it.
            let taken = || arms.iter().filter_map(|arm| checked(owner, name, arm, value, nulls).ok());
            let as_it_is = taken().find(|taken| taken.type_name() == value.type_name());
            as_it_is.or_else(|| taken().next()).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

fn bounds(name: &str, field: &Field, value: &Value) -> Result<(), Failure> {
    let (size, what) = match value {
        Value::Int(number) => (*number as f64, ""),
        Value::Number(number) => (*number, ""),
        Value::Text(text) => (text.chars().count() as f64, " characters"),
        Value::List(items) => (items.len() as f64, " items"),
        _ => return Ok(()),
    };
    let invalid = |message| Err(Failure::new(FailureKind::Invalid, message));
    match (field.min, field.max) {
        (Some(min), _) if size < min => invalid(format!("`{name}` has to be at least {min}{what}")),
        (_, Some(max)) if size > max => invalid(format!("`{name}` has to be at most {max}{what}")),
        _ => Ok(()),
    }
}

fn missing(owner: &str, name: &str) -> Failure {
    Failure::new(FailureKind::Type, format!("{owner} needs the parameter `{name}`"))
}

/// What is said of a value that does not fit. It names types, never the value.
pub(crate) fn wrong_type(what: &str, wanted: &str, value: &Value) -> Failure {
    let message = format!("{what} has to be of type `{wanted}`, not `{}`", value.type_name());
    Failure::new(FailureKind::Type, message)
}

/// The beginning of a text, for messages.
pub(crate) fn short(text: &str) -> String {
    short_of(text, 80)
}

/// So many letters of the beginning of a text, for messages.
pub(crate) fn short_of(text: &str, most: usize) -> String {
    let letters = text.chars().take(most);
    let mut out: String = letters.map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Vec<Field> {
        let inner = Type::Object(vec![Field::required("b", Type::Integer, "")]);
        vec![
            Field::required("path", Type::String, ""),
            Field { min: Some(1.0), max: Some(5.0), ..Field::optional("count", Type::Integer, "") },
            Field::optional("wait", Type::Duration, ""),
            Field::optional("a", inner, ""),
            Field::optional("kind", Type::Enum(vec!["x".into(), "y".into()]), ""),
            Field { default: Some(Value::Bool(true)), ..Field::optional("flag", Type::Boolean, "") },
            Field::optional("list", Type::List(Box::new(Type::Integer)), ""),
        ]
    }

    fn check(entries: &[(&'static str, Value)]) -> Result<Params, String> {
        let args = Value::object(entries.iter().cloned());
        Params::check("t.act", &fields(), &args).map_err(|failure| failure.to_string())
    }

    #[test]
    fn what_fits_is_taken_over_with_defaults() {
        let path = ("path", Value::text("p"));
        let params =
            check(&[path, ("count", Value::Number(2.0)), ("wait", "1m".into()), ("kind", Value::Null)])
                .unwrap();
        assert_eq!(params.count("count"), Some(2));
        assert_eq!(params.duration("wait"), Some(SignedDuration::from_secs(60)));
        assert!(params.get("kind").is_none() && params.get("a").is_none());
        assert_eq!(params.get("flag"), Some(&Value::Bool(true)));
    }

    #[test]
    fn where_a_text_is_wanted_a_number_is_rendered() {
        let texts = |value| check(&[("path", value)]).unwrap().text("path").unwrap().map(str::to_owned);
        assert_eq!(texts(Value::Int(200)).as_deref(), Some("200"));
        assert_eq!(texts(Value::Bool(true)).as_deref(), Some("true"));
        assert_eq!(texts(Value::Duration(SignedDuration::from_mins(90))).as_deref(), Some("1h30m"));
        let list = check(&[("path", Value::list(vec![]))]).unwrap_err();
        assert_eq!(list, "`path` has to be of type `string`, not `list` (type)");
        let either = Type::Union(vec![Type::String, Type::Integer]);
        assert!(matches!(checked("t.act", "x", &either, &Value::Int(1), Nulls::LeftOut), Ok(Value::Int(1))));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let path = ("path", Value::text("p"));
        let wrong = |name, value| check(&[path.clone(), (name, value)]).unwrap_err();
        assert_eq!(check(&[]).unwrap_err(), "`t.act` needs the parameter `path` (type)");
        assert_eq!(
            wrong("cuont", Value::Int(1)),
            "`t.act` has no parameter `cuont`; did you mean `count`? (invalid)"
        );
        assert_eq!(
            wrong("count", Value::text("1")),
            "`count` has to be of type `integer`, not `string` (type)"
        );
        assert_eq!(wrong("count", Value::Int(6)), "`count` has to be at most 5 (invalid)");
        assert_eq!(wrong("count", Value::Int(0)), "`count` has to be at least 1 (invalid)");
        assert_eq!(
            wrong("wait", Value::text("soon")),
            "`wait` has to be of type `duration`, not `string` (type)"
        );
        assert_eq!(wrong("kind", Value::text("z")), "`kind` is `z`, not one of `x`, `y` (invalid)");
        let inner = Value::object([("b", Value::text("x"))]);
        assert_eq!(wrong("a", inner), "`a.b` has to be of type `integer`, not `string` (type)");
        let list = Value::list(vec![Value::Int(1), Value::Null]);
        assert_eq!(wrong("list", list), "`list[1]` has to be of type `integer`, not `null` (type)");
    }

    #[test]
    fn a_secret_is_no_text_where_text_is_read() {
        let hole = Value::Hole(Arc::new(dsl::value::Hole::Name("X".into())));
        let params = check(&[("path", hole)]).unwrap();
        assert_eq!(params.text("path").unwrap_err().kind, FailureKind::Refused);
    }
}
