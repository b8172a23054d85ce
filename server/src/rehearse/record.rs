//! A real run as a test file: what it was given, what each call got, what people and signals said, and what came of it. Played, it
//! goes the same way. Secrets, tokens and headers are hidden; what differs from one run to the next (times, ids by chance) is
//! found by playing it, and not compared.

pub mod drift;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use connectors::record::{Veil, kept};
use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::diagnostic::Diagnostic;
use dsl::test::{Subject, general};
use dsl::value::Value;
use dsl::workflow::{BATCH, EMIT, REQUEST, TURN};
use engine::event::Event;
use engine::outline::{Beside, Outline};
use engine::run::{RunId, Status, StepFailure};
use engine::view::Timeline;
use jiff::{SignedDuration, Timestamp};
use runtime::rehearsal::step_of_round;
use serde_json::{Map, Value as Json, json};
use vault::{Kind, Vault, Want, What, Who};

use super::{Made, Tested, Tester};
use crate::beside;
use crate::error::Error;
use crate::history::History;
use crate::order::Note;

/// How much later a run is played to see what depends on the time: another day, hour, minute and second.
const SHIFT: SignedDuration = SignedDuration::from_secs(25 * 3600 + 61);

/// What is recorded, and how.
pub struct Wish<'w> {
    /// The run.
    pub run: &'w RunId,
    /// The workflow's file, and its text.
    pub workflow: (&'w Path, &'w str),
    /// Where the test file is to stand.
    pub file: &'w Path,
    /// True where people's e-mail addresses are hidden too.
    pub hides_people: bool,
    /// What the case is called; by default by its run.
    pub case: Option<&'w str>,
}

/// A run as a test file.
#[derive(Debug)]
pub struct Recording {
    /// The text of the test file.
    pub text: String,
    /// What comes of playing it.
    pub tested: Tested,
    /// How many spellings stand in it as others.
    pub hidden: usize,
    /// How many calls stand in it.
    pub calls: usize,
    /// The parameters that differ from one run to the next, and are not compared, as in `post.text`.
    pub not_compared: Vec<String>,
}

/// Why a run cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It goes on.
    #[error("the run `{0}` has not ended")]
    UnderWay(RunId),
    /// Somebody ended it.
    #[error("the run `{0}` was cancelled, and nothing in a test file cancels a run")]
    Cancelled(RunId),
    /// The workflow is no longer what ran, or has errors.
    #[error("{0}")]
    Workflow(String),
    /// What is kept cannot be read.
    #[error(transparent)]
    Error(#[from] Error),
}

/// The note of a run: where its workflow stands and whose it is.
///
/// # Errors
/// Where there is no such run, or it cannot be read.
pub fn note(history: &History, run: &RunId) -> Result<Option<Note>, Error> {
    history.summary(run)?;
    let first = history.first(run)?;
    let started = first.iter().flat_map(|row| &row.events).find_map(|event| match event {
        Event::RunStarted { note, .. } => Some(note),
        _ => None,
    });
    Ok(started.and_then(Note::of))
}

/// The secrets that the workflow of a run names, hidden by a veil. Each is opened once, and that is audited. Gives the names of
/// those that could not be opened.
///
/// # Errors
/// Where the run cannot be read.
pub fn hide_secrets(
    history: &History,
    run: &RunId,
    owner: &str,
    vault: impl FnOnce() -> Result<Vault, Error>,
    veil: &mut Veil,
) -> Result<Vec<String>, Error> {
    let plan = history.timeline(run)?.plan().clone();
    let names = Outline::new(&plan, None, &Beside::default()).secrets;
    if names.is_empty() {
        return Ok(vec![]);
    }
    let vault = vault()?;
    let known = vault.list(owner, Kind::Secret)?;
    let mut sealed = vec![];
    for name in names {
        let listed = known.iter().find(|listed| listed.name == name);
        let opened = listed.and_then(|listed| {
            let host = listed.hosts.first()?.replace('*', "any");
            let who = Who { owner, actor: "keyway record" };
            let want = Want { who, what: What::Secret(&name), connector: &listed.connector, host: &host };
            vault.resolve(&want).ok()
        });
        match opened {
            Some(resolved) => veil.hide(resolved.secret.expose()),
            None => sealed.push(name),
        }
    }
    Ok(sealed)
}

/// Makes a test file of a run that has ended.
///
/// # Errors
/// Where it cannot be one, or cannot be read.
pub fn record(history: &History, wish: &Wish<'_>, veil: Veil) -> Result<Recording, Refused> {
    let (file, text) = wish.workflow;
    let catalog = beside::catalog(file, text);
    let callable = beside::callable(file, text);
    let Some(subject) = Subject::new(text, &callable, &catalog) else {
        let message = format!("the workflow `{}` has errors", file.display());
        return Err(Refused::Workflow(message));
    };
    let timeline = history.whole(wish.run).map_err(Error::from)?;
    match timeline.status() {
        Status::New | Status::Running => return Err(Refused::UnderWay(wish.run.clone())),
        Status::Cancelled => return Err(Refused::Cancelled(wish.run.clone())),
        Status::Succeeded(_) | Status::Failed(_) => {}
    }
    if timeline.plan().name != subject.name {
        let (ran, here) = (&timeline.plan().name, &subject.name);
        let message = format!("`{ran}` ran, and `{}` is `{here}`", file.display());
        return Err(Refused::Workflow(message));
    }
    let mut heard = Heard::of(history, &timeline, wish.run).map_err(Error::from)?;
    let mut veil = if wish.hides_people { veil } else { veil.with_open_mails() };
    heard.each_json(&mut |json| veil.see(json, false));
    veil.settle();
    heard.each_json_mut(&mut |json| *json = veil.json(json));
    let tester = Tester::new(file, text);
    // Played twice without looking at what is asked, at another time and by another chance, it shows what is asked anew each time.
    let first = tester.test(&heard.page(wish, &subject, &timeline), &|_| true);
    heard.shift = Some(SHIFT);
    let second = tester.test(&heard.page(wish, &subject, &timeline), &|_| true);
    heard.shift = None;
    let mut not_compared = BTreeSet::new();
    if let Some(tried) = first.cases.first() {
        let other = second.cases.first().map(|tried| &tried.came);
        heard.compare(&tried.came.calls, other.map_or(&[][..], |came| &came.calls[..]), &mut not_compared);
        if let (Status::Succeeded(one), Some(own)) = (&tried.came.status, &heard.output) {
            let other = match other.map(|came| &came.status) {
                Some(Status::Succeeded(other)) => Some(other.to_json()),
                _ => None,
            };
            let mut changing = BTreeSet::new();
            let kept = stable(own, &one.to_json(), other.as_ref(), "output", &mut changing);
            if !changing.is_empty() {
                (heard.output, heard.output_has) = (None, kept);
                not_compared.extend(changing);
            }
        }
    }
    let not_compared = not_compared.into_iter().collect();
    let mut text = heard.page(wish, &subject, &timeline);
    let mut tested = tester.test(&text, &|_| true);
    if tested.cases.iter().any(|tried| !tried.passed()) {
        // Which of two calls beside one another came back first may matter, and be a matter of milliseconds.
        heard.exact = true;
        text = heard.page(wish, &subject, &timeline);
        tested = tester.test(&text, &|_| true);
    }
    let calls = heard.calls.len();
    Ok(Recording { text, tested, hidden: veil.hidden(), calls, not_compared })
}

impl Recording {
    /// What is wrong with it, if it does not go the way of its run.
    pub fn wrong(&self) -> Vec<&Diagnostic> {
        let unmet = self.tested.cases.iter().flat_map(|tried| &tried.unmet).map(|unmet| &unmet.diagnostic);
        self.tested.diagnostics.iter().chain(unmet).collect()
    }
}

/// What a run heard of the world.
struct Heard {
    inputs: Json,
    trigger: Json,
    zone: Option<String>,
    began: Timestamp,
    calls: Vec<Called>,
    answers: Vec<(String, Json)>,
    signals: Vec<Json>,
    output: Option<Json>,
    output_has: Option<Json>,
    error: Option<Json>,
    /// True where lengths of calls are written to the millisecond, and not to the second.
    exact: bool,
    /// How much later it is played, by another chance.
    shift: Option<SignedDuration>,
}

/// A call and its answer.
struct Called {
    path: String,
    action: String,
    safety: Safety,
    args: Json,
    /// What of its parameters is the same whenever it is played.
    with: Option<Json>,
    sent: Timestamp,
    came: Option<(Came, Timestamp)>,
}

/// What came of a call.
enum Came {
    Gave(Json),
    Wanted(Vec<Json>),
    Failed(Failure),
}

impl Heard {
    fn of(history: &History, timeline: &Timeline, run: &RunId) -> Result<Heard, runtime::driver::Error> {
        let mut heard = Heard {
            inputs: json!({}),
            trigger: Json::Null,
            zone: None,
            began: timeline.started().unwrap_or_default(),
            calls: vec![],
            answers: vec![],
            signals: vec![],
            output: None,
            output_has: None,
            error: None,
            exact: false,
            shift: None,
        };
        match timeline.status() {
            Status::Succeeded(output) => heard.output = Some(output.to_json()),
            Status::Failed(failure) => heard.error = Some(failed(failure)),
            Status::New | Status::Running | Status::Cancelled => {}
        }
        let mut follower = Timeline::new(timeline.plan());
        let mut asked: BTreeMap<String, Timestamp> = BTreeMap::new();
        let mut listens: BTreeMap<String, String> = BTreeMap::new();
        for row in history.log(run)? {
            let time = row.time;
            let whole = |value: &Value| value.load_all(history).unwrap_or_else(|| value.clone()).to_json();
            follower.follow(&row, |_, event, changed| {
                let path = changed.map(|(path, _)| path.clone()).unwrap_or_default();
                heard.hear(event, path, time, &whole, &mut asked, &mut listens);
            });
        }
        // What was made again after a crash counts once.
        heard.calls.retain(|call| call.came.is_some());
        Ok(heard)
    }

    fn hear(
        &mut self,
        event: &Event,
        path: String,
        time: Timestamp,
        whole: &dyn Fn(&Value) -> Json,
        asked: &mut BTreeMap<String, Timestamp>,
        listens: &mut BTreeMap<String, String>,
    ) {
        match event {
            Event::RunStarted { inputs, trigger, zone, .. } => {
                self.inputs = whole(inputs);
                self.trigger = whole(trigger);
                self.zone = zone.as_deref().map(str::to_owned);
            }
            Event::StepStarted { action, args, safety, .. } if **action != *EMIT => {
                self.calls.push(Called {
                    path,
                    action: action.to_string(),
                    safety: *safety,
                    args: whole(args),
                    with: None,
                    sent: time,
                    came: None,
                });
            }
            Event::StepReused { value, .. } => {
                let came = Some((Came::Gave(whole(value)), time));
                let (action, safety) = (String::new(), Safety::Read);
                let args = Json::Null;
                self.calls.push(Called { path, action, safety, args, with: None, sent: time, came });
            }
            Event::StepAsked { .. } => {
                asked.insert(path, time);
            }
            Event::StepListening { name, .. } => {
                listens.insert(path, name.to_string());
            }
            Event::SignalKept { .. } => {}
            Event::StepSucceeded { value, .. } => {
                let value = whole(value);
                if let Some(call) = self.open_call(&path) {
                    call.came = Some((came(&call.action, value), time));
                } else if let Some(since) = asked.remove(&path) {
                    self.answers.push((path, yes(&value, time.duration_since(since))));
                } else if let Some(name) = listens.remove(&path) {
                    let after = length(time.duration_since(self.began));
                    self.signals.push(json!({ "name": name, "with": value, "after": after }));
                }
            }
            Event::StepFailed { failure, .. } => {
                if let Some(call) = self.open_call(&path) {
                    call.came = Some((Came::Failed(failure.failure.clone()), time));
                } else if let Some(since) = asked.remove(&path)
                    && let Some(answer) = no(failure, time.duration_since(since))
                {
                    self.answers.push((path, answer));
                }
            }
            // A doubt is settled by somebody; what they say is what the call gave.
            _ => {}
        }
    }

    fn open_call(&mut self, path: &str) -> Option<&mut Called> {
        self.calls.iter_mut().rev().find(|call| call.path == path).filter(|call| call.came.is_none())
    }

    fn each_json(&mut self, see: &mut dyn FnMut(&Json)) {
        self.each_json_mut(&mut |json| see(json));
    }

    /// All that belongs to somebody.
    fn each_json_mut(&mut self, change: &mut dyn FnMut(&mut Json)) {
        change(&mut self.inputs);
        change(&mut self.trigger);
        for call in &mut self.calls {
            change(&mut call.args);
            match &mut call.came {
                Some((Came::Gave(json), _)) => change(json),
                Some((Came::Wanted(wants), _)) => wants.iter_mut().for_each(&mut *change),
                Some((Came::Failed(failure), _)) => {
                    let mut text = Json::String(failure.message.clone());
                    change(&mut text);
                    failure.message = text.as_str().unwrap_or_default().to_owned();
                }
                None => {}
            }
        }
        self.answers.iter_mut().for_each(|(_, answer)| change(answer));
        self.signals.iter_mut().for_each(&mut *change);
        [&mut self.output, &mut self.error].into_iter().flatten().for_each(change);
    }

    /// Keeps of the parameters of each call what is the same in what was played.
    fn compare(&mut self, one: &[Made], other: &[Made], not_compared: &mut BTreeSet<String>) {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for call in self.calls.iter_mut().filter(|call| step_of(call).is_none() && !call.action.is_empty()) {
            let number = count.entry(call.path.clone()).or_default();
            let at = *number;
            *number += 1;
            let args = |played: &[Made]| {
                let made = played.iter().filter(|made| made.step == call.path).nth(at)?;
                Some(made.args.to_json())
            };
            let Some(one) = args(one) else { continue };
            let place = general(&call.path);
            call.with = stable(&call.args, &one, args(other).as_ref(), &place, not_compared);
        }
    }
}

/// The step whose round a call is, where it is one.
fn step_of(call: &Called) -> Option<String> {
    [TURN, BATCH].contains(&call.action.as_str()).then(|| step_of_round(&call.path)).flatten()
}

/// What came of a call, as a mock says it.
fn came(action: &str, mut value: Json) -> Came {
    if action == REQUEST
        && let Some(Json::Object(headers)) = value.get_mut("headers")
    {
        headers.retain(|name, _| kept(name));
    }
    if [TURN, BATCH].contains(&action) {
        let done = value.get("done") == Some(&Json::Bool(true));
        return match (done, value.get("calls").and_then(Json::as_array)) {
            (false, Some(calls)) if !calls.is_empty() => Came::Wanted(calls.clone()),
            _ => Came::Gave(value.get("answer").cloned().unwrap_or_default()),
        };
    }
    Came::Gave(value)
}

fn yes(value: &Json, after: SignedDuration) -> Json {
    let mut answer = Map::from_iter([("answer".to_owned(), Json::from("yes"))]);
    for key in ["by", "comment"] {
        if let Some(text) = value.get(key).filter(|text| !text.is_null()) {
            answer.insert(key.into(), text.clone());
        }
    }
    if let Some(Json::Object(values)) = value.get("values").filter(|values| *values != &json!({})) {
        answer.insert("values".into(), Json::Object(values.clone()));
    }
    answer.insert("after".into(), length(after).into());
    Json::Object(answer)
}

/// The answer of who said no; nothing where time did.
fn no(failure: &StepFailure, after: SignedDuration) -> Option<Json> {
    if failure.failure.kind != FailureKind::Rejected {
        return None;
    }
    let (by, rest) = failure.failure.message.split_once(" said no")?;
    let mut answer = json!({ "answer": "no", "by": by, "after": length(after) });
    if let (Some(comment), Some(entries)) = (rest.strip_prefix(": "), answer.as_object_mut()) {
        entries.insert("comment".into(), comment.into());
    }
    Some(answer)
}

/// A length of time to the second, as people write it: parts of seconds are those of the machine.
fn length(length: SignedDuration) -> String {
    Value::Duration(SignedDuration::from_secs(length.as_secs().max(0))).to_string()
}

fn failed(failure: &StepFailure) -> Json {
    let mut told = json!({ "kind": failure.failure.kind.name() });
    if let (Some(entries), false) = (told.as_object_mut(), failure.step.is_empty()) {
        entries.insert("step".into(), failure.step.as_str().into());
    }
    told
}

/// What of a value a test can hold against what comes: all but what is another one in each of two runs that were played; nothing
/// where nothing is left. What came otherwise than in both, since the workflow was changed, stays, and fails. The places that are
/// left out are told, as in `post.text`.
fn stable(
    recorded: &Json,
    one: &Json,
    other: Option<&Json>,
    place: &str,
    left_out: &mut BTreeSet<String>,
) -> Option<Json> {
    if let (Json::Object(own), Json::Object(played)) = (recorded, one) {
        let kept = own.iter().filter_map(|(key, value)| {
            let inner = other.and_then(|other| other.get(key));
            let Some(played) = played.get(key) else { return Some((key.clone(), value.clone())) };
            Some((key.clone(), stable(value, played, inner, &format!("{place}.{key}"), left_out)?))
        });
        let kept: Map<String, Json> = kept.collect();
        return (!kept.is_empty() || own.is_empty()).then_some(Json::Object(kept));
    }
    if recorded != one && other.is_some_and(|other| other != one) {
        left_out.insert(place.to_owned());
        return None;
    }
    Some(recorded.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_another_one_each_time_is_left_out_and_what_was_changed_stays() {
        let (recorded, one, other) = (
            json!({ "id": "a", "n": 1, "to": { "at": 5, "who": "Ann" }, "fixed": [1] }),
            json!({ "id": "b", "n": 2, "to": { "at": 6, "who": "Ann" }, "fixed": [1] }),
            json!({ "id": "c", "n": 2, "to": { "at": 7, "who": "Ann" }, "fixed": [2] }),
        );
        let mut left_out = BTreeSet::new();
        let kept = stable(&recorded, &one, Some(&other), "post", &mut left_out);
        assert_eq!(kept, Some(json!({ "n": 1, "to": { "who": "Ann" }, "fixed": [1] })));
        assert_eq!(left_out.into_iter().collect::<Vec<_>>(), ["post.id", "post.to.at"]);
    }
}
