//! Runs that steps of other runs call: how one starts, and what it gives to its caller.

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use engine::input::Start;
use engine::run::{At, Parent, Run, RunId, Status};
use jiff::Timestamp;

/// How many runs may stand around one another.
pub(crate) const DEEPEST: u16 = 16;

/// How many runs there are around one that a run calls.
///
/// # Errors
/// Where there would be too many.
pub(crate) fn depth(caller: &Run) -> Result<u16, Failure> {
    let depth = caller.parent.as_ref().map_or(1, |parent| parent.depth.saturating_add(1));
    if depth > DEEPEST {
        let message = format!("runs call one another deeper than {DEEPEST}");
        return Err(Failure { answered: true, ..Failure::new(FailureKind::Limit, message) });
    }
    Ok(depth)
}

/// The start of a run that a step calls.
pub(crate) fn start(
    caller: &Run,
    (run, at, depth): (&RunId, At, u16),
    child: RunId,
    inputs: Value,
    now: Timestamp,
) -> Start {
    let trigger = Value::object([
        ("kind", Value::text("call")),
        ("at", Value::Time(now)),
        ("run", Value::Text(run.0.clone())),
    ]);
    Start {
        zone: caller.zone.clone(),
        parent: Some(Parent { run: run.clone(), at, depth }),
        ..Start::new(child, inputs, trigger)
    }
}

/// What a run that has ended gives to the step that called it.
pub(crate) fn result_of(workflow: &str, status: &Status) -> Option<Result<Value, Failure>> {
    let failed = |kind, message| Err(Failure { answered: true, ..Failure::new(kind, message) });
    match status {
        Status::New | Status::Running => None,
        Status::Succeeded(output) => Some(Ok(output.clone())),
        Status::Failed(failure) => {
            let inner = &failure.failure;
            let place =
                if failure.step.is_empty() { String::new() } else { format!(" at `{}`", failure.step) };
            let message = format!("`{workflow}` failed{place}: {}", inner.message);
            Some(failed(inner.kind, message).map_err(|failure| Failure { status: inner.status, ..failure }))
        }
        Status::Cancelled => Some(failed(FailureKind::Cancelled, format!("`{workflow}` was cancelled"))),
    }
}
