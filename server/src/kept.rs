//! The workflows that are kept in a data directory, read alongside whoever owns it: versions, schedules, and why
//! a run did or did not start.

mod callers;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dsl::value::Value;
use dsl::workflow::{Trigger, Workflow};
use engine::plan::Plan;
use engine::run::RunId;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use runtime::driver::Error as DriverError;
use runtime::schedule::books::{Became, nanoseconds, timestamp};
use runtime::schedule::{Schedule, texts};
use runtime::timekeeper::{Deployed, Recipe};
use serde::{Deserialize, Serialize};
use store::Reader;
use store::arrivals::{Hook, Poll};
use store::books::{InForce, Schedule as Row, Tick};
pub use store::books::{Workflow as Standing, WorkflowVersion as Version};
use store::subscriptions::Subscription;

use crate::error::Error;
use crate::home::Home;
use crate::order::{Note, Order};
use crate::protocol::Watched;
pub use callers::{Arrived, Caller};
use vault::LOCAL;

/// How long a read waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which program reads a text.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// A time of day as people say it is this long.
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// The workflows of a data directory. Every one is the local owner's.
pub struct Kept {
    reader: Option<Reader>,
}

/// A schedule as it stands.
#[derive(Clone, Debug)]
pub struct Timing {
    /// The workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub text: String,
    /// Whether the workflow is enabled.
    pub enabled: bool,
    /// The next instant that is not decided.
    pub next: Option<Timestamp>,
    /// How far the clock stands before what is accounted for: it was set back.
    pub behind: SignedDuration,
    /// What became of the last instant.
    pub last: Option<Told>,
    /// How many wait for the runs before them.
    pub queued: usize,
}

/// What became of an instant, or of several in a row.
#[derive(Clone, Debug)]
pub struct Told {
    /// The first instant.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// How many; 0 where they were not counted.
    pub count: i64,
    /// What became of them.
    pub became: Became,
    /// The run that was started.
    pub run: Option<String>,
    /// More about why there is none.
    pub why: String,
    /// When it was decided.
    pub decided: Timestamp,
    /// The version that was in force.
    pub version: i64,
}

/// Why a trigger started a run at a time, or did not.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is in the books.
    Decided(Told),
    /// The trigger has no time then; these are the ones around it.
    NoTime {
        /// The last before.
        before: Option<Timestamp>,
        /// The first after.
        after: Option<Timestamp>,
    },
    /// It is still to come.
    ToCome(Timestamp),
    /// It is due, and nobody has decided it.
    Undecided(Timestamp),
    /// The trigger came into force only later.
    Before(Timestamp),
    /// The books do not go back so far.
    Forgotten(Timestamp),
}

impl Kept {
    /// Opens what is there; a directory without a database keeps none.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn open(home: &Home) -> Result<Kept, Error> {
        Kept::at(&home.database())
    }

    pub(crate) fn at(database: &Path) -> Result<Kept, Error> {
        match Reader::open(database, PATIENCE) {
            Ok(reader) => Ok(Kept { reader: Some(reader) }),
            Err(store::Error::Missing { .. }) => Ok(Kept { reader: None }),
            Err(error) => Err(DriverError::from(error).into()),
        }
    }

    /// The workflows, by their names.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn workflows(&self) -> Result<Vec<Standing>, Error> {
        self.read(|reader| reader.workflows(LOCAL))
    }

    /// One workflow.
    ///
    /// # Errors
    /// Where there is none of this name.
    pub fn workflow(&self, name: &str) -> Result<Standing, Error> {
        let found = self.find(name)?;
        found.ok_or_else(|| Error::NoWorkflow { name: name.into() })
    }

    pub(crate) fn find(&self, name: &str) -> Result<Option<Standing>, Error> {
        self.read(|reader| reader.workflow(LOCAL, name))
    }

    /// The versions of a workflow, the latest first.
    ///
    /// # Errors
    /// Where there is no such workflow.
    pub fn versions(&self, name: &str) -> Result<Vec<Version>, Error> {
        self.workflow(name)?;
        self.read(|reader| reader.workflow_versions(LOCAL, name))
    }

    /// A version of a workflow.
    ///
    /// # Errors
    /// Where there is none of this number.
    pub fn version(&self, name: &str, number: i64) -> Result<Version, Error> {
        let found = self.read(|reader| reader.workflow_version(LOCAL, name, number))?;
        found.ok_or_else(|| Error::NoVersion { name: name.into(), number })
    }

    /// The version in force.
    ///
    /// # Errors
    /// Where there is no such workflow.
    pub fn in_force(&self, name: &str) -> Result<Version, Error> {
        let standing = self.workflow(name)?;
        self.version(name, standing.version)
    }

    /// A wish to run the version in force.
    ///
    /// # Errors
    /// Where there is no such workflow.
    pub fn order(&self, run: RunId, name: &str, inputs: Value, allow_private: bool) -> Result<Order, Error> {
        let version = self.in_force(name)?;
        let note = note(&version).ok_or_else(|| Error::NoNote { run: run.clone() })?;
        let (text, version) = (version.text, Some(version.number));
        let Note { file, files, owner, .. } = note;
        Ok(Order { run, file, text, inputs, files, version, owner, allow_private })
    }

    pub(crate) fn rows(&self, workflow: &str) -> Result<Vec<Row>, Error> {
        self.read(|reader| reader.schedules_of(LOCAL, workflow))
    }

    /// The addresses of a workflow.
    pub(crate) fn hooks(&self, workflow: &str) -> Result<Vec<Hook>, Error> {
        let hooks = self.read(|reader| reader.hooks(LOCAL))?;
        Ok(hooks.into_iter().filter(|hook| hook.workflow == workflow).collect())
    }

    /// The services that are told an address, or told that nobody listens any more.
    pub(crate) fn subscriptions(&self) -> Result<Vec<Subscription>, Error> {
        self.read(|reader| reader.subscriptions(LOCAL))
    }

    /// How far services were asked for a workflow.
    pub(crate) fn polls(&self, workflow: &str) -> Result<Vec<Poll>, Error> {
        let polls = self.read(|reader| reader.polls(LOCAL))?;
        Ok(polls.into_iter().filter(|poll| poll.workflow == workflow).collect())
    }

    pub(crate) fn queued(&self, workflow: &str) -> Result<Vec<Tick>, Error> {
        let ticks = self.read(|reader| reader.queued_ticks(LOCAL))?;
        Ok(ticks.into_iter().filter(|tick| tick.workflow == workflow).collect())
    }

    fn read<T: Default>(&self, read: impl FnOnce(&Reader) -> Result<T, store::Error>) -> Result<T, Error> {
        match &self.reader {
            None => Ok(T::default()),
            Some(reader) => read(reader).map_err(|error| DriverError::from(error).into()),
        }
    }

    /// All schedules of the versions in force, as they stand now.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn timings(&self, now: Timestamp) -> Result<Vec<Timing>, Error> {
        let mut timings = vec![];
        for standing in self.workflows()? {
            let queued = self.queued(&standing.name)?;
            for (schedule, row) in self.schedules(&standing)? {
                let accounted = timestamp(row.accounted);
                let (workflow, text) = (standing.name.clone(), row.text.clone());
                let last = self.read(|reader| reader.latest_ticks([LOCAL, &workflow, &text], 1))?;
                timings.push(Timing {
                    enabled: standing.enabled,
                    next: schedule.timetable.next(accounted.max(now)),
                    behind: accounted.duration_since(now).max(SignedDuration::ZERO),
                    last: last.first().and_then(told),
                    queued: queued.iter().filter(|tick| tick.text == text).count(),
                    workflow,
                    text,
                });
            }
        }
        Ok(timings)
    }

    /// Why each schedule of a workflow started a run at a time, or did not. A time stands for its minute.
    ///
    /// # Errors
    /// Where there is no such workflow.
    pub fn why(&self, name: &str, at: Timestamp, now: Timestamp) -> Result<Vec<(String, Answer)>, Error> {
        let standing = self.workflow(name)?;
        let mut answers = vec![];
        for (schedule, row) in self.schedules(&standing)? {
            let moment = runtime::schedule::enabled(at);
            let within = at.saturating_add(MINUTE).unwrap_or(Timestamp::MAX);
            let instant = schedule.timetable.next(moment).filter(|instant| *instant < within);
            let answer = match instant {
                None if at < timestamp(row.since) && self.before(&schedule, &row, at)?.is_none() => {
                    Answer::Before(timestamp(row.since))
                }
                None => Answer::NoTime {
                    before: self.before(&schedule, &row, at)?,
                    after: schedule.timetable.next(at),
                },
                Some(instant) => self.about(&schedule, &row, instant, now)?,
            };
            answers.push((row.text, answer));
        }
        Ok(answers)
    }

    /// What became of the latest instant of each schedule of a workflow.
    ///
    /// # Errors
    /// Where there is no such workflow.
    pub fn latest(&self, name: &str, now: Timestamp) -> Result<Vec<(String, Answer)>, Error> {
        let standing = self.workflow(name)?;
        let mut answers = vec![];
        for (schedule, row) in self.schedules(&standing)? {
            let due =
                schedule.timetable.next(timestamp(row.accounted)).filter(|next| schedule.due(*next) <= now);
            let last = self.read(|reader| reader.latest_ticks([LOCAL, name, &row.text], 1))?;
            let answer = match (due, last.first().and_then(told)) {
                (Some(due), _) if row.in_force => Answer::Undecided(due),
                (_, Some(told)) => Answer::Decided(told),
                (_, None) => Answer::NoTime {
                    before: None,
                    after: schedule.timetable.next(timestamp(row.accounted).max(now)),
                },
            };
            answers.push((row.text, answer));
        }
        Ok(answers)
    }

    fn about(
        &self,
        schedule: &Schedule,
        row: &Row,
        instant: Timestamp,
        now: Timestamp,
    ) -> Result<Answer, Error> {
        if instant > timestamp(row.accounted) {
            let due = schedule.due(instant);
            return Ok(if due > now { Answer::ToCome(due) } else { Answer::Undecided(instant) });
        }
        let of = [LOCAL, &schedule.workflow, &row.text];
        let tick = self.read(|reader| reader.tick_at(of, nanoseconds(instant)))?;
        let tick = tick.as_ref().and_then(told).filter(|told| told.last >= instant);
        Ok(match tick {
            Some(told) => Answer::Decided(told),
            None if instant < timestamp(row.since) => Answer::Before(timestamp(row.since)),
            None => Answer::Forgotten(instant),
        })
    }

    fn before(&self, schedule: &Schedule, row: &Row, at: Timestamp) -> Result<Option<Timestamp>, Error> {
        let of = [LOCAL, &schedule.workflow, &row.text];
        let tick = self.read(|reader| reader.tick_at(of, nanoseconds(at)))?;
        Ok(tick.map(|tick| timestamp(tick.last.min(nanoseconds(at)))).filter(|last| *last < at))
    }

    /// The schedules of the version in force with their rows.
    fn schedules(&self, standing: &Standing) -> Result<Vec<(Schedule, Row)>, Error> {
        let version = self.version(&standing.name, standing.version)?;
        let Some(workflow) = read_text(&version) else { return Ok(vec![]) };
        let rows = self.rows(&standing.name)?;
        let zone = zone();
        let starts = workflow.triggers.iter().map(|trigger| &trigger.start);
        let mut found = vec![];
        for (start, text) in starts.clone().zip(texts(starts)) {
            let Some(row) = rows.iter().find(|row| row.text == text) else { continue };
            let since = timestamp(row.since);
            if let Ok(Some(schedule)) = Schedule::new(&standing.name, (start, text), &zone, since) {
                found.push((schedule, row.clone()));
            }
        }
        Ok(found)
    }
}

/// The workflow that a version is; nothing where this program takes it no more.
pub(crate) fn read_text(version: &Version) -> Option<Workflow> {
    let file = note(version).map(|note| note.file).unwrap_or_default();
    crate::owner::checked(&file, &version.text).ok()
}

/// A version whose triggers are to be kept; nothing where this program takes its text no more.
pub(crate) fn deployed(version: &Version) -> Option<Deployed> {
    let workflow = read_text(version)?;
    let note = note(version)?.to_value();
    let recipe = Recipe::of(Arc::new(Plan::new(&workflow)));
    let (name, triggers) = (workflow.name.as_str().into(), workflow.triggers);
    Some(Deployed { workflow: name, triggers, recipe, version: version.number, note })
}

/// All versions in force, ready to be kept; nothing in place of one whose text this program takes no more. What is known
/// of a text is not read again: its plan is made when its first run begins.
pub(crate) fn deployed_all(kept: Kept) -> Result<Vec<(String, Option<Deployed>)>, Error> {
    let in_force = kept.read(|reader| reader.in_force(LOCAL))?;
    let kept = Arc::new(kept);
    let (mut ready, mut unknown) = (vec![], vec![]);
    for version in in_force {
        match Known::of(version.known.as_deref()) {
            Some(known) => {
                let deployed = known.deployed(&kept, &version);
                ready.push((version.workflow, deployed));
            }
            None => unknown.push(kept.version(&version.workflow, version.number)?),
        }
    }
    let read = read_all(&unknown);
    ready.extend(unknown.into_iter().map(|version| version.workflow).zip(read));
    Ok(ready)
}

/// Reads many texts on all processors: reading one takes longer than fetching it.
fn read_all(versions: &[Version]) -> Vec<Option<Deployed>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = versions.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let read = |share| scope.spawn(move || <[Version]>::iter(share).map(deployed).collect::<Vec<_>>());
        let threads: Vec<_> = versions.chunks(share).map(read).collect();
        // A panic there is one here, as if they had been read in turn.
        threads.into_iter().flat_map(|thread| thread.join().expect("reading a text does not panic")).collect()
    })
}

/// What was read in the text of a version by whoever deployed it. Another program may read something else in it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Known {
    by: String,
    triggers: Vec<Trigger>,
}

impl Known {
    /// What this program has read.
    pub(crate) fn text(workflow: &Workflow) -> Option<String> {
        let known = Known { by: PROGRAM.into(), triggers: workflow.triggers.clone() };
        serde_json::to_string(&known).ok()
    }

    /// What this program has read; nothing where that was another.
    fn of(text: Option<&str>) -> Option<Known> {
        serde_json::from_str(text?).ok().filter(|known: &Known| known.by == PROGRAM)
    }

    fn deployed(self, kept: &Arc<Kept>, version: &InForce) -> Option<Deployed> {
        let note = note_of(&version.note, version.number)?.to_value();
        let (kept, name, number) = (kept.clone(), version.workflow.clone(), version.number);
        let recipe = Recipe::later(move || {
            let version = kept.version(&name, number).map_err(|error| crate::chain(&error))?;
            let workflow = read_text(&version).ok_or("this version of the program takes its text no more")?;
            Ok(Arc::new(Plan::new(&workflow)))
        });
        let workflow = version.workflow.as_str().into();
        Some(Deployed { workflow, triggers: self.triggers, recipe, version: version.number, note })
    }
}

/// Where the files of a version are.
pub fn note(version: &Version) -> Option<Note> {
    note_of(&version.note, version.number)
}

fn note_of(text: &str, number: i64) -> Option<Note> {
    let note = Note::of(&dsl::json::parse(text).ok()?)?;
    Some(Note { version: Some(number), ..note })
}

/// As it stands in the books.
pub(crate) fn note_text(note: &Note) -> String {
    note.to_value().to_json().to_string()
}

/// The owner's zone: that of times without one.
pub(crate) fn zone() -> TimeZone {
    dsl::cron::zone(&crate::zone::own()).unwrap_or(TimeZone::UTC)
}

/// An entry of the books as it is told; nothing where a later version of the program wrote another word.
pub fn told(tick: &Tick) -> Option<Told> {
    Some(Told {
        first: timestamp(tick.instant),
        last: timestamp(tick.last),
        count: tick.count,
        became: Became::of(&tick.outcome)?,
        run: tick.run.clone(),
        why: tick.why.clone(),
        decided: timestamp(tick.decided),
        version: tick.version,
    })
}

impl Told {
    /// What became of it, in a sentence without the time.
    pub fn sentence(&self) -> String {
        let mut sentence = self.became.told().to_owned();
        if let Some(run) = &self.run {
            sentence += &format!(": {run}");
        }
        if !self.why.is_empty() {
            sentence += &format!(": {}", self.why);
        }
        sentence
    }

    /// As JSON.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "first": self.first.to_string(),
            "last": self.last.to_string(),
            "count": (self.count > 0).then_some(self.count),
            "outcome": self.became.name(),
            "reason": self.sentence(),
            "run": self.run,
            "version": self.version,
            "decided": self.decided.to_string(),
        })
    }
}

/// Schedules as JSON, with what the service found late where there is one.
pub fn to_json(timings: &[Timing], watched: Option<&Watched>) -> serde_json::Value {
    let schedules: Vec<_> = timings.iter().map(Timing::to_json).collect();
    let service = watched.map(|watched| {
        serde_json::json!({
            "looked": watched.looked,
            "late": watched.late,
            "found_late": watched.found,
            "trouble": watched.trouble,
            "polls": watched.polls,
        })
    });
    serde_json::json!({ "schedules": schedules, "service": service })
}

impl Timing {
    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "workflow": self.workflow,
            "schedule": self.text,
            "enabled": self.enabled,
            "next": self.next.filter(|_| self.enabled).map(|next| next.to_string()),
            "queued": self.queued,
            "last": self.last.as_ref().map(Told::to_json),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_program_has_read_in_a_text_is_read_again() {
        let text = "name: w\ntriggers:\n  - cron: 0 9 * * *\nsteps:\n  a: { set: { x: 1 } }\noutput: { x: \"{{ steps.a.x }}\" }\n";
        let workflow = crate::owner::checked(Path::new("/w.yaml"), text).unwrap();
        let own = Known::text(&workflow).unwrap();
        assert_eq!(Known::of(Some(&own)).unwrap().triggers, workflow.triggers);
        let others = own.replace(PROGRAM, "0.0.0-another");
        for unknown in [None, Some(&*others), Some("{"), Some("{\"by\":1}")] {
            assert!(Known::of(unknown).is_none(), "{unknown:?}");
        }
    }
}
