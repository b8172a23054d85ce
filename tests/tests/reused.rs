//! Answers of models that a step uses again, from the binary: nobody is asked, nothing is paid, and the ledger says what it would have
//! cost.

use serde_json::{Value, json};
use tests::models::{Does, Provider, Takes};
use tests::place::Place;

const KEY: &str = "sk-canary-1f2e3d4c5b6a79880716";

/// Of a million tokens of `gpt-5.4-mini`, in millionths of a dollar for each: read anew or kept, from the cache, written.
const PRICES: [i64; 3] = [750_000, 75_000, 4_500_000];

fn flow(cache: &str) -> String {
    format!(
        "name: asks\ninputs: {{ q: string }}\nsteps:\n  say: {{ ai: \"{{{{ inputs.q }}}}\", model: openai/gpt-5.4-mini{cache} }}\n\
         output: \"{{{{ steps.say.text }}}}\"\n"
    )
}

/// What an answer costs that takes this, in the ledger's units.
fn cost(takes: &Takes) -> i64 {
    let [read, cached, written] = PRICES;
    (takes.read + takes.kept) * read + takes.cached * cached + (takes.visible + takes.thought) * written
}

fn dollars(units: i64) -> String {
    let text = format!("{}.{:012}", units / 1_000_000_000_000, units % 1_000_000_000_000);
    let kept = text.trim_end_matches('0').len().max(4);
    text[..kept].to_owned()
}

/// Runs two questions so many times each, in turns; gives the place, the double, and each run as it is shown.
fn asked(cache: &str, times: usize, script: &[Does]) -> (Place, Provider, Vec<Value>) {
    let provider = Provider::start("Yes.", script);
    let place = Place::new();
    provider.key(&place, "openai", "work", KEY);
    let file = place.file("asks.yaml", &flow(cache));
    let mut shown = vec![];
    for _ in 0..times {
        for question in ["q=Is it?", "q=Was it?"] {
            let ran = place.keyway.run(&["run", &file, "--allow-private", "--json", "--input", question]);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            let ran = ran.json();
            assert_eq!(ran["output"], json!("Yes."), "{ran}");
            shown.push(place.shown(ran["run"].as_str().unwrap_or_default()));
        }
    }
    (place, provider, shown)
}

fn usage(place: &Place, arguments: &[&str]) -> Value {
    let told = place.keyway.run(&[&["usage", "--json", "--by", "workflow"], arguments].concat()).json();
    told[0].clone()
}

#[test]
fn each_answer_from_before_is_a_row_that_costs_nothing() {
    let (place, provider, shown) = asked(", cache: 1h", 5, &[]);
    let costs: Vec<i64> = provider.asked().iter().map(|asked| cost(&asked.takes)).collect();
    assert_eq!(costs.len(), 2, "one call for each question");
    let told = usage(&place, &[]);
    let [first, second] = [costs[0], costs[1]];
    let wanted = json!([2, 0, dollars(first + second), 8, dollars(4 * (first + second))]);
    let came = json!([told["calls"], told["failed"], told["cost_usd"], told["reused"], told["saved_usd"]]);
    assert_eq!(came, wanted, "{told}");
    for (at, run) in shown.iter().enumerate() {
        let of = costs[at % 2];
        let calls = run["calls"].as_array().map_or(&[][..], Vec::as_slice);
        assert_eq!(calls.len(), 1, "{run}");
        let row = json!([calls[0]["class"], calls[0]["cost_usd"], calls[0]["saved_usd"]]);
        let wanted = match at {
            0 | 1 => json!(["ok", dollars(of), null]),
            _ => json!(["reused", "0.00", dollars(of)]),
        };
        assert_eq!(row, wanted, "run {at}: {run}");
        assert_eq!(calls[0]["model"], json!("gpt-5.4-mini"), "{run}");
    }
    let savings = usage(&place, &["--savings"]);
    let came = json!([savings["calls"], savings["answers"], savings["cost_usd"], savings["reused"]]);
    assert_eq!(came, json!([2, 2, dollars(first + second), 8]), "{savings}");
    assert_eq!(savings["reused_saved_usd"], json!(dollars(4 * (first + second))), "{savings}");
    let table = place.keyway.run(&["usage"]).stdout;
    let words = format!("8 answered from before, which saved {} USD", dollars(4 * (first + second)));
    assert!(table.contains(&words), "{table}");
}

#[test]
fn without_cache_each_is_asked_and_paid() {
    let (place, provider, _) = asked("", 5, &[]);
    let all: i64 = provider.asked().iter().map(|asked| cost(&asked.takes)).sum();
    let told = usage(&place, &[]);
    let came = json!([told["calls"], told["cost_usd"], told["reused"], told["saved_usd"]]);
    assert_eq!(came, json!([10, dollars(all), 0, "0.00"]), "{told}");
}

#[test]
fn what_failed_on_the_way_is_not_saved() {
    let (place, provider, _) = asked(", cache: 1h", 2, &[Does::Cuts(2), Does::Streams]);
    let asked = provider.asked();
    assert_eq!(asked.len(), 3, "the first answer broke off, and was asked for again");
    let saved = cost(&asked[1].takes) + cost(&asked[2].takes);
    let told = usage(&place, &[]);
    assert_eq!(json!([told["calls"], told["failed"], told["reused"]]), json!([3, 1, 2]), "{told}");
    assert_eq!(told["saved_usd"], json!(dollars(saved)), "{told}");
}
