//! A person signs in with a browser: an attempt is begun, the browser goes away and comes back, and what it brings is
//! taken for this attempt alone, once, and in the session in which it was begun.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dsl::catalog::FailureKind;
use dsl::value::{Object, Value};
use jiff::Timestamp;
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};
use secret::Secret;
use url::{Url, form_urlencoded};

use super::check::Check;
use super::refusal::{Refusal, word};
use super::seal::{Nonce, Sealer, State};
use super::service::Service;
use crate::manifest::auth::{Code, Grant, Pkce};

/// How long an attempt lasts.
pub const LASTS: Duration = Duration::from_secs(600);

/// How far a clock may go back while somebody signs in.
const SKEW: Duration = Duration::from_secs(60);

/// The most attempts that one person has under way; the oldest is dropped.
const MOST_OF_ONE: usize = 16;

/// The most attempts under way; the oldest is dropped. Were a new one refused, whoever begins many would shut out all others.
const MOST: usize = 10_000;

/// The parameters of an answer that stand in it once.
const ONCE: [&str; 4] = ["state", "iss", "error", "code"];

/// What a manifest may not add to the address of a person: these belong to the attempt.
const OURS: [&str; 7] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "request_uri",
    "response_type",
    "state",
];

/// Somebody, in a session of theirs: a browser that is signed in here, or a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The person, or the organisation they act for.
    pub person: String,
    /// The session.
    pub session: String,
}

/// What somebody wants to begin.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Who they are.
    pub who: Who,
    /// Where the browser comes back to: one address for each connector.
    pub redirect: String,
    /// The scopes beside those that are always asked for.
    pub scopes: Vec<String>,
}

/// An attempt that was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the person goes.
    pub address: String,
    /// When it is too late to come back.
    pub expires: Timestamp,
}

/// What a browser comes back with.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// The connector whose address this is.
    pub connector: &'a str,
    /// The address itself, without its query.
    pub address: &'a str,
    /// Who is signed in there.
    pub who: &'a Who,
    /// The query, as it came.
    pub query: &'a str,
}

/// What was taken of an answer: enough to have tokens for it.
#[derive(Clone)]
pub struct Accepted {
    /// What tokens are had for.
    pub code: Secret,
    /// The rest of the query, without what is secret: `redirect` of `derive`.
    pub query: Value,
    /// The fields of the connection, as they were at the beginning.
    pub fields: Object,
    /// The way to sign in.
    pub auth: String,
    pub(super) app: String,
    pub(super) redirect: String,
    pub(super) scopes: Vec<String>,
    pub(super) verifier: Option<Secret>,
}

impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted")
            .field("auth", &self.auth)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// An attempt under way.
#[derive(Clone)]
struct Attempt {
    who: Who,
    connector: String,
    begun: Timestamp,
    issuer: Option<String>,
    /// The origins that an issuer may have which the manifest does not name.
    origins: [url::Origin; 2],
    accepted: Accepted,
}

impl Attempt {
    /// What its `state` is sealed to.
    fn belongs<'a>(&'a self, who: &'a Who, connector: &'a str, address: &'a str) -> [&'a str; 6] {
        let accepted = &self.accepted;
        [&who.person, &who.session, connector, address, &accepted.auth, &accepted.app]
    }
}

/// The attempts under way in this process. One that was forgotten by a restart is begun anew.
pub struct Attempts {
    sealer: Sealer,
    open: Mutex<BTreeMap<Nonce, Attempt>>,
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").field("open", &self.lock().len()).finish_non_exhaustive()
    }
}

impl Attempts {
    /// None yet. The key seals states, and serves nothing else.
    pub fn new(key: &[u8; 32]) -> Attempts {
        Attempts { sealer: Sealer::new(key), open: Mutex::default() }
    }

    /// Begins to sign in. `chance` is drawn for this attempt alone.
    ///
    /// # Errors
    /// Where nobody is named, or the way has no page for people.
    pub fn begin(
        &self,
        service: &Service<'_>,
        wish: Wish,
        chance: &[u8; 64],
        now: Timestamp,
    ) -> Result<Begun, Refusal> {
        let Grant::Code(code) = &service.oauth2.grant else {
            let message = format!("`{}` of {} needs no browser", service.auth, service.name);
            return Err(Refusal::of(FailureKind::Invalid, message));
        };
        if Check::Somebody.is_made() && (wish.who.person.is_empty() || wish.who.session.is_empty()) {
            return Err(Refusal::Nobody);
        }
        let (nonce, rest) = chance.split_at(32);
        let nonce: Nonce = nonce.try_into().expect("the half of 64 bytes are 32");
        let verifier = (code.pkce != Pkce::Off && Check::Pkce.is_made())
            .then(|| Secret::new(URL_SAFE_NO_PAD.encode(rest)));
        let page = service.page(&code.authorize, "authorize")?;
        let token = service.address(&service.oauth2.token, "token")?;
        let issuer = code.issuer.as_ref().map(|issuer| service.text(issuer, "issuer")).transpose()?;
        let scopes = scopes(service, &wish.scopes);
        let attempt = Attempt {
            connector: service.connector.into(),
            begun: now,
            issuer,
            origins: [page.origin(), token.origin()],
            accepted: Accepted {
                code: Secret::new(String::new()),
                query: Value::Null,
                fields: service.fields.clone(),
                auth: service.auth.into(),
                app: service.app.id.clone(),
                redirect: wish.redirect,
                scopes,
                verifier,
            },
            who: wish.who,
        };
        let belongs = attempt.belongs(&attempt.who, &attempt.connector, &attempt.accepted.redirect);
        let state = self.sealer.seal(&nonce, &belongs);
        let address = address(service, code, page, &attempt, state)?;
        self.remember(nonce, attempt, now);
        let lasts = jiff::SignedDuration::try_from(LASTS).expect("ten minutes are no long time");
        Ok(Begun { address, expires: now.saturating_add(lasts).unwrap_or(Timestamp::MAX) })
    }

    /// Takes what a browser came back with, once. Whatever is wrong with it, the attempt that it names is over.
    ///
    /// # Errors
    /// Where it is not the answer to an attempt of this person in this session, or the service says no.
    pub fn accept(&self, callback: &Callback<'_>, now: Timestamp) -> Result<Accepted, Refusal> {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(callback.query.as_bytes()).into_owned().collect();
        let one = |name: &'static str| -> Result<Option<&str>, Refusal> {
            let mut found = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
            let first = found.next();
            if Check::Repeated.is_made() && found.next().is_some() {
                return Err(Refusal::Repeated(name));
            }
            // What is empty is not there: two that are missing are not alike.
            Ok(first.filter(|value| !value.is_empty()))
        };
        let attempt = self.named(one("state")?, callback, now)?;
        for name in ONCE {
            one(name)?;
        }
        of_issuer(&attempt, one("iss")?)?;
        if let (true, Some(error)) = (Check::Denied.is_made(), one("error")?) {
            return Err(Refusal::Denied(word(error)));
        }
        let code = match one("code")? {
            Some(code) => code,
            None if Check::Code.is_made() => return Err(Refusal::CodeMissing),
            None => "",
        };
        let rest = pairs.iter().filter(|(name, _)| !is_secret(name));
        let query = Value::object(rest.map(|(name, value)| (name.as_str(), Value::text(value.as_str()))));
        Ok(Accepted { code: Secret::new(code.into()), query, ..attempt.accepted })
    }

    /// The attempt that a `state` names, if this is the one who began it.
    fn named(
        &self,
        state: Option<&str>,
        callback: &Callback<'_>,
        now: Timestamp,
    ) -> Result<Attempt, Refusal> {
        let Some(text) = state else { return self.guessed(Refusal::StateMissing) };
        let Some(state) = State::read(text) else { return self.guessed(Refusal::StateForged) };
        let attempt = self.take(&state.nonce).ok_or(Refusal::StateUsed)?;
        if Check::Person.is_made() && attempt.who.person != callback.who.person {
            return Err(Refusal::OtherPerson);
        }
        if Check::Session.is_made() && attempt.who.session != callback.who.session {
            return Err(Refusal::OtherSession);
        }
        if Check::Connector.is_made() && attempt.connector != callback.connector {
            return Err(Refusal::OtherConnector);
        }
        if Check::Address.is_made() && attempt.accepted.redirect != callback.address {
            return Err(Refusal::OtherAddress);
        }
        let belongs = attempt.belongs(&attempt.who, &attempt.connector, &attempt.accepted.redirect);
        if Check::Seal.is_made() && !self.sealer.holds(&state, &belongs) {
            return Err(Refusal::StateForged);
        }
        let age = now.duration_since(attempt.begun);
        let fits = age.as_secs() < LASTS.as_secs() as i64 && age.as_secs() >= -(SKEW.as_secs() as i64);
        if Check::Expiry.is_made() && !fits {
            return Err(Refusal::Expired);
        }
        Ok(attempt)
    }

    /// Without the check of the state any attempt would do, as where "missing equals missing".
    fn guessed(&self, refusal: Refusal) -> Result<Attempt, Refusal> {
        let any = self.lock().keys().next().copied();
        match any {
            Some(nonce) if !Check::State.is_made() => self.take(&nonce).ok_or(refusal),
            Some(_) | None => Err(refusal),
        }
    }

    fn take(&self, nonce: &Nonce) -> Option<Attempt> {
        if !Check::Once.is_made() {
            return self.lock().get(nonce).cloned();
        }
        self.lock().remove(nonce)
    }

    fn remember(&self, nonce: Nonce, attempt: Attempt, now: Timestamp) {
        let mut open = self.lock();
        let lasts = LASTS.as_secs() as i64;
        open.retain(|_, known| now.duration_since(known.begun).as_secs() < lasts);
        let own: Vec<(Timestamp, Nonce)> = open
            .iter()
            .filter(|(_, known)| known.who.person == attempt.who.person)
            .map(|(nonce, known)| (known.begun, *nonce))
            .collect();
        if let (true, Some((_, oldest))) = (own.len() >= MOST_OF_ONE, own.iter().min()) {
            open.remove(oldest);
        }
        if open.len() >= MOST {
            let oldest = open.iter().min_by_key(|(_, known)| known.begun).map(|(nonce, _)| *nonce);
            if let Some(oldest) = oldest {
                open.remove(&oldest);
            }
        }
        open.insert(nonce, attempt);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Nonce, Attempt>> {
        self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The scopes that are asked for: those of the manifest, then those of the wish, each once.
pub(super) fn scopes(service: &Service<'_>, wished: &[String]) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    for scope in service.oauth2.scopes.default.iter().chain(wished) {
        if !all.contains(scope) {
            all.push(scope.clone());
        }
    }
    all
}

/// Where the person goes.
fn address(
    service: &Service<'_>,
    code: &Code,
    page: Url,
    attempt: &Attempt,
    state: String,
) -> Result<String, Refusal> {
    let accepted = &attempt.accepted;
    let redirect = RedirectUrl::new(accepted.redirect.clone()).map_err(|_| {
        Refusal::of(FailureKind::Invalid, "the address that the browser comes back to is none")
    })?;
    let client = BasicClient::new(ClientId::new(accepted.app.clone()))
        .set_auth_uri(AuthUrl::from_url(page))
        .set_redirect_uri(redirect);
    let mut request = client.authorize_url(|| CsrfToken::new(state));
    if let Some(verifier) = &accepted.verifier {
        let verifier = PkceCodeVerifier::new(verifier.expose().into());
        request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    }
    let asked = &service.oauth2.scopes;
    if !accepted.scopes.is_empty() {
        // The crate puts blanks between scopes, and some services want commas, or another parameter.
        request = request.add_extra_param(asked.parameter.clone(), accepted.scopes.join(&asked.separator));
    }
    for (name, value) in service.pairs(&code.params)? {
        if !OURS.contains(&name.as_str()) {
            request = request.add_extra_param(name, value);
        }
    }
    Ok(request.url().0.into())
}

/// Looks at who an answer says it is from. A service that says it always is held to it; any other one may say nothing,
/// or be who was asked.
fn of_issuer(attempt: &Attempt, issuer: Option<&str>) -> Result<(), Refusal> {
    if !Check::Issuer.is_made() {
        return Ok(());
    }
    match (&attempt.issuer, issuer) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(Refusal::IssuerMissing),
        (Some(known), Some(issuer)) if known == issuer => Ok(()),
        (None, Some(issuer))
            if Url::parse(issuer).is_ok_and(|url| attempt.origins.contains(&url.origin())) =>
        {
            Ok(())
        }
        (_, Some(_)) => Err(Refusal::IssuerMismatch),
    }
}

/// True for parameters that nothing but the exchange may see.
fn is_secret(name: &str) -> bool {
    matches!(name, "code" | "state") || name.ends_with("token") || name.ends_with("secret")
}
