//! `wait` pauses a run for a time. The pause survives restarts.

use crate::ast::{Arg, ArgKind, Op};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::duration;
use crate::fields::{Fields, Owner, invalid_duration};
use crate::span::SpanMap;
use crate::template::Sink;
use crate::value::Value;
use crate::verb::{Field, Verb};
use crate::yaml::{Kind, Node};

/// The verb.
pub const VERB: Verb = Verb {
    key: "wait",
    about: "Pause the run for a time, or until a time.",
    fields: &[Field::required("wait", "duration or mapping", "How long, as `90s`, or `{ until: time }`.")],
    example: "pause: { wait: 15m }",
    read,
};

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("wait", "the step")?;
    match &node.kind {
        Kind::Map(_) => shaped(step, node),
        Kind::Scalar(_) | Kind::List(_) => Some(Op::Wait { length: length(step, node)? }),
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
    let fields = Fields::open(step.reader, node, &owner, &["until", "signal", "timeout"])?;
    if let Some(entry) = fields.entry("signal") {
        let wrong =
            Diagnostic::error(Code::NotYet, entry.key.span(), "waiting for a signal is not there yet");
        fields.reader.fail(wrong.help("poll with `repeat` until it is"), node.span);
        return None;
    }
    let Some(until) = fields.take("until") else {
        let wrong = Diagnostic::error(Code::MissingKey, step.owner, "`wait` needs a duration or `until`");
        step.reader.fail(wrong, node.span);
        return None;
    };
    until_time(step, until)
}

/// What is left until a time, as an expression.
fn until_time(step: &mut Fields<'_, '_, '_>, node: &Node) -> Option<Op> {
    let Some(scalar) = node.scalar() else {
        step.reader.text(node, "`until`");
        return None;
    };
    let text = scalar.text.trim();
    let hole = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let Some(inner) = hole else {
        if text.parse::<jiff::Timestamp>().is_err() {
            let wrong = Diagnostic::error(Code::InvalidTime, node.span, format!("`{text}` is not a time"));
            step.reader
                .fail(wrong.help("write `2026-12-24T09:00:00Z`, or one expression in `{{ }}`"), node.span);
            return None;
        }
        return left_until(step, node, &format!("\"{text}\""), None);
    };
    let at = scalar.map.offset(scalar.text.find("{{").unwrap_or(0) as u32 + 2);
    left_until(step, node, inner, Some(at))
}

/// Builds the expression; `at` is where the text of the time stands in the file. What is past is no wait at all.
fn left_until(step: &mut Fields<'_, '_, '_>, node: &Node, time: &str, at: Option<u32>) -> Option<Op> {
    const BEFORE: &str = "max([time(";
    let source = format!("{BEFORE}{time}) - now(), duration('0s')])");
    let points = at.map(|at| (BEFORE.len() as u32, at)).into_iter().collect();
    let map = SpanMap { points, whole: node.span };
    let expr = step.reader.made(&source, &map)?;
    Some(Op::Wait { length: Arg { span: node.span, kind: ArgKind::Expr(expr) } })
}
