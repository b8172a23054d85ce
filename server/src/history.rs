//! What has been recorded, read alongside whoever owns the data directory.

mod listed;

use std::sync::Arc;

use dsl::value::{Hash, Value, Values};
use engine::event::Recorded;
use engine::run::RunId;
use engine::story::Story;
use engine::view::Timeline;
use runtime::driver::{Error, Summary};
use runtime::journal::Journal;
use runtime::journal::sqlite::{Sqlite, Wanted};
use store::Desk;

use crate::home::Home;
pub use listed::Listed;

/// What has been recorded in a data directory.
pub struct History {
    journal: Option<Sqlite>,
}

impl History {
    /// Opens what is there; a directory without a database, or with one whose making was cut off, has no runs.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn open(home: &Home) -> Result<History, Error> {
        let path = home.database();
        match Sqlite::open_to_read(&path) {
            Ok(journal) => Ok(History { journal: Some(journal) }),
            Err(Error::Store(error)) if matches!(*error, store::Error::Missing { .. }) => {
                Ok(History { journal: None })
            }
            Err(error) => Err(error),
        }
    }

    /// What has been recorded in a database that this process writes, and has looked through.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub(crate) fn of(desk: Arc<Desk>) -> Result<History, Error> {
        Ok(History { journal: Some(Sqlite::over(desk)?) })
    }

    /// All runs, latest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn runs(&self) -> Result<Vec<Summary>, Error> {
        self.journal.as_ref().map_or(Ok(vec![]), Journal::runs)
    }

    /// So many runs that began before one, the latest first; the latest of all where none is named.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn page(&self, before: Option<&RunId>, most: usize) -> Result<Vec<Summary>, Error> {
        self.journal.as_ref().map_or(Ok(vec![]), |journal| journal.page(before, most))
    }

    /// So many runs of an owner that began before one, the latest first, and only such as are wanted. Runs that began before it
    /// was kept whose they are come along: how they began says it.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn page_of(
        &self,
        owner: &str,
        before: Option<&RunId>,
        most: usize,
        wanted: &Wanted,
    ) -> Result<Vec<Summary>, Error> {
        self.journal
            .as_ref()
            .map_or(Ok(vec![]), |journal| journal.page_of(noted(owner), before, most, wanted))
    }

    /// True if a run is an owner's by what stands beside it, or nothing stands there: its log says it. Where it is false, it
    /// takes as long for another's run as for one that is nowhere.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn is_of(&self, run: &RunId, owner: &str) -> Result<bool, Error> {
        self.journal.as_ref().map_or(Ok(false), |journal| journal.is_of(run, noted(owner)))
    }

    /// One run.
    ///
    /// # Errors
    /// Where there is no such run, or the database cannot be read.
    pub fn summary(&self, run: &RunId) -> Result<Summary, Error> {
        let missing = || Error::NoRun(run.clone());
        let journal = self.journal.as_ref().ok_or_else(missing)?;
        journal.run(run)?.map(|(summary, _)| summary).ok_or_else(missing)
    }

    /// An empty timeline for a run, by its plan.
    ///
    /// # Errors
    /// Where there is no such run, or what is stored of it cannot be read.
    pub fn timeline(&self, run: &RunId) -> Result<Timeline, Error> {
        let missing = || Error::NoRun(run.clone());
        let journal = self.journal.as_ref().ok_or_else(missing)?;
        let (_, digest) = journal.run(run)?.ok_or_else(missing)?;
        let plan = journal
            .plan(&digest)?
            .ok_or_else(|| Error::Damaged { run: run.clone(), detail: "its plan is missing".into() })?;
        Ok(Timeline::new(&plan))
    }

    /// What a run has done, with its large values.
    ///
    /// # Errors
    /// Where there is no such run, or what is stored of it cannot be read.
    pub fn whole(&self, run: &RunId) -> Result<Timeline, Error> {
        let mut timeline = self.timeline(run)?;
        for row in self.log(run)? {
            timeline.apply(&row);
        }
        timeline.load(self);
        Ok(timeline)
    }

    /// How many rows the log of a run has.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn rows(&self, run: &RunId) -> Result<u64, Error> {
        self.journal.as_ref().map_or(Ok(0), |journal| journal.rows(run))
    }

    /// The story of a run.
    ///
    /// # Errors
    /// Where there is no such run, or what is stored of it cannot be read.
    pub fn story(&self, run: &RunId) -> Result<Story, Error> {
        let plan = self.timeline(run)?.plan().clone();
        Ok(Story::of(&plan, &self.log(run)?))
    }

    /// How a run began.
    ///
    /// # Errors
    /// Where what is stored of it cannot be read.
    pub fn first(&self, run: &RunId) -> Result<Option<Recorded>, Error> {
        self.journal.as_ref().map_or(Ok(None), |journal| journal.first(run))
    }

    /// What has been recorded of a run, in order.
    ///
    /// # Errors
    /// Where what is stored of it cannot be read.
    pub fn log(&self, run: &RunId) -> Result<Vec<Recorded>, Error> {
        self.journal.as_ref().map_or(Ok(vec![]), |journal| journal.log(run, 0))
    }
}

/// An owner as it stands beside a run: notes do not name the local one.
fn noted(owner: &str) -> &str {
    if owner == vault::LOCAL { "" } else { owner }
}

impl Values for History {
    fn get(&self, hash: &Hash) -> Option<Value> {
        self.journal.as_ref()?.value(hash).ok().flatten()
    }
}
