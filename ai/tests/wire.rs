//! Every exchange of `tests/wire/` is played: what is sent, and what becomes of what comes back, whole, in pieces of any
//! size, and with any end of lines. `KEYWAY_ACCEPT=1` writes what came of them into the files, to be read.

#![allow(clippy::unwrap_used)]

mod exchanges;

use std::collections::BTreeSet;

use ai::chat::{Delivery, Question};
use ai::refusal::{Class, Reply};
use exchanges::{Exchanges, all, becomes, body, headers, now, question, sent, stream};
use serde_json::{Value, json};

fn accepting() -> bool {
    std::env::var_os("KEYWAY_ACCEPT").is_some()
}

fn name(exchanges: &Exchanges, entry: &Value) -> String {
    format!("{}: {}", exchanges.file["provider"].as_str().unwrap(), entry["about"].as_str().unwrap())
}

#[test]
fn every_exchange_is_sent_and_read_as_it_stands() {
    for mut exchanges in all() {
        let provider = exchanges.provider();
        let mut list = exchanges.exchanges().to_vec();
        for exchange in &mut list {
            let sends = sent(provider, exchange);
            let gives = becomes(provider, exchange, &body(&exchange["gets"]));
            if accepting() {
                (exchange["sends"], exchange["gives"]) = (sends, gives);
            } else {
                assert_eq!(sends, exchange["sends"], "{} is sent otherwise", name(&exchanges, exchange));
                assert_eq!(gives, exchange["gives"], "{} is read otherwise", name(&exchanges, exchange));
            }
        }
        if accepting() {
            exchanges.file["exchanges"] = list.into();
            write(&exchanges);
        }
    }
}

#[test]
fn every_refusal_is_classed_as_it_stands() {
    let question = Question::new("m", "Hi");
    for mut exchanges in all() {
        let provider = exchanges.provider();
        let mut list = exchanges.refusals().to_vec();
        for entry in &mut list {
            let (headers, body) = (headers(entry), body(entry));
            let status = u16::try_from(entry["status"].as_u64().unwrap()).unwrap();
            let reply = Reply { status, headers: &headers, body: &body };
            let refusal = provider.answer(&question, &reply, now()).unwrap_err();
            let name = name(&exchanges, entry);
            assert_eq!(json!(refusal.class), entry["class"], "{name}");
            assert_eq!(
                refusal.wait.map(|wait| wait.as_millis() as u64),
                entry.get("wait_ms").and_then(Value::as_u64),
                "{name}"
            );
            assert_eq!(refusal.request.as_deref(), entry.get("request").and_then(Value::as_str), "{name}");
            assert!(!refusal.message.contains("canary") && refusal.message.chars().count() < 420, "{name}");
            if accepting() {
                entry["message"] = refusal.message.into();
            } else {
                assert_eq!(refusal.message, entry["message"].as_str().unwrap(), "{name}");
            }
        }
        if accepting() {
            exchanges.file["refusals"] = list.into();
            write(&exchanges);
        }
    }
}

/// Two tests write the same file: each reads it anew and replaces its own part. To be run with `--test-threads=1`.
fn write(exchanges: &Exchanges) {
    let mut file: Value = serde_json::from_str(&std::fs::read_to_string(&exchanges.path).unwrap()).unwrap();
    for part in ["exchanges", "refusals"] {
        let said = |entry: &Value| entry.get("gives").is_some() || entry.get("message").is_some();
        if exchanges.file[part].as_array().unwrap().iter().all(said) {
            file[part] = exchanges.file[part].clone();
        }
    }
    std::fs::write(&exchanges.path, laid_out(&file)).unwrap();
}

/// A line for each field of an entry, so that differences can be read.
fn laid_out(file: &Value) -> String {
    let fields = |value: &Value, indent: &str| {
        let lines = value.as_object().unwrap().iter().map(|(key, value)| match value {
            Value::Array(entries) if ["exchanges", "refusals"].contains(&&**key) => {
                let entries = entries
                    .iter()
                    .map(|entry| format!("  {{\n{}\n  }}", lines_of(entry)))
                    .collect::<Vec<_>>();
                format!("{indent}\"{key}\": [\n{}\n{indent}]", entries.join(",\n"))
            }
            value => format!("{indent}\"{key}\": {value}"),
        });
        lines.collect::<Vec<_>>().join(",\n")
    };
    format!("{{\n{}\n}}\n", fields(file, " "))
}

fn lines_of(entry: &Value) -> String {
    let lines = entry.as_object().unwrap().iter().map(|(key, value)| format!("   \"{key}\": {value}"));
    lines.collect::<Vec<_>>().join(",\n")
}

#[test]
fn every_file_says_where_it_is_from() {
    for exchanges in all() {
        assert_eq!(exchanges.file["source"], "written", "{:?}", exchanges.path);
        assert!(exchanges.file["facts"].as_str().unwrap().contains("publish"), "{:?}", exchanges.path);
        let stem = exchanges.path.file_stem().unwrap().to_str().unwrap();
        assert_eq!(exchanges.provider().name, stem);
    }
}

#[test]
fn the_exchanges_have_every_class_of_refusal_that_a_wire_knows() {
    // What a provider never says cannot be among them.
    let never = |provider: &str| match provider {
        "openai" | "azure" | "deepseek" | "anthropic" => vec![Class::DailyQuota],
        "gemini" => vec![Class::Filtered],
        "cohere" => vec![Class::Filtered],
        "compatible" => Class::ALL.to_vec(),
        other => panic!("what does {other} never say?"),
    };
    for exchanges in all() {
        let seen: BTreeSet<Class> = exchanges
            .refusals()
            .iter()
            .map(|entry| serde_json::from_value(entry["class"].clone()).unwrap())
            .collect();
        let provider = exchanges.provider();
        let missing: Vec<Class> = Class::ALL
            .into_iter()
            .filter(|class| !seen.contains(class) && !never(&provider.name).contains(class))
            .filter(|class| {
                provider.wire.name == provider.name
                    || !matches!(class, Class::Filtered | Class::NotOffered | Class::NoCredit)
            })
            .collect();
        assert_eq!(missing, [], "{}", provider.name);
    }
}

#[test]
fn where_a_stream_is_split_does_not_matter() {
    let mut played = 0;
    for exchanges in all() {
        for exchange in exchanges.exchanges() {
            let Some(question) = question(exchange).filter(|question| question.delivery == Delivery::Stream)
            else {
                continue;
            };
            let text = String::from_utf8(body(&exchange["gets"])).unwrap();
            let provider = exchanges.provider();
            let whole = stream(provider, &question, [text.as_bytes()]);
            for ending in ["\n", "\r\n", "\r"] {
                let text = text.replace('\n', ending);
                for size in [1, 2, 3, 7, 64, 1000] {
                    let pieces = stream(provider, &question, text.as_bytes().chunks(size));
                    // A refusal takes the words of its own piece with it.
                    assert_eq!(
                        pieces.ended,
                        whole.ended,
                        "{} by {size}, {ending:?}",
                        name(&exchanges, exchange)
                    );
                    assert_eq!(pieces.cut, whole.cut, "{} by {size}, {ending:?}", name(&exchanges, exchange));
                    if whole.ended.is_ok() {
                        assert_eq!(pieces.deltas, whole.deltas, "{} by {size}", name(&exchanges, exchange));
                    }
                    played += 1;
                }
            }
        }
    }
    assert!(played > 300, "{played}");
}

#[test]
fn the_pieces_of_a_stream_make_its_text() {
    use ai::wire::Delta;
    for exchanges in all() {
        for exchange in exchanges.exchanges() {
            let Some(question) = question(exchange).filter(|question| question.delivery == Delivery::Stream)
            else {
                continue;
            };
            let bytes = body(&exchange["gets"]);
            let played = stream(exchanges.provider(), &question, [&*bytes]);
            let Ok(answer) = played.ended else { continue };
            let text: String = played
                .deltas
                .iter()
                .filter_map(|delta| if let Delta::Text(text) = delta { Some(&**text) } else { None })
                .collect();
            if exchange["gets"].get("events").is_some() && question.form == ai::chat::Form::Text {
                assert_eq!(text, answer.text(), "{}", name(&exchanges, exchange));
            }
        }
    }
}

#[test]
fn what_is_too_long_is_refused_while_it_comes() {
    let provider = ai::provider::find("openai").unwrap();
    let question = Question { delivery: Delivery::Stream, ..Question::new("m", "Hi") };
    // A page, comments, blanks, one line: none of them ends.
    for (piece, most) in [("<", 100), (": x\n", 100), (" ", 100), ("data: x", 1)] {
        let mut stream = provider.stream(&question);
        let megabyte = piece.repeat((1 << 20) / piece.len());
        let refused = (0..=most)
            .find_map(|count| stream.push(megabyte.as_bytes()).err().map(|refusal| (count, refusal)));
        let (count, refusal) = refused.unwrap();
        assert!(count >= most - 1, "{piece:?} is refused after {count} MB");
        assert_eq!(refusal.class, Class::Broken);
        assert!(refusal.message.starts_with("the answer is too long (OpenAI): "), "{}", refusal.message);
    }
}
