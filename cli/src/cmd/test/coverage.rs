//! How much of each workflow the cases go through, and what they do not.

use serde_json::{Value, json};
use server::rehearse::{Point, Way};

use super::Played;
use crate::cmd::check::plural;
use crate::output::{BAD, BUSY, FAINT, GOOD, STRONG};

/// What is not shown is told so far; `--json` has all of it.
const SHOWN: usize = 12;

/// How much of a workflow was gone through.
pub struct Share<'p> {
    /// Its file.
    pub file: String,
    /// Its text.
    text: &'p str,
    points: Vec<&'p Point>,
}

/// Of each workflow that was tested, what several test files show together.
pub fn of(played: &[Played]) -> Vec<Share<'_>> {
    let mut shares: Vec<Share<'_>> = vec![];
    for tested in played.iter().map(|played| &played.tested) {
        let Some((path, text, _)) = tested.workflow.as_ref().filter(|_| !tested.points.is_empty()) else {
            continue;
        };
        let file = path.display().to_string();
        match shares.iter_mut().find(|share| share.file == file) {
            Some(share) => {
                for (known, other) in share.points.iter_mut().zip(&tested.points) {
                    if other.shown {
                        *known = other;
                    }
                }
            }
            None => shares.push(Share { file, text, points: tested.points.iter().collect() }),
        }
    }
    shares
}

impl Share<'_> {
    /// How many steps there are, and how many ran.
    fn steps(&self) -> (usize, usize) {
        self.count(|point| point.way == Way::Ran)
    }

    /// How many branches there are, and how many were taken.
    fn branches(&self) -> (usize, usize) {
        self.count(|point| point.way != Way::Ran)
    }

    fn count(&self, which: fn(&Point) -> bool) -> (usize, usize) {
        let all = self.points.iter().filter(|point| which(point));
        (all.clone().count(), all.filter(|point| point.shown).count())
    }

    fn missing(&self) -> Vec<&Point> {
        self.points.iter().filter(|point| !point.shown).copied().collect()
    }

    fn line(&self, point: &Point) -> Option<usize> {
        let start = point.span?.range().start;
        Some(dsl::span::Lines::new(self.text).place(start).line)
    }
}

/// The share of all steps and branches together, in whole percent; all where there is nothing.
pub fn percent(shares: &[Share<'_>]) -> usize {
    let all: usize = shares.iter().map(|share| share.points.len()).sum();
    let shown = shares.iter().flat_map(|share| &share.points).filter(|point| point.shown).count();
    (shown * 100).checked_div(all).unwrap_or(100)
}

/// For people: a line for each workflow, and what no case goes through.
pub fn page(shares: &[Share<'_>]) -> String {
    let mut page = format!("\n{STRONG}coverage{STRONG:#}\n");
    for share in shares {
        let missing = share.missing();
        let style = if missing.is_empty() { GOOD } else { BUSY };
        page += &format!(
            "  {style}{:>3} %{style:#} {} {FAINT}{}{FAINT:#}\n",
            percent(std::slice::from_ref(share)),
            share.file,
            told(std::slice::from_ref(share))
        );
        for point in missing.iter().take(SHOWN) {
            let line =
                share.line(point).map_or(String::new(), |line| format!(" {FAINT}line {line}{FAINT:#}"));
            page += &format!("        {BAD}never{BAD:#} {}{line}\n", point.told);
        }
        if missing.len() > SHOWN {
            let more = missing.len() - SHOWN;
            page += &format!("        {FAINT}and {more} more; `--json` tells all{FAINT:#}\n");
        }
    }
    if shares.len() > 1 {
        page += &format!("  {:>3} % in all {FAINT}{}{FAINT:#}\n", percent(shares), told(shares));
    }
    page
}

fn told(shares: &[Share<'_>]) -> String {
    let add = |sum: (usize, usize), one: (usize, usize)| (sum.0 + one.0, sum.1 + one.1);
    let (steps, ran) = shares.iter().map(|share| share.steps()).fold((0, 0), add);
    let (branches, taken) = shares.iter().map(|share| share.branches()).fold((0, 0), add);
    let of_branches = match branches {
        1 => "1 branch".to_owned(),
        more => format!("{more} branches"),
    };
    match branches {
        0 => format!("{ran} of {}", plural(steps, "step")),
        _ => format!("{ran} of {}, {taken} of {of_branches}", plural(steps, "step")),
    }
}

/// The same as JSON.
pub fn json(shares: &[Share<'_>]) -> Value {
    let workflows = shares.iter().map(|share| {
        let ((steps, ran), (branches, taken)) = (share.steps(), share.branches());
        let missing = share
            .missing()
            .into_iter()
            .map(|point| json!({ "step": point.path, "what": point.told, "line": share.line(point) }));
        json!({
            "workflow": share.file,
            "steps": steps,
            "steps_ran": ran,
            "branches": branches,
            "branches_taken": taken,
            "percent": percent(std::slice::from_ref(share)),
            "missing": missing.collect::<Vec<_>>(),
        })
    });
    json!({ "percent": percent(shares), "workflows": workflows.collect::<Vec<_>>() })
}
