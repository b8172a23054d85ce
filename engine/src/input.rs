//! What the world can tell a run. A stale or repeated input means nothing.

use std::sync::Arc;

use dsl::catalog::Failure;
use dsl::value::Value;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::Timer;
use crate::fork::Past;
use crate::run::{At, Attempt, Hold, Parent, RunId};
use crate::spent::Spent;

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
        /// Where it is an earlier answer that is used again: when that one came.
        from: Option<Timestamp>,
        /// What it took, where models were asked.
        spent: Option<Spent>,
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
    /// A signal came. It wakes the step of this run that has listened longest for its name.
    Signal {
        /// Its name.
        name: Arc<str>,
        /// What it carries.
        value: Value,
        /// The step that it is meant for. Where that listens no more it means nothing; a signal to the whole
        /// run is kept until a step listens.
        to: Option<At>,
    },
    /// A person answered a question.
    Answer {
        /// Which step's.
        at: At,
        /// What they said. The driver has checked it.
        answer: Answer,
    },
    /// A person settled a doubt.
    Resolve {
        /// Which step's.
        at: At,
        /// What they know.
        known: Known,
    },
    /// Nothing new is to start until `Release`.
    Hold(Hold),
    /// What was held for this reason goes on.
    Release(Hold),
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
    /// The time zone of times without an offset, by its IANA name; without it UTC.
    pub zone: Option<Arc<str>>,
    /// The run that called this one.
    pub parent: Option<Parent>,
    /// What it takes over from an earlier run.
    pub past: Option<Arc<Past>>,
    /// True where it may not begin yet.
    pub hold: Option<Hold>,
}

impl Start {
    /// A start by hand, without anything special.
    pub fn new(run: RunId, inputs: Value, trigger: Value) -> Start {
        Start { run, inputs, trigger, note: Value::Null, zone: None, parent: None, past: None, hold: None }
    }
}

/// What a person says to a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Yes or no.
    pub choice: Choice,
    /// Who they are.
    pub by: Option<Arc<str>>,
    /// What they add.
    pub comment: Option<Arc<str>>,
    /// What they filled in: an object.
    pub values: Value,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

/// What a person knows of a call that was cut off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// It happened, and gave this.
    Happened(Value),
    /// It did not happen: it is made again.
    DidNot,
    /// It is not to be made again: the step fails.
    Stop,
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
