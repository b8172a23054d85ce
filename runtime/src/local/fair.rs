//! A queue that takes turns: over owners first, then over the workflows of each, the oldest of a workflow first. Whoever has
//! much to do waits for itself, and not everybody for it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Turns;

/// For how long it is remembered that more than one workflow was at work.
const RECENT: Duration = Duration::from_secs(1);

/// Whose turn something takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    /// For whom the run acts.
    pub owner: Arc<str>,
    /// The workflow's name.
    pub workflow: Arc<str>,
}

/// A queue that takes turns.
#[derive(Debug)]
pub(super) struct Fair<T> {
    turns: Turns,
    /// Owners with something in the queue, the next one first.
    order: VecDeque<Arc<str>>,
    owners: HashMap<Arc<str>, Share<T>>,
    lanes: usize,
}

/// What one owner has in the queue.
#[derive(Debug)]
struct Share<T> {
    /// Workflows with something in the queue, the next one first.
    order: VecDeque<Arc<str>>,
    workflows: HashMap<Arc<str>, VecDeque<T>>,
}

impl<T> Fair<T> {
    pub fn new(turns: Turns) -> Fair<T> {
        Fair { turns, order: VecDeque::new(), owners: HashMap::new(), lanes: 0 }
    }

    /// Adds something at the end of its lane.
    pub fn push(&mut self, lane: &Lane, thing: T) {
        let everybody = Lane::default();
        let lane = match self.turns {
            Turns::Fair => lane,
            Turns::Arrival => &everybody,
        };
        if !self.owners.contains_key(&lane.owner) {
            self.order.push_back(lane.owner.clone());
            let share = Share { order: VecDeque::new(), workflows: HashMap::new() };
            self.owners.insert(lane.owner.clone(), share);
        }
        let Some(share) = self.owners.get_mut(&lane.owner) else { return };
        if let Some(queue) = share.workflows.get_mut(&lane.workflow) {
            return queue.push_back(thing);
        }
        share.order.push_back(lane.workflow.clone());
        share.workflows.insert(lane.workflow.clone(), VecDeque::from([thing]));
        self.lanes += 1;
    }

    /// The next thing.
    pub fn pop(&mut self) -> Option<(Lane, T)> {
        self.pop_where(&|_| true)
    }

    /// The next thing of a lane that may go.
    pub fn pop_where(&mut self, may_go: &dyn Fn(&Lane) -> bool) -> Option<(Lane, T)> {
        for place in 0..self.order.len() {
            let owner = self.order.get(place)?.clone();
            let share = self.owners.get_mut(&owner)?;
            let lane = |workflow: &Arc<str>| Lane { owner: owner.clone(), workflow: workflow.clone() };
            let Some(found) = share.order.iter().position(|workflow| may_go(&lane(workflow))) else {
                continue;
            };
            let workflow = share.order.remove(found)?;
            let queue = share.workflows.get_mut(&workflow)?;
            let thing = queue.pop_front()?;
            // Whoever had a turn goes to the end.
            if queue.is_empty() {
                share.workflows.remove(&workflow);
                self.lanes -= 1;
            } else {
                share.order.push_back(workflow.clone());
            }
            self.order.remove(place);
            if share.order.is_empty() {
                self.owners.remove(&owner);
            } else {
                self.order.push_back(owner.clone());
            }
            return Some((Lane { owner, workflow }, thing));
        }
        None
    }

    /// Takes all of it out, in turns.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.pop().map(|(_, thing)| thing))
    }

    /// All of it, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.owners.values().flat_map(|share| share.workflows.values()).flatten()
    }

    /// How many things are in it; counted over its lanes.
    pub fn len(&self) -> usize {
        self.owners.values().flat_map(|share| share.workflows.values()).map(VecDeque::len).sum()
    }

    /// How many workflows have something in it.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    pub fn is_empty(&self) -> bool {
        self.lanes == 0
    }
}

/// Whether more than one workflow is at work.
#[derive(Debug, Default)]
pub(super) struct Company {
    /// Who was at work last, and when.
    last: Option<(Lane, Instant)>,
    /// When one came shortly after another.
    met: Option<Instant>,
}

impl Company {
    /// Somebody is at work.
    pub fn saw(&mut self, lane: &Lane, now: Instant) {
        match &mut self.last {
            Some((last, seen)) if last == lane => *seen = now,
            last => {
                if last.as_ref().is_some_and(|(_, seen)| now.duration_since(*seen) < RECENT) {
                    self.met = Some(now);
                }
                *last = Some((lane.clone(), now));
            }
        }
    }

    /// True if not long ago others were at work as well.
    pub fn is_mixed(&self, now: Instant) -> bool {
        self.met.is_some_and(|met| now.duration_since(met) < RECENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(owner: &str, workflow: &str) -> Lane {
        Lane { owner: owner.into(), workflow: workflow.into() }
    }

    fn filled(turns: Turns) -> Fair<u32> {
        let mut queue = Fair::new(turns);
        for number in 0..6 {
            queue.push(&lane("a", "big"), number);
        }
        queue.push(&lane("a", "small"), 10);
        queue.push(&lane("b", "other"), 20);
        queue.push(&lane("b", "other"), 21);
        queue
    }

    #[test]
    fn owners_take_turns_then_their_workflows_and_the_oldest_of_each_comes_first() {
        let mut queue = filled(Turns::Fair);
        assert_eq!((queue.lanes(), queue.iter().count()), (3, 9));
        assert_eq!(queue.drain().collect::<Vec<_>>(), [0, 20, 10, 21, 1, 2, 3, 4, 5]);
        assert!(queue.is_empty() && queue.owners.is_empty() && queue.order.is_empty());
    }

    #[test]
    fn without_turns_all_wait_for_what_came_before() {
        assert_eq!(filled(Turns::Arrival).drain().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 10, 20, 21]);
    }

    #[test]
    fn what_may_not_go_holds_up_nobody_else() {
        let mut queue = filled(Turns::Fair);
        let mut small = vec![];
        while let Some((_, number)) = queue.pop_where(&|lane| &*lane.workflow != "big") {
            small.push(number);
        }
        assert_eq!(small, [10, 20, 21]);
        assert_eq!(queue.drain().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn one_alone_is_no_company() {
        let mut company = Company::default();
        let (big, small, now) = (lane("a", "big"), lane("a", "small"), Instant::now());
        company.saw(&big, now);
        company.saw(&big, now);
        assert!(!company.is_mixed(now));
        company.saw(&small, now + RECENT);
        assert!(!company.is_mixed(now + RECENT), "the other one was there long ago");
        company.saw(&big, now + RECENT);
        assert!(company.is_mixed(now + RECENT) && !company.is_mixed(now + 2 * RECENT));
    }
}
