//! What is sent, and how a whole list is had.

use std::sync::Arc;

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::fields::{Fields, Owner, Reader};
use dsl::shape;
use dsl::span::Span;
use dsl::types::{Field, Type};
use dsl::workflow::Arg;
use dsl::yaml::Node;

use super::scope::{self, InScope, Scope};
use super::{exclusive, hosts, word};
use crate::keys;
use crate::manifest::paging::{Each, PageKind, Pages, Slot};
use crate::manifest::request::{Body, Lists, Method, Reads, Request};

/// Where requests may go.
pub(super) struct Places<'a> {
    /// The hosts of the manifest.
    pub hosts: &'a [String],
    /// The fields of connections.
    pub fields: &'a [Field],
}

/// Reads a request.
pub(super) fn read(
    reader: &mut Reader<'_>,
    node: &Node,
    scope: &Scope,
    places: &Places<'_>,
) -> Option<Request> {
    let owner = Owner { what: "`request`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::REQUEST))?;
    fields.required("method", "`request`");
    let path = fields.required("path", "`request`");
    let path = path.and_then(|node| scope::path(fields.reader, node, scope));
    let method = word(fields, "method", keys::METHODS, &Method::ALL);
    let base = fields.take("base").and_then(|node| {
        let url = fields.template_in("base", scope)?;
        hosts::check(fields.reader, &url, node.span, places.hosts, places.fields);
        Some(url)
    });
    let query = fields.pairs_in("query", scope);
    let headers = fields.pairs_in("headers", scope);
    let body = body(fields, scope);
    let lists = word(fields, "lists", keys::LIST_FORMS, &Lists::ALL).unwrap_or_default();
    let reads = word(fields, "reads", keys::READS, &Reads::ALL).unwrap_or_default();
    let file_name = fields.template_in("file_name", scope);
    let link = fields.value_in("link", scope);
    if let Some(entry) = fields.entry("file_name").filter(|_| reads != Reads::Bytes) {
        let message = "`file_name` names a file, and the answer is not read as one";
        let wrong = Diagnostic::error(Code::MissingKey, entry.key.span(), message);
        fields.reader.diagnostics.push(wrong.help("write `reads: bytes`"));
    }
    if let Some(entry) = fields.entry("link").filter(|_| !matches!(body, Body::None)) {
        exclusive(fields.reader, "link", "a body", entry.key.span());
    }
    let (method, path) = (method?, path?);
    if let (Some(method), false) = (Some(method).filter(|method| method.reads()), matches!(body, Body::None))
    {
        let span = fields.take("method").map_or(node.span, |node| node.span);
        let message = format!("a `{}` has no body", method.name());
        let wrong = Diagnostic::error(Code::Exclusive, span, message);
        fields.reader.diagnostics.push(wrong.help("what it is given stands in `query`"));
    }
    Some(Request { method, base, path, query, headers, body, lists, reads, file_name, link })
}

fn body(fields: &mut Fields<'_, '_, '_>, scope: &Scope) -> Body {
    let given: Vec<(&str, Span)> = keys::BODIES
        .iter()
        .filter_map(|key| fields.entry(key).map(|entry| (*key, entry.key.span())))
        .collect();
    if let [(first, _), (second, span), ..] = given[..] {
        exclusive(fields.reader, first, second, span);
    }
    let Some((key, _)) = given.first().copied() else { return Body::None };
    let value = match key {
        "graphql" => {
            return fields
                .take(key)
                .and_then(|node| graphql(fields.reader, node, scope))
                .unwrap_or(Body::None);
        }
        "related" => {
            return fields
                .take(key)
                .and_then(|node| related(fields.reader, node, scope))
                .unwrap_or(Body::None);
        }
        "multipart" => Some(object(fields.pairs_in(key, scope))),
        "text" => fields.template_in(key, scope),
        _ => fields.value_in(key, scope),
    };
    let Some(value) = value else { return Body::None };
    match key {
        "bytes" => Body::Bytes(value),
        "form" => Body::Form(value),
        "json" => Body::Json(value),
        "multipart" => Body::Multipart(value),
        _ => Body::Text(value),
    }
}

fn object(pairs: Vec<(String, Arg)>) -> Arg {
    Arg::Object(pairs.into_iter().map(|(name, value)| (Arc::from(name), value)).collect())
}

fn graphql(reader: &mut Reader<'_>, node: &Node, scope: &Scope) -> Option<Body> {
    let owner = Owner { what: "`graphql`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::GRAPHQL))?;
    let query = fields.required("query", "`graphql`")?;
    let query = fields.reader.text(query, "`query`")?.value;
    let variables = fields.take("variables").map(|_| object(fields.pairs_in("variables", scope)));
    Some(Body::Graphql { query, variables })
}

fn related(reader: &mut Reader<'_>, node: &Node, scope: &Scope) -> Option<Body> {
    let owner = Owner { what: "`related`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::RELATED))?;
    for key in ["json", "file"] {
        fields.required(key, "`related`");
    }
    let (json, file) = (fields.value_in("json", scope), fields.value_in("file", scope));
    Some(Body::Related { json: json?, file: file? })
}

/// Reads how a whole list is had. `scope` sees what the request sees.
pub(super) fn pages(
    reader: &mut Reader<'_>,
    node: &Node,
    scope: &Scope,
    places: &Places<'_>,
) -> Option<Pages> {
    let owner = Owner { what: "`pages`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::PAGES))?;
    let kind = fields.required("kind", "`pages`")?;
    let kind = fields.reader.choice(kind, "kind", &PageKind::NAMES)?;
    fields.required("items", "`pages`");
    let response = scope.with_response();
    let (needs_next, needs_into) = match kind {
        "cursor" | "keyset" => (true, true),
        "continue" | "next_url" => (true, false),
        "offset" | "page" => (false, true),
        _ => (false, false),
    };
    for (key, needed) in [("next", needs_next), ("into", needs_into), ("request", kind == "continue")] {
        match fields.entry(key) {
            None if needed => {
                fields.required(key, &format!("`pages` of the kind `{kind}`"));
            }
            Some(entry) if !needed => exclusive(fields.reader, kind, key, entry.key.span()),
            None | Some(_) => {}
        }
    }
    if let Some(entry) = fields.entry("first").filter(|_| !matches!(kind, "offset" | "page")) {
        exclusive(fields.reader, kind, "first", entry.key.span());
    }
    let seen = if kind == "keyset" { scope.with("item", Type::Any) } else { response.clone() };
    let next = if needs_next { fields.expr_in("next", &seen) } else { None };
    let into = fields.take("into").and_then(|node| into(fields.reader, node));
    let further = fields.take("request").and_then(|node| {
        let scope = scope.with("next", Type::Any);
        read(fields.reader, node, &scope, places)
    });
    let first = fields.integer("first", 0..=1);
    let stop_when = fields.condition_in("stop_when", &response.with("items", Type::list(Type::Any)));
    let max_pages = fields.integer("max_pages", 1..=1_000).unwrap_or(100);
    let limit = fields.expr_in("limit", scope);
    let kind = match kind {
        "continue" => PageKind::Continue { next: next?, request: Box::new(further?) },
        "cursor" => PageKind::Cursor { next: next?, into: into? },
        "keyset" => PageKind::Keyset { next: next?, into: into? },
        "link_header" => PageKind::LinkHeader,
        "next_url" => PageKind::NextUrl { next: next? },
        "offset" => PageKind::Offset { into: into?, first: first.unwrap_or(0) },
        _ => PageKind::Page { into: into?, first: first.unwrap_or(1) },
    };
    let items = fields.expr_in("items", &response)?;
    Some(Pages { kind, items, stop_when, max_pages: usize::try_from(max_pages).ok()?, limit })
}

fn into(reader: &mut Reader<'_>, node: &Node) -> Option<Slot> {
    let owner = Owner { what: "`into`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::INTO))?;
    let mut found = vec![];
    for key in ["query", "body", "header"] {
        let Some(node) = fields.take(key) else { continue };
        let text = fields.reader.text(node, &format!("`{key}`"))?.value;
        found.push((key, node.span, text));
    }
    match &found[..] {
        [("query", _, name)] => Some(Slot::Query(name.clone())),
        [("header", _, name)] => Some(Slot::Header(name.clone())),
        [(_, _, path)] => Some(Slot::Body(path.split('.').map(str::to_owned).collect())),
        [(first, ..), (second, span, _), ..] => {
            exclusive(fields.reader, first, second, *span);
            None
        }
        [] => {
            let message = "`into` says where: `query`, `body` or `header`";
            fields.reader.diagnostics.push(Diagnostic::error(Code::MissingKey, node.span, message));
            None
        }
    }
}

/// Reads what is asked for each item of a list. The first scope is that of the request, the second that of its answer.
pub(super) fn each(
    reader: &mut Reader<'_>,
    node: &Node,
    (sent, answered): (&Scope, &Scope),
    places: &Places<'_>,
) -> Option<Each> {
    let owner = Owner { what: "`each`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::EACH))?;
    let (sent, answered) = (sent.with("item", Type::Any), answered.with("item", Type::Any));
    for key in ["output", "max"] {
        fields.required(key, "`each`");
    }
    let request = fields.required("request", "`each`");
    let request = request.and_then(|node| read(fields.reader, node, &sent, places));
    let output = fields.value_in("output", &answered.with_response());
    let parallel = fields.integer("parallel", 1..=16).unwrap_or(4);
    let max = fields.integer("max", 1..=1_000)?;
    let request = request?;
    if !request.method.reads() {
        let span = fields.take("request").map_or(node.span, |node| node.span);
        let message = format!("`each` looks at items, and `{}` may change them", request.method.name());
        fields.reader.diagnostics.push(Diagnostic::error(Code::UnkeptSafety, span, message));
    }
    let (parallel, max) = (usize::try_from(parallel).ok()?, usize::try_from(max).ok()?);
    Some(Each { request, output: output?, parallel, max })
}
