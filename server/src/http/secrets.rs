//! Secrets of workflows: stored, listed without what they hold, replaced and removed. No route tells one.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vault::{Entry, Kind};

use super::session::{password, text};
use super::{Answer, Ask, Refusal};
use crate::error::Error;
use crate::shown;

/// All of them, without what they hold.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let secrets = part.vault()?.list(part.owner(), Kind::Secret).map_err(Error::from)?;
    Ok(Answer::ok(json!({ "secrets": secrets.iter().map(shown::secret).collect::<Vec<Value>>() })))
}

/// Stores one for some hosts, or for webhooks.
pub fn add(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, name, value) = (ask.house.part(&ask.who), text(ask, "name"), password(ask, "value"));
    let hosts = ask.said.texts("hosts");
    let entry = match ask.said.flag("webhook") {
        true if !hosts.is_empty() => {
            return Err(Refusal::unfit("a secret of a webhook is sent nowhere, so that it has no `hosts`"));
        }
        true => crate::hooks::entry(name, value),
        false => Entry {
            kind: Kind::Secret,
            name: name.into(),
            connector: crate::safe::HTTP.into(),
            hosts,
            settings: BTreeMap::new(),
            rank: 0,
            value,
        },
    };
    part.vault()?.add(part.acts(&ask.who.actor()), &entry).map_err(Error::from)?;
    Ok(Answer::ok(json!({ "stored": name })).with(201))
}

/// Stores another value in the place of one; its hosts stay where none is given.
pub fn rotate(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, name) = (ask.house.part(&ask.who), ask.said.part("name"));
    let (value, hosts) = (password(ask, "value"), ask.said.texts("hosts"));
    let hosts = (!hosts.is_empty()).then_some(&hosts[..]);
    let actor = ask.who.actor();
    part.vault()?.replace(part.acts(&actor), (Kind::Secret, name), &value, hosts).map_err(Error::from)?;
    Ok(Answer::ok(json!({ "stored": name })))
}

/// Removes one.
pub fn remove(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, name) = (ask.house.part(&ask.who), ask.said.part("name"));
    part.vault()?.remove(part.acts(&ask.who.actor()), Kind::Secret, name).map_err(Error::from)?;
    Ok(Answer::ok(json!({ "removed": name })))
}
