//! Nodes of n8n's own: loops of batches, waiting, calling workflows, mail, times, hashes, answers to webhooks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::params::Params;
use super::say::Say;
use super::weave::{Card, Flow, Item, List, Place, ROOT, Res, Rest, Weave};
use super::{order, services, times};
use crate::names::{self, shown};
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// Where the way out of a loop of batches is kept: beside the ports that nodes have.
const DONE: usize = usize::MAX - 1;

/// A loop over batches: what follows its way of looping stands within a block.
pub fn batches(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Res<Vec<(usize, Flow)>> {
    if !weave.file.loops.contains(&node) {
        let why = format!("of the loops of one workflow the first {} are read", super::file::MOST_LOOPS);
        return Err(Why::new(Kind::Flow, why));
    }
    let size = params
        .get("batchSize")
        .map_or(Some(if weave.file.nodes[node].version >= 3.0 { 1 } else { 10 }), |size| size.as_u64());
    let size = size.ok_or_else(|| Why::new(Kind::Expression, "how large a batch is is made"))?.max(1);
    params.ignore(&["options"]);
    if params.flag("options.reset").unwrap_or(false) {
        return Err(Why::new(Kind::Flow, "it begins anew in the middle"));
    }
    let input = weave.gather(input);
    let list = weave.list_of(&input);
    let closed = match &input.card {
        Card::Many(list) => list.closed.clone(),
        Card::One(_) => None,
    };
    let over = if size == 1 {
        list
    } else {
        Ex::new(format!("chunk({}, {size})", list.text), Bind::Path, Sort::List)
    };
    let flow = Flow { guard: None, ..input.clone() };
    let scope = weave.open(node, &flow, &List { ex: over, closed: closed.clone() }, true);
    let var = Ex::path(&*weave.scopes[scope].var.clone());
    let members = List { ex: Ex { sort: Sort::List, ..var.clone() }, closed: closed.clone() };
    let card =
        if size == 1 { Card::One(List { ex: Ex::null(), closed }.item(var)) } else { Card::Many(members) };
    let inner = Flow {
        scope,
        card,
        guard: None,
        picks: input.picks.clone(),
        after: BTreeSet::new(),
        files: BTreeMap::new(),
    };
    let ways = if weave.file.nodes[node].version >= 3.0 { 1 } else { 0 };
    weave.flows.insert((node, DONE), flow);
    Ok(vec![(ways, inner)])
}

/// What comes out of a loop when it is done: all that came back to it.
pub fn done(weave: &mut Weave, order: &order::Order, node: usize) {
    let Some(outer) = weave.flows.remove(&(node, DONE)) else { return };
    let port = if weave.file.nodes[node].version >= 3.0 { 0 } else { 1 };
    let back: Vec<Flow> = order
        .back
        .iter()
        .filter(|link| link.to == node)
        .filter_map(|link| weave.flows.get(&(link.from, link.port)).cloned())
        .collect();
    let flow = match weave.join(back) {
        Some(flow) => weave.export(&flow, outer.scope),
        None => Flow { card: Card::Many(List::open(weave.list_of(&outer))), ..outer },
    };
    weave.flows.insert((node, port), flow);
}

pub fn wait(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let flow = weave.gather(input);
    let place = Place {
        scope: flow.scope,
        item: Item::open(Ex::null()),
        guard: match &flow.card {
            Card::One(_) => flow.guard.clone(),
            Card::Many(list) => {
                Some(Ex::new(format!("len({}) > 0", list.ex.text), Bind::Compare, Sort::Bool))
            }
        },
        picks: flow.picks.clone(),
        after: flow.after.clone(),
        files: BTreeMap::new(),
        all: None,
    };
    let version = weave.file.nodes[node].version;
    params.ignore(&["resume"]);
    let resume = params.text("resume").unwrap_or_else(|| "timeInterval".into());
    let body = match resume.as_str() {
        "timeInterval" => {
            let default = if version >= 1.1 { 5 } else { 1 };
            let amount = params.get("amount").unwrap_or(Value::from(default));
            let unit = params
                .text("unit")
                .unwrap_or_else(|| if version >= 1.1 { "seconds" } else { "hours" }.into());
            let short = match unit.as_str() {
                "seconds" => "s",
                "minutes" => "m",
                "hours" => "h",
                "days" => "d",
                _ => return Err(Why::new(Kind::Setting, "a unit of time that is not known")),
            };
            match (amount.as_u64(), amount.as_str()) {
                (Some(0), _) => return Ok(vec![(0, flow)]),
                (Some(count), _) => Entry::bare("wait", format!("{count}{short}")),
                (None, Some(raw)) if raw.starts_with('=') => {
                    let here = Place { item: first_of(weave, &flow), ..place.clone() };
                    let made = Say::new(weave, &here).ex(&amount)?;
                    Entry::text("wait", format!("{{{{ duration('1{short}') * {} }}}}", made.at(Bind::Minus)))
                }
                _ => match amount.as_f64().or_else(|| amount.as_str()?.parse().ok()) {
                    Some(number) => {
                        let unit = match short {
                            "s" => 1e3,
                            "m" => 6e4,
                            "h" => 36e5,
                            _ => 864e5,
                        };
                        Entry::bare("wait", format!("{}ms", (number * unit).round().max(1.0) as u64))
                    }
                    None => return Err(Why::new(Kind::Setting, "how long it waits")),
                },
            }
        }
        "specificTime" => {
            let here = Place { item: first_of(weave, &flow), ..place.clone() };
            let made = Say::new(weave, &here).text(&params.text("dateTime").unwrap_or_default())?;
            Entry::map("wait", vec![Entry::text("until", made)])
        }
        _ => {
            return Err(Why::new(
                Kind::Flow,
                "it waits for a call to an address of its own: use `approve`, or `wait: { signal }`",
            ));
        }
    };
    params.ignore(&["unit", "amount", "dateTime"]);
    let step = weave.add(node, &place, &weave.file.nodes[node].name.clone(), vec![body]);
    let mut out = flow;
    out.after.insert(step);
    Ok(vec![(0, out)])
}

fn first_of(weave: &Weave, flow: &Flow) -> Item {
    match &flow.card {
        Card::One(item) => item.clone(),
        Card::Many(_) => Item::open(Ex::path(format!("{}[0]", weave.list_of(flow).at(Bind::Path)))),
    }
}

pub fn call(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    params.ignore(&["source", "options.waitForSubWorkflow", "workflowInputs", "workflowId", "mode"]);
    if params.text("source").is_some_and(|source| source != "database") {
        return Err(Why::new(Kind::Flow, "the workflow that it calls does not stand in a file of its own"));
    }
    let name = params.shown("workflowId").ok_or_else(|| {
        Why::new(Kind::Flow, "the name of the workflow that it calls is not in the file, only its id")
    })?;
    let called = names::workflow(name.rsplit(" — ").next().unwrap_or(&name), &mut BTreeSet::new());
    weave.settle.insert(format!("the workflow `{called}`, which is called: import it as well"));
    let values = params.get("workflowInputs.value").unwrap_or(Value::Null);
    let (mut with, mut taken) = (vec![], BTreeSet::new());
    for (name, value) in values.as_object().into_iter().flatten() {
        let own = names::step(name, &mut taken);
        with.push(Entry::new(own, Say::new(weave, place).tree(value)?));
    }
    if with.is_empty() {
        if let Rest::Closed(who) = &place.item.rest {
            return Err(Why::new(
                Kind::Answer,
                format!("it passes on all that `{who}` gives, which is not all at hand"),
            ));
        }
        with.push(Entry::text("received", place.item.whole.hole()));
    }
    let name = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &name, vec![Entry::text("call", called), Entry::map("with", with)]);
    let whole = format!("steps.{step}");
    let ex = Ex::new(format!("type({whole}) == 'list' ? {whole} : [{whole}]"), Bind::Choice, Sort::List);
    Ok(vec![(0, place.many(List::open(ex), &step))])
}

pub fn mail(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let version = weave.file.nodes[node].version;
    services::connection(weave, "email.send");
    params.ignore(&[
        "options.appendAttribution",
        "emailFormat",
        "resource",
        "options.allowUnauthorizedCerts",
    ]);
    if params.text("operation").is_some_and(|operation| operation != "send") {
        return Err(Why::new(Kind::Flow, "it waits for an answer"));
    }
    let format =
        params.text("emailFormat").unwrap_or_else(|| if version >= 2.1 { "html" } else { "both" }.into());
    let mut with = vec![];
    for (ours, theirs) in [
        ("from", "fromEmail"),
        ("to", "toEmail"),
        ("cc", "ccEmail"),
        ("cc", "options.ccEmail"),
        ("bcc", "bccEmail"),
        ("bcc", "options.bccEmail"),
        ("reply_to", "options.replyTo"),
        ("subject", "subject"),
        ("text", "text"),
        ("html", "html"),
    ] {
        let wanted = match ours {
            "text" => format != "html",
            "html" => format != "text",
            _ => true,
        };
        if let Some(raw) = params.text(theirs).filter(|_| wanted) {
            let text = Say::new(weave, place).text(&raw)?;
            // Nothing stands where there is nothing, which the server refuses or sends as it does there.
            let lone = text.strip_prefix("{{ ").and_then(|rest| rest.strip_suffix(" }}"));
            let lone = lone.filter(|path| {
                !path.contains("}}") && path.contains("?.") && path.starts_with(['s', 't', 'i'])
            });
            let is_path =
                |path: &&str| path.chars().all(|char| char.is_alphanumeric() || "_.?[]' -".contains(char));
            with.push(match lone.filter(is_path).filter(|_| matches!(ours, "to" | "subject")) {
                Some(path) => Entry::text(ours, format!("{{{{ {path} ?? '' }}}}")),
                None => Entry::text(ours, text),
            });
        }
    }
    let name = weave.file.nodes[node].name.clone();
    for must in ["to", "subject"] {
        if !with.iter().any(|entry| entry.key == must) {
            weave.settle.insert(format!("`{must}` of `{}`, which is empty in the file", shown(&name)));
            with.push(Entry::text(must, ""));
        }
    }
    let step =
        weave.add(node, place, &name, vec![Entry::text("use", "email.send"), Entry::map("with", with)]);
    let known = vec![("messageId".to_owned(), Ex::path(format!("steps.{step}.message_id")))];
    Ok(vec![(0, place.one(Item::of(known, Rest::Closed("a mail server".into())), &step))])
}

pub fn dates(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let zone = weave.file.zone.clone();
    if weave.file.nodes[node].version >= 2.0 {
        return Err(Why::new(Kind::Setting, "times by a node; say it by an expression"));
    }
    if params.text("action").is_some_and(|action| action != "format") {
        return Err(Why::new(Kind::Setting, "a time that is moved by a node; say it by an expression"));
    }
    let value = Say::new(weave, place).ex(&params.get("value").unwrap_or(Value::Null))?;
    let pattern = params.text("toFormat").unwrap_or_else(|| "MM/DD/YYYY".into());
    // Patterns of this node are those of Moment: days and years in capitals.
    let pattern = times::pattern(&pattern.replace("YYYY", "yyyy").replace("DD", "dd").replace('D', "d"))?;
    let key = params.text("dataPropertyName").unwrap_or_else(|| "data".into());
    params.ignore(&["custom", "toFormat"]);
    if params.get("options").is_some_and(|options| options.as_object().is_some_and(|all| !all.is_empty())) {
        return Err(Why::new(Kind::Setting, "how the time is read, or its zone"));
    }
    let value = if value.sort == Sort::Time { value } else { Ex::call("time", &[&value], Sort::Time) };
    let zone = zone.map(|zone| format!(", {}", crate::ours::quoted(&zone))).unwrap_or_default();
    let made = Ex::path(format!("format_time({}, {}{zone})", value.text, crate::ours::quoted(&pattern)));
    added(weave, node, place, &key, &made)
}

pub fn crypto(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let action = params.text("action").unwrap_or_else(|| "hash".into());
    let kind = params.text("type").unwrap_or_else(|| "MD5".into());
    let hex = params.text("encoding").is_none_or(|encoding| encoding == "hex");
    let key = params.text("dataPropertyName").unwrap_or_else(|| "data".into());
    let is_hmac = action == "hmac";
    if !matches!(&*action, "hash" | "hmac") || kind != "SHA256" || !hex {
        return Err(Why::new(
            Kind::Setting,
            format!("`{}` by {} is no function here", shown(&action), shown(&kind)),
        ));
    }
    let value = Say::new(weave, place).ex(&params.get("value").unwrap_or(Value::Null))?;
    if !is_hmac {
        let made = Ex::call("sha256", &[&value.as_text()], Sort::Text);
        return added(weave, node, place, &key, &made);
    }
    // A key that stands in the file is a secret, and what is made of one could not be looked at here.
    let secret = match params.get("secret") {
        Some(Value::String(raw)) if raw.starts_with('=') => Say::new(weave, place).ex(&Value::from(raw))?,
        Some(_) => return Err(Why::new(Kind::Setting, "its key stands in the file, which is not copied")),
        None => {
            weave.settle.insert(format!(
                "`secret` of `{}`, which is empty in the file: where it is to prove who calls, leave that to `verify` of the webhook",
                shown(&weave.file.nodes[node].name)
            ));
            Ex::literal("")
        }
    };
    let made = Ex::call("hmac_sha256", &[&secret.as_text(), &value.as_text()], Sort::Text);
    added(weave, node, place, &key, &made)
}

/// The item with one field more.
fn added(weave: &mut Weave, node: usize, place: &Place, key: &str, made: &Ex) -> Res<Vec<(usize, Flow)>> {
    let name = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &name, vec![Entry::map("set", vec![Entry::text(key, made.hole())])]);
    let own = Ex::path(format!("steps.{step}"));
    let mut known = place.item.known.clone();
    known.push((key.to_owned(), own.sure(key)));
    let whole = Ex::call("merge", &[&place.item.whole, &own], Sort::Object);
    let item = Item { whole, known, rest: place.item.rest.clone() };
    Ok(vec![(0, Flow { files: place.files.clone(), ..place.one(item, &step) })])
}

/// What the workflow gives: what its last node gives, where something asks for it.
pub fn answer(weave: &mut Weave, order: &order::Order, group: &[usize]) {
    if weave.output.is_some() {
        return;
    }
    let wants = |node: &usize| {
        let node = &weave.file.nodes[*node];
        match node.short.as_str() {
            "webhook" => node.params.get("responseMode").and_then(Value::as_str) == Some("lastNode"),
            "executeWorkflowTrigger" | "lc:chatTrigger" => true,
            _ => false,
        }
    };
    let Some(asks) = group.iter().copied().find(wants) else { return };
    let ends: Vec<usize> = order
        .ends(weave.file, group)
        .into_iter()
        .filter(|node| weave.flows.contains_key(&(*node, 0)))
        .collect();
    let flows: Vec<Flow> = ends.iter().filter_map(|node| weave.flows.get(&(*node, 0)).cloned()).collect();
    if flows.is_empty() {
        return;
    }
    let whole = flows.iter().all(|flow| flow.guard.is_some()) || flows.len() == 1;
    // Where items were chosen between, the node that is run last is the later one that anything comes to.
    let later = if whole { None } else { order.later(weave.file, group, &ends) };
    let later = later.filter(|_| flows.iter().all(|flow| matches!(flow.card, Card::Many(_))));
    if !whole && later.is_none() {
        weave.parts[asks].person(Why::new(Kind::Flow, "of several ends it is not said which one answers"));
        return;
    }
    let all = weave.file.nodes[asks].params.get("responseData").and_then(Value::as_str);
    if let Some(other) = all.filter(|all| !matches!(*all, "allEntries" | "firstEntryJson" | "noData" | "")) {
        let why = format!("it answers with `{}`, and webhooks here with JSON", shown(other));
        weave.parts[asks].person(Why::new(Kind::Setting, why));
    }
    if all == Some("noData") {
        weave.output = Some(Tree::text("{{ null }}"));
        return;
    }
    let wants_all = all == Some("allEntries");
    let is_call = weave.file.nodes[asks].short == "executeWorkflowTrigger" || wants_all;
    if let Some((before, after)) = later {
        let lists = [before, after].map(|node| {
            let flow = weave.flows.get(&(node, 0)).cloned().map(|flow| weave.export(&flow, ROOT));
            flow.map_or_else(Ex::null, |flow| weave.list_of(&flow))
        });
        let some = Ex::new(format!("len({}) > 0", lists[1].text), Bind::Compare, Sort::Bool);
        let made = some.choice(&lists[1], &lists[0]);
        let made = if is_call { made } else { Ex::call("first", &[&made], Sort::Any) };
        weave.output = Some(Tree::Text(made.hole()));
        return;
    }
    let made = flows.iter().map(|flow| {
        let flow = weave.export(flow, ROOT);
        match (&flow.card, is_call) {
            (Card::One(_), _) if wants_all => weave.list_of(&flow),
            (Card::One(item), _) => flow
                .guard
                .as_ref()
                .map_or_else(|| item.whole.clone(), |guard| guard.choice(&item.whole, &Ex::null())),
            (Card::Many(list), true) => list.ex.clone(),
            (Card::Many(list), false) => Ex::call("first", &[&list.ex], Sort::Any),
        }
    });
    let all: Vec<Ex> = made.collect();
    let made = all.into_iter().reduce(|a, b| {
        Ex::new(format!("{} ?? {}", a.at(Bind::Path), b.at(Bind::Path)), Bind::Instead, Sort::Any)
    });
    weave.output = made.map(|made| Tree::Text(made.hole()));
}
