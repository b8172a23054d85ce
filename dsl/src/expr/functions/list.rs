//! Functions over lists, one item each or the list as a whole. Those that sum up are in `fold.rs`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::key::Key;
use super::shape::{ANY, BOOLEANS, COUNTED, Given, INTEGERS, LISTS, SEARCHED, SLICED, SORTED, Shape, Wants};
use super::{Function, lambda, optional, optional_lambda, value, values};
use crate::expr::Halt;
use crate::expr::call::Call;
use crate::expr::fault::named;
use crate::expr::operate;
use crate::types::{Field, Type};
use crate::value::Value;

const SORTABLE: Wants = &[Shape::List(SORTED)];

pub const LIST: &[Function] = &[
    Function {
        name: "chunk",
        parameters: &[value("list", LISTS), value("size", INTEGERS)],
        gives: |given| Type::list(Type::list(given.item(0))),
        about: "The list in pieces of so many items.",
        example: "chunk([1, 2, 3], 2) => [[1, 2], [3]]",
        body: |call| {
            let (items, size) = (call.list(0)?, call.size(1)?);
            if size == 0 {
                return Err(call.fail("a piece has at least one item"));
            }
            Ok(Value::list(items.chunks(size).map(|piece| Value::list(piece.to_vec())).collect()))
        },
    },
    Function {
        name: "compact",
        parameters: &[value("list", LISTS)],
        gives: |given| Type::list(given.item(0).without_null().into_owned()),
        about: "The items that are not null.",
        example: "compact([1, null, 2]) => [1, 2]",
        body: |call| {
            let items = call.list(0)?;
            Ok(Value::list(items.iter().filter(|item| !item.is_null()).cloned().collect()))
        },
    },
    Function {
        name: "contains",
        parameters: &[value("whole", SEARCHED), value("part", ANY)],
        gives: |_| Type::Boolean,
        about: "True if a list has an item, an object a key, a text a part.",
        example: "contains(['a', 'b'], 'b') => true",
        body: |call| {
            let (whole, part) = (call.any(0), call.any(1));
            let found = call.machine.contains(&whole, &part).map_err(|fault| call.faulted(fault))?;
            Ok(Value::Bool(found))
        },
    },
    Function {
        name: "filter",
        parameters: &[value("list", LISTS), lambda("item", BOOLEANS)],
        gives: |given| Type::list(given.item(0)),
        about: "The items for which the lambda is true.",
        example: "[1, 2, 3] | filter(x => x > 1) => [2, 3]",
        body: |call| {
            let items = call.list(0)?;
            let mut kept = vec![];
            for (at, item) in items.iter().enumerate() {
                if call.asks(1, item, at)? {
                    kept.push(item.clone());
                }
            }
            Ok(Value::list(kept))
        },
    },
    Function {
        name: "find",
        parameters: &[value("list", LISTS), lambda("item", BOOLEANS)],
        gives: |given| if given.has(1) { given.item(0).or_null() } else { given.unless_empty(given.item(0)) },
        about: "The first item for which the lambda is true; null if there is none.",
        example: "[1, 2, 3] | find(x => x > 1) => 2",
        body: |call| seek(call, false),
    },
    Function {
        name: "first",
        parameters: &[value("list", LISTS), optional_lambda("item", BOOLEANS)],
        gives: |given| if given.has(1) { given.item(0).or_null() } else { given.unless_empty(given.item(0)) },
        about: "The first item, or the first for which the lambda is true; null if there is none.",
        example: "first([1, 2]) => 1",
        body: |call| seek(call, false),
    },
    Function {
        name: "flatten",
        parameters: &[value("list", LISTS)],
        gives: |given| Type::list(flat(&given.item(0))),
        about: "The items of the lists in a list; an item that is no list stays.",
        example: "flatten([[1], [2, 3], 4]) => [1, 2, 3, 4]",
        body: |call| {
            let items = call.list(0)?;
            let mut flat = vec![];
            for item in items.iter() {
                match call.machine.loaded(item.clone())? {
                    Value::List(inner) => {
                        call.machine.spend(inner.len())?;
                        flat.extend(inner.iter().cloned());
                    }
                    other => flat.push(other),
                }
            }
            Ok(Value::list(flat))
        },
    },
    Function {
        name: "group_by",
        parameters: &[value("list", LISTS), lambda("item", ANY)],
        gives: |given| {
            // No group is empty.
            let items = Field { min: Some(1.0), ..Field::required("items", Type::list(given.item(0)), "") };
            Type::list(Type::Object(vec![Field::required("key", given.at(1), ""), items]))
        },
        about: "The items in groups `{ key, items }` by what the lambda gives, in order of first appearance.",
        example: "group_by([1, 2, 3], x => x % 2) => [{ key: 1, items: [1, 3] }, { key: 0, items: [2] }]",
        body: group_by,
    },
    Function {
        name: "index_of",
        parameters: &[value("whole", SLICED), value("part", ANY)],
        gives: |_| Type::Integer.or_null(),
        about: "The place of an item in a list, or of a part in a text, from 0; null if it is not there.",
        example: "index_of(['a', 'b'], 'b') => 1",
        body: index_of,
    },
    Function {
        name: "last",
        parameters: &[value("list", LISTS), optional_lambda("item", BOOLEANS)],
        gives: |given| if given.has(1) { given.item(0).or_null() } else { given.unless_empty(given.item(0)) },
        about: "The last item, or the last for which the lambda is true; null if there is none.",
        example: "last([1, 2, 3], x => x < 3) => 2",
        body: |call| seek(call, true),
    },
    Function {
        name: "len",
        parameters: &[value("of", COUNTED)],
        gives: |_| Type::Integer,
        about: "How many characters a text has, items a list, keys an object, bytes a file.",
        example: "len('añb') => 3",
        body: |call| {
            let count = match call.any(0) {
                Value::Text(_) => call.text(0)?.chars().count(),
                Value::List(items) => items.len(),
                Value::Object(entries) => entries.len(),
                Value::File(file) => usize::try_from(file.size()).unwrap_or(usize::MAX),
                _ => return Err(call.wrong(0, "a text, a list, an object or a file")),
            };
            Ok(integer(count))
        },
    },
    Function {
        name: "map",
        parameters: &[value("list", LISTS), lambda("item", ANY)],
        gives: |given| Type::list(given.at(1)),
        about: "What the lambda makes of each item; it may take the item's index too.",
        example: "[1, 2] | map((x, i) => x * 10 + i) => [10, 21]",
        body: |call| {
            let items = call.list(0)?;
            let mut made = Vec::with_capacity(items.len());
            for (at, item) in items.iter().enumerate() {
                made.push(call.apply(1, item, at)?);
            }
            Ok(Value::list(made))
        },
    },
    Function {
        name: "range",
        parameters: &[value("from", INTEGERS), optional("to", INTEGERS), optional("step", INTEGERS)],
        gives: |_| Type::list(Type::Integer),
        about: "The integers from one up to another, which is left out; from 0 where only one is given.",
        example: "range(1, 6, 2) + range(2) => [1, 3, 5, 0, 1]",
        body: range,
    },
    Function {
        name: "reverse",
        parameters: &[value("list", SLICED)],
        gives: |given| sliced(given),
        about: "The items of a list, or the characters of a text, last first.",
        example: "reverse([1, 2]) => [2, 1]",
        body: |call| match call.any(0) {
            Value::Text(_) => Ok(Value::text(call.text(0)?.chars().rev().collect::<String>())),
            _ => Ok(Value::list(call.list(0)?.iter().rev().cloned().collect())),
        },
    },
    Function {
        name: "slice",
        parameters: &[value("of", SLICED), value("from", INTEGERS), optional("to", INTEGERS)],
        gives: |given| sliced(given),
        about: "The items of a list, or the characters of a text, from one place up to another, which is left out; \
                negative places count from the end.",
        example: "slice('abcde', 1, -1) => 'bcd'",
        body: slice,
    },
    Function {
        name: "sort",
        parameters: &[value("list", SORTABLE)],
        gives: |given| Type::list(given.item(0)),
        about: "The items in order: null first, equal ones as they stood.",
        example: "sort([2, null, 1]) => [null, 1, 2]",
        body: |call| {
            let items = call.list(0)?;
            let keyed = items.iter().map(|item| (item.clone(), item.clone())).collect();
            sorted(call, keyed)
        },
    },
    Function {
        name: "sort_by",
        parameters: &[value("list", LISTS), lambda("item", SORTED)],
        gives: |given| Type::list(given.item(0)),
        about: "The items in the order of what the lambda gives: null first, equal ones as they stood.",
        example: "sort_by([1, 3, 2], x => -x) => [3, 2, 1]",
        body: |call| {
            let items = call.list(0)?;
            let mut keyed = Vec::with_capacity(items.len());
            for (at, item) in items.iter().enumerate() {
                keyed.push((call.apply(1, item, at)?, item.clone()));
            }
            sorted(call, keyed)
        },
    },
    Function {
        name: "unique",
        parameters: &[value("list", LISTS), optional_lambda("item", ANY)],
        gives: |given| Type::list(given.item(0)),
        about: "The items without those that were there before, compared whole or by what the lambda gives.",
        example: "unique([1, 2, 1.0]) => [1, 2]",
        body: |call| {
            let items = call.list(0)?;
            let mut seen = std::collections::BTreeSet::new();
            let mut kept = vec![];
            for (at, item) in items.iter().enumerate() {
                let by = if call.has(1) { call.apply(1, item, at)? } else { item.clone() };
                if seen.insert(Key::of(call.machine, &by)?) {
                    kept.push(item.clone());
                }
            }
            Ok(Value::list(kept))
        },
    },
    Function {
        name: "zip",
        parameters: &[value("list", LISTS), value("other", LISTS), values("more", LISTS)],
        gives: |given| Type::list(Type::list(side_by_side(given))),
        about: "Lists side by side: a list of the first items, of the second ones, as far as the shortest goes.",
        example: "zip(['a', 'b'], [1, 2, 3]) => [['a', 1], ['b', 2]]",
        body: |call| {
            let lists: Vec<Arc<Vec<Value>>> =
                (0..call.count()).map(|at| call.list(at)).collect::<Result<_, _>>()?;
            let shortest = lists.iter().map(|list| list.len()).min().unwrap_or(0);
            let row = |at: usize| Value::list(lists.iter().map(|list| list[at].clone()).collect());
            Ok(Value::list((0..shortest).map(row).collect()))
        },
    },
];

/// The type of the items of a list of lists.
fn flat(item: &Type) -> Type {
    let inner = item.arms().into_iter().map(|arm| match arm {
        Type::List(inner) => (**inner).clone(),
        other => other.clone(),
    });
    inner.fold(Type::NEVER, Type::or)
}

/// The type of a part of a text or a list.
fn sliced(given: &Given<'_>) -> Type {
    match given.at(0) {
        Type::Enum(_) => Type::String,
        whole => whole,
    }
}

/// The type of what stands in a row.
fn side_by_side(given: &Given<'_>) -> Type {
    (0..given.types.len()).map(|at| given.item(at)).fold(Type::NEVER, Type::beside)
}

/// A count as a value.
pub(super) fn integer(count: usize) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

fn seek(call: &mut Call<'_, '_>, from_end: bool) -> Result<Value, Halt> {
    let items = call.list(0)?;
    for step in 0..items.len() {
        let at = if from_end { items.len() - 1 - step } else { step };
        if !call.has(1) || call.asks(1, &items[at], at)? {
            return Ok(items[at].clone());
        }
    }
    Ok(Value::Null)
}

fn group_by(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let items = call.list(0)?;
    let mut places: BTreeMap<Key, usize> = BTreeMap::new();
    let mut groups: Vec<(Value, Vec<Value>)> = vec![];
    for (at, item) in items.iter().enumerate() {
        let by = call.apply(1, item, at)?;
        let place = *places.entry(Key::of(call.machine, &by)?).or_insert(groups.len());
        if place == groups.len() {
            groups.push((by, vec![]));
        }
        groups[place].1.push(item.clone());
    }
    let group = |(key, items)| Value::object([("key", key), ("items", Value::list(items))]);
    Ok(Value::list(groups.into_iter().map(group).collect()))
}

fn index_of(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    if let Value::Text(_) = call.any(0) {
        let (whole, part) = (call.text(0)?, call.text(1)?);
        let place = whole.find(&*part).map(|at| whole[..at].chars().count());
        return Ok(place.map_or(Value::Null, integer));
    }
    let (items, wanted) = (call.list(0)?, call.any(1));
    for (at, item) in items.iter().enumerate() {
        if call.machine.equal(item, &wanted)? {
            return Ok(integer(at));
        }
    }
    Ok(Value::Null)
}

fn range(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let (from, to) = if call.has(1) { (call.int(0)?, call.int(1)?) } else { (0, call.int(0)?) };
    let step = if call.has(2) { call.int(2)? } else { 1 };
    if step == 0 {
        return Err(call.fail("a step of 0 never arrives"));
    }
    let mut items = vec![];
    let mut at = from;
    while (step > 0 && at < to) || (step < 0 && at > to) {
        call.machine.spend(1)?;
        items.push(Value::Int(at));
        match at.checked_add(step) {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(Value::list(items))
}

fn slice(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let is_text = matches!(call.any(0), Value::Text(_));
    let (text, items) = if is_text { (call.text(0)?, Arc::default()) } else { ("".into(), call.list(0)?) };
    let count = if is_text { text.chars().count() } else { items.len() };
    let (from, to) = (call.int(1)?, if call.has(2) { call.int(2)? } else { i64::MAX });
    let place = |at: i64| {
        let length = i64::try_from(count).unwrap_or(i64::MAX);
        let at = if at < 0 { at.saturating_add(length) } else { at };
        usize::try_from(at.clamp(0, length)).unwrap_or(0)
    };
    let (from, to) = (place(from), place(to));
    let length = to.saturating_sub(from);
    Ok(match is_text {
        true => Value::text(text.chars().skip(from).take(length).collect::<String>()),
        false => Value::list(items.iter().skip(from).take(length).cloned().collect()),
    })
}

/// Sorts pairs of a key and an item by their keys.
fn sorted(call: &mut Call<'_, '_>, mut keyed: Vec<(Value, Value)>) -> Result<Value, Halt> {
    for (key, _) in &mut keyed {
        if let Value::Big(_) = key {
            *key = call.machine.loaded(key.clone())?;
        }
    }
    call.machine.spend(keyed.len().saturating_mul(keyed.len().max(2).ilog2() as usize))?;
    // All keys are of one kind, so that any two can be compared.
    let mut some = keyed.iter().map(|(key, _)| key).filter(|key| !key.is_null());
    if let Some(first) = some.next() {
        for other in std::iter::once(first).chain(some) {
            operate::ordered(first, other)
                .map_err(|_| call.fail(format!("{} and {} have no order", named(first), named(other))))?;
        }
    }
    keyed.sort_by(|(a, _), (b, _)| match (a.is_null(), b.is_null()) {
        (false, false) => operate::ordered(a, b).unwrap_or(Ordering::Equal),
        (a, b) => b.cmp(&a),
    });
    Ok(Value::list(keyed.into_iter().map(|(_, item)| item).collect()))
}
