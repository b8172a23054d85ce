//! Nodes for services as requests that the table spells out: over the connector, where there is one, else by `http`.

use serde_json::Value;

use super::params::Params;
use super::say::Say;
use super::services::{connection, parameter, table};
use super::weave::{Place, Res, Weave};
use crate::names::{self, shown};
use crate::ours::{self, Ex};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

fn host(short: &str) -> Option<&'static Value> {
    table().get("hosts").and_then(|hosts| hosts.get(short))
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// The connector that stands for a node's service, where it is at hand.
fn connector(weave: &Weave, short: &str) -> Option<String> {
    let id = host(short).and_then(|host| text(host, "connector")).map_or_else(|| snake(short), str::to_owned);
    weave.catalog.get(&format!("{id}.request")).is_some().then_some(id)
}

fn snake(camel: &str) -> String {
    let mut out = String::new();
    for char in camel.chars() {
        if char.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(char.to_lowercase());
    }
    out
}

/// True if a row of the table can be followed: what it names is at hand.
pub fn is_at_hand(weave: &Weave, short: &str, row: &Value) -> bool {
    match text(row, "action") {
        Some(action) => weave.catalog.get(action).is_some(),
        None => {
            let by_itself = host(short).is_some_and(|host| host.get("base").is_some()) || is_elsewhere(row);
            row.get("request").is_some() && (by_itself || connector(weave, short).is_some())
        }
    }
}

/// True for a row that says the whole address, or of which parameter it is made.
fn is_elsewhere(row: &Value) -> bool {
    let path = text(row, "request").and_then(|text| text.split_once(' ')).map_or("", |(_, path)| path);
    path.starts_with("https://") || path.starts_with("{+")
}

/// The address that stands in a parameter, as it is.
fn address(weave: &mut Weave, place: &Place, params: &Params, path: &str) -> Res<String> {
    let url = params.get(path).ok_or_else(|| Why::new(Kind::Setting, "it has no address"))?;
    // Whoever has such an address may write to where it leads.
    if url.as_str().is_some_and(crate::secrets::is_key_of_a_hook) {
        let why = format!("a secret stands in the file, as `{}`: it is not copied", shown(path));
        return Err(Why::new(Kind::Setting, why));
    }
    super::http::address(&mut Say::new(weave, place), &url)
}

/// The entries of the step that sends a row's request.
pub fn body(weave: &mut Weave, node: usize, place: &Place, params: &Params, row: &Value) -> Res<Vec<Entry>> {
    let short = weave.file.nodes[node].short.clone();
    let (method, path) = text(row, "request").and_then(|text| text.split_once(' ')).unwrap_or(("GET", "/"));
    let elsewhere = is_elsewhere(row);
    let path = match path.strip_prefix("{+").and_then(|path| path.strip_suffix('}')) {
        Some(of) => {
            let url = address(weave, place, params, of)?;
            super::http::settled(weave, node, url)
        }
        None => filled(weave, node, place, params, path)?,
    };
    let mut with = vec![];
    for key in ["query", "headers", "json", "form"] {
        if let Some(value) = row.get(key).map(|of| made(weave, place, params, of)).transpose()?.flatten() {
            with.push(Entry::new(key, value));
        }
    }
    if let Some(connector) = connector(weave, &short).filter(|_| !elsewhere) {
        let mut all = vec![Entry::text("method", method), Entry::text("path", path)];
        all.extend(with);
        let action = format!("{connector}.request");
        connection(weave, &action);
        return Ok(vec![Entry::text("use", action), Entry::map("with", all)]);
    }
    let open = row.get("open").and_then(Value::as_bool) == Some(true);
    let host = match host(&short) {
        Some(host) => host,
        None if open && elsewhere => &Value::Null,
        None => return Err(Why::new(Kind::Service, "where the service is is not known")),
    };
    let base = text(host, "base").filter(|_| !elsewhere).unwrap_or_default();
    if host.get("own").and_then(Value::as_bool) == Some(true) {
        let place = base.split('/').take(3).collect::<Vec<_>>().join("/");
        weave.settle.insert(format!(
            "the address of your `{}`, which the file does not hold: write it in the place of `{place}`",
            super::services::service_of(&short)
        ));
    }
    let mut http = vec![];
    if method != "GET" {
        http.push(Entry::text("method", method));
    }
    http.push(Entry::text("url", format!("{base}{path}")));
    http.extend(with);
    if open || host.get("open").and_then(Value::as_bool) == Some(true) {
        return Ok(vec![Entry::map("http", http)]);
    }
    let credential = weave.file.nodes[node].credentials.first().map(|(_, name)| name.clone());
    let called = names::secret(credential.as_deref().unwrap_or(&short));
    let secret = format!("{{{{ secret(\"{called}\") }}}}");
    // Some are told the key among the fields that they are sent.
    if let Some(field) = text(host, "field") {
        weave.settle.insert(format!(
            "the key of `{}`: `keyway secrets add {called}`",
            super::services::service_of(&short)
        ));
        match http.iter_mut().find(|entry| entry.key == "json") {
            Some(Entry { value: Tree::Map(entries), .. }) => entries.push(Entry::text(field, secret)),
            _ => http.push(Entry::map("json", vec![Entry::text(field, secret)])),
        }
        return Ok(vec![Entry::map("http", http)]);
    }
    let auth = if let Some(header) = text(host, "header") {
        let value =
            text(host, "scheme").map_or_else(|| secret.clone(), |scheme| format!("{scheme} {secret}"));
        Entry::map("header", vec![Entry::text("name", header), Entry::text("value", value)])
    } else if let Some(user) = text(host, "basic") {
        let user = match user {
            "secret" => {
                weave.settle.insert(format!("the user of `{called}`: `keyway secrets add {called}_USER`"));
                format!("{{{{ secret(\"{called}_USER\") }}}}")
            }
            fixed => fixed.to_owned(),
        };
        Entry::map("basic", vec![Entry::text("user", user), Entry::text("password", secret)])
    } else {
        Entry::text("bearer", secret)
    };
    weave.settle.insert(format!(
        "the key of `{}`: `keyway secrets add {called}`",
        super::services::service_of(&short)
    ));
    http.push(Entry::map("auth", vec![auth]));
    Ok(vec![Entry::map("http", http)])
}

/// A path with the parameters in it.
fn filled(weave: &mut Weave, node: usize, place: &Place, params: &Params, path: &str) -> Res<String> {
    let (mut out, mut rest) = (String::new(), path);
    while let Some((before, after)) = rest.split_once('{') {
        // A hole of our own stands as it is.
        if let Some((hole, after)) = after.strip_prefix('{').and_then(|inner| inner.split_once("}}")) {
            out += &format!("{before}{{{{{hole}}}}}");
            rest = after;
            continue;
        }
        let (of, after) = after.split_once('}').unwrap_or((after, ""));
        out += before;
        rest = after;
        // What may be missing leaves nothing.
        let (of, may_miss) = of.strip_suffix('?').map_or((of, false), |of| (of, true));
        let value = parameter(weave, place, params, of)?;
        match value {
            None if may_miss => {}
            // It goes as it stands in the file, and the service refuses it as it refuses n8n.
            None if params.is_blank(of) => {
                let name = shown(&weave.file.nodes[node].name);
                weave.settle.insert(format!("`{of}` of `{name}`, which is empty in the file"));
            }
            Some(Tree::Text(text)) => out += &piece(&text),
            Some(Tree::Bare(text)) => out += &text,
            _ => return Err(Why::new(Kind::Setting, format!("it does not say `{}`", shown(of)))),
        }
    }
    Ok(out + rest)
}

/// A text with holes as one piece of a path.
fn piece(text: &str) -> String {
    if !text.contains("{{") {
        let plain = |char: char| char.is_ascii_alphanumeric() || "-_.~:@!$*,".contains(char);
        if text.chars().all(plain) {
            return text.to_owned();
        }
        return Ex::call("url_encode", &[&Ex::literal(text)], ours::Sort::Text).hole();
    }
    match text.strip_prefix("{{ ").and_then(|rest| rest.strip_suffix(" }}")) {
        Some(inner) if !inner.contains("}}") => {
            Ex::call("url_encode", &[&Ex::path(inner)], ours::Sort::Text).hole()
        }
        // Pieces of text around holes: each hole by itself.
        _ => text.replace("{{ ", "{{ url_encode(").replace(" }}", ") }}"),
    }
}

/// A value that is more than a parameter as it stands.
pub(super) fn special(weave: &mut Weave, place: &Place, params: &Params, of: &str) -> Res<Option<Tree>> {
    if of == "columns" {
        return columns(weave, place, params).map(Some);
    }
    if let Some(without) = of.strip_prefix("columns but ") {
        return match columns(weave, place, params)? {
            Tree::Map(mut entries) => {
                entries.retain(|entry| entry.key != without);
                Ok(Some(Tree::Map(entries)))
            }
            _ => Err(Why::new(Kind::Setting, "it writes all that comes in")),
        };
    }
    if of == "picked" || of.starts_with("picked ") {
        return picked(place, params, of.strip_prefix("picked ")).map(Some);
    }
    if let Some(words) = of.strip_prefix("words ") {
        let (path, default) = words.split_once(' ').map_or((words, None), |(path, word)| (path, Some(word)));
        let Some(word) = params.text(path).or_else(|| default.map(str::to_owned)) else { return Ok(None) };
        let number = WORDS.iter().find(|(known, _)| *known == word).map(|(_, number)| number.to_string());
        let number = number.or_else(|| word.parse::<u64>().ok().map(|number| number.to_string()));
        let no = || Why::new(Kind::Setting, format!("`{}` as `{}`", shown(&word), shown(path)));
        return number.map(|number| Some(Tree::Bare(number))).ok_or_else(no);
    }
    if let Some(raw) = of.strip_prefix('~') {
        let (mut out, mut rest) = (String::new(), raw);
        while let Some((before, after)) = rest.split_once('{') {
            let (path, after) = after.split_once('}').unwrap_or((after, ""));
            out += before;
            rest = after;
            if let Some(raw) = params.text(path) {
                out += &Say::new(weave, place).text(&raw)?;
            }
        }
        return Ok(Some(Tree::Text((out + rest).trim_end().to_owned())));
    }
    // Words that are chosen of a list; `*` is all of them.
    if let Some(path) = of.strip_prefix("listed ") {
        let words = params.list(path);
        if words.iter().any(|word| word.as_str().is_none_or(|word| word.starts_with('='))) {
            return Err(Why::new(Kind::Expression, format!("`{}` that is made", shown(path))));
        }
        let all = words.iter().any(|word| word.as_str() == Some("*"));
        let words = words.iter().filter(|_| !all);
        return Ok(Some(Tree::List(words.map(Tree::of).collect())));
    }
    if let Some(words) = of.strip_prefix("properties ") {
        let mut words = words.split_whitespace();
        let key = words.next().unwrap_or("name");
        let pairs: Vec<(&str, &str)> = words.filter_map(|word| word.split_once(':')).collect();
        return properties(weave, place, params, key, &pairs);
    }
    if let Some(words) = of.strip_prefix("rows ") {
        let mut words = words.split(' ');
        let path = words.next().unwrap_or_default();
        let keys: Vec<(&str, Option<&str>)> = words
            .map(|key| key.split_once("|=").map_or((key, None), |(key, word)| (key, Some(word))))
            .collect();
        return rows(weave, place, params, path, &keys);
    }
    if let Some(words) = of.strip_prefix("pairs ") {
        let words: Vec<&str> = words.split(' ').collect();
        let [path, name, value] = words[..] else { return Ok(None) };
        let mut all = vec![];
        for pair in params.list(path) {
            let name = pair.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            if name.starts_with('=') {
                return Err(Why::new(Kind::Expression, "the name of a field is made"));
            }
            let value = pair.get(value).cloned().unwrap_or(Value::Null);
            all.push(Entry::new(name, Say::new(weave, place).tree(&value)?));
        }
        return Ok((!all.is_empty()).then_some(Tree::Map(all)));
    }
    // What is to be told of a text, each by its name in capitals.
    if let Some(words) = of.strip_prefix("scores ") {
        let words: Vec<&str> = words.split(' ').collect();
        let [path, name, value] = words[..] else { return Ok(None) };
        let mut all = vec![];
        for row in params.list(path) {
            let name = row.get(name).and_then(Value::as_str).unwrap_or_default();
            if name.starts_with('=') {
                return Err(Why::new(Kind::Expression, "the name of a field is made"));
            }
            let mut one = vec![Entry::text("scoreType", "probability")];
            if let Some(value) = row.get(value).filter(|value| !value.is_null()) {
                one.push(Entry::new("scoreThreshold", Say::new(weave, place).tree(value)?));
            }
            all.push(Entry::map(name.to_uppercase(), one));
        }
        return Ok((!all.is_empty()).then_some(Tree::Map(all)));
    }
    // JSON of the lists of values by their names.
    if let Some(words) = of.strip_prefix("grouped ") {
        let words: Vec<&str> = words.split(' ').collect();
        let [path, name, value] = words[..] else { return Ok(None) };
        let mut groups: Vec<(String, Vec<String>)> = vec![];
        for pair in params.list(path) {
            let name = pair.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            if name.starts_with('=') {
                return Err(Why::new(Kind::Expression, "the name of a field is made"));
            }
            let value = Say::new(weave, place).ex(pair.get(value).unwrap_or(&Value::Null))?.text;
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(value),
                None => groups.push((name, vec![value])),
            }
        }
        let fields: Vec<(String, Ex)> =
            groups.into_iter().map(|(name, all)| (name, Ex::path(format!("[{}]", all.join(", "))))).collect();
        let made = Ex::call("json", &[&ours::object(&fields)], ours::Sort::Text);
        return Ok((!fields.is_empty()).then(|| Tree::Text(made.hole())));
    }
    // As it stands, where n8n has no form of its own for what is in it.
    if let Some(path) = of.strip_prefix("plain ") {
        let Some(value) = params.get(path) else { return Ok(None) };
        let nested = |value: &Value| value.as_object().is_some_and(|all| all.values().any(Value::is_object));
        if value.as_array().is_some_and(|items| items.iter().any(nested)) {
            return Err(Why::new(Kind::Setting, format!("what stands within `{}`", shown(path))));
        }
        return Say::new(weave, place).tree(&value).map(Some);
    }
    // The opposite of what it says.
    if let Some(path) = of.strip_prefix('!') {
        let Some(value) = params.get(path) else { return Ok(None) };
        let no = || Why::new(Kind::Setting, format!("`{}` that is made", shown(path)));
        return value.as_bool().map(|flag| Some(Tree::Bare((!flag).to_string()))).ok_or_else(no);
    }
    if let Some(path) = of.strip_prefix("base64 ") {
        let Some(raw) = params.text(path) else { return Ok(None) };
        let text = Say::new(weave, place).ex(&Value::from(raw))?.as_text();
        return Ok(Some(Tree::Text(Ex::call("base64", &[&text], ours::Sort::Text).hole())));
    }
    // The only one of a list.
    if let Some(path) = of.strip_prefix("one ") {
        return match &params.list(path)[..] {
            [] => Ok(None),
            [one] => Say::new(weave, place).tree(one).map(Some),
            _ => Err(Why::new(Kind::Setting, format!("several of `{}`", shown(path)))),
        };
    }
    if let Some(path) = of.strip_prefix("buttons ") {
        return buttons(weave, place, params, path);
    }
    if let Some(path) = of.strip_prefix("split ") {
        let Some(raw) = params.text(path) else { return Ok(None) };
        if raw.starts_with('=') {
            let list = Say::new(weave, place).ex(&Value::from(raw))?.as_text();
            let made = format!("map(split({}, ','), x => trim(x))", list.text);
            return Ok(Some(Tree::Text(Ex::path(made).hole())));
        }
        let one = |word: &str| Tree::Text(ours::plain(word.trim()));
        return Ok(Some(Tree::List(raw.split(',').map(one).collect())));
    }
    if let Some(path) = of.strip_prefix("emails ") {
        let Some(raw) = params.text(path) else { return Ok(None) };
        if raw.starts_with('=') {
            let list = Say::new(weave, place).ex(&Value::from(raw))?.as_text();
            let made = format!("map(split({}, ','), x => {{ email: trim(x) }})", list.text);
            return Ok(Some(Tree::Text(Ex::path(made).hole())));
        }
        let one = |word: &str| Tree::Map(vec![Entry::text("email", ours::plain(word.trim()))]);
        return Ok(Some(Tree::List(raw.split(',').map(one).collect())));
    }
    let Some((path, key)) = of.split_once(",json") else { return parameter(weave, place, params, of) };
    let Some(raw) = params.text(path) else { return Ok(None) };
    let tree = Say::new(weave, place).json(&raw)?;
    Ok(Some(match (key.strip_prefix('.'), tree) {
        (None, tree) => tree,
        (Some(key), Tree::Map(entries)) => {
            let found = entries.into_iter().find(|entry| entry.key == key).map(|entry| entry.value);
            found.ok_or_else(|| Why::new(Kind::Setting, format!("`{}` without `{key}`", shown(path))))?
        }
        (Some(_), _) => return Err(Why::new(Kind::Expression, format!("`{}` that is made", shown(path)))),
    }))
}

/// What Freshdesk calls by numbers and n8n by words.
const WORDS: &[(&str, u64)] = &[
    ("chat", 7),
    ("closed", 5),
    ("email", 1),
    ("feedbackWidget", 9),
    ("high", 3),
    ("low", 1),
    ("medium", 2),
    ("open", 2),
    ("outboundEmail", 10),
    ("pending", 3),
    ("phone", 3),
    ("portal", 2),
    ("resolved", 4),
    ("urgent", 4),
];

/// The fields of the item, all or those that a parameter names.
fn picked(place: &Place, params: &Params, path: Option<&str>) -> Res<Tree> {
    let Some(path) = path else {
        return match &place.item.rest {
            super::weave::Rest::Closed(who) => Err(Why::new(
                Kind::Answer,
                format!("it writes all that `{who}` gives, which is not all at hand"),
            )),
            _ => Ok(Tree::Text(place.item.whole.hole())),
        };
    };
    let names = params.list(path);
    let names = names.iter().filter_map(Value::as_str).map(str::to_owned);
    let fields: Res<Vec<Entry>> =
        names.map(|name| Ok(Entry::text(&*name, place.item.field(&name)?.hole()))).collect();
    fields.map(Tree::Map)
}

/// A list of properties, each with its name and its value. Those whose values turn out to be nothing are left out.
fn properties(
    weave: &mut Weave,
    place: &Place,
    params: &Params,
    key: &str,
    pairs: &[(&str, &str)],
) -> Res<Option<Tree>> {
    let (mut all, mut fixed) = (vec![], true);
    for (path, name) in pairs {
        // `!` for what is sent whatever it is.
        let (path, always) = path.strip_suffix('!').map_or((*path, false), |path| (path, true));
        let Some(value) = params.get(path) else { continue };
        let falsy = value == Value::Bool(false) || value.as_f64() == Some(0.0);
        if falsy && !always {
            continue;
        }
        fixed &= always || !value.as_str().is_some_and(|text| text.starts_with('='));
        all.push((*name, Say::new(weave, place).tree(&value)?, Say::new(weave, place).ex(&value)?, always));
    }
    if fixed {
        let one = |(name, value, ..): (&str, Tree, Ex, bool)| {
            Tree::Map(vec![Entry::text(key, name), Entry::new("value", value)])
        };
        return Ok(Some(Tree::List(all.into_iter().map(one).collect())));
    }
    let list = |sure: bool| -> String {
        let own = all.iter().filter(|(.., always)| *always == sure);
        let one = own.map(|(name, _, value, _)| {
            ours::object(&[(key.to_owned(), Ex::literal(name)), ("value".to_owned(), value.clone())]).text
        });
        one.collect::<Vec<_>>().join(", ")
    };
    let (sure, rest) = (list(true), list(false));
    let made = format!("filter([{rest}], p => not (p.value ?? '') in ['', 0, false])");
    let made = if sure.is_empty() { made } else { format!("[{sure}] + {made}") };
    Ok(Some(Tree::Text(Ex::path(made).hole())))
}

/// The maps of a list with these keys, of which some stand for what the file leaves out; what else they have is told.
fn rows(
    weave: &mut Weave,
    place: &Place,
    params: &Params,
    path: &str,
    keys: &[(&str, Option<&str>)],
) -> Res<Option<Tree>> {
    let mut all = vec![];
    for row in params.list(path) {
        let fields = row.as_object().cloned().unwrap_or_default();
        if let Some(other) = fields.keys().find(|key| !keys.iter().any(|(known, _)| known == key)) {
            return Err(Why::new(Kind::Setting, format!("`{path}.{}` has no equal", shown(other))));
        }
        let mut made = vec![];
        for (key, word) in keys {
            match (fields.get(*key), word) {
                (Some(value), _) => made.push(Entry::new(*key, Say::new(weave, place).tree(value)?)),
                (None, Some(word)) => made.push(Entry::text(*key, *word)),
                (None, None) => {}
            }
        }
        all.push(Tree::Map(made));
    }
    Ok((!all.is_empty()).then_some(Tree::List(all)))
}

/// Rows of buttons below a message, each with its text and what it does.
fn buttons(weave: &mut Weave, place: &Place, params: &Params, path: &str) -> Res<Option<Tree>> {
    let inner = |value: &Value, key: &str| -> Vec<Value> {
        value.pointer(key).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let mut rows = vec![];
    for row in inner(&params.get(path).unwrap_or(Value::Null), "/rows") {
        let mut made = vec![];
        for button in inner(&row, "/row/buttons") {
            let text = button.get("text").cloned().unwrap_or(Value::Null);
            let mut entries = vec![Entry::new("text", Say::new(weave, place).tree(&text)?)];
            for (name, value) in
                button.get("additionalFields").and_then(Value::as_object).into_iter().flatten()
            {
                if value.is_object() {
                    let why = format!("`{}` of a button has no equal", shown(name));
                    return Err(Why::new(Kind::Setting, why));
                }
                entries.push(Entry::new(name, Say::new(weave, place).tree(value)?));
            }
            made.push(Tree::Map(entries));
        }
        rows.push(Tree::List(made));
    }
    Ok((!rows.is_empty()).then_some(Tree::List(rows)))
}

/// The fields that a node writes, each as it is said or all that came in.
fn columns(weave: &mut Weave, place: &Place, params: &Params) -> Res<Tree> {
    params.ignore(&["columns"]);
    match params.text("columns.mappingMode").as_deref() {
        Some("autoMapInputData") => match &place.item.rest {
            super::weave::Rest::Closed(who) => Err(Why::new(
                Kind::Answer,
                format!("it writes all that `{who}` gives, which is not all at hand"),
            )),
            _ => Ok(Tree::Text(place.item.whole.hole())),
        },
        _ => {
            let values = params.get("columns.value").unwrap_or(Value::Null);
            let mut all = vec![];
            for (name, value) in values.as_object().into_iter().flatten() {
                if !value.is_null() {
                    all.push(Entry::new(name, Say::new(weave, place).tree(value)?));
                }
            }
            Ok(Tree::Map(all))
        }
    }
}

/// A value of a request, as the table describes it; nothing where the node says nothing of it.
pub fn made(weave: &mut Weave, place: &Place, params: &Params, of: &Value) -> Res<Option<Tree>> {
    Ok(match of {
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(Tree::Bare(of.to_string())),
        Value::String(of) => match of.strip_prefix('=') {
            Some(fixed) => Some(Tree::text(fixed)),
            None => special(weave, place, params, of)?,
        },
        Value::Array(items) => {
            let mut all = vec![];
            for item in items {
                all.extend(made(weave, place, params, item)?);
            }
            (!all.is_empty()).then_some(Tree::List(all))
        }
        Value::Object(fields) => {
            let mut all: Vec<Entry> = vec![];
            for (key, of) in fields {
                // All that stands under a parameter, under the names that it has there.
                if key == ".." {
                    for path in of.as_str().unwrap_or_default().split('|') {
                        let values = params.get(path).unwrap_or(Value::Null);
                        for (name, value) in values.as_object().into_iter().flatten() {
                            if !value.is_null() && value.as_str() != Some("") {
                                // What n8n keeps in a form of its own is not what it sends.
                                let own = |value: &Value| value.is_object();
                                if own(value) || value.as_array().is_some_and(|items| items.iter().any(own)) {
                                    let why = format!("`{path}.{}` has no equal", shown(name));
                                    return Err(Why::new(Kind::Setting, why));
                                }
                                all.push(Entry::new(name, Say::new(weave, place).tree(value)?));
                            }
                        }
                    }
                } else if let Some(value) = made(weave, place, params, of)? {
                    all.push(Entry::new(key, value));
                }
            }
            (!all.is_empty()).then_some(Tree::Map(all))
        }
    })
}
