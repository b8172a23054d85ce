//! What moves runs.

use std::sync::Arc;

use dsl::value::Value;
use engine::command::Emitted;
use engine::event::Recorded;
use engine::input::{Cancel, Input, Start};
use engine::plan::Plan;
use engine::run::{RunId, Status};
use jiff::Timestamp;

/// What moves runs: in memory for tests and dry runs, on SQLite for everything else.
pub trait Driver: Send + Sync {
    /// Starts a run; returns once its start is committed.
    ///
    /// # Errors
    /// Where there is a run of this name, or the start could not be recorded.
    fn start(&self, plan: Arc<Plan>, start: Start) -> Result<(), Error>;
    /// Cancels a run; one that has ended stays as it is.
    ///
    /// # Errors
    /// Where there is no such run or it could not be recorded.
    fn cancel(&self, run: &RunId, how: Cancel) -> Result<(), Error>;
    /// Tells a run something: an answer, a signal, that it is to pause or to go on.
    ///
    /// # Errors
    /// Where there is no such run, nothing in it waits for that (`Error::Stale`), or it could not be recorded.
    fn tell(&self, run: &RunId, input: Input) -> Result<(), Error>;
    /// Raises a signal for whichever step has listened longest for it; where none does, it is kept until one
    /// does. Raising it twice under one id is raising it once.
    ///
    /// # Errors
    /// Where it could not be recorded.
    fn signal(&self, signal: Emitted) -> Result<(), Error>;
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
    /// The runs that have begun and not ended, earliest first: what to `resume` when a process begins.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn unfinished(&self) -> Result<Vec<RunId>, Error>;
    /// One run.
    ///
    /// # Errors
    /// Where there is no such run, or the store cannot be read.
    fn summary(&self, run: &RunId) -> Result<Summary, Error>;
    /// All runs, latest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn list(&self) -> Result<Vec<Summary>, Error>;
    /// Follows a run: what is recorded from here on, and the end of the channel when the run has ended (at
    /// once where it has ended already) or the driver stops. It may be asked before the run is started.
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
    /// How it stands.
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

impl State {
    /// All of them.
    pub const ALL: [State; 4] = [State::Running, State::Succeeded, State::Failed, State::Cancelled];

    /// The word for it, in the store and for people.
    pub fn name(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Succeeded => "succeeded",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
        }
    }

    /// How a run with this status stands.
    pub fn of(status: &Status) -> State {
        match status {
            Status::New | Status::Running => State::Running,
            Status::Succeeded(_) => State::Succeeded,
            Status::Failed(_) => State::Failed,
            Status::Cancelled => State::Cancelled,
        }
    }
}

/// We cannot go on.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no run of this name.
    #[error("there is no run `{0}`")]
    NoRun(RunId),
    /// A run of this name has been started before.
    #[error("there is a run `{0}` already")]
    Exists(RunId),
    /// Nothing in the run waits for what it was told.
    #[error("nothing in run `{0}` waits for that")]
    Stale(RunId),
    /// As many runs of the workflow are under way as may be, and a further one is left out.
    #[error("as many runs of `{0}` are under way as may be at once")]
    Full(String),
    /// The workflow says something about its runs that cannot be evaluated.
    #[error("{0}")]
    Refused(String),
    /// What is stored of a run cannot be read.
    #[error("what is stored of run `{run}` is damaged: {detail}")]
    Damaged {
        /// The run.
        run: RunId,
        /// What was found.
        detail: String,
    },
    /// The store said no.
    #[error(transparent)]
    Store(Arc<store::Error>),
    /// The driver moves nothing any more.
    #[error("this process is stopping")]
    Stopped,
}

impl Error {
    /// What to do about it, where there is something to say.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Error::NoRun(_) => Some("`keyway runs` lists the runs there are"),
            Error::Exists(_) => Some("start it under another name, or resume it"),
            Error::Stale(_) => Some("`keyway show RUN` tells what it waits for"),
            Error::Full(_) => Some("wait for one of them to end, or cancel one"),
            Error::Refused(_) => None,
            Error::Damaged { .. } => Some("restore the store from a backup; the other runs go on"),
            Error::Store(error) => Some(error.help()),
            Error::Stopped => None,
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        Error::Store(Arc::new(error))
    }
}
