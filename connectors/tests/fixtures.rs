//! Every action of every manifest against its fixtures, and the fixtures against manifests that are wrong.

#![allow(clippy::unwrap_used)]

mod play;
mod status;

use std::collections::BTreeMap;
use std::sync::Arc;

use connectors::library::Library;
use connectors::manifest::Action;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn every_fixture_comes_out_as_it_says() {
    let (runtime, library) = (runtime(), Arc::new(Library::embedded()));
    let (mut wrong, mut played) = (vec![], 0);
    let mut seen = vec![];
    for name in library.names() {
        let Some(manifest) = library.find(name) else { panic!("{name} has errors") };
        let mut row = status::Row::of(&library, manifest);
        for fixture in play::of(manifest) {
            let fault = play::play(&runtime, &library, &fixture);
            row.played(fault.is_none());
            wrong.extend(fault);
            played += 1;
        }
        seen.push(row);
    }
    println!("{played} fixtures");
    assert!(wrong.is_empty(), "{} of {played} fixtures:\n{}", wrong.len(), wrong.join("\n"));
    assert!(played > 0);
    status::compare(&seen);
}

#[test]
fn a_row_of_the_page_tells_what_the_run_saw_and_nothing_else() {
    let library = Library::embedded();
    let slack = library.find("slack").unwrap();
    let mut row = status::Row::of(&library, slack).with(None);
    let before = row.line();
    assert!(before.contains("| 0 of 0 |"), "nothing was played: {before}");
    row.played(true);
    row.played(false);
    let after = row.line();
    assert!(after.contains("| 1 of 2 |") && after.ends_with("| no |\n"), "{after}");
    let other = status::Row::of(&library, library.find("gmail").unwrap()).line();
    assert!(other.contains("`mime_message`") && !before.contains("`mime_message`"), "{other}");
    // A verdict is told with its date where there is one, and "no" where there is none.
    assert!(before.contains("| 0 of 0 | no |"), "{before}");
    let judged = row.with(Some(status::verdict(&[("a", 2), ("b", 1)], 1))).line();
    assert!(judged.contains("| 2026-11-30: 3 of 2 actions; 1 beyond it |"), "{judged}");
}

#[test]
fn a_verdict_is_of_one_state_of_a_service() {
    let library = Library::embedded();
    let (slack, github) = (play::state(&library, "slack"), play::state(&library, "github"));
    assert_eq!(play::state(&library, "slack"), slack);
    assert_ne!(slack, github);
    let text = library.text("slack").unwrap().replace("version: 1", "version: 2");
    let changed = Library::default().with_text("slack", text);
    assert_ne!(play::state(&changed, "slack"), slack, "another manifest is another state");
}

/// The most pieces of code that manifests may call.
const HOOKS: usize = 12;

#[test]
fn hooks_are_few_and_each_is_used() {
    let library = Library::embedded();
    let used: std::collections::BTreeSet<&str> =
        library.names().flat_map(|name| status::hooks(library.find(name).unwrap())).collect();
    let known: std::collections::BTreeSet<&str> =
        connectors::hook::HOOKS.iter().map(|hook| hook.name).collect();
    assert_eq!(used, known, "each is there for a manifest");
    assert!(known.len() <= HOOKS, "{} hooks", known.len());
}

/// What a fixture is about, by the beginning of its case.
fn about(case: &str) -> Option<&'static str> {
    ["right", "refused", "limited", "paged"].into_iter().find(|about| case.starts_with(about))
}

#[test]
fn every_action_has_a_fixture_that_is_right_one_that_is_refused_and_one_that_is_limited() {
    let library = Library::embedded();
    let mut missing = vec![];
    for name in library.names() {
        let manifest = library.find(name).unwrap();
        let mut cases: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for fixture in play::of(manifest) {
            let Some(about) = about(&fixture.case) else {
                panic!("{name}/{}: a case begins with right, refused, limited or paged", fixture.name)
            };
            cases.entry(fixture.action).or_default().push(about);
        }
        // What code carries out sends no request that a fixture could show: `mail.rs` and `feeds.rs` are about it. A link is
        // not sent at all: `stores.rs`.
        let sends = |action: &&Action| action.request().is_some_and(|request| request.link.is_none());
        for action in manifest.actions.iter().filter(sends) {
            let has = cases.get(&action.name).map(Vec::as_slice).unwrap_or_default();
            let wanted =
                ["right", "refused", "limited"].into_iter().chain(action.pages.as_ref().map(|_| "paged"));
            let lacks: Vec<&str> = wanted.filter(|about| !has.contains(about)).collect();
            if !lacks.is_empty() {
                missing.push(format!("{name}.{} lacks {}", action.name, lacks.join(", ")));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn no_fixture_holds_what_looks_like_a_real_secret() {
    let library = Library::embedded();
    let real =
        regex::Regex::new(r"xox[abprs]-\d|gh[pousr]_[A-Za-z0-9]{20}|sk_live_|rk_live_|ntn_[A-Za-z0-9]{20}")
            .unwrap();
    for name in library.names() {
        for fixture in play::of(library.find(name).unwrap()) {
            assert!(!real.is_match(&fixture.json.to_string()), "{name}/{}", fixture.name);
        }
    }
}
