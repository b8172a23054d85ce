//! What an input means, by the engine's word; nothing is committed yet.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use dsl::value::Value;
use dsl::workflow::WhenFull;
use engine::BIG;
use engine::event::Recorded;
use engine::input::{Cancel, Input, Start};
use engine::plan::Plan;
use engine::room::{self, Room};
use engine::run::{At, Attempt, Hold, Run, RunId};
use tracing::error;

use super::{Mover, Tracked, Work};
use crate::driver::{Error, State};
use crate::journal::{Asker, Earlier, Reused};
use crate::local::names::{Known, Names};

impl Mover {
    pub(super) fn start(&mut self, plan: Arc<Plan>, mut start: Start) -> Result<(), Error> {
        let run = start.run.clone();
        start.inputs = sealed_fields(start.inputs);
        start.trigger = sealed_fields(start.trigger);
        if self.exists(&run)? {
            return Err(Error::Exists(run));
        }
        self.check_origin(&start)?;
        let room = room::of(&plan, &start, &*self.values, self.clock.now());
        if let Some(room) = room.map_err(|failure| Error::Refused(failure.message))? {
            self.take_room(&room, &plan, &mut start)?;
        }
        let owner = self.calls.executor().owner(&run);
        self.runs.insert(run.clone(), Tracked::new(&plan, owner, Some(Run::default()), 0));
        self.apply(&run, &Input::Start(start)).inspect_err(|_| self.end(&run))?;
        self.turn.begin(&run, &plan);
        Ok(())
    }

    /// True if there is a run of this name; from here on there may be.
    fn exists(&mut self, run: &RunId) -> Result<bool, Error> {
        let names = match &mut self.names {
            Some(names) => names,
            None => self.names.insert(Names::above(self.journal.greatest()?)),
        };
        let known = names.of(run);
        names.take(run);
        Ok(match known {
            Known::Free => false,
            // Its start may have failed.
            Known::Taken | Known::Nothing => self.runs.contains_key(run) || self.journal.run(run)?.is_some(),
        })
    }

    /// Finds room for a run beside the others of its workflow, or lets it wait.
    fn take_room(&mut self, room: &Room, plan: &Plan, start: &mut Start) -> Result<(), Error> {
        if self.rooms.has_room(room) {
            self.rooms.enter(room, &start.run);
            return Ok(());
        }
        match room.when_full {
            WhenFull::Skip => return Err(Error::Full(plan.name.clone())),
            WhenFull::Queue => {}
            WhenFull::CancelOldest => {
                let oldest = self.rooms.oldest(room);
                let cancel = |run| Work::new(&run, Input::Cancel(Cancel::Finally));
                oldest.map(cancel).into_iter().for_each(|work| self.prepare(work));
            }
        }
        self.rooms.wait(room, &start.run);
        start.hold = Some(Hold::Queued);
        Ok(())
    }

    /// Lets those begin that wait and find room.
    pub(super) fn admit(&mut self) {
        let admitted = self.rooms.admit();
        for run in admitted {
            self.prepare(Work::new(&run, Input::Release(Hold::Queued)));
        }
    }

    /// Decides an input that nobody waits for, and keeps it until that is committed.
    pub(super) fn work(&mut self, work: Work) {
        let Some(tracked) = self.runs.get(&work.run) else { return self.undelivered(work) };
        let mut reads = false;
        if let (Some(token), Input::Returned { at, attempt, .. }) = (work.token, &work.input) {
            // An answer that nobody waits for any more has no flight, or that of another try.
            let Some(flight) = tracked.flights.get(&(*at, *attempt)) else { return };
            if flight.token != token {
                return;
            }
            reads = flight.reads;
            if let (Some(hash), Input::Returned { result: Ok(value), spent, .. }) = (flight.keep, &work.input)
            {
                let kept = Earlier { hash, time: self.clock.now() };
                let asked = spent.as_ref().map(|_| (kept, self.asker(&work.run, *at, *attempt)));
                self.turn.batch.answered_by.extend(asked);
                self.turn.batch.answers.push((hash, kept.time, value.clone()));
            }
        }
        match self.apply(&work.run, &work.input) {
            Ok(meant) => {
                if let (true, Some(kept), Input::Returned { at, attempt, .. }) =
                    (meant, work.again, &work.input)
                {
                    let (by, time) = (self.asker(&work.run, *at, *attempt), self.clock.now());
                    self.turn.batch.reused.push(Reused { kept, by, time });
                }
                if let Some(mail) = &work.mail {
                    if !meant {
                        return self.undelivered(work);
                    }
                    self.turn.batch.taken.push(mail.signal.id.clone());
                }
                self.turn.urgent |= !reads;
                self.turn.works.push(work);
            }
            Err(Error::Damaged { run, detail }) => {
                error!(%run, detail, "a run cannot go on, since its log is damaged");
                self.end(&run);
            }
            Err(error) => {
                if self.watchers.trouble(&error) {
                    error!(run = %work.run, %error, "a run cannot be read, and is tried again");
                }
                self.hold([work]);
            }
        }
    }

    fn asker(&self, run: &RunId, at: At, attempt: Attempt) -> Asker {
        Asker { owner: self.calls.executor().owner(run), run: run.clone(), at, attempt }
    }

    /// Lets the engine decide what an input means, and adds that to the batch. False if it means nothing.
    pub(super) fn apply(&mut self, run: &RunId, input: &Input) -> Result<bool, Error> {
        self.load(run)?;
        let Some(Tracked { plan, state: Some(state), seq, .. }) = self.runs.get_mut(run) else {
            return Ok(false);
        };
        let now = match input {
            // The clock may have been set back since the alarm went off.
            Input::Fired(timer) => self.clock.now().max(timer.due),
            _ => self.clock.now(),
        };
        // The engine is total; should it break off all the same, one run stands still and the others go on.
        let decided =
            catch_unwind(AssertUnwindSafe(|| engine::advance(plan, state, &*self.values, input, now)));
        let Ok(events) = decided else {
            let detail = "the engine broke off; what was recorded before is safe".into();
            return Err(Error::Damaged { run: run.clone(), detail });
        };
        if events.is_empty() {
            return Ok(false);
        }
        *seq += 1;
        let row = Recorded { seq: *seq, time: now, events };
        let (state, raised) = (State::of(&state.status), self.turn.batch.mail.len());
        self.turn.record(run, row, state, &self.values);
        self.tell_of_signals(raised);
        if state != State::Running {
            self.tell_of_end(run);
        }
        Ok(true)
    }
}

/// The object with its large fields by reference.
fn sealed_fields(value: Value) -> Value {
    match value {
        Value::Object(fields) if fields.values().any(|field| field.weight(BIG) > BIG) => {
            Value::object(fields.iter().map(|(name, field)| (name.clone(), field.clone().sealed(BIG))))
        }
        other => other,
    }
}
