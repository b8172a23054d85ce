//! Work on several things beside one another, on as many threads as there are cores. What comes is in the order of the things.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fewer things than this are done on one thread: to start another one takes longer.
const FEW: usize = 4;

/// Does the same with each of these. A thread has something of its own that it makes once.
pub fn each<I: Sync, O: Send, W>(
    items: &[I],
    own: &(dyn Fn() -> W + Sync),
    work: &(dyn Fn(&W, &I) -> O + Sync),
) -> Vec<O> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    if items.len() < FEW || threads < 2 {
        let own = own();
        return items.iter().map(|item| work(&own, item)).collect();
    }
    let next = AtomicUsize::new(0);
    let hand = || {
        let own = own();
        let mut done = vec![];
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, work(&own, item)));
        }
    };
    let mut done: Vec<(usize, O)> = thread::scope(|scope| {
        let hands: Vec<_> = (1..threads).map(|_| scope.spawn(hand)).collect();
        let mut done = hand();
        for other in hands {
            match other.join() {
                Ok(more) => done.extend(more),
                // What went wrong there goes wrong here.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, out)| out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_in_the_order_of_the_things() {
        let items: Vec<usize> = (0..1000).collect();
        let doubled = each(&items, &|| 2, &|own, item| own * item);
        assert_eq!(doubled, (0..1000).map(|item| 2 * item).collect::<Vec<_>>());
        assert_eq!(each(&[1, 2], &|| 1, &|own, item| own + item), [2, 3]);
    }
}
