//! What is written is there, all of a batch or nothing of it.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use store::{Batch, End, Error, NewRun, Plan, Pragmas, Reader, Value, Writer};

const SOON: Duration = Duration::from_millis(20);

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    (folder, path)
}

fn begin(run: &str) -> Batch {
    let mut batch = Batch::default();
    batch.plans.push(Plan { digest: [7; 32], body: b"plan".to_vec() });
    batch.runs.push(NewRun {
        id: run.into(),
        workflow: "tour".into(),
        owner: None,
        plan: [7; 32],
        state: "running",
        started: 5,
    });
    add(&mut batch, run, 1, "[\"begun\"]");
    batch
}

fn add(batch: &mut Batch, run: &str, seq: u64, body: &str) {
    let write = |to: &mut Vec<u8>| {
        to.extend_from_slice(body.as_bytes());
        Ok::<_, Infallible>(())
    };
    batch.event(&Arc::from(run), seq, 10 * seq as i64, write).unwrap();
}

fn log(path: &Path, run: &str) -> Vec<(u64, i64, String)> {
    let mut rows = vec![];
    let reader = Reader::open(path, SOON).unwrap();
    reader
        .log(run, 0, &mut |row| rows.push((row.seq, row.time, String::from_utf8(row.body.to_vec()).unwrap())))
        .unwrap();
    rows
}

#[test]
fn a_batch_holds_rows_of_many_runs() {
    let (_folder, path) = file();
    let mut writer = Writer::open(&path, SOON).unwrap();
    writer.append(&begin("a")).unwrap();
    let mut batch = begin("b");
    add(&mut batch, "a", 2, "[\"called\"]");
    add(&mut batch, "b", 2, "[\"ended\"]");
    batch.ends.push(End { run: "b".into(), state: "succeeded", ended: 9 });
    writer.append(&batch).unwrap();
    assert_eq!(writer.commits(), 2);

    assert_eq!(log(&path, "a"), [(1, 10, "[\"begun\"]".into()), (2, 20, "[\"called\"]".into())]);
    assert_eq!(log(&path, "b"), [(1, 10, "[\"begun\"]".into()), (2, 20, "[\"ended\"]".into())]);
    let reader = Reader::open(&path, SOON).unwrap();
    assert_eq!(reader.unfinished().unwrap(), ["a"]);
    let ended = reader.run("b").unwrap().unwrap();
    assert_eq!((ended.state.as_str(), ended.ended, ended.workflow.as_str()), ("succeeded", Some(9), "tour"));
    assert_eq!(reader.runs().unwrap().iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(reader.plan(&[7; 32]).unwrap().as_deref(), Some(&b"plan"[..]));
    assert_eq!(reader.run("c").unwrap(), None);
    assert_eq!(reader.plan(&[8; 32]).unwrap(), None);
}

#[test]
fn a_row_that_is_there_already_refuses_the_whole_batch() {
    let (_folder, path) = file();
    let mut writer = Writer::open(&path, SOON).unwrap();
    writer.append(&begin("a")).unwrap();
    let mut batch = begin("b");
    add(&mut batch, "a", 1, "[\"again\"]");
    let refused = writer.append(&batch).unwrap_err();
    assert!(matches!(&refused, Error::Conflict { run, .. } if run == "a"), "{refused}");
    assert_eq!(log(&path, "a"), [(1, 10, "[\"begun\"]".into())]);
    assert_eq!(log(&path, "b"), []);
    assert_eq!(Reader::open(&path, SOON).unwrap().run("b").unwrap(), None);
}

#[test]
fn a_large_value_is_packed_and_comes_back() {
    let (_folder, path) = file();
    let mut writer = Writer::open(&path, SOON).unwrap();
    let body = "all work and no play ".repeat(100_000).into_bytes();
    for _ in 0..2 {
        let values = vec![Value { hash: [1; 32], body: body.clone() }, Value { hash: [2; 32], body: vec![] }];
        let mut batch = Batch::default();
        batch.values = values;
        writer.append(&batch).unwrap();
    }
    let reader = Reader::open(&path, SOON).unwrap();
    assert_eq!(reader.value(&[1; 32]).unwrap(), Some(body));
    assert_eq!(reader.value(&[2; 32]).unwrap(), Some(vec![]));
    assert_eq!(reader.value(&[3; 32]).unwrap(), None);
    drop(writer);
    assert!(std::fs::metadata(&path).unwrap().len() < 200_000);
}

#[test]
fn a_cleared_batch_writes_nothing() {
    let (_folder, path) = file();
    let mut writer = Writer::open(&path, SOON).unwrap();
    let mut batch = begin("a");
    batch.clear();
    writer.append(&batch).unwrap();
    assert_eq!(Reader::open(&path, SOON).unwrap().runs().unwrap(), []);
}

#[test]
fn a_body_that_cannot_be_written_leaves_no_trace() {
    let (_folder, path) = file();
    let mut writer = Writer::open(&path, SOON).unwrap();
    let mut batch = begin("a");
    let half = batch.event(&Arc::from("a"), 2, 0, |to| {
        to.extend_from_slice(b"half");
        Err("no")
    });
    assert_eq!(half, Err("no"));
    add(&mut batch, "a", 2, "whole");
    writer.append(&batch).unwrap();
    assert_eq!(log(&path, "a")[1].2, "whole");
}

#[test]
fn reading_goes_on_from_a_number() {
    let (_folder, path) = file();
    let mut writer = Writer::open(&path, SOON).unwrap();
    let mut batch = begin("a");
    (2..=9).for_each(|seq| add(&mut batch, "a", seq, "x"));
    writer.append(&batch).unwrap();
    let mut seen = vec![];
    Reader::open(&path, SOON).unwrap().log("a", 7, &mut |row| seen.push(row.seq)).unwrap();
    assert_eq!(seen, [8, 9]);
}

#[test]
fn a_commit_is_durable_by_its_settings() {
    let (_folder, path) = file();
    let writer = Writer::open(&path, Duration::from_secs(5)).unwrap();
    let expected = Pragmas {
        journal_mode: "wal".into(),
        synchronous: 2,
        foreign_keys: 1,
        busy_timeout: 5000,
        user_version: store::VERSION,
    };
    assert_eq!(writer.pragmas().unwrap(), expected);
}

#[test]
fn readers_see_each_commit_while_the_writer_is_open() {
    let (_folder, path) = file();
    let mut writer = Writer::open(&path, SOON).unwrap();
    let reader = Reader::open(&path, SOON).unwrap();
    for n in 0..10 {
        writer.append(&begin(&format!("run{n}"))).unwrap();
        assert_eq!(reader.runs().unwrap().len(), n + 1);
    }
}
