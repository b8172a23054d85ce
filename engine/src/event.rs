//! What can have happened, and its stored form. An event is kept for ever: variants and optional fields may
//! be added; nothing is ever renamed or reused.

use std::fmt;
use std::sync::Arc;

use dsl::catalog::Safety;
use dsl::value::Value;
use dsl::workflow::Phase;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::command::{Call, Command, Emitted, Timer, TimerKind};
use crate::fork::Past;
use crate::frame::Asked;
use crate::run::{At, Attempt, Hold, Parent, RunId, StepFailure};
use crate::spent::Spent;

/// What was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The run began.
    #[serde(rename = "run")]
    RunStarted {
        /// Its id.
        #[serde(rename = "r")]
        run: RunId,
        /// What it was given.
        #[serde(rename = "i")]
        inputs: Value,
        /// What caused it.
        #[serde(rename = "c", default, skip_serializing_if = "Value::is_null")]
        trigger: Value,
        /// Kept for whoever started it.
        #[serde(rename = "n", default, skip_serializing_if = "Value::is_null")]
        note: Value,
        /// The time zone of times without an offset.
        #[serde(rename = "z", default, skip_serializing_if = "Option::is_none")]
        zone: Option<Arc<str>>,
        /// The run that called it.
        #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
        parent: Option<Parent>,
        /// What it takes over from an earlier run.
        #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
        past: Option<Arc<Past>>,
    },
    /// Nothing new starts until it is released.
    #[serde(rename = "h")]
    RunHeld {
        /// Why.
        #[serde(rename = "w")]
        why: Hold,
    },
    /// It goes on.
    #[serde(rename = "hr")]
    RunReleased {},
    /// A signal to the run that no step listens for yet.
    #[serde(rename = "g")]
    SignalKept {
        /// Its name.
        #[serde(rename = "n")]
        name: Arc<str>,
        /// What it carries.
        #[serde(rename = "v", default, skip_serializing_if = "Value::is_null")]
        value: Value,
    },
    /// A step took the oldest kept signal of a name, and ended well with what it carries.
    #[serde(rename = "gt")]
    SignalTaken {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// The name.
        #[serde(rename = "n")]
        name: Arc<str>,
    },
    /// A step raised a signal.
    #[serde(rename = "ge")]
    SignalEmitted {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// The signal.
        #[serde(rename = "s")]
        signal: Emitted,
    },
    /// A step waits for a signal.
    #[serde(rename = "gl")]
    StepListening {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// The signal's name.
        #[serde(rename = "n")]
        name: Arc<str>,
    },
    /// A step asks a person.
    #[serde(rename = "q")]
    StepAsked {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// What it asks.
        #[serde(rename = "q")]
        asked: Asked,
    },
    /// Whether a call took effect is not known, and a person is asked.
    #[serde(rename = "d")]
    StepInDoubt {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// Which try.
        #[serde(rename = "n")]
        attempt: Attempt,
    },
    /// A step took over what it gave in an earlier run.
    #[serde(rename = "u")]
    StepReused {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// What it gave.
        #[serde(rename = "v", default, skip_serializing_if = "Value::is_null")]
        value: Value,
    },
    /// The run ended well.
    #[serde(rename = "end")]
    RunSucceeded {
        /// What it gave.
        #[serde(rename = "v")]
        gave: Gave,
    },
    /// The run ended with the first failure that nothing caught.
    #[serde(rename = "bad")]
    RunFailed {
        /// That failure.
        #[serde(rename = "f")]
        failure: Arc<StepFailure>,
    },
    /// The run ended because somebody said so.
    #[serde(rename = "gone")]
    RunCancelled {},
    /// Somebody wants the run to end.
    #[serde(rename = "cancel")]
    CancelRequested {},
    /// The run took longer than it may.
    #[serde(rename = "late")]
    RunExpired {},
    /// More is to be done than one input may cause.
    #[serde(rename = "y")]
    Yielded {},
    /// What was left open is taken up again.
    #[serde(rename = "yr")]
    Resumed {},
    /// An instance of a block was opened.
    #[serde(rename = "fo")]
    FrameOpened {
        /// Its id.
        #[serde(rename = "f")]
        frame: u32,
        /// The step that it belongs to; none for the root.
        #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
        parent: Option<At>,
        /// The block of the plan.
        #[serde(rename = "b", default, skip_serializing_if = "is_zero")]
        block: u32,
        /// Which item from 0, which round from 1, else 0.
        #[serde(rename = "i", default, skip_serializing_if = "is_zero")]
        index: u32,
        /// How many steps it has.
        #[serde(rename = "n")]
        slots: u16,
    },
    /// A block went on to its handler or to its end.
    #[serde(rename = "fp")]
    PhaseBegan {
        /// The instance.
        #[serde(rename = "f")]
        frame: u32,
        /// Which part begins.
        #[serde(rename = "p")]
        phase: Phase,
    },
    /// Nothing new starts in these instances: from `frame` outward to `until`, and all that is in them.
    #[serde(rename = "fs")]
    Stopped {
        /// The innermost.
        #[serde(rename = "f")]
        frame: u32,
        /// The outermost.
        #[serde(rename = "u")]
        until: u32,
        /// Why.
        #[serde(rename = "e")]
        failure: Arc<StepFailure>,
    },
    /// An instance of a block has ended.
    #[serde(rename = "fc")]
    FrameClosed {
        /// Which.
        #[serde(rename = "f")]
        frame: u32,
        /// What it gave.
        #[serde(rename = "v")]
        gave: Gave,
        /// True if this was a round after which `until` held.
        #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
        met: bool,
    },
    /// A step is left out.
    #[serde(rename = "k")]
    StepSkipped {
        /// Which.
        #[serde(rename = "a")]
        at: At,
        /// Why.
        #[serde(rename = "w")]
        why: Why,
    },
    /// A call goes out.
    #[serde(rename = "s")]
    StepStarted {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// Which try.
        #[serde(rename = "n")]
        attempt: Attempt,
        /// The action's id.
        #[serde(rename = "c")]
        action: Arc<str>,
        /// Its rendered parameters.
        #[serde(rename = "i")]
        args: Value,
        /// What may be repeated after a crash.
        #[serde(rename = "s")]
        safety: Safety,
        /// `step.key`.
        #[serde(rename = "k")]
        key: Arc<str>,
        /// How long an earlier answer may be used instead.
        #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
        cache: Option<SignedDuration>,
        /// The named connection; without it, the owner's only one.
        #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
        connection: Option<Arc<str>>,
    },
    /// The longest time of an attempt, of a wait, of a block or of the run runs.
    #[serde(rename = "st")]
    TimeoutSet {
        /// When it is over.
        #[serde(rename = "t")]
        timer: Timer,
    },
    /// A step pauses the run.
    #[serde(rename = "sw")]
    StepWaiting {
        /// Which.
        #[serde(rename = "a")]
        at: At,
        /// Until when.
        #[serde(rename = "t")]
        until: Timestamp,
    },
    /// A pause is over: between two tries, or between two rounds.
    #[serde(rename = "sd")]
    StepDue {
        /// Whose.
        #[serde(rename = "a")]
        at: At,
    },
    /// A step has asked models. What comes of that comes with the next event.
    #[serde(rename = "ma")]
    ModelsAsked {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// What that took.
        #[serde(rename = "s")]
        spent: Spent,
    },
    /// A step ended well.
    #[serde(rename = "o")]
    StepSucceeded {
        /// Which.
        #[serde(rename = "a")]
        at: At,
        /// What it gave.
        #[serde(rename = "v", default, skip_serializing_if = "Value::is_null")]
        value: Value,
        /// Where it is an earlier answer that was used again: when that one came.
        #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
    },
    /// A step, or one try of it, failed.
    #[serde(rename = "x")]
    StepFailed {
        /// Which.
        #[serde(rename = "a")]
        at: At,
        /// How.
        #[serde(rename = "e")]
        failure: Arc<StepFailure>,
        /// What follows.
        #[serde(rename = "h")]
        then: Then,
    },
    /// A call was given up: the step is over, or fails with the next event.
    #[serde(rename = "sx")]
    CallAborted {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// Which try.
        #[serde(rename = "n")]
        attempt: Attempt,
    },
    /// A step that had begun is given up, since what it stands in has stopped.
    #[serde(rename = "sz")]
    StepDropped {
        /// Which.
        #[serde(rename = "a")]
        at: At,
    },
    /// A step that is a block began.
    #[serde(rename = "bo")]
    BlockOpened {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// What decides which instances are opened.
        #[serde(rename = "h")]
        head: Head,
    },
    /// A block took longer than it may.
    #[serde(rename = "bt")]
    BlockExpired {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// With what it fails once all in it has ended.
        #[serde(rename = "e")]
        failure: Arc<StepFailure>,
    },
    /// A block pauses before its next round.
    #[serde(rename = "bw")]
    RoundPaused {
        /// The step.
        #[serde(rename = "a")]
        at: At,
        /// The round that has ended.
        #[serde(rename = "n")]
        round: u32,
        /// Until when.
        #[serde(rename = "t")]
        until: Timestamp,
    },
    /// A step that is a block ended well. Its value stands in what its instances gave.
    #[serde(rename = "bd")]
    BlockDone {
        /// The step.
        #[serde(rename = "a")]
        at: At,
    },
}

/// What an instance of a block gave. A value that stands elsewhere in the log is not repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Gave {
    /// This.
    #[serde(rename = "v")]
    Value(Value),
    /// What the step at this place gave.
    #[serde(rename = "s")]
    Slot(u16),
    /// An object of what steps gave: null where there is no place.
    #[serde(rename = "m")]
    Map(Vec<(Arc<str>, Option<u16>)>),
    /// Nothing: it failed or was stopped.
    #[serde(rename = "n")]
    Nothing,
}

/// What decides which instances of a block are opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Head {
    /// One for each item.
    #[serde(rename = "e")]
    Each {
        /// A list, or an object whose entries become `{ key, value }`.
        #[serde(rename = "v")]
        items: Value,
        /// How many there are.
        #[serde(rename = "n")]
        count: u32,
    },
    /// At most so many rounds.
    #[serde(rename = "r")]
    Repeat {
        /// How many.
        #[serde(rename = "n")]
        rounds: u32,
        /// What `last` is in the first.
        #[serde(rename = "v", default, skip_serializing_if = "Value::is_null")]
        start: Value,
    },
    /// One.
    #[serde(rename = "o")]
    One,
}

/// Why a step is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Why {
    /// Its `if` is false.
    #[serde(rename = "c")]
    Condition,
    /// It reads a step that gave nothing.
    #[serde(rename = "s")]
    Step(Arc<str>),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Condition => f.write_str("its condition is false"),
            Why::Step(name) => write!(f, "`{name}` gave nothing"),
        }
    }
}

/// What follows a failure of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Then {
    /// Another try.
    #[serde(rename = "r")]
    Retry {
        /// When.
        #[serde(rename = "t")]
        due: Timestamp,
    },
    /// The step is null, and its block goes on.
    #[serde(rename = "c")]
    Continue,
    /// Its block fails.
    #[serde(rename = "f")]
    Fatal,
}

/// The events that one input caused: one row of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Counts the rows of a run from 1. `(run, seq)` is the version check of a commit.
    pub seq: u64,
    /// When it was decided.
    pub time: Timestamp,
    /// What was decided, never empty.
    pub events: Vec<Event>,
}

impl Event {
    /// What a driver must do because this happened at a time, if anything.
    pub fn command(&self, time: Timestamp) -> Option<Command> {
        match self {
            Event::StepListening { at, name } => {
                Some(Command::Listen { at: *at, name: name.clone(), since: time })
            }
            Event::SignalEmitted { signal, .. } => Some(Command::Emit(signal.clone())),
            Event::StepStarted { at, attempt, action, args, safety, key, cache, connection } => {
                Some(Command::Call(Call {
                    at: *at,
                    attempt: *attempt,
                    action: action.clone(),
                    args: args.clone(),
                    safety: *safety,
                    key: key.clone(),
                    cache: *cache,
                    connection: connection.clone(),
                }))
            }
            Event::TimeoutSet { timer } => Some(Command::Wake(*timer)),
            Event::StepWaiting { at, until } => {
                Some(Command::Wake(Timer { at: *at, kind: TimerKind::Wait, attempt: 0, due: *until }))
            }
            Event::StepFailed { at, failure, then: Then::Retry { due } } => Some(Command::Wake(Timer {
                at: *at,
                kind: TimerKind::Backoff,
                attempt: failure.attempts,
                due: *due,
            })),
            Event::RoundPaused { at, round, until } => {
                Some(Command::Wake(Timer { at: *at, kind: TimerKind::Every, attempt: *round, due: *until }))
            }
            Event::CallAborted { at, attempt } => Some(Command::Abort { at: *at, attempt: *attempt }),
            Event::Yielded {} => Some(Command::Nudge),
            Event::RunStarted { .. }
            | Event::RunHeld { .. }
            | Event::RunReleased {}
            | Event::SignalKept { .. }
            | Event::SignalTaken { .. }
            | Event::StepAsked { .. }
            | Event::StepInDoubt { .. }
            | Event::StepReused { .. }
            | Event::RunSucceeded { .. }
            | Event::RunFailed { .. }
            | Event::RunCancelled {}
            | Event::CancelRequested {}
            | Event::RunExpired {}
            | Event::Resumed {}
            | Event::FrameOpened { .. }
            | Event::PhaseBegan { .. }
            | Event::Stopped { .. }
            | Event::FrameClosed { .. }
            | Event::StepSkipped { .. }
            | Event::StepDue { .. }
            | Event::ModelsAsked { .. }
            | Event::StepSucceeded { .. }
            | Event::StepFailed { then: Then::Continue | Then::Fatal, .. }
            | Event::StepDropped { .. }
            | Event::BlockOpened { .. }
            | Event::BlockExpired { .. }
            | Event::BlockDone { .. } => None,
        }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
