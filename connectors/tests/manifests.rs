//! The manifests and families in the program are right.

#![allow(clippy::unwrap_used)]

use connectors::library::{Library, family_texts};
use connectors::manifest::request::Body;
use connectors::read;
use dsl::diagnostic::{Diagnostic, Severity};
use dsl::span::Lines;

fn told(text: &str, name: &str, diagnostics: &[Diagnostic]) -> String {
    let lines = Lines::new(text);
    let one = |wrong: &Diagnostic| {
        let at = lines.place(wrong.span.start as usize);
        format!("{name}:{}:{}: {} {} {:?}", at.line, at.column, wrong.code.id(), wrong.message, wrong.help)
    };
    diagnostics.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_manifest_in_the_program_is_right() {
    let library = Library::embedded();
    let mut wrong = vec![];
    for name in library.names() {
        let read = library.read(name).unwrap();
        if !read.diagnostics.is_empty() {
            wrong.push(told(library.text(name).unwrap(), name, &read.diagnostics));
        }
        assert!(read.value.is_some() || !read.diagnostics.is_empty(), "{name} gives nothing and no reason");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(library.names().count() > 0);
}

#[test]
fn every_family_in_the_program_is_right() {
    for (name, text) in family_texts() {
        let read = read::family(text);
        assert!(read.diagnostics.is_empty(), "{}", told(text, name, &read.diagnostics));
        assert_eq!(read.value.unwrap().id, name);
    }
}

#[test]
fn a_manifest_with_an_error_is_none() {
    let library = Library::embedded();
    let text = library.text("slack").unwrap().replace("method: GET", "method: GETT");
    let read = read::manifest(&text, Some("slack"), connectors::library::embedded_families());
    assert!(read.value.is_none());
    assert!(read.diagnostics.iter().any(|wrong| wrong.severity == Severity::Error));
}

#[test]
fn what_is_only_warned_of_is_sent_all_the_same() {
    let right = "json: { title: \"{{ input.title }}\" }";
    let warned = "json: { title: \"{{ input?.title == null ? 'a' : 'b' }}\" }";
    let sample = connectors::sample::manifest("acme");
    assert!(sample.contains(right));
    let read = read::manifest(&sample.replace(right, warned), None, connectors::library::embedded_families());
    let severities: Vec<Severity> = read.diagnostics.iter().map(|wrong| wrong.severity).collect();
    assert_eq!(severities, [Severity::Warning]);
    let manifest = read.value.unwrap();
    let create = manifest.actions.iter().find(|action| action.name == "create_item").unwrap();
    assert!(matches!(create.request().unwrap().body, Body::Json(_)), "{:?}", create.means);
}
