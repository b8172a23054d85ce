//! Times of day: what a clock that was said shows, and when a part of the day is.

use jiff::civil::Time;

use super::pieces::{Clock, Half, Part};
use super::put::{No, choose, no};

/// The time of a clock, where it has one reading.
pub(super) fn time_of(clock: &Clock, assumed: &mut Vec<String>) -> Result<Time, No> {
    let (hour, minute) = (clock.hour, clock.minute);
    let shown = |hour: u8| format!("at {hour:02}:{minute:02}");
    if clock.half == Half::ToOrPast {
        return choose(
            "is `half` before or after the hour?",
            [format!("at {:02}:30", (hour + 23) % 24), format!("at {:02}:30", hour % 24)],
        );
    }
    if hour == 24 {
        return Ok(at(0, minute));
    }
    let half = match (clock.half, clock.part) {
        (Half::Unsaid | Half::Whole, Some(part))
            if hour <= 12 && part != Part::Noon && part != Part::Midnight =>
        {
            match part {
                Part::Morning | Part::Forenoon => Half::Am,
                Part::Afternoon | Part::Evening => Half::Pm,
                // At night it is late before twelve, and early after it.
                Part::Night if (6..12).contains(&hour) => Half::Pm,
                Part::Night => Half::Am,
                Part::Noon | Part::Midnight => Half::Whole,
            }
        }
        (half, _) => half,
    };
    let hour = match half {
        Half::Am => hour % 12,
        Half::Pm => hour % 12 + 12,
        Half::Whole => hour,
        Half::Unsaid | Half::ToOrPast if hour == 0 || hour > 12 => hour,
        Half::Unsaid | Half::ToOrPast if hour == 12 => hour,
        Half::Unsaid | Half::ToOrPast if hour >= 7 || (hour == 6 && minute >= 30) => {
            assumed.push(format!("{hour}:{minute:02} is in the morning"));
            hour
        }
        Half::Unsaid | Half::ToOrPast => {
            return choose(
                format!("is {hour}:{minute:02} in the morning or after noon?"),
                [shown(hour), shown(hour + 12)],
            );
        }
    };
    Ok(at(hour, minute))
}

/// The hours of a span of times.
pub(super) fn range_hours(from: Clock, to: Clock) -> Result<(u8, u8), No> {
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

pub(super) fn part_time(part: Part) -> (Time, &'static str) {
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

pub(super) fn at(hour: u8, minute: u8) -> Time {
    Time::new(hour as i8, minute as i8, 0, 0).unwrap_or(Time::midnight())
}
