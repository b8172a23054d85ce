//! A cron expression in plain words, as in `at 06:30 on the last Friday of each month`.

use super::days::{Days, weekdays_in};
use super::fields::{Fields, Set, bits, runs};

const MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
];

/// From Monday, the way that weeks are read.
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const NTH: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// So many times of a day are still told one by one.
const FEW: usize = 6;

/// Tells what an expression says.
pub fn explain(fields: &Fields) -> String {
    let days = days(fields);
    match times(fields) {
        Times::Named(times) if days.is_empty() => format!("at {} every day", and(&times)),
        Times::Named(times) => format!("at {} {days}", and(&times)),
        Times::Often(text) if days.is_empty() => text,
        Times::Often(text) => format!("{text} {days}"),
    }
}

/// The times of a day.
enum Times {
    /// Few, each as in `09:00`.
    Named(Vec<String>),
    /// How often, as in `every 15 minutes`.
    Often(String),
}

fn times(fields: &Fields) -> Times {
    let Fields { seconds, minutes, hours, .. } = fields;
    let (seconds, minutes, hours) = (seconds.numbers(), minutes.numbers(), hours.numbers());
    if seconds == [0]
        && let [minute] = minutes[..]
        && let Some(text) = hourly(&hours, minute)
    {
        return Times::Often(text);
    }
    if seconds.len() * minutes.len() * hours.len() <= FEW {
        let of_hour = |hour: u8| minutes.iter().map(move |minute| (hour, *minute));
        let all = hours.iter().flat_map(|hour| of_hour(*hour));
        let all = all.flat_map(|(hour, minute)| seconds.iter().map(move |second| (hour, minute, *second)));
        return Times::Named(all.map(|(hour, minute, second)| time(hour, minute, second)).collect());
    }
    Times::Often(if seconds == [0] { by_minutes(&minutes, &hours) } else { by_seconds(&seconds, &minutes, &hours) })
}

/// A time of a day; the seconds only where there are some.
fn time(hour: u8, minute: u8, second: u8) -> String {
    if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") }
}

/// Once in each of three hours or more, with the same time between them.
fn hourly(hours: &[u8], minute: u8) -> Option<String> {
    let step = step(hours)?;
    let how_often = every(step, "hour");
    let (first, last) = (hours.first()?, hours.last()?);
    let all_day = 24 % step == 0 && hours.len() == usize::from(24 / step);
    if all_day && *first == 0 {
        return Some(match (step, minute) {
            (_, 0) => how_often,
            (1, _) => format!("{how_often} at {}", past(&[minute])),
            _ => format!("{how_often}, from {} on", time(0, minute, 0)),
        });
    }
    Some(format!("{how_often} from {} to {}", time(*first, minute, 0), time(*last, minute, 0)))
}

/// Several times in an hour, at full minutes.
fn by_minutes(minutes: &[u8], hours: &[u8]) -> String {
    if let (&[hour], Some(1)) = (hours, step(minutes))
        && let [first, .., last] = minutes
        && minutes.len() < 60
    {
        return format!("every minute from {} to {}", time(hour, *first, 0), time(hour, *last, 0));
    }
    match whole(minutes, "minute") {
        Some(how_often) => format!("{how_often}{}", within(hours)),
        None => format!("at {} {}", listed(minutes, "minutes past"), each_hour(hours)),
    }
}

/// Several times in a minute, or not at full minutes.
fn by_seconds(seconds: &[u8], minutes: &[u8], hours: &[u8]) -> String {
    let how_often = whole(seconds, "second");
    if minutes.len() == 60 {
        return match how_often {
            Some(how_often) => format!("{how_often}{}", within(hours)),
            None => format!("at {} each minute{}", listed(seconds, "seconds past"), within(hours)),
        };
    }
    let how_often = how_often.unwrap_or_else(|| format!("at {} the minute", listed(seconds, "seconds past")));
    match (&minutes[..], &hours[..]) {
        ([minute], [hour]) => format!("{how_often} in the minute from {}", time(*hour, *minute, 0)),
        ([minute], _) => format!("{how_often} in the minute {minute} of {}", the_hours(hours)),
        _ => format!("{how_often} in the minutes {} of {}", numbers(minutes), the_hours(hours)),
    }
}

/// How often, where an hour (or a minute) is evenly filled from its start, or as evenly as it can be.
fn whole(numbers: &[u8], unit: &str) -> Option<String> {
    let step = step(numbers)?;
    let filled = numbers[0] == 0 && numbers[numbers.len() - 1] + step >= 60;
    let uneven = if 60 % step == 0 { String::new() } else { format!(", counted anew each {}", longer(unit)) };
    filled.then(|| every(step, unit) + &uneven)
}

fn longer(unit: &str) -> &'static str {
    if unit == "second" { "minute" } else { "hour" }
}

/// The distance between three numbers or more that are evenly spaced, and of `*/30`.
fn step(numbers: &[u8]) -> Option<u8> {
    let step = numbers.get(1)?.checked_sub(numbers[0])?;
    let even = numbers.windows(2).all(|pair| pair[1] - pair[0] == step);
    (even && (numbers.len() > 2 || step == 30)).then_some(step)
}

fn every(step: u8, unit: &str) -> String {
    if step == 1 { format!("every {unit}") } else { format!("every {step} {unit}s") }
}

/// In which hours, as in ` between 08:00 and 17:59`.
fn within(hours: &[u8]) -> String {
    if hours.len() == 24 {
        return String::new();
    }
    match step(hours) {
        Some(step) if step > 1 && hours[0] == 0 && 24 % step == 0 && hours.len() == usize::from(24 / step) => {
            format!(" in every {} hour from 00:00 on", ordinal(step))
        }
        _ => {
            let spans: Vec<String> = spans(hours)
                .iter()
                .map(|(first, last)| format!("{} and {}", time(*first, 0, 0), time(*last, 59, 0)))
                .collect();
            format!(" between {}", and(&spans).replace(" and between", ", and between"))
        }
    }
}

fn each_hour(hours: &[u8]) -> String {
    if hours.len() == 24 { "each hour".into() } else { format!("each hour{}", within(hours)) }
}

fn the_hours(hours: &[u8]) -> String {
    if hours.len() == 24 { "each hour".into() } else { format!("each hour{}", within(hours)) }
}

/// All runs of numbers, of two as well.
fn spans(numbers: &[u8]) -> Vec<(u8, u8)> {
    let mut spans: Vec<(u8, u8)> = vec![];
    for number in numbers {
        match spans.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => spans.push((*number, *number)),
        }
    }
    spans
}

/// As in `5 and 35 minutes past`.
fn listed(list: &[u8], unit: &str) -> String {
    let unit = if list == [1] { unit.replace("s past", " past") } else { unit.to_owned() };
    format!("{} {unit}", numbers(list))
}

fn past(minutes: &[u8]) -> String {
    listed(minutes, "minutes past")
}

fn numbers(numbers: &[u8]) -> String {
    let parts = runs(numbers).into_iter().map(|(first, last)| {
        if first == last { first.to_string() } else { format!("{first} to {last}") }
    });
    and(&parts.collect::<Vec<_>>())
}

/// On which days; empty for every day.
fn days(fields: &Fields) -> String {
    let Fields { days, months, .. } = fields;
    let (month, week) = (by_month(days), by_week(days));
    let some_months = (months.bits != bits(1..=12, 1)).then(|| of_months(months));
    let of = some_months.clone().map_or("of each month".to_owned(), |months| format!("of {months}"));
    let during = some_months.clone().map_or(String::new(), |months| format!(" in {months}"));
    match (month, week) {
        (None, None) => some_months.map_or(String::new(), |months| format!("every day in {months}")),
        (Some(month), None) => dated(days, months).unwrap_or_else(|| format!("on {month} {of}")),
        (None, Some(Week::Any(week))) => format!("{week}{during}"),
        (None, Some(Week::Counted(week))) => format!("on {week} {of}"),
        (Some(month), Some(week)) if days.month.star || days.week.star => {
            format!("on {month} {of}, where that is {}", week.bare(days))
        }
        (Some(month), Some(Week::Any(week))) => format!("on {month} {of} and {week}{during}"),
        (Some(month), Some(Week::Counted(week))) => format!("on {month} and on {week} {of}"),
    }
}

/// One day of one month: `on 24 December`.
fn dated(days: &Days, months: &Set) -> Option<String> {
    let (days_of_month, months) = (days.month.numbers(), months.numbers());
    let plain = days.nearest == 0 && !days.last && !days.last_workday;
    match (&days_of_month[..], &months[..]) {
        ([day], [month]) if plain => Some(format!("on {day} {}", MONTHS[usize::from(month - 1)])),
        _ => None,
    }
}

fn of_months(months: &Set) -> String {
    let name = |month: u8| MONTHS[usize::from(month - 1)];
    let parts = runs(&months.numbers()).into_iter().map(|(first, last)| {
        if first == last { name(first).to_owned() } else { format!("{} to {}", name(first), name(last)) }
    });
    and(&parts.collect::<Vec<_>>())
}

/// The days of the month, as in `the 1st and 15th`; nothing where all of them are meant.
fn by_month(days: &Days) -> Option<String> {
    if days.month.bits == bits(1..=31, 1) {
        return None;
    }
    let numbers = days.month.numbers();
    let mut parts = vec![];
    match step(&numbers) {
        Some(step) if step > 1 && numbers.len() > 3 => {
            let (first, last) = (ordinal(numbers[0]), ordinal(numbers[numbers.len() - 1]));
            parts.push(format!("every {} day from the {first} to the {last}", second(step)));
        }
        _ => {
            let mut named = runs(&numbers).into_iter().map(|(first, last)| {
                if first == last { ordinal(first) } else { format!("{} to {}", ordinal(first), ordinal(last)) }
            });
            parts.extend(named.next().map(|first| format!("the {first}")));
            parts.extend(named);
        }
    }
    let nearest = (1..32).filter(|day| days.nearest >> day & 1 == 1);
    parts.extend(nearest.map(|day| format!("the workday nearest to the {}", ordinal(day))));
    parts.extend(days.last.then(|| "the last day".into()));
    parts.extend(days.last_workday.then(|| "the last workday".into()));
    Some(and(&parts))
}

/// Which days of the week.
enum Week {
    /// In every week: `every Monday`, `on Monday to Friday`.
    Any(String),
    /// Counted in the month: `the second Tuesday`.
    Counted(String),
}

impl Week {
    /// What a day must be: `a Monday`.
    fn bare(&self, days: &Days) -> String {
        match self {
            Week::Any(_) => format!("a {}", weekdays(days.week.bits as u8, " or ")),
            Week::Counted(week) => week.clone(),
        }
    }
}

fn by_week(days: &Days) -> Option<Week> {
    let plain = days.week.bits as u8;
    if plain == 0x7f {
        return None;
    }
    let mut counted: Vec<String> = vec![];
    for weekday in monday_first(0x7f) {
        let has = |bits: u8| bits >> ((weekday + 1) % 7) & 1 == 1;
        let nth = days.nth.iter().zip(NTH).filter(|(bits, _)| has(**bits)).map(|(_, word)| word.to_owned());
        let which: Vec<String> = nth.chain(has(days.last_of_week).then(|| "last".into())).collect();
        if !which.is_empty() {
            counted.push(format!("the {} {}", and(&which), WEEKDAYS[usize::from(weekday)]));
        }
    }
    let single = plain.count_ones() == 1;
    let named = weekdays(plain, " and ");
    match (plain, counted.is_empty()) {
        (0, _) => Some(Week::Counted(and(&counted))),
        (_, true) if single => Some(Week::Any(format!("every {named}"))),
        (_, true) => Some(Week::Any(format!("on {named}"))),
        (_, false) => Some(Week::Counted(format!("every {named}, and on {}", and(&counted)))),
    }
}

/// Names with runs, as in `Monday to Friday`.
fn weekdays(bits: u8, word: &str) -> String {
    let name = |weekday: u8| WEEKDAYS[usize::from(weekday)];
    let parts = runs(&monday_first(bits)).into_iter().map(|(first, last)| {
        if first == last { name(first).to_owned() } else { format!("{} to {}", name(first), name(last)) }
    });
    joined(&parts.collect::<Vec<_>>(), word)
}

/// The days of the week in a set of bits, 0 for Monday.
fn monday_first(bits: u8) -> Vec<u8> {
    let mut days: Vec<u8> = weekdays_in(bits).map(|weekday| (weekday + 6) % 7).collect();
    days.sort_unstable();
    days
}

fn second(step: u8) -> String {
    NTH.get(usize::from(step - 1)).map_or_else(|| ordinal(step), |word| (*word).to_owned())
}

fn ordinal(number: u8) -> String {
    let ending = match (number % 10, number / 10) {
        (1, tens) if tens != 1 => "st",
        (2, tens) if tens != 1 => "nd",
        (3, tens) if tens != 1 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn and(parts: &[String]) -> String {
    joined(parts, " and ")
}

fn joined(parts: &[String], word: &str) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{}{word}{last}", first.join(", ")),
    }
}
