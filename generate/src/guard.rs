//! What a draft may not do unasked: what cannot be taken back is approved by a person first, and a host or a secret that
//! nobody named is asked about. It looks at the checked workflow, whoever drafted it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use dsl::catalog::{Catalog, Safety};
use dsl::workflow::{Act, Block, Op, REQUEST, TURN, Wait, Workflow};
use regex::Regex;

/// How the names of actions begin that take something away, move money, or speak to many.
const GRAVE: &[&str] = &[
    "archive",
    "cancel",
    "clear",
    "create_payment",
    "create_subscription",
    "delete",
    "dispatch",
    "merge",
    "put_file",
    "refund",
    "remove",
    "run_pipeline",
    "send_campaign",
    "send_envelope",
    "send_template",
    "share",
    "trash",
    "unshare",
    "unsubscribe",
    "void",
];

/// True for an action that is approved by a person before a draft carries it out.
pub fn is_grave(action: &str) -> bool {
    let name = action.rsplit('.').next().unwrap_or(action);
    GRAVE.iter().any(|word| name.starts_with(word))
}

/// What a person has to know of a draft before anything of it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Hosts that it would call and that nobody named; `{}` where only the run knows which.
    pub hosts: BTreeSet<String>,
    /// Steps that act gravely, or let a model act, with no `approve` before them.
    pub unasked: BTreeSet<String>,
    /// Names of secrets that it would use and that nobody named.
    pub secrets: BTreeSet<String>,
}

impl Found {
    /// True if there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.unasked.is_empty() && self.secrets.is_empty()
    }

    /// The question that stands in place of the draft.
    pub fn question(&self) -> String {
        let mut parts = vec![];
        let listed = |names: &BTreeSet<String>| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        if !self.hosts.is_empty() {
            parts.push(format!("call {}, which you did not name", listed(&self.hosts)));
        }
        if !self.secrets.is_empty() {
            parts.push(format!("use the secret {}, which you did not name", listed(&self.secrets)));
        }
        if !self.unasked.is_empty() {
            parts.push(format!("act in {} without asking anybody", listed(&self.unasked)));
        }
        format!(
            "the draft would {}. Is that what you want? Name it in the wish if it is",
            parts.join(", and ")
        )
    }
}

static HOST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:https?|wss?|ftp)://([^/\s\x22'\\?#]*)").ok());
static SECRET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"secret\(\s*["']([^"']*)["']\s*\)|secret:\s*([A-Za-z0-9_]+)"#).ok());

/// Looks at a draft: `named` is all that a person wrote, the wish and the file that is edited.
pub fn look(workflow: &Workflow, text: &str, catalog: &Catalog, named: &str) -> Found {
    let mut found = Found::default();
    let named = named.to_lowercase();
    let mut hosts = BTreeSet::new();
    block(&workflow.root, false, catalog, &mut found, &mut hosts);
    found.hosts = hosts.into_iter().filter(|host| !names_host(&named, host)).collect();
    if let Some(form) = SECRET.as_ref() {
        let all = form
            .captures_iter(text)
            .filter_map(|hit| hit.get(1).or(hit.get(2)).map(|it| it.as_str().to_owned()));
        found.secrets = all.filter(|name| !named.contains(&name.to_lowercase())).collect();
    }
    if text.contains("untrusted_tools") {
        found.unasked.insert("allow: [untrusted_tools]".into());
    }
    found
}

/// True where a person wrote this very host.
fn names_host(named: &str, host: &str) -> bool {
    let host = host.to_lowercase();
    let inside = |char: char| char.is_alphanumeric() || char == '.' || char == '-';
    named.match_indices(&host).any(|(at, _)| {
        let before = named[..at].chars().next_back();
        let after = named[at + host.len()..].chars().next();
        !before.is_some_and(inside) && !after.is_some_and(|char| char.is_alphanumeric() || char == '-')
    })
}

fn block(block: &Block, approved: bool, catalog: &Catalog, found: &mut Found, hosts: &mut BTreeSet<String>) {
    for (at, step) in block.steps.iter().enumerate() {
        let approved = approved || waits_for_a_person(block, at);
        match &step.op {
            Op::Act(act) => {
                if let Some(host) = host_of(act, catalog) {
                    hosts.insert(host);
                }
                let acts = act.safety != Safety::Read;
                let request = &*act.action == REQUEST || act.action.ends_with(".request");
                if acts && (is_grave(&act.action) || request) && !approved {
                    found.unasked.insert(step.name.to_string());
                }
            }
            Op::Repeat { body, .. } => {
                let confirms = serde_json::to_string(&step.op).is_ok_and(|text| text.contains("\"confirm\""));
                if step.op.turn().is_some() && !approved && !confirms && acts_with_tools(body) {
                    found.unasked.insert(step.name.to_string());
                }
                self::block(body, approved, catalog, found, hosts);
            }
            Op::Each { body, .. } | Op::Try { body, .. } => {
                self::block(body, approved, catalog, found, hosts)
            }
            Op::Switch { cases, default, .. } => {
                let all = cases.iter().map(|case| &case.block).chain(default);
                all.for_each(|inner| self::block(inner, approved, catalog, found, hosts));
            }
            Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => {}
        }
    }
}

/// True where a model is given tools that do more than read.
fn acts_with_tools(body: &Block) -> bool {
    body.steps.iter().any(|step| match &step.op {
        Op::Act(act) => &*act.action != TURN && act.safety != Safety::Read,
        Op::Switch { cases, default, .. } => {
            cases.iter().map(|case| &case.block).chain(default).any(acts_with_tools)
        }
        Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. } => acts_with_tools(body),
        Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => false,
    })
}

/// True if a step waits, however far back, for a person who answers in the same block.
fn waits_for_a_person(block: &Block, at: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![at];
    while let Some(at) = open.pop() {
        let Some(step) = block.steps.get(at).filter(|_| seen.insert(at)) else { continue };
        if matches!(step.op, Op::Wait(Wait::Person(_))) {
            return true;
        }
        open.extend(step.needs.iter().filter(|need| need.up == 0).map(|need| usize::from(need.step)));
    }
    false
}

/// The host that a call would go to, where its author says so and no connector does.
fn host_of(act: &Act, _: &Catalog) -> Option<String> {
    let args = serde_json::to_string(&act.args).ok()?;
    if &*act.action != REQUEST {
        // What a connector downloads or shows is named by an address as well.
        let hit = HOST.as_ref()?.captures(&args)?;
        return (act.action.contains("save_url") || act.action.ends_with(".read"))
            .then(|| hit.get(1).map(|it| it.as_str().to_owned()))
            .flatten();
    }
    match HOST.as_ref()?.captures(&args) {
        Some(hit) => {
            hit.get(1).map(|it| if it.as_str().is_empty() { "{}".to_owned() } else { it.as_str().to_owned() })
        }
        None => Some("{}".into()),
    }
}
