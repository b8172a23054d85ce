//! `s3`, judged by a server of other people that holds every request against its signature: files come back as they were kept,
//! whatever their keys; links serve whom they were given; another key opens nothing.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/store.rs"]
mod store;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use connectors::connection::{Coming, Connection, Connections};
use connectors::contents::Contents;
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Content, File, Hash, Object, Value};
use egress::{Client, Policy};
use secret::{NoVault, Open, Refused, Secret};
use serde_json::{Value as Json, json};
use store::Store;

struct Opens(String);

impl Open for Opens {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        match host {
            "127.0.0.1" => Ok(Secret::new(self.0.clone())),
            _ => Err(Refused::Host { name: name.into(), host: host.into() }),
        }
    }
}

/// An account at the server.
struct Account {
    base: String,
    id: String,
    secret: String,
}

impl Connections for Account {
    fn fresh<'a>(&'a self, _: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let fields = [("host", "s3.example.com"), ("region", "us-east-1"), ("key_id", &self.id)];
        let fields: Object = fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let secrets = BTreeMap::from([("secret_key".to_owned(), "main/secret_key".to_owned())]);
        let (base, open) = (Some(self.base.clone()), Arc::new(Opens(self.secret.clone())));
        let connection = Connection {
            name: "main".into(),
            fields,
            secrets,
            base,
            open,
            ..Connection::nobody("access_key")
        };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, _: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, "connect again"))))
    }
}

impl Account {
    fn at(store: &Store) -> Account {
        let base = format!("http://127.0.0.1:{}", store.port);
        Account { base, id: store.id.clone(), secret: store.secret.clone() }
    }

    fn connectors(self, contents: &Path) -> Hands {
        let secret = self.secret.clone();
        let policy = Policy { allow_private: true, ..Policy::default() };
        let connectors = Connectors::new(Settings {
            files: "/nowhere".into(),
            protected: vec![],
            contents: Contents::new(contents.to_owned()),
            egress: Client::new(policy, Arc::new(NoVault)),
            library: Arc::new(Library::embedded()),
            connections: Arc::new(self),
            meter: connectors::meter::Metered::default(),
        });
        Hands { connectors, secret }
    }
}

struct Hands {
    connectors: Connectors,
    secret: String,
}

impl Hands {
    async fn value(&self, action: &str, args: &Value) -> Result<Value, Failure> {
        let done = self.connectors.call(Request::new(&format!("s3.{action}"), args, "key")).await;
        let said = format!("{done:?}");
        assert!(!said.contains(&self.secret), "the key came back: {said}");
        done
    }

    async fn ask(&self, action: &str, args: Json) -> Result<Json, Failure> {
        self.value(action, &Value::from_json(args)).await.map(|value| value.to_json())
    }

    async fn keys(&self, prefix: &str) -> Vec<String> {
        let listed = self.ask("list", json!({ "bucket": "invoices", "prefix": prefix })).await.unwrap();
        let files = listed["files"].as_array().unwrap().clone();
        files.iter().map(|file| file["key"].as_str().unwrap().to_owned()).collect()
    }
}

/// Keys with all that an address may have to spell.
const KEYS: [&str; 6] =
    ["a.txt", "2026/a b.txt", "2026/a+b.txt", "2026/ü (1)/~!*'.txt", "a//b", "q?x=1&y=%2F#z"];

#[tokio::test]
async fn what_is_kept_is_listed_copied_fetched_and_deleted_whatever_its_key() {
    let Some(store) = store::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ada = Account::at(&store).connectors(folder.path());
    assert_eq!(ada.ask("check", json!({})).await.unwrap(), json!({ "known": true }));
    let buckets = ada.ask("list_buckets", json!({})).await.unwrap();
    assert_eq!(buckets["buckets"][0]["name"], "invoices");
    for key in KEYS {
        let at = json!({ "bucket": "invoices", "key": key });
        let with = |more: &[(&str, Json)]| {
            let mut at = at.clone();
            more.iter().for_each(|(name, value)| at[*name] = value.clone());
            at
        };
        let text = format!("this is {key}");
        let kept = ada.ask("put", with(&[("content", json!(text)), ("type", json!("text/x-note"))])).await;
        let etag = kept.unwrap()["etag"].clone();
        let info = ada.ask("get_info", at.clone()).await.unwrap();
        assert_eq!((&info["size"], &info["etag"]), (&json!(text.len()), &etag), "{key}: {info}");
        assert_eq!(info["type"], "text/x-note");
        let copied = format!("copies/{key}");
        let copy = json!({ "bucket": "invoices", "key": copied, "from": key });
        assert_eq!(ada.ask("copy", copy).await.unwrap()["etag"], etag, "{key}");
        let copy = Value::from_json(json!({ "bucket": "invoices", "key": copied }));
        let got = ada.value("get", &copy).await.unwrap();
        let Some(Value::File(file)) = got.get("file").cloned() else { panic!("{got:?}") };
        let Content::Here(bytes) = &file.content else { panic!("{file:?}") };
        assert_eq!(String::from_utf8_lossy(bytes), text, "{key}");
    }
    let mut sorted = KEYS.to_vec();
    sorted.sort_unstable();
    let copies: Vec<String> = sorted.iter().map(|key| format!("copies/{key}")).collect();
    assert_eq!(ada.keys("copies/").await, copies);
    let below = json!({ "bucket": "invoices", "prefix": "copies/", "delimiter": "/" });
    assert_eq!(ada.ask("list", below).await.unwrap()["folders"], json!(["copies/2026/", "copies/a/"]));
    for key in &copies {
        ada.ask("delete", json!({ "bucket": "invoices", "key": key })).await.unwrap();
    }
    assert_eq!(ada.keys("copies/").await, [""; 0]);
    assert_eq!(ada.keys("").await.len(), KEYS.len());
}

#[tokio::test]
async fn a_file_that_is_longer_than_a_value_goes_there_and_back_piece_by_piece() {
    let Some(store) = store::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ada = Account::at(&store).connectors(folder.path());
    let bytes: Vec<u8> = (0..11_000_000_u32).map(|at| (at % 251) as u8).collect();
    // It lies in a folder, and is sent from there: a body that is read while it is sent is not signed.
    let content = Content::Kept(Hash::of(&bytes), bytes.len() as u64);
    std::fs::write(folder.path().join(Hash::of(&bytes).to_string()), &bytes).unwrap();
    let file = Value::File(Arc::new(File { content, ..File::new([], "application/x-long") }));
    let at = |key: &str| vec![("bucket", Value::text("invoices")), ("key", Value::text(key))];
    let put = |key: &str, file: Value| Value::object(at(key).into_iter().chain([("content", file)]));
    let first = ada.value("put", &put("one", file)).await.unwrap();
    let got = ada.value("get", &Value::object(at("one"))).await.unwrap();
    let Some(Value::File(kept)) = got.get("file").cloned() else { panic!("{got:?}") };
    assert!(matches!(kept.content, Content::Kept(_, 11_000_000)), "{kept:?}");
    let second = ada.value("put", &put("two", Value::File(kept))).await.unwrap();
    assert_eq!(first.get("etag"), second.get("etag"));
}

#[tokio::test]
async fn a_link_is_the_one_that_the_library_of_aws_makes() {
    let folder = tempfile::tempdir().unwrap();
    let (id, secret) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    // Nobody is asked: nothing listens there.
    let base = "http://127.0.0.1:9".to_owned();
    let ada = Account { base, id: id.into(), secret: secret.into() }.connectors(folder.path());
    let mut links = vec![];
    for key in KEYS {
        let at = json!({ "bucket": "invoices", "key": key, "lasts": "5m" });
        let mut named = at.clone();
        named["file_name"] = json!("Rechnung ü (1).txt");
        for (method, action, with) in
            [("PUT", "create_upload_link", &at), ("GET", "create_link", &at), ("GET", "create_link", &named)]
        {
            let made = ada.ask(action, with.clone()).await.unwrap();
            links.push((method, made["url"].as_str().unwrap().to_owned()));
        }
    }
    for lasts in ["0s", "8d"] {
        let wrong = json!({ "bucket": "invoices", "key": "a", "lasts": lasts });
        assert_eq!(ada.ask("create_link", wrong).await.unwrap_err().kind, FailureKind::Invalid);
    }
    let lines = |secret: &str| -> String {
        links.iter().map(|(method, link)| format!("{method} {id} {secret} us-east-1 {link}\n")).collect()
    };
    let Some(theirs) = store::presigned(&lines(secret)) else { return };
    let ours: Vec<&str> = links.iter().map(|(_, link)| link.as_str()).collect();
    assert_eq!(theirs, ours);
    // The control: by another key every one is another.
    let others = store::presigned(&lines(&secret.replace("EXAMPLE", "EXAMPME"))).unwrap();
    assert!(others.len() == ours.len() && others.iter().zip(&ours).all(|(other, own)| other != own));
}

#[tokio::test]
async fn another_key_opens_nothing_and_what_is_not_there_is_said() {
    let Some(store) = store::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = || json!({ "bucket": "invoices", "key": "none" });
    let mut other = store.secret.clone();
    other.replace_range(..1, if other.starts_with('a') { "b" } else { "a" });
    let wrong = Account { secret: other, ..Account::at(&store) }.connectors(folder.path());
    for action in ["check", "list_buckets"] {
        assert_eq!(wrong.ask(action, json!({})).await.unwrap_err().kind, FailureKind::Auth, "{action}");
    }
    assert_eq!(wrong.ask("get", at()).await.unwrap_err().kind, FailureKind::Auth);
    let nobody = Account { id: "AKIANOBODY".into(), ..Account::at(&store) }.connectors(folder.path());
    assert_eq!(nobody.ask("check", json!({})).await.unwrap_err().kind, FailureKind::Auth);
    // The control: with the key itself it is another answer.
    let ada = Account::at(&store).connectors(folder.path());
    for action in ["get", "get_info"] {
        assert_eq!(ada.ask(action, at()).await.unwrap_err().kind, FailureKind::NotFound, "{action}");
    }
    let missing = ada.ask("list", json!({ "bucket": "nowhere" })).await.unwrap_err();
    assert_eq!(missing.kind, FailureKind::NotFound, "{missing}");
    ada.ask("delete", at()).await.unwrap();
}
