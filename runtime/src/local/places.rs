//! How many calls may be under way at once: in the process, for an owner, for a workflow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Shares;
use super::fair::Lane;

/// The places for calls.
#[derive(Clone, Debug)]
pub(super) struct Places {
    shares: Shares,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    process: usize,
    owners: HashMap<Arc<str>, usize>,
    workflows: HashMap<Lane, usize>,
}

/// A place that is taken. Dropping it frees it.
#[derive(Debug)]
pub(super) struct Place {
    taken: Arc<Mutex<Taken>>,
    lane: Lane,
}

impl Places {
    pub fn new(shares: Shares) -> Places {
        Places { shares, taken: Arc::default() }
    }

    /// True if one more call of a workflow finds a place.
    pub fn has_room(&self, lane: &Lane) -> bool {
        let taken = lock(&self.taken);
        let of = |count: Option<&usize>| count.copied().unwrap_or(0);
        taken.process < self.shares.process
            && of(taken.owners.get(&lane.owner)) < self.shares.owner
            && of(taken.workflows.get(lane)) < self.shares.workflow
    }

    /// Takes a place, also where there is none left: a call that has begun is not held up.
    pub fn enter(&self, lane: &Lane) -> Place {
        let mut taken = lock(&self.taken);
        taken.process += 1;
        *taken.owners.entry(lane.owner.clone()).or_insert(0) += 1;
        *taken.workflows.entry(lane.clone()).or_insert(0) += 1;
        Place { taken: self.taken.clone(), lane: lane.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.process -= 1;
        less(&mut taken.owners, &self.lane.owner);
        less(&mut taken.workflows, &self.lane);
    }
}

fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::Turns;

    #[test]
    fn each_limit_holds_and_a_place_that_is_left_is_free() {
        let lane = |owner: &str, workflow: &str| Lane { owner: owner.into(), workflow: workflow.into() };
        let places = Places::new(Shares { process: 4, owner: 3, workflow: 2, turns: Turns::Fair });
        let (one, two, other) = (lane("a", "one"), lane("a", "two"), lane("b", "one"));
        let mut held = vec![places.enter(&one), places.enter(&one)];
        assert_eq!([&one, &two, &other].map(|lane| places.has_room(lane)), [false, true, true]);
        held.push(places.enter(&two));
        assert_eq!([&one, &two, &other].map(|lane| places.has_room(lane)), [false, false, true]);
        held.push(places.enter(&other));
        assert_eq!([&one, &two, &other].map(|lane| places.has_room(lane)), [false; 3]);
        held.remove(0);
        assert_eq!([&one, &two, &other].map(|lane| places.has_room(lane)), [true; 3]);
        drop(held);
        let taken = lock(&places.taken);
        assert!(taken.process == 0 && taken.owners.is_empty() && taken.workflows.is_empty());
    }
}
