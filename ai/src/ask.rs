//! Asking a model for a step, or for a program: who is asked, with which key, whom else where that fails, and what makes an
//! answer the value of a step. The one place of this crate that sends, waits and writes.
//!
//! Who pays is settled first and stays: where the owner's own keys could serve, neither an organisation's nor the
//! platform's is asked when they fail.

mod batch;
mod by;
mod call;
mod choosing;
mod embed;
mod explain;
mod foresee;
mod history;
mod learned;
pub mod live;
mod matter;
mod offers;
pub mod program;
mod tally;
mod tools;
mod turn;
mod value;
mod ways;
mod wish;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use egress::{Client, Policy};
use jiff::{SignedDuration, Timestamp};
use secret::NoVault;
use store::{Desk, Reader};
use tokio::sync::Semaphore;
use vault::Vault;

use crate::chat::{Answer, Message, Part, Question, Role};
use crate::health::{Asked, Down, Gate, Health};
use crate::price::Money;
use crate::provider::Quality;
use crate::refusal::{NextKey, NextProvider, Refusal, SameKey};
use crate::route::{self, Candidate, Prospect};
pub use batch::{batch, give_up};
pub use by::By;
pub use call::month;
use call::{Ask, No, Rivals};
use choosing::{full, nobody};
pub use embed::{catalog, embed};
pub use explain::{Explained, Weighed, explain};
pub use foresee::{Foreseen, Known, foresee};
use history::{History, Ledger};
pub use live::{Hand, Heard, Piece};
use live::{Hears, Live};
use matter::Matter;
use offers::Key;
pub use tally::{Taken, Tally};
pub use turn::turn;
pub use ways::Ways;
use wish::Wish;

/// How long a step waits here in sum; more is the engine's business, which waits durably.
const WAITS: Duration = Duration::from_secs(10);

/// The pause before a provider that failed is asked again; it doubles.
const PAUSE: Duration = Duration::from_millis(250);

/// The longest answer in bytes.
const LONGEST: usize = 100 << 20;

/// How many look for keys at once.
const LOOKS: usize = 4;

/// How long the rows of calls that were given up are waited for at the end.
const SETTLES: Duration = Duration::from_secs(5);

/// A failure that is further away is not waited for.
const SOON: Duration = Duration::from_secs(6 * 3600);

/// What all questions of a process share: the ledger, the connections, and who is left alone for a while.
pub struct Models {
    desk: Arc<Desk>,
    health: Mutex<Health>,
    clients: [OnceLock<Client>; 2],
    /// How many look for keys at once: more would be as many threads that wait for one another.
    looking: Semaphore,
    ways: Arc<Ways>,
    /// Owners that are known to have no batch under way.
    without_batches: Mutex<BTreeSet<String>>,
}

/// Where models may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// At public addresses.
    Public,
    /// Also at private ones.
    Private,
}

/// Who asks.
pub struct Asking<'a> {
    /// What all share.
    pub models: &'a Models,
    /// The vault with the keys.
    pub vault: Arc<Vault>,
    /// Whose keys.
    pub owner: &'a str,
    /// What asks for them.
    pub by: By<'a>,
    /// Where models may be.
    pub reach: Reach,
    /// What that took, call by call.
    pub tally: Tally,
}

impl Models {
    /// Makes it over the one writer of the store.
    pub fn new(desk: Arc<Desk>) -> Models {
        Models::with(desk, Ways::default())
    }

    /// The same, with other ways to choose a model.
    pub fn with(desk: Arc<Desk>, ways: Ways) -> Models {
        Models {
            desk,
            ways: Arc::new(ways),
            health: Mutex::default(),
            clients: Default::default(),
            looking: Semaphore::new(LOOKS),
            without_batches: Mutex::default(),
        }
    }

    /// Waits for the rows of calls that were given up, so that they are in the ledger when the process ends.
    pub fn settled(&self) {
        self.desk.flush(SETTLES);
    }

    /// What is read of the ledger and its budgets.
    fn reader(&self) -> Result<Arc<Reader>, store::Error> {
        self.desk.reader()
    }

    fn ledger(&self) -> Ledger {
        Ledger { desk: self.desk.clone() }
    }

    fn client(&self, reach: Reach) -> &Client {
        let (at, allow_private) = match reach {
            Reach::Public => (0, false),
            Reach::Private => (1, true),
        };
        self.clients[at].get_or_init(|| {
            let policy = Policy { allow_private, max_response: LONGEST, ..Policy::default() };
            Client::new(policy, Arc::new(NoVault))
        })
    }

    fn without_batches(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.without_batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The providers and models that are left alone, whoever asks.
    pub fn down(&self) -> Vec<Down> {
        self.health().down()
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers a step that asks a model: `ai.ask` with these parameters.
///
/// # Errors
/// Where nobody can be asked, all say no, or the answer is not what the step wants.
pub async fn ask(asking: &Asking<'_>, args: &Value) -> Result<Value, Failure> {
    let wish = Wish::of(args)?;
    let hears = match &asking.by {
        By::Step { hand, .. } if wish.is_text() => Hears::Text(*hand),
        By::Step { .. } | By::Token { .. } => Hears::Nobody,
    };
    let live = Live::new(hears);
    Step { live, ..Step::of(asking, wish).await? }.run().await
}

/// A step under way.
struct Step<'a> {
    asking: &'a Asking<'a>,
    wish: Wish,
    keys: Vec<Key>,
    /// The keys that are out of use, in words.
    out_of_use: Vec<String>,
    /// How good a model is asked for.
    quality: Quality,
    /// What is foretold of the answers, as long as a model below the floor may be asked.
    prospect: Option<Prospect>,
    /// What is known of its last calls.
    history: History,
    /// At which level of a cascade it is.
    level: i64,
    /// What came of the levels below, for people.
    below: String,
    /// What its calls have cost, as far as it is known.
    spent: Money,
    /// How long it has waited here.
    waited: Duration,
    /// Why it is asked at once, where it had time.
    aside: Option<String>,
    /// What is told of its answers while they come.
    live: Live<'a>,
}

/// Why an answer is not what a step wants.
enum Misfit {
    /// It has another form.
    Form(String),
    /// It does not meet the step's own condition.
    Check(String),
}

/// Whether a wrong answer was told to a model.
enum Turn {
    First,
    Repair,
}

impl<'a> Step<'a> {
    /// Finds the keys with which a wish can be answered.
    async fn of(asking: &'a Asking<'a>, mut wish: Wish) -> Result<Step<'a>, Failure> {
        let (vault, owner, wanted) = (asking.vault.clone(), asking.owner.to_owned(), wish.need.model.clone());
        let (ways, ledger) = (asking.models.ways.clone(), asking.models.ledger());
        let find = move || {
            let (keys, out_of_use) =
                offers::keys(ways.providers, &vault, &owner, wanted.as_deref(), &|of| ledger.prices(of))?;
            let history = ledger.history(&owner, &wish);
            let prospect = ways.prospect(&wish, &history);
            wish.need.writes = history.writes.unwrap_or(wish.need.writes);
            Ok::<_, Failure>((wish, keys, out_of_use, prospect, history))
        };
        let found = match &asking.by {
            // It has no history, and its keys are a few rows, for which nobody is waited for: less than a change of threads.
            By::Token { .. } => find(),
            By::Step { .. } => {
                let broke_off = || Failure::passing(FailureKind::Server, "the search for keys broke off");
                let looks = asking.models.looking.acquire().await.map_err(|_| broke_off())?;
                let found = tokio::task::spawn_blocking(find).await;
                drop(looks);
                found.map_err(|_| broke_off())?
            }
        };
        let (wish, keys, out_of_use, prospect, history) = found?;
        let (quality, spent, waited) = (wish.need.quality, Money::ZERO, Duration::ZERO);
        let (level, below, aside, live) = (0, String::new(), None, Live::new(Hears::Nobody));
        Ok(Step {
            asking,
            quality,
            wish,
            keys,
            out_of_use,
            prospect,
            history,
            level,
            below,
            spent,
            waited,
            aside,
            live,
        })
    }

    async fn run(mut self) -> Result<Value, Failure> {
        let mut question = self.wish.question.clone();
        let mut turn = Turn::First;
        loop {
            let (answer, asked) = self.answer(&question).await?;
            let (why, better) = match self.value(&answer) {
                Ok(value) => return Ok(value),
                // Nothing is repaired below the floor: the floor itself is asked, and asked anew.
                Err(Misfit::Form(why) | Misfit::Check(why)) if asked.below && !self.live.handed_on() => {
                    self.up(&asked, &why);
                    (turn, question) = (Turn::First, self.wish.question.clone());
                    continue;
                }
                Err(Misfit::Form(why)) => (why, None),
                Err(Misfit::Check(why)) => (why, self.better(&question)),
            };
            match (better, &turn) {
                (Some(quality), _) => {
                    self.rises(3, &asked, &why);
                    (self.quality, turn) = (quality, Turn::First);
                    question = self.wish.question.clone();
                }
                (None, Turn::First) if !self.live.handed_on() => {
                    turn = Turn::Repair;
                    repair(&mut question, &answer, &why);
                }
                (None, Turn::First | Turn::Repair) => return Err(wrong_answer(&answer, &why)),
            }
        }
    }

    /// After an answer of a model that is not as good as the step asks for: from here on none such is asked.
    fn up(&mut self, asked: &AskedOf, why: &str) {
        self.prospect = None;
        self.rises(2, asked, why);
    }

    fn rises(&mut self, level: i64, asked: &AskedOf, why: &str) {
        self.level = level;
        self.below += &format!("; what `{}` answered does not fit: {why}", asked.model);
    }

    /// True if what the question begins with is read again within minutes: a model with tools reads it in each turn, and a step
    /// that was answered a moment ago is one that comes again. A program says itself what is to be remembered.
    fn is_again(&self) -> bool {
        let in_turns = !self.wish.question.tools.is_empty();
        matches!(self.asking.by, By::Step { .. }) && (in_turns || self.history.recent)
    }

    /// The value of an answer, if it is what the step wants.
    fn value(&self, answer: &Answer) -> Result<Value, Misfit> {
        let value = value::read(answer, self.wish.returns.as_deref()).map_err(Misfit::Form)?;
        if let Some(check) = &self.wish.check {
            value::checked(&value, check).map_err(Misfit::Check)?;
        }
        Ok(value)
    }

    /// An answer of whoever gives one.
    async fn answer(&mut self, question: &Question) -> Result<(Answer, AskedOf), Failure> {
        let (mut spent, mut waited) = (self.spent, self.waited);
        let (choice, length) = self.choose(question, self.quality)?;
        let aside = self.aside.as_ref().map(|aside| format!("; {aside}")).unwrap_or_default();
        let why = format!("{}{}{aside}", choice.why, self.below);
        let rivals =
            Rivals { level: self.level, single: full(&choice.single), reference: full(&choice.reference) };
        let course = Course { step: self, matter: question, length, why, rivals };
        let answered = course.run(choice.candidates, &mut spent, &mut waited).await;
        (self.spent, self.waited) = (spent, waited);
        answered
    }
}

/// Who gave an answer.
struct AskedOf {
    /// The name of the model, as it is asked.
    model: String,
    /// True if it is not as good as the step asks.
    below: bool,
}

/// Tells a model what is wrong with its answer.
fn repair(question: &mut Question, answer: &Answer, why: &str) {
    let said = Message::new(Role::Model, vec![Part::text(answer.text())]);
    // A turn without any text is refused by some.
    let turns = [said].into_iter().filter(|_| !answer.text().is_empty());
    question.messages.extend(turns.chain([complaint(why)]));
}

/// What a model is told of an answer that cannot be used.
fn complaint(why: &str) -> Message {
    let wrong = format!(
        "This answer cannot be used: {why}. Answer again, whole, and in the form that was asked for."
    );
    Message::new(Role::User, vec![Part::text(wrong)])
}

/// The failure of a step whose answer was told to be wrong and still is.
fn wrong_answer(answer: &Answer, why: &str) -> Failure {
    let message = format!("the answer of `{}` is not what the step wants: {why}", answer.model);
    Failure { answered: true, ..Failure::new(FailureKind::Invalid, message) }
}

/// The way of one question through those who can answer it.
struct Course<'a, M> {
    step: &'a Step<'a>,
    matter: &'a M,
    length: Option<u64>,
    why: String,
    rivals: Rivals,
}

impl<'a, M: Matter> Course<'a, M> {
    async fn run(
        mut self,
        mut candidates: Vec<Candidate<'a>>,
        spent: &mut Money,
        waited: &mut Duration,
    ) -> Result<(M::Answer, AskedOf), Failure> {
        let mut last: Option<Refusal> = None;
        let mut pause = PAUSE;
        loop {
            let mut at = 0;
            while let Some(candidate) = candidates.get(at).copied() {
                if self.shut(&candidate).is_some() {
                    at += 1;
                    continue;
                }
                let refusal = match self.insist(&candidate, spent, waited).await {
                    Ok(answer) => {
                        let below = route::is_below(&self.step.wish.need, &candidate);
                        return Ok((answer, AskedOf { model: candidate.offer.name.to_owned(), below }));
                    }
                    Err(No::Failed(failure)) => return Err(failure),
                    Err(No::Refused(refusal)) => refusal,
                };
                self.why = format!("{}; `{}` said no: {}", self.why, candidate.offer.name, refusal.message);
                candidates = self.others(candidates, at, &refusal);
                if refusal.class.rule().same_key == SameKey::AfterWait {
                    // It is asked again once it may be, if nobody else answers.
                    candidates.insert(at, candidate);
                    at += 1;
                }
                last = Some(refusal);
            }
            let Some((until, why)) = self.soonest(&candidates) else {
                return Err(match last {
                    Some(refusal) => refusal.failure(),
                    None => Failure::new(FailureKind::Invalid, self.why),
                });
            };
            let wait =
                Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default().max(pause);
            if *waited + wait > WAITS {
                return Err(later(wait, last, &why));
            }
            (*waited, pause) = (*waited + wait, pause * 2);
            tokio::time::sleep(wait).await;
        }
    }

    /// Asks one until it answers or its rule says that it will not.
    async fn insist(
        &self,
        candidate: &Candidate<'a>,
        spent: &mut Money,
        waited: &mut Duration,
    ) -> Result<M::Answer, No> {
        let mut tries = 0;
        loop {
            let asked = self.asked(candidate);
            let began = self.step.asking.models.health().begin(&asked, Timestamp::now());
            let key = self
                .key(candidate)
                .ok_or_else(|| No::Failed(Failure::new(FailureKind::Auth, "the key is gone")))?;
            let longest =
                candidate.offer.provider.model(candidate.offer.model).and_then(|model| model.max_output);
            let length = self.length.map(|length| longest.map_or(length, |longest| length.min(longest)));
            let mut matter = self.matter.of(candidate.offer.name, length);
            if self.step.is_again() {
                matter = matter.remembered(candidate.offer.provider, candidate.offer.model);
            }
            let (asking, wish, why) = (self.step.asking, &self.step.wish, self.why.clone());
            let (live, rivals) = (&self.step.live, &self.rivals);
            let made = Ask { asking, wish, key, candidate, matter, why, live, rivals }.make().await;
            *spent += made.cost;
            let refusal = match made.answer {
                Ok(answer) => {
                    asking.models.health().answered(&began);
                    return Ok(answer);
                }
                Err(No::Failed(failure)) => return Err(No::Failed(failure)),
                Err(No::Refused(refusal)) => refusal,
            };
            asking.models.health().refused(&began, &refusal, Timestamp::now());
            asking.note(key, &refusal).await;
            let (by, key, model) = (asking.by.words(), &key.usable.name, candidate.offer.name);
            live.refused(refusal.class);
            tracing::warn!(
                by,
                key,
                model,
                class = refusal.class.name(),
                "a model was not reached: {refusal}"
            );
            if live.handed_on() {
                // What somebody has read does not begin anew under their eyes: the engine's next try does.
                return Err(No::Failed(refusal.failure()));
            }
            let pause = refusal.wait.unwrap_or(PAUSE * 2_u32.pow(u32::from(tries)));
            match refusal.class.rule().same_key {
                SameKey::Tries(most)
                    if tries < most && *waited + pause <= WAITS && self.shut(candidate).is_none() =>
                {
                    tries += 1;
                    *waited += pause;
                    tokio::time::sleep(pause).await;
                }
                SameKey::Tries(_) | SameKey::AfterWait | SameKey::Never => return Err(No::Refused(refusal)),
            }
        }
    }

    /// Who may still be asked after a refusal of the one at a place.
    fn others(&self, candidates: Vec<Candidate<'a>>, at: usize, refusal: &Refusal) -> Vec<Candidate<'a>> {
        let Some(refused) = candidates.get(at).copied() else { return candidates };
        let rule = refusal.class.rule();
        let context = |candidate: &Candidate<'_>| {
            candidate.offer.provider.model(candidate.offer.model).map_or(0, |model| model.context)
        };
        let may = |other: &Candidate<'a>| {
            if same(other, &refused) {
                return false;
            }
            let provider = other.offer.provider.name == refused.offer.provider.name;
            let model = provider && other.offer.name == refused.offer.name;
            let key = match rule.next_key {
                NextKey::AtOnce => true,
                NextKey::Never => !model,
            };
            key && match rule.next_provider {
                NextProvider::Yes => true,
                // A step that names no model leaves open who answers.
                NextProvider::IfAllowed => provider || self.step.wish.need.model.is_none(),
                NextProvider::Larger => context(other) > context(&refused),
                NextProvider::Never | NextProvider::ByPolicy => provider && rule.next_key == NextKey::AtOnce,
            }
        };
        candidates.into_iter().filter(|other| may(other)).collect()
    }

    /// Until when one is left alone, and why.
    fn shut(&self, candidate: &Candidate<'_>) -> Option<(Timestamp, String)> {
        let (asked, now) = (self.asked(candidate), Timestamp::now());
        let health = self.step.asking.models.health();
        match health.gate(&asked, now) {
            Gate::Open | Gate::Probe => None,
            // What comes of it is known in a moment.
            Gate::Shut { why, .. } if health.is_probed(&asked, now) => Some((now, why)),
            Gate::Shut { until, why } => Some((until, why)),
        }
    }

    fn soonest(&self, candidates: &[Candidate<'_>]) -> Option<(Timestamp, String)> {
        let now = || (Timestamp::now(), String::new());
        candidates.iter().map(|candidate| self.shut(candidate).unwrap_or_else(now)).min()
    }

    fn asked(&self, candidate: &Candidate<'_>) -> Asked {
        Asked {
            provider: candidate.offer.provider.name.clone(),
            model: candidate.offer.name.to_owned(),
            key: candidate.offer.key.to_owned(),
        }
    }

    fn key(&self, candidate: &Candidate<'_>) -> Option<&Key> {
        self.step.keys.iter().find(|key| key.id == candidate.offer.key)
    }
}

fn same(one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    one.offer.key == other.offer.key && one.offer.name == other.offer.name
}

/// The failure of a step whose next call has to wait longer than is waited here.
fn later(wait: Duration, last: Option<Refusal>, why: &str) -> Failure {
    let failure = match last {
        Some(refusal) => refusal.failure(),
        None => Failure::new(FailureKind::RateLimited, format!("nobody can be asked just now: {why}")),
    };
    let retry_after = SignedDuration::try_from(wait).ok().filter(|_| wait <= SOON);
    Failure { retryable: retry_after.is_some(), retry_after, answered: true, ..failure }
}
