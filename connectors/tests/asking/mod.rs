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
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    static EGRESS: LazyLock<Client> = LazyLock::new(|| Client::new(Policy::default(), Arc::new(NoVault)));
    let connectors = Connectors::new(Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: connectors::contents::Contents::none(),
        egress: EGRESS.clone(),
        library: Arc::new(Library::default().with_text(&manifest.id, text.to_owned())),
        connections: Arc::new(Made),
        meter: connectors::meter::Metered::default(),
    });
    let id = format!("{}.{}", manifest.id, action.name);
    let request = Request { connection: Some("made"), ..Request::new(&id, args, "key-1") };
    RUNTIME.block_on(connectors.preview(request)).map_err(|failure| failure.to_string())
}

/// A connection whose fields are made up.
struct Made;

impl Connections for Made {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        Box::pin(async move {
            let way = &manifest.auth[0];
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
            let (name, auth, base, open) = ("made".into(), way.id.clone(), None, Arc::new(NoVault));
            Ok(Connection { name, auth, fields: (*fields).clone(), secrets, version: 0, base, open })
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
            let file = File::new(b"hello", "text/plain");
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
            let fits = |letter: &char| class.ranges().iter().any(|range| range.start() <= *letter && *letter <= range.end());
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
