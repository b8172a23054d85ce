//! Finding actions and events by words: BM25 over what a catalog says of them, with the words of people beside its own.

use std::collections::{BTreeMap, HashMap};

use dsl::catalog::{Action, Catalog, Event};

use crate::lexicon::{Meaning, lexicon};
use crate::normal::normal;

/// How fast more of the same word counts less, and how much a long text is held back.
const K1: f64 = 1.2;
const B: f64 = 0.6;

/// What is found: an action or an event, by its id.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The id, `connector.name`.
    pub id: String,
    /// How well it fits; comparable within one question.
    pub score: f64,
}

/// An index over ids with texts.
#[derive(Debug, Default)]
pub struct Index {
    ids: Vec<String>,
    lengths: Vec<f64>,
    /// For each term, in which of them it stands, how often.
    terms: HashMap<String, Vec<(u32, f64)>>,
    average: f64,
}

/// What a catalog has, to be found by words.
#[derive(Debug)]
pub struct Library {
    /// The actions.
    pub actions: Index,
    /// The events.
    pub events: Index,
}

impl Library {
    /// Makes it of all that a catalog has, but for the requests of an author's own.
    pub fn new(catalog: &Catalog) -> Library {
        let actions = catalog.all_actions();
        let actions =
            actions.iter().filter(|action| !action.id.ends_with(".request")).map(|action| of_action(action));
        let actions = Index::new(actions);
        let events = catalog.all_events();
        let events = Index::new(events.iter().map(|event| of_event(event)));
        Library { actions, events }
    }
}

fn of_action(action: &Action) -> (String, Vec<String>) {
    let mut found = terms_of(&action.id.replace(['.', '_'], " "), 3);
    found.extend(terms_of(&action.about, 1));
    for field in &action.input {
        found.extend(terms_of(&field.name.replace('_', " "), 1));
    }
    found.push(service_term(&action.id));
    found.extend(mails(&action.id, &found));
    (action.id.clone(), found)
}

fn of_event(event: &Event) -> (String, Vec<String>) {
    let mut found = terms_of(&event.id.replace(['.', '_'], " "), 3);
    found.extend(terms_of(&event.about, 1));
    found.push(service_term(&event.id));
    found.extend(mails(&event.id, &found));
    (event.id.clone(), found)
}

/// What services of mail call messages is mail to people.
fn mails(id: &str, found: &[String]) -> Vec<String> {
    let of_mail = id.starts_with("gmail.") || id.starts_with("outlook_mail.");
    let count = found.iter().filter(|term| *term == "o:message").count();
    vec!["o:mail".to_owned(); if of_mail { count } else { 0 }]
}

fn service_term(id: &str) -> String {
    format!("s:{}", id.split('.').next().unwrap_or(id))
}

/// The terms of a text so many times: its words by their stems, and what they mean.
fn terms_of(text: &str, times: usize) -> Vec<String> {
    let once = terms(text);
    std::iter::repeat_n(once, times).flatten().collect()
}

/// The terms of a text: its words by their stems, and what they mean.
pub fn terms(text: &str) -> Vec<String> {
    let text = normal(text);
    let mut found: Vec<String> =
        crate::lexicon::places(&text).into_iter().map(|place| stem(&text[place])).collect();
    for word in lexicon().words(&text) {
        found.extend(word.meanings.iter().filter_map(term));
    }
    found
}

/// The term of a meaning.
pub fn term(meaning: &Meaning) -> Option<String> {
    match meaning {
        Meaning::Service(id) => Some(format!("s:{id}")),
        Meaning::Object(id) => Some(format!("o:{id}")),
        Meaning::Verb(id) => Some(format!("v:{id}")),
        Meaning::Happens(id) => Some(format!("h:{id}")),
        Meaning::Trigger | Meaning::Never => None,
    }
}

/// A word without its commonest endings.
fn stem(word: &str) -> String {
    let cut = ["ies", "ing", "ed", "es", "s"]
        .into_iter()
        .find_map(|end| word.strip_suffix(end).filter(|rest| rest.len() > 2));
    cut.unwrap_or(word).to_owned()
}

impl Index {
    /// Makes an index of ids with their terms.
    pub fn new(entries: impl IntoIterator<Item = (String, Vec<String>)>) -> Index {
        let mut index = Index::default();
        for (id, terms) in entries {
            let at = u32::try_from(index.ids.len()).unwrap_or(u32::MAX);
            index.ids.push(id);
            index.lengths.push(terms.len() as f64);
            let mut counts: BTreeMap<String, f64> = BTreeMap::new();
            for term in terms {
                *counts.entry(term).or_default() += 1.0;
            }
            for (term, count) in counts {
                index.terms.entry(term).or_default().push((at, count));
            }
        }
        index.average = index.lengths.iter().sum::<f64>() / (index.lengths.len().max(1) as f64);
        index
    }

    /// Those that fit these terms, the best first. Terms have weights; `allowed` says which ids count.
    pub fn find(&self, terms: &[(String, f64)], allowed: &dyn Fn(&str) -> bool) -> Vec<Hit> {
        let all = self.ids.len() as f64;
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for (term, weight) in terms {
            let Some(places) = self.terms.get(term) else { continue };
            let rare = (1.0 + (all - places.len() as f64 + 0.5) / (places.len() as f64 + 0.5)).ln();
            for (at, count) in places {
                let length = self.lengths.get(*at as usize).copied().unwrap_or(1.0) / self.average.max(1.0);
                let saturated = count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
                *scores.entry(*at).or_default() += weight * rare * saturated;
            }
        }
        let mut hits: Vec<Hit> = scores
            .into_iter()
            .filter_map(|(at, score)| Some(Hit { id: self.ids.get(at as usize)?.clone(), score }))
            .filter(|hit| allowed(&hit.id))
            .collect();
        hits.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| one.id.cmp(&other.id)));
        hits
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_thousand_actions_are_searched() {
        let verbs = ["list", "create", "update", "delete", "send"];
        let entries = (0..1000).map(|at| {
            let text = format!(
                "{} thing {} of service {} with name subject text channel limit",
                verbs[at % 5],
                at % 97,
                at % 40
            );
            (format!("s{}.a{at}", at % 40), terms(&text))
        });
        let index = Index::new(entries);
        let wanted: Vec<(String, f64)> =
            terms("send thing 5 with subject and text").into_iter().map(|term| (term, 1.0)).collect();
        let began = Instant::now();
        let rounds = 50;
        for _ in 0..rounds {
            assert!(!index.find(&wanted, &|_| true).is_empty());
        }
        // A figure of a build without optimisation beside other jobs says little; it is held to the bound where that is asked for.
        let each = began.elapsed() / rounds;
        println!("{each:?} a search of {} actions", index.len());
        if std::env::var_os("KEYWAY_TIMES").is_some() {
            assert!(each.as_millis() < 2, "{each:?}");
        }
    }

    #[test]
    fn what_has_the_rarer_word_is_found_first() {
        let index = Index::new([
            ("a.x".to_owned(), terms("list open mail")),
            ("a.y".to_owned(), terms("list open issue")),
        ]);
        let found = index.find(&[("issue".into(), 1.0), ("list".into(), 1.0)], &|_| true);
        assert_eq!(found.first().map(|hit| hit.id.as_str()), Some("a.y"));
    }
}
