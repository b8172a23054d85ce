//! What caching and batches save, exactly, from the prices that the product ships: no quality is touched by them.

use ai::price::Money;
use ai::provider::{Agreed, PROVIDERS};
use ai::usage::Usage;

/// A loop of so many calls that begin alike, what they share, and what is new in each and written.
const CALLS: u64 = 20;
const SHARED: u64 = 4_000;
const FRESH: u64 = 500;
const WRITTEN: u64 = 300;

/// What a model's cache saves in such a loop.
#[derive(serde::Serialize)]
pub struct Lever {
    provider: String,
    model: String,
    plain_usd: String,
    cached_usd: String,
    saved: f64,
    with_batch: f64,
}

/// Of each model whose prices are known and that has a cache.
pub fn all() -> Vec<Lever> {
    let day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let agreed = Agreed::default();
    let mut levers = vec![];
    for provider in PROVIDERS.iter() {
        for model in provider.models.keys() {
            let Some(price) = provider.price(model, day, &agreed).known() else { continue };
            if price.cached.is_none() {
                continue;
            }
            let cost = |usage: Usage| price.cost(&usage).known().map(|cost| cost.total());
            let plain =
                cost(Usage { input_uncached: SHARED + FRESH, output_visible: WRITTEN, ..Usage::default() });
            let first = cost(Usage {
                input_uncached: FRESH,
                cache_write_5m: SHARED,
                output_visible: WRITTEN,
                ..Usage::default()
            });
            let next = cost(Usage {
                input_uncached: FRESH,
                input_cached: SHARED,
                output_visible: WRITTEN,
                ..Usage::default()
            });
            let (Some(plain), Some(first), Some(next)) = (plain, first, next) else { continue };
            let sum = |money: Money, times: u64| (0..times).map(|_| money).sum::<Money>();
            let (plain, cached) = (sum(plain, CALLS), first + sum(next, CALLS - 1));
            let saved = 1.0 - cached.units() as f64 / plain.units() as f64;
            levers.push(Lever {
                provider: provider.name.clone(),
                model: model.clone(),
                plain_usd: plain.to_string(),
                cached_usd: cached.to_string(),
                saved,
                with_batch: 1.0 - (1.0 - saved) / 2.0,
            });
        }
    }
    levers
}

/// It as a table.
pub fn text(levers: &[Lever]) -> String {
    let mut text = format!(
        "## Caching and batches, on top\n\nExact, from the prices of this day: {CALLS} calls that share {SHARED} tokens, each with {FRESH} \
         fresh ones and {WRITTEN} written. The first call writes the cache, the others read it. A batch at half the price is what \
         OpenAI, Anthropic and Gemini sell; its column counts it on top of the cache, and Keyway does not send batches.\n\n\
         | Model | Plain, USD | With the cache, USD | Saved | In a batch as well |\n| --- | ---: | ---: | ---: | ---: |\n"
    );
    for lever in levers {
        text += &format!(
            "| {}/{} | {} | {} | {:.1} % | {:.1} % |\n",
            lever.provider,
            lever.model,
            lever.plain_usd,
            lever.cached_usd,
            lever.saved * 100.0,
            lever.with_batch * 100.0
        );
    }
    text
}
