//! What a call took, and what it cost: each wire's trap by name, and what holds for all of them.

#![allow(clippy::unwrap_used)]

mod exchanges;

use ai::chat::{Keep, Question};
use ai::price::{Bounds, Money, Price, Priced};
use ai::provider::{PROVIDERS, find};
use ai::refusal::Reply;
use ai::usage::Usage;
use exchanges::{Dice, now};
use serde_json::{Value, json};

/// What a provider's answer with this usage took.
fn took(provider: &str, body: Value) -> Usage {
    let body = body.to_string();
    let reply = Reply { status: 200, headers: &[], body: body.as_bytes() };
    find(provider).unwrap().answer(&Question::new("m", "Hi"), &reply, now()).unwrap().usage
}

fn openai(provider: &str, usage: Value) -> Usage {
    let choice = json!({ "message": { "content": "x" }, "finish_reason": "stop" });
    took(provider, json!({ "choices": [choice], "usage": usage }))
}

fn anthropic(usage: Value) -> Usage {
    took("anthropic", json!({ "content": [], "stop_reason": "end_turn", "usage": usage }))
}

fn gemini(usage: Value) -> Usage {
    let candidate = json!({ "content": { "parts": [] }, "finishReason": "STOP" });
    took("gemini", json!({ "candidates": [candidate], "usageMetadata": usage }))
}

fn cohere(usage: Value) -> Usage {
    took("cohere", json!({ "message": { "content": [] }, "finish_reason": "COMPLETE", "usage": usage }))
}

#[test]
fn openai_counts_what_was_cached_and_written_within_the_prompt() {
    let details = json!({ "cached_tokens": 600, "cache_write_tokens": 100 });
    let usage = json!({ "prompt_tokens": 1000, "completion_tokens": 5, "prompt_tokens_details": details });
    for provider in ["openai", "azure", "compatible"] {
        let usage = openai(provider, usage.clone());
        assert_eq!((usage.input_uncached, usage.input_cached, usage.cache_write_5m), (300, 600, 100));
        assert_eq!(usage.input(), 1000);
    }
}

#[test]
fn openai_counts_reasoning_within_the_completion() {
    let details = json!({ "reasoning_tokens": 70 });
    let usage = json!({ "prompt_tokens": 1, "completion_tokens": 100, "completion_tokens_details": details });
    let usage = openai("openai", usage);
    assert_eq!((usage.output_visible, usage.output_reasoning, usage.output()), (30, 70, 100));
}

#[test]
fn deepseek_splits_the_prompt_into_hit_and_miss() {
    let usage = json!({
        "prompt_tokens": 100, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36, "completion_tokens": 5,
        // Another's word for it does not count a second time.
        "prompt_tokens_details": { "cached_tokens": 64 },
    });
    let usage = openai("deepseek", usage);
    assert_eq!((usage.input_uncached, usage.input_cached, usage.input()), (36, 64, 100));
}

#[test]
fn anthropic_leaves_the_cache_out_of_its_input() {
    let usage = anthropic(json!({
        "input_tokens": 10, "cache_read_input_tokens": 500, "cache_creation_input_tokens": 70, "output_tokens": 5,
        "cache_creation": { "ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 20 },
    }));
    assert_eq!((usage.input_uncached, usage.input_cached), (10, 500));
    assert_eq!((usage.cache_write_5m, usage.cache_write_1h, usage.input()), (50, 20, 580));
    let whole =
        anthropic(json!({ "input_tokens": 10, "cache_creation_input_tokens": 70, "output_tokens": 5 }));
    assert_eq!(
        (whole.cache_write_5m, whole.cache_write_1h),
        (70, 0),
        "without the parts it is the short time"
    );
}

#[test]
fn gemini_leaves_thoughts_out_of_its_candidates_and_has_the_cache_in_its_prompt() {
    let usage = gemini(json!({
        "promptTokenCount": 1000, "cachedContentTokenCount": 800, "toolUsePromptTokenCount": 50,
        "candidatesTokenCount": 20, "thoughtsTokenCount": 300, "totalTokenCount": 1370,
    }));
    assert_eq!((usage.input_uncached, usage.input_cached), (250, 800));
    assert_eq!((usage.output_visible, usage.output_reasoning), (20, 300));
    assert_eq!(usage.input() + usage.output(), 1370);
}

#[test]
fn cohere_bills_other_tokens_than_it_reads() {
    let usage = cohere(json!({
        "billed_units": { "input_tokens": 12.0, "output_tokens": 3.0 },
        "tokens": { "input_tokens": 512, "output_tokens": 9 }, "cached_tokens": 4,
    }));
    assert_eq!((usage.input_uncached, usage.input_cached, usage.output_visible), (8, 4, 3));
}

#[test]
fn what_is_no_count_is_estimated_and_flagged() {
    for wrong in
        [json!(-5), json!("5"), json!(1e300), json!(null), json!([]), json!(9_000_000_000_000_000_000_u64)]
    {
        let usage = openai("openai", json!({ "prompt_tokens": wrong, "completion_tokens": 5 }));
        assert!(usage.estimated && usage.input() < 100 && usage.output() < 100, "{wrong}: {usage:?}");
        assert!(anthropic(json!({ "input_tokens": wrong, "output_tokens": 5 })).estimated, "{wrong}");
        assert!(gemini(json!({ "promptTokenCount": wrong })).estimated, "{wrong}");
        assert!(cohere(json!({ "billed_units": { "input_tokens": wrong } })).estimated, "{wrong}");
    }
    assert!(openai("openai", Value::Null).estimated);
}

#[test]
fn a_half_that_should_be_something_and_is_told_as_nothing_is_estimated() {
    let usage = openai("openai", json!({ "prompt_tokens": 0, "completion_tokens": 0 }));
    assert!(usage.estimated && usage.input() > 0 && usage.output() > 0);
    let usage = openai("openai", json!({ "prompt_tokens": 7, "completion_tokens": 0 }));
    assert!(usage.estimated && usage.input() == 7 && usage.output() > 0);
    let usage = gemini(json!({ "promptTokenCount": 7 }));
    assert!(!usage.estimated && usage.output() == 0, "nothing was written");
}

#[test]
fn parts_that_pass_their_whole_count_and_are_flagged() {
    let details = json!({ "cached_tokens": 90, "cache_write_tokens": 20 });
    let usage = json!({
        "prompt_tokens": 100, "prompt_tokens_details": details,
        "completion_tokens": 5, "completion_tokens_details": { "reasoning_tokens": 8 },
    });
    let usage = openai("openai", usage);
    assert!(usage.estimated);
    assert_eq!((usage.input(), usage.output()), (110, 8));
}

/// Counts of all sizes, the odd ones included.
fn some_count(dice: &mut Dice) -> Value {
    match dice.roll(8) {
        0 => json!(0),
        1 => json!(-(dice.roll(1000) as i64)),
        2 => json!(dice.roll(1000) as f64 + 0.5),
        3 => json!(dice.roll(usize::MAX)),
        4 => json!(null),
        _ => json!(dice.roll(200_000)),
    }
}

#[test]
fn usage_is_never_less_than_what_is_named_and_its_parts_make_the_whole() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..2_000 {
        let mut count = || some_count(&mut dice);
        let (whole, cached, written, output, reasoning) = (count(), count(), count(), count(), count());
        let openai = openai(
            "openai",
            json!({
                "prompt_tokens": whole, "completion_tokens": output,
                "prompt_tokens_details": { "cached_tokens": cached, "cache_write_tokens": written },
                "completion_tokens_details": { "reasoning_tokens": reasoning },
            }),
        );
        let anthropic = anthropic(json!({
            "input_tokens": whole, "cache_read_input_tokens": cached, "cache_creation_input_tokens": written,
            "cache_creation": { "ephemeral_1h_input_tokens": count() },
            "output_tokens": output, "output_tokens_details": { "thinking_tokens": reasoning },
        }));
        let gemini = gemini(json!({
            "promptTokenCount": whole, "cachedContentTokenCount": cached, "toolUsePromptTokenCount": written,
            "candidatesTokenCount": output, "thoughtsTokenCount": reasoning,
        }));
        let cohere = cohere(
            json!({ "billed_units": { "input_tokens": whole, "output_tokens": output }, "cached_tokens": cached }),
        );
        for usage in [openai, anthropic, gemini, cohere] {
            check(&usage, &mut dice);
        }
        let believed = |value: &Value| value.as_u64().filter(|count| *count < 1_000_000_000_000);
        if let (Some(whole), Some(_), false) = (believed(&whole), believed(&output), openai.estimated) {
            assert_eq!(openai.input(), whole, "the parts make the whole");
        }
        if let (Some(whole), Some(_)) = (believed(&whole), believed(&output)) {
            assert!(openai.input() >= whole && anthropic.input() >= whole && gemini.input() >= whole);
        }
    }
}

/// What holds for every usage at every price: the parts of a cost make its sum, none is negative, and nothing passes
/// the most.
fn check(usage: &Usage, dice: &mut Dice) {
    let provider = &PROVIDERS[dice.roll(PROVIDERS.len())];
    let prices: Vec<&Price> =
        provider.models.values().flat_map(|model| &model.prices).map(|dated| &dated.usd).collect();
    let Some(price) = prices.get(dice.roll(prices.len())) else { return };
    let bounds = Bounds { input: usage.input(), output: usage.output(), keep: Some(Keep::Hour) };
    let Priced::Known(cost) = price.cost(usage) else {
        assert!(usage.cache_write_1h > 0, "only keeping for an hour has no price with some: {usage:?}");
        return;
    };
    let parts = [cost.input, cost.cached, cost.written, cost.output, cost.reasoning];
    assert!(parts.iter().all(|part| *part >= Money::ZERO));
    assert_eq!(parts.into_iter().sum::<Money>(), cost.total());
    if let Priced::Known(most) = price.most(&bounds) {
        assert!(cost.total() <= most, "{} > {most}: {usage:?} {price:?}", cost.total());
    }
    let shorter = Bounds { keep: None, ..bounds };
    if let (0, Priced::Known(most)) = (usage.cache_write_1h, price.most(&shorter)) {
        assert!(cost.total() <= most);
    }
}
