//! A file that outlives its keepers, a clock that is moved by hand, and what must hold of the books.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dsl::value::{Hash, Value};
use engine::command::Call;
use engine::event::{Event, Recorded};
use engine::input::Start;
use engine::plan::Plan;
use engine::run::RunId;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use runtime::clock::{Clock, Manual};
use runtime::driver::{Driver, Error, Summary};
use runtime::executor::{Calling, Executor};
use runtime::journal::sqlite::Sqlite;
use runtime::journal::{Batch, Journal, Mail};
use runtime::local::{Local, Surroundings};
use runtime::schedule::books::{Change, enforce, timestamp};
use runtime::schedule::{Schedule, texts};
use runtime::timekeeper::{Deployed, Keeper, Owner, Recipe};
use store::books::Tick;
use store::{Book, Desk, Reader};
use tokio::runtime::Runtime;

pub const START: &str = "2026-03-20T00:30:00Z";

/// A way to keep schedules wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The books are written, and the runs in a commit of their own.
    Apart,
    /// What is accounted for is never written.
    Forgets,
}

/// A part of the file that cannot be read for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// How the runs stand.
    Runs,
    /// What became of the times, and how the runs stand.
    Books,
}

impl Away {
    fn take(self) -> &'static str {
        match self {
            Away::Runs => "UPDATE runs SET seal_begun = seal_begun + 1",
            Away::Books => "UPDATE runs SET seal_begun = seal_begun + 1; ALTER TABLE ticks RENAME TO away",
        }
    }

    fn put_back(self) -> &'static str {
        match self {
            Away::Runs => "UPDATE runs SET seal_begun = seal_begun - 1",
            Away::Books => "UPDATE runs SET seal_begun = seal_begun - 1; ALTER TABLE away RENAME TO ticks",
        }
    }
}

const WORKFLOWS: [&str; 4] = [
    "name: quick\ntriggers:\n  - { cron: \"0 * * * *\", timezone: Europe/Berlin }\n  - { every: 50m }\n\
     steps: { a: { set: { b: 1 } } }\noutput: \"{{ steps.a.b }}\"\n",
    "name: long\ntriggers: [{ cron: \"0 * * * *\", overlap: queue }]\nsteps: { a: { wait: 90m } }\n",
    "name: all\ntriggers: [{ cron: \"30 2 * * *\", timezone: Europe/Berlin, catch_up: all, overlap: cancel_oldest }]\n\
     steps: { a: { wait: 2d } }\n",
    "name: never\ntriggers: [{ cron: \"0 9 * * MON-FRI\", catch_up: none, jitter: 10m }]\nsteps: { a: { wait: 1m } }\n",
];

/// A run each hour that takes two and a half, unless one is under way.
const SKIPS: [&str; 1] =
    ["name: skips\ntriggers: [{ cron: \"0 * * * *\", overlap: skip }]\nsteps: { a: { wait: 150m } }\n"];

/// A run each hour that takes a year, and starts that wait for it.
const QUEUES: [&str; 1] = [
    "name: queues\ntriggers: [{ cron: \"0 * * * *\", overlap: queue, catch_up: all }]\nsteps: { a: { wait: 365d } }\n",
];

/// Makes no calls.
struct Nobody;

impl Executor for Nobody {
    fn call<'a>(&'a self, _: &'a RunId, _: &'a Call) -> Calling<'a> {
        Box::pin(std::future::ready(Ok(Value::Null).into()))
    }
}

/// A journal that dies at a commit, or keeps schedules wrongly.
struct Mortal {
    inner: Sqlite,
    /// How many commits are left; at the last it dies.
    left: AtomicU64,
    /// Whether the last commit happens and is reported as failed.
    unsure: bool,
    fault: Fault,
}

impl Mortal {
    fn refuse() -> Result<(), Error> {
        Err(store::Error::Full { path: PathBuf::from("store.db") }.into())
    }
}

impl Journal for Mortal {
    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return Mortal::refuse();
        }
        self.left.store(left - 1, Ordering::SeqCst);
        if self.fault == Fault::Apart && !batch.books.is_empty() {
            self.inner.commit(&Batch { books: batch.books.clone(), ..Batch::default() })?;
        }
        if left == 1 {
            if self.unsure && self.fault == Fault::None {
                self.inner.commit(batch)?;
            }
            return Mortal::refuse();
        }
        let books = match self.fault {
            Fault::None => batch.books.clone(),
            Fault::Apart => vec![],
            Fault::Forgets => {
                let stays = |book: &&Book| !matches!(book, Book::Schedule { .. });
                batch.books.iter().filter(stays).cloned().collect()
            }
        };
        self.inner.commit(&Batch {
            plans: batch.plans.clone(),
            begun: batch.begun.clone(),
            rows: batch.rows.clone(),
            values: batch.values.clone(),
            ended: batch.ended.clone(),
            mail: batch.mail.clone(),
            taken: batch.taken.clone(),
            books,
            ..Batch::default()
        })
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

pub struct World {
    folder: tempfile::TempDir,
    tokio: Runtime,
    pub clock: Manual,
    chance: u64,
    fault: Fault,
    plans: Vec<Arc<Plan>>,
    life: Option<(Keeper, Arc<Local>)>,
}

impl World {
    pub fn new(seed: u64, fault: Fault) -> World {
        World::of(&WORKFLOWS, seed, fault)
    }

    /// A world in which `skips` alone is kept.
    pub fn that_skips() -> World {
        World::of(&SKIPS, 1, Fault::None)
    }

    /// A world in which `queues` alone is kept.
    pub fn that_queues() -> World {
        World::of(&QUEUES, 1, Fault::None)
    }

    fn of(workflows: &[&str], seed: u64, fault: Fault) -> World {
        let checked = |text: &&str| {
            let checked = dsl::check(text, &dsl::catalog::Catalog::new([]));
            Arc::new(Plan::new(&checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))))
        };
        let mut world = World {
            folder: tempfile::tempdir().unwrap(),
            tokio: tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap(),
            clock: Manual::new(START.parse().unwrap()),
            chance: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            fault,
            plans: workflows.iter().map(checked).collect(),
            life: None,
        };
        let desk = Desk::open(&world.file(), Duration::from_secs(5)).unwrap();
        for plan in &world.plans {
            let starts: Vec<_> = plan.workflow().triggers.iter().map(|trigger| &trigger.start).collect();
            let now = world.clock.now();
            let change = Change { owner: "o", workflow: &plan.name, version: 1, zone: &TimeZone::UTC, now };
            let mut batch = store::Batch::default();
            batch.books = enforce(change, &starts, &[], &[]).unwrap();
            desk.append(&batch).unwrap();
        }
        drop(desk);
        world.live(u64::MAX);
        world
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.file(), Duration::from_secs(5)).unwrap()
    }

    /// A process begins that dies at a commit.
    fn live(&mut self, left: u64) {
        self.life = None;
        let desk = Arc::new(Desk::open(&self.file(), Duration::from_secs(5)).unwrap());
        let reader = desk.reader().unwrap();
        let inner = Sqlite::over(desk).unwrap();
        let unsure = self.below(2) == 0;
        let journal = Mortal { inner, left: AtomicU64::new(left), unsure, fault: self.fault };
        let clock = Arc::new(self.clock.clone());
        let tokio = self.tokio.handle().clone();
        let surroundings = Surroundings { executor: Arc::new(Nobody), tokio, clock: clock.clone() };
        let driver = Arc::new(Local::over(Arc::new(journal), surroundings));
        driver.resume_all().unwrap();
        let owner = Owner { id: "o".into(), zone: "UTC".into() };
        let mut keeper = Keeper::new(owner, reader, driver.clone(), clock);
        let deployed = |plan: &Arc<Plan>| Deployed {
            workflow: plan.workflow().name.as_str().into(),
            triggers: plan.workflow().triggers.clone(),
            recipe: Recipe::of(plan.clone()),
            version: 1,
            note: Value::Null,
        };
        keeper.add(self.plans.iter().map(deployed)).unwrap();
        self.life = Some((keeper, driver));
    }

    pub fn take_keeper(&mut self) -> Keeper {
        self.life.take().unwrap().0
    }

    pub fn move_clock(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// The clock jumps by 1 s to 1 year, forward or back, small jumps as often as large ones.
    pub fn jump(&mut self) {
        let most = [5, 60, 3_600, 86_400, 20 * 86_400, 365 * 86_400][self.below(6) as usize];
        let seconds = 1 + self.below(most) as i64;
        let back = self.below(5) < 2;
        self.move_clock(SignedDuration::from_secs(if back { -seconds } else { seconds }));
    }

    /// Decides what is due; in one of five lives the process dies meanwhile and another one begins.
    pub fn look(&mut self) {
        if self.below(5) == 0 {
            let left = 1 + self.below(3);
            self.live(left);
        }
        let (keeper, _) = self.life.as_mut().unwrap();
        if keeper.look().is_err() {
            self.live(u64::MAX);
            let (keeper, _) = self.life.as_mut().unwrap();
            // A keeper that is wrong may not get any further; what it left is looked at.
            let _ = keeper.look();
        }
    }

    /// Decides what is due while this part of the file cannot be read, then puts it back; gives whether it was told.
    pub fn look_past(&mut self, away: Away) -> bool {
        self.doctor(away.take());
        let (keeper, _) = self.life.as_mut().unwrap();
        let told = keeper.look().is_err();
        self.doctor(away.put_back());
        told
    }

    /// Decides what is due, in a process that does not die.
    pub fn look_once(&mut self) -> Result<(), Error> {
        let (keeper, _) = self.life.as_mut().unwrap();
        keeper.look().map(drop)
    }

    /// What is late.
    pub fn late(&self) -> Vec<String> {
        let (keeper, _) = self.life.as_ref().unwrap();
        keeper.late().unwrap()
    }

    /// Tells the keeper that the schedules of a workflow cannot be kept.
    pub fn cannot_keep(&mut self, workflow: &str) {
        let (keeper, _) = self.life.as_mut().unwrap();
        keeper.cannot_keep(workflow, "it is in a language of tomorrow");
    }

    /// Another process starts a run, and dies.
    pub fn abandon(&self, run: &str) {
        let tokio = self.tokio.handle().clone();
        let clock = Arc::new(self.clock.clone());
        let surroundings = Surroundings { executor: Arc::new(Nobody), tokio, clock };
        let driver = Local::on_sqlite(&self.file(), surroundings).unwrap();
        let empty = || Value::object::<&str>([]);
        driver.start(self.plans[0].clone(), Start::new(RunId(run.into()), empty(), empty())).unwrap();
    }

    /// Changes the file behind everybody's back.
    pub fn doctor(&self, sql: &str) {
        rusqlite::Connection::open(self.file()).unwrap().execute_batch(sql).unwrap();
    }

    /// A last process that does not die.
    pub fn settle(&mut self) {
        self.live(u64::MAX);
        let (keeper, _) = self.life.as_mut().unwrap();
        let _ = keeper.look();
    }

    /// What became of the instants of a workflow, the earliest first.
    pub fn ticks(&self, workflow: &str) -> Vec<Tick> {
        let reader = self.reader();
        let rows = reader.schedules("o").unwrap().into_iter().filter(|row| row.workflow == workflow);
        let ticks = rows.flat_map(|row| {
            let mut ticks = reader.latest_ticks(["o", workflow, &row.text], u32::MAX).unwrap();
            ticks.reverse();
            ticks
        });
        ticks.collect()
    }

    /// What must hold and does not.
    pub fn faults(&self) -> Vec<String> {
        let reader = self.reader();
        let mut faults = vec![];
        let mut named: BTreeMap<String, u32> = BTreeMap::new();
        for plan in &self.plans {
            let starts: Vec<_> = plan.workflow().triggers.iter().map(|trigger| &trigger.start).collect();
            for (start, text) in starts.iter().zip(texts(starts.iter().copied())) {
                let since = START.parse().unwrap();
                let schedule = Schedule::new(&plan.name, (start, text.clone()), &TimeZone::UTC, since);
                let schedule = schedule.unwrap().unwrap();
                faults.extend(self.judge(&reader, &schedule, since, &mut named));
            }
        }
        let journal = Sqlite::open_to_read(&self.file()).unwrap();
        for run in journal.runs().unwrap() {
            match named.get(&*run.run.0) {
                Some(1) => {}
                other => faults.push(format!("run {} stands in the books {other:?} times", run.run)),
            }
            let first = journal.first(&run.run).unwrap().unwrap();
            let Some(Event::RunStarted { trigger, .. }) = first.events.first() else {
                panic!("a run starts first")
            };
            if trigger.get("scheduled_for").is_none() {
                faults.push(format!("run {} does not know its time", run.run));
            }
        }
        faults
    }

    fn judge(
        &self,
        reader: &Reader,
        schedule: &Schedule,
        since: Timestamp,
        named: &mut BTreeMap<String, u32>,
    ) -> Vec<String> {
        let mut faults = vec![];
        let text = &schedule.text;
        let row = reader.schedules("o").unwrap();
        let row = row.into_iter().find(|row| row.workflow == schedule.workflow && row.text == *text).unwrap();
        let mut ticks = reader.latest_ticks(["o", &schedule.workflow, text], u32::MAX).unwrap();
        ticks.reverse();
        let mut last = runtime::schedule::enabled(since);
        for tick in &ticks {
            if let Some(run) = &tick.run {
                *named.entry(run.clone()).or_default() += 1;
                if reader.run(run).unwrap().is_none() {
                    faults.push(format!("run {run} of {text} is not there"));
                }
            } else if tick.outcome == "started" {
                faults.push(format!("{text} has a start without a run"));
            }
            for _ in 0..tick.count {
                let next = schedule.timetable.next(last).unwrap();
                if next < timestamp(tick.instant) || next > timestamp(tick.last) {
                    faults.push(format!("{next} of {text} is not accounted for by {tick:?}"));
                    return faults;
                }
                last = next;
            }
            if last != timestamp(tick.last) {
                faults.push(format!("{tick:?} of {text} ends at {last}"));
            }
        }
        if last < timestamp(row.accounted)
            && schedule.timetable.next(last).unwrap() <= timestamp(row.accounted)
        {
            faults.push(format!(
                "{text} is accounted for up to {}, and the books end at {last}",
                row.accounted
            ));
        }
        let due = schedule.timetable.next(last).map(|next| schedule.due(next));
        if due.is_some_and(|due| due <= self.clock.now()) {
            faults.push(format!("{text} has had nothing since {last}, and it is {}", self.clock.now()));
        }
        faults
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
