//! The state of a run, and `evolve`: what is true now.

use std::fmt;
use std::sync::Arc;

use dsl::catalog::Failure;
use dsl::value::Value;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::event::Event;

/// The name of a run: lower-case letters and digits, sorted by time of start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub Arc<str>);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which try of a step, from 1.
pub type Attempt = u32;

/// A step within a run: an open block and a place in it. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct At {
    /// The frame: an instance of a block. They count up from 0, the root.
    pub frame: u32,
    /// The step's place in the block.
    pub slot: u16,
}

/// How a run stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has no event yet.
    #[default]
    New,
    /// It has begun and not ended.
    Running,
    /// It ended well, with this output.
    Succeeded(Value),
    /// It ended with the first failure that nothing caught.
    Failed(StepFailure),
    /// It was cancelled.
    Cancelled,
}

/// A failure and the step that it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepFailure {
    /// What happened.
    pub failure: Failure,
    /// The path of the step, as in `urgent[3].rank`.
    pub step: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// The state of a run: a fold over its events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// How it stands.
    pub status: Status,
}

impl Run {
    /// Records that something happened. It never decides, and needs no plan.
    pub fn evolve(&mut self, event: &Event) {
        match *event {}
    }

    /// What is under way: what a driver must take up again after a crash.
    pub fn outstanding(&self) -> Vec<Command> {
        vec![]
    }
}
