//! What asking models took: of one call, or of all calls of a step together.

use std::sync::Arc;

use dsl::value::Value;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How many units are a US dollar: amounts are exact in twelve decimals.
const DOLLAR: i64 = 1_000_000_000_000;

/// What asking models took, and who answered last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The model that was asked last.
    #[serde(rename = "m")]
    pub model: Arc<str>,
    /// Who runs it.
    #[serde(rename = "p")]
    pub provider: Arc<str>,
    /// Whose key paid: `own`, or who else.
    #[serde(rename = "k")]
    pub paid_by: Arc<str>,
    /// How much was read and written.
    #[serde(rename = "t")]
    pub tokens: Tokens,
    /// What it cost, in units; nothing where a price is not known.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<i64>,
}

/// How much was read and written, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// All that was read.
    #[serde(rename = "i")]
    pub input: i64,
    /// The part of it that a provider had read before.
    #[serde(rename = "h", default)]
    pub cached: i64,
    /// All that was written.
    #[serde(rename = "o")]
    pub output: i64,
    /// The part of it that was written in thinking.
    #[serde(rename = "r", default)]
    pub reasoning: i64,
}

impl Spent {
    /// Adds what came after it. A sum with a part that is not known is not known.
    pub fn add(&mut self, later: &Spent) {
        (self.model, self.provider) = (later.model.clone(), later.provider.clone());
        self.paid_by = later.paid_by.clone();
        self.cost = self.cost.zip(later.cost).map(|(one, other)| one.saturating_add(other));
        let (sum, more) = (&mut self.tokens, &later.tokens);
        sum.input = sum.input.saturating_add(more.input);
        sum.cached = sum.cached.saturating_add(more.cached);
        sum.output = sum.output.saturating_add(more.output);
        sum.reasoning = sum.reasoning.saturating_add(more.reasoning);
    }

    /// What it cost as a decimal of US dollars, to the last digit; nothing where that is not known.
    pub fn dollars(&self) -> Option<String> {
        self.cost.map(dollars)
    }

    /// As it stands in JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let Tokens { input, cached, output, reasoning } = self.tokens;
        json!({
            "model": *self.model,
            "provider": *self.provider,
            "paid_by": *self.paid_by,
            "tokens": { "input": input, "cached": cached, "output": output, "reasoning": reasoning },
            "cost_usd": self.dollars(),
        })
    }
}

/// What `meta.NAME` says of a step that asks models: nobody and nothing where none was asked in this run.
pub fn told(spent: Option<&Spent>) -> [(&'static str, Value); 5] {
    let text = |text: Option<&Arc<str>>| text.map_or(Value::Null, |text| Value::Text(text.clone()));
    let Tokens { input, cached, output, reasoning } = spent.map(|spent| spent.tokens).unwrap_or_default();
    let tokens = [("input", input), ("cached", cached), ("reasoning", reasoning), ("output", output)];
    let cost = spent.map_or(Some(0), |spent| spent.cost);
    [
        ("model", text(spent.map(|spent| &spent.model))),
        ("provider", text(spent.map(|spent| &spent.provider))),
        ("tokens", Value::object(tokens.map(|(name, count)| (name, Value::Int(count))))),
        ("cost", cost.and_then(|units| dollars(units).parse().ok()).map_or(Value::Null, Value::Number)),
        ("paid_by", text(spent.map(|spent| &spent.paid_by))),
    ]
}

/// A sum of US dollars in units, to the nearest one.
pub fn units(dollars: f64) -> i64 {
    // A float becomes the nearest integer there is.
    (dollars * DOLLAR as f64).round() as i64
}

/// A sum in units as a decimal of US dollars, to the last digit.
pub fn dollars(units: i64) -> String {
    let (whole, part) = (units / DOLLAR, (units % DOLLAR).unsigned_abs());
    let text = format!("{whole}.{part:012}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(cost: Option<i64>) -> Spent {
        let tokens = Tokens { input: 10, cached: 4, output: 3, reasoning: 1 };
        Spent { model: "small".into(), provider: "p".into(), paid_by: "own".into(), tokens, cost }
    }

    #[test]
    fn a_sum_is_exact_and_one_with_a_part_that_is_not_known_is_not_known() {
        let mut sum = spent(Some(1_965_000_000));
        sum.add(&Spent { model: "large".into(), ..spent(Some(982_500_001)) });
        assert_eq!(sum.dollars().as_deref(), Some("0.002947500001"));
        assert_eq!((&*sum.model, sum.tokens.input, sum.tokens.reasoning), ("large", 20, 2));
        sum.add(&spent(None));
        sum.add(&spent(Some(1)));
        assert_eq!(sum.cost, None);
        assert_eq!(dollars(2 * DOLLAR), "2");
        assert_eq!(dollars(0), "0");
    }
}
