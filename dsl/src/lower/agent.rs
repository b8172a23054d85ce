//! `ai` with `tools` becomes operations that there are: rounds, each with a turn of the model and a loop over the calls
//! that it wants. So every turn and every call is a step of its own, and after a crash none is paid or made twice.
//!
//! A tool that the step does not list has no case here, whatever a model says. What the author wrote is evaluated once,
//! where the step stands: nothing of it is read within the rounds, whose names are ours.

use std::sync::Arc;

use crate::ast::{self, ArgKind};
use crate::catalog::{Action, Safety};
use crate::expr::{self, Expr};
use crate::lower::Lowering;
use crate::span::{SpanMap, Spanned};
use crate::types::{self, Field};
use crate::value::Value;
use crate::workflow::{
    ASK, Act, Arg, Block, Case, Need, NeedKind, OnDoubt, OnError, OnTimeout, Op, Phase, Question, REQUEST,
    Retry, Step, TURN, Wait,
};

/// How often a model is asked where the step does not say.
const TURNS: i64 = 10;

/// How many calls of a turn are under way at once where none of the tools acts.
const PARALLEL: u32 = 4;

/// What is evaluated once; the other parameters are fixed.
const ONCE: [&str; 3] = ["images", "prompt", "system"];

/// What is not for the model: it says what becomes of its calls, and when.
const OURS: [&str; 5] = ["allow", "confirm", "max_turns", "patience", "tools"];

/// What a model may set of a request: who calls, and how long and how often is waited, is the author's.
const OF_REQUEST: [&str; 7] = ["method", "url", "query", "headers", "json", "form", "body"];

/// Parameters with their values.
type Args = Vec<(Arc<str>, Arg)>;

/// True for a step that gives tools to a model.
pub(super) fn has_tools(act: &ast::Act) -> bool {
    act.action.value == ASK && !tools(act).is_empty()
}

/// The ids of the tools of a step, each once.
fn tools(act: &ast::Act) -> Vec<&str> {
    let Some(ArgKind::List(tools)) = act.arg("tools").map(|arg| &arg.kind) else { return vec![] };
    let mut ids: Vec<&str> = vec![];
    for tool in tools {
        if let ArgKind::Value(value) = &tool.kind
            && let Some(id) = value.as_text()
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    ids
}

/// Whether a person is asked before a call that acts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Confirm {
    Each,
    None,
}

impl Lowering<'_> {
    /// The rounds of a model with tools.
    pub(super) fn agent(&self, step: &ast::Step, mut act: ast::Act) -> Option<Op> {
        self.asking(step, &mut act);
        let actions: Vec<&Action> =
            tools(&act).into_iter().map(|id| self.catalog.get(id)).collect::<Option<_>>()?;
        let turns = match fixed(&act, "max_turns") {
            Some(Value::Int(turns)) => *turns,
            _ => TURNS,
        };
        let confirm = match fixed(&act, "confirm") {
            Some(Value::Bool(true)) => Confirm::Each,
            _ => Confirm::None,
        };
        let offered = Value::list(actions.iter().map(|action| offered(action)).collect());
        let cases = actions.iter().map(|action| Case {
            key: Value::text(action.id.as_str()),
            block: self.tool(step, action, confirm),
        });
        let tool = Op::Switch {
            on: read("call.wrong == null ? call.name : null"),
            cases: cases.collect(),
            default: Some(refused(step)),
        };
        let calls = Op::Each {
            items: read("steps.turn.calls"),
            name: "call".into(),
            parallel: if actions.iter().any(|action| acts(action)) { 1 } else { PARALLEL },
            body: Block { steps: vec![plain(step, "tool", tool)], output: Some(read("steps.tool")) },
        };
        let (once, fixed) = once(act.args, &OURS)?;
        let turn = Step {
            retry: self.retry(step.retry.value.as_ref(), Some(Safety::Read)),
            timeout: self.defaults.timeout,
            ..plain(step, "turn", Op::Act(turn(fixed, offered, turns)))
        };
        let calls = Step { needs: vec![need(NeedKind::Hard)], ..plain(step, "calls", calls) };
        let output = "steps.turn.done ? steps.turn.answer : \
                      { conversation: steps.turn.conversation, results: steps.calls }";
        Some(Op::Repeat {
            rounds: Arg::Value(Value::Int(turns)),
            start: Some(start(once)),
            until: Some(expression("steps.turn.done")),
            every: None,
            body: Block { steps: vec![turn, calls], output: Some(read(output)) },
        })
    }

    /// The call of a tool. Its failure is told to the model.
    fn tool(&self, step: &ast::Step, action: &Action, confirm: Confirm) -> Block {
        let name = name_of(&action.id);
        let call = Step {
            retry: self.retry(None, Some(action.safety)),
            timeout: self.defaults.timeout,
            on_error: OnError::Continue,
            on_doubt: step.on_doubt.value.unwrap_or_default(),
            ..plain(
                step,
                &name,
                Op::Act(Act {
                    action: action.id.as_str().into(),
                    args: read("call.arguments"),
                    safety: action.safety,
                    connection: self.connection(&action.id),
                    cache: None,
                }),
            )
        };
        let given = |error: &str| {
            read(&format!("{{ id: call.id, name: call.name, value: steps.{name} ?? null, error: {error} }}"))
        };
        if confirm == Confirm::None || !acts(action) {
            return Block { steps: vec![call], output: Some(given(&format!("errors.{name}"))) };
        }
        let question = Question {
            who: None,
            message: read("'the model wants to call `' + call.name + '` with ' + json(call.arguments)"),
            fields: vec![],
            on_timeout: OnTimeout::Fail,
        };
        let approve =
            Step { on_error: OnError::Continue, ..plain(step, "approve", Op::Wait(Wait::Person(question))) };
        let call = Step {
            needs: vec![need(NeedKind::Soft)],
            condition: Some(expression("steps.approve?.approved == true")),
            ..call
        };
        let output = given(&format!("errors.approve ?? errors.{name}"));
        Block { steps: vec![approve, call], output: Some(output) }
    }
}

/// The parameters of a turn.
fn turn(fixed: Args, tools: Value, turns: i64) -> Act {
    let ours = [
        ("last", read("last")),
        ("round", read("round")),
        ("turns", Arg::Value(Value::Int(turns))),
        ("tools", Arg::Value(tools)),
    ];
    let mut args: Vec<(Arc<str>, Arg)> = ours.map(|(key, arg)| (key.into(), arg)).into();
    args.extend(fixed);
    Act { action: TURN.into(), args: Arg::Object(args), safety: Safety::Read, connection: None, cache: None }
}

/// What the first turn is given: what the author wrote, and a name under which all turns are counted together.
fn start(once: Args) -> Arg {
    Arg::Object(once.into_iter().chain([("id".into(), read("uuid()"))]).collect())
}

/// What is evaluated once, where the step stands, and what is fixed, without some that are not for the model.
pub(super) fn once(args: Vec<(Spanned<String>, ast::Arg)>, without: &[&str]) -> Option<(Args, Args)> {
    let (mut once, mut fixed): (Args, Args) = (vec![], vec![]);
    for (key, value) in args {
        if without.contains(&&*key.value) {
            continue;
        }
        let to = if ONCE.contains(&&*key.value) { &mut once } else { &mut fixed };
        to.push((key.value.into(), super::arg(value)?));
    }
    Some((once, fixed))
}

/// A call that is none: of a tool that there is not, or with parameters that do not fit.
fn refused(step: &ast::Step) -> Block {
    let told = Op::Set { value: read("{ message: call.wrong }") };
    let output = "{ id: call.id, name: call.name, value: null, error: steps.refused }";
    Block { steps: vec![plain(step, "refused", told)], output: Some(read(output)) }
}

/// A tool as a model is told of it.
fn offered(action: &Action) -> Value {
    let fields: Vec<Field> = action.input.iter().filter(|field| is_offered(action, field)).cloned().collect();
    Value::object([
        ("id", Value::text(action.id.as_str())),
        ("about", Value::text(action.about.as_str())),
        ("acts", Value::Bool(acts(action))),
        ("input", types::as_value(&fields)),
    ])
}

/// Secrets are never a model's to give.
fn is_offered(action: &Action, field: &Field) -> bool {
    match &*action.id {
        REQUEST => OF_REQUEST.contains(&&*field.name),
        _ => !field.secret,
    }
}

/// True for what changes something.
fn acts(action: &Action) -> bool {
    action.safety != Safety::Read
}

/// A step of ours that does this and nothing else.
pub(super) fn plain(step: &ast::Step, name: &str, op: Op) -> Step {
    Step {
        name: name.into(),
        span: step.name.span,
        phase: Phase::Body,
        needs: vec![],
        condition: None,
        op,
        retry: Retry { attempts: 1, ..Retry::default_for(Safety::Once) },
        timeout: None,
        on_error: OnError::Fail,
        on_doubt: OnDoubt::Ask,
    }
}

/// The first step of the block comes before.
fn need(kind: NeedKind) -> Need {
    Need { up: 0, step: 0, kind }
}

pub(super) fn fixed<'a>(act: &'a ast::Act, key: &str) -> Option<&'a Value> {
    match &act.arg(key)?.kind {
        ArgKind::Value(value) => Some(value),
        ArgKind::Expr(_) | ArgKind::Text(_) | ArgKind::List(_) | ArgKind::Object(_) | ArgKind::Wrong => None,
    }
}

/// The name of the step that calls an action.
fn name_of(id: &str) -> String {
    let name: String = id.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    if name.starts_with(|char: char| char.is_ascii_digit()) { format!("_{name}") } else { name }
}

pub(super) fn read(text: &str) -> Arg {
    Arg::Expr(expression(text))
}

pub(super) fn expression(text: &str) -> Expr {
    expr::parse(text, &SpanMap::default()).expect("what stands in this file can be read")
}
