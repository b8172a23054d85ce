//! Accounts at services, without their secrets. Every question names its owner.

use rusqlite::{Row, params};

use crate::{Error, Reader};

/// An account at a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Whose it is.
    pub owner: String,
    /// The service.
    pub connector: String,
    /// Its name.
    pub name: String,
    /// The way to sign in, by its name in the manifest.
    pub auth: String,
    /// What was given and found out: JSON.
    pub fields: String,
    /// How it stands, in a word.
    pub state: String,
    /// What the account is called; empty where that is not known.
    pub label: String,
    /// When it was made, in nanoseconds since 1970.
    pub created: i64,
    /// When it was used last, as far as that was written down.
    pub used: Option<i64>,
}

const CONNECTION: &str =
    "SELECT owner, connector, name, auth, fields, state, label, created, used FROM connections";

impl Reader {
    /// The connections of an owner, by connector and name.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn connections(&self, owner: &str) -> Result<Vec<Connection>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{CONNECTION} WHERE owner = ?1 ORDER BY connector, name"))?
                .query_map([owner], row)?
                .collect()
        })
    }

    /// The connections of an owner to one service, by name.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn connections_to(&self, owner: &str, connector: &str) -> Result<Vec<Connection>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{CONNECTION} WHERE owner = ?1 AND connector = ?2 ORDER BY name"))?
                .query_map(params![owner, connector], row)?
                .collect()
        })
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<Connection> {
    Ok(Connection {
        owner: row.get(0)?,
        connector: row.get(1)?,
        name: row.get(2)?,
        auth: row.get(3)?,
        fields: row.get(4)?,
        state: row.get(5)?,
        label: row.get(6)?,
        created: row.get(7)?,
        used: row.get(8)?,
    })
}
