//! What the books of schedules say, judged by the runs that are there: each instant once, each start with its run,
//! each run with its instant, nothing lost in between. The instants are worked out here, not by the product.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use engine::event::Event;
use engine::run::RunId;
use jiff::Timestamp;
use runtime::journal::Journal;
use runtime::journal::sqlite::Sqlite;
use rusqlite::{Connection, OpenFlags};

/// A schedule that comes once in so many nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Beat<'a> {
    /// The workflow.
    pub workflow: &'a str,
    /// The time between two instants.
    pub length: i64,
    /// Where it counts from.
    pub from: From,
}

/// Where a schedule counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Whole lengths since 1970.
    Clock,
    /// When it came into force.
    Enabling,
}

struct Row {
    instant: i64,
    last: i64,
    count: i64,
    outcome: String,
    run: Option<String>,
}

/// How many instants stand in the books, by what became of them.
pub type Counted = BTreeMap<String, u64>;

/// What is wrong with the books of a database that nobody writes, and what they count.
///
/// # Errors
/// Where it cannot be read.
pub fn judge(database: &Path, beats: &[Beat<'_>]) -> Result<(Vec<String>, Counted)> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let journal = Sqlite::open_to_read(database)?;
    let (mut wrong, mut counted) = (vec![], Counted::new());
    let mut named: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for beat in beats {
        let (since, accounted): (i64, i64) = connection.query_row(
            "SELECT since, accounted FROM schedules WHERE workflow = ?1",
            [beat.workflow],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let mut last = match beat.from {
            From::Clock => (since - 1).div_euclid(beat.length) * beat.length,
            From::Enabling => since - beat.length,
        };
        for row in rows(&connection, beat.workflow)? {
            *counted.entry(row.outcome.clone()).or_default() += row.count.unsigned_abs();
            if let Some(run) = &row.run {
                named.entry(run.clone()).or_default().push(row.instant);
            } else if row.outcome == "started" {
                wrong.push(format!("{}: {} was started, and no run is named", beat.workflow, row.instant));
            }
            if row.instant != last + beat.length || row.last != last + beat.length * row.count {
                wrong.push(format!(
                    "{}: after {last} comes {} to {} ({})",
                    beat.workflow, row.instant, row.last, row.count
                ));
            }
            last = row.last;
        }
        if last != accounted && (accounted - last) >= beat.length {
            wrong.push(format!(
                "{}: accounted for up to {accounted}, and the books end at {last}",
                beat.workflow
            ));
        }
        if accounted < last {
            wrong.push(format!("{}: the books go on to {last} behind what is accounted for", beat.workflow));
        }
    }
    for summary in journal.runs()? {
        let id = summary.run.to_string();
        match named.remove(&id).as_deref() {
            Some([instant]) => wrong.extend(of_another_time(&journal, &summary.run, *instant)?),
            Some(instants) => wrong.push(format!("run {id} was started for {} instants", instants.len())),
            None => wrong.push(format!("run {id} stands in no book")),
        }
        if summary.ended.is_none() {
            wrong.push(format!("run {id} has not ended"));
        }
    }
    wrong.extend(
        named.into_keys().map(|run| format!("run {run} is lost: the books name it, and it is not there")),
    );
    Ok((wrong, counted))
}

fn rows(connection: &Connection, workflow: &str) -> Result<Vec<Row>> {
    let mut select = connection.prepare(
        "SELECT instant, last, count, outcome, run FROM ticks WHERE workflow = ?1 ORDER BY instant",
    )?;
    let rows = select.query_map([workflow], |row| {
        Ok(Row {
            instant: row.get(0)?,
            last: row.get(1)?,
            count: row.get(2)?,
            outcome: row.get(3)?,
            run: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A run that was started for another time than the books say.
fn of_another_time(journal: &Sqlite, run: &RunId, instant: i64) -> Result<Option<String>> {
    let first = journal.first(run)?;
    let Some(Event::RunStarted { trigger, .. }) = first.and_then(|row| row.events.into_iter().next()) else {
        return Ok(Some(format!("run {run} has no start")));
    };
    let told = trigger.get("scheduled_for").map(ToString::to_string).unwrap_or_default();
    let wanted = Timestamp::from_nanosecond(i128::from(instant))?.to_string();
    Ok((told != wanted).then(|| format!("run {run} was started for `{told}`, and the books say {wanted}")))
}
