//! The JSON Schema for editors: it is a schema, it takes every right workflow, and refuses what it can express.

#[path = "../../dsl/tests/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use dsl::catalog::Catalog;
use dsl::codes::Code;
use dsl::diagnostic::Severity;
use jsonschema::Validator;
use tests::markdown::{blocks, pages};

/// The codes of mistakes that the shape of a file shows.
const EXPRESSED: &[Code] = &[
    Code::UnknownKey,
    Code::UnknownAction,
    Code::NoVerb,
    Code::TwoVerbs,
    Code::MissingKey,
    Code::InvalidName,
    Code::WrongShape,
    Code::NoSteps,
    Code::WrongType,
    Code::MissingParameter,
    Code::UnknownParameter,
    Code::InvalidDuration,
    Code::InvalidType,
    Code::OutOfRange,
    Code::InvalidChoice,
    Code::InvalidTime,
    Code::UnknownTrigger,
    Code::UnknownEvent,
];

/// Cases with such a code that a schema cannot tell from a right file, each with the reason.
const BEYOND: &[(&str, &str)] = &[
    ("bytes", "what an expression gives is not seen in its text"),
    ("call_inputs", "what other workflows take is not in the schema"),
    ("call_without_inputs", "what other workflows take is not in the schema"),
    ("condition_constant", "what an expression gives is not seen in its text"),
    ("condition_is_a_text_with_holes", "what stands around a hole is not told from an expression"),
    ("head_of_a_block", "what an expression gives is not seen in its text"),
    ("http_body_without_method", "one key asks for another, and descriptions of keys say nothing of others"),
    ("http_typed", "what an expression gives is not seen in its text"),
    ("number_repeat", "a number may be an expression"),
    ("parameter_expression", "what an expression gives is not seen in its text"),
    ("parameter_text_with_holes", "a text with two holes is not told from one with one"),
    ("switch_duplicate_case", "all keys of JSON are texts"),
    ("template_blocks_typed", "what an expression gives is not seen in its text"),
    ("trigger_inputs_typed", "what a workflow takes itself is not in the schema"),
    ("trigger_webhook_proof", "which keys a proof takes hangs on its scheme"),
    ("try_alone", "one of two keys must be there, and descriptions of keys say nothing of others"),
];

fn judge(catalog: &Catalog) -> Validator {
    jsonschema::draft202012::new(&dsl::schema::schema(catalog)).expect("a schema")
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = tests::root().join(folder);
    let entries = std::fs::read_dir(&folder).expect("a folder of the repository").flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file that was just listed")
}

fn name(path: &Path) -> &str {
    path.file_stem().and_then(|name| name.to_str()).expect("a name")
}

fn is_right(text: &str, catalog: &Catalog) -> bool {
    dsl::check(text, catalog).diagnostics.iter().all(|problem| problem.severity != Severity::Error)
}

/// What the schema says against a text.
fn refusals(validator: &Validator, text: &str) -> Vec<String> {
    let Ok(data) = dsl::yaml::read_value(text) else { return vec!["it is not YAML".into()] };
    let data = data.to_json();
    validator.iter_errors(&data).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn is_test(path: &std::path::Path) -> bool {
    path.to_string_lossy().ends_with(dsl::test::ENDING)
}

/// Every right workflow of the repository, with where it stands and what it may call.
fn right_files() -> Vec<(String, String, Catalog)> {
    let mut found = vec![];
    for path in files("dsl/tests/cases/ok").into_iter().chain(files("dsl/tests/cases/err")) {
        let text = read(&path);
        if is_right(&text, &support::catalog()) {
            found.push((path.display().to_string(), text, support::catalog()));
        }
    }
    for path in files("workflows").into_iter().filter(|path| !is_test(path)) {
        found.push((path.display().to_string(), read(&path), server::catalog()));
    }
    for path in pages(&tests::root()) {
        for block in blocks(&read(&path)) {
            let other = block.has("fragment") || block.has("wrong") || block.has("test");
            if block.is("yaml") && block.is_workflow() && !other {
                let place = format!("{}:{}", path.display(), block.line);
                found.push((place, block.text, server::catalog()));
            }
        }
    }
    found
}

#[test]
fn it_is_a_schema_and_not_too_large() {
    let schema = dsl::schema::schema(&server::catalog());
    assert!(jsonschema::meta::is_valid(&schema));
    let size = schema.to_string().len();
    println!("the schema has {size} bytes");
    assert!(size < 2_000_000, "{size}");
}

#[test]
fn the_schema_of_tests_takes_right_ones_and_refuses_others() {
    let schema = dsl::schema::tests(&server::catalog());
    assert!(jsonschema::meta::is_valid(&schema));
    let judge = jsonschema::validator_for(&schema).expect("a schema");
    let mut all: Vec<String> =
        files("workflows").iter().filter(|path| is_test(path)).map(|path| read(path)).collect();
    for path in pages(&tests::root()) {
        let blocks = blocks(&read(&path)).into_iter();
        all.extend(blocks.filter(|it| it.has("test") && !it.has("wrong")).map(|block| block.text));
    }
    assert!(all.len() >= 3, "{}", all.len());
    for text in &all {
        assert_eq!(refusals(&judge, text), Vec::<String>::new(), "{text}");
    }
    for text in ["case: {}", "cases: { one: {} }", "cases: { one: { expect: { status: fine } } }"] {
        assert!(!refusals(&judge, text).is_empty(), "{text}");
    }
}

#[test]
fn it_takes_every_right_workflow() {
    let all = right_files();
    let (ours, theirs) = (judge(&support::catalog()), judge(&server::catalog()));
    let mut wrong = vec![];
    for (place, text, catalog) in &all {
        let validator = if catalog.get("mail.send").is_some() { &ours } else { &theirs };
        wrong.extend(refusals(validator, text).into_iter().map(|refusal| format!("{place}: {refusal}")));
    }
    println!("the schema takes {} right workflows", all.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_it_refuses_is_refused_by_the_check_too() {
    let (ours, theirs) = (judge(&support::catalog()), judge(&server::catalog()));
    let (mut right, mut wrong) = (0, vec![]);
    for (place, text, catalog) in right_files() {
        let validator = if catalog.get("mail.send").is_some() { &ours } else { &theirs };
        for changed in changed(&text) {
            if is_right(&changed, &catalog) {
                right += 1;
                let refused = refusals(validator, &changed);
                wrong.extend(refused.into_iter().map(|it| format!("{place}: {it}\n{changed}")));
            }
        }
    }
    println!("the schema takes {right} files that are right with one of their lines left out or changed");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(right > 500, "{right}");
}

/// A text without each of its lines, and with something else behind the first colon of each.
fn changed(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let with = |at: usize, line: &str| {
        let (before, after) = (lines[..at].join("\n"), lines[at + 1..].join("\n"));
        format!("{before}\n{line}\n{after}\n")
    };
    let mut all = vec![];
    for (at, line) in lines.iter().enumerate() {
        all.push(with(at, ""));
        if let Some((key, _)) = line.split_once(": ") {
            all.extend(["1", "\"{{ 1 }}\"", "[a]", ""].map(|it| with(at, &format!("{key}: {it}"))));
        }
    }
    all
}

#[test]
fn it_refuses_what_it_can_express() {
    let validator = judge(&support::catalog());
    let (mut all, mut refused, mut missed, mut stale) = (0, 0, vec![], vec![]);
    for path in files("dsl/tests/cases/err") {
        let text = read(&path);
        let found = dsl::check(&text, &support::catalog()).diagnostics;
        let errors = found.iter().filter(|problem| problem.severity == Severity::Error);
        let codes: Vec<Code> = errors.map(|problem| problem.code).collect();
        let readable = dsl::yaml::read_value(&text).is_ok();
        if !readable || !codes.iter().any(|code| EXPRESSED.contains(code)) {
            continue;
        }
        all += 1;
        let beyond = BEYOND.iter().any(|(other, _)| *other == name(&path));
        match (refusals(&validator, &text).is_empty(), beyond) {
            (true, false) => missed.push(format!("{} {codes:?}", name(&path))),
            (true, true) => {}
            (false, _) => {
                refused += 1;
                stale.extend(beyond.then(|| name(&path).to_owned()));
            }
        }
    }
    println!("the schema refuses {refused} of {all} wrong files whose mistake a schema can express");
    assert!(missed.is_empty(), "these are taken:\n{}", missed.join("\n"));
    assert!(stale.is_empty(), "these are refused after all: {stale:?}");
}
