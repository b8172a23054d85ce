//! `sqlite`: rows come and go, values stay values, and no statement reaches another file.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/local.rs"]
mod local;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use local::call_in;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

async fn ask(root: &Path, action: &str, sql: &str, params: Json) -> Result<Json, Failure> {
    let with = json!({ "path": "shop.db", "sql": sql, "params": params });
    call_in(root, &format!("sqlite.{action}"), Value::from_json(with)).await
}

async fn shop() -> TempDir {
    let root = TempDir::new().unwrap();
    let made = "create table orders (id integer primary key, customer text unique, total real, data blob)";
    ask(root.path(), "execute", made, json!([])).await.unwrap();
    root
}

#[tokio::test]
async fn rows_are_written_and_read_with_their_types() {
    let root = shop().await;
    let sql = "insert into orders (customer, total, data) values (?, ?, ?), (?, ?, null) returning id";
    let with =
        json!(["O'Hara'; drop table orders; --", 12.5, { "base64": "AP8=", "type": "image/png" }, null, 7]);
    let Value::Object(entries) = Value::from_json(json!({ "path": "shop.db", "sql": sql })) else { panic!() };
    let mut entries = (*entries).clone();
    let Value::List(mut params) = Value::from_json(with) else { panic!() };
    let file = dsl::value::File::new([0, 255], "image/png");
    std::sync::Arc::make_mut(&mut params)[2] = Value::File(file.into());
    entries.insert("params".into(), Value::List(params));
    let got = call_in(root.path(), "sqlite.execute", Value::Object(entries.into())).await.unwrap();
    assert_eq!(got, json!({ "rows": [{ "id": 1 }, { "id": 2 }], "more": false, "changed": 2 }));
    let all = ask(root.path(), "query", "select * from orders where total > ? order by id", json!([1]))
        .await
        .unwrap();
    assert_eq!(all["rows"][0]["customer"], "O'Hara'; drop table orders; --", "a value is no statement");
    assert_eq!((&all["rows"][0]["total"], &all["rows"][1]["total"]), (&json!(12.5), &json!(7.0)));
    assert_eq!(all["rows"][0]["data"]["base64"], "AP8=");
    assert_eq!((&all["rows"][1]["customer"], &all["more"]), (&json!(null), &json!(false)));
    assert!(all.get("changed").is_none());
    let with = json!({ "path": "shop.db", "sql": "select id from orders order by id", "limit": 1 });
    let one = call_in(root.path(), "sqlite.query", Value::from_json(with)).await.unwrap();
    assert_eq!(one, json!({ "rows": [{ "id": 1 }], "more": true }));
}

#[tokio::test]
async fn what_reads_can_do_no_more_than_read() {
    let root = shop().await;
    for sql in [
        "delete from orders",
        "create table more (a)",
        "insert into orders (customer) values ('x') returning id",
    ] {
        let failure = ask(root.path(), "query", sql, json!([])).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused, "{sql}: {failure}");
    }
    // The control: the same is carried out where it may be.
    let sql = "insert into orders (customer) values ('x') returning id";
    assert_eq!(ask(root.path(), "execute", sql, json!([])).await.unwrap()["changed"], 1);
    let missing = TempDir::new().unwrap();
    let failure = ask(missing.path(), "query", "select 1", json!([])).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound, "{failure}");
    assert!(!missing.path().join("shop.db").exists());
}

#[tokio::test]
async fn no_statement_reaches_another_file() {
    let root = shop().await;
    let outside = TempDir::new().unwrap();
    let other = outside.path().join("other.db");
    fs::copy(root.path().join("shop.db"), &other).unwrap();
    fs::create_dir(root.path().join("own")).unwrap();
    fs::copy(&other, root.path().join("own/runs.db")).unwrap();
    let away = other.display();
    for sql in [
        format!("attach database '{away}' as o"),
        format!("vacuum into '{}'", outside.path().join("made.db").display()),
        "pragma writable_schema = on".into(),
        "pragma journal_mode = off".into(),
        "select load_extension('x')".into(),
    ] {
        let failure = ask(root.path(), "execute", &sql, json!([])).await.unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Refused | FailureKind::Invalid), "{sql}: {failure}");
    }
    assert!(!outside.path().join("made.db").exists());
    symlink(&other, root.path().join("link.db")).unwrap();
    symlink(outside.path(), root.path().join("dir")).unwrap();
    for path in ["link.db", "dir/other.db", "../other.db", &away.to_string(), "own/runs.db"] {
        for action in ["sqlite.query", "sqlite.execute"] {
            let with = json!({ "path": path, "sql": "select count(*) as n from orders" });
            let failure = call_in(root.path(), action, Value::from_json(with)).await.unwrap_err();
            assert!(matches!(failure.kind, FailureKind::Refused), "{action} {path}: {failure}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_without_a_path_of_the_machine() {
    let root = shop().await;
    let told = async |action: &str, sql: &str, params: Json| {
        let failure = ask(root.path(), action, sql, params).await.unwrap_err();
        assert!(!failure.message.contains(&root.path().display().to_string()), "{failure}");
        failure.to_string()
    };
    assert_eq!(
        told("query", "select ?", json!([])).await,
        "the statement has 1 marks, and there are 0 values (invalid)"
    );
    assert_eq!(
        told("execute", "delete from orders; drop table orders", json!([])).await,
        "`sql` has more than one statement; give each a step of its own (invalid)"
    );
    assert!(told("query", "selct 1", json!([])).await.contains("syntax error"));
    assert!(told("query", "select 1 as a, 2 as a", json!([])).await.contains("two columns are called `a`"));
    let twice = "insert into orders (customer) values ('a'), ('a')";
    assert!(told("execute", twice, json!([])).await.ends_with("(conflict)"));
    let none = ask(root.path(), "query", "select count(*) as n from orders", json!([])).await.unwrap();
    assert_eq!(none["rows"][0]["n"], 0, "as a whole or not at all");
    fs::write(root.path().join("shop.db"), "no database at all, but a text that is long enough").unwrap();
    assert!(told("query", "select 1 from orders", json!([])).await.contains("is no SQLite database"));
}

#[tokio::test]
async fn rows_that_are_too_long_are_given_up() {
    let root = shop().await;
    let long = "select hex(zeroblob(4000000)) as a, value from json_each('[1,2,3,4,5,6]')";
    let failure = ask(root.path(), "query", long, json!([])).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
}
