//! `ai` asks a model: sugar for the action `ai.ask`. It says what is needed, not which model gives it.

use crate::ast::{Act, Arg, ArgKind, Op};
use crate::catalog::Safety;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::fields::{Fields, Reader};
use crate::keys::QUALITY;
use crate::shape::{Field, Shape};
use crate::span::Spanned;
use crate::types::{self, Type};
use crate::value::Value;
use crate::verb::{Args, Verb, put};
use crate::workflow::ASK;
use crate::yaml::{Kind, Node};

/// The verb.
pub const VERB: Verb = Verb {
    key: "ai",
    about: "Ask a model; the value is what `returns` says, without it `{ text }`.",
    fields: &[
        Field::required("ai", Shape::Template, "The prompt."),
        Field::optional(
            "returns",
            Shape::Types,
            "The fields of the answer with their types; all are required unless the type ends in `?`.",
        ),
        Field::optional(
            "quality",
            Shape::Choice(QUALITY),
            "How good a model is asked, by default `standard`; the cheapest that is good enough is taken.",
        ),
        Field::optional(
            "strategy",
            Shape::Choice(STRATEGY),
            "By what is chosen among those that are good enough, by default `cheapest`; `fastest` by what they took lately, `best` by their grade.",
        ),
        Field::optional("model", Shape::Text, "This model and no other."),
        Field::optional("system", Shape::Template, "What the model is told before the prompt."),
        Field::optional(
            "images",
            Shape::Either(&[Shape::Template, Shape::List(&Shape::Template)]),
            "Pictures that the model looks at: addresses, or `data:` URLs with base64.",
        ),
        Field::optional(
            "check",
            Shape::Expression,
            "A condition over `value` that a good answer meets; else a better model is asked.",
        ),
        Field::optional(
            "tools",
            Shape::Either(&[Shape::Action, Shape::List(&Shape::Action)]),
            "Actions that the model may call.",
        ),
        Field::optional(
            "max_turns",
            Shape::Integer(1, 100),
            "How often the model may be asked in one step with tools, by default 10.",
        ),
        Field::optional(
            "confirm",
            Shape::Boolean,
            "Whether a person is asked before each call of a tool that acts.",
        ),
        Field::optional(
            "allow",
            Shape::Either(&[Shape::Choice(ALLOW), Shape::List(&Shape::Choice(ALLOW))]),
            "What is allowed that is refused otherwise: acting tools beside data from outside.",
        ),
        Field::optional("max_cost", Shape::Number(0.0, f64::MAX), "US dollars that the step may cost."),
        Field::optional(
            "patience",
            Shape::Duration,
            "How long the answer may take, so that it can be had at half the price.",
        ),
    ],
    example: "mood: { ai: \"How do people feel? {{ run.id }}\", returns: { mood: string }, quality: low }",
    read,
};

/// By what a model is chosen.
const STRATEGY: &[&str] = &["cheapest", "fastest", "best"];

/// What must be said to be allowed.
const ALLOW: &[&str] = &["untrusted_tools"];

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("ai", "the step")?;
    let prompt = match &node.kind {
        Kind::Scalar(_) => step.template("ai"),
        Kind::Map(_) | Kind::List(_) => {
            let message = format!("`ai` is the prompt, a text, and here stands {}", node.describe());
            let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
            step.reader
                .fail(wrong.help("everything else stands beside it: `returns`, `quality`, …"), node.span);
            None
        }
    };
    let mut args: Args = vec![];
    if let Some(system) = step.template("system") {
        put(&mut args, "system", system);
    }
    if let Some(images) = images(step) {
        put(&mut args, "images", images);
    }
    let returns = step.take("returns").and_then(|node| returns(step.reader, node));
    let gives = match &returns {
        Some(fields) => Type::Object(fields.value.clone()).filled(),
        None => Type::Object(vec![types::Field::required("text", Type::String, "The answer.")]),
    };
    // A `returns` that could not be read may have had any field.
    let gives = if returns.is_none() && step.take("returns").is_some() { Type::Any } else { gives };
    if let Some(fields) = returns {
        put(&mut args, "returns", Arg::value(types::as_value(&fields.value), fields.span));
    }
    model(step, &mut args);
    let check = check(step, &mut args);
    let safety = tools(step, &mut args);
    if let Some(number) = step.integer("max_turns", 1..=100) {
        place(step, &mut args, "max_turns", Value::Int(number));
    }
    if let Some(dollars) = step.number("max_cost", 0.0..=f64::MAX) {
        place(step, &mut args, "max_cost", Value::Number(dollars));
    }
    if let Some(length) = step.duration("patience") {
        place(step, &mut args, "patience", Value::Duration(length));
    }
    if let (Some(entry), Some(_)) = (step.entry("patience"), step.take("tools")) {
        let message = "`patience` has no effect beside `tools`: a batch answers once";
        step.reader.diagnostics.push(Diagnostic::warning(Code::UselessSetting, entry.key.span(), message));
    }
    let prompt = prompt?;
    args.insert(0, (Spanned::new("prompt".into(), prompt.span), prompt));
    let action = Spanned::new(ASK.into(), step.owner);
    Some(Op::Act(Act { action, args, safety: Some(safety), checked: true, check, gives: Some(gives) }))
}

/// Reads pictures: one, a list of them, or a hole that gives either.
fn images(step: &mut Fields<'_, '_, '_>) -> Option<Arg> {
    let node = step.take("images")?;
    let items = match &node.kind {
        Kind::List(items) => items,
        Kind::Scalar(_) if !node.is_null() => return step.template("images"),
        Kind::Scalar(_) | Kind::Map(_) => {
            let message =
                format!("`images` is a picture or a list of them, and here stands {}", node.describe());
            let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
            step.reader.fail(wrong.help("write the address of each, or a `data:` URL, as a text"), node.span);
            return None;
        }
    };
    let images = items.iter().filter_map(|item| step.reader.template(item, "a picture")).collect();
    Some(Arg { span: node.span, kind: ArgKind::List(images) })
}

/// Adds a fixed value at the place of its key.
fn place(step: &Fields<'_, '_, '_>, args: &mut Args, key: &str, value: Value) {
    let span = step.take(key).map_or(step.owner, |node| node.span);
    put(args, key, Arg::value(value, span));
}

fn returns(reader: &mut Reader<'_>, node: &Node) -> Option<Spanned<Vec<types::Field>>> {
    let fields = types::read_fields(reader, node, "returns")?;
    if fields.is_empty() {
        let wrong = Diagnostic::error(Code::WrongShape, node.span, "`returns` names no field");
        reader
            .diagnostics
            .push(wrong.help("leave it out for a text, or write `returns: { answer: string }`"));
    }
    Some(Spanned::new(fields, node.span))
}

/// Either a model is named, or what is wanted of one.
fn model(step: &mut Fields<'_, '_, '_>, args: &mut Args) {
    for key in ["quality", "strategy"] {
        if let (Some(wanted), Some(model)) = (step.entry(key), step.entry("model")) {
            let (wanted, model) = (wanted.key.span(), model.key.span());
            let (first, second) = if wanted < model { (wanted, model) } else { (model, wanted) };
            let message = format!("`model` names one model, so that `{key}` has nothing to choose");
            let wrong = Diagnostic::error(Code::Exclusive, second, message).label(first, "the other");
            step.reader.diagnostics.push(wrong.help("leave one of them out"));
        }
    }
    if let Some(node) = step.take("strategy")
        && let Some(strategy) = step.reader.choice(node, "strategy", STRATEGY)
    {
        put(args, "strategy", Arg::value(strategy, node.span));
    }
    if let Some(node) = step.take("quality")
        && let Some(quality) = step.reader.choice(node, "quality", QUALITY)
    {
        put(args, "quality", Arg::value(quality, node.span));
    }
    if let Some(node) = step.take("model")
        && let Some(model) = step.reader.text(node, "`model`")
    {
        put(args, "model", Arg::value(model.value, node.span));
    }
}

/// The condition is asked of each answer, so that it goes on as text.
fn check(step: &mut Fields<'_, '_, '_>, args: &mut Args) -> Option<Expr> {
    let node = step.take("check")?;
    let expr = step.reader.expr(node, "check")?;
    if !step.reader.sees_only(&expr, "a check", &["value"]) {
        return None;
    }
    put(args, "check", Arg::value(expr.source().trim(), node.span));
    Some(expr)
}

/// Reads what the model may call. What it calls may have effects, so that such a step is not repeated unasked.
fn tools(step: &mut Fields<'_, '_, '_>, args: &mut Args) -> Safety {
    for key in ["confirm", "allow", "max_turns"] {
        if let (Some(entry), None) = (step.entry(key), step.take("tools")) {
            let message = format!("`{key}` has no effect without `tools`");
            step.reader.diagnostics.push(Diagnostic::warning(
                Code::UselessSetting,
                entry.key.span(),
                message,
            ));
        }
    }
    if let Some(confirm) = step.boolean("confirm") {
        place(step, args, "confirm", Value::Bool(confirm));
    }
    if let Some(node) = step.take("allow") {
        let allowed: Vec<Value> = items(node)
            .iter()
            .filter_map(|item| step.reader.choice(item, "allow", ALLOW))
            .map(Value::text)
            .collect();
        put(args, "allow", Arg::value(Value::list(allowed), node.span));
    }
    let Some(node) = step.take("tools") else { return Safety::Read };
    let tools = step.reader.texts(node, "a tool");
    let tools = tools.into_iter().map(|tool| Arg::value(tool.value, tool.span)).collect();
    put(args, "tools", Arg { span: node.span, kind: ArgKind::List(tools) });
    Safety::Once
}

fn items(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::List(items) => items,
        Kind::Scalar(_) | Kind::Map(_) => std::slice::from_ref(node),
    }
}
