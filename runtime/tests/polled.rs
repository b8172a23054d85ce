//! What it costs to have a thousand services asked that tell nothing new: in a process of its own, since the time of the
//! processor is that of all its threads.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dsl::catalog::{Catalog, Event as Known};
use dsl::types::Type;
use dsl::value::Value;
use engine::command::Call;
use engine::plan::Plan;
use engine::run::RunId;
use runtime::clock::Wall;
use runtime::executor::{Calling, Executor};
use runtime::listeners::Listener;
use runtime::local::{Local, Surroundings};
use runtime::poller::{Asking, First, Item, Manner, Poller, Source, Told};
use runtime::timekeeper::{Deployed, Owner, Recipe};

/// How many services are asked.
const SERVICES: usize = 1_000;

/// How often each is asked here, and usually.
const EVERY: Duration = Duration::from_secs(1);
const USUAL: Duration = Duration::from_secs(60);

/// How many questions are looked at.
const LOOKED: usize = 1_000;

struct Nobody;

impl Executor for Nobody {
    fn call<'a>(&'a self, _: &'a RunId, _: &'a Call) -> Calling<'a> {
        Box::pin(std::future::ready(Ok(Value::Null).into()))
    }
}

/// A service that tells the same ten things again and again, and may take long to think of them.
struct Double {
    asked: AtomicUsize,
    thinks: Duration,
}

impl Source for Double {
    fn manner(&self, _: &Listener) -> Option<Manner> {
        Some(Manner { every: EVERY, first: First::Noted })
    }

    fn ask<'a>(&'a self, _: &'a Listener, _: Option<&'a Value>) -> Asking<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let begun = Instant::now();
        while begun.elapsed() < self.thinks {
            std::hint::spin_loop();
        }
        let item = |id: i64| Item {
            key: id.to_string(),
            keep: Duration::from_secs(86_400),
            event: Value::object([("id", Value::Int(id))]),
        };
        let told = Told { items: (0..10).map(item).collect(), since: Some(Value::Int(9)) };
        Box::pin(std::future::ready(Ok(told)))
    }
}

fn listeners() -> Vec<Arc<Listener>> {
    let mut catalog = Catalog::new([]);
    let payload = Type::object([("id", Type::Integer)]);
    let event = Known { id: "mail.new".into(), about: String::new(), input: vec![], payload };
    catalog.events.insert(event.id.clone(), event);
    let text = "name: mail\ntriggers: [{ event: mail.new }]\nsteps: { a: { set: { b: 1 } } }\noutput: \"{{ steps.a.b }}\"\n";
    let workflow = dsl::check(text, &catalog).workflow.expect("a right workflow");
    let plan = Arc::new(Plan::new(&workflow));
    let owner = Owner { id: String::new(), zone: "UTC".into() };
    let of = |number: usize| Deployed {
        workflow: format!("mail-{number}").into(),
        triggers: plan.workflow().triggers.clone(),
        recipe: Recipe::of(plan.clone()),
        version: 1,
        note: Value::Null,
    };
    (0..SERVICES).flat_map(|number| Listener::all(&owner, &of(number))).collect()
}

/// How much of the processor this process has taken, in all its threads.
fn taken() -> Duration {
    let mut all = 0;
    for thread in std::fs::read_dir("/proc/self/task").expect("threads") {
        let path = thread.expect("a thread").path().join("schedstat");
        // A thread may have ended meanwhile.
        let text = std::fs::read_to_string(path).unwrap_or_default();
        all += text.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or(0);
    }
    Duration::from_nanos(all)
}

/// The part of one core that it takes to ask so many services as often as is usual.
async fn cost(thinks: Duration) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let tokio = tokio::runtime::Handle::current();
    let surroundings = Surroundings { executor: Arc::new(Nobody), tokio, clock: Arc::new(Wall) };
    let local = Arc::new(Local::on_sqlite(&path, surroundings).unwrap());
    for listener in listeners() {
        local.listeners().set(&listener.workflow.clone(), vec![listener]);
    }
    let double = Arc::new(Double { asked: AtomicUsize::new(0), thinks });
    let _poller =
        Poller::open(reading(&path), local.clone(), double.clone(), local.listeners().all()).unwrap();
    let reader = store::Reader::open(&path, Duration::from_secs(5)).unwrap();
    // All have been asked once, and what was there is noted.
    let end = Instant::now() + Duration::from_secs(120);
    while reader.polls("").unwrap().len() < SERVICES {
        assert!(Instant::now() < end, "they are not asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (first, before) = (double.asked.load(Ordering::SeqCst), taken());
    while double.asked.load(Ordering::SeqCst) < first + LOOKED {
        assert!(Instant::now() < end, "they are not asked again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (asked, spent) = (double.asked.load(Ordering::SeqCst) - first, taken() - before);
    let each = spent.as_secs_f64() / f64::from(u32::try_from(asked).unwrap());
    let a_second = f64::from(u32::try_from(SERVICES).unwrap()) / USUAL.as_secs_f64();
    println!("{asked} questions in {spent:?}: {:.3} % of a core for {SERVICES}", each * a_second * 100.0);
    each * a_second
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_services_that_tell_nothing_new_take_less_than_a_hundredth_of_a_core() {
    let part = cost(Duration::ZERO).await;
    assert!(part < 0.01, "{part}");
    // The control: what takes five milliseconds of thought for each is found to be too much.
    let part = cost(Duration::from_millis(5)).await;
    assert!(part > 0.01, "{part}");
}

fn reading(path: &Path) -> Arc<store::Reader> {
    Arc::new(store::Reader::open(path, Duration::from_secs(5)).unwrap())
}
