//! Who follows which run. They are told of a row once it has been committed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use engine::event::Recorded;
use engine::run::RunId;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::driver::{Error, State};

type Listeners = HashMap<RunId, Vec<UnboundedSender<Recorded>>>;

/// Who follows which run; nobody any more after the end.
pub(super) struct Watchers {
    listeners: Mutex<Option<Listeners>>,
    /// Since when nothing can be read or committed, and why.
    trouble: Mutex<Option<(Instant, Error)>>,
    /// Who waits for the end of which run; nobody any more after the end.
    ends: Mutex<Option<HashMap<RunId, Vec<oneshot::Sender<State>>>>>,
    /// Called when runs have ended.
    on_end: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Default for Watchers {
    fn default() -> Watchers {
        let listeners = Mutex::new(Some(Listeners::new()));
        let ends = Mutex::new(Some(HashMap::new()));
        Watchers { listeners, trouble: Mutex::default(), ends, on_end: OnceLock::new() }
    }
}

impl Watchers {
    /// Adds a listener. After `close_all` its channel is closed at once.
    pub fn add(&self, run: &RunId) -> UnboundedReceiver<Recorded> {
        let (sender, receiver) = unbounded_channel();
        let mut lock = self.lock();
        let Some(listeners) = lock.as_mut() else { return receiver };
        // Those who went away without a word leave when somebody comes.
        listeners.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        listeners.entry(run.clone()).or_default().push(sender);
        receiver
    }

    /// Tells of these rows.
    pub fn tell<'a>(&self, rows: impl IntoIterator<Item = (&'a RunId, &'a Recorded)>) {
        let lock = self.lock();
        let Some(listeners) = lock.as_ref().filter(|listeners| !listeners.is_empty()) else { return };
        for (run, row) in rows {
            for sender in listeners.get(run).into_iter().flatten() {
                // A listener that has gone away misses nothing.
                let _ = sender.send(row.clone());
            }
        }
    }

    /// Has this called from here on when runs have ended. Only the first who asks is called.
    pub fn on_end(&self, told: Box<dyn Fn() + Send + Sync>) {
        let _ = self.on_end.set(told);
    }

    /// Adds somebody who waits for the end of a run. After `close_all` they are told nothing at once.
    pub fn add_end(&self, run: &RunId) -> oneshot::Receiver<State> {
        let (sender, receiver) = oneshot::channel();
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ends) = ends.as_mut() {
            let waiting = ends.entry(run.clone()).or_default();
            // Those who went away without a word leave when somebody comes.
            waiting.retain(|sender| !sender.is_closed());
            waiting.push(sender);
        }
        receiver
    }

    /// Tells those who wait for it how a run has ended.
    pub fn tell_end(&self, run: &RunId, state: State) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = ends.as_mut().and_then(|ends| ends.remove(run));
        for sender in waiting.into_iter().flatten() {
            // Whoever has gone away misses nothing.
            let _ = sender.send(state);
        }
    }

    /// Tells that runs have ended.
    pub fn ended(&self) {
        if let Some(told) = self.on_end.get() {
            told();
        }
    }

    /// Closes the channels of a run.
    pub fn close(&self, run: &RunId) {
        if let Some(listeners) = self.lock().as_mut() {
            listeners.remove(run);
        }
        if let Some(ends) = self.ends.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            ends.remove(run);
        }
    }

    /// Closes all channels, and those that will be asked for.
    pub fn close_all(&self) {
        self.lock().take();
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Notes that nothing can be read or committed from here on. Says whether that is news.
    pub fn trouble(&self, error: &Error) -> bool {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *trouble {
            Some((_, known)) if known.to_string() == error.to_string() => false,
            Some((_, known)) => {
                *known = error.clone();
                true
            }
            None => {
                *trouble = Some((Instant::now(), error.clone()));
                true
            }
        }
    }

    /// Notes that commits succeed again.
    pub fn relieve(&self) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Since when nothing can be read or committed, and why.
    pub fn troubled(&self) -> Option<(Instant, Error)> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Listeners>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
