//! What the suite runs in: a journal of either kind that outlives its driver, an executor that does as it
//! is told, a clock that is moved by hand.

// Each test binary uses its part of it.
#![allow(dead_code)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Hash, Value};
use engine::command::Call;
use engine::event::{Event, Recorded};
use engine::input::Start;
use engine::plan::Plan;
use engine::run::{Run, RunId, Status};
use jiff::Timestamp;
use runtime::clock::Manual;
use runtime::driver::{Driver, Error, Summary};
use runtime::executor::{Calling, Executor, Finding, Found};
use runtime::journal::memory::Memory;
use runtime::journal::sqlite::Sqlite;
use runtime::journal::{Batch, Journal, Mail};
use runtime::local::{Local, Shares, Surroundings};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

/// Nothing in the suite takes this long; what does has stopped for good.
const STUCK: Duration = Duration::from_secs(20);

/// Which driver.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Memory,
    Sqlite,
}

/// What an executor does with a call.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers at once.
    Now(Result<Value, Failure>),
    /// Answers, but not when it is asked first.
    Later(Result<Value, Failure>),
    /// Answers once `World::open_gate` is called.
    AtGate(Result<Value, Failure>),
    /// Never answers.
    Never,
    /// Panics.
    Panic,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    pub run: RunId,
    pub action: String,
    pub attempt: u32,
    pub key: String,
    pub args: Value,
}

type Play = Box<dyn Fn(&Call, usize) -> Act + Send + Sync>;

pub struct Script {
    play: Play,
    pub made: Mutex<Vec<Made>>,
    /// The workflows that can be called.
    pub workflows: Mutex<Vec<Arc<Plan>>>,
    gate: Semaphore,
    /// How many calls are under way that will not end by themselves.
    pub waiting: AtomicUsize,
}

struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Executor for Script {
    fn call<'a>(&'a self, run: &'a RunId, call: &'a Call) -> Calling<'a> {
        let nth = {
            let mut made = self.made.lock().unwrap();
            let nth = made.iter().filter(|made| made.run == *run && *made.action == *call.action).count();
            made.push(Made {
                run: run.clone(),
                action: call.action.to_string(),
                attempt: call.attempt,
                key: call.key.to_string(),
                args: call.args.clone(),
            });
            nth
        };
        let act = (self.play)(call, nth);
        Box::pin(async move {
            let result = match act {
                Act::Now(result) => result,
                Act::Later(result) => {
                    tokio::task::yield_now().await;
                    result
                }
                Act::AtGate(result) => {
                    self.waiting.fetch_add(1, Ordering::SeqCst);
                    let _leaving = Leaving(&self.waiting);
                    let _open = self.gate.acquire().await.unwrap();
                    result
                }
                Act::Never => {
                    self.waiting.fetch_add(1, Ordering::SeqCst);
                    let _leaving = Leaving(&self.waiting);
                    std::future::pending().await
                }
                Act::Panic => panic!("as it was told"),
            };
            result.into()
        })
    }

    fn owner(&self, run: &RunId) -> Arc<str> {
        run.0.split_once('.').map_or("", |(owner, _)| owner).into()
    }

    fn find<'a>(&'a self, _: &'a RunId, workflow: &'a str, inputs: &'a Value) -> Finding<'a> {
        let found = self.workflows.lock().unwrap().iter().find(|plan| plan.name == workflow).cloned();
        Box::pin(async move {
            let plan = found.ok_or_else(|| Failure::new(FailureKind::NotFound, "no such workflow"))?;
            Ok(Found { plan, inputs: inputs.clone(), note: Value::Null })
        })
    }
}

/// A journal that can be told to fail.
pub struct Faulty {
    inner: Arc<dyn Journal>,
    fault: Mutex<Fault>,
    pub commits: AtomicUsize,
    died: Semaphore,
}

/// How commits fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// They do not.
    None,
    /// After so many commits nothing is written any more: the process is as good as dead.
    DieAfter(usize),
    /// The commit after so many is written but reported as failed, and nothing is written any more.
    DieUnsure(usize),
    /// The commit after so many fails once.
    FailOnce(usize),
    /// The commit after so many is written but reported as failed, once.
    UnsureOnce(usize),
    /// The commit after so many fails, and no log can be read any more.
    BlankAfter(usize),
    /// Commits succeed, but whoever is not the thread that moves the runs finds the logs of unfinished ones empty.
    Blind,
}

impl Faulty {
    pub fn new(inner: Arc<dyn Journal>, fault: Fault) -> Arc<Faulty> {
        let (fault, commits, died) = (Mutex::new(fault), AtomicUsize::new(0), Semaphore::new(0));
        Arc::new(Faulty { inner, fault, commits, died })
    }

    /// True if a fault that happens once has happened.
    pub fn failed(&self) -> bool {
        *self.fault.lock().unwrap() == Fault::None
    }

    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    pub async fn dead(&self) {
        let _ = self.died.acquire().await.unwrap();
    }

    fn refuse() -> Result<(), Error> {
        Err(store::Error::Full { path: PathBuf::from("store.db") }.into())
    }
}

impl Journal for Faulty {
    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        let mut fault = self.fault.lock().unwrap();
        let done = self.commits.load(Ordering::SeqCst);
        match *fault {
            Fault::DieAfter(after) | Fault::DieUnsure(after) if done >= after => {
                if matches!(*fault, Fault::DieUnsure(_)) && done == after {
                    self.inner.commit(batch)?;
                    self.commits.fetch_add(1, Ordering::SeqCst);
                }
                self.died.add_permits(1);
                return Faulty::refuse();
            }
            Fault::FailOnce(after) if done == after => {
                *fault = Fault::None;
                return Faulty::refuse();
            }
            Fault::UnsureOnce(after) if done == after => {
                *fault = Fault::None;
                self.inner.commit(batch)?;
                return Faulty::refuse();
            }
            Fault::BlankAfter(after) if done == after => return Faulty::refuse(),
            _ => {}
        }
        self.inner.commit(batch)?;
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn log(&self, run: &RunId, after: u64) -> Result<Vec<Recorded>, Error> {
        if matches!(*self.fault.lock().unwrap(), Fault::BlankAfter(after) if after <= self.commits.load(Ordering::SeqCst))
        {
            let (path, detail) = (PathBuf::from("store.db"), "not a database".into());
            return Err(store::Error::Damaged { path, detail }.into());
        }
        let blind = *self.fault.lock().unwrap() == Fault::Blind;
        if blind && std::thread::current().name() != Some("runs") && self.inner.unfinished()?.contains(run) {
            return Ok(vec![]);
        }
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

/// Where runs are kept between one driver and the next.
enum Place {
    Memory(Arc<Memory>),
    Sqlite(tempfile::TempDir),
}

pub struct World {
    place: Place,
    pub script: Arc<Script>,
    pub clock: Manual,
    pub tokio: Runtime,
}

impl World {
    pub fn new(kind: Kind, play: impl Fn(&Call, usize) -> Act + Send + Sync + 'static) -> World {
        let place = match kind {
            Kind::Memory => Place::Memory(Arc::default()),
            Kind::Sqlite => Place::Sqlite(tempfile::tempdir().unwrap()),
        };
        let script = Arc::new(Script {
            play: Box::new(play),
            made: Mutex::default(),
            workflows: Mutex::default(),
            gate: Semaphore::new(0),
            waiting: AtomicUsize::new(0),
        });
        let clock = Manual::new("2026-03-01T12:00:00Z".parse().unwrap());
        let tokio =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        World { place, script, clock, tokio }
    }

    /// A world in which every call answers with 1.
    pub fn easy(kind: Kind) -> World {
        World::new(kind, |_, _| Act::Now(Ok(Value::Int(1))))
    }

    pub fn journal(&self) -> Arc<dyn Journal> {
        match &self.place {
            Place::Memory(memory) => memory.clone(),
            Place::Sqlite(_) => Arc::new(Sqlite::open(&self.file()).unwrap()),
        }
    }

    /// Where a world on SQLite keeps its runs.
    pub fn file(&self) -> PathBuf {
        match &self.place {
            Place::Memory(_) => PathBuf::new(),
            Place::Sqlite(folder) => folder.path().join("store.db"),
        }
    }

    pub fn driver(&self) -> Local {
        self.driver_over(self.journal())
    }

    pub fn driver_over(&self, journal: Arc<dyn Journal>) -> Local {
        Local::over(journal, self.surroundings())
    }

    pub fn driver_sharing(&self, shares: Shares) -> Local {
        Local::sharing(self.journal(), self.surroundings(), shares)
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            executor: self.script.clone(),
            tokio: self.tokio.handle().clone(),
            clock: Arc::new(self.clock.clone()),
        }
    }

    pub fn open_gate(&self) {
        self.script.gate.add_permits(10_000);
    }

    /// The calls that were made, by action.
    pub fn made(&self) -> Vec<String> {
        self.script.made.lock().unwrap().iter().map(|made| made.action.clone()).collect()
    }

    /// Waits until so many calls are under way that do not end by themselves.
    pub fn await_waiting(&self, count: usize) {
        self.until("calls to wait", || self.script.waiting.load(Ordering::SeqCst) == count);
    }

    pub fn until(&self, what: &str, done: impl Fn() -> bool) {
        let begun = std::time::Instant::now();
        while !done() {
            assert!(begun.elapsed() < STUCK, "waited too long for {what}");
            std::thread::yield_now();
        }
    }

    /// Waits for what must come.
    pub fn within<T>(&self, what: impl Future<Output = T>) -> T {
        self.tokio.block_on(async { tokio::time::timeout(STUCK, what).await.expect("it comes in time") })
    }

    /// Waits until a run has ended, and says how.
    pub fn end(&self, driver: &Local, run: &RunId) -> Status {
        let mut rows = driver.watch(run);
        self.within(async { while rows.recv().await.is_some() {} });
        status(driver, run)
    }
}

pub fn id(name: &str) -> RunId {
    RunId(name.into())
}

pub fn start(run: &RunId) -> Start {
    Start::new(run.clone(), Value::object::<&str>([]), Value::Null)
}

pub fn status(driver: &Local, run: &RunId) -> Status {
    Run::fold(&driver.history(run).unwrap()).unwrap().status
}

pub fn events(driver: &Local, run: &RunId) -> Vec<Event> {
    driver.history(run).unwrap().into_iter().flat_map(|row| row.events).collect()
}

pub fn passing(message: &str) -> Failure {
    Failure { answered: true, ..Failure::passing(FailureKind::Server, message) }
}
