//! Limits of a service, through the binary: what was counted and what it said of how long to wait hold for the next process too.

use std::time::{Duration, Instant};

use tests::service::Service;

use super::*;

/// A service that takes three requests in ten minutes, as its manifest knows.
fn limited() -> (Place, Service) {
    let (place, service) = desk();
    let file = place.keyway.config().join("keyway/connectors/demo.yaml");
    let text = MANIFEST
        .replace("defaults:\n", "defaults:\n  limits: { budgets: [{ limit: 3, per: 10m }], fallback: 1m }\n");
    assert_ne!(text, MANIFEST);
    std::fs::write(file, text).expect("a file of ours");
    assert_eq!(connect(&place, &service, "main", "right").code, Some(0));
    // It is connected unseen: what is counted here is what the runs ask.
    assert_eq!(service.came().len(), 0);
    (place, service)
}

/// One request in a process of its own; gives how it ended and with what kind of failure.
fn ask(place: &Place, what: &str) -> (Option<i32>, String) {
    let flow = format!(
        "name: one\nsteps:\n  it: {{ use: demo.get, with: {{ what: {what} }}, retry: {{ attempts: 1 }} }}\n"
    );
    let file = place.file("one.yaml", &flow);
    let answer = place.keyway.run(&["run", &file, "--allow-private", "--json"]);
    (answer.code, answer.json()["error"]["kind"].as_str().unwrap_or_default().to_owned())
}

/// Forgets what was counted, as if nothing were kept.
fn forget(place: &Place) {
    let database = rusqlite::Connection::open(place.keyway.data.join("keyway.db")).expect("the database");
    let gone = database.execute("DELETE FROM counted", []).expect("its table");
    assert_eq!(gone, 1, "there was a row to forget");
}

#[test]
fn what_was_counted_holds_for_the_next_process() {
    let (place, service) = limited();
    for _ in 0..3 {
        assert_eq!(ask(&place, "well"), (Some(0), String::new()));
    }
    assert_eq!(ask(&place, "well"), (Some(1), "rate_limited".into()));
    assert_eq!(service.came().len(), 3, "the fourth was not sent");
    // The control: without what was kept it is sent.
    forget(&place);
    assert_eq!(ask(&place, "well"), (Some(0), String::new()));
    assert_eq!(service.came().len(), 4);
}

#[test]
fn how_long_a_service_says_to_wait_holds_for_the_next_process() {
    let (place, service) = limited();
    // It answers 429 without a word of how long, and the manifest says a minute.
    assert_eq!(ask(&place, "often"), (Some(1), "rate_limited".into()));
    assert_eq!(ask(&place, "well"), (Some(1), "rate_limited".into()));
    assert_eq!(service.came().len(), 1, "nobody asks before its time");
    forget(&place);
    assert_eq!(ask(&place, "well"), (Some(0), String::new()));
}

#[test]
fn one_that_is_killed_has_kept_all_but_the_last_second() {
    let (place, service) = limited();
    let flow = "name: asks\nsteps:\n  all:\n    for_each: [1, 2, 3]\n    steps:\n      it: { use: demo.get, with: { what: well } }\n  pause: { wait: 1h, after: all }\n";
    let (mut child, _) = place.started(flow);
    let end = Instant::now() + Duration::from_secs(60);
    while service.came().len() < 3 {
        assert!(Instant::now() < end, "{}", service.came().len());
        std::thread::sleep(Duration::from_millis(20));
    }
    // What was counted is written a second later, whatever the process does then.
    let written = || {
        let database = rusqlite::Connection::open(place.keyway.data.join("keyway.db")).ok()?;
        let counts = "SELECT counts FROM counted WHERE connector = 'demo'";
        database.query_row(counts, [], |row| row.get::<_, String>(0)).ok()
    };
    let all = |counts: String| {
        let counts: Value = serde_json::from_str(&counts).unwrap_or_default();
        let sent = counts["windows"][0]["sent"].as_array().cloned().unwrap_or_default();
        sent.iter().filter_map(|sum| sum[1].as_u64()).sum::<u64>() == 3
    };
    while !written().is_some_and(all) {
        assert!(Instant::now() < end, "{:?}", written());
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    assert_eq!(ask(&place, "well"), (Some(1), "rate_limited".into()));
    assert_eq!(service.came().len(), 3);
}
