//! Trying by hand: one action with a connection or with a secret that is given, and whether a connection works.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use connectors::connection::{Coming, Connection, Connections};
use connectors::contents::Contents;
use connectors::manifest::Manifest;
use connectors::manifest::auth::{Auth, Kind};
use connectors::meter::Metered;
use connectors::signin::{App, Refusal, Tokens};
use connectors::{Connectors, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Object, Value};
use jiff::Timestamp;
use secret::{Open, Refused, Secret};
use vault::{ACCESS, ConnectionTold, REFRESH, Vault};

use super::account::{User, find};
use super::found::OfOwner;
use super::keep::aside;
use super::{fitted, nanoseconds};
use crate::error::Error;
use crate::home::Home;
use crate::serve::Reach;

/// One action, tried by hand.
pub struct Trying<'a> {
    /// The data directory.
    pub home: Home,
    /// Whose connections.
    pub owner: String,
    /// The service.
    pub manifest: &'a Manifest,
    /// The connection, where one is named.
    pub connection: Option<&'a str>,
    /// The way to sign in, where there is no connection.
    pub way: &'a Auth,
    /// The fields, where there is no connection.
    pub fields: &'a [(String, String)],
    /// The secrets, where they are given by hand.
    pub secrets: Option<Vec<Secret>>,
    /// Whether nothing is sent.
    pub dry: bool,
    /// Where paths begin instead of at the manifest's base.
    pub base: Option<&'a str>,
    /// Which addresses may be called.
    pub reach: Reach,
    /// The folder of files.
    pub files: PathBuf,
}

impl Trying<'_> {
    /// The actions, with the connection that was named or given.
    ///
    /// # Errors
    /// Where the fields do not fit, the vault cannot be opened, or the address is none that may be called.
    pub fn connectors(self) -> Result<Connectors, Error> {
        if let Some(base) = self.base {
            allowed(self.manifest, base, self.reach)?;
        }
        let connections: Arc<dyn Connections> = match (self.secrets, self.connection) {
            (Some(secrets), _) => {
                let fields = fitted(self.manifest, self.way, self.fields)?;
                let names = self.way.secrets.iter().map(|field| field.name.clone());
                Arc::new(Given { way: self.way.clone(), fields, secrets: names.zip(secrets).collect() })
            }
            (None, None) if self.dry => {
                let fields = fitted(self.manifest, self.way, self.fields)?;
                // Who signs in has a token instead of secrets of their own.
                let token = matches!(self.way.kind, Kind::Oauth2(_)).then(|| ACCESS.to_owned());
                let names = self.way.secrets.iter().map(|field| field.name.clone()).chain(token);
                let none = names.map(|name| (name, Secret::new(String::new())));
                Arc::new(Given { way: self.way.clone(), fields, secrets: none.collect() })
            }
            (None, _) => {
                let vault = Arc::new(crate::safe::open(&self.home)?);
                Arc::new(OfOwner::of_vault(vault, &self.owner, way_out(self.reach)))
            }
        };
        Ok(Connectors::new(Settings {
            files: self.files,
            protected: vec![self.home.directory().to_owned()],
            contents: self.home.contents(),
            egress: way_out(self.reach),
            library: connectors::library().clone(),
            connections,
            meter: Metered::default(),
        }))
    }
}

/// Refuses an address that is neither the service's own nor allowed by whoever types.
///
/// # Errors
/// Where it is none, or is not encrypted, or has another host or port than the service.
pub(crate) fn allowed(manifest: &Manifest, base: &str, reach: Reach) -> Result<(), Error> {
    let unfit = |why: String| Err(Error::Unfit { why });
    let none = || Error::Unfit { why: format!("`{base}` is no address: it begins with `https://`") };
    let url = url::Url::parse(base).ok().filter(|url| url.has_host() && base.contains("://"));
    let url = url.ok_or_else(none)?;
    let host = url.host_str().unwrap_or_default();
    // A port that is the usual one is none.
    let usual = url.scheme() == "https" && url.port().is_none() && url.username().is_empty();
    if reach == Reach::Private || (usual && url.password().is_none() && connectors::allows(manifest, host)) {
        return Ok(());
    }
    unfit(format!(
        "`{host}` is not among the hosts of {}; `--allow-private` lets it be called",
        manifest.name
    ))
}

/// The way out to the network of a command.
pub(crate) fn way_out(reach: Reach) -> egress::Client {
    let allow_private = reach == Reach::Private;
    let policy = egress::Policy { allow_private, ..egress::Policy::default() };
    egress::Client::new(policy, Arc::new(secret::NoVault))
}

/// A way out to this machine alone, for fixtures that are played.
pub fn loopback() -> egress::Client {
    let allowed = vec![std::net::IpAddr::from([127, 0, 0, 1])];
    let policy = egress::Policy { allowed, ..egress::Policy::default() };
    egress::Client::new(policy, Arc::new(secret::NoVault))
}

/// A key for a call by hand, which no other has.
pub fn try_key() -> String {
    format!("try-{}", nanoseconds(Timestamp::now()))
}

/// Asks a service whether a connection works, and writes down what the account is called.
///
/// # Errors
/// Where the service says no, or cannot be asked.
pub async fn verify(
    vault: &Arc<Vault>,
    manifest: &Manifest,
    (owner, name): (&str, &str),
    reach: Reach,
) -> Result<String, Failure> {
    let of = OfOwner::of_vault(vault.clone(), owner, way_out(reach));
    let connectors = Connectors::new(Settings {
        files: PathBuf::new(),
        protected: vec![],
        contents: Contents::none(),
        egress: way_out(reach),
        library: connectors::library().clone(),
        connections: Arc::new(of),
        meter: Metered::default(),
    });
    let label = connectors.verify(&manifest.id, Some(name)).await?;
    let account = find(&user(vault, owner), manifest, Some(name))?;
    let told = ConnectionTold {
        owner: account.row.owner,
        connector: account.row.connector,
        name: account.row.name,
        time: nanoseconds(Timestamp::now()),
        health: None,
        label: Some(label.clone()),
    };
    vault.told_connection(told).await;
    Ok(label)
}

/// Whoever types, as the user of accounts.
fn user(vault: &Arc<Vault>, owner: &str) -> User {
    User { vault: vault.clone(), owner: owner.into(), actor: super::ACTOR.into() }
}

/// Asks a service to take back the tokens of an account. True if it offers that, and did.
///
/// # Errors
/// Where the service says no, or cannot be asked.
pub async fn revoke(
    vault: &Arc<Vault>,
    manifest: &Manifest,
    (owner, name): (&str, &str),
    reach: Reach,
) -> Result<bool, Failure> {
    let account = find(&user(vault, owner), manifest, Some(name))?;
    if account.renewable(manifest)?.is_none() {
        return Ok(false);
    }
    let (fields, egress) = (account.fields()?, way_out(reach));
    let none = App { id: String::new(), secret: None };
    let host = account.service(manifest, (&fields, &none), &egress)?.revocation_host();
    let Some(host) = host.map_err(Refusal::failure)? else { return Ok(false) };
    let app = account.app(manifest, &host).await?;
    let (opening, at) = (account.clone(), host.clone());
    let refresh = aside(move || opening.opened(REFRESH, &at)).await?;
    let (opening, at) = (account.clone(), host);
    let access = match &refresh {
        Some(_) => None,
        None => aside(move || opening.opened(ACCESS, &at)).await?,
    };
    let tokens = Tokens {
        access: access.unwrap_or_else(|| Secret::new(String::new())),
        refresh,
        expires: None,
        scopes: vec![],
        identity: None,
        extra: Value::Null,
    };
    let service = account.service(manifest, (&fields, &app), &egress)?;
    service.revoke(&tokens).await.map_err(Refusal::failure)
}

/// A connection that was given by hand, for one call.
struct Given {
    way: Auth,
    fields: Object,
    secrets: BTreeMap<String, Secret>,
}

impl Connections for Given {
    fn fresh<'a>(&'a self, _: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let names = self.secrets.keys().map(|name| (name.clone(), name.clone()));
        let connection = Connection {
            name: "by hand".into(),
            owner: String::new(),
            auth: self.way.id.clone(),
            fields: self.fields.clone(),
            secrets: names.collect(),
            made: 0,
            version: 0,
            base: None,
            open: Arc::new(Held(self.secrets.clone())),
        };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        let message = format!("{} does not take this secret", manifest.name);
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, message))))
    }
}

/// Secrets that were given by hand. To which hosts they go, whoever calls sees to.
struct Held(BTreeMap<String, Secret>);

impl Open for Held {
    fn open(&self, name: &str, _: &str) -> Result<Secret, Refused> {
        self.0.get(name).cloned().ok_or_else(|| Refused::Unknown { name: name.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_by_hand_is_one_of_the_service_or_is_allowed() {
        let slack = connectors::library().find("slack").unwrap();
        for (base, reach, wanted) in [
            ("https://slack.com/api", Reach::Public, true),
            ("http://slack.com/api", Reach::Public, false),
            ("https://evil.example", Reach::Public, false),
            ("http://127.0.0.1:9", Reach::Public, false),
            ("http://127.0.0.1:9", Reach::Private, true),
            ("slack.com", Reach::Public, false),
            ("https://slack.com:443/api", Reach::Public, true),
            ("https://slack.com:8443/api", Reach::Public, false),
            ("https://slack.com:x@evil.example/api", Reach::Public, false),
            ("https://slack.com@evil.example", Reach::Public, false),
            ("https://evil.example\\@slack.com", Reach::Public, false),
            ("https://me@slack.com/api", Reach::Public, false),
            ("smtp://slack.com", Reach::Public, false),
        ] {
            assert_eq!(allowed(slack, base, reach).is_ok(), wanted, "{base}");
        }
    }
}
