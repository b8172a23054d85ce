//! `keyway issuer`: services by which people sign in to this one.

use clap::{Args as ClapArgs, Subcommand};
use server::accounts::{KnownIssuer, NewIssuer, add_issuer, issuers, remove_issuer};

use super::secrets::timestamp;
use super::user::May;
use super::{Data, ME};
use crate::error::{Exit, Trouble};
use crate::hidden::From;
use crate::output::{self, FAINT, STRONG};

/// Keep services by which people sign in to this one (OpenID Connect)
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Box<Add>),
    /// List them, without the secrets of their apps
    List {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Remove one: nobody signs in by it any more
    Rm {
        /// Its name here
        name: String,
        #[command(flatten)]
        data: Data,
    },
}

/// Store one, with the app that is registered there
///
/// The app's secret is asked for, or read by `--stdin` or `--file`.
#[derive(ClapArgs)]
struct Add {
    /// What to call it here, as in `google`: it stands in the address that browsers come back to
    name: String,
    /// What it calls itself, as in `https://accounts.google.com`
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// What it calls the app: its client id
    #[arg(long, value_name = "ID")]
    id: String,
    /// The app has no secret
    #[arg(long, conflicts_with_all = ["stdin", "file"])]
    no_secret: bool,
    /// People with a verified address of this domain come in unasked; may be given more than once
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<String>,
    /// As what they come in
    #[arg(long, value_enum, default_value_t = May::Viewer)]
    role: May,
    /// A host that the secret may be sent to, beside the service's own; may be given more than once
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Add(add) => store(add)?,
        Command::List { json, data } => list(*json, data)?,
        Command::Rm { name, data } => {
            remove_issuer(&data.vault()?, ME.actor, name)?;
            output::note(&format!("removed `{name}`; who is signed in stays so"));
        }
    }
    Ok(Exit::Done)
}

fn store(add: &Add) -> Result<(), Trouble> {
    let vault = add.data.vault()?;
    let secret = match add.no_secret {
        true => None,
        false => Some(add.from.read(&format!("secret of the app at {}", add.issuer))?),
    };
    let new = NewIssuer {
        name: &add.name,
        issuer: &add.issuer,
        id: &add.id,
        secret,
        hosts: &add.hosts,
        domains: &add.domains,
        role: add.role.role(),
    };
    add_issuer(&vault, ME.actor, new)?;
    output::note(&format!(
        "stored `{}`; register the address /api/v1/issuers/{}/back below `--public-url` there",
        add.name, add.name
    ));
    Ok(())
}

fn list(json: bool, data: &Data) -> Result<(), Trouble> {
    let all = issuers(&data.vault()?)?;
    if json {
        output::json(&all.iter().map(to_json).collect());
        return Ok(());
    }
    if all.is_empty() {
        output::note("there are none yet; `keyway issuer add NAME --issuer URL --id ID` stores one");
        return Ok(());
    }
    let width = all.iter().map(|it| it.name.len()).max().unwrap_or(0).max(4);
    let mut table = format!("{STRONG}{:<width$}  COME IN UNASKED  ISSUER{STRONG:#}\n", "NAME");
    for it in &all {
        let who = match (it.domains.as_slice(), it.role) {
            ([], _) | (_, None) => "nobody".to_owned(),
            (domains, Some(role)) => format!("{} as {}", domains.join(", "), role.name()),
        };
        table += &format!("{:<width$}  {who:<15}  {FAINT}{}{FAINT:#}\n", it.name, it.issuer);
    }
    output::result(&table);
    Ok(())
}

fn to_json(it: &KnownIssuer) -> serde_json::Value {
    serde_json::json!({
        "name": it.name,
        "issuer": it.issuer,
        "id": it.id,
        "secret": it.has_secret,
        "hosts": it.hosts,
        "domains": it.domains,
        "role": it.role.map(server::role::Role::name),
        "created": timestamp(it.created).to_string(),
    })
}
