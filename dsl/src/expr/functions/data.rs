//! Functions that read and write data formats, and those that ask what a value is.

use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::csv::{parse_csv, write_csv};
use super::shape::{ANY, BYTES, INTEGERS, SHOWN, Shape, TEXTS, Wants};
use super::{Function, optional, value, yaml};
use crate::expr::Halt;
use crate::expr::call::Call;
use crate::expr::fault::named;
use crate::types::Type;
use crate::value::{Hole, Value};

/// What `type` can answer.
const NAMES_OF_TYPES: [&str; 11] = [
    "null", "boolean", "integer", "number", "string", "list", "object", "time", "duration", "bytes", "secret",
];

const ENCODED: Wants =
    &[Shape::String, Shape::Number, Shape::Boolean, Shape::Time, Shape::Duration, Shape::Null, Shape::Object];
const OPTIONS: Wants = &[Shape::Object, Shape::String, Shape::Null];
const ROWS: Wants = &[Shape::List(&[Shape::Object, Shape::List(ANY)])];

pub const DATA: &[Function] = &[
    Function {
        name: "base64",
        parameters: &[value("of", BYTES)],
        gives: |_| Type::String,
        about: "The bytes of a text or a file in Base64; a secret stays one.",
        example: "base64('Ada:x') => 'QWRhOng='",
        body: |call| match call.any(0) {
            Value::Hole(hole) => Ok(Value::Hole(Arc::new(Hole::Base64(Box::new((*hole).clone()))))),
            _ => Ok(Value::text(STANDARD.encode(call.bytes(0)?))),
        },
    },
    Function {
        name: "csv",
        parameters: &[value("rows", ROWS), optional("options", OPTIONS)],
        gives: |_| Type::String,
        about: "Rows as CSV: objects with a header of their keys, or lists without one. `{ delimiter, header }` are \
                possible.",
        example: "csv([{ a: 1, b: 'x, y' }]) => 'a,b\\n1,\"x, y\"\\n'",
        body: write_csv,
    },
    Function {
        name: "default",
        parameters: &[value("value", ANY), value("instead", ANY)],
        gives: |given| given.at(0).without_null().into_owned().or(given.at(1)),
        about: "The value, or another where it is null.",
        example: "null | default(3) => 3",
        body: |call| {
            let value = call.any(0);
            Ok(if value.is_null() { call.any(1) } else { value })
        },
    },
    Function {
        name: "html",
        parameters: &[value("text", SHOWN)],
        gives: |_| Type::String,
        about: "The text as it may stand in HTML, also within quotes.",
        example: "html('<a & b>') => '&lt;a &amp; b&gt;'",
        body: |call| {
            escaped(call, |char| match char {
                '&' => Some("&amp;"),
                '<' => Some("&lt;"),
                '>' => Some("&gt;"),
                '"' => Some("&quot;"),
                '\'' => Some("&#39;"),
                _ => None,
            })
        },
    },
    Function {
        name: "json",
        parameters: &[value("value", ANY), optional("indent", INTEGERS)],
        gives: |_| Type::String,
        about: "The value as JSON: compact, or with so many blanks for each level.",
        example: "json({ a: [1, 'x'] }) => '{\"a\":[1,\"x\"]}'",
        body: json,
    },
    Function {
        name: "json_ascii",
        parameters: &[value("value", ANY)],
        gives: |_| Type::String,
        about: "The value as compact JSON in ASCII alone, as it may stand in a header.",
        example: "json_ascii('ä') => '\"\\\\u00e4\"'",
        body: json_ascii,
    },
    Function {
        name: "markdown_text",
        parameters: &[value("text", SHOWN)],
        gives: |_| Type::String,
        about: "The text as it may stand in Markdown without meaning anything there.",
        example: "markdown_text('*a*') => '\\\\*a\\\\*'",
        body: |call| {
            let text = call.shown_argument(0)?;
            let mut plain = String::with_capacity(text.len());
            for char in text.chars() {
                if matches!(
                    char,
                    '\\' | '`'
                        | '*'
                        | '_'
                        | '{'
                        | '}'
                        | '['
                        | ']'
                        | '<'
                        | '>'
                        | '('
                        | ')'
                        | '#'
                        | '+'
                        | '-'
                        | '!'
                        | '|'
                        | '~'
                        | '&'
                        | '='
                        | '.'
                ) {
                    plain.push('\\');
                }
                plain.push(char);
            }
            Ok(Value::text(plain))
        },
    },
    Function {
        name: "parse_csv",
        parameters: &[value("text", TEXTS), optional("options", OPTIONS)],
        gives: |given| Type::list(if given.has(1) { Type::Any } else { Type::AnyObject }),
        about: "The rows of CSV as objects of texts, by the header; `{ delimiter: ';', header: false }` are possible, \
                and without a header rows are lists.",
        example: "parse_csv('a,b\\n1,2\\n') => [{ a: '1', b: '2' }]",
        body: parse_csv,
    },
    Function {
        name: "parse_json",
        parameters: &[value("text", TEXTS)],
        gives: |_| Type::Any,
        about: "The value of a text in JSON. Integers beyond 64 bits stay text.",
        example: "parse_json('{\"a\":[1,2.5]}') => { a: [1, 2.5] }",
        body: |call| {
            let text = call.text(0)?;
            crate::json::parse(&text).map_err(|fault| call.fail(format!("this is no JSON: {fault}")))
        },
    },
    Function {
        name: "secret",
        parameters: &[value("name", TEXTS)],
        gives: |_| Type::String,
        about: "The place of a secret; it is filled in when a call leaves the process.",
        example: "type(secret('TOKEN')) => 'secret'",
        body: |call| Ok(Value::Hole(Arc::new(Hole::Name(call.text(0)?.to_string())))),
    },
    Function {
        name: "type",
        parameters: &[value("value", ANY)],
        gives: |_| Type::Enum(NAMES_OF_TYPES.map(String::from).to_vec()),
        about: "The name of the value's type.",
        example: "type([]) => 'list'",
        body: |call| Ok(Value::text(call.any(0).type_name())),
    },
    Function {
        name: "unbase64",
        parameters: &[value("text", TEXTS)],
        gives: |_| Type::String,
        about: "The text whose bytes these are in Base64, with or without padding, also the kind for addresses.",
        example: "unbase64('QWRhOng=') => 'Ada:x'",
        body: |call| {
            let text: String = call.text(0)?.split_whitespace().collect();
            let bytes = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
                .iter()
                .find_map(|engine| engine.decode(&text).ok())
                .ok_or_else(|| call.fail("this is no Base64"))?;
            String::from_utf8(bytes).map(Value::text).map_err(|_| call.fail("the bytes are no text in UTF-8"))
        },
    },
    Function {
        name: "url_decode",
        parameters: &[value("text", TEXTS)],
        gives: |_| Type::String,
        about: "The text with its `%41` read.",
        example: "url_decode('a%20%26') => 'a &'",
        body: |call| {
            let text = call.text(0)?;
            let decoded = percent_decode_str(&text).decode_utf8();
            decoded.map(|text| Value::text(&*text)).map_err(|_| call.fail("the bytes are no text in UTF-8"))
        },
    },
    Function {
        name: "url_encode",
        parameters: &[value("value", ENCODED)],
        gives: |_| Type::String,
        about: "The value as it may stand in one place of a URL; an object as a query.",
        example: "url_encode('a &') + '?' + url_encode({ q: 'a b', n: 1 }) => 'a%20%26?q=a%20b&n=1'",
        body: |call| match call.any(0) {
            Value::Object(entries) => {
                let mut query = String::new();
                for (key, value) in entries.iter() {
                    let between = if query.is_empty() { "" } else { "&" };
                    let value = call.shown(value)?;
                    let _ = write!(query, "{between}{}={}", percent_encoded(key), percent_encoded(&value));
                    call.within_bounds(query.len())?;
                }
                Ok(Value::text(query))
            }
            _ => {
                let text = call.shown_argument(0)?;
                Ok(Value::text(percent_encoded(&text)))
            }
        },
    },
    Function {
        name: "yaml",
        parameters: &[value("value", ANY)],
        gives: |_| Type::String,
        about: "The value as YAML.",
        example: "yaml({ a: [1, 'x: y'], b: null }) => 'a:\\n  - 1\\n  - \"x: y\"\\nb: null\\n'",
        body: |call| {
            let value = call.any(0);
            let value = call.machine.whole(&value)?;
            call.without_holes(&value)?;
            let text = yaml::write(&value).map_err(|error| call.fail(&error))?;
            call.within_bounds(text.len())?;
            Ok(Value::text(text))
        },
    },
];

/// What stands in a URL as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as it may stand in one segment of a path, or as one value of a query.
pub(crate) fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

fn json(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let value = call.any(0);
    let value = call.machine.whole(&value)?;
    call.without_holes(&value)?;
    let json = value.to_json();
    if !call.has(1) {
        return Ok(Value::text(json.to_string()));
    }
    let indent = call.size(1)?.min(8);
    let mut text = vec![];
    let blanks = " ".repeat(indent);
    let format = serde_json::ser::PrettyFormatter::with_indent(blanks.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut text, format);
    serde::Serialize::serialize(&json, &mut writer).map_err(|fault| call.fail(fault.to_string()))?;
    call.within_bounds(text.len())?;
    Ok(Value::text(String::from_utf8(text).unwrap_or_default()))
}

fn json_ascii(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let written = json(call)?;
    let text = written.as_text().unwrap_or_default();
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, ' '..='~') {
            plain.push(char);
            continue;
        }
        // Beyond 16 bits a character is two of JSON's.
        for unit in char.encode_utf16(&mut [0; 2]) {
            plain.push_str(&format!("\\u{unit:04x}"));
        }
    }
    call.within_bounds(plain.len())?;
    Ok(Value::text(plain))
}

fn escaped(call: &mut Call<'_, '_>, by: fn(char) -> Option<&'static str>) -> Result<Value, Halt> {
    let text = call.shown_argument(0)?;
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        match by(char) {
            Some(escape) => plain.push_str(escape),
            None => plain.push(char),
        }
    }
    call.within_bounds(plain.len())?;
    Ok(Value::text(plain))
}

impl Call<'_, '_> {
    /// An argument as it is rendered within text.
    fn shown_argument(&mut self, at: usize) -> Result<String, Halt> {
        match self.any(at) {
            value @ (Value::List(_) | Value::Object(_)) => Err(self
                .fail(format!("a text is wanted, found {} (`json(x)` makes a text of it)", named(&value)))),
            value => self.shown(&value),
        }
    }
}
