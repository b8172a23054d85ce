//! What stands in for the world: answers of actions and of people, signals, a crash.

use std::sync::Arc;

use jiff::SignedDuration;

use super::read::{fitted, named, unfit, unknown_action, with_nearest};
use super::{Answer, Crash, Does, Mock, Reply, Says, Signal, Subject, Target, Turns, Want, When, Word, keys};
use crate::catalog::{Failure, FailureKind};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::{Fields, Owner, Reader};
use crate::inputs;
use crate::lower;
use crate::shape;
use crate::span::{Span, Spanned};
use crate::template::Sink;
use crate::types::{Field, Type, fit};
use crate::value::{Object, Value};
use crate::workflow::{ASK, Arg, BATCH, EMBED, EMIT, TURN};
use crate::yaml::{Entry, Kind, Node};

/// What the answer of a mock may be made of.
const SEEN: &[&str] = &["args", "attempt"];

/// Reads `mocks`, if it is there.
pub fn mocks(fields: &mut Fields<'_, '_, '_>, subject: &Subject<'_>) -> Vec<Mock> {
    let Some(node) = fields.take("mocks").filter(|node| !node.is_null()) else { return vec![] };
    let entries = named(fields.reader, node, "`mocks` is a mapping of steps and actions to answers");
    entries.iter().filter_map(|entry| mock(fields.reader, entry, subject)).collect()
}

fn mock(reader: &mut Reader<'_>, entry: &Entry, subject: &Subject<'_>) -> Option<Mock> {
    let of = target(reader, entry, subject)?;
    let made = match &of.value {
        Target::Step(path) => match &subject.part(path)?.does {
            Does::Calls { gives, turns, action } => {
                Made { gives: gives.clone(), turns: *turns, asks: asks(action) }
            }
            Does::Runs(gives) => Made { gives: gives.clone(), turns: Turns::One, asks: Asks::Nobody },
            Does::Emits | Does::Asks(_) | Does::Computes => {
                reader.diagnostics.push(needs_none(subject, &of));
                return None;
            }
        },
        Target::Action(id) if id == EMIT => {
            reader.diagnostics.push(needs_none(subject, &of));
            return None;
        }
        Target::Action(id) => {
            let turns = if id == ASK { Turns::Many } else { Turns::One };
            Made { gives: subject.gives(id)?, turns, asks: asks(id) }
        }
    };
    let replies = match &entry.value.kind {
        Kind::List(items) => {
            items.iter().filter_map(|item| reply(reader, item, of.span, &made, Some(1))).collect()
        }
        Kind::Map(_) | Kind::Scalar(_) => vec![reply(reader, &entry.value, of.span, &made, None)?],
    };
    Some(Mock { of, replies })
}

/// A call that a mock answers.
struct Made {
    /// The type of what it gives.
    gives: Type,
    /// Whether a model may want calls first.
    turns: Turns,
    /// Whether it costs something.
    asks: Asks,
}

/// Whom a call asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// A model, which takes money.
    Model,
    /// No model.
    Nobody,
}

fn asks(action: &str) -> Asks {
    if [ASK, BATCH, EMBED, TURN].contains(&action) { Asks::Model } else { Asks::Nobody }
}

fn needs_none(subject: &Subject<'_>, of: &Spanned<Target>) -> Diagnostic {
    let (name, asks) = match &of.value {
        Target::Step(path) => {
            (path, subject.part(path).is_some_and(|part| matches!(part.does, Does::Asks(_))))
        }
        Target::Action(id) => (id, false),
    };
    let message = format!("`{name}` calls nothing, so nothing stands in for it");
    let wrong = Diagnostic::error(Code::NeedsNoMock, of.span, message);
    match asks {
        true => wrong.help(format!("it asks a person: write `answers: {{ {name}: yes }}`")),
        false => wrong.help("leave it out: the step does what it does in a run"),
    }
}

/// A step or an action that a key names.
pub fn target(reader: &mut Reader<'_>, entry: &Entry, subject: &Subject<'_>) -> Option<Spanned<Target>> {
    let name = Spanned::new(entry.key.text.clone(), entry.key.span());
    if subject.part(&name.value).is_some() {
        return Some(Spanned::new(Target::Step(name.value), name.span));
    }
    if subject.gives(&name.value).is_some() || name.value == EMIT {
        return Some(Spanned::new(Target::Action(name.value), name.span));
    }
    let first = name.value.split(['.', '[']).next().unwrap_or_default();
    if name.value.contains('.') && !subject.parts.contains_key(first) {
        let mut known: Vec<&str> = subject.actions().collect();
        known.sort_unstable();
        known.dedup();
        reader.diagnostics.push(unknown_action(&name, &known));
    } else {
        reader.diagnostics.push(unknown_step(subject, &name));
    }
    None
}

/// The path of a step that a key names.
pub fn step(
    reader: &mut Reader<'_>,
    name: Spanned<String>,
    subject: &Subject<'_>,
) -> Option<Spanned<String>> {
    if subject.part(&name.value).is_some() {
        return Some(name);
    }
    reader.diagnostics.push(unknown_step(subject, &name));
    None
}

fn unknown_step(subject: &Subject<'_>, name: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` has no step `{}`", subject.name, name.value);
    let known: Vec<&str> = subject.parts.keys().map(String::as_str).collect();
    with_nearest(Diagnostic::error(Code::UnknownStep, name.span, message), name, &known)
}

/// One answer; `usual` is how many calls it answers where it does not say so.
fn reply(reader: &mut Reader<'_>, node: &Node, key: Span, made: &Made, usual: Option<u32>) -> Option<Reply> {
    let owner = Owner { what: "an answer", span: key };
    let mut fields = Fields::open(reader, node, &owner, &shape::names(keys::REPLY))?;
    let takes = fields.duration("takes").unwrap_or_default();
    let says = match (fields.take("gives"), fields.entry("fails"), fields.entry("calls")) {
        (Some(value), None, None) => Says::Gives(given(fields.reader, value, &made.gives)?),
        (None, Some(entry), None) => Says::Fails(failure(fields.reader, &entry.value)?),
        (None, None, Some(entry)) if made.turns == Turns::Many => {
            Says::Wants(wants(fields.reader, &entry.value)?)
        }
        (None, None, Some(entry)) => {
            let message = "only a model with `tools` wants calls, and this is none";
            let wrong = Diagnostic::error(Code::NeedsNoMock, entry.key.span(), message);
            fields.reader.diagnostics.push(wrong.help("write what comes with `gives`"));
            return None;
        }
        (_, Some(entry), None) | (_, _, Some(entry)) => {
            let message = match made.turns {
                Turns::One => "a call gives something or fails, and here stand both",
                Turns::Many => "a turn gives an answer, fails or wants calls, and here stand two of them",
            };
            fields.reader.diagnostics.push(Diagnostic::error(Code::Exclusive, entry.key.span(), message));
            return None;
        }
        (None, None, None) => {
            let message = "an answer needs `gives` or `fails`";
            fields.reader.diagnostics.push(Diagnostic::error(Code::MissingKey, node.span, message));
            return None;
        }
    };
    let times = match fields.take("times") {
        Some(node) => times(fields.reader, node)?,
        None => usual,
    };
    let with = match fields.take("with") {
        Some(node) => Some(super::expect::args(fields.reader, node)?),
        None => None,
    };
    let costs = fields.number("costs", 0.0..=f64::MAX);
    if let (Some(entry), Asks::Nobody) = (fields.entry("costs"), made.asks) {
        let message = "only asking a model costs money here, and this asks none";
        let wrong = Diagnostic::error(Code::NeedsNoMock, entry.key.span(), message);
        fields.reader.diagnostics.push(wrong.help("leave it out"));
        return None;
    }
    Some(Reply { span: node.span, with, times, says, takes, costs })
}

/// How many calls an answer is for; nothing for any number.
fn times(reader: &mut Reader<'_>, node: &Node) -> Option<Option<u32>> {
    if node.scalar().is_some_and(|word| word.text == "any") {
        return Some(None);
    }
    let count = reader.integer(node, "times", 1..=i64::from(u32::MAX))?;
    Some(u32::try_from(count).ok())
}

/// What a call gives. Where it has no holes, it is known now whether it fits.
fn given(reader: &mut Reader<'_>, node: &Node, ty: &Type) -> Option<Arg> {
    let arg = lower::arg(reader.arg(node, Sink::Text))?;
    if !reader.holes_see_only(&arg, "the answer of a mock", SEEN) {
        return None;
    }
    if let Arg::Value(value) = &arg
        && let Err(misfit) = fit(value, ty)
    {
        reader.diagnostics.push(unfit(node, &misfit, "what the mock gives"));
        return None;
    }
    Some(arg)
}

/// The calls that a model wants in a turn.
fn wants(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Want>> {
    let items = match &node.kind {
        Kind::List(items) => &items[..],
        Kind::Map(_) | Kind::Scalar(_) => std::slice::from_ref(node),
    };
    items.iter().map(|item| want(reader, item)).collect()
}

fn want(reader: &mut Reader<'_>, node: &Node) -> Option<Want> {
    let owner = Owner { what: "a call", span: node.span };
    let mut fields = Fields::open(reader, node, &owner, &shape::names(keys::WANT))?;
    let tool = fields.required("tool", "a call")?;
    let tool = fields.reader.text(tool, "`tool`")?.value;
    let with = match fields.take("with") {
        Some(node) => given(fields.reader, node, &Type::Any)?,
        None => Arg::Value(Value::object::<&str>([])),
    };
    Some(Want { tool, with })
}

fn failure(reader: &mut Reader<'_>, node: &Node) -> Option<Failure> {
    let kind = |word: &str| FailureKind::ALL.into_iter().find(|kind| kind.name() == word);
    if let Kind::Scalar(_) = &node.kind {
        return Some(failing(kind(reader.choice(node, "fails", &FailureKind::NAMES)?)?));
    }
    let owner = Owner { what: "`fails`", span: node.span };
    let mut fields = Fields::open(reader, node, &owner, &shape::names(keys::FAILS))?;
    let word = fields.required("kind", "`fails`")?;
    let mut failure = failing(kind(fields.reader.choice(word, "kind", &FailureKind::NAMES)?)?);
    if let Some(node) = fields.take("message") {
        failure.message = fields.reader.text(node, "`message`")?.value;
    }
    failure.status = fields.integer("status", 100..=599).and_then(|status| u16::try_from(status).ok());
    failure.retryable = fields.boolean("retry").unwrap_or(failure.retryable);
    failure.answered = failure.status.is_some();
    Some(failure)
}

/// A failure of a kind, which may pass where such failures do.
fn failing(kind: FailureKind) -> Failure {
    let passes = match kind {
        FailureKind::Timeout | FailureKind::Network | FailureKind::RateLimited | FailureKind::Server => true,
        FailureKind::Exhausted
        | FailureKind::Rejected
        | FailureKind::Fail
        | FailureKind::Cancelled
        | FailureKind::InDoubt
        | FailureKind::Type
        | FailureKind::Limit
        | FailureKind::Budget
        | FailureKind::NotFound
        | FailureKind::Permission
        | FailureKind::Auth
        | FailureKind::Invalid
        | FailureKind::Conflict
        | FailureKind::Refused => false,
    };
    Failure { retryable: passes, ..Failure::new(kind, format!("the mock fails with `{}`", kind.name())) }
}

/// Reads `answers`, if it is there.
pub fn answers(fields: &mut Fields<'_, '_, '_>, subject: &Subject<'_>) -> Vec<Answer> {
    let Some(node) = fields.take("answers").filter(|node| !node.is_null()) else { return vec![] };
    let mut found = vec![];
    for entry in named(fields.reader, node, "`answers` is a mapping of steps to answers") {
        let name = Spanned::new(entry.key.text.clone(), entry.key.span());
        let Some(step) = step(fields.reader, name, subject) else { continue };
        let items = match &entry.value.kind {
            Kind::List(items) => &items[..],
            Kind::Map(_) | Kind::Scalar(_) => std::slice::from_ref(&entry.value),
        };
        for item in items {
            found.extend(answer(fields.reader, item, &step, subject));
        }
    }
    found
}

fn answer(
    reader: &mut Reader<'_>,
    node: &Node,
    step: &Spanned<String>,
    subject: &Subject<'_>,
) -> Option<Answer> {
    let asked = match &subject.part(&step.value)?.does {
        Does::Asks(asked) => Some(asked),
        // After a crash it may be asked whether the call happened.
        Does::Calls { .. } | Does::Runs(_) => None,
        Does::Emits | Does::Computes => {
            let message = format!("`{}` asks nothing", step.value);
            reader.diagnostics.push(Diagnostic::error(Code::NeedsNoMock, step.span, message));
            return None;
        }
    };
    let plain = Answer {
        step: step.clone(),
        says: Word::Yes,
        value: Value::Null,
        after: SignedDuration::ZERO,
        by: None,
        comment: None,
    };
    if let Kind::Scalar(_) = &node.kind {
        let says = word(reader, node)?;
        let value = asked.map_or(Some(Value::Null), |asked| filled(reader, None, node.span, asked, says))?;
        return Some(Answer { says, value, ..plain });
    }
    let owner = Owner { what: "an answer", span: node.span };
    let mut fields = Fields::open(reader, node, &owner, &shape::names(keys::ANSWER))?;
    let says = fields.required("answer", "an answer")?;
    let says = word(fields.reader, says)?;
    let value = match asked {
        Some(asked) => filled(fields.reader, fields.take("values"), node.span, asked, says)?,
        None => fields.take("gave").map(Node::value).unwrap_or_default(),
    };
    let text = |fields: &mut Fields<'_, '_, '_>, key: &str| -> Option<Arc<str>> {
        let node = fields.take(key)?;
        fields.reader.text(node, &format!("`{key}`")).map(|text| text.value.into())
    };
    let (by, comment) = (text(&mut fields, "by"), text(&mut fields, "comment"));
    Some(Answer { says, value, after: fields.duration("after").unwrap_or_default(), by, comment, ..plain })
}

fn word(reader: &mut Reader<'_>, node: &Node) -> Option<Word> {
    match reader.choice(node, "answer", keys::WORDS)? {
        "yes" => Some(Word::Yes),
        "stop" => Some(Word::Stop),
        _ => Some(Word::No),
    }
}

/// What a person fills in, checked, with defaults.
fn filled(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    at: Span,
    asked: &[Field],
    says: Word,
) -> Option<Value> {
    if says != Word::Yes {
        return Some(Value::object::<&str>([]));
    }
    let entries =
        node.map_or(&[][..], |node| named(reader, node, "`values` is a mapping of fields to values"));
    let mut given = Object::new();
    for entry in entries {
        if let Some(field) = asked.iter().find(|field| field.name == entry.key.text) {
            let value = fitted(reader, &entry.value, field, &format!("the field `{}`", field.name))?;
            given.insert(field.name.as_str().into(), value);
        } else {
            let name = Spanned::new(entry.key.text.clone(), entry.key.span());
            let known: Vec<&str> = asked.iter().map(|field| field.name.as_str()).collect();
            let message = format!("the question has no field `{}`", name.value);
            let wrong = Diagnostic::error(Code::UnknownField, name.span, message);
            reader.diagnostics.push(with_nearest(wrong, &name, &known));
            return None;
        }
    }
    match inputs::fields("the question", asked, &given, "field") {
        Ok(value) => Some(value),
        Err(wrong) => {
            let wrong = wrong.into_iter().map(|message| Diagnostic::error(Code::MissingKey, at, message));
            reader.diagnostics.extend(wrong);
            None
        }
    }
}

/// Reads `signals`, if it is there.
pub fn signals(fields: &mut Fields<'_, '_, '_>) -> Vec<Signal> {
    let Some(node) = fields.take("signals").filter(|node| !node.is_null()) else { return vec![] };
    let items = match &node.kind {
        Kind::List(items) => &items[..],
        Kind::Map(_) | Kind::Scalar(_) => std::slice::from_ref(node),
    };
    items.iter().filter_map(|item| signal(fields.reader, item)).collect()
}

fn signal(reader: &mut Reader<'_>, node: &Node) -> Option<Signal> {
    let owner = Owner { what: "a signal", span: node.span };
    let mut fields = Fields::open(reader, node, &owner, &shape::names(keys::SIGNAL))?;
    let name = fields.required("name", "a signal")?;
    let name = fields.reader.text(name, "`name`")?;
    let value = fields.take("with").map(Node::value).unwrap_or_default();
    Some(Signal { name, value, after: fields.duration("after").unwrap_or_default() })
}

/// Reads `crash`, if it is there.
pub fn crash(fields: &mut Fields<'_, '_, '_>, subject: &Subject<'_>) -> Option<Crash> {
    let node = fields.take("crash")?;
    let owner = Owner { what: "`crash`", span: node.span };
    let fields = Fields::open(fields.reader, node, &owner, &shape::names(keys::CRASH))?;
    let (when, named) = match (fields.take("after"), fields.take("during")) {
        (Some(after), None) => (When::After, after),
        (None, Some(during)) => (When::During, during),
        (Some(_), Some(during)) => {
            let message = "`after` and `during` exclude each other";
            fields.reader.diagnostics.push(Diagnostic::error(Code::Exclusive, during.span, message));
            return None;
        }
        (None, None) => {
            let message = "`crash` needs `after` or `during`";
            fields.reader.diagnostics.push(Diagnostic::error(Code::MissingKey, node.span, message));
            return None;
        }
    };
    let name = fields.reader.text(named, "the step of a crash")?;
    Some(Crash { step: step(fields.reader, name, subject)?, when })
}
