//! `keyway plan`: what a run would do, without running it.

mod models;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use dsl::catalog::Safety;
use dsl::duration;
use dsl::value::{Object, Value};
use dsl::workflow::{NeedKind, OnError, Workflow};
use server::connections::{Lack, Need, lacks, of_plan};
use server::engine::outline::{Bound, Call, Child, Connection, Entry, Outline, Part, Rounds, Skip};
use server::engine::plan::Plan;
use server::vault::LOCAL;

use server::costs::Costs;

use super::check::plural;
use super::{Data, Whose, on_runtime};
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT, STRONG};

/// Show what a run would do, without running it
#[derive(ClapArgs)]
pub struct Args {
    /// The workflow's file
    file: PathBuf,
    /// Give an input, so that what depends on it is known
    #[arg(long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let text = super::run::read(&args.file)?;
    let catalog = server::beside::catalog(&args.file, &text);
    let checked = dsl::check(&text, &catalog);
    if !checked.diagnostics.is_empty() {
        output::diagnostics(&args.file.display().to_string(), &text, &checked.diagnostics);
    }
    let Some(workflow) = checked.workflow else { return Ok(Exit::No) };
    let inputs = inputs(&args.inputs, &workflow)?;
    let plan = Plan::new(&workflow);
    let beside = server::beside::outlines(&args.file, &plan, &catalog);
    let outline = Outline::new(&plan, inputs.as_ref(), &beside);
    let lacks = missing(&of_plan(&plan), &args.whose, &args.data)?;
    let (home, owner) = (args.data.home()?, args.whose.id(&args.data)?);
    let costs = on_runtime(async { Ok(server::costs::costs(&home, &owner, &outline).await?) })?;
    if args.json {
        let mut json = outline.to_json();
        json["missing"] = lacks.iter().map(server::shown::lack).collect();
        json["models"] = server::shown::costs(&costs);
        output::json(&json);
    } else {
        output::result(&page(&outline, &lacks, &costs));
    }
    Ok(Exit::Done)
}

/// What is needed of connections and not there. Nothing is made where there is no data directory yet.
pub fn missing(needs: &[Need], whose: &Whose, data: &Data) -> Result<Vec<Lack>, Trouble> {
    if needs.is_empty() {
        return Ok(vec![]);
    }
    if !data.home()?.database().exists() {
        return Ok(lacks(None, LOCAL, needs)?);
    }
    let (vault, owner) = whose.vault(data)?;
    Ok(lacks(Some(&vault), &owner, needs)?)
}

/// The inputs of the command line with the defaults of the others. Where none is given, a run may be given any.
fn inputs(given: &[String], workflow: &Workflow) -> Result<Option<Value>, Trouble> {
    if given.is_empty() {
        return Ok(None);
    }
    let mut values = Object::new();
    for pair in given {
        let (name, value) = dsl::inputs::read(workflow, pair).map_err(Trouble::no)?;
        values.insert(name.into(), value);
    }
    dsl::inputs::inputs(workflow, &values)
        .map(Some)
        .map_err(|problems| Trouble::no(problems.join("\n")).help("give it with `--input NAME=VALUE`"))
}

fn page(outline: &Outline, lacks: &[Lack], costs: &Costs) -> String {
    let mut page = format!("{STRONG}{}{STRONG:#}\n", outline.name);
    let mut fact = |name: &str, value: String| page += &format!("  {FAINT}{name:<9}{FAINT:#} {value}\n");
    fact("calls", calls(&outline.calls));
    let critical = &outline.critical;
    if critical.calls > 0 {
        let chain = critical.steps.join(" → ");
        fact("longest", format!("{} one after the other: {chain}", plural(critical.calls as usize, "call")));
    }
    for (at, line) in models::sum(costs).into_iter().enumerate() {
        fact(if at == 0 { "models" } else { "" }, line);
    }
    if let Some(timeout) = outline.timeout {
        fact("ends", format!("after {} at the latest", duration::format(timeout)));
    }
    let runs = ("runs", &outline.workflows);
    for (name, needed) in [runs, ("connects", &outline.connectors), ("secrets", &outline.secrets)] {
        if !needed.is_empty() {
            fact(name, listed(needed));
        }
    }
    if !outline.connections.is_empty() {
        let connections: Vec<String> = outline.connections.iter().map(connection).collect();
        fact("needs", connections.join(", "));
    }
    for lack in lacks {
        fact("missing", format!("{BAD}{}{BAD:#}", lack.sentence()));
        if !lack.typed.is_empty() {
            fact("type", lack.typed.clone());
        }
    }
    page.push('\n');
    stages(&mut page, &outline.body, "", costs);
    if let Some(part) = &outline.on_failure {
        page += &format!("\n{STRONG}on failure{STRONG:#}\n");
        stages(&mut page, part, "", &Costs::default());
    }
    page
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().cloned().collect::<Vec<_>>().join(", ")
}

/// A connection that has to be there; whether it is is known where connections are kept.
fn connection(connection: &Connection) -> String {
    match &connection.name {
        Some(name) => format!("the connection {name} to {}", connection.connector),
        None => format!("a connection to {}", connection.connector),
    }
}

/// The stages of a block: what stands in one runs side by side.
fn stages(page: &mut String, part: &Part, around: &str, costs: &Costs) {
    let depth = if around.is_empty() { 0 } else { around.matches('.').count() + 1 };
    let pad = "    ".repeat(depth);
    let longest = part.entries().map(|entry| entry.name.chars().count()).max().unwrap_or(0).min(28);
    for (number, stage) in part.stages.iter().enumerate() {
        for (at, entry) in stage.iter().enumerate() {
            let number = if at == 0 { (number + 1).to_string() } else { String::new() };
            let name = &entry.name;
            *page += &format!(
                "{pad}{BUSY}{number:>3}{BUSY:#} {STRONG}{name:<longest$}{STRONG:#}  {}\n",
                entry.about
            );
            let path = if around.is_empty() { name.clone() } else { format!("{around}.{name}") };
            let asked = costs.steps.iter().find(|step| step.path == path).map(models::line);
            for detail in details(entry).into_iter().chain(asked) {
                *page += &format!("{pad}    {:<longest$}  {FAINT}{detail}{FAINT:#}\n", "");
            }
            for inner in &entry.parts {
                if !inner.label.is_empty() {
                    *page += &format!("{pad}    {BUSY}{}{BUSY:#}\n", inner.label);
                }
                stages(page, inner, &path, costs);
            }
        }
    }
}

/// What there is to say of a step, a line each.
fn details(entry: &Entry) -> Vec<String> {
    let mut lines = vec![];
    lines.extend(entry.call.as_ref().map(|call| self::call(call, entry)));
    lines.extend(entry.child.as_ref().map(child));
    lines.extend(entry.rounds.map(|rounds| self::rounds(rounds, &entry.calls)));
    if entry.pauses {
        lines.push("the run waits here, and needs no process meanwhile".into());
    }
    if let (None, Some(timeout)) = (&entry.call, entry.timeout) {
        lines.push(format!("at most {} in all", duration::format(timeout)));
    }
    lines.extend(waits(entry));
    lines.extend(entry.skip.as_ref().map(skip));
    match entry.on_error {
        OnError::Fail => {}
        OnError::Continue => lines.push("where it fails, its value is null and the run goes on".into()),
        OnError::Collect => lines.push("a failed item is kept as a value, and the others go on".into()),
    }
    lines
}

fn call(call: &Call, entry: &Entry) -> String {
    let safety = match call.safety {
        Safety::Read => "changes nothing",
        Safety::Idempotent => "twice is as once",
        Safety::Keyed => "carries a key against doubles",
        Safety::Once => "is not repeated unasked",
    };
    let attempts = call.retry.attempts as usize;
    let tried = match attempts {
        1 => "tried once".to_owned(),
        _ => format!("tried {attempts} times at most, first pause {}", duration::format(call.retry.delay)),
    };
    let each = entry.timeout.map_or(String::new(), |limit| format!(", {} each", duration::format(limit)));
    let with = call.connection.as_ref().map_or(String::new(), |name| format!(" with the connection {name}"));
    format!("calls {}{with}: {safety}, {tried}{each}", call.action)
}

/// What is known of another workflow, whose calls are not among those of this one.
fn child(child: &Child) -> String {
    let name = &child.workflow;
    match &child.bounds {
        Some(bounds) if bounds.workflows.is_empty() => format!("runs {name}: {}", calls(&bounds.calls)),
        Some(bounds) => {
            format!("runs {name}: {}, and it runs {}", calls(&bounds.calls), listed(&bounds.workflows))
        }
        None => format!("runs {name}, of which nothing is known here"),
    }
}

/// What `about` does not say: how often, and how many calls that makes.
fn rounds(rounds: Rounds, calls: &Bound) -> String {
    let most = match rounds.most {
        Some(most) => format!("{} at most", plural(most as usize, "round")),
        None => "a round for each item".into(),
    };
    format!("{most}, {}", self::calls(calls))
}

fn waits(entry: &Entry) -> Option<String> {
    let of = |wanted: NeedKind| {
        let names = entry.waits.iter().filter(|(_, kind)| *kind == wanted).map(|(name, _)| name.clone());
        names.collect::<Vec<_>>().join(", ")
    };
    let (hard, soft, after) = (of(NeedKind::Hard), of(NeedKind::Soft), of(NeedKind::After));
    let mut parts = vec![];
    if !hard.is_empty() {
        parts.push(format!("reads {hard}"));
    }
    if !soft.is_empty() {
        parts.push(format!("reads {soft}, null included"));
    }
    if !after.is_empty() {
        parts.push(format!("comes after {after}"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn skip(skip: &Skip) -> String {
    match skip {
        Skip::Condition(condition) => format!("skipped unless {condition}"),
        Skip::With(steps) => format!("skipped where {} gives nothing", steps.join(" or ")),
        Skip::Both(condition, steps) => {
            format!("skipped unless {condition}, and where {} gives nothing", steps.join(" or "))
        }
    }
}

/// An upper bound in words.
fn calls(bound: &Bound) -> String {
    let mut parts = vec![];
    if bound.fixed > 0 || bound.open.is_empty() {
        parts.push(match bound.fixed {
            0 => "no calls".to_owned(),
            fixed => format!("{} at most", plural(fixed as usize, "call")),
        });
    }
    for term in &bound.open {
        let loops: Vec<String> = term.loops.iter().rev().map(|path| format!("each item of {path}")).collect();
        parts.push(format!("{} for {}", plural(term.each as usize, "call"), loops.join(" of ")));
    }
    parts.join(", and ")
}
