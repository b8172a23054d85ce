//! What calls of manifests promise: where secrets go, what is tried again, how lists end, what a body looks like.

#![allow(clippy::unwrap_used)]

#[path = "../../egress/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use connectors::connection::{Coming, Connection, Connections};
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{File, Value};
use egress::{Client, Policy};
use secret::{NoVault, Open, Refused, Secret};
use serde_json::{Value as Json, json};
use support::{Reply, Server, answer, body, header, line, redirect};

const CANARY: &str = "canary-0123456789";

const PARTS: &str = r#"
connector: parts
name: Parts
version: 1.0.0
about: A service with one of each.
hosts: ["*.parts.example"]
base: "https://{{ connection.shop }}.parts.example"
connection:
  fields: { shop: { type: string, pattern: "^[a-z0-9-]{1,63}$", description: "The shop." } }
auth:
  bearer: { kind: bearer }
  query: { kind: api_key, apply: { query: { api_key: "{{ key }}" } } }
  basic: { kind: basic, user: "{{ connection.shop }}/token", password: "{{ password }}" }
  body:
    kind: body_keys
    secrets: { client: { type: string, description: "One." }, secret_key: { type: string, description: "Two." } }
    apply: { body: { client_id: "{{ client }}", secret: "{{ secret_key }}" } }
  signed:
    kind: oauth1a
    request: https://mine.parts.example/request
    authorize: https://mine.parts.example/authorize
    access: https://mine.parts.example/access
defaults:
  limits: { wait: [{ header: retry-after }] }
actions:
  form:
    about: Send a form.
    effect: create
    safety: once
    request: { method: POST, path: /form, query: { q: "a b" }, form: { status: "Hello, you!" } }
    returns: any
  mail:
    about: Send a message.
    effect: send
    safety: once
    input:
      to: { type: string, description: "Whom it is for." }
    hooks:
      message: { hook: mime_message, with: { to: "{{ input.to }}", subject: Hello } }
    request: { method: POST, path: /mail, json: { raw: "{{ made.message }}" } }
    returns: { id: string }
  read: { about: Read., effect: read, safety: read, request: { method: GET, path: /a }, returns: any }
  once: { about: Do it., effect: create, safety: once, request: { method: POST, path: /a, json: { a: 1 } }, returns: any }
  again: { about: Do it., effect: update, safety: idempotent, request: { method: PUT, path: /a, json: {} }, returns: any }
  few:
    about: Do few.
    effect: read
    safety: read
    request: { method: GET, path: /a }
    limits: { budgets: [{ limit: 2, per: 1h }] }
    returns: any
  upload:
    about: Upload.
    effect: create
    safety: once
    input: { file: { type: bytes, description: "The file." } }
    request: { method: POST, path: /up, bytes: "{{ input.file }}" }
    returns: any
  parts:
    about: Send parts.
    effect: create
    safety: once
    input: { file: { type: bytes, description: "The file." }, note: { type: string, optional: true, description: "A note." } }
    request: { method: POST, path: /parts, multipart: { note: "{{ input.note }}", file: "{{ input.file }}" } }
    returns: any
  ask:
    about: Ask in GraphQL.
    effect: read
    safety: read
    input: { team: { type: string, description: "The team." } }
    request:
      method: POST
      path: /graphql
      graphql: { query: "query($team: ID!, $after: String) { x }", variables: { team: "{{ input.team }}" } }
    pages:
      kind: cursor
      items: response.body.data.nodes
      next: response.body.data.end
      into: { body: variables.after }
      stop_when: not response.body.data.more
    output: { nodes: "{{ items }}" }
    returns: { nodes: [any] }
  down:
    about: Download.
    effect: read
    safety: read
    request: { method: GET, path: /file, reads: bytes }
    output: "{{ response.body }}"
    returns: bytes
  by_page:
    about: List by page.
    effect: read
    safety: read
    request: { method: GET, path: /p, query: { per: 2 } }
    pages: { kind: page, items: response.body, into: { query: page } }
    output: "{{ items }}"
    returns: [integer]
  by_offset:
    about: List by offset.
    effect: read
    safety: read
    request: { method: GET, path: /o }
    pages: { kind: offset, items: response.body.items, into: { query: skip }, stop_when: "not response.body.more" }
    output: "{{ items }}"
    returns: [integer]
  by_url:
    about: List by address.
    effect: read
    safety: read
    request: { method: GET, path: /u }
    pages: { kind: next_url, items: response.body.items, next: response.body.next, max_pages: 3 }
    output: "{{ items }}"
    returns: [integer]
  by_call:
    about: List by another call.
    effect: read
    safety: read
    input: { of: { type: string, description: "Of what." } }
    request: { method: POST, path: /first, json: { of: "{{ input.of }}" } }
    pages:
      kind: continue
      items: response.body.items
      next: response.body.next
      request: { method: POST, path: /more, json: { from: "{{ next }}" } }
    output: "{{ items }}"
    returns: [integer]
  spread:
    about: List with more of each.
    effect: read
    safety: read
    request: { method: GET, path: /ids }
    pages: { kind: cursor, items: response.body.ids, next: response.body?.next, into: { query: c } }
    each:
      request: { method: GET, path: "/ids/{{ item }}" }
      output: { id: "{{ item }}", name: "{{ response.body.name }}" }
      parallel: 3
      max: 4
    output: "{{ items }}"
    returns: [{ id: integer, name: string }]
"#;

static EGRESS: LazyLock<Client> =
    LazyLock::new(|| Client::new(Policy { allow_private: true, ..Policy::default() }, Arc::new(NoVault)));

struct Canary;

impl Open for Canary {
    fn open(&self, name: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new(format!("{CANARY}-{name}")))
    }
}

struct One {
    auth: &'static str,
    shop: &'static str,
}

impl Connections for One {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let way = manifest.auth.iter().find(|way| way.id == self.auth).unwrap();
        let signs = ["consumer_key", "consumer_secret", "access", "access_secret"].map(str::to_owned);
        let signs = signs.into_iter().filter(|_| self.auth == "signed");
        let names = way.secrets.iter().map(|field| field.name.clone()).chain(signs);
        let secrets: BTreeMap<String, String> = names.map(|name| (name.clone(), name)).collect();
        let mut fields = dsl::value::Object::new();
        fields.insert("shop".into(), Value::text(self.shop));
        let open: Arc<dyn Open> = Arc::new(Canary);
        let connection = Connection {
            name: "c".into(),
            owner: String::new(),
            auth: self.auth.into(),
            fields,
            secrets,
            made: 0,
            version: 0,
            base: None,
            open,
        };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, _: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, "connect again"))))
    }
}

fn connectors(auth: &'static str, shop: &'static str) -> Connectors {
    let library = Library::default().with_text("parts", PARTS.to_owned());
    let read = library.read("parts").unwrap();
    assert!(read.diagnostics.is_empty(), "{:#?}", read.diagnostics);
    Connectors::new(Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: connectors::contents::Contents::none(),
        egress: EGRESS.clone(),
        library: Arc::new(library),
        connections: Arc::new(One { auth, shop }),
        meter: connectors::meter::Metered::default(),
    })
}

async fn call_as(auth: &'static str, server: &Server, action: &str, args: Value) -> Result<Json, Failure> {
    let (id, base) = (format!("parts.{action}"), server.url(""));
    let request = Request { base: Some(&base), ..Request::new(&id, &args, "key") };
    connectors(auth, "mine").call(request).await.map(|value| value.to_json())
}

async fn call(server: &Server, action: &str, args: Json) -> Result<Json, Failure> {
    call_as("bearer", server, action, Value::from_json(args)).await
}

fn told(value: &Json) -> Reply {
    answer(200, &[("content-type", "application/json")], &value.to_string())
}

/// The value of a field in the header of a signed request.
fn signed_field(header: &str, name: &str) -> String {
    let pairs = header.trim_start_matches("OAuth ").split(", ").filter_map(|pair| pair.split_once('='));
    let found = pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.trim_matches('"'));
    percent(found.unwrap_or_default())
}

fn percent(text: &str) -> String {
    url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .unwrap()
        .1
        .into_owned()
}

#[tokio::test]
async fn a_request_of_oauth_1_is_signed_over_its_query_and_its_form() {
    use base64::Engine as _;
    let server = Server::start(|_| told(&json!({})));
    call_as("signed", &server, "form", Value::object::<&str>([])).await.unwrap();
    let request = server.requests().remove(0);
    let header = header(&request, "authorization").unwrap();
    let field = |name: &str| signed_field(header, name);
    assert_eq!(field("oauth_consumer_key"), format!("{CANARY}-consumer_key"));
    assert_eq!(field("oauth_token"), format!("{CANARY}-access"));
    for secret in ["consumer_secret", "access_secret"] {
        assert!(!request.contains(&format!("{CANARY}-{secret}")), "{request}");
    }
    // Worked out once more, by the letter of RFC 5849.
    let mut pairs: Vec<(String, String)> = ["oauth_consumer_key", "oauth_nonce", "oauth_signature_method"]
        .into_iter()
        .chain(["oauth_timestamp", "oauth_token", "oauth_version"])
        .map(|name| (name.to_owned(), field(name)))
        .collect();
    pairs.push(("q".into(), "a b".into()));
    pairs.push(("status".into(), "Hello, you!".into()));
    pairs.sort();
    let escaped = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let one = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.bytes().map(one).collect::<String>()
    };
    let all: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    let base = format!("POST&{}&{}", escaped(&server.url("/form")), escaped(&all.join("&")));
    let key = format!(
        "{}&{}",
        escaped(&format!("{CANARY}-consumer_secret")),
        escaped(&format!("{CANARY}-access_secret"))
    );
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(ring::hmac::sign(&key, base.as_bytes()));
    assert_eq!(field("oauth_signature"), signature);
}

#[tokio::test]
async fn a_secret_is_in_its_place_and_in_nothing_that_comes_of_the_call() {
    let places = [
        ("bearer", format!("authorization: Bearer {CANARY}-token")),
        ("query", format!("GET /a?api_key={CANARY}-key ")),
        ("basic", "authorization: Basic bWluZS90b2tlbjpjYW5hcnktMDEyMzQ1Njc4OS1wYXNzd29yZA==".to_owned()),
    ];
    let mut looked = 0;
    for (auth, place) in places {
        for status in [200, 400, 401, 403, 404, 409, 418, 429, 500, 503] {
            // The service says everything back: the request, in the body and in a header.
            let server = Server::start(move |request| {
                let said = request.replace(['\r', '\n'], " ");
                answer(status, &[("content-type", "text/plain"), ("x-request-id", &said)], &said)
            });
            let got = call_as(auth, &server, "read", Value::Null).await;
            assert!(server.requests()[0].contains(&place), "{auth}: {}", server.requests()[0]);
            let shown = format!("{got:?}");
            assert!(!shown.contains(CANARY) && !shown.contains("bWluZS90b2tlbj"), "{auth} {status}: {shown}");
            looked += 1;
        }
        let preview =
            connectors(auth, "mine").preview(Request::new("parts.read", &Value::Null, "")).await.unwrap();
        assert!(format!("{preview:?}").contains("***"), "{preview:?}");
    }
    assert_eq!(looked, 30);
}

#[tokio::test]
async fn keys_within_the_body_stand_beside_its_fields() {
    let server = Server::start(|_| told(&json!({})));
    call_as("body", &server, "once", Value::Null).await.unwrap();
    let wanted = format!(r#"{{"a":1,"client_id":"{CANARY}-client","secret":"{CANARY}-secret_key"}}"#);
    assert_eq!(body(&server.requests()[0]), wanted);
}

#[tokio::test]
async fn a_field_cannot_lead_to_another_host() {
    let evil = [
        "evil.example/",
        "evil.example#",
        "a@evil.example",
        "evil.example?",
        "x.evil.example/..",
        "a:1",
        "a b",
        "",
    ];
    for shop in evil {
        let got = connectors("bearer", shop).preview(Request::new("parts.read", &Value::Null, "")).await;
        assert!(got.is_err(), "{shop}: {got:?}");
    }
    let got =
        connectors("bearer", "mine").preview(Request::new("parts.read", &Value::Null, "")).await.unwrap();
    assert_eq!(got.url, "https://mine.parts.example/a");
}

#[tokio::test]
async fn a_path_of_the_authors_own_stays_below_the_base() {
    let ask = async |path: &str| {
        let args = Value::object([("path", Value::text(path))]);
        connectors("bearer", "mine").preview(Request::new("parts.request", &args, "")).await
    };
    assert_eq!(ask("/x/7?y=1").await.unwrap().url, "https://mine.parts.example/x/7?y=1");
    for wrong in ["//evil.example/", "https://evil.example", "@evil.example", ".evil.example", ""] {
        assert!(ask(wrong).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_gets_no_secret() {
    for auth in ["bearer", "query", "basic"] {
        let other = Arc::new(Server::start(|_| told(&json!({}))));
        let there = other.url("/b").replace("127.0.0.1", "localhost");
        let server = Server::start(move |_| redirect(302, &there));
        call_as(auth, &server, "read", Value::Null).await.unwrap();
        let seen = other.requests()[0].clone();
        assert!(!seen.contains(CANARY) && header(&seen, "authorization").is_none(), "{auth}: {seen}");
    }
}

#[tokio::test]
async fn what_must_not_be_done_twice_is_tried_again_only_where_nothing_happened() {
    // Status, whether it says how long to wait, and whether `once` and the others may be tried again.
    let cases = [
        (429, false, true, true),
        (429, true, true, true),
        (503, true, true, true),
        (503, false, false, true),
        (500, false, false, true),
        (502, true, false, true),
        (408, false, false, true),
        (404, false, false, false),
        (400, false, false, false),
    ];
    for (status, waits, once, others) in cases {
        let server = Server::start(move |_| {
            let headers: &[(&str, &str)] = if waits { &[("retry-after", "7")] } else { &[] };
            answer(status, headers, "")
        });
        for (action, wanted) in [("once", once), ("read", others), ("again", others)] {
            let failure = call(&server, action, Json::Null).await.unwrap_err();
            assert_eq!((failure.retryable, failure.answered), (wanted, true), "{action} {status} {waits}");
        }
    }
    // Nobody is there: nothing was seen. An answer that broke off: something may have been.
    let gone = Server::saying("").url("");
    for (action, wanted) in [("once", true), ("read", true)] {
        let (id, args) = (format!("parts.{action}"), Value::Null);
        let request = Request { base: Some(&gone), ..Request::new(&id, &args, "") };
        let failure = connectors("bearer", "mine").call(request).await.unwrap_err();
        assert_eq!((failure.kind, failure.retryable), (FailureKind::Network, wanted), "{action}");
    }
    let cut = Server::start(|_| Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec()));
    for (action, wanted) in [("once", false), ("read", true)] {
        let failure = call(&cut, action, Json::Null).await.unwrap_err();
        assert_eq!((failure.retryable, failure.answered), (wanted, false), "{action}");
    }
}

#[tokio::test]
async fn a_hook_that_refuses_its_values_sends_nothing() {
    let server = Server::start(|_| told(&json!({ "id": "1" })));
    let refused = call(&server, "mail", json!({ "to": "nobody" })).await.unwrap_err();
    assert_eq!((refused.kind, refused.retryable), (FailureKind::Invalid, false));
    assert_eq!(refused.message, "`to` has `nobody`, which is no e-mail address");
    assert_eq!(server.requests().len(), 0);
    assert_eq!(
        call(&server, "mail", json!({ "to": "ada@example.com" })).await.unwrap(),
        json!({ "id": "1" })
    );
    assert_eq!(server.requests().len(), 1);
    // Sent again it is the same message.
    call(&server, "mail", json!({ "to": "ada@example.com" })).await.unwrap();
    let requests = server.requests();
    assert_eq!(body(&requests[0]), body(&requests[1]));
}

#[tokio::test]
async fn a_budget_that_is_used_up_sends_nothing() {
    let server = Server::start(|_| told(&json!({})));
    let connectors = connectors("bearer", "mine");
    let base = server.url("");
    for nth in 1..=4 {
        let request = Request { base: Some(&base), ..Request::new("parts.few", &Value::Null, "") };
        let got = connectors.call(request).await;
        match nth {
            1 | 2 => assert!(got.is_ok()),
            _ => {
                let failure = got.unwrap_err();
                assert_eq!(
                    (failure.kind, failure.retryable, failure.answered),
                    (FailureKind::RateLimited, true, true)
                );
                assert!(failure.retry_after.unwrap().as_secs() > 3_500, "{failure:?}");
            }
        }
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn files_go_up_and_come_down() {
    let server = Server::start(|request| match line(request) {
        "GET /file HTTP/1.1" => answer(
            200,
            &[("content-type", "text/plain"), ("content-disposition", "attachment; filename=\"a.txt\"")],
            "hello",
        ),
        _ => told(&json!({})),
    });
    let file =
        || Value::File(Arc::new(File { name: Some("b.csv".into()), ..File::new(*b"1,2", "text/csv") }));
    call_as("bearer", &server, "upload", Value::object([("file", file())])).await.unwrap();
    call_as("bearer", &server, "parts", Value::object([("file", file())])).await.unwrap();
    let got = call_as("bearer", &server, "down", Value::Null).await.unwrap();
    let requests = server.requests();
    assert_eq!((body(&requests[0]), header(&requests[0], "content-type")), ("1,2", Some("text/csv")));
    assert!(body(&requests[1]).contains("filename=\"b.csv\"\r\ncontent-type: text/csv\r\n\r\n1,2\r\n"));
    assert!(!body(&requests[1]).contains("name=\"note\""), "what was not given is left out");
    assert_eq!(got, json!({ "type": "text/plain", "size": 5, "name": "a.txt", "base64": "aGVsbG8=" }));
}

#[tokio::test]
async fn the_next_page_of_graphql_is_a_variable() {
    let server = Server::start(|request| match body(request).contains("\"after\"") {
        false => told(&json!({ "data": { "nodes": [1], "end": "c", "more": true } })),
        true => told(&json!({ "data": { "nodes": [2], "end": "d", "more": false } })),
    });
    let got = call(&server, "ask", json!({ "team": "t" })).await.unwrap();
    assert_eq!(got, json!({ "nodes": [1, 2] }));
    let query = "query($team: ID!, $after: String) { x }";
    let bodies: Vec<Json> =
        server.requests().iter().map(|request| serde_json::from_str(body(request)).unwrap()).collect();
    assert_eq!(bodies[0], json!({ "query": query, "variables": { "team": "t" } }));
    assert_eq!(bodies[1], json!({ "query": query, "variables": { "team": "t", "after": "c" } }));
}

#[tokio::test]
async fn lists_end_with_an_empty_page_a_rule_or_a_failure() {
    let server = Server::start(|request| {
        let line = line(request).to_owned();
        let here = format!("http://{}", header(request, "host").unwrap());
        told(&match line.split(' ').nth(1).unwrap() {
            "/p?per=2" => json!([1, 2]),
            "/p?per=2&page=2" => json!([3]),
            "/p?per=2&page=3" => json!([]),
            "/o" => json!({ "items": [1, 2], "more": true }),
            "/o?skip=2" => json!({ "items": [3], "more": false }),
            "/first" => json!({ "items": [1, 2], "next": "c2" }),
            "/more" if body(request) == r#"{"from":"c2"}"# => json!({ "items": [3], "next": "c3" }),
            "/more" if body(request) == r#"{"from":"c3"}"# => json!({ "items": [], "next": null }),
            "/u" => json!({ "items": [1], "next": "/u?n=2" }),
            "/u?n=2" => json!({ "items": [2], "next": format!("{here}/u?n=3") }),
            "/u?n=3" => json!({ "items": [3], "next": "/u?n=4" }),
            other => panic!("{other}"),
        })
    });
    assert_eq!(call(&server, "by_page", Json::Null).await.unwrap(), json!([1, 2, 3]));
    assert_eq!(call(&server, "by_offset", Json::Null).await.unwrap(), json!([1, 2, 3]));
    assert_eq!(call(&server, "by_call", json!({ "of": "all" })).await.unwrap(), json!([1, 2, 3]));
    let failure = call(&server, "by_url", Json::Null).await.unwrap_err();
    assert_eq!(failure.to_string(), "`parts.by_url` has more than 3 pages; ask for fewer (limit)");
}

#[tokio::test]
async fn each_item_is_asked_about_within_its_bounds_and_keeps_its_place() {
    let most = Arc::new(AtomicUsize::new(0));
    let now = Arc::new(AtomicUsize::new(0));
    let (most_seen, under_way) = (most.clone(), now.clone());
    let server = Server::start(move |request| match line(request).split(' ').nth(1).unwrap() {
        "/ids" => told(&json!({ "ids": [1, 2, 3, 4, 5, 6] })),
        path => {
            most_seen.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(20));
            under_way.fetch_sub(1, Ordering::SeqCst);
            told(&json!({ "name": format!("n{}", &path[5..]) }))
        }
    });
    let got = call(&server, "spread", Json::Null).await.unwrap();
    let wanted: Vec<Json> = (1..=4).map(|id| json!({ "id": id, "name": format!("n{id}") })).collect();
    assert_eq!(got, json!(wanted));
    assert_eq!(server.requests().len(), 5);
    assert!((2..=3).contains(&most.load(Ordering::SeqCst)), "{most:?} at once");
}
