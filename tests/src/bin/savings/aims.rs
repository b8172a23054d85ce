//! What is aimed at on questions that were not learned from, and whether it came so. What was missed is told like the rest.

use crate::Told;

/// An aim with what came.
#[derive(serde::Serialize)]
pub struct Aim {
    set: String,
    way: &'static str,
    least_kept: f64,
    kept: f64,
    least_saved: f64,
    saved: f64,
    met: bool,
}

/// All of them.
#[derive(serde::Serialize)]
pub struct Aims {
    aims: Vec<Aim>,
    /// The sets that save less than a random mix that keeps as much.
    below_mix: Vec<String>,
}

/// A set by its name and way, what is to be kept of the strong model's quality at least, and what saved.
const AIMS: [(&str, &str, f64, f64); 3] = [
    ("BFCL, Opus and Haiku", "router", 0.97, 0.65),
    ("MMLU-Pro, 7 models", "router", 0.97, 0.40),
    ("BFCL, GPT-4 and GPT-3.5", "cascade", 0.94, 0.70),
];

/// By how much a figure may lie below the mix and count as the same: sums of money are rounded otherwise than sums of floats.
const SAME: f64 = 1e-6;

/// Those whose sets were replayed, and that no set is below the random mix.
pub fn of(told: &[Told]) -> Aims {
    let of = |one: &Told| {
        let (_, _, least_kept, least_saved) =
            *AIMS.iter().find(|(set, way, _, _)| *set == one.set && *way == one.way)?;
        let (kept, saved) = (one.kept.value, one.saved.value);
        let met = kept >= least_kept && saved >= least_saved;
        Some(Aim { set: one.set.clone(), way: one.way, least_kept, kept, least_saved, saved, met })
    };
    let below = told.iter().filter(|one| one.above_mix < -SAME);
    let below_mix = below.map(|one| format!("{}, {}", one.set, one.way)).collect();
    Aims { aims: told.iter().filter_map(of).collect(), below_mix }
}

/// It as a table.
pub fn text(Aims { aims, below_mix }: &Aims) -> String {
    let mut text = String::from(
        "## What was aimed at\n\n| Set | Way | Kept, at least | Came | Saved, at least | Came | Met |\n\
         | --- | --- | ---: | ---: | ---: | ---: | --- |\n",
    );
    for aim in aims {
        text += &format!(
            "| {} | {} | {:.0} % | {:.1} % | {:.0} % | {:.1} % | {} |\n",
            aim.set,
            aim.way,
            aim.least_kept * 100.0,
            aim.kept * 100.0,
            aim.least_saved * 100.0,
            aim.saved * 100.0,
            if aim.met { "yes" } else { "no" }
        );
    }
    text + &match below_mix.is_empty() {
        true => "\nNo set saves less than a random mix that keeps as much.\n".to_owned(),
        false => format!("\nBelow a random mix that keeps as much: {}.\n", below_mix.join("; ")),
    }
}
