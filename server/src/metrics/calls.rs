//! Counts calls of actions, by their connector and by what came of them.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use dsl::catalog::FailureKind;
use dsl::value::Value;
use engine::command::Call;
use engine::run::RunId;
use runtime::executor::{Calling, Came, Executor, Finding};

use super::{Cell, Counted, Last, Metrics, Name};

/// Carries calls out as another executor does, and counts them.
pub struct Metered {
    inner: Arc<dyn Executor>,
    metrics: Arc<Metrics>,
    under_way: Arc<Cell>,
    series: RwLock<BTreeMap<Box<str>, Arc<Series>>>,
}

/// What is counted most of one connector.
struct Series {
    duration: Arc<Cell>,
    well: Arc<Cell>,
    /// When the service answered last; nothing of what is no service.
    last: Option<Arc<Last>>,
}

impl Metered {
    /// Counts what goes to an executor.
    pub fn new(inner: Arc<dyn Executor>, metrics: Arc<Metrics>) -> Metered {
        let under_way = metrics.of(Name::CallsUnderWay, &[]);
        Metered { inner, metrics, under_way, series: RwLock::default() }
    }

    fn series(&self, connector: &str) -> Arc<Series> {
        let read = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = read.get(connector) {
            return series.clone();
        }
        drop(read);
        let series = Arc::new(Series {
            duration: self.metrics.of(Name::CallsDuration, &[connector]),
            well: self.metrics.of(Name::Calls, &[connector, "ok"]),
            last: (!WITHIN.contains(&connector))
                .then(|| self.metrics.last(&self.metrics.connectors, connector)),
        });
        let mut all = self.series.write().unwrap_or_else(PoisonError::into_inner);
        // Names come from the catalog alone; should they ever not, they fill no memory.
        if all.len() < super::MOST {
            all.insert(connector.into(), series.clone());
        }
        series
    }

    fn came(&self, action: &str, began: Instant, came: &Came) {
        let connector = action.split('.').next().unwrap_or(action);
        let series = self.series(connector);
        let now = Instant::now();
        series.duration.observe(now.saturating_duration_since(began));
        match &came.result {
            Ok(_) => series.well.add(1),
            Err(failure) => self.metrics.of(Name::Calls, &[connector, failure.kind.name()]).add(1),
        }
        if let Some(last) = &series.last {
            match &came.result {
                Ok(_) => last.heard(true, self.metrics.at(now)),
                Err(failure) if is_sick(failure.kind) => last.heard(false, self.metrics.at(now)),
                Err(failure) if failure.answered => last.heard(true, self.metrics.at(now)),
                // Nothing went out, or nobody knows.
                Err(_) => {}
            }
        }
    }
}

/// Connectors that are no service: models have a word of their own, what stays within the machine stands always, and `http` goes
/// to addresses of an author's choice, whose troubles are theirs.
const WITHIN: [&str; 7] = ["ai", "file", "html", "http", "keyway", "sheet", "sqlite"];

/// True for failures which say that a service does not answer, or takes our account no more.
fn is_sick(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Timeout
        | FailureKind::Network
        | FailureKind::Auth
        | FailureKind::RateLimited
        | FailureKind::Server => true,
        FailureKind::Exhausted
        | FailureKind::Rejected
        | FailureKind::Fail
        | FailureKind::Cancelled
        | FailureKind::InDoubt
        | FailureKind::Type
        | FailureKind::Limit
        | FailureKind::Budget
        | FailureKind::NotFound
        | FailureKind::Permission
        | FailureKind::Invalid
        | FailureKind::Conflict
        | FailureKind::Refused => false,
    }
}

impl Executor for Metered {
    fn call<'a>(&'a self, run: &'a RunId, call: &'a Call) -> Calling<'a> {
        let calling = self.inner.call(run, call);
        Box::pin(async move {
            // Also where it is given up, it is under way no more.
            let (under_way, began) = (Counted::new(self.under_way.clone()), Instant::now());
            let came = calling.await;
            drop(under_way);
            self.came(&call.action, began, &came);
            came
        })
    }

    fn find<'a>(&'a self, run: &'a RunId, workflow: &'a str, inputs: &'a Value) -> Finding<'a> {
        self.inner.find(run, workflow, inputs)
    }

    fn adopt(&self, parent: &RunId, child: &RunId, note: &Value) {
        self.inner.adopt(parent, child, note);
    }

    fn equip(&self, run: &RunId, note: &Value) {
        self.inner.equip(run, note);
    }

    fn owner(&self, run: &RunId) -> Arc<str> {
        self.inner.owner(run)
    }

    fn release(&self, run: &RunId) {
        self.inner.release(run);
    }
}
