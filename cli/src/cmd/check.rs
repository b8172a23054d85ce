//! `keyway check`: what is wrong with workflows, without running them, and mending what can be mended.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use dsl::diagnostic::{Diagnostic, Severity};
use dsl::render::Found;
use server::connections::{Lack, Need, of_plan};
use server::engine::plan::Plan;

use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, GOOD};
use crate::rewrite::rewrite;

/// Check workflows without running them
#[derive(ClapArgs)]
pub struct Args {
    /// The workflows' files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to write what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The same as `--format json`
    #[arg(long)]
    json: bool,
    /// Mend what can be mended without a choice, and tell what is left
    #[arg(long)]
    fix: bool,
    /// Let warnings fail the check too
    #[arg(long, value_name = "WHAT", value_parser = ["warnings"])]
    deny: Option<String>,
    /// Report reads of values of which nothing is known, too
    #[arg(long)]
    strict: bool,
    /// Look also whether the connections and scopes that they need are there
    #[arg(long)]
    connections: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
}

/// One file with what is wrong with it.
struct Checked {
    file: String,
    text: String,
    diagnostics: Vec<Diagnostic>,
    /// What it needs of connections, where that is asked for and it is right.
    needs: Vec<Need>,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let files = args.files.iter().map(|file| look_at(file, args));
    let found = files.collect::<Result<Vec<Checked>, Trouble>>()?;
    let errors = count(&found, Severity::Error);
    let warnings = count(&found, Severity::Warning);
    let lacks = missing(&found, args)?;
    match if args.json { Format::Json } else { args.format } {
        Format::Json => {
            let mut all: Vec<serde_json::Value> = vec![];
            for Checked { file, text, diagnostics, .. } in &found {
                let mut json = dsl::render::json(file, text, diagnostics);
                all.extend(json["diagnostics"].as_array_mut().map(std::mem::take).unwrap_or_default());
            }
            let mut told = serde_json::json!({ "diagnostics": all, "errors": errors, "warnings": warnings });
            if args.connections {
                told["missing"] = lacks.iter().map(server::shown::lack).collect();
            }
            output::json(&told);
        }
        Format::Sarif => {
            let files = found.iter().map(|Checked { file, text, diagnostics, .. }| Found {
                file,
                source: text,
                diagnostics,
            });
            output::json(&dsl::render::sarif(&files.collect::<Vec<_>>(), env!("CARGO_PKG_VERSION")));
        }
        Format::Text => {
            for Checked { file, text, diagnostics, .. } in &found {
                output::diagnostics(file, text, diagnostics);
            }
            for lack in &lacks {
                let typed = if lack.typed.is_empty() { None } else { Some(format!("`{}`", lack.typed)) };
                output::error(&lack.sentence(), typed.as_deref());
            }
            if errors + warnings + lacks.len() == 0 {
                let files = plural(found.len(), "file");
                output::note(&format!("{GOOD}✓{GOOD:#} {files} {FAINT}without a problem{FAINT:#}"));
            } else {
                output::note(&format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")));
            }
        }
    }
    let denied = errors > 0 || !lacks.is_empty() || (args.deny.is_some() && warnings > 0);
    Ok(if denied { Exit::No } else { Exit::Done })
}

/// What the files need of connections and do not find, each once.
fn missing(found: &[Checked], args: &Args) -> Result<Vec<Lack>, Trouble> {
    let mut all: Vec<Lack> = vec![];
    for file in found {
        for lack in super::plan::missing(&file.needs, &args.whose, &args.data)? {
            if !all.contains(&lack) {
                all.push(lack);
            }
        }
    }
    Ok(all)
}

fn look_at(path: &std::path::Path, args: &Args) -> Result<Checked, Trouble> {
    let file = path.display().to_string();
    let mut text = super::run::read(path)?;
    if super::test::is_test(path) {
        let diagnostics = server::rehearse::check(path, &text);
        return Ok(Checked { file, text, diagnostics, needs: vec![] });
    }
    let catalog = server::beside::catalog(path, &text);
    if args.fix {
        let mended = dsl::mend::mend(&text, &catalog);
        if mended.text != text {
            rewrite(path, &mended.text)?;
        }
        for fix in &mended.applied {
            let (code, line) = (fix.code.id(), fix.line);
            output::note(&format!(
                "{GOOD}mended{GOOD:#} {file}:{line} {FAINT}{code}{FAINT:#}: {}",
                fix.title
            ));
        }
        text = mended.text;
    }
    let strictness = if args.strict { dsl::Strictness::Strict } else { dsl::Strictness::Gradual };
    let checked = dsl::check_with(&text, &catalog, &dsl::Options { strictness });
    let needs = match (&checked.workflow, args.connections) {
        (Some(workflow), true) => of_plan(&Plan::new(workflow)),
        (Some(_) | None, _) => vec![],
    };
    Ok(Checked { file, text, diagnostics: checked.diagnostics, needs })
}

fn count(found: &[Checked], severity: Severity) -> usize {
    found.iter().flat_map(|file| &file.diagnostics).filter(|found| found.severity == severity).count()
}

/// A count with its noun.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
