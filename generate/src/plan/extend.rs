//! Planning beside what is there: steps behind those of a workflow, a condition on what it reads, another start. What its
//! steps give is at hand as if they had been planned here.

use dsl::ast::TriggerKind;
use dsl::test::{Does as Part, Subject};
use dsl::types::Type;
use dsl::workflow::{Op, Phase, Start, Wait, Workflow};

use super::condition::contains;
use super::data::{Data, bare, field};
use super::source::list_of;
use super::telling::{MAILING, TELLING};
use super::trigger::has_word;
use super::{Done, Means, Planner, ask};
use crate::clause::{Clause, parts};
use crate::index::terms;
use crate::lexicon::{Meaning, lexicon};
use crate::sketch::{Does, Input, Sketch, Step, Trigger};

/// The workflow that is there.
#[derive(Clone, Copy)]
pub(crate) struct Base<'a> {
    /// Its text.
    pub text: &'a str,
    /// The same, checked.
    pub workflow: &'a Workflow,
}

/// What is put beside it.
pub(crate) struct Grown {
    /// Steps behind the last.
    pub steps: Vec<Step>,
    /// Inputs behind the last.
    pub inputs: Vec<Input>,
    /// What was taken to be meant.
    pub assumed: Vec<String>,
}

/// What a condition stands on.
pub(crate) enum Narrowed {
    /// What happens, by which the run starts.
    Event(String),
    /// The items of a list that a step gives.
    List {
        /// The step.
        step: String,
        /// Where the list stands in what it gives; empty where it is all of it.
        within: String,
        /// The condition over `it`.
        condition: String,
        /// A name for the step that keeps those for which it holds.
        name: String,
    },
}

/// Plans steps behind those that are there.
pub(crate) fn grown(wish: &str, base: &Base<'_>, means: &Means<'_>) -> Done<Grown> {
    let mut planner = Planner::next_to(wish, base, means);
    planner.refuse(wish)?;
    let (steps, inputs) = (planner.sketch.steps.len(), planner.sketch.inputs.len());
    let clauses = std::mem::take(&mut planner.parts.clauses);
    for clause in &clauses {
        planner.step(clause)?;
    }
    while !planner.loops.is_empty() {
        planner.close();
    }
    let says = clauses.iter().any(|clause| clause.verb.is_some() || clause.model.is_some());
    if planner.sketch.steps.len() == steps || !says {
        return planner.nothing();
    }
    Ok(Grown {
        steps: planner.sketch.steps.split_off(steps),
        inputs: planner.sketch.inputs.split_off(inputs),
        assumed: planner.assumed,
    })
}

/// Plans what starts it.
pub(crate) fn started(wish: &str, means: &Means<'_>) -> Done<(Vec<Trigger>, Vec<String>)> {
    let mut planner = Planner::new(wish, means);
    planner.refuse(wish)?;
    planner.start()?;
    Ok((planner.sketch.triggers, planner.assumed))
}

/// Refuses what must not be done, whatever is changed by it.
pub(crate) fn allowed(wish: &str, means: &Means<'_>) -> Done<()> {
    Planner::new(wish, means).refuse(wish)
}

/// Plans a condition: only what is spoken of goes on, or all but that.
pub(crate) fn narrowed(
    wish: &str,
    skips: bool,
    base: &Base<'_>,
    means: &Means<'_>,
) -> Done<(Narrowed, Vec<String>)> {
    let mut planner = Planner::next_to(wish, base, means);
    planner.refuse(wish)?;
    let clause = Clause { names: planner.parts.names.clone(), ..Clause::of(wish) };
    if let Some(word) = Planner::judged(&clause) {
        return ask(
            format!(
                "whether something is `{word}` only a model can tell: by which word, sender or amount is it known?"
            ),
            [],
        );
    }
    let event = match &base.workflow.triggers[..] {
        [trigger] => match &trigger.start {
            Start::Event { event, .. } => means.catalog.event(event).cloned(),
            _ => None,
        },
        _ => None,
    };
    let condition = |planner: &mut Planner<'_>, (service, ty): (&str, &Type), var: &str| {
        let found = planner.filter(&clause, ty, var).or_else(|| planner.by_word(&clause, (service, ty), var));
        found.map(|found| if skips { negated(&found) } else { found })
    };
    if let Some(event) = event {
        let service = event.id.split('.').next().unwrap_or_default();
        return match condition(&mut planner, (service, &event.payload), "event") {
            Some(condition) => Ok((Narrowed::Event(condition), planner.assumed)),
            None => by_what(wish),
        };
    }
    let lists: Vec<Data> =
        planner.data.iter().filter(|data| matches!(data, Data::List { .. })).cloned().collect();
    let spoken = |data: &&Data| data.object().is_some_and(|object| clause.has_object(object));
    let list = match &lists[..] {
        [only] => only.clone(),
        several => match &several.iter().filter(spoken).collect::<Vec<_>>()[..] {
            [only] => (*only).clone(),
            _ => return ask("of which step is that to be looked at? I see no single list that it reads", []),
        },
    };
    let Data::List { path, item, service, object } = list else { return planner.nothing() };
    let Some(condition) = condition(&mut planner, (&service, &item), "it") else { return by_what(wish) };
    let rest = path.strip_prefix("steps.").unwrap_or(&path);
    let (step, within) = rest.split_once('.').unwrap_or((rest, ""));
    let wanted = if object.is_empty() { step.to_owned() } else { object };
    let name = planner.name(&format!("kept_{wanted}"));
    Ok((Narrowed::List { step: step.into(), within: within.into(), condition, name }, planner.assumed))
}

fn by_what<T>(wish: &str) -> Done<T> {
    ask(
        format!(
            "by what is it known? Of `{}` I find no word, sender or amount that the data has; put the word in quotes",
            wish.trim()
        ),
        [],
    )
}

fn negated(condition: &str) -> String {
    let single = condition.starts_with("contains(") && !condition.contains(" and ");
    if single { format!("not {condition}") } else { format!("not ({condition})") }
}

/// Words for some of a thing that its own words hold too: what they name is told by them.
const OF_A_KIND: &[&str] = &["newsletter", "newsletters"];

/// Words that say that something is left out, or what alone is left.
const NARROWING: &[&str] = &[
    "also",
    "skip",
    "ignore",
    "exclude",
    "except",
    "leave",
    "out",
    "only",
    "those",
    "that",
    "which",
    "are",
    "is",
    "about",
    "with",
    "please",
    "all",
    "any",
    "but",
    "not",
    "nur",
    "auch",
    "uberspringe",
    "ignoriere",
    "ohne",
    "bitte",
    "keine",
    "lass",
    "aus",
    "sauf",
    "seulement",
    "aussi",
    "sans",
    "salta",
    "solo",
    "sin",
    "tambien",
    "excepto",
    "anche",
    "senza",
    "tranne",
    "the",
    "my",
    "of",
    "for",
    "in",
    "to",
    "and",
    "it",
    "them",
    "if",
    "when",
    "les",
    "las",
    "los",
    "die",
    "der",
    "den",
    "das",
    "gli",
    "le",
    "i",
];

impl<'a> Planner<'a> {
    /// A plan in which nothing stands yet.
    pub(super) fn new(wish: &str, means: &'a Means<'a>) -> Planner<'a> {
        Planner {
            means,
            parts: parts(wish, means.here, means.answers),
            sketch: Sketch::default(),
            assumed: vec![],
            data: vec![],
            loops: vec![],
            timid: false,
            news: None,
        }
    }

    /// A plan beside a workflow: what it has stands there, and what it gives is at hand.
    fn next_to(wish: &str, base: &Base<'_>, means: &'a Means<'a>) -> Planner<'a> {
        let mut planner = Planner::new(wish, means);
        planner.sketch.name.clone_from(&base.workflow.name);
        planner.begun(base.workflow);
        let inputs = base.workflow.inputs.iter().map(|field| Input {
            name: field.name.clone(),
            ty: field.ty.clone(),
            default: None,
            about: field.about.clone(),
        });
        planner.sketch.inputs.extend(inputs);
        let beside = std::collections::BTreeMap::new();
        let subject = Subject::new(base.text, &beside, means.catalog);
        for step in base.workflow.root.steps.iter().filter(|step| step.phase == Phase::Body) {
            let asks = matches!(step.op, Op::Wait(Wait::Person(_)));
            let does = if asks {
                Does::Approve { message: String::new() }
            } else {
                Does::Wait { length: String::new() }
            };
            let name = step.name.to_string();
            planner.sketch.steps.push(Step { name: name.clone(), cond: None, after: None, does });
            let part = subject.as_ref().and_then(|subject| subject.parts.get(&name));
            match part.map(|part| &part.does) {
                Some(Part::Calls { action, gives, .. }) => planner.given(&name, action, gives),
                Some(Part::Computes) => planner.kept(base.workflow, step),
                Some(Part::Runs(_)) => planner.data.push(Data::Any { path: format!("steps.{name}") }),
                Some(Part::Emits | Part::Asks(_)) | None => {}
            }
        }
        planner
    }

    /// What its only trigger brings.
    fn begun(&mut self, workflow: &Workflow) {
        let trigger = |trigger: &dsl::workflow::Trigger| match &trigger.start {
            Start::Event { event, .. } => Trigger::Event { id: event.clone(), with: vec![], filter: None },
            Start::Webhook { .. } | Start::Signal { .. } => Trigger::Webhook,
            Start::At { .. } | Start::Cron { .. } | Start::Every { .. } => {
                Trigger::Time(crate::when::Start::Every {
                    length: TriggerKind::Every.name().into(),
                    from: None,
                    zone: None,
                })
            }
        };
        self.sketch.triggers = workflow.triggers.iter().map(trigger).collect();
        let [only] = &workflow.triggers[..] else { return };
        match &only.start {
            Start::Event { event, .. } => {
                let Some(known) = self.means.catalog.event(event) else { return };
                let (service, name) = event.split_once('.').unwrap_or((event, ""));
                let object = object_of(name).unwrap_or_else(|| name.to_owned());
                let (path, ty) = ("trigger.event".into(), known.payload.clone());
                self.data.push(Data::One { path, ty, service: service.into(), object });
            }
            Start::Webhook { .. } => self.data.push(Data::Any { path: "trigger.body".into() }),
            Start::Signal { .. } | Start::At { .. } | Start::Cron { .. } | Start::Every { .. } => {}
        }
    }

    /// What a call gives.
    fn given(&mut self, name: &str, action: &str, gives: &Type) {
        let path = format!("steps.{name}");
        let (service, short) = action.split_once('.').unwrap_or((action, ""));
        if service == "ai" {
            let texts =
                matches!(gives, Type::Object(fields) if fields.len() == 1 && fields[0].name == "text");
            self.data.push(match gives {
                _ if texts => Data::Text { path: format!("{path}.text") },
                Type::String => Data::Text { path },
                ty => Data::One { path, ty: ty.clone(), service: "ai".into(), object: "answer".into() },
            });
            return;
        }
        if action == dsl::workflow::REQUEST {
            self.data.push(Data::Any { path: format!("{path}.body") });
            return;
        }
        let reads = self.means.catalog.get(action).is_some_and(|it| it.safety == dsl::catalog::Safety::Read);
        let (service, object) = (service.to_owned(), object_of(short).unwrap_or_default());
        match list_of(gives) {
            Some((within, item)) if reads => {
                let path = if within.is_empty() { path } else { format!("{path}.{within}") };
                self.data.push(Data::List { path, item, service, object });
            }
            _ if reads && matches!(bare(gives), Type::Object(_)) => {
                self.data.push(Data::One { path, ty: gives.clone(), service, object });
            }
            _ if reads => self.data.push(Data::Any { path }),
            // What was made is told of; who was told is not.
            _ if matches!(bare(gives), Type::Object(_))
                && !TELLING.contains(&service.as_str())
                && !MAILING.contains(&service.as_str()) =>
            {
                self.data.insert(0, Data::One { path, ty: gives.clone(), service, object });
            }
            _ => {}
        }
    }

    /// A list of which a step has kept some stands in place of the whole.
    fn kept(&mut self, workflow: &Workflow, step: &dsl::workflow::Step) {
        let Op::Set { value: dsl::workflow::Arg::Object(entries) } = &step.op else { return };
        if !matches!(&entries[..], [(name, dsl::workflow::Arg::Expr(_))] if &**name == "list") {
            return;
        }
        let [need] = &step.needs[..] else { return };
        let Some(source) = workflow.root.steps.get(usize::from(need.step)) else { return };
        let from = format!("steps.{}.", source.name);
        let whole = format!("steps.{}", source.name);
        for data in &mut self.data {
            if let Data::List { path, .. } = data
                && (path.starts_with(&from) || *path == whole)
            {
                *path = format!("steps.{}.list", step.name);
            }
        }
    }

    /// What a thing is known by where only a word for it is said: the word, in what the thing is called.
    fn by_word(&mut self, clause: &Clause, (service, ty): (&str, &Type), var: &str) -> Option<String> {
        if let Some(mail) = clause.names.mails.first() {
            let found = field(ty, &["from", "sender", "author", "email"])?;
            return Some(contains(var, found, mail));
        }
        let word = match clause.names.quoted.first() {
            Some(quoted) => quoted.clone(),
            None => {
                let known = lexicon().words(&clause.text);
                // What names the thing itself says nothing of which of them.
                let own = |meaning: &Meaning| match meaning {
                    Meaning::Object(id) => {
                        lexicon().objects.get(id).is_some_and(|it| it.home.iter().any(|home| home == service))
                    }
                    Meaning::Service(id) => id == service,
                    Meaning::Verb(_) | Meaning::Happens(_) | Meaning::Trigger | Meaning::Never => false,
                };
                let names = |word: &str| {
                    !OF_A_KIND.contains(&word)
                        && known
                            .iter()
                            .any(|it| &clause.text[it.place.clone()] == word && it.meanings.iter().any(own))
                };
                let left: Vec<&str> = clause
                    .text
                    .split(|char: char| !char.is_alphanumeric())
                    .filter(|word| !word.is_empty() && !NARROWING.contains(word) && !names(word))
                    .collect();
                let [only] = left[..] else { return None };
                match only.strip_suffix('s').filter(|stem| stem.len() > 3) {
                    Some(stem) => stem.to_owned(),
                    None => only.to_owned(),
                }
            }
        };
        let names = ["subject", "title", "raw_subject", "summary", "name", "text"];
        let found = field(ty, &names).filter(|found| matches!(bare(&found.ty), Type::String))?;
        self.assume(format!("it is known by the word `{word}` in its `{}`", found.name));
        Some(contains(var, found, &word))
    }
}

/// The thing that a name of an action or an event speaks of.
fn object_of(name: &str) -> Option<String> {
    let name = name.replace('_', " ");
    terms(&name).iter().rev().find_map(|term| term.strip_prefix("o:").map(str::to_owned))
}

/// True for a text that speaks of more than what it changes: `also`.
pub(crate) fn says_also(text: &str) -> bool {
    ["also", "as well", "too", "additionally", "auch", "zusatzlich", "aussi", "egalement", "tambien", "anche"]
        .iter()
        .any(|word| has_word(text, word))
}
