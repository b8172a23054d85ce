//! What waiting costs: many runs that wait for a signal, for a time or for a person, on SQLite; their restart; and memory after many
//! runs. `cargo run --release -p tests --bin waiting`; `KEYWAY_REPORT` names the page to write.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use dsl::catalog::{Action, Catalog, Safety, Trust};
use dsl::types::Type;
use dsl::value::Value;
use engine::command::{Call, Emitted};
use engine::input::Start;
use engine::plan::Plan;
use engine::run::RunId;
use runtime::clock::Wall;
use runtime::driver::Driver;
use runtime::executor::{Calling, Executor};
use runtime::local::{Local, Surroundings};
use tests::machine::{cpu_time, memory_of};
use tests::report::{Report, number};
use tokio::runtime::Runtime;

/// How many starts are under way at a time.
const AT_A_TIME: u64 = 256;

/// One after another: each kind waits for something else.
const WAITING: [&str; 3] = [
    "name: signal\nsteps: { go: { wait: { signal: go } } }\n",
    "name: pause\nsteps: { go: { wait: 30d } }\n",
    "name: person\nsteps: { go: { approve: { message: \"Go on?\" } } }\n",
];

const QUICK: &str = "name: quick\nsteps: { a: { use: test.keyed } }\n";

/// Answers at once.
struct Nothing;

impl Executor for Nothing {
    fn call<'a>(&'a self, _: &'a RunId, _: &'a Call) -> Calling<'a> {
        Box::pin(std::future::ready(Ok(Value::Null).into()))
    }
}

fn main() -> Result<()> {
    let report = Report::begin("What waiting costs", "cargo run --release -p tests --bin waiting");
    let folder = tempfile::tempdir_in(tests::root().join("target"))?;
    let path = folder.path().join("store.db");
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let waiting = number("KEYWAY_WAITING", 100_000);
    let mut body = String::from("| What | Aim | Measured |\n| --- | --- | --- |\n");
    let mut row = |what: &str, aim: &str, measured: String| {
        body += &format!("| {what} | {aim} | {measured} |\n");
    };

    let driver = open(&path, &tokio)?;
    let empty = memory()?;
    let begun = Instant::now();
    tokio.block_on(start_all(&driver, 0, waiting, &WAITING))?;
    row(
        &format!("{waiting} runs are started that wait"),
        "",
        format!("{:.1} s", begun.elapsed().as_secs_f64()),
    );
    let full = memory()?;
    row(
        "memory of the process with them",
        "500 MB",
        format!("{} MB, {} MB of it theirs", full / 1000, (full - empty) / 1000),
    );
    let (clock, cpu) = (Instant::now(), cpu_time());
    std::thread::sleep(Duration::from_secs(10));
    let share = (cpu_time() - cpu).as_secs_f64() / clock.elapsed().as_secs_f64() * 100.0;
    row("processor time while they wait", "1 %", format!("{share:.2} %"));
    let begun = Instant::now();
    driver.signal(Emitted { id: "one".into(), name: "go".into(), value: Value::Null, to: None })?;
    let woken = RunId("w000000000".into());
    while driver.summary(&woken)?.ended.is_none() {
        ensure!(begun.elapsed() < Duration::from_secs(10), "the signal wakes nobody");
        std::thread::sleep(Duration::from_millis(1));
    }
    row("a signal wakes the one that has waited longest", "", format!("{} ms", begun.elapsed().as_millis()));
    drop(driver);

    let begun = Instant::now();
    let driver = open(&path, &tokio)?;
    let (count, failed) = driver.resume_all()?;
    ensure!(failed.is_empty() && count as u64 == waiting - 1, "{count} runs are taken up, {failed:?}");
    row(&format!("a restart takes up these {count}"), "", format!("{:.1} s", begun.elapsed().as_secs_f64()));
    drop(driver);

    let few = number("KEYWAY_RESTARTED", 10_000);
    let path = folder.path().join("few.db");
    let driver = open(&path, &tokio)?;
    tokio.block_on(start_all(&driver, 0, few, &WAITING))?;
    drop(driver);
    let begun = Instant::now();
    let driver = open(&path, &tokio)?;
    let (count, failed) = driver.resume_all()?;
    ensure!(failed.is_empty() && count as u64 == few, "{count} runs are taken up, {failed:?}");
    row(
        &format!("a restart takes up {few} unfinished runs"),
        "2 s",
        format!("{:.2} s", begun.elapsed().as_secs_f64()),
    );
    drop(driver);

    let path = folder.path().join("quick.db");
    let driver = open(&path, &tokio)?;
    let runs = number("KEYWAY_RUNS", 100_000);
    tokio.block_on(start_all(&driver, 0, runs / 10, &[QUICK]))?;
    let early = memory()?;
    tokio.block_on(start_all(&driver, runs / 10, runs, &[QUICK]))?;
    let late = memory()?;
    row(
        &format!("memory after {runs} runs beside after {}", runs / 10),
        "the same",
        format!("{} MB beside {} MB", late / 1000, early / 1000),
    );
    body += &format!("\nLoad of the machine at the end: {}.\n", tests::machine::load());
    report.tell(&body);
    Ok(())
}

fn open(path: &Path, tokio: &Runtime) -> Result<Arc<Local>> {
    let surroundings =
        Surroundings { executor: Arc::new(Nothing), tokio: tokio.handle().clone(), clock: Arc::new(Wall) };
    Ok(Arc::new(Local::on_sqlite(path, surroundings)?))
}

/// Starts runs from one number up to another, and waits until each start is committed.
async fn start_all(driver: &Arc<Local>, from: u64, to: u64, texts: &[&str]) -> Result<()> {
    let plans = texts.iter().map(|text| plan(text)).collect::<Result<Vec<_>>>()?;
    let mut under_way = std::collections::VecDeque::new();
    for number in from..to {
        let plan = plans[usize::try_from(number).unwrap_or(0) % plans.len()].clone();
        let run = RunId(format!("w{number:09}").into());
        let trigger = Value::object([("kind", Value::text("manual"))]);
        under_way.push_back(driver.begin(plan, Start::new(run, Value::object::<&str>([]), trigger)));
        if under_way.len() as u64 >= AT_A_TIME {
            under_way.pop_front().context("there is one")?.await??;
        }
    }
    for answer in under_way {
        answer.await??;
    }
    Ok(())
}

fn plan(text: &str) -> Result<Arc<Plan>> {
    let keyed = Action {
        id: "test.keyed".into(),
        about: "Does nothing.".into(),
        safety: Safety::Keyed,
        input: vec![],
        output: Type::Any,
        trust: Trust::Trusted,
    };
    let checked = dsl::check(text, &Catalog::new([keyed]));
    Ok(Arc::new(Plan::new(&checked.workflow.with_context(|| format!("{text} is wrong"))?)))
}

/// The memory of this process that is resident, in kB.
fn memory() -> Result<u64> {
    Ok(memory_of(std::process::id())? / 1024)
}
