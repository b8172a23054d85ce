//! Times that come again and again: cron expressions, and lengths where no expression says it.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use super::clock::range_hours;
use super::names::{DAYS, NAMES, listed, nth_word, nth_words, span, weekdays};
use super::pieces::{Unit, Words};
use super::put::{Group, No, choose, coming, far, first_day, local, no};
use super::{Start, length};

impl Group {
    /// Times that come again and again.
    pub(super) fn again(
        mut self,
        now: DateTime,
        zone: Option<String>,
        assumed: &mut Vec<String>,
    ) -> Result<Vec<Start>, No> {
        if let Some(date) = self.date.take() {
            return self.yearly(date, zone, assumed);
        }
        if let Some((count, day)) = self.other {
            let days = 1 << (day - 1);
            return self.spaced(count, days, now, zone, assumed);
        }
        match self.every {
            Some((_, Unit::Second | Unit::Minute | Unit::Hour)) => return self.often(zone, assumed),
            Some((count, Unit::Week)) if count > 1 => {
                let Some(days) = self.days else {
                    return choose(
                        format!("on which day, every {count} weeks?"),
                        ["Monday", "Friday"].map(|day| format!("every {count} weeks on {day}")),
                    );
                };
                return self.spaced(count, days, now, zone, assumed);
            }
            Some((count, Unit::Day)) if count > 1 => return self.days_apart(count, now, zone, assumed),
            Some((count, Unit::Year)) if count > 1 => return no("a schedule cannot leave out years"),
            _ => {}
        }
        if self.minute.is_some() || (self.range.is_some() && self.clocks.is_empty()) {
            if self.range.is_some()
                && self.minute.is_none()
                && self.every.is_none_or(|(_, unit)| unit == Unit::Day)
            {
                return no("how often, between these two times?");
            }
            self.every = Some((1, Unit::Hour));
            return self.often(zone, assumed);
        }
        let (day_field, week_field, month_field) = self.day_fields(assumed)?;
        let times = self.times(assumed)?;
        Ok(crons(&times, &day_field, &month_field, &week_field, zone))
    }

    /// The fields of days, weekdays and months of a cron expression.
    pub(super) fn day_fields(&self, assumed: &mut Vec<String>) -> Result<(String, String, String), No> {
        let unit = self.every.map(|(_, unit)| unit);
        let mut month = if self.months.is_empty() { "*".to_owned() } else { listed(&self.months) };
        match self.every {
            Some((1, Unit::Month)) | None => {}
            Some((count, Unit::Month)) if 12 % count == 0 => month = format!("*/{count}"),
            Some((count, Unit::Month)) => {
                return no(format!("{count} months do not fit into a year: in which months?"));
            }
            Some((1, Unit::Quarter)) => month = "1,4,7,10".into(),
            Some((_, Unit::Quarter)) => return no("in which months?"),
            Some((_, Unit::Year)) if self.months.is_empty() => {
                month = "1".into();
                assumed.push("the year begins on 1 January".into());
            }
            Some(_) => {}
        }
        if let Some(nth) = self.work_day {
            let day = match nth {
                0 => "LW",
                1 => "1W",
                _ => {
                    return choose(
                        "a schedule knows the first and the last working day of a month, and none between: which is meant?",
                        ["on the first working day of the month", "on the last working day of the month"]
                            .map(str::to_owned),
                    );
                }
            };
            return Ok((day.into(), "*".into(), month));
        }
        if self.month_end {
            if !self.month_days.is_empty() || !self.nth.is_empty() {
                return no("a schedule does not join the last day with others: which of them is meant?");
            }
            return Ok(("L".into(), "*".into(), month));
        }
        if !self.nth.is_empty() {
            return self.nth_fields(unit, month, assumed);
        }
        if !self.month_days.is_empty() {
            return self.month_day_fields(unit, month, assumed);
        }
        let days = self.days.map(|days| days & !self.except);
        let days = match (days, self.except) {
            (None, 0) => None,
            (None, except) => Some(0b111_1111 & !except),
            (days, _) => days,
        };
        if days == Some(0) {
            return no("no day is left: on which days is it to run?");
        }
        if matches!(self.words, Some(Words::WorkDays)) {
            assumed.push("working days are Monday to Friday".into());
        }
        Ok(match (days, unit) {
            (Some(_), Some(Unit::Month | Unit::Quarter | Unit::Year)) => {
                return no("which of these days in the month: the first, the last, or each?");
            }
            (Some(days), _) => ("*".into(), weekdays(days), month),
            (None, Some(Unit::Week)) => {
                assumed.push("the week begins on Monday".into());
                ("*".into(), "MON".into(), month)
            }
            (None, Some(Unit::Month | Unit::Quarter | Unit::Year)) => {
                if unit != Some(Unit::Year) {
                    assumed.push("it is the first day of the month".into());
                }
                ("1".into(), "*".into(), month)
            }
            (None, _) if !self.months.is_empty() => return no("on which day of the month?"),
            (None, Some(Unit::Day)) => ("*".into(), "*".into(), month),
            (None, _) if self.each_part => ("*".into(), "*".into(), month),
            (None, _) if self.clocks.is_empty() => return no("on which days is it to run?"),
            (None, _) => {
                return choose(
                    "on which days is it to run at this time?",
                    ["every day", "on weekdays"].map(str::to_owned),
                );
            }
        })
    }

    pub(super) fn nth_fields(
        &self,
        unit: Option<Unit>,
        month: String,
        _: &mut [String],
    ) -> Result<(String, String, String), No> {
        let monthly =
            matches!(unit, Some(Unit::Month | Unit::Quarter | Unit::Year)) || !self.months.is_empty();
        let mut fields = vec![];
        for (nth, day, of_month) in &self.nth {
            if !(*of_month || monthly) {
                return choose(
                    "of each month, or only once?",
                    [
                        format!("on the {} of each month", nth_words(*nth, *day)),
                        format!("every other {}", DAYS[usize::from(*day - 1)]),
                    ],
                );
            }
            let name = NAMES[usize::from(*day - 1)];
            fields.push(if *nth == 0 { format!("{name}L") } else { format!("{name}#{nth}") });
        }
        let month = if unit == Some(Unit::Quarter) { "1,4,7,10".into() } else { month };
        Ok(("*".into(), fields.join(","), month))
    }

    pub(super) fn month_day_fields(
        &self,
        unit: Option<Unit>,
        month: String,
        _: &mut [String],
    ) -> Result<(String, String, String), No> {
        if self.days.is_some() {
            return no(
                "a day of the week and a day of the month stand side by side: which of them is meant?",
            );
        }
        let monthly = matches!(unit, Some(Unit::Month | Unit::Quarter | Unit::Year));
        if let Some(day) = self.month_days.iter().find(|day| **day == 0 || **day > 31) {
            return no(format!("no month has a day {day}"));
        }
        if let Some(day) = self.month_days.iter().find(|day| **day > 28)
            && self.months.is_empty()
        {
            return choose(
                format!(
                    "not each month has a day {day}: the last day of the month, or only the months that have it?"
                ),
                ["on the last day of the month".to_owned(), "on the 28th of each month".to_owned()],
            );
        }
        if !self.of_month && !monthly && self.months.is_empty() && self.month_days.len() == 1 {
            return choose(
                "of each month?",
                [format!(
                    "on the {} of each month",
                    self.month_days.iter().map(|day| format!("{day}.")).collect::<Vec<_>>().join(" and ")
                )],
            );
        }
        Ok((listed(&self.month_days), "*".into(), month))
    }

    /// What comes every so many minutes or hours.
    pub(super) fn often(self, zone: Option<String>, assumed: &mut Vec<String>) -> Result<Vec<Start>, No> {
        let (count, unit) = self.every.unwrap_or((1, Unit::Hour));
        if count == 0 {
            return no("every how many?");
        }
        let days = self.days.map_or(0b111_1111, |days| days) & !self.except;
        if days == 0
            || !self.month_days.is_empty()
            || !self.nth.is_empty()
            || self.month_end
            || self.work_day.is_some()
        {
            return no("on which days is it to run?");
        }
        if !self.clocks.is_empty() {
            return no("it says every so often and also a time: which of the two is meant?");
        }
        let week = weekdays(days);
        let narrowed =
            self.range.is_some() || days != 0b111_1111 || !self.months.is_empty() || self.part.is_some();
        if self.part.is_some() {
            return no("from when to when is that part of the day?");
        }
        let month = if self.months.is_empty() { "*".to_owned() } else { listed(&self.months) };
        let hours = match self.range {
            None => None,
            Some((from, to)) => {
                let (from, to) = range_hours(from, to)?;
                if from >= to {
                    return no("the second time is not after the first: from when to when?");
                }
                Some((from, to))
            }
        };
        let cron = |minute: String, hour: String| Start::Cron {
            expr: format!("{minute} {hour} * {month} {week}"),
            zone: zone.clone(),
        };
        match unit {
            Unit::Minute if 60 % count == 0 => {
                let hour = hours.map_or("*".to_owned(), |(from, to)| span(from, to - 1));
                if let Some((_, to)) = hours {
                    assumed.push(format!("the last time is before {to:02}:00"));
                }
                let minute = match count {
                    1 => "*".to_owned(),
                    60 => "0".to_owned(),
                    _ => format!("*/{count}"),
                };
                Ok(vec![cron(minute, hour)])
            }
            Unit::Hour if 24 % count == 0 && count < 24 => {
                let minute = self.minute.unwrap_or(0).to_string();
                let hour = match (hours, count) {
                    (None, 1) => "*".to_owned(),
                    (None, _) => format!("*/{count}"),
                    (Some((from, to)), 1) => span(from, to),
                    (Some((from, to)), _) => format!("{}/{count}", span(from, to)),
                };
                Ok(vec![cron(minute, hour)])
            }
            Unit::Second | Unit::Minute | Unit::Hour if !narrowed => {
                let letter = match unit {
                    Unit::Second => 's',
                    Unit::Minute => 'm',
                    _ => 'h',
                };
                Ok(vec![Start::Every { length: length(count, letter), from: None, zone }])
            }
            _ => no(
                "that length does not fit into an hour, and so it cannot keep to these days or times: which length is meant?",
            ),
        }
    }

    /// Every so many weeks on these days.
    pub(super) fn spaced(
        &self,
        count: u32,
        days: u8,
        now: DateTime,
        zone: Option<String>,
        assumed: &mut Vec<String>,
    ) -> Result<Vec<Start>, No> {
        if count == 0 || !self.month_days.is_empty() || !self.months.is_empty() || self.range.is_some() {
            return no("which days are meant?");
        }
        if days.count_ones() > 1 && matches!(self.words, Some(Words::WorkDays)) {
            return no("on which day of these weeks?");
        }
        let times = self.times(assumed)?;
        let mut starts = vec![];
        for day in (1..=7).filter(|day| days & (1 << (day - 1)) != 0) {
            for time in &times {
                let first = coming(now, day, *time).ok_or_else(far)?;
                starts.push(if count == 1 {
                    Start::Cron {
                        expr: format!(
                            "{} {} * * {}",
                            time.minute(),
                            time.hour(),
                            NAMES[usize::from(day - 1)]
                        ),
                        zone: zone.clone(),
                    }
                } else {
                    Start::Every { length: length(count, 'w'), from: Some(local(first)), zone: zone.clone() }
                });
            }
        }
        if let Some(Start::Every { from: Some(from), .. }) = starts.first() {
            assumed.push(format!(
                "it is every {} {}, counted from {from}",
                nth_word(count),
                DAYS[first_day(days)]
            ));
        }
        Ok(starts)
    }

    pub(super) fn days_apart(
        &self,
        count: u32,
        now: DateTime,
        zone: Option<String>,
        assumed: &mut Vec<String>,
    ) -> Result<Vec<Start>, No> {
        if self.days.is_some()
            || self.except != 0
            || !self.month_days.is_empty()
            || !self.months.is_empty()
            || self.range.is_some()
        {
            return no("every so many days does not keep to these days: which days are meant?");
        }
        let mut starts = vec![];
        for time in self.times(assumed)? {
            let today = now.date().to_datetime(time);
            let first = if today > now { today } else { today.checked_add(1.day()).map_err(|_| far())? };
            assumed.push(format!("it is counted from {}", local(first)));
            starts.push(Start::Every {
                length: length(count, 'd'),
                from: Some(local(first)),
                zone: zone.clone(),
            });
        }
        Ok(starts)
    }

    pub(super) fn yearly(
        &self,
        (day, month, year): (u8, u8, Option<i16>),
        zone: Option<String>,
        assumed: &mut Vec<String>,
    ) -> Result<Vec<Start>, No> {
        if year.is_some() {
            return no("a date with a year comes once: is it to run each year?");
        }
        if Date::new(2028, month as i8, day as i8).is_err() {
            return no(format!("there is no day {day} in month {month}"));
        }
        let times = self.times(assumed)?;
        Ok(crons(&times, &day.to_string(), &month.to_string(), "*", zone))
    }
}

/// One cron expression for all times with the same minute.
fn crons(times: &[Time], day: &str, month: &str, week: &str, zone: Option<String>) -> Vec<Start> {
    let mut minutes: Vec<i8> = times.iter().map(|time| time.minute()).collect();
    minutes.sort_unstable();
    minutes.dedup();
    let of = |minute: i8| {
        let hours: Vec<u8> =
            times.iter().filter(|time| time.minute() == minute).map(|time| time.hour() as u8).collect();
        Start::Cron { expr: format!("{minute} {} {day} {month} {week}", listed(&hours)), zone: zone.clone() }
    };
    // In the order in which they come on a day.
    let mut starts: Vec<(u8, Start)> = minutes
        .into_iter()
        .map(|minute| {
            (
                times.iter().find(|time| time.minute() == minute).map_or(0, |time| time.hour() as u8),
                of(minute),
            )
        })
        .collect();
    starts.sort_by_key(|(hour, _)| *hour);
    starts.into_iter().map(|(_, start)| start).collect()
}
