//! The examples that the program carries, to begin from: workflows with their tests, by what one wants.

use std::sync::OnceLock;

use dsl::ast::TriggerKind;
use dsl::test::Subject;
use serde_json::{Value, json};

include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// An example.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its name, which is the workflow's.
    pub name: &'static str,
    /// What it is for, as in `Money`.
    pub purpose: &'static str,
    /// What it does, in a sentence: its description.
    pub about: String,
    /// The services that it calls or hears.
    pub services: Vec<String>,
    /// What starts it, beside a person.
    pub starts: Vec<&'static str>,
    /// The workflow.
    pub text: &'static str,
    /// Its tests.
    pub test: &'static str,
}

/// All of them, by purpose, in the order of the list of purposes.
pub fn all() -> &'static [Template] {
    static ALL: OnceLock<Vec<Template>> = OnceLock::new();
    ALL.get_or_init(|| {
        let listed = purposes().into_iter().flat_map(|(purpose, names)| {
            names.into_iter().filter_map(move |name| Template::of(purpose, name))
        });
        listed.collect()
    })
}

/// The names of all examples, listed or not.
pub fn names() -> impl Iterator<Item = &'static str> {
    EXAMPLES.iter().map(|(name, ..)| *name)
}

/// The purposes with the names below them, as they are listed.
pub fn purposes() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = vec![];
    for line in PURPOSES.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match (line.strip_prefix("  "), found.last_mut()) {
            (Some(name), Some((_, names))) => names.push(name.trim()),
            (_, _) => found.push((line.trim(), vec![])),
        }
    }
    found
}

/// Those that are about all of these words; all where there is none. A word may be the beginning of one.
pub fn find(words: &[String]) -> Vec<&'static Template> {
    let words: Vec<String> =
        words.iter().flat_map(|word| word.split_whitespace()).map(str::to_lowercase).collect();
    let fits = |template: &&Template| {
        let about = template.words();
        words.iter().all(|word| about.iter().any(|own| own.starts_with(word.as_str())))
    };
    all().iter().filter(fits).collect()
}

impl Template {
    fn of(purpose: &'static str, name: &'static str) -> Option<Template> {
        let (_, text, test) = *EXAMPLES.iter().find(|(known, ..)| *known == name)?;
        let catalog = crate::plain();
        let subject = Subject::new(text, &std::collections::BTreeMap::new(), catalog)?;
        let about = dsl::check(text, catalog).workflow.map(|workflow| workflow.description);
        let events = text.lines().filter_map(|line| line.trim().strip_prefix("- event: "));
        let called = subject.actions().chain(events).filter_map(|action| action.split_once('.'));
        let mut services: Vec<String> =
            called.map(|(service, _)| service.to_owned()).filter(|name| name != "signal").collect();
        services.sort();
        services.dedup();
        let mut starts: Vec<&'static str> =
            subject.triggers.iter().map(|kind: &TriggerKind| kind.name()).collect();
        starts.dedup();
        let about = about.unwrap_or_else(|| described(text));
        Some(Template { name, purpose, about, services, starts, text, test })
    }

    /// The workflow under another name.
    pub fn named(&self, name: &str) -> String {
        self.text.replacen(&format!("name: {}\n", self.name), &format!("name: {name}\n"), 1)
    }

    /// The examples that it calls, and those that they call.
    pub fn calls(&self) -> Vec<&'static Template> {
        let mut found: Vec<&'static Template> = vec![];
        let mut texts = vec![self.text];
        while let Some(text) = texts.pop() {
            let Some((_, signature)) = dsl::signature(text) else { continue };
            for name in &signature.calls {
                let own = all().iter().find(|template| template.name == name.as_str());
                if let Some(own) = own.filter(|own| found.iter().all(|known| known.name != own.name)) {
                    texts.push(own.text);
                    found.push(own);
                }
            }
        }
        found
    }

    fn words(&self) -> Vec<String> {
        let all = [self.name, self.purpose, &self.about]
            .into_iter()
            .chain(self.services.iter().map(String::as_str));
        let all = all.chain(self.starts.iter().copied());
        let parts = all.flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
        parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    }

    /// As it stands in JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "purpose": self.purpose,
            "about": self.about,
            "services": self.services,
            "starts": self.starts,
        })
    }
}

/// The description of a workflow that calls others, which are not beside it here.
fn described(text: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix("description: "));
    line.unwrap_or_default().trim_matches('"').to_owned()
}
