//! So many requests in so much time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// What a request is counted under, by one budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Want {
    /// What is counted together.
    pub key: String,
    /// How many.
    pub limit: u32,
    /// In how much time.
    pub per: Duration,
}

/// When requests of one key were sent, as far back as it matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    sent: VecDeque<Instant>,
    pub(super) per: Duration,
}

/// So many sums stand for all requests of a window where it is kept.
const SUMS: usize = 64;

/// The most requests of a window that another process goes on from.
const MOST: usize = 1_000_000;

impl Window {
    fn forget(&mut self, want: &Want, now: Instant) {
        self.per = want.per;
        while self.sent.front().is_some_and(|first| now.duration_since(*first) >= want.per) {
            self.sent.pop_front();
        }
    }

    /// True if nothing in it matters any more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.sent.back().is_none_or(|last| now.duration_since(*last) >= self.per)
    }

    /// When the last one was sent.
    pub(super) fn last(&self) -> Option<Instant> {
        self.sent.back().copied()
    }

    /// How many were sent and when, in few sums: each counts at the time of its last, so that no place is free too early.
    pub(super) fn sums(&self) -> Vec<(Instant, usize)> {
        let long = self.sent.len().div_ceil(SUMS).max(1);
        let ends = (0..self.sent.len()).step_by(long).map(|from| (from, (from + long).min(self.sent.len())));
        ends.filter_map(|(from, end)| Some((*self.sent.get(end - 1)?, end - from))).collect()
    }

    /// Goes on from such sums.
    pub(super) fn go_on(per: Duration, sums: impl Iterator<Item = (Instant, usize)>) -> Window {
        let all = sums.flat_map(|(at, count)| std::iter::repeat_n(at, count.min(MOST))).take(MOST);
        let mut sent: Vec<Instant> = all.collect();
        sent.sort_unstable();
        Window { sent: sent.into(), per }
    }

    /// Counts one.
    pub(super) fn count(&mut self, now: Instant) {
        self.sent.push_back(now);
    }

    /// When there is room for one that has so many before it.
    pub(super) fn room_behind(&mut self, want: &Want, before: usize, now: Instant) -> Instant {
        self.forget(want, now);
        let (limit, sent) = (limit(want), self.sent.len());
        let free = limit.saturating_sub(sent);
        if before < free {
            return now;
        }
        // Each place is free again one window after it was taken; those that are free are taken first.
        let place = before - free;
        let taken = if place % limit < sent { self.sent[place % limit] } else { now };
        let rounds = u32::try_from(place / limit).unwrap_or(u32::MAX).saturating_add(1);
        taken + want.per.saturating_mul(rounds).min(LONGEST)
    }
}

/// No wait is longer.
pub(super) const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

fn limit(want: &Want) -> usize {
    usize::try_from(want.limit).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_sent_in_so_much_time_and_then_the_next() {
        let want = Want { key: "a".into(), limit: 2, per: Duration::from_secs(10) };
        let (mut window, start) = (Window::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        for second in [0, 4] {
            assert_eq!(window.room_behind(&want, 0, at(second)), at(second));
            window.count(at(second));
        }
        let behind = |window: &mut Window, before| window.room_behind(&want, before, at(5)) - start;
        let behind: Vec<u64> = (0..5).map(|before| behind(&mut window, before).as_secs()).collect();
        assert_eq!(behind, [10, 14, 20, 24, 30]);
        assert_eq!(window.room_behind(&want, 0, at(10)), at(10));
        window.count(at(10));
        assert_eq!(window.room_behind(&want, 0, at(13)), at(14));
        // One place is free, the other one is free later.
        assert_eq!(window.room_behind(&want, 0, at(15)), at(15));
        assert_eq!(window.room_behind(&want, 1, at(15)), at(20));
        assert!(!window.is_over(at(19)) && window.is_over(at(20)));
    }
}
