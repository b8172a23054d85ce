//! `keyway keys`: the keys of providers of models.

use std::collections::BTreeMap;

use clap::{Args as ClapArgs, Subcommand};
use server::vault::provider::{self, PROVIDERS, Provider};
use server::vault::{Entry, Kind, LOCAL};

use super::secrets::{moment, to_json};
use super::{Data, ME};
use crate::error::{Exit, Trouble};
use crate::hidden::From;
use crate::output::{self, FAINT, STRONG};

/// Keep the keys of providers of models
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Box<Add>),
    /// List keys, without what they hold
    List {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Store another key in the place of one, for the same hosts
    Rotate {
        /// Its name
        name: String,
        #[command(flatten)]
        from: From,
        #[command(flatten)]
        data: Data,
    },
    /// Take a key first, before the others of its provider
    Use(Named),
    /// Take a key out of use, and keep it in the list
    Revoke(Named),
    /// Remove a key
    Rm(Named),
}

/// Store a key
#[derive(ClapArgs)]
struct Add {
    /// The provider: anthropic, azure, cohere, compatible, deepseek, gemini, openai
    provider: String,
    /// What to call the key [default: the provider]
    #[arg(long)]
    name: Option<String>,
    /// Where its API begins; the key is sent nowhere else
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The version of the API, as Azure wants it
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
    /// A deployment of Azure and the model behind it; may be given more than once
    #[arg(long = "deployment", value_name = "NAME=MODEL")]
    deployments: Vec<String>,
    /// Its place among the keys of its provider; the lowest is taken first
    #[arg(long, default_value_t = 100)]
    priority: i64,
    /// Do not ask the provider whether the key is right; this version never does
    #[arg(long)]
    no_test: bool,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    data: Data,
}

#[derive(ClapArgs)]
struct Named {
    /// Its name
    name: String,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Add(add) => store(add)?,
        Command::List { json, data } => list(*json, data)?,
        Command::Rotate { name, from, data } => {
            let vault = data.vault()?;
            vault.replace(ME, (Kind::Key, name), &from.read(&format!("new key {name}"))?, None)?;
            output::note(&format!("replaced `{name}`; untested"));
        }
        Command::Use(Named { name, data }) => {
            data.vault()?.prefer(ME, name)?;
            output::note(&format!("`{name}` is taken first"));
        }
        Command::Revoke(Named { name, data }) => {
            data.vault()?.revoke(ME, Kind::Key, name)?;
            output::note(&format!("`{name}` is out of use; revoke it at the provider as well"));
        }
        Command::Rm(Named { name, data }) => {
            data.vault()?.remove(ME, Kind::Key, name)?;
            output::note(&format!("removed `{name}`"));
        }
    }
    Ok(Exit::Done)
}

fn store(add: &Add) -> Result<(), Trouble> {
    let provider = provider::find(&add.provider).ok_or_else(|| unknown(&add.provider))?;
    let base = add.base_url.as_deref().or(provider.base).ok_or_else(|| {
        Trouble::no(format!("a key for {} needs to know where its API begins", provider.title))
            .help("add `--base-url https://…`")
    })?;
    let endpoint = provider::endpoint(base)?;
    let name = add.name.clone().unwrap_or_else(|| provider.name.to_owned());
    let entry = Entry {
        kind: Kind::Key,
        connector: provider.name.into(),
        hosts: vec![endpoint.host],
        settings: settings(add, provider, endpoint.base)?,
        rank: add.priority,
        value: add.from.read(&format!("key for {}", provider.title))?,
        name,
    };
    add.data.vault()?.add(ME, &entry)?;
    // The flag asks for what happens anyway, until there is a test.
    let _ = add.no_test;
    output::note(&format!(
        "stored `{}` for {}; untested: this version does not ask the provider",
        entry.name, provider.title
    ));
    Ok(())
}

fn settings(add: &Add, provider: &Provider, base: String) -> Result<BTreeMap<String, String>, Trouble> {
    let mut settings = BTreeMap::from([("base".to_owned(), base)]);
    if let Some(version) = &add.api_version {
        settings.insert("api_version".into(), one_line(version)?.into());
    }
    for deployment in &add.deployments {
        let pair = one_line(deployment)?.split_once('=');
        let (name, model) =
            pair.filter(|(name, model)| !name.is_empty() && !model.is_empty()).ok_or_else(|| {
                Trouble::no(format!("`{deployment}` is not a deployment of {}", provider.title))
                    .help("write it as in `--deployment my-deployment=gpt-5-mini`")
            })?;
        settings.insert(format!("deployment.{name}"), model.into());
    }
    Ok(settings)
}

/// Settings are kept a line each.
fn one_line(text: &str) -> Result<&str, Trouble> {
    match text.chars().any(char::is_control) {
        true => Err(Trouble::no("a setting has a line break")),
        false => Ok(text),
    }
}

fn unknown(given: &str) -> Trouble {
    let names: Vec<&str> = PROVIDERS.iter().map(|provider| provider.name).collect();
    let trouble = Trouble::no(format!("there is no provider `{given}`"));
    match dsl::diagnostic::nearest(given, names.iter().copied()) {
        Some(near) => trouble.help(format!("did you mean `{near}`?")),
        None => trouble.help(format!("one of {}", names.join(", "))),
    }
}

fn list(json: bool, data: &Data) -> Result<(), Trouble> {
    let keys = data.vault()?.list(LOCAL, Kind::Key)?;
    if json {
        output::json(&keys.iter().map(to_json).collect());
    } else if keys.is_empty() {
        output::note("there are no keys yet; `keyway keys add PROVIDER` stores one");
    } else {
        let width = keys.iter().map(|key| key.name.len()).max().unwrap_or(0).max(4);
        let mut table = format!(
            "{STRONG}{:<11} {:<width$}  {:<12} {:<9} {:<20} HOST{STRONG:#}\n",
            "PROVIDER", "NAME", "KEY", "STATUS", "USED"
        );
        for key in &keys {
            let (used, hosts) = (moment(key.used), key.hosts.join(", "));
            table += &format!(
                "{:<11} {:<width$}  {:<12} {:<9} {used:<20} {FAINT}{hosts}{FAINT:#}\n",
                key.connector, key.name, key.shown, key.status
            );
        }
        output::result(&table);
    }
    Ok(())
}
