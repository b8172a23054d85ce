//! Cleaning beside runs that go on. The thread that moves the runs removes, in its own commits; who asked reads the
//! logs of what stays, in a thread of their own. Decision 0032 says why nothing is removed that a run needs.

use std::collections::{BTreeSet, HashSet};

use dsl::value::{Hash, Value};
use engine::large;
use engine::run::RunId;
use jiff::Timestamp;

use super::Local;
use super::mover::Message;
use crate::clean::{Cleaned, Keeping, overdue};
use crate::driver::Error;
use crate::journal::Journal;

/// How many runs, or values, go in one commit.
const AT_ONCE: usize = 64;

impl Local {
    /// Removes the runs that need not be kept any more, with their logs and signals, the answers of calls that are
    /// as old, and the large values that nothing refers to any more.
    ///
    /// # Errors
    /// Where the journal cannot be read or written. What was removed until then is removed whole.
    pub fn clean(&self, keeping: &Keeping, now: Timestamp) -> Result<Cleaned, Error> {
        // One at a time: a second one would end the guard of the first.
        let _alone = self.cleaning.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut cleaned = Cleaned::default();
        for families in batches(overdue(&*self.journal, keeping, now)?) {
            let runs = families.clone();
            self.ask(|reply| Message::Remove { runs, reply })?;
            cleaned.runs.extend(families);
        }
        let before = now.saturating_sub(keeping.younger_than).unwrap_or(Timestamp::MIN);
        let old = self.journal.answers()?.into_iter().filter(|(_, time, _)| *time < before);
        let old: Vec<(Hash, Timestamp)> = old.map(|(hash, time, _)| (hash, time)).collect();
        cleaned.answers = old.len();
        for answers in old.chunks(AT_ONCE) {
            let answers = answers.to_vec();
            self.ask(|reply| Message::Forget { answers, reply })?;
        }
        cleaned.values = self.sweep()?;
        Ok(cleaned)
    }

    /// What `clean` would remove, but for large values: which of them are free is known once the runs are gone.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn overdue(&self, keeping: &Keeping, now: Timestamp) -> Result<Cleaned, Error> {
        let runs = overdue(&*self.journal, keeping, now)?.into_iter().flatten().collect();
        let before = now.saturating_sub(keeping.younger_than).unwrap_or(Timestamp::MIN);
        let answers = self.journal.answers()?.iter().filter(|(_, time, _)| *time < before).count();
        Ok(Cleaned { runs, answers, ..Cleaned::default() })
    }

    /// The contents of files that what is kept refers to: the logs of all runs, signals on their way, answers of calls and
    /// large values.
    ///
    /// # Errors
    /// Where the journal cannot be read. What cannot be read may refer to any.
    pub fn files(&self) -> Result<BTreeSet<Hash>, Error> {
        files(&*self.journal)
    }

    /// Removes the large values that nothing refers to. From `Guard` on, the thread that moves the runs notes what
    /// is referred to anew, so that what is found here and what is noted there is all that there is.
    fn sweep(&self) -> Result<usize, Error> {
        let _unguard = Unguard(self);
        self.ask(|reply| Message::Guard { reply })?;
        let all = self.journal.values()?;
        let needed = needed(&*self.journal)?;
        let free: Vec<Hash> = all.into_iter().filter(|hash| !needed.contains(hash)).collect();
        for hashes in free.chunks(AT_ONCE) {
            let hashes = hashes.to_vec();
            self.ask(|reply| Message::Drop { hashes, reply })?;
        }
        // What was noted meanwhile is still there.
        let left: HashSet<Hash> = self.journal.values()?.into_iter().collect();
        Ok(free.iter().filter(|hash| !left.contains(*hash)).count())
    }
}

/// The contents of files that a journal refers to.
///
/// # Errors
/// Where it cannot be read. What cannot be read may refer to any.
pub fn files(journal: &dyn Journal) -> Result<BTreeSet<Hash>, Error> {
    let mut found = BTreeSet::new();
    let mut see = |value: &Value| {
        value.each_kept(&mut |hash| {
            found.insert(*hash);
        });
    };
    each_value(journal, &mut see)?;
    for hash in journal.values()? {
        journal.value(&hash)?.iter().for_each(&mut see);
    }
    Ok(found)
}

/// Ends the guard, however the sweep ends.
struct Unguard<'a>(&'a Local);

impl Drop for Unguard<'_> {
    fn drop(&mut self) {
        self.0.send(Message::Unguard);
    }
}

/// Families in groups that go in one commit; a family is never parted.
fn batches(families: Vec<Vec<RunId>>) -> Vec<Vec<RunId>> {
    let mut batches: Vec<Vec<RunId>> = vec![];
    for family in families {
        match batches.last_mut() {
            Some(last) if last.len() + family.len() <= AT_ONCE => last.extend(family),
            _ => batches.push(family),
        }
    }
    batches
}

/// The large values that what is kept refers to: the logs of all runs, signals on their way, answers of calls, and
/// the large values themselves.
fn needed(journal: &dyn Journal) -> Result<HashSet<Hash>, Error> {
    let mut found = vec![];
    each_value(journal, &mut |value| value.each_big(&mut |big| found.push(big.hash)))?;
    // What cannot be read may hold others: nothing is removed then.
    reached(found, |hash| journal.value(hash))
}

/// Calls `found` for each value in the logs of all runs, in signals on their way and in answers of calls.
fn each_value(journal: &dyn Journal, found: &mut dyn FnMut(&Value)) -> Result<(), Error> {
    for run in journal.runs()? {
        for event in journal.log(&run.run, 0)?.iter().flat_map(|row| &row.events) {
            large::each_value(event, found);
        }
    }
    for mail in journal.signals()? {
        found(&mail?.signal.value);
    }
    for (_, _, value) in journal.answers()? {
        found(&value);
    }
    Ok(())
}

/// These values and those that they refer to in turn.
fn reached<E>(
    mut found: Vec<Hash>,
    value: impl Fn(&Hash) -> Result<Option<Value>, E>,
) -> Result<HashSet<Hash>, E> {
    let mut reached = HashSet::new();
    while let Some(hash) = found.pop() {
        if reached.insert(hash)
            && let Some(value) = value(&hash)?
        {
            value.each_big(&mut |big| found.push(big.hash));
        }
    }
    Ok(reached)
}

/// What is referred to anew while a sweep is under way.
#[derive(Debug, Default)]
pub(super) struct Noted {
    hashes: Option<HashSet<Hash>>,
}

impl Noted {
    /// Begins to note.
    pub fn begin(&mut self) {
        self.hashes = Some(HashSet::new());
    }

    /// Ends it.
    pub fn end(&mut self) {
        self.hashes = None;
    }

    /// Notes a value that an event refers to.
    pub fn note(&mut self, hash: Hash) {
        if let Some(hashes) = &mut self.hashes {
            hashes.insert(hash);
        }
    }

    /// Of these values those that may go: nothing where nobody notes, else all that were not noted and that are
    /// not reached from what was, nor from `others`.
    ///
    /// # Errors
    /// Where a value cannot be read.
    pub fn free(
        &self,
        hashes: Vec<Hash>,
        others: Vec<Hash>,
        journal: &dyn Journal,
    ) -> Result<Vec<Hash>, Error> {
        let Some(noted) = &self.hashes else { return Ok(vec![]) };
        let kept = reached(noted.iter().copied().chain(others).collect(), |hash| journal.value(hash))?;
        Ok(hashes.into_iter().filter(|hash| !kept.contains(hash)).collect())
    }
}
