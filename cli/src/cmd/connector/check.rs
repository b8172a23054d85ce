//! `keyway connector check`: what is wrong with manifests.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use dsl::diagnostic::Severity;
use server::connector::{library, read};

use crate::cmd::check::plural;
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, GOOD};

/// Check manifests of connectors
#[derive(ClapArgs)]
pub struct Args {
    /// The manifests' files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let (mut errors, mut warnings, mut all) = (0, 0, vec![]);
    for path in &args.files {
        let file = path.display().to_string();
        let text = crate::cmd::run::read(path)?;
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let diagnostics = read::manifest(&text, stem, library::embedded_families()).diagnostics;
        for found in &diagnostics {
            match found.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
        }
        if args.json {
            let mut json = dsl::render::json(&file, &text, &diagnostics);
            all.extend(json["diagnostics"].as_array_mut().map(std::mem::take).unwrap_or_default());
        } else {
            output::diagnostics(&file, &text, &diagnostics);
        }
    }
    if args.json {
        output::json(&serde_json::json!({ "diagnostics": all, "errors": errors, "warnings": warnings }));
    } else if errors + warnings == 0 {
        let files = plural(args.files.len(), "manifest");
        output::note(&format!("{GOOD}✓{GOOD:#} {files} {FAINT}without a problem{FAINT:#}"));
    } else {
        output::note(&format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")));
    }
    Ok(if errors > 0 { Exit::No } else { Exit::Done })
}
