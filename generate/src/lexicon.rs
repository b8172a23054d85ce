//! The words of five languages, by what they mean: services, things, verbs. They are data (`data/words.toml`).

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::OnceLock;

use serde::Deserialize;

/// What a word means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    /// A service, by its id.
    Service(String),
    /// A thing that services have.
    Object(String),
    /// Something to be done.
    Verb(String),
    /// Something that happens.
    Happens(String),
    /// A word before what starts a run.
    Trigger,
    /// Something that no connector can do.
    Never,
}

/// A thing that services have.
#[derive(Clone, Debug, Deserialize)]
pub struct Object {
    /// How it is called.
    words: Vec<String>,
    /// The services that have it, the usual one first.
    pub home: Vec<String>,
    /// True where the usual one is taken unless another is named or connected.
    #[serde(default)]
    pub usual: bool,
}

#[derive(Deserialize)]
struct Words {
    words: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    services: BTreeMap<String, Vec<String>>,
    names: BTreeMap<String, String>,
    objects: BTreeMap<String, Object>,
    verbs: BTreeMap<String, Vec<String>>,
    triggers: Words,
    happens: BTreeMap<String, Vec<String>>,
    never: Words,
}

/// The words.
pub struct Lexicon {
    /// The things, by their names here.
    pub objects: BTreeMap<String, Object>,
    names: BTreeMap<String, String>,
    meanings: HashMap<String, Vec<Meaning>>,
    longest: usize,
}

/// A word of a text that means something.
#[derive(Clone, Debug)]
pub struct Word {
    /// Where it stands, in bytes of the text in its normal form.
    pub place: Range<usize>,
    /// What it may mean.
    pub meanings: Vec<Meaning>,
}

/// The words that are known.
pub fn lexicon() -> &'static Lexicon {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    LEXICON.get_or_init(|| {
        let file: File =
            toml::from_str(include_str!("../data/words.toml")).expect("a test reads the file of words");
        let mut meanings: HashMap<String, Vec<Meaning>> = HashMap::new();
        let mut add = |words: &[String], meaning: Meaning| {
            for word in words {
                let all = meanings.entry(word.clone()).or_default();
                if !all.contains(&meaning) {
                    all.push(meaning.clone());
                }
            }
        };
        file.services.iter().for_each(|(id, words)| add(words, Meaning::Service(id.clone())));
        file.objects.iter().for_each(|(id, object)| add(&object.words, Meaning::Object(id.clone())));
        file.verbs.iter().for_each(|(id, words)| add(words, Meaning::Verb(id.clone())));
        file.happens.iter().for_each(|(id, words)| add(words, Meaning::Happens(id.clone())));
        add(&file.triggers.words, Meaning::Trigger);
        add(&file.never.words, Meaning::Never);
        let longest = meanings.keys().map(|word| word.split(' ').count()).max().unwrap_or(1);
        let names = file.services.into_keys().map(|id| {
            let name = file.names.get(&id).cloned().unwrap_or_else(|| in_words(&id));
            (id, name)
        });
        Lexicon { names: names.collect(), objects: file.objects, meanings, longest }
    })
}

impl Lexicon {
    /// The words of a text in its normal form that mean something, longer ones before shorter ones.
    pub fn words(&self, text: &str) -> Vec<Word> {
        let places = places(text);
        let mut found = vec![];
        let mut at = 0;
        while at < places.len() {
            let hit = (1..=self.longest.min(places.len() - at)).rev().find_map(|count| {
                let place = places[at].start..places[at + count - 1].end;
                let said = &text[place.clone()];
                let known = self.meanings.get(said).or_else(|| self.part(said))?;
                Some((count, Word { place, meanings: known.clone() }))
            });
            match hit {
                Some((count, word)) => {
                    found.push(word);
                    at += count;
                }
                None => at += 1,
            }
        }
        found
    }

    /// Of a word with a hyphen, as `jira-tickets`, nothing here: both parts are looked at by whoever splits it.
    fn part(&self, said: &str) -> Option<&Vec<Meaning>> {
        // A plural or a case that is not listed.
        let stem = said.strip_suffix('s').or_else(|| said.strip_suffix('n'))?;
        (stem.len() > 3).then(|| self.meanings.get(stem)).flatten()
    }

    /// How a service is called by people.
    pub fn service_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }
}

/// An id in words with a large letter each: `google_sheets` is `Google Sheets`.
fn in_words(id: &str) -> String {
    let large = |word: &str| {
        let mut chars = word.chars();
        chars
            .next()
            .map(|first| first.to_uppercase().collect::<String>() + chars.as_str())
            .unwrap_or_default()
    };
    id.split('_').map(large).collect::<Vec<_>>().join(" ")
}

/// The places of the words of a text in its normal form. A hyphen joins only what is known to be one word.
pub fn places(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = vec![];
    let mut start = None;
    for (at, char) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = char.is_alphanumeric() || char == '_';
        let joins = char == '-' && text[at + 1..].starts_with(char::is_alphanumeric);
        match (start, inside, joins) {
            (None, true, _) => start = Some(at),
            (Some(from), false, true) => {
                let end = text[at + 1..]
                    .find(|char: char| !char.is_alphanumeric())
                    .map_or(text.len(), |more| at + 1 + more);
                let whole = &text[from..end];
                if !KEPT.contains(&whole) {
                    found.push(from..at);
                    start = None;
                }
            }
            (Some(from), false, false) => {
                found.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// Words with a hyphen that are one word.
const KEPT: &[&str] = &[
    "e-mail",
    "e-mails",
    "rendez-vous",
    "resume-les",
    "resume-le",
    "poste-le",
    "poste-la",
    "traduis-le",
    "demande-moi",
    "envoie-le",
    "envoie-moi",
    "non-lus",
    "follow-up",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_words_is_read_and_long_words_win() {
        let words = lexicon().words("add a row to my google sheet");
        assert!(
            words.iter().any(|word| word.meanings == [Meaning::Service("google_sheets".into())]),
            "{words:?}"
        );
    }

    #[test]
    fn each_service_is_called_as_people_write_it_and_is_found_by_that() {
        let lexicon = lexicon();
        assert_eq!(lexicon.service_name("google_sheets"), "Google Sheets");
        assert_eq!(lexicon.service_name("github"), "GitHub");
        // A day of the week, a way to reach people, and files: in a wish these are mostly not the service of that name.
        const OTHERWISE: &[&str] = &["email", "monday", "sheet"];
        let found = |id: &str, name: &str| {
            let words = lexicon.words(&crate::normal::normal(name));
            words.iter().any(|word| word.meanings.contains(&Meaning::Service(id.into())))
        };
        let names = lexicon.names.iter().filter(|(id, name)| !found(id, name));
        let lost: Vec<&str> = names.map(|(id, _)| &**id).filter(|id| !OTHERWISE.contains(id)).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }

    #[test]
    fn both_parts_of_a_word_with_a_hyphen_are_seen() {
        let words = lexicon().words("die offenen jira-tickets");
        assert_eq!(words.len(), 2, "{words:?}");
    }
}
