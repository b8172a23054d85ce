//! Something that comes from outside and may start a run: a call, an event, a signal. It is remembered in the commit that
//! starts the run, so that what is told twice starts one.

use std::sync::Arc;
use std::time::Duration;

use dsl::value::{Hash, Value, Values};
use engine::run::RunId;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use store::arrivals::Arrival;

use crate::listeners::Listener;
use crate::schedule::books::nanoseconds;

/// How long what makes something unique is remembered where nobody says it.
pub const KEEP: Duration = Duration::from_secs(24 * 3600);

/// Something that comes over a trigger.
#[derive(Clone, Debug)]
pub struct Coming {
    /// Whoever waits for it.
    pub listener: Arc<Listener>,
    /// What makes two tellings of it one.
    pub key: String,
    /// How long that is remembered.
    pub keep: Duration,
    /// What it is for.
    pub means: Means,
}

/// What something that comes is for.
#[derive(Clone, Debug)]
pub enum Means {
    /// It starts a run with this cause.
    Start(Value),
    /// It was there before anybody waited for it, and starts none.
    Nothing,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// A run was started.
    Started(RunId),
    /// It had come before; this is the run that it started, if it did.
    Before(Option<RunId>),
    /// No run: it could not be started.
    Refused(String),
    /// No run was wanted.
    Noted,
}

impl Came {
    /// The words, in the store.
    pub const STARTED: &str = "started";
    /// No run: it could not be started.
    pub const REFUSED: &str = "refused";
    /// It was there before.
    pub const NOTED: &str = "noted";
}

impl Coming {
    /// What makes it unique, as it is stored.
    pub fn digest(&self) -> [u8; 32] {
        Hash::of(self.key.as_bytes()).0
    }

    /// The run that it starts at a time: its name says when, so that names sort by it.
    pub(crate) fn run(&self, now: Timestamp) -> RunId {
        const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let time = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let mut hash = Sha256::new();
        for part in self.listener.of().map(str::as_bytes).into_iter().chain([self.key.as_bytes()]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let hash: [u8; 32] = hash.finalize().into();
        let time = (0..10).rev().map(|at| usize::try_from((time >> (at * 5)) & 31).unwrap_or(0));
        let name = time.chain(hash[..16].iter().map(|byte| usize::from(byte & 31)));
        let name: String = name.map(|letter| char::from(LETTERS[letter])).collect();
        RunId(name.into())
    }

    /// What is written of it.
    pub(crate) fn row(&self, now: Timestamp, came: &Came) -> Arrival {
        let [owner, workflow, text] = self.listener.of().map(str::to_owned);
        let (outcome, run, why) = match came {
            Came::Started(run) => (Came::STARTED, Some(run.to_string()), String::new()),
            Came::Refused(why) => (Came::REFUSED, None, why.clone()),
            Came::Before(_) | Came::Noted => (Came::NOTED, None, String::new()),
        };
        let (outcome, time, until) = (outcome.into(), nanoseconds(now), self.until(now));
        Arrival { owner, workflow, text, key: self.digest(), time, until, outcome, run, why }
    }

    /// Until when it is remembered.
    pub(crate) fn until(&self, now: Timestamp) -> i64 {
        let keep = SignedDuration::try_from(self.keep).unwrap_or(SignedDuration::MAX);
        nanoseconds(now.saturating_add(keep).unwrap_or(Timestamp::MAX))
    }
}

/// Before a run begins there are no large values.
pub(crate) struct NoValues;

impl Values for NoValues {
    fn get(&self, _: &Hash) -> Option<Value> {
        None
    }
}
