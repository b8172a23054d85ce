//! The pages of functions: every example holds, every failure comes as it is told, every name in them is known.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

#[path = "shared/mod.rs"]
mod shared;

use std::collections::BTreeSet;

use dsl::expr::functions::{self, Function};
use shared::{World, run, same};

/// What an example of a page promises.
enum Promise<'a> {
    Gives(&'a str),
    Fails(&'a str),
}

/// The examples of a page: lines that begin with a dash.
fn examples(function: &Function) -> Vec<(&'static str, Promise<'static>)> {
    let lines = function.details().lines().filter_map(|line| line.strip_prefix("- "));
    lines
        .map(|line| {
            let (text, rest) = line.strip_prefix('`').and_then(|line| line.split_once('`')).expect(line);
            let value = rest.strip_prefix(" => `").and_then(|rest| rest.strip_suffix('`'));
            match (value, rest.strip_prefix(" fails: ")) {
                (Some(value), _) => (text, Promise::Gives(value)),
                (None, Some(message)) => (text, Promise::Fails(message)),
                (None, None) => panic!("`{}`: this is no example: {line}", function.name),
            }
        })
        .collect()
}

/// True for a failure of kind `type` with this message, whatever part of the expression it names.
fn fails_so(found: &str, message: &str) -> bool {
    let rest = found.strip_prefix("type: ").and_then(|found| found.strip_prefix(message));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" in `"))
}

/// The functions that a page names at its end.
fn neighbours(function: &Function) -> Vec<&'static str> {
    let last = function.details().lines().last().unwrap_or_default();
    let named = last.strip_prefix("See also ").and_then(|names| names.strip_suffix('.'));
    let named = named.unwrap_or_else(|| panic!("the page of `{}` ends with `See also …`", function.name));
    named.split(", ").map(|name| name.trim_matches('`')).collect()
}

#[test]
fn every_example_holds() {
    let world = World::new();
    let mut wrong = vec![];
    for function in functions::all() {
        for (text, promise) in examples(function) {
            let found = run(text, &world);
            let holds = match (&promise, &found) {
                (Promise::Gives(value), Ok(found)) => {
                    run(value, &world).is_ok_and(|value| same(&value, found))
                }
                (Promise::Fails(message), Err(found)) => fails_so(found, message),
                (Promise::Gives(_), Err(_)) | (Promise::Fails(_), Ok(_)) => false,
            };
            if !holds {
                wrong.push(format!("`{}`: `{text}` gives {found:?}", function.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_has_a_page_with_examples_of_its_own() {
    for function in functions::all() {
        let examples = examples(function);
        assert!(examples.len() >= 2, "`{}` has {} examples", function.name, examples.len());
        let calls = examples.iter().filter(|(text, _)| text.contains(function.name)).count();
        assert!(calls >= 1, "no example calls `{}`", function.name);
        let texts: BTreeSet<&str> = examples.iter().map(|(text, _)| *text).collect();
        assert_eq!(texts.len(), examples.len(), "`{}` has an example twice", function.name);
    }
}

#[test]
fn pages_name_functions_that_there_are() {
    for function in functions::all() {
        for name in neighbours(function) {
            assert!(functions::find(name).is_some(), "the page of `{}` names `{name}`", function.name);
            assert_ne!(name, function.name, "a page does not name itself");
        }
    }
}

#[test]
fn every_file_is_the_page_of_a_function() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/expr/functions/pages");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = name.strip_suffix(".md").is_some_and(|name| functions::find(name).is_some());
        assert!(known, "{name} is the page of no function");
    }
}
