//! How services answer, as real requests tell it: each is gathered in memory, and written a few seconds later with all others
//! that came in between, so that a request costs no commit of its own. The last ones of each account are kept.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use jiff::Timestamp;
use vault::{Failed, Measured, Vault};

use super::nanoseconds;

/// How many requests of an account are kept.
pub const KEPT: usize = 256;

/// How long requests are gathered before they are written.
pub(super) const GATHERS: Duration = Duration::from_secs(5);

/// The bytes of a request as it is kept: its time, how long it took in microseconds, what came of it.
const LENGTH: usize = 8 + 4 + 1;

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// What was asked for.
    Yes,
    /// An answer that says no to what was asked: the service is well.
    No,
    /// The service does not take the account.
    Refused,
    /// Too often.
    Limited,
    /// The service is not well.
    Failing,
    /// No answer.
    Unreached,
}

impl Outcome {
    /// All of them; the place in the list is the byte that is kept.
    const ALL: [Outcome; 6] =
        [Outcome::Yes, Outcome::No, Outcome::Refused, Outcome::Limited, Outcome::Failing, Outcome::Unreached];

    fn of(failure: Option<&Failure>) -> Outcome {
        match failure.map(|failure| failure.kind) {
            None => Outcome::Yes,
            Some(FailureKind::Auth) => Outcome::Refused,
            Some(FailureKind::RateLimited) => Outcome::Limited,
            Some(FailureKind::Server) => Outcome::Failing,
            Some(FailureKind::Network | FailureKind::Timeout) => Outcome::Unreached,
            Some(_) => Outcome::No,
        }
    }

    /// Whether it counts as an error of the service or of the account.
    pub fn is_error(self) -> bool {
        match self {
            Outcome::Yes | Outcome::No => false,
            Outcome::Refused | Outcome::Limited | Outcome::Failing | Outcome::Unreached => true,
        }
    }

    /// How a service stands of which this is the last that is known.
    pub fn state(self) -> &'static str {
        match self {
            Outcome::Yes | Outcome::No => super::WORKS,
            Outcome::Refused => super::REFUSED,
            Outcome::Limited => "limited",
            Outcome::Failing => "failing",
            Outcome::Unreached => "unreached",
        }
    }
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When its end was known, in nanoseconds since 1970.
    pub time: i64,
    /// How long it took, in microseconds.
    pub took: u32,
    /// What came of it.
    pub outcome: Outcome,
}

impl Sample {
    fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.time.to_be_bytes());
        to.extend_from_slice(&self.took.to_be_bytes());
        let place = Outcome::ALL.iter().position(|outcome| *outcome == self.outcome);
        to.push(place.and_then(|place| u8::try_from(place).ok()).unwrap_or_default());
    }

    /// All that are kept, in the order of their times. What cannot be read is left out.
    fn all(kept: &[u8]) -> Vec<Sample> {
        let one = |bytes: &[u8]| {
            let (time, rest) = bytes.split_first_chunk::<8>()?;
            let (took, rest) = rest.split_first_chunk::<4>()?;
            let outcome = *Outcome::ALL.get(usize::from(*rest.first()?))?;
            Some(Sample { time: i64::from_be_bytes(*time), took: u32::from_be_bytes(*took), outcome })
        };
        let mut all: Vec<Sample> = kept.chunks_exact(LENGTH).filter_map(one).collect();
        // Two processes may have written them.
        all.sort_by_key(|sample| sample.time);
        all
    }
}

/// A value that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value<T> {
    /// The value.
    pub value: T,
    /// Of how many requests.
    pub n: usize,
    /// When the last of them was, in nanoseconds since 1970.
    pub as_of: i64,
}

/// What requests tell together. A value of which nothing was measured is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// How the service stands, by the last request.
    pub state: Option<Value<&'static str>>,
    /// Half of the answers came within so many milliseconds.
    pub median: Option<Value<f64>>,
    /// Of a hundred answers ninety-five came within so many milliseconds.
    pub p95: Option<Value<f64>>,
    /// The part of the requests that were errors, from 0 to 1.
    pub errors: Option<Value<f64>>,
    /// When the first of these requests was.
    pub since: Option<i64>,
    /// The last error.
    pub last_error: Option<Failed>,
}

impl Figures {
    /// Of the rows of one account, or of several.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Measured>) -> Figures {
        let (mut samples, mut last_error): (Vec<Sample>, Option<&Failed>) = (vec![], None);
        for row in rows {
            samples.extend(Sample::all(&row.requests));
            last_error = last_error.into_iter().chain(&row.failed).max_by_key(|failed| failed.time);
        }
        samples.sort_by_key(|sample| sample.time);
        let answered: Vec<Sample> =
            samples.iter().filter(|sample| sample.outcome != Outcome::Unreached).copied().collect();
        let mut times: Vec<u32> = answered.iter().map(|sample| sample.took).collect();
        times.sort_unstable();
        let errors = samples.iter().filter(|sample| sample.outcome.is_error()).count();
        Figures {
            state: valued(&samples, |last| last.outcome.state()),
            median: valued(&answered, |_| milliseconds(rank(&times, 50))),
            p95: valued(&answered, |_| milliseconds(rank(&times, 95))),
            errors: valued(&samples, |_| errors as f64 / samples.len() as f64),
            since: samples.first().map(|sample| sample.time),
            last_error: last_error.cloned(),
        }
    }
}

fn valued<T>(samples: &[Sample], value: impl FnOnce(&Sample) -> T) -> Option<Value<T>> {
    let last = samples.last()?;
    Some(Value { value: value(last), n: samples.len(), as_of: last.time })
}

/// The smallest of these times within which so many of a hundred came.
fn rank(times: &[u32], percent: usize) -> u32 {
    let place = (times.len() * percent).div_ceil(100).max(1) - 1;
    times.get(place).copied().unwrap_or_default()
}

fn milliseconds(microseconds: u32) -> f64 {
    f64::from(microseconds) / 1000.0
}

/// Whose requests: the owner of the run, the service, the account's name.
type Whose = [String; 3];

/// Requests that are not written yet.
#[derive(Default)]
pub(super) struct Gathered(Mutex<BTreeMap<Whose, Waiting>>);

#[derive(Default)]
struct Waiting {
    requests: Vec<u8>,
    failed: Option<Failed>,
}

impl Gathered {
    /// Takes in one request; true if nothing had waited before.
    pub(super) fn take(&self, whose: Whose, took: Duration, failure: Option<&Failure>) -> bool {
        let time = nanoseconds(Timestamp::now());
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        let outcome = Outcome::of(failure);
        let mut all = self.all();
        let first = all.is_empty();
        let waiting = all.entry(whose).or_default();
        Sample { time, took, outcome }.write(&mut waiting.requests);
        // More than are kept are of no use.
        let excess = waiting.requests.len().saturating_sub(KEPT * LENGTH);
        waiting.requests.drain(..excess);
        if let Some(failure) = failure.filter(|_| outcome.is_error()) {
            let (kind, why) = (failure.kind.name().to_owned(), failure.message.clone());
            waiting.failed = Some(Failed { time, kind, why });
        }
        first
    }

    /// Has all that waits written, without waiting for the disk.
    pub(super) fn write(&self, vault: &Vault) {
        // Requests are not kept waiting while rows are read.
        let all = mem::take(&mut *self.all());
        for ([owner, connector, name], waiting) in all {
            let known = vault.usable_connections(&owner, &connector).unwrap_or_default();
            // An account that has gone has no figures.
            let Some(row) = known.into_iter().find(|row| row.name == name) else { continue };
            let Waiting { requests, failed } = waiting;
            let more = Measured { owner: row.owner, connector, name, requests, failed };
            vault.told_measured(more, KEPT * LENGTH);
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Whose, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(samples: &[(i64, u32, Outcome)]) -> Measured {
        let mut requests = vec![];
        for (time, took, outcome) in samples {
            Sample { time: *time, took: *took, outcome: *outcome }.write(&mut requests);
        }
        Measured { requests, ..Measured::default() }
    }

    #[test]
    fn figures_are_those_of_the_requests() {
        let mut samples: Vec<_> = (1..=20).map(|n| (i64::from(n), n * 1000, Outcome::Yes)).collect();
        samples[3].2 = Outcome::Failing;
        samples[4].2 = Outcome::Limited;
        samples[5].2 = Outcome::No;
        // It took 30 s until nobody waited any more, which is no response time.
        samples.push((21, 30_000_000, Outcome::Unreached));
        let figures = Figures::of([&measured(&samples)]);
        assert_eq!(figures.state, Some(Value { value: "unreached", n: 21, as_of: 21 }));
        assert_eq!(figures.median, Some(Value { value: 10.0, n: 20, as_of: 20 }));
        assert_eq!(figures.p95, Some(Value { value: 19.0, n: 20, as_of: 20 }));
        assert_eq!(figures.errors, Some(Value { value: 3.0 / 21.0, n: 21, as_of: 21 }));
        assert_eq!(figures.since, Some(1));
    }

    #[test]
    fn where_nothing_was_measured_there_is_no_value() {
        assert_eq!(Figures::of([]), Figures::default());
        assert_eq!(Figures::of([&measured(&[])]), Figures::default());
        // Nobody answered: there is a state, and no response time.
        let silent = Figures::of([&measured(&[(1, 9, Outcome::Unreached)])]);
        assert_eq!((silent.median, silent.p95), (None, None));
        assert_eq!(silent.errors, Some(Value { value: 1.0, n: 1, as_of: 1 }));
    }

    #[test]
    fn accounts_of_one_service_are_told_together_by_the_time_of_each_request() {
        let (one, other) = (
            measured(&[(1, 1000, Outcome::Yes), (4, 4000, Outcome::Refused)]),
            measured(&[(2, 2000, Outcome::Yes)]),
        );
        let both = Figures::of([&one, &other]);
        assert_eq!(both.state, Some(Value { value: "refused", n: 3, as_of: 4 }));
        assert_eq!(both.median, Some(Value { value: 2.0, n: 3, as_of: 4 }));
        assert_eq!(Figures::of([&other]).state.map(|state| state.value), Some("works"));
    }

    #[test]
    fn every_outcome_is_read_as_it_was_written_and_what_is_none_is_left_out() {
        let all: Vec<_> = Outcome::ALL.into_iter().map(|outcome| (7, 8, outcome)).collect();
        let mut kept = measured(&all).requests;
        assert_eq!(kept.len(), Outcome::ALL.len() * LENGTH);
        let read: Vec<Outcome> = Sample::all(&kept).into_iter().map(|sample| sample.outcome).collect();
        assert_eq!(read, Outcome::ALL);
        kept[LENGTH - 1] = 99;
        assert_eq!(Sample::all(&kept).len(), Outcome::ALL.len() - 1);
    }

    #[test]
    fn of_many_requests_the_last_are_gathered() {
        let gathered = Gathered::default();
        let whose = || ["o", "c", "n"].map(str::to_owned);
        assert!(gathered.take(whose(), Duration::from_millis(1), None));
        for _ in 0..1000 {
            assert!(!gathered.take(whose(), Duration::from_millis(2), None));
        }
        let all = gathered.all();
        let samples = Sample::all(&all[&whose()].requests);
        assert_eq!((samples.len(), samples.iter().all(|sample| sample.took == 2000)), (KEPT, true));
    }
}
