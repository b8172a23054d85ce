//! Prices that an owner has agreed on, from the binary: what a call costs, whom the router takes, what a plan foresees and what a budget
//! lets through follow them, from their day on and to the last decimal; what is not known is never nothing.

use jiff::Timestamp;
use jiff::ToSpan;
use serde_json::{Value, json};
use tests::keyway::Answer;
use tests::models::{Provider, Takes};
use tests::place::Place;

const KEY: &str = "sk-canary-9a8b7c6d5e4f30211203";

const FLOW: &str = "name: asks\nsteps:\n  say: { ai: Is it?, model: openai/gpt-5.4-mini }\n";

fn place(of: &str) -> (Place, Provider) {
    let provider = Provider::start("Yes.", &[]);
    let place = Place::new();
    provider.key(&place, of, "work", KEY);
    (place, provider)
}

/// A day in UTC, so many days from today.
fn day(from_today: i64) -> String {
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    today.checked_add(from_today.days()).expect("a day").to_string()
}

fn done(place: &Place, arguments: &[&str]) -> Answer {
    let answer = place.keyway.run(arguments);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    answer
}

/// Runs a workflow; gives the last call of its run.
fn call(place: &Place, flow: &str) -> Value {
    let file = place.file("asks.yaml", flow);
    let ran = place.keyway.run(&["run", &file, "--allow-private", "--json"]).json();
    let shown = place.shown(ran["run"].as_str().unwrap_or_default());
    let calls = shown["calls"].as_array().cloned().unwrap_or_default();
    calls.last().cloned().unwrap_or_else(|| shown["steps"]["say"]["error"].clone())
}

/// What it costs in the ledger's units: read, from the cache, kept, written, each a token's price.
fn cost(takes: &Takes, [read, cached, kept, written]: [i64; 4]) -> String {
    let units = takes.read * read
        + takes.cached * cached
        + takes.kept * kept
        + (takes.visible + takes.thought) * written;
    let text = format!("{}.{:012}", units / 1_000_000_000_000, units % 1_000_000_000_000);
    let kept = text.trim_end_matches('0').len().max(4);
    text[..kept].to_owned()
}

#[test]
fn a_call_costs_what_was_agreed_for_its_day() {
    let (place, provider) = place("openai");
    let takes = |at: usize| provider.asked()[at].takes;
    let listed = [750_000, 75_000, 750_000, 4_500_000];
    assert_eq!(call(&place, FLOW)["cost_usd"], json!(cost(&takes(0), listed)));
    // Of another day, of another model, of one that has ended: the file counts.
    for arguments in [
        ["openai/gpt-5.4-mini", "--from", &day(2)],
        ["openai/gpt-4.1", "--from", "2026-01-01"],
        ["openai/gpt-5.4-mini", "--until", &day(-1)],
    ] {
        done(&place, &[&["prices", "set", "--input", "9", "--output", "9"], &arguments[..]].concat());
    }
    assert_eq!(call(&place, FLOW)["cost_usd"], json!(cost(&takes(1), listed)));
    let set = [
        "prices",
        "set",
        "openai/gpt-5.4-mini",
        "--input",
        "0.33333",
        "--output",
        "1.23456",
        "--cached",
        "0.00002",
    ];
    done(&place, &[&set[..], &["--from", &day(-1)]].concat());
    let agreed = [333_330, 20, 333_330, 1_234_560];
    assert_eq!(call(&place, FLOW)["cost_usd"], json!(cost(&takes(2), agreed)));
    // What is kept there has a price of its own once it is said.
    done(&place, &[&set[..], &["--cache-write", "0.5", "--from", &day(-1)]].concat());
    assert_eq!(call(&place, FLOW)["cost_usd"], json!(cost(&takes(3), [333_330, 20, 500_000, 1_234_560])));
    let listed_rows = done(&place, &["prices", "list", "--json"]).json();
    assert_eq!(listed_rows.as_array().map(Vec::len), Some(4), "{listed_rows}");
    done(&place, &["prices", "rm", "openai/gpt-5.4-mini"]);
    assert_eq!(call(&place, FLOW)["cost_usd"], json!(cost(&takes(4), listed)));
    assert_eq!(
        place.keyway.run(&["prices", "rm", "openai/gpt-5.4-mini"]).code,
        Some(1),
        "there is none any more"
    );
    let audit = done(&place, &["audit", "--json"]).json();
    let rows: Vec<[&str; 2]> = audit
        .as_array()
        .into_iter()
        .flatten()
        .filter(|row| row["subject"] == json!("price/openai/gpt-5.4-mini"))
        .map(|row| ["action", "detail"].map(|key| row[key].as_str().unwrap_or_default()))
        .collect();
    let actions: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(actions, ["price_set", "price_set", "price_set", "price_set", "price_removed"], "{rows:?}");
    let words = format!(
        "0.33333 read, 0.00002 from the cache, 1.23456 written USD for a million tokens, from {}",
        day(-1)
    );
    assert_eq!(rows[2][1], words);
}

#[test]
fn the_router_and_the_plan_follow_it() {
    let (place, provider) = place("openai");
    let flow = "name: asks\nsteps:\n  say: { ai: Is it?, quality: standard }\n";
    let before = call(&place, flow);
    assert_eq!(before["model"], json!("gpt-5.4-mini"), "{before}");
    let plan = |place: &Place| {
        let file = place.file("asks.yaml", flow);
        done(place, &["plan", &file, "--json"]).stdout
    };
    assert!(plan(&place).contains("gpt-5.4-mini"));
    done(&place, &["prices", "set", "openai/gpt-4.1", "--input", "0.01", "--output", "0.02"]);
    let after = call(&place, flow);
    assert_eq!(after["model"], json!("gpt-4.1"), "{after}");
    let takes = provider.asked()[1].takes;
    assert_eq!(after["cost_usd"], json!(cost(&takes, [10_000, 10_000, 10_000, 20_000])), "{after}");
    let told = plan(&place);
    assert!(told.contains("gpt-4.1") && !told.contains("gpt-5.4-mini"), "{told}");
    let usage = done(&place, &["usage", "--savings", "--json", "--by", "owner"]).json();
    // Of both answers the cheapest that is good enough is who was asked: nothing is saved beside price alone.
    assert_eq!(usage[0]["saved_beside_price_alone_percent"], json!(0.0), "{usage}");
}

#[test]
fn a_model_without_a_price_may_be_asked_under_a_budget_once_it_has_one() {
    let (place, provider) = place("compatible");
    let flow = "name: asks\nsteps:\n  say: { ai: Is it?, model: compatible/own, max_cost: 1 }\n";
    let refused = call(&place, flow);
    assert!(refused.to_string().contains("price is not known"), "{refused}");
    assert_eq!(provider.asked().len(), 0, "what is not known is not nothing");
    done(&place, &["prices", "set", "compatible/own", "--input", "0", "--output", "0.1"]);
    let came = call(&place, flow);
    let Some(asked) = provider.asked().first().cloned() else { panic!("nobody was asked: {came}") };
    assert_eq!(came["cost_usd"], json!(cost(&asked.takes, [0, 0, 0, 100_000])), "{came}");
}

#[test]
fn what_could_be_counted_for_less_than_it_costs_is_refused() {
    let (place, _provider) = place("openai");
    let refused = |arguments: &[&str], word: &str| {
        let answer = place.keyway.run(&[&["prices", "set"], arguments].concat());
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.stderr.contains(word), "{answer:?}");
    };
    refused(&["openai/gpt-5.4-mini", "--input", "1"], "`openai/gpt-5.4-mini` writes, and that has no price");
    refused(&["claude-sonnet-5", "--input", "1", "--output", "2"], "say it with `--cache-write`");
    refused(&["openai/gpt-5.4-mini", "--input=-1", "--output", "2"], "`-1` is no price of a million tokens");
    refused(
        &["openai/gpt-5.4-mini", "--input", "0.0000001", "--output", "2"],
        "no price of a million tokens",
    );
    refused(&["openai/gpt-5.4-mini", "--input", "0.000001", "--output", "2"], "half of a price");
    refused(
        &["gpt-5.4-mini", "--input", "1", "--output", "2"],
        "`azure/gpt-5.4-mini`, `openai/gpt-5.4-mini`",
    );
    refused(&["nobody", "--input", "1", "--output", "2"], "no model is called `nobody`");
    let days = [
        "openai/gpt-5.4-mini",
        "--input",
        "1",
        "--output",
        "2",
        "--from",
        "2026-05-01",
        "--until",
        "2026-05-01",
    ];
    refused(&days, "ends before it begins");
    assert_eq!(done(&place, &["prices", "list", "--json"]).json(), json!([]));
    done(&place, &["prices", "set", "openai/text-embedding-3-small", "--input", "0.01"]);
}
