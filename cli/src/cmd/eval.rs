//! `keyway eval`: how good drafts are.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use serde_json::json;
use server::drafts::{self, Wish, Wisher, eval};

use crate::error::{Exit, Trouble};
use crate::output;

/// Measure how good something is
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Generate(GenerateArgs),
}

/// How many wishes of a suite become the right drafts, without a model
///
/// Looked at are triggers, services, their order and how data goes, and never texts.
#[derive(ClapArgs)]
struct GenerateArgs {
    /// A suite of your own: a line for each wish, `CLASS | LANGUAGE | WISH => CHECKS`
    #[arg(long, value_name = "FILE")]
    suite: Option<PathBuf>,
    /// Only the half that the planner was not tuned on
    #[arg(long)]
    held_out: bool,
    /// Only the half that it was tuned on
    #[arg(long, conflicts_with = "held_out")]
    tuned: bool,
    /// Tell each wish that is not as it must be
    #[arg(long)]
    failures: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let What::Generate(args) = &args.what;
    let text = match &args.suite {
        Some(file) => super::run::read(file)?,
        None => eval::SUITE.to_owned(),
    };
    let prompts: Vec<eval::Prompt> = eval::suite(&text)
        .into_iter()
        .filter(|prompt| (!args.held_out || prompt.held_out) && (!args.tuned || !prompt.held_out))
        .collect();
    let Some(wisher) = Wisher::new(Some("Europe/Berlin"), vec![]) else {
        return Err(Trouble::new("there is no time zone `Europe/Berlin`"));
    };
    let means = wisher.means();
    let ask = |wish: &str| drafts::draft(&Wish { text: wish.to_owned(), answers: vec![] }, &wisher);
    // What is made once, as the index, is not part of the time of the first wish.
    ask("post \"hello\" to #general");
    let judged = eval::run(&prompts, &means, &mut |wish| ask(wish));
    // A planner without chance gives the same each time; whether it does is looked at, and not taken for granted.
    let again = eval::run(&prompts, &means, &mut |wish| ask(wish));
    let third = eval::run(&prompts, &means, &mut |wish| ask(wish));
    let passes = |at: usize| {
        [&judged, &again, &third].iter().all(|round| round.get(at).is_some_and(|one| one.unmet.is_empty()))
    };
    let thrice = (0..judged.len()).filter(|at| passes(*at)).count();
    let passed = judged.iter().filter(|one| one.unmet.is_empty()).count();
    let mut times: Vec<u128> = judged.iter().map(|one| one.took.as_micros()).collect();
    times.sort_unstable();
    let at = |share: usize| times.get(times.len().saturating_sub(1) * share / 100).copied().unwrap_or(0);
    let rates = eval::rates(&judged);
    if args.json {
        output::json(&json!({
            "by": "offline planner",
            "classes": rates.iter().map(|(class, rate)| json!({ "class": class, "passed": rate.passed, "all": rate.all })).collect::<Vec<_>>(),
            "passed": passed,
            "all": judged.len(),
            "passed_three_times": thrice,
            "model_rounds": 0,
            "tokens": 0,
            "cost_usd": "0",
            "median_us": u64::try_from(at(50)).unwrap_or(u64::MAX),
            "p99_us": u64::try_from(at(99)).unwrap_or(u64::MAX),
        }));
    } else {
        let mut page = String::new();
        for (class, rate) in &rates {
            page += &format!("{class:<12} {:>3} of {:>3}\n", rate.passed, rate.all);
        }
        page +=
            &format!("{:<12} {passed:>3} of {:>3}, {thrice} in all of three rounds\n", "all", judged.len());
        page += &format!(
            "the offline planner: no model, no tokens, 0 USD; median {} µs, 99 % within {} µs",
            at(50),
            at(99)
        );
        output::result(&page);
    }
    if args.failures {
        for one in judged.iter().filter(|one| !one.unmet.is_empty()) {
            output::note(&format!(
                "\n{} | {} | {}\n  {}\n  {}",
                one.prompt.class,
                one.prompt.language,
                one.prompt.wish,
                one.unmet.join("; "),
                one.told.replace('\n', "\n  ")
            ));
        }
    }
    Ok(Exit::Done)
}
