//! How often services are asked: counted before anything is sent, for each connection, over all runs of this process.
//! Who comes first is served first, workflow by workflow in turn. A short wait is waited; a longer one is the engine's,
//! and nothing was sent.

#[cfg(test)]
mod crowd;
mod kept;
mod line;
mod window;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::connection::Connection;
use kept::Keeper;
pub use kept::{Kept, Soon};
use line::{Line, Next, Who};
pub(crate) use window::Want;

/// The longest wait within one call for a budget.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest wait within one call for another one to end.
const LONG: Duration = Duration::from_secs(30);

/// The most connections that are counted at once; those where nothing happens are forgotten first.
const MOST: usize = 10_000;

/// What was sent and what is under way, of all connections. Clones count together.
#[derive(Clone, Default)]
pub struct Meter {
    lines: Arc<Mutex<BTreeMap<String, Line>>>,
    keeper: Arc<Keeper>,
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}

/// The line in which a call waits, and of which account it asks.
#[derive(Clone, Debug)]
pub(crate) struct Whose {
    line: String,
    /// When the connection was made: what was counted of an account that had its name before is not counted of this one.
    made: i64,
}

/// A meter, and for whom it counts.
#[derive(Clone, Debug, Default)]
pub struct Metered {
    meter: Meter,
    owner: Arc<str>,
    workflow: Arc<str>,
}

impl Meter {
    /// Counts for a workflow of an owner. Connections belong to owners, and workflows of one connection take turns.
    pub fn of(&self, owner: &str, workflow: &str) -> Metered {
        Metered { meter: self.clone(), owner: owner.into(), workflow: workflow.into() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a connection's line says; nothing where it was forgotten.
    fn on<T>(&self, whose: &str, then: impl FnOnce(&mut Line) -> T) -> Option<T> {
        let (said, changed) = self.lock().get_mut(whose).map(|line| (then(line), line.changed)).unzip();
        if changed == Some(true) {
            self.keeper.changed(self, Soon::InAWhile);
        }
        said
    }
}

impl Metered {
    /// The line in which calls of a connection wait: one for all who share it, whoever of them calls.
    pub(crate) fn line(&self, connector: &str, connection: &Connection) -> Whose {
        let owner = match connection.owner.as_str() {
            "" => &*self.owner,
            owner => owner,
        };
        Whose { line: format!("{owner}\n{connector}\n{}", connection.name), made: connection.made }
    }

    /// Waits until one more request may be sent, by all budgets and by how many may be under way at once. A call that was
    /// told to come later is known again by its name.
    ///
    /// # Errors
    /// Where that takes longer than a call waits.
    pub(crate) async fn admit(
        &self,
        whose: &Whose,
        (call, action): (&str, &str),
        wants: Vec<Want>,
        most: Option<usize>,
    ) -> Result<Place, Failure> {
        let (Whose { line: whose, made }, began) = (whose, Instant::now());
        let notify = Arc::new(Notify::new());
        let id = {
            let mut lines = self.meter.lock();
            if lines.len() >= MOST {
                lines.retain(|_, line| !line.is_idle(began));
            }
            let line = lines.entry(whose.to_owned()).or_default();
            line.is_of(*made, began);
            line.arrive(&Who { workflow: &self.workflow, call }, wants, most, &notify, began)
        };
        let mut waiting = Waiting { meter: &self.meter, whose, id: Some(id) };
        loop {
            let now = Instant::now();
            let next = self.meter.on(whose, |line| line.next(id, now));
            let until = match next {
                None | Some(Next::Go) => {
                    waiting.id = None;
                    let meter = self.meter.clone();
                    return Ok(Place { meter, whose: whose.to_owned(), counted: most.is_some() });
                }
                Some(Next::At { room, .. }) if room.duration_since(began) > PATIENCE => {
                    waiting.id = None;
                    self.meter.on(whose, |line| line.go_away(id, room));
                    return Err(later(action, room.duration_since(now)));
                }
                Some(Next::At { look, .. }) => look,
                Some(Next::Behind) if now.duration_since(began) > LONG => {
                    return Err(later(action, PATIENCE));
                }
                Some(Next::Behind) => began + LONG + Duration::from_millis(1),
            };
            // It is told when others let it go before.
            let _ = timeout_at(until, notify.notified()).await;
        }
    }

    /// A service said that a connection asks too often: nobody asks with it until then.
    pub(crate) fn hold(&self, whose: &Whose, wait: Duration) {
        let now = Instant::now();
        {
            let mut lines = self.meter.lock();
            let line = lines.entry(whose.line.clone()).or_default();
            line.is_of(whose.made, now);
            if line.made > whose.made {
                // It was said to the account before.
                return;
            }
            line.hold(now + wait, now);
        }
        if kept::is_kept(wait) {
            self.meter.keeper.changed(&self.meter, Soon::AtOnce);
        }
    }
}

/// A request that is not sent yet.
fn later(action: &str, wait: Duration) -> Failure {
    let message = format!("`{action}` is not sent yet: its service takes no more of them for now");
    Failure {
        retry_after: SignedDuration::try_from(wait).ok(),
        answered: true,
        ..Failure::passing(FailureKind::RateLimited, message)
    }
}

/// A call that waits: dropped, it leaves its line.
struct Waiting<'a> {
    meter: &'a Meter,
    whose: &'a str,
    id: Option<u64>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.meter.on(self.whose, |line| line.leave(id));
        }
    }
}

/// The right to have one request under way, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Place {
    meter: Meter,
    whose: String,
    counted: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.counted {
            self.meter.on(&self.whose, Line::done);
        }
    }
}
