//! Another start: a time, an event, a call, or none by itself.

use std::sync::LazyLock;

use dsl::cron::Schedule;
use dsl::yaml::{Entry, Kind, Node};
use regex::Regex;

use super::page::{Page, Piece, entry};
use super::{Asked, Change, has};
use crate::clause::parts;
use crate::plan::extend::{says_also, started};
use crate::plan::{Done, No, ask};
use crate::sketch::Trigger;
use crate::when::{Start, When, of_each_day, says_times};
use crate::write;

/// Words before what counts no more.
static INSTEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:instead of|rather than|and not|statt|anstatt|anstelle von|au lieu de|plut[oô]t que|en lugar de|en vez de|invece di|invece che|al posto di)\s+[^,;]*").ok()
});
/// `from 9 to 10`: the time that counts.
static FROM_TO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\bfrom\s+(?:(?:at|on)\s+)?[\w:.]+(?:\s*[ap]m)?\s+to\s+(?:(?:at|on)\s+)?([\w:.]+(?:\s*[ap]m)?)",
    )
    .ok()
});

/// What a step may do in words that are about the start alone.
const STARTING: &[&str] = &[
    "run", "runs", "start", "starts", "trigger", "move", "change", "schedule", "do", "make", "set", "fire",
    "let", "execute", "update",
];

/// Words for the start itself.
const START: &[&str] = &[
    "trigger", "triggers", "schedule", "run", "start", "time", "times", "it", "to", "the", "workflow",
    "instead", "now", "at", "on", "be", "only", "this", "should", "from",
];

/// Another start, where that is all that is said.
pub(super) fn starts(asked: &Asked<'_>) -> Done<Option<Change>> {
    let said = counting(&asked.wish);
    let parts = parts(&said, asked.means.here, asked.means.answers);
    if parts.time.is_none() && parts.trigger.is_none() {
        return Ok(None);
    }
    let acts = parts.clauses.iter().any(|clause| {
        clause.model.is_some()
            || clause.verb.as_deref().is_some_and(|verb| !["start", "update", "create"].contains(&verb))
            || !clause.services.is_empty()
            || clause
                .text
                .split(|char: char| !char.is_alphanumeric())
                .any(|word| word.len() > 2 && !STARTING.contains(&word) && !START.contains(&word))
    });
    if acts && parts.trigger.is_some() {
        return Ok(None);
    }
    if acts {
        return ask(
            "all that a workflow does, it does at the same times. Is its time to change, or is that a workflow of its own?",
            [],
        );
    }
    if parts.time.is_some() && says_also(&asked.words) {
        return another(asked, &said).map(Some);
    }
    let now = Triggers::of(asked.page)?;
    if let Some(change) = of_the_day(asked, &said, &now)? {
        return Ok(Some(change));
    }
    let (mut triggers, mut assumed) = started(&said, asked.means)?;
    if let ([Trigger::Time(fresh)], Some(old), false) =
        (&mut triggers[..], now.only_cron(), says_times(&said))
        && keeps_times(fresh, &old)
    {
        // The days change, and the times of the day stay as they are.
        assumed.retain(|told| !told.contains("since no time is said"));
    }
    put(asked.page, &now, &triggers, assumed).map(Some)
}

/// One time more.
fn another(asked: &Asked<'_>, said: &str) -> Done<Change> {
    let now = Triggers::of(asked.page)?;
    let (triggers, assumed) = started(said, asked.means)?;
    let Some(last) = now.items.last() else { return put(asked.page, &now, &triggers, assumed) };
    let page = asked.page;
    let pad = page.column(now.dash(page, last)?);
    let text: String = triggers.iter().map(write::trigger).collect();
    Ok(Change { pieces: vec![page.behind(page.end_of(last), &page.written(&text, 2, pad))], assumed })
}

/// What is said without what counts no more.
fn counting(wish: &str) -> String {
    let mut said = wish.to_owned();
    if let Some(form) = INSTEAD.as_ref() {
        said = form.replace_all(&said, "").into_owned();
    }
    if let Some(form) = FROM_TO.as_ref() {
        said = form.replace_all(&said, "at $1").into_owned();
    }
    said
}

/// The triggers as they stand.
struct Triggers<'p> {
    entry: Option<&'p Entry>,
    items: Vec<&'p Node>,
}

impl<'p> Triggers<'p> {
    fn of(page: &'p Page<'_>) -> Done<Triggers<'p>> {
        let Some(entry) = page.entry("triggers") else { return Ok(Triggers { entry: None, items: vec![] }) };
        match &entry.value.kind {
            Kind::List(items) if !page.in_braces(&entry.value) => {
                Ok(Triggers { entry: Some(entry), items: items.iter().collect() })
            }
            Kind::List(items) if items.is_empty() => Ok(Triggers { entry: Some(entry), items: vec![] }),
            Kind::List(items) => Ok(Triggers { entry: Some(entry), items: items.iter().collect() }),
            Kind::Scalar(_) | Kind::Map(_) => ask("its triggers are no list: write the new one by hand", []),
        }
    }

    /// The schedule, where that is the only trigger.
    fn only_cron(&self) -> Option<String> {
        let [only] = self.items[..] else { return None };
        only.get("cron")?.scalar().map(|scalar| scalar.text.clone())
    }

    /// Where the dash of an item stands.
    fn dash(&self, page: &Page<'_>, item: &Node) -> Done<usize> {
        let start = item.span.range().start;
        match page.text[..start].rfind('-').filter(|dash| page.text[*dash + 1..start].trim().is_empty()) {
            Some(dash) => Ok(dash),
            None => {
                ask("its triggers stand in brackets: put each on a line of its own first (`keyway fmt`)", [])
            }
        }
    }
}

/// Another time of the same days.
fn of_the_day(asked: &Asked<'_>, said: &str, now: &Triggers<'_>) -> Done<Option<Change>> {
    let Some(when) = of_each_day(said, asked.means.here) else { return Ok(None) };
    let (starts, assumed) = match when {
        When::Starts { starts, assumed } => (starts, assumed),
        // What is answered says the whole.
        When::Ask { .. } if !asked.means.answers.is_empty() => return Ok(None),
        When::Ask { question, choices } => return Err(No::Ask(question, choices)),
    };
    let timed: Vec<&&Node> = now
        .items
        .iter()
        .filter(|item| ["cron", "at", "every"].iter().any(|key| item.get(key).is_some()))
        .collect();
    let item = match timed[..] {
        [] => return Ok(None),
        [item] => item,
        _ => {
            return ask(
                "it starts at several times. Which of them is to change? Say all times that it is to have",
                [],
            );
        }
    };
    let [Start::Cron { expr, zone }] = &starts[..] else {
        return ask("at which times is it to run? Say the days too", []);
    };
    if let Some(old) = entry(item, "cron").filter(|_| zone.is_none()) {
        let Some(scalar) = old.value.scalar() else { return Ok(None) };
        let Some(merged) = with_times(&scalar.text, expr) else {
            return ask(
                format!("`{}` has no single time of a day. On which days, and when?", scalar.text),
                [],
            );
        };
        let place = old.value.span.range();
        let text = quoted_as(&asked.page.text[place.clone()], &merged);
        return Ok(Some(Change { pieces: vec![Piece { place, text }], assumed }));
    }
    for key in ["at", "from"] {
        let Some(old) = entry(item, key).filter(|_| zone.is_none()) else { continue };
        let Some(scalar) = old.value.scalar() else { continue };
        let fields: Vec<&str> = expr.split(' ').collect();
        let (Some((date, rest)), [minute, hour, ..]) = (scalar.text.split_once('T'), &fields[..]) else {
            continue;
        };
        let (Ok(minute), Ok(hour)) = (minute.parse::<u8>(), hour.parse::<u8>()) else { continue };
        if rest.contains(['Z', '+', '-']) {
            continue;
        }
        let place = old.value.span.range();
        let text = quoted_as(&asked.page.text[place.clone()], &format!("{date}T{hour:02}:{minute:02}"));
        return Ok(Some(Change { pieces: vec![Piece { place, text }], assumed }));
    }
    Ok(None)
}

/// A scalar in the quotes of the one that it stands for.
fn quoted_as(old: &str, text: &str) -> String {
    if old.starts_with('\'') { format!("'{text}'") } else { format!("\"{text}\"") }
}

/// The days of one schedule with the times of another.
fn with_times(days: &str, times: &str) -> Option<String> {
    let (days, times): (Vec<&str>, Vec<&str>) =
        (days.split_whitespace().collect(), times.split_whitespace().collect());
    let ([minute, hour, day, month, week], [new_minute, new_hour, ..]) = (&days[..], &times[..]) else {
        return None;
    };
    let single = |field: &str| field.chars().all(|char| char.is_ascii_digit() || char == ',');
    if !single(minute) || !single(hour) {
        return None;
    }
    let merged = format!("{new_minute} {new_hour} {day} {month} {week}");
    Schedule::parse(&merged).is_ok().then_some(merged)
}

/// Gives a schedule the times of the one before it; false where that has none of its own.
fn keeps_times(fresh: &mut Start, old: &str) -> bool {
    let Start::Cron { expr, .. } = fresh else { return false };
    let Some(merged) = with_times(expr, old) else { return false };
    // What an old one has of hours stands for a time only where it is one.
    let plain = old
        .split_whitespace()
        .take(2)
        .all(|field| field.chars().all(|char| char.is_ascii_digit() || char == ','));
    if plain {
        *expr = merged;
    }
    plain
}

/// Keys of a trigger that stay where its time changes.
const STAYS: &[&str] = &["timezone", "overlap", "catch_up", "jitter", "inputs"];

/// Puts triggers in the place of those that are there.
fn put(page: &Page<'_>, now: &Triggers<'_>, triggers: &[Trigger], assumed: Vec<String>) -> Done<Change> {
    let text: String = triggers.iter().map(write::trigger).collect();
    if now.items.is_empty() {
        return Ok(Change { pieces: vec![first(page, now, &text)], assumed });
    }
    if now.items.len() > 1 && triggers.len() == 1 {
        return ask("it starts in several ways. Which of them is to change? Say all that it is to have", []);
    }
    // What a start brings is read by the steps: read softly, it would be nothing without an error.
    let brings = ["event", "webhook", "signal"];
    let brought = now.items.iter().any(|item| brings.iter().any(|key| item.get(key).is_some()));
    let outside = now.entry.map_or("", |list| &page.text[page.end_of_entry(list)..]);
    if brought && outside.contains("trigger.") {
        return ask(
            "its steps read what its trigger brings (`trigger.…`). What are they to read when it starts otherwise?",
            [],
        );
    }
    let first = now.items[0];
    if let ([only], [Trigger::Time(Start::Cron { expr, zone: None })]) = (&now.items[..], triggers)
        && let Some(old) = only.get("cron")
    {
        let place = old.span.range();
        let text = quoted_as(&page.text[place.clone()], expr);
        return Ok(Change { pieces: vec![Piece { place, text }], assumed });
    }
    let from = now.dash(page, first)?;
    let last = now.items[now.items.len() - 1];
    let pad = page.column(from);
    let mut written = page.written(&text, 2, pad);
    let timed = matches!(triggers, [Trigger::Time(_)])
        && ["cron", "every", "at"].iter().any(|key| first.get(key).is_some());
    if timed && !page.in_braces(first) {
        let inner = page.column(first.span.range().start);
        for key in STAYS {
            let once = *key != "overlap" && *key != "catch_up" && *key != "jitter"
                || !matches!(triggers, [Trigger::Time(Start::At { .. })]);
            if let Some(kept) = entry(first, key).filter(|_| once && !has(&text, key)) {
                let raw = &page.text[kept.key.span().range().start..page.end_of_entry(kept)];
                written += &format!("{}{}{raw}", page.end(), " ".repeat(inner));
            }
        }
    }
    let place = page.line_start(from)..page.end_of(last);
    Ok(Change { pieces: vec![Piece { place, text: written }], assumed })
}

/// The first trigger: before the inputs and the steps.
fn first(page: &Page<'_>, now: &Triggers<'_>, text: &str) -> Piece {
    let end = page.end();
    if let Some(list) = now.entry {
        let place = page.lines(list.key.span().range().start, page.end_of_entry(list));
        return Piece { place, text: format!("triggers:{end}{}{end}", page.written(text, 0, 0)) };
    }
    let keys = ["inputs", "limits", "concurrency", "connections", "defaults", "steps"];
    let at = keys.iter().filter_map(|key| page.entry(key)).map(|entry| entry.key.span().range().start).min();
    let at = page.line_start(at.unwrap_or(page.text.len()));
    Piece { place: at..at, text: format!("triggers:{end}{}{end}{end}", page.written(text, 0, 0)) }
}

/// Takes all triggers away.
pub(super) fn none(page: &Page<'_>) -> Done<Change> {
    let Some(list) = page.entry("triggers") else {
        return ask("it has no trigger: it starts when somebody starts it. What is to change?", []);
    };
    let mut place = page.lines(list.key.span().range().start, page.end_of_entry(list));
    // The blank line behind it goes with it, where one stands before it too.
    if page.text[..place.start].ends_with("\n\n") && page.text[place.end..].starts_with('\n') {
        place.end += 1;
    }
    Ok(Change { pieces: vec![Piece { place, text: String::new() }], assumed: vec![] })
}
