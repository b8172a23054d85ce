//! Connections of an owner: made, listed and removed by a command, and given to the calls of a run. Their rows stand in
//! the store, their secrets in the vault, bound to the hosts of their service.

mod account;
mod apps;
pub(crate) mod counted;
mod entering;
mod found;
mod health;
mod keep;
mod measure;
mod needs;
mod services;
mod standing;
mod trying;

use std::sync::Arc;

use connectors::manifest::Manifest;
use connectors::manifest::auth::{Auth, Kind as WayKind};
use dsl::types::{Field, fit_field};
use dsl::value::{Object, Value};
use jiff::Timestamp;
use secret::Secret;
use vault::{Connecting, Entry, Place, Vault, Who, secret_name};

use crate::error::Error;

pub use account::{Account, User, find, typed};
pub use apps::{Known, NewApp, PORT, add_app, app_for, apps, signs_in_by_app, usual_redirect};
pub use connectors::signin::{Choice, Device, Poll, Refusal, Tokens};
pub use entering::{Beginning, Check, Entering, Finished, Wish};
pub use found::OfOwner;
pub use health::{Health, REFUSED, WORKS};
pub use measure::{Figures, KEPT};
pub use needs::{Lack, Lacking, Need, lacks, of_deployed, of_plan, used_actions};
pub use services::{Service, services, to_json};
pub use standing::{Standing, standings};
pub use trying::{Trying, loopback, revoke, try_key, verify};
pub(crate) use trying::{allowed, way_out};

/// What a connection is called where nobody says otherwise.
pub const MAIN: &str = "main";

/// Who typed, as the audit tells it where nobody else is named.
const ACTOR: &str = "keyway";

/// What a connection is to be.
pub struct Wanted<'a> {
    /// The service.
    pub manifest: &'a Manifest,
    /// The way to sign in.
    pub auth: &'a Auth,
    /// Its name.
    pub name: &'a str,
    /// What a person gave, as text.
    pub fields: &'a [(String, String)],
    /// The secrets, by their names in the manifest.
    pub secrets: Vec<(String, Secret)>,
    /// Where the service stands, where not where its manifest says.
    pub base: Option<&'a str>,
    /// Whether one of that name may be there already.
    pub place: Place,
}

/// Stores a connection whose secrets a person gave.
///
/// # Errors
/// Where something given does not fit, the name is taken, or the vault is sealed or cannot be written.
pub fn add(vault: &Vault, who: Who<'_>, wanted: Wanted<'_>) -> Result<(), Error> {
    let fields = fitted(wanted.manifest, wanted.auth, wanted.fields)?;
    let connector = &wanted.manifest.id;
    let hosts = hosts(wanted.manifest, wanted.auth, &fields, wanted.base)?;
    check_secrets(wanted.manifest, wanted.auth, &wanted.secrets)?;
    let entry = |(name, value): &(String, Secret)| {
        Entry::of_connection(connector, secret_name(connector, wanted.name, name), &hosts, value)
    };
    let secrets: Vec<Entry> = wanted.secrets.iter().map(entry).collect();
    let connection = vault::Connection {
        owner: who.owner.into(),
        connector: connector.clone(),
        name: wanted.name.into(),
        auth: wanted.auth.id.clone(),
        fields: Value::Object(Arc::new(fields)).to_json().to_string(),
        state: vault::READY.into(),
        created: nanoseconds(Timestamp::now()),
        base: wanted.base.unwrap_or_default().into(),
        ..vault::Connection::default()
    };
    let wanted = Connecting { connection, secrets: &secrets, sign_in: None, place: wanted.place };
    Ok(vault.connect(who, wanted)?)
}

/// Looks whether secrets have the form that the manifest says. Why one does not fit is not shown: it may be another secret.
fn check_secrets(manifest: &Manifest, way: &Auth, secrets: &[(String, Secret)]) -> Result<(), Error> {
    for (name, secret) in secrets {
        let declared = way.secrets.iter().chain(&manifest.account.secrets).find(|field| field.name == *name);
        if declared.is_some_and(|field| fit_field(&Value::text(secret.expose()), field).is_err()) {
            return Err(Error::Unfit { why: format!("this is no `{name}` of {}", manifest.name) });
        }
    }
    Ok(())
}

/// The way to sign in: the one that is named; else the one of an app that is there; else the first by keys alone, or the first.
///
/// # Errors
/// Where there is none of that name, or the vault cannot be read.
pub fn way<'m>(
    (vault, owner): (&Vault, &str),
    manifest: &'m Manifest,
    named: Option<&str>,
) -> Result<&'m Auth, Error> {
    let by_app = |way: &&Auth| way.kind.oauth2().is_some_and(apps::needs_app);
    let found = match named {
        Some(named) => manifest.auth.iter().find(|way| way.id == named),
        None => {
            let app = app_for(vault, owner, &manifest.id)?;
            let of_app = app.and_then(|_| manifest.auth.iter().find(by_app));
            of_app.or(manifest.auth.iter().find(|way| way.kind.is_given())).or(manifest.auth.first())
        }
    };
    let names = || manifest.auth.iter().map(|way| format!("`{}`", way.id)).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| Error::Unfit {
        why: format!(
            "{} has no way to sign in `{}`; there are {}",
            manifest.name,
            named.unwrap_or_default(),
            names()
        ),
    })
}

/// The names of the secrets that a person gives for a way to sign in, with what they are.
pub fn asked_for(way: &Auth) -> Vec<(String, String)> {
    match way.kind {
        WayKind::Oauth1a(_) => SIGNING.map(|(name, about)| (name.to_owned(), about.to_owned())).into(),
        _ => way.secrets.iter().map(|field| (field.name.clone(), field.about.clone())).collect(),
    }
}

/// The secrets of OAuth 1.0a.
const SIGNING: [(&str, &str); 4] = [
    ("consumer_key", "The key of the app."),
    ("consumer_secret", "The secret of the app."),
    ("access", "The token of the account."),
    ("access_secret", "The secret of that token."),
];

fn given(way: &Auth) -> impl Iterator<Item = String> {
    asked_for(way).into_iter().map(|(name, _)| name)
}

/// A moment as it is stored.
fn nanoseconds(moment: Timestamp) -> i64 {
    i64::try_from(moment.as_nanosecond()).unwrap_or(i64::MAX)
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

/// The hosts that the secrets of a connection may go to: the one where the service stands for it; else those that the
/// manifest names, and for those it names by a star, the one that the connection's own address has.
fn hosts(
    manifest: &Manifest,
    auth: &Auth,
    fields: &Object,
    base: Option<&str>,
) -> Result<Vec<String>, Error> {
    if let Some(base) = base {
        return Ok(vec![host_of(base)?]);
    }
    let mut hosts: Vec<String> =
        manifest.hosts.iter().filter(|host| !host.starts_with('*')).cloned().collect();
    let base = connectors::base_host(manifest, auth, fields)
        .map_err(|failure| Error::Unfit { why: failure.message })?;
    if !hosts.contains(&base) {
        hosts.push(base);
    }
    Ok(hosts)
}

/// The host of an address that a person gave.
fn host_of(base: &str) -> Result<String, Error> {
    let rest =
        ["https://", "http://", "smtps://", "smtp://"].iter().find_map(|scheme| base.strip_prefix(scheme));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    match host.is_empty() || host.contains('@') {
        true => Err(Error::Unfit { why: format!("`{base}` is no address of a service") }),
        false => Ok(host.to_ascii_lowercase()),
    }
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
        let (base, place) = (None, vault::Place::Free);
        let wanted = Wanted { manifest: slack(), auth, name, fields: &[], secrets, base, place };
        add(vault, me(vault::LOCAL), wanted)
    }

    fn found(place: &Place, name: Option<&str>, owner: &str) -> Result<Connection, String> {
        let user = User { vault: place.vault.clone(), owner: owner.into(), actor: "test".into() };
        let account = find(&user, slack(), name).map_err(|failure| failure.to_string())?;
        account.connection(slack(), 0).map_err(|failure| failure.to_string())
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
        for host in ["evil.example", "wss.slack.com", "slack.com.evil.example", "127.0.0.1", ""] {
            assert!(connection.open.open(name, host).is_err(), "{host}");
        }
        let open = |owner: &str, connector: &str| {
            let (owner, connector) = (owner.to_owned(), connector.to_owned());
            let of = owner.clone();
            Connected { vault: place.vault.clone(), owner, of, actor: "test".into(), connector }
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
