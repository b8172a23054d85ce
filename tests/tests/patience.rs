//! `patience`, from the binary: a provider on this machine takes batches and ends them when the test says so. One batch for
//! a step, at half the price to the last decimal, also across kills; a call at once where there is no batch or no time.

use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::keyway::{kill, wait};
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

/// The calls of a run: how each ended, what it cost, and whether that is estimated.
fn calls(place: &Place, run: &str) -> Vec<(String, String, bool)> {
    let shown = place.shown(run);
    let calls = shown["calls"].as_array().cloned().unwrap_or_default();
    let one = |call: &Value| {
        let text = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
        (text("class"), text("cost_usd"), call["estimated"] == true)
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

/// Waits until so many batches were taken.
fn taken(double: &Batches, count: usize) {
    let end = Instant::now() + Duration::from_secs(60);
    while double.batches().len() < count {
        assert!(Instant::now() < end, "{:?}", double.requests());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn ended(child: Child) -> Value {
    wait(child).json()
}

/// Why each call of a run was made as it was.
fn whys(place: &Place, run: &str) -> Vec<String> {
    let shown = place.shown(run);
    let calls = shown["calls"].as_array().cloned().unwrap_or_default();
    calls.iter().map(|call| call["why"].as_str().unwrap_or_default().to_owned()).collect()
}

fn paid(class: &str, cost: &str) -> (String, String, bool) {
    (class.into(), cost.into(), false)
}

#[test]
fn a_batch_costs_half_to_the_last_decimal_and_the_answer_is_that_of_any_step() {
    let double = Batches::start("Well.");
    let place = place(&double, "openai");
    let (child, run) = place.started(&patient("1m", ""));
    double.until(1, "POST /v1/batches");
    assert_eq!(calls(&place, &run), [("open".into(), String::new(), false)], "it is reserved, and not spent");
    let page = place.keyway.run(&["show", &run]).stdout;
    assert!(page.contains("its batch; when its time is up, it is asked at once"), "{page}");
    assert!(!page.contains("/62"), "how often somebody looks says nothing of how far it is: {page}");
    double.end("done");
    let ended = ended(child);
    assert_eq!(
        (&ended["status"], &ended["output"]),
        (&json!("succeeded"), &json!({ "text": "Well." })),
        "{ended}"
    );
    assert_eq!(calls(&place, &run), [("ok".into(), price(1), false)]);
    assert_eq!(price(1), "0.0009825");
    assert_ne!(price(1), price(2), "the whole price is another");
    let batches = double.batches();
    assert_eq!((batches.len(), double.asked().len()), (1, 0));
    assert_eq!(batches[0].question["model"], json!("gpt-5.4-mini"));
    assert_eq!(batches[0].question["stream"], Value::Null, "nobody hears a batch come");
}

#[test]
fn a_batch_of_gemini_costs_half_but_for_its_cache_and_is_found_by_its_label_after_a_kill() {
    let double = Batches::start("Well.");
    double.submits(Submits::Hushes);
    let place = place(&double, "gemini");
    let (child, run) = place.started(&model("gemini/gemini-2.5-flash", "2m", ""));
    double.until(1, "POST /v1beta/models/gemini-2.5-flash:batchGenerateContent");
    taken(&double, 1);
    kill(child);
    double.submits(Submits::Takes);
    double.end("done");
    let ended = place.resumed(&run, CANARY);
    assert_eq!(ended["output"], json!({ "text": "Well." }), "{ended}");
    assert_eq!((double.batches().len(), double.asked().len()), (1, 0), "{:?}", double.requests());
    // 800 read anew at 0.15, 200 from the cache at 0.03, 300 written at 1.25 dollars for a million.
    assert_eq!(calls(&place, &run), [paid("ok", "0.000501")]);
    let text = &double.batches()[0].question["contents"][0]["parts"][0]["text"];
    assert_eq!(text, &json!("How do people feel?"), "{:?}", double.batches());
}

#[test]
fn who_is_killed_while_it_waits_comes_back_to_the_same_batch() {
    let double = Batches::start("Well.");
    let place = place(&double, "openai");
    let (child, run) = place.started(&patient("2m", ""));
    double.until(1, "GET /v1/batches/batch_1");
    kill(child);
    double.end("done");
    let ended = place.resumed(&run, CANARY);
    assert_eq!(ended["output"], json!({ "text": "Well." }), "{ended}");
    assert_eq!((double.batches().len(), double.asked().len()), (1, 0));
    assert_eq!(calls(&place, &run), [paid("ok", &price(1))], "a start counts no batch as lost");
}

#[test]
fn who_is_killed_before_a_batch_has_a_name_finds_it_in_the_list() {
    let double = Batches::start("Well.");
    double.submits(Submits::Hushes);
    let place = place(&double, "openai");
    let (child, run) = place.started(&patient("2m", ""));
    taken(&double, 1);
    kill(child);
    double.submits(Submits::Takes);
    double.end("done");
    let ended = place.resumed(&run, CANARY);
    assert_eq!(ended["output"], json!({ "text": "Well." }), "{ended}");
    assert_eq!((double.batches().len(), double.asked().len()), (1, 0), "{:?}", double.requests());
    assert_eq!(calls(&place, &run), [paid("ok", &price(1))]);
}

#[test]
fn what_was_not_taken_is_submitted_again_and_counted_once() {
    let double = Batches::start("Well.");
    double.submits(Submits::Loses);
    let place = place(&double, "openai");
    let (child, run) = place.started(&patient("2m", ""));
    double.until(1, "POST /v1/batches");
    kill(child);
    double.submits(Submits::Takes);
    let child = place.keyway.spawn(&["resume", &run, "--allow-private", "--json"]);
    taken(&double, 1);
    double.end("done");
    let ended = ended(child);
    assert_eq!(ended["output"], json!({ "text": "Well." }), "{ended}");
    assert_eq!((double.batches().len(), double.asked().len()), (1, 0));
    assert_eq!(calls(&place, &run), [paid("ok", &price(1))]);
}

#[test]
fn who_is_killed_once_it_is_answered_pays_once() {
    let double = Batches::start("Well.");
    let place = place(&double, "openai");
    let (child, run) = place.started(&patient("2m", ""));
    taken(&double, 1);
    double.end("done");
    double.until(1, "/content");
    kill(child);
    let ended = place.resumed(&run, CANARY);
    assert_eq!(ended["output"], json!({ "text": "Well." }), "{ended}");
    assert_eq!((double.batches().len(), double.asked().len()), (1, 0));
    assert_eq!(calls(&place, &run), [paid("ok", &price(1))]);
}

#[test]
fn where_the_list_tells_nothing_the_ledger_has_both() {
    let double = Batches::start("Well.");
    double.submits(Submits::Hushes);
    let place = place(&double, "anthropic");
    let (child, run) = place.started(&model("anthropic/claude-haiku-4-5", "2m", ""));
    taken(&double, 1);
    kill(child);
    double.submits(Submits::Takes);
    let ended = place.resumed(&run, CANARY);
    assert_eq!(ended["output"], json!({ "text": "Well." }), "{ended}");
    assert_eq!((double.batches().len(), double.asked().len()), (1, 1), "no second batch");
    let calls = calls(&place, &run);
    assert_eq!((&*calls[0].0, calls[0].2, &*calls[1].0), ("lost", true, "ok"), "{calls:?}");
    assert!(calls[0].1.starts_with("0.1"), "the most that it can cost, at half the price: {calls:?}");
}

#[test]
fn a_batch_of_another_provider_is_read_from_its_own_place() {
    let double = Batches::start("Well.");
    let place = place(&double, "anthropic");
    let (child, run) = place.started(&model("anthropic/claude-haiku-4-5", "1m", ""));
    taken(&double, 1);
    double.end("done");
    let ended = ended(child);
    assert_eq!(ended["output"], json!({ "text": "Well." }), "{ended}");
    // 800 read at 0.5, 200 from the cache at 0.05, 300 written at 2.5 for a million.
    assert_eq!(calls(&place, &run), [paid("ok", "0.00116")]);
    assert!(
        double.requests().contains(&"GET /v1/messages/batches/batch_1/results".into()),
        "and not where it is told"
    );
}

#[test]
fn when_the_time_is_up_the_batch_is_cancelled_and_the_question_asked_at_once() {
    let double = Batches::start("Well.");
    let place = place(&double, "openai");
    let (child, run) = place.started(&patient("2s", ""));
    let ended = ended(child);
    assert_eq!(ended["output"], json!({ "text": "Well." }), "{ended}");
    assert_eq!(double.batches()[0].stands, "cancelled");
    assert_eq!((double.batches().len(), double.asked().len()), (1, 1));
    assert_eq!(
        calls(&place, &run),
        [paid("cancelled", "0.00"), paid("ok", &price(2))],
        "both are in the ledger"
    );
    assert!(whys(&place, &run)[1].contains("the time is up"), "{:?}", whys(&place, &run));
}

#[test]
fn a_batch_that_is_refused_or_ends_without_an_answer_is_asked_at_once() {
    let double = Batches::start("Well.");
    double.submits(Submits::Refuses);
    let place = place(&double, "openai");
    let (child, run) = place.started(&patient("1h", ""));
    let now = ended(child);
    assert_eq!(now["output"], json!({ "text": "Well." }), "{now}");
    assert_eq!(calls(&place, &run), [paid("invalid", "0.00"), paid("ok", &price(2))]);
    assert!(whys(&place, &run)[1].contains("its batch was refused"), "{:?}", whys(&place, &run));
    let double = Batches::start("Well.");
    let place = self::place(&double, "openai");
    let (child, run) = place.started(&patient("1m", ""));
    taken(&double, 1);
    double.end("expired");
    let later = ended(child);
    assert_eq!(later["output"], json!({ "text": "Well." }), "{later}");
    assert_eq!(calls(&place, &run), [paid("expired", "0.00"), paid("ok", &price(2))]);
}

#[test]
fn an_answer_that_does_not_fit_goes_back_once_and_at_once() {
    let double = Batches::start("I would say high.");
    let place = place(&double, "openai");
    let (child, run) = place.started(&patient("1m", "returns: { urgency: integer }"));
    taken(&double, 1);
    double.end("done");
    let ended = ended(child);
    assert_eq!(ended["error"]["kind"], json!("invalid"), "{ended}");
    assert_eq!((double.batches().len(), double.asked().len()), (1, 1));
    assert_eq!(calls(&place, &run), [paid("ok", &price(1)), paid("ok", &price(2))]);
}

#[test]
fn what_an_open_batch_may_cost_is_kept_free_in_a_budget() {
    let double = Batches::start("Well.");
    let place = place(&double, "openai");
    // At once the longest answer costs 0.576, in a batch 0.288.
    assert_eq!(place.keyway.run(&["budget", "set", "0.7"]).code, Some(0));
    let now =
        place.file("now.yaml", "name: now\nsteps:\n  mood: { ai: Well?, model: openai/gpt-5.4-mini }\n");
    let at_once = || place.keyway.run(&["run", &now, "--allow-private", "--json"]).json();
    assert_eq!(at_once()["status"], json!("succeeded"), "it fits where nothing is open");
    let (child, _) = place.started(&patient("1m", ""));
    taken(&double, 1);
    assert_eq!(at_once()["error"]["kind"], json!("budget"), "beside the batch it does not");
    double.end("done");
    assert_eq!(ended(child)["status"], json!("succeeded"));
    assert_eq!(at_once()["status"], json!("succeeded"), "the batch was cheaper than it might have been");
}

#[test]
fn a_run_that_is_cancelled_cancels_its_batch() {
    let double = Batches::start("Well.");
    let place = place(&double, "openai");
    let (child, run) = place.started(&patient("1h", ""));
    double.until(1, "POST /v1/batches");
    place.until(&run, |shown| shown["steps"]["mood[1].batch"]["state"] == "succeeded");
    assert_eq!(place.keyway.run(&["cancel", &run]).code, Some(0));
    wait(child);
    assert_eq!(double.batches()[0].stands, "cancelled", "{:?}", double.requests());
    assert_eq!(calls(&place, &run), [paid("cancelled", "0.00")]);
}

#[test]
fn a_mock_of_the_step_stands_for_all_of_it_and_a_plan_shows_one_call() {
    let place = Place::new();
    let flow = place.file("flow.yaml", &patient("6h", "returns: { mood: string }"));
    place.file(
        "flow.test.yaml",
        "mocks: { mood: { gives: { mood: good } } }\ncases: { answers: { expect: { output: { mood: good } } } }\n",
    );
    let tested = place.keyway.run(&["test", &flow]);
    assert_eq!(tested.code, Some(0), "{tested:?}");
    let planned = place.keyway.run(&["plan", &flow, "--json"]).json();
    let step = &planned["stages"][0][0];
    assert_eq!((&step["step"], &step["call"]["action"]), (&json!("mood"), &json!("ai.batch")), "{planned}");
    assert_eq!(step["does"], json!("How do people feel?"));
}
