//! The judge of questions: it learns what words say, the same rows give the same judge, and labels that mean nothing teach
//! it nothing.

#![allow(clippy::unwrap_used)]

mod exchanges;

use ai::ask::Ways;
use ai::chat::Question;
use ai::difficulty::learn::{Lesson, Origin, learn};
use ai::difficulty::{Judge, SHIPPED, Traits};
use ai::provider::{Agreed, Quality, find};
use ai::route::{Basis, Miss, Need, Offer, Strategy, choose};
use exchanges::Dice;
use jiff::civil::date;

/// A question, and whether the cheap model and the dear one are right.
struct Row {
    text: String,
    cheap: f64,
    dear: f64,
}

/// Questions in whose words it stands how hard they are: the cheap model is right with 95 of 100 easy ones, and with 45
/// of 100 hard ones; the dear one with 95 of 100 of all.
fn rows(count: usize) -> Vec<Row> {
    const EASY: [&str; 6] = ["colour", "capital", "animal", "spelling", "greeting", "weekday"];
    const HARD: [&str; 6] = ["integral", "theorem", "enzyme", "statute", "isotope", "eigenvalue"];
    const PLAIN: [&str; 8] = ["which", "of", "these", "is", "named", "in", "what", "follows"];
    let mut dice = Dice(0x5EED_0001_0203_0405);
    let mut row = || {
        let hard = dice.roll(2) == 0;
        let words = if hard { HARD } else { EASY };
        let mut text = vec![];
        for _ in 0..12 {
            let word = if dice.roll(3) == 0 { words[dice.roll(6)] } else { PLAIN[dice.roll(8)] };
            text.push(word);
        }
        let right = |of: usize, dice: &mut Dice| f64::from(dice.roll(100) < of);
        let cheap = right(if hard { 45 } else { 95 }, &mut dice);
        Row { text: text.join(" "), cheap, dear: right(95, &mut dice) }
    };
    (0..count).map(|_| row()).collect()
}

fn taught(traits: &[Traits], outcomes: Vec<f64>) -> Judge {
    let outcomes = vec![("cheap".to_owned(), outcomes.into_iter().map(Some).collect())];
    learn(
        &Lesson { traits: traits.iter().collect(), outcomes, freedom: 1.0, met: 3, most: usize::MAX },
        Origin::default(),
    )
}

/// What is kept of the dear model's quality where the cheap one is asked for the half of the questions that look easiest.
fn kept(judge: &Judge, rows: &[Row]) -> f64 {
    let mut order: Vec<(f64, &Row)> = rows
        .iter()
        .map(|row| (judge.foretell(&Traits::of(&row.text)).chance("cheap").unwrap(), row))
        .collect();
    order.sort_by(|one, other| other.0.total_cmp(&one.0));
    let half = rows.len() / 2;
    let right: f64 =
        order.iter().enumerate().map(|(at, (_, row))| if at < half { row.cheap } else { row.dear }).sum();
    right / rows.iter().map(|row| row.dear).sum::<f64>()
}

#[test]
fn what_is_learned_beats_a_random_mix_and_labels_that_mean_nothing_do_not() {
    let (seen, unseen) = (rows(2000), rows(3500).split_off(2000));
    let traits: Vec<Traits> = seen.iter().map(|row| Traits::of(&row.text)).collect();
    let labels: Vec<f64> = seen.iter().map(|row| row.cheap).collect();
    let of = |part: fn(&Row) -> f64| unseen.iter().map(part).sum::<f64>();
    // Half of the questions at random to the cheap model.
    let mix = (of(|row| row.cheap) / 2.0 + of(|row| row.dear) / 2.0) / of(|row| row.dear);
    let learned = kept(&taught(&traits, labels.clone()), &unseen);
    assert!(learned > mix + 0.08, "{learned} beside {mix}");
    // The same labels, dealt to other questions.
    let mut shuffled = labels;
    let mut dice = Dice(7);
    for at in (1..shuffled.len()).rev() {
        shuffled.swap(at, dice.roll(at + 1));
    }
    let nothing = kept(&taught(&traits, shuffled), &unseen);
    assert!(nothing < mix + 0.04, "{nothing} beside {mix}");
}

#[test]
fn the_same_rows_give_the_same_judge_which_reads_back_as_it_was_written() {
    let seen = rows(400);
    let traits: Vec<Traits> = seen.iter().map(|row| Traits::of(&row.text)).collect();
    let teach = || taught(&traits, seen.iter().map(|row| row.cheap).collect());
    let text = serde_json::to_string(&teach()).unwrap();
    assert_eq!(text, serde_json::to_string(&teach()).unwrap());
    let read = Judge::read(&text).unwrap();
    assert_eq!(read, teach());
    assert!(
        Judge::read(&text.replacen("\"edition\":2", "\"edition\":1", 1)).unwrap_err().contains("edition 1")
    );
    assert!(Judge::read("{}").is_err());
    assert!(Judge::read(&text.replacen("\"rarity\":[", "\"rarity\":[1,", 1)).is_err());
}

#[test]
fn the_judge_that_is_shipped_says_what_it_was_learned_from_and_is_small() {
    let text = include_str!("../data/difficulty.json");
    assert!(text.len() < 300_000, "{} bytes", text.len());
    assert_eq!(SHIPPED.learned_from.len(), 64);
    assert!(SHIPPED.about.contains("To be used for choosing a model"), "{}", SHIPPED.about);
    let chance = |text: &str| SHIPPED.foretell(&Traits::of(text)).chance("low").unwrap();
    let (easy, hard) = (
        "What is the capital of France?",
        "Let V be a vector space over the field Z_3. Find the order of the quotient ring and its characteristic polynomial.",
    );
    assert!(chance(easy) > chance(hard) + 0.1, "{} {}", chance(easy), chance(hard));
}

#[test]
fn a_text_of_any_length_in_any_script_is_judged_in_bounded_time_and_never_panics() {
    for text in ["", "\0", "ﷺ", "日本語".repeat(2000).as_str(), "a".repeat(1 << 20).as_str()] {
        let outlook = SHIPPED.foretell(&Traits::of(text));
        assert!(outlook.chances.iter().all(|(_, chance)| (0.0..=1.0).contains(chance)));
        assert!((0.0..=1.0).contains(&outlook.known));
    }
    // What stands in the middle of a long text is not read.
    let (begin, end) = ("begin ".repeat(400), " end".repeat(200));
    let with = |middle: &str| Traits::of(&format!("{begin}{middle}{end}"));
    assert_eq!(with("one"), with("two"));
}

#[test]
fn a_judge_without_skill_foretells_nothing_and_the_reason_says_so() {
    let seen = rows(400);
    let traits: Vec<Traits> = seen.iter().map(|row| Traits::of(&row.text)).collect();
    let mut judge = taught(&traits, seen.iter().map(|row| row.cheap).collect());
    judge.heads[0].name = "low".into();
    let question = Question::new("", seen[0].text.as_str());
    let why = |judge: &Judge| {
        let ways = Ways { judge: Some(judge.clone()), miss: Miss::Times(0.0), known: 0.0, ..Ways::default() };
        let prospect = ways.judged(&question);
        let provider = find("openai").unwrap();
        let offers: Vec<Offer<'_>> = ["gpt-5.4-mini", "gpt-5-nano"]
            .into_iter()
            .map(|name| Offer { provider, name, model: name, key: "k" })
            .collect();
        let need = Need {
            model: None,
            quality: Quality::Standard,
            features: Default::default(),
            writes: 200,
            limit: None,
            strategy: Strategy::Cheapest,
        };
        let agreed = Agreed::default();
        let basis = Basis { prospect: prospect.as_ref(), ..Basis::of_prices(date(2026, 11, 29), &agreed) };
        choose(&need, &question, &offers, &basis).why
    };
    // A miss counts nothing: who is followed asks the cheap one.
    assert!(why(&judge).starts_with("`gpt-5-nano` of OpenAI: judged by its words, 0."), "{}", why(&judge));
    judge.lacks = Some("on 400 questions a choice by them was not surely better than a random mix".into());
    assert!(
        why(&judge).starts_with(
            "`gpt-5.4-mini` of OpenAI: the only one that meets the need (not judged by its words: on 400 questions a choice by \
             them was not surely better than a random mix); about 0."
        ),
        "{}",
        why(&judge)
    );
    // What it lacks stands in its file.
    assert_eq!(Judge::read(&serde_json::to_string(&judge).unwrap()).unwrap(), judge);
}
