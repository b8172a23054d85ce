//! Which form a description has, and its reader.

use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value as Json;

use super::bounds::MOST_BYTES;
use super::description::Description;
use super::{Refused, discovery, graphql, openapi, swagger};

/// Reads a description of whatever form.
pub(super) fn read(text: &str) -> Result<Description, Refused> {
    if text.len() > MOST_BYTES {
        return Err(Refused::TooLarge { bytes: text.len() });
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['{', '[']) {
        let json: Json =
            serde_json::from_str(text).map_err(|error| Refused::Unreadable(error.to_string()))?;
        return of_json(&json);
    }
    if is_schema(text) {
        return graphql::of_text(text);
    }
    let value = dsl::yaml::read_value_up_to(text, MOST_BYTES).map_err(|wrong| {
        let first = wrong.first().map_or_else(String::new, |first| {
            let lines = dsl::span::Lines::new(text);
            let at = lines.place(first.span.start as usize);
            format!("line {}: {}", at.line, first.message)
        });
        Refused::Unreadable(first)
    })?;
    of_json(&value.to_json())
}

fn of_json(json: &Json) -> Result<Description, Refused> {
    let text = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default();
    let found = if text("openapi").starts_with("3.") {
        openapi::read(json)
    } else if text("swagger").starts_with("2.") || json.get("swagger").and_then(Json::as_f64) == Some(2.0) {
        swagger::read(json)
    } else if text("kind").starts_with("discovery#rest") || !text("discoveryVersion").is_empty() {
        discovery::read(json)
    } else {
        match [json.pointer("/data/__schema"), json.get("__schema")].into_iter().flatten().next() {
            Some(schema) => return graphql::of_introspection(schema),
            None => return Err(Refused::Unknown),
        }
    };
    Ok(found)
}

/// True for the text of a GraphQL schema.
fn is_schema(text: &str) -> bool {
    static BEGINS: OnceLock<Regex> = OnceLock::new();
    let begins = BEGINS.get_or_init(|| {
        Regex::new(
            r"(?m)^(extend +)?(schema|type +[_A-Za-z]\w*|interface +[_A-Za-z]\w*|input +[_A-Za-z]\w*|enum +[_A-Za-z]\w*|scalar +[_A-Za-z]\w*|union +[_A-Za-z]\w*|directive +@\w+)\b[^:\n]*(\{|$|=|\()",
        )
        .expect("a pattern that is written here")
    });
    static OTHER: OnceLock<Regex> = OnceLock::new();
    let other = OTHER.get_or_init(|| {
        Regex::new(r#"(?m)^["']?(openapi|swagger|discoveryVersion)["']?\s*:"#)
            .expect("a pattern that is written here")
    });
    begins.is_match(text) && !other.is_match(text)
}
