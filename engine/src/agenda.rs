//! What must be looked at next, oldest first. It holds nothing that the run does not say: after a fold it is
//! made again, with more than necessary in it, and looking at what is not due decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::run::At;

/// Something to look at. Order: the path from the root, so that older items come first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Task {
    pub path: Arc<[u32]>,
    pub what: What,
}

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A step: may it start, must it go?
    Step(At),
    /// A failure that is taken over, once nothing else of its part is.
    Failure(At),
    /// An instance of a block: has this part of it ended?
    Close(u32),
    /// The next item of a `for_each`.
    Item(At),
}

/// The tasks, and those that wait for room under a `for_each`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    known: bool,
    /// With each task the places where it waited for room, if there are any.
    open: BTreeMap<Task, Vec<At>>,
    parked: BTreeMap<At, BTreeSet<Task>>,
}

/// Two runs are equal whatever is remembered about them.
impl PartialEq for Agenda {
    fn eq(&self, _: &Agenda) -> bool {
        true
    }
}

impl Agenda {
    /// Forgets all; it must be made again before it is used.
    pub fn forget(&mut self) {
        if self.known {
            *self = Agenda::default();
        }
    }

    /// True if it is up to date; from then on it is.
    pub fn take_up(&mut self) -> bool {
        std::mem::replace(&mut self.known, true)
    }

    pub fn add(&mut self, task: Task) {
        self.open.entry(task).or_default();
    }

    /// The oldest task, and the places where it waited for room.
    pub fn next(&mut self) -> Option<(Task, Vec<At>)> {
        self.open.pop_first()
    }

    /// Puts a task aside until there is room under the `for_each` at `limit`.
    pub fn park(&mut self, limit: At, task: Task) {
        self.parked.entry(limit).or_default().insert(task);
    }

    /// Takes up the oldest task that waits for room there.
    pub fn wake(&mut self, limit: At) {
        if let Some(parked) = self.parked.get_mut(&limit) {
            if let Some(task) = parked.pop_first() {
                self.open.entry(task).or_default().push(limit);
            }
            if parked.is_empty() {
                self.parked.remove(&limit);
            }
        }
    }
}
