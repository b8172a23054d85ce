//! What caching and batches save, exactly, from the prices that the product ships: no quality is touched by them.

use ai::price::{Money, Price};
use ai::provider::{Agreed, PROVIDERS, find};
use ai::usage::Usage;

/// A loop of so many calls that begin alike, what they share, and what is new in each and written.
const CALLS: u64 = 20;
const SHARED: u64 = 4_000;
const FRESH: u64 = 500;
const WRITTEN: u64 = 300;

/// What a model's cache and its batches save in such a loop.
#[derive(serde::Serialize)]
pub struct Lever {
    provider: String,
    model: String,
    plain_usd: String,
    cached_usd: String,
    saved_by_cache: f64,
    /// Nothing where the provider sells no batches.
    batch_usd: Option<String>,
    saved_by_batch: Option<f64>,
    both_usd: Option<String>,
    saved_by_both: Option<f64>,
}

/// Of each model whose prices are known and that has a cache.
pub fn all() -> Vec<Lever> {
    let day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let agreed = Agreed::default();
    let mut levers = vec![];
    for provider in PROVIDERS.iter() {
        let in_batch = provider.batch_prices(day, &agreed);
        for model in provider.models.keys() {
            let Some(price) = provider.price(model, day, &agreed).known() else { continue };
            if price.cached.is_none() {
                continue;
            }
            let (Some(plain), Some(cached)) = (plain(price), cached(price)) else { continue };
            let saved = |cost: Money| 1.0 - cost.units() as f64 / plain.units() as f64;
            let batch = in_batch.get(model).and_then(self::plain);
            let both = in_batch.get(model).and_then(self::cached);
            levers.push(Lever {
                provider: provider.name.clone(),
                model: model.clone(),
                plain_usd: plain.to_string(),
                cached_usd: cached.to_string(),
                saved_by_cache: saved(cached),
                batch_usd: batch.map(|cost| cost.to_string()),
                saved_by_batch: batch.map(saved),
                both_usd: both.map(|cost| cost.to_string()),
                saved_by_both: both.map(saved),
            });
        }
    }
    levers
}

/// What the loop costs where nothing is read from a cache.
fn plain(price: &Price) -> Option<Money> {
    let usage = Usage { input_uncached: SHARED + FRESH, output_visible: WRITTEN, ..Usage::default() };
    Some(times(cost(price, &usage)?, CALLS))
}

/// What it costs where the first call writes the cache and the others read it.
fn cached(price: &Price) -> Option<Money> {
    let fresh = Usage { input_uncached: FRESH, output_visible: WRITTEN, ..Usage::default() };
    let first = cost(price, &Usage { cache_write_5m: SHARED, ..fresh })?;
    let next = cost(price, &Usage { input_cached: SHARED, ..fresh })?;
    Some(first + times(next, CALLS - 1))
}

fn cost(price: &Price, usage: &Usage) -> Option<Money> {
    price.cost(usage).known().map(|cost| cost.total())
}

fn times(money: Money, times: u64) -> Money {
    (0..times).map(|_| money).sum()
}

/// True if each of these models is of a provider that sells batches for half the price.
pub fn is_sold_in_batches(models: &[String]) -> bool {
    let provider = |model: &String| match model.split('-').next() {
        Some("gpt") => find("openai"),
        Some("claude") => find("anthropic"),
        Some("gemini") => find("gemini"),
        Some(_) | None => None,
    };
    models.iter().all(|model| provider(model).is_some_and(|provider| provider.batch.is_some()))
}

/// It as a table.
pub fn text(levers: &[Lever]) -> String {
    let mut text = format!(
        "## Caching and batches, on top\n\nExact, from the prices of this day: {CALLS} calls that share {SHARED} tokens, each with {FRESH} \
         fresh ones and {WRITTEN} written. With the cache the first call writes it and the others read it; in a batch each call costs \
         what the provider takes for it there. Whether calls of one batch find what another of them wrote is not certain: the last \
         column is what both give where they do.\n\n\
         | Model | Plain, USD | With the cache, USD | Saved | In a batch, USD | Saved | Both, USD | Saved |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    );
    let percent =
        |part: Option<f64>| part.map_or_else(|| "–".into(), |part| format!("{:.1} %", part * 100.0));
    let usd = |cost: &Option<String>| cost.clone().unwrap_or_else(|| "–".into());
    for lever in levers {
        text += &format!(
            "| {}/{} | {} | {} | {} | {} | {} | {} | {} |\n",
            lever.provider,
            lever.model,
            lever.plain_usd,
            lever.cached_usd,
            percent(Some(lever.saved_by_cache)),
            usd(&lever.batch_usd),
            percent(lever.saved_by_batch),
            usd(&lever.both_usd),
            percent(lever.saved_by_both),
        );
    }
    text
}
