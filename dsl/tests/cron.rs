//! Cron expressions: what they say in words, and their times beside those of another reader.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use dsl::cron::Schedule;

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
