//! What comes from outside starts one run each: over a real file, while processes die in and after commits, and while the
//! same is told again and again.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dsl::catalog::{Catalog, Event as Known, Failure, FailureKind};
use dsl::types::Type;
use dsl::value::{Hash, Value};
use engine::command::{Call, Emitted};
use engine::event::{Event, Recorded};
use engine::input::{Cancel, Start};
use engine::plan::Plan;
use engine::run::RunId;
use jiff::Timestamp;
use runtime::arrival::{Came, Coming, KEEP, Means};
use runtime::clock::Wall;
use runtime::driver::{Driver, Error, State, Summary};
use runtime::executor::{Calling, Executor};
use runtime::journal::sqlite::Sqlite;
use runtime::journal::{Batch, Journal, Mail};
use runtime::listeners::Listener;
use runtime::local::{Local, Surroundings};
use runtime::poller::{Asking, First, Item, Manner, Poller, Source, Told};
use runtime::timekeeper::{Deployed, Owner, Recipe};
use store::Book;
use store::arrivals::Arrival;

/// How long something may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

const MAIL: &str = "name: mail\ntriggers: [{ event: mail.new, filter: event.id != \"none\" }]\n\
    steps: { a: { wait: 1ms } }\n";
const HOOK: &str = "name: hook\ninputs: { n: integer }\n\
    triggers: [{ webhook: { verify: { scheme: none } }, inputs: { n: \"{{ trigger.body.n }}\" } }]\n\
    steps: { a: { set: { b: \"{{ inputs.n }}\" } } }\noutput: \"{{ steps.a.b }}\"\n";
const PAID: &str = "name: paid\ntriggers: [{ signal: paid }]\nsteps: { a: { set: { b: 1 } } }\noutput: \"{{ steps.a.b }}\"\n";
const WATCH: &str =
    "name: watch\ntriggers: [{ event: keyway.run_failed }]\nsteps: { a: { fail: \"as well\" } }\n";
const WATCH_OTHER: &str = "name: watch-other\n\
    triggers: [{ event: keyway.run_failed, with: { workflow: broken } }, { event: keyway.run_succeeded }]\n\
    steps: { a: { fail: \"as well\" } }\n";
const BROKEN: &str = "name: broken\nsteps: { a: { fail: no } }\n";

/// A way to remember wrongly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// What has come is forgotten.
    Forgets,
}

/// A journal that dies at a commit.
struct Mortal {
    inner: Sqlite,
    /// How many commits are left; at the last it dies.
    left: AtomicU64,
    /// Whether the last commit happens and is reported as failed.
    unsure: bool,
    fault: Fault,
}

impl Journal for Mortal {
    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        let refused = || Err(store::Error::Full { path: PathBuf::from("store.db") }.into());
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return refused();
        }
        self.left.store(left - 1, Ordering::SeqCst);
        let stays = |book: &&Book| self.fault == Fault::None || !matches!(book, Book::Arrival(_));
        let whole = Batch {
            plans: batch.plans.clone(),
            begun: batch.begun.clone(),
            rows: batch.rows.clone(),
            values: batch.values.clone(),
            ended: batch.ended.clone(),
            mail: batch.mail.clone(),
            taken: batch.taken.clone(),
            books: batch.books.iter().filter(stays).cloned().collect(),
            ..Batch::default()
        };
        if left == 1 {
            if self.unsure {
                self.inner.commit(&whole)?;
            }
            return refused();
        }
        self.inner.commit(&whole)
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
    fn arrival(&self, of: [&str; 3], key: &[u8; 32]) -> Result<Option<Arrival>, Error> {
        self.inner.arrival(of, key)
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

/// Makes no calls.
struct Nobody;

impl Executor for Nobody {
    fn call<'a>(&'a self, _: &'a RunId, _: &'a Call) -> Calling<'a> {
        Box::pin(std::future::ready(Ok(Value::Null).into()))
    }
}

/// A service that tells of everything from its cursor on, a little overlap included.
#[derive(Default)]
struct Double {
    events: Mutex<Vec<i64>>,
    asked: AtomicUsize,
    broken: Mutex<Option<Duration>>,
    first: Option<First>,
    every: Option<Duration>,
}

impl Source for Double {
    fn manner(&self, listener: &Listener) -> Option<Manner> {
        let first = self.first.unwrap_or(First::Starts);
        let every = self.every.unwrap_or(Duration::from_millis(2));
        listener.text.starts_with("event mail").then_some(Manner { every, first })
    }

    fn ask<'a>(&'a self, _: &'a Listener, since: Option<&'a Value>) -> Asking<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let broken = self.broken.lock().unwrap().is_some();
        let from = match since {
            Some(Value::Int(since)) => since - 3,
            _ => i64::MIN,
        };
        let events = self.events.lock().unwrap();
        let items = events.iter().filter(|id| **id >= from).map(|id| Item {
            key: format!("{id}"),
            keep: KEEP,
            event: Value::object([("id", Value::text(id.to_string()))]),
        });
        let (items, since) = (items.collect(), events.iter().max().map(|id| Value::Int(*id)));
        let told = if broken {
            Err(Failure::new(FailureKind::Server, "it is down"))
        } else {
            Ok(Told { items, since })
        };
        Box::pin(std::future::ready(told))
    }
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::new([]);
    let payload = Type::object([("id", Type::String)]);
    let event = Known { id: "mail.new".into(), about: String::new(), input: vec![], payload };
    catalog.events.insert(event.id.clone(), event);
    catalog
}

fn plan(text: &str) -> Arc<Plan> {
    let checked = dsl::check(text, &catalog());
    let workflow = checked.workflow.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics));
    Arc::new(Plan::new(&workflow))
}

fn listeners(text: &str) -> Vec<Arc<Listener>> {
    let plan = plan(text);
    let owner = Owner { id: String::new(), zone: "UTC".into() };
    let deployed = Deployed {
        workflow: plan.name.as_str().into(),
        triggers: plan.workflow().triggers.clone(),
        recipe: Recipe::of(plan),
        version: 1,
        note: Value::Null,
    };
    Listener::all(&owner, &deployed)
}

/// A process over a file.
fn life(path: &Path, commits: u64, unsure: bool, fault: Fault) -> (Arc<Local>, Arc<Mortal>) {
    let inner = Sqlite::open(path).unwrap();
    let mortal = Arc::new(Mortal { inner, left: AtomicU64::new(commits), unsure, fault });
    let tokio = tokio::runtime::Handle::current();
    let surroundings = Surroundings { executor: Arc::new(Nobody), tokio, clock: Arc::new(Wall) };
    (Arc::new(Local::over(mortal.clone(), surroundings)), mortal)
}

fn whole(path: &Path) -> Arc<Local> {
    life(path, u64::MAX, false, Fault::None).0
}

async fn until(what: &str, mut right: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !right() {
        assert!(Instant::now() < end, "it does not come to this: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// What a part of the cause of each run is, and how many runs have it.
fn causes(path: &Path, part: impl Fn(&Value) -> Option<Value>) -> BTreeMap<String, usize> {
    let journal = Sqlite::open_to_read(path).unwrap();
    let mut found = BTreeMap::new();
    for run in journal.runs().unwrap() {
        let first = journal.first(&run.run).unwrap().unwrap();
        let Some(Event::RunStarted { trigger, .. }) = first.events.first() else { panic!("{first:?}") };
        if let Some(part) = part(trigger) {
            *found.entry(part.to_string()).or_default() += 1;
        }
    }
    found
}

fn ids(path: &Path) -> BTreeMap<String, usize> {
    causes(path, |trigger| trigger.get("event")?.get("id").cloned())
}

/// Lives that die at their first commits, one after the other, while events come; then one that does not.
async fn polled(deaths: u64, fault: Fault) -> BTreeMap<String, usize> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let double = Arc::new(Double::default());
    for death in 0..deaths {
        double
            .events
            .lock()
            .unwrap()
            .extend([i64::try_from(death).unwrap() * 2, i64::try_from(death).unwrap() * 2 + 1]);
        let (local, mortal) = life(&path, 1 + death % 4, death % 2 == 0, fault);
        local.listeners().set("mail", listeners(MAIL));
        local.resume_all().unwrap();
        let poller =
            Poller::open(reading(&path), local.clone(), double.clone(), local.listeners().all()).unwrap();
        let asked = double.asked.load(Ordering::SeqCst);
        until("it dies, or has been asked", || {
            mortal.left.load(Ordering::SeqCst) == 0 || double.asked.load(Ordering::SeqCst) > asked + 8
        })
        .await;
        poller.stop();
        local.stop();
    }
    let local = life(&path, u64::MAX, false, fault).0;
    local.listeners().set("mail", listeners(MAIL));
    local.resume_all().unwrap();
    let _poller =
        Poller::open(reading(&path), local.clone(), double.clone(), local.listeners().all()).unwrap();
    let count = usize::try_from(deaths * 2).unwrap();
    until("all events have come", || ids(&path).len() == count).await;
    let asked = double.asked.load(Ordering::SeqCst);
    until("it is asked again", || double.asked.load(Ordering::SeqCst) > asked + 3).await;
    ids(&path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_that_is_asked_for_starts_one_run_whatever_dies() {
    let found = polled(100, Fault::None).await;
    assert_eq!(found.len(), 200);
    assert!(found.values().all(|runs| *runs == 1), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deaths_find_a_memory_that_forgets() {
    let found = polled(12, Fault::Forgets).await;
    assert!(found.values().any(|runs| *runs > 1), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_at_first_starts_nothing_where_it_is_only_noted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let double = Arc::new(Double { first: Some(First::Noted), ..Double::default() });
    double.events.lock().unwrap().extend([1, 2, 3]);
    // A service that fails at first has told nothing yet.
    *double.broken.lock().unwrap() = Some(Duration::ZERO);
    let local = whole(&path);
    local.listeners().set("mail", listeners(MAIL));
    let _poller =
        Poller::open(reading(&path), local.clone(), double.clone(), local.listeners().all()).unwrap();
    let reader = store::Reader::open(&path, PATIENCE).unwrap();
    until("the failure is written", || {
        reader.polls("").unwrap().first().is_some_and(|poll| poll.failures > 0)
    })
    .await;
    assert_eq!(reader.polls("").unwrap()[0].why, "it is down");
    *double.broken.lock().unwrap() = None;
    until("it has answered", || reader.polls("").unwrap()[0].answered > 0).await;
    double.events.lock().unwrap().push(4);
    until("the new one has come", || !ids(&path).is_empty()).await;
    assert_eq!(ids(&path), BTreeMap::from([("4".into(), 1)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_new_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let double = Arc::new(Double::default());
    double.events.lock().unwrap().push(1);
    let (local, mortal) = life(&path, u64::MAX, false, Fault::None);
    local.listeners().set("mail", listeners(MAIL));
    let _poller =
        Poller::open(reading(&path), local.clone(), double.clone(), local.listeners().all()).unwrap();
    until("the run has ended", || {
        local.list().unwrap().first().is_some_and(|run| run.state == State::Succeeded)
    })
    .await;
    let (left, asked) = (mortal.left.load(Ordering::SeqCst), double.asked.load(Ordering::SeqCst));
    until("it is asked again", || double.asked.load(Ordering::SeqCst) > asked + 50).await;
    assert_eq!(mortal.left.load(Ordering::SeqCst), left, "it was written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tellings_of_one_thing_start_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let local = whole(&path);
    local.listeners().set("hook", listeners(HOOK));
    let listener = local.listeners().find("hook", "webhook").unwrap();
    let coming = |key: &str, n: i64| {
        let body = Value::object([("n", Value::Int(n))]);
        let at = ("at", Value::Time(Timestamp::now()));
        let cause = Value::object([("kind", Value::text("webhook")), at, ("body", body)]);
        Coming { listener: listener.clone(), key: key.into(), keep: KEEP, means: Means::Start(cause) }
    };
    let answers: Vec<_> = (0..10_000).map(|_| local.arrive(vec![coming("same", 7)], None)).collect();
    let (mut started, mut before) = (0, 0);
    for answer in answers {
        match &answer.await.unwrap().unwrap()[..] {
            [Came::Started(_)] => started += 1,
            [Came::Before(Some(_))] => before += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((started, before), (1, 9_999));
    assert_eq!(local.list().unwrap().len(), 1);
    // What differs starts one each: the count can be another.
    let others: Vec<_> = (0..10).map(|n| local.arrive(vec![coming(&n.to_string(), n)], None)).collect();
    for answer in others {
        assert!(matches!(answer.await.unwrap().unwrap()[..], [Came::Started(_)]));
    }
    assert_eq!(local.list().unwrap().len(), 11);
    // What cannot be an input starts none, and is told why.
    let mut wrong = coming("wrong", 0);
    wrong.means = Means::Start(Value::object([("kind", Value::text("webhook")), ("body", Value::text("x"))]));
    let told = local.arrive(vec![wrong], None).await.unwrap().unwrap();
    assert!(matches!(&told[..], [Came::Refused(why)] if why.contains("inputs")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_starts_its_workflows_and_is_kept_only_for_who_listens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let local = whole(&path);
    local.listeners().set("paid", listeners(PAID));
    let emitted = |id: &str| Emitted { id: id.into(), name: "paid".into(), value: Value::text(id), to: None };
    for id in ["s1", "s1", "s2"] {
        local.signal(emitted(id)).unwrap();
    }
    let signals = causes(&path, |trigger| trigger.get("signal").cloned());
    assert_eq!(signals, BTreeMap::from([("s1".into(), 1), ("s2".into(), 1)]));
    // Nobody listens: none is kept for a step of a later day.
    let journal = Sqlite::open_to_read(&path).unwrap();
    assert_eq!(journal.signals().unwrap().len(), 0);
    // Somebody listens: the step has it as well.
    let waits = plan("name: waits\nsteps: { a: { wait: { signal: paid, timeout: 1d } } }\n");
    local.start(waits, Start::new(RunId("w".into()), Value::object::<&str>([]), Value::Null)).unwrap();
    local.signal(emitted("s3")).unwrap();
    until("it has woken", || local.summary(&RunId("w".into())).unwrap().state == State::Succeeded).await;
    assert_eq!(causes(&path, |trigger| trigger.get("signal").cloned()).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_fails_starts_who_waits_for_that_and_nothing_goes_in_circles() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let local = whole(&path);
    local.listeners().set("watch", listeners(WATCH));
    local.listeners().set("watch-other", listeners(WATCH_OTHER));
    let start = |name: &str, text: &str| {
        local
            .start(plan(text), Start::new(RunId(name.into()), Value::object::<&str>([]), Value::Null))
            .unwrap();
    };
    start("b", BROKEN);
    let told = || causes(&path, |trigger| trigger.get("event")?.get("workflow").cloned());
    // Both watchers, which fail themselves; their failures start nobody.
    assert_eq!(told(), BTreeMap::from([("broken".into(), 2)]));
    start("w", WATCH);
    // Its own failure is told to nobody who is itself; the other wants those of `broken` alone.
    assert_eq!(told(), BTreeMap::from([("broken".into(), 2)]));
    start("g", PAID);
    assert_eq!(told(), BTreeMap::from([("broken".into(), 2), ("paid".into(), 1)]));
    // One that was cancelled has not failed.
    let waits = "name: waits\nsteps: { a: { wait: 1h } }\n";
    start("c", waits);
    local.cancel(&RunId("c".into()), Cancel::Finally).unwrap();
    assert_eq!(told().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_and_the_run_that_it_starts_stand_in_one_commit() {
    for (commits, unsure) in [(1, false), (1, true), (2, false), (2, true)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let (local, _) = life(&path, commits, unsure, Fault::None);
        local.listeners().set("watch", listeners(WATCH));
        let start = Start::new(RunId("b".into()), Value::object::<&str>([]), Value::Null);
        let begun = local.start(plan(BROKEN), start);
        local.stop();
        let runs = Sqlite::open_to_read(&path).unwrap().runs().unwrap().len();
        // Both or neither.
        assert_eq!(runs, if commits == 2 || unsure { 2 } else { 0 }, "{commits} {unsure} {begun:?}");
    }
}

fn reading(path: &Path) -> Arc<store::Reader> {
    Arc::new(store::Reader::open(path, Duration::from_secs(5)).unwrap())
}
