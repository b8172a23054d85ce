//! What moves runs.

use std::sync::Arc;

use dsl::value::Value;
use engine::event::Recorded;
use engine::input::{Cancel, Start};
use engine::plan::Plan;
use engine::run::RunId;
use jiff::Timestamp;

/// What moves runs: in memory for tests and dry runs, on SQLite for everything else.
pub trait Driver: Send + Sync {
    /// Starts a run; returns once its start is committed.
    ///
    /// # Errors
    /// Where the start could not be recorded.
    fn start(&self, plan: Arc<Plan>, start: Start) -> Result<(), Error>;
    /// Cancels a run; one that has ended stays as it is.
    ///
    /// # Errors
    /// Where there is no such run or it could not be recorded.
    fn cancel(&self, run: &RunId, how: Cancel) -> Result<(), Error>;
    /// Takes up a run that is not finished and not under way, as after a crash. Nothing if it is under way.
    ///
    /// # Errors
    /// Where there is no such run, or its log is damaged.
    fn resume(&self, run: &RunId) -> Result<(), Error>;
    /// What has been recorded of a run, in order.
    ///
    /// # Errors
    /// Where there is no such run, or its log is damaged.
    fn history(&self, run: &RunId) -> Result<Vec<Recorded>, Error>;
    /// The plan that a run follows.
    ///
    /// # Errors
    /// Where there is no such run, or its plan is damaged.
    fn plan(&self, run: &RunId) -> Result<Arc<Plan>, Error>;
    /// All runs, latest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn list(&self) -> Result<Vec<Summary>, Error>;
    /// Follows a run: what is recorded from now on, and the end of the channel when the run has ended.
    /// Together with `history` (ask after `watch`, skip what was seen by `seq`) nothing is missed.
    fn watch(&self, run: &RunId) -> tokio::sync::mpsc::UnboundedReceiver<Recorded>;
    /// A large value by its hash.
    fn value(&self, hash: &dsl::value::Hash) -> Option<Value>;
}

/// One run in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The run.
    pub run: RunId,
    /// The workflow's name.
    pub workflow: String,
    /// `running`, `succeeded`, `failed` or `cancelled`.
    pub state: State,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// How a run in a list stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not ended.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended with a failure.
    Failed,
    /// Ended because somebody said so.
    Cancelled,
}

/// We cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no run of this name.
    #[error("there is no run `{0}`")]
    NoRun(RunId),
}
