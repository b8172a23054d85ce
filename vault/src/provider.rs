//! The providers of models whose keys are kept: where their keys may go, the cheapest call that tells whether one is
//! right, and how its answer is read. Each is a file in `provider/`. Nothing is sent here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::secrets::Status;

/// What stands before the name of a deployment among the settings of a key; its value is the model that it serves.
pub const DEPLOYMENT: &str = "deployment.";

/// A provider of models.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What it is called on the command line.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Where its API begins; nothing where the key brings that along.
    pub base: Option<String>,
    /// The call that tells whether a key is right.
    pub check: Check,
    /// Answers that mean something else here than elsewhere; the first that fits counts.
    #[serde(default)]
    answers: Vec<Answer>,
}

/// The cheapest call that tells whether a key is right.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// How it is called.
    #[serde(default)]
    pub method: Method,
    /// What stands behind the base.
    path: String,
    /// What stands there instead, before the version, where the key has a version of the API.
    versioned: Option<String>,
    /// The header of the key.
    pub header: String,
    /// What stands before the key in it.
    #[serde(default)]
    pub before: String,
    /// Other headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What every answer to a right key has.
    proof: String,
}

/// How a check is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// It only reads.
    #[default]
    Get,
    /// It is sent without a body.
    Post,
}

/// An answer that means something.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    /// With one of these statuses,
    status: Vec<u16>,
    /// at one of these places, all statuses without,
    #[serde(default)]
    at: Vec<String>,
    /// with one of these in its text,
    #[serde(default)]
    has: Vec<String>,
    /// it means this.
    means: Verdict,
}

/// What an answer says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be used.
    Valid,
    /// The provider does not know it.
    Invalid,
    /// Its time is over.
    Expired,
    /// It is right, and nothing is left to pay with.
    NoCredit,
    /// It is right as far as is known, and was used too often just now.
    RateLimited,
    /// The provider cannot say at the moment.
    Unavailable,
    /// What answered does not speak as the provider does.
    Foreign,
}

impl Verdict {
    /// How the key stands from here on; nothing where nothing was learned of it.
    pub fn status(self) -> Option<Status> {
        match self {
            Verdict::Valid => Some(Status::Valid),
            Verdict::Invalid => Some(Status::Invalid),
            Verdict::Expired => Some(Status::Expired),
            Verdict::NoCredit => Some(Status::NoCredit),
            Verdict::RateLimited => Some(Status::RateLimited),
            Verdict::Unavailable | Verdict::Foreign => None,
        }
    }
}

/// All of them, by name. Another one is a file and a line more.
pub static PROVIDERS: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    const FILES: &[&str] = &[
        include_str!("provider/anthropic.toml"),
        include_str!("provider/azure.toml"),
        include_str!("provider/cohere.toml"),
        include_str!("provider/compatible.toml"),
        include_str!("provider/deepseek.toml"),
        include_str!("provider/gemini.toml"),
        include_str!("provider/openai.toml"),
    ];
    FILES.iter().map(|text| toml::from_str(text).expect("a test reads each of them")).collect()
});

impl Check {
    /// What stands behind the base of a key with these settings.
    pub fn path(&self, settings: &BTreeMap<String, String>) -> String {
        match (&self.versioned, settings.get("api_version")) {
            (Some(path), Some(version)) => format!("{path}{}", escaped(version)),
            (Some(_) | None, _) => self.path.clone(),
        }
    }
}

/// A value of a query: whatever stands in it stays in it.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

impl Provider {
    /// Reads an answer to the check.
    pub fn read(&self, status: u16, body: &[u8]) -> Verdict {
        let blank = body.iter().all(u8::is_ascii_whitespace);
        let Ok(said) = serde_json::from_slice(body) else {
            return match usual(status) {
                // A page of somebody on the way says nothing of the key.
                Verdict::Valid | Verdict::NoCredit | Verdict::Expired => Verdict::Foreign,
                Verdict::Invalid if !blank => Verdict::Foreign,
                other => other,
            };
        };
        if let Some(answer) = self.answers.iter().find(|answer| answer.fits(status, &said)) {
            return answer.means;
        }
        match usual(status) {
            Verdict::Valid if found(&said, &self.check.proof).is_empty() => Verdict::Foreign,
            Verdict::Invalid if says_expired(&said) => Verdict::Expired,
            other => other,
        }
    }
}

impl Answer {
    fn fits(&self, status: u16, said: &Value) -> bool {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let has = |value: &&Value| self.has.iter().any(|part| text(value).contains(part));
        let mut places = self.at.iter().flat_map(|place| found(said, place));
        self.status.contains(&status) && (self.at.is_empty() || places.any(|value| has(&value)))
    }
}

/// What a status means with everybody.
fn usual(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Valid,
        401 | 403 => Verdict::Invalid,
        402 => Verdict::NoCredit,
        429 => Verdict::RateLimited,
        500.. => Verdict::Unavailable,
        _ => Verdict::Foreign,
    }
}

fn says_expired(said: &Value) -> bool {
    let words =
        ["/error/message", "/error/code", "/message"].into_iter().flat_map(|place| found(said, place));
    words.filter_map(Value::as_str).any(|text| text.to_ascii_lowercase().contains("expired"))
}

/// What stands at a place as in `/error/details/*/reason`, where `*` is every item of a list.
fn found<'a>(said: &'a Value, place: &str) -> Vec<&'a Value> {
    place.split('/').skip(1).fold(vec![said], |values, part| {
        let inner = |value: &'a Value| match value {
            Value::Array(items) if part == "*" => items.iter().collect(),
            other => other.get(part).into_iter().collect::<Vec<_>>(),
        };
        values.into_iter().flat_map(inner).collect()
    })
}

/// Where a key may go: the beginning of its API, and the host of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// As in `https://api.example.com/v1`.
    pub base: String,
    /// A bare name or address.
    pub host: String,
}

/// Reads a base URL. Without TLS it may only lead to this machine.
///
/// # Errors
/// Where it is none, or has a user, a query or a fragment.
pub fn endpoint(base: &str) -> Result<Endpoint, Error> {
    let wrong = || Error::Base { url: base.to_owned() };
    let (rest, local) = match (base.strip_prefix("https://"), base.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return Err(wrong()),
    };
    if base.contains(['@', '?', '#', '\\']) || base.contains(char::is_whitespace) {
        return Err(wrong());
    }
    let authority = rest.split('/').next().unwrap_or_default();
    // What stands behind the last colon is a port, unless the colon belongs to an address in brackets.
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            port.parse::<u16>().map_err(|_| wrong())?;
            host
        }
        Some(_) | None => authority,
    };
    let host = host.to_ascii_lowercase();
    if host.is_empty() || local && !matches!(&*host, "localhost" | "127.0.0.1" | "[::1]") {
        return Err(wrong());
    }
    Ok(Endpoint { base: base.trim_end_matches('/').to_owned(), host })
}

/// The provider of this name.
pub fn find(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_leads_to_one_host() {
        let host = |base: &str| endpoint(base).map(|found| found.host).ok();
        assert_eq!(host("https://Models.example.com/v1/").as_deref(), Some("models.example.com"));
        assert_eq!(host("https://a.example:8443").as_deref(), Some("a.example"));
        assert_eq!(host("http://127.0.0.1:11434/v1").as_deref(), Some("127.0.0.1"));
        assert_eq!(host("https://[::1]:80/x").as_deref(), Some("[::1]"));
        for wrong in [
            "a.example",
            "http://a.example",
            "https://",
            "https://u:p@a.example",
            "https://a.example?x",
            "https://a.example:x",
            "https://a.example\\@b.example",
            "ftp://a.example",
        ] {
            assert_eq!(host(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_base_that_we_know_is_one() {
        for base in PROVIDERS.iter().filter_map(|provider| provider.base.as_deref()) {
            assert!(endpoint(base).is_ok(), "{base}");
        }
    }
}
