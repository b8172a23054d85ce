//! Which runs are under way and which wait, where a workflow limits how many there may be at once.

use std::collections::{BTreeSet, HashMap};

use engine::room::Room;
use engine::run::RunId;

/// The runs that share a limit. Names of runs sort by time, so that the first is the oldest.
#[derive(Debug, Default)]
struct Shared {
    max: usize,
    inside: BTreeSet<RunId>,
    waiting: BTreeSet<RunId>,
}

/// The rooms of all limited workflows.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    rooms: HashMap<String, Shared>,
    of_run: HashMap<RunId, String>,
}

impl Rooms {
    /// True if one more run finds room.
    pub fn has_room(&self, room: &Room) -> bool {
        self.rooms.get(&room.key).is_none_or(|shared| shared.inside.len() < room.max as usize)
    }

    /// The oldest run in it.
    pub fn oldest(&self, room: &Room) -> Option<RunId> {
        self.rooms.get(&room.key)?.inside.first().cloned()
    }

    /// Notes a run that is under way.
    pub fn enter(&mut self, room: &Room, run: &RunId) {
        let shared = self.shared(room, run);
        shared.waiting.remove(run);
        shared.inside.insert(run.clone());
    }

    /// Notes a run that waits.
    pub fn wait(&mut self, room: &Room, run: &RunId) {
        let shared = self.shared(room, run);
        shared.inside.remove(run);
        shared.waiting.insert(run.clone());
    }

    fn shared(&mut self, room: &Room, run: &RunId) -> &mut Shared {
        self.of_run.insert(run.clone(), room.key.clone());
        let shared = self.rooms.entry(room.key.clone()).or_default();
        // A later version of the workflow may have another limit; the latest that was seen counts.
        shared.max = room.max as usize;
        shared
    }

    /// Forgets a run. Its room is free for those that `admit` gives.
    pub fn leave(&mut self, run: &RunId) {
        let Some(key) = self.of_run.remove(run) else { return };
        if let Some(shared) = self.rooms.get_mut(&key) {
            shared.inside.remove(run);
            shared.waiting.remove(run);
            if shared.inside.is_empty() && shared.waiting.is_empty() {
                self.rooms.remove(&key);
            }
        }
    }

    /// The runs that wait and for which there is room now; they are under way from here on.
    pub fn admit(&mut self) -> Vec<RunId> {
        let mut admitted = vec![];
        for shared in self.rooms.values_mut() {
            while shared.inside.len() < shared.max
                && let Some(run) = shared.waiting.pop_first()
            {
                shared.inside.insert(run.clone());
                admitted.push(run);
            }
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use dsl::workflow::WhenFull;

    use super::*;

    #[test]
    fn who_waits_longest_is_admitted_first_and_only_where_there_is_room() {
        let run = |name: &str| RunId(name.into());
        let room = Room { key: "x".into(), max: 2, when_full: WhenFull::Queue };
        let other = Room { key: "y".into(), max: 1, when_full: WhenFull::Queue };
        let mut rooms = Rooms::default();
        rooms.enter(&room, &run("a"));
        rooms.enter(&room, &run("b"));
        rooms.enter(&other, &run("z"));
        assert!(!rooms.has_room(&room));
        assert_eq!(rooms.oldest(&room), Some(run("a")));
        for name in ["e", "d", "c"] {
            rooms.wait(&room, &run(name));
        }
        assert_eq!(rooms.admit(), []);
        rooms.leave(&run("b"));
        assert_eq!(rooms.admit(), [run("c")]);
        rooms.leave(&run("d"));
        rooms.leave(&run("a"));
        assert_eq!(rooms.admit(), [run("e")]);
        for name in ["c", "e", "z"] {
            rooms.leave(&run(name));
        }
        assert!(rooms.rooms.is_empty() && rooms.of_run.is_empty());
    }
}
