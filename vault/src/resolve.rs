//! Which secret serves a wish, and opening it: the one function through which a secret leaves the vault.
//!
//! Nothing is taken over from an earlier check: each time the rows are read, the owner, the connector and the
//! host are compared with those that the secret was stored for, and the use is written down.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use secret::{Refused, Secret};
use store::{Chain, Change, Edit, Unfit, vault as rows};

use crate::audit::Action;
use crate::error::Error;
use crate::keys::{Vault, Who, damaged};
use crate::owner::PLATFORM;
use crate::secrets::{Kind, Status, subject, told};

/// How often it is tried again where a secret changes at the same moment.
const TRIES: usize = 3;

/// Who wants what, to send it where.
#[derive(Clone, Copy, Debug)]
pub struct Want<'a> {
    /// The owner of the run, and the run.
    pub who: Who<'a>,
    /// What is wanted.
    pub what: What<'a>,
    /// What is to use it: `http`, a connector, a provider.
    pub connector: &'a str,
    /// Where it is to go: a bare name or address.
    pub host: &'a str,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// A secret of an app, by its name: the owner's, that of an organisation of theirs, or the platform's.
    App {
        /// Whose app it is.
        of: &'a str,
        /// Its name.
        name: &'a str,
    },
    /// A secret of an account by its name: the owner's, or that of an organisation of theirs.
    Connection {
        /// Whose account it is.
        of: &'a str,
        /// Its name.
        name: &'a str,
    },
    /// What the address of a webhook of the owner's is made of, by its name.
    Hook(&'a str),
    /// A secret of an app of the owner's at a service at which people sign in, by its name.
    Issuer(&'a str),
    /// A secret by its name.
    Secret(&'a str),
    /// A key of the connector, which is a provider: the pinned one, or the one that comes first.
    Key {
        /// The pinned key's name.
        pinned: Option<&'a str>,
    },
    /// This key of the connector, paid by this one and by nobody else.
    PaidBy {
        /// Who pays.
        payer: &'a Payer,
        /// The key's name.
        name: &'a str,
    },
    /// A key of the owner's by its name, to ask the provider whether it is right.
    Test(&'a str),
}

impl<'a> What<'a> {
    /// What it is called in a message.
    fn name(&self, connector: &'a str) -> &'a str {
        match self {
            What::App { name, .. }
            | What::Connection { name, .. }
            | What::Hook(name)
            | What::Issuer(name)
            | What::Secret(name)
            | What::Key { pinned: Some(name) }
            | What::PaidBy { name, .. }
            | What::Test(name) => name,
            What::Key { pinned: None } => connector,
        }
    }
}

/// Who pays for a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Payer {
    /// The owner of the run.
    Own,
    /// An organisation that the owner is a member of.
    Organisation(String),
    /// Who runs the program.
    Platform,
}

impl Payer {
    /// It in a word: `own`, `platform`, or the id of the organisation.
    pub fn name(&self) -> &str {
        match self {
            Payer::Own => store::calls::OWN,
            Payer::Organisation(id) => id,
            Payer::Platform => "platform",
        }
    }
}

/// What was opened. It cannot be printed or stored:
/// ```compile_fail
/// fn print(resolved: &vault::Resolved) { println!("{resolved:?}") }
/// ```
/// ```compile_fail
/// fn store<T: serde::Serialize>(_: T) {}
/// fn keep(resolved: vault::Resolved) { store(resolved) }
/// ```
/// What surrounds the secret can:
/// ```
/// fn store<T: serde::Serialize>(_: T) {}
/// fn keep(resolved: vault::Resolved) { println!("{:?}", resolved.payer); store(resolved.name) }
/// ```
pub struct Resolved {
    /// The secret itself.
    pub secret: Secret,
    /// Its name.
    pub name: String,
    /// Which version of it.
    pub version: i64,
    /// Who pays for it.
    pub payer: Payer,
    /// What belongs to it, such as a base URL.
    pub settings: BTreeMap<String, String>,
}

/// A key that an owner may use, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usable {
    /// Who pays.
    pub payer: Payer,
    /// Its name.
    pub name: String,
    /// How often it was entered.
    pub version: i64,
    /// How it stands, in a word.
    pub status: String,
    /// Whether it is used like that.
    pub serves: bool,
    /// What belongs to it, such as a base URL.
    pub settings: BTreeMap<String, String>,
}

/// The keys of one payer, those that are taken first in front.
struct Paid {
    keys: Vec<rows::Secret>,
    payer: Payer,
    /// Most calls of a month, where the platform pays.
    quota: Option<i64>,
}

/// Who could pay for an owner; each is looked up when it is needed, and once.
struct Parties<'a> {
    vault: &'a Vault,
    owner: &'a str,
    organisations: OnceCell<Vec<String>>,
    quota: OnceCell<i64>,
}

impl<'a> Parties<'a> {
    fn of(vault: &'a Vault, owner: &'a str) -> Parties<'a> {
        Parties { vault, owner, organisations: OnceCell::new(), quota: OnceCell::new() }
    }

    fn organisations(&self) -> Result<&[String], Error> {
        if self.organisations.get().is_none() {
            let found = self.vault.organisations(self.owner)?;
            return Ok(self.organisations.get_or_init(|| found));
        }
        Ok(self.organisations.get().map_or(&[], Vec::as_slice))
    }

    /// Most calls of a month that the platform pays.
    fn quota(&self) -> Result<i64, Error> {
        if let Some(quota) = self.quota.get() {
            return Ok(*quota);
        }
        let quota = self.vault.allowance(self.owner)?.map_or(0, |tier| i64::from(tier.quota));
        Ok(*self.quota.get_or_init(|| quota))
    }

    /// All of them, by their ids.
    fn all(&self) -> Result<Vec<String>, Error> {
        let mut all = vec![self.owner.to_owned()];
        all.extend_from_slice(self.organisations()?);
        if self.quota()? != 0 {
            all.push(PLATFORM.to_owned());
        }
        Ok(all)
    }

    /// Who pays for a provider, and with which keys: the owner, else the one organisation that has some, else the
    /// platform where the tier allows it.
    fn payer(
        &self,
        provider: &str,
        keys_of: impl Fn(&str) -> Result<Vec<rows::Secret>, Error>,
    ) -> Result<Option<Paid>, Error> {
        let own = keys_of(self.owner)?;
        if !own.is_empty() {
            return Ok(Some(Paid { keys: own, payer: Payer::Own, quota: None }));
        }
        let mut found = None;
        for organisation in self.organisations()? {
            let keys = keys_of(organisation)?;
            if keys.is_empty() {
                continue;
            }
            if found.is_some() {
                return Err(Refused::Ambiguous { name: provider.into() }.into());
            }
            found = Some(Paid { keys, payer: Payer::Organisation(organisation.clone()), quota: None });
        }
        if found.is_some() {
            return Ok(found);
        }
        let quota = self.quota()?;
        let platform = if quota == 0 { vec![] } else { keys_of(PLATFORM)? };
        let paid = Paid { keys: platform, payer: Payer::Platform, quota: Some(quota) };
        Ok(Some(paid).filter(|paid| !paid.keys.is_empty()))
    }
}

/// A secret that serves a wish, open, and not yet written down as used: until then it stays here.
pub(crate) struct Ready {
    found: Found,
    version: rows::Version,
    secret: Secret,
    chain: Arc<dyn Chain>,
}

impl Ready {
    /// True if its use counts against a quota of the month.
    pub(crate) fn is_counted(&self) -> bool {
        self.found.quota.is_some()
    }

    /// What must be on disk first.
    pub(crate) fn change(&self, want: &Want<'_>) -> Change {
        Change {
            edits: uses(&self.found, want),
            audit: vec![used(&self.found, want)],
            chain: self.chain.clone(),
        }
    }

    /// It, once its change is on disk.
    pub(crate) fn resolved(self) -> Resolved {
        Resolved {
            secret: self.secret,
            version: self.found.secret.version,
            name: self.found.secret.name,
            payer: self.found.payer,
            settings: crate::secrets::read_settings(&self.version.settings),
        }
    }
}

/// The secret that serves a wish, still shut.
pub(crate) struct Found {
    secret: rows::Secret,
    payer: Payer,
    /// Most calls of a month, where the platform pays.
    quota: Option<i64>,
}

impl Vault {
    /// Opens the secret that serves a wish, once its use is on disk.
    ///
    /// # Errors
    /// Where there is none, it is not for this use, it does not open, or its use cannot be recorded.
    pub fn resolve(&self, want: &Want<'_>) -> Result<Resolved, Error> {
        for _ in 0..TRIES {
            match self.opened(want) {
                // It was replaced between reading and recording, or its owner's key was.
                Err(Error::Stale { .. } | Error::Unknown { what: "key of the owner", .. }) => {}
                other => return other,
            }
        }
        Err(Error::Stale { what: "the secret" })
    }

    fn opened(&self, want: &Want<'_>) -> Result<Resolved, Error> {
        let Some(ready) = self.ready(want)? else {
            return Err(Refused::Unknown { name: want.what.name(want.connector).into() }.into());
        };
        match self.desk.make(ready.change(want))? {
            Ok(()) => Ok(ready.resolved()),
            Err(Unfit::Spent) => Err(unpaid(&ready.found.secret.name, "the quota of this month is used up")),
            Err(unfit) => Err(self.unfit(unfit, "the secret")),
        }
    }

    /// What serves a wish, with what must be on disk before it leaves the vault. Nothing is wrong with an empty vault; there
    /// is just no secret in it.
    pub(crate) fn ready(&self, want: &Want<'_>) -> Result<Option<Ready>, Error> {
        let keys = match self.keys() {
            Err(Error::Blank) => return Ok(None),
            keys => keys?,
        };
        let (found, version, secret) = self.unlocked(want)?;
        Ok(Some(Ready { found, version, secret, chain: keys.links.clone() }))
    }

    /// What serves a wish, opened but not yet recorded: it must not leave the vault like this.
    pub(crate) fn unlocked(&self, want: &Want<'_>) -> Result<(Found, rows::Version, Secret), Error> {
        let found = self.found(want)?;
        let version = self.current(&found.secret)?;
        allowed(&found.secret, &version, want)?;
        let plain = self.plain(&found.secret, &version)?;
        let text = std::str::from_utf8(&plain).map_err(|_| damaged(&told(&found.secret)))?;
        let secret = Secret::new(text.to_owned());
        Ok((found, version, secret))
    }

    fn found(&self, want: &Want<'_>) -> Result<Found, Error> {
        match want.what {
            What::Secret(name) => self.named(want.who.owner, Kind::Secret, name),
            What::App { of, name } => self.of(want.who.owner, of, (Kind::App, name)),
            What::Connection { of, name } => self.of(want.who.owner, of, (Kind::Connection, name)),
            What::Hook(name) => self.own(want.who.owner, Kind::Hook, name),
            What::Issuer(name) => self.own(want.who.owner, Kind::Issuer, name),
            What::Key { pinned: Some(name) } => {
                let found = self.named(want.who.owner, Kind::Key, name)?;
                self.check_tier(want.who.owner, found)
            }
            What::Key { pinned: None } => self.first_key(want),
            What::PaidBy { payer, name } => self.paid_by(want, payer, name),
            What::Test(name) => self.own(want.who.owner, Kind::Key, name),
        }
    }

    /// What an owner has of this name, and nobody for them.
    fn own(&self, owner: &str, kind: Kind, name: &str) -> Result<Found, Error> {
        match self.reader.secret(owner, kind.name(), name)? {
            Some(secret) => Ok(Found { secret, payer: Payer::Own, quota: None }),
            None => Err(Refused::Unknown { name: name.into() }.into()),
        }
    }

    /// A secret of this one, as far as the owner may use it: they are it, or a member of it, or it is an app of the platform.
    fn of(&self, owner: &str, of: &str, (kind, name): (Kind, &str)) -> Result<Found, Error> {
        let unknown = || Error::Refused(Refused::Unknown { name: name.into() });
        let payer = match of {
            _ if of == owner => Payer::Own,
            PLATFORM if kind == Kind::App => Payer::Platform,
            _ if self.organisations(owner)?.iter().any(|organisation| organisation == of) => {
                Payer::Organisation(of.into())
            }
            _ => return Err(unknown()),
        };
        let secret = self.reader.secret(of, kind.name(), name)?.ok_or_else(unknown)?;
        Ok(Found { secret, payer, quota: None })
    }

    /// A secret by name: the owner's, else that of the one organisation that has it.
    fn named(&self, owner: &str, kind: Kind, name: &str) -> Result<Found, Error> {
        if let Some(secret) = self.reader.secret(owner, kind.name(), name)? {
            return Ok(Found { secret, payer: Payer::Own, quota: None });
        }
        let mut found = None;
        for organisation in self.organisations(owner)? {
            if let Some(secret) = self.reader.secret(&organisation, kind.name(), name)? {
                let payer = Payer::Organisation(organisation);
                if found.replace(Found { secret, payer, quota: None }).is_some() {
                    return Err(Refused::Ambiguous { name: name.into() }.into());
                }
            }
        }
        found.ok_or_else(|| Refused::Unknown { name: name.into() }.into())
    }

    /// This key of this payer, where they are who pays for the provider.
    fn paid_by(&self, want: &Want<'_>, payer: &Payer, name: &str) -> Result<Found, Error> {
        let keys = self.payer(want.who.owner, want.connector)?;
        let unknown = || Error::Refused(Refused::Unknown { name: name.into() });
        match keys {
            Some(found) if found.payer == *payer => {
                let secret = found.keys.into_iter().find(|key| key.name == name).ok_or_else(unknown)?;
                self.check_tier(want.who.owner, Found { secret, payer: found.payer, quota: found.quota })
            }
            Some(_) | None => Err(unknown()),
        }
    }

    /// The keys that the owner may use, by their providers, those that are taken first in front. One payer has all of a
    /// provider; where more than one could pay, nobody does.
    ///
    /// # Errors
    /// Where the vault is sealed or cannot be read.
    pub fn usable(&self, owner: &str) -> Result<BTreeMap<String, Result<Vec<Usable>, Refused>>, Error> {
        match self.keys() {
            Err(Error::Blank) => return Ok(BTreeMap::new()),
            keys => keys?,
        };
        let parties = Parties::of(self, owner);
        let mut keys: BTreeMap<String, BTreeMap<String, Vec<rows::Secret>>> = BTreeMap::new();
        for party in parties.all()? {
            let of_party: &mut BTreeMap<_, Vec<_>> = keys.entry(party.clone()).or_default();
            for (provider, secret) in self.reader.secrets_of_kind(&party, Kind::Key.name())? {
                of_party.entry(provider).or_default().push(secret);
            }
        }
        let providers: BTreeSet<String> = keys.values().flat_map(BTreeMap::keys).cloned().collect();
        let mut usable = BTreeMap::new();
        for provider in providers {
            let of = |party: &str| {
                Ok(keys.get(party).and_then(|keys| keys.get(&provider)).cloned().unwrap_or_default())
            };
            let told = match parties.payer(&provider, of) {
                Ok(Some(paid)) => Ok(self.told_of(paid)?),
                Ok(None) => continue,
                Err(Error::Refused(refused)) => Err(refused),
                Err(error) => return Err(error),
            };
            usable.insert(provider, told);
        }
        Ok(usable)
    }

    fn told_of(&self, paid: Paid) -> Result<Vec<Usable>, Error> {
        let mut usable = vec![];
        for secret in paid.keys {
            let version = self.current(&secret)?;
            usable.push(Usable {
                payer: paid.payer.clone(),
                name: secret.name,
                version: secret.version,
                serves: Status::of(&secret.status).is_some_and(Status::serves),
                status: secret.status,
                settings: crate::secrets::read_settings(&version.settings),
            });
        }
        Ok(usable)
    }

    /// Who pays for the calls of an owner to a provider, and with which keys.
    fn payer(&self, owner: &str, provider: &str) -> Result<Option<Paid>, Error> {
        Parties::of(self, owner)
            .payer(provider, |party| Ok(self.reader.secrets_for(party, Kind::Key.name(), provider)?))
    }

    /// The key of a provider that comes first: the owner's, an organisation's, the platform's. Whoever has one
    /// at all is the one who pays, or nobody does.
    fn first_key(&self, want: &Want<'_>) -> Result<Found, Error> {
        let provider = want.connector;
        let unknown = || Refused::Unknown { name: provider.into() };
        let Paid { keys, payer, quota } = self.payer(want.who.owner, provider)?.ok_or_else(unknown)?;
        self.check_tier(want.who.owner, Found { quota, ..serving(keys, provider, payer)? })
    }

    /// A key of the owner's own may be used where the tier allows it.
    fn check_tier(&self, owner: &str, found: Found) -> Result<Found, Error> {
        match found.payer {
            Payer::Own if !self.allowance(owner)?.is_some_and(|tier| tier.own_keys) => {
                Err(unpaid(&found.secret.name, "the owner's tier has no keys of its own"))
            }
            Payer::Own | Payer::Organisation(_) | Payer::Platform => Ok(found),
        }
    }
}

/// The first key of a payer that may be used.
fn serving(keys: Vec<rows::Secret>, provider: &str, payer: Payer) -> Result<Found, Error> {
    let serves = |key: &rows::Secret| Status::of(&key.status).is_some_and(Status::serves);
    let last = keys.last().map(|key| key.status.clone()).unwrap_or_default();
    match keys.into_iter().find(serves) {
        Some(secret) => Ok(Found { secret, payer, quota: None }),
        None => Err(unusable(provider, &last).into()),
    }
}

/// True to what a secret was stored for: in use, this connector, this host.
fn allowed(secret: &rows::Secret, version: &rows::Version, want: &Want<'_>) -> Result<(), Refused> {
    let name = || secret.name.clone();
    let usable = match (want.what, Status::of(&secret.status)) {
        // Whether a key is right again is found by trying.
        (What::Test(_), Some(status)) => status != Status::Revoked,
        (
            What::App { .. }
            | What::Connection { .. }
            | What::Hook(_)
            | What::Issuer(_)
            | What::Secret(_)
            | What::Key { .. }
            | What::PaidBy { .. },
            Some(status),
        ) => status.serves(),
        (_, None) => false,
    };
    if !usable {
        return Err(unusable(&secret.name, &secret.status));
    }
    if version.connector != want.connector {
        return Err(Refused::Connector { name: name(), connector: want.connector.into() });
    }
    // An address of IPv6 is stored in brackets, and called without.
    let bare = |host: &str| host.trim_matches(['[', ']']).to_ascii_lowercase();
    if !version.hosts.split_whitespace().any(|host| bare(host) == bare(want.host)) {
        return Err(Refused::Host { name: name(), host: want.host.into() });
    }
    Ok(())
}

fn uses(found: &Found, want: &Want<'_>) -> Vec<Edit> {
    let time = crate::now();
    let secret = &found.secret;
    let mut edits = vec![Edit::Used {
        owner: secret.owner.clone(),
        secret: secret.id.clone(),
        version: secret.version,
        time,
    }];
    if let Some(quota) = found.quota {
        edits.push(Edit::Count { owner: want.who.owner.into(), month: month(), quota });
    }
    edits
}

fn used(found: &Found, want: &Want<'_>) -> rows::Audit {
    let whose = match want.what {
        What::App { .. } | What::Connection { .. } | What::Hook(_) | What::Issuer(_) => "of",
        What::Secret(_) | What::Key { .. } | What::PaidBy { .. } | What::Test(_) => "paid by",
    };
    let payer = match &found.payer {
        Payer::Own => String::new(),
        Payer::Organisation(id) => format!(", {whose} organisation {id}"),
        Payer::Platform => format!(", {whose} the platform"),
    };
    let detail = format!("{} to {}{payer}", want.connector, want.host);
    Action::Used.row(want.who, &subject(&found.secret), &detail)
}

/// Why a secret with this status is not used.
fn unusable(name: &str, status: &str) -> Refused {
    let name = name.to_owned();
    match Status::of(status) {
        Some(status @ (Status::Invalid | Status::Expired)) => {
            Refused::Unusable { name, status: status.name() }
        }
        _ => Refused::Revoked { name },
    }
}

fn unpaid(name: &str, why: &str) -> Error {
    Refused::Payer { name: name.into(), why: why.into() }.into()
}

/// The month as it is counted, in UTC.
pub(crate) fn month() -> String {
    jiff::Timestamp::now().strftime("%Y-%m").to_string()
}
