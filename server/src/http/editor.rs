//! What a page asks of a text while somebody writes it, and of a run while somebody watches it: what may stand at a place,
//! what stands there, and a picture whose boxes are steps. Nothing is kept, and nothing is run.

use dsl::graph::{Curve, Frame, Graph, Picture, Sort, Tone, Voice, picture as drawn};
use dsl::ide::{Document, ItemKind};
use dsl::span::Span;
use dsl::types::Field;
use dsl::workflow::{NeedKind, Workflow};
use serde_json::{Map, Value, json};

use super::runs::named;
use super::{Answer, Ask, Refusal};
use crate::error::Error;

/// How many items are told of at most: nobody reads more.
const MOST: usize = 200;

/// What may stand at a place.
pub fn complete(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (text, at) = place(ask)?;
    let document = Document::new(text, crate::plain());
    let items = document.complete(at);
    let items: Vec<Value> = items
        .iter()
        .take(MOST)
        .map(|item| {
            let (from, to) = bounds(item.span);
            json!({
                "label": item.label,
                "kind": kind(item.kind),
                "detail": item.detail,
                "documentation": item.documentation,
                "from": from,
                "to": to,
                "text": item.text,
            })
        })
        .collect();
    Ok(Answer::ok(json!({ "items": items })))
}

/// What stands at a place.
pub fn hover(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (text, at) = place(ask)?;
    let document = Document::new(text, crate::plain());
    let told = document.hover(at).map(|hover| {
        let (from, to) = bounds(hover.span);
        json!({ "from": from, "to": to, "text": hover.text })
    });
    Ok(Answer::ok(json!({ "hover": told })))
}

/// A picture of a text as data; null while the text has errors.
pub fn picture(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let text = ask.said.text("text").unwrap_or_default();
    let workflow = dsl::check(text, crate::plain()).workflow;
    Ok(Answer::ok(json!({ "picture": workflow.as_ref().map(told) })))
}

/// A picture of what a run runs.
pub fn of_run(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let run = named(ask);
    let timeline = ask.house.part(&ask.who).history(&run)?.timeline(&run).map_err(Error::from)?;
    Ok(Answer::ok(json!({ "picture": told(timeline.plan().workflow()) })))
}

/// What a run was given, and each of its steps that was called.
pub fn given(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let run = named(ask);
    let history = ask.house.part(&ask.who).history(&run)?;
    let timeline = history.whole(&run).map_err(Error::from)?;
    let steps = timeline.steps().iter();
    let steps: Map<String, Value> =
        steps.filter_map(|(path, entry)| Some((path.clone(), entry.args.as_ref()?.to_json()))).collect();
    Ok(Answer::ok(json!({ "inputs": timeline.inputs().to_json(), "steps": steps })))
}

/// The text, and the place in it.
fn place<'a>(ask: &'a Ask<'_>) -> Result<(&'a str, usize), Refusal> {
    let text = ask.said.text("text").unwrap_or_default();
    let at = ask.said.count("at").and_then(|at| usize::try_from(at).ok());
    let at = at.ok_or_else(|| Refusal::unfit("`at` is the number of bytes before the place"))?;
    Ok((text, at))
}

fn bounds(span: Span) -> (usize, usize) {
    let range = span.range();
    (range.start, range.end)
}

fn kind(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Action => "action",
        ItemKind::Choice => "choice",
        ItemKind::Connection => "connection",
        ItemKind::Event => "event",
        ItemKind::Field => "field",
        ItemKind::Function => "function",
        ItemKind::Input => "input",
        ItemKind::Key => "key",
        ItemKind::Keyword => "keyword",
        ItemKind::Name => "name",
        ItemKind::Parameter => "parameter",
        ItemKind::Sample => "sample",
        ItemKind::Step => "step",
        ItemKind::Type => "type",
        ItemKind::Verb => "verb",
        ItemKind::Workflow => "workflow",
    }
}

/// A workflow as a page draws it: boxes with their paths, lines, and what a run is asked for.
fn told(workflow: &Workflow) -> Value {
    let graph = Graph::new(workflow);
    let Picture { title, width, height, frames, curves } = drawn(&graph);
    json!({
        "workflow": workflow.name,
        "title": title,
        "width": width,
        "height": height,
        "frames": frames.iter().map(frame).collect::<Vec<_>>(),
        "curves": curves.iter().map(curve).collect::<Vec<_>>(),
        "inputs": workflow.inputs.iter().map(input).collect::<Vec<_>>(),
        "triggers": graph.triggers,
    })
}

fn frame(frame: &Frame) -> Value {
    let tone = match frame.tone {
        Tone::Step => "step",
        Tone::Holder => "holder",
        Tone::Part => "part",
        Tone::End => "end",
    };
    let lines = frame.lines.iter().map(|line| {
        let voice = match line.voice {
            Voice::Name => "name",
            Voice::About => "about",
            Voice::Condition => "condition",
            Voice::Label => "label",
        };
        json!({ "x": line.at.0, "y": line.at.1, "text": line.text, "voice": voice })
    });
    json!({
        "step": frame.path,
        "x": frame.corner.0,
        "y": frame.corner.1,
        "width": frame.size.0,
        "height": frame.size.1,
        "tone": tone,
        "sort": frame.sort.map(sort),
        "skips": frame.skips,
        "title": frame.title,
        "lines": lines.collect::<Vec<_>>(),
    })
}

fn sort(sort: Sort) -> &'static str {
    match sort {
        Sort::Call => "call",
        Sort::Request => "request",
        Sort::Ask => "ask",
        Sort::Emit => "emit",
        Sort::Child => "child",
        Sort::Person => "person",
        Sort::Set => "set",
        Sort::Wait => "wait",
        Sort::Fail => "fail",
        Sort::Each => "each",
        Sort::Repeat => "repeat",
        Sort::Switch => "switch",
        Sort::Try => "try",
    }
}

fn curve(curve: &Curve) -> Value {
    let kind = match curve.kind {
        Some(NeedKind::Hard) => "hard",
        Some(NeedKind::Soft) => "soft",
        Some(NeedKind::After) => "after",
        None => "start",
    };
    json!({ "kind": kind, "points": curve.points })
}

fn input(field: &Field) -> Value {
    json!({
        "name": field.name,
        "type": field.ty.to_string(),
        "optional": field.optional,
        "default": field.default.as_ref().map(dsl::value::Value::to_json),
    })
}
