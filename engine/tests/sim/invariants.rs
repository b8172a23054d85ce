//! What must hold in every world: each event is held against a model of its own, which objects by name.

use dsl::catalog::{FailureKind, Safety};
use dsl::value::Value;
use dsl::workflow::{NeedKind, OnDoubt, OnError, Phase};
use engine::command::TimerKind;
use engine::event::{Event, Head, Then, Why};
use engine::run::{At, StepFailure};
use jiff::Timestamp;

use crate::model::{Cause, Frame, Kind, Model, Sent, Slot, Stage, key_of, kind_key};

/// Something that must never be.
#[derive(Debug)]
pub struct Broken {
    /// The name of the invariant.
    pub invariant: &'static str,
    /// What was seen.
    pub detail: String,
}

/// Objects if something does not hold.
pub fn demand(holds: bool, invariant: &'static str, detail: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { invariant, detail: detail() }) }
}

impl Model<'_> {
    /// Takes in one event, or says what is wrong with it.
    pub fn take(&mut self, event: &Event, now: Timestamp) -> Result<(), Broken> {
        demand(!self.ended, "nothing after the end", || format!("{event:?}"))?;
        self.issued.remove(&(At::RUN, 9));
        if let Some(frame) = self.failing {
            let stops = matches!(event, Event::Stopped { frame: stopped, .. } if *stopped == frame);
            demand(stops, "a failure stops its block at once", || format!("frame {frame}: {event:?}"))?;
        }
        if let Some(at) = self.raising.take() {
            let ends =
                matches!(event, Event::StepSucceeded { at: next, value: Value::Null, .. } if *next == at);
            demand(ends, "who raises a signal ends well at once", || format!("{at:?}: {event:?}"))?;
        }
        demand(self.hold.is_none() || !self.starts(event), "nothing starts while held", || {
            format!("{event:?}")
        })?;
        match event {
            Event::FrameOpened { frame, parent, block, index, slots } => {
                self.frame_opened(*frame, *parent, *block, *index, *slots)?;
            }
            Event::PhaseBegan { frame, phase } => self.phase_began(*frame, *phase)?,
            Event::Stopped { frame, until, failure } => {
                self.disturbed = true;
                let of_a_step = self.failing.take().is_some();
                let expected = self.reach(*frame, of_a_step)?;
                demand(expected == *until, "a failure stops all up to what handles it", || {
                    format!("frame {frame} until {until} instead of {expected}")
                })?;
                let mut next = *frame;
                loop {
                    let entry = self.frame_mut(next)?;
                    entry.stopped = true;
                    entry.failed = true;
                    let parent = entry.parent;
                    if next == *until {
                        break;
                    }
                    next = parent.map_or(*until, |at| at.frame);
                }
                if *until == 0 && self.first_failure.is_none() && !self.cancelled {
                    self.first_failure = Some((**failure).clone());
                }
            }
            Event::FrameClosed { frame, .. } => self.frame_closed(*frame)?,
            Event::StepSkipped { at, why } => self.skipped(*at, why)?,
            Event::StepStarted { at, attempt, key, args, safety, .. } => {
                let sent = Sent { key: key.to_string(), args: args.clone(), answered: false };
                self.started(*at, *attempt, sent, *safety)?;
            }
            Event::TimeoutSet { timer } if timer.at == At::RUN => {}
            Event::TimeoutSet { timer } => self.slot_mut(timer.at)?.timeout = Some(timer.due),
            Event::StepWaiting { at, until } => {
                self.begins(*at)?;
                self.set(*at, Stage::Paused)?;
                self.slot_mut(*at)?.due = Some(*until);
            }
            Event::StepDue { at } => self.due(*at, now)?,
            Event::ModelsAsked { at, .. } => {
                demand(self.slot(*at)?.stage == Stage::Calling, "only who calls has asked", || {
                    format!("{at:?}")
                })?;
            }
            Event::StepSucceeded { at, .. } => {
                self.may_succeed(*at, now)?;
                self.set(*at, Stage::Done)?;
            }
            Event::StepFailed { at, failure, then } => self.failed(*at, failure, *then, now)?,
            Event::CallAborted { at, .. } => {
                demand(self.slot(*at)?.stage == Stage::Calling, "only calls are aborted", || {
                    format!("{at:?}")
                })?;
                self.set(*at, Stage::Nothing)?;
            }
            Event::StepDropped { at } => {
                demand(self.is_stopped(at.frame), "only what has stopped is dropped", || format!("{at:?}"))?;
                let stage = self.slot(*at)?.stage;
                demand(!stage.has_ended(), "a step ends once", || format!("{at:?} dropped"))?;
                demand(stage != Stage::Doubtful, "a doubt stays on record", || format!("{at:?} dropped"))?;
                self.set(*at, Stage::Nothing)?;
            }
            Event::BlockOpened { at, head } => {
                self.begins(*at)?;
                self.set(*at, Stage::Open)?;
                if let Head::Each { count, items } = head {
                    let real = match items {
                        Value::List(items) => items.len(),
                        Value::Object(entries) => entries.len(),
                        _ => usize::MAX,
                    };
                    demand(real == *count as usize, "items are counted", || format!("{at:?}"))?;
                }
            }
            Event::BlockExpired { at, .. } => {
                self.disturbed = true;
                self.due_timeout(*at, now)?;
                self.slot_mut(*at)?.expired = true;
                let fatal = self.step(*at)?.1.on_error != OnError::Continue;
                self.failing = (fatal && !self.is_stopped(at.frame)).then_some(at.frame);
                self.issued.remove(&(*at, kind_key(TimerKind::Timeout)));
            }
            Event::RoundPaused { at, until, .. } => {
                self.may_go_on(*at)?;
                self.slot_mut(*at)?.due = Some(*until);
            }
            Event::BlockDone { at } => {
                self.may_go_on(*at)?;
                demand(!self.has_kids(*at), "a block ends after all in it", || format!("{at:?}"))?;
                self.set(*at, Stage::Done)?;
            }
            Event::CancelRequested {} => {
                demand(!self.cancelled, "a second cancel means nothing", String::new)?;
                self.cancelled = true;
                self.disturbed = true;
            }
            Event::RunExpired {} => {
                self.disturbed = true;
                self.failing = (!self.is_stopped(0)).then_some(0);
                self.issued.remove(&(At::RUN, kind_key(TimerKind::Timeout)));
            }
            Event::RunSucceeded { .. } => {
                demand(
                    self.first_failure.is_none() && !self.cancelled,
                    "a stopped run does not succeed",
                    || format!("{:?}", self.first_failure),
                )?;
                self.end();
            }
            Event::RunFailed { failure } => {
                if let Some(first) = &self.first_failure {
                    demand(**failure == *first, "the first failure decides", || {
                        format!("{failure:?} instead of {first:?}")
                    })?;
                }
                self.end();
            }
            Event::RunCancelled {} => self.end(),
            Event::RunStarted { .. } | Event::Yielded {} | Event::Resumed {} => {}
            Event::RunHeld { why } => {
                demand(self.hold.is_none(), "a run is held once", || format!("{:?}", self.hold))?;
                self.hold = Some(*why);
            }
            Event::RunReleased {} => {
                demand(self.hold.take().is_some(), "only what is held is released", String::new)?;
            }
            Event::SignalKept { name, value } => {
                self.kept.entry(name.clone()).or_default().push_back(value.clone());
            }
            Event::SignalTaken { at, name } => {
                self.begins(*at)?;
                let oldest = self.kept.get_mut(name).and_then(|kept| kept.pop_front());
                demand(oldest.is_some(), "only what was kept is taken", || format!("{at:?} {name}"))?;
                self.kept.retain(|_, kept| !kept.is_empty());
                self.set(*at, Stage::Done)?;
            }
            Event::SignalEmitted { at, signal } => {
                let new = self.raised.insert(signal.id.clone());
                demand(new, "no two signals share an id", || format!("{at:?} {}", signal.id))?;
                self.raising = Some(*at);
            }
            Event::StepListening { at, name } => {
                self.begins(*at)?;
                self.set(*at, Stage::Listening)?;
                self.listening.entry(name.clone()).or_default().push(*at);
            }
            Event::StepAsked { at, .. } => {
                self.begins(*at)?;
                self.set(*at, Stage::Asking)?;
            }
            Event::StepInDoubt { at, attempt } => {
                let slot = self.slot(*at)?;
                let calls = slot.stage == Stage::Calling && slot.attempts == *attempt;
                demand(calls, "only calls are in doubt", || format!("{at:?} {attempt}"))?;
                self.may_go_on(*at)?;
                self.set(*at, Stage::Doubtful)?;
            }
            Event::StepReused { at, value } => {
                self.may_be_taken_over(*at, value)?;
                self.begun += 1;
                self.set(*at, Stage::Done)?;
            }
        }
        if let Some(command) = event.command(now)
            && let Some(key) = key_of(&command)
        {
            self.issued.insert(key, command);
        }
        Ok(())
    }

    fn frame_opened(
        &mut self,
        id: u32,
        parent: Option<At>,
        block: u32,
        index: u32,
        slots: u16,
    ) -> Result<(), Broken> {
        demand(self.opened.insert(id), "ids of instances are not reused", || id.to_string())?;
        demand(parent.is_some() || id == 0, "a run begins once", || id.to_string())?;
        if let Some(at) = parent {
            self.may_go_on(at)?;
            demand(self.slot(at)?.stage == Stage::Open, "instances stand in open blocks", || {
                format!("{at:?}")
            })?;
            if self.step(at)?.1.op_is_each() {
                let room = self.limits_of(at.frame).into_iter().chain([at]);
                for limit in room.collect::<Vec<At>>() {
                    let parallel = self.parallel(limit)?;
                    let flying = self.slot(limit)?.flying;
                    demand(flying < parallel, "items that cannot go on are not opened", || {
                        format!("{at:?} item {index}: {flying} of {parallel} calls")
                    })?;
                }
            } else {
                demand(!self.has_kids(at), "one instance at a time", || format!("{at:?}"))?;
            }
        }
        let path = parent.map_or(String::new(), |at| self.path_in(at, index));
        self.frames.insert(
            id,
            Frame {
                block,
                path,
                index,
                parent,
                phase: Phase::Body,
                stopped: false,
                failed: false,
                finally_began: false,
                slots: vec![Slot::default(); usize::from(slots)],
            },
        );
        Ok(())
    }

    fn phase_began(&mut self, id: u32, phase: Phase) -> Result<(), Broken> {
        let around = self.is_stopped_around(id);
        let block = self.frame(id)?.block;
        let catches = self.plan.block(block).is_some_and(|block| block.catches);
        let frame = self.frame_mut(id)?;
        let live = frame.slots.iter().any(|slot| !slot.stage.has_ended() && slot.stage != Stage::Pending);
        demand(!live, "a part ends after all in it", || format!("frame {id}"))?;
        match phase {
            Phase::Catch => demand(
                frame.phase == Phase::Body && frame.stopped && catches && !around,
                "a handler runs only for its own failure",
                || format!("frame {id}"),
            )?,
            Phase::Finally => {
                // A failure that could be handled is handled before the end.
                let handled = !(frame.phase == Phase::Body && frame.stopped && catches && !around);
                demand(handled, "a handler runs before the end", || format!("frame {id}"))?;
                frame.finally_began = true;
            }
            Phase::Body => demand(false, "a body does not begin again", || format!("frame {id}"))?,
        }
        if phase == Phase::Catch {
            frame.failed = false;
        }
        frame.phase = phase;
        frame.stopped = false;
        if id == 0 {
            self.issued.remove(&(At::RUN, kind_key(TimerKind::Timeout)));
        }
        Ok(())
    }

    fn frame_closed(&mut self, id: u32) -> Result<(), Broken> {
        let stopped = self.is_stopped(id);
        let frame = self.frame(id)?;
        let block = self.plan.block(frame.block);
        let has_finally = block.is_some_and(|block| block.size(Phase::Finally) > 0);
        demand(frame.finally_began || !has_finally, "every open `finally` runs", || format!("frame {id}"))?;
        for (slot, entry) in (0u16..).zip(&frame.slots) {
            let step = self.plan.step(frame.block, slot);
            let due = step.is_some_and(|step| step.phase == frame.phase) && !stopped;
            let fine = entry.stage.has_ended() || (entry.stage == Stage::Pending && !due);
            demand(fine, "a block ends after all in it", || format!("frame {id} slot {slot}"))?;
        }
        self.frames.remove(&id);
        Ok(())
    }

    fn skipped(&mut self, at: At, why: &Why) -> Result<(), Broken> {
        self.may_begin_but_for_skips(at)?;
        if let Why::Step(name) = why {
            let mut next = Some(at.frame);
            let found = loop {
                let Some(id) = next else { break None };
                let frame = self.frame(id)?;
                let slot = self.plan.block(frame.block).and_then(|block| block.names.get(name).copied());
                match slot {
                    Some(slot) => break Some(At { frame: id, slot }),
                    None => next = frame.parent.map(|at| at.frame),
                }
            };
            let stage = found.map(|at| self.slot(at).map(|slot| slot.stage)).transpose()?;
            demand(stage.is_some_and(|stage| stage != Stage::Done), "a skip has a reason", || {
                format!("{at:?} because of `{name}`, which is {stage:?}")
            })?;
        }
        if !self.takes_over_skip(at) {
            self.is_anew(at)?;
        }
        self.set(at, Stage::Nothing)
    }

    fn started(&mut self, at: At, attempt: u32, sent: Sent, safety: Safety) -> Result<(), Broken> {
        if self.slot(at)?.stage == Stage::Due {
            self.may_go_on(at)?;
        } else {
            self.begins(at)?;
        }
        let (slot, (_, step)) = (self.slot(at)?, self.step(at)?);
        let (tried, again, doubts) = (slot.attempts, slot.again, slot.doubts);
        // What nobody has answered is no attempt that the policy counts against making it again.
        let most = if again { tried + 1 } else { step.retry.attempts + doubts };
        demand(attempt == tried + 1 && attempt <= most, "no more attempts than the policy allows", || {
            format!("{at:?} attempt {attempt} of {}", step.retry.attempts)
        })?;
        for limit in self.limits_of(at.frame) {
            let (flying, parallel) = (self.slot(limit)?.flying, self.parallel(limit)?);
            demand(flying < parallel, "no more calls in flight than `parallel`", || {
                format!("{at:?} under {limit:?}: {flying} of {parallel}")
            })?;
        }
        if let Some(before) = self.keys.get(&at) {
            let kept = before.key == sent.key;
            demand(kept != before.answered, "a key lives from answer to answer", || {
                format!("{at:?} {} {} answered: {}", before.key, sent.key, before.answered)
            })?;
            let same = !kept || safety != Safety::Keyed || before.args == sent.args;
            demand(same, "a call that is made again with its key is the same", || format!("{at:?}"))?;
            let same = !again || (kept && before.args == sent.args);
            demand(same, "a doubtful call is made again as the same call", || {
                format!("{at:?} {} {} then {} {}", before.key, before.args, sent.key, sent.args)
            })?;
        }
        let owner = *self.used_keys.entry(sent.key.clone()).or_insert(at);
        demand(owner == at, "no two steps share a key", || format!("{at:?} {owner:?}"))?;
        self.keys.insert(at, sent);
        self.set(at, Stage::Calling)?;
        let slot = self.slot_mut(at)?;
        slot.attempts = attempt;
        slot.again = false;
        Ok(())
    }

    /// Takes in the end of a pause, or that a call is made again.
    fn due(&mut self, at: At, now: Timestamp) -> Result<(), Broken> {
        let slot = self.slot(at)?;
        if slot.stage == Stage::Doubtful {
            let policy = self.step(at)?.1.on_doubt == OnDoubt::Retry;
            let asked = policy || self.cause == Cause::Again(at);
            demand(asked, "a doubtful call is not made again unasked", || format!("{at:?}"))?;
            self.set(at, Stage::Due)?;
            let slot = self.slot_mut(at)?;
            slot.again = true;
            slot.doubts += 1;
            return Ok(());
        }
        self.may_go_on(at)?;
        let due = self.slot_mut(at)?.due.take();
        demand(due.is_some_and(|due| now >= due), "no pause ends early", || format!("{at:?} {now}"))?;
        if self.slot(at)?.stage == Stage::Open {
            self.issued.remove(&(at, kind_key(TimerKind::Every)));
            return Ok(());
        }
        self.set(at, Stage::Due)
    }

    fn may_succeed(&mut self, at: At, now: Timestamp) -> Result<(), Broken> {
        let slot = self.slot(at)?;
        let (stage, due) = (slot.stage, slot.due);
        match stage {
            Stage::Pending => self.begins(at),
            Stage::Paused => {
                demand(due.is_some_and(|due| now >= due), "no pause ends early", || format!("{at:?} {now}"))
            }
            Stage::Calling => Ok(()),
            Stage::Listening => demand(
                std::mem::take(&mut self.cause) == Cause::Signal,
                "a signal wakes one step at most",
                || format!("{at:?}"),
            ),
            Stage::Asking => {
                let asked = matches!(self.cause, Cause::Answer(other) | Cause::Timer(other) if other == at);
                demand(asked, "only an answer ends a question", || format!("{at:?}"))
            }
            Stage::Doubtful => {
                demand(self.cause == Cause::Known(at), "only who knows ends a doubt", || format!("{at:?}"))
            }
            Stage::Due | Stage::Open | Stage::Done | Stage::Nothing => {
                demand(false, "a step ends once", || format!("{at:?} is {stage:?}"))
            }
        }
    }

    fn failed(&mut self, at: At, failure: &StepFailure, then: Then, now: Timestamp) -> Result<(), Broken> {
        let slot = self.slot(at)?;
        let (stage, expired) = (slot.stage, slot.expired);
        if failure.failure.kind == FailureKind::Timeout {
            self.disturbed = true;
        }
        if failure.failure.kind == FailureKind::InDoubt {
            self.disturbed = true;
        }
        match stage {
            Stage::Pending if self.takes_over_failure(at, failure) => {
                self.may_begin(at)?;
                self.begun += 1;
            }
            Stage::Pending if failure.failure.kind == FailureKind::Limit => {
                demand(self.limit_is_reached(), "a limit binds when it is reached", || {
                    format!("{at:?}: {} steps", self.begun)
                })?;
                self.may_begin(at)?;
                self.is_anew(at)?;
                self.begun += 1;
            }
            Stage::Pending => self.begins(at)?,
            Stage::Open => demand(!self.has_kids(at), "a block ends after all in it", || format!("{at:?}"))?,
            Stage::Due | Stage::Calling => {}
            Stage::Asking if failure.failure.kind == FailureKind::Rejected => {
                let said = self.cause == Cause::Answer(at);
                demand(said || self.due_timeout(at, now).is_ok(), "only an answer ends a question", || {
                    format!("{at:?}")
                })?;
            }
            Stage::Doubtful => {
                let known = self.cause == Cause::Known(at) || self.is_stopped(at.frame);
                demand(known, "only who knows ends a doubt", || format!("{at:?}"))?;
            }
            // A call that was given up because of its time fails with the next event.
            Stage::Listening | Stage::Asking => self.due_timeout(at, now)?,
            Stage::Paused | Stage::Nothing if !expired => self.due_timeout(at, now)?,
            Stage::Paused | Stage::Nothing | Stage::Done => {
                demand(false, "a step ends once", || format!("{at:?} is {stage:?}"))?;
            }
        }
        if let Some(sent) = self.keys.get_mut(&at) {
            sent.answered |= failure.failure.answered;
        }
        match then {
            Then::Retry { due } => {
                demand(!self.is_stopped(at.frame), "nothing is tried again after a stop", || {
                    format!("{at:?}")
                })?;
                let asked = failure.failure.retry_after.unwrap_or_default();
                demand(due.duration_since(now) >= asked, "a pause that was asked for is kept", || {
                    format!("{at:?} {due}")
                })?;
                self.set(at, Stage::Paused)?;
                self.slot_mut(at)?.due = Some(due);
            }
            Then::Continue => self.set(at, Stage::Nothing)?,
            Then::Fatal => {
                self.set(at, Stage::Nothing)?;
                self.failing = (!self.is_stopped(at.frame)).then_some(at.frame);
            }
        }
        Ok(())
    }

    fn due_timeout(&self, at: At, now: Timestamp) -> Result<(), Broken> {
        let timeout = self.slot(at)?.timeout;
        demand(timeout.is_some_and(|due| now >= due), "no timeout comes early", || format!("{at:?} {now}"))
    }

    /// Takes in that a step begins here and is not taken over.
    fn begins(&mut self, at: At) -> Result<(), Broken> {
        self.may_begin(at)?;
        demand(!self.limit_is_reached(), "a run starts no more steps than it may", || {
            format!("{at:?}: {} steps", self.begun)
        })?;
        self.is_anew(at)?;
        self.begun += 1;
        Ok(())
    }

    /// True if no more steps may begin. Handlers of the whole run may go beyond.
    fn limit_is_reached(&self) -> bool {
        let body = self.frames.get(&0).is_some_and(|root| root.phase == Phase::Body);
        body && self.plan.max_steps.is_some_and(|most| self.begun >= most)
    }

    /// True if an event is of a kind that only follows from others: it must wait while the run is held.
    fn starts(&self, event: &Event) -> bool {
        let pending = |at: &At| self.slot(*at).is_ok_and(|slot| slot.stage == Stage::Pending);
        match event {
            Event::BlockDone { .. }
            | Event::BlockOpened { .. }
            | Event::FrameClosed { .. }
            | Event::FrameOpened { .. }
            | Event::PhaseBegan { .. }
            | Event::RoundPaused { .. }
            | Event::RunFailed { .. }
            | Event::RunSucceeded { .. }
            | Event::SignalEmitted { .. }
            | Event::SignalTaken { .. }
            | Event::StepAsked { .. }
            | Event::StepDropped { .. }
            | Event::StepListening { .. }
            | Event::StepReused { .. }
            | Event::StepSkipped { .. }
            | Event::StepStarted { .. }
            | Event::StepWaiting { .. }
            | Event::Yielded {} => true,
            Event::StepSucceeded { at, .. } | Event::StepFailed { at, .. } => pending(at),
            Event::BlockExpired { .. }
            | Event::CallAborted { .. }
            | Event::CancelRequested {}
            | Event::Resumed {}
            | Event::RunCancelled {}
            | Event::RunExpired {}
            | Event::RunHeld { .. }
            | Event::RunReleased {}
            | Event::RunStarted { .. }
            | Event::SignalKept { .. }
            | Event::ModelsAsked { .. }
            | Event::StepDue { .. }
            | Event::StepInDoubt { .. }
            | Event::Stopped { .. }
            | Event::TimeoutSet { .. } => false,
        }
    }

    /// True if a step may begin: nothing has stopped, its part of the block runs, its needs have ended.
    fn may_begin(&self, at: At) -> Result<(), Broken> {
        self.may_begin_but_for_skips(at)?;
        let (frame, step) = self.step(at)?;
        for need in step.needs.iter().filter(|need| need.up == 0 && need.kind == NeedKind::Hard) {
            let stage = frame.slots[usize::from(need.step)].stage;
            demand(stage == Stage::Done, "what reads a skipped step hard is skipped", || {
                format!("{at:?} needs {need:?}, which is {stage:?}")
            })?;
        }
        Ok(())
    }

    pub fn may_begin_but_for_skips(&self, at: At) -> Result<(), Broken> {
        self.may_go_on(at)?;
        let (frame, step) = self.step(at)?;
        let stage = frame.slots[usize::from(at.slot)].stage;
        demand(stage == Stage::Pending, "no step runs twice", || format!("{at:?} is {stage:?}"))?;
        demand(step.phase == frame.phase, "parts of a block run one after another", || format!("{at:?}"))?;
        let mut place = Some(frame);
        for need in &step.needs {
            if need.up == 0 {
                let other = self.plan.step(frame.block, need.step).map_or(Phase::Body, |other| other.phase);
                let ended = frame.slots[usize::from(need.step)].stage.has_ended() || other < step.phase;
                demand(ended, "needs end before a step begins", || format!("{at:?} needs {need:?}"))?;
            }
        }
        // What is needed from further out has ended before the block opened.
        let mut up = 0;
        while let Some(outer) = place {
            for need in step.needs.iter().filter(|need| need.up == up && up > 0) {
                let stage = outer.slots[usize::from(need.step)].stage;
                let other = self.plan.step(outer.block, need.step).map_or(Phase::Body, |other| other.phase);
                demand(stage.has_ended() || other < outer.phase, "needs end before a step begins", || {
                    format!("{at:?} needs {need:?}, which is {stage:?}")
                })?;
            }
            up += 1;
            place = outer.parent.and_then(|at| self.frames.get(&at.frame));
        }
        Ok(())
    }

    fn may_go_on(&self, at: At) -> Result<(), Broken> {
        let stopped = self.is_stopped(at.frame) || self.slot(at)?.expired;
        demand(!stopped, "nothing starts after a stop", || format!("{at:?}"))
    }
}
