//! What starts a run: a time, an event of a service, a call.

use super::data::Data;
use super::{Done, No, Planner, ask};
use crate::clause::Clause;
use crate::lexicon::lexicon;
use crate::sketch::{Trigger, Val};
use crate::when::When;

/// Services that call an address and are no connectors, and words for a form.
const CALLS: &[&str] = &[
    "webhook",
    "web hook",
    "form",
    "formular",
    "formulaire",
    "formulario",
    "modulo",
    "typeform",
    "calendly",
    "tally",
    "http call",
    "booking",
];

impl Planner<'_> {
    /// Finds what starts the run.
    pub(super) fn start(&mut self) -> Done<()> {
        if let Some(found) = self.parts.time.clone() {
            match found.when {
                When::Starts { starts, assumed } => {
                    assumed.into_iter().for_each(|text| self.assume(text));
                    self.sketch.triggers.extend(starts.into_iter().map(Trigger::Time));
                }
                When::Ask { question, choices } => return Err(No::Ask(question, choices)),
            }
        } else if let Some(word) = vague(&self.parts.text) {
            return ask(format!("when is `{word}`? Say a time, as `weekdays at 9`"), []);
        }
        let Some(clause) = self.parts.trigger.clone() else {
            return self.call_without_when();
        };
        if !self.sketch.triggers.is_empty() {
            // Beside a time, what begins with `if` is a condition, and it is looked at where its data is.
            return Ok(());
        }
        if CALLS.iter().any(|word| has_word(&clause.text, word)) {
            return self.webhook();
        }
        self.event(&clause)
    }

    fn webhook(&mut self) -> Done<()> {
        self.sketch.triggers.push(Trigger::Webhook);
        self.assume("the webhook is proved by its address alone until you name a `verify` scheme, which deploying asks for");
        self.data.push(Data::Any { path: "trigger.body".into() });
        Ok(())
    }

    /// `Add every new Calendly booking webhook`: a call, though no word says when.
    fn call_without_when(&mut self) -> Done<()> {
        if self.sketch.triggers.is_empty()
            && self.parts.clauses.iter().any(|clause| has_word(&clause.text, "webhook"))
        {
            return self.webhook();
        }
        Ok(())
    }

    fn event(&mut self, clause: &Clause) -> Done<()> {
        let mut terms: Vec<(String, f64)> =
            crate::index::terms(&clause.text).into_iter().map(|term| (term, 0.4)).collect();
        terms.extend(clause.objects.iter().map(|(_, id)| (format!("o:{id}"), 2.0)));
        terms.extend(clause.services.iter().map(|(_, id)| (format!("s:{id}"), 3.0)));
        terms.extend(clause.happens.iter().map(|id| (format!("h:{id}"), 1.5)));
        let homes: Vec<String> = match clause.services.is_empty() {
            false => clause.services.iter().map(|(_, id)| id.clone()).collect(),
            true => {
                let object = clause
                    .objects
                    .iter()
                    .find(|(_, id)| lexicon().objects.get(id).is_some_and(|object| !object.home.is_empty()));
                let Some((_, id)) = object else {
                    return ask(
                        format!("what starts it? `{}` is no event that I know", clause.said),
                        ["when a new email arrives", "when a webhook is called", "every weekday at 9"]
                            .map(str::to_owned),
                    );
                };
                let object = &lexicon().objects[id];
                let having: Vec<String> = object
                    .home
                    .iter()
                    .filter(|home| !self.means.catalog.events_of(home).is_empty())
                    .cloned()
                    .collect();
                vec![self.home(id, &having, object.usual)?]
            }
        };
        let allowed = |id: &str| homes.iter().any(|home| id.split('.').next() == Some(home));
        let hits = self.means.library.events.find(&terms, &allowed);
        // What happens has to be what the event is about, and not only its service.
        let fits = |id: &str| {
            let own = crate::index::terms(&id.replace(['.', '_'], " "));
            clause.objects.iter().any(|(_, object)| own.contains(&format!("o:{object}")))
                || clause.happens.iter().any(|happens| own.contains(&format!("h:{happens}")))
        };
        let Some(best) = hits.iter().find(|hit| fits(&hit.id)).or(hits.first()).cloned() else {
            let known: Vec<String> = homes
                .iter()
                .flat_map(|home| self.means.catalog.events_of(home))
                .map(|event| event.about.clone())
                .take(4)
                .collect();
            return ask(format!("which event is meant by `{}`?", clause.said), known);
        };
        // What fails or is taken back is not what goes well, however alike the words are.
        let own = crate::index::terms(&best.id.replace(['.', '_'], " "));
        let contrary = clause
            .happens
            .iter()
            .find(|happens| CONTRARY.contains(&happens.as_str()) && !own.contains(&format!("h:{happens}")));
        if contrary.is_some() {
            let of = |home: &String| -> Vec<String> {
                let found = hits.iter().filter(|hit| hit.id.split('.').next() == Some(home));
                found
                    .filter_map(|hit| Some(self.means.catalog.event(&hit.id)?.about.clone()))
                    .take(4)
                    .collect()
            };
            let known: Vec<String> = homes.iter().flat_map(of).collect();
            return ask(format!("I know no event that is `{}`. Is one of these meant?", clause.said), known);
        }
        let Some(event) = self.means.catalog.event(&best.id).cloned() else { return self.nothing() };
        if fits(&best.id) {
            // It is as it was said.
        } else if hits.len() > 1 {
            let about = event.about.trim_end_matches('.').to_lowercase();
            self.assume(format!("`{}` is read as: {about} (`{}`)", clause.said, best.id));
        }
        let service = best.id.split('.').next().unwrap_or_default().to_owned();
        let object = clause.objects.first().map_or_else(
            || best.id.rsplit(['_', '.']).next().unwrap_or_default().to_owned(),
            |(_, id)| id.clone(),
        );
        let with = self.event_parameters(&event.input, clause);
        let data = Data::One { path: "trigger.event".into(), ty: event.payload.clone(), service, object };
        let filter = self.filter(clause, &event.payload, "event");
        self.sketch.triggers.push(Trigger::Event { id: best.id, with, filter });
        self.data.push(data);
        Ok(())
    }

    /// The parameters of an event are known when it is deployed: what is not said stands there to be filled in.
    fn event_parameters(&mut self, input: &[dsl::types::Field], clause: &Clause) -> Vec<(String, Val)> {
        let mut with = vec![];
        for field in input.iter().filter(|field| !field.optional && field.default.is_none()) {
            let value = match self.said(field, clause) {
                Some(value) => value,
                None => {
                    self.assume(format!("`{}` of the trigger is open: {}", field.name, field.about));
                    super::data::placeholder(&field.ty, &field.about).unwrap_or(Val::Text(String::new()))
                }
            };
            with.push((field.name.clone(), value));
        }
        with
    }
}

/// What happens that another event is the contrary of.
const CONTRARY: &[&str] = &["failed", "cancelled", "refunded", "deleted"];

/// Words for a time that say none.
fn vague(text: &str) -> Option<&'static str> {
    [
        "regularly",
        "sometimes",
        "occasionally",
        "soon",
        "later",
        "often",
        "every so often",
        "biweekly",
        "from time to time",
        "at some point",
    ]
    .into_iter()
    .find(|word| has_word(text, word))
}

/// True if a text in its normal form has these words.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
