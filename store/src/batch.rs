//! What goes into one transaction: rows of many runs.

use std::sync::Arc;

use crate::Book;

/// What goes into one transaction. It is cleared and filled again, so that its buffers are used over and over.
#[derive(Debug, Default)]
pub struct Batch {
    /// Plans; one that is there already stays as it is.
    pub plans: Vec<Plan>,
    /// Runs that begin.
    pub runs: Vec<NewRun>,
    /// Large values; one that is there already stays as it is.
    pub values: Vec<Value>,
    /// Runs that end.
    pub ends: Vec<End>,
    /// Signals; one that is there already stays as it is.
    pub signals: Vec<Signal>,
    /// The ids of signals that were taken.
    pub taken: Vec<Arc<str>>,
    /// Answers of calls; a later one takes the place of an earlier one.
    pub answers: Vec<Answer>,
    /// Who asked models for answers of this batch: what it cost stands in the ledger.
    pub answered_by: Vec<(Kept, Asker)>,
    /// Who used an answer again for which models were asked before: the ledger has a row for each.
    pub reused: Vec<Reused>,
    /// The ids of runs that go, with their logs and signals, and the plans that no other run follows.
    pub removed: Vec<Arc<str>>,
    /// Answers that go if they are still those of these times: hash and time.
    pub stale: Vec<([u8; 32], i64)>,
    /// The hashes of large values that go, before those of this batch are written.
    pub dropped: Vec<[u8; 32]>,
    /// What is written into the books about workflows and schedules.
    pub books: Vec<Book>,
    events: Vec<Event>,
    bodies: Vec<u8>,
}

/// A plan by its digest.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The digest that names it.
    pub digest: [u8; 32],
    /// Its stored form.
    pub body: Vec<u8>,
}

/// A run that begins.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its id.
    pub id: Arc<str>,
    /// The workflow's name.
    pub workflow: String,
    /// Whose it is; empty where nobody is named, and nothing where that is not known.
    pub owner: Option<String>,
    /// The digest of its plan.
    pub plan: [u8; 32],
    /// How it stands, in a word.
    pub state: &'static str,
    /// When it began, in nanoseconds since 1970.
    pub started: i64,
}

/// A run that ends.
#[derive(Clone, Debug)]
pub struct End {
    /// Its id.
    pub run: Arc<str>,
    /// How it ended, in a word.
    pub state: &'static str,
    /// When, in nanoseconds since 1970.
    pub ended: i64,
}

/// A large value by its hash.
#[derive(Clone, Debug)]
pub struct Value {
    /// The hash of its stored form.
    pub hash: [u8; 32],
    /// Its stored form, not yet compressed.
    pub body: Vec<u8>,
}

/// A signal that nobody has taken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its id.
    pub id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The run that it is for; without it, any.
    pub run: Option<Arc<str>>,
    /// When it was raised, in nanoseconds since 1970.
    pub time: i64,
    /// What it carries, in its stored form.
    pub body: String,
}

/// The answer of a call, to be used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The hash of the call.
    pub hash: [u8; 32],
    /// When it came, in nanoseconds since 1970.
    pub time: i64,
    /// The answer in its stored form.
    pub body: String,
}

/// Which answer of a call: by the hash of the call, and when it came in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The hash of the call.
    pub hash: [u8; 32],
    /// When it came.
    pub time: i64,
}

/// A try of a step of a run, as the ledger names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Whose run.
    pub owner: Arc<str>,
    /// The run.
    pub run: Arc<str>,
    /// Which of its steps.
    pub place: String,
    /// Which try of the step.
    pub attempt: i64,
}

/// An answer that was used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reused {
    /// Which answer.
    pub kept: Kept,
    /// By whom.
    pub by: Asker,
    /// When, in nanoseconds since 1970.
    pub time: i64,
}

/// A row of a log; its body is a part of the batch's `bodies`.
#[derive(Debug)]
struct Event {
    run: Arc<str>,
    seq: u64,
    time: i64,
    end: usize,
}

impl Batch {
    /// Adds a row to the log of a run. `write` appends its body, which is text, to the buffer.
    pub fn event<E>(
        &mut self,
        run: &Arc<str>,
        seq: u64,
        time: i64,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let begin = self.bodies.len();
        if let Err(error) = write(&mut self.bodies) {
            self.bodies.truncate(begin);
            return Err(error);
        }
        self.events.push(Event { run: run.clone(), seq, time, end: self.bodies.len() });
        Ok(())
    }

    /// Empties it and keeps its buffers.
    pub fn clear(&mut self) {
        self.plans.clear();
        self.runs.clear();
        self.values.clear();
        self.ends.clear();
        self.signals.clear();
        self.taken.clear();
        self.answers.clear();
        self.answered_by.clear();
        self.reused.clear();
        self.removed.clear();
        self.stale.clear();
        self.dropped.clear();
        self.books.clear();
        self.events.clear();
        self.bodies.clear();
    }

    /// The rows of logs, in the order in which they were added: run, seq, time, body.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Arc<str>, u64, i64, &[u8])> {
        self.events.iter().scan(0, |begin, event| {
            let body = &self.bodies[*begin..event.end];
            *begin = event.end;
            Some((&event.run, event.seq, event.time, body))
        })
    }
}
