//! The suite of phrases for time: how many are read exactly, how many are asked about, and that none is read wrongly unseen.
#![allow(clippy::unwrap_used)]

use generate::when::{Here, Start, When, read};
use jiff::Timestamp;

fn here() -> Here {
    Here::new("2026-01-05T07:30:00Z".parse().unwrap(), "Europe/Berlin").unwrap()
}

/// The next times of a start, by which two ways to write it are the same.
fn times(start: &Start) -> Vec<Timestamp> {
    let here = here();
    let zone = |zone: &Option<String>| {
        zone.as_deref().map_or(here.zone.clone(), |name| dsl::cron::zone(name).unwrap())
    };
    match start {
        Start::Cron { expr, zone: name } => {
            let schedule =
                dsl::cron::Schedule::parse(expr).unwrap_or_else(|_| panic!("`{expr}` is no cron expression"));
            schedule.after(here.now, &zone(name)).take(60).collect()
        }
        Start::Every { length, from, zone: name } => {
            let from = from.as_ref().map(|from| {
                from.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone(name)).unwrap().timestamp()
            });
            let length = dsl::duration::parse(length).unwrap();
            vec![from.unwrap_or(here.now), Timestamp::from_second(length.as_secs()).unwrap()]
        }
        Start::At { local, zone: name } => {
            vec![local.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone(name)).unwrap().timestamp()]
        }
    }
}

fn expected(text: &str) -> Option<Vec<Start>> {
    if text == "ask" {
        return None;
    }
    let one = |text: &str| {
        let (text, zone) = match text.split_once(" @") {
            Some((text, zone)) => (text, Some(zone.trim().to_owned())),
            None => (text, None),
        };
        let (kind, rest) = text.trim().split_once(' ').unwrap();
        match kind {
            "cron" => Start::Cron { expr: rest.trim().into(), zone },
            "every" => {
                let (length, from) =
                    rest.split_once(" from ").map_or((rest, None), |(length, from)| (length, Some(from)));
                Start::Every { length: length.trim().into(), from: from.map(str::to_owned), zone }
            }
            "at" => Start::At { local: rest.trim().into(), zone },
            other => panic!("{other}"),
        }
    };
    Some(text.split(" ; ").map(one).collect())
}

fn same(one: &[Start], other: &[Start]) -> bool {
    let all = |starts: &[Start]| {
        let mut all: Vec<Vec<Timestamp>> = starts.iter().map(times).collect();
        all.sort();
        all
    };
    all(one) == all(other)
}

#[derive(Default)]
struct Score {
    right: usize,
    asked: Vec<String>,
    wrong: Vec<String>,
}

fn score(suite: &str) -> Score {
    let mut score = Score::default();
    for line in suite.lines().filter(|line| line.contains("=>") && !line.starts_with('#')) {
        let (phrase, wanted) = line.split_once(" => ").unwrap();
        let (got, wanted) = (read(phrase, &here()), expected(wanted.trim()));
        match (&got, &wanted) {
            (When::Ask { .. }, None) => score.right += 1,
            (When::Starts { starts, .. }, Some(wanted)) if same(starts, wanted) => score.right += 1,
            (When::Ask { question, .. }, Some(_)) => score.asked.push(format!("{line}\n    {question}")),
            (When::Starts { starts, .. }, _) => score.wrong.push(format!("{line}\n    {starts:?}")),
        }
    }
    score
}

fn share(suite: &str) -> (usize, usize) {
    let score = score(suite);
    let all = score.right + score.asked.len() + score.wrong.len();
    println!("right {} of {all}, asked {}, wrong {}", score.right, score.asked.len(), score.wrong.len());
    for line in &score.asked {
        println!("asked: {line}");
    }
    for line in &score.wrong {
        println!("WRONG: {line}");
    }
    assert_eq!(score.wrong, Vec::<String>::new());
    (score.right, all)
}

#[test]
fn of_the_phrases_in_the_suite_most_are_right_and_none_is_wrong_unseen() {
    let (right, all) = share(include_str!("../suites/times.txt"));
    assert!(all >= 200, "{all} phrases");
    assert!(right * 100 >= all * 85, "{right} of {all}");
}

#[test]
fn phrases_that_the_grammar_was_not_made_for_are_read_as_well() {
    let (right, all) = share(include_str!("../suites/times-held-out.txt"));
    assert!(right * 100 >= all * 85, "{right} of {all}");
}

#[test]
fn a_reading_that_is_not_as_expected_counts_as_wrong() {
    let score = score("every Monday at 9 => cron 0 10 * * MON\nevery Monday at 9 => ask\n");
    assert_eq!((score.right, score.wrong.len()), (0, 2));
}
