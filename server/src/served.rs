//! The keys of organisations that serve a member: what of them concerns whoever runs with them, and nothing that they hold.

use jiff::{SignedDuration, Timestamp};
use vault::{Action, Kind, Listed, OwnerKind, Status, Vault};

use crate::error::Error;

/// For how long a replaced key is told of.
const TOLD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How old a key may be before somebody should replace it.
const OLD: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A key of an organisation.
#[derive(Clone, Debug)]
pub struct Served {
    /// The organisation.
    pub organisation: String,
    /// The provider.
    pub provider: String,
    /// The key's name.
    pub name: String,
    /// How it stands, in a word.
    pub status: String,
    /// How often it was entered.
    pub version: i64,
    /// When it was entered first.
    pub created: Timestamp,
    /// When it was entered last, and by whom, where that was not the first time.
    pub replaced: Option<(Timestamp, String)>,
    /// What a member should know of it; nothing where all is well.
    pub advice: Option<String>,
}

/// The ids and names of the organisations of which somebody is a member.
///
/// # Errors
/// Where the store cannot be read.
pub fn organisations(vault: &Vault, member: &str) -> Result<Vec<(String, String)>, Error> {
    let mut found = vec![];
    for organisation in vault.owners(Some(OwnerKind::Organisation))? {
        if vault.members(&organisation.id)?.iter().any(|one| one.id == member) {
            found.push((organisation.id, organisation.name));
        }
    }
    Ok(found)
}

/// The keys of the organisations of which somebody is a member.
///
/// # Errors
/// Where the store cannot be read.
pub fn keys(vault: &Vault, member: &str, now: Timestamp) -> Result<Vec<Served>, Error> {
    let mut served = vec![];
    for (id, organisation) in organisations(vault, member)? {
        let keys = vault.list(&id, Kind::Key)?;
        if keys.is_empty() {
            continue;
        }
        let mut replaced: Vec<(String, Timestamp, String)> = vec![];
        vault.audit(i64::MIN, &mut |row| {
            if row.owner == id && row.action == Action::Replaced.name() {
                replaced.push((row.subject, time(row.time), row.actor));
            }
        })?;
        let of = |key: Listed| {
            let subject = format!("{}/{}@{}", key.kind, key.name, key.version);
            let last = replaced.iter().rev().find(|(of, _, _)| *of == subject);
            let replaced = last.map(|(_, when, who)| (*when, who.clone()));
            let mut one = Served {
                organisation: organisation.clone(),
                provider: key.connector,
                name: key.name,
                status: key.status,
                version: key.version,
                created: time(key.created),
                replaced,
                advice: None,
            };
            one.advice = advice(&one, now);
            one
        };
        served.extend(keys.into_iter().map(of));
    }
    Ok(served)
}

/// What a member should know of a key.
fn advice(key: &Served, now: Timestamp) -> Option<String> {
    let out = [Status::Invalid, Status::Expired, Status::Revoked].map(Status::name);
    if out.contains(&&*key.status) {
        return Some(format!("it is {}: whoever keeps it has to replace it", key.status));
    }
    let since = key.replaced.as_ref().map_or(key.created, |(when, _)| *when);
    let age = now.duration_since(since);
    if age >= OLD {
        return Some(format!("it is {} days old: ask whoever keeps it to replace it", age.as_hours() / 24));
    }
    let (when, who) = key.replaced.as_ref()?;
    (now.duration_since(*when) <= TOLD).then(|| {
        let day = when.to_zoned(jiff::tz::TimeZone::UTC).date();
        format!("it was replaced on {day} by {who}: runs take the new one by themselves")
    })
}

fn time(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_key_follows_from_how_it_stands_and_how_old_it_is() {
        let day = |number: i64| Timestamp::from_second(number * 24 * 3600).unwrap_or_default();
        let key = |status: &str, created: i64, replaced: Option<i64>| Served {
            organisation: "acme".into(),
            provider: "openai".into(),
            name: "work".into(),
            status: status.into(),
            version: 1,
            created: day(created),
            replaced: replaced.map(|number| (day(number), "ann".into())),
            advice: None,
        };
        let told = |key: Served| advice(&key, day(1000)).unwrap_or_default();
        assert_eq!(told(key("valid", 900, None)), "");
        assert_eq!(told(key("valid", 636, None)), "", "364 days");
        assert!(told(key("valid", 635, None)).starts_with("it is 365 days old"));
        assert!(told(key("valid", 100, Some(990))).starts_with("it was replaced on 1972-09-17 by ann"));
        assert_eq!(told(key("valid", 100, Some(969))), "", "who has not seen it in a month need not know");
        assert!(told(key("valid", 1, Some(100))).starts_with("it is 900 days old"));
        assert!(told(key("invalid", 999, None)).starts_with("it is invalid"));
    }
}
