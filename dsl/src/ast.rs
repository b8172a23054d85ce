//! The workflow as it was written, every part with its place. What could not be read is left out and was
//! reported; nothing here is resolved yet.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::catalog::{FailureKind, Safety};
use crate::expr::Expr;
use crate::span::{Span, SpanMap, Spanned};
use crate::template::Template;
use crate::types::{Field, Type};
use crate::value::Value;
use crate::workflow::{
    CatchUp, Concurrency, Method, OnDoubt, OnError, OnTimeout, Overlap, Phase, Respond, Verify,
};
use crate::{lower, workflow};

/// A whole workflow.
#[derive(Clone, Debug, Default)]
pub struct Ast {
    /// Its name.
    pub name: Option<Spanned<String>>,
    /// What it is for.
    pub description: String,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// What a run is given.
    pub inputs: Vec<Input>,
    /// What a run may take at most.
    pub limits: Limits,
    /// How many runs may be under way at once.
    pub concurrency: Option<Concurrency>,
    /// Which named connection each connector uses.
    pub connections: Vec<(Spanned<String>, Spanned<String>)>,
    /// What holds for all steps that do not say otherwise.
    pub defaults: Defaults,
    /// The steps, those of `on_failure` as `Phase::Catch`, and the output.
    pub root: Block,
    /// How many steps there are in all; their ids are smaller.
    pub steps: usize,
    /// What could not be read: names in it count as used.
    pub unread: Vec<Span>,
}

/// An input with the places that a message may need.
#[derive(Clone, Debug)]
pub struct Input {
    /// The place of its name.
    pub span: Span,
    /// The place of its default.
    pub default: Option<Span>,
    /// All that is known of it.
    pub field: Field,
}

/// What starts runs by itself. Which of the parts are there depends on the kind.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Its kind.
    pub kind: Spanned<TriggerKind>,
    /// The schedule, time, event or signal, where it is a text.
    pub text: Option<Spanned<String>>,
    /// Where the bytes of `text` stand.
    pub places: SpanMap,
    /// The time zone.
    pub timezone: Option<Spanned<String>>,
    /// The first time of `every`.
    pub from: Option<Spanned<String>>,
    /// While the run before is under way.
    pub overlap: Overlap,
    /// What was missed.
    pub catch_up: CatchUp,
    /// Each start is put off by a random time up to this.
    pub jitter: Option<SignedDuration>,
    /// How often an event is asked for.
    pub poll: Option<SignedDuration>,
    /// The parameters of an event.
    pub with: Vec<(Spanned<String>, Arg)>,
    /// Only events for which this holds.
    pub filter: Option<Expr>,
    /// How a request is told to be genuine.
    pub verify: Option<Verify>,
    /// When a request is answered.
    pub respond: Respond,
    /// The method of a request.
    pub method: Method,
    /// What the run is given.
    pub inputs: Vec<(Spanned<String>, Arg)>,
}

/// The kinds of trigger, as `keys::TRIGGERS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerKind {
    /// Once.
    At,
    /// By a schedule.
    Cron,
    /// For each event of a connector.
    Event,
    /// Again and again.
    Every,
    /// For each signal.
    Signal,
    /// For each request to an address of its own.
    Webhook,
}

impl TriggerKind {
    /// All of them, sorted by their names.
    pub const ALL: [TriggerKind; 6] = [
        TriggerKind::At,
        TriggerKind::Cron,
        TriggerKind::Event,
        TriggerKind::Every,
        TriggerKind::Signal,
        TriggerKind::Webhook,
    ];

    /// As authors write it.
    pub fn name(self) -> &'static str {
        match self {
            TriggerKind::At => "at",
            TriggerKind::Cron => "cron",
            TriggerKind::Event => "event",
            TriggerKind::Every => "every",
            TriggerKind::Signal => "signal",
            TriggerKind::Webhook => "webhook",
        }
    }
}

/// The keys of `limits`.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// US dollars that a run may spend on models.
    pub ai_cost: Option<f64>,
    /// How many steps it may start.
    pub steps: Option<u64>,
    /// How long it may take.
    pub timeout: Option<SignedDuration>,
}

/// The keys of `defaults`.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// How good a model the `ai` steps ask.
    pub quality: Option<&'static str>,
    /// How often calls are tried.
    pub retry: Retry,
    /// Longest time of an attempt of a call.
    pub timeout: Option<SignedDuration>,
}

/// What an author says of retries; the rest comes from elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retry {
    /// Attempts in all.
    pub attempts: Option<u32>,
    /// Pause before the second.
    pub delay: Option<SignedDuration>,
    /// By what each further pause is multiplied.
    pub factor: Option<f64>,
    /// The longest pause.
    pub max_delay: Option<SignedDuration>,
    /// Only these kinds.
    pub on: Option<Vec<FailureKind>>,
}

/// A block of steps with all its parts.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The steps in the order of the file.
    pub steps: Vec<Step>,
    /// What the block gives.
    pub output: Option<Arg>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its number in the whole file, in the order of reading.
    pub id: usize,
    /// Its name.
    pub name: Spanned<Arc<str>>,
    /// Which part of its block it belongs to.
    pub phase: Phase,
    /// The place of the whole.
    pub whole: Span,
    /// The place of the verb, or of the name where there is none.
    pub verb: Span,
    /// It is skipped where this is false.
    pub condition: Option<Expr>,
    /// Steps that come first though nothing of them is read.
    pub after: Vec<Spanned<String>>,
    /// How often it is tried.
    pub retry: Spanned<Option<Retry>>,
    /// Longest time of one attempt.
    pub timeout: Option<SignedDuration>,
    /// What happens where it fails.
    pub on_error: Spanned<OnError>,
    /// What happens where nobody knows whether its call took effect.
    pub on_doubt: Spanned<Option<OnDoubt>>,
    /// How long an answer may be used again.
    pub cache: Option<Spanned<SignedDuration>>,
    /// The named connection.
    pub connection: Option<Spanned<String>>,
    /// What it does; nothing where that could not be read.
    pub op: Option<Op>,
}

/// What a step does, as `workflow::Op`.
#[derive(Clone, Debug)]
pub enum Op {
    /// Calls an action.
    Act(Act),
    /// Runs another workflow.
    Child {
        /// Its name.
        workflow: Spanned<String>,
        /// Its inputs.
        inputs: Vec<(Spanned<String>, Arg)>,
    },
    /// Computes a value.
    Set {
        /// The value.
        value: Arg,
    },
    /// Pauses.
    Wait(Wait),
    /// Fails its step.
    Fail {
        /// The message.
        message: Arg,
    },
    /// A block once for each item.
    Each {
        /// What it runs over.
        items: Arg,
        /// The name of the item.
        name: Spanned<Arc<str>>,
        /// How many calls at once.
        parallel: u32,
        /// The block.
        body: Block,
    },
    /// A block at most so many times.
    Repeat {
        /// Rounds at most.
        rounds: Arg,
        /// Asked after each round.
        until: Option<Expr>,
        /// Pause between rounds.
        every: Option<SignedDuration>,
        /// The block.
        body: Block,
    },
    /// One of several blocks.
    Switch {
        /// The value that decides.
        on: Arg,
        /// The cases.
        cases: Vec<(Spanned<Value>, Block)>,
        /// Where no case matches.
        default: Option<Block>,
        /// What each of them gives.
        output: Option<Arg>,
    },
    /// A block with its handlers.
    Try {
        /// The steps of all three parts.
        body: Block,
        /// True if there is a `catch`.
        catches: bool,
    },
}

/// What a step waits for, as `workflow::Wait`.
#[derive(Clone, Debug)]
pub enum Wait {
    /// A length of time.
    For {
        /// How long.
        length: Arg,
    },
    /// A person's answer.
    Person(Question),
    /// A signal.
    Signal {
        /// Its name.
        name: Arg,
        /// How long at most.
        timeout: Option<SignedDuration>,
    },
    /// A time.
    Until {
        /// The time.
        at: Arg,
    },
}

/// What a person is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who may answer.
    pub who: Option<Arg>,
    /// What they read.
    pub message: Arg,
    /// What they fill in.
    pub fields: Vec<Field>,
    /// How long at most.
    pub timeout: Option<SignedDuration>,
    /// What happens where nobody answers in time.
    pub on_timeout: OnTimeout,
}

/// A call of an action.
#[derive(Clone, Debug)]
pub struct Act {
    /// The action's id.
    pub action: Spanned<String>,
    /// Its parameters.
    pub args: Vec<(Spanned<String>, Arg)>,
    /// What may be repeated, where the verb knows it better than the catalog.
    pub safety: Option<Safety>,
    /// True where the verb has checked the parameters itself.
    pub checked: bool,
    /// What an answer must meet, over its `value`. It is a parameter too, as text: it is asked where the answers come.
    pub check: Option<Expr>,
    /// The type of what it gives, where the verb knows it better than the catalog.
    pub gives: Option<Type>,
}

impl Act {
    /// A parameter by its name.
    pub fn arg(&self, name: &str) -> Option<&Arg> {
        self.args.iter().find(|(key, _)| key.value == name).map(|(_, value)| value)
    }
}

/// A value with holes and the places of its parts.
#[derive(Clone, Debug)]
pub struct Arg {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: ArgKind,
}

/// What a value with holes is, as `workflow::Arg`.
#[derive(Clone, Debug)]
pub enum ArgKind {
    /// A value as it stands.
    Value(Value),
    /// Exactly one expression.
    Expr(Expr),
    /// Text with holes.
    Text(Template),
    /// A list.
    List(Vec<Arg>),
    /// An object.
    Object(Vec<(Spanned<String>, Arg)>),
    /// What could not be read; it was reported.
    Wrong,
}

impl Arg {
    /// A value as it stands.
    pub fn value(value: impl Into<Value>, span: Span) -> Arg {
        Arg { span, kind: ArgKind::Value(value.into()) }
    }

    /// Drops the places; nothing where a part of it could not be read.
    pub fn lowered(self) -> Option<workflow::Arg> {
        lower::arg(self)
    }

    /// Calls `found` for each expression and template in it.
    pub fn each<'a>(&'a self, found: &mut dyn FnMut(Part<'a>)) {
        match &self.kind {
            ArgKind::Value(_) | ArgKind::Wrong => {}
            ArgKind::Expr(expr) => found(Part::Expr(expr)),
            ArgKind::Text(template) => found(Part::Text(template)),
            ArgKind::List(items) => items.iter().for_each(|item| item.each(found)),
            ArgKind::Object(entries) => entries.iter().for_each(|(_, value)| value.each(found)),
        }
    }
}

/// A part of a value that reads something.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// An expression.
    Expr(&'a Expr),
    /// A text with holes.
    Text(&'a Template),
}

impl Step {
    /// The blocks of this step, with what each is called.
    pub fn blocks(&self) -> Vec<&Block> {
        match &self.op {
            Some(Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. }) => vec![body],
            Some(Op::Switch { cases, default, .. }) => {
                cases.iter().map(|(_, block)| block).chain(default.as_ref()).collect()
            }
            Some(Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. }) | None => {
                vec![]
            }
        }
    }
}

impl Op {
    /// The values of its own, heads of blocks included, what stands in blocks and their outputs not.
    pub fn values(&self) -> Vec<&Arg> {
        match self {
            Op::Act(Act { args, .. }) | Op::Child { inputs: args, .. } => {
                args.iter().map(|(_, value)| value).collect()
            }
            Op::Wait(Wait::Person(question)) => question.who.iter().chain([&question.message]).collect(),
            Op::Set { value }
            | Op::Fail { message: value }
            | Op::Wait(
                Wait::For { length: value } | Wait::Signal { name: value, .. } | Wait::Until { at: value },
            )
            | Op::Each { items: value, .. }
            | Op::Repeat { rounds: value, .. }
            | Op::Switch { on: value, .. } => vec![value],
            Op::Try { .. } => vec![],
        }
    }
}

impl Block {
    /// Calls `found` for each step in it, inner ones included, outer ones first.
    pub fn each<'a>(&'a self, found: &mut dyn FnMut(&'a Step)) {
        for step in &self.steps {
            found(step);
            step.blocks().into_iter().for_each(|block| block.each(found));
        }
    }
}
