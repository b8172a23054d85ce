//! Workflows of n8n. A file's nodes are gone through in the order in which items pass them; each becomes a step, or
//! several, or stands for nothing.

mod choose;
mod conditions;
mod fields;
mod file;
mod files;
mod http;
mod lists;
mod methods;
mod models;
mod order;
mod params;
mod say;
pub mod services;
mod sheets;
mod times;
mod triggers;
mod weave;

use std::collections::{BTreeMap, BTreeSet};

use dsl::catalog::Catalog;
use serde_json::Value;

use crate::finish::{Draft, finish};
use crate::names::{self, shown};
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Imported, Kind, Part, Why, verdict};
use crate::tree::{Entry, Tree};
use crate::Refused;
use file::{File, Node};
use params::Params;
use say::Say;
use weave::{Card, Flow, Item, List, Place, ROOT, Res, Rest, Weave};

/// Where the way out of a loop of batches is kept: beside the ports that nodes have.
const DONE: usize = usize::MAX - 1;

/// Reads a workflow of n8n and writes what it is here.
///
/// # Errors
/// Where the text is no workflow of n8n, or longer than what is read.
pub fn import(text: &str, catalog: &Catalog) -> Result<Imported, Refused> {
    let file = File::read(text)?;
    let mut taken = BTreeSet::new();
    let mut parts: Vec<Option<Part>> = vec![None; file.nodes.len()];
    let (mut workflows, mut settle) = (vec![], BTreeSet::new());
    for group in order::groups(&file) {
        let draft_name = names::workflow(&file.name, &mut taken);
        let mut weave = Weave::new(&file, catalog);
        weave_all(&mut weave, &group);
        let notes = if workflows.is_empty() { notes(&file) } else { vec![] };
        let name = (draft_name != file.name).then(|| shown(&file.name)).filter(|name| !name.is_empty());
        let description = name.map(|name| crate::ours::plain(&name));
        let draft = Draft {
            name: draft_name,
            description,
            notes,
            inputs: std::mem::take(&mut weave.inputs),
            triggers: std::mem::take(&mut weave.triggers),
            steps: weave.steps(ROOT),
            output: weave.output.take(),
            more: vec![],
        };
        let draft = if draft.steps.is_empty() {
            let nothing = Entry::map("nothing", vec![Entry::map("set", vec![Entry::bare("done", true)])]);
            Draft { steps: vec![nothing], ..draft }
        } else {
            draft
        };
        workflows.push(finish(draft, &mut weave.parts, catalog));
        settle.append(&mut weave.settle);
        for node in group {
            parts[node] = Some(weave.parts[node].clone());
        }
    }
    let rest = |(at, part): (usize, Option<Part>)| {
        let node = &file.nodes[at];
        part.unwrap_or_else(|| Part { works: false, ..Part::new(&*node.name, &*node.form) })
    };
    let parts: Vec<Part> = parts.into_iter().enumerate().map(rest).collect();
    let verdict = verdict(&parts);
    Ok(Imported { name: file.name.clone(), verdict, workflows, parts, settle: settle.into_iter().collect() })
}

/// The notes that stand beside the nodes, as lines above the workflow.
fn notes(file: &File) -> Vec<String> {
    let mut lines = vec![];
    for note in file.nodes.iter().filter(|node| node.is_note()) {
        let text = note.params.get("content").and_then(Value::as_str).unwrap_or_default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let line: String = line.chars().filter(|char| !char.is_control()).take(200).collect();
            lines.push(line);
        }
    }
    lines.truncate(60);
    lines
}

fn weave_all(weave: &mut Weave, group: &[usize]) {
    let order = order::order(weave.file, group);
    for (node, to) in &order.circles {
        let name = shown(&weave.file.nodes[*to].name);
        weave.parts[*node].lost(Why::new(Kind::Flow, format!("its way back to `{name}` makes a circle")));
    }
    let starts: Vec<usize> = group.iter().copied().filter(|node| weave.file.nodes[*node].is_trigger()).collect();
    let mut started = BTreeMap::new();
    for node in &starts {
        if weave.file.nodes[*node].on("disabled") {
            continue;
        }
        let params = Params::new(&weave.file.nodes[*node].params);
        let found = triggers::read(weave, *node, &params);
        match found {
            Ok(found) => {
                for left in params.left() {
                    let why = Why::new(Kind::Setting, format!("`{left}` has no equal"));
                    weave.parts[*node].person(why);
                }
                started.insert(*node, found);
            }
            Err(why) => {
                weave.parts[*node].lost(why);
                let item = Item::open(Ex::path("trigger?.event"));
                started.insert(*node, triggers::Started { item, kind: "manual" });
            }
        }
    }
    begin(weave, &order, &started);
    for step in &order.steps {
        match *step {
            order::Step::Node(node) => one(weave, &order, node),
            order::Step::Done(node) => done(weave, &order, node),
        }
    }
    answer(weave, &order, group);
}

/// What comes out of the triggers. Where they lead to different nodes, each guards what follows it.
fn begin(weave: &mut Weave, order: &order::Order, started: &BTreeMap<usize, triggers::Started>) {
    let mut targets: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for link in order.links.iter().filter(|link| started.contains_key(&link.from)) {
        targets.entry(link.from).or_default().insert(link.to);
    }
    let all: BTreeSet<&BTreeSet<usize>> = targets.values().collect();
    let alike = all.len() <= 1;
    let richest = started.iter().max_by_key(|(_, start)| (start.item.known.len(), start.kind != "manual"));
    let common = richest.map(|(_, start)| start.item.clone());
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for node in targets.keys() {
        *kinds.entry(started[node].kind).or_default() += 1;
    }
    for (way, (node, start)) in started.iter().enumerate() {
        let mut flow = Flow {
            scope: ROOT,
            card: Card::One(start.item.clone()),
            guard: None,
            picks: BTreeMap::new(),
            after: BTreeSet::new(),
            files: BTreeMap::new(),
        };
        if alike {
            if let Some(item) = &common {
                flow.card = Card::One(item.clone());
            }
        } else {
            if kinds.get(start.kind).copied().unwrap_or(0) > 1 {
                let why = "it cannot be told apart from another trigger of its kind, which leads elsewhere";
                weave.parts[*node].person(Why::new(Kind::Trigger, why));
            }
            let kind = Ex::new("trigger.kind", Bind::Path, Sort::Text);
            let mut guard = kind.is(&Ex::literal(start.kind));
            if start.kind == "cron" {
                guard = Ex::new("trigger.kind in ['cron', 'every']", Bind::Compare, Sort::Bool);
            }
            flow.guard = Some(guard);
            flow.picks.insert(usize::MAX, way);
        }
        weave.flows.insert((*node, 0), flow);
    }
    if alike && targets.len() > 1 {
        // One of them stands for all: what is joined of the same is the same.
        let first = targets.keys().next().copied();
        for node in started.keys().filter(|node| Some(**node) != first && targets.contains_key(node)) {
            weave.flows.remove(&(*node, 0));
        }
        let flow = first.and_then(|first| weave.flows.get(&(first, 0)).cloned());
        for node in started.keys() {
            if let Some(flow) = flow.clone() {
                // Under a port that no link names, for what reads the trigger by its name.
                weave.flows.entry((*node, 0)).or_insert_with(|| flow);
            }
        }
    }
}

/// What comes in at each input of a node.
fn inputs(weave: &mut Weave, order: &order::Order, node: usize) -> Vec<Option<Flow>> {
    let links: Vec<&file::Link> = order.links.iter().filter(|link| link.to == node).collect();
    let most = links.iter().map(|link| link.input).max().map_or(0, |most| most + 1);
    let mut all = vec![];
    for input in 0..most {
        let mut seen = BTreeSet::new();
        let own = links.iter().filter(|link| link.input == input);
        let mut flows: Vec<Flow> = vec![];
        for link in own {
            let start = weave.file.nodes[link.from].is_trigger();
            let Some(flow) = weave.flows.get(&(link.from, link.port)) else { continue };
            // Triggers that lead to the same bring the same.
            if start && flow.guard.is_none() && !seen.insert("start") {
                continue;
            }
            flows.push(flow.clone());
        }
        all.push(weave.join(flows));
    }
    all
}

fn one(weave: &mut Weave, order: &order::Order, node: usize) {
    let form = weave.file.nodes[node].clone();
    if form.is_note() || form.is_trigger() || models::is_part(&form.short) && order.is_part(node) {
        return;
    }
    let inputs = inputs(weave, order, node);
    let first = inputs.iter().flatten().next().cloned();
    let alone = first.is_none();
    let first = first.unwrap_or_else(|| Flow {
        scope: ROOT,
        card: Card::One(Item::of(vec![], Rest::Empty)),
        guard: None,
        picks: BTreeMap::new(),
        after: BTreeSet::new(),
        files: BTreeMap::new(),
    });
    if alone && (order.has_start || order.links.iter().any(|link| link.to == node)) {
        // No run comes to it there, and none does here.
        weave.parts[node].works = false;
        return;
    }
    if form.on("disabled") {
        weave.parts[node].works = false;
        weave.flows.insert((node, 0), first);
        return;
    }
    let params = Params::new(&form.params);
    let first = if form.on("executeOnce") { once(weave, node, &first) } else { first };
    let before = weave.parts[node].fate;
    let out = handle(weave, node, &form, &first, inputs, &params);
    match out {
        Ok(flows) => {
            for left in params.left() {
                weave.parts[node].person(Why::new(Kind::Setting, format!("`{left}` has no equal")));
            }
            let flows = settings(weave, node, &form, flows, order);
            for (port, flow) in flows {
                weave.flows.insert((node, port), flow);
            }
        }
        Err(why) => {
            let place = weave.place(node, &first);
            weave.parts[node].fate = before;
            let step = weave.stand_in(node, &place, &why);
            weave.parts[node].lost(why);
            let item = Item::open(Ex::path(format!("steps.{step}")));
            let ports: BTreeSet<usize> = order.links.iter().filter(|link| link.from == node).map(|link| link.port).collect();
            for port in ports.into_iter().chain([0]) {
                weave.flows.insert((node, port), place.one(item.clone(), &step));
            }
        }
    }
}

/// The first item alone.
fn once(weave: &mut Weave, node: usize, flow: &Flow) -> Flow {
    if let Card::One(_) = flow.card
        && weave.scopes[flow.scope].batch
    {
        return flow.clone();
    }
    let (place, list) = weave.held(node, flow);
    Flow {
        scope: place.scope,
        card: Card::One(List::open(list.clone()).item(Ex::path(format!("{}[0]", list.text)))),
        guard: place.guard,
        picks: place.picks,
        after: place.after,
        files: BTreeMap::new(),
    }
}

fn handle(weave: &mut Weave, node: usize, form: &Node, first: &Flow, mut inputs: Vec<Option<Flow>>, params: &Params) -> Res<Vec<(usize, Flow)>> {
    match form.short.as_str() {
        "if" | "filter" => return choose::two_ways(weave, node, first, params),
        "switch" => return choose::many_ways(weave, node, first, params),
        "merge" => {
            inputs.truncate(10);
            return lists::merge(weave, node, inputs, params);
        }
        "noOp" => return Ok(vec![(0, first.clone())]),
        "aggregate" => return lists::aggregate(weave, node, first, params),
        "limit" => return lists::limit(weave, node, first, params),
        "sort" => return lists::sort(weave, node, first, params),
        "summarize" => return lists::summarize(weave, node, first, params),
        "removeDuplicates" => return lists::without_doubles(weave, node, first, params),
        "itemLists" => return lists::item_lists(weave, node, first, params),
        "convertToFile" => return files::convert(weave, node, first, params),
        "splitInBatches" => return batches(weave, node, first, params),
        "wait" => return wait(weave, node, first, params),
        "code" | "function" | "functionItem" | "lc:code" => {
            return Err(Why::new(Kind::Code, "it is code, which does not run here: say it by expressions, or move it behind a service of your own"));
        }
        _ => {}
    }
    let place = weave.place(node, first);
    match form.short.as_str() {
        "set" => fields::set(weave, node, &place, params),
        "renameKeys" => fields::rename(weave, node, &place, params),
        "splitOut" => lists::split(weave, node, &place, params),
        "httpRequest" => http::request(weave, node, &place, params),
        "graphql" => http::graphql(weave, node, &place, params),
        "googleSheets" => sheets::node(weave, node, &place, params),
        "respondToWebhook" => respond(weave, node, &place, params),
        "stopAndError" => {
            params.ignore(&["errorType"]);
            if params.text("errorType").is_some_and(|kind| kind == "errorObject") {
                return Err(Why::new(Kind::Setting, "an error that is an object"));
            }
            let text = Say::new(weave, &place).text(&params.text("errorMessage").unwrap_or_default())?;
            let step = weave.add(node, &place, &form.name, vec![Entry::text("fail", text)]);
            Ok(vec![(0, place.one(Item::of(vec![], Rest::Empty), &step))])
        }
        "executeWorkflow" => call(weave, node, &place, params),
        "emailSend" => mail(weave, node, &place, params),
        "dateTime" => dates(weave, node, &place, params),
        "crypto" => crypto(weave, node, &place, params),
        "extractFromFile" => files::extract(weave, node, &place, params),
        "readWriteFile" | "readBinaryFile" | "writeBinaryFile" => files::disk(weave, node, &place, params),
        "moveBinaryData" => files::moved(weave, node, &place, params),
        "lc:agent" | "lc:chainLlm" => models::ask(weave, node, &place, params),
        "lc:openAi" => models::open_ai(weave, node, &place, params),
        "lc:informationExtractor" => models::extract(weave, node, &place, params),
        "lc:textClassifier" | "lc:sentimentAnalysis" => models::classify(weave, node, &place, params),
        short if short.starts_with("lc:") => Err(Why::new(Kind::Model, "a part of LangChain without an equal")),
        "markdown" | "html" | "htmlExtract" | "xml" => Err(Why::new(Kind::File, "HTML, XML and Markdown are not taken apart here")),
        "spreadsheetFile" => Err(Why::new(Kind::File, "spreadsheets as files are not read or made here")),
        _ => services::action(weave, node, &place, params),
    }
}

/// What a node's own settings do: trying again, going on after a failure.
fn settings(weave: &mut Weave, node: usize, form: &Node, flows: Vec<(usize, Flow)>, order: &order::Order) -> Vec<(usize, Flow)> {
    let setting = |key: &str| form.settings.get(key).and_then(Value::as_str).map(str::to_owned);
    let on_error = setting("onError");
    let goes_on = form.on("continueOnFail") || on_error.as_deref() == Some("continueRegularOutput");
    let own_way = on_error.as_deref() == Some("continueErrorOutput");
    if form.on("retryOnFail") {
        let number = |key: &str, default: u64| form.settings.get(key).and_then(Value::as_u64).unwrap_or(default);
        let entries = vec![
            Entry::bare("attempts", number("maxTries", 3).clamp(1, 1000)),
            Entry::bare("delay", format!("{}ms", number("waitBetweenTries", 1000).max(1))),
            Entry::bare("factor", 1),
        ];
        weave.decorate(node, Entry::map("retry", entries));
    }
    if form.on("alwaysOutputData") {
        let own = flows.iter().all(|(_, flow)| matches!(flow.card, Card::One(_)));
        if !own {
            weave.parts[node].person(Why::new(Kind::Setting, "an empty item where there is none"));
        }
    }
    if !goes_on && !own_way {
        return flows;
    }
    let Some(step) = weave.acting(node) else { return flows };
    if flows.iter().any(|(_, flow)| matches!(flow.card, Card::Many(_))) {
        weave.parts[node].person(Why::new(Kind::Setting, "after a failure it goes on, and here nothing follows"));
        weave.decorate(node, Entry::text("on_error", "continue"));
        return flows;
    }
    weave.decorate(node, Entry::text("on_error", "continue"));
    let failed = Ex::path(format!("errors.{step}"));
    let error = crate::ours::object(&[("error".into(), failed.field("message"))]);
    let mut out = vec![];
    for (port, mut flow) in flows {
        if let Card::One(item) = &flow.card {
            if goes_on {
                let whole = failed.is(&Ex::null()).choice(&item.whole, &error);
                flow.card = Card::One(Item::open(whole));
            } else {
                let last = order.links.iter().filter(|link| link.from == node).map(|link| link.port).max().unwrap_or(0);
                let and = |guard: &Option<Ex>, own: Ex| Some(match guard {
                    Some(guard) => guard.and(&own),
                    None => own,
                });
                let mut other = flow.clone();
                other.guard = and(&flow.guard, failed.binary("!=", &Ex::null(), Bind::Compare, Sort::Bool));
                other.card = Card::One(Item::of(vec![("error".into(), failed.field("message"))], Rest::Closed("a failure".into())));
                other.picks.insert(node, 1);
                flow.guard = and(&flow.guard, failed.is(&Ex::null()));
                flow.picks.insert(node, 0);
                weave.gates.insert(node, weave::Gate { guard: other.guard.clone(), ways: usize::MAX });
                if last > port {
                    out.push((last, other));
                }
            }
        }
        out.push((port, flow));
    }
    out
}

/// A loop over batches: what follows its way of looping stands within a block.
fn batches(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let size = params.get("batchSize").map_or(Some(if weave.file.nodes[node].version >= 3.0 { 1 } else { 10 }), |size| size.as_u64());
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
    let over = if size == 1 { list } else { Ex::new(format!("chunk({}, {size})", list.text), Bind::Path, Sort::List) };
    let flow = Flow { guard: None, ..input.clone() };
    let scope = weave.open(node, &flow, &List { ex: over, closed: closed.clone() }, true);
    let var = Ex::path(&*weave.scopes[scope].var.clone());
    let members = List { ex: Ex { sort: Sort::List, ..var.clone() }, closed: closed.clone() };
    let card = if size == 1 { Card::One(List { ex: Ex::null(), closed }.item(var)) } else { Card::Many(members) };
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
fn done(weave: &mut Weave, order: &order::Order, node: usize) {
    let Some(outer) = weave.flows.remove(&(node, DONE)) else { return };
    let port = if weave.file.nodes[node].version >= 3.0 { 0 } else { 1 };
    let back: Vec<Flow> = order.back.iter().filter(|link| link.to == node).filter_map(|link| weave.flows.get(&(link.from, link.port)).cloned()).collect();
    let flow = match weave.join(back) {
        Some(flow) => weave.export(&flow, outer.scope),
        None => Flow { card: Card::Many(List::open(weave.list_of(&outer))), ..outer },
    };
    weave.flows.insert((node, port), flow);
}

fn wait(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let flow = weave.gather(input);
    let place = Place {
        scope: flow.scope,
        item: Item::open(Ex::null()),
        guard: match &flow.card {
            Card::One(_) => flow.guard.clone(),
            Card::Many(list) => Some(Ex::new(format!("len({}) > 0", list.ex.text), Bind::Compare, Sort::Bool)),
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
            let unit = params.text("unit").unwrap_or_else(|| if version >= 1.1 { "seconds" } else { "hours" }.into());
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
                        let unit = match short { "s" => 1e3, "m" => 6e4, "h" => 36e5, _ => 864e5 };
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
        _ => return Err(Why::new(Kind::Flow, "it waits for a call to an address of its own: use `approve`, or `wait: { signal }`")),
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

fn call(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    params.ignore(&["source", "options.waitForSubWorkflow", "workflowInputs", "workflowId", "mode"]);
    if params.text("source").is_some_and(|source| source != "database") {
        return Err(Why::new(Kind::Flow, "the workflow that it calls does not stand in a file of its own"));
    }
    let name = params.shown("workflowId").ok_or_else(|| Why::new(Kind::Flow, "the name of the workflow that it calls is not in the file, only its id"))?;
    let called = names::workflow(name.rsplit(" — ").next().unwrap_or(&name), &mut BTreeSet::new());
    weave.settle.insert(format!("the workflow `{called}`, which is called: import it as well"));
    let values = params.get("workflowInputs.value").unwrap_or(Value::Null);
    let mut with = vec![];
    for (name, value) in values.as_object().into_iter().flatten() {
        let own = names::step(name, &mut BTreeSet::new());
        with.push(Entry::new(own, Say::new(weave, place).tree(value)?));
    }
    if with.is_empty() {
        if let Rest::Closed(who) = &place.item.rest {
            return Err(Why::new(Kind::Answer, format!("it passes on all that `{who}` gives, which is not all at hand")));
        }
        with.push(Entry::text("item", place.item.whole.hole()));
    }
    let name = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &name, vec![Entry::text("call", called), Entry::map("with", with)]);
    let whole = format!("steps.{step}");
    let ex = Ex::new(format!("type({whole}) == 'list' ? {whole} : [{whole}]"), Bind::Choice, Sort::List);
    Ok(vec![(0, place.many(List::open(ex), &step))])
}

fn mail(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let version = weave.file.nodes[node].version;
    services::connection(weave, "email.send");
    params.ignore(&["options.appendAttribution", "emailFormat", "resource", "options.allowUnauthorizedCerts"]);
    if params.text("operation").is_some_and(|operation| operation != "send") {
        return Err(Why::new(Kind::Flow, "it waits for an answer"));
    }
    let format = params.text("emailFormat").unwrap_or_else(|| if version >= 2.1 { "html" } else { "both" }.into());
    let mut with = vec![];
    for (ours, theirs) in [
        ("from", "fromEmail"), ("to", "toEmail"), ("cc", "ccEmail"), ("cc", "options.ccEmail"), ("bcc", "bccEmail"),
        ("bcc", "options.bccEmail"), ("reply_to", "options.replyTo"), ("subject", "subject"), ("text", "text"), ("html", "html"),
    ] {
        let wanted = match ours { "text" => format != "html", "html" => format != "text", _ => true };
        if let Some(raw) = params.text(theirs).filter(|_| wanted) {
            with.push(Entry::text(ours, Say::new(weave, place).text(&raw)?));
        }
    }
    let name = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &name, vec![Entry::text("use", "email.send"), Entry::map("with", with)]);
    let known = vec![("messageId".to_owned(), Ex::path(format!("steps.{step}.message_id")))];
    Ok(vec![(0, place.one(Item::of(known, Rest::Closed("a mail server".into())), &step))])
}

fn dates(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
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

fn crypto(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let action = params.text("action").unwrap_or_else(|| "hash".into());
    let kind = params.text("type").unwrap_or_else(|| "MD5".into());
    let hex = params.text("encoding").is_none_or(|encoding| encoding == "hex");
    let key = params.text("dataPropertyName").unwrap_or_else(|| "data".into());
    if action != "hash" || kind != "SHA256" || !hex {
        return Err(Why::new(Kind::Setting, format!("`{}` by {} is no function here", shown(&action), shown(&kind))));
    }
    let value = Say::new(weave, place).ex(&params.get("value").unwrap_or(Value::Null))?;
    let made = Ex::call("sha256", &[&value.as_text()], Sort::Text);
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

/// What is answered to who called.
fn respond(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let with = params.text("respondWith").unwrap_or_else(|| if weave.file.nodes[node].version >= 1.1 { "firstIncomingItem" } else { "firstIncomingItem" }.into());
    if place.scope != ROOT {
        return Err(Why::new(Kind::Flow, "it answers for each of several items"));
    }
    let closed = |place: &Place| match &place.item.rest {
        Rest::Closed(who) => Err(Why::new(Kind::Answer, format!("it answers with all that `{who}` gives, which is not all at hand"))),
        Rest::Open(_) | Rest::Empty => Ok(()),
    };
    let answer = match with.as_str() {
        "firstIncomingItem" => {
            closed(place)?;
            Tree::Text(place.item.whole.hole())
        }
        "json" => Say::new(weave, place).json(&params.text("responseBody").unwrap_or_else(|| "{}".into()))?,
        "noData" => Tree::Bare("null".into()),
        other => return Err(Why::new(Kind::Setting, format!("it answers with `{}`, and webhooks here with JSON", shown(other)))),
    };
    let name = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &name, vec![Entry::map("set", vec![Entry::new("answer", answer)])]);
    let hole = match weave.output.take() {
        Some(Tree::Text(before)) => {
            let inner = before.trim_start_matches("{{ ").trim_end_matches(" }}").to_owned();
            format!("{{{{ {inner} ?? steps.{step}?.answer }}}}")
        }
        _ => format!("{{{{ steps.{step}?.answer }}}}"),
    };
    weave.output = Some(Tree::Text(hole));
    Ok(vec![(0, Flow { after: [step].into(), ..place.same() })])
}

/// What the workflow gives: what its last node gives, where something asks for it.
fn answer(weave: &mut Weave, order: &order::Order, group: &[usize]) {
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
    let ends: Vec<usize> = order.ends(weave.file, group).into_iter().filter(|node| weave.flows.contains_key(&(*node, 0))).collect();
    let flows: Vec<Flow> = ends.iter().filter_map(|node| weave.flows.get(&(*node, 0)).cloned()).collect();
    if flows.is_empty() {
        return;
    }
    let whole = flows.iter().all(|flow| flow.guard.is_some()) || flows.len() == 1;
    if !whole {
        weave.parts[asks].person(Why::new(Kind::Flow, "of several ends it is not said which one answers"));
        return;
    }
    let is_call = weave.file.nodes[asks].short == "executeWorkflowTrigger";
    let made = flows.iter().map(|flow| {
        let flow = weave.export(flow, ROOT);
        match (&flow.card, is_call) {
            (Card::One(item), _) => flow.guard.as_ref().map_or_else(|| item.whole.clone(), |guard| guard.choice(&item.whole, &Ex::null())),
            (Card::Many(list), true) => list.ex.clone(),
            (Card::Many(list), false) => Ex::call("first", &[&list.ex], Sort::Any),
        }
    });
    let all: Vec<Ex> = made.collect();
    let made = all.into_iter().reduce(|a, b| Ex::new(format!("{} ?? {}", a.at(Bind::Path), b.at(Bind::Path)), Bind::Instead, Sort::Any));
    weave.output = made.map(|made| Tree::Text(made.hole()));
}
