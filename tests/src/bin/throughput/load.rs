//! The load: workflows of trivial steps, through the driver on SQLite as the product uses it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use dsl::catalog::{Action, Catalog, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::Value;
use engine::command::Call;
use engine::input::Start;
use engine::plan::Plan;
use engine::run::RunId;
use runtime::clock::Wall;
use runtime::driver::{Driver, State};
use runtime::executor::{Calling, Executor};
use runtime::journal::sqlite::Sqlite;
use runtime::local::{Local, Surroundings};

/// Calls in flight in a `for_each`.
const PARALLEL: u32 = 100;

/// A driver on a database of its own, with the trivial action.
pub struct Bench {
    driver: Arc<Local>,
    journal: Arc<Sqlite>,
    linear: Arc<Plan>,
    light: Arc<Plan>,
    each: Arc<Plan>,
    count: Arc<AtomicU64>,
    tokio: tokio::runtime::Runtime,
}

/// What a number of runs took.
pub struct Runs {
    /// From the first start to the last end.
    pub whole: Duration,
    /// Each run, from asking for it to seeing its end.
    pub took: Vec<Duration>,
}

/// Gives back what it is given.
struct Echo;

impl Executor for Echo {
    fn call<'a>(&'a self, _: &'a RunId, call: &'a Call) -> Calling<'a> {
        Box::pin(std::future::ready(Ok(call.args.clone()).into()))
    }
}

impl Bench {
    /// Opens a database and a driver upon it.
    ///
    /// # Errors
    /// Where the database cannot be made, or the workflows are wrong.
    pub fn open(path: &Path) -> Result<Bench> {
        let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let journal = Arc::new(Sqlite::open(path)?);
        let executor = Arc::new(Echo);
        let surroundings = Surroundings { executor, tokio: tokio.handle().clone(), clock: Arc::new(Wall) };
        let driver = Arc::new(Local::over(journal.clone(), surroundings));
        let count = Arc::new(AtomicU64::new(0));
        let (linear, light) = (plan(&linear_text(10))?, plan(&linear_text(40))?);
        Ok(Bench { driver, journal, linear, light, each: plan(&each_text())?, count, tokio })
    }

    /// Runs ten steps in a row, so many runs at a time, again and again for a time.
    ///
    /// # Errors
    /// Where a run does not succeed.
    pub fn linear(&self, at_a_time: usize, time: Duration) -> Result<Runs> {
        self.again(&self.linear, at_a_time, time)
    }

    /// Runs forty steps in a row, one run at a time, again and again for a time.
    ///
    /// # Errors
    /// Where a run does not succeed.
    pub fn light(&self, time: Duration) -> Result<Runs> {
        self.again(&self.light, 1, time)
    }

    fn again(&self, plan: &Arc<Plan>, at_a_time: usize, time: Duration) -> Result<Runs> {
        let start = Instant::now();
        let tasks: Vec<_> = (0..at_a_time)
            .map(|_| {
                let (driver, plan, count) = (self.driver.clone(), plan.clone(), self.count.clone());
                self.tokio.spawn(async move {
                    let mut took = vec![];
                    while start.elapsed() < time {
                        let number = count.fetch_add(1, Ordering::Relaxed);
                        took.push(one(&driver, plan.clone(), number, 0).await?);
                    }
                    anyhow::Ok(took)
                })
            })
            .collect();
        let mut took = vec![];
        for task in tasks {
            took.extend(self.tokio.block_on(task)??);
        }
        let whole = start.elapsed();
        self.all_succeeded()?;
        Ok(Runs { whole, took })
    }

    /// Runs one `for_each` over so many items.
    ///
    /// # Errors
    /// Where the run does not succeed.
    pub fn each(&self, items: i64) -> Result<Runs> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let took = self.tokio.block_on(one(&self.driver, self.each.clone(), number, items))?;
        self.all_succeeded()?;
        Ok(Runs { whole: took, took: vec![took] })
    }

    fn all_succeeded(&self) -> Result<()> {
        for run in self.driver.list()? {
            if run.state != State::Succeeded {
                bail!("run `{}` is {}", run.run, run.state.name());
            }
        }
        Ok(())
    }

    /// Commits since it was opened, as the driver counts them.
    pub fn commits(&self) -> u64 {
        self.journal.commits()
    }

    /// The settings of the database, read back.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn pragmas(&self) -> Result<Vec<(String, String)>> {
        let pragmas = self.journal.pragmas()?.context("it was opened to write")?;
        Ok(vec![
            ("journal_mode".into(), pragmas.journal_mode),
            ("synchronous".into(), pragmas.synchronous.to_string()),
        ])
    }
}

/// Starts a run, and waits until its end has been recorded.
async fn one(driver: &Local, plan: Arc<Plan>, number: u64, items: i64) -> Result<Duration> {
    let run = RunId(format!("bench{number:09}").into());
    let inputs = Value::object([("items", Value::list((0..items).map(Value::Int).collect()))]);
    let trigger = Value::object([("kind", Value::text("manual"))]);
    let start = Start::new(run.clone(), inputs, trigger);
    let begun = Instant::now();
    let mut rows = driver.watch(&run);
    driver.begin(plan, start).await??;
    while rows.recv().await.is_some() {}
    Ok(begun.elapsed())
}

fn plan(text: &str) -> Result<Arc<Plan>> {
    let echo = Action {
        id: "bench.echo".into(),
        about: "Give back what is given.".into(),
        safety: Safety::Keyed,
        input: vec![Field::required("value", Type::Any, "What to give back.")],
        output: Type::Object(vec![Field::required("value", Type::Any, "What was given.")]),
        trust: Trust::Untrusted,
    };
    let checked = dsl::check(text, &Catalog::new([echo]));
    let workflow = checked.workflow.with_context(|| format!("{:?}", checked.diagnostics))?;
    Ok(Arc::new(Plan::new(&workflow)))
}

fn linear_text(steps: usize) -> String {
    let mut text = "name: linear\ninputs: { items: [integer] }\nsteps:\n".to_owned();
    text += "  s1: { use: bench.echo, with: { value: \"{{ inputs.items }}\" } }\n";
    for step in 2..=steps {
        let before = step - 1;
        text += &format!(
            "  s{step}: {{ use: bench.echo, with: {{ value: \"{{{{ steps.s{before}.value }}}}\" }} }}\n"
        );
    }
    text
}

fn each_text() -> String {
    format!(
        "name: each\ninputs: {{ items: [integer] }}\nsteps:\n  all:\n    for_each: inputs.items\n    \
         parallel: {PARALLEL}\n    steps:\n      echo: {{ use: bench.echo, with: {{ value: \"{{{{ item }}}}\" }} }}\n"
    )
}
