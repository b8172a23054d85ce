//! Keys and steps that stand at the wrong depth, and steps that came as a list: reported once, and read where
//! they belong.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::fields::{self, Reader};
use crate::habits;
use crate::span::{Span, SpanMap};
use crate::verb;
use crate::yaml::{Entry, Kind, Node, Scalar, Style};

/// Puts keys of a step that stand among the steps into the step before them. `output` has no step to go to; it is
/// taken out.
pub fn gathered(reader: &mut Reader<'_>, entries: &[Entry]) -> Vec<Entry> {
    let mut steps: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut at = 0;
    while at < entries.len() {
        let entry = &entries[at];
        if entry.key.text == "output" && !is_step(&entry.value) {
            output(reader, entry);
            at += 1;
            continue;
        }
        let group = entries[at..].iter().take_while(|entry| is_moved(entry)).count();
        match steps.last_mut().filter(|step| group > 0 && takes(step)) {
            Some(step) => {
                below(reader, step, &entries[at..at + group]);
                at += group;
            }
            None => {
                steps.push(entry.clone());
                at += 1;
            }
        }
    }
    steps
}

/// True if the order of the file has a key of a step here, and no step.
fn is_moved(entry: &Entry) -> bool {
    let fields = verb::VERBS.iter().flat_map(|verb| verb.fields).chain(verb::STEP);
    let known = verb::keys().any(|key| key == entry.key.text)
        || fields.into_iter().any(|field| field.name == entry.key.text);
    known && entry.key.text != "output" && !is_step(&entry.value) && !entry.value.is_null()
}

/// True for a mapping with a verb, or with a word that was meant for one.
fn is_step(value: &Node) -> bool {
    let Kind::Map(entries) = &value.kind else { return false };
    entries.iter().any(|entry| verb::keys().any(|key| key == entry.key.text))
}

/// True if more keys can be put into a step.
fn takes(step: &Entry) -> bool {
    step.value.is_null() || matches!(step.value.kind, Kind::Map(_))
}

fn below(reader: &mut Reader<'_>, step: &mut Entry, moved: &[Entry]) {
    let Some(first) = moved.first() else { return };
    let (name, key) = (&step.key.text, &first.key.text);
    let message = format!("`{key}` stands among the steps; it seems to belong to `{name}`");
    let mut wrong = Diagnostic::error(Code::Indentation, first.key.span(), message)
        .label(step.key.span(), "the step above")
        .help(format!("indent `{key}` further than `{name}`"));
    if let Some(by) = deeper(reader.text, step, first) {
        let edits = moved.iter().flat_map(|entry| indented(reader.text, entry, by)).collect();
        wrong.fixes.push(Fix { title: format!("indent it below `{name}`"), edits });
    }
    reader.diagnostics.push(wrong);
    let mut entries = match std::mem::replace(&mut step.value.kind, Kind::Map(vec![])) {
        Kind::Map(entries) => entries,
        Kind::List(_) | Kind::Scalar(_) => vec![],
    };
    entries.extend(moved.iter().cloned());
    let end = moved.last().map_or(step.value.span, |last| last.value.span);
    step.value = Node { span: step.value.span.to(end), kind: Kind::Map(entries) };
}

/// By how many blanks a key must move to stand with the other keys of a step; nothing where that is not clear.
fn deeper(text: &str, step: &Entry, key: &Entry) -> Option<usize> {
    let wanted = match &step.value.kind {
        Kind::Map(entries) => {
            let first = entries.first()?;
            let on_own_line = line_start(text, first.key.span()) != line_start(text, step.key.span());
            on_own_line.then(|| column(text, first.key.span()))?
        }
        Kind::List(_) | Kind::Scalar(_) => column(text, step.key.span()) + 2,
    };
    wanted.checked_sub(column(text, key.key.span())).filter(|by| *by > 0)
}

fn line_start(text: &str, span: Span) -> usize {
    text[..span.range().start].rfind('\n').map_or(0, |newline| newline + 1)
}

fn column(text: &str, span: Span) -> usize {
    span.range().start - line_start(text, span)
}

/// Where the lines of an entry begin.
fn line_starts(text: &str, entry: &Entry) -> Vec<usize> {
    let first = line_start(text, entry.key.span());
    let end = entry.key.span().to(entry.value.span).range().end.min(text.len());
    let rest = text[first..end].match_indices('\n').map(|(at, _)| first + at + 1);
    std::iter::once(first).chain(rest.filter(|start| *start < end)).collect()
}

fn indented(text: &str, entry: &Entry, by: usize) -> Vec<Edit> {
    let insert = |at: usize| Edit { span: Span::new(at, at), text: " ".repeat(by) };
    line_starts(text, entry).into_iter().map(insert).collect()
}

fn output(reader: &mut Reader<'_>, entry: &Entry) {
    let text = reader.text;
    let margin = column(text, entry.key.span());
    let outer = text[..line_start(text, entry.key.span())].lines().rev().find_map(|line| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        (indent < margin && !line.trim().is_empty()).then_some(indent)
    });
    let message = "`output` stands among the steps, and is the name of none";
    let wrong = Diagnostic::error(Code::Indentation, entry.key.span(), message);
    let starts = line_starts(text, entry);
    let clear = |by: usize| starts.iter().all(|start| text[*start..].starts_with(&" ".repeat(by)));
    let wrong = match outer {
        Some(0) => wrong.help("begin it at the margin, beside `steps:`"),
        _ => wrong.help("begin it below the first letter of `steps:`"),
    };
    let by = margin - outer.unwrap_or(0).min(margin);
    reader.fail(
        if by > 0 && clear(by) {
            let edits = starts.iter().map(|at| Edit { span: Span::new(*at, at + by), text: String::new() });
            let mut wrong = wrong;
            wrong.fixes.push(Fix { title: "move it beside `steps:`".into(), edits: edits.collect() });
            wrong
        } else {
            wrong
        },
        entry.value.span,
    );
}

/// Steps that stand beside an empty `steps:`: taken out of the top and given as its value.
pub fn beside(reader: &mut Reader<'_>, entries: &[Entry], known: &[&str]) -> Option<Vec<Entry>> {
    let steps = entries.iter().find(|entry| entry.key.text == "steps" && entry.value.is_null())?;
    let stray = |entry: &&Entry| {
        !known.contains(&&*entry.key.text)
            && entry.key.span().start > steps.key.span().start
            && is_step(&entry.value)
    };
    let strays: Vec<Entry> = entries.iter().filter(stray).cloned().collect();
    let first = strays.first()?;
    let message = format!("`{}` stands beside `steps`, not in it", first.key.text);
    let mut wrong = Diagnostic::error(Code::Indentation, first.key.span(), message)
        .label(steps.key.span(), "nothing is in here")
        .help("indent the steps further than `steps:`");
    let edits = strays.iter().flat_map(|entry| indented(reader.text, entry, 2)).collect();
    wrong.fixes.push(Fix { title: "indent the steps".into(), edits });
    reader.diagnostics.push(wrong);
    Some(strays)
}

/// Steps that came as a list, by their `id` or `name`; nothing where an item is no mapping.
pub fn listed(reader: &mut Reader<'_>, items: &[Node], list: Span, what: &str) -> Option<Vec<Entry>> {
    let maps: Option<Vec<&[Entry]>> = items
        .iter()
        .map(|item| match &item.kind {
            Kind::Map(entries) => Some(&entries[..]),
            Kind::List(_) | Kind::Scalar(_) => None,
        })
        .collect();
    let maps = maps.filter(|maps| !maps.is_empty())?;
    let message = format!("{what} is a mapping of names to steps, and here stands a list");
    let mut wrong = Diagnostic::error(Code::StepList, Span::new(list.range().start, list.range().start + 1), message)
        .help("write the name of each step as its key: `NAME: { … }`");
    let edits: Option<Vec<Edit>> = items.iter().zip(&maps).map(|(item, map)| key_edit(reader.text, item, map)).collect();
    if let Some(edits) = edits {
        wrong.fixes.push(Fix { title: "make a mapping of it".into(), edits });
    }
    reader.diagnostics.push(wrong);
    let named = items.iter().zip(maps).enumerate().map(|(at, (item, entries))| named(at, item, entries));
    Some(named.collect())
}

/// `- id: a` becomes `a:`, where the name comes first and can be one.
fn key_edit(text: &str, item: &Node, entries: &[Entry]) -> Option<Edit> {
    let first = entries.first().filter(|first| matches!(&*first.key.text, "id" | "name"))?;
    let name = first.value.scalar().filter(|name| fields::is_name(&name.text))?;
    let second = entries.get(1)?;
    let alone = line_start(text, second.key.span()) != line_start(text, first.key.span());
    let dash = text[..item.span.range().start].rfind('-')?;
    let own_line = text[line_start(text, item.span)..dash].trim().is_empty();
    let edit = Edit { span: Span::new(dash, first.value.span.range().end), text: format!("{}:", name.text) };
    (alone && own_line).then_some(edit)
}

fn named(at: usize, item: &Node, entries: &[Entry]) -> Entry {
    let name = ["id", "name"].into_iter().find_map(|key| {
        let entry = entries.iter().find(|entry| entry.key.text == key)?;
        Some((entry.value.scalar()?.clone(), key))
    });
    let kept = |entry: &&Entry| name.as_ref().is_none_or(|(_, key)| entry.key.text != *key);
    let rest: Vec<Entry> = entries.iter().filter(kept).cloned().collect();
    let key = match &name {
        Some((scalar, _)) if fields::is_name(&scalar.text) => scalar.clone(),
        Some((scalar, _)) => made(&scalar.text, at, scalar.span()),
        None => made("", at, Span::new(item.span.range().start, item.span.range().start)),
    };
    Entry { key, value: Node { span: item.span, kind: Kind::Map(rest) } }
}

/// A name that can be one: what was written, with `_` for what is not allowed, else a number.
fn made(wrote: &str, at: usize, span: Span) -> Scalar {
    let word: String =
        wrote.to_lowercase().chars().map(|char| if char.is_alphanumeric() { char } else { '_' }).collect();
    let text = if fields::is_name(&word) { word } else { format!("step_{}", at + 1) };
    Scalar { text, style: Style::Plain, map: SpanMap { points: vec![], whole: span } }
}

/// A foreign word among the keys of a step that has no verb.
pub fn foreign<'e>(entries: &'e [Entry]) -> Option<(&'static habits::Key, &'e Entry)> {
    entries.iter().find_map(|entry| habits::foreign_key(&entry.key.text).map(|key| (key, entry)))
}
