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

/// A budget, and what is spent or reserved of it in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The budget.
    pub budget: Budget,
    /// What is spent or reserved.
    pub spent: i64,
    /// Whether that stood beside the budget, and was not added up from the calls.
    added_up: bool,
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
        "key" => {
            "(owner = ?1 AND payer = 'own' OR payer = ?1 AND payer <> 'own') AND time >= ?2 AND \"key\" = ?3"
        }
        _ => "(owner = ?1 OR payer = ?1 AND payer <> 'own') AND time >= ?2 AND ?3 = ''",
    }
}

fn payer<'a>(owner: &'a str, payer: &'a str) -> &'a str {
    if payer == OWN { owner } else { payer }
}

/// What a settled call says of the budgets that it counts to.
pub(super) struct Bears {
    payer: String,
    workflow: String,
    key: String,
    token: String,
    time: i64,
    reserved: Option<i64>,
}

impl Bears {
    pub fn of_row(row: &Row<'_>) -> rusqlite::Result<Bears> {
        Ok(Bears {
            payer: row.get(0)?,
            workflow: row.get(1)?,
            key: row.get(2)?,
            token: row.get(3)?,
            time: row.get(4)?,
            reserved: row.get(5)?,
        })
    }
}

/// The budgets that a call must keep, as they stand in a month.
pub(super) fn standing(of: &Connection, call: &Call, month: i64) -> rusqlite::Result<Vec<Standing>> {
    let bearing: Vec<(Budget, i64, i64)> = of
        .prepare_cached(&format!(
            "SELECT owner, scope, name, most, month, spent FROM budgets WHERE {BEARING}"
        ))?
        .query_map(bears(call), |row| Ok((budget(row)?, row.get(4)?, row.get(5)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let stands = |(budget, of_month, spent): (Budget, i64, i64)| {
        let added_up = of_month == month && month != 0;
        let spent = if added_up { spent } else { added(of, &budget, month)? };
        Ok(Standing { budget, spent, added_up })
    };
    bearing.into_iter().map(stands).collect()
}

fn bears(call: &Call) -> [&str; 5] {
    [&call.owner, payer(&call.owner, &call.payer), &call.workflow, &call.key, &call.token]
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
        None => added(of, budget, month),
    }
}

/// What the calls of a month that count to a budget cost or have reserved, added up.
fn added(of: &Connection, budget: &Budget, month: i64) -> rusqlite::Result<i64> {
    let filter = format!("WHERE {}", counted(&budget.scope));
    sum_of(of, &filter, params![budget.owner, month, budget.name])
}

/// Notes what a call reserves in the budgets that bear it.
pub(super) fn reserve(
    to: &Connection,
    call: &Call,
    bearing: &[Standing],
    month: i64,
    more: i64,
) -> rusqlite::Result<()> {
    if bearing.iter().all(|stands| stands.added_up) {
        if bearing.is_empty() {
            return Ok(());
        }
        let [owner, payer, workflow, key, token] = bears(call);
        return to
            .prepare_cached(&format!("UPDATE budgets SET spent = spent + ?6 WHERE {BEARING}"))?
            .execute(params![owner, payer, workflow, key, token, more])
            .map(|_| ());
    }
    let mut note = to.prepare_cached(
        "UPDATE budgets SET month = ?4, spent = ?5 WHERE owner = ?1 AND scope = ?2 AND name = ?3",
    )?;
    for Standing { budget, spent, .. } in bearing {
        note.execute(params![budget.owner, budget.scope, budget.name, month, spent.saturating_add(more)])?;
    }
    Ok(())
}

/// Notes in the budgets that bear it what a call cost in place of what it had reserved.
pub(super) fn settle(to: &Connection, owner: &str, call: &Bears, cost: Option<i64>) -> rusqlite::Result<()> {
    // Without a known cost, what was reserved stays.
    let Some(more) = cost.map(|cost| cost.saturating_sub(call.reserved.unwrap_or_default())) else {
        return Ok(());
    };
    to.prepare_cached(&format!("UPDATE budgets SET spent = spent + ?6 WHERE month <= ?7 AND {BEARING}"))?
        .execute(params![
            owner,
            payer(owner, &call.payer),
            call.workflow,
            call.key,
            call.token,
            more,
            call.time
        ])
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

    /// The budgets that a call must keep, those of the run's owner and of whoever else pays, as they stand in a month.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn standing(&self, call: &Call, month: i64) -> Result<Vec<Standing>, Error> {
        self.with(|connection| standing(connection, call, month))
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
