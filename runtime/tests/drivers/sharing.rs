//! How many calls are under way at once, and who comes next.

use std::sync::atomic::Ordering;

use dsl::catalog::Safety;
use dsl::value::Value;
use engine::input::Cancel;
use engine::run::Status;
use runtime::driver::Driver;
use runtime::local::{Shares, Turns};

use crate::for_every_driver;
use crate::plans::each;
use crate::world::{Act, Kind, World, id, start};

for_every_driver! {
    no_more_calls_are_under_way_than_may_be,
    a_call_that_waits_and_is_given_up_is_never_made,
    calls_that_wait_go_on_after_the_end_of_the_process,
    owners_take_turns,
}

const NARROW: Shares = Shares { process: 8, owner: 6, workflow: 4, turns: Turns::Fair };

fn no_more_calls_are_under_way_than_may_be(kind: Kind) {
    for (shares, expected) in [(NARROW, 4), (Shares { workflow: 100, ..NARROW }, 6), (Shares::default(), 20)]
    {
        let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
        let driver = world.driver_sharing(shares);
        let run = id("r1");
        driver.start(each(40, 20, Safety::Keyed), start(&run)).unwrap();
        world.await_waiting(expected);
        // What has been taken in is settled; a further one would have gone out.
        assert_eq!(driver.standing().unwrap().calls, 20);
        assert_eq!(driver.standing().unwrap().late, []);
        assert_eq!(world.script.waiting.load(Ordering::SeqCst), expected);
        world.open_gate();
        assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
        assert_eq!(world.made().len(), 40, "each is made once");
    }
}

fn a_call_that_waits_and_is_given_up_is_never_made(kind: Kind) {
    let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver_sharing(NARROW);
    let (run, other) = (id("r1"), id("r2"));
    driver.start(each(20, 20, Safety::Keyed), start(&run)).unwrap();
    world.await_waiting(4);
    driver.start(each(2, 2, Safety::Keyed), start(&other)).unwrap();
    driver.cancel(&run, Cancel::Finally).unwrap();
    assert_eq!(world.end(&driver, &run), Status::Cancelled);
    world.await_waiting(2);
    world.open_gate();
    assert!(matches!(world.end(&driver, &other), Status::Succeeded(_)));
    // The first call of an action shows that it takes time; it is not held up.
    assert!(world.made().len() <= 7, "{:?}", world.made().len());
}

fn calls_that_wait_go_on_after_the_end_of_the_process(kind: Kind) {
    let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver_sharing(NARROW);
    let run = id("r1");
    driver.start(each(20, 20, Safety::Keyed), start(&run)).unwrap();
    world.await_waiting(4);
    drop(driver);
    world.await_waiting(0);
    let driver = world.driver_sharing(NARROW);
    driver.resume_all().unwrap();
    world.await_waiting(4);
    world.open_gate();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
}

fn owners_take_turns(kind: Kind) {
    for (turns, first) in [(Turns::Fair, true), (Turns::Arrival, false)] {
        let world = World::new(kind, |_, _| Act::AtGate(Ok(Value::Null)));
        let driver = world.driver_sharing(Shares { process: 2, owner: 2, workflow: 2, turns });
        let (big, small) = (id("one.big"), id("two.small"));
        driver.start(each(60, 60, Safety::Keyed), start(&big)).unwrap();
        world.await_waiting(2);
        driver.start(each(4, 4, Safety::Keyed), start(&small)).unwrap();
        world.open_gate();
        assert!(matches!(world.end(&driver, &big), Status::Succeeded(_)));
        assert!(matches!(world.end(&driver, &small), Status::Succeeded(_)));
        let made = world.script.made.lock().unwrap();
        let last = made.iter().rposition(|made| made.run == small).unwrap();
        assert_eq!(last < 20, first, "{turns:?}: its last call is number {last} of {}", made.len());
    }
}
