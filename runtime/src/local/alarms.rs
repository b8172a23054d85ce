//! What is due when, over all runs.

use std::collections::BTreeSet;

use engine::command::{Timer, TimerKind};
use engine::run::{At, Attempt, RunId};
use foldhash::HashMap;
use jiff::Timestamp;

/// The timers of all runs. Setting one twice is setting it once.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    queue: BTreeSet<(Timestamp, RunId, Timer)>,
    of_run: HashMap<RunId, BTreeSet<Timer>>,
}

impl Alarms {
    pub fn set(&mut self, run: &RunId, timer: Timer) {
        self.of_run.entry(run.clone()).or_default().insert(timer);
        self.queue.insert((timer.due, run.clone(), timer));
    }

    /// True if a timer is set.
    pub fn is_set(&self, run: &RunId, timer: &Timer) -> bool {
        self.of_run.get(run).is_some_and(|timers| timers.contains(timer))
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(due, ..)| *due)
    }

    /// Takes the first one that is due.
    pub fn take_due(&mut self, now: Timestamp) -> Option<(RunId, Timer)> {
        if self.next()? > now {
            return None;
        }
        let (_, run, timer) = self.queue.pop_first()?;
        if let Some(timers) = self.of_run.get_mut(&run) {
            timers.remove(&timer);
            if timers.is_empty() {
                self.of_run.remove(&run);
            }
        }
        Some((run, timer))
    }

    /// Drops the longest time of an attempt that has returned.
    pub fn drop_timeout(&mut self, run: &RunId, at: At, attempt: Attempt) {
        let Some(timers) = self.of_run.get_mut(run) else { return };
        let bound = |due| Timer { at, kind: TimerKind::Timeout, attempt, due };
        let found = timers.range(bound(Timestamp::MIN)..=bound(Timestamp::MAX)).next().copied();
        if let Some(timer) = found {
            timers.remove(&timer);
            self.queue.remove(&(timer.due, run.clone(), timer));
        }
    }

    /// Drops all of a run that has ended.
    pub fn forget(&mut self, run: &RunId) {
        for timer in self.of_run.remove(run).into_iter().flatten() {
            self.queue.remove(&(timer.due, run.clone(), timer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(slot: u16, due: i64) -> Timer {
        let due = Timestamp::from_second(due).unwrap();
        Timer { at: At { frame: 0, slot }, kind: TimerKind::Timeout, attempt: 1, due }
    }

    #[test]
    fn the_earliest_comes_first_and_only_when_it_is_due() {
        let (a, b) = (RunId("a".into()), RunId("b".into()));
        let mut alarms = Alarms::default();
        alarms.set(&a, timer(0, 20));
        alarms.set(&b, timer(0, 10));
        alarms.set(&b, timer(0, 10));
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(alarms.next(), Some(at(10)));
        assert_eq!(alarms.take_due(at(9)), None);
        assert_eq!(alarms.take_due(at(10)), Some((b, timer(0, 10))));
        assert_eq!(alarms.take_due(at(10)), None);
        assert_eq!(alarms.take_due(at(99)), Some((a, timer(0, 20))));
        assert!(alarms.of_run.is_empty());
    }

    #[test]
    fn nothing_stays_of_what_was_dropped() {
        let (a, b) = (RunId("a".into()), RunId("b".into()));
        let mut alarms = Alarms::default();
        (0..3).for_each(|slot| alarms.set(&a, timer(slot, 10)));
        alarms.set(&b, timer(0, 10));
        alarms.drop_timeout(&a, At { frame: 0, slot: 1 }, 1);
        alarms.drop_timeout(&a, At { frame: 0, slot: 2 }, 7);
        assert_eq!(alarms.queue.len(), 3);
        alarms.forget(&a);
        assert_eq!(alarms.queue.len(), 1);
        assert_eq!(alarms.of_run.len(), 1);
    }
}
