//! `email`: what a workflow says becomes a message, and what a mail server says becomes a failure of the right kind.

#![allow(clippy::unwrap_used)]

#[path = "../../egress/tests/support/post.rs"]
mod post;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connectors::connection::{Coming, Connection, Connections};
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{File, Object, Value};
use egress::{Client, Policy};
use mail_parser::{MessageParser, MimeHeaders as _};
use post::{Manners, Post, Tls};
use secret::{NoVault, Open, Refused, Secret};
use serde_json::json;

/// An account at a mail server.
struct Account {
    base: Option<String>,
    fields: Vec<(&'static str, Value)>,
}

struct Opens;

impl Open for Opens {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        match (name, host) {
            ("email/main/password", "127.0.0.1") => Ok(Secret::new("canary-0123456789".into())),
            _ => Err(Refused::Host { name: name.into(), host: host.into() }),
        }
    }
}

impl Connections for Account {
    fn fresh<'a>(&'a self, _: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let fields: Object =
            self.fields.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        let connection = Connection {
            name: "main".into(),
            owner: String::new(),
            auth: "password".into(),
            fields,
            secrets: BTreeMap::from([("password".to_owned(), "email/main/password".to_owned())]),
            made: 0,
            version: 0,
            base: self.base.clone(),
            open: Arc::new(Opens),
        };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, _: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, "connect again"))))
    }
}

fn connectors_of(account: Account) -> Connectors {
    let policy = Policy { allow_private: true, timeout: Duration::from_secs(2), ..Policy::default() };
    Connectors::new(Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: connectors::contents::Contents::none(),
        egress: Client::new(policy, Arc::new(NoVault)),
        library: Arc::new(Library::embedded()),
        connections: Arc::new(account),
        meter: connectors::meter::Metered::default(),
    })
}

fn at(post: &Post) -> Connectors {
    let base = Some(format!("smtp://{}", post.address));
    let fields = vec![("host", "smtp.example.com".into()), ("user", "ada@example.com".into())];
    connectors_of(Account { base, fields })
}

async fn send(post: &Post, with: serde_json::Value, key: &str) -> Result<Value, Failure> {
    at(post).call(Request::new("email.send", &Value::from_json(with), key)).await
}

fn small() -> serde_json::Value {
    json!({ "to": "bob@example.com", "subject": "Hi", "text": "Hello" })
}

#[tokio::test]
async fn a_message_arrives_as_it_was_meant_and_who_is_unseen_stays_so() {
    let post = Post::well(Tls::None);
    let file = Value::File(Arc::new(File {
        name: Some("ü.bin".into()),
        ..File::new(&b"\xffdata"[..], "image/x-own")
    }));
    let with = Value::object([
        ("to", Value::list(vec!["Bob B. <bob@example.com>".into(), "eve@example.com".into()])),
        ("cc", "\"C, D\" <cd@example.com>".into()),
        ("bcc", "hidden@example.com, bob@example.com".into()),
        ("subject", "Grüße\r\nBcc: evil@example.com".into()),
        ("text", ".\r\n.\r\nText".into()),
        ("html", "<p>Text</p>".into()),
        ("reply_to", "desk@example.com".into()),
        ("attachments", Value::list(vec![file])),
        ("in_reply_to", "<a@example.com>".into()),
    ]);
    let got = at(&post).call(Request::new("email.send", &with, "key-1")).await.unwrap();
    let to: Vec<String> = post.lines().iter().filter(|line| line.starts_with("RCPT")).cloned().collect();
    let told = ["bob@example.com", "eve@example.com", "cd@example.com", "hidden@example.com"];
    assert_eq!(to, told.map(|to| format!("RCPT TO:<{to}>")), "each once, the unseen one too");
    assert_eq!(got.get("to").unwrap().to_json(), json!(told));
    let raw = post.messages().remove(0);
    assert!(!raw.contains("hidden@example.com") && !raw.to_lowercase().contains("\r\nbcc:"), "{raw}");
    // The dots that the way adds are taken off by who takes it.
    let taken = raw.replace("\r\n..", "\r\n.");
    let message = MessageParser::default().parse(taken.as_bytes()).unwrap();
    assert_eq!(message.from().unwrap().first().unwrap().address().unwrap(), "ada@example.com");
    assert_eq!(message.subject().unwrap(), "Grüße Bcc: evil@example.com");
    assert_eq!(message.body_text(0).unwrap().trim_end(), ".\r\n.\r\nText");
    assert_eq!(message.body_html(0).unwrap().trim_end(), "<p>Text</p>");
    assert_eq!(message.reply_to().unwrap().first().unwrap().address().unwrap(), "desk@example.com");
    let file = message.attachment(0).unwrap();
    assert_eq!((file.attachment_name(), file.contents()), (Some("ü.bin"), &b"\xffdata"[..]));
    assert!(message.date().is_some() && raw.is_ascii());
    let id = got.get("message_id").unwrap().as_text().unwrap().to_owned();
    assert_eq!(format!("<{}>", message.message_id().unwrap()), id);
    assert!(id.ends_with("@example.com>"), "{id}");
}

#[tokio::test]
async fn a_repeat_of_a_step_has_the_same_id_and_another_step_another() {
    let post = Post::well(Tls::None);
    let mut ids = vec![];
    for key in ["run-1.step", "run-1.step", "run-2.step"] {
        let got = send(&post, small(), key).await.unwrap();
        ids.push(got.get("message_id").unwrap().to_string());
    }
    assert!(ids[0] == ids[1] && ids[0] != ids[2], "{ids:?}");
    assert!(!ids[0].contains("run"), "it tells nothing of the run: {}", ids[0]);
}

#[tokio::test]
async fn what_cannot_be_a_message_is_refused_before_anybody_is_asked() {
    let post = Post::well(Tls::None);
    for (with, kind) in [
        (json!({ "to": "nobody", "subject": "x" }), FailureKind::Invalid),
        (json!({ "to": [], "subject": "x" }), FailureKind::Invalid),
        (json!({ "to": "a@b.example>\r\nRCPT TO:", "subject": "x" }), FailureKind::Invalid),
        (
            json!({ "to": "a@b.example", "subject": "x", "from": "a@b.example, c@d.example" }),
            FailureKind::Invalid,
        ),
        (json!({ "to": "a@b.example", "subject": "x", "in_reply_to": "<a>\r\nX: y" }), FailureKind::Invalid),
        (json!({ "to": "a@b.example" }), FailureKind::Type),
    ] {
        let refused = send(&post, with.clone(), "k").await.unwrap_err();
        assert_eq!(refused.kind, kind, "{with}: {refused}");
    }
    assert_eq!(post.lines(), [""; 0]);
    // What stands before an address in brackets is a name, whatever it is: it gives no line of its own to anything.
    let with = json!({ "to": "a@b.example\r\nRCPT TO:<c@d.example>", "subject": "x\r\nX-Own: y", "from": "E\nX-Own: y <e@f.example>" });
    send(&post, with, "k").await.unwrap();
    let told: Vec<String> = post.lines().iter().filter(|line| line.starts_with("RCPT")).cloned().collect();
    assert_eq!(told, ["RCPT TO:<c@d.example>"]);
    assert!(!post.messages()[0].contains("\nX-Own"), "{}", post.messages()[0]);
}

/// What comes of a message to a server with manners: the kind, whether it is tried again, and whether it is known.
async fn comes(manners: Manners) -> (FailureKind, bool, bool) {
    let post = Post::start(Tls::None, Manners { offers: vec!["AUTH PLAIN"], ..manners });
    let failure = send(&post, small(), "k").await.unwrap_err();
    assert!(!failure.message.contains("canary"), "{failure}");
    (failure.kind, failure.retryable, failure.answered)
}

#[tokio::test]
async fn only_what_surely_did_not_happen_is_tried_again() {
    let instead = |at, text| Manners { instead: vec![(at, text)], ..Manners::default() };
    let hangs_up = |at| Manners { hangs_up_at: Some(at), ..Manners::default() };
    assert_eq!(comes(instead("AUTH", "535 no")).await, (FailureKind::Auth, false, true));
    assert_eq!(comes(instead("AUTH", "454 later")).await, (FailureKind::Server, true, true));
    assert_eq!(comes(instead("MAIL", "451 later")).await, (FailureKind::Server, true, true));
    assert_eq!(comes(instead("RCPT", "550 nobody")).await, (FailureKind::Invalid, false, true));
    assert_eq!(comes(instead(".", "552 too long")).await, (FailureKind::Limit, false, true));
    assert_eq!(comes(instead(".", "554 spam")).await, (FailureKind::Permission, false, true));
    assert_eq!(comes(hangs_up("MAIL")).await, (FailureKind::Network, true, true));
    // The message may be on its way: nobody sends it again unasked.
    assert_eq!(comes(hangs_up(".")).await, (FailureKind::Network, false, false));
}

#[tokio::test]
async fn a_connection_is_tried_without_a_message() {
    let post = Post::well(Tls::None);
    assert_eq!(at(&post).verify("email", None).await.unwrap(), "ada@example.com");
    assert!(post.messages().is_empty() && !post.lines().iter().any(|line| line.starts_with("MAIL")));
    let no = Post::start(
        Tls::None,
        Manners { instead: vec![("AUTH", "535 no")], offers: vec!["AUTH PLAIN"], ..Manners::default() },
    );
    assert_eq!(at(&no).verify("email", None).await.unwrap_err().kind, FailureKind::Auth);
}

#[tokio::test]
async fn a_password_goes_to_the_host_of_the_connection_alone_and_a_preview_shows_none() {
    // A server elsewhere, at a host that the vault does not know for this password.
    let fields = vec![("host", "localhost.example.com".into()), ("user", "ada@example.com".into())];
    let elsewhere = connectors_of(Account { base: None, fields });
    let with = Value::from_json(small());
    let preview = elsewhere.preview(Request::new("email.send", &with, "k")).await.unwrap();
    assert_eq!((preview.method.as_str(), preview.url.as_str()), ("MAIL", "smtp://localhost.example.com:587"));
    assert!(preview.body.contains("Subject: Hi") && !preview.body.contains("canary"), "{}", preview.body);
    for (port, security, url) in [
        (465, None, "smtps://smtp.example.com:465"),
        (2525, Some("tls"), "smtps://smtp.example.com:2525"),
        (465, Some("starttls"), "smtp://smtp.example.com:465"),
    ] {
        let mut fields = vec![("host", "smtp.example.com".into()), ("user", "a@b.example".into())];
        fields.push(("port", Value::Int(port)));
        fields.extend(security.map(|security| ("security", Value::text(security))));
        let account = connectors_of(Account { base: None, fields });
        assert_eq!(account.preview(Request::new("email.send", &with, "k")).await.unwrap().url, url);
    }
}
