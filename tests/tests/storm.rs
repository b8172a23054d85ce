//! All providers ask for time, for long: no model is asked again before the time that was asked for, few calls are made meanwhile, and all steps
//! go on once one answers. `KEYWAY_STORM=600 cargo test -p tests --test storm` makes it ten minutes of half a minute each instead of
//! nine seconds of three.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tests::models::{Asked, Does, Provider};
use tests::place::Place;

const KEY: &str = "sk-canary-0c1d2e3f4a5b6c7d8e9f";

/// How many steps ask at the same time.
const STEPS: usize = 6;

/// One of each wire.
const PROVIDERS: [&str; 4] = ["anthropic", "cohere", "gemini", "openai"];

/// What was under way when the first was refused arrives within this: nobody knew yet.
const UNDER_WAY: Duration = Duration::from_millis(900);

/// How long the storm is, and how long each refusal asks to wait, in seconds.
fn lengths() -> (u32, u32) {
    let length = std::env::var("KEYWAY_STORM").ok().and_then(|length| length.parse().ok()).unwrap_or(9);
    (length, if length > 60 { 30 } else { 3 })
}

/// The calls to each provider in a storm in which every refusal says this many seconds.
fn storm(says: u32) -> Vec<Vec<Asked>> {
    let (length, _) = lengths();
    let place = Place::new();
    let doubles = PROVIDERS.map(|_| Provider::start("Hello.", &[]));
    for (of, double) in PROVIDERS.iter().zip(&doubles) {
        double.key(&place, of, of, KEY);
        double.storm(Duration::from_secs(length.into()), Does::TooMany(says));
    }
    let text = format!(
        "name: storm\nsteps:\n  all:\n    for_each: {:?}\n    parallel: {STEPS}\n    steps:\n      \
         ask: {{ ai: Say hello, quality: low, retry: {{ attempts: 1000, delay: 100ms, max_delay: 1s }} }}\n\
         output: \"{{{{ len(steps.all) }}}}\"\n",
        (0..STEPS).collect::<Vec<_>>()
    );
    let file = place.file("storm.yaml", &text);
    let ran = place.keyway.spawn(&["run", &file, "--allow-private", "--json"]);
    let ran = ran.wait_with_output().expect("it ends");
    let ended: Value = serde_json::from_slice(&ran.stdout).expect("what it tells is JSON");
    assert_eq!((&ended["status"], &ended["output"]), (&json!("succeeded"), &json!(STEPS)), "{ended}");
    doubles.iter().map(Provider::asked).collect()
}

/// The calls of each model: that one is asked for too often says nothing of another.
fn by_model(asked: &[Asked]) -> BTreeMap<String, Vec<Asked>> {
    let mut models: BTreeMap<String, Vec<Asked>> = BTreeMap::new();
    for one in asked {
        let name = one.question["model"].as_str().unwrap_or(&one.path).to_owned();
        models.entry(name).or_default().push(one.clone());
    }
    models
}

/// How many calls of a model came before a refusal's time was over, by those who could know of it.
fn early(asked: &[Asked], wait: u32) -> usize {
    let wait = Duration::from_secs(wait.into());
    let refused = |one: &&Asked| matches!(one.does, Does::TooMany(_));
    let too_soon = |one: &&Asked| {
        asked.iter().filter(refused).any(|before| {
            let after = one.when.saturating_duration_since(before.when);
            after > UNDER_WAY && after < wait
        })
    };
    asked.iter().filter(too_soon).count()
}

#[test]
fn nobody_is_called_before_its_time() {
    let (length, wait) = lengths();
    let calls = storm(wait);
    let rounds = usize::try_from(length / wait).expect("it is small") + 1;
    for (of, asked) in PROVIDERS.iter().zip(&calls) {
        assert!(!asked.is_empty(), "{of} was never asked");
        for (model, asked) in by_model(asked) {
            assert_eq!(early(&asked, wait), 0, "{of} {model}");
            let refused = asked.iter().filter(|one| one.does == Does::TooMany(wait)).count();
            // All at once before anybody knows, and then one that tries for each time that was asked for.
            assert!(refused <= STEPS + 2 * rounds, "{of} {model} was called {refused} times in {length} s");
        }
    }
    let answered = calls.iter().flatten().filter(|one| one.does == Does::Streams).count();
    assert_eq!(answered, STEPS, "each step is answered once");
}

#[test]
fn were_the_time_not_kept_it_would_be_seen() {
    let (_, wait) = lengths();
    // They do not say how long, and so they are asked again as soon as we please.
    let calls = storm(0);
    let models = calls.iter().flat_map(|asked| by_model(asked).into_values());
    let early: usize = models.map(|asked| early(&asked, wait)).sum();
    assert!(early > 0, "{:?}", calls.iter().map(Vec::len).collect::<Vec<_>>());
}
