//! The tokens of a data directory: made, listed and removed by a command, alongside whoever serves it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use runtime::driver::Error as DriverError;
use runtime::schedule::books::{nanoseconds, timestamp};
use store::door::Token as Row;
use store::{Edit, Reader};
use vault::{Action, Deed, Recorded, Vault, Who, check_name};

use crate::error::Error;
use crate::token::{Scope, Token};

/// How long a read waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a token is to be.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Its name, free among those of its owner.
    pub name: &'a str,
    /// How far it goes.
    pub scope: Scope,
    /// How long it counts; for ever without.
    pub lasts: Option<SignedDuration>,
    /// The account of the person whose it is: it goes no further than that person. Nothing for one of no person.
    pub account: Option<&'a str>,
}

/// A token as it is shown later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// How far it goes; nothing where a later version wrote another word.
    pub scope: Option<Scope>,
    /// When it was made.
    pub created: Timestamp,
    /// When it counts no more.
    pub expires: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub used: Option<Timestamp>,
    /// The account of the person whose it is; nothing where it is of no person.
    pub account: Option<String>,
}

/// Makes a token for an owner; it is shown this once.
///
/// # Errors
/// Where the name is taken or cannot be one, or the token cannot be recorded.
pub fn add(vault: &Vault, who: Who<'_>, wanted: &Wanted<'_>) -> Result<(Token, Recorded), Error> {
    check_name(wanted.name)?;
    let taken = || vault::Error::Taken { what: "token", name: wanted.name.into() };
    if list(vault, who.owner)?.iter().any(|token| token.name == wanted.name) {
        return Err(taken().into());
    }
    let now = Timestamp::now();
    let expires = wanted.lasts.map(|lasts| now.saturating_add(lasts).unwrap_or(Timestamp::MAX));
    let token = Token::random();
    let row = Row {
        hash: token.hash(),
        owner: who.owner.into(),
        name: wanted.name.into(),
        scope: wanted.scope.name().into(),
        created: nanoseconds(now),
        expires: expires.map(nanoseconds),
        used: None,
        account: wanted.account.map(str::to_owned),
        role: None,
    };
    let until = expires.map_or("for ever".into(), |expires| format!("until {expires:.0}"));
    let detail = format!("{}, {until}", wanted.scope.name());
    let subject = format!("token/{}", wanted.name);
    let deed = Deed { who, action: Action::TokenAdded, subject: &subject, detail: &detail };
    match vault.record(deed, vec![Edit::Token(row)], "token") {
        Ok(recorded) => Ok((token, recorded)),
        // Somebody else made one of that name at the same moment.
        Err(vault::Error::Taken { .. }) => Err(taken().into()),
        Err(error) => Err(error.into()),
    }
}

/// Removes a token: it counts no more from here on.
///
/// # Errors
/// Where there is none of that name, or it cannot be recorded.
pub fn remove(vault: &Vault, who: Who<'_>, name: &str) -> Result<Recorded, Error> {
    let edit = Edit::RemoveToken { owner: who.owner.into(), name: name.into() };
    let subject = format!("token/{name}");
    let deed = Deed { who, action: Action::TokenRemoved, subject: &subject, detail: "" };
    match vault.record(deed, vec![edit], "token") {
        Err(vault::Error::Stale { .. }) => {
            Err(vault::Error::Unknown { what: "token", name: name.into() }.into())
        }
        other => Ok(other?),
    }
}

/// The tokens of an owner, by their names.
///
/// # Errors
/// Where the database cannot be read.
pub fn list(vault: &Vault, owner: &str) -> Result<Vec<Listed>, Error> {
    let rows = Reader::open(vault.path(), PATIENCE).and_then(|reader| reader.tokens(owner));
    let rows = rows.map_err(DriverError::from)?;
    Ok(rows.into_iter().map(listed).collect())
}

fn listed(row: Row) -> Listed {
    Listed {
        scope: Scope::of(&row.scope),
        name: row.name,
        created: timestamp(row.created),
        expires: row.expires.map(timestamp),
        used: row.used.map(timestamp),
        account: row.account,
    }
}
