//! What each piece of a phrase for time says, read from the grammar's pairs.

use pest::Parser;
use pest::iterators::Pair;

use super::zones::{place_zone, short_zone};

/// The parser that pest derives.
#[derive(pest_derive::Parser)]
#[grammar = "when/when.pest"]
struct Grammar;

/// A piece of a phrase.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Every so many of a unit.
    Every(u32, Unit),
    /// Every such part of a day.
    EachPart(Part),
    /// A part of a day.
    Part(Part),
    /// The nth of these days in a month; 0 is the last. Whether its month is said, and whether `every` is.
    Nth { nth: u8, day: u8, of_month: bool, every: bool, month: Option<u8> },
    /// Every so many of a day of the week.
    EveryOther(u32, u8, Option<Part>),
    /// The nth working day of a month; 0 is the last.
    NthWorkDay(u8, Option<u8>),
    /// Days of a month.
    MonthDays { days: Vec<u8>, of_month: bool },
    /// The last day of a month.
    MonthEnd,
    /// The start of such a span.
    StartOf(Unit),
    /// Days of the week as bits, Monday first.
    WeekDays { days: u8, how: How, part: Option<Part>, words: Words },
    /// Other days than these.
    Except(u8),
    /// Times of day.
    Clocks(Vec<Clock>),
    /// A minute of each hour.
    MinuteOfHour(u8),
    /// From one time of day to another.
    Range(Clock, Clock),
    /// So much later.
    Later(u32, Unit, bool),
    /// A day by its distance from today.
    Day(i64, Option<Part>),
    /// A date.
    Date { day: u8, month: u8, year: Option<i16>, every: bool },
    /// A date of which it is not clear what is the day and what the month.
    Unclear(u8, u8),
    /// Months.
    Months(Vec<u8>),
    /// A zone by its name.
    Zone(String),
    /// Words for a zone of which nothing or too much is known.
    ZoneWords(String),
    /// Something that a trigger cannot have, or that has no single reading.
    Open(Open),
}

/// Why a piece has to be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// It says how often and not when.
    HowOften,
    /// It has two readings, as `biweekly`.
    TwoReadings,
    /// A schedule that begins or ends.
    Bound,
    /// No time at all.
    Vague,
    /// No time of a clock.
    NoSuchTime,
}

/// How days of the week are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Each of them.
    Each,
    /// The one that comes.
    Coming,
    /// The next, which may be the one after that.
    Next,
}

/// By what words a set of days was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// By their names.
    Names,
    /// As working days.
    WorkDays,
}

/// Units of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Parts of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part {
    Morning,
    Forenoon,
    Noon,
    Afternoon,
    Evening,
    Night,
    Midnight,
}

/// A time of day as it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// 0 to 24, as it was said.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// What tells the half of the day.
    pub half: Half,
    /// The part of the day that was said with it.
    pub part: Option<Part>,
}

/// What tells the half of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Nothing: the number alone.
    Unsaid,
    /// The form is one of 24 hours.
    Whole,
    /// Before noon.
    Am,
    /// After noon.
    Pm,
    /// `half eight`, which is 7:30 to some and 8:30 to others.
    ToOrPast,
}

/// The pieces at the beginning of a text, and how many bytes they take; nothing where none begins there.
pub fn pieces(text: &str) -> Option<(Vec<Piece>, usize)> {
    let pairs = Grammar::parse(Rule::pieces, text).ok()?;
    let mut end = 0;
    let mut found = vec![];
    for pair in pairs.flat_map(Pair::into_inner) {
        if let Some(piece) = piece(&pair) {
            end = pair.as_span().end();
            found.push(piece);
        }
    }
    (!found.is_empty()).then(|| (found, text[..end].trim_end().len()))
}

/// The number that the name of a rule ends in.
fn numbered(rule: Rule) -> Option<u8> {
    let name = format!("{rule:?}");
    name.trim_start_matches(|char: char| !char.is_ascii_digit()).parse().ok()
}

fn is(pair: &Pair<'_, Rule>, prefix: &str) -> bool {
    let name = format!("{:?}", pair.as_rule());
    name.strip_prefix(prefix).is_some_and(|rest| rest.parse::<u8>().is_ok())
}

fn number(pair: &Pair<'_, Rule>) -> Option<u32> {
    match pair.as_rule() {
        Rule::int => pair.as_str().parse().ok(),
        rule if is(pair, "n") => numbered(rule).map(u32::from),
        _ => None,
    }
}

fn ordinal(pair: &Pair<'_, Rule>) -> Option<u8> {
    match pair.as_rule() {
        Rule::o_last => Some(0),
        rule if is(pair, "o") => numbered(rule),
        _ => None,
    }
}

fn day(pair: &Pair<'_, Rule>) -> Option<u8> {
    (is(pair, "d") || is(pair, "ds") || is(pair, "g")).then(|| numbered(pair.as_rule())).flatten()
}

fn month(pair: &Pair<'_, Rule>) -> Option<u8> {
    is(pair, "m").then(|| numbered(pair.as_rule())).flatten()
}

fn unit(pair: &Pair<'_, Rule>) -> Option<Unit> {
    Some(match pair.as_rule() {
        Rule::u_second => Unit::Second,
        Rule::u_minute => Unit::Minute,
        Rule::u_hour => Unit::Hour,
        Rule::u_day | Rule::start_day => Unit::Day,
        Rule::u_week | Rule::start_week => Unit::Week,
        Rule::u_month | Rule::start_month => Unit::Month,
        Rule::u_quarter | Rule::start_quarter => Unit::Quarter,
        Rule::u_year | Rule::start_year => Unit::Year,
        _ => return None,
    })
}

fn part(pair: &Pair<'_, Rule>) -> Option<Part> {
    Some(match pair.as_rule() {
        Rule::p_morning | Rule::p_german_morning => Part::Morning,
        Rule::p_forenoon => Part::Forenoon,
        Rule::p_noon | Rule::p_german_noon => Part::Noon,
        Rule::p_afternoon | Rule::p_german_afternoon => Part::Afternoon,
        Rule::p_evening | Rule::p_german_evening => Part::Evening,
        Rule::p_night | Rule::p_german_night => Part::Night,
        Rule::p_midnight => Part::Midnight,
        _ => return None,
    })
}

/// The first of all pairs in a pair, at any depth, of which a reading knows something.
fn first<T>(pair: &Pair<'_, Rule>, read: impl Fn(&Pair<'_, Rule>) -> Option<T>) -> Option<T> {
    pair.clone().into_inner().flatten().find_map(|inner| read(&inner))
}

fn has(pair: &Pair<'_, Rule>, rule: Rule) -> bool {
    pair.clone().into_inner().flatten().any(|inner| inner.as_rule() == rule)
}

fn piece(pair: &Pair<'_, Rule>) -> Option<Piece> {
    Some(match pair.as_rule() {
        Rule::bound => Piece::Open(Open::Bound),
        Rule::vague => Piece::Open(Open::Vague),
        Rule::times_per => Piece::Open(Open::HowOften),
        Rule::except => Piece::Except(set(pair)),
        Rule::in_length | Rule::from_now => later(pair)?,
        Rule::minute_of_hour => minute_of_hour(pair)?,
        Rule::range => {
            let mut ends =
                pair.clone().into_inner().filter(|it| it.as_rule() == Rule::clock).map(|it| clock(&it));
            match (ends.next()?, ends.next()?) {
                (Some(from), Some(to)) => Piece::Range(from, to),
                _ => Piece::Open(Open::NoSuchTime),
            }
        }
        Rule::every_date => dated(pair, true)?,
        Rule::date => date(pair)?,
        Rule::nth_work_day => Piece::NthWorkDay(first(pair, ordinal)?, first(pair, month)),
        Rule::end_of_month => Piece::MonthEnd,
        Rule::ends_of_span => Piece::StartOf(first(pair, unit)?),
        Rule::nth_week_day => Piece::Nth {
            nth: first(pair, ordinal)?,
            day: first(pair, day)?,
            of_month: has(pair, Rule::of_month) || has(pair, Rule::of_named) || has(pair, Rule::u_month),
            every: has(pair, Rule::every),
            month: first(pair, month),
        },
        Rule::every_other_day_of_week => {
            let count = pair
                .clone()
                .into_inner()
                .filter(|it| it.as_rule() != Rule::n1 || !has(pair, Rule::k_sur_deux));
            let count = count.into_iter().find_map(|it| number(&it)).unwrap_or(2);
            Piece::EveryOther(count, first(pair, day)?, first(pair, part))
        }
        Rule::months => {
            let months = pair.clone().into_inner().filter_map(|it| month(&it)).collect();
            Piece::Months(months)
        }
        Rule::month_days => month_days(pair)?,
        Rule::interval => interval(pair)?,
        Rule::adverb => adverb(&pair.clone().into_inner().next()?)?,
        Rule::each_part => Piece::EachPart(first(pair, part).unwrap_or(Part::Morning)),
        Rule::week_days => week_days(pair),
        Rule::day_word => {
            let (away, own) = match pair.clone().into_inner().next()?.as_rule() {
                Rule::w_today => (0, None),
                Rule::w_tonight => (0, Some(Part::Evening)),
                Rule::w_tomorrow => (1, None),
                _ => (2, None),
            };
            let said = first(pair, part);
            Piece::Day(away, said.or(own).or(has(pair, Rule::k_morgen).then_some(Part::Morning)))
        }
        Rule::zone => zone(pair)?,
        Rule::clocks => {
            let said: Vec<Option<Clock>> = pair
                .clone()
                .into_inner()
                .filter(|it| matches!(it.as_rule(), Rule::clock | Rule::sure))
                .map(|it| clock(&it))
                .collect();
            match said.iter().copied().collect::<Option<Vec<Clock>>>() {
                Some(clocks) => Piece::Clocks(clocks),
                None => Piece::Open(Open::NoSuchTime),
            }
        }
        Rule::day_part => Piece::Part(first(pair, part)?),
        _ => return None,
    })
}

fn interval(pair: &Pair<'_, Rule>) -> Option<Piece> {
    if has(pair, Rule::half_hour) {
        return Some(Piece::Every(30, Unit::Minute));
    }
    if has(pair, Rule::quarter_hour) {
        return Some(Piece::Every(15, Unit::Minute));
    }
    if has(pair, Rule::fortnight) {
        return Some(Piece::Every(2, Unit::Week));
    }
    if let Some(part) =
        pair.clone().into_inner().filter(|it| it.as_rule() != Rule::p_night).find_map(|it| part(&it))
    {
        return Some(Piece::EachPart(part));
    }
    let other = has(pair, Rule::other) || has(pair, Rule::alternate);
    let count = pair.clone().into_inner().find_map(|it| number(&it)).unwrap_or(if other { 2 } else { 1 });
    Some(Piece::Every(count, first(pair, unit)?))
}

fn adverb(pair: &Pair<'_, Rule>) -> Option<Piece> {
    Some(match pair.as_rule() {
        Rule::a_hourly => Piece::Every(1, Unit::Hour),
        Rule::a_daily => Piece::Every(1, Unit::Day),
        Rule::a_nightly => Piece::EachPart(Part::Night),
        Rule::a_weekly => Piece::Every(1, Unit::Week),
        Rule::a_fortnightly => Piece::Every(2, Unit::Week),
        Rule::a_monthly => Piece::Every(1, Unit::Month),
        Rule::a_quarterly => Piece::Every(1, Unit::Quarter),
        Rule::a_half_yearly => Piece::Every(6, Unit::Month),
        Rule::a_yearly => Piece::Every(1, Unit::Year),
        Rule::a_unclear => Piece::Open(Open::TwoReadings),
        _ => return None,
    })
}

fn month_days(pair: &Pair<'_, Rule>) -> Option<Piece> {
    let number = |pair: Pair<'_, Rule>| {
        let inner: Vec<Pair<'_, Rule>> = pair.clone().into_inner().flatten().collect();
        inner
            .iter()
            .find_map(ordinal)
            .or_else(|| inner.iter().find_map(|it| it.as_str().trim().parse().ok()))
            .or_else(|| pair.as_str().trim().trim_end_matches('.').parse().ok())
    };
    let days: Option<Vec<u8>> = pair
        .clone()
        .into_inner()
        .filter(|it| matches!(it.as_rule(), Rule::month_day | Rule::plain_day))
        .map(number)
        .collect();
    let of_month = has(pair, Rule::of_month) || has(pair, Rule::every);
    Some(Piece::MonthDays { days: days?, of_month })
}

fn bit(day: u8) -> u8 {
    1 << (day.saturating_sub(1) % 7)
}

fn set(pair: &Pair<'_, Rule>) -> u8 {
    pair.clone()
        .into_inner()
        .filter(|it| it.as_rule() == Rule::day_set)
        .map(|it| set_of(&it))
        .fold(0, |all, one| all | one)
}

fn set_of(pair: &Pair<'_, Rule>) -> u8 {
    let Some(inner) = pair.clone().into_inner().next() else { return 0 };
    match inner.as_rule() {
        Rule::weekend => 0b110_0000,
        Rule::work_days => 0b001_1111,
        Rule::day_range => {
            let mut ends = inner.into_inner().filter_map(|it| day(&it));
            let (Some(from), Some(to)) = (ends.next(), ends.next()) else { return 0 };
            let mut days = bit(from);
            let mut at = from;
            while at != to {
                at = at % 7 + 1;
                days |= bit(at);
            }
            days
        }
        _ => day(&inner).or_else(|| first(&inner, day)).map_or(0, bit),
    }
}

fn week_days(pair: &Pair<'_, Rule>) -> Piece {
    let sets: Vec<Pair<'_, Rule>> =
        pair.clone().into_inner().filter(|it| it.as_rule() == Rule::day_set).collect();
    let plural = |it: &Pair<'_, Rule>| {
        it.clone().into_inner().any(|it| {
            matches!(it.as_rule(), Rule::weekend | Rule::work_days | Rule::day_range) || is(&it, "ds")
        })
    };
    // German compounds name one day, as in `Montagabend`; with `every` before them each of them.
    let lead: Vec<&str> = pair
        .clone()
        .into_inner()
        .filter(|it| it.as_rule() == Rule::lead)
        .map(|it| it.as_str().trim())
        .collect();
    let part = first(pair, part);
    let plural_part = pair.as_str().trim_end().ends_with('s') && part.is_some();
    let next = |word: &&str| ["next", "nachsten", "proximo", "el proximo", "prossimo"].contains(word);
    let each = |word: &&str| ["le", "les", "los", "il", "nei"].contains(word);
    let how = if lead.iter().any(next) || has(pair, Rule::after_day) {
        How::Next
    } else if has(pair, Rule::every)
        || sets.iter().any(plural)
        || plural_part
        || lead.iter().any(each)
        || sets.len() > 1
    {
        How::Each
    } else {
        How::Coming
    };
    let words = if has(pair, Rule::work_days) { Words::WorkDays } else { Words::Names };
    Piece::WeekDays { days: set(pair), how, part, words }
}

fn later(pair: &Pair<'_, Rule>) -> Option<Piece> {
    let inner = pair.clone().into_inner().flatten();
    let length = inner.into_iter().find(|it| it.as_rule() == Rule::length)?;
    if has(&length, Rule::half_an_hour) {
        return Some(Piece::Later(30, Unit::Minute, false));
    }
    if has(&length, Rule::quarter_hour_length) {
        return Some(Piece::Later(15, Unit::Minute, false));
    }
    if has(&length, Rule::fortnight) {
        return Some(Piece::Later(2, Unit::Week, false));
    }
    if has(&length, Rule::num_half) {
        return Some(Piece::Later(1, Unit::Hour, true));
    }
    let half = has(&length, Rule::and_half);
    Some(Piece::Later(first(&length, number)?, first(&length, unit)?, half))
}

fn minute_of_hour(pair: &Pair<'_, Rule>) -> Option<Piece> {
    let text = pair.as_str();
    let minute = first(pair, number).or(match () {
        () if text.contains("quarter") => Some(15),
        () if text.contains("half") => Some(30),
        () if text.contains("hour") || text.contains("stunde") => Some(0),
        () => None,
    })?;
    u8::try_from(minute).ok().filter(|minute| *minute < 60).map(Piece::MinuteOfHour)
}

fn dated(pair: &Pair<'_, Rule>, every: bool) -> Option<Piece> {
    let day = first(pair, |it| {
        (it.as_rule() == Rule::day_no).then(|| {
            let digits: String = it.as_str().chars().take_while(char::is_ascii_digit).collect();
            if digits.is_empty() { Some(1) } else { digits.parse().ok() }
        })
    })??;
    let year =
        first(pair, |it| (it.as_rule() == Rule::year).then(|| it.as_str().trim().parse().ok()).flatten());
    Some(Piece::Date { day, month: first(pair, month)?, year, every })
}

fn date(pair: &Pair<'_, Rule>) -> Option<Piece> {
    if let Some(iso) = first(pair, |it| (it.as_rule() == Rule::iso_date).then(|| it.as_str().to_owned())) {
        let mut parts = iso.split('-');
        let year = parts.next()?.parse().ok()?;
        let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        return Some(Piece::Date { day, month, year: Some(year), every: false });
    }
    let numbers = |text: &str| -> Option<(u8, u8, Option<i16>)> {
        let mut parts = text.split(['.', '/', ' ']).map(str::trim).filter(|it| !it.is_empty());
        let (one, two) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let year = parts
            .next()
            .and_then(|year| year.parse::<i16>().ok())
            .map(|year| if year < 100 { 2000 + year } else { year });
        Some((one, two, year))
    };
    if let Some(text) = first(pair, |it| (it.as_rule() == Rule::dotted).then(|| it.as_str().to_owned())) {
        let (day, month, year) = numbers(&text)?;
        return Some(Piece::Date { day, month, year, every: false });
    }
    if let Some(text) = first(pair, |it| (it.as_rule() == Rule::slashed).then(|| it.as_str().to_owned())) {
        let (one, two, year) = numbers(&text)?;
        return Some(match (one > 12, two > 12) {
            (true, false) => Piece::Date { day: one, month: two, year, every: false },
            (false, true) => Piece::Date { day: two, month: one, year, every: false },
            (false, false) if one == two => Piece::Date { day: one, month: two, year, every: false },
            (false, false) | (true, true) => Piece::Unclear(one, two),
        });
    }
    dated(pair, false)
}

/// A time of day; nothing where there is no such time.
fn clock(pair: &Pair<'_, Rule>) -> Option<Clock> {
    let said = pair.clone().into_inner().next()?;
    let side =
        pair.clone().into_inner().find(|it| it.as_rule() == Rule::day_side).and_then(|it| first(&it, part));
    let half = if has(&said, Rule::am) {
        Half::Am
    } else if has(&said, Rule::pm) {
        Half::Pm
    } else if has(&said, Rule::oclock) && !said.as_str().contains("clock") && !said.as_str().contains("sharp")
    {
        Half::Whole
    } else {
        Half::Unsaid
    };
    let hour_of = |pair: &Pair<'_, Rule>| {
        first(pair, |it| (it.as_rule() == Rule::hour).then(|| first(it, number)).flatten())
    };
    let mins_of = |pair: &Pair<'_, Rule>| {
        let inner = pair.clone().into_inner().find(|it| it.as_rule() == Rule::mins);
        match inner {
            Some(mins) => first(&mins, number).or(Some(15)),
            None => Some(15),
        }
    };
    let (hour, minute, half) = match said.as_rule() {
        Rule::c_word => match first(&said, part)? {
            Part::Midnight => (0, 0, Half::Whole),
            _ => (12, 0, Half::Whole),
        },
        Rule::c_to | Rule::c_to_marked | Rule::c_quarter_to => {
            (hour_of(&said)?.checked_sub(1)?, 60_u32.checked_sub(mins_of(&said)?)?, half)
        }
        Rule::c_past | Rule::c_past_marked | Rule::c_quarter_past => (hour_of(&said)?, mins_of(&said)?, half),
        Rule::c_half_past => (hour_of(&said)?, 30, half),
        Rule::c_half => (hour_of(&said)?, 30, Half::ToOrPast),
        Rule::c_de_half => (hour_of(&said)?.checked_sub(1)?, 30, half),
        Rule::c_de_three => (hour_of(&said)?.checked_sub(1)?, 45, half),
        Rule::c_colon => {
            let text = said.as_str();
            let mut parts = text.split([':', '.']);
            let whole = parts.next()?;
            let minute: String = parts.next()?.chars().take(2).collect();
            // A zero in front is how 24 hours are written.
            let half = if half == Half::Unsaid && whole.starts_with('0') { Half::Whole } else { half };
            (whole.trim().parse().ok()?, minute.parse().ok()?, half)
        }
        Rule::c_h => {
            let text: String = said.as_str().chars().filter(|char| *char != ' ').collect();
            let (hour, minute) = text.split_once('h')?;
            (hour.parse().ok()?, if minute.is_empty() { 0 } else { minute.parse().ok()? }, Half::Whole)
        }
        Rule::c_marked | Rule::c_rom => {
            let hour = said.clone().into_inner().find_map(|it| number(&it))?;
            let add = said.clone().into_inner().find(|it| it.as_rule() == Rule::rom_add);
            let sub = said.clone().into_inner().find(|it| it.as_rule() == Rule::rom_sub);
            let amount = |it: &Pair<'_, Rule>| match () {
                () if has(it, Rule::r_half) => Some(30),
                () if has(it, Rule::r_quarter) => Some(15),
                () => first(it, number),
            };
            // `9 Uhr 30`.
            let more = said.clone().into_inner().filter_map(|it| number(&it)).nth(1);
            match (add, sub) {
                (Some(add), _) => (hour, amount(&add)?, half),
                (None, Some(sub)) => (hour.checked_sub(1)?, 60_u32.checked_sub(amount(&sub)?)?, half),
                (None, None) => (hour, more.unwrap_or(0), half),
            }
        }
        Rule::c_bare => (said.clone().into_inner().find_map(|it| number(&it))?, 0, half),
        _ => return None,
    };
    let (hour, minute) = (u8::try_from(hour).ok()?, u8::try_from(minute).ok()?);
    let fits = match half {
        Half::Am | Half::Pm => (1..=12).contains(&hour) || hour == 0,
        Half::Unsaid | Half::Whole | Half::ToOrPast => hour < 24 || (hour == 24 && minute == 0),
    };
    (fits && minute < 60).then_some(Clock { hour, minute, half, part: side })
}

fn zone(pair: &Pair<'_, Rule>) -> Option<Piece> {
    if let Some(name) = first(pair, |it| (it.as_rule() == Rule::z_iana).then(|| it.as_str().to_owned())) {
        let known = dsl::cron::zones().into_iter().find(|known| known.to_lowercase() == name);
        return Some(known.map_or(Piece::ZoneWords(name), Piece::Zone));
    }
    if let Some(short) = first(pair, |it| (it.as_rule() == Rule::z_short).then(|| it.as_str().to_owned())) {
        return Some(short_zone(&short).map_or(Piece::ZoneWords(short), Piece::Zone));
    }
    let place = first(pair, |it| (it.as_rule() == Rule::place).then(|| it.as_str().trim().to_owned()))?;
    Some(place_zone(&place).map_or(Piece::ZoneWords(place), Piece::Zone))
}
