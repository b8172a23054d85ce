//! What the pieces of a phrase say together.

use jiff::ToSpan;
use jiff::civil::{DateTime, Time, Weekday};

use super::clock::{at, part_time, time_of};
use super::names::MONTHS;
use super::pieces::{Clock, How, Open, Part, Piece, Unit, Words};
use super::{Here, Start, When};

/// Why the pieces make no start.
pub(super) struct No {
    question: String,
    choices: Vec<String>,
}

impl From<No> for When {
    fn from(no: No) -> When {
        When::Ask { question: no.question, choices: no.choices }
    }
}

pub(super) fn no<T>(question: impl Into<String>) -> Result<T, No> {
    Err(No { question: question.into(), choices: vec![] })
}

pub(super) fn choose<T>(
    question: impl Into<String>,
    choices: impl IntoIterator<Item = String>,
) -> Result<T, No> {
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
    let is_day =
        |piece: &Piece| matches!(piece, Piece::WeekDays { .. } | Piece::Date { .. } | Piece::Day(..));
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
pub(super) struct Group {
    pub(super) every: Option<(u32, Unit)>,
    pub(super) days: Option<u8>,
    pub(super) how: Option<How>,
    pub(super) words: Option<Words>,
    pub(super) other: Option<(u32, u8)>,
    pub(super) nth: Vec<(u8, u8, bool)>,
    pub(super) work_day: Option<u8>,
    pub(super) month_days: Vec<u8>,
    pub(super) of_month: bool,
    pub(super) month_end: bool,
    pub(super) months: Vec<u8>,
    pub(super) start_of: Option<Unit>,
    pub(super) except: u8,
    pub(super) clocks: Vec<Clock>,
    pub(super) part: Option<Part>,
    pub(super) each_part: bool,
    pub(super) minute: Option<u8>,
    pub(super) range: Option<(Clock, Clock)>,
    pub(super) later: Option<(u32, Unit, bool)>,
    pub(super) day: Option<i64>,
    pub(super) date: Option<(u8, u8, Option<i16>)>,
    pub(super) every_date: bool,
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
                Some(had) if had != *part => {
                    return no("it names two parts of the day: at what time is it to run?");
                }
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
                let of =
                    |day: u8, month: u8| format!("on {} {day}", MONTHS[usize::from(month.clamp(1, 12)) - 1]);
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
                    Open::Bound => {
                        "a schedule has neither a beginning nor an end: at which times is it to run?"
                    }
                    Open::Vague => "when is it to run? Say a time, as `weekdays at 9`",
                    Open::NoSuchTime => "no clock shows such a time: which one is meant?",
                });
            }
        }
        Ok(())
    }

    fn starts(
        mut self,
        here: &Here,
        zone: Option<&str>,
        assumed: &mut Vec<String>,
    ) -> Result<Vec<Start>, No> {
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
            || (self.how == Some(How::Coming)
                && self.every.is_none()
                && self.month_days.is_empty()
                && self.months.is_empty());
        if once {
            return self.once(now, other, assumed);
        }
        if self.how == Some(How::Coming) && !self.month_days.is_empty() {
            return no(
                "a day of the week and a day of the month stand side by side: which of them is meant?",
            );
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

    /// The times of day; nine where none is said.
    pub(super) fn times(&self, assumed: &mut Vec<String>) -> Result<Vec<Time>, No> {
        Ok(match self.times_said(assumed)? {
            Some(times) => times,
            None => {
                assumed.push("it runs at 09:00, since no time is said".into());
                vec![at(9, 0)]
            }
        })
    }

    pub(super) fn times_said(&self, assumed: &mut Vec<String>) -> Result<Option<Vec<Time>>, No> {
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

pub(super) fn far() -> No {
    No { question: "that is beyond the calendar: when is it to run?".into(), choices: vec![] }
}

/// The first such day with this time that is still to come; 1 is Monday.
pub(super) fn coming(now: DateTime, day: u8, time: Time) -> Option<DateTime> {
    let wanted = Weekday::from_monday_one_offset(day as i8).ok()?;
    (0..8).find_map(|away: i64| {
        let date = now.date().checked_add(away.days()).ok()?;
        let then = date.to_datetime(time);
        (date.weekday() == wanted && then > now).then_some(then)
    })
}

pub(super) fn local(time: DateTime) -> String {
    format!("{}T{:02}:{:02}", time.date(), time.hour(), time.minute())
}

pub(super) fn first_day(days: u8) -> usize {
    days.trailing_zeros().min(6) as usize
}
