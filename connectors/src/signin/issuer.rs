//! A service at which people sign in: what it tells of itself, and what is asked of it.

use std::sync::Arc;
use std::time::Duration;

use dsl::catalog::FailureKind;
use dsl::value::{Object, Value as Plain};
use dsl::workflow::Arg;
use egress::{Header, Method, Request};
use serde_json::Value;
use url::{Host, Url};

use super::identity::Keys;
use super::refusal::Refusal;
use super::service::{App, Service};
use crate::failure::of_egress;
use crate::manifest::auth::{Client, Code, Grant, Oauth2, Pkce};
use crate::read::usual_oauth2;

/// Where a service tells of itself, below its own address.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// How long it may take, and how long what it tells may be.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST: usize = 512 << 10;

/// Which addresses a service may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Those that begin with `https:`.
    Encrypted,
    /// Also those of this machine itself that are not encrypted, for trying. Nothing else is sent in the clear.
    Plain,
}

/// What a service tells of itself.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// What it calls itself, which is also where it stands.
    pub issuer: String,
    /// The host that codes and the secret of the app are sent to.
    pub token_host: String,
    authorize: Url,
    token: Url,
    keys: Url,
    /// Whether it says who it is where it sends a browser back (RFC 9207).
    says_issuer: bool,
    client: Client,
    /// Where all of it stands, where that is not encrypted.
    origin: Option<String>,
}

impl Issuer {
    /// Asks a service what it tells of itself.
    ///
    /// # Errors
    /// Where its address is none, it does not answer, or it says that it is somebody else.
    pub async fn discover(
        egress: &egress::Client,
        issuer: &str,
        transport: Transport,
    ) -> Result<Issuer, Refusal> {
        address(issuer, transport).ok_or_else(|| {
            invalid(format!("`{}` is no address of a service at which people sign in", short(issuer)))
        })?;
        let body = get(egress, &format!("{}{DISCOVERY}", issuer.trim_end_matches('/'))).await?;
        Issuer::read(&body, issuer, transport)
    }

    /// Reads what a service tells of itself.
    ///
    /// # Errors
    /// Where it cannot be read, lacks an address, or is about somebody else.
    pub fn read(body: &[u8], issuer: &str, transport: Transport) -> Result<Issuer, Refusal> {
        let said: Value = serde_json::from_slice(body)
            .map_err(|_| invalid(format!("what `{}` tells of itself cannot be read", short(issuer))))?;
        if said.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(Refusal::IssuerMismatch);
        }
        // Whoever is reached over TLS leads to nothing that is not.
        let within = if issuer.starts_with("http://") { transport } else { Transport::Encrypted };
        let one = |name: &'static str| {
            let text = said.get(name).and_then(Value::as_str).unwrap_or_default();
            address(text, within)
                .ok_or_else(|| invalid(format!("`{}` tells no address as its `{name}`", short(issuer))))
        };
        let (authorize, token, keys) =
            (one("authorization_endpoint")?, one("token_endpoint")?, one("jwks_uri")?);
        let methods = said.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
        let takes = |method: &str| methods.is_none_or(|all| all.iter().any(|it| it == method));
        let says_issuer =
            said.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true));
        Ok(Issuer {
            issuer: issuer.into(),
            token_host: super::exchange::host(&token),
            client: if takes("client_secret_basic") { Client::Basic } else { Client::Body },
            origin: (token.scheme() != "https").then(|| token.origin().ascii_serialization()),
            authorize,
            token,
            keys,
            says_issuer,
        })
    }

    /// Its keys, as they are now.
    ///
    /// # Errors
    /// Where it does not answer, or has none that serve.
    pub async fn keys(&self, egress: &egress::Client) -> Result<Keys, Refusal> {
        Keys::read(&get(egress, self.keys.as_str()).await?)
    }

    /// How somebody signs in there, with what is sent along to be said back.
    pub fn way(&self, nonce: &str) -> Oauth2 {
        let text = |text: &str| Arg::Value(Plain::text(text));
        let grant = Grant::Code(Code {
            authorize: text(self.authorize.as_str()),
            params: vec![("nonce".into(), text(nonce))],
            issuer: self.says_issuer.then(|| text(&self.issuer)),
            pkce: Pkce::Required,
        });
        let mut way = usual_oauth2(grant, text(self.token.as_str()));
        way.client = self.client;
        way.scopes.default = ["openid", "email"].map(str::to_owned).into();
        way
    }

    /// The service as somebody signs in there by this way. `hosts` are those that the app's secret may be sent to.
    pub fn service<'a>(
        &'a self,
        (name, way): (&'a str, &'a Oauth2),
        (hosts, fields, app): (&'a [String], &'a Object, &'a App),
        egress: &'a egress::Client,
    ) -> Service<'a> {
        let origin = self.origin.as_deref();
        Service {
            connector: name,
            name,
            auth: "oidc",
            oauth2: way,
            hosts,
            entered: &[],
            fields,
            app,
            egress,
            origin,
        }
    }
}

/// An address of a service, if it may be one.
fn address(text: &str, transport: Transport) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let fits = match url.scheme() {
        "https" => true,
        "http" => transport == Transport::Plain && is_here(&url),
        _ => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (fits && plain && url.host_str().is_some()).then_some(url)
}

/// True of an address of this machine itself.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

async fn get(egress: &egress::Client, url: &str) -> Result<Vec<u8>, Refusal> {
    let call = format!("GET {}", short(url));
    let mut request = Request::new(Method::GET, url);
    request.headers.push(Header::new("accept", "application/json"));
    (request.timeout, request.redirects, request.max_response) = (Some(PATIENCE), Some(0), Some(LONGEST));
    let client = egress.opened_by(Arc::new(secret::NoVault));
    let response = client.send(request).await.map_err(|error| of_egress(&error, &call))?;
    match response.status {
        200 => Ok(response.body.to_vec()),
        status => Err(Refusal::of(FailureKind::Server, format!("`{call}` answered {status}"))),
    }
}

fn invalid(message: String) -> Refusal {
    Refusal::of(FailureKind::Invalid, message)
}

fn short(text: &str) -> String {
    crate::params::short(text)
}
