//! The schema of types as authors write them, and of values that fit a type.

use serde_json::{Map, Value, json};

use crate::types::{Field, NAMES, Type};

/// The keys of the long form with what may stand there.
fn long() -> Value {
    let ty = || json!({ "$ref": "#/$defs/type" });
    json!({
        "type": "object",
        "properties": {
            "type": about(ty(), "The type."),
            "enum": {
                "type": "array",
                "minItems": 1,
                "items": { "type": ["string", "number", "boolean"] },
                "description": "One of these texts.",
            },
            "default": { "description": "What holds where nothing is given." },
            "description": { "type": ["string", "number", "boolean"], "description": "What it is for." },
            "min": { "type": "number", "description": "The smallest number, or the fewest characters or items." },
            "max": { "type": "number", "description": "The largest number, or the most characters or items." },
            "pattern": { "type": ["string", "number", "boolean"], "description": "A regular expression that a text matches somewhere." },
            "optional": { "type": "boolean", "description": "Whether it may be left out." },
            "fields": about(json!({ "$ref": "#/$defs/types" }), "The fields of an object."),
            "items": about(ty(), "The type of the items of a list."),
        },
        "additionalProperties": false,
    })
}

fn about(mut schema: Value, text: &str) -> Value {
    schema["description"] = json!(text);
    schema
}

/// Adds what a type is, and a mapping of names to types.
pub fn define(defs: &mut Map<String, Value>) {
    let long = long();
    let keys: Vec<&String> = long["properties"].as_object().into_iter().flat_map(Map::keys).collect();
    let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).chain(["list"]).collect();
    // A text in the grammar of types: a name, or something in brackets, or several.
    let text = format!(r"^\s*({})\s*\??\s*$|[\[\{{(|]", names.join("|"));
    let is_long = json!({
        "anyOf": [{ "required": ["type"] }, { "required": ["enum"] }],
        "propertyNames": { "enum": keys },
    });
    let ty = json!({
        "description": "A type: a name, a list `[string]`, an object `{ a: string, b: integer? }`, or the long form \
                        with `type` or `enum`.",
        "type": ["string", "array", "object", "null"],
        "pattern": text,
        "minItems": 1,
        "maxItems": 1,
        "items": { "$ref": "#/$defs/type" },
        "if": { "type": "object" },
        "then": { "if": is_long, "then": long.clone(), "else": { "$ref": "#/$defs/types" } },
    });
    let types = json!({
        "type": ["object", "null"],
        "propertyNames": name(),
        "additionalProperties": { "$ref": "#/$defs/type" },
    });
    defs.insert("type".into(), ty);
    defs.insert("types".into(), types);
}

/// A name of steps, inputs and items.
pub fn name() -> Value {
    json!({ "pattern": r"^[\p{L}\p{Nl}_][\p{L}\p{M}\p{N}_]*$" })
}

/// A length of time, written out.
pub fn duration() -> Value {
    let pattern = r"^\s*([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?\s*$";
    json!({ "type": "string", "pattern": pattern, "minLength": 2 })
}

/// A text with at least one hole.
pub fn holes() -> Value {
    json!({ "type": "string", "pattern": r"\{\{" })
}

/// True if it must be given.
pub fn is_required(field: &Field) -> bool {
    !field.optional && field.default.is_none()
}

/// The parameters of an action.
pub fn parameters(fields: &[Field]) -> Value {
    let mut schema = object(fields);
    if !fields.iter().any(is_required) {
        schema["type"] = json!(["object", "null"]);
    }
    schema
}

fn object(fields: &[Field]) -> Value {
    let properties = fields.iter().map(|field| (field.name.clone(), property(field)));
    let required: Vec<&str> =
        fields.iter().filter(|field| is_required(field)).map(|field| field.name.as_str()).collect();
    json!({
        "type": "object",
        "properties": properties.collect::<Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}

/// A value for a field, or a text with holes that will be one.
fn property(field: &Field) -> Value {
    let mut schema = literal(&field.ty);
    if let Some(bounds) = bounds(field) {
        schema = json!({ "allOf": [schema, bounds] });
    }
    if schema.as_object().is_some_and(|schema| !schema.is_empty()) {
        let mut ways = vec![schema, holes()];
        if field.optional {
            ways.push(json!({ "type": "null" }));
        }
        schema = json!({ "anyOf": ways });
    }
    if !field.about.is_empty() {
        schema["description"] = json!(field.about);
    }
    schema
}

/// Bounds mean characters for texts and items for lists.
fn bounds(field: &Field) -> Option<Value> {
    let (least, most) = match &field.ty {
        Type::Integer | Type::Number => ("minimum", "maximum"),
        Type::String => ("minLength", "maxLength"),
        Type::List(_) => ("minItems", "maxItems"),
        Type::Any
        | Type::Null
        | Type::Boolean
        | Type::Time
        | Type::Duration
        | Type::Bytes
        | Type::AnyObject
        | Type::Object(_)
        | Type::Enum(_)
        | Type::Nullable(_)
        | Type::Union(_) => return None,
    };
    let found = [(least, field.min), (most, field.max)];
    let found: Map<String, Value> =
        found.into_iter().filter_map(|(key, bound)| Some((key.to_owned(), number(bound?)))).collect();
    (!found.is_empty()).then_some(Value::Object(found))
}

/// A whole number where it is one: `minLength` takes no other.
fn number(bound: f64) -> Value {
    if bound.fract() == 0.0 && bound.abs() < 9e15 { json!(bound as i64) } else { json!(bound) }
}

/// A value that stands in a file and fits a type.
fn literal(ty: &Type) -> Value {
    match ty {
        Type::Any => json!({}),
        Type::Null => json!({ "type": "null" }),
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Integer => json!({ "type": "integer" }),
        Type::Number => json!({ "type": "number" }),
        Type::String | Type::Time => json!({ "type": "string" }),
        Type::Duration => duration(),
        Type::Bytes => json!({ "type": ["string", "object"] }),
        Type::AnyObject => json!({ "type": "object" }),
        Type::Object(fields) => object(fields),
        Type::List(item) => json!({ "type": "array", "items": either(literal(item)) }),
        Type::Enum(texts) => json!({ "enum": texts }),
        Type::Nullable(inner) => json!({ "anyOf": [literal(inner), { "type": "null" }] }),
        Type::Union(arms) => json!({ "anyOf": arms.iter().map(literal).collect::<Vec<_>>() }),
    }
}

/// The value itself, or a text with holes.
fn either(schema: Value) -> Value {
    if schema.as_object().is_some_and(Map::is_empty) { schema } else { json!({ "anyOf": [schema, holes()] }) }
}
