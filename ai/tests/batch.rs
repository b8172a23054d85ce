//! Every exchange of `tests/batch/` is played: what is sent for a batch, and what is read of what comes back. All were
//! written from the vendors' documents, none was captured. And what a batch costs: half, exactly.

#![allow(clippy::unwrap_used)]

use ai::price::{Cached, Price};
use ai::provider::{Agreed, PROVIDERS, Provider, find};
use ai::usage::Usage;
use ai::wire::Settings;
use ai::wire::batch::{Found, Outcome, Post, State};
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::{Value, json};

const TAG: &str = "0a1b";

fn now() -> Timestamp {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

/// The files, with their providers.
fn all() -> Vec<(&'static Provider, Value)> {
    let files = [
        include_str!("batch/anthropic.json"),
        include_str!("batch/gemini.json"),
        include_str!("batch/openai.json"),
    ];
    let read = |text| {
        let file: Value = serde_json::from_str(text).unwrap();
        assert_eq!(file["source"], "written");
        (find(file["provider"].as_str().unwrap()).unwrap(), file)
    };
    files.into_iter().map(read).collect()
}

fn posted(post: &Post, wanted: &Value) {
    assert_eq!(
        (post.method.as_str(), &*post.path),
        (wanted["method"].as_str().unwrap(), wanted["path"].as_str().unwrap())
    );
    match wanted.get("json") {
        Some(json) => {
            assert_eq!(post.content.as_deref(), Some("application/json"));
            assert_eq!(serde_json::from_slice::<Value>(&post.body).unwrap(), *json);
        }
        None => {
            assert_eq!(post.content.as_deref(), wanted["content"].as_str());
            assert_eq!(std::str::from_utf8(&post.body).unwrap(), wanted["body"].as_str().unwrap());
        }
    }
}

#[test]
fn a_question_goes_into_a_batch_as_the_vendors_write_it() {
    for (provider, file) in all() {
        let question = serde_json::from_value(file["question"].clone()).unwrap();
        let settings = Settings::new();
        match provider.upload(&question, &settings, TAG) {
            Some(post) => posted(&post, &file["upload"]),
            None => assert!(file["upload"].is_null(), "{}", provider.name),
        }
        let uploaded = Some(&file["uploaded"]).filter(|uploaded| !uploaded.is_null());
        posted(&provider.submit(&question, &settings, TAG, uploaded).unwrap(), &file["submit"]);
        let name = provider.batch_name(&file["made"]).unwrap();
        assert_eq!(name, file["name"].as_str().unwrap());
        let paths = json!({
            "list": provider.batches().unwrap().path, "look": provider.look(&name).unwrap().path,
            "cancel": provider.cancel(&name).unwrap().path,
        });
        assert_eq!(paths, file["paths"]);
        // Whatever a provider calls a batch is one segment: the key goes to its own paths.
        let trap = provider.look("../../evil?x#y").unwrap().path;
        assert!(!trap.contains("../") && !trap.contains('?') && !trap.contains('#'), "{trap}");
    }
}

#[test]
fn a_batch_is_found_or_not_or_nobody_can_tell() {
    for (provider, file) in all() {
        for list in file["lists"].as_array().unwrap() {
            let found = match provider.find_batch(&list["gets"], TAG, now()) {
                Found::Name(name) => name,
                Found::Absent => "absent".into(),
                Found::Unknown => "unknown".into(),
            };
            assert_eq!(found, list["found"].as_str().unwrap(), "{}: {list}", provider.name);
        }
    }
}

#[test]
fn each_state_and_each_result_is_read_as_it_stands() {
    for (provider, file) in all() {
        for look in file["looks"].as_array().unwrap() {
            let state = match provider.batch_state(&look["gets"]) {
                State::Waiting => "waiting".to_owned(),
                State::Cancelling => "cancelling".into(),
                State::Here => "here".into(),
                State::At(path) => format!("at {path}"),
                State::Ended(how) => format!("ended {how}"),
            };
            assert_eq!(state, look["state"].as_str().unwrap(), "{}: {look}", provider.name);
        }
        let question = serde_json::from_value(file["question"].clone()).unwrap();
        for result in file["results"].as_array().unwrap() {
            let body = result["gets"].as_str().unwrap().as_bytes();
            let gives = match provider.outcome(&question, TAG, body, now()) {
                Ok(Outcome::Answered(answer)) => {
                    format!("answered {} {} {}", answer.text(), answer.usage.input(), answer.usage.output())
                }
                Ok(Outcome::Refused(refusal)) => format!("refused {}", refusal.class.name()),
                Ok(Outcome::Ended(how)) => format!("ended {how}"),
                Err(_) => "unreadable".into(),
            };
            assert_eq!(gives, result["gives"].as_str().unwrap(), "{}: {result}", provider.name);
        }
    }
}

#[test]
fn a_batch_costs_half_of_every_price_of_the_files_to_the_last_decimal() {
    let usage = Usage { input_uncached: 7, output_visible: 3, output_reasoning: 2, ..Usage::default() };
    let much = Usage { input_uncached: 900_001, ..usage };
    let mut models = 0;
    for provider in PROVIDERS.iter().filter(|provider| provider.batch.is_some()) {
        let agreed = Default::default();
        for (name, half) in provider.batch_prices(date(2026, 11, 29), &agreed) {
            let whole = provider.price(&name, date(2026, 11, 29), &agreed).known().unwrap();
            for usage in [usage, much] {
                let of = |price: &Price| price.cost(&usage).known().unwrap().total();
                assert_eq!(of(&half) + of(&half), of(whole), "{name}");
                assert_ne!(of(&half), of(whole), "{name}");
            }
            models += 1;
        }
    }
    assert!(models > 15, "{models} models have a price in a batch");
}

#[test]
fn what_was_agreed_costs_half_in_a_batch_as_well() {
    let openai = find("openai").unwrap();
    let day = date(2026, 11, 29);
    let agreed: Agreed = serde_json::from_value(
        json!({ "openai": { "gpt-5.4-mini": { "input": 0.3, "cached": 0.02, "output": 1.1 } } }),
    )
    .unwrap();
    let usage = Usage { input_uncached: 1000, input_cached: 100, output_visible: 10, ..Usage::default() };
    let of = |agreed: &Agreed| {
        let prices = openai.batch_prices(day, agreed);
        prices["gpt-5.4-mini"].cost(&usage).known().unwrap().total().to_string()
    };
    // 1000 at 0.15, 100 at 0.01 and 10 at 0.55 dollars for a million.
    assert_eq!(of(&agreed), "0.0001565");
    assert_ne!(of(&Agreed::default()), "0.0001565");
}

#[test]
fn what_is_read_from_the_cache_costs_what_the_file_of_the_provider_says() {
    let price: Price = serde_json::from_value(json!({ "input": 2, "cached": 0.5, "output": 8 })).unwrap();
    let usage = Usage { input_cached: 1_000_000, ..Usage::default() };
    let cost = |cached| price.in_batch(cached).unwrap().cost(&usage).known().unwrap().total().to_string();
    assert_eq!((cost(Cached::Half), cost(Cached::Full)), ("0.25".into(), "0.50".into()));
    let odd: Price = serde_json::from_value(json!({ "input": 0.000001 })).unwrap();
    assert_eq!(odd.in_batch(Cached::Half), None, "no amount is rounded");
}
