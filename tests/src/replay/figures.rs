//! What outcomes come to: quality kept and money saved, with the range that chance alone would give, beside a random mix, the
//! best single model, and whoever knew all answers.

use super::lesson::{paid, right};
use crate::chance::Chance;
use crate::outcomes::{Outcomes, Row};

/// How many draws tell what chance gives.
const DRAWS: usize = 2000;

/// A part of a whole, with the range that holds in 95 of 100 draws.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Part {
    /// As it came.
    pub value: f64,
    /// The lower end.
    pub from: f64,
    /// The upper end.
    pub to: f64,
}

/// What a choice came to on one question: right, and what it cost; the same for the strong model and for the single one.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// The choice.
    pub ours: (f64, f64),
    /// The strong model.
    pub strong: (f64, f64),
    /// The cheapest model that alone is right often enough.
    pub single: (f64, f64),
}

/// Quality kept beside the strong model.
pub fn kept(points: &[Point]) -> Part {
    drawn(points, |points| {
        let sum = |of: fn(&Point) -> f64| points.iter().map(of).sum::<f64>();
        sum(|point| point.ours.0) / sum(|point| point.strong.0)
    })
}

/// Money saved beside the strong model.
pub fn saved(points: &[Point]) -> Part {
    drawn(points, |points| {
        let sum = |of: fn(&Point) -> f64| points.iter().map(of).sum::<f64>();
        1.0 - sum(|point| point.ours.1) / sum(|point| point.strong.1)
    })
}

/// Money saved beside the best single model.
pub fn saved_beside_single(points: &[Point]) -> Part {
    drawn(points, |points| {
        let sum = |of: fn(&Point) -> f64| points.iter().map(of).sum::<f64>();
        1.0 - sum(|point| point.ours.1) / sum(|point| point.single.1)
    })
}

/// A figure with its range: the rows are drawn anew, with replacement, always in the same way.
fn drawn(points: &[Point], figure: impl Fn(&[Point]) -> f64) -> Part {
    let value = figure(points);
    let mut chance = Chance::new(0x5EED);
    let mut figures: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn: Vec<Point> =
                points.iter().map(|_| points[chance.below(points.len() as u64) as usize]).collect();
            figure(&drawn)
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    Part { value, from: figures[DRAWS / 40], to: figures[DRAWS - 1 - DRAWS / 40] }
}

/// What a random mix of the strong model and one other saves that keeps as much: the best of the others.
pub fn random_mix(rows: &[&Row], models: &[String], strong: usize, kept: f64, all: &Outcomes) -> f64 {
    let quality = |model: &String| rows.iter().map(|row| right(row, model)).sum::<f64>();
    let cost = |model: &String| rows.iter().map(|row| paid(row, model, all)).sum::<f64>();
    let (best, dear) = (quality(&models[strong]), cost(&models[strong]));
    let of = |model: &String| {
        let (part, saves) = (quality(model) / best, 1.0 - cost(model) / dear);
        let share = if part >= kept { 1.0 } else { ((1.0 - kept) / (1.0 - part)).clamp(0.0, 1.0) };
        share * saves
    };
    models.iter().map(of).fold(0.0, f64::max)
}

/// What whoever knew all answers would keep and save: the cheapest that is right, else the cheapest.
pub fn oracle(rows: &[&Row], models: &[String], strong: usize, all: &Outcomes) -> (f64, f64) {
    let (mut kept, mut cost, mut best, mut dear) = (0.0, 0.0, 0.0, 0.0);
    for row in rows {
        let least = |right_only: bool| {
            let chosen = models.iter().filter(|model| !right_only || right(row, model) > 0.5);
            chosen.min_by(|one, other| paid(row, one, all).total_cmp(&paid(row, other, all)))
        };
        let Some(model) = least(true).or_else(|| least(false)) else { continue };
        kept += right(row, model);
        cost += paid(row, model, all);
        best += right(row, &models[strong]);
        dear += paid(row, &models[strong], all);
    }
    (kept / best, 1.0 - cost / dear)
}
