//! When a failed call is tried again, and the key that its tries share.

use std::fmt::Write;

use dsl::catalog::Failure;
use dsl::workflow::Retry;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::run::{At, Attempt, RunId};

/// When the next try is due; nothing if there is none.
pub(crate) fn due(
    retry: &Retry,
    failure: &Failure,
    attempt: Attempt,
    seed: [u8; 32],
    now: Timestamp,
) -> Option<Timestamp> {
    let may_pass = if retry.on.is_empty() { failure.retryable } else { retry.on.contains(&failure.kind) };
    if !may_pass || attempt >= retry.attempts {
        return None;
    }
    let asked = failure.retry_after.unwrap_or_default();
    Some(later(now, pause(retry, attempt, seed).max(asked)))
}

/// The pause after a try: it grows by a factor up to a longest one, and chance takes up to half of it, so
/// that calls which failed together do not come back together.
fn pause(retry: &Retry, attempt: Attempt, seed: [u8; 32]) -> SignedDuration {
    let growth = retry.factor.max(1.0).powf(f64::from(attempt.saturating_sub(1)));
    let longest = retry.max_delay.as_secs_f64().max(0.0);
    let full = (retry.delay.as_secs_f64().max(0.0) * growth).min(longest);
    let [a, b, ..] = seed;
    let chance = f64::from(u16::from_le_bytes([a, b])) / 65536.0;
    let millis = (full * (1.0 - chance / 2.0) * 1000.0).round();
    // A float becomes the nearest integer there is: NaN becomes zero.
    SignedDuration::from_millis(if millis < 1e15 { millis as i64 } else { 1_000_000_000_000_000 })
}

/// A moment so much later; the last one there is if it would be beyond.
pub(crate) fn later(now: Timestamp, length: SignedDuration) -> Timestamp {
    now.checked_add(length).unwrap_or(if length.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

/// `step.key`: the same for all tries of a step between two recorded answers.
pub(crate) fn key(run: &RunId, at: At, round: u32) -> String {
    let bytes = digest(run, at, round, b"key");
    bytes.iter().take(12).fold(String::with_capacity(24), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What chance is drawn from for one attempt of a step.
pub(crate) fn seed(run: &RunId, at: At, attempt: Attempt) -> [u8; 32] {
    digest(run, at, attempt, b"seed")
}

fn digest(run: &RunId, at: At, number: u32, purpose: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(purpose);
    hash.update(at.frame.to_le_bytes());
    hash.update(at.slot.to_le_bytes());
    hash.update(number.to_le_bytes());
    hash.update(run.0.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsl::catalog::{FailureKind, Safety};

    const AT: At = At { frame: 0, slot: 0 };

    fn policy() -> Retry {
        Retry { attempts: 4, ..Retry::default_for(Safety::Read) }
    }

    fn pause_after(attempt: Attempt, failure: &Failure) -> Option<SignedDuration> {
        let now = Timestamp::UNIX_EPOCH;
        due(&policy(), failure, attempt, [255; 32], now).map(|due| due.duration_since(now))
    }

    #[test]
    fn pauses_double_and_chance_takes_up_to_half() {
        let failure = Failure::passing(FailureKind::Server, "no");
        let full = |attempt| due(&policy(), &failure, attempt, [0; 32], Timestamp::UNIX_EPOCH);
        assert_eq!(full(1), Some(Timestamp::from_second(1).unwrap()));
        assert_eq!(full(3), Some(Timestamp::from_second(4).unwrap()));
        assert_eq!(pause_after(3, &failure), Some(SignedDuration::from_secs(2)));
    }

    #[test]
    fn no_pause_is_longer_than_the_longest() {
        let retry = Retry { attempts: u32::MAX, ..policy() };
        assert_eq!(pause(&retry, 5000, [0; 32]), retry.max_delay);
    }

    #[test]
    fn the_last_try_is_the_last() {
        assert_eq!(pause_after(4, &Failure::passing(FailureKind::Server, "no")), None);
    }

    #[test]
    fn what_cannot_pass_is_not_tried_again() {
        assert_eq!(pause_after(1, &Failure::new(FailureKind::Invalid, "no")), None);
    }

    #[test]
    fn only_the_kinds_that_are_named_are_tried_again() {
        let retry = Retry { on: vec![FailureKind::Invalid], ..policy() };
        let again = |failure: &Failure| due(&retry, failure, 1, [0; 32], Timestamp::UNIX_EPOCH).is_some();
        assert!(again(&Failure::new(FailureKind::Invalid, "no")));
        assert!(!again(&Failure::passing(FailureKind::Server, "no")));
    }

    #[test]
    fn a_service_that_asks_for_a_longer_pause_gets_it() {
        let asked = SignedDuration::from_hours(1);
        let failure = Failure { retry_after: Some(asked), ..Failure::passing(FailureKind::RateLimited, "") };
        assert_eq!(pause_after(1, &failure), Some(asked));
    }

    #[test]
    fn a_key_changes_with_run_step_and_round() {
        let run = RunId("a".into());
        let first = key(&run, AT, 0);
        assert_eq!(first, key(&run, AT, 0));
        assert_ne!(first, key(&run, AT, 1));
        assert_ne!(first, key(&run, At { frame: 1, slot: 0 }, 0));
        assert_ne!(first, key(&RunId("b".into()), AT, 0));
    }
}
