//! `keyway budget`: what may be spent on models in a month.

use clap::{Args as ClapArgs, Subcommand};
use server::Money;
use server::calls::Budget;

use super::usage::cost;
use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT, STRONG};

/// Limit what may be spent on models in a month
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set a budget
    Set {
        /// US dollars for each month of UTC, as in `20` or `0.50`
        most: String,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// List budgets, with what is spent and reserved in this month
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// Remove a budget
    Rm {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
}

/// What is counted; all of the owner's calls without
#[derive(ClapArgs)]
struct Of {
    /// Count only calls of this workflow
    #[arg(long, value_name = "NAME", conflicts_with = "key")]
    workflow: Option<String>,
    /// Count only calls with the key of this name
    #[arg(long, value_name = "NAME", conflicts_with = "token")]
    key: Option<String>,
    /// Count only what programs ask with the token of this name
    #[arg(long, value_name = "NAME", conflicts_with = "workflow")]
    token: Option<String>,
}

impl Of {
    fn scope(&self) -> (&'static str, &str) {
        match (&self.workflow, &self.key, &self.token) {
            (Some(name), _, _) => ("workflow", name),
            (None, Some(name), _) => ("key", name),
            (None, None, Some(name)) => ("token", name),
            (None, None, None) => ("owner", ""),
        }
    }
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Set { most, of, whose, data } => {
            let units = Money::parse(most).and_then(|money| i64::try_from(money.units()).ok());
            let units = units.filter(|units| *units >= 0).ok_or_else(|| {
                Trouble::no(format!("`{most}` is no amount of dollars")).help("write it as in `20` or `0.50`")
            })?;
            let (scope, name) = of.scope();
            let (vault, owner) = whose.vault(data)?;
            let (scope, name) = (scope.to_owned(), name.to_owned());
            let told = told(&scope, &name);
            let budget = Budget { owner: owner.clone(), scope, name, most: units };
            let recorded = server::usage::set_budget(&vault, Whose::who(&owner), budget)?;
            output::note(&format!("{told} may spend {} USD in a month", cost(units)));
            super::token::tell(recorded);
        }
        Command::List { json, whose, data } => list(*json, &whose.id(data)?, data)?,
        Command::Rm { of, whose, data } => {
            let (scope, name) = of.scope();
            let (vault, owner) = whose.vault(data)?;
            let removed = server::usage::remove_budget(&vault, Whose::who(&owner), scope, name)?;
            let recorded = removed.ok_or_else(|| {
                Trouble::no(format!("{} has no budget", told(scope, name)))
                    .help("`keyway budget list` shows all")
            })?;
            output::note(&format!("{} has no budget any more", told(scope, name)));
            super::token::tell(recorded);
        }
    }
    Ok(Exit::Done)
}

fn told(scope: &str, name: &str) -> String {
    match name {
        "" => "all of the owner's calls".to_owned(),
        name => format!("the {scope} `{name}`"),
    }
}

fn list(json: bool, owner: &str, data: &Data) -> Result<(), Trouble> {
    let budgets = server::usage::budgets(&data.home()?, owner, server::usage::month())?;
    if json {
        let row = |(budget, spent): &(Budget, i64)| server::shown::budget(budget, *spent);
        output::json(&budgets.iter().map(row).collect());
        return Ok(());
    }
    if budgets.is_empty() {
        output::note("there are no budgets; `keyway budget set DOLLARS` sets one");
        return Ok(());
    }
    let mut table =
        format!("{STRONG}{:<36} {:>14} {:>14} {:>5}{STRONG:#}\n", "BUDGET", "SPENT", "OF USD", "");
    for (budget, spent) in &budgets {
        let percent = i128::from(*spent) * 100 / i128::from(budget.most.max(1));
        let style = if percent >= 90 { BAD } else { FAINT };
        let name = told(&budget.scope, &budget.name);
        let (spent, most) = (cost(*spent), cost(budget.most));
        table += &format!("{name:<36} {spent:>14} {most:>14} {style}{percent:>4}%{style:#}\n");
    }
    output::result(&table);
    Ok(())
}
