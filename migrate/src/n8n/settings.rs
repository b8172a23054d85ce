//! What a node's own settings do: trying again, going on after a failure, an empty item where there is none.

use serde_json::Value;

use super::file::Node;
use super::order::Order;
use super::weave::{Card, Flow, Gate, Item, List, Place, Rest, Weave};
use crate::ours::{Bind, Ex, Sort, object};
use crate::tree::Entry;

/// What comes out of a node, with its settings.
pub fn settings(
    weave: &mut Weave,
    node: usize,
    input: &Flow,
    flows: Vec<(usize, Flow)>,
    order: &Order,
) -> Vec<(usize, Flow)> {
    let form = weave.file.nodes[node].clone();
    if form.on("retryOnFail") {
        let number =
            |key: &str, default: u64| form.settings.get(key).and_then(Value::as_u64).unwrap_or(default);
        let entries = vec![
            Entry::bare("attempts", number("maxTries", 3).clamp(1, 1000)),
            Entry::bare("delay", format!("{}ms", number("waitBetweenTries", 1000).max(1))),
            Entry::bare("factor", 1),
        ];
        weave.decorate(node, Entry::map("retry", entries));
    }
    let flows = after_failure(weave, node, &form, input, flows, order);
    if !form.on("alwaysOutputData") {
        return flows;
    }
    flows
        .into_iter()
        .map(|(port, flow)| (port, if port == 0 { always(weave, node, input, &flow) } else { flow }))
        .collect()
}

/// What comes out where there may be nothing: then an empty item.
fn always(weave: &mut Weave, node: usize, input: &Flow, flow: &Flow) -> Flow {
    let mut flow = weave.gather(flow);
    match flow.card.clone() {
        Card::One(item) => {
            if let Some(guard) = flow.guard.clone().filter(|_| flow.guard != input.guard) {
                let nothing = object(&[]);
                let known = item.known.iter().map(|(name, ex)| (name.clone(), guard.choice(ex, &Ex::null())));
                let known = known.collect();
                let whole = guard.choice(&item.whole, &nothing);
                let rest = match item.rest {
                    Rest::Open(_) => Rest::Open(whole.clone()),
                    other => other,
                };
                flow.card = Card::One(Item { whole, known, rest });
                flow.guard = input.guard.clone();
                flow.picks = input.picks.clone();
            }
            flow
        }
        Card::Many(list) => {
            let place = Place {
                scope: flow.scope,
                item: Item::open(Ex::null()),
                guard: flow.guard.clone(),
                picks: flow.picks.clone(),
                after: flow.after.clone(),
                files: flow.files.clone(),
                all: None,
            };
            let wish = format!("{} or nothing", weave.file.nodes[node].name);
            let some = Ex::new(format!("len({}) > 0", list.ex.text), Bind::Compare, Sort::Bool);
            let made = some.choice(&list.ex, &Ex::new("[{}]", Bind::Path, Sort::List));
            let body = vec![Entry::map("set", vec![Entry::text("items", made.hole())])];
            let step = weave.add(node, &place, &wish, body);
            let held = Ex::new(format!("steps.{step}.items"), Bind::Path, Sort::List);
            weave.filled.insert(held.text.clone());
            // Each is still what it was.
            weave.same.insert(held.text.clone(), list.ex.text.clone());
            place.many(List { ex: held, closed: list.closed }, &step)
        }
    }
}

/// What comes out where a failure does not end the run.
fn after_failure(
    weave: &mut Weave,
    node: usize,
    form: &Node,
    input: &Flow,
    flows: Vec<(usize, Flow)>,
    order: &Order,
) -> Vec<(usize, Flow)> {
    let on_error = form.settings.get("onError").and_then(Value::as_str);
    let goes_on = form.on("continueOnFail") || on_error == Some("continueRegularOutput");
    let own_way = on_error == Some("continueErrorOutput");
    if !goes_on && !own_way {
        return flows;
    }
    // What only computes has nothing that fails for reasons of the world.
    let Some(step) = weave.acting(node) else { return flows };
    weave.decorate(node, Entry::text("on_error", "continue"));
    let failed = Ex::path(format!("errors.{step}"));
    let well = failed.is(&Ex::null());
    let ports = order.links.iter().filter(|link| link.from == node).map(|link| link.port);
    let last = ports.max().unwrap_or(0);
    let place = weave.place(node, input);
    let mut out = vec![];
    for (port, mut flow) in flows {
        if goes_on {
            flow.card = either_way(&flow.card, &well, &failed);
        } else {
            let and = |guard: &Option<Ex>, own: Ex| {
                Some(match guard {
                    Some(guard) => guard.and(&own),
                    None => own,
                })
            };
            let message = object(&[("error".into(), failed.field("message"))]);
            let mut other = flow.clone();
            other.guard = and(&flow.guard, failed.binary("!=", &Ex::null(), Bind::Compare, Sort::Bool));
            // What could not be done goes there with why.
            let mut item = place.item.clone();
            item.whole = Ex::call("merge", &[&item.whole, &message], Sort::Object);
            item.known.retain(|(name, _)| name != "error");
            item.known.push(("error".into(), failed.field("message")));
            other.card = Card::One(item);
            other.files = place.files.clone();
            other.picks.insert(node, 1);
            flow.guard = and(&flow.guard, well.clone());
            flow.picks.insert(node, 0);
            weave.gates.insert(node, Gate { guard: other.guard.clone(), ways: usize::MAX });
            if last > port {
                out.push((last, other));
            }
        }
        out.push((port, flow));
    }
    out
}

/// What the step gives, or what went wrong.
fn either_way(card: &Card, well: &Ex, failed: &Ex) -> Card {
    let error = object(&[("error".into(), failed.field("message"))]);
    match card {
        Card::One(item) => {
            let whole = well.choice(&item.whole, &error);
            let known = item.known.iter().filter(|(name, _)| name != "error");
            let mut known: Vec<(String, Ex)> =
                known.map(|(name, ex)| (name.clone(), well.choice(ex, &Ex::null()))).collect();
            known.push(("error".into(), failed.field("message")));
            let rest = match &item.rest {
                Rest::Open(_) => return Card::One(Item::open(whole)),
                other => other.clone(),
            };
            Card::One(Item { whole, known, rest })
        }
        Card::Many(list) => {
            let none = Ex::new(format!("[{}]", error.text), Bind::Path, Sort::List);
            let closed = list.closed.clone().map(|(mut names, who)| {
                names.push("error".into());
                (names, who)
            });
            Card::Many(List { ex: well.choice(&list.ex, &none), closed })
        }
    }
}
