//! What is foretold of the answers to a question, and what it is worth to know it.
//!
//! With a prospect a model below the floor may be asked: the one is taken whose price, with the price of its misses, is
//! the lowest. Without one the floor is kept to the letter.

use std::time::Duration;

use super::Offer;
use crate::difficulty::Outlook;
use crate::price::Money;
use crate::provider::Quality;

/// By what a model is chosen among those that meet the need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// What a right answer costs.
    #[default]
    Cheapest,
    /// How fast it answered lately.
    Fastest,
    /// How good it is.
    Best,
}

impl Strategy {
    /// The one of this word.
    pub fn of(word: &str) -> Option<Strategy> {
        match word {
            "cheapest" => Some(Strategy::Cheapest),
            "fastest" => Some(Strategy::Fastest),
            "best" => Some(Strategy::Best),
            _ => None,
        }
    }
}

/// What is foretold of the answers to a question, and what a miss costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Prospect {
    /// The chance of each model, or of each grade. Without any the floor is kept, and `rests_on` says why.
    pub outlook: Outlook,
    /// What an answer costs that is not right.
    pub miss: Miss,
    /// What this rests on, for people, as a sentence begins.
    pub rests_on: String,
}

/// What an answer costs that is not right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Miss {
    /// So many times what the question costs at the floor.
    Times(f64),
    /// This.
    Costs(Money),
}

/// What is known of a model from the last calls.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lately {
    /// How long it took to answer.
    pub pace: Option<Duration>,
    /// Which part of what it reads came from a cache, 0 to 1.
    pub cached: f64,
    /// Which part of it was kept there, 0 to 1.
    pub written: f64,
}

impl Prospect {
    /// True if nothing is foretold.
    pub fn is_silent(&self) -> bool {
        self.outlook.chances.is_empty()
    }

    /// The chance that one answers rightly: its own, else that of its grade, else that of the next one below.
    pub fn chance(&self, offer: &Offer<'_>) -> Option<f64> {
        let of_grade = |grade: Quality| self.outlook.chance(grade.name());
        let grade = offer.provider.model(offer.model)?.quality;
        self.outlook.chance(offer.model).or_else(|| {
            let grades = [Quality::High, Quality::Standard, Quality::Low];
            grades.into_iter().filter(|one| Some(*one) <= grade).find_map(of_grade)
        })
    }

    /// What the answer of one likely costs in the end, where it costs so much itself and so much at the floor.
    pub fn in_the_end(&self, chance: f64, likely: Money, floor: Money) -> f64 {
        let miss = match self.miss {
            Miss::Times(times) => times * floor.units() as f64,
            Miss::Costs(costs) => costs.units() as f64,
        };
        likely.units() as f64 + (1.0 - chance) * miss
    }
}
