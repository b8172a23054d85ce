//! Runs kept in memory, for tests and dry runs.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dsl::value::{Hash, Value};
use engine::event::Recorded;
use engine::plan::Plan;
use engine::run::RunId;
use jiff::Timestamp;

use crate::driver::{Error, State, Summary};
use crate::journal::{Batch, Journal, Mail};

/// Runs kept in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    plans: HashMap<Hash, Arc<Plan>>,
    runs: BTreeMap<RunId, Entry>,
    values: HashMap<Hash, Value>,
    mail: Vec<Mail>,
    answers: HashMap<Hash, (Timestamp, Value)>,
}

#[derive(Debug)]
struct Entry {
    summary: Summary,
    plan: Hash,
    log: Vec<Recorded>,
}

impl Memory {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The first row that somebody else wrote, as SQLite would find it.
    fn conflict(&self, batch: &Batch) -> Option<RunId> {
        let begun = batch.begun.iter().find(|begun| self.runs.contains_key(&begun.run));
        if let Some(begun) = begun {
            return Some(begun.run.clone());
        }
        let mut next: HashMap<&RunId, u64> = HashMap::new();
        for (run, row) in &batch.rows {
            let kept = self.runs.get(run).map_or(0, |entry| entry.log.len() as u64);
            let expected = next.entry(run).or_insert(kept);
            *expected += 1;
            if row.seq != *expected {
                return Some(run.clone());
            }
        }
        None
    }
}

impl Journal for Memory {
    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        if !batch.books.is_empty() {
            let (path, detail) = (Path::new("memory").to_owned(), "it keeps no schedules".into());
            return Err(store::Error::CannotWrite { path, detail }.into());
        }
        let mut kept = self.kept();
        if let Some(run) = kept.conflict(batch) {
            let path = Path::new("memory").to_owned();
            return Err(store::Error::Conflict { path, run: run.to_string() }.into());
        }
        kept.answers.retain(|hash, (time, _)| !batch.stale.contains(&(*hash, *time)));
        batch.dropped.iter().for_each(|hash| drop(kept.values.remove(hash)));
        kept.plans.extend(batch.plans.iter().cloned());
        kept.values.extend(batch.values.iter().cloned());
        for begun in &batch.begun {
            let summary = Summary {
                run: begun.run.clone(),
                workflow: begun.workflow.clone(),
                state: State::Running,
                started: begun.time,
                ended: None,
            };
            kept.runs.insert(begun.run.clone(), Entry { summary, plan: begun.plan, log: vec![] });
        }
        for (run, row) in &batch.rows {
            if let Some(entry) = kept.runs.get_mut(run) {
                entry.log.push(row.clone());
            }
        }
        for ended in &batch.ended {
            if let Some(entry) = kept.runs.get_mut(&ended.run) {
                entry.summary.state = ended.state;
                entry.summary.ended = Some(ended.time);
            }
        }
        for mail in &batch.mail {
            if kept.mail.iter().all(|known| known.signal.id != mail.signal.id) {
                kept.mail.push(mail.clone());
            }
        }
        kept.mail.retain(|mail| !batch.taken.contains(&mail.signal.id));
        if !batch.removed.is_empty() {
            batch.removed.iter().for_each(|run| drop(kept.runs.remove(run)));
            kept.mail.retain(|mail| mail.signal.to.as_ref().is_none_or(|run| !batch.removed.contains(run)));
            let followed: Vec<Hash> = kept.runs.values().map(|entry| entry.plan).collect();
            kept.plans.retain(|digest, _| followed.contains(digest));
        }
        let answers = batch.answers.iter();
        kept.answers.extend(answers.map(|(hash, time, value)| (*hash, (*time, value.clone()))));
        Ok(())
    }

    fn signals(&self) -> Result<Vec<Result<Mail, Error>>, Error> {
        Ok(self.kept().mail.iter().cloned().map(Ok).collect())
    }

    fn answer(&self, hash: &Hash) -> Result<Option<(Timestamp, Value)>, Error> {
        Ok(self.kept().answers.get(hash).cloned())
    }

    fn log(&self, run: &RunId, after: u64) -> Result<Vec<Recorded>, Error> {
        let kept = self.kept();
        let log = kept.runs.get(run).map_or(&[][..], |entry| &entry.log);
        Ok(log.iter().filter(|row| row.seq > after).cloned().collect())
    }

    fn first(&self, run: &RunId) -> Result<Option<Recorded>, Error> {
        Ok(self.kept().runs.get(run).and_then(|entry| entry.log.first().cloned()))
    }

    fn run(&self, run: &RunId) -> Result<Option<(Summary, Hash)>, Error> {
        Ok(self.kept().runs.get(run).map(|entry| (entry.summary.clone(), entry.plan)))
    }

    fn runs(&self) -> Result<Vec<Summary>, Error> {
        let mut runs: Vec<Summary> = self.kept().runs.values().map(|entry| entry.summary.clone()).collect();
        runs.sort_by(|a, b| (b.started, &b.run).cmp(&(a.started, &a.run)));
        Ok(runs)
    }

    fn unfinished(&self) -> Result<Vec<RunId>, Error> {
        let kept = self.kept();
        let open = kept.runs.iter().filter(|(_, entry)| entry.summary.ended.is_none());
        Ok(open.map(|(run, _)| run.clone()).collect())
    }

    fn plan(&self, digest: &Hash) -> Result<Option<Plan>, Error> {
        Ok(self.kept().plans.get(digest).map(|plan| (**plan).clone()))
    }

    fn answers(&self) -> Result<Vec<(Hash, Timestamp, Value)>, Error> {
        let kept = self.kept();
        Ok(kept.answers.iter().map(|(hash, (time, value))| (*hash, *time, value.clone())).collect())
    }

    fn values(&self) -> Result<Vec<Hash>, Error> {
        Ok(self.kept().values.keys().copied().collect())
    }

    fn value(&self, hash: &Hash) -> Result<Option<Value>, Error> {
        Ok(self.kept().values.get(hash).cloned())
    }
}
