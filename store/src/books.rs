//! The books about workflows that are kept here: which version is in force, up to which instant each schedule is
//! accounted for, and what became of each instant. They are written with the runs, in one transaction.

use std::path::Path;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::arrivals::{self, Arrival, Hook, Poll};
use crate::subscriptions::{self, Subscription};
use crate::{Error, Reader};

/// A workflow that is kept here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    /// Who owns it.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Whether its triggers start runs.
    pub enabled: bool,
    /// The version in force.
    pub version: i64,
    /// When it was enabled or disabled last, in nanoseconds since 1970.
    pub changed: i64,
}

/// A version of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowVersion {
    /// Who owns it.
    pub owner: String,
    /// The workflow.
    pub workflow: String,
    /// Counts from 1.
    pub number: i64,
    /// The hash of its text.
    pub digest: [u8; 32],
    /// Its text.
    pub text: String,
    /// Where its files are, in its stored form.
    pub note: String,
    /// When it was deployed, in nanoseconds since 1970.
    pub deployed: i64,
    /// Who did it.
    pub author: String,
    /// What whoever deployed it has read in its text, where that was kept.
    pub known: Option<String>,
}

/// A version in force, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The workflow.
    pub workflow: String,
    /// Its number.
    pub number: i64,
    /// Where its files are, in its stored form.
    pub note: String,
    /// What whoever deployed it has read in its text, where that was kept.
    pub known: Option<String>,
}

/// Up to which instant a trigger is accounted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Who owns it.
    pub owner: String,
    /// The workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub text: String,
    /// All instants up to this one are accounted for, in nanoseconds since 1970.
    pub accounted: i64,
    /// Since when it has been in force.
    pub since: i64,
    /// Whether it is in force: its workflow is enabled, and the version has it.
    pub in_force: bool,
    /// The edition of the time zones that it was decided by last.
    pub zones: String,
}

/// What became of an instant, or of several in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Who owns it.
    pub owner: String,
    /// The workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub text: String,
    /// The first instant, in nanoseconds since 1970.
    pub instant: i64,
    /// The last; the same where it is one.
    pub last: i64,
    /// How many there are; 0 where they were not counted.
    pub count: i64,
    /// What became of them, in a word.
    pub outcome: String,
    /// The run that was started.
    pub run: Option<String>,
    /// More about why there is none; empty where the word says it.
    pub why: String,
    /// The version in force.
    pub version: i64,
    /// When it was decided.
    pub decided: i64,
    /// The edition of the time zones that it was decided by.
    pub zones: String,
}

/// The word for an instant whose run begins when those before it have ended.
pub const QUEUED: &str = "queued";

/// Something that is written into the books.
#[derive(Clone, Debug)]
pub enum Book {
    /// How a workflow stands from here on.
    Workflow(Workflow),
    /// A version; its number must be free.
    Version(WorkflowVersion),
    /// How a schedule stands from here on.
    Schedule {
        /// What it was accounted for before; nothing if it is not there yet.
        from: Option<i64>,
        /// How it stands.
        to: Schedule,
    },
    /// What became of an instant; it must not be in the books yet.
    Tick(Tick),
    /// What became of an instant that was queued.
    Unqueued(Tick),
    /// What became of instants before this one leaves the books, but for runs and for what is queued.
    Forget {
        /// Whose.
        owner: String,
        /// In nanoseconds since 1970.
        before: i64,
    },
    /// The address of a trigger.
    Hook(Hook),
    /// Something has come; it must not be in the books yet.
    Arrival(Arrival),
    /// Something that has come is remembered for longer.
    Remember {
        /// Owner, workflow and trigger.
        of: [String; 3],
        /// What makes it unique.
        key: [u8; 32],
        /// In nanoseconds since 1970.
        until: i64,
    },
    /// How far a service was asked.
    Poll(Poll),
    /// How a subscription stands.
    Subscription(Subscription),
    /// A subscription was taken back.
    Unsubscribed {
        /// Owner, workflow and trigger.
        of: [String; 3],
    },
    /// A service is asked no more: whoever asks it again begins anew.
    Unpoll {
        /// Owner, workflow and trigger.
        of: [String; 3],
    },
}

/// Writes into the books. What does not fit what stands there fails the whole transaction.
pub(crate) fn write(to: &Transaction<'_>, books: &[Book], path: &Path) -> Result<(), Error> {
    for book in books {
        let (written, what) = match book {
            Book::Workflow(workflow) => (keep_workflow(to, workflow), &workflow.name),
            Book::Version(version) => (add_version(to, version), &version.workflow),
            Book::Schedule { from, to: schedule } => (move_on(to, *from, schedule), &schedule.workflow),
            Book::Tick(tick) => (add_tick(to, tick), &tick.workflow),
            Book::Unqueued(tick) => (unqueue(to, tick), &tick.workflow),
            Book::Forget { owner, before } => (forget(to, owner, *before).map(|_| 1), owner),
            Book::Hook(hook) => (arrivals::keep_hook(to, hook), &hook.workflow),
            Book::Arrival(arrival) => (arrivals::add(to, arrival), &arrival.workflow),
            Book::Remember { of: [owner, workflow, text], key, until } => {
                (arrivals::remember(to, [owner, workflow, text], key, *until).map(|_| 1), workflow)
            }
            Book::Poll(poll) => (arrivals::keep_poll(to, poll), &poll.workflow),
            Book::Subscription(row) => (subscriptions::keep(to, row), &row.workflow),
            Book::Unsubscribed { of: [owner, workflow, text] } => {
                (subscriptions::remove(to, [owner, workflow, text]).map(|_| 1), workflow)
            }
            Book::Unpoll { of: [owner, workflow, text] } => {
                (arrivals::drop_poll(to, [owner, workflow, text]).map(|_| 1), workflow)
            }
        };
        let conflict = || Error::Books { path: path.to_owned(), workflow: what.clone() };
        match written {
            Ok(1) => {}
            Ok(_) => return Err(conflict()),
            Err(error) if is_taken(&error) => return Err(conflict()),
            Err(error) => return Err(Error::sqlite(path, error)),
        }
    }
    Ok(())
}

fn is_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

fn keep_workflow(to: &Transaction<'_>, workflow: &Workflow) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "INSERT OR REPLACE INTO workflows (owner, name, enabled, version, changed) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![workflow.owner, workflow.name, workflow.enabled, workflow.version, workflow.changed])
}

fn add_version(to: &Transaction<'_>, version: &WorkflowVersion) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "INSERT INTO workflow_versions (owner, workflow, number, digest, text, note, deployed, author, known)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        version.owner,
        version.workflow,
        version.number,
        version.digest,
        version.text,
        version.note,
        version.deployed,
        version.author,
        version.known
    ])
}

fn move_on(to: &Transaction<'_>, from: Option<i64>, schedule: &Schedule) -> rusqlite::Result<usize> {
    let Schedule { owner, workflow, text, accounted, since, in_force, zones } = schedule;
    match from {
        None => to
            .prepare_cached(
                "INSERT INTO schedules (owner, workflow, text, accounted, since, in_force, zones)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![owner, workflow, text, accounted, since, in_force, zones]),
        Some(from) => to
            .prepare_cached(
                "UPDATE schedules SET accounted = ?4, since = ?5, in_force = ?6, zones = ?7
                 WHERE owner = ?1 AND workflow = ?2 AND text = ?3 AND accounted = ?8",
            )?
            .execute(params![owner, workflow, text, accounted, since, in_force, zones, from]),
    }
}

fn add_tick(to: &Transaction<'_>, tick: &Tick) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "INSERT INTO ticks
         (owner, workflow, text, instant, last, count, outcome, run, why, version, decided, zones)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        tick.owner,
        tick.workflow,
        tick.text,
        tick.instant,
        tick.last,
        tick.count,
        tick.outcome,
        tick.run,
        tick.why,
        tick.version,
        tick.decided,
        tick.zones
    ])
}

fn unqueue(to: &Transaction<'_>, tick: &Tick) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "UPDATE ticks SET outcome = ?5, run = ?6, why = ?7, version = ?8, decided = ?9
         WHERE owner = ?1 AND workflow = ?2 AND text = ?3 AND instant = ?4 AND outcome = 'queued'",
    )?
    .execute(params![
        tick.owner,
        tick.workflow,
        tick.text,
        tick.instant,
        tick.outcome,
        tick.run,
        tick.why,
        tick.version,
        tick.decided
    ])
}

fn forget(to: &Transaction<'_>, owner: &str, before: i64) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "DELETE FROM ticks WHERE owner = ?1 AND last < ?2 AND run IS NULL AND outcome <> 'queued'",
    )?
    .execute(params![owner, before])
}

impl Reader {
    /// The workflows of an owner, by their names.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn workflows(&self, owner: &str) -> Result<Vec<Workflow>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, name, enabled, version, changed FROM workflows WHERE owner = ?1 ORDER BY name",
                )?
                .query_map([owner], workflow)?
                .collect()
        })
    }

    /// One workflow.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn workflow(&self, owner: &str, name: &str) -> Result<Option<Workflow>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, name, enabled, version, changed FROM workflows WHERE owner = ?1 AND name = ?2",
                )?
                .query_row([owner, name], workflow)
                .optional()
        })
    }

    /// The versions of a workflow, the latest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn workflow_versions(&self, owner: &str, workflow: &str) -> Result<Vec<WorkflowVersion>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, workflow, number, digest, text, note, deployed, author, known
                     FROM workflow_versions
                     WHERE owner = ?1 AND workflow = ?2 ORDER BY number DESC",
                )?
                .query_map([owner, workflow], version)?
                .collect()
        })
    }

    /// The versions in force of an owner's workflows that are enabled, by their names.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn in_force(&self, owner: &str) -> Result<Vec<InForce>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT v.workflow, v.number, v.note, v.known FROM workflows AS w JOIN workflow_versions AS v
                     ON v.owner = w.owner AND v.workflow = w.name AND v.number = w.version
                     WHERE w.owner = ?1 AND w.enabled ORDER BY w.name",
                )?
                .query_map([owner], |row| {
                    let (workflow, number) = (row.get(0)?, row.get(1)?);
                    Ok(InForce { workflow, number, note: row.get(2)?, known: row.get(3)? })
                })?
                .collect()
        })
    }

    /// One version of a workflow.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn workflow_version(
        &self,
        owner: &str,
        workflow: &str,
        number: i64,
    ) -> Result<Option<WorkflowVersion>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, workflow, number, digest, text, note, deployed, author, known
                     FROM workflow_versions
                     WHERE owner = ?1 AND workflow = ?2 AND number = ?3",
                )?
                .query_row(params![owner, workflow, number], version)
                .optional()
        })
    }

    /// The schedules of an owner, in force or not.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn schedules(&self, owner: &str) -> Result<Vec<Schedule>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, workflow, text, accounted, since, in_force, zones FROM schedules
                     WHERE owner = ?1 ORDER BY workflow, text",
                )?
                .query_map([owner], schedule)?
                .collect()
        })
    }

    /// The schedules of a workflow of an owner, in force or not.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn schedules_of(&self, owner: &str, workflow: &str) -> Result<Vec<Schedule>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, workflow, text, accounted, since, in_force, zones FROM schedules
                     WHERE owner = ?1 AND workflow = ?2 ORDER BY text",
                )?
                .query_map([owner, workflow], schedule)?
                .collect()
        })
    }

    /// What became of the latest instants of a schedule, the latest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn latest_ticks(&self, of: [&str; 3], most: u32) -> Result<Vec<Tick>, Error> {
        let [owner, workflow, text] = of;
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, workflow, text, instant, last, count, outcome, run, why, version, decided, zones
                     FROM ticks WHERE owner = ?1 AND workflow = ?2 AND text = ?3 ORDER BY instant DESC LIMIT ?4",
                )?
                .query_map(params![owner, workflow, text, most], tick)?
                .collect()
        })
    }

    /// What became of the instants of a schedule at a time: the entry that begins last before it or right then.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn tick_at(&self, of: [&str; 3], time: i64) -> Result<Option<Tick>, Error> {
        let [owner, workflow, text] = of;
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, workflow, text, instant, last, count, outcome, run, why, version, decided, zones
                     FROM ticks WHERE owner = ?1 AND workflow = ?2 AND text = ?3 AND instant <= ?4
                     ORDER BY instant DESC LIMIT 1",
                )?
                .query_row(params![owner, workflow, text, time], tick)
                .optional()
        })
    }

    /// The instants of an owner that wait for the runs before them, the earliest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn queued_ticks(&self, owner: &str) -> Result<Vec<Tick>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, workflow, text, instant, last, count, outcome, run, why, version, decided, zones
                     FROM ticks WHERE owner = ?1 AND outcome = 'queued' ORDER BY workflow, text, instant",
                )?
                .query_map([owner], tick)?
                .collect()
        })
    }

    /// The instants of an owner whose runs have not ended, the earliest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn ticks_under_way(&self, owner: &str) -> Result<Vec<Tick>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT t.owner, t.workflow, t.text, t.instant, t.last, t.count, t.outcome, t.run, t.why,
                     t.version, t.decided, t.zones
                     FROM runs AS r JOIN ticks AS t ON t.run = r.id
                     WHERE r.ended IS NULL AND t.owner = ?1 ORDER BY t.workflow, t.text, t.instant",
                )?
                .query_map([owner], tick)?
                .collect()
        })
    }
}

fn workflow(row: &Row<'_>) -> rusqlite::Result<Workflow> {
    Ok(Workflow {
        owner: row.get(0)?,
        name: row.get(1)?,
        enabled: row.get(2)?,
        version: row.get(3)?,
        changed: row.get(4)?,
    })
}

fn version(row: &Row<'_>) -> rusqlite::Result<WorkflowVersion> {
    Ok(WorkflowVersion {
        owner: row.get(0)?,
        workflow: row.get(1)?,
        number: row.get(2)?,
        digest: row.get(3)?,
        text: row.get(4)?,
        note: row.get(5)?,
        deployed: row.get(6)?,
        author: row.get(7)?,
        known: row.get(8)?,
    })
}

fn schedule(row: &Row<'_>) -> rusqlite::Result<Schedule> {
    Ok(Schedule {
        owner: row.get(0)?,
        workflow: row.get(1)?,
        text: row.get(2)?,
        accounted: row.get(3)?,
        since: row.get(4)?,
        in_force: row.get(5)?,
        zones: row.get(6)?,
    })
}

fn tick(row: &Row<'_>) -> rusqlite::Result<Tick> {
    Ok(Tick {
        owner: row.get(0)?,
        workflow: row.get(1)?,
        text: row.get(2)?,
        instant: row.get(3)?,
        last: row.get(4)?,
        count: row.get(5)?,
        outcome: row.get(6)?,
        run: row.get(7)?,
        why: row.get(8)?,
        version: row.get(9)?,
        decided: row.get(10)?,
        zones: row.get(11)?,
    })
}
