//! What tokens cost in a batch: half of what they cost at once, in exact decimals.

use serde::Deserialize;

use super::{Price, Rate, Tier};

/// What is read from the cache in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cached {
    /// It costs half as well.
    Half,
    /// It costs what it costs at once.
    Full,
}

impl Price {
    /// What the same costs in a batch; nothing where half of a rate is no whole number of what money is counted in.
    pub fn in_batch(&self, cached: Cached) -> Option<Price> {
        let from_cache = |rate: Option<Rate>, input: Rate| match cached {
            Cached::Half => maybe(rate),
            // What is not cheaper from the cache is as dear as what is read anew, which costs half.
            Cached::Full => Some(Some(rate.filter(|rate| *rate < input).unwrap_or(half(input)?))),
        };
        let tier = |tier: &Tier| {
            Some(Tier {
                tokens: tier.tokens,
                input: half(tier.input)?,
                cached: from_cache(tier.cached, tier.input)?,
                write_5m: maybe(tier.write_5m)?,
                write_1h: maybe(tier.write_1h)?,
                output: maybe(tier.output)?,
                reasoning: maybe(tier.reasoning)?,
            })
        };
        Some(Price {
            input: half(self.input)?,
            cached: from_cache(self.cached, self.input)?,
            write_5m: maybe(self.write_5m)?,
            write_1h: maybe(self.write_1h)?,
            output: maybe(self.output)?,
            reasoning: maybe(self.reasoning)?,
            above: self.above.iter().map(tier).collect::<Option<_>>()?,
        })
    }
}

fn half(Rate(units): Rate) -> Option<Rate> {
    (units % 2 == 0).then_some(Rate(units / 2))
}

fn maybe(rate: Option<Rate>) -> Option<Option<Rate>> {
    match rate {
        Some(rate) => half(rate).map(Some),
        None => Some(None),
    }
}
