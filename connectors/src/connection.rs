//! A connection: an account at a service, as a call is given it. Secrets are holes in it; who keeps them opens them.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Object, Value};
use secret::{NoVault, Open, Refused, Secret};

use crate::manifest::Manifest;
use crate::read::hosts;

/// An account at a service.
#[derive(Clone)]
pub struct Connection {
    /// Its name.
    pub name: String,
    /// Whose it is, where not of whoever calls: that of an organisation is one for all of its members.
    pub owner: String,
    /// The way to sign in that it has, by its name in the manifest.
    pub auth: String,
    /// What a person gave and what was found out, by the names of the manifest.
    pub fields: Object,
    /// What its secrets are called where they are opened, by their names in the manifest: `token`, `access`.
    pub secrets: BTreeMap<String, String>,
    /// When it was made, in nanoseconds since 1970: one that is made anew under the same name is another account's. 0 where
    /// that does not matter.
    pub made: i64,
    /// Which version of its secrets this is, for whoever renews them.
    pub version: i64,
    /// Where paths begin for it, where not at the manifest's base: its service stands elsewhere.
    pub base: Option<String>,
    /// Opens the secrets.
    pub open: Arc<dyn Open>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Connection");
        shown.field("name", &self.name).field("auth", &self.auth).field("fields", &self.fields);
        shown.field("secrets", &self.secrets).field("version", &self.version).finish_non_exhaustive()
    }
}

impl Connection {
    /// The connection of a service where nobody signs in.
    pub fn nobody(auth: &str) -> Connection {
        Connection {
            name: String::new(),
            owner: String::new(),
            auth: auth.into(),
            fields: Object::new(),
            secrets: BTreeMap::new(),
            made: 0,
            version: 0,
            base: None,
            open: Arc::new(NoVault),
        }
    }

    /// What a manifest reads as `connection`.
    pub(crate) fn value(&self) -> Value {
        Value::Object(Arc::new(self.fields.clone()))
    }
}

/// A connection that comes, or why there is none.
pub type Coming<'a> = Pin<Box<dyn Future<Output = Result<Connection, Failure>> + Send + 'a>>;

/// One request that went out to a service, as it was measured.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// From the first byte that was sent to the last that came; of an answer that is a file, to its head. Waiting for a turn
    /// does not count.
    pub took: Duration,
    /// Why it was no success; nothing where it was one.
    pub failure: Option<&'a Failure>,
}

/// Who keeps connections.
pub trait Connections: Send + Sync {
    /// The connection of this name, or the owner's only one, with secrets that serve: one whose time is nearly over is
    /// renewed first.
    fn fresh<'a>(&'a self, manifest: &'a Manifest, name: Option<&'a str>) -> Coming<'a>;

    /// The service says that the secrets of a connection do not serve any more: the same connection with others, or why
    /// there are none.
    fn refused<'a>(&'a self, manifest: &'a Manifest, connection: &'a Connection) -> Coming<'a>;

    /// A call with a connection is over: nothing, or why it failed. Whoever keeps health writes it down, and holds nobody up.
    fn told(&self, _: &Manifest, _: &Connection, _: Option<&Failure>) {}

    /// One request of a call with a connection went out, and this came of it. A call may have several: one for each page.
    /// Whoever keeps figures holds nobody up.
    fn measured(&self, _: &Manifest, _: &Connection, _: Measured<'_>) {}
}

/// Where nobody keeps connections.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoConnections;

impl Connections for NoConnections {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let message = format!("there is no connection to {}", manifest.name);
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, message))))
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        self.fresh(manifest, None)
    }
}

/// Opens secrets for the hosts of a manifest alone, whatever the one behind it would do.
pub(crate) struct Within {
    pub(crate) open: Arc<dyn Open>,
    pub(crate) hosts: Vec<String>,
}

impl Open for Within {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        if !hosts::allows(&self.hosts, host) {
            return Err(Refused::Host { name: name.into(), host: host.into() });
        }
        self.open.open(name, host)
    }
}
