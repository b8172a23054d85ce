//! Where somebody signs in: the way that a manifest describes, the app that asks, and the way out to the network.

use std::collections::BTreeSet;
use std::sync::Arc;

use dsl::catalog::FailureKind;
use dsl::value::{Object, Value};
use dsl::workflow::Arg;
use secret::Secret;
use url::Url;

use super::check::Check;
use super::refusal::Refusal;
use crate::call::fill::{self, Names};
use crate::manifest::Manifest;
use crate::manifest::auth::{Grant, Kind, Oauth2};
use crate::params::short;
use crate::read::hosts;

/// An app that somebody registered at a service.
#[derive(Clone, Debug)]
pub struct App {
    /// What the service calls it.
    pub id: String,
    /// What it says to be believed; none for an app that cannot keep one.
    pub secret: Option<Secret>,
}

/// A way to sign in at a service.
#[derive(Clone, Copy)]
pub struct Service<'a> {
    /// The connector.
    pub connector: &'a str,
    /// The service's name for people.
    pub name: &'a str,
    /// The way to sign in, by its name in the manifest.
    pub auth: &'a str,
    /// How that is done.
    pub oauth2: &'a Oauth2,
    /// Where secrets may go.
    pub hosts: &'a [String],
    /// The fields whose values are such hosts too.
    pub entered: &'a [String],
    /// The fields of the connection.
    pub fields: &'a Object,
    /// Who asks.
    pub app: &'a App,
    /// The way out to the network.
    pub egress: &'a egress::Client,
    /// An origin that stands instead of those of all addresses, for trying; `hosts` is not asked then.
    pub origin: Option<&'a str>,
}

impl<'a> Service<'a> {
    /// A way of OAuth 2.0 of a manifest.
    ///
    /// # Errors
    /// Where the manifest has no such way.
    pub fn of(
        manifest: &'a Manifest,
        auth: &str,
        (fields, app): (&'a Object, &'a App),
        egress: &'a egress::Client,
    ) -> Result<Service<'a>, Refusal> {
        let way = manifest.auth.iter().find(|way| way.id == auth);
        let Some((way, Kind::Oauth2(oauth2))) = way.map(|way| (way, &way.kind)) else {
            let message = format!("{} has no sign-in of OAuth 2.0 called `{}`", manifest.name, short(auth));
            return Err(Refusal::of(FailureKind::Invalid, message));
        };
        Ok(Service {
            connector: &manifest.id,
            name: &manifest.name,
            auth: &way.id,
            oauth2,
            hosts: &manifest.hosts,
            entered: &manifest.entered,
            fields,
            app,
            egress,
            origin: None,
        })
    }

    /// The hosts that its secrets go to where tokens are had, had anew and taken back: as the door to the network names
    /// them, each once.
    ///
    /// # Errors
    /// Where an address needs a field that was not given, or leads elsewhere than to the hosts of the manifest.
    pub fn token_hosts(&self) -> Result<Vec<String>, Refusal> {
        let mut addresses = vec![self.address(&self.oauth2.token, "token")?];
        for (address, what) in [(&self.oauth2.refresh, "refresh"), (&self.oauth2.revoke, "revoke")] {
            addresses.extend(address.as_ref().map(|address| self.address(address, what)).transpose()?);
        }
        if let Grant::DeviceCode { device } = &self.oauth2.grant {
            addresses.push(self.address(device, "device")?);
        }
        let hosts: BTreeSet<String> = addresses.iter().map(super::exchange::host).collect();
        Ok(hosts.into_iter().collect())
    }

    /// The host that tokens are had anew at.
    ///
    /// # Errors
    /// As for `token_hosts`.
    pub fn renewal_host(&self) -> Result<String, Refusal> {
        let address = self.oauth2.refresh.as_ref().unwrap_or(&self.oauth2.token);
        Ok(super::exchange::host(&self.address(address, "refresh")?))
    }

    /// The host where tokens are taken back, if the service offers it.
    ///
    /// # Errors
    /// As for `token_hosts`.
    pub fn revocation_host(&self) -> Result<Option<String>, Refusal> {
        let address =
            self.oauth2.revoke.as_ref().map(|address| self.address(address, "revoke")).transpose()?;
        Ok(address.as_ref().map(super::exchange::host))
    }

    /// What values of the manifest see.
    pub(super) fn names(&self) -> Names {
        Names::new(self.connector).with("connection", Value::Object(Arc::new(self.fields.clone())))
    }

    /// A text over `connection`.
    pub(super) fn text(&self, arg: &Arg, what: &'static str) -> Result<String, Refusal> {
        match fill::value(arg, &self.names())? {
            Some(Value::Text(text)) => Ok(text.to_string()),
            Some(Value::Null) | None => {
                let message = format!("`{what}` of {} needs a field that was not given", self.name);
                Err(Refusal::of(FailureKind::Invalid, message))
            }
            Some(other) => Ok(other.to_string()),
        }
    }

    /// Pairs over `connection`.
    pub(super) fn pairs(&self, pairs: &[(String, Arg)]) -> Result<Vec<(String, String)>, Refusal> {
        let filled = fill::pairs(pairs, &self.names())?;
        Ok(filled.into_iter().map(|(name, value)| (name, value.to_string())).collect())
    }

    /// An address where a person is sent: nothing secret goes there, but it is a page of the web.
    pub(super) fn page(&self, arg: &Arg, what: &'static str) -> Result<Url, Refusal> {
        let url = self.url(arg, what)?;
        if url.scheme() != "https" && self.origin.is_none() {
            let message = format!("`{what}` of {} is no address that begins with `https:`", self.name);
            return Err(Refusal::of(FailureKind::Refused, message));
        }
        Ok(url)
    }

    /// An address that secrets are sent to: `https`, and within the hosts, whatever the fields hold.
    pub(super) fn address(&self, arg: &Arg, what: &'static str) -> Result<Url, Refusal> {
        let url = self.url(arg, what)?;
        let host = url.host_str().unwrap_or_default();
        let entered = self.entered.iter().filter_map(|field| hosts::entered(self.fields, field));
        let allowed: Vec<String> = self.hosts.iter().cloned().chain(entered).collect();
        let within = url.scheme() == "https" && url.port().is_none() && hosts::allows(&allowed, host);
        if Check::Hosts.is_made() && self.origin.is_none() && !within {
            return Err(Refusal::OutsideHosts { what, host: short(host) });
        }
        Ok(url)
    }

    fn url(&self, arg: &Arg, what: &'static str) -> Result<Url, Refusal> {
        let wrong = || Refusal::of(FailureKind::Invalid, format!("`{what}` of {} is no address", self.name));
        let url = Url::parse(&self.text(arg, what)?).map_err(|_| wrong())?;
        if url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong());
        }
        let Some(origin) = self.origin else { return Ok(url) };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Url::parse(&format!("{}{}{query}", origin.trim_end_matches('/'), url.path())).map_err(|_| wrong())
    }
}
