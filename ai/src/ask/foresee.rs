//! What a step would likely cost, and at most: the same choice as that of a step, before the run, and nothing goes out.

use dsl::catalog::Failure;
use dsl::value::Value;
use jiff::Timestamp;

use super::offers::Key;
use super::tools::Tools;
use super::wish::{self, Calls, Wish};
use super::{Asking, Step, call};
use crate::chat::Question;
use crate::price::{Bounds, Money};
use crate::route::{Candidate, is_below};

/// How much of a question is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// All of it.
    Whole,
    /// A part: it may be as long as its model reads.
    Part,
}

/// Who would be asked, and what that costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreseen {
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The name of the key.
    pub key: String,
    /// Who pays.
    pub payer: String,
    /// Why this model, in a line.
    pub why: String,
    /// What one answer likely costs, with the chance that a better model is asked after it.
    pub likely: Option<Money>,
    /// What one answer costs at most: with those before it that do not fit.
    pub most: Option<Money>,
    /// What the step may cost in all.
    pub max_cost: Option<Money>,
}

/// Foresees who would be asked for `ai.ask`, or for a turn, with these parameters.
///
/// # Errors
/// Where the parameters are none, or nobody could be asked.
pub async fn foresee(asking: &Asking<'_>, args: &Value, known: Known) -> Result<Foreseen, Failure> {
    let mut question = wish::question(args)?;
    let mut calls = Calls::Trusted;
    if args.get("tools").is_some() {
        let tools = Tools::of(args)?;
        question = Question { tools: tools.told(), ..question };
        if tools.only_read() {
            calls = Calls::Held;
        }
    }
    let step = Step::of(asking, Wish { calls, ..Wish::about(question, args)? }).await?;
    let question = step.wish.question.clone();
    let (choice, length) = step.choose(&question, step.quality)?;
    let none = || step.unasked(dsl::catalog::FailureKind::Invalid, None);
    let first = choice.candidates.first().ok_or_else(none)?;
    let key = step.keys.iter().find(|key| key.id == first.offer.key).ok_or_else(none)?;
    let most = |one: &Candidate<'_>| match known {
        Known::Whole => one.most,
        Known::Part => at_its_longest(one, key, length, &question),
    };
    let floor = choice.single.as_ref().filter(|_| is_below(&step.wish.need, first));
    let likely = match (first.likely, floor.and_then(|floor| floor.likely)) {
        (Some(likely), Some(above)) => {
            // What is foretold is a chance and no price; what it adds is cut to whole units.
            let missed = (1.0 - first.chance.unwrap_or(0.0)).clamp(0.0, 1.0) * above.units() as f64;
            Some(likely + Money::from_units(missed as i128))
        }
        (likely, _) => likely,
    };
    // An answer that does not fit goes back once.
    let repairs: usize = if step.wish.is_checked() { 2 } else { 1 };
    let asked = floor.unwrap_or(first);
    let calls = floor.map(|_| first).into_iter().chain(std::iter::repeat_n(asked, repairs));
    Ok(Foreseen {
        provider: first.offer.provider.name.clone(),
        model: first.offer.name.to_owned(),
        key: key.usable.name.clone(),
        payer: key.usable.payer.name().to_owned(),
        why: choice.why.clone(),
        likely,
        most: calls.map(most).sum(),
        max_cost: step.wish.max_cost,
    })
}

/// What a call costs at most that reads as much as its model can.
fn at_its_longest(one: &Candidate<'_>, key: &Key, length: Option<u64>, question: &Question) -> Option<Money> {
    let (provider, day) = (one.offer.provider, call::day(Timestamp::now()));
    let model = provider.model(one.offer.model)?;
    let output = [length, model.max_output].into_iter().flatten().min()?;
    // All candidates of a choice have one payer.
    let agreed = key.agreed.on(day);
    let price = provider.price(one.offer.model, day, &agreed).known()?;
    price.most(&Bounds { input: model.context, output, keep: question.keep }).known()
}
