//! The front: a wish becomes a draft, a question or a refusal. A draft passes the checker and is played on mocks before
//! anybody sees it; nothing is stored and nothing is started.

use dsl::workflow::Workflow;
use engine::outline::{Beside, Outline};
use engine::plan::Plan;
use serde::Serialize;
use serde_json::{Value, json};

use crate::plan::{Means, Planned, plan};
use crate::{explain, guard, simulate};

/// A wish, as it was said.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Its words.
    pub text: String,
    /// What was answered to the questions before, in their order.
    pub answers: Vec<String>,
}

/// What is answered to a wish.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// What it is.
    pub kind: Kind,
    /// The text of the draft.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yaml: Option<String>,
    /// What has to be known first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Answers that would do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// Why it cannot be done, and what can be done that is near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was taken to be meant, in sentences.
    pub assumptions: Vec<String>,
    /// What the draft does, in plain words, and what came of playing it.
    pub explanation: String,
    /// What a run would do, as `keyway plan` tells it; null where there is no draft.
    pub plan: Value,
    /// What its models would cost; null where nobody has looked.
    pub cost: Value,
    /// What is open before it can run: connections, values to be filled in.
    pub missing: Vec<Value>,
    /// Of a text that was there: what differs, line by line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// Of a text that was there: what it does otherwise, as a deployment tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Value>,
    /// Of a text that was mended: what mended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<Vec<Value>>,
    /// Of a text that was mended: what is still wrong with it, as `keyway check --json` tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Value>,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A draft.
    Draft,
    /// A question.
    Question,
    /// A no.
    Refusal,
}

impl Answer {
    /// A question.
    pub fn question(question: impl Into<String>, choices: Vec<String>) -> Answer {
        Answer { question: Some(question.into()), choices, ..Answer::empty(Kind::Question) }
    }

    /// A no.
    pub fn refusal(reason: impl Into<String>) -> Answer {
        Answer { reason: Some(reason.into()), ..Answer::empty(Kind::Refusal) }
    }

    pub(crate) fn empty(kind: Kind) -> Answer {
        Answer {
            kind,
            yaml: None,
            question: None,
            choices: vec![],
            reason: None,
            assumptions: vec![],
            explanation: String::new(),
            plan: Value::Null,
            cost: Value::Null,
            missing: vec![],
            diff: None,
            changes: None,
            applied: None,
            left: None,
        }
    }
}

/// Drafts a workflow without a model.
pub fn draft(wish: &Wish, means: &Means<'_>) -> Answer {
    let means = Means { answers: &wish.answers, ..*means };
    match plan(&wish.text, &means) {
        Planned::Ask { question, choices } => Answer::question(question, choices),
        Planned::Refuse { reason } => Answer::refusal(reason),
        Planned::Draft(found) => {
            let text = found.sketch.text();
            match proved(&text, &means, &named(wish), found.assumed.clone()) {
                Ok(answer) => answer,
                Err(Unproved::Guarded(question)) => Answer::question(question, vec![]),
                Err(Unproved::Wrong(why)) => Answer::question(
                    format!(
                        "I cannot draft this so that it runs ({why}). Say it in other words, or a part of it"
                    ),
                    vec![],
                ),
            }
        }
    }
}

/// All that a person wrote.
pub fn named(wish: &Wish) -> String {
    std::iter::once(&wish.text).chain(&wish.answers).map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// Why a text is no draft that may be shown.
#[derive(Clone, Debug)]
pub enum Unproved {
    /// It is wrong, or fails where everything is as usual.
    Wrong(String),
    /// It would do something that has to be asked about.
    Guarded(String),
}

/// The text before a change: what it does already, its author has allowed.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// The text.
    pub text: &'a str,
    /// The same, checked.
    pub workflow: &'a Workflow,
}

/// Proves a text: it passes the checker, what it would do unasked is nothing, and it runs on mocks.
///
/// # Errors
/// Where it does not.
pub fn proved(
    text: &str,
    means: &Means<'_>,
    named: &str,
    assumptions: Vec<String>,
) -> Result<Answer, Unproved> {
    proved_beside(text, None, means, named, assumptions)
}

/// The same of a text that was changed: what it did before it may do on.
///
/// # Errors
/// As `proved`.
pub fn proved_beside(
    text: &str,
    before: Option<Before<'_>>,
    means: &Means<'_>,
    named: &str,
    mut assumptions: Vec<String>,
) -> Result<Answer, Unproved> {
    let checked = dsl::check(text, means.catalog);
    let Some(workflow) = checked
        .workflow
        .filter(|_| !checked.diagnostics.iter().any(|it| it.severity == dsl::diagnostic::Severity::Error))
    else {
        return Err(Unproved::Wrong(problems(text, &checked.diagnostics)));
    };
    let found = match before {
        Some(before) => guard::look_beside((before.workflow, before.text), (&workflow, text), named),
        None => guard::look(&workflow, text, named),
    };
    if !found.is_empty() {
        return Err(Unproved::Guarded(found.question()));
    }
    let played = simulate::simulate(text, &workflow, means.catalog, means.here);
    let was = before
        .map(|before| simulate::simulate(before.text, before.workflow, means.catalog, means.here))
        .unwrap_or_default();
    // What did so before is no fault of the change.
    let did = |world: simulate::World, like: fn(&simulate::Played) -> bool| {
        was.iter().any(|it| it.world == world && like(it))
    };
    if let Some(usual) = played.iter().find(|it| it.world == simulate::World::Usual && !it.succeeded) {
        if !did(usual.world, |it| !it.succeeded) {
            return Err(Unproved::Wrong(format!("with usual data it {}", usual.told)));
        }
        assumptions.push(format!("with made-up data it {}, as it did before the change", usual.told));
    }
    if let Some(stuck) = played.iter().find(|it| !it.ended && !did(it.world, |it| !it.ended)) {
        return Err(Unproved::Wrong(format!(
            "with {} it comes to no end: {}",
            stuck.world.name(),
            stuck.told
        )));
    }
    Ok(told(text, &workflow, means, assumptions, &played))
}

/// What is told of a text that is a workflow.
pub(crate) fn told(
    text: &str,
    workflow: &Workflow,
    means: &Means<'_>,
    assumptions: Vec<String>,
    played: &[simulate::Played],
) -> Answer {
    let mut explanation = explain::explain(workflow, means.catalog);
    explanation += "\nPlayed on mocks, with nothing going out:";
    for it in played {
        explanation += &format!("\n- {}: it {}", it.world.name(), it.told);
    }
    let (plan, missing) = lie_of(workflow, text, means);
    Answer {
        yaml: Some(text.to_owned()),
        assumptions,
        explanation,
        plan,
        missing,
        ..Answer::empty(Kind::Draft)
    }
}

/// What is wrong with a text, a line for each problem.
pub fn problems(text: &str, found: &[dsl::diagnostic::Diagnostic]) -> String {
    let lines = dsl::span::Lines::new(text);
    let told = found.iter().map(|it| {
        let help = it.help.first().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("line {}: {} {}{help}", lines.place(it.span.range().start).line, it.code.id(), it.message)
    });
    told.collect::<Vec<_>>().join("; ")
}

/// What a run would do, and what is open before it can.
fn lie_of(workflow: &Workflow, text: &str, means: &Means<'_>) -> (Value, Vec<Value>) {
    let plan = Plan::new(workflow);
    let mut outline = Outline::new(&plan, None, &Beside::default());
    let needed: std::collections::BTreeSet<String> =
        outline.connectors.iter().filter(|id| means.catalog.is_connected(id)).cloned().collect();
    outline = Outline::new(&plan, None, &Beside { connected: needed.clone(), ..Beside::default() });
    let events = workflow.triggers.iter().filter_map(|trigger| match &trigger.start {
        dsl::workflow::Start::Event { event, .. } => event.split('.').next().map(str::to_owned),
        _ => None,
    });
    let all: std::collections::BTreeSet<String> =
        needed.into_iter().chain(events.filter(|id| means.catalog.is_connected(id))).collect();
    let connections = all.iter().filter(|id| !means.connected.contains(id)).map(|id| {
        json!({
            "what": "connection",
            "connector": id,
            "message": format!("no account of {} is connected", crate::lexicon::lexicon().service_name(id)),
            "type": format!("keyway connect {id}"),
        })
    });
    let mut missing: Vec<Value> = connections.collect();
    for field in &workflow.inputs {
        let stands = field.default.as_ref().map(dsl::value::Value::to_string);
        let placeholder = stands.as_ref().is_some_and(|text| text.starts_with('(') && text.ends_with(')'))
            || matches!(stands.as_deref(), Some("0" | "[]" | "{}"));
        if placeholder {
            missing.push(json!({ "what": "value", "name": field.name, "message": format!("fill in the input `{}`: {}", field.name, field.about) }));
        }
    }
    for (at, line) in text.lines().enumerate() {
        let placeholder = line
            .trim_start()
            .split_once(": \"(")
            .is_some_and(|(key, rest)| rest.ends_with(")\"") && key != "default");
        if placeholder && let Some((key, about)) = line.trim().split_once(": ") {
            missing.push(json!({ "what": "value", "name": key, "message": format!("fill in `{key}` in line {}: {}", at + 1, about.trim_matches(['"', '(', ')'])) }));
        }
    }
    if workflow
        .triggers
        .iter()
        .any(|trigger| matches!(trigger.start, dsl::workflow::Start::Webhook { verify: None, .. }))
    {
        missing.push(json!({ "what": "verify", "message": "say how a caller of the webhook proves who it is: `verify: { scheme, secret }`" }));
    }
    (outline.to_json(), missing)
}
