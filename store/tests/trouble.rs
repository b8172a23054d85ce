//! Every way in which a file can be of no use has a name of its own.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use store::{Answer, Batch, Error, NewRun, Plan, Reader, Signal, Value, Writer};

const SOON: Duration = Duration::from_millis(20);

/// A store with some pages in it, closed.
fn closed() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut writer = Writer::open(&path, SOON).unwrap();
    for n in 0..200u8 {
        let body = (0..400u32).flat_map(|k| (k * 77 + u32::from(n)).wrapping_mul(0x9E37_79B9).to_le_bytes());
        let mut batch = Batch::default();
        batch.values.push(Value { hash: [n; 32], body: body.collect() });
        writer.append(&batch).unwrap();
    }
    drop(writer);
    (folder, path)
}

fn open(path: &Path) -> Result<Writer, Error> {
    Writer::open(path, SOON)
}

fn sqlite(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_closed_store_opens_again() {
    let (_folder, path) = closed();
    assert!(open(&path).is_ok());
    assert_eq!(Reader::open(&path, SOON).unwrap().value(&[3; 32]).unwrap().unwrap().len(), 1600);
}

#[test]
fn a_file_that_was_cut_off_is_damaged() {
    let (_folder, path) = closed();
    let bytes = fs::read(&path).unwrap();
    for length in [50, 99, 100, 4096, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        assert!(matches!(open(&path), Err(Error::Damaged { .. })), "of {length} bytes");
        assert!(matches!(Reader::open(&path, SOON), Err(Error::Damaged { .. })), "of {length} bytes");
    }
}

#[test]
fn a_log_whose_end_cannot_be_read_is_damaged_where_the_file_is_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut writer = Writer::open(&path, SOON).unwrap();
    let log = path.with_extension("db-wal");
    // The tables were made by what comes before.
    let made = fs::metadata(&log).unwrap().len() as usize;
    for n in 0..20u8 {
        let mut batch = Batch::default();
        batch.values.push(Value { hash: [n; 32], body: vec![n; 900] });
        writer.append(&batch).unwrap();
    }
    let before = fs::read(&path).unwrap();
    sqlite(&path, "PRAGMA wal_checkpoint(PASSIVE)");
    let (file, mut damaged) = (fs::read(&path).unwrap(), fs::read(&log).unwrap());
    let middle = made + (damaged.len() - made) / 4120 / 2 * 4120 + 100;
    damaged[middle] ^= 1;
    // One that nobody holds open: copied, a letter in its name that an address would take for its end.
    let copy = folder.path().join("a?b#c%d.db");
    let lay = |file: &[u8], log: &[u8]| {
        fs::write(&copy, file).unwrap();
        fs::write(copy.with_extension("db-wal"), log).unwrap();
        let _ = fs::remove_file(copy.with_extension("db-shm"));
    };
    lay(&file, &damaged);
    assert!(matches!(Reader::open(&copy, SOON), Err(Error::Damaged { .. })));
    assert!(matches!(open(&copy), Err(Error::Damaged { .. })));
    // Where the file is not later, it is read as of an earlier commit; and whole where nothing is damaged.
    let values = |file: &[u8], log: &[u8]| {
        lay(file, log);
        Reader::open(&copy, SOON).unwrap().values().unwrap().len()
    };
    let whole = fs::read(&log).unwrap();
    let earlier = values(&before, &damaged);
    assert!((1..20).contains(&earlier), "{earlier}");
    assert_eq!((values(&before, &whole), values(&file, &whole), values(&file, &[])), (20, 20, 20));
}

#[test]
fn flipped_bytes_are_found_or_do_no_harm() {
    let (_folder, path) = closed();
    let bytes = fs::read(&path).unwrap();
    let mut found = 0;
    // One place in each page, at its head, where its structure stands.
    for at in (4096..bytes.len()).step_by(4096) {
        let mut wrong = bytes.clone();
        wrong[at..at + 8].iter_mut().for_each(|byte| *byte ^= 0x55);
        fs::write(&path, &wrong).unwrap();
        match open(&path) {
            Ok(_) => {}
            Err(Error::Damaged { .. }) => found += 1,
            Err(other) => panic!("at {at}: {other}"),
        }
    }
    let pages = bytes.len() / 4096 - 1;
    assert!(found * 10 >= pages * 9, "{found} of {pages}");
}

#[test]
fn a_row_that_is_not_what_was_written_is_not_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut writer = open(&path).unwrap();
    let mut batch = Batch::default();
    let (run, plan): (Arc<str>, _) = ("r".into(), [7; 32]);
    batch.plans.push(Plan { digest: plan, body: b"{}".to_vec() });
    batch.runs.push(NewRun {
        id: run.clone(),
        workflow: "w".into(),
        owner: None,
        plan,
        state: "running",
        started: 1,
    });
    for seq in 1..=3 {
        batch.event(&run, seq, 5, |to| to.write_all(b"[1]")).unwrap();
    }
    writer.append(&batch).unwrap();
    drop(writer);
    let whole = fs::read(&path).unwrap();
    let read = || {
        let reader = Reader::open(&path, SOON)?;
        let mut rows = 0;
        reader.log("r", 0, &mut |_| rows += 1)?;
        assert_eq!((rows, reader.run("r")?.unwrap().workflow, reader.runs()?.len()), (3, "w".to_owned(), 1));
        reader.unfinished()
    };
    assert_eq!(read().unwrap(), ["r"]);
    let changes = [
        "UPDATE events SET body = '[2]' WHERE seq = 2",
        "UPDATE events SET time = 6 WHERE seq = 3",
        "DELETE FROM events WHERE seq = 2",
        "UPDATE runs SET workflow = 'v'",
        "UPDATE runs SET started = 2",
        "UPDATE runs SET state = 'failed'",
        "UPDATE runs SET ended = 9",
        "UPDATE runs SET seal_state = 1",
    ];
    for change in changes {
        fs::write(&path, &whole).unwrap();
        sqlite(&path, change);
        assert!(matches!(read(), Err(Error::Damaged { .. })), "{change}");
    }
    // A row of an earlier version has no seal.
    fs::write(&path, &whole).unwrap();
    sqlite(&path, "UPDATE events SET seal = NULL; UPDATE runs SET seal_begun = NULL, seal_state = NULL");
    assert_eq!(read().unwrap(), ["r"]);
}

/// The rows behind it in the log would not be found either, and no gap would tell.
#[test]
fn a_row_that_belongs_to_no_run_is_found_at_opening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut writer = open(&path).unwrap();
    let mut batch = Batch::default();
    let (run, plan): (Arc<str>, _) = ("01m8kgwhxcxpahbj".into(), [7; 32]);
    batch.plans.push(Plan { digest: plan, body: b"{}".to_vec() });
    batch.runs.push(NewRun {
        id: run.clone(),
        workflow: "w".into(),
        owner: None,
        plan,
        state: "running",
        started: 1,
    });
    for seq in 1..=9 {
        batch.event(&run, seq, 5, |to| to.write_all(b"[1]")).unwrap();
    }
    writer.append(&batch).unwrap();
    drop(writer);
    let whole = fs::read(&path).unwrap();
    let places = |bytes: &[u8]| {
        let places = bytes.windows(run.len()).enumerate().filter(|(_, window)| *window == run.as_bytes());
        places.map(|(at, _)| at).collect::<Vec<_>>()
    };
    // Its own entry, those in the indexes of unfinished runs and of an owner's, and nine rows with their entries in the index.
    assert_eq!(places(&whole).len(), 21);
    for at in places(&whole) {
        for bit in 0..7 {
            let mut wrong = whole.clone();
            wrong[at + 7] ^= 1 << bit;
            fs::write(&path, &wrong).unwrap();
            assert!(matches!(open(&path), Err(Error::Damaged { .. })), "bit {bit} at {at}");
        }
    }
}

#[test]
fn a_signal_or_an_answer_that_is_not_what_was_written_is_not_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut writer = open(&path).unwrap();
    let signal = |id: &str| Signal { id: id.into(), name: "n".into(), run: None, time: 1, body: "1".into() };
    let answer = |hash: u8| Answer { hash: [hash; 32], time: 1, body: "1".into() };
    let mut batch = Batch::default();
    batch.signals.extend([signal("s"), signal("t")]);
    batch.answers.extend([answer(1), answer(2)]);
    writer.append(&batch).unwrap();
    drop(writer);
    let whole = fs::read(&path).unwrap();
    let signals = || Reader::open(&path, SOON).unwrap().signals().unwrap();
    let answers = || Reader::open(&path, SOON).unwrap().answers();
    assert_eq!(signals().into_iter().map(Result::unwrap).collect::<Vec<_>>(), [signal("s"), signal("t")]);
    assert_eq!(answers().unwrap(), [answer(1), answer(2)]);
    for change in ["id = 'q'", "name = 'm'", "run = 'r'", "time = 2", "body = '2'", "seal = 1"] {
        fs::write(&path, &whole).unwrap();
        sqlite(&path, &format!("UPDATE signals SET {change} WHERE id = 's'"));
        let (sound, broken): (Vec<_>, Vec<_>) = signals().into_iter().partition(Result::is_ok);
        assert_eq!(sound.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [signal("t")], "{change}");
        assert!(matches!(broken[..], [Err(Error::Damaged { .. })]), "{change}: {broken:?}");
    }
    for change in ["hash = zeroblob(32)", "time = 2", "body = '2'", "seal = 1"] {
        fs::write(&path, &whole).unwrap();
        sqlite(&path, &format!("UPDATE answers SET {change} WHERE substr(hash, 1, 1) = x'01'"));
        assert!(matches!(answers(), Err(Error::Damaged { .. })), "{change}");
        let reader = Reader::open(&path, SOON).unwrap();
        assert!(!matches!(reader.answer(&[1; 32]), Ok(Some(_))), "{change}");
        assert!(!matches!(reader.answer(&[0; 32]), Ok(Some(_))), "{change}");
        assert_eq!(reader.answer(&[2; 32]).unwrap(), Some(answer(2)), "{change}");
        assert!(matches!(store::backup::check(&path), Err(Error::Damaged { .. })), "{change}");
    }
    // A row of an earlier version has no seal.
    fs::write(&path, &whole).unwrap();
    sqlite(&path, "UPDATE signals SET seal = NULL; UPDATE answers SET seal = NULL");
    assert!(signals().iter().all(Result::is_ok));
    assert_eq!(answers().unwrap().len(), 2);
}

#[test]
fn signals_and_answers_of_an_earlier_version_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    for migration in [
        include_str!("../migrations/1.sql"),
        include_str!("../migrations/2.sql"),
        include_str!("../migrations/3.sql"),
        include_str!("../migrations/4.sql"),
        include_str!("../migrations/5.sql"),
        include_str!("../migrations/6.sql"),
    ] {
        sqlite(&path, migration);
    }
    sqlite(
        &path,
        "INSERT INTO signals VALUES ('s', 'n', NULL, 1, '1');
         INSERT INTO answers VALUES (zeroblob(32), 1, '1')",
    );
    assert_eq!(store::backup::check(&path).unwrap().version, 6);
    let mut writer = open(&path).unwrap();
    writer.append(&Batch::default()).unwrap();
    let reader = Reader::open(&path, SOON).unwrap();
    assert_eq!(reader.signals().unwrap().len(), 1);
    assert!(reader.signals().unwrap().iter().all(Result::is_ok));
    assert_eq!(reader.answers().unwrap(), [Answer { hash: [0; 32], time: 1, body: "1".into() }]);
    assert_eq!(store::backup::check(&path).unwrap().version, store::VERSION);
}

#[test]
fn a_damaged_value_is_not_handed_out_as_another_length() {
    let (_folder, path) = closed();
    sqlite(&path, "UPDATE \"values\" SET size = 5 WHERE hash = zeroblob(32)");
    let read = Reader::open(&path, SOON).unwrap().value(&[0; 32]);
    assert!(matches!(read, Err(Error::Damaged { .. })));
    sqlite(&path, "UPDATE \"values\" SET size = 1 << 60 WHERE hash = zeroblob(32)");
    let read = Reader::open(&path, SOON).unwrap().value(&[0; 32]);
    assert!(matches!(read, Err(Error::Damaged { .. })));
}

#[test]
fn any_other_file_is_not_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    for garbage in ["x", "name: a workflow\n", &"garbage ".repeat(1000)] {
        fs::write(&path, garbage).unwrap();
        assert!(matches!(open(&path), Err(Error::NotADatabase { .. })));
        assert!(matches!(Reader::open(&path, SOON), Err(Error::NotADatabase { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), garbage);
    }
    assert!(matches!(open(folder.path()), Err(Error::NotADatabase { .. })));
}

#[test]
fn an_empty_file_becomes_a_store_unless_a_log_beside_it_says_that_it_was_one() {
    let (_folder, path) = closed();
    fs::write(&path, "").unwrap();
    fs::write(path.with_extension("db-wal"), "frames").unwrap();
    assert!(matches!(open(&path), Err(Error::Damaged { .. })));
    fs::remove_file(path.with_extension("db-wal")).unwrap();
    assert!(open(&path).is_ok());
}

/// A power cut can tear the first page while the tables are made; the journal beside it undoes that.
#[test]
fn a_store_whose_making_was_torn_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (making, path) = (folder.path().join("making.db"), folder.path().join("store.db"));
    let connection = rusqlite::Connection::open(&making).unwrap();
    connection.execute_batch("PRAGMA cache_size = 1; BEGIN; CREATE TABLE a (b); CREATE TABLE c (d)").unwrap();
    // More than the cache holds, so that pages are in the file before the commit.
    connection.execute_batch("INSERT INTO a VALUES (zeroblob(100000)); INSERT INTO c VALUES (1)").unwrap();
    let mut torn = fs::read(&making).unwrap();
    assert!(torn.len() > 4096);
    torn[..512].fill(0);
    fs::write(&path, torn).unwrap();
    fs::copy(making.with_extension("db-journal"), path.with_extension("db-journal")).unwrap();
    assert!(matches!(Reader::open(&path, SOON), Err(Error::Missing { .. })));
    assert!(open(&path).is_ok());
    assert!(Reader::open(&path, SOON).is_ok());
}

#[test]
fn a_store_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    sqlite(&path, include_str!("../migrations/1.sql"));
    sqlite(
        &path,
        "INSERT INTO plans VALUES (zeroblob(32), zeroblob(2));
         INSERT INTO runs VALUES ('r', 'w', zeroblob(32), 'running', 1, NULL);
         INSERT INTO events VALUES ('r', 1, 5, '[1]')",
    );
    assert!(matches!(Reader::open(&path, SOON), Err(Error::Older { found: 1, .. })));
    let mut writer = open(&path).unwrap();
    let mut batch = Batch::default();
    batch.event(&"r".into(), 2, 6, |to| to.write_all(b"[2]")).unwrap();
    writer.append(&batch).unwrap();
    let reader = Reader::open(&path, SOON).unwrap();
    let mut rows = vec![];
    reader.log("r", 0, &mut |row| rows.push(row.body.to_vec())).unwrap();
    assert_eq!(rows, [b"[1]", b"[2]"]);
    assert_eq!(reader.unfinished().unwrap(), ["r"]);
}

#[test]
fn a_later_version_is_left_alone() {
    let (_folder, path) = closed();
    sqlite(&path, "PRAGMA user_version = 99");
    let before = fs::read(&path).unwrap();
    assert!(matches!(open(&path), Err(Error::Newer { found: 99, known: store::VERSION, .. })));
    assert!(matches!(Reader::open(&path, SOON), Err(Error::Newer { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    sqlite(&path, "CREATE TABLE songs (name TEXT)");
    assert!(matches!(open(&path), Err(Error::Foreign { .. })));
    sqlite(&path, "PRAGMA application_id = 5; PRAGMA user_version = 1");
    assert!(matches!(open(&path), Err(Error::Foreign { .. })));
    assert!(matches!(Reader::open(&path, SOON), Err(Error::Foreign { .. })));
}

#[test]
fn a_second_writer_is_told_that_the_file_is_in_use() {
    let (_folder, path) = closed();
    let mut writer = open(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(writer.append(&Batch::default()), Err(Error::Locked { .. })));
    assert!(matches!(open(&path), Err(Error::Locked { .. })));
    // Readers do not mind.
    assert!(Reader::open(&path, SOON).unwrap().value(&[3; 32]).unwrap().is_some());
    other.execute_batch("COMMIT").unwrap();
    writer.append(&Batch::default()).unwrap();
}

#[test]
fn where_nothing_can_be_written_the_message_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = open(&folder.path().join("no/such/folder/store.db")).unwrap_err();
    assert!(matches!(nowhere, Error::CannotWrite { .. }), "{nowhere}");
    assert!(nowhere.to_string().contains("no/such/folder/store.db"));
    assert!(nowhere.help().contains("permissions"));
}

/// A folder in which even the system's owner makes no file.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_file_is_named() {
    let refused = open(Path::new("/proc/store.db")).unwrap_err();
    assert!(matches!(refused, Error::CannotWrite { .. }), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_read_only_is_named_and_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = closed();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    // The system's owner may write anyway.
    let refused = fs::File::options().append(true).open(&path).is_err();
    let opened = open(&path);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(matches!(opened, Err(Error::CannotWrite { .. })), refused);
    drop(opened);
    assert!(Reader::open(&path, SOON).is_ok());
}

#[test]
fn reading_makes_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    assert!(matches!(Reader::open(&path, SOON), Err(Error::Missing { .. })));
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut writer = open(&path).unwrap();
    writer.append(&Batch::default()).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}
