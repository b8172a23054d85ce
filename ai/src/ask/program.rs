//! Asking a model for a program that shows a token: the same offers, route, reservation and ledger as for a step, without
//! what only a step has: a value of fields, a condition, a repair. What comes goes to the program as it comes.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use jiff::Timestamp;

use super::live::{Asked, Ear, Hears, Known, Live, News};
use super::wish::{self, Wish};
use super::{Asking, Step, call, embed, offers};
use crate::chat::{Answer, Delivery, Question, Texts, Vectors};
use crate::gateway::Model;
use crate::price::Money;
use crate::provider::{Provider, Quality};
use crate::refusal::Class;
use crate::route::{self, Need, Strategy};

/// What a program is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered<A> {
    /// The answer.
    pub answer: A,
    /// What all calls for it cost together, where that is known.
    pub cost: Option<Money>,
}

/// Why a program is not answered.
#[derive(Clone, Debug, PartialEq)]
pub struct No {
    /// What happened.
    pub failure: Failure,
    /// What the last one who was asked meant by a no.
    pub class: Option<Class>,
}

impl From<Failure> for No {
    fn from(failure: Failure) -> No {
        No { failure, class: None }
    }
}

/// What is heard of a question, beside what the program hears.
#[derive(Default)]
struct Seen {
    /// True if the price of one who was asked is not known.
    unpriced: bool,
    refused: Option<Class>,
}

/// Answers a question of a program. Its model is the name that was given; what comes is told at once.
///
/// # Errors
/// Where nobody can be asked, or all say no. Nothing is asked anew once the program has heard a piece of an answer.
pub async fn question(
    asking: &Asking<'_>,
    question: &Question,
    ear: Ear<'_>,
) -> Result<Answered<Answer>, No> {
    let (model, quality) = match Model::of(&question.model) {
        Model::Named(name) => (Some(name), Quality::Low),
        Model::Chosen(quality) => (None, quality),
    };
    let need = Need {
        model,
        quality,
        features: wish::features(question),
        writes: wish::WRITES,
        limit: None,
        strategy: Strategy::Cheapest,
    };
    // It is asked for in pieces in any case: so it is known what was written where the program goes away.
    let question = Question { delivery: Delivery::Stream, ..question.clone() };
    let step = Step::of(asking, Wish::for_need(question, need, &Value::Null)).await?;
    heard(step, ear, async |step| {
        let question = step.wish.question.clone();
        step.answer(&question).await.map(|(answer, _)| answer)
    })
    .await
}

/// Tells a program the meaning of texts. Their model is the name that was given.
///
/// # Errors
/// Where nobody can be asked, or all say no.
pub async fn texts(asking: &Asking<'_>, texts: &Texts, ear: Ear<'_>) -> Result<Answered<Vectors>, No> {
    let step = Step::of(asking, embed::wish(texts, &Value::Null)).await?;
    heard(step, ear, async |step| step.tell(texts).await).await
}

/// Does something for a program that hears of it.
async fn heard<A>(
    step: Step<'_>,
    ear: Ear<'_>,
    ask: impl AsyncFnOnce(&mut Step<'_>) -> Result<A, Failure>,
) -> Result<Answered<A>, No> {
    step.is_there()?;
    let seen: Mutex<Seen> = Mutex::default();
    let all = |news: News<'_>| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        match news {
            News::Asked(Asked { price, .. }) => seen.unpriced |= *price == Known::No,
            News::Refused(class) => seen.refused = Some(class),
            News::Piece(_) => {}
        }
        drop(seen);
        ear(news)
    };
    let mut step = Step { live: Live::new(Hears::All(&all)), ..step };
    let answer = ask(&mut step).await;
    let spent = step.spent;
    drop(step);
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    match answer {
        Ok(answer) => Ok(Answered { answer, cost: (!seen.unpriced).then_some(spent) }),
        Err(failure) => Err(No { failure, class: seen.refused }),
    }
}

/// The models that an owner can ask by name, as `PROVIDER/NAME`, in the order of their names.
///
/// # Errors
/// Where the keys cannot be read.
pub async fn models(asking: &Asking<'_>) -> Result<BTreeSet<String>, Failure> {
    let need = Need {
        model: None,
        quality: Quality::Low,
        features: BTreeSet::new(),
        writes: 0,
        limit: None,
        strategy: Strategy::Cheapest,
    };
    let step = Step::of(asking, Wish::for_need(Question::new("", ""), need, &Value::Null)).await?;
    let today = call::day(Timestamp::now());
    let offered = |provider: &Provider, model: &str| {
        provider.model(model).and_then(|model| model.retired).is_none_or(|day| day > today)
    };
    let payers = offers::payers(&step.keys);
    let answering = payers.iter().flat_map(|payer| offers::offers(&step.keys, payer));
    let answering = answering.map(|offer| (offer.provider, offer.name, offer.model));
    let telling = step
        .keys
        .iter()
        .flat_map(|key| key.provider.embeddings.keys().map(|name| (key.provider, &**name, &**name)));
    let all = answering.chain(telling).filter(|(provider, _, model)| offered(provider, model));
    Ok(all.map(|(provider, name, _)| format!("{}/{name}", provider.name)).collect())
}

impl Step<'_> {
    /// Looks whether a model that is named is one that can be asked with any of the keys.
    fn is_there(&self) -> Result<(), Failure> {
        let Some(wanted) = self.wish.need.model.as_deref().filter(|_| !self.keys.is_empty()) else {
            return Ok(());
        };
        let payers = offers::payers(&self.keys);
        let offered = payers.iter().flat_map(|payer| offers::offers(&self.keys, payer));
        let mut offered = offered.filter(|offer| route::is(wanted, offer));
        match offered.next() {
            Some(_) => Ok(()),
            None => {
                let message = format!("there is no model `{wanted}` for which there is a key");
                Err(Failure::new(FailureKind::NotFound, message))
            }
        }
    }
}
