//! Learning to choose among the models of a pool, on one part of its rows: who is strong, what each grade is, how likely each
//! answers rightly, and what a miss must count so that enough quality is kept.

use ai::chat::Question;
use ai::difficulty::learn::{Lesson, Origin, learn};
use ai::difficulty::{Judge, Outlook, Traits};
use ai::price::Money;
use ai::provider::{Agreed, Provider, Quality};
use ai::route::{self, Basis, Miss, Need, Offer, Prospect, Strategy};
use jiff::civil::Date;

use crate::outcomes::{Outcomes, Row};

/// How much of the quality is to be kept where the choice is learned: half a point above what is promised, since what is
/// learned there does a little worse elsewhere.
const AIM: f64 = 0.975;

/// How good a model must be beside the strong one to be good enough alone.
pub const ENOUGH: f64 = 0.97;

/// Into how many parts the rows are split where the choice is learned.
const FOLDS: usize = 5;

/// How much weights may be held back.
const FREEDOMS: [f64; 3] = [0.3, 1.0, 3.0];

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
    /// The pool.
    pub provider: Provider,
    /// Who judges.
    pub judge: Judge,
    /// What a miss counts.
    pub miss: Miss,
}

/// Learns on rows of a pool that were all asked.
pub fn of(models: &[String], rows: &[&Row], all: &Outcomes) -> Learned {
    let rights: Vec<Vec<f64>> =
        (0..models.len()).map(|at| rows.iter().map(|row| right(row, &models[at])).collect()).collect();
    let sums: Vec<f64> = rights.iter().map(|rights| rights.iter().sum()).collect();
    let strong = (0..models.len()).max_by(|one, other| sums[*one].total_cmp(&sums[*other])).unwrap_or(0);
    let paid = |at: &usize| -> f64 { rows.iter().map(|row| paid(row, &models[*at], all)).sum() };
    let enough = (0..models.len()).filter(|at| sums[*at] >= ENOUGH * sums[strong]);
    let single = enough.min_by(|one, other| paid(one).total_cmp(&paid(other))).unwrap_or(strong);
    let grades: Vec<Quality> = (0..models.len())
        .map(|at| match sums[at] {
            _ if at == strong => Quality::High,
            sum if sum >= ENOUGH * sums[strong] => Quality::Standard,
            _ => Quality::Low,
        })
        .collect();
    let provider = provider(models, &grades, all);
    let traits: Vec<Traits> = rows.iter().map(|row| Traits::of(&row.prompt)).collect();
    let likely = likely(&provider, models, rows);
    let mut best: Option<(f64, f64, Miss)> = None;
    for freedom in FREEDOMS {
        let chances = unseen(models, &traits, &rights, freedom);
        for miss in misses() {
            let floor = |at: usize| likely[at][single];
            let (mut kept, mut cost) = (0.0, 0.0);
            for at in 0..rows.len() {
                let prospect = Prospect { outlook: Outlook::default(), miss, rests_on: String::new() };
                let end =
                    |model: &usize| prospect.in_the_end(chances[at][*model], likely[at][*model], floor(at));
                let chosen =
                    (0..models.len()).min_by(|one, other| end(one).total_cmp(&end(other))).unwrap_or(strong);
                kept += rights[chosen][at];
                cost += self::paid(rows[at], &models[chosen], all);
            }
            if kept >= AIM * sums[strong] && best.is_none_or(|(least, _, _)| cost < least) {
                best = Some((cost, freedom, miss));
            }
        }
    }
    // Where nothing keeps enough, a miss counts more than anything.
    let (_, freedom, miss) = best.unwrap_or((0.0, 1.0, Miss::Times(1e9)));
    let judge = judge(models, &traits.iter().collect::<Vec<_>>(), &rights, freedom);
    Learned { models: models.to_vec(), strong, single, provider, judge, miss }
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

/// The chances of each row, from judges that have not seen it.
fn unseen(models: &[String], traits: &[Traits], rights: &[Vec<f64>], freedom: f64) -> Vec<Vec<f64>> {
    let mut chances = vec![vec![]; traits.len()];
    for fold in 0..FOLDS {
        let seen: Vec<usize> = (0..traits.len()).filter(|at| at % FOLDS != fold).collect();
        let of_seen: Vec<Vec<f64>> =
            rights.iter().map(|rights| seen.iter().map(|at| rights[*at]).collect()).collect();
        let judge = judge(models, &seen.iter().map(|at| &traits[*at]).collect::<Vec<_>>(), &of_seen, freedom);
        for at in (0..traits.len()).filter(|at| at % FOLDS == fold) {
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
    let wrote = rows.iter().flat_map(|row| models.iter().filter_map(|model| row.models[model].wrote));
    let need = Need {
        model: None,
        quality: Quality::Low,
        features: Default::default(),
        writes: wrote.sum::<u64>() / (rows.len() * models.len()).max(1) as u64,
        limit: None,
        strategy: Strategy::Cheapest,
    };
    let offers: Vec<Offer<'_>> =
        models.iter().map(|model| Offer { provider, name: model, model, key: "k" }).collect();
    let agreed = Agreed::default();
    let of = |row: &&Row| {
        let choice =
            route::choose(&need, &Question::new("", &row.prompt), &offers, &Basis::of_prices(DAY, &agreed));
        let likely = |model: &String| {
            choice.candidates.iter().find(|one| one.offer.name == model).and_then(|one| one.likely)
        };
        models.iter().map(|model| likely(model).unwrap_or(Money::ZERO)).collect()
    };
    rows.iter().map(of).collect()
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
