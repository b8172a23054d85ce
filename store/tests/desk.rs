//! Changes and batches share commits at the desk, and do not share their fate.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use store::vault::{Audit, Head};
use store::{Batch, Chain, Change, Desk, Edit, NewRun, Plan, Reader, Unfit};

/// Links that are only numbers.
struct Counting;

impl Chain for Counting {
    fn link(&self, before: &[u8], row: &Audit) -> Vec<u8> {
        [before, &[u8::try_from(row.seq).unwrap()]].concat()
    }

    fn proof(&self, _: i64, link: &[u8]) -> Vec<u8> {
        link.to_vec()
    }

    fn holds(&self, head: &Head) -> bool {
        head.link == head.proof
    }
}

fn change(edits: Vec<Edit>) -> Change {
    let audit = vec![Audit { action: "did".into(), ..Audit::default() }];
    Change { edits, audit, chain: Arc::new(Counting) }
}

fn once(name: &'static str) -> Edit {
    Edit::SetOnce { name, value: vec![1] }
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    (folder, path)
}

fn run(id: &str) -> Batch {
    let mut batch = Batch::default();
    batch.plans.push(Plan { digest: [7; 32], body: b"plan".to_vec() });
    batch.runs.push(NewRun {
        id: id.into(),
        workflow: "w".into(),
        owner: None,
        plan: [7; 32],
        state: "running",
        started: 1,
    });
    batch
}

fn links(path: &Path) -> Vec<Vec<u8>> {
    let reader = Reader::open(path, Duration::ZERO).unwrap();
    reader.audit(i64::MIN, 100).unwrap().into_iter().map(|row| row.link).collect()
}

#[test]
fn a_change_that_does_not_fit_leaves_no_trace() {
    let (_folder, path) = file();
    let desk = Desk::open(&path, Duration::ZERO).unwrap();
    assert_eq!(desk.make(change(vec![once("a")])).unwrap(), Ok(()));
    assert_eq!(desk.make(change(vec![once("b"), once("a")])).unwrap(), Err(Unfit::Taken));
    assert_eq!(desk.make(change(vec![once("c")])).unwrap(), Ok(()));
    let reader = Reader::open(&path, Duration::ZERO).unwrap();
    assert_eq!(reader.vault_value("b").unwrap(), None);
    assert_eq!(links(&path), [vec![1], vec![1, 2]]);
}

#[test]
fn changes_that_wait_share_a_commit_and_a_batch_takes_them_along() {
    let (_folder, path) = file();
    let desk = Desk::open(&path, Duration::from_secs(5)).unwrap();
    // Somebody else writes, so that everybody has to wait.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let waiting: Vec<_> = names
            .map(|name| scope.spawn(|| desk.make(change(vec![once(name)])).unwrap()))
            .into_iter()
            .collect();
        scope.spawn(|| desk.append(&run("r")).unwrap());
        std::thread::sleep(Duration::from_millis(300));
        other.execute_batch("COMMIT").unwrap();
        assert!(waiting.into_iter().all(|waiting| waiting.join().unwrap().is_ok()));
    });
    assert!(desk.commits() <= 4, "nine writers made {} commits", desk.commits());
    assert_eq!(links(&path).len(), 8);
    assert!(Reader::open(&path, Duration::ZERO).unwrap().run("r").unwrap().is_some());
}

#[test]
fn a_forged_end_of_the_audit_stops_what_would_follow() {
    let (_folder, path) = file();
    let desk = Desk::open(&path, Duration::ZERO).unwrap();
    desk.make(change(vec![once("a")])).unwrap().unwrap();
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute("UPDATE vault SET value = x'09' WHERE name = 'audit_link'", [])
        .unwrap();
    assert_eq!(desk.make(change(vec![once("b")])).unwrap(), Err(Unfit::Audit));
    assert_eq!(links(&path), [vec![1]]);
}

#[test]
fn a_refused_batch_does_not_take_changes_down() {
    let (_folder, path) = file();
    let desk = Desk::open(&path, Duration::from_secs(5)).unwrap();
    desk.append(&run("r")).unwrap();
    std::thread::scope(|scope| {
        let changes: Vec<_> = ["a", "b", "c", "d"]
            .map(|name| scope.spawn(|| desk.make(change(vec![once(name)])).unwrap()))
            .into_iter()
            .collect();
        for _ in 0..20 {
            assert!(desk.append(&run("r")).is_err(), "the run is there already");
        }
        assert!(changes.into_iter().all(|change| change.join().unwrap().is_ok()));
    });
    assert_eq!(links(&path).len(), 4);
}

/// What becomes of a future, on this thread.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn what_is_posted_is_written_without_a_thread_that_waits() {
    let (_folder, path) = file();
    let desk = Desk::open(&path, Duration::ZERO).unwrap();
    let posted: Vec<_> = (0..200).map(|_| desk.post(change(vec![]))).collect();
    let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
    assert!(threads < 50, "{threads} threads for 200 changes");
    for outcome in posted {
        wait(outcome).unwrap().unwrap();
    }
    assert_eq!(links(&path).len(), 100, "the first hundred of a page");
    let commits = desk.commits();
    assert!(commits < 150, "200 changes took {commits} commits");
    wait(desk.post(change(vec![once("name")]))).unwrap().unwrap();
    assert_eq!(wait(desk.post(change(vec![once("name")]))).unwrap(), Err(Unfit::Taken));
}

#[test]
fn where_the_writer_breaks_off_nobody_waits_for_ever() {
    let (_folder, path) = file();
    let desk = Desk::open(&path, Duration::ZERO).unwrap();
    // The test's links are numbers up to 255.
    let posted: Vec<_> = (0..300).map(|_| desk.post(change(vec![]))).collect();
    let told: Vec<bool> = posted.into_iter().map(|outcome| wait(outcome).is_ok()).collect();
    assert!(told.contains(&false));
    assert!(wait(desk.post(change(vec![]))).is_err());
    desk.flush(Duration::from_secs(60));
}

#[test]
fn what_is_posted_is_written_also_where_nobody_waits_for_it() {
    let (_folder, path) = file();
    let desk = Desk::open(&path, Duration::ZERO).unwrap();
    for _ in 0..40 {
        drop(desk.post(change(vec![])));
    }
    desk.flush(Duration::from_secs(10));
    assert_eq!(links(&path).len(), 40);
    for _ in 0..40 {
        drop(desk.post(change(vec![])));
    }
    drop(desk);
    assert_eq!(links(&path).len(), 80, "who closes the desk waits for it");
}

#[test]
fn what_is_counted_of_an_account_goes_when_another_one_takes_its_place() {
    let (_folder, path) = file();
    let desk = Desk::open(&path, Duration::ZERO).unwrap();
    let connection = |name: &str| {
        Edit::Connection(store::connections::Connection {
            owner: "local".into(),
            connector: "demo".into(),
            name: name.into(),
            auth: "token".into(),
            fields: "{}".into(),
            state: "ready".into(),
            ..Default::default()
        })
    };
    let counted = |name: &str| {
        Edit::Counted(store::counted::Counted {
            owner: "local".into(),
            connector: "demo".into(),
            name: name.into(),
            written: 1,
            until: 100,
            counts: "{}".into(),
        })
    };
    let remove = |name: &str| Edit::RemoveConnection {
        owner: "local".into(),
        connector: "demo".into(),
        name: name.into(),
    };
    let named = || -> Vec<String> {
        let all = desk.reader().unwrap().counted(2).unwrap();
        all.into_iter().map(|row| row.name).collect()
    };
    let made = |edits: Vec<Edit>| wait(desk.post(Change::untold(edits))).unwrap().unwrap();
    made(vec![connection("a"), connection("b"), counted("a"), counted("b"), counted("c")]);
    assert_eq!(named(), ["a", "b", "c"]);
    made(vec![remove("a")]);
    assert_eq!(named(), ["b", "c"]);
    // One that is made anew, and one whose calls were counted before it was there.
    made(vec![remove("b"), counted("b"), connection("b"), connection("c")]);
    assert!(named().is_empty());
}
