//! The process may end between any two commits.

use std::collections::{BTreeMap, BTreeSet};

use dsl::catalog::{FailureKind, Safety};
use dsl::value::Value;
use engine::event::Event;
use engine::run::{At, Status};
use jiff::SignedDuration;
use runtime::driver::Driver;

use crate::for_every_driver;
use crate::plans::{call, each, plan, row, wait, written};
use crate::world::{Act, Fault, Faulty, Kind, World, events, id, start};

for_every_driver! {
    a_run_goes_on_after_the_end_of_the_process_at_any_commit,
    many_runs_go_on_after_the_end_of_the_process_at_any_commit,
    a_call_that_must_not_be_repeated_is_in_doubt,
    a_call_that_may_be_repeated_is_repeated_with_the_same_key,
    a_pause_goes_on_over_a_restart,
    resuming_what_is_under_way_changes_nothing,
    every_unfinished_run_is_taken_up,
}

/// The steps that the log says have succeeded.
fn succeeded(events: &[Event]) -> BTreeSet<At> {
    let done = events.iter().filter_map(|event| match event {
        Event::StepSucceeded { at, .. } => Some(*at),
        _ => None,
    });
    done.collect()
}

/// Which step a key belongs to, by the log.
fn keys(events: &[Event]) -> BTreeMap<String, At> {
    let started = events.iter().filter_map(|event| match event {
        Event::StepStarted { at, key, .. } => Some((key.to_string(), *at)),
        _ => None,
    });
    started.collect()
}

fn a_run_goes_on_after_the_end_of_the_process_at_any_commit(kind: Kind) {
    let steps = || {
        vec![
            call("a", Safety::Keyed, &[]),
            call("b", Safety::Read, &[]),
            wait("pause", SignedDuration::from_secs(30), &[0]),
            call("c", Safety::Idempotent, &[1, 2]),
            call("d", Safety::Keyed, &[3]),
        ]
    };
    for unsure in [false, true] {
        let mut died = 0;
        for after in 0.. {
            let world = World::new(kind, |call, _| {
                let result = Ok(Value::Int(1));
                if call.action.ends_with('b') { Act::Later(result) } else { Act::Now(result) }
            });
            let run = id("r1");
            let fault = if unsure { Fault::DieUnsure(after) } else { Fault::DieAfter(after) };
            let journal = Faulty::new(world.journal(), fault);
            let driver = world.driver_over(journal.clone());
            let begun = driver.start(plan("mixed", steps()), start(&run));
            // The pause is over whenever it begins.
            let ended = {
                let mut watched = driver.watch(&run);
                world.within(async {
                    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(1));
                    loop {
                        tokio::select! {
                            () = journal.dead() => return false,
                            row = watched.recv() => if row.is_none() { return true },
                            _ = ticks.tick() => world.clock.advance(SignedDuration::from_secs(60)),
                        }
                    }
                })
            };
            drop(driver);
            drop(journal);
            if ended {
                assert!(begun.is_ok());
                break;
            }
            died += 1;
            let driver = world.driver();
            if driver.history(&run).is_err() {
                assert!(begun.is_err() && !unsure);
                driver.start(plan("mixed", steps()), start(&run)).unwrap();
            }
            let before = events(&driver, &run);
            let made_before = world.script.made.lock().unwrap().len();
            driver.resume(&run).unwrap();
            let mut watched = driver.watch(&run);
            world.within(async {
                let mut ticks = tokio::time::interval(std::time::Duration::from_millis(1));
                loop {
                    tokio::select! {
                        row = watched.recv() => if row.is_none() { break },
                        _ = ticks.tick() => world.clock.advance(SignedDuration::from_secs(60)),
                    }
                }
            });
            let after_all = events(&driver, &run);
            assert!(
                matches!(crate::world::status(&driver, &run), Status::Succeeded(_)),
                "died after {after}"
            );
            // What the log said was done is not done again, and a repeated call has its old key.
            let (done, keys) = (succeeded(&before), keys(&after_all));
            let made = world.script.made.lock().unwrap();
            for again in &made[made_before..] {
                assert!(!done.contains(&keys[&again.key]), "{} again, died after {after}", again.action);
            }
            let known: BTreeSet<&str> = made.iter().map(|made| made.key.as_str()).collect();
            assert_eq!(known.len(), 4, "died after {after}");
        }
        assert!(died >= 5, "{died}");
    }
}

fn many_runs_go_on_after_the_end_of_the_process_at_any_commit(kind: Kind) {
    for after in 0..12 {
        let world = World::new(kind, |_, _| Act::Later(Ok(Value::Int(1))));
        let journal = Faulty::new(world.journal(), Fault::DieAfter(after));
        let driver = world.driver_over(journal.clone());
        let runs: Vec<_> = (0..20).map(|n| id(&format!("r{n:02}"))).collect();
        let begun: Vec<_> = runs.iter().map(|run| driver.begin(row(3, Safety::Keyed), start(run))).collect();
        let begun: Vec<bool> = begun.into_iter().map(|begun| world.within(begun).unwrap().is_ok()).collect();
        world.within(async {
            tokio::select! {
                () = journal.dead() => {}
                () = async {
                    for run in &runs {
                        let mut watched = driver.watch(run);
                        while watched.recv().await.is_some() {}
                    }
                } => {}
            }
        });
        drop(driver);
        drop(journal);
        let driver = world.driver();
        let (_, failed) = driver.resume_all().unwrap();
        assert!(failed.is_empty());
        for (run, begun) in runs.iter().zip(begun) {
            // A start that was acknowledged is never lost.
            match driver.history(run) {
                Ok(_) => assert!(matches!(world.end(&driver, run), Status::Succeeded(_))),
                Err(_) => assert!(!begun),
            }
        }
    }
}

fn a_call_that_must_not_be_repeated_is_in_doubt(kind: Kind) {
    let world = World::new(kind, |_, _| Act::Never);
    let driver = world.driver();
    let run = id("r1");
    let text = "name: once\nsteps: { s0: { use: test.once, on_doubt: fail } }\n";
    driver.start(written(text), start(&run)).unwrap();
    world.await_waiting(1);
    drop(driver);
    let driver = world.driver();
    driver.resume(&run).unwrap();
    let Status::Failed(failed) = world.end(&driver, &run) else { panic!("it fails") };
    assert_eq!(failed.failure.kind, FailureKind::InDoubt);
    assert_eq!(world.made().len(), 1);
}

fn a_call_that_may_be_repeated_is_repeated_with_the_same_key(kind: Kind) {
    for safety in [Safety::Read, Safety::Idempotent, Safety::Keyed] {
        let world = World::new(kind, |_, nth| if nth == 0 { Act::Never } else { Act::Now(Ok(Value::Null)) });
        let driver = world.driver();
        let run = id("r1");
        driver.start(row(1, safety), start(&run)).unwrap();
        world.await_waiting(1);
        drop(driver);
        let driver = world.driver();
        driver.resume(&run).unwrap();
        assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
        let made = world.script.made.lock().unwrap();
        assert_eq!(made.len(), 2);
        assert_eq!(made[0], made[1]);
    }
}

fn a_pause_goes_on_over_a_restart(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    let run = id("r1");
    let steps = || vec![wait("pause", SignedDuration::from_hours(1), &[]), call("after", Safety::Once, &[0])];
    driver.start(plan("sleepy", steps()), start(&run)).unwrap();
    drop(driver);
    let driver = world.driver();
    driver.resume(&run).unwrap();
    assert_eq!(crate::world::status(&driver, &run), Status::Running);
    drop(driver);
    world.clock.advance(SignedDuration::from_hours(2));
    let driver = world.driver();
    driver.resume(&run).unwrap();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
}

fn resuming_what_is_under_way_changes_nothing(kind: Kind) {
    let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver();
    let run = id("r1");
    driver.start(row(1, Safety::Once), start(&run)).unwrap();
    world.await_waiting(1);
    driver.resume(&run).unwrap();
    world.open_gate();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
    assert_eq!(world.made().len(), 1);
}

fn every_unfinished_run_is_taken_up(kind: Kind) {
    let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver();
    let runs: Vec<_> = (0..100).map(|n| id(&format!("r{n:03}"))).collect();
    for run in &runs {
        driver.start(each(3, 2, Safety::Keyed), start(run)).unwrap();
    }
    world.await_waiting(200);
    drop(driver);
    world.await_waiting(0);
    world.open_gate();
    let driver = world.driver();
    assert_eq!(driver.unfinished().unwrap(), runs);
    assert_eq!(driver.resume_all().unwrap().0, 100);
    for run in &runs {
        assert!(matches!(world.end(&driver, run), Status::Succeeded(_)));
    }
}
