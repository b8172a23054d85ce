//! Taking up runs from their logs. There is no other recovery.

use std::sync::Arc;

use dsl::value::Hash;
use engine::command::{Call, Command};
use engine::input::{Input, Start};
use engine::plan::Plan;
use engine::room;
use engine::run::{Hold, Run, RunId};

use super::{Mover, Tracked, Work};
use crate::driver::{Error, State};
use crate::journal::Journal;

impl Mover {
    /// Sees to it that a run is moved here, if it has not ended.
    pub(super) fn track(&mut self, run: &RunId) -> Result<(), Error> {
        if self.runs.contains_key(run) {
            return Ok(());
        }
        let (summary, digest) = self.journal.run(run)?.ok_or_else(|| Error::NoRun(run.clone()))?;
        if summary.state != State::Running {
            return Ok(());
        }
        let plan = match self.turn.known_plan(&digest) {
            Some(plan) => plan,
            None => Arc::new(plan_of(&*self.journal, run, &digest)?),
        };
        self.turn.keep_plan(digest, &plan);
        let owner = self.calls.executor().owner(run);
        self.runs.insert(run.clone(), Tracked::new(&plan, owner, None, u64::MAX));
        self.load(run).inspect_err(|_| self.end(run))?;
        self.find_room(run);
        self.catch_up(run);
        self.check_parent(run)
    }

    /// Folds a run from its log where its state is not at hand, and takes up what is outstanding and not
    /// under way. This is what a restart does, what a failed commit does, and what the end of a long pause does.
    pub(super) fn load(&mut self, run: &RunId) -> Result<(), Error> {
        let Some(tracked) = self.runs.get_mut(run).filter(|tracked| tracked.state.is_none()) else {
            return Ok(());
        };
        let log = self.journal.log(run, 0)?;
        let damaged = |detail: String| Error::Damaged { run: run.clone(), detail };
        let state = Run::fold(&log).map_err(|error| damaged(error.to_string()))?;
        if log.is_empty() {
            return Err(damaged("its log is missing".into()));
        }
        // Rows of a commit that was reported as failed and was none.
        self.watchers.tell(log.iter().filter(|row| row.seq > tracked.seq).map(|row| (run, row)));
        tracked.seq = log.last().map_or(0, |row| row.seq);
        let outstanding = state.outstanding();
        let ended = State::of(&state.status) != State::Running;
        tracked.state = Some(state);
        if ended {
            self.end(run);
            return Ok(());
        }
        for command in outstanding {
            match command {
                Command::Call(call) => self.take_up(run, call),
                other => self.hand_out(run, other),
            }
        }
        Ok(())
    }

    /// Counts a run that was taken up among those of its workflow.
    fn find_room(&mut self, run: &RunId) {
        let Some(Tracked { plan, state: Some(state), .. }) = self.runs.get(run) else { return };
        let start = Start::new(run.clone(), state.inputs.clone(), state.trigger.clone());
        // Where the key could not be evaluated, the run was never started.
        if let Ok(Some(room)) = room::of(plan, &start, &*self.values, self.clock.now()) {
            match state.hold {
                Some(Hold::Queued) => self.rooms.wait(&room, run),
                Some(Hold::Paused) | None => self.rooms.enter(&room, run),
            }
        }
    }

    /// Goes on with a call of which nothing but its start is known.
    fn take_up(&mut self, run: &RunId, call: Call) {
        let key = (call.at, call.attempt);
        let Some(tracked) = self.runs.get_mut(run) else { return };
        if tracked.flights.contains_key(&key) {
            return;
        }
        if tracked.unsent.remove(&key) || call.safety.repeatable() {
            self.hand_out(run, Command::Call(call));
        } else {
            let input = Input::InDoubt { at: call.at, attempt: call.attempt };
            self.prepare(Work::new(run, input));
        }
    }
}

/// The plan that a run follows.
pub(in crate::local) fn plan_of(journal: &dyn Journal, run: &RunId, digest: &Hash) -> Result<Plan, Error> {
    journal
        .plan(digest)?
        .ok_or_else(|| Error::Damaged { run: run.clone(), detail: format!("its plan {digest} is missing") })
}
