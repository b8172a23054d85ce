//! `keyway connect`: accounts at services, for the calls of workflows.

use clap::Args as ClapArgs;
use server::Secret;
use server::connections::{Wanted, add};
use server::connector::manifest::Manifest;
use server::connector::manifest::auth::Auth;

use super::secrets::{moment, timestamp};
use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::hidden;
use crate::output::{self, FAINT, GOOD, STRONG};

/// Connect an account at a service
#[derive(ClapArgs)]
pub struct Args {
    /// The service, as in `slack`
    #[arg(value_name = "CONNECTOR")]
    connector: String,
    /// What to call the connection
    #[arg(long, value_name = "NAME", default_value = "main")]
    name: String,
    /// The way to sign in; the first that asks for keys alone where none is given
    #[arg(long, value_name = "NAME")]
    auth: Option<String>,
    /// A field that the service asks for; may be given more than once
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    /// Read the secrets from standard input, a line for each
    #[arg(long)]
    stdin: bool,
    /// Store it without asking the service whether it works
    #[arg(long)]
    no_verify: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// List connections, without their secrets
#[derive(ClapArgs)]
pub struct ListArgs {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Remove a connection and its secrets
#[derive(ClapArgs)]
pub struct RemoveArgs {
    /// The service
    #[arg(value_name = "CONNECTOR")]
    connector: String,
    /// The connection's name
    #[arg(default_value = "main")]
    name: String,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Makes a connection.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let manifest = super::connector::find(&args.connector)?;
    let way = way(manifest, args.auth.as_deref())?;
    if !way.kind.is_given() {
        return Err(Trouble::no(format!(
            "`{}` is signed in to in a browser, which is not there yet",
            way.id
        ))
        .help("take a way that asks for a key, as `--auth token`"));
    }
    let fields = args.fields.iter().map(|pair| self::pair(pair)).collect::<Result<Vec<_>, Trouble>>()?;
    // What is wrong with the fields is said before a secret is asked for.
    server::connections::fitted(manifest, way, &fields)?;
    let values = match args.stdin {
        true => hidden::lines(way.secrets.len())?,
        false => asked(way)?,
    };
    let secrets = way.secrets.iter().map(|field| field.name.clone()).zip(values).collect();
    let (vault, owner) = args.whose.vault(&args.data)?;
    let name = args.name.as_str();
    add(&vault, Whose::who(&owner), Wanted { manifest, auth: way, name, fields: &fields, secrets })?;
    output::note(&format!("stored the connection `{name}` to {}", manifest.name));
    if args.no_verify || manifest.account.verify.is_none() {
        return Ok(Exit::Done);
    }
    match server::connections::verify(vault, manifest, &owner, name).await {
        Ok(label) if label.is_empty() => output::note(&format!("{GOOD}✓{GOOD:#} it works")),
        Ok(label) => output::note(&format!("{GOOD}✓{GOOD:#} it works: {label}")),
        Err(failure) => {
            let help = format!("`keyway disconnect {} {name}` removes it", manifest.id);
            output::error(&format!("the service does not take it: {failure}"), Some(&help));
            return Ok(Exit::No);
        }
    }
    Ok(Exit::Done)
}

/// The way to sign in that was named, or the first that asks for keys alone.
pub fn way<'m>(manifest: &'m Manifest, named: Option<&str>) -> Result<&'m Auth, Trouble> {
    let names = || manifest.auth.iter().map(|way| format!("`{}`", way.id)).collect::<Vec<_>>().join(", ");
    let found = match named {
        Some(named) => manifest.auth.iter().find(|way| way.id == named),
        None => manifest.auth.iter().find(|way| way.kind.is_given()).or(manifest.auth.first()),
    };
    found.ok_or_else(|| {
        let named = named.unwrap_or_default();
        Trouble::no(format!("{} has no way to sign in `{named}`", manifest.name))
            .help(format!("there are {}", names()))
    })
}

/// A name and a value.
pub fn pair(text: &str) -> Result<(String, String), Trouble> {
    let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    pair.ok_or_else(|| Trouble::no(format!("`{text}` is no field")).help("write `--field NAME=VALUE`"))
}

fn asked(way: &Auth) -> Result<Vec<Secret>, Trouble> {
    way.secrets.iter().map(|field| hidden::asked(field.about.trim_end_matches('.'))).collect()
}

/// Lists connections.
pub fn list(args: &ListArgs) -> Result<Exit, Trouble> {
    let (vault, owner) = args.whose.vault(&args.data)?;
    let known = vault.connections(&owner, None)?;
    if args.json {
        let json = |row: &server::vault::Connection| {
            serde_json::json!({
                "connector": row.connector,
                "name": row.name,
                "auth": row.auth,
                "fields": serde_json::from_str::<serde_json::Value>(&row.fields).unwrap_or_default(),
                "state": row.state,
                "account": row.label,
                "created": timestamp(row.created).to_string(),
                "used": row.used.map(|time| timestamp(time).to_string()),
            })
        };
        output::json(&known.iter().map(json).collect());
        return Ok(Exit::Done);
    }
    if known.is_empty() {
        output::note("there are no connections yet; `keyway connect CONNECTOR` makes one");
        return Ok(Exit::Done);
    }
    let widest = |of: fn(&server::vault::Connection) -> usize| known.iter().map(of).max().unwrap_or(0);
    let (first, second) = (widest(|row| row.connector.len()).max(9), widest(|row| row.name.len()).max(4));
    let head =
        format!("{:<first$}  {:<second$}  {:<8}  {:<20}  ACCOUNT", "CONNECTOR", "NAME", "STATE", "USED");
    let mut table = format!("{STRONG}{head}{STRONG:#}\n");
    for row in &known {
        let used = moment(row.used);
        let (connector, name, state) = (&row.connector, &row.name, &row.state);
        let label = &row.label;
        table += &format!(
            "{connector:<first$}  {name:<second$}  {state:<8}  {used:<20}  {FAINT}{label}{FAINT:#}\n"
        );
    }
    output::result(&table);
    Ok(Exit::Done)
}

/// Removes a connection.
pub fn remove(args: &RemoveArgs) -> Result<Exit, Trouble> {
    let (vault, owner) = args.whose.vault(&args.data)?;
    vault.disconnect(Whose::who(&owner), &args.connector, &args.name)?;
    output::note(&format!("removed the connection `{}` to `{}` and its secrets", args.name, args.connector));
    Ok(Exit::Done)
}
