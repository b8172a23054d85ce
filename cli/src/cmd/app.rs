//! `keyway app`: the apps that somebody registered at services, so that accounts are connected there in a browser.

use clap::{Args as ClapArgs, Subcommand};
use server::connections::{Known, NewApp, PORT, add_app, usual_redirect};
use server::vault::Kind;

use super::secrets::{moment, timestamp};
use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::hidden::From;
use crate::output::{self, FAINT, STRONG};

/// Keep the apps that you registered at services, for signing in there
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Box<Add>),
    /// List apps, without their secrets
    List {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// Remove an app
    Rm {
        /// The service
        #[arg(value_name = "CONNECTOR")]
        connector: String,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
}

/// Store an app
///
/// Its secret is asked for, or read by `--stdin` or `--file`.
#[derive(ClapArgs)]
struct Add {
    /// The service, as in `slack`
    #[arg(value_name = "CONNECTOR")]
    connector: String,
    /// What the service calls the app: its client id
    #[arg(long, value_name = "ID")]
    id: String,
    /// The app has no secret
    #[arg(long, conflicts_with_all = ["stdin", "file"])]
    no_secret: bool,
    /// The address that browsers come back to, as the app is registered with it
    #[arg(long, value_name = "URL")]
    redirect: Option<String>,
    /// A host that its secret may be sent to, beside those of the manifest; may be given more than once
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Add(add) => store(add)?,
        Command::List { json, whose, data } => list(*json, whose, data)?,
        Command::Rm { connector, whose, data } => {
            let (vault, owner) = whose.vault(data)?;
            if vault.app(&owner, connector)?.is_none() {
                return Err(Trouble::no(format!("there is no app at `{connector}`"))
                    .help("`keyway app list` shows what there is"));
            }
            vault.remove(Whose::who(&owner), Kind::App, connector)?;
            output::note(&format!(
                "removed the app at `{connector}`; connections that were made with it cannot be renewed"
            ));
        }
    }
    Ok(Exit::Done)
}

fn store(add: &Add) -> Result<(), Trouble> {
    let manifest = super::connector::find(&add.connector)?;
    let (vault, owner) = add.whose.vault(&add.data)?;
    if vault.app(&owner, &manifest.id)?.is_some() {
        let message = format!("an app at {} is stored already", manifest.name);
        return Err(Trouble::no(message).help(format!("`keyway app rm {}` removes it", manifest.id)));
    }
    let secret = match add.no_secret {
        true => None,
        false => Some(add.from.read(&format!("secret of the app at {}", manifest.name))?),
    };
    let redirect = add.redirect.as_deref();
    let app = NewApp { manifest, id: &add.id, secret, redirect, hosts: &add.hosts };
    add_app(&vault, Whose::who(&owner), app)?;
    output::note(&format!(
        "stored the app at {}; `keyway connect {}` signs in with it",
        manifest.name, manifest.id
    ));
    Ok(())
}

/// How somebody makes an app at a service, for whoever has none.
pub fn how_to_make(manifest: &server::connector::manifest::Manifest) -> String {
    let mut page = format!("{STRONG}an app at {}{STRONG:#}\n", manifest.name);
    for (at, step) in manifest.setup.iter().enumerate() {
        page += &format!("  {}. {step}\n", at + 1);
    }
    let redirect = usual_redirect(&manifest.id);
    page += &format!("  {FAINT}redirect address{FAINT:#}  {redirect}\n");
    page += &format!("  {FAINT}then{FAINT:#}              keyway app add {} --id ID", manifest.id);
    page
}

fn list(json: bool, whose: &Whose, data: &Data) -> Result<(), Trouble> {
    let (vault, owner) = whose.vault(data)?;
    let apps = server::connections::apps(&vault, &owner)?;
    if json {
        output::json(&apps.iter().map(to_json).collect());
        return Ok(());
    }
    if apps.is_empty() {
        output::note(&format!(
            "there are no apps yet; `keyway app add CONNECTOR --id ID` stores one, and port {PORT} waits for browsers"
        ));
        return Ok(());
    }
    let widest = |of: fn(&Known) -> usize| apps.iter().map(of).max().unwrap_or(0);
    let (first, second) = (widest(|app| app.connector.len()).max(9), widest(|app| app.id.len()).max(2));
    let mut table =
        format!("{STRONG}{:<first$}  {:<second$}  {:<20}  REDIRECT{STRONG:#}\n", "CONNECTOR", "ID", "USED");
    for app in &apps {
        let (connector, id, redirect) = (&app.connector, &app.id, &app.redirect);
        let used = moment(app.used);
        table += &format!("{connector:<first$}  {id:<second$}  {used:<20}  {FAINT}{redirect}{FAINT:#}\n");
    }
    output::result(&table);
    Ok(())
}

fn to_json(app: &Known) -> serde_json::Value {
    serde_json::json!({
        "connector": app.connector,
        "id": app.id,
        "secret": app.has_secret,
        "redirect": app.redirect,
        "hosts": app.hosts,
        "created": timestamp(app.created).to_string(),
        "used": app.used.map(|time| timestamp(time).to_string()),
    })
}
