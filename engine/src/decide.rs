//! What an input means: one short function for each. What is stale, repeated, early or makes no sense means
//! nothing.

use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use dsl::duration;
use dsl::value::Value;
use dsl::workflow::{OnDoubt, OnError, OnTimeout, Wait};
use jiff::{SignedDuration, Timestamp};

use crate::command::{Timer, TimerKind};
use crate::event::Event;
use crate::input::{Answer, Cancel, Choice, Input, Known, Start};
use crate::path;
use crate::plan::Op;
use crate::retry;
use crate::run::{At, Attempt, Gather, Hold, Slot, State, Status, StepFailure};
use crate::spent::Spent;
use crate::turn::Turn;

/// How many signals of one name a run keeps. Further ones are dropped.
const MOST_SIGNALS: usize = 1_000;

impl Turn<'_> {
    /// Decides what an input means by itself, without what follows from it.
    pub fn take(&mut self, input: &Input) {
        if let Input::Start(start) = input {
            self.start(start);
        } else if self.run.status == Status::Running {
            match input {
                Input::Start(_) => {}
                Input::Returned { at, attempt, result, from, spent } => {
                    if self.is_calling(*at, *attempt) {
                        self.asked(*at, spent.as_ref());
                        self.returned(*at, result, *from);
                    }
                }
                Input::InDoubt { at, attempt } => self.in_doubt(*at, *attempt),
                Input::Fired(timer) => self.fired(*timer),
                Input::Signal { name, value, to } => self.signal(name, value, *to),
                Input::Answer { at, answer } => self.answered(*at, answer),
                Input::Resolve { at, known } => self.resolved(*at, known),
                Input::Hold(why) => {
                    if self.run.hold.is_none() && !self.run.cancelled {
                        self.emit(Event::RunHeld { why: *why });
                    }
                }
                Input::Release(why) => self.release(*why),
                Input::Cancel(Cancel::Finally) => self.cancel(),
                Input::Cancel(Cancel::Kill) => self.kill(),
                Input::Nudge => {
                    if self.run.nudge {
                        self.emit(Event::Resumed {});
                    }
                }
            }
        }
    }

    fn start(&mut self, start: &Start) {
        if self.run.status != Status::New {
            return;
        }
        self.emit(Event::RunStarted {
            run: start.run.clone(),
            inputs: start.inputs.clone(),
            trigger: start.trigger.clone(),
            note: start.note.clone(),
            zone: start.zone.clone(),
            parent: start.parent.clone(),
            past: start.past.clone(),
        });
        match start.hold {
            Some(why) => self.emit(Event::RunHeld { why }),
            None => self.begin_run(),
        }
    }

    fn begin_run(&mut self) {
        if let Some(length) = self.plan.timeout {
            self.set_timeout(At::RUN, 0, length);
        }
        self.open_frame(None, 0, 0);
    }

    /// True if it was held before anything of it began.
    fn has_not_begun(&self) -> bool {
        self.run.next == 0
    }

    fn release(&mut self, why: Hold) {
        if self.run.hold == Some(why) {
            self.emit(Event::RunReleased {});
            if self.has_not_begun() {
                self.begin_run();
            }
        }
    }

    /// Opens an instance of a block and looks at its steps.
    pub fn open_frame(&mut self, parent: Option<At>, block: u32, index: u32) {
        let steps = self.plan.block(block).map_or(0, |block| block.steps.len());
        let slots = u16::try_from(steps).unwrap_or(u16::MAX);
        let frame = self.run.next;
        self.emit(Event::FrameOpened { frame, parent, block, index, slots });
        self.look_at_phase(frame);
    }

    /// Sets the longest time of an attempt, a wait, a block or the run.
    pub fn set_timeout(&mut self, at: At, attempt: Attempt, length: SignedDuration) {
        let due = retry::later(self.now, length);
        self.emit(Event::TimeoutSet { timer: Timer { at, kind: TimerKind::Timeout, attempt, due } });
    }

    /// What models took counts whatever came of them.
    fn asked(&mut self, at: At, spent: Option<&Spent>) {
        if let Some(spent) = spent {
            self.emit(Event::ModelsAsked { at, spent: spent.clone() });
        }
    }

    fn returned(&mut self, at: At, result: &Result<Value, Failure>, from: Option<Timestamp>) {
        match result {
            Ok(value) => {
                self.emit(Event::StepSucceeded { at, value: value.clone(), from });
                self.ended(at);
            }
            Err(failure) => self.call_failed(at, failure.clone()),
        }
    }

    /// Ends a step well.
    pub fn succeed(&mut self, at: At, value: Value) {
        self.emit(Event::StepSucceeded { at, value, from: None });
        self.ended(at);
    }

    fn call_failed(&mut self, at: At, failure: Failure) {
        let next_try = self.next_try(at, &failure);
        self.fail(at, failure, next_try);
    }

    /// When a call that failed is made again: never where all has stopped.
    fn next_try(&self, at: At, failure: &Failure) -> Option<Timestamp> {
        if self.run.is_stopped(at.frame) {
            return None;
        }
        let attempt = self.run.slot(at)?.attempts;
        let seed = retry::seed(self.run.id.as_ref()?, at, attempt);
        retry::due(&self.step(at)?.retry, failure, attempt, seed, self.now)
    }

    fn is_calling(&self, at: At, attempt: Attempt) -> bool {
        match self.run.slot(at).map(|slot| &slot.state) {
            Some(State::Calling(call)) => call.attempt == attempt,
            _ => false,
        }
    }

    fn in_doubt(&mut self, at: At, attempt: Attempt) {
        if !self.is_calling(at, attempt) {
            return;
        }
        match self.step(at).map(|step| step.on_doubt) {
            // Where all has stopped nobody is kept waiting for an answer.
            Some(OnDoubt::Ask) if !self.run.is_stopped(at.frame) => {
                self.emit(Event::StepInDoubt { at, attempt });
            }
            Some(OnDoubt::Retry) if !self.run.is_stopped(at.frame) => {
                self.emit(Event::StepInDoubt { at, attempt });
                self.again(at);
            }
            Some(OnDoubt::Ask | OnDoubt::Fail | OnDoubt::Retry) | None => self.call_failed(at, doubt()),
        }
    }

    /// Makes a call again as the same call.
    fn again(&mut self, at: At) {
        self.emit(Event::StepDue { at });
        self.look_at(at);
    }

    fn resolved(&mut self, at: At, known: &Known) {
        if !matches!(self.run.slot(at).map(|slot| &slot.state), Some(State::Doubtful(_))) {
            return;
        }
        match known {
            Known::Happened(value) => self.succeed(at, value.clone()),
            Known::DidNot => self.again(at),
            Known::Stop => self.fail(at, doubt(), None),
        }
    }

    fn signal(&mut self, name: &Arc<str>, value: &Value, to: Option<At>) {
        let listening = self.run.listening.get(name).map_or(&[][..], Vec::as_slice);
        match to {
            Some(at) if listening.contains(&at) => self.succeed(at, value.clone()),
            Some(_) => {}
            None => match listening.first().copied() {
                Some(first) => self.succeed(first, value.clone()),
                None if self.run.signals.get(name).is_none_or(|kept| kept.len() < MOST_SIGNALS) => {
                    self.emit(Event::SignalKept { name: name.clone(), value: value.clone() });
                }
                None => {}
            },
        }
    }

    fn answered(&mut self, at: At, answer: &Answer) {
        if !matches!(self.run.slot(at).map(|slot| &slot.state), Some(State::Asking(_))) {
            return;
        }
        match answer.choice {
            Choice::Approve => self.succeed(at, self.approval(answer)),
            Choice::Reject => {
                let mut message = match &answer.by {
                    Some(by) => format!("{by} said no"),
                    None => "nobody said yes in time".to_owned(),
                };
                if let Some(comment) = &answer.comment {
                    message = format!("{message}: {comment}");
                }
                self.fail(at, Failure::new(FailureKind::Rejected, message), None);
            }
        }
    }

    /// What an approval gives: `{ approved, by, at, comment, values }`.
    fn approval(&self, answer: &Answer) -> Value {
        let text = |text: &Option<Arc<str>>| text.clone().map_or(Value::Null, Value::Text);
        Value::object([
            ("approved", Value::Bool(true)),
            ("by", text(&answer.by)),
            ("at", Value::Time(self.now)),
            ("comment", text(&answer.comment)),
            ("values", answer.values.clone()),
        ])
    }

    /// Nobody answered in time.
    fn unanswered(&mut self, at: At, failure: Failure) {
        let Some(Op::Wait(Wait::Person(question))) = self.step(at).map(|step| &step.op) else { return };
        let silent = |choice| Answer { choice, by: None, comment: None, values: Value::object::<&str>([]) };
        match question.on_timeout {
            OnTimeout::Approve => self.answered(at, &silent(Choice::Approve)),
            OnTimeout::Reject => self.answered(at, &silent(Choice::Reject)),
            OnTimeout::Fail => self.fail(at, failure, None),
        }
    }

    fn fired(&mut self, timer: Timer) {
        if self.now < timer.due {
            return;
        }
        if timer.at == At::RUN {
            self.run_expired(timer);
            return;
        }
        let Some(slot) = self.run.slot(timer.at) else { return };
        match timer.kind {
            TimerKind::Timeout => {
                if slot.timeout == Some(timer.due) && slot.timed_attempt() == timer.attempt {
                    self.expired(timer.at);
                }
            }
            // Where all has stopped, pauses are dropped and not ended.
            TimerKind::Wait | TimerKind::Backoff | TimerKind::Every => {
                if self.pauses(slot, timer) && !self.run.is_stopped(timer.at.frame) {
                    self.pause_over(timer);
                }
            }
        }
    }

    fn pauses(&self, slot: &Slot, timer: Timer) -> bool {
        match (timer.kind, &slot.state) {
            (TimerKind::Wait, State::Waiting(due)) => *due == timer.due && timer.attempt == 0,
            (TimerKind::Backoff, State::Backoff(due)) => *due == timer.due && timer.attempt == slot.attempts,
            (TimerKind::Every, State::Open(open)) => match open.gather {
                Gather::Repeat { round, pause, .. } => {
                    open.expired.is_none() && pause == Some(timer.due) && round == timer.attempt
                }
                Gather::Each { .. } | Gather::One(_) => false,
            },
            _ => false,
        }
    }

    fn pause_over(&mut self, timer: Timer) {
        match timer.kind {
            TimerKind::Wait => self.succeed(timer.at, Value::Null),
            TimerKind::Backoff | TimerKind::Every => {
                self.emit(Event::StepDue { at: timer.at });
                self.look_at(timer.at);
            }
            TimerKind::Timeout => {}
        }
    }

    fn run_expired(&mut self, timer: Timer) {
        if timer.kind != TimerKind::Timeout || self.run.timeout != Some(timer.due) || timer.attempt != 0 {
            return;
        }
        self.emit(Event::RunExpired {});
        let failure = timed_out("the run", self.plan.timeout);
        self.stop(0, StepFailure { failure, step: String::new(), attempts: 0 }.into());
        self.look_at_all(0);
    }

    fn expired(&mut self, at: At) {
        let Some(slot) = self.run.slot(at) else { return };
        let Some(step) = self.step(at) else { return };
        let failure = timed_out(&format!("`{}`", step.name), step.timeout);
        match &slot.state {
            State::Calling(call) => {
                let attempt = call.attempt;
                let next_try = self.next_try(at, &failure);
                self.emit(Event::CallAborted { at, attempt });
                self.fail(at, failure, next_try);
            }
            State::Open(_) => self.block_expired(at, failure),
            State::Waiting(_) | State::Listening(_) => self.fail(at, failure, None),
            State::Asking(_) => self.unanswered(at, failure),
            State::Pending
            | State::Due
            | State::Doubtful(_)
            | State::Backoff(_)
            | State::Done(_)
            | State::Skipped
            | State::Failed { .. }
            | State::Dropped => {}
        }
    }

    fn block_expired(&mut self, at: At, failure: Failure) {
        let step = path::of_step(self.plan, self.run, at);
        let failure = Arc::new(StepFailure { failure, step, attempts: 0 });
        let fatal = self.step(at).is_some_and(|step| step.on_error != OnError::Continue);
        self.emit(Event::BlockExpired { at, failure: failure.clone() });
        if fatal {
            self.stop(at.frame, failure);
        }
        let kids: Vec<u32> = self.run.open(at).map_or(vec![], |open| open.kids.iter().copied().collect());
        kids.into_iter().for_each(|kid| self.look_at_all(kid));
        self.look_at(at);
    }

    fn cancel(&mut self) {
        if self.run.cancelled {
            return;
        }
        self.emit(Event::CancelRequested {});
        if self.run.hold.is_some() {
            self.emit(Event::RunReleased {});
        }
        if self.has_not_begun() {
            self.emit(Event::RunCancelled {});
        }
        self.look_at_all(0);
    }

    fn kill(&mut self) {
        let calls: Vec<(At, Attempt)> = self.run.calls().map(|call| (call.at, call.attempt)).collect();
        for (at, attempt) in calls {
            self.emit(Event::CallAborted { at, attempt });
        }
        self.emit(Event::RunCancelled {});
    }
}

pub(crate) fn doubt() -> Failure {
    let message = "whether it happened is not known: the call was cut off before its answer was recorded";
    Failure::new(FailureKind::InDoubt, message)
}

fn timed_out(what: &str, length: Option<SignedDuration>) -> Failure {
    let length = length.map(duration::format).unwrap_or_default();
    Failure::passing(FailureKind::Timeout, format!("{what} took longer than {length}"))
}
