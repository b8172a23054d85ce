//! The ledger of calls to models, and what may be spent. A row is opened with the most that its call can cost before
//! the call goes out, and settled once when it is over: budgets count what is open as if it were spent.
//! Every question names its owner.

pub(crate) mod batches;
mod budgets;
pub(crate) mod prices;
pub(crate) mod reused;

use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

pub use batches::Batched;
pub use budgets::{Budget, Standing};
pub use prices::Price;

use crate::change::Unfit;
pub use crate::lately::{Answered, Pace, Past};
use crate::{Error, Reader};

/// The word for a call that is under way.
pub const OPEN: &str = "open";

/// The word for a call that was under way when its process died.
pub const LOST: &str = "lost";

/// The word for an answer that was used again: nobody was asked, and nothing was paid.
pub const REUSED: &str = "reused";

/// The payer of a call that the owner of its run pays for; else it is the id of who does.
pub const OWN: &str = "own";

/// A call, as it stands in the ledger. Times are nanoseconds, those of a clock since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Whose run made it.
    pub owner: String,
    /// Its id.
    pub id: String,
    /// When it went out.
    pub time: i64,
    /// The workflow.
    pub workflow: String,
    /// The run.
    pub run: String,
    /// The step's name.
    pub step: String,
    /// Which of the steps of that name, of the run.
    pub place: String,
    /// Which try of the step.
    pub attempt: i64,
    /// The token by which a program asked; empty where a step did.
    pub token: String,
    /// Who was asked.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// The name of the key.
    pub key: String,
    /// Who pays.
    pub payer: String,
    /// Why this model, in words.
    pub why: String,
    /// The most that it can cost, where that is known.
    pub reserved: Option<i64>,
    /// At which level of a cascade: 0 asked straight, 1 below what the step asks for, 2 as good as that, 3 better.
    pub level: i64,
    /// Who would have been asked by price alone, as provider/model; empty where that is not known.
    pub single: String,
    /// Who would have been asked where nothing but the best will do, likewise.
    pub reference: String,
    /// What an answer that was used again would have cost, where that is known.
    pub saved: Option<i64>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Tokens by kind: read anew, read from the cache, kept for minutes, kept for an hour, written, written in thinking.
    pub tokens: [i64; 6],
    /// True if some of them are estimated.
    pub estimated: bool,
    /// What it cost, where that is known.
    pub cost: Option<i64>,
    /// How long it took.
    pub latency: Option<i64>,
    /// How long until the answer began.
    pub first: Option<i64>,
    /// How it ended, in a word; `open` while it is under way.
    pub class: String,
}

/// Limits that a call brings along, beside those that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// What its run may cost.
    pub run: Option<i64>,
    /// What its step may cost.
    pub step: Option<i64>,
    /// When the month began.
    pub month: i64,
}

/// By what calls are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// All of an owner.
    Owner,
    /// The workflow.
    Workflow,
    /// Workflow and step.
    Step,
    /// The provider.
    Provider,
    /// Provider and model.
    Model,
    /// The key.
    Key,
    /// The day in UTC.
    Day,
    /// The token of a program; all steps together have none.
    Token,
}

/// What several calls took together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// What they have in common.
    pub name: String,
    /// How many there are, without the answers that were used again.
    pub calls: i64,
    /// How many of them did not end well.
    pub failed: i64,
    /// How many have tokens that are estimated.
    pub estimated: i64,
    /// How many have a cost that is not known.
    pub unpriced: i64,
    /// Tokens by kind.
    pub tokens: [i64; 6],
    /// What they cost, as far as it is known.
    pub cost: i64,
    /// How many answers were used again, for which nobody was asked.
    pub reused: i64,
    /// Of how many of them it is not known what they would have cost.
    pub unsaved: i64,
    /// What the others would have cost.
    pub saved: i64,
}

/// What a key cost so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCost {
    /// Its provider.
    pub provider: String,
    /// Its name.
    pub key: String,
    /// What its calls cost, as far as it is known.
    pub cost: i64,
    /// How many of them have a cost that is not known.
    pub unpriced: i64,
}

pub(crate) const CALL: &str =
    "SELECT owner, id, time, workflow, run, step, place, attempt, provider, model, \"key\", payer, why,
    reserved, input_uncached, input_cached, cache_write_5m, cache_write_1h, output_visible, output_reasoning,
    estimated, cost, latency, first, class, token, level, single, reference, saved FROM calls";

const SUMS: &str =
    "sum(class <> 'reused'), sum(class NOT IN ('ok', 'open', 'reused')), sum(estimated), sum(cost IS NULL AND class <> 'open'),
    sum(input_uncached), sum(input_cached), sum(cache_write_5m), sum(cache_write_1h), sum(output_visible),
    sum(output_reasoning), coalesce(sum(cost), 0), sum(class = 'reused'), sum(class = 'reused' AND saved IS NULL),
    coalesce(sum(saved), 0) FROM calls
    WHERE (owner = ?1 OR payer = ?1 AND payer <> 'own') AND time >= ?2 GROUP BY 1";

/// The calls of a run. The index has none of those that have no run, and a statement that cannot use it is not taken.
const OF_RUN: &str = "INDEXED BY calls_by_run WHERE owner = ?1 AND run = ?2 AND run <> ''";

fn sum_of(of: &Connection, filter: &str, values: &[&dyn ToSql]) -> rusqlite::Result<i64> {
    let sql = format!("SELECT coalesce(sum(coalesce(cost, reserved)), 0) FROM calls {filter}");
    of.prepare_cached(&sql)?.query_row(values, |row| row.get(0))
}

/// Opens a call, unless it could pass a limit. What it can cost must be known where there is one.
pub(crate) fn open(to: &Connection, call: &Call, limits: &Limits) -> rusqlite::Result<Result<(), Unfit>> {
    let bearing = budgets::standing(to, call, limits.month)?;
    let mut kept: Vec<(i64, i64)> = bearing.iter().map(|stands| (stands.spent, stands.budget.most)).collect();
    if let Some(most) = limits.run {
        kept.push((sum_of(to, OF_RUN, params![call.owner, call.run])?, most));
    }
    if let Some(most) = limits.step {
        let of_step = format!("{OF_RUN} AND place = ?3");
        kept.push((sum_of(to, &of_step, params![call.owner, call.run, call.place])?, most));
    }
    let fits = |(spent, most): &(i64, i64)| {
        call.reserved.is_some_and(|reserved| spent.saturating_add(reserved) <= *most)
    };
    if !kept.iter().all(fits) {
        return Ok(Err(Unfit::Spent));
    }
    // At the turn of a month a call may be of the one before.
    let more = call.reserved.filter(|_| call.time >= limits.month).unwrap_or_default();
    budgets::reserve(to, call, &bearing, limits.month, more)?;
    to.prepare_cached(
        "INSERT INTO calls (owner, id, time, workflow, run, step, place, attempt, provider, model, \"key\", payer,
         why, reserved, token, level, single, reference, class)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 'open')",
    )?
    .execute(params![
        call.owner,
        call.id,
        call.time,
        call.workflow,
        call.run,
        call.step,
        call.place,
        call.attempt,
        call.provider,
        call.model,
        call.key,
        call.payer,
        call.why,
        call.reserved,
        call.token,
        call.level,
        call.single,
        call.reference
    ])?;
    Ok(Ok(()))
}

/// Settles a call that is open.
pub(crate) fn settle(
    to: &Connection,
    (owner, id): (&str, &str),
    outcome: &Outcome,
) -> rusqlite::Result<Result<(), Unfit>> {
    let [uncached, cached, minutes, hour, visible, reasoning] = outcome.tokens;
    let settled = to
        .prepare_cached(
            "UPDATE calls SET input_uncached = ?3, input_cached = ?4, cache_write_5m = ?5, cache_write_1h = ?6,
             output_visible = ?7, output_reasoning = ?8, estimated = ?9, cost = ?10, latency = ?11, first = ?12,
             class = ?13 WHERE owner = ?1 AND id = ?2 AND class = 'open'
             RETURNING payer, workflow, \"key\", token, time, reserved",
        )?
        .query_row(
            params![
                owner,
                id,
                uncached,
                cached,
                minutes,
                hour,
                visible,
                reasoning,
                outcome.estimated,
                outcome.cost,
                outcome.latency,
                outcome.first,
                outcome.class
            ],
            budgets::Bears::of_row,
        )
        .optional()?;
    match settled {
        Some(bears) => budgets::settle(to, owner, &bears, outcome.cost).map(Ok),
        None => Ok(Err(Unfit::Stale)),
    }
}

/// Calls that were under way when a process died cost the most that they can. Those in batches go on without one.
pub(crate) fn lose(to: &Connection) -> rusqlite::Result<Result<(), Unfit>> {
    to.execute(
        "UPDATE calls SET class = 'lost', cost = reserved, estimated = 1 WHERE class = 'open'
         AND NOT EXISTS (SELECT 1 FROM batches WHERE batches.owner = calls.owner AND call = id)",
        [],
    )?;
    Ok(Ok(()))
}

impl By {
    /// All of them.
    pub const ALL: [By; 8] =
        [By::Day, By::Key, By::Model, By::Owner, By::Provider, By::Step, By::Token, By::Workflow];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            By::Owner => "owner",
            By::Workflow => "workflow",
            By::Step => "step",
            By::Provider => "provider",
            By::Model => "model",
            By::Key => "key",
            By::Day => "day",
            By::Token => "token",
        }
    }

    fn column(self) -> &'static str {
        match self {
            By::Owner => "owner",
            By::Workflow => "workflow",
            By::Step => "workflow || '.' || step",
            By::Provider => "provider",
            By::Model => "provider || '/' || model",
            By::Key => "provider || '/' || \"key\"",
            By::Day => "strftime('%Y-%m-%d', time / 1000000000, 'unixepoch')",
            By::Token => "token",
        }
    }
}

impl Reader {
    /// The calls of a run of an owner, oldest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn calls_of_run(&self, owner: &str, run: &str) -> Result<Vec<Call>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{CALL} {OF_RUN} ORDER BY time, id"))?
                .query_map([owner, run], call)?
                .collect()
        })
    }

    /// What calls since a time took that an owner's runs made, or that the owner paid for, by something, in its order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn usage(&self, owner: &str, by: By, since: i64) -> Result<Vec<Sum>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("SELECT {}, {SUMS}", by.column()))?
                .query_map(params![owner, since], sum)?
                .collect()
        })
    }

    /// What the keys of an owner cost so far, whoever's runs asked with them.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn cost_of_keys(&self, owner: &str) -> Result<Vec<KeyCost>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT provider, \"key\", coalesce(sum(cost), 0), sum(cost IS NULL AND class <> 'open') FROM calls
                     WHERE owner = ?1 AND payer = 'own' OR payer = ?1 AND payer <> 'own' GROUP BY 1, 2",
                )?
                .query_map([owner], |row| {
                    let (provider, key) = (row.get(0)?, row.get(1)?);
                    Ok(KeyCost { provider, key, cost: row.get(2)?, unpriced: row.get(3)? })
                })?
                .collect()
        })
    }
}

pub(crate) fn call(row: &Row<'_>) -> rusqlite::Result<Call> {
    let outcome = Outcome {
        tokens: tokens(row, 14)?,
        estimated: row.get(20)?,
        cost: row.get(21)?,
        latency: row.get(22)?,
        first: row.get(23)?,
        class: row.get(24)?,
    };
    Ok(Call {
        owner: row.get(0)?,
        id: row.get(1)?,
        time: row.get(2)?,
        workflow: row.get(3)?,
        run: row.get(4)?,
        step: row.get(5)?,
        place: row.get(6)?,
        attempt: row.get(7)?,
        token: row.get(25)?,
        provider: row.get(8)?,
        model: row.get(9)?,
        key: row.get(10)?,
        payer: row.get(11)?,
        why: row.get(12)?,
        reserved: row.get(13)?,
        level: row.get(26)?,
        single: row.get(27)?,
        reference: row.get(28)?,
        saved: row.get(29)?,
        outcome,
    })
}

fn sum(row: &Row<'_>) -> rusqlite::Result<Sum> {
    Ok(Sum {
        name: row.get(0)?,
        calls: row.get(1)?,
        failed: row.get(2)?,
        estimated: row.get(3)?,
        unpriced: row.get(4)?,
        tokens: tokens(row, 5)?,
        cost: row.get(11)?,
        reused: row.get(12)?,
        unsaved: row.get(13)?,
        saved: row.get(14)?,
    })
}

pub(crate) fn tokens(row: &Row<'_>, from: usize) -> rusqlite::Result<[i64; 6]> {
    let mut tokens = [0; 6];
    for (place, count) in tokens.iter_mut().enumerate() {
        *count = row.get(from + place)?;
    }
    Ok(tokens)
}
