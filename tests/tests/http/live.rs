//! What happens in a run, told as it happens; who was cut off hears the rest, and nobody hears of another's run.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::Value;
use server::http::Limits;
use server::http::routes::ROUTES;
use server::token::Scope;
use tests::browser::with_heads;
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
