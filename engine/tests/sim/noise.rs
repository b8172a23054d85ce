//! Inputs that must mean nothing.

use dsl::value::Value;
use engine::command::{Command, Timer, TimerKind};
use engine::input::{Cancel, Input, Known, Start};
use engine::run::{At, Hold, RunId};
use jiff::Timestamp;

use crate::invariants::{Broken, demand};
use crate::model::Stage;
use crate::plans::SIGNALS;
use crate::weather::says;
use crate::world::World;

impl World<'_> {
    /// Inputs that must mean nothing: repeated, too early, about what is not there.
    pub fn nonsense(&mut self, next: &Input, due: Timestamp) -> Result<(), Broken> {
        let frame = self.chance.range(0, 40);
        let slot = u16::try_from(self.chance.range(0, 12)).unwrap();
        let at = At { frame, slot };
        let known = self.run.slot(at).map(|slot| slot.attempts);
        let stage = self.model.slot(at).map(|slot| slot.stage).ok();
        let input = match self.chance.range(0, 9) {
            0 => Input::Returned {
                at,
                attempt: known.unwrap_or(0) + 1,
                result: Ok(Value::Int(99)),
                from: None,
                spent: None,
            },
            1 => Input::Fired(Timer { at, kind: TimerKind::Wait, attempt: 3, due: self.now }),
            2 if due > self.now => match next {
                // The clock stands before the timer's time.
                Input::Fired(_) => next.clone(),
                _ => return Ok(()),
            },
            3 => Input::InDoubt { at, attempt: 0 },
            4 => Input::Start(Start::new(RunId("again".into()), Value::Null, Value::Null)),
            5 if !self.run.nudge => Input::Nudge,
            6 if stage != Some(Stage::Asking) => Input::Answer { at, answer: says(self.words, "nobody") },
            7 if stage != Some(Stage::Doubtful) => Input::Resolve { at, known: Known::DidNot },
            8 if stage != Some(Stage::Listening) => {
                let name = (*self.chance.pick(&SIGNALS)).into();
                Input::Signal { name, value: Value::Int(98), to: Some(at) }
            }
            _ => {
                // Something that was delivered already; some things may mean something again.
                let Some(count) = u32::try_from(self.delivered.len()).ok().filter(|count| *count > 0) else {
                    return Ok(());
                };
                let at = self.chance.range(0, count - 1) as usize;
                match &self.delivered[at] {
                    // What is outstanding again after a crash is not stale.
                    input if self.means_something(input) => return Ok(()),
                    input => input.clone(),
                }
            }
        };
        let events = self.tally.events;
        self.deliver(&input)?;
        demand(events == self.tally.events, "a meaningless input means nothing", || format!("{input:?}"))
    }

    /// True if an input that was delivered before may mean something once more.
    fn means_something(&self, input: &Input) -> bool {
        let stands = |at: &At, stage| self.model.slot(*at).is_ok_and(|slot| slot.stage == stage);
        match input {
            Input::Answer { at, .. } => stands(at, Stage::Asking),
            Input::Resolve { at, .. } => stands(at, Stage::Doubtful),
            Input::Signal { to: Some(at), .. } => stands(at, Stage::Listening),
            Input::Signal { to: None, .. } | Input::Hold(_) | Input::Release(_) | Input::Nudge => true,
            Input::Cancel(_) => !self.model.cancelled,
            Input::Start(_) | Input::Returned { .. } | Input::InDoubt { .. } | Input::Fired(_) => {
                self.is_outstanding(input)
            }
        }
    }

    fn is_outstanding(&self, input: &Input) -> bool {
        self.run.outstanding().iter().any(|command| match (command, input) {
            (Command::Call(call), Input::Returned { at, attempt, .. } | Input::InDoubt { at, attempt }) => {
                call.at == *at && call.attempt == *attempt
            }
            (Command::Wake(timer), Input::Fired(fired)) => timer == fired,
            _ => false,
        })
    }

    /// Nothing means anything after the end.
    pub fn after_the_end(&mut self) -> Result<(), Broken> {
        demand(self.run.outstanding().is_empty(), "nothing is under way after the end", String::new)?;
        let signal = Input::Signal { name: SIGNALS[0].into(), value: Value::Null, to: None };
        let last = self.delivered.last().cloned();
        let more = [Input::Cancel(Cancel::Kill), Input::Nudge, signal, Input::Release(Hold::Paused)];
        for input in last.into_iter().chain(more) {
            let events = self.tally.events;
            self.deliver(&input)?;
            demand(events == self.tally.events, "nothing after the end", || format!("{input:?}"))?;
        }
        Ok(())
    }
}
