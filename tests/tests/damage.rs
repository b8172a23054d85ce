//! Damages the database and its log behind the product's back: whatever is read afterwards is what was written, or
//! what had been written at an earlier commit, or nothing and a reason.
//!
//! `KEYWAY_FLIPS` says how many flipped bits (500), `KEYWAY_TORN=all` cuts the log at every byte of its last three
//! transactions, `KEYWAY_SEED` repeats a campaign's choices.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use dsl::value::{Hash, Value};
use engine::event::Recorded;
use engine::plan::Plan;
use jiff::Timestamp;
use runtime::driver::{Error, Summary};
use runtime::journal::sqlite::Sqlite;
use runtime::journal::{Journal, Mail};
use rusqlite::Connection;
use tempfile::TempDir;
use tests::chance::Chance;
use tests::effects::Moment;
use tests::report::{Report, number, patience};
use tests::world::World;

/// What SQLite puts before the frames of a log, and before the page of each.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const PAGE: usize = 4096;
const FRAME: usize = FRAME_HEADER + PAGE;

/// One process in so many is the real binary.
const REAL: u64 = 50;

/// The files of a data directory whose owner was killed.
#[derive(Clone)]
struct Files {
    database: Vec<u8>,
    log: Vec<u8>,
}

/// All that can be read.
#[derive(Debug, PartialEq)]
struct Told {
    runs: Vec<(Summary, Plan, Vec<Recorded>, Vec<Value>)>,
    unfinished: Vec<String>,
    signals: Vec<Mail>,
    answers: Vec<(Hash, Timestamp, Value)>,
}

/// Three runs that have ended, one of them with a large value, an answer that is used again and a signal that nobody
/// takes in the database; one run that was cut off, in the log.
fn written() -> Files {
    let mut world = World::new().expect("a folder and a port");
    let big = world.safe_folder().join("big.yaml");
    fs::write(world.files.join("big.txt"), "0123456789".repeat(9_000)).expect("our own file");
    fs::write(world.files.join("note.txt"), "noted ".repeat(100)).expect("our own file");
    let text = "name: big\nsteps:\n  big: { use: file.read, with: { path: big.txt } }\n  note: { use: file.read, with: { path: note.txt }, \
                cache: 1h }\noutput: { big: \"{{ steps.big }}\", note: \"{{ steps.note }}\" }\n";
    fs::write(&big, text).expect("our own file");
    let kept = format!("\"{}\"", "kept ".repeat(120));
    let signal = world.keyway.command(&["signal", "nobody", "--with", &kept]);
    for command in [world.start(&big), signal] {
        let answer = tests::keyway::finish(command);
        assert_eq!(answer.code, Some(0), "{answer:?}");
    }
    let answer = world.go_on(|_| ()).expect("nothing is in the way");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    world.service.next_life();
    let child = world.spawn(world.start(&world.safe_folder().join("journey.yaml")));
    let mut child = child.expect("it starts");
    // The service has its lives for `Moment`: this one is the second.
    assert!(world.service.wait_for(Moment::Arrived(8), tests::keyway::PATIENCE, || false));
    child.kill().expect("a child that was not waited for");
    drop(tests::keyway::wait(child));
    let read = |name: &str| fs::read(world.keyway.data.join(name)).expect("it is there");
    Files { database: read("keyway.db"), log: read("keyway.db-wal") }
}

/// A place where damaged files are tried.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Bench {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        Bench { folder: folder.expect("a folder") }
    }

    fn lay(&self, files: &Files) -> PathBuf {
        let path = self.folder.path().join("keyway.db");
        fs::write(&path, &files.database).expect("our own file");
        fs::write(self.folder.path().join("keyway.db-wal"), &files.log).expect("our own file");
        let _ = fs::remove_file(self.folder.path().join("keyway.db-shm"));
        path
    }

    /// All that can be read from these files.
    fn read(&self, files: &Files) -> Result<Told, Error> {
        let path = self.lay(files);
        told(&Sqlite::open_to_read(&path)?)
    }

    /// The same through the binary: what `runs` and `resume` say. Gives what is wrong with it.
    fn ask(&self, files: &Files) -> Vec<String> {
        self.lay(files);
        let keyway = tests::keyway::Keyway::at(self.folder.path());
        let mut broken = vec![];
        // Damage may leave the run's child alone, which listens for a signal that then never comes.
        for command in [&["runs"][..], &["resume", "--no-wait"]] {
            let answer = keyway.run(command);
            let faults = answer.faults_as_refusal(2);
            // Without the service, the run that was cut off fails: that is an answer as well.
            if !matches!(answer.code, Some(0 | 1)) && !faults.is_empty() {
                broken.push(format!("{command:?}: {faults:?} {answer:?}"));
            }
        }
        broken
    }
}

fn told(journal: &Sqlite) -> Result<Told, Error> {
    let mut runs = vec![];
    for summary in journal.runs()? {
        let Some((again, digest)) = journal.run(&summary.run)? else { return Err(Error::NoRun(summary.run)) };
        assert_eq!(again, summary);
        let plan = journal.plan(&digest)?.ok_or_else(|| Error::NoRun(summary.run.clone()))?;
        let log = journal.log(&summary.run, 0)?;
        let mut values = vec![];
        for hash in references(&log) {
            values.push(journal.value(&hash)?.ok_or_else(|| Error::NoRun(summary.run.clone()))?);
        }
        runs.push((summary, plan, log, values));
    }
    let unfinished = journal.unfinished()?.iter().map(ToString::to_string).collect();
    let signals = journal.signals()?.into_iter().collect::<Result<_, _>>()?;
    Ok(Told { runs, unfinished, signals, answers: journal.answers()? })
}

/// The large values that a log refers to.
fn references(log: &[Recorded]) -> Vec<Hash> {
    let text = serde_json::to_string(log).expect("a log has a stored form");
    let hashes = text.split("\"$big\":[\"").skip(1).filter_map(|rest| rest.split('"').next());
    hashes.filter_map(Hash::parse).collect()
}

/// What became of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// It fell where nothing stands, or on what is written twice.
    Harmless,
    /// The log ends before it, at a commit.
    Repaired,
    /// Nothing is told but the reason.
    Refused,
}

impl Outcome {
    const ALL: [Outcome; 3] = [Outcome::Harmless, Outcome::Repaired, Outcome::Refused];

    fn name(self) -> &'static str {
        match self {
            Outcome::Harmless => "without effect",
            Outcome::Repaired => "read as of an earlier commit",
            Outcome::Refused => "refused",
        }
    }
}

/// What was written, at its last commit and at each before.
struct Judge {
    bench: Bench,
    whole: Told,
    earlier: Vec<Told>,
}

impl Judge {
    fn new(files: &Files) -> Judge {
        let bench = Bench::new();
        let whole = bench.read(files).expect("nothing is damaged yet");
        // The one that was cut off may have begun its child.
        assert!(matches!(whole.runs.len(), 4 | 5), "{whole:?}");
        assert!(whole.runs.iter().any(|(.., values)| !values.is_empty()), "a value is large");
        assert!(!whole.signals.is_empty() && !whole.answers.is_empty(), "{whole:?}");
        let mut earlier: Vec<Told> = vec![];
        for end in (0..=files.log.len())
            .filter(|end| *end == 0 || (end - LOG_HEADER.min(*end)).is_multiple_of(FRAME))
        {
            let cut = Files { database: files.database.clone(), log: files.log[..end].to_owned() };
            let told = bench.read(&cut).expect("a log may end after any frame");
            if told != whole && earlier.last() != Some(&told) {
                earlier.push(told);
            }
        }
        assert!(earlier.len() > 4, "the log has commits");
        Judge { bench, whole, earlier }
    }

    /// What became of these files, or what is wrong about it.
    fn judge(&self, files: &Files) -> Result<Outcome, String> {
        let read = catch_unwind(AssertUnwindSafe(|| self.bench.read(files)));
        match read {
            Err(_) => Err("it panics".into()),
            Ok(Ok(told)) if told == self.whole => Ok(Outcome::Harmless),
            Ok(Ok(told)) if self.earlier.contains(&told) => Ok(Outcome::Repaired),
            Ok(Ok(told)) => Err(format!("wrong data is served: {}", difference(&told, &self.whole))),
            Ok(Err(error)) if error.help().is_some() && !error.to_string().is_empty() => Ok(Outcome::Refused),
            Ok(Err(error)) => Err(format!("it says no more than `{error}`")),
        }
    }
}

/// The first that is told otherwise.
fn difference(told: &Told, whole: &Told) -> String {
    if told.unfinished != whole.unfinished {
        return format!("unfinished are {:?}, not {:?}", told.unfinished, whole.unfinished);
    }
    if told.signals != whole.signals {
        return format!("signals are {:?}, not {:?}", told.signals, whole.signals);
    }
    if told.answers != whole.answers {
        return format!("answers are {:?}, not {:?}", told.answers, whole.answers);
    }
    let pairs = told.runs.iter().zip(&whole.runs);
    let other = pairs.filter(|(told, whole)| told != whole).map(|(told, whole)| {
        let rows = told.2.iter().zip(&whole.2).filter(|(told, whole)| told != whole).count();
        format!(
            "{:?} for {:?}; {} rows for {}, {rows} of another content",
            told.0,
            whole.0,
            told.2.len(),
            whole.2.len()
        )
    });
    other.collect::<Vec<_>>().first().cloned().unwrap_or_else(|| format!("{} runs", told.runs.len()))
}

/// Where bits are flipped.
#[derive(Clone, Copy)]
enum Within<'a> {
    /// In the database or its log.
    Files,
    /// In these bytes of the database.
    Database(&'a [Range<usize>]),
}

/// Flips one bit.
fn flip(files: &Files, within: Within<'_>, chance: &mut Chance) -> (Files, String) {
    let mut files = files.clone();
    let mut below = |length: usize| chance.below(length as u64) as usize;
    let (in_log, at) = match within {
        Within::Files if !files.log.is_empty() && below(2) == 0 => (true, below(files.log.len())),
        Within::Files => (false, below(files.database.len())),
        Within::Database(ranges) => {
            let range = &ranges[below(ranges.len())];
            (false, range.start + below(range.len()))
        }
    };
    let bit = below(8);
    let bytes = if in_log { &mut files.log } else { &mut files.database };
    bytes[at] ^= 1 << bit;
    let which = if in_log { "log" } else { "database" };
    (files, format!("bit {bit} of byte {at} of the {which}"))
}

/// The bytes that hold the rows of these tables, each of which has one page.
fn rows_of(files: &Files, tables: [&str; 2]) -> [Range<usize>; 2] {
    let bench = Bench::new();
    let connection = Connection::open(bench.lay(files)).expect("it is whole");
    tables.map(|table| {
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        let page: u32 = connection.query_row(sql, [table], |row| row.get(0)).expect("there is such a table");
        let page = page as usize;
        let head = (page - 1) * PAGE;
        // The header of a page says where its rows begin; they reach to its end.
        let begin = u16::from_be_bytes([files.database[head + 5], files.database[head + 6]]);
        let rows = head + usize::from(begin)..page * PAGE;
        assert!(rows.len() > 600, "`{table}` has a row: {rows:?}");
        rows
    })
}

/// Tables of which nothing else tells that a row has another content.
const SMALL: [&str; 2] = ["signals", "answers"];

type Counts = BTreeMap<Outcome, u64>;

/// Flips so many bits, each in files that are whole otherwise.
fn flips(
    judge: &Judge,
    files: &Files,
    within: Within<'_>,
    count: u64,
    chance: &mut Chance,
) -> (Counts, Vec<String>) {
    let (mut counts, mut broken) = (Counts::new(), vec![]);
    let began = Instant::now();
    for turn in 0..count {
        if began.elapsed() > patience() {
            break;
        }
        let (flipped, place) = flip(files, within, chance);
        match judge.judge(&flipped) {
            Ok(outcome) => *counts.entry(outcome).or_default() += 1,
            Err(wrong) => broken.push(format!("{place}: {wrong}")),
        }
        if turn % REAL == 0 {
            broken.extend(judge.bench.ask(&flipped).into_iter().map(|wrong| format!("{place}: {wrong}")));
        }
    }
    (counts, broken)
}

/// The same files after a checkpoint that did not begin the log anew: what the log holds stands in the database too.
fn checkpointed(files: &Files) -> Files {
    let bench = Bench::new();
    let path = bench.lay(files);
    let connection = Connection::open(&path).expect("it is whole");
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).expect("nobody is in the way");
    let database = fs::read(&path).expect("it is there");
    let log = fs::read(bench.folder.path().join("keyway.db-wal")).expect("it is there");
    drop(connection);
    Files { database, log }
}

fn rows(counts: &Counts) -> String {
    Outcome::ALL.map(|outcome| counts.get(&outcome).copied().unwrap_or(0).to_string()).join(" | ")
}

#[test]
fn a_flipped_bit_is_noticed_or_does_no_harm() {
    let count = number("KEYWAY_FLIPS", 500);
    let command = "cargo test -p tests --test damage a_flipped_bit";
    let report = Report::begin("Flipped bits", command);
    let (mut chance, seed) = Chance::from_env("KEYWAY_SEED");
    println!("seed {seed}");
    let began = Instant::now();
    let files = written();
    let judge = Judge::new(&files);
    let (before, broken) = flips(&judge, &files, Within::Files, count - count / 4 - count / 8, &mut chance);
    assert_eq!(broken, Vec::<String>::new(), "seed {seed}");
    let after = checkpointed(&files);
    let small = Files { log: vec![], ..after.clone() };
    let (after, broken) = flips(&judge, &after, Within::Files, count / 4, &mut chance);
    assert_eq!(broken, Vec::<String>::new(), "after a checkpoint, seed {seed}");
    let rows_of_small = rows_of(&small, SMALL);
    let (of_small, broken) = flips(&judge, &small, Within::Database(&rows_of_small), count / 8, &mut chance);
    assert_eq!(broken, Vec::<String>::new(), "in {SMALL:?}, seed {seed}");
    for counts in [&before, &of_small] {
        assert!(counts.get(&Outcome::Refused).is_some_and(|refused| *refused > 0), "{counts:?}");
    }
    let body = format!(
        "{} flips of one bit of {count} that were asked for, half of them in a database of {} bytes with three runs that have ended and a large \
         value, half in its write-ahead log of {} bytes with a run that was cut off. After each, all runs, plans, \
         logs, large values, kept signals and kept answers were read; one time in {REAL} the binary was asked for `runs` and `resume` as well.\n\n\
         | | {} |\n| --- | --: | --: | --: |\n| before a checkpoint | {} |\n| after one that left the log as it was | \
         {} |\n| in a kept signal or answer | {} |\n\nNo panic, and nothing was served that had not been written. It took {:.0} s (seed {seed}).",
        [&before, &after, &of_small].into_iter().flat_map(Counts::values).sum::<u64>(),
        files.database.len(),
        files.log.len(),
        Outcome::ALL.map(Outcome::name).join(" | "),
        rows(&before),
        rows(&after),
        rows(&of_small),
        began.elapsed().as_secs_f64(),
    );
    report.tell(&body);
}

#[test]
fn a_log_that_was_cut_off_is_read_up_to_a_commit() {
    let all = std::env::var("KEYWAY_TORN").as_deref() == Ok("all");
    let command = "cargo test -p tests --test damage a_log_that_was_cut_off";
    let report = Report::begin("Logs that were cut off", command);
    let began = Instant::now();
    let files = written();
    let judge = Judge::new(&files);
    let begin = third_last_commit(&files.log);
    let near_frame = |end: usize| (end - LOG_HEADER + 2) % FRAME < 5;
    let (mut counts, mut cuts) = (Counts::new(), 0);
    for end in (begin..=files.log.len()).filter(|end| all || near_frame(*end) || end.is_multiple_of(97)) {
        let cut = Files { database: files.database.clone(), log: files.log[..end].to_owned() };
        let outcome = judge.judge(&cut).unwrap_or_else(|wrong| panic!("cut at byte {end}: {wrong}"));
        *counts.entry(outcome).or_default() += 1;
        cuts += 1;
    }
    // Every cut but the last takes a commit away, and no reason to refuse is left.
    assert_eq!(counts.get(&Outcome::Refused), None);
    assert!(counts.get(&Outcome::Repaired).is_some_and(|repaired| *repaired > cuts / 2), "{counts:?}");
    let body = format!(
        "The write-ahead log of a run that was cut off has {} bytes; its last three transactions begin at byte {begin}. \
         It was cut at {} of the bytes behind that, {cuts} cuts.\n\n| {} |\n| --: | --: | --: |\n| {} |\n\nNo \
         panic, and what was read was what had been written at a commit. It took {:.0} s.",
        files.log.len(),
        if all { "each" } else { "a sample" },
        Outcome::ALL.map(Outcome::name).join(" | "),
        rows(&counts),
        began.elapsed().as_secs_f64(),
    );
    report.tell(&body);
}

/// Where the last three transactions of a log begin. The frame that ends one tells the length of the database.
fn third_last_commit(log: &[u8]) -> usize {
    let frames = (log.len() - LOG_HEADER) / FRAME;
    let commits = (0..frames).filter(|frame| {
        let head = LOG_HEADER + frame * FRAME;
        log[head + 4..head + 8] != [0; 4]
    });
    let ends: Vec<usize> = commits.map(|frame| LOG_HEADER + (frame + 1) * FRAME).collect();
    ends[ends.len().saturating_sub(4)]
}

/// The control: without seals, wrong data would be served, and the judge sees it.
#[test]
fn flips_in_rows_without_seals_would_be_seen() {
    let (mut chance, seed) = Chance::from_env("KEYWAY_SEED");
    let bench = Bench::new();
    let path = bench.lay(&written());
    let connection = Connection::open(&path).expect("it is whole");
    let sql = "UPDATE events SET seal = NULL; UPDATE runs SET seal_begun = NULL, seal_state = NULL;
               UPDATE signals SET seal = NULL; UPDATE answers SET seal = NULL";
    connection.execute_batch(sql).expect("it can be written");
    let read = |name: &str| fs::read(bench.folder.path().join(name)).expect("it is there");
    let files = Files { database: read("keyway.db"), log: read("keyway.db-wal") };
    drop(connection);
    let after = checkpointed(&files);
    let judge = Judge::new(&files);
    let whole = Files { log: vec![], ..after };
    let (_, broken) = flips(&judge, &whole, Within::Files, 300, &mut chance);
    let wrong = broken.iter().filter(|it| it.contains("wrong data is served")).count();
    println!("{wrong} of 300 flips served wrong data without seals (seed {seed})");
    assert!(wrong > 0, "seed {seed}");
    let (_, broken) = flips(&judge, &whole, Within::Database(&rows_of(&whole, SMALL)), 100, &mut chance);
    for table in SMALL {
        let wrong = broken.iter().filter(|it| it.contains(&format!("wrong data is served: {table}"))).count();
        println!("{wrong} of 100 flips in small tables served wrong {table} without seals");
        assert!(wrong > 0, "{table}, seed {seed}");
    }
}
