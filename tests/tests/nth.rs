//! Kills the binary at the n-th operation that changes a file, for n = 1, 2, … until a run comes to its end, resumes
//! it, and judges what came of it.
//!
//! `KEYWAY_NTH=all` tries every n, and every n of a recovery as well; without it, a sample. `KEYWAY_SEED` repeats one.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use tests::chance::Chance;
use tests::faults::{Fault, Kinds, Page, Span, available};
use tests::keyway::binary;
use tests::report::Report;
use tests::world::World;

/// How many places a sample has.
const SAMPLE: u64 = 30;

/// How long a process whose writes are lost is watched.
const LOST: Duration = Duration::from_secs(5);

/// A run that was killed at its n-th operation, and a recovery that was killed at its m-th, if that came.
struct Killed {
    world: World,
    /// What the operation was that was not carried out any more.
    first: Option<Kinds>,
    second: Option<Kinds>,
}

/// Lives until the n-th operation, then resumes until the m-th.
fn killed(first: u64, second: Option<u64>) -> Killed {
    let mut world = World::new().expect("a folder and a port");
    let page = Page::new(world.safe_folder()).expect("a page");
    let cut = |world: &mut World, place: u64| {
        page.restart().expect("our own file");
        page.set(Fault::Kill, Kinds::ALL, Span::one(place)).expect("our own file");
        let equip = |command: &mut Command| page.equip(command).expect("the shim is there");
        let answer = world.go_on(equip).expect("what is left can be read");
        let log = page.log().expect("our own file");
        answer.code.is_none().then(|| log[place as usize - 1])
    };
    let at_first = cut(&mut world, first);
    let at_second = second.and_then(|place| cut(&mut world, place));
    Killed { world, first: at_first, second: at_second }
}

/// How many operations a run without faults has.
fn operations() -> u64 {
    let mut world = World::new().expect("a folder and a port");
    let page = Page::new(world.safe_folder()).expect("a page");
    let equip = |command: &mut Command| page.equip(command).expect("the shim is there");
    let answer = world.go_on(equip).expect("what is left can be read");
    assert_eq!(answer.code, Some(0), "the workflow works without faults: {answer:?}");
    let run = world.seen().expect("it can be read").expect("it is there").run;
    assert_eq!(world.judge(&run).expect("it can be read"), Vec::<String>::new());
    page.count().expect("our own file")
}

/// Finishes a world and counts what it was cut off at.
fn settle(mut killed: Killed, told: &str, seen: &mut BTreeMap<&'static str, u64>) {
    let broken = killed.world.finish().expect("what is left can be read");
    assert_eq!(broken, Vec::<String>::new(), "{told}\n{:#?}", killed.world.service.requests());
    for kind in [killed.first, killed.second].into_iter().flatten() {
        *seen.entry(kind.name()).or_default() += 1;
    }
}

#[test]
fn killed_at_any_write_it_finishes_and_repeats_nothing() {
    if !available() {
        return;
    }
    binary();
    let (mut chance, seed) = Chance::from_env("KEYWAY_SEED");
    println!("seed {seed}");
    let report = Report::begin("Killed at every write", "cargo test -p tests --test nth");
    let began = Instant::now();
    let whole = operations();
    let all = std::env::var("KEYWAY_NTH").as_deref() == Ok("all");
    let (mut firsts, mut seconds) = (BTreeMap::new(), BTreeMap::new());
    let mut place = 0;
    // How many operations there are differs from run to run: the loop ends where a run is not reached any more.
    loop {
        place += if all { 1 } else { 1 + chance.below(2 * whole / SAMPLE) };
        let killed = killed(place, None);
        let over = killed.first.is_none();
        settle(killed, &format!("killed at operation {place}, seed {seed}"), &mut firsts);
        if over {
            break;
        }
    }
    let longest = place - 1;
    // A recovery after a kill in the middle of the run.
    let middle = whole / 2;
    let mut second = 0;
    loop {
        second += if all { 1 } else { 1 + chance.below(2 * whole / SAMPLE) };
        let killed = killed(middle, Some(second));
        let over = killed.second.is_none();
        let told = format!("killed at operation {middle}, its recovery at operation {second}, seed {seed}");
        let mut counted = BTreeMap::new();
        settle(killed, &told, &mut counted);
        if over {
            break;
        }
        *seconds.entry("recovery").or_insert(0) += 1;
    }
    assert!(firsts.values().sum::<u64>() >= 10, "few kills were tried: {firsts:?}");
    let kinds: Vec<String> = firsts.iter().map(|(kind, count)| format!("| {kind} | {count} |")).collect();
    let (kills, recoveries) = (firsts.values().sum::<u64>(), seconds.values().sum::<u64>());
    let which = if all { "every one" } else { "a sample" };
    let body = format!(
        "A run without faults has {whole} operations that change a file. Killed at {which} of them, until a run came \
         to its end before operation {longest}, {kills} kills:\n\n| killed instead of a | kills |\n| --- | --- |\n{}\n\n\
         A recovery from a kill at operation {middle} was killed at {which} of its operations as well: {recoveries} \
         kills. Every run succeeded; each effect was applied once; no step that another had rested on was sent again; \
         `integrity_check` was ok. It took {:.0} s (seed {seed}).",
        kinds.join("\n"),
        began.elapsed().as_secs_f64(),
    );
    report.tell(&body);
}

/// The control: where a write of the log is lost though the system said that it was done, the judge sees it.
#[test]
fn a_lost_write_would_be_seen() {
    if !available() {
        return;
    }
    let whole = operations();
    let mut caught = 0;
    for place in (whole / 4..whole * 3 / 4).step_by(((whole / 2) / 8).max(1) as usize) {
        caught += u64::from(!with_a_lost_write(place).is_empty());
    }
    assert!(caught > 0, "no lost write was seen");
}

/// Writes from here on, but for a few, seem to succeed; then the process is killed, and the run finished.
fn with_a_lost_write(place: u64) -> Vec<String> {
    let mut world = World::new().expect("a folder and a port");
    let page = Page::new(world.safe_folder()).expect("a page");
    page.set(Fault::Skip, Kinds::WRITE, Span::from(place)).expect("our own file");
    let mut command = world.command();
    page.equip(&mut command).expect("the shim is there");
    let mut child = world.spawn(command).expect("it starts");
    let began = Instant::now();
    // One that does not read back what it wrote may wait for ever.
    while child.try_wait().is_ok_and(|status| status.is_none())
        && page.count().expect("our own file") < place + 30
        && began.elapsed() < LOST
    {
        std::thread::yield_now();
    }
    // One that has ended by itself is as dead.
    let _ = child.kill();
    world.end(child).expect("a killed process has no connection");
    match world.note_kill().and_then(|()| world.finish()) {
        Ok(broken) => broken,
        Err(error) => vec![format!("{error:#}")],
    }
}
