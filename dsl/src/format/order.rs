//! Where a mapping stands in the language, and in which order its keys are written there.

use std::collections::BTreeMap;

use crate::format::quote::Reading;
use crate::keys::RETRIES;
use crate::shape::{Field, Shape};
use crate::verb;
use crate::yaml::source::{Content, Piece, Row};

/// What a mapping or list is to the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole file.
    Top,
    /// Names with their steps.
    Steps,
    /// One step.
    Step,
    /// Values with their blocks.
    Cases,
    /// What stands behind `http`.
    Request,
    /// What stands behind `retry`.
    Retry,
    /// The list of triggers.
    Triggers,
    /// One trigger.
    Trigger,
    /// Anything: its order is the author's.
    Free,
}

const TOP: &[&str] = &[
    "triggers",
    "inputs",
    "connections",
    "limits",
    "concurrency",
    "defaults",
    "steps",
    "output",
    "on_failure",
];
const FIRST: &[&str] = &["<<", "description", "if", "after"];
const SETTINGS: &[&str] = &["connection", "retry", "on_doubt", "timeout", "on_error", "cache"];
const REQUEST: &[&str] = &[
    "method",
    "url",
    "query",
    "headers",
    "auth",
    "idempotency",
    "json",
    "form",
    "body",
    "multipart",
    "expect",
    "paginate",
    "redirects",
];
const TRIGGERS: &[&str] = &["event", "cron", "at", "webhook", "signal", "every"];

impl Place {
    /// What the value of a row is to the language.
    pub fn of(self, row: &Row) -> Place {
        match self {
            Place::Top => match row.name() {
                "steps" | "on_failure" => Place::Steps,
                "triggers" => Place::Triggers,
                _ => Place::Free,
            },
            Place::Steps => Place::Step,
            Place::Cases => Place::Steps,
            Place::Step => match row.name() {
                "steps" | "try" | "catch" | "finally" | "default" => Place::Steps,
                "cases" => Place::Cases,
                "http" => Place::Request,
                "retry" => Place::Retry,
                _ => Place::Free,
            },
            Place::Triggers => Place::Trigger,
            Place::Request | Place::Retry | Place::Trigger | Place::Free => Place::Free,
        }
    }

    /// What the language reads behind a key: in a step, some keys hold an expression as it stands.
    pub fn reading(self, row: &Row) -> Reading {
        // Where a number may stand too, `3` and `"3"` differ.
        let bare = |field: &Field| {
            field.name == row.name()
                && matches!(field.shape, Shape::Expression | Shape::Either([Shape::Expression, ..]))
        };
        if self == Place::Step && (verb::STEP.iter().any(bare) || fields().any(bare)) {
            Reading::Expression
        } else {
            Reading::Value
        }
    }
}

fn fields() -> impl Iterator<Item = &'static Field> {
    verb::VERBS.iter().flat_map(|verb| verb.fields)
}

/// The rows in the order in which they are written; the author's where another would tear an alias from its anchor.
pub fn ordered(place: Place, rows: &[Row]) -> Vec<&Row> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    // Of two verbs, which is a mistake, always the same one.
    let verb = verb::VERBS.iter().find(|verb| rows.iter().any(|row| row.name() == verb.key));
    let verb = verb.map_or(&[][..], |verb| verb.fields);
    order.sort_by_key(|at| rank(place, &rows[*at], verb));
    if !keeps_aliases(rows, &order) {
        order.sort_unstable();
    }
    order.into_iter().map(|at| &rows[at]).collect()
}

fn rank(place: Place, row: &Row, verb: &[Field]) -> usize {
    let name = row.name();
    let listed = |names: &[&str]| names.iter().position(|known| *known == name);
    match place {
        Place::Top => match name {
            "name" => 0,
            "description" => 1,
            // A home for anchors stands above their use.
            _ if name.starts_with("x-") && holds_anchor(&row.value) => 2,
            _ if name.starts_with("x-") => usize::MAX,
            _ => 3 + listed(TOP).unwrap_or(TOP.len()),
        },
        Place::Step => in_step(name, verb),
        Place::Request => listed(REQUEST).unwrap_or(REQUEST.len()),
        Place::Retry => RETRIES.iter().position(|field| field.name == name).unwrap_or(RETRIES.len()),
        Place::Trigger => listed(TRIGGERS).unwrap_or(TRIGGERS.len()),
        Place::Steps | Place::Cases | Place::Triggers | Place::Free => 0,
    }
}

/// A step begins with what it is for and when it runs; its verb follows, then its settings. Blocks come last, so
/// that no setting hides behind them.
fn in_step(name: &str, verb: &[Field]) -> usize {
    let blocks = verb
        .iter()
        .position(|field| matches!(field.shape, Shape::Steps | Shape::Cases))
        .unwrap_or(verb.len());
    let head = FIRST.len() + blocks;
    let settings = || {
        let known = SETTINGS.iter().position(|known| *known == name);
        let other = || verb::STEP.iter().position(|field| field.name == name).map(|at| SETTINGS.len() + at);
        known.or_else(other)
    };
    if let Some(at) = FIRST.iter().position(|first| *first == name) {
        return at;
    }
    match verb.iter().position(|field| field.name == name) {
        Some(at) if at < blocks => FIRST.len() + at,
        Some(at) => head + 2 + SETTINGS.len() + verb::STEP.len() + at,
        None if verb::keys().any(|key| key == name) => head,
        None => settings().map_or(head + 1, |at| head + 2 + at),
    }
}

fn holds_anchor(piece: &Piece) -> bool {
    let in_row = |row: &Row| row.key.as_ref().is_some_and(holds_anchor) || holds_anchor(&row.value);
    piece.anchor.is_some() || piece.rows().iter().any(in_row)
}

/// True where, for each anchor, the rows that define and use it keep their order.
fn keeps_aliases(rows: &[Row], order: &[usize]) -> bool {
    if order.is_sorted() {
        return true;
    }
    let mut marks: BTreeMap<&str, (Vec<usize>, bool)> = BTreeMap::new();
    for at in order {
        let mut found = vec![];
        gather(rows[*at].key.as_ref(), &mut found);
        gather(Some(&rows[*at].value), &mut found);
        for (name, defines) in found {
            let mark = marks.entry(name).or_default();
            mark.0.push(*at);
            mark.1 |= defines;
        }
    }
    marks.values().all(|(rows, defines)| !defines || rows.is_sorted())
}

/// The names of anchors in a piece; true where it defines one, false where it uses it.
fn gather<'a>(piece: Option<&'a Piece>, found: &mut Vec<(&'a str, bool)>) {
    let Some(piece) = piece else { return };
    found.extend(piece.anchor.as_deref().map(|name| (name, true)));
    if let Content::Alias(name) = &piece.content {
        found.push((name, false));
    }
    for row in piece.rows() {
        gather(row.key.as_ref(), found);
        gather(Some(&row.value), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;
    use crate::verb::http;

    #[test]
    fn every_key_of_the_language_has_its_place() {
        let top = |key: &str| ["name", "description"].contains(&key) || TOP.contains(&key);
        assert!(keys::TOP.iter().all(|field| top(field.name)));
        assert!(http::REQUEST.iter().all(|field| REQUEST.contains(&field.name)));
        let step = |name| FIRST.contains(&name) || SETTINGS.contains(&name);
        assert_eq!(verb::STEP.iter().map(|field| field.name).find(|name| !step(name)), None);
    }
}
