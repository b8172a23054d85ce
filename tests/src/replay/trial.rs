//! What a way to choose came to on questions that its judge had not seen: quality kept, money saved, how far that is above a random
//! mix, and how much of it chance may be.

/// By how many standard errors a choice must save more than a random mix for that to be no chance.
const SURE: f64 = 2.0;

/// A pool on some questions: what each model was worth and cost, by model and then by question.
pub struct Pool {
    /// 1 where a model was right.
    pub rights: Vec<Vec<f64>>,
    /// What it cost, in dollars.
    pub costs: Vec<Vec<f64>>,
    /// The model that is right most often.
    pub strong: usize,
}

/// What came of it. All are parts of one; errors are standard errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Trial {
    /// Quality kept beside the strong model.
    pub kept: f64,
    /// Its error.
    pub kept_error: f64,
    /// Money saved beside the strong model.
    pub saved: f64,
    /// How much more that is than the best random mix of the strong model and one other saves that keeps as much.
    pub above: f64,
    /// Its error.
    pub above_error: f64,
}

impl Trial {
    /// Of these choices, a model for each question.
    pub fn of(picks: &[usize], pool: &Pool) -> Trial {
        let strong = pool.strong;
        let (rights, costs) = (&pool.rights[strong], &pool.costs[strong]);
        let (best, dear) = (rights.iter().sum::<f64>(), costs.iter().sum::<f64>());
        let (mut right, mut cost) = (0.0, 0.0);
        for (at, pick) in picks.iter().enumerate() {
            right += pool.rights[*pick][at];
            cost += pool.costs[*pick][at];
        }
        let (kept, saved) = (right / best, 1.0 - cost / dear);
        let off = |(at, pick): (usize, &usize)| pool.rights[*pick][at] - kept * rights[at];
        let squares: f64 = picks.iter().enumerate().map(|pick| off(pick).powi(2)).sum();
        let others = (0..pool.rights.len()).filter(|model| *model != strong);
        let mix = others
            .map(|model| Mix::of(pool, model, kept, best, dear))
            .max_by(|one, other| one.saved().total_cmp(&other.saved()));
        let Some(mix) = mix else { return Trial { kept, saved, ..Trial::default() } };
        let gains: Vec<f64> = picks
            .iter()
            .enumerate()
            .map(|(at, pick)| {
                let lost = (rights[at] - pool.rights[*pick][at]) / best;
                let won = (costs[at] - pool.costs[*pick][at]) / dear;
                match mix.slope {
                    Some(slope) => won - slope * lost,
                    None => won - (costs[at] - pool.costs[mix.model][at]) / dear,
                }
            })
            .collect();
        let mean = gains.iter().sum::<f64>() / gains.len() as f64;
        let spread: f64 = gains.iter().map(|gain| (gain - mean).powi(2)).sum();
        Trial {
            kept,
            kept_error: squares.sqrt() / best,
            saved,
            above: saved - mix.saved(),
            above_error: spread.sqrt(),
        }
    }

    /// True if it surely saves more than a random mix that keeps as much.
    pub fn is_above_the_mix(&self) -> bool {
        self.above > SURE * self.above_error
    }

    /// The mean of several trials of the same way.
    pub fn mean(trials: &[Trial]) -> Trial {
        let mean = |of: fn(&Trial) -> f64| trials.iter().map(of).sum::<f64>() / trials.len().max(1) as f64;
        Trial {
            kept: mean(|one| one.kept),
            kept_error: mean(|one| one.kept_error),
            saved: mean(|one| one.saved),
            above: mean(|one| one.above),
            above_error: mean(|one| one.above_error),
        }
    }
}

/// A random choice between the strong model and one other.
struct Mix {
    /// The other.
    model: usize,
    /// What it saves for a part of quality that is lost; nothing where the other alone keeps as much.
    slope: Option<f64>,
    /// What the other saves alone.
    alone: f64,
    /// What is lost.
    lost: f64,
}

impl Mix {
    fn of(pool: &Pool, model: usize, kept: f64, best: f64, dear: f64) -> Mix {
        let part = pool.rights[model].iter().sum::<f64>() / best;
        let alone = 1.0 - pool.costs[model].iter().sum::<f64>() / dear;
        let slope = (part < kept.min(1.0)).then(|| alone / (1.0 - part));
        Mix { model, slope, alone, lost: (1.0 - kept).max(0.0) }
    }

    fn saved(&self) -> f64 {
        self.slope.map_or(self.alone, |slope| slope * self.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten questions: the dear model is right with all, the cheap one with the first five, for a tenth of the price.
    fn pool() -> Pool {
        let rights = vec![vec![1.0; 10], (0..10).map(|at| f64::from(at < 5)).collect()];
        Pool { rights, costs: vec![vec![1.0; 10], vec![0.1; 10]], strong: 0 }
    }

    #[test]
    fn who_knows_is_above_the_mix_and_who_does_not_is_not() {
        let knows: Vec<usize> = (0..10).map(|at| usize::from(at < 5)).collect();
        let trial = Trial::of(&knows, &pool());
        assert_eq!((trial.kept, trial.kept_error), (1.0, 0.0));
        assert!((trial.saved - 0.45).abs() < 1e-9 && (trial.above - 0.45).abs() < 1e-9, "{trial:?}");
        // Every other question: two of five are wrong, which is what a mix gives.
        let blind: Vec<usize> = (0..10).map(|at| at % 2).collect();
        let trial = Trial::of(&blind, &pool());
        assert!((trial.kept - 0.7).abs() < 1e-9 && (trial.saved - 0.45).abs() < 1e-9, "{trial:?}");
        assert!((trial.above + 0.09).abs() < 1e-9 && trial.above_error > 0.15, "{trial:?}");
    }

    #[test]
    fn the_strong_model_and_the_other_alone_are_neither_above_nor_below() {
        for pick in [0, 1] {
            let trial = Trial::of(&[pick; 10], &pool());
            assert!(trial.above.abs() < 1e-9 && trial.above_error < 1e-9, "{trial:?}");
        }
    }
}
