//! From an answer to a value, or to a failure where its status says no.

use std::sync::Arc;

use bytes::Bytes;
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{File, MAX_DEPTH, Object, UNKNOWN, Value};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

use super::build::Call;

/// How much of the body of a refusal is shown.
const EXCERPT: usize = 200;

/// An answer that is no failure.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Value,
    pub(crate) body: Value,
    pub(crate) url: String,
    /// Length of the body in bytes.
    pub(crate) size: usize,
}

impl Answer {
    /// As workflows see it.
    pub(crate) fn value(self) -> Value {
        Value::object([
            ("status", Value::Int(self.status.into())),
            ("headers", self.headers),
            ("body", self.body),
            ("url", Value::text(self.url)),
        ])
    }
}

/// What the content type says that a body is.
pub(crate) enum Content {
    Json,
    Text,
    Bytes(String),
}

/// Reads an answer.
pub(crate) fn read(response: egress::Response, call: &Call, name: &str) -> Result<Answer, Failure> {
    let headers = joined(&response.headers);
    let header = |name: &str| headers.get(name).and_then(Value::as_text).unwrap_or_default();
    let content = content(header("content-type"), header("content-encoding"));
    let status = response.status;
    if !call.takes(status) {
        return Err(refusal(status, header("retry-after"), &content, &response.body, name));
    }
    let size = response.body.len();
    let body = parse(&content, &response.body).map_err(|(kind, why)| Failure {
        status: Some(status),
        answered: true,
        ..Failure::new(kind, format!("`{name}` answered {status}, but {why}"))
    })?;
    Ok(Answer { status, headers: Value::Object(headers.into()), body, url: response.url, size })
}

/// An answer whose body is kept, being too long for a value: a file of the type that it says.
pub(crate) fn kept(response: egress::Response, body: dsl::value::Content) -> Answer {
    let headers = joined(&response.headers);
    let kind = headers.get("content-type").and_then(Value::as_text).unwrap_or_default();
    let media_type = match essence(kind).as_str() {
        "" => UNKNOWN.into(),
        kind => kind.into(),
    };
    let size = usize::try_from(body.size()).unwrap_or(usize::MAX);
    let body = Value::File(Arc::new(File { content: body, media_type, name: None }));
    Answer { status: response.status, headers: Value::Object(headers.into()), body, url: response.url, size }
}

/// A content type without what follows it.
fn essence(kind: &str) -> String {
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Headers as an object; a name that came more than once has its values joined.
pub(crate) fn joined(headers: &[(String, String)]) -> Object {
    let mut out = Object::new();
    for (name, value) in headers {
        let joined = match out.get(name.as_str()).and_then(Value::as_text) {
            Some(before) => format!("{before}, {value}"),
            None => value.clone(),
        };
        out.insert(name.as_str().into(), Value::text(joined));
    }
    out
}

/// What the headers say that a body is.
pub(crate) fn content(kind: &str, encoding: &str) -> Content {
    let essence = essence(kind);
    if !matches!(encoding.trim(), "" | "identity") {
        return Content::Bytes(essence);
    }
    match essence.as_str() {
        "application/json" | "text/json" => Content::Json,
        json if json.ends_with("+json") => Content::Json,
        text if text.starts_with("text/") || text.ends_with("+xml") || text.ends_with("+yaml") => {
            Content::Text
        }
        "application/xml"
        | "application/yaml"
        | "application/toml"
        | "application/javascript"
        | "application/graphql"
        | "application/x-ndjson"
        | "application/x-yaml"
        | "application/x-www-form-urlencoded" => Content::Text,
        "" => Content::Bytes(UNKNOWN.into()),
        _ => Content::Bytes(essence),
    }
}

/// A body as a value.
pub(crate) fn parse(content: &Content, body: &Bytes) -> Result<Value, (FailureKind, String)> {
    match content {
        _ if body.is_empty() => Ok(Value::Null),
        Content::Json => {
            let wrong = |error: &dyn std::fmt::Display| {
                (FailureKind::Server, format!("its body is not the JSON it claims to be: {error}"))
            };
            let text = std::str::from_utf8(body).map_err(|error| wrong(&error))?;
            let value =
                dsl::json::parse(text.trim_start_matches('\u{feff}')).map_err(|error| wrong(&error))?;
            if value.depth() > MAX_DEPTH {
                return Err((FailureKind::Limit, format!("its body nests deeper than {MAX_DEPTH}")));
            }
            Ok(value)
        }
        Content::Text => Ok(Value::text(String::from_utf8_lossy(body))),
        Content::Bytes(kind) => Ok(Value::File(Arc::new(File::new(&body[..], kind)))),
    }
}

/// What a refusal is told as: its status, and what it says where that is text.
pub(crate) fn refusal(
    status: u16,
    retry_after: &str,
    content: &Content,
    body: &Bytes,
    name: &str,
) -> Failure {
    let why = match content {
        Content::Bytes(_) => String::new(),
        Content::Json | Content::Text => excerpt(body),
    };
    let message = match why.as_str() {
        "" => format!("`{name}` answered {status}"),
        why => format!("`{name}` answered {status}: {why}"),
    };
    Failure {
        status: Some(status),
        retryable: matches!(status, 408 | 425 | 429 | 500..=599),
        retry_after: wait(retry_after, Timestamp::now()),
        answered: true,
        ..Failure::new(kind(status), message)
    }
}

/// The kind of failure that a status is.
pub(crate) fn kind(status: u16) -> FailureKind {
    match status {
        401 | 407 => FailureKind::Auth,
        403 | 451 => FailureKind::Permission,
        404 | 410 => FailureKind::NotFound,
        408 => FailureKind::Timeout,
        409 | 412 | 423 => FailureKind::Conflict,
        429 => FailureKind::RateLimited,
        500..=599 => FailureKind::Server,
        _ => FailureKind::Invalid,
    }
}

/// What a service says about why: its message where JSON has one at a usual place, else the beginning.
pub(crate) fn excerpt(body: &Bytes) -> String {
    const PLACES: [&str; 7] = [
        "/error/message",
        "/message",
        "/error_description",
        "/detail",
        "/error",
        "/errors/0/message",
        "/title",
    ];
    let said = serde_json::from_slice::<serde_json::Value>(body).ok().and_then(|json| {
        PLACES.into_iter().find_map(|place| json.pointer(place)?.as_str().map(str::to_owned))
    });
    let text =
        said.unwrap_or_else(|| String::from_utf8_lossy(&body[..body.len().min(EXCERPT * 8)]).into_owned());
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let text = words.join(" ");
    match text.char_indices().nth(EXCERPT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// How long the service asks us to wait: seconds, or a date.
pub(crate) fn wait(text: &str, now: Timestamp) -> Option<SignedDuration> {
    /// A service that asks for more does not know what it asks.
    const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
    let text = text.trim();
    let length = match text.parse::<u32>() {
        Ok(seconds) => SignedDuration::from_secs(seconds.into()),
        Err(_) => DateTimeParser::new().parse_timestamp(text).ok()?.duration_since(now),
    };
    Some(length.clamp(SignedDuration::ZERO, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_as_seconds_or_as_a_date() {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let seconds = |text| wait(text, now).map(|length| length.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Fri, 02 Jan 2026 03:05:05 GMT"), Some(60));
        assert_eq!(seconds("Fri, 02 Jan 2026 03:00:00 GMT"), Some(0));
        assert_eq!(seconds("4294967295"), Some(7 * 24 * 3600));
        for wrong in ["", "soon", "-5", "1.5", "99999999999999999999"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_status_has_its_kind() {
        use FailureKind::*;
        for (status, wanted) in [
            (400, Invalid),
            (401, Auth),
            (403, Permission),
            (404, NotFound),
            (408, Timeout),
            (409, Conflict),
            (410, NotFound),
            (422, Invalid),
            (429, RateLimited),
            (500, Server),
            (503, Server),
        ] {
            assert_eq!(kind(status), wanted, "{status}");
        }
    }

    #[test]
    fn an_excerpt_is_the_services_own_message_and_short() {
        let of = |body: &str| excerpt(&Bytes::from(body.to_owned()));
        assert_eq!(of(r#"{"error":{"message":"no such\nuser"}}"#), "no such user");
        assert_eq!(of(r#"{"message":"bad"}"#), "bad");
        assert_eq!(of(r#"{"code":7}"#), r#"{"code":7}"#);
        assert_eq!(of("<b>\u{1b}[31m"), "<b> [31m");
        assert_eq!(of(&"ü".repeat(1000)).chars().count(), EXCERPT + 1);
    }

    #[test]
    fn content_types_decide_what_a_body_is() {
        let of = |kind: &str| match content(kind, "") {
            Content::Json => "json",
            Content::Text => "text",
            Content::Bytes(_) => "bytes",
        };
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"] {
            assert_eq!(of(kind), "json", "{kind}");
        }
        for kind in ["text/plain", "text/html; charset=x", "application/xml", "image/svg+xml"] {
            assert_eq!(of(kind), "text", "{kind}");
        }
        for kind in ["", "image/png", "application/octet-stream", "application/jsonx"] {
            assert_eq!(of(kind), "bytes", "{kind}");
        }
        assert!(matches!(content("text/plain", "gzip"), Content::Bytes(_)));
    }
}
