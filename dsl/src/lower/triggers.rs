//! Triggers as they were written to triggers that can fire. Only reached without errors.

use crate::ast::{self, TriggerKind};
use crate::duration;
use crate::lower::object;
use crate::span::Spanned;
use crate::workflow::{Keeping, Moment, Start, Trigger};

/// Builds all triggers; nothing where a part is missing, which was reported as an error then.
pub fn lower(triggers: Vec<ast::Trigger>, connections: Named<'_>) -> Option<Vec<Trigger>> {
    triggers.into_iter().map(|written| trigger(written, connections)).collect()
}

/// The names of connections by their connectors, as `connections` gives them.
type Named<'a> = &'a [(Spanned<String>, Spanned<String>)];

fn trigger(mut trigger: ast::Trigger, connections: Named<'_>) -> Option<Trigger> {
    let inputs = object(std::mem::take(&mut trigger.inputs))?;
    Some(Trigger { span: trigger.kind.span, inputs, start: start(trigger, connections)? })
}

fn start(trigger: ast::Trigger, connections: Named<'_>) -> Option<Start> {
    let text = || trigger.text.as_ref().map(|text| text.value.clone());
    let timezone = trigger.timezone.as_ref().map(|zone| zone.value.clone());
    let keeping = Keeping {
        timezone: timezone.clone(),
        overlap: trigger.overlap,
        catch_up: trigger.catch_up,
        jitter: trigger.jitter,
    };
    Some(match trigger.kind.value {
        TriggerKind::At => {
            Start::At { time: Moment::parse(text()?.trim())?, timezone, catch_up: trigger.catch_up }
        }
        TriggerKind::Cron => Start::Cron { schedule: text()?, keeping },
        TriggerKind::Event => {
            let event = text()?;
            let connector = event.split_once('.').map_or(&*event, |(connector, _)| connector);
            let named = connections.iter().find(|(name, _)| name.value == connector);
            Start::Event {
                connection: named.map(|(_, connection)| connection.value.clone()),
                event,
                with: object(trigger.with)?,
                every: trigger.poll,
                filter: trigger.filter,
            }
        }
        TriggerKind::Every => {
            let from = match &trigger.from {
                Some(from) => Some(Moment::parse(from.value.trim())?),
                None => None,
            };
            Start::Every { length: duration::parse(text()?.trim())?, from, keeping }
        }
        TriggerKind::Signal => Start::Signal { name: text()? },
        TriggerKind::Webhook => {
            Start::Webhook { verify: trigger.verify, respond: trigger.respond, method: trigger.method }
        }
    })
}
