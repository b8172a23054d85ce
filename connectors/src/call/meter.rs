//! How often a service is asked: counted here before anything is sent, for each connection. A short wait is waited; a
//! longer one is the engine's, and nothing was sent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dsl::catalog::{Failure, FailureKind};
use jiff::SignedDuration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::fill::{self, Names};
use crate::manifest::limits::{Budget, Limits};

/// The longest wait within one call.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most keys that are counted at once; the oldest are forgotten, which may send a request too early.
const MOST: usize = 10_000;

/// What was sent, and what is under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    sent: BTreeMap<String, VecDeque<Instant>>,
    under_way: BTreeMap<String, Arc<Semaphore>>,
}

impl Meter {
    /// Waits until one more request may be sent, by all budgets and by how many may be under way at once.
    ///
    /// # Errors
    /// Where that takes longer than a call waits.
    pub(crate) async fn admit(
        &self,
        (connection, action): (&str, &str),
        [own, general]: [&Limits; 2],
        names: &Names,
    ) -> Result<Option<OwnedSemaphorePermit>, Failure> {
        let mut counted = vec![];
        for (limits, whose) in [(own, action), (general, "")] {
            for (at, budget) in limits.budgets.iter().enumerate() {
                let key = match &budget.key {
                    Some(key) => match fill::value(key, names)? {
                        Some(key) => key.to_string(),
                        None => continue,
                    },
                    None => String::new(),
                };
                counted.push((format!("{connection}\n{whose}\n{at}\n{key}"), budget));
            }
        }
        let began = Instant::now();
        while let Some(wait) = self.count(&counted, Instant::now()) {
            if began.elapsed() + wait > PATIENCE {
                let message =
                    format!("`{action}` is not sent yet: its service takes no more of them for now");
                return Err(Failure {
                    retry_after: SignedDuration::try_from(wait).ok(),
                    answered: true,
                    ..Failure::passing(FailureKind::RateLimited, message)
                });
            }
            tokio::time::sleep(wait).await;
        }
        let Some(most) = own.concurrency.or(general.concurrency) else { return Ok(None) };
        let place = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let open = || Arc::new(Semaphore::new(most));
            state.under_way.entry(connection.to_owned()).or_insert_with(open).clone()
        };
        Ok(place.acquire_owned().await.ok())
    }

    /// Counts a request, or tells how long it has to wait and counts nothing.
    fn count(&self, budgets: &[(String, &Budget)], now: Instant) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wait: Option<Duration> = None;
        for (key, budget) in budgets {
            let sent = state.sent.entry(key.clone()).or_default();
            while sent.front().is_some_and(|first| now.duration_since(*first) >= budget.per) {
                sent.pop_front();
            }
            if sent.len() >= usize::try_from(budget.limit).unwrap_or(usize::MAX)
                && let Some(first) = sent.front()
            {
                let until = budget.per.saturating_sub(now.duration_since(*first));
                wait = wait.max(Some(until.max(Duration::from_millis(1))));
            }
        }
        if wait.is_none() {
            for (key, _) in budgets {
                state.sent.entry(key.clone()).or_default().push_back(now);
            }
            if state.sent.len() > MOST {
                state
                    .sent
                    .retain(|_, sent| sent.back().is_some_and(|last| now.duration_since(*last) < PATIENCE));
            }
        }
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_sent_in_so_much_time_and_then_the_next() {
        let meter = Meter::default();
        let budget = Budget { key: None, limit: 2, per: Duration::from_secs(10) };
        let budgets = [("a".to_owned(), &budget)];
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert_eq!(meter.count(&budgets, at(0)), None);
        assert_eq!(meter.count(&budgets, at(4)), None);
        assert_eq!(meter.count(&budgets, at(5)), Some(Duration::from_secs(5)));
        assert_eq!(meter.count(&budgets, at(10)), None);
        assert_eq!(meter.count(&budgets, at(11)), Some(Duration::from_secs(3)));
        // Another key is counted by itself.
        assert_eq!(meter.count(&[("b".to_owned(), &budget)], at(11)), None);
    }
}
