//! `keyway generate`, from the binary: a draft in JSON, a question, a refusal, and that nothing is overwritten or started.
#![allow(clippy::unwrap_used)]

use tests::place::Place;

const WISH: &str = "every weekday at 9 summarise my unread mail and post it to #standup";

#[test]
fn a_wish_becomes_a_draft_in_json_with_its_keys() {
    let place = Place::new();
    let answer = place.keyway.run(&["generate", WISH, "--offline", "--zone", "Europe/Berlin", "--json"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let json = answer.json();
    assert_eq!(json["kind"], "draft");
    for key in ["yaml", "assumptions", "explanation", "plan", "cost", "missing"] {
        assert!(!json[key].is_null(), "{key}: {json}");
    }
    assert_eq!(json["plan"]["connectors"], serde_json::json!(["ai", "gmail", "slack"]));
    let scopes = json["missing"]
        .as_array()
        .unwrap()
        .iter()
        .any(|one| one["type"].as_str().is_some_and(|typed| typed.contains("keyway connect")));
    assert!(scopes, "{json}");
    assert!(!place.path("data").exists(), "a draft makes no data directory");
}

#[test]
fn a_draft_is_written_where_nothing_is_and_overwrites_nothing() {
    let place = Place::new();
    let file = place.path("draft.yaml").display().to_string();
    let answer = place.keyway.run(&["generate", WISH, "--offline", "--apply", &file]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let written = place.text("draft.yaml");
    assert_eq!(place.check(&file).code, Some(0));
    let again = place.keyway.run(&[
        "generate",
        "every day at 8 post \"Hi\" to #general in Slack",
        "--offline",
        "--apply",
        &file,
    ]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert_eq!(place.text("draft.yaml"), written);
    let told = place.keyway.run(&["explain", &file]);
    assert!(told.stdout.contains("09:00 on Monday to Friday"), "{told:?}");
}

#[test]
fn a_question_and_a_refusal_exit_with_one() {
    let place = Place::new();
    let asked = place.keyway.run(&[
        "generate",
        "every day at 5 post \"Hi\" to #general in Slack",
        "--offline",
        "--json",
    ]);
    assert_eq!((asked.code, asked.json()["kind"].clone()), (Some(1), "question".into()));
    let refused = place.keyway.run(&["generate", "every day at 9 make me a coffee", "--offline", "--json"]);
    assert_eq!((refused.code, refused.json()["kind"].clone()), (Some(1), "refusal".into()));
}

#[test]
fn without_a_key_the_answer_says_that_no_model_drafted() {
    let place = Place::new();
    let added = place.piped(&["secrets", "add", "X", "--host", "example.com", "--stdin"], "x");
    assert_eq!(added.code, Some(0), "{added:?}");
    let answer = place.keyway.run(&["generate", WISH, "--json"]);
    let first = answer.json()["assumptions"][0].to_string();
    assert!(first.contains("without a model"), "{answer:?}");
}

#[test]
fn the_suite_of_the_product_passes_as_the_page_tells() {
    let place = Place::new();
    let answer = place.keyway.run(&["eval", "generate", "--held-out", "--json"]);
    let json = answer.json();
    let rate = |class: &str| {
        let all = json["classes"].as_array().unwrap();
        let one = all.iter().find(|one| one["class"] == class).unwrap();
        one["passed"].as_u64().unwrap() * 100 / one["all"].as_u64().unwrap()
    };
    assert!(rate("simple") >= 70 && rate("steps") >= 70 && rate("hostile") == 100, "{json}");
    assert_eq!(json["passed"], json["passed_three_times"]);
}
