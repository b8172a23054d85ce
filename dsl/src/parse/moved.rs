//! Keys and steps that stand at the wrong depth, and steps that came as a list: reported once, and read where
//! they belong.

use std::borrow::Cow;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix, nearest};
use crate::fields::{self, Reader};
use crate::habits;
use crate::span::{Span, SpanMap};
use crate::verb;
use crate::yaml::{Entry, Kind, Node, Scalar, Style};

/// Puts keys of a step that stand among the steps into the step before them. `output` has no step to go to; it is
/// taken out.
pub fn gathered<'e>(reader: &mut Reader<'_>, entries: &'e [Entry]) -> Cow<'e, [Entry]> {
    if !entries.iter().any(|entry| is_moved(entry) || is_output(entry)) {
        return Cow::Borrowed(entries);
    }
    let mut steps: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut at = 0;
    while at < entries.len() {
        let entry = &entries[at];
        if is_output(entry) {
            output(reader, entry);
            at += 1;
            continue;
        }
        let above = steps.last_mut().filter(|step| takes(step, &entry.key.text));
        let group = entries[at..].iter().take_while(|entry| is_moved(entry)).count();
        match above.filter(|_| group > 0) {
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
    Cow::Owned(steps)
}

fn is_output(entry: &Entry) -> bool {
    entry.key.text == "output" && !is_step(&entry.value)
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

/// True if a step can have a key more: it has no verb so far, or one that goes with the key.
fn takes(step: &Entry, key: &str) -> bool {
    let entries = match &step.value.kind {
        Kind::Map(entries) => &entries[..],
        Kind::List(_) | Kind::Scalar(_) => return step.value.is_null(),
    };
    let mut verbs = entries.iter().filter_map(|entry| verb::find(&entry.key.text)).peekable();
    verbs.peek().is_none()
        || verbs.any(|verb| verb.fields.iter().chain(verb::STEP).any(|field| field.name == key))
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

/// Puts unknown keys that follow a known one without a value into that one: they were not indented.
pub fn beside<'e>(reader: &mut Reader<'_>, entries: &'e [Entry], known: &[&str]) -> Cow<'e, [Entry]> {
    let is_empty = |entry: &Entry| known.contains(&&*entry.key.text) && entry.value.is_null();
    if !entries.windows(2).any(|pair| is_empty(&pair[0]) && is_stray(&pair[1], known)) {
        return Cow::Borrowed(entries);
    }
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut at = 0;
    while at < entries.len() {
        let entry = &entries[at];
        at += 1;
        let mut kept_entry = entry.clone();
        if is_empty(entry) {
            let strays = entries[at..].iter().take_while(|entry| is_stray(entry, known)).count();
            if let Some(first) = entries[at..at + strays].first() {
                reader.diagnostics.push(stray(reader.text, entry, first, &entries[at..at + strays]));
                let span = first.key.span().to(entries[at + strays - 1].value.span);
                let inner = entries[at..at + strays].to_vec();
                kept_entry.value = Node { span, kind: Kind::Map(inner) };
                at += strays;
            }
        }
        kept.push(kept_entry);
    }
    Cow::Owned(kept)
}

/// True for a key that is none of the known ones, nor meant for one, nor a word of another system.
fn is_stray(entry: &Entry, known: &[&str]) -> bool {
    let key = &*entry.key.text;
    !known.contains(&key)
        && !key.starts_with("x-")
        && nearest(key, known.iter().copied()).is_none()
        && habits::foreign_key(key).is_none_or(|_| is_step(&entry.value))
}

fn stray(text: &str, owner: &Entry, first: &Entry, all: &[Entry]) -> Diagnostic {
    let message = format!("`{}` stands beside `{}`, not in it", first.key.text, owner.key.text);
    let mut wrong = Diagnostic::error(Code::Indentation, first.key.span(), message)
        .label(owner.key.span(), "nothing is in here")
        .help(format!("indent what belongs to `{}` further than it", owner.key.text));
    let own_lines = all.iter().all(|entry| {
        text[line_start(text, entry.key.span())..entry.key.span().range().start].trim().is_empty()
    });
    if own_lines {
        let edits = all.iter().flat_map(|entry| indented(text, entry, 2)).collect();
        wrong.fixes.push(Fix { title: format!("indent it below `{}`", owner.key.text), edits });
    }
    wrong
}

/// Steps beside a verb that wants them in `steps:`, put there.
pub fn without_steps<'e>(
    reader: &mut Reader<'_>,
    entries: Cow<'e, [Entry]>,
    known: &[&str],
) -> Cow<'e, [Entry]> {
    let stray = |entry: &Entry| !known.contains(&&*entry.key.text) && is_step(&entry.value);
    let lacks_steps = known.contains(&"steps") && entries.iter().all(|entry| entry.key.text != "steps");
    if !lacks_steps || !entries.iter().any(stray) {
        return entries;
    }
    let (inner, mut kept): (Vec<Entry>, Vec<Entry>) = entries.into_owned().into_iter().partition(stray);
    let Some(first) = inner.first() else { return Cow::Owned(kept) };
    let message = format!("`{}` is a step, and stands beside the keys of its block", first.key.text);
    let wrong = Diagnostic::error(Code::Indentation, first.key.span(), message);
    reader.diagnostics.push(wrong.help("put the steps of the block into `steps:`"));
    let place = first.key.span();
    let key =
        Scalar { text: "steps".into(), style: Style::Plain, map: SpanMap { points: vec![], whole: place } };
    kept.push(Entry { key, value: Node { span: place, kind: Kind::Map(inner) } });
    Cow::Owned(kept)
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
    let mut wrong =
        Diagnostic::error(Code::StepList, Span::new(list.range().start, list.range().start + 1), message)
            .help("write the name of each step as its key: `NAME: { … }`");
    let edits: Option<Vec<Edit>> =
        items.iter().zip(&maps).map(|(item, map)| key_edit(reader.text, item, map)).collect();
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
pub fn foreign(entries: &[Entry]) -> Option<(&'static habits::Key, &Entry)> {
    entries.iter().find_map(|entry| habits::foreign_key(&entry.key.text).map(|key| (key, entry)))
}

/// `fail no`: a step that is a text which begins with a verb lacks a colon.
pub fn colonless(value: &Node) -> Option<Diagnostic> {
    let scalar = value.scalar().filter(|scalar| scalar.style == Style::Plain)?;
    let (word, rest) = scalar.text.split_once(' ')?;
    verb::find(word)?;
    let at = value.span.range().start;
    let fix = format!("write `{word}: {rest}`");
    let message = format!("a colon is missing behind `{word}`, so YAML reads a text");
    let place = Span::new(at + word.len(), at + word.len());
    let wrong = Diagnostic::error(Code::MissingBlank, Span::new(at, at + word.len()), message);
    Some(wrong.help(fix.clone()).fix(fix, place, ":"))
}
