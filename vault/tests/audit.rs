//! The audit is whole, it is written before a secret is opened, and a change to it is found.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use secret::Open;
use support::{HOST, Place, entry, me, opened, refusal, resolve};
use vault::{Bound, Error, LOCAL, Told, Vault};

fn rows(vault: &Vault) -> Vec<Told> {
    let mut rows = vec![];
    vault.audit(i64::MIN, &mut |row| rows.push(row)).unwrap();
    rows
}

#[test]
fn every_change_and_every_use_is_told_once() {
    let place = Place::new();
    let vault = place.vault();
    vault.add(me(), &entry("CRM", "value")).unwrap();
    for _ in 0..3 {
        opened(&vault, "local", "CRM");
    }
    vault.remove(me(), vault::Kind::Secret, "CRM").unwrap();
    let told: Vec<(String, String, String)> =
        rows(&vault).into_iter().map(|row| (row.actor, row.action, row.subject)).collect();
    let row =
        |actor: &str, action: &str, subject: &str| (actor.to_owned(), action.to_owned(), subject.to_owned());
    let used = row("run 1", "used", "secret/CRM@1");
    let expected = [
        row("keyway", "made", "vault"),
        row("test", "added", "secret/CRM@1"),
        used.clone(),
        used.clone(),
        used,
        row("test", "removed", "secret/CRM@1"),
    ];
    assert_eq!(told, expected);
    assert_eq!(vault.verify_audit().unwrap().0, 6);
}

#[test]
fn what_cannot_be_recorded_is_not_opened() {
    let place = Place::new();
    let vault = Arc::new(place.vault());
    vault.add(me(), &entry("CRM", "value")).unwrap();
    place
        .file()
        .execute_batch("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END")
        .unwrap();
    let told = refusal(resolve(&vault, "local", "CRM"));
    assert!(told.contains("no room"), "{told}");
    let bound =
        Bound { vault: vault.clone(), owner: LOCAL.into(), actor: "run 1".into(), connector: "http".into() };
    let refused = bound.open("CRM", HOST).unwrap_err();
    assert!(matches!(refused, secret::Refused::NotRecorded { .. }), "{refused}");
    place.file().execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(bound.open("CRM", HOST).unwrap().expose(), "value");
    assert_eq!(rows(&vault).iter().filter(|row| row.action == "used").count(), 1);
}

/// How often nothing is found of what somebody does to the audit who can write the file and has no key.
fn tamper(count: usize, verify: impl Fn(&Vault) -> bool) -> usize {
    let place = Place::new();
    let vault = place.vault();
    vault.add(me(), &entry("CRM", "value")).unwrap();
    for _ in 0..40 {
        opened(&vault, "local", "CRM");
    }
    assert!(verify(&vault), "it is whole before");
    let file = place.file();
    file.execute_batch(
        "CREATE TABLE kept AS SELECT * FROM audit; CREATE TABLE kept_vault AS SELECT * FROM vault",
    )
    .unwrap();
    let last: i64 = file.query_row("SELECT max(seq) FROM audit", [], |row| row.get(0)).unwrap();
    let mut chance: u64 = 7;
    let mut below = |bound: i64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(chance >> 33).unwrap() % bound
    };
    let mut unseen = 0;
    for _ in 0..count {
        let (one, two) = (below(last) + 1, below(last - 1) + 1);
        let two = if two == one { last } else { two };
        let other = if two == one { 1 } else { two };
        let column = ["time", "owner", "actor", "action", "subject", "detail", "link", "seq"]
            [usize::try_from(below(8)).unwrap()];
        let change = match below(5) {
            0 if column == "time" => format!("UPDATE audit SET time = time + 1 WHERE seq = {one}"),
            0 if column == "seq" => format!("UPDATE audit SET seq = {} WHERE seq = {one}", last + 1),
            0 if column == "link" => format!("UPDATE audit SET link = zeroblob(32) WHERE seq = {one}"),
            0 => format!("UPDATE audit SET {column} = {column} || 'x' WHERE seq = {one}"),
            1 => format!("DELETE FROM audit WHERE seq = {one}"),
            2 => format!("DELETE FROM audit WHERE seq >= {one}"),
            // Two rows change places, numbers excepted.
            3 => format!(
                "UPDATE audit SET seq = -1 WHERE seq = {one}; UPDATE audit SET seq = {one} WHERE seq = {other};
                 UPDATE audit SET seq = {other} WHERE seq = -1"
            ),
            // The end is cut off, and what is written down of it adjusted.
            _ => format!(
                "DELETE FROM audit WHERE seq > {two};
                 UPDATE vault SET value = (SELECT link FROM audit WHERE seq = {two}) WHERE name = 'audit_link';
                 UPDATE vault SET value = unhex(format('%016X', {two})) WHERE name = 'audit_seq'"
            ),
        };
        let same = one == other && change.contains("= -1") || change.contains(&format!("seq > {last};"));
        file.execute_batch(&format!("BEGIN; {change}; COMMIT")).unwrap();
        unseen += usize::from(!same && verify(&vault));
        file.execute_batch("BEGIN; DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DELETE FROM vault; INSERT INTO vault SELECT * FROM kept_vault; COMMIT")
            .or_else(|_| file.execute_batch("ROLLBACK"))
            .unwrap();
    }
    unseen
}

#[test]
fn ten_thousand_changes_of_the_audit_are_all_found() {
    assert_eq!(tamper(10_000, |vault| vault.verify_audit().is_ok()), 0);
}

/// The control: a look that only counts rows misses changes.
#[test]
fn a_look_that_only_counts_is_seen() {
    let counts = |vault: &Vault| rows(vault).len() == 42;
    assert!(tamper(500, counts) > 100);
}

#[test]
fn a_forged_end_stops_what_would_be_written_behind_it() {
    let place = Place::new();
    let vault = place.vault();
    vault.add(me(), &entry("CRM", "value")).unwrap();
    place.file().execute_batch("UPDATE vault SET value = zeroblob(32) WHERE name = 'audit_link'").unwrap();
    assert!(matches!(resolve(&vault, "local", "CRM"), Err(Error::Audit { .. })));
}

#[test]
fn a_hundred_uses_at_once_share_commits() {
    let place = Place::new();
    let vault = place.vault();
    vault.add(me(), &entry("CRM", "value")).unwrap();
    let before = vault.commits();
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| opened(&vault, "local", "CRM"));
        }
    });
    let commits = vault.commits() - before;
    assert_eq!(rows(&vault).iter().filter(|row| row.action == "used").count(), 100);
    assert!(commits < 100, "100 uses took {commits} commits");
    vault.verify_audit().unwrap();
}

#[test]
fn two_processes_keep_one_chain() {
    let place = Place::new();
    let (one, two) = (place.vault(), place.vault());
    one.add(me(), &entry("CRM", "value")).unwrap();
    std::thread::scope(|scope| {
        for vault in [&one, &two] {
            scope.spawn(move || (0..50).for_each(|_| drop(opened(vault, "local", "CRM"))));
        }
    });
    assert_eq!(one.verify_audit().unwrap().0, 102);
}
