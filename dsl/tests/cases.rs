//! Case files with what must come of them: `ok` gives a picture of the workflow, `err` the rendered problems.
//! Files whose name begins with `strict_` are checked strictly.
//! `KEYWAY_ACCEPT=1 cargo test -p dsl --test cases` writes the expected output; read it before it is committed.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use dsl::codes::Code;
use dsl::render::{Color, text};
use support::made;

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

/// Checks a case, strictly where its name says so.
fn check(path: &Path, source: &str) -> dsl::Checked {
    let strict =
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("strict_"));
    let strictness = if strict { dsl::Strictness::Strict } else { dsl::Strictness::Gradual };
    dsl::check_with(source, &support::catalog(), &dsl::Options { strictness })
}

fn compare(path: &Path, got: &str, wrong: &mut Vec<String>) {
    let expected = path.with_extension("out");
    if std::env::var("KEYWAY_ACCEPT").is_ok() {
        std::fs::write(&expected, got).unwrap();
        return;
    }
    let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
    if wanted != got {
        wrong.push(format!("{}\n--- wanted\n{wanted}\n--- got\n{got}", path.display()));
    }
}

#[test]
fn correct_files_become_the_workflow_that_was_meant() {
    let mut wrong = vec![];
    for path in cases("ok") {
        let source = std::fs::read_to_string(&path).unwrap();
        let checked = check(&path, &source);
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut got = checked.workflow.as_ref().map_or("no workflow\n".into(), support::picture);
        got += &text(name, &source, &checked.diagnostics, Color::Never);
        compare(&path, &got, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn wrong_files_are_told_what_is_wrong() {
    let mut wrong = vec![];
    for path in cases("err") {
        let source = std::fs::read_to_string(&path).unwrap();
        let checked = check(&path, &source);
        let name = path.file_name().unwrap().to_str().unwrap();
        if checked.diagnostics.is_empty() || checked.workflow.is_none() != checked.has_errors() {
            wrong.push(format!("{name}: nothing was found"));
        }
        compare(&path, &text(name, &source, &checked.diagnostics, Color::Never), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_code_has_a_case_and_there_are_many_cases() {
    let files = cases("err");
    let expected: String =
        files.iter().map(|path| std::fs::read_to_string(path.with_extension("out")).unwrap()).collect();
    let made: Vec<Code> = made::texts().into_iter().map(|(code, _)| code).collect();
    let without: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !made.contains(code))
        .filter(|code| !made::OF_A_VERSION.contains(code) && !made::OF_STRICT.contains(code))
        .filter(|code| !made::OF_TESTS.contains(code) && !made::OF_MANIFESTS.contains(code))
        .map(|code| code.id())
        .filter(|id| !expected.contains(&format!("[{id}]: ")))
        .collect();
    assert!(without.is_empty(), "no case in `cases/err` shows {without:?}");
    assert!(files.len() >= 120, "{} cases", files.len());
}

#[test]
fn every_output_is_that_of_a_case() {
    for folder in ["ok", "err"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let pair = path.with_extension("yaml").exists() && path.with_extension("out").exists();
            assert!(pair, "{} stands alone", path.display());
        }
    }
}

#[test]
fn every_fix_mends_what_it_promises() {
    let mut wrong = vec![];
    let mut mended = 0;
    for path in cases("err") {
        let source = std::fs::read_to_string(&path).unwrap();
        let before = dsl::check(&source, &support::catalog()).diagnostics;
        for diagnostic in &before {
            for fix in &diagnostic.fixes {
                let mut text = source.clone();
                for edit in fix.edits.iter().rev() {
                    text.replace_range(edit.span.range(), &edit.text);
                }
                let after = dsl::check(&text, &support::catalog()).diagnostics;
                let same = |other: &&dsl::diagnostic::Diagnostic| {
                    other.code == diagnostic.code && other.message == diagnostic.message
                };
                mended += 1;
                if after.iter().filter(same).count() >= before.iter().filter(same).count() {
                    wrong.push(format!("{}: {} does not help\n{text}", path.display(), fix.title));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(mended > 30, "{mended}");
}
