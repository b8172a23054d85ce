//! What an outline takes from beside the plan: the workflows that it calls, the connectors that need a connection.

use std::collections::{BTreeMap, BTreeSet};

use dsl::value::Value;
use dsl::workflow::Arg;

use crate::outline::{Bound, Outline};
use crate::plan::{CALL, Op, Plan};

/// What is known beside a plan.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The outlines of workflows that can be called, by their names.
    pub workflows: BTreeMap<String, Outline>,
    /// The connectors that need a connection.
    pub connected: BTreeSet<String>,
}

/// Another workflow that a step runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// Its name.
    pub workflow: String,
    /// What it does itself; nothing where it is not found, or is wrong.
    pub bounds: Option<Bounds>,
}

/// What a workflow does itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// Its calls; the loops are its own.
    pub calls: Bound,
    /// The workflows that it runs in turn, whose calls are not among them.
    pub workflows: BTreeSet<String>,
}

/// An account at a service that a run needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    /// The service.
    pub connector: String,
    /// The name of the account; without one, the owner's only one.
    pub name: Option<String>,
}

impl Beside {
    /// What is known of a workflow that a step runs.
    pub(super) fn child(&self, workflow: &str) -> Child {
        let bounds = self
            .workflows
            .get(workflow)
            .map(|outline| Bounds { calls: outline.calls.clone(), workflows: outline.workflows.clone() });
        Child { workflow: workflow.to_owned(), bounds }
    }
}

/// The names of the workflows that a plan runs.
pub fn called(plan: &Plan) -> BTreeSet<String> {
    let steps = plan.blocks.iter().flat_map(|block| &block.steps);
    steps.filter_map(|step| workflow(&step.op)).map(str::to_owned).collect()
}

/// The name of the workflow that an operation runs, if it runs one.
pub(super) fn workflow(op: &Op) -> Option<&str> {
    match op {
        Op::Act { action, args: Arg::Object(args), .. } if **action == *CALL => {
            let name = args.iter().find(|(key, _)| **key == *"workflow").map(|(_, name)| name);
            match name {
                Some(Arg::Value(Value::Text(name))) => Some(name),
                _ => None,
            }
        }
        _ => None,
    }
}
