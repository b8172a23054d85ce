//! What people see of a run: its steps by their paths, folded from the log. It needs no live run.

use std::sync::Arc;

use dsl::catalog::FailureKind;
use dsl::value::{Value, Values};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::json;

use crate::event::{Event, Head, Recorded, Why};
use crate::fork::{Outcome, Past};
use crate::path;
use crate::plan::{CALL, Plan};
use crate::run::{Asked, At, Hold, Parent, Run, RunId, State, Status, StepFailure};
use crate::spent::Spent;

/// A run as people see it.
#[derive(Clone, Debug)]
pub struct Timeline {
    plan: Arc<Plan>,
    run: Run,
    /// For each open instance of a block its path and the index of its first step.
    frames: std::collections::BTreeMap<u32, (String, usize)>,
    steps: IndexMap<String, Entry>,
    ended: Option<Timestamp>,
}

/// A step as people see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// How it stands.
    pub state: Shown,
    /// How often it was tried.
    pub attempts: u32,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Until when it pauses.
    pub until: Option<Timestamp>,
    /// What it gave.
    pub value: Option<Value>,
    /// Its failure: that of the last try, or for good.
    pub error: Option<Arc<StepFailure>>,
    /// The rendered parameters of its last call.
    pub args: Option<Value>,
    /// Why it was left out.
    pub why: Option<Why>,
    /// Whom or what it waits for.
    pub waits: Option<Waits>,
    /// Where its value comes from if it was not made in this run.
    pub reused: Option<Reused>,
    /// The idempotency key of its last call.
    pub key: Option<Arc<str>>,
    /// The action of its last call.
    pub action: Option<Arc<str>>,
    /// When its last call was sent.
    pub sent: Option<Timestamp>,
    /// True while it waits for a batch of a provider.
    pub batch: bool,
    /// What models took that it, or what is in it, has asked.
    pub spent: Option<Box<Spent>>,
    /// For a block that opens several instances, how many there may be.
    pub children_total: Option<u32>,
    /// How many of them have ended.
    pub children_done: u32,
}

/// Whom or what a step waits for, beside time.
#[derive(Clone, Debug, PartialEq)]
pub enum Waits {
    /// A signal of this name.
    Signal(Arc<str>),
    /// An answer.
    Person(Asked),
    /// Somebody who knows whether its call took effect.
    Doubt,
}

/// Where a value comes from that was not made in its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reused {
    /// The run that this one takes over from.
    Run,
    /// An answer to the same call, got then.
    Answer(Timestamp),
}

/// How a step stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// It has not begun; in a run that has ended, it never will.
    #[default]
    NotStarted,
    /// It is under way.
    Running,
    /// It pauses, waits for its next try, for a signal or for a person.
    Waiting,
    /// It ended well.
    Succeeded,
    /// It was left out.
    Skipped,
    /// It failed for good.
    Failed,
    /// It had begun and was given up.
    Cancelled,
    /// Whether it happened is not known.
    InDoubt,
}

impl Shown {
    /// As it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Shown::NotStarted => "not_started",
            Shown::Running => "running",
            Shown::Waiting => "waiting",
            Shown::Succeeded => "succeeded",
            Shown::Skipped => "skipped",
            Shown::Failed => "failed",
            Shown::Cancelled => "cancelled",
            Shown::InDoubt => "in_doubt",
        }
    }
}

impl Timeline {
    /// Makes the timeline of a run that has not begun.
    pub fn new(plan: &Plan) -> Timeline {
        Timeline {
            plan: Arc::new(plan.clone()),
            run: Run::default(),
            frames: std::collections::BTreeMap::new(),
            steps: IndexMap::new(),
            ended: None,
        }
    }

    /// Takes in one row of the log, in order. Gives the indices of the steps that changed.
    pub fn apply(&mut self, row: &Recorded) -> Vec<usize> {
        let mut changed = vec![];
        for event in &row.events {
            changed.extend(self.take(event, row.time));
        }
        changed.extend(self.close(row));
        changed
    }

    /// As `apply`, and tells of each event right after it was taken in, with the step that it changed: places and
    /// paths of steps are known then.
    pub fn follow(
        &mut self,
        row: &Recorded,
        mut told: impl FnMut(&Timeline, &Event, Option<(&String, &Entry)>),
    ) {
        for event in &row.events {
            let changed = self.take(event, row.time);
            told(self, event, changed.and_then(|index| self.steps.get_index(index)));
        }
        self.close(row);
    }

    /// Takes in one event of a row. After the last, `close` is due.
    pub(crate) fn take(&mut self, event: &Event, time: Timestamp) -> Option<usize> {
        self.run.evolve(event, time);
        self.note(event, time)
    }

    /// Closes a row of which all events have been taken in.
    pub(crate) fn close(&mut self, row: &Recorded) -> Vec<usize> {
        self.run.seq = row.seq;
        let mut changed = vec![];
        if self.run.status.has_ended() && self.ended.is_none() {
            self.ended = Some(row.time);
            changed.extend(self.give_up());
        }
        changed
    }

    /// The run's id, once it has begun.
    pub fn run(&self) -> Option<&RunId> {
        self.run.id.as_ref()
    }

    /// How the run stands.
    pub fn status(&self) -> &Status {
        &self.run.status
    }

    /// Why nothing new starts in it.
    pub fn hold(&self) -> Option<Hold> {
        self.run.hold
    }

    /// What the run takes over from an earlier one.
    pub fn past(&self) -> Option<&Past> {
        self.run.past.as_deref()
    }

    /// The run that called it.
    pub fn parent(&self) -> Option<&Parent> {
        self.run.parent.as_ref()
    }

    /// The run's state, as the engine has it.
    pub fn state(&self) -> &Run {
        &self.run
    }

    /// The plan that it follows.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What the run was given.
    pub fn inputs(&self) -> &Value {
        &self.run.inputs
    }

    /// The place of a step that is open now, by its path.
    pub fn place(&self, path: &str) -> Option<At> {
        let index = self.steps.get_index_of(path)?;
        let mut frames = self.frames.iter().filter(|(_, (_, first))| *first <= index);
        frames.find_map(|(frame, (_, first))| {
            let slots = self.run.frames.get(frame)?.slots.len();
            let slot = index - first;
            (slot < slots).then(|| At { frame: *frame, slot: u16::try_from(slot).unwrap_or(u16::MAX) })
        })
    }

    /// The path of a step whose block is open now.
    pub fn path(&self, at: At) -> Option<&str> {
        let index = self.frames.get(&at.frame)?.1 + usize::from(at.slot);
        self.steps.get_index(index).map(|(path, _)| path.as_str())
    }

    /// The path of an instance of a block that is open now: empty for the whole run.
    pub(crate) fn instance(&self, frame: u32) -> Option<&str> {
        self.frames.get(&frame).map(|(path, _)| path.as_str())
    }

    /// The run that a step has called, if it is a call.
    pub fn child(&self, entry: &Entry) -> Option<RunId> {
        let key = entry.key.as_ref().filter(|_| entry.action.as_deref() == Some(CALL))?;
        Some(self.run.id.as_ref()?.child(key))
    }

    /// When the run began.
    pub fn started(&self) -> Option<Timestamp> {
        self.run.started
    }

    /// When the run ended.
    pub fn ended(&self) -> Option<Timestamp> {
        self.ended
    }

    /// The steps by their paths, in the order in which their blocks opened.
    pub fn steps(&self) -> &IndexMap<String, Entry> {
        &self.steps
    }

    /// True if nothing is under way but pauses.
    pub fn is_waiting(&self) -> bool {
        self.run.status == Status::Running && !self.run.nudge && self.run.calls().next().is_none()
    }

    /// Replaces references to large values by the values, where they are to be had.
    pub fn load(&mut self, values: &dyn Values) {
        let load = |value: &mut Value| {
            if let Some(loaded) = value.load_all(values) {
                *value = loaded;
            }
        };
        if let Status::Succeeded(output) = &mut self.run.status {
            load(output);
        }
        self.steps
            .values_mut()
            .flat_map(|entry| [&mut entry.args, &mut entry.value])
            .flatten()
            .for_each(load);
    }

    /// As `keyway run --json` shows it: `run`, `workflow`, `status`, `output`, `error` and `steps`.
    pub fn to_json(&self) -> serde_json::Value {
        let (status, output, error) = match &self.run.status {
            Status::New | Status::Running if self.is_waiting() => ("waiting", None, None),
            Status::New | Status::Running => ("running", None, None),
            Status::Succeeded(output) => ("succeeded", Some(output.to_json()), None),
            Status::Failed(failure) => ("failed", None, Some(failure.to_value().to_json())),
            Status::Cancelled => ("cancelled", None, None),
        };
        let steps: serde_json::Map<String, serde_json::Value> =
            self.steps.iter().map(|(path, entry)| (path.clone(), self.step_json(entry))).collect();
        let mut json = json!({
            "run": self.run.id.as_ref().map(|id| &*id.0),
            "workflow": self.plan.name,
            "status": status,
            "output": output,
        });
        if let Some(entries) = json.as_object_mut() {
            entries.extend(error.map(|error| ("error".to_string(), error)));
            let held = self.run.hold.map(|hold| match hold {
                Hold::Paused => "paused",
                Hold::Queued => "queued",
            });
            entries.extend(held.map(|held| ("held".to_string(), held.into())));
            let of = self.run.past.as_ref().map(|past| json!({ "run": &*past.of.0, "from": past.from }));
            entries.extend(of.map(|of| ("takes_over".to_string(), of)));
            let parent = self.run.parent.as_ref().map(|parent| (*parent.run.0).into());
            entries.extend(parent.map(|parent| ("called_by".to_string(), parent)));
            entries.insert("steps".to_string(), steps.into());
        }
        json
    }

    fn step_json(&self, entry: &Entry) -> serde_json::Value {
        let mut json = entry.to_json();
        if let (Some(entries), Some(child)) = (json.as_object_mut(), self.child(entry)) {
            entries.insert("run".to_string(), (*child.0).into());
        }
        json
    }

    /// Shows what an event changed.
    fn note(&mut self, event: &Event, time: Timestamp) -> Option<usize> {
        match event {
            Event::FrameOpened { frame, parent, block, index, slots } => {
                self.open(*frame, *parent, *block, *index, *slots);
                None
            }
            Event::FrameClosed { frame, .. } => {
                let (path, _) = self.frames.remove(frame)?;
                // The instance is gone from the run; its owner is the step that its path begins with.
                let owner = self.steps.get_index_of(owner_of(&path))?;
                self.steps[owner].children_done += 1;
                Some(owner)
            }
            Event::StepStarted { at, args, key, action, .. } => self.update(*at, |entry| {
                entry.args = Some(args.clone());
                entry.key = Some(key.clone());
                entry.action = Some(action.clone());
                entry.sent = Some(time);
            }),
            Event::ModelsAsked { at, .. } => {
                self.note_spent(*at);
                None
            }
            Event::StepReused { at, .. } => self.update(*at, |entry| entry.reused = Some(Reused::Run)),
            Event::StepSucceeded { at, from: Some(from), .. } => {
                self.update(*at, |entry| entry.reused = Some(Reused::Answer(*from)))
            }
            Event::StepSkipped { at, why } => self.update(*at, |entry| entry.why = Some(why.clone())),
            Event::StepFailed { at, failure, .. } => {
                self.update(*at, |entry| entry.error = Some(failure.clone()))
            }
            Event::BlockOpened { at, head } => {
                let looks = self.is_batch(*at);
                self.update(*at, |entry| {
                    entry.children_total = match head {
                        Head::Each { count, .. } => Some(*count),
                        // How often somebody looks says nothing of how far it is.
                        Head::Repeat { .. } if looks => None,
                        Head::Repeat { rounds, .. } => Some(*rounds),
                        Head::One => None,
                    };
                })
            }
            Event::StepWaiting { at, .. }
            | Event::StepDue { at }
            | Event::StepSucceeded { at, .. }
            | Event::SignalTaken { at, .. }
            | Event::StepListening { at, .. }
            | Event::StepAsked { at, .. }
            | Event::StepInDoubt { at, .. }
            | Event::CallAborted { at, .. }
            | Event::StepDropped { at }
            | Event::BlockExpired { at, .. }
            | Event::RoundPaused { at, .. }
            | Event::BlockDone { at } => self.update(*at, |_| {}),
            Event::RunStarted { .. }
            | Event::RunHeld { .. }
            | Event::RunReleased {}
            | Event::SignalKept { .. }
            | Event::SignalEmitted { .. }
            | Event::RunSucceeded { .. }
            | Event::RunFailed { .. }
            | Event::RunCancelled {}
            | Event::CancelRequested {}
            | Event::RunExpired {}
            | Event::Yielded {}
            | Event::Resumed {}
            | Event::PhaseBegan { .. }
            | Event::Stopped { .. }
            | Event::TimeoutSet { .. } => None,
        }
    }

    /// True for a step whose rounds are looks at a batch.
    fn is_batch(&self, at: At) -> bool {
        let frame = self.run.frames.get(&at.frame);
        let step = frame.and_then(|frame| self.plan.step(frame.block, at.slot));
        step.is_some_and(|step| self.plan.looks_at_a_batch(step))
    }

    /// Shows what models took, at the step and at all that it stands in.
    fn note_spent(&mut self, at: At) {
        let mut next = Some(at);
        while let Some(at) = next {
            let Some((_, first)) = self.frames.get(&at.frame) else { return };
            let index = first + usize::from(at.slot);
            if let (Some((_, entry)), Some(slot)) = (self.steps.get_index_mut(index), self.run.slot(at)) {
                entry.spent.clone_from(&slot.spent);
            }
            next = self.run.frames.get(&at.frame).and_then(|frame| frame.parent);
        }
    }

    fn open(&mut self, frame: u32, parent: Option<At>, block: u32, index: u32, slots: u16) {
        let path = match parent {
            None => String::new(),
            Some(at) => {
                let Some(outer) = self.run.frames.get(&at.frame) else { return };
                let Some((path, _)) = self.frames.get(&at.frame) else { return };
                path::join(path.clone(), &path::part(&self.plan, outer.block, at.slot, index))
            }
        };
        let first = self.steps.len();
        let Some(block) = self.plan.block(block) else { return };
        if block.steps.len() != usize::from(slots) {
            return;
        }
        for step in &block.steps {
            let (_, known) = self.steps.insert_full(path::join(path.clone(), &step.name), Entry::default());
            // Paths are unique; in a damaged log they need not be, and places would not fit any more.
            if known.is_some() {
                return;
            }
        }
        self.frames.insert(frame, (path, first));
    }

    fn update(&mut self, at: At, more: impl FnOnce(&mut Entry)) -> Option<usize> {
        let looks = self.is_batch(at);
        let index = self.frames.get(&at.frame)?.1 + usize::from(at.slot);
        let (_, entry) = self.steps.get_index_mut(index)?;
        let slot = self.run.slot(at)?;
        more(entry);
        entry.attempts = slot.attempts;
        // What is settled at once has begun when it ended.
        let at_once = matches!(slot.state, State::Done(_) | State::Failed { .. });
        entry.started = slot.started.or(slot.ended.filter(|_| at_once));
        entry.ended = slot.ended;
        entry.until = None;
        entry.value = None;
        entry.waits = None;
        entry.batch = false;
        entry.state = match &slot.state {
            State::Pending => Shown::NotStarted,
            State::Waiting(until) | State::Backoff(until) => {
                entry.until = Some(*until);
                Shown::Waiting
            }
            State::Listening(name) => {
                entry.waits = Some(Waits::Signal(name.clone()));
                entry.until = slot.timeout;
                Shown::Waiting
            }
            State::Asking(asked) => {
                entry.waits = Some(Waits::Person((**asked).clone()));
                entry.until = slot.timeout;
                Shown::Waiting
            }
            State::Doubtful(_) => {
                entry.waits = Some(Waits::Doubt);
                Shown::InDoubt
            }
            State::Due => Shown::Waiting,
            State::Open(_) if looks => {
                entry.batch = true;
                Shown::Waiting
            }
            State::Calling(_) | State::Open(_) => Shown::Running,
            State::Done(value) => {
                entry.value = Some(value.clone());
                entry.error = None;
                Shown::Succeeded
            }
            State::Skipped => Shown::Skipped,
            State::Failed { failure, .. } if failure.failure.kind == FailureKind::InDoubt => Shown::InDoubt,
            State::Failed { .. } => Shown::Failed,
            State::Dropped => Shown::Cancelled,
        };
        Some(index)
    }

    /// Whatever was still under way when the run ended, as after a kill, was given up.
    fn give_up(&mut self) -> Vec<usize> {
        let mut changed = vec![];
        for (index, entry) in self.steps.values_mut().enumerate() {
            if matches!(entry.state, Shown::Running | Shown::Waiting) || entry.waits.is_some() {
                entry.state = Shown::Cancelled;
                entry.ended = self.ended;
                entry.until = None;
                entry.waits = None;
                entry.batch = false;
                changed.push(index);
            }
        }
        changed
    }
}

impl Entry {
    /// What came of it, where it has ended.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        match self.state {
            Shown::Succeeded => Some(Outcome::Gave(self.value.clone().unwrap_or_default())),
            Shown::Skipped => self.why.clone().map(Outcome::Skipped),
            Shown::Failed | Shown::InDoubt if self.ended.is_some() => self.error.clone().map(Outcome::Failed),
            Shown::Failed
            | Shown::InDoubt
            | Shown::NotStarted
            | Shown::Running
            | Shown::Waiting
            | Shown::Cancelled => None,
        }
    }

    /// As it stands in JSON: `state`, `attempts`, `started`, `ended`, and what there is of `value`, `error`,
    /// `why`, `until`, `children_done` and `children_total`.
    pub fn to_json(&self) -> serde_json::Value {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let mut json = json!({
            "state": self.state.name(),
            "attempts": self.attempts,
            "started": time(self.started),
            "ended": time(self.ended),
        });
        let more = [
            ("until", time(self.until).map(Into::into)),
            ("value", self.value.as_ref().map(Value::to_json)),
            ("error", self.error.as_ref().map(|failure| failure.to_value().to_json())),
            ("why", self.why.as_ref().map(|why| why.to_string().into())),
            ("waits_for", self.batch.then(|| json!({ "batch": true }))),
            ("waits_for", self.waits.as_ref().map(Waits::to_json)),
            ("reused", self.reused.map(Reused::to_json)),
            ("action", self.action.as_deref().map(Into::into)),
            ("sent", time(self.sent).map(Into::into)),
            ("key", self.key.as_deref().map(Into::into)),
            ("models", self.spent.as_ref().map(|spent| spent.to_json())),
            ("children_done", self.children_total.map(|_| self.children_done.into())),
            ("children_total", self.children_total.map(Into::into)),
        ];
        if let Some(entries) = json.as_object_mut() {
            entries.extend(more.into_iter().filter_map(|(key, value)| Some((key.to_string(), value?))));
        }
        json
    }
}

impl Waits {
    /// As it stands in JSON: `{ signal }`, `{ person, message }` or `{ doubt }`.
    fn to_json(&self) -> serde_json::Value {
        match self {
            Waits::Signal(name) => json!({ "signal": **name }),
            Waits::Person(asked) => json!({ "person": asked.who.to_json(), "message": *asked.message }),
            Waits::Doubt => json!({ "doubt": true }),
        }
    }
}

impl Reused {
    /// As it stands in JSON: `{ run: true }`, or `{ answer }` with the time when it came.
    fn to_json(self) -> serde_json::Value {
        match self {
            Reused::Run => json!({ "run": true }),
            Reused::Answer(from) => json!({ "answer": from.to_string() }),
        }
    }
}

/// The step that the path of an instance belongs to: `a.urgent` of `a.urgent[3]`.
fn owner_of(path: &str) -> &str {
    match path.strip_suffix(']').and_then(|path| path.rsplit_once('[')) {
        Some((owner, _)) => owner,
        None => path,
    }
}
