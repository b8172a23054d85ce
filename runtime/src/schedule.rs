//! What a schedule asks for: which of its times start a run now, which do not and why, and when to look again.
//!
//! Pure: no clock, no store, no thread. Whoever keeps schedules does the same thing always: it takes the instant up
//! to which all is accounted for, asks `decide`, writes the entries and the new instant in one commit, and only then
//! starts what they say. Each instant of a trigger is accounted for once, by its [`Tick`], whatever happens to the
//! process and its clock:
//!
//! - nothing is decided about an instant before it is due, and nothing after it before it;
//! - where the clock goes back, what is accounted for stays so, and the next instant is awaited;
//! - where it goes on by a leap, what lies between is late, and `catch_up` says what becomes of it.

pub mod books;
mod timetable;

use std::collections::BTreeMap;

use dsl::workflow::{CatchUp, Keeping, Overlap, Start};
use engine::run::RunId;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

pub use timetable::{Timetable, Unreadable};

/// How late a time may be and still count as on time.
pub const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// So many missed times are made up for at most.
pub const MADE_UP: usize = 100;

/// So many instants are looked at in one decision; where more are due, it asks to be called again at once.
pub const AT_ONCE: usize = 10_000;

/// A trigger with times, ready to be kept.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The name of the workflow.
    pub workflow: String,
    /// The trigger's canonical text, as [`texts`] gives it.
    pub text: String,
    /// Its times.
    pub timetable: Timetable,
    /// How they are kept.
    pub keeping: Keeping,
}

/// What makes a start unique, whatever the version of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick {
    /// The name of the workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub text: String,
    /// The instant that the trigger names.
    pub instant: Timestamp,
}

/// The run that came before, as far as the schedule has started one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// None is under way or waiting to begin.
    Ended,
    /// One is.
    UnderWay,
}

/// What becomes of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A run starts.
    Start,
    /// A run starts, and the oldest of those under way is cancelled.
    Replace,
    /// A run starts when those before it have ended.
    Queue,
    /// No run: one was under way, and `overlap` is `skip`.
    Skipped,
    /// No run: the time passed while nobody could start one.
    Missed(Missed),
}

/// Why a time that was missed is not made up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// `catch_up` is `none`.
    NotCaughtUp,
    /// `catch_up` is `latest`, and a later one starts.
    Later,
    /// `catch_up` is `all`, and there are too many later ones.
    TooMany,
}

/// What becomes of one instant, or of several in a row that were missed for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The first instant.
    pub first: Timestamp,
    /// The last; the same where it is one.
    pub last: Timestamp,
    /// How many there are from the first to the last.
    pub count: u64,
    /// What becomes of them.
    pub outcome: Outcome,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What becomes of the instants that are due, in their order, none left out.
    pub entries: Vec<Entry>,
    /// All instants up to this one are accounted for.
    pub accounted: Timestamp,
    /// When to decide again; nothing where no instant is left.
    pub wake: Option<Timestamp>,
    /// How far the clock stands before what is accounted for; more than nothing if it was set back.
    pub behind: SignedDuration,
}

impl Schedule {
    /// Makes the schedule of a trigger; nothing where it has no times.
    ///
    /// # Errors
    /// Where its zone or its expression is not known to this version.
    pub fn new(
        workflow: &str,
        (start, text): (&Start, String),
        owner: &TimeZone,
        enabled: Timestamp,
    ) -> Result<Option<Schedule>, Unreadable> {
        let Some(timetable) = Timetable::new(start, owner, enabled)? else { return Ok(None) };
        let keeping = match start {
            Start::Cron { keeping, .. } | Start::Every { keeping, .. } => keeping.clone(),
            // It comes once: there is no run before it.
            Start::At { catch_up, .. } => {
                Keeping { catch_up: *catch_up, overlap: Overlap::Allow, ..Keeping::default() }
            }
            Start::Event { .. } | Start::Signal { .. } | Start::Webhook { .. } => return Ok(None),
        };
        Ok(Some(Schedule { workflow: workflow.into(), text, timetable, keeping }))
    }

    /// What makes the start at an instant unique.
    pub fn tick(&self, instant: Timestamp) -> Tick {
        Tick { workflow: self.workflow.clone(), text: self.text.clone(), instant }
    }

    /// The run of an instant: its name says when, and is the same however often it is asked for.
    pub fn run(&self, owner: &str, instant: Timestamp) -> RunId {
        const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let time = u64::try_from(instant.as_millisecond()).unwrap_or(0);
        let hash = self.hash(owner, instant);
        // Ten letters of time, so that names sort by it, and sixteen that tell schedules apart.
        let time = (0..10).rev().map(|at| usize::try_from((time >> (at * 5)) & 31).unwrap_or(0));
        let name = time.chain(hash[..16].iter().map(|byte| usize::from(byte & 31)));
        let name: String = name.map(|letter| char::from(LETTERS[letter])).collect();
        RunId(name.into())
    }

    /// When the run of an instant starts: at once, or put off by chance, the same each time it is asked. It never
    /// reaches the instant that follows.
    pub fn due(&self, instant: Timestamp) -> Timestamp {
        let Some(jitter) = self.keeping.jitter.filter(SignedDuration::is_positive) else { return instant };
        let room = self.timetable.next(instant).map_or(jitter, |next| next.duration_since(instant));
        let most = u64::try_from(jitter.min(room).as_millis()).unwrap_or(0);
        let put_off = self.chance(instant).checked_rem(most).unwrap_or(0);
        let put_off = SignedDuration::from_millis(i64::try_from(put_off).unwrap_or(0));
        instant.checked_add(put_off).unwrap_or(instant)
    }

    fn chance(&self, instant: Timestamp) -> u64 {
        let bytes = hash_of(&[
            self.workflow.as_bytes(),
            self.text.as_bytes(),
            &instant.as_nanosecond().to_be_bytes(),
        ]);
        bytes[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn hash(&self, owner: &str, instant: Timestamp) -> [u8; 32] {
        let instant = instant.as_nanosecond().to_be_bytes();
        hash_of(&[owner.as_bytes(), self.workflow.as_bytes(), self.text.as_bytes(), &instant])
    }
}

fn hash_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The instant up to which all is accounted for when a trigger is enabled: an instant right then is still to come.
pub fn enabled(at: Timestamp) -> Timestamp {
    at.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(at)
}

/// The canonical texts of a workflow's triggers: the same for all ways to write the same times, and never the same for
/// two triggers with times in one workflow, which are numbered where they must be.
pub fn texts<'s>(starts: impl IntoIterator<Item = &'s Start>) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let number = |start| {
        let text = timetable::text(start);
        let count = seen.entry(text.clone()).or_default();
        *count += 1;
        if *count == 1 { text } else { format!("{text} #{count}") }
    };
    starts.into_iter().map(number).collect()
}

/// Decides what becomes of the instants that have come since the last one that is accounted for.
pub fn decide(schedule: &Schedule, accounted: Timestamp, now: Timestamp, before: Before) -> Decision {
    let (mut instants, wake) = due(schedule, accounted, now);
    let catch_up = schedule.keeping.catch_up;
    let more = wake.is_some_and(|wake| wake <= now);
    let late = instants.iter().take_while(|instant| is_late(schedule, **instant, now)).count();
    let made_up = match catch_up {
        CatchUp::None => 0,
        // What is on time starts a run anyway, which serves for all that was missed.
        CatchUp::Latest => usize::from(late == instants.len()),
        CatchUp::All => MADE_UP,
    };
    if more {
        // Later ones are due as well, so that these may not be the ones to make up for: they wait for the next call.
        instants.truncate(instants.len() - made_up.min(instants.len()));
    }
    let missed = if more { late.min(instants.len()) } else { late.saturating_sub(made_up) };
    let mut entries = vec![];
    if let ([first, ..], count @ 1..) = (&instants[..], missed) {
        let why = match catch_up {
            CatchUp::None => Missed::NotCaughtUp,
            CatchUp::Latest => Missed::Later,
            CatchUp::All => Missed::TooMany,
        };
        let (last, count) = (instants[count - 1], count as u64);
        entries.push(Entry { first: *first, last, count, outcome: Outcome::Missed(why) });
    }
    let mut before = before;
    for (index, instant) in instants.iter().enumerate().skip(missed) {
        let outcome = match before {
            Before::Ended => Outcome::Start,
            Before::UnderWay if index < late && catch_up == CatchUp::All => in_turn(schedule.keeping.overlap),
            Before::UnderWay => beside(schedule.keeping.overlap),
        };
        before = Before::UnderWay;
        entries.push(Entry { first: *instant, last: *instant, count: 1, outcome });
    }
    let accounted = instants.last().copied().unwrap_or(accounted);
    let behind = accounted.duration_since(now).max(SignedDuration::ZERO);
    Decision { entries, accounted, wake, behind }
}

/// The instants that are due, in their order and at most so many, and when the one after them is.
fn due(schedule: &Schedule, accounted: Timestamp, now: Timestamp) -> (Vec<Timestamp>, Option<Timestamp>) {
    let mut instants = vec![];
    let mut last = accounted;
    while let Some(next) = schedule.timetable.next(last) {
        let due = schedule.due(next);
        if due > now || instants.len() == AT_ONCE {
            return (instants, Some(due));
        }
        instants.push(next);
        last = next;
    }
    (instants, None)
}

fn is_late(schedule: &Schedule, instant: Timestamp, now: Timestamp) -> bool {
    now.duration_since(schedule.due(instant)) > GRACE
}

/// A run that comes while another is under way.
fn beside(overlap: Overlap) -> Outcome {
    match overlap {
        Overlap::Allow => Outcome::Start,
        Overlap::CancelOldest => Outcome::Replace,
        Overlap::Queue => Outcome::Queue,
        Overlap::Skip => Outcome::Skipped,
    }
}

/// A run that makes up for a missed time, where all are wanted: it waits rather than to be left out or to end another.
fn in_turn(overlap: Overlap) -> Outcome {
    match overlap {
        Overlap::Allow => Outcome::Start,
        Overlap::CancelOldest | Overlap::Queue | Overlap::Skip => Outcome::Queue,
    }
}
