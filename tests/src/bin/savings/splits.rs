//! The same in other splits of a directory: how much of a figure is the luck of one. The router is asked whom it would choose; the
//! answers are looked up, and nothing is sent.

use std::collections::BTreeSet;

use tests::outcomes::{Outcomes, Row};
use tests::replay::Step;
use tests::replay::lesson::{self, PROMISE, paid, right};
use tests::replay::trial::{Pool, Trial};

use crate::sets::{Labels, Set};

/// What a set came to in each split.
#[derive(serde::Serialize)]
pub struct Spread {
    set: String,
    /// In each split, in order.
    trials: Vec<Trial>,
    /// In how many the router was not followed.
    declined: usize,
}

/// Of a set whose model the router chooses by words; nothing without splits, or of another.
pub fn of(set: &Set, all: &Outcomes, splits: u32) -> Option<Spread> {
    if splits == 0 || set.step != Step::Text || set.labels != Labels::Recorded {
        return None;
    }
    let mut seen = BTreeSet::new();
    let rows = all.files.get(&set.file)?.iter();
    let rows: Vec<&Row> =
        rows.filter(|row| row.of(&set.models).is_some() && seen.insert(&row.prompt)).collect();
    let (mut trials, mut declined) = (vec![], 0);
    for split in 1..=splits {
        let (report, learn): (Vec<&Row>, Vec<&Row>) =
            rows.iter().copied().partition(|row| row.is_reported_in(split));
        if report.is_empty() || learn.is_empty() {
            return None;
        }
        let learned = lesson::of(&set.models, &learn, all);
        declined += usize::from(learned.judge.lacks.is_some());
        let picks: Vec<usize> = learned.chosen(&report).into_iter().map(|(at, _)| at).collect();
        let by = |of: &dyn Fn(&Row, &str) -> f64| -> Vec<Vec<f64>> {
            set.models.iter().map(|model| report.iter().map(|row| of(row, model)).collect()).collect()
        };
        let costs = by(&|row, model| paid(row, model, all));
        let pool = Pool { rights: by(&right), costs, strong: learned.strong };
        trials.push(Trial::of(&picks, &pool));
        eprintln!("{}: split {split} of {splits}", set.name);
    }
    Some(Spread { set: set.name.clone(), trials, declined })
}

/// It as a table.
pub fn text(spreads: &[Spread]) -> String {
    let Some(splits) = spreads.first().map(|spread| spread.trials.len()) else { return String::new() };
    let mut text = format!(
        "## In other splits\n\nThe router alone, learned and reported in {splits} other splits of the same questions, three fifths and two \
         fifths: the mean, and in brackets the least and the most. How often it kept {:.0} % and how often it saved at least as much as \
         a random mix; where it is not followed it saves what the best single model saves.\n\n\
         | Set | Quality kept | Saved | Kept {:.0} % | Not below the mix | Not followed |\n| --- | --- | --- | ---: | ---: | ---: |\n",
        PROMISE * 100.0,
        PROMISE * 100.0
    );
    for Spread { set, trials, declined } in spreads {
        let range = |of: fn(&Trial) -> f64| {
            let mut values: Vec<f64> = trials.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
            let (least, most) = (values.first().unwrap_or(&mean), values.last().unwrap_or(&mean));
            format!("{:.1} % ({:.1} to {:.1})", mean * 100.0, least * 100.0, most * 100.0)
        };
        text += &format!(
            "| {set} | {} | {} | {} of {splits} | {} of {splits} | {declined} of {splits} |\n",
            range(|trial| trial.kept),
            range(|trial| trial.saved),
            trials.iter().filter(|trial| trial.kept >= PROMISE).count(),
            trials.iter().filter(|trial| trial.above > -1e-6).count(),
        );
    }
    text
}
