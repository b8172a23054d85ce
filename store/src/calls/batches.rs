//! Calls that a provider answers in a batch, hours later. They are open for so long, also while no process waits for
//! them: what they may cost stays reserved, and a start does not count them as lost.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{CALL, Call, call};
use crate::change::Unfit;
use crate::{Error, Reader};

/// A call in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batched {
    /// The call.
    pub call: Call,
    /// What the provider calls the batch; empty until it is known.
    pub name: String,
}

/// Notes that a call is answered in a batch, and what the provider calls it.
pub(crate) fn note(
    to: &Connection,
    (owner, id): (&str, &str),
    name: &str,
) -> rusqlite::Result<Result<(), Unfit>> {
    to.prepare_cached(
        "INSERT INTO batches (owner, call, name) VALUES (?1, ?2, ?3)
         ON CONFLICT (owner, call) DO UPDATE SET name = excluded.name",
    )?
    .execute(params![owner, id, name])?;
    Ok(Ok(()))
}

impl Reader {
    /// A call in a batch, however it stands.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn batched(&self, owner: &str, id: &str) -> Result<Option<Batched>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{CALL} WHERE owner = ?1 AND id = ?2"))?
                .query_row([owner, id], call)
                .optional()?
                .map(|call| with_name(connection, call))
                .transpose()
                .map(Option::flatten)
        })
    }

    /// The open calls in batches of an owner's runs that have ended: nobody will read their answers.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn left_batches(&self, owner: &str) -> Result<Vec<Batched>, Error> {
        self.with(|connection| {
            let calls: Vec<Call> = connection
                .prepare_cached(&format!(
                    "{CALL} WHERE class = 'open' AND owner = ?1
                     AND EXISTS (SELECT 1 FROM runs WHERE runs.id = calls.run AND ended IS NOT NULL)"
                ))?
                .query_map([owner], call)?
                .collect::<rusqlite::Result<_>>()?;
            let named = calls.into_iter().map(|call| with_name(connection, call));
            Ok(named.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
        })
    }

    /// True if an owner has open calls in batches.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn has_batches(&self, owner: &str) -> Result<bool, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM calls JOIN batches ON batches.owner = calls.owner AND call = id
                     WHERE class = 'open' AND calls.owner = ?1)",
                )?
                .query_row([owner], |row| row.get(0))
        })
    }
}

fn with_name(from: &Connection, call: Call) -> rusqlite::Result<Option<Batched>> {
    let name = from
        .prepare_cached("SELECT name FROM batches WHERE owner = ?1 AND call = ?2")?
        .query_row(params![call.owner, call.id], |row: &Row<'_>| row.get(0))
        .optional()?;
    Ok(name.map(|name| Batched { call, name }))
}
