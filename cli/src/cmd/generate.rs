//! `keyway generate`: a workflow out of plain words. It is a draft: nothing starts, and no file is overwritten.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use server::connections::{lacks, of_plan};
use server::drafts::{self, Answer, Kind, Wish, Wisher};
use server::engine::outline::Outline;
use server::engine::plan::Plan;
use server::vault::LOCAL;

use super::{Data, Whose, on_runtime};
use crate::error::{Exit, Trouble};
use crate::fresh;
use crate::output::{self, BUSY, FAINT, GOOD, STRONG};

/// Draft a workflow out of plain words, in English, German, French, Spanish or Italian
///
/// The draft passes the checker and is played on mocks. Exit 0 with a draft, 1 with a question or a refusal.
#[derive(ClapArgs)]
pub struct Args {
    /// What it is to do, as in "every weekday at 9 summarise my unread mail and post it to #standup"
    wish: String,
    /// Answer the question that was asked before; several times for several questions, in their order
    #[arg(long = "answer", value_name = "TEXT")]
    answers: Vec<String>,
    /// The time zone of the times in the wish [default: that of this machine]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Ask no model
    #[arg(long)]
    offline: bool,
    /// Write the draft to this file, which must not be there yet
    #[arg(long, value_name = "FILE")]
    apply: Option<PathBuf>,
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
    if let Some(file) = args.apply.as_ref().filter(|file| fresh::is_taken(file)) {
        return Err(there(file));
    }
    let there = args.data.home()?.database().exists();
    let connected = if there {
        let (vault, owner) = args.whose.vault(&args.data)?;
        drafts::connected(&vault, &owner)?
    } else {
        vec![]
    };
    let Some(wisher) = Wisher::new(args.zone.as_deref(), connected) else {
        let zone = args.zone.as_deref().unwrap_or_default();
        return Err(Trouble::no(format!("there is no time zone `{zone}`")).help("give it as `Europe/Berlin`"));
    };
    let wish = Wish { text: args.wish.clone(), answers: args.answers.clone() };
    let mut answer = if there && !args.offline {
        let (home, owner) = (args.data.home()?, args.whose.id(&args.data)?);
        on_runtime(async { Ok(drafts::draft_with(&wish, &wisher, &home, &owner).await?) })?
    } else {
        drafts::draft(&wish, &wisher)
    };
    look_closer(&mut answer, args)?;
    if let (Kind::Draft, Some(file), Some(yaml)) = (answer.kind, &args.apply, &answer.yaml) {
        write(file, yaml)?;
    }
    if args.json {
        output::json(&serde_json::to_value(&answer).map_err(|error| Trouble::new(error.to_string()))?);
    } else {
        show(&answer, args);
    }
    Ok(if answer.kind == Kind::Draft { Exit::Done } else { Exit::No })
}

/// What the owner's connections lack, and what the models would cost with the owner's keys.
fn look_closer(answer: &mut Answer, args: &Args) -> Result<(), Trouble> {
    let Some(workflow) = answer.yaml.as_deref().and_then(|text| dsl::check(text, drafts::catalog()).workflow)
    else {
        return Ok(());
    };
    let plan = Plan::new(&workflow);
    let needs = of_plan(&plan);
    let lacks = match args.data.home()?.database().exists() {
        true => super::plan::missing(&needs, &args.whose, &args.data)?,
        false => lacks(None, LOCAL, &needs)?,
    };
    let named = |json: &serde_json::Value| {
        json["what"] == "connection" && lacks.iter().any(|lack| json["connector"] == lack.connector.as_str())
    };
    answer.missing.retain(|json| !named(json));
    answer.missing.extend(lacks.iter().map(server::shown::lack));
    let outline = Outline::new(&plan, None, &Default::default());
    let (home, owner) = (args.data.home()?, args.whose.id(&args.data)?);
    let costs = on_runtime(async { Ok(server::costs::costs(&home, &owner, &outline).await?) })?;
    answer.cost = server::shown::costs(&costs);
    Ok(())
}

fn there(file: &Path) -> Trouble {
    Trouble::no(format!("`{}` is there already", file.display()))
        .help("name a file that is not there: a draft overwrites nothing")
}

/// Writes a draft to a file that nobody else has made meanwhile.
fn write(file: &Path, text: &str) -> Result<(), Trouble> {
    match fresh::write(file, text) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(there(file)),
        Err(error) => Err(Trouble::new(format!("`{}` cannot be written: {error}", file.display()))),
    }
}

fn show(answer: &Answer, args: &Args) {
    match answer.kind {
        Kind::Question => {
            output::note(&format!(
                "{BUSY}question{BUSY:#}: {}",
                answer.question.as_deref().unwrap_or_default()
            ));
            answer.choices.iter().for_each(|choice| output::note(&format!("  - {choice}")));
            output::note(&format!("{FAINT}answer it with `--answer \"…\"` behind the same wish{FAINT:#}"));
        }
        Kind::Refusal => output::note(&format!(
            "{BUSY}not possible{BUSY:#}: {}",
            answer.reason.as_deref().unwrap_or_default()
        )),
        Kind::Draft => {
            output::result(answer.yaml.as_deref().unwrap_or_default());
            let part = |title: &str, lines: Vec<String>| {
                if !lines.is_empty() {
                    output::note(&format!("\n{STRONG}{title}{STRONG:#}"));
                    lines.iter().for_each(|line| output::note(line));
                }
            };
            part("What it does", answer.explanation.lines().map(str::to_owned).collect());
            part("Taken to be meant", answer.assumptions.iter().map(|text| format!("- {text}")).collect());
            let open = answer.missing.iter().map(|json| {
                let typed = json["type"].as_str().map(|typed| format!(": `{typed}`")).unwrap_or_default();
                format!("- {}{typed}", json["message"].as_str().unwrap_or_default())
            });
            part("Before it can run", open.collect());
            match &args.apply {
                Some(file) => output::note(&format!(
                    "\n{GOOD}✓{GOOD:#} the draft is `{}`; nothing was started",
                    file.display()
                )),
                None => output::note(&format!(
                    "\n{FAINT}a draft: nothing was stored or started; `--apply FILE` writes it{FAINT:#}"
                )),
            }
        }
    }
}
