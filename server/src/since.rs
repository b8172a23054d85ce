//! A moment as people say it: a moment, a day in UTC, or so long ago.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, civil, tz::TimeZone};
use runtime::schedule::books::nanoseconds;

/// Nanoseconds since 1970; nothing where the text says no moment.
pub fn since(text: &str) -> Option<i64> {
    let day = || text.parse::<civil::Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    let ago = || Timestamp::now().checked_sub(length(text)?).ok();
    text.parse::<Timestamp>().ok().or_else(day).or_else(ago).map(nanoseconds)
}

/// A length; a day of it has 24 hours.
fn length(text: &str) -> Option<SignedDuration> {
    text.parse::<Span>().ok()?.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_in_three_ways() {
        assert_eq!(since("2026-11-01T00:00:00Z"), since("2026-11-01"));
        assert!(since("24h").unwrap() < since("1h").unwrap());
        assert_eq!(length("7d"), length("168h"));
        assert!(since("30d").unwrap() < since("7d").unwrap());
        assert_eq!(since("yesterday"), None);
        assert_eq!(since("1mo"), None);
    }
}
