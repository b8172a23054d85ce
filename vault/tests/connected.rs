//! Accounts and apps: whose are taken, who may open them, and tokens that change in one commit or not at all.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use secret::{Open, Secret};
use support::{HOST, Place as Folder, want};
use vault::{
    Connected, Connecting, Connection, ConnectionTold, Entry, Error, Fresh, Kind, OwnerKind, PLATFORM, Place,
    RECONNECT, SignIn, Vault, What, Who, secret_name,
};

fn of(owner: &str) -> Who<'_> {
    Who { owner, actor: "test" }
}

/// Two people and two organisations; the first person is in the first organisation.
struct World {
    _folder: Folder,
    vault: Arc<Vault>,
    ann: String,
    bob: String,
    acme: String,
    rival: String,
}

fn world() -> World {
    let folder = Folder::new();
    let vault = Arc::new(folder.vault());
    let add = |kind, name| vault.add_owner("test", kind, name, "paid").unwrap();
    let (ann, bob) = (add(OwnerKind::User, "ann"), add(OwnerKind::User, "bob"));
    let (acme, rival) = (add(OwnerKind::Organisation, "acme"), add(OwnerKind::Organisation, "rival"));
    vault.join(of(&acme), &ann).unwrap();
    World { _folder: folder, vault, ann, bob, acme, rival }
}

fn signed(owner: &str, version: i64) -> SignIn {
    SignIn {
        owner: owner.into(),
        connector: "slack".into(),
        name: "main".into(),
        app: String::new(),
        version,
        expires: Some(1),
        scopes: "read".into(),
        why: String::new(),
        tried: 0,
        lease: 0,
        until: None,
        open: false,
    }
}

fn entry(secret: &str, value: &str) -> Entry {
    let name = secret_name("slack", "main", secret);
    Entry::of_connection("slack", name, &[HOST.to_owned()], &Secret::new(value.into()))
}

fn connect(vault: &Vault, owner: &str, value: &str, place: Place) -> Result<(), Error> {
    let connection = Connection {
        owner: owner.into(),
        connector: "slack".into(),
        name: "main".into(),
        auth: "oauth".into(),
        fields: "{}".into(),
        state: vault::READY.into(),
        ..Connection::default()
    };
    let secrets = [entry("access", value), entry("refresh", &format!("{value}-refresh"))];
    vault.connect(
        of(owner),
        Connecting { connection, secrets: &secrets, sign_in: Some(signed(owner, 1)), place },
    )
}

fn opened(world: &World, who: &str, of: &str) -> Option<String> {
    let (owner, of) = (who.to_owned(), of.to_owned());
    let connected =
        Connected { vault: world.vault.clone(), owner, of, actor: "run 1".into(), connector: "slack".into() };
    let secret = connected.open(&secret_name("slack", "main", "access"), HOST).ok()?;
    Some(secret.expose().to_owned())
}

fn usable(world: &World, who: &str) -> Result<Vec<String>, Error> {
    let found = world.vault.usable_connections(who, "slack")?;
    Ok(found.into_iter().map(|row| row.owner).collect())
}

#[test]
fn own_accounts_come_first_then_those_of_the_one_organisation() {
    let world = world();
    assert_eq!(usable(&world, &world.ann).unwrap(), [""; 0]);
    connect(&world.vault, &world.acme, "of-acme", Place::Free).unwrap();
    assert_eq!(usable(&world, &world.ann).unwrap(), std::slice::from_ref(&world.acme));
    assert_eq!(usable(&world, &world.bob).unwrap(), [""; 0]);
    connect(&world.vault, &world.rival, "of-rival", Place::Free).unwrap();
    world.vault.join(of(&world.rival), &world.ann).unwrap();
    assert!(usable(&world, &world.ann).is_err(), "two organisations have some");
    connect(&world.vault, &world.ann, "of-ann", Place::Free).unwrap();
    assert_eq!(usable(&world, &world.ann).unwrap(), std::slice::from_ref(&world.ann));
}

#[test]
fn an_organisations_secret_opens_for_members_as_long_as_they_are() {
    let world = world();
    connect(&world.vault, &world.acme, "of-acme", Place::Free).unwrap();
    assert_eq!(opened(&world, &world.ann, &world.acme).as_deref(), Some("of-acme"));
    assert_eq!(opened(&world, &world.bob, &world.acme), None);
    assert_eq!(opened(&world, &world.acme, &world.acme).as_deref(), Some("of-acme"));
    // Nobody's account is the platform's, whatever they say.
    assert_eq!(opened(&world, &world.ann, PLATFORM), None);
    world.vault.leave(of(&world.acme), &world.ann).unwrap();
    assert_eq!(opened(&world, &world.ann, &world.acme), None);
}

#[test]
fn the_audit_names_who_acts_and_whose_account_it_is() {
    let world = world();
    connect(&world.vault, &world.acme, "of-acme", Place::Free).unwrap();
    opened(&world, &world.ann, &world.acme).unwrap();
    let findings = world.vault.verify().unwrap();
    assert!(findings.wrong.is_empty());
    let file = world._folder.file();
    let row: (String, String) = file
        .query_row("SELECT owner, detail FROM audit WHERE action = 'used'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(row, (world.ann.clone(), format!("slack to {HOST}, of organisation {}", world.acme)));
}

#[test]
fn tokens_and_what_is_known_of_them_change_together_or_not_at_all() {
    let world = world();
    let (vault, ann) = (&world.vault, &world.ann);
    connect(vault, ann, "first", Place::Free).unwrap();
    let renew = |from: i64, value: &str| {
        let (access, refresh) = (Secret::new(value.into()), Secret::new(format!("{value}-refresh")));
        let to = SignIn { scopes: "more".into(), ..signed(ann, from + 1) };
        let fresh = Fresh { to, access: &access, refresh: Some(&refresh), refresh_hosts: &[] };
        vault.renewed(of(ann), from, fresh).unwrap()
    };
    assert!(renew(1, "second"));
    assert_eq!(opened(&world, ann, ann).as_deref(), Some("second"));
    // Whoever read the first version comes too late.
    assert!(!renew(1, "late"));
    assert_eq!(opened(&world, ann, ann).as_deref(), Some("second"));
    let known = vault.sign_in(ann, "slack", "main").unwrap().unwrap();
    assert_eq!((known.version, known.scopes.as_str()), (2, "more"));
    let dead = SignIn { why: "gone".into(), tried: 2, ..signed(ann, 3) };
    assert!(!vault.worn_out(of(ann), 1, dead.clone()).unwrap());
    assert!(vault.worn_out(of(ann), 2, dead).unwrap());
    assert_eq!(vault.connections(ann, Some("slack")).unwrap()[0].state, RECONNECT);
    assert!(vault.verify().unwrap().wrong.is_empty());
}

#[test]
fn one_alone_has_the_right_to_renew() {
    let world = world();
    let (vault, ann) = (&world.vault, &world.ann);
    connect(vault, ann, "first", Place::Free).unwrap();
    let read = || vault.sign_in(ann, "slack", "main").unwrap().unwrap();
    let before = read();
    assert!(vault.lease(before.clone(), 100).unwrap());
    assert!(!vault.lease(before.clone(), 100).unwrap(), "it was given since it was read");
    let held = read();
    assert_eq!((held.lease, held.until, held.open), (1, Some(100), true));
    // One that is not the last any more ends nothing.
    vault.end_lease(before, false).unwrap();
    assert_eq!(read(), held);
    vault.end_lease(held.clone(), true).unwrap();
    assert_eq!((read().until, read().open), (None, true));
    vault.end_lease(held, false).unwrap();
    assert!(!read().open);
}

#[test]
fn connecting_again_replaces_all_that_was_there_and_nothing_else() {
    let world = world();
    let (vault, ann) = (&world.vault, &world.ann);
    connect(vault, ann, "first", Place::Free).unwrap();
    let taken = connect(vault, ann, "second", Place::Free).unwrap_err();
    assert!(matches!(taken, Error::Taken { .. }), "{taken:?}");
    assert_eq!(opened(&world, ann, ann).as_deref(), Some("first"));
    connect(vault, ann, "second", Place::Taken).unwrap();
    assert_eq!(opened(&world, ann, ann).as_deref(), Some("second"));
    assert_eq!(vault.list(ann, Kind::Connection).unwrap().len(), 2);
    vault.disconnect(of(ann), "slack", "main").unwrap();
    assert_eq!(vault.sign_in(ann, "slack", "main").unwrap(), None);
    assert!(vault.list(ann, Kind::Connection).unwrap().is_empty());
}

#[test]
fn what_calls_tell_is_kept_and_what_they_do_not_tell_stays() {
    let world = world();
    let (vault, ann) = (&world.vault, &world.ann);
    connect(vault, ann, "first", Place::Free).unwrap();
    let told = |time: i64, health: Option<(&'static str, String)>, label: Option<&str>| {
        let (connector, name) = ("slack".into(), "main".into());
        let label = label.map(str::to_owned);
        let told = ConnectionTold { owner: ann.clone(), connector, name, time, health, label };
        let told = vault.told_connection(told);
        // It is posted; a change that is waited for comes after it.
        drop(told);
        vault.end_lease(SignIn { lease: -1, ..signed(ann, 1) }, false).unwrap();
        vault.connections(ann, Some("slack")).unwrap().remove(0)
    };
    let row = told(10, Some(("works", String::new())), Some("ada"));
    assert_eq!(
        (row.health.as_str(), row.checked, row.used, row.label.as_str()),
        ("works", Some(10), Some(10), "ada")
    );
    let row = told(20, None, None);
    assert_eq!(
        (row.health.as_str(), row.checked, row.used, row.label.as_str()),
        ("works", Some(10), Some(20), "ada")
    );
    let row = told(5, Some(("refused", "no".into())), None);
    assert_eq!((row.health.as_str(), row.trouble.as_str(), row.used), ("refused", "no", Some(20)));
}

#[test]
fn an_app_is_ones_own_or_an_organisations_or_the_platforms() {
    let world = world();
    let vault = &world.vault;
    let add = |owner: &str| {
        let settings = BTreeMap::from([("id".to_owned(), owner.to_owned())]);
        let base = entry("access", "secret-of-an-app");
        vault.add(of(owner), &Entry { kind: Kind::App, name: "slack".into(), settings, ..base }).unwrap();
    };
    let app = |who: &str| vault.usable_app(who, "slack").unwrap().map(|app| app.owner);
    assert_eq!(app(&world.ann), None);
    add(PLATFORM);
    assert_eq!((app(&world.ann).as_deref(), app(&world.bob).as_deref()), (Some(PLATFORM), Some(PLATFORM)));
    add(&world.acme);
    assert_eq!((app(&world.ann), app(&world.bob).as_deref()), (Some(world.acme.clone()), Some(PLATFORM)));
    add(&world.ann);
    assert_eq!(app(&world.ann), Some(world.ann.clone()));
    let opens = |who: &str, of: &str| {
        let what = What::App { of, name: "slack" };
        vault.resolve(&want(who, what, "slack", HOST)).is_ok()
    };
    assert!(opens(&world.ann, &world.acme) && opens(&world.bob, PLATFORM) && opens(&world.ann, &world.ann));
    assert!(!opens(&world.bob, &world.acme) && !opens(&world.bob, &world.ann));
    let elsewhere = What::App { of: PLATFORM, name: "slack" };
    assert!(vault.resolve(&want(&world.bob, elsewhere, "slack", "evil.example")).is_err());
    assert!(vault.resolve(&want(&world.bob, elsewhere, "github", HOST)).is_err());
}
