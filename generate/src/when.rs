//! Phrases for time: `every second Friday at half past 8` becomes what a trigger says. What a phrase leaves open is asked
//! about; what it says in one conventional way is taken so, and the assumption is told.

mod again;
mod clock;
mod names;
mod once;
mod pieces;
mod put;
mod span;
mod zones;

use std::ops::Range;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::normal::Normal;
use pieces::Piece;
pub use span::{Span, pause, pauses, spans};

/// When and where a phrase is said.
#[derive(Clone, Debug)]
pub struct Here {
    /// The moment.
    pub now: Timestamp,
    /// The owner's zone.
    pub zone: TimeZone,
    /// Its name.
    pub zone_name: String,
}

impl Here {
    /// A moment in a zone; nothing where there is no such zone.
    pub fn new(now: Timestamp, zone: &str) -> Option<Here> {
        Some(Here { now, zone: dsl::cron::zone(zone)?, zone_name: zone.to_owned() })
    }
}

/// When a run starts.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// At the times of a cron expression.
    Cron {
        /// The expression, of five fields.
        expr: String,
        /// The zone, where it is another than the owner's.
        zone: Option<String>,
    },
    /// Again and again after so long.
    Every {
        /// How long, as authors write it.
        length: String,
        /// The first time, by the clock of the zone; nothing where it does not matter.
        from: Option<String>,
        /// The zone, where it is another than the owner's.
        zone: Option<String>,
    },
    /// Once.
    At {
        /// By the clock of the zone, as in `2026-12-24T09:00`.
        local: String,
        /// The zone, where it is another than the owner's.
        zone: Option<String>,
    },
}

/// What a phrase says.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// These starts.
    Starts {
        /// One or more.
        starts: Vec<Start>,
        /// What was taken to be meant, in sentences.
        assumed: Vec<String>,
    },
    /// It has to be asked.
    Ask {
        /// The question.
        question: String,
        /// Answers that would do, if some are near: phrases in turn.
        choices: Vec<String>,
    },
}

/// A phrase within a text.
#[derive(Clone, Debug)]
pub struct Found {
    /// The pieces of the text that it takes, in bytes of the original.
    pub places: Vec<Range<usize>>,
    /// What they say.
    pub when: When,
}

/// The longest phrase that is read.
const LONGEST: usize = 400;

/// Reads a phrase that is about time alone. Where any word of it is not understood, it is asked about.
pub fn read(phrase: &str, here: &Here) -> When {
    let normal = Normal::of(phrase);
    if normal.text.len() > LONGEST {
        return vague(phrase);
    }
    let found = scan(&normal, phrase);
    let mut left = normal.text.clone();
    for (range, _) in found.iter().rev() {
        left.replace_range(range.clone(), " ");
    }
    let unread: Vec<&str> = left
        .split(|char: char| !char.is_alphanumeric())
        .filter(|word| !word.is_empty() && !FILLERS.contains(word))
        .collect();
    let pieces: Vec<Piece> = found.into_iter().flat_map(|(_, pieces)| pieces).collect();
    if pieces.is_empty() {
        return vague(phrase);
    }
    if !unread.is_empty() {
        return When::Ask {
            question: format!("I do not understand `{}` in `{phrase}`. When is it to run?", unread.join(" ")),
            choices: vec![],
        };
    }
    put::together(&pieces, here)
}

/// Finds what a text says of time, wherever it stands in it; nothing where it says nothing of it. What answers say of time
/// stands in place of the same kind of piece of the text.
pub fn find(text: &str, here: &Here, answers: &[String]) -> Option<Found> {
    let normal = Normal::of(text);
    let found: Vec<(Range<usize>, Vec<Piece>)> = scan(&normal, text)
        .into_iter()
        .filter(|(range, pieces)| !pieces.iter().all(weak) || stands_alone(&normal.text, range))
        .collect();
    let answered: Vec<Piece> = answers
        .iter()
        .flat_map(|answer| scan(&Normal::of(answer), answer))
        .flat_map(|(_, pieces)| pieces)
        .collect();
    if answered.is_empty() && (found.is_empty() || found.iter().all(|(_, pieces)| pieces.iter().all(weak))) {
        return None;
    }
    let places = found.iter().map(|(range, _)| normal.origin(range.clone())).collect();
    let mut pieces: Vec<Piece> = found.into_iter().flat_map(|(_, pieces)| pieces).collect();
    if let When::Starts { starts, assumed } = put::together(&answered, here)
        && !answered.is_empty()
    {
        return Some(Found { places, when: When::Starts { starts, assumed } });
    }
    for answer in answered {
        pieces.retain(|piece| {
            std::mem::discriminant(piece) != std::mem::discriminant(&answer)
                && !matches!(piece, Piece::Open(_))
        });
        pieces.push(answer);
    }
    Some(Found { places, when: put::together(&pieces, here) })
}

/// What a text says of the times of a day alone, read as those of each day; nothing where it says of days too, or of neither.
pub fn of_each_day(text: &str, here: &Here) -> Option<When> {
    let mut pieces: Vec<Piece> =
        scan(&Normal::of(text), text).into_iter().flat_map(|(_, pieces)| pieces).collect();
    let times =
        pieces.iter().any(|piece| matches!(piece, Piece::Clocks(_) | Piece::Part(_) | Piece::EachPart(_)));
    let alone = pieces.iter().all(|piece| {
        matches!(
            piece,
            Piece::Clocks(_) | Piece::Part(_) | Piece::EachPart(_) | Piece::Zone(_) | Piece::ZoneWords(_)
        )
    });
    if !times || !alone {
        return None;
    }
    pieces.push(Piece::Every(1, pieces::Unit::Day));
    Some(put::together(&pieces, here))
}

/// True where a text says at what time of a day.
pub fn says_times(text: &str) -> bool {
    let pieces = scan(&Normal::of(text), text).into_iter().flat_map(|(_, pieces)| pieces);
    let time = |piece: Piece| {
        matches!(
            piece,
            Piece::Clocks(_)
                | Piece::Part(_)
                | Piece::EachPart(_)
                | Piece::Range(..)
                | Piece::MinuteOfHour(_)
                | Piece::Later(..)
        ) || matches!(
            piece,
            Piece::Every(_, pieces::Unit::Second | pieces::Unit::Minute | pieces::Unit::Hour)
        )
    };
    pieces.into_iter().any(time)
}

/// True for a piece that says nothing of time without another one beside it: a zone, a part of a day, a number of a day.
fn weak(piece: &Piece) -> bool {
    matches!(
        piece,
        Piece::ZoneWords(_) | Piece::Zone(_) | Piece::Months(_) | Piece::MonthDays { of_month: false, .. }
    ) || matches!(piece, Piece::Nth { of_month: false, every: false, .. })
}

/// True where what is found is all that stands between two signs.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text[..range.start].trim_end();
    let after = text[range.end..].trim_start();
    (before.is_empty() || before.ends_with([',', '.', ';', ':']))
        && (after.is_empty() || after.starts_with([',', '.', ';', ':']))
}

/// The pieces of a text with the places where they stand.
fn scan(normal: &Normal, original: &str) -> Vec<(Range<usize>, Vec<Piece>)> {
    let mut found = vec![];
    let mut at = 0;
    let words: Vec<usize> = normal.words().collect();
    for word in words {
        if word < at {
            continue;
        }
        let Some((pieces, length)) = pieces::pieces(&normal.text[word..]) else { continue };
        let range = word..word + length;
        if length == 0
            || span::is_span(&normal.text, &range)
            || !meant(&pieces, original, &normal.origin(range.clone()))
        {
            continue;
        }
        at = range.end;
        found.push((range, pieces));
    }
    found
}

/// False for short names of zones that are words of a language, unless they are written as names of zones.
fn meant(pieces: &[Piece], original: &str, place: &Range<usize>) -> bool {
    let [Piece::Zone(_) | Piece::ZoneWords(_)] = pieces else { return true };
    let said = &original[place.clone()];
    said.contains('/') || said.split_whitespace().count() > 1 || said.chars().all(|char| !char.is_lowercase())
}

fn vague(phrase: &str) -> When {
    When::Ask {
        question: format!(
            "when is `{}` to be? Say a time, as `weekdays at 9` or `every 15 minutes`",
            phrase.trim()
        ),
        choices: vec![],
    }
}

/// Words that say nothing of their own in a phrase for time.
const FILLERS: &[&str] = &[
    "on", "the", "at", "in", "of", "and", "a", "an", "am", "um", "im", "to", "for", "please", "run", "it",
    "le", "la", "les", "el", "los", "il", "lo", "l", "y", "et", "e", "und", "uhr", "o", "clock", "day", "de",
    "del", "du", "al", "alle", "las", "month", "date", "then", "der", "den", "des", "dem", "i", "s", "or",
    "so", "sharp", "exactly", "punkt", "nei", "di", "only", "once",
];

/// How a length is written.
fn length(count: u32, unit: char) -> String {
    format!("{count}{unit}")
}

/// The length of time of so many of a unit, as far as it has one.
fn duration(count: u32, unit: pieces::Unit) -> Option<SignedDuration> {
    use pieces::Unit;
    let hours = |hours: i64| SignedDuration::from_hours(hours.checked_mul(i64::from(count)).unwrap_or(0));
    Some(match unit {
        Unit::Second => SignedDuration::from_secs(i64::from(count)),
        Unit::Minute => SignedDuration::from_mins(i64::from(count)),
        Unit::Hour => hours(1),
        Unit::Day => hours(24),
        Unit::Week => hours(24 * 7),
        Unit::Month | Unit::Quarter | Unit::Year => return None,
    })
}
