//! The keeper of schedules over a real file and a real driver: clocks that jump, processes that die before, within and
//! after a commit. Each instant stands in the books once, and each run that they name is there.

#![allow(clippy::unwrap_used)]

#[path = "timekeeper/world.rs"]
mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::input::Cancel;
use engine::run::RunId;
use jiff::SignedDuration;
use runtime::clock::{Manual, NAP};
use runtime::driver::Driver;
use runtime::timekeeper::Timekeeper;
use world::{Away, Fault, START, World};

/// 500 jumps of the clock of 1 s to 1 year, forward and back, with a death in every fifth life.
fn jumps(seed: u64, fault: Fault) -> Vec<String> {
    let mut world = World::new(seed, fault);
    for jump in 0..500 {
        world.jump();
        world.look();
        if jump % 25 == 0 {
            let faults = world.faults();
            if !faults.is_empty() {
                return faults;
            }
        }
    }
    world.settle();
    world.faults()
}

#[test]
fn over_500_jumps_of_the_clock_each_time_starts_once_or_is_accounted_for() {
    let seed = std::env::var("KEYWAY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    println!("seed {seed}");
    assert_eq!(jumps(seed, Fault::None), Vec::<String>::new());
}

#[test]
fn a_keeper_that_writes_the_books_apart_from_the_start_is_seen() {
    let seen = (1..4).flat_map(|seed| jumps(seed, Fault::Apart)).collect::<Vec<_>>();
    assert!(seen.iter().any(|fault| fault.contains("is not there")), "{seen:?}");
}

#[test]
fn a_keeper_that_forgets_what_is_accounted_for_is_seen() {
    assert!(!jumps(1, Fault::Forgets).is_empty());
}

#[test]
fn what_waits_in_a_queue_begins_when_the_run_before_it_has_ended() {
    let mut world = World::new(1, Fault::None);
    world.move_clock(SignedDuration::from_hours(3));
    world.look();
    // `long` waits for 90 minutes, each hour, with `overlap: queue`.
    let told = |world: &World| {
        world.ticks("long").into_iter().map(|tick| (tick.outcome, tick.run.is_some())).collect::<Vec<_>>()
    };
    let (started, queued) = (("started".to_owned(), true), ("queued".to_owned(), false));
    assert_eq!(told(&world).last(), Some(&started));
    for _ in 0..2 {
        world.move_clock(SignedDuration::from_hours(1));
        world.look();
    }
    assert!(told(&world).contains(&queued), "{:?}", told(&world));
    world.settle();
    let due: Vec<_> = told(&world).into_iter().filter(|it| *it == queued).collect();
    assert!(due.len() <= 1, "{due:?}");
    assert_eq!(world.faults(), Vec::<String>::new());
}

/// A run of `skips` is under way from 01:30 to 04:00. What becomes of 02:00 and 03:00 is decided with trouble at the first
/// of these. Gives how many runs were started.
fn started_around(trouble: impl Fn(&mut World)) -> usize {
    let mut world = World::that_skips();
    world.move_clock(SignedDuration::from_hours(1));
    world.look_once().unwrap();
    world.move_clock(SignedDuration::from_mins(30));
    trouble(&mut world);
    world.look_once().unwrap();
    world.move_clock(SignedDuration::from_hours(1));
    world.look_once().unwrap();
    let ticks = world.ticks("skips");
    println!("{ticks:?}");
    assert_eq!(ticks.len(), 3);
    ticks.iter().filter(|tick| tick.outcome == "started").count()
}

#[test]
fn after_a_read_that_failed_no_second_run_is_started() {
    for away in [Away::Runs, Away::Books] {
        let started = started_around(|world| assert!(world.look_past(away), "{away:?} is not told"));
        assert_eq!(started, 1, "{away:?}");
    }
}

/// The control: a keeper that forgets the run under way starts a second one.
#[test]
fn a_keeper_that_forgets_the_run_under_way_is_seen() {
    let forgets = |world: &mut World| {
        world.doctor("UPDATE ticks SET run = NULL");
        assert!(world.look_past(Away::Runs));
    };
    assert_eq!(started_around(forgets), 2);
}

#[test]
fn what_is_overdue_or_worked_on_by_nobody_is_late_and_nothing_else() {
    let mut world = World::that_queues();
    assert_eq!(world.late(), Vec::<String>::new());
    // Nobody looks for three hours.
    world.move_clock(SignedDuration::from_hours(3));
    let late = world.late();
    assert!(late.len() == 1 && late[0].contains("of `queues` was due at"), "{late:?}");
    // One is under way from here on, with a timer, and the others wait for it.
    world.look_once().unwrap();
    assert_eq!(world.late(), Vec::<String>::new());
    world.abandon("lost");
    let late = world.late();
    assert!(late.len() == 1 && late[0].contains("lost is not finished, and nobody moves it"), "{late:?}");
    world.cannot_keep("queues");
    assert!(world.late().iter().any(|late| late.contains("cannot be kept")), "{:?}", world.late());
}

#[test]
fn the_thread_starts_what_is_due_when_the_clock_jumps() {
    let mut world = World::new(1, Fault::None);
    let clock: Manual = world.clock.clone();
    let keeper = world.take_keeper();
    let keeper = Timekeeper::new(keeper, Arc::new(clock.clone()));
    clock.advance(SignedDuration::from_hours(2));
    let end = Instant::now() + Duration::from_secs(20);
    while world.ticks("quick").is_empty() {
        assert!(Instant::now() < end, "nothing was started after {START}");
        std::thread::yield_now();
    }
    keeper.stop();
    assert!(keeper.watch().trouble.is_none());
}

#[test]
fn a_start_that_waits_follows_when_the_run_before_it_ends() {
    let mut world = World::that_queues();
    let clock: Manual = world.clock.clone();
    let keeper = world.take_keeper();
    let driver = keeper.driver().clone();
    let keeper = Timekeeper::new(keeper, Arc::new(clock.clone()));
    let mut ended = Instant::now();
    clock.advance(SignedDuration::from_hours(6));
    for count in 1..=6 {
        let started = loop {
            let started = world.ticks("queues").into_iter().filter(|tick| tick.outcome == "started");
            let runs: Vec<_> = started.filter_map(|tick| tick.run).collect();
            if runs.len() == count {
                break runs;
            }
            assert!(ended.elapsed() < Duration::from_secs(20), "{count} of 6");
            std::thread::yield_now();
        };
        // The keeper has just looked: without a word from the run it would look again after its nap.
        assert!(count == 1 || ended.elapsed() < NAP * 3 / 4, "{:?}", ended.elapsed());
        ended = Instant::now();
        driver.cancel(&RunId(started[count - 1].as_str().into()), Cancel::Kill).unwrap();
    }
    keeper.stop();
}
