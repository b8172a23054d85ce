//! Times that come once: so much later, a day, a date.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, ToSpan};

use super::names::DAYS;
use super::pieces::Unit;
use super::put::{Group, No, choose, coming, far, first_day, local, no};
use super::{Start, duration};

impl Group {
    /// So much later.
    pub(super) fn later(
        self,
        (count, unit, half): (u32, Unit, bool),
        now: DateTime,
        zone: Option<String>,
        assumed: &mut Vec<String>,
    ) -> Result<Vec<Start>, No> {
        let by_days = matches!(unit, Unit::Day | Unit::Week | Unit::Month | Unit::Quarter | Unit::Year);
        if (self.days.is_some() || self.date.is_some() || self.every.is_some())
            || (!by_days && !self.clocks.is_empty())
        {
            return no("it says a length and also a day or a time: which of the two is meant?");
        }
        let amount = i32::try_from(count).map_err(|_| far())?;
        let more = match (unit, half) {
            (Unit::Hour, true) => SignedDuration::from_mins(30),
            (Unit::Minute, true) => SignedDuration::from_secs(30),
            _ => SignedDuration::ZERO,
        };
        let then = match unit {
            Unit::Month => now.checked_add(amount.months()),
            Unit::Quarter => now.checked_add((amount.saturating_mul(3)).months()),
            Unit::Year => now.checked_add(amount.years()),
            _ => now.checked_add(duration(count, unit).unwrap_or(SignedDuration::ZERO) + more),
        };
        let then = then.map_err(|_| far())?;
        let then = match (by_days, self.times_said(assumed)?) {
            (true, Some(times)) => match times[..] {
                [time] => then.date().to_datetime(time),
                _ => return no("at which of these times?"),
            },
            _ => then,
        };
        Ok(vec![Start::At { local: local(then), zone }])
    }

    /// The next such day, which has two readings.
    pub(super) fn next(self, now: DateTime) -> Result<Vec<Start>, No> {
        let Some(day) = (1..=7).find(|day| self.days.unwrap_or(0) & (1 << (day - 1)) != 0) else {
            return no("which day is meant?");
        };
        let soon = coming(now, day, Time::midnight()).map(|it| it.date()).ok_or_else(far)?;
        let after = soon.checked_add(7.days()).map_err(|_| far())?;
        choose(
            format!("which {} is meant?", DAYS[usize::from(day - 1)]),
            [format!("on {soon}"), format!("on {after}")],
        )
    }

    /// A day that comes once.
    pub(super) fn once(
        self,
        now: DateTime,
        zone: Option<String>,
        assumed: &mut Vec<String>,
    ) -> Result<Vec<Start>, No> {
        if self.range.is_some() || self.minute.is_some() || self.except != 0 {
            return no("at what time on that day?");
        }
        let times = self.times(assumed)?;
        let mut starts = vec![];
        for time in times {
            let then = match (self.day, self.date, self.days) {
                (Some(away), None, None) => {
                    now.date().checked_add(away.days()).map_err(|_| far())?.to_datetime(time)
                }
                (None, Some((day, month, year)), days) => {
                    let of = |year: i16| {
                        Date::new(year, month as i8, day as i8).ok().map(|date| date.to_datetime(time))
                    };
                    let found = match year {
                        Some(year) => of(year),
                        None => of(now.year()).filter(|it| *it > now).or_else(|| of(now.year() + 1)),
                    };
                    let Some(found) = found else {
                        return no(format!("there is no day {day} in month {month}"));
                    };
                    if let Some(days) = days
                        && days & (1 << (found.weekday().to_monday_zero_offset())) == 0
                    {
                        return no(format!(
                            "{} is no such day of the week: which day is meant?",
                            found.date()
                        ));
                    }
                    found
                }
                (None, None, Some(days)) if days.count_ones() == 1 => {
                    coming(now, first_day(days) as u8 + 1, time).ok_or_else(far)?
                }
                _ => return no("which day is meant?"),
            };
            if then <= now {
                return no(format!("{} is over: which day is meant?", local(then)));
            }
            assumed.push(format!("it runs once, on {}", local(then).replace('T', " at ")));
            starts.push(Start::At { local: local(then), zone: zone.clone() });
        }
        Ok(starts)
    }
}
