//! What a driver must make happen. A command is a function of one event, and goes out after its commit.

use std::sync::Arc;

use dsl::catalog::Safety;
use dsl::value::Value;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::run::{At, Attempt, RunId};

/// What a driver must do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Carry out a call and answer with `Input::Returned`.
    Call(Call),
    /// Answer with `Input::Fired` when it is due.
    Wake(Timer),
    /// Give up a call; its answer will mean nothing.
    Abort {
        /// Which step's.
        at: At,
        /// Which try of it.
        attempt: Attempt,
    },
    /// Answer with `Input::Nudge` at once.
    Nudge,
    /// Answer with `Input::Signal` when a signal of this name comes that is for no other run.
    Listen {
        /// The step that listens.
        at: At,
        /// The name.
        name: Arc<str>,
        /// Since when: of all that listen, the first is woken.
        since: Timestamp,
    },
    /// Keep a signal for whoever listens, in the commit that keeps the event.
    Emit(Emitted),
}

/// A signal that a step raised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Emitted {
    /// Its id, by which raising it twice is raising it once: the step's key.
    #[serde(rename = "k")]
    pub id: Arc<str>,
    /// Its name.
    #[serde(rename = "n")]
    pub name: Arc<str>,
    /// What it carries.
    #[serde(rename = "v", default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
    /// The run that it is for; without it, any.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub to: Option<RunId>,
}

/// One try of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The step.
    pub at: At,
    /// Which try of it.
    pub attempt: Attempt,
    /// The action's id, `connector.action`.
    pub action: Arc<str>,
    /// Its rendered parameters: an object; large values may be references.
    pub args: Value,
    /// What may be repeated after a crash.
    pub safety: Safety,
    /// `step.key`: the same over crashes, timeouts and lost answers, new after a recorded answer.
    pub key: Arc<str>,
    /// How long an earlier answer may be used instead.
    pub cache: Option<SignedDuration>,
    /// The named connection; without it, the owner's only one.
    pub connection: Option<Arc<str>>,
}

/// Something that must happen at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timer {
    /// Which step's; `At::RUN` for the longest time of the run.
    #[serde(rename = "a")]
    pub at: At,
    /// What it is for.
    #[serde(rename = "k")]
    pub kind: TimerKind,
    /// Which try of the step, or which round of a `repeat`; 0 for a wait, a block or the run.
    #[serde(rename = "n", default)]
    pub attempt: Attempt,
    /// When. A timer that fires earlier is ignored.
    #[serde(rename = "t")]
    pub due: Timestamp,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// The next try of a step.
    Backoff,
    /// The pause between two rounds of a `repeat`.
    Every,
    /// The longest time of an attempt, a block or the run.
    Timeout,
    /// A `wait`.
    Wait,
}
