//! What is asked for is done, once where a key says so, by the ways of the terminal.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::http::Limits;
use server::http::routes::ROUTES;
use server::token::Scope;
use tests::web::{Heard, Web, request};

use super::served;

const START: &str = "/api/v1/workflows/hello/runs";

fn keyed(token: &str, key: &str, body: &str) -> String {
    request("POST", START, Some(token), Some(body)).replacen(
        "\r\n",
        &format!("\r\nidempotency-key: {key}\r\n"),
        1,
    )
}

fn json_of(heard: &Heard) -> Value {
    serde_json::from_str(&heard.body).unwrap_or_else(|error| panic!("{error}: {heard:?}"))
}

fn runs(web: &Web, token: &str) -> Vec<Value> {
    let heard = web.ask(request("GET", "/api/v1/runs?limit=1000", Some(token), None));
    json_of(&heard)["runs"].as_array().expect("a list").clone()
}

/// Waits until a run stands like this.
pub fn until(web: &Web, token: &str, run: &str, status: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let shown = json_of(&web.ask(request("GET", &format!("/api/v1/runs/{run}"), Some(token), None)));
        if shown["status"] == status {
            return;
        }
        assert!(Instant::now() < end, "{run} is not {status}: {shown}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_run_is_started_shown_listed_woken_and_cancelled() {
    let web = served(ROUTES, Limits::default());
    let token = web.token("local", "all", Scope::Run, None);
    let token = token.expose();
    let ask =
        |method: &str, path: &str, body: Option<&str>| web.ask(request(method, path, Some(token), body));
    let begun = ask("POST", START, Some(r#"{"inputs":{"who":"me"}}"#));
    assert_eq!(begun.status, 201, "{begun:?}");
    let run = json_of(&begun)["run"].as_str().expect("a run").to_owned();
    assert!(begun.head.contains(&format!("location: /api/v1/runs/{run}")), "{begun:?}");
    let until = |path: &str, status: &str| {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let shown = json_of(&ask("GET", path, None));
            if shown["status"] == status {
                return shown;
            }
            assert!(Instant::now() < end, "{path} is not {status}: {shown}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let shown = until(&format!("/api/v1/runs/{run}"), "succeeded");
    assert_eq!((&shown["output"], &shown["workflow"]), (&json!("hello me"), &json!("hello")));
    let patient = |web: &Web| {
        let heard = web.ask(request("POST", "/api/v1/workflows/patient/runs", Some(token), None));
        json_of(&heard)["run"].as_str().expect("a run").to_owned()
    };
    let woken = patient(&web);
    assert_eq!(ask("POST", "/api/v1/signals/go", Some(r#"{"with":{"x":1}}"#)).status, 202);
    let shown = until(&format!("/api/v1/runs/{woken}"), "succeeded");
    assert_eq!(shown["steps"]["a"]["value"], json!({ "x": 1 }));
    let addressed = patient(&web);
    let body = format!(r#"{{"run":"{addressed}"}}"#);
    assert_eq!(ask("POST", "/api/v1/signals/go", Some(&body)).status, 202);
    until(&format!("/api/v1/runs/{addressed}"), "succeeded");
    let again = ask("POST", "/api/v1/signals/go", Some(&body));
    assert!((400..500).contains(&again.status), "nothing in it waits: {again:?}");
    let cancelled = patient(&web);
    assert_eq!(ask("POST", &format!("/api/v1/runs/{cancelled}/cancel"), None).status, 202);
    until(&format!("/api/v1/runs/{cancelled}"), "cancelled");
    let page = json_of(&ask("GET", "/api/v1/runs?limit=3", None));
    let names = |page: &Value| -> Vec<String> {
        let runs = page["runs"].as_array().expect("a list");
        runs.iter().map(|run| run["run"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&page), [cancelled, addressed.clone(), woken]);
    let next = json_of(&ask(
        "GET",
        &format!("/api/v1/runs?limit=3&before={}", page["next"].as_str().expect("more")),
        None,
    ));
    assert_eq!((names(&next), &next["next"]), (vec![run], &Value::Null));
    let schedules = json_of(&ask("GET", "/api/v1/schedules", None));
    assert_eq!(schedules["schedules"], json!([]));
    assert!(schedules["service"].is_object(), "{schedules}");
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_started() {
    let web = served(ROUTES, Limits::default());
    let token = web.token("local", "all", Scope::Run, None);
    let ask = |path: &str, body: &str| web.ask(request("POST", path, Some(token.expose()), Some(body)));
    let cases = [
        (START, r#"{"inputs":{"who":1}}"#, 422, "who"),
        (START, r#"{"inputs":{"whom":"x"}}"#, 422, "whom"),
        (START, r#"{"input":{}}"#, 422, "did you mean `inputs`?"),
        (START, r#"{"inputs":[]}"#, 422, "a list"),
        (START, r"[1]", 422, "a list"),
        (START, r#"{"inputs":"#, 400, "no JSON"),
        ("/api/v1/workflows/nowhere/runs", "{}", 404, "`nowhere`"),
        ("/api/v1/workflows/..%2f..%2fetc/runs", "{}", 404, "`../../etc`"),
        ("/api/v1/runs/x%00y/cancel", "{}", 404, "there is no run"),
        ("/api/v1/runs/%ff/cancel", "{}", 400, "UTF-8"),
        ("/api/v1/signals/go", r#"{"run":5}"#, 422, "`run`"),
        ("/api/v1/signals/go", r#"{"run":"nowhere"}"#, 404, "`nowhere`"),
    ];
    for (path, body, status, says) in cases {
        let heard = ask(path, body);
        assert_eq!(heard.status, status, "{path} {body}: {heard:?}");
        assert!(heard.body.contains(says), "{path} {body}: {heard:?}");
    }
    for query in ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "before=%ff"] {
        let heard = web.ask(request("GET", &format!("/api/v1/runs?{query}"), Some(token.expose()), None));
        assert_eq!(heard.status, 400, "{query}: {heard:?}");
    }
    assert_eq!(runs(&web, token.expose()).len(), 0);
}

#[test]
fn asked_often_under_one_key_it_starts_once() {
    let web = served(ROUTES, Limits { burst: 1000, ..Limits::default() });
    let token = web.token("local", "all", Scope::Run, None);
    let token = token.expose();
    let replayed = AtomicUsize::new(0);
    let all = || -> Vec<String> {
        std::thread::scope(|scope| {
            let asking: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        let heard = web.ask(keyed(token, "one", r#"{"inputs":{"who":"x"}}"#));
                        assert_eq!(heard.status, 201, "{heard:?}");
                        replayed.fetch_add(
                            usize::from(heard.head.contains("idempotency-replayed")),
                            Ordering::Relaxed,
                        );
                        json_of(&heard)["run"].as_str().expect("a run").to_owned()
                    })
                })
                .collect();
            asking.into_iter().map(|thread| thread.join().expect("it asks")).collect()
        })
    };
    let mut named = all();
    named.extend(all());
    named.dedup();
    assert_eq!((named.len(), runs(&web, token).len()), (1, 1));
    assert!(replayed.load(Ordering::Relaxed) >= 16, "the second round hears that it is one");
    // The control: without the key, each is another wish.
    for _ in 0..2 {
        assert_eq!(web.ask(request("POST", START, Some(token), Some("{}"))).status, 201);
    }
    assert_eq!(runs(&web, token).len(), 3);
    let other = web.ask(keyed(token, "one", r#"{"inputs":{"who":"y"}}"#));
    assert_eq!((other.status, json_of(&other)["code"].clone()), (409, json!("key_reused")));
    // What did not come about leaves its key free.
    assert_eq!(web.ask(keyed(token, "two", r#"{"inputs":{"who":1}}"#)).status, 422);
    assert_eq!(web.ask(keyed(token, "two", r#"{"inputs":{"who":"1"}}"#)).status, 201);
    for wrong in ["", &"k".repeat(256), "k\r\nidempotency-key: l"] {
        assert_eq!(web.ask(keyed(token, wrong, "{}")).status, 400, "{wrong}");
    }
}

#[test]
fn a_token_that_is_removed_counts_no_more_and_its_use_is_noted_once_a_minute() {
    let web = served(ROUTES, Limits::default());
    let token = web.token("local", "ci", Scope::Read, None);
    let vault = server::safe::open(&web.home).expect("a vault");
    let used = || server::tokens::list(&vault, "local").expect("a list")[0].used;
    let ask = || web.ask(request("GET", "/api/v1/runs", Some(token.expose()), None)).status;
    assert_eq!((used(), ask()), (None, 200));
    let end = Instant::now() + Duration::from_secs(20);
    while used().is_none() {
        assert!(Instant::now() < end, "its use is noted");
        std::thread::sleep(Duration::from_millis(5));
    }
    let first = used();
    assert_eq!((ask(), ask()), (200, 200));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(used(), first);
    let who = server::vault::Who { owner: "somebody", actor: "test" };
    assert!(server::tokens::remove(&vault, who, "ci").is_err(), "it is not theirs");
    assert_eq!(ask(), 200);
    let who = server::vault::Who { owner: "local", actor: "test" };
    server::tokens::remove(&vault, who, "ci").expect("it is there");
    assert_eq!(ask(), 401);
    // What was shown stands nowhere; its hash did.
    let bytes = |name: &str| std::fs::read(web.home.directory().join(name)).unwrap_or_default();
    let all = [bytes("keyway.db"), bytes("keyway.db-wal")].concat();
    let holds = |what: &[u8]| all.windows(what.len()).any(|window| window == what);
    assert!(!holds(token.expose().as_bytes()) && !holds(&token.expose().as_bytes()[3..46]));
    assert!(holds(&token.hash()), "it would be seen");
}

#[test]
fn a_run_is_theirs_for_whom_it_was_started() {
    let web = served(ROUTES, Limits::default());
    let (ours, theirs) = ("local", "somebody");
    let tokens = [ours, theirs].map(|owner| web.token(owner, "all", Scope::Run, None));
    let ask = |owner: usize, method: &str, path: &str| {
        web.ask(request(method, path, Some(tokens[owner].expose()), None))
    };
    let run = web.start_for(theirs, super::PATIENT);
    let path = format!("/api/v1/runs/{run}");
    let listed = |owner: usize| ask(owner, "GET", "/api/v1/runs").body.contains(&run);
    assert_eq!((listed(0), listed(1)), (false, true));
    assert_eq!((ask(0, "GET", &path).status, ask(1, "GET", &path).status), (404, 200));
    let cancel = format!("{path}/cancel");
    assert_eq!((ask(0, "POST", &cancel).status, ask(1, "POST", &cancel).status), (404, 202));
    let body = format!(r#"{{"run":"{}"}}"#, web.start_for(theirs, super::PATIENT));
    let signal = |owner: usize| {
        web.ask(request("POST", "/api/v1/signals/go", Some(tokens[owner].expose()), Some(&body))).status
    };
    assert_eq!((signal(0), signal(1)), (404, 202));
    // Runs of others are passed over, also where they are many.
    let own = json_of(&ask(0, "POST", START))["run"].as_str().expect("a run").to_owned();
    (0..5).for_each(|_| drop(web.start_for(theirs, super::PATIENT)));
    let page = json_of(&ask(0, "GET", "/api/v1/runs?limit=1"));
    assert_eq!((&page["runs"][0]["run"], &page["next"]), (&json!(own), &Value::Null));
    let rest = json_of(&ask(0, "GET", &format!("/api/v1/runs?limit=1&before={own}")));
    assert_eq!((&rest["runs"], &rest["next"]), (&json!([]), &Value::Null));
    // One of theirs is no place to go on from: it is as one that is nowhere.
    let before = |run: &str| ask(0, "GET", &format!("/api/v1/runs?before={run}")).body;
    assert_eq!(before(&run), before("nowhere"));
    let theirs = web.start_for(theirs, super::PATIENT);
    assert_eq!(before(&theirs), before("nowhere"));
}
