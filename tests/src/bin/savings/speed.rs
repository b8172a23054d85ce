//! How long a choice takes: a question is looked at, judged, and weighed over all models that are shipped.

use std::time::Instant;

use ai::ask::Ways;
use ai::chat::Question;
use ai::provider::{Agreed, PROVIDERS, Quality};
use ai::route::{self, Basis, Need, Offer, Strategy};
use jiff::civil::date;
use tests::outcomes::Row;

/// Microseconds of a choice.
#[derive(serde::Serialize)]
pub struct Speed {
    /// How many were made.
    choices: usize,
    /// Over how many models.
    models: usize,
    /// Half take less.
    middle_us: f64,
    /// 99 of 100 take less.
    most_us: f64,
}

/// Of choices for real questions.
pub fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Speed {
    let offers: Vec<Offer<'_>> = PROVIDERS
        .iter()
        .flat_map(|provider| {
            provider.models.keys().map(move |model| Offer { provider, name: model, model, key: "k" })
        })
        .collect();
    let need = Need {
        model: None,
        quality: Quality::Standard,
        features: Default::default(),
        writes: 200,
        limit: None,
        strategy: Strategy::Cheapest,
    };
    let (agreed, ways) = (Agreed::default(), Ways { known: 0.0, ..Ways::default() });
    let mut took: Vec<f64> = rows
        .map(|row| {
            let question = Question::new("", &row.prompt);
            let begun = Instant::now();
            let prospect = ways.judged(&question);
            let basis =
                Basis { prospect: prospect.as_ref(), ..Basis::of_prices(date(2026, 11, 29), &agreed) };
            let choice = route::choose(&need, &question, &offers, &basis);
            std::hint::black_box(&choice);
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    took.sort_by(f64::total_cmp);
    let at = |part: f64| took.get((took.len() as f64 * part) as usize).copied().unwrap_or(0.0);
    Speed { choices: took.len(), models: offers.len(), middle_us: at(0.5), most_us: at(0.99) }
}

/// It in a sentence.
pub fn text(speed: &Speed) -> String {
    format!(
        "## How long a choice takes\n\nOf {} questions, each judged by its words and weighed over the {} models that are shipped: half within \
         {:.0} µs, 99 of 100 within {:.0} µs. Nothing is sent for it.\n\n",
        speed.choices, speed.models, speed.middle_us, speed.most_us
    )
}
