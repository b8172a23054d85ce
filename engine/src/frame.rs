//! What an open instance of a block holds: its steps, and what its own blocks have gathered so far.

use std::collections::BTreeSet;
use std::sync::Arc;

use dsl::value::Value;
use dsl::workflow::Phase;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::Call;
use crate::run::{At, Attempt, StepFailure};
use crate::spent::Spent;

/// An open instance of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The block of the plan.
    pub block: u32,
    /// The step that it belongs to; none for the root.
    pub parent: Option<At>,
    /// Which item from 0, which round from 1, else 0.
    pub index: u32,
    /// Places and indices from the root to here. It orders work: older items come first.
    pub path: Arc<[u32]>,
    /// Which part of the block runs.
    pub phase: Phase,
    /// True if nothing new starts in this part.
    pub stopped: bool,
    /// The first failure in it, if it has failed.
    pub failure: Option<Arc<StepFailure>>,
    /// The failure that its handler handles: `error`.
    pub caught: Option<Arc<StepFailure>>,
    /// Its steps.
    pub slots: Vec<Slot>,
    /// How many steps are under way.
    pub live: u32,
    /// How many steps have ended.
    pub ended: u32,
    /// How many had ended when this part began.
    pub base: u32,
}

/// A step of an open block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slot {
    /// How it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: Attempt,
    /// Counts its answers that were recorded and did not end it: a part of `step.key`.
    pub round: u32,
    /// What was sent with the present key, where the service honours keys: a call that is made again with its
    /// key is the same call.
    pub sent: Option<Value>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// When it, or its attempt, will have taken longer than it may.
    pub timeout: Option<Timestamp>,
    /// What models took that were asked by it, or by the steps in it.
    pub spent: Option<Box<Spent>>,
}

impl Slot {
    /// The attempt that a timeout belongs to: 0 for waits and blocks.
    pub(crate) fn timed_attempt(&self) -> Attempt {
        match &self.state {
            State::Calling(call) => call.attempt,
            _ => 0,
        }
    }
}

/// How a step stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum State {
    /// It has not begun.
    #[default]
    Pending,
    /// Its next try may start as soon as there is room.
    Due,
    /// A call is under way.
    Calling(Box<Call>),
    /// It pauses until then.
    Waiting(Timestamp),
    /// It waits for a signal of this name.
    Listening(Arc<str>),
    /// It waits for a person's answer.
    Asking(Box<Asked>),
    /// Its call was cut off; it waits for a person who knows what came of it.
    Doubtful(Box<Call>),
    /// Its next try comes then.
    Backoff(Timestamp),
    /// It is a block with instances.
    Open(Box<Open>),
    /// It ended well, with this value.
    Done(Value),
    /// It was left out.
    Skipped,
    /// It failed for good.
    Failed {
        /// How.
        failure: Arc<StepFailure>,
        /// True if its block goes on.
        continued: bool,
    },
    /// It had begun and was given up.
    Dropped,
}

impl State {
    /// True if it is under way.
    pub fn is_live(&self) -> bool {
        match self {
            State::Due
            | State::Calling(_)
            | State::Waiting(_)
            | State::Listening(_)
            | State::Asking(_)
            | State::Doubtful(_)
            | State::Backoff(_)
            | State::Open(_) => true,
            State::Pending | State::Done(_) | State::Skipped | State::Failed { .. } | State::Dropped => false,
        }
    }

    /// True if nothing happens to it any more.
    pub fn has_ended(&self) -> bool {
        match self {
            State::Done(_) | State::Skipped | State::Failed { .. } | State::Dropped => true,
            State::Pending
            | State::Due
            | State::Calling(_)
            | State::Waiting(_)
            | State::Listening(_)
            | State::Asking(_)
            | State::Doubtful(_)
            | State::Backoff(_)
            | State::Open(_) => false,
        }
    }

    /// What its readers get: nothing where it gave nothing.
    pub fn value(&self) -> Option<&Value> {
        match self {
            State::Done(value) => Some(value),
            _ => None,
        }
    }
}

/// What a person is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Who may answer: a text or a list of texts; null for the owner.
    #[serde(rename = "w", default, skip_serializing_if = "Value::is_null")]
    pub who: Value,
    /// What they read.
    #[serde(rename = "m")]
    pub message: Arc<str>,
}

/// A step that is a block with open instances.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// Its open instances.
    pub kids: BTreeSet<u32>,
    /// The first failure of one of them that was not taken as a value.
    pub failed: Option<Arc<StepFailure>>,
    /// Set where it has taken longer than it may: with what it fails once all in it has ended.
    pub expired: Option<Arc<StepFailure>>,
    /// How many calls are in flight at any depth within it.
    pub flying: u32,
    /// What it has gathered.
    pub gather: Gather,
}

/// What a block has gathered from its instances.
#[derive(Clone, Debug, PartialEq)]
pub enum Gather {
    /// Values in the order of the items.
    Each {
        /// The items.
        items: Value,
        /// How many there are.
        count: u32,
        /// What those that were opened gave; null where they have not ended.
        results: Vec<Value>,
    },
    /// The value of the last round.
    Repeat {
        /// Rounds at most.
        rounds: u32,
        /// The last round that was opened, from 1; 0 before the first.
        round: u32,
        /// What the round before gave.
        last: Value,
        /// True if `until` held.
        met: bool,
        /// The end of the pause that is under way.
        pause: Option<Timestamp>,
        /// True if the pause after the last round is over.
        rested: bool,
    },
    /// The value of its one instance, once that has ended.
    One(Option<Value>),
}
