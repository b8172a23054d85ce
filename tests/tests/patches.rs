//! Mechanisms that are switched off one after the other by the patches in `tests/planted`: the test that each patch names
//! must fail in a copy of its crate, with the words that the patch names, and must not fail without the patch.
//!
//! `cargo test -p tests --features planted --test patches`. A folder holds the patches of a guarantee. With `KEYWAY_FAULTS`
//! set to names with commas between them, only those are planted.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use tests::planted::{Bench, field, text};

/// What a crate may consist of.
const PARTS: [&str; 4] = ["Cargo.toml", "benches", "src", "tests"];

/// A patch, and what is said at its head.
struct Patch {
    name: String,
    text: String,
    about: String,
    /// The crate that it changes.
    of: String,
    /// A test of that crate and a filter.
    test: String,
    /// What the test says where it fails.
    seen: String,
}

/// The patches of a guarantee, in the order of their names.
fn patches(guarantee: &str) -> Vec<Patch> {
    let folder = tests::root().join("tests/planted").join(guarantee);
    let files = fs::read_dir(&folder).expect("the guarantee has patches");
    let mut patches: Vec<Patch> = files
        .map(|file| {
            let path = file.expect("a folder can be read").path();
            let text = fs::read_to_string(&path).expect("a patch is text");
            let head = |word| field(&text, word).unwrap_or_else(|| panic!("{}: no `{word}`", path.display()));
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let (about, of, test, seen) = (head("# "), head("# crate: "), head("# test: "), head("# seen: "));
            Patch { name, about, of, test, seen, text }
        })
        .collect();
    if let Ok(names) = std::env::var("KEYWAY_FAULTS") {
        patches.retain(|patch| names.split(',').any(|name| name == patch.name));
    }
    patches.sort_by(|a, b| a.name.cmp(&b.name));
    patches
}

/// Builds a copy's test and runs it, with an end to its time and its memory: what has no limit may take all.
fn run(bench: &Bench, test: &str) -> Output {
    let (target, filter) = test.split_once(' ').expect("a test and a filter");
    let built = bench.build(target);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 8000000; exec timeout 300 \"$@\"", "sh"]).arg(built.get_program());
    command.arg(filter).env("RUST_BACKTRACE", "0");
    if let Some(folder) = built.get_current_dir() {
        command.current_dir(folder);
    }
    command.output().expect("a shell can be run")
}

/// Held by whoever works at a bench: two patches of a crate share one.
static AT_WORK: Mutex<()> = Mutex::new(());

/// Plants each patch of a guarantee; gives those that nobody saw.
fn unseen(guarantee: &str) -> Vec<String> {
    let _at_work = AT_WORK.lock().unwrap_or_else(PoisonError::into_inner);
    let patches = patches(guarantee);
    let mut sound: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut unseen = vec![];
    for patch in &patches {
        let bench = Bench::new(&patch.of);
        let parts = PARTS.iter().copied().filter(|part| bench.root.join(&patch.of).join(part).exists());
        let parts: Vec<&str> = parts.collect();
        bench.lay_out(&parts);
        if sound.insert((&patch.of, &patch.test)) {
            let output = run(&bench, &patch.test);
            let said = text(&output);
            let passed =
                output.status.success() && said.contains("test result: ok") && !said.contains(" 0 passed");
            assert!(passed, "without a patch, `{}` fails:\n{said}", patch.test);
        }
        bench.apply(&patch.text).unwrap_or_else(|problem| panic!("{}: {problem}", patch.name));
        let output = run(&bench, &patch.test);
        let (said, about) = (text(&output), &patch.about);
        match !output.status.success() && said.contains(&patch.seen) {
            true => println!("red: {about} ({})", patch.name),
            false => unseen.push(format!("{}: {about}\n{said}", patch.name)),
        }
    }
    println!("{} of {} patches of {guarantee} were seen", patches.len() - unseen.len(), patches.len());
    unseen
}

#[test]
fn each_budget_that_is_switched_off_is_seen() {
    assert_eq!(unseen("G18"), Vec::<String>::new());
}

#[test]
fn a_keeper_that_forgets_too_early_is_seen() {
    assert_eq!(unseen("G7"), Vec::<String>::new());
}

#[test]
fn a_fork_that_takes_over_wrongly_is_seen() {
    assert_eq!(unseen("G2"), Vec::<String>::new());
}

#[test]
fn a_check_that_the_vault_leaves_out_is_seen() {
    assert_eq!(unseen("G10"), Vec::<String>::new());
}

#[test]
fn a_use_that_is_not_in_the_audit_is_seen() {
    assert_eq!(unseen("G24"), Vec::<String>::new());
}
