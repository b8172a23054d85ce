//! `keyway connector diff`: what a newer description of a service changes for the actions of a connector.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use serde_json::json;
use server::connector::import::drift::{self, Change, Weight};
use server::connector::manifest::Manifest;
use server::connector::{library, read};

use crate::cmd::Data;
use crate::cmd::check::plural;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT, GOOD, STRONG};

/// Say what a newer description of a service changes for a connector
///
/// Exit 0 where nothing breaks, 1 where something does.
#[derive(ClapArgs)]
pub struct Args {
    /// The connector, as in `slack`, or the file of a manifest
    connector: String,
    /// The description's file
    description: PathBuf,
    /// Look only at the actions that deployed workflows use
    #[arg(long)]
    in_use: bool,
    /// Leave out what is new and changes nothing
    #[arg(long)]
    no_new: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let own;
    let manifest = if args.connector.ends_with(".yaml") || args.connector.contains('/') {
        own = of_file(Path::new(&args.connector))?;
        &own
    } else {
        super::find(&args.connector)?
    };
    let description = super::import::describe(&args.description)?;
    let used = match args.in_use {
        true => Some(server::connections::used_actions(&args.data.home()?, &manifest.id)?),
        false => None,
    };
    if used.as_ref().is_some_and(std::collections::BTreeSet::is_empty) {
        let wrong = Trouble::no(format!("no deployed workflow uses `{}`", manifest.id));
        return Err(wrong.help("without `--in-use` all of its actions are looked at"));
    }
    let mut found = drift::of(manifest, &description, used.as_ref());
    if args.no_new {
        found.changes.retain(|change| change.weight != Weight::New);
    }
    let broken = found.count(Weight::Breaks);
    if args.json {
        let changes: Vec<serde_json::Value> = found.changes.iter().map(as_json).collect();
        output::json(&json!({
            "connector": manifest.id,
            "description": description.form,
            "version": description.version,
            "actions": found.actions,
            "breaks": broken,
            "may_break": found.count(Weight::MayBreak),
            "new": found.count(Weight::New),
            "changes": changes,
        }));
    } else {
        let mut page = String::new();
        for change in &found.changes {
            let color = match change.weight {
                Weight::Breaks => BAD,
                Weight::MayBreak => BUSY,
                Weight::New => GOOD,
            };
            let action = change
                .action
                .as_ref()
                .map(|action| format!("{STRONG}{action}{STRONG:#}, "))
                .unwrap_or_default();
            page += &format!(
                "{color}{:<9}{color:#}  {action}{}: {}\n",
                change.weight.name(),
                change.place,
                change.what
            );
        }
        if !page.is_empty() {
            output::result(&page);
        }
        let counts = Weight::ALL.map(|weight| format!("{} {}", found.count(weight), weight.name()));
        let actions = plural(found.actions, "action");
        output::note(&format!("{actions} {FAINT}of{FAINT:#} {}: {}", manifest.id, counts.join(", ")));
    }
    Ok(if broken > 0 { Exit::No } else { Exit::Done })
}

fn as_json(change: &Change) -> serde_json::Value {
    let weight = change.weight.name().replace(' ', "_");
    json!({ "weight": weight, "action": change.action, "place": change.place, "what": change.what })
}

fn of_file(path: &Path) -> Result<Manifest, Trouble> {
    let text = crate::cmd::run::read(path)?;
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    read::manifest(&text, stem, library::embedded_families()).value.ok_or_else(|| {
        let file = path.display();
        Trouble::no(format!("the manifest `{file}` has errors"))
            .help(format!("`keyway connector check {file}` shows them"))
    })
}
