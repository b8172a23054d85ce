//! Sends traces of runs and metrics to a collector of OpenTelemetry, over OTLP/HTTP with JSON: off unless the operator names
//! one.
//!
//! A trace is made of what was recorded of a run once it has ended: names, times, what became of each step, the kinds of
//! failures, what models took. Inputs, outputs, messages of failures and owners are in none. It is sent once as a rule, and not
//! at all where the collector is away for long: that is counted.

mod numbers;
mod spans;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use egress::{Header, Method, Part, Policy, Request};
use engine::run::RunId;
use runtime::driver::Driver as _;
use secret::NoVault;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::warn;

use crate::error::Error;
use crate::history::History;
use crate::metrics::{Cell, Name};
use crate::owner::Core;

/// How many runs may wait for their traces to be sent.
const WAITING: usize = 1_024;

/// How many runs are sent together.
const TOGETHER: usize = 8;

/// How often metrics are sent.
const OFTEN: Duration = Duration::from_secs(60);

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long is waited before each further try.
const AGAIN: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(15)];

/// A run with more rows in its log has no spans of steps: whoever sends them must not need the memory that the run needed.
const LONGEST: u64 = 10_000;

/// What sends. Dropping it ends that.
pub struct Telemetry {
    stop: watch::Sender<bool>,
    sending: Option<JoinHandle<()>>,
    waiting: Waiting,
    dropped: Arc<Cell>,
}

/// What is needed to send.
struct Sender {
    core: Arc<Core>,
    history: Arc<History>,
    client: egress::Client,
    endpoint: String,
    waiting: Waiting,
}

impl Telemetry {
    /// Begins to send to a collector. The operator named it, so that it may stand at a private address.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub(crate) fn open(core: Arc<Core>, endpoint: &str) -> Result<Telemetry, Error> {
        let (ended, runs) = mpsc::channel(WAITING);
        let dropped = core.metrics.of(Name::TracesDropped, &[]);
        let waiting = Waiting::default();
        let (count, lost) = (waiting.clone(), dropped.clone());
        core.metrics.on_end(move |run| {
            count.0.fetch_add(1, Ordering::AcqRel);
            if ended.try_send(run.clone()).is_err() {
                count.0.fetch_sub(1, Ordering::AcqRel);
                lost.add(1);
            }
        });
        let policy = Policy { allow_private: true, redirects: 0, timeout: PATIENCE, ..Policy::default() };
        let client = egress::Client::new(policy, Arc::new(NoVault));
        let history = Arc::new(History::of(core.desk.clone())?);
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let sender = Sender { core, history, client, endpoint, waiting: waiting.clone() };
        let (stop, stopped) = watch::channel(false);
        Ok(Telemetry { stop, sending: Some(tokio::spawn(sender.send(runs, stopped))), waiting, dropped })
    }

    /// Sends what waits, if that takes no longer than this.
    pub async fn close(mut self, within: Duration) {
        let _ = self.stop.send(true);
        if let Some(mut sending) = self.sending.take()
            && tokio::time::timeout(within, &mut sending).await.is_err()
        {
            sending.abort();
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(sending) = self.sending.take() {
            sending.abort();
        }
        // What waits when it ends is told nobody, and that is told.
        let lost = self.waiting.0.swap(0, Ordering::AcqRel);
        if lost > 0 {
            self.dropped.add(lost);
            warn!(traces = lost, "runs that have ended were told to no collector: the service ends");
        }
    }
}

/// How many runs have ended whose traces are neither sent nor dropped yet.
#[derive(Clone, Default)]
struct Waiting(Arc<AtomicU64>);

impl Sender {
    async fn send(self, mut runs: mpsc::Receiver<RunId>, mut stopped: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + OFTEN, OFTEN);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut together = Vec::with_capacity(TOGETHER);
        loop {
            tokio::select! {
                biased;
                () = said(&mut stopped) => break,
                _ = ticks.tick() => self.numbers().await,
                count = runs.recv_many(&mut together, TOGETHER) => {
                    if count == 0 {
                        return;
                    }
                    self.traces(std::mem::take(&mut together), &AGAIN).await;
                }
            }
        }
        runs.close();
        while runs.recv_many(&mut together, TOGETHER).await > 0 {
            self.traces(std::mem::take(&mut together), &[]).await;
        }
        self.numbers().await;
    }

    async fn traces(&self, runs: Vec<RunId>, again: &[Duration]) {
        let count = runs.len() as u64;
        let (history, core) = (self.history.clone(), self.core.clone());
        let made = tokio::task::spawn_blocking(move || -> Vec<Value> {
            runs.iter().flat_map(|run| of_run(&core, &history, run)).collect()
        });
        let spans = made.await.unwrap_or_default();
        let scope = json!({ "scope": scope(), "spans": spans });
        let body = json!({ "resourceSpans": [{ "resource": resource(), "scopeSpans": [scope] }] });
        let came = self.posted("/v1/traces", &body, again).await;
        let name = if came { Name::TracesSent } else { Name::TracesDropped };
        self.core.metrics.of(name, &[]).add(count);
        self.waiting.0.fetch_sub(count, Ordering::AcqRel);
    }

    async fn numbers(&self) {
        let core = self.core.clone();
        let gathered = tokio::task::spawn_blocking(move || core.gather()).await;
        let Ok(gathered) = gathered else { return };
        let scope = json!({ "scope": scope(), "metrics": numbers::of(&gathered) });
        let body = json!({ "resourceMetrics": [{ "resource": resource(), "scopeMetrics": [scope] }] });
        // What is not told now is told with the next ones.
        self.posted("/v1/metrics", &body, &[]).await;
    }

    /// Posts a body; true if the collector took it. Where it may take it later it is tried again.
    async fn posted(&self, path: &str, body: &Value, again: &[Duration]) -> bool {
        let mut pauses = again.iter();
        loop {
            let mut request = Request::new(Method::POST, format!("{}{path}", self.endpoint));
            request.headers.push(Header::new("content-type", "application/json"));
            request.body = vec![Part::Plain(body.to_string().into())];
            let why = match self.client.send(request).await {
                Ok(response) if (200..300).contains(&response.status) => return true,
                Ok(response) => {
                    let may_come = [408, 429, 502, 503, 504].contains(&response.status);
                    (format!("it answers {}", response.status), may_come)
                }
                Err(error) => (error.to_string(), true),
            };
            match (why, pauses.next()) {
                ((_, true), Some(pause)) => tokio::time::sleep(*pause).await,
                ((why, _), _) => {
                    warn!(path, why, "the collector of OpenTelemetry took nothing");
                    return false;
                }
            }
        }
    }
}

/// Waits until it is said that it is over.
async fn said(stopped: &mut watch::Receiver<bool>) {
    // Where nobody can say it any more, it is.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// The spans of a run; none where it cannot be read.
fn of_run(core: &Core, history: &History, run: &RunId) -> Vec<Value> {
    let read = || -> Result<Vec<Value>, runtime::driver::Error> {
        let summary = core.driver.summary(run)?;
        if history.rows(run)? > LONGEST {
            return Ok(vec![spans::of_summary(&summary)]);
        }
        let mut timeline = history.timeline(run)?;
        for row in history.log(run)? {
            timeline.apply(&row);
        }
        Ok(spans::of_timeline(&summary, &timeline))
    };
    read().unwrap_or_else(|error| {
        warn!(%run, %error, "a run cannot be read for its trace");
        vec![]
    })
}

fn resource() -> Value {
    let name = attribute("service.name", json!({ "stringValue": "keyway" }));
    let version = attribute("service.version", json!({ "stringValue": env!("CARGO_PKG_VERSION") }));
    json!({ "attributes": [name, version] })
}

fn scope() -> Value {
    json!({ "name": "keyway", "version": env!("CARGO_PKG_VERSION") })
}

fn attribute(key: &str, value: Value) -> Value {
    json!({ "key": key, "value": value })
}

/// An attribute with a text.
fn text(key: &str, value: &str) -> Value {
    attribute(key, json!({ "stringValue": value }))
}

/// An attribute with a whole number; JSON of protocol buffers writes those of 64 bits as texts.
fn whole(key: &str, value: i64) -> Value {
    attribute(key, json!({ "intValue": value.to_string() }))
}
