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

/// A schedule whose times are known.
#[derive(Clone, Copy, Debug)]
pub struct Beat<'a> {
    /// The workflow.
    pub workflow: &'a str,
    /// Its times.
    pub times: Times<'a>,
}

/// The times of a schedule, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub enum Times<'a> {
    /// Whole lengths since 1970.
    Clock(i64),
    /// This often from when it came into force.
    Enabling(i64),
    /// These, in their order; nothing is judged behind the last.
    Listed(&'a [i64]),
}

impl Times<'_> {
    /// The time that is so many behind another, or behind all before it came into force; the end of time where none is left.
    fn behind(self, last: Option<i64>, count: i64, since: i64) -> i64 {
        match self {
            Times::Clock(length) => last.unwrap_or((since - 1).div_euclid(length) * length) + length * count,
            Times::Enabling(length) => last.unwrap_or(since - length) + length * count,
            Times::Listed(times) => {
                let known = times.partition_point(|time| Some(*time) <= last);
                let index = usize::try_from(count - 1).map_or(usize::MAX, |count| known + count);
                times.get(index).copied().unwrap_or(i64::MAX)
            }
        }
    }
}

/// What became of how many instants, in Markdown.
pub fn table(counted: &Counted) -> String {
    let rows = counted.iter().map(|(outcome, count)| format!("| `{outcome}` | {count} |\n"));
    format!("| outcome | times |\n| --- | --: |\n{}", rows.collect::<String>())
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
        let mut last = None;
        for row in rows(&connection, beat.workflow)? {
            *counted.entry(row.outcome.clone()).or_default() += row.count.unsigned_abs();
            if let Some(run) = &row.run {
                named.entry(run.clone()).or_default().push(row.instant);
            } else if row.outcome == "started" {
                wrong.push(format!("{}: {} was started, and no run is named", beat.workflow, row.instant));
            }
            let wanted = [1, row.count].map(|count| beat.times.behind(last, count, since));
            if wanted != [row.instant, row.last] {
                wrong.push(format!(
                    "{}: after {last:?} comes {} to {} ({})",
                    beat.workflow, row.instant, row.last, row.count
                ));
            }
            last = Some(row.last);
        }
        if beat.times.behind(last, 1, since) <= accounted {
            wrong.push(format!(
                "{}: accounted for up to {accounted}, and the books end at {last:?}",
                beat.workflow
            ));
        }
        if last.is_some_and(|last| accounted < last) {
            wrong
                .push(format!("{}: the books go on to {last:?} behind what is accounted for", beat.workflow));
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

/// The ways of a wrong keeper that the judge does not see in a copy of a database that is right, tried on the first of these
/// schedules, which has started runs.
///
/// # Errors
/// Where it cannot be read or copied.
pub fn blind(database: &Path, beats: &[Beat<'_>]) -> Result<Vec<&'static str>> {
    let Some(Beat { workflow: name, .. }) = beats.first() else { return Ok(vec![]) };
    let copy = database.with_extension("copy");
    let lost = format!(
        "CREATE TEMP TABLE lost AS SELECT run FROM ticks WHERE run IS NOT NULL AND workflow = '{name}' LIMIT 1;
         DELETE FROM events WHERE run IN (SELECT run FROM lost);
         DELETE FROM runs WHERE id IN (SELECT run FROM lost)"
    );
    let ways = [
        ("the books were written, and the process died before the start", lost, "is lost"),
        (
            "the run was started, and the process died before the books were written",
            format!(
                "DELETE FROM ticks WHERE workflow = '{name}' AND instant =
                 (SELECT max(instant) FROM ticks WHERE workflow = '{name}' AND run IS NOT NULL)"
            ),
            "stands in no book",
        ),
        (
            "what is accounted for was forgotten",
            format!(
                "UPDATE schedules SET accounted = (SELECT min(instant) - 1 FROM ticks WHERE workflow = '{name}')
                 WHERE workflow = '{name}'"
            ),
            "behind what is accounted for",
        ),
        (
            "an instant was left out",
            format!(
                "DELETE FROM ticks WHERE workflow = '{name}' AND instant =
                 (SELECT min(instant) FROM ticks WHERE workflow = '{name}')"
            ),
            "comes",
        ),
    ];
    let mut blind = vec![];
    for (way, sql, told) in ways {
        // A whole state of it: a service that writes meanwhile would leave a copy of the file torn.
        let _ = std::fs::remove_file(&copy);
        Connection::open(database)?.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
        let connection = Connection::open(&copy)?;
        connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}"))?;
        drop(connection);
        let (wrong, _) = judge(&copy, beats)?;
        if !wrong.iter().any(|wrong| wrong.contains(told)) {
            blind.push(way);
        }
    }
    Ok(blind)
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
