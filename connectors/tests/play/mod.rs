//! The fixtures of the project, and playing them.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use connectors::fixture;
use connectors::library::Library;
use connectors::manifest::Manifest;
use dsl::value::Hash;
use egress::{Client, Policy};
use secret::NoVault;
use serde_json::Value as Json;

/// One case of an action.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub connector: String,
    /// The name of the file without its ending: `post_message_right`.
    pub name: String,
    pub action: String,
    pub case: String,
    pub json: Json,
}

impl Fixture {
    /// The exchanges that it expects, in order.
    pub fn exchanges(&self) -> Vec<Json> {
        match self.json.get("exchanges") {
            Some(Json::Array(all)) => all.clone(),
            _ => vec![self.json.clone()],
        }
    }
}

/// The folder of all fixtures.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The fixtures of a connector, by their names.
pub fn of(manifest: &Manifest) -> Vec<Fixture> {
    let mut all = vec![];
    let Ok(entries) = fs::read_dir(folder().join(&manifest.id)) else { return all };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // The longest name of an action that begins the file's: `list_issues` and not `list`.
        let names = manifest.actions.iter().map(|action| action.name.as_str()).chain(["request"]);
        let begun =
            names.filter(|action| name.strip_prefix(action).is_some_and(|rest| rest.starts_with('_')));
        let action = begun.max_by_key(|action| action.len());
        let action = action.unwrap_or_else(|| panic!("{} is about no action", path.display())).to_owned();
        let case = name[action.len() + 1..].to_owned();
        all.push(Fixture { connector: manifest.id.clone(), name, action, case, json });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// What a verdict of a service is about: its manifest and its fixtures, as a hash. Another one of either is another state.
pub fn state(library: &Library, id: &str) -> String {
    let mut all = library.text(id).unwrap_or_default().to_owned();
    for fixture in library.find(id).map(|known| of(known)).unwrap_or_default() {
        all += &format!("\n{}\n{}", fixture.name, fixture.json);
    }
    Hash::of(all.as_bytes()).to_string()
}

/// The file in which verdicts of a validator are kept: only a run of it writes there.
pub fn judged() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judged.json")
}

/// The way out, made once: it reads the trusted certificates.
static EGRESS: LazyLock<Client> = LazyLock::new(|| {
    let policy = Policy { allow_private: true, ..Policy::default() };
    Client::new(policy, Arc::new(NoVault))
});

/// Plays a fixture. Gives what is not as it should be, or nothing.
pub fn play(runtime: &tokio::runtime::Runtime, library: &Arc<Library>, fixture: &Fixture) -> Option<String> {
    let case = fixture::Fixture {
        connector: fixture.connector.clone(),
        action: fixture.action.clone(),
        json: fixture.json.clone(),
    };
    let wrong = runtime.block_on(fixture::play(library, &EGRESS, &case));
    (!wrong.is_empty()).then(|| format!("{}/{}: {}", fixture.connector, fixture.name, wrong.join("\n    ")))
}
