//! The checked workflow: blocks of steps with their needs, conditions and operations.
//!
//! It is always runnable: a text with any error has no `Workflow`. Verbs are many and friendly; operations
//! are few, and they are all that the engine knows.

mod same;
mod trigger;

use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::catalog::{FailureKind, Safety};
use crate::expr::Expr;
use crate::span::Span;
use crate::template::Template;
use crate::types::Field;
use crate::value::Value;

pub use same::without_places;
pub use trigger::{
    CatchUp, Concurrency, Keeping, Method, Moment, Overlap, Respond, Start, Trigger, Verify, WhenFull,
};

/// A workflow without errors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    /// Its name, `[a-z0-9-]`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What a run is given.
    pub inputs: Vec<Field>,
    /// Longest time that a run may take.
    pub timeout: Option<SignedDuration>,
    /// How many steps a run may start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,
    /// US dollars that a run may spend on models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_cost: Option<f64>,
    /// How many runs may be under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// What starts runs by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
    /// The steps, with `on_failure` as `Phase::Catch` and the run's output as the block's.
    pub root: Block,
}

/// A block of steps. Their order in the file means nothing: `needs` orders them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// The steps of all phases. Names are unique within a block.
    pub steps: Vec<Step>,
    /// What the block gives; without it, the map of its steps' values.
    pub output: Option<Arg>,
}

/// When a step of a block runs. Only `try` and the root have more than a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// In any case.
    #[default]
    Body,
    /// After a failure in the body: `catch`, `on_failure`.
    Catch,
    /// At the end, however it came: `finally`.
    Finally,
}

/// One step of a block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name.
    pub name: Arc<str>,
    /// Where the name stands in the text.
    pub span: Span,
    /// Which part of the block it belongs to.
    pub phase: Phase,
    /// What must have ended before it starts.
    pub needs: Vec<Need>,
    /// It is skipped where this is false.
    pub condition: Option<Expr>,
    /// What it does.
    pub op: Op,
    /// How often it is tried. Only `Act` is ever tried again.
    pub retry: Retry,
    /// Longest time of one attempt; for waits and blocks, of the whole.
    pub timeout: Option<SignedDuration>,
    /// True for `on_error: continue`.
    pub on_error: OnError,
    /// What happens where nobody knows whether a call took effect.
    #[serde(default, skip_serializing_if = "OnDoubt::is_ask")]
    pub on_doubt: OnDoubt,
}

impl Step {
    /// True if another version of this step does the same: places in the text do not count.
    pub fn does_the_same(&self, other: &Step) -> bool {
        same::without_places(self) == same::without_places(other)
    }
}

/// Something that must have ended before a step starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// How many blocks outward the step stands: 0 is the step's own block.
    pub up: u16,
    /// Its place in that block's `steps`.
    pub step: u16,
    /// What the need is for.
    pub kind: NeedKind,
}

/// What a need is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    /// Order alone: `after`.
    After,
    /// A read that takes null: behind `?.`, left of `??`, or where it may not be reached.
    Soft,
    /// A plain read: where the step was skipped, so is the reader.
    Hard,
}

/// What a step does when it fails for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The block fails.
    #[default]
    Fail,
    /// Its value is null and `errors.NAME` tells why.
    Continue,
    /// Only on `for_each`: a failed item's value is `{ error: { … } }`.
    Collect,
}

/// What happens where a call was cut off that must not be repeated unasked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDoubt {
    /// A person decides.
    #[default]
    Ask,
    /// The step fails.
    Fail,
    /// The call is made again.
    Retry,
}

impl OnDoubt {
    fn is_ask(&self) -> bool {
        *self == OnDoubt::Ask
    }
}

/// How often an attempt is repeated, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts in all, at least 1.
    pub attempts: u32,
    /// Pause before the second.
    pub delay: SignedDuration,
    /// By what each further pause is multiplied.
    pub factor: f64,
    /// The longest pause.
    pub max_delay: SignedDuration,
    /// Only these kinds; where empty, those that may pass.
    pub on: Vec<FailureKind>,
}

impl Retry {
    /// What holds where the author says nothing: 3 attempts where repeating is safe, else 1.
    pub fn default_for(safety: Safety) -> Retry {
        Retry {
            attempts: if safety.repeatable() { 3 } else { 1 },
            delay: SignedDuration::from_secs(1),
            factor: 2.0,
            max_delay: SignedDuration::from_mins(5),
            on: vec![],
        }
    }
}

/// What a step does: leaves first, then blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Calls an action: `use`, `http`, `ai`, `emit`.
    Act(Act),
    /// Runs another workflow; its output is the value.
    Child {
        /// Its name.
        workflow: Arc<str>,
        /// Its inputs: an object.
        inputs: Arg,
    },
    /// Computes a value.
    Set {
        /// The value.
        value: Arg,
    },
    /// Pauses.
    Wait(Wait),
    /// Fails the step.
    Fail {
        /// The message.
        message: Arg,
    },
    /// A block once for each item.
    Each {
        /// What it runs over: a list, or an object whose entries become `{ key, value }`.
        items: Arg,
        /// The name of the item within the block; `index` is always there.
        name: Arc<str>,
        /// How many calls may be in flight, at least 1.
        parallel: u32,
        /// The block.
        body: Block,
    },
    /// A block at most so many times.
    Repeat {
        /// Rounds at most: an integer of at least 1.
        rounds: Arg,
        /// What `last` is in the first round, evaluated once, where the step stands; without it, null.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start: Option<Arg>,
        /// Asked after each round, in the scope of the round.
        until: Option<Expr>,
        /// Pause between rounds.
        every: Option<SignedDuration>,
        /// The block.
        body: Block,
    },
    /// One of several blocks. Each carries the same `output`.
    Switch {
        /// The value that decides.
        on: Arg,
        /// The cases in the order of the file; compared with `==`.
        cases: Vec<Case>,
        /// The block where no case matches.
        default: Option<Block>,
    },
    /// A block with its handlers, told apart by the phase of its steps.
    Try {
        /// The block.
        body: Block,
        /// True if there is a `catch`, be it empty.
        catches: bool,
    },
}

impl Op {
    /// The look at a batch, where this is the rounds that `ai` with `patience` becomes.
    pub fn batch(&self) -> Option<&Act> {
        self.round(BATCH)
    }

    /// The turn of a model with tools, where this is the rounds that `ai` with `tools` becomes.
    pub fn turn(&self) -> Option<&Act> {
        self.round(TURN)
    }

    /// What each round begins with, where that is a call of this action.
    fn round(&self, action: &str) -> Option<&Act> {
        match self {
            Op::Repeat { body, .. } => match &body.steps.first()?.op {
                Op::Act(act) if &*act.action == action => Some(act),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What a step waits for. How long at most is the step's `timeout`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// A length of time.
    For {
        /// A duration, or a text that is one.
        length: Arg,
    },
    /// A person's answer, which becomes the value.
    Person(Question),
    /// A signal, whose payload becomes the value.
    Signal {
        /// Its name: a text.
        name: Arg,
    },
    /// A time.
    Until {
        /// The time, or a text that is one; local where it has no offset.
        at: Arg,
    },
}

/// What a person is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Who may answer: a list of texts, or a text; without it, the owner.
    pub who: Option<Arg>,
    /// What they read: a text.
    pub message: Arg,
    /// What they fill in.
    pub fields: Vec<Field>,
    /// What happens where nobody answers in time.
    pub on_timeout: OnTimeout,
}

/// What happens where nobody answers in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// It counts as a yes.
    Approve,
    /// The step fails, kind `timeout`.
    #[default]
    Fail,
    /// It counts as a no.
    Reject,
}

/// A call of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// The action's id, `connector.action`.
    pub action: Arc<str>,
    /// Its parameters: an object.
    pub args: Arg,
    /// What may be repeated; for `http` by its method.
    pub safety: Safety,
    /// The named connection; without it, the owner's only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Arc<str>>,
    /// How long an answer may be used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<SignedDuration>,
}

/// What `ai` calls.
pub const ASK: &str = "ai.ask";

/// What `ai` with `patience` calls, once for each look at its batch.
pub const BATCH: &str = "ai.batch";

/// The action that tells the meaning of texts.
pub const EMBED: &str = "ai.embed";

/// What `ai` with `tools` calls, once for each turn of the model.
pub const TURN: &str = "ai.turn";

/// Its parameter that says to what its cost is counted: `{ workflow, step, limit }`, the limit that of the run.
pub const ACCOUNT: &str = "account";

/// The action that `http` lowers to.
pub const REQUEST: &str = "http.request";

/// What `emit` calls.
pub const EMIT: &str = "signal.emit";

/// One case of a `switch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The text, integer or boolean that the value is compared with.
    pub key: Value,
    /// The block.
    pub block: Block,
}

/// A value with holes, as an author writes it in `with:`, `set:` or `output:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arg {
    /// A value as it stands.
    Value(Value),
    /// Exactly one expression: keeps its type.
    Expr(Expr),
    /// Text with holes and blocks: renders to text.
    Text(Template),
    /// A list.
    List(Vec<Arg>),
    /// An object, in the order of the file.
    Object(Vec<(Arc<str>, Arg)>),
}
