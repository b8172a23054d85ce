//! Requests of manifests that were made of descriptions: made-up values that fit the types of parameters, and what a call
//! with them would send.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use connectors::connection::{Coming, Connection, Connections};
use connectors::library::{Library, embedded_families};
use connectors::manifest::{Action, Manifest};
use connectors::{Connectors, Preview, Request, Settings, read};
use dsl::types::{Field, Type};
use dsl::value::{File, Value};
use egress::{Client, Policy};
use regex_syntax::hir::{Class, HirKind};
use secret::NoVault;
use serde_json::Value as Json;

/// Reads a manifest, which must have neither errors nor warnings.
pub fn right(text: &str, id: &str) -> Result<Manifest, String> {
    let read = read::manifest(text, Some(id), embedded_families());
    if read.diagnostics.is_empty() {
        return read.value.ok_or_else(|| "it gives nothing and no reason".into());
    }
    let lines = dsl::span::Lines::new(text);
    let told = read.diagnostics.iter().map(|wrong| {
        let at = lines.place(wrong.span.start as usize);
        let line = text.lines().nth(at.line - 1).unwrap_or_default();
        format!("{}:{}: {} {}\n      {}", at.line, at.column, wrong.code.id(), wrong.message, line.trim())
    });
    Err(told.collect::<Vec<_>>().join("\n    "))
}

/// The first request of an action with these parameters.
pub fn preview(manifest: &Manifest, text: &str, action: &Action, args: &Value) -> Result<Preview, String> {
    preview_by(manifest, text, action, args, 0)
}

/// The same for who signs in in another of its ways.
pub fn preview_by(
    manifest: &Manifest,
    text: &str,
    action: &Action,
    args: &Value,
    way: usize,
) -> Result<Preview, String> {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    static EGRESS: LazyLock<Client> = LazyLock::new(|| Client::new(Policy::default(), Arc::new(NoVault)));
    let connectors = Connectors::new(Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: connectors::contents::Contents::none(),
        egress: EGRESS.clone(),
        library: Arc::new(Library::default().with_text(&manifest.id, text.to_owned())),
        connections: Arc::new(Made { way }),
        meter: connectors::meter::Metered::default(),
    });
    let id = format!("{}.{}", manifest.id, action.name);
    let request = Request { connection: Some("made"), ..Request::new(&id, args, "key-1") };
    RUNTIME.block_on(connectors.preview(request)).map_err(|failure| failure.to_string())
}

/// A connection whose fields are made up, in one of the ways to sign in.
struct Made {
    way: usize,
}

impl Connections for Made {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        Box::pin(async move {
            let way = &manifest.auth[self.way];
            let fields = manifest.account.fields.iter().chain(&way.fields);
            let fields = fields.map(|field| {
                let host = manifest.entered.contains(&field.name);
                let value = if host { Value::text("made.parcels.test") } else { value(field) };
                (field.name.as_str(), value)
            });
            let Value::Object(fields) = Value::object(fields) else { panic!("fields are an object") };
            let names = way.secrets.iter().map(|field| field.name.clone());
            let names = names.chain(if way.kind.is_given() { None } else { Some("access".to_owned()) });
            let secrets: BTreeMap<String, String> = names.map(|name| (name.clone(), name)).collect();
            let (name, owner) = ("made".into(), String::new());
            let (auth, base, open) = (way.id.clone(), None, Arc::new(NoVault));
            let fields = (*fields).clone();
            Ok(Connection { name, owner, fields, secrets, base, open, ..Connection::nobody(&auth) })
        })
    }

    fn refused<'a>(&'a self, _: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        panic!("nothing is sent")
    }
}

/// Made-up parameters: those that must be given, or all.
pub fn args(fields: &[Field], all: bool) -> Value {
    let given = fields.iter().filter(|field| all || !field.optional);
    Value::object(given.map(|field| (field.name.as_str(), value(field))))
}

/// A value that fits a field.
pub fn value(field: &Field) -> Value {
    if let Some(pattern) = &field.pattern {
        let hir = regex_syntax::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let mut text = String::new();
        shortest(hir.kind(), &mut text);
        let least = field.min.unwrap_or(0.0) as usize;
        // What is too short is begun anew with more of everything that may be there more than once.
        for more in 1..=least.min(200) as u32 {
            if text.chars().count() >= least {
                break;
            }
            text.clear();
            repeated(hir.kind(), more, &mut text);
        }
        return Value::text(text);
    }
    of_type(&field.ty, field.min, field.max)
}

fn of_type(ty: &Type, min: Option<f64>, max: Option<f64>) -> Value {
    let number = match (min, max) {
        (Some(min), _) if min > 1.0 => min,
        (_, Some(max)) if max < 1.0 => max,
        _ => 1.0,
    };
    match ty {
        Type::Any | Type::Null => Value::text("text"),
        Type::Boolean => Value::Bool(true),
        Type::Integer => Value::Int(number.ceil() as i64),
        Type::Number => Value::Number(number),
        Type::String => {
            let length = max.map_or(4, |most| most.min(4.0) as usize).max(min.unwrap_or(0.0) as usize);
            Value::text("text".chars().cycle().take(length).collect::<String>())
        }
        Type::Time => Value::Time("2026-01-02T03:04:05Z".parse().unwrap()),
        Type::Duration => Value::text("1m"),
        Type::Bytes => {
            let file = File::new(&b"hello"[..], "text/plain");
            Value::File(Arc::new(File { name: Some(Arc::from("a.txt")), ..file }))
        }
        Type::AnyObject => Value::object::<&str>([]),
        Type::Object(fields) => Value::object(fields.iter().map(|field| (field.name.as_str(), value(field)))),
        Type::List(item) => {
            let count = min.unwrap_or(1.0).max(1.0).min(max.unwrap_or(100.0)) as usize;
            Value::list(vec![of_type(item, None, None); count])
        }
        Type::Enum(words) => Value::text(words[0].as_str()),
        Type::Nullable(inner) => of_type(inner, min, max),
        Type::Union(arms) => of_type(&arms[0], min, max),
    }
}

fn shortest(kind: &HirKind, out: &mut String) {
    repeated(kind, 0, out);
}

/// A text that a pattern matches, with so many of what may be there more than once.
fn repeated(kind: &HirKind, more: u32, out: &mut String) {
    match kind {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).unwrap()),
        HirKind::Class(Class::Unicode(class)) => {
            // A letter or digit, where the class has one.
            let fits = |letter: &char| {
                class.ranges().iter().any(|range| range.start() <= *letter && *letter <= range.end())
            };
            let plain = ['a', 'A', '1', '0', 'T', '-', '/'].into_iter().find(fits);
            out.push(plain.unwrap_or_else(|| class.ranges()[0].start()));
        }
        HirKind::Class(Class::Bytes(class)) => out.push(char::from(class.ranges()[0].start())),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX);
            for _ in 0..repetition.min.max(more.min(most)).min(300) {
                repeated(repetition.sub.kind(), more, out);
            }
        }
        HirKind::Capture(capture) => repeated(capture.sub.kind(), more, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| repeated(part.kind(), more, out)),
        HirKind::Alternation(arms) => repeated(arms[0].kind(), more, out),
    }
}

/// What stands where a part of a description says that it stands elsewhere.
fn found<'a>(root: &'a Json, node: &'a Json) -> &'a Json {
    let mut node = node;
    for _ in 0..20 {
        match node["$ref"].as_str().and_then(|way| root.pointer(way.strip_prefix('#')?)) {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

/// True if a path is one of a template.
fn is_path(own: &str, template: &str) -> bool {
    let parts = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (own, known) = (parts(own), parts(template));
    own.len() == known.len()
        && own.iter().zip(&known).all(|(own, known)| match known.split_once('{') {
            None => own == known,
            Some((before, rest)) => {
                let behind = rest.rsplit_once('}').unwrap().1;
                own.len() > before.len() + behind.len() && own.starts_with(before) && own.ends_with(behind)
            }
        })
}

/// Holds a request against a description: its path, what must be given and what is not known, and its body as JSON. It shares
/// nothing with the code that makes manifests.
pub fn judged(root: &Json, preview: &Preview) -> Result<(), String> {
    let (method, headers, body) = (&preview.method, &preview.headers, &preview.body);
    let url = url::Url::parse(&preview.url).map_err(|error| error.to_string())?;
    let base = match root["servers"][0]["url"].as_str() {
        Some(url) => format!("/{}", url.splitn(4, '/').nth(3).unwrap_or_default()),
        None => root["basePath"].as_str().unwrap_or_default().to_owned(),
    };
    let path = url.path().strip_prefix(base.trim_end_matches('/')).unwrap_or(url.path());
    let mut known: Vec<(&String, &Json)> = root["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(template, item)| {
            is_path(path, template.split('?').next().unwrap()) && item.get(method.to_lowercase()).is_some()
        })
        .collect();
    known.sort_by_key(|(template, _)| template.matches('{').count());
    let (template, item) = known.first().ok_or_else(|| format!("no path is `{path}`"))?;
    let operation = &item[method.to_lowercase()];
    let listed = [&item["parameters"], &operation["parameters"]];
    let parameters: Vec<&Json> =
        listed.iter().filter_map(|list| list.as_array()).flatten().map(|node| found(root, node)).collect();
    let fixed = template.split_once('?').map_or("", |(_, query)| query);
    let sent: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let of = |place: &str| -> std::vec::IntoIter<&Json> {
        parameters.iter().copied().filter(|known| known["in"] == place).collect::<Vec<_>>().into_iter()
    };
    let keys = root["components"]["securitySchemes"].as_object().into_iter().flatten();
    let keys: Vec<&str> = keys.filter_map(|(_, scheme)| scheme["name"].as_str()).collect();
    for (name, value) in
        sent.iter().filter(|(name, _)| !keys.contains(&name.as_str()) && !fixed.contains(name))
    {
        let plain = name.split('[').next().unwrap();
        let known = of("query")
            .find(|known| known["name"] == name.as_str())
            .or_else(|| of("query").find(|known| known["name"] == plain));
        let Some(known) = known else {
            // The fields of an object stand beside one another.
            let spread =
                of("query").any(|known| !found(root, &known["schema"])["properties"][plain].is_null());
            if spread {
                continue;
            }
            return Err(format!("no query is `{name}`"));
        };
        let schema = found(root, known.get("schema").unwrap_or(known));
        if schema["type"] == "integer" && value.parse::<i64>().is_err() {
            return Err(format!("`{name}` is no integer: {value}"));
        }
        let words = schema["enum"].as_array().filter(|_| schema["type"] != "array");
        if let Some(words) = words.filter(|words| {
            words.iter().all(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned) != *value)
        }) {
            return Err(format!("`{name}` is {value}, and none of {words:?}"));
        }
    }
    for known in of("query").filter(|known| known["required"] == true) {
        let name = known["name"].as_str().unwrap();
        if sent.iter().all(|(own, _)| own != name && own.split('[').next() != Some(name)) {
            return Err(format!("the query {name} is missing"));
        }
    }
    for known in of("header").filter(|known| known["required"] == true) {
        let name = known["name"].as_str().unwrap();
        // These belong to the way of sending.
        if ["accept", "authorization", "content-type"].contains(&name.to_lowercase().as_str()) {
            continue;
        }
        if headers.iter().all(|(own, _)| !own.eq_ignore_ascii_case(name)) {
            return Err(format!("the header {name} is missing"));
        }
    }
    let kind = headers
        .iter()
        .find(|(name, _)| name == "content-type")
        .map_or("", |(_, kind)| kind.split(';').next().unwrap());
    let taken = found(root, &operation["requestBody"]);
    let content = taken["content"].as_object();
    let schema = match content {
        Some(content) => {
            if body.is_empty() {
                let parts = content.contains_key("multipart/form-data");
                return if taken["required"] == true && method != "GET" && !parts {
                    Err("the body is missing".into())
                } else {
                    Ok(())
                };
            }
            let open = content.keys().any(|media| media.contains('*'));
            if !content.keys().any(|media| media.split(';').next() == Some(kind))
                && !open
                && kind != "text/plain"
            {
                return Err(format!("the body is `{kind}`"));
            }
            content
                .iter()
                .find(|(media, _)| media.split(';').next() == Some(kind))
                .map(|(_, content)| &content["schema"])
                .filter(|_| kind.ends_with("json"))
        }
        None => of("body").next().map(|known| &known["schema"]),
    };
    if content.is_none() && schema.is_none() && of("formData").next().is_none() && !body.is_empty() {
        return Err("there is a body".into());
    }
    let Some(schema) = schema.filter(|schema| schema.is_object()) else { return Ok(()) };
    let mut whole = schema.clone();
    for key in ["components", "definitions"] {
        if let Some(shared) = root.get(key) {
            whole[key] = shared.clone();
        }
    }
    let older = root["openapi"].as_str().is_none_or(|version| version.starts_with("3.0"));
    let draft = if older { jsonschema::Draft::Draft4 } else { jsonschema::Draft::Draft202012 };
    let value: Json = serde_json::from_str(body).map_err(|error| format!("the body is no JSON: {error}"))?;
    // A schema that is none judges nothing.
    let Ok(validator) = jsonschema::options().with_draft(draft).build(&whole) else { return Ok(()) };
    validator.validate(&value).map_err(|error| {
        // What is wrong stands behind the value, which may be long.
        let told = error.to_string();
        let from = told.char_indices().rev().nth(160).map_or(0, |(at, _)| at);
        let told = &told[from..];
        format!("the body: {told} at {}", error.instance_path())
    })
}
