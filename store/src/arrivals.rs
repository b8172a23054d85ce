//! What comes from outside: the addresses that others call, what has come over them, and how far services were asked. A
//! thing that has come is written with the run that it starts, in one transaction.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::{Error, Reader};

/// How many that need not be remembered any more go whenever one more comes.
const SWEPT: i64 = 4;

/// The address of a trigger, by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Who owns it.
    pub owner: String,
    /// The workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub text: String,
    /// The SHA-256 of the last part of the address.
    pub hash: [u8; 32],
    /// Whether it is in force: its workflow is enabled, and the version has it.
    pub in_force: bool,
    /// When the address was made, in nanoseconds since 1970.
    pub made: i64,
}

/// Something that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Who owns it.
    pub owner: String,
    /// The workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub text: String,
    /// The SHA-256 of what makes it unique.
    pub key: [u8; 32],
    /// When it came, in nanoseconds since 1970.
    pub time: i64,
    /// How long it is remembered.
    pub until: i64,
    /// What became of it, in a word.
    pub outcome: String,
    /// The run that was started.
    pub run: Option<String>,
    /// More about why there is none; empty where the word says it.
    pub why: String,
}

/// How far a service was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Who owns it.
    pub owner: String,
    /// The workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub text: String,
    /// The largest cursor so far, in its stored form; nothing before the first answer.
    pub since: Option<String>,
    /// When it answered last, as far as that was written down, in nanoseconds since 1970; 0 before the first answer.
    pub answered: i64,
    /// How many times in a row it failed.
    pub failures: i64,
    /// Why it failed last; empty where it did not.
    pub why: String,
}

/// Adds something that has come; it must not be there yet.
pub(crate) fn add(to: &Transaction<'_>, arrival: &Arrival) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "DELETE FROM arrivals WHERE (owner, workflow, text, \"key\") IN
         (SELECT owner, workflow, text, \"key\" FROM arrivals WHERE until < ?1 ORDER BY until LIMIT ?2)",
    )?
    .execute(params![arrival.time, SWEPT])?;
    to.prepare_cached(
        "INSERT INTO arrivals (owner, workflow, text, \"key\", time, until, outcome, run, why)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        arrival.owner,
        arrival.workflow,
        arrival.text,
        arrival.key,
        arrival.time,
        arrival.until,
        arrival.outcome,
        arrival.run,
        arrival.why
    ])
}

/// Remembers something for longer that has come again.
pub(crate) fn remember(
    to: &Transaction<'_>,
    of: [&str; 3],
    key: &[u8; 32],
    until: i64,
) -> rusqlite::Result<usize> {
    let [owner, workflow, text] = of;
    to.prepare_cached(
        "UPDATE arrivals SET until = max(until, ?5)
         WHERE owner = ?1 AND workflow = ?2 AND text = ?3 AND \"key\" = ?4",
    )?
    .execute(params![owner, workflow, text, key, until])
}

/// Keeps the address of a trigger.
pub(crate) fn keep_hook(to: &Transaction<'_>, hook: &Hook) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "INSERT OR REPLACE INTO hooks (owner, workflow, text, hash, in_force, made)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![hook.owner, hook.workflow, hook.text, hook.hash, hook.in_force, hook.made])
}

/// Keeps how far a service was asked.
pub(crate) fn keep_poll(to: &Transaction<'_>, poll: &Poll) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "INSERT OR REPLACE INTO polls (owner, workflow, text, since, answered, failures, why)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        poll.owner,
        poll.workflow,
        poll.text,
        poll.since,
        poll.answered,
        poll.failures,
        poll.why
    ])
}

/// Forgets how far a service was asked.
pub(crate) fn drop_poll(to: &Transaction<'_>, of: [&str; 3]) -> rusqlite::Result<usize> {
    to.prepare_cached("DELETE FROM polls WHERE owner = ?1 AND workflow = ?2 AND text = ?3")?.execute(of)
}

const HOOK: &str = "SELECT owner, workflow, text, hash, in_force, made FROM hooks";
const ARRIVAL: &str = "SELECT owner, workflow, text, \"key\", time, until, outcome, run, why FROM arrivals";

impl Reader {
    /// The address of a hash, whosever it is.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn hook(&self, hash: &[u8; 32]) -> Result<Option<Hook>, Error> {
        self.with(|connection| {
            connection.prepare_cached(&format!("{HOOK} WHERE hash = ?1"))?.query_row([hash], hook).optional()
        })
    }

    /// The addresses of an owner.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn hooks(&self, owner: &str) -> Result<Vec<Hook>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{HOOK} WHERE owner = ?1 ORDER BY workflow, text"))?
                .query_map([owner], hook)?
                .collect()
        })
    }

    /// What became of something that has come, by what makes it unique.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn arrival(&self, of: [&str; 3], key: &[u8; 32]) -> Result<Option<Arrival>, Error> {
        let [owner, workflow, text] = of;
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "{ARRIVAL} WHERE owner = ?1 AND workflow = ?2 AND text = ?3 AND \"key\" = ?4"
                ))?
                .query_row(params![owner, workflow, text, key], arrival)
                .optional()
        })
    }

    /// What came last over a trigger, the latest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn latest_arrivals(&self, of: [&str; 3], most: u32) -> Result<Vec<Arrival>, Error> {
        let [owner, workflow, text] = of;
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "{ARRIVAL} WHERE owner = ?1 AND workflow = ?2 AND text = ?3 ORDER BY time DESC LIMIT ?4"
                ))?
                .query_map(params![owner, workflow, text, most], arrival)?
                .collect()
        })
    }

    /// How far the services were asked for an owner.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn polls(&self, owner: &str) -> Result<Vec<Poll>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, workflow, text, since, answered, failures, why FROM polls
                     WHERE owner = ?1 ORDER BY workflow, text",
                )?
                .query_map([owner], |row| {
                    Ok(Poll {
                        owner: row.get(0)?,
                        workflow: row.get(1)?,
                        text: row.get(2)?,
                        since: row.get(3)?,
                        answered: row.get(4)?,
                        failures: row.get(5)?,
                        why: row.get(6)?,
                    })
                })?
                .collect()
        })
    }
}

fn hook(row: &Row<'_>) -> rusqlite::Result<Hook> {
    Ok(Hook {
        owner: row.get(0)?,
        workflow: row.get(1)?,
        text: row.get(2)?,
        hash: row.get(3)?,
        in_force: row.get(4)?,
        made: row.get(5)?,
    })
}

fn arrival(row: &Row<'_>) -> rusqlite::Result<Arrival> {
    Ok(Arrival {
        owner: row.get(0)?,
        workflow: row.get(1)?,
        text: row.get(2)?,
        key: row.get(3)?,
        time: row.get(4)?,
        until: row.get(5)?,
        outcome: row.get(6)?,
        run: row.get(7)?,
        why: row.get(8)?,
    })
}
