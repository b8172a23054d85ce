//! `keyway generate`, from the binary: a draft in JSON, a question, a refusal, and that nothing is overwritten or started.
#![allow(clippy::unwrap_used)]

use serde_json::json;
use tests::models::scripted::Scripted;
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

/// A draft of `WISH`, to be changed.
const DIGEST: &str = "# Mine.\nname: digest\ntriggers:\n  - cron: \"0 9 * * MON-FRI\" # early\nsteps:\n  messages:\n    use: gmail.list_messages\n  post:\n    use: slack.post_message\n    with:\n      channel: \"#standup\"\n      text: \"{{ len(steps.messages.messages) }} mails\"\n";

#[test]
fn a_change_is_told_by_lines_and_by_what_it_does_and_is_written_only_where_that_is_said() {
    let place = Place::new();
    let file = place.file("digest.yaml", DIGEST);
    let said = "run it at 10 instead of 9";
    let told = place.keyway.run(&["generate", "--offline", "--edit", &file, said]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.stdout
            .contains("-  - cron: \"0 9 * * MON-FRI\" # early\n+  - cron: \"0 10 * * MON-FRI\" # early"),
        "{told:?}"
    );
    assert!(told.stderr.contains("+ trigger") && told.stderr.contains("- trigger"), "{told:?}");
    assert_eq!(place.text("digest.yaml"), DIGEST, "nothing was written");
    let json = place.keyway.run(&["generate", "--offline", "--edit", &file, said, "--json"]).json();
    assert_eq!(json["yaml"], json!(DIGEST.replace("0 9", "0 10")));
    assert_eq!(json["changes"].as_array().map(Vec::len), Some(2), "{json}");
    let applied = place.keyway.run(&["generate", "--offline", "--edit", &file, said, "--apply"]);
    assert_eq!(applied.code, Some(0), "{applied:?}");
    assert_eq!(place.text("digest.yaml"), DIGEST.replace("0 9", "0 10"));
    let beside = place.path("other.yaml").display().to_string();
    let more = "also email it to ada@example.com";
    let other = place.keyway.run(&["generate", "--offline", "--edit", &file, more, "--apply", &beside]);
    assert_eq!(other.code, Some(0), "{other:?}");
    assert!(place.text("other.yaml").contains("ada@example.com"));
    assert_eq!(place.text("digest.yaml"), DIGEST.replace("0 9", "0 10"));
    let none = place.keyway.run(&["generate", WISH, "--offline", "--apply"]);
    assert_eq!(none.code, Some(1), "{none:?}");
}

#[test]
fn a_broken_file_is_shown_mended_and_written_only_where_that_is_said() {
    let place = Place::new();
    let broken = "# Mine.\nname: x   # its name\nsteps:\n  a:   { set: { count: 1 } }\noutput: '{{ stesp.a.cuont }}'\n";
    let file = place.file("x.yaml", broken);
    let right = broken.replace("stesp", "steps").replace("cuont", "count");
    let told = place.keyway.run(&["fix", &file]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.stdout.contains("+output: '{{ steps.a.count }}'"), "{told:?}");
    assert_eq!(place.text("x.yaml"), broken);
    assert_eq!(place.keyway.run(&["fix", &file, "--json"]).json()["yaml"], json!(right));
    assert_eq!(place.keyway.run(&["fix", &file, "--apply"]).code, Some(0));
    assert_eq!(place.text("x.yaml"), right);
    assert_eq!(place.keyway.run(&["fix", &file, "--apply"]).code, Some(0));
    let choice = place.file("y.yaml", "name: y\nsteps: { a: { set: { n: \"{{ steps.whatever.n }}\" } } }\n");
    let left = place.keyway.run(&["fix", &choice, "--json"]);
    assert_eq!((left.code, left.json()["left"]["errors"].clone()), (Some(1), json!(1)), "{left:?}");
}

#[test]
fn a_key_has_the_model_mend_what_is_left_in_at_most_three_rounds() {
    let edits = |old: &str, new: &str| {
        json!({ "kind": "edit", "edits": [{ "old": old, "new": new }], "question": null, "choices": [], "reason": null, "assumptions": [] }).to_string()
    };
    let place = Place::new();
    let broken = "name: y\nsteps:\n  a: { set: { n: 1 } } # one\n  b: { set: { n: \"{{ steps.whatever.n }}\" } }\noutput: \"{{ steps.b.n + steps.a.n }}\"\n";
    let file = place.file("y.yaml", broken);
    let model = Scripted::start(&[edits("is nowhere", "x"), edits("whatever", "a")]);
    let base = format!("http://{}/v1", model.address());
    let add = ["keys", "add", "openai", "--name", "mine", "--base-url", &base, "--no-test", "--stdin"];
    assert_eq!(place.keyway.run_with(&add, "sk-canary-5f1d0c9b8a7e6d5c4b3a").code, Some(0));
    let fixed = place.keyway.run(&["fix", &file, "--allow-private", "--apply", "--json"]);
    assert_eq!(fixed.code, Some(0), "{fixed:?}");
    assert_eq!(model.asked().len(), 2);
    assert_eq!(place.text("y.yaml"), broken.replace("whatever", "a"));
    assert!(!fixed.stdout.contains("sk-canary"));
    // The control: a model that never finds it is asked no more than told, and nothing is written.
    let never = Scripted::start(&[edits("is nowhere", "x")]);
    let base = format!("http://{}/v1", never.address());
    let other = Place::new();
    let file = other.file("y.yaml", broken);
    let add = ["keys", "add", "openai", "--name", "mine", "--base-url", &base, "--no-test", "--stdin"];
    assert_eq!(other.keyway.run_with(&add, "sk-canary-5f1d0c9b8a7e6d5c4b3a").code, Some(0));
    let left = other.keyway.run(&["fix", &file, "--allow-private", "--apply"]);
    assert_eq!((left.code, never.asked().len()), (Some(1), 3), "{left:?}");
    assert_eq!(other.text("y.yaml"), broken);
}
