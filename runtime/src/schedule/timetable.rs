//! The instants that a trigger names.

use dsl::cron;
use dsl::duration;
use dsl::workflow::{Moment, Start};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use thiserror::Error;

/// The instants of a trigger.
#[derive(Clone, Debug)]
pub enum Timetable {
    /// One.
    Once(Timestamp),
    /// Those of a cron expression.
    Cron(cron::Schedule, TimeZone),
    /// From a first one on, always the same time apart.
    Every(Timestamp, SignedDuration),
    /// From a first day on, always so many days apart, at the same time of the zone's clock.
    Days(DateTime, i64, TimeZone),
}

/// Why the times of a trigger cannot be told. A workflow that was checked by this version has none of this.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// The zone is not in the database.
    #[error("there is no time zone `{0}`")]
    Zone(String),
    /// The expression is wrong.
    #[error("`{0}` is no schedule")]
    Schedule(String),
    /// The time is beyond the calendar.
    #[error("`{0}` is no time that exists")]
    Time(String),
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Timetable {
    /// Reads a trigger; nothing where it has no times. A local time is read in the trigger's zone, else the owner's.
    ///
    /// # Errors
    /// Where its zone, its expression or its time is not known.
    pub fn new(start: &Start, owner: &TimeZone, enabled: Timestamp) -> Result<Option<Timetable>, Unreadable> {
        Ok(Some(match start {
            Start::At { time, timezone, .. } => {
                Timetable::Once(instant(time, &zone(timezone.as_deref(), owner)?)?)
            }
            Start::Cron { schedule, keeping } => {
                let zone = zone(keeping.timezone.as_deref(), owner)?;
                let read = cron::Schedule::parse(schedule);
                Timetable::Cron(read.map_err(|_| Unreadable::Schedule(schedule.clone()))?, zone)
            }
            Start::Every { length, from, keeping } => {
                let zone = zone(keeping.timezone.as_deref(), owner)?;
                let length = (*length).max(SignedDuration::from_secs(1));
                match from {
                    // Who names a time of day and counts days means that time of day in summer as well.
                    Some(Moment::Local(local)) if length.as_nanos() % DAY.as_nanos() == 0 => {
                        Timetable::Days(*local, length.as_hours() / 24, zone)
                    }
                    Some(moment) => Timetable::Every(instant(moment, &zone)?, length),
                    None => Timetable::Every(enabled, length),
                }
            }
            Start::Event { .. } | Start::Signal { .. } | Start::Webhook { .. } => return Ok(None),
        }))
    }

    /// The first instant after another.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Timetable::Once(instant) => Some(*instant).filter(|instant| *instant > after),
            Timetable::Cron(schedule, zone) => schedule.next(after, zone),
            Timetable::Every(first, length) => next_even(*first, *length, after),
            Timetable::Days(first, days, zone) => next_day(*first, *days, zone, after),
        }
    }
}

fn zone(name: Option<&str>, owner: &TimeZone) -> Result<TimeZone, Unreadable> {
    name.map_or(Ok(owner.clone()), |name| cron::zone(name).ok_or_else(|| Unreadable::Zone(name.into())))
}

fn instant(moment: &Moment, zone: &TimeZone) -> Result<Timestamp, Unreadable> {
    match moment {
        Moment::Exact(instant) => Ok(*instant),
        Moment::Local(local) => {
            cron::instant(*local, zone).ok_or_else(|| Unreadable::Time(local.to_string()))
        }
    }
}

fn next_even(first: Timestamp, length: SignedDuration, after: Timestamp) -> Option<Timestamp> {
    if first > after {
        return Some(first);
    }
    let passed = (after.as_nanosecond() - first.as_nanosecond()) / length.as_nanos();
    Timestamp::from_nanosecond(first.as_nanosecond() + (passed + 1) * length.as_nanos()).ok()
}

fn next_day(first: DateTime, days: i64, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let passed = zone.to_datetime(after).duration_since(first).as_hours() / 24;
    // A change of the clock moves a time by less than a day, so that the next is one of these.
    let from = (passed / days - 1).max(0);
    (from..from + 4).find_map(|times| {
        let local = first.checked_add(times.checked_mul(days)?.days()).ok()?;
        cron::instant(local, zone).filter(|instant| *instant > after)
    })
}

/// The one text of all triggers with the same times. What else they say is not in it: with other inputs, or another
/// `overlap`, a trigger goes on where it was.
pub fn text(start: &Start) -> String {
    let zoned = |zone: &Option<String>| zone.as_ref().map_or(String::new(), |zone| format!(" {zone}"));
    let moment = |moment: &Moment, zone: &Option<String>| match moment {
        Moment::Exact(instant) => instant.to_string(),
        Moment::Local(local) => format!("{local}{}", zoned(zone)),
    };
    match start {
        Start::At { time, timezone, .. } => format!("at {}", moment(time, timezone)),
        Start::Cron { schedule, keeping } => {
            let same = cron::Schedule::parse(schedule).map_or(schedule.clone(), |read| read.to_string());
            format!("cron {same}{}", zoned(&keeping.timezone))
        }
        Start::Every { length, from, keeping } => {
            let from = from.as_ref().map(|from| format!(" from {}", moment(from, &keeping.timezone)));
            format!("every {}{}", duration::format(*length), from.unwrap_or_default())
        }
        // The same event of two places is two triggers.
        Start::Event { event, with, .. } => match crate::listeners::given(with) {
            dsl::value::Value::Object(given) if !given.is_empty() => {
                format!("event {event} {}", dsl::value::Value::Object(given).to_json())
            }
            _ => format!("event {event}"),
        },
        Start::Signal { name } => format!("signal {name}"),
        Start::Webhook { .. } => "webhook".into(),
    }
}
