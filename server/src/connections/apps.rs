//! Apps that somebody registered at services, so that people can sign in there: an id, a secret, and the address that a
//! browser comes back to.

use std::collections::BTreeMap;

use connectors::manifest::Manifest;
use connectors::manifest::auth::{Auth, Grant, Kind as WayKind, Oauth2};
use connectors::signin::{App, Service};
use dsl::value::Object;
use secret::{NoVault, Refused, Secret};
use vault::{Entry, Kind, Listed, Vault, Want, What, Who};

use super::account::User;
use crate::error::Error;

/// The port of this machine that a browser comes back to where nothing else is said.
pub const PORT: u16 = 8976;

const ID: &str = "id";
const REDIRECT: &str = "redirect";
const SECRETLESS: &str = "secretless";

/// An app that is to be stored.
pub struct NewApp<'a> {
    /// The service.
    pub manifest: &'a Manifest,
    /// What the service calls it.
    pub id: &'a str,
    /// What it says to be believed; none for one that cannot keep any.
    pub secret: Option<Secret>,
    /// The address that a browser comes back to, where not the usual one.
    pub redirect: Option<&'a str>,
    /// Hosts that its secret may be sent to, beside those that the manifest names for tokens.
    pub hosts: &'a [String],
}

/// An app, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Whose it is.
    pub owner: String,
    /// The service.
    pub connector: String,
    /// What the service calls it.
    pub id: String,
    /// The address that a browser comes back to.
    pub redirect: String,
    /// True where it has a secret.
    pub has_secret: bool,
    /// Where that may be sent.
    pub hosts: Vec<String>,
    /// When it was stored, in nanoseconds since 1970.
    pub created: i64,
    /// When it was used last.
    pub used: Option<i64>,
}

/// The address that a browser comes back to for a connector, unless its app says another one.
pub fn usual_redirect(connector: &str) -> String {
    format!("http://127.0.0.1:{PORT}/connect/{connector}")
}

/// Stores an app.
///
/// # Errors
/// Where the service has no use for one, there is one already, or something about it is wrong.
pub fn add_app(vault: &Vault, who: Who<'_>, app: NewApp<'_>) -> Result<(), Error> {
    let manifest = app.manifest;
    let unfit = |why: String| Err(Error::Unfit { why });
    if ways(manifest).next().is_none() {
        return unfit(format!("nobody signs in to {} with an app", manifest.name));
    }
    if app.id.is_empty() || app.id.chars().any(char::is_control) {
        return unfit("this is no id of an app".into());
    }
    let redirect = match app.redirect {
        Some(redirect) if redirect.chars().any(char::is_control) || !redirect.contains("://") => {
            return unfit(format!("`{}` is no address", redirect.escape_debug()));
        }
        Some(redirect) => redirect.to_owned(),
        None => usual_redirect(&manifest.id),
    };
    let mut hosts = app.hosts.to_vec();
    for host in token_hosts(manifest) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if hosts.is_empty() {
        return unfit(format!(
            "where the secret of an app at {} is sent depends on the account: name it with `--host`",
            manifest.name
        ));
    }
    let mut settings = BTreeMap::from([(ID.to_owned(), app.id.to_owned()), (REDIRECT.to_owned(), redirect)]);
    let value = match app.secret {
        Some(secret) => secret,
        None => {
            settings.insert(SECRETLESS.into(), "yes".into());
            // The vault keeps no empty secrets, and the id is none.
            Secret::new(app.id.to_owned())
        }
    };
    let (name, connector) = (manifest.id.clone(), manifest.id.clone());
    let entry = Entry { kind: Kind::App, name, connector, hosts, settings, rank: 0, value };
    Ok(vault.add(who, &entry)?)
}

/// The ways of a service that an app signs in by.
fn ways(manifest: &Manifest) -> impl Iterator<Item = (&str, &Oauth2)> {
    manifest.auth.iter().filter_map(|way| match &way.kind {
        WayKind::Oauth2(oauth2) if needs_app(oauth2) => Some((way.id.as_str(), &**oauth2)),
        _ => None,
    })
}

/// True where somebody signs in by an app that is registered at the service.
pub fn signs_in_by_app(way: &Auth) -> bool {
    matches!(&way.kind, WayKind::Oauth2(oauth2) if needs_app(oauth2))
}

/// True where tokens are given out to an app.
pub(super) fn needs_app(oauth2: &Oauth2) -> bool {
    match oauth2.grant {
        Grant::ClientCredentials | Grant::Code(_) | Grant::DeviceCode { .. } => true,
        Grant::JwtBearer(_) => false,
    }
}

/// The hosts that the manifest names for tokens, as far as no field of an account stands in them.
fn token_hosts(manifest: &Manifest) -> Vec<String> {
    let (fields, app) = (Object::new(), App { id: String::new(), secret: None });
    let egress = egress::Client::new(egress::Policy::default(), std::sync::Arc::new(NoVault));
    let hosts = ways(manifest).filter_map(|(way, _)| {
        let service = Service::of(manifest, way, (&fields, &app), &egress).ok()?;
        service.token_hosts().ok()
    });
    hosts.flatten().collect()
}

/// The app that an owner signs in to a service with.
///
/// # Errors
/// Where more than one could be meant, or the vault cannot be read.
pub fn app_for(vault: &Vault, owner: &str, connector: &str) -> Result<Option<Known>, vault::Error> {
    Ok(vault.usable_app(owner, connector)?.map(known))
}

/// The apps of an owner.
///
/// # Errors
/// Where the vault cannot be read.
pub fn apps(vault: &Vault, owner: &str) -> Result<Vec<Known>, vault::Error> {
    Ok(vault.list(owner, Kind::App)?.into_iter().map(known).collect())
}

fn known(listed: Listed) -> Known {
    let setting = |name: &str| listed.settings.get(name).cloned().unwrap_or_default();
    Known {
        id: setting(ID),
        redirect: setting(REDIRECT),
        has_secret: !listed.settings.contains_key(SECRETLESS),
        owner: listed.owner,
        connector: listed.connector,
        hosts: listed.hosts,
        created: listed.created,
        used: listed.used,
    }
}

/// An app with its secret, for a host; nothing where it is gone.
pub(super) fn open(user: &User, of: &str, connector: &str, host: &str) -> Result<Option<App>, vault::Error> {
    let what = What::App { of, name: connector };
    let resolved = match user.vault.resolve(&Want { who: user.who(), what, connector, host }) {
        Ok(resolved) => resolved,
        Err(vault::Error::Refused(Refused::Unknown { .. })) => return Ok(None),
        Err(error) => return Err(error),
    };
    let id = resolved.settings.get(ID).cloned().unwrap_or_default();
    let secret = (!resolved.settings.contains_key(SECRETLESS)).then_some(resolved.secret);
    Ok(Some(App { id, secret }))
}
