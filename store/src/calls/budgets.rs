//! What may be spent in a month, and what is. The sum of a month stands beside its budget: it is added up when the first
//! call of a month comes, or the first after the budget was set, and follows each call from there on.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Call, OWN, sum_of};
use crate::{Error, Reader};

/// What may be spent in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Whose.
    pub owner: String,
    /// What it counts, in a word: `owner`, `workflow`, `key`, `token`.
    pub scope: String,
    /// Of which workflow, key or token; empty for the owner.
    pub name: String,
    /// The most.
    pub most: i64,
}

/// The budgets that a call must keep: those of the run's owner, and of whoever else pays.
const BEARING: &str = "owner IN (?1, ?2) AND (scope = 'owner'
     OR scope = 'workflow' AND owner = ?1 AND name = ?3 OR scope = 'key' AND owner = ?2 AND name = ?4
     OR scope = 'token' AND owner = ?1 AND name = ?5 AND ?5 <> '')";

/// Which calls count to a budget of an owner, by its scope: those of the owner's runs, and those of others' that the
/// owner pays for. A key is its payer's.
fn counted(scope: &str) -> &'static str {
    match scope {
        "workflow" => "owner = ?1 AND time >= ?2 AND workflow = ?3",
        "token" => "owner = ?1 AND time >= ?2 AND token = ?3 AND token <> ''",
        "key" => "(owner = ?1 AND payer = 'own' OR payer = ?1) AND time >= ?2 AND \"key\" = ?3",
        _ => "(owner = ?1 OR payer = ?1) AND time >= ?2 AND ?3 = ''",
    }
}

fn payer<'a>(owner: &'a str, payer: &'a str) -> &'a str {
    if payer == OWN { owner } else { payer }
}

pub(super) fn bearing(to: &Connection, call: &Call) -> rusqlite::Result<Vec<Budget>> {
    to.prepare_cached(&format!("SELECT owner, scope, name, most FROM budgets WHERE {BEARING}"))?
        .query_map(
            [&*call.owner, payer(&call.owner, &call.payer), &call.workflow, &call.key, &call.token],
            budget,
        )?
        .collect()
}

/// What is spent or reserved of a budget in a month.
pub(super) fn spent(of: &Connection, budget: &Budget, month: i64) -> rusqlite::Result<i64> {
    let stands = of
        .prepare_cached(
            "SELECT spent FROM budgets WHERE owner = ?1 AND scope = ?2 AND name = ?3 AND month = ?4 AND month <> 0",
        )?
        .query_row(params![budget.owner, budget.scope, budget.name, month], |row| row.get(0))
        .optional()?;
    match stands {
        Some(spent) => Ok(spent),
        None => sum_of(of, counted(&budget.scope), params![budget.owner, month, budget.name]),
    }
}

/// Notes what is spent or reserved of a budget in a month.
pub(super) fn note(to: &Connection, budget: &Budget, month: i64, spent: i64) -> rusqlite::Result<()> {
    to.prepare_cached(
        "UPDATE budgets SET month = ?4, spent = ?5 WHERE owner = ?1 AND scope = ?2 AND name = ?3",
    )?
    .execute(params![budget.owner, budget.scope, budget.name, month, spent])
    .map(|_| ())
}

/// Notes in the budgets that bear it what an open call cost in place of what it had reserved.
pub(super) fn settle(to: &Connection, (owner, id): (&str, &str), cost: Option<i64>) -> rusqlite::Result<()> {
    let found = to
        .prepare_cached(
            "SELECT payer, workflow, \"key\", time, reserved, token FROM calls
             WHERE owner = ?1 AND id = ?2 AND class = 'open' AND EXISTS (SELECT 1 FROM budgets)",
        )?
        .query_row([owner, id], |row| {
            let (by, workflow, key): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (time, reserved, token): (i64, Option<i64>, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
            Ok((by, workflow, key, token, time, reserved))
        })
        .optional()?;
    let Some((by, workflow, key, token, time, reserved)) = found else { return Ok(()) };
    // Without a known cost, what was reserved stays.
    let Some(more) = cost.map(|cost| cost.saturating_sub(reserved.unwrap_or_default())) else {
        return Ok(());
    };
    to.prepare_cached(&format!("UPDATE budgets SET spent = spent + ?6 WHERE month <= ?7 AND {BEARING}"))?
        .execute(params![owner, payer(owner, &by), workflow, key, token, more, time])
        .map(|_| ())
}

impl Reader {
    /// What is spent or reserved of a budget since a month began.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn spent(&self, budget: &Budget, month: i64) -> Result<i64, Error> {
        self.with(|connection| spent(connection, budget, month))
    }

    /// What is spent of a budget since a month began, without what is reserved for calls that are open.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn settled(&self, budget: &Budget, month: i64) -> Result<i64, Error> {
        let open = format!(
            "SELECT coalesce(sum(reserved), 0) FROM calls INDEXED BY calls_open WHERE class = 'open' AND ({})",
            counted(&budget.scope)
        );
        self.with(|connection| {
            // Both are read at one moment: a call that opens in between would be counted to one of them.
            let moment = connection.unchecked_transaction()?;
            let all = spent(&moment, budget, month)?;
            let reserved: i64 = moment
                .prepare_cached(&open)?
                .query_row(params![budget.owner, month, budget.name], |row| row.get(0))?;
            Ok(all.saturating_sub(reserved))
        })
    }

    /// The budgets that a call must keep: those of the run's owner, and of whoever else pays.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn budgets_of_call(&self, call: &Call) -> Result<Vec<Budget>, Error> {
        self.with(|connection| bearing(connection, call))
    }

    /// What an owner may spend.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn budgets(&self, owner: &str) -> Result<Vec<Budget>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, scope, name, most FROM budgets WHERE owner = ?1 ORDER BY scope, name",
                )?
                .query_map([owner], budget)?
                .collect()
        })
    }
}

fn budget(row: &Row<'_>) -> rusqlite::Result<Budget> {
    Ok(Budget { owner: row.get(0)?, scope: row.get(1)?, name: row.get(2)?, most: row.get(3)? })
}
