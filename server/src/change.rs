//! What another version of a workflow does otherwise: its steps, triggers, inputs, calls, secrets and settings.

use std::collections::{BTreeMap, BTreeSet};

use dsl::catalog::Safety;
use dsl::workflow::{Start, Workflow, without_places};
use engine::outline::{Beside, Entry, Outline, Part};
use engine::plan::Plan;
use runtime::schedule;
use serde::{Deserialize, Serialize};

/// What differs between two versions, in the order in which it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The differences.
    pub lines: Vec<Line>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Of what.
    pub of: Of,
    /// How it differs.
    pub how: How,
    /// Its name.
    pub name: String,
}

/// A part of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// A trigger, by its canonical text.
    Trigger,
    /// An input.
    Input,
    /// A step.
    Step,
    /// A call of an action, with what may be repeated.
    Call,
    /// A secret.
    Secret,
    /// A workflow that is called.
    Workflow,
    /// A setting of the whole workflow.
    Setting,
}

impl Of {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Of::Trigger => "trigger",
            Of::Input => "input",
            Of::Step => "step",
            Of::Call => "call",
            Of::Secret => "secret",
            Of::Workflow => "workflow",
            Of::Setting => "setting",
        }
    }
}

/// How a part differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is new.
    Added,
    /// It is there no more.
    Removed,
    /// It is another.
    Changed,
}

/// The parts of one kind by their names, with what tells whether they are the same.
type Parts = BTreeMap<String, String>;

impl Change {
    /// What a version does otherwise than the one before; all of it is new where there is none.
    pub fn of(before: Option<&Workflow>, after: &Workflow) -> Change {
        let mut change = Change::default();
        for (of, parts) in KINDS {
            let old = before.map(parts).unwrap_or_default();
            change.compare(of, &old, &parts(after));
        }
        change
    }

    fn compare(&mut self, of: Of, old: &Parts, new: &Parts) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let how = match (old.get(name), new.get(name)) {
                (None, _) => How::Added,
                (Some(_), None) => How::Removed,
                (Some(old), Some(new)) if old != new => How::Changed,
                (Some(_), Some(_)) => continue,
            };
            self.lines.push(Line { of, how, name: name.clone() });
        }
    }
}

/// Reads the parts of one kind.
type Read = fn(&Workflow) -> Parts;

const KINDS: [(Of, Read); 7] = [
    (Of::Trigger, triggers),
    (Of::Input, inputs),
    (Of::Step, steps),
    (Of::Call, calls),
    (Of::Secret, secrets),
    (Of::Workflow, workflows),
    (Of::Setting, settings),
];

/// What is compared: the stored form, of which places in the text are no part.
fn stored(part: &impl Serialize) -> String {
    without_places(part).to_string()
}

fn triggers(workflow: &Workflow) -> Parts {
    let texts = schedule::texts(workflow.triggers.iter().map(|trigger| &trigger.start));
    let parts = texts.iter().zip(&workflow.triggers).map(|(text, trigger)| {
        let mut trigger = trigger.clone();
        // What is another spelling of the same times is the same schedule.
        if let Start::Cron { schedule, .. } = &mut trigger.start {
            schedule.clone_from(text);
        }
        (text.clone(), stored(&trigger))
    });
    parts.collect()
}

fn inputs(workflow: &Workflow) -> Parts {
    workflow.inputs.iter().map(|input| (input.name.to_string(), stored(input))).collect()
}

fn steps(workflow: &Workflow) -> Parts {
    workflow.root.steps.iter().map(|step| (step.name.to_string(), stored(step))).collect()
}

fn calls(workflow: &Workflow) -> Parts {
    let outline = outline(workflow);
    let mut found = Parts::new();
    let mut add = |entry: &Entry| {
        if let Some(call) = &entry.call {
            let safety = match call.safety {
                Safety::Read => "reads",
                Safety::Idempotent => "acts, and may be repeated",
                Safety::Keyed => "acts, with a key",
                Safety::Once => "acts, once",
            };
            found.insert(format!("{} ({safety})", call.action), String::new());
        }
    };
    for part in [Some(&outline.body), outline.on_failure.as_ref()].into_iter().flatten() {
        each(part, &mut add);
    }
    found
}

fn each(part: &Part, found: &mut dyn FnMut(&Entry)) {
    for entry in part.entries() {
        found(entry);
        entry.parts.iter().for_each(|part| each(part, found));
    }
}

fn secrets(workflow: &Workflow) -> Parts {
    outline(workflow).secrets.into_iter().map(|name| (name, String::new())).collect()
}

fn workflows(workflow: &Workflow) -> Parts {
    outline(workflow).workflows.into_iter().map(|name| (name, String::new())).collect()
}

fn outline(workflow: &Workflow) -> Outline {
    Outline::new(&Plan::new(workflow), None, &Beside::default())
}

fn settings(workflow: &Workflow) -> Parts {
    let settings = [
        ("description", Some(workflow.description.clone()).filter(|text| !text.is_empty())),
        ("limits.timeout", workflow.timeout.map(|it| it.to_string())),
        ("limits.steps", workflow.max_steps.map(|it| it.to_string())),
        ("limits.ai_cost", workflow.ai_cost.map(|it| it.to_string())),
        ("concurrency", workflow.concurrency.as_ref().map(stored)),
        ("output", workflow.root.output.as_ref().map(stored)),
    ];
    settings.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workflow(text: &str) -> Workflow {
        let checked = dsl::check(text, &crate::catalog());
        checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
    }

    #[test]
    fn what_differs_is_told_by_its_name_and_places_do_not_count() {
        let old = workflow(
            "name: a\ntriggers: [{ cron: \"0 9 * * 1-5\" }]\nsteps:\n  a: { set: { x: 1 } }\n  b: { set: { y: 2 } }\n\
             output: \"{{ steps.a.x + steps.b.y }}\"\n",
        );
        let new = workflow(
            "# another place\nname: a\ntriggers: [{ cron: \"0 9 * * MON-FRI\" }, { every: 2w }]\n\
             steps:\n  b: { set: { y: 3 } }\n  c: { http: { method: POST, url: \"https://example.com/\" } }\n\
             output: \"{{ steps.b.y }}\"\n",
        );
        let told: Vec<_> = Change::of(Some(&old), &new)
            .lines
            .into_iter()
            .map(|line| format!("{:?} {} {}", line.how, line.of.name(), line.name))
            .collect();
        let expected = [
            "Added trigger every 2w",
            "Removed step a",
            "Changed step b",
            "Added step c",
            "Added call http.request (acts, once)",
            "Changed setting output",
        ];
        assert_eq!(told, expected);
        assert_eq!(Change::of(Some(&old), &old), Change::default());
        let moved = |before: &str| {
            workflow(&format!(
                "{before}name: a\ntriggers: [{{ cron: \"0 9 * * *\" }}]\nsteps:\n  a: {{ set: {{ x: 1 }} }}\n  b: {{ set: {{ y: \
                 \"{{{{ steps.a.x + 1 }}}} of {{{{ len([steps.a]) }}}}\" }} }}\noutput: \"{{{{ steps.b.y }}}}\"\n"
            ))
        };
        assert_eq!(Change::of(Some(&moved("")), &moved("# further down\n")), Change::default());
    }
}
