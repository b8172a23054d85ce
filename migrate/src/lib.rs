//! Workflows of other systems, read and written as workflows of ours, with a report of what came over.
//!
//! A file becomes a small model of what it means, the model becomes steps, and the steps are checked as any author's are.
//! What has no equal here is said in the report, node by node, and stands in the workflow as a step that fails, so that no
//! run goes past it unseen. Secrets that stand in a file are told of and never copied. There is no I/O in this crate: it is
//! given a text and a catalog.

mod finish;
mod js;
pub mod n8n;
mod names;
mod ours;
mod report;
mod secrets;
pub mod serverless;
mod tree;

pub use report::{Fate, Imported, Kind, Part, Verdict, Why, Workflow};

/// The longest file that is read, in bytes.
pub const MOST_BYTES: usize = 8 << 20;

/// Most nodes of one workflow that are looked at.
pub const MOST_NODES: usize = 2_000;

/// Why nothing came of a file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// It is longer than what is read.
    #[error("the file has {0} bytes, and at most {MOST_BYTES} are read")]
    TooLong(usize),
    /// It is neither JSON nor YAML.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// It is something else.
    #[error("{0}")]
    Other(String),
}

impl Refused {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Refused::TooLong(_) => "take it apart into several workflows first",
            Refused::Unreadable(_) => "export the workflow again, and import that file as it is",
            Refused::Other(_) => "look whether it is the file that you mean",
        }
    }
}
