//! Runs: listed, shown, started and cancelled, as the commands of the terminal do.

use dsl::value::{Hash, Value};
use engine::run::RunId;
use serde_json::json;

use super::{Answer, Ask, Part, Refusal};
use crate::error::Error;
use crate::history::Listed;
use crate::order::new_run;
use crate::protocol::Request;
use crate::serve::Reach;

/// How many runs a list has where nothing is said, and at most.
const USUAL: usize = 100;
const MOST: usize = 1000;

/// Those that began last, or before one that is named.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let most = ask.said.number("limit", USUAL, MOST)?;
    let before = ask.said.query.get("before").map(|run| RunId(run.as_str().into()));
    let Some(part) = ask.house.part(&ask.who) else {
        return Ok(Answer::ok(json!({ "runs": [], "next": null })));
    };
    let runs = part.history.page(before.as_ref(), most).map_err(Error::from)?;
    let next = runs.last().filter(|_| runs.len() == most).map(|run| run.run.to_string());
    let runs: Vec<_> = runs.into_iter().map(|run| Listed::of(part.history, run).to_json()).collect();
    Ok(Answer::ok(json!({ "runs": runs, "next": next })))
}

/// One, with all that it has done.
pub fn show(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, run) = named(ask)?;
    Ok(Answer::ok(part.history.whole(&run).map_err(Error::from)?.to_json()))
}

/// Starts a workflow that is deployed. Asked again under the same key, it starts once.
pub fn start(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let said = &ask.said;
    said.only(&["inputs"])?;
    let inputs = match said.body.get("inputs") {
        None | Some(Value::Null) => Value::object::<&str>([]),
        Some(inputs @ Value::Object(_)) => inputs.clone(),
        Some(other) => {
            return Err(Refusal::unfit(format!("`inputs` is a {}, not an object", other.type_name())));
        }
    };
    let name = said.part("name");
    let part = ask.house.part(&ask.who).ok_or_else(|| Error::NoWorkflow { name: name.into() })?;
    let run = new_run();
    let Some(key) = &said.key else { return started(part, name, run, inputs) };
    let mut wish = name.as_bytes().to_vec();
    wish.push(0);
    wish.extend(inputs.stored());
    let digest = Hash::of(&wish).0;
    let asked = part.asked(key, digest, &run.0)?;
    if asked.digest != digest {
        return Err(Refusal::reused());
    }
    let first = RunId(asked.run.as_str().into());
    // Nobody may have started it: who noted it can have died in between.
    if let Ok(summary) = part.history.summary(&first) {
        return Ok(begun(&first, &summary.workflow).head("idempotency-replayed", "true"));
    }
    started(part, name, first, inputs).inspect_err(|_| part.unasked(key))
}

fn started(part: Part<'_>, name: &str, run: RunId, inputs: Value) -> Result<Answer, Refusal> {
    let order = part.kept.order(run.clone(), name, inputs, part.reach == Reach::Private)?;
    part.ask(&Request::Run(order))?;
    Ok(begun(&run, name))
}

fn begun(run: &RunId, workflow: &str) -> Answer {
    let answer = Answer::ok(json!({ "run": run.to_string(), "workflow": workflow })).with(201);
    answer.head("location", format!("/api/v1/runs/{run}"))
}

/// Cancels one; its `finally` blocks still run. One that has ended stays as it is.
pub fn cancel(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    ask.said.only(&[])?;
    let (part, run) = named(ask)?;
    part.ask(&Request::Cancel { run: run.clone(), allow_private: part.reach == Reach::Private })?;
    let summary = part.history.summary(&run).map_err(Error::from)?;
    Ok(Answer::ok(Listed::of(part.history, summary).to_json()).with(202))
}

/// The run that the address names, and where it is.
fn named<'a>(ask: &'a Ask<'_>) -> Result<(Part<'a>, RunId), Refusal> {
    let run = RunId(ask.said.part("run").into());
    match ask.house.part(&ask.who) {
        Some(part) => Ok((part, run)),
        None => Err(Error::from(runtime::driver::Error::NoRun(run)).into()),
    }
}
