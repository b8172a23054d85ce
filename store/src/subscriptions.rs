//! Services that are told an address. A row stays until what it tells of is taken back, also where its workflow has gone.

use rusqlite::{Row, Transaction, params};

use crate::{Error, Reader};

/// A service that is told an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Who owns it.
    pub owner: String,
    /// The workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub text: String,
    /// The event's id.
    pub event: String,
    /// The connection's name; empty for the only one.
    pub connection: String,
    /// The trigger's parameters, in their stored form.
    pub input: String,
    /// False where it is to be taken back.
    pub wanted: bool,
    /// Where the address begins that the service knows; empty where it is to be told another.
    pub base: String,
    /// What is remembered of the service's answer, in its stored form; nothing where it knows no address.
    pub kept: Option<String>,
    /// When to do the next thing, in nanoseconds since 1970; nothing where nothing is to be done.
    pub due: Option<i64>,
    /// How many times in a row that failed.
    pub failures: i64,
    /// Why it failed last.
    pub why: String,
}

/// Keeps how a subscription stands.
pub(crate) fn keep(to: &Transaction<'_>, row: &Subscription) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "INSERT OR REPLACE INTO subscriptions
         (owner, workflow, text, event, connection, input, wanted, base, kept, due, failures, why)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        row.owner,
        row.workflow,
        row.text,
        row.event,
        row.connection,
        row.input,
        row.wanted,
        row.base,
        row.kept,
        row.due,
        row.failures,
        row.why
    ])
}

/// Forgets one that was taken back.
pub(crate) fn remove(to: &Transaction<'_>, of: [&str; 3]) -> rusqlite::Result<usize> {
    to.prepare_cached("DELETE FROM subscriptions WHERE owner = ?1 AND workflow = ?2 AND text = ?3")?
        .execute(of)
}

impl Reader {
    /// The subscriptions of an owner.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn subscriptions(&self, owner: &str) -> Result<Vec<Subscription>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, workflow, text, event, connection, input, wanted, base, kept, due, failures, why
                     FROM subscriptions WHERE owner = ?1 ORDER BY workflow, text",
                )?
                .query_map([owner], row)?
                .collect()
        })
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<Subscription> {
    Ok(Subscription {
        owner: row.get(0)?,
        workflow: row.get(1)?,
        text: row.get(2)?,
        event: row.get(3)?,
        connection: row.get(4)?,
        input: row.get(5)?,
        wanted: row.get(6)?,
        base: row.get(7)?,
        kept: row.get(8)?,
        due: row.get(9)?,
        failures: row.get(10)?,
        why: row.get(11)?,
    })
}
