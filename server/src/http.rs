//! The way in over HTTP: who may ask for what stands in one table of routes, and nothing answers that is not in it, but for
//! the files of the pages, which are bytes of the program and the same for everybody.
//!
//! It does nothing of its own: a route calls what a command of the terminal calls.

mod account;
mod answer;
mod ask;
mod audit;
mod connecting;
mod connections;
mod connectors;
mod crowd;
pub mod door;
mod drafts;
mod editor;
pub mod gateway;
mod health;
mod hooks;
mod host;
mod house;
mod issuers;
mod keys;
mod lasting;
mod line;
mod live;
mod members;
mod metrics;
pub mod openapi;
pub mod pages;
mod refusal;
pub mod routes;
mod runs;
mod schedules;
mod secrets;
mod session;
pub mod shape;
mod shapes;
mod signals;
mod tokens;
mod usage;
mod webhooks;
mod workflows;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::home::Home;
use crate::owner::Owner;
use crate::serve::Reach;
pub use answer::Answer;
pub use ask::Ask;
use crowd::Crowd;
pub use door::{Person, Who};
pub use host::Names;
pub use house::{House, Part};
pub use metrics::TABLE as METRICS;
pub use refusal::Refusal;
use routes::Route;

/// Where it listens, and what it takes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address.
    pub address: SocketAddr,
    /// Names by which it may be called, beside its own.
    pub names: Vec<String>,
    /// Where the world reaches it: where the addresses of webhooks begin. Its host is one of its names.
    pub public: Option<String>,
    /// What it takes at most.
    pub limits: Limits,
}

/// What is taken at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes of a head; at least 8 KiB.
    pub head: usize,
    /// How long a head may take, from the first moment in which it could come.
    pub head_within: Duration,
    /// How long a body may take.
    pub body_within: Duration,
    /// The most connections at once. One more takes the place of the one that waits longest of those from where most come.
    pub connections: usize,
    /// How long a connection waits before it makes room for another.
    pub grace: Duration,
    /// How long a connection lasts, whatever comes over it.
    pub connection_lasts: Duration,
    /// How long after that the answer of a model may go on that has begun before.
    pub answer_within: Duration,
    /// After how long it is looked again whether whoever follows something still may.
    pub looks_again: Duration,
    /// The most requests that are carried out at once; others wait.
    pub at_once: usize,
    /// How many requests a second a token may make, on the average.
    pub rate: u32,
    /// How many it may make at once after a pause.
    pub burst: u32,
    /// How many questions to models a second a token may ask, on the average and at once: money is limited by budgets.
    pub questions: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head: 16 << 10,
            head_within: Duration::from_secs(10),
            body_within: Duration::from_secs(30),
            connections: 1_000,
            grace: Duration::from_millis(500),
            connection_lasts: Duration::from_secs(300),
            answer_within: Duration::from_secs(600),
            looks_again: Duration::from_secs(2),
            at_once: 64,
            rate: 50,
            burst: 100,
            questions: 10_000,
        }
    }
}

/// What listens. Dropping it ends all connections.
pub struct Http {
    /// Where it listens.
    pub address: SocketAddr,
    crowd: Arc<Crowd>,
    stop: watch::Sender<Stage>,
    listening: JoinHandle<()>,
}

/// The most connections that have room where nobody says how many: what they wait with takes memory.
const ROOM: u64 = 16_384;

/// How many connections may come at once before they are accepted, as far as the system allows it.
const BACKLOG: u32 = 4_096;

/// How many connections have room where nobody says: half of the files that may be open, since calls need as many.
pub fn room(files: u64) -> usize {
    usize::try_from((files / 2).clamp(16, ROOM)).unwrap_or(usize::MAX)
}

/// How far it has come on its way to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It listens.
    Open,
    /// What was asked is answered; nothing else is taken.
    Closing,
}

/// Takes the address. What comes waits until it is answered.
///
/// # Errors
/// Where it cannot be had.
pub fn bind(settings: &Settings) -> Result<TcpListener, Error> {
    let listen = || {
        let socket = match settings.address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // What ended a moment ago at this address does not keep it.
        socket.set_reuseaddr(true)?;
        socket.bind(settings.address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|source| Error::Listen { address: settings.address, source })
}

impl Http {
    /// Answers what comes, by a table of routes.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn open(
        listener: TcpListener,
        settings: &Settings,
        (owner, home, reach): (&Owner, &Home, Reach),
        table: &'static [Route],
    ) -> Result<Http, Error> {
        let unusable = |source| Error::Listen { address: settings.address, source };
        let address = listener.local_addr().map_err(unusable)?;
        let base = settings.public.clone().unwrap_or_else(|| format!("http://{address}"));
        let known = (settings.limits, settings.public.clone(), base);
        let house = Arc::new(House::open(owner.core(), home, reach, known)?);
        let metrics = house.core().metrics.clone();
        let router = routes::router(table, house);
        let names = Arc::new(Names::new(address, &settings.names));
        let (stop, stage) = watch::channel(Stage::Open);
        let crowd = Arc::new(Crowd::new(settings.limits.connections, settings.limits.grace));
        let line =
            line::Line { router, names, limits: settings.limits, stage, crowd: crowd.clone(), metrics };
        let listening = tokio::spawn(line::accept(listener, line));
        Ok(Http { address, crowd, stop, listening })
    }

    /// Takes nothing more, and lets what was asked be answered.
    pub fn close(&self) {
        let _ = self.stop.send(Stage::Closing);
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.crowd.len()
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.close();
        self.listening.abort();
    }
}
