//! Cron expressions: what they say in words, and their times beside those of another reader.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use std::collections::BTreeMap;

use cron::Cron;
use dsl::cron::{self as ours, Schedule};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// Each line is an expression, and what it says behind ` => `. `KEYWAY_ACCEPT=1` writes the words.
#[test]
fn expressions_in_plain_words() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cron/words.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| {
        let expression = line.split(" => ").next().unwrap_or_default().trim_end();
        let schedule = Schedule::parse(expression).unwrap();
        format!("{expression:<22} => {}\n", schedule.explain())
    });
    let told: String = lines.collect();
    if std::env::var("KEYWAY_ACCEPT").is_ok() {
        std::fs::write(path, &told).unwrap();
    } else {
        assert_eq!(told, text);
    }
}

/// SplitMix64.
fn below(chance: &mut u64, bound: u64) -> u64 {
    *chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *chance;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % bound
}

fn field(chance: &mut u64, least: u64, most: u64) -> String {
    let size = most - least;
    let from = least + below(chance, size);
    let to = from + 1 + below(chance, most - from);
    match below(chance, 5) {
        0 => "*".into(),
        1 => format!("{from}-{to}"),
        2 => format!("{from}-{to}/{}", 1 + below(chance, size)),
        3 => format!("{from},{to},{}", least + below(chance, size + 1)),
        _ => from.to_string(),
    }
}

/// An expression that both readers take alike: none has `*/2` in a field of days, nor `L` beside `LW`.
fn random(chance: &mut u64) -> String {
    let (minute, hour, month) = (field(chance, 0, 59), field(chance, 0, 23), field(chance, 1, 12));
    let day = match below(chance, 6) {
        0 => "L".into(),
        1 => "LW".into(),
        2 => format!("{}W", 1 + below(chance, 31)),
        3 => "*".into(),
        _ => field(chance, 1, 31),
    };
    let weekday = match below(chance, 6) {
        0 => format!("{}#{}", below(chance, 8), 1 + below(chance, 5)),
        1 => format!("{}L", below(chance, 8)),
        2 | 3 => "*".into(),
        _ => field(chance, 0, 6),
    };
    format!("{minute} {hour} {day} {month} {weekday}")
}

#[test]
fn days_and_times_are_those_of_another_reader() {
    let mut chance = 7;
    let start: DateTime = "2026-01-01T00:00".parse().unwrap();
    for _ in 0..400 {
        let expression = random(&mut chance);
        let schedule = Schedule::parse(&expression).unwrap();
        if !schedule.comes() {
            continue;
        }
        let cron: Cron = expression.parse().unwrap();
        let zone = ours::zone("UTC").unwrap();
        let here = schedule.after(zone.to_timestamp(start).unwrap(), &zone).take(12);
        let mut last = start;
        for time in here {
            last = cron.find_next_occurrence(&last, false).unwrap();
            assert_eq!(zone.to_datetime(time), last, "{expression}");
        }
    }
}

/// Each time on the clock and the first instant that shows it, minute by minute around a change.
fn clock(zone: &jiff::tz::TimeZone, change: Timestamp) -> BTreeMap<DateTime, Timestamp> {
    let mut shown = BTreeMap::new();
    for minute in -2_000..2_000 {
        let instant = change + SignedDuration::from_mins(minute);
        shown.entry(zone.to_datetime(instant)).or_insert(instant);
    }
    shown
}

#[test]
fn at_a_change_of_the_clock_the_rule_is_kept_to_the_minute() {
    let mut chance = 11;
    let zones =
        ["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Antarctica/Troll", "America/Nuuk"];
    let mut changes = 0;
    for name in zones {
        let zone = ours::zone(name).unwrap();
        let start: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        for change in zone.following(start).take(2).map(|change| change.timestamp()) {
            changes += 1;
            let shown = clock(&zone, change);
            let (first, last) =
                (change - SignedDuration::from_hours(24), change + SignedDuration::from_hours(24));
            for _ in 0..25 {
                // The hours around midnight and the usual changes.
                let hour = match below(&mut chance, 3) {
                    0 => "*".into(),
                    1 => field(&mut chance, 0, 3),
                    _ => field(&mut chance, 0, 23),
                };
                let minute = field(&mut chance, 0, 59);
                let expression = format!("{minute} {hour} * * *");
                let cron: Cron = expression.parse().unwrap();
                let fixed = !minute.starts_with('*') && !hour.starts_with('*');
                let mut right: Vec<Timestamp> = if fixed {
                    let start = zone.to_datetime(first) - 2.hours();
                    let minutes = (0..60 * 54).map(|minute| start + minute.minutes());
                    let wanted = minutes.filter(|local| cron.is_time_matching(local).unwrap());
                    wanted.map(|local| shown.get(&local).copied().unwrap_or(change)).collect()
                } else {
                    let minutes = (-1_500..1_500).map(|minute| change + SignedDuration::from_mins(minute));
                    minutes.filter(|time| cron.is_time_matching(&zone.to_datetime(*time)).unwrap()).collect()
                };
                right.retain(|time| *time > first && *time <= last);
                right.dedup();
                let schedule = Schedule::parse(&expression).unwrap();
                let here: Vec<Timestamp> =
                    schedule.after(first, &zone).take_while(|time| *time <= last).collect();
                assert_eq!(here, right, "`{expression}` in {name} around {change}");
            }
        }
    }
    assert_eq!(changes, 10);
}

#[test]
fn no_text_makes_the_reader_panic() {
    let parts = [
        "*",
        "/",
        "-",
        ",",
        "L",
        "W",
        "#",
        "?",
        " ",
        "5",
        "0",
        "59",
        "MON",
        "JAN",
        "LW",
        "@",
        "daily",
        "every",
        "é",
        "\t",
        "999999999999",
        "-1",
        "1-5",
        "*/2",
        "FRI#2",
        "ﬀ",
        "\u{2028}",
    ];
    let mut chance = 3;
    for _ in 0..40_000 {
        let count = below(&mut chance, 14);
        let text: String =
            (0..count).map(|_| parts[below(&mut chance, parts.len() as u64) as usize]).collect();
        match Schedule::parse(&text) {
            Ok(schedule) => {
                let canonical = schedule.to_string();
                assert_eq!(Schedule::parse(&canonical), Ok(schedule), "{text} is {canonical}");
                assert!(!schedule.explain().is_empty(), "{text}");
            }
            Err(wrong) => {
                for diagnostic in &wrong {
                    let places =
                        diagnostic.fixes.iter().flat_map(|fix| fix.edits.iter().map(|edit| edit.span));
                    for span in places.chain([diagnostic.span]) {
                        assert!(text.get(span.range()).is_some(), "{text}: {diagnostic:?}");
                    }
                }
                assert!(!wrong.is_empty(), "{text}");
            }
        }
    }
}

#[test]
fn a_fix_gives_an_expression_that_is_right() {
    let cases = [
        ("5/15 * * * *", "5-59/15 * * * *"),
        ("0 22-2 * * *", "0 22-23,0-2 * * *"),
        ("0 23-2 * * *", "0 23,0-2 * * *"),
        ("0 9 * * FRI-MON", "0 9 * * FRI-SAT,SUN-MON"),
        ("0 9 * * sat-mon", "0 9 * * SAT,SUN-MON"),
        ("0 9 * NOV-FEB *", "0 9 * NOV-DEC,JAN-FEB *"),
        ("0 9 * * Monday-FRI", "0 9 * * MON-FRI"),
        ("@dayly", "@daily"),
    ];
    for (text, mended) in cases {
        let wrong = Schedule::parse(text).unwrap_err();
        let edit = &wrong[0].fixes[0].edits[0];
        let mut fixed = text.to_owned();
        fixed.replace_range(edit.span.range(), &edit.text);
        assert_eq!(fixed, mended);
        assert!(Schedule::parse(&fixed).is_ok(), "{fixed}");
    }
}
