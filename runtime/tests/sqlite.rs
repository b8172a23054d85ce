//! What only a driver on a file must do: live with damage, and with others who read.

#![allow(clippy::unwrap_used)]

#[path = "drivers/plans.rs"]
mod plans;
#[path = "drivers/world.rs"]
mod world;

use dsl::catalog::Safety;
use dsl::value::Value;
use engine::command::Emitted;
use engine::run::Status;
use runtime::driver::{Driver, Error, State};
use runtime::journal::sqlite::Sqlite;
use runtime::journal::{Batch, Journal};

use plans::{row, written};
use world::{Act, Kind, World, id, start};

/// A file with two runs under way, and no driver.
fn left() -> World {
    let world =
        World::new(Kind::Sqlite, |_, nth| if nth == 0 { Act::Never } else { Act::Now(Ok(Value::Null)) });
    let driver = world.driver();
    for name in ["r1", "r2"] {
        driver.start(row(1, Safety::Keyed), start(&id(name))).unwrap();
    }
    world.await_waiting(2);
    drop(driver);
    world
}

fn sql(world: &World, text: &str) {
    rusqlite::Connection::open(world.file()).unwrap().execute_batch(text).unwrap();
}

fn goes_on_beside(world: &World, detail: &str) {
    let driver = world.driver();
    let Err(Error::Damaged { run, detail: found }) = driver.resume(&id("r1")) else {
        panic!("it is damaged")
    };
    assert_eq!(run, id("r1"));
    assert!(found.contains(detail), "{found}");
    let (count, failed) = driver.resume_all().unwrap();
    assert_eq!((count, failed.len()), (2, 1));
    assert!(matches!(world.end(&driver, &id("r2")), Status::Succeeded(_)));
    assert_eq!(driver.unfinished().unwrap(), [id("r1")]);
}

#[test]
fn a_run_with_a_missing_row_stands_still_and_the_others_go_on() {
    let world = left();
    sql(&world, "UPDATE events SET seq = 7 WHERE run = 'r1'");
    goes_on_beside(&world, "row 1 of the log of run `r1` is missing");
}

#[test]
fn a_run_with_an_unreadable_row_stands_still_and_the_others_go_on() {
    let world = left();
    sql(&world, "UPDATE events SET body = '[{\"nonsense\":1}]' WHERE run = 'r1'");
    goes_on_beside(&world, "row 1 of the log of run `r1` is not what was written");
}

#[test]
fn a_run_without_its_log_stands_still_and_the_others_go_on() {
    let world = left();
    sql(&world, "DELETE FROM events WHERE run = 'r1'");
    goes_on_beside(&world, "its log is missing");
}

#[test]
fn a_run_without_its_plan_stands_still_and_the_others_go_on() {
    let world = left();
    sql(&world, "PRAGMA foreign_keys = OFF; UPDATE runs SET plan = zeroblob(32) WHERE id = 'r1'");
    goes_on_beside(&world, "the entry of run `r1` is not what was written");
}

#[test]
fn a_value_with_another_content_is_not_handed_out() {
    let long = Value::text("long ".repeat(5000));
    let answer = long.clone();
    let world = World::new(Kind::Sqlite, move |_, _| Act::Now(Ok(answer.clone())));
    let driver = world.driver();
    driver.start(row(1, Safety::Keyed), start(&id("r1"))).unwrap();
    world.end(&driver, &id("r1"));
    drop(driver);
    sql(&world, "UPDATE \"values\" SET body = x'1030', size = 1");
    let hash = dsl::value::Hash::of(&long.stored());
    let journal = world.journal();
    assert!(matches!(journal.value(&hash), Err(Error::Store(_))));
}

#[test]
fn a_signal_with_another_content_is_not_delivered_and_the_others_are() {
    let world = World::easy(Kind::Sqlite);
    let driver = world.driver();
    for (name, value) in [("1", 1), ("2", 2)] {
        let (id, value) = (name.into(), Value::Int(value));
        driver.signal(Emitted { id, name: "go".into(), value, to: None }).unwrap();
    }
    drop(driver);
    sql(&world, "UPDATE signals SET body = '7' WHERE id = '1'");
    let listens = "name: listens\nsteps: { go: { wait: { signal: go } } }\noutput: \"{{ steps.go }}\"\n";
    let driver = world.driver();
    driver.start(written(listens), start(&id("r1"))).unwrap();
    let Status::Succeeded(output) = world.end(&driver, &id("r1")) else { panic!("a signal is whole") };
    assert_eq!(output, Value::Int(2));
    driver.start(written(listens), start(&id("r2"))).unwrap();
    drop(driver);
    let kept = world.journal().signals().unwrap();
    assert!(
        matches!(&kept[..], [Err(Error::Store(error))] if error.to_string().contains("signal `1` is not what was written")),
        "{kept:?}"
    );
}

#[test]
fn an_answer_with_another_content_is_not_used_again() {
    let world = World::new(Kind::Sqlite, |_, _| Act::Now(Ok(Value::Int(1))));
    let reads = "name: reads\nsteps: { a: { use: test.read, cache: 1h } }\noutput: \"{{ steps.a }}\"\n";
    let answers = |run: &str| {
        let driver = world.driver();
        driver.start(written(reads), start(&id(run))).unwrap();
        let Status::Succeeded(output) = world.end(&driver, &id(run)) else { panic!("nothing fails") };
        (output, world.made().len())
    };
    assert_eq!(answers("r1"), (Value::Int(1), 1));
    assert_eq!(answers("r2"), (Value::Int(1), 1));
    sql(&world, "UPDATE answers SET body = '7'");
    assert_eq!(answers("r3"), (Value::Int(1), 2));
    // What was asked anew is kept whole.
    assert_eq!(answers("r4"), (Value::Int(1), 2));
}

#[test]
fn others_read_while_runs_move_and_cannot_write() {
    let world = World::new(Kind::Sqlite, |_, _| Act::AtGate(Ok(Value::Null)));
    let driver = world.driver();
    driver.start(row(1, Safety::Once), start(&id("r1"))).unwrap();
    let reader = Sqlite::open_to_read(&world.file()).unwrap();
    assert_eq!(reader.runs().unwrap(), driver.list().unwrap());
    let seen = reader.log(&id("r1"), 0).unwrap();
    assert!(reader.commit(&Batch::default()).is_err());
    world.open_gate();
    world.end(&driver, &id("r1"));
    let more = reader.log(&id("r1"), seen.len() as u64).unwrap();
    assert_eq!([seen, more].concat(), driver.history(&id("r1")).unwrap());
    assert_eq!(reader.run(&id("r1")).unwrap().unwrap().0.state, State::Succeeded);
}
