//! Recorded outcomes asked again through the product: where the step checks its answer a better model stands in for what does not
//! fit, without the check nobody does, and the report says what the ledger says.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::outcomes::{Outcomes, Row};
use tests::replay::{Replayed, Step, lesson, replay};

/// How many questions there are; the cheap model breaks the form of every fourth.
const ROWS: usize = 40;

fn models() -> Vec<String> {
    vec!["dear".into(), "cheap".into()]
}

fn rows() -> Vec<Row> {
    let function = json!({
        "name": "room.book",
        "parameters": {
            "type": "dict",
            "properties": { "day": { "type": "string" }, "people": { "type": "integer" } },
            "required": ["day", "people"]
        }
    });
    let errors = [
        "ast_decoder:decoder_failed",
        "simple:missing_required",
        "simple:wrong_func_name",
        "type_error:simple",
    ];
    let row = |at: usize| {
        let broken = at % 4 == 3;
        let error = if broken { Value::from(errors[at / 4 % errors.len()]) } else { Value::Null };
        let row = json!({
            "id": at.to_string(),
            "prompt": format!("Book room {at} for the committee."),
            "functions": function,
            "models": {
                "dear": { "ok": 1, "in": 100, "out": 20 },
                "cheap": { "ok": u8::from(!broken), "in": 100, "out": 20, "err": error }
            }
        });
        serde_json::from_value(row).expect("it is a row")
    };
    (0..ROWS).map(row).collect()
}

fn replayed(step: Step) -> Replayed {
    let prices = BTreeMap::from([("dear".to_owned(), [10.0, 30.0]), ("cheap".to_owned(), [0.5, 1.5])]);
    let rows = rows();
    let outcomes = Outcomes { files: BTreeMap::new(), prices, digest: String::new() };
    let learned = lesson::of(&models(), &rows.iter().collect::<Vec<_>>(), &outcomes);
    replay(&learned, &rows, step).expect("all are asked")
}

#[test]
fn what_breaks_the_form_goes_up_once_and_the_report_is_the_ledger() {
    let came = replayed(Step::Checked);
    for (at, ended) in came.ended.iter().enumerate() {
        let broken = at % 4 == 3;
        assert_eq!(ended.escalated, broken, "{at}: {ended:?}");
        assert_eq!(ended.calls, if broken { 2 } else { 1 }, "{at}: {ended:?}");
        assert_eq!(ended.model.as_deref(), Some(if broken { "dear" } else { "cheap" }), "{at}: {ended:?}");
    }
    assert_eq!(came.ledger, came.report.cost);
    // 40 cheap answers at 0.00008 USD, and 10 dear ones at 0.0016.
    assert_eq!(came.ledger.to_string(), "0.0192");
    assert_eq!(came.report.reference.to_string(), "0.064");
    assert_eq!((came.report.answers, came.report.below, came.report.escalated), (40, 30, 10));
    let why = &came.ended[0].why;
    assert!(
        why.starts_with("`cheap` of OpenAI: the step checks the answer, 0.80 that it will do; about "),
        "{why}"
    );
    let later = &came.ended[ROWS - 1].why;
    assert!(later.contains("the step checks the answer, and ") && later.contains(" fitted, 0."), "{later}");
}

#[test]
fn without_the_check_nothing_goes_up() {
    let came = replayed(Step::Unchecked);
    assert!(came.ended.iter().all(|ended| !ended.escalated && ended.calls == 1));
    assert!(came.ended.iter().all(|ended| ended.model.as_deref() == Some("cheap")));
    assert_eq!(came.report.escalated, 0);
}
