//! What a schedule has decided, on its way into a commit.

use std::sync::Arc;

use engine::input::Start;
use engine::plan::Plan;
use engine::run::RunId;
use store::books::{Schedule, Tick};

/// What a schedule has decided: entries of the books with the runs that they start, kept in one commit.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The schedule as it stands in the books.
    pub schedule: Schedule,
    /// What becomes of its instants, in their order.
    pub entries: Vec<Entry>,
}

/// What becomes of an instant.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What is written. Where a run that is to begin cannot, it says so.
    pub tick: Tick,
    /// The run that begins.
    pub begin: Option<Begin>,
    /// Whether the instant is in the books already.
    pub place: Place,
}

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is decided for the first time, and the schedule moves on to it.
    Due,
    /// It was queued.
    Queue,
}

/// A run that begins.
#[derive(Clone, Debug)]
pub struct Begin {
    /// What it follows.
    pub plan: Arc<Plan>,
    /// How it starts.
    pub start: Start,
    /// The run that it takes the place of, which is cancelled.
    pub replaces: Option<RunId>,
}
