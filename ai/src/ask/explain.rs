//! Who would be asked for a step, and why, and why nobody else: the same choice as that of a step, and nothing goes out.

use std::time::Duration;

use dsl::catalog::Failure;
use dsl::value::Value;

use super::wish::Wish;
use super::{Asking, Step};
use crate::price::Money;
use crate::provider::Quality;
use crate::route::{Candidate, Choice, is_below};

/// A choice, to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Why the first is asked, in a line; or why nobody is.
    pub why: String,
    /// What follows if its answer does not fit, in a line; nothing where nobody tells whether it does.
    pub then: Option<String>,
    /// All models of the owner's keys: those that may be asked in their order, then the others.
    pub models: Vec<Weighed>,
}

/// A model, weighed for a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// Its provider.
    pub provider: String,
    /// Its name, as it is asked.
    pub model: String,
    /// How good it is, where that is known.
    pub quality: Option<Quality>,
    /// What the question likely costs.
    pub likely: Option<Money>,
    /// What it costs at most.
    pub most: Option<Money>,
    /// The chance that it answers rightly, where that is foretold.
    pub chance: Option<f64>,
    /// How long it took lately, where that is known.
    pub pace: Option<Duration>,
    /// Why it is not asked; nothing where it may be.
    pub rejected: Option<String>,
}

/// Explains who would be asked for `ai.ask` with these parameters.
///
/// # Errors
/// Where the parameters are none, or there is no key that may be used.
pub async fn explain(asking: &Asking<'_>, args: &Value) -> Result<Explained, Failure> {
    let mut step = Step::of(asking, Wish::of(args)?).await?;
    let question = step.wish.question.clone();
    let (choice, _) = step.choose(&question, step.quality)?;
    let mut explained = shown(&choice);
    let below = choice.candidates.first().is_some_and(|first| is_below(&step.wish.need, first));
    if below && step.wish.is_checked() {
        step.prospect = None;
        let (above, _) = step.choose(&question, step.quality)?;
        explained.then = Some(above.why);
    }
    Ok(explained)
}

fn shown(choice: &Choice<'_>) -> Explained {
    let of = |one: &Candidate<'_>| Weighed {
        provider: one.offer.provider.name.clone(),
        model: one.offer.name.to_owned(),
        quality: one.quality,
        likely: one.likely,
        most: one.most,
        chance: one.chance,
        pace: one.pace,
        rejected: None,
    };
    let mut models: Vec<Weighed> = choice.candidates.iter().map(of).collect();
    models.extend(choice.rejected.iter().map(|(offer, why)| Weighed {
        provider: offer.provider.name.clone(),
        model: offer.name.to_owned(),
        quality: offer.provider.model(offer.model).and_then(|model| model.quality),
        likely: None,
        most: None,
        chance: None,
        pace: None,
        rejected: Some(why.words()),
    }));
    Explained { why: choice.why.clone(), then: None, models }
}
