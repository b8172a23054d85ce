//! `keyway prices`: what was agreed with providers of models, instead of what the files say.

use clap::{Args as ClapArgs, Subcommand};
use jiff::civil::Date;
use server::calls::Price;
use server::prices::{self, Amounts, Days, Model, Unfit};

use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::output::{self, STRONG};

/// Say what models cost you, where you have agreed on other prices
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set a price, in US dollars for a million tokens
    Set {
        /// The model, as PROVIDER/NAME
        model: String,
        /// What is read
        #[arg(long, value_name = "USD")]
        input: String,
        /// What is written
        #[arg(long, value_name = "USD")]
        output: Option<String>,
        /// What is read from the provider's cache [default: as `--input`]
        #[arg(long, value_name = "USD")]
        cached: Option<String>,
        /// What is read and kept in the provider's cache for minutes
        #[arg(long, value_name = "USD")]
        cache_write: Option<String>,
        /// What is read and kept there for an hour
        #[arg(long, value_name = "USD")]
        cache_write_hour: Option<String>,
        /// The first day in UTC on which it counts [default: from ever on]
        #[arg(long, value_name = "DATE")]
        from: Option<Date>,
        /// The day from which on it counts no more [default: until further notice]
        #[arg(long, value_name = "DATE")]
        until: Option<Date>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// List the prices that were set, with what the files say today
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// Remove the prices of a model: those of the files count again
    Rm {
        /// The model, as PROVIDER/NAME
        model: String,
        /// Only the price that begins on this day
        #[arg(long, value_name = "DATE")]
        from: Option<Date>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Set {
            model,
            input,
            output,
            cached,
            cache_write,
            cache_write_hour,
            from,
            until,
            whose,
            data,
        } => {
            let model = Model::find(model).map_err(trouble)?;
            let amounts = Amounts {
                input,
                output: output.as_deref(),
                cached: cached.as_deref(),
                cache_write: cache_write.as_deref(),
                cache_write_hour: cache_write_hour.as_deref(),
            };
            let days = Days { from: *from, until: *until };
            // What is wrong with it is told before the vault is opened.
            prices::read("", model, amounts, days).map_err(trouble)?;
            let (vault, owner) = whose.vault(data)?;
            let price = prices::read(&owner, model, amounts, days).map_err(trouble)?;
            let words = prices::words(&price);
            let recorded = prices::set(&vault, Whose::who(&owner), price)?;
            output::note(&format!("`{}` costs {words}", model.full()));
            if !model.is_known() {
                output::note("this model is in none of our files: it is asked only by its name");
            }
            super::token::tell(recorded);
        }
        Command::List { json, whose, data } => {
            let agreed = prices::agreed(&data.home()?, &whose.id(data)?)?;
            match (json, &agreed[..]) {
                (true, agreed) => output::json(&agreed.iter().map(to_json).collect()),
                (false, []) => output::note("no prices were set; those of the files count"),
                (false, agreed) => output::result(&table(agreed)),
            }
        }
        Command::Rm { model, from, whose, data } => {
            let model = Model::find(model).map_err(trouble)?;
            let (vault, owner) = whose.vault(data)?;
            let removed = prices::remove(&vault, Whose::who(&owner), model, *from)?;
            let recorded = removed.ok_or_else(|| {
                Trouble::no(format!("no such price of `{}` was set", model.full()))
                    .help("`keyway prices list` shows all")
            })?;
            output::note(&format!("the price of `{}` is removed", model.full()));
            super::token::tell(recorded);
        }
    }
    Ok(Exit::Done)
}

fn trouble(unfit: Unfit) -> Trouble {
    Trouble::no(unfit.why).help(unfit.help)
}

fn amount(units: Option<i64>) -> String {
    units.map_or_else(|| "-".into(), |units| prices::per_million(units).to_string())
}

fn table(agreed: &[Price]) -> String {
    let name = |price: &Price| format!("{}/{}", price.provider, price.model);
    let width = agreed.iter().map(|price| name(price).chars().count()).max().unwrap_or(0).clamp(8, 48);
    let mut table = format!(
        "{STRONG}{:<width$} {:<10} {:<10} {:>10} {:>10} {:>10} {:>10} {:>20}{STRONG:#}\n",
        "MODEL", "FROM", "UNTIL", "READ", "CACHED", "KEPT", "WRITTEN", "IN THE FILES"
    );
    for price in agreed {
        let day = |day: &str| if day.is_empty() { "-".to_owned() } else { day.to_owned() };
        let files = prices::in_files(price).map_or_else(
            || "not known".to_owned(),
            |(read, written)| match written {
                Some(written) => format!("{read} / {written}"),
                None => read.to_string(),
            },
        );
        table += &format!(
            "{:<width$} {:<10} {:<10} {:>10} {:>10} {:>10} {:>10} {files:>20}\n",
            name(price),
            day(&price.since),
            day(&price.until),
            amount(Some(price.input)),
            amount(price.cached),
            amount(price.write_5m),
            amount(price.output)
        );
    }
    table + "US dollars for a million tokens\n"
}

fn to_json(price: &Price) -> serde_json::Value {
    let amount = |units: Option<i64>| units.map(|units| prices::per_million(units).to_string());
    let day = |day: &str| (!day.is_empty()).then(|| day.to_owned());
    serde_json::json!({
        "provider": price.provider,
        "model": price.model,
        "from": day(&price.since),
        "until": day(&price.until),
        "input_usd": amount(Some(price.input)),
        "cached_usd": amount(price.cached),
        "cache_write_usd": amount(price.write_5m),
        "cache_write_hour_usd": amount(price.write_1h),
        "output_usd": amount(price.output),
    })
}
