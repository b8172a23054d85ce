//! `patience`, from the binary: a provider on this machine takes batches and ends them when the test says so. One batch for
//! a step, at half the price to the last decimal, also across kills; a call at once where there is no batch or no time.

use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::keyway::wait;
use tests::models::batches::{Batches, Submits, TAKES};
use tests::place::Place;

/// No log, event, message or row may have it.
const CANARY: &str = "sk-canary-2f0be7714cf94d5d8a10";

/// What the model costs, in millionths of a dollar for a thousand tokens: read, from the cache, written.
const PRICES: (i64, i64, i64) = (750, 75, 4_500);

/// A step that has so much time.
fn patient(patience: &str, more: &str) -> String {
    model("openai/gpt-5.4-mini", patience, more)
}

fn model(model: &str, patience: &str, more: &str) -> String {
    format!(
        "name: patient\nsteps:\n  mood:\n    ai: \"How do people feel?\"\n    model: {model}\n    \
         patience: {patience}\n    {more}\noutput: \"{{{{ steps.mood }}}}\"\n"
    )
}

fn place(double: &Batches, of: &str) -> Place {
    let place = Place::new();
    double.key(&place, of, CANARY);
    place
}

/// Starts a run; gives the process that moves it, and its id.
fn started(place: &Place, workflow: &str) -> (Child, String) {
    let file = place.file("flow.yaml", workflow);
    let child = place.keyway.spawn(&["run", &file, "--allow-private", "--json"]);
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let runs = place.keyway.run(&["runs", "--json"]);
        let runs: Value = serde_json::from_str(&runs.stdout).unwrap_or_default();
        if let Some(run) = runs[0]["run"].as_str() {
            return (child, run.to_owned());
        }
        assert!(Instant::now() < end, "no run begins");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Kills a process, as a power cut would.
fn kill(mut child: Child) {
    child.kill().expect("it runs");
    wait(child);
}

fn resumed(place: &Place, run: &str) -> Value {
    let answer = place.keyway.run(&["resume", run, "--allow-private", "--json"]);
    assert!(!answer.stderr.contains(CANARY) && !answer.stdout.contains(CANARY), "the key is told: {answer:?}");
    answer.json()
}

/// The calls of a run: how each ended, what it cost, and whether that is estimated.
fn calls(place: &Place, run: &str) -> Vec<(String, String, bool)> {
    let shown = place.shown(run);
    let calls = shown["calls"].as_array().cloned().unwrap_or_default();
    let one = |call: &Value| {
        let text = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
        (text("class"), text("cost"), call["estimated"] == true)
    };
    calls.iter().map(one).collect()
}

/// What a call costs, in dollars, at so many halves of the price.
fn price(halves: i64) -> String {
    let (read, cached, written, _) = TAKES;
    let thousandths = (read - cached) * PRICES.0 + cached * PRICES.1 + written * PRICES.2;
    // A thousandth of a millionth has nine decimals; half of it ten.
    let text = format!("0.{:010}", thousandths * halves * 5);
    text.trim_end_matches('0').to_owned()
}

#[test]
fn a_batch_costs_half_to_the_last_decimal_and_the_answer_is_that_of_any_step() {
    let double = Batches::start("Well.");
    let place = place(&double, "openai");
    let (child, run) = started(&place, &patient("1h", ""));
    double.until(1, "POST /v1/batches");
    assert_eq!(calls(&place, &run), [("open".into(), String::new(), false)], "it is reserved, and not spent");
    double.end("done");
    let ended: Value = wait_json(child);
    assert_eq!((&ended["status"], &ended["output"]), (&json!("succeeded"), &json!({ "text": "Well." })), "{ended}");
    assert_eq!(calls(&place, &run), [("ok".into(), price(1), false)]);
    assert_eq!(price(1), "0.0009825");
    assert_ne!(price(1), price(2), "the whole price is another");
    let batches = double.batches();
    assert_eq!((batches.len(), double.asked().len()), (1, 0));
    assert_eq!(batches[0].question["model"], json!("gpt-5.4-mini"));
    assert_eq!(batches[0].question["stream"], Value::Null, "nobody hears a batch come");
}

fn wait_json(child: Child) -> Value {
    wait(child).json()
}
