//! What somebody wants to run, and what is kept beside the run.

use std::path::PathBuf;

use dsl::value::Value;
use serde::{Deserialize, Serialize};

/// A wish to run a workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The workflow's file, for messages.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// The inputs given, an object.
    pub inputs: Value,
    /// The directory that `file.*` may use.
    pub files: PathBuf,
    /// Whether calls may go to private addresses. Not kept with the run.
    pub allow_private: bool,
}

/// What is kept with a run, so that it can be taken up again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The workflow's file, absolute.
    pub file: PathBuf,
    /// The directory that `file.*` may use, absolute.
    pub files: PathBuf,
}
