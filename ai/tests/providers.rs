//! A provider is a data file: a made-up one works without a line of code, a wrong one is told where, and ours are whole.

#![allow(clippy::unwrap_used)]

mod exchanges;

use std::collections::BTreeSet;

use ai::chat::{Delivery, Finish, Form, Part, Question};
use ai::price::{Money, Priced};
use ai::provider::{Agreed, Feature, PROVIDERS, Provider};
use ai::refusal::{Class, Reply};
use ai::wire::Settings;
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::json;

const ACME: &str = "
provider: acme
wire: openai
paths: { chat: /v9/talk }
quirks: { max_output: max_tokens, structured: tool, stream_usage: no, cached: /usage_cached }
estimate: { times: 1, image: 500, image_at_most: 900 }
models:
  anvil-1:
    context: 32000
    max_output: 4000
    features: [tools, cache]
    quality: low
    prices: [{ usd: { input: 0.5, cached: 0.1, output: 2 } }]
";

#[test]
fn a_made_up_provider_is_one_data_file() {
    let acme = Provider::read(ACME).unwrap();
    let mut asked = Question::new("anvil-1", "How heavy?");
    asked.max_output = Some(50);
    asked.delivery = Delivery::Stream;
    asked.form = Form::Json { name: "weight".into(), schema: json!({ "type": "object" }) };
    let sent = acme.ask(&asked, &Settings::new());
    assert_eq!(sent.path, "/v9/talk");
    assert_eq!(sent.body["max_tokens"], 50);
    assert_eq!(sent.body["tool_choice"]["function"]["name"], "weight");
    assert_eq!(sent.body.get("stream_options"), None);

    asked.delivery = Delivery::Whole;
    asked.form = Form::Text;
    let body = json!({
        "choices": [{ "message": { "content": "Very." }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 2, "usage_cached": 4 },
    });
    let body = body.to_string();
    let reply = |status| Reply { status, headers: &[], body: body.as_bytes() };
    let answer = acme.answer(&asked, &reply(200), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!((answer.parts, answer.finish), (vec![Part::text("Very.")], Finish::Stop));
    let agreed = Agreed::default();
    let Priced::Known(price) = acme.price("anvil-1", date(2026, 11, 29), &agreed) else { panic!() };
    assert_eq!(price.cost(&answer.usage).known().unwrap().total(), Money::parse("0.0000074").unwrap());
    assert_eq!(acme.refusal(&reply(429), Timestamp::UNIX_EPOCH).class, Class::RateLimited);
}

#[test]
fn a_wrong_file_is_told_where() {
    let wrong = |from: &str, to: &str| {
        assert!(ACME.contains(from), "{from}");
        Provider::read(&ACME.replacen(from, to, 1)).err().map(|wrong| wrong.to_string()).unwrap_or_default()
    };
    for (from, to, said) in [
        (
            "wire: openai",
            "wire: telex",
            "wire: there is no wire `telex`; there are `anthropic`, `cohere`, `gemini`, `openai`",
        ),
        ("wire: openai\n", "", "the file: missing field `wire`"),
        ("paths:", "path:", "the file: unknown field `path`, expected one of"),
        ("chat: /v9/talk", "chat: v9/talk", "paths: `v9/talk` does not begin with `/`"),
        ("structured: tool", "structured: magic", "quirks: unknown variant `magic`, expected one of"),
        ("max_output: max_tokens", "max_outputs: max_tokens", "quirks: unknown field `max_outputs`"),
        ("cached: /usage_cached", "cached: usage_cached", "quirks: `usage_cached` is no place in a usage"),
        ("times: 1", "times: 0", "estimate: `times` is 0.1 to 10, not 0"),
        ("image: 500", "image: 5000", "estimate: `image` is more than `image_at_most`"),
        ("context: 32000", "contxt: 32000", "models.anvil-1: unknown field `contxt`"),
        ("context: 32000", "context: 0", "models.anvil-1: a model reads and writes at least one token"),
        (
            "quality: low",
            "quality: best",
            "models.anvil-1: unknown variant `best`, expected one of `low`, `standard`, `high`",
        ),
        ("[tools, cache]", "[tools, wings]", "models.anvil-1: unknown variant `wings`"),
        ("input: 0.5", "input: 0.0000005", "models.anvil-1: `0.0000005` is no price of a million tokens"),
        ("input: 0.5", "input: -1", "models.anvil-1: `-1.00` is no price of a million tokens"),
        ("{ usd: {", "{ from: 2026-02-30, usd: {", "models.anvil-1: "),
        (
            "{ usd: {",
            "{ from: 2026-02-03, until: 2026-02-03, usd: {",
            "models.anvil-1: a price ends before it begins",
        ),
        ("[{ usd:", "[{ usd: { input: 1 } }, { usd:", "models.anvil-1: prices stand in order"),
        (
            "output: 2 }",
            "output: 2, above: [{ tokens: 9, input: 1 }, { tokens: 9, input: 1 }] }",
            "models.anvil-1: the steps of a price stand in order",
        ),
        ("models:", "models: [", "line "),
    ] {
        let got = wrong(from, to);
        assert!(got.starts_with(said), "{from} -> {to}: {got}");
    }
    let both = format!("{ACME}embeddings:\n  anvil-1: {{ context: 5 }}\n");
    assert_eq!(
        Provider::read(&both).err().unwrap().to_string(),
        "embeddings: `anvil-1` is among the models that answer"
    );
}

#[test]
fn every_provider_has_its_account_in_the_vault_and_every_account_its_models() {
    let ours: BTreeSet<&str> = PROVIDERS.iter().map(|provider| &*provider.name).collect();
    let theirs: BTreeSet<&str> = vault::provider::PROVIDERS.iter().map(|provider| &*provider.name).collect();
    assert_eq!(ours, theirs);
    let titled = PROVIDERS
        .iter()
        .all(|provider| provider.account().is_some_and(|account| account.title == provider.title));
    assert!(titled);
}

#[test]
fn no_file_of_the_folder_is_left_out() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/providers");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> =
        names.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(files, PROVIDERS.iter().map(|provider| provider.name.clone()).collect());
}

#[test]
fn models_can_do_what_their_files_say() {
    for provider in PROVIDERS.iter().filter(|provider| provider.name != "compatible") {
        assert!(provider.models.len() >= 4, "{}", provider.name);
        for (name, model) in &provider.models {
            assert!(
                model.quality.is_some() && model.max_output.is_some_and(|most| most <= model.context),
                "{name}"
            );
            assert!(model.has(Feature::Tools), "{name}: all of them call tools");
        }
        let qualities: BTreeSet<_> = provider.models.values().map(|model| model.quality).collect();
        assert_eq!(qualities.len(), 3, "{}: there is one for each need", provider.name);
    }
}

/// Some of the table that the files name as their source, once more: a slip in how files are read would show.
#[test]
fn prices_are_those_of_the_source() {
    let one = |provider: &str, model: &str| {
        let provider = ai::provider::find(provider).unwrap();
        provider.model(model).unwrap().prices[0].usd.clone()
    };
    let read = |json| serde_json::from_value::<ai::price::Price>(json).unwrap();
    assert_eq!(
        one("openai", "gpt-6-luna"),
        read(json!({
            "input": 0.1, "cached": 0.01, "write_5m": 0.125, "output": 0.5,
            "above": [{ "tokens": 272000, "input": 0.2, "cached": 0.02, "write_5m": 0.25, "output": 0.75 }],
        }))
    );
    assert_eq!(
        one("anthropic", "claude-haiku-5-5"),
        read(json!({
            "input": 0.1, "cached": 0.01, "write_5m": 0.125, "write_1h": 0.2, "output": 0.5,
            "above": [{ "tokens": 100000, "input": 0.5, "cached": 0.05, "write_5m": 0.625, "output": 2.5 }],
        }))
    );
    assert_eq!(
        one("deepseek", "deepseek-v4-flash"),
        read(json!({ "input": 0.3, "cached": 0.006, "output": 1.2 }))
    );
    assert_eq!(one("cohere", "command-r7b-12-2024"), read(json!({ "input": 0.0375, "output": 0.15 })));
    assert_eq!(one("azure", "text-embedding-3-small"), read(json!({ "input": 0.022 })));
}

/// What a call learns of a key is what its check would have learned from the same answer: a key is not off by one and
/// right by the other.
#[test]
fn the_check_of_a_key_and_a_call_read_the_same_answer_alike() {
    use vault::provider::Verdict;
    for file in exchanges::all() {
        let account = file.provider().account().unwrap();
        for entry in file.refusals() {
            let status = u16::try_from(entry["status"].as_u64().unwrap()).unwrap();
            let verdict = account.read(status, &exchanges::body(entry));
            let class: Class = serde_json::from_value(entry["class"].clone()).unwrap();
            let (name, about) = (&account.name, entry["about"].as_str().unwrap());
            let bad = matches!(verdict, Verdict::Invalid | Verdict::Expired);
            assert_eq!(bad, class == Class::BadKey, "{name}: {about}");
            assert_eq!(verdict == Verdict::NoCredit, class == Class::NoCredit, "{name}: {about}");
        }
    }
}
