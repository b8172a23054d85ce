//! What should happen: a pure, synchronous, deterministic state machine for runs.
//!
//! It never reads a clock, rolls dice, spawns, awaits, logs or touches a store. The contract with whoever
//! drives it:
//!
//! 1. Give it an `Input` and the time; `advance` says what was decided and has already applied it. The row
//!    that it makes has the number `run.seq`.
//! 2. In one commit, append the events (no events: nothing to do). If the commit fails, throw the run away
//!    and fold it again from the log.
//! 3. Only then carry out the command of each event.
//! 4. After a crash: `Run::fold` the log, then carry out `outstanding`. A call among it whose
//!    safety is not repeatable is not made again but answered with `Input::InDoubt`.

mod agenda;
mod block;
pub mod cause;
pub mod command;
mod decide;
pub mod diff;
pub mod event;
mod evolve;
pub mod fork;
mod frame;
pub mod input;
pub mod large;
pub mod outline;
mod path;
pub mod plan;
mod retry;
pub mod room;
pub mod run;
mod scope;
mod settle;
pub mod spent;
pub mod story;
mod turn;
pub mod view;

use dsl::value::Values;
use jiff::Timestamp;

use event::Event;
use input::Input;
use plan::Plan;
use run::Run;
use turn::Turn;

/// Values of which the stored form is longer than this are kept once, by hash, outside the events.
pub const BIG: usize = 8 * 1024;

/// About how many events one input may cause. What is left follows after a nudge.
pub const BUDGET: usize = 1_000;

/// Decides what an input means, and applies it to the run.
pub fn advance(plan: &Plan, run: &mut Run, values: &dyn Values, input: &Input, now: Timestamp) -> Vec<Event> {
    advance_within(BUDGET, plan, run, values, input, now)
}

/// As `advance`, with another bound on the events of one input: for tests.
pub fn advance_within(
    budget: usize,
    plan: &Plan,
    run: &mut Run,
    values: &dyn Values,
    input: &Input,
    now: Timestamp,
) -> Vec<Event> {
    let mut turn = Turn { plan, run, values, now, events: vec![] };
    turn.take(input);
    if turn.events.is_empty() {
        return vec![];
    }
    turn.settle(budget);
    turn.run.seq += 1;
    turn.events
}

/// Decides what an input means, and leaves the run as it is.
pub fn decide(plan: &Plan, run: &Run, values: &dyn Values, input: &Input, now: Timestamp) -> Vec<Event> {
    advance(plan, &mut run.clone(), values, input, now)
}
