//! Functions over numbers.

use super::shape::{INTEGERS, NUMBERS, Shape, Wants};
use super::{Function, optional, value};
use crate::expr::Halt;
use crate::expr::call::Call;
use crate::expr::fault::named;
use crate::expr::operate;
use crate::types::Type;
use crate::value::Value;

const ABSOLUTE: Wants = &[Shape::Number, Shape::Duration];
const READ_AS_NUMBER: Wants = &[Shape::String, Shape::Number];

pub const NUMBER: &[Function] = &[
    Function {
        name: "abs",
        parameters: &[value("number", ABSOLUTE)],
        gives: |given| given.at(0),
        about: "The number without its sign.",
        example: "abs(-2) => 2",
        body: |call| match call.any(0) {
            Value::Int(number) => {
                number.checked_abs().map(Value::Int).ok_or_else(|| call.fail("the number is too large"))
            }
            Value::Number(number) => Ok(Value::Number(number.abs())),
            Value::Duration(length) => Ok(Value::Duration(length.abs())),
            _ => Err(call.wrong(0, "a number")),
        },
    },
    Function {
        name: "ceil",
        parameters: &[value("number", NUMBERS)],
        gives: |_| Type::Integer,
        about: "The next integer up.",
        example: "ceil(1.2) => 2",
        body: |call| whole(call, f64::ceil),
    },
    Function {
        name: "floor",
        parameters: &[value("number", NUMBERS)],
        gives: |_| Type::Integer,
        about: "The next integer down.",
        example: "floor(-1.2) => -2",
        body: |call| whole(call, f64::floor),
    },
    Function {
        name: "int",
        parameters: &[value("value", READ_AS_NUMBER)],
        gives: |_| Type::Integer,
        about: "The integer that a text says, or a number without its fraction.",
        example: "int('42') + int(1.9) => 43",
        body: |call| match call.any(0) {
            Value::Text(text) => match text.trim().parse::<i64>() {
                Ok(number) => Ok(Value::Int(number)),
                Err(_) => Err(call.fail(format!("`{}` is no integer", short(&text)))),
            },
            _ => whole(call, f64::trunc),
        },
    },
    Function {
        name: "number",
        parameters: &[value("value", READ_AS_NUMBER)],
        gives: |given| if given.at(0) == Type::Integer { Type::Integer } else { Type::Number },
        about: "The number that a text says: an integer where it has no fraction.",
        example: "number(' 1.50 ') + number('2') => 3.5",
        body: |call| match call.any(0) {
            value @ (Value::Int(_) | Value::Number(_)) => Ok(value),
            Value::Text(text) => {
                read(&text).ok_or_else(|| call.fail(format!("`{}` is no number", short(&text))))
            }
            _ => Err(call.wrong(0, "a text")),
        },
    },
    Function {
        name: "round",
        parameters: &[value("number", NUMBERS), optional("digits", INTEGERS)],
        gives: |given| match given.at(0) {
            number if given.has(1) => number,
            _ => Type::Integer,
        },
        about: "The nearest integer, or the nearest number with so many digits behind the point; a half goes away \
                from zero.",
        example: "round(2.5) + round(1.005, 2) => 4.01",
        body: round,
    },
];

/// Reads a number in decimal or scientific notation.
fn read(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Some(Value::Int(number));
    }
    // The words that Rust reads as numbers (`inf`, `NaN`) are none here.
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    let number = text.parse::<f64>().ok().filter(|number| plain && number.is_finite())?;
    Some(Value::Number(number))
}

fn short(text: &str) -> String {
    if text.chars().count() > 40 { text.chars().take(40).chain(['…']).collect() } else { text.to_owned() }
}

fn whole(call: &mut Call<'_, '_>, to: fn(f64) -> f64) -> Result<Value, Halt> {
    match call.any(0) {
        Value::Int(number) => Ok(Value::Int(number)),
        Value::Number(number) => {
            integer(to(number)).ok_or_else(|| call.fail("the number is too large for an integer"))
        }
        other => Err(call.fail(format!("a number is wanted, found {}", named(&other)))),
    }
}

fn integer(number: f64) -> Option<Value> {
    // 2^63 is a float exactly; all below it fit.
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0)
        .contains(&number)
        .then_some(Value::Int(number as i64))
}

fn round(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    if !call.has(1) {
        return whole(call, f64::round);
    }
    let value = call.any(0);
    let digits = call.int(1)?;
    let Ok(digits @ 0..=15) = usize::try_from(digits) else {
        return Err(call.fail("0 to 15 digits are possible"));
    };
    match value {
        Value::Int(_) => Ok(value),
        Value::Number(number) => {
            operate::finite(round_decimal(number, digits)).map_err(|message| call.fail(message))
        }
        _ => Err(call.wrong(0, "a number")),
    }
}

/// Rounds the decimal notation, so that 1.005 gives 1.01 although its float lies a little below.
fn round_decimal(number: f64, digits: usize) -> f64 {
    let text = format!("{}", number.abs());
    let Some((whole, fraction)) = text.split_once('.') else { return number };
    if fraction.len() <= digits {
        return number;
    }
    let up = fraction.as_bytes()[digits] >= b'5';
    let mut kept: Vec<u8> = whole.bytes().chain(fraction.bytes().take(digits)).collect();
    if up {
        let mut at = kept.len();
        loop {
            match at.checked_sub(1) {
                None => {
                    kept.insert(0, b'1');
                    break;
                }
                Some(last) if kept[last] == b'9' => {
                    kept[last] = b'0';
                    at = last;
                }
                Some(last) => {
                    kept[last] += 1;
                    break;
                }
            }
        }
    }
    let point = kept.len() - digits;
    let mut rounded: String = kept.iter().map(|byte| char::from(*byte)).collect();
    rounded.insert(point, '.');
    let rounded = rounded.trim_end_matches('.').parse::<f64>().unwrap_or(number.abs());
    if rounded == 0.0 { 0.0 } else { rounded.copysign(number) }
}
