//! What should happen: a pure, synchronous, deterministic state machine for runs.
//!
//! It never reads a clock, rolls dice, spawns, awaits, logs or touches a store. The contract with whoever
//! drives it:
//!
//! 1. Give it an `Input` and the time; `advance` says what was decided and has already applied it.
//! 2. In one commit, append the events (no events: nothing to do). If the commit fails, throw the run away
//!    and fold it again from the log.
//! 3. Only then carry out the command of each event.
//! 4. After a crash: fold the log with `evolve`, then carry out `outstanding`. A call among it whose
//!    safety is not repeatable is not made again but answered with `Input::InDoubt`.

pub mod command;
pub mod event;
pub mod input;
pub mod plan;
pub mod run;

use dsl::value::Values;
use jiff::Timestamp;

use event::Event;
use input::Input;
use plan::Plan;
use run::Run;

/// Values of which the stored form is longer than this are kept once, by hash, outside the events.
pub const BIG: usize = 8 * 1024;

/// Decides what an input means, and applies it to the run.
pub fn advance(plan: &Plan, run: &mut Run, values: &dyn Values, input: &Input, now: Timestamp) -> Vec<Event> {
    let _ = (plan, run, values, input, now);
    vec![]
}

/// Decides what an input means, and leaves the run as it is.
pub fn decide(plan: &Plan, run: &Run, values: &dyn Values, input: &Input, now: Timestamp) -> Vec<Event> {
    advance(plan, &mut run.clone(), values, input, now)
}
