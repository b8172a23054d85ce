//! The thread that moves runs. One turn: take what has arrived, let the engine decide what it means, keep
//! all of that in one commit, and then hand out what follows from it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use engine::command::{Call, Command};
use engine::event::Recorded;
use engine::input::{Cancel, Input, Start};
use engine::plan::Plan;
use engine::run::{At, Attempt, Run, RunId};
use jiff::SignedDuration;
use tracing::error;

use super::Surroundings;
use super::alarms::Alarms;
use super::calls::{Answer, Calls, Flight};
use super::turn::Turn;
use super::values::Shelf;
use super::watchers::Watchers;
use crate::clock::Clock;
use crate::driver::{Error, State};
use crate::journal::Journal;

/// How many inputs go into one commit at most.
pub(super) const MOST: usize = 256;

/// How long it sleeps at most, so that a jump of the machine's clock is noticed.
const NAP: Duration = Duration::from_secs(30);

/// A run that pauses for longer than this leaves memory.
const FAR: SignedDuration = SignedDuration::from_secs(60);

/// How a caller is told.
pub(super) type Reply = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// What arrives.
pub(super) enum Message {
    /// Start a run.
    Start { plan: Arc<Plan>, start: Start, reply: Reply },
    /// Cancel a run.
    Cancel { run: RunId, how: Cancel, reply: Reply },
    /// Take up a run.
    Resume { run: RunId, reply: Reply },
    /// A call has come back.
    Returned(Answer),
    /// The clock has jumped.
    Jumped,
    /// Stop moving runs.
    Stop,
}

/// An input that nobody waits for. It is kept until what it means has been committed.
pub(super) struct Work {
    pub run: RunId,
    pub input: Input,
    /// Which flight it is the answer of.
    pub token: Option<u64>,
}

/// A run that is moved here.
pub(super) struct Tracked {
    plan: Arc<Plan>,
    /// The state; none where it has to be folded from the log.
    state: Option<Run>,
    /// The number of the last row that is committed or in the turn's batch.
    seq: u64,
    /// Calls under way.
    flights: BTreeMap<(At, Attempt), Flight>,
    /// Calls that certainly have not gone out, since the commit that they follow from was reported as failed.
    unsent: BTreeSet<(At, Attempt)>,
}

impl Tracked {
    fn new(plan: &Arc<Plan>, state: Option<Run>, seq: u64) -> Tracked {
        Tracked { plan: plan.clone(), state, seq, flights: BTreeMap::new(), unsent: BTreeSet::new() }
    }
}

pub(super) struct Mover {
    arrivals: Receiver<Message>,
    journal: Arc<dyn Journal>,
    values: Arc<Shelf>,
    watchers: Arc<Watchers>,
    clock: Arc<dyn Clock>,
    calls: Calls,
    alarms: Alarms,
    runs: HashMap<RunId, Tracked>,
    /// What can be decided without waiting.
    ready: VecDeque<Work>,
    /// What could not be committed, until it is tried again.
    held: VecDeque<Work>,
    /// How many commits in a row have failed, and when to try again.
    failures: u32,
    again: Option<Instant>,
    /// How many inputs go into one commit: fewer after a failure, so that one that can never be committed
    /// does not hold up the others.
    most: usize,
    turn: Turn,
}

impl Mover {
    pub fn new(
        (inbox, arrivals): (Sender<Message>, Receiver<Message>),
        journal: Arc<dyn Journal>,
        values: Arc<Shelf>,
        watchers: Arc<Watchers>,
        surroundings: Surroundings,
    ) -> Mover {
        Mover {
            arrivals,
            journal,
            values,
            watchers,
            clock: surroundings.clock,
            calls: Calls::new(surroundings.executor, surroundings.tokio, inbox),
            alarms: Alarms::default(),
            runs: HashMap::new(),
            ready: VecDeque::new(),
            held: VecDeque::new(),
            failures: 0,
            again: None,
            most: MOST,
            turn: Turn::default(),
        }
    }

    /// Moves runs until it is told to stop.
    pub fn run(mut self) {
        let mut going = true;
        while going {
            going = self.take();
            self.commit();
        }
        // Dropping the flights aborts the calls.
        self.runs.clear();
        self.watchers.close_all();
    }

    /// Takes what has arrived and decides it; waits only where there is nothing to do. False if it is to stop.
    fn take(&mut self) -> bool {
        let mut going = true;
        let mut arrived = 0;
        if let Some(first) = self.wait() {
            going &= self.message(first);
            arrived += 1;
        }
        // Half of the room is for what others send, so that runs that are always ready starve nobody.
        while arrived < self.most.div_ceil(2)
            && let Ok(message) = self.arrivals.try_recv()
        {
            going &= self.message(message);
            arrived += 1;
        }
        if self.again.is_some_and(|again| again <= Instant::now()) {
            self.again = None;
            self.held.append(&mut self.ready);
            std::mem::swap(&mut self.held, &mut self.ready);
        }
        let now = self.clock.now();
        while let Some((run, timer)) = self.alarms.take_due(now) {
            self.ready.push_back(Work { run, input: Input::Fired(timer), token: None });
        }
        while self.turn.len() < self.most
            && let Some(work) = self.ready.pop_front()
        {
            self.work(work);
        }
        going
    }

    /// The next message, waited for where nothing else is to be done.
    fn wait(&mut self) -> Option<Message> {
        if !self.ready.is_empty() {
            return None;
        }
        let alarm = self.alarms.next().map(|due| {
            // Rounded up: an alarm that fires a moment early would only be waited for again.
            let left = due.duration_since(self.clock.now()) + SignedDuration::from_micros(1);
            Duration::try_from(left).unwrap_or(Duration::ZERO)
        });
        let again = self.again.map(|again| again.saturating_duration_since(Instant::now()));
        let nap = [alarm, again].into_iter().flatten().min();
        match nap {
            None => self.arrivals.recv().ok(),
            Some(nap) => match self.arrivals.recv_timeout(nap.min(NAP)) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
            },
        }
    }

    /// Decides a message. False if it is to stop.
    fn message(&mut self, message: Message) -> bool {
        match message {
            Message::Start { plan, start, reply } => {
                let begun = self.start(plan, start);
                self.turn.answer(reply, begun);
            }
            Message::Cancel { run, how, reply } => {
                let told = self.track(&run).and_then(|()| self.apply(&run, &Input::Cancel(how)));
                self.turn.answer(reply, told);
            }
            Message::Resume { run, reply } => {
                let tracked = self.track(&run);
                self.turn.answer(reply, tracked);
            }
            Message::Returned(answer) => self.work(returned(answer)),
            Message::Jumped => {}
            Message::Stop => return false,
        }
        true
    }

    fn start(&mut self, plan: Arc<Plan>, start: Start) -> Result<(), Error> {
        let run = start.run.clone();
        if self.runs.contains_key(&run) || self.journal.run(&run)?.is_some() {
            return Err(Error::Exists(run));
        }
        self.runs.insert(run.clone(), Tracked::new(&plan, Some(Run::default()), 0));
        self.apply(&run, &Input::Start(start)).inspect_err(|_| self.end(&run))?;
        self.turn.begin(&run, &plan);
        Ok(())
    }

    /// Decides an input that nobody waits for, and keeps it until that is committed.
    fn work(&mut self, work: Work) {
        let Some(tracked) = self.runs.get(&work.run) else { return };
        if let (Some(token), Input::Returned { at, attempt, .. }) = (work.token, &work.input)
            && tracked.flights.get(&(*at, *attempt)).is_none_or(|flight| flight.token != token)
        {
            return;
        }
        match self.apply(&work.run, &work.input) {
            Ok(()) => self.turn.works.push(work),
            Err(Error::Damaged { run, detail }) => {
                error!(%run, detail, "a run cannot go on, since its log is damaged");
                self.end(&run);
            }
            Err(error) => {
                error!(run = %work.run, %error, "a run cannot be read, and is tried again");
                self.hold([work]);
            }
        }
    }

    /// Lets the engine decide what an input means, and adds that to the batch.
    fn apply(&mut self, run: &RunId, input: &Input) -> Result<(), Error> {
        self.load(run)?;
        let Some(Tracked { plan, state: Some(state), seq, .. }) = self.runs.get_mut(run) else {
            return Ok(());
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
        if !events.is_empty() {
            *seq += 1;
            let row = Recorded { seq: *seq, time: now, events };
            self.turn.record(run, row, State::of(&state.status), &self.values);
        }
        Ok(())
    }

    /// Sees to it that a run is moved here, if it has not ended.
    fn track(&mut self, run: &RunId) -> Result<(), Error> {
        if self.runs.contains_key(run) {
            return Ok(());
        }
        let (summary, digest) = self.journal.run(run)?.ok_or_else(|| Error::NoRun(run.clone()))?;
        if summary.state != State::Running {
            return Ok(());
        }
        let plan = match self.turn.known_plan(&digest) {
            Some(plan) => plan,
            None => Arc::new(plan_of(&*self.journal, run, &digest)?),
        };
        self.turn.keep_plan(digest, &plan);
        self.runs.insert(run.clone(), Tracked::new(&plan, None, u64::MAX));
        self.load(run).inspect_err(|_| self.end(run))
    }

    /// Folds a run from its log where its state is not at hand, and takes up what is outstanding and not
    /// under way. This is what a restart does, what a failed commit does, and what the end of a long pause does.
    fn load(&mut self, run: &RunId) -> Result<(), Error> {
        let Some(tracked) = self.runs.get_mut(run).filter(|tracked| tracked.state.is_none()) else {
            return Ok(());
        };
        let log = self.journal.log(run, 0)?;
        let damaged = |detail: String| Error::Damaged { run: run.clone(), detail };
        let state = Run::fold(&log).map_err(|error| damaged(error.to_string()))?;
        if log.is_empty() {
            return Err(damaged("its log is missing".into()));
        }
        // Rows of a commit that was reported as failed and was none.
        self.watchers.tell(log.iter().filter(|row| row.seq > tracked.seq).map(|row| (run, row)));
        tracked.seq = log.last().map_or(0, |row| row.seq);
        let outstanding = state.outstanding();
        let ended = State::of(&state.status) != State::Running;
        tracked.state = Some(state);
        if ended {
            self.end(run);
            return Ok(());
        }
        for command in outstanding {
            match command {
                Command::Call(call) => self.take_up(run, call),
                other => self.hand_out(run, other),
            }
        }
        Ok(())
    }

    /// Goes on with a call of which nothing but its start is known.
    fn take_up(&mut self, run: &RunId, call: Call) {
        let key = (call.at, call.attempt);
        let Some(tracked) = self.runs.get_mut(run) else { return };
        if tracked.flights.contains_key(&key) {
            return;
        }
        if tracked.unsent.remove(&key) || call.safety.repeatable() {
            self.hand_out(run, Command::Call(call));
        } else {
            let input = Input::InDoubt { at: call.at, attempt: call.attempt };
            self.ready.push_back(Work { run: run.clone(), input, token: None });
        }
    }

    /// Makes happen what was decided and committed.
    fn hand_out(&mut self, run: &RunId, command: Command) {
        match command {
            Command::Call(call) => self.call(run, call),
            Command::Wake(timer) => self.alarms.set(run, timer),
            Command::Abort { at, attempt } => {
                if let Some(tracked) = self.runs.get_mut(run) {
                    tracked.flights.remove(&(at, attempt));
                }
                self.alarms.drop_timeout(run, at, attempt);
            }
            Command::Nudge => {
                self.ready.push_back(Work { run: run.clone(), input: Input::Nudge, token: None });
            }
        }
    }

    fn call(&mut self, run: &RunId, call: Call) {
        let Some(tracked) = self.runs.get_mut(run) else { return };
        let key = (call.at, call.attempt);
        let (flight, answer) = self.calls.make(run, call, &*self.values);
        tracked.unsent.remove(&key);
        tracked.flights.insert(key, flight);
        self.ready.extend(answer.map(returned));
    }

    /// Commits what was decided in this turn, and goes on from there.
    fn commit(&mut self) {
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
            self.failures = 0;
            self.most = (self.most * 2).min(MOST);
            turn.remember();
        }
        self.watchers.tell(turn.batch.rows.iter().map(|(run, row)| (run, row)));
        for (reply, result) in turn.replies.drain(..) {
            reply(result);
        }
        for work in turn.works.drain(..) {
            if let (Some(tracked), Input::Returned { at, attempt, .. }) =
                (self.runs.get_mut(&work.run), work.input)
            {
                tracked.flights.remove(&(at, attempt));
                self.alarms.drop_timeout(&work.run, at, attempt);
            }
        }
        for (run, command) in turn.commands.drain(..) {
            self.hand_out(&run, command);
        }
        for ended in &turn.batch.ended {
            self.end(&ended.run);
        }
        for (run, _) in &turn.batch.rows {
            self.rest(run);
        }
    }

    /// Lets a run leave memory that only pauses, and for long. Its alarms stay, and it is folded again.
    fn rest(&mut self, run: &RunId) {
        let Some(tracked) = self.runs.get_mut(run).filter(|tracked| tracked.flights.is_empty()) else {
            return;
        };
        let Some(state) = &tracked.state else { return };
        let far = self.clock.now().saturating_add(FAR).unwrap_or(jiff::Timestamp::MAX);
        let pauses = state.outstanding().iter().all(|command| match command {
            Command::Wake(timer) => timer.due > far,
            Command::Call(_) | Command::Abort { .. } | Command::Nudge => false,
        });
        if pauses {
            tracked.state = None;
        }
    }

    /// Nothing of this turn happened: its runs are folded again, its callers are told, the rest is kept for later.
    fn refused(&mut self, turn: &mut Turn, error: Error) {
        if self.failures == 0 {
            error!(%error, "a commit failed, and is tried again");
        }
        for begun in &turn.batch.begun {
            self.runs.remove(&begun.run);
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
    fn hold(&mut self, works: impl IntoIterator<Item = Work>) {
        self.held.append(&mut self.ready);
        self.held.extend(works);
        let delay = Duration::from_millis(20 << self.failures.min(6));
        self.failures = self.failures.saturating_add(1);
        self.again = Some(Instant::now() + delay);
    }

    /// Forgets a run that is not moved any more.
    fn end(&mut self, run: &RunId) {
        self.runs.remove(run);
        self.alarms.forget(run);
        self.watchers.close(run);
    }
}

fn returned(answer: Answer) -> Work {
    let Answer { run, at, attempt, token, result } = answer;
    Work { run, input: Input::Returned { at, attempt, result }, token: Some(token) }
}

/// The plan that a run follows.
pub(super) fn plan_of(journal: &dyn Journal, run: &RunId, digest: &dsl::value::Hash) -> Result<Plan, Error> {
    journal
        .plan(digest)?
        .ok_or_else(|| Error::Damaged { run: run.clone(), detail: format!("its plan {digest} is missing") })
}
