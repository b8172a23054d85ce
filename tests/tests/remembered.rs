//! What providers are asked to remember, from the binary: a step that comes again within minutes and each turn of a model with tools are
//! marked where the provider wants to be asked, what that cost is counted, and nobody else gets a mark.

use serde_json::Value;
use tests::models::{Does, Provider};
use tests::place::Place;

const KEY: &str = "sk-canary-5e6f7a8b9c0d1e2f3a4b";

/// Runs a step with a long system so many times; gives what was asked.
fn asked(of: &str, model: &str, words: usize, times: usize) -> Vec<Value> {
    let provider = Provider::start("Yes.", &[]);
    let place = Place::new();
    provider.key(&place, of, "work", KEY);
    let flow = format!(
        "name: asks\ninputs: {{ q: string }}\nsteps:\n  say:\n    ai: \"{{{{ inputs.q }}}}\"\n    system: \"{}\"\n    model: {of}/{model}\n",
        "word ".repeat(words)
    );
    let file = place.file("asks.yaml", &flow);
    for at in 0..times {
        let input = format!("q=Is it {at}?");
        let ran = place.keyway.run(&["run", &file, "--allow-private", "--json", "--input", &input]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    provider.asked().into_iter().map(|asked| asked.question).collect()
}

fn marks(question: &Value) -> usize {
    question.to_string().matches("cache_control").count()
}

#[test]
fn a_step_that_comes_again_is_remembered_from_the_second_time_on() {
    let asked = asked("anthropic", "claude-sonnet-5", 1200, 3);
    assert_eq!(asked.iter().map(marks).collect::<Vec<_>>(), [0, 1, 1]);
    assert_eq!(asked[1]["system"][0]["cache_control"]["type"], "ephemeral", "{}", asked[1]);
}

#[test]
fn what_is_too_short_or_whom_nobody_has_to_ask_is_not_marked() {
    for (of, model, words) in [
        ("anthropic", "claude-sonnet-5", 300),
        ("openai", "gpt-5.4-mini", 1200),
        ("gemini", "gemini-2.5-flash", 1200),
    ] {
        let asked = asked(of, model, words, 3);
        assert_eq!(asked.iter().map(marks).sum::<usize>(), 0, "{of}");
        assert_eq!(asked.len(), 3, "{of}");
    }
}

#[test]
fn each_turn_of_a_model_with_tools_is_marked_at_its_end() {
    // The double calls a tool that nobody offered, which is told to it; then it answers.
    let provider = Provider::start("Yes.", &[Does::Calls, Does::Streams]);
    let place = Place::new();
    provider.key(&place, "anthropic", "work", KEY);
    let flow = format!(
        "name: helps\nsteps:\n  help:\n    ai: \"{}\"\n    tools: [file.read]\n    model: anthropic/claude-sonnet-5\n",
        "word ".repeat(1200)
    );
    let file = place.file("helps.yaml", &flow);
    let ran = place.keyway.run(&["run", &file, "--allow-private", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let asked: Vec<Value> = provider.asked().into_iter().map(|asked| asked.question).collect();
    assert_eq!(asked.iter().map(marks).collect::<Vec<_>>(), [1, 1]);
    for question in &asked {
        let last = question["messages"].as_array().and_then(|messages| messages.last().cloned());
        let blocks = last.as_ref().and_then(|last| last["content"].as_array().cloned()).unwrap_or_default();
        let block = blocks.last().cloned().unwrap_or_default();
        assert_eq!(block["cache_control"]["ttl"], "5m", "{question}");
    }
}
