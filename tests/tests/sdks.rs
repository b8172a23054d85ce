//! Models for programs, judged by what programs use: the official libraries of OpenAI and Anthropic, for Python and for
//! JavaScript, as clients; `@copilotkit/aimock` in the shapes of OpenAI and Anthropic as the providers. Each library in
//! each shape asks models of both.
//!
//! `KEYWAY_DOUBLES` names the folder into which all of them are installed: `.ci/run` says how. A test whose tool is absent
//! says so and does nothing, and where `CI` is set it fails.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tests::keyway::wait;
use tests::served::Served;
use tests::tool::{Tool, folder, installed};

const KEY: &str = "sk-canary-5d6c7b8a9f0e1d2c3b4a";

const TEXT: &str = "Hello from somebody else's double, in several pieces.";

/// The models that are asked, each with what the double tells in its shape.
const MODELS: [&str; 2] = ["openai/gpt-5.4-mini", "anthropic/claude-haiku-5-5"];

/// What a client program said, case by case; nothing where its library is not installed.
fn said(client: &str, library: &str, model: &str) -> Option<BTreeMap<String, Value>> {
    installed(library)?;
    let fixtures = format!("{}/tests/sdks/fixtures.json", env!("CARGO_MANIFEST_DIR"));
    let arguments = ["-p", "PORT", "-f", &fixtures, "--chunk-size", "8", "--log-level", "silent"];
    let tool = Tool::start("npm/node_modules/.bin/llmock", &arguments, "/v1/models")?;
    let served = Served::with(|place| {
        for (of, below) in [("openai", "/v1"), ("anthropic", "")] {
            let base = tool.base(below);
            let arguments = ["keys", "add", of, "--name", of, "--base-url", &base, "--no-test", "--stdin"];
            let added = place.keyway.run_with(&arguments, KEY);
            assert_eq!(added.code, Some(0), "{added:?}");
        }
    });
    let folder = folder()?;
    let script = format!("{}/tests/sdks/{client}", env!("CARGO_MANIFEST_DIR"));
    let mut command = match client.ends_with(".py") {
        true => Command::new(folder.join("py/bin/python")),
        false => Command::new("node"),
    };
    command.args([&script, &served.url(), &served.token, model]).env("KEYWAY_DOUBLES", &folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let answer = wait(command.spawn().expect("Python and Node are installed"));
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(!answer.stdout.contains(KEY) && !answer.stderr.contains(KEY), "the key is told: {answer:?}");
    let lines = answer.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    Some(lines.map(|line| (line["case"].as_str().unwrap_or_default().to_owned(), line)).collect())
}

/// Compares what is common to all: `words` are those of the shape.
fn judged(said: &BTreeMap<String, Value>, model: &str, words: &Words) {
    let of = |case: &str| said.get(case).unwrap_or_else(|| panic!("there is no case `{case}`: {said:?}"));
    let (provider, name) = model.split_once('/').expect("a provider and a name");
    let plain = of("plain");
    assert_eq!((&plain["text"], &plain["finish"]), (&json!(TEXT), &json!(words.stop)), "{plain}");
    assert_eq!((&plain["usage"], &plain["model"]), (&json!(words.usage), &json!(name)), "{plain}");
    assert_eq!(
        plain["heads"].as_array().map(|heads| &heads[..4]),
        Some(&[provider, name, provider, "own"].map(Value::from)[..])
    );
    assert!(
        plain["heads"][4].as_str().is_some_and(|cost| cost.parse::<f64>().is_ok_and(|cost| cost > 0.0)),
        "{plain}"
    );
    assert_eq!((&of("stream")["text"], &of("stream")["usage"]), (&json!(TEXT), &json!(words.usage)));
    for case in ["tools", "tools streamed"] {
        let tools = of(case);
        assert_eq!((&tools["finish"], &tools["name"]), (&json!(words.calls), &json!("weather")), "{tools}");
        let arguments = json!({ "city": "Ulm", "note": "as it is now, with the wind" });
        assert_eq!(tools["arguments"], arguments, "{tools}");
    }
    assert_eq!(of("tools answered")["text"], json!("It has 12 degrees in Ulm."));
    assert_eq!((&of("models")["has"], &of("models")["one"]), (&json!(true), &json!(model)));
    for (case, error, status) in [
        ("no token", "AuthenticationError", 401),
        ("no model", "NotFoundError", 404),
        ("wrong", "BadRequestError", 400),
        ("too long", "BadRequestError", 400),
        ("no key", "PermissionDeniedError", 403),
    ] {
        let refused = of(case);
        assert_eq!((&refused["error"], &refused["status"]), (&json!(error), &json!(status)), "{refused}");
    }
}

/// The words of a shape.
struct Words {
    stop: &'static str,
    calls: &'static str,
    usage: &'static [i64],
}

const OPENAI: Words = Words { stop: "stop", calls: "tool_calls", usage: &[21, 7, 28] };
const ANTHROPIC: Words = Words { stop: "end_turn", calls: "tool_use", usage: &[21, 7] };

const RANK: &str = r#"{"urgency":4,"reason":"it burns"}"#;

#[test]
fn openais_library_for_python_finds_all_that_it_looks_for() {
    for model in MODELS {
        let Some(said) = said("openai_client.py", "py/bin/python", model) else { return };
        judged(&said, model, &OPENAI);
        assert_eq!(said["stream"]["pieces"], json!(true));
        assert_eq!(said["stream helper"]["text"], json!(TEXT));
        let rank: Value = serde_json::from_str(RANK).expect("JSON");
        assert_eq!(said["structured"]["value"], rank);
        let embeddings = &said["embeddings"];
        assert_eq!(
            (&embeddings["count"], &embeddings["same"], &embeddings["long"]),
            (&json!(2), &json!(true), &json!(true))
        );
        assert!(
            said["chosen"]["why"].as_str().is_some_and(|why| why.contains("the cheapest of")),
            "{said:?}"
        );
        assert_eq!(said["no token"]["code"], json!("invalid_api_key"));
        assert_eq!(said["no model"]["code"], json!("model_not_found"));
    }
}

#[test]
fn openais_library_for_javascript_finds_all_that_it_looks_for() {
    for model in MODELS {
        let Some(said) = said("openai_client.mjs", "npm/node_modules/openai", model) else { return };
        judged(&said, model, &OPENAI);
        assert_eq!(said["stream helper"]["text"], json!(TEXT));
        let embeddings = &said["embeddings"];
        assert_eq!((&embeddings["count"], &embeddings["same"]), (&json!(2), &json!(true)));
    }
}

#[test]
fn anthropics_library_for_python_finds_all_that_it_looks_for() {
    for model in MODELS {
        let Some(said) = said("anthropic_client.py", "py/bin/python", model) else { return };
        judged(&said, model, &ANTHROPIC);
        let events = &said["events"];
        assert_eq!(
            (&events["first"], &events["blocks"]),
            (&json!("message_start"), &json!(true)),
            "{events}"
        );
        assert_eq!(events["last"], json!(["message_delta", "message_stop"]));
        let rank: Value = serde_json::from_str(RANK).expect("JSON");
        assert_eq!(said["structured"]["value"], rank);
    }
}

#[test]
fn anthropics_library_for_javascript_finds_all_that_it_looks_for() {
    for model in MODELS {
        let Some(said) = said("anthropic_client.mjs", "npm/node_modules/@anthropic-ai/sdk", model) else {
            return;
        };
        judged(&said, model, &ANTHROPIC);
        assert_eq!(said["events"]["last"], json!(["message_delta", "message_stop"]));
    }
}
