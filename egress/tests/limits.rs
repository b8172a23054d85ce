//! Limits of size and time, broken answers, and what errors say.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod support;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use egress::{Client, Error, Escape, Header, Method, Part, Policy, Request, Response};
use secret::{Hole, NoVault, Open, Refused, Secret};
use support::{Reply, Server, answer, body, header, ok};

fn policy() -> Policy {
    Policy { allow_private: true, max_response: 1000, max_request: 1000, max_head: 4096, ..Policy::default() }
}

/// One client for most tests: making one reads the system's certificates, which takes long.
static CLIENT: LazyLock<Client> = LazyLock::new(|| Client::new(policy(), Arc::new(Canary)));

async fn get(url: String) -> Result<Response, Error> {
    CLIENT.send(Request::new(Method::GET, url)).await
}

fn raw(text: impl Into<Vec<u8>>) -> Reply {
    Reply::Bytes(text.into())
}

#[tokio::test]
async fn a_body_of_just_the_limit_is_read_and_one_more_byte_is_not() {
    for (length, whole) in [(1000, true), (1001, false)] {
        let server = Server::start(move |_| answer(200, &[], &"x".repeat(length)));
        let got = get(server.url("/")).await;
        match got {
            Ok(response) => assert!(whole && response.body.len() == length),
            Err(error) => {
                assert!(!whole && matches!(error, Error::TooLarge { what: "body", limit: 1000, .. }))
            }
        }
    }
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_off_while_it_is_read() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"] {
        let server = Server::start(move |_| Reply::Endless(head.into()));
        let got = get(server.url("/")).await;
        assert!(matches!(got, Err(Error::TooLarge { what: "body", .. })), "{got:?}");
        // What lies in the buffers of the system counts as sent, but no more than that.
        assert!(server.sent() < 64 << 20, "{} bytes were taken", server.sent());
    }
}

#[tokio::test]
async fn chunks_are_counted_together() {
    let chunk = format!("64\r\n{}\r\n", "x".repeat(100));
    for (count, whole) in [(10, true), (11, false)] {
        let text =
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(count));
        let server = Server::start(move |_| raw(text.clone()));
        assert_eq!(get(server.url("/")).await.is_ok(), whole);
    }
}

#[tokio::test]
async fn a_request_may_ask_for_less_but_not_for_more() {
    let server = Server::start(|_| answer(200, &[], &"x".repeat(500)));
    let client = Client::new(Policy { max_response: 499, ..policy() }, Arc::new(NoVault));
    let ask = |max_response| Request { max_response, ..Request::new(Method::GET, server.url("/")) };
    assert!(matches!(client.send(ask(Some(10_000))).await, Err(Error::TooLarge { limit: 499, .. })));
    assert!(matches!(CLIENT.send(ask(Some(499))).await, Err(Error::TooLarge { limit: 499, .. })));
    assert!(CLIENT.send(ask(Some(500))).await.is_ok());
}

#[tokio::test]
async fn a_compressed_body_stays_as_it_is() {
    let server = Server::start(|request| {
        assert_eq!(header(request, "accept-encoding"), None);
        answer(200, &[("content-encoding", "gzip")], "\u{1f}not unpacked")
    });
    assert_eq!(get(server.url("/")).await.unwrap().body, "\u{1f}not unpacked");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    for (length, whole) in [(3000, true), (5000, false), (10_000_000, false)] {
        let server = Server::start(move |_| answer(200, &[("x-long", &"y".repeat(length))], ""));
        let got = get(server.url("/")).await;
        match got {
            Ok(_) => assert!(whole),
            Err(error) => {
                assert!(!whole && matches!(error, Error::TooLarge { what: "head", .. }), "{error}");
                assert!(!error.to_string().contains("yyy"));
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_not_sent() {
    let server = Server::saying("there");
    let post = |length| Request {
        body: vec![Part::Plain(vec![b'x'; length].into())],
        ..Request::new(Method::POST, server.url("/"))
    };
    assert!(matches!(CLIENT.send(post(1001)).await, Err(Error::Invalid(_))));
    assert_eq!(server.connections(), 0);
    assert!(CLIENT.send(post(1000)).await.is_ok());
    assert_eq!(body(&server.requests()[0]).len(), 1000);
}

#[tokio::test]
async fn a_server_that_says_nothing_or_stops_halfway_is_given_up() {
    let stalls = [
        "",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\nx-a: 1\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
    ];
    let timeout = Duration::from_millis(50);
    let client = Client::new(Policy { timeout, ..policy() }, Arc::new(NoVault));
    for stall in stalls {
        let server = Server::start(move |_| Reply::Stall(stall.into()));
        let got = client.send(Request::new(Method::GET, server.url("/"))).await;
        assert!(matches!(got, Err(Error::Timeout { limit, .. }) if limit == timeout), "{stall:?}: {got:?}");
    }
}

#[tokio::test]
async fn the_time_of_a_request_goes_before_that_of_the_policy() {
    let server = Server::start(|_| Reply::Stall(vec![]));
    let timeout = Some(Duration::from_millis(20));
    let got = CLIENT.send(Request { timeout, ..Request::new(Method::GET, server.url("/")) }).await;
    assert_eq!(got.unwrap_err().to_string(), "no whole answer from `127.0.0.1` within 20ms");
}

#[tokio::test]
async fn a_broken_answer_is_an_error_after_sending() {
    let broken = [
        "",
        "\r\n\r\n",
        "nonsense\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 9999 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\na\u{0}b: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf",
    ];
    for text in broken {
        let server = Server::start(move |_| raw(text));
        let got = get(server.url("/")).await;
        assert!(matches!(got, Err(Error::Network { before_send: false, .. })), "{text:?}: {got:?}");
    }
}

#[tokio::test]
async fn a_closed_port_is_an_error_before_sending() {
    let server = Server::saying("there");
    let url = server.url("/");
    drop(server);
    let got = get(url).await;
    assert!(matches!(&got, Err(Error::Network { before_send: true, .. })), "{got:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_never_asked_over_https() {
    let server = Server::saying("there");
    let got = get(server.url("/").replace("http:", "https:")).await;
    assert!(matches!(&got, Err(Error::Network { before_send: true, .. })), "{got:?}");
    assert_eq!((server.connections(), server.requests().len()), (1, 0));
}

/// Opens every secret with the same text.
struct Canary;

const CANARY: &str = "canary-0123456789";

impl Open for Canary {
    fn open(&self, _: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new(CANARY.into()))
    }
}

#[tokio::test]
async fn no_error_holds_a_query_a_header_or_a_secret() {
    let server = Server::saying("there");
    let closed = server.url("/path");
    drop(server);
    let broken = Server::start(|_| raw("nonsense"));
    let stalling = Server::start(|_| Reply::Stall(vec![]));
    let large = Server::start(|_| answer(200, &[], &"x".repeat(2000)));
    let away = Server::start(|_| support::redirect(302, "ftp://x.example/?key=query-canary"));
    let urls = [
        closed,
        broken.url("/path"),
        stalling.url("/path"),
        large.url("/path"),
        away.url("/path"),
        "http://user:query-canary@127.0.0.1/path".to_owned(),
        "ftp://127.0.0.1/path".to_owned(),
        "http://127.0.0.1:99999/path".to_owned(),
        "http://10.0.0.1:1/path".to_owned(),
    ];
    let timeout = Duration::from_millis(100);
    let all = Client::new(Policy { timeout, ..policy() }, Arc::new(Canary));
    let guarded = Client::new(Policy { allow_private: false, ..policy() }, Arc::new(Canary));
    for url in &urls {
        let client = if url.contains("10.0.0.1") { &guarded } else { &all };
        let request = Request {
            headers: vec![
                Header::new("x-plain", "header-canary"),
                Header::new(
                    "authorization",
                    Hole::Join(vec![Hole::Plain("Bearer ".into()), Hole::Name("A".into())]),
                ),
            ],
            ..Request::new(Method::GET, format!("{url}?key=query-canary"))
        };
        let error = client.send(request).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("canary") && !text.contains("key="), "{url}: {text}");
    }
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_named_but_not_shown() {
    for (name, value) in [("x-a", "canary\r\nx-b: 1"), ("x-a", "canary\0"), ("x a", "canary"), ("", "canary")]
    {
        let headers = vec![Header::new(name, value)];
        let got = CLIENT.send(Request { headers, ..Request::new(Method::GET, "http://127.0.0.1:1/") }).await;
        let Err(Error::Invalid(text)) = got else { panic!("{name:?} {value:?}: {got:?}") };
        assert!(text.contains(name) && !text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn headers_of_the_connection_are_the_clients_own() {
    for name in ["Host", "Content-Length", "transfer-encoding", "connection", "upgrade", "te"] {
        let headers = vec![Header::new(name, "1")];
        let got = get_with(headers, "http://127.0.0.1:1/").await;
        assert!(matches!(got, Err(Error::Invalid(_))), "{name}: {got:?}");
    }
}

async fn get_with(headers: Vec<Header>, url: &str) -> Result<Response, Error> {
    CLIENT.send(Request { headers, ..Request::new(Method::GET, url) }).await
}

#[tokio::test]
async fn secrets_are_filled_in_with_the_escape_of_their_place() {
    struct Odd;
    impl Open for Odd {
        fn open(&self, _: &str, _: &str) -> Result<Secret, Refused> {
            Ok(Secret::new("a\"b&c".into()))
        }
    }
    let server = Server::saying("there");
    let hole = || Hole::Name("A".into());
    let request = Request {
        headers: vec![Header::new("x-a", hole())],
        body: vec![
            Part::Hole(hole(), Escape::Json),
            Part::Plain("|".into()),
            Part::Hole(hole(), Escape::Form),
            Part::Plain("|".into()),
            Part::Hole(hole(), Escape::None),
        ],
        ..Request::new(Method::POST, server.url("/"))
    };
    Client::new(policy(), Arc::new(Odd)).send(request).await.unwrap();
    let seen = &server.requests()[0];
    assert_eq!(header(seen, "x-a"), Some("a\"b&c"));
    assert_eq!(body(seen), r#""a\"b&c"|a%22b%26c|a"b&c"#);
}

#[tokio::test]
async fn a_secret_that_the_server_says_back_is_not_seen() {
    let server = Server::start(|request| {
        let seen = header(request, "authorization").unwrap_or_default();
        answer(200, &[("x-echo", seen), ("content-type", "text/plain")], &format!("you sent {seen}"))
    });
    let headers = vec![Header::new("authorization", Hole::Name("A".into()))];
    let got = get_with(headers, &server.url("/")).await.unwrap();
    assert_eq!(got.body, "you sent ***");
    assert!(got.headers.contains(&("x-echo".into(), "***".into())));
    assert_eq!(header(&server.requests()[0], "authorization"), Some(CANARY), "the server itself got it");
    let plain = get_with(vec![Header::new("authorization", CANARY)], &server.url("/")).await.unwrap();
    assert_eq!(plain.body, format!("you sent {CANARY}"), "what is no secret is left alone");
}

#[tokio::test]
async fn without_a_vault_nothing_is_sent() {
    let server = Server::start(|_| ok("text/plain", "there"));
    let headers = vec![Header::new("authorization", Hole::Name("TOKEN".into()))];
    let client = Client::new(policy(), Arc::new(NoVault));
    let got = client.send(Request { headers, ..Request::new(Method::GET, server.url("/")) }).await;
    let text = got.unwrap_err().to_string();
    assert_eq!(text, "there is no vault yet; the secret `TOKEN` cannot be opened");
    assert_eq!(server.connections(), 0);
}
