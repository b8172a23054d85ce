//! Where the time comes from. The engine is told the time; it never asks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long anybody sleeps at most who waits for a time: so late a jump of the clock, or the end of a suspension, which no
/// timer counts, is noticed.
pub const NAP: Duration = Duration::from_secs(1);

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> Timestamp;

    /// Asks to be called whenever the time jumps. A clock that only runs never calls.
    fn on_jump(&self, wake: Box<dyn Fn() + Send + Sync>);
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn on_jump(&self, _: Box<dyn Fn() + Send + Sync>) {}
}

/// A clock that stands still until it is moved: for tests and dry runs.
#[derive(Clone)]
pub struct Manual(Arc<Mutex<Hands>>);

struct Hands {
    now: Timestamp,
    wakes: Vec<Box<dyn Fn() + Send + Sync>>,
}

impl Manual {
    /// Makes a clock that shows this time.
    pub fn new(now: Timestamp) -> Manual {
        Manual(Arc::new(Mutex::new(Hands { now, wakes: vec![] })))
    }

    /// Moves it; what has become due is fired at once.
    pub fn advance(&self, by: SignedDuration) {
        let mut hands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hands.now = hands.now.saturating_add(by).unwrap_or(Timestamp::MAX);
        hands.wakes.iter().for_each(|wake| wake());
    }
}

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now
    }

    fn on_jump(&self, wake: Box<dyn Fn() + Send + Sync>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wakes.push(wake);
    }
}
