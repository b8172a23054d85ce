//! What was said in a call, before anybody knows who it is.

use bytes::Bytes;
use dsl::value::{Object, Value};
use secret::Secret;
use url::form_urlencoded;

use super::Refused;
use crate::builtin::http::answer::{Content, content, joined, parse};

/// The headers that are never kept: they hold what proves who calls.
pub const KEPT_OUT: [&str; 5] =
    ["authorization", "cookie", "proxy-authorization", "x-api-key", "x-gitlab-token"];

/// What was said in a call.
#[derive(Clone, Debug)]
pub struct Said {
    /// The method, in capitals.
    pub method: String,
    /// The address that the sender was told, letter by letter: some sign it too. Its last part is a secret.
    pub url: Secret,
    /// The headers, with names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The body as it came.
    pub raw: Bytes,
}

impl Said {
    /// A header that is there once; nothing where it is not there or there twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// The body: JSON as a value, a form as an object, text as text, else a file. What is not what it claims to be is a
    /// text or a file.
    pub fn body(&self) -> Value {
        let kind = self.header("content-type").unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return pairs(form_urlencoded::parse(&self.raw).map(|(name, value)| (name.into(), value.into())));
        }
        let told = content(kind, self.header("content-encoding").unwrap_or_default());
        // Some send JSON without a word about it.
        let told = match told {
            Content::Bytes(kind) if kind == dsl::value::UNKNOWN => Content::Json,
            told => told,
        };
        match (parse(&told, &self.raw), std::str::from_utf8(&self.raw)) {
            (Ok(body), _) => body,
            (Err(_), Ok(text)) => Value::text(text),
            (Err(_), Err(_)) => Value::File(dsl::value::File::new(&self.raw[..], dsl::value::UNKNOWN).into()),
        }
    }

    /// The headers that may be kept: not those in which somebody proves who they are, and none of these.
    pub fn kept_headers(&self, out: &[String]) -> Value {
        let kept = |name: &str| {
            !KEPT_OUT.contains(&name) && !name.contains("signature") && out.iter().all(|out| out != name)
        };
        let kept: Vec<(String, String)> =
            self.headers.iter().filter(|(name, _)| kept(name)).cloned().collect();
        Value::Object(joined(&kept).into())
    }

    /// The query as an object; of a name that comes more than once the last counts.
    pub fn query(&self) -> Value {
        pairs(self.query.iter().cloned())
    }

    /// As manifests see it.
    pub(super) fn value(&self) -> Result<Value, Refused> {
        let raw = std::str::from_utf8(&self.raw)
            .map_err(|_| Refused::Unreadable("its body is not UTF-8".into()))?;
        Ok(Value::object([
            ("method", Value::text(self.method.as_str())),
            ("url", Value::text(self.url.expose())),
            ("headers", Value::Object(joined(&self.headers).into())),
            ("query", self.query()),
            ("body", self.body()),
            ("raw", Value::text(raw)),
        ]))
    }
}

fn pairs(found: impl Iterator<Item = (String, String)>) -> Value {
    let mut object = Object::new();
    for (name, value) in found {
        object.insert(name.into(), Value::text(value));
    }
    Value::Object(object.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str, raw: &'static [u8]) -> Said {
        let headers = [("content-type", kind), ("authorization", "Bearer x"), ("x-hub-signature-256", "y")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let url = Secret::new("https://keyway.example/hooks/kwh_1".into());
        Said { method: "POST".into(), url, headers, query: vec![], raw: Bytes::from_static(raw) }
    }

    #[test]
    fn a_body_is_what_its_header_says_or_else_a_text() {
        let shown = |kind: &str, raw| said(kind, raw).body().to_json().to_string();
        assert_eq!(shown("application/json", b"{\"a\":1}"), r#"{"a":1}"#);
        assert_eq!(shown("application/json", b"{\"a\":"), r#""{\"a\":""#);
        assert_eq!(shown("application/x-www-form-urlencoded", b"a=1&b=x%20y"), r#"{"a":"1","b":"x y"}"#);
        assert_eq!(shown("", b"{\"a\":1}"), r#"{"a":1}"#);
        assert_eq!(shown("text/plain", b"hi"), r#""hi""#);
        assert_eq!(shown("application/json", b""), "null");
        assert!(matches!(said("image/png", b"\xff\xfe").body(), Value::File(_)));
    }

    #[test]
    fn what_proves_who_calls_is_not_kept() {
        let mut said = said("text/plain", b"");
        said.headers.push(("x-own".into(), "secret".into()));
        let kept = said.kept_headers(&["x-own".to_owned()]).to_json().to_string();
        assert_eq!(kept, r#"{"content-type":"text/plain"}"#);
    }
}
