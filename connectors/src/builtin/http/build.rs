//! From parameters to a request.

use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use egress::{Header, Method, Part, Text};
use secret::Hole;
use url::Url;

use super::body;
use crate::contents::Contents;
use crate::params::{Params, no_secret, short, wrong_type};

/// A request, and what is said of it in failures.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Vec<Part>,
    pub(crate) expect: Vec<u16>,
    timeout: Option<Duration>,
    redirects: Option<usize>,
    pub(crate) max_bytes: Option<usize>,
}

impl Call {
    /// Method, host and path, for people. The query is left out: secrets of others may be in it.
    pub(crate) fn name(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = self.url.host_str().unwrap_or_default();
        format!("{} {host}{port}{}", self.method, short(self.url.path()))
    }

    /// True if an answer of this status is no failure.
    pub(crate) fn takes(&self, status: u16) -> bool {
        (200..300).contains(&status) || self.expect.contains(&status)
    }

    /// The request as it goes to the door.
    pub(crate) fn request(&self) -> egress::Request {
        egress::Request {
            headers: self.headers.clone(),
            body: self.body.clone(),
            timeout: self.timeout,
            redirects: self.redirects,
            max_response: self.max_bytes,
            ..egress::Request::new(self.method.clone(), self.url.as_str())
        }
    }
}

/// Makes the request that the parameters describe.
pub(crate) fn build(params: &Params, key: &str, contents: &Contents) -> Result<Call, Failure> {
    let method = Method::from_bytes(params.required_text("method")?.as_bytes())
        .map_err(|_| invalid("`method` is not a method"))?;
    let mut url = read_url(params.required_text("url")?)?;
    if let Some(query) = params.object("query") {
        add_query(&mut url, &query)?;
    }
    let mut headers = Vec::new();
    for (name, value) in params.object("headers").iter().flat_map(Params::entries) {
        if let Some(value) = text(&format!("headers.{name}"), value)? {
            headers.push(Header::new(name, value));
        }
    }
    if let Some(auth) = params.object("auth") {
        add(&mut headers, auth_header(&auth)?, "auth")?;
    }
    if let Some(name) = params.text("idempotency")? {
        add(&mut headers, Header::new(name, key), "idempotency")?;
    }
    let (body, kind) = body::build(params, contents)?;
    if let Some(kind) = kind.filter(|_| !has(&headers, "content-type")) {
        headers.push(Header::new("content-type", kind.as_str()));
    }
    let expect = match params.get("expect") {
        Some(Value::List(items)) => items.iter().map(status).collect::<Result<_, _>>()?,
        _ => vec![],
    };
    let timeout = match params.duration("timeout") {
        None => None,
        Some(length) => match Duration::try_from(length) {
            Ok(length) if !length.is_zero() => Some(length),
            _ => return Err(invalid("`timeout` has to be longer than nothing")),
        },
    };
    let (redirects, max_bytes) = (params.count("redirects"), params.count("max_bytes"));
    Ok(Call { method, url, headers, body, expect, timeout, redirects, max_bytes })
}

/// Reads a URL. What is wrong with it is said without it.
pub(crate) fn read_url(text: &str) -> Result<Url, Failure> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase) => {
            Err(invalid("`url` has to begin with `https://` or `http://`"))
        }
        Err(error) => Err(invalid(&format!("`url` is not a URL: {error}"))),
    }
}

fn add_query(url: &mut Url, query: &Params) -> Result<(), Failure> {
    let mut pairs = Vec::new();
    for (name, value) in query.entries() {
        match value {
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    pairs.push((name, plain(&format!("query.{name}[{at}]"), item)?));
                }
            }
            value => pairs.push((name, plain(&format!("query.{name}"), value)?)),
        }
    }
    // Asking for the pairs of a URL without a query would leave a lone `?`.
    if pairs.iter().any(|(_, value)| value.is_some()) {
        let mut out = url.query_pairs_mut();
        for (name, value) in pairs {
            if let Some(value) = value {
                out.append_pair(name, &value);
            }
        }
    }
    Ok(())
}

/// A value that is written as text and must not be a secret; nothing for null.
fn plain(name: &str, value: &Value) -> Result<Option<String>, Failure> {
    match text(name, value)? {
        Some(Text::Hole(_)) => Err(no_secret(name)),
        Some(Text::Plain(text)) => Ok(Some(text)),
        None => Ok(None),
    }
}

/// A value that is written as text; nothing for null.
pub(crate) fn text(name: &str, value: &Value) -> Result<Option<Text>, Failure> {
    match value {
        Value::Null => Ok(None),
        Value::Hole(hole) => Ok(Some(Text::Hole(body::hole(hole)))),
        Value::List(_) | Value::Object(_) | Value::File(_) | Value::Big(_) => {
            Err(wrong_type(&format!("`{name}`"), "string", value))
        }
        Value::Bool(_)
        | Value::Int(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Time(_)
        | Value::Duration(_) => Ok(Some(Text::Plain(value.to_string()))),
    }
}

fn auth_header(auth: &Params) -> Result<Header, Failure> {
    let part = |fields: &Params, path: &str, name: &str| -> Result<Hole, Failure> {
        match fields.get(name) {
            Some(Value::Hole(hole)) => Ok(body::hole(hole)),
            Some(value) => Ok(Hole::Plain(value.to_string())),
            None => Err(invalid(&format!("`{path}.{name}` is missing"))),
        }
    };
    let given: Vec<&str> = auth.entries().map(|(name, _)| name).collect();
    match given[..] {
        ["bearer"] => {
            let token = part(auth, "auth", "bearer")?;
            let value = Hole::Join(vec![Hole::Plain("Bearer ".into()), token]);
            Ok(Header::credential("authorization", value))
        }
        ["basic"] => {
            let basic = auth.object("basic").unwrap_or_default();
            let (user, password) =
                (part(&basic, "auth.basic", "user")?, part(&basic, "auth.basic", "password")?);
            let pair = Hole::Join(vec![user, Hole::Plain(":".into()), password]);
            let value = Hole::Join(vec![Hole::Plain("Basic ".into()), Hole::Base64(Box::new(pair))]);
            Ok(Header::credential("authorization", value))
        }
        ["header"] => {
            let header = auth.object("header").unwrap_or_default();
            Ok(Header::credential(header.required_text("name")?, part(&header, "auth.header", "value")?))
        }
        _ => Err(invalid("`auth` has to have exactly one of `bearer`, `basic` and `header`")),
    }
}

/// Adds a header that a parameter makes, unless the author wrote the same one.
fn add(headers: &mut Vec<Header>, header: Header, parameter: &str) -> Result<(), Failure> {
    if has(headers, &header.name) {
        let name = short(&header.name);
        return Err(invalid(&format!(
            "the header `{name}` is given twice: in `headers` and by `{parameter}`"
        )));
    }
    headers.push(header);
    Ok(())
}

fn has(headers: &[Header], name: &str) -> bool {
    headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
}

fn status(value: &Value) -> Result<u16, Failure> {
    match value {
        Value::Int(number @ 100..=599) => Ok(*number as u16),
        _ => Err(invalid("`expect` has to hold statuses from 100 to 599")),
    }
}

pub(crate) fn invalid(message: &str) -> Failure {
    Failure::new(FailureKind::Invalid, message)
}
