//! Services at which people sign in, as they are kept: the app that is registered at each, and who may come in by it.

use std::collections::BTreeMap;

use secret::Secret;
use vault::{Entry, Kind, LOCAL, Listed, Vault, Want, What, Who};

use crate::error::Error;
use crate::role::Role;

const ISSUER: &str = "issuer";
const ID: &str = "id";
const DOMAINS: &str = "domains";
const ROLE: &str = "role";
const SECRETLESS: &str = "secretless";

/// The service that says which organisation keeps an account.
const GOOGLE: &str = "https://accounts.google.com";

/// What may use the secret of such an app.
const USE: &str = "issuer";

/// A service that is to be stored.
pub struct NewIssuer<'a> {
    /// What it is called here; it stands in the address that browsers come back to.
    pub name: &'a str,
    /// What it calls itself, which is where it stands.
    pub issuer: &'a str,
    /// What it calls the app.
    pub id: &'a str,
    /// What the app says to be believed; none for one that has none.
    pub secret: Option<Secret>,
    /// Hosts that the secret may be sent to beside the service's own.
    pub hosts: &'a [String],
    /// People whose address of mail it has verified, and is of one of these domains, come in unasked; nobody where there is none.
    pub domains: &'a [String],
    /// As what they come in.
    pub role: Role,
}

/// A service, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownIssuer {
    /// What it is called here.
    pub name: String,
    /// What it calls itself.
    pub issuer: String,
    /// What it calls the app.
    pub id: String,
    /// True where the app has a secret.
    pub has_secret: bool,
    /// Where that may be sent.
    pub hosts: Vec<String>,
    /// Of which domains people come in unasked.
    pub domains: Vec<String>,
    /// As what; nothing where a later version wrote another word, and then nobody does.
    pub role: Option<Role>,
    /// When it was stored, in nanoseconds since 1970.
    pub created: i64,
}

/// Stores a service.
///
/// # Errors
/// Where there is one of that name already, or something about it is wrong.
pub fn add_issuer(vault: &Vault, actor: &str, new: NewIssuer<'_>) -> Result<(), Error> {
    let unfit = |why: String| Err(Error::Unfit { why });
    let letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if new.name.is_empty() || new.name.len() > 40 || !new.name.chars().all(letter) {
        return unfit(format!(
            "`{}` is no name: it has small letters, digits and `-`",
            new.name.escape_debug()
        ));
    }
    let url = url::Url::parse(new.issuer).ok().filter(|url| ["https", "http"].contains(&url.scheme()));
    let Some(host) = url.as_ref().and_then(url::Url::host_str) else {
        return unfit(format!("`{}` is no address of a service", new.issuer.escape_debug()));
    };
    if new.id.is_empty() || new.id.chars().any(char::is_control) {
        return unfit("this is no id of an app".into());
    }
    let domains: Vec<String> =
        new.domains.iter().map(|it| it.trim_start_matches('@').to_ascii_lowercase()).collect();
    let odd = |domain: &&String| {
        !domain.is_ascii()
            || !domain.contains('.')
            || domain.contains(|it: char| it == ',' || it == '@' || it.is_whitespace())
    };
    if let Some(odd) = domains.iter().find(odd) {
        return unfit(format!("`{}` is no domain of addresses of mail", odd.escape_debug()));
    }
    let mut hosts = new.hosts.to_vec();
    if !hosts.iter().any(|known| known == host) {
        hosts.push(host.to_owned());
    }
    let mut settings = BTreeMap::from([
        (ISSUER.to_owned(), new.issuer.to_owned()),
        (ID.to_owned(), new.id.to_owned()),
        (DOMAINS.to_owned(), domains.join(",")),
        (ROLE.to_owned(), new.role.name().to_owned()),
    ]);
    let value = match new.secret {
        Some(secret) => secret,
        None => {
            settings.insert(SECRETLESS.into(), "yes".into());
            // The vault keeps no empty secrets, and the id is none.
            Secret::new(new.id.to_owned())
        }
    };
    let (name, connector) = (new.name.to_owned(), USE.to_owned());
    let entry = Entry { kind: Kind::Issuer, name, connector, hosts, settings, rank: 0, value };
    Ok(vault.add(Who { owner: LOCAL, actor }, &entry)?)
}

/// Removes a service. Who has signed in by it stays signed in, and keeps what else they sign in by.
///
/// # Errors
/// Where there is none of that name.
pub fn remove_issuer(vault: &Vault, actor: &str, name: &str) -> Result<(), Error> {
    Ok(vault.remove(Who { owner: LOCAL, actor }, Kind::Issuer, name)?)
}

/// All of them, by their names.
///
/// # Errors
/// Where the vault cannot be read.
pub fn issuers(vault: &Vault) -> Result<Vec<KnownIssuer>, Error> {
    Ok(vault.list(LOCAL, Kind::Issuer)?.into_iter().map(known).collect())
}

fn known(listed: Listed) -> KnownIssuer {
    let setting = |name: &str| listed.settings.get(name).cloned().unwrap_or_default();
    KnownIssuer {
        issuer: setting(ISSUER),
        id: setting(ID),
        has_secret: !listed.settings.contains_key(SECRETLESS),
        domains: setting(DOMAINS).split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect(),
        role: Role::of(&setting(ROLE)),
        name: listed.name,
        hosts: listed.hosts,
        created: listed.created,
    }
}

impl KnownIssuer {
    /// True of an address of mail by which somebody comes in unasked. `hosted` is the domain whose organisation keeps their
    /// account, where the service says one.
    pub fn lets_in(&self, mail: &str, hosted: Option<&str>) -> bool {
        let Some((_, domain)) = mail.rsplit_once('@') else { return false };
        // Anybody may have an account at Google with an address of a domain that they do not belong to any more.
        let is_theirs = self.issuer != GOOGLE || hosted == Some(domain);
        domain.is_ascii() && is_theirs && self.domains.iter().any(|known| known == domain)
    }

    /// The secret of its app for a host, once its use is written down; nothing where it has none.
    ///
    /// # Errors
    /// Where it may not be sent there, or the vault does not open.
    pub(super) fn secret(&self, vault: &Vault, host: &str) -> Result<Option<Secret>, vault::Error> {
        if !self.has_secret {
            return Ok(None);
        }
        let who = Who { owner: LOCAL, actor: "keyway" };
        let what = What::Issuer(&self.name);
        Ok(Some(vault.resolve(&Want { who, what, connector: USE, host })?.secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_domain_lets_in() {
        let domains = vec!["example.com".to_owned()];
        let mut known = KnownIssuer {
            name: String::new(),
            issuer: String::new(),
            id: String::new(),
            has_secret: false,
            hosts: vec![],
            domains,
            role: Some(Role::Viewer),
            created: 0,
        };
        assert!(known.lets_in("ada@example.com", None));
        assert!(known.lets_in("ada@example.com", Some("other.example")));
        for other in [
            "ada@evil.com",
            "ada@notexample.com",
            "ada@example.com.evil.com",
            "ada@sub.example.com",
            "ada@exam\u{440}le.com",
            "ada@EXAMPLE.com",
            "example.com",
            "",
        ] {
            assert!(!known.lets_in(other, None), "{other}");
        }
        known.issuer = GOOGLE.into();
        assert!(known.lets_in("ada@example.com", Some("example.com")));
        for hosted in [None, Some(""), Some("evil.com"), Some("sub.example.com")] {
            assert!(!known.lets_in("ada@example.com", hosted), "{hosted:?}");
        }
        known.domains = vec!["ex\u{e4}mple.com".into()];
        known.issuer = String::new();
        assert!(!known.lets_in("ada@ex\u{e4}mple.com", None), "a domain is in ASCII");
    }
}
