//! `keyway secrets`: what `secret("NAME")` in a workflow stands for.

use std::collections::BTreeMap;

use clap::{Args as ClapArgs, Subcommand};
use server::shown;
use server::vault::{Entry, Kind};

use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::hidden::From;
use crate::output::{self, FAINT, STRONG};

/// Keep secrets that workflows send
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Store a secret
    Add {
        /// Its name, as in `secret("NAME")`
        name: String,
        /// A host that it may be sent to; may be given more than once
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
        /// Hold calls of a webhook against it: it is sent nowhere
        #[arg(long, conflicts_with = "hosts")]
        webhook: bool,
        #[command(flatten)]
        from: From,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// List secrets, without what they hold
    List {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// Store another value in the place of a secret
    Rotate {
        /// Its name
        name: String,
        /// A host that it may be sent to from here on; the hosts stay where none is given
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
        #[command(flatten)]
        from: From,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// Remove a secret
    Rm {
        /// Its name
        name: String,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Add { name, webhook: true, from, whose, data, .. } => {
            let entry = server::hooks::entry(name, from.read(&format!("value of {name}"))?);
            let (vault, owner) = whose.vault(data)?;
            vault.add(Whose::who(&owner), &entry)?;
            output::note(&format!("stored `{name}`; calls of webhooks are held against it"));
        }
        Command::Add { name, hosts, from, whose, data, webhook: false } => {
            let entry = Entry {
                kind: Kind::Secret,
                name: name.clone(),
                connector: server::safe::HTTP.into(),
                hosts: hosts.clone(),
                settings: BTreeMap::new(),
                rank: 0,
                value: from.read(&format!("value of {name}"))?,
            };
            let (vault, owner) = whose.vault(data)?;
            vault.add(Whose::who(&owner), &entry)?;
            output::note(&format!("stored `{name}`"));
            if hosts.is_empty() {
                output::note(&format!(
                    "it may be sent nowhere; `keyway secrets rotate {name} --host HOST` stores it for a host"
                ));
            }
        }
        Command::List { json, whose, data } => list(*json, whose, data)?,
        Command::Rotate { name, hosts, from, whose, data } => {
            let (vault, owner) = whose.vault(data)?;
            let value = from.read(&format!("new value of {name}"))?;
            let hosts = (!hosts.is_empty()).then_some(&hosts[..]);
            vault.replace(Whose::who(&owner), (Kind::Secret, name), &value, hosts)?;
            output::note(&format!("replaced `{name}`; what it held before is destroyed"));
        }
        Command::Rm { name, whose, data } => {
            let (vault, owner) = whose.vault(data)?;
            vault.remove(Whose::who(&owner), Kind::Secret, name)?;
            output::note(&format!("removed `{name}`"));
        }
    }
    Ok(Exit::Done)
}

fn list(json: bool, whose: &Whose, data: &Data) -> Result<(), Trouble> {
    let (vault, owner) = whose.vault(data)?;
    let secrets = vault.list(&owner, Kind::Secret)?;
    if json {
        output::json(&secrets.iter().map(shown::secret).collect());
    } else if secrets.is_empty() {
        output::note("there are no secrets yet; `keyway secrets add NAME --host HOST` stores one");
    } else {
        let width = secrets.iter().map(|secret| secret.name.len()).max().unwrap_or(0).max(4);
        let mut table =
            format!("{STRONG}{:<width$}  {:<12} {:<20} HOSTS{STRONG:#}\n", "NAME", "VALUE", "USED");
        for secret in &secrets {
            let hosts = match &secret.hosts[..] {
                [] => "nowhere".into(),
                _ if secret.connector == server::hooks::WEBHOOK => "nowhere: for webhooks".into(),
                hosts => hosts.join(", "),
            };
            let used = moment(secret.used);
            table += &format!(
                "{:<width$}  {:<12} {used:<20} {FAINT}{hosts}{FAINT:#}\n",
                secret.name, secret.shown
            );
        }
        output::result(&table);
    }
    Ok(())
}

/// A moment as it is shown, or that there was none.
pub fn moment(nanoseconds: Option<i64>) -> String {
    nanoseconds.map_or_else(|| "never".into(), |time| super::runs::shown(timestamp(time)))
}

/// A moment as it is stored.
pub fn timestamp(nanoseconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}
