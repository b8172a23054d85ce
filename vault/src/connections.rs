//! Accounts at services: a row for each, and its secrets, which are stored and removed with it. Each secret serves its
//! connector alone, and goes to the hosts that it was stored for.

use std::sync::Arc;

use secret::{Open, Refused, Secret};
use store::connections::{Connection, Measured, SignIn, Told};
use store::{Change, Edit};

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

/// An account that is to be stored.
pub struct Connecting<'a> {
    /// The account.
    pub connection: Connection,
    /// Its secrets.
    pub secrets: &'a [Entry],
    /// What is known of its tokens, where somebody signed in.
    pub sign_in: Option<SignIn>,
    /// Whether it may be there already.
    pub place: Place,
}

/// Whether an account may be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its name must be free.
    Free,
    /// What is there under its name goes, with all its secrets.
    Taken,
}

impl Vault {
    /// Stores an account with its secrets, all of them or nothing.
    ///
    /// # Errors
    /// Where the name is taken, something about a secret is wrong, or the vault is sealed or cannot be written.
    pub fn connect(&self, who: Who<'_>, wanted: Connecting<'_>) -> Result<(), Error> {
        let Connecting { mut connection, secrets, sign_in, place } = wanted;
        crate::secrets::check_name(&connection.name)?;
        self.keys_or_make()?;
        let (mut edits, mut told) = (vec![], vec![]);
        if place == Place::Taken {
            let known = self.reader.connections_to(who.owner, &connection.connector)?;
            if let Some(before) = known.into_iter().find(|known| known.name == connection.name) {
                (connection.created, connection.used) = (before.created, before.used);
                (edits, told) = self.removing(who, &connection.connector, &connection.name)?;
            }
        }
        for entry in secrets {
            let (secret, version) = self.new_secret(who, entry)?;
            told.push(Action::Added.row(who, &subject(&secret), &version.hosts));
            edits.extend([Edit::Secret(secret), Edit::Version(version)]);
        }
        let name = connection.name.clone();
        let about = format!("connection/{}/{name}", connection.connector);
        told.push(Action::Connected.row(who, &about, &connection.auth));
        edits.push(Edit::Connection(connection));
        edits.extend(sign_in.map(Edit::SignIn));
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
        let (edits, mut told) = self.removing(who, connector, name)?;
        told.push(Action::Disconnected.row(who, &format!("connection/{connector}/{name}"), ""));
        self.change(edits, told, "connection").map_err(|error| match error {
            Error::Stale { .. } => unknown(),
            other => other,
        })
    }

    /// What removes an account and its secrets.
    fn removing(
        &self,
        who: Who<'_>,
        connector: &str,
        name: &str,
    ) -> Result<(Vec<Edit>, Vec<store::vault::Audit>), Error> {
        let owner = who.owner.to_owned();
        let prefix = format!("{connector}/{name}/");
        let mut edits = vec![Edit::RemoveConnection {
            owner: owner.clone(),
            connector: connector.into(),
            name: name.into(),
        }];
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
        Ok((edits, told))
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

    /// The accounts at a service that an owner may use: their own, else those of the one organisation that has some, as
    /// keys are found.
    ///
    /// # Errors
    /// Where more than one organisation has some, or the store cannot be read.
    pub fn usable_connections(&self, owner: &str, connector: &str) -> Result<Vec<Connection>, Error> {
        let own = self.reader.connections_to(owner, connector)?;
        // In an empty vault there are no organisations, and nothing to read them by.
        if !own.is_empty() || self.reader.vault_is_blank()? {
            return Ok(own);
        }
        let mut found = vec![];
        for organisation in self.organisations(owner)? {
            let theirs = self.reader.connections_to(&organisation, connector)?;
            if !theirs.is_empty() && !found.is_empty() {
                return Err(Refused::Ambiguous { name: connector.into() }.into());
            }
            found.extend(theirs);
        }
        Ok(found)
    }

    /// Writes down what a call told of an account, without waiting for the disk.
    pub fn told_connection(&self, told: Told) -> impl Future<Output = ()> + use<> {
        let written = self.desk.post(Change::untold(vec![Edit::ConnectionTold(told)]));
        async move {
            // What is shown of an account is less than what a run does: it goes on.
            let _ = written.await;
        }
    }

    /// Writes down what was measured of requests of an account, without waiting for the disk. Of all that is known of it so
    /// many bytes are kept.
    pub fn told_measured(&self, more: Measured, most: usize) {
        // Whether it was written nobody asks: it is done whoever waits.
        drop(self.desk.post(Change::untold(vec![Edit::Measured { more, most }])));
    }

    /// What was measured of the accounts of an owner.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn measured(&self, owner: &str) -> Result<Vec<Measured>, Error> {
        Ok(self.reader.measured(owner)?)
    }
}

/// Opens the secrets of accounts of one owner for one connector, by their names in the vault.
#[derive(Clone)]
pub struct Connected {
    /// The vault.
    pub vault: Arc<Vault>,
    /// Who uses them.
    pub owner: String,
    /// Whose accounts they are: theirs, or those of an organisation of theirs.
    pub of: String,
    /// Who acts, as the audit tells it.
    pub actor: String,
    /// What uses the secrets.
    pub connector: String,
}

impl Open for Connected {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        let who = Who { owner: &self.owner, actor: &self.actor };
        let what = What::Connection { of: &self.of, name };
        let want = Want { who, what, connector: &self.connector, host };
        self.vault.resolve(&want).map(|resolved| resolved.secret).map_err(|error| refused(name, error))
    }
}
