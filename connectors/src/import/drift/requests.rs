//! What a newer description changes of what is sent.

use std::collections::BTreeSet;

use dsl::expr::Expr;
use dsl::expr::ast::{Kind, Part};
use dsl::types::{Field, Type};
use dsl::value::Value;
use dsl::workflow::Arg;

use super::{Found, Weight, parameter};
use crate::import::description::{self, BodyKind, Operation, Place};
use crate::import::pages::{self, plain};
use crate::manifest::paging::{PageKind, Slot};
use crate::manifest::request::{Body, Request};
use crate::manifest::{Action, KeyPlace, Manifest};

/// What a manifest sends at a place.
enum Sent {
    /// A value of a type; whether it may be left out.
    Value(Type, bool),
    /// An object, each of its fields made by itself.
    Object(Vec<(String, Sent)>),
}

impl Sent {
    fn is_optional(&self) -> bool {
        match self {
            Sent::Value(_, optional) => *optional,
            Sent::Object(fields) => !fields.is_empty() && fields.iter().all(|(_, sent)| sent.is_optional()),
        }
    }
}

/// Looks at what an action sends.
pub(super) fn look(
    manifest: &Manifest,
    (action, request): (&Action, &Request),
    operation: &Operation,
    found: &mut Found<'_>,
) {
    if let Body::Graphql { query, .. } = &request.body {
        return document(query, operation, found);
    }
    let slots = slots(action);
    let in_query: BTreeSet<&str> =
        slots.iter().filter(|(place, _)| *place == "query").map(|(_, name)| name.as_str()).collect();
    let mut sent: Vec<(String, Sent)> =
        request.query.iter().map(|(name, arg)| (name.clone(), of(arg, &action.input))).collect();
    let auth = manifest.auth.iter().flat_map(|way| way.apply.query.iter().map(|(name, _)| name.clone()));
    let auth: BTreeSet<String> = auth.collect();
    for known in operation.parameters.iter().filter(|known| known.place == Place::Query) {
        let name = known.field.name.as_str();
        let place = format!("query `{name}`");
        // `page[size]` is a part of `page`.
        let at = sent.iter().position(|(own, _)| {
            own == name || own.strip_prefix(name).is_some_and(|rest| rest.starts_with('['))
        });
        let spread = plain(&known.field.ty)
            .fields()
            .is_some_and(|fields| fields.iter().any(|field| sent.iter().any(|(own, _)| *own == field.name)));
        match at {
            None if spread => {
                let fields = plain(&known.field.ty).fields().unwrap_or_default();
                sent.retain(|(own, _)| fields.iter().all(|field| field.name != *own));
            }
            Some(at) => {
                let (own, value) = sent.remove(at);
                sent.retain(|(other, _)| !other.strip_prefix(name).is_some_and(|rest| rest.starts_with('[')));
                given(&place, known.field.optional, known.deprecated, &value, found);
                if own == name {
                    compare(&place, &value, &known.field.ty, Line::Within, found);
                }
            }
            None if in_query.contains(name) || auth.contains(name) => {}
            // How many items a page has is the service's to say where the list is had whole.
            None if known.field.optional && action.pages.is_some() && pages::is_about_pages(name) => {}
            None => missing(&place, &known.field, found),
        }
    }
    for (name, value) in &sent {
        let fixed = if matches!(value, Sent::Value(_, true)) { "" } else { ", and each call sends it" };
        found.push(Weight::MayBreak, format!("query `{name}`"), format!("it is not known any more{fixed}"));
    }
    for name in in_query.iter().filter(|name| parameter(operation, Place::Query, name).is_none()) {
        let part = name.split('[').next().unwrap_or(name);
        if parameter(operation, Place::Query, part).is_none() {
            let what = "the list goes on by it, and it is not known any more";
            found.push(Weight::Breaks, format!("query `{name}`"), what);
        }
    }
    headers(manifest, (action, request), operation, found);
    path((action, request), operation, found);
    body((action, request), operation, &slots, found);
}

/// What is filled in beside the request: pages, and the key of repeats.
fn slots(action: &Action) -> Vec<(&'static str, String)> {
    let mut slots = vec![];
    let mut add = |slot: &Slot| match slot {
        Slot::Body(way) => slots.push(("body", way.join("."))),
        Slot::Header(name) => slots.push(("header", name.clone())),
        Slot::Query(name) => slots.push(("query", name.clone())),
    };
    match action.pages.as_ref().map(|pages| &pages.kind) {
        Some(
            PageKind::Cursor { into, .. }
            | PageKind::Keyset { into, .. }
            | PageKind::Offset { into, .. }
            | PageKind::Page { into, .. },
        ) => {
            add(into);
        }
        Some(PageKind::Continue { .. } | PageKind::LinkHeader | PageKind::NextUrl { .. }) | None => {}
    }
    match action.idempotency.as_ref().map(|own| &own.place) {
        Some(KeyPlace::Body(way)) => add(&Slot::Body(way.clone())),
        Some(KeyPlace::Header(name)) => add(&Slot::Header(name.clone())),
        Some(KeyPlace::Query(name)) => add(&Slot::Query(name.clone())),
        None => {}
    }
    slots
}

/// A parameter that is not sent.
fn missing(place: &str, field: &Field, found: &mut Found<'_>) {
    if field.optional {
        found.push(Weight::New, place, "it can be given");
    } else {
        found.push(Weight::Breaks, place, "it must be given, and is not sent");
    }
}

/// A parameter that is sent.
fn given(place: &str, optional: bool, deprecated: bool, sent: &Sent, found: &mut Found<'_>) {
    if !optional && sent.is_optional() {
        found.push(Weight::MayBreak, place, "it must be given, and may be left out");
    }
    if deprecated {
        found.push(Weight::MayBreak, place, "it is said to go away");
    }
}

fn headers(
    manifest: &Manifest,
    (action, request): (&Action, &Request),
    operation: &Operation,
    found: &mut Found<'_>,
) {
    let auth = manifest.auth.iter().flat_map(|way| &way.apply.headers);
    let keyed = match action.idempotency.as_ref().map(|own| &own.place) {
        Some(KeyPlace::Header(name)) => Some(name.as_str()),
        _ => None,
    };
    let always: Vec<&str> =
        manifest.defaults.headers.iter().chain(auth).map(|(name, _)| name.as_str()).chain(keyed).collect();
    for known in operation.parameters.iter().filter(|known| known.place == Place::Header) {
        let name = known.field.name.as_str();
        let place = format!("header `{name}`");
        let own = request.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        match own {
            Some((_, arg)) => {
                let sent = of(arg, &action.input);
                given(&place, known.field.optional, known.deprecated, &sent, found);
                compare(&place, &sent, &known.field.ty, Line::Within, found);
            }
            None if always.iter().any(|own| own.eq_ignore_ascii_case(name)) => {}
            None => missing(&place, &known.field, found),
        }
    }
}

/// The holes of the path, in their order.
fn path((action, request): (&Action, &Request), operation: &Operation, found: &mut Found<'_>) {
    let Arg::Text(template) = &request.path else { return };
    let own: Vec<Sent> = template.exprs().map(|expr| of_expr(expr, &action.input)).collect();
    let names: Vec<&str> =
        operation.path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
    // Where one of both has a part more that is fixed, they cannot be told apart by their number.
    if own.len() != names.len() {
        return;
    }
    for (sent, name) in own.iter().zip(names) {
        if let Some(known) = parameter(operation, Place::Path, name) {
            compare(&format!("path `{name}`"), sent, &known.field.ty, Line::Within, found);
        }
    }
}

fn body(
    (action, request): (&Action, &Request),
    operation: &Operation,
    slots: &[(&str, String)],
    found: &mut Found<'_>,
) {
    let (kind, arg) = match &request.body {
        Body::Json(arg) => (BodyKind::Json, arg),
        Body::Form(arg) => (BodyKind::Form, arg),
        Body::Multipart(arg) => (BodyKind::Multipart, arg),
        Body::Bytes(arg) => (BodyKind::Bytes, arg),
        Body::Text(arg) => (BodyKind::Text, arg),
        Body::Graphql { .. } | Body::Related { .. } => return,
        Body::None => {
            if let Some(body) =
                operation.body.as_ref().filter(|body| body.required && !operation.method.reads())
            {
                let keyed = slots.iter().any(|(place, _)| *place == "body");
                let needs = plain(&body.field.ty)
                    .fields()
                    .is_none_or(|fields| fields.iter().any(|field| !field.optional));
                if needs && !keyed {
                    found.push(Weight::Breaks, "body", "it must be given, and is not sent");
                }
            }
            return;
        }
    };
    let Some(known) = &operation.body else {
        found.push(Weight::MayBreak, "body", "none is taken any more");
        return;
    };
    if known.kind != kind {
        let what = format!(
            "it is sent as {}, and `{}` is taken",
            name(kind),
            super::super::text::short(&known.media)
        );
        found.push(Weight::MayBreak, "body", what);
        return;
    }
    let sent = of(arg, &action.input);
    let filled: BTreeSet<&str> =
        slots.iter().filter(|(place, _)| *place == "body").map(|(_, way)| way.as_str()).collect();
    match (&sent, plain(&known.field.ty)) {
        (Sent::Object(own), Type::Object(fields)) => {
            object("", own, fields, known.open, &filled, line(kind), found)
        }
        // Parts that are not named have names that somebody found out.
        _ if kind == BodyKind::Multipart => {}
        (sent, ty) => compare("body", sent, ty, line(kind), found),
    }
}

fn name(kind: BodyKind) -> &'static str {
    match kind {
        BodyKind::Bytes => "a file",
        BodyKind::Form => "a form",
        BodyKind::Json => "JSON",
        BodyKind::Multipart => "parts",
        BodyKind::Text => "text",
    }
}

fn line(kind: BodyKind) -> Line {
    match kind {
        BodyKind::Json => Line::Typed,
        BodyKind::Bytes | BodyKind::Form | BodyKind::Multipart | BodyKind::Text => Line::Within,
    }
}

/// The fields of an object that a manifest makes one by one.
fn object(
    before: &str,
    own: &[(String, Sent)],
    fields: &[Field],
    open: bool,
    filled: &BTreeSet<&str>,
    line: Line,
    found: &mut Found<'_>,
) {
    for field in fields {
        let at = format!("{before}{}", field.name);
        let place = format!("body `{at}`");
        match own.iter().find(|(name, _)| *name == field.name) {
            Some((_, sent)) => {
                given(&place, field.optional, false, sent, found);
                match (sent, plain(&field.ty)) {
                    (Sent::Object(own), Type::Object(fields)) => {
                        object(&format!("{at}."), own, fields, false, filled, line, found);
                    }
                    (sent, ty) => compare(&place, sent, ty, line, found),
                }
            }
            None if filled.contains(at.as_str())
                || filled.iter().any(|way| way.starts_with(&format!("{at}."))) => {}
            None => missing(&place, field, found),
        }
    }
    if !open {
        for (name, _) in own.iter().filter(|(name, _)| fields.iter().all(|field| field.name != *name)) {
            // `a[b]` is a part of `a` in a form.
            let part = name.split('[').next().unwrap_or(name);
            if line == Line::Typed || fields.iter().all(|field| field.name != part) {
                found.push(Weight::MayBreak, format!("body `{before}{name}`"), "it is not known any more");
            }
        }
    }
}

/// Whether what is sent keeps its type, or is a text whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Typed,
    Within,
}

fn compare(place: &str, sent: &Sent, wanted: &Type, line: Line, found: &mut Found<'_>) {
    let ty = match sent {
        Sent::Value(ty, _) => ty,
        Sent::Object(_) => &Type::AnyObject,
    };
    types(place, "", ty, wanted, line, found);
}

/// A type that is sent and the one that is taken.
fn types(place: &str, within: &str, own: &Type, wanted: &Type, line: Line, found: &mut Found<'_>) {
    let (own, wanted) = (plain(own), plain(wanted));
    let place = if within.is_empty() { place.to_owned() } else { format!("{place}, `{within}`") };
    match (own, wanted) {
        (Type::Enum(own), Type::Enum(known)) => {
            let gone: Vec<String> =
                own.iter().filter(|word| !known.contains(word)).map(|word| format!("`{word}`")).collect();
            if !gone.is_empty() {
                let verb = if gone.len() == 1 { "is" } else { "are" };
                found.push(Weight::Breaks, &*place, format!("{} {verb} not taken any more", gone.join(", ")));
            }
            let more: Vec<String> = known
                .iter()
                .filter(|word| !own.contains(word))
                .take(8)
                .map(|word| format!("`{word}`"))
                .collect();
            if !more.is_empty() {
                found.push(Weight::New, &*place, format!("it can be {}", more.join(", ")));
            }
        }
        (Type::String, Type::Enum(_)) => {
            found.push(Weight::MayBreak, &*place, "only some words are taken, and any text may be sent");
        }
        (Type::Object(own), Type::Object(known)) => {
            for field in known {
                let at =
                    if within.is_empty() { field.name.clone() } else { format!("{within}.{}", field.name) };
                match own.iter().find(|own| own.name == field.name) {
                    Some(own) => {
                        if own.optional && own.default.is_none() && !field.optional {
                            found.push(
                                Weight::MayBreak,
                                format!("{place}, `{at}`"),
                                "it must be given, and may be left out",
                            );
                        }
                        types(&place_of(&place, within), &at, &own.ty, &field.ty, line, found);
                    }
                    None if field.optional => {
                        found.push(Weight::New, format!("{place}, `{at}`"), "it can be given")
                    }
                    None => found.push(
                        Weight::Breaks,
                        format!("{place}, `{at}`"),
                        "it must be given, and has no parameter",
                    ),
                }
            }
            for field in own.iter().filter(|own| known.iter().all(|known| known.name != own.name)) {
                found.push(
                    Weight::MayBreak,
                    format!("{place}, `{}`", field.name),
                    "it is not known any more",
                );
            }
        }
        (Type::List(own), Type::List(known)) => {
            types(&place_of(&place, within), &format!("{within}[]"), own, known, line, found)
        }
        (own, wanted) if fits(own, wanted, line) => {}
        (own, wanted) => found.push(
            Weight::Breaks,
            &*place,
            format!("it is `{}`, and `{}` is sent", word(wanted), word(own)),
        ),
    }
}

/// The place without what stands within, which is told once.
fn place_of(place: &str, within: &str) -> String {
    match within {
        "" => place.to_owned(),
        within => place.trim_end_matches(&format!(", `{within}`")).to_owned(),
    }
}

/// A type in a word.
pub(super) fn word(ty: &Type) -> String {
    match plain(ty) {
        Type::Object(_) => "object".into(),
        Type::List(item) => format!("[{}]", word(item)),
        other => other.to_string(),
    }
}

/// True where what is sent may be what is taken.
fn fits(own: &Type, wanted: &Type, line: Line) -> bool {
    match (own, wanted) {
        (Type::Any | Type::Null, _) | (_, Type::Any | Type::Null) => true,
        (Type::Union(arms), wanted) => arms.iter().any(|own| fits(plain(own), wanted, line)),
        (own, Type::Union(arms)) => arms.iter().any(|wanted| fits(own, plain(wanted), line)),
        (Type::AnyObject | Type::Object(_), Type::AnyObject | Type::Object(_)) => true,
        (Type::List(own), Type::List(wanted)) => fits(plain(own), plain(wanted), line),
        (Type::Integer, Type::Number) => true,
        (Type::Bytes, Type::Bytes | Type::String) => true,
        (
            Type::String | Type::Time | Type::Duration | Type::Enum(_),
            Type::String | Type::Time | Type::Bytes | Type::Duration | Type::Enum(_),
        ) => true,
        // Within a line all is text, and a list is one with something between its items.
        (_, Type::String | Type::Enum(_)) if line == Line::Within => true,
        (Type::String, Type::List(_)) if line == Line::Within => true,
        (own, wanted) => own == wanted,
    }
}

/// What a value with holes sends.
fn of(arg: &Arg, input: &[Field]) -> Sent {
    match arg {
        Arg::Value(value) => Sent::Value(of_value(value), false),
        Arg::Expr(expr) => of_expr(expr, input),
        Arg::Text(template) => Sent::Value(Type::Any, template.exprs().any(|expr| is_optional(expr, input))),
        Arg::List(items) => {
            let optional = !items.is_empty() && items.iter().all(|item| of(item, input).is_optional());
            Sent::Value(Type::list(Type::Any), optional)
        }
        Arg::Object(entries) => {
            Sent::Object(entries.iter().map(|(name, arg)| (name.to_string(), of(arg, input))).collect())
        }
    }
}

fn of_value(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::Boolean,
        Value::Int(_) => Type::Integer,
        Value::Number(_) => Type::Number,
        Value::Text(text) => Type::Enum(vec![text.to_string()]),
        Value::List(_) => Type::list(Type::Any),
        Value::Object(_) => Type::AnyObject,
        _ => Type::Any,
    }
}

fn is_optional(expr: &Expr, input: &[Field]) -> bool {
    expr.needs().iter().any(|(name, needed)| {
        let field = input.iter().find(|field| **name == *"input" && field.name == **needed);
        field.is_some_and(|field| field.optional && field.default.is_none())
    })
}

fn of_expr(expr: &Expr, input: &[Field]) -> Sent {
    let optional = is_optional(expr, input);
    let ty = steps(expr).filter(|(name, _)| name == "input").and_then(|(_, steps)| match &steps[..] {
        [name] => input.iter().find(|field| field.name == *name).map(|field| field.ty.clone()),
        _ => None,
    });
    Sent::Value(ty.unwrap_or_default(), optional)
}

/// The name and the fields that an expression reads, where it does nothing else.
pub(super) fn steps(expr: &Expr) -> Option<(String, Vec<String>)> {
    path_at(expr, &expr.nodes().get(usize::from(expr.root()))?.kind)
}

/// The name and the fields of a node that is a path.
pub(super) fn path_at(expr: &Expr, kind: &Kind) -> Option<(String, Vec<String>)> {
    let (base, parts) = match kind {
        Kind::Name(name) => return Some((name.to_string(), vec![])),
        Kind::Path(base, parts) => (base, parts),
        _ => return None,
    };
    let Kind::Name(name) = &expr.nodes().get(usize::from(*base))?.kind else { return None };
    let mut steps = vec![];
    for part in parts {
        match part {
            Part::Field(name, _) | Part::SoftField(name, _) => steps.push(name.to_string()),
            Part::Index(at) | Part::SoftIndex(at) => match &expr.nodes().get(usize::from(*at))?.kind {
                Kind::Value(Value::Text(text)) => steps.push(text.to_string()),
                Kind::Value(Value::Int(_)) => steps.push(ITEM.to_owned()),
                _ => return None,
            },
        }
    }
    Some((name.to_string(), steps))
}

/// What stands for an item of a list.
pub(super) const ITEM: &str = "[]";

/// The arguments of a document.
fn document(query: &str, operation: &Operation, found: &mut Found<'_>) {
    let Some(root) = super::root_field(query) else { return };
    let inner = query.split_once('{').map_or("", |(_, inner)| inner);
    let after = inner.split_once(root).map_or("", |(_, rest)| rest).trim_start();
    let arguments = arguments(after.strip_prefix('(').unwrap_or_default());
    let known = |name: &str| {
        operation.parameters.iter().find(|known: &&description::Parameter| known.field.name == name)
    };
    for name in arguments.iter().filter(|name| known(name).is_none()) {
        found.push(Weight::Breaks, format!("argument `{name}`"), "it is not known any more");
    }
    for known in operation.parameters.iter().filter(|known| !arguments.contains(&known.field.name)) {
        missing(&format!("argument `{}`", known.field.name), &known.field, found);
    }
}

/// The names of arguments, up to the parenthesis that closes them.
fn arguments(text: &str) -> Vec<String> {
    let (mut names, mut depth, mut word) = (vec![], 1, String::new());
    for letter in text.chars() {
        match letter {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            ':' if depth == 1 => names.push(std::mem::take(&mut word)),
            letter if letter.is_ascii_alphanumeric() || letter == '_' => {
                word.push(letter);
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
        word.clear();
    }
    names
}
