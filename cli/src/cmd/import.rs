//! `keyway import`: workflows of other systems as workflows of ours, with a report of what came over.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Subcommand};
use dsl::catalog::Catalog;
use migrate::{Fate, Imported, Refused, Verdict};
use serde_json::json;

use super::check::plural;
use crate::error::{Exit, Trouble};
use crate::fresh;
use crate::output::{self, BAD, BUSY, FAINT, GOOD, STRONG};

/// Take over workflows of other systems
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(Subcommand)]
enum From {
    N8n(N8nArgs),
    ServerlessWorkflow(ServerlessArgs),
}

/// Take over workflows of n8n, as it exports them
#[derive(ClapArgs)]
struct N8nArgs {
    #[command(flatten)]
    files: Files,
}

/// Take over workflows of the Serverless Workflow specification, version 1
#[derive(ClapArgs)]
struct ServerlessArgs {
    #[command(flatten)]
    files: Files,
}

#[derive(ClapArgs)]
struct Files {
    /// The files to read
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write the workflows into this folder, each to a file by its name; a file that is there is kept
    #[arg(short, long = "out", value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print it as JSON: the workflows, each node and what became of it, what to settle
    #[arg(long)]
    json: bool,
    /// Tell of each node, not only of those that need a person
    #[arg(long)]
    report: bool,
}

type Reader = fn(&str, &Catalog) -> Result<Imported, Refused>;

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let (files, reader): (&Files, Reader) = match &args.from {
        From::N8n(args) => (&args.files, migrate::n8n::import),
        From::ServerlessWorkflow(args) => (&args.files, migrate::serverless::import),
    };
    let catalog = server::catalog();
    let (mut told, mut exits) = (vec![], vec![]);
    for file in &files.files {
        match one(file, files, reader, &catalog) {
            Ok(imported) => told.push((file, imported)),
            Err(trouble) => exits.push(trouble.tell()),
        }
    }
    if files.json {
        let all = told.iter().map(|(file, imported)| {
            json!({
                "file": file.display().to_string(),
                "name": imported.name,
                "verdict": imported.verdict,
                "workflows": imported.workflows,
                "parts": imported.parts,
                "settle": imported.settle,
            })
        });
        output::json(&json!({ "files": all.collect::<Vec<_>>() }));
    }
    if files.files.len() > 1 {
        let count =
            |verdict: Verdict| told.iter().filter(|(_, imported)| imported.verdict == verdict).count();
        let [whole, part, not] = [Verdict::Whole, Verdict::InPart, Verdict::Not].map(count);
        output::note(&format!("{}: {whole} whole, {part} in part, {not} not", plural(told.len(), "file")));
    }
    Ok(if exits.contains(&Exit::NotTried) { Exit::NotTried } else { exits.pop().unwrap_or(Exit::Done) })
}

/// Reads one file, and writes what came of it.
fn one(file: &Path, files: &Files, reader: Reader, catalog: &Catalog) -> Result<Imported, Trouble> {
    let text = read(file)?;
    let refused =
        |refused: Refused| Trouble::no(format!("`{}`: {refused}", file.display())).help(refused.help());
    let imported = reader(&text, catalog).map_err(refused)?;
    match &files.out {
        Some(dir) => keep(dir, &imported)?,
        None if files.json => {}
        None => imported.workflows.iter().for_each(|workflow| output::result(&workflow.text)),
    }
    tell(file, &imported, files.report);
    Ok(imported)
}

fn read(file: &Path) -> Result<String, Trouble> {
    let trouble =
        |error: std::io::Error| Trouble::new(format!("`{}` cannot be read: {error}", file.display()));
    let opened = std::fs::File::open(file).map_err(trouble)?;
    let mut bytes = Vec::new();
    opened.take(migrate::MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(trouble)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Trouble::no(format!("`{}` is not text: byte {at} is not UTF-8", file.display()))
    })
}

/// Writes the workflows of a file where no files are: all of them, or none where a name is taken.
fn keep(dir: &Path, imported: &Imported) -> Result<(), Trouble> {
    let wrong = |path: &Path, why: &str| {
        Trouble::no(format!("`{}` cannot be written: {why}", path.display()))
            .help("move the file away that is there, or name another folder by `--out`")
    };
    let mut paths = BTreeSet::new();
    let mut all = vec![];
    for workflow in &imported.workflows {
        let path = dir.join(format!("{}.yaml", workflow.name));
        if fresh::is_taken(&path) {
            return Err(wrong(&path, "it is there already"));
        }
        if !paths.insert(path.clone()) {
            return Err(wrong(&path, "two workflows have this name"));
        }
        all.push((path, &workflow.text));
    }
    if !all.is_empty() {
        std::fs::create_dir_all(dir).map_err(|error| wrong(dir, &error.to_string()))?;
    }
    for (path, text) in all {
        fresh::write(&path, text).map_err(|error| wrong(&path, &error.to_string()))?;
        output::note(&format!("wrote {}", path.display()));
    }
    Ok(())
}

fn tell(file: &Path, imported: &Imported, all: bool) {
    let style = match imported.verdict {
        Verdict::Whole => GOOD,
        Verdict::InPart => BUSY,
        Verdict::Not => BAD,
    };
    let carried = imported.parts.iter().filter(|part| part.fate == Fate::Carried).count();
    let of = imported.parts.len();
    let word = imported.verdict.word();
    output::note(&format!(
        "{STRONG}{}{STRONG:#}: {style}{word}{style:#} {FAINT}({carried} of {}){FAINT:#}",
        file.display(),
        plural(of, "node")
    ));
    for part in imported.parts.iter().filter(|part| all || part.fate != Fate::Carried) {
        let (style, word) = match part.fate {
            Fate::Carried => (GOOD, "carried over"),
            Fate::Person => (BUSY, "needs a person"),
            Fate::Lost => (BAD, "not carried over"),
        };
        let step = part.step.as_ref().map(|step| format!(" {FAINT}is `{step}`{FAINT:#}")).unwrap_or_default();
        let name = one_line(&part.node);
        output::note(&format!("  {style}{word}{style:#}: {STRONG}{name}{STRONG:#}{step}"));
        for why in &part.why {
            output::note(&format!("    {}", why.text));
        }
    }
    if !imported.settle.is_empty() {
        output::note("  to settle before it runs");
        for line in &imported.settle {
            output::note(&format!("    {line}"));
        }
    }
}

/// A name of another system, without what moves a terminal's cursor.
fn one_line(name: &str) -> String {
    name.chars().filter(|char| !char.is_control()).take(100).collect()
}
