//! What people say to runs, by the paths that they see, and what it means to the engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use dsl::diagnostic::nearest;
use dsl::inputs;
use dsl::value::{Object, Value};
use dsl::workflow::{Question, Wait};
use engine::fork::Past;
use engine::input::{Answer, Choice, Input, Known};
use engine::plan::{Op, Plan};
use engine::run::{Hold, RunId, Status};
use engine::view::{Shown, Timeline, Waits};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What somebody says to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Start nothing new.
    Pause,
    /// Go on after a pause.
    Continue,
    /// Yes or no, or it happened or it did not, to the step that asks.
    Answer {
        /// The path of the step; without it, the only one that asks.
        step: Option<String>,
        /// The answer.
        said: Said,
    },
    /// A signal to this run alone.
    Signal {
        /// Its name.
        name: Arc<str>,
        /// What it carries.
        value: Value,
    },
}

/// What a person answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The answer itself.
    pub reply: Reply,
    /// Who says so.
    pub by: Option<Arc<str>>,
    /// What they add.
    pub comment: Option<Arc<str>>,
}

/// The answer to a question, or to a doubt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Yes; it happened.
    Yes,
    /// No; it did not happen, and is to be done again.
    No,
    /// Yes, with what was asked for; it happened, and gave this.
    Value(Value),
    /// It is not to be done again: the step fails.
    Stop,
}

/// A wish for a run that takes over from an earlier one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Again {
    /// The new run's name, chosen by who wants it.
    pub run: RunId,
    /// The earlier run.
    pub of: RunId,
    /// From which steps on things are done anew.
    pub from: From,
    /// Other values of steps, by their paths.
    pub set: BTreeMap<String, Value>,
    /// Other inputs: they replace those of the earlier run one by one.
    pub inputs: Object,
    /// Another version of the workflow: its file and its text.
    pub workflow: Option<(PathBuf, String)>,
    /// Whether calls may go to private addresses.
    pub allow_private: bool,
}

/// From which steps on things are done anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// From the step that failed.
    Failure,
    /// From these.
    Steps(Vec<String>),
}

/// What a word means to a run that stands like this.
///
/// # Errors
/// Where the run has no such step, or the step waits for nothing of the kind.
pub fn meaning(timeline: &Timeline, word: &Word) -> Result<Input, Error> {
    match word {
        Word::Pause => Ok(Input::Hold(Hold::Paused)),
        Word::Continue => Ok(Input::Release(Hold::Paused)),
        Word::Signal { name, value } => {
            Ok(Input::Signal { name: name.clone(), value: value.clone(), to: None })
        }
        Word::Answer { step, said } => answer(timeline, step.as_deref(), said),
    }
}

fn answer(timeline: &Timeline, step: Option<&str>, said: &Said) -> Result<Input, Error> {
    let asks: Vec<(&String, &Waits)> = timeline
        .steps()
        .iter()
        .filter_map(|(path, entry)| Some((path, entry.waits.as_ref()?)))
        .filter(|(_, waits)| !matches!(waits, Waits::Signal(_)))
        .collect();
    let names = || asks.iter().map(|(path, _)| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    let (path, waits) = match (step, asks.as_slice()) {
        (_, []) => return Err(Error::Wrong("no step of this run asks anything".into())),
        (None, [one]) => *one,
        (None, _) => return Err(Error::Wrong(format!("several steps ask: {}; name one", names()))),
        (Some(step), _) => match asks.iter().find(|(path, _)| *path == step) {
            Some(found) => *found,
            None => return Err(Error::Wrong(not_asking(timeline, step, &names()))),
        },
    };
    let at = timeline.place(path).ok_or_else(|| Error::Wrong(format!("`{path}` asks nothing any more")))?;
    match waits {
        Waits::Signal(_) => Err(Error::Wrong(format!("`{path}` waits for a signal, not for an answer"))),
        Waits::Doubt => {
            let known = match &said.reply {
                Reply::Yes => Known::Happened(Value::Null),
                Reply::Value(value) => Known::Happened(value.clone()),
                Reply::No => Known::DidNot,
                Reply::Stop => Known::Stop,
            };
            Ok(Input::Resolve { at, known })
        }
        Waits::Person(_) => {
            let plan = timeline.plan();
            let block = timeline.state().frames.get(&at.frame).map_or(0, |frame| frame.block);
            let Some((name, question)) = question(plan, block, at.slot) else {
                return Err(Error::Wrong(format!("`{path}` asks nothing any more")));
            };
            let (choice, values) = match &said.reply {
                Reply::Yes => (Choice::Approve, filled(name, question, &Value::object::<&str>([]))?),
                Reply::Value(value) => (Choice::Approve, filled(name, question, value)?),
                Reply::No | Reply::Stop => (Choice::Reject, Value::object::<&str>([])),
            };
            let answer = Answer { choice, by: said.by.clone(), comment: said.comment.clone(), values };
            Ok(Input::Answer { at, answer })
        }
    }
}

fn not_asking(timeline: &Timeline, step: &str, asking: &str) -> String {
    if timeline.steps().contains_key(step) {
        return format!("`{step}` asks nothing; {asking} does");
    }
    match nearest(step, timeline.steps().keys().map(String::as_str)) {
        Some(near) => format!("this run has no step `{step}`; did you mean `{near}`?"),
        None => format!("this run has no step `{step}`; {asking} asks"),
    }
}

fn question(plan: &Plan, block: u32, slot: u16) -> Option<(&str, &Question)> {
    let step = plan.step(block, slot)?;
    match &step.op {
        Op::Wait(Wait::Person(question)) => Some((&step.name, question)),
        _ => None,
    }
}

/// What was filled in, checked, with defaults.
fn filled(name: &str, question: &Question, given: &Value) -> Result<Value, Error> {
    let Value::Object(given) = given else {
        return Err(Error::Wrong(format!("what is filled in is an object, not {}", given.type_name())));
    };
    inputs::fields(name, &question.fields, given, "field").map_err(|wrong| Error::Wrong(wrong.join("\n")))
}

/// What a run takes over from an earlier one, and its inputs.
///
/// # Errors
/// Where the earlier run has no such step, or the inputs do not fit the workflow.
pub fn again(old: &Timeline, wish: &Again, plan: &Plan) -> Result<(Past, Value), Error> {
    let from = match (&wish.from, old.status()) {
        (From::Steps(steps), _) => steps.clone(),
        (From::Failure, Status::Failed(failure)) if !failure.step.is_empty() => vec![failure.step.clone()],
        (From::Failure, Status::Failed(_) | Status::Cancelled) => vec![],
        (From::Failure, Status::Succeeded(_)) => {
            return Err(Error::Wrong(format!("run `{}` did not fail", wish.of)));
        }
        (From::Failure, Status::New | Status::Running) => {
            return Err(Error::Wrong(format!("run `{}` has not ended yet", wish.of)));
        }
    };
    let past = Past::of(old, &from, &wish.set, plan).map_err(Error::Wrong)?;
    let before = &old.state().inputs;
    if wish.inputs.is_empty() && old.plan().digest == plan.digest {
        return Ok((past, before.clone()));
    }
    let mut given = match before {
        Value::Object(before) => (**before).clone(),
        _ => Object::new(),
    };
    // What another version does not know any more is left behind.
    given.retain(|name, _| plan.workflow().inputs.iter().any(|field| *field.name == **name));
    given.extend(wish.inputs.iter().map(|(name, value)| (name.clone(), value.clone())));
    let inputs = inputs::inputs(plan.workflow(), &given).map_err(Error::Inputs)?;
    Ok((past, inputs))
}

/// The steps of `once` actions whose outcome is not known and that would be made again.
pub fn doubtful(old: &Timeline, past: &Past) -> Vec<String> {
    let doubts = old.steps().iter().filter(|(_, entry)| entry.state == Shown::InDoubt);
    doubts.map(|(path, _)| path.clone()).filter(|path| !past.steps.contains_key(path)).collect()
}
