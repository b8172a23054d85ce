//! Measures the drivers: `cargo run --release -p runtime --example speed`.
//!
//! Runs of ten calls that are ready at once, in memory and on SQLite, some at a time; a block over 10,000
//! items; 1,000 unfinished runs taken up again. It prints steps a second, CPU and commits.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dsl::catalog::Safety;
use dsl::span::Span;
use dsl::value::{Hash, Value};
use dsl::workflow::{Act, Arg, Block, Need, NeedKind, OnError, Op, Phase, Retry, Step, Workflow};
use engine::command::Call;
use engine::event::Recorded;
use engine::input::Start;
use engine::plan::Plan;
use engine::run::RunId;
use runtime::clock::Wall;
use runtime::driver::{Driver, Error, Summary};
use runtime::executor::{Calling, Executor};
use runtime::journal::memory::Memory;
use runtime::journal::sqlite::Sqlite;
use runtime::journal::{Batch, Journal};
use runtime::local::{Local, Surroundings};

type Anything = Box<dyn std::error::Error>;

/// Answers at once, or never.
struct Trivial {
    answers: bool,
}

impl Executor for Trivial {
    fn call<'a>(&'a self, _: &'a RunId, _: &'a Call) -> Calling<'a> {
        if self.answers {
            Box::pin(std::future::ready(Ok(Value::Int(1))))
        } else {
            Box::pin(std::future::pending())
        }
    }
}

/// Counts commits.
struct Counted {
    inner: Arc<dyn Journal>,
    commits: AtomicUsize,
}

impl Journal for Counted {
    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.inner.commit(batch)
    }

    fn log(&self, run: &RunId, after: u64) -> Result<Vec<Recorded>, Error> {
        self.inner.log(run, after)
    }

    fn run(&self, run: &RunId) -> Result<Option<(Summary, Hash)>, Error> {
        self.inner.run(run)
    }

    fn runs(&self) -> Result<Vec<Summary>, Error> {
        self.inner.runs()
    }

    fn unfinished(&self) -> Result<Vec<RunId>, Error> {
        self.inner.unfinished()
    }

    fn plan(&self, digest: &Hash) -> Result<Option<Plan>, Error> {
        self.inner.plan(digest)
    }

    fn value(&self, hash: &Hash) -> Result<Option<Value>, Error> {
        self.inner.value(hash)
    }
}

fn main() -> Result<(), Anything> {
    let folder = tempfile::tempdir_in(".")?;
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let open = |name: &str| Sqlite::open(&folder.path().join(name));
    for parallel in [1, 100] {
        let title = format!("SQLite, for_each of 10,000, parallel {parallel}");
        let journal = Arc::new(open(&format!("each{parallel}.db"))?);
        tokio.block_on(rows(&title, journal, &each(10_000, parallel), 1, 1))?;
    }
    for (safety, name) in [(Safety::Keyed, "keyed"), (Safety::Read, "read")] {
        for (at_once, runs) in [(1, 300), (32, 10_000), (128, 20_000)] {
            let title = format!("SQLite, ten {name} steps, {at_once} at a time");
            let journal = Arc::new(open(&format!("{name}{at_once}.db"))?);
            tokio.block_on(rows(&title, journal, &ten(safety), at_once, runs))?;
        }
    }
    tokio.block_on(rows(
        "memory, ten keyed steps, 32 at a time",
        Arc::new(Memory::default()),
        &ten(Safety::Keyed),
        32,
        20_000,
    ))?;
    for count in [1_000, 10_000] {
        tokio.block_on(take_up(folder.path(), count))?;
    }
    Ok(())
}

async fn rows(
    title: &str,
    journal: Arc<dyn Journal>,
    plan: &Arc<Plan>,
    at_once: usize,
    runs: usize,
) -> Result<(), Anything> {
    let journal = Arc::new(Counted { inner: journal, commits: AtomicUsize::new(0) });
    let driver = driver(journal.clone(), true);
    let steps = if runs == 1 { 10_000 } else { runs * 10 };
    let (begun, used) = (Instant::now(), cpu());
    let mut open = VecDeque::new();
    for n in 0..runs {
        if open.len() == at_once {
            ended(open.pop_front()).await;
        }
        let run = RunId(format!("r{n:08}").into());
        let watched = driver.watch(&run);
        open.push_back((driver.begin(plan.clone(), start(&run)), watched));
    }
    while !open.is_empty() {
        ended(open.pop_front()).await;
    }
    let (took, used) = (begun.elapsed(), cpu() - used);
    let commits = journal.commits.load(Ordering::Relaxed);
    let a_second = steps as f64 / took.as_secs_f64();
    let a_thousand = used.as_secs_f64() * 1000.0 / runs as f64;
    println!(
        "{title}: {a_second:.0} steps/s, {took:.2?} for {runs} runs, {commits} commits, {a_thousand:.3} s CPU per 1,000 runs, {} MB at most",
        peak()
    );
    Ok(())
}

type Begun =
    (tokio::sync::oneshot::Receiver<Result<(), Error>>, tokio::sync::mpsc::UnboundedReceiver<Recorded>);

async fn ended(begun: Option<Begun>) {
    let Some((begun, mut watched)) = begun else { return };
    let begun = begun.await;
    assert!(matches!(begun, Ok(Ok(()))), "{begun:?}");
    while watched.recv().await.is_some() {}
}

async fn take_up(folder: &Path, count: usize) -> Result<(), Anything> {
    let path = folder.join(format!("resume{count}.db"));
    {
        let driver = driver(Arc::new(Sqlite::open(&path)?), false);
        let plan = ten(Safety::Keyed);
        let begun: Vec<_> = (0..count)
            .map(|n| driver.begin(plan.clone(), start(&RunId(format!("r{n:08}").into()))))
            .collect();
        for begun in begun {
            begun.await??;
        }
    }
    let begun = Instant::now();
    let driver = driver(Arc::new(Sqlite::open(&path)?), false);
    let (found, failed) = driver.resume_all()?;
    assert!(found == count && failed.is_empty());
    println!("SQLite, {count} unfinished runs taken up in {:.2?}", begun.elapsed());
    Ok(())
}

fn driver(journal: Arc<dyn Journal>, answers: bool) -> Local {
    let surroundings = Surroundings {
        executor: Arc::new(Trivial { answers }),
        tokio: tokio::runtime::Handle::current(),
        clock: Arc::new(Wall),
    };
    Local::over(journal, surroundings)
}

fn start(run: &RunId) -> Start {
    Start { run: run.clone(), inputs: Value::object::<&str>([]), trigger: Value::Null }
}

fn step(name: &str, needs: Vec<Need>, safety: Safety, op: Op) -> Step {
    Step {
        name: name.into(),
        span: Span::default(),
        phase: Phase::Body,
        needs,
        condition: None,
        op,
        retry: Retry::default_for(safety),
        timeout: None,
        on_error: OnError::Fail,
    }
}

fn call(name: &str, needs: Vec<Need>, safety: Safety) -> Step {
    let args = Arg::Value(Value::object([("text", Value::text("hello")), ("n", Value::Int(7))]));
    step(name, needs, safety, Op::Act(Act { action: "test.call".into(), args, safety }))
}

fn plan(name: &str, steps: Vec<Step>) -> Arc<Plan> {
    let root = Block { steps, output: None };
    let workflow =
        Workflow { name: name.into(), description: String::new(), inputs: vec![], timeout: None, root };
    Arc::new(Plan::new(&workflow))
}

fn ten(safety: Safety) -> Arc<Plan> {
    let needs = |n: u16| {
        n.checked_sub(1).map(|step| Need { up: 0, step, kind: NeedKind::After }).into_iter().collect()
    };
    plan("ten", (0..10).map(|n| call(&format!("s{n}"), needs(n), safety)).collect())
}

fn each(count: i64, parallel: u32) -> Arc<Plan> {
    let items = Arg::Value(Value::list((0..count).map(Value::Int).collect()));
    let body = Block { steps: vec![call("one", vec![], Safety::Keyed)], output: None };
    let op = Op::Each { items, name: "item".into(), parallel, body };
    plan("each", vec![step("all", vec![], Safety::Keyed, op)])
}

/// The CPU time that this process has used, as the system counts it.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: u64 = text
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// The most memory that this process has had, in megabytes.
fn peak() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
