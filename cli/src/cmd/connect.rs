//! `keyway connect`: an account at a service is connected, for the calls of workflows.

mod key;
mod signing;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;
use server::Secret;
use server::connections::{REFUSED, Wanted, add, app_for, asked_for};
use server::connector::manifest::Manifest;
use server::connector::manifest::auth::{Auth, Grant, Kind};
use server::serve::Reach;
use server::vault::{Connection, Place, READY, Vault};

use super::{Data, Whose};
use crate::error::{Exit, Trouble};
use crate::hidden;
use crate::output::{self, GOOD};

/// Connect an account at a service
///
/// Where the way to sign in leads through a browser, it is opened, and its address is printed.
#[derive(ClapArgs)]
pub struct Args {
    /// The service, as in `slack`
    #[arg(value_name = "CONNECTOR")]
    connector: String,
    /// What to call the connection
    #[arg(long, value_name = "NAME", default_value = server::connections::MAIN)]
    name: String,
    /// The way to sign in; where none is given, the one of your app, else the first that asks for keys alone
    #[arg(long, value_name = "NAME")]
    auth: Option<String>,
    /// A field that the service asks for; may be given more than once
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    /// A scope to ask for beside those of your deployed workflows; may be given more than once
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Ask for what this workflow needs too
    #[arg(long = "for", value_name = "FILE")]
    needed: Option<PathBuf>,
    /// Connect it again where it is connected already
    #[arg(long)]
    again: bool,
    /// Print the address, and open no browser
    #[arg(long)]
    no_browser: bool,
    /// Read the secrets from standard input, a line for each; a private key whole
    #[arg(long)]
    stdin: bool,
    /// Read the private key from this file: PEM, or the JSON that the service gave out
    #[arg(long, value_name = "FILE", conflicts_with = "stdin")]
    key_file: Option<PathBuf>,
    /// Store it without asking the service whether it works
    #[arg(long)]
    no_verify: bool,
    /// Where the service stands, if not where its connector says
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Let it stand at a private address
    #[arg(long)]
    allow_private: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Makes a connection.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let manifest = super::connector::find(&args.connector)?;
    let (vault, owner) = args.whose.vault(&args.data)?;
    let vault = Arc::new(vault);
    let known = vault.connections(&owner, Some(&manifest.id))?;
    let before = known.into_iter().find(|row| row.name == args.name);
    let way = match (&args.auth, &before) {
        (None, Some(row)) => way(manifest, Some(&row.auth)).or_else(|_| way(manifest, None))?,
        (Some(_), _) => way(manifest, args.auth.as_deref())?,
        (None, None) => usual(&vault, &owner, manifest)?,
    };
    let place = place(&args, manifest, before.as_ref())?;
    let mut fields = args.fields.iter().map(|pair| self::pair(pair)).collect::<Result<Vec<_>, Trouble>>()?;
    remembered(&mut fields, (manifest, way), before.as_ref());
    let known_base = before.as_ref().map(|row| row.base.clone()).filter(|base| !base.is_empty());
    let base = args.base_url.clone().or(known_base);
    if let Kind::Oauth2(_) = &way.kind {
        let (owner, args) = (owner.as_str(), &args);
        let connecting = signing::Connecting { args, manifest, way, vault, owner, before, place, base };
        return connecting.carried_out(fields).await;
    }
    // What is wrong with the fields is said before a secret is asked for.
    server::connections::fitted(manifest, way, &fields)?;
    let wanted = asked_for(way);
    let values = match args.stdin {
        true => hidden::lines(wanted.len())?,
        false => asked(&wanted)?,
    };
    let secrets = wanted.into_iter().map(|(name, _)| name).zip(values).collect();
    let (name, base) = (args.name.as_str(), base.as_deref());
    let wanted = Wanted { manifest, auth: way, name, fields: &fields, secrets, base, place };
    add(&vault, Whose::who(&owner), wanted)?;
    output::note(&format!("stored the connection `{name}` to {}", manifest.name));
    if args.no_verify || manifest.account.verify.is_none() {
        return Ok(Exit::Done);
    }
    match server::connections::verify(&vault, manifest, (&owner, name), args.reach()).await {
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

impl Args {
    fn reach(&self) -> Reach {
        if self.allow_private { Reach::Private } else { Reach::Public }
    }
}

/// Takes the fields over that an account was connected with before, where others are not given.
fn remembered(
    fields: &mut Vec<(String, String)>,
    (manifest, way): (&Manifest, &Auth),
    before: Option<&Connection>,
) {
    let Some(row) = before.filter(|row| row.auth == way.id) else { return };
    let known: serde_json::Value = serde_json::from_str(&row.fields).unwrap_or_default();
    for field in manifest.account.fields.iter().chain(&way.fields) {
        let value = match known.get(&field.name) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Null) | None => continue,
            Some(other) => other.to_string(),
        };
        if fields.iter().all(|(name, _)| *name != field.name) {
            fields.push((field.name.clone(), value));
        }
    }
}

/// Whether a connection of that name may be there already: one that works is not replaced unasked.
fn place(args: &Args, manifest: &Manifest, before: Option<&Connection>) -> Result<Place, Trouble> {
    let Some(row) = before else { return Ok(Place::Free) };
    if args.again || row.state != READY || row.health == REFUSED {
        return Ok(Place::Taken);
    }
    let account = if row.label.is_empty() { String::new() } else { format!(", {}", row.label) };
    let message = format!("the connection `{}` to {} is there already{account}", row.name, manifest.name);
    Err(Trouble::no(message).help("`--name NAME` connects a second account, `--again` this one again"))
}

/// The way to sign in where nobody says which: the one of an app that is there, else one by keys alone.
fn usual<'m>(vault: &Vault, owner: &str, manifest: &'m Manifest) -> Result<&'m Auth, Trouble> {
    let by_app =
        |way: &&Auth| way.kind.oauth2().is_some_and(|oauth2| !matches!(oauth2.grant, Grant::JwtBearer(_)));
    if app_for(vault, owner, &manifest.id)?.is_some()
        && let Some(found) = manifest.auth.iter().find(by_app)
    {
        return Ok(found);
    }
    way(manifest, None)
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

fn asked(wanted: &[(String, String)]) -> Result<Vec<Secret>, Trouble> {
    wanted.iter().map(|(_, about)| hidden::asked(about.trim_end_matches('.'))).collect()
}
