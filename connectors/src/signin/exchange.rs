//! One exchange with the service that gives out tokens: what it is asked, who asks, and what it says.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use dsl::catalog::FailureKind;
use dsl::value::{Object, Value};
use egress::{Escape, Header, Method, Request};
use secret::{Hole, Secret};
use url::{Host, Url};

use super::check::Check;
use super::held::Held;
use super::refusal::Refusal;
use super::service::Service;
use crate::builtin::http::body::{Writer, encoded, json};
use crate::failure::of_egress;
use crate::manifest::auth::{Client, Sends};
use crate::params::short;

/// The longest answer of a service that gives out tokens.
const LONGEST: usize = 256 * 1024;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name under which the app's secret is opened.
const APP: &str = "client_secret";

/// A value that is sent.
#[derive(Clone, Debug)]
pub(super) enum Sent {
    /// As it stands.
    Plain(String),
    /// As the place of a secret.
    Secret(Secret),
}

impl From<&str> for Sent {
    fn from(text: &str) -> Sent {
        Sent::Plain(text.into())
    }
}

impl From<String> for Sent {
    fn from(text: String) -> Sent {
        Sent::Plain(text)
    }
}

impl From<&Secret> for Sent {
    fn from(secret: &Secret) -> Sent {
        Sent::Secret(secret.clone())
    }
}

/// What a service is asked.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) url: Url,
    pub(super) pairs: Vec<(String, Sent)>,
    /// A signed statement in the place of the app's own name.
    pub(super) statement: Option<Secret>,
}

impl Ask {
    pub(super) fn new<const N: usize>(url: Url, pairs: [(&str, Sent); N]) -> Ask {
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ask { url, pairs, statement: None }
    }

    pub(super) fn add(&mut self, name: impl Into<String>, value: impl Into<Sent>) {
        self.pairs.push((name.into(), value.into()));
    }
}

/// What a service said.
pub(super) struct Heard {
    pub(super) status: u16,
    /// Status, headers and body, as a manifest reads them.
    pub(super) response: Value,
    /// Method, host and path, for messages.
    pub(super) call: String,
}

/// Asks once.
pub(super) async fn ask(service: &Service<'_>, ask: Ask) -> Result<Heard, Refusal> {
    let call = format!("POST {}{}", ask.url.host_str().unwrap_or_default(), short(ask.url.path()));
    let (request, held) = request(service, ask)?;
    let client = service.egress.opened_by(Arc::new(held));
    let response = client.send(request).await.map_err(|error| of_egress(&error, &call))?;
    let status = response.status;
    let heads = crate::builtin::http::answer::joined(&response.headers);
    let body = body(&veiled(service, &response.body)).ok_or_else(|| {
        let well = (200..300).contains(&status);
        let message = format!("`{call}` answered {status}, and neither JSON nor a form");
        Refusal::Failed(Box::new(dsl::catalog::Failure {
            status: Some(status),
            answered: true,
            retryable: !well && passes(status),
            ..dsl::catalog::Failure::new(FailureKind::Server, message)
        }))
    })?;
    let response = Value::object([
        ("status", Value::Int(status.into())),
        ("headers", Value::Object(Arc::new(heads))),
        ("body", body),
    ]);
    Ok(Heard { status, response, call })
}

/// A body without the app's secret. The door replaces what it has sent, and `authorization: Basic` sends the secret as the
/// value of a form: the secret itself may be written otherwise.
fn veiled<'b>(service: &Service<'_>, body: &'b [u8]) -> Cow<'b, [u8]> {
    let secret = service.app.secret.as_ref().map(Secret::expose).filter(|secret| secret.len() >= 8);
    match (secret, std::str::from_utf8(body)) {
        (Some(secret), Ok(text)) if text.contains(secret) => text.replace(secret, "***").into_bytes().into(),
        _ => body.into(),
    }
}

/// True for a status that may be another one later.
pub(super) fn passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

/// The request, and the secrets that fill it.
fn request(service: &Service<'_>, ask: Ask) -> Result<(Request, Held), Refusal> {
    let oauth2 = service.oauth2;
    let mut held = Held::new(host(&ask.url));
    let mut pairs = ask.pairs;
    let mut request = Request::new(Method::POST, "");
    for (name, value) in service.pairs(&oauth2.token_headers)? {
        request.headers.push(Header::new(name.to_lowercase(), value));
    }
    for (name, value) in service.pairs(&oauth2.token_params)? {
        if pairs.iter().all(|(known, _)| *known != name) {
            pairs.push((name, value.into()));
        }
    }
    if let Some(statement) = ask.statement {
        held = held.with("assertion", statement);
        let value = Hole::Join(vec![Hole::Plain("Bearer ".into()), Hole::Name("assertion".into())]);
        request.headers.push(Header::credential("authorization", value));
    } else {
        held = named(service, held, &mut pairs, &mut request);
    }
    let mut object = Object::new();
    for (name, value) in pairs {
        let value = match value {
            Sent::Plain(text) => Value::text(text),
            Sent::Secret(secret) => {
                held = held.with(name.clone(), secret);
                Value::Hole(Arc::new(dsl::value::Hole::Name(name.clone())))
            }
        };
        object.insert(name.into(), value);
    }
    let mut out = Writer::default();
    let kind = match oauth2.sends {
        Sends::Form => {
            form(&object, &mut out);
            "application/x-www-form-urlencoded"
        }
        Sends::Json => {
            json(&Value::Object(Arc::new(object)), &mut out);
            "application/json"
        }
    };
    request.headers.retain(|header| header.name != "content-type");
    request.headers.push(Header::new("content-type", kind));
    if request.headers.iter().all(|header| header.name != "accept") {
        request.headers.push(Header::new("accept", "application/json"));
    }
    request.url = ask.url.into();
    request.body = out.parts();
    request.timeout = Some(PATIENCE);
    request.max_response = Some(LONGEST);
    // A service that gives out tokens has no reason to send us on with what is secret.
    request.redirects = Check::Redirect.is_made().then_some(0);
    Ok((request, held))
}

/// Says which app asks, as the service wants to hear it.
fn named(service: &Service<'_>, held: Held, pairs: &mut Vec<(String, Sent)>, request: &mut Request) -> Held {
    let app = service.app;
    let id = || ("client_id".to_owned(), Sent::Plain(app.id.clone()));
    match (service.oauth2.client, &app.secret) {
        (Client::Public, _) | (Client::Basic | Client::Body, None) => pairs.push(id()),
        (Client::Body, Some(secret)) => {
            pairs.push(id());
            pairs.push((APP.into(), secret.into()));
        }
        (Client::Query, secret) => {
            request.query.push(("client_id".into(), Hole::Plain(app.id.clone())));
            if let Some(secret) = secret {
                request.query.push((APP.into(), Hole::Name(APP.into())));
                return held.with(APP, secret.clone());
            }
        }
        (Client::Basic, Some(secret)) => {
            // RFC 6749, section 2.3.1: both are values of a form before they are joined.
            let written = Secret::new(encoded(secret.expose()));
            let pair = vec![Hole::Plain(format!("{}:", encoded(&app.id))), Hole::Name(APP.into())];
            let pair = Hole::Base64(Box::new(Hole::Join(pair)));
            let value = Hole::Join(vec![Hole::Plain("Basic ".into()), pair]);
            request.headers.push(Header::credential("authorization", value));
            return held.with(APP, written);
        }
    }
    held
}

fn form(object: &Object, out: &mut Writer) {
    for (at, (name, value)) in object.iter().enumerate() {
        out.push(if at > 0 { "&" } else { "" });
        out.push(&encoded(name));
        out.push("=");
        match value {
            Value::Hole(hole) => out.hole(crate::builtin::http::body::hole(hole), Escape::Form),
            other => out.push(&encoded(&other.to_string())),
        }
    }
}

/// The body of an answer: JSON, or a form as some services still send it.
fn body(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?;
    if text.trim().is_empty() {
        return Some(Value::Null);
    }
    if let Ok(value) = dsl::json::parse(text.trim_start_matches('\u{feff}')) {
        return (value.depth() <= dsl::value::MAX_DEPTH).then_some(value);
    }
    let is_form = text.contains('=') && !text.trim_start().starts_with(['<', '{', '[', '"']);
    is_form.then(|| {
        let pairs = url::form_urlencoded::parse(text.trim().as_bytes());
        Value::object(pairs.map(|(name, value)| (name.into_owned(), Value::text(value))))
    })
}

/// The host of an address as the door to the network names it.
pub(crate) fn host(url: &Url) -> String {
    match url.host() {
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(host) => host.to_string(),
        None => String::new(),
    }
}
