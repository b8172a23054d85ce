//! The simulator: random plans in random worlds, with every invariant checked after each input.
//!
//! `KEYWAY_WORLDS` says how many worlds (default 5,000), `KEYWAY_WORLD` runs one by its seed.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod chance;
mod invariants;
mod model;
mod plans;
mod reference;
mod world;

use std::time::Instant;

use engine::plan::Plan;

use crate::chance::{Chance, mix};
use crate::invariants::Broken;
use crate::plans::Shape;
use crate::world::Tally;

/// How many worlds share a plan: making one costs more than a world.
const SHARED: u64 = 20;

#[test]
#[allow(clippy::disallowed_methods, reason = "a test may read the environment and measure time")]
fn every_invariant_holds_in_many_worlds() {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u64>().ok());
    let worlds = match number("KEYWAY_WORLD") {
        Some(seed) => seed..seed + 1,
        None => 0..number("KEYWAY_WORLDS").unwrap_or(5_000),
    };
    let begun = Instant::now();
    match simulate(worlds) {
        Ok(tally) => println!("counted: {tally} in {:.0} s", begun.elapsed().as_secs_f64()),
        Err((seed, Broken { invariant, detail })) => {
            panic!("world {seed}: broken invariant: {invariant}\n{detail}\nagain with KEYWAY_WORLD={seed}")
        }
    }
}

/// Runs worlds by their seeds; gives what was counted, or the first that broke an invariant.
fn simulate(worlds: std::ops::Range<u64>) -> Result<Tally, (u64, Broken)> {
    let mut tally = Tally::default();
    let mut known = None;
    for seed in worlds {
        let shape = if (seed / SHARED).is_multiple_of(3) { Shape::Sequential } else { Shape::Wild };
        if known.as_ref().is_none_or(|(number, _, _)| *number != seed / SHARED) {
            let workflow = plans::make(&mut Chance::new(mix(seed / SHARED)), shape);
            let plan = Plan::new(&workflow);
            known = Some((seed / SHARED, workflow, plan));
        }
        let Some((_, workflow, plan)) = &known else { continue };
        world::live(seed, workflow, plan, shape, &mut tally).map_err(|broken| (seed, broken))?;
    }
    Ok(tally)
}
