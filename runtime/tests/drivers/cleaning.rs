//! Runs and large values that nothing needs any more go, and nothing else, also while runs go on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dsl::value::{Hash, Value};
use engine::command::Call;
use engine::event::Event;
use engine::fork::Past;
use engine::input::{Input, Start};
use engine::large::each_big;
use engine::plan::Plan;
use engine::run::{Run, RunId, Status};
use engine::view::Timeline;
use jiff::SignedDuration;
use runtime::clean::Keeping;
use runtime::clock::Clock as _;
use runtime::driver::{Driver, Error, State};
use runtime::journal::Journal;
use runtime::local::Local;

use crate::for_every_driver;
use crate::plans::written;
use crate::world::{Act, Fault, Faulty, Kind, World, events, id, start, status};

for_every_driver! {
    runs_go_by_age_and_by_count,
    a_run_that_is_not_finished_keeps_its_family_and_its_origin,
    a_value_goes_with_the_last_run_that_needs_it,
    a_value_that_was_removed_is_kept_again,
    answers_go_when_they_are_as_old,
    no_run_takes_over_from_one_that_is_gone,
    what_cannot_be_removed_stays_whole,
    cleaning_beside_runs_takes_nothing_that_they_need,
    cleaning_that_overlooks_unfinished_runs_is_found_out,
}

const QUICK: &str = "name: quick\ninputs: { n: integer }\nsteps: { a: { use: test.keyed, with: { n: \"{{ inputs.n }}\" } } }\noutput: \"{{ steps.a }}\"\n";
const SLOW: &str = "name: slow\ninputs: { n: integer }\nsteps:\n  a: { use: test.keyed, with: { n: \"{{ inputs.n }}\" } }\n  go: { wait: { signal: go }, after: a }\n  b: { use: test.keyed, with: { n: \"{{ steps.a }}\" }, after: go }\noutput: \"{{ steps.a }}\"\n";
const CALLS: &str = "name: calls\ninputs: { n: integer }\nsteps: { child: { call: quick, with: { n: \"{{ inputs.n }}\" } }, go: { wait: { signal: go }, after: child } }\noutput: \"{{ steps.child }}\"\n";
const READS: &str = "name: reads\ninputs: { n: integer }\nsteps: { a: { use: test.read, with: { n: \"{{ inputs.n }}\" }, cache: 1h } }\noutput: \"{{ steps.a }}\"\n";

/// A large value that holds another: a file stands alone.
fn large(n: i64) -> Value {
    let file = dsl::value::File::new(vec![u8::try_from(n).unwrap_or(0); 10_000], "image/png");
    let text = Value::text(format!("{n} ").repeat(5_000));
    Value::object([("file", Value::File(Arc::new(file))), ("text", text)])
}

/// Whoever is asked with a number gives a large value, whoever is asked with one gives 1.
fn play(call: &Call, _: usize) -> Act {
    match call.args.get("n") {
        Some(Value::Int(n)) => Act::Later(Ok(large(*n))),
        Some(other) if other.get("text").is_some() => Act::Now(Ok(Value::Int(1))),
        _ => {
            Act::Now(Err(dsl::catalog::Failure::new(dsl::catalog::FailureKind::Invalid, "nothing was sent")))
        }
    }
}

fn world(kind: Kind) -> World {
    let world = World::new(kind, play);
    world.script.workflows.lock().unwrap().push(written(QUICK));
    world
}

fn starting(run: &RunId, n: i64) -> Start {
    Start { inputs: Value::object([("n", Value::Int(n))]), ..start(run) }
}

fn keeping(minutes: i64, latest: usize) -> Keeping {
    Keeping { younger_than: SignedDuration::from_mins(minutes), latest }
}

fn ran(world: &World, driver: &Local, plan: &Arc<Plan>, name: &str, n: i64) -> RunId {
    let run = id(name);
    driver.start(plan.clone(), starting(&run, n)).unwrap();
    assert!(matches!(world.end(driver, &run), Status::Succeeded(_)), "{:?}", status(driver, &run));
    run
}

fn go(driver: &Local, run: &RunId) -> Result<(), Error> {
    driver.tell(run, Input::Signal { name: "go".into(), value: Value::Null, to: None })
}

fn timeline(driver: &Local, plan: &Plan, run: &RunId) -> Option<Timeline> {
    let mut timeline = Timeline::new(plan);
    driver.history(run).ok()?.iter().for_each(|row| {
        timeline.apply(row);
    });
    Some(timeline)
}

fn names(driver: &Local) -> Vec<String> {
    let mut names: Vec<String> = driver.list().unwrap().iter().map(|run| run.run.to_string()).collect();
    names.sort();
    names
}

fn runs_go_by_age_and_by_count(kind: Kind) {
    let world = world(kind);
    let (driver, quick) = (world.driver(), written(QUICK));
    for n in 1..=4 {
        ran(&world, &driver, &quick, &format!("q{n}"), n);
        world.clock.advance(SignedDuration::from_mins(10));
    }
    let now = world.clock.now();
    assert_eq!(driver.overdue(&keeping(25, 0), now).unwrap().runs, [id("q1"), id("q2")]);
    assert_eq!(names(&driver).len(), 4, "to ask removes nothing");
    assert_eq!(driver.clean(&keeping(25, 3), now).unwrap().runs, [id("q1")]);
    assert_eq!(driver.clean(&keeping(0, 2), now).unwrap().runs, [id("q2")]);
    assert_eq!(names(&driver), ["q3", "q4"]);
    assert!(matches!(driver.history(&id("q1")), Err(Error::NoRun(_))));
}

fn a_run_that_is_not_finished_keeps_its_family_and_its_origin(kind: Kind) {
    let world = world(kind);
    let (driver, calls, slow) = (world.driver(), written(CALLS), written(SLOW));
    let parent = id("p");
    driver.start(calls, starting(&parent, 1)).unwrap();
    world.until("the called run to end", || {
        driver.list().unwrap().iter().any(|run| run.run != parent && run.state == State::Succeeded)
    });
    let origin = id("o");
    driver.start(slow.clone(), starting(&origin, 2)).unwrap();
    driver.cancel(&origin, engine::input::Cancel::Finally).unwrap();
    world.end(&driver, &origin);
    let past = Past::of(&timeline(&driver, &slow, &origin).unwrap(), &[], &BTreeMap::new(), &slow).unwrap();
    driver.start(slow, Start { past: Some(past.into()), ..starting(&id("f"), 2) }).unwrap();
    world.clock.advance(SignedDuration::from_mins(10));
    let now = world.clock.now();
    assert_eq!(driver.clean(&keeping(0, 0), now).unwrap().runs, []);
    for run in [&parent, &id("f")] {
        world.until("the run to listen", || go(&driver, run).is_ok());
        assert!(matches!(world.end(&driver, run), Status::Succeeded(_)));
    }
    world.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(driver.clean(&keeping(0, 0), world.clock.now()).unwrap().runs.len(), 4);
    assert!(world_is_empty(&driver, &*world.journal()));
}

fn world_is_empty(driver: &Local, journal: &dyn Journal) -> bool {
    driver.list().unwrap().is_empty()
        && journal.values().unwrap().is_empty()
        && journal.signals().unwrap().is_empty()
}

fn a_value_goes_with_the_last_run_that_needs_it(kind: Kind) {
    let world = world(kind);
    let (driver, quick, journal) = (world.driver(), written(QUICK), world.journal());
    ran(&world, &driver, &quick, "q1", 1);
    world.clock.advance(SignedDuration::from_mins(10));
    ran(&world, &driver, &quick, "q2", 1);
    ran(&world, &driver, &quick, "q3", 2);
    // Each large value is two: the file that it holds stands alone.
    assert_eq!(journal.values().unwrap().len(), 4);
    assert_eq!(driver.clean(&keeping(5, 0), world.clock.now()).unwrap().values, 0);
    world.clock.advance(SignedDuration::from_mins(10));
    ran(&world, &driver, &quick, "q4", 2);
    let cleaned = driver.clean(&keeping(5, 0), world.clock.now()).unwrap();
    assert_eq!((cleaned.runs.len(), cleaned.values), (2, 2));
    assert_eq!(journal.values().unwrap().len(), 2);
    let Status::Succeeded(output) = status(&driver, &id("q4")) else { panic!("it succeeded") };
    assert_eq!(output.load_all(&Kept(&*journal)), Some(large(2)));
}

/// A value that the driver had kept once is not taken for kept after it is gone.
fn a_value_that_was_removed_is_kept_again(kind: Kind) {
    let world = world(kind);
    let (driver, quick, journal) = (world.driver(), written(QUICK), world.journal());
    ran(&world, &driver, &quick, "q1", 1);
    world.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(driver.clean(&keeping(0, 0), world.clock.now()).unwrap().values, 2);
    ran(&world, &driver, &quick, "q2", 1);
    let Status::Succeeded(output) = status(&driver, &id("q2")) else { panic!("it succeeded") };
    assert_eq!(output.load_all(&Kept(&*journal)), Some(large(1)));
}

fn answers_go_when_they_are_as_old(kind: Kind) {
    let world = world(kind);
    let (driver, reads) = (world.driver(), written(READS));
    ran(&world, &driver, &reads, "r1", 1);
    world.clock.advance(SignedDuration::from_mins(10));
    ran(&world, &driver, &reads, "r2", 2);
    let cleaned = driver.clean(&keeping(5, 0), world.clock.now()).unwrap();
    assert_eq!((cleaned.runs, cleaned.answers, cleaned.values), (vec![id("r1")], 1, 2));
    // The answer that stays keeps its value.
    world.clock.advance(SignedDuration::from_mins(3));
    ran(&world, &driver, &reads, "r3", 2);
    assert_eq!(world.made().len(), 2);
}

fn no_run_takes_over_from_one_that_is_gone(kind: Kind) {
    let world = world(kind);
    let (driver, quick) = (world.driver(), written(QUICK));
    let origin = ran(&world, &driver, &quick, "q1", 1);
    let past = Past::of(&timeline(&driver, &quick, &origin).unwrap(), &[], &BTreeMap::new(), &quick).unwrap();
    world.clock.advance(SignedDuration::from_mins(10));
    driver.clean(&keeping(0, 0), world.clock.now()).unwrap();
    let begun = driver.start(quick, Start { past: Some(past.into()), ..starting(&id("f"), 1) });
    assert!(matches!(begun, Err(Error::NoRun(run)) if run == origin));
}

fn what_cannot_be_removed_stays_whole(kind: Kind) {
    let world = world(kind);
    let journal = Faulty::new(world.journal(), Fault::None);
    let (driver, quick) = (world.driver_over(journal.clone()), written(QUICK));
    ran(&world, &driver, &quick, "q1", 1);
    world.clock.advance(SignedDuration::from_mins(10));
    journal.set(Fault::FailOnce(journal.commits.load(Ordering::SeqCst)));
    assert!(driver.clean(&keeping(0, 0), world.clock.now()).is_err());
    assert!(matches!(status(&driver, &id("q1")), Status::Succeeded(_)));
    assert_eq!(driver.clean(&keeping(0, 0), world.clock.now()).unwrap().runs, [id("q1")]);
    assert!(world_is_empty(&driver, &*journal));
}

/// Large values as they are kept, without what a driver has at hand.
struct Kept<'a>(&'a dyn Journal);

impl dsl::value::Values for Kept<'_> {
    fn get(&self, hash: &Hash) -> Option<Value> {
        self.0.value(hash).ok().flatten()
    }
}

/// Numbers by chance, the same for a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Says that it is over when it goes.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Starts, forks, wakes and cleans at random, cleaning in a thread of its own, with restarts in between. At the end
/// every run that is left folds, has all its values, and finishes; and no run that was not finished is gone.
fn at_random(kind: Kind, seed: u64, fault: Fault) -> Result<(), String> {
    let world = world(kind);
    let journal = Faulty::new(world.journal(), fault);
    let plans = [QUICK, SLOW, CALLS, READS].map(written);
    let mut chance = Chance(seed);
    let mut began: BTreeMap<RunId, usize> = BTreeMap::new();
    for round in 0..4 {
        let driver = world.driver_over(journal.clone());
        driver.resume_all().map_err(|error| error.to_string())?;
        let (over, passes) = (AtomicBool::new(false), AtomicUsize::new(0));
        let ages = Chance(seed ^ round);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut ages = ages;
                while !over.load(Ordering::SeqCst) {
                    let keeping = keeping(ages.below(30) as i64, ages.below(3) as usize);
                    driver.clean(&keeping, world.clock.now()).unwrap();
                    passes.fetch_add(1, Ordering::SeqCst);
                }
            });
            // However this ends, the other thread ends as well.
            let _over = Over(&over);
            for place in 0..25 {
                step(&driver, &plans, &mut chance, &mut began);
                world.clock.advance(SignedDuration::from_mins(2));
                // However fast the rest is, some cleanings begin and end in between.
                if place % 8 == 7 {
                    let so_far = passes.load(Ordering::SeqCst);
                    world.until("two cleanings", || passes.load(Ordering::SeqCst) >= so_far + 2);
                }
            }
        });
        driver.stop();
    }
    journal.set(Fault::None);
    let driver = world.driver_over(journal.clone());
    driver.resume_all().map_err(|error| error.to_string())?;
    judge(&world, &driver, &*journal)
}

fn step(driver: &Local, plans: &[Arc<Plan>], chance: &mut Chance, began: &mut BTreeMap<RunId, usize>) {
    let which = chance.below(plans.len() as u64) as usize;
    let run = id(&format!("r{:04}", began.len()));
    let n = chance.below(20) as i64;
    let some = began.keys().nth(chance.below(began.len().max(1) as u64) as usize).cloned();
    match (chance.below(4), some) {
        (0 | 1, _) | (_, None) => {
            driver.start(plans[which].clone(), starting(&run, n)).unwrap();
            began.insert(run, which);
        }
        // Whatever does not listen, or is gone, hears nothing.
        (2, Some(some)) => drop(go(driver, &some)),
        (_, Some(some)) => {
            let plan = &plans[began[&some]];
            let Some(old) = timeline(driver, plan, &some).filter(|old| old.status().has_ended()) else {
                return;
            };
            let from =
                if chance.below(2) == 0 { vec![] } else { vec![plan.blocks[0].steps[0].name.to_string()] };
            let Ok(past) = Past::of(&old, &from, &BTreeMap::new(), plan) else { return };
            let inputs = old.state().inputs.clone();
            let start = Start { past: Some(past.into()), inputs, ..start(&run) };
            // Its origin may have gone in between.
            if driver.start(plan.clone(), start).is_ok() {
                began.insert(run, began[&some]);
            }
        }
    }
}

fn judge(world: &World, driver: &Local, journal: &dyn Journal) -> Result<(), String> {
    for summary in driver.list().unwrap() {
        let run = &summary.run;
        if summary.state == State::Running && !run.0.contains('-') {
            let listens = || go(driver, run).is_ok() || driver.summary(run).unwrap().state != State::Running;
            world.until("a run to listen or to end", listens);
        }
    }
    for summary in driver.list().unwrap() {
        let run = &summary.run;
        let ended = world.end(driver, run);
        let Status::Succeeded(output) = &ended else { return Err(format!("{run} ended as {ended:?}")) };
        output.load_all(&Kept(journal)).ok_or_else(|| format!("the output of {run} is gone"))?;
        let log = journal.log(run, 0).unwrap();
        Run::fold(&log).map_err(|error| error.to_string())?;
        let mut referred = BTreeSet::new();
        for event in log.iter().flat_map(|row| &row.events) {
            each_big(event, &mut |big| referred.extend([big.hash]));
        }
        for hash in referred {
            let value = journal.value(&hash).unwrap().ok_or_else(|| format!("a value of {run} is gone"))?;
            value.load_all(&Kept(journal)).ok_or_else(|| format!("a part of a value of {run} is gone"))?;
        }
    }
    world.clock.advance(SignedDuration::from_hours(3));
    driver.clean(&keeping(0, 0), world.clock.now()).unwrap();
    if world_is_empty(driver, journal) { Ok(()) } else { Err("something is left that nothing needs".into()) }
}

fn cleaning_beside_runs_takes_nothing_that_they_need(kind: Kind) {
    for seed in 0..6 {
        at_random(kind, seed, Fault::None).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
    }
}

/// A run that has ended and one that has not have one large value; the first is cleaned away.
fn beside_one_that_waits(kind: Kind, fault: Fault) -> Result<(), String> {
    let world = world(kind);
    let journal = Faulty::new(world.journal(), Fault::None);
    let driver = world.driver_over(journal.clone());
    ran(&world, &driver, &written(QUICK), "q", 3);
    let slow = id("s");
    driver.start(written(SLOW), starting(&slow, 3)).unwrap();
    let listens = |event: &Event| matches!(event, Event::StepListening { .. });
    world.until("the run to listen", || events(&driver, &slow).iter().any(listens));
    world.clock.advance(SignedDuration::from_mins(10));
    journal.set(fault);
    assert_eq!(driver.clean(&keeping(0, 0), world.clock.now()).unwrap().runs, [id("q")]);
    // Whoever moves the runs may still have it in memory.
    driver.stop();
    journal.set(Fault::None);
    let driver = world.driver_over(journal.clone());
    driver.resume_all().map_err(|error| error.to_string())?;
    judge(&world, &driver, &*journal)
}

fn cleaning_that_overlooks_unfinished_runs_is_found_out(kind: Kind) {
    assert_eq!(beside_one_that_waits(kind, Fault::None), Ok(()));
    let found = beside_one_that_waits(kind, Fault::Blind);
    match kind {
        Kind::Sqlite => assert!(found.is_err(), "the logs of unfinished runs need not be read"),
        // There the log holds its values itself, and they are kept again when a step uses them.
        Kind::Memory => assert_eq!(found, Ok(())),
    }
}
