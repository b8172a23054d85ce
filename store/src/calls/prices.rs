//! What owners have agreed on with providers. Amounts are those of a token, in the ledger's units; days are texts such as
//! `2026-12-01`, and empty where there is none.

use rusqlite::{Connection, Row, params};

use crate::change::Unfit;
use crate::{Error, Reader};

/// What an owner pays for a model instead of what the files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Whose.
    pub owner: String,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The first day on which it counts; empty from ever on.
    pub since: String,
    /// The day from which on it counts no more; empty until further notice.
    pub until: String,
    /// What is read anew.
    pub input: i64,
    /// What is read from the provider's cache, where that has a price of its own.
    pub cached: Option<i64>,
    /// What is read anew and kept for minutes, likewise.
    pub write_5m: Option<i64>,
    /// What is read anew and kept for an hour, likewise.
    pub write_1h: Option<i64>,
    /// What is written; nothing for models that write nothing.
    pub output: Option<i64>,
}

/// Sets a price, in place of one that began on the same day.
pub(crate) fn set(to: &Connection, price: &Price) -> rusqlite::Result<Result<(), Unfit>> {
    to.prepare_cached(
        "INSERT OR REPLACE INTO prices (owner, provider, model, since, until, input, cached, write_5m, write_1h, output)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        price.owner,
        price.provider,
        price.model,
        price.since,
        price.until,
        price.input,
        price.cached,
        price.write_5m,
        price.write_1h,
        price.output
    ])?;
    Ok(Ok(()))
}

/// Removes the prices of a model, or the one that began on a day.
pub(crate) fn remove(
    to: &Connection,
    (owner, provider, model): (&str, &str, &str),
    since: Option<&str>,
) -> rusqlite::Result<Result<(), Unfit>> {
    let removed = to
        .prepare_cached(
            "DELETE FROM prices WHERE owner = ?1 AND provider = ?2 AND model = ?3 AND (?4 IS NULL OR since = ?4)",
        )?
        .execute(params![owner, provider, model, since])?;
    Ok(if removed > 0 { Ok(()) } else { Err(Unfit::Stale) })
}

impl Reader {
    /// What an owner has agreed on, by provider, model and the day from which on it counts.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn prices(&self, owner: &str) -> Result<Vec<Price>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, provider, model, since, until, input, cached, write_5m, write_1h, output FROM prices
                     WHERE owner = ?1 ORDER BY provider, model, since",
                )?
                .query_map([owner], price)?
                .collect()
        })
    }
}

fn price(row: &Row<'_>) -> rusqlite::Result<Price> {
    Ok(Price {
        owner: row.get(0)?,
        provider: row.get(1)?,
        model: row.get(2)?,
        since: row.get(3)?,
        until: row.get(4)?,
        input: row.get(5)?,
        cached: row.get(6)?,
        write_5m: row.get(7)?,
        write_1h: row.get(8)?,
        output: row.get(9)?,
    })
}
