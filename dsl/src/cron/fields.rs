//! A cron expression as sets of numbers.

use std::fmt::{self, Write};
use std::ops::RangeInclusive;

use super::days::Days;

/// One field: which numbers it names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// A bit for each number.
    pub bits: u64,
    /// Whether it was written with a `*`: `*` or `*/5`.
    pub star: bool,
}

impl Set {
    /// The set of one number.
    pub fn only(number: u8) -> Set {
        Set { bits: 1 << number, star: false }
    }

    /// Every so many of a range, written with a `*`.
    pub fn star(range: RangeInclusive<u8>, step: u8) -> Set {
        Set { bits: bits(range, step), star: true }
    }

    /// The least number from this one on.
    pub fn next(self, from: u8) -> Option<u8> {
        let left = self.bits.checked_shr(u32::from(from)).filter(|left| *left != 0)?;
        Some(from + left.trailing_zeros() as u8)
    }

    /// The least number; 0 of an empty set, which reading never gives.
    pub fn first(self) -> u8 {
        self.next(0).unwrap_or(0)
    }

    /// True if the number is in it.
    pub fn has(self, number: u8) -> bool {
        self.next(number) == Some(number)
    }

    /// Its numbers in their order.
    pub fn numbers(self) -> Vec<u8> {
        (0..64).filter(|number| self.bits >> number & 1 == 1).collect()
    }
}

/// The bits of every so many numbers of a range; the step is not 0.
pub fn bits(range: RangeInclusive<u8>, step: u8) -> u64 {
    range.step_by(usize::from(step.max(1))).fold(0, |bits, number| bits | 1 << number)
}

/// All fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Seconds, 0 to 59.
    pub seconds: Set,
    /// Minutes, 0 to 59.
    pub minutes: Set,
    /// Hours, 0 to 23.
    pub hours: Set,
    /// Months, 1 to 12.
    pub months: Set,
    /// Both fields of days.
    pub days: Days,
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds != Set::only(0) {
            write!(f, "{} ", list(self.seconds, 0..=59))?;
        }
        let (minutes, hours) = (list(self.minutes, 0..=59), list(self.hours, 0..=23));
        let months = list(self.months, 1..=12);
        write!(f, "{minutes} {hours} {} {months} {}", self.days.of_month(), self.days.of_week())
    }
}

/// The text of a set: `*`, `*/5`, or numbers and ranges.
pub fn list(set: Set, range: RangeInclusive<u8>) -> String {
    let numbers = set.numbers();
    if set.bits == bits(range, 1) {
        // An hour `0-23` is no `*`: it keeps its times when the clock changes.
        return if set.star { "*".into() } else { span(&numbers) };
    }
    if set.star
        && let [first, second, ..] = numbers[..]
    {
        return format!("*/{}", second - first);
    }
    span(&numbers)
}

/// Numbers with ranges for three and more in a row.
fn span(numbers: &[u8]) -> String {
    let mut text = String::new();
    for run in runs(numbers) {
        let comma = if text.is_empty() { "" } else { "," };
        let _ = match run {
            (first, last) if first == last => write!(text, "{comma}{first}"),
            (first, last) => write!(text, "{comma}{first}-{last}"),
        };
    }
    text
}

/// The runs of ascending numbers: three and more in a row as first and last, others one by one.
pub fn runs(numbers: &[u8]) -> Vec<(u8, u8)> {
    let mut runs: Vec<(u8, u8)> = vec![];
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    runs.into_iter()
        .flat_map(
            |(first, last)| {
                if first + 1 == last { vec![(first, first), (last, last)] } else { vec![(first, last)] }
            },
        )
        .collect()
}
