//! One call: its row is opened, it goes out, what comes is read, the row is settled. One row for each call, however it
//! ends: refused, cut off, or given up by whoever waited for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dsl::catalog::{Failure, FailureKind};
use egress::{Gathered, Header, Method, Request};
use jiff::Timestamp;
use secret::{Hole, Refused};
use store::calls::{Call, Limits, Outcome, Standing};
use store::{Change, Desk, Edit, Reader, Unfit};
use vault::{Beside, Held, Paid, Want, What, Who};

use super::live::{Asked, Known, Live};
use super::matter::{End, Matter};
use super::offers::Key;
use super::{Asking, By, Wish};
use crate::estimate::{Counter, Estimate};
use crate::price::{Money, Price, Priced};
use crate::refusal::{Class, Refusal, Reply};
use crate::route::{Candidate, is_below};
use crate::usage::Usage;

/// The longest time of a call: models that reason take minutes.
const PATIENCE: Duration = Duration::from_secs(600);

/// The level of a call that asks a model below what the step asks for.
const BELOW: i64 = 1;

/// The parts of a budget, in percent, at which it is told of.
const TOLD: [i128; 4] = [50, 80, 90, 100];

/// Why there is no answer.
pub(super) enum No {
    /// The provider said no, or did not say anything.
    Refused(Refusal),
    /// Nobody else is to be asked.
    Failed(Failure),
}

/// An answer, and what the call is known to have cost.
pub(super) struct Paidfor<A> {
    /// The answer.
    pub answer: Result<A, No>,
    /// What it cost, as far as it is known.
    pub cost: Money,
}

/// What is asked, of whom, and why.
pub(super) struct Ask<'a, M> {
    /// Who asks.
    pub asking: &'a Asking<'a>,
    /// What the step wants.
    pub wish: &'a Wish,
    /// The key.
    pub key: &'a Key,
    /// The model.
    pub candidate: &'a Candidate<'a>,
    /// The question, with the model in it.
    pub matter: M,
    /// Why this model.
    pub why: String,
    /// What is told of the answer while it comes.
    pub live: &'a Live<'a>,
    /// Whom else the choice was between.
    pub rivals: &'a Rivals,
}

/// What the ledger keeps of a choice beside the model.
#[derive(Clone, Debug, Default)]
pub(super) struct Rivals {
    /// At which level of a cascade it is, where the model is not below what the step asks for.
    pub level: i64,
    /// Who would be asked by price alone.
    pub single: String,
    /// Who would be asked where nothing but the best will do.
    pub reference: String,
}

/// What came of a call, before it is counted.
struct Came<A> {
    answer: Result<A, Refusal>,
    usage: Usage,
    class: &'static str,
    first: Option<Duration>,
}

impl<M: Matter> Ask<'_, M> {
    /// Makes the call.
    pub async fn make(self) -> Paidfor<M::Answer> {
        let now = Timestamp::now();
        let agreed = self.key.agreed.on(day(now));
        let price = match self.key.provider.price(self.candidate.offer.model, day(now), &agreed) {
            Priced::Known(price) => Some(price.clone()),
            Priced::Unknown { why } => {
                tracing::warn!(
                    by = self.asking.by.words(),
                    model = self.candidate.offer.name,
                    why,
                    "a call whose cost is not known"
                );
                None
            }
        };
        let likely = self.matter.likely(&self.key.provider.estimate);
        let call = match self.call(now) {
            Ok(call) => call,
            Err(failure) => return Paidfor { answer: Err(No::Failed(failure)), cost: Money::ZERO },
        };
        let request = self.request();
        let host = request.as_ref().ok().and_then(egress::Request::host);
        let (mut row, held) = match self.open(call.clone(), price, likely, host).await {
            Ok(opened) => opened,
            Err(failure) => return Paidfor { answer: Err(No::Failed(failure)), cost: Money::ZERO },
        };
        self.live.begin(|| Asked {
            provider: call.provider.clone(),
            model: call.model.clone(),
            key: call.key.clone(),
            payer: call.payer.clone(),
            why: self.why.clone(),
            price: if row.price.is_some() { Known::Yes } else { Known::No },
        });
        let came = self.send(request, held, &row.said).await;
        let cost =
            row.price.as_ref().and_then(|price| price.cost(&came.usage).known()).map(|cost| cost.total());
        let outcome = row.outcome(&came.usage, cost, came.class, came.first);
        let cost = cost.unwrap_or_default();
        let settled = row.settle(outcome.clone());
        let reader = self.asking.models.reader();
        self.asking.tally.count(&call, &outcome);
        let answer = came.answer.map_err(No::Refused);
        match self.asking.by {
            By::Step { .. } => match settled.await {
                Ok(()) => tell_of_budgets(reader, &call, cost),
                Err(failure) => return Paidfor { answer: Err(No::Failed(failure)), cost },
            },
            // Nothing rests on it but the ledger, which counts the call at its most until then: a program does not wait.
            By::Token { .. } => {
                tokio::spawn(async move {
                    match settled.await {
                        Ok(()) => tell_of_budgets(reader, &call, cost),
                        Err(failure) => {
                            let why = &*failure.message;
                            tracing::error!(
                                call = call.id,
                                why,
                                "a call is not settled; its most is counted"
                            );
                        }
                    }
                });
            }
        }
        Paidfor { answer, cost }
    }

    /// Its row, with the most that it can cost.
    pub fn call(&self, now: Timestamp) -> Result<Call, Failure> {
        let (asking, wish) = (self.asking, self.wish);
        let reserved = self.candidate.most.and_then(|most| i64::try_from(most.units()).ok());
        let (run, place, attempt, token) = match &asking.by {
            By::Step { run, place, attempt, hand: _ } => (*run, &**place, *attempt, ""),
            By::Token { name } => ("", "", 0, *name),
        };
        Ok(Call {
            owner: asking.owner.to_owned(),
            id: id(now)?,
            time: nanoseconds(now),
            workflow: wish.workflow.clone(),
            run: run.to_owned(),
            step: wish.step.clone(),
            place: place.to_owned(),
            attempt,
            token: token.to_owned(),
            provider: self.key.provider.name.clone(),
            model: self.candidate.offer.name.to_owned(),
            key: self.key.usable.name.clone(),
            payer: self.key.usable.payer.name().to_owned(),
            why: self.why.clone(),
            reserved,
            level: if is_below(&wish.need, self.candidate) { BELOW } else { self.rivals.level },
            single: self.rivals.single.clone(),
            reference: self.rivals.reference.clone(),
            saved: None,
            outcome: Outcome::default(),
        })
    }

    /// The limits that it brings along.
    pub fn limits(&self) -> Limits {
        let units = |money: Money| i64::try_from(money.units()).unwrap_or(i64::MAX);
        let month = month(Timestamp::now());
        Limits { run: self.wish.run_cost.map(units), step: self.wish.max_cost.map(units), month }
    }

    /// Opens the row, unless that could pass a limit, and with it the key for the host that is called, where both can be
    /// written down at once.
    async fn open(
        &self,
        call: Call,
        price: Option<Price>,
        likely: u64,
        host: Option<String>,
    ) -> Result<(Row, Option<Held>), Failure> {
        let limits = self.limits();
        let mut row = Row {
            desk: self.asking.models.desk.clone(),
            owner: call.owner.clone(),
            id: call.id.clone(),
            began: Instant::now(),
            price,
            likely,
            counts: self.key.provider.estimate,
            said: Mutex::default(),
            open: true,
        };
        let edit = Edit::OpenCall { call: Box::new(call.clone()), limits };
        // Until it is known that it is not there it is taken to be: whoever gives up here leaves a row that is settled.
        let (opened, held) = match self.beside(host, &edit).await {
            Some((opened, held)) => (Ok(opened), held),
            None => (write(&row.desk, vec![edit]).await, None),
        };
        row.open = matches!(opened, Ok(Ok(())));
        match opened? {
            Ok(()) => Ok((row, held)),
            Err(Unfit::Spent) => Err(Failure::new(FailureKind::Budget, self.too_dear(&call))),
            Err(unfit) => Err(broken(&format!("{unfit:?}"))),
        }
    }

    /// Opens the row and the key in one change. Nothing, where that cannot be: then nothing is written, and why the key does
    /// not open is found when it is to be sent.
    async fn beside(&self, host: Option<String>, edit: &Edit) -> Option<(Result<(), Unfit>, Option<Held>)> {
        let host = host?;
        let by = self.asking.by.words();
        let want = Want {
            who: Who { owner: self.asking.owner, actor: &by },
            what: What::PaidBy { payer: &self.key.usable.payer, name: &self.key.usable.name },
            connector: &self.key.provider.name,
            host: &host,
        };
        match self.asking.vault.resolve_beside(&want, vec![edit.clone()]).await {
            Ok(Beside::Opened(resolved)) => {
                let secret = resolved.secret;
                Some((Ok(()), Some(Held { host, secret })))
            }
            Ok(Beside::Unfit(unfit)) => Some((Err(unfit), None)),
            Ok(Beside::Apart) | Err(_) => None,
        }
    }

    /// Why a budget does not let a call go out.
    pub fn too_dear(&self, call: &Call) -> String {
        let name = self.candidate.offer.name;
        let Some(reserved) = call.reserved else {
            return format!("the price of `{name}` is not known, and a budget must be kept");
        };
        let short = |stands: &&Standing| stands.budget.most.saturating_sub(stands.spent) < reserved;
        let budgets = standing(self.asking.models.reader(), call);
        let left = match budgets.iter().find(short) {
            // What another payer has left is not told.
            Some(Standing { budget, .. }) if budget.owner != self.asking.owner => {
                "less is left in a budget of whoever pays".to_owned()
            }
            Some(Standing { budget, spent, .. }) => {
                let money = |units: i64| Money::from_units(units.into());
                let of = match budget.name.is_empty() {
                    true => "of the owner".to_owned(),
                    false => format!("of the {} `{}`", budget.scope, budget.name),
                };
                let left = money(budget.most.saturating_sub(*spent).max(0));
                format!("{left} of {} USD are left for this month in the budget {of}", money(budget.most))
            }
            None => "less is left of what the step or the run may cost".to_owned(),
        };
        format!("a call of `{name}` may cost {} USD, and {left}", Money::from_units(reserved.into()))
    }

    async fn send(
        &self,
        request: Result<Request, Refusal>,
        held: Option<Held>,
        said: &Mutex<Counter>,
    ) -> Came<M::Answer> {
        let nothing = |refusal: Refusal| Came {
            class: refusal.class.name(),
            answer: Err(refusal),
            usage: Usage::default(),
            first: None,
        };
        let request = match request {
            Ok(request) => request,
            Err(refusal) => return nothing(refusal),
        };
        let open = Paid {
            vault: self.asking.vault.clone(),
            owner: self.asking.owner.to_owned(),
            actor: self.asking.by.words(),
            payer: self.key.usable.payer.clone(),
            name: self.key.usable.name.clone(),
            provider: self.key.provider.name.clone(),
            held,
        };
        let mut reading = self.matter.begin(self.key.provider);
        let mut broken = None;
        let mut hear = |status: u16, piece: &[u8]| {
            if !is_right(status) || broken.is_some() {
                return;
            }
            match M::hear(&mut reading, piece) {
                Ok(deltas) => {
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    deltas.iter().for_each(|delta| said.push(delta.text()));
                    self.live.tell(&deltas);
                }
                Err(refusal) => broken = Some(refusal),
            }
        };
        let client = self.asking.models.client(self.asking.reach).opened_by(Arc::new(open));
        match client.gather(request, &mut hear).await {
            Ok(gathered) => self.read(&gathered, reading, broken),
            Err(error) => {
                let mut came = nothing(unsent(&error));
                if matches!(
                    error,
                    egress::Error::Timeout { .. } | egress::Error::Network { before_send: false, .. }
                ) {
                    // It may have been read, and paid for.
                    came.usage = Usage::guess(self.matter.likely(&self.key.provider.estimate), 0);
                }
                came
            }
        }
    }

    fn request(&self) -> Result<Request, Refusal> {
        let account = self.key.provider.account();
        let account = account.ok_or_else(|| Refusal::new(Class::NotOffered, "the provider has no keys"))?;
        let settings = &self.key.usable.settings;
        let base = settings.get("base").or(account.base.as_ref()).cloned().unwrap_or_default();
        let sent = self.matter.sent(self.key.provider, settings);
        let sent =
            sent.ok_or_else(|| Refusal::new(Class::NotOffered, "the provider does not answer this"))?;
        let mut request = Request::new(Method::POST, format!("{base}{}", sent.path));
        let key = Hole::Join(vec![Hole::Plain(account.check.before.clone()), Hole::Name("key".into())]);
        request.headers.push(Header::credential(&account.check.header, key));
        request.headers.extend(sent.headers.iter().map(|(name, value)| Header::new(name, &**value)));
        request.body = vec![egress::Part::Plain(sent.body.to_string().into())];
        (request.timeout, request.redirects) = (Some(PATIENCE), Some(0));
        Ok(request)
    }

    /// Reads what came. What was said before it broke off was paid for.
    fn read(&self, gathered: &Gathered, reading: M::Reading, broken: Option<Refusal>) -> Came<M::Answer> {
        let (provider, response, first) = (self.key.provider, &gathered.response, gathered.first);
        let refused = |refusal: Refusal, usage: Usage| Came {
            class: refusal.class.name(),
            answer: Err(refusal),
            usage,
            first,
        };
        if !is_right(response.status) {
            let reply = Reply { status: response.status, headers: &response.headers, body: &response.body };
            return refused(provider.refusal(&reply, Timestamp::now()), Usage::default());
        }
        if let Some(refusal) = broken {
            return refused(refusal, self.matter.cut(reading, provider));
        }
        if let Some(error) = &gathered.broken {
            let refusal = Refusal::new(Class::Broken, format!("the answer broke off: {error}"));
            return Came { class: "cut", ..refused(refusal, self.matter.cut(reading, provider)) };
        }
        let (answer, usage) = self.matter.end(reading, provider);
        match answer {
            Ok(answer) => Came { class: "ok", answer: Ok(answer), usage, first },
            Err(End::Refused(refusal)) => refused(refusal, usage),
            Err(End::Cut(refusal)) => Came { class: "cut", ..refused(refusal, usage) },
        }
    }
}

/// Says which budgets a settled call has brought to one of the parts that are told of.
pub(super) fn tell_of_budgets(reader: Result<Arc<Reader>, store::Error>, call: &Call, cost: Money) {
    let Ok(cost) = i64::try_from(cost.units()) else { return };
    for Standing { budget, spent, .. } in standing(reader, call) {
        let reached = |percent: &&i128| {
            let line = i128::from(budget.most) * **percent;
            i128::from(spent) * 100 >= line && i128::from(spent.saturating_sub(cost)) * 100 < line
        };
        if let Some(percent) = TOLD.iter().rev().find(reached) {
            let (owner, scope, name) = (&*budget.owner, &*budget.scope, &*budget.name);
            tracing::warn!(owner, scope, name, "{percent} % of a budget of this month are spent");
        }
    }
}

/// The budgets that a call must keep, and what is spent or reserved of each in this month. It looks at a few rows, for which
/// nobody is waited for.
fn standing(reader: Result<Arc<Reader>, store::Error>, call: &Call) -> Vec<Standing> {
    let read = reader.and_then(|reader| reader.standing(call, month(Timestamp::now())));
    read.unwrap_or_else(|error| {
        tracing::warn!(%error, "the budgets cannot be read");
        vec![]
    })
}

/// True if a status says that an answer follows.
fn is_right(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Why nothing came, as a refusal.
pub(super) fn unsent(error: &egress::Error) -> Refusal {
    let class = match error {
        egress::Error::Secret(Refused::Payer { .. }) => Class::NoCredit,
        egress::Error::Secret(_) => Class::BadKey,
        egress::Error::Refused(_) | egress::Error::Invalid(_) => Class::Invalid,
        _ => Class::Broken,
    };
    Refusal::new(class, error.to_string())
}

/// The row of a call that is under way. Dropped before it is settled, it is settled as given up.
struct Row {
    desk: Arc<Desk>,
    owner: String,
    id: String,
    began: Instant,
    price: Option<Price>,
    likely: u64,
    /// How its provider counts.
    counts: Estimate,
    /// What came of an answer so far.
    said: Mutex<Counter>,
    /// Whether it may be in the ledger and not settled.
    open: bool,
}

impl Row {
    fn outcome(&self, usage: &Usage, cost: Option<Money>, class: &str, first: Option<Duration>) -> Outcome {
        let length = |length: Duration| i64::try_from(length.as_nanos()).unwrap_or(i64::MAX);
        Outcome {
            tokens: usage.tokens(),
            estimated: usage.estimated,
            cost: cost.and_then(|cost| i64::try_from(cost.units()).ok()),
            latency: Some(length(self.began.elapsed())),
            first: first.map(length),
            class: class.to_owned(),
        }
    }

    fn edit(&self, outcome: Outcome) -> Edit {
        Edit::SettleCall { owner: self.owner.clone(), call: self.id.clone(), outcome }
    }

    /// Settles it, whether or not the end of that is waited for.
    fn settle(&mut self, outcome: Outcome) -> impl Future<Output = Result<(), Failure>> + use<> {
        self.open = false;
        let settled = self.desk.post(Change::untold(vec![self.edit(outcome)]));
        async move {
            let settled = settled.await.map_err(|error| broken(&error.to_string()))?;
            settled.map_err(|unfit| broken(&format!("{unfit:?}")))
        }
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        // Whether it was read nobody knows; that it was, is likely, and what was written until then counts.
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner).hundredths();
        let written = self.counts.likely(said);
        let usage = Usage::guess(self.likely, written);
        let cost = self.price.as_ref().and_then(|price| price.cost(&usage).known()).map(|cost| cost.total());
        let edit = self.edit(self.outcome(&usage, cost, "cut", None));
        // Where nothing can be written any more, the next start counts the row as lost.
        drop(self.desk.post(Change::untold(vec![edit])));
    }
}

pub(super) async fn write(desk: &Desk, edits: Vec<Edit>) -> Result<Result<(), Unfit>, Failure> {
    desk.post(Change::untold(edits)).await.map_err(|error| broken(&error.to_string()))
}

pub(super) fn broken(why: &str) -> Failure {
    Failure::passing(FailureKind::Server, format!("the ledger cannot be written: {why}"))
}

/// What names a call: when it went out, in milliseconds, then chance. So the ledger grows at its end, where a name of chance
/// alone would touch a page of its own for each call, in the table and in each of its indexes.
fn id(now: Timestamp) -> Result<String, Failure> {
    let mut chance = [0; 10];
    getrandom::fill(&mut chance).map_err(|error| broken(&error.to_string()))?;
    let chance: String = chance.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{:012x}{chance}", now.as_millisecond()))
}

/// The day whose prices count.
pub(super) fn day(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// When the month of a time began, in UTC.
pub fn month(now: Timestamp) -> i64 {
    let first = day(now).first_of_month().to_zoned(jiff::tz::TimeZone::UTC);
    first.map_or(i64::MIN, |first| nanoseconds(first.timestamp()))
}

pub(super) fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}
