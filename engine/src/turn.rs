//! One turn: from an input to the events that it causes, applied as they are decided.

use std::sync::Arc;

use dsl::catalog::Failure;
use dsl::value::Values;
use dsl::workflow::{OnError, Phase};
use jiff::Timestamp;

use crate::agenda::{Task, What};
use crate::event::{Event, Then};
use crate::path;
use crate::plan::{Op, Plan, Step};
use crate::run::{At, Attempt, Gather, Run, State, StepFailure};
use crate::scope::Scope;

/// What one turn works with.
pub(crate) struct Turn<'a> {
    pub plan: &'a Plan,
    pub run: &'a mut Run,
    pub values: &'a dyn Values,
    pub now: Timestamp,
    pub events: Vec<Event>,
}

impl Turn<'_> {
    /// Decides something: it is true from here on.
    pub fn emit(&mut self, event: Event) {
        let lands = match &event {
            Event::StepSucceeded { at, .. }
            | Event::StepFailed { at, .. }
            | Event::StepInDoubt { at, .. }
            | Event::CallAborted { at, .. } => {
                matches!(self.run.slot(*at), Some(slot) if matches!(slot.state, State::Calling(_)))
                    .then_some(*at)
            }
            _ => None,
        };
        self.run.apply(&event, self.now);
        self.events.push(event);
        // A call that has come back, or was cut off, makes room under each `for_each` around it.
        if let Some(at) = lands {
            for limit in self.limits(at.frame) {
                self.run.agenda.wake(limit);
            }
        }
    }

    /// What can be seen from a step that is about to be tried.
    pub fn scope(&self, at: At, attempt: Attempt) -> Scope<'_> {
        Scope { plan: self.plan, run: self.run, values: self.values, now: self.now, at, attempt }
    }

    /// What can be seen from an instance of a block as a whole.
    pub fn scope_of(&self, frame: u32) -> Scope<'_> {
        self.scope(At { frame, slot: u16::MAX }, 0)
    }

    /// The step of the plan at a place in the run.
    pub fn step(&self, at: At) -> Option<&Step> {
        self.plan.step(self.run.frames.get(&at.frame)?.block, at.slot)
    }

    pub fn look_at(&mut self, at: At) {
        self.add(at.frame, What::Step(at));
    }

    pub fn look_at_end(&mut self, frame: u32) {
        self.add(frame, What::Close(frame));
    }

    fn add(&mut self, frame: u32, what: What) {
        if let Some(entry) = self.run.frames.get(&frame) {
            self.run.agenda.add(Task { path: entry.path.clone(), what });
        }
    }

    /// Looks at all steps of the part of a block that has begun.
    pub fn look_at_phase(&mut self, frame: u32) {
        let Some(entry) = self.run.frames.get(&frame) else { return };
        let Some(block) = self.plan.block(entry.block) else { return };
        for (slot, step) in (0..).zip(&block.steps) {
            if step.phase == entry.phase {
                let what = What::Step(At { frame, slot });
                self.run.agenda.add(Task { path: entry.path.clone(), what });
            }
        }
        self.look_at_end(frame);
    }

    /// A step has ended: those that wait for it and its block are looked at.
    pub fn ended(&mut self, at: At) {
        let Some(entry) = self.run.frames.get(&at.frame) else { return };
        let Some(block) = self.plan.block(entry.block) else { return };
        for slot in block.dependents.get(usize::from(at.slot)).into_iter().flatten() {
            let what = What::Step(At { frame: at.frame, slot: *slot });
            self.run.agenda.add(Task { path: entry.path.clone(), what });
        }
        self.look_at_end(at.frame);
    }

    /// Fails a step, or one try of it if there is a next one.
    pub fn fail(&mut self, at: At, failure: Failure, next_try: Option<Timestamp>) {
        let attempts = self.run.slot(at).map_or(0, |slot| slot.attempts);
        let step = path::of_step(self.plan, self.run, at);
        self.fail_with(at, Arc::new(StepFailure { failure, step, attempts }), next_try);
    }

    /// As `fail`, where it is known already which step failed.
    pub fn fail_with(&mut self, at: At, failure: Arc<StepFailure>, next_try: Option<Timestamp>) {
        let then = match (next_try, self.step(at).map(|step| step.on_error)) {
            (Some(due), _) => Then::Retry { due },
            (None, Some(OnError::Continue)) => Then::Continue,
            (None, _) => Then::Fatal,
        };
        self.emit(Event::StepFailed { at, failure: failure.clone(), then });
        match then {
            Then::Retry { .. } => {}
            Then::Continue => self.ended(at),
            Then::Fatal => {
                self.stop(at.frame, failure);
                self.ended(at);
            }
        }
    }

    /// Stops what a failure in an instance of a block stops, unless that has stopped already.
    pub fn stop(&mut self, frame: u32, failure: Arc<StepFailure>) {
        if self.run.is_stopped(frame) {
            return;
        }
        let until = if self.catches(frame) { frame } else { self.reach(frame) };
        self.emit(Event::Stopped { frame, until, failure });
        self.look_at_all(until);
    }

    /// True if a failure in this instance is handled by it.
    fn catches(&self, frame: u32) -> bool {
        let Some(entry) = self.run.frames.get(&frame) else { return false };
        entry.phase == Phase::Body && self.plan.block(entry.block).is_some_and(|block| block.catches)
    }

    /// The outermost instance that stops if this one fails: the one that handles it, the one that its
    /// owner takes as a value, or the root.
    pub fn reach(&self, mut frame: u32) -> u32 {
        loop {
            let Some(entry) = self.run.frames.get(&frame) else { return frame };
            let Some(parent) = entry.parent else { return frame };
            // What is around a shield has stopped for a reason of its own.
            if entry.phase == Phase::Finally && self.run.is_stopped_around(frame) {
                return frame;
            }
            match self.step(parent).map(|step| step.on_error) {
                Some(OnError::Fail) => {}
                Some(OnError::Continue | OnError::Collect) | None => return frame,
            }
            frame = parent.frame;
            if self.catches(frame) {
                return frame;
            }
        }
    }

    /// Looks at all that is under way in an instance, at any depth.
    pub fn look_at_all(&mut self, frame: u32) {
        let mut rest = vec![frame];
        while let Some(id) = rest.pop() {
            let Some(entry) = self.run.frames.get(&id) else { continue };
            for (slot, step) in (0..).zip(&entry.slots).filter(|(_, slot)| slot.state.is_live()) {
                let what = What::Step(At { frame: id, slot });
                self.run.agenda.add(Task { path: entry.path.clone(), what });
                if let State::Open(open) = &step.state {
                    rest.extend(&open.kids);
                }
            }
            self.look_at_end(id);
        }
    }

    /// The `for_each` steps around an instance, innermost first.
    pub fn limits(&self, frame: u32) -> Vec<At> {
        let mut limits = vec![];
        let mut next = self.run.frames.get(&frame).and_then(|entry| entry.parent);
        while let Some(at) = next {
            if self.run.open(at).is_some_and(|open| matches!(open.gather, Gather::Each { .. })) {
                limits.push(at);
            }
            next = self.run.frames.get(&at.frame).and_then(|entry| entry.parent);
        }
        limits
    }

    /// True if one more call may go out under the `for_each` at this place.
    pub fn has_room(&self, limit: At) -> bool {
        match (self.run.open(limit), self.step(limit).map(|step| &step.op)) {
            (Some(open), Some(Op::Each { parallel, .. })) => open.flying < *parallel,
            _ => false,
        }
    }

    /// The innermost `for_each` around an instance that has no room for one more call.
    pub fn full(&self, frame: u32) -> Option<At> {
        self.limits(frame).into_iter().find(|limit| !self.has_room(*limit))
    }
}
