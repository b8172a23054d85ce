//! Makes a change: its edits as SQL, each compared with what stands there, then the rows of the audit.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Change, Edit, Unfit};
use crate::accounts;
use crate::calls;
use crate::connections;
use crate::vault::{Audit, Head, Member, OwnerKey};

/// Makes a change within a transaction that the caller ends.
pub(crate) fn make(to: &Connection, change: &Change) -> rusqlite::Result<Result<(), Unfit>> {
    for edit in &change.edits {
        if let Err(unfit) = edited(to, edit)? {
            return Ok(Err(unfit));
        }
    }
    recorded(to, change)
}

/// Appends to the audit, linked to the row that stands last.
fn recorded(to: &Connection, change: &Change) -> rusqlite::Result<Result<(), Unfit>> {
    if change.audit.is_empty() {
        return Ok(Ok(()));
    }
    let head = head(to)?;
    if !change.chain.holds(&head) {
        return Ok(Err(Unfit::Audit));
    }
    let Head { mut seq, mut link, .. } = head;
    let mut insert = to.prepare_cached(
        "INSERT INTO audit (seq, time, owner, actor, action, subject, detail, link)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for row in &change.audit {
        seq += 1;
        let row = Audit { seq, ..row.clone() };
        link = change.chain.link(&link, &row);
        insert.execute(params![
            seq,
            row.time,
            row.owner,
            row.actor,
            row.action,
            row.subject,
            row.detail,
            link
        ])?;
    }
    let mut set = to.prepare_cached("INSERT OR REPLACE INTO vault (name, value) VALUES (?1, ?2)")?;
    let proof = change.chain.proof(seq, &link);
    set.execute(params!["audit_seq", seq.to_be_bytes()])?;
    set.execute(params!["audit_link", link])?;
    set.execute(params!["audit_proof", proof])?;
    Ok(Ok(()))
}

/// How the audit ends, as it is written down beside it.
pub(crate) fn head(from: &Connection) -> rusqlite::Result<Head> {
    let mut select = from.prepare_cached("SELECT value FROM vault WHERE name = ?1")?;
    let mut value = |name: &str| select.query_row([name], |row| row.get::<_, Vec<u8>>(0)).optional();
    let seq = value("audit_seq")?.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes);
    Ok(Head {
        seq,
        link: value("audit_link")?.unwrap_or_default(),
        proof: value("audit_proof")?.unwrap_or_default(),
    })
}

fn edited(to: &Connection, edit: &Edit) -> rusqlite::Result<Result<(), Unfit>> {
    match edit {
        Edit::Tier(tier) => run(
            to,
            "INSERT OR REPLACE INTO tiers (name, own_keys, quota, mac) VALUES (?1, ?2, ?3, ?4)",
            params![tier.name, tier.own_keys, tier.quota, tier.mac],
            Wanted::Any,
        ),
        Edit::Owner(owner) => run(
            to,
            "INSERT OR IGNORE INTO owners (id, kind, name, tier, created, epoch, mac)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![owner.id, owner.kind, owner.name, owner.tier, owner.created, owner.epoch, owner.mac],
            Wanted::Any,
        ),
        Edit::RestateOwner { from, to: owner } => run(
            to,
            "UPDATE owners SET tier = ?2, epoch = ?3, mac = ?4 WHERE id = ?1 AND mac = ?5",
            params![owner.id, owner.tier, owner.epoch, owner.mac, from],
            Wanted::Row,
        ),
        Edit::Members { organisation, members } => set_members(to, organisation, members),
        Edit::RemoveOwner { owner } => remove_owner(to, owner),
        Edit::Root { generation, salt, proof } => run(
            to,
            "INSERT INTO roots (generation, salt, proof, current) VALUES (?1, ?2, ?3, 0)",
            params![generation, salt, proof],
            Wanted::Row,
        ),
        Edit::CurrentRoot { generation } => run(
            to,
            "UPDATE roots SET current = (generation = ?1)
             WHERE EXISTS (SELECT 1 FROM roots WHERE generation = ?1)
             AND NOT EXISTS (SELECT 1 FROM owner_keys AS k WHERE NOT EXISTS (
                 SELECT 1 FROM owner_keys AS n
                 WHERE n.owner = k.owner AND n.generation = k.generation AND n.root = ?1))",
            params![generation],
            Wanted::Some,
        ),
        Edit::RemoveRoot { generation } => remove_root(to, *generation),
        Edit::OwnerKey(key) => add_owner_key(to, key),
        Edit::OwnerKeyTwin(key) => run(
            to,
            "INSERT INTO owner_keys (owner, generation, root, current, sealed)
             SELECT owner, generation, ?3, current, ?4 FROM owner_keys
             WHERE owner = ?1 AND generation = ?2 AND root <> ?3 LIMIT 1",
            params![key.owner, key.generation, key.root, key.sealed],
            Wanted::Row,
        ),
        Edit::RemoveOwnerKey { owner, generation } => run(
            to,
            "DELETE FROM owner_keys WHERE owner = ?1 AND generation = ?2 AND current = 0
             AND NOT EXISTS (SELECT 1 FROM versions WHERE owner = ?1 AND generation = ?2)",
            params![owner, generation],
            Wanted::Some,
        ),
        Edit::Secret(secret) => run(
            to,
            "INSERT INTO secrets (owner, id, kind, name, version, status, rank, mac, shown, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                secret.owner,
                secret.id,
                secret.kind,
                secret.name,
                secret.version,
                secret.status,
                secret.rank,
                secret.mac,
                secret.shown,
                secret.created
            ],
            Wanted::Row,
        ),
        Edit::Version(version) => run(
            to,
            "INSERT INTO versions
             (owner, secret, version, generation, connector, hosts, settings, key, value, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                version.owner,
                version.secret,
                version.version,
                version.generation,
                version.connector,
                version.hosts,
                version.settings,
                version.key,
                version.value,
                version.created
            ],
            Wanted::Row,
        ),
        Edit::Restate { from, to: secret } => run(
            to,
            "UPDATE secrets SET version = ?3, status = ?4, rank = ?5, mac = ?6, shown = ?7
             WHERE owner = ?1 AND id = ?2 AND mac = ?8",
            params![
                secret.owner,
                secret.id,
                secret.version,
                secret.status,
                secret.rank,
                secret.mac,
                secret.shown,
                from
            ],
            Wanted::Row,
        ),
        Edit::Rewrap { owner, secret, version, from, to: generation, key } => run(
            to,
            "UPDATE versions SET generation = ?5, key = ?6
             WHERE owner = ?1 AND secret = ?2 AND version = ?3 AND generation = ?4",
            params![owner, secret, version, from, generation, key],
            Wanted::Row,
        ),
        Edit::RemoveOldVersions { owner, secret } => run(
            to,
            "DELETE FROM versions WHERE owner = ?1 AND secret = ?2
             AND version <> (SELECT version FROM secrets WHERE owner = ?1 AND id = ?2)",
            params![owner, secret],
            Wanted::Any,
        ),
        Edit::RemoveSecret { owner, secret } => {
            run(to, "DELETE FROM secrets WHERE owner = ?1 AND id = ?2", params![owner, secret], Wanted::Row)
        }
        Edit::Used { owner, secret, version, time } => run(
            to,
            "UPDATE secrets SET used = ?4 WHERE owner = ?1 AND id = ?2 AND version = ?3",
            params![owner, secret, version, time],
            Wanted::Row,
        ),
        Edit::Count { owner, month, quota } => counted(to, owner, month, *quota),
        Edit::OpenCall { call, limits } => calls::open(to, call, limits),
        Edit::SettleCall { owner, call, outcome } => calls::settle(to, (owner, call), outcome),
        Edit::LoseCalls => calls::lose(to),
        Edit::NoteBatch { owner, call, name } => calls::batches::note(to, (owner, call), name),
        Edit::Budget(budget) => run(
            to,
            "INSERT OR REPLACE INTO budgets (owner, scope, name, most) VALUES (?1, ?2, ?3, ?4)",
            params![budget.owner, budget.scope, budget.name, budget.most],
            Wanted::Any,
        ),
        Edit::RemoveBudget { owner, scope, name } => run(
            to,
            "DELETE FROM budgets WHERE owner = ?1 AND scope = ?2 AND name = ?3",
            params![owner, scope, name],
            Wanted::Row,
        ),
        Edit::Price(price) => calls::prices::set(to, price),
        Edit::RemovePrices { owner, provider, model, since } => {
            calls::prices::remove(to, (owner, provider, model), since.as_deref())
        }
        Edit::People(change) => accounts::change(to, change),
        Edit::Token(token) => run(
            to,
            "INSERT INTO tokens (hash, owner, name, scope, created, expires, account)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                token.hash,
                token.owner,
                token.name,
                token.scope,
                token.created,
                token.expires,
                token.account
            ],
            Wanted::Row,
        ),
        Edit::Connection(added) => connections::add(to, added),
        Edit::ConnectionTold(told) => connections::told(to, told),
        Edit::Measured { more, most } => connections::measured(to, more, *most),
        Edit::Counted(counted) => crate::counted::set(to, counted),
        Edit::SignIn(added) => connections::sign_in(to, added),
        Edit::SwapSignIn { from, to: next, state } => connections::swap(to, *from, next, state),
        Edit::Lease { of, until } => connections::lease(to, of, *until),
        Edit::EndLease { of, open } => connections::end_lease(to, of, *open),
        Edit::RemoveConnection { owner, connector, name } => {
            connections::remove(to, (owner, connector, name))
        }
        Edit::RemoveToken { owner, name } => {
            run(to, "DELETE FROM tokens WHERE owner = ?1 AND name = ?2", params![owner, name], Wanted::Row)
        }
        Edit::TokenUsed { owner, hash, time } => run(
            to,
            "UPDATE tokens SET used = ?3 WHERE owner = ?1 AND hash = ?2",
            params![owner, hash, time],
            Wanted::Any,
        ),
        Edit::Asked { asked, before } => {
            to.prepare_cached("DELETE FROM asked WHERE time < ?1")?.execute([before])?;
            run(
                to,
                "INSERT INTO asked (owner, key, digest, run, time) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![asked.owner, asked.key, asked.digest, asked.run, asked.time],
                Wanted::Row,
            )
        }
        Edit::Unasked { owner, key } => {
            run(to, "DELETE FROM asked WHERE owner = ?1 AND key = ?2", params![owner, key], Wanted::Any)
        }
        Edit::Set { name, value } => run(
            to,
            "INSERT OR REPLACE INTO vault (name, value) VALUES (?1, ?2)",
            params![name, value],
            Wanted::Any,
        ),
        Edit::Unset { name } => run(to, "DELETE FROM vault WHERE name = ?1", params![name], Wanted::Any),
        Edit::SetOnce { name, value } => {
            run(to, "INSERT INTO vault (name, value) VALUES (?1, ?2)", params![name, value], Wanted::Row)
        }
    }
}

/// How many rows a statement must change.
pub(crate) enum Wanted {
    Any,
    Some,
    Row,
}

pub(crate) fn run(
    to: &Connection,
    sql: &'static str,
    values: &[&dyn rusqlite::ToSql],
    wanted: Wanted,
) -> rusqlite::Result<Result<(), Unfit>> {
    let done = match to.prepare_cached(sql)?.execute(values) {
        Ok(done) => done,
        Err(error) => return unfit(error).map(Err),
    };
    let fits = match wanted {
        Wanted::Any => true,
        Wanted::Some => done > 0,
        Wanted::Row => done == 1,
    };
    Ok(if fits { Ok(()) } else { Err(Unfit::Stale) })
}

/// Tells a name that is taken and a row that is missing from trouble with the file.
fn unfit(error: rusqlite::Error) -> rusqlite::Result<Unfit> {
    use rusqlite::ffi;
    match error.sqlite_error().map(|error| error.extended_code) {
        Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => Ok(Unfit::Taken),
        Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Ok(Unfit::Stale),
        _ => Err(error),
    }
}

fn add_owner_key(to: &Connection, key: &OwnerKey) -> rusqlite::Result<Result<(), Unfit>> {
    let added = run(
        to,
        "INSERT INTO owner_keys (owner, generation, root, current, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![key.owner, key.generation, key.root, key.current, key.sealed],
        Wanted::Row,
    )?;
    if added.is_ok() && key.current {
        to.prepare_cached(
            "UPDATE owner_keys SET current = 0 WHERE owner = ?1 AND generation <> ?2 AND current = 1",
        )?
        .execute(params![key.owner, key.generation])?;
    }
    Ok(added)
}

fn set_members(
    to: &Connection,
    organisation: &str,
    members: &[Member],
) -> rusqlite::Result<Result<(), Unfit>> {
    to.execute("DELETE FROM members WHERE organisation = ?1", [organisation])?;
    for member in members {
        let added = run(
            to,
            "INSERT INTO members (organisation, member, epoch, mac) VALUES (?1, ?2, ?3, ?4)",
            params![organisation, member.member, member.epoch, member.mac],
            Wanted::Row,
        )?;
        if added.is_err() {
            return Ok(added);
        }
    }
    Ok(Ok(()))
}

fn remove_owner(to: &Connection, owner: &str) -> rusqlite::Result<Result<(), Unfit>> {
    for sql in [
        "DELETE FROM owner_keys WHERE owner = ?1",
        "DELETE FROM secrets WHERE owner = ?1",
        "DELETE FROM platform_use WHERE owner = ?1",
        "DELETE FROM calls WHERE owner = ?1",
        "DELETE FROM budgets WHERE owner = ?1",
        "DELETE FROM members WHERE organisation = ?1 OR member = ?1",
        "DELETE FROM tokens WHERE owner = ?1",
        "DELETE FROM seats WHERE space = ?1",
        "DELETE FROM links WHERE space = ?1",
        "DELETE FROM connections WHERE owner = ?1",
        "DELETE FROM counted WHERE owner = ?1",
        "DELETE FROM asked WHERE owner = ?1",
        "DELETE FROM answered_by WHERE owner = ?1",
        "DELETE FROM prices WHERE owner = ?1",
    ] {
        to.execute(sql, [owner])?;
    }
    run(to, "DELETE FROM owners WHERE id = ?1", params![owner], Wanted::Row)
}

fn remove_root(to: &Connection, generation: i64) -> rusqlite::Result<Result<(), Unfit>> {
    let current: Option<bool> = to
        .query_row("SELECT current FROM roots WHERE generation = ?1", [generation], |row| row.get(0))
        .optional()?;
    let alone: bool = to.query_row(
        "SELECT EXISTS (SELECT 1 FROM owner_keys AS k WHERE root = ?1 AND NOT EXISTS (
             SELECT 1 FROM owner_keys AS n JOIN roots ON roots.generation = n.root AND roots.current = 1
             WHERE n.owner = k.owner AND n.generation = k.generation))",
        [generation],
        |row| row.get(0),
    )?;
    if current != Some(false) || alone {
        return Ok(Err(Unfit::Stale));
    }
    to.execute("DELETE FROM owner_keys WHERE root = ?1", [generation])?;
    run(to, "DELETE FROM roots WHERE generation = ?1", params![generation], Wanted::Row)
}

fn counted(to: &Connection, owner: &str, month: &str, quota: i64) -> rusqlite::Result<Result<(), Unfit>> {
    to.prepare_cached("INSERT OR IGNORE INTO platform_use (owner, month, calls) VALUES (?1, ?2, 0)")?
        .execute(params![owner, month])?;
    let counted = to
        .prepare_cached(
            "UPDATE platform_use SET calls = calls + 1 WHERE owner = ?1 AND month = ?2 AND calls < ?3",
        )?
        .execute(params![owner, month, quota])?;
    Ok(if counted == 1 { Ok(()) } else { Err(Unfit::Spent) })
}
