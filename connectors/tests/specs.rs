//! The requests of fixtures against descriptions of their services, where a validator is at hand: `KEYWAY_SPECS` names
//! the folder of its script `run-prism.sh`, `KEYWAY_DESCRIPTIONS` that of the descriptions, `NAME.json` for each service.
//! Without them nothing is judged, since the project stands alone. `KEYWAY_SERVICES=slack,github` judges these alone: a
//! description takes its time to be loaded. `KEYWAY_WRITE=1` keeps the verdict on each service that was judged, all of whose
//! requests fit, in `judged.json`, from which docs/connectors/status.md is made.

#![allow(clippy::unwrap_used)]

#[path = "specs/beyond.rs"]
mod beyond;
#[path = "specs/names.rs"]
mod names;
mod play;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use beyond::BEYOND;
use connectors::library::Library;
use connectors::manifest::Manifest;
use serde_json::{Value as Json, json};

/// The path of the server that a description names, which the validator does not serve.
fn served(description: &Json) -> String {
    let url = description["servers"][0]["url"].as_str().unwrap_or_default();
    let path = url.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap_or_default();
    path.trim_end_matches('/').to_owned()
}

/// The tools and the descriptions, where both are named. One that is named and is not there is a fault.
fn named() -> Option<(PathBuf, PathBuf)> {
    let folder = |name: &str| {
        let folder = PathBuf::from(std::env::var_os(name)?);
        assert!(folder.is_dir(), "{name} names `{}`, which is no folder", folder.display());
        Some(folder)
    };
    let named = folder("KEYWAY_SPECS").zip(folder("KEYWAY_DESCRIPTIONS"));
    if named.is_none() {
        println!(
            "SKIPPED: no validator is named by KEYWAY_SPECS and KEYWAY_DESCRIPTIONS, and nothing is judged"
        );
    }
    named
}

/// The requests of a service, as the validator takes them.
struct Cases {
    /// Each with the action that it is of.
    all: Vec<(String, Json)>,
    /// How many are beyond the description.
    beyond: usize,
}

impl Cases {
    fn of(manifest: &Manifest, description: &Json) -> Cases {
        let (below, name) = (served(description), &manifest.id);
        let mut cases = Cases { all: vec![], beyond: 0 };
        for fixture in play::of(manifest) {
            let beyond = BEYOND
                .iter()
                .any(|(service, of, _)| service == name && (*of == fixture.name || *of == fixture.action));
            if fixture.action == "request" || beyond {
                cases.beyond += usize::from(beyond);
                continue;
            }
            // The address of a further page may be one that no description has.
            let wanted = fixture.exchanges()[0]["expect_request"].clone();
            let url = wanted["url"].as_str().unwrap();
            let path = format!("/{}", url.splitn(4, '/').nth(3).unwrap_or_default());
            // A secret is shown to fixtures by its name behind `secret-`, and one in a path may be letters and digits alone.
            let path = path.strip_prefix(&below).unwrap_or(&path).replace("secret-", "secret");
            let mut headers: serde_json::Map<String, Json> = wanted["headers"]
                .as_object()
                .into_iter()
                .flatten()
                // The validator answers in plain JSON alone, and looks for nothing else where that is not accepted.
                .filter(|(name, value)| !value.is_null() && *name != "accept")
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            // The first form of this answer in the description is one that the validator cannot write, and it says 500 to
            // every request that names no other.
            if name == "github" && fixture.action == "get_file" {
                headers.insert("accept".into(), "application/json".into());
            }
            let mut case = json!({
                "service": name.replace('_', "-"),
                "name": fixture.name,
                "method": wanted["method"],
                "path": path,
                "headers": headers,
                "expect": "2xx",
            });
            match &wanted["body"] {
                Json::Null => {}
                Json::String(text) => case["text"] = json!(text),
                body => case["text"] = json!(body.to_string()),
            }
            cases.all.push((fixture.action, case));
        }
        cases
    }

    /// What is kept of them once they fit: of each action how many.
    fn verdict(&self, state: String) -> Json {
        let mut actions: BTreeMap<&str, usize> = BTreeMap::new();
        for (action, _) in &self.all {
            *actions.entry(action).or_default() += 1;
        }
        let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        json!({ "date": date, "state": state, "actions": actions, "beyond": self.beyond })
    }
}

/// What the validator says to requests: all that it refuses, and all that it said.
fn refused(tools: &Path, descriptions: &Path, cases: &[&Json]) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.json");
    std::fs::write(&file, serde_json::to_string(&cases).unwrap()).unwrap();
    let mut command = Command::new("bash");
    command.arg(tools.join("run-prism.sh")).arg("check").arg(&file).arg(descriptions);
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let judged = said.lines().filter(|line| line.starts_with("ok") || line.starts_with("FAIL")).count();
    let said = format!("{said}\n{}", String::from_utf8_lossy(&out.stderr));
    let wrong: Vec<String> =
        said.lines().filter(|line| line.starts_with("FAIL")).map(str::to_owned).collect();
    assert!(judged == cases.len() || !wrong.is_empty(), "{judged} of {} were judged: {said}", cases.len());
    (wrong, said)
}

#[test]
fn every_request_of_a_fixture_fits_the_description_of_its_service() {
    let Some((tools, descriptions)) = named() else { return };
    let only = std::env::var("KEYWAY_SERVICES").ok();
    let only: Option<Vec<&str>> = only.as_deref().map(|names| names.split(',').collect());
    let library = Library::embedded();
    let (mut judged, mut faults) = (0, vec![]);
    for name in library.names().filter(|name| only.as_ref().is_none_or(|only| only.contains(name))) {
        let file = descriptions.join(format!("{}.json", name.replace('_', "-")));
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let cases = Cases::of(library.find(name).unwrap(), &serde_json::from_str(&text).unwrap());
        let requests: Vec<&Json> = cases.all.iter().map(|(_, case)| case).collect();
        if requests.is_empty() {
            continue;
        }
        let (wrong, _) = refused(&tools, &descriptions, &requests);
        println!(
            "{name}: {} requests judged, {} refused, {} beyond it",
            requests.len(),
            wrong.len(),
            cases.beyond
        );
        judged += requests.len();
        if wrong.is_empty() && std::env::var_os("KEYWAY_WRITE").is_some() {
            keep(name, cases.verdict(play::state(&library, name)));
        }
        faults.extend(wrong);
    }
    println!("{judged} requests judged");
    assert!(judged > 0, "nothing is judged");
    assert!(faults.is_empty(), "{} of {judged} requests:\n{}", faults.len(), faults.join("\n"));
}

/// Keeps a verdict, in the place of the one before.
fn keep(name: &str, verdict: Json) {
    let kept = std::fs::read_to_string(play::judged()).unwrap_or_default();
    let mut kept: BTreeMap<String, Json> = serde_json::from_str(&kept).unwrap_or_default();
    kept.insert(name.to_owned(), verdict);
    std::fs::write(play::judged(), serde_json::to_string_pretty(&kept).unwrap() + "\n").unwrap();
}

/// The descriptions of services, where their folder is named.
fn described() -> Option<Vec<(String, Json)>> {
    let Some(folder) = std::env::var_os("KEYWAY_DESCRIPTIONS").map(PathBuf::from) else {
        println!(
            "SKIPPED: no descriptions are named by KEYWAY_DESCRIPTIONS, and no name is held against them"
        );
        return None;
    };
    assert!(folder.is_dir(), "KEYWAY_DESCRIPTIONS names `{}`, which is no folder", folder.display());
    let library = Library::embedded();
    let all = library.names().filter_map(|name| {
        let file = folder.join(format!("{}.json", name.replace('_', "-")));
        let text = std::fs::read_to_string(file).ok()?;
        Some((name.to_owned(), serde_json::from_str(&text).unwrap()))
    });
    Some(all.collect())
}

/// What a case asks for, with its names changed by `change`; the names that are not known, and how many were looked at.
fn named_in(root: &Json, case: &Json, change: impl Fn(&str) -> String) -> Option<(usize, Vec<String>)> {
    let kind = case["headers"]["content-type"].as_str().unwrap_or_default();
    let text = |key: &str| case[key].as_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    names::of(root, text("method"), text("path"), kind, &change(text("text")))
}

#[test]
fn every_name_in_a_request_of_a_fixture_stands_in_the_description_of_its_service() {
    let Some(described) = described() else { return };
    let library = Library::embedded();
    let (mut looked, mut requests, mut faults, mut excused) = (0, 0, vec![], vec![]);
    for (service, root) in &described {
        for (action, case) in Cases::of(library.find(service).unwrap(), root).all {
            let Some((names, unknown)) = named_in(root, &case, str::to_owned) else { continue };
            looked += names;
            requests += 1;
            for name in unknown {
                let known = beyond::NAMES.iter().position(|known| {
                    known.0 == service && (known.1 == action || known.1.is_empty()) && known.2 == name
                });
                match known {
                    Some(at) => excused.push(at),
                    None => faults.push(format!("{service} {}: {name}", case["name"])),
                }
            }
        }
    }
    println!(
        "{} descriptions, {requests} requests, {looked} names, {} unknown, {} beyond the descriptions",
        described.len(),
        faults.len(),
        excused.len()
    );
    assert!(looked > 1_000, "{looked} names are looked at");
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults.join("\n"));
    let idle = beyond::NAMES.iter().enumerate().filter(|(at, _)| !excused.contains(at));
    let idle: Vec<_> = idle.map(|(_, known)| known).collect();
    assert!(idle.is_empty(), "these are excused, and nothing asks for it: {idle:?}");
}

/// The control: one letter more in the first name of each body in JSON is seen, but where the description leaves names open.
#[test]
fn a_misspelt_name_is_seen() {
    let Some(described) = described() else { return };
    let library = Library::embedded();
    let (mut seen, mut all) = (0, 0);
    for (service, root) in &described {
        for (_, case) in Cases::of(library.find(service).unwrap(), root).all {
            let misspelt = |body: &str| body.replacen("{\"", "{\"z", 1);
            let (Some((_, right)), Some((names, wrong))) =
                (named_in(root, &case, str::to_owned), named_in(root, &case, misspelt))
            else {
                continue;
            };
            if names > 0 && case["text"].as_str().is_some_and(|text| text.starts_with("{\"")) {
                all += 1;
                seen += usize::from(wrong.len() > right.len());
            }
        }
    }
    println!("{seen} of {all} misspelt names are seen");
    assert!(all > 300 && seen * 10 > all * 8, "{seen} of {all}");
}
