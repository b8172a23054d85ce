//! Who waits for a connection, and who is next. A workflow that has had its turn stands behind those that had none: each
//! call has a number, which is one more than the one before of its workflow, and the lowest number that may go goes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::kept::is_kept;
use super::window::{Want, Window};

/// How long a call that is away keeps its number behind the moment at which it was to come back.
const KEPT: Duration = Duration::from_secs(30);

/// How long a place is kept free for it then: a run may come a little later than it was told.
const LATE: Duration = Duration::from_secs(3);

/// Nobody looks again at once.
const SOON: Duration = Duration::from_millis(20);

/// The calls of one connection.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) windows: BTreeMap<String, Window>,
    under_way: usize,
    /// Those that wait, here or elsewhere; the first one first.
    tickets: Vec<Ticket>,
    /// The highest number that went.
    went: u64,
    /// The last number of each workflow that has one beyond that.
    last: BTreeMap<Arc<str>, u64>,
    count: u64,
    pub(super) held: Option<Instant>,
    /// When the connection was made of which it counts; 0 where that is not known.
    pub(super) made: i64,
    /// True if it was counted what outlives the process, and nobody has looked since.
    pub(super) changed: bool,
}

/// Who arrives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who<'a> {
    /// The workflow, which takes turns with others.
    pub workflow: &'a Arc<str>,
    /// What the call is known by when it comes back.
    pub call: &'a str,
}

/// A call that waits.
#[derive(Debug)]
struct Ticket {
    id: u64,
    number: u64,
    workflow: Arc<str>,
    call: Box<str>,
    wants: Vec<Want>,
    most: Option<usize>,
    state: State,
}

impl Ticket {
    /// When it comes back, if it waits elsewhere.
    fn away(&self) -> Option<Instant> {
        match self.state {
            State::Away(due) => Some(due),
            State::Here(_) | State::Called => None,
        }
    }
}

#[derive(Debug)]
enum State {
    /// It waits here, and is told when it may go.
    Here(Arc<Notify>),
    /// It may go.
    Called,
    /// It waits elsewhere, and comes back at about this time.
    Away(Instant),
}

/// What a call that waits does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It goes, and is counted.
    Go,
    /// It will have room then, when all before it have gone, and perhaps at another time where they do not come.
    At { room: Instant, look: Instant },
    /// It has room when another one ends.
    Behind,
}

impl Line {
    /// The line of an account that was made at this time.
    pub(super) fn of(made: i64) -> Line {
        Line { made, ..Line::default() }
    }

    /// Counts of an account from here on. Where another one had its name, what was counted of that one is forgotten, and
    /// those that wait go on; what is under way to it still is.
    pub(super) fn is_of(&mut self, made: i64, now: Instant) {
        let before = self.made;
        self.made = made.max(before);
        if before == 0 || before >= made {
            return;
        }
        self.windows.clear();
        self.held = None;
        // What was kept of the other one is written over.
        self.changed = true;
        self.call(now);
    }

    /// Takes a call into the line, at its place where it was there before.
    pub(super) fn arrive(
        &mut self,
        who: &Who<'_>,
        wants: Vec<Want>,
        most: Option<usize>,
        notify: &Arc<Notify>,
        now: Instant,
    ) -> u64 {
        self.forget(now);
        let state = State::Here(notify.clone());
        let mut away = self.tickets.iter_mut().filter(|ticket| ticket.away().is_some());
        if let Some(ticket) = away.find(|ticket| *ticket.call == *who.call && ticket.wants == wants) {
            ticket.state = state;
            return ticket.id;
        }
        let Who { workflow, call } = *who;
        let before = self.last.get(workflow).copied().unwrap_or_default().max(self.went);
        let (id, number, workflow) = (self.count, before + 1, workflow.clone());
        self.count += 1;
        self.last.insert(workflow.clone(), number);
        let behind = self.tickets.partition_point(|ticket| ticket.number <= number);
        self.tickets.insert(behind, Ticket { id, number, workflow, call: call.into(), wants, most, state });
        // Those behind it wait longer from here on, perhaps for too long to wait here.
        for ticket in &self.tickets[behind + 1..] {
            if let State::Here(notify) = &ticket.state {
                notify.notify_one();
            }
        }
        id
    }

    /// Forgets calls that did not come back.
    fn forget(&mut self, now: Instant) {
        let is_gone = |ticket: &Ticket| ticket.away().is_some_and(|due| due + KEPT < now);
        let gone: Vec<Arc<str>> = self
            .tickets
            .iter()
            .filter(|ticket| is_gone(ticket))
            .map(|ticket| ticket.workflow.clone())
            .collect();
        self.tickets.retain(|ticket| !is_gone(ticket));
        gone.iter().for_each(|workflow| self.number_again(workflow));
    }

    /// The last number of a workflow is that of its last call.
    fn number_again(&mut self, workflow: &Arc<str>) {
        match self.tickets.iter().rev().find(|ticket| ticket.workflow == *workflow) {
            Some(last) => self.last.insert(workflow.clone(), last.number),
            None => self.last.remove(workflow),
        };
    }

    /// Lets all go that may, and tells what one of those that wait here does.
    pub(super) fn next(&mut self, id: u64, now: Instant) -> Next {
        self.call(now);
        let Some(at) = self.tickets.iter().position(|ticket| ticket.id == id) else { return Next::Go };
        if matches!(self.tickets[at].state, State::Called) {
            self.tickets.remove(at);
            return Next::Go;
        }
        let (ahead, rest) = self.tickets.split_at(at);
        let ticket = &rest[0];
        let held = self.held.unwrap_or(now).max(now);
        let (mut room, mut look) = (held, held);
        for want in &ticket.wants {
            let shares = |other: &&Ticket| other.wants.iter().any(|known| known.key == want.key);
            let waits = |other: &&Ticket| !matches!(other.state, State::Called);
            let all = ahead.iter().filter(shares).filter(waits);
            let (before, here) = (all.clone().count(), all.filter(|other| other.away().is_none()).count());
            let window = self.windows.entry(want.key.clone()).or_default();
            room = room.max(window.room_behind(want, before, now));
            look = look.max(window.room_behind(want, here, now));
        }
        if room > now { Next::At { room, look: look.max(now + SOON) } } else { Next::Behind }
    }

    fn call(&mut self, now: Instant) {
        if self.held.is_some_and(|until| until > now) {
            return;
        }
        self.held = None;
        // So many places are kept free for those who are about to come back, and have lower numbers.
        let mut kept: BTreeMap<String, usize> = BTreeMap::new();
        for ticket in &mut self.tickets {
            if let State::Away(due) = ticket.state {
                for want in &ticket.wants {
                    let soon = due < now + want.per && now < due + LATE;
                    if soon {
                        *kept.entry(want.key.clone()).or_default() += 1;
                    }
                }
            }
            let State::Here(notify) = &ticket.state else { continue };
            let full = ticket.most.is_some_and(|most| self.under_way >= most);
            let windows = &mut self.windows;
            let mut room = |want: &Want| {
                let before = kept.get(&want.key).copied().unwrap_or_default();
                windows.entry(want.key.clone()).or_default().room_behind(want, before, now) <= now
            };
            if full || !ticket.wants.iter().all(&mut room) {
                continue;
            }
            for want in &ticket.wants {
                self.windows.entry(want.key.clone()).or_default().count(now);
                self.changed |= is_kept(want.per);
            }
            self.under_way += usize::from(ticket.most.is_some());
            self.went = self.went.max(ticket.number);
            notify.notify_one();
            ticket.state = State::Called;
        }
        let went = self.went;
        self.last.retain(|_, number| *number > went);
        self.windows.retain(|_, window| !window.is_over(now));
    }

    /// Keeps the number of a call that waits elsewhere, and comes back at a moment.
    pub(super) fn go_away(&mut self, id: u64, due: Instant) {
        if let Some(ticket) = self.tickets.iter_mut().find(|ticket| ticket.id == id) {
            ticket.state = State::Away(due);
        }
    }

    /// Takes a call out of the line that was given up. One that was called already was counted, and does not run.
    pub(super) fn leave(&mut self, id: u64) {
        let Some(at) = self.tickets.iter().position(|ticket| ticket.id == id) else { return };
        let ticket = self.tickets.remove(at);
        self.number_again(&ticket.workflow);
        if matches!(ticket.state, State::Called) && ticket.most.is_some() {
            self.done();
        }
    }

    /// A request has ended.
    pub(super) fn done(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
        self.call(Instant::now());
    }

    /// Lets nobody go until a moment.
    pub(super) fn hold(&mut self, until: Instant, now: Instant) {
        self.changed |= is_kept(until.duration_since(now));
        self.held = self.held.max(Some(until));
    }

    /// True if nothing would be lost with it.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.tickets.is_empty()
            && self.under_way == 0
            && self.held.is_none_or(|until| until <= now)
            && self.windows.values().all(|window| window.is_over(now))
    }
}
