//! What can have happened, and its stored form. An event is kept for ever: variants and optional fields may
//! be added; nothing is ever renamed or reused.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::Command;

/// What was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {}

/// The events that one input caused: one row of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Counts the rows of a run from 1. `(run, seq)` is the version check of a commit.
    pub seq: u64,
    /// When it was decided.
    pub time: Timestamp,
    /// What was decided, never empty.
    pub events: Vec<Event>,
}

impl Event {
    /// What a driver must do because this happened, if anything.
    pub fn command(&self) -> Option<Command> {
        None
    }
}
