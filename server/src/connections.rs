//! Connections of an owner: made, listed and removed by a command, and given to the calls of a run. Their rows stand in
//! the store, their secrets in the vault, bound to the hosts of their service.

mod found;
mod trying;

use std::collections::BTreeMap;
use std::sync::Arc;

use connectors::manifest::Manifest;
use connectors::manifest::auth::Auth;
use dsl::types::{Field, fit_field};
use dsl::value::{Object, Value};
use secret::Secret;
use vault::{Entry, Kind, Vault, Who, secret_name};

use crate::error::Error;

pub use found::{OfOwner, find};
pub use trying::{Trying, try_key, verify};

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

#[cfg(test)]
mod tests {
    use connectors::connection::Connection;
    use secret::Open;
    use vault::Connected;

    use super::*;
    use crate::home::Home;

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
}
