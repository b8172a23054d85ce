//! Downloads whose lines break: they go on where they stopped, begin anew where the file is another one, and are never wrong.

#![allow(clippy::unwrap_used)]

#[path = "../../egress/tests/support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use connectors::connection::{Coming, Connection, Connections};
use connectors::contents::Contents;
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::meter::{Meter, Metered};
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Content, File, Hash, Value};
use egress::{Client, Policy};
use secret::{NoVault, Open, Refused, Secret};
use support::{Reply, Server, header, redirect};
use tempfile::TempDir;

const CANARY: &str = "canary-0123456789";

const MB: usize = 1 << 20;

/// More than a value carries.
const LARGE: usize = 10 * MB + 12_345;

const DISK: &str = r#"
connector: disk
name: Disk
version: 1.0.0
about: A service that keeps files.
hosts: [disk.example]
base: https://disk.example
auth:
  bearer: { kind: bearer }
defaults:
  limits: { budgets: [{ limit: 6, per: 60s }], concurrency: 1 }
actions:
  download:
    about: Download.
    effect: read
    safety: read
    request: { method: GET, path: /file, reads: bytes }
    output: { file: "{{ response.body }}" }
    returns: { file: bytes }
  make:
    about: Make a file, and download it.
    effect: create
    safety: once
    request: { method: POST, path: /file, reads: bytes }
    output: { file: "{{ response.body }}" }
    returns: { file: bytes }
"#;

static EGRESS: LazyLock<Client> =
    LazyLock::new(|| Client::new(Policy { allow_private: true, ..Policy::default() }, Arc::new(NoVault)));

struct One;

impl Open for One {
    fn open(&self, _: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new(CANARY.into()))
    }
}

impl Connections for One {
    fn fresh<'a>(&'a self, _: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let secrets = [("token".to_owned(), "token".to_owned())].into();
        let connection = Connection { secrets, open: Arc::new(One), ..Connection::nobody("bearer") };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, _: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, "connect again"))))
    }
}

/// A folder of contents.
struct Ground(TempDir);

impl Ground {
    fn new() -> Ground {
        Ground(tempfile::tempdir().unwrap())
    }

    /// The names of what is kept.
    fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.0.path().join("contents")) else { return vec![] };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    async fn call_with(&self, meter: Metered, request: Request<'_>) -> Result<Value, Failure> {
        let library = Library::default().with_text("disk", DISK.to_owned());
        let read = library.read("disk").unwrap();
        assert!(read.diagnostics.is_empty(), "{:#?}", read.diagnostics);
        let connectors = Connectors::new(Settings {
            files: self.0.path().into(),
            protected: vec![],
            contents: Contents::new(self.0.path().join("contents")),
            egress: EGRESS.clone(),
            library: Arc::new(library),
            connections: Arc::new(One),
            meter,
        });
        connectors.call(request).await
    }

    async fn download(&self, server: &Server) -> Result<Arc<File>, Failure> {
        let base = server.url("");
        let request = Request { base: Some(&base), ..Request::new("disk.download", &Value::Null, "key") };
        self.call_with(Metered::default(), request).await.map(|value| file(value.get("file")))
    }

    async fn http(&self, args: serde_json::Value) -> Result<Value, Failure> {
        let args = Value::from_json(args);
        self.call_with(Metered::default(), Request::new("http.request", &args, "key")).await
    }

    /// The bytes of a file, which are those of its hash.
    fn bytes(&self, file: &File) -> Vec<u8> {
        match &file.content {
            Content::Here(bytes) => bytes.to_vec(),
            Content::Kept(hash, size) => {
                let bytes = std::fs::read(self.0.path().join("contents").join(hash.to_string())).unwrap();
                assert_eq!((Hash::of(&bytes), bytes.len() as u64), (*hash, *size));
                bytes
            }
        }
    }
}

fn file(value: Option<&Value>) -> Arc<File> {
    match value {
        Some(Value::File(file)) => file.clone(),
        other => panic!("no file: {other:?}"),
    }
}

/// Bytes of which no two places are alike.
fn content(size: usize, seed: u64) -> Arc<Vec<u8>> {
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    Arc::new((0..size).map(|_| next()).collect())
}

/// What a request asks from on.
fn from(request: &str) -> Option<usize> {
    header(request, "range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// The bytes from a place on as an answer, of which so many are sent before the line breaks.
fn part(content: &[u8], first: Option<usize>, heads: &str, sent: usize) -> Reply {
    let (at, whole) = (first.unwrap_or(0), content.len());
    let place = match first {
        Some(first) => {
            format!("HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {first}-{}/{whole}\r\n", whole - 1)
        }
        None => "HTTP/1.1 200 OK\r\n".to_owned(),
    };
    let head = format!("{place}{heads}connection: close\r\ncontent-length: {}\r\n\r\n", whole - at);
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&content[at..whole.min(at + sent)]);
    Reply::Bytes(bytes)
}

/// A server whose lines break after so many bytes, and that takes `range` where `if-range` is what it said.
fn cutting(content: &Arc<Vec<u8>>, heads: &'static str, cut: usize) -> Server {
    let content = content.clone();
    Server::start(move |request| {
        let known = header(request, "if-range").is_none_or(|tag| heads.contains(tag));
        part(&content, from(request).filter(|_| known), heads, cut)
    })
}

const TAGGED: &str = "etag: \"v1\"\r\ncontent-type: video/mp4\r\n";

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    for heads in
        [TAGGED, "date: Mon, 30 Nov 2026 10:00:00 GMT\r\nlast-modified: Mon, 30 Nov 2026 09:59:58 GMT\r\n"]
    {
        let (ground, all) = (Ground::new(), content(LARGE, 1));
        let server = cutting(&all, heads, 3 * MB);
        let file = ground.download(&server).await.unwrap();
        assert!(ground.bytes(&file) == *all, "it is another file");
        assert_eq!(ground.names().len(), 1);
        let asked: Vec<Option<usize>> = server.requests().iter().map(|request| from(request)).collect();
        // No byte came twice.
        assert_eq!(asked, [None, Some(3 * MB), Some(6 * MB), Some(9 * MB)]);
        for request in &server.requests()[1..] {
            assert!(heads.contains(header(request, "if-range").unwrap()), "{request}");
            assert_eq!(header(request, "authorization"), Some(&*format!("Bearer {CANARY}")));
        }
    }
}

#[tokio::test]
async fn where_nobody_can_tell_whether_it_is_the_same_file_the_call_ends() {
    for heads in [
        "",
        "etag: W/\"v1\"\r\n",
        "etag: \"v1\"\r\naccept-ranges: none\r\n",
        "last-modified: Mon, 30 Nov 2026 09:59:58 GMT\r\n",
        // It may have changed twice in that second.
        "date: Mon, 30 Nov 2026 10:00:00 GMT\r\nlast-modified: Mon, 30 Nov 2026 10:00:00 GMT\r\n",
    ] {
        let (ground, all) = (Ground::new(), content(LARGE, 2));
        let server = cutting(&all, heads, 4 * MB);
        let failure = ground.download(&server).await.unwrap_err();
        assert!(failure.kind == FailureKind::Network && failure.retryable, "{failure:?}");
        assert_eq!((server.requests().len(), none_left(&ground).await), (1, true), "{heads}");
    }
    // What is not a mere read is not asked for again.
    let (ground, all) = (Ground::new(), content(LARGE, 3));
    let server = cutting(&all, TAGGED, 4 * MB);
    let base = server.url("");
    let request = Request { base: Some(&base), ..Request::new("disk.make", &Value::Null, "key") };
    let failure = ground.call_with(Metered::default(), request).await.unwrap_err();
    assert_eq!((failure.retryable, server.requests().len()), (false, 1));
}

/// Whether nothing is kept; the thread that writes sees the end of its pieces a little later.
async fn none_left(ground: &Ground) -> bool {
    for _ in 0..100 {
        if ground.names().is_empty() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn a_file_that_is_another_one_by_now_begins_anew() {
    let (ground, first, second) = (Ground::new(), content(LARGE, 4), content(LARGE + 7, 5));
    let (old, new, count) = (first.clone(), second.clone(), AtomicUsize::new(0));
    let server = Server::start(move |request| match count.fetch_add(1, Ordering::SeqCst) {
        0 => part(&old, None, TAGGED, 5 * MB),
        1 => part(&new, None, "etag: \"v2\"\r\n", 6 * MB),
        _ => part(&new, from(request), "etag: \"v2\"\r\n", LARGE * 2),
    });
    let file = ground.download(&server).await.unwrap();
    assert!(ground.bytes(&file) == *second, "it is not the second one");
    let tags: Vec<_> = server.requests().iter().map(|it| header(it, "if-range").map(str::to_owned)).collect();
    assert_eq!(tags, [None, Some("\"v1\"".into()), Some("\"v2\"".into())]);
    // One that is another one each time is given up.
    let (count, old) = (AtomicUsize::new(0), first.clone());
    let server = Server::start(move |_| {
        let heads = format!("etag: \"v{}\"\r\n", count.fetch_add(1, Ordering::SeqCst));
        part(&old, None, &heads, 2 * MB)
    });
    let failure = Ground::new().download(&server).await.unwrap_err();
    assert!(failure.kind == FailureKind::Network && failure.retryable, "{failure:?}");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_part_that_is_not_the_one_that_was_asked_for_is_not_taken() {
    let all = content(LARGE, 6);
    type Answers = fn(&[u8], usize) -> Reply;
    let wrong: [(&str, Answers); 5] = [
        ("another place", |all, at| part(all, Some(at + 1), TAGGED, LARGE)),
        ("another tag", |all, at| part(all, Some(at), "etag: \"v2\"\r\n", LARGE)),
        ("another length", |all, at| part(&all[..LARGE - 1], Some(at), TAGGED, LARGE)),
        ("no place", |all, at| {
            let head = format!("HTTP/1.1 206 X\r\ncontent-length: {}\r\n\r\n", all.len() - at);
            Reply::Bytes([head.as_bytes(), &all[at..]].concat())
        }),
        ("a refusal", |_, _| support::answer(416, &[("content-range", "bytes */5")], "")),
    ];
    for (what, answers) in wrong {
        let (ground, sent) = (Ground::new(), all.clone());
        let server = Server::start(move |request| match from(request) {
            None => part(&sent, None, TAGGED, 4 * MB),
            Some(at) => answers(&sent, at),
        });
        let failure = ground.download(&server).await.unwrap_err();
        assert!(failure.kind == FailureKind::Network && failure.retryable, "{what}: {failure:?}");
        assert_eq!((server.requests().len(), none_left(&ground).await), (2, true), "{what}");
    }
    // A part that ends before the whole does is no end.
    let (ground, sent) = (Ground::new(), all.clone());
    let server = Server::start(move |request| match from(request) {
        None => part(&sent, None, TAGGED, 4 * MB),
        Some(at) => {
            let end = LARGE.min(at + 3 * MB);
            let head = format!(
                "HTTP/1.1 206 X\r\ncontent-range: bytes {at}-{}/{LARGE}\r\ncontent-length: {}\r\n\r\n",
                end - 1,
                end - at
            );
            Reply::Bytes([head.as_bytes(), &sent[at..end]].concat())
        }
    });
    let file = ground.download(&server).await.unwrap();
    assert!(ground.bytes(&file) == *all);
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn lines_that_bring_nothing_are_given_up_soon() {
    let (ground, all) = (Ground::new(), content(LARGE, 7));
    let server = cutting(&all, TAGGED, 1000);
    let began = Instant::now();
    let failure = ground.download(&server).await.unwrap_err();
    assert!(failure.kind == FailureKind::Network && failure.retryable, "{failure:?}");
    assert_eq!(server.requests().len(), 4);
    assert!(began.elapsed() < Duration::from_secs(60));
    // One that is not there for a moment is asked again.
    let (sent, count) = (all.clone(), AtomicUsize::new(0));
    let server = Server::start(move |request| match count.fetch_add(1, Ordering::SeqCst) {
        0 => part(&sent, None, TAGGED, 4 * MB),
        1 => Reply::Bytes(vec![]),
        _ => part(&sent, from(request), TAGGED, LARGE),
    });
    assert!(ground.bytes(&ground.download(&server).await.unwrap()) == *all);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn each_part_is_counted_as_a_request() {
    let (ground, all) = (Ground::new(), content(LARGE, 8));
    // Each line brings enough to count, and there are more of them than the budget has.
    let server = cutting(&all, TAGGED, MB + 1);
    let base = server.url("");
    let request = Request { base: Some(&base), ..Request::new("disk.download", &Value::Null, "key") };
    let failure = ground.call_with(Meter::default().of("o", "w"), request).await.unwrap_err();
    assert_eq!((failure.kind, server.requests().len()), (FailureKind::RateLimited, 6), "{failure:?}");
    assert!(failure.retryable && failure.retry_after.is_some(), "{failure:?}");
    // The control: a budget that is large enough.
    let server = cutting(&all, TAGGED, 2 * MB);
    ground.download(&server).await.unwrap();
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_secret_across_the_break_is_replaced_and_the_place_is_right() {
    let said = format!("before {CANARY} between {CANARY} behind").into_bytes();
    for cut in 1..said.len() {
        let (ground, all) = (Ground::new(), Arc::new(said.clone()));
        let sent = all.clone();
        let server = Server::start(move |request| match from(request) {
            None => part(&sent, None, TAGGED, cut),
            at => part(&sent, at, TAGGED, sent.len()),
        });
        let file = ground.download(&server).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&ground.bytes(&file)), "before *** between *** behind", "{cut}");
        assert_eq!(from(&server.requests()[1]), Some(cut));
    }
}

#[tokio::test]
async fn where_a_file_lies_elsewhere_it_goes_on_there_without_the_token() {
    let all = content(LARGE, 9);
    let storage = cutting(&all, TAGGED, 6 * MB);
    let to = storage.url("/signed?sig=abc");
    let server = Server::start(move |_| redirect(302, &to));
    let ground = Ground::new();
    assert!(ground.bytes(&ground.download(&server).await.unwrap()) == *all);
    let asked = storage.requests();
    assert_eq!((server.requests().len(), asked.len()), (2, 2), "the service says anew where it lies");
    assert_eq!((from(&asked[1]), header(&asked[1], "if-range")), (Some(6 * MB), Some("\"v1\"")));
    assert!(asked.iter().all(|request| !request.contains(CANARY)));
}

/// What a server says whole.
fn saying(kind: &'static str, body: Arc<Vec<u8>>) -> Server {
    Server::start(move |_| {
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
        Reply::Bytes([head.as_bytes(), &body].concat())
    })
}

/// JSON of so many bytes.
fn json(size: usize) -> Arc<Vec<u8>> {
    Arc::new(format!("[\"{}\"]", "x".repeat(size - 4)).into_bytes())
}

#[tokio::test]
async fn a_long_answer_of_http_is_a_file_whatever_it_is() {
    let ground = Ground::new();
    for (kind, media_type) in [
        ("application/json", "application/json"),
        ("text/csv; charset=utf-8", "text/csv"),
        ("", "application/octet-stream"),
    ] {
        let all = json(10 * MB + 1);
        let server = saying(kind, all.clone());
        let gave = ground.http(serde_json::json!({ "url": server.url("/") })).await.unwrap();
        let file = file(gave.get("body"));
        assert_eq!((&*file.media_type, file.size()), (media_type, all.len() as u64));
        assert!(matches!(file.content, Content::Kept(..)) && ground.bytes(&file) == *all);
        assert_eq!(gave.get("status"), Some(&Value::Int(200)));
    }
    // One byte less is what it says that it is.
    let server = saying("application/json", json(10 * MB));
    let gave = ground.http(serde_json::json!({ "url": server.url("/") })).await.unwrap();
    assert!(matches!(gave.get("body"), Some(Value::List(items)) if items.len() == 1));
    let server = saying("text/plain", json(10 * MB));
    let gave = ground.http(serde_json::json!({ "url": server.url("/") })).await.unwrap();
    assert!(matches!(gave.get("body"), Some(Value::Text(_))));
}

#[tokio::test]
async fn a_long_answer_of_http_goes_on_and_has_its_limits() {
    let (ground, all) = (Ground::new(), content(LARGE, 10));
    let server = cutting(&all, TAGGED, 4 * MB);
    let gave = ground.http(serde_json::json!({ "url": server.url("/") })).await.unwrap();
    assert!(ground.bytes(&file(gave.get("body"))) == *all);
    assert_eq!(server.requests().len(), 3);
    // Who asks for a part of their own, or changes something, is not asked for.
    for args in [
        serde_json::json!({ "url": server.url("/"), "headers": { "range": "bytes=0-" } }),
        serde_json::json!({ "url": server.url("/"), "method": "POST", "body": "a" }),
    ] {
        let before = server.requests().len();
        let failure = ground.http(args).await.unwrap_err();
        assert_eq!((failure.kind, server.requests().len()), (FailureKind::Network, before + 1), "{failure}");
    }
    // As long as the author lets it be, and no page is one.
    let server = saying("application/json", json(10 * MB + 1));
    let page = serde_json::json!({ "items": "body", "next": "null" });
    for args in [
        serde_json::json!({ "url": server.url("/"), "max_bytes": 10 * MB }),
        serde_json::json!({ "url": server.url("/"), "paginate": page }),
    ] {
        let failure = ground.http(args).await.unwrap_err();
        assert_eq!((failure.kind, failure.retryable, failure.answered), (FailureKind::Limit, false, true));
    }
    // A refusal is no file.
    let server = Server::start(|_| support::answer(500, &[], &"x".repeat(11 * MB)));
    let failure = ground.http(serde_json::json!({ "url": server.url("/") })).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
}

#[tokio::test]
async fn a_short_answer_of_http_has_the_time_of_the_whole() {
    // A byte now and then keeps no call alive: pieces come, and the whole does not.
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = server.accept().unwrap();
        // An answer before the question is none.
        stream.read_exact(&mut [0; 16]).unwrap();
        let mut piece: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
        while stream.write_all(piece).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
            piece = b"x";
        }
    });
    let ground = Ground::new();
    let asked = ground.http(serde_json::json!({ "url": url, "timeout": "300ms" }));
    let failure = tokio::time::timeout(Duration::from_secs(30), asked).await.unwrap().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Timeout, "{failure}");
}
