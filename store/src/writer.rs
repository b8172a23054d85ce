//! The one writer of a file: whole batches, each in a transaction that is on disk when it returns.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, Transaction, TransactionBehavior, params};

use crate::{Batch, Change, Error, Unfit, books, calls, change, file, seal};

/// The one writer of a file.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    path: PathBuf,
    commits: u64,
}

/// Where a transaction can go back to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Places {
    /// To its beginning alone.
    Beginning,
    /// To before each change.
    Each,
}

/// The settings of a connection, as SQLite says them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pragmas {
    /// `wal`.
    pub journal_mode: String,
    /// 2 is `FULL`: a commit is on disk when it returns.
    pub synchronous: i64,
    /// 1 where references between tables are checked.
    pub foreign_keys: i64,
    /// How long it waits for another writer, in milliseconds.
    pub busy_timeout: i64,
    /// The version of the tables.
    pub user_version: i64,
}

impl Writer {
    /// Opens a file, or makes it, and brings its tables up to date. Other writers are waited for as long
    /// as `patience`.
    ///
    /// # Errors
    /// Where the file is none of ours, damaged, too new, in use, or cannot be written.
    pub fn open(path: &Path, patience: Duration) -> Result<Writer, Error> {
        let connection = file::open_to_write(path, patience)?;
        Ok(Writer { connection, path: path.to_owned(), commits: 0 })
    }

    /// Writes a batch in one transaction. When this returns without an error, all of it is on disk; with
    /// an error, nothing of it is.
    ///
    /// # Errors
    /// Where somebody else wrote one of its rows, or the file cannot be written.
    pub fn append(&mut self, batch: &Batch) -> Result<(), Error> {
        self.write(Some(batch), &[]).map(|_| ())
    }

    /// Writes a batch and changes in one transaction, and tells of each change whether it fitted. A change
    /// that did not fit leaves no trace, and the others stand.
    ///
    /// # Errors
    /// Where somebody else wrote one of the batch's rows, or the file cannot be written: then nothing of
    /// all this is on disk.
    pub fn write(
        &mut self,
        batch: Option<&Batch>,
        changes: &[&Change],
    ) -> Result<Vec<Result<(), Unfit>>, Error> {
        // Nearly always all of them fit, and a place to go back to costs a copy of each page that is touched.
        if let Some(outcomes) = self.written(batch, changes, Places::Beginning)? {
            return Ok(outcomes);
        }
        Ok(self.written(batch, changes, Places::Each)?.unwrap_or_default())
    }

    /// Writes it; nothing, and nothing is written, where a change does not fit and there is no place before it to go back to.
    fn written(
        &mut self,
        batch: Option<&Batch>,
        changes: &[&Change],
        places: Places,
    ) -> Result<Option<Vec<Result<(), Unfit>>>, Error> {
        let path = &self.path;
        let told = |source| Error::sqlite(path, source);
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
        if let Some(batch) = batch {
            // A value that goes and is written anew in the same batch stays.
            drop_values(&transaction, batch).map_err(told)?;
            insert_rest(&transaction, batch).map_err(told)?;
            insert_runs(&transaction, batch, path)?;
            insert_events(&transaction, batch, path)?;
            update_ends(&transaction, batch).map_err(told)?;
            pass_signals(&transaction, batch).map_err(told)?;
            keep_answers(&transaction, batch).map_err(told)?;
            calls::reused::write(&transaction, batch).map_err(told)?;
            books::write(&transaction, &batch.books, path)?;
            // Last, so that a plan stays which a run of this batch follows.
            remove_runs(&transaction, batch).map_err(told)?;
        }
        let mut outcomes = Vec::with_capacity(changes.len());
        for change in changes {
            let outcome = match places {
                Places::Beginning => match change::make(&transaction, change).map_err(told)? {
                    Ok(()) => Ok(()),
                    Err(_) => {
                        transaction.rollback().map_err(told)?;
                        return Ok(None);
                    }
                },
                Places::Each => {
                    let place = transaction.savepoint().map_err(told)?;
                    let outcome = change::make(&place, change).map_err(told)?;
                    // Dropped without a commit, a savepoint is undone.
                    if outcome.is_ok() {
                        place.commit().map_err(told)?;
                    }
                    outcome
                }
            };
            outcomes.push(outcome);
        }
        if batch.is_some() || outcomes.iter().any(Result::is_ok) {
            file::count_on(&transaction).map_err(told)?;
        }
        transaction.commit().map_err(told)?;
        self.commits += 1;
        Ok(Some(outcomes))
    }

    /// The same trouble once more, for somebody else who waits for it.
    pub(crate) fn trouble(&self, detail: &str) -> Error {
        Error::CannotWrite { path: self.path.clone(), detail: detail.to_owned() }
    }

    /// Takes what was removed out of the file and its log: rows are overwritten as they are deleted, and
    /// the log is emptied into the file and cut off.
    ///
    /// # Errors
    /// Where the file cannot be written, or somebody still reads an older state of it.
    pub fn scrub(&self) -> Result<(), Error> {
        let told = |source| Error::sqlite(&self.path, source);
        let busy: bool = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(told)?;
        if busy { Err(Error::Locked { path: self.path.clone() }) } else { Ok(()) }
    }

    /// How many batches it has written since it was opened.
    pub fn commits(&self) -> u64 {
        self.commits
    }

    /// Reads the whole file for contradictions; takes time in proportion to its length.
    ///
    /// # Errors
    /// Where it is damaged or cannot be read.
    pub fn check(&self) -> Result<(), Error> {
        file::check(&self.connection, &self.path)
    }

    /// Reads the settings back.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn pragmas(&self) -> Result<Pragmas, Error> {
        let told = |source| Error::sqlite(&self.path, source);
        let number = |sql: &'static str| self.connection.query_row(sql, [], |row| row.get(0)).map_err(told);
        Ok(Pragmas {
            journal_mode: self
                .connection
                .query_row("PRAGMA journal_mode", [], |row| row.get(0))
                .map_err(told)?,
            synchronous: number("PRAGMA synchronous")?,
            foreign_keys: number("PRAGMA foreign_keys")?,
            busy_timeout: number("PRAGMA busy_timeout")?,
            user_version: number("PRAGMA user_version")?,
        })
    }
}

/// Bytes of text that go into a column as they are.
struct Text<'a>(&'a [u8]);

impl ToSql for Text<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

fn insert_rest(to: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    if !batch.plans.is_empty() {
        let mut insert = to.prepare_cached("INSERT OR IGNORE INTO plans (digest, body) VALUES (?1, ?2)")?;
        for plan in &batch.plans {
            insert.execute(params![plan.digest, plan.body])?;
        }
    }
    if !batch.values.is_empty() {
        let mut insert =
            to.prepare_cached("INSERT OR IGNORE INTO \"values\" (hash, size, body) VALUES (?1, ?2, ?3)")?;
        for value in &batch.values {
            let body = lz4_flex::block::compress(&value.body);
            insert.execute(params![value.hash, value.body.len() as i64, body])?;
        }
    }
    Ok(())
}

fn insert_runs(to: &Transaction<'_>, batch: &Batch, path: &Path) -> Result<(), Error> {
    if batch.runs.is_empty() {
        return Ok(());
    }
    let told = |source| Error::sqlite(path, source);
    let mut insert = to
        .prepare_cached(
            "INSERT INTO runs (id, workflow, plan, state, started, seal_begun, seal_state, owner)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .map_err(told)?;
    for run in &batch.runs {
        let begun = seal::of_begun(&run.id, &run.workflow, &run.plan, run.started);
        let state = seal::of_state(&run.id, run.state, None);
        insert
            .execute(params![run.id, run.workflow, run.plan, run.state, run.started, begun, state, run.owner])
            .map_err(|source| conflict(path, &run.id, source))?;
    }
    Ok(())
}

fn insert_events(to: &Transaction<'_>, batch: &Batch, path: &Path) -> Result<(), Error> {
    let told = |source| Error::sqlite(path, source);
    let mut insert = to
        .prepare_cached("INSERT INTO events (run, seq, time, body, seal) VALUES (?1, ?2, ?3, ?4, ?5)")
        .map_err(told)?;
    for (run, seq, time, body) in batch.rows() {
        let sealed = seal::of_event(run, seq as i64, time, body);
        insert
            .execute(params![run, seq as i64, time, Text(body), sealed])
            .map_err(|source| conflict(path, run, source))?;
    }
    Ok(())
}

fn update_ends(to: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    if batch.ends.is_empty() {
        return Ok(());
    }
    let mut update =
        to.prepare_cached("UPDATE runs SET state = ?2, ended = ?3, seal_state = ?4 WHERE id = ?1")?;
    for end in &batch.ends {
        let sealed = seal::of_state(&end.run, end.state, Some(end.ended));
        update.execute(params![end.run, end.state, end.ended, sealed])?;
    }
    Ok(())
}

fn pass_signals(to: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    if !batch.signals.is_empty() {
        let mut insert = to.prepare_cached(
            "INSERT OR IGNORE INTO signals (id, name, run, time, body, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for signal in &batch.signals {
            let sealed = seal::of_signal(signal);
            insert.execute(params![signal.id, signal.name, signal.run, signal.time, signal.body, sealed])?;
        }
    }
    if !batch.taken.is_empty() {
        let mut delete = to.prepare_cached("DELETE FROM signals WHERE id = ?1")?;
        for id in &batch.taken {
            delete.execute([id])?;
        }
    }
    Ok(())
}

fn keep_answers(to: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    if batch.answers.is_empty() {
        return Ok(());
    }
    let mut insert =
        to.prepare_cached("INSERT OR REPLACE INTO answers (hash, time, body, seal) VALUES (?1, ?2, ?3, ?4)")?;
    for answer in &batch.answers {
        insert.execute(params![answer.hash, answer.time, answer.body, seal::of_answer(answer)])?;
    }
    Ok(())
}

fn drop_values(to: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    if !batch.stale.is_empty() {
        for sql in [
            "DELETE FROM answers WHERE hash = ?1 AND time = ?2",
            "DELETE FROM answered_by WHERE hash = ?1 AND time = ?2",
        ] {
            let mut delete = to.prepare_cached(sql)?;
            for (hash, time) in &batch.stale {
                delete.execute(params![hash, time])?;
            }
        }
    }
    if !batch.dropped.is_empty() {
        let mut delete = to.prepare_cached("DELETE FROM \"values\" WHERE hash = ?1")?;
        for hash in &batch.dropped {
            delete.execute([hash])?;
        }
    }
    Ok(())
}

fn remove_runs(to: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    if batch.removed.is_empty() {
        return Ok(());
    }
    for sql in [
        "DELETE FROM events WHERE run = ?1",
        "DELETE FROM signals WHERE run = ?1",
        "DELETE FROM ticks WHERE run = ?1",
        "DELETE FROM runs WHERE id = ?1",
    ] {
        let mut delete = to.prepare_cached(sql)?;
        for run in &batch.removed {
            delete.execute([run])?;
        }
    }
    to.prepare_cached("DELETE FROM plans WHERE digest NOT IN (SELECT plan FROM runs)")?.execute([])?;
    Ok(())
}

fn conflict(path: &Path, run: &str, source: rusqlite::Error) -> Error {
    match source.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => {
            Error::Conflict { path: path.to_owned(), run: run.to_owned() }
        }
        _ => Error::sqlite(path, source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    #[test]
    fn a_full_disk_is_named_and_the_writer_goes_on_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(&folder.path().join("store.db"), Duration::ZERO).unwrap();
        let noise = (0..1u32 << 18).flat_map(|n| n.wrapping_mul(0x9E37_79B9).to_le_bytes()).collect();
        let mut batch = Batch::default();
        batch.values.push(Value { hash: [1; 32], body: noise });
        writer.connection.pragma_update(None, "max_page_count", 40).unwrap();
        assert!(matches!(writer.append(&batch), Err(Error::Full { .. })));
        assert_eq!(writer.commits(), 0);
        writer.connection.pragma_update(None, "max_page_count", 100_000).unwrap();
        writer.append(&batch).unwrap();
        assert_eq!(writer.commits(), 1);
    }
}
