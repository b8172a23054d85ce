//! `keyway usage`: what calls to models took and cost, from the ledger.

mod savings;

use clap::{Args as ClapArgs, ValueEnum};
use server::calls::{By, Sum};

use super::audit::moment;
use super::check::plural;
use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, STRONG};

/// How wide a bar is at most.
const BAR: i128 = 24;

/// Tell what calls to models took and cost
#[derive(ClapArgs)]
pub struct Args {
    /// What is counted together
    #[arg(long, value_enum, default_value = "model")]
    by: Kind,
    /// Count only what is not older: a day, a moment, or a length such as `24h`
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Tell what the answers would have cost otherwise
    #[arg(long, conflicts_with = "csv")]
    savings: bool,
    /// Print it as JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print it as CSV
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// What is counted together
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Owner,
    Workflow,
    Step,
    Provider,
    Model,
    Key,
    Day,
    Token,
}

impl Kind {
    fn by(self) -> By {
        match self {
            Kind::Owner => By::Owner,
            Kind::Workflow => By::Workflow,
            Kind::Step => By::Step,
            Kind::Provider => By::Provider,
            Kind::Model => By::Model,
            Kind::Key => By::Key,
            Kind::Day => By::Day,
            Kind::Token => By::Token,
        }
    }
}

/// The names of the kinds of tokens, in the order of the ledger.
const TOKENS: [&str; 6] = [
    "input_uncached",
    "input_cached",
    "cache_write_5m",
    "cache_write_1h",
    "output_visible",
    "output_reasoning",
];

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let since = args.since.as_deref().map_or(Ok(i64::MIN), moment)?;
    let owner = args.whose.id(&args.data)?;
    let by = args.by.by();
    if args.savings {
        let savings = server::usage::savings(&args.data.home()?, &owner, by, since)?;
        savings::tell(by, &savings, args.json);
        return Ok(Exit::Done);
    }
    let sums = server::usage::usage(&args.data.home()?, &owner, by, since)?;
    match (args.json, args.csv) {
        (true, _) => output::json(&sums.iter().map(|sum| to_json(by, sum)).collect()),
        (false, true) => output::result(&csv(by, &sums)),
        (false, false) if sums.is_empty() => output::note("no model was called yet"),
        (false, false) => output::result(&table(by, &sums)),
    }
    Ok(Exit::Done)
}

fn table(by: By, sums: &[Sum]) -> String {
    let width = sums.iter().map(|sum| sum.name.chars().count()).max().unwrap_or(0).clamp(8, 48);
    let head = by.name().to_uppercase();
    let mut table = format!(
        "{STRONG}{head:<width$} {:>7} {:>7} {:>11} {:>11} {:>14}{STRONG:#}\n",
        "CALLS", "FAILED", "READ", "WRITTEN", "USD"
    );
    let most = sums.iter().map(|sum| sum.cost).max().unwrap_or(0).max(1);
    for sum in sums {
        let (read, written) = (sum.tokens[..4].iter().sum::<i64>(), sum.tokens[4..].iter().sum::<i64>());
        let filled = usize::try_from(i128::from(sum.cost) * BAR / i128::from(most)).unwrap_or(0);
        let (amount, bar) = (known(sum).unwrap_or_else(|| "not known".into()), "█".repeat(filled));
        let mut line = format!(
            "{:<width$} {:>7} {:>7} {read:>11} {written:>11} {amount:>14}  {bar}",
            sum.name, sum.calls, sum.failed
        );
        for (count, what) in [(sum.unpriced, "without a known price"), (sum.estimated, "estimated")] {
            if count > 0 {
                line += &format!(" {FAINT}{count} {what}{FAINT:#}");
            }
        }
        if sum.reused > 0 {
            line += &format!(" {FAINT}{}{FAINT:#}", reused(sum.reused, sum.unsaved, &cost(sum.saved)));
        }
        table += line.trim_end();
        table += "\n";
    }
    let all = |of: fn(&Sum) -> i64| sums.iter().map(of).sum::<i64>();
    let (calls, unpriced) = (all(|sum| sum.calls), all(|sum| sum.unpriced));
    let told = match cost(all(|sum| sum.cost)) {
        _ if unpriced > 0 && unpriced == calls => "the cost is not known".to_owned(),
        cost if unpriced > 0 => format!("{cost} USD, and {unpriced} without a known price"),
        cost => format!("{cost} USD"),
    };
    let calls = plural(usize::try_from(calls).unwrap_or(0), "call");
    table += &format!("{FAINT}{calls}, {told}{FAINT:#}\n");
    let (again, unsaved, saved) = (all(|sum| sum.reused), all(|sum| sum.unsaved), all(|sum| sum.saved));
    if again > 0 {
        table += &format!("{FAINT}{}{FAINT:#}\n", reused(again, unsaved, &cost(saved)));
    }
    table
}

/// How many answers were used again, and what that saved as far as it is known.
fn reused(count: i64, unsaved: i64, saved: &str) -> String {
    let unknown = match unsaved {
        0 => String::new(),
        all if all == count => return format!("{count} answered from before; what that saved is not known"),
        some => format!(", and of {some} it is not known"),
    };
    format!("{count} answered from before, which saved {saved} USD{unknown}")
}

fn csv(by: By, sums: &[Sum]) -> String {
    let mut text = format!(
        "{},calls,failed,estimated,unpriced,{},cost_usd,reused,saved_usd\n",
        by.name(),
        TOKENS.join(",")
    );
    for sum in sums {
        let tokens = sum.tokens.map(|count| count.to_string()).join(",");
        text += &format!(
            "{},{},{},{},{},{tokens},{},{},{}\n",
            quoted(&sum.name),
            sum.calls,
            sum.failed,
            sum.estimated,
            sum.unpriced,
            known(sum).unwrap_or_default(),
            sum.reused,
            saved(sum).unwrap_or_default()
        );
    }
    text
}

fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

fn to_json(by: By, sum: &Sum) -> serde_json::Value {
    let tokens: serde_json::Map<String, _> =
        TOKENS.iter().zip(sum.tokens).map(|(name, count)| ((*name).to_owned(), count.into())).collect();
    serde_json::json!({
        by.name(): sum.name,
        "calls": sum.calls,
        "failed": sum.failed,
        "estimated": sum.estimated,
        "unpriced": sum.unpriced,
        "tokens": tokens,
        "cost_usd": known(sum),
        "reused": sum.reused,
        "saved_usd": saved(sum),
    })
}

/// What calls cost together, as far as it is known; nothing where it is known of none.
fn known(sum: &Sum) -> Option<String> {
    (sum.unpriced < sum.calls || sum.calls == 0).then(|| cost(sum.cost))
}

/// What answers that were used again would have cost, likewise.
fn saved(sum: &Sum) -> Option<String> {
    (sum.unsaved < sum.reused || sum.reused == 0).then(|| cost(sum.saved))
}

/// An amount of the ledger in US dollars.
pub fn cost(units: i64) -> String {
    server::shown::dollars(units)
}
