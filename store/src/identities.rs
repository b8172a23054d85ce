//! Who people are at services at which they sign in.

use rusqlite::{OptionalExtension, Row};

use crate::accounts::{ACCOUNT, Account, account as read_account};
use crate::{Error, Reader};

/// Who somebody is at a service at which they sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What the service calls itself.
    pub issuer: String,
    /// What it calls the person.
    pub subject: String,
    /// Their account.
    pub account: String,
    /// Since when, in nanoseconds since 1970.
    pub since: i64,
}

impl Reader {
    /// The account of somebody whom a service knows.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn account_known_as(&self, issuer: &str, subject: &str) -> Result<Option<Account>, Error> {
        self.with(|from| {
            from.prepare_cached(&format!(
                "{ACCOUNT} WHERE id = (SELECT account FROM identities WHERE issuer = ?1 AND subject = ?2)"
            ))?
            .query_row([issuer, subject], read_account)
            .optional()
        })
    }

    /// By which services an account signs in, by their names.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn identities(&self, account: &str) -> Result<Vec<Identity>, Error> {
        let identity = |row: &Row<'_>| {
            let (issuer, subject) = (row.get(0)?, row.get(1)?);
            Ok(Identity { issuer, subject, account: account.to_owned(), since: row.get(2)? })
        };
        self.with(|from| {
            from.prepare_cached(
                "SELECT issuer, subject, since FROM identities WHERE account = ?1 ORDER BY issuer, subject",
            )?
            .query_map([account], identity)?
            .collect()
        })
    }
}
