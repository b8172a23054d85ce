//! What the audit tells, and how it ends, read alongside the writer.

use rusqlite::params;

use super::{Audit, Head};
use crate::change::head;
use crate::{Error, Reader};

impl Reader {
    /// The rows of the audit after a number, in order, of all owners.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn audit(&self, after: i64, most: usize) -> Result<Vec<Audit>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT seq, time, owner, actor, action, subject, detail, link FROM audit
                     WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                )?
                .query_map(params![after, most as i64], row)?
                .collect()
        })
    }

    /// So many rows about the things of an owner, of all or of one actor, behind one, in order, that were written then or later.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn audit_of(
        &self,
        (owner, actor): (&str, Option<&str>),
        after: i64,
        since: i64,
        most: usize,
    ) -> Result<Vec<Audit>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT seq, time, owner, actor, action, subject, detail, link FROM audit
                     WHERE owner = ?1 AND seq > ?2 AND time >= ?3 AND (?5 IS NULL OR actor = ?5) ORDER BY seq LIMIT ?4",
                )?
                .query_map(params![owner, after, since, most as i64, actor], row)?
                .collect()
        })
    }

    /// How the audit ends, as it is written down beside it.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn audit_head(&self) -> Result<Head, Error> {
        self.with(head)
    }
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Audit> {
    Ok(Audit {
        seq: row.get(0)?,
        time: row.get(1)?,
        owner: row.get(2)?,
        actor: row.get(3)?,
        action: row.get(4)?,
        subject: row.get(5)?,
        detail: row.get(6)?,
        link: row.get(7)?,
    })
}
