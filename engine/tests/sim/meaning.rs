//! What an input must mean, by what is known of the run before it: whether it means anything, and what the
//! first event is.

use std::sync::Arc;

use dsl::catalog::FailureKind;
use dsl::value::Value;
use dsl::workflow::{OnDoubt, OnTimeout, Wait};
use engine::command::{Timer, TimerKind};
use engine::event::Event;
use engine::input::{Answer, Cancel, Choice, Input, Known};
use engine::plan::Op;
use engine::run::At;
use jiff::Timestamp;

use crate::invariants::{Broken, demand};
use crate::model::{Model, Stage};

/// How many signals of one name are kept.
const MOST_SIGNALS: usize = 1_000;

impl Model<'_> {
    /// Holds the events that an input caused against what it must mean.
    pub fn judge_meaning(&self, input: &Input, events: &[Event], now: Timestamp) -> Result<(), Broken> {
        if self.ended {
            return nothing(events, "nothing after the end");
        }
        match input {
            Input::Returned { at, attempt, result, from, spent } => {
                if !self.is_calling(*at, *attempt) {
                    return nothing(events, "a late answer means nothing");
                }
                let (told, events) = match events.split_first() {
                    Some((Event::ModelsAsked { at: by, spent }, rest)) if by == at => (Some(spent), rest),
                    _ => (None, events),
                };
                demand(told == spent.as_ref(), "what models took is written down", || {
                    format!("{input:?}: {told:?}")
                })?;
                let holds = match (events.first(), result) {
                    (Some(Event::StepSucceeded { at: done, value: gave, from: age }), Ok(value)) => {
                        done == at && gave == value && age == from
                    }
                    (Some(Event::StepFailed { at: done, failure, .. }), Err(no)) => {
                        done == at && failure.failure == *no
                    }
                    _ => false,
                };
                demand(holds, "an answer is taken as it came", || format!("{input:?}: {events:?}"))
            }
            Input::InDoubt { at, attempt } => {
                if !self.is_calling(*at, *attempt) {
                    return nothing(events, "a late answer means nothing");
                }
                self.judge_doubt(*at, events)
            }
            Input::Signal { name, value, to } => self.judge_signal(name, value, *to, events),
            Input::Answer { at, answer } => {
                if self.stage(*at) != Some(Stage::Asking) {
                    return nothing(events, "an answer counts once");
                }
                judge_answer(*at, answer, events)
            }
            Input::Resolve { at, known } => {
                if self.stage(*at) != Some(Stage::Doubtful) {
                    return nothing(events, "a doubt is settled once");
                }
                judge_resolve(*at, known, events)
            }
            Input::Hold(_) => {
                let can = self.hold.is_none() && !self.cancelled;
                let holds = if can { matches!(events, [Event::RunHeld { .. }]) } else { events.is_empty() };
                demand(holds, "a hold stops what is new and nothing else", || format!("{events:?}"))
            }
            Input::Release(why) => {
                let released = matches!(events.first(), Some(Event::RunReleased {}));
                demand(
                    released == (self.hold == Some(*why)),
                    "what is held goes on when it is released",
                    || format!("{events:?}"),
                )
            }
            Input::Cancel(Cancel::Finally) => {
                let asked = matches!(events.first(), Some(Event::CancelRequested {}));
                demand(asked != self.cancelled, "a second cancel means nothing", || format!("{events:?}"))
            }
            Input::Cancel(Cancel::Kill) => {
                let gone = matches!(events.last(), Some(Event::RunCancelled {}));
                demand(gone, "a run that is killed ends at once", || format!("{events:?}"))
            }
            Input::Fired(timer) => self.judge_silence(*timer, events, now),
            Input::Start(_) | Input::Nudge => Ok(()),
        }
    }

    fn stage(&self, at: At) -> Option<Stage> {
        self.slot(at).ok().map(|slot| slot.stage)
    }

    fn is_calling(&self, at: At, attempt: u32) -> bool {
        self.slot(at).is_ok_and(|slot| slot.stage == Stage::Calling && slot.attempts == attempt)
    }

    fn judge_doubt(&self, at: At, events: &[Event]) -> Result<(), Broken> {
        let policy = self.step(at)?.1.on_doubt;
        let asks = |event: Option<&Event>| matches!(event, Some(Event::StepInDoubt { at: asked, .. }) if *asked == at);
        let due = |event: Option<&Event>| matches!(event, Some(Event::StepDue { at: due }) if *due == at);
        let holds = match policy {
            _ if self.is_stopped(at.frame) => fails(at, FailureKind::InDoubt, events),
            OnDoubt::Ask => asks(events.first()) && !due(events.get(1)),
            OnDoubt::Retry => asks(events.first()) && due(events.get(1)),
            OnDoubt::Fail => fails(at, FailureKind::InDoubt, events),
        };
        demand(holds, "`on_doubt` decides what a doubt means", || format!("{policy:?}: {events:?}"))
    }

    fn judge_signal(
        &self,
        name: &Arc<str>,
        value: &Value,
        to: Option<At>,
        events: &[Event],
    ) -> Result<(), Broken> {
        let listening = self.listening.get(name).map_or(&[][..], Vec::as_slice);
        let woken = match events.first() {
            Some(Event::StepSucceeded { at, value: heard, .. }) if heard == value => Some(*at),
            _ => None,
        };
        match (to, listening.first()) {
            (Some(at), _) if listening.contains(&at) => {
                demand(woken == Some(at), "no signal is lost while somebody listens", || {
                    format!("{at:?} {events:?}")
                })
            }
            (Some(_), _) => nothing(events, "a signal for one step is for no other"),
            (None, Some(first)) => {
                demand(woken.is_some(), "no signal is lost while somebody listens", || {
                    format!("{events:?}")
                })?;
                demand(woken == Some(*first), "a signal wakes whoever has listened longest", || {
                    format!("{woken:?} instead of {first:?}")
                })
            }
            (None, None) => {
                let full = self.kept.get(name).is_some_and(|kept| kept.len() >= MOST_SIGNALS);
                let kept = matches!(events.first(), Some(Event::SignalKept { name: kept, value: held })
                    if kept == name && held == value);
                demand(kept != full, "a signal that nobody listens for is kept", || format!("{events:?}"))
            }
        }
    }

    /// What it means that a question was not answered in time.
    fn judge_silence(&self, timer: Timer, events: &[Event], now: Timestamp) -> Result<(), Broken> {
        let Ok(slot) = self.slot(timer.at) else { return Ok(()) };
        let due = timer.kind == TimerKind::Timeout && slot.timeout == Some(timer.due) && now >= timer.due;
        let Op::Wait(Wait::Person(question)) = &self.step(timer.at)?.1.op else { return Ok(()) };
        if slot.stage != Stage::Asking || !due {
            return nothing(events, "an answer counts once");
        }
        let holds = match question.on_timeout {
            OnTimeout::Approve => approves(timer.at, &None, events),
            OnTimeout::Reject => fails(timer.at, FailureKind::Rejected, events),
            OnTimeout::Fail => fails(timer.at, FailureKind::Timeout, events),
        };
        demand(holds, "silence means what `on_timeout` says", || {
            format!("{:?}: {events:?}", question.on_timeout)
        })
    }

    /// What must be true after each input.
    pub fn judge_rest(&self) -> Result<(), Broken> {
        demand(!self.cancelled || self.hold.is_none(), "a run that is cancelled is not held", String::new)?;
        let both = self.kept.keys().find(|name| self.listening.contains_key(*name));
        demand(both.is_none(), "nobody listens beside a signal that was kept", || format!("{both:?}"))
    }

    /// What must be true where all that follows from an input has been done.
    pub fn judge_rest_of_settled(&self) -> Result<(), Broken> {
        for (id, frame) in &self.frames {
            let waits = frame.slots.iter().position(|slot| slot.stage.waits());
            if let Some(slot) = waits {
                demand(!self.is_stopped(*id), "what has stopped waits for nothing", || {
                    format!("frame {id} slot {slot}: {:?}", frame.slots[slot].stage)
                })?;
            }
        }
        Ok(())
    }
}

fn judge_answer(at: At, answer: &Answer, events: &[Event]) -> Result<(), Broken> {
    let holds = match answer.choice {
        Choice::Approve => approves(at, &answer.by, events),
        Choice::Reject => fails(at, FailureKind::Rejected, events),
    };
    demand(holds, "an answer means what was said", || format!("{answer:?}: {events:?}"))
}

fn judge_resolve(at: At, known: &Known, events: &[Event]) -> Result<(), Broken> {
    let holds = match (known, events.first()) {
        (Known::Happened(value), Some(Event::StepSucceeded { at: done, value: gave, .. })) => {
            *done == at && gave == value
        }
        (Known::DidNot, Some(Event::StepDue { at: due })) => *due == at,
        (Known::Stop, Some(_)) => fails(at, FailureKind::InDoubt, events),
        (Known::Happened(_) | Known::DidNot, Some(_)) | (_, None) => false,
    };
    demand(holds, "a doubt ends as somebody knows it did", || format!("{known:?}: {events:?}"))
}

fn approves(at: At, by: &Option<Arc<str>>, events: &[Event]) -> bool {
    let by = by.clone().map_or(Value::Null, Value::Text);
    matches!(events.first(), Some(Event::StepSucceeded { at: done, value, .. })
        if *done == at && value.get("approved") == Some(&Value::Bool(true)) && value.get("by") == Some(&by))
}

fn fails(at: At, kind: FailureKind, events: &[Event]) -> bool {
    matches!(events.first(), Some(Event::StepFailed { at: done, failure, .. })
        if *done == at && failure.failure.kind == kind)
}

fn nothing(events: &[Event], invariant: &'static str) -> Result<(), Broken> {
    demand(events.is_empty(), invariant, || format!("{events:?}"))
}
