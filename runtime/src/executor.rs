//! What carries out one call.

use std::future::Future;
use std::pin::Pin;

use dsl::catalog::Failure;
use dsl::value::Value;
use engine::command::Call;
use engine::run::RunId;

/// Carries out calls. Retrying is not its business: the engine decides.
pub trait Executor: Send + Sync + 'static {
    /// Makes one call. Dropping the future aborts it. References in `call.args` have been loaded.
    ///
    /// The future is polled once where runs are moved, and goes to the async runtime only if it is not
    /// ready by then: it must not block. A panic in it becomes a failure of the step.
    fn call<'a>(&'a self, run: &'a RunId, call: &'a Call) -> Calling<'a>;
}

/// A call under way.
pub type Calling<'a> = Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>>;
