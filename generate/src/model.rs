//! Drafting with a model of the owner's: it is told the language in short, the actions and events that fit the wish, and the
//! names of connections; never data of a run and never a secret. What it answers is a text like any other: it passes the
//! checker, the guard and the mocks, or its problems go back to it, three times at most.

use std::future::Future;

use dsl::catalog::{Action, Event, Failure};
use dsl::types::{Field, Type};
use serde_json::Value;

use crate::draft::{Answer, Unproved, Wish, draft, named, proved};
use crate::plan::Means;

/// How often the problems of a draft go back to the model.
pub const REPAIRS: usize = 3;

/// How many actions, and how many events, a model is told of.
const TOLD: usize = 24;

/// What a model said, and what it took.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The fields of its answer.
    pub value: Value,
    /// The tokens that were read and written.
    pub tokens: i64,
}

/// Whoever answers questions: the owner's models, or what stands for them in a test.
pub trait Model {
    /// Answers a question with these fields.
    fn ask(
        &self,
        system: &str,
        prompt: &str,
        returns: &[Field],
    ) -> impl Future<Output = Result<Said, Failure>> + Send;
}

/// What drafting with a model took.
#[derive(Clone, Debug, Default)]
pub struct Took {
    /// How often it was asked.
    pub rounds: usize,
    /// The tokens of all rounds.
    pub tokens: i64,
}

/// Drafts a workflow with a model. Where it cannot be asked, or gives no draft that holds, the planner without a model does
/// it, and says so.
pub async fn draft_with<M: Model + Sync>(wish: &Wish, means: &Means<'_>, model: &M) -> (Answer, Took) {
    let system = system(wish, means);
    let person = named(wish);
    let mut prompt = format!("The wish:\n{person}");
    let mut took = Took::default();
    let mut why = String::new();
    for _ in 0..=REPAIRS {
        let said = match model.ask(&system, &prompt, &fields()).await {
            Ok(said) => said,
            Err(failure) => {
                why = format!("no model could be asked: {}", failure.message);
                break;
            }
        };
        took.rounds += 1;
        took.tokens += said.tokens;
        let text = |name: &str| {
            let text = said.value[name].as_str().map(str::trim).filter(|text| !text.is_empty())?;
            // A draft is as it was written: the checker looks at each letter of it.
            Some(if name == "yaml" { text.to_owned() } else { plain(text) })
        };
        let list = |name: &str| -> Vec<String> {
            said.value[name]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|one| one.as_str().map(plain))
                .collect()
        };
        match (said.value["kind"].as_str(), text("yaml"), text("question"), text("reason")) {
            (Some("question"), _, Some(question), _) => {
                return (Answer::question(question, list("choices")), took);
            }
            (Some("refusal"), _, _, Some(reason)) => return (Answer::refusal(reason), took),
            (_, Some(yaml), _, _) => match proved(&yaml, means, &person, list("assumptions")) {
                Ok(answer) => return (answer, took),
                // A model is not asked to get round a question to a person.
                Err(Unproved::Guarded(question)) => {
                    return (Answer::question(plain(&question), vec![]), took);
                }
                Err(Unproved::Wrong(problems)) => {
                    why = format!("the model's draft did not hold: {}", plain(&problems));
                    prompt = format!(
                        "The wish:\n{person}\n\nYour draft:\n{yaml}\n\nIts problems:\n{problems}\n\nGive the whole draft anew without them."
                    );
                }
            },
            _ => {
                why = "the model gave neither a draft nor a question".into();
                prompt = format!(
                    "The wish:\n{person}\n\nYou gave neither a draft, nor a question, nor a reason. Give one of them."
                );
            }
        }
    }
    let mut answer = draft(wish, means);
    answer.assumptions.insert(0, format!("{why}; this was drafted without a model"));
    (answer, took)
}

/// What a model said without what moves a terminal's cursor: a person reads it there.
pub(crate) fn plain(said: &str) -> String {
    said.chars().filter(|char| *char == '\n' || !char.is_control()).collect()
}

/// The fields of a model's answer.
pub fn fields() -> Vec<Field> {
    let or_null = |ty: Type| Type::Nullable(Box::new(ty));
    let texts = || Type::List(Box::new(Type::String));
    vec![
        Field::required(
            "kind",
            Type::Enum(vec!["draft".into(), "question".into(), "refusal".into()]),
            "What it is.",
        ),
        Field::required("yaml", or_null(Type::String), "The whole workflow, for a draft."),
        Field::required("question", or_null(Type::String), "What has to be known first."),
        Field::required("choices", texts(), "Answers that would do."),
        Field::required("reason", or_null(Type::String), "Why it cannot be done, and what is near."),
        Field::required("assumptions", texts(), "What was taken to be meant."),
    ]
}

/// The language in short.
const LANGUAGE: &str = include_str!("../data/language.txt");

/// What a model is told before the wish.
pub fn system(wish: &Wish, means: &Means<'_>) -> String {
    let person = named(wish);
    let terms: Vec<(String, f64)> =
        crate::index::terms(&person).into_iter().map(|term| (term, 1.0)).collect();
    let mut out = LANGUAGE.to_owned();
    out += "\n\nActions:\n";
    for hit in means.library.actions.find(&terms, &|_| true).into_iter().take(TOLD) {
        out += &means.catalog.get(&hit.id).map(of_action).unwrap_or_default();
    }
    out += "\nEvents:\n";
    for hit in means.library.events.find(&terms, &|_| true).into_iter().take(TOLD / 2) {
        out += &means.catalog.event(&hit.id).map(of_event).unwrap_or_default();
    }
    out += &format!(
        "\nConnected: {}\n",
        if means.connected.is_empty() { "nothing yet".to_owned() } else { means.connected.join(", ") }
    );
    out
}

fn of_action(action: &Action) -> String {
    format!("{}({}) -> {}: {}\n", action.id, parameters(&action.input), short(&action.output), action.about)
}

fn of_event(event: &Event) -> String {
    format!("{}({}) -> {}: {}\n", event.id, parameters(&event.input), short(&event.payload), event.about)
}

fn parameters(input: &[Field]) -> String {
    let of = |field: &Field| {
        format!(
            "{}{}: {}",
            field.name,
            if field.optional || field.default.is_some() { "?" } else { "" },
            short(&field.ty)
        )
    };
    input.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// A type in at most so many letters.
fn short(ty: &Type) -> String {
    let text = ty.to_string();
    match text.char_indices().nth(400) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
