//! Bodies that are longer than memory should be, both ways.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use egress::{Client, Content, Error, Header, Method, Part, Policy, Request};
use secret::{Hole, Open, Refused, Secret};
use support::{Reply, Server};

struct Canary;

impl Open for Canary {
    fn open(&self, _: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new("canary-0123456789".into()))
    }
}

fn client() -> Client {
    Client::new(Policy { allow_private: true, ..Policy::default() }, Arc::new(Canary))
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// So many letters; it counts how often it was begun.
#[derive(Debug, Default)]
struct Letters {
    size: u64,
    begun: AtomicUsize,
    /// How many of them there are in truth.
    really: u64,
}

impl Content for Letters {
    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(io::repeat(b'x').take(self.really)))
    }
}

fn letters(size: u64) -> Arc<Letters> {
    Arc::new(Letters { size, really: size, ..Letters::default() })
}

fn upload(url: String, content: Arc<Letters>) -> Request {
    let before = Part::Plain("<".into());
    Request {
        body: vec![before, Part::Content(content), Part::Plain(">".into())],
        ..Request::new(Method::PUT, url)
    }
}

#[test]
fn a_body_that_is_read_while_it_is_sent_has_a_known_length() {
    let server = Server::saying("thanks");
    let request = upload(server.url("/"), letters(300_000));
    let answer = block_on(async { client().open(request).await.unwrap().whole(100).await.unwrap() });
    assert_eq!((answer.status, &answer.body[..]), (200, &b"thanks"[..]));
    let seen = &server.requests()[0];
    assert_eq!(support::header(seen, "content-length"), Some("300002"));
    assert_eq!(support::header(seen, "transfer-encoding"), None);
    assert_eq!(support::body(seen), format!("<{}>", "x".repeat(300_000)));
}

#[test]
fn a_redirect_that_keeps_the_body_has_it_read_once_more() {
    let last = Server::saying("here");
    let to = last.url("/there");
    let first = Server::start(move |_| support::answer(307, &[("location", &to)], ""));
    let content = letters(200_000);
    let mut request = upload(first.url("/"), content.clone());
    request.headers.push(Header::credential("authorization", Hole::Name("TOKEN".into())));
    let answer = block_on(async { client().open(request).await.unwrap().whole(100).await.unwrap() });
    assert_eq!(answer.body, "here");
    assert_eq!(content.begun.load(Ordering::SeqCst), 2);
    let (seen, asked) = (&last.requests()[0], &first.requests()[0]);
    assert_eq!(support::body(seen).len(), 200_002);
    // Where the body goes, the token does not: it is another server.
    assert_eq!(support::header(asked, "authorization"), Some("canary-0123456789"));
    assert_eq!(support::header(seen, "authorization"), None);
}

#[test]
fn a_content_that_is_shorter_than_it_says_breaks_the_call() {
    let server = Server::saying("thanks");
    let content = Arc::new(Letters { size: 300_000, really: 200_000, ..Letters::default() });
    let error = block_on(client().open(upload(server.url("/"), content))).err().unwrap();
    assert!(matches!(error, Error::Network { before_send: false, .. }), "{error:?}");
}

#[test]
fn a_body_that_is_too_long_is_not_sent() {
    let server = Server::saying("thanks");
    let policy = Policy { allow_private: true, max_streamed: 1_000, ..Policy::default() };
    let client = Client::new(policy, Arc::new(Canary));
    let error = block_on(client.open(upload(server.url("/"), letters(999)))).err().unwrap();
    assert!(error.to_string().ends_with("is longer than 1000 bytes"), "{error}");
    assert!(server.requests().is_empty());
}

#[test]
fn an_answer_comes_in_pieces_without_the_secret_that_it_says_back() {
    let text = format!("{}canary-0123456789{}", "a".repeat(100_000), "b".repeat(100_000));
    let server = Server::start(move |_| support::answer(200, &[("content-type", "text/x")], &text));
    let mut request = Request::new(Method::GET, server.url("/"));
    request.headers.push(Header::credential("authorization", Hole::Name("TOKEN".into())));
    let (pieces, body) = block_on(async {
        let incoming = client().open(request).await.unwrap();
        assert_eq!((incoming.status(), incoming.length()), (200, Some(200_017)));
        let (head, mut body) = incoming.parted();
        assert!(head.body.is_empty());
        let (mut pieces, mut whole) = (0, vec![]);
        while let Some(piece) = body.next().await.unwrap() {
            pieces += 1;
            whole.extend_from_slice(&piece);
        }
        (pieces, String::from_utf8(whole).unwrap())
    });
    assert!(pieces > 1);
    assert_eq!(body, format!("{}***{}", "a".repeat(100_000), "b".repeat(100_000)));
}

#[test]
fn an_answer_that_breaks_off_or_stands_still_is_an_error_behind_what_came() {
    let cut = || Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec());
    let stall = || Reply::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec());
    for (name, reply) in [("cut", cut as fn() -> Reply), ("stall", stall)] {
        let server = Server::start(move |_| reply());
        let request = Request {
            timeout: Some(Duration::from_millis(300)),
            ..Request::new(Method::GET, server.url("/"))
        };
        block_on(async {
            let (_, mut body) = client().open(request).await.unwrap().parted();
            assert_eq!(body.next().await.unwrap().unwrap(), "half", "{name}");
            let error = body.next().await.unwrap_err();
            match name {
                "cut" => assert!(matches!(error, Error::Network { .. }), "{error:?}"),
                _ => assert!(matches!(error, Error::Timeout { .. }), "{error:?}"),
            }
        });
    }
}

#[test]
fn an_answer_that_drips_is_given_up_though_it_never_stands_still() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
    let server = Server::start(|_| Reply::Drip(head.to_vec(), Duration::from_millis(20)));
    let limit = Some(Duration::from_millis(500));
    let request = Request { timeout: limit, ..Request::new(Method::GET, server.url("/")) };
    let began = std::time::Instant::now();
    block_on(async {
        let (_, mut body) = client().open(request).await.unwrap().parted();
        let error = loop {
            match body.next().await {
                Ok(piece) => assert!(piece.is_some(), "it has an end"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
        assert!(body.came() > 1, "it came bit by bit");
    });
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
