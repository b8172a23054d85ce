//! A mapping that is wrong in one place turns a fixture red: each method, path, and name of a query, header, body, page
//! or key is changed in turn, and the fixtures of its action are played.

#![allow(clippy::unwrap_used)]

mod play;

use std::sync::Arc;

use connectors::library::Library;
use dsl::span::Span;
use dsl::yaml::{self, Entry, Form, Kind, Node};

const MANIFEST: Form = Form { what: "manifest", none: "nothing", begins: "somehow" };

/// One change of the text.
struct Mutation {
    action: String,
    span: Span,
    by: String,
}

fn entries(node: Option<&Node>) -> &[Entry] {
    match node.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries,
        _ => &[],
    }
}

/// Changes the names of a mapping, and of those within it.
fn names(action: &str, node: Option<&Node>, within: Span, all: &mut Vec<Mutation>) {
    for entry in entries(node) {
        let span = entry.key.span();
        // What an alias stands for is written elsewhere.
        if within.start <= span.start && span.end <= within.end {
            all.push(Mutation { action: action.into(), span, by: format!("{}x", entry.key.text) });
        }
        names(action, Some(&entry.value), within, all);
    }
}

/// Changes the end of a plain text.
fn text(action: &str, node: Option<&Node>, by: impl Fn(&str) -> String, all: &mut Vec<Mutation>) {
    if let Some(scalar) = node.and_then(Node::scalar) {
        all.push(Mutation { action: action.into(), span: scalar.span(), by: by(&scalar.text) });
    }
}

fn mutations(source: &str) -> Vec<Mutation> {
    let (root, _) = yaml::read_as(source, &MANIFEST);
    let root = root.unwrap();
    let mut all = vec![];
    for entry in entries(root.get("actions")) {
        let (action, within) = (entry.key.text.as_str(), entry.value.span);
        // A link is not sent: `stores.rs` holds each letter of it against another library's.
        let sent = entry.value.get("request").filter(|request| request.get("link").is_none());
        let Some(request) = sent else { continue };
        let other = |method: &str| if method == "DELETE" { "PUT" } else { "DELETE" }.to_owned();
        let further = entry.value.get("pages").and_then(|pages| pages.get("request"));
        let is_read = request.get("method").and_then(Node::scalar).is_some_and(|method| method.text == "GET");
        let method = |text: &str| if is_read { "HEAD".into() } else { other(text) };
        text(action, request.get("method"), method, &mut all);
        // A path may be empty, where the base is what is asked.
        let moved = |path: &str| if path.is_empty() { "/x".into() } else { path.replacen('/', "/x", 1) };
        for request in [Some(request), further].into_iter().flatten() {
            text(action, request.get("path"), |path| format!("'{}'", moved(path)), &mut all);
            for key in ["query", "headers", "json", "form"] {
                names(action, request.get(key), within, &mut all);
            }
            let variables = request.get("graphql").and_then(|graphql| graphql.get("variables"));
            names(action, variables, within, &mut all);
        }
        let into = entry.value.get("pages").and_then(|pages| pages.get("into"));
        for place in entries(into) {
            text(action, Some(&place.value), |name| format!("{name}x"), &mut all);
        }
    }
    all
}

#[test]
fn every_change_of_a_mapping_turns_a_fixture_red() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let embedded = Library::embedded();
    let (mut made, mut alive) = (0, vec![]);
    for name in embedded.names() {
        let (source, fixtures) = (embedded.text(name).unwrap(), play::of(embedded.find(name).unwrap()));
        for Mutation { action, span, by } in mutations(source) {
            let mut text = source.to_owned();
            text.replace_range(span.range(), &by);
            let library = Arc::new(Library::default().with_text(name, text));
            // One that is no manifest any more was found even earlier.
            if library.find(name).is_none() {
                continue;
            }
            made += 1;
            let own = fixtures.iter().filter(|fixture| fixture.action == action);
            let red = own.into_iter().any(|fixture| play::play(&runtime, &library, fixture).is_some());
            if !red {
                let line = source[..span.range().start].lines().count();
                alive.push(format!("{name}.yaml:{line}: {action}: `{by}` changes no fixture"));
            }
        }
    }
    println!("{made} changed mappings, {} of them seen by no fixture", alive.len());
    assert!(alive.is_empty(), "{} of {made}:\n{}", alive.len(), alive.join("\n"));
    assert!(made > 100, "{made}");
}
