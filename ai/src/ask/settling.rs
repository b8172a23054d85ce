//! Calls that were given up while they were under way: they are settled by threads of their own, since who gives them up
//! must not wait, and whoever ends the process waits for those.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How many calls are being settled.
#[derive(Clone, Default)]
pub(super) struct Settling(Arc<(Mutex<usize>, Condvar)>);

impl Settling {
    /// Settles a call beside what goes on.
    pub fn begin(&self, settle: impl FnOnce() + Send + 'static) {
        let (count, _) = &*self.0;
        *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let all = self.0.clone();
        std::thread::spawn(move || {
            settle();
            let (count, fewer) = &*all;
            *count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
            fewer.notify_all();
        });
    }

    /// Waits until all are settled, and no longer than this.
    pub fn end(&self, most: Duration) {
        let (count, fewer) = &*self.0;
        let count = count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(fewer.wait_timeout_while(count, most, |count| *count > 0));
    }
}
