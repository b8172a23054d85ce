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
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The workflow's file, absolute.
    pub file: PathBuf,
    /// The directory that `file.*` may use, absolute.
    pub files: PathBuf,
}

impl Note {
    /// As it stands in the log.
    pub fn to_value(&self) -> Value {
        let text = |path: &PathBuf| Value::text(path.to_string_lossy());
        Value::object([("file", text(&self.file)), ("files", text(&self.files))])
    }

    /// Reads what stands in the log.
    pub fn of(value: &Value) -> Option<Note> {
        let path = |key| value.get(key)?.as_text().map(PathBuf::from);
        Some(Note { file: path("file")?, files: path("files")? })
    }
}
