//! A cron expression in plain words, as in `at 06:30 on the last Friday of each month`.

use super::days::{Days, weekdays_in};
use super::fields::{Fields, Set, bits, runs};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Monday, the way that weeks are read.
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const NTH: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// So many times of a day are still told one by one; of one minute in many hours, twice as many.
const FEW: usize = 6;

/// Tells what an expression says.
pub fn explain(fields: &Fields) -> String {
    match (times(fields), days(fields)) {
        (Times::Named(times), None) => format!("at {} every day{}", and(&times), during(&fields.months)),
        (Times::Named(times), Some(days)) => format!("at {} {days}", and(&times)),
        (Times::Often(text), None) => format!("{text}{}", during(&fields.months)),
        (Times::Often(text), Some(days)) => format!("{text} {days}"),
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
    if let ([0], [minute]) = (&seconds[..], &minutes[..])
        && let Some(text) = hourly(&hours, *minute)
    {
        return Times::Often(text);
    }
    let few = if minutes.len() == 1 { 2 * FEW } else { FEW };
    let told = minutes.len() <= 2 || whole(&minutes, "minute").is_none();
    if let [second] = seconds[..]
        && told
        && minutes.len() * hours.len() <= few
    {
        let all = hours.iter().flat_map(|hour| minutes.iter().map(|minute| time(*hour, *minute, second)));
        return Times::Named(all.collect());
    }
    Times::Often(if seconds == [0] {
        by_minutes(&minutes, &hours)
    } else {
        by_seconds(&seconds, &minutes, &hours)
    })
}

/// A time of a day; the seconds only where there are some.
fn time(hour: u8, minute: u8, second: u8) -> String {
    if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") }
}

/// Once in each of three hours or more, with the same time between them.
fn hourly(hours: &[u8], minute: u8) -> Option<String> {
    if let [(first, last)] = spans(hours)[..]
        && last < first
    {
        return Some(format!("every hour from {} to {}", time(first, minute, 0), time(last, minute, 0)));
    }
    let step = step(hours)?;
    let (often, first, last) = (every(step, "hour"), hours[0], hours[hours.len() - 1]);
    Some(match (fills_a_day(hours), step, minute) {
        (true, _, 0) => often,
        (true, 1, _) => format!("{often} at {}", listed(&[minute], "minutes past")),
        (true, _, _) => format!("{often}, from {} on", time(0, minute, 0)),
        (false, _, _) => format!("{often} from {} to {}", time(first, minute, 0), time(last, minute, 0)),
    })
}

/// True for hours that go on evenly from day to day, beginning at midnight.
fn fills_a_day(hours: &[u8]) -> bool {
    step(hours).is_some_and(|step| hours[0] == 0 && usize::from(step) * hours.len() == 24)
}

/// Several times in an hour, at full minutes.
fn by_minutes(minutes: &[u8], hours: &[u8]) -> String {
    if let Some(often) = whole(minutes, "minute") {
        return often + &within(hours);
    }
    match (step(minutes), minutes, hours) {
        (Some(1), [first, .., last], [hour]) => {
            format!("every minute from {} to {}", time(*hour, *first, 0), time(*hour, *last, 0))
        }
        (Some(1), ..) => format!("every minute from {} {}", listed(minutes, "minutes past"), each(hours)),
        _ => format!("at {} {}", listed(minutes, "minutes past"), each(hours)),
    }
}

/// Several times in a minute, or not at full minutes.
fn by_seconds(seconds: &[u8], minutes: &[u8], hours: &[u8]) -> String {
    let often = whole(seconds, "second");
    let past = listed(seconds, "seconds past");
    match (often, whole(minutes, "minute")) {
        (Some(often), _) if minutes.len() == 60 => often + &within(hours),
        (None, _) if minutes.len() == 60 => format!("at {past} each minute{}", within(hours)),
        (None, Some(minutely)) => format!("{minutely}{}, at {past}", within(hours)),
        (often, _) => {
            let often = often.unwrap_or_else(|| format!("at {past}"));
            match (minutes, hours) {
                ([minute], [hour]) => format!("{often} in the minute from {}", time(*hour, *minute, 0)),
                ([minute], _) => format!("{often} in minute {minute} past {}", each(hours)),
                _ => format!("{often} in the minutes {} past {}", numbers(minutes), each(hours)),
            }
        }
    }
}

/// How often, where an hour (or a minute) is filled from its start, evenly or with a rest.
fn whole(numbers: &[u8], unit: &str) -> Option<String> {
    let step = step(numbers)?;
    let filled = numbers[0] == 0 && numbers[numbers.len() - 1] + step >= 60;
    let longer = if unit == "second" { "minute" } else { "hour" };
    let rest = if 60 % step == 0 { String::new() } else { format!(", counted anew each {longer}") };
    filled.then(|| every(step, unit) + &rest)
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

/// In which hours, as in ` between 08:00 and 17:59`; empty for all.
fn within(hours: &[u8]) -> String {
    if hours.len() == 24 {
        return String::new();
    }
    if fills_a_day(hours) {
        return format!(" in every {} hour from 00:00 on", nth(hours[1]));
    }
    match spans(hours)[..] {
        [(first, last)] => format!(" between {} and {}", time(first, 0, 0), time(last, 59, 0)),
        ref spans => {
            let span = |(first, last): &(u8, u8)| format!("{} to {}", time(*first, 0, 0), time(*last, 59, 0));
            format!(" from {}", and(&spans.iter().map(span).collect::<Vec<_>>()))
        }
    }
}

/// The hours themselves, as in `each hour from 08:00 to 17:00`.
fn each(hours: &[u8]) -> String {
    if hours.len() == 24 {
        return "each hour".into();
    }
    if fills_a_day(hours) {
        return format!("every {} hour from 00:00 on", nth(hours[1]));
    }
    let full = |hour: u8| time(hour, 0, 0);
    let parts: Vec<String> = spans(hours)
        .iter()
        .map(|(first, last)| match first == last {
            true => full(*first),
            false => format!("each hour from {} to {}", full(*first), full(*last)),
        })
        .collect();
    and(&parts)
}

/// The runs of hours; one that goes over midnight is one.
fn spans(hours: &[u8]) -> Vec<(u8, u8)> {
    let mut spans: Vec<(u8, u8)> = vec![];
    for hour in hours {
        match spans.last_mut() {
            Some((_, last)) if *last + 1 == *hour => *last = *hour,
            _ => spans.push((*hour, *hour)),
        }
    }
    if let [(0, morning), .., (evening, 23)] = spans[..] {
        spans.remove(0);
        spans.pop();
        spans.push((evening, morning));
    }
    spans
}

/// As in `5 and 35 minutes past`.
fn listed(list: &[u8], unit: &str) -> String {
    let unit = if list == [1] { unit.replace("s past", " past") } else { unit.to_owned() };
    format!("{} {unit}", numbers(list))
}

fn numbers(numbers: &[u8]) -> String {
    let parts = runs(numbers)
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first} to {last}") });
    and(&parts.collect::<Vec<_>>())
}

/// On which days, with their months; nothing for every day.
fn days(fields: &Fields) -> Option<String> {
    let Fields { days, months, .. } = fields;
    let during = during(months);
    let of = if during.is_empty() { "of each month".into() } else { during.replacen(" in", "of", 1) };
    Some(match (by_month(days), by_week(days)) {
        (None, None) => return None,
        (Some(month), None) => dated(days, months).unwrap_or_else(|| format!("on {month} {of}")),
        (None, Some(week)) => week.alone(&of, &during),
        (Some(month), Some(week)) if days.month.star || days.week.star => {
            format!("on {month} {of}, where that is {}", week.bare(days))
        }
        (Some(month), Some(week)) => format!("on {month} {of} and {}", week.alone(&of, &during)),
    })
}

/// In which months, as in ` in June to August`; empty for all.
fn during(months: &Set) -> String {
    if months.bits == bits(1..=12, 1) { String::new() } else { format!(" in {}", of_months(months)) }
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
            parts.push(format!("every {} day from the {first} to the {last}", nth(step)));
        }
        _ => {
            let mut named = runs(&numbers).into_iter().map(|(first, last)| {
                if first == last {
                    ordinal(first)
                } else {
                    format!("{} to {}", ordinal(first), ordinal(last))
                }
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
struct Week {
    /// Those of every week: `every Monday`, `on Monday to Friday`.
    any: Option<String>,
    /// Those that are counted in the month: `the second Tuesday`.
    counted: Vec<String>,
}

impl Week {
    fn alone(&self, of: &str, during: &str) -> String {
        let any = self.any.iter().map(|any| format!("{any}{during}"));
        let counted = (!self.counted.is_empty()).then(|| format!("on {} {of}", and(&self.counted)));
        and(&any.chain(counted).collect::<Vec<_>>())
    }

    /// What a day must be: `a Monday`.
    fn bare(&self, days: &Days) -> String {
        let any = self.any.iter().map(|_| format!("a {}", weekdays(days.week.bits as u8, " or ")));
        joined(&any.chain(self.counted.iter().cloned()).collect::<Vec<_>>(), " or ")
    }
}

fn by_week(days: &Days) -> Option<Week> {
    let plain = days.week.bits as u8;
    if plain == 0x7f {
        return None;
    }
    let named = weekdays(plain, " and ");
    let any = match plain.count_ones() {
        0 => None,
        1 => Some(format!("every {named}")),
        _ => Some(format!("on {named}")),
    };
    let counted = monday_first(0x7f).into_iter().filter_map(|weekday| {
        let has = |bits: u8| bits >> ((weekday + 1) % 7) & 1 == 1;
        let nth = days.nth.iter().zip(NTH).filter(|(bits, _)| has(**bits)).map(|(_, word)| word.to_owned());
        let which: Vec<String> = nth.chain(has(days.last_of_week).then(|| "last".into())).collect();
        (!which.is_empty()).then(|| format!("the {} {}", and(&which), WEEKDAYS[usize::from(weekday)]))
    });
    Some(Week { any, counted: counted.collect() })
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

/// As in `second`, `15th`.
fn nth(step: u8) -> String {
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
