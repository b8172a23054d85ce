//! A step that has time: its question goes into a batch, which a provider answers within a day for half the price. Each
//! look is a call of its own, given the same every time; how the batch stands is in the ledger, so that it is found again
//! by whoever looks next.
//!
//! ```text
//! no row ─► a row with the most, at half the price ─► submitted ─► its name in the ledger ─► looks ─► the answer, settled
//! a row without a name: whoever submitted it died ─► the provider's list ─► found, or submitted, or it counts as lost
//! no batch, no answer, no time left ─► settled ─► asked at once
//! ```

mod left;
mod talk;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{NoValues, Value};
use jiff::Timestamp;
use jiff::civil::Date;
use store::calls::{Batched, Call, OPEN};
use store::{Edit, Unfit};

use super::call::Rivals;
use super::call::{Ask, broken, day, write};
use super::choosing::LENGTHS;
use super::offers::{self, Key};
use super::wish::{self, Wish};
use super::{Asking, By, Misfit, Step, repair, wrong_answer};
use crate::chat::{Answer, Question};
use crate::health::{Asked, Gate};
use crate::price::Money;
use crate::provider::{Agreed, PROVIDERS};
use crate::refusal::Refusal;
use crate::route::{self, Basis, Candidate, Offer};
use crate::wire::batch::Found;
pub use left::give_up;
use talk::{Came, Talk, Unsaid, lose};

/// Answers a step that asks a model and has time: `ai.batch` with these parameters. It gives `{ done, answer, batch }`: the
/// answer where it is done, else how its batch is called.
///
/// # Errors
/// Where nobody can be asked, all say no, or the answer is not what the step wants.
pub async fn batch(asking: &mut Asking<'_>, args: &Value) -> Result<Value, Failure> {
    let loaded = args.load_all(&NoValues);
    let args = loaded.as_ref().ok_or_else(|| wrong("a large value that is not at hand"))?;
    let term = Term::of(args)?;
    let question = args.get("last").map(wish::question).ok_or_else(|| wrong("no question"))??;
    let wish = Wish::about(question, args)?;
    // All calls of the step are counted together.
    if let By::Step { place, .. } = &mut asking.by {
        place.clone_from(&term.id);
    }
    let step = Step::of(asking, wish).await?;
    let patient = Patient { step, term };
    let next = patient.next().await?;
    patient.go_on(next).await
}

/// What a step has time for.
struct Term {
    /// What names its batch, in the ledger and with the provider.
    id: String,
    /// Until when it has time.
    until: Timestamp,
    /// Which look it is.
    round: i64,
}

impl Term {
    fn of(args: &Value) -> Result<Term, Failure> {
        let last = args.get("last").ok_or_else(|| wrong("no question"))?;
        let id = last.get("id").and_then(Value::as_text).ok_or_else(|| wrong("no id"))?;
        let until = match last.get("until") {
            Some(Value::Time(until)) => *until,
            _ => return Err(wrong("no end")),
        };
        let round = match args.get("round") {
            Some(Value::Int(round)) => *round,
            _ => return Err(wrong("no round")),
        };
        Ok(Term { id: id.replace('-', ""), until, round })
    }

    fn is_over(&self) -> bool {
        self.until <= Timestamp::now()
    }
}

/// A step that has time.
struct Patient<'a> {
    step: Step<'a>,
    term: Term,
}

/// What follows from a look.
enum Next {
    /// It is waited for.
    Waits(Box<Batched>),
    /// It is answered.
    Answered(Box<Answer>, Money),
    /// It is asked at once, for this reason; its batch counts with so much.
    AtOnce(String, Money),
}

impl Next {
    fn waits(batched: Batched) -> Next {
        Next::Waits(Box::new(batched))
    }

    fn at_once(why: impl Into<String>) -> Next {
        Next::AtOnce(why.into(), Money::ZERO)
    }
}

impl<'a> Patient<'a> {
    /// The value of this look.
    async fn go_on(self, next: Next) -> Result<Value, Failure> {
        let mut step = self.step;
        match next {
            Next::Waits(batched) => Ok(waits(&batched)),
            Next::AtOnce(why, cost) => {
                (step.spent, step.aside) = (cost, Some(format!("at once, since {why}")));
                step.run().await.map(ended)
            }
            Next::Answered(answer, cost) => {
                step.spent = cost;
                let (why, better) = match step.value(&answer) {
                    Ok(value) => return Ok(ended(value)),
                    Err(Misfit::Form(why)) => (why, None),
                    Err(Misfit::Check(why)) => (why, step.better(&step.wish.question)),
                };
                step.aside = Some(format!("at once, since the answer of the batch cannot be used: {why}"));
                if let Some(quality) = better {
                    step.quality = quality;
                    return step.run().await.map(ended);
                }
                let mut question = step.wish.question.clone();
                repair(&mut question, &answer, &why);
                let (answer, _) = step.answer(&question).await?;
                match step.value(&answer) {
                    Ok(value) => Ok(ended(value)),
                    Err(Misfit::Form(why) | Misfit::Check(why)) => Err(wrong_answer(&answer, &why)),
                }
            }
        }
    }

    async fn next(&self) -> Result<Next, Failure> {
        let asking = self.step.asking;
        let reader = asking.models.reader().map_err(|error| broken(&error.to_string()))?;
        let row = reader.batched(asking.owner, &self.term.id).map_err(|error| broken(&error.to_string()))?;
        match row {
            None if self.term.round > 1 => Ok(Next::at_once("the ledger knows nothing of a batch")),
            None => self.begin().await,
            Some(batched) if [OPEN, "ok"].contains(&&*batched.call.outcome.class) => self.look(batched).await,
            Some(batched) => {
                let cost = Money::from_units(batched.call.outcome.cost.unwrap_or_default().into());
                Ok(Next::AtOnce(format!("its batch ended as {}", batched.call.outcome.class), cost))
            }
        }
    }

    /// Opens a row for the cheapest model and submits its batch.
    async fn begin(&self) -> Result<Next, Failure> {
        let (now, asking) = (Timestamp::now(), self.step.asking);
        let health = |offer: &Offer<'_>| asking.models.health().gate(&asked(offer), now);
        let model = self.step.wish.need.model.as_ref();
        let Some((candidate, why, length)) = self.choose(now, model, &health) else {
            // Whoever asks at once will say what is missing.
            return Ok(Next::at_once("nobody offers a batch that would do"));
        };
        let gone = || Failure::new(FailureKind::Auth, "the key is gone");
        let key = self.step.keys.iter().find(|key| key.id == candidate.offer.key).ok_or_else(gone)?;
        let in_batch = candidate.offer.provider.batch_prices(day(now), &key.agreed.on(day(now)));
        if !in_batch.contains_key(candidate.offer.model) {
            return Ok(Next::at_once("no batch would cost less"));
        }
        let (wish, live, candidate) = (&self.step.wish, &self.step.live, &candidate);
        let matter = Question { max_output: length, ..self.question(candidate.offer.name) };
        let why = format!("{why}, in a batch at half the price");
        let rivals = Rivals::default();
        let ask = Ask { asking, wish, key, candidate, matter, why, live, rivals: &rivals };
        let call = Call { id: self.term.id.clone(), ..ask.call(now)? };
        let open = Edit::OpenCall { call: Box::new(call.clone()), limits: ask.limits() };
        let note = self.note(&call, "");
        match write(&asking.models.desk, vec![open, note]).await? {
            Ok(()) => {}
            Err(Unfit::Spent) => return Err(Failure::new(FailureKind::Budget, ask.too_dear(&call))),
            Err(unfit) => return Err(broken(&format!("{unfit:?}"))),
        }
        asking.models.note_batches(asking.owner);
        let batched = Batched { call, name: String::new() };
        self.submit(&Talk { asking, key }, batched, length).await
    }

    /// Who is asked where batches cost half, why, and how long the answer may be.
    fn choose(
        &self,
        at: Timestamp,
        model: Option<&String>,
        gate: &dyn Fn(&Offer<'_>) -> Gate,
    ) -> Option<(Candidate<'_>, String, Option<u64>)> {
        let step = &self.step;
        let need = route::Need { limit: step.left(), model: model.cloned(), ..step.wish.need.clone() };
        let lengths = if need.limit.is_some() { &LENGTHS[..] } else { &LENGTHS[..1] };
        for payer in offers::payers(&step.keys) {
            let offers = offers::offers(&step.keys, &payer);
            let prices = prices(day(at), offers::agreed(&step.keys, &payer, day(at)));
            let basis = Basis { gate, ..Basis::of_prices(day(Timestamp::now()), &prices) };
            for length in lengths {
                let question = Question { max_output: *length, ..step.wish.question.clone() };
                let choice = route::choose(&need, &question, &offers, &basis);
                if let Some(first) = choice.candidates.first() {
                    let longest = first.offer.provider.model(first.offer.model)?.max_output;
                    let length = length.map(|length| longest.map_or(length, |longest| length.min(longest)));
                    return Some((*first, choice.why, length));
                }
            }
        }
        None
    }

    /// Submits a batch whose row is open.
    async fn submit(&self, talk: &Talk<'_>, batched: Batched, length: Option<u64>) -> Result<Next, Failure> {
        let call = &batched.call;
        let question = Question { max_output: length, ..self.question(&call.model) };
        match talk.submit(&question, &call.id).await {
            Ok(name) => self.named(batched, name).await.map(Next::waits),
            // It is looked for in the list next time.
            Err(Unsaid::Unknown(refusal)) => {
                tracing::warn!(
                    by = self.step.asking.by.words(),
                    "it is not known if a batch was submitted: {refusal}"
                );
                self.unless_over(batched, &refusal.message).await
            }
            Err(Unsaid::Refused(refusal)) => {
                self.step.asking.note(talk.key, &refusal).await;
                self.nothing(talk, call, refusal.class.name()).await?;
                Ok(Next::at_once(format!("its batch was refused: {}", refusal.message)))
            }
        }
    }

    /// Looks how a batch stands.
    async fn look(&self, batched: Batched) -> Result<Next, Failure> {
        let Some(key) = key_of(&self.step.keys, &batched.call) else {
            return self.unless_over(batched, "its key cannot be used").await;
        };
        let talk = Talk { asking: self.step.asking, key };
        let batched = match batched.name.is_empty() {
            false => batched,
            true => match talk.find(&batched.call).await {
                Ok(Found::Name(name)) => self.named(batched, name).await?,
                Ok(Found::Absent) if self.term.is_over() => {
                    self.nothing(&talk, &batched.call, "failed").await?;
                    return Ok(Next::at_once("its batch could not be submitted in time"));
                }
                Ok(Found::Absent) => {
                    let length = self.length(&batched.call);
                    return self.submit(&talk, batched, length).await;
                }
                // Submitted again it might be paid twice, and the ledger would have it once.
                Ok(Found::Unknown) => {
                    let cost = talk.lose(&batched.call, store::calls::LOST).await?;
                    return Ok(Next::AtOnce("nobody can tell if its batch was submitted".into(), cost));
                }
                Err(refusal) => return self.unless_over(batched, &refusal.message).await,
            },
        };
        let question = self.question(&batched.call.model);
        let came = match talk.look(&question, &batched).await {
            Ok(Came::Waits) if self.term.is_over() => talk.stop(&question, &batched).await?,
            Ok(came) => came,
            Err(_) if self.term.is_over() => talk.stop(&question, &batched).await?,
            Err(refusal) => return self.unless_over(batched, &refusal.message).await,
        };
        Ok(match came {
            Came::Waits => Next::waits(batched),
            Came::Answered(answer, cost) => Next::Answered(answer, cost.unwrap_or_default()),
            Came::Nothing(why, cost) if self.term.is_over() => {
                Next::AtOnce(format!("the time is up: {why}"), cost)
            }
            Came::Nothing(why, cost) => Next::AtOnce(why, cost),
        })
    }

    /// Waits on while there is time. After that the batch counts with the most that it can cost.
    async fn unless_over(&self, batched: Batched, why: &str) -> Result<Next, Failure> {
        if !self.term.is_over() {
            return Ok(Next::waits(batched));
        }
        let cost = lose(self.step.asking, &batched.call, store::calls::LOST).await?;
        Ok(Next::AtOnce(format!("the time is up: {why}"), cost))
    }

    /// Writes down how the provider calls a batch.
    async fn named(&self, batched: Batched, name: String) -> Result<Batched, Failure> {
        let note = self.note(&batched.call, &name);
        let noted = write(&self.step.asking.models.desk, vec![note]).await?;
        noted.map_err(|unfit| broken(&format!("{unfit:?}")))?;
        Ok(Batched { name, ..batched })
    }

    fn note(&self, call: &Call, name: &str) -> Edit {
        Edit::NoteBatch { owner: call.owner.clone(), call: call.id.clone(), name: name.to_owned() }
    }

    /// Settles a call for which nothing is to be paid.
    async fn nothing(&self, talk: &Talk<'_>, call: &Call, class: &str) -> Result<(), Failure> {
        let settled = talk.settle(call, (&Default::default(), Some(Money::ZERO)), class).await;
        settled.map_err(|refusal: Refusal| refusal.failure())
    }

    fn question(&self, model: &str) -> Question {
        Question { model: model.to_owned(), ..self.step.wish.question.clone() }
    }

    /// How long an answer may be whose row was opened by somebody else: as it was found there.
    fn length(&self, call: &Call) -> Option<u64> {
        let model = format!("{}/{}", call.provider, call.model);
        let chosen = self.choose(talk::time(call), Some(&model), &|_| Gate::Open);
        chosen.and_then(|(_, _, length)| length)
    }
}

/// What models cost on a day to whoever has agreed on this: in batches where they are taken in one.
fn prices(day: Date, agreed: Agreed) -> Agreed {
    let in_batch: Vec<_> =
        PROVIDERS.iter().map(|provider| (&provider.name, provider.batch_prices(day, &agreed))).collect();
    let mut prices = agreed;
    for (provider, models) in in_batch {
        prices.0.entry(provider.clone()).or_default().extend(models);
    }
    prices
}

/// The key with which a call was made.
fn key_of<'k>(keys: &'k [Key], call: &Call) -> Option<&'k Key> {
    keys.iter().find(|key| {
        key.provider.name == call.provider
            && key.usable.name == call.key
            && key.usable.payer.name() == call.payer
    })
}

fn asked(offer: &Offer<'_>) -> Asked {
    Asked { provider: offer.provider.name.clone(), model: offer.name.to_owned(), key: offer.key.to_owned() }
}

/// The value of a look after which there is another.
fn waits(batched: &Batched) -> Value {
    let Batched { call, name } = batched;
    let batch = [("provider", &call.provider), ("model", &call.model), ("key", &call.key), ("name", name)];
    let batch = batch.map(|(key, text)| (key, Value::text(text.as_str())));
    Value::object([("done", Value::Bool(false)), ("answer", Value::Null), ("batch", Value::object(batch))])
}

/// The value of the last look.
fn ended(answer: Value) -> Value {
    Value::object([("done", Value::Bool(true)), ("answer", answer), ("batch", Value::Null)])
}

fn wrong(what: &str) -> Failure {
    Failure::new(FailureKind::Invalid, format!("`ai` with `patience` has {what}"))
}
