//! The addresses that others call: what they are made of, and how they are shown and replaced. An address is known by its
//! hash; what it is made of lies in the vault, so that its owner can be shown it again.

use std::collections::BTreeMap;

use dsl::value::Hash;
use secret::Secret;
use vault::{Entry, Kind, LOCAL, Vault, Want, What, Who};

use crate::error::Error;

/// What may use the secrets that calls from outside are held against, and where they go: nowhere.
pub const WEBHOOK: &str = "webhook";

/// What the last part of every address begins with.
const PREFIX: &str = "kwh_";

/// Where addresses begin.
pub const PATH: &str = "/hooks/";

/// What an address is made of, and the secret that a service is told which calls it.
pub struct Seed(Secret);

impl Seed {
    /// Makes one.
    fn random() -> Seed {
        let mut chance = [0; 32];
        getrandom::fill(&mut chance).expect("the system has randomness");
        Seed(Secret::new(hex(&chance)))
    }

    /// The last part of the address.
    pub fn token(&self) -> Secret {
        Secret::new(format!("{PREFIX}{}", self.drawn("address")))
    }

    /// The secret that a service is told with the address.
    pub fn signing(&self) -> Secret {
        Secret::new(self.drawn("signing"))
    }

    /// What is kept of the address.
    pub fn hash(&self) -> [u8; 32] {
        hash(self.token().expose())
    }

    /// A text for one purpose: who knows it knows nothing of the others.
    fn drawn(&self, purpose: &str) -> String {
        Hash::of(format!("keyway hook {purpose}\0{}", self.0.expose()).as_bytes()).to_string()
    }
}

/// What is kept of the last part of an address. It is looked up by its whole length, so that no comparison stops at the
/// first difference.
pub fn hash(token: &str) -> [u8; 32] {
    Hash::of(token.as_bytes()).0
}

/// What the seed of a trigger's address is called in the vault.
fn name(workflow: &str, text: &str) -> String {
    Hash::of(format!("{workflow}\0{text}").as_bytes()).to_string()
}

/// The seed of a trigger's address. That it was opened is written down.
///
/// # Errors
/// Where there is none, or the vault cannot be opened.
pub fn seed(vault: &Vault, actor: &str, workflow: &str, text: &str) -> Result<Seed, Error> {
    let name = name(workflow, text);
    let who = Who { owner: LOCAL, actor };
    let want = Want { who, what: What::Hook(&name), connector: WEBHOOK, host: WEBHOOK };
    Ok(Seed(vault.resolve(&want)?.secret))
}

/// Makes a seed for a trigger's address; the one before counts no more once its row is written.
///
/// # Errors
/// Where the vault is sealed or cannot be written.
pub(crate) fn sow(vault: &Vault, actor: &str, workflow: &str, text: &str) -> Result<Seed, Error> {
    let seed = Seed::random();
    let who = Who { owner: LOCAL, actor };
    let entry = Entry {
        kind: Kind::Hook,
        name: name(workflow, text),
        connector: WEBHOOK.into(),
        hosts: vec![WEBHOOK.into()],
        settings: BTreeMap::new(),
        rank: 0,
        value: Secret::new(seed.0.expose().to_owned()),
    };
    match vault.add(who, &entry) {
        Err(vault::Error::Taken { .. }) => {
            vault.replace(who, (Kind::Hook, &entry.name), &entry.value, None)?;
        }
        other => other?,
    }
    Ok(seed)
}

/// The secret that a service chose when it was told a trigger's address; nothing where it chose none. That it was opened is
/// written down.
///
/// # Errors
/// Where the vault cannot be opened.
pub(crate) fn chosen(
    vault: &Vault,
    actor: &str,
    workflow: &str,
    text: &str,
) -> Result<Option<Secret>, Error> {
    let name = name_of_chosen(workflow, text);
    let who = Who { owner: LOCAL, actor };
    let want = Want { who, what: What::Hook(&name), connector: WEBHOOK, host: WEBHOOK };
    match vault.resolve(&want) {
        Ok(resolved) => Ok(Some(resolved.secret)),
        Err(vault::Error::Refused(secret::Refused::Unknown { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Keeps the secret that a service has chosen; the one before counts no more.
///
/// # Errors
/// Where the vault is sealed or cannot be written.
pub(crate) fn choose(
    vault: &Vault,
    actor: &str,
    (workflow, text): (&str, &str),
    value: &Secret,
) -> Result<(), Error> {
    let who = Who { owner: LOCAL, actor };
    let entry = Entry {
        kind: Kind::Hook,
        name: name_of_chosen(workflow, text),
        connector: WEBHOOK.into(),
        hosts: vec![WEBHOOK.into()],
        settings: BTreeMap::new(),
        rank: 0,
        value: value.clone(),
    };
    match vault.add(who, &entry) {
        Err(vault::Error::Taken { .. }) => {
            vault.replace(who, (Kind::Hook, &entry.name), &entry.value, None)?;
        }
        other => other?,
    }
    Ok(())
}

/// What the secret that a service chose is called in the vault.
fn name_of_chosen(workflow: &str, text: &str) -> String {
    Hash::of(format!("chosen\0{workflow}\0{text}").as_bytes()).to_string()
}

/// Stores the secret that the sender of a webhook knows as well. It is sent nowhere.
pub fn entry(name: &str, value: Secret) -> Entry {
    Entry {
        kind: Kind::Secret,
        name: name.into(),
        connector: WEBHOOK.into(),
        hosts: vec![WEBHOOK.into()],
        settings: BTreeMap::new(),
        rank: 0,
        value,
    }
}

/// The host of an address that the world reaches; nothing where it is none.
pub fn host_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    url.host_str().filter(|_| plain).map(str::to_owned)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_its_secret_say_nothing_of_each_other_and_are_never_the_same_twice() {
        let (one, other) = (Seed::random(), Seed::random());
        let token = one.token();
        assert!(token.expose().starts_with(PREFIX) && token.expose().len() == PREFIX.len() + 64);
        assert_eq!(token.expose(), one.token().expose());
        assert_ne!(token.expose(), other.token().expose());
        assert!(!token.expose().contains(one.signing().expose()));
        assert_eq!(one.hash(), hash(token.expose()));
    }
}
