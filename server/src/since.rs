//! A moment as people say it: a moment, a day in UTC, or so long ago.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use runtime::schedule::books::nanoseconds;

/// Nanoseconds since 1970; nothing where the text says no moment.
pub fn since(text: &str) -> Option<i64> {
    let day = || text.parse::<civil::Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    let ago = || Timestamp::now().checked_sub(text.parse::<SignedDuration>().ok()?).ok();
    text.parse::<Timestamp>().ok().or_else(day).or_else(ago).map(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_in_three_ways() {
        assert_eq!(since("2026-11-01T00:00:00Z"), since("2026-11-01"));
        assert!(since("24h").unwrap() < since("1h").unwrap());
        assert_eq!(since("yesterday"), None);
    }
}
