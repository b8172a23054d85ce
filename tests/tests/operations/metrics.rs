//! Metrics: that they are in the format, count what was, name nobody and nothing secret, and how much they cost.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::metrics::{METRICS, Metrics, Name, text};
use tests::models::Provider;
use tests::place::Place;
use tests::served::Served;

use super::exposition::read;
use super::{CANARY, Serving, get, python, until};

/// A key as it looks like one.
const KEY: &str = "sk-canary-1a2b3c4d5e6f70819203";

/// Ends well after three steps, one of which is left out.
const GOOD: &str = "name: good\nsteps:\n  a: { set: { text: x } }\n  b: { set: { text: \"{{ steps.a.text }}\" } }\n\
    \x20 c: { if: \"steps.a.text == 'y'\", set: { text: x } }\n";

/// Shows a secret to a port at which nobody listens, a second time after a moment, and fails.
const BAD: &str = "name: bad\nsteps:\n  a:\n    http: { url: \"http://127.0.0.1:9/\", \
    auth: { bearer: \"{{ secret('CRM') }}\" } }\n    retry: { attempts: 2, delay: 1s }\n";

#[test]
fn what_was_is_counted_in_the_format_and_nobody_and_nothing_secret_is_named() {
    let place = Place::new();
    let stored =
        place.piped(&["secrets", "add", "CRM", "--host", "127.0.0.1", "--stdin"], &format!("{CANARY}\n"));
    assert_eq!(stored.code, Some(0), "{stored:?}");
    let serving = Serving::of(&place, &[]);
    for (name, text) in [("good", GOOD), ("bad", BAD)] {
        let file = place.file(&format!("{name}.yaml"), text);
        let deployed = place.keyway.run(&["deploy", &file, "--yes"]);
        assert_eq!(deployed.code, Some(0), "{deployed:?}");
    }
    for name in ["good", "good", "good", "bad"] {
        place.keyway.run(&["run", name, "--allow-private"]);
    }
    assert_eq!(get(serving.address, "/healthz").0, 200);
    let told = serving.told();
    let read = read(&told).unwrap();
    assert_eq!(read.sum("keyway_runs_started_total", &[]), 4.0);
    assert_eq!(read.sum("keyway_runs_ended_total", &[("workflow", "good"), ("status", "succeeded")]), 3.0);
    assert_eq!(read.sum("keyway_runs_ended_total", &[("workflow", "bad"), ("status", "failed")]), 1.0);
    assert_eq!(read.sum("keyway_runs_unfinished", &[]), 0.0);
    assert_eq!(read.sum("keyway_run_duration_seconds_count", &[]), 4.0);
    assert_eq!(read.sum("keyway_steps_total", &[("outcome", "succeeded")]), 6.0, "{told}");
    assert_eq!(read.sum("keyway_steps_total", &[("outcome", "skipped")]), 3.0);
    assert_eq!(read.sum("keyway_steps_total", &[("outcome", "retried")]), 1.0);
    assert_eq!(read.sum("keyway_steps_total", &[("outcome", "failed")]), 1.0);
    assert_eq!(read.sum("keyway_calls_total", &[("connector", "http")]), 2.0, "{told}");
    assert_eq!(read.sum("keyway_calls_total", &[("outcome", "ok")]), 0.0);
    assert_eq!(read.sum("keyway_calls_under_way", &[]), 0.0);
    assert_eq!(read.sum("keyway_http_requests_total", &[("route", "/healthz"), ("status", "200")]), 1.0);
    assert!(read.sum("keyway_commits_total", &[]) >= read.sum("keyway_commit_duration_seconds_count", &[]));
    assert!(read.sum("keyway_database_bytes", &[]) > 4096.0 && read.sum("keyway_disk_free_bytes", &[]) > 0.0);
    assert!(read.sum("process_resident_memory_bytes", &[]) > 1e6);
    assert!(read.sum("process_start_time_seconds", &[]) > 1.7e9);
    // Everything that is in the table is told, and nothing else.
    let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
    let told_of: Vec<&str> = read.types.keys().map(String::as_str).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(told_of, sorted);
    for never in [CANARY, "local", "CRM", "127.0.0.1"] {
        assert!(!told.contains(never), "{never}\n{told}");
    }
    judged(&told);
    // It is told at its own address alone, where nothing else is.
    assert_eq!(get(serving.address, "/metrics").0, 404);
    assert_eq!(get(serving.metrics, "/api/v1/runs").0, 404);
    assert_eq!(get(serving.metrics, "/readyz").0, 200);
}

/// Lets Prometheus' own library read it, where it is there.
fn judged(told: &str) {
    let Some(python) = python("prometheus_client.parser") else { return };
    let script = "import sys\nfrom prometheus_client.parser import text_string_to_metric_families as read\n\
        print(sum(len(family.samples) for family in read(sys.stdin.read())))";
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(told.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let samples: usize = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    assert_eq!(samples, read(told).unwrap().samples.len());
}

#[test]
fn questions_to_models_are_counted_by_provider_and_model_with_what_they_cost() {
    let provider = Provider::start("Hello.", &[]);
    let served = Served::with(|place| provider.key(place, "openai", "mine", KEY));
    let question = json!({ "model": "openai/gpt-5.4-mini", "max_tokens": 50,
        "messages": [{ "role": "user", "content": "Say hello" }] });
    let said = served.post("/v1/chat/completions", &question);
    assert_eq!(said.status, 200, "{said:?}");
    let ledger = served.ledger(|told| told["calls"] == 1);
    let read = read(&served.metrics()).unwrap();
    let of = [("provider", "openai"), ("model", "gpt-5.4-mini")];
    assert_eq!(read.sum("keyway_ai_calls_total", &of), 1.0);
    assert_eq!(read.sum("keyway_ai_calls_total", &[("outcome", "ok")]), 1.0);
    assert_eq!(read.sum("keyway_ai_call_duration_seconds_count", &[]), 1.0);
    let cost: f64 = match &ledger["cost_usd"] {
        Value::String(cost) => cost.parse().unwrap(),
        other => other.as_f64().unwrap_or_else(|| panic!("{ledger}")),
    };
    assert!(cost > 0.0 && (read.sum("keyway_ai_cost_usd_total", &of) - cost).abs() < 1e-12, "{ledger}");
    assert!(read.sum("keyway_ai_tokens_total", &[("kind", "output")]) > 0.0);
    let (_, _, ready) = get(served.address, "/readyz");
    let parts = serde_json::from_str::<Value>(&ready).unwrap()["parts"].clone();
    assert_eq!((&parts["providers"], &parts["connectors"]), (&json!("well"), &json!("unknown")), "{parts}");
}

/// How long it takes to count what a run of ten steps with ten calls makes, for a single step.
fn cost_of_a_step() -> Duration {
    const RUNS: u32 = 20_000;
    let metrics = Arc::new(Metrics::default());
    let steps = metrics.of(Name::Steps, &["succeeded"]);
    let began = Instant::now();
    for _ in 0..RUNS {
        metrics.of(Name::RunsEnded, &["good", "succeeded"]).add(1);
        metrics.of(Name::RunDuration, &["succeeded"]).observe(Duration::from_millis(7));
        for _ in 0..10 {
            let call = Instant::now();
            metrics.of(Name::CallsUnderWay, &[]).add(1);
            metrics.of(Name::CallsUnderWay, &[]).less();
            metrics.of(Name::Calls, &["http", "ok"]).add(1);
            metrics.of(Name::CallsDuration, &["http"]).observe(call.elapsed());
            steps.add(1);
        }
    }
    let took = began.elapsed() / (RUNS * 10);
    assert!(text::text(&metrics.gather()).contains("keyway_steps_total{outcome=\"succeeded\"} 200000"));
    took
}

/// A step takes 19 µs of processor time (docs/measured/throughput.md). In a build without optimisation counting takes many
/// times as long as in a release; the bound here is for the order of it.
#[test]
fn counting_a_step_costs_a_small_part_of_it() {
    let took = cost_of_a_step();
    println!("counting a step takes {took:?}");
    assert!(took < Duration::from_micros(20), "{took:?}");
}

#[test]
fn a_service_that_is_called_and_fails_is_seen_in_the_readiness_and_keeps_nothing_else_from_working() {
    let place = Place::new();
    let serving = Serving::of(&place, &[]);
    let parts = |serving: &Serving| {
        let (status, _, body) = get(serving.address, "/readyz");
        (status, serde_json::from_str::<Value>(&body).unwrap()["parts"].clone())
    };
    let (status, first) = parts(&serving);
    assert_eq!(status, 200);
    for (part, word) in [
        ("database", "well"),
        ("runs", "well"),
        ("writing", "well"),
        ("vault", "unknown"),
        ("providers", "unknown"),
        ("connectors", "unknown"),
    ] {
        assert_eq!(first[part], word, "{first}");
    }
    assert!(["well", "low"].contains(&first["disk"].as_str().unwrap()), "{first}");
    until("the main routes count", || {
        read(&serving.told()).unwrap().sum("keyway_http_requests_total", &[("route", "/readyz")]) >= 1.0
    });
}
