//! What an event makes true. It only records and never decides; old logs are replayed by it, so an arm keeps
//! its meaning once it is released. Ids that are not there are ignored: a damaged log must not panic.

use std::collections::BTreeSet;
use std::sync::Arc;

use dsl::catalog::Safety;
use dsl::value::{Object, Value};
use dsl::workflow::Phase;
use jiff::Timestamp;

use crate::command::{Call, TimerKind};
use crate::event::{Event, Gave, Head, Then};
use crate::run::{At, Frame, Gather, Open, Run, Slot, State, Status};
use crate::spent::Spent;

impl Run {
    /// Records that something happened at a time. It never decides, and needs no plan.
    pub fn evolve(&mut self, event: &Event, time: Timestamp) {
        self.agenda.forget();
        self.apply(event, time);
    }

    /// As `evolve`, for who keeps the agenda true.
    pub(crate) fn apply(&mut self, event: &Event, time: Timestamp) {
        self.nudge = matches!(event, Event::Yielded {});
        match event {
            Event::RunStarted { run, inputs, trigger, note, zone, parent, past } => {
                self.id = Some(run.clone());
                self.status = Status::Running;
                self.inputs = inputs.clone();
                self.trigger = trigger.clone();
                self.note = note.clone();
                self.zone.clone_from(zone);
                self.parent.clone_from(parent);
                self.past.clone_from(past);
                self.started = Some(time);
            }
            Event::RunSucceeded { gave } => self.end(|run| {
                let root = run.frames.get(&0);
                Status::Succeeded(root.map_or(Value::Null, |root| given(root, gave)))
            }),
            Event::RunFailed { failure } => self.end(|_| Status::Failed((**failure).clone())),
            Event::RunCancelled {} => self.end(|_| Status::Cancelled),
            Event::RunHeld { why } => self.hold = Some(*why),
            Event::RunReleased {} => self.hold = None,
            Event::SignalKept { name, value } => {
                self.signals.entry(name.clone()).or_default().push_back(value.clone());
            }
            Event::SignalTaken { at, name } => {
                let Some(kept) = self.signals.get_mut(name) else { return };
                let value = kept.pop_front().unwrap_or_default();
                if kept.is_empty() {
                    self.signals.remove(name);
                }
                self.settle(*at, State::Done(value), time);
            }
            // What it gives comes with the next event.
            Event::SignalEmitted { .. } => {}
            Event::StepListening { at, name } => {
                self.settle(*at, State::Listening(name.clone()), time);
                if self.slot(*at).is_some() {
                    self.listening.entry(name.clone()).or_default().push(*at);
                }
            }
            Event::StepAsked { at, asked } => {
                self.settle(*at, State::Asking(Box::new(asked.clone())), time);
            }
            Event::StepInDoubt { at, attempt } => {
                let call = match self.slot(*at).map(|slot| &slot.state) {
                    Some(State::Calling(call)) if call.attempt == *attempt => call.clone(),
                    _ => return,
                };
                let args = call.args.clone();
                self.settle(*at, State::Doubtful(call), time);
                // Made again, it is the same call.
                if let Some(slot) = self.slot_mut(*at) {
                    slot.sent = Some(args);
                }
            }
            Event::StepReused { at, value } => self.settle(*at, State::Done(value.clone()), time),
            Event::CancelRequested {} => self.cancelled = true,
            Event::RunExpired {} => {
                self.expired = true;
                self.timeout = None;
            }
            Event::Yielded {} | Event::Resumed {} => {}
            Event::FrameOpened { frame, parent, block, index, slots } => {
                self.open_frame(*frame, *parent, *block, *index, *slots);
            }
            Event::PhaseBegan { frame, phase } => {
                if *frame == 0 {
                    self.timeout = None;
                }
                if let Some(entry) = self.frames.get_mut(frame) {
                    entry.phase = *phase;
                    entry.stopped = false;
                    entry.base = entry.ended;
                    if *phase == Phase::Catch {
                        entry.caught = entry.failure.take();
                    }
                }
            }
            Event::Stopped { frame, until, failure } => {
                let mut next = Some(*frame);
                while let Some((id, entry)) = next.and_then(|id| Some((id, self.frames.get_mut(&id)?))) {
                    entry.stopped = true;
                    entry.failure.get_or_insert_with(|| failure.clone());
                    next = if id == *until { None } else { entry.parent.map(|parent| parent.frame) };
                }
            }
            Event::FrameClosed { frame, gave, met } => self.close_frame(*frame, gave, *met),
            Event::StepSkipped { at, .. } => self.settle(*at, State::Skipped, time),
            Event::StepStarted { at, attempt, action, args, safety, key, cache, connection } => {
                let call = Call {
                    at: *at,
                    attempt: *attempt,
                    action: action.clone(),
                    args: args.clone(),
                    safety: *safety,
                    key: key.clone(),
                    cache: *cache,
                    connection: connection.clone(),
                };
                self.settle(*at, State::Calling(Box::new(call)), time);
                if let Some(slot) = self.slot_mut(*at) {
                    slot.attempts = *attempt;
                    slot.sent = (*safety == Safety::Keyed).then(|| args.clone());
                }
            }
            Event::TimeoutSet { timer } if timer.at == At::RUN => self.timeout = Some(timer.due),
            Event::TimeoutSet { timer } => {
                if let Some(slot) = self.slot_mut(timer.at)
                    && timer.kind == TimerKind::Timeout
                {
                    slot.timeout = Some(timer.due);
                }
            }
            Event::StepWaiting { at, until } => self.settle(*at, State::Waiting(*until), time),
            Event::StepDue { at } => match self.open_mut(*at) {
                Some(open) => {
                    if let Gather::Repeat { pause, rested, .. } = &mut open.gather {
                        *pause = None;
                        *rested = true;
                    }
                }
                None => self.settle(*at, State::Due, time),
            },
            Event::ModelsAsked { at, spent } => self.count_spent(*at, spent),
            Event::StepSucceeded { at, value, .. } => self.settle(*at, State::Done(value.clone()), time),
            Event::StepFailed { at, failure, then } => {
                let state = match then {
                    Then::Retry { due } => State::Backoff(*due),
                    Then::Continue => State::Failed { failure: failure.clone(), continued: true },
                    Then::Fatal => State::Failed { failure: failure.clone(), continued: false },
                };
                self.settle(*at, state, time);
                if let Some(slot) = self.slot_mut(*at)
                    && failure.failure.answered
                {
                    slot.round = slot.round.saturating_add(1);
                    slot.sent = None;
                }
            }
            Event::CallAborted { at, .. } | Event::StepDropped { at } => {
                self.settle(*at, State::Dropped, time);
            }
            Event::BlockOpened { at, head } => {
                let gather = match head {
                    Head::Each { items, count } => {
                        Gather::Each { items: items.clone(), count: *count, results: vec![] }
                    }
                    Head::Repeat { rounds, start } => Gather::Repeat {
                        rounds: *rounds,
                        round: 0,
                        last: start.clone(),
                        met: false,
                        pause: None,
                        rested: false,
                    },
                    Head::One => Gather::One(None),
                };
                let open = Open { kids: BTreeSet::new(), failed: None, expired: None, flying: 0, gather };
                self.settle(*at, State::Open(Box::new(open)), time);
            }
            Event::BlockExpired { at, failure } => {
                if let Some(open) = self.open_mut(*at) {
                    open.expired = Some(failure.clone());
                }
                if let Some(slot) = self.slot_mut(*at) {
                    slot.timeout = None;
                }
            }
            Event::RoundPaused { at, until, .. } => {
                if let Some(open) = self.open_mut(*at)
                    && let Gather::Repeat { pause, .. } = &mut open.gather
                {
                    *pause = Some(*until);
                }
            }
            Event::BlockDone { at } => {
                let Some(open) = self.open_mut(*at) else { return };
                let value = match &mut open.gather {
                    Gather::Each { results, .. } => Value::list(std::mem::take(results)),
                    Gather::Repeat { last, .. } => std::mem::take(last),
                    Gather::One(value) => value.take().unwrap_or_default(),
                };
                self.settle(*at, State::Done(value), time);
            }
        }
    }

    /// Gives a step its state and keeps what is counted from states.
    fn settle(&mut self, at: At, state: State, time: Timestamp) {
        let Some(frame) = self.frames.get_mut(&at.frame) else { return };
        let Some(slot) = frame.slots.get_mut(usize::from(at.slot)) else { return };
        if let State::Listening(name) = &slot.state
            && let Some(listening) = self.listening.get_mut(name)
        {
            listening.retain(|other| *other != at);
            if listening.is_empty() {
                let name = name.clone();
                self.listening.remove(&name);
            }
        }
        let flew = matches!(slot.state, State::Calling(_));
        let flies = matches!(state, State::Calling(_));
        let (lived, had_ended) = (slot.state.is_live(), slot.state.has_ended());
        frame.live = (frame.live + u32::from(state.is_live())).saturating_sub(u32::from(lived));
        frame.ended = (frame.ended + u32::from(state.has_ended())).saturating_sub(u32::from(had_ended));
        // What is computed at once begins and ends at the same time.
        if !matches!(state, State::Skipped) && slot.started.is_none() {
            slot.started = Some(time);
            self.steps = self.steps.saturating_add(1);
        }
        slot.ended = state.has_ended().then_some(time);
        slot.timeout = None;
        slot.state = state;
        if slot.state.value().is_some() {
            slot.sent = None;
        }
        if flew != flies {
            self.count_flight(at.frame, flies);
        }
    }

    fn count_flight(&mut self, frame: u32, flies: bool) {
        let mut next = Some(frame);
        while let Some(parent) = next.and_then(|id| self.frames.get(&id)?.parent) {
            if let Some(open) = self.open_mut(parent) {
                open.flying = if flies { open.flying + 1 } else { open.flying.saturating_sub(1) };
            }
            next = Some(parent.frame);
        }
    }

    /// Adds what models took to a step and to all that it stands in.
    fn count_spent(&mut self, at: At, spent: &Spent) {
        let mut next = Some(at);
        while let Some(at) = next {
            let Some(slot) = self.slot_mut(at) else { return };
            match &mut slot.spent {
                Some(sum) => sum.add(spent),
                None => slot.spent = Some(Box::new(spent.clone())),
            }
            next = self.frames.get(&at.frame).and_then(|frame| frame.parent);
        }
    }

    fn open_frame(&mut self, id: u32, parent: Option<At>, block: u32, index: u32, slots: u16) {
        let path = match parent.map(|at| (at, self.frames.get(&at.frame))) {
            // An instance is younger than the one that it stands in: walks outward come to an end.
            Some((at, Some(outer))) if at.frame < id && id >= self.next => {
                path_below(&outer.path, at.slot, index)
            }
            None if self.frames.is_empty() => Arc::from([]),
            Some(_) | None => return,
        };
        if let Some(open) = parent.and_then(|at| self.open_mut(at)) {
            open.kids.insert(id);
            match &mut open.gather {
                Gather::Each { results, .. } => results.push(Value::Null),
                Gather::Repeat { round, rested, .. } => {
                    *round = index;
                    *rested = false;
                }
                Gather::One(_) => {}
            }
        }
        self.next = self.next.max(id.saturating_add(1));
        self.frames.insert(
            id,
            Frame {
                block,
                parent,
                index,
                path,
                phase: Phase::Body,
                stopped: false,
                failure: None,
                caught: None,
                slots: vec![Slot::default(); usize::from(slots)],
                live: 0,
                ended: 0,
                base: 0,
            },
        );
    }

    fn close_frame(&mut self, id: u32, gave: &Gave, round_met: bool) {
        let Some(frame) = self.frames.remove(&id) else { return };
        let Some(open) = frame.parent.and_then(|at| self.open_mut(at)) else { return };
        open.kids.remove(&id);
        if let Gave::Nothing = gave {
            if open.failed.is_none() {
                open.failed.clone_from(&frame.failure);
            }
            return;
        }
        let value = given(&frame, gave);
        match &mut open.gather {
            Gather::Each { results, .. } => {
                if let Some(result) = results.get_mut(frame.index as usize) {
                    *result = value;
                }
            }
            Gather::Repeat { last, met, .. } => {
                *last = value;
                *met = round_met;
            }
            Gather::One(one) => *one = Some(value),
        }
    }

    fn end(&mut self, status: impl Fn(&Run) -> Status) {
        self.status = status(self);
        self.frames.clear();
        self.listening.clear();
        self.signals.clear();
        self.hold = None;
        self.timeout = None;
    }
}

/// The path of an instance of the block at `slot`.
pub(crate) fn path_below(outer: &[u32], slot: u16, index: u32) -> Arc<[u32]> {
    outer.iter().copied().chain([u32::from(slot), index]).collect()
}

fn given(frame: &Frame, gave: &Gave) -> Value {
    let of = |slot: u16| -> Value {
        frame.slots.get(usize::from(slot)).and_then(|slot| slot.state.value().cloned()).unwrap_or_default()
    };
    match gave {
        Gave::Value(value) => value.clone(),
        Gave::Slot(slot) => of(*slot),
        Gave::Map(entries) => {
            let entries = entries.iter().map(|(name, slot)| (name.clone(), slot.map_or(Value::Null, of)));
            Value::Object(Arc::new(entries.collect::<Object>()))
        }
        Gave::Nothing => Value::Null,
    }
}
