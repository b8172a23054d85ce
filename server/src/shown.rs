//! What commands and routes show as JSON, once for both: no secret is in any of it.

mod plan;

use runtime::schedule::books::timestamp;
use serde_json::{Value, json};
use vault::{Listed, Told};

use crate::connections::{Standing as Account, typed};
use crate::kept::{Standing, Version, note};
use crate::owner::callers::Address;
use crate::owner::deploy::Outcome;
use crate::tokens;
use crate::usage::Budget;
use crate::{Money, token};
pub use plan::{costs, lack, savings};

/// A secret or a key.
pub fn secret(listed: &Listed) -> Value {
    json!({
        "name": listed.name,
        "kind": listed.kind,
        "owner": listed.owner,
        "connector": listed.connector,
        "hosts": listed.hosts,
        "settings": listed.settings,
        "shown": listed.shown,
        "status": listed.status,
        "version": listed.version,
        "priority": listed.rank,
        "created": timestamp(listed.created).to_string(),
        "used": listed.used.map(|time| timestamp(time).to_string()),
    })
}

/// A key with what it cost so far.
pub fn key(listed: &Listed, (cost, unpriced): (i64, i64)) -> Value {
    let mut row = secret(listed);
    row["cost_usd"] = dollars(cost).into();
    row["calls_of_unknown_cost"] = unpriced.into();
    row
}

/// A token, without what it is.
pub fn token(listed: &tokens::Listed) -> Value {
    json!({
        "name": listed.name,
        "scope": listed.scope.map_or("unknown", token::Scope::name),
        "created": listed.created.to_string(),
        "expires": listed.expires.map(|time| time.to_string()),
        "used": listed.used.map(|time| time.to_string()),
    })
}

/// A row of the audit.
pub fn told(row: &Told) -> Value {
    json!({
        "seq": row.seq,
        "time": timestamp(row.time).to_string(),
        "owner": row.owner,
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "detail": row.detail,
    })
}

/// A budget with what is spent of it.
pub fn budget(budget: &Budget, spent: i64) -> Value {
    json!({
        "scope": budget.scope,
        "name": budget.name,
        "most_usd": dollars(budget.most),
        "spent_usd": dollars(spent),
    })
}

/// A workflow that is deployed.
pub fn workflow(standing: &Standing) -> Value {
    json!({
        "workflow": standing.name,
        "version": standing.version,
        "enabled": standing.enabled,
        "changed": timestamp(standing.changed).to_string(),
    })
}

/// A version of a workflow.
pub fn version(version: &Version, standing: &Standing) -> Value {
    json!({
        "version": version.number,
        "deployed": timestamp(version.deployed).to_string(),
        "by": version.author,
        "file": note(version).map(|note| note.file),
        "in_force": version.number == standing.version,
    })
}

/// What became of a deployment, or would.
pub fn deployed(outcome: &Outcome, dry_run: bool) -> Value {
    json!({
        "workflow": outcome.workflow,
        "before": outcome.before.as_ref().map(|(number, _)| number),
        "version": outcome.version,
        "enabled": outcome.enabled,
        "deployed": outcome.version.is_some() && !dry_run,
        "changes": outcome.change.lines,
        "addresses": addresses(&outcome.addresses),
    })
}

/// Addresses that others call.
pub fn addresses(addresses: &[Address]) -> Value {
    addresses.iter().map(|address| json!({ "trigger": address.trigger, "url": address.url })).collect()
}

/// An account at a service, and how it stands.
pub fn connection(standing: &Account) -> Value {
    let row = &standing.row;
    let time = |nanoseconds: i64| timestamp(nanoseconds).to_string();
    json!({
        "connector": row.connector,
        "name": row.name,
        "auth": row.auth,
        "fields": serde_json::from_str::<Value>(&row.fields).unwrap_or_default(),
        "base_url": Some(&row.base).filter(|base| !base.is_empty()),
        "state": row.state,
        "account": row.label,
        "scopes": standing.sign_in.as_ref().map(|_| standing.scopes()),
        "missing_scopes": standing.missing,
        "expires": standing.sign_in.as_ref().and_then(|known| known.expires).map(time),
        "health": (!row.health.is_empty()).then(|| json!({
            "state": row.health,
            "time": row.checked.map(time),
            "trouble": Some(&row.trouble).filter(|trouble| !trouble.is_empty()),
        })),
        "reconnect": standing.reconnect().map(|why| json!({ "why": why, "type": typed(row) })),
        "workflows": standing.workflows,
        "created": time(row.created),
        "used": row.used.map(time),
    })
}

/// An amount of the ledger in US dollars.
pub fn dollars(units: i64) -> String {
    Money::from_units(units.into()).to_string()
}
