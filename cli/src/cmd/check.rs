//! `keyway check`: what is wrong with workflows, without running them.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, GOOD};

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
    /// Let warnings fail the check too
    #[arg(long, value_name = "WHAT", value_parser = ["warnings"])]
    deny: Option<String>,
    /// Report reads of values of which nothing is known, too
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let catalog = server::catalog();
    let strictness = if args.strict { dsl::Strictness::Strict } else { dsl::Strictness::Gradual };
    let options = dsl::Options { strictness };
    let mut found = Vec::new();
    for file in &args.files {
        let text = super::run::read(file)?;
        let checked = dsl::check_with(&text, &catalog, &options);
        found.push((file.display().to_string(), text, checked.diagnostics));
    }
    let errors = count(&found, dsl::diagnostic::Severity::Error);
    let warnings = count(&found, dsl::diagnostic::Severity::Warning);
    if args.json || args.format == Format::Json {
        let lists = found.iter().map(|(file, text, list)| dsl::render::json(file, text, list));
        let all: Vec<serde_json::Value> = lists
            .flat_map(|mut json| json["diagnostics"].as_array_mut().map(std::mem::take).unwrap_or_default())
            .collect();
        output::json(&serde_json::json!({ "diagnostics": all, "errors": errors, "warnings": warnings }));
    } else {
        for (file, text, diagnostics) in &found {
            output::diagnostics(file, text, diagnostics);
        }
        if errors + warnings == 0 {
            let files = plural(found.len(), "file");
            output::note(&format!("{GOOD}✓{GOOD:#} {files} {FAINT}without a problem{FAINT:#}"));
        } else {
            output::note(&format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")));
        }
    }
    let denied = errors > 0 || (args.deny.is_some() && warnings > 0);
    Ok(if denied { Exit::No } else { Exit::Done })
}

fn count(
    found: &[(String, String, Vec<dsl::diagnostic::Diagnostic>)],
    severity: dsl::diagnostic::Severity,
) -> usize {
    found.iter().flat_map(|(_, _, list)| list).filter(|diagnostic| diagnostic.severity == severity).count()
}

/// A count with its noun.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
