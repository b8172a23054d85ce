//! Workflows: what is deployed, and texts that are looked at before they are.

use dsl::graph::{self, Graph};
use dsl::value::Object;
use dsl::workflow::Workflow;
use engine::outline::Outline;
use engine::plan::Plan;
use serde_json::{Value, json};

use super::house::Part;
use super::{Answer, Ask, Refusal};
use crate::connections::{lacks, of_plan};
use crate::costs::costs;
use crate::error::Error;
use crate::kept::{Kept, Version};
use crate::owner::deploy::{Deployment, Outcome, Wish};
use crate::protocol::{Act, Reply, Request};
use crate::shown;

/// The words for how a graph is drawn.
pub const FORMATS: [&str; 4] = ["svg", "mermaid", "dot", "text"];

/// What is deployed.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let workflows = match ask.house.part(&ask.who).kept() {
        Some(kept) => kept.workflows()?,
        None => vec![],
    };
    let workflows: Vec<Value> = workflows.iter().map(shown::workflow).collect();
    Ok(Answer::ok(json!({ "workflows": workflows })))
}

/// One, with its text.
pub fn show(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let (kept, name) = named(&part, ask)?;
    let standing = kept.workflow(name)?;
    let version = version(kept, ask)?;
    let mut told = shown::version(&version, &standing);
    told["workflow"] = name.into();
    told["enabled"] = standing.enabled.into();
    told["text"] = version.text.into();
    Ok(Answer::ok(told))
}

/// Its versions, the latest first.
pub fn versions(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let (kept, name) = named(&part, ask)?;
    let standing = kept.workflow(name)?;
    let versions = kept.versions(name)?;
    let versions: Vec<Value> = versions.iter().map(|version| shown::version(version, &standing)).collect();
    Ok(Answer::ok(json!({ "versions": versions })))
}

/// The version that is asked for, or the one in force.
fn version(kept: &Kept, ask: &Ask<'_>) -> Result<Version, Refusal> {
    let name = ask.said.part("name");
    match ask.said.query.get("version") {
        None => Ok(kept.in_force(name)?),
        Some(number) => {
            let number = number.parse().map_err(|_| Refusal::bad("`version` is a number"))?;
            Ok(kept.version(name, number)?)
        }
    }
}

fn named<'a>(part: &Part<'a>, ask: &'a Ask<'_>) -> Result<(&'a Kept, &'a str), Refusal> {
    let name = ask.said.part("name");
    let kept = part.kept().ok_or_else(|| Error::NoWorkflow { name: name.into() })?;
    Ok((kept, name))
}

/// Draws one.
pub fn graph(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let (kept, _) = named(&part, ask)?;
    let version = version(kept, ask)?;
    let file = crate::kept::note(&version).map(|note| note.file).unwrap_or_default();
    let workflow = crate::owner::checked(&file, &version.text)?;
    drawn(&workflow, ask.said.query.get("format").map(String::as_str))
}

/// Draws a text.
pub fn draw(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let text = ask.said.text("text").unwrap_or_default();
    drawn(&right(ask, text)?, ask.said.text("format"))
}

fn drawn(workflow: &Workflow, format: Option<&str>) -> Result<Answer, Refusal> {
    let graph = Graph::new(workflow);
    let format = format.unwrap_or("svg");
    let text = match format {
        "svg" => graph::svg(&graph::picture(&graph)),
        "mermaid" => graph::mermaid(&graph),
        "dot" => graph::dot(&graph),
        "text" => graph::tree(&graph),
        _ => {
            let words = FORMATS.map(|word| format!("`{word}`")).join(", ");
            return Err(Refusal::bad(format!("`format` is one of {words}")));
        }
    };
    Ok(Answer::ok(json!({ "format": format, "graph": text })))
}

/// What a run of one would do.
pub fn plan(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let (kept, _) = named(&part, ask)?;
    let version = version(kept, ask)?;
    let file = crate::kept::note(&version).map(|note| note.file).unwrap_or_default();
    let workflow = crate::owner::checked(&file, &version.text)?;
    outlined(&part, &workflow, None)
}

/// What a run of a text would do.
pub fn plan_text(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let workflow = right(ask, ask.said.text("text").unwrap_or_default())?;
    let part = ask.house.part(&ask.who);
    outlined(&part, &workflow, ask.said.body.get("inputs").map(|_| ask.said.object("inputs")))
}

fn outlined(part: &Part<'_>, workflow: &Workflow, given: Option<Object>) -> Result<Answer, Refusal> {
    let inputs =
        given.map(|given| dsl::inputs::inputs(workflow, &given)).transpose().map_err(Error::Inputs)?;
    let plan = Plan::new(workflow);
    // Which other workflows there are in the folder of a file is for the terminal alone: this one is nowhere.
    let nowhere = part.files().join("workflow.yaml");
    let beside = crate::beside::outlines(&nowhere, &plan, crate::plain());
    let outline = Outline::new(&plan, inputs.as_ref(), &beside);
    let mut told = outline.to_json();
    let needs = of_plan(&plan);
    let vault = if needs.is_empty() { None } else { Some(part.vault()?) };
    let lacks = lacks(vault.as_deref(), part.owner(), &needs)?;
    told["missing"] = lacks.iter().map(shown::lack).collect();
    let costs = tokio::runtime::Handle::current().block_on(costs(part.home(), part.owner(), &outline))?;
    told["models"] = shown::costs(&costs);
    Ok(Answer::ok(told))
}

/// Tells what is wrong with a text.
pub fn check(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let text = ask.said.text("text").unwrap_or_default();
    let checked = dsl::check(text, crate::plain());
    let mut told = dsl::render::json("workflow.yaml", text, &checked.diagnostics);
    told["workflow"] = checked.workflow.map(|workflow| workflow.name).into();
    Ok(Answer::ok(told))
}

/// A text without errors.
fn right(_: &Ask<'_>, text: &str) -> Result<Workflow, Refusal> {
    let broken = || {
        let refusal = Refusal::unfit("the text is no workflow without errors");
        refusal.help("`POST /api/v1/check` tells what is wrong with it")
    };
    dsl::check(text, crate::plain()).workflow.ok_or_else(broken)
}

/// Keeps a version of a workflow, or tells what it would do otherwise.
pub fn deploy(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let text = ask.said.text("text").unwrap_or_default();
    let workflow = right(ask, text)?;
    let name = workflow.name;
    let kept = part.kept().ok_or_else(|| Error::NoWorkflow { name: name.clone() })?;
    let dry_run = ask.said.flag("dry_run");
    let wish = Deployment {
        // It has no folder on this machine: who may change a workflow over HTTP must not read files with that.
        file: part.files().join(&name).join("workflow.yaml"),
        files: part.files().join(&name),
        text: text.into(),
        by: ask.who.actor(),
        act: if dry_run { Act::Tell } else { Act::Do },
        enabled: ask.said.body.contains_key("enabled").then(|| ask.said.flag("enabled")),
    };
    let outcome = deployed(part.ask(kept, &Request::Deploy(wish))?)?;
    let status = if dry_run || outcome.version.is_none() { 200 } else { 201 };
    let answer = Answer::ok(shown::deployed(&outcome, dry_run)).with(status);
    Ok(answer.head("location", format!("/api/v1/workflows/{name}")))
}

/// Lets its triggers start runs.
pub fn enable(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    put(ask, Wish::Enable)
}

/// Lets its triggers start none.
pub fn disable(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    put(ask, Wish::Disable)
}

/// Puts an earlier version in force.
pub fn rollback(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    put(ask, Wish::Rollback { to: ask.said.count("to") })
}

fn put(ask: &Ask<'_>, wish: Wish) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let (kept, name) = named(&part, ask)?;
    let outcome = deployed(part.ask(kept, &Request::Put { workflow: name.into(), wish })?)?;
    Ok(Answer::ok(shown::deployed(&outcome, false)))
}

fn deployed(reply: Reply) -> Result<Outcome, Refusal> {
    match reply {
        Reply::Deployed(outcome) => Ok(*outcome),
        _ => Err(Error::Protocol("an answer to another question".into()).into()),
    }
}
