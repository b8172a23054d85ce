//! Counts runs and steps by what was committed of them: what is not on the disk did not happen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dsl::value::{Hash, Value};
use engine::event::{Event, Recorded, Then};
use engine::plan::Plan;
use engine::run::RunId;
use jiff::Timestamp;
use runtime::driver::{Error, State, Summary};
use runtime::journal::{Batch, Journal, Mail};
use store::arrivals::Arrival;

use super::{Cell, Metrics, Name};

/// Of how many runs it is remembered when and as what they began; of others the journal is asked.
const REMEMBERED: usize = 20_000;

/// A journal that counts what is committed.
pub struct Watched {
    inner: Arc<dyn Journal>,
    metrics: Arc<Metrics>,
    begun: Mutex<BTreeMap<RunId, (Timestamp, String)>>,
    cells: Cells,
}

/// What is counted most.
struct Cells {
    commits: Arc<Cell>,
    failures: Arc<Cell>,
    started: Arc<Cell>,
    unfinished: Arc<Cell>,
    steps: [Arc<Cell>; 5],
}

/// What became of steps, in the order of `Cells::steps`.
const BECAME: [&str; 5] = ["succeeded", "failed", "retried", "skipped", "reused"];

/// What became of a step, by an event; nothing where it is of something else.
fn became(event: &Event) -> Option<usize> {
    match event {
        Event::StepSucceeded { .. } | Event::BlockDone { .. } => Some(0),
        Event::StepFailed { then: Then::Fatal | Then::Continue, .. } => Some(1),
        Event::StepFailed { then: Then::Retry { .. }, .. } => Some(2),
        Event::StepSkipped { .. } => Some(3),
        Event::StepReused { .. } => Some(4),
        Event::RunStarted { .. }
        | Event::RunHeld { .. }
        | Event::RunReleased {}
        | Event::SignalKept { .. }
        | Event::SignalTaken { .. }
        | Event::SignalEmitted { .. }
        | Event::StepListening { .. }
        | Event::StepAsked { .. }
        | Event::StepInDoubt { .. }
        | Event::RunSucceeded { .. }
        | Event::RunFailed { .. }
        | Event::RunCancelled {}
        | Event::CancelRequested {}
        | Event::RunExpired {}
        | Event::Yielded {}
        | Event::Resumed {}
        | Event::FrameOpened { .. }
        | Event::PhaseBegan { .. }
        | Event::Stopped { .. }
        | Event::FrameClosed { .. }
        | Event::StepStarted { .. }
        | Event::TimeoutSet { .. }
        | Event::StepWaiting { .. }
        | Event::StepDue { .. }
        | Event::ModelsAsked { .. }
        | Event::CallAborted { .. }
        | Event::StepDropped { .. }
        | Event::BlockOpened { .. }
        | Event::BlockExpired { .. }
        | Event::RoundPaused { .. } => None,
    }
}

impl Watched {
    /// Counts what goes to a journal.
    pub fn new(inner: Arc<dyn Journal>, metrics: Arc<Metrics>) -> Watched {
        let cells = Cells {
            commits: metrics.of(Name::CommitDuration, &[]),
            failures: metrics.of(Name::CommitFailures, &[]),
            started: metrics.of(Name::RunsStarted, &[]),
            unfinished: metrics.of(Name::RunsUnfinished, &[]),
            steps: BECAME.map(|outcome| metrics.of(Name::Steps, &[outcome])),
        };
        // Who moves the runs reads them as well, and tells where that cannot be.
        cells.unfinished.set(inner.unfinished().map_or(0, |runs| runs.len() as u64));
        Watched { inner, metrics, begun: Mutex::default(), cells }
    }

    fn committed(&self, batch: &Batch, took: Duration) {
        self.cells.commits.observe(took);
        let mut steps = [0; BECAME.len()];
        for event in batch.rows.iter().flat_map(|(_, row)| &row.events) {
            if let Some(count) = became(event).and_then(|at| steps.get_mut(at)) {
                *count += 1;
            }
        }
        for (cell, count) in self.cells.steps.iter().zip(steps).filter(|(_, count)| *count > 0) {
            cell.add(count);
        }
        if batch.begun.is_empty() && batch.ended.is_empty() {
            return;
        }
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        for run in &batch.begun {
            self.cells.started.add(1);
            self.cells.unfinished.add(1);
            if begun.len() < REMEMBERED {
                begun.insert(run.run.clone(), (run.time, run.workflow.clone()));
            }
        }
        for run in &batch.ended {
            self.cells.unfinished.less();
            let known = begun.remove(&run.run).or_else(|| {
                let (summary, _) = self.inner.run(&run.run).ok()??;
                Some((summary.started, summary.workflow))
            });
            let Some((started, workflow)) = known else { continue };
            let status = run.state.name();
            let took = Duration::try_from(run.time.duration_since(started)).unwrap_or_default();
            self.metrics.of(Name::RunDuration, &[status]).observe(took);
            self.metrics.of(Name::RunsEnded, &[&workflow, status]).add(1);
            debug_assert!(run.state != State::Running);
        }
        drop(begun);
        if let Some(told) = self.metrics.ended.get() {
            batch.ended.iter().for_each(|run| told(&run.run));
        }
    }
}

impl Journal for Watched {
    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        let began = Instant::now();
        let result = self.inner.commit(batch);
        match &result {
            Ok(()) => self.committed(batch, began.elapsed()),
            Err(_) => self.cells.failures.add(1),
        }
        result
    }

    fn log(&self, run: &RunId, after: u64) -> Result<Vec<Recorded>, Error> {
        self.inner.log(run, after)
    }

    fn first(&self, run: &RunId) -> Result<Option<Recorded>, Error> {
        self.inner.first(run)
    }

    fn run(&self, run: &RunId) -> Result<Option<(Summary, Hash)>, Error> {
        self.inner.run(run)
    }

    fn runs(&self) -> Result<Vec<Summary>, Error> {
        self.inner.runs()
    }

    fn greatest(&self) -> Result<Option<RunId>, Error> {
        self.inner.greatest()
    }

    fn unfinished(&self) -> Result<Vec<RunId>, Error> {
        self.inner.unfinished()
    }

    fn plan(&self, digest: &Hash) -> Result<Option<Plan>, Error> {
        self.inner.plan(digest)
    }

    fn signals(&self) -> Result<Vec<Result<Mail, Error>>, Error> {
        self.inner.signals()
    }

    fn answer(&self, hash: &Hash) -> Result<Option<(Timestamp, Value)>, Error> {
        self.inner.answer(hash)
    }

    fn arrival(&self, of: [&str; 3], key: &[u8; 32]) -> Result<Option<Arrival>, Error> {
        self.inner.arrival(of, key)
    }

    fn answers(&self) -> Result<Vec<(Hash, Timestamp, Value)>, Error> {
        self.inner.answers()
    }

    fn values(&self) -> Result<Vec<Hash>, Error> {
        self.inner.values()
    }

    fn value(&self, hash: &Hash) -> Result<Option<Value>, Error> {
        self.inner.value(hash)
    }
}
