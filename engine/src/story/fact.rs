//! What an event tells people, in a form that needs nothing else to be understood.

use std::fmt;
use std::sync::Arc;

use dsl::catalog::Safety;
use jiff::Timestamp;
use serde::Serialize;

use crate::run::{Hold, RunId, StepFailure};

/// One thing that happened, to a step or to the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// The run began.
    Began {
        /// The run that called it.
        #[serde(skip_serializing_if = "Option::is_none")]
        called_by: Option<RunId>,
        /// The run that it takes over from.
        #[serde(skip_serializing_if = "Option::is_none")]
        takes_over_from: Option<RunId>,
        /// What is done anew.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        anew: Vec<String>,
    },
    /// Nothing new starts.
    Held {
        /// Why.
        why: Hold,
    },
    /// It goes on.
    Released,
    /// A signal came that no step waits for yet.
    SignalKept {
        /// Its name.
        signal: Arc<str>,
    },
    /// Somebody wants the run to end.
    CancelAsked,
    /// The run took longer than it may.
    RunExpired,
    /// The run ended.
    Ended {
        /// How.
        status: &'static str,
        /// The failure that ended it.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Failed>,
    },
    /// Nothing new starts in a block, or in the whole run.
    Stopped {
        /// Because of this.
        failure: Failed,
    },
    /// A block, or the run, went on to its handler or its end.
    Part {
        /// Which: `catch`, `finally` or `on_failure`.
        part: &'static str,
    },
    /// An item or a round of a block, or the block itself, began.
    InstanceBegan,
    /// It ended.
    InstanceEnded,
    /// Much is to be done at once: other runs go first.
    Yielded,
    /// What was left is taken up.
    Resumed,
    /// What it gave in an earlier run holds here.
    TakenOver {
        /// What it gave.
        value: serde_json::Value,
    },
    /// It was left out.
    Skipped {
        /// Why.
        why: String,
        /// The step that gave nothing, if that is why.
        #[serde(skip_serializing_if = "Option::is_none")]
        of: Option<Arc<str>>,
    },
    /// A call was sent.
    Sent {
        /// Which try.
        attempt: u32,
        /// To whom.
        action: Arc<str>,
        /// What may be repeated.
        safety: Safety,
        /// Its idempotency key.
        key: Arc<str>,
        /// The run that it makes.
        #[serde(skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
    },
    /// It may not take longer.
    Limited {
        /// Than until then.
        until: Timestamp,
    },
    /// It pauses.
    Pausing {
        /// Until then.
        until: Timestamp,
    },
    /// It waits for a signal.
    Listening {
        /// Of this name.
        signal: Arc<str>,
    },
    /// It took a signal that had come before.
    SignalTaken {
        /// Of this name.
        signal: Arc<str>,
    },
    /// It raised a signal.
    SignalRaised {
        /// Of this name.
        signal: Arc<str>,
        /// For this run alone.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<RunId>,
    },
    /// It asks a person.
    Asked {
        /// Who may answer.
        who: String,
        /// What they read.
        message: Arc<str>,
    },
    /// Whether its call took effect is not known.
    InDoubt {
        /// Which try.
        attempt: u32,
        /// When it was sent.
        #[serde(skip_serializing_if = "Option::is_none")]
        sent: Option<Timestamp>,
    },
    /// Its next try, or round, is due.
    Due,
    /// It ended well.
    Gave {
        /// With this.
        value: serde_json::Value,
        /// Where an earlier answer was used again: when that one came.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
    },
    /// It, or one try of it, failed.
    Failed {
        /// How.
        failure: Failed,
        /// What follows.
        then: Next,
    },
    /// It had begun and was given up.
    GivenUp,
    /// It is a block, and began.
    Opened {
        /// What it consists of.
        parts: Parts,
    },
    /// It took longer than it may.
    Expired {
        /// With what it fails.
        failure: Failed,
    },
    /// It pauses between two rounds.
    RoundPaused {
        /// The round that has ended.
        round: u32,
        /// Until then.
        until: Timestamp,
    },
    /// It is a block, and ended well.
    Done,
}

/// A failure, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// What happened.
    pub message: String,
    /// Of which kind it is.
    pub kind: &'static str,
    /// The step that it came from.
    pub step: String,
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Another try, then.
    Again(Timestamp),
    /// The run goes on without it.
    GoesOn,
    /// Its block fails.
    Ends,
}

/// What a block consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Parts {
    /// So many items.
    Items(u32),
    /// At most so many rounds.
    Rounds(u32),
    /// Its steps, once.
    Steps,
}

impl From<&StepFailure> for Failed {
    fn from(failure: &StepFailure) -> Failed {
        Failed {
            message: failure.failure.message.clone(),
            kind: failure.failure.kind.name(),
            step: failure.step.clone(),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.kind)
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Parts::Items(1) => f.write_str("one item"),
            Parts::Items(count) => write!(f, "{count} items"),
            Parts::Rounds(1) => f.write_str("one round"),
            Parts::Rounds(count) => write!(f, "at most {count} rounds"),
            Parts::Steps => f.write_str("its steps"),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Began { called_by: Some(run), .. } => write!(f, "began, called by run {run}"),
            Fact::Began { takes_over_from: Some(run), .. } => {
                write!(f, "began, and takes over from run {run}")
            }
            Fact::Began { .. } => f.write_str("began"),
            Fact::Held { why: Hold::Paused } => f.write_str("paused: nothing new starts"),
            Fact::Held { why: Hold::Queued } => f.write_str("queued: other runs of the workflow go first"),
            Fact::Released => f.write_str("goes on"),
            Fact::SignalKept { signal } => {
                write!(f, "got the signal `{signal}`, and keeps it for the step that will wait for it")
            }
            Fact::CancelAsked => f.write_str("somebody cancelled it"),
            Fact::RunExpired => f.write_str("took longer than it may"),
            Fact::Ended { status, failure: None } => f.write_str(status),
            Fact::Ended { status, failure: Some(failure) } => write!(f, "{status}: {failure}"),
            Fact::Stopped { failure } => write!(f, "stops: nothing new starts in it ({})", failure.kind),
            Fact::Part { part } => write!(f, "goes on with `{part}`"),
            Fact::InstanceBegan => f.write_str("began"),
            Fact::InstanceEnded => f.write_str("ended"),
            Fact::Yielded => f.write_str("lets other runs go first for a moment"),
            Fact::Resumed => f.write_str("goes on"),
            Fact::TakenOver { .. } => f.write_str("taken over, and not done again"),
            Fact::Skipped { why, .. } => write!(f, "skipped: {why}"),
            Fact::Sent { attempt, action, run, .. } => {
                match run {
                    Some(run) => write!(f, "starts a workflow, as run {run}")?,
                    None => write!(f, "starts `{action}`")?,
                }
                if *attempt > 1 { write!(f, ", attempt {attempt}") } else { Ok(()) }
            }
            Fact::Limited { until } => write!(f, "may take until {until:.0}"),
            Fact::Pausing { until } => write!(f, "pauses until {until:.0}"),
            Fact::Listening { signal } => write!(f, "waits for the signal `{signal}`"),
            Fact::SignalTaken { signal } => write!(f, "took the signal `{signal}`, which had come before"),
            Fact::SignalRaised { signal, to: None } => write!(f, "raised the signal `{signal}`"),
            Fact::SignalRaised { signal, to: Some(run) } => {
                write!(f, "raised the signal `{signal}` for run {run}")
            }
            Fact::Asked { who, message } => write!(f, "asks {who}: {message}"),
            Fact::InDoubt { .. } => {
                f.write_str("in doubt: the process ended before the answer of its call was recorded")
            }
            Fact::Due => f.write_str("is due"),
            Fact::Gave { from: Some(from), .. } => write!(f, "used the answer of {from:.0} again"),
            Fact::Gave { value: serde_json::Value::Null, .. } => f.write_str("succeeded"),
            Fact::Gave { value, .. } => write!(f, "succeeded: {value}"),
            Fact::Failed { failure, then: Next::Again(due) } => {
                write!(f, "failed, again at {due:.0}: {failure}")
            }
            Fact::Failed { failure, then: Next::GoesOn } => {
                write!(f, "failed, and the run goes on without it: {failure}")
            }
            Fact::Failed { failure, then: Next::Ends } => write!(f, "failed: {failure}"),
            Fact::GivenUp => f.write_str("was given up"),
            Fact::Opened { parts } => write!(f, "began: {parts}"),
            Fact::Expired { failure } => write!(f, "took longer than it may: {failure}"),
            Fact::RoundPaused { round, until } => write!(f, "pauses after round {round} until {until:.0}"),
            Fact::Done => f.write_str("succeeded"),
        }
    }
}
