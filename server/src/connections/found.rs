//! The connections of an owner, as calls find them: by connector and name, or the only one there is, with tokens that
//! serve.

use std::sync::{Arc, Weak};

use connectors::connection::{Coming, Connection, Connections, Measured};
use connectors::manifest::Manifest;
use dsl::catalog::{Failure, FailureKind};
use engine::run::RunId;
use jiff::Timestamp;
use vault::Vault;

use super::account::{Account, User, find, no_vault};
use super::health::Health;
use super::keep::Want;
use super::measure::GATHERS;
use crate::safe::Safe;

/// The connections of an owner, for calls.
pub struct OfOwner {
    vault: At,
    owner: String,
    actor: String,
    egress: egress::Client,
    health: Arc<Health>,
}

/// Where the vault is.
#[derive(Clone)]
enum At {
    /// In a safe, which opens it when it is needed.
    Safe(Arc<Safe>),
    /// At hand.
    Open(Arc<Vault>),
}

impl At {
    /// The vault, which may have to be opened.
    fn vault(self) -> Result<Arc<Vault>, vault::Error> {
        match self {
            At::Safe(safe) => safe.vault(),
            At::Open(vault) => Ok(vault),
        }
    }
}

impl OfOwner {
    /// For the calls of a run, whose tokens are renewed by this way out to the network.
    pub fn of_run(safe: Arc<Safe>, run: &RunId, owner: &str, egress: egress::Client) -> OfOwner {
        let health = safe.health().clone();
        let vault = At::Safe(safe);
        OfOwner { vault, owner: owner.into(), actor: format!("run {run}"), egress, health }
    }

    /// For the questions that triggers of the local owner ask.
    pub fn of_triggers(safe: Arc<Safe>, egress: egress::Client) -> OfOwner {
        let health = safe.health().clone();
        let (vault, owner) = (At::Safe(safe), vault::LOCAL.into());
        OfOwner { vault, owner, actor: "triggers".into(), egress, health }
    }

    /// For whoever types.
    pub(super) fn of_vault(vault: Arc<Vault>, owner: &str, egress: egress::Client) -> OfOwner {
        let (vault, actor) = (At::Open(vault), super::ACTOR.into());
        OfOwner { vault, owner: owner.into(), actor, egress, health: Arc::default() }
    }

    async fn account(&self, manifest: &Manifest, name: Option<&str>) -> Result<Account, Failure> {
        let (owner, actor) = (self.owner.clone(), self.actor.clone());
        let (manifest, name) = (manifest.clone(), name.map(str::to_owned));
        let place = self.vault.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let vault = place.vault().map_err(|error| no_vault(&error))?;
            find(&User { vault, owner, actor }, &manifest, name.as_deref())
        });
        looked.await.unwrap_or_else(|_| {
            Err(Failure::new(FailureKind::Server, "the search for a connection broke off"))
        })
    }

    /// Has what was gathered written in a while, if there is still somebody who keeps it. A command does so when it ends.
    fn write_later(&self) {
        let At::Safe(safe) = &self.vault else { return };
        let (safe, health): (Weak<Safe>, _) = (Arc::downgrade(safe), Arc::downgrade(&self.health));
        tokio::spawn(async move {
            tokio::time::sleep(GATHERS).await;
            let (Some(safe), Some(health)) = (safe.upgrade(), health.upgrade()) else { return };
            let write = move || safe.vault().map(|vault| health.write(&vault));
            // Whoever cannot open the vault has made no call with a connection.
            drop(tokio::task::spawn_blocking(write).await);
        });
    }

    fn opened(&self) -> Option<Arc<Vault>> {
        match &self.vault {
            At::Safe(safe) => safe.opened(),
            At::Open(vault) => Some(vault.clone()),
        }
    }
}

impl Drop for OfOwner {
    fn drop(&mut self) {
        if let At::Open(vault) = &self.vault {
            self.health.write(vault);
        }
    }
}

impl Connections for OfOwner {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, name: Option<&'a str>) -> Coming<'a> {
        Box::pin(async move {
            let account = self.account(manifest, name).await?;
            if account.row.state != vault::READY {
                let why = account.sign_in.as_ref().map_or("", |known| &known.why);
                return Err(account.worn(manifest, why));
            }
            let version = match account.renewable(manifest)? {
                Some(oauth2) if account.wears_out(oauth2, Timestamp::now()) => {
                    account.renewed(manifest, Want::Early, &self.egress).await?
                }
                Some(_) | None => account.version(),
            };
            account.connection(manifest, version)
        })
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, connection: &'a Connection) -> Coming<'a> {
        Box::pin(async move {
            let account = self.account(manifest, Some(&connection.name)).await?;
            if account.renewable(manifest)?.is_none() {
                let message = format!(
                    "{} does not take the secret of the connection `{}` any more: `{} --again` stores another",
                    manifest.name,
                    connection.name,
                    super::account::typed(&account.row)
                );
                return Err(Failure::new(FailureKind::Auth, message));
            }
            let want = Want::Refused(connection.version);
            let version = account.renewed(manifest, want, &self.egress).await?;
            account.connection(manifest, version)
        })
    }

    fn told(&self, manifest: &Manifest, connection: &Connection, failure: Option<&Failure>) {
        if let Some(vault) = self.opened() {
            self.health.told(&vault, (&self.owner, &manifest.id, &connection.name), failure);
        }
    }

    fn measured(&self, manifest: &Manifest, connection: &Connection, measured: Measured<'_>) {
        let whose = [&self.owner, &manifest.id, &connection.name].map(String::clone);
        if self.health.gathered.take(whose, measured.took, measured.failure) {
            self.write_later();
        }
    }
}
