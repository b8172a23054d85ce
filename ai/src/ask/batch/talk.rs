//! What is said to the provider of a batch with the key that pays for it, and what the ledger is told.

use std::sync::Arc;
use std::time::Duration;

use dsl::catalog::Failure;
use egress::{Header, Request};
use jiff::Timestamp;
use secret::Hole;
use serde_json::Value;
use store::calls::{Batched, Call, Outcome};
use store::{Edit, Unfit};
use vault::Paid;

use super::super::Asking;
use super::super::call::{broken, day, tell_of_budgets, unsent, write};
use super::super::offers::Key;
use crate::chat::{Answer, Question};
use crate::price::{Money, Price};
use crate::refusal::{Class, Refusal, Reply, unreadable};
use crate::usage::Usage;
use crate::wire::batch::{self, Found, Post, State};

/// The longest time of one request: what it does is done elsewhere.
const PATIENCE: Duration = Duration::from_secs(120);

/// The way to the provider of a batch.
pub(super) struct Talk<'a> {
    /// Who asks.
    pub asking: &'a Asking<'a>,
    /// The key.
    pub key: &'a Key,
}

/// What came of a batch.
pub(super) enum Came {
    /// It is waited for.
    Waits,
    /// It is answered; that cost so much, where it is known.
    Answered(Box<Answer>, Option<Money>),
    /// There is no answer, and this is why; the question counts with so much.
    Nothing(String, Money),
}

impl Talk<'_> {
    /// Submits a question; gives what the provider calls its batch.
    pub async fn submit(&self, question: &Question, tag: &str) -> Result<String, Unsaid> {
        let (provider, settings) = (self.key.provider, &self.key.usable.settings);
        let uploaded = match provider.upload(question, settings, tag) {
            // Without its file there is no batch, however the upload ended.
            Some(post) => Some(self.json(post).await.map_err(Unsaid::Refused)?),
            None => None,
        };
        let useless = || Refusal::new(Class::Broken, "the provider does not say what it calls a batch");
        let post = provider.submit(question, settings, tag, uploaded.as_ref());
        let said = self.json(post.ok_or_else(|| Unsaid::Refused(useless()))?).await.map_err(|refusal| {
            match refusal.status {
                Some(400..500) => Unsaid::Refused(refusal),
                // It may be there all the same.
                Some(_) | None => Unsaid::Unknown(refusal),
            }
        })?;
        provider.batch_name(&said).ok_or_else(|| Unsaid::Unknown(useless()))
    }

    /// Looks for the batch of a call among all.
    pub async fn find(&self, call: &Call) -> Result<Found, Refusal> {
        let Some(post) = self.key.provider.batches() else { return Ok(Found::Absent) };
        let list = self.json(post).await?;
        Ok(self.key.provider.find_batch(&list, &call.id, time(call)))
    }

    /// What came of a batch so far, written down where it is over.
    pub async fn look(&self, question: &Question, batched: &Batched) -> Result<Came, Refusal> {
        let Batched { call, name } = batched;
        let gone = || Refusal::new(Class::NotOffered, "the provider has no batches");
        let body = self.send(self.key.provider.look(name).ok_or_else(gone)?).await?;
        let said = self.read(&body)?;
        let body = match self.key.provider.batch_state(&said) {
            State::Waiting | State::Cancelling => return Ok(Came::Waits),
            State::Ended(how) => return self.ended(call, how).await,
            State::Here => body,
            State::At(path) => self.send(self.key.provider.results(&path)).await?,
        };
        match self.key.provider.outcome(question, &call.id, &body, Timestamp::now())? {
            batch::Outcome::Ended(how) => self.ended(call, how).await,
            batch::Outcome::Refused(refusal) => {
                self.settle(call, (&Usage::default(), Some(Money::ZERO)), refusal.class.name()).await?;
                Ok(Came::Nothing(format!("the batch said no: {}", refusal.message), Money::ZERO))
            }
            batch::Outcome::Answered(answer) => {
                let cost = self.price(call).and_then(|price| price.cost(&answer.usage).known());
                let cost = cost.map(|cost| cost.total());
                let refusal = answer.refusal();
                let class = refusal.as_ref().map_or("ok", |refusal| refusal.class.name());
                self.settle(call, (&answer.usage, cost), class).await?;
                Ok(match refusal {
                    None => Came::Answered(answer, cost),
                    Some(refusal) => Came::Nothing(
                        format!("the batch said no: {}", refusal.message),
                        cost.unwrap_or_default(),
                    ),
                })
            }
        }
    }

    /// Gives a batch up. Where it was answered in the meantime, that is what came of it; where it is not known to have been
    /// cancelled in time, it counts with the most that it can cost.
    pub async fn stop(&self, question: &Question, batched: &Batched) -> Result<Came, Failure> {
        if let Some(post) = self.key.provider.cancel(&batched.name)
            && let Err(refusal) = self.send(post).await
        {
            tracing::warn!(
                by = self.asking.by.words(),
                batch = batched.name,
                "a batch is not cancelled: {refusal}"
            );
        }
        match self.look(question, batched).await {
            Ok(came @ (Came::Answered(..) | Came::Nothing(..))) => Ok(came),
            Ok(Came::Waits) | Err(_) => {
                let cost = self.lose(&batched.call, "cancelled").await?;
                Ok(Came::Nothing("its batch was given up".into(), cost))
            }
        }
    }

    async fn ended(&self, call: &Call, how: &'static str) -> Result<Came, Refusal> {
        self.settle(call, (&Usage::default(), Some(Money::ZERO)), how).await?;
        Ok(Came::Nothing(format!("the batch ended as {how}"), Money::ZERO))
    }

    /// Counts a call with the most that it can cost.
    pub async fn lose(&self, call: &Call, class: &str) -> Result<Money, Failure> {
        let most = lose(self.asking, call, class).await?;
        tell_of_budgets(self.asking.models.reader(), call, most);
        Ok(most)
    }

    /// Writes down what a call took and cost.
    pub async fn settle(
        &self,
        call: &Call,
        (usage, cost): (&Usage, Option<Money>),
        class: &str,
    ) -> Result<(), Refusal> {
        let latency = Timestamp::now().duration_since(time(call));
        let outcome = Outcome {
            tokens: usage.tokens(),
            estimated: usage.estimated,
            cost: cost.and_then(|cost| i64::try_from(cost.units()).ok()),
            latency: i64::try_from(latency.as_nanos()).ok(),
            first: None,
            class: class.to_owned(),
        };
        let settled = settle(self.asking, call, outcome).await;
        // The ledger is ours: where it cannot be written, the next look tries again.
        settled.map_err(|failure| Refusal::new(Class::Broken, failure.message))?;
        tell_of_budgets(self.asking.models.reader(), call, cost.unwrap_or_default());
        Ok(())
    }

    /// What a model cost in a batch when the call went out.
    fn price(&self, call: &Call) -> Option<Price> {
        let day = day(time(call));
        self.key.provider.batch_prices(day, &self.key.agreed.on(day)).remove(&call.model)
    }

    async fn json(&self, post: Post) -> Result<Value, Refusal> {
        let body = self.send(post).await?;
        self.read(&body)
    }

    fn read(&self, body: &[u8]) -> Result<Value, Refusal> {
        serde_json::from_slice(body)
            .map_err(|error| unreadable(&self.key.provider.title, body, &error.to_string()))
    }

    async fn send(&self, post: Post) -> Result<Vec<u8>, Refusal> {
        let (provider, usable) = (self.key.provider, &self.key.usable);
        let account = provider.account();
        let account = account.ok_or_else(|| Refusal::new(Class::NotOffered, "the provider has no keys"))?;
        let base = usable.settings.get("base").or(account.base.as_ref()).cloned().unwrap_or_default();
        let mut request = Request::new(post.method, format!("{base}{}", post.path));
        let key = Hole::Join(vec![Hole::Plain(account.check.before.clone()), Hole::Name("key".into())]);
        request.headers.push(Header::credential(&account.check.header, key));
        let own = provider.headers().into_iter().flatten();
        request.headers.extend(own.map(|(name, value)| Header::new(name, &**value)));
        request.headers.extend(post.content.map(|content| Header::new("content-type", content)));
        if !post.body.is_empty() {
            request.body = vec![egress::Part::Plain(post.body.into())];
        }
        (request.timeout, request.redirects) = (Some(PATIENCE), Some(0));
        let open = Paid {
            vault: self.asking.vault.clone(),
            owner: self.asking.owner.to_owned(),
            actor: self.asking.by.words(),
            payer: usable.payer.clone(),
            name: usable.name.clone(),
            provider: provider.name.clone(),
            held: None,
        };
        let client = self.asking.models.client(self.asking.reach).opened_by(Arc::new(open));
        let response = client.send(request).await.map_err(|error| unsent(&error))?;
        match response.status {
            200..300 => Ok(response.body.to_vec()),
            status => {
                let reply = Reply { status, headers: &response.headers, body: &response.body };
                Err(provider.refusal(&reply, Timestamp::now()))
            }
        }
    }
}

/// Why a batch has no name.
pub(super) enum Unsaid {
    /// There is none.
    Refused(Refusal),
    /// There may be one.
    Unknown(Refusal),
}

/// Counts a call with the most that it can cost: nobody can say any more what it did.
pub(super) async fn lose(asking: &Asking<'_>, call: &Call, class: &str) -> Result<Money, Failure> {
    let latency = i64::try_from(Timestamp::now().duration_since(time(call)).as_nanos()).ok();
    let outcome = Outcome {
        estimated: true,
        cost: call.reserved,
        latency,
        class: class.to_owned(),
        ..Outcome::default()
    };
    settle(asking, call, outcome).await?;
    Ok(Money::from_units(call.reserved.unwrap_or_default().into()))
}

async fn settle(asking: &Asking<'_>, call: &Call, outcome: Outcome) -> Result<(), Failure> {
    let edit =
        Edit::SettleCall { owner: call.owner.clone(), call: call.id.clone(), outcome: outcome.clone() };
    match write(&asking.models.desk, vec![edit]).await? {
        // An earlier look wrote it down, and died before it could say so.
        Ok(()) | Err(Unfit::Stale) => {
            asking.tally.count(call, &outcome);
            Ok(())
        }
        Err(unfit) => Err(broken(&format!("{unfit:?}"))),
    }
}

/// When a call went out.
pub(super) fn time(call: &Call) -> Timestamp {
    Timestamp::from_nanosecond(call.time.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}
