//! The parts of the benchmark, each measured in a process of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use tests::keyway::{Keyway, binary};

use crate::load::{Bench, Runs};
use crate::service::Serving;
use tests::machine;

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Ten steps, one run at a time.
    Linear1,
    /// Ten steps, eight runs at a time.
    Linear8,
    /// Ten steps, 32 runs at a time.
    Linear32,
    /// Ten steps, 32 runs at a time, asked for over the socket of a service.
    Socket32,
    /// Forty steps, one run at a time.
    Light40,
    /// A `for_each` of 1,000 items.
    Each1k,
    /// A `for_each` of 10,000 items.
    Each10k,
    /// A `for_each` of 100,000 items.
    Each100k,
    /// `keyway run` of one step, the whole process.
    Process,
}

impl Part {
    /// All of them, in the order in which they are measured.
    pub const ALL: [Part; 9] = [
        Part::Linear1,
        Part::Linear8,
        Part::Linear32,
        Part::Socket32,
        Part::Light40,
        Part::Each1k,
        Part::Each10k,
        Part::Each100k,
        Part::Process,
    ];

    /// Its name for `--part`.
    pub fn name(self) -> &'static str {
        match self {
            Part::Linear1 => "linear-1",
            Part::Linear8 => "linear-8",
            Part::Linear32 => "linear-32",
            Part::Socket32 => "socket-32",
            Part::Light40 => "light-40",
            Part::Each1k => "for-each-1000",
            Part::Each10k => "for-each-10000",
            Part::Each100k => "for-each-100000",
            Part::Process => "process",
        }
    }
}

/// How long it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// As long as the figures need to be good.
    Full,
    /// A tenth of that, to see that it works.
    Quick,
    /// The driver alone for a second, without plain SQLite beside it: to count its fsyncs.
    Bare,
}

/// What a part gave.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Measure {
    /// The part's name.
    pub part: String,
    /// One-row commits per second of plain SQLite, just before.
    pub raw: f64,
    /// Runs that ended.
    pub runs: u64,
    /// Steps with an effect that ended.
    pub steps: u64,
    /// From the first start to the last end, in seconds.
    pub seconds: f64,
    /// CPU time within that, in seconds.
    pub cpu: f64,
    /// How long each run took, in milliseconds: the half of them at most, 99 of a hundred at most, the longest.
    pub half: f64,
    /// 99 of a hundred at most.
    pub most: f64,
    /// The longest.
    pub longest: f64,
    /// The most memory that the process had, in bytes.
    pub memory: u64,
    /// Commits while it was measured, as the driver counts them.
    pub commits: u64,
    /// Commits since the database was opened.
    pub all_commits: u64,
    /// What the settings of the database read back.
    pub pragmas: Vec<(String, String)>,
    /// Size of the binary in bytes, where it was run.
    pub binary: u64,
}

/// Measures a part.
///
/// # Errors
/// Where anything does not work: a figure of something broken is worth nothing.
pub fn run(part: Part, folder: &Path, effort: Effort) -> Result<Measure> {
    let scratch = tempfile::tempdir_in(folder)?;
    let (raw, time, processes) = match effort {
        Effort::Full => (1_500, 8, 40),
        Effort::Quick => (300, 1, 5),
        Effort::Bare => (0, 1, 5),
    };
    let raw = if raw == 0 { 0.0 } else { raw_commits(scratch.path(), Duration::from_millis(raw))? };
    let time = Duration::from_secs(time);
    let mut measure = match part {
        Part::Linear1 => linear(scratch.path(), 1, time)?,
        Part::Linear8 => linear(scratch.path(), 8, time)?,
        Part::Linear32 => linear(scratch.path(), 32, time)?,
        Part::Socket32 => socket(scratch.path(), 32, time)?,
        Part::Light40 => light(scratch.path(), time)?,
        Part::Each1k => each(scratch.path(), 1_000)?,
        Part::Each10k => each(scratch.path(), 10_000)?,
        Part::Each100k => each(scratch.path(), 100_000)?,
        Part::Process => process(scratch.path(), processes)?,
    };
    measure.part = part.name().to_owned();
    measure.raw = raw;
    if measure.memory == 0 {
        measure.memory = machine::peak_memory_of(std::process::id())?;
    }
    Ok(measure)
}

/// Commits of one small row that plain SQLite makes in a second, with the settings that we use.
fn raw_commits(folder: &Path, time: Duration) -> Result<f64> {
    let connection = Connection::open(folder.join("raw.db"))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT) STRICT")?;
    let mut insert = connection.prepare("INSERT INTO row (body) VALUES (?1)")?;
    let body = "x".repeat(200);
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < time {
        insert.execute([&body])?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}

fn linear(folder: &Path, at_a_time: usize, time: Duration) -> Result<Measure> {
    let bench = Bench::open(&folder.join("linear.db"))?;
    // The caches of the database and of the allocator fill in these.
    bench.linear(at_a_time, Duration::from_millis(300))?;
    let commits = bench.commits();
    let cpu = machine::cpu_time();
    let runs = bench.linear(at_a_time, time)?;
    let cpu = machine::cpu_time() - cpu;
    summed(&runs, 10, cpu, &bench, commits)
}

fn socket(folder: &Path, at_a_time: usize, time: Duration) -> Result<Measure> {
    let serving = Serving::open(folder)?;
    serving.linear(at_a_time, Duration::from_millis(300))?;
    let (commits, (cpu, _)) = (serving.commits()?, serving.used()?);
    let runs = serving.linear(at_a_time, time)?;
    let (after, memory) = serving.used()?;
    let count = runs.took.len() as u64;
    let (half, most, longest) = shares(&runs.took);
    Ok(Measure {
        runs: count,
        steps: count * 10,
        seconds: runs.whole.as_secs_f64(),
        cpu: (after - cpu).as_secs_f64(),
        half,
        most,
        longest,
        memory,
        commits: serving.commits()? - commits,
        ..Measure::default()
    })
}

fn light(folder: &Path, time: Duration) -> Result<Measure> {
    let bench = Bench::open(&folder.join("light.db"))?;
    bench.light(Duration::from_millis(300))?;
    let (commits, cpu) = (bench.commits(), machine::cpu_time());
    let runs = bench.light(time)?;
    summed(&runs, 40, machine::cpu_time() - cpu, &bench, commits)
}

fn each(folder: &Path, items: u32) -> Result<Measure> {
    let bench = Bench::open(&folder.join("each.db"))?;
    let commits = bench.commits();
    let cpu = machine::cpu_time();
    let runs = bench.each(items.into())?;
    let cpu = machine::cpu_time() - cpu;
    summed(&runs, items.into(), cpu, &bench, commits)
}

fn summed(
    runs: &Runs,
    steps_of_a_run: u64,
    cpu: Duration,
    bench: &Bench,
    commits_before: u64,
) -> Result<Measure> {
    let count = runs.took.len() as u64;
    let (half, most, longest) = shares(&runs.took);
    Ok(Measure {
        runs: count,
        steps: count * steps_of_a_run,
        seconds: runs.whole.as_secs_f64(),
        cpu: cpu.as_secs_f64(),
        half,
        most,
        longest,
        commits: bench.commits() - commits_before,
        all_commits: bench.commits(),
        pragmas: bench.pragmas()?,
        ..Measure::default()
    })
}

/// The whole process `keyway run`, on a data directory that has been used before.
fn process(folder: &Path, times: usize) -> Result<Measure> {
    let file = folder.join("one-step.yaml");
    std::fs::write(
        &file,
        "name: one-step\nsteps:\n  hello: { set: { text: hello } }\noutput: \"{{ steps.hello.text }}\"\n",
    )?;
    let keyway = Keyway::at(folder.join("data"));
    let arguments = ["run".as_ref(), file.as_os_str(), "--json".as_ref()];
    let first = keyway.run(&arguments);
    if first.code != Some(0) {
        bail!("`keyway run` does not work: {}", first.stderr);
    }
    let start = Instant::now();
    let mut took = vec![];
    for _ in 0..times {
        let start = Instant::now();
        let mut command = keyway.command(&arguments);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        took.push(start.elapsed());
        if !status.success() {
            bail!("`keyway run` ended with {status}");
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let (half, most, longest) = shares(&took);
    let memory = memory_of(&keyway, &arguments)?;
    let size = std::fs::metadata(binary())?.len();
    let count = times as u64;
    Ok(Measure {
        runs: count,
        steps: count,
        seconds,
        half,
        most,
        longest,
        memory,
        binary: size,
        ..Measure::default()
    })
}

/// The most memory that one `keyway run` had: its peak is read again and again until it ends.
fn memory_of(keyway: &Keyway, arguments: &[&std::ffi::OsStr]) -> Result<u64> {
    let mut child = keyway.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        // Between its end and our waiting for it a process has no memory to tell of.
        peak = machine::peak_memory_of(child.id()).unwrap_or(0).max(peak);
    }
    Ok(peak)
}

/// In milliseconds: what half of them took at most, 99 of a hundred, all.
fn shares(took: &[Duration]) -> (f64, f64, f64) {
    let mut sorted = took.to_vec();
    sorted.sort();
    let at = |share: usize| {
        let place = (sorted.len() * share).div_ceil(100).saturating_sub(1);
        sorted.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    (at(50), at(99), at(100))
}
