//! Notion: pages of databases with their properties, as n8n writes, finds and simplifies them.

use serde_json::{Value, json};

use super::params::Params;
use super::say::{Piece, Say, pieces};
use super::services::connection;
use super::triggers::Started;
use super::weave::{Flow, Item, List, Place, Res, Rest, Weave};
use crate::names::shown;
use crate::ours::{self, Bind, Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

type Out = Res<Vec<(usize, Flow)>>;

/// The version of the service's interface that n8n speaks.
const VERSION: &str = "2022-02-22";

/// A Notion node.
pub fn node(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Out {
    let resource = params.text("resource").unwrap_or_else(|| "page".into());
    let operation = params.text("operation");
    let default = if resource == "page" || resource == "databasePage" { "create" } else { "get" };
    let on = format!("{resource}.{}", operation.unwrap_or_else(|| default.into()));
    let version = weave.file.nodes[node].version;
    params.ignore(&["authentication"]);
    let one = if version < 2.0 { 1 } else { 2 };
    match on.as_str() {
        "databasePage.create" => {
            let parent = Entry::map(
                "parent",
                vec![Entry::new("database_id", id(weave, place, params, "databaseId")?)],
            );
            let mut properties = properties(weave, place, params)?;
            if let Some(raw) = params.text("title") {
                let text = Say::new(weave, place).text(&raw)?;
                // The title has this id in every database, whatever it is called.
                properties.push(Entry::new("title", Tree::Map(vec![Entry::new("title", rich(text))])));
            }
            let mut json = vec![parent, Entry::map("properties", properties)];
            json.extend(children(weave, place, params)?.map(|blocks| Entry::new("children", blocks)));
            json.extend(icon(weave, place, params)?);
            let step = send(weave, node, place, "POST", "/pages".into(), Some(Tree::Map(json)));
            simplified(weave, node, place, params, &step, one)
        }
        "databasePage.update" => {
            let path = format!("/pages/{}", piece(id(weave, place, params, "pageId")?));
            let mut json = vec![Entry::map("properties", properties(weave, place, params)?)];
            json.extend(icon(weave, place, params)?);
            let step = send(weave, node, place, "PATCH", path, Some(Tree::Map(json)));
            simplified(weave, node, place, params, &step, one)
        }
        "databasePage.get" => {
            let path = format!("/pages/{}", piece(id(weave, place, params, "pageId")?));
            let step = send(weave, node, place, "GET", path, None);
            simplified(weave, node, place, params, &step, one)
        }
        "databasePage.getAll" => found(weave, node, place, params, one),
        "page.archive" | "databasePage.archive" => {
            let path = format!("/pages/{}", piece(id(weave, place, params, "pageId")?));
            let json = Tree::Map(vec![Entry::bare("archived", true)]);
            let step = send(weave, node, place, "PATCH", path, Some(json));
            simplified(weave, node, place, params, &step, one)
        }
        "page.create" => {
            let parent =
                Entry::map("parent", vec![Entry::new("page_id", id(weave, place, params, "pageId")?)]);
            let text = Say::new(weave, place).text(&params.text("title").unwrap_or_default())?;
            let title = Entry::map("properties", vec![Entry::new("title", rich(text))]);
            let mut json = vec![parent, title];
            json.extend(children(weave, place, params)?.map(|blocks| Entry::new("children", blocks)));
            json.extend(icon(weave, place, params)?);
            let step = send(weave, node, place, "POST", "/pages".into(), Some(Tree::Map(json)));
            simplified(weave, node, place, params, &step, one)
        }
        "block.append" => {
            let path = format!("/blocks/{}/children", piece(id(weave, place, params, "blockId")?));
            let blocks = children(weave, place, params)?.unwrap_or(Tree::List(vec![]));
            let json = Tree::Map(vec![Entry::new("children", blocks)]);
            let step = send(weave, node, place, "PATCH", path, Some(json));
            raw(place, &step)
        }
        "database.get" => {
            let path = format!("/databases/{}", piece(id(weave, place, params, "databaseId")?));
            let step = send(weave, node, place, "GET", path, None);
            if params.flag("simple") == Some(false) {
                return raw(place, &step);
            }
            let known =
                ["id", "url"].map(|name| (name.to_owned(), Ex::path(format!("steps.{step}.body.{name}"))));
            Ok(vec![(0, place.one(Item::of(known.to_vec(), Rest::Closed("notion".into())), &step))])
        }
        "user.get" => {
            let path = format!("/users/{}", piece(id(weave, place, params, "userId")?));
            let step = send(weave, node, place, "GET", path, None);
            raw(place, &step)
        }
        other => {
            weave.parts[node].service = Some("notion".into());
            Err(Why::new(
                Kind::Service,
                format!("no action of ours does what `{}` of `notion` does", shown(other)),
            ))
        }
    }
}

/// Items that are new in a database, or were changed.
pub fn trigger(weave: &mut Weave, node: usize, params: &Params) -> Res<Started> {
    let event = match params.text("event").as_deref() {
        None | Some("pageAddedToDatabase") => "notion.new_item",
        Some("pagedUpdatedInDatabase") => "notion.updated_item",
        Some(_) => return Err(Why::new(Kind::Trigger, "as it is set here it has no equal")),
    };
    if weave.catalog.event(event).is_none() {
        weave.parts[node].service = Some("notion".into());
        return Err(Why::new(Kind::Service, "there is no event of `notion`"));
    }
    params.ignore(&["event", "pollTimes", "authentication", "simple"]);
    let place = Place {
        scope: super::weave::ROOT,
        item: Item::open(Ex::null()),
        guard: None,
        picks: Default::default(),
        after: Default::default(),
        files: Default::default(),
        all: None,
    };
    let of = shown(&weave.file.nodes[node].name);
    let database = match params.chosen("databaseId") {
        Some(_) => id(weave, &place, params, "databaseId")?,
        None => Tree::text(""),
    };
    weave.settle.insert(format!(
        "`data_source_id` of `{of}`: the id of the data source, which Notion shows in the settings of the database; the file has at most the database's own"
    ));
    connection(weave, event);
    let with = Entry::map("with", vec![Entry::new("data_source_id", database)]);
    weave.triggers.push(Tree::Map(vec![Entry::text("event", event), with]));
    downloads(weave, node, params);
    if params.flag("simple") == Some(false) {
        return Ok(Started { item: Item::open(Ex::path("trigger.event")), kind: "event" });
    }
    let starts = weave.file.nodes.iter().filter(|node| node.is_trigger() && !node.on("disabled")).count();
    let guard = Ex::new("trigger.kind", Bind::Path, Sort::Text).is(&Ex::literal("event"));
    let place = Place { guard: (starts > 1).then_some(guard), ..place };
    let one = if weave.file.nodes[node].version < 2.0 { 1 } else { 2 };
    let made = Ex::path(simple("trigger.event", one));
    let wish = weave.file.nodes[node].name.clone();
    let body = vec![Entry::map("set", vec![Entry::text("item", made.hole())])];
    let step = weave.add(node, &place, &wish, body);
    Ok(Started { item: Item::open(Ex::path(format!("steps.{step}.item"))), kind: "event" })
}

fn send(
    weave: &mut Weave,
    node: usize,
    place: &Place,
    method: &str,
    path: String,
    json: Option<Tree>,
) -> String {
    connection(weave, "notion.request");
    let headers = vec![Entry::text("notion-version", VERSION)];
    let mut with =
        vec![Entry::text("method", method), Entry::text("path", path), Entry::map("headers", headers)];
    with.extend(json.map(|json| Entry::new("json", json)));
    let body = vec![Entry::text("use", "notion.request"), Entry::map("with", with)];
    let wish = weave.file.nodes[node].name.clone();
    weave.add(node, place, &wish, body)
}

fn raw(place: &Place, step: &str) -> Out {
    Ok(vec![(0, place.one(Item::open(Ex::path(format!("steps.{step}.body"))), step))])
}

/// The id of a page or a database; of an address it is what its end says.
fn id(weave: &mut Weave, place: &Place, params: &Params, path: &str) -> Res<Tree> {
    let missing = || Why::new(Kind::Setting, format!("it does not say `{path}`"));
    let value = params.chosen(path).ok_or_else(missing)?;
    let mode =
        params.get(path).and_then(|found| found.get("mode").and_then(Value::as_str).map(str::to_owned));
    let by_address = mode.as_deref() == Some("url");
    let ex = Say::new(weave, place).ex(&value)?;
    if !by_address {
        return Say::new(weave, place).tree(&value);
    }
    match value.as_str().filter(|text| !text.starts_with('=')) {
        Some(address) => {
            let page = address.split(['?', '#']).next().unwrap_or_default();
            let end: String = page.chars().filter(char::is_ascii_hexdigit).collect();
            let last = page.rsplit(['/', '-']).next().unwrap_or_default();
            let id = if last.len() == 32 {
                last.to_owned()
            } else {
                end.chars().rev().take(32).collect::<String>().chars().rev().collect()
            };
            if id.len() == 32 { Ok(Tree::text(id)) } else { Err(missing()) }
        }
        None => {
            let pattern = ours::quoted("([0-9a-f]{32})");
            Ok(Tree::Text(Ex::path(format!("extract({}, {pattern})", ex.text)).hole()))
        }
    }
}

fn piece(tree: Tree) -> String {
    match tree {
        Tree::Text(text) | Tree::Bare(text) => text,
        Tree::List(_) | Tree::Map(_) => String::new(),
    }
}

fn rich(text: String) -> Tree {
    let content = Entry::map("text", vec![Entry::text("content", text)]);
    Tree::List(vec![Tree::Map(vec![content])])
}

/// The name and the kind of a property, which n8n keeps as one text.
fn named(key: &Value) -> Res<(String, String)> {
    let key = key.as_str().unwrap_or_default();
    match key.rsplit_once('|') {
        Some((name, kind)) if !key.starts_with('=') => Ok((name.to_owned(), kind.to_owned())),
        _ => Err(Why::new(Kind::Expression, "the name of a property is made")),
    }
}

fn properties(weave: &mut Weave, place: &Place, params: &Params) -> Res<Vec<Entry>> {
    let mut out = vec![];
    for property in params.list("propertiesUi.propertyValues") {
        let (name, kind) = named(property.get("key").unwrap_or(&Value::Null))?;
        let at = |key: &str| property.get(key).cloned().unwrap_or(json!(""));
        let skips = property.get("ignoreIfEmpty").and_then(Value::as_bool) == Some(true);
        let mut say = Say::new(weave, place);
        let ids = |say: &mut Say, value: &Value| -> Res<Tree> { many(say, value, "id") };
        let value = match kind.as_str() {
            "title" => rich(say.text(at("title").as_str().unwrap_or_default())?),
            "rich_text" if property.get("richText").and_then(Value::as_bool) != Some(true) => {
                rich(say.text(at("textContent").as_str().unwrap_or_default())?)
            }
            "number" => say.tree(&at("numberValue"))?,
            "checkbox" => say.tree(&property.get("checkboxValue").cloned().unwrap_or(json!(false)))?,
            "url" if !skips || is_never_empty(&at("urlValue")) => say.tree(&at("urlValue"))?,
            "email" => say.tree(&at("emailValue"))?,
            "phone_number" => say.tree(&at("phoneValue"))?,
            "select" => Tree::Map(vec![Entry::new("name", say.tree(&at("selectValue"))?)]),
            "status" => Tree::Map(vec![Entry::new("name", say.tree(&at("statusValue"))?)]),
            "multi_select" => many(&mut say, &at("multiSelectValue"), "name")?,
            "people" => ids(&mut say, &at("peopleValue"))?,
            "relation" => ids(&mut say, &at("relationValue"))?,
            "date" if property.get("range").and_then(Value::as_bool) != Some(true) => {
                let day = property.get("includeTime").and_then(Value::as_bool) == Some(false);
                Tree::Map(vec![Entry::text("start", moment(&mut say, &at("date"), day)?)])
            }
            other => {
                return Err(Why::new(Kind::Setting, format!("a property of the kind `{}`", shown(other))));
            }
        };
        out.push(Entry::map(name, vec![Entry::new(kind, value)]));
    }
    params.ignore(&["propertiesUi", "simple"]);
    Ok(out)
}

/// True for a text that has something in it whatever its expressions give.
fn is_never_empty(value: &Value) -> bool {
    let Some(raw) = value.as_str() else { return false };
    let Some(code) = raw.strip_prefix('=') else { return !raw.is_empty() };
    pieces(code).iter().any(|piece| matches!(piece, Piece::Plain(text) if !text.trim().is_empty()))
}

/// Several values, as a list, or as a text with commas.
fn many(say: &mut Say, value: &Value, key: &str) -> Res<Tree> {
    let one = |tree: Tree| Tree::Map(vec![Entry::new(key, tree)]);
    let made = |say: &mut Say, raw: &Value| -> Res<Tree> {
        let ex = say.ex(raw)?;
        let list = match ex.sort {
            Sort::List => ex.text.clone(),
            Sort::Text => format!("split({}, ',')", ex.text),
            _ => format!("type({0}) == 'list' ? {0} : split({0}, ',')", ex.text),
        };
        let text = format!("map({list}, x => {{ {key}: trim(x) }})");
        Ok(Tree::Text(Ex::path(text).hole()))
    };
    match value {
        Value::Array(items) => match &items[..] {
            [only @ Value::String(raw)] if raw.starts_with('=') => made(say, only),
            items if items.iter().any(|item| item.as_str().is_some_and(|raw| raw.starts_with('='))) => {
                Ok(Tree::List(items.iter().map(|item| Ok(one(say.tree(item)?))).collect::<Res<_>>()?))
            }
            items => {
                let words = items.iter().filter_map(Value::as_str).flat_map(|item| item.split(','));
                Ok(Tree::List(words.map(|word| one(Tree::Text(ours::plain(word.trim())))).collect()))
            }
        },
        Value::String(raw) if raw.starts_with('=') => made(say, value),
        Value::String(raw) => {
            let words = raw.split(',').map(str::trim).filter(|word| !word.is_empty());
            Ok(Tree::List(words.map(|word| one(Tree::Text(ours::plain(word)))).collect()))
        }
        _ => Ok(Tree::List(vec![])),
    }
}

fn moment(say: &mut Say, value: &Value, day: bool) -> Res<String> {
    let ex = say.ex(value)?;
    let zone = say.zone().map(|zone| format!(", {}", ours::quoted(zone))).unwrap_or_default();
    let time = if ex.sort == Sort::Time { ex.text } else { format!("time({}{zone})", ex.text) };
    Ok(if day {
        Ex::path(format!("format_time({time}, '%Y-%m-%d'{zone})")).hole()
    } else {
        Ex::path(format!("format_time({time}, '%Y-%m-%dT%H:%M:%SZ')")).hole()
    })
}

/// The blocks of a page's content.
fn children(weave: &mut Weave, place: &Place, params: &Params) -> Res<Option<Tree>> {
    let blocks = params.list("blockUi.blockValues");
    params.ignore(&["blockUi"]);
    let mut out = vec![];
    for block in &blocks {
        let kind = block.get("type").and_then(Value::as_str).unwrap_or("paragraph");
        let is_rich = block.get("richText").and_then(Value::as_bool) == Some(true);
        let plain = matches!(
            kind,
            "paragraph"
                | "heading_1"
                | "heading_2"
                | "heading_3"
                | "bulleted_list_item"
                | "numbered_list_item"
                | "toggle"
        );
        if is_rich || !plain {
            return Err(Why::new(Kind::Setting, format!("a block of the kind `{}`", shown(kind))));
        }
        let raw = block.get("textContent").and_then(Value::as_str).unwrap_or_default();
        let text = Say::new(weave, place).text(raw)?;
        let inner = Entry::map(kind, vec![Entry::new("rich_text", rich(text))]);
        out.push(Tree::Map(vec![Entry::text("object", "block"), Entry::text("type", kind), inner]));
    }
    Ok((!out.is_empty()).then_some(Tree::List(out)))
}

fn icon(weave: &mut Weave, place: &Place, params: &Params) -> Res<Option<Entry>> {
    let Some(raw) = params.text("options.icon") else { return Ok(None) };
    let kind = params.text("options.iconType").unwrap_or_else(|| "emoji".into());
    let text = Say::new(weave, place).text(&raw)?;
    Ok(Some(match kind.as_str() {
        "emoji" => Entry::map("icon", vec![Entry::text("emoji", text)]),
        _ => Entry::map("icon", vec![Entry::map("external", vec![Entry::text("url", text)])]),
    }))
}

/// Pages of a database that fit.
fn found(weave: &mut Weave, node: usize, place: &Place, params: &Params, one: u8) -> Out {
    let path = format!("/databases/{}/query", piece(id(weave, place, params, "databaseId")?));
    let mut json = vec![];
    let all = params.flag("returnAll").unwrap_or(false);
    let limit = params.get("limit").and_then(|limit| limit.as_u64());
    json.push(Entry::bare("page_size", if all { 100 } else { limit.unwrap_or(50).min(100) }));
    if all || limit.is_some_and(|limit| limit > 100) {
        let of = shown(&weave.file.nodes[node].name);
        weave.settle.insert(format!("how many `{of}` gives: at most 100, where n8n asks on"));
    }
    let filter = match params.text("filterType").as_deref() {
        Some("json") => {
            let raw = params.text("filterJson").unwrap_or_default();
            Some(Say::new(weave, place).json(&raw)?)
        }
        Some("none") => None,
        _ => {
            let mut all = vec![];
            for condition in params.list("filters.conditions") {
                all.push(condition_of(weave, place, &condition)?);
            }
            if let Some(condition) = params.get("options.filter.singleCondition") {
                all.push(condition_of(weave, place, &condition)?);
            }
            params.ignore(&["filters", "options.filter"]);
            let word = if params.text("matchType").as_deref() == Some("allFilters") { "and" } else { "or" };
            match all.len() {
                0 => None,
                1 if one == 1 => Some(all.remove(0)),
                _ => Some(Tree::Map(vec![Entry::new(word, Tree::List(all))])),
            }
        }
    };
    params.ignore(&["matchType"]);
    json.extend(filter.map(|filter| Entry::new("filter", filter)));
    let mut sorts = vec![];
    for sort in params.list("options.sort.sortValue") {
        let text = |key: &str| sort.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let direction = Entry::text(
            "direction",
            if text("direction").is_empty() { "ascending".into() } else { text("direction") },
        );
        sorts.push(Tree::Map(if sort.get("timestamp").and_then(Value::as_bool) == Some(true) {
            vec![Entry::text("timestamp", text("key")), direction]
        } else {
            vec![Entry::text("property", named(&json!(text("key")))?.0), direction]
        }));
    }
    params.ignore(&["options.sort"]);
    if !sorts.is_empty() {
        json.push(Entry::new("sorts", Tree::List(sorts)));
    }
    let step = send(weave, node, place, "POST", path, Some(Tree::Map(json)));
    downloads(weave, node, params);
    let pages = format!("steps.{step}.body.results");
    if params.flag("simple") == Some(false) {
        return Ok(vec![(0, place.many(List::open(Ex::new(pages, Bind::Path, Sort::List)), &step))]);
    }
    let wish = format!("{} simple", weave.file.nodes[node].name);
    let made = format!("map({pages}, p => {})", simple("p", one));
    let here = Place { after: [step].into(), ..place.clone() };
    let body = vec![Entry::map("set", vec![Entry::text("items", Ex::path(made).hole())])];
    let held = weave.add(node, &here, &wish, body);
    Ok(vec![(
        0,
        place.many(List::open(Ex::new(format!("steps.{held}.items"), Bind::Path, Sort::List)), &held),
    )])
}

/// Files of pages are told by their addresses, and not fetched.
fn downloads(weave: &mut Weave, node: usize, params: &Params) {
    for path in ["options.downloadFiles", "downloadFiles"] {
        if params.flag(path) == Some(true) {
            weave.parts[node].person(Why::new(Kind::File, "the files of pages are not fetched"));
        }
    }
}

fn condition_of(weave: &mut Weave, place: &Place, condition: &Value) -> Res<Tree> {
    let (name, kind) = named(condition.get("key").unwrap_or(&Value::Null))?;
    let word = condition.get("condition").and_then(Value::as_str).unwrap_or("equals").to_owned();
    let mut say = Say::new(weave, place);
    let camel: String = {
        let mut parts = kind.split('_');
        let head = parts.next().unwrap_or_default().to_owned();
        parts.fold(head, |out, part| {
            let mut letters = part.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            out + &first.into_iter().chain(letters).collect::<String>()
        })
    };
    let value = match word.as_str() {
        "is_empty" | "is_not_empty" => Tree::Bare("true".into()),
        "past_week" | "past_month" | "past_year" | "next_week" | "next_month" | "next_year" => {
            Tree::Map(vec![])
        }
        _ if kind == "date" => {
            Tree::Text(moment(&mut say, condition.get("date").unwrap_or(&Value::Null), false)?)
        }
        _ => {
            let keys = [format!("{camel}Value"), camel.clone(), "phoneNumberValue".into()];
            let found = keys.iter().find_map(|key| condition.get(key));
            let found =
                found.cloned().unwrap_or(json!(if kind == "checkbox" { json!(false) } else { json!("") }));
            say.tree(&found)?
        }
    };
    Ok(Tree::Map(vec![Entry::text("property", name), Entry::map(kind, vec![Entry::new(word, value)])]))
}

/// What n8n makes of a page, where it is not to give it as it is.
fn simplified(weave: &mut Weave, node: usize, place: &Place, params: &Params, step: &str, one: u8) -> Out {
    params.ignore(&["simple"]);
    downloads(weave, node, params);
    if params.flag("simple") == Some(false) {
        return raw(place, step);
    }
    let wish = format!("{} simple", weave.file.nodes[node].name);
    let made = simple(&format!("steps.{step}.body"), one);
    let here = Place { after: [step.to_owned()].into(), ..place.clone() };
    let body = vec![Entry::map("set", vec![Entry::text("item", Ex::path(made).hole())])];
    let held = weave.add(node, &here, &wish, body);
    Ok(vec![(0, place.one(Item::open(Ex::path(format!("steps.{held}.item"))), &held))])
}

fn simple(page: &str, one: u8) -> String {
    let plain = |list: &str| format!("join(map({list}, t => t.plain_text), '')");
    let value = format!(
        "v.type == 'title' ? {} : v.type == 'rich_text' ? {} \
         : v.type in ['select', 'status'] ? v?.[v.type]?.name : v.type == 'multi_select' ? map(v.multi_select, o => o.name) \
         : v.type == 'people' ? map(v.people, o => o?.person?.email) : v.type == 'relation' ? map(v.relation, o => o.id) \
         : v.type == 'files' ? map(v.files, o => o?.external?.url ?? o?.file?.url) \
         : v.type == 'formula' ? v.formula?.[v.formula.type] : v?.[v.type]",
        plain("v.title"),
        plain("v.rich_text")
    )
    .replace("v.", "e.value.")
    .replace("v?.", "e.value?.");
    let (key, first) = match one {
        1 => ("e.key".to_owned(), format!("{{ id: {page}.id }}")),
        _ => (
            "join(['property_', replace(slug(e.key), '-', '_')], '')".to_owned(),
            format!(
                "{{ id: {page}.id, name: {}, url: {page}?.url }}",
                plain(&format!("(find(values({page}.properties), v => v.type == 'title')?.title ?? [])"))
            ),
        ),
    };
    format!(
        "merge({first}, from_entries(map(entries({page}.properties), e => {{ key: {key}, value: {value} }})))"
    )
}
