//! What is known of a run from its events alone: a second opinion on its state, kept simple.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use dsl::value::Value;
use dsl::workflow::{OnError, Phase};
use engine::command::{Command, Timer, TimerKind};
use engine::input::{Input, Known};
use engine::plan::{Op, Plan, Step};
use engine::run::{At, Hold, StepFailure};
use jiff::Timestamp;

use crate::invariants::Broken;
use crate::takeover::Takeover;

/// What is known of a run from its events alone.
pub struct Model<'a> {
    pub plan: &'a Plan,
    pub frames: BTreeMap<u32, Frame>,
    pub opened: BTreeSet<u32>,
    /// What has been issued and is not done.
    pub issued: BTreeMap<(At, u8), Command>,
    /// The last call of each step.
    pub keys: BTreeMap<At, Sent>,
    pub used_keys: BTreeMap<String, At>,
    pub cancelled: bool,
    /// The instance that the failure which was just decided must stop.
    pub failing: Option<u32>,
    pub first_failure: Option<StepFailure>,
    /// True once the run has ended.
    pub ended: bool,
    /// True once something happened whose outcome depends on timing.
    pub disturbed: bool,
    /// Why nothing starts.
    pub hold: Option<Hold>,
    /// Signals that nobody has listened for yet, oldest first.
    pub kept: BTreeMap<Arc<str>, VecDeque<Value>>,
    /// Who listens, the one that has listened longest first.
    pub listening: BTreeMap<Arc<str>, Vec<At>>,
    /// The ids of the signals that were raised.
    pub raised: BTreeSet<Arc<str>>,
    /// The step that must end well next, since it has just raised a signal.
    pub raising: Option<At>,
    /// How many steps have begun.
    pub begun: u64,
    /// What the input that is being taken in allows.
    pub cause: Cause,
    /// What the run takes over from another.
    pub takeover: Option<Takeover>,
}

/// What an input allows that nothing else does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// Nothing special.
    #[default]
    Other,
    /// A signal came.
    Signal,
    /// A person answered the question of a step.
    Answer(At),
    /// A timer came for a step.
    Timer(At),
    /// Somebody or the step's policy says that a call which was cut off is to be made again.
    Again(At),
    /// Somebody knows what came of the call of a step.
    Known(At),
}

impl Cause {
    /// What an input allows, besides what a policy says.
    pub fn of(input: &Input) -> Cause {
        match input {
            Input::Signal { .. } => Cause::Signal,
            Input::Answer { at, .. } => Cause::Answer(*at),
            Input::Fired(timer) => Cause::Timer(timer.at),
            Input::Resolve { at, known: Known::DidNot } => Cause::Again(*at),
            Input::Resolve { at, known: Known::Happened(_) | Known::Stop } => Cause::Known(*at),
            Input::Start(_)
            | Input::Returned { .. }
            | Input::InDoubt { .. }
            | Input::Hold(_)
            | Input::Release(_)
            | Input::Cancel(_)
            | Input::Nudge => Cause::Other,
        }
    }
}

pub struct Sent {
    pub key: String,
    pub args: Value,
    /// True once an answer to it was recorded.
    pub answered: bool,
}

pub struct Frame {
    pub block: u32,
    /// Its path, as people see it.
    pub path: String,
    /// Which item or round it is.
    pub index: u32,
    pub parent: Option<At>,
    pub phase: Phase,
    pub stopped: bool,
    pub failed: bool,
    pub finally_began: bool,
    pub slots: Vec<Slot>,
}

#[derive(Clone, Default)]
pub struct Slot {
    pub stage: Stage,
    pub attempts: u32,
    pub flying: u32,
    pub expired: bool,
    pub due: Option<Timestamp>,
    pub timeout: Option<Timestamp>,
    /// True while its call is to be made again although nobody has answered it.
    pub again: bool,
    /// How often its call was made again for that reason.
    pub doubts: u32,
    /// True if it was taken over from another run.
    pub taken: bool,
    /// True if it, or something in it, was done and not taken over.
    pub anew: bool,
    /// The first item or round in which something was done anew.
    pub anew_in: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    #[default]
    Pending,
    Due,
    Calling,
    Paused,
    Listening,
    Asking,
    Doubtful,
    Open,
    Done,
    Nothing,
}

impl Stage {
    pub fn has_ended(self) -> bool {
        matches!(self, Stage::Done | Stage::Nothing)
    }

    /// True if it waits for something that may come at any time.
    pub fn waits(self) -> bool {
        matches!(self, Stage::Due | Stage::Paused | Stage::Listening | Stage::Asking | Stage::Doubtful)
    }
}

pub fn kind_key(kind: TimerKind) -> u8 {
    match kind {
        TimerKind::Backoff => 1,
        TimerKind::Every => 2,
        TimerKind::Timeout => 3,
        TimerKind::Wait => 4,
    }
}

/// What tells one command under way from another.
pub fn key_of(command: &Command) -> Option<(At, u8)> {
    match command {
        Command::Call(call) => Some((call.at, 0)),
        Command::Wake(Timer { at, kind, .. }) => Some((*at, kind_key(*kind))),
        Command::Nudge => Some((At::RUN, 9)),
        Command::Listen { at, .. } => Some((*at, 5)),
        Command::Abort { .. } | Command::Emit(_) => None,
    }
}

impl<'a> Model<'a> {
    pub fn new(plan: &'a Plan, takeover: Option<Takeover>) -> Model<'a> {
        Model {
            plan,
            frames: BTreeMap::new(),
            opened: BTreeSet::new(),
            issued: BTreeMap::new(),
            keys: BTreeMap::new(),
            used_keys: BTreeMap::new(),
            cancelled: false,
            failing: None,
            first_failure: None,
            ended: false,
            disturbed: false,
            hold: None,
            kept: BTreeMap::new(),
            listening: BTreeMap::new(),
            raised: BTreeSet::new(),
            raising: None,
            begun: 0,
            cause: Cause::Other,
            takeover,
        }
    }

    /// The path of a step.
    pub fn path_of(&self, at: At) -> String {
        let Ok((frame, step)) = self.step(at) else { return String::new() };
        join(&frame.path, &step.name)
    }

    /// The path of an instance of the block at a step.
    pub fn path_in(&self, at: At, index: u32) -> String {
        let path = self.path_of(at);
        match self.step(at).map(|(_, step)| &step.op) {
            Ok(Op::Each { .. } | Op::Repeat { .. }) => format!("{path}[{index}]"),
            _ => path,
        }
    }

    /// True if somebody must say something before the run goes on.
    pub fn waits_for_somebody(&self) -> bool {
        let asked = |slot: &Slot| matches!(slot.stage, Stage::Asking | Stage::Doubtful);
        self.hold.is_some() || self.frames.values().any(|frame| frame.slots.iter().any(asked))
    }

    /// The outermost instance that a failure stops: of a step in `frame`, or of its value as a whole, which
    /// its own handler does not handle.
    pub fn reach(&self, mut frame: u32, mut of_a_step: bool) -> Result<u32, Broken> {
        loop {
            let entry = self.frame(frame)?;
            let catches = self.plan.block(entry.block).is_some_and(|block| block.catches);
            if of_a_step && catches && entry.phase == Phase::Body {
                return Ok(frame);
            }
            let Some(parent) = entry.parent else { return Ok(frame) };
            let shields = entry.phase == Phase::Finally && self.is_stopped_around(frame);
            if shields || self.step(parent)?.1.on_error != OnError::Fail {
                return Ok(frame);
            }
            (frame, of_a_step) = (parent.frame, true);
        }
    }

    pub fn end(&mut self) {
        self.ended = true;
        self.issued.clear();
        self.frames.clear();
        self.kept.clear();
        self.listening.clear();
        self.hold = None;
    }

    pub fn is_stopped(&self, frame: u32) -> bool {
        let Some(entry) = self.frames.get(&frame) else { return false };
        if entry.stopped {
            return true;
        }
        entry.phase != Phase::Finally && self.is_stopped_around(frame)
    }

    pub fn is_stopped_around(&self, frame: u32) -> bool {
        match self.frames.get(&frame).map(|entry| entry.parent) {
            Some(Some(at)) => self.slot(at).is_ok_and(|slot| slot.expired) || self.is_stopped(at.frame),
            Some(None) => self.cancelled,
            None => false,
        }
    }

    pub fn set(&mut self, at: At, stage: Stage) -> Result<(), Broken> {
        let slot = self.slot_mut(at)?;
        let change = i64::from(stage == Stage::Calling) - i64::from(slot.stage == Stage::Calling);
        let listened = slot.stage == Stage::Listening;
        slot.stage = stage;
        if stage != Stage::Nothing {
            slot.timeout = None;
        }
        for limit in self.limits_of(at.frame) {
            let slot = self.slot_mut(limit)?;
            slot.flying = u32::try_from(i64::from(slot.flying) + change).unwrap();
        }
        if listened {
            self.listening.values_mut().for_each(|listening| listening.retain(|other| *other != at));
            self.listening.retain(|_, listening| !listening.is_empty());
        }
        for key in 0..=5 {
            self.issued.remove(&(at, key));
        }
        Ok(())
    }

    pub fn limits_of(&self, frame: u32) -> Vec<At> {
        let parent = |frame: u32| self.frames.get(&frame).and_then(|entry| entry.parent);
        std::iter::successors(parent(frame), |at| parent(at.frame))
            .filter(|at| self.step(*at).is_ok_and(|(_, step)| step.op_is_each()))
            .collect()
    }

    pub fn parallel(&self, at: At) -> Result<u32, Broken> {
        match self.step(at)?.1.op {
            Op::Each { parallel, .. } => Ok(parallel),
            _ => Ok(u32::MAX),
        }
    }

    pub fn has_kids(&self, at: At) -> bool {
        self.frames.values().any(|frame| frame.parent == Some(at))
    }

    pub fn step(&self, at: At) -> Result<(&Frame, &Step), Broken> {
        let frame = self.frame(at.frame)?;
        let step = self.plan.step(frame.block, at.slot);
        step.map(|step| (frame, step)).ok_or_else(|| unknown(at))
    }

    pub fn frame(&self, id: u32) -> Result<&Frame, Broken> {
        self.frames.get(&id).ok_or_else(|| unknown(At { frame: id, slot: 0 }))
    }

    pub fn frame_mut(&mut self, id: u32) -> Result<&mut Frame, Broken> {
        self.frames.get_mut(&id).ok_or_else(|| unknown(At { frame: id, slot: 0 }))
    }

    pub fn slot(&self, at: At) -> Result<&Slot, Broken> {
        self.frame(at.frame)?.slots.get(usize::from(at.slot)).ok_or_else(|| unknown(at))
    }

    pub fn slot_mut(&mut self, at: At) -> Result<&mut Slot, Broken> {
        self.frame_mut(at.frame)?.slots.get_mut(usize::from(at.slot)).ok_or_else(|| unknown(at))
    }
}

/// Joins two paths.
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}.{name}") }
}

fn unknown(at: At) -> Broken {
    Broken { invariant: "events name what is there", detail: format!("{at:?}") }
}

pub trait Kind {
    fn op_is_each(&self) -> bool;
    fn is_block(&self) -> bool;
}

impl Kind for Step {
    fn op_is_each(&self) -> bool {
        matches!(self.op, Op::Each { .. })
    }

    fn is_block(&self) -> bool {
        matches!(self.op, Op::Each { .. } | Op::Repeat { .. } | Op::Switch { .. } | Op::Try { .. })
    }
}
