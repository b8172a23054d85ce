//! The router: the model that a step names, or of the owner's that meet its need the one that its strategy wants; the
//! reason in words.
//!
//! Pure: what the owner has, prices of the day, who is left alone and what is foretold of answers are given. It asks
//! nobody. A price that is not known is never the cheapest: it stands behind all that are, and where a limit of
//! cost must be kept it is out.

mod prospect;
mod reason;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::chat::Question;
use crate::estimate::{Size, Tokens};
use crate::health::Gate;
use crate::price::{Bounds, Money, Priced};
use crate::provider::{Agreed, Feature, Model, Provider, Quality};
use crate::remember::Remembered;
use crate::usage::Usage;
pub use prospect::{Lately, Miss, Prospect, Strategy};

/// A model that the owner can ask, with one of the keys.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    /// Who sells it.
    pub provider: &'a Provider,
    /// What it is called in a question: with Azure the deployment.
    pub name: &'a str,
    /// What it is called in the files: with Azure the model of the deployment.
    pub model: &'a str,
    /// Which key.
    pub key: &'a str,
}

/// What a step needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The one model that is wanted: its name, or provider and name as in `openai/gpt-6-luna`.
    pub model: Option<String>,
    /// How good it must be.
    pub quality: Quality,
    /// What it must be able to do.
    pub features: BTreeSet<Feature>,
    /// How many tokens it will write, likely.
    pub writes: u64,
    /// What a call may cost at most; with one, prices must be known.
    pub limit: Option<Money>,
    /// By what is chosen among those that meet it.
    pub strategy: Strategy,
}

/// What the choice rests on beside the need.
pub struct Basis<'a> {
    /// The day whose prices count.
    pub day: Date,
    /// What the owner pays instead of what the files say.
    pub agreed: &'a Agreed,
    /// Whether a call may be made.
    pub gate: &'a dyn Fn(&Offer<'_>) -> Gate,
    /// What is known of models from the last calls.
    pub lately: &'a dyn Fn(&Offer<'_>) -> Lately,
    /// What is foretold of the answers. With it, one below the floor may be asked where that is the cheapest in the end.
    pub prospect: Option<&'a Prospect>,
    /// True if what the question begins with is read again within minutes, so that it is to be remembered.
    pub again: bool,
}

impl<'a> Basis<'a> {
    /// What prices alone say on a day: everybody may be asked, and nothing is foretold.
    pub fn of_prices(day: Date, agreed: &'a Agreed) -> Basis<'a> {
        Basis {
            day,
            agreed,
            gate: &|_| Gate::Open,
            lately: &|_| Lately::default(),
            prospect: None,
            again: false,
        }
    }
}

/// A model that meets the need.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// Which.
    pub offer: Offer<'a>,
    /// What the question likely costs, where prices are known.
    pub likely: Option<Money>,
    /// What it costs at most, where that is known.
    pub most: Option<Money>,
    /// How good it is, where that is known.
    pub quality: Option<Quality>,
    /// How long it took lately, where that is known.
    pub pace: Option<Duration>,
    /// The chance that it answers rightly, where that is foretold.
    pub chance: Option<f64>,
}

/// The choice of a model.
pub struct Choice<'a> {
    /// All that meet the need: the first is asked, the others in their order where it fails.
    pub candidates: Vec<Candidate<'a>>,
    /// Why the first comes first; without any, why there is none.
    pub why: String,
    /// All others, each with the reason.
    pub rejected: Vec<(Offer<'a>, Why)>,
    /// Who would be asked by price alone, with the floor kept.
    pub single: Option<Candidate<'a>>,
    /// Who would be asked where nothing but the best will do: of the best grade the cheapest.
    pub reference: Option<Candidate<'a>>,
}

/// Why a model is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Another is wanted.
    NotNamed,
    /// Nothing is known of it, and it was not named.
    NotKnown,
    /// It is no longer offered.
    Retired(Date),
    /// It is not good enough.
    Quality,
    /// It cannot do this.
    Lacks(Feature),
    /// It cannot read that much, or not write as much beside it.
    TooLong {
        /// What it can hold.
        context: u64,
        /// What it likely would have to.
        needs: u64,
    },
    /// Its price is not known, and a limit must be kept.
    NoPrice,
    /// A call may cost more than the limit.
    TooDear(Money),
    /// It is left alone for a while.
    Shut {
        /// When it may be tried.
        until: Timestamp,
        /// Why, for people.
        why: String,
    },
}

impl Why {
    /// It in words.
    pub fn words(&self) -> String {
        match self {
            Why::NotNamed => "the step names another model".into(),
            Why::NotKnown => "nothing is known of it, so it is asked only by its name".into(),
            Why::Retired(day) => format!("it is no longer offered since {day}"),
            Why::Quality => "it is not good enough".into(),
            Why::Lacks(feature) => format!("it {}", lacks(*feature)),
            Why::TooLong { context, needs } => {
                format!("it holds {context} tokens, and {needs} are likely needed")
            }
            Why::NoPrice => "its price is not known, and a limit of cost must be kept".into(),
            Why::TooDear(most) => format!("a call may cost {most} USD, which is more than the limit"),
            Why::Shut { until, why } => format!("it is left alone until {until}: {why}"),
        }
    }
}

fn lacks(feature: Feature) -> &'static str {
    match feature {
        Feature::Tools => "calls no tools",
        Feature::Images => "does not look at pictures",
        Feature::Json => "is not held to a form by its provider",
        Feature::Reasoning => "does not reason",
        Feature::Cache => "remembers nothing for less",
    }
}

/// A question with its size.
struct Measured<'a> {
    question: &'a Question,
    size: Size,
}

/// Chooses a model for a question. Who is wanted by name need not be good enough, but must be able to do it.
pub fn choose<'a>(need: &Need, question: &Question, offers: &[Offer<'a>], basis: &Basis<'_>) -> Choice<'a> {
    let mut candidates = vec![];
    let mut rejected = vec![];
    let asked = Measured { question, size: Size::of(question) };
    for offer in offers {
        match meets(need, &asked, offer, basis) {
            Ok(candidate) => candidates.push(candidate),
            Err(why) => rejected.push((*offer, why)),
        }
    }
    if candidates.iter().all(|candidate| is_below(need, candidate)) {
        // Below the floor somebody is asked only where the floor itself could be.
        rejected.extend(candidates.drain(..).map(|candidate| (candidate.offer, Why::Quality)));
    }
    let single = first_by(&candidates, |one| (is_below(need, one), rank(one)));
    let reference = first_by(&candidates, |one| (Reverse(one.quality), rank(one)));
    sort(need, basis, &mut candidates, single.and_then(|single| single.likely));
    let why = reason::reason(
        need,
        basis,
        &Choice {
            candidates: candidates.clone(),
            why: String::new(),
            rejected: rejected.clone(),
            single,
            reference,
        },
    );
    Choice { candidates, why, rejected, single, reference }
}

/// Puts those in front whom the strategy wants. Keys stay in the order in which they are offered.
fn sort(need: &Need, basis: &Basis<'_>, candidates: &mut [Candidate<'_>], floor: Option<Money>) {
    match (need.strategy, basis.prospect, floor) {
        (Strategy::Best, _, _) => {
            candidates.sort_by(|one, other| {
                (Reverse(one.quality), rank(one)).cmp(&(Reverse(other.quality), rank(other)))
            });
        }
        (Strategy::Fastest, _, _) => {
            let slow = |one: &Candidate<'_>| (one.pace.is_none(), one.pace);
            candidates.sort_by(|one, other| (slow(one), rank(one)).cmp(&(slow(other), rank(other))));
        }
        (Strategy::Cheapest, Some(prospect), Some(floor)) => {
            let end = |one: &Candidate<'_>| match (one.chance, one.likely) {
                (Some(chance), Some(likely)) => prospect.in_the_end(chance, likely, floor),
                _ => f64::INFINITY,
            };
            candidates.sort_by(|one, other| {
                end(one).total_cmp(&end(other)).then_with(|| rank(one).cmp(&rank(other)))
            });
        }
        (Strategy::Cheapest, _, _) => candidates.sort_by(|one, other| rank(one).cmp(&rank(other))),
    }
}

fn first_by<'a, K: Ord>(
    candidates: &[Candidate<'a>],
    by: impl Fn(&Candidate<'a>) -> K,
) -> Option<Candidate<'a>> {
    candidates.iter().min_by_key(|candidate| by(candidate)).copied()
}

/// True if one is not as good as the step asks.
pub(crate) fn is_below(need: &Need, candidate: &Candidate<'_>) -> bool {
    need.model.is_none() && candidate.quality.is_none_or(|quality| quality < need.quality)
}

/// The cheapest first; of two that cost the same the better one; then by name, so that the choice is always the same.
fn rank<'a>(candidate: &Candidate<'a>) -> impl Ord + use<'a> {
    let Offer { provider, name, model: _, key: _ } = candidate.offer;
    let cost = candidate.likely;
    (cost.is_none(), cost, Reverse(candidate.quality), provider.name.as_str(), name)
}

fn meets<'a>(
    need: &Need,
    asked: &Measured<'_>,
    offer: &Offer<'a>,
    basis: &Basis<'_>,
) -> Result<Candidate<'a>, Why> {
    let named = need.model.as_deref().map(|wanted| is(wanted, offer));
    if named == Some(false) {
        return Err(Why::NotNamed);
    }
    let model = offer.provider.model(offer.model);
    let tokens = asked.size.tokens(&offer.provider.estimate);
    match model {
        Some(model) => able(need, model, &tokens, basis.day)?,
        None if named.is_none() => return Err(Why::NotKnown),
        None => {}
    }
    let quality = model.and_then(|model| model.quality);
    let chance = basis.prospect.and_then(|prospect| prospect.chance(offer));
    let (likely, most) = costs(need, asked.question, offer, &tokens, basis);
    // What is foretold stands in for a grade only where it can be weighed against a price.
    let foretold = need.strategy == Strategy::Cheapest && chance.is_some() && likely.is_some();
    if named.is_none() && quality.is_none_or(|quality| quality < need.quality && !foretold) {
        return Err(Why::Quality);
    }
    match (need.limit, most) {
        (Some(_), None) => return Err(Why::NoPrice),
        (Some(limit), Some(most)) if most > limit => return Err(Why::TooDear(most)),
        (Some(_), Some(_)) | (None, _) => {}
    }
    match (basis.gate)(offer) {
        Gate::Open | Gate::Probe => {
            Ok(Candidate { offer: *offer, likely, most, quality, pace: (basis.lately)(offer).pace, chance })
        }
        Gate::Shut { until, why } => Err(Why::Shut { until, why }),
    }
}

/// True if a step means this one.
pub(crate) fn is(wanted: &str, offer: &Offer<'_>) -> bool {
    let names = [offer.name, offer.model];
    let of_provider = || wanted.strip_prefix(&*offer.provider.name)?.strip_prefix('/');
    names.contains(&wanted) || of_provider().is_some_and(|name| names.contains(&name))
}

fn able(need: &Need, model: &Model, tokens: &Tokens, day: Date) -> Result<(), Why> {
    if let Some(retired) = model.retired.filter(|retired| *retired <= day) {
        return Err(Why::Retired(retired));
    }
    if let Some(lacking) = need.features.iter().find(|feature| !model.has(**feature)) {
        return Err(Why::Lacks(*lacking));
    }
    let needs = tokens.likely.saturating_add(need.writes);
    if needs > model.context {
        return Err(Why::TooLong { context: model.context, needs });
    }
    Ok(())
}

/// What the question likely costs, and at most. Without a limit of its output a model may write all that it can.
fn costs(
    need: &Need,
    question: &Question,
    offer: &Offer<'_>,
    tokens: &Tokens,
    basis: &Basis<'_>,
) -> (Option<Money>, Option<Money>) {
    let Priced::Known(price) = offer.provider.price(offer.model, basis.day, basis.agreed) else {
        return (None, None);
    };
    let (cached, written) = kept(question, offer, tokens, basis);
    let likely = Usage {
        input_uncached: tokens.likely - cached - written,
        input_cached: cached,
        cache_write_5m: written,
        output_visible: need.writes,
        ..Usage::default()
    };
    let output = question.max_output.or_else(|| offer.provider.model(offer.model)?.max_output);
    let most = output.and_then(|output| {
        price.most(&Bounds { input: tokens.at_most, output, keep: question.keep }).known()
    });
    (price.cost(&likely).known().map(|cost| cost.total()), most)
}

/// How much of a question is likely read from its provider's cache, and how much is kept there: the parts of lately, as long
/// as the model is the same. Where it must be asked to remember, none of both unless it is asked.
fn kept(question: &Question, offer: &Offer<'_>, tokens: &Tokens, basis: &Basis<'_>) -> (u64, u64) {
    let lately = (basis.lately)(offer);
    let part = |share: f64, most: u64| ((tokens.likely as f64 * share.clamp(0.0, 1.0)) as u64).min(most);
    let cached = part(lately.cached, tokens.likely);
    let written = part(lately.written, tokens.likely - cached);
    let asked = basis.again || question.keep.is_some();
    match offer.provider.model(offer.model).and_then(|model| model.remembers) {
        None => (cached, written),
        Some(_) if !asked => (0, 0),
        Some(_) if cached + written > 0 => (cached, written),
        Some(_) => (0, Remembered::of(question, offer.provider, offer.model).tokens.min(tokens.likely)),
    }
}
