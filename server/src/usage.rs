//! What calls to models took and cost, and what may be spent: read from the ledger, beside whoever moves runs.

use std::collections::BTreeMap;
use std::time::Duration;

use ai::provider::PROVIDERS;
pub use ai::savings::Savings;
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

/// What an owner's answers since a time cost, and what they would have cost otherwise, by something. Without a store there
/// are none.
///
/// # Errors
/// Where the store cannot be read.
pub fn savings(home: &Home, owner: &str, by: By, since: i64) -> Result<Vec<(String, Savings)>, Error> {
    let Some(reader) = reader(home)? else { return Ok(vec![]) };
    let mut savings: BTreeMap<String, Savings> = BTreeMap::new();
    for answered in reader.answered(owner, since).map_err(DriverError::from)? {
        savings.entry(name(by, &answered.call)).or_default().count(&answered, &PROVIDERS);
    }
    Ok(savings.into_iter().collect())
}

/// What a call has in common with others.
fn name(by: By, call: &Call) -> String {
    match by {
        By::Owner => call.owner.clone(),
        By::Workflow => call.workflow.clone(),
        By::Step => format!("{}.{}", call.workflow, call.step),
        By::Provider => call.provider.clone(),
        By::Model => format!("{}/{}", call.provider, call.model),
        By::Key => format!("{}/{}", call.provider, call.key),
        By::Token => call.token.clone(),
        By::Day => {
            let day = jiff::Timestamp::from_nanosecond(call.time.into()).unwrap_or_default();
            day.strftime("%Y-%m-%d").to_string()
        }
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
