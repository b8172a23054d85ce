//! What lets programs in from outside: tokens, by their hashes, and what was asked for under a key of the asker's.
//! Every question names its owner, but for the one that finds out who asks.

use rusqlite::{OptionalExtension, Row, params};

use crate::{Error, Reader};

/// A token, without what is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The SHA-256 of what is shown.
    pub hash: [u8; 32],
    /// For whom it acts.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// How far it goes, in a word.
    pub scope: String,
    /// When it was made, in nanoseconds since 1970.
    pub created: i64,
    /// When it counts no more; nothing where it always does.
    pub expires: Option<i64>,
    /// When it was used last, as far as that was written down.
    pub used: Option<i64>,
    /// The account of the person whose it is; nothing where it is of no person.
    pub account: Option<String>,
    /// The role of that account at the owner, in a word; nothing where it has no seat there.
    pub role: Option<String>,
}

/// What was asked for under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who asked.
    pub owner: String,
    /// The key, chosen by who asked.
    pub key: String,
    /// The hash of what was asked for.
    pub digest: [u8; 32],
    /// The run that it stands for.
    pub run: String,
    /// When, in nanoseconds since 1970.
    pub time: i64,
}

const TOKEN: &str = "SELECT hash, owner, name, scope, created, expires, used, account,
    (SELECT role FROM seats WHERE seats.space = tokens.owner AND seats.account = tokens.account) FROM tokens";

impl Reader {
    /// The token of a hash, whoever it acts for.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn token(&self, hash: &[u8; 32]) -> Result<Option<Token>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{TOKEN} WHERE hash = ?1"))?
                .query_row([hash], token)
                .optional()
        })
    }

    /// The tokens of an owner, by their names.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn tokens(&self, owner: &str) -> Result<Vec<Token>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{TOKEN} WHERE owner = ?1 ORDER BY name"))?
                .query_map([owner], token)?
                .collect()
        })
    }

    /// What an owner asked for under a key.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn asked(&self, owner: &str, key: &str) -> Result<Option<Asked>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, key, digest, run, time FROM asked WHERE owner = ?1 AND key = ?2",
                )?
                .query_row(params![owner, key], |row| {
                    Ok(Asked {
                        owner: row.get(0)?,
                        key: row.get(1)?,
                        digest: row.get(2)?,
                        run: row.get(3)?,
                        time: row.get(4)?,
                    })
                })
                .optional()
        })
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        hash: row.get(0)?,
        owner: row.get(1)?,
        name: row.get(2)?,
        scope: row.get(3)?,
        created: row.get(4)?,
        expires: row.get(5)?,
        used: row.get(6)?,
        account: row.get(7)?,
        role: row.get(8)?,
    })
}
