//! The YAML test suite: what YAML 1.2 accepts is read as the suite's JSON says, or refused with a reason; what it
//! refuses is refused.
//!
//! The figures stand in `docs/measured/yaml.md`; `KEYWAY_WRITE=1` writes them anew.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write;

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::value::Value;
use dsl::yaml;

/// Cases that come out otherwise than YAML says, with the reason. None is read wrongly.
const DEVIATIONS: &[(&str, &str)] = &[
    (
        "9C9N",
        "a list in brackets may go on at the margin, as most readers of YAML allow; it can mean nothing else",
    ),
    ("DK95-01", "a text in quotes may go on behind a tab; the line break is a blank all the same"),
    ("QB6E", "a text in quotes may go on at the margin; it can mean nothing else"),
];

/// What a workflow does without, by the code that says so.
const SUBSET: &[(Code, &str)] = &[
    (Code::ComplexKey, "a key is a list or a mapping"),
    (Code::Documents, "more than one document"),
    (Code::DuplicateKey, "a key stands twice"),
    (Code::Tag, "a tag"),
];

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    name: String,
    error: bool,
    yaml: String,
    json: Option<Vec<String>>,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("data/yaml-test-suite/cases.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Read as the suite says.
    Read,
    /// Read; the suite gives no JSON to compare with.
    ReadAlone,
    /// Refused, as the suite wants.
    Refused,
    /// Refused as a part of YAML that is not taken.
    Outside(Code),
    /// Anything else.
    Deviates(String),
}

fn outcome(case: &Case) -> Outcome {
    match (yaml::read_value(&case.yaml), case.error) {
        (Ok(value), true) => Outcome::Deviates(format!("is an error, and was read as {}", value.to_json())),
        (Err(wrong), true) => {
            assert!(!wrong.is_empty(), "{}: refused without a word", case.id);
            Outcome::Refused
        }
        (Ok(value), false) => match case.json.as_deref() {
            None => Outcome::ReadAlone,
            Some([json]) if same(&value, &serde_json::from_str(json).unwrap()) => Outcome::Read,
            Some([]) if value.is_null() => Outcome::Read,
            Some(json) => Outcome::Deviates(format!("is {json:?}, and was read as {}", value.to_json())),
        },
        (Err(wrong), false) => match first_reason(&wrong) {
            Some(code) => Outcome::Outside(code),
            None => {
                let told: Vec<String> =
                    wrong.iter().map(|one| format!("{} {}", one.code.id(), one.message)).collect();
                Outcome::Deviates(format!("is right, and was refused: {}", told.join("; ")))
            }
        },
    }
}

/// The first reason, where each is that a workflow does without a part of YAML.
fn first_reason(wrong: &[Diagnostic]) -> Option<Code> {
    let outside = |one: &Diagnostic| SUBSET.iter().any(|(code, _)| one.code == *code);
    wrong.first().filter(|_| wrong.iter().all(outside)).map(|one| one.code)
}

/// The same value; `1` and `1.0` are the same number.
fn same(value: &Value, json: &serde_json::Value) -> bool {
    match (value, json) {
        (Value::List(items), serde_json::Value::Array(wanted)) => {
            items.len() == wanted.len() && items.iter().zip(wanted).all(|(item, json)| same(item, json))
        }
        (Value::Object(entries), serde_json::Value::Object(wanted)) => {
            entries.len() == wanted.len()
                && entries.iter().all(|(key, item)| wanted.get(&**key).is_some_and(|json| same(item, json)))
        }
        (Value::Int(number), json) => json.as_f64() == Some(*number as f64),
        (Value::Number(number), json) => json.as_f64() == Some(*number),
        (other, json) => other.to_json() == *json,
    }
}

#[test]
fn the_suite_is_read_as_it_says_or_refused_with_a_reason() {
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    let mut wrong = vec![];
    let cases = cases();
    assert_eq!(cases.len(), 402);
    for case in &cases {
        let listed = DEVIATIONS.iter().any(|(id, _)| *id == case.id);
        let outcome = outcome(case);
        match &outcome {
            Outcome::Deviates(how) if !listed => {
                wrong.push(format!("{} ({}) {how}\n{}", case.id, case.name, case.yaml))
            }
            Outcome::Deviates(_) => {}
            _ if listed => wrong.push(format!("{} is listed and does not deviate: {outcome:?}", case.id)),
            _ => {}
        }
        let counted = match outcome {
            Outcome::Deviates(_) => Outcome::Deviates(String::new()),
            other => other,
        };
        *counts.entry(counted).or_default() += 1;
    }
    assert!(wrong.is_empty(), "{}: \n{}", wrong.len(), wrong.join("\n"));
    assert!(DEVIATIONS.len() <= 10);
    report(&counts);
}

/// Compares the page of figures with what was counted, or writes it.
fn report(counts: &BTreeMap<Outcome, usize>) {
    let count = |outcome| counts.get(&outcome).copied().unwrap_or(0);
    let mut rows = vec![
        ("read, with the value that the suite gives".to_owned(), count(Outcome::Read)),
        ("read; the suite gives no value to compare with".to_owned(), count(Outcome::ReadAlone)),
        ("refused, as the suite wants".to_owned(), count(Outcome::Refused)),
    ];
    rows.extend(
        SUBSET.iter().map(|(code, why)| {
            (format!("refused with {}: {why}", code.id()), count(Outcome::Outside(*code)))
        }),
    );
    rows.push(("otherwise than YAML says; listed below".into(), count(Outcome::Deviates(String::new()))));
    rows.push(("in all".into(), counts.values().sum()));
    let mut page = String::from(
        "# The YAML test suite

Written by `KEYWAY_WRITE=1 cargo test -p dsl --test yaml_suite`, compared at each run of the tests. The suite is
`data-2022-01-17`; a case with several problems counts for the first.

| What comes of a case | Cases |
| --- | ---: |
",
    );
    for (row, count) in rows {
        let _ = writeln!(page, "| {row} | {count} |");
    }
    page += "
Cases that come out otherwise than YAML 1.2 says:

| Case | Why |
| --- | --- |
";
    for (id, why) in DEVIATIONS {
        let _ = writeln!(page, "| {id} | {why} |");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/measured/yaml.md");
    if std::env::var_os("KEYWAY_WRITE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        page,
        "docs/measured/yaml.md is out of date"
    );
}
