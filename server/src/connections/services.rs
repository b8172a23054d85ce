//! All services that workflows can name, and how each stands by what was measured: nothing is said of one that nobody asked.

use connectors::manifest::Manifest;
use jiff::Timestamp;
use serde_json::json;
use vault::{Connection, Failed, Vault};

use super::measure::{Figures, Value};
use crate::error::Error;

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its id.
    pub connector: String,
    /// Its name for people.
    pub name: String,
    /// Whether an account is needed to ask it.
    pub needs_account: bool,
    /// The owner's accounts at it.
    pub accounts: Vec<Standing>,
    /// What the requests of all of these tell together.
    pub figures: Figures,
}

/// An account, by what was measured.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The account.
    pub row: Connection,
    /// What its requests tell.
    pub figures: Figures,
}

impl Service {
    /// How it stands, in a word.
    pub fn state(&self) -> &'static str {
        match (&self.accounts[..], &self.figures.state) {
            ([], _) => "not_connected",
            (accounts, _) if accounts.iter().all(|account| account.row.state != vault::READY) => "reconnect",
            (_, None) => UNMEASURED,
            (_, Some(state)) => state.value,
        }
    }
}

impl Standing {
    /// How it stands, in a word.
    pub fn state(&self) -> &'static str {
        match &self.figures.state {
            _ if self.row.state != vault::READY => "reconnect",
            None => UNMEASURED,
            Some(state) => state.value,
        }
    }
}

/// An account that was asked nothing yet.
const UNMEASURED: &str = "unmeasured";

/// All services that this process knows, and how they stand for an owner.
///
/// # Errors
/// Where the database cannot be read.
pub fn services(vault: &Vault, owner: &str) -> Result<Vec<Service>, Error> {
    let (rows, measured) = (vault.connections(owner, None)?, vault.measured(owner)?);
    let library = connectors::library();
    let manifests = library.read_all().names().filter_map(|id| library.find(id));
    Ok(manifests.map(|manifest| service(manifest, &rows, &measured)).collect())
}

fn service(manifest: &Manifest, rows: &[Connection], measured: &[vault::Measured]) -> Service {
    let theirs = || rows.iter().filter(|row| row.connector == manifest.id);
    let of = |name: &str| {
        let name = name.to_owned();
        measured.iter().filter(move |row| row.connector == manifest.id && row.name == name)
    };
    let accounts = theirs().map(|row| Standing { row: row.clone(), figures: Figures::of(of(&row.name)) });
    Service {
        connector: manifest.id.clone(),
        name: manifest.name.clone(),
        needs_account: manifest.is_connected(),
        accounts: accounts.collect(),
        figures: Figures::of(measured.iter().filter(|row| row.connector == manifest.id)),
    }
}

/// Services as JSON. Each value says of how many requests it is, and when the last of them was; it is null where nothing was
/// measured.
pub fn to_json(services: &[Service]) -> serde_json::Value {
    services
        .iter()
        .map(|service| {
            let mut told = figures_to_json(&service.figures);
            told["connector"] = service.connector.as_str().into();
            told["name"] = service.name.as_str().into();
            told["needs_account"] = service.needs_account.into();
            told["state"] = service.state().into();
            told["connections"] = service.accounts.iter().map(account_to_json).collect();
            told
        })
        .collect()
}

fn account_to_json(account: &Standing) -> serde_json::Value {
    let mut told = figures_to_json(&account.figures);
    told["name"] = account.row.name.as_str().into();
    told["account"] = account.row.label.as_str().into();
    told["state"] = account.state().into();
    told
}

fn figures_to_json(figures: &Figures) -> serde_json::Value {
    fn value<T: Copy + Into<serde_json::Value>>(value: Option<Value<T>>) -> serde_json::Value {
        let Some(Value { value, n, as_of }) = value else { return serde_json::Value::Null };
        let value: serde_json::Value = value.into();
        json!({ "value": value, "n": n, "as_of": time(as_of) })
    }
    let failed =
        |failed: &Failed| json!({ "kind": failed.kind, "message": failed.why, "as_of": time(failed.time) });
    json!({
        "last_answer": value(figures.state),
        "median_ms": value(figures.median),
        "p95_ms": value(figures.p95),
        "error_rate": value(figures.errors),
        "since": figures.since.map(time),
        "last_error": figures.last_error.as_ref().map(failed),
    })
}

fn time(nanoseconds: i64) -> String {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}
