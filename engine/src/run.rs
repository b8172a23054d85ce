//! The state of a run: what is true. `evolve` records it, `frame` is what a block's instance holds.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use dsl::catalog::Failure;
use dsl::value::Value;
use dsl::workflow::Phase;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agenda::Agenda;
use crate::command::{Call, Command, Timer, TimerKind};
use crate::event::Recorded;
use crate::fork::Past;
pub use crate::frame::{Asked, Frame, Gather, Open, Slot, State};

/// The name of a run: lower-case letters and digits, sorted by time of start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub Arc<str>);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much of a call's key goes into the name of the run that it makes.
const LETTERS: usize = 10;

impl RunId {
    /// The name of the run that a call with this key makes: the same however often it is made.
    pub fn child(&self, key: &str) -> RunId {
        let key: String = key.chars().take(LETTERS).collect();
        RunId(format!("{self}-{key}").into())
    }

    /// The name that a run shares with all that it calls, at any depth.
    pub fn family(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

/// Which try of a step, from 1.
pub type Attempt = u32;

/// A step within a run: an open block and a place in it. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(u32, u16)", into = "(u32, u16)")]
pub struct At {
    /// The frame: an instance of a block. They count up from 0, the root.
    pub frame: u32,
    /// The step's place in the block.
    pub slot: u16,
}

impl At {
    /// No step but the run itself, for the timer of its longest time.
    pub const RUN: At = At { frame: 0, slot: u16::MAX };
}

impl From<(u32, u16)> for At {
    fn from((frame, slot): (u32, u16)) -> At {
        At { frame, slot }
    }
}

impl From<At> for (u32, u16) {
    fn from(at: At) -> (u32, u16) {
        (at.frame, at.slot)
    }
}

/// The run that called this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Which.
    #[serde(rename = "r")]
    pub run: RunId,
    /// Its step.
    #[serde(rename = "a")]
    pub at: At,
    /// How many runs are around this one.
    #[serde(rename = "d")]
    pub depth: u16,
}

/// Why nothing new starts in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Somebody paused it.
    Paused,
    /// There is no room beside the other runs of its workflow yet.
    Queued,
}

/// How a run stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has no event yet.
    #[default]
    New,
    /// It has begun and not ended.
    Running,
    /// It ended well, with this output.
    Succeeded(Value),
    /// It ended with the first failure that nothing caught.
    Failed(StepFailure),
    /// It was cancelled.
    Cancelled,
}

impl Status {
    /// True if nothing can happen any more.
    pub fn has_ended(&self) -> bool {
        match self {
            Status::New | Status::Running => false,
            Status::Succeeded(_) | Status::Failed(_) | Status::Cancelled => true,
        }
    }
}

/// A failure and the step that it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepFailure {
    /// What happened.
    #[serde(rename = "f")]
    pub failure: Failure,
    /// The path of the step, as in `urgent[3].rank`; empty for the run itself.
    #[serde(rename = "s")]
    pub step: String,
    /// How often it was tried.
    #[serde(rename = "n", default)]
    pub attempts: u32,
}

impl StepFailure {
    /// As `error` and `errors.NAME` show it: `{ message, kind, step, attempts, status }`, where null is no status.
    pub fn to_value(&self) -> Value {
        let status = self.failure.status.map_or(Value::Null, |status| Value::Int(i64::from(status)));
        Value::object([
            ("message", Value::text(self.failure.message.as_str())),
            ("kind", Value::text(self.failure.kind.name())),
            ("step", Value::text(self.step.as_str())),
            ("attempts", Value::Int(i64::from(self.attempts))),
            ("status", status),
        ])
    }
}

/// The state of a run: a fold over its events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Its id, once it has begun.
    pub id: Option<RunId>,
    /// How it stands.
    pub status: Status,
    /// How many rows of the log it has seen: the `seq` of the last.
    pub seq: u64,
    /// What it was given.
    pub inputs: Value,
    /// What caused it.
    pub trigger: Value,
    /// Kept for whoever started it.
    pub note: Value,
    /// The time zone of times without an offset.
    pub zone: Option<Arc<str>>,
    /// The run that called it.
    pub parent: Option<Parent>,
    /// What it takes over from an earlier run.
    pub past: Option<Arc<Past>>,
    /// Why nothing new starts in it.
    pub hold: Option<Hold>,
    /// Signals to it that no step listened for yet, by name, oldest first.
    pub signals: BTreeMap<Arc<str>, VecDeque<Value>>,
    /// The steps that listen, by the signal's name, in the order in which they began to.
    pub listening: BTreeMap<Arc<str>, Vec<At>>,
    /// How many steps it has started.
    pub steps: u64,
    /// When it began.
    pub started: Option<Timestamp>,
    /// True once somebody wants it to end.
    pub cancelled: bool,
    /// True once it has taken longer than it may.
    pub expired: bool,
    /// When it will have taken longer than it may.
    pub timeout: Option<Timestamp>,
    /// True while a nudge is under way.
    pub nudge: bool,
    /// The open instances of blocks.
    pub frames: BTreeMap<u32, Frame>,
    /// The id of the next one.
    pub next: u32,
    /// What is to be looked at: only a memory of what the rest says.
    pub(crate) agenda: Agenda,
}

/// A log that does not fit together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damaged {
    /// A row is missing, or stands twice.
    #[error("row {found} of the log stands where row {expected} should")]
    Order {
        /// Which row should be there.
        expected: u64,
        /// Which one is.
        found: u64,
    },
    /// The log has rows, but the first does not start a run.
    #[error("the log does not begin with a start")]
    NoStart,
}

impl Run {
    /// Makes a run from its log.
    ///
    /// # Errors
    /// Where rows are missing or out of order, or the first one is no start.
    pub fn fold<'a>(log: impl IntoIterator<Item = &'a Recorded>) -> Result<Run, Damaged> {
        let mut run = Run::default();
        for row in log {
            let expected = run.seq + 1;
            if row.seq != expected {
                return Err(Damaged::Order { expected, found: row.seq });
            }
            run.record(row);
            if run.status == Status::New {
                return Err(Damaged::NoStart);
            }
        }
        Ok(run)
    }

    /// Records one row of the log.
    pub fn record(&mut self, row: &Recorded) {
        self.seq = row.seq;
        for event in &row.events {
            self.evolve(event, row.time);
        }
    }

    /// What is under way: what a driver must take up again after a crash.
    pub fn outstanding(&self) -> Vec<Command> {
        let (mut commands, mut listens) = (vec![], vec![]);
        let mut wake =
            |at, kind, attempt, due| commands.push(Command::Wake(Timer { at, kind, attempt, due }));
        if let Some(due) = self.timeout {
            wake(At::RUN, TimerKind::Timeout, 0, due);
        }
        for (frame, slot, entry) in self.slots() {
            let at = At { frame, slot };
            match &entry.state {
                State::Waiting(due) => wake(at, TimerKind::Wait, 0, *due),
                State::Backoff(due) => wake(at, TimerKind::Backoff, entry.attempts, *due),
                State::Listening(name) => {
                    let (name, since) = (name.clone(), entry.started.unwrap_or_default());
                    listens.push(Command::Listen { at, name, since });
                }
                State::Open(open) => {
                    if let Gather::Repeat { round, pause: Some(due), .. } = &open.gather {
                        wake(at, TimerKind::Every, *round, *due);
                    }
                }
                State::Calling(_)
                | State::Asking(_)
                | State::Doubtful(_)
                | State::Pending
                | State::Due
                | State::Done(_)
                | State::Skipped
                | State::Failed { .. }
                | State::Dropped => {}
            }
            if let Some(due) = entry.timeout {
                wake(at, TimerKind::Timeout, entry.timed_attempt(), due);
            }
        }
        commands.append(&mut listens);
        commands.extend(self.calls().map(|call| Command::Call(call.clone())));
        if self.nudge {
            commands.push(Command::Nudge);
        }
        commands
    }

    /// The calls that are under way.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.slots().filter_map(|(_, _, slot)| match &slot.state {
            State::Calling(call) => Some(&**call),
            _ => None,
        })
    }

    fn slots(&self) -> impl Iterator<Item = (u32, u16, &Slot)> {
        self.frames.iter().flat_map(|(id, frame)| (0..).zip(&frame.slots).map(|(at, slot)| (*id, at, slot)))
    }

    /// The step at this place, if its block is open.
    pub fn slot(&self, at: At) -> Option<&Slot> {
        self.frames.get(&at.frame)?.slots.get(usize::from(at.slot))
    }

    pub(crate) fn slot_mut(&mut self, at: At) -> Option<&mut Slot> {
        self.frames.get_mut(&at.frame)?.slots.get_mut(usize::from(at.slot))
    }

    /// The block that is open at this place, if one is.
    pub fn open(&self, at: At) -> Option<&Open> {
        match &self.slot(at)?.state {
            State::Open(open) => Some(open),
            _ => None,
        }
    }

    pub(crate) fn open_mut(&mut self, at: At) -> Option<&mut Open> {
        match &mut self.slot_mut(at)?.state {
            State::Open(open) => Some(open),
            _ => None,
        }
    }

    /// True if nothing may start in this instance: it or something around it has failed, run out of time
    /// or been cancelled. A `finally` that has begun is shielded from what is around it.
    pub(crate) fn is_stopped(&self, frame: u32) -> bool {
        self.around(frame, |run, id, entry| entry.stopped || (id == 0 && run.cancelled))
    }

    /// True if calls in this instance must be given up.
    pub(crate) fn is_aborted(&self, frame: u32) -> bool {
        // A failure lets calls finish; only what has run out of time or was cancelled does not wait.
        self.around(frame, |run, id, entry| id == 0 && (run.cancelled || run.aborts(entry)))
    }

    fn aborts(&self, root: &Frame) -> bool {
        self.expired && root.phase == Phase::Body
    }

    /// Walks outward as far as a `finally` shields, until `found` holds or a block has run out of time.
    fn around(&self, mut id: u32, found: impl Fn(&Run, u32, &Frame) -> bool) -> bool {
        while let Some(frame) = self.frames.get(&id) {
            if found(self, id, frame) {
                return true;
            }
            match frame.parent {
                Some(parent) if frame.phase != Phase::Finally => {
                    if self.open(parent).is_some_and(|open| open.expired.is_some()) {
                        return true;
                    }
                    id = parent.frame;
                }
                _ => return false,
            }
        }
        false
    }

    /// True if what is around this instance has stopped, so that it cannot go on but for its `finally`.
    pub(crate) fn is_stopped_around(&self, frame: u32) -> bool {
        match self.frames.get(&frame).and_then(|entry| entry.parent) {
            None => frame == 0 && self.cancelled,
            Some(parent) => {
                self.open(parent).is_some_and(|open| open.expired.is_some()) || self.is_stopped(parent.frame)
            }
        }
    }
}
