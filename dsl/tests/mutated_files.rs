//! Whatever the text, checking ends with a workflow or with diagnostics: mutated case files never panic.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod shared;
mod support;

use std::path::Path;

use shared::mutation::{Chance, mutated};

fn sources(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn mutated_files_never_panic() {
    let (right, wrong, catalog) = (sources("ok"), sources("err"), support::catalog());
    let mut chance = Chance(7);
    let mut workflows = 0;
    for round in 0..20_000 {
        let source = mutated(&mut chance, if round % 2 == 0 { &right } else { &wrong });
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let checked = dsl::check(&source, &catalog);
            shared::properties::checker(&source);
            checked.workflow.is_some()
        }));
        match result {
            Ok(runs) => workflows += usize::from(runs),
            Err(_) => panic!("round {round}: {source:?}"),
        }
    }
    // Mutations that leave nothing to check would prove little.
    assert!(workflows > 300, "{workflows}");
}

#[test]
fn deep_and_endless_texts_are_refused() {
    let catalog = support::catalog();
    for source in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "a: ".repeat(100_000),
        "x".repeat(2_000_000),
    ] {
        assert!(dsl::check(&source, &catalog).workflow.is_none());
    }
    let steps = |depth: usize| {
        let open: String = (0..depth).map(|at| format!("s{at}: {{ for_each: [1], steps: {{ ")).collect();
        format!("name: x\nsteps: {{ {open} end: {{ fail: no }} {} }}\n", "} }".repeat(depth))
    };
    assert!(dsl::check(&steps(20), &catalog).workflow.is_some());
    assert!(dsl::check(&steps(60), &catalog).workflow.is_none());
}

#[test]
fn aliases_cannot_make_a_small_file_huge() {
    let mut source = String::from("name: x\nx-0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        source += &format!("x-{level}: &a{level} [{items}]\n");
    }
    source += "steps: { a: { fail: no } }\n";
    let checked = dsl::check(&source, &support::catalog());
    assert_eq!(checked.diagnostics.len(), 1);
    assert_eq!(checked.diagnostics[0].code.id(), "KW0007");
}
