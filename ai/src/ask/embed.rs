//! The meaning of texts as numbers, for a step: `ai.embed`. Numbers of different models cannot be compared, so that a step
//! names its model; another key or another provider of the same one may stand in, another model never.

use std::time::Duration;

use dsl::catalog::{Action, Catalog, Failure, FailureKind, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::Value;
use dsl::workflow::EMBED;
use jiff::Timestamp;

use super::call::Rivals;
use super::matter::{Matter as _, as_question};
use super::wish::Wish;
use super::{Asking, Course, Step, call, nobody, offers};
use crate::chat::{Purpose, Texts, Vectors};
use crate::estimate::at_most;
use crate::price::{Bounds, Money};
use crate::provider::{Agreed, Quality};
use crate::route::{self, Basis, Candidate, Choice, Need, Offer, Strategy};
use crate::usage::Usage;

/// The most likely tokens of the texts of one call: providers take some hundred thousand.
const TOGETHER: u64 = 100_000;

/// The actions over models that `use` can name.
pub fn catalog() -> Catalog {
    let either = |arms: Vec<Type>| Type::Union(arms);
    let texts = either(vec![Type::String, Type::List(Box::new(Type::String))]);
    let purpose = Type::Enum(vec!["document".into(), "query".into()]);
    let numbers = Type::List(Box::new(Type::List(Box::new(Type::Number))));
    let input = vec![
        Field::required("texts", texts, "A text, or a list of texts."),
        Field::required("model", Type::String, "The model, as in `openai/text-embedding-3-small`."),
        Field::optional(
            "purpose",
            purpose,
            "What the texts are for: `document`, to be found, or `query`, what is sought.",
        ),
        Field::optional(
            "dims",
            Type::Integer,
            "How many numbers a text becomes, where the model leaves the choice.",
        ),
        Field::optional("max_cost", Type::Number, "What the step may cost, in US dollars."),
    ];
    let output = Type::Object(vec![
        Field::required("vectors", numbers, "One list of numbers for each text, in the order of the texts."),
        Field::required("model", Type::String, "The model."),
    ]);
    Catalog::new([Action {
        id: EMBED.into(),
        about: "Tell the meaning of texts as numbers, by which they can be compared.".into(),
        safety: Safety::Read,
        input,
        output,
        trust: Trust::Trusted,
    }])
}

/// Tells the meaning of texts: `ai.embed` with these parameters.
///
/// # Errors
/// Where nobody can be asked, or all say no.
pub async fn embed(asking: &Asking<'_>, args: &Value) -> Result<Value, Failure> {
    let texts = texts(args)?;
    let told = Step::of(asking, wish(&texts, args)).await?.tell(&texts).await?;
    let numbers = |vector: &Vec<f32>| Value::list(vector.iter().map(number).collect());
    let vectors = Value::list(told.vectors.iter().map(numbers).collect());
    Ok(Value::object([("vectors", vectors), ("model", Value::text(texts.model))]))
}

/// What texts want whose meaning is asked for.
pub(super) fn wish(texts: &Texts, args: &Value) -> Wish {
    let need = Need {
        model: Some(texts.model.clone()),
        quality: Quality::Low,
        features: Default::default(),
        writes: 0,
        limit: None,
        strategy: Strategy::Cheapest,
    };
    Wish::for_need(as_question(&texts.texts), need, args)
}

/// As it is written with the digits that it has.
fn number(number: &f32) -> Value {
    Value::Number(number.to_string().parse().unwrap_or_else(|_| f64::from(*number)))
}

fn texts(args: &Value) -> Result<Texts, Failure> {
    let wrong = |what: &str| Failure::new(FailureKind::Invalid, format!("`{EMBED}` has {what}"));
    let text = |value: &Value| value.as_text().map(str::to_owned);
    let texts = match args.get("texts") {
        Some(Value::List(items)) => items.iter().map(text).collect(),
        Some(value) => text(value).map(|text| vec![text]),
        None => None,
    };
    let texts = texts.ok_or_else(|| wrong("`texts` that are neither a text nor a list of texts"))?;
    if let Some(at) = texts.iter().position(|text| text.trim().is_empty()) {
        return Err(wrong(&format!("an empty text, `texts[{at}]`, which has no meaning")));
    }
    let purpose = match args.get("purpose").and_then(Value::as_text) {
        Some("query") => Purpose::Query,
        Some(_) | None => Purpose::Document,
    };
    let dims = match args.get("dims") {
        Some(value) if !value.is_null() => {
            let dims = match value {
                Value::Int(dims) => u64::try_from(*dims).ok().filter(|dims| *dims > 0),
                _ => None,
            };
            Some(dims.ok_or_else(|| wrong("`dims` that are no number above 0"))?)
        }
        Some(_) | None => None,
    };
    let model = args.get("model").and_then(text).ok_or_else(|| wrong("no model"))?;
    Ok(Texts { model, texts, purpose, dims })
}

impl Step<'_> {
    /// Tells the meaning of texts, in as many calls as that takes.
    pub(super) async fn tell(&mut self, texts: &Texts) -> Result<Vectors, Failure> {
        let (mut vectors, mut usage) = (vec![], Usage::default());
        let mut rest = &*texts.texts;
        while !rest.is_empty() {
            let choice = self.who(texts)?;
            let (batch, after) = rest.split_at(together(rest, &choice.candidates));
            let batch = Texts { texts: batch.to_vec(), ..texts.clone() };
            let candidates =
                choice.candidates.into_iter().map(|candidate| self.priced(candidate, &batch)).collect();
            let (mut spent, mut waited) = (self.spent, self.waited);
            let course = Course {
                step: self,
                matter: &batch,
                length: None,
                why: choice.why,
                rivals: Rivals::default(),
            };
            let told = course.run(candidates, &mut spent, &mut waited).await;
            (self.spent, self.waited) = (spent, Duration::ZERO);
            let (told, _) = told?;
            vectors.extend(told.vectors);
            usage = usage.and(&told.usage);
            rest = after;
        }
        Ok(Vectors { vectors, usage })
    }

    /// Who tells the meaning of texts: those that hold the longest of them.
    fn who(&self, texts: &Texts) -> Result<Choice<'_>, Failure> {
        let longest = texts.texts.iter().max_by_key(|text| text.len()).cloned();
        let question = as_question(&longest.into_iter().collect::<Vec<_>>());
        let day = call::day(Timestamp::now());
        let mut why = None;
        for payer in offers::payers(&self.keys) {
            let agreed = offers::agreed(&self.keys, &payer, day);
            let basis = Basis::of_prices(day, &agreed);
            let offers = offers::offers(&self.keys, &payer);
            let (able, others): (Vec<Offer<'_>>, Vec<Offer<'_>>) = offers.into_iter().partition(tells);
            let choice = route::choose(&self.wish.need, &question, &able, &basis);
            if !choice.candidates.is_empty() {
                return Ok(choice);
            }
            let answers = others.iter().any(|other| route::is(&texts.model, other));
            why = Some(match answers {
                true => format!("`{}` does not tell the meaning of texts", texts.model),
                false => nobody(&choice),
            });
        }
        Err(self.unasked(FailureKind::Invalid, why))
    }
}

impl Step<'_> {
    /// One who is asked, with what the call costs.
    fn priced<'a>(&self, candidate: Candidate<'a>, texts: &Texts) -> Candidate<'a> {
        let Offer { provider, model, key, .. } = candidate.offer;
        let day = call::day(Timestamp::now());
        let key = self.keys.iter().find(|one| one.id == key);
        let agreed = key.map_or_else(Agreed::default, |key| key.agreed.on(day));
        let Some(price) = provider.price(model, day, &agreed).known() else {
            return candidate;
        };
        let usage = Usage { input_uncached: texts.likely(&provider.estimate), ..Usage::default() };
        // Each text may begin and end with a token of its own.
        let input = texts.texts.iter().map(|text| at_most(text) + 2).sum();
        let likely: Option<Money> = price.cost(&usage).known().map(|cost| cost.total());
        let most = price.most(&Bounds { input, output: 0, keep: None }).known();
        Candidate { likely, most, ..candidate }
    }
}

/// True if a model tells the meaning of texts, as far as it is known.
fn tells(offer: &Offer<'_>) -> bool {
    let provider = offer.provider;
    let known = provider.embeddings.contains_key(offer.model) || provider.models.is_empty();
    known && provider.paths.embed.is_some()
}

/// How many of the texts go into one call, whoever answers it; at least one.
fn together(texts: &[String], candidates: &[Candidate<'_>]) -> usize {
    let most = candidates.iter().map(|candidate| candidate.offer.provider.quirks.texts).min().unwrap_or(1);
    let likely = |text: &String| {
        let providers = candidates.iter().map(|candidate| candidate.offer.provider.estimate.text(text));
        providers.max().unwrap_or(0)
    };
    let mut sum = 0;
    let fit = texts.iter().take_while(|text| {
        sum += likely(text);
        sum <= TOGETHER
    });
    fit.take(most).count().max(1)
}
