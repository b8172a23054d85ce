//! What carries out one call.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use engine::command::Call;
use engine::plan::Plan;
use engine::run::{At, RunId};
use engine::spent::Spent;

/// Carries out calls. Retrying is not its business: the engine decides.
pub trait Executor: Send + Sync + 'static {
    /// Makes one call. Dropping the future aborts it. References in `call.args` have been loaded.
    ///
    /// The future is polled once where runs are moved, and goes to the async runtime only if it is not
    /// ready by then: it must not block. A panic in it becomes a failure of the step.
    fn call<'a>(&'a self, run: &'a RunId, call: &'a Call) -> Calling<'a>;

    /// Finds the workflow that a step of `run` calls, and checks its inputs.
    fn find<'a>(&'a self, _run: &'a RunId, workflow: &'a str, _inputs: &'a Value) -> Finding<'a> {
        let message = format!("there is no workflow `{workflow}` to call");
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::NotFound, message))))
    }

    /// A run that another one called is about to be moved.
    fn adopt(&self, _parent: &RunId, _child: &RunId, _note: &Value) {}

    /// A run that a schedule starts is about to be moved.
    fn equip(&self, _run: &RunId, _note: &Value) {}

    /// For whom a run acts: those of one owner share its places.
    fn owner(&self, _run: &RunId) -> Arc<str> {
        Arc::default()
    }

    /// A run is not moved any more.
    fn release(&self, _run: &RunId) {}
}

/// A step of a run, by whatever names it alone in what is kept beside the log.
pub fn place(at: At) -> String {
    format!("{}.{}", at.frame, at.slot)
}

/// The search for a workflow that is called.
pub type Finding<'a> = Pin<Box<dyn Future<Output = Result<Found, Failure>> + Send + 'a>>;

/// A workflow that is called.
#[derive(Clone, Debug)]
pub struct Found {
    /// What its run follows.
    pub plan: Arc<Plan>,
    /// Its inputs, defaults filled in.
    pub inputs: Value,
    /// Kept with its run.
    pub note: Value,
}

/// A call under way.
pub type Calling<'a> = Pin<Box<dyn Future<Output = Came> + Send + 'a>>;

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Came {
    /// What it gave.
    pub result: Result<Value, Failure>,
    /// What it took, where models were asked.
    pub spent: Option<Spent>,
}

impl From<Result<Value, Failure>> for Came {
    fn from(result: Result<Value, Failure>) -> Came {
        Came { result, spent: None }
    }
}
