//! What is sent: a request whose header values and body may have holes for secrets.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secret::{Hole, Refused, Secret};

use crate::client::checked_url;
use crate::content::Content;
use crate::policy::host_of;
use crate::redact::Opened;

pub use reqwest::Method;

/// A request. Secrets stay holes in it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole URL: `http` or `https`, without user and password.
    pub url: String,
    /// Values that are added to the URL's query and are secret. They are put in last, and go to no other host.
    pub query: Vec<(String, Hole)>,
    /// A part of the URL's path that is secret, `/` and segments, and how many bytes of the path stand before it. It is put
    /// in last, and into no address that a redirect names.
    pub path: Option<(usize, Hole)>,
    /// The headers, in order. `host` and what frames the body are the client's own.
    pub headers: Vec<Header>,
    /// The body in parts; none for no body.
    pub body: Vec<Part>,
    /// Longest time of the whole call, redirects and body included; the policy's where there is none.
    pub timeout: Option<Duration>,
    /// Most redirects that are followed; 0 gives the redirect itself as the answer. The policy's where
    /// there is none.
    pub redirects: Option<usize>,
    /// Most bytes of the answer's body; the policy's where there is none, and never more than it.
    pub max_response: Option<usize>,
}

impl Request {
    /// Makes a request without headers and body.
    pub fn new(method: Method, url: impl Into<String>) -> Request {
        Request {
            method,
            url: url.into(),
            query: vec![],
            path: None,
            headers: vec![],
            body: vec![],
            timeout: None,
            redirects: None,
            max_response: None,
        }
    }

    /// Where it goes, as secrets are asked for by it; nothing, where its address is none.
    pub fn host(&self) -> Option<String> {
        checked_url(&self.url).ok().map(|url| host_of(&url))
    }
}

/// One header.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Text,
    /// True if it says who calls, whatever its name. A value with a hole always does.
    pub credential: bool,
}

impl Header {
    /// Makes a header that says nothing about who calls.
    pub fn new(name: impl Into<String>, value: impl Into<Text>) -> Header {
        Header { name: name.into(), value: value.into(), credential: false }
    }

    /// Makes a header that says who calls.
    pub fn credential(name: impl Into<String>, value: impl Into<Text>) -> Header {
        Header { name: name.into(), value: value.into(), credential: true }
    }
}

/// Text as it stands, or the place of a secret.
#[derive(Clone, Debug)]
pub enum Text {
    /// Text as it stands.
    Plain(String),
    /// The place of a secret, or of what is made of one.
    Hole(Hole),
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::Plain(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::Plain(text)
    }
}

impl From<Hole> for Text {
    fn from(hole: Hole) -> Text {
        Text::Hole(hole)
    }
}

/// A part of a body.
#[derive(Clone, Debug)]
pub enum Part {
    /// Bytes as they stand.
    Plain(Bytes),
    /// The place of a secret, and what its text goes through.
    Hole(Hole, Escape),
    /// What is read while it is sent.
    Content(Arc<dyn Content>),
}

/// What a secret goes through where it is put into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// It stands as it is.
    None,
    /// As a JSON string, quotes included.
    Json,
    /// As one value of a form.
    Form,
}

impl Escape {
    /// The text as it stands in the body.
    pub(crate) fn apply(self, text: &str) -> String {
        match self {
            Escape::None => text.to_owned(),
            Escape::Json => json_string(text),
            Escape::Form => url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        }
    }
}

/// A text as a JSON string.
pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A body with its holes filled, none of whose parts is read while it is sent.
pub(crate) fn fill_body(parts: &[Part], opened: &Opened, host: &str) -> Result<Bytes, Refused> {
    match parts {
        [] => Ok(Bytes::new()),
        [Part::Plain(bytes)] => Ok(bytes.clone()),
        _ => {
            let mut out = Vec::new();
            for part in parts {
                match part {
                    Part::Plain(bytes) => out.extend_from_slice(bytes),
                    Part::Hole(hole, escape) => {
                        let filled = Secret::new(escape.apply(opened.fill(hole, host)?.expose()));
                        out.extend_from_slice(filled.expose().as_bytes());
                    }
                    Part::Content(_) => {}
                }
            }
            Ok(out.into())
        }
    }
}

/// The names of all secrets that a request needs.
pub(crate) fn names(request: &Request) -> BTreeSet<&str> {
    let heads = request.headers.iter().filter_map(|header| match &header.value {
        Text::Hole(hole) => Some(hole),
        Text::Plain(_) => None,
    });
    let parts = request.body.iter().filter_map(|part| match part {
        Part::Hole(hole, _) => Some(hole),
        Part::Plain(_) | Part::Content(_) => None,
    });
    let query = request.query.iter().map(|(_, hole)| hole);
    let path = request.path.iter().map(|(_, hole)| hole);
    heads.chain(parts).chain(query).chain(path).flat_map(Hole::names).collect()
}

/// True if a body has a hole.
pub(crate) fn has_hole(parts: &[Part]) -> bool {
    parts.iter().any(|part| matches!(part, Part::Hole(..)))
}

#[cfg(test)]
mod tests {
    use super::Escape;

    #[test]
    fn a_secret_cannot_break_out_of_its_place() {
        assert_eq!(Escape::Json.apply("a\"b\\c\n\u{1}ü"), r#""a\"b\\c\n\u0001ü""#);
        assert_eq!(Escape::Form.apply("a&b=c d+ü"), "a%26b%3Dc+d%2B%C3%BC");
        assert_eq!(Escape::None.apply("a&b"), "a&b");
    }
}
