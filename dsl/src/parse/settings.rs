//! What holds for a whole run or for many steps: `limits`, `defaults`, `concurrency`, `connections`, `retry`.

use crate::ast::{Defaults, Limits, Retry};
use crate::catalog::FailureKind;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::{Fields, Owner, Reader};
use crate::keys;
use crate::shape::names;
use crate::span::Spanned;
use crate::workflow::{Concurrency, WhenFull};
use crate::yaml::{Entry, Kind, Node};

/// Reads `limits`.
pub fn limits(reader: &mut Reader<'_>, entry: &Entry) -> Limits {
    let owner = Owner { what: "`limits`", span: entry.key.span() };
    let Some(mut limits) = Fields::open(reader, &entry.value, &owner, &names(keys::LIMITS)) else {
        return Limits::default();
    };
    let steps = limits.integer("steps", 1..=i64::MAX).and_then(|number| u64::try_from(number).ok());
    Limits { ai_cost: limits.number("ai_cost", 0.0..=f64::MAX), steps, timeout: limits.duration("timeout") }
}

/// Reads `defaults`.
pub fn defaults(reader: &mut Reader<'_>, entry: &Entry) -> Defaults {
    let owner = Owner { what: "`defaults`", span: entry.key.span() };
    let Some(mut fields) = Fields::open(reader, &entry.value, &owner, &names(keys::DEFAULTS)) else {
        return Defaults::default();
    };
    let quality =
        fields.take("quality").and_then(|node| fields.reader.choice(node, "quality", keys::QUALITY));
    let retry = fields.take("retry").and_then(|node| retry(fields.reader, node));
    Defaults { quality, retry: retry.unwrap_or_default(), timeout: fields.duration("timeout") }
}

/// Reads `concurrency`.
pub fn concurrency(reader: &mut Reader<'_>, entry: &Entry) -> Option<Concurrency> {
    let owner = Owner { what: "`concurrency`", span: entry.key.span() };
    let mut fields = Fields::open(reader, &entry.value, &owner, &names(keys::CONCURRENCY))?;
    let key = fields.take("key").and_then(|node| fields.reader.expr(node, "key"));
    let max = fields.integer("max", 1..=10_000).and_then(|number| u32::try_from(number).ok());
    let when_full =
        fields.take("when_full").and_then(|node| fields.reader.choice(node, "when_full", keys::WHEN_FULL));
    let when_full = match when_full {
        Some("cancel_oldest") => WhenFull::CancelOldest,
        Some("skip") => WhenFull::Skip,
        _ => WhenFull::Queue,
    };
    Some(Concurrency { span: entry.key.span(), key, max: max.unwrap_or(1), when_full })
}

/// Reads `connections`: a name for each connector.
pub fn connections(reader: &mut Reader<'_>, node: &Node) -> Vec<(Spanned<String>, Spanned<String>)> {
    let Kind::Map(entries) = &node.kind else {
        if !node.is_null() {
            let message = format!(
                "`connections` is a mapping of connectors to names, and here stands {}",
                node.describe()
            );
            let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
            reader.fail(wrong.help("write `connections: { slack: work }`"), node.span);
        }
        return vec![];
    };
    let read = |entry: &Entry| {
        let name = reader.text(&entry.value, &format!("the connection of `{}`", entry.key.text))?;
        Some((Spanned::new(entry.key.text.clone(), entry.key.span()), name))
    };
    entries.iter().filter_map(read).collect()
}

/// Reads `retry: 3` or its long form.
pub fn retry(reader: &mut Reader<'_>, node: &Node) -> Option<Retry> {
    if node.scalar().is_some() {
        let attempts = reader.integer(node, "retry", 1..=1000)?;
        return Some(Retry { attempts: u32::try_from(attempts).ok(), ..Retry::default() });
    }
    let owner = Owner { what: "`retry`", span: node.span };
    let mut fields = Fields::open(reader, node, &owner, &names(keys::RETRIES))?;
    let attempts = fields.integer("attempts", 1..=1000).and_then(|number| u32::try_from(number).ok());
    let delay = fields.duration("delay");
    let max_delay = fields.duration("max_delay");
    let factor = fields.number("factor", 1.0..=100.0);
    let on = fields.take("on").map(|node| kinds(fields.reader, node));
    Some(Retry { attempts, delay, factor, max_delay, on })
}

fn kinds(reader: &mut Reader<'_>, node: &Node) -> Vec<FailureKind> {
    let one = std::slice::from_ref(node);
    let items = match &node.kind {
        Kind::List(items) => items,
        Kind::Scalar(_) | Kind::Map(_) => one,
    };
    let chosen = items.iter().filter_map(|item| reader.choice(item, "on", &FailureKind::NAMES));
    chosen.filter_map(|name| FailureKind::ALL.into_iter().find(|kind| kind.name() == name)).collect()
}
