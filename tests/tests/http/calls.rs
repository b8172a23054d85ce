//! Calls of webhooks all at once: each is answered by the run that it started, and none is lost.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::http::Limits;
use server::http::routes::ROUTES;
use server::token::{Scope, Token};
use tests::web::{Web, request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const HEARS: &str = "name: hears\n\
    triggers: [{ webhook: { verify: { scheme: bearer, secret: SHOP } }, inputs: { n: \"{{ trigger.body.n }}\" } }]\n\
    inputs: { n: integer }\nsteps: { a: { set: { n: \"{{ inputs.n }}\" } } }\noutput: \"{{ steps.a.n }}\"\n";

/// A service that hears calls, a token for it, and the path of the address.
fn hearing(limits: Limits) -> (Web, Token, String) {
    let web = Web::open(ROUTES, limits, &[]);
    let token = web.token("local", "admin", Scope::Admin, None);
    let ask = |path: &str, body: Value| -> Value {
        let heard = web.ask(request("POST", path, Some(token.expose()), Some(&body.to_string())));
        assert_eq!(heard.status, 201, "{heard:?}");
        serde_json::from_str(&heard.body).expect("JSON")
    };
    ask("/api/v1/secrets", json!({ "name": "SHOP", "value": "open sesame", "webhook": true }));
    let deployed = ask("/api/v1/workflows", json!({ "text": HEARS }));
    let url = deployed["addresses"][0]["url"].as_str().expect("an address").to_owned();
    let path = url.split_once("/hooks/").expect("an address of ours").1;
    (web, token, format!("/hooks/{path}"))
}

/// Calls once; gives the run, or what went wrong.
async fn called(address: SocketAddr, path: String, number: usize) -> Result<String, String> {
    let wrong = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(address).await.map_err(wrong)?;
    let body = json!({ "n": number }).to_string();
    let asked = request("POST", &path, Some("open sesame"), Some(&body));
    let asked = asked.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    stream.write_all(asked.as_bytes()).await.map_err(wrong)?;
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).await.map_err(wrong)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").ok_or("nothing is answered")?;
    let run =
        serde_json::from_str::<Value>(body).ok().and_then(|body| body["run"].as_str().map(str::to_owned));
    run.filter(|_| head.starts_with("HTTP/1.1 200")).ok_or(text)
}

/// Calls so often at once; gives the runs, what went wrong, and how long it took.
fn all_at_once(web: &Web, path: &str, many: usize) -> (BTreeSet<String>, Vec<String>, Duration) {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio.block_on(async {
        let began = Instant::now();
        let mut calls = JoinSet::new();
        for number in 0..many {
            calls.spawn(called(web.address, path.to_owned(), number));
        }
        let (mut runs, mut wrong) = (BTreeSet::new(), vec![]);
        while let Some(call) = calls.join_next().await {
            match call.expect("it does not panic") {
                Ok(run) => drop(runs.insert(run)),
                Err(why) => wrong.push(why),
            }
        }
        (runs, wrong, began.elapsed())
    })
}

/// `KEYWAY_CALLS=10000` is the long form, with room for so many connections (`http.connections`): where there is less, whoever
/// has sent nothing yet makes room. It needs twice as many open files (`ulimit -n 24000`).
#[test]
fn calls_that_come_all_at_once_are_all_acknowledged() {
    let many = std::env::var("KEYWAY_CALLS").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let room = Limits::default().connections.max(many + 100);
    let limits = Limits { rate: 1_000_000, burst: 1_000_000, connections: room, ..Limits::default() };
    let (web, token, path) = hearing(limits);
    let (runs, wrong, took) = all_at_once(&web, &path, many);
    println!(
        "{many} calls at once: {} acknowledged with runs of their own within {took:?}, {} not",
        runs.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} of {many}, first {:?}", wrong.len(), wrong.first());
    assert_eq!(runs.len(), many, "each has a run of its own");
    // What was acknowledged is there.
    let (mut listed, mut before) = (BTreeSet::new(), String::new());
    loop {
        let page =
            web.ask(request("GET", &format!("/api/v1/runs?limit=1000{before}"), Some(token.expose()), None));
        let page: Value = serde_json::from_str(&page.body).expect("JSON");
        let ids = page["runs"].as_array().expect("a list").iter().filter_map(|run| run["run"].as_str());
        listed.extend(ids.map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(listed, runs);
}

#[test]
fn a_call_that_is_not_acknowledged_is_seen() {
    let (web, _, path) = hearing(Limits::default());
    let (runs, wrong, _) = all_at_once(&web, &path.replace("/hooks/", "/hooks/x"), 5);
    assert_eq!((runs.len(), wrong.len()), (0, 5));
}
