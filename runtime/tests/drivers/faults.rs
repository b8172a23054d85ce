//! A commit may fail while the process lives on, as on a full disk.

use dsl::catalog::Safety;
use dsl::value::Value;
use engine::input::Cancel;
use engine::run::Status;
use runtime::driver::{Driver, Error};

use crate::for_every_driver;
use crate::plans::{call, plan, row};
use crate::world::{Act, Fault, Faulty, Kind, World, id, start};

for_every_driver! {
    a_commit_that_fails_loses_nothing_and_repeats_nothing,
    a_commit_that_only_seemed_to_fail_loses_nothing_and_repeats_nothing,
    reads_that_went_out_before_a_commit_that_fails_are_made_again,
    a_start_that_cannot_be_kept_is_refused_and_may_be_tried_again,
    a_cancel_that_cannot_be_kept_is_refused_and_may_be_tried_again,
    a_run_that_cannot_be_read_is_trouble_until_it_can,
}

/// A run of calls that must not be repeated, in which one commit fails: each of them, one after the other.
fn goes_on_after(kind: Kind, fault: fn(usize) -> Fault) -> usize {
    for after in 1.. {
        let world = World::new(kind, |call, _| {
            let result = Ok(Value::Int(1));
            if call.action.ends_with('b') { Act::Later(result) } else { Act::Now(result) }
        });
        let journal = Faulty::new(world.journal(), fault(after));
        let driver = world.driver_over(journal.clone());
        let run = id("r1");
        let mut watched = driver.watch(&run);
        let steps = vec![
            call("a", Safety::Once, &[]),
            call("b", Safety::Once, &[]),
            call("c", Safety::Once, &[0, 1]),
            call("d", Safety::Once, &[2]),
        ];
        driver.start(plan("careful", steps), start(&run)).unwrap();
        let mut rows = vec![];
        world.within(async {
            while let Some(row) = watched.recv().await {
                rows.push(row);
            }
        });
        assert!(matches!(crate::world::status(&driver, &run), Status::Succeeded(_)), "commit {after}");
        let mut made = world.made();
        made.sort();
        assert_eq!(made, ["test.a", "test.b", "test.c", "test.d"], "commit {after}");
        assert_eq!(rows, driver.history(&run).unwrap(), "commit {after}");
        if !journal.failed() {
            return after - 1;
        }
    }
    unreachable!("a run has an end")
}

fn a_commit_that_fails_loses_nothing_and_repeats_nothing(kind: Kind) {
    assert!(goes_on_after(kind, Fault::FailOnce) >= 3);
}

fn a_commit_that_only_seemed_to_fail_loses_nothing_and_repeats_nothing(kind: Kind) {
    assert!(goes_on_after(kind, Fault::UnsureOnce) >= 3);
}

fn reads_that_went_out_before_a_commit_that_fails_are_made_again(kind: Kind) {
    for fault in [Fault::FailOnce(1), Fault::UnsureOnce(1)] {
        let world = World::easy(kind);
        let journal = Faulty::new(world.journal(), fault);
        let driver = world.driver_over(journal.clone());
        let run = id("r1");
        let mut watched = driver.watch(&run);
        driver.start(row(5, Safety::Read), start(&run)).unwrap();
        let mut rows = vec![];
        world.within(async {
            while let Some(row) = watched.recv().await {
                rows.push(row);
            }
        });
        assert!(journal.failed());
        assert!(matches!(crate::world::status(&driver, &run), Status::Succeeded(_)));
        assert_eq!(rows, driver.history(&run).unwrap());
    }
}

fn a_start_that_cannot_be_kept_is_refused_and_may_be_tried_again(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver_over(Faulty::new(world.journal(), Fault::FailOnce(0)));
    let run = id("r1");
    let refused = driver.start(row(1, Safety::Once), start(&run)).unwrap_err();
    assert!(matches!(&refused, Error::Store(cause) if matches!(**cause, store::Error::Full { .. })));
    assert!(refused.help().unwrap().contains("make room"));
    assert_eq!(world.made().len(), 0);
    driver.start(row(1, Safety::Once), start(&run)).unwrap();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
}

fn a_cancel_that_cannot_be_kept_is_refused_and_may_be_tried_again(kind: Kind) {
    let world = World::new(kind, |_, _| Act::Never);
    let driver = world.driver_over(Faulty::new(world.journal(), Fault::FailOnce(1)));
    let run = id("r1");
    driver.start(row(1, Safety::Once), start(&run)).unwrap();
    world.await_waiting(1);
    assert!(driver.cancel(&run, Cancel::Finally).is_err());
    // The call goes on as if nothing had been said.
    assert_eq!(world.script.waiting.load(std::sync::atomic::Ordering::SeqCst), 1);
    driver.cancel(&run, Cancel::Finally).unwrap();
    assert_eq!(world.end(&driver, &run), Status::Cancelled);
}

fn a_run_that_cannot_be_read_is_trouble_until_it_can(kind: Kind) {
    let world = World::easy(kind);
    let journal = Faulty::new(world.journal(), Fault::BlankAfter(1));
    let driver = world.driver_over(journal.clone());
    let run = id("r1");
    driver.start(row(3, Safety::Once), start(&run)).unwrap();
    let damaged = |driver: &runtime::local::Local| {
        let trouble = driver.trouble();
        matches!(trouble, Some((_, Error::Store(cause))) if matches!(*cause, store::Error::Damaged { .. }))
    };
    let begun = std::time::Instant::now();
    while !damaged(&driver) {
        assert!(begun.elapsed().as_secs() < 20, "{:?}", driver.trouble());
        std::thread::yield_now();
    }
    journal.set(Fault::None);
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
    assert!(driver.trouble().is_none());
    assert_eq!(world.made().len(), 3);
}
