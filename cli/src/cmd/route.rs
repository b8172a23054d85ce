//! `keyway route`: which model a step would ask, and why; nothing goes out.

use std::io::Read;

use clap::Args as ClapArgs;
use dsl::types::{self, Type};
use dsl::value::Value;
use server::route::{Explained, Weighed};

use super::{Data, Whose, on_runtime};
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, STRONG};

/// Tell which model would be asked, and why
#[derive(ClapArgs)]
pub struct Args {
    /// The prompt; `-` reads it from the standard input
    #[arg(long, default_value = "", hide_default_value = true)]
    prompt: String,
    /// How good a model is asked: low, standard, high
    #[arg(long, value_parser = ["low", "standard", "high"])]
    quality: Option<String>,
    /// By what is chosen: cheapest, fastest, best
    #[arg(long, value_parser = ["cheapest", "fastest", "best"])]
    strategy: Option<String>,
    /// The fields of the answer, as in `{ urgency: integer, reason: string }`
    #[arg(long, value_name = "FIELDS")]
    returns: Option<String>,
    /// This model and no other
    #[arg(long, conflicts_with_all = ["quality", "strategy"])]
    model: Option<String>,
    /// The workflow whose calls are learned from, with --step
    #[arg(long, value_name = "NAME", requires = "step")]
    workflow: Option<String>,
    /// Its step
    #[arg(long, value_name = "NAME", requires = "workflow")]
    step: Option<String>,
    /// Show all models of your keys, each with its price or the reason why it is not asked
    #[arg(long)]
    explain: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let (home, owner) = (args.data.home()?, args.whose.id(&args.data)?);
    let asked = wanted(args)?;
    let explained = on_runtime(async { Ok(server::route::explain(&home, &owner, &asked).await?) })?;
    let explained = match explained {
        Ok(explained) => explained,
        Err(failure) => {
            output::note(&failure.message);
            return Ok(Exit::No);
        }
    };
    match (args.json, args.explain) {
        (true, _) => output::json(&to_json(&explained)),
        (false, true) => output::result(&(lines(&explained) + "\n" + &table(&explained.models))),
        (false, false) => output::result(&lines(&explained)),
    }
    Ok(Exit::Done)
}

/// What a step with these settings would give to `ai.ask`.
fn wanted(args: &Args) -> Result<Value, Trouble> {
    let prompt = match args.prompt.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Trouble::new(format!("the prompt cannot be read: {error}")))?;
            text
        }
        prompt => prompt.to_owned(),
    };
    let mut asked = vec![("prompt", Value::text(prompt))];
    let texts = [("quality", &args.quality), ("strategy", &args.strategy), ("model", &args.model)];
    asked.extend(texts.into_iter().filter_map(|(key, text)| Some((key, Value::text(text.as_deref()?)))));
    if let Some(returns) = &args.returns {
        match types::parse(returns) {
            Ok(Type::Object(fields)) => asked.push(("returns", types::as_value(&fields))),
            Ok(_) | Err(_) => {
                let wrong = Trouble::no(format!("`{returns}` names no fields"));
                return Err(wrong.help("write them as in `{ urgency: integer, reason: string }`"));
            }
        }
    }
    if let (Some(workflow), Some(step)) = (&args.workflow, &args.step) {
        let account = [("workflow", Value::text(workflow.as_str())), ("step", Value::text(step.as_str()))];
        asked.push((dsl::workflow::ACCOUNT, Value::object(account)));
    }
    Ok(Value::object(asked))
}

fn lines(explained: &Explained) -> String {
    let mut lines = format!("{}\n", explained.why);
    if let Some(then) = &explained.then {
        lines += &format!("if the answer does not fit: {then}\n");
    }
    lines
}

fn table(models: &[Weighed]) -> String {
    let name = |one: &Weighed| format!("{}/{}", one.provider, one.model);
    let width = models.iter().map(|one| name(one).chars().count()).max().unwrap_or(0).clamp(8, 48);
    let mut table = format!(
        "{STRONG}{:<3} {:<width$} {:<9} {:>14} {:>7}  {}{STRONG:#}\n",
        "", "MODEL", "QUALITY", "LIKELY USD", "CHANCE", "WHY NOT"
    );
    for (at, one) in models.iter().enumerate() {
        let place = if one.rejected.is_none() { format!("{}.", at + 1) } else { "-".into() };
        let likely = one.likely.map_or_else(String::new, |likely| likely.to_string());
        let chance = one.chance.map_or_else(String::new, |chance| format!("{chance:.2}"));
        let line = format!(
            "{place:<3} {:<width$} {:<9} {likely:>14} {chance:>7}  {FAINT}{}{FAINT:#}",
            name(one),
            one.quality.map_or("", |quality| quality.name()),
            one.rejected.as_deref().unwrap_or_default()
        );
        table += line.trim_end();
        table += "\n";
    }
    table
}

fn to_json(explained: &Explained) -> serde_json::Value {
    let models = explained.models.iter().map(|one| {
        serde_json::json!({
            "provider": one.provider,
            "model": one.model,
            "quality": one.quality.map(|quality| quality.name()),
            "likely_usd": one.likely.map(|likely| likely.to_string()),
            "most_usd": one.most.map(|most| most.to_string()),
            "chance": one.chance,
            "seconds": one.pace.map(|pace| pace.as_secs_f64()),
            "rejected": one.rejected,
        })
    });
    serde_json::json!({
        "why": explained.why,
        "then": explained.then,
        "models": models.collect::<Vec<_>>(),
    })
}
