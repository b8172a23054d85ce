//! What webhooks of manifests may say: who chooses the secret of a subscription, and what a signature may cover.

#![allow(clippy::unwrap_used)]

use connectors::library::Library;
use connectors::manifest::trigger::{TriggerKind, Verify};

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
    handshake: { when: request.headers["x-secret"] != null, secret: "request.headers[\"x-secret\"]" }
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
