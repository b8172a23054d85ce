//! Bodies with holes: a secret in one stays a hole, and knows what its place does to text.

use bytes::Bytes;
use dsl::catalog::Failure;
use dsl::value::Value;
use egress::{Escape, Part, Text};
use secret::Hole;

use super::build::{invalid, text};
use super::multipart;
use crate::builtin::file::file;
use crate::contents::Contents;
use crate::params::Params;

/// The body that the parameters describe, and its content type.
pub(crate) fn build(params: &Params, contents: &Contents) -> Result<(Vec<Part>, Option<String>), Failure> {
    match (params.get("json"), params.object("form"), params.get("body"), params.object("multipart")) {
        (None, None, None, None) => Ok((vec![], None)),
        (Some(value), None, None, None) => {
            let mut out = Writer::default();
            json(value, &mut out);
            Ok((out.parts(), Some("application/json".into())))
        }
        (None, Some(fields), None, None) => {
            Ok((form(&fields)?, Some("application/x-www-form-urlencoded".into())))
        }
        (None, None, Some(value), None) => raw(value, contents),
        (None, None, None, Some(parts)) => {
            let mut out = Writer::default();
            let kind = multipart::build(&parts, contents, &mut out)?;
            Ok((out.parts(), Some(kind)))
        }
        _ => Err(invalid("only one of `json`, `form`, `body` and `multipart` may be given")),
    }
}

/// A hole of the language as one that can be filled.
pub(crate) fn hole(hole: &dsl::value::Hole) -> Hole {
    use dsl::value::Hole as From;
    let inner = |part: &From| Box::new(self::hole(part));
    match hole {
        From::Name(name) => Hole::Name(name.clone()),
        From::Plain(text) => Hole::Plain(text.clone()),
        From::Join(parts) => Hole::Join(parts.iter().map(self::hole).collect()),
        From::Base64(part) => Hole::Base64(inner(part)),
        From::Hmac(key, message) => Hole::Hmac(inner(key), inner(message)),
    }
}

/// Bytes with holes between them.
#[derive(Default)]
pub(crate) struct Writer {
    done: Vec<Part>,
    bytes: Vec<u8>,
}

impl Writer {
    /// Adds text as it is.
    pub(crate) fn push(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds the place of a secret.
    pub(crate) fn hole(&mut self, hole: Hole, escape: Escape) {
        self.part(Part::Hole(hole, escape));
    }

    /// Adds a part as it is.
    pub(crate) fn part(&mut self, part: Part) {
        if !self.bytes.is_empty() {
            self.done.push(Part::Plain(std::mem::take(&mut self.bytes).into()));
        }
        self.done.push(part);
    }

    /// What was written.
    pub(crate) fn parts(mut self) -> Vec<Part> {
        // No part at all would be no body.
        if !self.bytes.is_empty() || self.done.is_empty() {
            self.done.push(Part::Plain(self.bytes.into()));
        }
        self.done
    }
}

/// A value as JSON, with its holes.
pub(crate) fn json(value: &Value, out: &mut Writer) {
    match value {
        Value::Hole(inner) => out.hole(hole(inner), Escape::Json),
        Value::List(items) => {
            out.push("[");
            for (at, item) in items.iter().enumerate() {
                out.push(if at > 0 { "," } else { "" });
                json(item, out);
            }
            out.push("]");
        }
        Value::Object(entries) => {
            out.push("{");
            for (at, (name, value)) in entries.iter().enumerate() {
                out.push(if at > 0 { "," } else { "" });
                out.push(&serde_json::Value::from(&**name).to_string());
                out.push(":");
                json(value, out);
            }
            out.push("}");
        }
        other => out.push(&other.to_json().to_string()),
    }
}

fn form(fields: &Params) -> Result<Vec<Part>, Failure> {
    let mut out = Writer::default();
    let mut first = true;
    let mut pair = |name: &str, path: &str, value: &Value| -> Result<(), Failure> {
        let Some(value) = text(path, value)? else { return Ok(()) };
        out.push(if std::mem::take(&mut first) { "" } else { "&" });
        out.push(&encoded(name));
        out.push("=");
        match value {
            Text::Plain(text) => out.push(&encoded(&text)),
            Text::Hole(hole) => out.hole(hole, Escape::Form),
        }
        Ok(())
    };
    for (name, value) in fields.entries() {
        match value {
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    pair(name, &format!("form.{name}[{at}]"), item)?;
                }
            }
            value => pair(name, &format!("form.{name}"), value)?,
        }
    }
    Ok(out.parts())
}

/// A text as one name or value of a form.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A body as it is, and its content type.
pub(crate) fn raw(value: &Value, contents: &Contents) -> Result<(Vec<Part>, Option<String>), Failure> {
    match value {
        Value::File(_) | Value::Object(_) => {
            let file = file("body", value)?;
            Ok((vec![contents.part(&file)?], Some(file.media_type.to_string())))
        }
        value => {
            let part = match text("body", value)? {
                Some(Text::Hole(hole)) => Part::Hole(hole, Escape::None),
                Some(Text::Plain(text)) => Part::Plain(text.into()),
                None => Part::Plain(Bytes::new()),
            };
            Ok((vec![part], Some("text/plain; charset=utf-8".into())))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn json_with_holes_is_cut_at_them() {
        let secret = Value::Hole(Arc::new(dsl::value::Hole::Name("X".into())));
        let value = Value::object([("a\"", Value::list(vec![Value::Int(1), secret])), ("b", Value::Null)]);
        let mut out = Writer::default();
        json(&value, &mut out);
        let parts = out.parts();
        let [Part::Plain(before), Part::Hole(Hole::Name(name), Escape::Json), Part::Plain(after)] =
            &parts[..]
        else {
            panic!("{parts:?}")
        };
        assert_eq!(
            (&before[..], name.as_str(), &after[..]),
            (&br#"{"a\"":[1,"#[..], "X", &br#"],"b":null}"#[..])
        );
    }
}
