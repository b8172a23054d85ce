//! `keyway connections` and `keyway disconnect`: how accounts stand, whether they work, and removing them.

use std::sync::Arc;

use clap::{Args as ClapArgs, Subcommand};
use server::connections::{MAIN, Standing, standings, typed};
use server::serve::Reach;

use super::secrets::moment;
use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT, GOOD, STRONG};

/// List connections and how they stand, without their secrets
#[derive(ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Sub>,
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

#[derive(Subcommand)]
enum Sub {
    Test(Test),
}

/// Ask a service whether a connection works
#[derive(ClapArgs)]
struct Test {
    #[command(flatten)]
    which: Which,
}

/// Remove a connection and its secrets, and have the service take its tokens back
#[derive(ClapArgs)]
pub struct RemoveArgs {
    #[command(flatten)]
    which: Which,
}

/// Which connection is meant
#[derive(ClapArgs)]
struct Which {
    /// The service
    #[arg(value_name = "CONNECTOR")]
    connector: String,
    /// The connection's name
    #[arg(default_value = MAIN)]
    name: String,
    /// Let the service stand at a private address
    #[arg(long)]
    allow_private: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

impl Which {
    fn reach(&self) -> Reach {
        if self.allow_private { Reach::Private } else { Reach::Public }
    }
}

/// Lists connections, or asks whether one works.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    if let Some(Sub::Test(Test { which })) = args.command {
        return test(&which).await;
    }
    let (vault, owner) = args.whose.vault(&args.data)?;
    let known = standings(&args.data.home()?, &vault, &owner)?;
    if args.json {
        output::json(&known.iter().map(server::shown::connection).collect());
    } else if known.is_empty() {
        output::note("there are no connections yet; `keyway connect CONNECTOR` makes one");
    } else {
        output::result(&table(&known));
    }
    Ok(Exit::Done)
}

async fn test(which: &Which) -> Result<Exit, Trouble> {
    let manifest = super::connector::find(&which.connector)?;
    let (vault, owner) = which.whose.vault(&which.data)?;
    let name = which.name.as_str();
    match server::connections::verify(&Arc::new(vault), manifest, (&owner, name), which.reach()).await {
        Ok(label) => {
            let account = if label.is_empty() { String::new() } else { format!(": {label}") };
            output::note(&format!("{GOOD}✓{GOOD:#} `{name}` at {} works{account}", manifest.name));
            Ok(Exit::Done)
        }
        Err(failure) => {
            output::error(&failure.message, None);
            Ok(Exit::No)
        }
    }
}

/// Removes a connection.
pub async fn remove(args: RemoveArgs) -> Result<Exit, Trouble> {
    let which = args.which;
    let (vault, owner) = which.whose.vault(&which.data)?;
    let (vault, name) = (Arc::new(vault), which.name.as_str());
    let known = vault.connections(&owner, Some(&which.connector))?;
    // Without its manifest nothing is known of where tokens are taken back.
    let manifest = server::connector::library().find(&which.connector);
    if let (true, Some(manifest)) = (known.iter().any(|row| row.name == name), manifest) {
        match server::connections::revoke(&vault, manifest, (&owner, name), which.reach()).await {
            Ok(true) => output::note(&format!("{} has taken its tokens back", manifest.name)),
            Ok(false) => {}
            Err(failure) => output::note(&format!(
                "{} has not taken its tokens back: {}; remove the app there in the settings of the account",
                manifest.name, failure.message
            )),
        }
    }
    vault.disconnect(Whose::who(&owner), &which.connector, name)?;
    output::note(&format!("removed the connection `{name}` to `{}` and its secrets", which.connector));
    Ok(Exit::Done)
}

fn table(known: &[Standing]) -> String {
    let widest =
        |of: fn(&Standing) -> usize, least: usize| known.iter().map(of).max().unwrap_or(0).max(least);
    let first = widest(|standing| standing.row.connector.len(), 9);
    let second = widest(|standing| standing.row.name.len(), 4);
    let third = widest(|standing| standing.row.auth.len(), 3);
    let mut table = format!(
        "{STRONG}{:<first$}  {:<second$}  {:<third$}  {:<9}  {:<20}  {:<20}  ACCOUNT{STRONG:#}\n",
        "CONNECTOR", "NAME", "WAY", "HEALTH", "EXPIRES", "USED"
    );
    for standing in known {
        let row = &standing.row;
        let (connector, name, way, label) = (&row.connector, &row.name, &row.auth, &row.label);
        let (health, used) = (health(standing), moment(row.used));
        let expires = match &standing.sign_in {
            Some(sign_in) => sign_in.expires.map_or_else(|| "never".into(), |end| moment(Some(end))),
            None => "–".into(),
        };
        table += &format!(
            "{connector:<first$}  {name:<second$}  {way:<third$}  {health:<9}  {expires:<20}  {used:<20}  {FAINT}{label}{FAINT:#}\n"
        );
        for (what, said) in details(standing) {
            table += &format!("{:<first$}  {FAINT}{what:<9}{FAINT:#}  {said}\n", "");
        }
    }
    table
}

/// How it stands in a word.
fn health(standing: &Standing) -> &str {
    match (standing.reconnect(), standing.row.health.as_str()) {
        (Some(_), _) => "reconnect",
        (None, "") => "unknown",
        (None, health) => health,
    }
}

/// What there is to say beside the row, a line each.
fn details(standing: &Standing) -> Vec<(&'static str, String)> {
    let mut lines = vec![];
    let row = &standing.row;
    let scopes = standing.scopes();
    if !scopes.is_empty() {
        lines.push(("scopes", scopes.join(", ")));
    }
    if !standing.workflows.is_empty() {
        lines.push(("needed by", standing.workflows.iter().cloned().collect::<Vec<_>>().join(", ")));
    }
    if !row.base.is_empty() {
        lines.push(("stands at", row.base.clone()));
    }
    if let Some(why) = standing.reconnect() {
        lines.push(("reconnect", format!("{BAD}{why}{BAD:#}")));
        lines.push(("type", typed(row)));
    } else if !row.trouble.is_empty() {
        lines.push((
            "trouble",
            format!("{BAD}{}{BAD:#} {FAINT}{}{FAINT:#}", row.trouble, moment(row.checked)),
        ));
    }
    if !standing.missing.is_empty() {
        let missing: Vec<&str> = standing.missing.iter().map(String::as_str).collect();
        lines.push(("lacks", missing.join(", ")));
        lines.push(("type", format!("{} --again", typed(row))));
    }
    lines
}
