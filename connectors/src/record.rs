//! A real exchange as a fixture: what was sent and answered, without what belongs to somebody. Secrets stand as their names,
//! since they are never filled in here; what looks like a token or is an e-mail address becomes another one, the same
//! everywhere, so that what was made of it still fits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use egress::{Part, Text};
use regex::Regex;
use secret::Hole;
use serde_json::{Map, Number, Value as Json, json};

use crate::call::build::Outgoing;
use crate::connection::Connection;
use crate::fixture::{self, Named};
use crate::manifest::Manifest;
use crate::manifest::auth::Kind;
use crate::{Connectors, Request};

/// Headers of an answer that say how it is read, paged and limited: the others are of no use, and may be anybody's.
const KEPT: [&str; 6] =
    ["content-disposition", "content-type", "link", "location", "retry-after", "x-request-id"];

/// Keys whose values nobody should see, in parts of their names.
const SECRET_KEYS: [&str; 14] = [
    "access_key",
    "apikey",
    "api_key",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "passphrase",
    "passw",
    "private",
    "secret",
    "session",
    "signature",
    "token",
];

/// Keys whose values nobody should see, as they are: parts of other words have these letters, too.
const SECRET_WORDS: [&str; 4] = ["jwt", "otp", "pass", "pwd"];

/// Names in links and forms whose values nobody should see, beside the keys of which that is so anywhere.
const SECRET_NAMES: [&str; 5] = ["auth", "code", "key", "pin", "sig"];

/// Keys below which names and values stand as in a link or a form.
const FORMS: [&str; 2] = ["form", "query"];

/// Who asks, in an address: a name and a password.
static USER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"://([^\s/?#"'<>@:]*):([^\s/?#"'<>@]{4,})@"#).ok());

/// A name and its value as in a link, a form or a cookie.
static PAIR: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?:^|[?&#;\s"'(])([A-Za-z0-9_.\[\]%-]{1,64})=([^&#;,\s"'<>)]{4,})"#).ok());

/// What is an e-mail address.
static MAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+").ok());

/// What looks like a token: by its beginning, by its form, or as letters and digits of all kinds without an order.
static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let known = "xox[a-z]-|gh[opsur]_|github_pat_|glpat-|sk[-_]|rk_|pk_live_|ntn_|secret_|ya29\\.|AKIA|AIza|SG\\.|EAA|shp[a-z]{2}_";
    let jwt = r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?";
    Regex::new(&format!(r"\b(?:(?:{known})[A-Za-z0-9_.-]{{8,}}|{jwt}|[A-Za-z0-9_-]{{24,}})")).ok()
});

/// What was said in a call.
#[derive(Default)]
pub(crate) struct Recorder {
    exchanges: Mutex<Vec<Exchange>>,
}

/// One request and its answer, the secrets of the request still holes.
struct Exchange {
    request: Outgoing,
    status: u16,
    headers: Vec<(String, String)>,
    body: Json,
    /// True for an answer whose body is a file, which no fixture holds.
    file: bool,
}

impl Recorder {
    /// Remembers a request and its answer.
    pub(crate) fn heard(&self, request: &Outgoing, response: &egress::Response) {
        let is_json =
            response.headers.iter().any(|(name, value)| name == "content-type" && value.contains("json"));
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let body = match serde_json::from_str(&text) {
            Ok(json) if is_json => json,
            _ => Json::String(text),
        };
        let file = std::str::from_utf8(&response.body).is_err();
        self.add(Exchange {
            request: request.clone(),
            status: response.status,
            headers: response.headers.clone(),
            body,
            file,
        });
    }

    /// Remembers that the answer to a request was a file.
    pub(crate) fn received(&self, request: &Outgoing) {
        let request = request.clone();
        self.add(Exchange { request, status: 200, headers: vec![], body: Json::Null, file: true });
    }

    fn add(&self, exchange: Exchange) {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }
}

/// A call that was recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The fixture.
    pub fixture: Json,
    /// What came of the call itself, as it was.
    pub got: Result<Value, Failure>,
    /// How many values stand in it as others.
    pub hidden: usize,
}

impl Connectors {
    /// Makes a call, and gives it as a fixture.
    ///
    /// # Errors
    /// Where it cannot be recorded: it is carried out by code, makes values by hooks, signs what it sends, or brings a file.
    pub async fn record(&self, call: Request<'_>) -> Result<Recorded, Failure> {
        let cannot = |why: &str| {
            let message = format!("`{}` cannot be recorded: {why}; write its fixture by hand", call.action);
            Failure::new(FailureKind::Invalid, message)
        };
        let args = crate::loaded(&call)?;
        let (mut job, action) = self.job(&call)?;
        let declared =
            job.manifest.actions.iter().find(|known| call.action.ends_with(&format!(".{}", known.name)));
        if declared.is_some_and(|action| action.request().is_none()) {
            return Err(cannot("code carries it out, and no request"));
        }
        if declared.is_some_and(|action| !action.made.is_empty()) {
            return Err(cannot("it makes values by code, in which nothing can be hidden"));
        }
        let params = crate::params::Params::check_with_nulls(call.action, &action.input, &args)?;
        let recorder = Recorder::default();
        job.recorder = Some(&recorder);
        let connection = job.connected().await?;
        if job
            .manifest
            .auth
            .iter()
            .any(|way| way.id == connection.auth && matches!(way.kind, Kind::AwsSigv4(_) | Kind::Oauth1a(_)))
        {
            return Err(cannot("each request is signed anew"));
        }
        let got = job.run(&params).await;
        let exchanges =
            std::mem::take(&mut *recorder.exchanges.lock().unwrap_or_else(PoisonError::into_inner));
        if exchanges.is_empty() {
            let why = got.as_ref().err().map_or(String::new(), |failure| failure.message.clone());
            return Err(Failure::new(FailureKind::Network, format!("no answer came: {why}")));
        }
        if exchanges.iter().any(|exchange| exchange.file) {
            return Err(cannot("a file is the answer"));
        }
        let told = Told { manifest: job.manifest, connection: &connection, key: call.key, base: call.base };
        let (fixture, hidden) = told.fixture(&args, &exchanges, &got)?;
        Ok(Recorded { fixture, got, hidden })
    }
}

/// What a fixture tells of a call.
struct Told<'a> {
    manifest: &'a Manifest,
    connection: &'a Connection,
    key: &'a str,
    base: Option<&'a str>,
}

impl Told<'_> {
    fn fixture(
        &self,
        args: &Value,
        exchanges: &[Exchange],
        got: &Result<Value, Failure>,
    ) -> Result<(Json, usize), Failure> {
        let fields = Value::Object(Arc::new(self.connection.fields.clone())).to_json();
        let (input, expect) = (args.to_json(), fixture::expected(got));
        let mut veil = Veil::default();
        for text in [&fields, &input, &expect] {
            veil.see(text, false);
        }
        for exchange in exchanges {
            veil.see_sent(&exchange.request);
            veil.see(&exchange.body, false);
            exchange
                .headers
                .iter()
                .filter(|(name, _)| kept(name))
                .for_each(|(_, value)| veil.see_text(value));
        }
        veil.settle();
        let mut all = vec![];
        for exchange in exchanges {
            let request = self.request(&exchange.request, &veil, &fields)?;
            let mut headers = Map::new();
            for (name, value) in exchange.headers.iter().filter(|(name, _)| kept(name)) {
                // As a fixture's own server says it, nothing need be said.
                if !(name == "content-type"
                    && value.starts_with("application/json")
                    && !exchange.body.is_string())
                {
                    headers.insert(name.clone(), veil.text(&self.moved(value)).into());
                }
            }
            let response =
                json!({ "status": exchange.status, "headers": headers, "body": veil.json(&exchange.body) });
            all.push(json!({ "expect_request": request, "response": response }));
        }
        let fixture = json!({
            "connection": { "auth": self.connection.auth, "fields": veil.json(&fields) },
            "key": self.key,
            "input": veil.json(&input),
            "exchanges": all,
            "expect": veil.json(&expect),
        });
        Ok((fixture, veil.others.len()))
    }

    /// A request as a fixture expects it: at the service's own address, its secrets by their names.
    fn request(&self, request: &Outgoing, veil: &Veil, fields: &Json) -> Result<Json, Failure> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let fill = |hole: &Hole| -> Result<String, Failure> {
            let filled = secret::fill(&self.named(hole, veil), &Named, &host);
            let filled = filled.map_err(|why| Failure::new(FailureKind::Refused, why.to_string()))?;
            Ok(filled.expose().to_owned())
        };
        let mut url = request.url.clone();
        if let Some((at, hole)) = &request.path
            && let Some((before, after)) = url.path().split_at_checked(*at)
        {
            let whole = format!("{before}{}{after}", fill(hole)?);
            url.set_path(&whole);
        }
        for (name, hole) in &request.query {
            url.query_pairs_mut().append_pair(name, &fill(hole)?);
        }
        let own = veil.text(&fixture::base(self.manifest, Some(&self.connection.auth), fields.clone()));
        let url = veil.text(url.as_str());
        let url =
            match self.base.map(|base| base.trim_end_matches('/')).and_then(|base| url.strip_prefix(base)) {
                Some(below) => format!("{}{below}", own.trim_end_matches('/')),
                None => url,
            };
        let mut headers = Map::new();
        for header in &request.headers {
            let value = match &header.value {
                Text::Plain(text) => veil.text(text),
                Text::Hole(hole) => fill(hole)?,
            };
            headers.insert(header.name.clone(), value.into());
        }
        let mut body = String::new();
        for part in &request.body {
            match part {
                Part::Plain(bytes) => body += &veil.text(&String::from_utf8_lossy(bytes)),
                Part::Hole(hole, _) => body += &fill(hole)?,
                Part::Content(_) => return Err(Failure::new(FailureKind::Invalid, "a large file is sent")),
            }
        }
        let kind = headers.get("content-type").and_then(Json::as_str).unwrap_or_default().to_owned();
        if let Some((_, line)) = kind.split_once("boundary=") {
            body = body.replace(line, "{BOUNDARY}");
            headers.insert("content-type".into(), kind.replace(line, "{BOUNDARY}").into());
        }
        // A body that would be written otherwise than it was is a text.
        let parsed = serde_json::from_str::<Json>(&body).ok().filter(|_| kind.contains("json"));
        let written = parsed.as_ref().map(Json::to_string);
        let body = match parsed {
            Some(json) if written.as_deref() == Some(body.as_str()) => json,
            _ if body.is_empty() => Json::Null,
            _ => Json::String(body),
        };
        let mut told = json!({ "method": request.method.as_str(), "url": url, "headers": headers });
        if let (Json::Object(told), false) = (&mut told, body.is_null()) {
            told.insert("body".into(), body);
        }
        Ok(told)
    }

    /// A hole over the names of the manifest, its plain parts hidden as everywhere.
    fn named(&self, hole: &Hole, veil: &Veil) -> Hole {
        match hole {
            Hole::Name(kept) => {
                let known = self.connection.secrets.iter().find(|(_, name)| *name == kept);
                Hole::Name(known.map_or("unknown", |(name, _)| name).to_owned())
            }
            Hole::Plain(text) => Hole::Plain(veil.text(text)),
            Hole::Join(parts) => Hole::Join(parts.iter().map(|part| self.named(part, veil)).collect()),
            Hole::Base64(inner) => Hole::Base64(Box::new(self.named(inner, veil))),
            Hole::Hmac(key, message) => {
                Hole::Hmac(Box::new(self.named(key, veil)), Box::new(self.named(message, veil)))
            }
        }
    }

    /// A text in which the server that was asked instead of the service is the fixture's.
    fn moved(&self, text: &str) -> String {
        let origin = self
            .base
            .and_then(|base| url::Url::parse(base).ok())
            .map(|url| url.origin().ascii_serialization());
        origin.map_or_else(|| text.to_owned(), |origin| text.replace(&origin, "{SERVER}"))
    }
}

/// True for a header of an answer that says how it is read, paged or limited.
pub fn kept(name: &str) -> bool {
    KEPT.contains(&name) || name.starts_with("x-ratelimit-") || name.starts_with("ratelimit-")
}

/// What is hidden, and by what: the same text becomes the same other one everywhere.
#[derive(Default)]
pub struct Veil {
    /// True where e-mail addresses are left as they are.
    open_mails: bool,
    mails: BTreeSet<String>,
    tokens: BTreeSet<String>,
    numbers: BTreeSet<u64>,
    /// What stands instead of numbers, as long as they are.
    figures: HashMap<Number, u64>,
    /// What stands instead, for each spelling; the longest first.
    others: Vec<(String, String)>,
}

impl Veil {
    /// Leaves e-mail addresses as they are.
    pub fn with_open_mails(self) -> Veil {
        Veil { open_mails: true, ..self }
    }

    /// Hides this text wherever it stands.
    pub fn hide(&mut self, text: &str) {
        self.tokens.insert(text.to_owned());
    }

    /// How many spellings stand as others, once it is settled.
    pub fn hidden(&self) -> usize {
        self.others.len()
    }

    /// Finds what has to be hidden in a value; all of it where it is said to be secret.
    pub fn see(&mut self, json: &Json, secret: bool) {
        self.see_below(json, secret, false);
    }

    /// As `see`, for a value that may stand where names and values are those of a link or a form.
    fn see_below(&mut self, json: &Json, secret: bool, form: bool) {
        match json {
            Json::String(text) if secret && text.len() >= 4 => {
                self.tokens.insert(text.clone());
            }
            Json::String(text) => self.see_text(text),
            Json::Array(items) => items.iter().for_each(|item| self.see_below(item, secret, form)),
            Json::Object(entries) => {
                let is_secret = |name: &str| is_secret(name) || form && is_secret_in_a_form(name);
                // A list of headers or fields has the name and the value of each beside one another.
                let named = ["name", "key"].iter().any(|key| {
                    entries.get(*key).and_then(Json::as_str).is_some_and(|name| is_secret(&plain(name)))
                });
                for (key, value) in entries {
                    let key = plain(key);
                    // So many tokens that a model has read are a count, and no secret.
                    let counts = value.is_number() && key.ends_with("tokens");
                    // All that stands below such a name is secret.
                    let secret = secret || is_secret(&key) && !counts || named && key == "value";
                    self.see_below(value, secret, FORMS.contains(&key.as_str()));
                }
            }
            Json::Number(number) if secret => {
                self.numbers.extend(number.as_u64().filter(|number| *number >= 1000));
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    /// Finds what has to be hidden in what was sent, whatever its parts are called in the call.
    fn see_sent(&mut self, request: &Outgoing) {
        self.see_text(request.url.as_str());
        for part in &request.body {
            if let Part::Plain(bytes) = part {
                match serde_json::from_slice(bytes) {
                    Ok(json @ (Json::Array(_) | Json::Object(_))) => self.see(&json, false),
                    _ => self.see_text(&String::from_utf8_lossy(bytes)),
                }
            }
        }
    }

    fn see_text(&mut self, text: &str) {
        for pair in PAIR.iter().flat_map(|pair| pair.captures_iter(text)) {
            self.see_pair(&pair[1], &pair[2]);
        }
        for found in USER.iter().flat_map(|user| user.captures_iter(text)) {
            self.see_pair("password", &found[2]);
        }
        for found in MAIL.iter().filter(|_| !self.open_mails).flat_map(|mail| mail.find_iter(text)) {
            self.mails.insert(found.as_str().to_owned());
        }
        for found in TOKEN.iter().flat_map(|token| token.find_iter(text)) {
            if is_random(found.as_str()) {
                self.tokens.insert(found.as_str().to_owned());
            }
        }
    }

    /// A value of a link or a form, by its name.
    fn see_pair(&mut self, name: &str, value: &str) {
        let pair = format!("{name}={value}");
        let Some((name, read)) = url::form_urlencoded::parse(pair.as_bytes()).next() else { return };
        if is_secret_in_a_form(&plain(&name)) {
            // A spelling that is none of those that are replaced with it is one more.
            if !spellings(&read).iter().any(|spelling| spelling == value) {
                self.tokens.insert(value.to_owned());
            }
            self.tokens.insert(read.into_owned());
        }
    }

    /// Decides what stands instead, in the order of the texts, so that the same call gives the same fixture.
    pub fn settle(&mut self) {
        let mails = self.mails.iter().enumerate();
        let mails = mails.map(|(at, mail)| (mail.clone(), format!("person-{}@example.com", at + 1)));
        let tokens = self.tokens.iter().enumerate();
        let tokens = tokens.map(|(at, token)| (token.clone(), format!("hidden-{}", at + 1)));
        let figures = self.numbers.iter().enumerate();
        let figures = figures.map(|(at, number)| (*number, 10_u64.pow(number.ilog10()) + at as u64));
        let figures: Vec<(u64, u64)> = figures.collect();
        self.figures = figures.iter().map(|(number, other)| ((*number).into(), *other)).collect();
        // A number may stand in a text as well, and becomes the same one there.
        let figures = figures.into_iter().map(|(number, other)| (number.to_string(), other.to_string()));
        let mut others: BTreeMap<String, String> = BTreeMap::new();
        for (text, other) in mails.chain(tokens).chain(figures) {
            others.extend(spellings(&text).into_iter().zip(spellings(&other)));
        }
        self.others = others.into_iter().filter(|(text, other)| text != other && !text.is_empty()).collect();
        self.others.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    }

    /// A text without what is hidden.
    pub fn text(&self, text: &str) -> String {
        self.others.iter().fold(text.to_owned(), |text, (hidden, other)| text.replace(hidden.as_str(), other))
    }

    /// A value without what is hidden.
    pub fn json(&self, json: &Json) -> Json {
        match json {
            Json::Number(number) => {
                self.figures.get(number).map_or_else(|| json.clone(), |other| (*other).into())
            }
            Json::String(text) => self.text(text).into(),
            Json::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Json::Object(entries) => entries
                .iter()
                .map(|(key, value)| (self.text(key), self.json(value)))
                .collect::<Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }
}

/// A name as it is compared.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// True for a name, as it is compared, of which nobody should see the value.
fn is_secret(name: &str) -> bool {
    SECRET_WORDS.contains(&name) || SECRET_KEYS.iter().any(|part| name.contains(part))
}

/// As `is_secret`, for a name in a link or a form.
fn is_secret_in_a_form(name: &str) -> bool {
    is_secret(name) || SECRET_NAMES.contains(&name)
}

/// How a text may stand: in a form, in a link, in JSON, and as it is.
fn spellings(text: &str) -> [String; 4] {
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let quoted = json!(text).to_string().trim_matches('"').to_owned();
    [form.clone(), form.replace('+', "%20"), quoted, text.to_owned()]
}

/// True for what has letters of both sizes and digits in it without being a word, and for what begins as tokens do: ids
/// that are numbers, hashes or names stay.
fn is_random(text: &str) -> bool {
    let has = |test: fn(&char) -> bool| text.chars().filter(test).count();
    let (small, large, digits) =
        (has(char::is_ascii_lowercase), has(char::is_ascii_uppercase), has(char::is_ascii_digit));
    let mixed = small >= 4 && large >= 4 && digits >= 2;
    let begins = [
        "xox", "gh", "glpat-", "sk", "rk_", "pk_", "ntn_", "secret_", "ya29.", "AKIA", "AIza", "SG.", "eyJ",
        "EAA", "shp",
    ];
    mixed || (text.len() < 200 && begins.iter().any(|begin| text.starts_with(begin)) && digits >= 1)
}

#[cfg(test)]
mod tests;
