//! What follows a request that the table spells out: more requests, or one that is sent until its answer is what is waited for.

use serde_json::Value;

use super::params::Params;
use super::requests;
use super::services::{fits, over, parameter};
use super::weave::{Place, Res, Weave};
use crate::names;
use crate::ours::Ex;
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// The step whose answer counts in the end, and that answer.
pub fn followed(
    weave: &mut Weave,
    node: usize,
    place: &Place,
    params: &Params,
    row: &Value,
    first: (String, Ex),
) -> Res<(String, Ex)> {
    let (version, wish) = (weave.file.nodes[node].version, weave.file.nodes[node].name.clone());
    let (mut last, mut given) = first.clone();
    for next in row.get("then").and_then(Value::as_array).into_iter().flatten() {
        if !fits(next, params, version) {
            continue;
        }
        let next = put(next, &first.1);
        let here = Place { after: [last.clone()].into(), ..place.clone() };
        let body = requests::body(weave, node, &here, params, &next)?;
        last = weave.add(node, &here, &format!("{wish} then"), body);
        if next.get("gives").and_then(Value::as_str) == Some("last") {
            given = Ex::path(format!("steps.{last}.body"));
        }
    }
    let Some(until) = row.get("until") else { return Ok((last, given)) };
    let until = put(until, &first.1);
    let word = |key: &str| until.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let times = match parameter(weave, place, params, &word("times"))? {
        Some(Tree::Bare(number)) if number.parse::<u32>().is_ok_and(|number| number > 0) => number,
        _ => return Err(Why::new(Kind::Expression, "how often it asks is made")),
    };
    let here = Place { after: [last.clone()].into(), ..place.clone() };
    let look = requests::body(weave, node, &here, params, &until)?;
    let own = names::step(&format!("{wish} look"), &mut weave.taken);
    let pause = names::step(&format!("{wish} pause"), &mut weave.taken);
    // There as well it waits before it looks for the first time.
    let wait = Entry::map(&*pause, vec![Entry::bare("wait", word("every"))]);
    let mut looks = vec![Entry::new("after", Tree::List(vec![Tree::Text(pause)]))];
    looks.extend(look);
    let answer = Ex::path(format!("steps.{own}.body"));
    let body = vec![
        Entry::bare("repeat", times),
        Entry::text("until", over(&word("is"), &answer)),
        Entry::map("steps", vec![wait, Entry::map(&*own, looks)]),
        Entry::text("output", answer.hole()),
    ];
    let step = weave.add(node, &here, &format!("{wish} done"), body);
    let given = Ex::path(format!("steps.{step}"));
    Ok((step, given))
}

/// A row with what the first request gave put in.
fn put(row: &Value, first: &Ex) -> Value {
    match row {
        Value::String(text) => match text.strip_prefix("=it.") {
            Some(path) => format!("={}", first.sure(path).hole()).into(),
            None if text.contains("{{ it.") => {
                text.replace("{{ it.", &format!("{{{{ {}.", first.text)).into()
            }
            None => row.clone(),
        },
        Value::Array(items) => items.iter().map(|item| put(item, first)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), put(value, first))).collect())
        }
        other => other.clone(),
    }
}
