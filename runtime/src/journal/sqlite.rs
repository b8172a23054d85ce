//! Runs kept in a SQLite file. Events, plans and values are stored as compact JSON.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dsl::value::{Hash, Value};
use engine::command::Emitted;
use engine::event::{Event, Recorded};
use engine::plan::Plan;
use engine::run::RunId;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::driver::{Error, State, Summary};
use crate::executor::place;
use crate::journal::{Asker, Batch, Earlier, Journal, Mail};

/// How long a commit waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs kept in a SQLite file.
pub struct Sqlite {
    // Dropped before the writer, which then closes the file tidily.
    reader: Arc<store::Reader>,
    writer: Option<Writing>,
    path: PathBuf,
}

/// Which runs are wanted in a list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Those of a workflow.
    pub workflow: Option<String>,
    /// Those that stand like this.
    pub state: Option<State>,
    /// Those that began then or later.
    pub since: Option<Timestamp>,
}

struct Writing {
    desk: Arc<store::Desk>,
    rows: Mutex<store::Batch>,
}

impl Sqlite {
    /// Opens a file to move its runs; makes it if there is none.
    ///
    /// # Errors
    /// Where it cannot be used; the error says why and what to do.
    pub fn open(path: &Path) -> Result<Sqlite, Error> {
        Sqlite::over(Arc::new(store::Desk::open(path, PATIENCE)?))
    }

    /// Keeps runs in a file whose one writer is shared with others.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn over(desk: Arc<store::Desk>) -> Result<Sqlite, Error> {
        let path = desk.path().to_owned();
        let reader = desk.reader()?;
        Ok(Sqlite { reader, writer: Some(Writing { desk, rows: Mutex::default() }), path })
    }

    /// Opens an existing file to read it, also while another process moves its runs.
    ///
    /// # Errors
    /// Where it cannot be used; the error says why and what to do.
    pub fn open_to_read(path: &Path) -> Result<Sqlite, Error> {
        let reader = store::Reader::open(path, PATIENCE)?;
        reader.check()?;
        Ok(Sqlite { reader: Arc::new(reader), writer: None, path: path.to_owned() })
    }

    /// So many runs that began before one, the latest first; the latest of all where none is named.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn page(&self, before: Option<&RunId>, most: usize) -> Result<Vec<Summary>, Error> {
        let runs = self.reader.runs_before(before.map(|run| &*run.0), most)?;
        runs.into_iter().map(|run| self.summary(run)).collect()
    }

    /// So many runs of an owner that began before one, the latest first, and only such as are wanted; the owner is empty for
    /// runs whose notes name none. Runs of which it was not kept whose they are come along: their logs say it.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn page_of(
        &self,
        owner: &str,
        before: Option<&RunId>,
        most: usize,
        wanted: &Wanted,
    ) -> Result<Vec<Summary>, Error> {
        let runs = match (wanted.state, before, &wanted.workflow, wanted.since) {
            (Some(State::Running), None, None, None) => self.reader.unfinished_of(owner, most)?,
            (state, before, workflow, since) => {
                let wanted = store::pages::Wanted {
                    workflow: workflow.as_deref(),
                    state: state.map(State::name),
                    since: since.map(nanoseconds),
                };
                self.reader.runs_of(owner, before.map(|run| &*run.0), most, wanted)?
            }
        };
        runs.into_iter().map(|run| self.summary(run)).collect()
    }

    /// True if a run is an owner's by what stands beside it, or nothing stands there; its log says it. It takes as long where
    /// the run is another's as where there is none.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn is_of(&self, run: &RunId, owner: &str) -> Result<bool, Error> {
        Ok(self.reader.is_of(&run.0, owner)?)
    }

    /// How many rows the log of a run has.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn rows(&self, run: &RunId) -> Result<u64, Error> {
        Ok(self.reader.last_row(&run.0)?)
    }

    /// How many batches it has written since it was opened.
    pub fn commits(&self) -> u64 {
        self.writer.as_ref().map_or(0, |writing| writing.desk.commits())
    }

    /// Reads back the settings of the connection that writes; nothing where it was opened to read.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn pragmas(&self) -> Result<Option<store::Pragmas>, Error> {
        let Some(writing) = &self.writer else { return Ok(None) };
        Ok(Some(writing.desk.pragmas()?))
    }

    fn damaged(&self, detail: impl Into<String>) -> Error {
        store::Error::Damaged { path: self.path.clone(), detail: detail.into() }.into()
    }

    fn decode<T: DeserializeOwned>(&self, what: &str, bytes: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(bytes).map_err(|error| self.damaged(format!("{what} cannot be read: {error}")))
    }

    fn summary(&self, run: store::Run) -> Result<Summary, Error> {
        let state = State::ALL.into_iter().find(|state| state.name() == run.state);
        Ok(Summary {
            state: state.ok_or_else(|| self.damaged(format!("a run is `{}`", run.state)))?,
            run: RunId(run.id.into()),
            workflow: run.workflow,
            started: timestamp(run.started),
            ended: run.ended.map(timestamp),
        })
    }
}

/// Damage of what is stored of one run concerns that run alone; the others go on.
fn of_run(run: &RunId, error: store::Error) -> Error {
    match error {
        store::Error::Damaged { detail, .. } => Error::Damaged { run: run.clone(), detail },
        other => other.into(),
    }
}

impl Journal for Sqlite {
    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        let Some(writing) = &self.writer else {
            let detail = "it was opened to be read".to_owned();
            return Err(store::Error::CannotWrite { path: self.path.clone(), detail }.into());
        };
        let mut rows = writing.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.clear();
        encode(batch, &mut rows)
            .map_err(|error| self.damaged(format!("an event cannot be written: {error}")))?;
        Ok(writing.desk.append(&rows)?)
    }

    fn log(&self, run: &RunId, after: u64) -> Result<Vec<Recorded>, Error> {
        let mut rows = vec![];
        let read = self.reader.log(&run.0, after, &mut |row| rows.push(recorded(run, row)));
        read.map_err(|error| of_run(run, error))?;
        rows.into_iter().collect()
    }

    fn first(&self, run: &RunId) -> Result<Option<Recorded>, Error> {
        let mut first = None;
        let read = self.reader.first(&run.0, &mut |row| first = Some(recorded(run, row)));
        read.map_err(|error| of_run(run, error))?;
        first.transpose()
    }

    fn run(&self, run: &RunId) -> Result<Option<(Summary, Hash)>, Error> {
        let read = self.reader.run(&run.0).map_err(|error| of_run(run, error));
        let Some(row) = read? else { return Ok(None) };
        let plan = Hash(row.plan);
        Ok(Some((self.summary(row)?, plan)))
    }

    fn runs(&self) -> Result<Vec<Summary>, Error> {
        self.reader.runs()?.into_iter().map(|run| self.summary(run)).collect()
    }

    fn greatest(&self) -> Result<Option<RunId>, Error> {
        Ok(self.reader.greatest_run()?.map(|run| RunId(run.into())))
    }

    fn unfinished(&self) -> Result<Vec<RunId>, Error> {
        Ok(self.reader.unfinished()?.into_iter().map(|run| RunId(run.into())).collect())
    }

    fn plan(&self, digest: &Hash) -> Result<Option<Plan>, Error> {
        let Some(bytes) = self.reader.plan(&digest.0)? else { return Ok(None) };
        if Hash::of(&bytes) != *digest {
            return Err(self.damaged(format!("plan {digest} has another content")));
        }
        self.decode("a plan", &bytes).map(Some)
    }

    fn signals(&self) -> Result<Vec<Result<Mail, Error>>, Error> {
        let kept = self.reader.signals()?.into_iter();
        let read = kept.map(|signal| {
            let signal = signal?;
            let value = self.decode("a signal", signal.body.as_bytes())?;
            let to = signal.run.map(RunId);
            let time = timestamp(signal.time);
            Ok(Mail { signal: Emitted { id: signal.id, name: signal.name, value, to }, time })
        });
        Ok(read.collect())
    }

    fn arrival(&self, of: [&str; 3], key: &[u8; 32]) -> Result<Option<store::arrivals::Arrival>, Error> {
        Ok(self.reader.arrival(of, key)?)
    }

    fn answer(&self, hash: &Hash) -> Result<Option<(Timestamp, Value)>, Error> {
        let Some(answer) = self.reader.answer(&hash.0)? else { return Ok(None) };
        let value = self.decode("an answer", answer.body.as_bytes())?;
        Ok(Some((timestamp(answer.time), value)))
    }

    fn answers(&self) -> Result<Vec<(Hash, Timestamp, Value)>, Error> {
        let read = self.reader.answers()?.into_iter().map(|answer| {
            let value = self.decode("an answer", answer.body.as_bytes())?;
            Ok((Hash(answer.hash), timestamp(answer.time), value))
        });
        read.collect()
    }

    fn values(&self) -> Result<Vec<Hash>, Error> {
        Ok(self.reader.values()?.into_iter().map(Hash).collect())
    }

    fn value(&self, hash: &Hash) -> Result<Option<Value>, Error> {
        let Some(bytes) = self.reader.value(&hash.0)? else { return Ok(None) };
        if Hash::of(&bytes) != *hash {
            return Err(self.damaged(format!("value {hash} has another content")));
        }
        self.decode("a value", &bytes).map(Some)
    }
}

fn encode(batch: &Batch, rows: &mut store::Batch) -> serde_json::Result<()> {
    for (digest, plan) in &batch.plans {
        rows.plans.push(store::Plan { digest: digest.0, body: serde_json::to_vec(&**plan)? });
    }
    for (hash, value) in &batch.values {
        rows.values.push(store::Value { hash: hash.0, body: value.stored() });
    }
    rows.runs.extend(batch.begun.iter().map(|begun| store::NewRun {
        id: begun.run.0.clone(),
        workflow: begun.workflow.clone(),
        owner: Some(begun.owner.as_deref().unwrap_or_default().to_owned()),
        plan: begun.plan.0,
        state: State::Running.name(),
        started: nanoseconds(begun.time),
    }));
    for (run, row) in &batch.rows {
        rows.event(&run.0, row.seq, nanoseconds(row.time), |to| serde_json::to_writer(to, &row.events))?;
    }
    rows.ends.extend(batch.ended.iter().map(|ended| store::End {
        run: ended.run.0.clone(),
        state: ended.state.name(),
        ended: nanoseconds(ended.time),
    }));
    for mail in &batch.mail {
        rows.signals.push(store::Signal {
            id: mail.signal.id.clone(),
            name: mail.signal.name.clone(),
            run: mail.signal.to.as_ref().map(|run| run.0.clone()),
            time: nanoseconds(mail.time),
            body: serde_json::to_string(&mail.signal.value)?,
        });
    }
    rows.books.extend(batch.books.iter().cloned());
    rows.taken.extend(batch.taken.iter().cloned());
    rows.removed.extend(batch.removed.iter().map(|run| run.0.clone()));
    rows.stale.extend(batch.stale.iter().map(|(hash, time)| (hash.0, nanoseconds(*time))));
    rows.dropped.extend(batch.dropped.iter().map(|hash| hash.0));
    for (hash, time, value) in &batch.answers {
        let body = serde_json::to_string(value)?;
        rows.answers.push(store::Answer { hash: hash.0, time: nanoseconds(*time), body });
    }
    let kept = |it: &Earlier| store::Kept { hash: it.hash.0, time: nanoseconds(it.time) };
    rows.answered_by.extend(batch.answered_by.iter().map(|(it, by)| (kept(it), asker(by))));
    rows.reused.extend(batch.reused.iter().map(|reused| store::Reused {
        kept: kept(&reused.kept),
        by: asker(&reused.by),
        time: nanoseconds(reused.time),
    }));
    Ok(())
}

fn asker(by: &Asker) -> store::Asker {
    store::Asker {
        owner: by.owner.clone(),
        run: by.run.0.clone(),
        place: place(by.at),
        attempt: i64::from(by.attempt),
    }
}

/// A row of a log as it stands in the file.
fn recorded(run: &RunId, row: store::Row<'_>) -> Result<Recorded, Error> {
    let events: Vec<Event> = serde_json::from_slice(row.body).map_err(|error| Error::Damaged {
        run: run.clone(),
        detail: format!("row {} of its log cannot be read: {error}", row.seq),
    })?;
    Ok(Recorded { seq: row.seq, time: timestamp(row.time), events })
}

/// Nanoseconds since 1970, which fit until the year 2262.
fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}
