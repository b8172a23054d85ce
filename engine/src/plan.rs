//! The plan: a checked workflow with dense ids, edges both ways, and a digest.

use dsl::workflow::Workflow;
use serde::{Deserialize, Serialize};

/// What a run follows. It is stored with its runs, by digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The workflow's name.
    pub name: String,
}

impl Plan {
    /// Makes the plan of a workflow.
    pub fn new(workflow: &Workflow) -> Plan {
        Plan { name: workflow.name.clone() }
    }
}
