//! Where runs are kept: in memory or in SQLite. A batch is kept whole or not at all.

pub mod memory;
pub mod sqlite;

use std::sync::Arc;

use dsl::value::{Hash, Value};
use engine::command::Emitted;
use engine::event::Recorded;
use engine::plan::Plan;
use engine::run::{At, Attempt, RunId};
use jiff::Timestamp;
use store::Book;
use store::arrivals::Arrival;

use crate::driver::{Error, State, Summary};

/// Keeps runs. It is written by one driver, and read by anybody meanwhile.
pub trait Journal: Send + Sync + 'static {
    /// Keeps a batch: all of it once this returns, nothing of it on an error.
    ///
    /// # Errors
    /// Where it cannot be written, or somebody else wrote one of its rows.
    fn commit(&self, batch: &Batch) -> Result<(), Error>;
    /// What was recorded of a run after row `after`, in order; empty if there is no such run.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn log(&self, run: &RunId, after: u64) -> Result<Vec<Recorded>, Error>;
    /// The first row of a run's log: how it began.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn first(&self, run: &RunId) -> Result<Option<Recorded>, Error>;
    /// How a run stands and which plan it follows.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn run(&self, run: &RunId) -> Result<Option<(Summary, Hash)>, Error>;
    /// All runs, latest first.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn runs(&self) -> Result<Vec<Summary>, Error>;
    /// The greatest name of a run, by its bytes.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn greatest(&self) -> Result<Option<RunId>, Error> {
        Ok(self.runs()?.into_iter().map(|summary| summary.run).max())
    }
    /// The runs that have not ended, earliest first.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn unfinished(&self) -> Result<Vec<RunId>, Error>;
    /// A plan by its digest.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn plan(&self, digest: &Hash) -> Result<Option<Plan>, Error>;
    /// The signals that nobody has taken yet, earliest first. One that cannot be read keeps nobody from the others.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn signals(&self) -> Result<Vec<Result<Mail, Error>>, Error>;
    /// The answer of a call by its hash, and when it came.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn answer(&self, hash: &Hash) -> Result<Option<(Timestamp, Value)>, Error>;
    /// What became of something that has come over a trigger (owner, workflow, text), by what makes it unique. Where no
    /// books are kept, nothing has come before.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn arrival(&self, _of: [&str; 3], _key: &[u8; 32]) -> Result<Option<Arrival>, Error> {
        Ok(None)
    }
    /// The answers of all calls, with their hashes and when they came.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn answers(&self) -> Result<Vec<(Hash, Timestamp, Value)>, Error>;
    /// The hashes of all large values.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn values(&self) -> Result<Vec<Hash>, Error>;
    /// A large value by its hash.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn value(&self, hash: &Hash) -> Result<Option<Value>, Error>;
}

/// What goes into one commit: what a number of inputs meant to a number of runs.
#[derive(Debug, Default)]
pub struct Batch {
    /// Plans that may not be there yet.
    pub plans: Vec<(Hash, Arc<Plan>)>,
    /// Runs that begin.
    pub begun: Vec<Begun>,
    /// Rows of logs, in order.
    pub rows: Vec<(RunId, Recorded)>,
    /// Large values that may not be there yet.
    pub values: Vec<(Hash, Value)>,
    /// Runs that end.
    pub ended: Vec<Ended>,
    /// Signals that nobody has taken yet.
    pub mail: Vec<Mail>,
    /// The ids of signals that were taken.
    pub taken: Vec<Arc<str>>,
    /// Answers of calls by the hash of the call.
    pub answers: Vec<(Hash, Timestamp, Value)>,
    /// Who asked models for answers of this batch.
    pub answered_by: Vec<(Earlier, Asker)>,
    /// Who used an answer of an earlier call again.
    pub reused: Vec<Reused>,
    /// Runs that go, with their logs and signals, and the plans that no other run follows.
    pub removed: Vec<RunId>,
    /// Answers that go if they are still those of these times.
    pub stale: Vec<(Hash, Timestamp)>,
    /// Large values that go, before those of this batch are kept.
    pub dropped: Vec<Hash>,
    /// What is written into the books about schedules.
    pub books: Vec<Book>,
}

/// Which answer of a call: by the hash of the call, and when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The hash of the call.
    pub hash: Hash,
    /// When it came.
    pub time: Timestamp,
}

/// A try of a step, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Whose run it is.
    pub owner: Arc<str>,
    /// The run.
    pub run: RunId,
    /// The step.
    pub at: At,
    /// Which try of it.
    pub attempt: Attempt,
}

/// An answer that was used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reused {
    /// Which answer.
    pub kept: Earlier,
    /// By whom.
    pub by: Asker,
    /// When.
    pub time: Timestamp,
}

/// A signal on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// The signal.
    pub signal: Emitted,
    /// When it was raised.
    pub time: Timestamp,
}

/// A run that begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun {
    /// The run.
    pub run: RunId,
    /// The workflow's name.
    pub workflow: String,
    /// Whose it is, as far as the `owner` of its note says it.
    pub owner: Option<std::sync::Arc<str>>,
    /// The digest of its plan.
    pub plan: Hash,
    /// When.
    pub time: Timestamp,
}

/// A run that ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The run.
    pub run: RunId,
    /// How.
    pub state: State,
    /// When.
    pub time: Timestamp,
}

impl Batch {
    /// True if there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        let removes = !(self.removed.is_empty() && self.stale.is_empty() && self.dropped.is_empty());
        self.rows.is_empty()
            && self.books.is_empty()
            && self.mail.is_empty()
            && self.taken.is_empty()
            && !removes
    }

    /// Empties it and keeps its buffers.
    pub fn clear(&mut self) {
        self.plans.clear();
        self.begun.clear();
        self.rows.clear();
        self.values.clear();
        self.ended.clear();
        self.mail.clear();
        self.taken.clear();
        self.answers.clear();
        self.answered_by.clear();
        self.reused.clear();
        self.removed.clear();
        self.stale.clear();
        self.dropped.clear();
        self.books.clear();
    }
}
