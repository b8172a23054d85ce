//! Cron expressions and their times. Pure: the caller gives the time, and zones come from the bundled database.

use std::str::FromStr;

use ::cron::Cron;
use ::cron::errors::CronError;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};

/// The times that a cron expression names.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Cron,
}

impl Schedule {
    /// Reads five fields, or six that begin with seconds, or a word such as `@daily`.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    pub fn parse(text: &str) -> Result<Schedule, String> {
        let count = text.split_whitespace().count();
        if !text.trim().starts_with('@') && !(5..=6).contains(&count) {
            return Err(format!(
                "it has {count} field{}, not five or six",
                if count == 1 { "" } else { "s" }
            ));
        }
        Cron::from_str(text.trim()).map(|cron| Schedule { cron }).map_err(|wrong| reason(&wrong))
    }

    /// The first time after another; nothing if there is none within the reach of the calendar.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let after: Zoned = after.to_zoned(zone.clone());
        self.cron.find_next_occurrence(&after, false).ok().map(|next| next.timestamp())
    }
}

fn reason(wrong: &CronError) -> String {
    match wrong {
        CronError::EmptyPattern => "it is empty".into(),
        CronError::InvalidDate | CronError::InvalidTime => "it names no time that exists".into(),
        CronError::TimeSearchLimitExceeded => "it never comes".into(),
        CronError::InvalidPattern(said)
        | CronError::IllegalCharacters(said)
        | CronError::ComponentError(said) => {
            let said =
                said.trim_end_matches('.').replace("CronPattern contains", "it contains").replace('\'', "`");
            let mut chars = said.chars();
            let first =
                chars.next().map(|first| first.to_lowercase().collect::<String>()).unwrap_or_default();
            first + chars.as_str()
        }
    }
}

/// Finds a time zone in the bundled database.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// The names of all time zones.
pub fn zones() -> Vec<String> {
    TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(text: &str, after: &str, zone_name: &str) -> String {
        let schedule = Schedule::parse(text).unwrap();
        schedule.next(after.parse().unwrap(), &zone(zone_name).unwrap()).unwrap().to_string()
    }

    #[test]
    fn workdays_at_nine_follow_the_zone() {
        assert_eq!(next("0 9 * * MON-FRI", "2026-11-27T08:00:00Z", "Europe/Berlin"), "2026-11-30T08:00:00Z");
        assert_eq!(next("@daily", "2026-03-29T12:00:00Z", "Europe/Berlin"), "2026-03-29T22:00:00Z");
    }

    #[test]
    fn both_day_fields_mean_either() {
        assert_eq!(next("0 0 13 * FRI", "2026-11-01T00:00:00Z", "UTC"), "2026-11-06T00:00:00Z");
    }

    #[test]
    fn six_fields_begin_with_seconds() {
        assert_eq!(next("30 0 9 * * *", "2026-11-01T00:00:00Z", "UTC"), "2026-11-01T09:00:30Z");
    }

    #[test]
    fn wrong_expressions_say_why() {
        assert_eq!(Schedule::parse("0 9 * *").unwrap_err(), "it has 4 fields, not five or six");
        assert!(Schedule::parse("99 9 * * *").is_err());
        assert!(Schedule::parse("0 9 * * FOO").is_err());
    }
}
