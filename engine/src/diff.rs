//! What differs between two runs: their inputs, their versions, their steps, their ends.

use dsl::value::Value;
use jiff::SignedDuration;
use serde_json::json;

use crate::fork::outer;
use crate::run::Status;
use crate::view::{Entry, Timeline};

/// What differs between two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    /// The two runs.
    pub runs: [String; 2],
    /// What differs, from the outside inward.
    pub differences: Vec<Difference>,
    /// How many steps both have that do not differ but in how long they took.
    pub same: usize,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Of what: `workflow`, `version`, `inputs.NAME`, `status`, `output`, or the path of a step and what of it.
    pub place: Place,
    /// What the two runs have there; nothing where one has nothing.
    pub values: [Option<serde_json::Value>; 2],
}

/// Where two runs differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The workflow's name.
    Workflow,
    /// Its version.
    Version,
    /// An input.
    Input(String),
    /// How the run stands.
    Status,
    /// The failure that ended it.
    Error,
    /// What it gave.
    Output,
    /// A step.
    Step {
        /// Its path.
        path: String,
        /// What of it.
        part: Part,
    },
}

/// What differs of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// How it stands; nothing where the step is not there.
    State,
    /// What its last call was sent.
    Args,
    /// What it gave.
    Value,
    /// Its failure.
    Error,
    /// How often it was tried.
    Attempts,
    /// How long it took, in milliseconds.
    Took,
}

impl Part {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Part::State => "state",
            Part::Args => "args",
            Part::Value => "value",
            Part::Error => "error",
            Part::Attempts => "attempts",
            Part::Took => "took",
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Workflow => f.write_str("workflow"),
            Place::Version => f.write_str("version"),
            Place::Input(name) => write!(f, "inputs.{name}"),
            Place::Status => f.write_str("status"),
            Place::Error => f.write_str("error"),
            Place::Output => f.write_str("output"),
            Place::Step { path, part } => write!(f, "steps.{path} {}", part.name()),
        }
    }
}

/// Times that differ by less than this, or by less than a half, are not worth a word.
const SLACK: SignedDuration = SignedDuration::from_millis(100);

impl Diff {
    /// Compares two runs.
    pub fn of(one: &Timeline, two: &Timeline) -> Diff {
        let mut diff = Diff { runs: [id(one), id(two)], differences: vec![], same: 0 };
        let text = |text: &str| Some(serde_json::Value::from(text));
        diff.add(Place::Workflow, [one, two].map(|run| text(&run.plan().name)));
        diff.add(Place::Version, [one, two].map(|run| text(&run.plan().digest.to_string())));
        let inputs = [one, two].map(|run| run.state().inputs.to_json());
        let mut names: Vec<&String> =
            inputs.iter().filter_map(|inputs| inputs.as_object()).flat_map(|it| it.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let of = |at: usize| inputs[at].get(name.as_str()).cloned();
            diff.add(Place::Input(name.clone()), [of(0), of(1)]);
        }
        diff.add(Place::Status, [one, two].map(|run| run.to_json().get("status").cloned()));
        diff.add(Place::Error, [one, two].map(|run| failure(run.status())));
        diff.add(Place::Output, [one, two].map(|run| output(run.status())));
        let others = two.steps().keys().filter(|path| !one.steps().contains_key(*path));
        for path in one.steps().keys().chain(others) {
            // What is in a block that was taken over whole is not opened again.
            if !lacks_by_taking_over(one, path) && !lacks_by_taking_over(two, path) {
                diff.step(path, [one.steps().get(path), two.steps().get(path)]);
            }
        }
        diff
    }

    fn add(&mut self, place: Place, values: [Option<serde_json::Value>; 2]) -> bool {
        let differs = values[0] != values[1];
        if differs {
            self.differences.push(Difference { place, values });
        }
        differs
    }

    fn step(&mut self, path: &str, entries: [Option<&Entry>; 2]) {
        let place = |part| Place::Step { path: path.to_owned(), part };
        let mut differs = self.add(place(Part::State), entries.map(|entry| Some(entry?.state.name().into())));
        // Of a step that only one of them has, that is all there is to say.
        let [Some(one), Some(two)] = entries else { return };
        let json =
            |value: &Option<Value>| value.as_ref().map(Value::to_json).filter(|value| !value.is_null());
        // What was taken over from an earlier run was not made again.
        let made = !is_taken_over(one) && !is_taken_over(two);
        if made {
            differs |= self.add(place(Part::Args), [json(&one.args), json(&two.args)]);
        }
        differs |= self.add(place(Part::Value), [json(&one.value), json(&two.value)]);
        let error = |entry: &Entry| entry.error.as_ref().map(|error| error.failure.to_string().into());
        differs |= self.add(place(Part::Error), [error(one), error(two)]);
        let tries = |entry: &Entry| Some(entry.attempts.into());
        if made {
            differs |= self.add(place(Part::Attempts), [tries(one), tries(two)]);
        }
        self.same += usize::from(!differs);
        if let (true, Some(first), Some(second)) = (made, took(one), took(two))
            && (first - second).abs() > SLACK.max(first.max(second) / 2)
        {
            let millis = |length: SignedDuration| i64::try_from(length.as_millis()).ok().map(Into::into);
            self.add(place(Part::Took), [millis(first), millis(second)]);
        }
    }

    /// As JSON: `runs`, `same`, and `differences`, each with its `place` and its two `values`.
    pub fn to_json(&self) -> serde_json::Value {
        let differences: Vec<_> = self
            .differences
            .iter()
            .map(|difference| json!({ "place": difference.place.to_string(), "values": difference.values }))
            .collect();
        json!({ "runs": self.runs, "same": self.same, "differences": differences })
    }
}

fn id(run: &Timeline) -> String {
    run.run().map(ToString::to_string).unwrap_or_default()
}

fn failure(status: &Status) -> Option<serde_json::Value> {
    match status {
        Status::Failed(failure) => Some(failure.failure.to_string().into()),
        Status::New | Status::Running | Status::Succeeded(_) | Status::Cancelled => None,
    }
}

fn output(status: &Status) -> Option<serde_json::Value> {
    match status {
        Status::Succeeded(value) => Some(value.to_json()),
        Status::New | Status::Running | Status::Failed(_) | Status::Cancelled => None,
    }
}

fn took(entry: &Entry) -> Option<SignedDuration> {
    Some(entry.ended?.duration_since(entry.started?))
}

/// True if a run has no such step since it took over a block around it.
fn lacks_by_taking_over(run: &Timeline, path: &str) -> bool {
    let taken = |around: &str| run.steps().get(around).is_some_and(|entry| entry.reused.is_some());
    !run.steps().contains_key(path) && outer(path).any(taken)
}

/// True if what came of a step came in an earlier run. Of a failure that tells only that nothing was sent.
fn is_taken_over(entry: &Entry) -> bool {
    entry.reused.is_some() || (entry.error.is_some() && entry.sent.is_none())
}
