//! Runs that are called by steps of other runs.

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use engine::command::Call;
use engine::input::{Cancel, Input, Start};
use engine::run::{At, Attempt, Parent, Run, RunId, State};
use tracing::error;

use super::{Mover, Tracked, Work};
use crate::child::{self, result_of};
use crate::driver::Error;
use crate::executor::Found;
use crate::local::calls::Answer;

impl Mover {
    /// The workflow that a step calls was found, or not: its run begins, or goes on if it began before.
    pub(super) fn found(&mut self, answer: Answer<Found>) {
        let Answer { run, at, attempt, token, result, spent: _ } = answer;
        let waits = self.runs.get(&run).and_then(|tracked| tracked.flights.get(&(at, attempt)));
        if waits.is_none_or(|flight| flight.token != token) {
            return;
        }
        let begun = result.and_then(|found| self.begin_child(&run, at, attempt, found));
        if let Err(failure) = begun {
            self.child_gave(&run, at, attempt, Err(failure));
        }
    }

    fn begin_child(&mut self, run: &RunId, at: At, attempt: Attempt, found: Found) -> Result<(), Failure> {
        let lost = |error: Error| {
            let message = format!("the run could not be begun: {error}");
            Failure { answered: true, ..Failure::new(FailureKind::Server, message) }
        };
        self.load(run).map_err(lost)?;
        let Some(Tracked { state: Some(state), .. }) = self.runs.get(run) else { return Ok(()) };
        let Some(call) = calling(state, at, attempt) else { return Ok(()) };
        let depth = child::depth(state)?;
        let child = run.child(&call.key);
        let now = self.clock.now();
        let note = found.note.clone();
        let start = Start { note, ..child::start(state, (run, at, depth), child.clone(), found.inputs, now) };
        self.calls.executor().adopt(run, &child, &found.note);
        if let Some(tracked) = self.runs.get_mut(run) {
            tracked.children.insert((at, attempt), child.clone());
        }
        match self.start(found.plan, start) {
            Ok(()) => {
                self.turn.urgent = true;
                Ok(())
            }
            Err(Error::Exists(_)) => self.rejoin(run, at, attempt, &child).map_err(lost),
            Err(error) => {
                self.calls.executor().release(&child);
                let kind = match error {
                    Error::Full(_) | Error::Refused(_) => FailureKind::Limit,
                    _ => FailureKind::Server,
                };
                Err(Failure { answered: true, ..Failure::new(kind, error.to_string()) })
            }
        }
    }

    /// A run that was begun before this process: it goes on, or has its result already.
    fn rejoin(&mut self, run: &RunId, at: At, attempt: Attempt, child: &RunId) -> Result<(), Error> {
        self.track(child)?;
        if self.runs.contains_key(child) {
            return Ok(());
        }
        let damaged = |detail: String| Error::Damaged { run: child.clone(), detail };
        let state = Run::fold(&self.journal.log(child, 0)?).map_err(|error| damaged(error.to_string()))?;
        let workflow = self.journal.run(child)?.map(|(summary, _)| summary.workflow).unwrap_or_default();
        // It moves no more, and needs nothing to act with.
        self.calls.executor().release(child);
        if let Some(result) = result_of(&workflow, &state.status) {
            self.child_gave(run, at, attempt, result);
        }
        Ok(())
    }

    /// A run has ended: the step that called it has its answer.
    pub(super) fn tell_parent(&mut self, child: &RunId) {
        let Some(Tracked { plan, state: Some(state), .. }) = self.runs.get(child) else { return };
        let Some(Parent { run, at, .. }) = state.parent.clone() else { return };
        let Some(result) = result_of(&plan.name, &state.status) else { return };
        // Where the other run is not moved here, it finds this one ended when it is taken up.
        if let Some((run, at, attempt)) = self.call_of(&Parent { run, at, depth: 0 }, child) {
            self.child_gave(&run, at, attempt, result);
        }
    }

    /// The call that a run was made by, where its caller is moved here.
    pub(super) fn call_of(&self, parent: &Parent, child: &RunId) -> Option<(RunId, At, Attempt)> {
        let calls = &self.runs.get(&parent.run)?.children;
        let (key, _) = calls.iter().find(|((at, _), id)| *at == parent.at && *id == child)?;
        Some((parent.run.clone(), key.0, key.1))
    }

    /// Begins the runs again that could not be begun.
    pub(super) fn bear(&mut self) {
        for (run, at, attempt) in std::mem::take(&mut self.unborn) {
            // What cannot be read now is taken up when it can.
            if self.load(&run).is_ok()
                && let Some(Tracked { state: Some(state), .. }) = self.runs.get(&run)
                && let Some(call) = calling(state, at, attempt).cloned()
            {
                self.call(&run, call);
            }
        }
    }

    fn child_gave(&mut self, run: &RunId, at: At, attempt: Attempt, result: Result<Value, Failure>) {
        if let Some(tracked) = self.runs.get_mut(run) {
            tracked.children.remove(&(at, attempt));
        }
        self.prepare(Work::new(run, Input::Returned { at, attempt, result, from: None, spent: None }));
    }

    /// A run that was taken up and was called by one that waits for it no more is cancelled.
    pub(super) fn check_parent(&mut self, child: &RunId) -> Result<(), Error> {
        let Some(Tracked { state: Some(state), .. }) = self.runs.get(child) else { return Ok(()) };
        if state.cancelled {
            return Ok(());
        }
        let Some(Parent { run, at, .. }) = state.parent.clone() else { return Ok(()) };
        let waits = |state: &Run| match state.slot(at).map(|slot| &slot.state) {
            Some(State::Calling(call)) => run.child(&call.key) == *child,
            _ => false,
        };
        let waits = match self.runs.get(&run) {
            Some(Tracked { state: Some(state), .. }) => waits(state),
            _ => match Run::fold(&self.journal.log(&run, 0)?) {
                Ok(state) => waits(&state),
                Err(error) => {
                    error!(%run, %error, "the log of a run that called another cannot be read");
                    true
                }
            },
        };
        if !waits {
            self.prepare(Work::new(child, Input::Cancel(Cancel::Finally)));
        }
        Ok(())
    }
}

fn calling(state: &Run, at: At, attempt: Attempt) -> Option<&Call> {
    match &state.slot(at)?.state {
        State::Calling(call) if call.attempt == attempt => Some(call),
        _ => None,
    }
}
