//! Comparing what came of a run with what was foretold, where timing cannot matter.

use dsl::catalog::FailureKind;
use dsl::value::Value;
use dsl::workflow::Workflow;
use engine::input::Choice;
use engine::run::Status;
use engine::view::Shown;

use crate::invariants::{Broken, demand};
use crate::plans::Shape;
use crate::reference::{Fate, Says, Tried, foretell};
use crate::weather::{answer, says};
use crate::world::{CutOff, World};

impl Says for World<'_> {
    fn to_call(&self, path: &str, attempt: u32) -> Tried {
        match self.cut_off.get(&(path.to_owned(), attempt)) {
            Some(CutOff::Again) => Tried::Again,
            Some(CutOff::GivenUp) => Tried::GivenUp,
            Some(CutOff::Happened(value)) => Tried::Answered(Ok(value.clone())),
            None => Tried::Answered(answer(self.words, path, attempt)),
        }
    }

    fn to_question(&self, path: &str) -> Choice {
        says(self.words, path).choice
    }

    fn signal(&self, path: &str) -> Value {
        self.heard.get(path).cloned().unwrap_or_default()
    }
}

impl World<'_> {
    /// Compares what came of the run with what was foretold, where timing cannot matter.
    pub fn judge(&mut self, workflow: &Workflow, shape: Shape) -> Result<(), Broken> {
        demand(*self.timeline.status() == self.run.status, "the timeline shows the run", String::new)?;
        self.tally.failed += u64::from(matches!(self.run.status, Status::Failed(_)));
        let cut_short = self.tally.cancels > 0 || self.weather.kill > 0;
        let timed = self.timed || (shape == Shape::Wild && self.model.disturbed);
        if cut_short || timed || self.model.takeover.is_some() {
            return Ok(());
        }
        let told = foretell(workflow, self);
        if shape == Shape::Wild && told.stopped {
            return demand(false, "a run goes as foretold", || "a failure should have stopped it".into());
        }
        self.tally.foretold += 1;
        for (path, entry) in self.timeline.steps() {
            let fate = told.steps.get(path);
            let same = match (entry.state, fate) {
                (Shown::NotStarted, Some(Fate::NotStarted)) => true,
                (Shown::Skipped, Some(Fate::Skipped)) => true,
                (Shown::InDoubt, Some(Fate::Failed(FailureKind::InDoubt))) => true,
                (Shown::Failed, Some(Fate::Failed(kind))) => {
                    entry.error.as_ref().is_some_and(|error| error.failure.kind == *kind)
                }
                (Shown::Succeeded, Some(Fate::Succeeded(value))) => {
                    entry.value.as_ref().map(plain).as_ref() == Some(&plain(value))
                }
                _ => false,
            };
            demand(same, "a run goes as foretold", || format!("`{path}`: {entry:?} foretold {fate:?}"))?;
        }
        let missing = told.steps.keys().find(|path| !self.timeline.steps().contains_key(*path));
        demand(missing.is_none(), "a run goes as foretold", || format!("{missing:?} is missing"))?;
        let same = match (&self.run.status, &told.end) {
            (Status::Succeeded(output), Some(Ok(told))) => plain(output) == plain(told),
            (Status::Failed(failure), Some(Err(told))) => {
                failure.failure.kind == told.kind && failure.step == told.step
            }
            _ => false,
        };
        demand(same, "a run goes as foretold", || format!("{:?} foretold {:?}", self.run.status, told.end))
    }
}

/// The value with each collected failure as its kind alone, and each approval as that alone.
fn plain(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(plain).collect()),
        Value::Object(entries) if entries.contains_key("approved") => Value::text("approved"),
        Value::Object(entries) => Value::object(entries.iter().map(|(key, value)| {
            let kind = value.get("kind").filter(|_| **key == *"error");
            (key.clone(), kind.cloned().unwrap_or_else(|| plain(value)))
        })),
        other => other.clone(),
    }
}
