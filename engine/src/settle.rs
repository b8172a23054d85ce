//! What follows from what is true: which steps start, are left out or dropped, and which blocks end. Handlers
//! only record; this alone starts things.

use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use dsl::duration;
use dsl::expr::{Expr, Halt};
use dsl::value::Value;
use dsl::workflow::{Arg, Moment, NeedKind, OnError, Phase, Question, Wait};
use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::BIG;
use crate::agenda::{Task, What};
use crate::command::Emitted;
use crate::decide::doubt;
use crate::event::{Event, Why};
use crate::fork::Outcome;
use crate::path;
use crate::plan::{Op, Plan, Step};
use crate::retry;
use crate::run::{Asked, At, Attempt, Gather, Run, RunId, State};
use crate::turn::Turn;

impl Turn<'_> {
    /// Does all that is due, or as much as the budget of events allows.
    pub fn settle(&mut self, budget: usize) {
        if self.run.hold.is_some() {
            return;
        }
        if !self.run.agenda.take_up() {
            self.look_everywhere();
        }
        let most = self.events.len() + budget.max(1);
        while !self.run.status.has_ended() {
            // Also where nothing is left to look at: a folded run knows more tasks than the live one, and
            // must yield at the same place.
            if self.events.len() >= most {
                self.emit(Event::Yielded {});
                return;
            }
            let Some((task, waited)) = self.run.agenda.next() else { return };
            match task.what {
                What::Step(at) => self.look(at, task),
                What::Failure(at) => self.fail_as_before(at),
                What::Close(frame) => self.look_at_phase_end(frame),
                What::Item(at) => self.next_item(at, task),
            }
            // Whoever was woken and did not take the room leaves it to the next.
            for limit in waited {
                if self.has_room(limit) {
                    self.run.agenda.wake(limit);
                }
            }
        }
    }

    /// Makes the agenda of a run that was folded from its log.
    fn look_everywhere(&mut self) {
        let mut tasks = vec![];
        for (id, frame) in &mut self.run.frames {
            tasks.push(Task { path: frame.path.clone(), what: What::Close(*id) });
            for (slot, step) in (0..).zip(&mut frame.slots) {
                let at = At { frame: *id, slot };
                if !step.state.has_ended() {
                    tasks.push(Task { path: frame.path.clone(), what: What::Step(at) });
                }
                if let State::Open(open) = &mut step.state
                    && let Gather::Each { items, results, .. } = &mut open.gather
                {
                    let path = crate::evolve::path_below(&frame.path, slot, index_of(results));
                    tasks.push(Task { path, what: What::Item(at) });
                    // Each item is looked up in them, so they are better at hand than in the store.
                    if let Value::Big(big) = items
                        && big.value.is_none()
                    {
                        Arc::make_mut(big).value = self.values.get(&big.hash).map(Arc::new);
                    }
                }
            }
        }
        tasks.into_iter().for_each(|task| self.run.agenda.add(task));
    }

    /// Looks at a step.
    fn look(&mut self, at: At, task: Task) {
        let Some(slot) = self.run.slot(at) else { return };
        let stopped = self.run.is_stopped(at.frame);
        match &slot.state {
            State::Pending if !stopped => self.begin(at, task),
            State::Due if !stopped => self.start_call(at, task),
            State::Doubtful(_) if stopped => self.fail(at, doubt(), None),
            State::Due | State::Waiting(_) | State::Listening(_) | State::Asking(_) | State::Backoff(_)
                if stopped =>
            {
                self.emit(Event::StepDropped { at });
                self.ended(at);
            }
            State::Calling(call) if self.run.is_aborted(at.frame) => {
                let attempt = call.attempt;
                self.emit(Event::CallAborted { at, attempt });
                self.ended(at);
            }
            State::Open(_) => self.look_at_block(at, stopped),
            State::Pending
            | State::Due
            | State::Waiting(_)
            | State::Listening(_)
            | State::Asking(_)
            | State::Doubtful(_)
            | State::Backoff(_)
            | State::Calling(_)
            | State::Done(_)
            | State::Skipped
            | State::Failed { .. }
            | State::Dropped => {}
        }
    }

    /// Begins a step if all that it needs has ended.
    fn begin(&mut self, at: At, task: Task) {
        let plan = self.plan;
        let Some(frame) = self.run.frames.get(&at.frame) else { return };
        let Some(step) = plan.step(frame.block, at.slot) else { return };
        if step.phase != frame.phase || !needs_have_ended(plan, self.run, at, step) {
            return;
        }
        if let Some(past) = self.run.past.clone() {
            if let Some(outcome) = past.steps.get(&path::of_step(plan, self.run, at)) {
                if is_fatal(step, outcome) {
                    return self.run.agenda.add(Task { what: What::Failure(at), ..task });
                }
                return self.take_over(at, outcome.clone());
            }
            let part = past.parts.get(&path::of_frame(plan, self.run, at.frame));
            if part.is_some_and(|part| step.phase < *part) {
                return;
            }
        }
        if let Some(name) = missing(plan, self.run, at, step) {
            return self.skip(at, Why::Step(name));
        }
        match step.condition.as_ref().map(|condition| self.asks(at, condition)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => return self.skip(at, Why::Condition),
            Some(Err(halt)) => return self.halted(at, halt),
        }
        // A call that has no room yet has not begun, and is held against the limit when it has.
        if let (Op::Act { .. }, Some(limit)) = (&step.op, self.full(at.frame)) {
            return self.run.agenda.park(limit, task);
        }
        if let Some(most) = self.exhausted() {
            let message = format!("the run has started {most} steps, as many as `limits.steps` allows");
            return self.fail(at, Failure::new(FailureKind::Limit, message), None);
        }
        match &step.op {
            Op::Act { .. } => self.start_call(at, task),
            Op::Emit { args } => match self.fill(at, args) {
                Ok(args) => self.raise(at, &args),
                Err(halt) => self.halted(at, halt),
            },
            Op::Set { value } => match self.fill(at, value) {
                Ok(value) => self.succeed(at, value.sealed(BIG)),
                Err(halt) => self.halted(at, halt),
            },
            Op::Wait(Wait::Person(question)) => self.ask(at, step, question),
            Op::Wait(Wait::Signal { name }) => match self.fill(at, name) {
                Ok(name) => self.listen(at, step, name.to_string().into()),
                Err(halt) => self.halted(at, halt),
            },
            Op::Wait(Wait::For { length: time } | Wait::Until { at: time }) => match self.until(at, time) {
                Ok(until) if until <= self.now => self.succeed(at, Value::Null),
                Ok(until) => {
                    self.emit(Event::StepWaiting { at, until });
                    self.limit_wait(at, step);
                }
                Err(halt) => self.halted(at, halt),
            },
            Op::Fail { message } => match self.fill(at, message) {
                Ok(message) => self.fail(at, Failure::new(FailureKind::Fail, message.to_string()), None),
                Err(halt) => self.halted(at, halt),
            },
            Op::Each { .. } | Op::Repeat { .. } | Op::Switch { .. } | Op::Try { .. } => {
                if let Err(halt) = self.open_block(at, step) {
                    self.halted(at, halt);
                }
            }
        }
    }

    /// The bound on the steps of a run, where it is reached. Handlers of the whole run may go beyond it.
    fn exhausted(&self) -> Option<u64> {
        let handles = self.run.frames.get(&0).is_some_and(|root| root.phase != Phase::Body);
        self.plan.max_steps.filter(|most| self.run.steps >= *most && !handles)
    }

    fn limit_wait(&mut self, at: At, step: &Step) {
        if let Some(length) = step.timeout {
            self.set_timeout(at, 0, length);
        }
    }

    fn listen(&mut self, at: At, step: &Step, name: Arc<str>) {
        if self.run.signals.contains_key(&name) {
            self.emit(Event::SignalTaken { at, name });
            return self.ended(at);
        }
        self.emit(Event::StepListening { at, name });
        self.limit_wait(at, step);
    }

    fn ask(&mut self, at: At, step: &Step, question: &Question) {
        let who = question.who.as_ref().map_or(Ok(Value::Null), |who| self.fill(at, who));
        let asked = who.and_then(|who| {
            let message = self.fill(at, &question.message)?.to_string().into();
            Ok(Asked { who: who.sealed(BIG), message })
        });
        match asked {
            Ok(asked) => {
                self.emit(Event::StepAsked { at, asked });
                self.limit_wait(at, step);
            }
            Err(halt) => self.halted(at, halt),
        }
    }

    fn raise(&mut self, at: At, args: &Value) {
        let (Some(run), Some(slot)) = (&self.run.id, self.run.slot(at)) else { return };
        let text = |key| args.get(key).filter(|value| !value.is_null()).map(|value| value.to_string());
        let signal = Emitted {
            id: retry::key(run, at, slot.round).into(),
            name: text("signal").unwrap_or_default().into(),
            value: args.get("with").cloned().unwrap_or_default().sealed(BIG),
            to: text("run").map(|run| RunId(run.into())),
        };
        self.emit(Event::SignalEmitted { at, signal });
        self.succeed(at, Value::Null);
    }

    /// A step does what it did in the run that this one takes over from.
    fn take_over(&mut self, at: At, outcome: Outcome) {
        match outcome {
            Outcome::Gave(value) => {
                self.emit(Event::StepReused { at, value });
                self.ended(at);
            }
            Outcome::Skipped(why) => self.skip(at, why),
            Outcome::Failed(failure) => self.fail_with(at, failure, None),
        }
    }

    /// A failure that is taken over stops its part of a block: all else that ended there is taken over first.
    fn fail_as_before(&mut self, at: At) {
        let pending = self.run.slot(at).is_some_and(|slot| matches!(slot.state, State::Pending));
        if !pending || self.run.is_stopped(at.frame) {
            return;
        }
        let path = path::of_step(self.plan, self.run, at);
        let outcome = self.run.past.as_ref().and_then(|past| past.steps.get(&path).cloned());
        if let Some(outcome) = outcome {
            self.take_over(at, outcome);
        }
    }

    fn asks(&self, at: At, condition: &Expr) -> Result<bool, Halt> {
        boolean(self.scope(at, self.attempt(at)).eval(condition)?, "a condition")
    }

    /// Evaluates a value for the next try of a step.
    pub fn fill(&self, at: At, arg: &Arg) -> Result<Value, Halt> {
        self.scope(at, self.attempt(at)).fill(arg)
    }

    fn attempt(&self, at: At) -> Attempt {
        self.run.slot(at).map_or(1, |slot| slot.attempts.saturating_add(1))
    }

    fn skip(&mut self, at: At, why: Why) {
        self.emit(Event::StepSkipped { at, why });
        self.ended(at);
    }

    /// An evaluation gave no value: the step is left out or fails.
    pub fn halted(&mut self, at: At, halt: Halt) {
        match halt {
            Halt::Skip { step } => self.skip(at, Why::Step(step.into())),
            Halt::Failure(failure) => self.fail(at, *failure, None),
        }
    }

    /// Makes a call, or waits for room.
    fn start_call(&mut self, at: At, task: Task) {
        if let Some(limit) = self.full(at.frame) {
            return self.run.agenda.park(limit, task);
        }
        let plan = self.plan;
        let Some(frame) = self.run.frames.get(&at.frame) else { return };
        let Some(step) = plan.step(frame.block, at.slot) else { return };
        let Op::Act { action, args, safety, cache, connection } = &step.op else { return };
        let (Some(id), Some(slot)) = (&self.run.id, self.run.slot(at)) else { return };
        let (attempt, key) = (self.attempt(at), retry::key(id, at, slot.round));
        match slot.sent.clone().map_or_else(|| self.fill(at, args), Ok) {
            Ok(args) => {
                let (action, safety, key) = (action.clone(), *safety, key.into());
                let args = args.sealed(BIG);
                let (cache, connection) = (*cache, connection.clone());
                self.emit(Event::StepStarted { at, attempt, action, args, safety, key, cache, connection });
                if let Some(length) = step.timeout {
                    self.set_timeout(at, attempt, length);
                }
            }
            Err(halt) => self.halted(at, halt),
        }
    }

    fn until(&self, at: At, length: &Arg) -> Result<Timestamp, Halt> {
        let value = self.fill(at, length)?;
        match &value {
            Value::Time(time) => Ok(*time),
            Value::Duration(length) => Ok(retry::later(self.now, *length)),
            other => self.until_text(other),
        }
    }

    fn until_text(&self, value: &Value) -> Result<Timestamp, Halt> {
        let text = value.as_text().unwrap_or_default().trim();
        let length = duration::parse(text).map(|length| retry::later(self.now, length));
        let message = match (length, Moment::parse(text)) {
            (Some(until), _) | (None, Some(Moment::Exact(until))) => return Ok(until),
            (None, Some(Moment::Local(local))) => match self.local(local) {
                Some(until) => return Ok(until),
                None => {
                    let zone = self.run.zone.as_deref().unwrap_or_default();
                    format!("`{text}` cannot be read in the time zone `{zone}`")
                }
            },
            (None, None) => {
                format!("a pause must be a duration like `10m` or a time, not {}", value.type_name())
            }
        };
        Err(Failure::new(FailureKind::Type, message).into())
    }
}

impl Turn<'_> {
    /// The moment of a local time in the run's zone: in a gap the one right after it, in a fold the first.
    fn local(&self, local: DateTime) -> Option<Timestamp> {
        let zone = dsl::cron::zone(self.run.zone.as_deref().unwrap_or("UTC"))?;
        zone.to_ambiguous_timestamp(local).compatible().ok()
    }
}

/// A condition is a boolean and nothing else.
pub(crate) fn boolean(value: Value, what: &str) -> Result<bool, Halt> {
    match value {
        Value::Bool(flag) => Ok(flag),
        other => {
            let message = format!("{what} must be a boolean, not {}", other.type_name());
            Err(Failure::new(FailureKind::Type, message).into())
        }
    }
}

/// How many items have been opened: the index of the next.
pub(crate) fn index_of(results: &[Value]) -> u32 {
    u32::try_from(results.len()).unwrap_or(u32::MAX)
}

/// True if all that orders a step has ended. What stands in blocks further out has ended before this block
/// opened; steps of an earlier part of the block do not begin any more.
fn needs_have_ended(plan: &Plan, run: &Run, at: At, step: &Step) -> bool {
    let Some(frame) = run.frames.get(&at.frame) else { return false };
    step.needs.iter().filter(|need| need.up == 0).all(|need| {
        let phase = plan.step(frame.block, need.step).map_or(Phase::Body, |other| other.phase);
        let slot = frame.slots.get(usize::from(need.step));
        phase < step.phase || slot.is_none_or(|slot| slot.state.has_ended())
    })
}

/// True for a failure that its step does not go on after.
fn is_fatal(step: &Step, outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(_)) && step.on_error != OnError::Continue
}

/// The name of a step that is read hard and gave nothing.
fn missing(plan: &Plan, run: &Run, at: At, step: &Step) -> Option<Arc<str>> {
    step.needs.iter().filter(|need| need.kind == NeedKind::Hard).find_map(|need| {
        let mut frame = run.frames.get(&at.frame)?;
        for _ in 0..need.up {
            frame = run.frames.get(&frame.parent?.frame)?;
        }
        let slot = frame.slots.get(usize::from(need.step))?;
        let name = &plan.step(frame.block, need.step)?.name;
        slot.state.value().is_none().then(|| name.clone())
    })
}
