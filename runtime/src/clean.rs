//! Which runs have been kept for long enough. What goes is decided from what cannot change any more: a family of
//! runs, one and all that it called, of which every member has ended.

use std::collections::{BTreeMap, BTreeSet};

use engine::event::Event;
use engine::run::RunId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::driver::{Error, State, Summary};
use crate::journal::Journal;

/// How long runs that have ended are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keeping {
    /// Those that ended within this time are kept.
    pub younger_than: SignedDuration,
    /// So many of each workflow, the latest, are kept however old they are.
    pub latest: usize,
}

/// What a cleaning removed, or would remove.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleaned {
    /// The runs.
    pub runs: Vec<RunId>,
    /// How many answers of calls that are too old to be used again.
    pub answers: usize,
    /// How many large values that nothing refers to any more.
    pub values: usize,
    /// How many files that nothing refers to any more.
    #[serde(default)]
    pub files: usize,
}

/// A run and all that it called, at any depth.
#[derive(Debug)]
struct Family<'a> {
    members: Vec<&'a Summary>,
}

impl Family<'_> {
    fn has_ended(&self) -> bool {
        self.members.iter().all(|run| run.state != State::Running)
    }

    /// When the last of them ended.
    fn ended(&self) -> Option<Timestamp> {
        self.members.iter().filter_map(|run| run.ended).max()
    }

    /// The workflow of the one that nobody here called.
    fn workflow(&self) -> &str {
        self.members.iter().min_by_key(|run| run.run.0.len()).map_or("", |run| &run.workflow)
    }
}

/// The runs that need not be kept any more, family by family, the earliest first.
///
/// # Errors
/// Where the journal cannot be read.
pub fn overdue(journal: &dyn Journal, keeping: &Keeping, now: Timestamp) -> Result<Vec<Vec<RunId>>, Error> {
    let runs = journal.runs()?;
    let mut families: BTreeMap<&str, Family<'_>> = BTreeMap::new();
    for run in &runs {
        families.entry(run.run.family()).or_insert(Family { members: vec![] }).members.push(run);
    }
    let origins = origins(journal)?;
    let mut ended: Vec<(&str, Family<'_>)> =
        families.into_iter().filter(|(_, family)| family.has_ended()).collect();
    // The latest first, so that those to keep are counted first.
    ended.sort_by_key(|(name, family)| std::cmp::Reverse((family.ended(), *name)));
    let oldest = now.saturating_sub(keeping.younger_than).unwrap_or(Timestamp::MIN);
    let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
    let mut overdue = vec![];
    for (name, family) in &ended {
        let count = kept.entry(family.workflow()).or_default();
        *count += 1;
        let young = family.ended().is_none_or(|ended| ended >= oldest);
        if *count > keeping.latest && !young && !origins.contains(*name) {
            overdue.push(family.members.iter().map(|run| run.run.clone()).collect());
        }
    }
    overdue.reverse();
    Ok(overdue)
}

/// The families that runs which are not finished take over from. Such a run carries what it takes over in its own
/// log; its origin is kept for the sake of who wants to understand it.
fn origins(journal: &dyn Journal) -> Result<BTreeSet<String>, Error> {
    let mut origins = BTreeSet::new();
    for run in journal.unfinished()? {
        let first = journal.first(&run)?;
        if let Some(Event::RunStarted { past: Some(past), .. }) =
            first.as_ref().and_then(|row| row.events.first())
        {
            origins.insert(past.of.family().to_owned());
        }
    }
    Ok(origins)
}
