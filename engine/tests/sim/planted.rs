//! Faults that the simulator must find: each patch in `planted/` is applied to a copy of this crate, which
//! must then fail with a named invariant, and must not fail without a patch.
//!
//! `cargo test -p engine --features planted --test planted`. It takes some minutes, and writes what it
//! measured to `docs/measured/simulator.md`. `KEYWAY_WORLDS` says how many worlds the sound copy lives
//! through (default 20,000). With `KEYWAY_FAULTS` set to names with commas between them, only those are planted, and
//! nothing is written.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
#![allow(clippy::disallowed_methods, reason = "a test reads files and the clock")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// How many worlds a fault may hide in.
const WORLDS: &str = "20000";

/// The most lines that a fault may change.
const LINES: usize = 10;

/// The fewest faults that there must be.
const FAULTS: usize = 25;

#[test]
fn the_simulator_finds_every_planted_fault() {
    let bench = Bench::new();
    let mut patches: Vec<PathBuf> = fs::read_dir(bench.crate_dir.join("tests/sim/planted"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    patches.sort();
    assert!(patches.len() >= FAULTS, "patches are missing");
    if let Ok(names) = std::env::var("KEYWAY_FAULTS") {
        patches.retain(|path| names.split(',').any(|name| path.ends_with(format!("{name}.patch"))));
        patches.iter().for_each(|path| print!("{}", bench.find(path)));
        return;
    }
    let worlds = std::env::var("KEYWAY_WORLDS").unwrap_or_else(|_| WORLDS.into());
    bench.lay_out();
    let sound = bench.simulate(&worlds);
    assert!(sound.status.success(), "the sound copy fails:\n{}", text(&sound));
    let rows: String = patches.iter().map(|path| bench.find(path)).collect();
    bench.write_down(&text(&sound), &rows);
}

/// A copy of the crate in a workspace of its own, which shares the build folder.
struct Bench {
    crate_dir: PathBuf,
    root: PathBuf,
    copy: PathBuf,
}

impl Bench {
    fn new() -> Bench {
        let crate_dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let root = crate_dir.parent().unwrap().to_path_buf();
        let copy = root.join("target/planted");
        Bench { crate_dir, root, copy }
    }

    /// Writes the sound crate. Files that are as they should be keep their times, so that little is rebuilt.
    fn lay_out(&self) {
        let manifest = fs::read_to_string(self.root.join("Cargo.toml")).unwrap();
        let mut lines: Vec<String> = vec![];
        for line in manifest.lines() {
            lines.push(match line.split_once(" = ") {
                Some(("members", _)) => r#"members = ["engine"]"#.into(),
                Some(("default-members", _)) => continue,
                // Each fault is compiled once and runs for some seconds: to compile fast is faster.
                Some(("opt-level", _)) if lines.last().is_some_and(|line| line.ends_with(".engine]")) => {
                    "opt-level = 1".into()
                }
                Some((name, value)) if value.starts_with("{ path = \"") => {
                    format!("{name} = {{ path = {:?} }}", self.root.join(name))
                }
                _ => line.into(),
            });
        }
        write(&self.copy.join("Cargo.toml"), &(lines.join("\n") + "\n"));
        write(&self.copy.join("Cargo.lock"), &fs::read_to_string(self.root.join("Cargo.lock")).unwrap());
        for part in ["Cargo.toml", "src", "tests/sim", "tests/golden/mod.rs"] {
            copy(&self.crate_dir.join(part), &self.copy.join("engine").join(part));
        }
    }

    /// Plants a fault; gives a row that says how it was found.
    fn find(&self, path: &Path) -> String {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let patch = fs::read_to_string(path).unwrap();
        let about =
            patch.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a patch says what it is");
        self.lay_out();
        self.apply(&patch).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let output = self.simulate(WORLDS);
        let said = text(&output);
        let invariant = field(&said, "broken invariant: ");
        let world = field(&said, "again with KEYWAY_WORLD=");
        assert!(!output.status.success(), "the fault `{name}` was not found");
        let (Some(invariant), Some(world)) = (invariant, world) else {
            panic!("the fault `{name}` broke no invariant by name:\n{said}");
        };
        format!("| `{name}` | {about} | {invariant} | {world} |\n")
    }

    /// Applies a patch: each of its hunks must stand in its file exactly once.
    fn apply(&self, patch: &str) -> Result<(), String> {
        let changed = patch.lines().filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++ "));
        let changed = changed.filter(|line| !line.starts_with("--- ")).count();
        if changed == 0 || changed > LINES {
            return Err(format!("{changed} lines are changed"));
        }
        let file = field(patch, "+++ b/").ok_or("no file is named")?;
        let path = self.copy.join("engine").join(file);
        let mut text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        for hunk in patch.split("\n@@ ").skip(1) {
            let lines: Vec<&str> = hunk.lines().skip(1).collect();
            let side = |other: char| -> String {
                let lines = lines.iter().filter(|line| !line.starts_with(other));
                lines.map(|line| format!("{}\n", line.get(1..).unwrap_or_default())).collect()
            };
            let (old, new) = (side('+'), side('-'));
            if text.matches(&old).count() != 1 {
                return Err(format!("this does not stand there once:\n{old}"));
            }
            text = text.replace(&old, &new);
        }
        write(&path, &text);
        Ok(())
    }

    fn simulate(&self, worlds: &str) -> Output {
        let mut command = Command::new(env!("CARGO"));
        command.args(["test", "--offline", "-p", "engine", "--test", "sim", "--no-run"]);
        command.current_dir(&self.copy).env("CARGO_TARGET_DIR", self.root.join("target"));
        // A fault changes little: most of what was compiled for the one before is good for it.
        command.env("CARGO_INCREMENTAL", "1");
        let built = command.output().unwrap();
        let said = text(&built);
        assert!(built.status.success(), "the copy does not build:\n{said}");
        let program = field(&said, "main.rs (").expect("cargo says what it built");
        let program = self.copy.join(program.trim_end_matches(')'));
        let mut command = Command::new(program);
        command.arg("--nocapture").env("KEYWAY_WORLDS", worlds).env("RUST_BACKTRACE", "0");
        command.output().unwrap()
    }

    fn write_down(&self, said: &str, rows: &str) {
        let counted = field(said, "counted: ").expect("the simulator says what it counted");
        let seen = field(said, "transitions: ").expect("the simulator says which transitions it saw");
        let never = said.lines().filter_map(|line| line.strip_prefix("never: "));
        let never: String = never.map(|line| format!("- {line}\n")).collect();
        let day = jiff::Timestamp::now().to_string();
        let commit =
            Command::new("git").args(["rev-parse", "--short=10", "HEAD"]).current_dir(&self.root).output();
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
        let folder = self.root.join("docs/measured");
        fs::create_dir_all(&folder).unwrap();
        // What was measured by hand stays.
        let old = fs::read_to_string(folder.join("simulator.md")).unwrap_or_default();
        let by_hand = old.find("\n## ").map_or("", |at| &old[at..]);
        fs::write(folder.join("simulator.md"), page + by_hand).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        write(to, &fs::read_to_string(from).unwrap());
    }
}

/// Writes a file unless it says the same already.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What follows a word at the beginning of a line, or after a colon.
fn field(text: &str, word: &str) -> Option<String> {
    let at = text.find(word)? + word.len();
    text[at..].lines().next().map(|line| line.trim().to_string())
}
