//! What a route can reach, and for whom: a part of it is had by saying who asks, and in no other way.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ai::ask::{Asking, By, Tally};
use dsl::catalog::Failure;
use engine::event::Event;
use engine::run::RunId;
use jiff::Timestamp;
use runtime::driver::Error as DriverError;
pub(super) use runtime::journal::sqlite::Wanted;
use runtime::schedule::books::nanoseconds;
use store::accounts::People;
use store::door::Asked;
use store::{Change, Edit, Reader, Unfit};
use tokio::sync::Semaphore;
use tracing::warn;
use vault::{LOCAL, Vault};

use super::connecting::Connecting;
use super::door::{Door, Use};
use super::drafts::Drafting;
use super::{Limits, Who};
use crate::accounts::{Accounts, Gate, Provers};
use crate::error::Error;
use crate::history::{History, Listed};
use crate::home::Home;
use crate::kept::Kept;
use crate::metrics::process;
use crate::order::Note;
use crate::owner::Core;
use crate::protocol::{Reply, Request};
use crate::serve::Reach;

/// How long the thread that moves the runs may take to answer.
const SOON: Duration = Duration::from_secs(2);

/// How many runs are read at a time for a page.
const LOOKED_AT: usize = 2000;

/// Less than so many bytes, and than a twentieth of the disk, are little.
const LITTLE: u64 = 1 << 30;

/// How long a key stands for what was asked for under it.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// What a route can reach.
pub struct House {
    core: Arc<Core>,
    home: Home,
    reader: Arc<Reader>,
    history: History,
    kept: Kept,
    reach: Reach,
    pub(super) door: Door,
    pub(super) limits: Limits,
    pub(super) hands: Semaphore,
    /// How many runs may be followed at once: who follows one holds a connection for long.
    pub(super) streams: Arc<Semaphore>,
    gate: Arc<Gate>,
    /// Where the world reaches it.
    base: String,
    provers: Provers,
    connecting: Connecting,
    /// Drafts that are under way.
    pub(super) drafting: Drafting,
}

/// What one owner has of it.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    house: &'a House,
    owner: &'a str,
    who: &'a Who,
}

impl House {
    pub(super) fn open(
        core: Arc<Core>,
        home: &Home,
        reach: Reach,
        (limits, public, base): (Limits, Option<String>, String),
    ) -> Result<House, Error> {
        let reader = core.desk.reader().map_err(DriverError::from)?;
        Ok(House {
            history: History::of(core.desk.clone())?,
            core,
            home: home.clone(),
            kept: Kept::open(home)?,
            door: Door::new(reader.clone(), limits, public),
            reader,
            reach,
            limits,
            hands: Semaphore::new(limits.at_once),
            streams: Arc::new(Semaphore::new(limits.connections / 4)),
            gate: Arc::default(),
            base,
            provers: Provers::default(),
            connecting: Connecting::default(),
            drafting: Drafting::default(),
        })
    }

    /// What they have who ask. What is somebody else's is not told apart from what is nowhere.
    pub fn part<'a>(&'a self, who: &'a Who) -> Part<'a> {
        Part { house: self, owner: &who.owner, who }
    }

    /// What moves the runs.
    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The address of a hash, whosever it is: who knows the address may call it.
    pub(super) fn hook(&self, hash: &[u8; 32]) -> Result<Option<store::arrivals::Hook>, Error> {
        Ok(self.reader.hook(hash).map_err(DriverError::from)?)
    }

    /// A run with all that it has done, for whoever has just started it.
    pub(super) fn whole(&self, run: &RunId) -> Result<engine::view::Timeline, Error> {
        self.history.whole(run).map_err(Error::from)
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

    /// How the parts stand without which it works, as far as that was measured: the disk, the vault, providers of models and
    /// services that were called lately.
    pub fn beside(&self) -> [(&'static str, &'static str); 4] {
        let disk = self.core.desk.path().parent().and_then(process::disk);
        let disk = match disk {
            None => "unknown",
            Some((free, size)) if free < LITTLE && free < size / 20 => "low",
            Some(_) => "well",
        };
        let metrics = &self.core.metrics;
        [
            ("disk", disk),
            ("vault", self.core.vault_stands()),
            ("providers", metrics.providers().name()),
            ("connectors", metrics.connectors().name()),
        ]
    }

    /// Where the world reaches it: where addresses of its own begin.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Which addresses may be called.
    pub(super) fn reach(&self) -> Reach {
        self.reach
    }

    /// Attempts to sign in by a service.
    pub(super) fn provers(&self) -> &Provers {
        &self.provers
    }

    /// Accounts at services that are being connected.
    pub(super) fn connecting(&self) -> &Connecting {
        &self.connecting
    }

    /// The vault. It may block.
    pub(super) fn vault(&self) -> Result<Arc<Vault>, Error> {
        Ok(self.core.safe().vault()?)
    }

    /// The accounts of people.
    pub(super) fn accounts(&self) -> Result<Accounts, Error> {
        Ok(Accounts {
            vault: self.core.safe().vault()?,
            reader: self.reader.clone(),
            gate: self.gate.clone(),
        })
    }

    /// Writes down that a token or a session is used. Nobody waits for it.
    pub(super) fn note(&self, used: Use) {
        let time = nanoseconds(Timestamp::now());
        let edit = match used {
            Use::Known => return,
            Use::Token(owner, hash) => Edit::TokenUsed { owner, hash, time },
            Use::Session(hash) => Edit::People(People::Seen { hash, time }),
        };
        let desk = self.core.desk.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = desk.make(Change::untold(vec![edit])) {
                warn!(%error, "the use of a token or a session could not be written down");
            }
        });
    }
}

impl<'a> Part<'a> {
    /// Where calls of their runs may go.
    pub fn reach(&self) -> Reach {
        self.house.reach
    }

    /// Asks models for them: with their keys, in their ledger, by the name of their token.
    ///
    /// # Errors
    /// Where the vault cannot be opened.
    pub async fn asking(&self) -> Result<Asking<'a>, Failure> {
        let hands = self.house.core.hands();
        let by = By::Token { name: &self.who.token };
        let reach = match self.house.reach {
            Reach::Public => ai::ask::Reach::Public,
            Reach::Private => ai::ask::Reach::Private,
        };
        let (models, vault, tally) = (hands.models(), hands.vault().await?, Tally::default());
        Ok(Asking { models, vault, owner: self.owner, by, reach, tally })
    }

    /// The data directory. What is read of it by this is read for one owner, who is `owner`.
    pub fn home(&self) -> &'a Home {
        &self.house.home
    }

    /// The owner.
    pub fn owner(&self) -> &'a str {
        self.owner
    }

    /// Who acts, and on whose things.
    pub fn acts<'b>(&self, actor: &'b str) -> vault::Who<'b>
    where
        'a: 'b,
    {
        vault::Who { owner: self.owner, actor }
    }

    /// The vault. It may block.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn vault(&self) -> Result<Arc<Vault>, Error> {
        Ok(self.house.core.safe().vault()?)
    }

    /// Where files stand that belong to workflows from over HTTP: nowhere, since nothing is made there.
    pub fn files(&self) -> PathBuf {
        let data = self.house.home.directory();
        std::path::absolute(data).unwrap_or_else(|_| data.to_owned()).join("files")
    }

    /// Their workflows and schedules. All that are deployed are the local owner's; nobody else has any.
    pub fn kept(&self) -> Option<&'a Kept> {
        (self.owner == LOCAL).then_some(&self.house.kept)
    }

    /// What has been recorded of one of their runs.
    ///
    /// # Errors
    /// Where they have no such run.
    pub fn history(&self, run: &RunId) -> Result<&'a History, Error> {
        match self.has(run) {
            true => Ok(&self.house.history),
            false => Err(DriverError::NoRun(run.clone()).into()),
        }
    }

    /// So many of their runs that began before one of theirs, the latest first, and from where to go on. Others' runs
    /// are passed over, and are named nowhere: before one of them stands what stands before one that is nowhere, nothing.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn runs(
        &self,
        before: Option<&RunId>,
        most: usize,
        wanted: &Wanted,
    ) -> Result<(Vec<Listed>, Option<RunId>), Error> {
        let history = &self.house.history;
        let mut found: Vec<Listed> = vec![];
        let mut at = before.cloned();
        if at.as_ref().is_some_and(|run| !self.has(run)) {
            return Ok((found, None));
        }
        loop {
            let looked = history.page_of(self.owner, at.as_ref(), LOOKED_AT.min(most + 1), wanted)?;
            let Some(last) = looked.last() else { return Ok((found, None)) };
            let is_last = looked.len() < LOOKED_AT.min(most + 1);
            at = Some(last.run.clone());
            // What stands beside a run only keeps others from being read: its log says whose it is.
            for run in looked.into_iter().filter(|run| self.has(&run.run)) {
                if found.len() == most {
                    let next = found.last().map(|run| run.run.run.clone());
                    return Ok((found, next));
                }
                found.push(Listed::of(history, run));
            }
            if is_last {
                return Ok((found, None));
            }
        }
    }

    /// Says something to one of their runs, or does something about it, as for a command of the terminal.
    ///
    /// # Errors
    /// Where they have no such run, or it cannot be done.
    pub fn ask_about(&self, run: &RunId, request: &Request) -> Result<Reply, Error> {
        self.history(run)?;
        self.house.core.handle(request)
    }

    /// Does what concerns no run that there is yet. Only who has workflows may ask for that.
    ///
    /// # Errors
    /// Where it cannot be done.
    pub fn ask(&self, _: &Kept, request: &Request) -> Result<Reply, Error> {
        self.house.core.handle(request)
    }

    /// True if a run is theirs. One whose beginning cannot be read is nobody's.
    ///
    /// Of another's nothing is read but that it is another's, so that the time of an answer does not tell it from one that is
    /// nowhere.
    fn has(&self, run: &RunId) -> bool {
        if !self.house.history.is_of(run, self.owner).unwrap_or(false) {
            return false;
        }
        let first = self.house.history.first(run).ok().flatten();
        match first.as_ref().and_then(|row| row.events.first()) {
            Some(Event::RunStarted { note, .. }) => Note::of(note).is_some_and(|it| it.owner == self.owner),
            _ => false,
        }
    }

    /// What was asked for under a key, or what is noted now as asked for under it.
    ///
    /// # Errors
    /// Where it cannot be read or written.
    pub fn asked(&self, key: &str, digest: [u8; 32], run: &str) -> Result<Asked, Error> {
        let read = || self.house.reader.asked(self.owner, key).map_err(DriverError::from);
        let now = Timestamp::now();
        let oldest = nanoseconds(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN));
        if let Some(asked) = read()?.filter(|asked| asked.time >= oldest) {
            return Ok(asked);
        }
        let (owner, key, run) = (self.owner.to_owned(), key.to_owned(), run.to_owned());
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
        let edit = Edit::Unasked { owner: self.owner.into(), key: key.into() };
        if let Err(error) = self.house.core.desk.make(Change::untold(vec![edit])) {
            warn!(%error, "a key stays taken whose wish did not come about");
        }
    }
}
