//! Answers of models that are used again. Nobody is asked for them and nothing is paid, so each has a row without a cost, which
//! says what it would have cost: as much as the calls whose answer it is. It is written in the commit that records the
//! use, so that there is one exactly where there was one.

use rusqlite::{Connection, params};

use crate::batch::{Asker, Batch, Kept, Reused};

/// Writes down who asked for the answers of a batch, and which answers were used again.
pub(crate) fn write(to: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    for (Kept { hash, time }, Asker { owner, run, place, attempt }) in &batch.answered_by {
        to.prepare_cached(
            "INSERT OR REPLACE INTO answered_by (hash, time, owner, run, place, attempt)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![hash, time, owner, run, place, attempt])?;
    }
    batch.reused.iter().try_for_each(|reused| row(to, reused))
}

/// The row of one; none where models were not asked for the answer. Calls that failed are left out of what it would have
/// cost: they need not fail again.
fn row(to: &Connection, reused: &Reused) -> rusqlite::Result<()> {
    let Reused { kept, by, time } = reused;
    let id = format!("{} {} {}", by.run, by.place, by.attempt);
    to.prepare_cached(
        "INSERT OR IGNORE INTO calls (owner, id, time, workflow, run, step, place, attempt, provider, model, \"key\",
         payer, why, reserved, cost, saved, class)
         SELECT ?3, ?4, ?5, one.workflow, ?6, one.step, ?7, ?8, one.provider, one.model, one.\"key\", one.payer,
             'it was answered before, in run ' || answered_by.run, 0, 0,
             (SELECT CASE WHEN count(cost) = count(*) THEN sum(cost) END FROM calls AS each
              WHERE each.owner = one.owner AND each.run = one.run AND each.run <> '' AND each.place = one.place
              AND each.attempt = one.attempt AND each.class = 'ok'),
             'reused'
         FROM answered_by JOIN calls AS one ON one.owner = answered_by.owner AND one.run = answered_by.run AND one.run <> ''
             AND one.place = answered_by.place AND one.attempt = answered_by.attempt AND one.class = 'ok'
         WHERE answered_by.hash = ?1 AND answered_by.time = ?2 AND answered_by.owner = ?3
         ORDER BY one.time DESC, one.level DESC LIMIT 1",
    )?
    .execute(params![kept.hash, kept.time, by.owner, id, time, by.run, by.place, by.attempt])
    .map(|_| ())
}
