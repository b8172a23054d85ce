//! A workflow with very many items beside nine small ones that somebody starts again and again: what the small ones wait at
//! worst at most doubles.
//!
//! Alone and beside are measured in turns, in one process, on one database, while the large run pauses and goes on. The
//! control is the same without turns and limits. What decides is counted always: how much of the large run stands in the
//! commits that a small one waits for. Times are judged where a report is asked for, since they mean nothing on a machine
//! that has other work. `KEYWAY_ITEMS` says how many items, `KEYWAY_SECONDS` how long the small ones are measured beside
//! them, `KEYWAY_REPORT` names the page to write.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dsl::catalog::{Action, Catalog, Safety, Trust};
use dsl::types::Type;
use dsl::value::{Hash, Value};
use engine::command::Call;
use engine::event::{Event, Recorded};
use engine::input::{Input, Start};
use engine::plan::Plan;
use engine::run::{Hold, RunId};
use jiff::Timestamp;
use runtime::clock::Wall;
use runtime::driver::{Driver, Error, State, Summary};
use runtime::executor::{Calling, Executor};
use runtime::journal::sqlite::Sqlite;
use runtime::journal::{Batch, Journal, Mail};
use runtime::local::{Local, Shares, Surroundings, Turns};
use tests::report::{Report, number};

/// How many small workflows there are, and how often each is started.
const SMALL: u64 = 9;
const EVERY: Duration = Duration::from_millis(50);

/// How long is measured before the other side has its turn.
const WINDOW: Duration = Duration::from_secs(1);

/// What the large run is called.
const LARGE: &str = "large";

/// How much of one workflow stands in a commit of another at most, and a word that was said to it meanwhile.
const SHARE: f64 = 5.0;

/// How many calls the large one asks for at once.
const PARALLEL: u64 = 500;

/// What takes part in it without turns and limits.
const UNFAIR: Shares =
    Shares { process: usize::MAX, owner: usize::MAX, workflow: usize::MAX, turns: Turns::Arrival };

/// When a call answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// At once.
    Now,
    /// After the async runtime has had it.
    Later,
}

struct Light(When);

impl Executor for Light {
    fn call<'a>(&'a self, _: &'a RunId, call: &'a Call) -> Calling<'a> {
        let answer = call.args.clone();
        match self.0 {
            When::Now => Box::pin(std::future::ready(Ok(answer).into())),
            When::Later => Box::pin(async move {
                tokio::task::yield_now().await;
                Ok(answer).into()
            }),
        }
    }
}

/// How long runs of the small ones took, in milliseconds.
#[derive(Debug, Default)]
struct Figures {
    alone: Vec<f64>,
    beside: Vec<f64>,
    /// How many inputs of the large one stand in each commit of a small one.
    shared: Vec<f64>,
    /// How many items a second the large one did meanwhile.
    items: f64,
}

/// A journal that counts, for each commit of a small run, how much of the large one is in it.
struct Counting {
    inner: Sqlite,
    shared: Mutex<Vec<f64>>,
}

impl Journal for Counting {
    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        let large = batch.rows.iter().filter(|(run, _)| &*run.0 == LARGE).count();
        if large > 0 && large < batch.rows.len() {
            self.shared.lock().expect("nobody panics with it").push(large as f64);
        }
        self.inner.commit(batch)
    }

    fn log(&self, run: &RunId, after: u64) -> Result<Vec<Recorded>, Error> {
        self.inner.log(run, after)
    }

    fn first(&self, run: &RunId) -> Result<Option<Recorded>, Error> {
        self.inner.first(run)
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

    fn signals(&self) -> Result<Vec<Result<Mail, Error>>, Error> {
        self.inner.signals()
    }

    fn answer(&self, hash: &Hash) -> Result<Option<(Timestamp, Value)>, Error> {
        self.inner.answer(hash)
    }

    fn answers(&self) -> Result<Vec<(Hash, Timestamp, Value)>, Error> {
        self.inner.answers()
    }

    fn values(&self) -> Result<Vec<Hash>, Error> {
        self.inner.values()
    }

    fn value(&self, hash: &Hash) -> Result<Option<Value>, Error> {
        self.inner.value(hash)
    }
}

fn plan(text: &str) -> Arc<Plan> {
    let action = Action {
        id: "test.light".into(),
        about: "Give back what is given.".into(),
        safety: Safety::Keyed,
        input: vec![dsl::types::Field::required("value", Type::Any, "What to give back.")],
        output: Type::Any,
        trust: Trust::Trusted,
    };
    let checked = dsl::check(text, &Catalog::new([action]));
    Arc::new(Plan::new(&checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))))
}

fn small(number: u64) -> Arc<Plan> {
    let mut text =
        format!("name: small-{number}\nsteps:\n  s1: {{ use: test.light, with: {{ value: 1 }} }}\n");
    for step in 2..=10 {
        let before = step - 1;
        text += &format!(
            "  s{step}: {{ use: test.light, with: {{ value: \"{{{{ steps.s{before}.value }}}}\" }} }}\n"
        );
    }
    plan(&text)
}

fn large() -> Arc<Plan> {
    plan(&format!(
        "name: large\ninputs: {{ items: [integer] }}\nsteps:\n  all:\n    for_each: inputs.items\n    \
         parallel: {PARALLEL}\n    steps: {{ a: {{ use: test.light, with: {{ value: \"{{{{ item }}}}\" }} }} }}\n    \
         output: \"{{{{ null }}}}\"\n"
    ))
}

async fn started(driver: Arc<Local>, plan: Arc<Plan>, run: RunId, inputs: Value) -> f64 {
    let begun = Instant::now();
    let mut rows = driver.watch(&run);
    let start = Start::new(run, inputs, Value::object([("kind", Value::text("manual"))]));
    driver.begin(plan, start).await.expect("it runs").expect("a fresh name");
    while rows.recv().await.is_some() {}
    begun.elapsed().as_secs_f64() * 1000.0
}

/// Starts the small ones for a time, and waits for them.
async fn window(driver: &Arc<Local>, plans: &[Arc<Plan>], name: &str) -> Vec<f64> {
    let mut tasks = tokio::task::JoinSet::new();
    for (which, plan) in plans.iter().enumerate() {
        let (driver, plan, name) = (driver.clone(), plan.clone(), format!("{name}-{which}"));
        tasks.spawn(async move {
            // They do not all begin at the same moment.
            tokio::time::sleep(EVERY * u32::try_from(which).unwrap_or(0) / 9).await;
            let mut ticks = tokio::time::interval(EVERY);
            let mut runs = tokio::task::JoinSet::new();
            let begun = Instant::now();
            for number in 0.. {
                ticks.tick().await;
                if begun.elapsed() >= WINDOW {
                    break;
                }
                let run = RunId(format!("{name}-{number:04}").into());
                runs.spawn(started(driver.clone(), plan.clone(), run, Value::object::<&str>([])));
            }
            runs.join_all().await
        });
    }
    tasks.join_all().await.concat()
}

fn measured(folder: &Path, shares: Shares, when: When, items: u64) -> Figures {
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let inner = Sqlite::open(&folder.join("store.db")).expect("a database");
    let journal = Arc::new(Counting { inner, shared: Mutex::default() });
    let surroundings = Surroundings {
        executor: Arc::new(Light(when)),
        tokio: tokio.handle().clone(),
        clock: Arc::new(Wall),
    };
    let driver = Arc::new(Local::sharing(journal.clone(), surroundings, shares));
    let plans: Vec<_> = (0..SMALL).map(small).collect();
    let run = RunId(LARGE.into());
    let list = Value::list((0..items).map(|item| Value::Int(i64::try_from(item).unwrap_or(0))).collect());
    let inputs = Value::object([("items", list)]);
    let start = Start::new(run.clone(), inputs, Value::object([("kind", Value::text("manual"))]));
    driver.start(large(), start).expect("a fresh name");
    let is_over = || driver.summary(&run).expect("it is there").state != State::Running;
    let mut figures = Figures::default();
    let mut busy = Duration::ZERO;
    tokio.block_on(async {
        // What comes first is slower, on both sides.
        driver.tell(&run, Input::Hold(Hold::Paused)).expect("it has begun");
        window(&driver, &plans, "first").await;
        for round in 0.. {
            while driver.standing().expect("it runs").calls > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            figures.alone.extend(window(&driver, &plans, &format!("alone-{round}")).await);
            driver.tell(&run, Input::Release(Hold::Paused)).expect("it goes on");
            let begun = Instant::now();
            let beside = window(&driver, &plans, &format!("beside-{round}")).await;
            // A window in which it came to its end counts for neither side.
            if is_over() || driver.tell(&run, Input::Hold(Hold::Paused)).is_err() {
                break;
            }
            busy += begun.elapsed();
            figures.beside.extend(beside);
            if busy.as_secs() >= number("KEYWAY_SECONDS", 5) {
                break;
            }
        }
    });
    figures.shared = std::mem::take(&mut *journal.shared.lock().expect("nobody panics with it"));
    let state = driver.summary(&run).expect("it is there").state;
    assert!(matches!(state, State::Running | State::Succeeded), "{state:?}");
    let log = driver.history(&run).expect("its log");
    let ended = |event: &&Event| matches!(event, Event::StepSucceeded { .. });
    let done = log.iter().flat_map(|row| &row.events).filter(ended);
    figures.items = done.count() as f64 / busy.as_secs_f64().max(0.001);
    figures
}

/// The smallest figure that so many of a hundred do not exceed.
fn quantile(figures: &[f64], percent: usize) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

impl Figures {
    /// How many times as long the small ones wait at worst.
    fn worse(&self) -> f64 {
        quantile(&self.beside, 99) / quantile(&self.alone, 99)
    }

    fn row(&self, name: &str) -> String {
        let of = |figures: &[f64]| format!("{:.1} | {:.1}", quantile(figures, 50), quantile(figures, 99));
        let (runs, items) = (self.alone.len() + self.beside.len(), self.items);
        let (alone, beside) = (of(&self.alone), of(&self.beside));
        let shared = format!("{:.0} | {:.0}", quantile(&self.shared, 50), quantile(&self.shared, 99));
        format!("| {name} | {alone} | {beside} | {:.1} | {shared} | {items:.0} | {runs} |\n", self.worse())
    }
}

#[test]
fn what_the_small_ones_wait_at_most_doubles() {
    let report =
        Report::begin("Many items beside small workflows", "cargo test --release -p tests --test fairness");
    let items = number("KEYWAY_ITEMS", 60_000);
    let fresh = || tempfile::tempdir_in(tests::root().join("target")).expect("a folder on the disk");
    let mut body = format!(
        "A `for_each` over {items} items, {PARALLEL} at a time, beside {SMALL} workflows of ten steps, each started \
         every {} ms. Milliseconds; alone and beside in turns of {} s.\n\n\
         | | alone, half | 99 % | beside, half | 99 % | times | of the large one in a commit, half | 99 % | items/s | runs |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        EVERY.as_millis(),
        WINDOW.as_secs()
    );
    let mut judged = vec![];
    for when in [When::Now, When::Later] {
        for (name, shares) in [("in turns", Shares::default()), ("control: as they come", UNFAIR)] {
            let folder = fresh();
            let figures = measured(folder.path(), shares, when, items);
            assert!(figures.beside.len() > 100, "{name}: only {} runs beside it", figures.beside.len());
            body += &figures
                .row(&format!("{name}, answers {}", if when == When::Now { "at once" } else { "later" }));
            judged.push((when, shares.turns, figures));
        }
    }
    body += &format!("\nLoad of the machine at the end: {}.\n", tests::machine::load());
    report.tell(&body);
    let timed = std::env::var_os("KEYWAY_REPORT").is_some();
    for (when, turns, figures) in judged {
        let (half, most) = (quantile(&figures.shared, 50), quantile(&figures.shared, 95));
        let times = figures.worse();
        match turns {
            Turns::Fair => {
                assert!(most <= SHARE, "{when:?}: {most} of it in the commits of the small ones");
                assert!(!timed || times <= 2.0, "{when:?}: {times:.1} times");
            }
            Turns::Arrival => {
                assert!(half > 4.0 * SHARE, "{when:?}: it would not be seen: {half}");
                assert!(!timed || times > 2.0, "{when:?}: it would not be seen: {times:.1} times");
            }
        }
    }
}
