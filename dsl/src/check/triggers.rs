//! Triggers: their schedules are read, and each input must have a value when nobody is there to give one.

use crate::ast::Trigger;
use crate::check::Checking;
use crate::codes::Code;
use crate::cron;
use crate::diagnostic::{Diagnostic, nearest};
use crate::duration;

/// Looks at every trigger.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    for trigger in &checking.ast.triggers {
        schedule(trigger, &mut found);
        inputs(checking, trigger, &mut found);
        let message = format!("the trigger `{}` does not fire yet", trigger.kind.value);
        let wrong = Diagnostic::warning(Code::TriggerNotYet, trigger.kind.span, message);
        found.push(wrong.help("start the workflow by hand: `keyway run`"));
    }
    checking.diagnostics.extend(found);
}

fn schedule(trigger: &Trigger, found: &mut Vec<Diagnostic>) {
    if let Some(zone) = &trigger.timezone
        && cron::zone(&zone.value).is_none()
    {
        let wrong = Diagnostic::error(
            Code::UnknownZone,
            zone.span,
            format!("there is no time zone `{}`", zone.value),
        );
        let names = cron::zones();
        found.push(match nearest(&zone.value, names.iter().map(String::as_str)) {
            Some(near) => {
                wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), zone.span, near)
            }
            None => wrong.help("zones are named as in `Europe/Berlin`"),
        });
    }
    let Some(text) = &trigger.text else { return };
    match trigger.kind.value {
        "cron" => {
            if let Err(reason) = cron::Schedule::parse(&text.value) {
                let message = format!("`{}` is no schedule: {reason}", text.value);
                let wrong = Diagnostic::error(Code::InvalidCron, text.span, message);
                found.push(
                    wrong.help("five fields: minute, hour, day, month, weekday, as in `0 9 * * MON-FRI`"),
                );
            }
        }
        "every" if duration::parse(&text.value).is_none_or(|length| !length.is_positive()) => {
            let message = format!("`{}` is not a duration", text.value);
            let wrong = Diagnostic::error(Code::InvalidDuration, text.span, message);
            found.push(wrong.help("write it as `30m`, `1d` or `2w`"));
        }
        "at" if !is_time(&text.value) => {
            let wrong =
                Diagnostic::error(Code::InvalidTime, text.span, format!("`{}` is not a time", text.value));
            found.push(wrong.help("write `2026-12-24T09:00`, or with an offset"));
        }
        _ => {}
    }
}

fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok()
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
