//! What calls to models took and cost, and what may be spent: read from the ledger, beside whoever moves runs.

use std::collections::BTreeMap;
use std::time::Duration;

use ai::price::Money;
use ai::provider::{Agreements, PROVIDERS};
pub use ai::savings::Savings;
use engine::event::Event;
use engine::run::RunId;
pub use store::calls::Budget;
use store::calls::{By, Call, KeyCost, OWN, Sum};
use store::{Edit, Reader};
use vault::{Action, Deed, LOCAL, Recorded, Vault, Who};

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
    let mut agreed: BTreeMap<String, Agreements> = BTreeMap::new();
    for answered in reader.answered(owner, since).map_err(DriverError::from)? {
        let call = &answered.call;
        let payer = if call.payer == OWN { &call.owner } else { &call.payer };
        if !agreed.contains_key(payer) {
            let prices = reader.prices(payer).map_err(DriverError::from)?;
            agreed.insert(payer.clone(), Agreements::of(&prices));
        }
        let together = savings.entry(name(by, call)).or_default();
        together.count(&answered, &PROVIDERS, agreed.get(payer).unwrap_or(&Agreements::default()));
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

/// Sets a budget. The audit tells of it.
///
/// # Errors
/// Where the store cannot be written.
pub fn set_budget(vault: &Vault, who: Who<'_>, budget: Budget) -> Result<Recorded, Error> {
    let (subject, detail) =
        (subject(&budget.scope, &budget.name), format!("{} USD a month", dollars(budget.most)));
    let deed = Deed { who, action: Action::BudgetSet, subject: &subject, detail: &detail };
    Ok(vault.record(deed, vec![Edit::Budget(budget)], "budget")?)
}

/// Removes a budget; nothing where there was none. The audit tells of it.
///
/// # Errors
/// Where the store cannot be written.
pub fn remove_budget(
    vault: &Vault,
    who: Who<'_>,
    scope: &str,
    name: &str,
) -> Result<Option<Recorded>, Error> {
    let subject = subject(scope, name);
    let deed = Deed { who, action: Action::BudgetRemoved, subject: &subject, detail: "" };
    let edit = Edit::RemoveBudget { owner: who.owner.into(), scope: scope.into(), name: name.into() };
    match vault.record(deed, vec![edit], "budget") {
        Ok(recorded) => Ok(Some(recorded)),
        Err(vault::Error::Stale { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A budget as the audit names it.
fn subject(scope: &str, name: &str) -> String {
    if name.is_empty() { format!("budget/{scope}") } else { format!("budget/{scope}/{name}") }
}

fn dollars(units: i64) -> Money {
    Money::from_units(units.into())
}

/// When the present month began in UTC, in nanoseconds since 1970.
pub fn month() -> i64 {
    ai::ask::month(jiff::Timestamp::now())
}

pub(crate) fn reader(home: &Home) -> Result<Option<Reader>, Error> {
    match Reader::open(&home.database(), PATIENCE) {
        Ok(reader) => Ok(Some(reader)),
        Err(store::Error::Missing { .. }) => Ok(None),
        Err(error) => Err(DriverError::from(error).into()),
    }
}
