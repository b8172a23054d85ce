//! What goes back: JSON, with the heads that keep a browser from making anything else of it.

use axum::body::Body;
use hyper::Response;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::Refusal;
use super::pages::OwnHeads;

/// What a route answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// More heads.
    pub heads: Vec<(&'static str, String)>,
}

/// The heads of every answer. No page may hold it, nothing may keep it, and it is never anything but what it says.
const HEADS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

impl Answer {
    /// It went well.
    pub fn ok(body: Value) -> Answer {
        Answer { status: 200, body, heads: vec![] }
    }

    /// The same with another status.
    pub fn with(self, status: u16) -> Answer {
        Answer { status, ..self }
    }

    /// The same with one head more.
    pub fn head(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.heads.push((name, value.into()));
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Answer {
        let Refusal { status, code, message, help, again } = refusal;
        let help = (!help.is_empty()).then_some(help);
        let mut answer = Answer::ok(json!({ "code": code, "message": message, "help": help })).with(status);
        // A browser would ask its person for a token where it heard that of a session.
        if status == 401 && !matches!(code, "signed_out" | "wrong_password") {
            answer = answer.head("www-authenticate", "Bearer");
        }
        // What is still to come of the body is not waited for.
        if status == 408 || status == 413 {
            answer = answer.head("connection", "close");
        }
        match again {
            Some(seconds) => answer.head("retry-after", seconds.to_string()),
            None => answer,
        }
    }
}

/// As it goes over the wire.
pub(super) fn written(answer: Result<Answer, Refusal>) -> Response<Body> {
    let Answer { status, body, heads } = answer.unwrap_or_else(Answer::from);
    // A text that says what it is goes out as it is.
    let is_text = heads.iter().any(|(name, _)| *name == "content-type");
    let body = match body {
        Value::String(text) if is_text => text,
        other => other.to_string() + "\n",
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let head = response.headers_mut();
    head.insert("content-type", HeaderValue::from_static("application/json"));
    for (name, value) in heads {
        // What cannot stand in a head is left out.
        if let Ok(value) = HeaderValue::from_str(&value) {
            // There may be several cookies.
            match name {
                "set-cookie" => drop(head.append(HeaderName::from_static(name), value)),
                _ => drop(head.insert(HeaderName::from_static(name), value)),
            }
        }
    }
    response
}

/// Puts the heads on an answer that every one has but the files of the pages, which have their own.
pub(super) fn guarded(mut response: Response<Body>) -> Response<Body> {
    if response.extensions().get::<OwnHeads>().is_some() {
        return response;
    }
    for (name, value) in HEADS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
