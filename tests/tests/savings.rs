//! Recorded outcomes asked again through the product: where the step checks its answer a better model stands in for what does not
//! fit, without the check nobody does, and the report says what the ledger says. A choice by words is followed where it showed skill on
//! questions that it had not seen.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::chance::Chance;
use tests::outcomes::{Outcomes, Row};
use tests::replay::lesson::{self, Learned};
use tests::replay::trial::{Pool, Trial};
use tests::replay::{Replayed, Step, replay};

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

fn outcomes() -> Outcomes {
    let prices = BTreeMap::from([("dear".to_owned(), [10.0, 30.0]), ("cheap".to_owned(), [0.5, 1.5])]);
    Outcomes { files: BTreeMap::new(), prices, digest: String::new() }
}

fn learned(rows: &[Row]) -> Learned {
    lesson::of(&models(), &rows.iter().collect::<Vec<_>>(), &outcomes())
}

fn replayed(step: Step) -> Replayed {
    let rows = rows();
    replay(&learned(&rows), &rows, step).expect("all are asked")
}

/// Questions in whose words it stands how hard they are: the dear model is right with 95 of 100, the cheap one with as many
/// easy ones and with 35 of 100 hard ones.
fn told_by_words(count: usize, seed: u64) -> Vec<Row> {
    const EASY: [&str; 4] = ["colour", "capital", "animal", "greeting"];
    const HARD: [&str; 4] = ["integral", "theorem", "isotope", "statute"];
    let mut chance = Chance::new(seed);
    let mut row = |at: usize| {
        let hard = chance.percent(50);
        let word = |chance: &mut Chance| (if hard { HARD } else { EASY })[chance.below(4) as usize];
        let prompt = format!("Tell of the {} and the {} {at}", word(&mut chance), word(&mut chance));
        let (dear, cheap) = (chance.percent(95), chance.percent(if hard { 35 } else { 95 }));
        let row = json!({
            "id": at.to_string(),
            "prompt": prompt,
            "models": {
                "dear": { "ok": u8::from(dear), "in": 100, "out": 20 },
                "cheap": { "ok": u8::from(cheap), "in": 100, "out": 20 }
            }
        });
        serde_json::from_value(row).expect("it is a row")
    };
    (0..count).map(&mut row).collect()
}

/// What the choice of one who has learned comes to on other rows.
fn trial(learned: &Learned, rows: &[Row]) -> Trial {
    let rows: Vec<&Row> = rows.iter().collect();
    let picks: Vec<usize> = learned.chosen(&rows).into_iter().map(|(at, _)| at).collect();
    let by = |of: &dyn Fn(&Row, &str) -> f64| -> Vec<Vec<f64>> {
        models().iter().map(|model| rows.iter().map(|row| of(row, model)).collect()).collect()
    };
    let costs = by(&|row, model| lesson::paid(row, model, &outcomes()));
    Trial::of(&picks, &Pool { rights: by(&lesson::right), costs, strong: learned.strong })
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

#[test]
fn words_that_tell_what_is_hard_are_followed_and_labels_that_mean_nothing_are_not() {
    let (seen, unseen) = (told_by_words(900, 1), told_by_words(1200, 2).split_off(400));
    let taught = learned(&seen);
    assert_eq!(taught.judge.lacks, None);
    let there = taught.trial.expect("one way keeps enough");
    assert!(there.kept - there.kept_error >= 0.97 && there.above > 2.0 * there.above_error, "{there:?}");
    let came = trial(&taught, &unseen);
    assert!(came.kept > 0.955 && came.saved > 0.3 && came.above > 0.2, "{came:?}");

    let nothing = learned(&lesson::dealt(&seen, 7));
    let lacks = nothing.judge.lacks.clone().expect("it says what it lacks");
    assert!(lacks.starts_with("on 900 questions "), "{lacks}");
    let came = trial(&nothing, &unseen);
    assert_eq!((came.kept, came.saved, came.above), (1.0, 0.0, 0.0));
    // Without saying so it would be followed, and do no better than a random mix.
    let mut followed = nothing;
    followed.judge.lacks = None;
    let came = trial(&followed, &unseen);
    assert!(came.above < 0.05, "{came:?}");
}

#[test]
fn a_router_without_skill_asks_who_is_good_enough_and_says_why() {
    let rows = rows();
    let taught = learned(&rows);
    let came = replay(&taught, &rows, Step::Text).expect("all are asked");
    assert!(came.ended.iter().all(|ended| ended.model.as_deref() == Some("dear") && ended.calls == 1));
    assert_eq!(came.ledger, came.report.cost);
    assert_eq!(came.ledger, came.report.reference);
    let why = &came.ended[0].why;
    assert!(
        why.starts_with(
            "`dear` of OpenAI: the only one that meets the need (not judged by its words: on 40 questions "
        ),
        "{why}"
    );
    let rows: Vec<&Row> = rows.iter().collect();
    assert!(taught.chosen(&rows).iter().all(|(at, _)| models()[*at] == "dear"));
}
