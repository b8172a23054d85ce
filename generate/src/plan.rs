//! The planner that needs no model: a wish is taken apart, its clauses are matched to what a catalog has, and what one step
//! gives is bound to what the next one takes. What has one conventional reading is taken so and told; what has several, or
//! none, is asked.

mod answer;
mod bind;
mod condition;
mod data;
pub(crate) mod extend;
mod source;
mod step;
pub(crate) mod telling;
mod trigger;
mod words;

use dsl::catalog::Catalog;

use crate::clause::{Parts, own_words};
use crate::index::Library;
use crate::lexicon::{Meaning, lexicon};
use crate::sketch::{Does, Input, Sketch, Step, name_of};
use crate::when::Here;
use data::Data;

/// What a wish is planned with.
#[derive(Debug)]
pub struct Means<'a> {
    /// What can be called.
    pub catalog: &'a Catalog,
    /// The same, to be found by words.
    pub library: &'a Library,
    /// The services that the owner has connected.
    pub connected: &'a [String],
    /// When and where it is said.
    pub here: &'a Here,
    /// What was answered to questions, in their order.
    pub answers: &'a [String],
}

/// What came of planning.
#[derive(Clone, Debug)]
pub enum Planned {
    /// A draft.
    Draft(Box<Draft>),
    /// Something has to be known first.
    Ask {
        /// The question.
        question: String,
        /// Answers that would do.
        choices: Vec<String>,
    },
    /// It cannot be done.
    Refuse {
        /// Why, and what can be done that is near.
        reason: String,
    },
}

/// A draft of the planner.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The draft.
    pub sketch: Sketch,
    /// What was taken to be meant.
    pub assumed: Vec<String>,
}

/// Why there is no draft.
pub(crate) enum No {
    Ask(String, Vec<String>),
    Refuse(String),
}

pub(crate) type Done<T> = Result<T, No>;

pub(crate) fn ask<T>(question: impl Into<String>, choices: impl IntoIterator<Item = String>) -> Done<T> {
    Err(No::Ask(question.into(), choices.into_iter().collect()))
}

/// Plans a wish.
pub fn plan(wish: &str, means: &Means<'_>) -> Planned {
    let mut planner = Planner::new(wish, means);
    planner.sketch.name = name_of(wish);
    planner.sketch.description = wish.trim().to_owned();
    match planner.run(wish) {
        Ok(()) => Planned::Draft(Box::new(Draft { sketch: planner.sketch, assumed: planner.assumed })),
        Err(No::Ask(question, choices)) => Planned::Ask { question, choices },
        Err(No::Refuse(reason)) => Planned::Refuse { reason },
    }
}

/// A plan under way.
struct Planner<'a> {
    means: &'a Means<'a>,
    parts: Parts,
    sketch: Sketch,
    assumed: Vec<String>,
    /// What is at hand, the latest last.
    data: Vec<Data>,
    /// The blocks that are open, outer ones first.
    loops: Vec<Loop>,
    /// True where every parameter that is not said is left open.
    timid: bool,
    /// What is told instead of data, where it is told that something is not there.
    news: Option<String>,
}

/// A block under way.
struct Loop {
    name: String,
    list: String,
    item: String,
    steps: Vec<Step>,
}

/// Words that ask for a secret, or for what a secret is.
const SECRETS: &[&str] = &[
    "secret",
    "secrets",
    "api key",
    "api keys",
    "password",
    "passwords",
    "passwort",
    "passworter",
    "credentials",
    "vault",
    "private key",
    "access token",
    "tokens",
    "claves",
    "clave",
    "contrasena",
    "contrasenas",
    "mot de passe",
    "mots de passe",
    "zugangsdaten",
    "all keys",
    "schlussel",
];

/// Words that give what was written by anybody the right to act.
const OBEYS: &[&str] = &[
    "whatever it says",
    "whatever they say",
    "do what it says",
    "do as it says",
    "run the command",
    "execute the",
    "all tools",
    "any tool",
    "everything it wants",
    "ignore all",
    "ignore les",
    "ignora las",
    "ignore previous",
    "ignore the rules",
    "vergiss alle",
    "no approval",
    "without asking",
    "without approval",
];

impl Planner<'_> {
    fn run(&mut self, wish: &str) -> Done<()> {
        self.refuse(wish)?;
        self.start()?;
        let clauses = std::mem::take(&mut self.parts.clauses);
        if clauses.is_empty() {
            return self.nothing();
        }
        // `if the balance is below 500 tell #finance`: beside a time, what a condition is about is read first.
        if let Some(trigger) = self.conditional() {
            self.read(&trigger, None)?;
        }
        // What only narrows what was said before is no step.
        for clause in &clauses {
            self.step(clause)?;
        }
        while !self.loops.is_empty() {
            self.close();
        }
        let says = clauses.iter().any(|clause| clause.verb.is_some() || clause.model.is_some());
        if self.sketch.steps.is_empty() || !says {
            return self.nothing();
        }
        self.conditions_met()?;
        self.usual_reads();
        Ok(())
    }

    /// What no connector can do, and what must not be done.
    fn refuse(&self, _: &str) -> Done<()> {
        let text = format!(
            " {} ",
            self.parts.text.replace(|char: char| !char.is_alphanumeric() && char != '-', " ")
        );
        let has = |words: &[&str]| {
            words.iter().find(|word| text.contains(&format!(" {word} "))).map(|word| (*word).to_owned())
        };
        if let Some(word) = has(SECRETS) {
            return Err(No::Refuse(format!(
                "`{word}`: a secret goes to the service that it belongs to and nowhere else, so no workflow can show or send one. \
                 Near to it: `keyway secrets list` shows the names of your secrets"
            )));
        }
        if let Some(word) = has(OBEYS) {
            return Err(No::Refuse(format!(
                "`{word}`: what comes from outside is data and never an instruction, and what acts on it is approved by a person. \
                 Near to it: say what is to be done, as `when a mail arrives, summarise it and post it to #inbox`"
            )));
        }
        let never = lexicon().words(&self.parts.text).into_iter().find(|word| {
            // What somebody is reminded of is done by them.
            word.place.start < own_words(&self.parts.text) && word.meanings.contains(&Meaning::Never)
        });
        if let Some(word) = never {
            let word = &self.parts.text[word.place];
            return Err(No::Refuse(format!(
                "no connector can do anything with `{word}`. Near to it: {}",
                self.nearest()
            )));
        }
        Ok(())
    }

    /// What can be done that is nearest to the words of a wish.
    fn nearest(&self) -> String {
        let terms: Vec<(String, f64)> =
            crate::index::terms(&self.parts.text).into_iter().map(|term| (term, 1.0)).collect();
        // What a service tells of the account itself is near to nothing.
        let of_account = |id: &str| {
            ["get_me", "auth_test", "check", "get_user", "get_profile"].iter().any(|name| id.ends_with(name))
        };
        let hits = self.means.library.actions.find(&terms, &|id| !of_account(id));
        let mut told: Vec<String> = hits.iter().take(2).filter_map(|hit| self.told(&hit.id)).collect();
        if told.is_empty() {
            told = ["slack.post_message", "http.request"].iter().filter_map(|id| self.told(id)).collect();
        }
        told.join("; ")
    }

    fn told(&self, id: &str) -> Option<String> {
        let action = self.means.catalog.get(id)?;
        Some(format!("`{id}` ({})", action.about.trim_end_matches('.').to_lowercase()))
    }

    fn nothing<T>(&self) -> Done<T> {
        let wish = self.sketch.description.split_whitespace().collect::<Vec<_>>().join(" ");
        let said: String = wish.chars().take(80).collect();
        let more = if said.len() < wish.len() { "…" } else { "" };
        ask(
            format!("what is to be done, and with which service? I know no step for `{said}{more}`"),
            ["post a message to #general in Slack", "send an email to me", "add a row to a Google sheet"]
                .map(str::to_owned),
        )
    }

    /// Asks which service is meant.
    fn which<T>(&self, what: &str, services: &[String]) -> Done<T> {
        let names = services.iter().map(|id| lexicon().service_name(id).to_owned());
        ask(format!("which service is meant for the {}?", what.replace('_', " ")), names)
    }

    /// The one of several services that is meant where none is named.
    fn home(&mut self, object: &str, homes: &[String], usual: bool) -> Done<String> {
        if let Some(service) = self.answered(homes) {
            return Ok(service);
        }
        let there: Vec<&String> =
            homes.iter().filter(|id| self.means.catalog.callable().contains(&id.as_str())).collect();
        let connected: Vec<&&String> = there.iter().filter(|id| self.means.connected.contains(id)).collect();
        if let [only] = connected[..] {
            let name = lexicon().service_name(only);
            self.assume(format!("the {} is that of {name}, which is connected", object.replace('_', " ")));
            return Ok((**only).clone());
        }
        match there[..] {
            [] => self.nothing(),
            [only] => Ok(only.clone()),
            [first, ..] if usual && connected.is_empty() => {
                let name = lexicon().service_name(first);
                self.assume(format!(
                    "the {} is that of {name}, since no service is named",
                    object.replace('_', " ")
                ));
                Ok(first.clone())
            }
            _ => {
                let all: Vec<String> = if connected.is_empty() {
                    there.into_iter().cloned().collect()
                } else {
                    connected.into_iter().map(|it| (*it).clone()).collect()
                };
                self.which(object, &all)
            }
        }
    }

    /// The one of several services that an answer names.
    fn answered(&self, services: &[String]) -> Option<String> {
        let named = |text: &String| {
            lexicon().words(&crate::normal::normal(text)).into_iter().flat_map(|word| word.meanings).find_map(
                |meaning| match meaning {
                    Meaning::Service(id) if services.contains(&id) => Some(id),
                    _ => None,
                },
            )
        };
        self.means.answers.iter().rev().find_map(named)
    }

    fn assume(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.assumed.contains(&text) {
            self.assumed.push(text);
        }
    }

    /// A name for a step that no other has.
    fn name(&self, wanted: &str) -> String {
        let mut taken: Vec<&str> = self.sketch.steps.iter().map(|step| step.name.as_str()).collect();
        taken.extend(self.loops.iter().flat_map(|block| {
            block
                .steps
                .iter()
                .map(|step| step.name.as_str())
                .chain([block.name.as_str(), block.item.as_str()])
        }));
        let wanted: String = wanted
            .chars()
            .map(|char| if char.is_alphanumeric() || char == '_' { char } else { '_' })
            .collect();
        (1..)
            .map(|count| if count == 1 { wanted.clone() } else { format!("{wanted}_{count}") })
            .find(|name| !taken.contains(&name.as_str()))
            .unwrap_or(wanted)
    }

    /// Adds a step to the block that is open.
    fn push(&mut self, mut step: Step) {
        match self.loops.last_mut() {
            Some(block) => block.steps.push(step),
            None => {
                // What comes behind a question or a pause waits for it.
                // A pause without a length stands for a step that was there.
                let pauses = |does: &Does| matches!(does, Does::Wait { length } if !length.is_empty());
                let waits = |step: &&Step| matches!(step.does, Does::Approve { .. }) || pauses(&step.does);
                let asked = self.sketch.steps.iter().rev().find(waits);
                if step.after.is_none() && !matches!(step.does, Does::Approve { .. }) {
                    step.after = asked.map(|step| step.name.clone());
                }
                self.sketch.steps.push(step);
            }
        }
    }

    /// Closes the innermost block.
    fn close(&mut self) {
        let Some(block) = self.loops.pop() else { return };
        let output = block.steps.last().map(|step| format!("steps.{}", step.name));
        let does = Does::Each { list: block.list, item: block.item, steps: block.steps, output };
        self.push(Step { name: block.name, cond: None, after: None, does });
    }

    /// An input that somebody has to fill in.
    fn open(&mut self, name: &str, ty: &dsl::types::Type, about: &str) -> String {
        let wanted = name.to_owned();
        if let Some(there) =
            self.sketch.inputs.iter().find(|input| input.name == wanted && input.about == about)
        {
            return there.name.clone();
        }
        let name = (1..)
            .map(|count| if count == 1 { wanted.clone() } else { format!("{wanted}_{count}") })
            .find(|name| !self.sketch.inputs.iter().any(|input| input.name == *name))
            .unwrap_or(wanted);
        let started = !self.sketch.triggers.is_empty();
        let default = if started { data::placeholder(ty, about) } else { None };
        self.sketch.inputs.push(Input {
            name: name.clone(),
            ty: ty.clone(),
            default,
            about: about.to_owned(),
        });
        name
    }

    fn has_approve(&self) -> bool {
        let has = |steps: &[Step]| steps.iter().any(|step| matches!(step.does, Does::Approve { .. }));
        has(&self.sketch.steps) || self.loops.iter().any(|block| has(&block.steps))
    }

    /// Asks a person, outside of the blocks that are open.
    fn approve(&mut self, message: &str) -> Done<()> {
        if self.has_approve() {
            return Ok(());
        }
        let name = self.name("approve");
        let step =
            Step { name, cond: None, after: None, does: Does::Approve { message: message.to_owned() } };
        self.sketch.steps.push(step);
        Ok(())
    }
}
