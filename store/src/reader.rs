//! Reading alongside the writer, from any thread and any process. No read stays open after it returns,
//! so that the write-ahead log can shrink.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

use crate::{Answer, Error, Signal, file, seal};

/// How many connections are kept for later.
const KEPT: usize = 8;

/// Reads a store.
#[derive(Debug)]
pub struct Reader {
    idle: Mutex<Vec<Connection>>,
    path: PathBuf,
    patience: Duration,
}

/// A run and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// The digest of its plan.
    pub plan: [u8; 32],
    /// How it stands, in a word.
    pub state: String,
    /// When it began, in nanoseconds since 1970.
    pub started: i64,
    /// When it ended.
    pub ended: Option<i64>,
}

/// A row of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its number.
    pub seq: u64,
    /// When it was decided, in nanoseconds since 1970.
    pub time: i64,
    /// What was written.
    pub body: &'a [u8],
}

impl Reader {
    /// Opens an existing store to read it. `patience` is how long it waits where SQLite must lock.
    ///
    /// # Errors
    /// Where there is no store, or it is none of ours, damaged, or of another version.
    pub fn open(path: &Path, patience: Duration) -> Result<Reader, Error> {
        let connection = file::open_to_read(path, patience)?;
        Ok(Reader::over(connection, path, patience))
    }

    /// Reads by a connection that is open already.
    pub(crate) fn over(connection: Connection, path: &Path, patience: Duration) -> Reader {
        Reader { idle: Mutex::new(vec![connection]), path: path.to_owned(), patience }
    }

    /// Calls `found` for each row of a run's log after number `after`, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn log(&self, run: &str, after: u64, found: &mut dyn FnMut(Row<'_>)) -> Result<(), Error> {
        self.rows(run, after, -1, found)
    }

    /// So many rows after one; all of them where that is negative.
    fn rows(&self, run: &str, after: u64, limit: i64, found: &mut dyn FnMut(Row<'_>)) -> Result<(), Error> {
        let mut last = i64::try_from(after).unwrap_or(i64::MAX);
        let wrong = self.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT seq, time, body, seal FROM events WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            )?;
            let mut rows = select.query((run, last, limit))?;
            while let Some(row) = rows.next()? {
                let body = match row.get_ref(2)? {
                    ValueRef::Text(body) | ValueRef::Blob(body) => body,
                    _ => &[],
                };
                let (seq, time) = (row.get::<_, i64>(0)?, row.get(1)?);
                if seq != last + 1 {
                    return Ok(Some(format!("row {} of the log of run `{run}` is missing", last + 1)));
                }
                last = seq;
                if is_broken(row.get(3)?, || seal::of_event(run, seq, time, body)) {
                    return Ok(Some(format!("row {seq} of the log of run `{run}` is not what was written")));
                }
                found(Row { seq: seq.unsigned_abs(), time, body });
            }
            Ok(None)
        })?;
        match wrong {
            Some(detail) => Err(self.damaged(detail)),
            None => Ok(()),
        }
    }

    /// The number of the last row of a run's log: 0 where it has none.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn last_row(&self, run: &str) -> Result<u64, Error> {
        let last: Option<i64> = self.with(|connection| {
            connection
                .prepare_cached("SELECT max(seq) FROM events WHERE run = ?1")?
                .query_row([run], |row| row.get(0))
        })?;
        Ok(last.map_or(0, i64::unsigned_abs))
    }

    /// Calls `found` for the first row of a run's log.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn first(&self, run: &str, found: &mut dyn FnMut(Row<'_>)) -> Result<(), Error> {
        self.rows(run, 0, 1, found)
    }

    /// One run.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn run(&self, run: &str) -> Result<Option<Run>, Error> {
        let found = self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, workflow, plan, state, started, ended, seal_begun, seal_state FROM runs
                     WHERE id = ?1",
                )?
                .query_row([run], read_run)
                .optional()
        })?;
        found.map(|sealed| self.unseal(sealed)).transpose()
    }

    /// All runs, the latest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>, Error> {
        let found: Vec<Sealed> = self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, workflow, plan, state, started, ended, seal_begun, seal_state FROM runs
                     ORDER BY started DESC, id DESC",
                )?
                .query_map([], read_run)?
                .collect()
        })?;
        found.into_iter().map(|sealed| self.unseal(sealed)).collect()
    }

    /// The greatest id of a run, by its bytes.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn greatest_run(&self) -> Result<Option<String>, Error> {
        self.with(|connection| {
            connection.prepare_cached("SELECT max(id) FROM runs")?.query_row([], |row| row.get(0))
        })
    }

    /// The ids of the runs that have not ended, the earliest first. Damage of one shows when that one is read, so that
    /// it keeps nobody from the others.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn unfinished(&self) -> Result<Vec<String>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT id FROM runs WHERE ended IS NULL ORDER BY id")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// Reads a little, to see whether it can be read.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn probe(&self) -> Result<(), Error> {
        self.with(|connection| {
            connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
                .map(drop)
        })
    }

    /// The stored form of a plan.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn plan(&self, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT body FROM plans WHERE digest = ?1")?
                .query_row([digest], |row| row.get(0))
                .optional()
        })
    }

    /// The stored form of a large value.
    ///
    /// # Errors
    /// Where the store cannot be read, or what stands there cannot be unpacked.
    pub fn value(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, Error> {
        let row: Option<(i64, Vec<u8>)> = self.with(|connection| {
            connection
                .prepare_cached("SELECT size, body FROM \"values\" WHERE hash = ?1")?
                .query_row([hash], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })?;
        let Some((size, body)) = row else { return Ok(None) };
        let damaged = || self.damaged("a value cannot be unpacked".into());
        // LZ4 packs at most 255 to 1; a larger size would only make room for nothing.
        let size = usize::try_from(size).ok().filter(|size| size / 256 <= body.len()).ok_or_else(damaged)?;
        let unpacked = lz4_flex::block::decompress(&body, size).map_err(|_| damaged())?;
        if unpacked.len() == size { Ok(Some(unpacked)) } else { Err(damaged()) }
    }

    /// The signals that nobody has taken yet, the earliest first. Damage of one keeps nobody from the others.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn signals(&self) -> Result<Vec<Result<Signal, Error>>, Error> {
        let found: Vec<rusqlite::Result<(Signal, Option<i64>)>> = self.with(|connection| {
            connection
                .prepare_cached("SELECT id, name, run, time, body, seal FROM signals ORDER BY time, id")?
                .query_map([], |row| Ok(read_signal(row)))?
                .collect()
        })?;
        Ok(found.into_iter().map(|read| self.unseal_signal(read)).collect())
    }

    /// The answer of a call by its hash.
    ///
    /// # Errors
    /// Where the store cannot be read, or the answer is not what was written.
    pub fn answer(&self, hash: &[u8; 32]) -> Result<Option<Answer>, Error> {
        let found = self.with(|connection| {
            connection
                .prepare_cached("SELECT hash, time, body, seal FROM answers WHERE hash = ?1")?
                .query_row([hash], read_answer)
                .optional()
        })?;
        found.map(|sealed| self.unseal_answer(sealed)).transpose()
    }

    /// The answers of all calls.
    ///
    /// # Errors
    /// Where the store cannot be read, or one of them is not what was written.
    pub fn answers(&self) -> Result<Vec<Answer>, Error> {
        let found: Vec<(Answer, Option<i64>)> = self.with(|connection| {
            connection
                .prepare_cached("SELECT hash, time, body, seal FROM answers ORDER BY hash")?
                .query_map([], read_answer)?
                .collect()
        })?;
        found.into_iter().map(|sealed| self.unseal_answer(sealed)).collect()
    }

    /// The hashes of all large values.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn values(&self) -> Result<Vec<[u8; 32]>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT hash FROM \"values\" ORDER BY hash")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// Reads the whole file for contradictions, if it is short.
    ///
    /// # Errors
    /// Where it is damaged or cannot be read.
    pub fn check(&self) -> Result<(), Error> {
        let mut found = Ok(());
        self.with(|connection| {
            found = file::check_short(connection, &self.path);
            Ok(())
        })?;
        found
    }

    /// Compares a run with its seals.
    pub(crate) fn unseal(&self, sealed: Sealed) -> Result<Run, Error> {
        let Sealed { run, begun, state } = sealed;
        if is_broken(begun, || seal::of_begun(&run.id, &run.workflow, &run.plan, run.started))
            || is_broken(state, || seal::of_state(&run.id, &run.state, run.ended))
        {
            return Err(self.damaged(format!("the entry of run `{}` is not what was written", run.id)));
        }
        Ok(run)
    }

    /// Compares a signal with its seal.
    fn unseal_signal(&self, read: rusqlite::Result<(Signal, Option<i64>)>) -> Result<Signal, Error> {
        let (signal, seal) = read.map_err(|source| Error::sqlite(&self.path, source))?;
        if is_broken(seal, || seal::of_signal(&signal)) {
            return Err(self.damaged(format!("signal `{}` is not what was written", signal.id)));
        }
        Ok(signal)
    }

    /// Compares an answer with its seal.
    fn unseal_answer(&self, (answer, seal): (Answer, Option<i64>)) -> Result<Answer, Error> {
        if is_broken(seal, || seal::of_answer(&answer)) {
            let short: String = answer.hash[..4].iter().map(|byte| format!("{byte:02x}")).collect();
            return Err(self.damaged(format!("the answer `{short}…` of a call is not what was written")));
        }
        Ok(answer)
    }

    fn damaged(&self, detail: String) -> Error {
        Error::Damaged { path: self.path.clone(), detail }
    }

    /// Runs a read on a connection of its own.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => file::open_to_read(&self.path, self.patience)?,
        };
        let result = read(&connection).map_err(|source| Error::sqlite(&self.path, source));
        let mut idle = idle();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }
}

/// A run with its seals; a row of an earlier version has none.
pub(crate) struct Sealed {
    pub run: Run,
    begun: Option<i64>,
    state: Option<i64>,
}

pub(crate) fn read_run(row: &rusqlite::Row<'_>) -> rusqlite::Result<Sealed> {
    let run = Run {
        id: row.get(0)?,
        workflow: row.get(1)?,
        plan: row.get(2)?,
        state: row.get(3)?,
        started: row.get(4)?,
        ended: row.get(5)?,
    };
    Ok(Sealed { run, begun: row.get(6)?, state: row.get(7)? })
}

/// A signal and its seal.
fn read_signal(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Signal, Option<i64>)> {
    let text = |at| row.get::<_, String>(at).map(Arc::from);
    let run = row.get::<_, Option<String>>(2)?.map(Arc::from);
    let signal = Signal { id: text(0)?, name: text(1)?, run, time: row.get(3)?, body: row.get(4)? };
    Ok((signal, row.get(5)?))
}

/// An answer and its seal.
fn read_answer(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Answer, Option<i64>)> {
    let answer = Answer { hash: row.get(0)?, time: row.get(1)?, body: row.get(2)? };
    Ok((answer, row.get(3)?))
}

/// True if there is a seal, and it is not that of what was read.
fn is_broken(seal: Option<i64>, wanted: impl FnOnce() -> i64) -> bool {
    seal.is_some_and(|seal| seal != wanted())
}
