//! What a run is given: it opens secrets of the run's owner, for one connector, and nothing else.

use std::sync::Arc;

use secret::{Open, Refused, Secret};

use crate::error::Error;
use crate::keys::{Vault, Who};
use crate::resolve::{Payer, Want, What};

/// Opens secrets for one owner, one actor, one connector.
#[derive(Clone)]
pub struct Bound {
    /// The vault.
    pub vault: Arc<Vault>,
    /// The owner of the run.
    pub owner: String,
    /// The run, as the audit tells it.
    pub actor: String,
    /// What uses the secrets.
    pub connector: String,
}

impl Open for Bound {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        let who = Who { owner: &self.owner, actor: &self.actor };
        let want = Want { who, what: What::Secret(name), connector: &self.connector, host };
        match self.vault.resolve(&want) {
            Ok(resolved) => Ok(resolved.secret),
            Err(error) => Err(refused(name, error)),
        }
    }
}

/// Opens one key of an owner, whatever it is asked for, to ask the key's provider whether it is right.
#[derive(Clone)]
pub struct Trial {
    /// The vault.
    pub vault: Arc<Vault>,
    /// The owner of the key.
    pub owner: String,
    /// Who asks, as the audit tells it.
    pub actor: String,
    /// The key's name.
    pub name: String,
    /// Its provider.
    pub provider: String,
}

impl Open for Trial {
    fn open(&self, _: &str, host: &str) -> Result<Secret, Refused> {
        let who = Who { owner: &self.owner, actor: &self.actor };
        let want = Want { who, what: What::Test(&self.name), connector: &self.provider, host };
        let resolved = self.vault.resolve(&want).map_err(|error| refused(&self.name, error))?;
        Ok(resolved.secret)
    }
}

/// Opens one key that somebody pays for, whatever it is asked for.
#[derive(Clone)]
pub struct Paid {
    /// The vault.
    pub vault: Arc<Vault>,
    /// The owner of the run.
    pub owner: String,
    /// The run, as the audit tells it.
    pub actor: String,
    /// Who pays.
    pub payer: Payer,
    /// The key's name.
    pub name: String,
    /// Its provider.
    pub provider: String,
    /// It, where it is open already.
    pub held: Option<Held>,
}

/// A secret that was opened for one host, and written down as used there.
#[derive(Clone)]
pub struct Held {
    /// The host.
    pub host: String,
    /// It.
    pub secret: Secret,
}

impl Open for Paid {
    fn held(&self, _: &str, host: &str) -> Option<Secret> {
        self.held.as_ref().filter(|held| held.host == host).map(|held| held.secret.clone())
    }

    fn open(&self, _: &str, host: &str) -> Result<Secret, Refused> {
        let who = Who { owner: &self.owner, actor: &self.actor };
        let what = What::PaidBy { payer: &self.payer, name: &self.name };
        let resolved = self.vault.resolve(&Want { who, what, connector: &self.provider, host });
        resolved.map(|resolved| resolved.secret).map_err(|error| refused(&self.name, error))
    }
}

/// An error as the step sees it.
pub(crate) fn refused(name: &str, error: Error) -> Refused {
    let name = name.to_owned();
    match error {
        Error::Refused(refused) => refused,
        Error::Damaged { .. } => Refused::Damaged { name },
        Error::Store(error) => Refused::NotRecorded { name, why: error.to_string() },
        error @ (Error::Audit { .. } | Error::Stale { .. }) => {
            Refused::NotRecorded { name, why: error.to_string() }
        }
        other => Refused::Sealed { name, why: other.to_string() },
    }
}
