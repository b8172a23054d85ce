//! `keyway cron`, as the page about schedules shows it and as programs read it.

use serde_json::json;
use tests::keyway::{Answer, Keyway};
use tests::markdown::blocks;

fn keyway(words: &[&str]) -> Answer {
    let folder = tempfile::tempdir().expect("a folder");
    Keyway::at(folder.path().join("data")).run(words)
}

/// The words of a command as a shell would split it: double quotes hold together.
fn words(line: &str) -> Vec<&str> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(index, part)| match index % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        })
        .collect()
}

#[test]
fn the_page_shows_what_the_commands_say() {
    let page = std::fs::read_to_string(tests::root().join("docs/schedules.md")).expect("the page is there");
    let mut commands = 0;
    for block in blocks(&page).iter().filter(|block| block.text.starts_with("$ keyway")) {
        for command in block.text.split("$ keyway ").skip(1) {
            let (line, expected) = command.split_once('\n').expect("a command has an output");
            let answer = keyway(&words(line));
            assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), expected), "{line}: {answer:?}");
            commands += 1;
        }
    }
    assert!(commands >= 4, "the page shows {commands} commands");
}

#[test]
fn times_as_json_in_utc_and_on_the_clock_of_the_zone() {
    let answer = keyway(&[
        "cron",
        "next",
        "0 9 * * MON-FRI",
        "--tz",
        "Europe/Berlin",
        "--from",
        "2026-03-27T12:00:00Z",
        "--count",
        "1",
        "--json",
    ]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let times = json!([{ "utc": "2026-03-30T07:00:00Z", "local": "2026-03-30T09:00:00+02:00" }]);
    assert_eq!(answer.json(), json!({ "times": times }));
}

#[test]
fn a_schedule_that_never_comes_has_no_times_and_says_so() {
    let answer = keyway(&["cron", "next", "30 2 30 2 *", "--json"]);
    assert_eq!((answer.code, answer.json()), (Some(0), json!({ "times": [] })), "{answer:?}");
    assert!(answer.stderr.contains("it never comes"), "{answer:?}");
}

#[test]
fn what_is_wrong_has_its_place_and_says_what_to_do() {
    let answer = keyway(&["cron", "explain", "0 25 * * MOM"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    for line in ["error[KW0601]: `25` is no hour", "  |   ^^", "= help: did you mean `MON`?"] {
        assert!(answer.stderr.contains(line), "`{line}` is not told: {}", answer.stderr);
    }
    let zone = keyway(&["cron", "next", "@daily", "--tz", "Europe/Berln"]);
    assert_eq!(zone.code, Some(1));
    assert!(zone.stderr.contains("did you mean `Europe/Berlin`?"), "{zone:?}");
    let time = keyway(&["cron", "next", "@daily", "--from", "tomorrow"]);
    assert_eq!(time.code, Some(1));
    assert!(time.stderr.contains("`tomorrow` is not a time"), "{time:?}");
}
