//! The schema of an answer, narrowed to what a provider can hold its model to.
//!
//! What is dropped here is still checked when the answer is there, and the model reads it in the description. What
//! providers take is from their guides to structured output (OpenAI, Anthropic, Cohere, autumn 2026).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Which part of JSON Schema a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All fields are required, and none beside them: what may be missing may be null.
    AllRequired,
    /// No fields beside those that are named, and no bounds.
    Closed,
    /// No bounds, and at least one field of each object is required.
    OneRequired,
}

/// Deeper schemas are not narrowed.
const DEEPEST: usize = 32;

/// What says what a value is; everywhere taken.
const SHAPE: [&str; 8] = ["$defs", "$ref", "anyOf", "const", "description", "enum", "title", "type"];

/// What bounds a value.
const BOUNDS: [&str; 11] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "pattern",
];

/// The formats of texts that are taken where formats are.
const FORMATS: [&str; 8] = ["date", "date-time", "duration", "email", "ipv4", "ipv6", "time", "uuid"];

/// The schema within this part; nothing where it says what the part cannot: anything at all, or open objects.
pub(super) fn narrowed(schema: &Value, part: Part) -> Option<Value> {
    narrow(schema, part, 0)
}

fn narrow(schema: &Value, part: Part, depth: usize) -> Option<Value> {
    let entries = schema.as_object().filter(|_| depth < DEEPEST)?;
    let says =
        ["$ref", "anyOf", "const", "enum", "oneOf", "type"].iter().any(|key| entries.contains_key(*key));
    let cannot = ["allOf", "if", "not", "patternProperties"].iter().any(|key| entries.contains_key(*key));
    if !says || cannot {
        return None;
    }
    let mut out = Map::new();
    let mut dropped = vec![];
    for (key, value) in entries {
        match &**key {
            "anyOf" | "oneOf" => {
                let arms = value.as_array()?.iter().map(|arm| narrow(arm, part, depth + 1));
                out.insert("anyOf".into(), arms.collect::<Option<_>>()?);
            }
            "$defs" => {
                let inner =
                    |(name, inner): (&String, &Value)| Some((name.clone(), narrow(inner, part, depth + 1)?));
                out.insert("$defs".into(), value.as_object()?.iter().map(inner).collect::<Option<_>>()?);
            }
            key if SHAPE.contains(&key) => {
                out.insert(key.into(), value.clone());
            }
            key if BOUNDS.contains(&key) => match taken(key, value, part) {
                true => {
                    out.insert(key.into(), value.clone());
                }
                false => dropped.push(format!("{key}: {}", plain(value))),
            },
            _ => {}
        }
    }
    if has_type(schema, "array") {
        out.insert("items".into(), narrow(entries.get("items")?, part, depth + 1)?);
    }
    if has_type(schema, "object") {
        fields(entries, part, depth, &mut out)?;
    }
    describe(&mut out, &dropped);
    Some(out.into())
}

/// The fields of an object.
fn fields(
    entries: &Map<String, Value>,
    part: Part,
    depth: usize,
    out: &mut Map<String, Value>,
) -> Option<()> {
    let open = entries.get("additionalProperties").is_some_and(Value::is_object);
    let properties = entries.get("properties")?.as_object().filter(|_| !open)?;
    let listed = entries.get("required").and_then(Value::as_array).into_iter().flatten();
    let required: BTreeSet<&str> = listed.filter_map(Value::as_str).collect();
    let mut inner = Map::new();
    for (name, field) in properties {
        let narrow = narrow(field, part, depth + 1)?;
        let optional = part == Part::AllRequired && !required.contains(&**name);
        inner.insert(name.clone(), if optional { nullable(narrow) } else { narrow });
    }
    let needed = |name: &&String| match part {
        Part::AllRequired => true,
        Part::Closed | Part::OneRequired => required.contains(&***name),
    };
    let names: Vec<&String> = properties.keys().filter(needed).collect();
    if part == Part::OneRequired && names.is_empty() {
        return None;
    }
    out.insert("required".into(), json!(names));
    out.insert("properties".into(), inner.into());
    if part != Part::OneRequired {
        out.insert("additionalProperties".into(), false.into());
    }
    Some(())
}

/// True if the schema lets this type stand.
fn has_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(types)) => types.iter().any(|one| one == name),
        Some(_) | None => false,
    }
}

fn taken(key: &str, value: &Value, part: Part) -> bool {
    let format = key == "format" && value.as_str().is_some_and(|format| FORMATS.contains(&format));
    match part {
        Part::AllRequired => format || !["format", "maxLength", "minLength"].contains(&key),
        Part::Closed => format || key == "minItems" && value.as_u64().is_some_and(|count| count < 2),
        Part::OneRequired => false,
    }
}

/// The schema, or null.
fn nullable(schema: Value) -> Value {
    match schema.get("type") {
        Some(Value::String(only))
            if only != "null" && schema.get("enum").is_none() && schema.get("const").is_none() =>
        {
            let types = json!([only, "null"]);
            let mut schema = schema;
            schema["type"] = types;
            schema
        }
        _ if has_type(&schema, "null") => schema,
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

fn describe(out: &mut Map<String, Value>, dropped: &[String]) {
    if dropped.is_empty() {
        return;
    }
    let bounds = dropped.join(", ");
    let text = match out.get("description").and_then(Value::as_str) {
        Some(text) => format!("{text} ({bounds})"),
        None => bounds,
    };
    out.insert("description".into(), text.into());
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank() -> Value {
        json!({
            "type": "object",
            "properties": {
                "urgency": { "type": "integer", "minimum": 1, "maximum": 5, "description": "How urgent." },
                "kind": { "enum": ["bug", "feature"] },
                "tags": { "type": "array", "minItems": 2, "items": { "type": "string", "maxLength": 20 } },
                "at": { "type": ["string", "null"], "format": "date-time" },
            },
            "required": ["urgency", "tags"],
            "default": {},
        })
    }

    #[test]
    fn all_fields_are_required_and_what_may_be_missing_may_be_null() {
        let expected = json!({
            "type": "object",
            "required": ["urgency", "kind", "tags", "at"],
            "properties": {
                "urgency": { "type": "integer", "minimum": 1, "maximum": 5, "description": "How urgent." },
                "kind": { "anyOf": [{ "enum": ["bug", "feature"] }, { "type": "null" }] },
                "tags": {
                    "type": "array",
                    "minItems": 2,
                    "items": { "type": "string", "description": "maxLength: 20" },
                },
                "at": { "type": ["string", "null"], "format": "date-time" },
            },
            "additionalProperties": false,
        });
        assert_eq!(narrowed(&rank(), Part::AllRequired), Some(expected));
    }

    #[test]
    fn bounds_that_are_not_taken_stand_in_the_description() {
        let narrow = narrowed(&rank(), Part::Closed).unwrap();
        let urgency = json!({ "type": "integer", "description": "How urgent. (minimum: 1, maximum: 5)" });
        assert_eq!(narrow["properties"]["urgency"], urgency);
        assert_eq!(narrow["required"], json!(["urgency", "tags"]));
        assert_eq!(narrow["additionalProperties"], json!(false));
        assert_eq!(narrow["properties"]["tags"]["description"], "minItems: 2");
        let narrow = narrowed(&rank(), Part::OneRequired).unwrap();
        assert_eq!(narrow.get("additionalProperties"), None);
        assert_eq!(narrow["properties"]["at"]["description"], "format: date-time");
    }

    #[test]
    fn what_cannot_be_narrowed_is_not() {
        let within =
            |field: Value| json!({ "type": "object", "properties": { "a": field }, "required": ["a"] });
        for field in [
            json!({}),
            json!(true),
            json!({ "type": "object" }),
            json!({ "type": "object", "additionalProperties": { "type": "string" }, "properties": {} }),
            json!({ "type": "array" }),
            json!({ "type": "string", "not": { "const": "x" } }),
            json!({ "anyOf": [{ "type": "string" }, {}] }),
        ] {
            for part in [Part::AllRequired, Part::Closed, Part::OneRequired] {
                assert_eq!(narrowed(&within(field.clone()), part), None, "{field}");
            }
        }
        let optional = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
        assert_eq!(narrowed(&optional, Part::OneRequired), None);
        assert!(narrowed(&optional, Part::Closed).is_some());
        let deep =
            (0..200).fold(json!({ "type": "string" }), |inner, _| json!({ "type": "array", "items": inner }));
        assert_eq!(narrowed(&deep, Part::Closed), None);
    }
}
