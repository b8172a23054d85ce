//! Recording: what a service and a call said to each other becomes a fixture that comes out the same, and holds nothing
//! that belongs to somebody.

#![allow(clippy::unwrap_used)]

#[path = "../../egress/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use connectors::connection::{Coming, Connection, Connections};
use connectors::fixture::{Fixture, play};
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::record::Recorded;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Object, Value};
use egress::{Client, Policy};
use secret::{NoVault, Open, Refused, Secret};
use serde_json::{Value as Json, json};
use support::{Reply, Server, answer, header, line};

const CANARY: &str = "canary-0123456789";

const MANIFEST: &str = r#"
connector: desk
name: Desk
version: 1.0.0
about: A desk.
hosts: [desk.example]
base: https://desk.example/api
connection:
  fields: { user: { type: string, description: "Who." } }
auth:
  pair: { kind: basic, user: "{{ connection.user }}", password: "{{ token }}", secrets: { token: { type: string, description: "It." } } }
requests: []
actions:
  find:
    about: Find people.
    effect: read
    safety: read
    input: { of: { type: string, description: "Of whom." } }
    request: { method: GET, path: /people, query: { of: "{{ input.of }}" } }
    pages: { kind: cursor, items: response.body.people, next: response.body.next_token, into: { query: after } }
    output: { people: "{{ items }}" }
    returns: { people: [{ mail: string, name: string }] }
  add:
    about: Add somebody.
    effect: create
    safety: keyed
    input: { mail: { type: string, description: "Who." } }
    request: { method: POST, path: /people, json: { mail: "{{ input.mail }}" } }
    idempotency: { header: idempotency-key, value: "{{ sha256(step.key) }}" }
    returns: { mail: string }
  hash:
    about: Something of a mail.
    effect: read
    safety: read
    input: { mail: { type: string, description: "Who." } }
    request: { method: GET, path: "/{{ sha256(input.mail) }}" }
    returns: { mail: string }
  file:
    about: A file.
    effect: read
    safety: read
    request: { method: GET, path: /file, reads: bytes }
    output: { file: "{{ response.body }}" }
    returns: { file: bytes }
"#;

struct Opens;

impl Open for Opens {
    fn open(&self, _: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new(CANARY.into()))
    }
}

struct One;

impl Connections for One {
    fn fresh<'a>(&'a self, _: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let fields: Object = [("user".into(), Value::text("ada@acme.example"))].into_iter().collect();
        let secrets = BTreeMap::from([("token".to_owned(), "desk/main/token".to_owned())]);
        let connection = Connection {
            name: "main".into(),
            fields,
            secrets,
            open: Arc::new(Opens),
            ..Connection::nobody("pair")
        };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, _: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, "connect again"))))
    }
}

static EGRESS: LazyLock<Client> =
    LazyLock::new(|| Client::new(Policy { allow_private: true, ..Policy::default() }, Arc::new(NoVault)));

fn library() -> Arc<Library> {
    let library = Library::default().with_text("desk", MANIFEST.into());
    let read = library.read("desk").unwrap();
    assert!(read.diagnostics.is_empty(), "{:#?}", read.diagnostics);
    Arc::new(library)
}

async fn record(server: &Server, action: &str, with: Json) -> Result<Recorded, Failure> {
    let connectors = Connectors::new(Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: connectors::contents::Contents::none(),
        egress: EGRESS.clone(),
        library: library(),
        connections: Arc::new(One),
        meter: connectors::meter::Metered::default(),
    });
    let (id, args, base) = (format!("desk.{action}"), Value::from_json(with), server.url("/api"));
    connectors.record(Request { base: Some(&base), ..Request::new(&id, &args, "try-17") }).await
}

async fn played(action: &str, json: &Json) -> Vec<String> {
    let fixture = Fixture { connector: "desk".into(), action: action.into(), json: json.clone() };
    play(&library(), &EGRESS, &fixture).await
}

/// Says back what it was sent, with what belongs to others.
fn desk(request: &str) -> Reply {
    let sent = header(request, "authorization").unwrap_or_default();
    let cookie = ("set-cookie", "session=cookie-of-somebody");
    if line(request).starts_with("POST") {
        assert!(header(request, "idempotency-key").is_some());
        return answer(
            200,
            &[("content-type", "application/json"), cookie],
            r#"{"mail":"eve@acme.example","x":1}"#,
        );
    }
    let body = match line(request).contains("after=") {
        false => json!({
            "people": [{ "mail": "bob@acme.example", "name": "Bob", "api_key": "key-of-bob-1" }],
            "next_token": "page-two-token", "echo": sent, "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        }),
        true => {
            json!({ "people": [{ "mail": "eve@acme.example", "name": "Eve" }], "next_token": null, "of": CANARY })
        }
    };
    answer(200, &[("content-type", "application/json"), ("x-request-id", "r-1"), cookie], &body.to_string())
}

#[tokio::test]
async fn a_call_becomes_a_fixture_that_comes_out_the_same_and_tells_of_nobody() {
    let server = Server::start(desk);
    let recorded = record(&server, "find", json!({ "of": "ada@acme.example" })).await.unwrap();
    // The call itself gave what is true.
    let got = recorded.got.unwrap().to_json();
    assert_eq!(got["people"][0]["mail"], "bob@acme.example");
    let text = recorded.fixture.to_string();
    let pair = "YWRhQGFjbWUuZXhhbXBsZT";
    for hidden in [
        CANARY,
        "acme.example",
        "acme%2Eexample",
        pair,
        "key-of-bob",
        "page-two-token",
        "eyJhbG",
        "cookie-of",
        "127.0.0.1",
        &server.address.port().to_string(),
    ] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let exchanges = recorded.fixture["exchanges"].as_array().unwrap();
    assert_eq!(exchanges.len(), 2);
    assert_eq!(
        exchanges[0]["expect_request"]["url"],
        "https://desk.example/api/people?of=person-1%40example.com"
    );
    assert_eq!(recorded.fixture["expect"]["output"]["people"][1]["name"], "Eve");
    assert_eq!(played("find", &recorded.fixture).await, [""; 0]);
    // The control: what is not the same is seen.
    let mut other = recorded.fixture.clone();
    other["exchanges"][1]["response"]["body"]["people"][0]["name"] = "Mallory".into();
    assert_eq!(played("find", &other).await.len(), 1);
    let mut other = recorded.fixture.clone();
    other["exchanges"][0]["expect_request"]["headers"]["authorization"] = "Basic x".into();
    assert!(!played("find", &other).await.is_empty());
    let mut other = recorded.fixture.clone();
    other["speling"] = Json::Null;
    assert_eq!(played("find", &other).await.len(), 1);
}

#[tokio::test]
async fn a_key_of_the_call_and_a_refusal_come_out_the_same() {
    let server = Server::start(desk);
    let recorded = record(&server, "add", json!({ "mail": "eve@acme.example" })).await.unwrap();
    assert!(!recorded.fixture.to_string().contains("acme.example"));
    assert_eq!(played("add", &recorded.fixture).await, [""; 0]);
    let no = Server::start(|_| {
        answer(404, &[("content-type", "application/json")], r#"{"message":"no bob@acme.example"}"#)
    });
    let recorded = record(&no, "find", json!({ "of": "x" })).await.unwrap();
    assert_eq!(recorded.fixture["expect"]["error"]["kind"], "not_found");
    assert!(!recorded.fixture.to_string().contains("acme.example"));
}

#[tokio::test]
async fn what_cannot_be_hidden_is_seen_or_not_recorded() {
    // Something is made of an address before it is sent: with another address it is another thing.
    let server = Server::start(|_| answer(200, &[("content-type", "application/json")], r#"{"mail":"a"}"#));
    let recorded = record(&server, "hash", json!({ "mail": "eve@acme.example" })).await.unwrap();
    assert!(!recorded.fixture.to_string().contains("acme.example"));
    assert!(!played("hash", &recorded.fixture).await.is_empty());
    let refused = record(&server, "file", json!({})).await.unwrap_err();
    assert!(refused.message.contains("a file is the answer"), "{refused}");
}
