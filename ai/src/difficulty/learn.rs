//! Learning a judge from outcomes: logistic regression, each head on its own, by Newton's method with conjugate
//! gradients. The same rows give the same judge, to the last bit: there is no chance in it.

use std::collections::BTreeMap;

use super::{BUCKETS, EDITION, Head, Judge, SHAPES, STEP, Traits};

/// How much freer than the weight of a word that of a number of shape is: there are few of them, and each is met everywhere.
const FREER: f64 = 4.0;

/// How often Newton's method goes on, and how often conjugate gradients within that.
const ROUNDS: (usize, usize) = (12, 25);

/// What a judge is learned from.
pub struct Lesson<'a> {
    /// What is known of each question.
    pub traits: Vec<&'a Traits>,
    /// For each head its name and what came of each question: 0 wrong to 1 right, nothing where it was not asked.
    pub outcomes: Vec<(String, Vec<Option<f64>>)>,
    /// How little the weights of words are held back: the larger, the more they may say. Those of shape are freer.
    pub freedom: f64,
    /// In how many questions a bucket must be met to count.
    pub met: u32,
    /// How many buckets are kept at most: those that say most.
    pub most: usize,
}

/// Who learned, and from what; it goes into the file.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// For people.
    pub about: String,
    /// The SHA-256 of the rows.
    pub rows: String,
    /// The day.
    pub date: String,
}

/// The rows as a regression sees them: for each the places of its buckets with their values, then its shape.
struct Rows {
    entries: Vec<Vec<(usize, f64)>>,
    width: usize,
}

/// Learns a judge.
pub fn learn(lesson: &Lesson<'_>, origin: Origin) -> Judge {
    let mut met = vec![0_u32; BUCKETS];
    for traits in &lesson.traits {
        traits.counts.iter().for_each(|(bucket, _)| met[*bucket as usize] += 1);
    }
    let buckets: Vec<u32> =
        (0..BUCKETS as u32).filter(|bucket| met[*bucket as usize] >= lesson.met).collect();
    let count = lesson.traits.len() as f64;
    let rarity: Vec<u16> = buckets
        .iter()
        .map(|bucket| {
            let rare = ((count + 1.0) / (f64::from(met[*bucket as usize]) + 1.0)).ln() + 1.0;
            (rare / f64::from(STEP)).round() as u16
        })
        .collect();
    let rows = rows(&lesson.traits, &buckets, &rarity);
    let heads = lesson.outcomes.iter().map(|(name, outcomes)| {
        let weights = regress(&rows, outcomes, lesson.freedom);
        let whole = |weight: &f64| (weight / f64::from(STEP)).round();
        let (words, rest) = weights.split_at(buckets.len());
        let mut shape = [0; SHAPES];
        shape.iter_mut().zip(rest).for_each(|(place, weight)| *place = whole(weight) as i32);
        let weights = words.iter().map(|weight| whole(weight) as i16).collect();
        Head { name: name.clone(), bias: rest.last().map_or(0, |bias| whole(bias) as i32), shape, weights }
    });
    let heads = heads.collect();
    let Origin { about, rows: learned_from, date } = origin;
    Judge { edition: EDITION, about, learned_from, date, lacks: None, buckets, rarity, heads, places: vec![] }
        .with_at_most(lesson.most)
        .placed()
}

fn rows(traits: &[&Traits], buckets: &[u32], rarity: &[u16]) -> Rows {
    let places: BTreeMap<u32, usize> = buckets.iter().enumerate().map(|(at, bucket)| (*bucket, at)).collect();
    let row = |traits: &&Traits| {
        let mut row: Vec<(usize, f64)> = traits
            .counts
            .iter()
            .filter_map(|(bucket, count)| {
                let at = *places.get(bucket)?;
                Some((at, (1.0 + f64::from(*count).ln()) * f64::from(rarity[at]) * f64::from(STEP)))
            })
            .collect();
        let norm = row.iter().map(|(_, value)| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        row.iter_mut().for_each(|(_, value)| *value /= norm);
        let shape = traits.shape.iter().enumerate();
        row.extend(shape.map(|(at, value)| (buckets.len() + at, f64::from(*value))));
        row.push((buckets.len() + SHAPES, 1.0));
        row
    };
    Rows { entries: traits.iter().map(row).collect(), width: buckets.len() + SHAPES + 1 }
}

/// The weights that explain the outcomes best, held back so that they do not learn the rows by heart; the last is the
/// bias, which nothing holds back.
fn regress(rows: &Rows, outcomes: &[Option<f64>], freedom: f64) -> Vec<f64> {
    let shape = rows.width - 1 - SHAPES;
    let held = |at: usize| match at {
        _ if at + 1 == rows.width => 1e-6,
        _ if at >= shape => 1.0 / (freedom * FREER),
        _ => 1.0 / freedom,
    };
    let mut weights = vec![0.0; rows.width];
    for _ in 0..ROUNDS.0 {
        let mut slope: Vec<f64> =
            weights.iter().enumerate().map(|(at, weight): (usize, &f64)| held(at) * weight).collect();
        let mut bend = vec![0.0; rows.entries.len()];
        for ((row, outcome), bend) in rows.entries.iter().zip(outcomes).zip(&mut bend) {
            let Some(outcome) = outcome else { continue };
            let chance = 1.0 / (1.0 + (-dot(row, &weights)).exp());
            *bend = chance * (1.0 - chance);
            add(row, chance - outcome, &mut slope);
        }
        let size = norm(&slope);
        if size < 1e-3 {
            break;
        }
        let step = solve(rows, &bend, &slope, &held);
        weights.iter_mut().zip(&step).for_each(|(weight, step)| *weight -= step);
    }
    weights
}

/// The step that Newton's method takes: the slope over the curvature, by conjugate gradients.
fn solve(rows: &Rows, bend: &[f64], slope: &[f64], held: &dyn Fn(usize) -> f64) -> Vec<f64> {
    let mut step = vec![0.0; rows.width];
    let mut rest = slope.to_vec();
    let mut way = rest.clone();
    let mut size = rest.iter().map(|value| value * value).sum::<f64>();
    let enough = size * 1e-4;
    for _ in 0..ROUNDS.1 {
        let mut curved: Vec<f64> = way.iter().enumerate().map(|(at, value)| held(at) * value).collect();
        for (row, bend) in rows.entries.iter().zip(bend).filter(|(_, bend)| **bend > 0.0) {
            add(row, bend * dot(row, &way), &mut curved);
        }
        let along: f64 = way.iter().zip(&curved).map(|(one, other)| one * other).sum();
        let far = size / along.max(f64::MIN_POSITIVE);
        step.iter_mut().zip(&way).for_each(|(step, way)| *step += far * way);
        rest.iter_mut().zip(&curved).for_each(|(rest, curved)| *rest -= far * curved);
        let left = rest.iter().map(|value| value * value).sum::<f64>();
        if left < enough {
            break;
        }
        way.iter_mut().zip(&rest).for_each(|(way, rest)| *way = rest + left / size * *way);
        size = left;
    }
    step
}

fn dot(row: &[(usize, f64)], weights: &[f64]) -> f64 {
    row.iter().map(|(at, value)| value * weights[*at]).sum()
}

fn add(row: &[(usize, f64)], times: f64, to: &mut [f64]) {
    row.iter().for_each(|(at, value)| to[*at] += times * value);
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

impl Judge {
    /// It with those buckets alone that say most. One that is left out counts as unknown.
    fn with_at_most(self, most: usize) -> Judge {
        let says =
            |at: &usize| self.heads.iter().map(|head| head.weights[*at].unsigned_abs()).max().unwrap_or(0);
        let mut kept: Vec<usize> = (0..self.buckets.len()).filter(|at| says(at) > 0).collect();
        kept.sort_by_key(|at| (std::cmp::Reverse(says(at)), *at));
        kept.truncate(most);
        kept.sort_unstable();
        let heads = self
            .heads
            .iter()
            .map(|head| Head { weights: kept.iter().map(|at| head.weights[*at]).collect(), ..head.clone() });
        Judge {
            heads: heads.collect(),
            buckets: kept.iter().map(|at| self.buckets[*at]).collect(),
            rarity: kept.iter().map(|at| self.rarity[*at]).collect(),
            ..self
        }
    }
}
