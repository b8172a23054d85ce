//! The simulator: random plans in random worlds, with every invariant checked after each event.
//!
//! `KEYWAY_WORLDS` says how many worlds (default 5,000), `KEYWAY_WORLD` runs one by its seed, tells what happens in it,
//! and adds its histories to the golden ones if `KEYWAY_GOLDEN` is set.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod chance;
mod coverage;
#[path = "../golden/mod.rs"]
#[allow(dead_code, reason = "histories are only added here")]
mod golden;
mod invariants;
mod judge;
mod meaning;
mod model;
mod noise;
mod plans;
mod reference;
mod takeover;
mod weather;
mod world;

use std::time::Instant;

use engine::plan::Plan;

use crate::chance::{Chance, mix};
use crate::invariants::Broken;
use crate::plans::Shape;
use crate::weather::Tally;
use crate::world::{Setting, Telling};

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
    match simulate_on_all_cores(worlds) {
        Ok(tally) => {
            println!("counted: {tally} in {:.0} s", begun.elapsed().as_secs_f64());
            let (seen, all, missing) = tally.seen.report();
            println!("transitions: {seen} of {all}");
            missing.iter().for_each(|missing| println!("never: {missing}"));
        }
        Err((seed, Broken { invariant, detail })) => {
            panic!("world {seed}: broken invariant: {invariant}\n{detail}\nagain with KEYWAY_WORLD={seed}")
        }
    }
}

/// Runs worlds by their seeds, a share on each core; gives what was counted, or the earliest that broke an
/// invariant. A world depends on its seed alone, so that the shares change nothing.
#[allow(clippy::disallowed_methods, reason = "a test may use threads")]
fn simulate_on_all_cores(worlds: std::ops::Range<u64>) -> Result<Tally, (u64, Broken)> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    // Whole plans each, since worlds share them.
    let share = (worlds.end - worlds.start).div_ceil(cores).next_multiple_of(SHARED);
    let shares = (0..cores).map(|core| {
        let start = (worlds.start + core * share).min(worlds.end);
        start..(start + share).min(worlds.end)
    });
    std::thread::scope(|scope| {
        let running: Vec<_> = shares.map(|share| scope.spawn(move || simulate(share))).collect();
        let mut all = Tally::default();
        for share in running {
            all += share.join().unwrap()?;
        }
        Ok(all)
    })
}

/// Runs worlds by their seeds; gives what was counted, or the first that broke an invariant.
fn simulate(worlds: std::ops::Range<u64>) -> Result<Tally, (u64, Broken)> {
    let mut tally = Tally::default();
    let telling = if worlds.end - worlds.start == 1 { Telling::Aloud } else { Telling::Silent };
    let mut known: Option<(u64, Setting)> = None;
    for seed in worlds {
        let shape = if (seed / SHARED).is_multiple_of(3) { Shape::Sequential } else { Shape::Wild };
        if known.as_ref().is_none_or(|(number, _)| *number != seed / SHARED) {
            let workflow = plans::make(&mut Chance::new(mix(seed / SHARED)), shape);
            let plan = Plan::new(&workflow);
            known = Some((seed / SHARED, Setting { workflow, plan, shape, telling }));
        }
        let Some((_, setting)) = &known else { continue };
        world::live(seed, setting, &mut tally).map_err(|broken| (seed, broken))?;
    }
    Ok(tally)
}
