//! The service: one process that owns a data directory until it is stopped, moves all runs, keeps the schedules, watches
//! a folder of workflows and answers over HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dsl::diagnostic::Diagnostic;
use jiff::SignedDuration;
use runtime::clean::Keeping;
use runtime::executor::Executor;
pub use runtime::local::Shares;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{error, info, warn};

use crate::accounts::Accounts;
use crate::config;
use crate::error::Error;
use crate::folder::Folder;
use crate::home::Home;
use crate::http::routes::ROUTES;
use crate::http::{self, Http, METRICS};
use crate::owner::Owner;
use crate::owner::deploy::Outcome;
use crate::protocol::{Act, Reply, Request};
use crate::telemetry::Telemetry;

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How often what has ended long ago is removed, where that is wanted.
const CLEAN: Duration = Duration::from_secs(24 * 3600);

/// How long after its start a service does so first.
const SETTLED: Duration = Duration::from_secs(60);

/// How long what is still to be told to a collector may take at the end.
const LAST: Duration = Duration::from_secs(2);

/// How often it is asked whether calls are still under way.
const PAUSE: Duration = Duration::from_millis(20);

/// How the service is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder whose workflows are deployed as they change.
    pub folder: Option<PathBuf>,
    /// Whether calls may go to private addresses.
    pub reach: Reach,
    /// How long calls under way may take to end when it is stopped.
    pub grace: Duration,
    /// How many calls may be under way at once.
    pub shares: Shares,
    /// Where it answers over HTTP, if it does.
    pub http: Option<http::Settings>,
    /// Where it tells metrics, if it does.
    pub metrics: Option<http::Settings>,
    /// The collector of OpenTelemetry that traces and metrics are sent to, if they are.
    pub otlp: Option<String>,
    /// How long what has ended is kept; for ever without.
    pub keep: Option<Duration>,
    /// What stands between the runs and what they call: nothing, but where the rest is measured.
    pub stand_in: Option<StandIn>,
}

impl Settings {
    /// As they are configured.
    pub fn of(config: config::Service) -> Settings {
        Settings {
            folder: config.workflows,
            reach: config.reach,
            grace: config.grace,
            shares: config.shares,
            http: config.http,
            metrics: config.metrics,
            keep: config.keep,
            otlp: config.otlp,
            stand_in: None,
        }
    }
}

/// Makes what carries out calls of what does so usually.
pub type StandIn = fn(Arc<dyn Executor>) -> Arc<dyn Executor>;

/// Where calls may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To public addresses.
    Public,
    /// To private addresses as well.
    Private,
}

/// What the service tells.
#[derive(Debug)]
pub enum News {
    /// A file of the folder was deployed.
    Deployed(PathBuf, Outcome),
    /// A file of the folder is broken, and what was in force before stays so.
    Broken {
        /// The file.
        file: PathBuf,
        /// Its text.
        text: String,
        /// What is wrong with it; where that is no matter of the text, the list is empty.
        problems: Vec<Diagnostic>,
        /// Why it was not deployed.
        why: String,
    },
    /// A file of the folder is gone; its workflow stays as it is.
    Gone(PathBuf),
}

/// A service that has begun.
pub struct Service {
    // Dropped first, so that nothing is asked of an owner that has gone.
    http: Option<Http>,
    metrics: Option<Http>,
    telemetry: Option<Telemetry>,
    owner: Owner,
    home: Home,
    folder: Option<Folder>,
    settings: Settings,
    /// How many runs were taken up.
    pub resumed: usize,
    /// How many schedules are kept.
    pub schedules: usize,
}

impl Service {
    /// Takes ownership of a data directory, takes up all runs that are not finished, and begins to keep schedules.
    ///
    /// # Errors
    /// Where another process has the directory, or it cannot be used.
    pub async fn open(home: &Home, settings: Settings) -> Result<Service, Error> {
        let files = widen();
        let wanted = settings.http.as_ref().map_or(0, |http| http.limits.connections);
        if u64::try_from(wanted).is_ok_and(|wanted| wanted > files / 2) {
            warn!(
                wanted,
                files, "connections may take more than half of the files that may be open: raise LimitNOFILE"
            );
        }
        let Some(lock) = home.own()? else {
            return Err(Error::Owned { path: home.directory().to_owned(), holder: home.holder() });
        };
        // An address that cannot be had ends it before anything is taken up.
        let listener = match &settings.http {
            Some(settings) => Some((http::bind(settings)?, settings)),
            None => None,
        };
        let watched = match &settings.metrics {
            Some(settings) => Some((http::bind(settings)?, settings)),
            None => None,
        };
        let owner = Owner::sharing(home, lock, settings.shares, settings.stand_in)?;
        if let Some((listener, http)) = &listener {
            let own = || listener.local_addr().map(|address| format!("http://{address}")).unwrap_or_default();
            owner.reached_at(&http.public.clone().unwrap_or_else(own));
        }
        // Before any run is moved that could end.
        let telemetry = settings.otlp.as_deref().map(|endpoint| Telemetry::open(owner.core(), endpoint));
        let telemetry = telemetry.transpose()?;
        let (resumed, schedules) = owner.serve(settings.reach)?;
        let http = listener
            .map(|(listener, http)| Http::open(listener, http, (&owner, home, settings.reach), ROUTES));
        let http = http.transpose()?;
        let metrics = watched
            .map(|(listener, http)| Http::open(listener, http, (&owner, home, settings.reach), METRICS));
        let metrics = metrics.transpose()?;
        let folder = settings.folder.clone().map(Folder::new);
        Ok(Service {
            owner,
            home: home.clone(),
            folder,
            settings,
            http,
            metrics,
            telemetry,
            resumed,
            schedules,
        })
    }

    /// Where it answers over HTTP.
    pub fn address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(|http| http.address)
    }

    /// A link by which the first account is made, once and within half an hour, where nobody can sign in yet and it answers
    /// over HTTP. A link of an earlier start counts no more.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn setup_link(&self) -> Result<Option<String>, Error> {
        let (Some(address), Some(http)) = (self.address(), &self.settings.http) else { return Ok(None) };
        let vault = self.owner.core().safe().vault()?;
        let link = Accounts::of(&self.home, vault)?.setup_link()?;
        let base = http.public.clone().unwrap_or_else(|| format!("http://{address}"));
        // What stands behind `#` is sent to nobody by a browser.
        Ok(link.map(|link| format!("{base}/dashboard/setup#{}", link.expose())))
    }

    /// Where it tells metrics.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|http| http.address)
    }

    /// Serves until it is stopped, and tells what happens meanwhile.
    pub async fn run(&mut self, stop: impl Future<Output = ()>, tell: impl Fn(News)) {
        let mut stop = std::pin::pin!(stop);
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut days = tokio::time::interval_at(tokio::time::Instant::now() + SETTLED, CLEAN);
        days.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stop => return,
                _ = days.tick() => self.clean(),
                _ = ticks.tick() => {
                    if let Some(folder) = &mut self.folder {
                        folder.look(&self.owner).into_iter().for_each(&tell);
                    }
                }
            }
        }
    }

    /// Removes what has ended longer ago than is to be kept. Nobody waits for it.
    fn clean(&self) {
        let Some(keep) = self.settings.keep.and_then(|keep| SignedDuration::try_from(keep).ok()) else {
            return;
        };
        let core = self.owner.core();
        tokio::task::spawn_blocking(move || {
            let keeping = Keeping { younger_than: keep, latest: 0 };
            match core.handle(&Request::Clean { keeping, act: Act::Do }) {
                Ok(Reply::Cleaned(cleaned)) => {
                    info!(runs = cleaned.runs.len(), "removed what ended long ago")
                }
                Ok(_) => {}
                Err(error) => error!(error = crate::chain(&error), "what ended long ago cannot be removed"),
            }
        });
    }

    /// Stops: nothing is started by a schedule any more, nothing more is taken over HTTP, and calls under way may end for
    /// a while. Gives how many did not; their runs go on when somebody takes them up.
    pub async fn close(mut self) -> usize {
        if let Some(http) = &self.http {
            http.close();
        }
        self.owner.stop_keeping();
        let end = tokio::time::Instant::now() + self.settings.grace;
        loop {
            let calls = self.owner.calls();
            let open = self.http.as_ref().map_or(0, Http::connections);
            if calls + open == 0 || tokio::time::Instant::now() >= end {
                if let Some(telemetry) = self.telemetry.take() {
                    telemetry.close(LAST).await;
                }
                return calls;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Lets this process have as many files and connections open as the system allows it, and gives how many those are. What is
/// usual is fewer than calls and connections together.
pub fn widen() -> u64 {
    let now = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
