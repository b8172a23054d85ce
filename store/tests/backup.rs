//! Copies of a store are whole, whoever writes it meanwhile, and what is amiss in one is found.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use sha2::{Digest, Sha256};
use store::backup::{self, Counted};
use store::{Batch, Error, NewRun, Plan, Reader, Value, Writer};

const SOON: Duration = Duration::from_secs(5);

fn hash(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// A store with a run of some rows and a large value.
fn filled(path: &Path, rows: u64) -> Writer {
    let mut writer = Writer::open(path, SOON).unwrap();
    let mut batch = Batch::default();
    batch.plans.push(Plan { digest: hash(b"{}"), body: b"{}".to_vec() });
    batch.values.push(Value { hash: hash(b"large"), body: b"large".to_vec() });
    batch.runs.push(NewRun {
        id: "r".into(),
        workflow: "w".into(),
        owner: None,
        plan: hash(b"{}"),
        state: "running",
        started: 1,
    });
    (1..=rows).for_each(|seq| batch.event(&"r".into(), seq, 5, |to| to.write_all(b"[1]")).unwrap());
    writer.append(&batch).unwrap();
    writer
}

fn places() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (store, copy) = (folder.path().join("store.db"), folder.path().join("copy.db"));
    (folder, store, copy)
}

fn sqlite(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_copy_holds_all_and_is_a_store_of_its_own() {
    let (folder, store, copy) = places();
    let _writer = filled(&store, 3);
    backup::copy(&store, &copy).unwrap();
    let counted = Counted { version: store::VERSION, runs: 1, unfinished: 1, rows: 3, values: 1 };
    assert_eq!(backup::check(&copy).unwrap(), counted);
    assert_eq!(backup::files(&copy), std::slice::from_ref(&copy), "nothing beside it belongs to it");
    drop(folder);
}

#[test]
fn copies_made_while_somebody_writes_are_each_of_one_moment() {
    let (folder, store, _) = places();
    let mut writer = filled(&store, 1);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut seq = 1;
            while !done.load(Ordering::Relaxed) {
                let mut batch = Batch::default();
                // Two rows belong together: no copy may have one without the other.
                for _ in 0..2 {
                    seq += 1;
                    batch.event(&"r".into(), seq, 5, |to| to.write_all(b"[2]")).unwrap();
                }
                writer.append(&batch).unwrap();
            }
        });
        let mut last = 0;
        for n in 0..20 {
            let copy = folder.path().join(format!("copy{n}.db"));
            backup::copy(&store, &copy).unwrap();
            let rows = backup::check(&copy).unwrap().rows;
            assert!(rows % 2 == 1 && rows >= last, "{rows} rows after {last}");
            last = rows;
        }
        done.store(true, Ordering::Relaxed);
        assert!(last > 1, "somebody wrote meanwhile");
    });
}

#[test]
fn whatever_is_changed_in_a_copy_is_found() {
    let (_folder, store, copy) = places();
    drop(filled(&store, 3));
    backup::copy(&store, &copy).unwrap();
    let pristine = fs::read(&copy).unwrap();
    for sql in [
        "UPDATE events SET body = '[7]' WHERE seq = 2",
        "DELETE FROM events WHERE seq = 2",
        "UPDATE runs SET state = 'succeeded'",
        "UPDATE plans SET body = x'5b5d'",
        "UPDATE \"values\" SET body = zeroblob(6)",
        "PRAGMA foreign_keys = OFF; DELETE FROM plans",
    ] {
        fs::write(&copy, &pristine).unwrap();
        sqlite(&copy, sql);
        assert!(matches!(backup::check(&copy), Err(Error::Damaged { .. })), "{sql}");
    }
    fs::write(&copy, &pristine[..pristine.len() / 2]).unwrap();
    assert!(matches!(backup::check(&copy), Err(Error::Damaged { .. })));
    fs::write(&copy, "text").unwrap();
    assert!(matches!(backup::check(&copy), Err(Error::NotADatabase { .. })));
    fs::write(&copy, &pristine).unwrap();
    assert!(backup::check(&copy).is_ok());
    sqlite(&copy, "PRAGMA user_version = 99");
    assert!(matches!(backup::check(&copy), Err(Error::Newer { found: 99, .. })));
}

#[test]
fn before_tables_change_a_copy_is_kept_as_they_were() {
    let (folder, store, copy) = places();
    sqlite(&store, include_str!("../migrations/1.sql"));
    sqlite(
        &store,
        "INSERT INTO plans VALUES (zeroblob(32), zeroblob(2));
         INSERT INTO runs VALUES ('r', 'w', zeroblob(32), 'running', 1, NULL)",
    );
    // What is of an earlier version is copied and looked through as well.
    backup::copy(&store, &copy).unwrap();
    assert_eq!(backup::check(&copy).unwrap().version, 1);
    drop(Writer::open(&store, SOON).unwrap());
    let kept = folder.path().join("store.db.version-1");
    let found: (i64, String) = Connection::open(&kept)
        .unwrap()
        .query_row("SELECT user_version, id FROM runs, pragma_user_version", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(found, (1, "r".into()));
    assert_eq!(Reader::open(&store, SOON).unwrap().unfinished().unwrap(), ["r"]);
    let written = fs::metadata(&kept).unwrap().modified().unwrap();
    drop(Writer::open(&store, SOON).unwrap());
    assert_eq!(fs::metadata(&kept).unwrap().modified().unwrap(), written, "once is enough");
    let names = fs::read_dir(folder.path()).unwrap().flatten().count();
    assert_eq!(names, 3, "nothing else is left");
}

#[test]
fn a_settled_store_is_whole_in_its_own_file() {
    let (_folder, store, copy) = places();
    let writer = filled(&store, 3);
    // As a process that was killed leaves it: the log is beside it.
    for (from, to) in backup::files(&store).into_iter().zip(["", "-wal", "-shm"]) {
        fs::copy(from, format!("{}{to}", copy.display())).unwrap();
    }
    assert!(backup::files(&copy).len() > 1);
    backup::settle(&copy);
    assert_eq!(backup::files(&copy), std::slice::from_ref(&copy));
    assert_eq!(backup::check(&copy).unwrap().rows, 3);
    drop(writer);
}
