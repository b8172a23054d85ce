//! The JSON test suite: what it accepts is read, what it refuses is refused, and what it leaves open is decided
//! here.

#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dsl::json;

/// What the suite leaves open and is read: numbers too near to zero are zero, and the exact text stands for an
/// integer of more than 64 bits. All else that it leaves open is refused: numbers beyond
/// 64 bits, surrogates without their half, other encodings, a byte order mark, 500 lists in one another.
const OPEN_AND_READ: &[&str] = &[
    "i_number_double_huge_neg_exp",
    "i_number_real_underflow",
    "i_number_too_big_neg_int",
    "i_number_too_big_pos_int",
    "i_number_very_big_negative_int",
];

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    text: Option<String>,
    base64: Option<String>,
    repeat: Option<String>,
    times: Option<usize>,
    tail: Option<String>,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        match (&self.text, &self.base64, &self.repeat) {
            (Some(text), _, _) => text.clone().into_bytes(),
            (_, Some(coded), _) => STANDARD.decode(coded).unwrap(),
            (_, _, Some(unit)) => {
                (unit.repeat(self.times.unwrap()) + self.tail.as_ref().unwrap()).into_bytes()
            }
            _ => panic!("{}: an empty case", self.name),
        }
    }
}

#[test]
fn the_suite_is_read_as_it_says() {
    let lines = include_str!("data/json-test-suite/cases.jsonl").lines();
    let cases: Vec<Case> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), 318);
    let mut wrong = vec![];
    let mut open = vec![];
    for case in &cases {
        // What is no UTF-8 is refused before it is text.
        let bytes = case.bytes();
        let read = std::str::from_utf8(&bytes).ok().and_then(|text| json::parse(text).ok());
        match (&case.name[..2], read) {
            ("y_", None) => wrong.push(format!("{} is right, and was refused", case.name)),
            ("n_", Some(value)) => {
                wrong.push(format!("{} is wrong, and was read as {}", case.name, value.to_json()))
            }
            ("i_", Some(_)) => open.push(case.name.as_str()),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(open, OPEN_AND_READ);
}
