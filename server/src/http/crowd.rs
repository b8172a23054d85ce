//! The connections that are open. Where there are too many, one makes room that waits for what is to come: of those from
//! where most of them come the one that has waited longest, so that who keeps many open without asking anything keeps nobody
//! else out.
//!
//! One that has only just begun to wait makes no room: what it has to say may be on its way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::accounts::gate::Network;

/// The connections that are open.
pub(super) struct Crowd {
    most: usize,
    /// How long one waits before it makes room.
    grace: Duration,
    state: Mutex<State>,
    left: Notify,
}

#[derive(Default)]
struct State {
    open: usize,
    /// How many times a connection began to wait.
    count: u64,
    /// Those that wait, by where they come from, the one that has waited longest first.
    waiting: HashMap<Network, BTreeMap<u64, Waiting>>,
    /// How many wait of those from there.
    crowds: BTreeSet<(usize, Network)>,
}

struct Waiting {
    since: Instant,
    go: Arc<Notify>,
}

/// What is to be waited for.
enum Full {
    /// Until somebody leaves, or begins to wait.
    Busy,
    /// Until then as well: who has waited longest has not waited long.
    Until(Instant),
}

/// A connection's place among the others.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    from: Network,
    /// Told when it has to go.
    pub go: Arc<Notify>,
    waits: Mutex<Option<u64>>,
    long: AtomicBool,
}

impl Crowd {
    pub fn new(most: usize, grace: Duration) -> Crowd {
        Crowd { most, grace, state: Mutex::default(), left: Notify::new() }
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.state().open
    }

    /// A place for one more. It is waited for while all others are being answered, or have only just begun to wait.
    pub async fn enter(self: &Arc<Crowd>, from: IpAddr) -> Place {
        loop {
            let left = self.left.notified();
            match self.make_room() {
                Ok(()) => {
                    let place = Place {
                        crowd: self.clone(),
                        from: Network::of(from),
                        go: Arc::new(Notify::new()),
                        waits: Mutex::new(None),
                        long: AtomicBool::new(false),
                    };
                    place.waits();
                    return place;
                }
                Err(Full::Busy) => left.await,
                Err(Full::Until(then)) => drop(tokio::time::timeout_at(then, left).await),
            }
        }
    }

    fn make_room(&self) -> Result<(), Full> {
        let mut state = self.state();
        if state.open >= self.most {
            let Some((_, crowd)) = state.crowds.last().copied() else { return Err(Full::Busy) };
            let longest = state.waiting.get(&crowd).and_then(|all| all.first_key_value());
            let Some((number, longest)) = longest else { return Err(Full::Busy) };
            let then = longest.since + self.grace;
            if then > Instant::now() {
                return Err(Full::Until(then));
            }
            let (number, go) = (*number, longest.go.clone());
            state.forget(crowd, number);
            go.notify_one();
        }
        state.open += 1;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes one in that waits; gives its number.
    fn note(&mut self, from: Network, go: Arc<Notify>) -> u64 {
        self.count += 1;
        let all = self.waiting.entry(from).or_default();
        self.crowds.remove(&(all.len(), from));
        all.insert(self.count, Waiting { since: Instant::now(), go });
        self.crowds.insert((all.len(), from));
        self.count
    }

    /// One waits no more.
    fn forget(&mut self, from: Network, number: u64) {
        let Some(all) = self.waiting.get_mut(&from) else { return };
        self.crowds.remove(&(all.len(), from));
        all.remove(&number);
        match all.len() {
            0 => drop(self.waiting.remove(&from)),
            many => drop(self.crowds.insert((many, from))),
        }
    }
}

impl Place {
    /// What was waited for has come: it stays until it is answered.
    pub fn busy(&self) {
        let waited = self.number().take();
        if let Some(number) = waited {
            self.crowd.state().forget(self.from, number);
        }
    }

    /// True unless it waits, also where it has to go.
    pub fn is_busy(&self) -> bool {
        self.number().is_none()
    }

    /// What is being answered takes as long as a model takes.
    pub fn takes_long(&self) {
        self.long.store(true, Ordering::Relaxed);
    }

    /// True while it does.
    pub fn is_long(&self) -> bool {
        self.long.load(Ordering::Relaxed)
    }

    /// All is answered: it waits for a head.
    pub fn idle(&self) {
        self.long.store(false, Ordering::Relaxed);
        self.waits();
    }

    /// It waits for something to come.
    pub fn waits(&self) {
        self.busy();
        let mut number = self.number();
        *number = Some(self.crowd.state().note(self.from, self.go.clone()));
        drop(number);
        // Somebody may wait for one that waits.
        self.crowd.left.notify_waiters();
    }

    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
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

    const GRACE: Duration = Duration::from_millis(200);

    fn at(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    async fn is_told(place: &Place) -> bool {
        tokio::time::timeout(Duration::from_millis(1), place.go.notified()).await.is_ok()
    }

    #[tokio::test]
    async fn the_one_that_waits_longest_makes_room_and_one_that_is_answered_stays() {
        let crowd = Arc::new(Crowd::new(2, Duration::ZERO));
        let first = crowd.enter(at(1)).await;
        let second = crowd.enter(at(1)).await;
        first.busy();
        let third = crowd.enter(at(1)).await;
        second.go.notified().await;
        drop(second);
        assert_eq!(crowd.len(), 2);
        third.busy();
        let waits = tokio::time::timeout(Duration::from_millis(50), crowd.enter(at(1))).await;
        assert!(waits.is_err(), "both are being answered");
        let late = tokio::spawn({
            let crowd = crowd.clone();
            async move { crowd.enter(at(1)).await }
        });
        tokio::task::yield_now().await;
        first.idle();
        let fourth = late.await.unwrap();
        first.go.notified().await;
        drop((first, third, fourth));
        assert_eq!(crowd.len(), 0);
        assert!(crowd.state().waiting.is_empty() && crowd.state().crowds.is_empty());
    }

    #[tokio::test]
    async fn one_that_has_only_just_begun_to_wait_makes_no_room() {
        for (grace, least) in [(GRACE, GRACE), (Duration::ZERO, Duration::ZERO)] {
            let crowd = Arc::new(Crowd::new(1, grace));
            let first = crowd.enter(at(1)).await;
            let began = Instant::now();
            let _second = crowd.enter(at(1)).await;
            let took = began.elapsed();
            assert!(took >= least && took < least + GRACE, "{took:?}");
            assert!(is_told(&first).await);
        }
        // Who leaves makes room at once.
        let crowd = Arc::new(Crowd::new(1, GRACE));
        let first = crowd.enter(at(1)).await;
        let (began, leaves) = (Instant::now(), async { drop(first) });
        tokio::join!(crowd.enter(at(1)), leaves);
        assert!(began.elapsed() < GRACE);
    }

    #[tokio::test]
    async fn room_is_made_where_most_come_from() {
        let crowd = Arc::new(Crowd::new(6, GRACE));
        let alone = crowd.enter(at(1)).await;
        let mut many = vec![];
        for _ in 0..5 {
            many.push(crowd.enter(at(2)).await);
        }
        tokio::time::sleep(GRACE * 2).await;
        let newcomer = crowd.enter(at(3)).await;
        assert!(is_told(&many[0]).await && !is_told(&many[1]).await);
        assert!(!is_told(&alone).await, "it waits longest, and is one of few");
        // The control: where those of the crowd are being answered, it does make room.
        many.iter().for_each(Place::busy);
        newcomer.busy();
        let _another = crowd.enter(at(2)).await;
        assert!(is_told(&alone).await);
    }
}
