//! One way to act on a data directory, whoever owns it: this process, or another one over its socket.

use std::path::Path;
use std::time::Duration;

use engine::command::Emitted;
use engine::run::RunId;
use runtime::clean::{Cleaned, Keeping};
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::error::Error;
use crate::home::Home;
use crate::order::Order;
use crate::owner::callers::Address;
use crate::owner::deploy::{Deployment, Outcome, Wish};
use crate::owner::{Feed, News, Owner};
use crate::protocol::{self, Act, Hears, Reply, Request, Watched};
use crate::words::{Again, Word};

/// How long an owner that holds the lock may take until it listens, and a commit until it succeeds.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// How often it is asked whether the runs here still move.
const LOOK: Duration = Duration::from_millis(500);

/// Access to a data directory.
pub struct Session {
    home: Home,
    via: Via,
}

enum Via {
    Here(Owner),
    There,
}

impl Session {
    /// Takes ownership of a data directory, or finds the process that has it.
    ///
    /// # Errors
    /// Where the directory or its database cannot be used, or its owner does not answer.
    pub async fn open(home: Home) -> Result<Session, Error> {
        let via = reach(&home).await?;
        Ok(Session { home, via })
    }

    /// Starts a run; it is durable when this returns.
    ///
    /// # Errors
    /// Where the workflow or its inputs are wrong, or the start cannot be recorded.
    pub async fn start(&mut self, order: &Order) -> Result<RunId, Error> {
        self.begun(Request::Run(order.clone())).await
    }

    /// Starts a run that takes over from an earlier one; it is durable when this returns.
    ///
    /// # Errors
    /// Where the earlier run has no such step, the inputs do not fit, or the start cannot be recorded.
    pub async fn again(&mut self, wish: &Again) -> Result<RunId, Error> {
        self.begun(Request::Again(wish.clone())).await
    }

    /// Takes up a run, or all that are unfinished; gives those that are under way.
    ///
    /// # Errors
    /// Where there is no such run, or its log is damaged.
    pub async fn resume(&mut self, run: Option<&RunId>, allow_private: bool) -> Result<Vec<RunId>, Error> {
        match self.ask(&Request::Resume { run: run.cloned(), allow_private }).await? {
            Reply::Resumed(runs) => Ok(runs),
            other => Err(unexpected(&other)),
        }
    }

    /// Cancels a run: calls in flight are given up, every open `finally` still runs.
    ///
    /// # Errors
    /// Where there is no such run, or it cannot be recorded.
    pub async fn cancel(&mut self, run: &RunId, allow_private: bool) -> Result<(), Error> {
        self.done(Request::Cancel { run: run.clone(), allow_private }).await
    }

    /// Says something to a run.
    ///
    /// # Errors
    /// Where there is no such run, nothing in it waits for that, or it cannot be recorded.
    pub async fn say(&mut self, run: &RunId, word: Word, allow_private: bool) -> Result<(), Error> {
        self.done(Request::Say { run: run.clone(), word, allow_private }).await
    }

    /// Raises a signal for whichever step has listened longest for it.
    ///
    /// # Errors
    /// Where it cannot be recorded.
    pub async fn signal(&mut self, signal: Emitted) -> Result<(), Error> {
        self.done(Request::Signal(signal)).await
    }

    /// Removes the runs that need not be kept any more, or tells which they are.
    ///
    /// # Errors
    /// Where they cannot be read or removed. What was removed until then is removed whole.
    pub async fn clean(&mut self, keeping: Keeping, act: Act) -> Result<Cleaned, Error> {
        match self.ask(&Request::Clean { keeping, act }).await? {
            Reply::Cleaned(cleaned) => Ok(cleaned),
            other => Err(unexpected(&other)),
        }
    }

    /// Keeps a version of a workflow, or tells what that would mean.
    ///
    /// # Errors
    /// Where the workflow is wrong, or it cannot be recorded.
    pub async fn deploy(&mut self, wish: Deployment) -> Result<Outcome, Error> {
        self.deployed(Request::Deploy(wish)).await
    }

    /// Enables, disables or rolls back a workflow that is kept.
    ///
    /// # Errors
    /// Where there is no such workflow or version, or it cannot be recorded.
    pub async fn put(&mut self, workflow: &str, wish: Wish) -> Result<Outcome, Error> {
        self.deployed(Request::Put { workflow: workflow.into(), wish }).await
    }

    /// What the service found late; nothing where no schedules are kept.
    ///
    /// # Errors
    /// Where its process does not answer.
    pub async fn watched(&mut self) -> Result<Option<Watched>, Error> {
        match self.ask(&Request::Watch).await? {
            Reply::Watched(watched) => Ok(watched),
            other => Err(unexpected(&other)),
        }
    }

    async fn deployed(&mut self, request: Request) -> Result<Outcome, Error> {
        match self.ask(&request).await? {
            Reply::Deployed(outcome) => Ok(*outcome),
            other => Err(unexpected(&other)),
        }
    }

    async fn begun(&mut self, request: Request) -> Result<RunId, Error> {
        match self.ask(&request).await? {
            Reply::Started(run) => Ok(run),
            other => Err(unexpected(&other)),
        }
    }

    /// The addresses of a workflow, or that of one of its triggers: as they are, or others in their place.
    ///
    /// # Errors
    /// Where none has an address, the vault is sealed, or it cannot be recorded.
    pub async fn addresses(
        &mut self,
        workflow: &str,
        trigger: Option<String>,
        act: Act,
    ) -> Result<Vec<Address>, Error> {
        match self.ask(&Request::Addresses { workflow: workflow.into(), trigger, act }).await? {
            Reply::Addresses(addresses) => Ok(addresses),
            other => Err(unexpected(&other)),
        }
    }

    async fn done(&mut self, request: Request) -> Result<(), Error> {
        match self.ask(&request).await? {
            Reply::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks whoever owns the directory. Where the owner goes away without an answer, whether it was done is not
    /// known; what is asked twice is done once, so that the next owner is asked again.
    async fn ask(&mut self, request: &Request) -> Result<Reply, Error> {
        loop {
            let answer = match &self.via {
                Via::Here(owner) => return owner.handle(request),
                Via::There => ask(&self.home, request).await,
            };
            match answer {
                Err(Error::OwnerGone) => self.via = reach(&self.home).await?,
                other => return other,
            }
        }
    }

    /// Follows a run that is under way or has ended. Where its owner goes away, this process takes the run up.
    pub fn follow(&mut self, run: RunId, allow_private: bool, hears: Hears) -> Follower<'_> {
        Follower { session: self, run, allow_private, hears, seen: 0, source: Source::Closed }
    }

    /// Why nothing can be recorded here, where that has lasted for longer than a person waits.
    fn trouble(&self) -> Option<Error> {
        let Via::Here(owner) = &self.via else { return None };
        let (since, error) = owner.trouble()?;
        (since.elapsed() > PATIENCE).then(|| error.into())
    }

    /// How many other processes follow their runs in this one.
    pub fn guests(&self) -> usize {
        match &self.via {
            Via::Here(owner) => owner.guests(),
            Via::There => 0,
        }
    }

    /// Waits until nobody else's run is followed in this process.
    pub async fn alone(&self) {
        if let Via::Here(owner) = &self.via {
            owner.alone().await;
        }
    }
}

/// What happens in a run.
pub struct Follower<'a> {
    session: &'a mut Session,
    run: RunId,
    allow_private: bool,
    hears: Hears,
    seen: u64,
    source: Source,
}

enum Source {
    Closed,
    Here(Feed),
    There(
        BufReader<OwnedReadHalf>,
        #[expect(dead_code, reason = "keeps the connection open")] OwnedWriteHalf,
    ),
}

impl Follower<'_> {
    /// The next row, or a piece of an answer; nothing once the run has ended.
    ///
    /// # Errors
    /// Where there is no such run, its log is damaged, or nobody can own the data directory.
    pub async fn next(&mut self) -> Result<Option<News>, Error> {
        loop {
            let news = match &mut self.source {
                Source::Closed => {
                    self.open().await?;
                    continue;
                }
                Source::Here(feed) => match tokio::time::timeout(LOOK, feed.recv()).await {
                    Ok(news) => news,
                    Err(_) => match self.session.trouble() {
                        Some(error) => return Err(error),
                        None => continue,
                    },
                },
                Source::There(stream, _) => match protocol::read(stream).await? {
                    Some(Reply::Recorded(row)) => Some(News::Row(row)),
                    Some(Reply::Piece(piece)) => Some(News::Piece(piece)),
                    Some(Reply::Done) => None,
                    Some(other) => return Err(unexpected(&other)),
                    None => {
                        self.take_up().await?;
                        continue;
                    }
                },
            };
            if let Some(News::Row(row)) = &news {
                self.seen = row.seq;
            }
            return Ok(news);
        }
    }

    async fn open(&mut self) -> Result<(), Error> {
        match &self.session.via {
            Via::Here(owner) => {
                let feed = owner.follow(&self.run, self.seen, self.allow_private, self.hears)?;
                self.source = Source::Here(feed);
            }
            Via::There => {
                let (run, seen) = (self.run.clone(), self.seen);
                let (allow_private, hears) = (self.allow_private, self.hears);
                let request = Request::Follow { run, seen, allow_private, hears };
                match send(&self.session.home, &request).await {
                    Ok((read, write)) => self.source = Source::There(read, write),
                    Err(Error::OwnerGone) => self.take_up().await?,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// The owner has gone: whoever owns the directory next goes on with the run.
    async fn take_up(&mut self) -> Result<(), Error> {
        self.source = Source::Closed;
        self.session.via = reach(&self.session.home).await?;
        self.session.resume(Some(&self.run.clone()), self.allow_private).await?;
        Ok(())
    }
}

/// Takes ownership, or waits until the owner listens.
async fn reach(home: &Home) -> Result<Via, Error> {
    let started = tokio::time::Instant::now();
    loop {
        if let Some(lock) = home.own()? {
            return Ok(Via::Here(Owner::open(home, lock)?));
        }
        if UnixStream::connect(home.socket()).await.is_ok() {
            return Ok(Via::There);
        }
        if started.elapsed() > PATIENCE {
            return Err(Error::Busy { path: home.directory().to_owned() });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn send(home: &Home, request: &Request) -> Result<(BufReader<OwnedReadHalf>, OwnedWriteHalf), Error> {
    let stream = connect(&home.socket()).await?;
    let (read, mut write) = stream.into_split();
    if protocol::write(&mut write, request).await {
        Ok((BufReader::new(read), write))
    } else {
        Err(Error::OwnerGone)
    }
}

async fn connect(socket: &Path) -> Result<UnixStream, Error> {
    UnixStream::connect(socket).await.map_err(|_| Error::OwnerGone)
}

async fn ask(home: &Home, request: &Request) -> Result<Reply, Error> {
    let (mut read, _write) = send(home, request).await?;
    match protocol::read(&mut read).await? {
        Some(Reply::Refused { message, help }) => Err(Error::Owner { message, help }),
        Some(reply) => Ok(reply),
        None => Err(Error::OwnerGone),
    }
}

fn unexpected(reply: &Reply) -> Error {
    match reply {
        Reply::Refused { message, help } => Error::Owner { message: message.clone(), help: help.clone() },
        Reply::Started(_)
        | Reply::Resumed(_)
        | Reply::Recorded(_)
        | Reply::Piece(_)
        | Reply::Cleaned(_)
        | Reply::Deployed(_)
        | Reply::Addresses(_)
        | Reply::Watched(_)
        | Reply::Ended(_)
        | Reply::Done => Error::Protocol("an answer to another question".into()),
    }
}
