//! Accounts at services: a row for each, and its secrets, which are stored and removed with it. Each secret serves its
//! connector alone, and goes to the hosts that it was stored for.

use std::sync::Arc;

use secret::{Open, Refused, Secret};
use store::{Edit, connections::Connection};

use crate::audit::Action;
use crate::bound::refused;
use crate::error::Error;
use crate::keys::{Vault, Who};
use crate::resolve::{Want, What};
use crate::secrets::{Entry, Kind, subject};

/// What a secret of a connection is called in the vault.
pub fn secret_name(connector: &str, connection: &str, secret: &str) -> String {
    format!("{connector}/{connection}/{secret}")
}

impl Vault {
    /// Stores an account with its secrets, all of them or nothing.
    ///
    /// # Errors
    /// Where the name is taken, something about a secret is wrong, or the vault is sealed or cannot be written.
    pub fn connect(&self, who: Who<'_>, connection: Connection, secrets: &[Entry]) -> Result<(), Error> {
        crate::secrets::check_name(&connection.name)?;
        self.keys_or_make()?;
        let mut edits = vec![];
        let mut told = vec![];
        for entry in secrets {
            let (secret, version) = self.new_secret(who, entry)?;
            told.push(Action::Added.row(who, &subject(&secret), &version.hosts));
            edits.extend([Edit::Secret(secret), Edit::Version(version)]);
        }
        let name = connection.name.clone();
        let about = format!("connection/{}/{name}", connection.connector);
        told.push(Action::Connected.row(who, &about, &connection.auth));
        edits.push(Edit::Connection(connection));
        self.change(edits, told, "connection").map_err(|error| match error {
            Error::Taken { what, .. } => Error::Taken { what, name },
            Error::Stale { .. } => Error::Unknown { what: "owner", name: who.owner.into() },
            other => other,
        })
    }

    /// Removes an account and its secrets.
    ///
    /// # Errors
    /// Where there is none of that name, or it cannot be recorded.
    pub fn disconnect(&self, who: Who<'_>, connector: &str, name: &str) -> Result<(), Error> {
        let unknown = || Error::Unknown { what: "connection", name: format!("{connector}/{name}") };
        let known = self.reader.connections_to(who.owner, connector)?;
        if known.iter().all(|connection| connection.name != name) {
            return Err(unknown());
        }
        let (owner, connector) = (who.owner.to_owned(), connector.to_owned());
        let about = format!("connection/{connector}/{name}");
        let prefix = format!("{connector}/{name}/");
        let mut edits = vec![Edit::RemoveConnection { owner: owner.clone(), connector, name: name.into() }];
        let mut told = vec![];
        for listed in self.list(who.owner, Kind::Connection)? {
            if !listed.name.starts_with(&prefix) {
                continue;
            }
            if let Some(secret) = self.reader.secret(who.owner, Kind::Connection.name(), &listed.name)? {
                told.push(Action::Removed.row(who, &subject(&secret), ""));
                edits.push(Edit::RemoveSecret { owner: owner.clone(), secret: secret.id });
            }
        }
        told.push(Action::Disconnected.row(who, &about, ""));
        self.change(edits, told, "connection").map_err(|error| match error {
            Error::Stale { .. } => unknown(),
            other => other,
        })
    }

    /// The accounts of an owner, at one service or at all.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn connections(&self, owner: &str, connector: Option<&str>) -> Result<Vec<Connection>, Error> {
        Ok(match connector {
            Some(connector) => self.reader.connections_to(owner, connector)?,
            None => self.reader.connections(owner)?,
        })
    }

    /// Writes down how an account stands, and that it was used.
    ///
    /// # Errors
    /// Where there is no such account, or the store cannot be written.
    pub fn restate_connection(&self, connection: Connection) -> Result<(), Error> {
        let name = format!("{}/{}", connection.connector, connection.name);
        let made = self.desk.make(store::Change::untold(vec![Edit::RestateConnection(connection)]))?;
        made.map_err(|_| Error::Unknown { what: "connection", name })
    }
}

/// Opens the secrets of accounts of one owner for one connector, by their names in the vault.
#[derive(Clone)]
pub struct Connected {
    /// The vault.
    pub vault: Arc<Vault>,
    /// The owner of the accounts.
    pub owner: String,
    /// Who acts, as the audit tells it.
    pub actor: String,
    /// What uses the secrets.
    pub connector: String,
}

impl Open for Connected {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        let who = Who { owner: &self.owner, actor: &self.actor };
        let want = Want { who, what: What::Connection(name), connector: &self.connector, host };
        self.vault.resolve(&want).map(|resolved| resolved.secret).map_err(|error| refused(name, error))
    }
}
