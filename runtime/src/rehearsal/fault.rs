//! What goes wrong in a case beside what it says: the process dies at a row of the log, or one answer does not come as it was given.

use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::workflow::REQUEST;
use engine::command::Call;
use engine::plan::CALL;
use engine::run::RunId;
use jiff::SignedDuration;

use super::calls::Answer;
use super::{Life, Play};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies right after it has written this row, counted from 1 over all runs of the case.
    Dies {
        /// Which row.
        row: usize,
        /// Before or after what was decided went out.
        moment: Moment,
    },
    /// What a call asks for is done, and its answer never comes; counted from 0.
    Lost {
        /// Which call.
        call: usize,
        /// What is told of it instead.
        told: Lost,
    },
    /// A call fails at once, and nothing is done; counted from 0.
    Refused {
        /// Which call.
        call: usize,
    },
}

/// When the process dies, as seen from the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The row is written, and nothing of it has gone out.
    Written,
    /// All that was decided has gone out, and no answer is there.
    Sent,
}

/// How an answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It takes too long.
    Slow,
    /// The connection breaks.
    Broken,
}

impl Play<'_> {
    /// Counts a row; gives the moment at which the process dies for it.
    pub(super) fn row_written(&mut self) -> Option<Moment> {
        self.out.rows += 1;
        let Some(Fault::Dies { row, moment }) = self.fault else { return None };
        if row != self.out.rows || self.life != Life::First {
            return None;
        }
        if moment == Moment::Written {
            self.life = Life::Ending;
            self.mute = true;
        }
        Some(moment)
    }

    /// The answer to a call as it comes, and whether the world did what it asks for.
    pub(super) fn faulted(&mut self, call: usize, of: (&RunId, &Call), answer: Answer) -> Answer {
        let made = of.1;
        // Connectors say of what must not be done twice that it may not be tried again; a plain request says nothing.
        let retryable = made.safety.repeatable() || *made.action == *REQUEST;
        let lost = |kind, message: &str| {
            let failure = Failure { retryable, ..Failure::new(kind, message) };
            Answer { result: Err(failure), ..Answer::default() }
        };
        let did = answer.result.is_ok();
        let answer = match self.fault {
            Some(Fault::Lost { call: hit, told }) if hit == call && did => {
                self.lose(call);
                match (told, self.longest(of)) {
                    // The run's own patience ends first.
                    (Lost::Slow, Some(longest)) => {
                        let takes = longest.saturating_add(SignedDuration::from_secs(1));
                        Answer { takes, ..answer }
                    }
                    (Lost::Slow, None) => lost(FailureKind::Timeout, "no answer came in time"),
                    (Lost::Broken, _) => {
                        lost(FailureKind::Network, "the connection broke before the answer came")
                    }
                }
            }
            Some(Fault::Refused { call: hit }) if hit == call => {
                self.lose(call);
                let failure = Failure::new(FailureKind::Server, "the service is down");
                let failure = Failure { retryable: true, answered: true, status: Some(503), ..failure };
                return Answer { result: Err(failure), ..Answer::default() };
            }
            _ => answer,
        };
        if let Some(made) = self.out.calls.get_mut(call) {
            made.took = did && made.safety != Safety::Read && *made.action != *CALL;
        }
        answer
    }

    /// How long the step of a call waits for its answer, where it says so.
    fn longest(&self, (run, call): (&RunId, &Call)) -> Option<SignedDuration> {
        let moved = self.runs.get(run)?;
        let block = moved.run.frames.get(&call.at.frame)?.block;
        moved.plan.step(block, call.at.slot)?.timeout
    }

    /// Remembers that the answer to a call did not come.
    fn lose(&mut self, call: usize) {
        if let Some(made) = self.out.calls.get(call) {
            self.lost.insert(made.step.clone());
        }
    }
}
