//! Keys of providers of models: stored, listed without what they hold, tested, and removed. No route tells one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use vault::provider::{self, DEPLOYMENT, PROVIDERS};
use vault::{Entry, Kind, Listed, Status, Trial};

use super::session::{password, text};
use super::{Answer, Ask, Refusal};
use crate::error::Error;
use crate::probe::{self, Asked};
use crate::serve::Reach;
use crate::shown;

/// The place of a key among those of its provider where nothing is said.
const USUAL: i64 = 100;

/// All of them, without what they hold.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let keys = part.vault()?.list(part.owner(), Kind::Key).map_err(Error::from)?;
    let costs = crate::usage::of_keys(part.home(), part.owner())?;
    let row = |key: &Listed| {
        let cost = costs.iter().find(|it| (&it.provider, &it.key) == (&key.connector, &key.name));
        shown::key(key, cost.map_or((0, 0), |it| (it.cost, it.unpriced)))
    };
    Ok(Answer::ok(json!({ "keys": keys.iter().map(row).collect::<Vec<_>>() })))
}

/// Stores one. Whether it is right is asked by another route.
pub fn add(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, said) = (ask.house.part(&ask.who), &ask.said);
    let of = text(ask, "provider");
    let known = || PROVIDERS.iter().map(|provider| &*provider.name);
    let Some(provider) = provider::find(of) else {
        let refusal = Refusal::unfit(format!("there is no provider `{of}`"));
        return Err(refusal.help(format!("one of {}", known().collect::<Vec<_>>().join(", "))));
    };
    let base = said.text("base_url").or(provider.base.as_deref()).ok_or_else(|| {
        let refusal =
            Refusal::unfit(format!("a key for {} needs to know where its API begins", provider.title));
        refusal.help("give it as `base_url`")
    })?;
    let endpoint = provider::endpoint(base).map_err(Error::from)?;
    let mut settings = BTreeMap::from([("base".to_owned(), endpoint.base)]);
    if let Some(version) = said.text("api_version") {
        settings.insert("api_version".into(), one_line(version)?);
    }
    for (name, model) in said.object("deployments") {
        let model = model.as_text().unwrap_or_default();
        settings.insert(format!("{DEPLOYMENT}{}", one_line(&name)?), one_line(model)?);
    }
    let entry = Entry {
        kind: Kind::Key,
        name: said.text("name").unwrap_or(&provider.name).to_owned(),
        connector: provider.name.clone(),
        hosts: vec![endpoint.host],
        settings,
        rank: said.count("priority").unwrap_or(USUAL),
        value: password(ask, "key"),
    };
    let vault = part.vault()?;
    vault.add(part.acts(&ask.who.actor()), &entry).map_err(Error::from)?;
    Ok(Answer::ok(json!({ "stored": entry.name })).with(201))
}

/// Settings are kept a line each.
fn one_line(text: &str) -> Result<String, Refusal> {
    match text.chars().any(char::is_control) || text.is_empty() {
        true => Err(Refusal::unfit("a setting is empty or has a line break")),
        false => Ok(text.to_owned()),
    }
}

/// Stores another key in the place of one.
pub fn rotate(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, name) = (ask.house.part(&ask.who), ask.said.part("name"));
    let actor = ask.who.actor();
    let value = password(ask, "key");
    part.vault()?.replace(part.acts(&actor), (Kind::Key, name), &value, None).map_err(Error::from)?;
    Ok(Answer::ok(json!({ "stored": name })))
}

/// Takes one first, before the others of its provider.
pub fn prefer(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, name) = (ask.house.part(&ask.who), ask.said.part("name"));
    part.vault()?.prefer(part.acts(&ask.who.actor()), name).map_err(Error::from)?;
    Ok(Answer::ok(json!({ "preferred": name })))
}

/// Removes one.
pub fn remove(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, name) = (ask.house.part(&ask.who), ask.said.part("name"));
    part.vault()?.remove(part.acts(&ask.who.actor()), Kind::Key, name).map_err(Error::from)?;
    Ok(Answer::ok(json!({ "removed": name })))
}

/// Asks its provider whether one is right, and writes down how it stands.
pub fn test(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, name) = (ask.house.part(&ask.who), ask.said.part("name"));
    let vault = part.vault()?;
    let keys = vault.list(part.owner(), Kind::Key).map_err(Error::from)?;
    let unknown = || Error::from(vault::Error::Unknown { what: "key", name: name.into() });
    let key = keys.into_iter().find(|key| key.name == name).ok_or_else(unknown)?;
    let provider = provider::find(&key.connector).ok_or_else(unknown)?;
    let base = key.settings.get("base").map_or("", |base| base);
    let endpoint = provider::endpoint(base).map_err(Error::from)?;
    let allow_private = part.reach() == Reach::Private;
    let asked = Asked { provider, endpoint: &endpoint, settings: &key.settings, allow_private };
    let actor = ask.who.actor();
    let trial = Trial {
        vault: vault.clone(),
        owner: part.owner().into(),
        actor: actor.clone(),
        name: name.into(),
        provider: provider.name.clone(),
    };
    let outcome = tokio::runtime::Handle::current().block_on(probe::ask(&asked, Arc::new(trial)));
    let learned = outcome.map_err(|error| Refusal::upstream(crate::chain(&error)))?;
    let status = learned.verdict.status();
    if let Some(status) = status {
        vault.mark(part.acts(&actor), name, key.version, status).map_err(Error::from)?;
    }
    let status = status.map_or_else(|| key.status.clone(), |status| status.name().to_owned());
    Ok(Answer::ok(json!({ "name": name, "status": status, "answered": learned.status })))
}

/// The providers that there are, and which of them are set up.
pub fn providers(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let keys = part.vault()?.list(part.owner(), Kind::Key).map_err(Error::from)?;
    let row = |provider: &provider::Provider| {
        let own = || keys.iter().filter(|key| key.connector == provider.name);
        json!({
            "provider": provider.name,
            "title": provider.title,
            "base_url": provider.base,
            "keys": own().count(),
            "working": own().any(|key| key.status == Status::Valid.name()),
        })
    };
    let rows: Vec<Value> = PROVIDERS.iter().map(row).collect();
    let summary = summary(rows.iter().map(|row| (row["keys"] != 0, row["working"] == true)));
    Ok(Answer::ok(json!({ "providers": rows, "summary": summary })))
}

/// How many there are, how many of them are set up, and how many work as far as that is known.
pub(super) fn summary(all: impl Iterator<Item = (bool, bool)>) -> Value {
    let (mut available, mut configured, mut working) = (0, 0, 0);
    for (is_configured, works) in all {
        available += 1;
        configured += u64::from(is_configured);
        working += u64::from(works);
    }
    json!({ "available": available, "configured": configured, "working": working })
}
