//! The books: an instant once, a schedule from where it was, and all of it with the runs of its batch or not at all.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::Duration;

use store::books::{Schedule, Tick};
use store::{Batch, Book, Error, NewRun, Plan, Reader, Writer};

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    (folder, path)
}

fn schedule(accounted: i64) -> Schedule {
    Schedule {
        owner: "o".into(),
        workflow: "w".into(),
        text: "every 1s".into(),
        accounted,
        since: 1,
        in_force: true,
        zones: "2026a".into(),
    }
}

fn tick(instant: i64, run: Option<&str>) -> Tick {
    Tick {
        owner: "o".into(),
        workflow: "w".into(),
        text: "every 1s".into(),
        instant,
        last: instant,
        count: 1,
        outcome: if run.is_some() { "started" } else { "queued" }.into(),
        run: run.map(Into::into),
        why: String::new(),
        version: 1,
        decided: 5,
        zones: "2026a".into(),
    }
}

fn begun(run: &str, books: Vec<Book>) -> Batch {
    let mut batch = Batch::default();
    batch.books = books;
    batch.plans.push(Plan { digest: [7; 32], body: b"plan".to_vec() });
    batch.runs.push(NewRun {
        id: run.into(),
        workflow: "w".into(),
        owner: None,
        plan: [7; 32],
        state: "running",
        started: 1,
    });
    batch
}

#[test]
fn a_tick_stands_with_its_run_or_neither_does() {
    let (_folder, path) = file();
    let mut writer = Writer::open(&path, Duration::ZERO).unwrap();
    let reader = Reader::open(&path, Duration::ZERO).unwrap();
    let first = vec![Book::Tick(tick(10, Some("a"))), Book::Schedule { from: None, to: schedule(10) }];
    writer.append(&begun("a", first)).unwrap();
    assert_eq!(reader.ticks_under_way("o").unwrap(), [tick(10, Some("a"))]);
    // The same instant again, an instant with the same run, and a schedule that has moved on: no run begins.
    for books in [
        vec![Book::Tick(tick(10, Some("b")))],
        vec![Book::Tick(tick(11, Some("a")))],
        vec![Book::Schedule { from: Some(9), to: schedule(20) }],
        vec![Book::Unqueued(tick(10, Some("b")))],
    ] {
        assert!(matches!(writer.append(&begun("b", books)), Err(Error::Books { .. })));
        assert_eq!(reader.run("b").unwrap(), None);
    }
    assert_eq!(reader.schedules("o").unwrap(), [schedule(10)]);
    let more = vec![Book::Tick(tick(11, None)), Book::Schedule { from: Some(10), to: schedule(11) }];
    writer.append(&begun("b", more)).unwrap();
    assert_eq!(reader.queued_ticks("o").unwrap(), [tick(11, None)]);
    assert_eq!(reader.queued_ticks("other").unwrap(), []);
    writer.append(&begun("c", vec![Book::Unqueued(tick(11, Some("c")))])).unwrap();
    assert_eq!(reader.tick_at(["o", "w", "every 1s"], 15).unwrap(), Some(tick(11, Some("c"))));
}

#[test]
fn what_is_forgotten_is_neither_a_run_nor_queued() {
    let (_folder, path) = file();
    let mut writer = Writer::open(&path, Duration::ZERO).unwrap();
    let missed = Tick { outcome: "missed".into(), ..tick(8, None) };
    let books = vec![missed, tick(9, None), tick(10, Some("a"))].into_iter().map(Book::Tick).collect();
    writer.append(&begun("a", books)).unwrap();
    let mut batch = Batch::default();
    batch.books.push(Book::Forget { owner: "o".into(), before: 100 });
    writer.append(&batch).unwrap();
    let reader = Reader::open(&path, Duration::ZERO).unwrap();
    let left = reader.latest_ticks(["o", "w", "every 1s"], 9).unwrap();
    assert_eq!(left.iter().map(|tick| tick.instant).collect::<Vec<_>>(), [10, 9]);
    let mut batch = Batch::default();
    batch.removed.push("a".into());
    writer.append(&batch).unwrap();
    assert_eq!(reader.latest_ticks(["o", "w", "every 1s"], 9).unwrap().len(), 1);
}
