//! The page that says of each service what a run of the tests has seen of it: `docs/connectors/status.md`. `KEYWAY_WRITE=1`
//! writes it.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use connectors::library::Library;
use connectors::manifest::trigger::TriggerKind;
use connectors::manifest::{Certainty, Manifest};
use serde_json::Value as Json;

use super::play;

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
    judged: Option<Verdict>,
}

/// What a validator said of the requests of a service, in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    date: String,
    /// The state that it is about.
    state: String,
    /// How many requests of each action.
    actions: BTreeMap<String, u64>,
    beyond: u64,
}

impl Verdict {
    fn told(&self) -> String {
        let requests: u64 = self.actions.values().sum();
        let beyond = match self.beyond {
            0 => String::new(),
            beyond => format!("; {beyond} beyond it"),
        };
        format!("{}: {requests} of {} actions{beyond}", self.date, self.actions.len())
    }
}

impl Row {
    /// What its manifest says, and what a validator said of this state of it.
    pub fn of(library: &Library, manifest: &Manifest) -> Row {
        let judged = verdicts().remove(&manifest.id);
        let state = play::state(library, &manifest.id);
        Row { judged: judged.filter(|verdict| verdict.state == state), ..Row::unjudged(manifest) }
    }

    /// What its manifest says.
    fn unjudged(manifest: &Manifest) -> Row {
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
            judged: None,
        }
    }

    /// With another verdict, whatever is kept.
    pub fn with(self, judged: Option<Verdict>) -> Row {
        Row { judged, ..self }
    }

    /// A fixture was played.
    pub fn played(&mut self, right: bool) {
        self.played += 1;
        self.right += usize::from(right);
    }

    /// It as a line of the table.
    pub fn line(&self) -> String {
        let Row { id, actions, triggers, right, played, ways, hooks, facts, .. } = self;
        let judged = self.judged.as_ref().map_or("no".into(), Verdict::told);
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

/// The verdicts that are kept. Only a run of the validator writes them (`specs.rs`).
fn verdicts() -> BTreeMap<String, Verdict> {
    let Ok(text) = std::fs::read_to_string(play::judged()) else { return BTreeMap::new() };
    let kept: BTreeMap<String, Json> = serde_json::from_str(&text).unwrap();
    let verdict = |row: &Json| Verdict {
        date: row["date"].as_str().unwrap_or_default().to_owned(),
        state: row["state"].as_str().unwrap_or_default().to_owned(),
        actions: serde_json::from_value(row["actions"].clone()).unwrap_or_default(),
        beyond: row["beyond"].as_u64().unwrap_or_default(),
    };
    kept.iter().map(|(name, row)| (name.clone(), verdict(row))).collect()
}

/// A verdict as a test needs one.
pub fn verdict(actions: &[(&str, u64)], beyond: u64) -> Verdict {
    let actions = actions.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    Verdict { date: "2026-11-30".into(), state: "s".into(), actions, beyond }
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
    let judged = "**Judged** says when a validator found that the requests of fixtures fit the published description of the service, and how many: \
         written by that run alone (`KEYWAY_WRITE=1 cargo test -p connectors --test specs`), and dropped when the manifest or a fixture changes. What is \
         beyond the description, `connectors/tests/specs.rs` names with the reason. `no`: no description is at hand, or no run judged this state.";
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
    text += "\n## Judged requests, by action\n\n| Service | On | Requests of each action |\n| --- | --- | --- |\n";
    for (row, verdict) in rows.iter().filter_map(|row| Some((row, row.judged.as_ref()?))) {
        let actions: Vec<String> =
            verdict.actions.iter().map(|(name, count)| format!("`{name}` {count}")).collect();
        text += &format!("| {} | {} | {} |\n", row.id, verdict.date, actions.join(", "));
    }
    text
}
