//! A thousand calls over four wires and five providers in one run, with faults: each has its row, the finished ones with
//! exactly the tokens that the double sent and their price in exact decimals, the cut ones flagged and near the truth. And
//! what a model or its provider can do to a step beside that.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::models::{Asked, Does, Provider, Takes};
use tests::place::Place;

const KEY: &str = "sk-canary-31415926535897932384";

/// What is asked, with what o200k_base makes of it.
const PROMPT: (&str, i64) = (
    "A reader of our letter asks how a small bakery can keep its bread fresh over a weekend without baking on Sunday. \
     Write a friendly answer for the next issue, in plain words, and mention what helps at home as well: a wooden box, a \
     linen cloth, and when the freezer is the better place. Do not promise anything that a baker could not keep, and keep \
     to what is known.",
    80,
);

/// What is answered.
const TEXT: &str = "Good bread grows old in two ways: it dries, and its starch becomes firm again. The first is slowed by \
    anything that holds moisture without shutting it in, such as a wooden box or a linen cloth around the loaf. The second \
    happens fastest in the cold of a refrigerator, which is why that is the one place where bread should never stand. A loaf \
    that was baked on Saturday morning is still good on Sunday if it is large, if it has a thick crust, and if it is cut \
    only when somebody eats it. Rye keeps longer than wheat, and sour dough longer than yeast. What will not be eaten within \
    two days belongs into the freezer on the first of them, in slices, so that nobody has to thaw more than a breakfast \
    takes. From there it goes straight into the toaster, or for ten minutes into a hot oven, where the starch softens once \
    more and the crust becomes crisp. A bakery that wants to sell on Sunday without baking can bake its largest loaves late \
    on Saturday, leave them whole, and slice them at the counter; rolls, which have more crust than crumb, are better baked \
    on the day itself or left out.";

/// So many bytes of it, with what o200k_base makes of them.
const CUT: [(usize, i64); 4] = [(300, 64), (500, 109), (700, 151), (900, 193)];

/// A provider, its model, and what a million tokens of each kind cost, in millionths of a dollar: read, from the cache,
/// kept, written. Nothing where that is not known.
type Priced = (&'static str, &'static str, Option<[i64; 4]>);

const PROVIDERS: [Priced; 5] = [
    ("openai", "openai/gpt-5.4-mini", Some([750_000, 75_000, 750_000, 4_500_000])),
    ("anthropic", "anthropic/claude-haiku-5-5", Some([100_000, 10_000, 125_000, 500_000])),
    ("gemini", "gemini/gemini-3.8-flash", Some([750_000, 75_000, 750_000, 3_750_000])),
    ("cohere", "cohere/command-r-08-2024", Some([150_000, 150_000, 150_000, 600_000])),
    ("compatible", "compatible/m", None),
];

/// The calls of each provider.
const CALLS: usize = 200;

/// One in twenty calls of a provider is one of these, in turn.
const FAULTS: [Does; 10] = [
    Does::Fails,
    Does::Cuts(CUT[0].0),
    Does::Page(502),
    Does::Cuts(CUT[1].0),
    Does::TooMany(0),
    Does::Page(200),
    Does::Cuts(CUT[2].0),
    Does::Errs(CUT[3].0),
    Does::TooLong,
    Does::Cuts(CUT[3].0),
];

fn script() -> Vec<Does> {
    let each = |at: usize| match at % 20 {
        10 => FAULTS[at / 20 % FAULTS.len()],
        even if even % 2 == 0 => Does::Streams,
        _ => Does::AtOnce,
    };
    (0..CALLS).map(each).collect()
}

/// The calls of a run, as the ledger has them.
fn ledger(place: &Place, ended: &Value) -> Vec<Value> {
    let shown = place.shown(ended["run"].as_str().unwrap_or_default());
    shown["calls"].as_array().cloned().unwrap_or_default()
}

fn takes(call: &Value) -> Takes {
    let of = |kind: &str| call["tokens"][kind].as_i64().unwrap_or(-1);
    assert_eq!(of("cache_write_1h"), 0, "{call}");
    Takes {
        read: of("input_uncached"),
        cached: of("input_cached"),
        kept: of("cache_write_5m"),
        visible: of("output_visible"),
        thought: of("output_reasoning"),
    }
}

/// An amount in millionths of a millionth of a dollar, read digit by digit.
fn units(call: &Value) -> Option<i128> {
    let text = call["cost_usd"].as_str()?;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: i128 = format!("{part:0<12}").parse().expect("twelve decimals");
    Some(whole.parse::<i128>().expect("dollars") * 1_000_000_000_000 + part)
}

fn price(takes: &Takes, of: &[i64; 4]) -> i128 {
    let counts = [takes.read, takes.cached, takes.kept, takes.visible + takes.thought];
    counts.iter().zip(of).map(|(count, price)| i128::from(*count) * i128::from(*price)).sum()
}

#[test]
fn a_thousand_mixed_calls_are_counted_exactly() {
    let place = Place::new();
    let doubles: Vec<Provider> = PROVIDERS
        .iter()
        .map(|(of, ..)| {
            let double = Provider::start(TEXT, &script());
            double.key(&place, of, of, KEY);
            double
        })
        .collect();
    // All but these end a step: what is too long fails, and the others are made again.
    let again =
        script().iter().filter(|does| !matches!(does, Does::Streams | Does::AtOnce | Does::TooLong)).count();
    let items: Vec<usize> = (0..(CALLS - again) * PROVIDERS.len()).map(|at| at % PROVIDERS.len()).collect();
    let cases: String = PROVIDERS
        .iter()
        .enumerate()
        .map(|(at, (_, model, _))| {
            format!("          {at}: {{ ask: {{ ai: \"{}\", model: {model} }} }}\n", PROMPT.0)
        })
        .collect();
    let text = format!(
        "name: many\ninputs: {{ items: [integer] }}\nsteps:\n  all:\n    for_each: inputs.items\n    parallel: 8\n    \
         on_error: continue\n    steps:\n      one:\n        switch: item\n        cases:\n{cases}\noutput: \"{{{{ len(steps.all) }}}}\"\n"
    );
    let (file, inputs) = (place.file("many.yaml", &text), json!({ "items": items }).to_string());
    let inputs = place.file("inputs.json", &inputs);
    let answer = place.keyway.run(&["run", &file, "--allow-private", "--json", "--inputs", &inputs]);
    assert!(!answer.stdout.contains(KEY) && !answer.stderr.contains(KEY), "the key is told");
    let ended = answer.json();
    assert_eq!(ended["status"], json!("succeeded"), "{}", answer.stderr);
    let calls = ledger(&place, &ended);
    assert_eq!(calls.len(), CALLS * PROVIDERS.len());
    let mut checked = 0;
    for ((of, _, prices), double) in PROVIDERS.iter().zip(&doubles) {
        let asked = double.asked();
        assert_eq!(asked.len(), CALLS, "{of}");
        let rows: Vec<&Value> = calls.iter().filter(|call| call["provider"] == *of).collect();
        let class =
            |class: &str| rows.iter().filter(|call| call["class"] == class).copied().collect::<Vec<_>>();
        checked += finished(&asked, &class("ok"), prices.as_ref());
        cut(of, &asked, &class("cut"));
        let count = |wanted: &[Does]| asked.iter().filter(|asked| wanted.contains(&asked.does)).count();
        assert_eq!(class("rate_limited").len(), count(&[Does::TooMany(0)]), "{of}");
        assert_eq!(class("too_long").len(), count(&[Does::TooLong]), "{of}");
        let broken = class("broken").len() + class("overloaded").len();
        assert_eq!(
            broken,
            count(&[Does::Fails, Does::Page(502), Does::Page(200), Does::Errs(CUT[3].0)]),
            "{of}"
        );
        for refused in [class("rate_limited"), class("too_long")].concat() {
            assert_eq!(takes(refused), Takes::default(), "{of}: what was refused took nothing: {refused}");
        }
    }
    assert_eq!(checked, (CALLS - FAULTS.len()) * PROVIDERS.len(), "so many were finished");
    sums(&place, &calls);
}

/// The finished calls: as many of each kind of tokens as the double sent, at their price. They may have come in another
/// order than they were written down.
fn finished(asked: &[Asked], rows: &[&Value], prices: Option<&[i64; 4]>) -> usize {
    let answered = |asked: &&Asked| matches!(asked.does, Does::Streams | Does::AtOnce);
    let mut sent: Vec<_> = asked
        .iter()
        .filter(answered)
        .map(|asked| (asked.takes, prices.map(|prices| price(&asked.takes, prices))))
        .collect();
    let mut told: Vec<_> = rows.iter().map(|row| (takes(row), units(row))).collect();
    sent.sort();
    told.sort();
    assert_eq!(told, sent);
    assert!(rows.iter().all(|row| row["estimated"] == false));
    rows.len()
}

/// The calls that were cut: flagged, and within a tenth of what a vocabulary makes of what was said until then. Of Gemini
/// and Cohere no vocabulary is known: theirs are held to the same one, of which nobody knows how near it is to their own.
fn cut(of: &str, asked: &[Asked], rows: &[&Value]) {
    let mut wanted: Vec<i64> = asked
        .iter()
        .filter_map(|asked| match asked.does {
            Does::Cuts(bytes) => CUT.iter().find(|(cut, _)| *cut == bytes).map(|(_, tokens)| *tokens),
            _ => None,
        })
        .collect();
    let mut written: Vec<i64> = rows.iter().map(|row| takes(row).visible).collect();
    wanted.sort_unstable();
    written.sort_unstable();
    assert!(wanted.len() == 4 && rows.len() == 4, "{of}: {rows:?}");
    assert!(rows.iter().all(|row| row["estimated"] == true), "{of}: {rows:?}");
    let near = |told: i64, truth: i64| (told - truth).abs() * 10 <= truth;
    assert!(
        written.iter().zip(&wanted).all(|(told, truth)| near(*told, *truth)),
        "{of}: {written:?} {wanted:?}"
    );
    for row in rows {
        let read = takes(row);
        let told = read.read + read.cached + read.kept;
        // Anthropic says at the beginning what it has read, and seven or so stand around a question.
        assert!(of == "anthropic" || near(told, PROMPT.1 + 7), "{of}: {row}");
    }
}

/// What `keyway usage` adds up is the sum of the rows.
fn sums(place: &Place, calls: &[Value]) {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for call in calls {
        *sums.entry(call["provider"].as_str().unwrap_or_default()).or_default() += units(call).unwrap_or(0);
    }
    let usage = place.keyway.run(&["usage", "--by", "provider", "--json"]).json();
    for sum in usage.as_array().expect("a list") {
        let name = sum["provider"].as_str().unwrap_or_default();
        assert_eq!(sum["calls"], json!(CALLS), "{sum}");
        assert_eq!(units(sum).unwrap_or(0), sums[name], "{sum}");
    }
}

fn place(does: &[Does], more: &str) -> (Provider, Place, String) {
    let provider = Provider::start("Hello.", does);
    let place = Place::new();
    provider.key(&place, "openai", "mine", KEY);
    let text = format!(
        "name: hello\nsteps:\n  ask: {{ ai: Say hello, model: openai/gpt-5.4-mini{more} }}\noutput: \"{{{{ steps.ask.text }}}}\"\n"
    );
    let file = place.file("hello.yaml", &text);
    (provider, place, file)
}

fn run(place: &Place, file: &str) -> Value {
    place.keyway.run(&["run", file, "--allow-private", "--json"]).json()
}

#[test]
fn whatever_a_model_does_the_step_ends_in_a_class_and_the_ledger_is_right() {
    // What is done, the kind of failure or nothing where the next call helps, the class in the ledger, a word of the message.
    let cases = [
        (Does::Page(200), None, "broken", ""),
        (Does::Errs(3), None, "overloaded", ""),
        (Does::TooLong, Some("invalid"), "too_long", "longer than the model can read"),
        (Does::Refuses, Some("invalid"), "filtered", "the content is refused"),
    ];
    for (does, kind, class, word) in cases {
        let (provider, place, file) = place(&[does], "");
        let ended = run(&place, &file);
        let calls = ledger(&place, &ended);
        assert_eq!(calls[0]["class"], json!(class), "{does:?}: {calls:?}");
        match kind {
            None => {
                assert_eq!((&ended["status"], calls.len()), (&json!("succeeded"), 2), "{does:?}: {ended}")
            }
            Some(kind) => {
                let error = &ended["steps"]["ask"]["error"];
                assert_eq!(error["kind"], json!(kind), "{does:?}: {ended}");
                assert!(
                    error["message"].as_str().is_some_and(|text| text.contains(word)),
                    "{does:?}: {ended}"
                );
                assert_eq!(provider.asked().len(), 1, "{does:?}: it would be the same again");
            }
        }
    }
}

#[test]
fn a_model_that_calls_a_tool_that_nobody_offered_calls_nothing() {
    let (provider, place, file) = place(&[Does::Calls; 9], ", retry: 1");
    let ended = run(&place, &file);
    let calls = ledger(&place, &ended);
    assert!(
        calls.iter().all(|call| call["class"] == "ok" && call["estimated"] == false),
        "it was paid: {calls:?}"
    );
    assert_eq!(calls.len(), provider.asked().len());
    assert!(!ended.to_string().contains("burn_it_down"), "{ended}");
}

#[test]
fn an_answer_of_more_than_100_mb_is_given_up_and_counted() {
    let (provider, place, file) = place(&[Does::Floods; 9], ", retry: 1");
    let ended = run(&place, &file);
    assert_eq!(ended["status"], json!("failed"));
    let message = ended["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("100 MB") || message.contains("longer than"), "{message}");
    let calls = ledger(&place, &ended);
    assert_eq!(calls.len(), provider.asked().len());
    for call in &calls {
        assert_eq!(call["estimated"], json!(true), "what was said until then is paid for");
        assert!(takes(call).visible > 1_000_000, "{call}");
    }
}

#[test]
fn in_a_storm_of_429_from_all_nobody_is_called_before_its_time() {
    let wait = 2;
    let storm = vec![Does::TooMany(wait); 4];
    let doubles = [Provider::start("Hello.", &storm), Provider::start("Hello.", &storm)];
    let place = Place::new();
    doubles[0].key(&place, "openai", "a", KEY);
    doubles[1].key(&place, "openai", "b", KEY);
    let text = "name: storm\nsteps:\n  all:\n    for_each: [1, 2, 3, 4, 5, 6]\n    parallel: 6\n    on_error: continue\n    steps:\n      \
                ask: { ai: Say hello, model: openai/gpt-5.4-mini, retry: { attempts: 5, delay: 100ms } }\noutput: \"{{ len(steps.all) }}\"\n";
    let file = place.file("storm.yaml", text);
    let ended = run(&place, &file);
    assert_eq!(ended["status"], json!("succeeded"), "{ended}");
    for double in &doubles {
        let asked = double.asked();
        // Those that were under way when the first was refused have gone out before anybody knew.
        let known = asked.iter().position(|asked| asked.does == Does::Streams).unwrap_or(asked.len());
        let first = asked[0].when;
        let early = asked.iter().filter(|asked| {
            let after = asked.when.duration_since(first);
            after > Duration::from_millis(900) && after < Duration::from_secs(u64::from(wait))
        });
        assert_eq!(early.count(), 0, "nobody is called while it asks for time");
        assert!(known > 0, "the storm has begun");
    }
}

/// Waits until the one call of a run is under way.
fn under_way(does: Does) -> (Provider, Place, std::process::Child, String) {
    let (provider, place, file) = place(&[does; 9], "");
    let child = place.keyway.spawn(&["run", &file, "--allow-private", "--json"]);
    provider.until(1);
    let runs = place.keyway.run(&["runs", "--json"]).json();
    let run = runs[0]["run"].as_str().expect("it is under way").to_owned();
    (provider, place, child, run)
}

/// The calls of a run once they are settled.
fn settled(place: &Place, run: &str) -> Vec<Value> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let calls = place.shown(run)["calls"].as_array().cloned().unwrap_or_default();
        if !calls.is_empty() && calls.iter().all(|call| !call["class"].is_null() && call["class"] != "open") {
            return calls;
        }
        assert!(Instant::now() < end, "it is not settled: {calls:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_run_that_is_cancelled_while_a_model_answers_has_a_row_for_that_call() {
    let (_provider, place, child, run) = under_way(Does::Pauses);
    // Half of the answer is there.
    std::thread::sleep(Duration::from_millis(300));
    let cancelled = place.keyway.run(&["cancel", &run, "--allow-private"]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    tests::keyway::wait(child);
    let calls = settled(&place, &run);
    assert_eq!((calls.len(), &calls[0]["class"]), (1, &json!("cut")), "{calls:?}");
    assert_eq!(calls[0]["estimated"], json!(true), "{calls:?}");
    assert!(
        takes(&calls[0]).read > 0 && takes(&calls[0]).visible > 0,
        "what was said until then counts: {calls:?}"
    );
    assert!(units(&calls[0]) > Some(0), "{calls:?}");
}

#[test]
fn a_call_of_a_process_that_died_is_counted_as_lost_with_the_most_that_it_can_cost() {
    let (provider, place, mut child, run) = under_way(Does::Waits);
    child.kill().expect("it can be killed");
    child.wait().expect("it can be waited for");
    for _ in 0..3 {
        provider.go_on();
    }
    let resumed = place.keyway.run(&["resume", &run, "--allow-private", "--json"]);
    assert_eq!(resumed.json()["status"], json!("succeeded"), "{resumed:?}");
    let calls = settled(&place, &run);
    let classes: Vec<&str> = calls.iter().filter_map(|call| call["class"].as_str()).collect();
    assert_eq!(classes, ["lost", "ok"], "{calls:?}");
    assert_eq!(calls[0]["estimated"], json!(true), "{calls:?}");
    assert!(units(&calls[0]) > units(&calls[1]), "the most that it can cost: {calls:?}");
}
