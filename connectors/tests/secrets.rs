//! What webhooks of manifests may say: who chooses the secret of a subscription, and what a signature may cover; and that
//! calls of services that say so are held against it.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use connectors::connection::Connection;
use connectors::event::{Called, Heard, Refused, Said, hear, is_provable, webhook};
use connectors::library::Library;
use connectors::manifest::trigger::{TriggerKind, Verify};
use dsl::value::Value;
use jiff::Timestamp;
use secret::Secret;

const HOOKS: &str = r#"
connector: hooks
name: Hooks
version: 1.0.0
about: A service that calls.
hosts: [hooks.example]
base: https://hooks.example
connection:
  secrets: { signing_secret: { type: string, description: "The secret." } }
auth:
  token: { kind: bearer }
actions:
  read: { about: Read., effect: read, safety: read, request: { method: GET, path: /a }, returns: any }
triggers:
  told:
    about: Something happened.
    kind: KIND
    verify:
      scheme: hmac
      secret: SECRET
      signed: "{{ request.raw }}{{ request.url }}"
      signature: { header: x-signature }
    handshake:
      when: request.headers["x-secret"] != null
      secret: request.headers["x-secret"]
    MORE
    dedupe: { key: "{{ request.body.id }}" }
    returns: { id: string }
"#;

fn read(kind: &str, secret: &str, more: &str) -> (Library, Vec<String>) {
    let text = HOOKS.replace("KIND", kind).replace("SECRET", secret).replace("MORE", more);
    let library = Library::default().with_text("hooks", text);
    let said = library.read("hooks").unwrap().diagnostics.iter().map(|wrong| wrong.message.clone()).collect();
    (library, said)
}

#[test]
fn a_service_may_choose_the_secret_of_a_subscription_and_sign_the_address_too() {
    let more = "subscribe: { method: POST, path: /hooks, json: { url: \"{{ hook.url }}\" } }";
    let (library, said) = read("webhook_subscription", "hook", more);
    assert!(said.is_empty(), "{said:?}");
    let trigger = &library.find("hooks").unwrap().triggers[0];
    let TriggerKind::Subscription(subscription) = &trigger.kind else { panic!("{:?}", trigger.kind) };
    assert!(subscription.webhook.handshake.as_ref().unwrap().secret.is_some());
    assert!(matches!(&subscription.webhook.verify, Verify::Signed(signed) if signed.header == "x-signature"));
}

#[test]
fn nobody_chooses_the_secret_of_a_webhook_by_calling_it_first() {
    let (_, said) = read("webhook", "signing_secret", "");
    assert_eq!(said, ["only a subscription has a secret of its own, which the service may choose"]);
}

#[test]
fn a_secret_that_a_service_chooses_can_be_kept_where_it_is_of_a_subscription_alone() {
    let embedded = Library::embedded();
    let provable = |library: &Library, connector: &str, trigger: &str| {
        let triggers = &library.find(connector).unwrap().triggers;
        let trigger = triggers.iter().find(|known| known.name == trigger).unwrap();
        webhook(trigger).is_some_and(is_provable)
    };
    for (connector, trigger) in [("asana", "project_event"), ("trello", "new_card"), ("gitlab", "push")] {
        assert!(provable(&embedded, connector, trigger), "{connector}.{trigger}");
    }
    // Nobody knows whose secret it would be where the account has one already.
    let more = "subscribe: { method: POST, path: /hooks, json: { url: \"{{ hook.url }}\" } }";
    let (own, _) = read("webhook_subscription", "hook", more);
    let (of_account, _) = read("webhook_subscription", "signing_secret", more);
    assert!(provable(&own, "hooks", "told"));
    assert!(!provable(&of_account, "hooks", "told"));
}

const TRELLO: &str = r#"{"action":{"id":"a1","type":"createCard","date":"2026-01-02T03:04:05.000Z","data":{},"memberCreator":{"id":"m1","username":"ann"}}}"#;
const ZENDESK: &str = r#"{"id":"e1","type":"zen:event-type:ticket.created","time":"2026-01-02T03:04:05Z","subject":"zen:ticket:35","detail":{"id":"35"},"event":{}}"#;
const JIRA: &str =
    r#"{"webhookEvent":"jira:issue_created","timestamp":1767323045000,"issue":{"id":"1","key":"WEB-1"}}"#;
const GITLAB: &str =
    r#"{"object_kind":"push","ref":"refs/heads/main","before":"a","after":"b","commits":[]}"#;

/// A call of a service at the address that it was told.
fn call(method: &str, url: &str, headers: &[(&str, &str)], body: &'static str) -> Said {
    let headers = [&[("content-type", "application/json")], headers].concat();
    Said {
        method: method.into(),
        url: Secret::new(url.into()),
        headers: headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        query: vec![],
        raw: Bytes::from_static(body.as_bytes()),
    }
}

/// What is heard of a call, five seconds after the time of the examples.
fn heard(connector: &str, trigger: &str, said: &Said) -> Result<Heard, Refused> {
    let library = Library::embedded();
    let triggers = &library.find(connector).unwrap().triggers;
    let trigger = triggers.iter().find(|known| known.name == trigger).unwrap();
    let (input, connection) = (Value::object::<&str>([]), Connection::nobody("token"));
    let secret = Secret::new("hush".into());
    let now: Timestamp = "2026-01-02T03:04:10Z".parse().unwrap();
    let called =
        Called { trigger, input: &input, connection: &connection, secret: Some(&secret), keys: None, now };
    hear(&called, said)
}

/// The signatures were made with another program, by the descriptions of the services.
#[test]
fn services_of_tasks_prove_who_they_are_and_nobody_else_does() {
    const URL: &str = "https://keyway.example/hooks/kwh_1";
    let zendesk = |time: &'static str| {
        [
            ("x-zendesk-webhook-signature-timestamp", time),
            ("x-zendesk-webhook-signature", "pbYD+B+lnghydDTA18WeUz+gAeU/9kdatzJCM6PQrnw="),
        ]
    };
    let jira = "sha256=e4cee48065cfafa27090b4f9b25215abed719af8a493d426eb230c4281132d24";
    let (trello, time) = ([("x-trello-webhook", "XENJlaGawZEub+ZCUSM6k+dGOIs=")], "2026-01-02T03:04:05Z");
    let right = [
        ("trello", "new_card", call("POST", URL, &trello, TRELLO), "a1"),
        ("zendesk", "ticket_event", call("POST", URL, &zendesk(time), ZENDESK), "e1"),
        (
            "jira",
            "issue_event",
            call("POST", URL, &[("x-hub-signature", jira)], JIRA),
            // The identifier of a delivery is not signed.
            "0f69ee0fece82b328cec8146d6976fa30ace81f19fff93b7f3500bfdac14d41b",
        ),
        (
            "gitlab",
            "push",
            call("POST", URL, &[("x-gitlab-token", "hush"), ("x-gitlab-event-uuid", "u1")], GITLAB),
            "u1",
        ),
    ];
    for (connector, trigger, said, key) in right {
        match heard(connector, trigger, &said) {
            Ok(Heard::Events(events)) if events.len() == 1 => assert_eq!(events[0].key, key, "{connector}"),
            other => panic!("{connector}: {other:?}"),
        }
    }
    let wrong = [
        // The same call at an address that was told to nobody, and another body.
        ("trello", "new_card", call("POST", "https://keyway.example/hooks/kwh_2", &trello, TRELLO)),
        ("trello", "new_card", call("POST", URL, &trello, "{}")),
        ("zendesk", "ticket_event", call("POST", URL, &zendesk("2026-01-02T03:04:06Z"), ZENDESK)),
        ("jira", "issue_event", call("POST", URL, &[("x-hub-signature", jira)], "{}")),
        ("gitlab", "push", call("POST", URL, &[("x-gitlab-token", "hush ")], GITLAB)),
    ];
    for (connector, trigger, said) in wrong {
        let refused = heard(connector, trigger, &said);
        assert!(matches!(refused, Err(Refused::Unproven(_))), "{connector}: {refused:?}");
    }
    // Trello looks first whether somebody is there, and cannot sign that.
    let asked = heard("trello", "new_card", &call("HEAD", URL, &[], ""));
    assert!(matches!(asked, Ok(Heard::Asked(answer)) if answer.status == 200));
    // Unsigned, everything else is refused.
    let unsigned = heard("trello", "new_card", &call("POST", URL, &[], TRELLO));
    assert!(matches!(unsigned, Err(Refused::Unsigned(_))), "{unsigned:?}");
}
