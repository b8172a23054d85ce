//! `keyway connectors`: how services stand, as measured, and asking each account now.

use std::sync::Arc;
use std::time::Instant;

use clap::{Args as ClapArgs, Subcommand};
use dsl::catalog::Failure;
use server::connections::{Figures, Service, services, to_json, verify};
use server::connector::manifest::Manifest;
use server::serve::Reach;
use server::vault::Connection;

use super::secrets::moment;
use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT, GOOD, STRONG};

/// List services and how they stand, as the last requests to them tell
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
    Check(Check),
}

/// Ask each connection's service now whether it works
#[derive(ClapArgs)]
struct Check {
    /// Only connections to this service
    #[arg(value_name = "CONNECTOR")]
    connector: Option<String>,
    /// Let services stand at private addresses
    #[arg(long)]
    allow_private: bool,
    /// Print what came as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    if let Some(Sub::Check(check)) = args.command {
        return ask(&check).await;
    }
    let (vault, owner) = args.whose.vault(&args.data)?;
    let known = services(&vault, &owner)?;
    match args.json {
        true => output::json(&to_json(&known)),
        false => output::result(&table(&known)),
    }
    Ok(Exit::Done)
}

/// What came of asking for one account.
struct Came<'a> {
    manifest: &'a Manifest,
    row: &'a Connection,
    /// What the account is called, or why it does not work.
    said: Result<String, Failure>,
    /// How long it took, in milliseconds.
    took: u128,
}

async fn ask(check: &Check) -> Result<Exit, Trouble> {
    if let Some(connector) = &check.connector {
        super::connector::find(connector)?;
    }
    let (vault, owner) = check.whose.vault(&check.data)?;
    let rows = vault.connections(&owner, check.connector.as_deref())?;
    let (vault, reach) = (Arc::new(vault), if check.allow_private { Reach::Private } else { Reach::Public });
    let (mut told, mut all_well) = (vec![], true);
    for row in &rows {
        let Some(manifest) = server::connector::library().find(&row.connector) else {
            output::note(&format!("the connector `{}` is not known here", row.connector));
            all_well = false;
            continue;
        };
        if manifest.account.verify.is_none() {
            let message = format!(
                "{}: its manifest has no action that tells whether `{}` works",
                manifest.name, row.name
            );
            output::note(&format!("{FAINT}–{FAINT:#} {message}"));
            continue;
        }
        let begun = Instant::now();
        let said = verify(&vault, manifest, (&owner, &row.name), reach).await;
        let came = Came { manifest, row, said, took: begun.elapsed().as_millis() };
        all_well &= came.said.is_ok();
        if !check.json {
            output::result(&line(&came));
        }
        told.push(came_to_json(&came));
    }
    if check.json {
        output::json(&told.into());
    } else if rows.is_empty() {
        output::note("there are no connections yet; `keyway connect CONNECTOR` makes one");
    }
    Ok(if all_well { Exit::Done } else { Exit::No })
}

fn line(came: &Came<'_>) -> String {
    let (name, service, took) = (&came.row.name, &came.manifest.name, came.took);
    match &came.said {
        Ok(label) => {
            let account = if label.is_empty() { String::new() } else { format!(": {label}") };
            format!("{GOOD}✓{GOOD:#} {service} `{name}` works{account} {FAINT}{took} ms{FAINT:#}")
        }
        Err(failure) => {
            let (kind, why) = (failure.kind.name(), &failure.message);
            format!("{BAD}✗{BAD:#} {service} `{name}` {kind}: {why} {FAINT}{took} ms{FAINT:#}")
        }
    }
}

fn came_to_json(came: &Came<'_>) -> serde_json::Value {
    serde_json::json!({
        "connector": came.row.connector,
        "name": came.row.name,
        "works": came.said.is_ok(),
        "account": came.said.as_ref().ok(),
        "error": came.said.as_ref().err().map(|failure| serde_json::json!({
            "kind": failure.kind.name(),
            "message": failure.message,
        })),
        "took_ms": u64::try_from(came.took).unwrap_or(u64::MAX),
    })
}

/// What stands where nothing was measured.
const NOTHING: &str = "–";

fn table(known: &[Service]) -> String {
    let first = known.iter().map(|service| service.connector.len()).max().unwrap_or(0).max(9);
    let mut table = format!(
        "{STRONG}{:<first$}  {:<13}  {:>4}  {:<20}  {:>9}  {:>9}  {:>6}  LAST ERROR{STRONG:#}\n",
        "CONNECTOR", "STATE", "N", "AS OF", "MEDIAN", "P95", "ERRORS"
    );
    for service in known {
        table += &row(&format!("{:<first$}", service.connector), service.state(), &service.figures);
        // What several accounts tell together is told for each as well.
        for account in service.accounts.iter().filter(|_| service.accounts.len() > 1) {
            table +=
                &row(&format!("  {:<1$}", account.row.name, first - 2), account.state(), &account.figures);
        }
    }
    table
}

fn row(name: &str, state: &str, figures: &Figures) -> String {
    let nothing = || NOTHING.to_owned();
    let (n, as_of) = match &figures.state {
        Some(state) => (state.n.to_string(), moment(Some(state.as_of))),
        None => (nothing(), nothing()),
    };
    let time = |time: Option<f64>| time.map_or_else(nothing, |time| format!("{time:.1} ms"));
    let median = time(figures.median.map(|median| median.value));
    let p95 = time(figures.p95.map(|p95| p95.value));
    let errors = figures.errors.map_or_else(nothing, |errors| format!("{:.1} %", errors.value * 100.0));
    let error = figures.last_error.as_ref().map_or_else(nothing, |failed| {
        format!("{}: {} {FAINT}{}{FAINT:#}", failed.kind, failed.why, moment(Some(failed.time)))
    });
    let state = state.replace('_', " ");
    format!("{name}  {state:<13}  {n:>4}  {as_of:<20}  {median:>9}  {p95:>9}  {errors:>6}  {error}\n")
}
