//! Mail: where it may go, who can read it, what is in doubt, and that nothing in a message is a command.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

#[path = "support/post.rs"]
mod post;

use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use egress::{Client, Error, Letter, Login, Looking, Lookup, Mail, Policy, Security};
use post::{Manners, Post, Tls};
use secret::{Hole, Open, Refused, Secret};

const CANARY: &str = "canary-0123456789";

struct Canary;

impl Open for Canary {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        match host {
            "127.0.0.1" | "localhost" | "mail.example.test" => Ok(Secret::new(CANARY.into())),
            _ => Err(Refused::Host { name: name.into(), host: host.into() }),
        }
    }
}

/// Every name is this machine.
struct Here;

impl Lookup for Here {
    fn look_up(&self, _: &str) -> Looking {
        Box::pin(std::future::ready(Ok(vec![IpAddr::from([127, 0, 0, 1])])))
    }
}

fn client(allow_private: bool) -> Client {
    let policy = Policy { allow_private, timeout: Duration::from_secs(5), ..Policy::default() };
    Client::with_lookup(policy, Arc::new(Canary), Arc::new(Here))
}

fn mail(post: &Post, security: Security) -> Mail {
    Mail {
        host: "127.0.0.1".into(),
        port: post.address.port(),
        security,
        login: Some(Login { user: "ada".into(), password: Hole::Name("PASSWORD".into()) }),
        letter: Some(Letter {
            from: "ada@example.com".into(),
            to: vec!["bob@example.com".into(), "eve@example.com".into()],
            message: "Subject: x\r\n\r\n.hidden\r\n.\r\nlast".into(),
        }),
        timeout: None,
    }
}

fn open(post: &Post) -> Mail {
    mail(post, Security::Open)
}

#[tokio::test]
async fn a_message_is_handed_over_with_its_envelope_and_its_dots() {
    let post = Post::well(Tls::None);
    let said = client(true).mail(&open(&post)).await.unwrap();
    assert_eq!(said, "2.0.0 queued as 17");
    let token = STANDARD.encode(format!("\0ada\0{CANARY}"));
    let wanted = [
        "EHLO [127.0.0.1]",
        &format!("AUTH PLAIN {token}"),
        "MAIL FROM:<ada@example.com>",
        "RCPT TO:<bob@example.com>",
        "RCPT TO:<eve@example.com>",
        "DATA",
    ];
    assert_eq!(post.lines()[..6], wanted);
    assert_eq!(post.messages(), ["Subject: x\r\n\r\n..hidden\r\n..\r\nlast\r\n"]);
}

#[tokio::test]
async fn a_password_goes_by_login_where_plain_is_not_offered() {
    let manners = Manners { offers: vec!["AUTH LOGIN"], ..Manners::default() };
    let post = Post::start(Tls::None, manners);
    client(true).mail(&open(&post)).await.unwrap();
    assert_eq!(post.lines()[1..4], ["AUTH LOGIN", "YWRh", &STANDARD.encode(CANARY)]);
    let none = Post::start(Tls::None, Manners::default());
    let refused = client(true).mail(&open(&none)).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Refused(why) if why.contains("neither `PLAIN` nor `LOGIN`")),
        "{refused}"
    );
    assert_eq!(none.lines(), ["EHLO [127.0.0.1]"]);
}

#[tokio::test]
async fn others_can_read_nothing_but_on_this_machine_where_that_is_allowed() {
    // The address of this machine under another name, and with private addresses forbidden.
    let post = Post::well(Tls::None);
    let refused = client(false).mail(&open(&post)).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused(why) if why.contains("is private")), "{refused}");
    let named = Mail { host: "mail.example.test".into(), ..open(&post) };
    let refused = client(false).mail(&named).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused(why) if why.contains("private address")), "{refused}");
    assert_eq!(post.lines(), [""; 0]);
    // A server that does not offer encryption is told nothing, whatever it is.
    let refused = client(true).mail(&mail(&post, Security::StartTls)).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused(why) if why.contains("does not offer TLS")), "{refused}");
    assert_eq!(post.lines(), ["EHLO [127.0.0.1]"]);
    // One whose address is allowed though it is not this machine's own way: what is open stays forbidden.
    let allowed = Policy { allowed: vec![IpAddr::from([127, 0, 0, 1])], ..Policy::default() };
    let client = Client::with_lookup(allowed, Arc::new(Canary), Arc::new(Here));
    let refused = client.mail(&open(&post)).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused(why) if why.contains("by TLS alone")), "{refused}");
    assert_eq!(post.lines().len(), 1);
}

/// Runs the test of this name in a process that trusts the certificate of the double.
fn trusting(name: &str) {
    let test = std::env::current_exe().unwrap();
    let out = Command::new(test)
        .args(["--exact", name, "--nocapture"])
        .env("SSL_CERT_FILE", post::root())
        .env("KEYWAY_TRUSTING", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        out.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(said.contains("encrypted"), "{said}");
}

fn is_inner() -> bool {
    std::env::var_os("KEYWAY_TRUSTING").is_some()
}

#[test]
fn a_message_goes_encrypted_to_who_proves_the_name() {
    if !is_inner() {
        return trusting("a_message_goes_encrypted_to_who_proves_the_name");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (tls, security) in [(Tls::First, Security::Tls), (Tls::Offered, Security::StartTls)] {
        let post = Post::well(tls);
        let mail = Mail { host: "mail.example.test".into(), ..mail(&post, security) };
        runtime.block_on(client(true).mail(&mail)).unwrap();
        assert_eq!(post.messages().len(), 1);
        let lines = post.lines();
        let before = lines.iter().position(|line| line == "STARTTLS").map_or(0, |at| at + 1);
        assert_eq!(before, if tls == Tls::Offered { 2 } else { 0 }, "{lines:?}");
        // Hello is said anew: what was offered before may be anybody's.
        assert_eq!(lines[before], "EHLO [127.0.0.1]");
        assert!(lines[before + 1].starts_with("AUTH PLAIN "), "{lines:?}");
        // The same server by a name that it does not prove.
        let other = Mail { host: "other.example.test".into(), ..mail.clone() };
        let refused = runtime.block_on(client(true).mail(&other)).unwrap_err();
        assert!(
            matches!(&refused, Error::Network { before_send: true, message } if message.contains("no encryption"))
        );
        assert_eq!(post.messages().len(), 1);
    }
    println!("encrypted");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    for (tls, security) in [(Tls::First, Security::Tls), (Tls::Offered, Security::StartTls)] {
        let post = Post::well(tls);
        let refused = client(true).mail(&mail(&post, security)).await.unwrap_err();
        let why = matches!(&refused, Error::Network { before_send: true, message } if message.contains("no encryption"));
        assert!(why, "{refused}");
        assert!(post.messages().is_empty() && !post.lines().iter().any(|line| line.starts_with("AUTH")));
    }
}

#[tokio::test]
async fn what_is_said_before_the_encryption_is_not_heard() {
    let manners = Manners { injects: true, offers: vec!["AUTH PLAIN"], ..Manners::default() };
    let post = Post::start(Tls::Offered, manners);
    let refused = client(true).mail(&mail(&post, Security::StartTls)).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Refused(why) if why.contains("before the encryption began")),
        "{refused}"
    );
}

async fn fails(manners: Manners) -> (Error, Post) {
    let manners = Manners { offers: vec!["AUTH PLAIN"], ..manners };
    let post = Post::start(Tls::None, manners);
    let mail = Mail { timeout: Some(Duration::from_millis(400)), ..open(&post) };
    (client(true).mail(&mail).await.unwrap_err(), post)
}

#[tokio::test]
async fn a_message_is_in_doubt_once_its_end_was_sent_and_not_before() {
    for at in ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "body"] {
        let (error, post) = fails(Manners { hangs_up_at: Some(at), ..Manners::default() }).await;
        // A whole message fits into what the system takes before it notices; without its end it is none.
        let doubtless = matches!(error, Error::Network { before_send: true, .. });
        assert!(doubtless || (at == "body" && matches!(error, Error::Network { .. })), "{at}: {error:?}");
        assert!(post.messages().is_empty(), "{at}");
    }
    for at in ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"] {
        let (error, post) = fails(Manners { silent_from: Some(at), ..Manners::default() }).await;
        assert!(matches!(error, Error::Network { before_send: true, .. }), "{at}: {error:?}");
        assert!(post.messages().is_empty(), "{at}");
    }
    // The control: behind the end of the message nobody knows.
    let (error, post) = fails(Manners { hangs_up_at: Some("."), ..Manners::default() }).await;
    assert!(matches!(error, Error::Network { before_send: false, .. }), "{error:?}");
    assert_eq!(post.messages().len(), 1);
    let (error, post) = fails(Manners { silent_from: Some("."), ..Manners::default() }).await;
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    assert_eq!(post.messages().len(), 1);
}

#[tokio::test]
async fn a_no_is_told_by_its_code_and_one_who_is_refused_keeps_it_from_all() {
    for (at, text, code) in [
        ("greeting", "421 closed", 421),
        ("AUTH", "535 5.7.8 wrong", 535),
        ("MAIL", "451 later", 451),
        ("RCPT TO:<EVE", "550 5.1.1 nobody here", 550),
        ("DATA", "452 full", 452),
        (".", "554 5.7.1 spam", 554),
    ] {
        let (error, post) = fails(Manners { instead: vec![(at, text)], ..Manners::default() }).await;
        let Error::Said { code: said, .. } = &error else { panic!("{at}: {error:?}") };
        assert_eq!(*said, code, "{at}");
        assert_eq!(post.messages().len(), usize::from(at == "."), "{at}");
    }
}

#[tokio::test]
async fn a_password_that_a_server_says_back_is_not_shown() {
    let token: &'static str =
        Box::leak(format!("535 no: {CANARY} {}", STANDARD.encode(format!("\0ada\0{CANARY}"))).into());
    let (error, _) = fails(Manners { instead: vec![("AUTH", token)], ..Manners::default() }).await;
    let told = format!("{error} {error:?}");
    assert!(told.contains("***") && !told.contains("canary"), "{told}");
    assert!(!told.contains(&STANDARD.encode(format!("\0ada\0{CANARY}"))), "{told}");
}

#[tokio::test]
async fn what_a_server_says_of_a_message_it_took_is_shown_without_secrets_and_taken_is_taken() {
    let token = STANDARD.encode(format!("\0ada\0{CANARY}"));
    // The last one is cut off within the secret, where a part of it would be left.
    let padded = format!("250 {} {token}", "x".repeat(290));
    for said in [format!("250 queued for {CANARY} {token}"), "251 forwarded".to_owned(), padded] {
        let said: &'static str = Box::leak(said.into_boxed_str());
        let manners =
            Manners { offers: vec!["AUTH PLAIN"], instead: vec![(".", said)], ..Manners::default() };
        let post = Post::start(Tls::None, manners);
        let told = client(true).mail(&open(&post)).await.unwrap();
        assert!(!told.contains("canary") && !told.contains(&token[..8]), "{told}");
        assert_eq!(post.messages().len(), 1);
    }
}

#[tokio::test]
async fn nothing_in_an_address_is_a_command() {
    let post = Post::well(Tls::None);
    for wrong in ["a@b>\r\nRCPT TO:<c@d.example", "a b@c.example", "", "ä@example.com", "<a@b.example>"] {
        let mut mail = open(&post);
        mail.letter.as_mut().unwrap().to.push(wrong.into());
        let refused = client(true).mail(&mail).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{wrong:?}: {refused}");
    }
    assert_eq!(post.lines(), [""; 0]);
}

#[tokio::test]
async fn what_is_too_long_is_said_before_anything_is_sent() {
    let post = Post::well(Tls::None);
    let mut mail = open(&post);
    mail.letter.as_mut().unwrap().message = vec![b'x'; 11 * 1024 * 1024].into();
    assert!(matches!(client(true).mail(&mail).await, Err(Error::Invalid(_))));
    assert_eq!(post.lines(), [""; 0]);
    // What the server says that it takes.
    mail.letter.as_mut().unwrap().message = vec![b'x'; 2 * 1024 * 1024].into();
    assert!(matches!(client(true).mail(&mail).await, Err(Error::Invalid(_))));
    assert!(!post.lines().iter().any(|line| line.starts_with("MAIL")));
}

#[tokio::test]
async fn an_endless_answer_ends() {
    let endless: &'static str = Box::leak("250-x\r\n".repeat(20_000).into_boxed_str());
    let (error, _) = fails(Manners { instead: vec![("EHLO", endless)], ..Manners::default() }).await;
    assert!(matches!(&error, Error::Network { before_send: true, .. }), "{error:?}");
}

/// A mail server by other people's hands; nothing where it is not installed.
fn aiosmtpd() -> Option<(Child, BufReader<ChildStdout>, u16)> {
    let folder = std::env::var_os("KEYWAY_DOUBLES").map(PathBuf::from);
    let python = folder.map(|folder| folder.join("py/bin/python")).filter(|python| python.exists());
    let Some(python) = python else {
        assert!(std::env::var_os("CI").is_none(), "`aiosmtpd` is not installed in KEYWAY_DOUBLES");
        eprintln!("SKIPPED: `aiosmtpd` is not installed in KEYWAY_DOUBLES");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/aiosmtpd_double.py");
    let mut command = Command::new(python);
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let port = line.trim().strip_prefix("PORT ").and_then(|port| port.parse().ok());
    Some((child, said, port.unwrap_or_else(|| panic!("no port: {line}"))))
}

#[tokio::test]
async fn a_server_by_other_peoples_hands_takes_a_message() {
    let Some((mut child, mut said, port)) = aiosmtpd() else { return };
    let other = Post::well(Tls::None);
    let mail = Mail { port, ..open(&other) };
    let mut next = || {
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        line
    };
    assert_eq!(client(true).mail(&mail).await.unwrap(), "2.0.0 taken");
    assert_eq!(next(), format!("AUTH PLAIN ada {CANARY}\n"));
    let took = "TOOK ada@example.com bob@example.com eve@example.com b'Subject: x\\r\\n\\r\\n.hidden\\r\\n.\\r\\nlast\\r\\n'\n";
    assert_eq!(next(), took);
    // The control: with another password it takes nothing.
    let login = Some(Login { user: "ada".into(), password: Hole::Plain("wrong".into()) });
    let refused = client(true).mail(&Mail { login, ..mail }).await.unwrap_err();
    assert!(matches!(refused, Error::Said { code: 535, .. }), "{refused}");
    drop(child.stdin.take());
    child.wait().unwrap();
}
