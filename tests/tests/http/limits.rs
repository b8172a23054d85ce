//! What is taken at most, and that each limit is what refuses: with a wider one the same request passes.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::Value;
use server::http::routes::{Handler, Policy, ROUTES, Route, Says, Takes};
use server::http::{Answer, Limits};
use server::token::Scope;
use tests::models::{Does, Provider};
use tests::web::{Web, hear, request};

use super::served;

/// Routes that are slow, or break off, or take more.
const ODD: &[Route] = &[
    Route {
        method: "GET",
        path: "/slow",
        policy: Policy::Public,
        takes: Takes::Nothing,
        handler: Handler::Blocks(|_| {
            std::thread::sleep(Duration::from_millis(400));
            Ok(Answer::ok("slow".into()))
        }),
        about: "Takes its time.",
        says: Says::NOTHING,
    },
    Route {
        method: "GET",
        path: "/panic",
        policy: Policy::Public,
        takes: Takes::Nothing,
        handler: Handler::Blocks(|_| panic!("as planted")),
        about: "Breaks off.",
        says: Says::NOTHING,
    },
    Route {
        method: "POST",
        path: "/small",
        policy: Policy::Public,
        takes: Takes::Json { most: 1000 },
        handler: Handler::Blocks(|_| Ok(Answer::ok(Value::Null))),
        about: "Takes little.",
        says: Says::NOTHING,
    },
    Route {
        method: "POST",
        path: "/large",
        policy: Policy::Public,
        takes: Takes::Json { most: 4 << 20 },
        handler: Handler::Blocks(|_| Ok(Answer::ok(Value::Null))),
        about: "Takes much.",
        says: Says::NOTHING,
    },
];

fn odd(limits: Limits) -> Web {
    Web::open(ODD, limits, &["evil.example"])
}

#[test]
fn a_head_may_have_16_kilobytes() {
    let long = request("GET", "/slow", None, None).replacen(
        "\r\n",
        &format!("\r\nx: {}\r\n", "y".repeat(17_000)),
        1,
    );
    assert_eq!(odd(Limits::default()).ask(&long).status, 431);
    assert_eq!(odd(Limits { head: 64 << 10, ..Limits::default() }).ask(&long).status, 200);
    let many =
        request("GET", "/slow", None, None).replacen("\r\n", &format!("\r\n{}", "x: y\r\n".repeat(101)), 1);
    assert_eq!(odd(Limits::default()).ask(&many).status, 431);
}

#[test]
fn a_head_that_does_not_come_in_time_ends_the_connection() {
    let ends = |within: u64| {
        let web = odd(Limits { head_within: Duration::from_millis(within), ..Limits::default() });
        let mut stream = web.connect();
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: local").expect("it listens");
        stream.set_read_timeout(Some(Duration::from_millis(1500))).expect("a timeout");
        let began = Instant::now();
        hear(&mut stream);
        began.elapsed()
    };
    assert!(ends(200) < Duration::from_millis(1200));
    assert!(ends(60_000) >= Duration::from_millis(1400));
}

#[test]
fn a_body_has_a_length_and_a_time() {
    let body = |length: usize| format!("{{\"x\":\"{}\"}}", "y".repeat(length));
    let web = odd(Limits { body_within: Duration::from_millis(300), ..Limits::default() });
    let chunked = |body: &str| {
        let head = "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        let head = request("POST", "/small", None, None).replace("\r\n\r\n", &format!("\r\n{head}"));
        format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    };
    for (length, status) in [(900, 200), (1100, 413)] {
        assert_eq!(web.ask(request("POST", "/small", None, Some(&body(length)))).status, status);
        assert_eq!(web.ask(chunked(&body(length))).status, status);
        assert_eq!(web.ask(request("POST", "/large", None, Some(&body(length)))).status, 200);
    }
    assert_eq!(web.ask(request("GET", "/slow", None, Some("{}"))).status, 413, "it takes none");
    let mut late = web.connect();
    let whole = request("POST", "/small", None, Some(&body(100)));
    let (first, last) = whole.split_at(whole.len() - 10);
    late.write_all(first.as_bytes()).expect("it listens");
    assert_eq!(hear(&mut late).map(|heard| heard.status), Some(408));
    let patient = odd(Limits::default());
    let mut late = patient.connect();
    late.write_all(first.as_bytes()).expect("it listens");
    std::thread::sleep(Duration::from_millis(500));
    late.write_all(last.as_bytes()).expect("it listens");
    assert_eq!(hear(&mut late).map(|heard| heard.status), Some(200));
}

#[test]
fn a_body_is_json_and_says_so() {
    let web = odd(Limits::default());
    let said = |media: &str| {
        web.ask(request("POST", "/small", None, Some("{}")).replace("application/json", media)).status
    };
    assert_eq!(said("application/json"), 200);
    assert_eq!(said("Application/JSON; charset=utf-8"), 200);
    for other in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        assert_eq!(said(other), 415, "{other}");
    }
    assert_eq!(web.ask(request("POST", "/small", None, None)).status, 200, "none is as good");
}

#[test]
fn it_answers_only_to_its_own_names() {
    let web = odd(Limits::default());
    let called = |line: &str| {
        web.ask(request("POST", "/small", None, None).replace("host: localhost\r\n", line)).status
    };
    for own in ["host: localhost\r\n", "host: 127.0.0.1:7878\r\n", "host: [::1]\r\n"] {
        assert_eq!(called(own), 200, "{own}");
    }
    for other in ["host: other.example\r\n", "host: 127.0.0.1.other.example\r\n", "host: \r\n"] {
        assert_eq!(called(other), 421, "{other}");
    }
    assert_eq!(called(""), 400);
    assert_eq!(called("host: localhost\r\nhost: localhost\r\n"), 400);
    assert_eq!(called("host: evil.example\r\n"), 200, "this name was given");
    let absolute = |host: &str| web.ask(request("POST", &format!("http://{host}/small"), None, None)).status;
    assert_eq!((absolute("localhost"), absolute("other.example")), (200, 421));
}

#[test]
fn a_token_asks_so_often_and_no_more() {
    let statuses = |limits: Limits| -> Vec<u16> {
        let web = served(ROUTES, limits);
        let tokens = [web.token("local", "a", Scope::Read, None), web.token("local", "b", Scope::Read, None)];
        let ask = |token: &str| {
            let heard = web.ask(request("GET", "/api/v1/schedules", Some(token), None));
            assert_eq!(heard.status == 429, heard.head.contains("retry-after: 1"), "{heard:?}");
            heard.status
        };
        let mut all: Vec<u16> = (0..6).map(|_| ask(tokens[0].expose())).collect();
        // Another one is not held up by it.
        all.push(ask(tokens[1].expose()));
        all
    };
    let narrow = Limits { rate: 1, burst: 5, ..Limits::default() };
    assert_eq!(statuses(narrow), [200, 200, 200, 200, 200, 429, 200]);
    assert_eq!(statuses(Limits::default()), [200; 7]);
}

#[test]
fn a_route_that_breaks_off_is_answered_and_the_others_go_on() {
    let web = odd(Limits::default());
    let heard = web.ask(request("GET", "/panic", None, None));
    assert_eq!(heard.status, 500);
    assert!(heard.body.contains("internal") && !heard.body.contains("planted"), "{heard:?}");
    assert_eq!(web.ask(request("GET", "/slow", None, None)).status, 200);
}

#[test]
fn what_was_asked_is_answered_at_the_end_and_nothing_else_is_taken() {
    let web = odd(Limits::default());
    let mut idle = web.connect();
    idle.write_all(&request("POST", "/small", None, None).into_bytes()).expect("it listens");
    assert_eq!(hear(&mut idle).map(|heard| heard.status), Some(200));
    let mut asked = web.connect();
    asked.write_all(&request("GET", "/slow", None, None).into_bytes()).expect("it listens");
    std::thread::sleep(Duration::from_millis(100));
    web.close();
    assert_eq!(hear(&mut asked).map(|heard| heard.status), Some(200));
    assert_eq!(hear(&mut idle), None, "who asks nothing is not waited for");
    let end = Instant::now() + Duration::from_secs(10);
    while web.connections() > 0 {
        assert!(Instant::now() < end, "all are gone");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(std::net::TcpStream::connect(web.address).is_err());
}

/// What is slow: a head, or a body.
#[derive(Clone, Copy)]
enum Slow {
    Head,
    Body,
}

/// How long it takes to hear that it lives, in 95 of a hundred cases, while so many connections send a byte a second.
fn heard_beside(
    many: usize,
    slow: Slow,
    limits: Limits,
    (table, path): (&'static [Route], &str),
) -> Duration {
    let web = Web::open(table, limits, &[]);
    let mut lines: Vec<_> = (0..many).map(|_| web.connect()).collect();
    let sent = match slow {
        Slow::Head => {
            request("GET", path, None, None).replacen("\r\n", "\r\nx: yyyyyyyyyyyyyyyyyyyyyyyy\r\n", 1)
        }
        Slow::Body => {
            let whole = request("POST", "/api/v1/session", None, Some(&format!("{{{}}}", " ".repeat(50))));
            let (head, body) = whole.split_at(whole.len() - 52);
            for line in &mut lines {
                let _ = line.write_all(head.as_bytes());
            }
            body.to_owned()
        }
    };
    let mut took = vec![];
    for byte in sent.as_bytes().iter().take(5) {
        for line in &mut lines {
            // One that made room for others has ended.
            let _ = line.write_all(&[*byte]);
        }
        let round = Instant::now();
        while round.elapsed() < Duration::from_secs(1) {
            let began = Instant::now();
            assert_eq!(web.ask(request("GET", path, None, None)).status, 200);
            took.push(began.elapsed());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    took.sort();
    let (most, nearly) = (took[took.len() - 1], took[took.len() * 95 / 100]);
    println!(
        "beside {many} slow connections, room for {}: {nearly:?}, at worst {most:?}",
        limits.connections
    );
    nearly
}

const LIVES: (&[Route], &str) = (ROUTES, "/healthz");

/// `KEYWAY_SLOW=5000` is the long form; it needs as many open files twice.
#[test]
fn five_hundred_slow_connections_hold_nobody_up() {
    let many = std::env::var("KEYWAY_SLOW").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    let room = server::http::room(server::serve::widen());
    let usual = Limits { connections: room, ..Limits::default() };
    // With room for fewer than they are, those make room that ask nothing.
    let few = Limits { connections: 100, ..Limits::default() };
    // A head that has come is work: five thousand of them at once are what takes time then, and not what they wait for.
    for (many, slow) in [(many, Slow::Head), (500, Slow::Body)] {
        assert!(heard_beside(many, slow, usual, LIVES) < Duration::from_millis(200));
        assert!(heard_beside(500, slow, few, LIVES) < Duration::from_millis(200));
    }
    let slow = heard_beside(1, Slow::Head, Limits::default(), (ODD, "/slow"));
    assert!(slow > Duration::from_millis(200), "it would be seen");
}

/// What comes of an answer that pauses for longer than a connection lasts, streamed and whole, while others crowd in.
fn slow(answer_within: Duration) -> [String; 2] {
    let soon = Duration::from_millis(300);
    let limits = Limits {
        connections: 3,
        connection_lasts: soon,
        body_within: soon,
        answer_within,
        ..Limits::default()
    };
    let web = Web::open(ROUTES, limits, &[]);
    let provider =
        Provider::start("This is said first, and this is said LAST.", &[Does::Pauses, Does::Waits]);
    web.key("local", "compatible", provider.address());
    let token = web.token("local", "ai", Scope::Ai, None);
    let mut asked = [true, false].map(|stream| {
        let body = serde_json::json!({ "model": "compatible/m", "stream": stream,
                                       "messages": [{ "role": "user", "content": "Say it" }] });
        let mut connection = web.connect();
        let request = request("POST", "/v1/chat/completions", Some(token.expose()), Some(&body.to_string()));
        connection.write_all(request.as_bytes()).expect("it reads");
        provider.until(if stream { 1 } else { 2 });
        connection
    });
    let mut idle = vec![];
    for _ in 0..9 {
        idle.push(web.connect());
        std::thread::sleep(Duration::from_millis(100));
    }
    provider.go_on();
    asked.each_mut().map(|connection| {
        let mut bytes = vec![];
        // Where it is cut off, what came before it counts.
        let _ = connection.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[test]
fn an_answer_that_takes_long_is_neither_idle_nor_too_old() {
    for heard in slow(Duration::from_secs(30)) {
        assert!(heard.starts_with("HTTP/1.1 200") && heard.contains("LAST"), "{heard}");
    }
    for heard in slow(Duration::from_millis(100)) {
        assert!(!heard.contains("LAST"), "the control: it is cut off where the time for it is over: {heard}");
    }
}
