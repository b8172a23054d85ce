//! Bodies in parts: `multipart/form-data`, fields and files, as HTML forms send them.

use dsl::catalog::Failure;
use dsl::value::{Hash, Value};
use egress::{Escape, Text};

use super::body::Writer;
use super::build::{invalid, text};
use crate::builtin::file::value_bytes;
use crate::params::Params;

/// The body of these parts and its content type.
///
/// A part is a value, or a file: `{ content, filename, type }`, its content a text or bytes.
pub(super) fn build(parts: &Params, out: &mut Writer) -> Result<String, Failure> {
    let boundary = boundary(parts);
    for (name, value) in parts.entries() {
        let path = format!("multipart.{name}");
        out.push(&format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"", quoted(name)));
        match value {
            Value::Object(file) => {
                let field = |key: &str| file.get(key).map(|value| line(&format!("{path}.{key}"), value));
                if let Some(known) =
                    file.keys().find(|key| !matches!(&***key, "content" | "filename" | "type"))
                {
                    return Err(invalid(&format!(
                        "`{path}` has no key `{known}`, only `content`, `filename` and `type`"
                    )));
                }
                let filename = field("filename").unwrap_or_else(|| Ok(name.to_owned()))?;
                let kind = field("type").unwrap_or_else(|| Ok("application/octet-stream".into()))?;
                out.push(&format!("; filename=\"{}\"\r\ncontent-type: {kind}\r\n\r\n", quoted(&filename)));
                match file.get("content") {
                    Some(bytes @ Value::Object(_)) => {
                        out.bytes(&value_bytes(&format!("{path}.content"), bytes)?)
                    }
                    Some(content) => value_of(&format!("{path}.content"), content, out)?,
                    None => return Err(invalid(&format!("`{path}.content` is missing"))),
                }
            }
            value => {
                out.push("\r\n\r\n");
                value_of(&path, value, out)?;
            }
        }
        out.push("\r\n");
    }
    out.push(&format!("--{boundary}--\r\n"));
    Ok(format!("multipart/form-data; boundary={boundary}"))
}

fn value_of(path: &str, value: &Value, out: &mut Writer) -> Result<(), Failure> {
    match text(path, value)? {
        Some(Text::Plain(text)) => out.push(&text),
        Some(Text::Hole(hole)) => out.hole(hole, Escape::None),
        None => {}
    }
    Ok(())
}

/// A text that stands in the head of a part: one line, no secret.
fn line(path: &str, value: &Value) -> Result<String, Failure> {
    match text(path, value)? {
        Some(Text::Plain(text)) if !text.contains(['\r', '\n', '\0']) => Ok(text),
        _ => Err(invalid(&format!("`{path}` has to be one line of text"))),
    }
}

/// As the standard for HTML forms writes names within quotes.
fn quoted(text: &str) -> String {
    text.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

/// A line that stands in no part: the hash of all of them. The same parts give the same body, so that a call
/// that is made again with its key is the same call.
fn boundary(parts: &Params) -> String {
    let mut all = vec![];
    for (name, value) in parts.entries() {
        all.extend_from_slice(name.as_bytes());
        all.extend(value.stored());
    }
    format!("keyway-{}", &Hash::of(&all).to_string()[..40])
}
