//! Cron expressions: their times, and what they say in plain words. Pure: the caller gives the time, and zones come
//! from the bundled database.

mod days;
mod fields;
mod read;
mod walk;
mod words;
mod zones;

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::diagnostic::Diagnostic;
use fields::Fields;

pub use zones::{instant, version, zone, zones};

/// The times that a cron expression names. It takes less than a hundred bytes: services hold many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    fields: Fields,
    comes: bool,
}

impl Schedule {
    /// Reads five fields, or six that begin with seconds, or a word such as `@daily`.
    ///
    /// # Errors
    /// What is wrong, at most one thing for each field; the spans are those of the given text.
    pub fn parse(text: &str) -> Result<Schedule, Vec<Diagnostic>> {
        read::read(text).map(|fields| Schedule { fields, comes: walk::comes(&fields) })
    }

    /// False where no year has such a day, as with `0 0 30 2 *`.
    pub fn comes(&self) -> bool {
        self.comes
    }

    /// The first time after another; nothing if there is none within the reach of the calendar.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if !self.comes {
            return None;
        }
        if self.is_fixed() {
            zones::by_the_clock(&self.fields, after, zone)
        } else {
            zones::by_elapsed_time(&self.fields, after, zone)
        }
    }

    /// All times after another, in their order.
    pub fn after<'s>(&'s self, start: Timestamp, zone: &'s TimeZone) -> impl Iterator<Item = Timestamp> + 's {
        std::iter::successors(self.next(start, zone), move |last| self.next(*last, zone))
    }

    /// What it says, as in `at 09:00 on Monday to Friday`.
    pub fn explain(&self) -> String {
        words::explain(&self.fields)
    }

    /// True if a change of the clock must neither lose nor double a time: neither minute nor hour is a `*`.
    fn is_fixed(&self) -> bool {
        !self.fields.minutes.star && !self.fields.hours.star
    }
}

/// The one text of all expressions that mean the same: numbers for names, sorted lists.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields.fmt(f)
    }
}

#[cfg(test)]
mod tests;
