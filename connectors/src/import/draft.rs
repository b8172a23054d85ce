//! A manifest as it is thought of before it is written: what a description says of the operations that were chosen, and
//! what it does not.

mod does;
mod given;

use dsl::types::{Field, Type};

use super::auth::{self, Way};
use super::description::{Body, BodyKind, Description, Operation, Parameter, Place, Style};
use super::pages::{self, Pages, plain};
use super::server::{self, Where};
use super::yaml::{Entry, Tree};
use super::{Left, names};
use crate::manifest::request::Method;
use does::{does, idempotency};
use given::{given, label, verify, words};

/// A manifest to be.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub id: String,
    pub name: String,
    /// The form of the description and the version of what it describes.
    pub from: String,
    pub about: String,
    pub docs: Option<String>,
    pub place: Where,
    pub ways: Vec<Way>,
    pub auth_notes: Vec<String>,
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
    /// Whether a no comes with status 200, as GraphQL has it.
    pub graphql: bool,
    pub verify: Option<String>,
    pub label: Option<String>,
    pub actions: Vec<Action>,
    pub left: Vec<Left>,
}

/// An action to be.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub name: String,
    pub about: String,
    pub effect: &'static str,
    pub safety: &'static str,
    pub safety_note: Option<String>,
    pub scopes: Vec<String>,
    pub input: Vec<Field>,
    pub method: Method,
    pub base: Option<String>,
    pub path: String,
    pub query: Vec<Entry>,
    pub headers: Vec<Entry>,
    /// The key of the body and its value.
    pub body: Option<Entry>,
    pub lists: Option<&'static str>,
    pub reads: Option<&'static str>,
    pub idempotency: Option<(&'static str, String)>,
    pub pages: Option<(Pages, String)>,
    pub output: Option<Tree>,
    pub returns: Type,
    pub notes: Vec<String>,
}

/// Drafts a manifest of the operations that were chosen, each with its name.
pub(super) fn of(
    description: &Description,
    chosen: &[(&Operation, String)],
    id: &str,
    base: Option<&str>,
) -> Draft {
    let place = server::of(&description.servers, id, base);
    let operations: Vec<&Operation> = chosen.iter().map(|(operation, _)| *operation).collect();
    let (ways, auth_notes) = auth::of(description, &operations, &place.base);
    let headers = common(&operations);
    let (mut actions, mut left) = (vec![], vec![]);
    for (operation, name) in chosen {
        match action(description, operation, name, &headers) {
            Ok(action) => actions.push(action),
            Err(why) => {
                let operation = format!("{} {}", operation.kind(), operation.shown_path());
                left.push(Left { operation, why });
            }
        }
    }
    let mut place = place;
    for operation in &operations {
        if let Some(found) = operation.server.as_ref().and_then(server::one) {
            place.hosts.extend(found.hosts);
            let more = found
                .fields
                .into_iter()
                .filter(|field| place.fields.iter().all(|known| known.name != field.name));
            let more: Vec<Field> = more.collect();
            place.fields.extend(more);
        }
    }
    place.hosts.extend(ways.iter().flat_map(|way| way.hosts.iter().cloned()));
    place.hosts.sort();
    place.hosts.dedup();
    let whoami = verify(&actions);
    let verify = whoami.map(|action| action.name.clone());
    let label = whoami.and_then(label);
    let name = match description.title.trim() {
        "" => words(id),
        title => super::text::short(title).trim_end_matches(" API").trim_end_matches(" Api").to_owned(),
    };
    let about = match description.about.as_str() {
        "" => format!("What {name} can do for workflows."),
        about => about.to_owned(),
    };
    let version = if description.version.is_empty() {
        String::new()
    } else {
        format!(", version {}", description.version)
    };
    Draft {
        id: id.to_owned(),
        name,
        from: format!("{}{version}", description.form),
        about,
        docs: description.docs.clone(),
        place,
        ways,
        auth_notes,
        headers,
        graphql: operations.iter().any(|operation| operation.document.is_some()),
        verify,
        label,
        actions,
        left,
    }
}

/// What an action does, in a sentence.
pub(super) fn about(operation: &Operation, name: &str) -> String {
    if !operation.summary.is_empty() {
        return operation.summary.clone();
    }
    let mut words = name.replace('_', " ");
    if let Some(first) = words.get(..1).map(str::to_uppercase) {
        words.replace_range(..1, &first);
    }
    format!("{words}.")
}

/// Headers that all operations need and that have one value each: they stand once for all.
fn common(operations: &[&Operation]) -> Vec<(String, String)> {
    let Some(first) = operations.first() else { return vec![] };
    let of = |operation: &Operation, name: &str| {
        let found = operation
            .parameters
            .iter()
            .find(|known| known.place == Place::Header && known.field.name == name);
        found.and_then(fixed)
    };
    let headers = first.parameters.iter().filter(|known| known.place == Place::Header);
    let shared = headers.filter_map(|known| {
        let value = fixed(known)?;
        let everywhere =
            operations.iter().all(|operation| of(operation, &known.field.name).as_deref() == Some(&value));
        everywhere.then(|| (known.field.name.to_lowercase(), value))
    });
    shared.collect()
}

/// The one value of a header: the only one that it takes, or what stands there by default where it must be sent.
fn fixed(parameter: &Parameter) -> Option<String> {
    let default = || {
        let (_, rest) = parameter.field.about.rsplit_once("Default `")?;
        rest.split('`').next().map(str::to_owned)
    };
    let value =
        parameter.constant.clone().or_else(|| if parameter.field.optional { None } else { default() })?;
    let well = !value.is_empty()
        && !value.contains("{{")
        && value.chars().all(|letter| letter.is_ascii_graphic() || letter == ' ');
    (well && !super::text::is_secret(&value)).then_some(value)
}

/// What is gathered for one action.
#[derive(Default)]
struct Gathered {
    input: Vec<Field>,
    notes: Vec<String>,
}

impl Gathered {
    /// Takes a parameter in; gives the name that it has.
    fn take(&mut self, wire: &str, field: &Field, context: &str) -> String {
        let plain = names::parameter(wire);
        let mut name = plain.clone();
        let mut number = 2;
        while self.input.iter().any(|known| known.name == name) {
            name = if number == 2 { format!("{context}_{plain}") } else { format!("{plain}_{number}") };
            number += 1;
        }
        let about = match field.about.as_str() {
            "" => format!("The {}.", names::words(wire).join(" ")),
            about => about.to_owned(),
        };
        self.input.push(Field { name: name.clone(), about, ..field.clone() });
        name
    }
}

/// The hole that reads a parameter.
fn hole(name: &str) -> String {
    format!("{{{{ input.{name} }}}}")
}

fn action(
    description: &Description,
    operation: &Operation,
    name: &str,
    common: &[(String, String)],
) -> Result<Action, String> {
    let mut gathered = Gathered { input: vec![], notes: operation.notes.clone() };
    let mut pages = pages::of(operation);
    let does = does(operation, name);
    if does.effect != "read" {
        pages = None;
    }
    let taken = |wire: &str| pages.as_ref().is_some_and(|pages| pages.taken.iter().any(|own| own == wire));
    let key = idempotency(operation);
    let path = path(operation, &mut gathered)?;
    let (path, mut query) = match path.split_once('?') {
        Some((path, fixed)) => (path.to_owned(), fixed_query(fixed)),
        None => (path, vec![]),
    };
    let mut headers = vec![];
    let lists = lists(operation);
    let mut order: Vec<&Parameter> = operation.parameters.iter().collect();
    order.sort_by_key(|parameter| parameter.field.optional);
    for parameter in order {
        let wire = &parameter.field.name;
        let own = key.as_ref().is_some_and(|(_, key)| key == wire);
        match parameter.place {
            Place::Path | Place::Variable => {}
            Place::Query if taken(wire) || own => {}
            Place::Query => sent(parameter, lists, &mut gathered, &mut query),
            Place::Header if own || common.iter().any(|(known, _)| known.eq_ignore_ascii_case(wire)) => {}
            Place::Header => match fixed(parameter) {
                Some(value) if !parameter.field.optional => {
                    headers.push(Entry::text(wire.to_lowercase(), value))
                }
                _ => {
                    let name = gathered.take(wire, &scalar(&parameter.field), "header");
                    headers.push(Entry::text(
                        wire.to_lowercase(),
                        in_line(&name, &parameter.field.ty, parameter.lists),
                    ));
                }
            },
            Place::Cookie if parameter.field.optional || wire.contains(['{', '}', ';', '=']) => {}
            Place::Cookie => {
                let name = gathered.take(wire, &scalar(&parameter.field), "cookie");
                headers.push(Entry::text("cookie", format!("{wire}={}", hole(&name))));
            }
        }
    }
    let mut body = None;
    let mut more = None;
    if let Some(document) = &operation.document {
        body = Some(self::document(operation, document, &taken, pages.as_ref(), &mut gathered));
    } else if let Some(sent) = &operation.body {
        if operation.method.reads() {
            gathered.notes.push(format!(
                "what becomes of the body; a `{}` is sent without one",
                operation.method.name()
            ));
        } else {
            let skip = |wire: &str| taken(wire) || key.as_ref().is_some_and(|(_, key)| key == wire);
            let made = self::body(sent, &skip, &mut gathered);
            if !matches!(
                sent.media.as_str(),
                "application/json"
                    | "application/x-www-form-urlencoded"
                    | "multipart/form-data"
                    | "text/plain"
            ) && matches!(sent.kind, BodyKind::Json | BodyKind::Text)
                && sent
                    .media
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || "/+.-;= ".contains(letter))
            {
                headers.push(Entry::text("content-type", &sent.media));
            }
            // Bytes of any kind are sent as what the description calls them, and not as what the file is.
            if sent.kind == BodyKind::Bytes && sent.media == "application/octet-stream" {
                headers.push(Entry::text("content-type", &sent.media));
            }
            if sent.kind == BodyKind::Form && sent.lists == Style::Brackets {
                more = Some("indexed");
            }
            body = Some(made);
        }
    }
    if let Some(kind) = operation.content_type.as_ref().filter(|_| body.is_none()) {
        headers.push(Entry::text("content-type", kind));
    }
    if let Some((wire, most)) = pages.as_ref().and_then(|pages| pages.size.clone()) {
        let number = Tree::Bare(most.to_string());
        match &mut body {
            Some(Entry { value: Tree::Map(entries), key, .. })
                if operation.document.is_none() && key != "graphql" && query_lacks(operation, &wire) =>
            {
                entries.push(Entry::new(wire, number));
            }
            _ if operation.document.is_some() => {}
            _ => query.push(Entry::new(wire, number)),
        }
    }
    let (output, returns, reads) = given(operation, name, pages.as_ref());
    let pages = pages.map(|pages| {
        let field = Field {
            min: Some(1.0),
            ..Field::optional("limit", Type::Integer, "Most items; all where nothing is said.")
        };
        let name = gathered.take("limit", &field, "most");
        (pages, name)
    });
    if operation.deprecated {
        gathered.notes.push("what takes its place; the description says that it goes away".into());
    }
    gathered.input.sort_by_key(|field| field.optional);
    let base = operation.server.as_ref().and_then(server::one).map(|found| found.base);
    let (safety, safety_note) = match &key {
        Some(_) => {
            ("keyed", Some("how long the service honours the key (`idempotency: { keep: 24h }`)".to_owned()))
        }
        None => (does.safety, does.note),
    };
    let scopes = auth::scopes(description, operation);
    Ok(Action {
        name: name.to_owned(),
        about: about(operation, name),
        effect: does.effect,
        safety,
        safety_note,
        scopes,
        input: gathered.input,
        method: operation.method,
        base,
        path,
        query,
        headers,
        body,
        lists: lists.or(more),
        reads,
        idempotency: key,
        pages,
        output,
        returns,
        notes: gathered.notes,
    })
}

fn query_lacks(operation: &Operation, wire: &str) -> bool {
    operation.parameters.iter().all(|known| known.place != Place::Query || known.field.name != wire)
}

/// The path with holes.
fn path(operation: &Operation, gathered: &mut Gathered) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = operation.path.split('#').next().unwrap_or_default();
    if operation.document.is_some() {
        return Ok(String::new());
    }
    let mut seen: Vec<(String, String)> = vec![];
    while let Some((before, after)) = rest.split_once('{') {
        let (wire, after) = after.split_once('}').ok_or("its path has a brace that nothing closes")?;
        out += before;
        let known =
            operation.parameters.iter().find(|known| known.place == Place::Path && known.field.name == wire);
        let name = match seen.iter().find(|(known, _)| known == wire) {
            Some((_, name)) => name.clone(),
            None => {
                let field = match known {
                    Some(known) => Field { optional: false, ..scalar(&known.field) },
                    None => Field::required(wire, Type::String, ""),
                };
                let name = gathered.take(wire, &field, "path");
                seen.push((wire.to_owned(), name.clone()));
                name
            }
        };
        let list = known.is_some_and(|known| matches!(plain(&known.field.ty), Type::List(_)));
        out += &if list { format!("{{{{ input.{name} | join(\",\") }}}}") } else { hole(&name) };
        rest = after;
    }
    out += rest;
    if out.contains('}') && !out.contains("}}") {
        return Err("its path has a brace that nothing opens".into());
    }
    // The base ends without a stroke, so that a path of nothing but one is none.
    Ok(if out == "/" { String::new() } else { out })
}

/// A query that stands in a path.
fn fixed_query(text: &str) -> Vec<Entry> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| Entry::text(name, value))
        .collect()
}

/// A parameter that stands within a line: what is no list or scalar there is a text.
fn scalar(field: &Field) -> Field {
    let ty = match plain(&field.ty) {
        Type::Object(_) | Type::AnyObject | Type::Any | Type::Union(_) | Type::Bytes | Type::Null => {
            Type::String
        }
        other => other.clone(),
    };
    Field { ty, ..field.clone() }
}

/// What stands within a line for a parameter.
fn in_line(name: &str, ty: &Type, style: Style) -> String {
    let between = match style {
        Style::Pipes => "|",
        Style::Spaces => " ",
        Style::Brackets | Style::Commas | Style::Json | Style::Repeated => ",",
    };
    match plain(ty) {
        Type::List(_) => format!("{{{{ input.{name} | join(\"{between}\") }}}}"),
        _ => hole(name),
    }
}

/// How the lists of a query stand, where all stand alike and not as they do by default.
fn lists(operation: &Operation) -> Option<&'static str> {
    let lists = operation
        .parameters
        .iter()
        .filter(|known| known.place == Place::Query && matches!(plain(&known.field.ty), Type::List(_)));
    let styles: Vec<Style> = lists.map(|known| known.lists).collect();
    (!styles.is_empty() && styles.iter().all(|style| *style == Style::Commas)).then_some("commas")
}

/// A parameter of the query.
fn sent(parameter: &Parameter, lists: Option<&'static str>, gathered: &mut Gathered, query: &mut Vec<Entry>) {
    let wire = &parameter.field.name;
    if let Some(value) = parameter.constant.as_ref().filter(|_| !parameter.field.optional)
        && !value.contains("{{")
    {
        query.push(Entry::text(wire, value));
        return;
    }
    let ty = without_files(plain(&parameter.field.ty));
    // A query has no null.
    let field = Field { ty: ty.clone(), ..parameter.field.clone() };
    match (&ty, parameter.lists) {
        (_, Style::Json) => {
            let name = gathered.take(wire, &field, "query");
            query.push(Entry::text(wire, format!("{{{{ input.{name} | json }}}}")));
        }
        // The fields of an object stand beside one another.
        (Type::Object(fields), Style::Repeated) => {
            for inner in fields {
                let optional = inner.optional || parameter.field.optional;
                let name = gathered.take(&inner.name, &Field { optional, ..inner.clone() }, wire);
                query.push(Entry::text(&inner.name, hole(&name)));
            }
        }
        (Type::List(_), Style::Commas | Style::Pipes | Style::Spaces) if lists.is_none() => {
            let name = gathered.take(wire, &field, "query");
            query.push(Entry::text(wire, in_line(&name, &ty, parameter.lists)));
        }
        _ => {
            let name = gathered.take(wire, &field, "query");
            query.push(Entry::text(wire, hole(&name)));
        }
    }
}

/// A type in which a file is a text: JSON and forms carry it as Base64.
fn without_files(ty: &Type) -> Type {
    match ty {
        Type::Bytes => Type::String,
        Type::List(item) => Type::list(without_files(item)),
        Type::Nullable(inner) => Type::Nullable(Box::new(without_files(inner))),
        Type::Object(fields) => Type::Object(
            fields.iter().map(|field| Field { ty: without_files(&field.ty), ..field.clone() }).collect(),
        ),
        Type::Union(arms) => Type::Union(arms.iter().map(without_files).collect()),
        other => other.clone(),
    }
}

/// The key of a body and its value.
fn body(body: &Body, skip: &dyn Fn(&str) -> bool, gathered: &mut Gathered) -> Entry {
    let ty = plain(&body.field.ty);
    let whole = |gathered: &mut Gathered, wire: &str, ty: Type, about: &str| {
        let about = if body.field.about.is_empty() { about } else { &body.field.about };
        // Without a value an object is sent that is empty, and nothing else could be.
        let optional =
            !body.required && matches!(ty, Type::AnyObject | Type::Any | Type::Bytes | Type::String);
        let field = Field { optional, about: about.to_owned(), ..Field::required(wire, ty, "") };
        hole(&gathered.take(wire, &field, "body"))
    };
    match body.kind {
        BodyKind::Bytes => Entry::text("bytes", whole(gathered, "file", Type::Bytes, "The file.")),
        BodyKind::Text => Entry::text("text", whole(gathered, "text", Type::String, "The text.")),
        BodyKind::Json | BodyKind::Form | BodyKind::Multipart => {
            let key = match body.kind {
                BodyKind::Form => "form",
                BodyKind::Multipart => "multipart",
                BodyKind::Bytes | BodyKind::Json | BodyKind::Text => "json",
            };
            match ty {
                Type::Object(fields) => {
                    if body.open {
                        gathered.notes.push(
                            "which further fields it takes; the description says that there are some".into(),
                        );
                    }
                    Entry::new(key, Tree::Map(entries(fields, body.kind, skip, gathered)))
                }
                Type::AnyObject | Type::Any if body.kind != BodyKind::Json => {
                    Entry::text(key, whole(gathered, "fields", Type::AnyObject, "The fields that are sent."))
                }
                _ if body.kind == BodyKind::Multipart => {
                    gathered
                        .notes
                        .push("what its parts are called; the description does not name them".into());
                    let hole = whole(gathered, "file", Type::Bytes, "The file.");
                    Entry::new(key, Tree::Map(vec![Entry::text("file", hole)]))
                }
                other => {
                    let wire = if matches!(other, Type::List(_)) { "items" } else { "body" };
                    Entry::text(key, whole(gathered, wire, without_files(other), "What is sent."))
                }
            }
        }
    }
}

/// The fields of a body, each a parameter. A single field that is an object stands for what it holds.
fn entries(
    fields: &[Field],
    kind: BodyKind,
    skip: &dyn Fn(&str) -> bool,
    gathered: &mut Gathered,
) -> Vec<Entry> {
    if let ([only], BodyKind::Json) = (fields, kind)
        && let Type::Object(inner) = plain(&only.ty)
        && inner.len() > 1
    {
        let inner = self::entries(inner, kind, skip, gathered);
        return vec![Entry::new(&*only.name, Tree::Map(inner))];
    }
    let mut all = vec![];
    for field in fields.iter().filter(|field| !skip(&field.name)) {
        if let (Type::Enum(texts), false) = (&field.ty, field.optional)
            && let [only] = &texts[..]
            && !only.contains("{{")
        {
            all.push(Entry::text(&*field.name, only));
            continue;
        }
        let (ty, part) = match (kind, plain(&field.ty)) {
            (BodyKind::Multipart, Type::Bytes) => (Type::Bytes, None),
            (BodyKind::Multipart, Type::Object(_) | Type::AnyObject | Type::List(_) | Type::Any) => {
                (without_files(plain(&field.ty)), Some(" | json"))
            }
            (BodyKind::Multipart | BodyKind::Form, other) => (without_files(other), None),
            (BodyKind::Bytes | BodyKind::Json | BodyKind::Text, _) => (without_files(&field.ty), None),
        };
        let name = gathered.take(&field.name, &Field { ty, ..field.clone() }, "body");
        all.push(Entry::text(&*field.name, format!("{{{{ input.{name}{} }}}}", part.unwrap_or_default())));
    }
    all
}

/// The body of a document of GraphQL.
fn document(
    operation: &Operation,
    document: &super::description::Document,
    taken: &dyn Fn(&str) -> bool,
    pages: Option<&Pages>,
    gathered: &mut Gathered,
) -> Entry {
    let mut order: Vec<&Parameter> =
        operation.parameters.iter().filter(|known| !taken(&known.field.name)).collect();
    order.sort_by_key(|parameter| parameter.field.optional);
    let mut variables = vec![];
    for parameter in order {
        let wire = &parameter.field.name;
        let name = gathered.take(wire, &parameter.field, "variable");
        variables.push(Entry::text(wire, hole(&name)));
    }
    if let Some((wire, most)) = pages.and_then(|pages| pages.size.clone()) {
        variables.push(Entry::new(wire, Tree::Bare(most.to_string())));
    }
    let mut keys = vec![Entry::new("query", Tree::Block(document.text.clone()))];
    if !variables.is_empty() {
        keys.push(Entry::new("variables", Tree::Map(variables)));
    }
    Entry::new("graphql", Tree::Map(keys))
}
