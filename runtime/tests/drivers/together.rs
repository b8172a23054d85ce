//! Runs that have to do with one another: one calls another, signals go between them, some share a limit.

use dsl::catalog::{FailureKind, Safety};
use dsl::value::Value;
use engine::command::Emitted;
use engine::event::Event;
use engine::input::{Answer, Cancel, Choice, Input, Known, Start};
use engine::run::{At, Hold, RunId, Status};
use jiff::SignedDuration;
use runtime::driver::{Driver, Error, State};
use runtime::local::Local;

use crate::for_every_driver;
use crate::plans::{row, written};
use crate::world::{Act, Fault, Faulty, Kind, World, events, id, start, status};

for_every_driver! {
    a_called_run_gives_its_output,
    a_called_run_that_fails_fails_its_step,
    a_run_that_is_cancelled_cancels_what_it_called,
    a_called_run_is_begun_once_whenever_the_process_ends,
    a_called_run_whose_start_cannot_be_kept_is_begun_later,
    runs_do_not_call_one_another_without_end,
    a_signal_wakes_the_step_that_has_listened_longest,
    a_signal_that_nobody_waits_for_is_kept_over_a_restart,
    a_raised_signal_arrives_once_whenever_the_process_ends,
    a_signal_for_a_run_that_has_ended_is_dropped,
    a_further_run_waits_for_room,
    a_further_run_is_left_out,
    a_further_run_takes_the_place_of_the_oldest,
    runs_that_wait_for_room_wait_on_after_a_restart,
    runs_with_other_keys_have_room_of_their_own,
    an_answer_is_used_again_until_it_is_too_old,
    an_answer_of_one_owner_is_no_others,
    a_paused_run_starts_nothing,
    what_nobody_waits_for_is_said,
    a_doubt_is_settled_by_a_person,
}

const OTHER: &str = "name: other\ninputs: { n: integer }\nsteps: { a: { use: test.keyed, with: { n: \"{{ inputs.n }}\" } } }\noutput: \"{{ steps.a }}\"\n";
const CALLS: &str = "name: calls\nsteps: { child: { call: other, with: { n: 7 } }, after: { use: test.keyed, with: { n: \"{{ steps.child }}\" } } }\noutput: \"{{ steps.child }}\"\n";
const LISTENS: &str = "name: listens\nsteps: { go: { wait: { signal: go } } }\noutput: \"{{ steps.go }}\"\n";

fn calling(kind: Kind, play: impl Fn(&engine::command::Call, usize) -> Act + Send + Sync + 'static) -> World {
    let world = World::new(kind, play);
    world.script.workflows.lock().unwrap().push(written(OTHER));
    world
}

/// The runs but one.
fn others(driver: &Local, run: &RunId) -> Vec<RunId> {
    driver.list().unwrap().into_iter().map(|summary| summary.run).filter(|other| other != run).collect()
}

fn output(status: Status) -> Value {
    match status {
        Status::Succeeded(output) => output,
        other => panic!("it does not succeed: {other:?}"),
    }
}

fn a_called_run_gives_its_output(kind: Kind) {
    let world = calling(kind, |_, nth| Act::Now(Ok(Value::Int(40 + nth as i64))));
    let driver = world.driver();
    let run = id("r1");
    driver.start(written(CALLS), start(&run)).unwrap();
    assert_eq!(output(world.end(&driver, &run)), Value::Int(40));
    let [child] = others(&driver, &run).try_into().unwrap();
    assert!(child.0.starts_with("r1-"), "{child}");
    assert_eq!(driver.summary(&child).unwrap().state, State::Succeeded);
    assert_eq!(world.made(), ["test.keyed", "test.keyed"]);
}

fn a_called_run_that_fails_fails_its_step(kind: Kind) {
    let world = calling(kind, |_, _| Act::Now(Err(dsl::catalog::Failure::new(FailureKind::Invalid, "no"))));
    let driver = world.driver();
    let run = id("r1");
    driver.start(written(CALLS), start(&run)).unwrap();
    let Status::Failed(failure) = world.end(&driver, &run) else { panic!("it fails") };
    assert_eq!((failure.step.as_str(), failure.failure.kind), ("child", FailureKind::Invalid));
    assert_eq!(failure.failure.message, "`other` failed at `a`: no");
    assert_eq!(world.made().len(), 1);
}

fn a_run_that_is_cancelled_cancels_what_it_called(kind: Kind) {
    let world = calling(kind, |_, _| Act::Never);
    let driver = world.driver();
    let run = id("r1");
    driver.start(written(CALLS), start(&run)).unwrap();
    world.await_waiting(1);
    let [child] = others(&driver, &run).try_into().unwrap();
    driver.cancel(&run, Cancel::Finally).unwrap();
    assert_eq!(world.end(&driver, &run), Status::Cancelled);
    assert_eq!(world.end(&driver, &child), Status::Cancelled);
    world.await_waiting(0);
}

/// Ends the process after each commit in turn, and takes up what there is.
fn at_every_commit(kind: Kind, begin: impl Fn(&World, &Local), judge: impl Fn(&World, &Local, usize)) {
    let mut cut_off = 0;
    for after in 1.. {
        let world = calling(kind, |_, _| Act::Now(Ok(Value::Int(1))));
        let faulty = Faulty::new(world.journal(), Fault::DieAfter(after));
        let driver = world.driver_over(faulty.clone());
        begin(&world, &driver);
        let begun = std::time::Instant::now();
        while !driver.unfinished().unwrap().is_empty() && driver.trouble().is_none() {
            assert!(begun.elapsed().as_secs() < 20, "it goes on");
            std::thread::yield_now();
        }
        let died = driver.trouble().is_some();
        drop(driver);
        let driver = world.driver();
        driver.resume_all().unwrap();
        for run in driver.unfinished().unwrap() {
            world.end(&driver, &run);
        }
        judge(&world, &driver, after);
        if !died {
            break;
        }
        cut_off += 1;
    }
    assert!(cut_off >= 2, "{cut_off}");
}

fn a_called_run_is_begun_once_whenever_the_process_ends(kind: Kind) {
    let run = id("r1");
    at_every_commit(
        kind,
        |_, driver| driver.start(written(CALLS), start(&run)).unwrap(),
        |_, driver, after| {
            assert_eq!(others(driver, &run).len(), 1, "after {after}");
            assert_eq!(output(status(driver, &run)), Value::Int(1), "after {after}");
        },
    );
}

fn a_called_run_whose_start_cannot_be_kept_is_begun_later(kind: Kind) {
    let world = calling(kind, |_, _| Act::Now(Ok(Value::Int(1))));
    for after in 1..4 {
        let faulty = Faulty::new(world.journal(), Fault::FailOnce(after));
        let driver = world.driver_over(faulty);
        let run = id(&format!("r{after}"));
        driver.start(written(CALLS), start(&run)).unwrap();
        assert_eq!(output(world.end(&driver, &run)), Value::Int(1));
    }
}

fn runs_do_not_call_one_another_without_end(kind: Kind) {
    let world = World::easy(kind);
    let calls = |name: &str, other: &str| {
        written(&format!(
            "name: {name}\nsteps: {{ child: {{ call: {other} }} }}\noutput: \"{{{{ steps.child }}}}\"\n"
        ))
    };
    let (ping, pong) = (calls("ping", "pong"), calls("pong", "ping"));
    world.script.workflows.lock().unwrap().extend([ping.clone(), pong]);
    let driver = world.driver();
    driver.start(ping, start(&id("r1"))).unwrap();
    let Status::Failed(failure) = world.end(&driver, &id("r1")) else { panic!("it fails") };
    assert_eq!(failure.failure.kind, FailureKind::Limit);
    assert_eq!(driver.list().unwrap().len(), 17);
}

fn raised(id: &str, value: i64) -> Emitted {
    Emitted { id: id.into(), name: "go".into(), value: Value::Int(value), to: None }
}

fn a_signal_wakes_the_step_that_has_listened_longest(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    for name in ["r1", "r2"] {
        driver.start(written(LISTENS), start(&id(name))).unwrap();
        world.clock.advance(SignedDuration::from_secs(1));
    }
    driver.signal(raised("1", 1)).unwrap();
    assert_eq!(output(world.end(&driver, &id("r1"))), Value::Int(1));
    assert_eq!(status(&driver, &id("r2")), Status::Running);
    // Raised again under the same id it is the same signal, and it is gone.
    driver.signal(raised("2", 2)).unwrap();
    assert_eq!(output(world.end(&driver, &id("r2"))), Value::Int(2));
}

fn a_signal_that_nobody_waits_for_is_kept_over_a_restart(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    driver.signal(raised("1", 1)).unwrap();
    driver.signal(raised("1", 1)).unwrap();
    driver.signal(raised("2", 2)).unwrap();
    drop(driver);
    let driver = world.driver();
    for (name, value) in [("r1", 1), ("r2", 2)] {
        driver.start(written(LISTENS), start(&id(name))).unwrap();
        assert_eq!(output(world.end(&driver, &id(name))), Value::Int(value));
    }
    driver.start(written(LISTENS), start(&id("r3"))).unwrap();
    drop(driver);
    let driver = world.driver();
    driver.resume_all().unwrap();
    assert_eq!(status(&driver, &id("r3")), Status::Running, "no signal arrives twice");
}

fn a_raised_signal_arrives_once_whenever_the_process_ends(kind: Kind) {
    let emits = "name: emits\nsteps: { a: { use: test.keyed }, tell: { emit: { signal: go, with: 5 }, after: a }, b: { use: test.keyed, after: tell } }\n";
    at_every_commit(
        kind,
        |_, driver| {
            driver.start(written(emits), start(&id("r1"))).unwrap();
        },
        |world, driver, after| {
            for name in ["r2", "r3"] {
                driver.start(written(LISTENS), start(&id(name))).unwrap();
            }
            assert_eq!(output(world.end(driver, &id("r2"))), Value::Int(5), "after {after}");
            assert_eq!(status(driver, &id("r3")), Status::Running, "after {after}");
            driver.cancel(&id("r3"), Cancel::Kill).unwrap();
        },
    );
}

fn a_signal_for_a_run_that_has_ended_is_dropped(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    driver.start(row(1, Safety::Keyed), start(&id("r1"))).unwrap();
    world.end(&driver, &id("r1"));
    let to = |run| Emitted { to: Some(id(run)), ..raised(run, 1) };
    driver.signal(to("r1")).unwrap();
    driver.signal(to("r9")).unwrap();
    // Both have left the store after the next commit.
    driver.start(row(1, Safety::Keyed), start(&id("r2"))).unwrap();
    world.end(&driver, &id("r2"));
    drop(driver);
    assert!(world.journal().signals().unwrap().is_empty());
}

fn limited(when_full: &str) -> String {
    format!(
        "name: limited\ninputs: {{ k: string? }}\nconcurrency: {{ max: 1, when_full: {when_full}, key: inputs.k }}\nsteps: {{ a: {{ use: test.keyed }} }}\n"
    )
}

fn keyed(run: &RunId, key: &str) -> Start {
    Start::new(run.clone(), Value::object([("k", Value::text(key))]), Value::Null)
}

fn a_further_run_waits_for_room(kind: Kind) {
    let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver();
    for name in ["r1", "r2", "r3"] {
        driver.start(written(&limited("queue")), keyed(&id(name), "x")).unwrap();
    }
    world.await_waiting(1);
    assert_eq!(world.made().len(), 1);
    // Who waits for room is not begun by hand.
    assert!(matches!(driver.tell(&id("r2"), Input::Release(Hold::Paused)), Err(Error::Stale(_))));
    world.open_gate();
    for name in ["r1", "r2", "r3"] {
        assert!(matches!(world.end(&driver, &id(name)), Status::Succeeded(_)));
    }
    let made = world.script.made.lock().unwrap();
    let order: Vec<&RunId> = made.iter().map(|made| &made.run).collect();
    assert_eq!(order, [&id("r1"), &id("r2"), &id("r3")]);
}

fn a_further_run_is_left_out(kind: Kind) {
    let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver();
    driver.start(written(&limited("skip")), keyed(&id("r1"), "x")).unwrap();
    let refused = driver.start(written(&limited("skip")), keyed(&id("r2"), "x"));
    assert!(matches!(refused, Err(Error::Full(_))), "{refused:?}");
    world.open_gate();
    world.end(&driver, &id("r1"));
    driver.start(written(&limited("skip")), keyed(&id("r3"), "x")).unwrap();
    world.end(&driver, &id("r3"));
    assert_eq!(driver.list().unwrap().len(), 2);
}

fn a_further_run_takes_the_place_of_the_oldest(kind: Kind) {
    let world = World::new(kind, |_, nth| if nth == 0 { Act::Never } else { Act::Now(Ok(Value::Null)) });
    let driver = world.driver();
    driver.start(written(&limited("cancel_oldest")), keyed(&id("r1"), "x")).unwrap();
    world.await_waiting(1);
    driver.start(written(&limited("cancel_oldest")), keyed(&id("r2"), "x")).unwrap();
    assert_eq!(world.end(&driver, &id("r1")), Status::Cancelled);
}

fn runs_that_wait_for_room_wait_on_after_a_restart(kind: Kind) {
    let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver();
    for name in ["r1", "r2", "r3"] {
        driver.start(written(&limited("queue")), keyed(&id(name), "x")).unwrap();
    }
    world.await_waiting(1);
    drop(driver);
    world.await_waiting(0);
    let driver = world.driver();
    driver.resume_all().unwrap();
    world.await_waiting(1);
    world.open_gate();
    for name in ["r1", "r2", "r3"] {
        assert!(matches!(world.end(&driver, &id(name)), Status::Succeeded(_)));
    }
}

fn runs_with_other_keys_have_room_of_their_own(kind: Kind) {
    let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver();
    driver.start(written(&limited("skip")), keyed(&id("r1"), "x")).unwrap();
    driver.start(written(&limited("skip")), keyed(&id("r2"), "y")).unwrap();
    world.await_waiting(2);
    world.open_gate();
    world.end(&driver, &id("r1"));
    world.end(&driver, &id("r2"));
}

fn an_answer_is_used_again_until_it_is_too_old(kind: Kind) {
    let plan = |n| {
        written(&format!(
            "name: reads\nsteps: {{ a: {{ use: test.read, with: {{ n: {n} }}, cache: 1h }} }}\noutput: \"{{{{ steps.a }}}}\"\n"
        ))
    };
    let calls = std::sync::atomic::AtomicI64::new(0);
    let next = move || calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    let world = World::new(kind, move |_, _| Act::Later(Ok(Value::Int(next()))));
    let driver = world.driver();
    let gives = |name: &str, n: i64| {
        driver.start(plan(n), start(&id(name))).unwrap();
        output(world.end(&driver, &id(name)))
    };
    assert_eq!(gives("r1", 1), Value::Int(0));
    world.clock.advance(SignedDuration::from_mins(59));
    assert_eq!(gives("r2", 1), Value::Int(0));
    assert_eq!(gives("r3", 2), Value::Int(1), "other parameters are another call");
    let reused = |event: &Event| matches!(event, Event::StepSucceeded { from: Some(_), .. });
    assert!(events(&driver, &id("r2")).iter().any(reused));
    world.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(gives("r4", 1), Value::Int(2));
    assert!(!events(&driver, &id("r4")).iter().any(reused));
}

fn an_answer_of_one_owner_is_no_others(kind: Kind) {
    let text = "name: reads\nsteps: { a: { use: test.read, with: { n: 1 }, cache: 1h } }\noutput: \"{{ steps.a }}\"\n";
    let calls = std::sync::atomic::AtomicI64::new(0);
    let next = move || calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    let world = World::new(kind, move |_, _| Act::Later(Ok(Value::Int(next()))));
    let driver = world.driver();
    let gives = |name: &str| {
        driver.start(written(text), start(&id(name))).unwrap();
        output(world.end(&driver, &id(name)))
    };
    assert_eq!(gives("ada.r1"), Value::Int(0));
    assert_eq!(gives("bob.r2"), Value::Int(1), "the same call of another owner is another call");
    assert_eq!(
        (gives("ada.r3"), gives("bob.r4")),
        (Value::Int(0), Value::Int(1)),
        "each has their own again"
    );
}

fn a_paused_run_starts_nothing(kind: Kind) {
    let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver();
    let run = id("r1");
    driver.start(row(2, Safety::Once), start(&run)).unwrap();
    world.await_waiting(1);
    driver.tell(&run, Input::Hold(Hold::Paused)).unwrap();
    world.open_gate();
    world.until("the call to return", || {
        events(&driver, &run).iter().any(|event| matches!(event, Event::StepSucceeded { .. }))
    });
    drop(driver);
    let driver = world.driver();
    driver.resume_all().unwrap();
    assert_eq!(world.made().len(), 1);
    driver.tell(&run, Input::Release(Hold::Paused)).unwrap();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
    assert_eq!(world.made().len(), 2);
}

fn what_nobody_waits_for_is_said(kind: Kind) {
    let world = World::new(kind, |_, _| Act::Never);
    let driver = world.driver();
    let run = id("r1");
    driver.start(row(1, Safety::Once), start(&run)).unwrap();
    let answer = Answer { choice: Choice::Approve, by: None, comment: None, values: Value::Null };
    let told = driver.tell(&run, Input::Answer { at: At { frame: 0, slot: 0 }, answer });
    assert!(matches!(told, Err(Error::Stale(_))), "{told:?}");
    assert!(matches!(driver.tell(&id("r9"), Input::Hold(Hold::Paused)), Err(Error::NoRun(_))));
}

fn a_doubt_is_settled_by_a_person(kind: Kind) {
    let world = World::new(kind, |_, nth| if nth == 0 { Act::Never } else { Act::Now(Ok(Value::Int(2))) });
    let driver = world.driver();
    let run = id("r1");
    driver.start(row(1, Safety::Once), start(&run)).unwrap();
    world.await_waiting(1);
    drop(driver);
    let driver = world.driver();
    driver.resume_all().unwrap();
    let at = At { frame: 0, slot: 0 };
    world.until("the doubt", || {
        events(&driver, &run).iter().any(|event| matches!(event, Event::StepInDoubt { .. }))
    });
    assert_eq!(world.made().len(), 1);
    driver.tell(&run, Input::Resolve { at, known: Known::DidNot }).unwrap();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
    let made = world.script.made.lock().unwrap();
    assert_eq!(made[0].key, made[1].key);
}
