//! `learn DIR [FILE]` learns the judge that is shipped from recorded outcomes of models: how likely a model of a low
//! grade, and one of a standard grade, answers a question rightly. It prints what it learned and writes
//! `ai/data/difficulty.json`, or FILE.
//!
//! The models of a directory are of their time. What carries over to others is how hard a question is: of each file, the
//! model that is right most often stands for the standard grade, and those that cost at most a fifth of it for the low one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ai::difficulty::learn::{Lesson, Origin, learn};
use ai::difficulty::{Judge, Traits};
use anyhow::{Context, Result};
use tests::outcomes::{Outcomes, Row};
use tests::replay::lesson::{paid, right};
use tests::replay::trial::{Pool, Trial};

/// How much cheaper than the strong one a model of the low grade is.
const CHEAPER: f64 = 0.2;

/// How much weights may be held back.
const FREEDOM: f64 = 0.3;

/// In how many questions a word must be met to count: what is rarer would make the file large, and says little.
const MET: u32 = 8;

/// How many buckets are kept: the file is to stay small.
const MOST: usize = 18_000;

/// A question with what both grades made of it.
struct Graded {
    traits: Traits,
    low: f64,
    standard: f64,
    is_reported: bool,
}

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let directory = PathBuf::from(words.next().context("usage: learn DIR [FILE]")?);
    let file = words.next().map_or_else(|| tests::root().join("ai/data/difficulty.json"), PathBuf::from);
    let outcomes = Outcomes::read(&directory)?;
    let mut rows = vec![];
    for (name, of_file) in &outcomes.files {
        rows.extend(graded(name, of_file, &outcomes));
    }
    let judge = |rows: &[&Graded], origin: Origin| {
        let outcome = |of: fn(&Graded) -> f64| rows.iter().map(|row| Some(of(row))).collect();
        let outcomes = vec![
            ("low".to_owned(), outcome(|row| row.low)),
            ("standard".to_owned(), outcome(|row| row.standard)),
        ];
        let traits = rows.iter().map(|row| &row.traits).collect();
        learn(&Lesson { traits, outcomes, freedom: FREEDOM, met: MET, most: MOST }, origin)
    };
    let (report, seen): (Vec<&Graded>, Vec<&Graded>) = rows.iter().partition(|row| row.is_reported);
    let first = judge(&seen, Origin::default());
    tell(&first, &report);
    let lacks = skill(&first, &report);
    let origin = Origin {
        about: format!(
            "Learned from {} questions of {}: how hard a question is for models of a low and of a standard grade. To be used \
             for choosing a model, and for nothing else; the questions themselves are not in it.",
            rows.len(),
            outcomes.files.keys().cloned().collect::<Vec<_>>().join(", ")
        ),
        rows: outcomes.digest.clone(),
        date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
    };
    let all: Vec<&Graded> = rows.iter().collect();
    let mut learned = judge(&all, origin);
    learned.lacks = lacks;
    let text = serde_json::to_string(&learned)?;
    std::fs::write(&file, text.clone() + "\n")?;
    println!("{} bytes in `{}`", text.len() + 1, file.display());
    Ok(())
}

/// The questions of a file, as its models stand for grades.
fn graded(name: &str, rows: &[Row], all: &Outcomes) -> Vec<Graded> {
    let names: BTreeSet<&String> = rows.iter().flat_map(|row| row.models.keys()).collect();
    let priced = |model: &&&String| all.prices.contains_key(**model);
    let models: Vec<&String> = names.iter().filter(priced).copied().collect();
    let asked = |row: &&Row, model: &String| row.of(std::slice::from_ref(model)).is_some();
    let mean = |model: &String, of: fn(&Row, &str, &Outcomes) -> f64| {
        let asked: Vec<f64> =
            rows.iter().filter(|row| asked(row, model)).map(|row| of(row, model, all)).collect();
        asked.iter().sum::<f64>() / asked.len().max(1) as f64
    };
    let quality = |model: &String| mean(model, |row, model, _| right(row, model));
    let Some(strong) = models.iter().max_by(|one, other| quality(one).total_cmp(&quality(other))) else {
        return vec![];
    };
    let low: Vec<&String> =
        models.iter().filter(|model| mean(model, paid) <= CHEAPER * mean(strong, paid)).copied().collect();
    if !rows.iter().any(|row| asked(&row, strong)) {
        println!("{name}: no answers with tokens, left out");
        return vec![];
    }
    println!("{name}: `{strong}` is strong, low are {low:?}");
    let of = |row: &Row| {
        let answered: Vec<f64> =
            low.iter().filter(|model| asked(&row, model)).map(|model| right(row, model)).collect();
        if answered.is_empty() || !asked(&row, strong) {
            return None;
        }
        Some(Graded {
            traits: Traits::of(&row.shown()),
            low: answered.iter().sum::<f64>() / answered.len() as f64,
            standard: right(row, strong),
            is_reported: row.is_reported(),
        })
    };
    rows.iter().filter_map(of).collect()
}

/// Whether it chooses better than a random mix between two models whose prices are ten to one, a miss counted as the product counts
/// it, on questions that it has not seen; where not, what it lacks.
fn skill(judge: &Judge, rows: &[&Graded]) -> Option<String> {
    const CHEAP: f64 = 0.1;
    const MISS: f64 = 20.0;
    let pick = |row: &&Graded| {
        let outlook = judge.foretell(&row.traits);
        let wrong = |head: &str| 1.0 - outlook.chance(head).unwrap_or(0.0);
        usize::from(CHEAP + MISS * wrong("low") < 1.0 + MISS * wrong("standard"))
    };
    let picks: Vec<usize> = rows.iter().map(pick).collect();
    let rights = |of: fn(&Graded) -> f64| rows.iter().map(|row| of(row)).collect::<Vec<_>>();
    let pool = Pool {
        rights: vec![rights(|row| row.standard), rights(|row| row.low)],
        costs: vec![vec![1.0; rows.len()], vec![CHEAP; rows.len()]],
        strong: 0,
    };
    let trial = Trial::of(&picks, &pool);
    println!(
        "at prices ten to one it keeps {:.1} % and saves {:.1} %, {:.1} ± {:.1} points more than a random mix",
        trial.kept * 100.0,
        trial.saved * 100.0,
        trial.above * 100.0,
        trial.above_error * 100.0
    );
    let lacks =
        || format!("on {} questions a choice by them was not surely better than a random mix", rows.len());
    (!trial.is_above_the_mix()).then(lacks)
}

/// How well a judge foretells questions that it has not seen, by tenths of what it foretells.
fn tell(judge: &Judge, rows: &[&Graded]) {
    println!("foretold of a low grade on {} unseen questions, and what came:", rows.len());
    let mut tenths = [(0.0, 0.0, 0.0, 0_u32); 10];
    for row in rows {
        let outlook = judge.foretell(&row.traits);
        let chance = outlook.chance("low").unwrap_or(0.0);
        let tenth = &mut tenths[((chance * 10.0) as usize).min(9)];
        *tenth = (tenth.0 + chance, tenth.1 + row.low, tenth.2 + row.standard, tenth.3 + 1);
    }
    for (foretold, low, standard, count) in tenths {
        let of = |sum: f64| sum / f64::from(count.max(1));
        println!(
            "  {count:>5} questions: {:.2} foretold, {:.2} came, {:.2} with the strong model",
            of(foretold),
            of(low),
            of(standard)
        );
    }
}
