//! The walls stand: our crates use one another as the table of ARCHITECTURE.md says, and in no other way.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::layers::{
    differences, edges, impurities, manifests, metadata, pinned_outside_root, table_of, trespasses,
};

fn cargo_says() -> Value {
    metadata(&tests::root()).expect("cargo metadata")
}

/// The metadata with one dependency more, as if somebody had added it to a `Cargo.toml`.
fn doctored(metadata: &Value, user: &str, used: &str) -> Value {
    let mut doctored = metadata.clone();
    let id_of = |name: &str| {
        let packages = metadata["packages"].as_array().expect("packages");
        let package = packages.iter().find(|package| package["name"] == name).expect("the crate exists");
        package["id"].clone()
    };
    let package = doctored["packages"].as_array_mut().expect("packages");
    let package = package.iter_mut().find(|package| package["name"] == user).expect("the crate exists");
    let dependencies = package["dependencies"].as_array_mut().expect("dependencies");
    dependencies.push(json!({ "name": used, "path": "/somewhere", "kind": null }));
    let nodes = doctored["resolve"]["nodes"].as_array_mut().expect("nodes");
    let node = nodes.iter_mut().find(|node| node["id"] == id_of(user)).expect("the crate is resolved");
    let kinds = json!([{ "kind": null, "target": null }]);
    let dependency = json!({ "name": used, "pkg": id_of(used), "dep_kinds": kinds });
    node["deps"].as_array_mut().expect("deps").push(dependency);
    doctored
}

#[test]
fn no_crate_uses_what_the_table_does_not_allow() {
    let edges = edges(&cargo_says());
    assert!(edges.len() >= 10, "all crates are seen: {edges:?}");
    assert_eq!(trespasses(&edges), Vec::<String>::new());
}

#[test]
fn a_forbidden_edge_is_seen() {
    let metadata = cargo_says();
    for (user, used) in
        [("engine", "store"), ("connectors", "engine"), ("runtime", "connectors"), ("dsl", "secret")]
    {
        let found = trespasses(&edges(&doctored(&metadata, user, used)));
        assert_eq!(found, [format!("`{user}` uses `{used}`, which the table does not allow")]);
    }
}

#[test]
fn the_page_and_the_test_hold_the_same_table() {
    let page = std::fs::read_to_string(tests::root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    assert_eq!(differences(&table_of(&page)), Vec::<String>::new());
}

#[test]
fn a_changed_page_is_seen() {
    let page = std::fs::read_to_string(tests::root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let changed = |from: &str, to: &str| {
        assert!(page.contains(from), "the page has `{from}`");
        differences(&table_of(&page.replacen(from, to, 1)))
    };
    assert_eq!(
        changed("| `dsl`, `engine`, `store` |", "| `connectors`, `dsl`, `engine`, `store` |"),
        ["the page lets `runtime` use {\"connectors\", \"dsl\", \"engine\", \"store\"}, \
             the test {\"dsl\", \"engine\", \"store\"}"],
    );
    assert_eq!(changed("| `secret/` |", "| secret |"), ["the page has no row for `secret`"]);
}

#[test]
fn the_language_and_the_engine_reach_no_clock_network_or_chance() {
    assert_eq!(impurities(&cargo_says()), Vec::<String>::new());
}

#[test]
fn an_impure_dependency_is_seen_however_far_down() {
    let metadata = cargo_says();
    let found = impurities(&doctored(&metadata, "dsl", "egress"));
    let reached = |user: &str, used: &str| {
        found.iter().any(|line| line.starts_with(&format!("`{user}` depends on `{used}`")))
    };
    assert!(reached("dsl", "reqwest") && reached("dsl", "tokio"), "{found:?}");
    assert!(reached("engine", "reqwest") && reached("engine", "tokio"), "{found:?}");
}

#[test]
fn versions_stand_in_the_root_alone() {
    let manifests = manifests(&cargo_says());
    assert!(manifests.len() >= 10, "all crates are seen: {manifests:?}");
    for path in manifests {
        let manifest = std::fs::read_to_string(&path).expect("a Cargo.toml");
        assert_eq!(pinned_outside_root(&manifest), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn a_version_in_a_crate_is_seen() {
    let manifest = "[dependencies]\nserde.workspace = true\ntokio = \"1\"\nurl = { workspace = true }\n\
                    csv = { version = \"1\", features = [] }\n[dev-dependencies.insta]\nversion = \"1\"\n\
                    [target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n[lints]\nworkspace = true\n";
    let found: BTreeSet<String> = pinned_outside_root(manifest).into_iter().collect();
    let expected = [
        "[dev-dependencies.insta]",
        "csv = { version = \"1\", features = [] }",
        "libc = \"0.2\"",
        "tokio = \"1\"",
        "version = \"1\"",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}
