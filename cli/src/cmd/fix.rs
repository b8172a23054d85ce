//! `keyway fix`: mends what is wrong with a workflow. It shows what it would change, and writes where that is said.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use server::drafts::{Asked, Kind};

use super::generate::{Desk, Models, differs, part, replace};
use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::output::{self, BUSY, FAINT, GOOD};

/// Mend a workflow: what the checker can mend by itself, and with a key for a model what is left
///
/// Exit 0 where nothing is wrong with it any more, 1 where something is left.
#[derive(ClapArgs)]
pub struct Args {
    /// The workflow's file
    file: PathBuf,
    /// Write it to the file
    #[arg(long)]
    apply: bool,
    /// Ask no model
    #[arg(long)]
    offline: bool,
    /// Let the model be at a private address, as one on this machine is
    #[arg(long)]
    allow_private: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let text = super::run::read(&args.file)?;
    if super::test::is_test(&args.file) {
        return Err(Trouble::no(format!("`{}` holds tests and no workflow", args.file.display()))
            .help("`keyway check FILE` tells what is wrong with it"));
    }
    let models = Models { offline: args.offline, allow_private: args.allow_private };
    let desk = Desk::open(&args.whose, &args.data, None, models)?;
    let catalog = server::beside::catalog(&args.file, &text);
    let mut answer = desk.answer(&Asked::Fix { text: text.clone() }, &catalog)?;
    desk.look_closer(&mut answer, &catalog)?;
    let changed = answer.yaml.as_deref().filter(|yaml| *yaml != text);
    if let (Some(yaml), true) = (changed, args.apply) {
        replace(&args.file, &text, yaml)?;
    }
    let exit = if answer.kind == Kind::Draft { Exit::Done } else { Exit::No };
    if args.json {
        output::json(&serde_json::to_value(&answer).map_err(|error| Trouble::new(error.to_string()))?);
        return Ok(exit);
    }
    let file = args.file.display().to_string();
    if changed.is_some() {
        differs(&answer);
        let applied = answer.applied.iter().flatten().map(|fix| {
            let code = fix["code"].as_str().or(fix["by"].as_str()).unwrap_or_default();
            let line = fix["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
            format!("- {file}{line} {code}: {}", fix["title"].as_str().unwrap_or_default())
        });
        part("Mended", applied.collect());
    }
    part("To be known", answer.assumptions.iter().map(|text| format!("- {text}")).collect());
    let now = answer.yaml.as_deref().unwrap_or(&text);
    output::diagnostics(&file, now, &dsl::check(now, &catalog).diagnostics);
    output::note(&match (changed.is_some(), args.apply, answer.kind) {
        (true, true, _) => format!("\n{GOOD}✓{GOOD:#} `{file}` is written"),
        (true, false, _) => format!("\n{FAINT}nothing was written; `--apply` writes it to the file{FAINT:#}"),
        (false, _, Kind::Draft) => format!("{GOOD}✓{GOOD:#} {FAINT}nothing is to be mended{FAINT:#}"),
        (false, _, Kind::Question | Kind::Refusal) => {
            format!("{BUSY}nothing can be mended without a choice{BUSY:#}")
        }
    });
    Ok(exit)
}
