//! Accounts at services: how they stand, whether they work, and removing them. Making one needs a person at the service.

use serde_json::{Value, json};

use super::{Answer, Ask, Refusal};
use crate::connections::{revoke, standings, verify};
use crate::error::Error;
use crate::shown;

/// All of them, without their secrets.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let vault = part.vault()?;
    let known = standings(part.home(), &vault, part.owner())?;
    Ok(Answer::ok(json!({ "connections": known.iter().map(shown::connection).collect::<Vec<Value>>() })))
}

/// Asks the service whether one works.
pub fn test(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let (connector, name) = found(ask)?;
    let manifest =
        connectors::library().find(connector).ok_or_else(|| Refusal::absent("connector", connector))?;
    let vault = part.vault()?;
    let asking = verify(&vault, manifest, (part.owner(), name), part.reach());
    let label = tokio::runtime::Handle::current().block_on(asking);
    let label = label.map_err(|failure| Refusal::upstream(failure.message))?;
    Ok(Answer::ok(json!({ "connector": connector, "name": name, "account": label })))
}

/// Removes one and its secrets. The service is asked to take its tokens back.
pub fn remove(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let (connector, name) = found(ask)?;
    let vault = part.vault()?;
    // Without its manifest nothing is known of where tokens are taken back.
    let revoked = match connectors::library().find(connector) {
        Some(manifest) => {
            let asking = revoke(&vault, manifest, (part.owner(), name), part.reach());
            // What the service says does not keep it here.
            tokio::runtime::Handle::current().block_on(asking).unwrap_or(false)
        }
        None => false,
    };
    vault.disconnect(part.acts(&ask.who.actor()), connector, name).map_err(Error::from)?;
    Ok(Answer::ok(json!({ "removed": name, "revoked": revoked })))
}

/// The connection that the address names, if it is there.
fn found<'a>(ask: &'a Ask<'_>) -> Result<(&'a str, &'a str), Refusal> {
    let (connector, name) = (ask.said.part("connector"), ask.said.part("name"));
    let part = ask.house.part(&ask.who);
    let known = part.vault()?.connections(part.owner(), Some(connector)).map_err(Error::from)?;
    match known.iter().any(|row| row.name == name) {
        true => Ok((connector, name)),
        false => Err(Refusal::absent("connection", name)),
    }
}
