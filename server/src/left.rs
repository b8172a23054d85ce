//! What runs leave behind with providers when they end: batches that nobody will read. They are cancelled beside whatever
//! else is done, and waited for when the process ends.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ai::ask::{Models, Reach};
use tokio::runtime::Handle;
use tracing::warn;

use crate::safe::Safe;

/// How long they are waited for. What is not cancelled by then is left for the next process.
const WAITS: Duration = Duration::from_secs(5);

/// Sees to what is left.
pub struct Left {
    models: Arc<Models>,
    safe: Arc<Safe>,
    runtime: Handle,
    under_way: Arc<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    count: Mutex<usize>,
    none: Condvar,
}

impl UnderWay {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those under way, until it is dropped.
struct One(Arc<UnderWay>);

impl One {
    fn of(all: &Arc<UnderWay>) -> One {
        *all.count() += 1;
        One(all.clone())
    }
}

impl Drop for One {
    fn drop(&mut self) {
        let mut count = self.0.count();
        *count = count.saturating_sub(1);
        self.0.none.notify_all();
    }
}

impl Left {
    /// To be called within the runtime.
    pub fn new(models: Arc<Models>, safe: Arc<Safe>) -> Left {
        Left { models, safe, runtime: Handle::current(), under_way: Arc::default() }
    }

    /// Cancels the batches of an owner's runs that have ended.
    pub fn give_up(&self, owner: &Arc<str>, reach: Reach) {
        if !self.models.may_have_batches(owner) {
            return;
        }
        let one = One::of(&self.under_way);
        let (models, safe, owner) = (self.models.clone(), self.safe.clone(), owner.clone());
        self.runtime.spawn(async move {
            let _one = one;
            let looking = (models.clone(), owner.clone());
            // Whoever asked no model has perhaps no vault, and needs none for this.
            let open = move || looking.0.has_left_batches(&looking.1).then(|| safe.vault());
            let vault = match tokio::task::spawn_blocking(open).await {
                Ok(Some(Ok(vault))) => vault,
                Ok(Some(Err(error))) => return warn!(%error, "batches are left that cannot be cancelled"),
                Ok(None) | Err(_) => return,
            };
            if let Err(error) = ai::ask::give_up(&models, vault, &owner, reach).await {
                warn!(%error, "batches of runs that have ended are not cancelled");
            }
        });
    }

    /// Waits for what is under way.
    pub fn settled(&self) {
        let count = self.under_way.count();
        drop(self.under_way.none.wait_timeout_while(count, WAITS, |count| *count > 0));
    }
}
