//! What the world can tell a run. A stale or repeated input means nothing.

use dsl::catalog::Failure;
use dsl::value::Value;
use serde::{Deserialize, Serialize};

use crate::command::Timer;
use crate::run::{At, Attempt, RunId};

/// What the world says.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The run begins.
    Start(Start),
    /// A call came back.
    Returned {
        /// Which step's.
        at: At,
        /// Which try of it.
        attempt: Attempt,
        /// What it gave. The driver has already sealed a large value.
        result: Result<Value, Failure>,
    },
    /// A call was under way when the process died, and must not be repeated unasked.
    InDoubt {
        /// Which step's.
        at: At,
        /// Which try of it.
        attempt: Attempt,
    },
    /// A timer that a command asked for is due.
    Fired(Timer),
    /// A person or a program wants it to end.
    Cancel(Cancel),
    /// Goes on with what one bounded step left open.
    Nudge,
}

/// What a run is given when it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The run's id.
    pub run: RunId,
    /// An object with the workflow's inputs, defaults filled in, checked.
    pub inputs: Value,
    /// What caused it, as the language's `trigger`.
    pub trigger: Value,
    /// Kept with the run for whoever started it, such as where its files are; nobody here looks at it.
    pub note: Value,
}

/// How a run is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancel {
    /// Calls are aborted, every open `finally` still runs.
    Finally,
    /// Ends at once.
    Kill,
}
