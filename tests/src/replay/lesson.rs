//! Learning to choose among the models of a pool, on one part of its rows: who is strong, what each grade is, how likely each
//! answers rightly, what a miss must count so that enough quality is kept, and whether to follow that at all.

use ai::ask::Ways;
use ai::chat::Question;
use ai::difficulty::learn::{Lesson, Origin, learn};
use ai::difficulty::{Judge, Outlook, Traits};
use ai::price::Money;
use ai::provider::{Agreed, Provider, Quality};
use ai::route::{self, Basis, Miss, Need, Offer, Prospect, Strategy};
use jiff::civil::Date;

use super::trial::{Pool, Trial};
use crate::chance::Chance;
use crate::outcomes::{Outcomes, Row};

/// How much of the quality is to be kept.
pub const PROMISE: f64 = 0.97;

/// By how many standard errors what is kept must lie above the promise where the choice is learned.
const CAREFUL: f64 = 1.0;

/// How good a model must be beside the strong one to be good enough alone.
pub const ENOUGH: f64 = PROMISE;

/// Into how many parts the rows are split where the choice is learned.
const FOLDS: usize = 5;

/// How many rows are to be judged by those that have not seen them: few rows are split in several ways.
const JUDGED: usize = 2000;

/// In how many ways they are split at most.
const SPLITS: usize = 4;

/// How much weights may be held back.
const FREEDOMS: [f64; 3] = [0.1, 0.3, 1.0];

/// In how many questions a word must be met to count.
const MET: u32 = 3;

/// The day whose prices count; the prices of a pool have no others.
const DAY: Date = Date::constant(2026, 1, 1);

/// A pool of models as a provider, and what was learned of it.
pub struct Learned {
    /// The models.
    pub models: Vec<String>,
    /// The one that is right most often.
    pub strong: usize,
    /// The cheapest that alone is right often enough.
    pub single: usize,
    /// The pool: one provider.
    pub providers: &'static [Provider],
    /// Who judges. One that showed no skill says so, and the router does not follow it.
    pub judge: Judge,
    /// What a miss counts.
    pub miss: Miss,
    /// How many tokens an answer has on average.
    pub writes: u64,
    /// What the choice came to on rows that its judges had not seen; nothing where none kept enough.
    pub trial: Option<Trial>,
}

/// Learns on rows of a pool that were all asked.
///
/// All that is set is set by these rows: each is judged by judges that have not seen it. Of the ways to choose that keep the promise
/// by more than a standard error, the one is taken that saves most; if that is not surely more than a random mix, none is.
pub fn of(models: &[String], rows: &[&Row], all: &Outcomes) -> Learned {
    let rights: Vec<Vec<f64>> =
        models.iter().map(|model| rows.iter().map(|row| right(row, model)).collect()).collect();
    let costs: Vec<Vec<f64>> =
        models.iter().map(|model| rows.iter().map(|row| paid(row, model, all)).collect()).collect();
    let sums: Vec<f64> = rights.iter().map(|rights| rights.iter().sum()).collect();
    let dear: Vec<f64> = costs.iter().map(|costs| costs.iter().sum()).collect();
    let strong = (0..models.len()).max_by(|one, other| sums[*one].total_cmp(&sums[*other])).unwrap_or(0);
    let enough = (0..models.len()).filter(|at| sums[*at] >= ENOUGH * sums[strong]);
    let single = enough.min_by(|one, other| dear[*one].total_cmp(&dear[*other])).unwrap_or(strong);
    let grades: Vec<Quality> = (0..models.len())
        .map(|at| match sums[at] {
            _ if at == strong => Quality::High,
            sum if sum >= ENOUGH * sums[strong] => Quality::Standard,
            _ => Quality::Low,
        })
        .collect();
    // The product's own providers last as long as the process, and so do these.
    let providers: &'static [Provider] = Box::leak(Box::new([provider(models, &grades, all)]));
    let traits: Vec<Traits> = rows.iter().map(|row| Traits::of(&row.shown())).collect();
    let likely = likely(&providers[0], models, rows);
    let pool = Pool { rights, costs, strong };
    let splits = (JUDGED / rows.len().max(1)).clamp(1, SPLITS);
    let mut best: Option<(Trial, f64, Miss)> = None;
    for freedom in FREEDOMS {
        let judged: Vec<Vec<Vec<f64>>> =
            (0..splits).map(|split| unseen(models, &traits, &pool.rights, freedom, split)).collect();
        for miss in misses() {
            let trials: Vec<Trial> = judged
                .iter()
                .map(|chances| Trial::of(&picks(chances, &likely, single, miss), &pool))
                .collect();
            let trial = Trial::mean(&trials);
            let keeps = trial.kept - CAREFUL * trial.kept_error >= PROMISE;
            if keeps && best.is_none_or(|(most, _, _)| trial.saved > most.saved) {
                best = Some((trial, freedom, miss));
            }
        }
    }
    let lacks = match best {
        None => {
            let percent = PROMISE * 100.0;
            Some(format!(
                "on {} questions no choice by them surely kept {percent:.0} % of the quality",
                rows.len()
            ))
        }
        Some((trial, _, _)) if !trial.is_above_the_mix() => Some(format!(
            "on {} questions a choice by them was not surely better than a random mix",
            rows.len()
        )),
        Some(_) => None,
    };
    let trial = best.map(|(trial, _, _)| trial);
    let (_, freedom, miss) = best.unwrap_or((Trial::default(), 1.0, Miss::Times(1e9)));
    let mut judge = judge(models, &traits.iter().collect::<Vec<_>>(), &pool.rights, freedom);
    judge.lacks = lacks;
    Learned {
        models: models.to_vec(),
        strong,
        single,
        providers,
        judge,
        miss,
        writes: writes(models, rows),
        trial,
    }
}

/// Who is chosen for each row, as the router does it: the one whose price, with the price of its misses, is the lowest.
fn picks(chances: &[Vec<f64>], likely: &[Vec<Money>], single: usize, miss: Miss) -> Vec<usize> {
    let prospect = Prospect { outlook: Outlook::default(), miss, rests_on: String::new() };
    let of = |(chances, likely): (&Vec<f64>, &Vec<Money>)| {
        let end = |model: &usize| prospect.in_the_end(chances[*model], likely[*model], likely[single]);
        (0..chances.len()).min_by(|one, other| end(one).total_cmp(&end(other))).unwrap_or(single)
    };
    chances.iter().zip(likely).map(of).collect()
}

impl Learned {
    /// By what the product chooses with it.
    pub fn ways(&self) -> Ways {
        Ways { providers: self.providers, judge: Some(self.judge.clone()), miss: self.miss, known: 0.0 }
    }

    /// Whom the router asks for each of these rows, and why; nobody is asked.
    pub fn chosen(&self, rows: &[&Row]) -> Vec<(usize, String)> {
        let ways = self.ways();
        let need = need(Quality::Standard, self.writes);
        let offers = offers(&self.providers[0], &self.models);
        let agreed = Agreed::default();
        let of = |row: &&Row| {
            let question = Question::new("", row.shown());
            let prospect = ways.judged(&question);
            let basis = Basis { prospect: prospect.as_ref(), ..Basis::of_prices(DAY, &agreed) };
            let choice = route::choose(&need, &question, &offers, &basis);
            let first = choice.candidates.first();
            let at = first.and_then(|one| self.models.iter().position(|name| name == one.offer.name));
            (at.unwrap_or(self.strong), choice.why)
        };
        rows.iter().map(of).collect()
    }
}

/// The rows with what came of others: each tells what each model made of another question. What they cost stays.
pub fn dealt(rows: &[Row], seed: u64) -> Vec<Row> {
    let mut chance = Chance::new(seed);
    let mut from: Vec<usize> = (0..rows.len()).collect();
    for at in (1..from.len()).rev() {
        from.swap(at, chance.below(at as u64 + 1) as usize);
    }
    let of = |(row, from): (&Row, usize)| {
        let mut row = row.clone();
        for (model, outcome) in &mut row.models {
            outcome.ok = rows[from].models.get(model).and_then(|other| other.ok).or(outcome.ok);
        }
        row
    };
    rows.iter().zip(from).map(of).collect()
}

/// What is tried for what a miss counts, the least first.
fn misses() -> impl Iterator<Item = Miss> {
    let times = (0..120).map(|at| Miss::Times(0.3 * 10_f64.powf(f64::from(at) * 0.025)));
    let costs =
        (0..120).map(|at| Miss::Costs(Money::from_units((1e6 * 10_f64.powf(f64::from(at) * 0.06)) as i128)));
    times.chain(costs)
}

/// 1 where a model was right.
pub fn right(row: &Row, model: &str) -> f64 {
    row.models.get(model).and_then(|outcome| outcome.ok).unwrap_or(0.0)
}

/// What a model's answer cost, in dollars.
pub fn paid(row: &Row, model: &str, all: &Outcomes) -> f64 {
    let (Some(outcome), Some([read, wrote])) = (row.models.get(model), all.prices.get(model)) else {
        return 0.0;
    };
    let tokens = |count: Option<u64>| count.unwrap_or(0) as f64;
    (tokens(outcome.read) * read + tokens(outcome.wrote) * wrote) / 1e6
}

/// The chances of each row, from judges that have not seen it; each split has other parts.
fn unseen(
    models: &[String],
    traits: &[Traits],
    rights: &[Vec<f64>],
    freedom: f64,
    split: usize,
) -> Vec<Vec<f64>> {
    let mut chance = Chance::new(split as u64);
    let parts: Vec<usize> = (0..traits.len())
        .map(|at| if split == 0 { at % FOLDS } else { chance.below(FOLDS as u64) as usize })
        .collect();
    let mut chances = vec![vec![]; traits.len()];
    for part in 0..FOLDS {
        let seen: Vec<usize> = (0..traits.len()).filter(|at| parts[*at] != part).collect();
        let of_seen: Vec<Vec<f64>> =
            rights.iter().map(|rights| seen.iter().map(|at| rights[*at]).collect()).collect();
        let judge = judge(models, &seen.iter().map(|at| &traits[*at]).collect::<Vec<_>>(), &of_seen, freedom);
        for at in (0..traits.len()).filter(|at| parts[*at] == part) {
            chances[at] = judge.foretell(&traits[at]).chances.into_iter().map(|(_, chance)| chance).collect();
        }
    }
    chances
}

fn judge(models: &[String], traits: &[&Traits], rights: &[Vec<f64>], freedom: f64) -> Judge {
    let outcomes = models
        .iter()
        .zip(rights)
        .map(|(model, rights)| (model.clone(), rights.iter().map(|right| Some(*right)).collect()));
    let outcomes = outcomes.collect();
    learn(
        &Lesson { traits: traits.to_vec(), outcomes, freedom, met: MET, most: usize::MAX },
        Origin::default(),
    )
}

/// What the router believes that each row costs with each model.
fn likely(provider: &Provider, models: &[String], rows: &[&Row]) -> Vec<Vec<Money>> {
    let need = need(Quality::Low, writes(models, rows));
    let offers = offers(provider, models);
    let agreed = Agreed::default();
    let of = |row: &&Row| {
        let question = Question::new("", row.shown());
        let choice = route::choose(&need, &question, &offers, &Basis::of_prices(DAY, &agreed));
        let likely = |model: &String| {
            choice.candidates.iter().find(|one| one.offer.name == model).and_then(|one| one.likely)
        };
        models.iter().map(|model| likely(model).unwrap_or(Money::ZERO)).collect()
    };
    rows.iter().map(of).collect()
}

fn need(quality: Quality, writes: u64) -> Need {
    Need {
        model: None,
        quality,
        features: Default::default(),
        writes,
        limit: None,
        strategy: Strategy::Cheapest,
    }
}

/// How many tokens an answer has on average.
fn writes(models: &[String], rows: &[&Row]) -> u64 {
    let wrote = rows.iter().flat_map(|row| models.iter().filter_map(|model| row.models.get(model)?.wrote));
    wrote.sum::<u64>() / (rows.len() * models.len()).max(1) as u64
}

fn offers<'a>(provider: &'a Provider, models: &'a [String]) -> Vec<Offer<'a>> {
    models.iter().map(|model| Offer { provider, name: model, model, key: "k" }).collect()
}

/// A pool as a provider that is like OpenAI, with the prices of its time.
fn provider(models: &[String], grades: &[Quality], all: &Outcomes) -> Provider {
    let models = models.iter().zip(grades).map(|(model, grade)| {
        let [read, wrote] = all.prices.get(model).copied().unwrap_or_default();
        format!(
            "  \"{model}\": {{ context: 1000000, max_output: 100000, features: [json], quality: {}, \
             prices: [{{ usd: {{ input: {read}, output: {wrote} }} }}] }}\n",
            grade.name()
        )
    });
    let text = format!(
        "provider: openai\nwire: openai\nsource: recorded outcomes\npaths: {{ chat: /chat/completions }}\n\
         estimate: {{ times: 1, image: 0, image_at_most: 0 }}\nmodels:\n{}",
        models.collect::<String>()
    );
    Provider::read(&text).unwrap_or_else(|wrong| panic!("{wrong:?} in\n{text}"))
}
