//! A second, naive opinion on what must come of a plan where nothing depends on timing: it walks the
//! workflow recursively, one step after another, and knows nothing of frames, events or inputs.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use dsl::catalog::{Failure, FailureKind};
use dsl::expr::{self, Halt, Seen};
use dsl::template;
use dsl::value::{Hash, Value};
use dsl::workflow::{Act, Arg, Block, EMIT, NeedKind, OnError, Op, Phase, Step, Wait, Workflow};
use engine::input::Choice;
use jiff::Timestamp;

use crate::model::join;

/// How a step ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    NotStarted,
    Skipped,
    Succeeded(Value),
    Failed(FailureKind),
}

/// What must come of a run.
#[derive(Debug, Default)]
pub struct Foretold {
    pub steps: BTreeMap<String, Fate>,
    /// The output, or the kind of failure and the step that it came from.
    pub end: Option<Result<Value, Fell>>,
    /// True if a failure stopped something: what else was under way then depends on timing.
    pub stopped: bool,
}

/// A failure and where it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Fell {
    pub kind: FailureKind,
    pub step: String,
}

/// What comes of one try of a call.
pub enum Tried {
    /// The world answers.
    Answered(Result<Value, Failure>),
    /// It was cut off, and is made again.
    Again,
    /// It was cut off, and nobody is asked or whoever is says to stop.
    GivenUp,
}

/// What the world says to the steps of a run, by their paths.
pub trait Says {
    /// To one try of a call.
    fn to_call(&self, path: &str, attempt: u32) -> Tried;
    /// To a question.
    fn to_question(&self, path: &str) -> Choice;
    /// The signal that wakes a step.
    fn signal(&self, path: &str) -> Value;
}

/// Foretells a run.
pub fn foretell(workflow: &Workflow, world: &dyn Says) -> Foretold {
    let mut oracle =
        Oracle { world, told: Foretold::default(), begun: 0, most: workflow.max_steps, handles: false };
    let scope = Place { outer: None, names: RefCell::default(), locals: RefCell::default() };
    oracle.announce(&workflow.root, "");
    let body = oracle.phase(&scope, &workflow.root, Phase::Body, "");
    let end = match body {
        Ok(()) => Ok(map_of(&scope, workflow.root.steps.iter().filter(|step| step.phase == Phase::Body))),
        Err(fell) => {
            scope.set("error", error_value(&fell));
            oracle.handles = true;
            let _ = oracle.phase(&scope, &workflow.root, Phase::Catch, "");
            Err(fell)
        }
    };
    oracle.told.end = Some(end);
    oracle.told
}

struct Oracle<'a> {
    world: &'a dyn Says,
    told: Foretold,
    /// How many steps have begun.
    begun: u64,
    /// How many may begin.
    most: Option<u64>,
    /// True once the run as a whole handles its failure: from then on any number may begin.
    handles: bool,
}

/// What is known of a step that has ended.
#[derive(Clone, Default)]
struct Got {
    value: Option<Value>,
    failed: Option<Fell>,
    attempts: Option<u32>,
}

/// A block that is being walked.
struct Place<'a> {
    outer: Option<&'a Place<'a>>,
    names: RefCell<BTreeMap<String, Got>>,
    locals: RefCell<BTreeMap<String, Value>>,
}

impl Place<'_> {
    fn set(&self, name: &str, value: Value) {
        self.locals.borrow_mut().insert(name.into(), value);
    }

    fn got(&self, name: &str) -> Got {
        match (self.names.borrow().get(name), self.outer) {
            (Some(got), _) => got.clone(),
            (None, Some(outer)) => outer.got(name),
            (None, None) => Got::default(),
        }
    }
}

impl expr::Scope for Place<'_> {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        let here = self.locals.borrow().get(name).cloned().map(Cow::Owned);
        here.or_else(|| self.outer?.name(name))
    }

    fn step(&self, name: &str) -> Seen<'_> {
        self.got(name).value.map_or(Seen::Absent, |value| Seen::Value(Cow::Owned(value)))
    }

    fn error(&self, name: &str) -> Value {
        self.got(name).failed.map_or(Value::Null, |fell| error_value(&fell))
    }

    fn meta(&self, name: &str) -> Value {
        let attempts = self.got(name).attempts;
        attempts.map_or(Value::Null, |count| Value::object([("attempts", Value::Int(i64::from(count)))]))
    }

    fn big(&self, _: &Hash) -> Option<Value> {
        None
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn seed(&self) -> [u8; 32] {
        [0; 32]
    }
}

fn error_value(fell: &Fell) -> Value {
    Value::object([("kind", Value::text(fell.kind.name()))])
}

/// What one step came to: left out, a value, or a failure; and how often it was tried.
enum Came {
    Skipped,
    Value(Value),
    Fell(Fell),
}

impl Oracle<'_> {
    fn announce(&mut self, block: &Block, path: &str) {
        for step in &block.steps {
            self.told.steps.insert(join(path, &step.name), Fate::NotStarted);
        }
    }

    /// Walks the steps of a part of a block, each after what it needs.
    fn phase(&mut self, place: &Place<'_>, block: &Block, phase: Phase, path: &str) -> Result<(), Fell> {
        let mut rest: Vec<usize> =
            (0..block.steps.len()).filter(|at| block.steps[*at].phase == phase).collect();
        while !rest.is_empty() {
            let ready = |at: &usize| {
                let mut needs = block.steps[*at].needs.iter().filter(|need| need.up == 0);
                needs.all(|need| !rest.contains(&usize::from(need.step)))
            };
            let next = rest.iter().position(ready).expect("a plan has no cycle");
            let step = &block.steps[rest.remove(next)];
            let path = join(path, &step.name);
            let mut attempts = 0;
            self.begun += 1;
            let came = match self.step(place, block, step, &path, &mut attempts) {
                Ok(value) => Came::Value(value),
                Err(Stop::Skip) => {
                    self.begun -= 1;
                    Came::Skipped
                }
                Err(Stop::Fell(fell)) => Came::Fell(fell),
            };
            let (fate, got) = match &came {
                Came::Skipped => (Fate::Skipped, Got::default()),
                Came::Value(value) => (
                    Fate::Succeeded(value.clone()),
                    Got { value: Some(value.clone()), failed: None, attempts: Some(attempts) },
                ),
                Came::Fell(fell) => (
                    Fate::Failed(fell.kind),
                    Got { value: None, failed: Some(fell.clone()), attempts: Some(attempts) },
                ),
            };
            self.told.steps.insert(path, fate);
            place.names.borrow_mut().insert(step.name.to_string(), got);
            if let Came::Fell(fell) = came
                && step.on_error != OnError::Continue
            {
                self.told.stopped = true;
                return Err(fell);
            }
        }
        Ok(())
    }

    fn step(
        &mut self,
        place: &Place<'_>,
        block: &Block,
        step: &Step,
        path: &str,
        attempts: &mut u32,
    ) -> Result<Value, Stop> {
        // What is read further out halts where it is evaluated.
        let hard = step.needs.iter().filter(|need| need.kind == NeedKind::Hard && need.up == 0);
        let mut names = hard.map(|need| &block.steps[usize::from(need.step)].name);
        if names.any(|name| place.got(name).value.is_none()) {
            return Err(Stop::Skip);
        }
        let stop = |halt| match halt {
            Halt::Skip { .. } => Stop::Skip,
            Halt::Failure(failure) => Stop::Fell(Fell { kind: failure.kind, step: path.into() }),
        };
        let fell = |kind| Stop::Fell(Fell { kind, step: path.into() });
        if let Some(condition) = &step.condition {
            match expr::eval(condition, place).map_err(stop)? {
                Value::Bool(true) => {}
                Value::Bool(false) => return Err(Stop::Skip),
                _ => return Err(fell(FailureKind::Type)),
            }
        }
        // The step itself is counted already.
        if self.most.is_some_and(|most| self.begun > most && !self.handles) {
            // What reads a step that gave nothing is left out before anything counts.
            return Err(if reads_nothing(place, &step.op) { Stop::Skip } else { fell(FailureKind::Limit) });
        }
        let fill = |arg: &Arg| template::fill(arg, place).map_err(stop);
        match &step.op {
            Op::Act(act) if &*act.action == EMIT => fill(&act.args).map(|_| Value::Null),
            Op::Act(Act { args, .. }) | Op::Child { inputs: args, .. } => loop {
                fill(args)?;
                *attempts += 1;
                let failure = match self.world.to_call(path, *attempts) {
                    Tried::Answered(Ok(value)) => return Ok(value),
                    Tried::Answered(Err(failure)) => failure,
                    Tried::Again => continue,
                    Tried::GivenUp => return Err(fell(FailureKind::InDoubt)),
                };
                let on = &step.retry.on;
                let again = if on.is_empty() { failure.retryable } else { on.contains(&failure.kind) };
                if !again || *attempts >= step.retry.attempts {
                    return Err(fell(failure.kind));
                }
            },
            Op::Set { value } => fill(value),
            Op::Wait(Wait::For { .. } | Wait::Until { .. }) => Ok(Value::Null),
            Op::Wait(Wait::Signal { .. }) => Ok(self.world.signal(path)),
            Op::Wait(Wait::Person(question)) => {
                question.who.as_ref().map(fill).transpose()?;
                fill(&question.message)?;
                match self.world.to_question(path) {
                    Choice::Approve => Ok(Value::object([("approved", Value::Bool(true))])),
                    Choice::Reject => Err(fell(FailureKind::Rejected)),
                }
            }
            Op::Fail { message } => {
                fill(message)?;
                Err(fell(FailureKind::Fail))
            }
            Op::Each { items, name, body, .. } => {
                let items = match fill(items)? {
                    Value::List(items) => items.to_vec(),
                    Value::Object(entries) => entries
                        .iter()
                        .map(|(key, value)| {
                            Value::object([("key", Value::Text(key.clone())), ("value", value.clone())])
                        })
                        .collect(),
                    _ => return Err(fell(FailureKind::Type)),
                };
                let mut results = vec![];
                for (index, item) in items.into_iter().enumerate() {
                    let inner = within(place);
                    inner.set("index", Value::Int(i64::try_from(index).unwrap()));
                    inner.set(name, item);
                    let result = self.block(&inner, body, false, &format!("{path}[{index}]"));
                    results.push(match (result, step.on_error) {
                        (Ok(value), _) => value,
                        (Err(fell), OnError::Fail) => return Err(Stop::Fell(fell)),
                        (Err(_), OnError::Continue) => Value::Null,
                        (Err(fell), OnError::Collect) => {
                            Value::object([("error", Value::text(fell.kind.name()))])
                        }
                    });
                }
                Ok(Value::list(results))
            }
            Op::Repeat { rounds, start, until, body, .. } => {
                let Value::Int(rounds) = fill(rounds)? else { return Err(fell(FailureKind::Type)) };
                let mut last = start.as_ref().map_or(Ok(Value::Null), fill)?;
                for round in 1..=rounds {
                    let inner = within(place);
                    inner.set("round", Value::Int(round));
                    inner.set("last", last.clone());
                    let path = format!("{path}[{round}]");
                    last = self.block(&inner, body, false, &path).map_err(Stop::Fell)?;
                    match until.as_ref().map(|until| expr::eval(until, &inner)) {
                        None | Some(Ok(Value::Bool(false)) | Err(Halt::Skip { .. })) => {}
                        Some(Ok(Value::Bool(true))) => return Ok(last),
                        Some(_) => return Err(Stop::Fell(Fell { kind: FailureKind::Type, step: path })),
                    }
                }
                if until.is_some() { Err(fell(FailureKind::Exhausted)) } else { Ok(last) }
            }
            Op::Switch { on, cases, default } => {
                let value = fill(on)?;
                let case = cases.iter().find(|case| case.key == value).map(|case| &case.block);
                let Some(taken) = case.or(default.as_ref()) else { return Ok(Value::Null) };
                let inner = within(place);
                let value = self.block(&inner, taken, false, path).map_err(Stop::Fell)?;
                // All cases have one shape: what only others have is null.
                if taken.output.is_some() {
                    return Ok(value);
                }
                let blocks = cases.iter().map(|case| &case.block).chain(default.as_ref());
                let names = blocks.flat_map(|block| &block.steps).map(|step| step.name.clone());
                Ok(Value::object(names.map(|name| {
                    let field = value.get(&name).cloned().unwrap_or_default();
                    (name, field)
                })))
            }
            Op::Try { body, catches } => self.block(&within(place), body, *catches, path).map_err(Stop::Fell),
        }
    }

    fn block(&mut self, place: &Place<'_>, block: &Block, catches: bool, path: &str) -> Result<Value, Fell> {
        self.announce(block, path);
        let mut result = self.phase(place, block, Phase::Body, path);
        if let Err(fell) = &result
            && catches
        {
            place.set("error", error_value(fell));
            result = self.phase(place, block, Phase::Catch, path);
            place.locals.borrow_mut().remove("error");
        }
        let last = self.phase(place, block, Phase::Finally, path);
        result.and(last)?;
        let Some(output) = &block.output else { return Ok(map_of(place, &block.steps)) };
        match template::fill(output, place) {
            Ok(value) => Ok(value),
            Err(Halt::Skip { .. }) => Ok(Value::Null),
            Err(Halt::Failure(failure)) => {
                self.told.stopped = true;
                Err(Fell { kind: failure.kind, step: path.into() })
            }
        }
    }
}

/// True if what a step is given reads a step hard that gave nothing, be it further out.
fn reads_nothing(place: &Place<'_>, op: &Op) -> bool {
    let given: Vec<&Arg> = match op {
        Op::Act(Act { args, .. }) | Op::Child { inputs: args, .. } => vec![args],
        Op::Set { value } => vec![value],
        Op::Fail { message } => vec![message],
        Op::Wait(Wait::For { length: arg } | Wait::Until { at: arg } | Wait::Signal { name: arg }) => {
            vec![arg]
        }
        Op::Wait(Wait::Person(question)) => question.who.iter().chain([&question.message]).collect(),
        Op::Each { items, .. } => vec![items],
        Op::Repeat { rounds, start, .. } => std::iter::once(rounds).chain(start).collect(),
        Op::Switch { on, .. } => vec![on],
        Op::Try { .. } => vec![],
    };
    given.into_iter().any(|arg| reads(place, arg))
}

fn reads(place: &Place<'_>, arg: &Arg) -> bool {
    match arg {
        Arg::Expr(expr) => {
            expr.reads().iter().any(|read| !read.soft && place.got(&read.step).value.is_none())
        }
        Arg::List(items) => items.iter().any(|item| reads(place, item)),
        Arg::Object(entries) => entries.iter().any(|(_, value)| reads(place, value)),
        Arg::Value(_) | Arg::Text(_) => false,
    }
}

enum Stop {
    Skip,
    Fell(Fell),
}

fn within<'a>(place: &'a Place<'a>) -> Place<'a> {
    Place { outer: Some(place), names: RefCell::default(), locals: RefCell::default() }
}

fn map_of<'a>(place: &Place<'_>, steps: impl IntoIterator<Item = &'a Step>) -> Value {
    Value::object(
        steps.into_iter().map(|step| (step.name.clone(), place.got(&step.name).value.unwrap_or_default())),
    )
}
