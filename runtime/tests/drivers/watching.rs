//! Who watches a run misses nothing.

use dsl::catalog::Safety;
use dsl::value::Value;
use engine::run::Status;
use runtime::driver::Driver;

use crate::for_every_driver;
use crate::plans::row;
use crate::world::{Act, Kind, World, id, start};

for_every_driver! {
    who_watches_from_before_the_start_sees_the_whole_history,
    who_comes_later_has_the_rest_from_the_history,
    an_ended_run_has_nothing_to_watch,
}

fn who_watches_from_before_the_start_sees_the_whole_history(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    let run = id("r1");
    let mut watched = driver.watch(&run);
    driver.start(row(5, Safety::Keyed), start(&run)).unwrap();
    let mut rows = vec![];
    world.within(async {
        while let Some(row) = watched.recv().await {
            rows.push(row);
        }
    });
    assert_eq!(rows, driver.history(&run).unwrap());
}

fn who_comes_later_has_the_rest_from_the_history(kind: Kind) {
    for _ in 0..20 {
        let world = World::new(kind, |_, _| Act::Later(Ok(Value::Null)));
        let driver = world.driver();
        let run = id("r1");
        driver.start(row(8, Safety::Keyed), start(&run)).unwrap();
        let mut watched = driver.watch(&run);
        let mut rows = driver.history(&run).unwrap();
        world.within(async {
            while let Some(row) = watched.recv().await {
                if rows.last().is_none_or(|last| row.seq > last.seq) {
                    rows.push(row);
                }
            }
        });
        assert_eq!(rows, driver.history(&run).unwrap());
    }
}

fn an_ended_run_has_nothing_to_watch(kind: Kind) {
    let world = World::easy(kind);
    let driver = world.driver();
    let run = id("r1");
    driver.start(row(1, Safety::Keyed), start(&run)).unwrap();
    assert!(matches!(world.end(&driver, &run), Status::Succeeded(_)));
    let mut watched = driver.watch(&run);
    assert_eq!(world.within(watched.recv()), None);
}
