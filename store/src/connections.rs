//! Accounts at services, and what is known of the tokens of those that somebody signed in to, without any secret. Every
//! question names its owner.

use rusqlite::{Connection as Database, OptionalExtension, Row, params};

use crate::change::make::{Wanted, run};
use crate::{Error, Reader, Unfit};

/// An account at a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Where the service stands; empty where it is the one that the manifest names.
    pub base: String,
    /// What the last call told that told something, in a word; empty where none did.
    pub health: String,
    /// What went wrong with it; empty where nothing did.
    pub trouble: String,
    /// When that was.
    pub checked: Option<i64>,
}

/// What a call told of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whose it is.
    pub owner: String,
    /// The service.
    pub connector: String,
    /// Its name.
    pub name: String,
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// Whether it serves, in a word, and what went wrong; nothing where the call did not tell.
    pub health: Option<(&'static str, String)>,
    /// What the account is called, where that was told.
    pub label: Option<String>,
}

/// What is known of the tokens of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Whose it is.
    pub owner: String,
    /// The service.
    pub connector: String,
    /// The account's name.
    pub name: String,
    /// Whose app it was made with; empty where it needs none.
    pub app: String,
    /// One more each time that the tokens change.
    pub version: i64,
    /// When the access token is over, in nanoseconds since 1970; nothing where that is not known.
    pub expires: Option<i64>,
    /// What was given, with blanks between.
    pub scopes: String,
    /// Why a person has to sign in again; empty where they need not.
    pub why: String,
    /// The version that was found dead; 0 where none was.
    pub tried: i64,
    /// The number of the last right to renew.
    pub lease: i64,
    /// When that is over; nothing where nobody has it.
    pub until: Option<i64>,
    /// Whether nobody said what came of it.
    pub open: bool,
}

/// What was measured of the requests of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Whose it is.
    pub owner: String,
    /// The service.
    pub connector: String,
    /// The account's name.
    pub name: String,
    /// Requests, one behind the other; what is in them the writer knows.
    pub requests: Vec<u8>,
    /// The last one that failed; nothing where none did.
    pub failed: Option<Failed>,
}

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// Its kind, in a word.
    pub kind: String,
    /// What went wrong.
    pub why: String,
}

const CONNECTION: &str = "SELECT owner, connector, name, auth, fields, state, label, created, used, base, health, \
    trouble, checked FROM connections";

const SIGN_IN: &str = "SELECT owner, connector, name, app, version, expires, scopes, why, tried, lease, until, open \
    FROM sign_ins";

impl Reader {
    /// The connections of an owner, by connector and name.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn connections(&self, owner: &str) -> Result<Vec<Connection>, Error> {
        self.with(|database| {
            database
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
        self.with(|database| {
            database
                .prepare_cached(&format!("{CONNECTION} WHERE owner = ?1 AND connector = ?2 ORDER BY name"))?
                .query_map(params![owner, connector], row)?
                .collect()
        })
    }

    /// What was measured of the accounts of an owner, by connector and name; nothing of one that was asked nothing.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn measured(&self, owner: &str) -> Result<Vec<Measured>, Error> {
        self.with(|database| {
            database
                .prepare_cached(
                    "SELECT owner, connector, name, requests, failed, kind, why FROM measured
                     WHERE owner = ?1 ORDER BY connector, name",
                )?
                .query_map([owner], |row| {
                    let (kind, why) = (row.get(5)?, row.get(6)?);
                    let failed: Option<i64> = row.get(4)?;
                    Ok(Measured {
                        owner: row.get(0)?,
                        connector: row.get(1)?,
                        name: row.get(2)?,
                        requests: row.get(3)?,
                        failed: failed.map(|time| Failed { time, kind, why }),
                    })
                })?
                .collect()
        })
    }

    /// What is known of the tokens of an account; nothing where nobody signed in to it.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn sign_in(&self, owner: &str, connector: &str, name: &str) -> Result<Option<SignIn>, Error> {
        self.with(|database| {
            database
                .prepare_cached(&format!("{SIGN_IN} WHERE owner = ?1 AND connector = ?2 AND name = ?3"))?
                .query_row(params![owner, connector, name], signed)
                .optional()
        })
    }
}

pub(crate) fn add(to: &Database, added: &Connection) -> rusqlite::Result<Result<(), Unfit>> {
    crate::counted::remove(to, (&added.owner, &added.connector, &added.name))?;
    run(
        to,
        "INSERT INTO connections (owner, connector, name, auth, fields, state, label, created, used, base)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            added.owner,
            added.connector,
            added.name,
            added.auth,
            added.fields,
            added.state,
            added.label,
            added.created,
            added.used,
            added.base
        ],
        Wanted::Row,
    )
}

pub(crate) fn remove(
    to: &Database,
    (owner, connector, name): (&str, &str, &str),
) -> rusqlite::Result<Result<(), Unfit>> {
    crate::counted::remove(to, (owner, connector, name))?;
    run(
        to,
        "DELETE FROM connections WHERE owner = ?1 AND connector = ?2 AND name = ?3",
        params![owner, connector, name],
        Wanted::Row,
    )
}

pub(crate) fn told(to: &Database, told: &Told) -> rusqlite::Result<Result<(), Unfit>> {
    let (health, trouble) = match &told.health {
        Some((health, trouble)) => (Some(health), Some(trouble)),
        None => (None, None),
    };
    run(
        to,
        "UPDATE connections SET used = max(ifnull(used, ?4), ?4), health = ifnull(?5, health),
             trouble = ifnull(?6, trouble), checked = CASE WHEN ?5 IS NULL THEN checked ELSE ?4 END,
             label = ifnull(?7, label)
         WHERE owner = ?1 AND connector = ?2 AND name = ?3",
        params![told.owner, told.connector, told.name, told.time, health, trouble, told.label],
        Wanted::Any,
    )
}

pub(crate) fn sign_in(to: &Database, added: &SignIn) -> rusqlite::Result<Result<(), Unfit>> {
    run(
        to,
        "INSERT INTO sign_ins
         (owner, connector, name, app, version, expires, scopes, why, tried, lease, until, open)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            added.owner,
            added.connector,
            added.name,
            added.app,
            added.version,
            added.expires,
            added.scopes,
            added.why,
            added.tried,
            added.lease,
            added.until,
            added.open
        ],
        Wanted::Row,
    )
}

pub(crate) fn swap(
    to: &Database,
    from: i64,
    next: &SignIn,
    state: &str,
) -> rusqlite::Result<Result<(), Unfit>> {
    let swapped = run(
        to,
        "UPDATE sign_ins SET version = ?5, expires = ?6, scopes = ?7, why = ?8, tried = ?9, until = NULL, open = 0
         WHERE owner = ?1 AND connector = ?2 AND name = ?3 AND version = ?4",
        params![
            next.owner,
            next.connector,
            next.name,
            from,
            next.version,
            next.expires,
            next.scopes,
            next.why,
            next.tried
        ],
        Wanted::Row,
    )?;
    if swapped.is_err() {
        return Ok(swapped);
    }
    run(
        to,
        "UPDATE connections SET state = ?4 WHERE owner = ?1 AND connector = ?2 AND name = ?3",
        params![next.owner, next.connector, next.name, state],
        Wanted::Row,
    )
}

pub(crate) fn lease(to: &Database, of: &SignIn, until: i64) -> rusqlite::Result<Result<(), Unfit>> {
    run(
        to,
        "UPDATE sign_ins SET lease = lease + 1, until = ?6, open = 1
         WHERE owner = ?1 AND connector = ?2 AND name = ?3 AND version = ?4 AND lease = ?5",
        params![of.owner, of.connector, of.name, of.version, of.lease, until],
        Wanted::Row,
    )
}

pub(crate) fn end_lease(to: &Database, of: &SignIn, open: bool) -> rusqlite::Result<Result<(), Unfit>> {
    run(
        to,
        "UPDATE sign_ins SET until = NULL, open = ?5
         WHERE owner = ?1 AND connector = ?2 AND name = ?3 AND lease = ?4",
        params![of.owner, of.connector, of.name, of.lease, open],
        Wanted::Any,
    )
}

/// Adds requests behind those that stand there. The oldest go where that would be more than so many bytes.
pub(crate) fn measured(to: &Database, more: &Measured, most: usize) -> rusqlite::Result<Result<(), Unfit>> {
    let known: Option<Vec<u8>> = to
        .prepare_cached("SELECT requests FROM measured WHERE owner = ?1 AND connector = ?2 AND name = ?3")?
        .query_row(params![more.owner, more.connector, more.name], |row| row.get(0))
        .optional()?;
    let mut requests = known.unwrap_or_default();
    requests.extend_from_slice(&more.requests);
    requests.drain(..requests.len().saturating_sub(most));
    let failed = more.failed.as_ref();
    run(
        to,
        "INSERT INTO measured (owner, connector, name, requests, failed, kind, why)
         VALUES (?1, ?2, ?3, ?4, ?5, ifnull(?6, ''), ifnull(?7, ''))
         ON CONFLICT DO UPDATE SET requests = excluded.requests,
             kind = CASE WHEN ?5 >= ifnull(failed, ?5) THEN ?6 ELSE kind END,
             why = CASE WHEN ?5 >= ifnull(failed, ?5) THEN ?7 ELSE why END,
             failed = CASE WHEN ?5 >= ifnull(failed, ?5) THEN ?5 ELSE failed END",
        params![
            more.owner,
            more.connector,
            more.name,
            requests,
            failed.map(|failed| failed.time),
            failed.map(|failed| &failed.kind),
            failed.map(|failed| &failed.why)
        ],
        Wanted::Row,
    )
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
        base: row.get(9)?,
        health: row.get(10)?,
        trouble: row.get(11)?,
        checked: row.get(12)?,
    })
}

fn signed(row: &Row<'_>) -> rusqlite::Result<SignIn> {
    Ok(SignIn {
        owner: row.get(0)?,
        connector: row.get(1)?,
        name: row.get(2)?,
        app: row.get(3)?,
        version: row.get(4)?,
        expires: row.get(5)?,
        scopes: row.get(6)?,
        why: row.get(7)?,
        tried: row.get(8)?,
        lease: row.get(9)?,
        until: row.get(10)?,
        open: row.get(11)?,
    })
}
