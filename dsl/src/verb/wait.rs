//! `wait` pauses a run for a time, until a time, or for a signal. The pause survives restarts.

use crate::ast::{Arg, ArgKind, Op, Wait};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::duration;
use crate::fields::{Fields, Owner, invalid_duration};
use crate::shape::{Field, Shape, names};
use crate::template::Sink;
use crate::value::Value;
use crate::verb::Verb;
use crate::workflow::Moment;
use crate::yaml::{Kind, Node};

/// The verb.
pub const VERB: Verb = Verb {
    key: "wait",
    about: "Pause the run for a time, until a time, or for a signal, whose payload is the value.",
    fields: &[Field::required(
        "wait",
        Shape::Either(&[Shape::Duration, Shape::Holes, Shape::Fields(FOR)]),
        "How long, as `90s`, or what for.",
    )],
    example: "pause: { wait: 15m }",
    read,
};

/// The keys of what is waited for, sorted.
const FOR: &[Field] = &[
    Field::optional("signal", Shape::Template, "The name of a signal."),
    Field::optional(
        "timeout",
        Shape::Duration,
        "How long the signal is waited for; then the step fails (kind `timeout`).",
    ),
    Field::optional(
        "until",
        Shape::Either(&[Shape::Time, Shape::Holes]),
        "A time, as `2026-12-24T09:00`; one that is past is no wait at all.",
    ),
];

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("wait", "the step")?;
    match &node.kind {
        Kind::Map(_) => shaped(step, node),
        Kind::Scalar(_) | Kind::List(_) => Some(Op::Wait(Wait::For { length: length(step, node)? })),
    }
}

fn length(step: &mut Fields<'_, '_, '_>, node: &Node) -> Option<Arg> {
    let arg = step.reader.arg(node, Sink::Text);
    match &arg.kind {
        ArgKind::Value(Value::Text(text)) => {
            match duration::parse(text.trim()).filter(|length| !length.is_negative()) {
                Some(length) => Some(Arg { span: node.span, kind: ArgKind::Value(Value::Duration(length)) }),
                None => {
                    step.reader.fail(invalid_duration(node), node.span);
                    None
                }
            }
        }
        ArgKind::Expr(_) | ArgKind::Text(_) => Some(arg),
        ArgKind::Value(_) | ArgKind::List(_) | ArgKind::Object(_) => {
            step.reader.fail(invalid_duration(node), node.span);
            None
        }
        ArgKind::Wrong => None,
    }
}

fn shaped(step: &mut Fields<'_, '_, '_>, node: &Node) -> Option<Op> {
    let owner = Owner { what: "`wait`", span: step.owner };
    let mut fields = Fields::open(step.reader, node, &owner, &names(FOR))?;
    match (fields.entry("signal"), fields.entry("until")) {
        (Some(signal), Some(until)) => {
            let (signal, until) = (signal.key.span(), until.key.span());
            let (first, second) = if signal < until { (signal, until) } else { (until, signal) };
            let message = "`wait` is for a time or for a signal, and here are `until` and `signal`";
            let wrong = Diagnostic::error(Code::Exclusive, second, message).label(first, "the other");
            let help = "for a signal that must come in time, write `timeout` beside `signal`";
            fields.reader.fail(wrong.help(help), node.span);
            None
        }
        (Some(_), None) => {
            let timeout = fields.duration("timeout");
            Some(Op::Wait(Wait::Signal { name: fields.template("signal")?, timeout }))
        }
        (None, Some(until)) => {
            if let Some(entry) = fields.entry("timeout") {
                let wrong = Diagnostic::warning(
                    Code::UselessSetting,
                    entry.key.span(),
                    "`timeout` has no effect beside `until`",
                );
                fields.reader.diagnostics.push(wrong.help("it stands beside `signal`"));
            }
            Some(Op::Wait(Wait::Until { at: time(&mut fields, &until.value)? }))
        }
        (None, None) => {
            let message = "`wait` needs a duration, `until` or `signal`";
            fields.reader.fail(Diagnostic::error(Code::MissingKey, step.owner, message), node.span);
            None
        }
    }
}

/// A time, or a text with holes that will be one.
fn time(fields: &mut Fields<'_, '_, '_>, node: &Node) -> Option<Arg> {
    let arg = fields.reader.template(node, "`until`")?;
    let ArgKind::Value(value) = &arg.kind else { return Some(arg) };
    let text = value.as_text().unwrap_or_default().trim();
    match Moment::parse(text) {
        Some(Moment::Exact(time)) => Some(Arg { span: node.span, kind: ArgKind::Value(Value::Time(time)) }),
        Some(Moment::Local(_)) => Some(Arg::value(text, node.span)),
        None => {
            let wrong = Diagnostic::error(Code::InvalidTime, node.span, format!("`{text}` is not a time"));
            let help = "write `2026-12-24T09:00`, `2026-12-24T09:00:00Z`, or an expression in `{{ }}`";
            fields.reader.fail(wrong.help(help), node.span);
            None
        }
    }
}
