//! Nodes that choose a way: If, Switch, Filter.

use serde_json::Value;

use super::conditions::{self, holds};
use super::params::Params;
use super::say::Say;
use super::weave::{Card, Flow, Gate, List, Place, Res, Weave};
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::Entry;

/// What an If or a Filter lets through, and what not.
pub fn two_ways(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let version = weave.file.nodes[node].version;
    let only_yes = weave.file.nodes[node].short == "filter";
    match &input.card {
        Card::One(_) => {
            let place = weave.place(node, input);
            let condition = conditions::of_node(&mut Say::new(weave, &place), params, version)?;
            let step = set(weave, node, &place, vec![("matches", condition)]);
            gate(weave, node, &place, 2);
            let atom = |yes: bool| match (&place.guard, yes) {
                (None, true) => Ex::path(format!("steps.{step}.matches")),
                (None, false) => Ex::path(format!("steps.{step}.matches")).not(),
                (Some(_), yes) => Ex::path(format!("steps.{step}?.matches")).is(&Ex::bool(yes)),
            };
            let way =
                |yes: bool, at: usize| way(&place, node, at, Ex { sort: Sort::Bool, ..atom(yes) }, &step);
            Ok(if only_yes { vec![(0, way(true, 0))] } else { vec![(0, way(true, 0)), (1, way(false, 1))] })
        }
        Card::Many(list) => {
            let (place, each) = among(weave, node, input, list);
            let condition = conditions::of_node(&mut Say::new(weave, &each), params, version)?;
            let var = each.item.whole.text.clone();
            let over = list.ex.text.clone();
            let yes = Ex::new(format!("filter({over}, {var} => {})", condition.text), Bind::Path, Sort::List);
            let other =
                Ex::new(format!("filter({over}, {var} => {})", condition.not().text), Bind::Path, Sort::List);
            let fields = if only_yes { vec![("yes", yes)] } else { vec![("yes", yes), ("no", other)] };
            let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
            let step = set(weave, node, &place, fields.clone());
            let parts = names.iter().enumerate();
            Ok(parts.map(|(at, name)| (at, part(weave, &place, list, &step, name))).collect())
        }
    }
}

/// The ways of a Switch.
pub fn many_ways(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let one = matches!(input.card, Card::One(_));
    let (place, each) = match &input.card {
        Card::One(_) => {
            let place = weave.place(node, input);
            (place.clone(), place)
        }
        Card::Many(list) => among(weave, node, input, list),
    };
    let rules = rules(weave, node, &each, params)?;
    if rules.conditions.is_empty() {
        return Err(Why::new(Kind::Setting, "it has no rules"));
    }
    // Of several rules that hold only the first counts, unless all do.
    let mut ways: Vec<(usize, Ex)> = vec![];
    let mut before: Option<Ex> = None;
    for (port, condition) in &rules.conditions {
        let own = match &before {
            Some(before) if !rules.all => condition.and(&before.not()),
            _ => condition.clone(),
        };
        before = Some(match before {
            Some(before) => before.or(condition),
            None => condition.clone(),
        });
        ways.push((*port, own));
    }
    if let (Some(port), Some(before)) = (rules.fallback, &before) {
        ways.push((port, before.not()));
    }
    if one {
        if rules.all {
            let names: Vec<String> = (0..ways.len()).map(|at| format!("way{at}")).collect();
            let fields = names.iter().zip(&ways).map(|(name, (_, ex))| (&**name, ex.clone())).collect();
            let step = set(weave, node, &place, fields);
            let flows = names.iter().zip(&ways).map(|(name, (port, _))| {
                let guard = Ex::path(format!("steps.{step}?.{name}")).is(&Ex::bool(true));
                // Several may be taken at once, so that none excludes another.
                (*port, Flow { picks: place.picks.clone(), ..way(&place, node, *port, guard, &step) })
            });
            return Ok(flows.collect());
        }
        let mut case = Ex::number("-1");
        if let Some(port) = rules.fallback {
            case = Ex::number(port.to_string());
        }
        for (port, condition) in rules.conditions.iter().rev() {
            case = condition.choice(&Ex::number(port.to_string()), &case);
        }
        let step = set(weave, node, &place, vec![("way", case)]);
        gate(weave, node, &place, usize::MAX);
        let head = if place.guard.is_some() { "?" } else { "" };
        let flows = ways.iter().map(|(port, _)| {
            let guard = Ex::path(format!("steps.{step}{head}.way")).is(&Ex::number(port.to_string()));
            (*port, way(&place, node, *port, guard, &step))
        });
        return Ok(flows.collect());
    }
    let Card::Many(list) = &input.card else { return Ok(vec![]) };
    let (var, over) = (each.item.whole.text.clone(), list.ex.text.clone());
    let names: Vec<String> = ways.iter().map(|(port, _)| format!("way{port}")).collect();
    let fields = names.iter().zip(&ways).map(|(name, (_, condition))| {
        (&**name, Ex::new(format!("filter({over}, {var} => {})", condition.text), Bind::Path, Sort::List))
    });
    let fields = fields.collect();
    let step = set(weave, node, &place, fields);
    let parts = names.iter().zip(&ways);
    Ok(parts.map(|(name, (port, _))| (*port, part(weave, &place, list, &step, name))).collect())
}

struct Rules {
    conditions: Vec<(usize, Ex)>,
    fallback: Option<usize>,
    all: bool,
}

fn rules(weave: &mut Weave, node: usize, each: &Place, params: &Params) -> Res<Rules> {
    let version = weave.file.nodes[node].version;
    if params.text("mode").is_some_and(|mode| mode == "expression") {
        return Err(Why::new(Kind::Setting, "it chooses by the number of an output"));
    }
    let mut say = Say::new(weave, each);
    let mut conditions = vec![];
    if version >= 3.0 {
        let folded = params.flag("options.ignoreCase");
        params.ignore(&["options.looseTypeValidation", "looseTypeValidation"]);
        let all = params.flag("options.allMatchingOutputs").unwrap_or(false);
        for (port, rule) in params.list("rules.values").iter().enumerate() {
            conditions.push((
                port,
                conditions::of_set(&mut say, rule.get("conditions").unwrap_or(&Value::Null), folded)?,
            ));
        }
        params.ignore(&["rules", "options.renameFallbackOutput"]);
        let fallback = match params.text("options.fallbackOutput").as_deref() {
            Some("extra") => Some(conditions.len()),
            Some("none") | None => None,
            Some(number) => number.parse().ok(),
        };
        return Ok(Rules { conditions, fallback, all });
    }
    let sort = params.text("dataType").unwrap_or_else(|| "number".into());
    let left = say.ex(&params.get("value1").unwrap_or(Value::Null))?;
    for (at, rule) in params.list("rules.rules").iter().enumerate() {
        let operation = rule.get("operation").and_then(Value::as_str);
        let operation = operation.unwrap_or(if sort == "number" { "smaller" } else { "equal" });
        let right = say.ex(rule.get("value2").unwrap_or(&Value::Null))?;
        let port = rule.get("output").and_then(Value::as_u64).map_or(at, |port| port as usize);
        let port = if version >= 2.0 {
            at
        } else if rule.get("output").is_some() {
            port
        } else {
            0
        };
        conditions.push((port, holds(&sort, operation, &left, &right, false)?));
    }
    params.ignore(&["rules"]);
    let fallback = match params.text("fallbackOutput").as_deref() {
        None | Some("-1") | Some("none") => None,
        Some("extra") => Some(conditions.len()),
        Some(number) => number.parse().ok(),
    };
    Ok(Rules { conditions, fallback, all: false })
}

/// Where all items are, and one of them as a function sees it.
fn among(weave: &mut Weave, _node: usize, input: &Flow, list: &List) -> (Place, Place) {
    let depth = weave.around(input.scope).len();
    let var = format!("it{}", if depth == 1 { String::new() } else { depth.to_string() });
    let place = Place {
        scope: input.scope,
        item: list.item(Ex::path(&*var)),
        guard: input.guard.clone(),
        picks: input.picks.clone(),
        after: input.after.clone(),
        files: input.files.clone(),
        all: Some(list.ex.clone()),
    };
    (place.clone(), place)
}

fn set(weave: &mut Weave, node: usize, place: &Place, fields: Vec<(&str, Ex)>) -> String {
    let fields = fields.into_iter().map(|(name, ex)| Entry::text(name, ex.hole())).collect();
    let wish = weave.file.nodes[node].name.clone();
    weave.add(node, place, &wish, vec![Entry::map("set", fields)])
}

fn gate(weave: &mut Weave, node: usize, place: &Place, ways: usize) {
    weave.gates.insert(node, Gate { guard: place.guard.clone(), ways });
}

fn way(place: &Place, node: usize, at: usize, guard: Ex, step: &str) -> Flow {
    let mut flow = place.same();
    flow.guard = Some(guard);
    flow.picks.insert(node, at);
    flow.after = [step.to_owned()].into();
    flow
}

fn part(weave: &mut Weave, place: &Place, list: &List, step: &str, name: &str) -> Flow {
    let ex = Ex::new(format!("steps.{step}.{name}"), Bind::Path, Sort::List);
    weave.same.insert(ex.text.clone(), list.ex.text.clone());
    place.many(List { ex, closed: list.closed.clone() }, step)
}
