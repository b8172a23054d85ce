//! What the models of a run would cost: each step that asks one, and the whole. Nothing goes out, and what is not known is
//! told as that, and never as zero.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use ai::ask::Foreseen;
use ai::ask::{Asking, By, Heard, Known, Models, Reach, Tally};
pub use ai::price::Money;
use dsl::workflow::{ACCOUNT, BATCH, EMBED};
use engine::outline::{self, Asks, Entry, Outline, Part};
use store::Desk;
use store::calls::Budget;

use crate::DriverError;
use crate::error::Error;
use crate::home::Home;

/// How long is waited for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the models of a run would cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    /// The steps that ask, in the order of the outline.
    pub steps: Vec<OfStep>,
    /// All of them together.
    pub sum: Sum,
    /// What the run may cost.
    pub limit: Option<Money>,
    /// The budgets that could stop it, or would.
    pub tight: Vec<Tight>,
}

/// What a step would cost that asks a model.
#[derive(Clone, Debug, PartialEq)]
pub struct OfStep {
    /// Its path, without the numbers of items.
    pub path: String,
    /// How often it runs in each round of the loops.
    pub times: u64,
    /// The loops around it whose rounds are not known, outer ones first.
    pub loops: Vec<String>,
    /// What it asks.
    pub asks: Asks,
    /// Who would be asked, and what one answer costs; or why nobody can say.
    pub foreseen: Result<Foreseen, String>,
}

/// What several steps cost together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    /// What is known, by the loops for each of whose items it is; without loops, once.
    pub known: BTreeMap<Vec<String>, Amount>,
    /// The paths of the steps of which nothing is known.
    pub unknown: BTreeSet<String>,
}

/// What something costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Likely.
    pub likely: Money,
    /// At most, where that is known.
    pub most: Option<Money>,
}

/// A budget that may not suffice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tight {
    /// Which.
    pub budget: Budget,
    /// What is left of it.
    pub left: Money,
    /// Whether it suffices for what is likely.
    pub verdict: Verdict,
}

/// Whether a budget suffices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not for what is likely.
    Stops,
    /// Not for the most that it can cost.
    MayStop,
}

impl OfStep {
    /// What it costs at most each time, with all its turns, where that is known.
    pub fn most(&self) -> Option<Money> {
        let foreseen = self.foreseen.as_ref().ok()?;
        let most = foreseen.most.map(|most| times(most, self.asks.turns.unwrap_or(1)));
        [most, foreseen.max_cost].into_iter().flatten().min()
    }

    /// What it costs in each round of its loops.
    fn amount(&self) -> Option<Amount> {
        let likely = self.foreseen.as_ref().ok()?.likely?;
        let most = self.most().map(|most| times(most, self.times));
        Some(Amount { likely: times(likely, self.times), most })
    }
}

/// So much so many times, as far as it can be counted.
fn times(money: Money, by: u64) -> Money {
    Money::from_units(money.units().saturating_mul(i128::from(by)).min(i128::from(i64::MAX)))
}

impl Sum {
    fn of(step: &OfStep) -> Sum {
        let mut sum = Sum::default();
        match step.amount() {
            // Of what is never asked nothing is to be known.
            _ if step.times == 0 => {}
            Some(amount) => drop(sum.known.insert(step.loops.clone(), amount)),
            None => drop(sum.unknown.insert(step.path.clone())),
        }
        sum
    }

    /// Of two things that both happen.
    fn and(self, other: Sum) -> Sum {
        self.joined(other, |one, other| Amount {
            likely: one.likely + other.likely,
            most: one.most.zip(other.most).map(|(one, other)| one + other),
        })
    }

    /// Of two things of which one happens: the dearer one.
    fn or(self, other: Sum) -> Sum {
        self.joined(other, |one, other| Amount {
            likely: one.likely.max(other.likely),
            most: one.most.zip(other.most).map(|(one, other)| one.max(other)),
        })
    }

    fn joined(mut self, other: Sum, join: fn(Amount, Amount) -> Amount) -> Sum {
        for (loops, amount) in other.known {
            let joined = self.known.get(&loops).map_or(amount, |known| join(*known, amount));
            self.known.insert(loops, joined);
        }
        self.unknown.extend(other.unknown);
        self
    }

    /// What it costs at most in all; nothing where that is not known.
    fn most(&self) -> Option<Money> {
        let closed = self.unknown.is_empty() && self.known.keys().all(Vec::is_empty);
        if !closed {
            return None;
        }
        self.known.get(&vec![]).map_or(Some(Money::ZERO), |amount| amount.most)
    }

    /// What it costs likely, as far as that is known.
    fn likely(&self) -> Money {
        self.known.get(&vec![]).map_or(Money::ZERO, |amount| amount.likely)
    }
}

impl Costs {
    /// What all costs at most: as it adds up, or as the run is limited; nothing where neither is known.
    pub fn most(&self) -> Option<Money> {
        [self.sum.most(), self.limit].into_iter().flatten().min()
    }
}

/// Foresees what the models of a run of an owner would cost.
///
/// # Errors
/// Where the ledger or the vault cannot be read.
pub async fn costs(home: &Home, owner: &str, outline: &Outline) -> Result<Costs, Error> {
    let mut steps = vec![];
    gather(&outline.body, &Place::default(), &mut steps);
    if steps.is_empty() {
        return Ok(Costs::default());
    }
    let limit = steps.iter().find_map(|step| limit(&step.asks));
    // A plan makes no store where there is none.
    if home.database().exists() {
        let vault = Arc::new(crate::safe::open(home)?);
        let desk = Arc::new(Desk::open(&home.database(), PATIENCE).map_err(DriverError::from)?);
        let models = Models::new(desk);
        let by = By::Step { run: "", place: String::new(), attempt: 1, hand: &|_| Heard::Nobody };
        let (models, reach, tally) = (&models, Reach::Public, Tally::default());
        let asking = Asking { models, vault, owner, by, reach, tally };
        for step in steps.iter_mut().filter(|step| &*step.asks.action != EMBED) {
            let known = if step.asks.open.is_empty() { Known::Whole } else { Known::Part };
            let foreseen = ai::ask::foresee(&asking, &step.asks.args, known).await;
            step.foreseen = foreseen.map_err(|failure| failure.message);
        }
    }
    let sum = sum(&outline.body, "", &steps);
    let costs = Costs { steps, sum, limit, tight: vec![] };
    let budgets = crate::usage::budgets(home, owner, crate::usage::month())?;
    let tight = budgets.into_iter().filter_map(|(budget, spent)| costs.tight(budget, spent, &outline.name));
    Ok(Costs { tight: tight.collect(), ..costs })
}

impl Costs {
    fn tight(&self, budget: Budget, spent: i64, workflow: &str) -> Option<Tight> {
        let keys = || self.steps.iter().filter_map(|step| step.foreseen.as_ref().ok()).map(|one| &one.key);
        let bears = match &*budget.scope {
            "owner" => true,
            "workflow" => budget.name == workflow,
            "key" => keys().any(|key| *key == budget.name),
            _ => false,
        };
        let left = Money::from_units(i128::from(budget.most.saturating_sub(spent).max(0)));
        let verdict = match self.most() {
            _ if !bears => return None,
            _ if self.sum.likely() > left => Verdict::Stops,
            Some(most) if most <= left => return None,
            Some(_) | None => Verdict::MayStop,
        };
        Some(Tight { budget, left, verdict })
    }
}

/// Where a step stands: how often it runs, and for each item of which loops.
#[derive(Clone, Default)]
struct Place {
    path: String,
    times: Option<u64>,
    loops: Vec<String>,
}

impl Place {
    fn below(&self, entry: &Entry) -> Place {
        let path = join(&self.path, &entry.name);
        let mut place = Place { path, ..self.clone() };
        match entry.rounds.map(|rounds| rounds.most) {
            Some(Some(most)) => place.times = Some(place.times.unwrap_or(1).saturating_mul(most)),
            Some(None) => place.loops.push(place.path.clone()),
            None => {}
        }
        place
    }
}

fn join(around: &str, name: &str) -> String {
    if around.is_empty() { name.to_owned() } else { format!("{around}.{name}") }
}

fn gather(part: &Part, place: &Place, found: &mut Vec<OfStep>) {
    for entry in part.entries() {
        if let Some(asks) = &entry.asks {
            let why = match &*asks.action {
                EMBED => "what texts take is known when they are there".to_owned(),
                _ => "there is no key for any model".to_owned(),
            };
            found.push(OfStep {
                path: join(&place.path, &entry.name),
                times: place.times.unwrap_or(1),
                loops: place.loops.clone(),
                asks: asks.clone(),
                foreseen: Err(why),
            });
            continue;
        }
        let inner = place.below(entry);
        entry.parts.iter().for_each(|part| gather(part, &inner, found));
    }
}

/// The sum of a part: of a choice between blocks the dearest counts.
fn sum(part: &Part, around: &str, steps: &[OfStep]) -> Sum {
    part.entries().fold(Sum::default(), |sum, entry| {
        let path = join(around, &entry.name);
        if entry.asks.is_some() {
            let own = steps.iter().filter(|step| step.path == path).map(Sum::of);
            return sum.and(own.fold(Sum::default(), Sum::or));
        }
        let inner = entry.parts.iter().map(|part| self::sum(part, &path, steps));
        sum.and(match entry.run {
            outline::Run::One => inner.fold(Sum::default(), Sum::or),
            outline::Run::All => inner.fold(Sum::default(), Sum::and),
        })
    })
}

/// What the run may cost, as its steps are told.
fn limit(asks: &Asks) -> Option<Money> {
    let limit = asks.args.get(ACCOUNT)?.get("limit").filter(|limit| !limit.is_null())?;
    Money::parse(&limit.to_string())
}

/// True for a step whose question goes into a batch where that costs less.
pub fn has_time(step: &OfStep) -> bool {
    &*step.asks.action == BATCH
}
