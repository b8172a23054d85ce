//! Bodies in parts: `multipart/form-data`, fields and files, as HTML forms send them.

use std::sync::Arc;

use dsl::catalog::Failure;
use dsl::value::{File, Hash, UNKNOWN, Value};
use egress::{Escape, Text};

use super::body::Writer;
use super::build::{invalid, text};
use crate::builtin::file::file;
use crate::contents::Contents;
use crate::params::Params;

/// The body of these parts and its content type.
///
/// A part is a value, a file as it flows through a run, or `{ content, filename, type }`, its content a text or a
/// file. Where `filename` and `type` are not given, they are the file's own.
pub(crate) fn build(parts: &Params, contents: &Contents, out: &mut Writer) -> Result<String, Failure> {
    let boundary = boundary(parts);
    for (name, value) in parts.entries() {
        let path = format!("multipart.{name}");
        out.push(&format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"", quoted(name)));
        match value {
            Value::File(content) => {
                let name = content.name.as_deref().unwrap_or(name);
                head(name, &content.media_type, out);
                out.part(contents.part(content)?);
            }
            Value::Object(part) => {
                let field = |key: &str| part.get(key).map(|value| line(&format!("{path}.{key}"), value));
                if let Some(known) =
                    part.keys().find(|key| !matches!(&***key, "content" | "filename" | "type"))
                {
                    return Err(invalid(&format!(
                        "`{path}` has no key `{known}`, only `content`, `filename` and `type`"
                    )));
                }
                let path = format!("{path}.content");
                let Some(content) = part.get("content") else {
                    return Err(invalid(&format!("`{path}` is missing")));
                };
                let content = match content {
                    Value::File(_) | Value::Object(_) => Content::File(file(&path, content)?),
                    other => Content::Text(other),
                };
                let (known_name, known_type) = match &content {
                    Content::File(file) => (file.name.as_deref(), &*file.media_type),
                    Content::Text(_) => (None, UNKNOWN),
                };
                let filename = field("filename").transpose()?;
                let kind = field("type").transpose()?;
                head(
                    filename.as_deref().or(known_name).unwrap_or(name),
                    kind.as_deref().unwrap_or(known_type),
                    out,
                );
                match content {
                    Content::File(file) => out.part(contents.part(&file)?),
                    Content::Text(value) => value_of(&path, value, out)?,
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

/// What stands in a part that is a file.
enum Content<'a> {
    File(Arc<File>),
    Text(&'a Value),
}

/// The rest of the head of a part that is a file.
fn head(filename: &str, kind: &str, out: &mut Writer) {
    let kind = kind.replace(['\r', '\n', '\0'], "");
    out.push(&format!("; filename=\"{}\"\r\ncontent-type: {kind}\r\n\r\n", quoted(filename)));
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
