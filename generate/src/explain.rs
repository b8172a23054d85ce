//! What a workflow does, in plain words: what starts it, what each step does, and what it gives.

use dsl::catalog::Catalog;
use dsl::cron::Schedule;
use dsl::duration;
use dsl::workflow::{Moment, Start, Workflow};
use engine::outline::{Beside, Entry, Outline, Part, Skip};
use engine::plan::Plan;

/// A workflow in plain words, a line for each thing that it does.
pub fn explain(workflow: &Workflow, catalog: &Catalog) -> String {
    let outline = Outline::new(&Plan::new(workflow), None, &Beside::default());
    let mut lines = vec![];
    if workflow.triggers.is_empty() {
        lines.push("It starts when somebody starts it.".to_owned());
    }
    for trigger in &workflow.triggers {
        lines.push(format!("It starts {}.", start(&trigger.start, catalog)));
    }
    let open: Vec<&str> = workflow
        .inputs
        .iter()
        .filter(|field| field.default.is_none() && !field.optional)
        .map(|field| field.name.as_str())
        .collect();
    if !open.is_empty() {
        lines.push(format!(
            "It asks for {} when it is started.",
            open.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ));
    }
    let mut number = 0;
    part(&outline.body, 0, &mut number, catalog, &mut lines);
    if outline.on_failure.is_some() {
        lines.push("If it fails, it does what stands under `on_failure`.".into());
    }
    lines.join("\n")
}

/// When a trigger starts it.
fn start(start: &Start, catalog: &Catalog) -> String {
    let zoned = |zone: &Option<String>| zone.as_ref().map(|zone| format!(" ({zone})")).unwrap_or_default();
    let moment = |moment: &Moment| match moment {
        Moment::Exact(time) => time.to_string(),
        Moment::Local(time) => format!("{} at {:02}:{:02}", time.date(), time.hour(), time.minute()),
    };
    match start {
        Start::At { time, timezone, .. } => format!("once, on {}{}", moment(time), zoned(timezone)),
        Start::Cron { schedule, keeping } => {
            let said =
                Schedule::parse(schedule).map_or_else(|_| schedule.clone(), |schedule| schedule.explain());
            format!("{said}{}", zoned(&keeping.timezone))
        }
        Start::Every { length, from, keeping } => {
            let from =
                from.as_ref().map(|from| format!(", counted from {}", moment(from))).unwrap_or_default();
            format!("every {}{from}{}", duration::format(*length), zoned(&keeping.timezone))
        }
        Start::Event { event, filter, .. } => {
            let about = catalog.event(event).map_or_else(|| event.clone(), |known| sentence(&known.about));
            let only = if filter.is_some() { ", where its `filter` holds" } else { "" };
            format!("when this happens: {about} (`{event}`){only}")
        }
        Start::Signal { name } => format!("for each signal `{name}`"),
        Start::Webhook { verify, .. } => {
            let proof =
                if verify.is_some() { "that proves who sends it" } else { "without a proof who calls" };
            format!("for each call of its own address, {proof}")
        }
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

fn part(part: &Part, depth: usize, number: &mut usize, catalog: &Catalog, lines: &mut Vec<String>) {
    for entry in part.entries() {
        *number += 1;
        let pad = "   ".repeat(depth);
        lines.push(format!("{pad}{number}. `{}`: {}.", entry.name, does(entry, catalog)));
        for inner in &entry.parts {
            if !inner.label.is_empty() {
                lines.push(format!("{pad}   in `{}`:", inner.label));
            }
            self::part(inner, depth + 1, number, catalog, lines);
        }
    }
}

fn does(entry: &Entry, catalog: &Catalog) -> String {
    let what = match entry.call.as_ref().and_then(|call| Some((catalog.get(&call.action)?, call))) {
        Some((known, call)) if entry.asks.is_none() => {
            format!("{} (`{}`)", sentence(&known.about), call.action)
        }
        _ => entry.about.clone(),
    };
    match &entry.skip {
        Some(Skip::Condition(condition)) => format!("{what}, only if `{condition}`"),
        Some(Skip::Both(condition, _)) => format!("{what}, only if `{condition}`"),
        Some(Skip::With(_)) | None => what,
    }
}
