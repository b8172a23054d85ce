//! `keyway deploy`: keeps a version of a workflow, after it has shown what it does otherwise.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use server::change::{Change, How};
use server::owner::deploy::{Deployment, Outcome};
use server::protocol::Act;
use server::session::Session;
use similar::{ChangeTag, TextDiff};

use super::Data;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT, GOOD, STRONG};

/// Deploy workflows: check them, show what changes, and keep a version of each
///
/// A version is kept only where something has changed. Runs under way stay with the version that they started with. A
/// workflow that is deployed for the first time is enabled; `keyway serve` runs its triggers.
#[derive(ClapArgs)]
pub struct Args {
    /// The workflows' files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Show what would change, and keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
    /// Print what has changed as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let mut texts = vec![];
    for file in &args.files {
        let text = super::run::read(file)?;
        if !is_right(file, &text) {
            return Ok(Exit::No);
        }
        texts.push(text);
    }
    let mut session = Session::open(args.data.home()?).await?;
    let mut told = vec![];
    let mut exit = Exit::Done;
    for (file, text) in args.files.iter().zip(texts) {
        let wish = wish(file, text);
        let mut outcome = session.deploy(wish.clone()).await?;
        if !args.json {
            show(file, &outcome, &wish.text);
        }
        let is_new = outcome.version.is_some();
        if is_new && !args.dry_run {
            if args.yes || agrees(&outcome.workflow)? {
                outcome = session.deploy(Deployment { act: Act::Do, ..wish }).await?;
                let version = outcome.version.unwrap_or_default();
                let state = if outcome.enabled { "" } else { "; it is disabled" };
                output::note(&format!(
                    "{GOOD}deployed{GOOD:#} {} {FAINT}version{FAINT:#} {version}{state}",
                    outcome.workflow
                ));
                if !args.json {
                    super::webhooks::tell_fresh(&outcome);
                }
            } else {
                exit = Exit::No;
                outcome.version = None;
                output::note("not deployed");
            }
        }
        told.push(server::shown::deployed(&outcome, args.dry_run));
    }
    if args.json {
        output::json(&told.into());
    }
    Ok(exit)
}

/// Tells what is wrong with a workflow before anything is asked.
fn is_right(file: &Path, text: &str) -> bool {
    let checked = dsl::check(text, &server::beside::catalog(file, text));
    output::diagnostics(&file.display().to_string(), text, &checked.diagnostics);
    if checked.workflow.is_none() {
        output::error(&format!("`{}` has errors; nothing was deployed", file.display()), None);
    }
    checked.workflow.is_some()
}

fn wish(file: &Path, text: String) -> Deployment {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let files = file.parent().unwrap_or(Path::new("/")).to_owned();
    let by = std::env::var("USER").unwrap_or_else(|_| "the owner".into());
    Deployment { file, text, files, by, act: Act::Tell, enabled: None }
}

fn agrees(workflow: &str) -> Result<bool, Trouble> {
    if !std::io::stdin().is_terminal() {
        return Err(Trouble::new(format!("nobody can be asked whether `{workflow}` is to be deployed"))
            .help("say `--yes`, or `--dry-run` to see what would change"));
    }
    output::note(&format!("{STRONG}deploy `{workflow}`?{STRONG:#} [y/N]"));
    let mut line = String::new();
    // Who says nothing says no.
    let _ = std::io::stdin().lock().read_line(&mut line);
    Ok(matches!(line.trim(), "y" | "yes"))
}

/// The texts line by line, and what that means.
fn show(file: &Path, outcome: &Outcome, text: &str) {
    let name = &outcome.workflow;
    match (&outcome.before, outcome.version) {
        (_, None) => {
            output::result(&format!("{name}: nothing has changed"));
            return;
        }
        (None, Some(_)) => output::result(&format!(
            "{STRONG}{name}{STRONG:#} {FAINT}is new, from{FAINT:#} {}",
            file.display()
        )),
        (Some((number, before)), Some(next)) => {
            output::result(&format!("{STRONG}{name}{STRONG:#} {FAINT}version{FAINT:#} {number} → {next}"));
            output::result(&lines(before, text));
        }
    }
    output::result(&behaviour(&outcome.change));
}

fn lines(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut page = String::new();
    for (place, group) in diff.grouped_ops(2).iter().enumerate() {
        if place > 0 {
            page += &format!("  {FAINT}…{FAINT:#}\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end_matches('\n');
            page += &match change.tag() {
                ChangeTag::Delete => format!("{BAD}-{BAD:#} {line}\n"),
                ChangeTag::Insert => format!("{GOOD}+{GOOD:#} {line}\n"),
                ChangeTag::Equal => format!("  {FAINT}{line}{FAINT:#}\n"),
            };
        }
    }
    page
}

/// A difference in the form of `diff -u`, without its head, in colours.
pub fn coloured(diff: &str) -> String {
    let lines = diff.lines().skip(2).map(|line| match line.chars().next() {
        Some('-') => format!("{BAD}-{BAD:#}{}", &line[1..]),
        Some('+') => format!("{GOOD}+{GOOD:#}{}", &line[1..]),
        _ => format!("{FAINT}{line}{FAINT:#}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What a version does otherwise, a line each.
pub fn behaviour(change: &Change) -> String {
    if change.lines.is_empty() {
        return format!("{FAINT}it does the same{FAINT:#}");
    }
    let line = |line: &server::change::Line| {
        let sign = match line.how {
            How::Added => format!("{GOOD}+{GOOD:#}"),
            How::Removed => format!("{BAD}-{BAD:#}"),
            How::Changed => format!("{BUSY}~{BUSY:#}"),
        };
        format!("{sign} {FAINT}{:<8}{FAINT:#} {}", line.of.name(), line.name)
    };
    change.lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
