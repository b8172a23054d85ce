//! Which days of a month an expression names.

use jiff::civil::Date;

use super::fields::{Set, list};

/// The two fields of days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// Days of the month by number.
    pub month: Set,
    /// Days whose nearest workday is meant, as in `15W`.
    pub nearest: u32,
    /// The last day, `L`.
    pub last: bool,
    /// The last workday, `LW`.
    pub last_workday: bool,
    /// Days of the week, 0 for Sunday.
    pub week: Set,
    /// Days of the week of which only one in a month is meant, by which, as in `FRI#2`.
    pub nth: [u8; 5],
    /// Days of the week of which the last in a month is meant, as in `FRIL`.
    pub last_of_week: u8,
}

impl Days {
    /// A bit for each day of a month that is meant.
    pub fn of(&self, first: Date) -> u32 {
        let month = Month {
            length: first.days_in_month() as u8,
            first: first.weekday().to_sunday_zero_offset() as u8,
        };
        let by_month = self.by_month(month);
        let by_week = self.by_week(month);
        // A field with a `*` only narrows the other; two that name days mean either.
        if self.month.star || self.week.star { by_month & by_week } else { by_month | by_week }
    }

    fn by_month(&self, month: Month) -> u32 {
        let mut days = self.month.bits as u32 & month.all();
        if self.last {
            days |= 1 << month.length;
        }
        if self.last_workday {
            days |= 1 << month.workday(month.length);
        }
        for day in (1..=month.length).filter(|day| self.nearest >> day & 1 == 1) {
            days |= 1 << month.workday(day);
        }
        days
    }

    fn by_week(&self, month: Month) -> u32 {
        let mut days = 0;
        for weekday in 0..7 {
            let all = month.every(weekday);
            if self.week.has(weekday) {
                days |= all;
            }
            for (index, weekdays) in self.nth.iter().enumerate() {
                if weekdays >> weekday & 1 == 1 {
                    let week = 0b1111_1110 << (7 * index);
                    days |= all & week;
                }
            }
            if self.last_of_week >> weekday & 1 == 1 {
                days |= 1 << (31 - all.leading_zeros());
            }
        }
        days
    }

    /// The text of the days of the month.
    pub fn of_month(&self) -> String {
        let mut parts = vec![];
        if self.month.bits != 0 {
            parts.push(list(self.month, 1..=31));
        }
        parts.extend((1..32).filter(|day| self.nearest >> day & 1 == 1).map(|day| format!("{day}W")));
        parts.extend(self.last.then(|| "L".into()));
        parts.extend(self.last_workday.then(|| "LW".into()));
        parts.join(",")
    }

    /// The text of the days of the week.
    pub fn of_week(&self) -> String {
        let mut parts = vec![];
        if self.week.bits != 0 {
            parts.push(list(self.week, 0..=6));
        }
        for (index, weekdays) in self.nth.iter().enumerate() {
            parts.extend(weekdays_in(*weekdays).map(|weekday| format!("{weekday}#{}", index + 1)));
        }
        parts.extend(weekdays_in(self.last_of_week).map(|weekday| format!("{weekday}L")));
        parts.join(",")
    }
}

/// The days of the week in a set of bits.
pub fn weekdays_in(bits: u8) -> impl Iterator<Item = u8> {
    (0..7).filter(move |weekday| bits >> weekday & 1 == 1)
}

/// A month as far as days matter.
#[derive(Clone, Copy)]
struct Month {
    length: u8,
    /// The day of the week of the first, 0 for Sunday.
    first: u8,
}

impl Month {
    fn all(self) -> u32 {
        (u32::MAX >> (31 - self.length)) & !1
    }

    /// All days that are this day of the week.
    fn every(self, weekday: u8) -> u32 {
        let first = 1 + (weekday + 7 - self.first) % 7;
        (first..=self.length).step_by(7).fold(0, |days, day| days | 1 << day)
    }

    /// The workday nearest to a day; it never leaves the month.
    fn workday(self, day: u8) -> u8 {
        match (self.first + day - 1) % 7 {
            6 if day == 1 => 3,
            6 => day - 1,
            0 if day == self.length => day - 2,
            0 => day + 1,
            _ => day,
        }
    }
}
