//! `keyway diff`: what differs between two runs.

use clap::Args as ClapArgs;
use server::engine::diff::{Diff, Part, Place};
use server::engine::run::RunId;
use server::history::History;

use super::Data;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT, GOOD, STRONG};
use crate::progress::{self, length};

/// A value is shown so far; `--json` shows all of it.
const SHORT: usize = 88;

/// Compare two runs: their inputs, versions, steps and ends
///
/// Exit 0 where nothing differs but how long it took, 1 where something does.
#[derive(ClapArgs)]
pub struct Args {
    /// One run
    one: String,
    /// The other
    two: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let history = History::open(&args.data.home()?).map_err(server::error::Error::from)?;
    let load = |run: &str| -> Result<_, Trouble> {
        let run = RunId(run.into());
        let mut timeline = history.timeline(&run).map_err(server::error::Error::from)?;
        for row in history.log(&run).map_err(server::error::Error::from)? {
            timeline.apply(&row);
        }
        Ok(progress::loaded(&timeline, &history))
    };
    let diff = Diff::of(&load(&args.one)?, &load(&args.two)?);
    if args.json {
        output::json(&diff.to_json());
    } else {
        output::result(&page(&diff));
    }
    let took = |place: &Place| matches!(place, Place::Step { part: Part::Took, .. });
    let equal = diff.differences.iter().all(|difference| took(&difference.place));
    Ok(if equal { Exit::Done } else { Exit::No })
}

fn page(diff: &Diff) -> String {
    let [one, two] = &diff.runs;
    let mut page =
        format!("{BAD}-{BAD:#} {FAINT}run{FAINT:#} {one}\n{GOOD}+{GOOD:#} {FAINT}run{FAINT:#} {two}\n\n");
    for difference in &diff.differences {
        page += &format!("{STRONG}{}{STRONG:#}\n", difference.place);
        let said = |value: &Option<serde_json::Value>| match (value, &difference.place) {
            (None, _) => "nothing".to_owned(),
            (Some(value), Place::Step { part: Part::Took, .. }) => {
                length(jiff::SignedDuration::from_millis(value.as_i64().unwrap_or(0)))
            }
            (Some(serde_json::Value::String(text)), Place::Status | Place::Error | Place::Step { .. }) => {
                cut(text)
            }
            (Some(value), _) => cut(&value.to_string()),
        };
        page += &format!("  {BAD}-{BAD:#} {}\n", said(&difference.values[0]));
        page += &format!("  {GOOD}+{GOOD:#} {}\n", said(&difference.values[1]));
    }
    if diff.differences.is_empty() {
        page += "nothing differs\n";
    }
    let steps = if diff.same == 1 { "step is" } else { "steps are" };
    page + &format!("\n{FAINT}{} {steps} the same in both{FAINT:#}\n", diff.same)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
