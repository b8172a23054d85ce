//! What the ledger says of choices: how a step's last calls went, how fast models answered, and what each answer cost
//! beside what others would have.

use rusqlite::params;

use crate::calls::{CALL, Call, call, tokens};
use crate::{Error, Reader};

/// How long a model took to answer lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Its provider.
    pub provider: String,
    /// Its name.
    pub model: String,
    /// Nanoseconds, on the average.
    pub latency: i64,
}

/// What a step's later calls learn from one that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// When it was asked, in nanoseconds since 1970.
    pub time: i64,
    /// Its run.
    pub run: String,
    /// Where in the run.
    pub place: String,
    /// Which attempt of the step.
    pub attempt: i64,
    /// Its level in a cascade.
    pub level: i64,
    /// Its provider.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// Tokens by kind, in the order of [`crate::calls::Outcome`].
    pub tokens: [i64; 6],
}

/// A call, and whether what it gave was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The call.
    pub call: Call,
    /// True if it answered and no call of a higher level stood in for it.
    pub used: bool,
}

impl Reader {
    /// The last calls of a step that were answered and are not older, the latest first, at most so many.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn calls_of_step(
        &self,
        (owner, workflow, step): (&str, &str, &str),
        since: i64,
        most: i64,
    ) -> Result<Vec<Past>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT run, place, attempt, level, provider, model, input_uncached, input_cached,
                     cache_write_5m, cache_write_1h, output_visible, output_reasoning, time FROM calls
                     INDEXED BY calls_by_step WHERE owner = ?1 AND workflow = ?2 AND workflow <> '' AND step = ?3
                     AND time >= ?4 AND class = 'ok' ORDER BY time DESC LIMIT ?5",
                )?
                .query_map(params![owner, workflow, step, since, most], |row| {
                    Ok(Past {
                        run: row.get(0)?,
                        place: row.get(1)?,
                        attempt: row.get(2)?,
                        level: row.get(3)?,
                        provider: row.get(4)?,
                        model: row.get(5)?,
                        tokens: tokens(row, 6)?,
                        time: row.get(12)?,
                    })
                })?
                .collect()
        })
    }

    /// How long models took for the last calls of an owner that were answered, at most so many.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn paces(&self, owner: &str, most: i64) -> Result<Vec<Pace>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT provider, model, cast(avg(latency) AS INTEGER) FROM (SELECT provider, model, latency
                         FROM calls WHERE owner = ?1 AND class = 'ok' AND latency IS NOT NULL
                         ORDER BY time DESC LIMIT ?2) GROUP BY 1, 2",
                )?
                .query_map(params![owner, most], |row| {
                    Ok(Pace { provider: row.get(0)?, model: row.get(1)?, latency: row.get(2)? })
                })?
                .collect()
        })
    }

    /// Each call since a time that an owner's runs made, or that the owner paid for, and whether its answer was used.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn answered(&self, owner: &str, since: i64) -> Result<Vec<Answered>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "{CALL} WHERE (owner = ?1 OR payer = ?1 AND payer <> 'own') AND time >= ?2
                     ORDER BY owner, run, place, attempt, level"
                ))?
                .query_map(params![owner, since], call)?
                .collect::<rusqlite::Result<Vec<Call>>>()
        })
        .map(used)
    }
}

/// Calls in the order of their questions and levels, each with whether its answer was used.
fn used(calls: Vec<Call>) -> Vec<Answered> {
    let question = |call: &Call| (call.owner.clone(), call.run.clone(), call.place.clone(), call.attempt);
    let above: Vec<bool> = calls
        .windows(2)
        .map(|two| question(&two[0]) == question(&two[1]) && two[0].level < two[1].level)
        .chain([false])
        .collect();
    let with = |(call, above): (Call, bool)| {
        let used = call.outcome.class == "ok" && !above;
        Answered { call, used }
    };
    calls.into_iter().zip(above).map(with).collect()
}
