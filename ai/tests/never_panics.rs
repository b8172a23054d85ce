//! Whatever a provider sends, it becomes an answer or a refusal: 200,000 mutated bodies, streams and headers, made of the
//! kept exchanges, cut and split anywhere. No usage is negative (its type sees to that), none is beyond belief, and
//! every message is short and without the key that was planted.

#![allow(clippy::unwrap_used)]

mod exchanges;

use ai::chat::{Answer, Delivery, Question};
use ai::price::{Bounds, Priced};
use ai::refusal::{Refusal, Reply};
use exchanges::{Dice, Exchanges, all, body, headers, now, question, settings, texts};
use serde_json::Value;

const ROUNDS: usize = 200_000;

/// What is put into bodies: what JSON, events and counts are made of, and what they are not.
const PIECES: [&str; 34] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "1e308",
    "18446744073709551615",
    "99999999999999999999",
    "0.5",
    "data: ",
    "data:",
    "\n\n",
    "\r",
    "\r\n",
    "event: error\n",
    ": c\n",
    "[DONE]",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "ü",
    "\u{0}",
    "<html>",
    "{\"error\":{}}",
    "{\"error\":\"x\"}",
    "\"error\":{\"message\":\"sk-canary-0123456789\"},",
    "\"type\":\"message_start\"",
    "\"index\":18446744073709551615",
    "\"usage\":{}",
];

fn mutated(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        let end = (at + dice.roll(40)).min(bytes.len());
        match dice.roll(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                let to = dice.roll(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            3 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            _ => {
                let piece = PIECES[dice.roll(PIECES.len())];
                bytes.splice(at..end.min(at + dice.roll(3)), piece.bytes());
            }
        }
    }
    bytes
}

fn fine(answer: &Answer) {
    let usage = &answer.usage;
    let most = [
        usage.input_uncached,
        usage.input_cached,
        usage.cache_write_5m,
        usage.cache_write_1h,
        usage.output_visible,
        usage.output_reasoning,
    ];
    assert!(most.into_iter().all(|count| count <= 2_000_000_000_000), "{usage:?}");
    let stored = serde_json::to_string(answer).unwrap();
    assert_eq!(&serde_json::from_str::<Answer>(&stored).unwrap(), answer, "what is stored is read again");
}

fn said(refusal: &Refusal) {
    let _ = refusal.failure();
    assert!(refusal.message.chars().count() < 550, "{}", refusal.message);
    // What was mutated itself, or grew together with a word, is no key.
    let mut keys =
        refusal.message.match_indices("sk-canary-0").map(|(at, _)| refusal.message[..at].chars().next_back());
    assert!(keys.all(|before| before.is_some_and(char::is_alphanumeric)), "{}", refusal.message);
    assert!(!refusal.message.contains('\n'), "{}", refusal.message);
}

fn play(file: &Exchanges, exchange: &Value, bytes: &[u8], dice: &mut Dice) {
    let provider = file.provider();
    let reply = Reply { status: 200, headers: &[], body: bytes };
    let Some(question) = question(exchange) else {
        match provider.vectors(&texts(exchange).unwrap(), &reply, now()) {
            Ok(vectors) => assert!(vectors.usage.input() < 2_000_000_000_000),
            Err(refusal) => said(&refusal),
        }
        return;
    };
    match question.delivery {
        Delivery::Whole => match provider.answer(&question, &reply, now()) {
            Ok(answer) => {
                fine(&answer);
                goes_back(file, &question, answer);
            }
            Err(refusal) => said(&refusal),
        },
        Delivery::Stream => {
            let mut stream = provider.stream(&question);
            let mut rest = bytes;
            while !rest.is_empty() {
                let (piece, after) = rest.split_at((1 + dice.roll(300)).min(rest.len()));
                rest = after;
                if let Err(refusal) = stream.push(piece) {
                    said(&refusal);
                    assert_eq!(stream.push(b"data: {}\n\n"), Err(refusal), "what is broken stays so");
                    return fine(&stream.cut());
                }
            }
            match dice.roll(2) {
                0 => fine(&stream.cut()),
                _ => match stream.end() {
                    Ok(answer) => fine(&answer),
                    Err(refusal) => said(&refusal),
                },
            }
        }
    }
}

/// Whatever a model said can be sent back to it.
fn goes_back(file: &Exchanges, question: &Question, answer: Answer) {
    let mut question = question.clone();
    question.messages.push(ai::chat::Message::new(ai::chat::Role::Model, answer.parts));
    let _ = file.provider().ask(&question, &settings(&Value::Null));
    for price in file.provider().models.values().flat_map(|model| &model.prices).take(1) {
        let tokens = ai::estimate::question(&question, &file.provider().estimate);
        let most = price.usd.most(&Bounds { input: tokens.at_most, output: 1, keep: None });
        assert!(matches!(most, Priced::Known(_)));
        let _ = price.usd.cost(&answer.usage);
    }
}

fn refuse(file: &Exchanges, entry: &Value, dice: &mut Dice) {
    let bytes = mutated(&body(entry), dice);
    let mut headers = headers(entry);
    if dice.roll(2) == 0 {
        let names =
            ["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"];
        let values =
            ["0", "-1", "1e400", "6m0s", "9999999999999999999h", "Sun, 01 Nov 2026 12:00:30 GMT", "ü", ""];
        headers.insert(0, (names[dice.roll(names.len())].into(), values[dice.roll(values.len())].into()));
    }
    let status = [200, 400, 401, 404, 429, 500, 529, 0, 65535][dice.roll(9)];
    let reply = Reply { status, headers: &headers, body: &bytes };
    match file.provider().answer(&Question::new("m", "Hi"), &reply, now()) {
        Ok(answer) => fine(&answer),
        Err(refusal) => said(&refusal),
    }
}

#[test]
fn whatever_comes_is_an_answer_or_a_refusal() {
    const SEEDS: [u64; 4] =
        [0x2545_F491_4F6C_DD1D, 0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03, 0x1234_5678_9ABC_DEF1];
    std::thread::scope(|scope| {
        for seed in SEEDS {
            scope.spawn(move || rounds(seed, ROUNDS / SEEDS.len()));
        }
    });
}

fn rounds(seed: u64, count: usize) {
    let files = all();
    let mut dice = Dice(seed);
    for _ in 0..count {
        let file = &files[dice.roll(files.len())];
        if dice.roll(4) == 0 {
            let refusals = file.refusals();
            refuse(file, &refusals[dice.roll(refusals.len())], &mut dice);
        } else {
            let exchanges = file.exchanges();
            let exchange = &exchanges[dice.roll(exchanges.len())];
            let bytes = mutated(&body(&exchange["gets"]), &mut dice);
            play(file, exchange, &bytes, &mut dice);
        }
    }
}
