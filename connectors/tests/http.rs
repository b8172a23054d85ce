//! `http.request` against a server on this machine.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

#[path = "../../egress/tests/support/mod.rs"]
mod support;

use std::sync::{Arc, LazyLock};

use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Hole, Value};
use secret::{NoVault, Open, Refused, Secret};
use serde_json::json;
use support::{Reply, Server, answer, body, header, line, ok, redirect};

const CANARY: &str = "canary-1234567890";

/// Opens every secret with the same value, but for `OTHER`.
struct Canary;

impl Open for Canary {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        match name {
            "OTHER" => Err(Refused::Host { name: name.into(), host: host.into() }),
            _ => Ok(Secret::new(CANARY.into())),
        }
    }
}

/// One client for all tests: making one reads the system's certificates, which takes long.
static CLIENT: LazyLock<egress::Client> = LazyLock::new(|| client(Canary));

fn client(open: impl Open + 'static) -> egress::Client {
    egress::Client::new(egress::Policy { allow_private: true, ..egress::Policy::default() }, Arc::new(open))
}

fn connectors(egress: egress::Client) -> Connectors {
    Connectors::new(Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: connectors::contents::Contents::none(),
        egress,
        library: connectors::library().clone(),
        connections: std::sync::Arc::new(connectors::connection::NoConnections),
        meter: connectors::meter::Metered::default(),
    })
}

async fn call_value(args: Value) -> Result<Value, Failure> {
    connectors(CLIENT.clone()).call(Request::new("http.request", &args, "key-1")).await
}

async fn call(args: serde_json::Value) -> Result<serde_json::Value, Failure> {
    call_value(Value::from_json(args)).await.map(|value| value.to_json())
}

fn hole(name: &str) -> Value {
    Value::Hole(Arc::new(Hole::Name(name.into())))
}

#[tokio::test]
async fn an_answer_has_status_headers_body_and_url() {
    let server = Server::start(|_| {
        answer(
            200,
            &[("Content-Type", "application/json"), ("X-A", "1"), ("x-a", "2")],
            r#"{"a":[1,2.5,null]}"#,
        )
    });
    let got = call(json!({ "url": server.url("/x?y=1") })).await.unwrap();
    assert_eq!(got["status"], 200);
    assert_eq!(got["body"], json!({ "a": [1, 2.5, null] }));
    assert_eq!(got["headers"]["x-a"], "1, 2");
    assert_eq!(got["headers"]["content-type"], "application/json");
    assert_eq!(got["url"], server.url("/x?y=1"));
    assert_eq!(line(&server.requests()[0]), "GET /x?y=1 HTTP/1.1");
}

#[tokio::test]
async fn a_body_is_what_its_content_type_says() {
    let body_of = |kind: &'static str, text: &'static str| async move {
        let server = Server::start(move |_| ok(kind, text));
        call(json!({ "url": server.url("/") })).await.map(|got| got["body"].clone())
    };
    assert_eq!(body_of("application/json", "[1]").await.unwrap(), json!([1]));
    assert_eq!(body_of("application/vnd.api+json; charset=utf-8", "\u{feff}{}").await.unwrap(), json!({}));
    assert_eq!(body_of("text/html", "<b>ü").await.unwrap(), "<b>ü");
    let bytes = json!({ "base64": "iVA=", "type": "image/png", "size": 2 });
    let server = Server::start(|_| {
        Reply::Bytes(
            b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 2\r\n\r\n\x89\x50".to_vec(),
        )
    });
    assert_eq!(call(json!({ "url": server.url("/") })).await.unwrap()["body"], bytes);
    assert_eq!(body_of("application/json", "").await.unwrap(), json!(null));
    let broken = body_of("application/json", "{").await.unwrap_err();
    assert_eq!((broken.kind, broken.status, broken.retryable), (FailureKind::Server, Some(200), false));
    let deep = Box::leak(format!("{}{}", "[".repeat(100), "]".repeat(100)).into_boxed_str());
    assert_eq!(body_of("application/json", deep).await.unwrap_err().kind, FailureKind::Limit);
}

#[tokio::test]
async fn a_query_is_added_and_encoded() {
    let server = Server::saying("");
    let query = json!({ "b c": "ü&=", "n": 1, "list": ["x", true], "none": null, "empty": "" });
    call(json!({ "url": server.url("/p?a=1"), "query": query })).await.unwrap();
    call(json!({ "url": server.url("/p"), "query": { "none": null } })).await.unwrap();
    let seen = server.requests();
    assert_eq!(line(&seen[0]), "GET /p?a=1&b+c=%C3%BC%26%3D&n=1&list=x&list=true&empty= HTTP/1.1");
    assert_eq!(line(&seen[1]), "GET /p HTTP/1.1");
}

#[tokio::test]
async fn bodies_are_sent_as_json_form_text_or_bytes() {
    let server = Server::saying("");
    let cases = [
        (json!({ "json": { "b": [1, null], "a": "\"" } }), "application/json", r#"{"b":[1,null],"a":"\""}"#),
        (json!({ "json": [] }), "application/json", "[]"),
        (
            json!({ "form": { "a b": "c&d", "l": [1, 2], "n": null } }),
            "application/x-www-form-urlencoded",
            "a+b=c%26d&l=1&l=2",
        ),
        (json!({ "body": "plain" }), "text/plain; charset=utf-8", "plain"),
        (json!({ "body": { "base64": "AQID" } }), "application/octet-stream", "\u{1}\u{2}\u{3}"),
        (json!({ "body": "<a/>", "headers": { "Content-Type": "text/xml" } }), "text/xml", "<a/>"),
    ];
    for (at, (mut args, kind, wanted)) in cases.into_iter().enumerate() {
        args["method"] = json!("POST");
        args["url"] = json!(server.url("/"));
        call(args).await.unwrap();
        let seen = &server.requests()[at];
        assert_eq!((header(seen, "content-type"), body(seen)), (Some(kind), wanted));
    }
}

#[tokio::test]
async fn secrets_reach_the_server_wherever_they_may_stand() {
    let server = Server::saying("");
    let joined = Hole::Join(vec![Hole::Plain("v1=".into()), Hole::Name("A".into())]);
    let pair = Value::object([("user", Value::text("me")), ("password", hole("A"))]);
    let own = Value::object([("name", Value::text("X-Api-Key")), ("value", hole("A"))]);
    let cases = [
        ("auth", Value::object([("bearer", hole("A"))]), format!("authorization: Bearer {CANARY}")),
        (
            "auth",
            Value::object([("basic", pair)]),
            "authorization: Basic bWU6Y2FuYXJ5LTEyMzQ1Njc4OTA=".into(),
        ),
        ("auth", Value::object([("header", own)]), format!("x-api-key: {CANARY}")),
        (
            "headers",
            Value::object([("x-sign", Value::Hole(Arc::new(joined)))]),
            format!("x-sign: v1={CANARY}"),
        ),
        ("json", Value::object([("k", Value::list(vec![hole("A")]))]), format!(r#"{{"k":["{CANARY}"]}}"#)),
        ("form", Value::object([("k", hole("A"))]), format!("k={CANARY}")),
        ("body", hole("A"), format!("\r\n\r\n{CANARY}")),
        (
            "multipart",
            Value::object([("k", hole("A"))]),
            format!("form-data; name=\"k\"\r\n\r\n{CANARY}\r\n--"),
        ),
    ];
    for (at, (name, value, wanted)) in cases.into_iter().enumerate() {
        let args = Value::object([("method", "POST".into()), ("url", server.url("/").into()), (name, value)]);
        call_value(args).await.unwrap();
        assert!(server.requests()[at].contains(&wanted), "{wanted}: {}", server.requests()[at]);
    }
}

#[tokio::test]
async fn secrets_are_refused_in_url_query_and_wherever_text_is_read() {
    let server = Server::saying("");
    let url = || Value::text(server.url("/"));
    let cases = [
        ("url", vec![("url", hole("A"))]),
        ("query.k", vec![("url", url()), ("query", Value::object([("k", hole("A"))]))]),
        ("query.k[0]", vec![("url", url()), ("query", Value::object([("k", Value::list(vec![hole("A")]))]))]),
        ("idempotency", vec![("url", url()), ("idempotency", hole("A"))]),
    ];
    for (name, args) in cases {
        let failure = call_value(Value::object(args)).await.unwrap_err();
        assert_eq!(failure.to_string(), format!("a secret cannot stand in `{name}` (refused)"));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn without_a_vault_a_secret_refuses_the_call() {
    let server = Server::saying("");
    let args = Value::object([
        ("url", server.url("/").into()),
        ("auth", Value::object([("bearer", hole("TOKEN"))])),
    ]);
    let call = Request::new("http.request", &args, "");
    let failure = connectors(client(NoVault)).call(call).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(
        failure.message.ends_with("there is no vault yet; the secret `TOKEN` cannot be opened"),
        "{failure}"
    );
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_status_decides_the_kind_of_failure_and_whether_it_may_pass() {
    use FailureKind as Kind;
    let cases = [
        (302, Kind::Invalid, false),
        (400, Kind::Invalid, false),
        (401, Kind::Auth, false),
        (403, Kind::Permission, false),
        (404, Kind::NotFound, false),
        (408, Kind::Timeout, true),
        (409, Kind::Conflict, false),
        (410, Kind::NotFound, false),
        (418, Kind::Invalid, false),
        (422, Kind::Invalid, false),
        (425, Kind::Invalid, true),
        (429, Kind::RateLimited, true),
        (500, Kind::Server, true),
        (503, Kind::Server, true),
    ];
    for (status, kind, retryable) in cases {
        let server = Server::start(move |_| answer(status, &[("retry-after", "7")], ""));
        let failure = call(json!({ "url": server.url("/a/b?token=canary") })).await.unwrap_err();
        assert_eq!((failure.kind, failure.retryable, failure.answered), (kind, retryable, true), "{status}");
        assert_eq!(failure.status, Some(status));
        assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), Some(7));
        assert_eq!(failure.message, format!("`GET {}/a/b` answered {status}", server.address));
    }
}

#[tokio::test]
async fn a_failure_says_what_the_service_says() {
    let said = |kind: &'static str, text: &'static str| async move {
        let server = Server::start(move |_| answer(404, &[("content-type", kind)], text));
        let failure = call(json!({ "url": server.url("/") })).await.unwrap_err();
        failure.message.split_once(" answered 404").unwrap().1.to_owned()
    };
    assert_eq!(
        said("application/json", r#"{"error":{"message":"no such user","code":5}}"#).await,
        ": no such user"
    );
    assert_eq!(said("text/plain", "not\r\n  here").await, ": not here");
    assert_eq!(said("image/png", "bytes").await, "");
}

#[tokio::test]
async fn expected_statuses_are_answers() {
    let server = Server::start(|_| answer(404, &[("content-type", "text/plain")], "no"));
    let got = call(json!({ "url": server.url("/"), "expect": [200, 404] })).await.unwrap();
    assert_eq!((&got["status"], &got["body"]), (&json!(404), &json!("no")));
    assert!(call(json!({ "url": server.url("/"), "expect": [410] })).await.is_err());
    let wrong = call(json!({ "url": server.url("/"), "expect": [42] })).await.unwrap_err();
    assert_eq!(wrong.kind, FailureKind::Invalid);
}

#[tokio::test]
async fn redirects_are_followed_as_often_as_is_said() {
    let server = Server::start(|request| match line(request) {
        "GET / HTTP/1.1" => redirect(302, "/there"),
        _ => ok("text/plain", "there"),
    });
    let got = call(json!({ "url": server.url("/") })).await.unwrap();
    assert_eq!((&got["body"], &got["url"]), (&json!("there"), &json!(server.url("/there"))));
    let got = call(json!({ "url": server.url("/"), "redirects": 0, "expect": [302] })).await.unwrap();
    assert_eq!(got["headers"]["location"], "/there");
}

#[tokio::test]
async fn no_connection_and_no_answer_may_pass() {
    let server = Server::saying("");
    let closed = server.url("/x?token=canary");
    drop(server);
    let failure = call(json!({ "url": closed })).await.unwrap_err();
    assert_eq!((failure.kind, failure.retryable, failure.answered), (FailureKind::Network, true, false));
    assert!(!failure.message.contains("canary"), "{failure}");
    let stalling = Server::start(|_| Reply::Stall(b"HTTP/1.1 200 OK\r\n".to_vec()));
    let failure = call(json!({ "url": stalling.url("/"), "timeout": "30ms" })).await.unwrap_err();
    assert_eq!((failure.kind, failure.retryable, failure.answered), (FailureKind::Timeout, true, false));
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_a_limit() {
    let server = Server::saying("12345");
    let failure = call(json!({ "url": server.url("/"), "max_bytes": 4 })).await.unwrap_err();
    assert_eq!((failure.kind, failure.retryable, failure.answered), (FailureKind::Limit, false, true));
    assert!(call(json!({ "url": server.url("/"), "max_bytes": 5 })).await.is_ok());
}

#[tokio::test]
async fn a_private_address_is_refused_where_the_operator_says_nothing() {
    let server = Server::saying("");
    let egress = egress::Client::new(egress::Policy::default(), Arc::new(NoVault));
    let args = Value::object([("url", server.url("/").into())]);
    let call = Request::new("http.request", &args, "");
    assert_eq!(connectors(egress).call(call).await.unwrap_err().kind, FailureKind::Refused);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn the_key_goes_into_the_header_that_is_named() {
    let server = Server::saying("");
    let args = json!({ "url": server.url("/"), "method": "POST", "idempotency": "Idempotency-Key" });
    call(args).await.unwrap();
    assert_eq!(header(&server.requests()[0], "idempotency-key"), Some("key-1"));
    let twice = json!({ "url": server.url("/"), "idempotency": "x-k", "headers": { "X-K": "own" } });
    assert_eq!(call(twice).await.unwrap_err().kind, FailureKind::Invalid);
}

#[tokio::test]
async fn a_file_goes_on_as_it_came() {
    let bytes: &[u8] = b"\x89PNG\r\n\x1a\n\0\xff";
    let from = Server::start(move |_| {
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {}\r\n\r\n", bytes.len());
        Reply::Bytes([head.as_bytes(), bytes].concat())
    });
    let got = call_value(Value::object([("url", Value::text(from.url("/")))])).await.unwrap();
    let file = got.get("body").unwrap().clone();
    assert!(
        matches!(&file, Value::File(file) if **file.bytes().unwrap() == *bytes && &*file.media_type == "image/png")
    );
    let to = Server::saying("");
    let send = |name: &'static str, value: Value| {
        Value::object([("method", Value::text("PUT")), ("url", Value::text(to.url("/"))), (name, value)])
    };
    call_value(send("body", file.clone())).await.unwrap();
    call_value(send("multipart", Value::object([("logo", file)]))).await.unwrap();
    let seen = to.requests();
    assert_eq!(header(&seen[0], "content-type"), Some("image/png"));
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(body(&seen[0]), text);
    let part = format!("name=\"logo\"; filename=\"logo\"\r\ncontent-type: image/png\r\n\r\n{text}\r\n--");
    assert!(body(&seen[1]).contains(&part), "{}", body(&seen[1]));
}

#[tokio::test]
async fn a_body_in_parts_is_the_same_each_time_and_no_part_ends_another() {
    let server = Server::saying("");
    let parts = json!({
        "note": "--x\r\n",
        "a\"b": 7,
        "file": { "content": { "base64": "AP8=" }, "filename": "a\".bin", "type": "image/png" },
        "plain": { "content": "hi" },
    });
    for _ in 0..2 {
        let args = json!({ "method": "POST", "url": server.url("/"), "multipart": parts.clone() });
        call(args).await.unwrap();
    }
    let requests = server.requests();
    let [first, second] = &requests[..] else { panic!("two requests") };
    assert_eq!(first, second);
    let (head, body) = first.split_once("\r\n\r\n").unwrap();
    let boundary = head.split_once("multipart/form-data; boundary=").unwrap().1.lines().next().unwrap();
    let pieces: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(pieces.len(), 6, "four parts between five lines: {body}");
    assert_eq!(pieces[1], "\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\n--x\r\n\r\n");
    assert_eq!(pieces[2], "\r\ncontent-disposition: form-data; name=\"a%22b\"\r\n\r\n7\r\n");
    assert!(
        pieces[3].contains("; filename=\"a%22.bin\"\r\ncontent-type: image/png\r\n\r\n"),
        "{}",
        pieces[3]
    );
    assert!(
        pieces[4].contains("; filename=\"plain\"\r\ncontent-type: application/octet-stream\r\n\r\nhi\r\n")
    );
    assert_eq!(pieces[5], "--\r\n");
}

#[tokio::test]
async fn parameters_that_contradict_each_other_are_invalid_and_nothing_is_sent() {
    let server = Server::saying("");
    let cases = [
        json!({ "json": 1, "form": {} }),
        json!({ "json": 1, "body": "x" }),
        json!({ "multipart": {}, "form": {} }),
        json!({ "multipart": { "f": { "filename": "a" } } }),
        json!({ "multipart": { "f": { "content": "a", "name": "a" } } }),
        json!({ "multipart": { "f": { "content": "a", "type": "a\r\nx: y" } } }),
        json!({ "auth": {} }),
        json!({ "auth": { "bearer": "a", "basic": { "user": "a", "password": "b" } } }),
        json!({ "auth": { "bearer": "a" }, "headers": { "Authorization": "b" } }),
        json!({ "headers": { "Host": "x" } }),
        json!({ "headers": { "x-a": "a\r\nx-b: b" } }),
        json!({ "method": "BREW" }),
        json!({ "idempotency": "x-key", "paginate": { "next": "null", "items": "body" } }),
        json!({ "timeout": "0s" }),
        json!({ "redirects": 21 }),
        json!({ "body": { "base64": "?" } }),
        json!({ "retries": 3 }),
    ];
    for mut args in cases {
        args["url"] = json!(server.url("/"));
        let failure = call(args.clone()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Invalid, "{args}: {failure}");
    }
    for url in
        ["", "example.com/a", "ftp://example.com/", "file:///etc/passwd", "http://", "http://u:p@127.0.0.1/"]
    {
        let failure = call(json!({ "url": url })).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Invalid, "{url}: {failure}");
    }
    for args in
        [json!({}), json!({ "url": [] }), json!({ "url": "http://a.example", "headers": { "a": [] } })]
    {
        assert_eq!(call(args).await.unwrap_err().kind, FailureKind::Type);
    }
    assert_eq!(server.connections(), 0);
}

/// Pages that link to each other: `/` to `/?p=2`, that to `/?p=3`, and so on to `last`.
fn pages(last: u32) -> Server {
    Server::start(move |request| {
        let path = line(request).split(' ').nth(1).unwrap_or_default();
        let page: u32 = path.split_once("p=").map_or(1, |(_, page)| page.parse().unwrap());
        let next = if page < last { format!("\"/?p={}\"", page + 1) } else { "null".into() };
        ok("application/json", &format!(r#"{{"next":{next},"items":[{page},"{page}"]}}"#))
    })
}

fn paginate(next: &str) -> serde_json::Value {
    json!({ "next": next, "items": "body.items" })
}

#[tokio::test]
async fn pages_are_followed_to_the_last_one() {
    let server = pages(3);
    let auth = json!({ "bearer": "token" });
    let got = call(json!({ "url": server.url("/"), "auth": auth, "paginate": paginate("body.next") }))
        .await
        .unwrap();
    assert_eq!(got, json!({ "items": [1, "1", 2, "2", 3, "3"], "pages": 3 }));
    for request in server.requests() {
        assert_eq!(header(&request, "authorization"), Some("Bearer token"));
    }
}

#[tokio::test]
async fn pages_are_counted() {
    let server = pages(1000);
    let got = call(json!({ "url": server.url("/"), "paginate": paginate("body.next") })).await.unwrap();
    assert_eq!((&got["pages"], server.requests().len()), (&json!(10), 10));
    let mut two = paginate("body.next");
    two["max_pages"] = json!(2);
    let got = call(json!({ "url": server.url("/"), "paginate": two })).await.unwrap();
    assert_eq!(got["items"], json!([1, "1", 2, "2"]));
}

#[tokio::test]
async fn a_page_that_was_seen_before_is_the_end() {
    let server = Server::start(|_| ok("application/json", r#"{"next":"/","items":[1]}"#));
    let got = call(json!({ "url": server.url("/"), "paginate": paginate("body.next") })).await.unwrap();
    assert_eq!(got, json!({ "items": [1], "pages": 1 }));
}

#[tokio::test]
async fn a_page_on_another_server_is_refused() {
    let other = pages(1);
    let next = format!("'{}'", other.url("/"));
    let server = pages(1);
    let failure = call(json!({ "url": server.url("/"), "paginate": paginate(&next) })).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn expressions_of_pages_see_the_answer_alone() {
    let server = pages(2);
    let all = "status == 200 and url != '' and headers['content-type'] != '' ? body.next : null";
    let got = call(json!({ "url": server.url("/"), "paginate": paginate(all) })).await.unwrap();
    assert_eq!(got["pages"], 2);
    for (next, kind) in [
        ("steps.a", FailureKind::Invalid),
        ("1 +", FailureKind::Invalid),
        ("body.missing.more", FailureKind::Type),
        ("7", FailureKind::Type),
        ("'http://['", FailureKind::Invalid),
    ] {
        let failure = call(json!({ "url": server.url("/"), "paginate": paginate(next) })).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{next}: {failure}");
        assert!(failure.message.contains("paginate.next"), "{failure}");
    }
    let items = json!({ "next": "null", "items": "'text'" });
    let failure = call(json!({ "url": server.url("/"), "paginate": items })).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Type);
}

#[tokio::test]
async fn a_page_that_fails_fails_the_whole() {
    let server = Server::start(|request| match line(request) {
        "GET / HTTP/1.1" => ok("application/json", r#"{"next":"/b","items":[]}"#),
        _ => answer(500, &[], ""),
    });
    let failure =
        call(json!({ "url": server.url("/"), "paginate": paginate("body.next") })).await.unwrap_err();
    assert_eq!((failure.kind, failure.status), (FailureKind::Server, Some(500)));
    assert!(failure.message.contains("/b"), "{failure}");
}

/// Calls with the canary in every place that takes secrets; the server says all of it back.
async fn with_canary(url: String, timeout: &str) -> Result<Value, Failure> {
    let args = Value::object([
        ("method", "POST".into()),
        ("url", format!("{url}?q=1").into()),
        ("timeout", timeout.into()),
        ("auth", Value::object([("bearer", hole("A"))])),
        ("headers", Value::object([("x-key", hole("A"))])),
        ("json", Value::object([("k", hole("A"))])),
    ]);
    call_value(args).await
}

#[tokio::test]
async fn no_failure_and_no_answer_holds_a_secret() {
    for status in [200, 302, 400, 401, 403, 404, 429, 500] {
        for kind in ["text/plain", "application/json", "image/png"] {
            let server = Server::start(move |request| {
                let key = header(request, "x-key").unwrap();
                let said = format!(r#"{{"message":"key {key} of {}"}}"#, body(request).replace('"', ""));
                answer(status, &[("content-type", kind), ("x-echo", key)], &said)
            });
            let got = with_canary(server.url("/"), "30s").await;
            let text = format!("{got:?}");
            assert!(server.requests()[0].contains(CANARY), "the server got it");
            assert!(!text.contains(CANARY) && !text.contains("Y2FuYXJ5"), "{status} {kind}: {text}");
        }
    }
    let gone = Server::saying("");
    let closed = gone.url("/");
    drop(gone);
    let broken = Server::start(|request| Reply::Bytes(format!("HTTP/1.1 2x0 {request}").into_bytes()));
    let stalling = Server::start(|_| Reply::Stall(vec![]));
    let away =
        Server::start(|request| redirect(302, &format!("ftp://x/{}", header(request, "x-key").unwrap())));
    for url in [closed, broken.url("/"), stalling.url("/"), away.url("/")] {
        let failure = with_canary(url.clone(), "300ms").await.unwrap_err();
        assert!(!format!("{failure:?}").contains(CANARY), "{url}: {failure:?}");
    }
}

#[tokio::test]
async fn large_values_are_sent_as_what_they_are() {
    let server = Server::saying("");
    let text = "long ".repeat(100);
    let json = Value::object([("text", Value::text(text.as_str()).sealed(10))]).sealed(10);
    assert!(matches!(json, Value::Big(_)));
    call_value(Value::object([("method", "PUT".into()), ("url", server.url("/").into()), ("json", json)]))
        .await
        .unwrap();
    assert_eq!(body(&server.requests()[0]), json!({ "text": text }).to_string());
}

#[tokio::test]
async fn an_unknown_action_is_a_failure() {
    let call = Request::new("http.brew", &Value::Null, "");
    let failure = connectors(client(NoVault)).call(call).await.unwrap_err();
    assert_eq!(failure.to_string(), "there is no action `http.brew` (not_found)");
}
