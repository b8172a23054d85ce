//! Connections of an owner: made, listed and removed by a command, and given to the calls of a run. Their rows stand in
//! the store, their secrets in the vault, bound to the hosts of their service.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use connectors::connection::{Coming, Connection, Connections};
use connectors::manifest::Manifest;
use connectors::manifest::auth::Auth;
use connectors::{Connectors, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::types::{Field, fit_field};
use dsl::value::{Object, Value};
use engine::run::RunId;
use secret::{Open, Refused, Secret};
use vault::{Connected, Entry, Kind, Vault, Who, secret_name};

use crate::error::Error;
use crate::home::Home;
use crate::safe::Safe;
use crate::serve::Reach;

/// The state of a connection that may be used.
pub const READY: &str = "ready";

/// What a connection is to be.
pub struct Wanted<'a> {
    /// The service.
    pub manifest: &'a Manifest,
    /// The way to sign in.
    pub auth: &'a Auth,
    /// Its name, free among those of the owner at this service.
    pub name: &'a str,
    /// What a person gave, as text.
    pub fields: &'a [(String, String)],
    /// The secrets, by their names in the manifest.
    pub secrets: Vec<(String, Secret)>,
}

/// Stores a connection whose secrets a person gave.
///
/// # Errors
/// Where something given does not fit, the name is taken, or the vault is sealed or cannot be written.
pub fn add(vault: &Vault, who: Who<'_>, wanted: Wanted<'_>) -> Result<(), Error> {
    let fields = fitted(wanted.manifest, wanted.auth, wanted.fields)?;
    let connector = &wanted.manifest.id;
    let hosts = hosts(wanted.manifest, wanted.auth, &fields)?;
    for (name, secret) in &wanted.secrets {
        let known = |field: &&Field| field.name == *name;
        let declared = wanted.auth.secrets.iter().chain(&wanted.manifest.account.secrets).find(known);
        // Why it does not fit is not shown: it may be another secret.
        if declared.is_some_and(|field| fit_field(&Value::text(secret.expose()), field).is_err()) {
            let manifest = &wanted.manifest.name;
            return Err(Error::Unfit { why: format!("this is no `{name}` of {manifest}") });
        }
    }
    let entry = |(name, value): (String, Secret)| Entry {
        kind: Kind::Connection,
        name: secret_name(connector, wanted.name, &name),
        connector: connector.clone(),
        hosts: hosts.clone(),
        settings: BTreeMap::new(),
        rank: 0,
        value,
    };
    let entries: Vec<Entry> = wanted.secrets.into_iter().map(entry).collect();
    let row = vault::Connection {
        owner: who.owner.into(),
        connector: connector.clone(),
        name: wanted.name.into(),
        auth: wanted.auth.id.clone(),
        fields: Value::Object(Arc::new(fields)).to_json().to_string(),
        state: READY.into(),
        label: String::new(),
        created: nanoseconds(),
        used: None,
    };
    Ok(vault.connect(who, row, &entries)?)
}

fn nanoseconds() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// What was given, as its types want it.
///
/// # Errors
/// Where a field is unknown, missing, or does not fit.
pub fn fitted(manifest: &Manifest, auth: &Auth, given: &[(String, String)]) -> Result<Object, Error> {
    let unfit = |why: String| Error::Unfit { why };
    let known: Vec<&Field> = manifest.account.fields.iter().chain(&auth.fields).collect();
    let names = || known.iter().map(|field| format!("`{}`", field.name)).collect::<Vec<_>>().join(", ");
    let mut fields = Object::new();
    for (name, text) in given {
        let Some(field) = known.iter().find(|field| field.name == *name) else {
            let takes =
                if known.is_empty() { "it takes none".into() } else { format!("it takes {}", names()) };
            return Err(unfit(format!("a connection to {} has no field `{name}`; {takes}", manifest.name)));
        };
        let value = fit_field(&Value::text(text.as_str()), field)
            .map_err(|misfit| unfit(format!("the field `{name}` does not fit: {misfit}")))?;
        fields.insert(name.as_str().into(), value);
    }
    for field in known {
        if fields.contains_key(field.name.as_str()) {
            continue;
        }
        match &field.default {
            Some(default) => {
                fields.insert(field.name.as_str().into(), default.clone());
            }
            None if field.optional => {}
            None => {
                let about = field.about.trim_end_matches('.');
                return Err(unfit(format!("the field `{}` is missing: {about}", field.name)));
            }
        }
    }
    Ok(fields)
}

/// The hosts that the secrets of a connection may go to: those that the manifest names, and for those it names by a
/// star, the one that the connection's own address has.
fn hosts(manifest: &Manifest, auth: &Auth, fields: &Object) -> Result<Vec<String>, Error> {
    let mut hosts: Vec<String> =
        manifest.hosts.iter().filter(|host| !host.starts_with('*')).cloned().collect();
    let base = connectors::base_host(manifest, auth, fields)
        .map_err(|failure| Error::Unfit { why: failure.message })?;
    if !hosts.contains(&base) {
        hosts.push(base);
    }
    Ok(hosts)
}

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

fn no_vault(error: &vault::Error) -> Failure {
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
                let names = self.way.secrets.iter().map(|field| field.name.clone());
                let none = names.map(|name| (name, Secret::new(String::new())));
                Arc::new(Given { way: self.way.clone(), fields, secrets: none.collect() })
            }
            (None, _) => Arc::new(OfVault {
                vault: Arc::new(crate::safe::open(&self.home)?),
                owner: self.owner,
                actor: "keyway".into(),
            }),
        };
        let allow_private = self.reach == Reach::Private;
        let policy = egress::Policy { allow_private, ..egress::Policy::default() };
        Ok(Connectors::new(Settings {
            files: self.files,
            protected: vec![self.home.directory().to_owned()],
            egress: egress::Client::new(policy, Arc::new(secret::NoVault)),
            library: connectors::library().clone(),
            connections,
        }))
    }
}

/// Refuses an address that is neither the service's own nor allowed by whoever types.
fn allowed(manifest: &Manifest, base: &str, reach: Reach) -> Result<(), Error> {
    let unfit = |why: String| Err(Error::Unfit { why });
    let Some((scheme, rest)) = base.split_once("://") else {
        return unfit(format!("`{base}` is no address: it begins with `https://`"));
    };
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    if reach == Reach::Private || (scheme == "https" && connectors::allows(manifest, host)) {
        return Ok(());
    }
    unfit(format!(
        "`{host}` is not among the hosts of {}; `--allow-private` lets it be called",
        manifest.name
    ))
}

/// A key for a call by hand, which no other has.
pub fn try_key() -> String {
    format!("try-{}", nanoseconds())
}

/// Asks a service whether a connection works, and writes down what the account is called.
///
/// # Errors
/// Where the service says no, or cannot be asked.
pub async fn verify(vault: Vault, manifest: &Manifest, owner: &str, name: &str) -> Result<String, Failure> {
    let vault = Arc::new(vault);
    let of = OfVault { vault: vault.clone(), owner: owner.into(), actor: "keyway".into() };
    let connectors = Connectors::new(Settings {
        files: PathBuf::new(),
        protected: vec![],
        egress: egress::Client::new(egress::Policy::default(), Arc::new(secret::NoVault)),
        library: connectors::library().clone(),
        connections: Arc::new(of),
    });
    let label = connectors.verify(&manifest.id, Some(name)).await?;
    let known = vault.connections(owner, Some(&manifest.id)).map_err(|error| no_vault(&error))?;
    if let Some(row) = known.into_iter().find(|row| row.name == name) {
        let row = vault::Connection { label: label.clone(), used: Some(nanoseconds()), ..row };
        vault.restate_connection(row).map_err(|error| no_vault(&error))?;
    }
    Ok(label)
}

/// The connections of an owner in a vault that is open.
struct OfVault {
    vault: Arc<Vault>,
    owner: String,
    actor: String,
}

impl Connections for OfVault {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, name: Option<&'a str>) -> Coming<'a> {
        Box::pin(async move { find(self.vault.clone(), manifest, name, &self.owner, &self.actor) })
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, connection: &'a Connection) -> Coming<'a> {
        worn_out(manifest, connection)
    }
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
            auth: self.way.id.clone(),
            fields: self.fields.clone(),
            secrets: names.collect(),
            version: 0,
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

fn worn_out<'a>(manifest: &Manifest, connection: &Connection) -> Coming<'a> {
    let message = format!(
        "{} does not take the secret of the connection `{}` any more: `keyway connect {}` makes another",
        manifest.name, connection.name, manifest.id
    );
    Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, message))))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        _folder: tempfile::TempDir,
        vault: Arc<Vault>,
    }

    fn place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("data")).with_keys(folder.path().join("roots"));
        let vault = Arc::new(crate::safe::open(&home).unwrap());
        Place { _folder: folder, vault }
    }

    fn slack() -> &'static Manifest {
        connectors::library().find("slack").unwrap()
    }

    fn me(owner: &str) -> Who<'_> {
        Who { owner, actor: "test" }
    }

    fn connect(vault: &Vault, name: &str, token: &str) -> Result<(), Error> {
        let secrets = vec![("token".to_owned(), Secret::new(token.to_owned()))];
        let auth = &slack().auth[0];
        add(vault, me(vault::LOCAL), Wanted { manifest: slack(), auth, name, fields: &[], secrets })
    }

    fn found(place: &Place, name: Option<&str>, owner: &str) -> Result<Connection, String> {
        find(place.vault.clone(), slack(), name, owner, "test").map_err(|failure| failure.to_string())
    }

    #[test]
    fn the_only_connection_is_taken_and_among_several_one_is_named() {
        let place = place();
        let none = "there is no connection to Slack; `keyway connect slack` makes one (auth)";
        assert_eq!(found(&place, None, vault::LOCAL).unwrap_err(), none);
        connect(&place.vault, "work", "xoxb-canary-1").unwrap();
        assert_eq!(found(&place, None, vault::LOCAL).unwrap().name, "work");
        connect(&place.vault, "home", "xoxb-canary-2").unwrap();
        let several = "there are connections `home`, `work` to Slack; say which with `connection:` (auth)";
        assert_eq!(found(&place, None, vault::LOCAL).unwrap_err(), several);
        assert_eq!(found(&place, Some("work"), vault::LOCAL).unwrap().name, "work");
        let unknown = "there is no connection `other` to Slack; there are `home`, `work` (auth)";
        assert_eq!(found(&place, Some("other"), vault::LOCAL).unwrap_err(), unknown);
        let taken = connect(&place.vault, "work", "xoxb-canary-3").unwrap_err();
        assert!(matches!(taken, Error::Vault(vault::Error::Taken { .. })), "{taken:?}");
    }

    #[test]
    fn a_secret_of_a_connection_serves_its_owner_connector_and_hosts_alone() {
        let place = place();
        connect(&place.vault, "work", "xoxb-canary-1").unwrap();
        let connection = found(&place, None, vault::LOCAL).unwrap();
        let name = &connection.secrets["token"];
        assert_eq!(connection.open.open(name, "slack.com").unwrap().expose(), "xoxb-canary-1");
        for host in ["evil.example", "files.slack.com", "slack.com.evil.example", "127.0.0.1", ""] {
            assert!(connection.open.open(name, host).is_err(), "{host}");
        }
        let open = |owner: &str, connector: &str| {
            let (owner, connector) = (owner.to_owned(), connector.to_owned());
            Connected { vault: place.vault.clone(), owner, actor: "test".into(), connector }
                .open(name, "slack.com")
        };
        assert!(open(vault::LOCAL, "slack").is_ok());
        assert!(open(vault::LOCAL, "github").is_err(), "another connector");
        assert!(open("somebody", "slack").is_err(), "another owner");
        assert!(found(&place, None, "somebody").is_err());
        // A workflow's `secret("…")` is another kind, whatever it is called.
        let bound = vault::Bound {
            vault: place.vault.clone(),
            owner: vault::LOCAL.into(),
            actor: "test".into(),
            connector: crate::safe::HTTP.into(),
        };
        assert!(bound.open(name, "slack.com").is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused_before_it_is_stored() {
        let place = place();
        let told = connect(&place.vault, "work", "sk-not-of-slack").unwrap_err().to_string();
        assert_eq!(told, "this is no `token` of Slack");
        assert!(place.vault.connections(vault::LOCAL, None).unwrap().is_empty());
        let given = [("site".to_owned(), "x".to_owned())];
        let told = fitted(slack(), &slack().auth[0], &given).unwrap_err().to_string();
        assert_eq!(told, "a connection to Slack has no field `site`; it takes none");
    }

    #[test]
    fn a_connection_that_is_removed_takes_its_secrets_with_it() {
        let place = place();
        connect(&place.vault, "work", "xoxb-canary-1").unwrap();
        connect(&place.vault, "work2", "xoxb-canary-2").unwrap();
        let gone = found(&place, Some("work"), vault::LOCAL).unwrap();
        place.vault.disconnect(me(vault::LOCAL), "slack", "work").unwrap();
        assert!(gone.open.open(&gone.secrets["token"], "slack.com").is_err());
        let left = found(&place, None, vault::LOCAL).unwrap();
        assert_eq!(
            (left.name.as_str(), left.open.open(&left.secrets["token"], "slack.com").is_ok()),
            ("work2", true)
        );
        let again = place.vault.disconnect(me(vault::LOCAL), "slack", "work").unwrap_err();
        assert!(matches!(again, vault::Error::Unknown { .. }), "{again:?}");
        assert!(place.vault.verify().unwrap().wrong.is_empty());
        // The name is free again.
        connect(&place.vault, "work", "xoxb-canary-3").unwrap();
    }

    #[test]
    fn an_address_by_hand_is_one_of_the_service_or_is_allowed() {
        for (base, reach, wanted) in [
            ("https://slack.com/api", Reach::Public, true),
            ("http://slack.com/api", Reach::Public, false),
            ("https://evil.example", Reach::Public, false),
            ("http://127.0.0.1:9", Reach::Public, false),
            ("http://127.0.0.1:9", Reach::Private, true),
            ("slack.com", Reach::Public, false),
        ] {
            assert_eq!(allowed(slack(), base, reach).is_ok(), wanted, "{base}");
        }
    }
}
