//! Nodes for services, by a table of data: which action of ours does what one of theirs does, of what its parameters are
//! made, and what of its answer there is.

use std::sync::OnceLock;

use dsl::types::Type;
use serde_json::Value;

use super::params::Params;
use super::requests;
use super::say::Say;
use super::triggers::Started;
use super::weave::{Bin, Flow, Item, List, Place, Res, Rest, Weave};
use crate::names::shown;
use crate::ours::{self, Bind, Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// The table, as it was read.
pub(super) fn table() -> &'static Value {
    static TABLE: OnceLock<Value> = OnceLock::new();
    TABLE.get_or_init(|| {
        let read =
            |text: &str| dsl::yaml::read_value(text).map(|value| value.to_json()).unwrap_or(Value::Null);
        let mut table = read(include_str!("../../data/n8n.yaml"));
        add(&mut table, read(include_str!("../../data/n8n-requests.yaml")));
        table
    })
}

/// Adds a table to another: rows of a node come after those that are there.
fn add(table: &mut Value, more: Value) {
    match (table, more) {
        (Value::Object(table), Value::Object(more)) => {
            for (key, value) in more {
                add(table.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(rows), Value::Array(more)) => rows.extend(more),
        (table @ Value::Null, more) => *table = more,
        _ => {}
    }
}

/// The rows of a node, or of its trigger.
fn rows(section: &str, short: &str) -> &'static [Value] {
    table().pointer(&format!("/{section}/{short}")).and_then(Value::as_array).map_or(&[], |rows| rows)
}

/// The names of all nodes in the table.
pub fn known() -> Vec<&'static str> {
    let of = |section: &str| table().get(section).and_then(Value::as_object).into_iter().flatten();
    of("actions").chain(of("triggers")).map(|(name, _)| &**name).collect()
}

/// The actions and events of ours that the table names.
pub fn named() -> Vec<&'static str> {
    let of = |section: &str| table().get(section).and_then(Value::as_object).into_iter().flatten();
    let rows =
        of("actions").chain(of("triggers")).flat_map(|(_, rows)| rows.as_array().into_iter().flatten());
    rows.filter_map(|row| row.get("action").or(row.get("event"))?.as_str()).collect()
}

fn text<'r>(row: &'r Value, key: &str) -> Option<&'r str> {
    row.get(key).and_then(Value::as_str)
}

/// What a node does, as `resource.operation`: where it says nothing of one of them, what stands in the table.
fn what(short: &str, params: &Params) -> String {
    let default = table().pointer(&format!("/defaults/{short}")).and_then(Value::as_str).unwrap_or_default();
    let pairs: Vec<(&str, &str)> = default.split(' ').filter_map(|pair| pair.split_once('.')).collect();
    let first = pairs.first().copied().unwrap_or(("", ""));
    let resource = params.text("resource").unwrap_or_else(|| first.0.to_owned());
    let own = pairs.iter().find(|(known, _)| *known == resource).copied().unwrap_or(first);
    format!("{resource}.{}", params.text("operation").unwrap_or_else(|| own.1.to_owned()))
}

/// True if the parameters are what a row wants.
pub(super) fn fits(row: &Value, params: &Params, version: f64) -> bool {
    let number = |key: &str| row.get(key).and_then(Value::as_f64);
    if number("from").is_some_and(|from| version < from)
        || number("to").is_some_and(|to| version.floor() > to)
    {
        return false;
    }
    let among = |entry: (&String, &Value)| {
        let is = params.get(entry.0).unwrap_or(Value::Null);
        entry.1.as_array().is_some_and(|list| list.contains(&is))
    };
    let pairs = |key: &str| row.get(key).and_then(Value::as_object).into_iter().flatten();
    let filled = |path: &&str| params.get(path).is_some_and(|value| !is_bare(&value));
    pairs("when").all(among)
        && !pairs("unless").any(among)
        && strings(row, "has").iter().all(filled)
        && !strings(row, "bare").iter().any(filled)
}

/// A node that does something at a service.
pub fn action(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let (short, version) = (weave.file.nodes[node].short.clone(), weave.file.nodes[node].version);
    let on = what(&short, params);
    let service = service_of(&short);
    let own = rows("actions", &short);
    if own.is_empty() {
        weave.parts[node].service = Some(service.clone());
        return Err(Why::new(Kind::Service, format!("there is no connector to `{service}`")));
    }
    let at_hand: Vec<&Value> = own.iter().filter(|row| requests::is_at_hand(weave, &short, row)).collect();
    if at_hand.is_empty() {
        weave.parts[node].service = Some(service.clone());
        return Err(Why::new(Kind::Service, format!("there is no connector to `{service}`")));
    }
    let mut fitting = at_hand.into_iter().filter(|row| text(row, "on") == Some(&on));
    if fitting.clone().next().is_none() {
        weave.parts[node].service = Some(service.clone());
        return Err(Why::new(
            Kind::Service,
            format!("no action of ours does what `{}` of `{service}` does", shown(&on)),
        ));
    }
    let row = fitting.find(|row| fits(row, params, version));
    let row = row
        .ok_or_else(|| Why::new(Kind::Setting, format!("`{}` as it is set here has no equal", shown(&on))))?;
    // What would change what is done if it were filled in.
    for path in strings(row, "filled") {
        if params.get(path).is_some_and(|value| !is_bare(&value)) {
            return Err(Why::new(Kind::Setting, format!("`{path}` has no equal")));
        }
        params.ignore(&[path]);
    }
    for path in strings(row, "needs") {
        if params.get(path).is_none() {
            return Err(Why::new(Kind::Setting, format!("without `{path}` it does something else here")));
        }
    }
    let wish = weave.file.nodes[node].name.clone();
    let mut place = place.clone();
    let mut first = None;
    if let Some(before) = row.get("first") {
        let (with, uses) =
            (with(weave, &place, params, before.get("with"), None)?, text(before, "use").unwrap_or_default());
        let body = vec![Entry::text("use", uses), Entry::map("with", with)];
        let step = weave.add(node, &place, &format!("{wish} before"), body);
        place.after = [step.clone()].into();
        first = Some(step);
    }
    let body = match text(row, "action") {
        Some(uses) => {
            let mut with = with(weave, &place, params, row.get("with"), first.as_deref())?;
            blanks(weave, node, uses, row, &mut with);
            may_miss(weave, uses, &mut with);
            connection(weave, uses);
            vec![Entry::text("use", uses), Entry::map("with", with)]
        }
        None => requests::body(weave, node, &place, params, row)?,
    };
    params.ignore(&strings(row, "ignore"));
    params.ignore(&["authentication", "requestOptions"]);
    told(weave, node, row);
    if let Some(most) = row.get("most").and_then(Value::as_u64)
        && params.flag("returnAll").unwrap_or(true)
    {
        weave.settle.insert(format!("how many `{}` gives: at most {most}, where n8n asks on", shown(&wish)));
    }
    let step = weave.add(node, &place, &wish, body);
    let is_request = row.get("request").is_some();
    let answer = Ex::path(format!("steps.{step}{}", if is_request { ".body" } else { "" }));
    let (step, answer) = super::follow::followed(weave, node, &place, params, row, (step, answer))?;
    if let Some(list) = text(row, "items") {
        let ex = Ex::new(over(list, &answer), Bind::Choice, Sort::List);
        let ex = if list.contains([' ', '?']) { ex } else { Ex { bind: Bind::Path, ..ex } };
        return Ok(vec![(0, place.many(List::open(ex), &step))]);
    }
    if text(row, "same") == Some("input") {
        return Ok(vec![(0, Flow { after: [step].into(), ..place.same() })]);
    }
    let all = text(row, "gives_all").or(Some("it").filter(|_| is_request && row.get("gives").is_none()));
    if let Some(all) = all {
        return Ok(vec![(0, place.one(Item::open(Ex::path(over(all, &answer))), &step))]);
    }
    let gives = gives(row, &answer);
    if let Some(list) = text(row, "list") {
        let fields: Vec<(String, Ex)> = self::gives(row, &Ex::path("it"));
        let made = ours::object(&fields);
        let ex =
            Ex::new(format!("map({}, it => {})", answer.sure(list).text, made.text), Bind::Path, Sort::List);
        let names = fields.into_iter().map(|(name, _)| name).collect();
        let closed = Some((names, service));
        return Ok(vec![(0, place.many(List { ex, closed }, &step))]);
    }
    let mut flow = place.one(Item::of(gives, Rest::Closed(service)), &step);
    if let Some(file) = text(row, "file") {
        let file = Ex::path(over(file, &answer));
        let called = params.text("options.binaryPropertyName").unwrap_or_else(|| "data".into());
        flow.files.insert(called, Bin { file, name: None, is_text: false });
        flow.card = super::weave::Card::One(place.item.clone());
    }
    Ok(vec![(0, flow)])
}

/// What must be given and is empty in the file goes as it stands there, and is told.
fn blanks(weave: &mut Weave, node: usize, uses: &str, row: &Value, with: &mut Vec<Entry>) {
    let Some(action) = weave.catalog.get(uses) else { return };
    let missing = action.input.iter().filter(|field| !field.optional && field.default.is_none());
    let blank = |ty: &Type| match ty {
        ty if is_text(ty) => Some(Tree::text("")),
        Type::List(of) if is_text(of) => Some(Tree::List(vec![])),
        _ => None,
    };
    let missing: Vec<(String, Tree)> =
        missing.filter_map(|field| Some((field.name.to_string(), blank(&field.ty)?))).collect();
    let of = shown(&weave.file.nodes[node].name);
    for (name, blank) in missing {
        let known = row.get("with").and_then(|made| made.get(&name)).is_some();
        if known && !with.iter().any(|entry| entry.key == name) {
            weave.settle.insert(format!("`{name}` of `{of}`, which is empty in the file"));
            // Where only texts of one form are taken, it is made, so that the service says no and not the checker.
            let of_form = action_has_form(weave, uses, &name);
            let blank = if of_form { Tree::text("{{ '' }}") } else { blank };
            with.push(Entry::new(name, blank));
        }
    }
}

/// True if an action takes only texts of one form for a parameter.
fn action_has_form(weave: &Weave, uses: &str, name: &str) -> bool {
    let field =
        weave.catalog.get(uses).and_then(|action| action.input.iter().find(|field| *field.name == *name));
    field.is_some_and(|field| field.pattern.is_some())
}

/// True for what may be a text.
fn is_text(ty: &Type) -> bool {
    match ty {
        Type::String => true,
        Type::Union(arms) => arms.contains(&Type::String),
        _ => false,
    }
}

/// What an event may not have, and a service must be given: where it is missing nothing goes in its place, which the
/// service refuses as it refuses n8n.
fn may_miss(weave: &Weave, uses: &str, with: &mut [Entry]) {
    let Some(action) = weave.catalog.get(uses) else { return };
    for entry in with {
        let asked = action.input.iter().find(|field| *field.name == *entry.key);
        if !asked.is_some_and(|field| !field.optional && field.default.is_none() && is_text(&field.ty)) {
            continue;
        }
        if let Tree::Text(text) = &mut entry.value
            && let Some(path) = text.strip_prefix("{{ ").and_then(|rest| rest.strip_suffix(" }}"))
            && path.starts_with("trigger.event")
            && path.contains("?.")
            && path.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '.' | '?'))
        {
            *text = format!("{{{{ {path} ?? '' }}}}");
        }
    }
}

/// What a row says that a person has to settle, or that is otherwise here.
fn told(weave: &mut Weave, node: usize, row: &Value) {
    if let Some(line) = text(row, "person") {
        weave.parts[node].person(Why::new(Kind::Setting, line));
    }
    if let Some(line) = text(row, "settle") {
        weave.settle.insert(format!("of `{}`: {line}", shown(&weave.file.nodes[node].name)));
    }
}

fn is_bare(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_bare),
        Value::Object(fields) => fields.values().all(is_bare),
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn strings<'r>(row: &'r Value, key: &str) -> Vec<&'r str> {
    row.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn gives(row: &Value, answer: &Ex) -> Vec<(String, Ex)> {
    let fields = row.get("gives").and_then(Value::as_object).into_iter().flatten();
    let fields =
        fields.filter_map(|(name, made)| Some((name.clone(), Ex::path(over(made.as_str()?, answer)))));
    fields.collect()
}

/// An expression of the table with `it` put in.
pub(super) fn over(made: &str, answer: &Ex) -> String {
    let mut out = String::new();
    let mut rest = made;
    while let Some(at) = rest.find("it") {
        let before = rest[..at].chars().next_back().or(out.chars().next_back().filter(|_| at == 0));
        let after = rest[at + 2..].chars().next();
        let own = before.is_none_or(|char| !(char.is_alphanumeric() || matches!(char, '_' | '.')))
            && after.is_none_or(|char| !(char.is_alphanumeric() || char == '_'));
        out += &rest[..at];
        out += if own { &answer.text } else { "it" };
        rest = &rest[at + 2..];
    }
    out + rest
}

/// The parameters of an action of ours.
fn with(
    weave: &mut Weave,
    place: &Place,
    params: &Params,
    made: Option<&Value>,
    first: Option<&str>,
) -> Res<Vec<Entry>> {
    let mut out = vec![];
    for (name, of) in made.and_then(Value::as_object).into_iter().flatten() {
        if of.is_object() || of.is_array() {
            let value = requests::made(weave, place, params, of)?;
            out.extend(value.map(|value| Entry::new(name, value)));
            continue;
        }
        let fixed = (!of.is_string()).then(|| of.to_string());
        let of = of.as_str().unwrap_or_default();
        let value = if let Some(fixed) = fixed {
            Some(Tree::Bare(fixed))
        } else if of == "first" {
            first.map(|step| Tree::Text(format!("{{{{ steps.{step} }}}}")))
        } else if let Some(field) = of.strip_prefix("first ") {
            first.map(|step| Tree::Text(format!("{{{{ steps.{step}.{field} }}}}")))
        } else if let Some(fixed) = of.strip_prefix('=') {
            Some(Tree::text(fixed))
        } else if let Some((path, key)) = of.strip_prefix("files ").and_then(|of| of.split_once(' ')) {
            super::gmail::sent(place, params, path, key)?
        } else if let Some(file) = of.strip_prefix('@') {
            let (path, default) = file.split_once(':').unwrap_or((file, "data"));
            let called = params.text(path).unwrap_or_else(|| default.to_owned());
            let bin = place.files.get(&called);
            let bin = bin.ok_or_else(|| {
                Why::new(Kind::File, format!("the file `{}` is not at hand", shown(&called)))
            })?;
            Some(Tree::Text(bin.file.hole()))
        } else {
            requests::special(weave, place, params, of)?
        };
        out.extend(value.map(|value| Entry::new(name, value)));
    }
    Ok(out)
}

pub(super) fn parameter(weave: &mut Weave, place: &Place, params: &Params, of: &str) -> Res<Option<Tree>> {
    let (paths, is_list) = of.strip_suffix(",list").map_or((of, false), |paths| (paths, true));
    let (paths, is_number) = paths.strip_suffix(",int").map_or((paths, false), |paths| (paths, true));
    // What a sheet is called stands beside its number.
    if let Some(path) = paths.strip_suffix('~') {
        return super::sheets::sheet(params, path).map(|name| Some(Tree::text(name)));
    }
    for path in paths.split('|') {
        if let Some(fixed) = path.strip_prefix('=') {
            let is_number = fixed.parse::<i64>().is_ok();
            return Ok(Some(if is_number { Tree::Bare(fixed.to_owned()) } else { Tree::text(fixed) }));
        }
        let Some(value) = params.chosen(path) else { continue };
        let by_address =
            params.get(path).is_some_and(|found| found.get("mode").and_then(Value::as_str) == Some("url"));
        if by_address && value.as_str().is_some_and(|text| text.starts_with('=')) {
            let address = Say::new(weave, place).ex(&value)?.as_text();
            let pattern = Ex::literal("/(?:d|folders)/([0-9A-Za-z_-]+)");
            return Ok(Some(Tree::Text(Ex::call("extract", &[&address, &pattern], Sort::Any).hole())));
        }
        let value = if by_address { Value::from(id_of(&value)?) } else { value };
        if let (Some(text), true) = (value.as_str(), is_number)
            && text.parse::<i64>().is_ok()
        {
            return Ok(Some(Tree::Bare(text.to_owned())));
        }
        let mut say = Say::new(weave, place);
        return Ok(Some(match (&value, is_list) {
            (Value::String(raw), true) if raw.starts_with('=') => Tree::Text(say.ex(&value)?.hole()),
            (Value::String(raw), true) => {
                Tree::List(raw.split(',').map(|part| Tree::Text(ours::plain(part.trim()))).collect())
            }
            _ => say.tree(&value)?,
        }));
    }
    Ok(None)
}

/// The id in the address of a document or a folder.
pub fn id_of(address: &Value) -> Res<String> {
    let address = address.as_str().unwrap_or_default();
    let after = ["/d/", "/folders/"].iter().find_map(|part| address.split_once(part)).map(|(_, rest)| rest);
    let id: Option<String> = after.map(|rest| {
        rest.chars().take_while(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_')).collect()
    });
    id.filter(|id| !id.is_empty())
        .ok_or_else(|| Why::new(Kind::Setting, "an address of which no id can be told"))
}

/// A connection that has to be made.
pub fn connection(weave: &mut Weave, action: &str) {
    let connector = action.split('.').next().unwrap_or(action);
    if weave.catalog.is_connected(connector) {
        weave.settle.insert(format!("a connection: `keyway connect {connector}`"));
    }
}

/// What a node's service is called, for people.
pub fn service_of(short: &str) -> String {
    let plain = short.rsplit('.').next().unwrap_or(short).trim_start_matches("lc:");
    let plain = plain.strip_suffix("Trigger").or_else(|| plain.strip_suffix("Tool")).unwrap_or(plain);
    shown(plain)
}

/// A trigger of a service.
pub fn trigger(weave: &mut Weave, node: usize, params: &Params) -> Res<Started> {
    let (short, version) = (weave.file.nodes[node].short.clone(), weave.file.nodes[node].version);
    let own: Vec<&Value> = rows("triggers", &short)
        .iter()
        .filter(|row| {
            row.get("webhook").is_some()
                || text(row, "event").is_some_and(|event| weave.catalog.event(event).is_some())
        })
        .collect();
    let row = own.iter().copied().find(|row| fits(row, params, version));
    let Some(row) = row else {
        let service = service_of(&short);
        if own.is_empty() {
            weave.parts[node].service = Some(service.clone());
            return Err(Why::new(Kind::Service, format!("there is no event of `{service}`")));
        }
        return Err(Why::new(Kind::Trigger, "as it is set here it has no equal"));
    };
    let nowhere = Place {
        scope: super::weave::ROOT,
        item: Item::open(Ex::null()),
        guard: None,
        picks: Default::default(),
        after: Default::default(),
        files: Default::default(),
        all: None,
    };
    if row.get("webhook").is_some() {
        return hooked(weave, node, &nowhere, params, row);
    }
    let event = text(row, "event").unwrap_or_default();
    let with = with(weave, &nowhere, params, row.get("with"), None)?;
    params.ignore(&strings(row, "ignore"));
    params.ignore(&["pollTimes", "authentication"]);
    told(weave, node, row);
    connection(weave, event);
    let mut entries = vec![Entry::text("event", event)];
    if !with.is_empty() {
        entries.push(Entry::map("with", with));
    }
    entries.extend(text(row, "filter").map(|filter| Entry::text("filter", filter)));
    weave.triggers.push(Tree::Map(entries));
    let answer = Ex::path("trigger.event");
    let item = match text(row, "gives_all") {
        Some(all) => Item::open(Ex::path(over(all, &answer))),
        None => Item::of(gives(row, &answer), Rest::Closed(service_of(&short))),
    };
    Ok(Started { item, kind: "event" })
}

/// A service that calls an address, which n8n tells it and a person does here. What n8n makes of a call is held by a step.
fn hooked(weave: &mut Weave, node: usize, nowhere: &Place, params: &Params, row: &Value) -> Res<Started> {
    params.ignore(&strings(row, "ignore"));
    params.ignore(&["authentication"]);
    told(weave, node, row);
    weave.settle.insert(
        "the webhook's address, which is made when the workflow is deployed: tell it to who calls".into(),
    );
    let proof = row.get("webhook").and_then(Value::as_object).into_iter().flatten();
    let verify = proof.filter_map(|(key, value)| Some(Entry::text(key, value.as_str()?))).collect();
    if let Some(secret) = row.pointer("/webhook/secret").and_then(Value::as_str) {
        weave
            .settle
            .insert(format!("the secret that proves who calls: `keyway secrets add {secret} --webhook`"));
    }
    weave.triggers.push(Tree::Map(vec![Entry::map("webhook", vec![Entry::map("verify", verify)])]));
    let others = weave.file.nodes.iter().filter(|node| node.is_trigger() && !node.on("disabled")).count() > 1;
    match text(row, "guard") {
        Some(_) if others => {
            let why =
                "not each of its calls counts at n8n, and beside another trigger they cannot be told apart";
            weave.parts[node].person(Why::new(Kind::Trigger, why));
        }
        Some(guard) => drop(weave.only.insert(node, Ex::new(guard, Bind::Or, Sort::Bool))),
        None => {}
    }
    let body = Ex::path("trigger?.body");
    if row.get("gives").is_some() {
        return Ok(Started { item: Item::of(gives(row, &body), Rest::Empty), kind: "webhook" });
    }
    let Some(made) = text(row, "gives_all") else {
        return Ok(Started { item: Item::open(body), kind: "webhook" });
    };
    let wish = weave.file.nodes[node].name.clone();
    let guard = Ex::new("trigger.kind", Bind::Path, Sort::Text).is(&Ex::literal("webhook"));
    let place = Place { guard: others.then_some(guard), ..nowhere.clone() };
    let ex = Ex::path(over(made, &body));
    let step = weave.add(node, &place, &wish, vec![Entry::map("set", vec![Entry::text("item", ex.hole())])]);
    Ok(Started { item: Item::open(Ex::path(format!("steps.{step}.item"))), kind: "webhook" })
}

/// The action that does what a tool of a model does.
pub fn action_of(weave: &Weave, short: &str, params: &Params, version: f64) -> Option<String> {
    let on = what(short, params);
    let row = rows("actions", short).iter().find(|row| {
        text(row, "on") == Some(&on) && fits(row, params, version) && requests::is_at_hand(weave, short, row)
    })?;
    text(row, "action").map(str::to_owned)
}
