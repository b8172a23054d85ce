//! The page that says of each service what a run of the tests has seen of it: `docs/connectors/status.md`. `KEYWAY_WRITE=1`
//! writes it.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use connectors::manifest::trigger::TriggerKind;
use connectors::manifest::{Certainty, Manifest};
use serde_json::Value as Json;

/// A service, as a run sees it.
pub struct Row {
    id: String,
    actions: usize,
    triggers: String,
    right: usize,
    played: usize,
    ways: String,
    hooks: String,
    facts: String,
}

impl Row {
    /// What its manifest says.
    pub fn of(manifest: &Manifest) -> Row {
        let mut triggers: BTreeMap<&str, usize> = BTreeMap::new();
        for trigger in &manifest.triggers {
            *triggers.entry(heard_by(&trigger.kind)).or_default() += 1;
        }
        let mut facts: BTreeMap<&str, usize> = BTreeMap::new();
        for action in &manifest.actions {
            *facts.entry(action.certainty.name()).or_default() += 1;
        }
        let ways: BTreeSet<&str> = manifest.auth.iter().map(|way| way.kind.name()).collect();
        let counted = |all: BTreeMap<&str, usize>| {
            let all: Vec<String> = all.into_iter().map(|(name, count)| format!("{count} {name}")).collect();
            or_none(all.join(", "))
        };
        let quoted = |all: Vec<&str>| {
            let all: Vec<String> = all.into_iter().map(|name| format!("`{name}`")).collect();
            or_none(all.join(", "))
        };
        Row {
            id: manifest.id.clone(),
            actions: manifest.actions.len(),
            triggers: counted(triggers),
            right: 0,
            played: 0,
            ways: quoted(ways.into_iter().collect()),
            hooks: quoted(hooks(manifest).into_iter().collect()),
            facts: counted(facts),
        }
    }

    /// A fixture was played.
    pub fn played(&mut self, right: bool) {
        self.played += 1;
        self.right += usize::from(right);
    }

    /// It as a line of the table.
    pub fn line(&self) -> String {
        let Row { id, actions, triggers, right, played, ways, hooks, facts } = self;
        let judged = judged().1.get(id).map_or("no".into(), |(judged, beyond)| match beyond {
            0 => format!("{judged} requests"),
            beyond => format!("{judged} requests; {beyond} beyond it"),
        });
        format!(
            "| [{id}]({id}.md) | {actions} | {triggers} | {right} of {played} | {judged} | {ways} | {hooks} | {facts} | no |\n"
        )
    }
}

fn or_none(text: String) -> String {
    if text.is_empty() { "–".into() } else { text }
}

fn heard_by(kind: &TriggerKind) -> &'static str {
    match kind {
        TriggerKind::Poll(_) => "poll",
        TriggerKind::Subscription(_) => "webhook_subscription",
        TriggerKind::Webhook(_) => "webhook",
    }
}

/// The hooks that the actions of a manifest call.
pub fn hooks(manifest: &Manifest) -> BTreeSet<&'static str> {
    manifest.actions.iter().flat_map(|action| &action.made).map(|made| made.hook.name).collect()
}

/// When a validator judged requests last, as far as that is kept: of each service how many, and how many it could not.
fn judged() -> (Option<String>, BTreeMap<String, (u64, u64)>) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judged.json");
    let Ok(text) = std::fs::read_to_string(kept) else { return (None, BTreeMap::new()) };
    let kept: Json = serde_json::from_str(&text).unwrap();
    let count = |row: &Json, name: &str| row[name].as_u64().unwrap_or_default();
    let services = kept["services"].as_object().into_iter().flatten();
    let services =
        services.map(|(name, row)| (name.clone(), (count(row, "judged"), count(row, "beyond")))).collect();
    (kept["date"].as_str().map(str::to_owned), services)
}

/// Compares the page with what a run has seen, or writes it.
pub fn compare(rows: &[Row]) {
    let expected = page(rows);
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/connectors/status.md");
    if std::env::var_os("KEYWAY_WRITE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/connectors/status.md is not what the run has seen; `KEYWAY_WRITE=1 cargo test -p connectors --test fixtures` writes it"
    );
}

fn page(rows: &[Row]) -> String {
    let sum = |of: fn(&Row) -> usize| rows.iter().map(of).sum::<usize>();
    let (actions, right, played) = (sum(|row| row.actions), sum(|row| row.right), sum(|row| row.played));
    let hooks: usize = connectors::hook::HOOKS.len();
    let judged = match judged().0 {
        Some(date) => format!(
            "**Judged** are requests of fixtures by the published description of the service, with a validator, on {date}; what is \
             beyond it, `connectors/tests/specs.rs` names with the reason."
        ),
        None => "**Judged** would be requests of fixtures by the published description of the service, with a validator; no such run is kept here.".into(),
    };
    let [described, documented, reported] = Certainty::ALL.map(Certainty::name);
    let mut text = format!(
        "# What was tried of each service\n\n\
         Written by a run of the tests (`KEYWAY_WRITE=1 cargo test -p connectors --test fixtures`), of what it has seen: {} services, \
         {actions} actions, {hooks} hooks, and {right} of {played} fixtures that came out as they say. A fixture is an exchange that was \
         written down by hand after the service's own pages: a server on the same machine expects the request byte for byte, and \
         answers as the service is said to. **No action and no trigger was tried against the real service**, which needs accounts there.\n\n\
         {judged}\n\n\
         **Facts** say after what an action was written: `{described}`, the service's own description of the call; `{documented}`, its \
         prose; `{reported}`, what others say. How services stand for you, as measured, `keyway connectors` tells.\n\n\
         | Service | Actions | Triggers | Fixtures | Judged | Signing in | Hooks | Facts | Tried against the real service |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        rows.len()
    );
    for row in rows {
        text += &row.line();
    }
    text
}
