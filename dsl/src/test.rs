//! Test files, `NAME.test.yaml`: cases of a workflow, each with what it is given, what stands in for the world,
//! and what must come of it. Read by the reader of workflows, with the same diagnostics.

mod expect;
pub mod keys;
mod mock;
mod read;
mod rewrite;
mod subject;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::ast::TriggerKind;
use crate::catalog::Failure;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::fields::Reader;
use crate::span::{Span, Spanned};
use crate::value::{Object, Value};
use crate::workflow::Arg;
use crate::yaml::{self, Kind, Node};

pub use rewrite::{Rewrite, flow, flow_json, rewritten};
pub use subject::{Does, Part, Subject, Turns, general, names};

/// How the name of a test file ends.
pub const ENDING: &str = ".test.yaml";

/// The cases of a test file.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// What stands in for the world in all cases, unless a case says otherwise.
    pub mocks: Vec<Mock>,
    /// The cases, in the order of the file.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is called.
    pub name: Spanned<String>,
    /// What the run is given.
    pub inputs: Object,
    /// The trigger that fired; without it a person starts the run.
    pub fired: Option<Fired>,
    /// When it starts.
    pub now: Timestamp,
    /// The zone of times without an offset.
    pub zone: Arc<str>,
    /// What chance is drawn from.
    pub seed: u64,
    /// What stands in for the world.
    pub mocks: Vec<Mock>,
    /// The actions that are really carried out.
    pub allow: Vec<String>,
    /// What people answer.
    pub answers: Vec<Answer>,
    /// What comes from outside while the run is under way.
    pub signals: Vec<Signal>,
    /// When the process dies.
    pub crash: Option<Crash>,
    /// What must come of it.
    pub expect: Expect,
}

/// A trigger that fired.
#[derive(Clone, Debug)]
pub struct Fired {
    /// Of which kind.
    pub kind: TriggerKind,
    /// When it should have, for one with times.
    pub at: Option<Timestamp>,
    /// What it brings: `body`, `headers` and `query` of a webhook, else what an event or a signal carries.
    pub brings: Value,
}

/// What stands in for an action or a step.
#[derive(Clone, Debug)]
pub struct Mock {
    /// For what.
    pub of: Spanned<Target>,
    /// What it answers: a call takes the first answer that fits it and is not used up.
    pub replies: Vec<Reply>,
}

/// A step by its path, or an action by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A step: `urgent.rank` for all items, `urgent[3].rank` for one.
    Step(String),
    /// An action.
    Action(String),
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Where it stands.
    pub span: Span,
    /// Part of the parameters that a call has for which it is meant; without it, it is for any.
    pub with: Option<Wanted>,
    /// How many calls it answers; without it, any number.
    pub times: Option<u32>,
    /// What it says.
    pub says: Says,
    /// How long it takes.
    pub takes: SignedDuration,
    /// What asking a model cost, in US dollars.
    pub costs: Option<f64>,
}

/// What an answer says.
#[derive(Clone, Debug)]
pub enum Says {
    /// Yes, with this value over `args` and `attempt`.
    Gives(Arg),
    /// No.
    Fails(Failure),
    /// A model with tools wants these calls before it answers.
    Wants(Vec<Want>),
}

/// A call that a model wants.
#[derive(Clone, Debug)]
pub struct Want {
    /// The tool, as the step lists it; a model may also name one that there is not.
    pub tool: String,
    /// Its parameters over `args` and `attempt`.
    pub with: Arg,
}

/// What a person answers to a question or a doubt.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The step that asks.
    pub step: Spanned<String>,
    /// The answer.
    pub says: Word,
    /// What is filled in, or what a call gave of which nobody knew.
    pub value: Value,
    /// How long it takes.
    pub after: SignedDuration,
    /// Who says so.
    pub by: Option<Arc<str>>,
    /// What they add.
    pub comment: Option<Arc<str>>,
}

/// The answer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Yes; it happened.
    Yes,
    /// No; it did not happen.
    No,
    /// It is not to be done again.
    Stop,
}

/// A signal from outside.
#[derive(Clone, Debug)]
pub struct Signal {
    /// Its name.
    pub name: Spanned<String>,
    /// What it carries.
    pub value: Value,
    /// How long after the start it comes.
    pub after: SignedDuration,
}

/// When the process dies; it goes on at once from what was recorded.
#[derive(Clone, Debug)]
pub struct Crash {
    /// The step.
    pub step: Spanned<String>,
    /// When, as seen from the step.
    pub when: When,
}

/// When a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Once the step has ended.
    After,
    /// While its call is under way: the call is made, and its answer lost.
    During,
}

/// A value that is expected.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The value.
    pub value: Value,
    node: Node,
}

impl Wanted {
    /// Where it stands.
    pub fn span(&self) -> Span {
        self.node.span
    }

    /// Where the part at the end of a way stands, or as much of the way as there is: keys, and numbers of items.
    pub fn place(&self, way: &[String]) -> Span {
        let mut node = &self.node;
        for part in way {
            let next = match &node.kind {
                Kind::Map(_) => node.get(part),
                Kind::List(items) => part.parse().ok().and_then(|at: usize| items.get(at)),
                Kind::Scalar(_) => None,
            };
            match next {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node.span
    }
}

/// What must come of a case.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// How the run stands at the end, as in `STATUSES`; without it, that it succeeded, or failed where an error is expected.
    pub status: Option<Spanned<&'static str>>,
    /// All that it gives.
    pub output: Option<Wanted>,
    /// Part of what it gives.
    pub output_has: Option<Wanted>,
    /// Part of its failure: an object; its `message` need only stand in the message.
    pub error: Option<Wanted>,
    /// What came of steps.
    pub steps: Vec<Outcome>,
    /// Which calls were made.
    pub calls: Vec<Calls>,
    /// What its models cost.
    pub cost: Option<Spanned<Money>>,
    /// How long the run took.
    pub took: Option<Spanned<SignedDuration>>,
    /// What holds.
    pub that: Vec<Expr>,
    /// Where it stands, if it says nothing.
    pub bare: Option<Span>,
}

/// How much money is expected, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Money {
    /// This sum.
    Exactly(f64),
    /// No more than this.
    Most(f64),
}

/// What must have come of a step.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which: without numbers, each instance of it.
    pub step: Spanned<String>,
    /// How it stands, as in `STATES`.
    pub state: Option<Spanned<&'static str>>,
    /// All that it gave.
    pub value: Option<Wanted>,
    /// Part of what it gave.
    pub value_has: Option<Wanted>,
    /// How often it was tried.
    pub attempts: Option<Spanned<i64>>,
    /// Part of its failure.
    pub error: Option<Wanted>,
}

/// Which calls must have been made.
#[derive(Clone, Debug)]
pub struct Calls {
    /// By which step, or of which action.
    pub of: Spanned<Target>,
    /// How many.
    pub count: Option<Spanned<i64>>,
    /// Part of the parameters.
    pub with: Option<With>,
}

/// Part of the parameters of calls.
#[derive(Clone, Debug)]
pub enum With {
    /// Of every call.
    Every(Wanted),
    /// Of each call, in their order; there are no others.
    Each(Vec<Wanted>),
}

/// How a run may stand at the end of a case.
pub const STATUSES: &[&str] = &["cancelled", "failed", "succeeded", "waiting"];

/// How a step may stand at the end of a case.
pub const STATES: &[&str] =
    &["cancelled", "failed", "in_doubt", "not_started", "running", "skipped", "succeeded", "waiting"];

/// Reads and checks a test file. With any error there is no suite.
pub fn check(text: &str, subject: &Subject<'_>) -> (Option<Suite>, Vec<Diagnostic>) {
    let (root, diagnostics) = yaml::read_as(text, &yaml::TEST);
    let mut reader = Reader::new(text, diagnostics);
    let suite = root.map(|root| read::suite(&mut reader, &root, subject));
    let diagnostics = crate::in_order(reader.diagnostics);
    let well = diagnostics.iter().all(|wrong| wrong.severity != crate::diagnostic::Severity::Error);
    (suite.filter(|_| well), diagnostics)
}

/// A test file as it is written, without looking at what it means; nothing where it cannot be read.
pub fn raw(text: &str) -> Option<serde_json::Value> {
    Some(yaml::read_as(text, &yaml::TEST).0?.value().to_json())
}

/// The file of the workflow that a test file names, with the place where it does.
pub fn workflow(text: &str) -> Option<Spanned<String>> {
    let root = yaml::read_as(text, &yaml::TEST).0?;
    let node = root.get("workflow")?;
    Some(Spanned::new(node.scalar()?.text.clone(), node.span))
}
