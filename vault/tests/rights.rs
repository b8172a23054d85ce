//! Somebody can write the file and has no key: no row of an owner, a member or a tier gives a right.

#![allow(clippy::unwrap_used)]

mod support;

use rusqlite::Connection;
use support::{HOST, Place, entry, key, refusal, want};
use vault::{OwnerKind, PLATFORM, Payer, Tier, Vault, What, Who};

fn of(owner: &str) -> Who<'_> {
    Who { owner, actor: "test" }
}

/// Ann, who is in an organisation that has a secret, and Bob, who is in none.
struct World {
    place: Place,
    vault: Vault,
    ann: String,
    bob: String,
    acme: String,
}

fn world() -> World {
    let place = Place::new();
    let vault = place.vault();
    let add = |kind, name| vault.add_owner("test", kind, name, "paid").unwrap();
    let (ann, bob) = (add(OwnerKind::User, "ann"), add(OwnerKind::User, "bob"));
    let acme = add(OwnerKind::Organisation, "acme");
    vault.join(of(&acme), &ann).unwrap();
    vault.add(of(&acme), &entry("CRM", "value of acme")).unwrap();
    World { place, vault, ann, bob, acme }
}

impl World {
    fn file(&self) -> Connection {
        self.place.file()
    }

    fn opens(&self, owner: &str) -> Result<Payer, String> {
        let asked = self.vault.resolve(&want(owner, What::Secret("CRM"), "http", HOST));
        asked.map(|resolved| resolved.payer).map_err(|error| error.to_string())
    }
}

const CHANGED: &str = "its row or a key above it was changed";

#[test]
fn a_membership_written_by_hand_opens_nothing() {
    let world = world();
    assert_eq!(world.opens(&world.ann), Ok(Payer::Organisation(world.acme.clone())));
    assert_eq!(world.opens(&world.bob), Err("there is no secret `CRM`".into()));
    // Every way to write it: with nothing, with noise, with somebody else's signature.
    for mac in ["x''", "zeroblob(32)", "(SELECT mac FROM members LIMIT 1)"] {
        let sql = format!("INSERT INTO members SELECT ?1, ?2, epoch, {mac} FROM owners WHERE id = ?1");
        world.file().execute(&sql, [&world.acme, &world.bob]).unwrap();
        assert!(world.opens(&world.bob).unwrap_err().contains(CHANGED), "{mac}");
        assert!(!world.vault.verify().unwrap().wrong.is_empty());
        world.file().execute("DELETE FROM members WHERE member = ?1", [&world.bob]).unwrap();
    }
    // Ann's row, with Bob's name in it.
    world.file().execute("UPDATE members SET member = ?1", [&world.bob]).unwrap();
    assert!(world.opens(&world.bob).unwrap_err().contains(CHANGED));
    assert!(world.opens(&world.ann).is_err());
}

#[test]
fn a_membership_that_ended_does_not_come_back() {
    let world = world();
    world.vault.join(of(&world.acme), &world.bob).unwrap();
    let file = world.file();
    file.execute_batch(
        "CREATE TABLE thief AS SELECT * FROM members; CREATE TABLE was AS SELECT * FROM owners",
    )
    .unwrap();
    world.vault.leave(of(&world.acme), &world.bob).unwrap();
    assert_eq!(world.opens(&world.bob), Err("there is no secret `CRM`".into()));
    assert!(world.opens(&world.ann).is_ok());
    file.execute("INSERT INTO members SELECT * FROM thief WHERE member = ?1", [&world.bob]).unwrap();
    assert!(world.opens(&world.bob).unwrap_err().contains(CHANGED));
    // With the row of the organisation put back as well it opens, since nothing but the audit knows better.
    file.execute_batch("DELETE FROM members; INSERT INTO members SELECT * FROM thief").unwrap();
    let back = "UPDATE owners SET (epoch, mac) = (SELECT epoch, mac FROM was WHERE was.id = owners.id)";
    file.execute_batch(back).unwrap();
    let wrong = world.vault.verify().unwrap().wrong;
    let told = format!("`{}` is in `{}`, and the audit does not tell of it", world.bob, world.acme);
    assert_eq!(wrong, [told]);
}

#[test]
fn a_tier_changed_by_hand_gives_no_right() {
    let world = world();
    world.vault.set_tier("test", &Tier { name: "trial".into(), own_keys: false, quota: 1 }).unwrap();
    world.vault.give_tier(of(&world.bob), "trial").unwrap();
    world.vault.add(of(PLATFORM), &key("platform", "openai", "sk-platform")).unwrap();
    let ask = || world.vault.resolve(&want(&world.bob, What::Key { pinned: None }, "openai", HOST));
    assert_eq!(ask().unwrap().payer, Payer::Platform);
    assert!(refusal(ask()).contains("used up"));
    for sql in [
        "UPDATE tiers SET quota = 1000 WHERE name = 'trial'",
        "UPDATE tiers SET quota = 1000, mac = x'' WHERE name = 'trial'",
        "UPDATE tiers SET (quota, mac) = (SELECT quota, mac FROM tiers WHERE name = 'free') WHERE name = 'trial'",
        "UPDATE owners SET tier = 'free' WHERE name = 'bob'",
        "UPDATE owners SET tier = 'free', mac = x'' WHERE name = 'bob'",
        "UPDATE owners SET (tier, mac) = (SELECT tier, mac FROM owners WHERE name = 'ann') WHERE name = 'bob'",
    ] {
        let file = world.file();
        file.execute_batch(
            "CREATE TEMP TABLE t AS SELECT * FROM tiers; CREATE TEMP TABLE o AS SELECT * FROM owners",
        )
        .unwrap();
        file.execute_batch(sql).unwrap();
        assert!(refusal(ask()).contains(CHANGED), "{sql}");
        assert_eq!(world.vault.verify().unwrap().wrong.len(), 1, "{sql}");
        file.execute_batch(
            "DELETE FROM tiers; INSERT INTO tiers SELECT * FROM t; DELETE FROM owners; INSERT INTO owners SELECT * FROM o",
        )
        .unwrap();
    }
    assert!(refusal(ask()).contains("used up"));
}

/// A vault of an earlier version has rows without signatures: what is always there counts, and nothing else.
#[test]
fn rows_of_an_earlier_version_give_what_is_always_there() {
    let world = world();
    world.vault.add(of("local"), &key("own", "openai", "sk-own")).unwrap();
    world.file().execute_batch("UPDATE owners SET mac = x''; UPDATE tiers SET mac = x''").unwrap();
    let vault = world.place.vault();
    let ask = |owner| vault.resolve(&want(owner, What::Key { pinned: None }, "openai", HOST));
    assert_eq!(ask("local").unwrap().payer, Payer::Own);
    assert!(refusal(ask(&world.bob)).contains(CHANGED));
    // The first change signs it.
    vault.give_tier(of("local"), "free").unwrap();
    assert!(refusal(ask("local")).contains("no keys of its own"));
}

#[test]
fn names_of_owners_are_each_given_once() {
    let world = world();
    for name in ["ann", "acme", "local", "platform"] {
        let taken = world.vault.add_owner("test", OwnerKind::User, name, "paid").unwrap_err();
        assert_eq!(taken.to_string(), format!("the owner `{name}` is there already"));
    }
    assert!(world.vault.add_owner("test", OwnerKind::User, "a b", "paid").is_err());
    assert!(world.vault.join(of(&world.ann), &world.bob).is_err(), "a person has no members");
    assert!(world.vault.join(of(&world.acme), &world.acme).is_err(), "an organisation is no member");
}
