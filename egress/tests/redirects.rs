//! What goes along on a redirect, and what stays behind.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod support;

use std::sync::{Arc, LazyLock};

use egress::{Client, Error, Escape, Header, Method, Part, Policy, Request};
use secret::{Hole, Open, Refused, Secret};
use support::{Server, body, header, line, ok, redirect};

const CANARY: &str = "canary-0123456789";

/// Headers in which services are told who calls.
const NAMES: [&str; 9] = [
    "authorization",
    "cookie",
    "x-api-key",
    "private-token",
    "proxy-authorization",
    "x-auth-token",
    "x-amz-security-token",
    "x-shopify-access-token",
    "api-key",
];

struct Canary;

impl Open for Canary {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        match host {
            "127.0.0.1" => Ok(Secret::new(CANARY.into())),
            _ => Err(Refused::Host { name: name.into(), host: host.into() }),
        }
    }
}

/// One client for all tests: making one reads the system's certificates, which takes long.
static CLIENT: LazyLock<Client> =
    LazyLock::new(|| Client::new(Policy { allow_private: true, ..Policy::default() }, Arc::new(Canary)));

fn client() -> Client {
    CLIENT.clone()
}

fn hole() -> Hole {
    Hole::Name("TOKEN".into())
}

fn request(method: Method, url: String, headers: Vec<Header>) -> Request {
    Request { headers, ..Request::new(method, url) }
}

/// A server that redirects everything to another one.
fn leading_to(server: &Server, status: u16) -> Server {
    let target = server.url("/there");
    Server::start(move |_| redirect(status, &target))
}

#[tokio::test]
async fn no_credential_goes_to_another_origin() {
    let client = client();
    for name in NAMES {
        for value in [Header::new(name, CANARY), Header::new(name, hole()), Header::credential(name, CANARY)]
        {
            for status in [301, 302, 303, 307, 308] {
                let other = Server::saying("there");
                let first = leading_to(&other, status);
                let sent =
                    client.send(request(Method::GET, first.url("/"), vec![value.clone()])).await.unwrap();
                assert_eq!(sent.body, "there");
                assert_eq!(header(&first.requests()[0], name), Some(CANARY), "{name}");
                assert!(!other.requests()[0].contains(CANARY), "{name} leaked by {status}");
            }
        }
    }
}

#[tokio::test]
async fn credentials_go_along_within_one_origin() {
    for name in NAMES {
        for value in [Header::new(name, CANARY), Header::new(name, hole())] {
            let server = Server::start(|request| match line(request) {
                "GET / HTTP/1.1" => redirect(302, "/there"),
                _ => ok("text/plain", "there"),
            });
            client().send(request(Method::GET, server.url("/"), vec![value])).await.unwrap();
            assert_eq!(header(&server.requests()[1], name), Some(CANARY), "{name}");
        }
    }
}

#[tokio::test]
async fn a_credential_does_not_come_back_after_a_way_round() {
    let home = Arc::new(std::sync::Mutex::new(String::new()));
    let back = home.clone();
    let other = Server::start(move |_| redirect(302, &back.lock().unwrap()));
    let away = other.url("/");
    let first = Server::start(move |request| match line(request) {
        "GET / HTTP/1.1" => redirect(302, &away),
        _ => ok("text/plain", "home"),
    });
    *home.lock().unwrap() = first.url("/home");
    client()
        .send(request(Method::GET, first.url("/"), vec![Header::new("x-api-key", hole())]))
        .await
        .unwrap();
    assert_eq!(first.requests().len(), 2);
    assert!(!first.requests()[1].contains(CANARY));
}

#[tokio::test]
async fn headers_that_say_nothing_about_the_caller_go_along() {
    let other = Server::saying("there");
    let first = leading_to(&other, 302);
    let headers = vec![
        Header::new("Accept", "text/html"),
        Header::new("X-Trace", "7"),
        Header::credential("Range", "8"),
    ];
    client().send(request(Method::GET, first.url("/"), headers)).await.unwrap();
    let seen = &other.requests()[0];
    assert_eq!(header(seen, "accept"), Some("text/html"));
    assert_eq!((header(seen, "x-trace"), header(seen, "range")), (None, None));
}

#[tokio::test]
async fn a_body_with_a_secret_does_not_go_to_another_origin() {
    let other = Server::saying("there");
    let first = leading_to(&other, 307);
    let body = vec![Part::Plain("a=".into()), Part::Hole(hole(), Escape::Form)];
    let got = client().send(Request { body, ..Request::new(Method::POST, first.url("/")) }).await;
    assert!(matches!(&got, Err(Error::Refused(_))), "{got:?}");
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_plain_body_goes_along_where_the_status_says_so() {
    for (status, wanted) in [(302, ("GET /there HTTP/1.1", "")), (307, ("POST /there HTTP/1.1", "plain"))] {
        let other = Server::saying("there");
        let first = leading_to(&other, status);
        let headers = vec![Header::new("content-type", "text/plain")];
        let parts = vec![Part::Plain("plain".into())];
        let post = Request { body: parts, ..request(Method::POST, first.url("/"), headers) };
        client().send(post).await.unwrap();
        let seen = &other.requests()[0];
        assert_eq!((line(seen), body(seen)), wanted);
        assert_eq!(header(seen, "content-type").is_some(), status == 307);
    }
}

#[tokio::test]
async fn redirects_are_counted() {
    let server = Server::start(|request| {
        let path = line(request).split(' ').nth(1).unwrap_or_default().to_owned();
        redirect(302, &format!("{path}x"))
    });
    let get = |redirects| Request { redirects, ..Request::new(Method::GET, server.url("/")) };
    let got = client().send(get(None)).await;
    assert!(matches!(&got, Err(Error::Refused(text)) if text.contains("more than 5 times")), "{got:?}");
    assert_eq!(server.requests().len(), 6);
    let got = client().send(get(Some(1))).await;
    assert!(matches!(&got, Err(Error::Refused(text)) if text.contains("more than 1 times")), "{got:?}");
    let got = client().send(get(Some(0))).await.unwrap();
    assert_eq!((got.status, server.requests().len()), (302, 9));
}

#[tokio::test]
async fn the_url_of_the_answer_is_where_it_came_from() {
    let other = Server::saying("there");
    let first = leading_to(&other, 302);
    let got = client().send(Request::new(Method::GET, first.url("/#part"))).await.unwrap();
    assert_eq!(got.url, other.url("/there"));
}

#[tokio::test]
async fn a_secret_is_opened_for_the_host_that_is_called() {
    let server = Server::start_at("127.0.0.2:0", |_| ok("text/plain", "there"));
    let headers = vec![Header::new("x-api-key", hole())];
    let got = client().send(request(Method::GET, server.url("/"), headers)).await;
    let refused = Refused::Host { name: "TOKEN".into(), host: "127.0.0.2".into() };
    assert_eq!(got.unwrap_err(), Error::Secret(refused));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_secret_of_the_path_goes_to_the_address_itself_and_to_none_that_a_redirect_names() {
    let other = Server::start(|_| ok("text/plain", "there"));
    let target = other.url("/there/and/back");
    let server = Server::start(move |_| redirect(307, &target));
    let path = Some((4, Hole::Join(vec![Hole::Plain("/".into()), hole()])));
    let request = Request { path, ..Request::new(Method::GET, server.url("/for/whom")) };
    client().send(request).await.unwrap();
    assert_eq!(line(&server.requests()[0]), format!("GET /for/{CANARY}/whom HTTP/1.1"));
    assert_eq!(line(&other.requests()[0]), "GET /there/and/back HTTP/1.1");
}

#[tokio::test]
async fn a_secret_that_is_no_segment_is_sent_nowhere_and_not_shown() {
    let server = Server::start(|_| ok("text/plain", "there"));
    for around in [
        ("", ""),
        ("/", "/"),
        ("/../", ""),
        ("/./", ""),
        ("/", "?a=b"),
        ("/", "#a"),
        ("/", "%2e"),
        ("/a\\", ""),
    ] {
        let parts = vec![Hole::Plain(around.0.into()), hole(), Hole::Plain(around.1.into())];
        let request =
            Request { path: Some((0, Hole::Join(parts))), ..Request::new(Method::GET, server.url("/whom")) };
        let got = client().send(request).await;
        let Err(Error::Invalid(text)) = got else { panic!("{around:?}: {got:?}") };
        assert!(!text.contains("canary"), "{text}");
    }
    // What stands before is told in bytes that the path has.
    let request =
        Request { path: Some((99, Hole::Plain("/a".into()))), ..Request::new(Method::GET, server.url("/")) };
    assert!(matches!(client().send(request).await, Err(Error::Invalid(_))));
    assert!(server.requests().is_empty());
}
