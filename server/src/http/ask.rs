//! What is asked: the parts of the address, the query, the body, and who asks.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _};
use dsl::value::{Object, Value};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::http::request::Parts;

use super::crowd::Place;
use super::routes::{Handler, Route, Takes};
use super::shape::Field;
use super::{House, Limits, Refusal, Who};

/// The longest key of an asker's.
const LONGEST_KEY: usize = 255;

/// What is asked of a route.
pub struct Ask<'a> {
    /// Where things are.
    pub house: &'a House,
    /// Who asks: found out from what was shown, never from what is said.
    pub who: Who,
    /// The rest.
    pub said: Said,
}

/// What a request says.
#[derive(Debug, Default)]
pub struct Said {
    /// The parts of the address by their names.
    pub path: BTreeMap<String, String>,
    /// The query.
    pub query: BTreeMap<String, String>,
    /// The key under which it is asked for.
    pub key: Option<String>,
    /// The body, an object; empty where there was none, and where the route reads it by itself.
    pub body: Object,
    /// The body as it came, where the route reads it by itself.
    pub bytes: Bytes,
    /// Whether a stream of events is wanted.
    pub streams: bool,
    /// What a stream told last before it was cut off.
    pub last_event: Option<String>,
    /// From where it is asked.
    pub from: Option<IpAddr>,
    /// What a browser shows to be known again.
    pub cookie: Option<String>,
    /// What it shows of something that somebody agreed to at a service.
    pub attempt: Option<String>,
}

impl Said {
    /// A part of the address; its route has it.
    pub fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", |part| part)
    }

    /// A field of the body that is a text; its route says that it is none but a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_text()
    }

    /// A field that is a list of texts; empty where it is left out.
    pub fn texts(&self, name: &str) -> Vec<String> {
        match self.body.get(name) {
            Some(Value::List(items)) => items.iter().filter_map(Value::as_text).map(str::to_owned).collect(),
            _ => vec![],
        }
    }

    /// A field that is an object; empty where it is left out.
    pub fn object(&self, name: &str) -> Object {
        match self.body.get(name) {
            Some(Value::Object(fields)) => (**fields).clone(),
            _ => Object::new(),
        }
    }

    /// A field that is a whole number.
    pub fn count(&self, name: &str) -> Option<i64> {
        match self.body.get(name) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// True where a field says so.
    pub fn flag(&self, name: &str) -> bool {
        self.body.get(name) == Some(&Value::Bool(true))
    }

    /// The moment of `since` in the query, in nanoseconds since 1970.
    ///
    /// # Errors
    /// Where it is none.
    pub fn since(&self) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.query.get("since") else { return Ok(None) };
        let none = || {
            let refusal = Refusal::bad("`since` is no moment");
            refusal.help("write it as `2026-11-01`, `2026-11-01T09:00:00Z` or `24h`")
        };
        crate::since::since(text).map(Some).ok_or_else(none)
    }

    /// A parameter of the query that is a number.
    ///
    /// # Errors
    /// Where it is none, or too large.
    pub fn number(&self, name: &str, usual: usize, most: usize) -> Result<usize, Refusal> {
        let Some(text) = self.query.get(name) else { return Ok(usual) };
        match text.parse() {
            Ok(number) if (1..=most).contains(&number) => Ok(number),
            _ => Err(Refusal::bad(format!("`{name}` is a number from 1 to {most}"))),
        }
    }
}

/// Reads what a request says, once it is known that it may.
pub(super) async fn read(
    parts: &Parts,
    path: BTreeMap<String, String>,
    (body, route): (Body, &Route),
    limits: &Limits,
) -> Result<Said, Refusal> {
    let takes = route.takes;
    let query = query(parts.uri.query().unwrap_or(""))?;
    if !matches!(route.handler, Handler::Speaks(..)) && !route.says.open {
        known(&query, route.says.query)?;
    }
    let key = key(&parts.headers)?;
    let most = match takes {
        Takes::Nothing => 0,
        Takes::Json { most } | Takes::Bytes { most } => most,
    };
    let bytes = collected(parts, body, most, limits).await?;
    let (body, bytes) = match takes {
        Takes::Bytes { .. } => {
            media(&parts.headers)?;
            (Object::new(), bytes)
        }
        Takes::Json { .. } | Takes::Nothing if bytes.is_empty() => (Object::new(), bytes),
        Takes::Json { .. } | Takes::Nothing => (object(&parts.headers, &bytes)?, Bytes::new()),
    };
    if let (Takes::Json { .. }, Some(shape)) = (takes, &route.says.body) {
        shape.check(&body)?;
    }
    let head = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    Ok(Said {
        path,
        query,
        key,
        body,
        bytes,
        streams: head("accept").is_some_and(|accept| accept.contains("text/event-stream")),
        last_event: head("last-event-id").map(str::to_owned),
        from: parts.extensions.get::<From>().map(|from| from.0),
        cookie: super::door::cookie(&parts.headers),
        attempt: super::issuers::attempt(&parts.headers),
    })
}

/// Looks whether a query has only parameters that the route has.
fn known(query: &BTreeMap<String, String>, parameters: &[Field]) -> Result<(), Refusal> {
    let Some(other) = query.keys().find(|name| parameters.iter().all(|field| field.name != **name)) else {
        return Ok(());
    };
    let refusal = Refusal::bad(format!("the query has no parameter `{other}`"));
    Err(match dsl::diagnostic::nearest(other, parameters.iter().map(|field| field.name)) {
        Some(near) => refusal.help(format!("did you mean `{near}`?")),
        None => refusal,
    })
}

/// From where a connection comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct From(pub IpAddr);

/// A body as it came: no longer than that, and in time. Until it has come the connection waits, as for a head.
pub(super) async fn collected(
    parts: &Parts,
    body: Body,
    most: usize,
    limits: &Limits,
) -> Result<Bytes, Refusal> {
    if said_length(&parts.headers).is_some_and(|length| length > most) {
        return Err(Refusal::large(most));
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let place = parts.extensions.get::<Arc<Place>>();
    if let Some(place) = place {
        place.waits();
    }
    let collected = tokio::time::timeout(limits.body_within, Limited::new(body, most).collect()).await;
    if let Some(place) = place {
        place.busy();
    }
    match collected {
        Err(_) => Err(Refusal::slow()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::large(most)),
        Ok(Err(_)) => Err(Refusal::bad("the body breaks off")),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

/// The body's length, as the head tells it.
fn said_length(headers: &HeaderMap) -> Option<usize> {
    headers.get("content-length")?.to_str().ok()?.parse().ok()
}

/// Looks whether a body is said to be JSON.
fn media(headers: &HeaderMap) -> Result<(), Refusal> {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media = media.split(';').next().unwrap_or("").trim();
    if media.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(Refusal::media()) }
}

fn object(headers: &HeaderMap, bytes: &[u8]) -> Result<Object, Refusal> {
    media(headers)?;
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::bad("the body is not UTF-8"))?;
    match dsl::json::parse(text) {
        Ok(Value::Object(fields)) => Ok((*fields).clone()),
        Ok(other) => Err(Refusal::unfit(format!("the body is a {}, not an object", other.type_name()))),
        Err(error) => Err(Refusal::bad(format!("the body is no JSON: {error}"))),
    }
}

/// The parameters of a query; each stands there once.
fn query(text: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let mut found = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |text: &str| decoded(text).ok_or_else(|| Refusal::bad("the query is not UTF-8"));
        if found.insert(plain(name)?, plain(value)?).is_some() {
            return Err(Refusal::bad("a parameter of the query is there twice"));
        }
    }
    Ok(found)
}

/// A part of a query without its `%` and `+`; nothing where that is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let [high, low, more @ ..] = more else { return None };
                rest = more;
                let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
                digit(high)? * 16 + digit(low)?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let text =
        key.to_str().ok().filter(|text| (1..=LONGEST_KEY).contains(&text.len()) && keys.next().is_none());
    match text {
        Some(text) => Ok(Some(text.to_owned())),
        None => Err(Refusal::bad(format!("`idempotency-key` has 1 to {LONGEST_KEY} letters of ASCII, once"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_once_and_whole() {
        let read = query("limit=3&state=wait%20a+b&&x").unwrap();
        let expected = [("limit", "3"), ("state", "wait a b"), ("x", "")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        for wrong in ["a=1&a=2", "a=%ff", "a=%4", "a=%", "a=%zz", "a=%+1"] {
            assert_eq!(query(wrong).unwrap_err().status, 400, "{wrong}");
        }
    }
}
