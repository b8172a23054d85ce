//! The thread that moves runs. One turn: take what has arrived, let the engine decide what it means, keep
//! all of that in one commit, and then hand out what follows from it.

mod arrive;
mod children;
mod commit;
mod decide;
mod keep;
mod mail;
mod remove;
mod standing;
mod take_up;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender};
use std::time::{Duration, Instant};

use dsl::value::Hash;
use engine::command::{Call, Emitted};
use engine::input::{Cancel, Input, Start};
use engine::plan::Plan;
use engine::run::{At, Attempt, Run, RunId};
use foldhash::{HashMap, HashMapExt};
use jiff::{SignedDuration, Timestamp};
use store::arrivals::Poll;

use super::alarms::Alarms;
use super::calls::{Answer, Calls, Flight};
use super::fair::{Company, Fair, Lane};
use super::mailbox::Mailbox;
use super::names::Names;
use super::rooms::Rooms;
use super::turn::Turn;
use super::values::Shelf;
use super::watchers::Watchers;
use super::{Load, Shares, Standing, Surroundings, Turns};
use crate::arrival::Coming;
use crate::clock::{Clock, NAP};
use crate::driver::Error;
use crate::executor::Found;
use crate::journal::{Earlier, Journal, Mail};
use crate::listeners::Listeners;
use crate::timekeeper::kept::Kept;
use arrive::Answered;
pub(crate) use arrive::caused;
pub(super) use take_up::plan_of;

/// How many inputs go into one commit at most.
pub(super) const MOST: usize = 256;

/// How many inputs of one workflow go into one commit where others are at work as well: so much longer do they wait.
const SHARE: usize = 4;

/// How many messages are taken in at most before something is decided.
const TAKEN_IN: usize = 1024;

/// How a caller is told.
pub(super) type Reply = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// What arrives.
pub(super) enum Message {
    /// Start a run.
    Start { plan: Arc<Plan>, start: Start, reply: Reply },
    /// Cancel a run.
    Cancel { run: RunId, how: Cancel, reply: Reply },
    /// Tell a run something.
    Tell { run: RunId, input: Input, reply: Reply },
    /// Keep a signal for whoever listens.
    Signal { signal: Emitted, reply: Reply },
    /// The workflow that a step calls was found, or not.
    Found(Answer<Found>),
    /// Keep what a schedule has decided.
    Keep { kept: Box<Kept>, reply: Reply },
    /// Take in what has come from outside, and how far a service was asked.
    Arrive { comings: Vec<Coming>, poll: Option<Poll>, answer: Answered },
    /// Answer, to show that somebody is there.
    Ping { reply: SyncSender<()> },
    /// Tell how much there is to do.
    Load { reply: SyncSender<Load> },
    /// Tell how the runs stand.
    Standing { reply: SyncSender<Standing> },
    /// Let those begin that wait and find room.
    Admit,
    /// Remove runs that have ended.
    Remove { runs: Vec<RunId>, reply: Reply },
    /// Remove answers of calls, by their hashes and times.
    Forget { answers: Vec<(Hash, Timestamp)>, reply: Reply },
    /// Note from here on which large values are referred to.
    Guard { reply: Reply },
    /// Remove large values, but for those that were referred to meanwhile.
    Drop { hashes: Vec<Hash>, reply: Reply },
    /// The sweep is over.
    Unguard,
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
    /// Which signal it delivers.
    pub mail: Option<Mail>,
    /// Which answer of an earlier call it is.
    pub again: Option<Earlier>,
}

impl Work {
    fn new(run: &RunId, input: Input) -> Work {
        Work { run: run.clone(), input, token: None, mail: None, again: None }
    }
}

/// A run that is moved here.
pub(super) struct Tracked {
    plan: Arc<Plan>,
    /// Whose turn it takes.
    lane: Lane,
    /// The state; none where it has to be folded from the log.
    state: Option<Run>,
    /// The number of the last row that is committed or in the turn's batch.
    seq: u64,
    /// Calls under way.
    flights: BTreeMap<(At, Attempt), Flight>,
    /// Calls that certainly have not gone out, since the commit that they follow from was reported as failed.
    unsent: BTreeSet<(At, Attempt)>,
    /// The runs that its steps have called.
    children: BTreeMap<(At, Attempt), RunId>,
}

impl Tracked {
    fn new(plan: &Arc<Plan>, owner: Arc<str>, state: Option<Run>, seq: u64) -> Tracked {
        Tracked {
            plan: plan.clone(),
            lane: Lane { owner, workflow: plan.name.as_str().into() },
            state,
            seq,
            flights: BTreeMap::new(),
            unsent: BTreeSet::new(),
            children: BTreeMap::new(),
        }
    }
}

/// A call that waits for a place.
struct Waiting {
    run: RunId,
    call: Call,
    /// The flight that stands for it meanwhile: where that is gone, nobody wants the call any more.
    token: u64,
}

pub(super) struct Mover {
    arrivals: Receiver<Message>,
    journal: Arc<dyn Journal>,
    values: Arc<Shelf>,
    watchers: Arc<Watchers>,
    clock: Arc<dyn Clock>,
    calls: Calls,
    alarms: Alarms,
    mailbox: Mailbox,
    rooms: Rooms,
    /// Triggers that wait for something from outside.
    listeners: Arc<Listeners>,
    runs: HashMap<RunId, Tracked>,
    /// Which names are taken; nothing until somebody wants one.
    names: Option<Names>,
    /// What can be decided without waiting.
    ready: Fair<Work>,
    /// Who is at work.
    company: Company,
    turns: Turns,
    /// Calls that wait for a place.
    waiting: Fair<Waiting>,
    /// What could not be committed, until it is tried again.
    held: VecDeque<Work>,
    /// Signals for runs that have ended: they leave the store with the next commit.
    lapsed: Vec<Arc<str>>,
    /// Calls of other workflows whose runs could not be begun, since the commit failed.
    unborn: Vec<(RunId, At, Attempt)>,
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
        (values, listeners): (Arc<Shelf>, Arc<Listeners>),
        watchers: Arc<Watchers>,
        surroundings: Surroundings,
        shares: Shares,
    ) -> Mover {
        Mover {
            arrivals,
            journal,
            values,
            watchers,
            clock: surroundings.clock,
            calls: Calls::new(surroundings.executor, surroundings.tokio, inbox, shares),
            alarms: Alarms::default(),
            mailbox: Mailbox::default(),
            rooms: Rooms::default(),
            listeners,
            runs: HashMap::new(),
            names: None,
            ready: Fair::new(shares.turns),
            company: Company::default(),
            turns: shares.turns,
            waiting: Fair::new(shares.turns),
            held: VecDeque::new(),
            lapsed: vec![],
            unborn: vec![],
            failures: 0,
            again: None,
            most: MOST,
            turn: Turn::default(),
        }
    }

    /// Moves runs until it is told to stop.
    pub fn run(mut self) {
        self.read_mail();
        let mut going = true;
        while going {
            going = self.take();
            if going && self.may_wait() {
                self.send_ahead();
            }
            // A turn is left open only where more is ready: nothing ever waits for company.
            if !going || !self.may_wait() || self.ready.is_empty() {
                self.commit();
            }
        }
        // Dropping the flights aborts the calls.
        self.runs.clear();
        self.watchers.close_all();
    }

    /// Takes what has arrived and decides it; waits only where there is nothing to do. False if it is to stop.
    fn take(&mut self) -> bool {
        let mut going = true;
        if let Some(first) = self.wait() {
            going &= self.message(first);
        }
        // Half of the room is for what others send, so that runs that are always ready starve nobody.
        for _ in 0..TAKEN_IN {
            if self.turn.len() >= self.most.div_ceil(2) {
                break;
            }
            let Ok(message) = self.arrivals.try_recv() else { break };
            going &= self.message(message);
        }
        if self.again.is_some_and(|again| again <= Instant::now()) {
            self.again = None;
            let mut works = std::mem::take(&mut self.held);
            works.extend(self.ready.drain());
            works.into_iter().for_each(|work| self.prepare(work));
            self.bear();
        }
        let now = self.clock.now();
        while let Some((run, timer)) = self.alarms.take_due(now) {
            self.prepare(Work::new(&run, Input::Fired(timer)));
        }
        self.turn.batch.taken.append(&mut self.lapsed);
        self.decide();
        going
    }

    /// Decides what is ready, a round at a time: one input of each workflow.
    fn decide(&mut self) {
        let now = Instant::now();
        let rounds = match self.turns {
            Turns::Fair if self.company.is_mixed(now) => SHARE,
            Turns::Fair | Turns::Arrival => self.most,
        };
        for _ in 0..rounds {
            for _ in 0..self.ready.lanes() {
                if self.turn.len() >= self.most {
                    return;
                }
                let Some((lane, work)) = self.ready.pop() else { return };
                self.company.saw(&lane, now);
                self.work(work);
            }
        }
    }

    /// Puts an input among those that can be decided.
    fn prepare(&mut self, work: Work) {
        match self.runs.get(&work.run) {
            Some(tracked) => self.ready.push(&tracked.lane, work),
            None => self.ready.push(&Lane::default(), work),
        }
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
            Some(nap) => self.arrivals.recv_timeout(nap.min(NAP)).ok(),
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
                self.turn.answer(reply, told.map(|_| ()));
            }
            Message::Tell { run, input, reply } => {
                let told = self.track(&run).and_then(|()| self.apply(&run, &input));
                let told = told.and_then(|meant| if meant { Ok(()) } else { Err(Error::Stale(run)) });
                self.turn.answer(reply, told);
            }
            Message::Signal { signal, reply } => {
                let from = self.turn.batch.mail.len();
                self.turn.batch.mail.push(Mail { signal, time: self.clock.now() });
                self.tell_of_signals(from);
                self.turn.answer(reply, Ok(()));
            }
            Message::Found(answer) => self.found(answer),
            Message::Keep { kept, reply } => self.keep(*kept, reply),
            Message::Arrive { comings, poll, answer } => self.arrive(comings, poll, answer),
            // Whoever asked may have gone.
            Message::Ping { reply } => drop(reply.send(())),
            Message::Load { reply } => drop(reply.send(self.to_do())),
            Message::Standing { reply } => drop(reply.send(self.standing())),
            Message::Remove { runs, reply } => self.remove(runs, reply),
            Message::Forget { answers, reply } => self.forget_answers(answers, reply),
            Message::Guard { reply } => self.guard(reply),
            Message::Drop { hashes, reply } => self.drop_values(hashes, reply),
            Message::Unguard => self.turn.noted.end(),
            Message::Admit => self.admit(),
            // It rests on nothing that this turn commits.
            Message::Resume { run, reply } => reply(self.track(&run)),
            Message::Returned(answer) => self.prepare(returned(answer)),
            Message::Jumped => {}
            Message::Stop => return false,
        }
        true
    }
}

fn returned(answer: Answer) -> Work {
    let Answer { run, at, attempt, token, result, spent } = answer;
    let input = Input::Returned { at, attempt, result, from: None, spent };
    Work { token: Some(token), ..Work::new(&run, input) }
}
