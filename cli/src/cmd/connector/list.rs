//! `keyway connector list`: all services with what they can do.

use clap::Args as ClapArgs;
use serde_json::json;

use crate::error::Exit;
use crate::output::{self, FAINT, STRONG};

/// List the connectors
#[derive(ClapArgs)]
pub struct Args {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub fn main(args: &Args) -> Exit {
    let library = server::connector::library();
    let mut rows = vec![];
    for id in library.read_all().names() {
        match library.find(id) {
            Some(manifest) => rows.push(json!({
                "connector": id,
                "name": manifest.name,
                "version": manifest.version,
                "about": manifest.about,
                "actions": manifest.actions.iter().map(|action| &action.name).collect::<Vec<_>>(),
                "events": manifest.triggers.iter().map(|trigger| &trigger.name).collect::<Vec<_>>(),
                "auth": manifest.auth.iter().map(|way| way.kind.name()).collect::<Vec<_>>(),
            })),
            None => {
                let file = library.file(id).map_or_else(|| id.into(), |file| file.display().to_string());
                output::note(&format!("{file} has errors; `keyway connector check {file}` shows them"));
            }
        }
    }
    if args.json {
        output::json(&rows.into());
        return Exit::Done;
    }
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let count = |row: &serde_json::Value, key: &str| row[key].as_array().map_or(0, Vec::len);
    let width = rows.iter().map(|row| text(row, "connector").len()).max().unwrap_or(0).max(9);
    let mut table = format!("{STRONG}{:<width$}  ACTIONS  EVENTS  ABOUT{STRONG:#}\n", "CONNECTOR");
    for row in &rows {
        let (actions, events) = (count(row, "actions"), count(row, "events"));
        let (id, about) = (text(row, "connector"), text(row, "about"));
        table += &format!("{id:<width$}  {actions:>7}  {events:>6}  {FAINT}{about}{FAINT:#}\n");
    }
    output::result(&table);
    Exit::Done
}
