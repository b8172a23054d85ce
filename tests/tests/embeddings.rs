//! The meaning of texts, from the binary: every wire that tells it, in the order of the texts; one row of the ledger for
//! each call; budgets as for answers; another key of the same model stands in, and never another model.

use serde_json::{Value, json};
use tests::models::{Does, Provider};
use tests::place::Place;

const KEY: &str = "sk-canary-0a1b2c3d4e5f60718293";

fn flow(model: &str, more: &str) -> String {
    format!(
        "name: index\ninputs: {{ texts: [string] }}\nsteps:\n  mean:\n    use: ai.embed\n    \
         with: {{ texts: \"{{{{ inputs.texts }}}}\", model: {model}{more} }}\n\
         output: \"{{{{ steps.mean.vectors | map(v => v[0]) }}}}\"\n"
    )
}

fn run(place: &Place, text: &str, texts: &[String]) -> Value {
    let file = place.file("index.yaml", text);
    let input = format!("texts={}", json!(texts));
    let answer = place.keyway.run(&["run", &file, "--allow-private", "--json", "--input", &input]);
    assert!(!answer.stdout.contains(KEY) && !answer.stderr.contains(KEY), "the key is told: {answer:?}");
    answer.json()
}

fn calls(place: &Place, ended: &Value) -> Vec<Value> {
    let shown = place.shown(ended["run"].as_str().unwrap_or_default());
    shown["calls"].as_array().cloned().unwrap_or_default()
}

fn texts(count: usize) -> Vec<String> {
    (1..=count).map(|at| "word ".repeat(at % 50 + 1)).collect()
}

fn lengths(texts: &[String]) -> Value {
    texts.iter().map(|text| text.len() as f64).collect()
}

#[test]
fn every_wire_tells_the_meaning_of_texts_and_every_call_has_a_row() {
    // How many texts a call takes is another number for each; a price in millionths of a dollar a token.
    let models = [
        ("openai", "text-embedding-3-small", 1, "0.02"),
        ("gemini", "gemini-embedding-001", 3, "0.15"),
        ("cohere", "embed-v4.0", 3, "0.12"),
        ("compatible", "compatible/m", 1, ""),
    ];
    let texts = texts(250);
    for (of, model, count, price) in models {
        let provider = Provider::start("", &[]);
        let place = Place::new();
        provider.key(&place, of, "mine", KEY);
        let ended = run(&place, &flow(model, ""), &texts);
        assert_eq!(ended["output"], lengths(&texts), "{of}: {ended}");
        let (asked, calls) = (provider.asked(), calls(&place, &ended));
        assert_eq!((asked.len(), calls.len()), (count, count), "{of}");
        for (asked, call) in asked.iter().zip(&calls) {
            assert_eq!(call["tokens"]["input_uncached"], json!(asked.takes.read), "{of}: {call}");
            assert_eq!((&call["class"], &call["estimated"]), (&json!("ok"), &json!(false)), "{of}: {call}");
            let cost = price.parse::<f64>().ok().map(|price| price * asked.takes.read as f64);
            let told = call["cost_usd"].as_str().and_then(|text| text.parse::<f64>().ok());
            match (cost, told) {
                (Some(cost), Some(told)) => assert!((told * 1e6 - cost).abs() < 1e-6, "{of}: {call}"),
                (cost, told) => assert_eq!(cost, told, "a price that nobody knows is not zero: {call}"),
            }
        }
    }
}

#[test]
fn one_text_is_as_good_as_a_list_of_one() {
    let provider = Provider::start("", &[]);
    let place = Place::new();
    provider.key(&place, "openai", "mine", KEY);
    let text = "name: one\nsteps:\n  mean: { use: ai.embed, with: { texts: Hello there, model: text-embedding-3-small, purpose: query, dims: 2 } }\n\
                output: \"{{ steps.mean.vectors }}\"\n";
    let ended = run_plain(&place, text);
    assert_eq!(ended["output"], json!([[11.0, 0.1]]), "{ended}");
    assert_eq!(provider.asked()[0].question["dimensions"], json!(2));
}

fn run_plain(place: &Place, text: &str) -> Value {
    let file = place.file("one.yaml", text);
    place.keyway.run(&["run", &file, "--allow-private", "--json"]).json()
}

#[test]
fn what_passes_is_waited_out_and_another_key_stands_in() {
    let (broken, right) =
        (Provider::start("", &[Does::TooMany(3600); 9]), Provider::start("", &[Does::Fails]));
    let place = Place::new();
    broken.key(&place, "openai", "a-first", KEY);
    right.key(&place, "openai", "b-second", KEY);
    let texts = texts(3);
    let ended = run(&place, &flow("openai/text-embedding-3-small", ""), &texts);
    assert_eq!(ended["output"], lengths(&texts), "{ended}");
    let classes: Vec<Value> = calls(&place, &ended).iter().map(|call| call["class"].clone()).collect();
    assert_eq!(classes, ["rate_limited", "broken", "ok"]);
    assert_eq!((broken.asked().len(), right.asked().len()), (1, 2));
}

#[test]
fn budgets_hold_for_it_and_nothing_is_sent_that_could_pass_one() {
    let provider = Provider::start("", &[]);
    let place = Place::new();
    provider.key(&place, "openai", "mine", KEY);
    let dear = run(&place, &flow("text-embedding-3-small", ", max_cost: 0.0000001"), &texts(40));
    assert_eq!(dear["steps"]["mean"]["error"]["kind"], json!("budget"), "{dear}");
    assert_eq!(provider.asked().len(), 0);
    assert_eq!(
        run(&place, &flow("text-embedding-3-small", ", max_cost: 1"), &texts(40))["status"],
        json!("succeeded")
    );
    assert_eq!(place.keyway.run(&["budget", "set", "0.00001"]).code, Some(0));
    let over = run(&place, &flow("text-embedding-3-small", ""), &texts(40));
    assert_eq!(over["steps"]["mean"]["error"]["kind"], json!("budget"), "{over}");
    assert_eq!(provider.asked().len(), 1);
}

#[test]
fn who_cannot_tell_it_is_not_asked() {
    let provider = Provider::start("", &[]);
    let place = Place::new();
    provider.key(&place, "openai", "mine", KEY);
    provider.key(&place, "anthropic", "other", KEY);
    let ended = run(&place, &flow("gpt-5.4-mini", ""), &texts(1));
    assert!(ended.to_string().contains("`gpt-5.4-mini` does not tell the meaning of texts"), "{ended}");
    let ended = run(&place, &flow("anthropic/claude-haiku-5-5", ""), &texts(1));
    assert!(ended.to_string().contains("does not tell the meaning of texts"), "{ended}");
    let ended = run(&place, &flow("text-embedding-3-small", ""), &["x".repeat(100_000)]);
    assert!(
        ended.to_string().contains("holds 8191 tokens") || ended.to_string().contains("holds 8192"),
        "{ended}"
    );
    let ended = run(&place, &flow("text-embedding-3-small", ""), &["a".into(), " ".into()]);
    assert!(ended.to_string().contains("an empty text, `texts[1]`"), "{ended}");
    let nothing = run(&place, &flow("text-embedding-3-small", ""), &[]);
    assert_eq!(nothing["output"], json!([]), "{nothing}");
    assert_eq!(provider.asked().len(), 0);
    let without = place.check(&place.file("w.yaml", "name: w\nsteps:\n  mean: { use: ai.embed, with: { texts: a } }\noutput: \"{{ steps.mean.vectors }}\"\n"));
    assert!(without.stdout.contains("model"), "a model must be named: {without:?}");
}
