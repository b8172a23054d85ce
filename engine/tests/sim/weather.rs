//! What a world is like, and what it says when it is asked. What it says depends on its seed and on who asks,
//! never on when.

use std::fmt;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use engine::input::{Answer, Choice, Known};
use jiff::SignedDuration;

use crate::chance::{Chance, hash};
use crate::coverage::Seen;

/// How a world treats its run. A number says: one in so many inputs; 0 for never.
pub struct Weather {
    pub budget: usize,
    /// Is followed by a crash.
    pub crash: u32,
    /// Is answered with nonsense.
    pub noise: u32,
    pub cancel: u32,
    pub kill: u32,
    /// Is followed by a hold, which somebody releases later.
    pub hold: u32,
    /// Is followed by a signal that nobody asked for.
    pub signal: u32,
    pub latency: u32,
}

impl Weather {
    /// Draws some weather.
    pub fn draw(chance: &mut Chance) -> Weather {
        Weather {
            budget: *chance.pick(&[1, 2, 6, 6, 30, 1000, 1000]),
            crash: *chance.pick(&[0, 3, 10, 30]),
            noise: *chance.pick(&[0, 4, 15]),
            cancel: *chance.pick(&[0, 0, 0, 8, 40]),
            kill: *chance.pick(&[0, 0, 0, 0, 0, 0, 30]),
            hold: *chance.pick(&[0, 0, 6, 25]),
            signal: *chance.pick(&[0, 0, 5, 15]),
            latency: *chance.pick(&[0, 10, 3000, 8000]),
        }
    }
}

/// What the world answers to one try of the step at a path.
pub fn answer(seed: u64, path: &str, attempt: u32) -> Result<Value, Failure> {
    let draw = hash(seed.wrapping_add(u64::from(attempt)), path);
    let failing = hash(seed, "failing") % 4;
    let chance = match failing {
        0 => 0,
        1 => 10,
        2 => 30,
        _ => 60,
    };
    if draw % 100 >= chance {
        return Ok(word(draw));
    }
    let (kind, retryable) = match draw >> 32 & 3 {
        0 => (FailureKind::Invalid, false),
        1 => (FailureKind::Network, true),
        _ => (FailureKind::Server, true),
    };
    let retry_after = (draw >> 40 & 7 == 0).then(|| SignedDuration::from_secs(7));
    let answered = kind != FailureKind::Network;
    Err(Failure { retryable, retry_after, answered, ..Failure::new(kind, "no") })
}

/// What a person says to the question of a step.
pub fn says(seed: u64, path: &str) -> Answer {
    let choice = if hash(seed, path).is_multiple_of(4) { Choice::Reject } else { Choice::Approve };
    Answer { choice, by: Some("ann".into()), comment: None, values: Value::object::<&str>([]) }
}

/// What a person knows of a call that was cut off.
pub fn knows(seed: u64, path: &str, attempt: u32) -> Known {
    let draw = hash(seed.wrapping_add(u64::from(attempt)), path) >> 8;
    match draw % 4 {
        0 => Known::Stop,
        1 => Known::Happened(word(draw >> 8)),
        _ => Known::DidNot,
    }
}

/// A value that a number stands for.
pub fn word(draw: u64) -> Value {
    Value::Int(i64::try_from(draw % 10).unwrap())
}

/// What was counted over many worlds.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub worlds: u64,
    pub events: u64,
    pub inputs: u64,
    /// Inputs that meant nothing.
    pub meaningless: u64,
    pub crashes: u64,
    /// Crashes of a run that was half settled.
    pub half: u64,
    pub cancels: u64,
    pub holds: u64,
    pub signals: u64,
    pub answers: u64,
    pub doubts: u64,
    /// Runs that took over from another.
    pub forks: u64,
    /// Steps that were taken over.
    pub reused: u64,
    /// Runs whose every step was foretold.
    pub foretold: u64,
    pub failed: u64,
    pub seen: Seen,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.worlds += other.worlds;
        self.events += other.events;
        self.inputs += other.inputs;
        self.meaningless += other.meaningless;
        self.crashes += other.crashes;
        self.half += other.half;
        self.cancels += other.cancels;
        self.holds += other.holds;
        self.signals += other.signals;
        self.answers += other.answers;
        self.doubts += other.doubts;
        self.forks += other.forks;
        self.reused += other.reused;
        self.foretold += other.foretold;
        self.failed += other.failed;
        self.seen += other.seen;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { worlds, events, inputs, meaningless, crashes, half, cancels, holds, .. } = self;
        let Tally { signals, answers, doubts, forks, reused, foretold, failed, .. } = self;
        write!(
            f,
            "{worlds} worlds, {events} events, {inputs} inputs ({meaningless} that meant nothing), {crashes} crashes \
             ({half} of half-settled runs), {cancels} cancels, {holds} holds, {signals} signals, {answers} answers of \
             people, {doubts} doubts, {forks} forks ({reused} steps taken over), {failed} failed runs, {foretold} \
             runs foretold step by step,"
        )
    }
}
