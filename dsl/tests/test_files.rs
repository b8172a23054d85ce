//! Test files with what must come of them: what is wrong with their text, known before any case is played.
//! `KEYWAY_ACCEPT=1 cargo test -p dsl --test test_files` writes the expected output; read it before it is committed.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use dsl::render::{Color, text};
use dsl::test::{Subject, check};

/// The workflow that all of them are about.
const TESTED: &str = "name: tested\ninputs: { who: string }\ntriggers: [{ webhook: {}, inputs: { who: Ann } }]\nsteps:\n  \
say: { http: { method: POST, url: \"https://example.com\", json: hi } }\n  \
sure: { approve: { message: Sure?, fields: { tone: { type: { enum: [kind, firm] }, default: kind } } } }\n  \
all:\n    for_each: [1, 2]\n    steps: { send: { http: { method: POST, url: \"https://example.com\", json: \"{{ item }}\" } } }\n";

#[test]
fn what_is_wrong_is_told_at_its_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/test");
    let catalog = support::catalog();
    let subject = Subject::new(TESTED, &BTreeMap::new(), &catalog).unwrap();
    let mut wrong = vec![];
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        count += 1;
        let source = std::fs::read_to_string(&path).unwrap();
        let (suite, found) = check(&source, &subject);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(suite.is_some(), name == "right.yaml", "{name}: {found:#?}");
        assert_eq!(found.is_empty(), name == "right.yaml", "{name}: {found:#?}");
        let got = text(name, &source, &found, Color::Never);
        let expected = path.with_extension("out");
        if std::env::var("KEYWAY_ACCEPT").is_ok() {
            std::fs::write(&expected, &got).unwrap();
        }
        let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
        if wanted != got {
            wrong.push(format!("{name}\n--- wanted\n{wanted}\n--- got\n{got}"));
        }
    }
    assert!(count >= 10, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_prefix_and_no_piece_of_a_test_file_makes_the_reader_panic() {
    let source = include_str!("cases/test/right.yaml");
    let catalog = support::catalog();
    let subject = Subject::new(TESTED, &BTreeMap::new(), &catalog).unwrap();
    for (at, _) in source.char_indices() {
        check(&source[..at], &subject);
        check(&source[at..], &subject);
    }
    for line in 0..source.lines().count() {
        let without: Vec<&str> =
            source.lines().enumerate().filter(|(at, _)| *at != line).map(|(_, line)| line).collect();
        check(&without.join("\n"), &subject);
    }
}
