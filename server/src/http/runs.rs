//! Runs: listed, shown, started, answered and ended, as the commands of the terminal do.

use std::collections::BTreeMap;

use dsl::value::{Hash, Object, Value};
use engine::diff::Diff;
use engine::run::RunId;
use engine::story::Story;
use engine::view::{Timeline, Waits};
use runtime::driver::State;
use runtime::schedule::books::timestamp;
use serde_json::json;

use super::house::{Part, Wanted};
use super::{Answer, Ask, Refusal};
use crate::error::Error;
use crate::history::Listed;
use crate::order::new_run;
use crate::protocol::Request;
use crate::role::Role;
use crate::serve::Reach;
use crate::token::Scope;
use crate::words::{Again, From, Reply, Said, Word};

/// How many runs a list has where nothing is said, and at most.
const USUAL: usize = 100;
const MOST: usize = 1000;

/// The words for how a run stands.
pub const STATUSES: [&str; 4] = ["running", "succeeded", "failed", "cancelled"];

/// Those that began last, or before one that is named.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let most = ask.said.number("limit", USUAL, MOST)?;
    let before = ask.said.query.get("before").map(|run| RunId(run.as_str().into()));
    let (runs, next) = ask.house.part(&ask.who).runs(before.as_ref(), most, &wanted(ask)?)?;
    let runs: Vec<_> = runs.iter().map(Listed::to_json).collect();
    Ok(Answer::ok(json!({ "runs": runs, "next": next.map(|run| run.to_string()) })))
}

/// Which of them are meant.
fn wanted(ask: &Ask<'_>) -> Result<Wanted, Refusal> {
    let query = &ask.said.query;
    let state = match query.get("status").map(String::as_str) {
        None => None,
        Some("running") => Some(State::Running),
        Some("succeeded") => Some(State::Succeeded),
        Some("failed") => Some(State::Failed),
        Some("cancelled") => Some(State::Cancelled),
        Some(_) => {
            let words = STATUSES.map(|word| format!("`{word}`")).join(", ");
            return Err(Refusal::bad(format!("`status` is one of {words}")));
        }
    };
    let since = ask.said.since()?.map(timestamp);
    Ok(Wanted { workflow: query.get("workflow").cloned(), state, since })
}

/// One, with all that it has done.
pub fn show(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let run = named(ask);
    let history = ask.house.part(&ask.who).history(&run)?;
    Ok(Answer::ok(history.whole(&run).map_err(Error::from)?.to_json()))
}

/// Why one began, stands or ended as it does.
pub fn story(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let run = named(ask);
    let history = ask.house.part(&ask.who).history(&run)?;
    let story: Story = history.story(&run).map_err(Error::from)?;
    Ok(Answer::ok(story.to_json()))
}

/// What differs between one and another.
pub fn differences(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let load = |run: &RunId| -> Result<Timeline, Refusal> {
        Ok(ask.house.part(&ask.who).history(run)?.whole(run).map_err(Error::from)?)
    };
    // Whose run it is comes first: others hear of nothing that is there.
    let one = load(&named(ask))?;
    let with = ask.said.query.get("with").ok_or_else(|| Refusal::bad("`with` names the other run"))?;
    let other = load(&RunId(with.as_str().into()))?;
    Ok(Answer::ok(Diff::of(&one, &other).to_json()))
}

/// Starts a workflow that is deployed. Asked again under the same key, it starts once.
pub fn start(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let inputs = ask.said.object("inputs");
    let name = ask.said.part("name");
    let part = ask.house.part(&ask.who);
    let kept = part.kept().ok_or_else(|| Error::NoWorkflow { name: name.into() })?;
    let inputs = Value::object(inputs);
    let wish = [name.as_bytes(), &[0], &inputs.stored()].concat();
    once(&part, ask.said.key.as_deref(), &wish, |run| {
        let order = kept.order(run.clone(), name, inputs.clone(), part.reach() == Reach::Private)?;
        part.ask(kept, &Request::Run(order))?;
        Ok(begun(run, name))
    })
}

/// Tries a run that failed once more, from the step that failed.
pub fn retry(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    again(ask, From::Failure, BTreeMap::new(), Object::new())
}

/// Starts a run that takes over from an earlier one what it did before some steps.
pub fn fork(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    // Whose it is comes before what is said of it.
    ask.house.part(&ask.who).history(&named(ask))?;
    let from = ask.said.texts("from");
    let set: BTreeMap<String, Value> =
        ask.said.object("set").into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    let inputs = ask.said.object("inputs");
    if from.is_empty() && set.is_empty() && inputs.is_empty() {
        let nothing = Refusal::unfit("nothing is to be done anew");
        return Err(nothing.help("name steps in `from`, values in `set`, or `inputs`"));
    }
    again(ask, From::Steps(from), set, inputs)
}

fn again(ask: &Ask<'_>, from: From, set: BTreeMap<String, Value>, inputs: Object) -> Result<Answer, Refusal> {
    let (part, of) = (ask.house.part(&ask.who), named(ask));
    let name = part.history(&of)?.summary(&of).map_err(Error::from)?.workflow;
    let allow_private = part.reach() == Reach::Private;
    let wish = Again { run: new_run(), of: of.clone(), from, set, inputs, workflow: None, allow_private };
    // The name of the new run is no part of what is wanted.
    let told = serde_json::to_vec(&Again { run: of.clone(), ..wish.clone() }).unwrap_or_default();
    once(&part, ask.said.key.as_deref(), &told, |run| {
        part.ask_about(&of, &Request::Again(Again { run: run.clone(), ..wish.clone() }))?;
        Ok(begun(run, &name))
    })
}

/// Starts a run; where it is asked for under a key, once for that key.
fn once(
    part: &Part<'_>,
    key: Option<&str>,
    wish: &[u8],
    start: impl Fn(&RunId) -> Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    let run = new_run();
    let Some(key) = key else { return start(&run) };
    let digest = Hash::of(wish).0;
    let asked = part.asked(key, digest, &run.0)?;
    if asked.digest != digest {
        return Err(Refusal::reused());
    }
    let first = RunId(asked.run.as_str().into());
    // Nobody may have started it: who noted it can have died in between.
    if let Ok(history) = part.history(&first) {
        let workflow = history.summary(&first).map_err(Error::from)?.workflow;
        return Ok(begun(&first, &workflow).head("idempotency-replayed", "true"));
    }
    start(&first).inspect_err(|_| part.unasked(key))
}

fn begun(run: &RunId, workflow: &str) -> Answer {
    let answer = Answer::ok(json!({ "run": run.to_string(), "workflow": workflow })).with(201);
    answer.head("location", format!("/api/v1/runs/{run}"))
}

/// Cancels one; its `finally` blocks still run. One that has ended stays as it is.
pub fn cancel(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let run = named(ask);
    let allow_private = ask.house.part(&ask.who).reach() == Reach::Private;
    done(ask, &Request::Cancel { run, allow_private })
}

/// Pauses one: calls under way finish, nothing new starts.
pub fn pause(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    done(ask, &Request::Say { run: named(ask), word: Word::Pause, allow_private: false })
}

/// Goes on with one that is paused.
pub fn resume(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let allow_private = ask.house.part(&ask.who).reach() == Reach::Private;
    done(ask, &Request::Resume { run: Some(named(ask)), allow_private })
}

/// Answers the step that asks, or says whether a call took effect.
pub fn answer(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    // Whose it is comes before what is said of it.
    let (run, part) = (named(ask), ask.house.part(&ask.who));
    let story = part.history(&run)?.story(&run).map_err(Error::from)?;
    may_answer(ask, story.timeline())?;
    let said = &ask.said;
    let reply = match (said.text("reply"), said.body.get("value")) {
        (None | Some("yes"), Some(value)) if *value != Value::Null => Reply::Value(value.clone()),
        (Some("yes"), _) => Reply::Yes,
        (Some("no"), None) => Reply::No,
        (Some("stop"), None) => Reply::Stop,
        (Some(word), _) => {
            return Err(Refusal::unfit(format!("`{word}` and `value` contradict one another")));
        }
        (None, _) => {
            return Err(Refusal::unfit("there is no answer")
                .help("say `yes`, `no` or `stop` in `reply`, or give a `value`"));
        }
    };
    let by = Some(ask.who.actor().into());
    let said = Said { reply, by, comment: said.text("comment").map(Into::into) };
    let step = ask.said.text("step").map(str::to_owned);
    let allow_private = ask.house.part(&ask.who).reach() == Reach::Private;
    done(ask, &Request::Say { run: named(ask), word: Word::Answer { step, said }, allow_private })
}

/// Looks whether somebody is among those whom a step asks by name. An owner may stand in for them, and so may a token of the
/// scope `admin`.
fn may_answer(ask: &Ask<'_>, timeline: &Timeline) -> Result<(), Refusal> {
    let step = ask.said.text("step");
    let asked = timeline.steps().iter().filter(|(path, _)| step.is_none_or(|step| step == **path));
    for (path, entry) in asked {
        let Some(Waits::Person(asked)) = &entry.waits else { continue };
        let named: Vec<String> = match &asked.who {
            Value::List(items) => items.iter().filter_map(Value::as_text).map(str::to_lowercase).collect(),
            one => one.as_text().map(str::to_lowercase).into_iter().collect(),
        };
        let may = match &ask.who.person {
            Some(person) => person.role == Some(Role::Owner) || named.contains(&person.name.to_lowercase()),
            None => ask.who.scope == Some(Scope::Admin),
        };
        if !named.is_empty() && !may {
            return Err(Refusal::not_asked(path, &named.join(", ")));
        }
    }
    Ok(())
}

/// Does something about a run, and tells how it stands.
fn done(ask: &Ask<'_>, request: &Request) -> Result<Answer, Refusal> {
    let (part, run) = (ask.house.part(&ask.who), named(ask));
    part.ask_about(&run, request)?;
    let history = part.history(&run)?;
    let summary = history.summary(&run).map_err(Error::from)?;
    Ok(Answer::ok(Listed::of(history, summary).to_json()).with(202))
}

/// The steps that wait for a person, the latest run first.
pub fn approvals(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let running = Wanted { state: Some(State::Running), ..Wanted::default() };
    let (runs, _) = part.runs(None, MOST, &running)?;
    let mut approvals = vec![];
    for listed in runs.iter().filter(|listed| listed.state == "waiting") {
        let run = &listed.run.run;
        // One that cannot be read does not hide the others.
        let Ok(story) = part.history(run)?.story(run) else { continue };
        for (path, entry) in story.timeline().steps() {
            let (kind, who, message) = match &entry.waits {
                Some(Waits::Person(asked)) => ("approval", asked.who.to_json(), Some(&*asked.message)),
                Some(Waits::Doubt) => ("doubt", serde_json::Value::Null, None),
                Some(Waits::Signal(_)) | None => continue,
            };
            approvals.push(json!({
                "run": run.to_string(),
                "workflow": listed.run.workflow,
                "step": path,
                "kind": kind,
                "person": who,
                "message": message,
                "until": entry.until.map(|until| until.to_string()),
            }));
        }
    }
    Ok(Answer::ok(json!({ "approvals": approvals })))
}

/// The run that the address names.
pub(super) fn named(ask: &Ask<'_>) -> RunId {
    RunId(ask.said.part("run").into())
}
