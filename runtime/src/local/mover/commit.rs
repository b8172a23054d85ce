//! The commit of a turn, and what follows from it.

use std::time::{Duration, Instant};

use dsl::catalog::Safety;
use dsl::value::Value;
use engine::command::{Call, Command};
use engine::input::{Cancel, Input};
use engine::plan::CALL;
use engine::run::RunId;
use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use super::{MOST, Mover, Waiting, Work, returned};
use crate::driver::Error;
use crate::journal::Earlier;
use crate::local::calls::hash_of;
use crate::local::turn::Turn;

/// A run that pauses for longer than this leaves memory.
const FAR: SignedDuration = SignedDuration::from_secs(60);

impl Mover {
    /// True if all that this turn rests on and leads to are calls that change nothing: it may be committed
    /// together with what follows.
    pub(super) fn may_wait(&self) -> bool {
        !self.turn.urgent && self.turn.len() < self.most && self.failures == 0
    }

    /// Makes the calls of a turn that may wait, before it is committed: reading twice does no harm. Where
    /// the commit fails they are decided and made again, and the answer of the first try is nobody's.
    pub(super) fn send_ahead(&mut self) {
        let commands = std::mem::take(&mut self.turn.commands);
        for (run, command) in commands {
            match command {
                Command::Call(call) => {
                    self.call(&run, call);
                }
                other => self.turn.commands.push((run, other)),
            }
        }
    }

    /// Commits what was decided in this turn, and goes on from there.
    pub(super) fn commit(&mut self) {
        let mut turn = std::mem::take(&mut self.turn);
        let result = if turn.batch.is_empty() { Ok(()) } else { self.journal.commit(&turn.batch) };
        match result {
            Ok(()) => self.committed(&mut turn),
            Err(error) => self.refused(&mut turn, error),
        }
        turn.clear();
        self.turn = turn;
    }

    fn committed(&mut self, turn: &mut Turn) {
        if !turn.batch.is_empty() {
            if self.failures > 0 {
                info!("commits succeed again");
                self.watchers.relieve();
            }
            self.failures = 0;
            self.most = (self.most * 2).min(MOST);
            turn.remember();
        }
        self.watchers.tell(turn.batch.rows.iter().map(|(run, row)| (run, row)));
        for (reply, result) in turn.replies.drain(..) {
            reply(result);
        }
        for (run, command) in turn.commands.drain(..) {
            self.hand_out(&run, command);
        }
        for mail in turn.batch.mail.drain(..) {
            self.deliver(mail);
        }
        for work in turn.works.drain(..) {
            if let (Some(tracked), Input::Returned { at, attempt, .. }) =
                (self.runs.get_mut(&work.run), work.input)
            {
                tracked.flights.remove(&(at, attempt));
                self.alarms.drop_timeout(&work.run, at, attempt);
            }
        }
        for ended in &turn.batch.ended {
            self.tell_parent(&ended.run);
            self.watchers.tell_end(&ended.run, ended.state);
            self.end(&ended.run);
        }
        if !turn.batch.ended.is_empty() {
            self.admit();
            self.watchers.ended();
        }
        self.send_waiting();
        let mut last = None;
        for (run, _) in &turn.batch.rows {
            if last != Some(run) {
                self.rest(run);
            }
            last = Some(run);
        }
    }

    /// Lets a run leave memory that only pauses, and for long. Its alarms stay, and it is folded again.
    fn rest(&mut self, run: &RunId) {
        let Some(tracked) = self.runs.get_mut(run).filter(|tracked| tracked.flights.is_empty()) else {
            return;
        };
        let Some(state) = &tracked.state else { return };
        let far = self.clock.now().saturating_add(FAR).unwrap_or(Timestamp::MAX);
        let pauses = state.outstanding().iter().all(|command| match command {
            Command::Wake(timer) => timer.due > far,
            Command::Listen { .. } => true,
            Command::Call(_) | Command::Abort { .. } | Command::Nudge | Command::Emit(_) => false,
        });
        if pauses {
            tracked.state = None;
        }
    }

    /// Nothing of this turn happened: its runs are folded again, its callers are told, the rest is kept for later.
    fn refused(&mut self, turn: &mut Turn, error: Error) {
        if self.watchers.trouble(&error) {
            warn!(%error, "a commit failed, and is tried again");
        }
        for begun in &turn.batch.begun {
            let parent = self.runs.remove(&begun.run).and_then(|child| child.state?.parent);
            self.rooms.leave(&begun.run);
            self.unborn.extend(parent.and_then(|parent| self.call_of(&parent, &begun.run)));
        }
        for (run, row) in &turn.batch.rows {
            if let Some(tracked) = self.runs.get_mut(run) {
                tracked.state = None;
                tracked.seq = tracked.seq.min(row.seq - 1);
            }
        }
        for (run, command) in turn.commands.drain(..) {
            if let (Some(tracked), Command::Call(call)) = (self.runs.get_mut(&run), command) {
                tracked.unsent.insert((call.at, call.attempt));
            }
        }
        for (reply, result) in turn.replies.drain(..) {
            reply(result.and(Err(error.clone())));
        }
        self.most = 1;
        let works = std::mem::take(&mut turn.works);
        self.hold(works);
    }

    /// Keeps inputs until it is worth trying again. What has waited longest comes first then.
    pub(super) fn hold(&mut self, works: impl IntoIterator<Item = Work>) {
        self.held.extend(self.ready.drain());
        self.held.extend(works);
        let delay = Duration::from_millis(20 << self.failures.min(6));
        self.failures = self.failures.saturating_add(1);
        self.again = Some(Instant::now() + delay);
    }

    /// Makes happen what was decided and committed.
    pub(super) fn hand_out(&mut self, run: &RunId, command: Command) {
        match command {
            Command::Call(call) => self.call(run, call),
            Command::Wake(timer) => self.alarms.set(run, timer),
            Command::Abort { at, attempt } => {
                if let Some(tracked) = self.runs.get_mut(run) {
                    tracked.flights.remove(&(at, attempt));
                    // Whoever gives up a call gives up the run that it made.
                    let child = tracked.children.remove(&(at, attempt));
                    let cancel = |child| Work::new(&child, Input::Cancel(Cancel::Finally));
                    child.map(cancel).into_iter().for_each(|work| self.prepare(work));
                }
                self.alarms.drop_timeout(run, at, attempt);
            }
            Command::Nudge => {
                self.prepare(Work::new(run, Input::Nudge));
            }
            Command::Listen { at, name, since } => {
                self.mailbox.listen(run, at, &name, since);
                self.pair(&name);
            }
            // It was delivered when its commit succeeded.
            Command::Emit(_) => {}
        }
    }

    pub(super) fn call(&mut self, run: &RunId, call: Call) {
        let earlier = self.earlier(run, &call);
        let Some(tracked) = self.runs.get_mut(run) else { return };
        let key = (call.at, call.attempt);
        if *call.action == *CALL {
            tracked.unsent.remove(&key);
            tracked.flights.insert(key, self.calls.find(run, &call, &*self.values));
            return;
        }
        if let Some((kept, value)) = earlier {
            let (at, attempt) = key;
            let input =
                Input::Returned { at, attempt, result: Ok(value), from: Some(kept.time), spent: None };
            self.prepare(Work { again: Some(kept), ..Work::new(run, input) });
            return;
        }
        tracked.unsent.remove(&key);
        if self.calls.may_go(&tracked.lane, &call.action) {
            return self.make(run, call);
        }
        let flight = self.calls.grounded(&call);
        let waiting = Waiting { run: run.clone(), call, token: flight.token };
        tracked.flights.insert(key, flight);
        self.waiting.push(&tracked.lane, waiting);
    }

    fn make(&mut self, run: &RunId, call: Call) {
        let Some(tracked) = self.runs.get_mut(run) else { return };
        let key = (call.at, call.attempt);
        let (flight, answer) = self.calls.make((run, &tracked.lane), call, &*self.values);
        tracked.flights.insert(key, flight);
        answer.map(returned).into_iter().for_each(|work| self.prepare(work));
    }

    /// Makes calls that waited for a place, as far as there is one.
    fn send_waiting(&mut self) {
        while let Some((_, waiting)) = self.waiting.pop_where(&|lane| self.calls.has_room(lane)) {
            let Waiting { run, call, token } = waiting;
            let flight = self.runs.get(&run).and_then(|it| it.flights.get(&(call.at, call.attempt)));
            if flight.is_some_and(|flight| flight.token == token) {
                self.make(&run, call);
            }
        }
    }

    /// An answer to the same call that is not too old to be used again.
    fn earlier(&self, run: &RunId, call: &Call) -> Option<(Earlier, Value)> {
        let cache = call.cache.filter(|_| call.safety == Safety::Read)?;
        let args = call.args.load_all(&*self.values)?;
        let hash = hash_of(&self.calls.executor().owner(run), &Call { args, ..call.clone() });
        let oldest = self.clock.now().saturating_sub(cache).unwrap_or(Timestamp::MIN);
        match self.journal.answer(&hash) {
            Ok(answer) => {
                let (time, value) = answer.filter(|(time, _)| *time >= oldest)?;
                Some((Earlier { hash, time }, value))
            }
            Err(error) => {
                warn!(%error, "an earlier answer cannot be read");
                None
            }
        }
    }

    /// Forgets a run that is not moved any more.
    pub(super) fn end(&mut self, run: &RunId) {
        self.runs.remove(run);
        self.calls.executor().release(run);
        self.rooms.leave(run);
        self.mailbox.forget(run);
        self.alarms.forget(run);
        self.watchers.close(run);
    }
}
