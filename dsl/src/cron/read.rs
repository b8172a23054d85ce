//! From the text of a cron expression to its fields, or to what is wrong with it and where.

use std::ops::RangeInclusive;

use crate::codes::Code;
use crate::cron::days::Days;
use crate::cron::fields::{Fields, Set, bits};
use crate::diagnostic::{Diagnostic, nearest};
use crate::span::Span;

/// The words that stand for a whole expression.
const WORDS: [(&str, &str); 7] = [
    ("@annually", "0 0 1 1 *"),
    ("@daily", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
    ("@midnight", "0 0 * * *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@yearly", "0 0 1 1 *"),
];

const FIVE: &str = "five fields: minute, hour, day, month, weekday, as in `0 9 * * MON-FRI`";

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// What a field counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Second => "second",
            Kind::Minute => "minute",
            Kind::Hour => "hour",
            Kind::Day => "day of the month",
            Kind::Month => "month",
            Kind::Weekday => "day of the week",
        }
    }

    /// The name with its article.
    fn one(self) -> String {
        format!("{} {}", if self == Kind::Hour { "an" } else { "a" }, self.name())
    }

    fn range(self) -> RangeInclusive<u8> {
        match self {
            Kind::Second | Kind::Minute => 0..=59,
            Kind::Hour => 0..=23,
            Kind::Day => 1..=31,
            Kind::Month => 1..=12,
            Kind::Weekday => 0..=6,
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Kind::Second | Kind::Minute | Kind::Hour | Kind::Day => &[],
            Kind::Month => &MONTHS,
            Kind::Weekday => &WEEKDAYS,
        }
    }

    /// The unit of a duration, where the field has one.
    fn unit(self) -> Option<&'static str> {
        match self {
            Kind::Second => Some("s"),
            Kind::Minute => Some("m"),
            Kind::Hour => Some("h"),
            Kind::Day | Kind::Month | Kind::Weekday => None,
        }
    }
}

/// A part of the expression, and where it begins.
#[derive(Clone, Copy)]
struct Part<'t> {
    text: &'t str,
    start: usize,
}

impl<'t> Part<'t> {
    fn span(self) -> Span {
        Span::new(self.start, self.start + self.text.len())
    }

    fn cut(self, from: usize, to: usize) -> Part<'t> {
        Part { text: &self.text[from..to], start: self.start + from }
    }

    /// The parts before and behind a sign.
    fn halves(self, sign: char) -> Option<(Part<'t>, Part<'t>)> {
        let at = self.text.find(sign)?;
        Some((self.cut(0, at), self.cut(at + sign.len_utf8(), self.text.len())))
    }

    /// The part before a letter at the end, small or capital.
    fn without(self, letter: char) -> Option<Part<'t>> {
        let last = self.text.chars().next_back().filter(|last| last.eq_ignore_ascii_case(&letter))?;
        Some(self.cut(0, self.text.len() - last.len_utf8()))
    }

    fn is(self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    fn wrong(self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(Code::InvalidCron, self.span(), message)
    }

    /// The parts between signs.
    fn split(self, sign: impl Fn(char) -> bool) -> Vec<Part<'t>> {
        let mut parts = vec![];
        let mut from = 0;
        for (at, found) in self.text.char_indices().filter(|(_, letter)| sign(*letter)) {
            parts.push(self.cut(from, at));
            from = at + found.len_utf8();
        }
        parts.push(self.cut(from, self.text.len()));
        parts
    }
}

/// Reads an expression.
pub fn read(text: &str) -> Result<Fields, Vec<Diagnostic>> {
    let blank = text.len() - text.trim_start().len();
    let whole = Part { text: text.trim(), start: blank };
    if whole.text.is_empty() {
        return Err(vec![
            Part { text, start: 0 }.wrong("a schedule has five or six fields, and here are none").help(FIVE),
        ]);
    }
    if whole.text.starts_with('@') {
        return word(whole).map_err(|wrong| vec![wrong]);
    }
    let parts: Vec<Part<'_>> =
        whole.split(char::is_whitespace).into_iter().filter(|part| !part.text.is_empty()).collect();
    let fields = match parts[..] {
        [minute, hour, day, month, weekday] => {
            [None, Some(minute), Some(hour), Some(day), Some(month), Some(weekday)]
        }
        [second, minute, hour, day, month, weekday] => [second, minute, hour, day, month, weekday].map(Some),
        _ => return Err(vec![count(whole, parts.len())]),
    };
    let mut wrong = vec![];
    let [seconds, minutes, hours, day, months, weekday] = fields;
    let seconds = seconds.map_or(Set::only(0), |part| set(part, Kind::Second, &mut wrong));
    let minutes = minutes.map_or(Set::only(0), |part| set(part, Kind::Minute, &mut wrong));
    let hours = hours.map_or(Set::only(0), |part| set(part, Kind::Hour, &mut wrong));
    let mut days = Days::default();
    day.into_iter().for_each(|part| days_of_month(part, &mut days, &mut wrong));
    let months = months.map_or(Set::only(0), |part| set(part, Kind::Month, &mut wrong));
    weekday.into_iter().for_each(|part| days_of_week(part, &mut days, &mut wrong));
    if wrong.is_empty() { Ok(Fields { seconds, minutes, hours, months, days }) } else { Err(wrong) }
}

fn count(whole: Part<'_>, count: usize) -> Diagnostic {
    let wrong = whole.wrong(format!("a schedule has five or six fields, and here {}", are(count)));
    match count {
        7.. => wrong.help("six fields begin with seconds; there is no field for years"),
        _ => wrong.help(FIVE),
    }
}

fn are(count: usize) -> String {
    if count == 1 { "is 1".into() } else { format!("are {count}") }
}

fn word(whole: Part<'_>) -> Result<Fields, Diagnostic> {
    if let Some((_, meant)) = WORDS.iter().find(|(word, _)| whole.is(word)) {
        return read(meant).map_err(|_| whole.wrong("this word means nothing"));
    }
    let wrong = whole.wrong(format!("there is no schedule `{}`", whole.text));
    if let Some(rest) = whole.text.strip_prefix("@every") {
        let every = if rest.trim().is_empty() { "15m" } else { rest.trim() };
        return Err(wrong.help(format!("write a trigger `every: {every}` in place of `cron`")));
    }
    if whole.is("@reboot") {
        return Err(wrong.help("a workflow does not begin with the machine; name a time"));
    }
    Err(match nearest(whole.text, WORDS.iter().map(|(word, _)| *word)) {
        Some(near) => {
            wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), whole.span(), near)
        }
        None => wrong.help("`@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` are known"),
    })
}

/// Reads a field of numbers. What is wrong is told once a field.
fn set(field: Part<'_>, kind: Kind, wrong: &mut Vec<Diagnostic>) -> Set {
    let read = || {
        if let Some(star) = star(field, kind)? {
            return Ok(star);
        }
        let items = field.split(|letter| letter == ',');
        items.into_iter().try_fold(Set::default(), |set, item| {
            Ok(Set { bits: set.bits | numbers(item, kind)?, star: false })
        })
    };
    read().unwrap_or_else(|found| {
        wrong.push(found);
        Set::default()
    })
}

fn days_of_month(field: Part<'_>, days: &mut Days, wrong: &mut Vec<Diagnostic>) {
    let mut read = || -> Result<(), Diagnostic> {
        if let Some(star) = star(field, Kind::Day)? {
            days.month = star;
            return Ok(());
        }
        for item in field.split(|letter| letter == ',') {
            if item.is("L") {
                days.last = true;
            } else if item.is("LW") || item.is("WL") {
                days.last_workday = true;
            } else if let Some(day) = item.without('W') {
                days.nearest |= 1 << number(day, Kind::Day)?;
            } else {
                days.month.bits |= numbers(item, Kind::Day)?;
            }
        }
        Ok(())
    };
    wrong.extend(read().err());
}

fn days_of_week(field: Part<'_>, days: &mut Days, wrong: &mut Vec<Diagnostic>) {
    let mut read = || -> Result<(), Diagnostic> {
        if let Some(star) = star(field, Kind::Weekday)? {
            days.week = star;
            return Ok(());
        }
        for item in field.split(|letter| letter == ',') {
            if item.is("L") {
                let help = "`FRIL` is the last Friday of a month; the last day is an `L` in the field before the month";
                return Err(item.wrong("the last of which day of the week, `L` does not say").help(help));
            } else if let Some((day, nth)) = item.halves('#') {
                days.nth[usize::from(which(nth, day)?) - 1] |= 1 << number(day, Kind::Weekday)?;
            } else if let Some(day) = item.without('L') {
                days.last_of_week |= 1 << number(day, Kind::Weekday)?;
            } else {
                days.week.bits |= numbers(item, Kind::Weekday)?;
            }
        }
        Ok(())
    };
    wrong.extend(read().err());
}

/// Reads the number behind a `#`, from 1 to 5.
fn which(nth: Part<'_>, day: Part<'_>) -> Result<u8, Diagnostic> {
    nth.text.parse().ok().filter(|nth| (1..=5).contains(nth)).ok_or_else(|| {
        let wrong = nth.wrong(format!("a month has no `{}` number `{}`", day.text, nth.text));
        wrong.help("the number is 1 to 5, as in `FRI#2`; the last is `FRIL`")
    })
}

/// Reads `*`, `?` or `*/5`, which fill a field alone.
fn star(field: Part<'_>, kind: Kind) -> Result<Option<Set>, Diagnostic> {
    if field.text == "*" || field.text == "?" && matches!(kind, Kind::Day | Kind::Weekday) {
        return Ok(Some(Set::star(kind.range(), 1)));
    }
    if !field.text.starts_with('*') {
        return match field.split(|letter| letter == ',').into_iter().find(|item| item.text.starts_with('*')) {
            Some(item) => Err(alone(item, kind)),
            None => Ok(None),
        };
    }
    match field.halves('/') {
        Some((Part { text: "*", .. }, every)) if !every.text.contains(',') => {
            Ok(Some(Set::star(kind.range(), step(every, kind)?)))
        }
        _ => Err(alone(field.split(|letter| letter == ',')[0], kind)),
    }
}

fn alone(item: Part<'_>, kind: Kind) -> Diagnostic {
    let wrong = item.wrong(format!("a `*` stands alone, as in `*` or `*/2`, and here is `{}`", item.text));
    wrong.help(format!("write the numbers out, {} to {}", kind.range().start(), kind.range().end()))
}

/// Reads `7`, `1-5`, `1-5/2`, into bits.
fn numbers(item: Part<'_>, kind: Kind) -> Result<u64, Diagnostic> {
    if item.text.is_empty() {
        let place = Part { text: "", start: item.start };
        return Err(place
            .wrong(format!("{} is missing here", kind.one()))
            .help("a comma stands between two of them"));
    }
    let (range, every) = match item.halves('/') {
        Some((range, every)) => (range, Some(every)),
        None => (item, None),
    };
    let Some((from, to)) = range.halves('-') else {
        let number = number(range, kind)?;
        return match every {
            None => Ok(1 << number),
            Some(every) => Err(open(item, range, step(every, kind)?, kind)),
        };
    };
    let (first, mut last) = (number(from, kind)?, number(to, kind)?);
    // A week may end with Sunday.
    if kind == Kind::Weekday && last == 0 && (first > 0 || to.text == "7" && from.text != "7") {
        last = 7;
    }
    if last < first {
        return Err(backwards(item, (from, to), every, kind));
    }
    let bits = bits(first..=last, every.map_or(Ok(1), |every| step(every, kind))?);
    Ok(if kind == Kind::Weekday { bits & 0x7f | bits >> 7 } else { bits })
}

/// `5/15`, which some read as `5-59/15` and others not at all.
fn open(item: Part<'_>, from: Part<'_>, step: u8, kind: Kind) -> Diagnostic {
    let meant = format!("{}-{}/{step}", from.text, kind.range().end());
    let wrong = item.wrong(format!("`{}` does not say where it ends", item.text));
    wrong.help(format!("write `{meant}`")).fix(format!("write `{meant}`"), item.span(), meant)
}

/// `22-2`: the range goes over the end.
fn backwards(
    item: Part<'_>,
    (from, to): (Part<'_>, Part<'_>),
    every: Option<Part<'_>>,
    kind: Kind,
) -> Diagnostic {
    let wrong = item.wrong(format!("`{}` ends before it begins", item.text));
    if every.is_some() {
        return wrong.help("make two ranges of it, with a comma between them");
    }
    let name = |number: u8| match kind.names().get(usize::from(number - kind.range().start())) {
        Some(name) if !from.text.starts_with(|first: char| first.is_ascii_digit()) => (*name).to_owned(),
        _ => number.to_string(),
    };
    let piece = |from: String, to: String| if from == to { from } else { format!("{from}-{to}") };
    let (end, begin) = (name(*kind.range().end()), name(*kind.range().start()));
    let meant = format!(
        "{},{}",
        piece(from.text.to_ascii_uppercase(), end),
        piece(begin, to.text.to_ascii_uppercase())
    );
    wrong.help(format!("write `{meant}`")).fix(format!("write `{meant}`"), item.span(), meant)
}

/// Reads the number behind a `/`.
fn step(part: Part<'_>, kind: Kind) -> Result<u8, Diagnostic> {
    let most = kind.range().end() - kind.range().start();
    let whole = !part.text.is_empty() && part.text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(step) = part.text.parse().ok().filter(|step| whole && (1..=most).contains(step)) {
        return Ok(step);
    }
    let wrong = part.wrong(format!("`{}` is no step in the field of the {}", part.text, kind.name()));
    let longer = part.text.parse::<u32>().ok().filter(|step| *step > u32::from(most));
    Err(match (longer, kind.unit()) {
        (Some(step), Some(unit)) => wrong
            .help(format!("a step is 1 to {most}; for a longer time write a trigger `every: {step}{unit}`")),
        _ => wrong.help(format!("a step is 1 to {most}, as in `*/2`")),
    })
}

/// Reads a number or a name.
fn number(part: Part<'_>, kind: Kind) -> Result<u8, Diagnostic> {
    let start = *kind.range().start();
    if let Some(at) = kind.names().iter().position(|name| part.is(name)) {
        return Ok(start + at as u8);
    }
    let whole = !part.text.is_empty() && part.text.bytes().all(|byte| byte.is_ascii_digit());
    let number = part.text.parse::<u8>().ok().filter(|_| whole);
    if kind == Kind::Weekday && number == Some(7) {
        return Ok(0);
    }
    number.filter(|number| kind.range().contains(number)).ok_or_else(|| none(part, kind))
}

fn none(part: Part<'_>, kind: Kind) -> Diagnostic {
    if part.text.is_empty() {
        return part.wrong(format!("{} is missing here", kind.one())).help(range(kind));
    }
    let wrong = part.wrong(format!("`{}` is no {}", part.text, kind.name()));
    // `Monday` is meant as `MON`, and `MNO` as well.
    let longer = kind.names().iter().find(|name| part.text.to_ascii_uppercase().starts_with(**name)).copied();
    if let Some(near) = longer.or_else(|| nearest(part.text, kind.names().iter().copied())) {
        return wrong.help(format!("did you mean `{near}`?")).fix(
            format!("write `{near}`"),
            part.span(),
            near,
        );
    }
    if part.is("L") || part.without('W').is_some() || part.text.contains('#') {
        return wrong.help("`L` and `W` stand with days of the month, `#` and `L` with days of the week");
    }
    if WEEKDAYS.iter().any(|name| part.is(name)) {
        return wrong.help("a day of the week stands in the last field");
    }
    if MONTHS.iter().any(|name| part.is(name)) {
        return wrong.help("a month stands in the last field but one");
    }
    wrong.help(range(kind))
}

fn range(kind: Kind) -> String {
    let range = kind.range();
    let names = match kind.names() {
        [first, .., last] => format!(", or `{first}` to `{last}`"),
        _ => String::new(),
    };
    format!("{} is a number from {} to {}{names}", kind.one(), range.start(), range.end())
}
