//! What the thread that moves the runs does for a cleaning. It is the only one that writes, so that what it looks
//! at cannot change before its commit.

use dsl::value::Hash;
use engine::input::{Input, Start};
use engine::run::RunId;
use jiff::Timestamp;

use super::{Mover, Reply, Work};
use crate::driver::{Error, State};

impl Mover {
    /// Removes runs with the next commit. One that has not ended is refused, and the others with it.
    pub(super) fn remove(&mut self, runs: Vec<RunId>, reply: Reply) {
        let ended = |run: &RunId| match self.journal.run(run) {
            Ok(Some((summary, _))) => Ok(summary.state != State::Running && !self.runs.contains_key(run)),
            Ok(None) => Ok(true),
            Err(error) => Err(error),
        };
        let all = runs.iter().map(ended).collect::<Result<Vec<bool>, Error>>();
        let all = all.map(|all| all.into_iter().all(|ended| ended));
        let told = match all {
            Ok(true) => {
                self.turn.batch.removed.extend(runs);
                // A plan goes with the last run that follows it.
                self.turn.forget_plans();
                Ok(())
            }
            Ok(false) => Err(Error::Refused("a run that is to be removed is under way".into())),
            Err(error) => Err(error),
        };
        self.turn.answer(reply, told);
    }

    /// Removes answers with the next commit, unless a later one has taken their place.
    pub(super) fn forget_answers(&mut self, answers: Vec<(Hash, Timestamp)>, reply: Reply) {
        self.turn.batch.stale.extend(answers);
        self.turn.answer(reply, Ok(()));
    }

    /// Begins to note what is referred to. What was kept before need not be there for much longer: it is not
    /// relied upon from here on.
    pub(super) fn guard(&mut self, reply: Reply) {
        self.turn.noted.begin();
        self.turn.forget_values();
        self.turn.answer(reply, Ok(()));
    }

    /// Removes large values with the next commit, but for those that were referred to since the sweep began.
    pub(super) fn drop_values(&mut self, hashes: Vec<Hash>, reply: Reply) {
        let mut under_way = vec![];
        for work in self.ready.iter().chain(&self.held).chain(&self.turn.works) {
            referred(work, &mut under_way);
        }
        let free = self.turn.noted.free(hashes, under_way, &*self.journal);
        let told = free.map(|free| self.turn.batch.dropped.extend(free));
        self.turn.answer(reply, told);
    }

    /// A run that takes over from another relies on the values that the other one's log keeps.
    pub(super) fn check_origin(&self, start: &Start) -> Result<(), Error> {
        let Some(past) = &start.past else { return Ok(()) };
        let gone = self.turn.batch.removed.contains(&past.of) || self.journal.run(&past.of)?.is_none();
        if gone { Err(Error::NoRun(past.of.clone())) } else { Ok(()) }
    }
}

/// The large values that an input brings.
fn referred(work: &Work, found: &mut Vec<Hash>) {
    let mut find = |value: &dsl::value::Value| value.each_big(&mut |big| found.push(big.hash));
    match &work.input {
        Input::Returned { result: Ok(value), .. } | Input::Signal { value, .. } => find(value),
        Input::Start(start) => {
            find(&start.inputs);
            find(&start.trigger);
        }
        Input::Answer { answer, .. } => find(&answer.values),
        Input::Resolve { known, .. } => {
            if let engine::input::Known::Happened(value) = known {
                find(value);
            }
        }
        Input::Returned { result: Err(_), .. }
        | Input::InDoubt { .. }
        | Input::Fired(_)
        | Input::Cancel(_)
        | Input::Hold(_)
        | Input::Release(_)
        | Input::Nudge => {}
    }
}
