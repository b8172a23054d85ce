//! `approve` asks a person and waits for the answer. The wait survives restarts.

use crate::ast::{Arg, Op, Question, Wait};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::{Fields, Owner, Reader};
use crate::shape::{Field, Shape, names};
use crate::types;
use crate::verb::Verb;
use crate::workflow::OnTimeout;
use crate::yaml::{Kind, Node};

/// The verb.
pub const VERB: Verb = Verb {
    key: "approve",
    about: "Ask a person; the value is `{ approved, by, at, comment, values }`, and a no fails the step \
            (kind `rejected`).",
    fields: &[Field::required("approve", Shape::Fields(QUESTION), "What is asked, and whom.")],
    example: "sure: { approve: { message: \"Send the report?\", timeout: 1d } }",
    read,
};

/// The keys of a question, sorted.
const QUESTION: &[Field] = &[
    Field::optional("fields", Shape::Types, "What the person fills in, with types; read as `values`."),
    Field::required("message", Shape::Template, "What the person reads."),
    Field::optional(
        "on_timeout",
        Shape::Choice(ON_TIMEOUT),
        "What happens where nobody answers in time: the step fails (the default), or it counts as a yes or a no.",
    ),
    Field::optional("timeout", Shape::Duration, "How long the answer is waited for."),
    Field::optional(
        "who",
        Shape::Either(&[Shape::Template, Shape::List(&Shape::Template)]),
        "Who may answer; without it, the owner.",
    ),
];

const ON_TIMEOUT: &[&str] = &["fail", "approve", "reject"];

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("approve", "the step")?;
    let owner = Owner { what: "`approve`", span: step.owner };
    let outer = step.take("timeout").is_some();
    let mut question = Fields::open(step.reader, node, &owner, &names(QUESTION))?;
    question.required("message", "`approve`");
    let message = question.template("message");
    let who = question.take("who").map(|node| who(question.reader, node));
    let fields = question.take("fields").and_then(|node| types::read_fields(question.reader, node, "fields"));
    let timeout = question.duration("timeout");
    let on_timeout = question.take("on_timeout");
    let on_timeout = on_timeout.and_then(|node| question.reader.choice(node, "on_timeout", ON_TIMEOUT));
    if let (Some(entry), None, false) = (question.entry("on_timeout"), question.take("timeout"), outer) {
        let message = "`on_timeout` has no effect without `timeout`: the answer is waited for without end";
        let wrong = Diagnostic::warning(Code::UselessSetting, entry.key.span(), message);
        question.reader.diagnostics.push(wrong.help("say how long, as in `timeout: 1d`"));
    }
    let on_timeout = match on_timeout {
        Some("approve") => OnTimeout::Approve,
        Some("reject") => OnTimeout::Reject,
        _ => OnTimeout::Fail,
    };
    let fields = fields.unwrap_or_default();
    Some(Op::Wait(Wait::Person(Question {
        who: who.flatten(),
        message: message?,
        fields,
        timeout,
        on_timeout,
    })))
}

/// One person or group, or a list of them.
fn who(reader: &mut Reader<'_>, node: &Node) -> Option<Arg> {
    match &node.kind {
        Kind::Scalar(_) => reader.template(node, "`who`"),
        Kind::List(items) => {
            let all = items.iter().map(|item| reader.template(item, "one of `who`"));
            let all = all.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
            Some(Arg { span: node.span, kind: crate::ast::ArgKind::List(all) })
        }
        Kind::Map(_) => {
            reader.text(node, "`who`");
            None
        }
    }
}
