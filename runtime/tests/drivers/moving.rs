//! Runs go from start to end.

use std::sync::atomic::Ordering;

use dsl::catalog::{FailureKind, Safety};
use dsl::value::{Hash, Value};
use dsl::workflow::Step;
use engine::event::Event;
use engine::input::{Cancel, Start};
use engine::run::Status;
use jiff::SignedDuration;
use runtime::driver::{Driver, Error, State};

use crate::for_every_driver;
use crate::plans::{call, call_with, each, plan, row, wait};
use crate::world::{Act, Fault, Faulty, Kind, World, events, id, passing, start, status};

for_every_driver! {
    a_row_of_calls_succeeds,
    calls_that_do_not_wait_for_each_other_are_under_way_together,
    a_failed_call_is_tried_again_when_its_pause_is_over,
    a_pause_ends_when_its_time_has_come,
    a_cancelled_run_gives_up_its_calls,
    a_call_that_takes_too_long_is_given_up,
    a_panic_of_an_executor_is_a_failure_of_the_step,
    many_runs_share_commits,
    reads_in_a_row_share_a_commit_and_acting_calls_do_not,
    a_block_over_many_items_ends,
    a_large_value_is_kept_by_its_hash,
    a_value_too_deep_to_be_read_again_is_a_failure,
    a_name_is_used_once,
    what_is_not_there_is_said,
    nothing_is_moved_after_a_stop,
}

fn a_row_of_calls_succeeds(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    let run = id("r1");
    driver.start(row(3, Safety::Keyed), start(&run)).unwrap();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
    assert_eq!(world.made(), ["test.s0", "test.s1", "test.s2"]);
    let numbers: Vec<u64> = driver.history(&run).unwrap().iter().map(|row| row.seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let summary = driver.summary(&run).unwrap();
    assert_eq!((summary.workflow.as_str(), summary.state), ("row", State::Succeeded));
    assert!(summary.ended.is_some());
    assert_eq!(driver.list().unwrap(), [summary]);
    assert_eq!(driver.plan(&run).unwrap().digest, row(3, Safety::Keyed).digest);
    assert_eq!(driver.unfinished().unwrap(), []);
}

fn calls_that_do_not_wait_for_each_other_are_under_way_together(kind: Kind) {
    let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver();
    let run = id("r1");
    let steps = ["a", "b", "c"].map(|name| call(name, Safety::Keyed, &[]));
    driver.start(plan("wide", steps.to_vec()), start(&run)).unwrap();
    world.await_waiting(3);
    world.open_gate();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
}

fn a_failed_call_is_tried_again_when_its_pause_is_over(kind: Kind) {
    let world =
        World::new(
            kind,
            |_, nth| if nth < 2 { Act::Now(Err(passing("busy"))) } else { Act::Now(Ok(Value::Null)) },
        );
    let driver = world.driver();
    let run = id("r1");
    driver.start(row(1, Safety::Keyed), start(&run)).unwrap();
    for failures in 1..=2 {
        world.until("a failure", || {
            events(&driver, &run).iter().filter(|event| matches!(event, Event::StepFailed { .. })).count()
                == failures
        });
        assert_eq!(world.made().len(), failures);
        world.clock.advance(SignedDuration::from_mins(10));
    }
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
    let made = world.script.made.lock().unwrap();
    assert_eq!(made.iter().map(|made| made.attempt).collect::<Vec<_>>(), [1, 2, 3]);
}

fn a_pause_ends_when_its_time_has_come(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    let run = id("r1");
    let steps = vec![wait("pause", SignedDuration::from_hours(48), &[]), call("after", Safety::Once, &[0])];
    driver.start(plan("sleepy", steps), start(&run)).unwrap();
    world.clock.advance(SignedDuration::from_hours(47));
    assert_eq!(status(&driver, &run), Status::Running);
    assert_eq!(world.made().len(), 0);
    world.clock.advance(SignedDuration::from_hours(2));
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
    assert_eq!(world.made(), ["test.after"]);
}

fn a_cancelled_run_gives_up_its_calls(kind: Kind) {
    let world = World::new(kind, |_, _| Act::Never);
    let driver = world.driver();
    let run = id("r1");
    driver.start(row(2, Safety::Once), start(&run)).unwrap();
    world.await_waiting(1);
    driver.cancel(&run, Cancel::Finally).unwrap();
    assert_eq!(world.end(&driver, &run), Status::Cancelled);
    world.await_waiting(0);
    let before = driver.history(&run).unwrap();
    driver.cancel(&run, Cancel::Kill).unwrap();
    driver.resume(&run).unwrap();
    assert_eq!(driver.history(&run).unwrap(), before);
    assert_eq!(driver.summary(&run).unwrap().state, State::Cancelled);
}

fn a_call_that_takes_too_long_is_given_up(kind: Kind) {
    let world = World::new(kind, |_, _| Act::Never);
    let driver = world.driver();
    let run = id("r1");
    let slow = Step { timeout: Some(SignedDuration::from_mins(1)), ..call("slow", Safety::Once, &[]) };
    driver.start(plan("slow", vec![slow]), start(&run)).unwrap();
    world.await_waiting(1);
    world.clock.advance(SignedDuration::from_mins(2));
    let Status::Failed(failed) = world.end(&driver, &run) else { panic!("it fails") };
    assert_eq!(failed.failure.kind, FailureKind::Timeout);
    world.await_waiting(0);
}

fn a_panic_of_an_executor_is_a_failure_of_the_step(kind: Kind) {
    let world = World::new(kind, |_, _| Act::Panic);
    let driver = world.driver();
    let run = id("r1");
    driver.start(row(1, Safety::Once), start(&run)).unwrap();
    let Status::Failed(failed) = world.end(&driver, &run) else { panic!("it fails") };
    assert_eq!(failed.failure.message, "`test.s0` broke off: as it was told");
    driver.start(row(0, Safety::Once), start(&id("r2"))).unwrap();
    assert!(matches!(world.end(&driver, &id("r2")), Status::Succeeded(_)));
}

fn many_runs_share_commits(kind: Kind) {
    let world = World::new(kind, |call, _| {
        let result = Ok(Value::Int(1));
        if call.action.ends_with('1') { Act::Later(result) } else { Act::Now(result) }
    });
    let journal = Faulty::new(world.journal(), Fault::None);
    let driver = world.driver_over(journal.clone());
    let plan = row(5, Safety::Keyed);
    let runs: Vec<_> = (0..200).map(|n| id(&format!("r{n}"))).collect();
    let begun: Vec<_> = runs.iter().map(|run| driver.begin(plan.clone(), start(run))).collect();
    for begun in begun {
        world.within(begun).unwrap().unwrap();
    }
    let mut rows = 0;
    for run in &runs {
        assert!(matches!(world.end(&driver, run), Status::Succeeded(_)));
        rows += driver.history(run).unwrap().len();
    }
    let commits = journal.commits.load(Ordering::SeqCst);
    assert!(commits * 2 < rows, "{commits} commits of {rows} rows");
    assert_eq!(world.made().len(), 1000);
}

fn reads_in_a_row_share_a_commit_and_acting_calls_do_not(kind: Kind) {
    for (safety, expected) in [(Safety::Read, 2), (Safety::Keyed, 11)] {
        let world = World::easy(kind);
        let journal = Faulty::new(world.journal(), Fault::None);
        let driver = world.driver_over(journal.clone());
        let run = id("r1");
        driver.start(row(10, safety), start(&run)).unwrap();
        assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
        assert_eq!(journal.commits.load(Ordering::SeqCst), expected, "{safety:?}");
    }
}

fn a_block_over_many_items_ends(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    let run = id("r1");
    driver.start(each(500, 20, Safety::Read), start(&run)).unwrap();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
    assert_eq!(world.made().len(), 500);
}

fn a_large_value_is_kept_by_its_hash(kind: Kind) {
    let given = Value::text("given ".repeat(20_000));
    let answered = Value::text("answered ".repeat(20_000));
    let answer = answered.clone();
    let world = World::new(kind, move |_, _| Act::Now(Ok(answer.clone())));
    let driver = world.driver();
    let run = id("r1");
    let args = Value::object([("text", given.clone())]);
    let inputs = Value::object([("text", Value::text("input ".repeat(20_000)))]);
    let begun = Start { inputs, ..start(&run) };
    let steps = vec![call_with("big", Safety::Keyed, &[], args.clone())];
    driver.start(plan("large", steps), begun).unwrap();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
    // The executor saw the value itself.
    assert_eq!(world.script.made.lock().unwrap()[0].args, args);
    let hash = Hash::of(&answered.stored());
    drop(driver);
    let driver = world.driver();
    let stored = serde_json::to_string(&driver.history(&run).unwrap()).unwrap();
    assert!(stored.len() < 2000 && stored.contains(&hash.to_string()), "{} bytes", stored.len());
    assert_eq!(driver.value(&hash), Some(answered));
    assert_eq!(driver.value(&Hash([0; 32])), None);
}

fn a_value_too_deep_to_be_read_again_is_a_failure(kind: Kind) {
    let deep = (0..100).fold(Value::Null, |inner, _| Value::list(vec![inner]));
    let world = World::new(kind, move |_, _| Act::Now(Ok(deep.clone())));
    let driver = world.driver();
    driver.start(row(1, Safety::Once), start(&id("r1"))).unwrap();
    let Status::Failed(failed) = world.end(&driver, &id("r1")) else { panic!("it fails") };
    assert_eq!(failed.failure.kind, FailureKind::Limit);
}

fn a_name_is_used_once(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    let run = id("r1");
    driver.start(row(1, Safety::Keyed), start(&run)).unwrap();
    world.end(&driver, &run);
    assert!(matches!(driver.start(row(1, Safety::Keyed), start(&run)), Err(Error::Exists(_))));
    drop(driver);
    let driver = world.driver();
    assert!(matches!(driver.start(row(1, Safety::Keyed), start(&run)), Err(Error::Exists(_))));
    assert_eq!(world.made().len(), 1);
}

fn what_is_not_there_is_said(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    let run = id("nobody");
    assert!(matches!(driver.cancel(&run, Cancel::Kill), Err(Error::NoRun(_))));
    assert!(matches!(driver.resume(&run), Err(Error::NoRun(_))));
    assert!(matches!(driver.history(&run), Err(Error::NoRun(_))));
    assert!(matches!(driver.plan(&run), Err(Error::NoRun(_))));
    assert!(matches!(driver.summary(&run), Err(Error::NoRun(_))));
    assert_eq!(driver.list().unwrap(), []);
}

fn nothing_is_moved_after_a_stop(kind: Kind) {
    let world = World::new(kind, |_, _| Act::Never);
    let driver = world.driver();
    driver.start(row(1, Safety::Keyed), start(&id("r1"))).unwrap();
    let mut rows = driver.watch(&id("r1"));
    world.await_waiting(1);
    driver.stop();
    world.await_waiting(0);
    assert_eq!(world.within(rows.recv()), None);
    assert_eq!(world.within(driver.watch(&id("r1")).recv()), None);
    assert!(matches!(driver.start(row(1, Safety::Keyed), start(&id("r2"))), Err(Error::Stopped)));
    assert_eq!(driver.unfinished().unwrap(), [id("r1")]);
    driver.stop();
}
