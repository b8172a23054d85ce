//! How many runs may be under way at once, and which ones share that number.

use dsl::catalog::{Failure, FailureKind};
use dsl::expr::Halt;
use dsl::value::Values;
use dsl::workflow::WhenFull;
use jiff::Timestamp;

use crate::input::Start;
use crate::plan::Plan;
use crate::run::{At, Run};
use crate::scope::Scope;

/// What a run needs to be under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Runs with the same key share it: the workflow's name, and the value of its `concurrency.key`.
    pub key: String,
    /// How many find room.
    pub max: u32,
    /// What happens to a further one.
    pub when_full: WhenFull,
}

/// The room that a run needs, if its workflow limits it.
///
/// # Errors
/// Where the workflow's key cannot be evaluated.
pub fn of(plan: &Plan, start: &Start, values: &dyn Values, now: Timestamp) -> Result<Option<Room>, Failure> {
    let Some(limit) = &plan.workflow().concurrency else { return Ok(None) };
    let run = Run {
        id: Some(start.run.clone()),
        inputs: start.inputs.clone(),
        trigger: start.trigger.clone(),
        ..Run::default()
    };
    let scope = Scope { plan, run: &run, values, now, at: At::RUN, attempt: 1 };
    let shared = match limit.key.as_ref().map(|key| scope.eval(key)) {
        None => String::new(),
        Some(Ok(value)) => value.to_json().to_string(),
        Some(Err(Halt::Failure(failure))) => return Err(*failure),
        Some(Err(Halt::Skip { step })) => {
            let message =
                format!("`concurrency.key` reads `{step}`, which has no value before the run begins");
            return Err(Failure::new(FailureKind::Type, message));
        }
    };
    Ok(Some(Room {
        key: format!("{} {shared}", plan.name),
        max: limit.max.max(1),
        when_full: limit.when_full,
    }))
}
