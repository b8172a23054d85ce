//! `keyway explain-run`: why each step of a run ran, waited, was left out or failed, in plain words.

use clap::Args as ClapArgs;
use server::engine::run::RunId;
use server::engine::story::Story;
use server::history::History;

use super::Data;
use super::show::{head, visible, with_tools};
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, STRONG};
use crate::progress::mark;
use crate::waits::{count, wrapped};

/// Tell in plain words why each step of a run ran, waited, was left out or failed
#[derive(ClapArgs)]
pub struct Args {
    /// The run
    run: String,
    /// Tell of every step of every item
    #[arg(long)]
    full: bool,
    /// Print it as JSON, with the facts
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let run = RunId(args.run.as_str().into());
    let history = History::open(&args.data.home()?).map_err(server::error::Error::from)?;
    let story = history.story(&run).map_err(server::error::Error::from)?;
    if args.json {
        output::json(&story.to_json());
    } else {
        output::result(&page(&story, args.full));
    }
    Ok(Exit::Done)
}

fn page(story: &Story, full: bool) -> String {
    let mut page = head(story.timeline()) + "\n";
    let accounts = story.accounts();
    let with_tools = with_tools(story.timeline());
    let told = |path: &str| full || visible(path, &with_tools);
    for account in accounts.iter().filter(|account| told(&account.step)) {
        let (sign, style) = mark(account.state);
        let when = match (account.time, story.timeline().started()) {
            (Some(time), Some(started)) => {
                format!("  {FAINT}+{}{FAINT:#}", crate::progress::length(time.duration_since(started)))
            }
            _ => String::new(),
        };
        page += &format!("{style}{sign}{style:#} {STRONG}{}{STRONG:#}{when}\n", account.step);
        wrapped(&account.text, 94).iter().for_each(|line| page += &format!("    {line}\n"));
    }
    let hidden = accounts.iter().filter(|account| !told(&account.step)).count();
    if hidden > 0 {
        page += &format!(
            "  {FAINT}and {} of further items; `--full` tells of them{FAINT:#}\n",
            count(hidden, "step")
        );
    }
    page += "\n";
    wrapped(&story.whole(), 98).iter().for_each(|line| page += &format!("{line}\n"));
    page
}
