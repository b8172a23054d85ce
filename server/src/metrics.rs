//! What the service counts and measures: one table of metrics, cells that are counted in, and what is read of them.
//!
//! No label holds an owner, a run, a key or anything that a secret could stand in. A metric keeps a bounded number of series:
//! what comes beyond goes into one that is called `other`.

mod calls;
mod journal;
pub mod process;
pub mod table;
pub mod text;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use engine::run::RunId;
use jiff::Timestamp;
use runtime::schedule::books::nanoseconds;
use store::calls::Outcome;
use store::{Change, Edit};

pub(crate) use calls::Metered;
pub(crate) use journal::Watched;
pub use process::Process;
pub use table::{METRICS, Metric, Name, Type};

/// The most series of a metric, but for the one that takes what comes beyond.
pub const MOST: usize = 500;

/// The value of every label of the series that takes what comes beyond.
pub const OTHER: &str = "other";

/// The upper bounds of the buckets of every histogram, in nanoseconds: from half a millisecond to ten minutes.
pub const BOUNDS: [u64; 16] = [
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
    30_000_000_000,
    120_000_000_000,
    600_000_000_000,
];

/// For how long what a service or a provider said last is taken for how it stands.
const LATELY: Duration = Duration::from_secs(15 * 60);

/// How many calls to models may be under way of which it is remembered whom they ask.
const ASKED: usize = 10_000;

/// One series: a number, or a histogram.
#[derive(Debug)]
pub struct Cell {
    /// The number, or how often something was observed.
    count: AtomicU64,
    /// The sum of what was observed.
    sum: AtomicU64,
    /// How often something was observed that is no longer than each of the bounds and longer than the one before; empty for a
    /// number.
    buckets: Box<[AtomicU64]>,
}

impl Cell {
    fn new(kind: Type) -> Cell {
        let bounds = if kind == Type::Histogram { BOUNDS.len() } else { 0 };
        let buckets = (0..bounds).map(|_| AtomicU64::new(0)).collect();
        Cell { count: AtomicU64::new(0), sum: AtomicU64::new(0), buckets }
    }

    /// Adds to a number.
    pub fn add(&self, more: u64) {
        self.count.fetch_add(more, Ordering::Relaxed);
    }

    /// Takes one from a number that was added before.
    pub fn less(&self) {
        let less = |count: u64| Some(count.saturating_sub(1));
        let _ = self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Says what a number is.
    pub fn set(&self, number: u64) {
        self.count.store(number, Ordering::Relaxed);
    }

    /// Takes in how long something took.
    pub fn observe(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(took, Ordering::Relaxed);
        if let Some(bucket) = self.buckets.get(BOUNDS.partition_point(|bound| *bound < took)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn read(&self) -> Number {
        let (count, sum) = (self.count.load(Ordering::Relaxed), self.sum.load(Ordering::Relaxed));
        if self.buckets.is_empty() {
            return Number::Single(count);
        }
        let buckets: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        // It is read while others count: a histogram must not hold more in its buckets than in all.
        let inside = buckets.iter().sum();
        Number::Histogram { count: count.max(inside), sum, buckets }
    }
}

/// What a series holds, in the units of its cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// A number.
    Single(u64),
    /// A histogram.
    Histogram {
        /// How often something was observed.
        count: u64,
        /// The sum of it.
        sum: u64,
        /// How much of it lies in each bucket, and not in the one before.
        buckets: Vec<u64>,
    },
}

/// All series of a metric.
struct Family {
    metric: &'static Metric,
    /// By the values of the labels, with a byte between them that stands in none.
    series: RwLock<BTreeMap<String, Arc<Cell>>>,
}

/// Stands between the values of labels.
const BETWEEN: char = '\u{1f}';

impl Family {
    /// The series of these values; that of all else where there are too many.
    fn of(&self, labels: &[&str]) -> Arc<Cell> {
        let key = match labels {
            [] => String::new(),
            [one] => (*one).to_owned(),
            several => several.join("\u{1f}"),
        };
        let read = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = read.get(&key) {
            return cell.clone();
        }
        drop(read);
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let key = match series.len() < MOST || series.contains_key(&key) {
            true => key,
            false => vec![OTHER; labels.len()].join("\u{1f}"),
        };
        series.entry(key).or_insert_with(|| Arc::new(Cell::new(self.metric.kind))).clone()
    }
}

/// What was gathered of a metric.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The metric.
    pub metric: &'static Metric,
    /// Its series: the values of its labels, in their order, and the number.
    pub series: Vec<(Vec<String>, Number)>,
}

/// How somebody stands who is called, as calls told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing was measured lately.
    Unknown,
    /// It answered last.
    Well,
    /// It did not answer last, or took no account of ours.
    Failing,
}

impl Health {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Health::Unknown => "unknown",
            Health::Well => "well",
            Health::Failing => "failing",
        }
    }

    /// How several stand together: failing if one does.
    pub fn of_all(all: impl IntoIterator<Item = Health>) -> Health {
        all.into_iter().fold(Health::Unknown, |sum, one| match (sum, one) {
            (Health::Failing, _) | (_, Health::Failing) => Health::Failing,
            (Health::Well, _) | (_, Health::Well) => Health::Well,
            (Health::Unknown, Health::Unknown) => Health::Unknown,
        })
    }
}

/// When somebody answered last, and when they did not: nanoseconds since the service began, nothing where they never did.
#[derive(Debug, Default)]
struct Last {
    good: AtomicU64,
    bad: AtomicU64,
}

impl Last {
    /// Notes that they answered at a time, or did not.
    fn heard(&self, answered: bool, now: u64) {
        let time = if answered { &self.good } else { &self.bad };
        time.store(now, Ordering::Relaxed);
    }
}

/// Who is called, each with when they answered.
type Known = RwLock<BTreeMap<Box<str>, Arc<Last>>>;

/// What the service counts and measures.
pub struct Metrics {
    began: Instant,
    families: Vec<Family>,
    connectors: Known,
    providers: Known,
    /// Whom the calls to models under way ask: provider and model by the call's id.
    asked: Mutex<BTreeMap<String, (String, String)>>,
    /// Told of each run that has ended.
    ended: OnceLock<Ended>,
}

/// Told of each run that has ended, once that is on the disk.
type Ended = Box<dyn Fn(&RunId) + Send + Sync>;

/// Something that is counted as long as it lives.
pub(crate) struct Counted(Arc<Cell>);

impl Counted {
    /// Counts it.
    pub fn new(cell: Arc<Cell>) -> Counted {
        cell.add(1);
        Counted(cell)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.less();
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        let family = |metric| Family { metric, series: RwLock::default() };
        let metrics = Metrics {
            began: Instant::now(),
            families: METRICS.iter().map(family).collect(),
            connectors: Known::default(),
            providers: Known::default(),
            asked: Mutex::default(),
            ended: OnceLock::new(),
        };
        // What has no labels is there from the beginning: an alert sees no gap.
        for family in metrics.families.iter().filter(|family| family.metric.labels.is_empty()) {
            family.of(&[]);
        }
        metrics.of(Name::Build, &[env!("CARGO_PKG_VERSION")]).set(1);
        metrics.of(Name::ProcessStart, &[]).set(nanoseconds(Timestamp::now()).unsigned_abs());
        metrics
    }
}

impl Metrics {
    /// The series of a metric with these values of its labels.
    pub fn of(&self, name: Name, labels: &[&str]) -> Arc<Cell> {
        let family = &self.families[name as usize];
        debug_assert_eq!(family.metric.labels.len(), labels.len(), "{}", family.metric.name);
        family.of(labels)
    }

    /// Has this called from here on with each run that has ended, once that is on the disk. Whoever is told must not block.
    /// Only the first who asks is told.
    pub fn on_end(&self, told: impl Fn(&RunId) + Send + Sync + 'static) {
        let _ = self.ended.set(Box::new(told));
    }

    /// Everything as it stands.
    pub fn gather(&self) -> Vec<Gathered> {
        let of = |family: &Family| {
            let series = family.series.read().unwrap_or_else(PoisonError::into_inner);
            let labels = |key: &str| match family.metric.labels {
                [] => vec![],
                _ => key.split(BETWEEN).map(str::to_owned).collect(),
            };
            let series = series.iter().map(|(key, cell)| (labels(key), cell.read())).collect();
            Gathered { metric: family.metric, series }
        };
        self.families.iter().map(of).collect()
    }

    /// How the services stand that were called lately.
    pub fn connectors(&self) -> Health {
        self.stand(&self.connectors)
    }

    /// How the providers of models stand that were asked lately.
    pub fn providers(&self) -> Health {
        self.stand(&self.providers)
    }

    fn stand(&self, known: &Known) -> Health {
        let now = self.now();
        let oldest = now.saturating_sub(LATELY.as_nanos() as u64);
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        Health::of_all(known.values().map(|last| {
            let (good, bad) = (last.good.load(Ordering::Relaxed), last.bad.load(Ordering::Relaxed));
            let lately = |time: u64| time > 0 && time >= oldest;
            match (lately(good), lately(bad)) {
                (false, false) => Health::Unknown,
                (_, true) if bad > good => Health::Failing,
                (_, _) => Health::Well,
            }
        }))
    }

    fn now(&self) -> u64 {
        self.at(Instant::now())
    }

    /// A moment in nanoseconds since the service began.
    fn at(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.began);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    /// When somebody answered last.
    fn last(&self, known: &Known, name: &str) -> Arc<Last> {
        let read = known.read().unwrap_or_else(PoisonError::into_inner);
        let last = read.get(name).cloned();
        drop(read);
        last.unwrap_or_else(|| {
            let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MOST {
                return Arc::default();
            }
            known.entry(name.into()).or_default().clone()
        })
    }

    /// Takes in that a request was answered.
    pub(crate) fn answered(&self, (method, route): (&str, &str), status: u16, took: Duration) {
        self.of(Name::HttpRequests, &[method, route, &status.to_string()]).add(1);
        self.of(Name::HttpDuration, &[method, route]).observe(took);
    }

    /// Takes in a change that is on disk: calls to models that were opened or are over.
    pub fn changed(&self, change: &Change) {
        for edit in &change.edits {
            match edit {
                Edit::OpenCall { call, .. } => {
                    let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
                    if asked.len() < ASKED {
                        asked.insert(call.id.clone(), (call.provider.clone(), call.model.clone()));
                    }
                }
                Edit::SettleCall { call, outcome, .. } => {
                    let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(call);
                    // One that was opened by an earlier process.
                    let (provider, model) = asked.unwrap_or_else(|| (OTHER.into(), OTHER.into()));
                    self.settled(&provider, &model, outcome);
                }
                _ => {}
            }
        }
    }

    fn settled(&self, provider: &str, model: &str, outcome: &Outcome) {
        let whole = |number: i64| u64::try_from(number).unwrap_or(0);
        self.of(Name::AiCalls, &[provider, model, &outcome.class]).add(1);
        for (kind, tokens) in KINDS.iter().zip(outcome.tokens) {
            if tokens > 0 {
                self.of(Name::AiTokens, &[provider, model, kind]).add(whole(tokens));
            }
        }
        match outcome.cost {
            Some(cost) => self.of(Name::AiCost, &[provider, model]).add(whole(cost)),
            None => self.of(Name::AiUnpriced, &[provider, model]).add(1),
        }
        if let Some(latency) = outcome.latency {
            self.of(Name::AiDuration, &[provider]).observe(Duration::from_nanos(whole(latency)));
        }
        if provider != OTHER && outcome.class != CUT {
            self.last(&self.providers, provider).heard(!SICK.contains(&&*outcome.class), self.now());
        }
    }
}

/// The kinds of tokens, in the order of the ledger.
const KINDS: [&str; 6] = ["input", "cached", "kept_minutes", "kept_hour", "output", "reasoning"];

/// How a call ends whose provider did not answer, or would not on this account.
const SICK: [&str; 6] = ["bad_key", "broken", "daily_quota", "no_credit", "overloaded", "rate_limited"];

/// How a call ends that tells nothing of its provider: whoever waited for it gave it up, or the connection broke off.
const CUT: &str = "cut";
