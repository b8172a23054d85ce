//! What happens in a run, told as it happens; who was cut off hears the rest, and nobody hears of another's run.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::{Value, json};
use server::http::Limits;
use server::http::routes::ROUTES;
use server::role::Role;
use server::token::Scope;
use server::vault::Who;
use tests::browser::{Browser, account, accounts, with_heads};
use tests::models::{Does, Provider};
use tests::web::{Web, request};

use super::served;

/// A stream of events until it ends, or until so many have come.
fn stream(
    web: &Web,
    token: &str,
    run: &str,
    (after, most): (Option<&str>, usize),
) -> Vec<(String, String, Value)> {
    let mut heads = vec![
        ("authorization", format!("Bearer {token}")),
        ("accept", "text/event-stream".into()),
        ("connection", "close".into()),
    ];
    heads.extend(after.map(|after| ("last-event-id", after.to_owned())));
    let mut connection = web.connect();
    connection.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    let asked = with_heads("GET", &format!("/api/v1/runs/{run}/events"), &heads, None);
    connection.write_all(asked.as_bytes()).expect("it listens");
    let (mut bytes, mut buffer) = (vec![], [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let found = events(&text);
        if found.len() >= most || found.iter().any(|(_, kind, _)| kind == "end") {
            assert!(text.to_lowercase().contains("content-type: text/event-stream"), "{text}");
            return found;
        }
        match connection.read(&mut buffer) {
            Ok(0) => panic!("it ended without an end: {text}"),
            Ok(more) => bytes.extend_from_slice(&buffer[..more]),
            Err(error) => panic!("{error}: {text}"),
        }
    }
}

/// The events of a stream: id, kind, data. The lengths of chunks stand on lines of their own, and begin no field.
fn events(text: &str) -> Vec<(String, String, Value)> {
    let (mut found, mut id, mut kind) = (vec![], String::new(), String::new());
    for line in text.lines() {
        if let Some(said) = line.strip_prefix("id: ") {
            id = said.to_owned();
        } else if let Some(said) = line.strip_prefix("event: ") {
            kind = said.to_owned();
        } else if let Some(data) = line.strip_prefix("data: ")
            && let Ok(data) = serde_json::from_str(data)
        {
            found.push((id.clone(), kind.clone(), data));
        }
    }
    found
}

#[test]
fn a_stream_tells_a_run_to_its_end_and_goes_on_where_it_was_cut_off() {
    let web = served(ROUTES, Limits::default());
    let token = web.token("local", "reader", Scope::Run, None);
    let token = token.expose();
    let heard = web.ask(request("POST", "/api/v1/workflows/patient/runs", Some(token), None));
    let body: Value = serde_json::from_str(&heard.body).expect("JSON");
    let run = body["run"].as_str().expect("a run");
    // It waits: what has happened so far is told, and the stream stays open.
    let first = stream(&web, token, run, (None, 1));
    assert_eq!((first[0].0.as_str(), first[0].1.as_str()), ("1", "row"));
    assert_eq!(first[0].2["seq"], 1);
    std::thread::scope(|scope| {
        let listening = scope.spawn(|| stream(&web, token, run, (Some(&first[0].0), usize::MAX)));
        let signal = request("POST", "/api/v1/signals/go", Some(token), Some(r#"{"with":{"x":1}}"#));
        assert_eq!(web.ask(signal).status, 202);
        let rest = listening.join().expect("it listens");
        assert!(rest.iter().all(|(id, kind, _)| kind == "end" || id != "1"), "{rest:?}");
        let (_, kind, data) = rest.last().expect("an end");
        assert_eq!((kind.as_str(), &data["status"]), ("end", &Value::from("succeeded")));
        let woken = rest.iter().any(|(_, _, data)| data["steps"]["a"]["value"]["x"] == 1);
        assert!(woken, "{rest:?}");
    });
    let whole = stream(&web, token, run, (None, usize::MAX));
    let page = web.ask(request("GET", &format!("/api/v1/runs/{run}/events"), Some(token), None));
    let page: Value = serde_json::from_str(&page.body).expect("JSON");
    let rows: Vec<&Value> =
        whole.iter().filter(|(_, kind, _)| kind == "row").map(|(_, _, data)| data).collect();
    assert_eq!(page["events"].as_array().expect("a list").iter().collect::<Vec<_>>(), rows);
    let half = web.ask(request("GET", &format!("/api/v1/runs/{run}/events?limit=1"), Some(token), None));
    let half: Value = serde_json::from_str(&half.body).expect("JSON");
    assert_eq!((half["events"].as_array().expect("a list").len(), &half["next"]), (1, &Value::from(1)));
}

#[test]
fn nobody_hears_of_anothers_run() {
    let web = served(ROUTES, Limits::default());
    let (own, other) =
        (web.token("local", "own", Scope::Run, None), web.token("somebody", "other", Scope::Admin, None));
    let heard = web.ask(request("POST", "/api/v1/workflows/patient/runs", Some(own.expose()), None));
    let body: Value = serde_json::from_str(&heard.body).expect("JSON");
    let path = format!("/api/v1/runs/{}/events", body["run"].as_str().expect("a run"));
    for token in [None, Some(other.expose())] {
        let mut heads = vec![("accept", "text/event-stream".to_owned())];
        heads.extend(token.map(|token| ("authorization", format!("Bearer {token}"))));
        let status = web.ask(with_heads("GET", &path, &heads, None)).status;
        assert_eq!(status, if token.is_some() { 404 } else { 401 });
    }
}

/// How soon a stream ends whose hearer may not hear it any more.
const SOON: Duration = Duration::from_secs(5);

/// What a program shows.
fn bearer(token: &str) -> Vec<(&'static str, String)> {
    vec![("authorization", format!("Bearer {token}"))]
}

/// Begins to follow a run, and hears that it waits.
fn followed(web: &Web, heads: &[(&'static str, String)], run: &str) -> TcpStream {
    let mut heads = heads.to_vec();
    heads.push(("accept", "text/event-stream".into()));
    let mut connection = web.connect();
    let asked = with_heads("GET", &format!("/api/v1/runs/{run}/events"), &heads, None);
    connection.write_all(asked.as_bytes()).expect("it listens");
    let (mut heard, mut buffer) = (vec![], [0; 4096]);
    while events(&String::from_utf8_lossy(&heard)).is_empty() {
        match connection.read(&mut buffer).expect("an answer") {
            0 => panic!("it ends: {}", String::from_utf8_lossy(&heard)),
            more => heard.extend_from_slice(&buffer[..more]),
        }
    }
    connection
}

/// After how long a connection ends, if it does within a time, and what came until then.
fn ends(connection: &mut TcpStream, within: Duration) -> (Option<Duration>, String) {
    let (began, mut heard, mut buffer) = (Instant::now(), vec![], [0; 4096]);
    loop {
        let left = within.saturating_sub(began.elapsed());
        if left.is_zero() {
            return (None, String::from_utf8_lossy(&heard).into_owned());
        }
        connection.set_read_timeout(Some(left)).expect("a timeout");
        match connection.read(&mut buffer) {
            Ok(0) => break,
            Ok(more) => heard.extend_from_slice(&buffer[..more]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    (Some(began.elapsed()), String::from_utf8_lossy(&heard).into_owned())
}

/// Ways in which somebody loses what they had, each with what they show and how they lose it.
type Loses<'a> = (&'static str, Vec<(&'static str, String)>, Box<dyn FnOnce() + Send + 'a>);

fn losses(web: &Web) -> Vec<Loses<'_>> {
    let who = Who { owner: "local", actor: "test" };
    let token = web.token("local", "revoked", Scope::Read, None);
    let person = |name: &str| {
        let account = account(web, "local", name, Role::Viewer);
        (Browser::of(web, &account), account)
    };
    let ((out, _), (gone, _), (reset, changed), (ended, removed)) =
        (person("out"), person("gone"), person("reset"), person("ended"));
    let (mover, moved) = person("mover");
    let org = accounts(web).organise((&moved.id, &moved.name), "acme", "paid").expect("a free name");
    let (signs_out, moves) = (out.clone(), mover.clone());
    let over = Instant::now() + Duration::from_secs(3);
    let short = web.token("local", "expires", Scope::Read, Some(SignedDuration::from_secs(3)));
    vec![
        (
            "the token is revoked",
            bearer(token.expose()),
            Box::new(move || {
                let vault = server::safe::open(&web.home).expect("a vault");
                server::tokens::remove(&vault, who, "revoked").expect("it is there");
            }),
        ),
        (
            "the token's time is over",
            bearer(short.expose()),
            Box::new(move || std::thread::sleep(over.saturating_duration_since(Instant::now()))),
        ),
        (
            "the person signs out",
            out.heads(),
            Box::new(move || {
                let heard = web.ask(signs_out.request("DELETE", "/api/v1/session", None));
                assert_eq!(heard.status, 200, "{heard:?}");
            }),
        ),
        (
            "the person has no seat any more",
            gone.heads(),
            Box::new(move || {
                let accounts = accounts(web);
                let seat = accounts.member("local", "gone").expect("a seat");
                accounts.take(who, None, &seat).expect("it is not the last owner");
            }),
        ),
        (
            "all sessions of the person are ended",
            reset.heads(),
            Box::new(move || accounts(web).end_sessions("test", &changed).expect("it is written")),
        ),
        (
            "the account is removed",
            ended.heads(),
            Box::new(move || accounts(web).remove("test", &removed).expect("it is not the last owner")),
        ),
        (
            "the session moves to another's things",
            mover.heads(),
            Box::new(move || {
                let body = json!({ "space": org }).to_string();
                let heard = web.ask(moves.request("PUT", "/api/v1/session/space", Some(&body)));
                assert_eq!(heard.status, 200, "{heard:?}");
            }),
        ),
    ]
}

/// Lets each of them lose what they have while they follow a run; after how long their streams end, if they do.
fn lost(limits: Limits) -> Vec<(&'static str, Option<Duration>)> {
    let web = served(ROUTES, limits);
    account(&web, "local", "boss", Role::Owner);
    let token = web.token("local", "starts", Scope::Run, None);
    let heard = web.ask(request("POST", "/api/v1/workflows/patient/runs", Some(token.expose()), None));
    let body: Value = serde_json::from_str(&heard.body).expect("JSON");
    let run = body["run"].as_str().expect("a run");
    let mut stays = followed(&web, &bearer(token.expose()), run);
    let all: Vec<_> = losses(&web)
        .into_iter()
        .map(|(what, heads, loses)| (what, followed(&web, &heads, run), heads, loses))
        .collect();
    let found = std::thread::scope(|scope| {
        let all: Vec<_> = all
            .into_iter()
            .map(|(what, mut connection, mut heads, loses)| {
                let web = &web;
                scope.spawn(move || {
                    loses();
                    let (ended, heard) = ends(&mut connection, SOON);
                    // It breaks off, and does not seem to have come to its end.
                    assert!(!heard.contains("event: end") && !heard.contains("0\r\n\r\n"), "{what}: {heard}");
                    // Who asks again hears why not.
                    heads.push(("accept", "text/event-stream".into()));
                    let asked = with_heads("GET", &format!("/api/v1/runs/{run}/events"), &heads, None);
                    let status = web.ask(asked).status;
                    assert!([401, 403, 404].contains(&status), "{what}: {status}");
                    (what, ended)
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().expect("it does not panic")).collect()
    });
    // Whoever may still hear is not cut off, and hears the end.
    assert_eq!(ends(&mut stays, Duration::from_millis(300)).0, None);
    let signal = request("POST", "/api/v1/signals/go", Some(token.expose()), Some("{}"));
    assert_eq!(web.ask(signal).status, 202);
    let (_, heard) = ends(&mut stays, SOON);
    assert!(heard.contains("event: end"), "{heard}");
    found
}

#[test]
fn a_stream_ends_soon_after_its_hearer_may_not_hear_it_any_more() {
    let limits = Limits { rate: 1_000, burst: 1_000, ..Limits::default() };
    let found = lost(limits);
    println!("streams end after {found:?}");
    assert_eq!(found.len(), 7);
    for (what, ended) in &found {
        assert!(ended.is_some_and(|ended| ended < SOON), "{what}: {ended:?}");
    }
}

#[test]
fn a_stream_goes_on_where_nobody_looks_again() {
    // The control: all of them would go on.
    let hour = Duration::from_secs(3600);
    let found = lost(Limits { rate: 1_000, burst: 1_000, looks_again: hour, ..Limits::default() });
    assert!(found.len() == 7 && found.iter().all(|(_, ended)| ended.is_none()), "{found:?}");
}

/// What a program hears of an answer of a model whose token is revoked in the middle of it.
fn answer_of_a_model(limits: Limits) -> String {
    let web = Web::open(ROUTES, limits, &[]);
    let provider = Provider::start("This is said FIRST, and this is said LAST.", &[Does::Pauses]);
    web.key("local", "compatible", provider.address());
    let token = web.token("local", "asks", Scope::Ai, None);
    let body = json!({ "model": "compatible/m", "stream": true,
                       "messages": [{ "role": "user", "content": "Say it" }] });
    let mut connection = web.connect();
    let asked = request("POST", "/v1/chat/completions", Some(token.expose()), Some(&body.to_string()));
    connection.write_all(asked.as_bytes()).expect("it listens");
    provider.until(1);
    let vault = server::safe::open(&web.home).expect("a vault");
    server::tokens::remove(&vault, Who { owner: "local", actor: "test" }, "asks").expect("it is there");
    let (_, mut heard) = ends(&mut connection, SOON);
    provider.go_on();
    heard += &ends(&mut connection, Duration::from_secs(2)).1;
    heard
}

#[test]
fn an_answer_of_a_model_ends_with_the_token_that_asked() {
    let heard = answer_of_a_model(Limits::default());
    assert!(heard.contains("FIRST") && !heard.contains("LAST") && !heard.contains("[DONE]"), "{heard}");
    let hour = Duration::from_secs(3600);
    let heard = answer_of_a_model(Limits { looks_again: hour, ..Limits::default() });
    assert!(heard.contains("FIRST") && heard.contains("LAST"), "the control: it would go on: {heard}");
}
