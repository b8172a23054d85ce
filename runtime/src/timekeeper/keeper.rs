//! Keeps schedules: looks which instants are due, decides, and writes what became of them with the runs that begin.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use dsl::value::Value;
use dsl::workflow::Trigger;
use engine::cause;
use engine::input::Start;
use engine::run::RunId;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use store::Reader;
use store::books::{Schedule as Row, Tick};
use tracing::{error, warn};

use super::kept::{Begin, Entry, Kept, Place};
use super::recipe::Recipe;
use crate::arrival::NoValues;
use crate::clock::Clock;
use crate::driver::{Driver, Error};
use crate::local::Local;
use crate::schedule::books::{Became, nanoseconds, timestamp};
use crate::schedule::{Before, GRACE, Outcome, Schedule, decide, texts};

/// How often it is asked whether the runs have ended that others wait for.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);

/// A version of a workflow whose triggers are in force.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// The workflow.
    pub workflow: Arc<str>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// What its runs follow.
    pub recipe: Recipe,
    /// Its number.
    pub version: i64,
    /// Kept with its runs.
    pub note: Value,
}

/// Whose schedules are kept, and by which zone times without one are read.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The owner.
    pub id: String,
    /// The IANA name of the zone.
    pub zone: Arc<str>,
}

/// The name of a workflow and the text of one of its triggers.
type Key = Arc<(String, String)>;

/// The keeper of an owner's schedules.
pub struct Keeper {
    owner: Owner,
    zone: TimeZone,
    driver: Arc<Local>,
    reader: Arc<Reader>,
    clock: Arc<dyn Clock>,
    kept: BTreeMap<Key, One>,
    /// When each is to be decided again, the earliest first.
    wakes: BTreeSet<(Timestamp, Key)>,
    /// Those that have starts waiting for a run to end.
    queues: BTreeSet<Key>,
    /// Those whose times cannot be read, and why.
    unreadable: BTreeMap<(String, String), String>,
    knows: Knows,
}

/// Whether what is kept here is what stands in the books.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Knows {
    All,
    /// Something could not be written or read: nothing is decided before the books were read again.
    Nothing,
}

/// One schedule that is kept.
struct One {
    schedule: Schedule,
    row: Row,
    trigger: Trigger,
    /// What its runs follow.
    recipe: Recipe,
    /// The version of the workflow.
    version: i64,
    /// Kept with its runs.
    note: Value,
    /// When it is to be decided again.
    wake: Option<Timestamp>,
    /// The runs that it has started and that may not have ended, the oldest first.
    open: Vec<RunId>,
    /// What waits for those.
    queued: VecDeque<Tick>,
}

impl Keeper {
    /// Makes the keeper of the schedules in a file, whose runs this driver moves. It keeps none yet.
    pub fn new(owner: Owner, reader: Arc<Reader>, driver: Arc<Local>, clock: Arc<dyn Clock>) -> Keeper {
        let zone = dsl::cron::zone(&owner.zone).unwrap_or(TimeZone::UTC);
        let (kept, unreadable) = (BTreeMap::new(), BTreeMap::new());
        let (wakes, queues) = (BTreeSet::new(), BTreeSet::new());
        let knows = Knows::All;
        Keeper { owner, zone, driver, reader, clock, kept, wakes, queues, unreadable, knows }
    }

    /// Keeps the schedules of a workflow as they stand in the books; none where it is not in force.
    ///
    /// # Errors
    /// Where the books cannot be read.
    pub fn set(&mut self, workflow: &str, deployed: Option<Deployed>) -> Result<(), Error> {
        let rows = self.reader.schedules(&self.owner.id)?;
        self.kept.retain(|key, _| key.0 != workflow);
        self.unreadable.retain(|(name, _), _| name != workflow);
        self.add_from(rows, deployed)
    }

    /// Keeps the schedules of many workflows, beside those that it keeps.
    ///
    /// # Errors
    /// Where the books cannot be read.
    pub fn add(&mut self, deployed: impl IntoIterator<Item = Deployed>) -> Result<(), Error> {
        let rows = self.reader.schedules(&self.owner.id)?;
        self.add_from(rows, deployed)
    }

    fn add_from(
        &mut self,
        rows: Vec<Row>,
        deployed: impl IntoIterator<Item = Deployed>,
    ) -> Result<(), Error> {
        let mut rows: BTreeMap<_, _> =
            rows.into_iter().map(|row| ((row.workflow.clone(), row.text.clone()), row)).collect();
        for deployed in deployed {
            let Deployed { workflow, triggers, recipe, version, note } = deployed;
            let texts = texts(triggers.iter().map(|trigger| &trigger.start));
            for (trigger, text) in triggers.into_iter().zip(texts) {
                let key = (workflow.to_string(), text.clone());
                let Some(row) = rows.remove(&key).filter(|row| row.in_force) else { continue };
                let start = (&trigger.start, text);
                match Schedule::new(&workflow, start, &self.zone, timestamp(row.since)) {
                    Ok(Some(schedule)) => {
                        let (recipe, note) = (recipe.clone(), note.clone());
                        let (wake, open, queued) = (None, vec![], VecDeque::new());
                        let one = One { schedule, row, trigger, recipe, version, note, wake, open, queued };
                        self.kept.insert(Arc::new(key), one);
                    }
                    Ok(None) => {}
                    Err(error) => {
                        error!(workflow = key.0, schedule = key.1, %error, "the times of a schedule cannot be read");
                        self.unreadable.insert(key, error.to_string());
                    }
                }
            }
        }
        self.reload()
    }

    /// Notes that the schedules of a workflow cannot be kept: that is late until it is mended.
    pub fn cannot_keep(&mut self, workflow: &str, why: &str) {
        self.unreadable.insert((workflow.into(), "all".into()), why.into());
    }

    /// Reads the books again: what is accounted for, what waits, and which runs are under way.
    fn reload(&mut self) -> Result<(), Error> {
        self.knows = Knows::Nothing;
        let rows = self.reader.schedules(&self.owner.id)?;
        let queued = self.reader.queued_ticks(&self.owner.id)?;
        let under_way = self.reader.ticks_under_way(&self.owner.id)?;
        for row in rows {
            let key = (row.workflow.clone(), row.text.clone());
            if let Some(one) = self.kept.get_mut(&key) {
                one.row = row;
                one.wake = one.next();
                one.open.clear();
                one.queued.clear();
            }
        }
        for tick in queued {
            if let Some(one) = self.kept.get_mut(&(tick.workflow.clone(), tick.text.clone())) {
                one.queued.push_back(tick);
            }
        }
        for tick in under_way {
            if let (Some(one), Some(run)) =
                (self.kept.get_mut(&(tick.workflow.clone(), tick.text.clone())), tick.run)
            {
                one.open.push(RunId(run.into()));
            }
        }
        let wakes = self.kept.iter().filter_map(|(key, one)| Some((one.wake?, key.clone())));
        self.wakes = wakes.collect();
        let queues = self.kept.iter().filter(|(_, one)| !one.queued.is_empty());
        self.queues = queues.map(|(key, _)| key.clone()).collect();
        self.knows = Knows::All;
        Ok(())
    }

    /// Decides all that is due, and tells when to look again; nothing where no instant is left.
    ///
    /// # Errors
    /// Where it cannot be recorded or read: then it has not happened, and is to be looked at again soon.
    pub fn look(&mut self) -> Result<Option<Timestamp>, Error> {
        if self.knows == Knows::Nothing {
            self.recover()?;
        }
        loop {
            let now = self.clock.now();
            let mut failed = None;
            match self.ask(now) {
                Ok(asked) if asked.is_empty() => return Ok(self.wake(now)),
                Ok(asked) => {
                    for answer in asked {
                        failed = answer().err().or(failed);
                    }
                }
                // Those that were asked before it are as unknown as after a commit that failed.
                Err(error) => failed = Some(error),
            }
            if let Some(error) = failed {
                self.knows = Knows::Nothing;
                self.recover()?;
                return Err(error);
            }
        }
    }

    /// Hands what each schedule decides to the driver; they share its commits.
    fn ask(&mut self, now: Timestamp) -> Result<Vec<impl FnOnce() -> Result<(), Error> + use<>>, Error> {
        let due = self.wakes.iter().take_while(|(wake, _)| *wake <= now).map(|(_, key)| key.clone());
        let looked: BTreeSet<Key> = due.chain(self.queues.iter().cloned()).collect();
        let mut asked = vec![];
        for key in looked {
            let Some(one) = self.kept.get_mut(&key) else { continue };
            one.drop_ended(&self.reader)?;
            let mut entries = one.unqueue(&self.owner, now);
            if let Some(wake) = one.wake.filter(|wake| *wake <= now) {
                entries.extend(one.decide(&self.owner, now));
                self.wakes.remove(&(wake, key.clone()));
                self.wakes.extend(one.wake.map(|wake| (wake, key.clone())));
            }
            if one.queued.is_empty() {
                self.queues.remove(&key);
            } else {
                self.queues.insert(key);
            }
            if !entries.is_empty() {
                let schedule = one.row.clone();
                if let Some(last) = entries.iter().rfind(|entry| entry.place == Place::Due) {
                    one.row.accounted = last.tick.last;
                }
                asked.push(self.driver.keep(Kept { schedule, entries }));
            }
        }
        Ok(asked)
    }

    /// After a commit that failed nobody knows what stands there: the books are read again, and a run that begins in
    /// them and is not moved is taken up.
    fn recover(&mut self) -> Result<(), Error> {
        self.reload()?;
        for run in self.kept.values().flat_map(|one| &one.open) {
            if let Err(error) = self.driver.resume(run) {
                warn!(%run, %error, "a run of a schedule cannot be taken up");
            }
        }
        Ok(())
    }

    fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        let again = now.saturating_add(AGAIN).unwrap_or(Timestamp::MAX);
        let waits = (!self.queues.is_empty()).then_some(again);
        let first = self.wakes.first().map(|(wake, _)| *wake);
        [first, waits].into_iter().flatten().min()
    }

    /// Whoever moves the runs that it begins.
    pub fn driver(&self) -> &Arc<Local> {
        &self.driver
    }

    /// True if starts wait for a run to end.
    pub fn waits_for_runs(&self) -> bool {
        !self.queues.is_empty()
    }

    /// What should have been done and was not: schedules that are overdue or cannot be read, and runs of which
    /// something is due that nobody works on.
    ///
    /// # Errors
    /// Where the driver has stopped or the store cannot be read.
    pub fn late(&self) -> Result<Vec<String>, Error> {
        let now = self.clock.now();
        let mut late = vec![];
        for (key, one) in &self.kept {
            let (workflow, text) = &**key;
            if let Some(wake) = one.wake.filter(|wake| now.duration_since(*wake) > GRACE) {
                late.push(format!("the schedule `{text}` of `{workflow}` was due at {wake:.0}"));
            }
        }
        let unreadable = self.unreadable.iter();
        late.extend(unreadable.map(|((workflow, text), why)| {
            format!("the schedule `{text}` of `{workflow}` cannot be kept: {why}")
        }));
        let unfinished = self.driver.unfinished()?;
        let standing = self.driver.standing()?;
        late.extend(standing.late.iter().map(|(run, why)| format!("run {run}: {why}")));
        for run in unfinished.iter().filter(|run| !standing.runs.contains(run)) {
            // It may have ended in between.
            if self.driver.summary(run)?.ended.is_none() {
                late.push(format!("run {run} is not finished, and nobody moves it"));
            }
        }
        Ok(late)
    }

    /// How many schedules it keeps.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// True if it keeps none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

impl One {
    /// When the next instant is due that is not accounted for.
    fn next(&self) -> Option<Timestamp> {
        let next = self.schedule.timetable.next(timestamp(self.row.accounted))?;
        Some(self.schedule.due(next))
    }

    fn drop_ended(&mut self, reader: &Reader) -> Result<(), Error> {
        let mut open = vec![];
        for run in &self.open {
            // One that could not be started is not there.
            if reader.run(&run.0)?.is_some_and(|run| run.ended.is_none()) {
                open.push(run.clone());
            }
        }
        self.open = open;
        Ok(())
    }

    /// The first of those that wait, where nothing is under way any more.
    fn unqueue(&mut self, owner: &Owner, now: Timestamp) -> Vec<Entry> {
        if !self.open.is_empty() {
            return vec![];
        }
        let Some(mut tick) = self.queued.pop_front() else { return vec![] };
        tick.version = self.version;
        tick.decided = nanoseconds(now);
        tick.outcome = Became::Started.name().into();
        vec![self.begin(owner, tick, now, None, Place::Queue)]
    }

    /// What becomes of the instants that are due.
    fn decide(&mut self, owner: &Owner, now: Timestamp) -> Vec<Entry> {
        let before =
            if self.open.is_empty() && self.queued.is_empty() { Before::Ended } else { Before::UnderWay };
        let decision = decide(&self.schedule, timestamp(self.row.accounted), now, before);
        self.wake = decision.wake;
        let mut entries = vec![];
        for decided in decision.entries {
            let tick = Tick {
                owner: owner.id.clone(),
                workflow: self.schedule.workflow.clone(),
                text: self.schedule.text.clone(),
                instant: nanoseconds(decided.first),
                last: nanoseconds(decided.last),
                count: i64::try_from(decided.count).unwrap_or(i64::MAX),
                outcome: Became::from(decided.outcome).name().into(),
                run: None,
                why: String::new(),
                version: self.version,
                decided: nanoseconds(now),
                zones: dsl::cron::version().into(),
            };
            entries.push(match decided.outcome {
                Outcome::Start => self.begin(owner, tick, now, None, Place::Due),
                Outcome::Replace => {
                    let oldest = (!self.open.is_empty()).then(|| self.open.remove(0));
                    self.begin(owner, tick, now, oldest, Place::Due)
                }
                Outcome::Queue => {
                    self.queued.push_back(tick.clone());
                    Entry { tick, begin: None, place: Place::Due }
                }
                Outcome::Skipped | Outcome::Missed(_) => Entry { tick, begin: None, place: Place::Due },
            });
        }
        entries
    }

    /// A run begins, unless its inputs cannot be made.
    fn begin(
        &mut self,
        owner: &Owner,
        mut tick: Tick,
        now: Timestamp,
        replaces: Option<RunId>,
        place: Place,
    ) -> Entry {
        let instant = timestamp(tick.instant);
        let plan = match self.recipe.plan() {
            Ok(plan) => plan,
            Err(why) => {
                tick.outcome = Became::Refused.name().into();
                tick.why = why;
                return Entry { tick, begin: None, place };
            }
        };
        let cause = Value::object([
            ("kind", Value::text(kind(&self.trigger.start))),
            ("at", Value::Time(now)),
            ("scheduled_for", Value::Time(instant)),
        ]);
        match cause::inputs(&plan, &self.trigger, &cause, &NoValues, now) {
            Ok(inputs) => {
                let run = self.schedule.run(&owner.id, instant);
                self.open.push(run.clone());
                let zone = Some(owner.zone.clone());
                let note = self.note.clone();
                let start = Start { note, zone, ..Start::new(run, inputs, cause) };
                Entry { tick, begin: Some(Begin { plan, start, replaces }), place }
            }
            Err(failure) => {
                tick.outcome = Became::Refused.name().into();
                tick.why = format!("the inputs that the trigger gives are wrong: {}", failure.message);
                Entry { tick, begin: None, place }
            }
        }
    }
}

fn kind(start: &dsl::workflow::Start) -> &'static str {
    use dsl::workflow::Start;
    match start {
        Start::At { .. } => "at",
        Start::Cron { .. } => "cron",
        Start::Event { .. } => "event",
        Start::Every { .. } => "every",
        Start::Signal { .. } => "signal",
        Start::Webhook { .. } => "webhook",
    }
}
