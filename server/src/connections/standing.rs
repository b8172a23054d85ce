//! How the connections of an owner stand, for whoever looks at them: what each may be used for, how long, whether it
//! works, and which workflows need it.

use std::collections::{BTreeMap, BTreeSet};

use vault::{LOCAL, SignIn, Vault};

use super::needs::of_deployed;
use crate::error::Error;
use crate::home::Home;

/// A connection and how it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The connection.
    pub row: vault::Connection,
    /// What is known of its tokens, where somebody signed in to it.
    pub sign_in: Option<SignIn>,
    /// The deployed workflows that need it.
    pub workflows: BTreeSet<String>,
    /// The scopes that these need and that it has not, as far as its scopes are known.
    pub missing: BTreeSet<String>,
}

impl Standing {
    /// What it may be used for.
    pub fn scopes(&self) -> Vec<&str> {
        let scopes = self.sign_in.as_ref().map_or("", |known| &known.scopes);
        scopes.split(' ').filter(|scope| !scope.is_empty()).collect()
    }

    /// Why a person has to sign in again; nothing where they need not.
    pub fn reconnect(&self) -> Option<&str> {
        let why = self.sign_in.as_ref().map_or("", |known| &known.why);
        (self.row.state != vault::READY).then_some(why)
    }
}

/// The connections of an owner.
///
/// # Errors
/// Where the database cannot be read.
pub fn standings(home: &Home, vault: &Vault, owner: &str) -> Result<Vec<Standing>, Error> {
    let rows = vault.connections(owner, None)?;
    let needs = if rows.is_empty() { vec![] } else { of_deployed(home)? };
    let mut usable: BTreeMap<String, Vec<vault::Connection>> = BTreeMap::new();
    for row in &rows {
        if !usable.contains_key(&row.connector) {
            // Where more than one organisation could be meant, nobody's workflows take either.
            let found = vault.usable_connections(LOCAL, &row.connector).unwrap_or_default();
            usable.insert(row.connector.clone(), found);
        }
    }
    let mut all = vec![];
    for row in rows {
        let theirs = usable.get(&row.connector).map_or(&[][..], Vec::as_slice);
        let is_used = theirs.iter().any(|found| found.owner == row.owner && found.name == row.name);
        let sign_in = vault.sign_in(&row.owner, &row.connector, &row.name)?;
        let mut standing = Standing { row, sign_in, workflows: BTreeSet::new(), missing: BTreeSet::new() };
        for (workflow, need) in &needs {
            let fits =
                need.connector == standing.row.connector && need.is_for(&standing.row.name, theirs.len());
            if !is_used || !fits {
                continue;
            }
            standing.workflows.insert(workflow.clone());
            let given: BTreeSet<&str> = standing.scopes().into_iter().collect();
            if !given.is_empty() {
                let missing = need.scopes.iter().filter(|scope| !given.contains(scope.as_str()));
                let missing: Vec<String> = missing.cloned().collect();
                standing.missing.extend(missing);
            }
        }
        all.push(standing);
    }
    Ok(all)
}
