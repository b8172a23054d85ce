//! What calls to models took and cost, and what may be spent: read from the ledger, beside whoever moves runs.

use std::time::Duration;

use engine::event::Event;
use engine::run::RunId;
use store::calls::{Budget, By, Call, KeyCost, Sum};
use store::{Change, Desk, Edit, Reader, Unfit};
use vault::LOCAL;

use crate::DriverError;
use crate::error::Error;
use crate::history::History;
use crate::home::Home;
use crate::order::Note;

/// How long is waited for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an owner's calls since a time took, by something. Without a store there are none.
///
/// # Errors
/// Where the store cannot be read.
pub fn usage(home: &Home, owner: &str, by: By, since: i64) -> Result<Vec<Sum>, Error> {
    match reader(home)? {
        Some(reader) => Ok(reader.usage(owner, by, since).map_err(DriverError::from)?),
        None => Ok(vec![]),
    }
}

/// What the keys of an owner cost so far.
///
/// # Errors
/// Where the store cannot be read.
pub fn of_keys(home: &Home, owner: &str) -> Result<Vec<KeyCost>, Error> {
    match reader(home)? {
        Some(reader) => Ok(reader.cost_of_keys(owner).map_err(DriverError::from)?),
        None => Ok(vec![]),
    }
}

/// The calls of a run, oldest first.
///
/// # Errors
/// Where the store cannot be read.
pub fn of_run(home: &Home, history: &History, run: &RunId) -> Result<Vec<Call>, Error> {
    let begun = history.first(run)?;
    let note = begun.and_then(|row| match row.events.first() {
        Some(Event::RunStarted { note, .. }) => Note::of(note),
        _ => None,
    });
    let owner = note.map_or_else(|| LOCAL.into(), |note| note.owner);
    match reader(home)? {
        Some(reader) => Ok(reader.calls_of_run(&owner, &run.0).map_err(DriverError::from)?),
        None => Ok(vec![]),
    }
}

/// What an owner may spend in a month, each with what is spent and reserved since a time.
///
/// # Errors
/// Where the store cannot be read.
pub fn budgets(home: &Home, owner: &str, since: i64) -> Result<Vec<(Budget, i64)>, Error> {
    let Some(reader) = reader(home)? else { return Ok(vec![]) };
    let budgets = reader.budgets(owner).map_err(DriverError::from)?;
    let with_spent = |budget: Budget| {
        Ok((reader.spent(&budget, since).map(|spent| (budget, spent))).map_err(DriverError::from)?)
    };
    budgets.into_iter().map(with_spent).collect()
}

/// Sets a budget, or removes one; false where there was none to remove.
///
/// # Errors
/// Where the store cannot be written.
pub fn change(home: &Home, edit: Edit) -> Result<bool, Error> {
    let _beside = home.write_beside()?;
    let desk = Desk::open(&home.database(), PATIENCE).map_err(DriverError::from)?;
    Ok(match desk.make(Change::untold(vec![edit])).map_err(DriverError::from)? {
        Ok(()) => true,
        Err(Unfit::Taken | Unfit::Stale | Unfit::Spent | Unfit::Audit) => false,
    })
}

/// When the present month began in UTC, in nanoseconds since 1970.
pub fn month() -> i64 {
    ai::ask::month(jiff::Timestamp::now())
}

fn reader(home: &Home) -> Result<Option<Reader>, Error> {
    match Reader::open(&home.database(), PATIENCE) {
        Ok(reader) => Ok(Some(reader)),
        Err(store::Error::Missing { .. }) => Ok(None),
        Err(error) => Err(DriverError::from(error).into()),
    }
}
