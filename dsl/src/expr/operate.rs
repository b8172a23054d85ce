//! What the operators do with two values. A message says what is the case; the caller adds where.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use crate::expr::ast::Operator;
use crate::expr::fault::named;
use crate::value::{Hole, Object, Value};

/// `-x`
pub fn negate(value: &Value) -> Result<Value, String> {
    match value {
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or_else(beyond),
        Value::Number(number) => Ok(Value::Number(-*number)),
        Value::Duration(length) => length.checked_neg().map(Value::Duration).ok_or_else(beyond),
        other => Err(format!("`-` wants a number, found {}", named(other))),
    }
}

/// `a + b`
pub fn add(left: Cow<'_, Value>, right: &Value) -> Result<Value, String> {
    // What is a sum itself grows in its place.
    let left = match left {
        Cow::Owned(Value::List(mut items)) => {
            let Value::List(more) = right else {
                return Err(unadded(&Value::List(items), right));
            };
            Arc::make_mut(&mut items).extend(more.iter().cloned());
            return Ok(Value::List(items));
        }
        other => other,
    };
    match (&*left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int).ok_or_else(beyond),
        (Value::Text(a), Value::Text(b)) => {
            let mut text = String::with_capacity(a.len() + b.len());
            text.push_str(a);
            text.push_str(b);
            Ok(Value::text(text))
        }
        (Value::List(a), Value::List(b)) => {
            let mut items = Vec::with_capacity(a.len() + b.len());
            items.extend(a.iter().chain(b.iter()).cloned());
            Ok(Value::list(items))
        }
        (Value::Time(time), Value::Duration(length)) | (Value::Duration(length), Value::Time(time)) => {
            time.checked_add(*length).map(Value::Time).map_err(|_| beyond())
        }
        (Value::Duration(a), Value::Duration(b)) => a.checked_add(*b).map(Value::Duration).ok_or_else(beyond),
        (a @ (Value::Hole(_) | Value::Text(_)), b @ (Value::Hole(_) | Value::Text(_))) => {
            Ok(join(vec![a.clone(), b.clone()]))
        }
        (a, b) => match (number(a), number(b)) {
            (Some(a), Some(b)) => finite(a + b),
            _ => Err(unadded(a, b)),
        },
    }
}

/// Texts and secrets put together: a secret that carries what it is made of.
pub fn join(parts: Vec<Value>) -> Value {
    let mut holes = vec![];
    for part in parts {
        match part {
            Value::Hole(hole) => match &*hole {
                Hole::Join(inner) => holes.extend(inner.iter().cloned()),
                other => holes.push(other.clone()),
            },
            Value::Text(text) if text.is_empty() => {}
            other => holes.push(Hole::Plain(other.to_string())),
        }
    }
    let mut merged: Vec<Hole> = vec![];
    for hole in holes {
        match (merged.last_mut(), hole) {
            (Some(Hole::Plain(before)), Hole::Plain(text)) => before.push_str(&text),
            (_, hole) => merged.push(hole),
        }
    }
    match merged.len() {
        1 => Value::Hole(Arc::new(merged.remove(0))),
        _ => Value::Hole(Arc::new(Hole::Join(merged))),
    }
}

/// About how many bytes a sum has.
pub fn joined_length(left: &Value, right: &Value) -> usize {
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => a.len() + b.len(),
        (Value::List(a), Value::List(b)) => 64 * (a.len() + b.len()).min(super::eval::MAX_WEIGHT / 64),
        _ => 0,
    }
}

/// `a - b`
pub fn subtract(left: &Value, right: &Value) -> Result<Value, String> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_sub(*b).map(Value::Int).ok_or_else(beyond),
        (Value::Time(a), Value::Time(b)) => Ok(Value::Duration(a.duration_since(*b))),
        (Value::Time(time), Value::Duration(length)) => {
            time.checked_sub(*length).map(Value::Time).map_err(|_| beyond())
        }
        (Value::Duration(a), Value::Duration(b)) => a.checked_sub(*b).map(Value::Duration).ok_or_else(beyond),
        (a, b) => match (number(a), number(b)) {
            (Some(a), Some(b)) => finite(a - b),
            _ => Err(unfit("-", a, b, "subtracts numbers, times and durations")),
        },
    }
}

/// `a * b`, `a / b`, `a % b`
pub fn multiply(left: &Value, operator: Operator, right: &Value) -> Result<Value, String> {
    let zero = || Err("a division by zero".to_owned());
    match (left, operator, right) {
        (Value::Int(a), Operator::Multiply, Value::Int(b)) => {
            a.checked_mul(*b).map(Value::Int).ok_or_else(beyond)
        }
        (_, Operator::Divide | Operator::Remainder, Value::Int(0)) if number(left).is_some() => zero(),
        (Value::Int(a), Operator::Remainder, Value::Int(b)) => Ok(Value::Int(a.checked_rem(*b).unwrap_or(0))),
        (Value::Duration(length), Operator::Multiply, other)
        | (other, Operator::Multiply, Value::Duration(length))
            if number(other).is_some() =>
        {
            scaled(*length, number(other).unwrap_or(0.0))
        }
        (Value::Duration(length), Operator::Divide, other) if number(other).is_some() => {
            match number(other) {
                Some(0.0) | None => zero(),
                Some(by) => scaled(*length, 1.0 / by),
            }
        }
        (Value::Duration(a), Operator::Divide, Value::Duration(b)) => {
            if b.is_zero() {
                zero()
            } else {
                finite(a.as_secs_f64() / b.as_secs_f64())
            }
        }
        (a, operator, b) => match (number(a), number(b)) {
            (Some(_), Some(0.0)) if operator != Operator::Multiply => zero(),
            (Some(a), Some(b)) => finite(match operator {
                Operator::Multiply => a * b,
                Operator::Divide => a / b,
                _ => a % b,
            }),
            _ => Err(unfit(operator.sign(), a, b, "wants two numbers")),
        },
    }
}

/// How two values stand to each other: numbers, texts, times, durations.
pub fn ordered(left: &Value, right: &Value) -> Result<Ordering, String> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Ok(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Ok(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Ok(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Ok(a.cmp(b)),
        (Value::Int(a), Value::Number(b)) => Ok(exact(*a, *b)),
        (Value::Number(a), Value::Int(b)) => Ok(exact(*b, *a).reverse()),
        (Value::Number(a), Value::Number(b)) => Ok(a.partial_cmp(b).unwrap_or(Ordering::Equal)),
        (a, b) => {
            let (a, b) = (named(a), named(b));
            Err(match a == b {
                true => format!("{a} has no order: numbers, texts, times and durations have one"),
                false => format!(
                    "{a} and {b} cannot be compared: numbers, texts, times and durations have an order, each among \
                     themselves"
                ),
            })
        }
    }
}

/// Compares exactly, also where a float cannot hold the integer.
fn exact(int: i64, number: f64) -> Ordering {
    if number >= 9.3e18 {
        return Ordering::Less;
    }
    if number <= -9.3e18 {
        return Ordering::Greater;
    }
    let whole = number.trunc();
    i128::from(int)
        .cmp(&(whole as i128))
        .then_with(|| 0.0.partial_cmp(&(number - whole)).unwrap_or(Ordering::Equal))
}

/// A field of an object; nothing if it has none of this name.
pub fn field<'v>(value: &'v Value, name: &str) -> Result<Option<Cow<'v, Value>>, String> {
    match value {
        Value::Object(entries) => Ok(entry(entries, name).map(Cow::Borrowed)),
        Value::List(_) => {
            Err(format!("a list has no fields (take one item by `[0]`, or all by `| map(x => x.{name})`)"))
        }
        Value::File(file) => Ok(file.field(name).map(Cow::Owned)),
        other => Err(format!("{} has no field `{name}`", named(other))),
    }
}

/// An entry by its key. Most objects are small: to compare a few keys takes less time than to hash one.
fn entry<'v>(entries: &'v Object, key: &str) -> Option<&'v Value> {
    const SMALL: usize = 8;
    match entries.len() <= SMALL {
        true => entries.iter().find(|(known, _)| ***known == *key).map(|(_, value)| value),
        false => entries.get(key),
    }
}

/// An item of a list or of an object; nothing if there is none.
pub fn index<'v>(value: &'v Value, index: &Value) -> Result<Option<&'v Value>, String> {
    match (value, index) {
        (Value::List(items), Value::Int(at)) => {
            let at = if *at < 0 { at.checked_add(items.len() as i64) } else { Some(*at) };
            Ok(at.and_then(|at| usize::try_from(at).ok()).and_then(|at| items.get(at)))
        }
        (Value::Object(entries), Value::Text(key)) => Ok(entry(entries, key)),
        (Value::List(_), other) => {
            Err(format!("an item of a list is found by an integer, not by {}", named(other)))
        }
        (Value::Object(_), other) => {
            Err(format!("an entry of an object is found by a text, not by {}", named(other)))
        }
        (Value::Text(_), _) => Err("a text has no items (take a part by `| slice(0, 1)`)".into()),
        (other, _) => Err(format!("{} has no items", named(other))),
    }
}

/// Says that a field or an item is not there.
pub fn missing(value: &Value, name: Option<&str>) -> String {
    match (value, name) {
        (Value::Object(entries), Some(name)) => {
            let near = crate::diagnostic::nearest(name, entries.keys().map(|key| &**key));
            let near = near.map(|near| format!(", but a `{near}`")).unwrap_or_default();
            format!("there is no field `{name}`{near}")
        }
        (Value::Object(_), None) => "there is no such key".into(),
        (Value::List(items), _) => format!("there is no such item (the list has {})", items.len()),
        (Value::Null, _) => "null has no fields".into(),
        _ => "there is no such field".into(),
    }
}

/// A number as a float, whichever kind it is.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

/// A number, unless it is beyond what a float can hold.
pub fn finite(number: f64) -> Result<Value, String> {
    if number.is_finite() { Ok(Value::Number(number)) } else { Err(beyond()) }
}

fn scaled(length: jiff::SignedDuration, by: f64) -> Result<Value, String> {
    let seconds = length.as_secs_f64() * by;
    jiff::SignedDuration::try_from_secs_f64(seconds).map(Value::Duration).map_err(|_| beyond())
}

fn beyond() -> String {
    "the result is too large a number".into()
}

fn unadded(left: &Value, right: &Value) -> String {
    unfit("+", left, right, "adds numbers, texts, lists, or a time and a duration")
}

fn unfit(sign: &str, left: &Value, right: &Value, does: &str) -> String {
    let hint = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => " (give a value for null by `??`, in parentheses)",
        (Value::Text(_), Value::Int(_) | Value::Number(_))
        | (Value::Int(_) | Value::Number(_), Value::Text(_)) => {
            " (nothing is converted silently: `number(x)`, `json(x)`)"
        }
        _ => "",
    };
    format!("`{sign}` {does}, found {} and {}{hint}", named(left), named(right))
}
