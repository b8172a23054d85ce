//! Whether what is outstanding is being worked on: each call is under way, each timer is set and not overdue.

use engine::command::Command;
use engine::run::RunId;
use jiff::{SignedDuration, Timestamp};

use super::{Mover, Tracked};
use crate::local::{Load, Standing};

/// How long something may be due before it is late.
const SOON: SignedDuration = SignedDuration::from_secs(60);

impl Mover {
    /// How much there is to do.
    pub(super) fn to_do(&self) -> Load {
        let inputs = self.ready.len() + self.held.len();
        Load { runs: self.runs.len(), inputs, waiting: self.waiting.len() }
    }

    /// How the runs stand that are moved here.
    pub(super) fn standing(&self) -> Standing {
        let now = self.clock.now();
        let mut standing = Standing {
            runs: self.runs.keys().cloned().collect(),
            calls: self.runs.values().map(|tracked| tracked.flights.len()).sum(),
            late: vec![],
        };
        // Where nothing can be committed, that is told elsewhere.
        if self.failures > 0 {
            return standing;
        }
        for (run, tracked) in &self.runs {
            if !self.is_moving(run) {
                let late = late(tracked, now, &|timer| self.alarms.is_set(run, timer));
                standing.late.extend(late.map(|why| (run.clone(), why)));
            }
        }
        standing
    }

    /// True if an input of the run is about to be decided.
    fn is_moving(&self, run: &RunId) -> bool {
        self.ready.iter().chain(&self.held).chain(&self.turn.works).any(|work| work.run == *run)
    }
}

fn late(
    tracked: &Tracked,
    now: Timestamp,
    is_set: &dyn Fn(&engine::command::Timer) -> bool,
) -> Option<String> {
    let soon = now.saturating_sub(SOON).unwrap_or(Timestamp::MIN);
    let outstanding = tracked.state.as_ref()?.outstanding();
    outstanding.into_iter().find_map(|command| match command {
        Command::Call(call) => {
            let made = tracked.flights.contains_key(&(call.at, call.attempt));
            (!made).then(|| format!("nobody makes its call of `{}`", call.action))
        }
        Command::Wake(timer) if !is_set(&timer) => Some("nobody waits for its timer".into()),
        Command::Wake(timer) => (timer.due < soon).then(|| format!("its timer was due at {:.0}", timer.due)),
        Command::Nudge => Some("nobody goes on with it".into()),
        Command::Listen { .. } | Command::Abort { .. } | Command::Emit(_) => None,
    })
}
