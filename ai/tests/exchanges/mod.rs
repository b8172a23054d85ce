//! The exchanges of `tests/wire/`: what is asked, what is sent, what comes back, what it becomes. All were written from
//! the vendors' documents, none was captured, so no rate may be computed from them.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::PathBuf;

use ai::chat::{Answer, Delivery, Question, Texts};
use ai::provider::{Provider, find};
use ai::refusal::{Refusal, Reply};
use ai::wire::{Delta, Sent, Settings};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The exchanges of one provider.
pub struct Exchanges {
    pub path: PathBuf,
    pub file: Value,
}

/// All files, sorted by provider.
pub fn all() -> Vec<Exchanges> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let file = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        Exchanges { path, file }
    };
    paths.into_iter().map(read).collect()
}

impl Exchanges {
    pub fn provider(&self) -> &'static Provider {
        find(self.file["provider"].as_str().unwrap()).expect("a file is named after a provider that we have")
    }

    pub fn exchanges(&self) -> &[Value] {
        self.file["exchanges"].as_array().unwrap()
    }

    pub fn refusals(&self) -> &[Value] {
        self.file["refusals"].as_array().unwrap()
    }
}

/// When all of them take place.
pub fn now() -> Timestamp {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

pub fn settings(exchange: &Value) -> Settings {
    serde_json::from_value(exchange.get("settings").cloned().unwrap_or_else(|| json!({}))).unwrap()
}

pub fn question(exchange: &Value) -> Option<Question> {
    Some(serde_json::from_value(exchange.get("question")?.clone()).expect("a question"))
}

pub fn texts(exchange: &Value) -> Option<Texts> {
    Some(serde_json::from_value(exchange.get("texts")?.clone()).expect("texts"))
}

/// What is sent for an exchange.
pub fn sent(provider: &Provider, exchange: &Value) -> Value {
    let settings = settings(exchange);
    let Sent { path, headers, body } = match (question(exchange), texts(exchange)) {
        (Some(question), _) => provider.ask(&question, &settings),
        (None, Some(texts)) => provider.embed(&texts, &settings).unwrap(),
        (None, None) => panic!("an exchange has a question or texts"),
    };
    let headers: Map<String, Value> = headers.into_iter().map(|(name, value)| (name, value.into())).collect();
    json!({ "path": path, "headers": headers, "body": body })
}

/// The body that comes back: as it is written, as JSON, or as events.
pub fn body(gets: &Value) -> Vec<u8> {
    if let Some(text) = gets.get("text") {
        return text.as_str().unwrap().into();
    }
    if let Some(json) = gets.get("json") {
        return json.to_string().into();
    }
    let events = gets.get("events").and_then(Value::as_array).expect("text, json or events");
    let written = events.iter().map(|event| match event {
        Value::String(line) => format!("{line}\n\n"),
        event => {
            let named = event.get("type").and_then(Value::as_str);
            let named = named.map(|name| format!("event: {name}\n")).unwrap_or_default();
            format!("{named}data: {event}\n\n")
        }
    });
    written.collect::<String>().into()
}

/// What became of a stream.
#[derive(Debug, PartialEq)]
pub struct Streamed {
    pub deltas: Vec<Delta>,
    pub ended: Result<Answer, Refusal>,
    /// What was said before it ended by a refusal.
    pub cut: Option<Answer>,
}

/// Plays a stream in these pieces.
pub fn stream<'b>(
    provider: &Provider,
    question: &Question,
    pieces: impl IntoIterator<Item = &'b [u8]>,
) -> Streamed {
    let mut stream = provider.stream(question);
    let mut deltas = vec![];
    for piece in pieces {
        match stream.push(piece) {
            Ok(more) => deltas.extend(more),
            Err(refusal) => return Streamed { deltas, ended: Err(refusal), cut: Some(stream.cut()) },
        }
    }
    Streamed { deltas, ended: stream.end(), cut: None }
}

/// What becomes of an exchange, as it stands in the files.
pub fn becomes(provider: &Provider, exchange: &Value, body: &[u8]) -> Value {
    let reply = Reply { status: 200, headers: &[], body };
    let Some(question) = question(exchange) else {
        return match provider.vectors(&texts(exchange).unwrap(), &reply, now()) {
            Ok(vectors) => serde_json::to_value(vectors).unwrap(),
            Err(refusal) => refused(&refusal),
        };
    };
    match question.delivery {
        Delivery::Whole => match provider.answer(&question, &reply, now()) {
            Ok(answer) => serde_json::to_value(answer).unwrap(),
            Err(refusal) => refused(&refusal),
        },
        Delivery::Stream => {
            let Streamed { deltas, ended, cut } = stream(provider, &question, [body]);
            let deltas: Vec<String> = deltas.iter().map(|delta| format!("{delta:?}")).collect();
            match (ended, cut) {
                (Ok(answer), _) => json!({ "deltas": deltas, "answer": answer }),
                (Err(refusal), cut) => {
                    json!({ "deltas": deltas, "refusal": refused(&refusal), "answer": cut })
                }
            }
        }
    }
}

pub fn refused(refusal: &Refusal) -> Value {
    json!({ "class": refusal.class, "message": refusal.message })
}

/// The headers of a refusal.
pub fn headers(refusal: &Value) -> Vec<(String, String)> {
    let given = refusal.get("headers").and_then(Value::as_object);
    given
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

/// A small generator of numbers: the same at every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}
