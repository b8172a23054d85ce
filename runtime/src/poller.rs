//! Asks services again and again what has happened. What is new starts runs, in the commit that writes how far the service
//! was asked; where nothing is new, nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dsl::catalog::Failure;
use dsl::value::{Hash, Value};
use jiff::{SignedDuration, Timestamp};
use store::Reader;
use store::arrivals::Poll;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{error, warn};

use crate::arrival::{Came, Coming, Means};
use crate::driver::Error;
use crate::listeners::Listener;
use crate::local::{Local, caused};
use crate::schedule::books::nanoseconds;

/// How many services are asked at once.
const AT_ONCE: usize = 32;

/// The longest pause after failures, where the service is not asked more rarely anyway.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long it waits after something could not be recorded.
const RETRY: Duration = Duration::from_secs(1);

/// Something that has happened at a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What makes two tellings of it one.
    pub key: String,
    /// How long that is remembered.
    pub keep: Duration,
    /// What the run is given.
    pub event: Value,
}

/// What a service told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What has happened, as far as it is not surely known before: the oldest first.
    pub items: Vec<Item>,
    /// From where to go on.
    pub since: Option<Value>,
}

/// The answer of a service, on its way.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<Told, Failure>> + Send + 'a>>;

/// Who asks services.
pub trait Source: Send + Sync + 'static {
    /// How a trigger is asked for; nothing where it is not.
    fn manner(&self, listener: &Listener) -> Option<Manner>;
    /// Asks what has happened.
    fn ask<'a>(&'a self, listener: &'a Listener, since: Option<&'a Value>) -> Asking<'a>;
}

/// How a trigger is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// The time between two questions.
    pub every: Duration,
    /// Whether what is there at first starts runs.
    pub first: First,
}

/// Whether what is there at first starts runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// It does.
    Starts,
    /// It is only noted.
    Noted,
}

/// Asks services until it is dropped.
pub struct Poller {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    driver: Arc<Local>,
    source: Arc<dyn Source>,
    reader: Arc<Reader>,
    state: Mutex<State>,
    bell: Notify,
    places: Arc<Semaphore>,
}

/// A workflow and the text of one of its triggers.
type Key = Arc<(Arc<str>, String)>;

#[derive(Default)]
struct State {
    polls: BTreeMap<Key, One>,
    /// When each is to be asked, the earliest first: nothing is looked through.
    due: BTreeSet<(Instant, Key)>,
    stopped: bool,
}

struct One {
    listener: Arc<Listener>,
    manner: Manner,
    /// How far it was asked; nothing before the first answer.
    row: Option<Poll>,
    since: Option<Value>,
    /// When it is to be asked; nothing while it is being asked.
    due: Option<Instant>,
    /// When it was asked last.
    asked: Option<Timestamp>,
}

/// A service that is asked, as it stands just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub text: String,
    /// When it was asked last, by this process; nothing where it was not yet.
    pub asked: Option<Timestamp>,
    /// When it is asked next; nothing while it is being asked.
    pub next: Option<Timestamp>,
}

impl Poller {
    /// Begins to ask, with the services of these triggers.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn open(
        reader: Arc<Reader>,
        driver: Arc<Local>,
        source: Arc<dyn Source>,
        listeners: Vec<Arc<Listener>>,
    ) -> Result<Poller, Error> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let (state, bell) = (Mutex::default(), Notify::new());
        let shared = Arc::new(Shared { driver, source, reader, state, bell, places });
        shared.add(listeners)?;
        let asking = shared.clone();
        Ok(Poller { task: tokio::spawn(async move { asking.run().await }), shared })
    }

    /// Asks for these triggers of a workflow from here on, and for no others.
    ///
    /// # Errors
    /// Where it cannot be read how far they were asked.
    pub fn set(&self, workflow: &str, listeners: Vec<Arc<Listener>>) -> Result<(), Error> {
        let mut state = self.shared.state();
        state.polls.retain(|key, _| *key.0 != *workflow);
        state.due.retain(|(_, key)| *key.0 != *workflow);
        drop(state);
        self.shared.add(listeners)?;
        self.shared.bell.notify_one();
        Ok(())
    }

    /// How many services are asked.
    pub fn len(&self) -> usize {
        self.shared.state().polls.len()
    }

    /// How each stands.
    pub fn watch(&self) -> Vec<Watch> {
        let (state, now, here) = (self.shared.state(), Instant::now(), Timestamp::now());
        let watch = |(key, one): (&Key, &One)| {
            let wait = one.due.map(|due| due.saturating_duration_since(now));
            let next = wait.and_then(|wait| here.checked_add(SignedDuration::try_from(wait).ok()?).ok());
            Watch { workflow: key.0.to_string(), text: key.1.clone(), asked: one.asked, next }
        };
        state.polls.iter().map(watch).collect()
    }

    /// True if none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Asks no more. What is being asked is given up.
    pub fn stop(&self) {
        self.shared.state().stopped = true;
        self.task.abort();
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, listeners: Vec<Arc<Listener>>) -> Result<(), Error> {
        let asked = |listener: Arc<Listener>| {
            let manner = self.source.manner(&listener)?;
            Some((listener, manner))
        };
        let wanted: Vec<_> = listeners.into_iter().filter_map(asked).collect();
        let mut rows: BTreeMap<String, Vec<Poll>> = BTreeMap::new();
        for (listener, _) in &wanted {
            if !rows.contains_key(&*listener.owner) {
                rows.insert(listener.owner.to_string(), self.reader.polls(&listener.owner)?);
            }
        }
        let now = Instant::now();
        let mut state = self.state();
        for (listener, manner) in wanted {
            let of = listener.of();
            let known = rows.get(&*listener.owner).into_iter().flatten();
            let row = known.into_iter().find(|row| [&row.owner, &row.workflow, &row.text] == of).cloned();
            // A cursor that cannot be read is none: what is noted keeps runs from starting twice.
            let since = row.as_ref().and_then(|row| dsl::json::parse(row.since.as_deref()?).ok());
            // Those that were asked before take turns, so that a start asks not all at once.
            let wait = if row.is_some() { share(&listener, manner.every) } else { Duration::ZERO };
            let key: Key = Arc::new((listener.workflow.clone(), listener.text.clone()));
            let due = now + wait;
            state.due.insert((due, key.clone()));
            state.polls.insert(key, One { listener, manner, row, since, due: Some(due), asked: None });
        }
        Ok(())
    }

    async fn run(self: Arc<Shared>) {
        loop {
            let (key, next) = self.first_due();
            let Some(key) = key else {
                let rings = self.bell.notified();
                match next {
                    None => rings.await,
                    Some(next) => tokio::select! {
                        () = rings => {}
                        () = tokio::time::sleep_until(next) => {}
                    },
                }
                continue;
            };
            let Ok(place) = self.places.clone().acquire_owned().await else { return };
            let shared = self.clone();
            // It ends with what it asks, and writes nothing once this has stopped.
            tokio::spawn(async move {
                let _place = place;
                let again = shared.ask(&key).await;
                shared.put_off(&key, again);
                shared.bell.notify_one();
            });
        }
    }

    /// The one that is to be asked now, or when the next is.
    fn first_due(&self) -> (Option<Key>, Option<Instant>) {
        let mut state = self.state();
        let Some((due, key)) = state.due.first().cloned() else { return (None, None) };
        if due > Instant::now() {
            return (None, Some(due));
        }
        state.due.pop_first();
        if let Some(one) = state.polls.get_mut(&key) {
            one.due = None;
        }
        (Some(key), None)
    }

    fn put_off(&self, key: &Key, wait: Duration) {
        let mut state = self.state();
        // It may have left, or come back, meanwhile.
        let Some(one) = state.polls.get_mut(key).filter(|one| one.due.is_none()) else { return };
        let due = Instant::now() + wait;
        one.due = Some(due);
        state.due.insert((due, key.clone()));
    }

    /// Asks one service, and tells how long to wait before it is asked again.
    async fn ask(&self, key: &Key) -> Duration {
        let (listener, manner, row, since) = {
            let state = self.state();
            let Some(one) = state.polls.get(key) else { return Duration::ZERO };
            (one.listener.clone(), one.manner, one.row.clone(), one.since.clone())
        };
        let now = Timestamp::now();
        let told = self.source.ask(&listener, since.as_ref()).await;
        if let Some(one) = self.state().polls.get_mut(key) {
            one.asked = Some(now);
        }
        if self.state().stopped {
            return manner.every;
        }
        let failures = row.as_ref().map_or(0, |row| row.failures);
        let (told, failed) = match told {
            Ok(told) => (told, None),
            Err(failure) => (Told { items: vec![], since: since.clone() }, Some(failure)),
        };
        let fresh = Poll {
            owner: listener.owner.to_string(),
            workflow: listener.workflow.to_string(),
            text: listener.text.clone(),
            since: told.since.as_ref().map(|since| since.to_json().to_string()),
            answered: match (&failed, &row) {
                (None, _) => nanoseconds(now),
                (Some(_), row) => row.as_ref().map_or(0, |row| row.answered),
            },
            failures: if failed.is_some() { failures.saturating_add(1) } else { 0 },
            why: failed.as_ref().map(|failure| failure.message.clone()).unwrap_or_default(),
        };
        // Until it has answered, what is there is what was there at first.
        let is_first = row.as_ref().is_none_or(|row| row.answered == 0);
        let comings = comings(&listener, &told.items, is_first && manner.first == First::Noted, now);
        let same = |row: &Poll| {
            let begun = (row.answered == 0) == (fresh.answered == 0);
            begun && row.since == fresh.since && row.failures == fresh.failures && row.why == fresh.why
        };
        if comings.is_empty() && row.as_ref().is_some_and(same) {
            return manner.every;
        }
        let moves = row.as_ref().is_none_or(|row| !same(row));
        let answered = self.driver.arrive(comings, moves.then(|| fresh.clone())).await;
        match answered.unwrap_or(Err(Error::Stopped)) {
            Ok(came) => {
                for why in came.iter().filter_map(|came| match came {
                    Came::Refused(why) => Some(why),
                    _ => None,
                }) {
                    warn!(workflow = %listener.workflow, trigger = listener.text, why, "an event starts no run");
                }
                if let Some(one) = self.state().polls.get_mut(key) {
                    one.row = Some(fresh.clone());
                    one.since = told.since;
                }
            }
            Err(Error::Stopped) => return manner.every,
            Err(error) => {
                error!(workflow = %listener.workflow, trigger = listener.text, %error, "what a service told cannot be recorded");
                return RETRY;
            }
        }
        match failed {
            None => manner.every,
            Some(failure) => pause(manner.every, fresh.failures, failure.retry_after),
        }
    }
}

/// What is told as it comes over a trigger.
fn comings(listener: &Arc<Listener>, items: &[Item], noted: bool, now: Timestamp) -> Vec<Coming> {
    let coming = |item: &Item| {
        let means = if noted {
            Means::Nothing
        } else {
            match listener.wants(&item.event, now) {
                Ok(true) => Means::Start(caused(&listener.trigger.start, now, item.event.clone())),
                Ok(false) => return None,
                Err(why) => {
                    warn!(workflow = %listener.workflow, trigger = listener.text, why, "an event starts no run");
                    return None;
                }
            }
        };
        Some(Coming { listener: listener.clone(), key: item.key.clone(), keep: item.keep, means })
    };
    items.iter().filter_map(coming).collect()
}

/// How long to wait after so many failures in a row: ever longer, and no less than the service asks for.
fn pause(every: Duration, failures: i64, asked: Option<SignedDuration>) -> Duration {
    let doubled = u32::try_from(failures.clamp(1, 16)).unwrap_or(16) - 1;
    let pause = every.saturating_mul(1 << doubled).min(LONGEST.max(every));
    let asked = asked.and_then(|asked| Duration::try_from(asked).ok()).unwrap_or_default();
    pause.max(asked)
}

/// The part of a length that a trigger waits at first: the same each time, and another for each.
fn share(listener: &Listener, every: Duration) -> Duration {
    let hash = Hash::of(listener.of().join("\0").as_bytes()).0;
    let chance = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    every.mul_f64(f64::from(chance) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_failures_the_pause_grows_to_an_hour_and_a_service_may_ask_for_more() {
        let minute = Duration::from_secs(60);
        let pauses: Vec<u64> = [1, 2, 3, 7, 100].map(|times| pause(minute, times, None).as_secs()).to_vec();
        assert_eq!(pauses, [60, 120, 240, 3600, 3600]);
        assert_eq!(pause(minute, 1, Some(SignedDuration::from_secs(300))).as_secs(), 300);
        assert_eq!(pause(2 * LONGEST, 5, None), 2 * LONGEST);
    }
}
