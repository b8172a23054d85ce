//! Which of the kinds of content of a body is taken: of what is sent one that a manifest can make, of what is given one
//! that a workflow can read.

use dsl::types::{Field, Type};
use serde_json::Value as Json;

use super::description::{Answer, AnswerKind, Body, BodyKind, Style};
use super::schema::{Schemas, Side};
use super::text;

/// What a content type is to us.
fn kind(media: &str) -> Option<BodyKind> {
    let plain = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match plain.as_str() {
        "application/x-www-form-urlencoded" => Some(BodyKind::Form),
        "multipart/form-data" => Some(BodyKind::Multipart),
        json if json.ends_with("/json") || json.ends_with("+json") => Some(BodyKind::Json),
        xml if xml.ends_with("xml") => None,
        words if words.starts_with("text/") => Some(BodyKind::Text),
        "multipart/related" | "multipart/mixed" => None,
        _ => Some(BodyKind::Bytes),
    }
}

/// The body that an operation takes: JSON first, then a form, then parts.
///
/// # Errors
/// Where it takes nothing that a manifest can make, and must be given.
pub(super) fn sent<'a>(schemas: &Schemas<'a>, node: &'a Json) -> Result<Option<Body>, String> {
    let required = node.get("required").and_then(Json::as_bool).unwrap_or(false);
    let Some(Json::Object(all)) = node.get("content") else { return Ok(None) };
    let order = [BodyKind::Json, BodyKind::Form, BodyKind::Multipart, BodyKind::Text, BodyKind::Bytes];
    let found =
        order.into_iter().find_map(|wanted| all.iter().find(|(media, _)| kind(media) == Some(wanted)));
    // Plain JSON before JSON of a vendor.
    let found = all.iter().find(|(media, _)| media.as_str() == "application/json").or(found);
    let Some((media, content)) = found else {
        return match all.keys().next() {
            Some(media) if required => Err(format!("it takes `{}` alone", text::short(media))),
            _ => Ok(None),
        };
    };
    let kind = kind(media).unwrap_or(BodyKind::Bytes);
    let none = &Json::Null;
    let shape = schemas.read(content.get("schema").unwrap_or(none), Side::Sent);
    let told = text::sentence(node.get("description").and_then(Json::as_str).unwrap_or_default());
    let about = if told.is_empty() { shape.field.about.clone() } else { told };
    let encodings = content.get("encoding").and_then(Json::as_object).into_iter().flatten();
    let deep =
        encodings.clone().any(|(_, node)| node.get("style").and_then(Json::as_str) == Some("deepObject"));
    let lists = if deep { Style::Brackets } else { Style::Repeated };
    let field = Field { about, ..shape.field };
    Ok(Some(Body { kind, media: media.clone(), required, field, open: shape.open, lists }))
}

/// What an operation gives, by its kinds of content.
pub(super) fn given<'a>(schemas: &Schemas<'a>, content: Option<&'a Json>) -> Answer {
    let nothing = Answer { kind: AnswerKind::Nothing, ty: Type::Null, links: false };
    let Some(Json::Object(all)) = content else { return nothing };
    if all.is_empty() {
        return nothing;
    }
    let of = |wanted: BodyKind| all.iter().find(|(media, _)| kind(media) == Some(wanted));
    let json =
        all.iter().find(|(media, _)| media.as_str() == "application/json").or_else(|| of(BodyKind::Json));
    let none = &Json::Null;
    match json {
        Some((_, content)) => of_schema(schemas, content.get("schema").unwrap_or(none)),
        // A kind that is left open is JSON where its schema is an object or a list.
        None => match all.iter().find(|(media, _)| media.as_str() == "*/*") {
            Some((_, content)) if content.get("schema").is_some() => {
                of_schema(schemas, content.get("schema").unwrap_or(none))
            }
            _ => match (of(BodyKind::Text), all.keys().all(|media| media.contains("xml"))) {
                (Some(_), _) | (None, true) => {
                    Answer { kind: AnswerKind::Text, ty: Type::String, links: false }
                }
                (None, false) => Answer { kind: AnswerKind::Bytes, ty: Type::Bytes, links: false },
            },
        },
    }
}

/// What is given, by its schema.
pub(super) fn of_schema<'a>(schemas: &Schemas<'a>, schema: &'a Json) -> Answer {
    let ty = schemas.read(schema, Side::Given).field.ty;
    let bytes = matches!(&ty, Type::Bytes) || matches!(&ty, Type::Nullable(inner) if **inner == Type::Bytes);
    if bytes {
        return Answer { kind: AnswerKind::Bytes, ty: Type::Bytes, links: false };
    }
    Answer { kind: AnswerKind::Json, ty, links: false }
}
