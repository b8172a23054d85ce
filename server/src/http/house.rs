//! What a route can reach, and for whom: a part of it is had by saying who asks, and in no other way.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use runtime::driver::Error as DriverError;
use runtime::schedule::books::nanoseconds;
use store::door::Asked;
use store::{Change, Edit, Reader, Unfit};
use tokio::sync::Semaphore;
use tracing::warn;
use vault::LOCAL;

use super::door::{Door, Use};
use super::{Limits, Who};
use crate::error::Error;
use crate::history::History;
use crate::home::Home;
use crate::kept::Kept;
use crate::owner::Core;
use crate::protocol::{Reply, Request};
use crate::serve::Reach;

/// How long a read waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the thread that moves the runs may take to answer.
const SOON: Duration = Duration::from_secs(2);

/// How long a key stands for what was asked for under it.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// What a route can reach.
pub struct House {
    core: Arc<Core>,
    reader: Reader,
    history: History,
    kept: Kept,
    reach: Reach,
    pub(super) door: Door,
    pub(super) limits: Limits,
    pub(super) hands: Semaphore,
}

/// What one owner has of it.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    house: &'a House,
    /// What has been recorded.
    pub history: &'a History,
    /// The workflows and their schedules.
    pub kept: &'a Kept,
    /// Where calls may go.
    pub reach: Reach,
}

impl House {
    pub(super) fn open(core: Arc<Core>, home: &Home, reach: Reach, limits: Limits) -> Result<House, Error> {
        let reader = || Reader::open(&home.database(), PATIENCE).map_err(DriverError::from);
        Ok(House {
            history: History::of(core.desk.clone())?,
            core,
            kept: Kept::open(home)?,
            door: Door::new(reader()?, limits),
            reader: reader()?,
            reach,
            limits,
            hands: Semaphore::new(limits.at_once),
        })
    }

    /// What they have who ask. All runs and workflows are the local owner's; for anybody else there is nothing here,
    /// which is not told apart from what is nowhere.
    pub fn part(&self, who: &Who) -> Option<Part<'_>> {
        let Self { history, kept, reach, .. } = self;
        (who.owner == LOCAL).then_some(Part { house: self, history, kept, reach: *reach })
    }

    /// What keeps it from working; nothing where all is well.
    pub fn ailments(&self) -> Vec<(&'static str, String)> {
        let mut found = vec![];
        if let Err(error) = self.reader.probe() {
            found.push(("database", error.to_string()));
        }
        if !self.core.driver.answers(SOON) {
            found.push(("runs", "the thread that moves the runs does not answer".into()));
        }
        if let Some((since, error)) = self.core.driver.trouble() {
            let seconds = since.elapsed().as_secs();
            found.push(("writing", format!("nothing could be recorded for {seconds} s: {error}")));
        }
        found
    }

    /// Writes down that a token is used. Nobody waits for it.
    pub(super) fn note(&self, used: Use) {
        let Use::Fresh(owner, hash) = used else { return };
        let desk = self.core.desk.clone();
        tokio::task::spawn_blocking(move || {
            let time = nanoseconds(Timestamp::now());
            if let Err(error) = desk.make(Change::untold(vec![Edit::TokenUsed { owner, hash, time }])) {
                warn!(%error, "the use of a token could not be written down");
            }
        });
    }
}

impl Part<'_> {
    /// Does what is asked, as for a command of the terminal.
    ///
    /// # Errors
    /// Where it cannot be done.
    pub fn ask(&self, request: &Request) -> Result<Reply, Error> {
        self.house.core.handle(request)
    }

    /// What was asked for under a key, or what is noted now as asked for under it.
    ///
    /// # Errors
    /// Where it cannot be read or written.
    pub fn asked(&self, key: &str, digest: [u8; 32], run: &str) -> Result<Asked, Error> {
        let read = || self.house.reader.asked(LOCAL, key).map_err(DriverError::from);
        let now = Timestamp::now();
        let oldest = nanoseconds(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN));
        if let Some(asked) = read()?.filter(|asked| asked.time >= oldest) {
            return Ok(asked);
        }
        let (owner, key, run) = (LOCAL.to_owned(), key.to_owned(), run.to_owned());
        let asked = Asked { owner, key, digest, run, time: nanoseconds(now) };
        let edit = Edit::Asked { asked: asked.clone(), before: oldest };
        match self.house.core.desk.make(Change::untold(vec![edit])).map_err(DriverError::from)? {
            Ok(()) => Ok(asked),
            // Somebody asked under the same key at the same moment.
            Err(Unfit::Taken | Unfit::Stale | Unfit::Spent | Unfit::Audit) => Ok(read()?.unwrap_or(asked)),
        }
    }

    /// Forgets what was asked for under a key, since it did not come about.
    pub fn unasked(&self, key: &str) {
        let edit = Edit::Unasked { owner: LOCAL.into(), key: key.into() };
        if let Err(error) = self.house.core.desk.make(Change::untold(vec![edit])) {
            warn!(%error, "a key stays taken whose wish did not come about");
        }
    }
}
