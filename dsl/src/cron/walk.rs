//! From one time to the next on a clock that never changes: dates and times without a zone.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use super::fields::Fields;

/// The years after which the calendar repeats itself, days of the week included.
const CYCLE: i16 = 400;

/// True if any year has such a day.
pub fn comes(fields: &Fields) -> bool {
    day(fields, Date::constant(2000, 1, 1)).is_some()
}

/// The first time after another.
pub fn next(fields: &Fields, after: DateTime) -> Option<DateTime> {
    let start = after.with().subsec_nanosecond(0).build().ok()?.checked_add(1.second()).ok()?;
    let today = day(fields, start.date())?;
    let time = if today == start.date() { time(fields, start.time()) } else { Some(first(fields)) };
    match time {
        Some(time) => Some(today.to_datetime(time)),
        None => Some(day(fields, today.tomorrow().ok()?)?.to_datetime(first(fields))),
    }
}

/// The first day from this one on.
fn day(fields: &Fields, from: Date) -> Option<Date> {
    let end = from.year().saturating_add(CYCLE);
    let (mut year, mut month, mut least) = (from.year(), from.month() as u8, from.day() as u32);
    while year <= end {
        let Some(next) = fields.months.next(month) else {
            (year, month, least) = (year + 1, 1, 1);
            continue;
        };
        if next != month {
            (month, least) = (next, 1);
        }
        let first = Date::new(year, month as i8, 1).ok()?;
        let days = fields.days.of(first) & u32::MAX.checked_shl(least).unwrap_or(0);
        if days != 0 {
            return Date::new(year, month as i8, days.trailing_zeros() as i8).ok();
        }
        (month, least) = (month + 1, 1);
    }
    None
}

/// The first time of a day from this one on.
fn time(fields: &Fields, from: Time) -> Option<Time> {
    let (hour, minute, second) = (from.hour() as u8, from.minute() as u8, from.second() as u8);
    if fields.hours.has(hour) {
        if fields.minutes.has(minute)
            && let Some(second) = fields.seconds.next(second)
        {
            return Some(clock(hour, minute, second));
        }
        if let Some(minute) = fields.minutes.next(minute + 1) {
            return Some(clock(hour, minute, fields.seconds.first()));
        }
    }
    let hour = fields.hours.next(hour + 1)?;
    Some(clock(hour, fields.minutes.first(), fields.seconds.first()))
}

/// The first time of a day.
fn first(fields: &Fields) -> Time {
    clock(fields.hours.first(), fields.minutes.first(), fields.seconds.first())
}

/// What a clock shows; sets hold only what it can show.
fn clock(hour: u8, minute: u8, second: u8) -> Time {
    Time::constant(hour as i8, minute as i8, second as i8, 0)
}
