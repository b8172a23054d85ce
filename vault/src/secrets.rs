//! Storing, replacing and removing secrets. What was stored never comes out here: only `resolve` opens.

mod kind;

use std::collections::{BTreeMap, BTreeSet};

use secret::Secret;
use store::{Edit, vault as rows};

use crate::audit::Action;
use crate::cipher::{self, Context, Key, Purpose};
use crate::error::Error;
use crate::keys::{Vault, Who, damaged, new_id};
pub use kind::{Kind, Status};

/// The most bytes of a secret.
pub(crate) const LONGEST: usize = 64 * 1024;

/// The most letters of a name.
const LONGEST_NAME: usize = 100;

/// How many rows are read at a time.
const PAGE: usize = 500;

/// A secret to be stored.
pub struct Entry {
    /// What it is for.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What may use it: `http`, a connector, a provider.
    pub connector: String,
    /// Where it may be sent; nowhere where this is empty.
    pub hosts: Vec<String>,
    /// What belongs to it, such as a base URL.
    pub settings: BTreeMap<String, String>,
    /// Its place among those that serve the same; the lowest is taken first.
    pub rank: i64,
    /// The secret itself.
    pub value: Secret,
}

impl Entry {
    /// A secret of an account, by its name in the vault.
    pub fn of_connection(connector: &str, name: String, hosts: &[String], value: &Secret) -> Entry {
        Entry {
            kind: Kind::Connection,
            name,
            connector: connector.into(),
            hosts: hosts.to_vec(),
            settings: BTreeMap::new(),
            rank: 0,
            value: value.clone(),
        }
    }
}

/// A secret as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The owner.
    pub owner: String,
    /// What it is for, in a word.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What may use it.
    pub connector: String,
    /// Where it may be sent.
    pub hosts: Vec<String>,
    /// What belongs to it.
    pub settings: BTreeMap<String, String>,
    /// How often it was entered.
    pub version: i64,
    /// How it stands, in a word.
    pub status: String,
    /// Its place among those that serve the same.
    pub rank: i64,
    /// What may be seen of it, as in `sk-…4f2a`.
    pub shown: String,
    /// When it was stored first, in nanoseconds since 1970.
    pub created: i64,
    /// When it was used last.
    pub used: Option<i64>,
}

impl Vault {
    /// Stores a secret. An empty vault is given its keys first.
    ///
    /// # Errors
    /// Where the name is taken, something about it is wrong, or the vault is sealed or cannot be written.
    pub fn add(&self, who: Who<'_>, entry: &Entry) -> Result<(), Error> {
        self.keys_or_make()?;
        let (secret, version) = self.new_secret(who, entry)?;
        let told = Action::Added.row(who, &subject(&secret), &version.hosts);
        let edits = vec![Edit::Secret(secret), Edit::Version(version)];
        self.change(edits, vec![told], entry.kind.name()).map_err(|error| match error {
            Error::Taken { what, .. } => Error::Taken { what, name: entry.name.clone() },
            Error::Stale { .. } => Error::Unknown { what: "owner", name: who.owner.into() },
            other => other,
        })
    }

    /// The rows of a secret that is to be stored.
    pub(crate) fn new_secret(
        &self,
        who: Who<'_>,
        entry: &Entry,
    ) -> Result<(rows::Secret, rows::Version), Error> {
        check_name(&entry.name)?;
        check_value(entry.kind, &entry.value)?;
        let hosts = hosts(&entry.hosts)?;
        let status = match entry.kind {
            Kind::Key => Status::Untested,
            Kind::App | Kind::Connection | Kind::Hook | Kind::Issuer | Kind::Secret => Status::Active,
        };
        let secret = rows::Secret {
            owner: who.owner.into(),
            id: new_id()?,
            kind: entry.kind.name().into(),
            name: entry.name.clone(),
            version: 1,
            status: status.name().into(),
            rank: entry.rank,
            mac: vec![],
            shown: shown(entry.value.expose()),
            created: crate::now(),
            used: None,
        };
        let about = About { connector: entry.connector.clone(), hosts, settings: settings(&entry.settings) };
        self.sealed(secret, about, entry.value.expose().as_bytes())
    }

    /// Looks whether a secret could be stored, and stores nothing.
    ///
    /// # Errors
    /// As for `add`.
    pub fn check_entry(&self, who: Who<'_>, entry: &Entry) -> Result<(), Error> {
        check_name(&entry.name)?;
        check_value(entry.kind, &entry.value)?;
        hosts(&entry.hosts)?;
        match self.keys() {
            Ok(_) | Err(Error::Blank) => {}
            Err(error) => return Err(error),
        }
        match self.reader.secret(who.owner, entry.kind.name(), &entry.name)? {
            Some(_) => Err(Error::Taken { what: entry.kind.name(), name: entry.name.clone() }),
            None => Ok(()),
        }
    }

    /// Gives a secret another value, and other hosts where there are some. The value before is destroyed.
    ///
    /// # Errors
    /// Where there is no such secret, something about it is wrong, or the vault is sealed or cannot be written.
    pub fn replace(
        &self,
        who: Who<'_>,
        (kind, name): (Kind, &str),
        value: &Secret,
        new_hosts: Option<&[String]>,
    ) -> Result<(), Error> {
        let (edits, secret, hosts) = self.replacing(who.owner, (kind, name), value, new_hosts)?;
        let told = Action::Replaced.row(who, &subject(&secret), &hosts);
        self.change(edits, vec![told], kind.name())
    }

    /// What gives a secret another value: the edits, its row and its hosts as they will be.
    pub(crate) fn replacing(
        &self,
        owner: &str,
        (kind, name): (Kind, &str),
        value: &Secret,
        new_hosts: Option<&[String]>,
    ) -> Result<(Vec<Edit>, rows::Secret, String), Error> {
        check_value(kind, value)?;
        let (before, version) = self.both(owner, kind, name)?;
        let hosts = new_hosts.map_or(Ok(version.hosts), hosts)?;
        let about = About { connector: version.connector, hosts, settings: version.settings };
        let status = match kind {
            Kind::Key => Status::Untested,
            Kind::App | Kind::Connection | Kind::Hook | Kind::Issuer | Kind::Secret => Status::Active,
        };
        let secret = rows::Secret {
            version: before.version + 1,
            status: status.name().into(),
            shown: shown(value.expose()),
            ..before.clone()
        };
        let (secret, version) = self.sealed(secret, about, value.expose().as_bytes())?;
        let hosts = version.hosts.clone();
        let old = Edit::RemoveOldVersions { owner: secret.owner.clone(), secret: secret.id.clone() };
        let edits = vec![Edit::Version(version), Edit::Restate { from: before.mac, to: secret.clone() }, old];
        Ok((edits, secret, hosts))
    }

    /// Takes a secret out of use; it stays in the list.
    ///
    /// # Errors
    /// Where there is no such secret, or the vault is sealed or cannot be written.
    pub fn revoke(&self, who: Who<'_>, kind: Kind, name: &str) -> Result<(), Error> {
        let (before, version) = self.both(who.owner, kind, name)?;
        let to = rows::Secret { status: Status::Revoked.name().into(), ..before };
        self.restate(who, &version, to, (Action::Revoked, ""))
    }

    /// Makes a key the one of its provider that is taken first.
    ///
    /// # Errors
    /// Where there is no such key, or the vault is sealed or cannot be written.
    pub fn prefer(&self, who: Who<'_>, name: &str) -> Result<(), Error> {
        let (before, version) = self.both(who.owner, Kind::Key, name)?;
        let all = self.reader.secrets_for(who.owner, Kind::Key.name(), &version.connector)?;
        let first = all.iter().filter(|key| key.id != before.id).map(|key| key.rank).min().unwrap_or(1);
        let to = rows::Secret { rank: first.saturating_sub(1), ..before };
        self.restate(who, &version, to, (Action::Preferred, ""))
    }

    /// Writes down what the provider said of a version of a key.
    ///
    /// # Errors
    /// Where there is no such key, it was replaced or revoked meanwhile, or the vault is sealed or cannot be written.
    pub fn mark(&self, who: Who<'_>, name: &str, version: i64, status: Status) -> Result<(), Error> {
        let (before, row) = self.both(who.owner, Kind::Key, name)?;
        if before.version != version || before.status == Status::Revoked.name() {
            return Err(Error::Stale { what: "the key" });
        }
        let to = rows::Secret { status: status.name().into(), ..before };
        self.restate(who, &row, to, (Action::Tested, status.name()))
    }

    /// Removes a secret and destroys what it held, but for copies of the file that were made before.
    ///
    /// # Errors
    /// Where there is no such secret, or the vault is sealed or cannot be written.
    pub fn remove(&self, who: Who<'_>, kind: Kind, name: &str) -> Result<(), Error> {
        self.keys()?;
        let secret = self.row(who.owner, kind, name)?;
        let told = Action::Removed.row(who, &subject(&secret), "");
        let edit = Edit::RemoveSecret { owner: secret.owner, secret: secret.id };
        self.change(vec![edit], vec![told], kind.name())
    }

    /// The secrets of an owner, by name. No key is needed for it.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn list(&self, owner: &str, kind: Kind) -> Result<Vec<Listed>, Error> {
        let mut listed = vec![];
        self.each_secret(owner, &mut |secret| {
            if secret.kind == kind.name()
                && let Some(version) = self.reader.version(owner, &secret.id, secret.version)?
            {
                listed.push(to_listed(secret, version));
            }
            Ok(())
        })?;
        listed.sort_by(|one, other| {
            (&one.connector, one.rank, &one.name).cmp(&(&other.connector, other.rank, &other.name))
        });
        Ok(listed)
    }

    pub(crate) fn each_secret(
        &self,
        owner: &str,
        found: &mut dyn FnMut(rows::Secret) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let secrets = self.reader.secrets(owner, &after, PAGE)?;
            let Some(last) = secrets.last() else { return Ok(()) };
            after.clone_from(&last.id);
            secrets.into_iter().try_for_each(&mut *found)?;
        }
    }

    fn row(&self, owner: &str, kind: Kind, name: &str) -> Result<rows::Secret, Error> {
        let unknown = || Error::Unknown { what: kind.name(), name: name.to_owned() };
        self.reader.secret(owner, kind.name(), name)?.ok_or_else(unknown)
    }

    /// A secret and its current version, both found to be as they were written.
    fn both(&self, owner: &str, kind: Kind, name: &str) -> Result<(rows::Secret, rows::Version), Error> {
        self.keys()?;
        let secret = self.row(owner, kind, name)?;
        let version = self.current(&secret)?;
        self.checked_key(&secret, &version)?;
        Ok((secret, version))
    }

    pub(crate) fn current(&self, secret: &rows::Secret) -> Result<rows::Version, Error> {
        let version = self.reader.version(&secret.owner, &secret.id, secret.version)?;
        version.ok_or_else(|| damaged(&told(secret)))
    }

    fn restate(
        &self,
        who: Who<'_>,
        version: &rows::Version,
        mut to: rows::Secret,
        (action, detail): (Action, &str),
    ) -> Result<(), Error> {
        let from = std::mem::take(&mut to.mac);
        let key = self.data_key(&to, version)?;
        to.mac = cipher::sign(&key, &self.context_of_row(&to)).to_vec();
        let told = action.row(who, &subject(&to), detail);
        self.change(vec![Edit::Restate { from, to }], vec![told], "it")
    }

    /// The rows of a secret and its version, with a fresh key.
    pub(crate) fn sealed(
        &self,
        mut secret: rows::Secret,
        about: About,
        value: &[u8],
    ) -> Result<(rows::Secret, rows::Version), Error> {
        let (generation, by) = self.current_key(&secret.owner)?;
        let key = Key::random()?;
        let mut version = rows::Version {
            owner: secret.owner.clone(),
            secret: secret.id.clone(),
            version: secret.version,
            generation,
            connector: about.connector,
            hosts: about.hosts,
            settings: about.settings,
            key: vec![],
            value: vec![],
            created: crate::now(),
        };
        version.key = cipher::wrap(&by, &self.context_of_key(&version), &key)?;
        version.value = cipher::seal(&key, &self.context_of_value(&secret, &version), value)?;
        secret.mac = cipher::sign(&key, &self.context_of_row(&secret)).to_vec();
        Ok((secret, version))
    }

    /// The key of a version.
    pub(crate) fn data_key(&self, secret: &rows::Secret, version: &rows::Version) -> Result<Key, Error> {
        let (_, by) = self.owner_key(&version.owner, Some(version.generation))?;
        let key = cipher::unwrap(&by, &self.context_of_key(version), &version.key);
        key.map_err(|_| damaged(&told(secret)))
    }

    /// The key of a version, once the row of its secret was found to be as it was written.
    pub(crate) fn checked_key(&self, secret: &rows::Secret, version: &rows::Version) -> Result<Key, Error> {
        let key = self.data_key(secret, version)?;
        match cipher::is_signed(&key, &self.context_of_row(secret), &secret.mac) {
            true => Ok(key),
            false => Err(damaged(&told(secret))),
        }
    }

    /// What the key of a version is bound to.
    pub(crate) fn context_of_key(&self, version: &rows::Version) -> Context {
        Context::new(Purpose::DataKey)
            .text(&self.id)
            .text(&version.owner)
            .text(&version.secret)
            .number(version.version)
            .number(version.generation)
    }

    /// What a value is bound to.
    pub(crate) fn context_of_value(&self, secret: &rows::Secret, version: &rows::Version) -> Context {
        Context::new(Purpose::Value)
            .text(&self.id)
            .text(&secret.owner)
            .text(&secret.id)
            .text(&secret.kind)
            .text(&secret.name)
            .number(version.version)
            .text(&version.connector)
            .text(&version.hosts)
            .text(&version.settings)
    }

    /// What the row of a secret is signed with.
    pub(crate) fn context_of_row(&self, secret: &rows::Secret) -> Context {
        Context::new(Purpose::Row)
            .text(&self.id)
            .text(&secret.owner)
            .text(&secret.id)
            .text(&secret.kind)
            .text(&secret.name)
            .number(secret.version)
            .text(&secret.status)
            .number(secret.rank)
            .text(&secret.shown)
    }
}

/// What a version says beside its value.
pub(crate) struct About {
    pub connector: String,
    pub hosts: String,
    pub settings: String,
}

/// A secret in the audit.
pub(crate) fn subject(secret: &rows::Secret) -> String {
    format!("{}/{}@{}", secret.kind, secret.name, secret.version)
}

/// A secret in a message.
pub(crate) fn told(secret: &rows::Secret) -> String {
    format!("the {} `{}`", secret.kind, secret.name)
}

pub(crate) fn to_listed(secret: rows::Secret, version: rows::Version) -> Listed {
    Listed {
        owner: secret.owner,
        kind: secret.kind,
        name: secret.name,
        connector: version.connector,
        hosts: version.hosts.split_whitespace().map(str::to_owned).collect(),
        settings: read_settings(&version.settings),
        version: secret.version,
        status: secret.status,
        rank: secret.rank,
        shown: secret.shown,
        created: secret.created,
        used: secret.used,
    }
}

/// Looks whether something may be called so.
///
/// # Errors
/// Where it may not.
pub fn check_name(name: &str) -> Result<(), Error> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
    match !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fits) {
        true => Ok(()),
        false => Err(Error::Name { name: name.chars().take(LONGEST_NAME).collect() }),
    }
}

fn check_value(kind: Kind, value: &Secret) -> Result<(), Error> {
    let text = value.expose();
    match kind {
        _ if text.is_empty() => Err(Error::Empty),
        _ if text.len() > LONGEST => Err(Error::TooLong),
        Kind::Key if text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) => {
            Err(Error::NoKey)
        }
        Kind::App | Kind::Connection | Kind::Hook | Kind::Issuer | Kind::Key | Kind::Secret => Ok(()),
    }
}

/// Hosts as they are stored: lower case, in order, each once.
fn hosts(given: &[String]) -> Result<String, Error> {
    let mut hosts = BTreeSet::new();
    for host in given {
        let lower = host.to_ascii_lowercase();
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-._:[]".contains(letter);
        // A colon stands in addresses of IPv6 alone, which stand in brackets.
        let port = lower.contains(':') && !(lower.starts_with('[') && lower.ends_with(']'));
        if lower.is_empty() || port || !lower.chars().all(fits) {
            return Err(Error::Host { host: host.clone() });
        }
        hosts.insert(lower);
    }
    Ok(hosts.into_iter().collect::<Vec<_>>().join(" "))
}

/// Settings as they are stored: a line each, in order.
fn settings(given: &BTreeMap<String, String>) -> String {
    given.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}

/// Settings as they were given.
pub(crate) fn read_settings(stored: &str) -> BTreeMap<String, String> {
    let pairs = stored.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What may be seen of a secret: its end, and its beginning where that says what it is.
fn shown(value: &str) -> String {
    let letters: Vec<char> = value.chars().collect();
    if letters.len() < 20 || letters.iter().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return "…".into();
    }
    let end: String = letters[letters.len() - 4..].iter().collect();
    // A prefix such as `sk-` or `ghp_` is the same for everybody.
    let prefix: String = letters[..4].iter().collect();
    match prefix.find(['-', '_']) {
        Some(at) if prefix[..at].chars().all(|letter| letter.is_ascii_lowercase()) => {
            format!("{}…{end}", &prefix[..=at])
        }
        Some(_) | None => format!("…{end}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_of_a_secret_is_shown_and_nothing_of_a_short_one() {
        assert_eq!(shown("sk-0123456789abcdef4f2a"), "sk-…4f2a");
        assert_eq!(shown("ghp_0123456789abcdef4f2a"), "ghp_…4f2a");
        assert_eq!(shown("AIzaSy0123456789abcdef4f2a"), "…4f2a");
        assert_eq!(shown("üñï-0123456789abcdef4f2ä"), "…4f2ä");
        assert_eq!(shown("hunter2hunter2"), "…");
        assert_eq!(shown("correct horse battery staple"), "…");
    }

    #[test]
    fn hosts_are_bare_names() {
        let given = |hosts: &[&str]| hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            hosts(&given(&["B.example", "a.example", "b.example", "[::1]"])).unwrap(),
            "[::1] a.example b.example"
        );
        for wrong in ["", "https://a.example", "a.example:80", "a.example/x", "a b", "*.example", "ü.example"]
        {
            assert!(matches!(hosts(&given(&[wrong])), Err(Error::Host { .. })), "{wrong}");
        }
    }
}
