//! Keys are changed while secrets are used, and a process may die between any two steps.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use support::{Place, entry, me, opened};
use vault::{Kind, LOCAL, OwnerKind, Rotation, Source, Step, Vault, Who};

const ALL: [Rotation; 3] = [Rotation::Root, Rotation::OwnerKey, Rotation::DataKeys];

/// A vault with some owners and secrets.
fn filled(place: &Place, owners: usize, secrets: usize) -> Vec<String> {
    let vault = place.vault();
    let mut ids = vec![LOCAL.to_owned()];
    ids.extend(
        (1..owners).map(|n| vault.add_owner("test", OwnerKind::User, &n.to_string(), "paid").unwrap()),
    );
    for id in &ids {
        for n in 0..secrets {
            let who = Who { owner: id, actor: "test" };
            vault.add(who, &entry(&format!("S{n}"), &format!("value {n} of {id}"))).unwrap();
        }
    }
    ids
}

fn all_open(vault: &Vault, owners: &[String], secrets: usize) {
    for owner in owners {
        for n in 0..secrets {
            assert_eq!(opened(vault, owner, &format!("S{n}")), format!("value {n} of {owner}"));
        }
    }
}

fn count(place: &Place, sql: &str) -> i64 {
    place.file().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn each_rotation_leaves_nothing_of_the_old_key() {
    let place = Place::new();
    let owners = filled(&place, 3, 4);
    let before: Vec<String> =
        std::fs::read_to_string(place.root()).unwrap().lines().map(str::to_owned).collect();
    let vault = place.vault();
    for rotation in ALL {
        vault.rotate(me(), rotation, &mut |_| ()).unwrap();
        all_open(&vault, &owners, 4);
        all_open(&place.vault(), &owners, 4);
    }
    let after: Vec<String> =
        std::fs::read_to_string(place.root()).unwrap().lines().map(str::to_owned).collect();
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after);
    assert!(after[0].starts_with("keyway-root 2 "));
    assert_eq!(count(&place, "SELECT count(*) FROM owner_keys WHERE root = 1"), 0);
    assert_eq!(count(&place, "SELECT count(*) FROM owner_keys WHERE owner = 'local' AND generation = 1"), 0);
    assert_eq!(count(&place, "SELECT count(*) FROM versions WHERE owner = 'local' AND version = 1"), 0);
    assert_eq!(count(&place, "SELECT count(*) FROM versions WHERE owner = 'local'"), 4);
    assert!(vault.verify().unwrap().wrong.is_empty());
    // The old root opens nothing of it any more.
    std::fs::write(place.root(), before.join("\n")).unwrap();
    let old = place.vault();
    assert!(support::refusal(support::resolve(&old, LOCAL, "S0")).ends_with("is not the one of this vault"));
}

/// Makes steps until one is reached, and then stops as a process that is killed: the step is on disk, nothing
/// after it is.
fn killed_after(place: &Place, rotation: Rotation, batch: usize, steps: usize) -> bool {
    let mut left = steps;
    let vault = place.vault();
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        vault.rotate_by(batch, me(), rotation, &mut |step| {
            if step == Step::Done {
                return;
            }
            left -= 1;
            if left == 0 {
                std::panic::resume_unwind(Box::new("killed"));
            }
        })
    }));
    died.is_err()
}

/// One row a step, and each process is killed after one step: so a kill falls between any two of them.
#[test]
fn a_rotation_is_killed_at_200_points_and_everything_still_opens() {
    let place = Place::new();
    let owners = filled(&place, 30, 1);
    let vault = place.vault();
    for n in 1..60 {
        vault.add(me(), &entry(&format!("S{n}"), &format!("value {n} of local"))).unwrap();
    }
    let mut kills = 0;
    for rotation in ALL {
        let mut left = 10_000;
        // The first step begins it; from then on each process goes on with what stands in the file.
        while killed_after(&place, rotation, 1, 1) {
            kills += 1;
            let findings = place.vault().verify().unwrap();
            assert_eq!((findings.secrets, findings.wrong), (89, vec![]), "{rotation:?} after {kills} kills");
            opened(&vault, LOCAL, "S59");
            left -= 1;
            assert!(left > 0, "it never ends");
            if !under_way(&place, rotation) {
                break;
            }
        }
        all_open(&place.vault(), &owners, 1);
    }
    assert!(kills >= 200, "{kills} kills");
    assert_eq!(count(&place, "SELECT count(*) FROM owner_keys WHERE root = 1"), 0);
    assert_eq!(count(&place, "SELECT count(*) FROM owner_keys WHERE owner = 'local' AND generation = 1"), 0);
    assert_eq!(count(&place, "SELECT count(*) FROM versions WHERE owner = 'local' AND version = 1"), 0);
}

/// Whether a rotation has begun and not ended, as the file and the root keys tell.
fn under_way(place: &Place, rotation: Rotation) -> bool {
    let roots = std::fs::read_to_string(place.root()).unwrap().lines().count();
    match rotation {
        Rotation::Root => roots > 1 || count(place, "SELECT count(*) FROM roots") > 1,
        Rotation::OwnerKey => {
            count(place, "SELECT count(DISTINCT generation) FROM owner_keys WHERE owner = 'local'") > 1
        }
        Rotation::DataKeys => count(place, "SELECT count(*) FROM vault WHERE name = 'rotating_data'") > 0,
    }
}

/// Tells the threads of a test to end, also where the test itself breaks off.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn keys_are_changed_while_secrets_are_used_and_added() {
    let place = Place::new();
    let owners = filled(&place, 2, 3);
    // One process uses secrets, another one adds some, a third one changes keys.
    let (using, adding, changing) = (place.vault(), place.vault(), place.vault());
    let (over, uses) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let guard = Over(&over);
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    all_open(&using, &owners, 3);
                    uses.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
        }
        scope.spawn(|| {
            for n in 0..50 {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let owner = adding.add_owner("test", OwnerKind::User, &format!("late{n}"), "paid").unwrap();
                let who = Who { owner: &owner, actor: "test" };
                adding.add(who, &entry(&format!("LATE{n}"), "value")).unwrap();
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        for _ in 0..3 {
            for rotation in ALL {
                changing.rotate(me(), rotation, &mut |_| ()).unwrap();
            }
        }
        drop(guard);
    });
    assert!(uses.load(Ordering::Relaxed) > 0);
    let findings = place.vault().verify().unwrap();
    assert_eq!(findings.wrong, Vec::<String>::new());
    assert!(findings.secrets > 6, "late ones are there as well");
}

/// The control: who drops the old key before everything was moved loses secrets, and `verify` says so.
#[test]
fn an_old_key_that_goes_too_early_is_seen() {
    let place = Place::new();
    filled(&place, 1, 3);
    assert!(killed_after(&place, Rotation::OwnerKey, 500, 1), "the new key is there, nothing has been moved");
    place.file().execute_batch("DELETE FROM owner_keys WHERE owner = 'local' AND generation = 1").unwrap();
    assert_eq!(place.vault().verify().unwrap().wrong.len(), 3);
}

#[test]
fn a_full_disk_in_the_middle_loses_nothing() {
    let place = Place::new();
    let owners = filled(&place, 2, 3);
    for rotation in ALL {
        let full = "CREATE TRIGGER full BEFORE UPDATE ON versions BEGIN SELECT RAISE(ABORT, 'no room'); END;
                    CREATE TRIGGER full2 BEFORE DELETE ON owner_keys BEGIN SELECT RAISE(ABORT, 'no room'); END;
                    CREATE TRIGGER full3 BEFORE DELETE ON versions BEGIN SELECT RAISE(ABORT, 'no room'); END";
        place.file().execute_batch(full).unwrap();
        assert!(place.vault().rotate(me(), rotation, &mut |_| ()).is_err(), "{rotation:?}");
        all_open(&place.vault(), &owners, 3);
        place.file().execute_batch("DROP TRIGGER full; DROP TRIGGER full2; DROP TRIGGER full3").unwrap();
        place.vault().rotate(me(), rotation, &mut |_| ()).unwrap();
        all_open(&place.vault(), &owners, 3);
    }
    assert!(place.vault().verify().unwrap().wrong.is_empty());
}

#[test]
fn a_passphrase_and_a_given_root_are_changed_by_a_second_line() {
    let place = Place::new();
    let path = place.folder.path().join("passphrase");
    let write = |text: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    let vault = || place.vault_from(Source::Passphrases(path.clone())).unwrap();
    write("old words\n");
    vault().add(me(), &entry("CRM", "value")).unwrap();
    let none = vault().rotate(me(), Rotation::Root, &mut |_| ()).unwrap_err();
    assert!(none.to_string().starts_with("there is no new root key at the passphrase in"), "{none}");
    write("old words\nnew words\n");
    vault().rotate(me(), Rotation::Root, &mut |_| ()).unwrap();
    write("new words\n");
    assert_eq!(opened(&vault(), LOCAL, "CRM"), "value");
    write("old words\n");
    assert!(
        support::refusal(support::resolve(&vault(), LOCAL, "CRM")).ends_with("is not the one of this vault")
    );
}

#[test]
fn a_replaced_secret_keeps_its_hosts_unless_others_are_given() {
    let place = Place::new();
    let vault = place.vault();
    vault.add(me(), &entry("CRM", "one")).unwrap();
    let replace = |hosts: Option<&[String]>| {
        vault.replace(me(), (Kind::Secret, "CRM"), &secret::Secret::new("two".into()), hosts).unwrap();
        vault.list(LOCAL, Kind::Secret).unwrap().remove(0)
    };
    let listed = replace(None);
    assert_eq!((listed.version, listed.hosts), (2, vec![support::HOST.to_owned()]));
    let listed = replace(Some(&["b.example".into()]));
    assert_eq!((listed.version, listed.hosts), (3, vec!["b.example".to_owned()]));
}
