//! Services that are asked again and again, and those that are told an address: by their manifests, against a server on this
//! machine.

#![allow(clippy::unwrap_used)]

#[path = "../../egress/tests/support/mod.rs"]
mod support;

#[path = "asked/services.rs"]
mod services;

use std::sync::{Arc, LazyLock, Mutex};

use connectors::connection::{Coming, Connection, Connections};
use connectors::event::poll::{Question, Told};
use connectors::event::subscribe::{About, Hook, renewal};
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::manifest::trigger::TriggerKind;
use connectors::{Connectors, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use egress::{Client, Policy};
use secret::{NoVault, Open, Refused, Secret};
use serde_json::{Value as Json, json};
use support::{Reply, Server, answer, body, header, line};

static EGRESS: LazyLock<Client> =
    LazyLock::new(|| Client::new(Policy { allow_private: true, ..Policy::default() }, Arc::new(NoVault)));

/// A service whose subscriptions end.
const ENDS: &str = r#"connector: ends
name: Ends
version: 1.0.0
about: A service whose subscriptions end.
docs: https://ends.example/docs
setup: [Nothing.]
hosts: [api.ends.example]
base: https://api.ends.example
auth:
  token: { kind: bearer, about: A token. }
actions:
  look:
    about: Look.
    effect: read
    safety: read
    request: { method: GET, path: /look }
    returns: { id: string }
triggers:
  change:
    about: It happens.
    kind: webhook_subscription
    input: { of: { type: string, description: "Of what." } }
    verify: { scheme: shared_token, secret: hook, value: request.body.state }
    subscribe: { method: POST, path: /subs, json: { of: "{{ input.of }}", to: "{{ hook.url }}", state: "{{ hook.secret }}" } }
    remember: { id: "{{ response.body.id }}", expires: "{{ response.body.expires }}" }
    renew:
      request: { method: PATCH, path: "/subs/{{ subscription.id }}", json: { longer: true } }
      expires: subscription.expires
      before: 1h
    unsubscribe: { method: DELETE, path: "/subs/{{ subscription.id }}" }
    dedupe: { key: "{{ request.body.id }}" }
    output: "{{ request.body }}"
    returns: { id: string }
"#;

struct Canary;

impl Open for Canary {
    fn open(&self, name: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new(format!("canary-{name}")))
    }
}

struct One;

impl Connections for One {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let way = &manifest.auth[0];
        let secrets = way.secrets.iter().map(|field| (field.name.clone(), field.name.clone())).collect();
        let open: Arc<dyn Open> = Arc::new(Canary);
        let connection = Connection { secrets, open, ..Connection::nobody(&way.id) };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, _: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, "connect again"))))
    }
}

fn library() -> Arc<Library> {
    Arc::new(Library::embedded().with_text("ends", ENDS.into()))
}

fn settings(library: &Arc<Library>) -> Settings {
    Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: connectors::contents::Contents::none(),
        egress: EGRESS.clone(),
        library: library.clone(),
        connections: Arc::new(One),
        meter: connectors::meter::Metered::default(),
    }
}

fn connectors(library: &Arc<Library>) -> Connectors {
    Connectors::new(settings(library))
}

fn told(value: &Json) -> Reply {
    answer(200, &[("content-type", "application/json")], &value.to_string())
}

async fn ask(server: &Server, event: &str, input: Json, since: Option<&Value>) -> Result<Told, Failure> {
    let library = library();
    let (connector, name) = event.split_once('.').unwrap();
    let manifest = library.find(connector).unwrap();
    let trigger = manifest.triggers.iter().find(|trigger| trigger.name == name).unwrap();
    let TriggerKind::Poll(poll) = &trigger.kind else { panic!("{event} is not asked for") };
    let (input, base) = (Value::from_json(input), server.url(""));
    let question =
        Question { manifest, trigger, poll, input: &input, connection: None, since, base: Some(&base) };
    connectors(&library).ask(&question).await
}

fn issue(number: i64, updated: &str) -> Json {
    json!({
        "number": number, "title": format!("t{number}"), "state": "open", "html_url": "https://x", "body": null,
        "user": { "login": "u" }, "labels": [], "updated_at": updated, "created_at": updated,
    })
}

fn keys(told: &Told) -> Vec<&str> {
    told.events.iter().map(|event| event.key.as_str()).collect()
}

#[tokio::test]
async fn a_service_is_asked_from_its_cursor_on_and_a_little_before() {
    let server = Server::start(|_| {
        told(&json!([
            issue(3, "2026-01-05T09:00:30Z"),
            issue(1, "2026-01-05T08:00:00Z"),
            issue(2, "2026-01-05T09:00:00Z"),
        ]))
    });
    let input = json!({ "owner": "acme", "repo": "shop" });
    let first = ask(&server, "github.updated_issue", input.clone(), None).await.unwrap();
    // What is far older than the newest is not even noted; the oldest comes first.
    assert_eq!(keys(&first), ["2:2026-01-05T09:00:00Z", "3:2026-01-05T09:00:30Z"]);
    assert_eq!(first.since.as_ref().map(ToString::to_string).as_deref(), Some("2026-01-05T09:00:30Z"));
    assert!(!line(&server.requests()[0]).contains("since="), "{}", server.requests()[0]);
    let again = ask(&server, "github.updated_issue", input, first.since.as_ref()).await.unwrap();
    assert_eq!((keys(&again), &again.since), (keys(&first), &first.since));
    let asked = server.requests()[1].clone();
    assert!(line(&asked).contains("since=2026-01-05T08%3A59%3A30Z"), "{asked}");
}

#[tokio::test]
async fn a_service_that_says_no_is_a_failure_and_no_event() {
    let server = Server::start(|_| answer(500, &[("content-type", "application/json")], "{}"));
    let input = json!({ "owner": "acme", "repo": "shop" });
    let failure = ask(&server, "github.updated_issue", input, None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Server);
}

fn hook() -> Hook {
    Hook {
        url: Secret::new("https://kw.example.com/hooks/kwh_1".into()),
        secret: Secret::new("told-to-the-service".into()),
    }
}

#[tokio::test]
async fn a_service_is_told_an_address_with_a_secret_and_it_is_taken_back() {
    let server = Server::start(|request| match line(request).split(' ').next() {
        Some("POST") => answer(201, &[("content-type", "application/json")], r#"{"id":77}"#),
        _ => answer(204, &[], ""),
    });
    let (library, base, input) =
        (library(), server.url(""), Value::from_json(json!({ "owner": "acme", "repo": "shop" })));
    let manifest = library.find("github").unwrap();
    let trigger = manifest.triggers.iter().find(|trigger| trigger.name == "push").unwrap();
    let TriggerKind::Subscription(subscription) = &trigger.kind else { panic!() };
    let about = About { manifest, trigger, subscription, input: &input, connection: None, base: Some(&base) };
    let connectors = connectors(&library);
    let kept = connectors.subscribe(&about, &hook()).await.unwrap().kept;
    assert_eq!(kept.to_json(), json!({ "id": 77 }));
    let asked = server.requests()[0].clone();
    assert!(line(&asked).starts_with("POST /repos/acme/shop/hooks "), "{asked}");
    let sent: Json = serde_json::from_str(body(&asked)).unwrap();
    assert_eq!(sent["config"]["url"], "https://kw.example.com/hooks/kwh_1");
    assert_eq!(sent["config"]["secret"], "told-to-the-service");
    assert_eq!(header(&asked, "authorization"), Some("Bearer canary-token"));
    connectors.unsubscribe(&about, &kept).await.unwrap();
    let asked = server.requests()[1].clone();
    assert!(line(&asked).starts_with("DELETE /repos/acme/shop/hooks/77 "), "{asked}");
    // It lasts: nothing is to be renewed.
    assert_eq!(renewal(subscription, &kept), None);
}

#[tokio::test]
async fn a_subscription_that_ends_is_renewed_before_and_one_that_is_gone_is_taken_back() {
    let gone = Arc::new(Mutex::new(false));
    let is_gone = gone.clone();
    let server = Server::start(move |request| match line(request).split(' ').next() {
        Some("POST") => told(&json!({ "id": "s1", "expires": "2026-01-05T09:00:00Z" })),
        Some("PATCH") => told(&json!({ "expires": "2026-01-06T09:00:00Z" })),
        _ if *is_gone.lock().unwrap() => answer(404, &[], ""),
        _ => answer(500, &[], ""),
    });
    let (library, base, input) = (library(), server.url(""), Value::from_json(json!({ "of": "x" })));
    let manifest = library.find("ends").unwrap_or_else(|| panic!("{:#?}", library.read("ends")));
    let trigger = &manifest.triggers[0];
    let TriggerKind::Subscription(subscription) = &trigger.kind else { panic!() };
    let about = About { manifest, trigger, subscription, input: &input, connection: None, base: Some(&base) };
    let connectors = connectors(&library);
    let kept = connectors.subscribe(&about, &hook()).await.unwrap().kept;
    assert_eq!(renewal(subscription, &kept), Some("2026-01-05T08:00:00Z".parse().unwrap()));
    let fresh = connectors.renew(&about, &kept, &hook()).await.unwrap().kept;
    assert_eq!(fresh.to_json(), json!({ "id": "s1", "expires": "2026-01-06T09:00:00Z" }));
    assert_eq!(renewal(subscription, &fresh), Some("2026-01-06T08:00:00Z".parse().unwrap()));
    assert!(connectors.unsubscribe(&about, &fresh).await.is_err());
    *gone.lock().unwrap() = true;
    connectors.unsubscribe(&about, &fresh).await.unwrap();
    // The address and its secret are in no request but the one that tells them.
    let told = server.requests().iter().filter(|request| request.contains("told-to-the-service")).count();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn a_secret_that_a_service_chooses_in_its_answer_is_told_apart_and_remembered_nowhere() {
    for (secret, taken) in [("O94IM25S7PXBPYTMNXLLET230SRP0S89", true), ("short", false), ("", false)] {
        let server = Server::start(move |request| match line(request).split(' ').next() {
            Some("POST") => {
                told(&json!({ "id": "w1", "webhook": { "id": "w1", "secret": secret, "health": {} } }))
            }
            _ => answer(200, &[("content-type", "application/json")], "{}"),
        });
        let (library, base, input) =
            (library(), server.url(""), Value::from_json(json!({ "workspace": "900", "list": 124 })));
        let manifest = library.find("clickup").unwrap();
        let trigger = manifest.triggers.iter().find(|trigger| trigger.name == "new_task").unwrap();
        let TriggerKind::Subscription(subscription) = &trigger.kind else { panic!() };
        let about =
            About { manifest, trigger, subscription, input: &input, connection: None, base: Some(&base) };
        let connectors = connectors(&library);
        let subscribed = connectors.subscribe(&about, &hook()).await;
        let asked = server.requests()[0].clone();
        assert!(line(&asked).starts_with("POST /team/900/webhook "), "{asked}");
        let sent: Json = serde_json::from_str(body(&asked)).unwrap();
        let endpoint = "https://kw.example.com/hooks/kwh_1";
        assert_eq!(sent, json!({ "endpoint": endpoint, "events": ["taskCreated"], "list_id": 124 }));
        let subscribed = match (subscribed, taken) {
            (Ok(subscribed), true) => subscribed,
            (Err(failure), false) => {
                assert_eq!((failure.kind, failure.answered), (FailureKind::Server, true));
                continue;
            }
            (told, _) => panic!("{secret}: {told:?}"),
        };
        assert_eq!(subscribed.secret.as_ref().map(Secret::expose), Some(secret));
        assert_eq!(subscribed.kept.to_json(), json!({ "id": "w1" }));
        connectors.unsubscribe(&about, &subscribed.kept).await.unwrap();
        assert!(line(&server.requests()[1]).starts_with("DELETE /webhook/w1 "));
    }
    // The control: one that chooses nothing tells none.
    let server = Server::start(|_| told(&json!({ "id": 77, "secret": "not-asked-for-0123456789" })));
    let (library, base, input) =
        (library(), server.url(""), Value::from_json(json!({ "owner": "acme", "repo": "shop" })));
    let manifest = library.find("github").unwrap();
    let trigger = manifest.triggers.iter().find(|trigger| trigger.name == "push").unwrap();
    let TriggerKind::Subscription(subscription) = &trigger.kind else { panic!() };
    let about = About { manifest, trigger, subscription, input: &input, connection: None, base: Some(&base) };
    assert!(connectors(&library).subscribe(&about, &hook()).await.unwrap().secret.is_none());
}

#[test]
fn a_secret_is_chosen_once_and_something_is_held_against_it() {
    let chosen = "    secret: response.body.secret\n    remember: { id:";
    let said = |text: String| {
        let library = Library::default().with_text("ends", text);
        let read = library.read("ends").unwrap();
        read.diagnostics.iter().map(|wrong| wrong.message.clone()).collect::<Vec<_>>()
    };
    assert!(ENDS.contains("    remember: { id:"));
    let right = ENDS.replace("    remember: { id:", chosen);
    assert!(said(right.clone()).is_empty(), "{:?}", said(right));
    let open = right
        .replace("{ scheme: shared_token, secret: hook, value: request.body.state }", "{ scheme: address }");
    assert_eq!(said(open), ["a secret is chosen, and `verify` holds nothing against it"]);
    let twice = right.replace(
        "    subscribe:",
        "    handshake: { when: request.body.secret != null, secret: request.body.secret }\n    subscribe:",
    );
    assert_eq!(said(twice), ["`handshake.secret` and `secret` exclude each other"]);
    let poll =
        ENDS.replace("kind: webhook_subscription", "kind: webhook").replace("    remember: { id:", chosen);
    assert!(said(poll).iter().any(|said| said.contains("`secret`")), "a webhook chooses no secret");
}
