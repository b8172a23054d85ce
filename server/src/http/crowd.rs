//! The connections that are open. Where there are too many, the one makes room that has been idle longest: who keeps many
//! open without asking anything keeps nobody else out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The connections that are open.
pub(super) struct Crowd {
    most: usize,
    state: Mutex<State>,
    left: Notify,
}

#[derive(Default)]
struct State {
    open: usize,
    /// How many times a connection became idle.
    count: u64,
    /// Those that wait for a head, the one that has waited longest first.
    idle: BTreeMap<u64, Arc<Notify>>,
}

/// A connection's place among the others.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    /// Told when it has to go.
    pub go: Arc<Notify>,
    idle: Mutex<Option<u64>>,
    long: AtomicBool,
}

impl Crowd {
    pub fn new(most: usize) -> Crowd {
        Crowd { most, state: Mutex::default(), left: Notify::new() }
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.state().open
    }

    /// A place for one more; waits only while all others are being answered.
    pub async fn enter(self: &Arc<Crowd>) -> Place {
        loop {
            let left = self.left.notified();
            if self.has_room() {
                let place = Place {
                    crowd: self.clone(),
                    go: Arc::new(Notify::new()),
                    idle: Mutex::new(None),
                    long: AtomicBool::new(false),
                };
                place.idle();
                return place;
            }
            left.await;
        }
    }

    fn has_room(&self) -> bool {
        let mut state = self.state();
        if state.open >= self.most {
            let Some((_, longest)) = state.idle.pop_first() else { return false };
            longest.notify_one();
        }
        state.open += 1;
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// A head has come: it stays until it is answered.
    pub fn busy(&self) {
        let since = self.since().take();
        if let Some(since) = since {
            self.crowd.state().idle.remove(&since);
        }
    }

    /// What is being answered takes as long as a model takes.
    pub fn takes_long(&self) {
        self.long.store(true, Ordering::Relaxed);
    }

    /// True while it does.
    pub fn is_long(&self) -> bool {
        self.long.load(Ordering::Relaxed)
    }

    /// It waits for a head.
    pub fn idle(&self) {
        self.long.store(false, Ordering::Relaxed);
        let mut state = self.crowd.state();
        state.count += 1;
        let since = state.count;
        state.idle.insert(since, self.go.clone());
        *self.since() = Some(since);
        drop(state);
        // Somebody may wait for one that is idle.
        self.crowd.left.notify_waiters();
    }

    fn since(&self) -> MutexGuard<'_, Option<u64>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.busy();
        self.crowd.state().open -= 1;
        self.crowd.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_one_that_is_idle_longest_makes_room_and_one_that_is_answered_stays() {
        let crowd = Arc::new(Crowd::new(2));
        let first = crowd.enter().await;
        let second = crowd.enter().await;
        first.busy();
        let third = crowd.enter().await;
        second.go.notified().await;
        drop(second);
        assert_eq!(crowd.len(), 2);
        third.busy();
        let waits = tokio::time::timeout(std::time::Duration::from_millis(50), crowd.enter()).await;
        assert!(waits.is_err(), "both are being answered");
        let late = tokio::spawn({
            let crowd = crowd.clone();
            async move { crowd.enter().await }
        });
        tokio::task::yield_now().await;
        first.idle();
        let fourth = late.await.unwrap();
        first.go.notified().await;
        drop((first, third, fourth));
        assert_eq!(crowd.len(), 0);
        assert!(crowd.state().idle.is_empty());
    }
}
