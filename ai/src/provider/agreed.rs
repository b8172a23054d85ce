//! What an owner has agreed on with providers: prices that count instead of those of the files, each from a day on.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use store::calls;

use super::Dated;
use crate::price::{Price, Rate};

/// What an owner pays instead of what the files say: by provider, then by model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Agreed(pub BTreeMap<String, BTreeMap<String, Price>>);

/// All prices that an owner has agreed on, with the days on which they count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreements(Vec<(String, String, Dated)>);

impl Agreements {
    /// What the store keeps of an owner, in its order.
    pub fn of(rows: &[calls::Price]) -> Agreements {
        Agreements(rows.iter().filter_map(read).collect())
    }

    /// Those of a day. Where several count, the one that began last does.
    pub fn on(&self, day: Date) -> Agreed {
        let mut agreed = Agreed::default();
        for (provider, model, _) in self.0.iter().filter(|(_, _, price)| price.counts(day)) {
            let all =
                self.0.iter().filter(|(of, one, price)| of == provider && one == model && price.counts(day));
            if let Some((_, _, last)) = all.max_by_key(|(_, _, price)| price.from) {
                let models = agreed.0.entry(provider.clone()).or_default();
                models.insert(model.clone(), last.usd.clone());
            }
        }
        agreed
    }
}

/// A row as a price. What is no day or no rate was not written by us, and counts for nothing.
fn read(row: &calls::Price) -> Option<(String, String, Dated)> {
    let day = |text: &str| match text {
        "" => Some(None),
        day => day.parse::<Date>().ok().map(Some),
    };
    let rate = |units: i64| u64::try_from(units).ok().map(Rate::of_units);
    let part = |units: Option<i64>| match units {
        Some(units) => rate(units).map(Some),
        None => Some(None),
    };
    let read = || {
        Some(Dated {
            from: day(&row.since)?,
            until: day(&row.until)?,
            usd: Price {
                input: rate(row.input)?,
                cached: part(row.cached)?,
                write_5m: part(row.write_5m)?,
                write_1h: part(row.write_1h)?,
                output: part(row.output)?,
                reasoning: None,
                above: vec![],
            },
        })
    };
    let Some(dated) = read() else {
        tracing::warn!(owner = row.owner, model = row.model, "an agreed price cannot be read");
        return None;
    };
    Some((row.provider.clone(), row.model.clone(), dated))
}
