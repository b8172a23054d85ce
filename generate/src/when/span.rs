//! Spans of time that data comes from, as `of the last 24 hours` or `since yesterday`: they narrow a list and start no run.

use std::ops::Range;
use std::sync::LazyLock;

use jiff::SignedDuration;
use regex::Regex;

use crate::normal::Normal;

/// A span of the past, or of the days to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Where it stands in the text, in bytes.
    pub place: Range<usize>,
    /// How long it is.
    pub length: SignedDuration,
    /// True for what is to come.
    pub ahead: bool,
}

const UNIT: &str = r"(?P<unit>hours?|days?|weeks?|months?|stunden?|tagen?|tage?|wochen?|heures?|jours?|semaines?|horas?|dias?|semanas?|ore|giorni|settimane?)";

/// What names a span, in its forms.
static LAST: LazyLock<Vec<(Regex, bool)>> = LazyLock::new(|| {
    let forms = [
        (format!(r"\b(?:of|from|in|within|during|over|for|since)? ?(?:the )?(?:last|past|previous) (?:(?P<count>\d+|two|three|few) )?{UNIT}\b"), false),
        (r"\b(?:of|from|since|der|von|seit|de|desde|depuis|d|di|da)? ?(?:yesterday|gestern|hier|ayer|ieri)(?: s)?\b".to_owned(), false),
        (format!(r"\b(?:der|den|in den) (?:letzten|vergangenen) (?:(?P<count>\d+) )?{UNIT}\b"), false),
        (format!(r"\bdes (?P<count>\d+ )?(?:derniers|dernieres) {UNIT}\b"), false),
        (format!(r"\bde (?:los|las) ultim[oa]s (?:(?P<count>\d+) )?{UNIT}\b"), false),
        (format!(r"\bdegli ultimi (?:(?P<count>\d+) )?{UNIT}\b"), false),
        (format!(r"\b(?:older|newer) than (?:(?P<count>\d+|a|an|two|three) )?{UNIT}\b"), false),
        (r"\b(?:of|from)? ?(?:today s|this week s|this month s)\b".to_owned(), true),
        (format!(r"\b(?:for|in|over|within)? ?(?:the )?(?:next|coming) (?P<count>\d+|two|three|few) {UNIT}\b"), true),
        (r"\bsince (?:the )?(?:last run|last time)\b".to_owned(), false),
        (r"\b(?:due|starting|that are due|that start|happening|scheduled for) (?:today|tomorrow|this week|next week)\b".to_owned(), true),
    ];
    forms.into_iter().filter_map(|(form, ahead)| Some((Regex::new(&form).ok()?, ahead))).collect()
});

/// The spans that a text names.
pub fn spans(text: &str) -> Vec<Span> {
    let normal = Normal::of(text);
    let mut found: Vec<Span> = within(&normal.text)
        .into_iter()
        .map(|span| Span { place: normal.origin(span.place.clone()), ..span })
        .collect();
    found.sort_by_key(|span| span.place.start);
    found
}

fn within(text: &str) -> Vec<Span> {
    let mut found: Vec<Span> = vec![];
    for (form, ahead) in LAST.iter() {
        for hit in form.captures_iter(text) {
            let Some(whole) = hit.get(0) else { continue };
            if found.iter().any(|span| span.place.start < whole.end() && whole.start() < span.place.end) {
                continue;
            }
            // The last day of a month is no span.
            if hit.name("count").is_none() && text[whole.end()..].trim_start().starts_with("of ") {
                continue;
            }
            let count = hit.name("count").map_or(1, |count| match count.as_str().trim() {
                "two" => 2,
                "three" | "few" => 3,
                "a" | "an" => 1,
                number => number.parse().unwrap_or(1),
            });
            let unit = hit.name("unit").map_or("day", |unit| unit.as_str());
            let hours = match unit {
                unit if unit.starts_with("month") => 24 * 30,
                unit if ["week", "woch", "sema", "sett"].iter().any(|word| unit.starts_with(word)) => 24 * 7,
                unit if ["hour", "stun", "heur", "hora", "ore"].iter().any(|word| unit.starts_with(word)) => {
                    1
                }
                _ if whole.as_str().contains("week") => 24 * 7,
                _ if whole.as_str().contains("month") => 24 * 30,
                _ => 24,
            };
            found.push(Span {
                place: whole.start()..whole.end(),
                length: SignedDuration::from_hours(hours * i64::from(count)),
                ahead: *ahead,
            });
        }
    }
    found
}

/// True where a place of a text in its normal form is within a span.
pub(super) fn is_span(text: &str, place: &Range<usize>) -> bool {
    within(text).iter().any(|span| span.place.start < place.end && place.start < span.place.end)
}

/// A pause, as in `wait 10 minutes`.
static PAUSE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\b(?:wait|warte|attends|espera|aspetta)(?: for| noch| durante)? (\d+|an?|one|two|three|four|five|ten|half an|einen?|eine|zwei|drei|une?|deux|trois|una?|dos|tres|due|tre) (seconds?|minutes?|hours?|days?|weeks?|sekunden?|minuten?|stunden?|tage?n?|wochen?|secondes?|heures?|jours?|semaines?|segundos?|minutos?|horas?|dias?|semanas?|secondi|minuti|minuto|ore|ora|giorn[oi]|settiman[ae])\b",
    )
    .ok()
});

/// The pauses that a text names: where each stands, and how long it is, as authors write it.
pub fn pauses(text: &str) -> Vec<(Range<usize>, String)> {
    let normal = Normal::of(text);
    let Some(form) = PAUSE.as_ref() else { return vec![] };
    let read = |hit: regex::Captures<'_>| {
        let (whole, count, unit) = (hit.get(0)?, hit.get(1)?.as_str(), hit.get(2)?.as_str());
        let short = match unit.get(..2)? {
            "se" if unit.starts_with("sett") || unit.starts_with("sem") => "w",
            "se" => "s",
            "mi" => "m",
            "ho" | "st" | "he" | "or" => "h",
            "da" | "ta" | "jo" | "di" | "gi" => "d",
            _ => "w",
        };
        let number = match count {
            "half an" => {
                return Some((normal.origin(whole.range()), (short == "h").then_some("30m")?.to_owned()));
            }
            "two" | "zwei" | "deux" | "dos" | "due" => 2,
            "three" | "drei" | "trois" | "tres" | "tre" => 3,
            "four" => 4,
            "five" => 5,
            "ten" => 10,
            digits => digits.parse::<u32>().unwrap_or(1),
        };
        Some((normal.origin(whole.range()), format!("{number}{short}")))
    };
    form.captures_iter(&normal.text).filter_map(read).collect()
}

/// The pause that a text names first.
pub fn pause(text: &str) -> Option<String> {
    pauses(text).into_iter().next().map(|(_, length)| length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_as_long_as_it_is_said() {
        for (said, length) in [
            ("wait 2 hours then post it", Some("2h")),
            ("wait for 10 minutes", Some("10m")),
            ("wait half an hour", Some("30m")),
            ("warte drei Tage", Some("3d")),
            ("attends 5 minutes", Some("5m")),
            ("espera una semana", Some("1w")),
            ("aspetta 30 secondi", Some("30s")),
            ("wait a bit", None),
        ] {
            assert_eq!(pause(said).as_deref(), length, "{said}");
        }
    }

    #[test]
    fn spans_of_data_are_found_and_schedules_are_none() {
        let hours = |text: &str| spans(text).first().map(|span| span.length.as_hours());
        assert_eq!(hours("mails of the last 24 hours"), Some(24));
        assert_eq!(hours("issues from the past week"), Some(168));
        assert_eq!(hours("what came since yesterday"), Some(24));
        assert_eq!(hours("die Mails der letzten 3 Tage"), Some(72));
        assert_eq!(hours("every weekday at 9"), None);
    }
}
