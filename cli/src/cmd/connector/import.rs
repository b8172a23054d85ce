//! `keyway connector import`: a manifest from the description of a service.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use serde_json::json;
use server::connector::import::{self, Imported, Left, Wish, description::Description};
use server::connector::{library, read};

use crate::cmd::check::plural;
use crate::error::{Exit, Trouble};
use crate::output::{self, BUSY, FAINT, GOOD, STRONG};

/// Write a manifest from the description of a service
///
/// Takes OpenAPI 3, Swagger 2 and Google's discovery documents, as JSON or YAML, and GraphQL schemas, as text or as
/// introspection answers them. What a description does not say is marked `# decide:` in the manifest, and listed on stderr.
#[derive(ClapArgs)]
pub struct Args {
    /// The description's file
    file: PathBuf,
    /// What workflows will call the connector; made from the title where nothing is said
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// The actions that are wanted, by the names that `--list` tells
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "all")]
    actions: Option<Vec<String>>,
    /// All actions, however many there are
    #[arg(long)]
    all: bool,
    /// Where paths begin, where the description does not say it
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// List the actions that there could be, and write no manifest
    #[arg(long, conflicts_with_all = ["actions", "all", "out"])]
    list: bool,
    /// Write the manifest here instead of to stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print it as JSON: the manifest, what must be decided, what was left out
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let description = describe(&args.file)?;
    if args.list {
        return Ok(list(&description, args.json));
    }
    let (actions, base) = (args.actions.clone(), args.base.clone());
    let wish = Wish { service: args.service.clone(), actions, all: args.all, base };
    let imported = import::import(&description, &wish).map_err(refused)?;
    if let Some(out) = &args.out {
        let told =
            |error: std::io::Error| Trouble::no(format!("`{}` cannot be written: {error}", out.display()));
        let mut file = OpenOptions::new().write(true).create_new(true).open(out).map_err(told)?;
        file.write_all(imported.text.as_bytes()).map_err(told)?;
    }
    match (args.json, &args.out) {
        (true, _) => output::json(&as_json(&imported)),
        (false, None) => output::result(&imported.text),
        (false, Some(out)) => output::note(&format!("wrote {}", out.display())),
    }
    let file =
        args.out.as_ref().map_or_else(|| format!("{}.yaml", imported.id), |out| out.display().to_string());
    let wrong = read::manifest(&imported.text, Some(&imported.id), library::embedded_families()).diagnostics;
    output::diagnostics(&file, &imported.text, &wrong);
    tell(&imported, &file);
    Ok(Exit::Done)
}

/// Reads a description from a file.
pub fn describe(file: &Path) -> Result<Description, Trouble> {
    let trouble =
        |error: std::io::Error| Trouble::new(format!("`{}` cannot be read: {error}", file.display()));
    let opened = std::fs::File::open(file).map_err(trouble)?;
    let size = opened.metadata().map_or(0, |known| known.len());
    let most = import::MOST_BYTES as u64;
    if size > most {
        let message =
            format!("`{}` has {size} bytes, and a description of at most {most} is read", file.display());
        return Err(Trouble::no(message).help("cut it down to the operations that you want"));
    }
    let mut bytes = Vec::new();
    opened.take(most + 1).read_to_end(&mut bytes).map_err(trouble)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Trouble::no(format!("`{}` is not text: byte {at} is not UTF-8", file.display()))
    })?;
    import::read(&text).map_err(refused)
}

fn refused(refused: import::Refused) -> Trouble {
    Trouble::no(refused.to_string()).help(refused.help())
}

fn list(description: &Description, json: bool) -> Exit {
    let (listed, left) = import::list(description);
    if json {
        let actions = listed.iter().map(|action| {
            json!({ "action": action.name, "method": action.method, "path": action.path, "about": action.about })
        });
        let actions: Vec<_> = actions.collect();
        output::json(&json!({ "form": description.form, "actions": actions, "left": left_json(&left) }));
        return Exit::Done;
    }
    let width = listed.iter().map(|action| action.name.len()).max().unwrap_or(0).max(6);
    let mut table = format!("{STRONG}{:<width$}  CALLS{STRONG:#}\n", "ACTION");
    for action in &listed {
        table += &format!("{:<width$}  {FAINT}{} {}{FAINT:#}\n", action.name, action.method, action.path);
    }
    output::result(&table);
    tell_left(&left);
    Exit::Done
}

fn left_json(left: &[Left]) -> Vec<serde_json::Value> {
    left.iter().map(|left| json!({ "operation": left.operation, "why": left.why })).collect()
}

fn as_json(imported: &Imported) -> serde_json::Value {
    let decisions = imported.decisions.iter().map(|open| json!({ "place": open.place, "what": open.what }));
    json!({
        "connector": imported.id,
        "form": imported.form,
        "manifest": imported.text,
        "actions": imported.actions,
        "decisions": decisions.collect::<Vec<_>>(),
        "left": left_json(&imported.left),
    })
}

fn tell(imported: &Imported, file: &str) {
    let actions = plural(imported.actions.len(), "action");
    output::note(&format!("{GOOD}✓{GOOD:#} {actions} {FAINT}from {}{FAINT:#}", imported.form));
    if !imported.decisions.is_empty() {
        output::note(&format!("{BUSY}to decide{BUSY:#} {FAINT}(`# decide:` in the manifest){FAINT:#}"));
        for open in &imported.decisions {
            output::note(&format!("  {STRONG}{}{STRONG:#}: {}", open.place, open.what));
        }
    }
    tell_left(&imported.left);
    output::note(&format!("{FAINT}then: keyway connector check {file}{FAINT:#}"));
}

fn tell_left(left: &[Left]) {
    if !left.is_empty() {
        output::note(&format!("{BUSY}left out{BUSY:#}"));
        for left in left {
            output::note(&format!("  {STRONG}{}{STRONG:#}: {}", left.operation, left.why));
        }
    }
}
