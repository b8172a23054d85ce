//! Faults that the simulator must find: each patch in `planted/` is applied to a copy of this crate, which
//! must then fail with a named invariant, and must not fail without a patch.
//!
//! `cargo test -p engine --features planted --test planted`. It takes some minutes, and writes what it
//! measured to `docs/measured/simulator.md`. `KEYWAY_WORLDS` says how many worlds the sound copy lives
//! through (default 20,000). With `KEYWAY_FAULTS` set to names with commas between them, only those are planted, and
//! nothing is written.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
#![allow(clippy::disallowed_methods, reason = "a test reads files and the clock")]

#[path = "../../../tests/src/planted.rs"]
mod bench;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bench::{Bench, LINES, field, text};

/// The parts of this crate that are copied.
const PARTS: &[&str] = &["Cargo.toml", "src", "tests/sim", "tests/golden/mod.rs"];

/// How many worlds a fault may hide in.
const WORLDS: &str = "20000";

/// The fewest faults that there must be.
const FAULTS: usize = 25;

#[test]
fn the_simulator_finds_every_planted_fault() {
    let bench = Bench::new("engine");
    let mut patches: Vec<PathBuf> = fs::read_dir(bench.root.join("engine/tests/sim/planted"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    patches.sort();
    assert!(patches.len() >= FAULTS, "patches are missing");
    if let Ok(names) = std::env::var("KEYWAY_FAULTS") {
        patches.retain(|path| names.split(',').any(|name| path.ends_with(format!("{name}.patch"))));
        patches.iter().for_each(|path| print!("{}", find(&bench, path)));
        return;
    }
    let worlds = std::env::var("KEYWAY_WORLDS").unwrap_or_else(|_| WORLDS.into());
    bench.lay_out(PARTS);
    let sound = simulate(&bench, &worlds);
    assert!(sound.status.success(), "the sound copy fails:\n{}", text(&sound));
    let rows: String = patches.iter().map(|path| find(&bench, path)).collect();
    write_down(&bench, &text(&sound), &rows);
}

/// Plants a fault; gives a row that says how it was found.
fn find(bench: &Bench, path: &Path) -> String {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let patch = fs::read_to_string(path).unwrap();
    let about =
        patch.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a patch says what it is");
    bench.lay_out(PARTS);
    bench.apply(&patch).unwrap_or_else(|problem| panic!("{name}: {problem}"));
    let output = simulate(bench, WORLDS);
    let said = text(&output);
    let invariant = field(&said, "broken invariant: ");
    let world = field(&said, "again with KEYWAY_WORLD=");
    assert!(!output.status.success(), "the fault `{name}` was not found");
    let (Some(invariant), Some(world)) = (invariant, world) else {
        panic!("the fault `{name}` broke no invariant by name:\n{said}");
    };
    format!("| `{name}` | {about} | {invariant} | {world} |\n")
}

fn simulate(bench: &Bench, worlds: &str) -> Output {
    bench.build("sim").arg("--nocapture").env("KEYWAY_WORLDS", worlds).output().unwrap()
}

fn write_down(bench: &Bench, said: &str, rows: &str) {
    let counted = field(said, "counted: ").expect("the simulator says what it counted");
    let seen = field(said, "transitions: ").expect("the simulator says which transitions it saw");
    let never = said.lines().filter_map(|line| line.strip_prefix("never: "));
    let never: String = never.map(|line| format!("- {line}\n")).collect();
    let day = jiff::Timestamp::now().to_string();
    let commit =
        Command::new("git").args(["rev-parse", "--short=10", "HEAD"]).current_dir(&bench.root).output();
    let commit = commit.map_or_else(|_| "unknown".into(), |said| text(&said).trim().to_owned());
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = processor.map_or("an unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let page = format!(
        "# What the simulator finds\n\n\
         Measured on {}, commit {commit}, {cores} cores of {processor}, with\n\
         `cargo test -p engine --features planted --test planted`.\n\n\
         Each world is a random plan under random weather: answers and timers late, repeated, early or about\n\
         nothing, cancels, crashes between any two commits, and few events for each input. What concerns\n\
         single events is checked after each event; that a run folded from its log decides the same and becomes the\n\
         same, after each input.\n\n\
         The engine as it is: {counted}; no invariant was broken.\n\n\
         Of the pairs of a state of a step, a block or the run and an event that can follow in it \
         (`engine/tests/sim/coverage.rs`), {seen} occurred; a pair that is not among them breaks an invariant. Never:\n\n\
         {never}\n\
         Planted faults, each of at most {LINES} changed lines (`engine/tests/sim/planted/`):\n\n\
         | Fault | What is wrong | Invariant that found it | World |\n\
         | --- | --- | --- | --- |\n{rows}",
        &day[..10],
    );
    let folder = bench.root.join("docs/measured");
    fs::create_dir_all(&folder).unwrap();
    // What was measured by hand stays.
    let old = fs::read_to_string(folder.join("simulator.md")).unwrap_or_default();
    let by_hand = old.find("\n## ").map_or("", |at| &old[at..]);
    fs::write(folder.join("simulator.md"), page + by_hand).unwrap();
}
