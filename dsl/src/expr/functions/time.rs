//! Functions over times and durations. Zones come from the bundled database, so that every machine agrees.

use std::sync::{Arc, LazyLock};

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp, ToSpan, Zoned};

use super::shape::{INTEGERS, Shape, TEXTS, TIMES, Wants};
use super::{Function, optional, value};
use crate::duration;
use crate::expr::Halt;
use crate::expr::call::Call;
use crate::types::Type;
use crate::value::Value;

const READ_AS_DURATION: Wants = &[Shape::String, Shape::Duration];
const READ_AS_TIME: Wants = &[Shape::String, Shape::Integer, Shape::Time];

pub const TIME: &[Function] = &[
    Function {
        name: "add_months",
        parameters: &[value("time", TIMES), value("months", INTEGERS), optional("zone", TEXTS)],
        gives: |_| Type::Time,
        about: "The time so many months later, at the last day of a month that is too short.",
        example: "add_months(time('2026-01-31T12:00:00Z'), 1) => time('2026-02-28T12:00:00Z')",
        body: |call| {
            let (at, months) = (call.zoned(0, 2)?, call.int(1)?);
            let later = Span::new().try_months(months).and_then(|months| at.checked_add(months));
            later
                .map(|later| Value::Time(later.timestamp()))
                .map_err(|_| call.fail("the time is too far away"))
        },
    },
    Function {
        name: "duration",
        parameters: &[value("text", READ_AS_DURATION)],
        gives: |_| Type::Duration,
        about: "The length of time that a text says, as in `90s`, `1h30m` or `2d`.",
        example: "duration('1h30m') => duration('90m')",
        body: |call| match call.any(0) {
            value @ Value::Duration(_) => Ok(value),
            _ => {
                let text = call.text(0)?;
                let length = duration::parse(text.trim());
                length.map(Value::Duration).ok_or_else(|| {
                    call.fail(format!(
                        "`{text}` is no length of time: write it like `90s`, `15m`, `1h30m` or `2d`"
                    ))
                })
            }
        },
    },
    Function {
        name: "end_of",
        parameters: &[value("time", TIMES), value("unit", TEXTS), optional("zone", TEXTS)],
        gives: |_| Type::Time,
        about: "The last millisecond of the `minute`, `hour`, `day`, `week`, `month`, `quarter` or `year` that the time \
                lies in; in UTC, or in a zone.",
        example: "end_of(time('2026-03-05T14:30:00Z'), 'month') => time('2026-03-31T23:59:59.999Z')",
        body: |call| {
            let (start, length) = unit_around(call)?;
            let end = start.checked_add(length).and_then(|end| end.checked_sub(1.millisecond()));
            end.map(|end| Value::Time(end.timestamp())).map_err(|_| call.fail("the time is too far away"))
        },
    },
    Function {
        name: "format_time",
        parameters: &[value("time", TIMES), value("pattern", TEXTS), optional("zone", TEXTS)],
        gives: |_| Type::String,
        about: "The time by a pattern of `strftime`: `%Y-%m-%d`, `%H:%M`, `%A`; in UTC, or in a zone.",
        example: "format_time(time('2026-03-05T23:30:00Z'), '%d.%m.%Y %H:%M', 'Europe/Berlin') => '06.03.2026 00:30'",
        body: |call| {
            let (at, pattern) = (call.zoned(0, 2)?, call.text(1)?);
            let text = jiff::fmt::strtime::format(pattern.as_bytes(), &at);
            text.map(Value::text).map_err(|fault| call.fail(format!("the pattern `{pattern}`: {fault}")))
        },
    },
    Function {
        name: "in_zone",
        parameters: &[value("time", TIMES), value("zone", TEXTS)],
        gives: |_| Type::String,
        about: "The time as text with the clock of a zone and its offset.",
        example: "in_zone(time('2026-07-01T12:00:00Z'), 'Europe/Berlin') => '2026-07-01T14:00:00+02:00'",
        body: |call| {
            let at = call.zoned(0, 1)?;
            let text = at.timestamp().display_with_offset(at.offset()).to_string();
            Ok(Value::text(text))
        },
    },
    Function {
        name: "now",
        parameters: &[],
        gives: |_| Type::Time,
        about: "The time at which the step started.",
        example: "now() == now() => true",
        body: |call| Ok(Value::Time(call.machine.scope.now())),
    },
    Function {
        name: "start_of",
        parameters: &[value("time", TIMES), value("unit", TEXTS), optional("zone", TEXTS)],
        gives: |_| Type::Time,
        about: "The first moment of the `minute`, `hour`, `day`, `week` (from Monday), `month`, `quarter` or `year` that \
                the time lies in; in UTC, or in a zone.",
        example: "start_of(time('2026-03-05T14:30:00Z'), 'week') => time('2026-03-02T00:00:00Z')",
        body: |call| Ok(Value::Time(unit_around(call)?.0.timestamp())),
    },
    Function {
        name: "time",
        parameters: &[value("value", READ_AS_TIME), optional("zone", TEXTS)],
        gives: |_| Type::Time,
        about: "The time that a text says in RFC 3339; without offset, or a date alone, in UTC or in a zone. An integer \
                counts seconds since 1970.",
        example: "time('2026-07-01T14:00', 'Europe/Berlin') => time('2026-07-01T12:00:00Z')",
        body: time,
    },
    Function {
        name: "today",
        parameters: &[optional("zone", TEXTS)],
        gives: |_| Type::Time,
        about: "The first moment of the day on which the step started; in UTC, or in a zone.",
        example: "today() == start_of(now(), 'day') => true",
        body: |call| {
            let zone = zone(call, 0)?;
            let start = call.machine.scope.now().to_zoned(zone).start_of_day();
            start
                .map(|start| Value::Time(start.timestamp()))
                .map_err(|_| call.fail("the time is too far away"))
        },
    },
    Function {
        name: "weekday",
        parameters: &[value("time", TIMES), optional("zone", TEXTS)],
        gives: |_| Type::Integer,
        about: "The day of the week from 1, Monday, to 7, Sunday; in UTC, or in a zone.",
        example: "weekday(time('2026-03-05T14:30:00Z')) => 4",
        body: |call| Ok(Value::Int(call.zoned(0, 1)?.weekday().to_monday_one_offset().into())),
    },
];

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of an argument; UTC where it was left out.
fn zone(call: &mut Call<'_, '_>, at: usize) -> Result<TimeZone, Halt> {
    if !call.has(at) {
        return Ok(TimeZone::UTC);
    }
    let name = call.text(at)?;
    ZONES.get(&name).map_err(|_| {
        call.fail(format!("there is no time zone `{name}`: zones are named like `Europe/Berlin` or `UTC`"))
    })
}

impl Call<'_, '_> {
    /// A time in a zone.
    fn zoned(&mut self, at: usize, zone_at: usize) -> Result<Zoned, Halt> {
        let zone = zone(self, zone_at)?;
        match self.any(at) {
            Value::Time(time) => Ok(time.to_zoned(zone)),
            Value::Text(_) => Err(self.wrong(at, "a time (a text becomes one by `time(x)`)")),
            _ => Err(self.wrong(at, "a time")),
        }
    }
}

fn time(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let text: Arc<str> = match call.any(0) {
        value @ Value::Time(_) => return Ok(value),
        Value::Int(seconds) => {
            let time = Timestamp::from_second(seconds);
            return time.map(Value::Time).map_err(|_| call.fail("the time is too far away"));
        }
        _ => call.text(0)?,
    };
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(Value::Time(time));
    }
    let zone = zone(call, 1)?;
    let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from));
    let time = local.and_then(|local| local.to_zoned(zone));
    time.map(|time| Value::Time(time.timestamp())).map_err(|_| {
        call.fail(format!("`{text}` is no time: write it like `2026-03-05T14:30:00Z` or `2026-03-05`"))
    })
}

/// The start of the unit around a time, and the unit's length.
fn unit_around(call: &mut Call<'_, '_>) -> Result<(Zoned, Span), Halt> {
    let (at, unit) = (call.zoned(0, 2)?, call.text(1)?);
    let date = at.date();
    let first = |month: i8| Date::new(date.year(), month, 1);
    let (day, length) = match &*unit {
        "minute" | "hour" => {
            let minute = if &*unit == "hour" { 0 } else { at.minute() };
            let start = at.with().minute(minute).second(0).subsec_nanosecond(0).build();
            let length = if &*unit == "hour" { 1.hour() } else { 1.minute() };
            return start.map(|start| (start, length)).map_err(|_| call.fail("the time is too far away"));
        }
        "day" => (Ok(date), 1.day()),
        "week" => {
            let back = i64::from(date.weekday().since(Weekday::Monday));
            (date.checked_sub(back.days()), 1.week())
        }
        "month" => (first(date.month()), 1.month()),
        "quarter" => (first((date.month() - 1) / 3 * 3 + 1), 3.months()),
        "year" => (first(1), 1.year()),
        other => {
            let units = "`minute`, `hour`, `day`, `week`, `month`, `quarter` and `year`";
            return Err(call.fail(format!("there is no unit `{other}`: there are {units}")));
        }
    };
    let start = day.and_then(|day| day.to_zoned(at.time_zone().clone()));
    start.map(|start| (start, length)).map_err(|_| call.fail("the time is too far away"))
}
