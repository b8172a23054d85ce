//! Bodies: JSON, forms with nested names, documents of GraphQL, parts, text and files. Secrets stay holes in them.

use std::sync::Arc;

use dsl::catalog::Failure;
use dsl::value::{File, Hash, Object, Value};
use egress::{Escape, Part, Text};

use super::fill::{self, Names};
use crate::builtin::file::file as file_of;
use crate::builtin::http::body::{Writer, encoded, json, raw};
use crate::builtin::http::build::{invalid, text};
use crate::builtin::http::multipart;
use crate::contents::Contents;
use crate::manifest::request::{Body, Lists};
use crate::params::Params;

/// A body and its content type.
type Built = (Vec<Part>, Option<String>);

/// Makes the body that a manifest describes, with further fields by the keys on the way to them.
pub(super) fn build(
    body: &Body,
    more: &[(Vec<String>, Value)],
    lists: Lists,
    names: &Names,
    contents: &Contents,
) -> Result<Built, Failure> {
    match body {
        Body::Form(arg) => {
            let value = with(fill::value(arg, names)?, more)?;
            let mut pairs = vec![];
            flat("", &value, lists, &mut pairs)?;
            let mut out = Writer::default();
            for (at, (name, value)) in pairs.into_iter().enumerate() {
                out.push(if at > 0 { "&" } else { "" });
                out.push(&encoded(&name));
                out.push("=");
                match value {
                    Text::Plain(text) => out.push(&encoded(&text)),
                    Text::Hole(hole) => out.hole(hole, Escape::Form),
                }
            }
            Ok((out.parts(), Some("application/x-www-form-urlencoded".into())))
        }
        Body::Graphql { query, variables } => {
            let mut value = Object::new();
            value.insert("query".into(), Value::text(query.as_str()));
            if let Some(variables) = variables {
                let empty = || Value::Object(Arc::default());
                value.insert("variables".into(), fill::value(variables, names)?.unwrap_or_else(empty));
            }
            Ok(as_json(&with(Some(Value::Object(Arc::new(value))), more)?))
        }
        Body::Json(arg) => match (fill::value(arg, names)?, more) {
            (Some(value), []) => Ok(as_json(&value)),
            (value, more) => Ok(as_json(&with(value, more)?)),
        },
        Body::None if more.is_empty() => Ok((vec![], None)),
        Body::None => Ok(as_json(&with(None, more)?)),
        Body::Bytes(_) | Body::Text(_) | Body::Multipart(_) | Body::Related { .. } if !more.is_empty() => {
            Err(invalid("a body without fields cannot carry one"))
        }
        Body::Bytes(arg) => match fill::value(arg, names)? {
            Some(value) => raw(&value, contents),
            None => Ok((vec![], None)),
        },
        Body::Text(arg) => match fill::value(arg, names)? {
            Some(value) => raw(&value, contents),
            None => Ok((vec![], None)),
        },
        Body::Multipart(arg) => {
            let Some(Value::Object(entries)) = fill::value(arg, names)? else { return Ok((vec![], None)) };
            let mut out = Writer::default();
            let kind = multipart::build(&Params::of((*entries).clone()), contents, &mut out)?;
            Ok((out.parts(), Some(kind)))
        }
        Body::Related { json, file } => match fill::value(file, names)? {
            Some(content) => {
                let value = fill::value(json, names)?.unwrap_or_else(|| Value::Object(Arc::default()));
                related(&value, &*file_of("related.file", &content)?, contents)
            }
            None => Ok((vec![], None)),
        },
    }
}

/// Two parts that belong together: what is said of a file, and the file. The line between them is the hash of both, so
/// that the same call has the same body.
fn related(value: &Value, file: &File, contents: &Contents) -> Result<Built, Failure> {
    let both = Value::list(vec![value.clone(), Value::File(Arc::new(file.clone()))]);
    let boundary = format!("keyway-{}", &Hash::of(&both.stored()).to_string()[..40]);
    let mut out = Writer::default();
    out.push(&format!("--{boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n"));
    json(value, &mut out);
    let kind = file.media_type.replace(['\r', '\n', '\0'], "");
    out.push(&format!("\r\n--{boundary}\r\ncontent-type: {kind}\r\n\r\n"));
    out.part(contents.part(file)?);
    out.push(&format!("\r\n--{boundary}--\r\n"));
    Ok((out.parts(), Some(format!("multipart/related; boundary={boundary}"))))
}

fn as_json(value: &Value) -> Built {
    let mut out = Writer::default();
    json(value, &mut out);
    (out.parts(), Some("application/json".into()))
}

/// An object, be it empty, with further fields.
fn with(value: Option<Value>, more: &[(Vec<String>, Value)]) -> Result<Value, Failure> {
    let mut object = match value {
        Some(Value::Object(entries)) => (*entries).clone(),
        None => Object::new(),
        Some(other) => {
            let kind = other.type_name();
            return Err(invalid(&format!("a body that is a {kind} has no fields")));
        }
    };
    for (way, value) in more {
        put(&mut object, way, value.clone());
    }
    Ok(Value::Object(Arc::new(object)))
}

fn put(object: &mut Object, way: &[String], value: Value) {
    match way {
        [] => {}
        [last] => {
            object.insert(last.as_str().into(), value);
        }
        [first, rest @ ..] => {
            let mut inner = match object.get(first.as_str()) {
                Some(Value::Object(entries)) => (**entries).clone(),
                _ => Object::new(),
            };
            put(&mut inner, rest, value);
            object.insert(first.as_str().into(), Value::Object(Arc::new(inner)));
        }
    }
}

/// Names and values of a form or query, nested ones in brackets. Null has no form and is left out.
pub(super) fn flat(
    path: &str,
    value: &Value,
    lists: Lists,
    out: &mut Vec<(String, Text)>,
) -> Result<(), Failure> {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries.iter() {
                let name = if path.is_empty() { name.to_string() } else { format!("{path}[{name}]") };
                flat(&name, value, lists, out)?;
            }
            Ok(())
        }
        Value::List(items) if lists == Lists::Commas => {
            let texts = items.iter().map(|item| match text(path, item)? {
                Some(Text::Plain(text)) => Ok(text),
                Some(Text::Hole(_)) => Err(crate::params::no_secret(path)),
                None => Ok(String::new()),
            });
            let texts = texts.collect::<Result<Vec<_>, Failure>>()?;
            out.push((path.into(), Text::Plain(texts.join(","))));
            Ok(())
        }
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                let nested = matches!(item, Value::Object(_) | Value::List(_));
                let name = match lists {
                    Lists::Indexed => format!("{path}[{at}]"),
                    Lists::Brackets => format!("{path}[]"),
                    Lists::Repeated | Lists::Commas if nested => format!("{path}[{at}]"),
                    Lists::Repeated | Lists::Commas => path.to_owned(),
                };
                flat(&name, item, lists, out)?;
            }
            Ok(())
        }
        value => {
            if let Some(text) = text(path, value)? {
                out.push((path.into(), text));
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flattened(lists: Lists) -> String {
        let item = Value::object([("price", Value::text("p_1"))]);
        let value = Value::object([
            ("a", Value::list(vec![Value::Int(1), Value::Int(2)])),
            ("items", Value::list(vec![item])),
            ("metadata", Value::object([("k", Value::text("v"))])),
            ("none", Value::Null),
        ]);
        let mut pairs = vec![];
        flat("", &value, lists, &mut pairs).unwrap();
        let shown = pairs.iter().map(|(name, value)| match value {
            Text::Plain(text) => format!("{name}={text}"),
            Text::Hole(_) => format!("{name}=***"),
        });
        shown.collect::<Vec<_>>().join("&")
    }

    #[test]
    fn nested_names_stand_in_brackets_and_lists_as_the_service_wants_them() {
        assert_eq!(flattened(Lists::Indexed), "a[0]=1&a[1]=2&items[0][price]=p_1&metadata[k]=v");
        assert_eq!(flattened(Lists::Brackets), "a[]=1&a[]=2&items[][price]=p_1&metadata[k]=v");
        assert_eq!(flattened(Lists::Repeated), "a=1&a=2&items[0][price]=p_1&metadata[k]=v");
    }

    #[test]
    fn a_field_is_put_where_its_way_leads() {
        let start = Value::object([("query", Value::text("q"))]);
        let way = vec!["variables".to_owned(), "after".to_owned()];
        let value = with(Some(start), &[(way, Value::text("c"))]).unwrap();
        assert_eq!(value.to_json().to_string(), r#"{"query":"q","variables":{"after":"c"}}"#);
    }
}
