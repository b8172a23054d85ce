//! What must come of a case.

use super::mock::{step, target};
use super::read::{named, with_nearest};
use super::{Calls, Expect, Money, Outcome, STATES, STATUSES, Subject, Wanted, With, keys};
use crate::catalog::FailureKind;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::fields::{Fields, Owner, Reader, listed};
use crate::shape;
use crate::span::Spanned;
use crate::value::Value;
use crate::yaml::{Entry, Kind, Node};

/// What conditions see beside `steps` and `errors`.
const SEEN: &[&str] = &["calls", "cost", "error", "inputs", "output", "status", "took"];

/// Reads `expect`.
pub fn expect(reader: &mut Reader<'_>, node: &Node, subject: &Subject<'_>) -> Expect {
    let owner = Owner { what: "`expect`", span: node.span };
    let Some(mut fields) = Fields::open(reader, node, &owner, &shape::names(keys::EXPECT)) else {
        return Expect::default();
    };
    let mut expect = Expect {
        status: choice(&mut fields, "status", STATUSES),
        output: fields.take("output").map(value),
        output_has: fields.take("output_has").map(value),
        error: fields.take("error").and_then(|node| error(fields.reader, node)),
        ..Expect::default()
    };
    if node.is_null() || matches!(&node.kind, Kind::Map(entries) if entries.is_empty()) {
        expect.bare = Some(node.span);
    }
    if let Some(entry) = fields.entry("cost") {
        let money = money(fields.reader, &entry.value);
        expect.cost = money.map(|money| Spanned::new(money, entry.value.span));
    }
    if let Some(entry) = fields.entry("took") {
        let length = fields.reader.duration(&entry.value);
        expect.took = length.map(|length| Spanned::new(length, entry.value.span));
    }
    if let Some(node) = fields.take("steps") {
        for entry in named(fields.reader, node, "`steps` is a mapping of steps to what came of them") {
            expect.steps.extend(outcome(fields.reader, entry, subject));
        }
    }
    if let Some(node) = fields.take("calls") {
        for entry in named(fields.reader, node, "`calls` is a mapping of steps and actions to calls") {
            expect.calls.extend(calls(fields.reader, entry, subject));
        }
    }
    if let Some(node) = fields.take("that") {
        let items = match &node.kind {
            Kind::List(items) => &items[..],
            Kind::Map(_) | Kind::Scalar(_) => std::slice::from_ref(node),
        };
        expect.that = items.iter().filter_map(|item| condition(fields.reader, item, subject)).collect();
    }
    expect
}

/// A sum, or one that is not to be passed.
fn money(reader: &mut Reader<'_>, node: &Node) -> Option<Money> {
    if let Kind::Scalar(_) = &node.kind {
        return reader.number(node, "cost", 0.0..=f64::MAX).map(Money::Exactly);
    }
    let owner = Owner { what: "`cost`", span: node.span };
    let mut fields = Fields::open(reader, node, &owner, &shape::names(keys::COST))?;
    fields.required("most", "`cost`")?;
    fields.number("most", 0.0..=f64::MAX).map(Money::Most)
}

fn value(node: &Node) -> Wanted {
    Wanted { value: node.value(), node: node.clone() }
}

fn choice(
    fields: &mut Fields<'_, '_, '_>,
    key: &str,
    choices: &[&'static str],
) -> Option<Spanned<&'static str>> {
    let node = fields.take(key)?;
    Some(Spanned::new(fields.reader.choice(node, key, choices)?, node.span))
}

/// A failure, part by part: a text stands for its message.
fn error(reader: &mut Reader<'_>, node: &Node) -> Option<Wanted> {
    if let Kind::Scalar(_) = &node.kind {
        let text = reader.text(node, "`error`")?;
        return Some(Wanted {
            value: Value::object([("message", Value::text(text.value))]),
            node: node.clone(),
        });
    }
    let owner = Owner { what: "`error`", span: node.span };
    let mut fields = Fields::open(reader, node, &owner, &shape::names(keys::ERROR))?;
    choice(&mut fields, "kind", &FailureKind::NAMES);
    fields.integer("status", 100..=599);
    fields.integer("attempts", 0..=i64::MAX);
    let known = keys::ERROR.iter().filter_map(|field| Some((field.name, fields.take(field.name)?.value())));
    Some(Wanted { value: Value::object(known.collect::<Vec<_>>()), node: node.clone() })
}

fn outcome(reader: &mut Reader<'_>, entry: &Entry, subject: &Subject<'_>) -> Option<Outcome> {
    let name = Spanned::new(entry.key.text.clone(), entry.key.span());
    let step = step(reader, name, subject)?;
    let mut outcome =
        Outcome { step, state: None, value: None, value_has: None, attempts: None, error: None };
    let node = &entry.value;
    if let Kind::Scalar(_) = &node.kind {
        outcome.state = Some(Spanned::new(reader.choice(node, "state", STATES)?, node.span));
        return Some(outcome);
    }
    let owner = Owner { what: "a step that is expected", span: entry.key.span() };
    let mut fields = Fields::open(reader, node, &owner, &shape::names(keys::STEP))?;
    outcome.state = choice(&mut fields, "state", STATES);
    outcome.value = fields.take("value").map(value);
    outcome.value_has = fields.take("value_has").map(value);
    outcome.attempts = number(&mut fields, "attempts");
    outcome.error = fields.take("error").and_then(|node| error(fields.reader, node));
    Some(outcome)
}

fn number(fields: &mut Fields<'_, '_, '_>, key: &str) -> Option<Spanned<i64>> {
    let span = fields.take(key)?.span;
    fields.integer(key, 0..=i64::MAX).map(|number| Spanned::new(number, span))
}

fn calls(reader: &mut Reader<'_>, entry: &Entry, subject: &Subject<'_>) -> Option<Calls> {
    let of = target(reader, entry, subject)?;
    let node = &entry.value;
    let (count, with) = match &node.kind {
        Kind::Scalar(_) => {
            let count = reader.integer(node, "calls", 0..=i64::MAX)?;
            (Some(Spanned::new(count, node.span)), None)
        }
        Kind::List(items) => {
            let each = items.iter().filter_map(|item| args(reader, item));
            (None, Some(With::Each(each.collect())))
        }
        Kind::Map(_) => {
            let owner = Owner { what: "calls that are expected", span: entry.key.span() };
            let mut fields = Fields::open(reader, node, &owner, &shape::names(keys::CALLS))?;
            let count = number(&mut fields, "count");
            let with = fields.take("with").and_then(|node| args(fields.reader, node));
            (count, with.map(With::Every))
        }
    };
    Some(Calls { of, count, with })
}

/// Part of the parameters of a call.
pub fn args(reader: &mut Reader<'_>, node: &Node) -> Option<Wanted> {
    match &node.kind {
        Kind::Map(_) => Some(value(node)),
        Kind::List(_) | Kind::Scalar(_) => {
            let message =
                format!("the parameters of a call are a mapping, and here stands {}", node.describe());
            reader.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
            None
        }
    }
}

fn condition(reader: &mut Reader<'_>, node: &Node, subject: &Subject<'_>) -> Option<Expr> {
    let expr = reader.expr(node, "that")?;
    let before = reader.diagnostics.len();
    for (name, span, _) in expr.names() {
        if !SEEN.contains(&&*name) {
            let message =
                format!("a condition sees `steps`, `errors` and {} alone, not `{name}`", listed(SEEN));
            reader.diagnostics.push(Diagnostic::error(Code::UnknownName, span, message));
        }
    }
    let known: Vec<&str> = subject.top.iter().map(String::as_str).collect();
    for read in expr.reads() {
        if !known.contains(&&*read.step) {
            let message = format!("`{}` has no step `{}` at its top", subject.name, read.step);
            let wrong = Diagnostic::error(Code::UnknownStep, read.span, message);
            reader.diagnostics.push(with_nearest(
                wrong,
                &Spanned::new(read.step.to_string(), read.span),
                &known,
            ));
        }
    }
    (reader.diagnostics.len() == before).then_some(expr)
}
