//! Blocks: which instances of them open, what ends one, and what it gives.

use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use dsl::expr::Halt;
use dsl::value::Value;
use dsl::workflow::{OnError, Phase};

use crate::BIG;
use crate::agenda::{Task, What};
use crate::event::{Event, Gave, Head};
use crate::path;
use crate::plan::{Op, Step};
use crate::retry;
use crate::run::{At, Gather, StepFailure};
use crate::scope;
use crate::settle::{boolean, index_of};
use crate::turn::Turn;

impl Turn<'_> {
    /// Opens a step that is a block.
    pub fn open_block(&mut self, at: At, step: &Step) -> Result<(), Halt> {
        let (head, first) = match &step.op {
            Op::Each { items, .. } => {
                let items = self.fill(at, items)?;
                let loaded = items.load(self.values).unwrap_or_default();
                let Some(count) = scope::count(&loaded) else {
                    return Err(wrong("`for_each` runs over a list or an object", &loaded));
                };
                (Head::Each { items: items.sealed(BIG), count }, None)
            }
            Op::Repeat { rounds, start, body, .. } => {
                let rounds = match self.fill(at, rounds)? {
                    Value::Int(rounds) if rounds >= 1 => u32::try_from(rounds).unwrap_or(u32::MAX),
                    other => return Err(wrong("`repeat` takes an integer of at least 1", &other)),
                };
                let start = start.as_ref().map_or(Ok(Value::Null), |start| self.fill(at, start))?;
                (Head::Repeat { rounds, start: start.sealed(BIG) }, Some((*body, 1)))
            }
            Op::Switch { on, cases, default } => {
                let value = self.fill(at, on)?;
                let case = cases.iter().find(|(key, _)| *key == value).map(|(_, block)| *block);
                let Some(block) = case.or(*default) else {
                    self.succeed(at, Value::Null);
                    return Ok(());
                };
                (Head::One, Some((block, 0)))
            }
            Op::Try { body } => (Head::One, Some((*body, 0))),
            Op::Act { .. } | Op::Emit { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => {
                return Ok(());
            }
        };
        self.emit(Event::BlockOpened { at, head });
        if let Some(length) = step.timeout {
            self.set_timeout(at, 0, length);
        }
        match first {
            Some((block, index)) => self.open_frame(Some(at), block, index),
            None => {
                self.look_at_item(at);
                self.look_at(at);
            }
        }
        Ok(())
    }

    fn look_at_item(&mut self, at: At) {
        let Some(frame) = self.run.frames.get(&at.frame) else { return };
        let Some(open) = self.run.open(at) else { return };
        if let Gather::Each { count, results, .. } = &open.gather
            && index_of(results) < *count
        {
            let path = crate::evolve::path_below(&frame.path, at.slot, index_of(results));
            self.run.agenda.add(Task { path, what: What::Item(at) });
        }
    }

    /// Opens the next item of a `for_each` if it could make a call: items that cannot are not opened.
    pub fn next_item(&mut self, at: At, task: Task) {
        let Some(open) = self.run.open(at) else { return };
        let Gather::Each { count, results, .. } = &open.gather else { return };
        let index = index_of(results);
        if index >= *count || open.expired.is_some() || self.run.is_stopped(at.frame) {
            return;
        }
        let Some(Op::Each { body, .. }) = self.step(at).map(|step| &step.op) else { return };
        let body = *body;
        let full = if self.has_room(at) { self.full(at.frame) } else { Some(at) };
        if let Some(limit) = full {
            return self.run.agenda.park(limit, task);
        }
        self.open_frame(Some(at), body, index);
        self.look_at_item(at);
    }

    /// Looks at a step that is a block: does another instance open, has it ended?
    pub fn look_at_block(&mut self, at: At, stopped: bool) {
        let Some(open) = self.run.open(at) else { return };
        if !open.kids.is_empty() {
            return;
        }
        let plan = self.plan;
        let Some(frame) = self.run.frames.get(&at.frame) else { return };
        let Some(step) = plan.step(frame.block, at.slot) else { return };
        let failed = open.failed.clone().filter(|_| !takes_failures(step));
        if let Some(failure) = open.expired.clone().or(failed) {
            return self.fail_with(at, failure, None);
        }
        if stopped {
            self.emit(Event::StepDropped { at });
            return self.ended(at);
        }
        match (&open.gather, &step.op) {
            (Gather::Each { count, results, .. }, _) => {
                if index_of(results) >= *count {
                    self.done(at);
                }
            }
            (
                Gather::Repeat { rounds, round, met, pause, rested, .. },
                Op::Repeat { until, every, body, .. },
            ) => {
                let (rounds, round) = (*rounds, *round);
                if pause.is_some() {
                    return;
                }
                if *met || (round >= rounds && until.is_none()) {
                    self.done(at);
                } else if round >= rounds {
                    let message = format!("`until` did not hold after {rounds} rounds");
                    self.fail(at, Failure::new(FailureKind::Exhausted, message), None);
                } else if let (Some(every), false) = (every, *rested) {
                    self.emit(Event::RoundPaused { at, round, until: retry::later(self.now, *every) });
                } else {
                    self.open_frame(Some(at), *body, round + 1);
                }
            }
            (Gather::Repeat { .. }, _) => {}
            (Gather::One(value), _) => {
                if value.is_some() {
                    self.done(at);
                }
            }
        }
    }

    fn done(&mut self, at: At) {
        self.emit(Event::BlockDone { at });
        self.ended(at);
    }

    /// Looks at an instance of a block: has the part of it that runs ended, and what comes next?
    pub fn look_at_phase_end(&mut self, id: u32) {
        let plan = self.plan;
        let Some(frame) = self.run.frames.get(&id) else { return };
        let Some(block) = plan.block(frame.block) else { return };
        let stopped = self.run.is_stopped(id);
        if frame.live > 0 || (!stopped && frame.ended.saturating_sub(frame.base) < block.size(frame.phase)) {
            return;
        }
        let handles = frame.stopped && block.catches && !self.run.is_stopped_around(id);
        let next = match frame.phase {
            Phase::Body if handles => Some(Phase::Catch),
            Phase::Body | Phase::Catch if block.size(Phase::Finally) > 0 => Some(Phase::Finally),
            Phase::Body | Phase::Catch | Phase::Finally => None,
        };
        match (next, frame.parent) {
            (Some(phase), _) => {
                self.emit(Event::PhaseBegan { frame: id, phase });
                self.look_at_phase(id);
            }
            (None, None) => self.end_run(),
            (None, Some(at)) => {
                self.end_frame(id, at);
                self.look_at(at);
            }
        }
    }

    fn end_frame(&mut self, id: u32, at: At) {
        let plan = self.plan;
        let Some(frame) = self.run.frames.get(&id) else { return };
        let Some(step) = self.run.frames.get(&at.frame).and_then(|outer| plan.step(outer.block, at.slot))
        else {
            return;
        };
        if self.run.is_stopped_around(id) {
            return self.close(id, Gave::Nothing, false);
        }
        let given = match frame.failure.clone() {
            Some(failure) => Err(failure),
            None => self.gives(id, step).map_err(|failure| {
                let step = path::of_frame(plan, self.run, id);
                Arc::new(StepFailure { failure, step, attempts: 0 })
            }),
        };
        match given {
            Ok((gave, met)) => self.close(id, gave, met),
            Err(failure) if takes_failures(step) => {
                let value = match step.on_error {
                    OnError::Collect => Value::object([("error", failure.to_value())]),
                    OnError::Fail | OnError::Continue => Value::Null,
                };
                self.close(id, Gave::Value(value.sealed(BIG)), false);
            }
            Err(failure) => {
                // Where the failure is that of the value, it is decided here: its own handler is over.
                if !self.run.is_stopped(id) {
                    let until = self.reach(id);
                    self.emit(Event::Stopped { frame: id, until, failure });
                    self.look_at_all(until);
                }
                self.close(id, Gave::Nothing, false);
            }
        }
    }

    fn close(&mut self, frame: u32, gave: Gave, met: bool) {
        self.emit(Event::FrameClosed { frame, gave, met });
    }

    /// What an instance gives, and whether it is a round after which `until` holds.
    fn gives(&self, id: u32, step: &Step) -> Result<(Gave, bool), Failure> {
        let gave = self.output(id)?;
        let met = match &step.op {
            Op::Repeat { until: Some(until), .. } => {
                let asked = self.scope_of(id).eval(until).and_then(|value| boolean(value, "`until`"));
                match asked {
                    Ok(met) => met,
                    // It asks about what was left out: not yet.
                    Err(Halt::Skip { .. }) => false,
                    Err(Halt::Failure(failure)) => return Err(*failure),
                }
            }
            _ => false,
        };
        Ok((gave, met))
    }

    /// The value of an instance: its `output`, else the values of its steps.
    fn output(&self, id: u32) -> Result<Gave, Failure> {
        let frame = self.run.frames.get(&id);
        let Some((frame, block)) = frame.and_then(|frame| Some((frame, self.plan.block(frame.block)?)))
        else {
            return Ok(Gave::Nothing);
        };
        let Some(output) = &block.output else { return Ok(Gave::Map(block.fields.clone())) };
        let scope = self.scope_of(id);
        let value = if id == 0 { scope.fill_softly(output) } else { scope.fill(output) };
        match value {
            Ok(value) => {
                let stands = |slot: &&(u16, &Value)| same(slot.1, &value);
                let slots = (0..).zip(&frame.slots).filter_map(|(at, slot)| Some((at, slot.state.value()?)));
                let slots: Vec<(u16, &Value)> = slots.collect();
                match slots.iter().find(stands) {
                    Some((slot, _)) => Ok(Gave::Slot(*slot)),
                    None => Ok(Gave::Value(value.sealed(BIG))),
                }
            }
            Err(Halt::Skip { .. }) => Ok(Gave::Value(Value::Null)),
            Err(Halt::Failure(failure)) => Err(*failure),
        }
    }

    fn end_run(&mut self) {
        let Some(root) = self.run.frames.get(&0) else { return };
        // Whatever was decided first is how the run ends.
        let event = match (root.caught.clone().or_else(|| root.failure.clone()), self.run.cancelled) {
            (Some(failure), _) => Event::RunFailed { failure },
            (None, true) => Event::RunCancelled {},
            (None, false) => match self.output(0) {
                Ok(gave) => Event::RunSucceeded { gave },
                Err(failure) => {
                    let failure = StepFailure { failure, step: String::new(), attempts: 0 };
                    Event::RunFailed { failure: Arc::new(failure) }
                }
            },
        };
        self.emit(event);
    }
}

/// True if a failed instance of this block is a value like any other.
fn takes_failures(step: &Step) -> bool {
    match (&step.op, step.on_error) {
        (Op::Each { .. }, OnError::Continue | OnError::Collect) => true,
        (_, OnError::Fail | OnError::Continue | OnError::Collect) => false,
    }
}

fn wrong(what: &str, value: &Value) -> Halt {
    Failure::new(FailureKind::Type, format!("{what}, not {}", value.type_name())).into()
}

/// True if two values are one in memory, so that it need not be stored twice.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(a), Value::Text(b)) => Arc::ptr_eq(a, b),
        (Value::List(a), Value::List(b)) => Arc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
        (Value::Big(a), Value::Big(b)) => a.hash == b.hash,
        _ => false,
    }
}
