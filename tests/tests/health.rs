//! How services stand, through the binary: the figures are those of the requests that a service on this machine was asked,
//! and there are none where it was asked nothing.

#[path = "health/limits.rs"]
mod limits;

use std::time::Duration;

use serde_json::{Value, json};
use tests::keyway::Answer;
use tests::place::Place;
use tests::service::Service;

const MANIFEST: &str = r#"connector: demo
name: Demo
version: 1.0.0
about: A service for trying.
hosts: [demo.example.com]
base: https://demo.example.com
connection:
  verify: whoami
  label: "{{ response.body.name }}"
auth:
  token:
    kind: bearer
    about: A token.
    secrets: { token: { type: string, description: "The token." } }
defaults:
  errors:
    - { when: response.status == 429, as: rate_limited, message: too often }
    - { when: response.status == 401, as: auth_reconnect, message: no such token }
    - { when: response.status == 404, as: not_found, message: nothing there }
    - { when: response.status >= 500, as: retry, message: out of order }
actions:
  whoami:
    about: Who it is.
    effect: read
    safety: read
    request: { method: GET, path: /me }
    returns: { name: string }
  get:
    about: Something.
    effect: read
    safety: read
    input: { what: { type: string, description: "What." } }
    request: { method: GET, path: "/{{ input.what }}" }
    returns: { name: string }
"#;

const FLOW: &str = "name: asks\nsteps:\n  all:\n    for_each: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n    steps:\n      it: { use: demo.get, with: { what: well } }\n";

/// How long the service takes for an answer.
const TAKES: Duration = Duration::from_millis(20);

/// A place with a manifest, and a service.
fn desk() -> (Place, Service) {
    let service = Service::start(|came| {
        std::thread::sleep(TAKES);
        if came.headers.get("authorization").is_none_or(|token| token != "Bearer right") {
            return (401, Value::Null);
        }
        match came.path.as_str() {
            "/well" | "/me" => (200, json!({ "name": "ada" })),
            "/broken" => (500, Value::Null),
            "/often" => (429, Value::Null),
            _ => (404, Value::Null),
        }
    });
    let place = Place::new();
    let folder = place.keyway.config().join("keyway/connectors");
    std::fs::create_dir_all(&folder).expect("a folder of ours");
    std::fs::write(folder.join("demo.yaml"), MANIFEST).expect("a file of ours");
    (place, service)
}

fn connect(place: &Place, service: &Service, name: &str, token: &str) -> Answer {
    let origin = service.origin();
    let connect = [
        "connect",
        "demo",
        "--name",
        name,
        "--allow-private",
        "--base-url",
        &origin,
        "--no-verify",
        "--stdin",
    ];
    place.keyway.run_with(&connect, token)
}

/// What is told of the service.
fn told(place: &Place, connector: &str) -> Value {
    let answer = place.keyway.run(&["connectors", "--json"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let all = answer.json();
    let found = all.as_array().into_iter().flatten().find(|service| service["connector"] == connector);
    found.unwrap_or_else(|| panic!("no {connector}: {all}")).clone()
}

fn call(place: &Place, what: &str) -> Answer {
    let data = place.keyway.data.display().to_string();
    let with = json!({ "what": what }).to_string();
    let call = ["connector", "call", "demo.get", "--with", &with, "--allow-private", "--data", &data];
    place.keyway.run(&call)
}

/// What is wrong with what is told of so many requests, so many of them errors: nothing where it is as it should be.
fn faults(told: &Value, n: u64, errors: u64, last: &str) -> Vec<String> {
    let mut faults = vec![];
    let mut differ = |what: &str, got: &Value, wanted: Value| {
        if *got != wanted {
            faults.push(format!("{what} is {got}, not {wanted}"));
        }
    };
    differ("the last answer", &told["last_answer"]["value"], json!(last));
    differ("its n", &told["last_answer"]["n"], json!(n));
    differ("the n of errors", &told["error_rate"]["n"], json!(n));
    differ("the part of errors", &told["error_rate"]["value"], json!(errors as f64 / n as f64));
    differ("the n of the median", &told["median_ms"]["n"], json!(n));
    differ("the n of p95", &told["p95_ms"]["n"], json!(n));
    let (median, p95) = (told["median_ms"]["value"].as_f64(), told["p95_ms"]["value"].as_f64());
    // It takes no less than the service sleeps.
    if median.is_none_or(|median| median < TAKES.as_secs_f64() * 1000.0) || p95 < median {
        faults.push(format!("the times are {median:?} and {p95:?}"));
    }
    for value in ["last_answer", "median_ms", "p95_ms", "error_rate"] {
        let as_of = told[value]["as_of"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let age = as_of.map(|as_of| jiff::Timestamp::now().duration_since(as_of).as_secs());
        if age.is_none_or(|age| !(0..600).contains(&age)) {
            faults.push(format!("{value} is of {as_of:?}"));
        }
    }
    faults
}

/// The values that are told only where something was measured.
const MEASURED: [&str; 6] = ["last_answer", "median_ms", "p95_ms", "error_rate", "since", "last_error"];

fn is_unmeasured(told: &Value) -> bool {
    MEASURED.iter().all(|name| told.get(name).is_some_and(Value::is_null))
}

#[test]
fn the_figures_of_a_service_are_those_of_its_requests() {
    let (place, service) = desk();
    let before = told(&place, "demo");
    assert_eq!((&before["state"], is_unmeasured(&before)), (&json!("not_connected"), true), "{before}");
    let connected = connect(&place, &service, "main", "right");
    assert_eq!(connected.code, Some(0), "{connected:?}");
    let asked = service.came().len();
    let fresh = told(&place, "demo");
    if asked == 0 {
        assert_eq!((&fresh["state"], is_unmeasured(&fresh)), (&json!("unmeasured"), true), "{fresh}");
        assert!(is_unmeasured(&fresh["connections"][0]), "{fresh}");
    }
    // Ten by a run, the others by hand.
    let file = place.file("asks.yaml", FLOW);
    let ran = place.keyway.run(&["run", &file, "--allow-private"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for (what, code) in [("broken", 1), ("nowhere", 1), ("well", 0), ("broken", 1)] {
        let answer = call(&place, what);
        assert_eq!(answer.code, Some(code), "{answer:?}");
    }
    let n = service.came().len() as u64;
    assert_eq!(n, 14 + asked as u64);
    let now = told(&place, "demo");
    assert_eq!(faults(&now, n, 2, "failing"), [""; 0], "{now}");
    assert_eq!(now["state"], "failing");
    assert_eq!(now["last_error"]["kind"], "server", "{now}");
    assert!(now["last_error"]["message"].as_str().unwrap_or_default().contains("out of order"), "{now}");
    assert_eq!(faults(&now["connections"][0], n, 2, "failing"), [""; 0], "{now}");
    // A service that says no to what was asked is well; what failed before is still known.
    assert_eq!(call(&place, "nowhere").code, Some(1));
    let now = told(&place, "demo");
    assert_eq!(faults(&now, n + 1, 2, "works"), [""; 0], "{now}");
    assert_eq!(now["last_error"]["kind"], "server", "{now}");
    // Nobody asked the others anything.
    let answer = place.keyway.run(&["connectors", "--json"]).json();
    let others = answer.as_array().into_iter().flatten().filter(|service| service["connector"] != "demo");
    let all: Vec<&Value> = others.collect();
    assert!(all.len() > 30, "{}", all.len());
    for service in all {
        assert!(is_unmeasured(service) && service["state"] == "not_connected", "{service}");
    }
}

#[test]
fn figures_that_are_constant_would_be_seen() {
    let now = jiff::Timestamp::now().to_string();
    let value = |value: Value, n: u64| json!({ "value": value, "n": n, "as_of": now });
    let right = json!({
        "last_answer": value(json!("failing"), 14),
        "median_ms": value(json!(21.5), 14),
        "p95_ms": value(json!(40.0), 14),
        "error_rate": value(json!(2.0 / 14.0), 14),
    });
    assert_eq!(faults(&right, 14, 2, "failing"), [""; 0]);
    for (path, wrong) in [
        ("/last_answer/value", json!("works")),
        ("/last_answer/n", json!(13)),
        ("/error_rate/value", json!(0.0)),
        ("/median_ms/value", json!(0.1)),
        ("/p95_ms/value", json!(20.5)),
        ("/median_ms/as_of", json!("2026-01-01T00:00:00Z")),
        ("/p95_ms", Value::Null),
    ] {
        let mut told = right.clone();
        *told.pointer_mut(path).expect("it is there") = wrong;
        assert!(!faults(&told, 14, 2, "failing").is_empty(), "{path}");
    }
    assert!(!is_unmeasured(&right));
}

#[test]
fn a_check_asks_each_connection_now_and_says_what_came() {
    let (place, service) = desk();
    let none = place.keyway.run(&["connectors", "check"]);
    assert!(none.code == Some(0) && none.stderr.contains("no connections yet"), "{none:?}");
    for (name, token) in [("main", "right"), ("other", "wrong")] {
        let connected = connect(&place, &service, name, token);
        assert_eq!(connected.code, Some(0), "{connected:?}");
    }
    let before = service.came().len();
    let checked = place.keyway.run(&["connectors", "check", "demo", "--allow-private", "--json"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    let came = checked.json();
    assert_eq!(service.came().len(), before + 2);
    assert_eq!(
        (&came[0]["name"], &came[0]["works"], &came[0]["account"]),
        (&json!("main"), &json!(true), &json!("ada"))
    );
    assert_eq!((&came[1]["name"], &came[1]["works"]), (&json!("other"), &json!(false)), "{came}");
    assert_eq!(came[1]["error"]["kind"], "auth", "{came}");
    for row in came.as_array().into_iter().flatten() {
        assert!(row["took_ms"].as_u64() >= Some(20), "{row}");
    }
    // What came is known from here on, of each by itself and of both together.
    let now = told(&place, "demo");
    let states: Vec<&Value> =
        now["connections"].as_array().into_iter().flatten().map(|account| &account["state"]).collect();
    assert_eq!(states, ["works", "refused"], "{now}");
    assert_eq!(now["state"], "refused", "the last request decides: {now}");
    assert_eq!(now["connections"][1]["last_error"]["kind"], "auth", "{now}");
    let shown = place.keyway.run(&["connectors", "check", "demo", "--allow-private"]);
    assert!(shown.stdout.contains("✓ Demo `main` works: ada"), "{shown:?}");
    assert!(shown.stdout.contains("✗ Demo `other` auth: "), "{shown:?}");
    assert!(!format!("{shown:?}{checked:?}{now}").contains("Bearer"), "no secret is shown");
    let table = place.keyway.run(&["connectors"]);
    assert!(table.stdout.contains("refused") && table.stdout.contains("not connected"), "{table:?}");
    let unknown = place.keyway.run(&["connectors", "check", "nothing"]);
    assert!(unknown.code != Some(0) && unknown.stderr.contains("nothing"), "{unknown:?}");
}
