//! Sender a request with holes to one that goes out, its secrets still holes.

use std::sync::Arc;
use std::time::Duration;

use dsl::catalog::Failure;
use dsl::value::{Object, Value};
use dsl::workflow::Arg;
use egress::{Header, Method, Part, Text};
use secret::Hole;
use url::Url;

use super::body;
use super::fill::{self, Names};
use crate::builtin::http::body::hole;
use crate::builtin::http::build::{invalid, text};
use crate::connection::Connection;
use crate::contents::Contents;
use crate::manifest::auth::{Auth, Kind};
use crate::manifest::paging::Slot;
use crate::manifest::request::{Lists, Request};
use crate::manifest::{Idempotency, KeyPlace, Manifest};
use crate::params::{no_secret, short};
use crate::read::hosts;

/// Whose request it is, and where it goes.
pub(crate) struct Sender<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// The connection.
    pub connection: &'a Connection,
    /// The way to sign in that the connection has.
    pub auth: &'a Auth,
    /// Where paths begin instead of at the manifest's base, for trying.
    pub base: Option<&'a str>,
    /// What makes repeats known as such.
    pub idempotency: Option<&'a Idempotency>,
    /// Where the contents of large files are.
    pub contents: &'a Contents,
}

/// A request, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) query: Vec<(String, Hole)>,
    pub(crate) path: Option<(usize, Hole)>,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Vec<Part>,
    pub(crate) timeout: Duration,
    pub(crate) max_response: usize,
}

impl Outgoing {
    /// As it goes to the door. Redirects are followed within one host alone, and the door sees to that for secrets.
    pub(crate) fn request(&self) -> egress::Request {
        egress::Request {
            query: self.query.clone(),
            path: self.path.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            timeout: Some(self.timeout),
            max_response: Some(self.max_response),
            ..egress::Request::new(self.method.clone(), self.url.as_str())
        }
    }

    /// Method, host and path, for people.
    pub(crate) fn name(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = self.url.host_str().unwrap_or_default();
        format!("{} {host}{port}{}", self.method, short(self.url.path()))
    }
}

/// What continues a list.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// The same request with a value in a place.
    Place(Slot, Value),
    /// Another address.
    Url(Url),
    /// Another request, which reads this as `next`.
    Call(Value),
}

/// Makes the request that a manifest describes.
pub(crate) fn build(
    from: &Sender<'_>,
    request: &Request,
    names: &Names,
    turn: Option<&Turn>,
) -> Result<Outgoing, Failure> {
    // An address that the service gave is whole.
    let (mut url, below) = match turn {
        Some(Turn::Url(url)) => (url.clone(), None),
        Some(Turn::Place(..) | Turn::Call(_)) | None => {
            let (url, below) = address(from, request, names)?;
            (url, Some(below))
        }
    };
    let mut query = match turn {
        Some(Turn::Url(_)) => vec![],
        Some(Turn::Place(..) | Turn::Call(_)) | None => fill::pairs(&request.query, names)?,
    };
    let mut headers = fill::pairs(&from.manifest.defaults.headers, names)?;
    for (name, value) in fill::pairs(&request.headers, names)? {
        set(&mut headers, name, value);
    }
    let mut more = vec![];
    let secrets = secrets(from, names);
    more.extend(
        fill::pairs(&from.auth.apply.body, &secrets)?.into_iter().map(|(name, value)| (vec![name], value)),
    );
    if let Some(idempotency) = from.idempotency {
        let value = fill::value(&idempotency.value, names)?.unwrap_or_default();
        match &idempotency.place {
            KeyPlace::Body(way) => more.push((way.clone(), value)),
            KeyPlace::Header(name) => set(&mut headers, name.clone(), value),
            KeyPlace::Query(name) => set(&mut query, name.clone(), value),
        }
    }
    match turn {
        Some(Turn::Place(Slot::Query(name), value)) => set(&mut query, name.clone(), value.clone()),
        Some(Turn::Place(Slot::Header(name), value)) => set(&mut headers, name.clone(), value.clone()),
        Some(Turn::Place(Slot::Body(way), value)) => more.push((way.clone(), value.clone())),
        Some(Turn::Url(_) | Turn::Call(_)) | None => {}
    }
    add_query(&mut url, &query, request.lists)?;
    let mut sent = vec![];
    for (name, value) in headers {
        if let Some(value) = text(&format!("the header {name}"), &value)? {
            sent.push(Header::new(name.to_lowercase(), value));
        }
    }
    let hidden = apply(from, &secrets, &mut sent)?;
    let path = match (below, &from.auth.apply.path) {
        (Some(below), Some(path)) => hidden_path(path, &secrets)?.map(|hole| (below, hole)),
        (None, _) | (_, None) => None,
    };
    let (body, kind) = body::build(&request.body, &more, request.lists, names, from.contents)?;
    if let Some(kind) = kind.filter(|_| sent.iter().all(|header| header.name != "content-type")) {
        sent.push(Header::new("content-type", kind.as_str()));
    }
    let method = Method::from_bytes(request.method.name().as_bytes())
        .map_err(|_| invalid("the method of the manifest is none"))?;
    let defaults = &from.manifest.defaults;
    let (timeout, max_response) = (defaults.timeout, defaults.max_response);
    Ok(Outgoing { method, url, query: hidden, path, headers: sent, body, timeout, max_response })
}

/// Where a request goes: within the hosts of the manifest, whatever its fields hold; and how long the path of its base is.
fn address(from: &Sender<'_>, request: &Request, names: &Names) -> Result<(Url, usize), Failure> {
    let base = match (from.base, &request.base, &from.auth.base) {
        // What a request has beside the manifest's base is had there too, on the same server.
        (Some(base), Some(own), _) => {
            let (own, base) = (plain(own, names, "base")?, base.trim_end_matches('/'));
            let server = Url::parse(base).map(|url| url.origin().ascii_serialization());
            let below = Url::parse(&own).map(|url| url.path().to_owned());
            format!("{}{}", server.as_deref().unwrap_or(base), below.as_deref().unwrap_or_default())
        }
        (Some(base), None, _) => base.to_owned(),
        (None, Some(own), _) | (None, None, Some(own)) => plain(own, names, "base")?,
        (None, None, None) => plain(&from.manifest.base, names, "base")?,
    };
    let path = plain(&request.path, names, "path")?;
    let below = Url::parse(&base).map_or(0, |base| base.path().trim_end_matches('/').len());
    Ok((joined(from, &base, &path)?, below))
}

/// The address of a path below a base.
pub(crate) fn joined(from: &Sender<'_>, base: &str, path: &str) -> Result<Url, Failure> {
    let wrong = |why: &str| invalid(&format!("the address of {} is wrong: {why}", from.manifest.name));
    let base = Url::parse(base.trim_end_matches('/')).map_err(|error| wrong(&error.to_string()))?;
    if from.base.is_none() {
        let host = base.host_str().unwrap_or_default();
        let allowed = from.manifest.hosts_of(&from.connection.fields);
        if base.scheme() != "https" || base.port().is_some() || !hosts::allows(&allowed, host) {
            return Err(wrong(&format!("`{}` is not among its hosts", short(host))));
        }
    }
    let below = base.path().trim_end_matches('/').to_owned();
    let url = Url::parse(&format!("{}{path}", base.as_str().trim_end_matches('/')))
        .map_err(|error| wrong(&error.to_string()))?;
    let inside = url.path() == below || url.path().starts_with(&format!("{below}/"));
    if url.origin() != base.origin() || !inside || !url.username().is_empty() {
        return Err(wrong("its path leads elsewhere"));
    }
    Ok(url)
}

/// A text without secrets.
pub(crate) fn plain(arg: &Arg, names: &Names, what: &str) -> Result<String, Failure> {
    match fill::value(arg, names)? {
        Some(value) => match text(what, &value)? {
            Some(Text::Plain(text)) => Ok(text),
            Some(Text::Hole(_)) => Err(no_secret(what)),
            None => Ok(String::new()),
        },
        None => Err(invalid(&format!("`{what}` needs something that was not given"))),
    }
}

/// The names that `apply` sees: the secrets as holes, and `connection`.
fn secrets(from: &Sender<'_>, names: &Names) -> Names {
    let hole = |name: &str| Value::Hole(Arc::new(dsl::value::Hole::Name(name.to_owned())));
    from.connection
        .secrets
        .iter()
        .fold(names.clone(), |names, (name, kept)| names.with(name.clone(), hole(kept)))
}

/// Puts the secrets where the way to sign in says; those of the query are given back.
fn apply(
    from: &Sender<'_>,
    secrets: &Names,
    headers: &mut Vec<Header>,
) -> Result<Vec<(String, Hole)>, Failure> {
    let mut add = |name: &str, value: Text| {
        headers.retain(|header| header.name != name);
        headers.push(Header::credential(name, value));
    };
    if let Kind::Basic { user, password } = &from.auth.kind {
        let part = |arg: &Arg, what: &str| -> Result<Hole, Failure> {
            match fill::value(arg, secrets)? {
                Some(Value::Hole(inner)) => Ok(hole(&inner)),
                Some(value) => Ok(Hole::Plain(value.to_string())),
                None => Err(invalid(&format!("the {what} of the connection was not given"))),
            }
        };
        let pair =
            Hole::Join(vec![part(user, "user")?, Hole::Plain(":".into()), part(password, "password")?]);
        let value = Hole::Join(vec![Hole::Plain("Basic ".into()), Hole::Base64(Box::new(pair))]);
        add("authorization", Text::Hole(value));
    }
    for (name, value) in fill::pairs(&from.auth.apply.headers, secrets)? {
        if let Some(value) = text(&name, &value)? {
            add(&name.to_lowercase(), value);
        }
    }
    let mut query = vec![];
    for (name, value) in fill::pairs(&from.auth.apply.query, secrets)? {
        match text(&name, &value)? {
            Some(Text::Hole(hole)) => query.push((name, hole)),
            Some(Text::Plain(text)) => query.push((name, Hole::Plain(text))),
            None => {}
        }
    }
    Ok(query)
}

/// The part of the path that is secret.
fn hidden_path(path: &Arg, secrets: &Names) -> Result<Option<Hole>, Failure> {
    let value = fill::value(path, secrets)?.unwrap_or_default();
    Ok(text("path", &value)?.map(|text| match text {
        Text::Hole(hole) => hole,
        Text::Plain(text) => Hole::Plain(text),
    }))
}

fn set(pairs: &mut Vec<(String, Value)>, name: String, value: Value) {
    pairs.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
    pairs.push((name, value));
}

/// Adds values to the query of a URL; those that are null are left out, since a query has no null.
fn add_query(url: &mut Url, query: &[(String, Value)], lists: Lists) -> Result<(), Failure> {
    let entries = query.iter().map(|(name, value)| (Arc::from(name.as_str()), value.clone()));
    let object: Object = entries.collect();
    let mut pairs = vec![];
    body::flat("", &Value::Object(Arc::new(object)), lists, &mut pairs)?;
    let mut plain = vec![];
    for (name, value) in pairs {
        match value {
            Text::Plain(text) => plain.push((name, text)),
            Text::Hole(_) => return Err(no_secret(&format!("query.{name}"))),
        }
    }
    if !plain.is_empty() {
        let mut out = url.query_pairs_mut();
        plain.iter().for_each(|(name, text)| {
            out.append_pair(name, text);
        });
    }
    Ok(())
}
