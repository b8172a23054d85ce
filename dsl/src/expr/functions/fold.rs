//! Functions that make one value of a list.

use super::list::integer;
use super::shape::{BOOLEANS, Given, LISTS, ORDERED, SUMMABLE};
use super::{Function, optional_lambda, or_items, value};
use crate::expr::Halt;
use crate::expr::ast::Operator;
use crate::expr::call::Call;
use crate::expr::fault::named;
use crate::expr::operate;
use crate::types::Type;
use crate::value::Value;
use std::borrow::Cow;

pub const FOLD: &[Function] = &[
    Function {
        name: "all",
        parameters: &[value("list", LISTS), or_items("item", BOOLEANS)],
        gives: |_| Type::Boolean,
        about: "True if all items are true, or the lambda is true for all; true for an empty list.",
        example: "all([1, 2], x => x > 0) => true",
        body: |call| Ok(Value::Bool(count(call, Some(false))? == 0)),
    },
    Function {
        name: "any",
        parameters: &[value("list", LISTS), or_items("item", BOOLEANS)],
        gives: |_| Type::Boolean,
        about: "True if one item is true, or the lambda is true for one.",
        example: "any([1, 2], x => x > 1) => true",
        body: |call| Ok(Value::Bool(count(call, Some(true))? > 0)),
    },
    Function {
        name: "avg",
        parameters: &[value("list", LISTS), or_items("item", SUMMABLE)],
        gives: |given| given.unless_empty(mean(&each(given))),
        about: "The mean of the items, or of what the lambda gives; null for an empty list.",
        example: "avg([1, 2]) => 1.5",
        body: |call| {
            let items = given(call)?;
            if items.is_empty() {
                return Ok(Value::Null);
            }
            let count = integer(items.len());
            let total = sum(call, items)?;
            operate::multiply(&total, Operator::Divide, &count).map_err(|message| call.fail(message))
        },
    },
    Function {
        name: "count",
        parameters: &[value("list", LISTS), optional_lambda("item", BOOLEANS)],
        gives: |_| Type::Integer,
        about: "How many items there are, or for how many the lambda is true.",
        example: "count([1, 2, 3], x => x > 1) => 2",
        body: |call| match call.has(1) {
            true => Ok(integer(count(call, None)?)),
            false => Ok(integer(call.list(0)?.len())),
        },
    },
    Function {
        name: "max",
        parameters: &[value("list", LISTS), or_items("item", ORDERED)],
        gives: |given| given.unless_empty(each(given)),
        about: "The largest item, or the largest value that the lambda gives; null for an empty list.",
        example: "max([{ n: 1 }, { n: 3 }], x => x.n) => 3",
        body: |call| extreme(call, true),
    },
    Function {
        name: "min",
        parameters: &[value("list", LISTS), or_items("item", ORDERED)],
        gives: |given| given.unless_empty(each(given)),
        about: "The smallest item, or the smallest value that the lambda gives; null for an empty list.",
        example: "min([2, 1, 3]) => 1",
        body: |call| extreme(call, false),
    },
    Function {
        name: "sum",
        parameters: &[value("list", LISTS), or_items("item", SUMMABLE)],
        gives: |given| total(&each(given)),
        about: "The sum of the items, or of what the lambda gives: numbers or durations; 0 for an empty list.",
        example: "sum([{ n: 1 }, { n: 2 }], x => x.n) => 3",
        body: |call| {
            let items = given(call)?;
            sum(call, items)
        },
    },
];

/// The type of the items, or of what the lambda makes of them.
fn each(given: &Given<'_>) -> Type {
    if given.has(1) { given.at(1) } else { given.item(0) }
}

fn mean(item: &Type) -> Type {
    match item {
        Type::Integer | Type::Number => Type::Number,
        Type::Duration => Type::Duration,
        item if *item == Type::NEVER => Type::NEVER,
        _ => Type::Any,
    }
}

/// The sum of no durations is the integer 0, so that nothing is known of it.
fn total(item: &Type) -> Type {
    match item {
        Type::Integer | Type::Number => item.clone(),
        item if *item == Type::NEVER => Type::Integer,
        _ => Type::Any,
    }
}

/// The items, or what the lambda makes of them.
fn given(call: &mut Call<'_, '_>) -> Result<Vec<Value>, Halt> {
    let items = call.list(0)?;
    let mut made = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        made.push(if call.has(1) { call.apply(1, item, at)? } else { call.machine.loaded(item.clone())? });
    }
    Ok(made)
}

/// How many answers are true; with a wanted answer it ends at the first one and counts that.
fn count(call: &mut Call<'_, '_>, wanted: Option<bool>) -> Result<usize, Halt> {
    let items = call.list(0)?;
    let mut count = 0;
    for (at, item) in items.iter().enumerate() {
        let answer = match item {
            _ if call.has(1) => call.asks(1, item, at)?,
            Value::Bool(flag) => *flag,
            other => return Err(call.fail(format!("the items are true or false, found {}", named(other)))),
        };
        match wanted {
            Some(wanted) if wanted == answer => return Ok(1),
            Some(_) => {}
            None => count += usize::from(answer),
        }
    }
    Ok(count)
}

fn sum(call: &mut Call<'_, '_>, items: Vec<Value>) -> Result<Value, Halt> {
    let mut total = match items.first() {
        Some(Value::Duration(_)) => Value::Duration(jiff::SignedDuration::ZERO),
        _ => Value::Int(0),
    };
    for item in items {
        if !matches!(item, Value::Int(_) | Value::Number(_) | Value::Duration(_)) {
            let hint = match item {
                Value::Text(_) => " (a text becomes a number by `number(x)`)",
                Value::Null => " (leave null out by `compact`)",
                _ => "",
            };
            return Err(call.fail(format!("numbers or durations are wanted, found {}{hint}", named(&item))));
        }
        total = operate::add(Cow::Owned(total), &item).map_err(|message| call.fail(message))?;
    }
    Ok(total)
}

fn extreme(call: &mut Call<'_, '_>, largest: bool) -> Result<Value, Halt> {
    let mut items = given(call)?.into_iter();
    let Some(mut best) = items.next() else { return Ok(Value::Null) };
    // One item alone must have an order, too.
    operate::ordered(&best, &best).map_err(|message| call.fail(message))?;
    for item in items {
        let order = operate::ordered(&item, &best).map_err(|message| call.fail(message))?;
        if (largest && order.is_gt()) || (!largest && order.is_lt()) {
            best = item;
        }
    }
    Ok(best)
}
