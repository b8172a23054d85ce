//! `imap`: a mailbox at a real server is read and put in order, what is new is found once, and a hostile server gets nothing.

#![allow(clippy::unwrap_used)]

#[path = "support/dovecot.rs"]
mod dovecot;
#[path = "support/mailbox.rs"]
mod mailbox;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connectors::connection::{Coming, Connection, Connections};
use connectors::event::poll::{Question, Told};
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::manifest::trigger::TriggerKind;
use connectors::{Connectors, Request, Settings};
use dovecot::{CANARY, Dovecot};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Object, Value};
use egress::{Client, Policy};
use mailbox::{Double, Instead, Manners, RAW, says};
use secret::{NoVault, Open, Refused, Secret};
use serde_json::{Value as Json, json};

struct Opens;

impl Open for Opens {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        match host {
            "127.0.0.1" => Ok(Secret::new(CANARY.into())),
            _ => Err(Refused::Host { name: name.into(), host: host.into() }),
        }
    }
}

/// An account at a mailbox.
#[derive(Clone)]
struct Account {
    base: Option<String>,
    fields: Vec<(&'static str, Value)>,
    policy: Policy,
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
            secrets: BTreeMap::from([("password".to_owned(), "imap/main/password".to_owned())]),
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

impl Account {
    fn at(base: String) -> Account {
        let fields = vec![("host", "imap.example.com".into()), ("user", "ada@example.com".into())];
        let policy = Policy { allow_private: true, ..Policy::default() };
        Account { base: Some(base), fields, policy }
    }

    fn of(double: &Double) -> Account {
        Account::at(format!("imap://{}", double.address))
    }

    fn connectors(&self) -> Connectors {
        Connectors::new(Settings {
            files: "/nowhere".into(),
            protected: vec![],
            contents: connectors::contents::Contents::none(),
            egress: Client::new(self.policy.clone(), Arc::new(NoVault)),
            library: Arc::new(Library::embedded()),
            connections: Arc::new(self.clone()),
            meter: connectors::meter::Metered::default(),
        })
    }

    /// Calls an action. Whatever comes of it has no password in it.
    async fn ask(&self, action: &str, with: Json) -> Result<Json, Failure> {
        let id = format!("imap.{action}");
        let with = Value::from_json(with);
        let done = self.connectors().call(Request::new(&id, &with, "key")).await.map(|value| value.to_json());
        assert!(!format!("{done:?}").contains(CANARY), "the password came back: {done:?}");
        done
    }

    /// Asks what arrived, as a trigger does.
    async fn told(&self, folder: &str, since: Option<&Value>) -> Result<Told, Failure> {
        let library = Library::embedded();
        let manifest = library.find("imap").unwrap();
        let trigger = manifest.triggers.iter().find(|trigger| trigger.name == "new_message").unwrap();
        let TriggerKind::Poll(poll) = &trigger.kind else { panic!("it is asked") };
        let input = Value::object([("folder", Value::text(folder))]);
        let question =
            Question { manifest, trigger, poll, input: &input, connection: None, since, base: None };
        self.connectors().ask(&question).await
    }
}

fn subjects(told: &Told) -> Vec<String> {
    told.events.iter().map(|event| event.value.get("subject").unwrap().to_string()).collect()
}

fn message(subject: &str) -> String {
    format!(
        "From: Bob <bob@example.com>\nTo: ada@example.com\nSubject: {subject}\nMessage-ID: <{subject}@b>\n\nHello {subject}\n"
    )
}

const MIXED: &str = "From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\nTo: ada@example.com, \"B, C\" <b@example.com>\n\
Subject: =?utf-8?q?Rechnung_f=C3=BCr_M=C3=A4rz?=\nDate: Sun, 1 Feb 2026 09:00:00 +0100\nMessage-ID: <r1@example.com>\n\
References: <a@x> <b@x>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\
Content-Type: multipart/alternative; boundary=i\n\n--i\nContent-Type: text/plain; charset=iso-8859-1\n\
Content-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe {{ 1 + 1 }}\n--i\nContent-Type: text/html\n\n<b>Hi</b>\n--i--\n\
--o\nContent-Type: application/pdf; name=x.pdf\nContent-Disposition: attachment; filename=\"../a/bill.pdf\"\n\
Content-Transfer-Encoding: base64\n\nJVBERi0=\n--o--\n";

#[tokio::test]
async fn a_mailbox_of_dovecot_is_read_and_put_in_order() {
    let Some(server) = Dovecot::start() else { return };
    let account = Account::at(format!("imap://127.0.0.1:{}", server.open));
    let user = "ada@example.com";
    assert_eq!(account.ask("check", json!({})).await.unwrap(), json!({ "host": "127.0.0.1" }));
    server.by_hand(user, &["CREATE \"Entw&APw-rfe\"".into(), "CREATE Done".into()]);
    let folders = account.ask("list_folders", json!({})).await.unwrap();
    let folder =
        |name: &str, purpose: Json| json!({ "name": name, "purpose": purpose, "holds_messages": true });
    let wanted = [
        folder("Done", Json::Null),
        folder("Entwürfe", Json::Null),
        folder("INBOX", Json::Null),
        folder("Trash", "trash".into()),
    ];
    assert_eq!(folders["folders"], json!(wanted));

    server.arrives(user, "INBOX", &message("one"));
    server.arrives(user, "INBOX", MIXED);
    server.arrives(user, "INBOX", &message("three"));
    let list = async |with: Json| account.ask("list_messages", with).await.unwrap();
    let found = |list: &Json| -> Vec<String> {
        list["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["subject"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = list(json!({})).await;
    assert_eq!(
        (found(&all), &all["more"]),
        (vec!["three".into(), "Rechnung für März".into(), "one".into()], &json!(false))
    );
    assert_eq!(all["messages"][1]["from"], "Jürgen <j@example.com>");
    assert_eq!(all["messages"][1]["to"], "ada@example.com, \"B, C\" <b@example.com>");
    assert_eq!(all["messages"][1]["references"], "<a@x> <b@x>");
    assert_eq!(all["messages"][1]["date"], "2026-02-01T08:00:00Z");
    let two = list(json!({ "limit": 2 })).await;
    assert_eq!((found(&two).len(), &two["more"]), (2, &json!(true)));
    for (with, wanted) in [
        (json!({ "subject": "für" }), 1),
        (json!({ "from": "bob" }), 2),
        (json!({ "from": "bob", "subject": "one" }), 1),
        (json!({ "to": "ada", "unread": true }), 3),
        (json!({ "unread": false }), 0),
        (json!({ "text": "Hello three" }), 1),
        (json!({ "since": "2020-01-01T00:00:00Z" }), 3),
        (json!({ "before": "2020-01-01T00:00:00Z" }), 0),
        (json!({ "flagged": true }), 0),
        // A text is no command, whatever it says.
        (json!({ "subject": "x\" ALL OR SUBJECT \"one" }), 0),
        (json!({ "folder": "Entwürfe" }), 0),
    ] {
        assert_eq!(found(&list(with.clone()).await).len(), wanted, "{with}");
    }

    let id = all["messages"][1]["id"].clone();
    let got = account.ask("get_message", json!({ "id": id })).await.unwrap();
    assert_eq!((&got["text"], &got["html"]), (&json!("Grüße {{ 1 + 1 }}"), &json!("<b>Hi</b>")));
    let file = &got["attachments"][0];
    assert_eq!(
        (&file["name"], &file["type"], &file["size"]),
        (&json!("bill.pdf"), &json!("application/pdf"), &json!(5))
    );
    assert!(format!("{}", file["content"]).contains("JVBERi0="), "{file}");
    assert_eq!(got["headers"]["mime-version"], "1.0");
    assert_eq!((&got["read"], &got["folder"]), (&json!(false), &json!("INBOX")), "looking marks nothing");

    for _ in 0..2 {
        let marked =
            account.ask("mark_message", json!({ "id": id, "read": true, "flagged": true })).await.unwrap();
        assert_eq!((&marked["read"], &marked["flagged"]), (&json!(true), &json!(true)));
    }
    assert_eq!(found(&list(json!({ "unread": false, "flagged": true })).await).len(), 1);
    let marked = account.ask("mark_message", json!({ "id": id, "read": false })).await.unwrap();
    assert_eq!((&marked["read"], &marked["flagged"]), (&json!(false), &json!(true)));

    let moved = account.ask("move_message", json!({ "id": id, "to": "Entwürfe" })).await.unwrap();
    let there = account.ask("get_message", json!({ "id": moved["id"], "folder": "Entwürfe" })).await.unwrap();
    assert_eq!(there["message_id"], "<r1@example.com>");
    assert_eq!(found(&list(json!({})).await), ["three", "one"]);
    // An id counts in its folder alone, and what is gone is not found.
    for with in [json!({ "id": moved["id"] }), json!({ "id": id }), json!({ "id": id, "folder": "None" })] {
        let failure = account.ask("get_message", with.clone()).await.unwrap_err();
        assert_eq!((failure.kind, failure.retryable), (FailureKind::NotFound, false), "{with}: {failure}");
    }
    let nowhere = account.ask("move_message", json!({ "id": all["messages"][0]["id"], "to": "None" })).await;
    assert_eq!(nowhere.unwrap_err().kind, FailureKind::NotFound);
    for wanted in [true, false] {
        let with = json!({ "id": moved["id"], "folder": "Entwürfe" });
        assert_eq!(account.ask("delete_message", with).await.unwrap(), json!({ "deleted": wanted }));
    }
    assert_eq!(found(&list(json!({})).await).len(), 2, "the others are there");
    assert!(!server.log().contains(CANARY), "{}", server.log());
}

#[tokio::test]
async fn each_message_that_arrives_is_told_once_also_where_a_folder_is_made_anew() {
    let Some(server) = Dovecot::start() else { return };
    let account = Account::at(format!("imap://127.0.0.1:{}", server.open));
    let user = "ada@example.com";
    server.by_hand(user, &["CREATE Bills".into()]);
    server.arrives(user, "Bills", &message("old"));
    let first = account.told("Bills", None).await.unwrap();
    assert_eq!(subjects(&first), [""; 0], "what was there starts nothing");
    let mut since = first.since.unwrap();
    let mut told = vec![];
    for round in 0..5 {
        for one in 0..round {
            server.arrives(user, "Bills", &message(&format!("{round}-{one}")));
        }
        for _ in 0..2 {
            let news = account.told("Bills", Some(&since)).await.unwrap();
            told.extend(subjects(&news));
            since = news.since.unwrap();
        }
    }
    let wanted: Vec<String> =
        (0..5).flat_map(|round| (0..round).map(move |one| format!("{round}-{one}"))).collect();
    assert_eq!(told, wanted);
    // A limit cuts nothing off.
    for one in 0..7 {
        server.arrives(user, "Bills", &message(&format!("many-{one}")));
    }
    let mut next = since.to_string();
    let mut found = vec![];
    for _ in 0..4 {
        let with = json!({ "folder": "Bills", "since": next, "limit": 3 });
        let news = account.ask("list_new_messages", with).await.unwrap();
        let messages = news["messages"].as_array().unwrap();
        assert!(messages.len() <= 3);
        found.extend(messages.iter().map(|one| one["subject"].as_str().unwrap().to_owned()));
        next = news["next"].as_str().unwrap().to_owned();
    }
    assert_eq!(found, (0..7).map(|one| format!("many-{one}")).collect::<Vec<_>>());

    // Made anew, with the old messages and two that nobody has seen: their numbers say nothing any more.
    let dated = |subject: &str, date: &str| {
        let text = message(subject).replace('\n', "\r\n");
        format!("APPEND Bills2 \"{date}\" {{{}+}}\r\n{text}", text.len())
    };
    let mut commands = vec!["CREATE Bills2".to_owned()];
    commands.extend(
        (0..20).map(|one| dated(&format!("old-{one}"), &format!("{:2}-Jan-2026 09:00:00 +0000", one + 1))),
    );
    server.by_hand(user, &commands);
    let known = account.told("Bills2", None).await.unwrap().since.unwrap();
    let mut commands = vec!["DELETE Bills2".to_owned(), "CREATE Bills2".to_owned()];
    commands.extend(
        (0..30).map(|one| dated(&format!("old-{one}"), &format!("{:2}-Jan-2026 09:00:00 +0000", one + 1))),
    );
    server.by_hand(user, &commands);
    let news = account.told("Bills2", Some(&known)).await.unwrap();
    assert_eq!(subjects(&news), (20..30).map(|one| format!("old-{one}")).collect::<Vec<_>>());
    assert_eq!(subjects(&account.told("Bills2", news.since.as_ref()).await.unwrap()), [""; 0]);
    // The same, a few at a time.
    let (mut next, mut found) = (known.to_string(), vec![]);
    for _ in 0..6 {
        let with = json!({ "folder": "Bills2", "since": next, "limit": 4 });
        let news = account.ask("list_new_messages", with).await.unwrap();
        found.extend(
            news["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["subject"].as_str().unwrap().to_owned()),
        );
        next = news["next"].as_str().unwrap().to_owned();
    }
    assert_eq!(found, (20..30).map(|one| format!("old-{one}")).collect::<Vec<_>>());
    // Control: a cursor that counts numbers alone would have told none of them, or the old ones.
    let uids: BTreeSet<String> = news.events.iter().map(|event| event.key.clone()).collect();
    assert_eq!(uids.len(), 10);
}

#[test]
fn a_mailbox_is_spoken_to_encrypted_by_who_proves_its_name() {
    let name = "a_mailbox_is_spoken_to_encrypted_by_who_proves_its_name";
    if std::env::var_os("KEYWAY_TRUSTING").is_none() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../egress/tests/certificates/root.pem");
        let out = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env("SSL_CERT_FILE", root)
            .env("KEYWAY_TRUSTING", "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success() && (said.contains("encrypted") || said.contains("SKIPPED")), "{said}");
        return;
    }
    let Some(server) = Dovecot::start() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (port, security) in [(server.tls, "tls"), (server.open, "starttls")] {
        let account = Account {
            base: None,
            fields: vec![
                ("host", "127.0.0.1".into()),
                ("port", Value::Int(port.into())),
                ("security", security.into()),
                ("user", "ada".into()),
            ],
            policy: Policy { allow_private: true, ..Policy::default() },
        };
        let done = runtime.block_on(account.ask("check", json!({})));
        assert_eq!(done.unwrap(), json!({ "host": "127.0.0.1" }), "{}", server.log());
        assert!(server.log().contains("TLS"), "{}", server.log());
    }
    println!("encrypted");
}

#[tokio::test]
async fn a_wrong_password_and_what_is_not_encrypted_are_refused_and_nothing_is_told() {
    let double = Double::start(vec![(
        "AUTHENTICATE",
        says(format!("{{tag}} NO [AUTHENTICATIONFAILED] not {CANARY}\r\n")),
    )]);
    let account = Account::of(&double);
    let failure = account.ask("list_messages", json!({})).await.unwrap_err();
    assert_eq!((failure.kind, failure.retryable), (FailureKind::Auth, false));
    assert!(failure.message.contains("not ***"), "{failure}");
    let quiet = Double::start(vec![]);
    for (base, policy, why) in [
        (None, Policy { allow_private: true, ..Policy::default() }, "does not offer TLS"),
        (
            Some(format!("imap://{}", quiet.address)),
            Policy { allowed: vec![IpAddr::from([127, 0, 0, 1])], ..Policy::default() },
            "by TLS alone",
        ),
        (Some(format!("imap://{}", quiet.address)), Policy::default(), "private"),
    ] {
        let fields = vec![
            ("host", "127.0.0.1".into()),
            ("port", Value::Int(quiet.address.port().into())),
            ("security", "starttls".into()),
            ("user", "ada".into()),
        ];
        let failure = Account { base, fields, policy }.ask("check", json!({})).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(failure.message.contains(why), "{failure}");
    }
    assert!(!quiet.lines().iter().any(|line| line.starts_with("AUTHENTICATE") || line.starts_with("LOGIN")));
    // What is said behind the line with which encryption begins may be anybody's; so may who is signed in already.
    let offers = "* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n{tag} OK x\r\n";
    for manners in [
        vec![
            ("CAPABILITY", says(offers)),
            ("STARTTLS", says("{tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")),
        ],
        vec![("", says("* PREAUTH welcome\r\n"))],
    ] {
        let evil = Double::start(manners);
        let fields = vec![
            ("host", "127.0.0.1".into()),
            ("port", Value::Int(evil.address.port().into())),
            ("security", "starttls".into()),
            ("user", "ada".into()),
        ];
        let policy = Policy { allow_private: true, ..Policy::default() };
        let failure = Account { base: None, fields, policy }.ask("check", json!({})).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
        assert!(!evil.lines().iter().any(|line| line.starts_with("AUTHENTICATE")));
    }
    // A password goes to the host of its connection alone.
    let elsewhere = Account {
        base: None,
        fields: vec![
            ("host", "localhost".into()),
            ("port", Value::Int(quiet.address.port().into())),
            ("user", "ada".into()),
        ],
        policy: Policy { allow_private: true, ..Policy::default() },
    };
    assert!(elsewhere.ask("check", json!({})).await.is_err());
    assert!(!quiet.lines().iter().any(|line| line.starts_with("AUTHENTICATE")));
}

#[tokio::test]
async fn other_ways_to_send_a_password_are_known() {
    let capable =
        |can: &str| ("CAPABILITY", says(format!("* CAPABILITY IMAP4rev1 {can}\r\n{{tag}} OK x\r\n")));
    let plain = Double::start(vec![capable("AUTH=PLAIN"), ("AUTHENTICATE", says("+ \r\n"))]);
    // The double takes the token for a command, whose tag is the token itself: so nothing comes of it but the line.
    let _ = tokio::time::timeout(Duration::from_secs(2), Account::of(&plain).ask("check", json!({}))).await;
    assert!(plain.lines().contains(&"AUTHENTICATE PLAIN".to_owned()));
    let login = Double::start(vec![capable("X"), ("LOGIN", says("+ go on\r\n"))]);
    let _ = tokio::time::timeout(Duration::from_secs(2), Account::of(&login).ask("check", json!({}))).await;
    assert!(login.lines().contains(&"LOGIN {15}".to_owned()), "{:?}", login.lines());
    let none = Double::start(vec![capable("LOGINDISABLED")]);
    assert_eq!(Account::of(&none).ask("check", json!({})).await.unwrap_err().kind, FailureKind::Refused);
    assert_eq!(none.lines(), ["CAPABILITY"]);
}

/// What comes of listing and reading at a server with manners: the kind, and how long it took.
async fn comes(action: &str, manners: Manners) -> (Result<Json, Failure>, Duration) {
    let double = Double::start(manners);
    let account = Account::of(&double);
    let began = Instant::now();
    let with = match action {
        "get_message" | "delete_message" => json!({ "id": "7.9" }),
        "mark_message" => json!({ "id": "7.9", "read": true }),
        "move_message" => json!({ "id": "7.9", "to": "Done" }),
        "list_new_messages" => json!({ "since": "7.5." }),
        _ => json!({}),
    };
    (account.ask(action, with).await, began.elapsed())
}

#[tokio::test]
async fn a_hostile_server_gets_a_failure_and_takes_neither_memory_nor_time() {
    // Control: what all of the following differ from.
    let (got, _) = comes("get_message", vec![]).await;
    assert_eq!(got.unwrap()["text"], "Hello\n");
    let (listed, _) = comes("list_messages", vec![]).await;
    assert_eq!(listed.unwrap()["messages"][0]["from"], "Ada <ada@example.com>");

    let fetch = |data: &str| vec![("UID FETCH", says(format!("{data}{{tag}} OK x\r\n")))];
    let flood = |at, bytes: &[u8]| vec![(at, Instead::Floods(bytes.to_vec()))];
    let a_line = vec![b'x'; 64 * 1024];
    let limit = FailureKind::Limit;
    for (name, manners, wanted) in [
        ("an endless greeting", flood("", &a_line), limit),
        ("an endless line", flood("UID FETCH", &a_line), limit),
        ("endless answers", flood("UID FETCH", b"* 1 FETCH (UID 9)\r\n"), limit),
        ("4 GB announced", fetch("* 1 FETCH (UID 9 BODY[] {4294967296}\r\nx"), limit),
        ("2^64 announced", fetch("* 1 FETCH (UID 9 BODY[] {18446744073709551615}\r\nx"), limit),
        ("literals without end", flood("UID FETCH", b"* 1 FETCH (X {100000}\r\n"), FailureKind::Network),
        ("deep lists", fetch(&format!("* 1 FETCH {}\r\n", "(".repeat(200_000))), FailureKind::Network),
        ("no IMAP", vec![("", says("220 smtp.example.com\r\n"))], FailureKind::Network),
        ("a farewell", vec![("EXAMINE", says("* BYE too many\r\n"))], FailureKind::Server),
        ("a farewell first", vec![("", says("* BYE too many\r\n"))], FailureKind::Server),
        ("another's tag", vec![("EXAMINE", says("zz OK done\r\n"))], FailureKind::Network),
        ("no such folder", vec![("EXAMINE", says("{tag} NO none\r\n"))], FailureKind::NotFound),
        ("no numbers", vec![("EXAMINE", says("* 1 EXISTS\r\n{tag} OK x\r\n"))], FailureKind::Refused),
        (
            "other numbers",
            vec![("EXAMINE", says("* OK [UIDVALIDITY 8] x\r\n{tag} OK x\r\n"))],
            FailureKind::NotFound,
        ),
        ("nothing", fetch(""), FailureKind::NotFound),
        ("another message", fetch("* 1 FETCH (UID 8 BODY[] \"x\")\r\n"), FailureKind::NotFound),
        ("a busy server", vec![("UID FETCH", says("{tag} NO [UNAVAILABLE] later\r\n"))], FailureKind::Server),
        ("no right", vec![("UID FETCH", says("{tag} NO [NOPERM] no\r\n"))], FailureKind::Permission),
    ] {
        let (got, took) = comes("get_message", manners).await;
        let failure = got.expect_err(name);
        assert!(
            failure.kind == wanted || (wanted == FailureKind::Network && failure.kind == limit),
            "{name}: {failure}"
        );
        assert!(took < Duration::from_secs(20), "{name}: {took:?}");
        assert!(failure.message.len() < 600, "{name}: {failure}");
    }
    // Odd, and no reason to fail: two of these make a parser that is widely used panic.
    for odd in [
        format!("* 1 FETCH (UID 9 INTERNALDATE NIL FLAGS NIL BODY[] {{{}}}\r\n{RAW})\r\n", RAW.len()),
        format!("* OK [READ-ONLY]ü\r\n* 1 FETCH (BODY[] {{{}}}\r\n{RAW} UID 9)\r\n* 3 EXISTS\r\n", RAW.len()),
        format!(
            "* X-OWN (a (b))\r\n* 1 FETCH (UID 9 X-A ((1 2) \"y\") BODY[] {{{}}}\r\n{RAW})\r\n* 1 FETCH (FLAGS ())\r\n",
            RAW.len()
        ),
    ] {
        let (got, _) = comes("get_message", fetch(&odd)).await;
        assert_eq!(got.unwrap()["text"], "Hello\n", "{odd}");
    }
    // A message that says the password says stars.
    let echo = format!("Subject: {CANARY}\r\n\r\nIt is {CANARY}.\r\n");
    let (got, _) =
        comes("get_message", fetch(&format!("* 1 FETCH (UID 9 BODY[] {{{}}}\r\n{echo})\r\n", echo.len())))
            .await;
    assert_eq!(got.unwrap()["text"], "It is ***.\n");
}

#[tokio::test]
async fn a_message_may_nest_and_lie_and_is_read_all_the_same() {
    let mut nested = String::from("Subject: deep\r\nMIME-Version: 1.0\r\n");
    for at in 0..20_000 {
        nested.push_str(&format!("Content-Type: multipart/mixed; boundary=b{at}\r\n\r\n--b{at}\r\n"));
    }
    let mut letters = String::from("Subject: letters\r\nMIME-Version: 1.0\r\n");
    for _ in 0..20_000 {
        letters.push_str("Content-Type: message/rfc822\r\n\r\nSubject: x\r\n");
    }
    let many = format!("Subject: many\r\n{}\r\nx", "X-A: b\r\n".repeat(50_000));
    let addresses = format!("Subject: to\r\nTo: {}\r\n\r\nx", "a@b.example, ".repeat(50_000));
    for raw in
        [nested, letters, many, addresses, "\r\n".into(), "x".into(), "\u{0}\u{1}".into(), String::new()]
    {
        let answer = format!("* 1 FETCH (UID 9 BODY[] {{{}}}\r\n{raw})\r\n{{tag}} OK x\r\n", raw.len());
        let (got, took) = comes("get_message", vec![("UID FETCH", says(answer))]).await;
        let shown: String = raw.chars().take(20).collect();
        assert_eq!(got.unwrap()["id"], "7.9", "{shown}");
        assert!(took < Duration::from_secs(20), "{shown}: {took:?}");
    }
}

#[tokio::test]
async fn what_breaks_off_is_in_doubt_only_where_something_may_have_changed() {
    // Wherever a reading one breaks off, it may be tried again.
    for at in ["", "CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID FETCH"] {
        let (got, _) = comes("get_message", vec![(at, Instead::HangsUp)]).await;
        let failure = got.unwrap_err();
        assert_eq!((failure.kind, failure.retryable), (FailureKind::Network, true), "{at}");
    }
    for (action, at, wanted) in [
        ("move_message", "SELECT", (true, true)),
        ("move_message", "UID FETCH", (true, true)),
        ("move_message", "UID MOVE", (false, false)),
        ("mark_message", "UID STORE", (true, false)),
        ("delete_message", "UID EXPUNGE", (true, false)),
    ] {
        let (got, _) = comes(action, vec![(at, Instead::HangsUp)]).await;
        let failure = got.unwrap_err();
        assert_eq!((failure.retryable, failure.answered), wanted, "{action} at {at}: {failure}");
    }
    // A no is a no: nothing was moved.
    let (got, _) = comes("move_message", vec![("UID MOVE", says("{tag} NO [TRYCREATE] none\r\n"))]).await;
    let failure = got.unwrap_err();
    assert_eq!((failure.kind, failure.retryable, failure.answered), (FailureKind::NotFound, false, true));
    let (got, _) = comes("move_message", vec![]).await;
    assert_eq!(got.unwrap(), json!({ "id": "8.21" }));
    // What a server cannot do at once is not done in parts.
    let poor = || vec![("CAPABILITY", says("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n{tag} OK x\r\n"))];
    for action in ["move_message", "delete_message"] {
        let double = Double::start(poor());
        let with = json!({ "id": "7.9", "to": "Done" });
        let with = if action == "delete_message" { json!({ "id": "7.9" }) } else { with };
        let failure = Account::of(&double).ask(action, with).await.unwrap_err();
        assert!(failure.message.contains("does not offer"), "{failure}");
        assert!(!double.lines().iter().any(|line| line.starts_with("UID")), "{:?}", double.lines());
    }
    // A silent one is left after its time.
    let quiet = Double::start(vec![("UID MOVE", Instead::Silence)]);
    let began = Instant::now();
    let failure =
        Account::of(&quiet).ask("move_message", json!({ "id": "7.9", "to": "Done" })).await.unwrap_err();
    assert!(
        !failure.answered && !failure.retryable && began.elapsed() < Duration::from_secs(70),
        "{failure}"
    );
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_before_anybody_is_asked() {
    let double = Double::start(vec![]);
    let account = Account::of(&double);
    for (action, with) in [
        ("list_messages", json!({ "subject": "x\r\nK9 LOGOUT" })),
        ("list_messages", json!({ "folder": "INBOX\r\nK9 DELETE INBOX" })),
        ("list_messages", json!({ "folder": "" })),
        ("get_message", json!({ "id": "1:*" })),
        ("get_message", json!({ "id": "9" })),
        ("move_message", json!({ "id": "7.9", "to": "INBOX" })),
        ("mark_message", json!({ "id": "7.9" })),
        ("list_new_messages", json!({ "since": "x" })),
    ] {
        let failure = account.ask(action, with.clone()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Invalid, "{with}: {failure}");
    }
    assert_eq!(double.lines(), [""; 0]);
    let with = Value::from_json(json!({ "from": "ada" }));
    let preview = account.connectors().preview(Request::new("imap.list_messages", &with, "k")).await.unwrap();
    assert!(preview.url.starts_with("imap://127.0.0.1:") && !preview.body.contains(CANARY), "{preview:?}");
}
