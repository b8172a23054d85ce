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

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Runs worlds by their seeds, a part of the plans on each core; gives what was counted, or the earliest that broke
/// an invariant. A world depends on its seed alone, so that the parts change nothing.
#[allow(clippy::disallowed_methods, reason = "a test may use threads")]
fn simulate_on_all_cores(worlds: Range<u64>) -> Result<Tally, (u64, Broken)> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let earliest = AtomicU64::new(u64::MAX);
    let (worlds, earliest) = (&worlds, &earliest);
    let results: Vec<Result<Tally, (u64, Broken)>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..cores)
            .map(|core| scope.spawn(move || simulate(worlds, |plan| plan % cores == core, earliest)))
            .collect();
        running.into_iter().map(|part| part.join().unwrap()).collect()
    });
    let mut all = Tally::default();
    let mut broken: Vec<(u64, Broken)> = vec![];
    for result in results {
        match result {
            Ok(tally) => all += tally,
            Err(found) => broken.push(found),
        }
    }
    broken.into_iter().min_by_key(|(seed, _)| *seed).map_or(Ok(all), Err)
}

/// Runs the worlds of some plans; gives what was counted, or the first that broke an invariant. Ends where an earlier
/// one did.
fn simulate(
    worlds: &Range<u64>,
    is_ours: impl Fn(u64) -> bool,
    earliest: &AtomicU64,
) -> Result<Tally, (u64, Broken)> {
    let mut tally = Tally::default();
    let telling = if worlds.end - worlds.start == 1 { Telling::Aloud } else { Telling::Silent };
    let plans = worlds.start / SHARED..worlds.end.div_ceil(SHARED);
    for number in plans.filter(|number| is_ours(*number)) {
        let shape = if number.is_multiple_of(3) { Shape::Sequential } else { Shape::Wild };
        let workflow = plans::make(&mut Chance::new(mix(number)), shape);
        let plan = Plan::new(&workflow);
        let setting = Setting { workflow, plan, shape, telling };
        for seed in (number * SHARED..(number + 1) * SHARED).filter(|seed| worlds.contains(seed)) {
            if seed > earliest.load(Ordering::Relaxed) {
                return Ok(tally);
            }
            world::live(seed, &setting, &mut tally).map_err(|broken| {
                earliest.fetch_min(seed, Ordering::Relaxed);
                (seed, broken)
            })?;
        }
    }
    Ok(tally)
}
