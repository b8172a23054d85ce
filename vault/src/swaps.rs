//! Every field that something sealed is bound to, at every level, against every other value of it.

use store::vault::{OwnerKey, Secret, Version};

use crate::cipher::{self, Context, Key, Purpose};
use crate::keys::Vault;
use crate::root::Source;

/// One field of one level: what it was sealed for, and what it is opened for.
struct Swap {
    field: &'static str,
    sealed: Context,
    asked: Context,
}

fn owner_key() -> OwnerKey {
    OwnerKey { owner: "a".into(), generation: 1, root: 1, current: true, sealed: vec![] }
}

fn secret() -> Secret {
    Secret {
        owner: "a".into(),
        id: "1".into(),
        kind: "secret".into(),
        name: "CRM".into(),
        version: 1,
        status: "active".into(),
        rank: 0,
        mac: vec![],
        shown: "…".into(),
        created: 1,
        used: None,
    }
}

fn version() -> Version {
    Version {
        owner: "a".into(),
        secret: "1".into(),
        version: 1,
        generation: 1,
        connector: "http".into(),
        hosts: "a.example".into(),
        settings: "base=https://a.example\n".into(),
        key: vec![],
        value: vec![],
        created: 1,
    }
}

/// Every swap of one field, at every level.
fn swaps(vault: &Vault, other: &Vault) -> Vec<Swap> {
    let mut swaps = vec![];
    let mut add = |field, sealed, asked| swaps.push(Swap { field, sealed, asked });
    let of_owner = vault.context_of(&owner_key());
    add("owner key: vault", of_owner.clone(), other.context_of(&owner_key()));
    add(
        "owner key: owner",
        of_owner.clone(),
        vault.context_of(&OwnerKey { owner: "b".into(), ..owner_key() }),
    );
    add(
        "owner key: generation",
        of_owner.clone(),
        vault.context_of(&OwnerKey { generation: 2, ..owner_key() }),
    );
    add("owner key: root", of_owner, vault.context_of(&OwnerKey { root: 2, ..owner_key() }));

    let of_key = vault.context_of_key(&version());
    add("data key: vault", of_key.clone(), other.context_of_key(&version()));
    let changed = [
        ("data key: owner", Version { owner: "b".into(), ..version() }),
        ("data key: secret", Version { secret: "2".into(), ..version() }),
        ("data key: version", Version { version: 2, ..version() }),
        ("data key: generation", Version { generation: 2, ..version() }),
    ];
    for (field, changed) in changed {
        add(field, of_key.clone(), vault.context_of_key(&changed));
    }

    let of_value = vault.context_of_value(&secret(), &version());
    add("value: vault", of_value.clone(), other.context_of_value(&secret(), &version()));
    let changed = [
        ("value: owner", Secret { owner: "b".into(), ..secret() }),
        ("value: secret", Secret { id: "2".into(), ..secret() }),
        ("value: kind", Secret { kind: "key".into(), ..secret() }),
        ("value: name", Secret { name: "ERP".into(), ..secret() }),
    ];
    for (field, changed) in changed {
        add(field, of_value.clone(), vault.context_of_value(&changed, &version()));
    }
    let changed = [
        ("value: version", Version { version: 2, ..version() }),
        ("value: connector", Version { connector: "slack".into(), ..version() }),
        ("value: hosts", Version { hosts: "a.example b.example".into(), ..version() }),
        ("value: settings", Version { settings: "base=https://b.example\n".into(), ..version() }),
    ];
    for (field, changed) in changed {
        add(field, of_value.clone(), vault.context_of_value(&secret(), &changed));
    }
    // Between levels: nothing that was sealed at one opens at another.
    let levels = [vault.context_of(&owner_key()), of_key, of_value];
    for (at, sealed) in levels.iter().enumerate() {
        for asked in levels.iter().skip(at + 1) {
            add("level", sealed.clone(), asked.clone());
        }
    }
    swaps
}

/// Which swaps open, where contexts are bound in some way.
fn opened(bind: impl Fn(&Context) -> Context) -> (usize, Vec<&'static str>) {
    let folder = tempfile::tempdir().unwrap();
    let vault = |name: &str| {
        let source = Source::File(folder.path().join("keys/root.key"));
        let place = folder.path().join(name);
        std::fs::create_dir(&place).unwrap();
        Vault::at(&place.join("keyway.db"), source).unwrap()
    };
    let (vault, other) = (vault("one"), vault("two"));
    let key = Key::random().unwrap();
    let swaps = swaps(&vault, &other);
    let opens = swaps.iter().filter(|swap| {
        let sealed = cipher::seal(&key, &bind(&swap.sealed), b"value").unwrap();
        assert!(cipher::open(&key, &bind(&swap.sealed), &sealed).is_ok(), "{}", swap.field);
        cipher::open(&key, &bind(&swap.asked), &sealed).is_ok()
    });
    let opens = opens.map(|swap| swap.field).collect();
    (swaps.len(), opens)
}

#[test]
fn no_swap_of_any_field_at_any_level_opens() {
    let (tried, opens) = opened(Clone::clone);
    assert_eq!((tried, opens), (21, Vec::<&str>::new()));
}

/// The control: sealed without what it belongs to, everything opens everywhere.
#[test]
fn a_sealing_that_binds_nothing_is_seen() {
    let (tried, opens) = opened(|_| Context::new(Purpose::Value));
    assert_eq!((tried, opens.len()), (21, 21));
}

/// The row of a secret is signed; each of its columns counts.
#[test]
fn no_changed_column_of_a_row_keeps_its_signature() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::File(folder.path().join("keys/root.key"));
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let vault = Vault::at(&data.join("keyway.db"), source).unwrap();
    let key = Key::random().unwrap();
    let signed = cipher::sign(&key, &vault.context_of_row(&secret()));
    assert!(cipher::is_signed(&key, &vault.context_of_row(&secret()), &signed));
    let changed = [
        Secret { owner: "b".into(), ..secret() },
        Secret { id: "2".into(), ..secret() },
        Secret { kind: "key".into(), ..secret() },
        Secret { name: "ERP".into(), ..secret() },
        Secret { version: 2, ..secret() },
        Secret { status: "revoked".into(), ..secret() },
        Secret { rank: 1, ..secret() },
        Secret { shown: "…4f2a".into(), ..secret() },
    ];
    for changed in changed {
        assert!(!cipher::is_signed(&key, &vault.context_of_row(&changed), &signed), "{changed:?}");
    }
}
