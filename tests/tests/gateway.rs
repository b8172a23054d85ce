//! Models for programs, with a double of the providers at the other end: both shapes over all wires, what a program hears of
//! trouble, and what the ledger has of it, also where the program goes away or does not read.

use std::io::Read;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::machine;
use tests::models::{Does, Provider, Takes};
use tests::served::{Said, Served};

const KEY: &str = "sk-canary-1a2b3c4d5e6f70819203";

const TEXT: &str = "The first half of this answer is here, and now comes the second half, which ends here.";

/// Both shapes: where one asks, and how.
const SHAPES: [&str; 2] = ["/v1/chat/completions", "/v1/messages"];

/// A provider and its model, one for each wire.
const WIRES: [(&str, &str); 4] = [
    ("openai", "openai/gpt-5.4-mini"),
    ("anthropic", "anthropic/claude-haiku-5-5"),
    ("gemini", "gemini/gemini-3.8-flash"),
    ("cohere", "cohere/command-r-08-2024"),
];

fn served(of: &str, script: &[Does]) -> (Provider, Served) {
    let provider = Provider::start(TEXT, script);
    let served = Served::with(|place| provider.key(place, of, "mine", KEY));
    (provider, served)
}

fn question(model: &str, stream: bool) -> Value {
    json!({ "model": model, "max_tokens": 500, "stream": stream, "stream_options": { "include_usage": true },
            "messages": [{ "role": "user", "content": "Say hello" }] })
}

/// The text of an answer in either shape, whole or in pieces.
fn text(said: &Said) -> String {
    let piece = |event: &Value| {
        let places =
            ["/choices/0/delta/content", "/delta/text", "/choices/0/message/content", "/content/0/text"];
        places.iter().find_map(|place| event.pointer(place)?.as_str().map(str::to_owned))
    };
    if said.head("content-type") == Some("text/event-stream") {
        return said.events().iter().filter_map(piece).collect();
    }
    piece(&said.json()).unwrap_or_default()
}

/// What an answer says that it took: the last that says it.
fn usage(said: &Said) -> Value {
    let events = match said.head("content-type") {
        Some("text/event-stream") => said.events(),
        _ => vec![said.json()],
    };
    let told = events.iter().rev().find_map(|event| event.get("usage").filter(|usage| usage.is_object()));
    told.cloned().unwrap_or_default()
}

/// The same as the double says it.
fn expected(path: &str, takes: &Takes) -> Value {
    let Takes { read, cached, kept, visible, thought } = *takes;
    match path {
        "/v1/messages" => json!([read, cached, kept, visible + thought]),
        _ => json!([read + cached + kept, cached, kept, visible + thought]),
    }
}

fn told(path: &str, usage: &Value) -> Value {
    let places = match path {
        "/v1/messages" => {
            ["/input_tokens", "/cache_read_input_tokens", "/cache_creation_input_tokens", "/output_tokens"]
        }
        _ => [
            "/prompt_tokens",
            "/prompt_tokens_details/cached_tokens",
            "/prompt_tokens_details/cache_write_tokens",
            "/completion_tokens",
        ],
    };
    places.iter().map(|place| usage.pointer(place).cloned().unwrap_or_default()).collect()
}

#[test]
fn both_shapes_over_all_wires_tell_the_whole_answer_and_what_it_took() {
    for (of, model) in WIRES {
        let (provider, served) = served(of, &[Does::Streams, Does::AtOnce]);
        let mut costs = 0.0;
        let mut calls = 0;
        for path in SHAPES {
            // The first call streams, the second gives it at once though it was asked for pieces.
            for stream in [false, true, true, false] {
                let said = served.post(path, &question(model, stream));
                assert_eq!(said.status, 200, "{of} {path}: {said:?}");
                assert_eq!(text(&said), TEXT, "{of} {path} {stream}");
                let takes = provider.asked()[calls].takes;
                assert_eq!(told(path, &usage(&said)), expected(path, &takes), "{of} {path} {stream}");
                assert_eq!(said.head("x-keyway-provider"), Some(of));
                calls += 1;
                match said.head("x-keyway-cost") {
                    Some(cost) => costs += cost.parse::<f64>().expect("a number"),
                    None => assert!(stream, "{said:?}"),
                }
            }
        }
        assert_eq!(provider.asked().len(), calls);
        let ledger = served.ledger(|row| row["calls"] == json!(calls));
        assert_eq!(
            (&ledger["token"], &ledger["failed"], &ledger["estimated"]),
            (&json!("editor"), &json!(0), &json!(0))
        );
        let sum: f64 = ledger["cost_usd"].as_str().and_then(|cost| cost.parse().ok()).expect("a cost");
        assert!(costs > 0.0 && costs < sum, "of half the calls the head tells the cost: {costs} of {sum}");
        let takes: Vec<Takes> = provider.asked().iter().map(|asked| asked.takes).collect();
        let all = |count: fn(&Takes) -> i64| json!(takes.iter().map(count).sum::<i64>());
        assert_eq!(ledger["tokens"]["input_uncached"], all(|takes| takes.read), "{of}");
        assert_eq!(ledger["tokens"]["output_visible"], all(|takes| takes.visible), "{of}");
    }
}

#[test]
fn a_program_that_goes_away_has_its_call_given_up_and_settled_with_what_was_written() {
    let (provider, served) = served("openai", &[Does::Pauses, Does::Waits]);
    let mut stream = served.begin("/v1/chat/completions", &question("openai/gpt-5.4-mini", true));
    let mut seen = vec![];
    while !String::from_utf8_lossy(&seen).contains("first half") {
        let mut piece = [0; 1024];
        let count = stream.read(&mut piece).expect("it streams");
        assert!(count > 0, "it ends before its first half: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..count]);
    }
    drop(stream);
    let ledger = served.ledger(|row| row["failed"] == json!(1));
    assert_eq!((&ledger["calls"], &ledger["estimated"]), (&json!(1), &json!(1)), "{ledger}");
    let written = ledger["tokens"]["output_visible"].as_i64().unwrap_or(0);
    assert!((5..=20).contains(&written), "half of the answer was written: {ledger}");
    // Also one who waits for a whole answer can go.
    let stream = served.begin("/v1/messages", &question("openai/gpt-5.4-mini", false));
    provider.until(2);
    drop(stream);
    let ledger = served.ledger(|row| row["failed"] == json!(2));
    assert_eq!(ledger["calls"], json!(2), "nobody is asked anew: {ledger}");
    provider.go_on();
}

#[test]
fn what_fails_before_the_first_piece_is_made_good_and_what_fails_after_it_is_told() {
    for path in SHAPES {
        let (provider, served) =
            served("openai", &[Does::Fails, Does::Streams, Does::Errs(40), Does::Cuts(40)]);
        let said = served.post(path, &question("openai/gpt-5.4-mini", true));
        assert_eq!((said.status, text(&said)), (200, TEXT.to_owned()), "{said:?}");
        assert_eq!(provider.asked().len(), 2);
        for calls in [3, 4] {
            let said = served.post(path, &question("openai/gpt-5.4-mini", true));
            assert_eq!((said.status, text(&said)), (200, TEXT[..40].to_owned()), "{said:?}");
            let last = said.events().pop().unwrap_or_default();
            assert!(last["error"]["message"].is_string(), "{said:?}");
            if path == "/v1/messages" {
                assert!(
                    said.body.contains("event: error\n") && !said.body.contains("message_stop"),
                    "{said:?}"
                );
                assert_eq!(last["type"], json!("error"));
            } else {
                assert!(!said.body.contains("[DONE]"), "{said:?}");
            }
            assert_eq!(provider.asked().len(), calls, "nothing is asked anew");
        }
    }
    // Where it is asked for as a whole nobody has read of the first.
    let (provider, served) = served("openai", &[Does::Cuts(40), Does::Streams]);
    let said = served.post("/v1/chat/completions", &question("openai/gpt-5.4-mini", false));
    assert_eq!((said.status, text(&said), provider.asked().len()), (200, TEXT.to_owned(), 2), "{said:?}");
}

#[test]
fn trouble_has_the_status_and_the_words_of_its_shape() {
    let model = "openai/gpt-5.4-mini";
    let cases = [
        (Does::TooMany(30), [(429, "rate_limit_exceeded"), (429, "rate_limit_error")], Some("30")),
        (Does::TooLong, [(400, "context_length_exceeded"), (400, "invalid_request_error")], None),
        (Does::Refuses, [(400, "content_filter"), (400, "invalid_request_error")], None),
    ];
    for (does, expected, wait) in cases {
        for (path, (status, word)) in SHAPES.into_iter().zip(expected) {
            let (provider, served) = served("openai", &[does]);
            // Before the first piece a stream has its trouble in the status as well.
            let said = served.post(path, &question(model, true));
            assert_eq!(said.status, status, "{does:?} {path}: {said:?}");
            let error = &said.json()["error"];
            let found = if path == "/v1/messages" { &error["type"] } else { &error["code"] };
            assert_eq!(found, &json!(word), "{said:?}");
            assert_eq!(said.head("retry-after"), wait, "{said:?}");
            assert_eq!(said.head("x-should-retry"), wait.map_or(Some("false"), |_| None), "{said:?}");
            assert_eq!(provider.asked().len(), 1);
        }
    }
}

#[test]
fn a_budget_of_a_token_holds_and_nothing_goes_out() {
    let (provider, served) = served("openai", &[]);
    let set = served.place.keyway.run(&["budget", "set", "0.0000001", "--token", "editor"]);
    assert_eq!(set.code, Some(0), "{set:?}");
    for (path, word) in SHAPES.into_iter().zip(["budget_exceeded", "rate_limit_error"]) {
        let said = served.post(path, &question("openai/gpt-5.4-mini", true));
        assert_eq!((said.status, said.head("x-should-retry")), (429, Some("false")), "{said:?}");
        assert!(said.body.contains(word) && said.body.contains("are left for this month"), "{said:?}");
    }
    assert_eq!(provider.asked().len(), 0);
    let removed = served.place.keyway.run(&["budget", "rm", "--token", "editor"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert_eq!(served.post(SHAPES[0], &question("openai/gpt-5.4-mini", true)).status, 200);
}

#[test]
fn who_does_not_read_holds_up_the_provider_and_takes_no_memory() {
    let (provider, served) = served("openai", &[Does::Streams, Does::Floods, Does::Floods]);
    // What is made once is made.
    assert_eq!(served.post(SHAPES[0], &question("openai/gpt-5.4-mini", true)).status, 200);
    let memory = || machine::memory_of(served.process()).expect("it runs");
    let before = memory();
    let unread = served.begin("/v1/chat/completions", &question("openai/gpt-5.4-mini", true));
    provider.until(2);
    std::thread::sleep(Duration::from_secs(3));
    let held = memory().saturating_sub(before);
    assert!(held < 60_000_000, "{held} bytes are kept for somebody who does not read");
    drop(unread);
    // The control: who reads gets all of it, and all of it is kept until it can be counted.
    let mut read = served.begin("/v1/chat/completions", &question("openai/gpt-5.4-mini", true));
    let (mut count, mut piece) = (0_u64, vec![0; 1 << 16]);
    let end = Instant::now() + Duration::from_secs(60);
    while count < 60_000_000 && Instant::now() < end {
        count += read.read(&mut piece).expect("it streams") as u64;
    }
    assert!(count >= 60_000_000, "only {count} bytes came");
    let kept = memory().saturating_sub(before);
    assert!(
        kept > 2 * held.max(60_000_000),
        "{kept} bytes are kept for somebody who reads, {held} for who does not"
    );
}
