//! Somebody can write the file and has no key: no row can be put in the place of another.

#![allow(clippy::unwrap_used)]

mod support;

use support::{HOST, Place, entry, me, opened, refusal, resolve, want};
use vault::{Kind, OwnerKind, What, Who};

/// The columns that nothing is bound to: when it was made and used, and which of two keys is newer.
const FREE: [&str; 3] = ["created", "used", "current"];

fn columns(place: &Place, table: &str) -> Vec<String> {
    let file = place.file();
    let mut select = file.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn no_column_taken_from_another_row_opens_anything() {
    let place = Place::new();
    let vault = place.vault();
    let other = vault.add_owner("test", OwnerKind::User, "other", "paid").unwrap();
    vault.add(me(), &entry("CRM", "mine-1")).unwrap();
    let theirs = Who { owner: &other, actor: "test" };
    let mut wide = entry("ERP", "theirs-1");
    wide.hosts.push("evil.example".into());
    wide.connector = "slack".into();
    wide.settings.insert("base".into(), "https://evil.example".into());
    wide.rank = 5;
    vault.add(theirs, &wide).unwrap();
    vault.revoke(theirs, Kind::Secret, "ERP").unwrap();
    vault.replace(theirs, (Kind::Secret, "ERP"), &secret::Secret::new("theirs-2".into()), None).unwrap();
    vault.rotate(theirs, vault::Rotation::OwnerKey, &mut |_| ()).unwrap();
    drop(vault);
    let pristine = std::fs::read(place.database()).unwrap();
    let other_id = other.as_str();
    let (mut tried, mut differ) = (0, 0);
    for table in ["owner_keys", "secrets", "versions"] {
        for column in columns(&place, table) {
            place.put_back(&pristine);
            let alike: bool = {
                let one = format!("(SELECT {column} FROM {table} WHERE owner = ?1)");
                let other = format!("(SELECT {column} FROM {table} WHERE owner = ?2)");
                let sql = format!("SELECT {one} IS {other}");
                place.file().query_row(&sql, [other_id, "local"], |row| row.get(0)).unwrap()
            };
            differ += usize::from(!alike);
            let free = alike || FREE.contains(&&*column);
            let sql = format!(
                "UPDATE OR IGNORE {table} SET {column} = (SELECT {column} FROM {table} WHERE owner = ?1) WHERE owner = ?2"
            );
            assert_eq!(place.file().execute(&sql, [other.as_str(), "local"]).unwrap(), 1, "{table}.{column}");
            let vault = place.vault();
            // Whoever moved it would ask for it by what stands there from then on.
            for (owner, name) in
                [("local", "CRM"), ("local", "ERP"), (other.as_str(), "CRM"), (other.as_str(), "ERP")]
            {
                for (connector, host) in
                    [("http", HOST), ("http", "evil.example"), ("slack", HOST), ("slack", "evil.example")]
                {
                    let result = vault.resolve(&want(owner, What::Secret(name), connector, host));
                    let rightful = match (owner, name) {
                        ("local", "CRM") => (connector, host) == ("http", HOST) && free,
                        (_, "ERP") if owner != "local" => connector == "slack",
                        _ => false,
                    };
                    match result {
                        Ok(resolved) => {
                            assert!(rightful, "{table}.{column}: {owner} {name} {connector} {host} opened");
                            let own = if owner == "local" { "mine-1" } else { "theirs-2" };
                            assert_eq!(resolved.secret.expose(), own);
                        }
                        Err(error) => assert!(!rightful || owner == "local", "{table}.{column}: {error}"),
                    }
                    tried += 1;
                }
            }
            if free {
                assert_eq!(opened(&vault, "local", "CRM"), "mine-1", "{table}.{column}");
            }
        }
    }
    assert_eq!(tried, (5 + 11 + 10) * 16);
    assert!(differ >= 18, "the rows of the two owners differ in {differ} columns");
}

#[test]
fn an_older_version_put_back_is_refused() {
    let place = Place::new();
    let vault = place.vault();
    vault.add(me(), &entry("CRM", "old")).unwrap();
    let file = place.file();
    file.execute_batch(
        "CREATE TABLE thief AS SELECT * FROM versions; CREATE TABLE row AS SELECT * FROM secrets",
    )
    .unwrap();
    vault.replace(me(), (Kind::Secret, "CRM"), &secret::Secret::new("new".into()), None).unwrap();
    assert_eq!(opened(&vault, "local", "CRM"), "new");
    // The old ciphertext under the new number.
    file.execute_batch("UPDATE versions SET (key, value) = (SELECT key, value FROM thief)").unwrap();
    assert!(refusal(resolve(&vault, "local", "CRM")).contains("does not open"));
    // The old version beside the new one, made current.
    file.execute_batch("INSERT INTO versions SELECT * FROM thief; UPDATE secrets SET version = 1").unwrap();
    assert!(refusal(resolve(&vault, "local", "CRM")).contains("does not open"));
    // All rows of it at once do open, since nothing but the audit knows better; `verify` tells.
    file.execute_batch("DELETE FROM versions; DELETE FROM secrets; INSERT INTO secrets SELECT * FROM row; INSERT INTO versions SELECT * FROM thief")
        .unwrap();
    assert_eq!(vault.verify().unwrap().wrong, ["the secret `CRM` is older than the audit tells"]);
}

#[test]
fn a_lifted_revocation_is_refused() {
    let place = Place::new();
    let vault = place.vault();
    vault.add(me(), &entry("CRM", "value")).unwrap();
    vault.revoke(me(), Kind::Secret, "CRM").unwrap();
    assert_eq!(refusal(resolve(&vault, "local", "CRM")), "the secret `CRM` is revoked");
    place.file().execute_batch("UPDATE secrets SET status = 'active'").unwrap();
    assert!(refusal(resolve(&vault, "local", "CRM")).contains("does not open"));
}

#[test]
fn flipped_and_cut_bytes_are_one_clear_error() {
    let place = Place::new();
    let vault = place.vault();
    vault.add(me(), &entry("CRM", "value")).unwrap();
    for (table, column) in
        [("owner_keys", "sealed"), ("versions", "key"), ("versions", "value"), ("secrets", "mac")]
    {
        for change in
            ["zeroblob(length(X))", "substr(X, 1, length(X) - 1)", "substr(X, 2)", "x''", "X || x'00'"]
        {
            let file = place.file();
            let kept =
                format!("CREATE TEMP TABLE kept AS SELECT {column} AS k FROM {table} WHERE owner = 'local'");
            let set = format!(
                "UPDATE {table} SET {column} = CAST({} AS BLOB) WHERE owner = 'local'",
                change.replace('X', column)
            );
            file.execute_batch(&format!("{kept}; {set}")).unwrap();
            let told = refusal(resolve(&vault, "local", "CRM"));
            assert!(
                told.contains("does not open: its row or a key above it was changed"),
                "{table}.{column}: {told}"
            );
            file.execute_batch(&format!(
                "UPDATE {table} SET {column} = (SELECT k FROM kept) WHERE owner = 'local'"
            ))
            .unwrap();
        }
    }
    assert_eq!(opened(&vault, "local", "CRM"), "value");
}
