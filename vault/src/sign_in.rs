//! Tokens of accounts that somebody signed in to: one renews them at a time, those that come are stored in one commit with
//! what is known of them, and those that are dead are known as such.

use secret::Secret;
use store::connections::SignIn;
use store::{Change, Edit};

use crate::audit::Action;
use crate::connections::secret_name;
use crate::error::Error;
use crate::keys::{Vault, Who};
use crate::secrets::{Entry, Kind, subject};

/// The name of the token that stands in requests.
pub const ACCESS: &str = "access";

/// The name of the token that another is had for.
pub const REFRESH: &str = "refresh";

/// An account whose tokens serve, or can be renewed.
pub const READY: &str = "ready";

/// An account that a person has to sign in to again.
pub const RECONNECT: &str = "reconnect";

/// Tokens that came in the place of others.
pub struct Fresh<'a> {
    /// What is known of them, as it will be.
    pub to: SignIn,
    /// What stands in requests.
    pub access: &'a Secret,
    /// What another is had for, where there is one.
    pub refresh: Option<&'a Secret>,
    /// Where that may be sent, if there was none before.
    pub refresh_hosts: &'a [String],
}

impl Vault {
    /// What is known of the tokens of an account; nothing where nobody signed in to it.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn sign_in(&self, owner: &str, connector: &str, name: &str) -> Result<Option<SignIn>, Error> {
        Ok(self.reader.sign_in(owner, connector, name)?)
    }

    /// Stores tokens that came for those of a version; false, and nothing is stored, where that is not the one that is
    /// kept.
    ///
    /// # Errors
    /// Where something about them is wrong, or the vault is sealed or cannot be written.
    pub fn renewed(&self, who: Who<'_>, from: i64, fresh: Fresh<'_>) -> Result<bool, Error> {
        let to = fresh.to;
        let name = |secret: &str| secret_name(&to.connector, &to.name, secret);
        let access = name(ACCESS);
        let (mut edits, secret, hosts) =
            self.replacing(&to.owner, (Kind::Connection, &access), fresh.access, None)?;
        let mut told = vec![Action::Renewed.row(who, &subject(&secret), &hosts)];
        if let Some(value) = fresh.refresh {
            let refresh = name(REFRESH);
            let of = Who { owner: &to.owner, actor: who.actor };
            let row = match self.reader.secret(&to.owner, Kind::Connection.name(), &refresh)? {
                Some(_) => {
                    let (more, secret, hosts) =
                        self.replacing(&to.owner, (Kind::Connection, &refresh), value, None)?;
                    edits.extend(more);
                    Action::Renewed.row(who, &subject(&secret), &hosts)
                }
                None => {
                    let entry = Entry::of_connection(&to.connector, refresh, fresh.refresh_hosts, value);
                    let (secret, version) = self.new_secret(of, &entry)?;
                    let row = Action::Added.row(who, &subject(&secret), &version.hosts);
                    edits.extend([Edit::Secret(secret), Edit::Version(version)]);
                    row
                }
            };
            told.push(row);
        }
        edits.push(Edit::SwapSignIn { from, to, state: READY });
        self.swapped(edits, told)
    }

    /// Writes down that a person has to sign in again; false where the tokens are not those of the version any more.
    ///
    /// # Errors
    /// Where the vault is sealed or cannot be written.
    pub fn worn_out(&self, who: Who<'_>, from: i64, to: SignIn) -> Result<bool, Error> {
        let about = format!("connection/{}/{}", to.connector, to.name);
        let told = vec![Action::Expired.row(who, &about, &to.why)];
        self.swapped(vec![Edit::SwapSignIn { from, to, state: RECONNECT }], told)
    }

    /// Takes the right to renew what was read, until a time; false where somebody else was faster, or the tokens changed.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub fn lease(&self, of: SignIn, until: i64) -> Result<bool, Error> {
        Ok(self.desk.make(Change::untold(vec![Edit::Lease { of, until }]))?.is_ok())
    }

    /// Ends a right to renew. `open` where nobody knows what came of it.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub fn end_lease(&self, of: SignIn, open: bool) -> Result<(), Error> {
        // Where it is no more the last one, there is nothing to end.
        let _ = self.desk.make(Change::untold(vec![Edit::EndLease { of, open }]))?;
        Ok(())
    }

    fn swapped(&self, edits: Vec<Edit>, told: Vec<store::vault::Audit>) -> Result<bool, Error> {
        match self.change(edits, told, "connection") {
            Ok(()) => Ok(true),
            Err(Error::Stale { .. } | Error::Taken { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
