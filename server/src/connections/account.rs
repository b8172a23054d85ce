//! An account at a service, as it was found for somebody: what it may be used with, and whether it still serves.

use std::collections::BTreeMap;
use std::sync::Arc;

use connectors::connection::Connection;
use connectors::manifest::Manifest;
use connectors::manifest::auth::{Auth, Kind, Oauth2};
use connectors::signin::{App, Service};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Object, Value};
use jiff::Timestamp;
use vault::{ACCESS, Connected, SignIn, Vault, Who, secret_name};

/// Who uses accounts.
#[derive(Clone)]
pub struct User {
    /// The vault.
    pub vault: Arc<Vault>,
    /// The owner of the run, or whoever types.
    pub owner: String,
    /// Who acts, as the audit tells it.
    pub actor: String,
}

impl User {
    pub(super) fn who(&self) -> Who<'_> {
        Who { owner: &self.owner, actor: &self.actor }
    }
}

/// An account that somebody may use.
#[derive(Clone)]
pub struct Account {
    /// Who uses it.
    pub user: User,
    /// The account: the user's own, or that of an organisation of theirs.
    pub row: vault::Connection,
    /// What is known of its tokens, where somebody signed in to it.
    pub sign_in: Option<SignIn>,
}

/// The account of this name, or the only one to the service.
///
/// # Errors
/// Where there is none, or more than one could be meant.
pub fn find(user: &User, manifest: &Manifest, name: Option<&str>) -> Result<Account, Failure> {
    let known = user.vault.usable_connections(&user.owner, &manifest.id);
    let mut known = known.map_err(|error| no_vault(&error))?;
    let auth = |message: String| Failure::new(FailureKind::Auth, message);
    let names =
        |known: &[vault::Connection]| known.iter().map(|row| format!("`{}`", row.name)).collect::<Vec<_>>();
    let make = format!("`keyway connect {}` makes one", manifest.id);
    let at = match (name, &known[..]) {
        (None, []) => return Err(auth(format!("there is no connection to {}; {make}", manifest.name))),
        (None, [_]) => 0,
        (None, all) => {
            let names = names(all).join(", ");
            let message = format!("there are connections {names} to {}; say which", manifest.name);
            return Err(auth(format!("{message} with `connection:`")));
        }
        (Some(name), all) => all.iter().position(|row| row.name == name).ok_or_else(|| {
            let there = if all.is_empty() { make } else { format!("there are {}", names(all).join(", ")) };
            auth(format!("there is no connection `{name}` to {}; {there}", manifest.name))
        })?,
    };
    let row = known.swap_remove(at);
    let sign_in = user.vault.sign_in(&row.owner, &row.connector, &row.name);
    let sign_in = sign_in.map_err(|error| no_vault(&error))?;
    Ok(Account { user: user.clone(), row, sign_in })
}

pub(super) fn no_vault(error: &vault::Error) -> Failure {
    Failure::new(FailureKind::Auth, format!("there are no connections: {}", crate::chain(error)))
}

impl Account {
    /// The way to sign in that it was made with.
    ///
    /// # Errors
    /// Where the manifest has it no more.
    pub fn way<'m>(&self, manifest: &'m Manifest) -> Result<&'m Auth, Failure> {
        manifest.auth.iter().find(|way| way.id == self.row.auth).ok_or_else(|| {
            let message = format!("{} has no way to sign in `{}`", manifest.name, self.row.auth);
            Failure::new(FailureKind::Auth, message)
        })
    }

    /// What the manifest calls `connection`.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn fields(&self) -> Result<Object, Failure> {
        match dsl::json::parse(&self.row.fields) {
            Ok(Value::Object(fields)) => Ok((*fields).clone()),
            Ok(_) | Err(_) => {
                let message = format!("the fields of the connection `{}` cannot be read", self.row.name);
                Err(Failure::new(FailureKind::Auth, message))
            }
        }
    }

    /// Where its service stands, if that is not where the manifest says.
    pub fn base(&self) -> Option<&str> {
        Some(self.row.base.as_str()).filter(|base| !base.is_empty())
    }

    /// Which version of its tokens is kept.
    pub fn version(&self) -> i64 {
        self.sign_in.as_ref().map_or(0, |known| known.version)
    }

    /// How its tokens are renewed, where it has some that can be.
    pub(super) fn renewable<'m>(&self, manifest: &'m Manifest) -> Result<Option<&'m Oauth2>, Failure> {
        match &self.way(manifest)?.kind {
            Kind::Oauth2(oauth2) if self.sign_in.is_some() => Ok(Some(oauth2)),
            _ => Ok(None),
        }
    }

    /// True where its tokens are nearly over.
    pub(super) fn wears_out(&self, oauth2: &Oauth2, now: Timestamp) -> bool {
        let end = self.sign_in.as_ref().and_then(|known| known.expires);
        let before = i64::try_from(oauth2.expiry.before.as_nanos()).unwrap_or(i64::MAX);
        end.is_some_and(|end| end.saturating_sub(super::nanoseconds(now)) <= before)
    }

    /// What tells that a person has to sign in again, and what they type.
    pub(super) fn worn(&self, manifest: &Manifest, why: &str) -> Failure {
        let typed = typed(&self.row);
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        let message = format!(
            "the connection `{}` to {} has to be connected again{why}; `{typed}` does it",
            self.row.name, manifest.name
        );
        Failure::new(FailureKind::Auth, message)
    }

    /// Where its tokens are had.
    pub(super) fn service<'a>(
        &'a self,
        manifest: &'a Manifest,
        (fields, app): (&'a Object, &'a App),
        egress: &'a egress::Client,
    ) -> Result<Service<'a>, Failure> {
        let service = Service::of(manifest, &self.row.auth, (fields, app), egress);
        Ok(Service { origin: self.base(), ..service.map_err(connectors::signin::Refusal::failure)? })
    }

    /// As a call is given it.
    ///
    /// # Errors
    /// Where its way to sign in is no more there, or its fields cannot be read.
    pub fn connection(&self, manifest: &Manifest, version: i64) -> Result<Connection, Failure> {
        let way = self.way(manifest)?;
        let kept = |name: &str| (name.to_owned(), secret_name(&manifest.id, &self.row.name, name));
        let mut secrets: BTreeMap<String, String> = super::given(way).map(|name| kept(&name)).collect();
        if self.sign_in.is_some() {
            secrets.extend([kept(ACCESS)]);
        }
        Ok(Connection {
            name: self.row.name.clone(),
            owner: self.row.owner.clone(),
            auth: self.row.auth.clone(),
            fields: self.fields()?,
            secrets,
            made: self.row.created,
            version,
            base: self.base().map(str::to_owned),
            open: Arc::new(Connected {
                vault: self.user.vault.clone(),
                owner: self.user.owner.clone(),
                of: self.row.owner.clone(),
                actor: self.user.actor.clone(),
                connector: manifest.id.clone(),
            }),
        })
    }
}

/// What a person types to connect an account again.
pub fn typed(row: &vault::Connection) -> String {
    let name = if row.name == super::MAIN { String::new() } else { format!(" --name {}", row.name) };
    format!("keyway connect {}{name} --auth {}", row.connector, row.auth)
}
