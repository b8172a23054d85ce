//! Answers of models as they come, for whoever watches a run: beside its log, which has the whole of them, and never in
//! it. Who tells never waits: of what a slow reader has not fetched, only so much is kept, and the rest is left out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ai::ask::Heard;
use engine::run::{At, RunId};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// How many bytes are kept for a reader.
const KEPT: usize = 256 << 10;

/// A piece of the text of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The step whose answer it is.
    pub at: At,
    /// Which try of the step.
    pub attempt: u32,
    /// How many bytes of the answer came before it: with more than were read, some are left out.
    pub from: u64,
    /// The piece.
    pub text: String,
}

/// What is told to those who watch runs.
#[derive(Default)]
pub struct Live {
    ears: Mutex<BTreeMap<RunId, Vec<Weak<Queue>>>>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<VecDeque<Piece>>,
    news: Notify,
}

/// What one reader hears of a run.
pub struct Ear(Arc<Queue>);

impl Live {
    /// Hears of a run from now on.
    pub fn listen(&self, run: &RunId) -> Ear {
        let queue = Arc::new(Queue::default());
        let mut ears = locked(&self.ears);
        // Whoever went away is forgotten when somebody comes.
        ears.retain(|_, queues| {
            queues.retain(|queue| queue.strong_count() > 0);
            !queues.is_empty()
        });
        ears.entry(run.clone()).or_default().push(Arc::downgrade(&queue));
        Ear(queue)
    }

    /// Tells of a piece whoever listens.
    pub fn tell(&self, run: &RunId, piece: &Piece) -> Heard {
        let ears = locked(&self.ears);
        let queues = ears.get(run).into_iter().flatten().filter_map(Weak::upgrade);
        match queues.map(|queue| queue.put(piece)).count() {
            0 => Heard::Nobody,
            _ => Heard::Somebody,
        }
    }
}

impl Queue {
    fn put(&self, piece: &Piece) {
        let mut waiting = locked(&self.waiting);
        match waiting.back_mut() {
            Some(last) if last.goes_on_with(piece) => last.text.push_str(&piece.text),
            Some(_) | None => waiting.push_back(piece.clone()),
        }
        if waiting.iter().map(|piece| piece.text.len()).sum::<usize>() > KEPT {
            waiting.clear();
        }
        drop(waiting);
        self.news.notify_one();
    }
}

impl Piece {
    /// Where the piece behind it begins.
    pub fn end(&self) -> u64 {
        self.from + self.text.len() as u64
    }

    fn goes_on_with(&self, next: &Piece) -> bool {
        (self.at, self.attempt, self.end()) == (next.at, next.attempt, next.from)
    }
}

impl Ear {
    /// The next piece, as long as it takes.
    pub async fn next(&mut self) -> Piece {
        loop {
            let piece = locked(&self.0.waiting).pop_front();
            match piece {
                Some(piece) => return piece,
                None => self.0.news.notified().await,
            }
        }
    }
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "r";

    fn piece(slot: u16, from: u64, text: &str) -> Piece {
        Piece { at: At { frame: 0, slot }, attempt: 1, from, text: text.to_owned() }
    }

    fn run() -> RunId {
        RunId(RUN.into())
    }

    #[tokio::test]
    async fn pieces_that_wait_become_one_and_steps_stay_apart() {
        let live = Live::default();
        assert_eq!(live.tell(&run(), &piece(0, 0, "lost")), Heard::Nobody);
        let mut ear = live.listen(&run());
        for (slot, from, text) in [(0, 0, "He"), (0, 2, "llo"), (1, 0, "x"), (0, 5, "!")] {
            assert_eq!(live.tell(&run(), &piece(slot, from, text)), Heard::Somebody);
        }
        assert_eq!(ear.next().await, piece(0, 0, "Hello"));
        assert_eq!(ear.next().await, piece(1, 0, "x"));
        assert_eq!(ear.next().await, piece(0, 5, "!"));
        assert_eq!(live.tell(&RunId("other".into()), &piece(0, 0, "x")), Heard::Nobody);
        drop(ear);
        assert_eq!(live.tell(&run(), &piece(0, 6, "gone")), Heard::Nobody);
    }

    #[tokio::test]
    async fn of_what_a_slow_reader_has_not_fetched_only_so_much_is_kept() {
        let live = Live::default();
        let mut ear = live.listen(&run());
        let text = "x".repeat(1000);
        for at in 0..10_000 {
            live.tell(&run(), &piece(0, at * 1000, &text));
            let kept: usize = locked(&ear.0.waiting).iter().map(|piece| piece.text.len()).sum();
            assert!(kept <= KEPT, "{kept}");
        }
        let first = ear.next().await;
        assert!(first.from > 0 && first.end() == 10_000_000, "the newest is kept: {}", first.from);
    }
}
