//! What of the language this version carries out. The one list: who starts runs asks it first.

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::span::Span;
use dsl::workflow::{Start, Workflow};

/// The events of the product itself begin so.
const OWN: &str = "keyway.";

/// Why a run of a workflow cannot be started: an error for each step and setting that would not be kept. What
/// would be left out without harm is a warning.
pub fn lacks(workflow: &Workflow) -> Vec<Diagnostic> {
    let events = workflow.triggers.iter().filter_map(|trigger| match &trigger.start {
        Start::Event { event, .. } if !event.starts_with(OWN) => Some(event),
        _ => None,
    });
    let told = |event: &String| {
        let message = format!("the event `{event}` starts no runs in this version");
        Diagnostic::warning(Code::NotYet, Span::default(), message)
    };
    events.map(told).collect()
}

#[cfg(test)]
mod tests {
    use dsl::catalog::{Action, Catalog, Event, Safety, Trust};
    use dsl::types::Type;

    use super::*;

    fn told(text: &str) -> Vec<String> {
        let get = Action {
            id: "http.get".into(),
            about: String::new(),
            safety: Safety::Read,
            input: vec![],
            output: Type::Any,
            trust: Trust::Untrusted,
        };
        let new = Event { id: "mail.new".into(), about: String::new(), input: vec![], payload: Type::Any };
        let mut catalog = Catalog::new([get]);
        catalog.events.insert(new.id.clone(), new);
        let checked = dsl::check(text, &catalog);
        let workflow = checked.workflow.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics));
        lacks(&workflow).into_iter().map(|lack| format!("{} {}", lack.code.id(), lack.message)).collect()
    }

    #[test]
    fn an_event_of_a_service_is_named_since_it_starts_nothing() {
        let text = "name: x\ntriggers: [{ event: mail.new }]\nsteps:\n  a: { use: http.get, connection: mine }\n\
                    output: \"{{ steps.a }}\"\n";
        assert_eq!(told(text), ["KW0117 the event `mail.new` starts no runs in this version"]);
    }

    #[test]
    fn what_runs_is_not_spoken_of() {
        let text = "name: x\ntriggers: [{ cron: \"0 9 * * *\" }]\nlimits: { timeout: 1h, steps: 10 }\n\
                    concurrency: { max: 1 }\nsteps:\n  a: { wait: { until: \"2026-12-24T09:00\" } }\n  \
                    b: { wait: 1s, timeout: 2s }\n  c: { ai: hi, tools: http.get }\n  d: { emit: done }\n  e: { call: other }\n  \
                    f: { approve: { message: ok } }\noutput: \"{{ steps.c }}\"\n";
        assert_eq!(told(text), [""; 0]);
    }
}
