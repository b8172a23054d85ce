//! Heads and bodies that are wrong in every way a seeded generator thinks of. What is wrong with a request is never the
//! service's trouble: no 5xx, no panic, and it goes on.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use server::http::routes::{Handler, Policy, ROUTES, Route, Says, Takes};
use server::http::{Answer, Limits};
use server::token::Scope;
use tests::chance::Chance;
use tests::web::{Web, request, statuses};

use super::served;

/// Sends so many requests; gives how often each status came, and the requests that were answered by a 5xx.
fn bombard(web: &Web, token: &str, (seed, count): (u64, u64)) -> (BTreeMap<u16, u64>, Vec<String>) {
    let (next, counted, bad) = (AtomicU64::new(0), Mutex::new(BTreeMap::new()), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let bytes = malformed(&mut Chance::new(seed.wrapping_add(number)), token);
                    let mut stream = web.connect();
                    // It may be answered and closed before the end.
                    let _ = stream.write_all(&bytes);
                    let found = statuses(&mut stream);
                    if found.iter().any(|status| *status >= 500) {
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        bad.lock()
                            .expect("no thread panicked")
                            .push(format!("{number}: {found:?} {text:.300}"));
                    }
                    let mut counted = counted.lock().expect("no thread panicked");
                    for status in if found.is_empty() { vec![0] } else { found } {
                        *counted.entry(status).or_insert(0) += 1;
                    }
                }
            });
        }
    });
    (counted.into_inner().expect("no thread panicked"), bad.into_inner().expect("no thread panicked"))
}

fn pick<'a>(chance: &mut Chance, of: &[&'a str]) -> &'a str {
    of[usize::try_from(chance.below(of.len() as u64)).expect("a short list")]
}

/// How wrong a request may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bent {
    /// In what its route reads.
    Within,
    /// Everywhere.
    Anywhere,
}

fn malformed(chance: &mut Chance, token: &str) -> Vec<u8> {
    let bent = if chance.percent(50) { Bent::Within } else { Bent::Anywhere };
    let mut bytes = whole(chance, token, bent);
    if bent == Bent::Anywhere && chance.percent(40) {
        for _ in 0..=chance.below(4) {
            mutate(chance, &mut bytes);
        }
    }
    bytes
}

/// A request whose parts are each right or wrong.
fn whole(chance: &mut Chance, token: &str, bent: Bent) -> Vec<u8> {
    let body = body(chance);
    let mut head = match bent {
        Bent::Within => {
            let method = pick(chance, &["GET", "POST", "POST", "POST", "DELETE"]);
            format!(
                "{method} {} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n",
                path(chance)
            )
        }
        Bent::Anywhere => first_lines(chance, token),
    };
    if bent == Bent::Anywhere {
        for _ in 0..chance.below(3) {
            head += pick(chance, &LINES);
        }
    }
    if chance.percent(10) {
        head += "idempotency-key: k\r\n";
    }
    if chance.percent(2) {
        head += &format!("x: {}\r\n", "y".repeat(usize::try_from(chance.below(40_000)).expect("it fits")));
    }
    if chance.percent(2) {
        head += &"x: y\r\n".repeat(usize::try_from(chance.below(300)).expect("it fits"));
    }
    if chance.percent(90) {
        head += pick(chance, &MEDIA);
    }
    match (bent, chance.below(10)) {
        (Bent::Anywhere, 0) => {}
        (Bent::Anywhere, 1) => head += "transfer-encoding: chunked\r\n",
        (Bent::Anywhere, 2) => head += &format!("content-length: {}\r\n", body.len() + 3),
        _ => head += &format!("content-length: {}\r\n", body.len()),
    }
    if chance.percent(80) {
        head += "connection: close\r\n";
    }
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(b"\r\n");
    if bent == Bent::Anywhere && chance.percent(10) {
        bytes.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(&body);
    bytes
}

fn first_lines(chance: &mut Chance, token: &str) -> String {
    let method = pick(chance, &["GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW", "get", "", "G\0T"]);
    let version =
        pick(chance, &["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", "", "http/1.1"]);
    let hosts = ["", "host: evil.example\r\n", "host: localhost\r\nhost: localhost\r\n", "host: [::1\r\n"];
    let host = if chance.percent(60) { "host: localhost\r\n" } else { pick(chance, &hosts) };
    let shown = [
        "authorization: Bearer\r\n",
        "authorization: Basic x\r\n",
        "authorization: Bearer kw_\u{e9}\r\n",
        "",
    ];
    let shown = match chance.percent(70) {
        true => format!("authorization: Bearer {token}\r\n"),
        false => pick(chance, &shown).to_owned(),
    };
    format!("{method} {} {version}\r\n{host}{shown}", path(chance))
}

const MEDIA: [&str; 6] = [
    "content-type: application/json\r\n",
    "content-type: application/json\r\n",
    "content-type: application/json\r\n",
    "content-type: application/json; charset=utf-16\r\n",
    "content-type: text/plain\r\n",
    "content-type: ;;;\r\n",
];

/// Lines of a head that mean something to somebody.
const LINES: [&str; 20] = [
    "idempotency-key: \r\n",
    "expect: 100-continue\r\n",
    "expect: something\r\n",
    "upgrade: h2c\r\nconnection: upgrade\r\n",
    "transfer-encoding: chunked\r\n",
    "transfer-encoding: chunked, identity\r\n",
    "transfer-encoding: gzip\r\n",
    "content-length: 5\r\ncontent-length: 6\r\n",
    "content-length: -1\r\n",
    "content-length: 99999999999999999999\r\n",
    "content-length: 2000000\r\n",
    "content-encoding: gzip\r\n",
    "no colon\r\n",
    "x : y\r\n",
    " folded: yes\r\n",
    "x: \u{1}\r\n",
    "\0: x\r\n",
    "cookie: a=b; a=c\r\n",
    "x-forwarded-host: evil.example\r\n",
    "x-http-method-override: DELETE\r\n",
];

fn path(chance: &mut Chance) -> String {
    let whole = [
        "/api/v1/runs",
        "/api/v1/schedules",
        "/api/v1/workflows/hello/runs",
        "/api/v1/workflows/hello/runs",
        "/api/v1/workflows/hello/runs",
        "/api/v1/signals/go",
        "/healthz",
        "/readyz",
        "*",
        "/",
        "http://localhost/healthz",
        "http://evil.example/healthz",
        "//healthz",
        "/api/v1/runs/../runs",
        "",
    ];
    let mut path = match chance.below(4) {
        0 => format!("/api/v1/runs/{}", part(chance)),
        1 => format!(
            "/api/v1/{}/{}/{}",
            pick(chance, &["runs", "workflows", "signals"]),
            part(chance),
            pick(chance, &["runs", "cancel", ""])
        ),
        _ => pick(chance, &whole).to_owned(),
    };
    if chance.percent(25) {
        path += pick(
            chance,
            &[
                "?",
                "?limit=5",
                "?limit=-1",
                "?limit=1&limit=2",
                "?before=%ff",
                "?%",
                "?a=%00",
                "?limit=99999999999999999999",
                "?before=x'--",
            ],
        );
    }
    path
}

fn part(chance: &mut Chance) -> String {
    let odd = [
        "x",
        "..",
        "%2e%2e%2f",
        "%00",
        "%ff",
        "%",
        "%zz",
        "a b",
        "'; DROP TABLE runs; --",
        "\u{e9}",
        "{run}",
        ":id",
        "01m8kgnz2aw1ny07",
        "hello",
    ];
    match chance.below(10) {
        0 => "z".repeat(usize::try_from(chance.below(5_000)).expect("it fits")),
        _ => pick(chance, &odd).to_owned(),
    }
}

fn body(chance: &mut Chance) -> Vec<u8> {
    let odd = [
        "",
        "{}",
        "null",
        "[]",
        "\"x\"",
        "{",
        "{\"inputs\":{\"who\":\"x\"}}",
        "{\"inputs\":{\"who\":\"\\ud800\"}}",
        "{\"inputs\":{\"who\":1e999}}",
        "{\"inputs\":{\"who\":123456789012345678901234567890}}",
        "{\"inputs\":{\"who\":null,\"who\":\"y\"}}",
        "{\"inputs\":{\"\":\"\"}}",
        "{\"inputs\":5}",
        "{\"other\":5}",
        "{\"with\":{\"a\":[1,2,{\"b\":null}]}}",
        "{\"run\":\"x\",\"with\":1}",
        "{\"run\":{}}",
        "\u{feff}{}",
        "{\"inputs\":{\"who\":\"{{ secret('X') }}\"}}",
        "{}{}",
        "// {}",
    ];
    match chance.below(20) {
        0 => b"[".repeat(usize::try_from(chance.below(20_000)).expect("it fits")),
        1 => b"{\"with\":".repeat(usize::try_from(chance.below(300)).expect("it fits")),
        2 => (0..chance.below(200)).map(|_| u8::try_from(chance.below(256)).expect("a byte")).collect(),
        3 if chance.percent(5) => vec![b' '; (1 << 20) + 5],
        4 => format!(
            "{{\"with\":\"{}\"}}",
            "w".repeat(usize::try_from(chance.below(20_000)).expect("it fits"))
        )
        .into_bytes(),
        _ => pick(chance, &odd).as_bytes().to_vec(),
    }
}

fn mutate(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let at = usize::try_from(chance.below(bytes.len().min(400) as u64)).expect("it fits");
    let byte = u8::try_from(chance.below(256)).expect("a byte");
    match chance.below(5) {
        0 => bytes.insert(at.min(bytes.len()), byte),
        1 => bytes.truncate(at),
        2 if at < bytes.len() => bytes[at] = byte,
        3 if at < bytes.len() => drop(bytes.remove(at)),
        _ => {
            let end = bytes.len().min(at + 30);
            let again = bytes[at.min(end)..end].to_vec();
            bytes.splice(at.min(end)..at.min(end), again);
        }
    }
}

/// What does not come is given up soon.
fn hasty() -> Limits {
    let soon = Duration::from_millis(30);
    Limits { head_within: soon, body_within: soon, rate: 1_000_000, burst: 1_000_000, ..Limits::default() }
}

#[test]
fn twenty_thousand_malformed_requests_give_no_5xx() {
    let count = std::env::var("KEYWAY_MALFORMED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let (_, seed) = Chance::from_env("KEYWAY_SEED");
    println!("seed {seed}");
    let web = served(ROUTES, hasty());
    let token = web.token("local", "fuzz", Scope::Admin, None);
    let (counted, bad) = bombard(&web, token.expose(), (seed, count));
    println!("{count} requests: {counted:?}");
    assert_eq!(bad, Vec::<String>::new());
    // The generator comes to every kind of answer that there is.
    for status in [200, 201, 202, 400, 401, 404, 405, 409, 413, 415, 421, 422, 431] {
        assert!(counted.contains_key(&status), "{status} never came: {counted:?}");
    }
    assert_eq!(web.ask(request("GET", "/readyz", None, None)).status, 200);
}

/// A route that does not look before it takes.
const PLANTED: &[Route] = &[Route {
    method: "POST",
    path: "/api/v1/signals/{name}",
    policy: Policy::Token(Scope::Run),
    takes: Takes::Json { most: 1 << 20 },
    handler: Handler::Blocks(|ask| {
        let with = ask.said.body.get("with").map_or(0, |with| with.as_text().expect("a text").len());
        Ok(Answer::ok(with.into()))
    }),
    about: "Breaks off where `with` is no text.",
    says: Says::NOTHING,
}];

#[test]
fn a_route_that_breaks_off_on_some_is_found() {
    let web = served(PLANTED, hasty());
    let token = web.token("local", "fuzz", Scope::Admin, None);
    let (_, bad) = bombard(&web, token.expose(), (1, 3_000));
    assert!(!bad.is_empty());
}
