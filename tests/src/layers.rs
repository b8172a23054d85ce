//! The walls between the crates: the table of ARCHITECTURE.md, compared with what Cargo says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// For each crate of ours, the crates of ours that it may use.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// The table of the design. It stands here a second time, so that neither the page nor a `Cargo.toml` can be
/// changed alone. This crate is not in it: it may use everything.
pub const TABLE: &[(&str, &[&str])] = &[
    ("ai", &["dsl", "egress", "secret", "store", "vault"]),
    ("cli", &["dsl", "lsp", "migrate", "server"]),
    ("connectors", &["dsl", "egress", "secret"]),
    ("dsl", &[]),
    ("egress", &["secret"]),
    ("engine", &["dsl"]),
    ("generate", &["ai", "dsl", "engine", "runtime"]),
    ("lsp", &["dsl"]),
    ("migrate", &["connectors", "dsl"]),
    ("runtime", &["dsl", "engine", "store"]),
    ("secret", &[]),
    (
        "server",
        &["ai", "connectors", "dsl", "egress", "engine", "generate", "runtime", "secret", "store", "vault"],
    ),
    ("store", &[]),
    ("vault", &["secret", "store"]),
];

/// The crates that must stay pure, and the crate of tests that stands outside of the table.
pub const PURE: &[&str] = &["dsl", "engine"];
const OUTSIDE: &str = "tests";

/// What no pure crate may depend on, however far down.
pub const IMPURE: &[&str] =
    &["getrandom", "mio", "rand", "rand_core", "reqwest", "rusqlite", "tokio", "ureq"];

/// Asks Cargo for the crates and their edges, for this machine's platform, without the network.
///
/// # Errors
/// Where Cargo cannot be run, or `Cargo.lock` does not fit.
pub fn metadata(root: &Path) -> Result<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            &platform()?,
        ])
        .current_dir(root)
        .output()
        .context("cargo cannot be run")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn platform() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc cannot be run")?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// The edges between our crates, of every kind (normal, build, dev), as Cargo sees them.
pub fn edges(metadata: &Value) -> Edges {
    let members = members(metadata);
    let mut edges = Edges::new();
    for package in list(&metadata["packages"]) {
        let Some(name) = text(&package["name"]).filter(|_| members.contains(id(package))) else { continue };
        let uses = list(&package["dependencies"])
            .filter(|dependency| dependency["path"].is_string())
            .filter_map(|dependency| text(&dependency["name"]))
            .filter(|used| *used != name);
        edges.entry(name.to_owned()).or_default().extend(uses.map(str::to_owned));
    }
    edges
}

/// What stands against the table: an edge that it does not allow, a crate that it does not know.
pub fn trespasses(edges: &Edges) -> Vec<String> {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let mut found = vec![];
    for (name, uses) in edges.iter().filter(|(name, _)| *name != OUTSIDE) {
        let Some(allowed) = table.get(name.as_str()) else {
            found.push(format!("`{name}` is not in the table"));
            continue;
        };
        let wrong = uses.iter().filter(|used| !allowed.contains(&used.as_str()));
        found.extend(wrong.map(|used| format!("`{name}` uses `{used}`, which the table does not allow")));
    }
    let missing = table.keys().filter(|name| !edges.contains_key(**name));
    found.extend(missing.map(|name| format!("the table has `{name}`, which is no crate")));
    found
}

/// What a pure crate depends on and must not, each with the crate that it was reached from.
pub fn impurities(metadata: &Value) -> Vec<String> {
    let packages = list(&metadata["packages"]);
    let names: BTreeMap<&str, &str> =
        packages.filter_map(|package| Some((id(package), text(&package["name"])?))).collect();
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"]["nodes"]).map(|node| (id(node), node)).collect();
    let mut found = vec![];
    for start in members(metadata).iter().filter(|id| names.get(**id).is_some_and(|name| PURE.contains(name)))
    {
        let mut seen = BTreeSet::from([*start]);
        let mut open = vec![*start];
        while let Some(at) = open.pop() {
            let node = nodes.get(at).copied().unwrap_or(&Value::Null);
            for used in list(&node["deps"]).filter(|used| list(&used["dep_kinds"]).any(is_built_in)) {
                let Some(next) = text(&used["pkg"]) else { continue };
                if !seen.insert(next) {
                    continue;
                }
                open.push(next);
                if let Some(name) = names.get(next).filter(|name| IMPURE.contains(name)) {
                    found.push(format!("`{}` depends on `{name}`, through `{}`", names[start], names[at]));
                }
            }
        }
    }
    found
}

fn is_built_in(kind: &Value) -> bool {
    kind["kind"] != "dev"
}

/// Reads the table of a page: rows that begin with the folder of a crate, as in `| dsl/ | … | uses | never |`.
pub fn table_of(page: &str) -> Edges {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [first, _about, uses, _never] = cells[..] else { return None };
        let name = first.strip_prefix('`')?.strip_suffix("/`")?;
        let used = uses.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some((name.to_owned(), used))
    });
    rows.filter(|(name, _)| *name != OUTSIDE).collect()
}

/// Where a page's table and ours differ.
pub fn differences(page: &Edges) -> Vec<String> {
    let ours: BTreeMap<&str, BTreeSet<&str>> =
        TABLE.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    let mut found: Vec<String> = ours
        .keys()
        .filter(|name| !page.contains_key(**name))
        .map(|name| format!("the page has no row for `{name}`"))
        .collect();
    for (name, uses) in page {
        let theirs: BTreeSet<&str> = uses.iter().map(String::as_str).collect();
        match ours.get(name.as_str()) {
            None => found.push(format!("the page has a row for `{name}`, and the test has none")),
            Some(ours) if *ours != theirs => {
                found.push(format!("the page lets `{name}` use {theirs:?}, the test {ours:?}"));
            }
            Some(_) => {}
        }
    }
    found
}

/// The lines of a crate's `Cargo.toml` that pin a dependency there instead of in the root.
pub fn pinned_outside_root(manifest: &str) -> Vec<String> {
    let mut within = false;
    let mut found = vec![];
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            let header = line.trim_matches(['[', ']']);
            within = header.split('.').any(|part| part.ends_with("dependencies"));
            let names_one = header.split('.').next_back().is_some_and(|last| !last.ends_with("dependencies"));
            if within && names_one {
                found.push(line.to_owned());
            }
            continue;
        }
        if !within || line.is_empty() || line.starts_with('#') {
            continue;
        }
        let compact: String = line.chars().filter(|letter| !letter.is_whitespace()).collect();
        let inherits = compact.contains(".workspace=true") || compact.contains("{workspace=true");
        let pins = ["version=", "path=", "git="].iter().any(|key| compact.contains(key));
        if !inherits || pins {
            found.push(line.to_owned());
        }
    }
    found
}

/// The `Cargo.toml` of each crate of ours.
pub fn manifests(metadata: &Value) -> Vec<String> {
    let members = members(metadata);
    let ours = list(&metadata["packages"]).filter(|package| members.contains(id(package)));
    ours.filter_map(|package| text(&package["manifest_path"]).map(str::to_owned)).collect()
}

fn members(metadata: &Value) -> BTreeSet<&str> {
    list(&metadata["workspace_members"]).filter_map(text).collect()
}

fn id(package: &Value) -> &str {
    text(&package["id"]).unwrap_or_default()
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
