//! Runs: listed, shown, started and cancelled, as the commands of the terminal do.

use dsl::value::{Hash, Value};
use engine::run::RunId;
use serde_json::json;

use super::{Answer, Ask, Refusal};
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
    let (runs, next) = ask.house.part(&ask.who).runs(before.as_ref(), most)?;
    let runs: Vec<_> = runs.iter().map(Listed::to_json).collect();
    Ok(Answer::ok(json!({ "runs": runs, "next": next.map(|run| run.to_string()) })))
}

/// One, with all that it has done.
pub fn show(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let run = named(ask);
    let history = ask.house.part(&ask.who).history(&run)?;
    Ok(Answer::ok(history.whole(&run).map_err(Error::from)?.to_json()))
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
    let part = ask.house.part(&ask.who);
    let kept = part.kept().ok_or_else(|| Error::NoWorkflow { name: name.into() })?;
    let start = |run: RunId, inputs: Value| -> Result<Answer, Refusal> {
        let order = kept.order(run.clone(), name, inputs, part.reach() == Reach::Private)?;
        part.ask(kept, &Request::Run(order))?;
        Ok(begun(&run, name))
    };
    let run = new_run();
    let Some(key) = &said.key else { return start(run, inputs) };
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
    if part.history(&first).is_ok() {
        return Ok(begun(&first, name).head("idempotency-replayed", "true"));
    }
    start(first, inputs).inspect_err(|_| part.unasked(key))
}

fn begun(run: &RunId, workflow: &str) -> Answer {
    let answer = Answer::ok(json!({ "run": run.to_string(), "workflow": workflow })).with(201);
    answer.head("location", format!("/api/v1/runs/{run}"))
}

/// Cancels one; its `finally` blocks still run. One that has ended stays as it is.
pub fn cancel(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    ask.said.only(&[])?;
    let (part, run) = (ask.house.part(&ask.who), named(ask));
    let request = Request::Cancel { run: run.clone(), allow_private: part.reach() == Reach::Private };
    part.ask_about(&run, &request)?;
    let history = part.history(&run)?;
    let summary = history.summary(&run).map_err(Error::from)?;
    Ok(Answer::ok(Listed::of(history, summary).to_json()).with(202))
}

/// The run that the address names.
fn named(ask: &Ask<'_>) -> RunId {
    RunId(ask.said.part("run").into())
}
