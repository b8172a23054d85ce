//! `keyway doctor`: what is wrong with an installation, and what to do.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use server::config::Flags;
use server::doctor::{self, Complaint, Limits, Patient, Weight};
use server::session::Session;

use super::Data;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT};

/// Look for what is wrong with this installation, and tell what to do; nothing is told where all is well
///
/// It looks at the settings, the data directory, the disk, the database, the vault, keys and accounts, the clock, the port, the
/// service, workflows, what is late, and the age of the last backup. It changes nothing.
#[derive(ClapArgs)]
pub struct Args {
    /// Read settings from this file [default: what `KEYWAY_CONFIG` names, else `keyway.toml` beside the root keys]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Complain where fewer megabytes are free on the disk
    #[arg(long, value_name = "MEGABYTES", default_value_t = Limits::default().least_free >> 20)]
    least_free: u64,
    /// Complain where the last backup is older
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = length)]
    backup_age: SignedDuration,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

fn length(text: &str) -> Result<SignedDuration, String> {
    dsl::duration::parse(text)
        .filter(|length| !length.is_negative())
        .ok_or_else(|| "write it as `7d` or `12h`".into())
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let config = super::config::read(&Flags::new(), args.config.as_deref())?;
    let home = args.data.home_by(config.data())?;
    let is_owned = home.is_owned();
    // Who asks does not become the owner.
    let watched = if is_owned { Session::open(home.clone()).await?.watched().await? } else { None };
    let limits = Limits {
        least_free: args.least_free.saturating_mul(1 << 20),
        backup_age: args.backup_age,
        ..Limits::default()
    };
    let patient = Patient { home: &home, config: &config, watched, is_owned, limits, now: Timestamp::now() };
    let found = doctor::look(&patient);
    if args.json {
        output::json(&json!(found.iter().map(to_json).collect::<Vec<Value>>()));
    } else {
        found.iter().for_each(tell);
    }
    let is_wrong = found.iter().any(|complaint| complaint.weight == Weight::Wrong);
    Ok(if is_wrong { Exit::No } else { Exit::Done })
}

fn tell(complaint: &Complaint) {
    let Complaint { part, weight, what, help } = complaint;
    let style = if *weight == Weight::Wrong { BAD } else { BUSY };
    output::result(&format!(
        "{style}{}{style:#} {FAINT}{part}:{FAINT:#} {what}\n  {BUSY}help{BUSY:#}: {help}",
        weight.name()
    ));
}

fn to_json(complaint: &Complaint) -> Value {
    let Complaint { part, weight, what, help } = complaint;
    json!({ "part": part, "weight": weight.name(), "what": what, "help": help })
}
