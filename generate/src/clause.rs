//! A wish in parts: names that stand in it as they are, what it says of time, what starts a run, and a clause for each thing to be
//! done.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::lexicon::{Meaning, Word, lexicon};
use crate::normal::Normal;
use crate::when::{Found, Here, find, pauses};

/// What stands in a wish as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// Texts in quotes.
    pub quoted: Vec<String>,
    /// Addresses of the web.
    pub urls: Vec<String>,
    /// Addresses of mail.
    pub mails: Vec<String>,
    /// Channels, with their `#`.
    pub channels: Vec<String>,
    /// `owner/repository`.
    pub repo: Option<(String, String)>,
    /// A project, by its name or key.
    pub project: Option<String>,
}

/// A clause: one thing to be done, or what starts a run.
#[derive(Clone, Debug, Default)]
pub struct Clause {
    /// Its words as they were said.
    pub said: String,
    /// The same in the normal form.
    pub text: String,
    /// What is to be done.
    pub verb: Option<String>,
    /// What a model is to do.
    pub model: Option<String>,
    /// The services that it names, with their places.
    pub services: Vec<(usize, String)>,
    /// The things that it names, with their places.
    pub objects: Vec<(usize, String)>,
    /// What happens in it.
    pub happens: Vec<String>,
    /// What stands in it as it is.
    pub names: Names,
    /// True if it is about each of several things.
    pub each: bool,
}

/// A wish in parts.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// What it says of time.
    pub time: Option<Found>,
    /// What starts it.
    pub trigger: Option<Clause>,
    /// What is to be done, in its order.
    pub clauses: Vec<Clause>,
    /// All names of the whole.
    pub names: Names,
    /// Its text in the normal form, without what stands in quotes.
    pub text: String,
}

/// The verbs that a model carries out.
pub const MODEL: &[&str] = &["summarise", "translate", "classify", "extract", "draft", "explain"];

static NAMES: LazyLock<[Option<Regex>; 6]> = LazyLock::new(|| {
    [
        r#""([^"]*)"|“([^”]*)”|«\s*([^»]*?)\s*»|„([^“”]*)[“”]"#,
        r"https?://[^\s,;)\]]+",
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
        r"#[\p{L}\p{N}_-]+",
        r"\b([A-Za-z0-9][A-Za-z0-9-]*)/([A-Za-z0-9][A-Za-z0-9._-]*)\b",
        r"(?i)\b(?:project|projekt|projet|proyecto|progetto) ([A-Z][A-Z0-9_]{1,9})\b",
    ]
    .map(|form| Regex::new(form).ok())
});

/// Finds the names in a text, and gives the text with them blanked: as long as before, byte for byte.
fn names(text: &str) -> (Names, String) {
    let mut names = Names::default();
    let mut masked = text.to_owned();
    let blank = |masked: &mut String, place: Range<usize>| {
        let length = place.len();
        masked.replace_range(place, &"_".repeat(length));
    };
    for (at, form) in NAMES.iter().enumerate() {
        let Some(form) = form else { continue };
        let source = masked.clone();
        for hit in form.captures_iter(&source) {
            let Some(whole) = hit.get(0) else { continue };
            let said = &text[whole.range()];
            match at {
                0 => names.quoted.push(
                    (1..5).find_map(|group| hit.get(group)).map_or("", |it| &text[it.range()]).to_owned(),
                ),
                1 => names.urls.push(said.trim_end_matches(['.', '!', '?']).to_owned()),
                2 => names.mails.push(said.trim_end_matches('.').to_owned()),
                3 => names.channels.push(said.to_owned()),
                4 if names.repo.is_none()
                    && !["and/or", "he/she", "true/false"].contains(&said.to_lowercase().as_str()) =>
                {
                    let (owner, repo) = said.split_once('/').unwrap_or((said, ""));
                    // `Europe/Berlin` is a zone, and stays for whoever reads times.
                    if dsl::cron::zone(said).is_some() || owner.chars().all(|char| char.is_ascii_digit()) {
                        continue;
                    }
                    names.repo = Some((owner.to_owned(), repo.trim_end_matches('.').to_owned()));
                }
                5 => {
                    names.project = hit.get(1).map(|it| text[it.range()].to_owned());
                    continue;
                }
                _ => continue,
            }
            blank(&mut masked, whole.range());
        }
    }
    (names, masked)
}

/// The texts that stand in quotes.
pub fn quoted(text: &str) -> Vec<String> {
    names(text).0.quoted
}

/// Takes a wish apart. What was answered to a question about its time stands in place of what it said.
pub fn parts(wish: &str, here: &Here, answers: &[String]) -> Parts {
    let (names, mut masked) = names(wish);
    // What stands in quotes is said by somebody, also in an answer.
    let answers: Vec<String> = answers.iter().map(|answer| self::names(answer).1).collect();
    // How long it waits in between is no time at which it starts.
    let mut timed = masked.clone();
    for (place, _) in pauses(&masked) {
        let length = place.len();
        timed.replace_range(place, &"_".repeat(length));
    }
    let time = find(&timed, here, &answers);
    for place in time.iter().flat_map(|found| &found.places) {
        let length = place.len();
        masked.replace_range(place.clone(), &format!(",{}", " ".repeat(length.saturating_sub(1))));
    }
    // What a clause says is what it says beside the time.
    let mut said = wish.to_owned();
    for place in time.iter().flat_map(|found| &found.places) {
        said.replace_range(place.clone(), &" ".repeat(place.len()));
    }
    let wish = said.as_str();
    let mut parts = Parts { time, names, text: Normal::of(&masked).text, ..Parts::default() };
    if let Some(place) = trigger_place(&masked) {
        let clause = clause(wish, &masked, place.clone());
        parts.trigger = Some(clause);
        masked.replace_range(place.clone(), &format!(";{}", " ".repeat(place.len().saturating_sub(1))));
    }
    for place in clause_places(&masked) {
        let clause = clause(wish, &masked, place);
        match parts.clauses.last_mut() {
            // `… every day at 9 on slack`: what stood between was the time.
            Some(before) if clause.does_nothing() => before.take(clause),
            // `create a contact in HubSpot and a task in Asana`: the verb is said once.
            Some(before) if clause.is_one_more() && before.verb.is_some() => {
                let verb = before.verb.clone();
                parts.clauses.push(Clause { verb, ..clause });
            }
            _ => parts.clauses.push(clause),
        }
    }
    parts
}

/// Where what starts a run stands: from its first word to a comma, or to the verb of what is to be done.
fn trigger_place(masked: &str) -> Option<Range<usize>> {
    let normal = Normal::of(masked);
    let text = &normal.text;
    let words = lexicon().words(text);
    let begins = |at: usize| {
        let before = text[..at].trim_end();
        before.is_empty() || before.ends_with([',', '.', ';', ':', '!'])
    };
    let strong = [
        "whenever",
        "when",
        "wenn",
        "sobald",
        "quand",
        "lorsque",
        "cuando",
        "quando",
        "as soon as",
        "each time",
        "every time",
        "cada vez que",
    ];
    let each = [
        "for each new",
        "for every new",
        "on every new",
        "every new",
        "with every new",
        "bei jeder neuen",
        "bei jedem neuen",
        "bei jeder",
    ];
    let first = words.iter().find(|word| {
        let said = &text[word.place.clone()];
        word.meanings.contains(&Meaning::Trigger)
            && (strong.contains(&said) || each.contains(&said) || begins(word.place.start))
    })?;
    let start = first.place.start;
    let rest = &text[start..];
    let end =
        rest.find([',', ';', '!']).or_else(|| rest.find(". ")).map_or(text.len(), |comma| start + comma);
    let end = then_at(&text[start..end]).map_or(end, |at| start + at);
    let said = &text[first.place.clone()];
    // Without a comma it ends before the first verb of what is to be done, once something has happened.
    let mut seen = each.contains(&said) || said == "bei jeder";
    // What is compared or is in some way has been said where it stands: `if the balance is below 500 tell #finance`.
    let states = |from: usize, to: usize| {
        let between = &text[from..to];
        [" is ", " are ", " ist ", " sind ", " est ", " es ", " esta ", " e "]
            .iter()
            .any(|word| between.contains(word))
            && lexicon().words(between).iter().any(|word| {
                word.meanings.iter().any(|it| matches!(it, Meaning::Object(_) | Meaning::Service(_)))
            })
    };
    let mut until = end;
    for word in words.iter().filter(|word| word.place.start > first.place.start && word.place.end <= end) {
        let happens = word.meanings.iter().any(|meaning| matches!(meaning, Meaning::Happens(_)));
        let verb = word.meanings.iter().any(|meaning| matches!(meaning, Meaning::Verb(_)));
        let object = word.meanings.iter().any(|meaning| matches!(meaning, Meaning::Object(_)));
        let seen_here = seen || states(first.place.end, word.place.start);
        if seen_here && verb && !happens && !object && !text[..word.place.start].trim_end().ends_with(" to") {
            until = word.place.start;
            break;
        }
        seen |= happens || (object && (each.contains(&said)));
    }
    // `add every new booking to the calendar`: where it goes is no part of what happens.
    if each.contains(&said)
        && !text[..start].trim().is_empty()
        && let Some(to) = text[start..until].find(" to ")
    {
        until = start + to;
    }
    Some(normal.origin(start..until))
}

fn then_at(text: &str) -> Option<usize> {
    [" then ", " dann ", " alors ", " entonces ", " allora "].iter().filter_map(|word| text.find(word)).min()
}

/// What parts clauses.
static JOINTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)[,;!?]+\s*(?:and then|and|then|but|und dann|und|dann|et puis|et|puis|y luego|y|luego|e poi|e|poi)?\b|[.]\s+|[.]$|\s+(?:and then|and|then|und dann|und|dann|et puis|et|puis|y luego|y|luego|e poi|e|poi|&|after i|otherwise|sonst|sinon)\s+").ok()
});

fn clause_places(masked: &str) -> Vec<Range<usize>> {
    let Some(joints) = JOINTS.as_ref() else { return vec![] };
    let mut places: Vec<Range<usize>> = vec![];
    let mut at = 0;
    let add = |place: Range<usize>, places: &mut Vec<Range<usize>>| {
        let text = &masked[place.clone()];
        let meaning = text.chars().any(char::is_alphanumeric) || text.contains('_');
        if !meaning {
            return;
        }
        let normal = Normal::of(text);
        let words = lexicon().words(&normal.text);
        let does = does(&normal.text, &words).0.is_some() || does(&normal.text, &words).1.is_some();
        let services = words
            .iter()
            .filter(|word| word.meanings.iter().any(|it| matches!(it, Meaning::Service(_))))
            .count();
        // `schicke mir (every Monday at 8) eine E-Mail`: a verb that names nothing yet goes on behind the time.
        let begun = |place: &Range<usize>| {
            let said = &masked[place.clone()];
            let normal = Normal::of(said);
            let words = lexicon().words(&normal.text);
            let things = words.iter().any(|word| {
                word.meanings.iter().any(|it| matches!(it, Meaning::Object(_) | Meaning::Service(_)))
            });
            !things
                && !said.contains('_')
                && crate::clause::does(&normal.text, &words).0.as_deref() == Some("send")
        };
        match places.last_mut() {
            Some(last) if !does && begun(last) && masked[last.end..place.start].contains("  ") => {
                last.end = place.end;
            }
            // What says nothing to be done belongs to what was said before, unless it names a source of its own.
            Some(last) if !does && services == 0 => last.end = place.end,
            _ => places.push(place),
        }
    };
    for joint in joints.find_iter(masked) {
        add(at..joint.start(), &mut places);
        at = joint.end();
    }
    add(at..masked.len(), &mut places);
    places
}

/// What a clause says is to be done, and what a model is to do in it.
fn does(text: &str, words: &[Word]) -> (Option<String>, Option<String>) {
    let order: Vec<Range<usize>> = crate::lexicon::places(text)
        .into_iter()
        .filter(|place| {
            ![
                "please", "also", "it", "them", "then", "to", "me", "only", "bitte", "mir", "sie", "auch",
                "no", "add that", "again", "the", "all",
            ]
            .contains(&&text[place.clone()])
        })
        .collect();
    let index =
        |word: &Word| order.iter().position(|place| place.start >= word.place.start).unwrap_or(order.len());
    let apart = APART.iter().find(|(verb, rest, _)| {
        let has = |wanted: &str| order.iter().any(|place| &text[place.clone()] == wanted);
        has(verb) && has(rest)
    });
    let mut verb = apart.map(|(_, _, id)| (*id).to_owned());
    let mut model = None;
    for word in words {
        let position = index(word);
        let named = word.meanings.iter().any(|it| matches!(it, Meaning::Object(_) | Meaning::Service(_)));
        for meaning in &word.meanings {
            let Meaning::Verb(id) = meaning else { continue };
            if MODEL.contains(&id.as_str()) {
                model.get_or_insert(id.clone());
            } else if verb.is_none()
                && (position == 0 || (!named && (position <= 1 || !noun_before(text, word))))
            {
                verb = Some(id.clone());
            }
        }
    }
    (verb, model)
}

/// German verbs whose parts stand apart.
const APART: &[(&str, &str, &str)] = &[
    ("lade", "hoch", "upload"),
    ("lade", "herunter", "download"),
    ("leite", "weiter", "forward"),
    ("trage", "ein", "create"),
];

/// True where the word before says that a word is a noun: `a list of`.
fn noun_before(text: &str, word: &Word) -> bool {
    let before = text[..word.place.start].trim_end();
    let last = before.rsplit(' ').next().unwrap_or("");
    [
        "a", "an", "the", "my", "our", "their", "of", "eine", "einen", "den", "die", "das", "un", "une",
        "le", "la", "el", "il", "una", "du", "des", "this", "its", "new", "open", "each",
    ]
    .contains(&last)
}

/// Where the words of a message begin, as in `remind me to water the plants` and `saying that lunch is ready`; the end of the
/// text where it has none.
pub fn own_words(text: &str) -> usize {
    let says =
        [" saying ", " that says ", " which says ", " mit dem text ", " disant ", " diciendo ", " dicendo "];
    let saying = says.iter().filter_map(|word| text.find(word)).min();
    let reminds = ["remind ", "reminds ", "erinnere ", "rappelle", "recuerda", "ricorda"]
        .iter()
        .filter_map(|word| text.find(word))
        .min();
    let reminded = reminds.and_then(|at| {
        let tails = [" to ", " zu ", " dass ", " de ", " que ", " di ", " about "];
        tails.iter().filter_map(|word| text[at..].find(word)).min().map(|to| at + to)
    });
    saying.into_iter().chain(reminded).min().unwrap_or(text.len())
}

/// The forms of "for each".
pub const EACH: &[&str] = &[
    "for each",
    "for every",
    "for all",
    "each of",
    "each one",
    "fur jedes",
    "fur jede",
    "fur jeden",
    "pour chaque",
    "para cada",
    "per ogni",
    "go through",
    "one by one",
    "create a card for each",
];

fn clause(wish: &str, masked: &str, place: Range<usize>) -> Clause {
    let raw = wish.get(place.clone()).unwrap_or_default();
    let said = raw.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = Normal::of(&masked[place]).text;
    let own = own_words(&text);
    let words = lexicon().words(&text);
    let (verb, model) = does(&text, &words);
    let mut clause = Clause {
        names: names(raw).0,
        each: EACH.iter().any(|word| text.contains(word)),
        said,
        verb,
        model,
        ..Clause::default()
    };
    for word in words {
        // `post the issues to #dev`: what is posted is no post.
        let posts = clause.verb.as_deref() == Some("send") && !noun_before(&text, &word);
        for meaning in word.meanings {
            match meaning {
                Meaning::Object(id) if id == "post" && posts => {}
                // What a message says is no thing to be read.
                Meaning::Object(_) if word.place.start >= own => {}
                Meaning::Service(id) => clause.services.push((word.place.start, id)),
                Meaning::Object(id) => clause.objects.push((word.place.start, id)),
                Meaning::Happens(id) => clause.happens.push(id),
                Meaning::Verb(_) | Meaning::Trigger | Meaning::Never => {}
            }
        }
    }
    let feed = |url: &String| {
        let url = url.to_lowercase();
        [".xml", ".rss", ".atom", "/feed", "/rss"].iter().any(|end| url.trim_end_matches('/').ends_with(end))
    };
    if clause.names.urls.iter().any(feed) && !clause.has_object("feed") {
        clause.objects.push((0, "feed".into()));
    }
    clause.text = text;
    clause
}

impl Clause {
    /// A whole text as one clause.
    pub fn of(text: &str) -> Clause {
        let masked = names(text).1;
        clause(text, &masked, 0..text.len())
    }

    /// True if it says where something is to be done, and not what.
    fn does_nothing(&self) -> bool {
        let nothing = self.verb.is_none() && self.model.is_none() && self.happens.is_empty();
        nothing && self.objects.is_empty() && !self.services.is_empty()
    }

    /// True if it only says what else is to be done so: `a task in Asana`.
    fn is_one_more(&self) -> bool {
        const ONE: &[&str] =
            &["a ", "an ", "one ", "another ", "ein ", "eine ", "einen ", "un ", "une ", "una ", "uno "];
        let nothing = self.verb.is_none() && self.model.is_none() && !self.each;
        let text = self.text.trim_start();
        nothing && !self.objects.is_empty() && ONE.iter().any(|word| text.starts_with(word))
    }

    /// Takes over what another names, where it names none itself.
    fn take(&mut self, other: Clause) {
        if self.services.is_empty() {
            self.services = other.services;
        }
        let (names, more) = (&mut self.names, other.names);
        for (mine, theirs) in [
            (&mut names.quoted, more.quoted),
            (&mut names.urls, more.urls),
            (&mut names.mails, more.mails),
            (&mut names.channels, more.channels),
        ] {
            mine.extend(theirs);
        }
        names.repo = names.repo.take().or(more.repo);
        names.project = names.project.take().or(more.project);
    }

    /// True if it names this service.
    pub fn names_service(&self, id: &str) -> bool {
        self.services.iter().any(|(_, service)| service == id)
    }

    /// True if it names this thing.
    pub fn has_object(&self, id: &str) -> bool {
        self.objects.iter().any(|(_, object)| object == id)
    }

    /// The part of it from a place of its text on.
    pub fn from(&self, at: usize) -> Clause {
        self.within(at..self.text.len())
    }

    /// A part of it by a place in its text. Its names stay those of the whole.
    pub fn within(&self, place: Range<usize>) -> Clause {
        let mut part = Clause {
            names: self.names.clone(),
            said: self.said.clone(),
            ..clause(&self.text, &self.text, place)
        };
        part.each = self.each;
        part
    }
}
