//! The socket beside the database: whoever may open it is heard, one request after another.

use std::os::unix::net::UnixListener as StdListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use engine::run::RunId;
use runtime::driver::{Driver, Error as DriverError, State};
use tokio::io::{AsyncReadExt as _, AsyncWrite, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use tracing::{error, warn};

use super::plans::LONGEST;
use super::{Core, Feed, News};
use crate::error::Error;
use crate::order::Order;
use crate::protocol::{self, Reply, Request};

/// The thread that hears the socket. Dropping it ends what is heard; what waits for a commit by then is left to itself.
pub(super) struct Listening {
    _stop: oneshot::Sender<()>,
}

impl Listening {
    /// Begins to hear whoever opens a socket. It has a thread of its own, since what is said over it is little and often: to hand
    /// that around between threads would take longer than to answer it.
    pub fn open(listener: StdListener, core: Arc<Core>) -> Result<Listening, std::io::Error> {
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let hear = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, core) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("socket".into()).spawn(hear)?;
        Ok(Listening { _stop: stop })
    }
}

/// Makes the socket; what an owner that died left behind is removed, since we hold the lock.
pub(super) fn listen(path: &Path) -> Result<StdListener, Error> {
    let unusable = |source| Error::Socket { path: path.to_owned(), source };
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(error)),
    }
    let listener = StdListener::bind(path).map_err(unusable)?;
    let only_us = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
    std::fs::set_permissions(path, only_us).map_err(unusable)?;
    listener.set_nonblocking(true).map_err(unusable)?;
    Ok(listener)
}

async fn accept(listener: StdListener, core: Arc<Core>) {
    let listener = match UnixListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return error!(%error, "the socket cannot be heard"),
    };
    let mut talks = tokio::task::JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                talks.spawn(answer(stream, core.clone()));
            }
            Err(error) => {
                warn!(%error, "the socket refuses");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
        while talks.try_join_next().is_some() {}
    }
}

async fn answer(stream: UnixStream, core: Arc<Core>) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let request = match protocol::read(&mut read).await {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(error) => {
                protocol::write(&mut write, &refusal(&error)).await;
                return;
            }
        };
        let reply = match request {
            Request::Follow { run, seen, allow_private, hears } => {
                let _guest = Guest::new(&core);
                let wanted = run.clone();
                match aside(&core, move |core| core.follow(&wanted, seen, allow_private, hears)).await {
                    Ok(feed) => {
                        tokio::select! {
                            () = tell(&core, &run, feed, &mut write) => {}
                            // Whoever follows says nothing more: a guest that has gone is no guest.
                            _ = read.read_u8() => {}
                        }
                        return;
                    }
                    Err(error) => Err(error),
                }
            }
            Request::Await { run } => {
                let _guest = Guest::new(&core);
                tokio::select! {
                    ended = ended(&core, &run) => ended,
                    _ = read.read_u8() => return,
                }
            }
            // A long text takes long to check, and the others wait for this thread.
            Request::Run(order) if order.text.len() <= LONGEST => start(&core, order).await,
            other => aside(&core, move |core| core.handle(&other)).await,
        };
        let reply = match reply {
            // Without a word, the other side asks whoever owns the directory next.
            Err(Error::Driver(DriverError::Stopped)) => return,
            Err(error) => refusal(&error),
            Ok(reply) => reply,
        };
        if !protocol::write(&mut write, &reply).await {
            return;
        }
    }
}

/// Does on a thread that may wait what waits for a commit.
async fn aside<T: Send + 'static>(
    core: &Arc<Core>,
    act: impl FnOnce(&Core) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let core = core.clone();
    let done = tokio::task::spawn_blocking(move || act(&core)).await;
    // A panic there has been reported by the panic hook.
    done.unwrap_or(Err(Error::Driver(DriverError::Stopped)))
}

/// Starts a run, and waits for its commit without a thread.
async fn start(core: &Arc<Core>, order: Order) -> Result<Reply, Error> {
    let (plan, start) = core.prepared(&order)?;
    let begun = core.driver.begin(plan, start).await;
    let begun = match begun.unwrap_or(Err(DriverError::Stopped)) {
        Ok(()) => Ok(order.run),
        Err(error) => aside(core, move |core| core.begun(order.run, Err(error), order.allow_private)).await,
    };
    begun.map(Reply::Started)
}

/// How a run has ended.
async fn ended(core: &Core, run: &RunId) -> Result<Reply, Error> {
    match core.end_of(run).await? {
        // Nobody moves it here any more.
        State::Running => Err(Error::Driver(DriverError::Stopped)),
        ended => Ok(Reply::Ended(ended.name().into())),
    }
}

/// Tells a guest what happens in a run, to its end.
async fn tell(core: &Core, run: &RunId, mut feed: Feed, write: &mut (impl AsyncWrite + Unpin)) {
    while let Some(news) = feed.recv().await {
        let reply = match news {
            News::Row(row) => Reply::Recorded(row),
            News::Piece(piece) => Reply::Piece(piece),
        };
        if !protocol::write(write, &reply).await {
            return;
        }
    }
    // Where this process stops before the run has ended, the other side must not think that it has: without a
    // last word it takes the run up.
    if core.driver.summary(run).is_ok_and(|summary| summary.state != State::Running) {
        protocol::write(write, &Reply::Done).await;
    }
}

fn refusal(error: &Error) -> Reply {
    Reply::Refused { message: crate::chain(error), help: error.help() }
}

/// Somebody who follows a run here; the owner stays for them.
struct Guest<'a>(&'a Core);

impl Guest<'_> {
    fn new(core: &Core) -> Guest<'_> {
        core.guests.fetch_add(1, Ordering::AcqRel);
        Guest(core)
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.0.guests.fetch_sub(1, Ordering::AcqRel);
        self.0.left.notify_waiters();
    }
}
