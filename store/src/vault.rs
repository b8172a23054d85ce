//! What the vault keeps, read alongside the writer. Every question about a secret names its owner.

mod audit;

use rusqlite::{OptionalExtension, Row, params};

use crate::{Error, Reader};

/// Who owns secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its id.
    pub id: String,
    /// What it is, in a word.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// Its tier.
    pub tier: String,
    /// When it was added, in nanoseconds since 1970.
    pub created: i64,
    /// How often its members were changed.
    pub epoch: i64,
    /// What shows that nobody else changed this row; empty in one of an earlier version.
    pub mac: Vec<u8>,
}

/// What owners of a tier may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Its name.
    pub name: String,
    /// Whether they may use keys of their own.
    pub own_keys: bool,
    /// Calls a month with the platform's keys.
    pub quota: i64,
    /// What shows that nobody else changed this row; empty in one of an earlier version.
    pub mac: Vec<u8>,
}

/// Somebody in an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The organisation.
    pub organisation: String,
    /// The member.
    pub member: String,
    /// The organisation's count of changes when this was written.
    pub epoch: i64,
    /// What shows that nobody else wrote this row; empty in one of an earlier version.
    pub mac: Vec<u8>,
}

/// A root key, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its number.
    pub generation: i64,
    /// The salt of its passphrase; empty where it has none.
    pub salt: Vec<u8>,
    /// What opens with it alone.
    pub proof: Vec<u8>,
    /// Whether new keys are sealed by it.
    pub current: bool,
}

/// A key of an owner, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerKey {
    /// The owner.
    pub owner: String,
    /// Its number.
    pub generation: i64,
    /// The number of the root key that seals it.
    pub root: i64,
    /// Whether new secrets are sealed by it.
    pub current: bool,
    /// The key, sealed.
    pub sealed: Vec<u8>,
}

/// A secret, without what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The owner.
    pub owner: String,
    /// Its id.
    pub id: String,
    /// What it is for, in a word.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its current version.
    pub version: i64,
    /// How it stands, in a word.
    pub status: String,
    /// Its place among those that serve the same; the lowest comes first.
    pub rank: i64,
    /// What shows that nobody else changed this row.
    pub mac: Vec<u8>,
    /// What may be shown of it.
    pub shown: String,
    /// When it was made, in nanoseconds since 1970.
    pub created: i64,
    /// When it was used last.
    pub used: Option<i64>,
}

/// A version of a secret, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The owner.
    pub owner: String,
    /// The secret.
    pub secret: String,
    /// Its number.
    pub version: i64,
    /// The number of the owner's key that seals its key.
    pub generation: i64,
    /// What may use it.
    pub connector: String,
    /// Where it may be sent.
    pub hosts: String,
    /// What belongs to it.
    pub settings: String,
    /// Its key, sealed.
    pub key: Vec<u8>,
    /// What was entered, sealed.
    pub value: Vec<u8>,
    /// When, in nanoseconds since 1970.
    pub created: i64,
}

/// A row of the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Its number.
    pub seq: i64,
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// Whose secret.
    pub owner: String,
    /// Who did it.
    pub actor: String,
    /// What was done, in a word.
    pub action: String,
    /// To what.
    pub subject: String,
    /// More about it.
    pub detail: String,
    /// What binds it to the row before.
    pub link: Vec<u8>,
}

/// How the audit ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of its last row; 0 where there is none.
    pub seq: i64,
    /// The link of its last row.
    pub link: Vec<u8>,
    /// What proves it.
    pub proof: Vec<u8>,
}

const OWNER: &str = "SELECT id, kind, name, tier, created, epoch, mac FROM owners";
const TIER: &str = "SELECT name, own_keys, quota, mac FROM tiers";
const MEMBER: &str = "SELECT organisation, member, epoch, mac FROM members";
const SECRET: &str =
    "SELECT owner, id, kind, name, version, status, rank, mac, shown, created, used FROM secrets";

const WITH_CONNECTOR: &str =
    "SELECT s.owner, s.id, s.kind, s.name, s.version, s.status, s.rank, s.mac, s.shown, s.created, s.used, v.connector
     FROM secrets AS s JOIN versions AS v ON v.owner = s.owner AND v.secret = s.id AND v.version = s.version";

impl Reader {
    /// One owner.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn owner(&self, id: &str) -> Result<Option<Owner>, Error> {
        self.with(|connection| {
            connection.prepare_cached(&format!("{OWNER} WHERE id = ?1"))?.query_row([id], owner).optional()
        })
    }

    /// The owners of this name or id.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn owners_named(&self, name: &str) -> Result<Vec<Owner>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{OWNER} WHERE id = ?1 OR name = ?1 ORDER BY id"))?
                .query_map([name], owner)?
                .collect()
        })
    }

    /// The owners after an id, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn owners(&self, after: &str, most: usize) -> Result<Vec<Owner>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{OWNER} WHERE id > ?1 ORDER BY id LIMIT ?2"))?
                .query_map(params![after, most as i64], owner)?
                .collect()
        })
    }

    /// The organisations that somebody is a member of, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn memberships(&self, member: &str) -> Result<Vec<Member>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{MEMBER} WHERE member = ?1 ORDER BY organisation"))?
                .query_map([member], self::member)?
                .collect()
        })
    }

    /// The members of an organisation, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn members(&self, organisation: &str) -> Result<Vec<Member>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{MEMBER} WHERE organisation = ?1 ORDER BY member"))?
                .query_map([organisation], member)?
                .collect()
        })
    }

    /// One tier.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn tier(&self, name: &str) -> Result<Option<Tier>, Error> {
        self.with(|connection| {
            connection.prepare_cached(&format!("{TIER} WHERE name = ?1"))?.query_row([name], tier).optional()
        })
    }

    /// All tiers, by name.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn tiers(&self) -> Result<Vec<Tier>, Error> {
        self.with(|connection| {
            connection.prepare_cached(&format!("{TIER} ORDER BY name"))?.query_map([], tier)?.collect()
        })
    }

    /// All root keys, the earliest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn roots(&self) -> Result<Vec<Root>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT generation, salt, proof, current FROM roots ORDER BY generation")?
                .query_map([], |row| {
                    Ok(Root {
                        generation: row.get(0)?,
                        salt: row.get(1)?,
                        proof: row.get(2)?,
                        current: row.get(3)?,
                    })
                })?
                .collect()
        })
    }

    /// The keys of an owner under every root.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn owner_keys(&self, owner: &str) -> Result<Vec<OwnerKey>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, generation, root, current, sealed FROM owner_keys WHERE owner = ?1
                     ORDER BY generation, root",
                )?
                .query_map([owner], owner_key)?
                .collect()
        })
    }

    /// Keys of owners under one root, after an owner and number, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn keys_under(&self, root: i64, after: (&str, i64), most: usize) -> Result<Vec<OwnerKey>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, generation, root, current, sealed FROM owner_keys
                     WHERE root = ?1 AND (owner, generation) > (?2, ?3) ORDER BY owner, generation LIMIT ?4",
                )?
                .query_map(params![root, after.0, after.1, most as i64], owner_key)?
                .collect()
        })
    }

    /// Keys of owners that one root seals and another does not yet.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn keys_to_move(&self, from: i64, to: i64, most: usize) -> Result<Vec<OwnerKey>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, generation, root, current, sealed FROM owner_keys AS k
                     WHERE root = ?1 AND NOT EXISTS (
                         SELECT 1 FROM owner_keys AS n
                         WHERE n.owner = k.owner AND n.generation = k.generation AND n.root = ?2)
                     ORDER BY owner, generation LIMIT ?3",
                )?
                .query_map(params![from, to, most as i64], owner_key)?
                .collect()
        })
    }

    /// A secret of an owner by its name.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn secret(&self, owner: &str, kind: &str, name: &str) -> Result<Option<Secret>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{SECRET} WHERE owner = ?1 AND kind = ?2 AND name = ?3"))?
                .query_row([owner, kind, name], secret)
                .optional()
        })
    }

    /// The secrets of an owner after an id, of all kinds, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn secrets(&self, owner: &str, after: &str, most: usize) -> Result<Vec<Secret>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("{SECRET} WHERE owner = ?1 AND id > ?2 ORDER BY id LIMIT ?3"))?
                .query_map(params![owner, after, most as i64], secret)?
                .collect()
        })
    }

    /// The secrets of an owner of one kind whose current version is for one connector, first things first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn secrets_for(&self, owner: &str, kind: &str, connector: &str) -> Result<Vec<Secret>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "{WITH_CONNECTOR} WHERE s.owner = ?1 AND s.kind = ?2 AND v.connector = ?3 ORDER BY s.rank, s.name"
                ))?
                .query_map([owner, kind, connector], secret)?
                .collect()
        })
    }

    /// The secrets of an owner of one kind, each with the connector that its current version is for, first things first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn secrets_of_kind(&self, owner: &str, kind: &str) -> Result<Vec<(String, Secret)>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "{WITH_CONNECTOR} WHERE s.owner = ?1 AND s.kind = ?2 ORDER BY s.rank, s.name"
                ))?
                .query_map([owner, kind], |row| Ok((row.get(11)?, secret(row)?)))?
                .collect()
        })
    }

    /// A version of a secret.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn version(&self, owner: &str, secret: &str, number: i64) -> Result<Option<Version>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, secret, version, generation, connector, hosts, settings, key, value, created
                     FROM versions WHERE owner = ?1 AND secret = ?2 AND version = ?3",
                )?
                .query_row(params![owner, secret, number], version)
                .optional()
        })
    }

    /// Versions of an owner's secrets whose keys are sealed by one of the owner's keys, after one of them.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn versions_under(
        &self,
        owner: &str,
        generation: i64,
        after: (&str, i64),
        most: usize,
    ) -> Result<Vec<Version>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT owner, secret, version, generation, connector, hosts, settings, key, value, created
                     FROM versions WHERE owner = ?1 AND generation = ?2 AND (secret, version) > (?3, ?4)
                     ORDER BY secret, version LIMIT ?5",
                )?
                .query_map(params![owner, generation, after.0, after.1, most as i64], version)?
                .collect()
        })
    }

    /// Current versions of an owner's secrets that were made before a moment.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn secrets_before(&self, owner: &str, before: i64, most: usize) -> Result<Vec<Secret>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "{SECRET} AS s WHERE owner = ?1 AND EXISTS (
                         SELECT 1 FROM versions AS v WHERE v.owner = s.owner AND v.secret = s.id
                         AND v.version = s.version AND v.created < ?2) ORDER BY id LIMIT ?3"
                ))?
                .query_map(params![owner, before, most as i64], secret)?
                .collect()
        })
    }

    /// An owner's secrets that have versions beside the current one.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn secrets_with_old(&self, owner: &str, most: usize) -> Result<Vec<Secret>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "{SECRET} AS s WHERE owner = ?1 AND EXISTS (
                         SELECT 1 FROM versions AS v WHERE v.owner = s.owner AND v.secret = s.id
                         AND v.version <> s.version) ORDER BY id LIMIT ?2"
                ))?
                .query_map(params![owner, most as i64], secret)?
                .collect()
        })
    }

    /// How many calls an owner has made with the platform's keys in a month.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn platform_use(&self, owner: &str, month: &str) -> Result<i64, Error> {
        self.with(|connection| {
            let calls = connection
                .prepare_cached("SELECT calls FROM platform_use WHERE owner = ?1 AND month = ?2")?
                .query_row([owner, month], |row| row.get(0))
                .optional()?;
            Ok(calls.unwrap_or(0))
        })
    }

    /// True if nothing was ever sealed here.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn vault_is_blank(&self) -> Result<bool, Error> {
        self.with(|connection| {
            connection.query_row(
                "SELECT NOT EXISTS (SELECT 1 FROM roots) AND NOT EXISTS (SELECT 1 FROM owner_keys)
                 AND NOT EXISTS (SELECT 1 FROM versions) AND NOT EXISTS (SELECT 1 FROM audit)",
                [],
                |row| row.get(0),
            )
        })
    }

    /// How many owners, secrets and rows of the audit there are.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn vault_counts(&self) -> Result<(i64, i64, i64), Error> {
        self.with(|connection| {
            connection.query_row(
                "SELECT (SELECT count(*) FROM owners), (SELECT count(*) FROM secrets), (SELECT count(*) FROM audit)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
        })
    }

    /// A single value.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn vault_value(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT value FROM vault WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()
        })
    }
}

fn owner(row: &Row<'_>) -> rusqlite::Result<Owner> {
    Ok(Owner {
        id: row.get(0)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        tier: row.get(3)?,
        created: row.get(4)?,
        epoch: row.get(5)?,
        mac: row.get(6)?,
    })
}

fn tier(row: &Row<'_>) -> rusqlite::Result<Tier> {
    Ok(Tier { name: row.get(0)?, own_keys: row.get(1)?, quota: row.get(2)?, mac: row.get(3)? })
}

fn member(row: &Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member { organisation: row.get(0)?, member: row.get(1)?, epoch: row.get(2)?, mac: row.get(3)? })
}

fn owner_key(row: &Row<'_>) -> rusqlite::Result<OwnerKey> {
    Ok(OwnerKey {
        owner: row.get(0)?,
        generation: row.get(1)?,
        root: row.get(2)?,
        current: row.get(3)?,
        sealed: row.get(4)?,
    })
}

fn secret(row: &Row<'_>) -> rusqlite::Result<Secret> {
    Ok(Secret {
        owner: row.get(0)?,
        id: row.get(1)?,
        kind: row.get(2)?,
        name: row.get(3)?,
        version: row.get(4)?,
        status: row.get(5)?,
        rank: row.get(6)?,
        mac: row.get(7)?,
        shown: row.get(8)?,
        created: row.get(9)?,
        used: row.get(10)?,
    })
}

fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        owner: row.get(0)?,
        secret: row.get(1)?,
        version: row.get(2)?,
        generation: row.get(3)?,
        connector: row.get(4)?,
        hosts: row.get(5)?,
        settings: row.get(6)?,
        key: row.get(7)?,
        value: row.get(8)?,
        created: row.get(9)?,
    })
}
