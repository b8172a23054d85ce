//! What a call took, in one form for all providers. Each wire says how its own counts become this one; the traps
//! (which count includes which) are named there and tested by name in `tests/usage.rs`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A count beyond this is not believed.
const MOST: u64 = 1_000_000_000_000;

/// Tokens by kind. The kinds do not overlap: their sum is the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// Read anew.
    pub input_uncached: u64,
    /// Read from the provider's cache.
    pub input_cached: u64,
    /// Read anew and kept for five minutes, or for as long as the provider pleases.
    pub cache_write_5m: u64,
    /// Read anew and kept for an hour.
    pub cache_write_1h: u64,
    /// Written for the reader.
    pub output_visible: u64,
    /// Written in thinking.
    pub output_reasoning: u64,
    /// True if the provider did not say, or contradicted itself, and (part of) it was estimated.
    pub estimated: bool,
}

impl Usage {
    /// All that was read.
    pub fn input(&self) -> u64 {
        self.input_uncached + self.input_cached + self.cache_write_5m + self.cache_write_1h
    }

    /// All that was written.
    pub fn output(&self) -> u64 {
        self.output_visible + self.output_reasoning
    }

    /// What both took together.
    pub fn and(&self, other: &Usage) -> Usage {
        Usage {
            input_uncached: self.input_uncached + other.input_uncached,
            input_cached: self.input_cached + other.input_cached,
            cache_write_5m: self.cache_write_5m + other.cache_write_5m,
            cache_write_1h: self.cache_write_1h + other.cache_write_1h,
            output_visible: self.output_visible + other.output_visible,
            output_reasoning: self.output_reasoning + other.output_reasoning,
            estimated: self.estimated || other.estimated,
        }
    }

    /// Its kinds in the order of the ledger.
    pub(crate) fn tokens(&self) -> [i64; 6] {
        [
            self.input_uncached,
            self.input_cached,
            self.cache_write_5m,
            self.cache_write_1h,
            self.output_visible,
            self.output_reasoning,
        ]
        .map(|tokens| i64::try_from(tokens).unwrap_or(i64::MAX))
    }

    /// What was estimated, where the provider said nothing.
    pub fn guess(input: u64, output: u64) -> Usage {
        Usage { input_uncached: input, output_visible: output, estimated: true, ..Usage::default() }
    }

    /// Splits a whole that includes its parts. Where the parts are more than the whole, they count, and the usage is
    /// estimated: what a provider bills is never less than what it names.
    pub(crate) fn split_input(&mut self, whole: u64, cached: u64, written: u64) {
        self.estimated |= cached + written > whole;
        self.input_uncached = whole.saturating_sub(cached + written);
        (self.input_cached, self.cache_write_5m) = (cached, written);
    }

    /// As `split_input`, for what was written.
    pub(crate) fn split_output(&mut self, whole: u64, reasoning: u64) {
        self.estimated |= reasoning > whole;
        self.output_visible = whole.saturating_sub(reasoning);
        self.output_reasoning = reasoning;
    }
}

/// A count at a place as in `/prompt_tokens_details/cached_tokens`. What is no count that can be believed is none.
pub(crate) fn count(from: &Value, place: &str) -> Option<u64> {
    let found = crate::wire::at(from, place)?;
    let whole = found.as_u64().or_else(|| {
        let number = found.as_f64().filter(|number| number.is_finite() && *number >= 0.0)?;
        // Some send counts with a point; the cast cannot overflow where it counts, since it saturates.
        Some(number.ceil() as u64)
    });
    whole.filter(|count| *count <= MOST)
}
