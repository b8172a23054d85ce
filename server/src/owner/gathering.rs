//! How the process stands, for whoever watches it from outside.

use std::time::Duration;

use runtime::schedule::books::nanoseconds;

use super::Core;
use crate::metrics::{Gathered, Name};

/// How long the thread that moves the runs may take to tell how much there is to do.
const SOON: Duration = Duration::from_secs(1);

impl Core {
    /// All metrics, with what is looked up now. It may block for a second.
    pub(crate) fn gather(&self) -> Vec<Gathered> {
        let set = |name, number: u64| self.metrics.of(name, &[]).set(number);
        // Where it does not answer, what it told last stands, and `readyz` says what is wrong.
        if let Ok(load) = self.driver.load(SOON) {
            set(Name::RunsMoved, load.runs as u64);
            set(Name::InputsWaiting, load.inputs as u64);
            set(Name::CallsWaiting, load.waiting as u64);
        }
        set(Name::Commits, self.desk.commits());
        if let Some(timekeeper) = self.timekeeper.get() {
            let watch = timekeeper.watch();
            set(Name::Late, watch.late.len() as u64);
            set(Name::LateFound, watch.found);
            set(Name::LateLooked, watch.looked.map_or(0, |time| nanoseconds(time).unsigned_abs()));
            set(Name::SchedulesTrouble, u64::from(watch.trouble.is_some()));
        }
        self.metrics.look_around(self.desk.path());
        self.metrics.gather()
    }

    /// How the vault stands: `well` where it is open, `sealed`, or `unknown` where nothing has needed it yet.
    pub(crate) fn vault_stands(&self) -> &'static str {
        match self.safe.opened().map(|vault| vault.is_open()) {
            Some(Ok(Some(true))) => "well",
            Some(Ok(Some(false))) => "sealed",
            Some(Ok(None) | Err(_)) | None => "unknown",
        }
    }
}
