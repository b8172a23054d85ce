//! `keyway connector check`: what is wrong with manifests, and with fixtures.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use dsl::diagnostic::Severity;
use server::connector::{library, read};

use super::record;
use crate::cmd::check::plural;
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, GOOD};

/// Check manifests of connectors, and play fixtures (`.json`) against theirs
#[derive(ClapArgs)]
pub struct Args {
    /// Files of manifests and of fixtures
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The connector that fixtures are about; by default the name of their folder
    #[arg(long, value_name = "NAME")]
    connector: Option<String>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let (mut errors, mut warnings, mut all, mut fixtures) = (0, 0, vec![], 0);
    for path in &args.files {
        let file = path.display().to_string();
        if path.extension().is_some_and(|ending| ending == "json") {
            let found = record::of_file(path, args.connector.as_deref())?;
            let (library, egress) = (server::connector::library(), server::connections::loopback());
            fixtures += 1;
            for wrong in server::connector::fixture::play(library, &egress, &found).await {
                errors += 1;
                match args.json {
                    true => {
                        all.push(serde_json::json!({ "file": file, "severity": "error", "message": wrong }))
                    }
                    false => output::error(&format!("{file}: {wrong}"), None),
                }
            }
            continue;
        }
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
        let manifests = args.files.len() - fixtures;
        let told = [(manifests, "manifest"), (fixtures, "fixture")];
        let told = told.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| plural(*count, noun));
        let files = told.collect::<Vec<_>>().join(", ");
        output::note(&format!("{GOOD}✓{GOOD:#} {files} {FAINT}without a problem{FAINT:#}"));
    } else {
        output::note(&format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")));
    }
    Ok(if errors > 0 { Exit::No } else { Exit::Done })
}
