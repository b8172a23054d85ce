//! `keyway keys`: the keys of providers of models.

mod ask;

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::{Args as ClapArgs, Subcommand};
use server::probe::{Asked, Candidate};
use server::served::Served;
use server::vault::provider::{self, DEPLOYMENT, Endpoint, PROVIDERS, Provider};
use server::vault::{Entry, Kind, Listed, Status, Vault};

use super::secrets::{moment, timestamp};
use super::usage::cost;
use super::{Data, Whose, on_runtime};
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
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    /// Store another key in the place of one, for the same hosts
    Rotate {
        /// Its name
        name: String,
        #[command(flatten)]
        asking: Asking,
        #[command(flatten)]
        from: From,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        data: Data,
    },
    Test(Test),
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
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

/// Whether a provider is asked, and where
#[derive(ClapArgs)]
struct Asking {
    /// Do not ask the provider whether the key is right
    #[arg(long)]
    no_test: bool,
    /// Ask it also at a private address
    #[arg(long)]
    allow_private: bool,
}

/// Ask providers whether keys are right
#[derive(ClapArgs)]
struct Test {
    /// Its name; all keys without
    #[arg(conflicts_with = "all")]
    name: Option<String>,
    /// Ask about all keys that are not revoked
    #[arg(long)]
    all: bool,
    /// Ask also at private addresses
    #[arg(long)]
    allow_private: bool,
    /// Print what was learned as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    data: Data,
}

#[derive(ClapArgs)]
struct Named {
    /// Its name
    name: String,
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
        Command::Rotate { name, asking, from, whose, data } => {
            let (vault, owner) = whose.vault(data)?;
            let before = ask::chosen(&vault, &owner, Some(name))?.remove(0);
            let provider = provider::find(&before.connector).ok_or_else(|| unknown(&before.connector))?;
            let value = from.read(&format!("new key {name}"))?;
            let endpoint = provider::endpoint(before.settings.get("base").map_or("", |base| base))?;
            let status = asked(asking, (provider, &endpoint), &before.settings, &value)?;
            vault.replace(Whose::who(&owner), (Kind::Key, name), &value, None)?;
            mark(&vault, &owner, (name, before.version + 1), status)?;
            output::note(&format!("replaced `{name}`; {}", ask::noted(status)));
        }
        Command::Test(args) => return test(args),
        Command::Use(Named { name, whose, data }) => {
            let (vault, owner) = whose.vault(data)?;
            vault.prefer(Whose::who(&owner), name)?;
            output::note(&format!("`{name}` is taken first"));
        }
        Command::Revoke(Named { name, whose, data }) => {
            let (vault, owner) = whose.vault(data)?;
            vault.revoke(Whose::who(&owner), Kind::Key, name)?;
            output::note(&format!("`{name}` is out of use; revoke it at the provider as well"));
        }
        Command::Rm(Named { name, whose, data }) => {
            let (vault, owner) = whose.vault(data)?;
            vault.remove(Whose::who(&owner), Kind::Key, name)?;
            output::note(&format!("removed `{name}`"));
        }
    }
    Ok(Exit::Done)
}

fn store(add: &Add) -> Result<(), Trouble> {
    let provider = provider::find(&add.provider).ok_or_else(|| unknown(&add.provider))?;
    let base = add.base_url.as_deref().or(provider.base.as_deref()).ok_or_else(|| {
        Trouble::no(format!("a key for {} needs to know where its API begins", provider.title))
            .help("add `--base-url https://…`")
    })?;
    let endpoint = provider::endpoint(base)?;
    let name = add.name.clone().unwrap_or_else(|| provider.name.clone());
    let entry = Entry {
        kind: Kind::Key,
        connector: provider.name.clone(),
        hosts: vec![endpoint.host.clone()],
        settings: settings(add, provider, endpoint.base.clone())?,
        rank: add.priority,
        value: add.from.read(&format!("key for {}", provider.title))?,
        name,
    };
    // What cannot be stored is not sent.
    let (vault, owner) = add.whose.vault(&add.data)?;
    vault.check_entry(Whose::who(&owner), &entry)?;
    let status = asked(&add.asking, (provider, &endpoint), &entry.settings, &entry.value)?;
    vault.add(Whose::who(&owner), &entry)?;
    mark(&vault, &owner, (&entry.name, 1), status)?;
    output::note(&format!("stored `{}` for {}; {}", entry.name, provider.title, ask::noted(status)));
    Ok(())
}

/// How a key that is not stored yet stands with its provider.
fn asked(
    asking: &Asking,
    (provider, endpoint): (&Provider, &Endpoint),
    settings: &BTreeMap<String, String>,
    key: &server::Secret,
) -> Result<Status, Trouble> {
    if asking.no_test {
        return Ok(Status::Untested);
    }
    let asked = Asked { provider, endpoint, settings, allow_private: asking.allow_private };
    on_runtime(ask::candidate(&asked, Candidate { key: key.clone(), host: endpoint.host.clone() }))
}

fn mark(vault: &Vault, owner: &str, (name, version): (&str, i64), status: Status) -> Result<(), Trouble> {
    match status {
        Status::Untested => Ok(()),
        learned => Ok(vault.mark(Whose::who(owner), name, version, learned)?),
    }
}

fn test(args: &Test) -> Result<Exit, Trouble> {
    let (vault, owner) = args.whose.vault(&args.data)?;
    let keys = ask::chosen(&vault, &owner, args.name.as_deref())?;
    if keys.is_empty() {
        output::note("there are no keys to ask about; `keyway keys add PROVIDER` stores one");
        return Ok(Exit::Done);
    }
    let work = ask::stored(Arc::new(vault), Whose::who(&owner), &keys, args.allow_private);
    Ok(ask::tell(&on_runtime(work)?, args.json))
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
        settings.insert(format!("{DEPLOYMENT}{name}"), model.into());
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
    let names: Vec<&str> = PROVIDERS.iter().map(|provider| &*provider.name).collect();
    let trouble = Trouble::no(format!("there is no provider `{given}`"));
    match dsl::diagnostic::nearest(given, names.iter().copied()) {
        Some(near) => trouble.help(format!("did you mean `{near}`?")),
        None => trouble.help(format!("one of {}", names.join(", "))),
    }
}

fn list(json: bool, whose: &Whose, data: &Data) -> Result<(), Trouble> {
    let (vault, owner) = whose.vault(data)?;
    let keys = vault.list(&owner, Kind::Key)?;
    let served = server::served::keys(&vault, &owner, jiff::Timestamp::now())?;
    let costs = server::usage::of_keys(&data.home()?, &owner)?;
    let cost_of =
        |key: &Listed| costs.iter().find(|cost| (&cost.provider, &cost.key) == (&key.connector, &key.name));
    if json {
        let row = |key: &Listed| {
            server::shown::key(key, cost_of(key).map_or((0, 0), |cost| (cost.cost, cost.unpriced)))
        };
        output::json(&keys.iter().map(row).chain(served.iter().map(served_json)).collect());
    } else if keys.is_empty() && served.is_empty() {
        output::note("there are no keys yet; `keyway keys add PROVIDER` stores one");
    } else {
        let width = keys.iter().map(|key| key.name.len()).max().unwrap_or(0).max(4);
        let mut table = format!(
            "{STRONG}{:<11} {:<width$}  {:<12} {:<12} {:<10}  {:<20} {:>10}  HOST{STRONG:#}\n",
            "PROVIDER", "NAME", "KEY", "STATUS", "CREATED", "USED", "USD"
        );
        for key in &keys {
            let (used, hosts) = (moment(key.used), key.hosts.join(", "));
            let created = super::runs::shown(timestamp(key.created));
            let created = created.get(..10).unwrap_or(&created);
            // A cost that is not known in full is at least this.
            let spent = cost_of(key).map_or_else(String::new, |spent| {
                format!("{}{}", if spent.unpriced > 0 { "≥ " } else { "" }, cost(spent.cost))
            });
            table += &format!(
                "{:<11} {:<width$}  {:<12} {:<12} {created:<10}  {used:<20} {spent:>10}  {FAINT}{hosts}{FAINT:#}\n",
                key.connector, key.name, key.shown, key.status
            );
        }
        if keys.is_empty() {
            table.clear();
        }
        output::result(&(table + &served_page(&served)));
    }
    Ok(())
}

/// The keys of organisations that serve somebody, each with what there is to know of it.
fn served_page(served: &[Served]) -> String {
    if served.is_empty() {
        return String::new();
    }
    let mut page = format!("{STRONG}keys of your organisations{STRONG:#}\n");
    for key in served {
        page += &format!(
            "  {}/{} for {}  {FAINT}{}{FAINT:#}\n",
            key.organisation, key.name, key.provider, key.status
        );
        if let Some(advice) = &key.advice {
            page += &format!("      {advice}\n");
        }
    }
    page
}

fn served_json(key: &Served) -> serde_json::Value {
    serde_json::json!({
        "name": key.name,
        "kind": "key",
        "organisation": key.organisation,
        "connector": key.provider,
        "status": key.status,
        "version": key.version,
        "created": key.created.to_string(),
        "replaced": key.replaced.as_ref().map(|(when, _)| when.to_string()),
        "replaced_by": key.replaced.as_ref().map(|(_, who)| who),
        "advice": key.advice,
    })
}
