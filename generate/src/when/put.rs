//! What the pieces of a phrase say together.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{SignedDuration, ToSpan};

use super::pieces::{Clock, Half, How, Open, Part, Piece, Unit, Words};
use super::{Here, Start, When, duration, length};

/// Why the pieces make no start.
struct No {
    question: String,
    choices: Vec<String>,
}

impl From<No> for When {
    fn from(no: No) -> When {
        When::Ask { question: no.question, choices: no.choices }
    }
}

fn no<T>(question: impl Into<String>) -> Result<T, No> {
    Err(No { question: question.into(), choices: vec![] })
}

fn choose<T>(question: impl Into<String>, choices: impl IntoIterator<Item = String>) -> Result<T, No> {
    Err(No { question: question.into(), choices: choices.into_iter().collect() })
}

/// Puts the pieces of a phrase together.
pub fn together(pieces: &[Piece], here: &Here) -> When {
    let mut starts = vec![];
    let mut assumed = vec![];
    let zone = pieces.iter().rev().find_map(|piece| match piece {
        Piece::Zone(zone) => Some(zone.clone()),
        _ => None,
    });
    for group in groups(pieces) {
        match Group::of(&group).and_then(|group| group.starts(here, zone.as_deref(), &mut assumed)) {
            Ok(more) => starts.extend(more),
            Err(no) => return no.into(),
        }
    }
    assumed.dedup();
    When::Starts { starts, assumed }
}

/// The pieces, parted where a second day comes after a time: `Mondays at 9 and Fridays at 17`.
fn groups(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let is_day = |piece: &Piece| matches!(piece, Piece::WeekDays { .. } | Piece::Date { .. } | Piece::Day(..));
    let timed = |group: &[Piece]| group.iter().any(|piece| matches!(piece, Piece::Clocks(_)));
    let mut groups: Vec<Vec<Piece>> = vec![vec![]];
    for (at, piece) in pieces.iter().enumerate() {
        let Some(last) = groups.last_mut() else { break };
        let more_times = pieces[at..].iter().any(|piece| matches!(piece, Piece::Clocks(_)));
        if is_day(piece) && last.iter().any(is_day) && timed(last) && more_times {
            groups.push(vec![piece.clone()]);
        } else {
            last.push(piece.clone());
        }
    }
    groups
}

/// What one row of pieces says, sorted.
#[derive(Default)]
struct Group {
    every: Option<(u32, Unit)>,
    days: Option<u8>,
    how: Option<How>,
    words: Option<Words>,
    other: Option<(u32, u8)>,
    nth: Vec<(u8, u8, bool)>,
    work_day: Option<u8>,
    month_days: Vec<u8>,
    of_month: bool,
    month_end: bool,
    months: Vec<u8>,
    start_of: Option<Unit>,
    except: u8,
    clocks: Vec<Clock>,
    part: Option<Part>,
    each_part: bool,
    minute: Option<u8>,
    range: Option<(Clock, Clock)>,
    later: Option<(u32, Unit, bool)>,
    day: Option<i64>,
    date: Option<(u8, u8, Option<i16>)>,
    every_date: bool,
}

impl Group {
    fn of(pieces: &[Piece]) -> Result<Group, No> {
        let mut group = Group::default();
        for piece in pieces {
            group.take(piece)?;
        }
        Ok(group)
    }

    fn take(&mut self, piece: &Piece) -> Result<(), No> {
        match piece {
            Piece::Every(count, unit) => match self.every {
                None => self.every = Some((*count, *unit)),
                Some((1, Unit::Day)) => self.every = Some((*count, *unit)),
                Some(_) if (*count, *unit) == (1, Unit::Day) => {}
                Some(_) => return no("two lengths stand in it: which of them is it?"),
            },
            Piece::EachPart(part) => {
                self.part = Some(*part);
                self.each_part = true;
            }
            Piece::Part(part) => match self.part {
                Some(had) if had != *part => return no("it names two parts of the day: at what time is it to run?"),
                _ => self.part = Some(*part),
            },
            Piece::Nth { nth, day, of_month, every, month } => {
                if let Some(month) = month {
                    self.months.push(*month);
                }
                // `every first Monday` is that of a month; `every third` may be one of three as well.
                self.nth.push((*nth, *day, *of_month || (*every && *nth < 2) || month.is_some()));
            }
            Piece::EveryOther(count, day, part) => {
                self.other = Some((*count, *day));
                self.part = self.part.or(*part);
            }
            Piece::NthWorkDay(nth, month) => {
                self.work_day = Some(*nth);
                self.months.extend(month);
            }
            Piece::MonthDays { days, of_month } => {
                self.month_days.extend(days);
                self.of_month |= of_month;
            }
            Piece::MonthEnd => self.month_end = true,
            Piece::StartOf(unit) => self.start_of = Some(*unit),
            Piece::WeekDays { days, how, part, words } => {
                self.days = Some(self.days.unwrap_or(0) | days);
                self.part = self.part.or(*part);
                self.words = Some(*words);
                self.how = Some(match (self.how, how) {
                    (Some(How::Next), _) | (_, How::Next) => How::Next,
                    (Some(How::Each), _) | (_, How::Each) => How::Each,
                    _ => How::Coming,
                });
            }
            Piece::Except(days) => self.except |= days,
            Piece::Clocks(clocks) => self.clocks.extend(clocks),
            Piece::MinuteOfHour(minute) => self.minute = Some(*minute),
            Piece::Range(from, to) => self.range = Some((*from, *to)),
            Piece::Later(count, unit, half) => self.later = Some((*count, *unit, *half)),
            Piece::Day(away, part) => {
                self.day = Some(*away);
                self.part = self.part.or(*part);
            }
            Piece::Date { day, month, year, every } => {
                if self.date.is_some() {
                    return no("it names two dates: which of them is it?");
                }
                self.date = Some((*day, *month, *year));
                self.every_date = *every;
            }
            Piece::Unclear(one, two) => {
                let of = |day: u8, month: u8| format!("on {} {day}", MONTHS[usize::from(month.clamp(1, 12)) - 1]);
                if *one > 12 || *two > 12 {
                    return no(format!("there is no date `{one}/{two}`"));
                }
                return choose(format!("which day is `{one}/{two}`?"), [of(*one, *two), of(*two, *one)]);
            }
            Piece::Months(months) => self.months.extend(months),
            Piece::Zone(_) => {}
            Piece::ZoneWords(words) => {
                return no(format!("which time zone is `{words}`? Give it as `Europe/Berlin`"));
            }
            Piece::Open(open) => {
                return no(match open {
                    Open::HowOften => "at which times is it to run? It says how often, and not when",
                    Open::TwoReadings => "is it twice in that time, or once in two of them?",
                    Open::Bound => "a schedule has neither a beginning nor an end: at which times is it to run?",
                    Open::Vague => "when is it to run? Say a time, as `weekdays at 9`",
                    Open::NoSuchTime => "no clock shows such a time: which one is meant?",
                });
            }
        }
        Ok(())
    }

    fn starts(mut self, here: &Here, zone: Option<&str>, assumed: &mut Vec<String>) -> Result<Vec<Start>, No> {
        let other = zone.filter(|zone| *zone != here.zone_name).map(str::to_owned);
        let place = zone.and_then(dsl::cron::zone).unwrap_or_else(|| here.zone.clone());
        let now = here.now.to_zoned(place).datetime();
        if let Some(later) = self.later {
            return self.later(later, now, other, assumed);
        }
        if self.how == Some(How::Next) && self.every.is_none() {
            return self.next(now);
        }
        let once = self.day.is_some()
            || (self.date.is_some() && !self.every_date && self.every.is_none())
            || (self.how == Some(How::Coming) && self.every.is_none() && self.month_days.is_empty() && self.months.is_empty());
        if once {
            return self.once(now, other, assumed);
        }
        if self.how == Some(How::Coming) && !self.month_days.is_empty() {
            return no("a day of the week and a day of the month stand side by side: which of them is meant?");
        }
        if self.start_of == Some(Unit::Day) {
            return no("at what time does the day begin or end?");
        }
        match self.start_of.take() {
            Some(Unit::Week) => self.every = Some((1, Unit::Week)),
            Some(Unit::Month) => self.every = Some((1, Unit::Month)),
            Some(Unit::Quarter) => self.every = Some((1, Unit::Quarter)),
            Some(Unit::Year) => self.every = Some((1, Unit::Year)),
            Some(Unit::Day | Unit::Hour | Unit::Minute | Unit::Second) | None => {}
        }
        self.again(now, other, assumed)
    }

    /// Times that come again and again.
    fn again(mut self, now: DateTime, zone: Option<String>, assumed: &mut Vec<String>) -> Result<Vec<Start>, No> {
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
            if self.range.is_some() && self.minute.is_none() && self.every.is_none_or(|(_, unit)| unit == Unit::Day) {
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
    fn day_fields(&self, assumed: &mut Vec<String>) -> Result<(String, String, String), No> {
        let unit = self.every.map(|(_, unit)| unit);
        let mut month = if self.months.is_empty() { "*".to_owned() } else { listed(&self.months) };
        match self.every {
            Some((1, Unit::Month)) | None => {}
            Some((count, Unit::Month)) if 12 % count == 0 => month = format!("*/{count}"),
            Some((count, Unit::Month)) => return no(format!("{count} months do not fit into a year: in which months?")),
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
                        ["on the first working day of the month", "on the last working day of the month"].map(str::to_owned),
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
                return choose("on which days is it to run at this time?", ["every day", "on weekdays"].map(str::to_owned));
            }
        })
    }

    fn nth_fields(&self, unit: Option<Unit>, month: String, _: &mut [String]) -> Result<(String, String, String), No> {
        let monthly = matches!(unit, Some(Unit::Month | Unit::Quarter | Unit::Year)) || !self.months.is_empty();
        let mut fields = vec![];
        for (nth, day, of_month) in &self.nth {
            if !(*of_month || monthly) {
                return choose(
                    "of each month, or only once?",
                    [format!("on the {} of each month", nth_words(*nth, *day)), format!("every other {}", DAYS[usize::from(*day - 1)])],
                );
            }
            let name = NAMES[usize::from(*day - 1)];
            fields.push(if *nth == 0 { format!("{name}L") } else { format!("{name}#{nth}") });
        }
        let month = if unit == Some(Unit::Quarter) { "1,4,7,10".into() } else { month };
        Ok(("*".into(), fields.join(","), month))
    }

    fn month_day_fields(&self, unit: Option<Unit>, month: String, _: &mut [String]) -> Result<(String, String, String), No> {
        if self.days.is_some() {
            return no("a day of the week and a day of the month stand side by side: which of them is meant?");
        }
        let monthly = matches!(unit, Some(Unit::Month | Unit::Quarter | Unit::Year));
        if let Some(day) = self.month_days.iter().find(|day| **day == 0 || **day > 31) {
            return no(format!("no month has a day {day}"));
        }
        if let Some(day) = self.month_days.iter().find(|day| **day > 28)
            && self.months.is_empty()
        {
            return choose(
                format!("not each month has a day {day}: the last day of the month, or only the months that have it?"),
                ["on the last day of the month".to_owned(), "on the 28th of each month".to_owned()],
            );
        }
        if !self.of_month && !monthly && self.months.is_empty() && self.month_days.len() == 1 {
            return choose(
                "of each month?",
                [format!("on the {} of each month", self.month_days.iter().map(|day| format!("{day}.")).collect::<Vec<_>>().join(" and "))],
            );
        }
        Ok((listed(&self.month_days), "*".into(), month))
    }

    /// What comes every so many minutes or hours.
    fn often(self, zone: Option<String>, assumed: &mut Vec<String>) -> Result<Vec<Start>, No> {
        let (count, unit) = self.every.unwrap_or((1, Unit::Hour));
        if count == 0 {
            return no("every how many?");
        }
        let days = self.days.map_or(0b111_1111, |days| days) & !self.except;
        if days == 0 || !self.month_days.is_empty() || !self.nth.is_empty() || self.month_end || self.work_day.is_some() {
            return no("on which days is it to run?");
        }
        if !self.clocks.is_empty() {
            return no("it says every so often and also a time: which of the two is meant?");
        }
        let week = weekdays(days);
        let narrowed = self.range.is_some() || days != 0b111_1111 || !self.months.is_empty() || self.part.is_some();
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
        let cron = |minute: String, hour: String| Start::Cron { expr: format!("{minute} {hour} * {month} {week}"), zone: zone.clone() };
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
            _ => no("that length does not fit into an hour, and so it cannot keep to these days or times: which length is meant?"),
        }
    }

    /// Every so many weeks on these days.
    fn spaced(&self, count: u32, days: u8, now: DateTime, zone: Option<String>, assumed: &mut Vec<String>) -> Result<Vec<Start>, No> {
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
                    Start::Cron { expr: format!("{} {} * * {}", time.minute(), time.hour(), NAMES[usize::from(day - 1)]), zone: zone.clone() }
                } else {
                    Start::Every { length: length(count, 'w'), from: Some(local(first)), zone: zone.clone() }
                });
            }
        }
        if let Some(Start::Every { from: Some(from), .. }) = starts.first() {
            assumed.push(format!("it is every {} {}, counted from {from}", nth_word(count), DAYS[first_day(days)]));
        }
        Ok(starts)
    }

    fn days_apart(&self, count: u32, now: DateTime, zone: Option<String>, assumed: &mut Vec<String>) -> Result<Vec<Start>, No> {
        if self.days.is_some() || self.except != 0 || !self.month_days.is_empty() || !self.months.is_empty() || self.range.is_some() {
            return no("every so many days does not keep to these days: which days are meant?");
        }
        let mut starts = vec![];
        for time in self.times(assumed)? {
            let today = now.date().to_datetime(time);
            let first = if today > now { today } else { today.checked_add(1.day()).map_err(|_| far())? };
            assumed.push(format!("it is counted from {}", local(first)));
            starts.push(Start::Every { length: length(count, 'd'), from: Some(local(first)), zone: zone.clone() });
        }
        Ok(starts)
    }

    fn yearly(&self, (day, month, year): (u8, u8, Option<i16>), zone: Option<String>, assumed: &mut Vec<String>) -> Result<Vec<Start>, No> {
        if year.is_some() {
            return no("a date with a year comes once: is it to run each year?");
        }
        if Date::new(2028, month as i8, day as i8).is_err() {
            return no(format!("there is no day {day} in month {month}"));
        }
        let times = self.times(assumed)?;
        Ok(crons(&times, &day.to_string(), &month.to_string(), "*", zone))
    }

    /// So much later.
    fn later(self, (count, unit, half): (u32, Unit, bool), now: DateTime, zone: Option<String>, assumed: &mut Vec<String>) -> Result<Vec<Start>, No> {
        let by_days = matches!(unit, Unit::Day | Unit::Week | Unit::Month | Unit::Quarter | Unit::Year);
        if (self.days.is_some() || self.date.is_some() || self.every.is_some()) || (!by_days && !self.clocks.is_empty()) {
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
    fn next(self, now: DateTime) -> Result<Vec<Start>, No> {
        let Some(day) = (1..=7).find(|day| self.days.unwrap_or(0) & (1 << (day - 1)) != 0) else { return no("which day is meant?") };
        let soon = coming(now, day, Time::midnight()).map(|it| it.date()).ok_or_else(far)?;
        let after = soon.checked_add(7.days()).map_err(|_| far())?;
        choose(format!("which {} is meant?", DAYS[usize::from(day - 1)]), [format!("on {soon}"), format!("on {after}")])
    }

    /// A day that comes once.
    fn once(self, now: DateTime, zone: Option<String>, assumed: &mut Vec<String>) -> Result<Vec<Start>, No> {
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
                    let of = |year: i16| Date::new(year, month as i8, day as i8).ok().map(|date| date.to_datetime(time));
                    let found = match year {
                        Some(year) => of(year),
                        None => of(now.year()).filter(|it| *it > now).or_else(|| of(now.year() + 1)),
                    };
                    let Some(found) = found else { return no(format!("there is no day {day} in month {month}")) };
                    if let Some(days) = days
                        && days & (1 << (found.weekday().to_monday_zero_offset())) == 0
                    {
                        return no(format!("{} is no such day of the week: which day is meant?", found.date()));
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

    /// The times of day; nine where none is said.
    fn times(&self, assumed: &mut Vec<String>) -> Result<Vec<Time>, No> {
        Ok(match self.times_said(assumed)? {
            Some(times) => times,
            None => {
                assumed.push("it runs at 09:00, since no time is said".into());
                vec![at(9, 0)]
            }
        })
    }

    fn times_said(&self, assumed: &mut Vec<String>) -> Result<Option<Vec<Time>>, No> {
        if self.clocks.is_empty() {
            return Ok(self.part.map(|part| {
                let (time, word) = part_time(part);
                if !matches!(part, Part::Noon | Part::Midnight) {
                    assumed.push(format!("{word} is {:02}:{:02}", time.hour(), time.minute()));
                }
                vec![time]
            }));
        }
        let mut times: Vec<Time> = vec![];
        // What is said of the last time holds for those before it: `at 9 and 11 pm` is asked about, `8 to 9 am` is not met here.
        for clock in &self.clocks {
            let clock = Clock { part: clock.part.or(self.part), ..*clock };
            times.push(time_of(&clock, assumed)?);
        }
        times.sort();
        times.dedup();
        Ok(Some(times))
    }
}

/// The time of a clock, where it has one reading.
fn time_of(clock: &Clock, assumed: &mut Vec<String>) -> Result<Time, No> {
    let (hour, minute) = (clock.hour, clock.minute);
    let shown = |hour: u8| format!("at {hour:02}:{minute:02}");
    if clock.half == Half::HalfEight {
        return choose("is `half` before or after the hour?", [format!("at {:02}:30", (hour + 23) % 24), format!("at {:02}:30", hour % 24)]);
    }
    if hour == 24 {
        return Ok(at(0, minute));
    }
    let half = match (clock.half, clock.part) {
        (Half::Unsaid | Half::Whole, Some(part)) if hour <= 12 && part != Part::Noon && part != Part::Midnight => match part {
            Part::Morning | Part::Forenoon => Half::Am,
            Part::Afternoon | Part::Evening => Half::Pm,
            // At night it is late before twelve, and early after it.
            Part::Night if (6..12).contains(&hour) => Half::Pm,
            Part::Night => Half::Am,
            Part::Noon | Part::Midnight => Half::Whole,
        },
        (half, _) => half,
    };
    let hour = match half {
        Half::Am => hour % 12,
        Half::Pm => hour % 12 + 12,
        Half::Whole => hour,
        Half::Unsaid | Half::HalfEight if hour == 0 || hour > 12 => hour,
        Half::Unsaid | Half::HalfEight if hour == 12 => hour,
        Half::Unsaid | Half::HalfEight if hour >= 7 || (hour == 6 && minute >= 30) => {
            assumed.push(format!("{hour}:{minute:02} is in the morning"));
            hour
        }
        Half::Unsaid | Half::HalfEight => {
            return choose(format!("is {hour}:{minute:02} in the morning or after noon?"), [shown(hour), shown(hour + 12)]);
        }
    };
    Ok(at(hour, minute))
}

/// The hours of a span of times.
fn range_hours(from: Clock, to: Clock) -> Result<(u8, u8), No> {
    if from.minute != 0 || to.minute != 0 {
        return no("a schedule counts full hours: from which to which?");
    }
    let mut unheard = vec![];
    let start = match from.half {
        Half::Unsaid => from.hour,
        _ => time_of(&from, &mut unheard)?.hour() as u8,
    };
    // From nine to five is until the afternoon.
    let end = match to.half {
        Half::Unsaid if to.hour <= start && to.hour < 12 => to.hour + 12,
        Half::Unsaid => to.hour,
        _ => time_of(&to, &mut unheard)?.hour() as u8,
    };
    Ok((start, end))
}

fn part_time(part: Part) -> (Time, &'static str) {
    match part {
        Part::Morning => (at(8, 0), "morning"),
        Part::Forenoon => (at(10, 0), "the forenoon"),
        Part::Noon => (at(12, 0), "noon"),
        Part::Afternoon => (at(15, 0), "afternoon"),
        Part::Evening => (at(18, 0), "evening"),
        Part::Night => (at(22, 0), "night"),
        Part::Midnight => (at(0, 0), "midnight"),
    }
}

fn at(hour: u8, minute: u8) -> Time {
    Time::new(hour as i8, minute as i8, 0, 0).unwrap_or(Time::midnight())
}

fn far() -> No {
    No { question: "that is beyond the calendar: when is it to run?".into(), choices: vec![] }
}

/// The first such day with this time that is still to come; 1 is Monday.
fn coming(now: DateTime, day: u8, time: Time) -> Option<DateTime> {
    let wanted = Weekday::from_monday_one_offset(day as i8).ok()?;
    (0..8).find_map(|away: i64| {
        let date = now.date().checked_add(away.days()).ok()?;
        let then = date.to_datetime(time);
        (date.weekday() == wanted && then > now).then_some(then)
    })
}

fn local(time: DateTime) -> String {
    format!("{}T{:02}:{:02}", time.date(), time.hour(), time.minute())
}

fn first_day(days: u8) -> usize {
    days.trailing_zeros().min(6) as usize
}

/// One cron expression for all times with the same minute.
fn crons(times: &[Time], day: &str, month: &str, week: &str, zone: Option<String>) -> Vec<Start> {
    let mut minutes: Vec<i8> = times.iter().map(|time| time.minute()).collect();
    minutes.sort_unstable();
    minutes.dedup();
    let of = |minute: i8| {
        let hours: Vec<u8> = times.iter().filter(|time| time.minute() == minute).map(|time| time.hour() as u8).collect();
        Start::Cron { expr: format!("{minute} {} {day} {month} {week}", listed(&hours)), zone: zone.clone() }
    };
    // In the order in which they come on a day.
    let mut starts: Vec<(u8, Start)> = minutes
        .into_iter()
        .map(|minute| (times.iter().find(|time| time.minute() == minute).map_or(0, |time| time.hour() as u8), of(minute)))
        .collect();
    starts.sort_by_key(|(hour, _)| *hour);
    starts.into_iter().map(|(_, start)| start).collect()
}

fn listed(numbers: &[u8]) -> String {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
}

fn span(from: u8, to: u8) -> String {
    if from == to { from.to_string() } else { format!("{from}-{to}") }
}

const NAMES: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
];

fn weekdays(days: u8) -> String {
    if days == 0b111_1111 {
        return "*".into();
    }
    let all: Vec<usize> = (0..7).filter(|day| days & (1 << day) != 0).collect();
    match (all.first(), all.last()) {
        (Some(first), Some(last)) if all.len() > 2 && last - first + 1 == all.len() => {
            format!("{}-{}", NAMES[*first], NAMES[*last])
        }
        _ => all.into_iter().map(|day| NAMES[day]).collect::<Vec<_>>().join(","),
    }
}

fn nth_word(count: u32) -> String {
    match count {
        2 => "second".into(),
        3 => "third".into(),
        4 => "fourth".into(),
        other => format!("{other}th"),
    }
}

fn nth_words(nth: u8, day: u8) -> String {
    let word = match nth {
        0 => "last".into(),
        1 => "first".into(),
        nth => nth_word(u32::from(nth)),
    };
    format!("{word} {}", DAYS[usize::from(day - 1)])
}
