//! Workflows of n8n. A file's nodes are gone through in the order in which items pass them; each becomes a step, or
//! several, or stands for nothing.

mod choose;
mod code;
mod conditions;
mod databases;
mod fields;
mod file;
mod files;
mod follow;
mod gmail;
mod html;
mod http;
mod lists;
mod methods;
mod models;
mod notion;
mod order;
mod own;
mod params;
mod replies;
mod requests;
mod rounds;
mod say;
pub mod services;
mod settings;
mod sheets;
mod times;
mod triggers;
mod weave;

use std::collections::{BTreeMap, BTreeSet};

use dsl::catalog::Catalog;
use serde_json::Value;

use crate::Refused;
use crate::finish::{Draft, finish};
use crate::names::{self, shown};
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Imported, Kind, Part, Why, verdict};
use crate::tree::Entry;
use file::{File, Node};
use params::Params;
use say::Say;
use weave::{Card, Flow, Item, List, ROOT, Res, Rest, Weave};

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
        if !order.rounds.iter().any(|round| (round.from, round.first) == (*node, *to)) {
            rounds::circle(weave, *node, *to);
        }
    }
    let starts: Vec<usize> =
        group.iter().copied().filter(|node| weave.file.nodes[*node].is_trigger()).collect();
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
                let item = Item::open(triggers::received(weave));
                started.insert(*node, triggers::Started { item, kind: "manual" });
            }
        }
    }
    begin(weave, &order, &started);
    for step in &order.steps {
        match *step {
            order::Step::Node(node) => one(weave, &order, node),
            order::Step::Done(node) => own::done(weave, &order, node),
        }
    }
    own::answer(weave, &order, group);
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
            guard: weave.only.get(node).cloned(),
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
    let first = match order.rounds.iter().find(|round| round.first == node) {
        Some(round) => rounds::begin(weave, round, &first),
        None => first,
    };
    let before = weave.parts[node].fate;
    let out = handle(weave, node, &form, &first, inputs, &params);
    match out {
        Ok(flows) => {
            for left in params.left() {
                weave.parts[node].person(Why::new(Kind::Setting, format!("`{left}` has no equal")));
            }
            let flows = settings::settings(weave, node, &first, flows, order);
            let flows = match order.rounds.iter().find(|round| round.last == node) {
                Some(round) => rounds::end(weave, round, &first, flows),
                None => flows,
            };
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
            let ports: BTreeSet<usize> =
                order.links.iter().filter(|link| link.from == node).map(|link| link.port).collect();
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

fn handle(
    weave: &mut Weave,
    node: usize,
    form: &Node,
    first: &Flow,
    mut inputs: Vec<Option<Flow>>,
    params: &Params,
) -> Res<Vec<(usize, Flow)>> {
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
        "spreadsheetFile" => return files::spreadsheet(weave, node, first, params),
        "splitInBatches" => return own::batches(weave, node, first, params),
        "respondToWebhook" => return replies::respond(weave, node, first, params),
        "wait" => return own::wait(weave, node, first, params),
        "code" | "function" | "functionItem" => return code::node(weave, node, first, params),
        "lc:code" => {
            return Err(Why::new(
                Kind::Code,
                "it is code, which does not run here: say it by expressions, or move it behind a service of your own",
            ));
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
        "gmail" => match gmail::read(weave, node, &place, params)? {
            Some(flows) => Ok(flows),
            None => services::action(weave, node, &place, params),
        },
        "googleSheets" => sheets::node(weave, node, &place, params),
        "notion" => notion::node(weave, node, &place, params),
        "stopAndError" => {
            params.ignore(&["errorType"]);
            if params.text("errorType").is_some_and(|kind| kind == "errorObject") {
                return Err(Why::new(Kind::Setting, "an error that is an object"));
            }
            let text = Say::new(weave, &place).text(&params.text("errorMessage").unwrap_or_default())?;
            let step = weave.add(node, &place, &form.name, vec![Entry::text("fail", text)]);
            Ok(vec![(0, place.one(Item::of(vec![], Rest::Empty), &step))])
        }
        "executeWorkflow" => own::call(weave, node, &place, params),
        "emailSend" => own::mail(weave, node, &place, params),
        "dateTime" => own::dates(weave, node, &place, params),
        "crypto" => own::crypto(weave, node, &place, params),
        "extractFromFile" => files::extract(weave, node, &place, params),
        "readPDF" => files::read_pdf(weave, node, &place, params),
        "readWriteFile" | "readBinaryFile" | "writeBinaryFile" => files::disk(weave, node, &place, params),
        "moveBinaryData" => files::moved(weave, node, &place, params),
        "lc:agent" | "lc:chainLlm" => models::ask(weave, node, &place, params),
        "lc:openAi" => models::open_ai(weave, node, &place, params),
        "lc:informationExtractor" => models::extract(weave, node, &place, params),
        "lc:textClassifier" | "lc:sentimentAnalysis" => models::classify(weave, node, &place, params),
        short if short.starts_with("lc:") => {
            Err(Why::new(Kind::Model, "a part of LangChain without an equal"))
        }
        "postgres" => databases::node(weave, node, &place, params, &databases::POSTGRES),
        "mySql" => databases::node(weave, node, &place, params, &databases::MYSQL),
        "html" | "htmlExtract" => html::node(weave, node, &place, params),
        "markdown" | "xml" => Err(Why::new(Kind::File, "XML and Markdown are not taken apart here")),
        _ => services::action(weave, node, &place, params),
    }
}
