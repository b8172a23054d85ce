//! A condition on what comes in: some are left out, or some alone go on.

use dsl::ide::Document;
use dsl::yaml::Entry;

use super::page::{Page, Piece, entry};
use super::{Asked, Change};
use crate::plan::extend::{self, Narrowed};
use crate::plan::{Done, ask};
use crate::sketch::{Does, Step};
use crate::write;

/// Words that leave out what they name.
const SKIPS: &[&str] = &[
    "skip",
    "ignore",
    "exclude",
    "leave out",
    "except",
    "but not",
    "unless",
    "uberspringe",
    "ignoriere",
    "lass",
    "ausser",
    "keine",
    "sauf",
    "ignore les",
    "salta",
    "ignora",
    "excepto",
    "tranne",
    "without the",
];

/// Words that let go on what they name, and nothing else.
const ONLY: &[&str] =
    &["only", "just the", "nur", "seulement", "uniquement", "solo", "solamente", "soltanto"];

/// A condition, where one is said.
pub(super) fn narrowed(asked: &Asked<'_>) -> Done<Option<Change>> {
    let skips = asked.says(SKIPS);
    if !skips && !asked.says(ONLY) {
        return Ok(None);
    }
    if !skips && crate::when::find(&asked.wish, asked.means.here, &[]).is_some() {
        // `only on Fridays`
        return Ok(None);
    }
    let said: Vec<&str> =
        std::iter::once(asked.wish.as_str()).chain(asked.means.answers.iter().map(String::as_str)).collect();
    let (found, assumed) = extend::narrowed(&said.join(" "), skips, &asked.base(), asked.means)?;
    let pieces = match &found {
        Narrowed::Event(condition) => vec![event(asked.page, condition)?],
        Narrowed::List { step, within, condition, name } => {
            list(asked, &Kept { step, within, condition, name })?
        }
    };
    Ok(Some(Change { pieces, assumed }))
}

/// A condition of the only trigger.
fn event(page: &Page<'_>, condition: &str) -> Done<Piece> {
    let item = page.entry("triggers").and_then(|entry| match &entry.value.kind {
        dsl::yaml::Kind::List(items) => items.first(),
        dsl::yaml::Kind::Scalar(_) | dsl::yaml::Kind::Map(_) => None,
    });
    let Some(item) = item.filter(|item| !page.in_braces(item)) else {
        return ask(
            "its trigger stands in braces: write `filter:` there by hand, or `keyway fmt` it first",
            [],
        );
    };
    if let Some(old) = entry(item, "filter") {
        let Some(scalar) = old.value.scalar().filter(|scalar| !scalar.text.contains("{{")) else {
            return ask("its trigger has a filter that I cannot add to: write it by hand", []);
        };
        let both = format!("({}) and {condition}", scalar.text.trim());
        return Ok(Piece { place: old.value.span.range(), text: write::expression(&both) });
    }
    let pad = " ".repeat(page.column(item.span.range().start));
    let last = page.end_of(item);
    Ok(page.behind(last, &format!("{pad}filter: {}", write::expression(condition))))
}

/// A list of which some are kept.
struct Kept<'a> {
    step: &'a str,
    within: &'a str,
    condition: &'a str,
    name: &'a str,
}

/// A step behind the one that reads a list, and its readers read that one.
fn list(asked: &Asked<'_>, kept: &Kept<'_>) -> Done<Vec<Piece>> {
    let page = asked.page;
    let steps = page.steps();
    let Some(source) = steps.iter().find(|step| step.top && step.entry.key.text == kept.step) else {
        return ask(format!("there is no step `{}` at the top", kept.step), []);
    };
    let at = source.entry.key.span().range().start;
    if page.column(at) == 0 || page.entry("steps").is_some_and(|steps| page.in_braces(&steps.value)) {
        return ask("the steps stand in braces: put each on lines of its own first (`keyway fmt`)", []);
    }
    let path = if kept.within.is_empty() { String::new() } else { format!(".{}", kept.within) };
    let expr = format!("steps.{}{path} | filter(it => {})", kept.step, kept.condition);
    let step = Step { name: kept.name.into(), cond: None, after: None, does: Does::Keep { list: expr } };
    let written = page.written(&write::step(&step, 1), 2, page.column(at));
    let mut pieces = vec![page.behind(page.end_of_entry(source.entry), &written)];
    pieces.extend(readers(asked, source.entry, &path, kept.name));
    if pieces.len() == 1 {
        return ask(format!("no step reads the list of `{}`: what is it for?", kept.step), []);
    }
    Ok(pieces)
}

/// Where the list of a step is read: the kept one stands there.
fn readers(asked: &Asked<'_>, source: &Entry, path: &str, name: &str) -> Vec<Piece> {
    let page = asked.page;
    let document = Document::new(page.text, asked.means.catalog);
    let uses = document.references(source.key.span().range().start);
    uses.into_iter()
        .filter_map(|span| {
            let range = span.range();
            let rest = &page.text[range.end..];
            let read = page.text[..range.start].ends_with("steps.") && rest.starts_with(path);
            let goes_on = rest[path.len().min(rest.len())..]
                .chars()
                .next()
                .is_some_and(|char| char.is_alphanumeric() || char == '_');
            (read && !goes_on)
                .then(|| Piece { place: range.start..range.end + path.len(), text: format!("{name}.list") })
        })
        .collect()
}
