//! What is recorded of a run, read from the database of a process that is dead.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::run::RunId;
use engine::view::Timeline;
use runtime::journal::Journal;
use runtime::journal::sqlite::Sqlite;
use rusqlite::ffi::SQLITE_READONLY_ROLLBACK;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::keyway::Keyway;

/// What is recorded of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSeen {
    /// Its id.
    pub run: String,
    /// How it stands, as `keyway show --json` says it.
    pub status: String,
    /// Rows of events.
    pub rows: i64,
    /// Its steps that are not blocks, by path.
    pub steps: BTreeMap<String, StepSeen>,
    /// The kind of the failure that ended it.
    pub error_kind: Option<String>,
    /// The step that failed.
    pub error_step: Option<String>,
}

/// What is recorded of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepSeen {
    /// Its state, as `keyway show --json` says it.
    pub state: String,
    /// Tries so far.
    pub attempts: u64,
}

impl RunSeen {
    /// True if it came to an end.
    pub fn ended(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "failed" | "cancelled")
    }

    /// The steps with a call under way, and which try it is.
    pub fn in_flight(&self) -> Vec<(&str, u64)> {
        let running = self.steps.iter().filter(|(_, step)| step.state == "running" && step.attempts > 0);
        running.map(|(path, step)| (path.as_str(), step.attempts)).collect()
    }

    /// The steps that will never be tried again.
    pub fn completed(&self) -> BTreeSet<&str> {
        let ended = ["succeeded", "failed", "skipped", "in_doubt", "cancelled"];
        let ended = self.steps.iter().filter(|(_, step)| ended.contains(&step.state.as_str()));
        ended.map(|(path, _)| path.as_str()).collect()
    }
}

/// Reads the run of a data directory, read-only, together with the runs that it called: their steps stand below the
/// name of their workflow. Nothing where no start was committed.
///
/// # Errors
/// Where the database cannot be read.
pub fn look(keyway: &Keyway) -> Result<Option<RunSeen>> {
    let database = keyway.data.join("keyway.db");
    let found = rows(&database)?;
    let Some((run, _)) = found.iter().find(|(run, _)| !run.contains('-')) else {
        ensure!(found.is_empty(), "runs were called by one that is not there: {found:?}");
        return Ok(None);
    };
    let journal = Sqlite::open_to_read(&database)?;
    let mut seen: Option<RunSeen> = None;
    let called = found.iter().filter(|(other, _)| other != run);
    for (id, rows) in found.iter().filter(|(other, _)| other == run).chain(called) {
        let id = RunId(id.as_str().into());
        let (_, digest) = journal.run(&id)?.context("a run with rows is in the list")?;
        let plan = journal.plan(&digest)?.context("a run has a plan")?;
        let mut timeline = Timeline::new(&plan);
        let log = journal.log(&id, 0)?;
        ensure!(log.len() as i64 == *rows, "{} rows are read, and {rows} are there", log.len());
        for row in &log {
            timeline.apply(row);
        }
        let shown = from_json(id.to_string(), *rows, &timeline.to_json());
        match &mut seen {
            None => seen = Some(shown),
            Some(seen) => {
                seen.rows += shown.rows;
                let below = |path: String| format!("{}.{path}", plan.name);
                seen.steps.extend(shown.steps.into_iter().map(|(path, step)| (below(path), step)));
            }
        }
    }
    Ok(seen)
}

fn from_json(run: String, rows: i64, shown: &Value) -> RunSeen {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let all = shown["steps"].as_object().cloned().unwrap_or_default();
    let is_block = |path: &str| {
        let inner =
            |other: &String| other.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']));
        all.keys().any(inner)
    };
    let steps = all.iter().filter(|(path, _)| !is_block(path)).map(|(path, step)| {
        let state = text(&step["state"]).unwrap_or_default();
        (path.clone(), StepSeen { state, attempts: step["attempts"].as_u64().unwrap_or(0) })
    });
    RunSeen {
        steps: steps.collect(),
        run,
        status: text(&shown["status"]).unwrap_or_default(),
        rows,
        error_kind: text(&shown["error"]["kind"]),
        error_step: text(&shown["error"]["step"]),
    }
}

/// The runs and the numbers of their rows, with SQL of our own: a second opinion on the product's reading.
fn rows(database: &Path) -> Result<Vec<(String, i64)>> {
    if !database.exists() {
        return Ok(vec![]);
    }
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let tables =
        connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'events'", [], |row| {
            row.get::<_, i64>(0)
        });
    match tables {
        Ok(0) => return Ok(vec![]),
        Ok(_) => {}
        // It was killed while it made the tables: what is half done is rolled back by the next who may write.
        Err(error) if is_half_made(&error) => return Ok(vec![]),
        Err(error) => return Err(error.into()),
    }
    let mut statement = connection.prepare("SELECT run, count(*) FROM events GROUP BY run ORDER BY run")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn is_half_made(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_READONLY_ROLLBACK)
}

/// Takes away the last row of a run, as if its commit had never been. Gives the rows that are left.
///
/// # Errors
/// Where the database cannot be written.
pub fn forget_last_row(keyway: &Keyway, run: &str) -> Result<i64> {
    let connection = Connection::open(keyway.data.join("keyway.db"))?;
    connection.execute(
        "DELETE FROM events WHERE run = ?1 AND seq = (SELECT max(seq) FROM events WHERE run = ?1)",
        [run],
    )?;
    Ok(connection.query_row("SELECT count(*) FROM events WHERE run = ?1", [run], |row| row.get(0))?)
}
