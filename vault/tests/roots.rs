//! Root keys: where they may come from, and what happens without the right one.

#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::PermissionsExt;

use secret::Secret;
use support::{Place, entry, me, opened, refusal, resolve};
use vault::{Error, Source, Vault};

/// 32 bytes that are no key of anybody.
const LINE: &str = "keyway-root 1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "keyway-root 1 AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn given(text: &str) -> Source {
    Source::Given { text: Secret::new(text.into()), from: "a test".into() }
}

fn private(place: &Place, name: &str, text: &str) -> std::path::PathBuf {
    let path = place.folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn keeps(place: &Place, source: &Source) {
    let value = "a value";
    place.vault_from(source.clone()).unwrap().add(me(), &entry("CRM", value)).unwrap();
    assert_eq!(opened(&place.vault_from(source.clone()).unwrap(), "local", "CRM"), value);
}

#[test]
fn every_source_opens_what_it_sealed() {
    let place = Place::new();
    keeps(&place, &Source::File(place.root()));
    let place = Place::new();
    keeps(&place, &Source::Folder(place.folder.path().join("keys")));
    let place = Place::new();
    keeps(&place, &given(LINE));
    let place = Place::new();
    keeps(&place, &Source::Command(format!("echo {LINE}")));
    let place = Place::new();
    let path = private(&place, "passphrase", "correct horse\n");
    keeps(&place, &Source::Passphrases(path));
}

#[test]
fn a_wrong_root_key_opens_nothing_and_changes_nothing() {
    let place = Place::new();
    keeps(&place, &given(LINE));
    let before = std::fs::read(place.database()).unwrap();
    for source in [given(OTHER), Source::Passphrases(private(&place, "wrong", "wrong horse\n"))] {
        let vault = place.vault_from(source).unwrap();
        assert!(matches!(vault.add(me(), &entry("ERP", "value")), Err(Error::WrongRoot { .. })));
        assert!(refusal(resolve(&vault, "local", "CRM")).ends_with("is not the one of this vault"));
    }
    assert_eq!(before, std::fs::read(place.database()).unwrap());
    assert_eq!(opened(&place.vault_from(given(LINE)).unwrap(), "local", "CRM"), "a value");
}

#[test]
fn a_missing_root_key_seals_and_is_never_made_anew() {
    let place = Place::new();
    let vault = place.vault();
    vault.add(me(), &entry("CRM", "value")).unwrap();
    drop(vault);
    let kept = std::fs::read(place.root()).unwrap();
    std::fs::remove_file(place.root()).unwrap();
    let vault = place.vault();
    assert!(matches!(vault.add(me(), &entry("ERP", "value")), Err(Error::Sealed { .. })));
    assert!(
        refusal(resolve(&vault, "local", "CRM")).starts_with("the vault is sealed: there is no root key at")
    );
    assert!(vault.state().unwrap().sealed.is_some());
    assert!(!place.root().exists(), "no key was made on top of what is sealed");
    // What is known of the roots is gone as well: still no key is made.
    place.file().execute_batch("DELETE FROM roots").unwrap();
    assert!(matches!(place.vault().add(me(), &entry("ERP", "value")), Err(Error::Sealed { .. })));
    assert!(!place.root().exists());
    std::fs::write(place.root(), kept).unwrap();
}

#[test]
fn a_file_that_others_may_read_or_that_stands_beside_the_data_is_refused() {
    let place = Place::new();
    place.vault().add(me(), &entry("CRM", "value")).unwrap();
    std::fs::set_permissions(place.root(), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refusal(resolve(&place.vault(), "local", "CRM")).starts_with("others may read the root key"));
    let inside = place.folder.path().join("data/deep/root.key");
    assert!(matches!(place.vault_from(Source::File(inside)), Err(Error::RootInside { .. })));
}

#[test]
fn what_is_no_root_key_is_told_without_repeating_it() {
    for (text, why) in
        [("canary-canary", "a line is not"), ("keyway-root 1 canary", "not 32 bytes"), ("", "no root key")]
    {
        let error =
            Place::new().vault_from(given(text)).unwrap().add(me(), &entry("CRM", "value")).unwrap_err();
        let told = error.to_string();
        assert!(told.contains(why) && !told.contains("canary"), "{told}");
    }
    let command = |text: &str| {
        let vault = Place::new().vault_from(Source::Command(text.into())).unwrap();
        vault.add(me(), &entry("CRM", "value")).unwrap_err().to_string()
    };
    assert!(command("exit 3").ends_with("the command failed"));
    assert!(command("echo hello").ends_with("a line is not `keyway-root`, a number and a key"));
}

#[test]
fn a_vault_that_was_sealed_opens_nothing_in_any_process_until_it_is_unsealed() {
    let place = Place::new();
    let (vault, beside) = (place.vault(), place.vault());
    vault.add(me(), &entry("CRM", "value")).unwrap();
    assert_eq!(opened(&beside, "local", "CRM"), "value");
    vault.seal("test").unwrap();
    for vault in [&vault, &beside, &place.vault()] {
        assert_eq!(refusal(resolve(vault, "local", "CRM")), "the vault is sealed: somebody sealed it");
        assert_eq!(vault.list("local", vault::Kind::Secret).unwrap().len(), 1, "the list needs no key");
    }
    beside.unseal("test").unwrap();
    assert_eq!(opened(&vault, "local", "CRM"), "value");
    vault.verify_audit().unwrap();
}

#[test]
fn two_vaults_with_one_root_do_not_open_each_others_rows() {
    let (one, two) = (Place::new(), Place::new());
    let vault = |place: &Place| -> Vault { place.vault_from(given(LINE)).unwrap() };
    vault(&one).add(me(), &entry("CRM", "one")).unwrap();
    vault(&two).add(me(), &entry("CRM", "two")).unwrap();
    let file = two.file();
    file.execute("ATTACH ?1 AS one", [one.database().to_str().unwrap()]).unwrap();
    for table in ["owner_keys", "secrets", "versions"] {
        file.execute_batch(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM one.{table}"))
            .unwrap();
    }
    assert!(refusal(resolve(&vault(&two), "local", "CRM")).contains("does not open"));
}

#[test]
fn wrong_names_values_and_hosts_are_refused() {
    let place = Place::new();
    let vault = place.vault();
    for name in ["", "a b", "a\nb", "a\"b", "a@1", "ü", &"a".repeat(101)] {
        assert!(matches!(vault.add(me(), &entry(name, "value")), Err(Error::Name { .. })), "{name}");
    }
    assert!(matches!(vault.add(me(), &entry("A", "")), Err(Error::Empty)));
    assert!(matches!(vault.add(me(), &entry("A", &"x".repeat(1 << 20))), Err(Error::TooLong)));
    for key in ["sk 1", "sk-1\n", "\tsk"] {
        assert!(matches!(vault.add(me(), &support::key("A", "openai", key)), Err(Error::NoKey)));
    }
    for value in [" spaces ", "\"quotes\" and 'others'", "two\nlines", &"x".repeat(64 * 1024)] {
        vault.add(me(), &entry("A", value)).unwrap();
        assert_eq!(opened(&vault, "local", "A"), value);
        vault.remove(me(), vault::Kind::Secret, "A").unwrap();
    }
    vault.add(me(), &entry("A", "value")).unwrap();
    assert_eq!(
        vault.add(me(), &entry("A", "value")).unwrap_err().to_string(),
        "the secret `A` is there already"
    );
    assert!(matches!(
        vault.remove(me(), vault::Kind::Secret, "B"),
        Err(Error::Unknown { what: "secret", .. })
    ));
}
