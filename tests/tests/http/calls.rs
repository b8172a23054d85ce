//! Calls of webhooks all at once: each is answered by the run that it started, and none is lost.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::http::Limits;
use server::http::routes::ROUTES;
use server::token::{Scope, Token};
use tests::place::Place;
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
fn all_at_once(address: SocketAddr, path: &str, many: usize) -> (BTreeSet<String>, Vec<String>, Duration) {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio.block_on(async {
        let began = Instant::now();
        let mut calls = JoinSet::new();
        for number in 0..many {
            calls.spawn(called(address, path.to_owned(), number));
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

/// How many calls come at once: `KEYWAY_CALLS=9000` is the long form, as many as a process may have files open here, by half.
fn many(usual: usize) -> usize {
    let many = std::env::var("KEYWAY_CALLS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let files = server::serve::widen();
    assert!(
        u64::try_from(many).is_ok_and(|many| many < files / 2),
        "{many} calls need more than {files} open files: raise `ulimit -n`"
    );
    many
}

/// All are acknowledged, each by a run of its own.
fn are_acknowledged(
    (runs, wrong, took): &(BTreeSet<String>, Vec<String>, Duration),
    many: usize,
    what: &str,
) {
    let (heard, not) = (runs.len(), wrong.len());
    println!(
        "{many} calls at once, {what}: {heard} acknowledged by runs of their own within {took:?}, {not} not"
    );
    assert!(wrong.is_empty(), "{not} of {many}, first {:?}", wrong.first());
    assert_eq!(heard, many, "each has a run of its own");
}

#[test]
fn calls_that_come_all_at_once_are_all_acknowledged() {
    let many = 400;
    let limits = Limits { rate: 1_000_000, burst: 1_000_000, ..Limits::default() };
    let (web, token, path) = hearing(limits);
    let called = all_at_once(web.address, &path, many);
    are_acknowledged(&called, many, "with room for all");
    let runs = called.0;
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
    let (runs, wrong, _) = all_at_once(web.address, &path.replace("/hooks/", "/hooks/x"), 5);
    assert_eq!((runs.len(), wrong.len()), (0, 5));
}

/// Where there is room for fewer than come at once, those wait for it that come late.
#[test]
fn calls_for_which_there_is_no_room_wait_for_it() {
    let (many, room) = (400, 50);
    // Longer than it is usually, since other tests keep who calls from writing.
    let limits = Limits { connections: room, grace: Duration::from_secs(20), ..Limits::default() };
    let (web, _, path) = hearing(limits);
    are_acknowledged(&all_at_once(web.address, &path, many), many, "with room for 50");
    // The control: without a grace, who comes late takes the place of who has only just come.
    let (web, _, path) = hearing(Limits { grace: Duration::ZERO, ..limits });
    let (runs, wrong, _) = all_at_once(web.address, &path, many);
    println!("without a grace: {} acknowledged, {} not", runs.len(), wrong.len());
    assert!(!wrong.is_empty(), "it would be seen");
}

/// `keyway serve` as it is where nobody says otherwise.
struct Usual {
    process: Child,
    address: SocketAddr,
    path: String,
    _place: Place,
}

impl Usual {
    fn new() -> Usual {
        let place = Place::new();
        let stored = place.piped(&["secrets", "add", "SHOP", "--webhook", "--stdin"], "open sesame");
        assert_eq!(stored.code, Some(0), "{stored:?}");
        let deployed = place.keyway.run(&["deploy", "--yes", &place.file("hears.yaml", HEARS)]);
        assert_eq!(deployed.code, Some(0), "{deployed:?}");
        let shown = place.keyway.run(&["webhooks", "show", "hears", "--json"]).json();
        let url = shown["addresses"][0]["url"].as_str().expect("an address").to_owned();
        let path = url[url.find("/hooks/").expect("an address of ours")..].to_owned();
        let mut process = place.keyway.spawn(&["serve", "--listen", "127.0.0.1:0"]);
        let mut lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let address = lines.find_map(|line| line.ok()?.split_once("listening at http://")?.1.parse().ok());
        std::thread::spawn(move || lines.for_each(drop));
        Usual { process, address: address.expect("it says where it listens"), path, _place: place }
    }

    /// A line of what the system tells of its memory, in MB.
    fn memory(&self, line: &str) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it lives");
        let found = status.lines().find_map(|it| it.strip_prefix(line)?.strip_prefix(':'));
        found.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok()).expect("a number") >> 10
    }
}

impl Drop for Usual {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// As the service is where nobody says how much room there is.
#[test]
fn more_than_a_thousand_calls_at_once_are_all_acknowledged_by_the_usual_service() {
    let many = many(1_500);
    let service = Usual::new();
    let before = service.memory("VmRSS");
    are_acknowledged(&all_at_once(service.address, &service.path, many), many, "at the usual service");
    let most = service.memory("VmHWM");
    println!("it had {before} MB before, and {most} MB at most");
    assert!(most < 1_000, "{most} MB");
}
