//! Asking a provider whether a key is right, by its cheapest call, through the one door to the network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ai::chat::Question;
pub use ai::refusal::Class;
use ai::refusal::{Refusal, Reply};
use egress::{Client, Header, Method, Part, Policy, Request, Response};
use jiff::Timestamp;
pub use secret::Open;
use secret::{Hole, Refused, Secret};
use vault::provider::{self, DEPLOYMENT, Endpoint, Provider, Verdict};

/// How long a provider may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most bytes of an answer: a list of models has some hundred thousand.
const LONGEST: usize = 4 << 20;

/// A key that is asked about: its provider, and what belongs to it.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Its provider.
    pub provider: &'a Provider,
    /// Where its API begins.
    pub endpoint: &'a Endpoint,
    /// What else belongs to it, such as a version of the API.
    pub settings: &'a BTreeMap<String, String>,
    /// Whether its provider may be at a private address.
    pub allow_private: bool,
}

/// What was learned of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learned {
    /// What it says of the key.
    pub verdict: Verdict,
    /// The status of the answer.
    pub status: u16,
}

/// A key that is not stored yet. It opens for the host of its endpoint alone.
pub struct Candidate {
    /// The key.
    pub key: Secret,
    /// Where it may go.
    pub host: String,
}

impl Open for Candidate {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        // An address of IPv6 is written in brackets, and called without.
        match self.host.trim_matches(['[', ']']) == host {
            true => Ok(self.key.clone()),
            false => Err(Refused::Host { name: name.into(), host: host.into() }),
        }
    }
}

/// Asks the provider. The key is opened when the request goes out, and goes nowhere else: no redirect is followed.
///
/// # Errors
/// Where no whole answer comes, or the key does not open.
pub async fn ask(asked: &Asked<'_>, open: Arc<dyn Open>) -> Result<Learned, egress::Error> {
    let check = &asked.provider.check;
    let method = match check.method {
        provider::Method::Get => Method::GET,
        provider::Method::Post => Method::POST,
    };
    let mut request = asked.request(method, &check.path(asked.settings));
    request.headers.push(Header::new("accept", "application/json"));
    request.headers.extend(check.headers.iter().map(|(name, value)| Header::new(name, &**value)));
    let answer = asked.send(request, open).await?;
    Ok(Learned { verdict: asked.provider.read(answer.status, &answer.body), status: answer.status })
}

/// Asks a deployment for one token, which is paid for: the cheapest call to a provider does not tell whether it is there. Gives
/// what the provider has against it, and nothing where it answers.
///
/// # Errors
/// Where no whole answer comes, or the key does not open.
pub async fn ask_deployment(
    asked: &Asked<'_>,
    deployment: &str,
    open: Arc<dyn Open>,
) -> Result<Option<Refusal>, egress::Error> {
    let Some(provider) = ai::provider::find(&asked.provider.name) else { return Ok(None) };
    let question = Question { max_output: Some(1), ..Question::new(deployment, "Hi") };
    let sent = provider.ask(&question, asked.settings);
    let mut request = asked.request(Method::POST, &sent.path);
    request.headers.extend(sent.headers.iter().map(|(name, value)| Header::new(name, &**value)));
    request.body = vec![Part::Plain(sent.body.to_string().into())];
    let answer = asked.send(request, open).await?;
    let reply = Reply { status: answer.status, headers: &answer.headers, body: &answer.body };
    // A model that reasons may find one token too few, and says so.
    let cut = |refusal: &Refusal| refusal.class == Class::Invalid && refusal.message.contains("output limit");
    let refused = provider.answer(&question, &reply, Timestamp::now()).err();
    Ok(refused.filter(|refusal| refusal.class != Class::Filtered && !cut(refusal)))
}

impl<'a> Asked<'a> {
    /// The names of the deployments that belong to the key.
    pub fn deployments(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.settings.keys().filter_map(|name| name.strip_prefix(DEPLOYMENT))
    }

    fn request(&self, method: Method, path: &str) -> Request {
        let check = &self.provider.check;
        let mut request = Request::new(method, format!("{}{path}", self.endpoint.base));
        let key = Hole::Join(vec![Hole::Plain(check.before.clone()), Hole::Name("key".into())]);
        request.headers.push(Header::credential(&check.header, key));
        (request.timeout, request.redirects, request.max_response) = (Some(PATIENCE), Some(0), Some(LONGEST));
        request
    }

    async fn send(&self, request: Request, open: Arc<dyn Open>) -> Result<Response, egress::Error> {
        let policy = Policy { allow_private: self.allow_private, ..Policy::default() };
        Client::new(policy, open).send(request).await
    }
}
