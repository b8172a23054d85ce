//! The connections of an owner, as calls find them: by connector and name, or the only one there is.

use std::sync::Arc;

use connectors::connection::{Coming, Connection, Connections};
use connectors::manifest::Manifest;
use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use engine::run::RunId;
use vault::{Connected, Vault, secret_name};

use super::READY;
use crate::safe::Safe;

/// The connections of an owner, for calls.
pub struct OfOwner {
    safe: Arc<Safe>,
    owner: String,
    actor: String,
}

impl OfOwner {
    /// For the calls of a run.
    pub fn of_run(safe: Arc<Safe>, run: &RunId, owner: &str) -> OfOwner {
        OfOwner { safe, owner: owner.into(), actor: format!("run {run}") }
    }

    /// For the questions that triggers of the local owner ask.
    pub fn of_triggers(safe: Arc<Safe>) -> OfOwner {
        OfOwner { safe, owner: vault::LOCAL.into(), actor: "triggers".into() }
    }
}

impl Connections for OfOwner {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, name: Option<&'a str>) -> Coming<'a> {
        let (safe, owner, actor) = (self.safe.clone(), self.owner.clone(), self.actor.clone());
        Box::pin(async move {
            let (manifest, name) = (manifest.clone(), name.map(str::to_owned));
            let looked = tokio::task::spawn_blocking(move || {
                let vault = safe.vault().map_err(|error| no_vault(&error))?;
                find(vault, &manifest, name.as_deref(), &owner, &actor)
            });
            looked.await.unwrap_or_else(|_| {
                Err(Failure::new(FailureKind::Server, "the search for a connection broke off"))
            })
        })
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, connection: &'a Connection) -> Coming<'a> {
        worn_out(manifest, connection)
    }
}

pub(super) fn no_vault(error: &vault::Error) -> Failure {
    Failure::new(FailureKind::Auth, format!("there are no connections: {}", crate::chain(error)))
}

/// The connection of this name, or the owner's only one to the service.
///
/// # Errors
/// Where there is none, or more than one could be meant.
pub fn find(
    vault: Arc<Vault>,
    manifest: &Manifest,
    name: Option<&str>,
    owner: &str,
    actor: &str,
) -> Result<Connection, Failure> {
    let known = vault.connections(owner, Some(&manifest.id)).map_err(|error| no_vault(&error))?;
    let auth = |message: String| Failure::new(FailureKind::Auth, message);
    let names = || known.iter().map(|row| format!("`{}`", row.name)).collect::<Vec<_>>().join(", ");
    let make = format!("`keyway connect {}` makes one", manifest.id);
    let row = match (name, &known[..]) {
        (None, []) => return Err(auth(format!("there is no connection to {}; {make}", manifest.name))),
        (None, [only]) => only,
        (None, _) => {
            let message = format!("there are connections {} to {}; say which", names(), manifest.name);
            return Err(auth(format!("{message} with `connection:`")));
        }
        (Some(name), _) => known.iter().find(|row| row.name == name).ok_or_else(|| {
            let there = if known.is_empty() { make } else { format!("there are {}", names()) };
            auth(format!("there is no connection `{name}` to {}; {there}", manifest.name))
        })?,
    };
    let way = manifest.auth.iter().find(|way| way.id == row.auth);
    let way = way.ok_or_else(|| auth(format!("{} has no way to sign in `{}`", manifest.name, row.auth)))?;
    if row.state != READY {
        return Err(auth(format!("the connection `{}` to {} is {}", row.name, manifest.name, row.state)));
    }
    let fields = match dsl::json::parse(&row.fields) {
        Ok(Value::Object(fields)) => (*fields).clone(),
        _ => return Err(auth(format!("the fields of the connection `{}` cannot be read", row.name))),
    };
    let secrets = way
        .secrets
        .iter()
        .map(|field| (field.name.clone(), secret_name(&manifest.id, &row.name, &field.name)));
    Ok(Connection {
        name: row.name.clone(),
        auth: row.auth.clone(),
        fields,
        secrets: secrets.collect(),
        version: 0,
        open: Arc::new(Connected {
            vault: vault.clone(),
            owner: owner.into(),
            actor: actor.into(),
            connector: manifest.id.clone(),
        }),
    })
}

/// The connections of an owner in a vault that is open.
pub(super) struct OfVault {
    pub vault: Arc<Vault>,
    pub owner: String,
    pub actor: String,
}

impl Connections for OfVault {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, name: Option<&'a str>) -> Coming<'a> {
        Box::pin(async move { find(self.vault.clone(), manifest, name, &self.owner, &self.actor) })
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, connection: &'a Connection) -> Coming<'a> {
        worn_out(manifest, connection)
    }
}

fn worn_out<'a>(manifest: &Manifest, connection: &Connection) -> Coming<'a> {
    let message = format!(
        "{} does not take the secret of the connection `{}` any more: `keyway connect {}` makes another",
        manifest.name, connection.name, manifest.id
    );
    Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, message))))
}
