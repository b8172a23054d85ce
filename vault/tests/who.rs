//! Who may use which secret: owner, other user, organisation, platform, connector, host.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use secret::{Hole, Open};
use support::{HOST, Place, entry, key, refusal, want};
use vault::{Bound, Kind, LOCAL, OwnerKind, PLATFORM, Payer, Tier, Vault, What, Who};

fn of(owner: &str) -> Who<'_> {
    Who { owner, actor: "test" }
}

/// Two people, two organisations; the first person is in the first organisation.
struct World {
    place: Place,
    vault: Arc<Vault>,
    ann: String,
    bob: String,
    acme: String,
    rival: String,
}

fn world() -> World {
    let place = Place::new();
    let vault = Arc::new(place.vault());
    let user = |name| vault.add_owner("test", OwnerKind::User, name, "paid").unwrap();
    let organisation = |name| vault.add_owner("test", OwnerKind::Organisation, name, "paid").unwrap();
    let (ann, bob) = (user("ann"), user("bob"));
    let (acme, rival) = (organisation("acme"), organisation("rival"));
    vault.join(of(&acme), &ann).unwrap();
    World { place, vault, ann, bob, acme, rival }
}

/// Every place where a name can stand, as the hole that it becomes: alone, within text, as base64, as a key
/// of HMAC and as its message, nested.
fn places(name: &str) -> Vec<Hole> {
    let hole = || Hole::Name(name.into());
    vec![
        hole(),
        Hole::Join(vec![Hole::Plain("Bearer ".into()), hole()]),
        Hole::Base64(Box::new(Hole::Join(vec![Hole::Plain("user:".into()), hole()]))),
        Hole::Hmac(Box::new(hole()), Box::new(Hole::Plain("message".into()))),
        Hole::Hmac(Box::new(Hole::Plain("key".into())), Box::new(Hole::Base64(Box::new(hole())))),
    ]
}

#[test]
fn a_name_opens_for_its_owner_connector_and_host_alone_wherever_it_stands() {
    let world = world();
    for (owner, name) in
        [(&world.ann, "ANN"), (&world.bob, "BOB"), (&world.acme, "ACME"), (&world.rival, "RIVAL")]
    {
        world.vault.add(of(owner), &entry(name, &format!("value of {name}"))).unwrap();
    }
    let mut opened = vec![];
    let mut tried = 0;
    for (owner, who) in
        [(&world.ann, "ann"), (&world.bob, "bob"), (&world.acme, "acme"), (&world.rival, "rival")]
    {
        for connector in ["http", "slack"] {
            for host in [HOST, "evil.example", "api.example.com.evil.example", "example.com"] {
                for name in ["ANN", "BOB", "ACME", "RIVAL"] {
                    for hole in places(name) {
                        let (vault, connector) = (world.vault.clone(), connector.to_owned());
                        let bound = Bound { vault, owner: owner.clone(), actor: "run 1".into(), connector };
                        tried += 1;
                        if secret::fill(&hole, &bound, host).is_ok() {
                            opened.push((who, bound.connector, host, name));
                        }
                    }
                }
            }
        }
    }
    let rights = [("ann", "ANN"), ("ann", "ACME"), ("bob", "BOB"), ("acme", "ACME"), ("rival", "RIVAL")];
    let expected: Vec<_> = rights
        .into_iter()
        .flat_map(|(who, name)| std::iter::repeat_n((who, "http".to_owned(), HOST, name), places(name).len()))
        .collect();
    assert_eq!((tried, opened), (640, expected));
    let used = {
        let mut count = 0;
        world.vault.audit(i64::MIN, &mut |row| count += usize::from(row.action == "used")).unwrap();
        count
    };
    assert_eq!(used, 25, "each opening is in the audit, and nothing else");
}

/// The control: a vault that was asked once and then believed opens what was taken away meanwhile.
#[test]
fn what_is_taken_away_is_refused_from_the_next_use_on() {
    let world = world();
    world.vault.add(of(&world.acme), &entry("ACME", "value")).unwrap();
    let bound = Bound {
        vault: world.vault.clone(),
        owner: world.ann.clone(),
        actor: "run 1".into(),
        connector: "http".into(),
    };
    // Somebody who checks when a run is saved, and opens later by what was found then.
    let believed = bound.open("ACME", HOST).unwrap();
    world.vault.leave(of(&world.acme), &world.ann).unwrap();
    assert_eq!(believed.expose(), "value", "what was opened once stays open: so nothing is kept");
    assert_eq!(bound.open("ACME", HOST).unwrap_err().to_string(), "there is no secret `ACME`");
    // A change made by another process counts as well.
    world.place.vault().join(of(&world.acme), &world.ann).unwrap();
    assert!(bound.open("ACME", HOST).is_ok());
    world.place.vault().revoke(of(&world.acme), Kind::Secret, "ACME").unwrap();
    assert_eq!(bound.open("ACME", HOST).unwrap_err().to_string(), "the secret `ACME` is revoked");
}

#[test]
fn the_owners_own_secret_hides_the_organisations_and_two_organisations_are_ambiguous() {
    let world = world();
    let ask = || world.vault.resolve(&want(&world.ann, What::Secret("CRM"), "http", HOST));
    world.vault.add(of(&world.acme), &entry("CRM", "acme's")).unwrap();
    assert_eq!(ask().unwrap().payer, Payer::Organisation(world.acme.clone()));
    world.vault.join(of(&world.rival), &world.ann).unwrap();
    world.vault.add(of(&world.rival), &entry("CRM", "rival's")).unwrap();
    assert_eq!(refusal(ask()), "more than one organisation has a secret `CRM`");
    // Her own is taken, and where it does not fit, nobody else's is.
    let mut own = entry("CRM", "ann's");
    own.hosts = vec!["other.example".into()];
    world.vault.add(of(&world.ann), &own).unwrap();
    assert_eq!(refusal(ask()), format!("the secret `CRM` is not for the host `{HOST}`"));
}

fn ask_key(world: &World, owner: &str, pinned: Option<&str>) -> Result<(String, Payer), String> {
    let result = world.vault.resolve(&want(owner, What::Key { pinned }, "openai", HOST));
    result.map(|resolved| (resolved.name, resolved.payer)).map_err(|error| error.to_string())
}

#[test]
fn a_key_is_pinned_own_the_organisations_or_the_platforms_and_never_anothers_by_accident() {
    let world = world();
    let ask = |pinned| ask_key(&world, &world.ann, pinned);
    let add = |owner: &str, name: &str, rank| {
        let entry = vault::Entry { rank, ..key(name, "openai", &format!("sk-{name}")) };
        world.vault.add(of(owner), &entry).unwrap();
    };
    add(PLATFORM, "platform", 0);
    assert_eq!(ask(None), Err("there is no secret `openai`".into()), "the tier has no quota");
    add(&world.acme, "acme", 0);
    assert_eq!(ask(None), Ok(("acme".into(), Payer::Organisation(world.acme.clone()))));
    add(&world.ann, "second", 2);
    add(&world.ann, "first", 1);
    assert_eq!(ask(None), Ok(("first".into(), Payer::Own)));
    assert_eq!(ask(Some("second")), Ok(("second".into(), Payer::Own)));
    assert_eq!(ask(Some("acme")), Ok(("acme".into(), Payer::Organisation(world.acme.clone()))));
    assert_eq!(ask(Some("platform")), Err("there is no secret `platform`".into()));
    world.vault.prefer(of(&world.ann), "second").unwrap();
    assert_eq!(ask(None), Ok(("second".into(), Payer::Own)));
    // A key that was revoked gives way to the next of the same payer, and not to another payer.
    world.vault.revoke(of(&world.ann), Kind::Key, "second").unwrap();
    assert_eq!(ask(None), Ok(("first".into(), Payer::Own)));
    assert_eq!(ask(Some("second")), Err("the secret `second` is revoked".into()));
    world.vault.revoke(of(&world.ann), Kind::Key, "first").unwrap();
    assert_eq!(ask(None), Err("the secret `openai` is revoked".into()));
    assert_eq!(ask_key(&world, &world.bob, None), Err("there is no secret `openai`".into()));
}

#[test]
fn the_platform_pays_up_to_the_quota_of_the_tier_and_is_never_asked_by_a_paying_owner() {
    let world = world();
    world.vault.set_tier("test", &Tier { name: "trial".into(), own_keys: false, quota: 3 }).unwrap();
    world.vault.give_tier(of(&world.bob), "trial").unwrap();
    world.vault.add(of(PLATFORM), &key("platform", "openai", "sk-platform")).unwrap();
    for _ in 0..3 {
        assert_eq!(ask_key(&world, &world.bob, None), Ok(("platform".into(), Payer::Platform)));
    }
    let spent = "`platform` cannot be used: the quota of this month is used up";
    assert_eq!(ask_key(&world, &world.bob, None), Err(spent.into()));
    // What was refused was not opened, so it is not in the audit.
    let mut used = vec![];
    world
        .vault
        .audit(i64::MIN, &mut |row| used.extend((row.action == "used").then_some(row.detail)))
        .unwrap();
    assert_eq!(used.len(), 3);
    assert!(used.iter().all(|detail| detail.ends_with("paid by the platform")), "{used:?}");
    // A key of his own does not serve in this tier, and the platform does not step in for it.
    world.vault.add(of(&world.bob), &key("own", "openai", "sk-own")).unwrap();
    let own = "`own` cannot be used: the owner's tier has no keys of its own";
    assert_eq!(ask_key(&world, &world.bob, None), Err(own.into()));
    assert_eq!(ask_key(&world, &world.bob, Some("own")), Err(own.into()));
    assert_eq!(ask_key(&world, LOCAL, None), Err("there is no secret `openai`".into()));
}

#[test]
fn a_hundred_calls_at_once_do_not_get_beyond_the_quota() {
    let world = world();
    world.vault.set_tier("test", &Tier { name: "trial".into(), own_keys: false, quota: 10 }).unwrap();
    world.vault.give_tier(of(&world.bob), "trial").unwrap();
    world.vault.add(of(PLATFORM), &key("platform", "openai", "sk-platform")).unwrap();
    let opened: usize = std::thread::scope(|scope| {
        let calls: Vec<_> =
            (0..100).map(|_| scope.spawn(|| ask_key(&world, &world.bob, None).is_ok())).collect();
        calls.into_iter().map(|call| usize::from(call.join().unwrap())).sum()
    });
    assert_eq!(opened, 10);
}

#[test]
fn a_removed_owner_takes_all_its_secrets_along() {
    let world = world();
    world.vault.add(of(&world.bob), &entry("BOB", "value")).unwrap();
    world.vault.remove_owner(of(&world.bob)).unwrap();
    let ask = world.vault.resolve(&want(&world.bob, What::Secret("BOB"), "http", HOST));
    assert_eq!(refusal(ask), "there is no secret `BOB`");
    assert!(world.vault.verify().unwrap().wrong.is_empty());
    for table in ["owners", "owner_keys", "secrets", "versions"] {
        let column = if table == "owners" { "id" } else { "owner" };
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} = ?1");
        let left: i64 = world.place.file().query_row(&sql, [&world.bob], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}
