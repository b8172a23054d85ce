//! Triggers: their schedules and events are read, and each input must have a value when nobody is there to give one.

use jiff::SignedDuration;

use crate::ast::{Trigger, TriggerKind};
use crate::check::Checking;
use crate::check::actions::{Given, Noun};
use crate::codes::Code;
use crate::cron;
use crate::diagnostic::{Diagnostic, nearest};
use crate::duration;
use crate::fields::listed;
use crate::span::{Span, SpanMap, Spanned};
use crate::workflow::Moment;

/// The shortest time between two runs.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);

/// Looks at every trigger.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    for trigger in &checking.ast.triggers {
        zone(trigger, &mut found);
        start(checking, trigger, &mut found);
        if let Some(from) = &trigger.from {
            time(from, &mut found);
        }
        inputs(checking, trigger, &mut found);
    }
    checking.diagnostics.extend(found);
}

fn zone(trigger: &Trigger, found: &mut Vec<Diagnostic>) {
    found.extend(trigger.timezone.as_ref().and_then(unknown_zone));
}

/// What is wrong with the name of a time zone, if anything.
pub fn unknown_zone(zone: &Spanned<String>) -> Option<Diagnostic> {
    if cron::zone(&zone.value).is_some() {
        return None;
    }
    let message = format!("there is no time zone `{}`", zone.value);
    let wrong = Diagnostic::error(Code::UnknownZone, zone.span, message);
    let names = cron::zones();
    Some(match nearest(&zone.value, names.iter().map(String::as_str)) {
        Some(near) => {
            wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), zone.span, near)
        }
        None => wrong.help("zones are named as in `Europe/Berlin`"),
    })
}

fn start(checking: &Checking<'_>, trigger: &Trigger, found: &mut Vec<Diagnostic>) {
    let Some(text) = &trigger.text else { return };
    match trigger.kind.value {
        TriggerKind::At => time(text, found),
        TriggerKind::Cron => {
            found.extend(schedule(text).into_iter().map(|wrong| placed(wrong, text, &trigger.places)));
        }
        TriggerKind::Every => every(text, found),
        TriggerKind::Event => event(checking, trigger, text, found),
        TriggerKind::Signal | TriggerKind::Webhook => {}
    }
}

/// What is wrong with a cron expression, with places in its text.
fn schedule(text: &Spanned<String>) -> Vec<Diagnostic> {
    match cron::Schedule::parse(&text.value) {
        Ok(schedule) if schedule.comes() => vec![],
        Ok(_) => {
            let message = format!("`{}` never comes: no year has such a day", text.value);
            let whole = Span::new(0, text.value.len());
            vec![Diagnostic::warning(Code::NeverComes, whole, message).help("look at the day and the month")]
        }
        Err(wrong) => wrong,
    }
}

/// The same in the file. What concerns the whole expression stands at the whole value, quotes included.
fn placed(mut wrong: Diagnostic, text: &Spanned<String>, places: &SpanMap) -> Diagnostic {
    let whole = wrong.span == Span::new(0, text.value.len());
    wrong.span = if whole { text.span } else { places.map(wrong.span) };
    for edit in wrong.fixes.iter_mut().flat_map(|fix| &mut fix.edits) {
        edit.span = places.map(edit.span);
    }
    wrong
}

fn every(text: &Spanned<String>, found: &mut Vec<Diagnostic>) {
    let wrong = |message| Diagnostic::error(Code::InvalidDuration, text.span, message);
    match duration::parse(text.value.trim()) {
        Some(length) if length >= SHORTEST => {}
        Some(length) if length.is_positive() => {
            let message = format!("`every` is at least 1s, and here is {}", duration::format(length));
            found.push(wrong(message).help("for what is more frequent, use `repeat` in one run"));
        }
        Some(_) | None => {
            let message = format!("`{}` is not a duration", text.value);
            found.push(wrong(message).help("write it as `30m`, `1d` or `2w`"));
        }
    }
}

fn event(checking: &Checking<'_>, trigger: &Trigger, id: &Spanned<String>, found: &mut Vec<Diagnostic>) {
    if let Some(event) = checking.catalog.event(&id.value) {
        let at = trigger.kind.span;
        let given = Given { to: &id.value, noun: Noun::Parameter, at, values: &trigger.with };
        given.check(checking, &event.input, found);
        return;
    }
    let wrong = Diagnostic::error(Code::UnknownEvent, id.span, format!("there is no event `{}`", id.value));
    let connector = id.value.split_once('.').map_or(&*id.value, |(connector, _)| connector);
    let mut events = checking.catalog.events_of(connector);
    if events.is_empty() {
        events = checking.catalog.events.values().collect();
    }
    let mut known = events.iter().map(|event| event.id.as_str());
    found.push(match nearest(&id.value, known.clone()) {
        Some(near) => {
            wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), id.span, near)
        }
        None => {
            let known: Vec<&str> = known.by_ref().take(8).collect();
            wrong.help(format!("events are {}", listed(&known)))
        }
    });
}

fn time(text: &Spanned<String>, found: &mut Vec<Diagnostic>) {
    if Moment::parse(text.value.trim()).is_none() {
        found.push(invalid_time(text));
    }
}

/// Says what times look like.
pub fn invalid_time(text: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` is not a time", text.value);
    Diagnostic::error(Code::InvalidTime, text.span, message)
        .help("write `2026-12-24T09:00`, or with an offset")
}

fn inputs(checking: &Checking<'_>, trigger: &Trigger, found: &mut Vec<Diagnostic>) {
    let known = || checking.ast.inputs.iter().map(|input| input.field.name.as_str());
    let mut given: Vec<&str> = vec![];
    for (key, _) in &trigger.inputs {
        if known().any(|name| name == key.value) {
            given.push(&key.value);
            continue;
        }
        let message = format!("the workflow has no input `{}`", key.value);
        let wrong = Diagnostic::error(Code::UnknownInput, key.span, message);
        found.push(match nearest(&key.value, known()) {
            Some(near) => {
                given.push(near);
                wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), key.span, near)
            }
            None => wrong,
        });
    }
    for input in &checking.ast.inputs {
        if !input.field.optional && !given.contains(&input.field.name.as_str()) {
            let name = &input.field.name;
            let message = format!("the trigger leaves the required input `{name}` open");
            let wrong = Diagnostic::error(Code::OpenInput, trigger.kind.span, message);
            let wrong = wrong.label(input.span, "it has no default");
            found.push(wrong.help(format!("give it a default, or `inputs: {{ {name}: … }}` at the trigger")));
        }
    }
}
