//! The exchanges hold the mapping: whatever is changed in it, at least one of them goes red.
//!
//! Three mutations are made of everything: a field of a question (then something else must be sent), a word that a wire
//! writes (it must stand in a request that is compared), and a word that a wire reads (renamed in all that comes, it must
//! be read otherwise). What cannot be shown so stands in a list, with the reason.

#![allow(clippy::unwrap_used)]

mod exchanges;

use std::collections::BTreeSet;

use ai::chat::{Purpose, Question};
use ai::provider::find;
use ai::refusal::{Refusal, Reply};
use exchanges::{Exchanges, all, becomes, body, headers, now, question, sent, settings, texts};
use serde_json::{Value, json};

/// The fields of a question, by what they are called, each with the question in which it is another.
fn changed(question: &Question) -> Vec<(String, Question)> {
    let whole = serde_json::to_value(question).unwrap();
    let mut places = vec![];
    fields(&whole, "", "", &mut places);
    let other = |(name, place): (String, String)| {
        let variants = [Some(longer(whole.pointer(&place).unwrap())), None];
        let read = |variant: Option<Value>| {
            let mut whole = whole.clone();
            match variant {
                Some(value) => *whole.pointer_mut(&place).unwrap() = value,
                None => remove(&mut whole, &place),
            }
            serde_json::from_value::<Question>(whole).ok().filter(|other| other != question)
        };
        variants.into_iter().find_map(read).map(|other| (name, other))
    };
    places.into_iter().filter_map(other).collect()
}

/// The names and places of all fields that are there; what is free JSON is one field.
fn fields(value: &Value, name: &str, place: &str, out: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(_) if ["arguments", "schema", "raw"].iter().any(|free| name.ends_with(free)) => {
            out.push((name.to_owned(), place.to_owned()));
        }
        Value::Object(entries) => {
            let kind = entries.get("part").and_then(Value::as_str);
            for (key, value) in entries.iter().filter(|(key, _)| *key != "part") {
                let name = match kind {
                    Some(kind) => format!("{kind}.{key}"),
                    None if name.is_empty() => key.clone(),
                    None => format!("{name}.{key}"),
                };
                fields(value, &name, &format!("{place}/{key}"), out);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                fields(item, name, &format!("{place}/{at}"), out);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push((name.to_owned(), place.to_owned())),
    }
}

/// Another value of the same kind.
fn longer(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) if number.is_f64() => json!(number.as_f64().unwrap() + 0.25),
        Value::Number(number) => json!(number.as_u64().unwrap() + 1),
        Value::String(text) => match &**text {
            "user" => json!("model"),
            "model" => json!("user"),
            "whole" => json!("stream"),
            "stream" => json!("whole"),
            "low" | "medium" => json!("high"),
            "high" => json!("low"),
            "5m" => json!("1h"),
            "1h" => json!("5m"),
            "some" => json!("never"),
            "never" => json!("some"),
            text => json!(format!("{text}x")),
        },
        other => {
            let mut other = other.clone();
            let entries = other.as_object_mut().unwrap();
            match entries.values_mut().find(|value| value.is_string()) {
                Some(text) => *text = longer(text),
                None => drop(entries.insert("other".into(), json!("x"))),
            }
            other
        }
    }
}

fn remove(whole: &mut Value, place: &str) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    if let Some(Value::Object(entries)) = whole.pointer_mut(parent) {
        entries.shift_remove(key);
    }
}

/// All that a question can have. A field that is missing here is missing in the exchanges of all wires.
const FIELDS: [&str; 36] = [
    "cache_key",
    "call.arguments",
    "call.id",
    "call.name",
    "call.seal",
    "calls",
    "delivery",
    "effort",
    "form.json.name",
    "form.json.schema",
    "image.bytes.data",
    "image.bytes.media",
    "image.url",
    "keep",
    "max_output",
    "messages.keep",
    "messages.role",
    "model",
    "result.call",
    "result.failed",
    "result.name",
    "result.text",
    "stop",
    "system",
    "temperature",
    "text.seal",
    "text.text",
    "thinking.raw",
    "thinking.text",
    "thinking.wire",
    "tool_choice",
    "tool_choice.this",
    "tools.about",
    "tools.name",
    "tools.schema",
    "top_p",
];

/// What a wire has no word for. What can be read of a thought goes back with its raw form.
fn unspoken(wire: &str) -> &'static [&'static str] {
    match wire {
        // Failing is told in the text; what is remembered is the provider's own affair.
        "openai" => &[
            "call.seal",
            "keep",
            "messages.keep",
            "result.failed",
            "result.name",
            "text.seal",
            "thinking.text",
        ],
        // The form has no name.
        "anthropic" => &["cache_key", "call.seal", "result.name", "text.seal", "thinking.text"],
        // A thought goes back as the seal of what follows it.
        "gemini" => {
            &["cache_key", "calls", "keep", "messages.keep", "thinking.raw", "thinking.text", "thinking.wire"]
        }
        "cohere" => &[
            "cache_key",
            "call.seal",
            "calls",
            "effort",
            "keep",
            "messages.keep",
            "result.failed",
            "result.name",
            "text.seal",
            "thinking.text",
        ],
        other => panic!("what has the wire {other} no word for?"),
    }
}

/// The exchanges of all providers of a wire.
fn of_wire<'e>(files: &'e [Exchanges], wire: &str) -> Vec<&'e Exchanges> {
    files.iter().filter(|file| file.provider().wire.name == wire).collect()
}

fn wires() -> [&'static str; 4] {
    ai::wire::WIRES.map(|wire| wire.name)
}

#[test]
fn every_field_of_a_question_changes_what_is_sent() {
    let files = all();
    for wire in wires() {
        let mut seen = BTreeSet::new();
        for file in of_wire(&files, wire) {
            let provider = file.provider();
            for exchange in file.exchanges() {
                let Some(asked) = question(exchange) else { continue };
                let before = provider.ask(&asked, &settings(exchange));
                let spoken = changed(&asked)
                    .into_iter()
                    .filter(|(_, other)| provider.ask(other, &settings(exchange)) != before);
                seen.extend(spoken.map(|(name, _)| name));
            }
        }
        let expected: BTreeSet<String> = FIELDS
            .iter()
            .filter(|field| !unspoken(wire).contains(field))
            .map(|field| (*field).to_owned())
            .collect();
        assert_eq!(seen, expected, "{wire}");
    }
}

#[test]
fn every_field_of_texts_changes_what_is_sent() {
    for wire in ["openai", "gemini", "cohere"] {
        let files = all();
        let (mut purpose, mut dims, mut text) = (false, false, false);
        for file in of_wire(&files, wire) {
            for exchange in file.exchanges() {
                let Some(asked) = texts(exchange) else { continue };
                let sent =
                    |asked: &ai::chat::Texts| file.provider().embed(asked, &settings(exchange)).unwrap();
                let before = sent(&asked);
                let mut other = asked.clone();
                other.purpose =
                    if asked.purpose == Purpose::Query { Purpose::Document } else { Purpose::Query };
                purpose |= sent(&other) != before;
                let mut other = asked.clone();
                other.dims = other.dims.map(|dims| dims + 1);
                dims |= sent(&other) != before;
                let mut other = asked.clone();
                other.texts[0].push('x');
                text |= sent(&other) != before;
            }
        }
        assert_eq!((purpose, dims, text), (wire != "openai", true, true), "{wire}");
    }
    assert!(find("deepseek").unwrap().paths.embed.is_none(), "nothing else has embeddings");
}

/// The code of a wire in three parts: its refusals, what it writes, what it reads.
fn code(wire: &str) -> [String; 3] {
    let path = format!("{}/src/wire/{wire}.rs", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    let between = |from: &str, to: &str| {
        let from = text.find(from).unwrap_or_else(|| panic!("{wire} has `{from}`"));
        let to = text[from..].find(to).map_or(text.len(), |to| from + to);
        text[from..to].to_owned()
    };
    let writes = between("\nfn ask(", "\nfn whole(") + &tail(text, "\nfn texts(", "\nfn vectors(");
    let reads = between("\nfn whole(", "\nfn texts(") + &tail(text, "\nfn vectors(", "\u{0}");
    [between("\nconst SAYS", "\n];"), writes, reads]
}

/// As `between`, of what a wire may lack.
fn tail(text: &str, from: &str, to: &str) -> String {
    let Some(from) = text.find(from) else { return String::new() };
    let to = text[from..].find(to).map_or(text.len(), |to| from + to);
    text[from..to].to_owned()
}

/// The words in quotes; of places, their parts; of messages with holes or blanks, none.
fn words(code: &str) -> BTreeSet<String> {
    let code: String =
        code.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    let quoted = code.split('"').skip(1).step_by(2);
    let parts = quoted.flat_map(|text| match text.strip_prefix('/') {
        Some(place) => place.split('/').map(str::to_owned).collect(),
        None => vec![text.to_owned()],
    });
    let told =
        |word: &String| !word.is_empty() && !word.contains([' ', '{', '}']) && word.parse::<u64>().is_err();
    parts.filter(told).collect()
}

/// All keys and texts of a value.
fn said(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                into.insert(key.clone());
                said(value, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| said(item, into)),
        Value::String(text) => {
            into.insert(text.clone());
        }
        _ => {}
    }
}

#[test]
fn every_word_that_a_wire_writes_stands_in_a_request_that_is_compared() {
    let files = all();
    for wire in wires() {
        let mut sends = BTreeSet::new();
        for file in of_wire(&files, wire) {
            file.exchanges().iter().for_each(|exchange| said(&exchange["sends"]["body"], &mut sends));
        }
        let [_, writes, _] = code(wire);
        let words = words(&writes);
        assert!(words.len() > 20, "{wire}: {words:?}");
        let missing: Vec<&String> = words.iter().filter(|word| !sends.contains(*word)).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{wire}");
    }
}

/// The value with a word renamed wherever it stands, as a key or as a text.
fn renamed(value: &Value, word: &str) -> Value {
    let name = |text: &String| if text == word { "renamed".to_owned() } else { text.clone() };
    match value {
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (name(key), renamed(value, word)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| renamed(item, word)).collect(),
        Value::String(text) => name(text).into(),
        other => other.clone(),
    }
}

#[test]
fn every_word_that_a_wire_reads_is_read_otherwise_once_it_is_another() {
    let files = all();
    let mut unread = vec![];
    for wire in wires() {
        let [_, _, reads] = code(wire);
        let mut words = words(&reads);
        for file in of_wire(&files, wire) {
            let cached = file.provider().quirks.cached.split('/').skip(1);
            words.extend(cached.map(str::to_owned).filter(|_| wire == "openai"));
        }
        assert!(words.len() > 20, "{wire}: {words:?}");
        for word in words.iter().filter(|word| !spare(wire).contains(&&***word)) {
            let seen = of_wire(&files, wire).iter().any(|file| {
                file.exchanges().iter().any(|exchange| {
                    // The keys of `gets` itself are ours.
                    let gets = exchange["gets"].as_object().unwrap().iter();
                    let gets: Value = gets.map(|(key, value)| (key.clone(), renamed(value, word))).collect();
                    gets != exchange["gets"]
                        && becomes(file.provider(), exchange, &body(&gets)) != exchange["gives"]
                })
            });
            if !seen {
                unread.push(format!("{wire}: {word}"));
            }
        }
    }
    assert_eq!(unread, Vec::<String>::new());
}

/// Words whose renaming changes nothing by what they are: what they say is said once more, or is as what is unknown.
fn spare(wire: &str) -> &'static [&'static str] {
    match wire {
        // An old word for `tool_calls`.
        "openai" => &["function_call"],
        "anthropic" | "gemini" => &[],
        // The calls that are there say it.
        "cohere" => &["TOOL_CALL"],
        other => panic!("which words of the wire {other} are spare?"),
    }
}

#[test]
fn every_word_of_a_refusal_is_classed_otherwise_once_it_is_another() {
    let files = all();
    let mut unread = vec![];
    for wire in wires() {
        let [says, _, _] = code(wire);
        let words: BTreeSet<&str> = says.split('"').skip(1).step_by(2).collect();
        for word in words {
            let seen = of_wire(&files, wire).iter().any(|file| {
                file.refusals().iter().any(|entry| {
                    let text = String::from_utf8(body(entry)).unwrap();
                    let other = text.replace(word, "renamed").replace(&capital(word), "Renamed");
                    let status = u16::try_from(entry["status"].as_u64().unwrap()).unwrap();
                    // As an answer, and as an error after a right status, which only its body tells of.
                    [status, 200].into_iter().any(|status| {
                        let class = |text: &str| classed(file, entry, status, text.as_bytes()).class;
                        class(&other) != class(&text)
                    })
                })
            });
            if !seen {
                unread.push(format!("{wire}: {word}"));
            }
        }
    }
    assert_eq!(unread, Vec::<String>::new());
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn classed(file: &Exchanges, entry: &Value, status: u16, body: &[u8]) -> Refusal {
    let reply = Reply { status, headers: &headers(entry), body };
    file.provider().answer(&Question::new("m", "Hi"), &reply, now()).unwrap_err()
}

#[test]
fn what_is_sent_is_what_the_files_hold() {
    // The mutations above compare with the files; this says that the files are compared at all.
    let files = all();
    let count: usize = files.iter().map(|file| file.exchanges().len()).sum();
    assert!(count >= 80, "{count}");
    assert!(files.iter().all(|file| {
        file.exchanges().iter().all(|exchange| sent(file.provider(), exchange) == exchange["sends"])
    }));
}
