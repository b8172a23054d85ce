//! What is counted of requests that services limit, by connection: so much that a count outlives the process.

use rusqlite::{Connection as Database, params};

use crate::change::make::{Wanted, run};
use crate::{Error, Reader, Unfit};

/// What is counted of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Whose it is.
    pub owner: String,
    /// The service.
    pub connector: String,
    /// The connection's name; empty where there is none.
    pub name: String,
    /// When it was written, in nanoseconds since 1970.
    pub written: i64,
    /// From when on nothing of it matters, in nanoseconds since 1970.
    pub until: i64,
    /// What is counted: JSON, whose meaning the writer knows.
    pub counts: String,
}

impl Reader {
    /// What is counted of all connections of all owners, by owner, service and name: the process that asks services for all
    /// of them goes on from it. Rows of which nothing matters at a time are left out.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn counted(&self, now: i64) -> Result<Vec<Counted>, Error> {
        self.with(|database| {
            database
                .prepare_cached(
                    "SELECT owner, connector, name, written, until, counts FROM counted
                     WHERE until > ?1 ORDER BY owner, connector, name",
                )?
                .query_map([now], |row| {
                    Ok(Counted {
                        owner: row.get(0)?,
                        connector: row.get(1)?,
                        name: row.get(2)?,
                        written: row.get(3)?,
                        until: row.get(4)?,
                        counts: row.get(5)?,
                    })
                })?
                .collect()
        })
    }
}

/// Sets what is counted of a connection, and removes rows of which nothing matters any more when it was written.
pub(crate) fn set(to: &Database, counted: &Counted) -> rusqlite::Result<Result<(), Unfit>> {
    to.prepare_cached("DELETE FROM counted WHERE until <= ?1")?.execute([counted.written])?;
    run(
        to,
        "INSERT OR REPLACE INTO counted (owner, connector, name, written, until, counts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            counted.owner,
            counted.connector,
            counted.name,
            counted.written,
            counted.until,
            counted.counts
        ],
        Wanted::Row,
    )
}

/// Removes what is counted of a connection: the account that it is made with next has limits of its own, and waits for nothing
/// that was said to another one.
pub(crate) fn remove(to: &Database, (owner, connector, name): (&str, &str, &str)) -> rusqlite::Result<()> {
    to.prepare_cached("DELETE FROM counted WHERE owner = ?1 AND connector = ?2 AND name = ?3")?
        .execute([owner, connector, name])?;
    Ok(())
}
