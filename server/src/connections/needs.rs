//! What workflows need of connections, and what of it is not there: an account, a right, a person who signs in again.

use std::collections::{BTreeMap, BTreeSet};

use connectors::manifest::trigger::TriggerKind;
use dsl::workflow::Start;
use engine::plan::{Op, Plan};
use vault::Vault;

use super::account::typed;
use crate::error::Error;
use crate::home::Home;
use crate::kept::{self, Kept};

/// An account that a workflow needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// The service.
    pub connector: String,
    /// The name of the account; without one, the owner's only one.
    pub name: Option<String>,
    /// The actions that are called with it.
    pub actions: BTreeSet<String>,
    /// The scopes that these ask for.
    pub scopes: BTreeSet<String>,
}

impl Need {
    /// True if it is met by an account of this name, where this is so many of the owner's at the service.
    pub fn is_for(&self, name: &str, of: usize) -> bool {
        match &self.name {
            Some(named) => named == name,
            None => of == 1,
        }
    }
}

/// What is not there for a need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The service.
    pub connector: String,
    /// Its name for people.
    pub service: String,
    /// The account, where one is named or found.
    pub name: Option<String>,
    /// What is missing.
    pub what: Lacking,
    /// What to type; empty where the workflow is to be changed.
    pub typed: String,
}

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// An account.
    Connection,
    /// A word which of these is meant.
    Choice(Vec<String>),
    /// A person who signs in again.
    Person(String),
    /// These scopes.
    Scopes(Vec<String>),
}

impl Lacking {
    /// It in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Lacking::Connection => "connection",
            Lacking::Choice(_) => "choice",
            Lacking::Person(_) => "reconnect",
            Lacking::Scopes(_) => "scopes",
        }
    }
}

impl Lack {
    /// It for people.
    pub fn sentence(&self) -> String {
        let service = &self.service;
        let named = self.name.as_ref().map(|name| format!("`{name}` ")).unwrap_or_default();
        match &self.what {
            Lacking::Connection => format!("there is no connection {named}to {service}"),
            Lacking::Choice(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!(
                    "there are connections {} to {service}: say which with `connection:`",
                    names.join(", ")
                )
            }
            Lacking::Person(why) => {
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                format!("the connection {named}to {service} has to be connected again{why}")
            }
            Lacking::Scopes(scopes) => {
                format!("the connection {named}to {service} lacks {}", scopes.join(", "))
            }
        }
    }
}

/// What a plan needs, by service and name.
pub fn of_plan(plan: &Plan) -> Vec<Need> {
    let mut needs: BTreeMap<(String, Option<String>), Need> = BTreeMap::new();
    for step in plan.blocks.iter().flat_map(|block| &block.steps) {
        let Op::Act { action, connection, .. } = &step.op else { continue };
        let Some((connector, called)) = action.split_once('.') else { continue };
        let Some(manifest) = connectors::library().find(connector).filter(|known| known.is_connected())
        else {
            continue;
        };
        let name = connection.as_deref().map(str::to_owned);
        let need = needs.entry((connector.to_owned(), name.clone())).or_default();
        (need.connector, need.name) = (connector.to_owned(), name);
        need.actions.insert(action.to_string());
        let wanted = manifest.actions.iter().filter(|known| known.name == called);
        need.scopes.extend(wanted.flat_map(|known| known.scopes.iter().cloned()));
    }
    needs.into_values().collect()
}

/// What the workflows that are deployed need, with their names.
///
/// # Errors
/// Where the database cannot be read.
pub fn of_deployed(home: &Home) -> Result<Vec<(String, Need)>, Error> {
    let kept = Kept::open(home)?;
    let mut needs = vec![];
    for standing in kept.workflows()? {
        // A text that this program takes no more needs nothing of it.
        let Some(workflow) = kept::read_text(&kept.version(&standing.name, standing.version)?) else {
            continue;
        };
        needs.extend(of_plan(&Plan::new(&workflow)).into_iter().map(|need| (standing.name.clone(), need)));
    }
    Ok(needs)
}

/// The actions of a connector that deployed workflows use, by their names within it: those of their steps, and those by
/// which events that they wait for are asked for.
///
/// # Errors
/// Where the database cannot be read.
pub fn used_actions(home: &Home, connector: &str) -> Result<BTreeSet<String>, Error> {
    let kept = Kept::open(home)?;
    let mut used = BTreeSet::new();
    for standing in kept.workflows()? {
        let Some(workflow) = kept::read_text(&kept.version(&standing.name, standing.version)?) else {
            continue;
        };
        let own = |id: &str| id.strip_prefix(connector)?.strip_prefix('.').map(str::to_owned);
        let plan = Plan::new(&workflow);
        for step in plan.blocks.iter().flat_map(|block| &block.steps) {
            if let Op::Act { action, .. } = &step.op {
                used.extend(own(action));
            }
        }
        for trigger in &workflow.triggers {
            let Start::Event { event, .. } = &trigger.start else { continue };
            let Some(name) = own(event) else { continue };
            let known = connectors::library().find(connector).map(|manifest| &manifest.triggers);
            let trigger = known.into_iter().flatten().find(|trigger| trigger.name == name);
            if let Some(TriggerKind::Poll(poll)) = trigger.map(|trigger| &trigger.kind) {
                used.insert(poll.action.clone());
            }
        }
    }
    Ok(used)
}

/// What is not there for an owner. Without a vault nothing is.
///
/// # Errors
/// Where the vault cannot be read, or more than one organisation could be meant.
pub fn lacks(vault: Option<&Vault>, owner: &str, needs: &[Need]) -> Result<Vec<Lack>, Error> {
    let mut lacks = vec![];
    for need in needs {
        lacks.extend(lack(vault, owner, need)?);
    }
    Ok(lacks)
}

fn lack(vault: Option<&Vault>, owner: &str, need: &Need) -> Result<Option<Lack>, Error> {
    let connector = &need.connector;
    let service = connectors::library().find(connector).map_or(connector, |known| &known.name).clone();
    let of = |name: Option<String>, what: Lacking, typed: String| {
        Some(Lack { connector: connector.clone(), service: service.clone(), name, what, typed })
    };
    let known = match vault {
        Some(vault) => vault.usable_connections(owner, connector)?,
        None => vec![],
    };
    let row = match (&need.name, &known[..]) {
        (None, [only]) => Some(only),
        (None, []) => None,
        (None, several) => {
            let names = several.iter().map(|row| row.name.clone()).collect();
            return Ok(of(None, Lacking::Choice(names), String::new()));
        }
        (Some(name), all) => all.iter().find(|row| row.name == *name),
    };
    let (Some(row), Some(vault)) = (row, vault) else {
        let name = need.name.as_ref().map(|name| format!(" --name {name}")).unwrap_or_default();
        return Ok(of(need.name.clone(), Lacking::Connection, format!("keyway connect {connector}{name}")));
    };
    let name = Some(row.name.clone());
    let sign_in = vault.sign_in(&row.owner, &row.connector, &row.name)?;
    if row.state != vault::READY {
        let why = sign_in.map(|known| known.why).unwrap_or_default();
        return Ok(of(name, Lacking::Person(why), typed(row)));
    }
    // What was given by hand tells no scopes.
    let given: BTreeSet<String> = match &sign_in {
        Some(known) if !known.scopes.is_empty() => known.scopes.split(' ').map(str::to_owned).collect(),
        _ => return Ok(None),
    };
    let missing: Vec<String> = need.scopes.difference(&given).cloned().collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let more: String = missing.iter().map(|scope| format!(" --scope {scope}")).collect();
    let typed = format!("{} --again{more}", typed(row));
    Ok(of(name, Lacking::Scopes(missing), typed))
}
